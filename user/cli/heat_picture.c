// SPDX-License-Identifier: GPL-2.0-or-later
/* Heat as a picture: title, axes, cells, legend. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cleanup.h"
#include "heat_axis.h"
#include "heat_picture.h"

/* Where the cells are. */
#define LEFT 96
#define TOP 84
#define WIDTH 744
#define HEIGHT 432
#define RIGHT (LEFT + WIDTH)
#define BOTTOM (TOP + HEIGHT)
/* The legend beside them. */
#define BAR_X (RIGHT + 28)
#define BAR_Y (TOP + 24)
#define BAR_WIDTH 18
#define BAR_HEIGHT 256

#define INK 0x222222
#define PALE_INK 0x666666
#define NO_IO 0xe8e8e8
#define NO_ERROR 0xb4c3d9
#define FAILED 0xe0201b

/* As many colours as are drawn: fewer make smaller files. */
#define SHADES 64
/* What a cell is, if not one of these shades. */
#define SHADE_NONE 255
#define SHADE_ZERO 254
#define SHADE_FAILED 253
/* So small a failed cell can still be seen. */
#define LEAST_FAILED 4
/* And from there on it has a cross, too: not everybody sees red. */
#define LEAST_CROSSED 5

static const struct canvas_font label = { .size = 12 };
static const struct canvas_font centred = { .size = 12,
					    .align = CANVAS_CENTRE };
static const struct canvas_font right = { .size = 12, .align = CANVAS_RIGHT };
static const struct canvas_font upwards = { .size = 12,
					    .align = CANVAS_CENTRE,
					    .upwards = true };
static const struct canvas_font heading = { .size = 18, .bold = true };

struct drawing {
	const struct heat_picture *picture;
	struct canvas *canvas;
	struct heat_scale scale;
	unsigned char *shades; /* of each cell */
};

/* ---- cells -------------------------------------------------------------- */

static unsigned char shade_of(const struct heat_scale *scale,
			      const struct heat_cell *cell)
{
	double place;

	switch (heat_kind(cell, scale->what)) {
	case HEAT_NONE:
		return SHADE_NONE;
	case HEAT_ZERO:
		return SHADE_ZERO;
	case HEAT_FAILED:
		return SHADE_FAILED;
	case HEAT_VALUE:
		break;
	}
	place = heat_scale_place(scale, heat_value(cell, scale->what));
	return lround(place * (SHADES - 1));
}

static uint32_t shade_colour(unsigned char shade)
{
	switch (shade) {
	case SHADE_ZERO:
		return NO_ERROR;
	case SHADE_FAILED:
		return FAILED;
	default:
		return heat_colour((double)shade / (SHADES - 1));
	}
}

/* Upper edge of a row, or the lower one of the row before. */
static double row_y(const struct heat_picture *picture, size_t row)
{
	const size_t rows = picture->grid->rows;

	if (!picture->end_ns)
		return TOP + (double)HEIGHT * row / rows;
	if (!row)
		return TOP;
	return TOP + (double)HEIGHT * picture->end_ns[row - 1] /
			     picture->end_ns[rows - 1];
}

static double column_x(const struct heat_picture *picture, size_t column)
{
	return LEFT + (double)WIDTH * column / picture->grid->columns;
}

/* Cells of a row from @from on that have its shade. */
static size_t run_of(const struct drawing *drawing, size_t from)
{
	const size_t columns = drawing->picture->grid->columns;
	size_t end = from - from % columns + columns, i = from;

	if (end > drawing->picture->grid->nr)
		end = drawing->picture->grid->nr;
	while (i < end && drawing->shades[i] == drawing->shades[from])
		i++;
	return i - from;
}

static void add_run(const struct drawing *drawing, size_t from, size_t nr)
{
	const struct heat_picture *picture = drawing->picture;
	size_t row = from / picture->grid->columns;
	size_t column = from % picture->grid->columns;
	double x = column_x(picture, column), y = row_y(picture, row);
	double width = column_x(picture, column + nr) - x;
	double height = row_y(picture, row + 1) - y;

	if (drawing->shades[from] == SHADE_FAILED && width < LEAST_FAILED) {
		x = x + width / 2 - LEAST_FAILED / 2.0;
		x = x < LEFT ? LEFT : x;
		x = x > RIGHT - LEAST_FAILED ? RIGHT - LEAST_FAILED : x;
		width = LEAST_FAILED;
	}
	if (drawing->shades[from] == SHADE_FAILED && height < LEAST_FAILED) {
		y = y + height / 2 - LEAST_FAILED / 2.0;
		y = y < TOP ? TOP : y;
		y = y > BOTTOM - LEAST_FAILED ? BOTTOM - LEAST_FAILED : y;
		height = LEAST_FAILED;
	}
	canvas_rectangle(drawing->canvas, x, y, width, height);
}

static void draw_shade(const struct drawing *drawing, unsigned char shade)
{
	const size_t nr = drawing->picture->grid->nr;
	bool any = false;
	size_t i, run;

	for (i = 0; i < nr; i += run) {
		run = run_of(drawing, i);
		if (drawing->shades[i] != shade)
			continue;
		add_run(drawing, i, run);
		any = true;
	}
	if (any)
		canvas_fill(drawing->canvas, shade_colour(shade));
}

static void draw_cross(struct canvas *canvas, double x, double y, double width,
		       double height)
{
	const double least = width < height ? width : height;
	const double arm = least / 2 - 1.5 > 4 ? 4 : least / 2 - 1.5;

	x += width / 2;
	y += height / 2;
	canvas_line(canvas, x - arm, y - arm, x + arm, y + arm, 0xffffff);
	canvas_line(canvas, x - arm, y + arm, x + arm, y - arm, 0xffffff);
}

static void draw_crosses(const struct drawing *drawing)
{
	const struct heat_picture *picture = drawing->picture;
	const size_t columns = picture->grid->columns;
	double x, y, width, height;
	size_t i;

	for (i = 0; i < picture->grid->nr; i++) {
		if (drawing->shades[i] != SHADE_FAILED)
			continue;
		x = column_x(picture, i % columns);
		y = row_y(picture, i / columns);
		width = column_x(picture, i % columns + 1) - x;
		height = row_y(picture, i / columns + 1) - y;
		if (width >= LEAST_CROSSED && height >= LEAST_CROSSED)
			draw_cross(drawing->canvas, x, y, width, height);
	}
}

static void draw_frame(struct canvas *canvas)
{
	canvas_line(canvas, LEFT - 0.5, TOP - 0.5, RIGHT + 0.5, TOP - 0.5, INK);
	canvas_line(canvas, LEFT - 0.5, BOTTOM + 0.5, RIGHT + 0.5, BOTTOM + 0.5,
		    INK);
	canvas_line(canvas, LEFT - 0.5, TOP - 0.5, LEFT - 0.5, BOTTOM + 0.5,
		    INK);
	canvas_line(canvas, RIGHT + 0.5, TOP - 0.5, RIGHT + 0.5, BOTTOM + 0.5,
		    INK);
}

/* White is where the device has no more cells. */
static void draw_cells(const struct drawing *drawing)
{
	const struct heat_grid *grid = drawing->picture->grid;
	size_t last = grid->nr % grid->columns;
	size_t whole = grid->nr / grid->columns;
	unsigned int shade;

	canvas_rectangle(drawing->canvas, LEFT, TOP, WIDTH,
			 row_y(drawing->picture, whole) - TOP);
	if (last)
		canvas_rectangle(drawing->canvas, LEFT,
				 row_y(drawing->picture, whole),
				 column_x(drawing->picture, last) - LEFT,
				 BOTTOM - row_y(drawing->picture, whole));
	canvas_fill(drawing->canvas, NO_IO);
	for (shade = 0; shade < SHADES; shade++)
		draw_shade(drawing, shade);
	draw_shade(drawing, SHADE_ZERO);
	/* Last, since they may be drawn larger than they are. */
	draw_shade(drawing, SHADE_FAILED);
	draw_crosses(drawing);
	draw_frame(drawing->canvas);
}

/* ---- axes --------------------------------------------------------------- */

static void tick_below(struct canvas *canvas, double x, const char *text)
{
	canvas_line(canvas, x, BOTTOM, x, BOTTOM + 5, INK);
	canvas_text(canvas, x, BOTTOM + 19, &centred, INK, text);
}

static void tick_beside(struct canvas *canvas, double y, const char *text)
{
	canvas_line(canvas, LEFT - 5, y, LEFT, y, INK);
	canvas_text(canvas, LEFT - 8, y + 4, &right, INK, text);
}

static void draw_offsets(const struct drawing *drawing)
{
	const struct heat_grid *grid = drawing->picture->grid;
	const uint64_t span = grid->columns * grid->cell_bytes;
	const struct heat_axis axis = heat_axis_bytes(span, 10);
	const char *of = drawing->picture->end_ns ? "offset on the device" :
						    "offset in the row";
	char text[64];
	uint64_t at;

	for (at = 0; at <= span; at += axis.step) {
		snprintf(text, sizeof(text), "%" PRIu64, at / axis.unit);
		tick_below(drawing->canvas, LEFT + (double)WIDTH * at / span,
			   text);
	}
	snprintf(text, sizeof(text), "%s [%s]", of, axis.name);
	canvas_text(drawing->canvas, LEFT + WIDTH / 2.0, BOTTOM + 42, &centred,
		    INK, text);
}

/* In its own unit each, since rows are as long as they happen to be. */
static void draw_rows(const struct drawing *drawing)
{
	const struct heat_grid *grid = drawing->picture->grid;
	const size_t step = (grid->rows + 15) / 16;
	char text[KCOPY_FORMAT_MAX];
	size_t row;

	for (row = 0; row < grid->rows; row += step)
		tick_beside(drawing->canvas,
			    (row_y(drawing->picture, row) +
			     row_y(drawing->picture, row + 1)) /
				    2,
			    kcopy_format_size(row * grid->columns *
						      grid->cell_bytes,
					      text));
	canvas_text(drawing->canvas, 22, TOP + HEIGHT / 2.0, &upwards, INK,
		    "offset of the row");
}

static void draw_times(const struct drawing *drawing)
{
	const struct heat_picture *picture = drawing->picture;
	const uint64_t span = picture->end_ns[picture->grid->rows - 1];
	const struct heat_axis axis = heat_axis_time(span, 10);
	char text[64];
	uint64_t at;

	for (at = 0; at <= span; at += axis.step) {
		snprintf(text, sizeof(text), "%" PRIu64, at / axis.unit);
		tick_beside(drawing->canvas, TOP + (double)HEIGHT * at / span,
			    text);
	}
	snprintf(text, sizeof(text), "time since the start [%s]", axis.name);
	canvas_text(drawing->canvas, 22, TOP + HEIGHT / 2.0, &upwards, INK,
		    text);
}

/* ---- legend ------------------------------------------------------------- */

static void bar_tick(const struct drawing *drawing, uint64_t mark)
{
	double y = BAR_Y +
		   BAR_HEIGHT * (1 - heat_scale_place(&drawing->scale, mark));
	char text[KCOPY_FORMAT_MAX];

	canvas_line(drawing->canvas, BAR_X + BAR_WIDTH, y,
		    BAR_X + BAR_WIDTH + 4, y, INK);
	canvas_text(drawing->canvas, BAR_X + BAR_WIDTH + 8, y + 4, &label, INK,
		    heat_mark_text(drawing->scale.what, mark, text));
}

static bool is_power_of_ten(uint64_t mark)
{
	while (mark % 10 == 0)
		mark /= 10;
	return mark == 1;
}

/* Both ends; between them 1, 2, 5, ... or, of a long scale, powers of ten. */
static void bar_ticks(const struct drawing *drawing)
{
	const struct heat_scale *scale = &drawing->scale;
	const bool all = scale->high / scale->low <= 1000;
	uint64_t mark;

	bar_tick(drawing, scale->low);
	for (mark = heat_next_mark(scale->low); mark < scale->high;
	     mark = heat_next_mark(mark)) {
		/* Not so near to an end that they would touch. */
		if (all || (is_power_of_ten(mark) && mark / scale->low >= 5 &&
			    scale->high / mark >= 5))
			bar_tick(drawing, mark);
	}
	bar_tick(drawing, scale->high);
}

static void draw_bar(const struct drawing *drawing)
{
	unsigned int i;

	canvas_text(drawing->canvas, BAR_X, TOP + 8, &label, INK,
		    heat_what_text(drawing->scale.what));
	for (i = 0; i < SHADES; i++) {
		canvas_rectangle(drawing->canvas, BAR_X,
				 BAR_Y + BAR_HEIGHT * (SHADES - 1.0 - i) /
						 SHADES,
				 BAR_WIDTH, (double)BAR_HEIGHT / SHADES);
		canvas_fill(drawing->canvas, shade_colour(i));
	}
	bar_ticks(drawing);
	canvas_text(drawing->canvas, BAR_X, BAR_Y + BAR_HEIGHT + 22, &label,
		    PALE_INK, "log scale");
}

static double draw_swatch(const struct drawing *drawing, double y,
			  uint32_t colour, const char *text)
{
	canvas_rectangle(drawing->canvas, BAR_X, y, BAR_WIDTH, 14);
	canvas_fill(drawing->canvas, colour);
	if (colour == FAILED)
		draw_cross(drawing->canvas, BAR_X, y, BAR_WIDTH, 14);
	canvas_text(drawing->canvas, BAR_X + BAR_WIDTH + 8, y + 11, &label, INK,
		    text);
	return y + 24;
}

static void draw_legend(const struct drawing *drawing)
{
	const bool errors = drawing->scale.what == HEAT_ERRORS;
	double y = TOP + 2;

	if (drawing->scale.seen) {
		draw_bar(drawing);
		y = BAR_Y + BAR_HEIGHT + 44;
	}
	y = errors ? draw_swatch(drawing, y, NO_ERROR, "no error") :
		     draw_swatch(drawing, y, FAILED, "errors");
	draw_swatch(drawing, y, NO_IO, "no I/O");
}

/* ---- all of it ---------------------------------------------------------- */

/* What does not fit ends with dots, never within a character. */
static void draw_line(const struct drawing *drawing, double y,
		      const struct canvas_font *font, uint32_t colour,
		      const char *text)
{
	const double room = HEAT_PICTURE_WIDTH - LEFT - 20;
	char line[256];
	size_t len = snprintf(line, sizeof(line), "%s", text);

	len = len < sizeof(line) ? len : sizeof(line) - 1;
	while (len > 3 &&
	       canvas_text_width(drawing->canvas, font, line) > room) {
		do
			len--;
		while (len > 3 && (line[len - 3] & 0xc0) == 0x80);
		strcpy(line + len - 3, "...");
	}
	canvas_text(drawing->canvas, LEFT, y, font, colour, line);
}

static void draw_all(const struct drawing *drawing)
{
	const struct heat_picture *picture = drawing->picture;

	draw_line(drawing, 32, &heading, INK, picture->title);
	draw_line(drawing, 52, &label, PALE_INK, picture->lines[0]);
	draw_line(drawing, 69, &label, PALE_INK, picture->lines[1]);
	if (picture->grid->nr) {
		draw_cells(drawing);
		draw_offsets(drawing);
		if (picture->end_ns)
			draw_times(drawing);
		else
			draw_rows(drawing);
	}
	draw_legend(drawing);
}

int heat_picture_draw(const struct heat_picture *picture, FILE *file,
		      enum canvas_format format)
{
	const struct heat_grid *grid = picture->grid;
	AUTO_FREE unsigned char *shades = malloc(grid->nr + 1);
	struct drawing drawing = { .picture = picture, .shades = shades };
	size_t i;

	if (!shades)
		return -ENOMEM;
	heat_scale_init(&drawing.scale, picture->what, grid->cells, grid->nr);
	for (i = 0; i < grid->nr; i++)
		shades[i] = shade_of(&drawing.scale, &grid->cells[i]);
	drawing.canvas = canvas_open(file, format, HEAT_PICTURE_WIDTH,
				     HEAT_PICTURE_HEIGHT);
	if (!drawing.canvas)
		return -ENOMEM;
	draw_all(&drawing);
	return canvas_close(drawing.canvas);
}
