// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading the observer's pinned maps. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libkcopy.h>
#include "cleanup.h"

struct kcopy_observer {
	int regions;
	int jobs;
	int counters;
};

/* A map of an older or newer version would be read as rubbish. */
static int open_map(const char *path, uint32_t key_size, uint32_t value_size)
{
	AUTO_FD int fd = bpf_obj_get(path);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.key_size != key_size || info.value_size != value_size)
		return -EPROTO;
	return steal_fd(&fd);
}

static int open_maps(struct kcopy_observer *observer)
{
	observer->regions = open_map(KCOPYD_PIN_REGIONS,
				     sizeof(struct kcopyd_region_key),
				     sizeof(struct kcopyd_region_stats));
	if (observer->regions < 0)
		return observer->regions;
	observer->jobs = open_map(KCOPYD_PIN_JOBS, sizeof(uint64_t),
				  sizeof(struct kcopyd_job_stats));
	if (observer->jobs < 0)
		return observer->jobs;
	observer->counters = open_map(KCOPYD_PIN_COUNTERS, sizeof(uint32_t),
				      sizeof(uint64_t));
	return observer->counters < 0 ? observer->counters : 0;
}

int kcopy_observer_open(struct kcopy_observer **result)
{
	struct kcopy_observer *observer = malloc(sizeof(*observer));
	int err;

	if (!observer)
		return -ENOMEM;
	*observer = (struct kcopy_observer){ -1, -1, -1 };
	err = open_maps(observer);
	if (err) {
		kcopy_observer_close(observer);
		return err;
	}
	*result = observer;
	return 0;
}

void kcopy_observer_close(struct kcopy_observer *observer)
{
	if (!observer)
		return;
	cleanup_fd(&observer->regions);
	cleanup_fd(&observer->jobs);
	cleanup_fd(&observer->counters);
	free(observer);
}

static int lookup(int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(map, key, value) ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
	const struct kcopy_job_row *x = a, *y = b;

	return x->job < y->job ? -1 : x->job > y->job;
}

/* A walk that met a deleted row begins again and sees rows twice. */
static size_t sort_unique(struct kcopy_job_row *rows, size_t nr)
{
	size_t i, unique = 0;

	qsort(rows, nr, sizeof(*rows), compare);
	for (i = 0; i < nr; i++) {
		if (!unique || rows[unique - 1].job != rows[i].job)
			rows[unique++] = rows[i];
	}
	return unique;
}

int kcopy_observer_jobs(struct kcopy_observer *observer,
			struct kcopy_job_row **result, size_t *nr)
{
	AUTO_FREE struct kcopy_job_row *rows = NULL;
	const size_t room = 2 * KCOPYD_STATS_MAX_JOBS;
	uint64_t key, *from = NULL;
	size_t got = 0;

	rows = calloc(room, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	while (got < room &&
	       !bpf_map_get_next_key(observer->jobs, from, &key)) {
		rows[got].job = key;
		if (!lookup(observer->jobs, &key, &rows[got].stats))
			got++;
		from = &key;
	}
	if (got < room && errno != ENOENT)
		return -errno;
	*nr = sort_unique(rows, got);
	*result = steal_pointer(&rows);
	return 0;
}

int kcopy_observer_job(struct kcopy_observer *observer, uint64_t job,
		       struct kcopyd_job_stats *stats)
{
	return lookup(observer->jobs, &job, stats);
}

int kcopy_observer_region(struct kcopy_observer *observer, uint64_t job,
			  unsigned int region,
			  struct kcopyd_region_stats *stats)
{
	struct kcopyd_region_key key = { .job = job, .region = region };

	return lookup(observer->regions, &key, stats);
}

int kcopy_observer_counters(struct kcopy_observer *observer,
			    uint64_t counters[KCOPYD_COUNTERS])
{
	uint32_t i;
	int err;

	for (i = 0; i < KCOPYD_COUNTERS; i++) {
		err = lookup(observer->counters, &i, &counters[i]);
		if (err)
			return err;
	}
	return 0;
}
