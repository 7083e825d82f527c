// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "explain.h"
#include "sysfs.h"

int kcopy_explain(struct kcopy_explanation *why, int err, const char *format,
		  ...)
{
	va_list args;

	if (!why)
		return err;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return err;
}

bool kcopy_locked_down(void)
{
	char text[128];

	if (kcopy_sysfs_read("/sys/kernel/security", "lockdown", text,
			     sizeof(text)))
		return false;
	return !strstr(text, "[none]");
}
