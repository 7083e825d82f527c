// SPDX-License-Identifier: GPL-2.0-or-later
/* A command as one would type it. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command_line.h"
#include "text.h"

static bool is_plain(const char *word)
{
	const unsigned char *c;

	for (c = (const unsigned char *)word; *c; c++)
		if (!isalnum(*c) && !strchr("-_=+,./:@%", *c))
			return false;
	return *word;
}

/* In $'...' everything can be written, and nothing ends the line. */
static void put_quoted(FILE *file, const char *word)
{
	const unsigned char *c;

	fputs("$'", file);
	for (c = (const unsigned char *)word; *c; c++) {
		if (*c == '\'' || *c == '\\')
			fprintf(file, "\\%c", *c);
		else if (*c < ' ' || *c == 0x7f)
			fprintf(file, "\\%03o", *c);
		else
			putc(*c, file);
	}
	putc('\'', file);
}

/* What a terminal would not show as it is, or '...' does not hold. */
static bool needs_escapes(const char *word)
{
	const unsigned char *c;

	for (c = (const unsigned char *)word; *c; c++)
		if (*c < ' ' || *c == 0x7f || *c == '\'')
			return true;
	return false;
}

static void put_word(FILE *file, const char *word)
{
	putc(' ', file);
	if (is_plain(word))
		fputs(word, file);
	else if (needs_escapes(word))
		put_quoted(file, word);
	else
		fprintf(file, "'%s'", word);
}

char *command_line(char *const argv[], const char *extra)
{
	struct text text;
	FILE *file = text_open(&text);

	if (!file)
		return NULL;
	fputs("kcopyctl", file);
	if (*argv)
		put_word(file, *argv++);
	if (extra)
		put_word(file, extra);
	for (; *argv; argv++)
		put_word(file, *argv);
	return text_close(file, &text) ? NULL : text.data;
}
