/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that others read at any time: it is replaced as a whole. */
#ifndef _KCOPYCTL_TEXTFILE_H
#define _KCOPYCTL_TEXTFILE_H

#include <stddef.h>

/*
 * Write TEXT to a new file beside PATH, then put that in its place; what was
 * there stays as it is otherwise. An exit code; what is wrong has been said.
 */
int textfile_replace(const char *path, const char *text, size_t len);

#endif /* _KCOPYCTL_TEXTFILE_H */
