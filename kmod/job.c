// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: what is asked for is checked and made into a struct kcopyd_job; the
 * client's worker runs it; its notifier tells the submitter.
 */
#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/ioprio.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

#define JOB_DEPTH 8U
#define JOB_MAX_DEPTH 64U
#define JOB_FLAGS                                                        \
	(KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ | KCOPYD_DETACH_FAILED | \
	 KCOPYD_FLUSH)
#define JOB_CLASSIC_FLAGS (JOB_FLAGS & ~KCOPYD_FLUSH)

/* Jobs of up to so many destinations come from the client's mempool. */
#define JOB_POOL_DESTS 8
#define JOB_POOL_MIN 8

static struct kmem_cache *job_cache;
static atomic64_t last_job_id;

/* dm-mod has a cache named kcopyd_job; no two may have the same name. */
int kc_job_caches_init(void)
{
	job_cache = kmem_cache_create("kc_job",
				      struct_size_t(struct kcopyd_job, regions,
						    1 + JOB_POOL_DESTS),
				      0, 0, NULL);
	return job_cache ? 0 : -ENOMEM;
}

void kc_job_caches_exit(void)
{
	kmem_cache_destroy(job_cache);
}

int kc_job_pool_init(mempool_t *pool)
{
	return mempool_init_slab_pool(pool, JOB_POOL_MIN, job_cache);
}

static struct kcopyd_job *job_alloc(struct kcopyd_client *kc,
				    unsigned int nr_dests)
{
	struct kcopyd_job *job;

	if (nr_dests <= JOB_POOL_DESTS)
		return mempool_alloc(&kc->job_pool, GFP_NOIO);
	return kmalloc(struct_size(job, regions, 1 + nr_dests), GFP_NOIO);
}

static void job_free(struct kref *ref)
{
	struct kcopyd_job *job = container_of(ref, struct kcopyd_job, ref);
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++)
		kc_extents_exit(&job->regions[i].extents);
	/*
	 * A handle may outlive the client and its mempool, so an element is
	 * given back by the notifier (see job_drop_engine) or, when somebody
	 * else is last, to the cache that it came from.
	 */
	if (job->nr_dests <= JOB_POOL_DESTS)
		kmem_cache_free(job_cache, job);
	else
		kfree(job);
}

/* The engine's reference, dropped while the client is sure to live. */
static void job_drop_engine(struct kcopyd_job *job, struct kcopyd_client *kc)
{
	unsigned int i;

	if (!refcount_dec_and_test(&job->ref.refcount))
		return;
	for (i = 0; i <= job->nr_dests; i++)
		kc_extents_exit(&job->regions[i].extents);
	if (job->nr_dests <= JOB_POOL_DESTS)
		mempool_free(job, &kc->job_pool);
	else
		kfree(job);
}

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
	job = job_alloc(kc, rq->num_dests);
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

u64 kcopyd_job_id(const struct kcopyd_job *job)
{
	return job->id;
}
EXPORT_SYMBOL_GPL(kcopyd_job_id);

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

void kcopyd_job_put(struct kcopyd_job *job)
{
	kref_put(&job->ref, job_free);
}
EXPORT_SYMBOL_GPL(kcopyd_job_put);

void kc_job_set_state(struct kcopyd_job *job, unsigned int state)
{
	if (job->state == state)
		return;
	WRITE_ONCE(job->state, state);
	trace_kcopyd_job_state(job->id, state);
	if (job->ops && job->ops->state)
		job->ops->state(job, state, job->context);
}

static u64 job_complete(const struct kcopyd_job *job)
{
	u64 complete = 0;
	unsigned int i;

	for (i = 0; i < job->nr_dests; i++)
		if (job->regions[1 + i].bytes >> SECTOR_SHIFT == job->count &&
		    !(job->write_err & BIT_ULL(i)))
			complete |= BIT_ULL(i);
	return complete;
}

static int job_code(const struct kcopyd_job *job)
{
	if (job->read_err || job->write_err)
		return -EIO;
	/* A cancel that came after the last chunk changed nothing. */
	if (job->main.next < job->count || job->in_flight ||
	    job_complete(job) != GENMASK_ULL(job->nr_dests - 1, 0))
		return -ECANCELED;
	return 0;
}

static u64 job_bytes_written(const struct kcopyd_job *job)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 1; i <= job->nr_dests; i++)
		bytes += job->regions[i].bytes;
	return bytes;
}

static void job_finish(struct kcopyd_job *job)
{
	unsigned int i;

	if (job->nr_dests > 1)
		for (i = 1; i <= job->nr_dests; i++)
			kc_dest_flush(&job->regions[i]);
	if (job->ops && job->ops->finish)
		WRITE_ONCE(job->write_err,
			   job->write_err |
				   job->ops->finish(job, job->context));
	kc_blkcg_put(job->css);
	job->css = NULL;
}

/**
 * kc_job_notify - tell the submitter that a job is over
 * @job: nothing of it is in flight; not to be touched afterwards
 *
 * Context: the client's notifier; may sleep.
 */
void kc_job_notify(struct kcopyd_job *job)
{
	struct kcopyd_client *kc = job->client;
	kcopyd_notify_fn fn = job->fn;
	void *context = job->context;
	struct kcopyd_result result;

	job_finish(job);
	kc_job_set_state(job, KCOPYD_STATE_DONE);
	result = (struct kcopyd_result){
		.code = job_code(job),
		.read_err = job->read_err,
		.write_err = job->write_err,
		.complete = job_complete(job),
		.ns = ktime_get_ns() - job->start_ns,
	};
	trace_kcopyd_job_done(job->id, job->read_err, job->write_err,
			      job_bytes_written(job), result.ns);
	set_bit(KC_JOB_ENDED, &job->stop);
	if (!fn) {
		job->ops->done(job, &result, context);
		job_drop_engine(job, kc);
		return;
	}
	/* First the memory: the callback may submit and want some. */
	job_drop_engine(job, kc);
	fn(result.read_err, lower_32_bits(result.write_err), context);
}
