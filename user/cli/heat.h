/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened where on a device: cells, put together and told apart. */
#ifndef _KCOPYCTL_HEAT_H
#define _KCOPYCTL_HEAT_H

#include <stdbool.h>
#include <libkcopy.h>

enum heat_what {
	HEAT_MEAN, /* latency */
	HEAT_MAX, /* latency */
	HEAT_ERRORS,
	HEAT_IOS,
};

/**
 * struct heat_cell - one bucket of a device, or several neighbours
 * @ios: finished, failed ones included
 * @errors: how many of them failed
 * @lat_sum_ns: of the ios
 * @lat_max_ns: of the ios; 0 where only a difference is known
 */
struct heat_cell {
	uint64_t ios;
	uint64_t errors;
	uint64_t lat_sum_ns;
	uint64_t lat_max_ns;
};

/**
 * struct heat_grid - cells in rows
 * @columns: cells a row
 * @rows: how many; of the last one there may be fewer cells than @columns
 * @nr: cells in all
 * @cell_bytes: of the device, a cell
 * @device_bytes: of the device, all of it
 * @cells: row by row
 */
struct heat_grid {
	size_t columns;
	size_t rows;
	size_t nr;
	uint64_t cell_bytes;
	uint64_t device_bytes;
	struct heat_cell *cells;
};

/* ---- looks at a device -------------------------------------------------- */

/* A device with nothing on it yet, in the buckets that it will have. */
void heat_blank(struct kcopy_heat *heat, unsigned int major, unsigned int minor,
		uint64_t bytes);

/*
 * What happened between two looks. Of a device that was counted anew in
 * between, what happened since then. A greatest latency can't be told.
 */
void heat_delta(const struct kcopy_heat *before, const struct kcopy_heat *after,
		struct kcopy_heat *delta);

/* ---- cells -------------------------------------------------------------- */

void heat_cell_add(struct heat_cell *cell, const struct heat_cell *other);

/* The figure that is shown; only a cell with I/O has one. */
uint64_t heat_value(const struct heat_cell *cell, enum heat_what what);

/* How many buckets a cell must have so that no more than MOST are needed. */
size_t heat_buckets_a_cell(const struct kcopy_heat *heat, size_t most);

/*
 * Put neighbours together: CELLS has room for so many as there are. Sums are
 * added up, of the greatest latencies the greatest stays.
 */
size_t heat_fold(const struct kcopy_heat *heat, size_t buckets_a_cell,
		 struct heat_cell *cells);

/* ---- a device folded into rows ------------------------------------------ */

/*
 * At most so many columns and rows, and no more than there are buckets. 0 or
 * -ENOMEM; heat_grid_free() it.
 */
int heat_grid_init(struct heat_grid *grid, const struct kcopy_heat *heat,
		   size_t columns, size_t rows);
void heat_grid_free(struct heat_grid *grid);

/* Columns of a grid four times as wide as high, of all buckets of a device. */
size_t heat_square_columns(const struct kcopy_heat *heat);

/* ---- colours ------------------------------------------------------------ */

enum heat_kind {
	HEAT_NONE, /* no I/O */
	HEAT_ZERO, /* I/O, and the value is 0 */
	HEAT_VALUE,
	HEAT_FAILED, /* I/O that failed, where errors are not the value */
};

/**
 * struct heat_scale - from values to colours, by their logarithm
 * @what: the values
 * @low: the least value, where the colours begin
 * @high: the greatest, where they end; at least 4 times @low
 * @seen: whether there was any value; the rest has a default otherwise
 */
struct heat_scale {
	enum heat_what what;
	uint64_t low;
	uint64_t high;
	bool seen;
};

enum heat_kind heat_kind(const struct heat_cell *cell, enum heat_what what);

/*
 * The scale of these cells: its ends are 1, 2 or 5 times a power of ten. What
 * failed entirely says nothing about how fast a device is.
 */
void heat_scale_init(struct heat_scale *scale, enum heat_what what,
		     const struct heat_cell *cells, size_t nr);

/* One that suits most devices, for when the values are still to come. */
void heat_scale_usual(struct heat_scale *scale, enum heat_what what);

/* Where on the scale, 0..1. */
double heat_scale_place(const struct heat_scale *scale, uint64_t value);

/* The next larger one of 1, 2, 5, 10, 20, 50, ... */
uint64_t heat_next_mark(uint64_t mark);

/* 0xRRGGBB of a place on the scale: viridis, which is evenly perceived. */
uint32_t heat_colour(double place);

/* ---- words -------------------------------------------------------------- */

/* "mean latency" */
const char *heat_what_text(enum heat_what what);

/* A value with its unit, "1.50 ms" or "12"; BUF as of kcopy_format_time(). */
char *heat_value_text(enum heat_what what, uint64_t value, char *buf);

/* The same without needless zeroes, "2 ms". */
char *heat_mark_text(enum heat_what what, uint64_t mark, char *buf);

#endif /* _KCOPYCTL_HEAT_H */
