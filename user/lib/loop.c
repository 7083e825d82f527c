// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loop devices: files as block devices, and which file is behind which. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "loop.h"

/* Others want one, too: the one that was free need not be it any more. */
#define ATTEMPTS 32

static int configure(int loop, int file, bool read_only)
{
	const struct loop_config config = {
		.fd = file,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO |
				 (read_only ? LO_FLAGS_READ_ONLY : 0),
	};

	return ioctl(loop, LOOP_CONFIGURE, &config) ? -errno : 0;
}

static int attach_once(int control, int file, bool read_only, char *node,
		       size_t size)
{
	AUTO_FD int loop = -1;
	int number, err;

	number = ioctl(control, LOOP_CTL_GET_FREE);
	if (number < 0)
		return -errno;
	snprintf(node, size, "/dev/loop%d", number);
	loop = open(node, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (loop < 0)
		return errno == ENXIO ? -EBUSY : -errno;
	err = configure(loop, file, read_only);
	return err ? err : steal_fd(&loop);
}

int loop_attach(int file, bool read_only, char *node, size_t size)
{
	AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int i, loop = -EBUSY;

	if (control < 0)
		return errno == ENOENT ? -ENXIO : -errno;
	for (i = 0; loop == -EBUSY && i < ATTEMPTS; i++)
		loop = attach_once(control, file, read_only, node, size);
	return loop;
}

/* 1: that file is behind it, 0: it is not, -errno. */
static int is_behind(const char *node, const struct stat *file, bool *writable)
{
	AUTO_FD int loop = open(node, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;

	if (loop < 0)
		return errno == ENOENT || errno == ENXIO ? 0 : -errno;
	if (ioctl(loop, LOOP_GET_STATUS64, &info))
		return errno == ENXIO ? 0 : -errno;
	*writable = !(info.lo_flags & LO_FLAGS_READ_ONLY);
	return info.lo_device == file->st_dev && info.lo_inode == file->st_ino;
}

static int add_use(struct kcopy_use **uses, size_t *nr, const char *node,
		   bool writable)
{
	struct kcopy_use *more = reallocarray(*uses, *nr + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[*nr] = (struct kcopy_use){
		.kind = KCOPY_USE_LOOP,
		.writable = writable,
	};
	snprintf(more[*nr].by, sizeof(more->by), "%s", node);
	*uses = more;
	(*nr)++;
	return 0;
}

int kcopy_file_uses(const char *file, struct kcopy_use **uses, size_t *nr)
{
	AUTO_FREE struct kcopy_use *found = NULL;
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	bool writable = false;
	char node[64];
	int err = 0;

	*nr = 0;
	if (stat(file, &st))
		return -errno;
	dir = opendir("/sys/block");
	while (err >= 0 && dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4))
			continue;
		snprintf(node, sizeof(node), "/dev/%.32s", entry->d_name);
		err = is_behind(node, &st, &writable);
		if (err > 0)
			err = add_use(&found, nr, node, writable);
	}
	if (err < 0)
		return err;
	*uses = steal_pointer(&found);
	return 0;
}
