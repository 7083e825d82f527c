/* SPDX-License-Identifier: GPL-2.0-only */
/* A region of a job, its errors and how often it may fail (region.c). */
#ifndef _KCOPYD_REGION_H
#define _KCOPYD_REGION_H

#include <linux/blkdev.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include <kcopyd/dm_io.h>
#include <kcopyd/kcopyd.h>

#include "batch.h"
#include "extents.h"
#include "lane.h"

/**
 * struct kc_region - one region of a job
 * @bdev: device; NULL for a source of zeroes
 * @sector: first
 * @block: logical block, sectors
 * @bytes: read or written without error; the worker writes, anybody reads
 * @settled: sectors up to which all is done or in an extent, from 0 again while
 *	it is read back; likewise
 * @errors: requests that failed; likewise
 * @error: errno of the first located error; likewise
 * @refused: errno of a look at the device before the start
 * @lost: given up: nothing more is tried
 * @differs: from the source, in a comparison; the worker writes, anybody reads
 * @unread: of it a part was not read back, though that was asked for
 * @blocks: submitting to it has slept
 * @finished: a chunk has completed in the course of submission
 * @via: whose @queue, @submit, @submitter and @finished it has
 * @submitter: task that submits to it, of a job that is watched
 * @no_zeroes: write-zeroes was refused
 * @seq_zones: errors can't be looked into: writes can't be repeated
 * @bad_blocks: that failed since the last success
 * @bad_requests: likewise
 * @legs: in flight
 * @in_flight: measured requests, ready and not yet accounted for
 * @busy: samples that saw legs in flight
 * @extents: where errors were
 * @queue: legs to be submitted by @submit
 * @submit: submits them, so that one device's full queue delays no other
 * @lane: of a destination that was uncoupled
 * @batch: while somebody observes
 */
struct kc_region {
	struct block_device *bdev;
	sector_t sector;
	unsigned int block;
	u64 bytes;
	sector_t settled;
	unsigned int errors;
	int error;
	int refused;
	bool lost;
	bool differs;
	bool unread;
	bool blocks;
	bool finished;
	bool no_zeroes;
	bool seq_zones;
	unsigned int bad_blocks;
	unsigned int bad_requests;
	unsigned int legs;
	unsigned int in_flight;
	unsigned int busy;
	struct kc_region *via;
	struct task_struct *submitter;
	struct kc_extents extents;
	struct llist_head queue;
	struct work_struct submit;
	struct kc_lane lane;
	struct kc_batch batch;
};

void kc_region_init(struct kc_region *region, const struct io_region *from);
void kc_region_exit(struct kc_region *region);
void kc_region_located(struct kcopyd_job *job, struct kcopyd_error *error);
void kc_region_untried(struct kcopyd_job *job, unsigned int region,
		       sector_t first, sector_t count, int error);
void kc_region_request_failed(struct kcopyd_job *job, unsigned int region,
			      int error);
void kc_region_check_gone(struct kc_region *region, int error);
bool kc_region_spent(const struct kcopyd_job *job, unsigned int region);

#endif /* _KCOPYD_REGION_H */
