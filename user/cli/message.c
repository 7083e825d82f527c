// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said on stderr, and the arguments that lead to it. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <libkcopy.h>
#include "cli.h"

static const char *verb;

void set_verb(const char *name)
{
	verb = name;
}

static void complain_args(const char *format, va_list args)
{
	if (verb)
		fprintf(stderr, "kcopyctl: %s: ", verb);
	else
		fprintf(stderr, "kcopyctl: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_args(format, args);
	va_end(args);
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_args(format, args);
	va_end(args);
	fprintf(stderr, "Try 'kcopyctl %s%s--help'.\n", verb ? verb : "",
		verb ? " " : "");
	return EXIT_USAGE;
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
