// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a block device is. Everything comes from sysfs, so that looking needs
 * no right to open the device and disturbs nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <libkcopy.h>
#include "by_id.h"
#include "cleanup.h"
#include "loop.h"
#include "sysfs.h"

#define SECTOR_SIZE 512

/* The first of some files that is there and holds text; "" if none does. */
static char *read_first(const char *folder, const char *const names[])
{
	char text[256];

	for (; *names; names++) {
		if (!kcopy_sysfs_read(folder, *names, text, sizeof(text)) &&
		    *text)
			return strdup(text);
	}
	return strdup("");
}

static int read_node(const char *folder, char **node)
{
	const char *name = strrchr(folder, '/') + 1;
	char *slash;

	if (asprintf(node, "/dev/%s", name) < 0) {
		*node = NULL;
		return -ENOMEM;
	}
	/* sysfs has a '!' where the node's name has a folder. */
	while ((slash = strchr(*node, '!')))
		*slash = '/';
	return 0;
}

/* What belongs to the whole disk, also when the device is a partition. */
static int read_disk(struct kcopy_device *device, const char *disk)
{
	static const char *const models[] = { "device/model", "dm/name",
					      "loop/backing_file", NULL };
	static const char *const serials[] = { "device/serial", "serial",
					       NULL };
	char zoned[32];
	uint64_t block;
	int err;

	err = kcopy_sysfs_read_dev(disk, &device->disk_major,
				   &device->disk_minor);
	if (!err)
		err = kcopy_sysfs_read_u64(disk, "queue/logical_block_size",
					   &block);
	if (err)
		return err;
	device->logical_block = block;
	device->zoned =
		!kcopy_sysfs_read(disk, "queue/zoned", zoned, sizeof(zoned)) &&
		strcmp(zoned, "none");
	device->model = read_first(disk, models);
	device->serial = read_first(disk, serials);
	return device->model && device->serial ? 0 : -ENOMEM;
}

static int read_device(struct kcopy_device *device, const char *folder)
{
	AUTO_FREE char *disk = strdup(folder);
	uint64_t value;
	int err;

	if (!disk)
		return -ENOMEM;
	device->partition = kcopy_sysfs_has(folder, "partition");
	if (device->partition) {
		*strrchr(disk, '/') = '\0';
		err = kcopy_sysfs_read_u64(folder, "start", &value);
		if (err)
			return err;
		device->start = value * SECTOR_SIZE;
	}
	err = kcopy_sysfs_read_u64(folder, "size", &value);
	if (err)
		return err;
	device->size = value * SECTOR_SIZE;
	err = kcopy_sysfs_read_u64(folder, "ro", &value);
	if (err)
		return err;
	device->read_only = value;
	err = read_node(folder, &device->node);
	if (err)
		return err;
	return read_disk(device, disk);
}

int kcopy_device_probe(const char *path, struct kcopy_device **result)
{
	AUTO_FREE char *folder = NULL;
	struct kcopy_device *device;
	struct stat st;
	int err;

	if (stat(path, &st))
		return -errno;
	if (!S_ISBLK(st.st_mode))
		return -ENOTBLK;
	folder = kcopy_sysfs_block_folder(major(st.st_rdev), minor(st.st_rdev));
	if (!folder)
		return errno == ENOMEM ? -ENOMEM : -ENXIO;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->loop = -1;
	device->major = major(st.st_rdev);
	device->minor = minor(st.st_rdev);
	device->path = strdup(path);
	device->by_id = kcopy_by_id(st.st_rdev);
	err = device->path && device->by_id ? read_device(device, folder) :
					      -ENOMEM;
	if (err) {
		kcopy_device_free(device);
		return err == -ENOENT ? -ENXIO : err;
	}
	*result = device;
	return 0;
}

/* As the user knows it; the kernel's own name of the file is no news. */
static int make_image(struct kcopy_device *device, const char *file)
{
	char *path = strdup(file), *model = strdup("");

	if (!path || !model) {
		free(path);
		free(model);
		return -ENOMEM;
	}
	free(device->path);
	free(device->model);
	device->path = path;
	device->model = model;
	device->image = true;
	return 0;
}

int kcopy_device_attach(int fd, const char *path, unsigned int block,
			bool read_only, struct kcopy_device **result)
{
	AUTO_FD int loop = -1;
	struct kcopy_device *device;
	struct stat st;
	char node[32];
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	loop = kcopy_loop_attach(fd, read_only, block, node, sizeof(node));
	if (loop < 0)
		return loop;
	err = kcopy_device_probe(node, &device);
	if (err)
		return err;
	err = make_image(device, path);
	if (err) {
		kcopy_device_free(device);
		return err;
	}
	device->loop = steal_fd(&loop);
	*result = device;
	return 0;
}

void kcopy_device_free(struct kcopy_device *device)
{
	if (!device)
		return;
	if (device->loop >= 0)
		close(device->loop);
	free(device->path);
	free(device->node);
	free(device->by_id);
	free(device->model);
	free(device->serial);
	free(device);
}

char *kcopy_device_describe(const struct kcopy_device *device, char *buf,
			    size_t size)
{
	char details[512] = "";
	size_t len;

	if (strcmp(device->path, device->node))
		snprintf(details, sizeof(details), "%s, ", device->node);
	if (*device->by_id) {
		len = strlen(details);
		snprintf(details + len, sizeof(details) - len, "%s, ",
			 device->by_id + strlen("/dev/disk/"));
	}
	if (*device->model) {
		len = strlen(details);
		snprintf(details + len, sizeof(details) - len, "%s, ",
			 device->model);
	}
	if (*device->serial) {
		len = strlen(details);
		snprintf(details + len, sizeof(details) - len, "serial %s, ",
			 device->serial);
	}
	len = strlen(details);
	if (len)
		snprintf(buf, size, "%s (%.*s)", device->path, (int)len - 2,
			 details);
	else
		snprintf(buf, size, "%s", device->path);
	return buf;
}

char *kcopy_device_node(unsigned int major, unsigned int minor, char *buf,
			size_t size)
{
	AUTO_FREE char *folder = kcopy_sysfs_block_folder(major, minor);
	AUTO_FREE char *node = NULL;

	if (folder && !read_node(folder, &node))
		snprintf(buf, size, "%s", node);
	else
		snprintf(buf, size, "%u:%u", major, minor);
	return buf;
}

char *kcopy_device_file(unsigned int major, unsigned int minor, char *buf,
			size_t size)
{
	AUTO_FREE char *folder = kcopy_sysfs_block_folder(major, minor);

	if (!folder || kcopy_sysfs_read(folder, "loop/backing_file", buf, size))
		return NULL;
	return buf;
}

int kcopy_device_behind(unsigned int major, unsigned int minor,
			unsigned int *behind_major, unsigned int *behind_minor)
{
	struct kcopy_loop loop;
	int ret = kcopy_loop_look(makedev(major, minor), &loop);

	if (ret <= 0 || !loop.block)
		return ret < 0 ? ret : 0;
	*behind_major = major(loop.block);
	*behind_minor = minor(loop.block);
	return 1;
}

/* The path may have been given to another device since it was probed. */
static int open_checked(const struct kcopy_device *device, int flags)
{
	AUTO_FD int fd = open(device->image ? device->node : device->path,
			      flags | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISBLK(st.st_mode) ||
	    st.st_rdev != makedev(device->major, device->minor))
		return -ESTALE;
	return steal_fd(&fd);
}

int kcopy_device_open_source(const struct kcopy_device *device)
{
	return open_checked(device, O_RDONLY);
}

int kcopy_device_open_dest(const struct kcopy_device *device)
{
	return open_checked(device, O_RDWR | O_EXCL);
}
