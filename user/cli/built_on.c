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

/* More than anybody puts together. */
#define DISKS_MAX 1024
#define LOOPS_MAX 16

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

/**
 * struct lower - what is looked for
 * @places: the device; if that is a loop device what is behind it, and so on
 * @nr: of them
 */
struct lower {
	struct place places[LOOPS_MAX];
	unsigned int nr;
};

/**
 * struct walk - down from a device
 * @lower: what is looked for
 * @found: it is there
 * @disks: that were come by
 * @nr: of them
 */
struct walk {
	const struct lower *lower;
	bool found;
	dev_t disks[DISKS_MAX];
	unsigned int nr;
};

static void add_disk(struct walk *walk, dev_t disk)
{
	unsigned int i;

	for (i = 0; i < walk->nr; i++)
		if (walk->disks[i] == disk)
			return;
	if (walk->nr < DISKS_MAX)
		walk->disks[walk->nr++] = disk;
}

static void add_part(struct walk *walk, dev_t part)
{
	struct place place;
	unsigned int i;

	if (!find_place(part, &place))
		return;
	for (i = 0; i < walk->lower->nr; i++)
		if (touches(&place, &walk->lower->places[i]))
			walk->found = true;
	add_disk(walk, place.disk);
}

/* A loop device has no links to what it is made of; 0 if it is none. */
static dev_t behind(dev_t loop)
{
	unsigned int maj, min;

	if (kcopy_device_behind(major(loop), minor(loop), &maj, &min) <= 0)
		return 0;
	return makedev(maj, min);
}

static void add_looped(struct walk *walk, dev_t disk)
{
	const dev_t part = behind(disk);

	if (part)
		add_part(walk, part);
}

static void add_parts(struct walk *walk, dev_t of)
{
	AUTO_DIR DIR *dir = NULL;
	char disk[64], path[PATH_MAX];
	struct dirent *entry;
	dev_t part;

	snprintf(disk, sizeof(disk), "/sys/dev/block/%u:%u", major(of),
		 minor(of));
	add_looped(walk, of);
	snprintf(path, sizeof(path), "%s/slaves", disk);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/slaves/%s", disk,
			 entry->d_name);
		if (*entry->d_name != '.' && read_dev(path, &part))
			add_part(walk, part);
	}
}

/* Down through loop devices only: of what is put together it is but a part. */
static void find_lower(struct lower *lower, const struct kcopy_device *device)
{
	struct place place = {
		.device = makedev(device->major, device->minor),
		.disk = makedev(device->disk_major, device->disk_minor),
	};
	dev_t next;

	do {
		lower->places[lower->nr++] = place;
		next = behind(place.disk);
	} while (next && lower->nr < LOOPS_MAX && find_place(next, &place));
}

bool built_on(const struct kcopy_device *upper,
	      const struct kcopy_device *lower)
{
	struct lower wanted = {};
	struct walk walk = { .lower = &wanted };
	unsigned int i;

	find_lower(&wanted, lower);

	add_disk(&walk, makedev(upper->disk_major, upper->disk_minor));
	for (i = 0; i < walk.nr && !walk.found; i++)
		add_parts(&walk, walk.disks[i]);
	return walk.found;
}
