// SPDX-License-Identifier: GPL-2.0-or-later
/* Cairo, and X's libraries with it, are loaded for a picture and no sooner. */
#include <dlfcn.h>
#include <stddef.h>
#include "cairo_calls.h"

#define LIBRARY "libcairo.so.2"

static struct cairo_calls calls;

/* Where the address of which function goes. */
static const struct {
	void *to;
	const char *name;
} wanted[] = {
	{ &calls.create, "cairo_create" },
	{ &calls.destroy, "cairo_destroy" },
	{ &calls.fill, "cairo_fill" },
	{ &calls.image_surface_create, "cairo_image_surface_create" },
	{ &calls.line_to, "cairo_line_to" },
	{ &calls.move_to, "cairo_move_to" },
	{ &calls.paint, "cairo_paint" },
	{ &calls.rectangle, "cairo_rectangle" },
	{ &calls.restore, "cairo_restore" },
	{ &calls.rotate, "cairo_rotate" },
	{ &calls.save, "cairo_save" },
	{ &calls.scale, "cairo_scale" },
	{ &calls.select_font_face, "cairo_select_font_face" },
	{ &calls.set_antialias, "cairo_set_antialias" },
	{ &calls.set_font_size, "cairo_set_font_size" },
	{ &calls.set_line_width, "cairo_set_line_width" },
	{ &calls.set_source_rgb, "cairo_set_source_rgb" },
	{ &calls.show_text, "cairo_show_text" },
	{ &calls.status, "cairo_status" },
	{ &calls.stroke, "cairo_stroke" },
	{ &calls.surface_destroy, "cairo_surface_destroy" },
	{ &calls.surface_finish, "cairo_surface_finish" },
	{ &calls.surface_status, "cairo_surface_status" },
	{ &calls.write_to_png_stream, "cairo_surface_write_to_png_stream" },
	{ &calls.svg_surface_create, "cairo_svg_surface_create_for_stream" },
	{ &calls.text_extents, "cairo_text_extents" },
};

const struct cairo_calls *cairo_calls_load(const char **why)
{
	static void *library;
	void *address;
	size_t i;

	if (library)
		return &calls;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (i = 0; library && i < sizeof(wanted) / sizeof(*wanted); i++) {
		address = dlsym(library, wanted[i].name);
		if (!address)
			library = NULL;
		else
			*(void **)wanted[i].to = address;
	}
	if (library)
		return &calls;
	*why = dlerror();
	return NULL;
}
