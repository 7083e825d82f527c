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
#include "family.h"
#include "file_uses.h"
#include "sysfs.h"

/**
 * struct list - of uses
 * @family: whose uses are being added
 * @not_by: loop devices that are no use of it, NULL = there are none
 * @uses: of all
 * @nr: of them
 */
struct list {
	const struct family *family;
	const struct family *not_by;
	struct kcopy_use *uses;
	size_t nr;
};

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

static struct kcopy_use *add_use_of(struct list *list, enum kcopy_use_kind kind,
				    const char *by, bool writable)
{
	struct kcopy_use *use;

	use = reallocarray(list->uses, list->nr + 1, sizeof(*use));
	if (!use)
		return NULL;
	list->uses = use;
	use += list->nr++;
	*use = (struct kcopy_use){
		.kind = kind,
		.writable = writable,
		.below = list->not_by,
	};
	snprintf(use->by, sizeof(use->by), "%s", by);
	return use;
}

static int add_use(struct list *list, enum kcopy_use_kind kind, dev_t dev,
		   const char *by, bool writable)
{
	struct kcopy_use *use = add_use_of(list, kind, by, writable);

	if (!use)
		return -ENOMEM;
	use->built = !use->below && !kcopy_family_has_near(list->family, dev);
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

	if (kcopy_family_has(family, mnt_fs_get_devno(fs)))
		return mnt_fs_get_devno(fs);
	if (source && *source == '/' && !stat(source, &st) &&
	    S_ISBLK(st.st_mode) && kcopy_family_has(family, st.st_rdev))
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

static int add_mounts(struct list *list)
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
		dev = mounted_device(list->family, fs);
		if (dev)
			err = add_mount(list, dev, fs);
	}
	return err;
}

static int add_swaps(struct list *list)
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
		    kcopy_family_has(list->family, st.st_rdev))
			err = add_use(list, KCOPY_USE_SWAP, st.st_rdev, "",
				      true);
	}
	return err;
}

static int add_holders(struct list *list, dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	AUTO_DIR DIR *dir = NULL;
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

static bool is_no_use(const struct list *list, const char *folder)
{
	unsigned int maj, min;

	return list->not_by && !kcopy_sysfs_read_dev(folder, &maj, &min) &&
	       kcopy_family_has(list->not_by, makedev(maj, min));
}

static int add_loops(struct list *list)
{
	AUTO_DIR DIR *dir = opendir("/sys/block");
	char path[PATH_MAX], by[64];
	struct dirent *entry;
	uint64_t ro;
	int err = 0;
	dev_t dev;

	while (!err && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s", entry->d_name);
		if (!kcopy_family_is_under(list->family, path, &dev) ||
		    is_no_use(list, path))
			continue;
		if (kcopy_sysfs_read_u64(path, "ro", &ro))
			ro = 0;
		snprintf(by, sizeof(by), "/dev/%.50s", entry->d_name);
		err = add_use(list, KCOPY_USE_LOOP, dev, by, !ro);
	}
	return err;
}

static int add_uses(struct list *list)
{
	const struct family *family = list->family;
	size_t i;
	int err;

	err = add_mounts(list);
	if (!err)
		err = add_swaps(list);
	/* What those above hold is theirs. */
	for (i = 0; !err && i < family->nr_near; i++)
		err = add_holders(list, family->members[i]);
	return err ? err : add_loops(list);
}

/* Is it there for those bytes of the file that are none of ours? */
static bool is_beside(const struct list *list, const struct kcopy_use *use)
{
	struct stat st;

	return use->kind == KCOPY_USE_LOOP && !stat(use->by, &st) &&
	       !kcopy_family_has(list->family, st.st_rdev);
}

/* Who uses a file that is behind a loop device of ours. */
static int add_file_uses(struct list *list, const struct kcopy_loop *file)
{
	const struct stat st = { .st_dev = file->file_device,
				 .st_ino = file->inode };
	AUTO_FREE struct kcopy_use *uses = NULL;
	struct kcopy_use *use;
	size_t nr, i;
	int err;

	err = kcopy_inode_uses(&st, &uses, &nr);
	for (i = 0; !err && i < nr; i++) {
		if (is_beside(list, &uses[i]))
			continue;
		use = add_use_of(list, uses[i].kind, uses[i].by,
				 uses[i].writable);
		if (!use)
			return -ENOMEM;
		snprintf(use->node, sizeof(use->node), "%s", file->name);
	}
	return err;
}

static int add_uses_below(struct list *list, const struct family *own)
{
	AUTO(kcopy_basement_free) struct basement basement = {};
	size_t i;
	int err;

	err = kcopy_basement_find(&basement, own);
	if (err)
		return err;
	list->family = &basement.family;
	list->not_by = &basement.path;
	err = add_uses(list);
	for (i = 0; !err && i < basement.nr_files; i++)
		err = add_file_uses(list, &basement.files[i]);
	return err;
}

int kcopy_device_uses(const struct kcopy_device *device,
		      struct kcopy_use **uses, size_t *nr)
{
	AUTO(kcopy_family_free) struct family own = {};
	AUTO(cleanup_list) struct list list = { .family = &own };
	int err;

	err = kcopy_family_find(&own, device);
	if (!err)
		err = add_uses(&list);
	if (!err)
		err = add_uses_below(&list, &own);
	if (err)
		return err;
	*nr = list.nr;
	*uses = steal_pointer(&list.uses);
	return 0;
}
