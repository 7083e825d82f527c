// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said on stderr. */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include "cleanup.h"
#include "cli.h"

static const char *verb;

void set_verb(const char *name)
{
	verb = name;
}

/* Of ASCII, or one of those that UTF-8 writes as 0xc2 and 0x80 to 0x9f. */
static bool is_control(const char *c)
{
	const unsigned char first = c[0], second = first ? c[1] : 0;

	return iscntrl(first) ||
	       (first == 0xc2 && second >= 0x80 && second < 0xa0);
}

/*
 * Names of mount points and files, and labels, are made by others, and must not
 * steer the terminal. Lines they may break.
 */
static void without_controls(char *text)
{
	for (; *text; text++)
		if (*text != '\n' && is_control(text))
			*text = '?';
}

static void complain_args(const char *format, va_list args)
{
	AUTO_FREE char *text = NULL;
	va_list again;

	va_copy(again, args);
	if (vasprintf(&text, format, again) < 0)
		text = NULL;
	va_end(again);
	fprintf(stderr, "kcopyctl: %s%s", verb ? verb : "", verb ? ": " : "");
	if (text) {
		without_controls(text);
		fputs(text, stderr);
	} else {
		vfprintf(stderr, format, args);
	}
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_args(format, args);
	va_end(args);
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_args(format, args);
	va_end(args);
	fprintf(stderr, "Try 'kcopyctl %s%s--help'.\n", verb ? verb : "",
		verb ? " " : "");
	return EXIT_USAGE;
}
