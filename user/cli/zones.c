// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zoned destinations: each sequential zone is written from its write pointer
 * on, and nowhere else. The module looks again, when another program may have
 * written; this is to say so before any destination has changed.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/blkzoned.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"

#define SECTOR_SIZE 512
#define BATCH 128

/* In sectors. */
struct range {
	uint64_t start;
	uint64_t end;
};

static bool is_writable(const struct blk_zone *zone)
{
	return zone->cond != BLK_ZONE_COND_READONLY &&
	       zone->cond != BLK_ZONE_COND_OFFLINE;
}

/* An older kernel tells none. */
static uint64_t end_of(const struct blk_zone *zone)
{
	return zone->start + (zone->capacity ? zone->capacity : zone->len);
}

static uint64_t write_pointer(const struct blk_zone *zone)
{
	switch (zone->cond) {
	case BLK_ZONE_COND_EMPTY:
		return zone->start;
	case BLK_ZONE_COND_FULL:
		return end_of(zone);
	default:
		return zone->wp;
	}
}

enum fault {
	FAULT_NONE,
	FAULT_READ_ONLY,
	FAULT_CAPACITY,
	FAULT_BEHIND_START,
	FAULT_BEHIND_END,
	FAULT_DATA,
};

/* What is said of "its zone at byte N". */
static const char *const faults[] = {
	[FAULT_READ_ONLY] =
		"is read-only or offline: choose a range without it, or another device",
	[FAULT_CAPACITY] =
		"has less capacity than room, which a copy can not leave out: choose a range that ends before, or another device",
	[FAULT_BEHIND_START] =
		"can be written only from its write pointer on: begin there, or at the start of a zone",
	[FAULT_BEHIND_END] =
		"holds data behind the end of what is written, too, which no option overwrites: blkzone reset empties it",
	[FAULT_DATA] = "holds data: --zone-reset empties such zones",
};

static enum fault fault_of(const struct blk_zone *zone,
			   const struct range *range, bool may_reset)
{
	uint64_t pointer = write_pointer(zone);

	if (zone->type == BLK_ZONE_TYPE_CONVENTIONAL)
		return FAULT_NONE;
	if (!is_writable(zone))
		return FAULT_READ_ONLY;
	if (MIN(range->end, zone->start + zone->len) > end_of(zone))
		return FAULT_CAPACITY;
	if (zone->cond != BLK_ZONE_COND_FULL &&
	    pointer == MAX(range->start, zone->start))
		return FAULT_NONE;
	if (zone->start < range->start)
		return FAULT_BEHIND_START;
	if (pointer > range->end)
		return FAULT_BEHIND_END;
	return may_reset ? FAULT_NONE : FAULT_DATA;
}

static int complain_zone(const struct plan_target *dest,
			 const struct blk_zone *zone, enum fault fault)
{
	char name[512];

	complain("%s: its zone at byte %" PRIu64 " %s",
		 kcopy_device_describe(dest->device, name, sizeof(name)),
		 (uint64_t)zone->start * SECTOR_SIZE, faults[fault]);
	return EXIT_SAFETY;
}

static int check_batch(const struct plan_target *dest,
		       const struct blk_zone_report *report,
		       const struct range *range, bool may_reset)
{
	const struct blk_zone *zone;
	enum fault fault;
	unsigned int i;

	for (i = 0; i < report->nr_zones; i++) {
		zone = &report->zones[i];
		if (zone->start >= range->end)
			break;
		fault = fault_of(zone, range, may_reset);
		if (fault)
			return complain_zone(dest, zone, fault);
	}
	return 0;
}

static int complain_report(const struct plan_target *dest, int err)
{
	char name[512];

	complain("%s: asking for its zones failed: %s",
		 kcopy_device_describe(dest->device, name, sizeof(name)),
		 strerror(err));
	return exit_of_errno(-err);
}

static int check_range(const struct plan_target *dest,
		       const struct range *range, bool may_reset)
{
	AUTO_FREE struct blk_zone_report *report =
		calloc(1, sizeof(*report) + BATCH * sizeof(*report->zones));
	const struct blk_zone *last;
	uint64_t at = range->start;
	int code = 0;

	if (!report)
		return complain_report(dest, ENOMEM);
	while (!code && at < range->end) {
		report->sector = at;
		report->nr_zones = BATCH;
		if (ioctl(dest->fd, BLKREPORTZONE, report))
			return complain_report(dest, errno);
		if (!report->nr_zones)
			break;
		code = check_batch(dest, report, range, may_reset);
		last = &report->zones[report->nr_zones - 1];
		at = last->start + last->len;
	}
	return code;
}

int zones_check(const struct plan *plan, const struct plan_target *dest)
{
	const struct range range = {
		dest->offset / SECTOR_SIZE,
		(dest->offset + plan->length) / SECTOR_SIZE,
	};

	if (!dest->device->zoned)
		return 0;
	return check_range(dest, &range,
			   plan->options->submit_flags &
				   KCOPYD_SUBMIT_RESET_ZONES);
}
