// SPDX-License-Identifier: GPL-2.0-or-later
/* Columns of a frame: made for a width, and more where there is more. */
#include <stdio.h>
#include <string.h>
#include "columns.h"

static unsigned int longest(const struct columns *columns,
			    const struct column *column)
{
	char cell[CELL_MAX];
	unsigned int most = column->width;
	size_t i;

	for (i = 0; i < columns->nr_rows; i++) {
		column->put(columns->rows + i * columns->row_size, cell);
		if (strlen(cell) > most)
			most = strlen(cell);
	}
	return most;
}

void columns_fit(struct columns *columns, unsigned int width)
{
	const struct column *column;
	unsigned int used = 0, most;
	size_t i;

	for (i = 0; i < columns->nr; i++) {
		column = &columns->all[i];
		if (column->extra && used + 1 + column->width >= width)
			break;
		columns->widths[i] = column->width;
		used += column->width + (i > 0);
	}
	for (i = 0; i < columns->nr; i++) {
		column = &columns->all[i];
		if (!column->spare || used >= width)
			continue;
		most = longest(columns, column);
		if (most > column->width + width - used)
			most = column->width + width - used;
		columns->widths[i] = most;
		used += most - column->width;
	}
}

static void add_cell(const struct columns *columns, size_t i, const char *cell,
		     char *line, size_t size)
{
	const unsigned int width = columns->widths[i];
	const bool cut = columns->all[i].left && strlen(cell) > width;
	size_t len = strlen(line);

	if (!width)
		return;
	/* Names are cut where that can be seen, numbers never. */
	snprintf(line + len, size - len, "%s%*.*s%s", i ? " " : "",
		 columns->all[i].left ? -(int)(width - cut) : (int)width,
		 cut ? (int)width - 1 : CELL_MAX, cell, cut ? "~" : "");
}

void columns_heading(const struct columns *columns, struct frame *frame)
{
	char line[FRAME_MAX_WIDTH + 1] = "";
	size_t i;

	for (i = 0; i < columns->nr; i++)
		add_cell(columns, i, columns->all[i].title, line, sizeof(line));
	frame_add(frame, FRAME_HEADING, "%-*s", (int)frame->width, line);
}

void columns_row(const struct columns *columns, size_t row,
		 enum frame_style style, struct frame *frame)
{
	char line[FRAME_MAX_WIDTH + 1] = "", cell[CELL_MAX];
	size_t i;

	for (i = 0; i < columns->nr; i++) {
		columns->all[i].put(columns->rows + row * columns->row_size,
				    cell);
		add_cell(columns, i, cell, line, sizeof(line));
	}
	frame_add(frame, style, "%s", line);
}
