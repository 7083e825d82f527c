/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that the maps held at one time. */
#ifndef _KCOPYCTL_SNAPSHOT_H
#define _KCOPYCTL_SNAPSHOT_H

#include <stdbool.h>
#include <libkcopy.h>

/**
 * struct region_row - a row of the map of regions
 * @job: which job
 * @region: 0 the source, 1..n the destinations
 * @stats: the record
 */
struct region_row {
	uint64_t job;
	unsigned int region;
	struct kcopyd_region_stats stats;
};

/**
 * struct snapshot - what the maps held
 * @time_ns: CLOCK_MONOTONIC, before the first was read
 * @jobs: sorted by number
 * @nr_jobs: how many
 * @regions: of the jobs, sorted by job and region
 * @nr_regions: how many
 * @devices: sorted by device and operation
 * @nr_devices: how many
 * @clients: sorted by number
 * @nr_clients: how many
 * @counters: totals and losses
 * @misses: events lost to re-entry
 */
struct snapshot {
	uint64_t time_ns;
	struct kcopy_job_row *jobs;
	size_t nr_jobs;
	struct region_row *regions;
	size_t nr_regions;
	struct kcopy_device_row *devices;
	size_t nr_devices;
	struct kcopy_client_row *clients;
	size_t nr_clients;
	uint64_t counters[KCOPYD_COUNTERS];
	uint64_t misses;
};

/*
 * Read everything, of finished jobs only the rows of the jobs themselves unless
 * their regions are asked for. 0 or -errno; snapshot_free() it in any case.
 */
int snapshot_read(struct kcopy_observer *observer, bool finished_regions,
		  struct snapshot *snapshot);

/*
 * The same of one job or, with 0, of the LAST ones, 0: all; with their regions,
 * whether they have finished or not. -ENOENT and no job: there is none of that
 * number.
 */
int snapshot_read_jobs(struct kcopy_observer *observer, uint64_t job,
		       size_t last, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

/* The rows with these keys, or NULL. */
const struct kcopyd_job_stats *snapshot_job(const struct snapshot *snapshot,
					    uint64_t job);
const struct kcopyd_region_stats *
snapshot_region(const struct snapshot *snapshot, uint64_t job,
		unsigned int region);
const struct kcopyd_device_stats *
snapshot_device(const struct snapshot *snapshot,
		const struct kcopyd_device_key *key);
const struct kcopyd_client_stats *
snapshot_client(const struct snapshot *snapshot, uint64_t client);

/* Unfinished jobs. */
size_t snapshot_running(const struct snapshot *snapshot);

#define SNAPSHOT_LOSSES 7

/**
 * struct loss - what was not counted, for one reason
 * @name: the reason for programs
 * @what: for people, behind the number
 * @count: how often
 * @advice: why that is, or what to do
 */
struct loss {
	const char *name;
	const char *what;
	uint64_t count;
	const char *advice;
};

/* All reasons, also those that never were one. */
void snapshot_losses(const struct snapshot *snapshot,
		     struct loss losses[SNAPSHOT_LOSSES]);

#define DEVICE_NAME_MAX 64

/* The kernel's name of a device, "sdb" or, when it has gone, "8:16". */
char *device_name(unsigned int major, unsigned int minor,
		  char buf[DEVICE_NAME_MAX]);

#endif /* _KCOPYCTL_SNAPSHOT_H */
