/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a function made is undone when it returns, however it returns.
 * A pointer or descriptor that shall stay is taken out with steal_*().
 */
#ifndef _KCOPY_CLEANUP_H
#define _KCOPY_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void *steal_pointer(void *p)
{
	void *stolen = *(void **)p;

	*(void **)p = NULL;
	return stolen;
}

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define AUTO(how) __attribute__((cleanup(how)))
#define AUTO_FREE AUTO(cleanup_free)
#define AUTO_FD AUTO(cleanup_fd)
#define AUTO_FILE AUTO(cleanup_file)
#define AUTO_DIR AUTO(cleanup_dir)

#endif /* _KCOPY_CLEANUP_H */
