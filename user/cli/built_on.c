// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device is made of, by sysfs. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "built_on.h"
#include "check.h"
#include "cleanup.h"

/* More than anybody stacks, and an end in any case. */
#define HEIGHT_MAX 32

/* A device and the disk it is on; the same if it is no partition. */
struct place {
	dev_t device;
	dev_t disk;
};

static bool read_dev(const char *folder, dev_t *dev)
{
	char path[PATH_MAX], text[32];
	unsigned int major, minor;

	snprintf(path, sizeof(path), "%s/dev", folder);
	if (!read_line(path, text, sizeof(text)) ||
	    sscanf(text, "%u:%u", &major, &minor) != 2)
		return false;
	*dev = makedev(major, minor);
	return true;
}

static bool find_place(dev_t device, struct place *place)
{
	char folder[PATH_MAX], path[PATH_MAX + 16];

	snprintf(folder, sizeof(folder), "/sys/dev/block/%u:%u", major(device),
		 minor(device));
	place->device = device;
	place->disk = device;
	snprintf(path, sizeof(path), "%s/partition", folder);
	if (access(path, F_OK))
		return !access(folder, F_OK);
	snprintf(path, sizeof(path), "%s/..", folder);
	return read_dev(path, &place->disk);
}

/* Another partition of the same disk has nothing to do with it. */
static bool touches(const struct place *a, const struct place *b)
{
	return a->device == b->device || a->device == b->disk ||
	       a->disk == b->device;
}

static bool made_of(dev_t upper, const struct place *lower,
		    unsigned int height);

static bool is_or_made_of(dev_t part, const struct place *lower,
			  unsigned int height)
{
	struct place place;

	return height && find_place(part, &place) &&
	       (touches(&place, lower) ||
		made_of(place.disk, lower, height - 1));
}

/* A loop device has no such links. */
static bool is_loop_over(const char *disk, const struct place *lower,
			 unsigned int height)
{
	char path[PATH_MAX], file[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/loop/backing_file", disk);
	return read_line(path, file, sizeof(file)) && !stat(file, &st) &&
	       S_ISBLK(st.st_mode) && is_or_made_of(st.st_rdev, lower, height);
}

static bool made_of(dev_t upper, const struct place *lower, unsigned int height)
{
	AUTO_DIR DIR *dir = NULL;
	char disk[64], path[PATH_MAX];
	struct dirent *entry;
	dev_t part;

	snprintf(disk, sizeof(disk), "/sys/dev/block/%u:%u", major(upper),
		 minor(upper));
	if (is_loop_over(disk, lower, height))
		return true;
	snprintf(path, sizeof(path), "%s/slaves", disk);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/slaves/%s", disk,
			 entry->d_name);
		if (*entry->d_name != '.' && read_dev(path, &part) &&
		    is_or_made_of(part, lower, height))
			return true;
	}
	return false;
}

bool built_on(const struct kcopy_device *upper,
	      const struct kcopy_device *lower)
{
	const struct place place = {
		.device = makedev(lower->major, lower->minor),
		.disk = makedev(lower->disk_major, lower->disk_minor),
	};

	return made_of(makedev(upper->disk_major, upper->disk_minor), &place,
		       HEIGHT_MAX);
}
