// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who uses a device. The kernel's O_EXCL has the last word; this is to say
 * whose fault it is, and to see what O_EXCL does not: a mounted source.
 */
#include <dirent.h>
#include <errno.h>
#include <libmount.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "sysfs.h"

/*
 * A device and its relatives: the disk it is on, the partitions on it, and
 * behind these what is built on them (LVM, RAID, loop devices), to any height.
 */
struct family {
	dev_t *members;
	size_t nr;
	size_t nr_near; /* without what is built on them */
};

struct list {
	const struct family *family;
	struct kcopy_use *uses;
	size_t nr;
};

static void cleanup_family(struct family *family)
{
	free(family->members);
}

static void cleanup_list(struct list *list)
{
	free(list->uses);
}

static void cleanup_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void cleanup_iter(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
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

static bool is_member(const struct family *family, dev_t dev)
{
	size_t i;

	for (i = 0; i < family->nr; i++) {
		if (family->members[i] == dev)
			return true;
	}
	return false;
}

static bool is_near(const struct family *family, dev_t dev)
{
	const struct family near = { family->members, family->nr_near, 0 };

	return is_member(&near, dev);
}

static int add_partitions(struct family *family, const char *disk)
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
		    !kcopy_sysfs_read_dev(path, &maj, &min))
			err = add_member(family, makedev(maj, min));
	}
	return err;
}

static int find_near(struct family *family, const struct kcopy_device *device)
{
	AUTO_FREE char *folder = NULL;
	int err;

	err = add_member(family, makedev(device->major, device->minor));
	if (err)
		return err;
	if (device->partition)
		return add_member(family, makedev(device->disk_major,
						  device->disk_minor));
	folder = kcopy_sysfs_block_folder(device->major, device->minor);
	return folder ? add_partitions(family, folder) : -ENXIO;
}

/* With its own partitions. */
static int add_built(struct family *family, const char *folder)
{
	unsigned int maj, min;
	int err;

	if (kcopy_sysfs_read_dev(folder, &maj, &min) ||
	    is_member(family, makedev(maj, min)))
		return 0;
	err = add_member(family, makedev(maj, min));
	return err ? err : add_partitions(family, folder);
}

static int add_holding(struct family *family, dev_t dev)
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
			err = add_built(family, path);
	}
	return err;
}

/* A loop device claims nothing and leaves no trace at what is behind it. */
static bool is_loop_over(const char *folder, const struct family *family,
			 dev_t *dev)
{
	char file[PATH_MAX];
	struct stat st;

	if (kcopy_sysfs_read(folder, "loop/backing_file", file, sizeof(file)) ||
	    stat(file, &st) || !S_ISBLK(st.st_mode))
		return false;
	*dev = st.st_rdev;
	return is_member(family, st.st_rdev);
}

static int add_looping(struct family *family)
{
	AUTO_DIR DIR *dir = opendir("/sys/block");
	char path[PATH_MAX];
	struct dirent *entry;
	int err = 0;
	dev_t dev;

	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s", entry->d_name);
		if (is_loop_over(path, family, &dev))
			err = add_built(family, path);
	}
	return err;
}

static int find_family(struct family *family, const struct kcopy_device *device)
{
	int err = find_near(family, device);
	size_t i, before;

	family->nr_near = family->nr;
	do {
		before = family->nr;
		for (i = 0; !err && i < family->nr; i++)
			err = add_holding(family, family->members[i]);
		if (!err)
			err = add_looping(family);
	} while (!err && family->nr > before);
	return err;
}

static int add_use(struct list *list, enum kcopy_use_kind kind, dev_t dev,
		   const char *by, bool writable)
{
	struct kcopy_use *use;

	use = reallocarray(list->uses, list->nr + 1, sizeof(*use));
	if (!use)
		return -ENOMEM;
	list->uses = use;
	use += list->nr++;
	use->kind = kind;
	use->writable = writable;
	use->built = !is_near(list->family, dev);
	snprintf(use->by, sizeof(use->by), "%s", by);
	kcopy_device_node(major(dev), minor(dev), use->node, sizeof(use->node));
	return 0;
}

/*
 * A mount's device number is the file system's. For btrfs that is nobody's,
 * so the source counts as well.
 */
static dev_t mounted_device(const struct family *family, struct libmnt_fs *fs)
{
	const char *source = mnt_fs_get_srcpath(fs);
	struct stat st;

	if (is_member(family, mnt_fs_get_devno(fs)))
		return mnt_fs_get_devno(fs);
	if (source && *source == '/' && !stat(source, &st) &&
	    S_ISBLK(st.st_mode) && is_member(family, st.st_rdev))
		return st.st_rdev;
	return 0;
}

static int add_mount(struct list *list, dev_t dev, struct libmnt_fs *fs)
{
	const char *options = mnt_fs_get_fs_options(fs);
	bool writable = !options ||
			mnt_optstr_get_option(options, "ro", NULL, NULL) != 0;
	const char *target = mnt_fs_get_target(fs);

	return add_use(list, KCOPY_USE_MOUNT, dev, target ? target : "?",
		       writable);
}

static int add_mounts(struct list *list, const struct family *family)
{
	AUTO(cleanup_iter) struct libmnt_iter *iter = NULL;
	AUTO(cleanup_table) struct libmnt_table *table = NULL;
	struct libmnt_fs *fs;
	int err = 0;
	dev_t dev;

	table = mnt_new_table_from_file("/proc/self/mountinfo");
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	if (!table || !iter)
		return errno == ENOMEM ? -ENOMEM : -EIO;
	while (!err && !mnt_table_next_fs(table, iter, &fs)) {
		dev = mounted_device(family, fs);
		if (dev)
			err = add_mount(list, dev, fs);
	}
	return err;
}

static int add_swaps(struct list *list, const struct family *family)
{
	AUTO(cleanup_iter) struct libmnt_iter *iter = NULL;
	AUTO(cleanup_table) struct libmnt_table *table = NULL;
	struct libmnt_fs *fs;
	const char *source;
	struct stat st;
	int err = 0;

	table = mnt_new_table();
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	if (!table || !iter)
		return -ENOMEM;
	/* A kernel without swap has no such file. */
	if (mnt_table_parse_swaps(table, NULL))
		return 0;
	while (!err && !mnt_table_next_fs(table, iter, &fs)) {
		source = mnt_fs_get_srcpath(fs);
		if (source && !stat(source, &st) && S_ISBLK(st.st_mode) &&
		    is_member(family, st.st_rdev))
			err = add_use(list, KCOPY_USE_SWAP, st.st_rdev, "",
				      true);
	}
	return err;
}

static int add_holders(struct list *list, dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	AUTO(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	char path[PATH_MAX], dm[128], by[256];
	int err = 0;

	snprintf(path, sizeof(path), "%s/holders", folder ? folder : "");
	dir = opendir(path);
	while (!err && dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/holders/%s", folder,
			 entry->d_name);
		if (!kcopy_sysfs_read(path, "dm/name", dm, sizeof(dm)))
			snprintf(by, sizeof(by), "/dev/%.60s (mapper/%s)",
				 entry->d_name, dm);
		else
			snprintf(by, sizeof(by), "/dev/%.250s", entry->d_name);
		err = add_use(list, KCOPY_USE_HOLDER, dev, by, true);
	}
	return err;
}

static int add_loops(struct list *list, const struct family *family)
{
	AUTO_DIR DIR *dir = opendir("/sys/block");
	char path[PATH_MAX], by[64];
	struct dirent *entry;
	uint64_t ro;
	int err = 0;
	dev_t dev;

	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s", entry->d_name);
		if (!is_loop_over(path, family, &dev))
			continue;
		if (kcopy_sysfs_read_u64(path, "ro", &ro))
			ro = 0;
		snprintf(by, sizeof(by), "/dev/%.50s", entry->d_name);
		err = add_use(list, KCOPY_USE_LOOP, dev, by, !ro);
	}
	return err;
}

int kcopy_device_uses(const struct kcopy_device *device,
		      struct kcopy_use **uses, size_t *nr)
{
	AUTO(cleanup_family) struct family family = {};
	AUTO(cleanup_list) struct list list = { .family = &family };
	size_t i;
	int err;

	err = find_family(&family, device);
	if (!err)
		err = add_mounts(&list, &family);
	if (!err)
		err = add_swaps(&list, &family);
	/* What those hold is theirs. */
	family.nr = family.nr_near;
	for (i = 0; !err && i < family.nr; i++)
		err = add_holders(&list, family.members[i]);
	if (!err)
		err = add_loops(&list, &family);
	if (err)
		return err;
	*nr = list.nr;
	*uses = steal_pointer(&list.uses);
	return 0;
}
