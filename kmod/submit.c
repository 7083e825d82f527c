// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submission and cancelling: what is asked for is checked, made into a job and
 * posted to the client.
 */
#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/ioprio.h>
#include <linux/ktime.h>

#include "internal.h"
#include "trace.h"

#define JOB_DEPTH 8U
#define JOB_MAX_DEPTH 64U
#define JOB_FLAGS                                                        \
	(KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ | KCOPYD_DETACH_FAILED | \
	 KCOPYD_FLUSH)
#define JOB_CLASSIC_FLAGS (JOB_FLAGS & ~KCOPYD_FLUSH)

static atomic64_t last_job_id;

/* Sectors from the start of the disk, so that partitions can be compared. */
static sector_t disk_sector(const struct io_region *region)
{
	return get_start_sect(region->bdev) + region->sector;
}

/**
 * kc_regions_overlap - do two regions share sectors of a disk
 * @a: one
 * @b: the other
 */
bool kc_regions_overlap(const struct io_region *a, const struct io_region *b)
{
	return a->bdev->bd_disk == b->bdev->bd_disk &&
	       disk_sector(a) < disk_sector(b) + b->count &&
	       disk_sector(b) < disk_sector(a) + a->count;
}

static const struct io_region *rq_region(const struct kcopyd_request *rq,
					 unsigned int i)
{
	return i ? &rq->dests[i - 1] : rq->from;
}

static bool rq_overlaps(const struct kcopyd_request *rq)
{
	unsigned int i, j;

	for (i = 1; i <= rq->num_dests; i++)
		for (j = 0; j < i; j++)
			if (kc_regions_overlap(rq_region(rq, i),
					       rq_region(rq, j)))
				return true;
	return false;
}

static unsigned int rq_block(const struct kcopyd_request *rq)
{
	unsigned int i, block = 1;

	for (i = 0; i <= rq->num_dests; i++)
		block = max(block,
			    bdev_logical_block_size(rq_region(rq, i)->bdev) >>
				    SECTOR_SHIFT);
	return block;
}

static bool rq_is_zoned(const struct kcopyd_request *rq)
{
	unsigned int i;

	for (i = 0; i < rq->num_dests; i++)
		if (bdev_is_zoned(rq->dests[i].bdev))
			return true;
	return false;
}

static int check_regions(const struct kcopyd_request *rq, unsigned int block)
{
	unsigned int i;

	for (i = 0; i <= rq->num_dests; i++) {
		const struct io_region *region = rq_region(rq, i);

		if (region->count != rq->from->count ||
		    region->sector + region->count < region->sector)
			return -EINVAL;
		if (!IS_ALIGNED(region->sector | region->count, block))
			return -EINVAL;
	}
	return rq_overlaps(rq) ? -EINVAL : 0;
}

static int check_request(struct kcopyd_client *kc,
			 const struct kcopyd_request *rq)
{
	unsigned int i, block;

	if (!rq->from || !rq->from->bdev || !rq->dests || !rq->num_dests ||
	    rq->num_dests > KCOPYD_MAX_DESTS)
		return -EINVAL;
	for (i = 0; i < rq->num_dests; i++)
		if (!rq->dests[i].bdev)
			return -EINVAL;
	if (rq->flags & ~JOB_FLAGS || rq->depth > JOB_MAX_DEPTH ||
	    rq->chunk > KC_CHUNK_MAX_SECTORS)
		return -EINVAL;
	if (rq->flags & KCOPYD_IGNORE_ERROR &&
	    (rq->flags & KCOPYD_WRITE_SEQ || rq_is_zoned(rq)))
		return -EINVAL;
	block = rq_block(rq);
	if (!IS_ALIGNED(rq->chunk, block) ||
	    block > (u64)kc->pool.reserve.nr_pages
			    << (PAGE_SHIFT - SECTOR_SHIFT))
		return -EINVAL;
	return check_regions(rq, block);
}

/*
 * Most sectors of a bio that the block layer would not split. A chunk's memory
 * is a few long segments, so segments count by their largest size.
 */
static unsigned int device_piece(struct block_device *bdev)
{
	struct request_queue *q = bdev_get_queue(bdev);
	u64 segments = (u64)queue_max_segments(q) * queue_max_segment_size(q);

	return min_t(u64, queue_max_sectors(q), segments >> SECTOR_SHIFT);
}

static void job_set_sizes(struct kcopyd_job *job,
			  const struct kcopyd_request *rq)
{
	unsigned int piece = rq->chunk ?: KC_CHUNK_MAX_SECTORS;
	unsigned int unit, i;

	job->block_sectors = rq_block(rq);
	for (i = 0; i <= rq->num_dests; i++)
		piece = min(piece, device_piece(rq_region(rq, i)->bdev));
	unit = max_t(unsigned int, job->block_sectors, PAGE_SECTORS);
	if (piece < unit)
		unit = job->block_sectors;
	job->piece_sectors = max(rounddown(piece, unit), unit);
	job->chunk_sectors = rq->chunk;
	if (!job->chunk_sectors)
		job->chunk_sectors =
			rounddown(KC_CHUNK_MAX_SECTORS, job->piece_sectors);
	job->depth = rq->depth ?: JOB_DEPTH;
	if (job->flags & KCOPYD_WRITE_SEQ)
		job->depth = 1;
}

static void region_init(struct kc_region *region, const struct io_region *from)
{
	region->bdev = from->bdev;
	region->sector = from->sector;
	region->bytes = 0;
	region->errors = 0;
	region->error = 0;
	kc_extents_init(&region->extents);
	kc_dest_init(region);
}

static void job_init(struct kcopyd_job *job, struct kcopyd_client *kc,
		     const struct kcopyd_request *rq)
{
	unsigned int i;

	memset(job, 0, offsetof(struct kcopyd_job, regions));
	job->client = kc;
	kref_init(&job->ref);
	job->id = atomic64_inc_return(&last_job_id);
	INIT_LIST_HEAD(&job->node);
	job->ops = rq->ops;
	job->context = rq->context;
	job->flags = rq->flags;
	if (rq_is_zoned(rq))
		job->flags |= KCOPYD_WRITE_SEQ;
	job->css = kc_current_blkcg_get();
	job->ioprio = get_current_ioprio();
	job->nr_dests = rq->num_dests;
	job->count = rq->from->count;
	job->live = GENMASK_ULL(rq->num_dests - 1, 0);
	job->start_ns = ktime_get_ns();
	for (i = 0; i <= rq->num_dests; i++)
		region_init(&job->regions[i], rq_region(rq, i));
	job_set_sizes(job, rq);
}

static void trace_job(const struct kcopyd_job *job)
{
	unsigned int i;

	trace_kcopyd_job_submit(job->id, job->client->id, job->nr_dests,
				job->flags, job->count);
	if (!trace_kcopyd_region_enabled())
		return;
	for (i = 0; i <= job->nr_dests; i++) {
		const struct kc_region *region = &job->regions[i];

		trace_kcopyd_region(job->id, i, region->bdev->bd_dev,
				    region->sector, job->count,
				    bdev_nr_sectors(region->bdev));
	}
}

static int job_submit(struct kcopyd_client *kc, const struct kcopyd_request *rq,
		      kcopyd_notify_fn fn, struct kcopyd_job **handle)
{
	struct kcopyd_job *job;
	int err = check_request(kc, rq);

	if (err)
		return err;
	job = kc_job_alloc(&kc->job_pool, rq->num_dests);
	if (!job)
		return -ENOMEM;
	job_init(job, kc, rq);
	job->fn = fn;
	if (handle) {
		kref_get(&job->ref);
		*handle = job;
	}
	trace_job(job);
	kc_client_post(kc, job);
	return 0;
}

int kcopyd_submit(struct kcopyd_client *kc,
		  const struct kcopyd_request *request, struct kcopyd_job **job)
{
	if (!kc || !request || !request->ops || !request->ops->done)
		return -EINVAL;
	return job_submit(kc, request, NULL, job);
}
EXPORT_SYMBOL_GPL(kcopyd_submit);

int kcopyd_copy(struct kcopyd_client *kc, struct io_region *from,
		unsigned int num_dests, struct io_region *dests,
		unsigned int flags, kcopyd_notify_fn fn, void *context)
{
	const struct kcopyd_request rq = {
		.from = from,
		.dests = dests,
		.num_dests = num_dests,
		.flags = flags,
		.context = context,
	};

	if (!kc || !fn || num_dests > KCOPYD_CLASSIC_MAX_DESTS ||
	    flags & ~JOB_CLASSIC_FLAGS)
		return -EINVAL;
	return job_submit(kc, &rq, fn, NULL);
}
EXPORT_SYMBOL_GPL(kcopyd_copy);

void kcopyd_job_cancel(struct kcopyd_job *job)
{
	set_bit(KC_JOB_CANCELLED, &job->stop);
	/*
	 * The handle may outlive the client, which goes away only after
	 * KC_JOB_ENDED was set and a grace period has passed.
	 */
	rcu_read_lock();
	if (!test_bit(KC_JOB_ENDED, &job->stop))
		kc_client_rescan(job->client);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(kcopyd_job_cancel);
