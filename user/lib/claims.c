// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who has a device for itself without being named anywhere: mounted in another
 * mount namespace, the second disk of a file system that is listed by its first,
 * another program. What the kernel lets nobody claim is claimed.
 *
 * A holder is named by sysfs and claims what is below it; a partition cannot be
 * claimed together with its disk. So only what nothing is built on is looked at.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "family.h"
#include "sysfs.h"

#define CLAIM_TRIES 5
#define CLAIM_PAUSE_NS 100000000

static bool has_holders(const char *folder)
{
	char path[PATH_MAX];
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/holders", folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name != '.')
			return true;
	}
	return false;
}

static bool has_partitions(const char *folder)
{
	AUTO_DIR DIR *dir = opendir(folder);
	char path[PATH_MAX];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (*entry->d_name != '.' && entry->d_type == DT_DIR &&
		    kcopy_sysfs_has(path, "partition"))
			return true;
	}
	return false;
}

static bool is_built_on(dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));

	return folder && (has_holders(folder) || has_partitions(folder));
}

/* Another one that looks here at the same moment is gone in the next one. */
static bool is_claimed(const char *node)
{
	struct timespec pause = { .tv_nsec = CLAIM_PAUSE_NS };
	unsigned int tries;

	for (tries = 0; tries < CLAIM_TRIES; tries++) {
		AUTO_FD int fd =
			open(node, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 || errno != EBUSY)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* By a use of it, or of its whole disk. */
static bool is_explained(dev_t dev, const char *node,
			 const struct kcopy_use *uses, size_t nr)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	char above[PATH_MAX], disk[64] = "";
	unsigned int maj, min;
	size_t i;

	snprintf(above, sizeof(above), "%s/..", folder ? folder : "");
	if (folder && kcopy_sysfs_has(folder, "partition") &&
	    !kcopy_sysfs_read_dev(above, &maj, &min))
		kcopy_device_node(maj, min, disk, sizeof(disk));
	for (i = 0; i < nr; i++) {
		if (!strcmp(uses[i].node, node) || !strcmp(uses[i].node, disk))
			return true;
	}
	return false;
}

/* 1 if there is one, 0 or -errno. */
static int find_claim(const struct family *family, bool below,
		      const struct kcopy_use *uses, size_t nr,
		      struct kcopy_use *claim)
{
	size_t i;

	for (i = 0; i < family->nr; i++) {
		const dev_t dev = family->members[i];

		*claim = (struct kcopy_use){
			.kind = KCOPY_USE_CLAIM,
			.writable = true,
			.built = !below && i >= family->nr_near,
			.below = below,
		};
		kcopy_device_node(major(dev), minor(dev), claim->node,
				  sizeof(claim->node));
		if (!is_built_on(dev) &&
		    !is_explained(dev, claim->node, uses, nr) &&
		    is_claimed(claim->node))
			return 1;
	}
	return 0;
}

int kcopy_device_claimed(const struct kcopy_device *device,
			 const struct kcopy_use *uses, size_t nr,
			 struct kcopy_use *claim)
{
	AUTO(kcopy_basement_free) struct basement basement = {};
	AUTO(kcopy_family_free) struct family own = {};
	int code;

	code = kcopy_family_find(&own, device);
	if (!code)
		code = kcopy_basement_find(&basement, &own);
	if (!code)
		code = find_claim(&own, false, uses, nr, claim);
	if (!code)
		code = find_claim(&basement.family, true, uses, nr, claim);
	return code;
}
