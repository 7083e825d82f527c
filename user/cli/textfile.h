/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that others read at any time: it is replaced as a whole. */
#ifndef _KCOPYCTL_TEXTFILE_H
#define _KCOPYCTL_TEXTFILE_H

#include <stddef.h>
#include <stdio.h>

/* Each returns an exit code; what is wrong has been said. */

/*
 * Write TEXT to a new file beside PATH, then put that in its place; what was
 * there stays as it is otherwise.
 */
int textfile_replace(const char *path, const char *text, size_t len);

/* Print the text; 0 or -errno. */
typedef int (*textfile_print_fn)(FILE *file, void *context);

/* The same with a text that need not fit into memory. */
int textfile_print(const char *path, textfile_print_fn print, void *context);

/* Whether PATH may be replaced, an exit code; it has complained. */
typedef int (*textfile_may_fn)(const char *path, void *context);

/*
 * The same, of a text that took long to make: MAY is asked last, and alone, what
 * may be replaced. If it says no, the new file stays, and it is said where.
 */
int textfile_print_if(const char *path, textfile_print_fn print,
		      textfile_may_fn may, void *context);

/*
 * An empty file without a name beside PATH, that nothing is left of: and with
 * that it is known that PATH can be written.
 */
int textfile_scratch(const char *path, FILE **scratch);

#endif /* _KCOPYCTL_TEXTFILE_H */
