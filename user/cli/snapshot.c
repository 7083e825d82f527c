// SPDX-License-Identifier: GPL-2.0-or-later
/* All that the maps held at one time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "snapshot.h"

#define NSEC_PER_SEC 1000000000ULL

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static bool is_done(const struct kcopy_job_row *row)
{
	return row->stats.state == KCOPYD_STATE_DONE;
}

static int read_regions(struct kcopy_observer *observer, bool finished,
			struct snapshot *snapshot)
{
	const struct kcopy_job_row *job;
	struct region_row *row;
	size_t most = 0, i;
	unsigned int r;
	int err;

	for (i = 0; i < snapshot->nr_jobs; i++)
		most += 1 + snapshot->jobs[i].stats.nr_dests;
	snapshot->regions = calloc(most ? most : 1, sizeof(*row));
	if (!snapshot->regions)
		return -ENOMEM;
	for (i = 0; i < snapshot->nr_jobs; i++) {
		job = &snapshot->jobs[i];
		if (is_done(job) && !finished)
			continue;
		for (r = 0; r <= job->stats.nr_dests; r++) {
			row = &snapshot->regions[snapshot->nr_regions];
			row->job = job->job;
			row->region = r;
			err = kcopy_observer_region(observer, job->job, r,
						    &row->stats);
			/* A zeroing has no source, an old job goes. */
			if (err && err != -ENOENT)
				return err;
			snapshot->nr_regions += !err;
		}
	}
	return 0;
}

/* All that belongs to no single job. */
static int read_totals(struct kcopy_observer *observer,
		       struct snapshot *snapshot)
{
	int err = kcopy_observer_devices(observer, &snapshot->devices,
					 &snapshot->nr_devices);

	if (!err)
		err = kcopy_observer_clients(observer, &snapshot->clients,
					     &snapshot->nr_clients);
	if (!err)
		err = kcopy_observer_counters(observer, snapshot->counters);
	if (!err)
		err = kcopy_observer_misses(&snapshot->misses);
	return err;
}

int snapshot_read(struct kcopy_observer *observer, bool finished_regions,
		  struct snapshot *snapshot)
{
	int err;

	*snapshot = (struct snapshot){ .time_ns = now_ns() };
	err = kcopy_observer_jobs(observer, &snapshot->jobs,
				  &snapshot->nr_jobs);
	if (!err)
		err = read_regions(observer, finished_regions, snapshot);
	return err ? err : read_totals(observer, snapshot);
}

/* The row of one job, as a list of one. */
static int read_job(struct kcopy_observer *observer, uint64_t job,
		    struct snapshot *snapshot)
{
	int err;

	snapshot->jobs = malloc(sizeof(*snapshot->jobs));
	if (!snapshot->jobs)
		return -ENOMEM;
	snapshot->jobs->job = job;
	err = kcopy_observer_job(observer, job, &snapshot->jobs->stats);
	snapshot->nr_jobs = !err;
	return err;
}

static int read_last_jobs(struct kcopy_observer *observer, size_t last,
			  struct snapshot *snapshot)
{
	int err = kcopy_observer_jobs(observer, &snapshot->jobs,
				      &snapshot->nr_jobs);

	if (err || !last || snapshot->nr_jobs <= last)
		return err;
	memmove(snapshot->jobs, snapshot->jobs + snapshot->nr_jobs - last,
		last * sizeof(*snapshot->jobs));
	snapshot->nr_jobs = last;
	return 0;
}

int snapshot_read_jobs(struct kcopy_observer *observer, uint64_t job,
		       size_t last, struct snapshot *snapshot)
{
	int err;

	*snapshot = (struct snapshot){ .time_ns = now_ns() };
	err = job ? read_job(observer, job, snapshot) :
		    read_last_jobs(observer, last, snapshot);
	if (!err)
		err = read_regions(observer, true, snapshot);
	return err ? err : read_totals(observer, snapshot);
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->jobs);
	free(snapshot->regions);
	free(snapshot->devices);
	free(snapshot->clients);
	*snapshot = (struct snapshot){};
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_jobs(const void *a, const void *b)
{
	const struct kcopy_job_row *x = a, *y = b;

	return compare(x->job, y->job);
}

static int compare_regions(const void *a, const void *b)
{
	const struct region_row *x = a, *y = b;

	return x->job == y->job ? compare(x->region, y->region) :
				  compare(x->job, y->job);
}

static int compare_devices(const void *a, const void *b)
{
	const struct kcopyd_device_key *x = a, *y = b;

	if (x->major != y->major)
		return compare(x->major, y->major);
	if (x->minor != y->minor)
		return compare(x->minor, y->minor);
	return compare(x->op, y->op);
}

static int compare_clients(const void *a, const void *b)
{
	const struct kcopy_client_row *x = a, *y = b;

	return compare(x->client, y->client);
}

/* bsearch() takes no NULL, which an empty list may be. */
static const void *find(const void *key, const void *rows, size_t nr,
			size_t size, int (*compare)(const void *, const void *))
{
	return nr ? bsearch(key, rows, nr, size, compare) : NULL;
}

const struct kcopyd_job_stats *snapshot_job(const struct snapshot *snapshot,
					    uint64_t job)
{
	const struct kcopy_job_row key = { .job = job };
	const struct kcopy_job_row *row;

	row = find(&key, snapshot->jobs, snapshot->nr_jobs, sizeof(key),
		   compare_jobs);
	return row ? &row->stats : NULL;
}

const struct kcopyd_region_stats *
snapshot_region(const struct snapshot *snapshot, uint64_t job,
		unsigned int region)
{
	const struct region_row key = { .job = job, .region = region };
	const struct region_row *row;

	row = find(&key, snapshot->regions, snapshot->nr_regions, sizeof(key),
		   compare_regions);
	return row ? &row->stats : NULL;
}

const struct kcopyd_device_stats *
snapshot_device(const struct snapshot *snapshot,
		const struct kcopyd_device_key *key)
{
	const struct kcopy_device_row *row;

	row = find(key, snapshot->devices, snapshot->nr_devices, sizeof(*row),
		   compare_devices);
	return row ? &row->stats : NULL;
}

const struct kcopyd_client_stats *
snapshot_client(const struct snapshot *snapshot, uint64_t client)
{
	const struct kcopy_client_row key = { .client = client };
	const struct kcopy_client_row *row;

	row = find(&key, snapshot->clients, snapshot->nr_clients, sizeof(key),
		   compare_clients);
	return row ? &row->stats : NULL;
}

size_t snapshot_running(const struct snapshot *snapshot)
{
	size_t i, nr = 0;

	for (i = 0; i < snapshot->nr_jobs; i++)
		nr += !is_done(&snapshot->jobs[i]);
	return nr;
}

void snapshot_losses(const struct snapshot *snapshot,
		     struct loss losses[SNAPSHOT_LOSSES])
{
	const uint64_t *counters = snapshot->counters;
	const struct loss all[] = {
		{ "jobs_full", "jobs", counters[KCOPYD_COUNTER_LOST_JOBS],
		  "run fewer at once" },
		{ "regions_full", "regions",
		  counters[KCOPYD_COUNTER_LOST_REGIONS],
		  "run fewer jobs at once, or to fewer destinations" },
		{ "no_region", "requests without a region's row",
		  counters[KCOPYD_COUNTER_LOST_IOS],
		  "load the statistics before the copies begin" },
		{ "devices_full", "requests of too many devices",
		  counters[KCOPYD_COUNTER_LOST_DEVICES],
		  "'kcopyctl unload' and 'load' begin anew" },
		{ "clients_full", "jobs of too many clients",
		  counters[KCOPYD_COUNTER_LOST_CLIENTS],
		  "'kcopyctl unload' and 'load' begin anew" },
		{ "heat_full", "requests in the heat map",
		  counters[KCOPYD_COUNTER_LOST_HEAT],
		  "'kcopyctl unload' and 'load' begin anew" },
		{ "reentry", "direct requests", snapshot->misses,
		  "they ended while another was counted; jobs lost nothing" },
	};

	_Static_assert(sizeof(all) / sizeof(*all) == SNAPSHOT_LOSSES, "all");
	memcpy(losses, all, sizeof(all));
}

char *device_name(unsigned int major, unsigned int minor,
		  char buf[DEVICE_NAME_MAX])
{
	static const char folder[] = "/dev/";
	size_t skip = sizeof(folder) - 1;

	kcopy_device_node(major, minor, buf, DEVICE_NAME_MAX);
	if (!strncmp(buf, folder, skip))
		memmove(buf, buf + skip, strlen(buf + skip) + 1);
	return buf;
}
