// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl stats */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <libkcopy.h>
#include "cli.h"
#include "observing.h"
#include "stats.h"

#define DEFAULT_LAST 8

static const char help[] =
	"Show I/O, latency and errors of every region of the last copies.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl stats              the last 8 jobs, running or finished\n"
	"  kcopyctl stats 7 --hist     job 7, with its latencies as histograms\n"
	"  kcopyctl stats --devices    all that was done to each device\n"
	"  kcopyctl stats --last 0 --json\n"
	"\n"
	"Options:\n"
	"  -n, --last N   so many jobs, 0 = all that are kept (8)\n"
	"  -d, --devices  devices by operation instead, all copies together\n"
	"  -c, --clients  kernel clients instead, by their jobs of less than 1 MiB,\n"
	"                 which have no rows of their own\n"
	"      --hist     draw the latencies of each row, too\n"
	"  -J, --json     all of it as JSON, histograms included\n"
	"  -h, --help     this text\n"
	"\n"
	"REG: region 0 is the source, 1 and on are the destinations. QUEUE is the mean\n"
	"wait of a request in the engine before it is submitted. MEAN to MAX are its\n"
	"latency, from there until its completion; of a client, times of whole jobs.\n"
	"P50 and P99 come out of a histogram with slots of powers of two. Kept are\n"
	"running jobs and the 256 that finished last. Exit 4: no statistics, or no\n"
	"such job.\n";

struct options {
	uint64_t job; /* 0: the last ones */
	uint64_t last;
	struct stats_look look;
	bool json;
	bool help;
};

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "last", required_argument, NULL, 'n' },
		{ "devices", no_argument, NULL, 'd' },
		{ "clients", no_argument, NULL, 'c' },
		{ "hist", no_argument, NULL, 'H' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code;

	while ((opt = next_option(argc, argv, ":n:dcJh", longs)) != -1) {
		switch (opt) {
		case 'n':
			code = number_option("--last", optarg, 0, UINT_MAX,
					     &options->last);
			if (code)
				return code;
			break;
		case 'd':
			options->look.devices = true;
			break;
		case 'c':
			options->look.clients = true;
			break;
		case 'H':
			options->look.hist = true;
			break;
		case 'J':
			options->json = true;
			break;
		case 'h':
			options->help = true;
			return 0;
		default:
			return bad_option(opt, argv);
		}
	}
	if (optind == argc)
		return 0;
	if (options->look.devices || options->look.clients)
		return usage_error(
			"devices and clients are counted over all jobs: leave out '%s'",
			argv[optind]);
	code = number_option("JOB", argv[optind++], 1, UINT64_MAX,
			     &options->job);
	return code ? code : no_operands(argc, argv);
}

static int read_all(struct kcopy_observer *observer,
		    const struct options *options, struct snapshot *snapshot)
{
	int err = snapshot_read_jobs(observer, options->job, options->last,
				     snapshot);

	if (!err)
		return EXIT_COMPLETE;
	if (err != -ENOENT || !options->job || snapshot->nr_jobs)
		return complain_observer(err);
	complain(
		"there are no statistics of a job %" PRIu64
		": it never was, or was before them, is a kernel client's of less than 1 MiB, or 256 others have finished since",
		options->job);
	return EXIT_ENVIRONMENT;
}

int verb_stats(int argc, char *argv[])
{
	struct options options = { .last = DEFAULT_LAST };
	struct kcopy_observer *observer;
	struct snapshot snapshot = {};
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	code = open_observer(&observer);
	if (code)
		return code;
	code = read_all(observer, &options, &snapshot);
	kcopy_observer_close(observer);
	if (!code)
		code = options.json ? stats_json(&snapshot) :
				      stats_text(&snapshot, &options.look);
	snapshot_free(&snapshot);
	return code;
}
