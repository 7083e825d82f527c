// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The safety ladder: what has to be true before the first byte is written.
 * Every rung names the device, what was found, and the way on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "built_on.h"
#include "cleanup.h"
#include "cli.h"
#include "copy.h"

#define NAME_MAX_LEN 512

#define PART_MAX_LEN 128

/* What of it is used, if not it itself. */
static const char *part_of(const struct kcopy_device *device,
			   const struct kcopy_use *use, char part[PART_MAX_LEN])
{
	char disk[sizeof(use->node)];

	kcopy_device_node(device->disk_major, device->disk_minor, disk,
			  sizeof(disk));
	part[0] = '\0';
	if (!*use->node)
		return part;
	/* Partitions of one disk may overlap. */
	if (use->below ||
	    (device->partition && !use->built &&
	     strcmp(use->node, device->node) && strcmp(use->node, disk)))
		snprintf(part, PART_MAX_LEN, ": %s, which shares data with it,",
			 use->node);
	else if (use->built)
		snprintf(part, PART_MAX_LEN, ": %s, which is built on it,",
			 use->node);
	else if (strcmp(use->node, device->node))
		snprintf(part, PART_MAX_LEN, ": its %s %s",
			 device->partition ? "disk" : "partition", use->node);
	return part;
}

/* What is not known is as good as somebody's. */
static int exit_of_claim(int ret)
{
	const int code = exit_of_errno(ret);

	return ret < 0 && code == EXIT_ENVIRONMENT ? code : EXIT_SAFETY;
}

/* 1 and who, 0, or -errno; not of what opening it will fail for as well. */
static int find_claim(const struct kcopy_device *device,
		      const struct kcopy_use *uses, size_t nr,
		      struct kcopy_use *claim)
{
	const int ret = kcopy_device_claimed(device, uses, nr, claim);

	return ret < 0 && !strcmp(claim->node, device->node) ? 0 : ret;
}

static dev_t number_of(const char *node)
{
	struct stat st;

	return stat(node, &st) ? 0 : st.st_rdev;
}

static void complain_claim(const char *name, const char *part, const char *node)
{
	const dev_t dev = number_of(node);

	complain(
		"%s%s is in use: another program or the kernel has it open for itself (lsof, dmsetup ls --tree, cat /proc/mdstat tell who; grep %u:%u /proc/*/mountinfo who has mounted it in a container)",
		name, part, major(dev), minor(dev));
}

static void complain_use(const struct kcopy_device *device,
			 const struct kcopy_use *use)
{
	char name[NAME_MAX_LEN], part[PART_MAX_LEN];

	kcopy_device_describe(device, name, sizeof(name));
	part_of(device, use, part);
	switch (use->kind) {
	case KCOPY_USE_MOUNT:
		complain(
			"%s%s is mounted at %s: unmount it first; no option overrides this",
			name, part, use->by);
		break;
	case KCOPY_USE_SWAP:
		complain("%s%s is swap space in use: swapoff %s first", name,
			 part, use->node);
		break;
	case KCOPY_USE_HOLDER:
		complain(
			"%s%s is a part of %s: take that down first (dmsetup remove, vgchange -an, mdadm --stop)",
			name, part, use->by);
		break;
	case KCOPY_USE_CLAIM:
		complain_claim(name, part, use->node);
		break;
	case KCOPY_USE_LOOP:
		complain("%s%s is behind %s: losetup --detach %s first", name,
			 part, use->by, use->by);
		break;
	}
}

/*
 * Opening the destination for ourselves tells nothing of what is behind a loop
 * device.
 */
static int check_dest_unclaimed(const struct kcopy_device *device)
{
	struct kcopy_use claim;
	int ret = find_claim(device, NULL, 0, &claim);

	if (ret > 0)
		complain_use(device, &claim);
	else if (ret)
		complain("%s: finding out whether somebody has %s failed: %s",
			 device->path, *claim.node ? claim.node : "it",
			 strerror(-ret));
	return ret ? exit_of_claim(ret) : EXIT_COMPLETE;
}

static int check_unused(const struct plan_target *dest)
{
	AUTO_FREE struct kcopy_use *uses = NULL;
	size_t nr, i;
	int err;

	err = kcopy_device_uses(dest->device, &uses, &nr);
	if (err) {
		complain("%s: finding out who uses it failed: %s",
			 dest->device->path, strerror(-err));
		return exit_of_errno(err);
	}
	for (i = 0; i < nr; i++)
		complain_use(dest->device, &uses[i]);
	return nr ? EXIT_SAFETY : check_dest_unclaimed(dest->device);
}

static int complain_open(const struct plan_target *target, int err)
{
	char name[NAME_MAX_LEN];

	kcopy_device_describe(target->device, name, sizeof(name));
	switch (err) {
	case -EBUSY:
		complain_claim(name, "", target->device->node);
		break;
	case -EACCES:
	case -EPERM:
		complain("%s: no permission to open it: run as root", name);
		break;
	case -ESTALE:
		complain("%s became another device meanwhile: look again",
			 name);
		break;
	default:
		complain("%s: opening it failed: %s", name, strerror(-err));
	}
	return exit_of_errno(err);
}

static int check_signature(struct plan_target *dest,
			   const struct copy_options *options)
{
	const bool forced = dest->resumed || options->force & FORCE_SIGNATURE;
	char name[NAME_MAX_LEN], why[WHY_MAX_LEN];
	int found;

	/* What is overwritten in any case need not be read, if it can be. */
	if (forced && !options->dry_run)
		return EXIT_COMPLETE;
	found = kcopy_device_signature(dest->fd, dest->found,
				       sizeof(dest->found));
	if (!found || forced)
		return EXIT_COMPLETE;
	kcopy_device_describe(dest->device, name, sizeof(name));
	why_not_resumed(dest, why, sizeof(why));
	if (found > 0)
		complain("%s holds data: %s; %s--force=signature overwrites it",
			 name, dest->found, why);
	else
		complain(
			"%s: what it holds could not be read (%s); %s--force=signature overwrites it unseen",
			name, strerror(-found), why);
	return EXIT_SAFETY;
}

/* Of what is not written nothing can be lost. */
static int open_compared(struct plan_target *dest)
{
	dest->fd = kcopy_device_open_source(dest->device);
	return dest->fd < 0 ? complain_open(dest, dest->fd) : 0;
}

static int climb_file(const struct plan *plan, struct plan_target *dest)
{
	int code = rescue_doubt(plan, dest);

	if (!code)
		code = image_climb(plan, dest);
	if (code || plan->options->dry_run)
		return code;
	dest->fd = kcopy_device_open_dest(dest->device);
	return dest->fd < 0 ? complain_open(dest, dest->fd) : 0;
}

static int climb_dest(const struct plan *plan, struct plan_target *dest)
{
	const struct copy_options *options = plan->options;
	int code;

	if (options->task == TASK_VERIFY)
		return open_compared(dest);
	if (dest->file)
		return climb_file(plan, dest);
	code = check_unused(dest);
	if (code)
		return code;
	dest->fd = kcopy_device_open_dest(dest->device);
	if (dest->fd < 0)
		return complain_open(dest, dest->fd);
	code = zones_check(plan, dest);
	if (!code)
		code = check_signature(dest, options);
	return code ? code : rescue_doubt(plan, dest);
}

/* What is mounted there, and not what is mounted over it, or has its name cut. */
static bool is_of(int fd, const struct kcopy_use *use)
{
	struct stat mounted, node;

	return strlen(use->by) + 1 < sizeof(use->by) && !fstat(fd, &mounted) &&
	       !stat(use->node, &node) && mounted.st_dev == node.st_rdev;
}

/*
 * Where it can't be got at by its name, as in another's namespace, nor be told
 * by its number, as with btrfs, all file systems are written out.
 */
static int sync_mount(const struct kcopy_use *use)
{
	AUTO_FD int fd =
		open(use->by, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || !is_of(fd, use))
		sync();
	if (fd < 0 || !syncfs(fd))
		return EXIT_COMPLETE;
	complain("%s: writing out what is mounted there failed: %s", use->by,
		 strerror(errno));
	return EXIT_FAILED;
}

/* It would be read and written at once: nothing overrides that. */
static int check_not_below(const struct plan *plan)
{
	const struct kcopy_device *source = plan->source.device;
	char name[NAME_MAX_LEN];
	unsigned int i;
	int code = 0;

	for (i = 0; i < plan->nr_dests; i++) {
		if (!plan->dests[i].device || plan->dests[i].file ||
		    plan->options->task == TASK_VERIFY ||
		    !built_on(plan->dests[i].device, source))
			continue;
		complain(
			"the source %s is a part of the destination %s: what is written there is written to the source",
			kcopy_device_describe(source, name, sizeof(name)),
			plan->dests[i].path);
		code = EXIT_SAFETY;
	}
	return code;
}

/*
 * Mounted in a container, or the second disk of a file system that is listed by
 * its first: no table here has it, but the kernel lets nobody else claim it.
 */
static int check_unclaimed(const struct plan *plan,
			   const struct kcopy_use *uses, size_t nr)
{
	const struct kcopy_device *source = plan->source.device;
	char name[NAME_MAX_LEN], part[PART_MAX_LEN];
	struct kcopy_use claim;
	dev_t claimed;
	int ret;

	ret = find_claim(source, uses, nr, &claim);
	if (ret && plan->options->force & FORCE_SOURCE_MOUNTED) {
		if (!plan->options->dry_run)
			sync();
		return 0;
	}
	if (!ret)
		return 0;
	if (ret < 0) {
		complain(
			"the source %s%s: finding out whether somebody has it and may write to it failed: %s; --force=source-mounted takes the risk",
			kcopy_device_describe(source, name, sizeof(name)),
			part_of(source, &claim, part), strerror(-ret));
		return exit_of_claim(ret);
	}
	claimed = number_of(claim.node);
	complain(
		"the source %s%s is in use: another program or the kernel has it open for itself, and may write to it, so that its copy could be torn (lsof, dmsetup ls --tree tell who; grep %u:%u /proc/*/mountinfo who has mounted it in a container); --force=source-mounted takes the risk",
		kcopy_device_describe(source, name, sizeof(name)),
		part_of(source, &claim, part), major(claimed), minor(claimed));
	return EXIT_SAFETY;
}

static int open_source(struct plan_target *source)
{
	source->fd = kcopy_device_open_source(source->device);
	return source->fd < 0 ? complain_open(source, source->fd) : 0;
}

static int climb_source(struct plan_target *source, const struct plan *plan)
{
	AUTO_FREE struct kcopy_use *uses = NULL;
	char name[NAME_MAX_LEN], part[PART_MAX_LEN];
	size_t nr = 0, i;
	int code = 0, err;

	if (source->file) {
		code = image_check_source(plan);
		return code ? code : open_source(source);
	}
	err = kcopy_device_uses(source->device, &uses, &nr);
	if (err) {
		complain("%s: finding out who uses it failed: %s",
			 source->device->path, strerror(-err));
		return exit_of_errno(err);
	}
	code = check_not_below(plan);
	kcopy_device_describe(source->device, name, sizeof(name));
	for (i = 0; !code && i < nr; i++) {
		if (uses[i].kind != KCOPY_USE_MOUNT || !uses[i].writable)
			continue;
		if (plan->options->force & FORCE_SOURCE_MOUNTED) {
			if (!plan->options->dry_run)
				code = sync_mount(&uses[i]);
			continue;
		}
		complain(
			"the source %s%s is mounted for writing at %s: its copy could be torn; unmount it, remount it read-only, or take the risk with --force=source-mounted",
			name, part_of(source->device, &uses[i], part),
			uses[i].by);
		code = EXIT_SAFETY;
	}
	if (!code)
		code = check_unclaimed(plan, uses, nr);
	return code ? code : open_source(source);
}

/*
 * All are looked at, so that all that is wrong is told at once: the source
 * first, as we claim the destinations, which may be parts of the same disk.
 */
int ladder_climb(struct plan *plan)
{
	int code, source, first = 0;
	unsigned int i;

	source = plan->source.device ? climb_source(&plan->source, plan) : 0;
	for (i = 0; i < plan->nr_dests; i++) {
		code = rescue_trust(plan, i);
		if (!code)
			code = climb_dest(plan, &plan->dests[i]);
		if (!first)
			first = code;
	}
	if (!first && !source && plan->source.device)
		source = table_fit_check(plan);
	return first ? first : source;
}
