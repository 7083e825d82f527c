// SPDX-License-Identifier: GPL-2.0-or-later
/* A screenful of text, wherever it is shown. */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "frame.h"

size_t frame_room(const struct frame *frame)
{
	if (!frame->height)
		return SIZE_MAX;
	return frame->nr < frame->height ? frame->height - frame->nr : 0;
}

static struct frame_line *new_line(struct frame *frame)
{
	struct frame_line *grown;

	grown = reallocarray(frame->lines, frame->nr + 1, sizeof(*grown));
	if (!grown) {
		complain("out of memory");
		exit(EXIT_FAILED);
	}
	frame->lines = grown;
	return &grown[frame->nr++];
}

void frame_add(struct frame *frame, enum frame_style style, const char *format,
	       ...)
{
	struct frame_line *line;
	va_list args;

	if (!frame_room(frame))
		return;
	line = new_line(frame);
	line->style = style;
	va_start(args, format);
	vsnprintf(line->text, sizeof(line->text), format, args);
	va_end(args);
	if (frame->width < FRAME_MAX_WIDTH)
		line->text[frame->width] = '\0';
}

void frame_print(const struct frame *frame, FILE *file)
{
	const char *text;
	size_t i, len;

	for (i = 0; i < frame->nr; i++) {
		text = frame->lines[i].text;
		len = strlen(text);
		while (len && text[len - 1] == ' ')
			len--;
		fprintf(file, "%.*s\n", (int)len, text);
	}
}

void frame_free(struct frame *frame)
{
	free(frame->lines);
	frame->lines = NULL;
	frame->nr = 0;
}
