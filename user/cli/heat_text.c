// SPDX-License-Identifier: GPL-2.0-or-later
/* Heat on a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cleanup.h"
#include "heat_text.h"

/* "1023.9 GiB |" and "|" around the cells of a row. */
#define LABEL_WIDTH 10
#define AROUND (LABEL_WIDTH + 3)
/* Colours of the legend. */
#define SHADES 24

static const char ramp[] = ":-=+*#%@";

/* One of the 216 colours that every terminal with 256 has. */
static unsigned int cube_colour(uint32_t colour)
{
	unsigned int number = 0;
	int shift, part;

	for (shift = 16; shift >= 0; shift -= 8) {
		part = colour >> shift & 0xff;
		number = number * 6 + (part < 48  ? 0 :
				       part < 115 ? 1 :
						    (part - 35) / 40);
	}
	return 16 + number;
}

static void begin_ink(const struct heat_text *text, double place)
{
	uint32_t colour = heat_colour(place);

	if (text->ink == HEAT_INK_TRUE)
		fprintf(text->file, "\033[48;2;%u;%u;%um", colour >> 16,
			colour >> 8 & 0xff, colour & 0xff);
	else
		fprintf(text->file, "\033[48;5;%um", cube_colour(colour));
}

static void put_value(const struct heat_text *text, double place)
{
	const unsigned int last = strlen(ramp) - 1;

	if (text->ink == HEAT_INK_NONE) {
		fputc(ramp[(unsigned int)(place * last + 0.5)], text->file);
		return;
	}
	begin_ink(text, place);
	fputs(" \033[0m", text->file);
}

static void put_failed(const struct heat_text *text)
{
	fputs(text->ink == HEAT_INK_NONE ? "X" : "\033[1;97;41mX\033[0m",
	      text->file);
}

static void put_cell(const struct heat_text *text, const struct heat_cell *cell,
		     const struct heat_scale *scale)
{
	switch (heat_kind(cell, scale->what)) {
	case HEAT_NONE:
		fputc(' ', text->file);
		break;
	case HEAT_ZERO:
		fputc('.', text->file);
		break;
	case HEAT_FAILED:
		put_failed(text);
		break;
	case HEAT_VALUE:
		put_value(text, heat_scale_place(
					scale, heat_value(cell, scale->what)));
		break;
	}
}

static void put_cells(const struct heat_text *text,
		      const struct heat_cell *cells, size_t nr,
		      const struct heat_scale *scale)
{
	size_t i;

	fputc('|', text->file);
	for (i = 0; i < nr; i++)
		put_cell(text, &cells[i], scale);
	fputs("|\n", text->file);
}

static void put_shades(const struct heat_text *text)
{
	unsigned int i, nr = text->ink ? SHADES : strlen(ramp);

	for (i = 0; i < nr; i++)
		put_value(text, (double)i / (nr - 1));
}

static void put_legend(const struct heat_text *text,
		       const struct heat_scale *scale)
{
	char low[KCOPY_FORMAT_MAX], high[KCOPY_FORMAT_MAX];

	fprintf(text->file, "%s: %s ", heat_what_text(scale->what),
		heat_mark_text(scale->what, scale->low, low));
	put_shades(text);
	fprintf(text->file, " %s, log scale\n",
		heat_mark_text(scale->what, scale->high, high));
	if (scale->what == HEAT_ERRORS) {
		fputs(". no error   blank: no I/O\n", text->file);
		return;
	}
	put_failed(text);
	fputs(" errors   blank: no I/O\n", text->file);
}

static size_t multiple_of_8(size_t columns)
{
	return columns < 8 ? 8 : columns / 8 * 8;
}

size_t heat_text_columns(const struct heat_text *text)
{
	unsigned int width = text->width < HEAT_TEXT_LEAST ? HEAT_TEXT_LEAST :
							     text->width;
	size_t columns = multiple_of_8(width - AROUND);

	return columns < KCOPYD_HEAT_BUCKETS ? columns : KCOPYD_HEAT_BUCKETS;
}

static void put_title(const struct heat_text *text, const char *name,
		      const struct heat_grid *grid)
{
	char size[KCOPY_FORMAT_MAX], cell[KCOPY_FORMAT_MAX];

	fprintf(text->file, "%s, %s, a cell is %s\n", name,
		kcopy_format_size(grid->device_bytes, size),
		kcopy_format_size(grid->cell_bytes, cell));
}

void heat_text_grid(const struct heat_text *text, const char *name,
		    const struct heat_grid *grid, enum heat_what what)
{
	struct heat_scale scale;
	char offset[KCOPY_FORMAT_MAX];
	size_t first, nr;

	heat_scale_init(&scale, what, grid->cells, grid->nr);
	put_title(text, name, grid);
	for (first = 0; first < grid->nr; first += grid->columns) {
		nr = grid->nr - first;
		fprintf(text->file, "%*s ", LABEL_WIDTH,
			kcopy_format_size(first * grid->cell_bytes, offset));
		put_cells(text, &grid->cells[first],
			  nr < grid->columns ? nr : grid->columns, &scale);
	}
	put_legend(text, &scale);
}

/* ---- several devices ---------------------------------------------------- */

/* Enough for most; a longer name moves its line. */
#define NAME_WIDTH 14
#define BEFORE_STRIP (NAME_WIDTH + 48)
#define STRIP_LEAST 16
#define STRIP_MOST 64

/* The cells of all devices, one after the other, have one scale. */
static void put_device(const struct heat_text *text,
		       const struct kcopy_heat *heat,
		       const struct heat_cell *total,
		       const struct heat_cell *cells, size_t nr,
		       const struct heat_scale *scale)
{
	char node[64], size[KCOPY_FORMAT_MAX], mean[KCOPY_FORMAT_MAX];

	fprintf(text->file, "%-*s %9s %10" PRIu64 " %7" PRIu64 " %9s ",
		NAME_WIDTH,
		kcopy_device_node(heat->major, heat->minor, node, sizeof(node)),
		kcopy_format_size(heat->device_sectors * 512, size), total->ios,
		total->errors,
		kcopy_format_time(heat_value(total, HEAT_MEAN), mean));
	fprintf(text->file, "%7s ", kcopy_format_time(total->lat_max_ns, size));
	put_cells(text, cells, nr, scale);
}

/* Two bars are around it. */
static size_t strip_columns(const struct heat_text *text)
{
	size_t columns = STRIP_LEAST;

	if (text->width > BEFORE_STRIP + STRIP_LEAST + 2)
		columns = multiple_of_8(text->width - BEFORE_STRIP - 2);
	return columns < STRIP_MOST ? columns : STRIP_MOST;
}

int heat_text_devices(const struct heat_text *text,
		      const struct kcopy_heat *heat,
		      const struct heat_cell *totals, size_t nr,
		      enum heat_what what)
{
	AUTO_FREE struct heat_cell *cells =
		calloc(nr, STRIP_MOST * sizeof(*cells));
	AUTO_FREE size_t *first = calloc(nr + 1, sizeof(*first));
	const size_t columns = strip_columns(text);
	struct heat_scale scale;
	size_t i;

	if ((nr && !cells) || !first)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		first[i + 1] = first[i] +
			       heat_fold(&heat[i],
					 heat_buckets_a_cell(&heat[i], columns),
					 &cells[first[i]]);
	heat_scale_init(&scale, what, cells, first[nr]);
	fprintf(text->file, "%-*s %9s %10s %7s %9s %7s  %s\n", NAME_WIDTH,
		"DEVICE", "SIZE", "IOS", "ERRORS", "MEAN", "MAX",
		"FROM START TO END");
	for (i = 0; i < nr; i++)
		put_device(text, &heat[i], &totals[i], &cells[first[i]],
			   first[i + 1] - first[i], &scale);
	put_legend(text, &scale);
	return 0;
}

/* ---- over time ---------------------------------------------------------- */

void heat_text_head(const struct heat_text *text, const char *name,
		    const struct heat_grid *grid,
		    const struct heat_scale *scale)
{
	char end[KCOPY_FORMAT_MAX];

	put_title(text, name, grid);
	put_legend(text, scale);
	fprintf(text->file, "%*s |0%*s|\n", LABEL_WIDTH, "time",
		(int)grid->columns - 1,
		kcopy_format_size(grid->device_bytes, end));
	fflush(text->file);
}

void heat_text_line(const struct heat_text *text, uint64_t ns,
		    const struct heat_cell *cells, size_t nr,
		    const struct heat_scale *scale)
{
	fprintf(text->file, "%*.1f s ", LABEL_WIDTH - 2, ns / 1e9);
	put_cells(text, cells, nr, scale);
	fflush(text->file);
}
