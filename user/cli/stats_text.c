// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics as tables and histograms. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "hist.h"
#include "stats.h"
#include "table.h"

static uint64_t mean_ns(const struct kcopyd_region_stats *stats)
{
	return stats->ios ? stats->lat.sum_ns / stats->ios : 0;
}

static const char *time_text(const struct kcopyd_region_stats *stats,
			     uint64_t ns, char *buf)
{
	return stats->ios ? kcopy_format_time(ns, buf) : "-";
}

static void add_region(struct libscols_table *table, uint64_t job,
		       unsigned int region,
		       const struct kcopyd_region_stats *stats)
{
	char id[32], num[16], node[64], ios[24], bytes[KCOPY_FORMAT_MAX];
	char times[5][KCOPY_FORMAT_MAX], errors[24];

	snprintf(id, sizeof(id), "%" PRIu64, job);
	snprintf(num, sizeof(num), "%u", region);
	snprintf(ios, sizeof(ios), "%" PRIu64, (uint64_t)stats->ios);
	snprintf(errors, sizeof(errors), "%" PRIu64, (uint64_t)stats->errors);
	table_add(table,
		  (const char *[]){
			  id, num,
			  kcopy_device_node(stats->major, stats->minor, node,
					    sizeof(node)),
			  ios, kcopy_format_size(stats->bytes, bytes),
			  time_text(stats, stats->lat.min_ns, times[0]),
			  time_text(stats, mean_ns(stats), times[1]),
			  time_text(stats, kcopy_percentile(&stats->lat, 500),
				    times[2]),
			  time_text(stats, kcopy_percentile(&stats->lat, 990),
				    times[3]),
			  time_text(stats, stats->lat.max_ns, times[4]),
			  errors });
}

static void add_job(struct libscols_table *table, const struct stats_view *view,
		    const struct kcopy_job_row *row)
{
	struct kcopyd_region_stats stats;
	unsigned int i;

	for (i = 0; i <= row->stats.nr_dests; i++) {
		if (!kcopy_observer_region(view->observer, row->job, i, &stats))
			add_region(table, row->job, i, &stats);
	}
}

static void print_hists(const struct stats_view *view,
			const struct kcopy_job_row *row)
{
	struct kcopyd_region_stats stats;
	unsigned int i;
	char node[64];

	for (i = 0; i <= row->stats.nr_dests; i++) {
		if (kcopy_observer_region(view->observer, row->job, i, &stats))
			continue;
		printf("\njob %" PRIu64 ", region %u, %s: latency of %" PRIu64
		       " %s\n",
		       row->job, i,
		       kcopy_device_node(stats.major, stats.minor, node,
					 sizeof(node)),
		       (uint64_t)stats.ios, i ? "writes" : "reads");
		hist_print(stdout, &stats.lat);
	}
}

/* The bitset in words: which regions it was. */
static void print_errors(const struct kcopy_job_row *row)
{
	uint64_t bits = row->stats.write_err;

	if (row->stats.read_err)
		printf("job %" PRIu64 ": reads of the source failed\n",
		       row->job);
	if (!bits)
		return;
	printf("job %" PRIu64 ": write_err 0x%" PRIx64 ", failed regions:",
	       row->job, bits);
	for (; bits; bits &= bits - 1)
		printf(" %d", __builtin_ctzll(bits) + 1);
	putchar('\n');
}

static void print_losses(const uint64_t counters[KCOPYD_COUNTERS])
{
	uint64_t jobs = counters[KCOPYD_COUNTER_LOST_JOBS];
	uint64_t regions = counters[KCOPYD_COUNTER_LOST_REGIONS];
	uint64_t ios = counters[KCOPYD_COUNTER_LOST_IOS];

	if (jobs || regions || ios)
		printf("not counted, since a map was full or they began before: %" PRIu64
		       " jobs, %" PRIu64 " regions, %" PRIu64 " ios\n",
		       jobs, regions, ios);
}

int stats_text(const struct stats_view *view, bool hist)
{
	static const char *const columns[] = {
		">JOB",	 ">REGION", "DEVICE", ">IOS", ">BYTES",	 ">MIN",
		">MEAN", ">P50",    ">P99",   ">MAX", ">ERRORS",
	};
	struct libscols_table *table;
	size_t i;

	if (!view->nr_jobs)
		complain("no copy has been seen yet");
	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	for (i = 0; i < view->nr_jobs; i++)
		add_job(table, view, &view->jobs[i]);
	table_print(table);
	for (i = 0; i < view->nr_jobs; i++)
		print_errors(&view->jobs[i]);
	for (i = 0; hist && i < view->nr_jobs; i++)
		print_hists(view, &view->jobs[i]);
	print_losses(view->counters);
	return EXIT_COMPLETE;
}
