/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drawing into a picture file, by cairo. Units are those of a 96 dpi screen. */
#ifndef _KCOPYCTL_CANVAS_H
#define _KCOPYCTL_CANVAS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum canvas_format { CANVAS_SVG, CANVAS_PNG };
enum canvas_align { CANVAS_LEFT, CANVAS_CENTRE, CANVAS_RIGHT };

/**
 * struct canvas_font - how text is written
 * @size: of its letters
 * @align: which end of it the place is
 * @bold: whether its strokes are
 * @upwards: turned, read from below
 */
struct canvas_font {
	double size;
	enum canvas_align align;
	bool bold;
	bool upwards;
};

struct canvas;

/*
 * What keeps pictures from being drawn, or NULL. Cairo and what it needs come
 * with the first picture: other verbs start faster, and work without.
 */
const char *canvas_missing(void);

/* A white one, or NULL without memory. It's drawn into @file at the end. */
struct canvas *canvas_open(FILE *file, enum canvas_format format,
			   unsigned int width, unsigned int height);

/* Write what is not written, and free; 0 or -errno. */
int canvas_close(struct canvas *canvas);

/* Rectangles are collected, then filled with 0xRRGGBB. Edges stay sharp. */
void canvas_rectangle(struct canvas *canvas, double x, double y, double width,
		      double height);
void canvas_fill(struct canvas *canvas, uint32_t colour);

void canvas_line(struct canvas *canvas, double x0, double y0, double x1,
		 double y1, uint32_t colour);

/* @y is where the letters stand. */
void canvas_text(struct canvas *canvas, double x, double y,
		 const struct canvas_font *font, uint32_t colour,
		 const char *text);
double canvas_text_width(struct canvas *canvas, const struct canvas_font *font,
			 const char *text);

#endif /* _KCOPYCTL_CANVAS_H */
