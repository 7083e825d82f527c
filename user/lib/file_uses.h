/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who uses a regular file as if it were a disk. */
#ifndef _KCOPY_FILE_USES_H
#define _KCOPY_FILE_USES_H

#include <stddef.h>
#include <sys/stat.h>
#include <libkcopy.h>

/* As kcopy_file_uses(), of a file that is known by @st_dev and @st_ino alone. */
int kcopy_inode_uses(const struct stat *file, struct kcopy_use **uses,
		     size_t *nr);

#endif /* _KCOPY_FILE_USES_H */
