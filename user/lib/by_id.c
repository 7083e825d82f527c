// SPDX-License-Identifier: LGPL-2.1-or-later
/* The links that udev makes in /dev/disk/by-id, of which a device may have many. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "by_id.h"
#include "cleanup.h"

#define BY_ID "/dev/disk/by-id"

/* A wwn or uuid is unique, but says nothing. */
static bool is_dull(const char *link)
{
	static const char *const dull[] = { "wwn-", "dm-uuid-", "lvm-pv-uuid-",
					    "md-uuid-", "nvme-eui." };
	size_t i;

	for (i = 0; i < sizeof(dull) / sizeof(*dull); i++)
		if (!strncmp(link, dull[i], strlen(dull[i])))
			return true;
	return false;
}

/* Of equals the same from boot to boot, whatever the folder's order. */
bool kcopy_by_id_is_better(const char *link, const char *than)
{
	if (is_dull(link) != is_dull(than))
		return is_dull(than);
	return strcmp(link, than) < 0;
}

char *kcopy_by_id(dev_t number)
{
	AUTO_DIR DIR *dir = opendir(BY_ID);
	AUTO_FREE char *best = NULL;
	struct dirent *entry;
	struct stat st;
	char *path;

	while (dir && (entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) ||
		    !S_ISBLK(st.st_mode) || st.st_rdev != number ||
		    (best && !kcopy_by_id_is_better(entry->d_name, best)))
			continue;
		free(best);
		best = strdup(entry->d_name);
		if (!best)
			return NULL;
	}
	if (!best)
		return strdup("");
	return asprintf(&path, BY_ID "/%s", best) < 0 ? NULL : path;
}
