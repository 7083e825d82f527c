// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regular files as sources and destinations: loop devices of our own, which go
 * when nobody has them open any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "built_on.h"
#include "cleanup.h"
#include "cli.h"
#include "copy.h"

#define SECTOR_SIZE 512
/* As large as the blocks of devices are. */
#define WHOLE_BLOCK 4096
#define NEW_MODE 0666

static bool is_dev(const char *folder)
{
	return !strcmp(folder, "/dev") || !strncmp(folder, "/dev/", 5);
}

/* Of a file that there need not be. */
static bool find_folder(const char *path, char folder[PATH_MAX])
{
	AUTO_FREE char *copy = strdup(path);

	return copy && realpath(dirname(copy), folder);
}

bool image_is_below_dev(const char *path)
{
	char folder[PATH_MAX];

	return find_folder(path, folder) && is_dev(folder);
}

/* A device that is misspelled must not become a file in memory. */
static bool may_be_made(struct plan_target *target)
{
	char folder[PATH_MAX];
	struct stat st;

	if (!find_folder(target->path, folder) || stat(folder, &st))
		return false;
	target->file_dev = st.st_dev;
	target->file_ino = st.st_ino;
	return !is_dev(folder);
}

bool image_is(struct plan_target *target, bool to_be_written)
{
	struct stat st;

	if (!stat(target->path, &st)) {
		target->file = S_ISREG(st.st_mode);
		target->file_dev = st.st_dev;
		target->file_ino = st.st_ino;
		target->file_size = st.st_size;
	} else {
		target->file = errno == ENOENT && to_be_written &&
			       may_be_made(target);
		target->is_new = target->file;
	}
	return target->file;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool image_same(const struct plan_target *a, const struct plan_target *b)
{
	if (!a->file || !b->file || a->is_new != b->is_new ||
	    a->file_dev != b->file_dev || a->file_ino != b->file_ino)
		return false;
	return !a->is_new || !strcmp(name_of(a->path), name_of(b->path));
}

static int complain_file(const struct plan_target *target, const char *what)
{
	int err = errno;

	complain("%s: %s failed: %s", target->path, what, strerror(err));
	return exit_of_errno(-err);
}

/* What has been looked at, and nothing that has taken its place since. */
static int check_still(const struct plan_target *target, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return complain_file(target, "looking at it");
	if (st.st_dev == target->file_dev && st.st_ino == target->file_ino &&
	    (uint64_t)st.st_size == target->file_size)
		return 0;
	complain("%s became another file, or longer, meanwhile: look again",
		 target->path);
	return EXIT_SAFETY;
}

static bool whole_block(uint64_t bytes)
{
	return bytes % WHOLE_BLOCK == 0;
}

/* @whole: it may have larger blocks than sectors, without losing its tail. */
static int attach(struct plan_target *target, int fd, bool whole,
		  bool read_only)
{
	int err = kcopy_device_attach(fd, target->path, whole ? 0 : SECTOR_SIZE,
				      read_only, &target->device);

	if (!err)
		return 0;
	if (err == -ENXIO)
		complain(
			"%s is a file, and this kernel has no loop devices: modprobe loop",
			target->path);
	else
		complain("%s: making a loop device of it failed: %s",
			 target->path, strerror(-err));
	return err == -ENXIO ? EXIT_ENVIRONMENT : exit_of_errno(err);
}

int image_attach(struct plan_target *target)
{
	AUTO_FD int fd = open(target->path, O_RDONLY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return complain_file(target, "opening it");
	code = check_still(target, fd);
	if (code)
		return code;
	return attach(target, fd,
		      whole_block(target->offset) &&
			      whole_block(target->file_size),
		      true);
}

/* ---- the rungs -------------------------------------------------------------- */

static void complain_use(const struct plan_target *dest,
			 const struct kcopy_use *use)
{
	if (use->kind == KCOPY_USE_SWAP)
		complain("%s is swap space in use: swapoff %s first",
			 dest->path, dest->path);
	else
		complain("%s is behind %s: losetup --detach %s first",
			 dest->path, use->by, use->by);
}

/* Nobody but ourselves, by @ours loop devices. */
static int check_unused(const struct plan_target *dest, size_t ours)
{
	AUTO_FREE struct kcopy_use *uses = NULL;
	size_t nr, i;
	int err;

	err = kcopy_file_uses(dest->image, &uses, &nr);
	if (err) {
		complain("%s: finding out who uses it failed: %s", dest->path,
			 strerror(-err));
		return exit_of_errno(err);
	}
	if (nr <= ours)
		return 0;
	for (i = 0; i < nr; i++)
		if (!dest->device || strcmp(uses[i].by, dest->device->node))
			complain_use(dest, &uses[i]);
	return EXIT_SAFETY;
}

static void find_data(struct plan_target *dest)
{
	char size[KCOPY_FORMAT_MAX];

	if (kcopy_device_signature(dest->image, dest->found,
				   sizeof(dest->found)) <= 0)
		snprintf(dest->found, sizeof(dest->found), "a file of %s",
			 kcopy_format_size(dest->file_size, size));
}

static int check_data(struct plan_target *dest,
		      const struct copy_options *options)
{
	char why[WHY_MAX_LEN];

	if (!dest->file_size)
		return 0;
	find_data(dest);
	if (dest->resumed || options->force & FORCE_SIGNATURE)
		return 0;
	complain("%s holds data: %s; %s--force=signature overwrites it",
		 dest->path, dest->found,
		 why_not_resumed(dest, why, sizeof(why)));
	return EXIT_SAFETY;
}

static uint64_t end_of(const struct plan *plan, const struct plan_target *dest)
{
	return dest->offset + plan->length;
}

/* What a file of that size may still take from its file system. */
static uint64_t bytes_wanted(const struct plan *plan,
			     const struct plan_target *dest)
{
	struct stat st;
	uint64_t has = 0;

	/* Else what it has may be beside the range. */
	if (!dest->is_new && !dest->offset && dest->file_size <= plan->length &&
	    !fstat(dest->image, &st))
		has = (uint64_t)st.st_blocks * SECTOR_SIZE;
	return plan->length > has ? plan->length - has : 0;
}

/* All files up to this one that are on its file system. */
static uint64_t bytes_wanted_there(const struct plan *plan,
				   const struct plan_target *dest)
{
	const struct plan_target *other;
	uint64_t bytes = 0;

	for (other = plan->dests; other <= dest; other++)
		if (other->file && other->file_dev == dest->file_dev)
			bytes += bytes_wanted(plan, other);
	return bytes;
}

static int check_space(const struct plan *plan, const struct plan_target *dest)
{
	const uint64_t wanted = bytes_wanted_there(plan, dest);
	char need[KCOPY_FORMAT_MAX], have[KCOPY_FORMAT_MAX];
	AUTO_FREE char *copy = strdup(dest->path);
	struct statvfs fs;
	uint64_t left;

	if (plan->options->force & FORCE_SIZE)
		return 0;
	if (!copy || (dest->is_new ? statvfs(dirname(copy), &fs) :
				     fstatvfs(dest->image, &fs))) {
		complain("%s: its file system: %s", dest->path,
			 strerror(errno));
		return exit_of_errno(-errno);
	}
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (wanted <= left)
		return 0;
	complain(
		"%s: %s are to be written, and its file system has only %s left; --force=size begins all the same, for a source that is sparse",
		dest->path, kcopy_format_size(wanted, need),
		kcopy_format_size(left, have));
	return EXIT_SAFETY;
}

/* Long enough, and from now on there. */
static int make_file(const struct plan *plan, struct plan_target *dest)
{
	if (dest->is_new) {
		dest->image = open(dest->path,
				   O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL,
				   NEW_MODE);
		if (dest->image < 0)
			return complain_file(dest, "making it");
		dest->made = true;
	}
	if (end_of(plan, dest) <= dest->file_size)
		return 0;
	if (ftruncate(dest->image, end_of(plan, dest)))
		return complain_file(dest, "making it long enough");
	dest->grown_to = end_of(plan, dest);
	return 0;
}

static int open_file(struct plan_target *dest)
{
	dest->image = open(dest->path, O_RDWR | O_CLOEXEC);
	if (dest->image < 0)
		return complain_file(dest, "opening it");
	return check_still(dest, dest->image);
}

static int climb_old(const struct plan *plan, struct plan_target *dest)
{
	int code = open_file(dest);

	if (!code)
		code = check_unused(dest, 0);
	return code ? code : check_data(dest, plan->options);
}

int image_climb(const struct plan *plan, struct plan_target *dest)
{
	int code = dest->is_new ? 0 : climb_old(plan, dest);

	if (!code)
		code = check_space(plan, dest);
	if (code || plan->options->dry_run)
		return code;
	/* It has been looked at for a while: it must not be cut. */
	if (!dest->is_new)
		code = check_still(dest, dest->image);
	if (!code)
		code = make_file(plan, dest);
	if (!code)
		code = attach(dest, dest->image,
			      whole_block(dest->offset) &&
				      whole_block(plan->length) &&
				      whole_block(MAX(end_of(plan, dest),
						      dest->file_size)),
			      false);
	/* Of two who come at once both see the other, and leave. */
	return code ? code : check_unused(dest, 1);
}

/* The source itself, by another name: nothing overrides that. */
static bool is_dest(const struct plan *plan, const struct kcopy_use *use)
{
	const struct kcopy_device *device;
	struct kcopy_device loop = {};
	struct stat st;
	unsigned int i;

	if (stat(use->by, &st))
		return false;
	loop.major = major(st.st_rdev);
	loop.minor = minor(st.st_rdev);
	loop.disk_major = loop.major;
	loop.disk_minor = loop.minor;
	for (i = 0; i < plan->nr_dests; i++) {
		device = plan->dests[i].device;
		if (device && plan->options->task != TASK_VERIFY &&
		    ((device->disk_major == loop.major &&
		      device->disk_minor == loop.minor) ||
		     built_on(device, &loop)))
			return true;
	}
	return false;
}

static int check_source_use(const struct plan *plan,
			    const struct kcopy_use *use)
{
	const char *path = plan->source.path;

	if (is_dest(plan, use)) {
		complain("%s is behind %s, which is a destination", path,
			 use->by);
		return EXIT_SAFETY;
	}
	if (!use->writable || plan->options->force & FORCE_SOURCE_MOUNTED)
		return 0;
	complain(
		"the source %s is %s%s, which can be written to: its copy could be torn; %s first, or take the risk with --force=source-mounted",
		path, use->kind == KCOPY_USE_SWAP ? "swap space" : "behind ",
		use->by,
		use->kind == KCOPY_USE_SWAP ? "swapoff" : "losetup --detach");
	return EXIT_SAFETY;
}

int image_check_source(const struct plan *plan)
{
	AUTO_FD int fd = open(plan->source.path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE struct kcopy_use *uses = NULL;
	size_t nr = 0, i;
	int code = 0, err;

	err = fd < 0 ? -errno : kcopy_file_uses(fd, &uses, &nr);
	if (err) {
		complain("%s: finding out who uses it failed: %s",
			 plan->source.path, strerror(-err));
		return exit_of_errno(err);
	}
	for (i = 0; !code && i < nr; i++)
		code = check_source_use(plan, &uses[i]);
	return code;
}

/* Is it still the one that we have open? */
static bool is_there(const struct plan_target *dest)
{
	struct stat there, ours;

	return !stat(dest->path, &there) && !fstat(dest->image, &ours) &&
	       there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/* And as long as we have made it? */
static bool is_as_made(const struct plan_target *dest)
{
	struct stat st;

	return dest->grown_to && !fstat(dest->image, &st) &&
	       (uint64_t)st.st_size == dest->grown_to;
}

void image_undo(struct plan_target *dest)
{
	if (dest->made && is_there(dest))
		unlink(dest->path);
	else if (!dest->made && is_as_made(dest) &&
		 ftruncate(dest->image, dest->file_size))
		complain("%s: making it as short as before failed: %s",
			 dest->path, strerror(errno));
}
