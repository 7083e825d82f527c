/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heat as a picture for a report. */
#ifndef _KCOPYCTL_HEAT_PICTURE_H
#define _KCOPYCTL_HEAT_PICTURE_H

#include "canvas.h"
#include "heat.h"

#define HEAT_PICTURE_WIDTH 1000
#define HEAT_PICTURE_HEIGHT 580

/**
 * struct heat_picture - what is drawn
 * @title: large, one line
 * @lines: below it, small; "" for none; what is too long is cut, and shows it
 * @what: the values
 * @grid: a device folded into rows, or rows of the whole device
 * @end_ns: when each row ends, if the rows are times; NULL if they are places
 */
struct heat_picture {
	const char *title;
	const char *lines[2];
	enum heat_what what;
	const struct heat_grid *grid;
	const uint64_t *end_ns;
};

/* Draw it; 0 or -errno. canvas_missing() must have been asked. */
int heat_picture_draw(const struct heat_picture *picture, FILE *file,
		      enum canvas_format format);

#endif /* _KCOPYCTL_HEAT_PICTURE_H */
