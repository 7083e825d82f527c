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
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"

#define SECTOR_SIZE 512
#define NEW_MODE 0666

/* A device that is misspelled must not become a file in memory. */
static bool may_be_made(const char *path)
{
	AUTO_FREE char *copy = strdup(path);
	char real[PATH_MAX];

	if (!copy || !realpath(dirname(copy), real))
		return false;
	return strcmp(real, "/dev") && strncmp(real, "/dev/", 5);
}

bool image_is(struct plan_target *target, bool to_be_written)
{
	struct stat st;

	if (!stat(target->path, &st)) {
		target->file = S_ISREG(st.st_mode);
		target->file_size = st.st_size;
	} else {
		target->file = errno == ENOENT && to_be_written &&
			       may_be_made(target->path);
		target->is_new = target->file;
	}
	return target->file;
}

int image_attach(struct plan_target *target, bool read_only)
{
	int err = kcopy_device_attach(target->path, read_only, &target->device);

	if (!err)
		return 0;
	if (err == -ENXIO)
		complain(
			"%s is a file, and this kernel has no loop devices: modprobe loop",
			target->path);
	else
		complain("%s: making a loop device of it failed: %s",
			 target->path, strerror(-err));
	return exit_of_errno(err);
}

/* ---- the rungs -------------------------------------------------------------- */

static int check_unused(const struct plan_target *dest)
{
	AUTO_FREE struct kcopy_use *uses = NULL;
	size_t nr, i;
	int err;

	err = kcopy_file_uses(dest->path, &uses, &nr);
	if (err) {
		complain("%s: finding out who uses it failed: %s", dest->path,
			 strerror(-err));
		return exit_of_errno(err);
	}
	for (i = 0; i < nr; i++)
		complain("%s is behind %s: losetup --detach %s first",
			 dest->path, uses[i].by, uses[i].by);
	return nr ? EXIT_SAFETY : EXIT_COMPLETE;
}

static int find_data(struct plan_target *dest)
{
	AUTO_FD int fd = open(dest->path, O_RDONLY | O_CLOEXEC);
	char size[KCOPY_FORMAT_MAX];

	if (fd < 0) {
		complain("%s: opening it failed: %s", dest->path,
			 strerror(errno));
		return exit_of_errno(-errno);
	}
	if (kcopy_device_signature(fd, dest->found, sizeof(dest->found)) <= 0)
		snprintf(dest->found, sizeof(dest->found), "a file of %s",
			 kcopy_format_size(dest->file_size, size));
	return 0;
}

static int check_data(struct plan_target *dest,
		      const struct copy_options *options)
{
	int code;

	if (!dest->file_size)
		return 0;
	code = find_data(dest);
	if (code || options->force & FORCE_SIGNATURE)
		return code;
	complain("%s holds data: %s; --force=signature overwrites it",
		 dest->path, dest->found);
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

	if (!dest->is_new && !stat(dest->path, &st))
		has = (uint64_t)st.st_blocks * SECTOR_SIZE;
	return plan->length > has ? plan->length - has : 0;
}

static int check_space(const struct plan *plan, const struct plan_target *dest)
{
	char need[KCOPY_FORMAT_MAX], have[KCOPY_FORMAT_MAX];
	AUTO_FREE char *copy = strdup(dest->path);
	struct statvfs fs;
	uint64_t left;

	if (plan->options->force & FORCE_SIZE)
		return 0;
	if (!copy || statvfs(dirname(copy), &fs)) {
		complain("%s: its file system: %s", dest->path,
			 strerror(errno));
		return exit_of_errno(-errno);
	}
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes_wanted(plan, dest) <= left)
		return 0;
	complain(
		"%s: %s are to be written, and its file system has only %s left; --force=size begins all the same, for a source that is sparse",
		dest->path, kcopy_format_size(bytes_wanted(plan, dest), need),
		kcopy_format_size(left, have));
	return EXIT_SAFETY;
}

static int complain_file(const struct plan_target *dest, const char *what)
{
	int err = errno;

	complain("%s: %s failed: %s", dest->path, what, strerror(err));
	return exit_of_errno(-err);
}

/* Long enough, and from now on there. */
static int make_file(const struct plan *plan, struct plan_target *dest)
{
	AUTO_FD int fd =
		open(dest->path,
		     O_RDWR | O_CLOEXEC | (dest->is_new ? O_CREAT | O_EXCL : 0),
		     NEW_MODE);

	if (fd < 0)
		return complain_file(dest, "opening it");
	dest->made = dest->is_new;
	if (end_of(plan, dest) <= dest->file_size)
		return 0;
	if (ftruncate(fd, end_of(plan, dest)))
		return complain_file(dest, "making it long enough");
	dest->grown = true;
	return 0;
}

int image_climb(const struct plan *plan, struct plan_target *dest)
{
	int code = 0;

	if (!dest->is_new)
		code = check_unused(dest);
	if (!code && !dest->is_new)
		code = check_data(dest, plan->options);
	if (!code)
		code = check_space(plan, dest);
	if (code || plan->options->dry_run)
		return code;
	code = make_file(plan, dest);
	return code ? code : image_attach(dest, false);
}

int image_check_source(const struct plan *plan)
{
	AUTO_FREE struct kcopy_use *uses = NULL;
	size_t nr, i;
	int err;

	err = kcopy_file_uses(plan->source.path, &uses, &nr);
	if (err) {
		complain("%s: finding out who uses it failed: %s",
			 plan->source.path, strerror(-err));
		return exit_of_errno(err);
	}
	for (i = 0; i < nr; i++) {
		if (!uses[i].writable ||
		    plan->options->force & FORCE_SOURCE_MOUNTED)
			continue;
		complain(
			"the source %s is behind %s, which can be written to: its copy could be torn; losetup --detach %s first, or take the risk with --force=source-mounted",
			plan->source.path, uses[i].by, uses[i].by);
		return EXIT_SAFETY;
	}
	return 0;
}

void image_undo(struct plan_target *dest)
{
	if (dest->made)
		unlink(dest->path);
	else if (dest->grown && truncate(dest->path, dest->file_size))
		complain("%s: making it as short as before failed: %s",
			 dest->path, strerror(errno));
}
