/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics, as text and as JSON. */
#ifndef _KCOPYCTL_STATS_H
#define _KCOPYCTL_STATS_H

#include <stdbool.h>
#include <libkcopy.h>

struct json_object;

/**
 * struct stats_view - the jobs to be shown
 * @observer: where their regions are read from
 * @jobs: sorted by number
 * @nr_jobs: how many
 * @counters: totals and losses
 */
struct stats_view {
	struct kcopy_observer *observer;
	struct kcopy_job_row *jobs;
	size_t nr_jobs;
	uint64_t counters[KCOPYD_COUNTERS];
};

/* Both print to stdout and return an exit code. */
int stats_text(const struct stats_view *view, bool hist);
int stats_json(const struct stats_view *view);

/* One job without its regions, one region: objects of that document. */
struct json_object *stats_job_json(const struct kcopy_job_row *row);
struct json_object *stats_region_json(unsigned int region,
				      const struct kcopyd_region_stats *stats);

#endif /* _KCOPYCTL_STATS_H */
