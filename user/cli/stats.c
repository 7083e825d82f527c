// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl stats */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	"  kcopyctl stats --last 0 --json\n"
	"\n"
	"Options:\n"
	"  -n, --last N   so many jobs, 0 = all that are kept (8)\n"
	"      --hist     draw the latencies of each region\n"
	"  -J, --json     as JSON, histograms included\n"
	"  -h, --help     this text\n"
	"\n"
	"Region 0 is the source, 1 and on are the destinations. Latency is the time\n"
	"from a request's submission to the device until its completion. P50 and P99\n"
	"come out of a histogram with slots of powers of two. Kept are running jobs\n"
	"and the 256 that finished last. Exit 4: no statistics, or no such job.\n";

struct options {
	uint64_t job; /* 0: the last ones */
	uint64_t last;
	bool hist;
	bool json;
	bool help;
};

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "last", required_argument, NULL, 'n' },
		{ "hist", no_argument, NULL, 'H' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code;

	while ((opt = getopt_long(argc, argv, ":n:Jh", longs, NULL)) != -1) {
		switch (opt) {
		case 'n':
			code = number_option("--last", optarg, 0, UINT_MAX,
					     &options->last);
			if (code)
				return code;
			break;
		case 'H':
			options->hist = true;
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
	code = number_option("JOB", argv[optind++], 1, UINT64_MAX,
			     &options->job);
	return code ? code : no_operands(argc, argv);
}

/* The row of one job, as a list of one. */
static int read_job(struct kcopy_observer *observer, uint64_t job,
		    struct stats_view *view)
{
	int err;

	view->jobs = malloc(sizeof(*view->jobs));
	if (!view->jobs)
		return -ENOMEM;
	view->jobs->job = job;
	view->nr_jobs = 1;
	err = kcopy_observer_job(observer, job, &view->jobs->stats);
	if (err == -ENOENT)
		complain(
			"there are no statistics of a job %" PRIu64
			": it never was, or was before them, or 256 others have finished since",
			job);
	return err;
}

static int read_view(struct kcopy_observer *observer,
		     const struct options *options, struct stats_view *view)
{
	size_t drop;
	int err;

	if (options->job)
		err = read_job(observer, options->job, view);
	else
		err = kcopy_observer_jobs(observer, &view->jobs,
					  &view->nr_jobs);
	if (!err)
		err = kcopy_observer_counters(observer, view->counters);
	if (err)
		return err == -ENOENT ? EXIT_ENVIRONMENT :
					complain_observer(err);
	if (options->last && view->nr_jobs > options->last) {
		drop = view->nr_jobs - options->last;
		memmove(view->jobs, view->jobs + drop,
			options->last * sizeof(*view->jobs));
		view->nr_jobs = options->last;
	}
	return EXIT_COMPLETE;
}

int verb_stats(int argc, char *argv[])
{
	struct options options = { .last = DEFAULT_LAST };
	struct stats_view view = {};
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	code = open_observer(&view.observer);
	if (code)
		return code;
	code = read_view(view.observer, &options, &view);
	if (!code)
		code = options.json ? stats_json(&view) :
				      stats_text(&view, options.hist);
	free(view.jobs);
	kcopy_observer_close(view.observer);
	return code;
}
