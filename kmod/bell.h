/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bell wakes one worker for posts that others leave in lock-free lists.
 *
 * A ring costs a read while the worker is awake: it looks again before it goes
 * to sleep. The post (an llist_add(), which is a full barrier) comes before the
 * read of awake; in the worker, awake = false comes before the last look, with
 * a barrier between. So either the poster sees the worker asleep and queues it,
 * or the worker sees the post.
 *
 * Rings are made under rcu_read_lock(). The owner frees a bell after
 * synchronize_rcu(): a poster may still be on its way from the post, which
 * let the last job end, to the read of awake.
 */
#ifndef _KCOPYD_BELL_H
#define _KCOPYD_BELL_H

#include <linux/rcupdate.h>
#include <linux/workqueue.h>

struct kc_bell {
	struct workqueue_struct *wq;
	struct work_struct work;
	bool awake;
};

static inline void kc_bell_ring(struct kc_bell *bell)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "bell rung without RCU");
	if (!READ_ONCE(bell->awake))
		queue_work(bell->wq, &bell->work);
}

static inline void kc_bell_awake(struct kc_bell *bell)
{
	WRITE_ONCE(bell->awake, true);
}

/* The caller looks for posts once more after this, and rings if there are. */
static inline void kc_bell_asleep(struct kc_bell *bell)
{
	WRITE_ONCE(bell->awake, false);
	/* Pairs with that of a poster's llist_add(), or atomic_xchg(). */
	smp_mb();
}

#endif /* _KCOPYD_BELL_H */
