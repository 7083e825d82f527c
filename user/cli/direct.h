/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block device or a file, read past the page cache. */
#ifndef _KCOPYCTL_DIRECT_H
#define _KCOPYCTL_DIRECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct direct - what is read
 * @fd: open, several threads may read at once
 * @size: bytes
 * @align: of what is read, bytes
 */
struct direct {
	int fd;
	uint64_t size;
	size_t align;
};

/* -errno; -ENOTBLK when it is neither. */
int direct_open(struct direct *direct, const char *path);
void direct_close(struct direct *direct);

/* Room for one read, as it has to be; free() it. */
void *direct_buffer(void);

/**
 * direct_read - some bytes
 * @direct: from here
 * @at: the first
 * @length: at most so many
 * @buffer: from direct_buffer()
 * @data: where to put where they are, in @buffer
 *
 * Return: how many, fewer than asked for if that does not fit; 0 at the end;
 * -errno.
 */
ssize_t direct_read(const struct direct *direct, uint64_t at, uint64_t length,
		    void *buffer, void **data);

#endif /* _KCOPYCTL_DIRECT_H */
