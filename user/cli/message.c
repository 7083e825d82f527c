// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said on stderr. */
#include <stdarg.h>
#include <stdio.h>
#include "cli.h"

static const char *verb;

void set_verb(const char *name)
{
	verb = name;
}

static void complain_args(const char *format, va_list args)
{
	if (verb)
		fprintf(stderr, "kcopyctl: %s: ", verb);
	else
		fprintf(stderr, "kcopyctl: ");
	vfprintf(stderr, format, args);
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
