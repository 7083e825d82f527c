// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device or a file is told by. */
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "check.h"
#include "identity.h"

#define BY_ID "/dev/disk/by-id/"
#define NAME_MAX_LEN 300

/* An attribute of a device, if it is there and says something. */
static bool read_name(unsigned int major, unsigned int minor,
		      const char *attribute, char *name, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major, minor,
		 attribute);
	return read_line(path, name, size) && *name;
}

/* Which link of that kind a device has. */
static bool find_link(const struct kcopy_device *device, const char *pattern,
		      char *name, size_t size)
{
	const dev_t number = makedev(device->major, device->minor);
	bool found = false;
	struct stat st;
	glob_t links;
	size_t i;

	if (glob(pattern, 0, NULL, &links))
		return false;
	for (i = 0; !found && i < links.gl_pathc; i++) {
		found = !stat(links.gl_pathv[i], &st) && st.st_rdev == number;
		if (found)
			snprintf(name, size, "%s", links.gl_pathv[i]);
	}
	globfree(&links);
	return found;
}

/*
 * By WWNs before serial numbers: all namespaces of an NVMe controller have the
 * same one of these.
 */
static bool name_hardware(const struct kcopy_device *device, char *name,
			  size_t size)
{
	if (read_name(device->disk_major, device->disk_minor, "wwid", name,
		      size) ||
	    read_name(device->disk_major, device->disk_minor, "device/wwid",
		      name, size))
		return true;
	if (!*device->serial)
		return false;
	snprintf(name, size, "%s %s", device->model, device->serial);
	return true;
}

static bool is_named(const struct kcopy_device *device, const char *kind)
{
	return !strncmp(device->by_id, kind, strlen(kind));
}

/*
 * The names of logical volumes and arrays are given by people, who give them
 * again to what they make anew; their UUIDs are not.
 */
static bool name_disk(const struct kcopy_device *device, char *name,
		      size_t size)
{
	char dm[NAME_MAX_LEN];

	if (read_name(device->disk_major, device->disk_minor, "dm/name", dm,
		      sizeof(dm)))
		return read_name(device->disk_major, device->disk_minor,
				 "dm/uuid", name, size);
	if (is_named(device, BY_ID "md-"))
		return find_link(device, BY_ID "md-uuid-*", name, size);
	/* That is told of what is on it. */
	if (!*device->by_id || is_named(device, BY_ID "lvm-pv-uuid-"))
		return name_hardware(device, name, size);
	snprintf(name, size, "%s", device->by_id);
	return true;
}

/* A table that is written anew can put a partition elsewhere. */
static void name_device(const struct kcopy_device *device, char *buf,
			size_t size)
{
	char disk[NAME_MAX_LEN];

	if (!name_disk(device, disk, sizeof(disk)))
		*buf = '\0';
	else if (device->partition)
		snprintf(buf, size, "%s from byte %" PRIu64, disk,
			 device->start);
	else
		snprintf(buf, size, "%s", disk);
}

static bool is_still(const struct plan_target *target, const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor) ==
		       target->file_dev &&
	       st->stx_ino == target->file_ino;
}

/*
 * A file system has an inode of that number soon again, and the next one has it,
 * too: but not of the same nanosecond. A path can mean another disk.
 */
static void name_file(const struct plan_target *target, char *buf, size_t size)
{
	const bool is_open = target->image >= 0;
	struct statx st;

	*buf = '\0';
	if (statx(is_open ? target->image : AT_FDCWD,
		  is_open ? "" : target->path, is_open ? AT_EMPTY_PATH : 0,
		  STATX_INO | STATX_BTIME, &st) ||
	    !(st.stx_mask & STATX_BTIME))
		return;
	if (is_open || is_still(target, &st))
		snprintf(buf, size, "file %llu of %lld.%09u", st.stx_ino,
			 st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
}

char *identity_of(const struct plan_target *target, char *buf, size_t size)
{
	if (target->file)
		name_file(target, buf, size);
	else
		name_device(target->device, buf, size);
	return buf;
}

const char *identity_wanted(const struct plan_target *target)
{
	return target->file ?
		       "its file system does not keep when a file was made" :
		       "it has neither a link in /dev/disk/by-id nor a UUID, WWN or serial number";
}
