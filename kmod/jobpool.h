/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for jobs (jobpool.c). */
#ifndef _KCOPYD_JOBPOOL_H
#define _KCOPYD_JOBPOOL_H

#include <linux/mempool.h>
#include <linux/spinlock.h>

struct kcopyd_job;
struct task_struct;

/**
 * struct kc_job_stock - jobs of one size
 * @elements: whoever finds none waits
 * @spare: one more, for the notifier, which must not wait; NULL = it is a job now
 */
struct kc_job_stock {
	mempool_t elements;
	struct kcopyd_job *spare;
};

/**
 * struct kc_job_pool - a client's
 * @small: for jobs of one destination
 * @large: for those of some
 * @notifier: the task that runs callbacks now, or NULL
 * @lock: of the rest, and of spare ones
 * @recycled: small ones, to be used again
 * @nr_recycled: of them
 */
struct kc_job_pool {
	struct kc_job_stock small;
	struct kc_job_stock large;
	struct task_struct *notifier;
	spinlock_t lock;
	struct kcopyd_job *recycled;
	unsigned int nr_recycled;
};

int kc_job_caches_init(void);
void kc_job_caches_exit(void);
int kc_job_pool_init(struct kc_job_pool *pool);
void kc_job_pool_exit(struct kc_job_pool *pool);
struct kcopyd_job *kc_job_alloc(struct kc_job_pool *pool,
				unsigned int nr_dests);
struct kcopyd_job *kc_job_try_alloc(struct kc_job_pool *pool,
				    unsigned int nr_dests);
void kc_job_free(struct kc_job_pool *pool, struct kcopyd_job *job);

#endif /* _KCOPYD_JOBPOOL_H */
