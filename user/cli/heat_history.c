// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happened interval after interval, in the memory of one picture: when
 * it is full, two rows become one each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "heat_history.h"

#define SECTOR 512ULL

int heat_history_init(struct heat_history *history,
		      const struct kcopy_heat *heat)
{
	struct heat_grid *grid = &history->grid;

	*history = (struct heat_history){ .samples_a_row = 1 };
	history->buckets_a_cell =
		heat_buckets_a_cell(heat, HEAT_HISTORY_COLUMNS);
	grid->columns = (heat->nr_buckets + history->buckets_a_cell - 1) /
			history->buckets_a_cell;
	grid->cell_bytes =
		history->buckets_a_cell * heat->bucket_sectors * SECTOR;
	grid->device_bytes = heat->device_sectors * SECTOR;
	grid->cells =
		calloc(HEAT_HISTORY_ROWS * grid->columns, sizeof(*grid->cells));
	return grid->cells || !grid->columns ? 0 : -ENOMEM;
}

void heat_history_free(struct heat_history *history)
{
	heat_grid_free(&history->grid);
}

static struct heat_cell *row_of(struct heat_history *history, size_t row)
{
	return &history->grid.cells[row * history->grid.columns];
}

static void add_cells(struct heat_cell *to, const struct heat_cell *from,
		      size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		heat_cell_add(&to[i], &from[i]);
}

static void halve(struct heat_history *history)
{
	const size_t columns = history->grid.columns;
	size_t row;

	for (row = 0; row < HEAT_HISTORY_ROWS / 2; row++) {
		add_cells(row_of(history, 2 * row),
			  row_of(history, 2 * row + 1), columns);
		memmove(row_of(history, row), row_of(history, 2 * row),
			columns * sizeof(struct heat_cell));
		history->end_ns[row] = history->end_ns[2 * row + 1];
	}
	memset(row_of(history, row), 0,
	       row * columns * sizeof(struct heat_cell));
	history->grid.rows = row;
	history->samples_a_row *= 2;
	history->samples = history->samples_a_row;
}

/* The row that the next sample belongs to. */
static size_t next_row(struct heat_history *history)
{
	struct heat_grid *grid = &history->grid;

	if (grid->rows == HEAT_HISTORY_ROWS &&
	    history->samples == history->samples_a_row)
		halve(history);
	if (!grid->rows || history->samples == history->samples_a_row) {
		grid->rows++;
		history->samples = 0;
	}
	history->samples++;
	grid->nr = grid->rows * grid->columns;
	return grid->rows - 1;
}

void heat_history_add(struct heat_history *history,
		      const struct kcopy_heat *delta, uint64_t end_ns)
{
	struct heat_cell cells[KCOPYD_HEAT_BUCKETS];
	size_t row = next_row(history);
	size_t nr = heat_fold(delta, history->buckets_a_cell, cells);

	/* A number may be that of another device by now. */
	if (nr > history->grid.columns)
		nr = history->grid.columns;
	add_cells(row_of(history, row), cells, nr);
	history->end_ns[row] = end_ns;
}
