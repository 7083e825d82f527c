// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destinations with sequential zones: a copy can go on where a zone's write
 * pointer is, and nowhere else, so each zone must be empty, or become so.
 */
#include <linux/blkdev.h>
#include <linux/sched/mm.h>

#include "engine.h"

#define BATCH 64U

/**
 * struct zone_walk - a walk over the zones of a region
 * @region: the region
 * @reset: may zones be reset?
 * @to_reset: of the present batch: bit i = zone i holds data
 */
struct zone_walk {
	const struct io_region *region;
	bool reset;
	u64 to_reset;
};

static sector_t end_of(const struct io_region *region)
{
	return region->sector + region->count;
}

static bool is_sequential(const struct blk_zone *zone)
{
	return zone->type != BLK_ZONE_TYPE_CONVENTIONAL;
}

static bool is_writable(const struct blk_zone *zone)
{
	return zone->cond != BLK_ZONE_COND_READONLY &&
	       zone->cond != BLK_ZONE_COND_OFFLINE;
}

/* Where the first write to a zone will be. */
static sector_t write_start(const struct zone_walk *walk,
			    const struct blk_zone *zone)
{
	return max_t(sector_t, walk->region->sector, zone->start);
}

static sector_t write_pointer(const struct blk_zone *zone)
{
	switch (zone->cond) {
	case BLK_ZONE_COND_EMPTY:
		return zone->start;
	case BLK_ZONE_COND_FULL:
		return zone->start + zone->len;
	default:
		return zone->wp;
	}
}

/*
 * A reset may lose only what would be written over: not what lies before the
 * region or behind it.
 */
static bool may_reset(const struct zone_walk *walk, const struct blk_zone *zone)
{
	const struct io_region *region = walk->region;
	sector_t end = end_of(region);

	if (!walk->reset || zone->start < region->sector)
		return false;
	if (zone->cond == BLK_ZONE_COND_FULL)
		return zone->start + zone->capacity <= end;
	return write_pointer(zone) <= end;
}

static int check_zone(struct blk_zone *zone, unsigned int i, void *data)
{
	struct zone_walk *walk = data;
	sector_t end = end_of(walk->region);

	if (zone->start >= end || !is_sequential(zone))
		return 0;
	if (!is_writable(zone))
		return -EROFS;
	/* Sectors behind the capacity are none: a copy can't leave them out. */
	if (min_t(sector_t, end, zone->start + zone->len) >
	    zone->start + zone->capacity)
		return -ENOSPC;
	if (write_pointer(zone) == write_start(walk, zone))
		return 0;
	if (!may_reset(walk, zone))
		return -ENOTEMPTY;
	walk->to_reset |= BIT_ULL(i);
	return 0;
}

static int reset_zone(struct block_device *bdev, sector_t sector)
{
	struct bio bio;
	int err;

	bio_init(&bio, bdev, NULL, 0, REQ_OP_ZONE_RESET | REQ_SYNC);
	bio.bi_iter.bi_sector = sector;
	err = submit_bio_wait(&bio);
	bio_uninit(&bio);
	return err;
}

static int reset_batch(struct zone_walk *walk, sector_t first, sector_t zone)
{
	int err = 0;

	for (; !err && walk->to_reset; walk->to_reset &= walk->to_reset - 1)
		err = reset_zone(walk->region->bdev,
				 first + zone * __ffs64(walk->to_reset));
	return err;
}

/* Look at all zones, and reset those that have to be if @act. */
static int walk_zones(struct zone_walk *walk, bool act)
{
	struct block_device *bdev = walk->region->bdev;
	sector_t zone = bdev_zone_sectors(bdev);
	sector_t at = round_down(walk->region->sector, zone);
	int ret = 0;

	for (; ret >= 0 && at < end_of(walk->region); at += zone * BATCH) {
		walk->to_reset = 0;
		ret = blkdev_report_zones(bdev, at, BATCH, check_zone, walk);
		if (ret >= 0 && act)
			ret = reset_batch(walk, at, zone);
	}
	return min(ret, 0);
}

/**
 * kc_zoned_check - see whether a region can be written from its start
 * @region: on a zoned device
 * @reset: sequential zones that hold data will be reset (kc_zoned_reset)
 *
 * Context: process, sleeps for I/O.
 * Return: 0; -ENOTEMPTY when a zone holds data that may not go, -ENOSPC when
 * the region covers sectors behind a zone's capacity, -EROFS, or the device's
 * own error.
 */
int kc_zoned_check(const struct io_region *region, bool reset)
{
	struct zone_walk walk = { .region = region, .reset = reset };
	unsigned int noio = memalloc_noio_save();
	int err = walk_zones(&walk, false);

	memalloc_noio_restore(noio);
	return err;
}

/**
 * kc_zoned_reset - reset the zones of a region that have to be
 * @region: one that was checked
 *
 * Context: process, sleeps for I/O.
 * Return: 0, or as kc_zoned_check()
 */
int kc_zoned_reset(const struct io_region *region)
{
	struct zone_walk walk = { .region = region, .reset = true };
	unsigned int noio = memalloc_noio_save();
	int err = walk_zones(&walk, true);

	memalloc_noio_restore(noio);
	return err;
}
