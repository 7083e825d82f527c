// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting a destination's legs to its device.
 *
 * submit_bio() sleeps when a device's queue is frozen or full. With a single
 * destination the worker has nobody else to serve meanwhile and submits
 * itself; with several, each has a work item of its own, so that a blocked one
 * delays nobody.
 */
#include <linux/blkdev.h>

#include "internal.h"

static void dest_work(struct work_struct *work)
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

void kc_dest_init(struct kc_region *region)
{
	init_llist_head(&region->queue);
	INIT_WORK(&region->submit, dest_work);
}

/**
 * kc_dest_submit - get an armed leg to its destination
 * @leg: not to be touched afterwards
 *
 * Context: the client's worker.
 */
void kc_dest_submit(struct kc_leg *leg)
{
	struct kcopyd_job *job = leg->chunk->job;
	struct kc_region *region = &job->regions[leg->region];

	if (job->nr_dests == 1) {
		kc_leg_submit(leg);
		return;
	}
	/*
	 * Not the list's being empty, but the work's being idle decides: it
	 * takes the whole list when it runs.
	 */
	llist_add(&leg->post, &region->queue);
	queue_work(job->client->submit_wq, &region->submit);
}

/**
 * kc_dest_flush - wait until a destination's work item is through
 * @region: of a job with nothing in flight, about to be freed
 *
 * The last leg may have completed before the work function returned.
 */
void kc_dest_flush(struct kc_region *region)
{
	flush_work(&region->submit);
}
