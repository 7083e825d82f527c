// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loop devices: files as block devices. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "loop.h"

/* Others want one, too: the one that was free need not be it any more. */
#define ATTEMPTS 32

/*
 * An overlay over a file system in memory, as live systems have it, is believed
 * by older kernels' loop devices to take direct I/O, and then refuses it.
 */
static bool takes_direct_io(int file)
{
	char path[32];
	AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return fd >= 0 || errno != EINVAL;
}

/*
 * Its own block would be that of the device behind the file, of which the file
 * need not be a multiple.
 */
static int configure(int loop, int file, bool read_only, unsigned int block)
{
	const struct loop_config config = {
		.fd = file,
		.block_size = block,
		.info.lo_flags =
			LO_FLAGS_AUTOCLEAR |
			(takes_direct_io(file) ? LO_FLAGS_DIRECT_IO : 0) |
			(read_only ? LO_FLAGS_READ_ONLY : 0),
	};

	return ioctl(loop, LOOP_CONFIGURE, &config) ? -errno : 0;
}

static int attach_once(int control, int file, bool read_only,
		       unsigned int block, char *node, size_t size)
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
	err = configure(loop, file, read_only, block);
	return err ? err : steal_fd(&loop);
}

/* Of all of it, and of its own, whatever it is over. */
static uint64_t bytes_of(int fd)
{
	uint64_t bytes = 0;

	return ioctl(fd, BLKGETSIZE64, &bytes) ? UINT64_MAX / 2 : bytes;
}

/*
 * As the kernel knows it, with its end if that is too long. Whoever attached it
 * need not have said a name, and what is said may be cut.
 */
static void name_file(char *name, size_t size, dev_t dev,
		      const struct loop_info64 *info)
{
	char path[PATH_MAX];
	size_t from;

	if (!kcopy_device_file(major(dev), minor(dev), path, sizeof(path)))
		snprintf(path, sizeof(path), "%.*s",
			 (int)sizeof(info->lo_file_name),
			 (const char *)info->lo_file_name);
	if (strlen(path) < size) {
		snprintf(name, size, "%s", path);
		return;
	}
	from = strlen(path) + sizeof("...") - size;
	/* Not within a character. */
	while ((path[from] & 0xc0) == 0x80)
		from++;
	snprintf(name, size, "...%s", path + from);
}

int kcopy_loop_look(dev_t dev, struct kcopy_loop *loop)
{
	struct loop_info64 info;
	char node[64];
	AUTO_FD int fd = -1;

	if (major(dev) != LOOP_MAJOR)
		return 0;
	fd = open(kcopy_device_node(major(dev), minor(dev), node, sizeof(node)),
		  O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENXIO ? 0 : -errno;
	/* Partitions answer for their disk. */
	if (ioctl(fd, LOOP_GET_STATUS64, &info))
		return errno == ENXIO ? 0 : -errno;
	*loop = (struct kcopy_loop){
		.block = info.lo_rdevice,
		.file_device = info.lo_device,
		.inode = info.lo_inode,
		.offset = info.lo_offset,
		.bytes = bytes_of(fd),
		.read_only = info.lo_flags & LO_FLAGS_READ_ONLY,
	};
	name_file(loop->name, sizeof(loop->name), dev, &info);
	return 1;
}

int kcopy_loop_attach(int file, bool read_only, unsigned int block, char *node,
		      size_t size)
{
	AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int i, loop = -EBUSY;

	if (control < 0)
		return errno == ENOENT || errno == ENODEV ? -ENXIO : -errno;
	for (i = 0; loop == -EBUSY && i < ATTEMPTS; i++)
		loop = attach_once(control, file, read_only, block, node, size);
	return loop;
}
