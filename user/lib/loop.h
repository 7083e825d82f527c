/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices. */
#ifndef _KCOPY_LOOP_H
#define _KCOPY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct kcopy_loop - what a loop device is over
 * @block: a block device, 0 = a file
 * @file_device: where the file is, as st_dev
 * @inode: its number
 * @name: its path, or "..." and the end of that
 * @offset: first byte of it
 * @bytes: from there on
 * @read_only: nothing is written through the loop device
 */
struct kcopy_loop {
	dev_t block;
	dev_t file_device;
	ino_t inode;
	char name[64];
	uint64_t offset;
	uint64_t bytes;
	bool read_only;
};

/* 1: it is one, and over something; 0: it is not; -errno. */
int kcopy_loop_look(dev_t dev, struct kcopy_loop *loop);

/*
 * A loop device over an open file, and its node. @block: logical block, 0 = that
 * of the device behind the file. Returns a descriptor of the device, which goes
 * when the last one is closed, or -errno.
 */
int kcopy_loop_attach(int file, bool read_only, unsigned int block, char *node,
		      size_t size);

#endif /* _KCOPY_LOOP_H */
