/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics, as text and as JSON. */
#ifndef _KCOPYCTL_STATS_H
#define _KCOPYCTL_STATS_H

#include <stdbool.h>
#include <stdio.h>
#include "snapshot.h"

struct json_object;

/**
 * struct stats_look - what of the statistics is shown as text
 * @devices: devices by operation, not the jobs
 * @clients: clients, not the jobs
 * @hist: histograms behind the tables
 */
struct stats_look {
	bool devices;
	bool clients;
	bool hist;
};

/* Both print to stdout and return an exit code. */
int stats_text(const struct snapshot *snapshot, const struct stats_look *look);
int stats_json(const struct snapshot *snapshot);

/* All of it; the caller prints or frees it. */
struct json_object *stats_document(const struct snapshot *snapshot);

/* One job without its regions, one region: objects of that document. */
struct json_object *stats_job_json(const struct kcopy_job_row *row);
struct json_object *stats_region_json(unsigned int region,
				      const struct kcopyd_region_stats *stats);

/* Lines of what is rare, and so has no column: of jobs, of devices. */
void stats_job_notes(FILE *file, const struct snapshot *snapshot);
void stats_device_notes(FILE *file, const struct snapshot *snapshot);

/* What was not counted, and what to do. */
void stats_losses(FILE *file, const struct snapshot *snapshot);

#endif /* _KCOPYCTL_STATS_H */
