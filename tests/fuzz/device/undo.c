// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs do to the machine, and how it is put back. */
#include <linux/blkzoned.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "device.h"

#define PARAMETER_MOST 512UL

static const struct {
	const char *path;
	uint64_t usual;
} parameters[] = {
	{ "/sys/module/kcopyd/parameters/max_jobs", 256 },
	{ "/sys/module/kcopyd/parameters/max_memory_mib", 256 },
	{ "/sys/module/kcopyd/parameters/max_clients", 64 },
};

int disk_suspend(const char *name, bool suspended)
{
	struct dm_ioctl args = {
		.version = { DM_VERSION_MAJOR },
		.data_size = sizeof(args),
		.flags = suspended ? DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG : 0,
	};
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	snprintf(args.name, sizeof(args.name), "kf-%s", name);
	ret = ioctl(fd, DM_DEV_SUSPEND, &args) ? -errno : 0;
	close(fd);
	return ret;
}

static int disk_ioctl(const char *name, unsigned long number, void *arg)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), DISKS "/%s", name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, number, arg) ? -errno : 0;
	close(fd);
	return ret;
}

int disk_set_readonly(const char *name, bool readonly)
{
	int value = readonly;

	return disk_ioctl(name, BLKROSET, &value);
}

static void zones_reset(const char *name)
{
	struct blk_zone_range range = {};
	uint64_t size;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), DISKS "/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!ioctl(fd, BLKGETSIZE64, &size)) {
		range.nr_sectors = size / 512;
		ioctl(fd, BLKRESETZONE, &range);
	}
	close(fd);
}

/* Not more than the machine has: what is allowed is taken, too. */
int parameter_set(unsigned int which, uint64_t value)
{
	const char *path = parameters[which % ARRAY_SIZE(parameters)].path;
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%lu",
		    value < PARAMETER_MOST ? value : PARAMETER_MOST) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

void undo_all(void)
{
	const bool suspended = atomic_exchange(&journal->suspended, false);
	const bool readonly = atomic_exchange(&journal->readonly, false);

	for (unsigned int i = 0; i < nr_things; i++) {
		if (suspended && things[i].is & THING_DM)
			disk_suspend(things[i].name, false);
		if (readonly && things[i].is & THING_DISK &&
		    !(things[i].is & THING_SOURCE))
			disk_set_readonly(things[i].name, false);
	}
	if (atomic_exchange(&journal->parameters, false))
		for (unsigned int i = 0; i < ARRAY_SIZE(parameters); i++)
			parameter_set(i, parameters[i].usual);
	if (atomic_exchange(&journal->zoned, false))
		zones_reset("zoned");
}
