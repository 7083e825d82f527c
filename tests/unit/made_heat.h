/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices on which something is made to have happened. */
#ifndef _TESTS_UNIT_MADE_HEAT_H
#define _TESTS_UNIT_MADE_HEAT_H

#include <stdlib.h>
#include "cli/heat.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

/* Of a bucket, at least: less than of real ones, so that small is large. */
#define MADE_SECTORS 128

/* Nothing yet; free() it. */
static inline struct kcopy_heat *made_device(uint64_t bytes)
{
	struct kcopy_heat *heat = malloc(sizeof(*heat));
	uint64_t bucket;

	heat_blank(heat, 8, 16, bytes);
	bucket = (heat->device_sectors + KCOPYD_HEAT_BUCKETS - 1) /
		 KCOPYD_HEAT_BUCKETS;
	heat->bucket_sectors = bucket < MADE_SECTORS ? MADE_SECTORS : bucket;
	heat->nr_buckets = (heat->device_sectors + heat->bucket_sectors - 1) /
			   heat->bucket_sectors;
	return heat;
}

/* I/O in buckets @from up to @to, each with that mean and twice that greatest. */
static inline void made_ios(struct kcopy_heat *heat, size_t from, size_t to,
			    unsigned int ios, uint64_t mean_ns)
{
	for (size_t i = from; i < to && i < heat->nr_buckets; i++) {
		heat->buckets[i].ios += ios;
		heat->buckets[i].lat_sum_ns += ios * mean_ns;
		if (heat->buckets[i].lat_max_ns < 2 * mean_ns)
			heat->buckets[i].lat_max_ns = 2 * mean_ns;
	}
}

/* Of the I/O that is there, so many failed. */
static inline void made_errors(struct kcopy_heat *heat, size_t from, size_t to,
			       unsigned int errors)
{
	for (size_t i = from; i < to && i < heat->nr_buckets; i++)
		heat->buckets[i].errors += errors;
}

/* All of it in one cell. */
static inline struct heat_cell made_total(const struct kcopy_heat *heat)
{
	struct heat_cell total;

	heat_fold(heat, heat->nr_buckets, &total);
	return total;
}

#endif /* _TESTS_UNIT_MADE_HEAT_H */
