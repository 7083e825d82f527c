/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that is made in memory, whole or not at all. */
#ifndef _KCOPYCTL_TEXT_H
#define _KCOPYCTL_TEXT_H

#include <stddef.h>
#include <stdio.h>

/**
 * struct text - what was printed
 * @data: free() it; ends with a NUL, which does not count
 * @len: of it
 * @room: bytes that there is room for
 */
struct text {
	char *data;
	size_t len;
	size_t room;
};

/*
 * A stream to print to, or NULL. Unlike one of open_memstream() it knows at its
 * end whether there was room for all.
 */
FILE *text_open(struct text *text);

/* Whatever was printed fits, or -ENOMEM, and there is no text. */
int text_close(FILE *file, struct text *text);

#endif /* _KCOPYCTL_TEXT_H */
