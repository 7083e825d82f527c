// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting legs to their device, and finding destinations that hold up others.
 *
 * submit_bio() sleeps when a device's queue is frozen or full. While all of a
 * client's jobs read one device and write one other, the worker has nobody
 * else to serve meanwhile and submits itself. Otherwise each region has a work
 * item of its own, so that a blocked device delays nobody.
 *
 * Whether a destination is slow is seen by samples: at each tick, which
 * regions have I/O in flight? Coupled regions go as fast as the slowest, so
 * the slowest is always busy, and how often the others are tells how much
 * faster they could go. Where that is more than twice as fast, the slow one
 * has to go its own way. This costs nothing while I/O goes on.
 */
#include <linux/blkdev.h>

#include "internal.h"

/* Samples for a judgement; busy in so many is slow, in so many is idle. */
#define SAMPLES 24
#define SAMPLES_SLOW 23
#define SAMPLES_IDLE 9

static void region_work(struct work_struct *work)
{
	struct kc_region *region = container_of(work, struct kc_region, submit);
	struct llist_node *posts = llist_del_all(&region->queue);
	struct kc_leg *leg, *next;
	struct blk_plug plug;

	/* Posted newest first; devices like ascending sectors. */
	posts = llist_reverse_order(posts);
	blk_start_plug(&plug);
	llist_for_each_entry_safe(leg, next, posts, post)
		kc_leg_submit(leg);
	blk_finish_plug(&plug);
}

static void start_queueing(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++) {
		init_llist_head(&job->regions[i].queue);
		INIT_WORK(&job->regions[i].submit, region_work);
	}
	job->queued = true;
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

	if (!job->client->mixed && (!leg->region || job->nr_dests == 1)) {
		kc_leg_submit(leg);
		return;
	}
	if (!job->queued)
		start_queueing(job);
	/*
	 * Not the list's being empty, but the work's being idle decides: it
	 * takes the whole list when it runs.
	 */
	llist_add(&leg->post, &region->queue);
	queue_work(job->client->submit_wq, &region->submit);
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

static u64 judge(struct kcopyd_job *job)
{
	unsigned int i, busiest = job->regions[0].busy;
	u64 slow = 0;

	for (i = 0; i < job->nr_dests; i++) {
		unsigned int busy = job->regions[1 + i].busy;

		if (!(job->main.dests & BIT_ULL(i)))
			continue;
		if (busy >= SAMPLES_SLOW)
			slow |= BIT_ULL(i);
		else
			busiest = max(busiest, busy);
	}
	/* With all of them slow, nobody is held up. */
	return busiest <= SAMPLES_IDLE && slow != job->main.dests ? slow : 0;
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
	unsigned int i;
	u64 slow;

	sample(job);
	if (job->samples < SAMPLES)
		return 0;
	slow = judge(job);
	for (i = 0; i <= job->nr_dests; i++)
		job->regions[i].busy = 0;
	job->samples = 0;
	return slow;
}
