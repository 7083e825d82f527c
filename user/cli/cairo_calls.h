/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of cairo that are used, loaded when they are needed. */
#ifndef _KCOPYCTL_CAIRO_CALLS_H
#define _KCOPYCTL_CAIRO_CALLS_H

#include <cairo.h>
#include <cairo-svg.h>

struct cairo_calls {
	__typeof__(cairo_create) *create;
	__typeof__(cairo_destroy) *destroy;
	__typeof__(cairo_fill) *fill;
	__typeof__(cairo_image_surface_create) *image_surface_create;
	__typeof__(cairo_line_to) *line_to;
	__typeof__(cairo_move_to) *move_to;
	__typeof__(cairo_paint) *paint;
	__typeof__(cairo_rectangle) *rectangle;
	__typeof__(cairo_restore) *restore;
	__typeof__(cairo_rotate) *rotate;
	__typeof__(cairo_save) *save;
	__typeof__(cairo_scale) *scale;
	__typeof__(cairo_select_font_face) *select_font_face;
	__typeof__(cairo_set_antialias) *set_antialias;
	__typeof__(cairo_set_font_size) *set_font_size;
	__typeof__(cairo_set_line_width) *set_line_width;
	__typeof__(cairo_set_source_rgb) *set_source_rgb;
	__typeof__(cairo_show_text) *show_text;
	__typeof__(cairo_status) *status;
	__typeof__(cairo_stroke) *stroke;
	__typeof__(cairo_surface_destroy) *surface_destroy;
	__typeof__(cairo_surface_finish) *surface_finish;
	__typeof__(cairo_surface_status) *surface_status;
	__typeof__(cairo_surface_write_to_png_stream) *write_to_png_stream;
	__typeof__(cairo_svg_surface_create_for_stream) *svg_surface_create;
	__typeof__(cairo_text_extents) *text_extents;
};

/* All of them, or NULL: then @why is what is missing. */
const struct cairo_calls *cairo_calls_load(const char **why);

#endif /* _KCOPYCTL_CAIRO_CALLS_H */
