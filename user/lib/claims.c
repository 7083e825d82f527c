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

/*
 * Another one that looks here at the same moment is gone in the next one. 1 if
 * it is claimed, 0 if it is not, or has nothing to be claimed, or -errno.
 */
static int is_claimed(const char *node)
{
	struct timespec pause = { .tv_nsec = CLAIM_PAUSE_NS };
	unsigned int tries;

	for (tries = 0; tries < CLAIM_TRIES; tries++) {
		AUTO_FD int fd =
			open(node, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 || errno == ENXIO || errno == ENODEV ||
		    errno == ENOMEDIUM)
			return 0;
		if (errno != EBUSY)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 1;
}

/* The node of the disk that a partition is on; "" of anything else. */
static void find_disk(dev_t dev, char *disk, size_t size)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));
	char above[PATH_MAX];
	unsigned int maj, min;

	*disk = '\0';
	snprintf(above, sizeof(above), "%s/..", folder ? folder : "");
	if (folder && kcopy_sysfs_has(folder, "partition") &&
	    !kcopy_sysfs_read_dev(above, &maj, &min))
		kcopy_device_node(maj, min, disk, size);
}

/* By a use of it, or of its whole disk. A loop device claims nothing. */
static bool is_explained(const char *node, const char *disk,
			 const struct kcopy_use *uses, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (uses[i].kind != KCOPY_USE_LOOP &&
		    (!strcmp(uses[i].node, node) ||
		     (*disk && !strcmp(uses[i].node, disk))))
			return true;
	}
	return false;
}

/* It may go at any time. */
static bool is_gone(dev_t dev)
{
	AUTO_FREE char *folder =
		kcopy_sysfs_block_folder(major(dev), minor(dev));

	return !folder;
}

/*
 * A partition that can't be asked, as a container may have none but the disk's
 * node, is asked for with its disk: who has a partition keeps others from it.
 */
static int ask(dev_t dev, const struct kcopy_use *uses, size_t nr,
	       const char *node)
{
	char disk[64];
	int ret;

	if (is_built_on(dev))
		return 0;
	find_disk(dev, disk, sizeof(disk));
	if (is_explained(node, disk, uses, nr))
		return 0;
	ret = is_claimed(node);
	if (ret < 0 && *disk)
		ret = is_claimed(disk);
	return ret < 0 && is_gone(dev) ? 0 : ret;
}

/* 1 if there is one, 0 or -errno. */
static int find_claim(const struct family *family, bool below,
		      const struct kcopy_use *uses, size_t nr,
		      struct kcopy_use *claim)
{
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < family->nr; i++) {
		const dev_t dev = family->members[i];

		*claim = (struct kcopy_use){
			.kind = KCOPY_USE_CLAIM,
			.writable = true,
			.built = !below && i >= family->nr_near,
			.below = below,
		};
		kcopy_device_node(major(dev), minor(dev), claim->node,
				  sizeof(claim->node));
		ret = ask(dev, uses, nr, claim->node);
	}
	return ret;
}

int kcopy_device_claimed(const struct kcopy_device *device,
			 const struct kcopy_use *uses, size_t nr,
			 struct kcopy_use *claim)
{
	AUTO(kcopy_basement_free) struct basement basement = {};
	AUTO(kcopy_family_free) struct family own = {};
	int code;

	*claim = (struct kcopy_use){ .kind = KCOPY_USE_CLAIM };
	code = kcopy_family_find(&own, device);
	if (!code)
		code = kcopy_basement_find(&basement, &own);
	if (!code)
		code = find_claim(&own, false, uses, nr, claim);
	if (!code)
		code = find_claim(&basement.family, true, uses, nr, claim);
	return code;
}
