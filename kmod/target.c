// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that user space gives as descriptors: the caller's own rights
 * decide, the descriptor is pinned for the job, and the page cache of the
 * range is kept out of the copy's way.
 */
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "target.h"

/* A buffer that somebody is reading just now stays; it goes in a moment. */
#define DROP_TRIES 10
#define DROP_PAUSE_MS 20

/* O_EXCL at open is not kept in f_flags, but the claim is seen here. */
static bool is_exclusive(struct file *file, struct block_device *bdev)
{
	return READ_ONCE(bdev->bd_holder) == file;
}

static int check_mode(struct file *file, struct block_device *bdev,
		      unsigned int use, struct kc_refusal *why)
{
	if (use & KC_TARGET_READ && !(file->f_mode & FMODE_READ))
		return kc_refuse(why, KCOPYD_REASON_NOT_READABLE, -EBADF);
	if (!(use & KC_TARGET_WRITE))
		return 0;
	if (bdev_read_only(bdev))
		return kc_refuse(why, KCOPYD_REASON_READ_ONLY, -EROFS);
	if (!(file->f_mode & FMODE_WRITE))
		return kc_refuse(why, KCOPYD_REASON_NOT_WRITABLE, -EBADF);
	if (!is_exclusive(file, bdev))
		return kc_refuse(why, KCOPYD_REASON_NOT_EXCLUSIVE, -EBUSY);
	return 0;
}

static int check_range(struct block_device *bdev, u64 offset, u64 length,
		       struct kc_refusal *why)
{
	if (!IS_ALIGNED(offset | length, bdev_logical_block_size(bdev)))
		return kc_refuse(why, KCOPYD_REASON_UNALIGNED, -EINVAL);
	if (offset + length < offset || offset + length > bdev_nr_bytes(bdev))
		return kc_refuse(why, KCOPYD_REASON_TOO_SMALL, -ENOSPC);
	return 0;
}

static int check_rights(struct file *file, u64 offset, u64 length,
			unsigned int use, struct kc_refusal *why)
{
	loff_t pos = offset;
	int err = 0;

	if (use & KC_TARGET_READ)
		err = rw_verify_area(READ, file, &pos, length);
	if (err >= 0 && use & KC_TARGET_WRITE)
		err = rw_verify_area(WRITE, file, &pos, length);
	return err < 0 ? kc_refuse(why, KCOPYD_REASON_PERMISSION, err) : 0;
}

static int check_target(struct kc_target *target, u64 offset, u64 length,
			unsigned int use, struct kc_refusal *why)
{
	struct file *file = target->file;
	struct block_device *bdev;
	int err;

	if (!S_ISBLK(file_inode(file)->i_mode))
		return kc_refuse(why, KCOPYD_REASON_NOT_BLOCK, -ENOTBLK);
	bdev = I_BDEV(file->f_mapping->host);
	err = check_mode(file, bdev, use, why);
	if (!err)
		err = check_range(bdev, offset, length, why);
	if (!err)
		err = check_rights(file, offset, length, use, why);
	if (err)
		return err;
	target->use = use;
	target->region = (struct io_region){
		.bdev = bdev,
		.sector = offset >> SECTOR_SHIFT,
		.count = length >> SECTOR_SHIFT,
	};
	return 0;
}

/**
 * kc_target_get - pin a descriptor's device and check the range on it
 * @target: to be filled; its @file must be NULL
 * @from: what user space gave
 * @length: bytes
 * @use: KC_TARGET_* bits: what will be done to it
 * @why: reason of a refusal
 *
 * Context: process, the caller's.
 * Return: 0, or -errno with nothing pinned.
 */
int kc_target_get(struct kc_target *target, const struct kcopyd_target *from,
		  u64 length, unsigned int use, struct kc_refusal *why)
{
	int err;

	if (from->pad)
		return kc_refuse(why, KCOPYD_REASON_PAD, -EINVAL);
	target->file = fget(from->fd);
	if (!target->file)
		return kc_refuse(why, KCOPYD_REASON_FD, -EBADF);
	err = check_target(target, from->offset, length, use, why);
	if (err)
		kc_target_put(target);
	return err;
}

/**
 * kc_target_put - drop a pin
 * @target: may be empty
 *
 * When it was the last reference the device is closed before this returns,
 * also in a worker, where fput() would leave that for later.
 */
void kc_target_put(struct kc_target *target)
{
	struct file *file = target->file;

	target->file = NULL;
	if (!file)
		return;
	if (current->flags & PF_KTHREAD)
		__fput_sync(file);
	else
		fput(file);
}

/* The range in bytes, whole pages, the end inclusive; false if it is empty. */
static bool cached_range(const struct kc_target *target, loff_t *first,
			 loff_t *last)
{
	const struct io_region *region = &target->region;

	*first = round_down(region->sector << SECTOR_SHIFT, PAGE_SIZE);
	*last = round_up((region->sector + region->count) << SECTOR_SHIFT,
			 PAGE_SIZE) -
		1;
	return region->count;
}

/**
 * kc_target_write_out - write a range's dirty page cache to the device
 * @target: the device; may be empty
 * @why: reason of a refusal
 *
 * Context: process, sleeps for I/O.
 */
int kc_target_write_out(struct kc_target *target, struct kc_refusal *why)
{
	loff_t first, last;
	int err;

	if (!cached_range(target, &first, &last))
		return 0;
	err = filemap_write_and_wait_range(target->file->f_mapping, first,
					   last);
	return err ? kc_refuse(why, KCOPYD_REASON_WRITE_OUT, err) : 0;
}

/**
 * kc_target_drop_cache - make a range's page cache go
 * @target: the device
 *
 * Dirty pages are not written out here: they would be written over the copy.
 *
 * Context: process, sleeps.
 * Return: 0, -EBUSY when some page is dirty or in use and stays.
 */
int kc_target_drop_cache(struct kc_target *target)
{
	unsigned int tries = DROP_TRIES;
	loff_t first, last;
	int err;

	if (!cached_range(target, &first, &last))
		return 0;
	for (;;) {
		err = invalidate_inode_pages2_range(target->file->f_mapping,
						    first >> PAGE_SHIFT,
						    last >> PAGE_SHIFT);
		if (!err || !--tries)
			return err;
		msleep(DROP_PAUSE_MS);
	}
}
