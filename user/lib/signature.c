// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is on a device, in libblkid's eyes. */
#include <blkid/blkid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <libkcopy.h>
#include "cleanup.h"

#define FOUND 0
#define NOTHING 1
#define FAILED (-1)
#define AMBIVALENT (-2)

static void cleanup_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

static const char *value(blkid_probe probe, const char *name)
{
	const char *text = NULL;

	if (blkid_probe_lookup_value(probe, name, &text, NULL))
		return NULL;
	return text;
}

/* A terminal would do what they say, in one byte or, above 127, in two. */
static void without_controls(char *text)
{
	unsigned char *at = (unsigned char *)text;

	for (; *at; at++) {
		if (*at < ' ' || *at == 0x7f)
			*at = '?';
		else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			memset(at, '?', 2);
	}
}

static void describe(blkid_probe probe, char *what, size_t size)
{
	const char *type = value(probe, "TYPE");
	const char *usage = value(probe, "USAGE");
	const char *label = value(probe, "LABEL");
	const char *table = value(probe, "PTTYPE");
	size_t len;

	if (!type) {
		snprintf(what, size, "%s partition table",
			 table ? table : "unknown");
		return;
	}
	snprintf(what, size, "%s%s", type,
		 usage && !strcmp(usage, "filesystem") ? " file system" :
							 " signature");
	len = strlen(what);
	if (label)
		snprintf(what + len, size - len, " labelled '%s'", label);
	without_controls(what);
}

/* FOUND, NOTHING, AMBIVALENT, or another negative number: errno may say why. */
static int probe_device(blkid_probe probe, int fd)
{
	errno = 0;
	if (blkid_probe_set_device(probe, fd, 0, 0) ||
	    blkid_probe_enable_superblocks(probe, 1) ||
	    blkid_probe_set_superblocks_flags(
		    probe, BLKID_SUBLKS_DEFAULT | BLKID_SUBLKS_USAGE) ||
	    blkid_probe_enable_partitions(probe, 1))
		return FAILED;
	errno = 0;
	return blkid_do_safeprobe(probe);
}

int kcopy_device_signature(int fd, char *what, size_t size)
{
	AUTO(cleanup_probe) blkid_probe probe = blkid_new_probe();

	if (!probe)
		return -ENOMEM;
	switch (probe_device(probe, fd)) {
	case FOUND:
		describe(probe, what, size);
		return 1;
	case NOTHING:
		return 0;
	case AMBIVALENT:
		snprintf(what, size, "signatures of more than one kind");
		return 1;
	default:
		return errno ? -errno : -EIO;
	}
}

/* The partition table that is seen with blocks of that size, or "". */
static int find_table(int fd, unsigned int block, char *table, size_t size)
{
	AUTO(cleanup_probe) blkid_probe probe = blkid_new_probe();
	const char *text;
	int found;

	*table = '\0';
	if (!probe)
		return -ENOMEM;
	errno = 0;
	if (blkid_probe_set_device(probe, fd, 0, 0) ||
	    blkid_probe_set_sectorsize(probe, block) ||
	    blkid_probe_enable_superblocks(probe, 0) ||
	    blkid_probe_enable_partitions(probe, 1))
		return errno ? -errno : -EIO;
	errno = 0;
	found = blkid_do_safeprobe(probe);
	if (found == FAILED)
		return errno ? -errno : -EIO;
	text = found == FOUND ? value(probe, "PTTYPE") : NULL;
	if (text)
		snprintf(table, size, "%s", text);
	return 0;
}

int kcopy_device_table(int fd, unsigned int *block)
{
	static const unsigned int blocks[] = { 512, 4096 };
	char table[32];
	size_t i;
	int err;

	for (i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		err = find_table(fd, blocks[i], table, sizeof(table));
		if (err)
			return err;
		*block = blocks[i];
		if (!strcmp(table, "gpt"))
			return 1;
	}
	*block = 0;
	return !strcmp(table, "dos");
}

int kcopy_device_uuid(int fd, char *uuid, size_t size)
{
	AUTO(cleanup_probe) blkid_probe probe = blkid_new_probe();
	const char *text;
	int found;

	if (!probe)
		return -ENOMEM;
	found = probe_device(probe, fd);
	if (found == NOTHING || found == AMBIVALENT)
		return 0;
	if (found != FOUND)
		return errno ? -errno : -EIO;
	text = value(probe, "UUID");
	if (!text)
		text = value(probe, "PTUUID");
	if (!text)
		return 0;
	snprintf(uuid, size, "%s", text);
	return 1;
}
