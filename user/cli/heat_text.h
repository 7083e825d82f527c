/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heat on a terminal, with colours or with characters. */
#ifndef _KCOPYCTL_HEAT_TEXT_H
#define _KCOPYCTL_HEAT_TEXT_H

#include <stdio.h>
#include "heat.h"

enum heat_ink {
	HEAT_INK_NONE, /* characters, the denser the more */
	HEAT_INK_256,
	HEAT_INK_TRUE, /* 24 bits */
};

/* Columns of all lines, at least; a narrower terminal breaks them. */
#define HEAT_TEXT_LEAST 40

/**
 * struct heat_text - where it is drawn, and how
 * @file: on what
 * @ink: with what
 * @width: columns of a line
 */
struct heat_text {
	FILE *file;
	enum heat_ink ink;
	unsigned int width;
};

/* Cells that fit on a line, a multiple of 8: offsets of rows become rounder. */
size_t heat_text_columns(const struct heat_text *text);

/* A device in rows, each with the offset where it begins. */
void heat_text_grid(const struct heat_text *text, const char *name,
		    const struct heat_grid *grid, enum heat_what what);

/*
 * A line for each device, with what is on it in short, and with its totals:
 * the cells of a device don't add up to them. 0 or -ENOMEM.
 */
int heat_text_devices(const struct heat_text *text,
		      const struct kcopy_heat *heat,
		      const struct heat_cell *totals, size_t nr,
		      enum heat_what what);

/* What is above the lines of a device that is being watched. */
void heat_text_head(const struct heat_text *text, const char *name,
		    const struct heat_grid *grid,
		    const struct heat_scale *scale);

/* One of them; at once on the screen. */
void heat_text_line(const struct heat_text *text, uint64_t ns,
		    const struct heat_cell *cells, size_t nr,
		    const struct heat_scale *scale);

#endif /* _KCOPYCTL_HEAT_TEXT_H */
