/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices that share data. */
#ifndef _KCOPY_FAMILY_H
#define _KCOPY_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <libkcopy.h>
#include "loop.h"

/**
 * struct family - devices
 * @members: first some that are asked about, then what is built on them (LVM,
 *	RAID, loop devices), to any height
 * @nr: of them
 * @nr_near: of the first
 */
struct family {
	dev_t *members;
	size_t nr;
	size_t nr_near;
};

/**
 * struct basement - what the loop devices at and below a device stand on
 * @path: it and its relatives, and devices from there on downwards
 * @family: near: block devices that are behind those loop devices, and other
 *	loop devices over the same bytes of the same file
 * @files: the files
 * @nr_files: of them
 */
struct basement {
	struct family path;
	struct family family;
	struct kcopy_loop *files;
	size_t nr_files;
};

bool kcopy_family_has(const struct family *family, dev_t dev);
bool kcopy_family_has_near(const struct family *family, dev_t dev);

/*
 * The device, the disk it is on, the partitions on it; and what is built on
 * these. 0 or -errno; to be freed in any case.
 */
int kcopy_family_find(struct family *family, const struct kcopy_device *device);
void kcopy_family_free(struct family *family);

/* What is behind @own, and is not its own. 0 or -errno; likewise. */
int kcopy_basement_find(struct basement *basement, const struct family *own);
void kcopy_basement_free(struct basement *basement);

/*
 * Is a disk, by its folder in sysfs, a loop device over a near member? It claims
 * nothing and leaves no trace at what is behind it. @dev: that member.
 */
bool kcopy_family_is_under(const struct family *family, const char *folder,
			   dev_t *dev);

#endif /* _KCOPY_FAMILY_H */
