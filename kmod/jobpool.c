// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for jobs. Those of one destination, which are many and small, are
 * recycled a client; others come from its mempools, and the largest from the
 * machine. A mempool has what it needs before anything is recycled, so that
 * whoever sleeps for an element is woken.
 *
 * Only the notifier gives jobs back that have ended, one after the other, and a
 * callback may submit: it would wait for what only it can give. So there is a
 * spare one for it. The first job that is freed afterwards, its own if no other,
 * is the next: each callback has one.
 *
 * A job of user space is taken from none of these pools but the recycled ones,
 * and waits for nothing: what it would wait for may be kept by results that
 * nobody reads.
 */
#include <linux/slab.h>

#include "job.h"
#include "jobpool.h"
#include "memory.h"

#define SMALL_DESTS 1
#define LARGE_DESTS 8
#define POOL_MIN 8
#define RECYCLED_MAX 64

static struct kmem_cache *small_cache;
static struct kmem_cache *large_cache;

static struct kmem_cache *cache_create(const char *name, unsigned int nr_dests)
{
	return kmem_cache_create(
		name, struct_size_t(struct kcopyd_job, regions, 1 + nr_dests),
		0, 0, NULL);
}

/* dm-mod has a cache named kcopyd_job; no two may have the same name. */
int kc_job_caches_init(void)
{
	small_cache = cache_create("kc_job_small", SMALL_DESTS);
	large_cache = cache_create("kc_job_large", LARGE_DESTS);
	if (small_cache && large_cache)
		return 0;
	kc_job_caches_exit();
	return -ENOMEM;
}

void kc_job_caches_exit(void)
{
	kmem_cache_destroy(small_cache);
	kmem_cache_destroy(large_cache);
}

static int stock_init(struct kc_job_stock *stock, struct kmem_cache *cache)
{
	int err = mempool_init_slab_pool(&stock->elements, POOL_MIN, cache);

	if (err)
		return err;
	stock->spare = kmem_cache_alloc(cache, GFP_KERNEL);
	if (stock->spare)
		return 0;
	mempool_exit(&stock->elements);
	return -ENOMEM;
}

static void stock_exit(struct kc_job_stock *stock)
{
	/* NULL where whoever has a handle still has the job. */
	mempool_free(stock->spare, &stock->elements);
	mempool_exit(&stock->elements);
}

int kc_job_pool_init(struct kc_job_pool *pool)
{
	int err;

	spin_lock_init(&pool->lock);
	pool->notifier = NULL;
	pool->recycled = NULL;
	pool->nr_recycled = 0;
	err = stock_init(&pool->small, small_cache);
	if (err)
		return err;
	err = stock_init(&pool->large, large_cache);
	if (err)
		stock_exit(&pool->small);
	return err;
}

void kc_job_pool_exit(struct kc_job_pool *pool)
{
	while (pool->recycled) {
		struct kcopyd_job *job = pool->recycled;

		pool->recycled = job->recycled;
		kmem_cache_free(small_cache, job);
	}
	stock_exit(&pool->small);
	stock_exit(&pool->large);
}

static struct kcopyd_job *take_spare(struct kc_job_pool *pool,
				     struct kc_job_stock *stock)
{
	struct kcopyd_job *job;

	spin_lock(&pool->lock);
	job = stock->spare;
	WRITE_ONCE(stock->spare, NULL);
	spin_unlock(&pool->lock);
	return job;
}

static struct kcopyd_job *stock_take(struct kc_job_pool *pool,
				     struct kc_job_stock *stock)
{
	struct kcopyd_job *job;

	/* Nobody else is ever equal to it, whenever that is set. */
	if (READ_ONCE(pool->notifier) == current) {
		job = mempool_alloc(&stock->elements, GFP_NOWAIT | __GFP_NOWARN) ?:
			      take_spare(pool, stock);
		if (job)
			return job;
	}
	return mempool_alloc(&stock->elements, GFP_NOIO);
}

/* Before anybody who waits: each job in flight will come back to those. */
static bool replace_spare(struct kc_job_pool *pool, struct kc_job_stock *stock,
			  struct kcopyd_job *job)
{
	bool replaced = false;

	if (likely(READ_ONCE(stock->spare)))
		return false;
	spin_lock(&pool->lock);
	if (!stock->spare) {
		WRITE_ONCE(stock->spare, job);
		replaced = true;
	}
	spin_unlock(&pool->lock);
	return replaced;
}

static void stock_give(struct kc_job_pool *pool, struct kc_job_stock *stock,
		       struct kcopyd_job *job)
{
	if (!replace_spare(pool, stock, job))
		mempool_free(job, &stock->elements);
}

static struct kcopyd_job *pop_recycled(struct kc_job_pool *pool)
{
	struct kcopyd_job *job;

	spin_lock(&pool->lock);
	job = pool->recycled;
	if (job) {
		pool->recycled = job->recycled;
		pool->nr_recycled--;
	}
	spin_unlock(&pool->lock);
	return job;
}

static bool push_recycled(struct kc_job_pool *pool, struct kcopyd_job *job)
{
	const mempool_t *elements = &pool->small.elements;
	bool pushed = false;

	/* As mempool_free() looks: an element that is missing goes there. */
	if (READ_ONCE(elements->curr_nr) < elements->min_nr ||
	    !READ_ONCE(pool->small.spare))
		return false;
	spin_lock(&pool->lock);
	if (pool->nr_recycled < RECYCLED_MAX) {
		job->recycled = pool->recycled;
		pool->recycled = job;
		pool->nr_recycled++;
		pushed = true;
	}
	spin_unlock(&pool->lock);
	return pushed;
}

/**
 * kc_job_alloc - get memory for a job
 * @pool: of its client
 * @nr_dests: destinations
 *
 * Context: process, may sleep until another job gives its memory back.
 * Return: the job, all of it to be initialised, or NULL.
 */
struct kcopyd_job *kc_job_alloc(struct kc_job_pool *pool, unsigned int nr_dests)
{
	struct kcopyd_job *job;

	if (nr_dests <= SMALL_DESTS)
		return pop_recycled(pool) ?: stock_take(pool, &pool->small);
	if (nr_dests <= LARGE_DESTS)
		return stock_take(pool, &pool->large);
	return kmalloc(struct_size(job, regions, 1 + nr_dests), GFP_NOIO);
}

/**
 * kc_job_try_alloc - get memory for a job of user space
 * @pool: of its client
 * @nr_dests: destinations
 *
 * Charged to the caller's memory cgroup, and to be freed like any other.
 *
 * Context: process, may sleep, but not for another job.
 * Return: the job, all of it to be initialised, or NULL.
 */
struct kcopyd_job *kc_job_try_alloc(struct kc_job_pool *pool,
				    unsigned int nr_dests)
{
	struct kcopyd_job *job;

	if (nr_dests <= SMALL_DESTS)
		return pop_recycled(pool) ?:
			       kmem_cache_alloc(small_cache, KC_GFP_ACCOUNT);
	if (nr_dests <= LARGE_DESTS)
		return kmem_cache_alloc(large_cache, KC_GFP_ACCOUNT);
	return kmalloc(struct_size(job, regions, 1 + nr_dests), KC_GFP_ACCOUNT);
}

/**
 * kc_job_free - give a job's memory back
 * @pool: of its client; NULL when that may be gone
 * @job: nobody knows it any more
 *
 * Context: process.
 */
void kc_job_free(struct kc_job_pool *pool, struct kcopyd_job *job)
{
	if (job->nr_dests <= SMALL_DESTS) {
		if (!pool)
			kmem_cache_free(small_cache, job);
		else if (!push_recycled(pool, job))
			stock_give(pool, &pool->small, job);
	} else if (job->nr_dests <= LARGE_DESTS) {
		if (pool)
			stock_give(pool, &pool->large, job);
		else
			kmem_cache_free(large_cache, job);
	} else {
		kfree(job);
	}
}
