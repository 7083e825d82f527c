// SPDX-License-Identifier: GPL-2.0-only
/* Block devices that the caller has open. */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "internal.h"

static int device_get(struct bench_device *device, int fd)
{
	struct inode *inode;

	device->file = fget(fd);
	if (!device->file)
		return -EBADF;
	inode = device->file->f_mapping->host;
	if (!S_ISBLK(inode->i_mode)) {
		fput(device->file);
		return -ENOTBLK;
	}
	device->bdev = I_BDEV(inode);
	return 0;
}

/* The files keep the devices there. */
int bench_devices_get(struct bench_device *devices, const s32 *fds,
		      unsigned int nr)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++) {
		err = device_get(&devices[i], fds[i]);
		if (err) {
			bench_devices_put(devices, i);
			return err;
		}
	}
	return 0;
}

void bench_devices_put(struct bench_device *devices, unsigned int nr)
{
	while (nr--)
		fput(devices[nr].file);
}
