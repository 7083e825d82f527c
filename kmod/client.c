// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: a reserve, a worker that runs the engine, and a notifier for
 * callbacks, which may sleep and must not hold up I/O.
 */
#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "client.h"
#include "engine.h"
#include "memory.h"
#include "trace.h"

/* Passes of the worker before it lets others, and suspend, have a turn. */
#define MAX_PASSES 64
/* Chunks of one pass: those that are not read back at all end at once. */
#define MAX_STARTS 1024

static atomic64_t last_client_id;

static void job_ended(struct kcopyd_client *kc, struct kcopyd_job *job)
{
	list_del_init(&job->node);
	if (kc_dest_watched(job))
		list_del(&job->watch);
	kc->nr_active--;
	if (job->small && !--kc->nr_small)
		kc_observe_idle(kc);
	set_bit(KC_JOB_QUIET, &job->stop);
	/* Against set_bit(CANCELLED) and the look at QUIET of a canceller. */
	smp_mb__after_atomic();
	if (kc_job_cancelled(job))
		wake_up_var(&job->stop);
	rcu_read_lock();
	if (llist_add(&job->post, &kc->ended))
		kc_bell_ring(&kc->notifier);
	rcu_read_unlock();
}

/* Do all active jobs read one device, and write one other? */
static void see_devices(struct kcopyd_client *kc, const struct kcopyd_job *job)
{
	struct block_device *source = job->regions[0].bdev;
	struct block_device *dest = job->regions[1].bdev;

	if (!kc->nr_active) {
		kc->source = source;
		kc->dest = dest;
		kc->mixed = false;
	} else if (kc->source != source || kc->dest != dest) {
		kc->mixed = true;
	}
}

/* Jiffies until the first of the waiting jobs goes on. */
static unsigned long next_wake(struct kcopyd_client *kc)
{
	u64 now = ktime_get_ns(), first = U64_MAX;
	struct kcopyd_job *job;

	list_for_each_entry(job, &kc->waiting, node)
		first = min(first, job->wake_ns);
	if (first == U64_MAX)
		return ULONG_MAX;
	return first > now ? max(nsecs_to_jiffies(first - now), 1UL) : 1;
}

/* Never later than it is: somebody else may wait for that. */
static void arm_tick(struct kcopyd_client *kc)
{
	unsigned long wait = next_wake(kc);

	if (!list_empty(&kc->watched))
		wait = min(wait, msecs_to_jiffies(KC_DEST_TICK_MS));
	if (wait != ULONG_MAX)
		timer_reduce(&kc->tick, jiffies + wait);
}

static void take_job(struct kcopyd_client *kc, struct kcopyd_job *job)
{
	if (job->wants_prepare) {
		/* It comes back when that is done. */
		job->wants_prepare = false;
		queue_work(kc->submit_wq, &job->prepare);
		return;
	}
	see_devices(kc, job);
	kc->nr_active++;
	kc->nr_small += job->small;
	list_add_tail(&job->node, &kc->jobs);
	if (kc_dest_watched(job)) {
		list_add_tail(&job->watch, &kc->watched);
		arm_tick(kc);
	}
}

static void take_new_jobs(struct kcopyd_client *kc)
{
	struct llist_node *posts;
	struct kcopyd_job *job, *next;

	posts = llist_reverse_order(llist_del_all(&kc->new_jobs));
	llist_for_each_entry_safe(job, next, posts, post)
		take_job(kc, job);
}

static void take_legs(struct kcopyd_client *kc, struct llist_head *list)
{
	struct llist_node *posts;
	struct kc_leg *leg, *next;

	posts = llist_reverse_order(llist_del_all(list));
	llist_for_each_entry_safe(leg, next, posts, post) {
		struct kcopyd_job *job = kc_copy_leg_done(leg);

		/* One that stops need not wait for its time. */
		if (list_empty(&job->node) || kc_job_stopping(job))
			list_move_tail(&job->node, &kc->jobs);
	}
}

static void take_done_legs(struct kcopyd_client *kc)
{
	WRITE_ONCE(kc->pool.due, false);
	take_legs(kc, &kc->pool.done);
	take_legs(kc, &kc->pool.quiet);
}

static void park(struct kcopyd_client *kc, struct kcopyd_job *job)
{
	list_move_tail(&job->node, &kc->waiting);
	if (job->wake_ns != U64_MAX)
		arm_tick(kc);
}

/*
 * Start chunks, one a job in turn, until nothing can be started. A job that
 * waits for its own chunks leaves the list; its next completed leg brings it
 * back. Those behind one that is starved get their turn all the same: they may
 * need no memory, or have ended.
 */
static void start_chunks(struct kcopyd_client *kc)
{
	unsigned int starts = 0;
	LIST_HEAD(starved);

	while (!list_empty(&kc->jobs) && starts < MAX_STARTS) {
		struct kcopyd_job *job =
			list_first_entry(&kc->jobs, struct kcopyd_job, node);

		switch (kc_copy_step(job)) {
		case KC_STEP_STARTED:
			list_move_tail(&job->node, &kc->jobs);
			starts++;
			break;
		case KC_STEP_WAIT:
			list_del_init(&job->node);
			break;
		case KC_STEP_STARVED:
			list_move_tail(&job->node, &starved);
			break;
		case KC_STEP_PARKED:
			park(kc, job);
			break;
		case KC_STEP_ENDED:
			job_ended(kc, job);
			break;
		}
	}
	/* What is left needs no event to go on: another pass. */
	if (!list_empty(&kc->jobs))
		atomic_set(&kc->rescan, 1);
	list_splice(&starved, &kc->jobs);
}

/* A job was cancelled, resumed or limited: let all that wait look again. */
static void rescan(struct kcopyd_client *kc)
{
	if (atomic_xchg(&kc->rescan, 0))
		list_splice_tail_init(&kc->waiting, &kc->jobs);
}

static void wake_waiting(struct kcopyd_client *kc)
{
	struct kcopyd_job *job, *next;
	u64 now = ktime_get_ns();

	list_for_each_entry_safe(job, next, &kc->waiting, node)
		if (job->wake_ns <= now)
			list_move_tail(&job->node, &kc->jobs);
}

static void take_tick(struct kcopyd_client *kc)
{
	struct kcopyd_job *job;

	if (!atomic_xchg(&kc->ticked, 0))
		return;
	wake_waiting(kc);
	list_for_each_entry(job, &kc->watched, watch) {
		kc_copy_tick(job);
		if (list_empty(&job->node))
			list_add_tail(&job->node, &kc->jobs);
	}
	arm_tick(kc);
}

static bool has_posts(struct kcopyd_client *kc)
{
	if ((READ_ONCE(kc->pool.due) || kc->pool.impatient) &&
	    !llist_empty(&kc->pool.quiet))
		return true;
	return !llist_empty(&kc->pool.done) || !llist_empty(&kc->new_jobs) ||
	       atomic_read(&kc->rescan) || atomic_read(&kc->ticked);
}

static void client_work(struct work_struct *work)
{
	struct kcopyd_client *kc =
		container_of(work, struct kcopyd_client, bell.work);
	struct mem_cgroup *old = set_active_memcg(kc->memcg);
	unsigned int passes = 0;
	struct blk_plug plug;

	kc_bell_awake(&kc->bell);
	do {
		blk_start_plug(&plug);
		/* First: what is done and not yet looked at is no idleness. */
		take_tick(kc);
		take_new_jobs(kc);
		take_done_legs(kc);
		rescan(kc);
		start_chunks(kc);
		blk_finish_plug(&plug);
		cond_resched();
	} while (has_posts(kc) && ++passes < MAX_PASSES);
	set_active_memcg(old);
	kc_bell_asleep(&kc->bell);
	if (has_posts(kc))
		queue_work(kc->io_wq, &kc->bell.work);
}

/*
 * Rings like any poster; it is deleted before the client goes away. A timer and
 * no delayed work: that would have to wait behind the worker.
 */
static void client_tick(struct timer_list *timer)
{
	struct kcopyd_client *kc =
		container_of(timer, struct kcopyd_client, tick);

	/* A full barrier before the look at the worker, as in bell.h. */
	atomic_xchg(&kc->ticked, 1);
	rcu_read_lock();
	kc_bell_ring(&kc->bell);
	rcu_read_unlock();
}

static void notify_one(struct kcopyd_client *kc, struct kcopyd_job *job)
{
	kc_job_notify(job);
	if (atomic_dec_and_test(&kc->nr_jobs))
		wake_up_all(&kc->destroyq);
}

static void notifier_work(struct work_struct *work)
{
	struct kcopyd_client *kc =
		container_of(work, struct kcopyd_client, notifier.work);
	struct kcopyd_job *job, *next;
	struct llist_node *posts;

	kc_bell_awake(&kc->notifier);
	WRITE_ONCE(kc->job_pool.notifier, current);
	while ((posts = llist_del_all(&kc->ended))) {
		posts = llist_reverse_order(posts);
		llist_for_each_entry_safe(job, next, posts, post)
			notify_one(kc, job);
		cond_resched();
	}
	WRITE_ONCE(kc->job_pool.notifier, NULL);
	kc_bell_asleep(&kc->notifier);
	if (!llist_empty(&kc->ended))
		queue_work(kc->notify_wq, &kc->notifier.work);
}

/* The submitter's way to the worker. */
void kc_client_post(struct kcopyd_client *kc, struct kcopyd_job *job)
{
	atomic_inc(&kc->nr_jobs);
	rcu_read_lock();
	if (llist_add(&job->post, &kc->new_jobs))
		kc_bell_ring(&kc->bell);
	rcu_read_unlock();
}

/* A job that was prepared comes back to its worker. */
void kc_client_repost(struct kcopyd_job *job)
{
	struct kcopyd_client *kc = job->client;

	rcu_read_lock();
	if (llist_add(&job->post, &kc->new_jobs))
		kc_bell_ring(&kc->bell);
	rcu_read_unlock();
}

/*
 * A job should be looked at; under rcu_read_lock(). A full barrier on both
 * sides: what was done to the job comes before, the look at the worker after.
 */
void kc_client_rescan(struct kcopyd_client *kc)
{
	atomic_xchg(&kc->rescan, 1);
	kc_bell_ring(&kc->bell);
}

static void client_exit_queues(struct kcopyd_client *kc)
{
	if (kc->io_wq)
		destroy_workqueue(kc->io_wq);
	if (kc->submit_wq)
		destroy_workqueue(kc->submit_wq);
	if (kc->notify_wq)
		destroy_workqueue(kc->notify_wq);
}

/*
 * Three, so that none waits for a worker that another keeps: submission blocks
 * with a device, notifies sleep as they like. Suspend and hibernation freeze
 * the worker: nothing new is started until the system goes on, and what is in
 * flight completes. They do not wait for the others, who may wait for somebody
 * that is frozen.
 */
static int client_init_queues(struct kcopyd_client *kc)
{
	const unsigned int flags = WQ_MEM_RECLAIM | WQ_UNBOUND;

	kc->io_wq =
		alloc_workqueue("kcopyd/%llu", flags | WQ_FREEZABLE, 1, kc->id);
	kc->submit_wq = alloc_workqueue("kcopyd_submit/%llu", flags,
					WQ_MAX_ACTIVE, kc->id);
	kc->notify_wq = alloc_workqueue("kcopyd_notify/%llu", flags, 1, kc->id);
	if (!kc->io_wq || !kc->submit_wq || !kc->notify_wq) {
		client_exit_queues(kc);
		return -ENOMEM;
	}
	kc->bell.wq = kc->io_wq;
	INIT_WORK(&kc->bell.work, client_work);
	timer_setup(&kc->tick, client_tick, 0);
	kc->notifier.wq = kc->notify_wq;
	INIT_WORK(&kc->notifier.work, notifier_work);
	return 0;
}

int kcopyd_client_create(unsigned int num_pages, struct kcopyd_client **result)
{
	struct kcopyd_client *kc;
	int err;

	if (!num_pages || !result)
		return -EINVAL;
	kc = kzalloc(sizeof(*kc), KC_GFP_ACCOUNT);
	if (!kc)
		return -ENOMEM;
	kc->id = atomic64_inc_return(&last_client_id);
	kc->memcg = kc_current_memcg_get();
	init_llist_head(&kc->new_jobs);
	init_llist_head(&kc->ended);
	INIT_LIST_HEAD(&kc->jobs);
	INIT_LIST_HEAD(&kc->waiting);
	INIT_LIST_HEAD(&kc->watched);
	init_waitqueue_head(&kc->destroyq);
	err = client_init_queues(kc);
	if (err)
		goto out_free;
	err = kc_pool_init(&kc->pool, num_pages, &kc->bell);
	if (err)
		goto out_queues;
	err = kc_job_pool_init(&kc->job_pool);
	if (err)
		goto out_pool;
	*result = kc;
	return 0;

out_pool:
	kc_pool_exit(&kc->pool);
out_queues:
	client_exit_queues(kc);
out_free:
	mem_cgroup_put(kc->memcg);
	kfree(kc);
	return err;
}
EXPORT_SYMBOL_GPL(kcopyd_client_create);

void kcopyd_client_destroy(struct kcopyd_client *kc)
{
	if (!kc)
		return;
	/* Idle sleep: a blocked device is no hung task of ours. */
	wait_event_idle(kc->destroyq, !atomic_read(&kc->nr_jobs));
	/* Without jobs, nothing starts it again. */
	timer_delete_sync(&kc->tick);
	/* Posters on their way out may still ring (see bell.h) ... */
	synchronize_rcu();
	/* ... and the last notify may still be returning. */
	client_exit_queues(kc);
	kc_trace(kcopyd_client_destroy, kc->id);
	kc_job_pool_exit(&kc->job_pool);
	kc_pool_exit(&kc->pool);
	mem_cgroup_put(kc->memcg);
	kfree(kc);
}
EXPORT_SYMBOL_GPL(kcopyd_client_destroy);
