// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Destinations while they are written, and after: udev, which looks into every
 * device that somebody has written to, is kept away by a lock of the whole
 * disk; then the kernel reads the partition table anew. A copy has the UUID of
 * its source, which is told: who mounts by it may get the wrong one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"
#include "follow.h"

/* udev has its own lock for as long as it looks. */
#define ATTEMPTS 100
#define APART_US 50000

static bool same_disk(const struct kcopy_device *a,
		      const struct kcopy_device *b)
{
	return a->disk_major == b->disk_major && a->disk_minor == b->disk_minor;
}

/* Partitions of one disk have one lock. */
static bool is_locked(const struct plan *plan, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (plan->dests[j].lock >= 0 &&
		    same_disk(plan->dests[j].device, plan->dests[i].device))
			return true;
	return false;
}

static int lock(int fd)
{
	int i;

	for (i = 0; i < ATTEMPTS; i++) {
		if (follow_interrupted())
			return -EINTR;
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		usleep(APART_US);
	}
	return -EWOULDBLOCK;
}

/* Whoever has locked the disk of a partition keeps udev away as well. */
static int take(struct plan_target *dest)
{
	const struct kcopy_device *device = dest->device;
	AUTO_FD int fd = -1;
	char node[64], name[512];
	int err;

	kcopy_device_node(device->disk_major, device->disk_minor, node,
			  sizeof(node));
	fd = open(node, O_RDONLY | O_CLOEXEC);
	err = fd < 0 ? -errno : lock(fd);
	if (!err)
		dest->lock = steal_fd(&fd);
	if (!err || (device->partition && err != -EINTR))
		return 0;
	kcopy_device_describe(device, name, sizeof(name));
	if (err == -EWOULDBLOCK)
		complain(
			"%s is locked by another program, which works on it (lslocks tells which)",
			name);
	else if (err == -EINTR)
		complain("interrupted: nothing was begun");
	else
		complain("%s: locking %s failed: %s", name, node,
			 strerror(-err));
	return err == -EWOULDBLOCK ? EXIT_SAFETY : exit_of_errno(err);
}

int custody_take(struct plan *plan)
{
	unsigned int i;
	int code = 0;

	if (plan->options->task == TASK_VERIFY)
		return 0;
	for (i = 0; !code && i < plan->nr_dests; i++)
		if (!plan->dests[i].file && !is_locked(plan, i))
			code = take(&plan->dests[i]);
	return code;
}

static void release(struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < plan->nr_dests; i++) {
		if (plan->dests[i].lock >= 0)
			close(plan->dests[i].lock);
		plan->dests[i].lock = -1;
	}
}

/* Many devices can't have partitions, and say so. */
static void reread(const struct plan_target *dest)
{
	AUTO_FD int fd = -1;

	if (dest->device->partition)
		return;
	fd = open(dest->device->node, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && ioctl(fd, BLKRRPART) && errno == EBUSY)
		complain(
			"%s: the kernel still has the old partition table, since a partition is in use: partprobe %s when it is not",
			dest->device->path, dest->device->node);
}

static bool find_uuid(const struct kcopy_device *device, char *uuid,
		      size_t size)
{
	AUTO_FD int fd = kcopy_device_open_source(device);

	return fd >= 0 && kcopy_device_uuid(fd, uuid, size) > 0;
}

static void warn_of_uuid(const struct plan *plan,
			 const struct plan_target *dest)
{
	char ours[128], theirs[128];

	if (plan->options->task != TASK_COPY || plan->source.file ||
	    !find_uuid(dest->device, ours, sizeof(ours)) ||
	    !find_uuid(plan->source.device, theirs, sizeof(theirs)) ||
	    strcmp(ours, theirs))
		return;
	complain(
		"%s now has the same UUID as %s, %s: as long as both are connected, mount neither by UUID or label",
		dest->device->path, plan->source.device->path, ours);
}

static bool is_new(const struct plan_target *dest)
{
	return !dest->file && dest->written;
}

void custody_return(struct plan *plan)
{
	const bool written =
		plan->options->task != TASK_VERIFY &&
		!(plan->options->submit_flags & KCOPYD_SUBMIT_DETACH);
	unsigned int i;

	/* Before udev looks, and has partitions open. */
	for (i = 0; written && i < plan->nr_dests; i++)
		if (is_new(&plan->dests[i]))
			reread(&plan->dests[i]);
	release(plan);
	for (i = 0; written && i < plan->nr_dests; i++)
		if (is_new(&plan->dests[i]) && plan->dests[i].complete)
			warn_of_uuid(plan, &plan->dests[i]);
}
