// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments: options that are none, values that can't be. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libkcopy.h>
#include "cli.h"
#include "complete.h"

int next_option(int argc, char *argv[], const char *letters,
		const struct option *longs)
{
	if (completing())
		return complete_option(longs);
	return getopt_long(argc, argv, letters, longs, NULL);
}

int bad_option(int opt, char *argv[])
{
	const char *word = argv[optind - 1];

	if (opt == ':')
		return usage_error("option %s needs a value", word);
	/* A bundle of short options stays the current word to its end. */
	if (optopt > 0 && optopt < 128 && !(word[0] == '-' && word[1] == '-'))
		return usage_error("unknown option -%c", optopt);
	return usage_error("unknown option %s", word);
}

int view_options(int argc, char *argv[], const char *help, bool has_all,
		 struct view_options *view)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ "all", no_argument, NULL, 'a' },
		{}
	};
	static const struct option without_all[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt;

	*view = (struct view_options){};
	while ((opt = next_option(argc, argv, has_all ? ":Jha" : ":Jh",
				  has_all ? longs : without_all)) != -1) {
		switch (opt) {
		case 'J':
			view->json = true;
			break;
		case 'a':
			view->all = true;
			break;
		case 'h':
			fputs(help, stdout);
			view->helped = true;
			return EXIT_COMPLETE;
		default:
			return bad_option(opt, argv);
		}
	}
	return 0;
}

int no_operands(int argc, char *argv[])
{
	if (optind >= argc)
		return 0;
	return usage_error("unexpected argument '%s'", argv[optind]);
}

int size_option(const char *name, const char *text, uint64_t *bytes)
{
	switch (kcopy_parse_size(text, bytes)) {
	case 0:
		return 0;
	case -ERANGE:
		return usage_error("%s: '%s' is too large", name, text);
	default:
		return usage_error(
			"%s: '%s' is not a size (as 4096, 512s, 64K, 1MiB)",
			name, text);
	}
}

int number_option(const char *name, const char *text, uint64_t min,
		  uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end)
		return usage_error("%s: '%s' is not a number", name, text);
	if (errno || *value < min || *value > max)
		return usage_error("%s: %s is not in %llu..%llu", name, text,
				   (unsigned long long)min,
				   (unsigned long long)max);
	return 0;
}

/* "100M" and "100M/s" are the same here. */
int rate_option(const char *name, const char *text, uint64_t *rate)
{
	char number[64];
	size_t len = strlen(text);

	if (len > 2 && !strcmp(text + len - 2, "/s"))
		len -= 2;
	snprintf(number, sizeof(number), "%.*s", (int)len, text);
	return size_option(name, number, rate);
}

int word_option(const char *name, const char *text, const struct word *words,
		int *value)
{
	char all[128] = "";
	size_t len = 0;

	if (completing())
		complete_word(words);
	for (; words->word; words++) {
		if (!strcmp(text, words->word)) {
			*value = words->value;
			return 0;
		}
		len += snprintf(all + len, sizeof(all) - len, "%s%s",
				len ? ", " : "", words->word);
	}
	return usage_error("%s: '%s' is none of %s", name, text, all);
}

int job_operand(const char *text, uint64_t *job)
{
	return number_option("JOB", text, 1, UINT64_MAX, job);
}
