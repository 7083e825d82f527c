// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading the observer's pinned maps. */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libkcopy.h>
#include "cleanup.h"

struct kcopy_observer {
	int regions;
	int jobs;
	int devices;
	int clients;
	int heat;
	int counters;
};

/* Sets *FD. A map of an older or newer version would be read as rubbish. */
static int open_map(int *fd, const char *path, uint32_t key_size,
		    uint32_t value_size)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	*fd = bpf_obj_get(path);
	if (*fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(*fd, &info, &len))
		return -errno;
	return info.key_size == key_size && info.value_size == value_size ?
		       0 :
		       -EPROTO;
}

/* As of an older version that did not have it yet. */
static int open_other_map(int *fd, const char *path, uint32_t key_size,
			  uint32_t value_size)
{
	int err = open_map(fd, path, key_size, value_size);

	return err == -ENOENT ? -EPROTO : err;
}

static int check_version(const struct kcopy_observer *observer)
{
	uint32_t key = KCOPYD_COUNTER_VERSION;
	uint64_t version;

	if (bpf_map_lookup_elem(observer->counters, &key, &version))
		return errno == ENOENT ? -EPROTO : -errno;
	return version == KCOPYD_STATS_VERSION ? 0 : -EPROTO;
}

static int open_maps(struct kcopy_observer *observer)
{
	int err = open_map(&observer->regions, KCOPYD_PIN_REGIONS,
			   sizeof(struct kcopyd_region_key),
			   sizeof(struct kcopyd_region_stats));

	if (!err)
		err = open_other_map(&observer->jobs, KCOPYD_PIN_JOBS,
				     sizeof(uint64_t),
				     sizeof(struct kcopyd_job_stats));
	if (!err)
		err = open_other_map(&observer->devices, KCOPYD_PIN_DEVICES,
				     sizeof(struct kcopyd_device_key),
				     sizeof(struct kcopyd_device_stats));
	if (!err)
		err = open_other_map(&observer->clients, KCOPYD_PIN_CLIENTS,
				     sizeof(uint64_t),
				     sizeof(struct kcopyd_client_stats));
	if (!err)
		err = open_other_map(&observer->heat, KCOPYD_PIN_HEAT,
				     sizeof(struct kcopyd_heat_key),
				     sizeof(struct kcopyd_heat_stats));
	if (!err)
		err = open_other_map(&observer->counters, KCOPYD_PIN_COUNTERS,
				     sizeof(uint32_t), sizeof(uint64_t));
	return err ? err : check_version(observer);
}

int kcopy_observer_open(struct kcopy_observer **result)
{
	struct kcopy_observer *observer = malloc(sizeof(*observer));
	int err;

	if (!observer)
		return -ENOMEM;
	*observer = (struct kcopy_observer){ -1, -1, -1, -1, -1, -1 };
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
	cleanup_fd(&observer->devices);
	cleanup_fd(&observer->clients);
	cleanup_fd(&observer->heat);
	cleanup_fd(&observer->counters);
	free(observer);
}

static int lookup(int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(map, key, value) ? -errno : 0;
}

/**
 * struct walk - how to read all rows of a map
 * @map: the map
 * @key_size: of its keys
 * @row_size: of what the caller gets
 * @stats: where in such a row the record is; the key is at its start
 * @most: rows of the map
 * @compare: of keys
 */
struct walk {
	int map;
	size_t key_size;
	size_t row_size;
	size_t stats;
	size_t most;
	int (*compare)(const void *a, const void *b);
};

/* A walk that met a deleted row begins again and sees rows twice. */
static size_t sort_unique(const struct walk *walk, char *rows, size_t nr)
{
	size_t i, unique = 0;

	qsort(rows, nr, walk->row_size, walk->compare);
	for (i = 0; i < nr; i++) {
		char *row = rows + i * walk->row_size;

		if (unique &&
		    !walk->compare(rows + (unique - 1) * walk->row_size, row))
			continue;
		memmove(rows + unique++ * walk->row_size, row, walk->row_size);
	}
	return unique;
}

/* Room for some rows more, of which there may be twice as many as in the map. */
static int make_room(const struct walk *walk, char **rows, size_t got,
		     size_t *room)
{
	size_t more;
	char *grown;

	if (got < *room)
		return 0;
	if (got >= 2 * walk->most)
		return -E2BIG;
	more = *room ? 2 * *room : 64;
	grown = realloc(*rows, more * walk->row_size);
	if (!grown)
		return -ENOMEM;
	memset(grown + *room * walk->row_size, 0,
	       (more - *room) * walk->row_size);
	*rows = grown;
	*room = more;
	return 0;
}

static int read_rows(const struct walk *walk, void *result, size_t *nr)
{
	AUTO_FREE char *rows = NULL;
	size_t got = 0, room = 0;
	char key[32];
	void *from = NULL;
	int err;

	for (;;) {
		err = make_room(walk, &rows, got, &room);
		if (err == -E2BIG)
			break;
		if (err)
			return err;
		if (bpf_map_get_next_key(walk->map, from, key)) {
			if (errno != ENOENT)
				return -errno;
			break;
		}
		from = key;
		memcpy(rows + got * walk->row_size, key, walk->key_size);
		if (!lookup(walk->map, key,
			    rows + got * walk->row_size + walk->stats))
			got++;
	}
	*nr = sort_unique(walk, rows, got);
	*(void **)result = steal_pointer(&rows);
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* All keys of devices are three numbers. */
static int compare_devices(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	unsigned int i;

	for (i = 0; i < 2 && x[i] == y[i]; i++)
		;
	return x[i] < y[i] ? -1 : x[i] > y[i];
}

int kcopy_observer_jobs(struct kcopy_observer *observer,
			struct kcopy_job_row **rows, size_t *nr)
{
	const struct walk walk = {
		.map = observer->jobs,
		.key_size = sizeof(uint64_t),
		.row_size = sizeof(**rows),
		.stats = offsetof(struct kcopy_job_row, stats),
		.most = KCOPYD_STATS_MAX_JOBS,
		.compare = compare_numbers,
	};

	return read_rows(&walk, rows, nr);
}

int kcopy_observer_devices(struct kcopy_observer *observer,
			   struct kcopy_device_row **rows, size_t *nr)
{
	const struct walk walk = {
		.map = observer->devices,
		.key_size = sizeof(struct kcopyd_device_key),
		.row_size = sizeof(**rows),
		.stats = offsetof(struct kcopy_device_row, stats),
		.most = KCOPYD_STATS_MAX_DEVICES,
		.compare = compare_devices,
	};

	return read_rows(&walk, rows, nr);
}

int kcopy_observer_clients(struct kcopy_observer *observer,
			   struct kcopy_client_row **rows, size_t *nr)
{
	const struct walk walk = {
		.map = observer->clients,
		.key_size = sizeof(uint64_t),
		.row_size = sizeof(**rows),
		.stats = offsetof(struct kcopy_client_row, stats),
		.most = KCOPYD_STATS_MAX_CLIENTS,
		.compare = compare_numbers,
	};

	return read_rows(&walk, rows, nr);
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

struct heat_row {
	struct kcopyd_heat_key key;
	struct kcopyd_heat_stats stats;
};

static void add_heat(struct kcopy_heat *heat, const struct heat_row *row)
{
	const size_t first = (size_t)row->key.row * KCOPYD_HEAT_CELLS;

	if (first + KCOPYD_HEAT_CELLS <= KCOPYD_HEAT_BUCKETS)
		memcpy(&heat->buckets[first], row->stats.cells,
		       sizeof(row->stats.cells));
}

static bool is_of(const struct kcopy_heat *heat, const struct heat_row *row)
{
	return heat->major == row->key.major && heat->minor == row->key.minor;
}

/* Now, in sectors; 0 when it is gone. */
static uint64_t device_size(const struct kcopyd_heat_key *key)
{
	AUTO_FILE FILE *file = NULL;
	uint64_t sectors = 0;
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/size", key->major,
		 key->minor);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%" SCNu64, &sectors) != 1)
		return 0;
	return sectors;
}

/* The first row of a device tells its size, if no other is known. */
static void heat_begin(struct kcopy_heat *heat, const struct heat_row *row)
{
	heat->major = row->key.major;
	heat->minor = row->key.minor;
	heat->device_sectors = row->stats.device_sectors;
	heat->bucket_sectors = row->stats.bucket_sectors;
	heat->nr_buckets = (heat->device_sectors + heat->bucket_sectors - 1) /
			   heat->bucket_sectors;
}

/* Left from when the device had another size, or not filled in yet? */
static bool is_stale(const struct heat_row *row, uint64_t size)
{
	return !row->stats.bucket_sectors ||
	       (size && row->stats.device_sectors != size);
}

/* Returns how many devices they are of. */
static size_t add_rows(struct kcopy_heat *heat, const struct heat_row *rows,
		       size_t nr_rows)
{
	struct kcopy_heat *at = NULL;
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < nr_rows; i++) {
		if (!i || memcmp(&rows[i].key, &rows[i - 1].key,
				 offsetof(struct kcopyd_heat_key, row)))
			size = device_size(&rows[i].key);
		if (is_stale(&rows[i], size))
			continue;
		if (!at || !is_of(at, &rows[i])) {
			at = at ? at + 1 : heat;
			heat_begin(at, &rows[i]);
		}
		if (rows[i].stats.device_sectors == at->device_sectors)
			add_heat(at, &rows[i]);
	}
	return at ? at - heat + 1 : 0;
}

int kcopy_observer_heat(struct kcopy_observer *observer,
			struct kcopy_heat **result, size_t *nr)
{
	AUTO_FREE struct heat_row *rows = NULL;
	const struct walk walk = {
		.map = observer->heat,
		.key_size = sizeof(rows->key),
		.row_size = sizeof(*rows),
		.stats = offsetof(struct heat_row, stats),
		.most = (size_t)KCOPYD_HEAT_MAX_ROWS,
		.compare = compare_devices,
	};
	struct kcopy_heat *heat;
	size_t nr_rows = 0, i, devices = 0;
	int err;

	err = read_rows(&walk, &rows, &nr_rows);
	if (err)
		return err;
	for (i = 0; i < nr_rows; i++)
		devices += !i || memcmp(&rows[i].key, &rows[i - 1].key,
					offsetof(struct kcopyd_heat_key, row));
	heat = calloc(devices ? devices : 1, sizeof(*heat));
	if (!heat)
		return -ENOMEM;
	*nr = add_rows(heat, rows, nr_rows);
	*result = heat;
	return 0;
}
