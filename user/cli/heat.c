// SPDX-License-Identifier: GPL-2.0-or-later
/* What happened where on a device: looks at it, and cells. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "heat.h"

#define SECTOR 512ULL

void heat_blank(struct kcopy_heat *heat, unsigned int major, unsigned int minor,
		uint64_t bytes)
{
	uint64_t sectors = bytes / SECTOR;
	uint64_t bucket =
		(sectors + KCOPYD_HEAT_BUCKETS - 1) / KCOPYD_HEAT_BUCKETS;

	memset(heat, 0, sizeof(*heat));
	if (bucket < KCOPYD_HEAT_MIN_SECTORS)
		bucket = KCOPYD_HEAT_MIN_SECTORS;
	heat->major = major;
	heat->minor = minor;
	heat->device_sectors = sectors;
	heat->bucket_sectors = bucket;
	heat->nr_buckets = (sectors + bucket - 1) / bucket;
}

/* Counters of 32 bits may have gone round, the sum of times does not. */
static void subtract(struct kcopyd_heat_cell *cell,
		     const struct kcopyd_heat_cell *before)
{
	cell->lat_max_ns = 0;
	if (cell->lat_sum_ns < before->lat_sum_ns)
		return;
	cell->ios -= before->ios;
	cell->errors -= before->errors;
	cell->lat_sum_ns -= before->lat_sum_ns;
}

void heat_delta(const struct kcopy_heat *before, const struct kcopy_heat *after,
		struct kcopy_heat *delta)
{
	static const struct kcopyd_heat_cell nothing;
	bool same = before->device_sectors == after->device_sectors;
	size_t i;

	*delta = *after;
	for (i = 0; i < delta->nr_buckets; i++)
		subtract(&delta->buckets[i],
			 same ? &before->buckets[i] : &nothing);
}

void heat_cell_add(struct heat_cell *cell, const struct heat_cell *other)
{
	cell->ios += other->ios;
	cell->errors += other->errors;
	cell->lat_sum_ns += other->lat_sum_ns;
	if (other->lat_max_ns > cell->lat_max_ns)
		cell->lat_max_ns = other->lat_max_ns;
}

uint64_t heat_value(const struct heat_cell *cell, enum heat_what what)
{
	switch (what) {
	case HEAT_MAX:
		return cell->lat_max_ns;
	case HEAT_ERRORS:
		return cell->errors;
	case HEAT_IOS:
		return cell->ios;
	case HEAT_MEAN:
		break;
	}
	return cell->ios ? cell->lat_sum_ns / cell->ios : 0;
}

size_t heat_buckets_a_cell(const struct kcopy_heat *heat, size_t most)
{
	size_t buckets = (heat->nr_buckets + most - 1) / most;

	return buckets ? buckets : 1;
}

size_t heat_fold(const struct kcopy_heat *heat, size_t buckets_a_cell,
		 struct heat_cell *cells)
{
	size_t nr = (heat->nr_buckets + buckets_a_cell - 1) / buckets_a_cell;
	const struct kcopyd_heat_cell *bucket;
	size_t i;

	memset(cells, 0, nr * sizeof(*cells));
	for (i = 0; i < heat->nr_buckets; i++) {
		bucket = &heat->buckets[i];
		heat_cell_add(&cells[i / buckets_a_cell],
			      &(struct heat_cell){
				      .ios = bucket->ios,
				      .errors = bucket->errors,
				      .lat_sum_ns = bucket->lat_sum_ns,
				      .lat_max_ns = bucket->lat_max_ns,
			      });
	}
	return nr;
}

int heat_grid_init(struct heat_grid *grid, const struct kcopy_heat *heat,
		   size_t columns, size_t rows)
{
	size_t buckets = heat_buckets_a_cell(heat, columns * rows);

	*grid = (struct heat_grid){
		.cell_bytes = buckets * heat->bucket_sectors * SECTOR,
		.device_bytes = heat->device_sectors * SECTOR,
	};
	grid->cells = calloc(KCOPYD_HEAT_BUCKETS, sizeof(*grid->cells));
	if (!grid->cells)
		return -ENOMEM;
	grid->nr = heat_fold(heat, buckets, grid->cells);
	grid->columns = columns < grid->nr ? columns : grid->nr;
	if (grid->columns)
		grid->rows = (grid->nr + grid->columns - 1) / grid->columns;
	return 0;
}

void heat_grid_free(struct heat_grid *grid)
{
	free(grid->cells);
	*grid = (struct heat_grid){};
}

size_t heat_square_columns(const struct kcopy_heat *heat)
{
	size_t columns = 1;

	while (columns * columns < 4 * heat->nr_buckets)
		columns *= 2;
	return columns;
}
