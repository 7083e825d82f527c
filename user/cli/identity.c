// SPDX-License-Identifier: GPL-2.0-or-later
/* What a destination is told by. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "check.h"
#include "identity.h"

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

/*
 * Of its whole disk. WWNs before serial numbers: all namespaces of an NVMe
 * controller have the same one of these.
 */
static bool name_disk(const struct kcopy_device *device, char *name,
		      size_t size)
{
	static const char *const attributes[] = { "dm/uuid", "wwid",
						  "device/wwid" };
	size_t i;

	for (i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (read_name(device->disk_major, device->disk_minor,
			      attributes[i], name, size))
			return true;
	if (!*device->serial)
		return false;
	snprintf(name, size, "%s %s", device->model, device->serial);
	return true;
}

static void name_device(const struct kcopy_device *device, char *buf,
			size_t size)
{
	char disk[NAME_MAX_LEN];

	if (*device->by_id)
		snprintf(buf, size, "%s", device->by_id);
	else if (!name_disk(device, disk, sizeof(disk)))
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
		       "it has neither a link in /dev/disk/by-id nor a WWN or serial number";
}
