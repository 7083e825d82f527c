/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices. */
#ifndef _KCOPY_LOOP_H
#define _KCOPY_LOOP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A loop device over an open file, and its node. @block: logical block, 0 = that
 * of the device behind the file. Returns a descriptor of the device, which goes
 * when the last one is closed, or -errno.
 */
int kcopy_loop_attach(int file, bool read_only, unsigned int block, char *node,
		      size_t size);

#endif /* _KCOPY_LOOP_H */
