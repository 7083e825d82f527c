/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns of a frame: made for a width, and more where there is more. */
#ifndef _KCOPYCTL_COLUMNS_H
#define _KCOPYCTL_COLUMNS_H

#include <stdbool.h>
#include "frame.h"

#define CELL_MAX 80
#define COLUMNS_MAX 16

/**
 * struct column - of a table
 * @title: its name
 * @width: of its cells
 * @put: writes a cell of a row
 * @left: set to the left, as names are
 * @spare: gets what room is left, if its cells need it
 * @extra: only where there is room
 */
struct column {
	const char *title;
	unsigned int width;
	void (*put)(const void *row, char cell[CELL_MAX]);
	bool left;
	bool spare;
	bool extra;
};

/**
 * struct columns - of rows, as wide as there is room
 * @all: that there are
 * @nr: how many
 * @widths: of each; 0: it is left out
 * @rows: first of the rows
 * @nr_rows: how many
 * @row_size: bytes a row
 */
struct columns {
	const struct column *all;
	size_t nr;
	unsigned int widths[COLUMNS_MAX];
	const char *rows;
	size_t nr_rows;
	size_t row_size;
};

/* Choose the widths; before the others. */
void columns_fit(struct columns *columns, unsigned int width);

/* Add the titles, and a row. */
void columns_heading(const struct columns *columns, struct frame *frame);
void columns_row(const struct columns *columns, size_t row,
		 enum frame_style style, struct frame *frame);

#endif /* _KCOPYCTL_COLUMNS_H */
