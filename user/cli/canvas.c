// SPDX-License-Identifier: GPL-2.0-or-later
/* Drawing into a picture file. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "cairo_calls.h"
#include "canvas.h"

/* Dots a unit: a picture of dots is to look well on paper, too. */
#define PNG_SCALE 2
/* Lines of it can't be sharp at any size: neighbours overlap a little. */
#define SVG_OVERLAP 0.5

struct canvas {
	const struct cairo_calls *call;
	enum canvas_format format;
	FILE *file;
	cairo_surface_t *surface;
	cairo_t *cairo;
};

const char *canvas_missing(void)
{
	const char *why = NULL;

	return cairo_calls_load(&why) ? NULL : why ? why : "unknown";
}

static cairo_status_t put(void *file, const unsigned char *data,
			  unsigned int length)
{
	return fwrite(data, 1, length, file) == length ?
		       CAIRO_STATUS_SUCCESS :
		       CAIRO_STATUS_WRITE_ERROR;
}

static void set_colour(struct canvas *canvas, uint32_t colour)
{
	canvas->call->set_source_rgb(canvas->cairo, (colour >> 16) / 255.0,
				     (colour >> 8 & 0xff) / 255.0,
				     (colour & 0xff) / 255.0);
}

struct canvas *canvas_open(FILE *file, enum canvas_format format,
			   unsigned int width, unsigned int height)
{
	struct canvas *canvas = calloc(1, sizeof(*canvas));
	const char *why;

	if (!canvas)
		return NULL;
	canvas->call = cairo_calls_load(&why);
	canvas->format = format;
	canvas->file = file;
	if (!canvas->call) {
		free(canvas);
		return NULL;
	}
	/* Without memory these are objects that do nothing, with a status. */
	canvas->surface =
		format == CANVAS_SVG ?
			canvas->call->svg_surface_create(put, file, width,
							 height) :
			canvas->call->image_surface_create(CAIRO_FORMAT_RGB24,
							   width * PNG_SCALE,
							   height * PNG_SCALE);
	canvas->cairo = canvas->call->create(canvas->surface);
	if (format == CANVAS_PNG)
		canvas->call->scale(canvas->cairo, PNG_SCALE, PNG_SCALE);
	canvas->call->select_font_face(canvas->cairo, "sans",
				       CAIRO_FONT_SLANT_NORMAL,
				       CAIRO_FONT_WEIGHT_NORMAL);
	set_colour(canvas, 0xffffff);
	canvas->call->paint(canvas->cairo);
	return canvas;
}

int canvas_close(struct canvas *canvas)
{
	cairo_status_t status = canvas->call->status(canvas->cairo);
	int err;

	errno = 0;
	if (!status && canvas->format == CANVAS_PNG)
		status = canvas->call->write_to_png_stream(canvas->surface, put,
							   canvas->file);
	canvas->call->destroy(canvas->cairo);
	canvas->call->surface_finish(canvas->surface);
	if (!status)
		status = canvas->call->surface_status(canvas->surface);
	if (!status)
		err = 0;
	else if (status == CAIRO_STATUS_NO_MEMORY)
		err = -ENOMEM;
	else
		err = errno ? -errno : -EIO;
	canvas->call->surface_destroy(canvas->surface);
	free(canvas);
	return err;
}

/* To whole dots, so that no seam shows between neighbours. */
static double snap(double at)
{
	return round(at * PNG_SCALE) / PNG_SCALE;
}

void canvas_rectangle(struct canvas *canvas, double x, double y, double width,
		      double height)
{
	double more = canvas->format == CANVAS_SVG ? SVG_OVERLAP : 0;

	canvas->call->rectangle(canvas->cairo, snap(x), snap(y),
				snap(x + width) - snap(x) + more,
				snap(y + height) - snap(y) + more);
}

void canvas_fill(struct canvas *canvas, uint32_t colour)
{
	set_colour(canvas, colour);
	canvas->call->set_antialias(canvas->cairo, CAIRO_ANTIALIAS_NONE);
	canvas->call->fill(canvas->cairo);
	canvas->call->set_antialias(canvas->cairo, CAIRO_ANTIALIAS_DEFAULT);
}

void canvas_line(struct canvas *canvas, double x0, double y0, double x1,
		 double y1, uint32_t colour)
{
	set_colour(canvas, colour);
	canvas->call->set_line_width(canvas->cairo, 1);
	canvas->call->move_to(canvas->cairo, x0, y0);
	canvas->call->line_to(canvas->cairo, x1, y1);
	canvas->call->stroke(canvas->cairo);
}

static void set_font(struct canvas *canvas, const struct canvas_font *font)
{
	canvas->call->select_font_face(
		canvas->cairo, "sans", CAIRO_FONT_SLANT_NORMAL,
		font->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	canvas->call->set_font_size(canvas->cairo, font->size);
}

double canvas_text_width(struct canvas *canvas, const struct canvas_font *font,
			 const char *text)
{
	cairo_text_extents_t extents = {};

	set_font(canvas, font);
	canvas->call->text_extents(canvas->cairo, text, &extents);
	return extents.x_advance;
}

void canvas_text(struct canvas *canvas, double x, double y,
		 const struct canvas_font *font, uint32_t colour,
		 const char *text)
{
	double width = canvas_text_width(canvas, font, text);
	double before = font->align == CANVAS_LEFT   ? 0 :
			font->align == CANVAS_CENTRE ? width / 2 :
						       width;

	set_colour(canvas, colour);
	canvas->call->save(canvas->cairo);
	canvas->call->move_to(canvas->cairo, x - (font->upwards ? 0 : before),
			      y + (font->upwards ? before : 0));
	if (font->upwards)
		canvas->call->rotate(canvas->cairo, -M_PI / 2);
	canvas->call->show_text(canvas->cairo, text);
	canvas->call->restore(canvas->cairo);
}
