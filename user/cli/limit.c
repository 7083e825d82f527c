// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl limit */
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "job_call.h"

static const char help[] =
	"Change how fast running jobs may be.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl limit --rate 20M 7     20 MiB a second; 7 as 'kcopyctl jobs' says\n"
	"  kcopyctl limit --rate none 7    as fast as it can again\n"
	"  kcopyctl limit --percent 25 7   with I/O in flight a quarter of the time\n"
	"\n"
	"Options:\n"
	"      --rate RATE   at most so many bytes a second, or none\n"
	"      --percent N   of the time, 1 to 100\n"
	"      --depth N     pieces in flight, or default\n"
	"  -h, --help        this text\n"
	"\n"
	"What is not named stays as it is. Exit: 0 done (also if the job has ended),\n"
	"4 there is no such job or it is somebody else's.\n";

/* What the module has. */
#define MAX_DEPTH 64

/* What is to be changed, and to what. */
struct change {
	struct kcopy_limits limits;
	bool rate;
	bool percent;
	bool depth;
};

/* The module takes all three. */
static int limit(struct kcopy *kcopy, uint64_t job, void *context)
{
	const struct change *change = context;
	struct kcopy_limits limits = change->limits;
	struct kcopyd_status status;
	int err;

	err = kcopy_status(kcopy, job, &status, NULL, 0);
	if (err)
		return err;
	if (!change->rate)
		limits.rate = status.rate;
	if (!change->percent)
		limits.percent = status.percent;
	if (!change->depth)
		limits.depth = status.depth;
	return kcopy_limit(kcopy, job, &limits);
}

static int parse_rate(const char *text, struct change *change)
{
	change->rate = true;
	if (!strcmp(text, "none"))
		return 0;
	return rate_option("--rate", text, &change->limits.rate);
}

static int parse_number(const char *name, const char *text, uint64_t max,
			unsigned int *number)
{
	uint64_t value;
	int code = number_option(name, text, 1, max, &value);

	if (!code)
		*number = value;
	return code;
}

static int parse_depth(const char *text, struct change *change)
{
	change->depth = true;
	if (!strcmp(text, "default"))
		return 0;
	return parse_number("--depth", text, MAX_DEPTH, &change->limits.depth);
}

static int parse_one(int opt, char *argv[], struct change *change)
{
	switch (opt) {
	case 'r':
		return parse_rate(optarg, change);
	case 'p':
		change->percent = true;
		return parse_number("--percent", optarg, 100,
				    &change->limits.percent);
	case 'd':
		return parse_depth(optarg, change);
	default:
		return bad_option(opt, argv);
	}
}

int verb_limit(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "rate", required_argument, NULL, 'r' },
		{ "percent", required_argument, NULL, 'p' },
		{ "depth", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct change change = {};
	int opt, code;

	while ((opt = next_option(argc, argv, ":h", longs)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return EXIT_COMPLETE;
		}
		code = parse_one(opt, argv, &change);
		if (code)
			return code;
	}
	if (!change.rate && !change.percent && !change.depth)
		return usage_error(
			"say what to limit: --rate, --percent, --depth");
	return job_calls(argc, argv, "limits are changed", limit, &change);
}
