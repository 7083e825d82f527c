// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Block devices that share data: disks and partitions, what is built on them,
 * and what loop devices stand on, by sysfs.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "cleanup.h"
#include "family.h"
#include "sysfs.h"

void kcopy_family_free(struct family *family)
{
	free(family->members);
}

void kcopy_basement_free(struct basement *basement)
{
	kcopy_family_free(&basement->path);
	kcopy_family_free(&basement->family);
	free(basement->files);
}

static int add_member(struct family *family, dev_t dev)
{
	dev_t *more =
		reallocarray(family->members, family->nr + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[family->nr++] = dev;
	family->members = more;
	return 0;
}

bool kcopy_family_has(const struct family *family, dev_t dev)
{
	size_t i;

	for (i = 0; i < family->nr; i++) {
		if (family->members[i] == dev)
			return true;
	}
	return false;
}

bool kcopy_family_has_near(const struct family *family, dev_t dev)
{
	const struct family near = { family->members, family->nr_near, 0 };

	return kcopy_family_has(&near, dev);
}

static int add_new(struct family *family, dev_t dev)
{
	return kcopy_family_has(family, dev) ? 0 : add_member(family, dev);
}

/* ---- above --------------------------------------------------------------- */

struct range {
	uint64_t start;
	uint64_t size;
};

static bool read_range(const char *partition, struct range *range)
{
	return !kcopy_sysfs_read_u64(partition, "start", &range->start) &&
	       !kcopy_sysfs_read_u64(partition, "size", &range->size);
}

static bool overlaps(const char *partition, const struct range *with)
{
	struct range own;

	return read_range(partition, &own) &&
	       own.start < with->start + with->size &&
	       with->start < own.start + own.size;
}

/* @with: those that share sectors with it, NULL = all. */
static int add_partitions(struct family *family, const char *disk,
			  const struct range *with)
{
	AUTO_DIR DIR *dir = opendir(disk);
	unsigned int maj, min;
	struct dirent *entry;
	char path[PATH_MAX];
	int err = 0;

	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", disk, entry->d_name);
		if (entry->d_type == DT_DIR &&
		    kcopy_sysfs_has(path, "partition") &&
		    (!with || overlaps(path, with)) &&
		    !kcopy_sysfs_read_dev(path, &maj, &min))
			err = add_new(family, makedev(maj, min));
	}
	return err;
}

/* The disk of a partition, 0 of anything else. */
static dev_t disk_of(const char *folder)
{
	char above[PATH_MAX];
	unsigned int maj, min;

	snprintf(above, sizeof(above), "%s/..", folder);
	if (!kcopy_sysfs_has(folder, "partition") ||
	    kcopy_sysfs_read_dev(above, &maj, &min))
		return 0;
	return makedev(maj, min);
}

/* A table within a partition makes more of them there. */
static int add_overlapping(struct family *family, const char *partition)
{
	char disk[PATH_MAX];
	struct range range;

	if (!read_range(partition, &range))
		return 0;
	snprintf(disk, sizeof(disk), "%s/..", partition);
	return add_partitions(family, disk, &range);
}

static int add_near(struct family *family, dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	int err;
	dev_t disk;

	if (!folder)
		return -ENXIO;
	err = add_new(family, dev);
	if (err)
		return err;
	disk = disk_of(folder);
	if (!disk)
		return add_partitions(family, folder, NULL);
	err = add_new(family, disk);
	return err ? err : add_overlapping(family, folder);
}

/* With its own partitions. */
static int add_built(struct family *family, const struct family *others,
		     const char *folder)
{
	unsigned int maj, min;
	int err;

	if (kcopy_sysfs_read_dev(folder, &maj, &min) ||
	    kcopy_family_has(family, makedev(maj, min)) ||
	    kcopy_family_has(others, makedev(maj, min)))
		return 0;
	err = add_member(family, makedev(maj, min));
	return err ? err : add_partitions(family, folder, NULL);
}

static int add_holding(struct family *family, const struct family *others,
		       dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	char path[PATH_MAX];
	int err = 0;

	snprintf(path, sizeof(path), "%s/holders", folder ? folder : "");
	dir = opendir(path);
	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s", entry->d_name);
		if (*entry->d_name != '.')
			err = add_built(family, others, path);
	}
	return err;
}

/*
 * 0 if there is none. Its name may be that of another one by now, or in a
 * container have been, so it is only for where the loop device can't be asked.
 */
static dev_t block_behind(dev_t dev, const char *folder,
			  struct kcopy_loop *loop)
{
	char file[PATH_MAX];
	struct stat st;

	if (kcopy_loop_look(dev, loop) > 0)
		return loop->block;
	if (kcopy_sysfs_read(folder, "loop/backing_file", file, sizeof(file)) ||
	    stat(file, &st) || !S_ISBLK(st.st_mode))
		return 0;
	return st.st_rdev;
}

static bool is_loop_over(const char *folder, const struct family *family,
			 dev_t *dev)
{
	unsigned int maj, min;
	struct kcopy_loop loop;

	if (!kcopy_sysfs_has(folder, "loop/backing_file") ||
	    kcopy_sysfs_read_dev(folder, &maj, &min))
		return false;
	*dev = block_behind(makedev(maj, min), folder, &loop);
	return *dev && kcopy_family_has(family, *dev);
}

bool kcopy_family_is_under(const struct family *family, const char *folder,
			   dev_t *dev)
{
	const struct family near = { family->members, family->nr_near, 0 };

	return is_loop_over(folder, &near, dev);
}

static int add_looping(struct family *family, const struct family *others)
{
	AUTO_DIR DIR *dir = opendir("/sys/block");
	char path[PATH_MAX];
	struct dirent *entry;
	int err = 0;
	dev_t dev;

	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s", entry->d_name);
		if (is_loop_over(path, family, &dev))
			err = add_built(family, others, path);
	}
	return err;
}

/* All members are near ones. What others have already is left to them. */
static int add_above(struct family *family, const struct family *others)
{
	size_t i, before;
	int err = 0;

	family->nr_near = family->nr;
	do {
		before = family->nr;
		for (i = 0; !err && i < family->nr; i++)
			err = add_holding(family, others, family->members[i]);
		if (!err)
			err = add_looping(family, others);
	} while (!err && family->nr > before);
	return err;
}

int kcopy_family_find(struct family *family, const struct kcopy_device *device)
{
	const struct family nobody = {};
	int err = add_near(family, makedev(device->major, device->minor));

	return err ? err : add_above(family, &nobody);
}

/* ---- below --------------------------------------------------------------- */

static int add_file(struct basement *basement, const struct kcopy_loop *loop)
{
	struct kcopy_loop *more = reallocarray(
		basement->files, basement->nr_files + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[basement->nr_files++] = *loop;
	basement->files = more;
	return 0;
}

static int add_behind(struct basement *basement, dev_t dev)
{
	struct kcopy_loop loop;
	int err = kcopy_loop_look(dev, &loop);

	if (err <= 0)
		return err;
	if (!loop.block)
		return add_file(basement, &loop);
	err = add_new(&basement->path, loop.block);
	return err ? err : add_near(&basement->family, loop.block);
}

static int add_slaves(struct family *path, const char *folder)
{
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	unsigned int maj, min;
	char name[PATH_MAX];
	int err = 0;

	snprintf(name, sizeof(name), "%s/slaves", folder);
	dir = opendir(name);
	while (!err && dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/slaves/%s", folder,
			 entry->d_name);
		if (*entry->d_name != '.' &&
		    !kcopy_sysfs_read_dev(name, &maj, &min))
			err = add_new(path, makedev(maj, min));
	}
	return err;
}

/* One level down. */
static int go_down(struct basement *basement, dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	dev_t disk = folder ? disk_of(folder) : 0;
	int err;

	/* It may go at any time. */
	if (!folder)
		return 0;
	if (disk)
		return add_new(&basement->path, disk);
	err = add_slaves(&basement->path, folder);
	return err ? err : add_behind(basement, dev);
}

/* Is it over bytes that one of ours is over, too? */
static bool shares_file(const struct basement *basement,
			const struct kcopy_loop *other)
{
	const struct kcopy_loop *ours;
	size_t i;

	for (i = 0; i < basement->nr_files; i++) {
		ours = &basement->files[i];
		if (ours->file_device == other->file_device &&
		    ours->inode == other->inode &&
		    ours->offset < other->offset + other->bytes &&
		    other->offset < ours->offset + ours->bytes)
			return true;
	}
	return false;
}

static int add_sharing(struct basement *basement)
{
	AUTO_DIR DIR *dir = opendir("/sys/block");
	unsigned int maj, min;
	struct kcopy_loop loop;
	struct dirent *entry;
	char path[PATH_MAX];
	int err = 0;

	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s", entry->d_name);
		if (!kcopy_sysfs_has(path, "loop") ||
		    kcopy_sysfs_read_dev(path, &maj, &min) ||
		    kcopy_family_has(&basement->path, makedev(maj, min)))
			continue;
		err = kcopy_loop_look(makedev(maj, min), &loop);
		if (err > 0)
			err = !loop.block && shares_file(basement, &loop) ?
				      add_near(&basement->family,
					       makedev(maj, min)) :
				      0;
	}
	return err;
}

int kcopy_basement_find(struct basement *basement, const struct family *own)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < own->nr; i++)
		err = add_new(&basement->path, own->members[i]);
	/* What is built on it is no way down. */
	for (i = 0; !err && i < own->nr_near; i++)
		err = go_down(basement, own->members[i]);
	for (i = own->nr; !err && i < basement->path.nr; i++)
		err = go_down(basement, basement->path.members[i]);
	if (!err && basement->nr_files)
		err = add_sharing(basement);
	return err ? err : add_above(&basement->family, &basement->path);
}
