// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting legs to their device, and finding destinations that hold up others.
 *
 * submit_bio() sleeps when a device's queue is frozen or full. While all of a
 * client's jobs read one device and write one other, and neither has made it
 * sleep, the worker submits itself. Otherwise the source, and each device that
 * is written, has a work item of its own, so that a blocked one delays nobody.
 * One item, and not one a region: each that is blocked keeps a thread.
 *
 * Whether a destination is slow is seen by samples: at each tick, which
 * regions have I/O in flight? Coupled regions go as fast as the slowest, so
 * the slowest is always busy, and how often the others are tells how much
 * faster they could go. Where that is more than twice as fast, the slow one
 * has to go its own way. This costs nothing while I/O goes on.
 */
#include <linux/blkdev.h>
#include <linux/sched.h>

#include "client.h"
#include "engine.h"

/*
 * A judgement after so many milliseconds: busy in @slow percent of the samples
 * is slow, in @idle percent is idle. One who goes his own way reads the source
 * once more: where that seeks, only what lasts is worth it.
 */
static const struct verdict {
	unsigned int ms;
	unsigned int slow;
	unsigned int idle;
} early = { 100, 95, 33 }, late = { 400, 95, 38 };

#define MIN_SAMPLES 12

/* In sequential zones, what is refused would be made up for too late. */
static bool can_write_zeroes(const struct kc_region *region)
{
	return !region->no_zeroes && !region->seq_zones &&
	       bdev_write_zeroes_sectors(region->bdev);
}

/**
 * kc_dest_target - where a leg goes
 * @job: the job
 * @leg: of one of its chunks
 * @target: out, for kc_leg_arm
 */
void kc_dest_target(const struct kcopyd_job *job, const struct kc_leg *leg,
		    struct kc_leg_target *target)
{
	const struct kc_region *region = &job->regions[leg->region];

	*target = (struct kc_leg_target){
		.bdev = region->bdev,
		.sector = region->sector + leg->chunk->first,
		.op = leg->op,
		.zeroes = leg->chunk->map && leg->op == KCOPYD_OP_WRITE &&
			  can_write_zeroes(region),
		.second = leg->op == KCOPYD_OP_READ && leg->region &&
			  job->regions[0].bdev,
		.opf = leg->region ? 0 : job->read_opf,
		.ioprio = job->ioprio,
		.css = job->css,
	};
}

static void ring_once(struct kc_region *region, struct kc_pool *pool)
{
	if (!region->finished)
		return;
	region->finished = false;
	WRITE_ONCE(pool->due, true);
	/* The post before the look at the worker, as in bell.h. */
	smp_mb();
	rcu_read_lock();
	kc_bell_ring(pool->bell);
	rcu_read_unlock();
}

static void submit_all(struct llist_node *posts)
{
	struct kc_leg *leg, *next;
	struct blk_plug plug;

	blk_start_plug(&plug);
	llist_for_each_entry_safe(leg, next, posts, post)
		kc_leg_submit(leg);
	blk_finish_plug(&plug);
}

/* The job waits for this to return before it is freed (kc_dest_flush). */
static void region_work(struct work_struct *work)
{
	struct kc_region *region = container_of(work, struct kc_region, submit);
	struct llist_node *posts = llist_del_all(&region->queue);
	const struct kc_chunk *chunk;
	struct kc_pool *pool;

	if (!posts)
		return;
	/* Posted newest first; devices like ascending sectors. */
	posts = llist_reverse_order(posts);
	chunk = container_of(posts, struct kc_leg, post)->chunk;
	pool = chunk->pool;
	if (kc_dest_watched(chunk->job))
		WRITE_ONCE(region->submitter, current);
	submit_all(posts);
	WRITE_ONCE(region->submitter, NULL);
	ring_once(region, pool);
}

/* The first destination of the same device, partitions included. */
static struct kc_region *first_alike(struct kcopyd_job *job, unsigned int dest)
{
	struct request_queue *queue = bdev_get_queue(job->regions[dest].bdev);
	unsigned int i = 1;

	while (bdev_get_queue(job->regions[i].bdev) != queue)
		i++;
	return &job->regions[i];
}

/*
 * Legs that were submitted before may complete meanwhile: nobody submits to
 * either region then, so that it is the same to them which one they look at.
 */
static void start_queueing(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++) {
		init_llist_head(&job->regions[i].queue);
		INIT_WORK(&job->regions[i].submit, region_work);
		if (i)
			WRITE_ONCE(job->regions[i].via, first_alike(job, i));
	}
	job->queued = true;
}

/*
 * The worker finds out by itself whether a device lets it wait: from then on,
 * reads and writes no longer wait for each other.
 */
static void submit_inline(struct kc_region *region, struct kc_leg *leg)
{
	unsigned long switches = current->nvcsw;

	kc_leg_submit(leg);
	if (current->nvcsw != switches)
		region->blocks = true;
}

/**
 * kc_dest_submit - get an armed leg to its device
 * @job: the job
 * @leg: not to be touched afterwards
 *
 * Context: the client's worker. Sleeps while the device's queue is full, if
 * that holds up nobody.
 */
void kc_dest_submit(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_region *region = &job->regions[leg->region];

	if (!job->client->mixed && !region->blocks &&
	    (!leg->region || job->nr_dests == 1)) {
		submit_inline(region, leg);
		return;
	}
	if (!job->queued)
		start_queueing(job);
	/*
	 * Not the list's being empty, but the work's being idle decides: it
	 * takes the whole list when it runs.
	 */
	llist_add(&leg->post, &region->via->queue);
	queue_work(job->client->submit_wq, &region->via->submit);
}

/**
 * kc_dest_flush - wait until the regions' work items are through
 * @job: with nothing in flight, about to be freed; its legs were queued
 *
 * The last leg may have completed before the work function returned.
 */
void kc_dest_flush(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++)
		flush_work(&job->regions[i].submit);
}

static void sample(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++)
		job->regions[i].busy += !!job->regions[i].legs;
	job->samples++;
}

static u64 judge(const struct kcopyd_job *job, const struct verdict *by)
{
	unsigned int slow_from = DIV_ROUND_UP(job->samples * by->slow, 100);
	unsigned int idle_to = job->samples * by->idle / 100;
	unsigned int i, busiest = job->regions[0].busy;
	u64 slow = 0;

	for (i = 0; i < job->nr_dests; i++) {
		unsigned int busy = job->regions[1 + i].busy;

		if (!(job->main.dests & BIT_ULL(i)))
			continue;
		if (busy >= slow_from)
			slow |= BIT_ULL(i);
		else
			busiest = max(busiest, busy);
	}
	/* With all of them slow, nobody is held up. */
	return busiest <= idle_to && slow != job->main.dests ? slow : 0;
}

/* Who is dropped is not asked for again: that takes what lasts, too. */
static bool being_wrong_is_cheap(const struct kcopyd_job *job)
{
	struct block_device *source = job->regions[0].bdev;

	return job->on_slow == KCOPYD_SLOW_UNCOUPLE &&
	       (!source || !kc_bdev_rot(source));
}

static void start_over(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++)
		job->regions[i].busy = 0;
	job->samples = 0;
	job->sampled_from = ktime_get_ns();
}

/**
 * kc_dest_sample - look who is busy
 * @job: a job that is watched
 *
 * Context: the client's worker, every KC_DEST_TICK_MS.
 * Return: bit i = destination i holds up the others.
 */
u64 kc_dest_sample(struct kcopyd_job *job)
{
	unsigned int ms;
	u64 slow = 0;

	if (!job->samples)
		start_over(job);
	sample(job);
	ms = div_u64(ktime_get_ns() - job->sampled_from, NSEC_PER_MSEC);
	if (job->samples < MIN_SAMPLES)
		return 0;
	if (ms >= early.ms && being_wrong_is_cheap(job))
		slow = judge(job, &early);
	if (ms >= late.ms)
		slow |= judge(job, &late);
	if (slow || ms >= late.ms)
		start_over(job);
	return slow;
}
