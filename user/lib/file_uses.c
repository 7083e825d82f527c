// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who uses a regular file as if it were a disk. */
#include <dirent.h>
#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "file_uses.h"
#include "loop.h"
#include "sysfs.h"

static void cleanup_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void cleanup_iter(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
}

/* 1: that file is behind it, 0: it is not, -errno. */
static int is_behind(const char *name, const struct stat *file, bool *writable)
{
	char folder[64];
	unsigned int maj, min;
	struct kcopy_loop loop;
	int err;

	snprintf(folder, sizeof(folder), "/sys/block/%.32s", name);
	if (kcopy_sysfs_read_dev(folder, &maj, &min))
		return 0;
	err = kcopy_loop_look(makedev(maj, min), &loop);
	if (err <= 0)
		return err;
	*writable = !loop.read_only;
	return loop.file_device == file->st_dev && loop.inode == file->st_ino;
}

static int add_use(struct kcopy_use **uses, size_t *nr,
		   enum kcopy_use_kind kind, const char *by, bool writable)
{
	struct kcopy_use *more = reallocarray(*uses, *nr + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[*nr] = (struct kcopy_use){
		.kind = kind,
		.writable = writable,
	};
	snprintf(more[*nr].by, sizeof(more->by), "%s", by);
	*uses = more;
	(*nr)++;
	return 0;
}

static int add_loops(const struct stat *file, struct kcopy_use **uses,
		     size_t *nr)
{
	AUTO_DIR DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	bool writable = false;
	char node[64];
	int err = 0;

	while (err >= 0 && dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4))
			continue;
		snprintf(node, sizeof(node), "/dev/%.32s", entry->d_name);
		err = is_behind(entry->d_name, file, &writable);
		if (err > 0)
			err = add_use(uses, nr, KCOPY_USE_LOOP, node, writable);
	}
	return err < 0 ? err : 0;
}

static int add_swap(const struct stat *file, struct kcopy_use **uses,
		    size_t *nr)
{
	AUTO(cleanup_table) struct libmnt_table *table = mnt_new_table();
	AUTO(cleanup_iter)
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	const char *path;
	struct stat st;
	int err = 0;

	if (!table || !iter)
		return -ENOMEM;
	/* A kernel without swap has no such list. */
	if (mnt_table_parse_swaps(table, NULL))
		return 0;
	while (!err && !mnt_table_next_fs(table, iter, &fs)) {
		path = mnt_fs_get_srcpath(fs);
		if (path && !stat(path, &st) && st.st_dev == file->st_dev &&
		    st.st_ino == file->st_ino)
			err = add_use(uses, nr, KCOPY_USE_SWAP, "", true);
	}
	return err;
}

int kcopy_inode_uses(const struct stat *file, struct kcopy_use **uses,
		     size_t *nr)
{
	AUTO_FREE struct kcopy_use *found = NULL;
	int err;

	*nr = 0;
	err = add_loops(file, &found, nr);
	if (!err)
		err = add_swap(file, &found, nr);
	if (err)
		return err;
	*uses = steal_pointer(&found);
	return 0;
}

int kcopy_file_uses(int fd, struct kcopy_use **uses, size_t *nr)
{
	struct stat st;

	*nr = 0;
	return fstat(fd, &st) ? -errno : kcopy_inode_uses(&st, uses, nr);
}
