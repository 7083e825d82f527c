// SPDX-License-Identifier: GPL-2.0-or-later
/* A text that is made in memory, whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

#define LEAST 4096

static int grow(struct text *text, size_t needed)
{
	size_t room = needed + needed / 2 + LEAST;
	char *more = realloc(text->data, room);

	if (!more)
		return -ENOMEM;
	text->data = more;
	text->room = room;
	return 0;
}

static ssize_t append(void *context, const char *from, size_t size)
{
	struct text *text = context;
	size_t needed = text->len + size + 1;

	if (needed > text->room && grow(text, needed))
		return 0;
	memcpy(text->data + text->len, from, size);
	text->len += size;
	text->data[text->len] = '\0';
	return size;
}

FILE *text_open(struct text *text)
{
	const cookie_io_functions_t functions = { .write = append };
	FILE *file;

	*text = (struct text){};
	if (grow(text, 0))
		return NULL;
	*text->data = '\0';
	file = fopencookie(text, "w", functions);
	if (!file)
		free(text->data);
	return file;
}

int text_close(FILE *file, struct text *text)
{
	int failed = ferror(file);

	failed |= fclose(file);
	if (!failed)
		return 0;
	free(text->data);
	*text = (struct text){};
	return -ENOMEM;
}
