/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screenful of text, wherever it is shown. */
#ifndef _KCOPYCTL_FRAME_H
#define _KCOPYCTL_FRAME_H

#include <stddef.h>
#include <stdio.h>

enum frame_style {
	FRAME_PLAIN,
	FRAME_TITLE,
	FRAME_HEADING, /* names of columns */
	FRAME_ALERT, /* needs to be looked at */
};

#define FRAME_MAX_WIDTH 255

struct frame_line {
	enum frame_style style;
	char text[FRAME_MAX_WIDTH + 1];
};

/**
 * struct frame - lines of text
 * @width: columns; what is longer is cut off
 * @height: lines that fit; 0: any number
 * @nr: lines that there are
 * @lines: without a line break
 */
struct frame {
	unsigned int width;
	unsigned int height;
	size_t nr;
	struct frame_line *lines;
};

/* Add a line, unless the frame is full. Without memory the program ends. */
void frame_add(struct frame *frame, enum frame_style style, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));

/* Lines that still fit. */
size_t frame_room(const struct frame *frame);

/* As plain text, without blanks at the ends of lines. */
void frame_print(const struct frame *frame, FILE *file);
void frame_free(struct frame *frame);

#endif /* _KCOPYCTL_FRAME_H */
