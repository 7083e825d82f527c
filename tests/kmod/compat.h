/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels that the test disk meets. What can be
 * probed as an API is; nothing tests a version.
 */
#ifndef _KCOPYD_TEST_COMPAT_H
#define _KCOPYD_TEST_COMPAT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>

#include "kcopyd_test_disk.h"

/* Limits came as functions of a queue; since 6.11 one struct has them all. */
#ifdef BLK_FEAT_WRITE_CACHE

static inline struct gendisk *kt_alloc_disk(struct blk_mq_tag_set *tags,
					    const struct kcopyd_test_disk *args,
					    void *queuedata)
{
	struct queue_limits limits = {
		.logical_block_size = args->block,
		.max_hw_sectors = args->max_sectors,
		/* Otherwise at most 1280 KiB. */
		.max_user_sectors = args->max_sectors,
		.max_segments = args->max_segments,
		.max_segment_size = args->max_segment_size,
		.seg_boundary_mask = args->seg_boundary,
		.virt_boundary_mask = args->virt_boundary,
		.dma_alignment = args->dma_alignment,
		.discard_granularity = args->block,
		.max_hw_discard_sectors = args->max_discard_sectors,
		.max_write_zeroes_sectors = args->max_write_zeroes_sectors,
	};

	if (args->flags & KCOPYD_TEST_DISK_WRITE_CACHE)
		limits.features |= BLK_FEAT_WRITE_CACHE;
	if (args->flags & KCOPYD_TEST_DISK_FUA)
		limits.features |= BLK_FEAT_FUA;
	return blk_mq_alloc_disk(tags, &limits, queuedata);
}

/* Both: any context. */
static inline void kt_disable_discard(struct request_queue *queue)
{
	blk_queue_disable_discard(queue);
}

static inline void kt_disable_write_zeroes(struct request_queue *queue)
{
	blk_queue_disable_write_zeroes(queue);
}

#else /* BLK_FEAT_WRITE_CACHE */

static inline struct gendisk *kt_alloc_disk(struct blk_mq_tag_set *tags,
					    const struct kcopyd_test_disk *args,
					    void *queuedata)
{
	struct gendisk *disk = blk_mq_alloc_disk(tags, queuedata);
	struct request_queue *queue;

	if (IS_ERR(disk))
		return disk;
	queue = disk->queue;
	blk_queue_logical_block_size(queue, args->block);
	blk_queue_max_hw_sectors(queue, args->max_sectors);
	/* Otherwise at most 1280 KiB. */
	queue->limits.max_sectors = args->max_sectors;
	blk_queue_max_segments(queue, args->max_segments);
	/* One includes that the other is unlimited. */
	if (args->virt_boundary)
		blk_queue_virt_boundary(queue, args->virt_boundary);
	else
		blk_queue_max_segment_size(queue, args->max_segment_size);
	blk_queue_segment_boundary(queue, args->seg_boundary);
	blk_queue_dma_alignment(queue, args->dma_alignment);
	queue->limits.discard_granularity = args->block;
	blk_queue_max_discard_sectors(queue, args->max_discard_sectors);
	blk_queue_max_write_zeroes_sectors(queue,
					   args->max_write_zeroes_sectors);
	blk_queue_write_cache(queue, args->flags & KCOPYD_TEST_DISK_WRITE_CACHE,
			      args->flags & KCOPYD_TEST_DISK_FUA);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, queue);
	return disk;
}

static inline void kt_disable_discard(struct request_queue *queue)
{
	blk_queue_max_discard_sectors(queue, 0);
}

static inline void kt_disable_write_zeroes(struct request_queue *queue)
{
	blk_queue_max_write_zeroes_sectors(queue, 0);
}

#endif /* BLK_FEAT_WRITE_CACHE */

#endif /* _KCOPYD_TEST_COMPAT_H */
