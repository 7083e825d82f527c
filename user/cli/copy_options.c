// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of 'kcopyctl copy'. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "copy.h"

/* Options without a letter. */
enum {
	OPT_OFFSET = 256,
	OPT_LENGTH,
	OPT_DEST_OFFSET,
	OPT_CHUNK,
	OPT_DEPTH,
	OPT_MEMORY,
	OPT_ON_READ_ERROR,
	OPT_ON_WRITE_ERROR,
	OPT_NO_SYNC,
	OPT_FORCE,
	OPT_PROGRESS,
};

enum on_error { ON_ERROR_STOP, ON_ERROR_SKIP, ON_ERROR_DROP, ON_ERROR_GO_ON };

/* What two options say together, before it becomes flags of the module. */
struct on_errors {
	enum on_error read;
	enum on_error write;
};

struct word {
	const char *word;
	int value;
};

static int find_word(const char *option, const char *text,
		     const struct word *words, int *value)
{
	char all[128] = "";
	size_t len = 0;

	for (; words->word; words++) {
		if (!strcmp(text, words->word)) {
			*value = words->value;
			return 0;
		}
		len += snprintf(all + len, sizeof(all) - len, "%s%s",
				len ? ", " : "", words->word);
	}
	return usage_error("%s: '%s' is none of %s", option, text, all);
}

static int parse_on_read(const char *text, struct on_errors *on)
{
	static const struct word words[] = { { "stop", ON_ERROR_STOP },
					     { "skip", ON_ERROR_SKIP },
					     {} };
	int value, code = find_word("--on-read-error", text, words, &value);

	if (!code)
		on->read = value;
	return code;
}

static int parse_on_write(const char *text, struct on_errors *on)
{
	static const struct word words[] = { { "stop", ON_ERROR_STOP },
					     { "drop", ON_ERROR_DROP },
					     { "continue", ON_ERROR_GO_ON },
					     {} };
	int value, code = find_word("--on-write-error", text, words, &value);

	if (!code)
		on->write = value;
	return code;
}

/* The module has one flag for going on, after reads and writes alike. */
static int to_flags(const struct on_errors *on, unsigned int *flags)
{
	if (on->read == ON_ERROR_SKIP && on->write == ON_ERROR_STOP)
		return usage_error(
			"--on-read-error=skip goes with --on-write-error=drop or continue");
	if (on->read == ON_ERROR_STOP && on->write == ON_ERROR_GO_ON)
		return usage_error(
			"--on-write-error=continue goes with --on-read-error=skip");
	if (on->read == ON_ERROR_SKIP)
		*flags |= KCOPYD_SUBMIT_IGNORE_ERROR;
	if (on->write == ON_ERROR_DROP)
		*flags |= KCOPYD_SUBMIT_DETACH_FAILED;
	return 0;
}

static int parse_force(char *text, unsigned int *force)
{
	static const struct word words[] = { { "signature", FORCE_SIGNATURE },
					     { "source-mounted",
					       FORCE_SOURCE_MOUNTED },
					     {} };
	char *word, *rest = NULL;
	int code, value;

	for (word = strtok_r(text, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		code = find_word("--force", word, words, &value);
		if (code)
			return code;
		*force |= value;
	}
	return *force ? 0 : usage_error("--force: name what to override");
}

static int parse_progress(const char *text, struct copy_options *options)
{
	static const struct word words[] = {
		{ "auto", PROGRESS_AUTO },     { "never", PROGRESS_NEVER },
		{ "always", PROGRESS_ALWAYS }, { "json", PROGRESS_JSON },
		{ "fd:N", PROGRESS_JSON },     {}
	};
	uint64_t fd;
	int mode, code;

	options->progress_fd = STDERR_FILENO;
	if (!strncmp(text, "fd:", 3) && strcmp(text, "fd:N")) {
		code = number_option("--progress=fd", text + 3, 0, INT_MAX,
				     &fd);
		if (code)
			return code;
		if (fcntl(fd, F_GETFD) < 0)
			return usage_error(
				"--progress=%s: no such descriptor is open",
				text);
		options->progress = PROGRESS_JSON;
		options->progress_fd = fd;
		return 0;
	}
	code = find_word("--progress", text, words, &mode);
	if (!code)
		options->progress = mode;
	return code;
}

static int parse_chunk(const char *text, unsigned int *chunk)
{
	uint64_t bytes;
	int code = size_option("--chunk", text, &bytes);

	if (code)
		return code;
	if (!bytes || bytes > UINT_MAX)
		return usage_error("--chunk: %s is not possible", text);
	*chunk = bytes;
	return 0;
}

static int parse_depth(const char *text, unsigned int *depth)
{
	uint64_t value;
	int code = number_option("--depth", text, 1, UINT_MAX, &value);

	if (!code)
		*depth = value;
	return code;
}

static int parse_one(int opt, char *argv[], struct copy_options *options,
		     struct on_errors *on)
{
	switch (opt) {
	case OPT_OFFSET:
		return size_option("--offset", optarg, &options->offset);
	case OPT_LENGTH:
		options->has_length = true;
		return size_option("--length", optarg, &options->length);
	case OPT_DEST_OFFSET:
		return size_option("--dest-offset", optarg,
				   &options->dest_offset);
	case OPT_CHUNK:
		return parse_chunk(optarg, &options->chunk);
	case OPT_DEPTH:
		return parse_depth(optarg, &options->depth);
	case OPT_MEMORY:
		return size_option("--memory", optarg, &options->memory);
	case OPT_ON_READ_ERROR:
		return parse_on_read(optarg, on);
	case OPT_ON_WRITE_ERROR:
		return parse_on_write(optarg, on);
	case OPT_NO_SYNC:
		options->submit_flags |= KCOPYD_SUBMIT_NO_FLUSH;
		return 0;
	case OPT_FORCE:
		return parse_force(optarg, &options->force);
	case OPT_PROGRESS:
		return parse_progress(optarg, options);
	case 'n':
		options->dry_run = true;
		return 0;
	case 'J':
		options->json = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	default:
		return bad_option(opt, argv);
	}
}

int copy_parse(int argc, char *argv[], struct copy_options *options)
{
	static const struct option longs[] = {
		{ "offset", required_argument, NULL, OPT_OFFSET },
		{ "length", required_argument, NULL, OPT_LENGTH },
		{ "dest-offset", required_argument, NULL, OPT_DEST_OFFSET },
		{ "chunk", required_argument, NULL, OPT_CHUNK },
		{ "depth", required_argument, NULL, OPT_DEPTH },
		{ "memory", required_argument, NULL, OPT_MEMORY },
		{ "on-read-error", required_argument, NULL, OPT_ON_READ_ERROR },
		{ "on-write-error", required_argument, NULL,
		  OPT_ON_WRITE_ERROR },
		{ "no-sync", no_argument, NULL, OPT_NO_SYNC },
		{ "force", required_argument, NULL, OPT_FORCE },
		{ "progress", required_argument, NULL, OPT_PROGRESS },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'J' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct on_errors on = { ON_ERROR_STOP, ON_ERROR_DROP };
	int opt, code;

	*options = (struct copy_options){ .progress_fd = STDERR_FILENO };
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":nJqh", longs, NULL)) != -1) {
		if (opt == 'h') {
			options->help = true;
			return 0;
		}
		code = parse_one(opt, argv, options, &on);
		if (code)
			return code;
	}
	code = to_flags(&on, &options->submit_flags);
	if (code)
		return code;
	if (argc - optind < 2)
		return usage_error(
			"name a source and at least one destination");
	if (argc - optind - 1 > KCOPYD_MAX_DESTS)
		return usage_error(
			"%d destinations are too many: %d is the most",
			argc - optind - 1, KCOPYD_MAX_DESTS);
	options->source = argv[optind];
	options->dests = argv + optind + 1;
	options->nr_dests = argc - optind - 1;
	return 0;
}
