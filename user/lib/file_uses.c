// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who uses a regular file as if it were a disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <libkcopy.h>
#include "cleanup.h"

static void cleanup_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void cleanup_iter(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
}

/* 1: that file is behind it, 0: it is not, -errno. */
static int is_behind(const char *node, const struct stat *file, bool *writable)
{
	AUTO_FD int loop = open(node, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;

	if (loop < 0)
		return errno == ENOENT || errno == ENXIO ? 0 : -errno;
	if (ioctl(loop, LOOP_GET_STATUS64, &info))
		return errno == ENXIO ? 0 : -errno;
	*writable = !(info.lo_flags & LO_FLAGS_READ_ONLY);
	return info.lo_device == file->st_dev && info.lo_inode == file->st_ino;
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
		err = is_behind(node, file, &writable);
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

int kcopy_file_uses(int fd, struct kcopy_use **uses, size_t *nr)
{
	AUTO_FREE struct kcopy_use *found = NULL;
	struct stat st;
	int err;

	*nr = 0;
	if (fstat(fd, &st))
		return -errno;
	err = add_loops(&st, &found, nr);
	if (!err)
		err = add_swap(&st, &found, nr);
	if (err)
		return err;
	*uses = steal_pointer(&found);
	return 0;
}
