/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One-line files and links of sysfs and procfs. */
#ifndef _KCOPY_SYSFS_H
#define _KCOPY_SYSFS_H

#include <stddef.h>
#include <stdint.h>

/* The text of FOLDER/NAME without blanks at its ends; 0 or -errno. */
int kcopy_sysfs_read(const char *folder, const char *name, char *buf,
		     size_t size);

/* The number in FOLDER/NAME; 0 or -errno. */
int kcopy_sysfs_read_u64(const char *folder, const char *name, uint64_t *value);

/* The device number in FOLDER/dev; 0 or -errno. */
int kcopy_sysfs_read_dev(const char *folder, unsigned int *major,
			 unsigned int *minor);

/* Whether FOLDER/NAME is there. */
int kcopy_sysfs_has(const char *folder, const char *name);

/* The folder of a block device, without links in it; free() it; or NULL. */
char *kcopy_sysfs_block_folder(unsigned int major, unsigned int minor);

#endif /* _KCOPY_SYSFS_H */
