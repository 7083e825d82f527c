// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls about jobs: what is asked for is checked, made into a job and
 * posted to the client; jobs are steered, and looked at.
 */
#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/ioprio.h>
#include <linux/ktime.h>

#include "client.h"
#include "engine.h"
#include "trace.h"

#define JOB_FLAGS                                                              \
	(KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ | KCOPYD_DETACH_FAILED |       \
	 KCOPYD_FLUSH | KCOPYD_SKIP_BAD | KCOPYD_ZERO_BAD |                    \
	 KCOPYD_KEEP_FAILED | KCOPYD_SPARSE | KCOPYD_VERIFY | KCOPYD_COMPARE | \
	 KCOPYD_RESET_ZONES | KCOPYD_FAIL_FAST)
#define JOB_CLASSIC_FLAGS \
	(KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ | KCOPYD_DETACH_FAILED)
/* What a job that writes nothing has no use for. */
#define JOB_WRITING_FLAGS                                                     \
	(KCOPYD_WRITE_SEQ | KCOPYD_ZERO_BAD | KCOPYD_SPARSE | KCOPYD_VERIFY | \
	 KCOPYD_RESET_ZONES)

/* Chunks of at most a quarter of the reserve, so that several are in flight. */
#define JOB_RESERVE_SHARE 4

/* A kernel client's job that is shorter has no statistics of its own. */
#define SMALL_SECTORS (SZ_1M >> SECTOR_SHIFT)

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

/* Region @i; NULL for a source of zeroes. */
static const struct io_region *rq_region(const struct kcopyd_request *rq,
					 unsigned int i)
{
	return i ? &rq->dests[i - 1] : rq->from;
}

static unsigned int rq_first(const struct kcopyd_request *rq)
{
	return rq->from ? 0 : 1;
}

static bool rq_overlaps(const struct kcopyd_request *rq)
{
	unsigned int i, j;

	for (i = 1; i <= rq->num_dests; i++)
		for (j = rq_first(rq); j < i; j++)
			if (kc_regions_overlap(rq_region(rq, i),
					       rq_region(rq, j)))
				return true;
	return false;
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

/**
 * struct facts - what a request comes to, by its devices
 * @block: the largest logical block, sectors
 * @piece: most sectors of a bio
 * @zoned: some destination has zones
 * @flags: KCOPYD_*, with what they imply
 */
struct facts {
	unsigned int block;
	unsigned int piece;
	bool zoned;
	unsigned int flags;
};

static void find_device_facts(const struct kcopyd_request *rq,
			      struct facts *facts)
{
	unsigned int i;

	facts->block = 1;
	facts->piece = rq->chunk ?: KC_CHUNK_MAX_SECTORS;
	facts->zoned = false;
	for (i = rq_first(rq); i <= rq->num_dests; i++) {
		struct block_device *bdev = rq_region(rq, i)->bdev;

		facts->block =
			max(facts->block,
			    bdev_logical_block_size(bdev) >> SECTOR_SHIFT);
		facts->piece = min(facts->piece, device_piece(bdev));
		facts->zoned |= i && bdev_is_zoned(bdev);
	}
}

static int check_regions(const struct kcopyd_request *rq, unsigned int block)
{
	unsigned int i;

	for (i = rq_first(rq); i <= rq->num_dests; i++) {
		const struct io_region *region = rq_region(rq, i);

		if (region->count != rq->dests[0].count ||
		    region->sector + region->count < region->sector)
			return -EINVAL;
		if (!IS_ALIGNED(region->sector | region->count, block))
			return -EINVAL;
	}
	return rq_overlaps(rq) ? -EINVAL : 0;
}

static unsigned int implied_flags(const struct kcopyd_request *rq, bool zoned)
{
	unsigned int flags = rq->flags;

	if (flags & KCOPYD_IGNORE_ERROR) {
		flags |= KCOPYD_SKIP_BAD;
		if (!(flags & KCOPYD_DETACH_FAILED))
			flags |= KCOPYD_KEEP_FAILED;
	}
	if (flags & KCOPYD_ZERO_BAD)
		flags |= KCOPYD_SKIP_BAD;
	if (flags & KCOPYD_VERIFY)
		flags |= KCOPYD_FLUSH;
	if (flags & KCOPYD_COMPARE)
		flags &= ~KCOPYD_FLUSH;
	else if (zoned)
		flags |= KCOPYD_WRITE_SEQ;
	return flags;
}

static int check_flags(unsigned int flags)
{
	if (flags & ~JOB_FLAGS)
		return -EINVAL;
	if (flags & KCOPYD_DETACH_FAILED && flags & KCOPYD_KEEP_FAILED)
		return -EINVAL;
	if (flags & KCOPYD_COMPARE && flags & JOB_WRITING_FLAGS)
		return -EINVAL;
	/* A gap ends all writing to a sequential zone. */
	if (flags & KCOPYD_WRITE_SEQ &&
	    (flags & KCOPYD_KEEP_FAILED ||
	     (flags & KCOPYD_SKIP_BAD && !(flags & KCOPYD_ZERO_BAD))))
		return -EINVAL;
	return 0;
}

static int check_options(const struct kcopyd_request *rq)
{
	if (rq->chunk > KC_CHUNK_MAX_SECTORS || kc_pace_check(&rq->limits) ||
	    rq->retry > KCOPYD_RETRY_BISECT || rq->on_slow > KCOPYD_SLOW_DROP ||
	    rq->checksum > KCOPYD_CHECKSUM_SHA256 ||
	    IOPRIO_PRIO_CLASS(rq->ioprio) > IOPRIO_CLASS_IDLE)
		return -EINVAL;
	/* Nothing is read that a checksum could be of. */
	if (rq->checksum && (!rq->from || rq->flags & KCOPYD_COMPARE))
		return -EINVAL;
	return 0;
}

static bool reserve_is_too_small(struct kcopyd_client *kc,
				 const struct kcopyd_request *rq,
				 unsigned int block)
{
	unsigned int pages =
		kc_reserve_in_runs(&kc->pool.reserve, KC_CHUNK_SPANS);
	u64 sectors = (u64)pages << (PAGE_SHIFT - SECTOR_SHIFT);

	if (rq->flags & (KCOPYD_VERIFY | KCOPYD_COMPARE))
		block *= 2;
	return block > sectors;
}

static int check_request(struct kcopyd_client *kc,
			 const struct kcopyd_request *rq, struct facts *facts)
{
	unsigned int i;

	if (!rq->dests || !rq->num_dests || rq->num_dests > KCOPYD_MAX_DESTS)
		return -EINVAL;
	for (i = rq_first(rq); i <= rq->num_dests; i++)
		if (!rq_region(rq, i)->bdev)
			return -EINVAL;
	find_device_facts(rq, facts);
	facts->flags = implied_flags(rq, facts->zoned);
	if (check_flags(facts->flags) || check_options(rq))
		return -EINVAL;
	if (!IS_ALIGNED(rq->chunk, facts->block) ||
	    reserve_is_too_small(kc, rq, facts->block))
		return -EINVAL;
	return check_regions(rq, facts->block);
}

/* A length that is a multiple of pages if it can be, of blocks at least. */
static unsigned int round_length(const struct kcopyd_job *job,
				 unsigned int sectors)
{
	unsigned int unit =
		max_t(unsigned int, job->block_sectors, PAGE_SECTORS);

	if (sectors < unit)
		unit = job->block_sectors;
	return max(rounddown(sectors, unit), unit);
}

static void job_set_sizes(struct kcopyd_job *job,
			  const struct kcopyd_request *rq,
			  const struct facts *facts)
{
	u64 share = (u64)job->client->pool.reserve.nr_pages * PAGE_SECTORS /
		    JOB_RESERVE_SHARE;
	unsigned int most = rq->chunk;

	job->block_sectors = facts->block;
	job->piece_sectors = round_length(job, facts->piece);
	if (!most)
		most = rounddown(KC_CHUNK_MAX_SECTORS, job->piece_sectors);
	job->chunk_sectors = min_t(u64, most, max_t(u64, share, 1));
	if (job->chunk_sectors < most)
		job->chunk_sectors = round_length(job, job->chunk_sectors);
	job->piece_sectors = min(job->piece_sectors, job->chunk_sectors);
}

static unsigned int slow_policy(const struct kcopyd_job *job,
				const struct kcopyd_request *rq)
{
	/* A dying source is read once. */
	if (rq->on_slow == KCOPYD_SLOW_UNCOUPLE && job->flags & KCOPYD_SKIP_BAD)
		return KCOPYD_SLOW_WAIT;
	return rq->on_slow;
}

static struct io_region dest_of(const struct kcopyd_job *job, unsigned int i)
{
	const struct kc_region *region = &job->regions[i];

	return (struct io_region){ region->bdev, region->sector, job->count };
}

static void check_zones(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 1; i <= job->nr_dests; i++) {
		const struct io_region dest = dest_of(job, i);

		if (!bdev_is_zoned(dest.bdev) || kc_job_cancelled(job) ||
		    dest.sector + dest.count > bdev_nr_sectors(dest.bdev))
			continue;
		job->regions[i].seq_zones = true;
		job->regions[i].refused =
			kc_zoned_check(&dest, job->flags & KCOPYD_RESET_ZONES);
	}
}

static void reset_zones(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 1; i <= job->nr_dests; i++) {
		const struct io_region dest = dest_of(job, i);
		struct kc_region *region = &job->regions[i];

		if (region->seq_zones && !region->refused &&
		    !kc_job_cancelled(job))
			region->refused = kc_zoned_reset(&dest);
	}
}

/*
 * Zones are looked at where sleeping holds up nobody. Nothing is reset for a
 * job that ends before it begins.
 */
static void prepare_work(struct work_struct *work)
{
	struct kcopyd_job *job = container_of(work, struct kcopyd_job, prepare);

	check_zones(job);
	if (job->flags & KCOPYD_RESET_ZONES && !kc_job_refused(job))
		reset_zones(job);
	kc_client_repost(job);
}

static void job_init_regions(struct kcopyd_job *job,
			     const struct kcopyd_request *rq)
{
	unsigned int i;

	job->nr_dests = rq->num_dests;
	job->count = rq->dests[0].count;
	job->live = GENMASK_ULL(rq->num_dests - 1, 0);
	for (i = 0; i <= rq->num_dests; i++)
		kc_region_init(&job->regions[i], rq_region(rq, i));
	kc_lane_init(&job->main, 0, job->live);
}

static void job_init(struct kcopyd_job *job, struct kcopyd_client *kc,
		     const struct kcopyd_request *rq, const struct facts *facts)
{
	memset(job, 0, offsetof(struct kcopyd_job, regions));
	job->client = kc;
	kref_init(&job->ref);
	job->id = atomic64_inc_return(&last_job_id);
	INIT_LIST_HEAD(&job->node);
	job->ops = rq->ops;
	job->context = rq->context;
	job->flags = facts->flags;
	if (facts->flags & KCOPYD_FAIL_FAST)
		job->read_opf = REQ_FAILFAST_DEV;
	job->css = kc_current_blkcg_get();
	job->ioprio = rq->ioprio ?: get_current_ioprio();
	job->retry = rq->retry;
	job->budget = rq->retry_budget ?: KCOPYD_RETRY_BUDGET;
	job->on_slow = slow_policy(job, rq);
	job->checksum = rq->checksum;
	job->start_ns = ktime_get_ns();
	job_init_regions(job, rq);
	job_set_sizes(job, rq, facts);
	job->small = !kc->serves_users && job->count < SMALL_SECTORS;
	job->strays = job->small;
	kc_pace_init(job, &rq->limits);
	if (facts->zoned && job->count && !(job->flags & KCOPYD_COMPARE)) {
		job->wants_prepare = true;
		INIT_WORK(&job->prepare, prepare_work);
	}
}

static noinline void tell_submit(const struct kcopyd_job *job)
{
	kc_trace(kcopyd_job_submit, job->id, job->client->id, job->nr_dests,
		 kc_job_traced_flags(job), job->count);
}

static noinline void tell_regions(const struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++) {
		const struct kc_region *region = &job->regions[i];

		if (!region->bdev)
			continue;
		kc_trace(kcopyd_region, job->id, i, region->bdev->bd_dev,
			 region->sector, job->count,
			 bdev_nr_sectors(region->bdev),
			 kc_job_traced_flags(job), 1 + job->nr_dests);
	}
}

static void trace_job(const struct kcopyd_job *job)
{
	if (trace_kcopyd_job_submit_enabled())
		tell_submit(job);
	if (trace_kcopyd_region_enabled())
		tell_regions(job);
}

static int job_submit(struct kcopyd_client *kc, const struct kcopyd_request *rq,
		      kcopyd_notify_fn fn, struct kcopyd_job **handle)
{
	struct kcopyd_job *job;
	struct facts facts;
	int err = check_request(kc, rq, &facts);

	if (err)
		return err;
	job = kc->serves_users ?
		      kc_job_try_alloc(&kc->job_pool, rq->num_dests) :
		      kc_job_alloc(&kc->job_pool, rq->num_dests);
	if (!job)
		return -ENOMEM;
	job_init(job, kc, rq, &facts);
	job->fn = fn;
	err = kc_content_create(job, rq->checksum);
	if (err) {
		kc_job_discard(job, &kc->job_pool);
		return err;
	}
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

/*
 * Have the worker look at a job again. The handle may outlive the client,
 * which goes away only after KC_JOB_ENDED was set and a grace period has
 * passed.
 */
static void job_look_again(struct kcopyd_job *job)
{
	rcu_read_lock();
	if (!test_bit(KC_JOB_ENDED, &job->stop))
		kc_client_rescan(job->client);
	rcu_read_unlock();
}

static bool is_quiet(const struct kcopyd_job *job)
{
	return test_bit(KC_JOB_QUIET, &job->stop);
}

int kcopyd_job_cancel(struct kcopyd_job *job, unsigned long timeout)
{
	set_bit(KC_JOB_CANCELLED, &job->stop);
	job_look_again(job);
	if (timeout &&
	    wait_var_event_timeout(&job->stop, is_quiet(job), timeout))
		return 0;
	return is_quiet(job) ? 0 : -EINPROGRESS;
}
EXPORT_SYMBOL_GPL(kcopyd_job_cancel);

void kcopyd_job_pause(struct kcopyd_job *job)
{
	set_bit(KC_JOB_PAUSED, &job->stop);
	/* A job that waits for time says at once that it is paused. */
	job_look_again(job);
}
EXPORT_SYMBOL_GPL(kcopyd_job_pause);

void kcopyd_job_resume(struct kcopyd_job *job)
{
	clear_bit(KC_JOB_PAUSED, &job->stop);
	/* Against the worker, which takes the rescan, then looks at the bit. */
	smp_mb__after_atomic();
	job_look_again(job);
}
EXPORT_SYMBOL_GPL(kcopyd_job_resume);

int kcopyd_job_limit(struct kcopyd_job *job, const struct kcopyd_limits *limits)
{
	int err = kc_pace_check(limits);

	if (err)
		return err;
	kc_pace_set(job, limits);
	job_look_again(job);
	return 0;
}
EXPORT_SYMBOL_GPL(kcopyd_job_limit);

void kcopyd_job_progress(const struct kcopyd_job *job,
			 struct kcopyd_progress *progress)
{
	*progress = (struct kcopyd_progress){
		.state = READ_ONCE(job->state),
		.read_err = READ_ONCE(job->read_err),
		.write_err = READ_ONCE(job->write_err),
		.live = READ_ONCE(job->live),
		.uncoupled = READ_ONCE(job->uncoupled) & READ_ONCE(job->live),
		.limits.rate = READ_ONCE(job->pace.limits.rate),
		.limits.percent = READ_ONCE(job->pace.limits.percent),
		.limits.depth = READ_ONCE(job->pace.limits.depth),
	};
	/* The worker may not have come to see it. */
	if (progress->state != KCOPYD_STATE_DONE &&
	    progress->state != KCOPYD_STATE_FLUSHING && kc_job_stopping(job))
		progress->state = KCOPYD_STATE_STOPPING;
}
EXPORT_SYMBOL_GPL(kcopyd_job_progress);

int kcopyd_job_region(struct kcopyd_job *job, unsigned int region,
		      struct kcopyd_region_progress *progress)
{
	struct kc_region *r = &job->regions[region];

	if (region > job->nr_dests)
		return -EINVAL;
	*progress = (struct kcopyd_region_progress){
		.bytes = READ_ONCE(r->bytes),
		.settled = (u64)READ_ONCE(r->settled) << SECTOR_SHIFT,
		.errors = READ_ONCE(r->errors),
		.error = READ_ONCE(r->error),
		.differs = READ_ONCE(r->differs),
	};
	/* Pairs with lane_settle(): the extents before it. */
	smp_rmb();
	progress->nr_extents = kc_extents_count(&r->extents, &progress->coarse);
	return 0;
}
EXPORT_SYMBOL_GPL(kcopyd_job_region);

int kcopyd_job_extent(struct kcopyd_job *job, unsigned int region,
		      unsigned int i, struct kcopyd_error *error)
{
	if (region > job->nr_dests ||
	    !kc_extents_at(&job->regions[region].extents, i, error))
		return -ENOENT;
	return 0;
}
EXPORT_SYMBOL_GPL(kcopyd_job_extent);
