// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of dm_io_get(), and the life of it.
 *
 * Three kinds of objects, each with a reserve (a mempool) and, before that,
 * with a stock of recycled ones on each CPU, which spares the allocator: a
 * small call costs little more than that. A stock never keeps what the reserve
 * lacks, so who waits for the reserve is woken.
 *
 * A call is inside the pools from before its first look at them until its
 * callback has returned: it reads an SRCU domain, in whatever context it ends
 * (the reader's half of SRCU does not care). So
 *
 *  - a put waits for one grace period, and with it for every call that was
 *    made before, callbacks included: nobody is called back after his put;
 *  - the last put first makes new calls fail (reserve_pages = 0), then waits
 *    once more, then frees. A call either saw the 0 or is waited for, even if
 *    its caller had no right to make it.
 */
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/llist.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate_wait.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "io.h"

/* KASAN shall see every life of an object, so nothing is recycled there. */
#define STOCK_MAX (IS_ENABLED(CONFIG_KASAN) ? 0 : 64)

/**
 * struct kc_stock - objects of one CPU that wait for their next life
 * @free: pushed by anybody, in any context; popped by tasks on this CPU, one
 *	at a time because they are not preempted
 * @nr: about how many
 */
struct kc_stock {
	struct llist_head free;
	atomic_t nr;
};

/**
 * struct kc_pool_kind - one kind of objects; all begin with a llist_node
 * @name: of the cache
 * @size: of an object
 * @cache: where they come from
 * @reserve: what is always there
 * @stock: what was given back last
 */
struct kc_pool_kind {
	const char *name;
	size_t size;
	struct kmem_cache *cache;
	mempool_t reserve;
	struct kc_stock __percpu *stock;
};

enum { POOL_CALLS, POOL_BIOS, POOL_WINDOWS, NR_POOLS };

static struct kc_pool_kind pools[NR_POOLS] = {
	[POOL_CALLS] = { "kc_io_call", sizeof(struct kc_call) },
	[POOL_BIOS] = { "kc_io_bio", sizeof(struct kc_call_bio) },
	[POOL_WINDOWS] = { "kc_io_window",
			   sizeof(struct kc_window) +
				   KC_WINDOW_VECS * sizeof(struct bio_vec) },
};

static_assert(!offsetof(struct kc_call, recycled) &&
	      !offsetof(struct kc_call_bio, recycled) &&
	      !offsetof(struct kc_window, recycled));

DEFINE_STATIC_SRCU(calls_srcu);

static DEFINE_MUTEX(reserve_lock);
static unsigned long reserve_pages;

/* ---- stocks -------------------------------------------------------------- */

static void *pool_alloc(struct kc_pool_kind *pool)
{
	struct kc_stock *stock;
	struct llist_node *node;

	stock = get_cpu_ptr(pool->stock);
	node = llist_del_first(&stock->free);
	if (node)
		atomic_dec(&stock->nr);
	put_cpu_ptr(pool->stock);
	return node ?: mempool_alloc(&pool->reserve, GFP_NOIO);
}

/*
 * Any context. The look at the reserve is the one that mempool_free() takes:
 * who sleeps there does so because it is empty, and then everything that was
 * taken from it comes back and finds it so.
 */
static void pool_free(struct kc_pool_kind *pool, void *object)
{
	struct kc_stock *stock = raw_cpu_ptr(pool->stock);

	/* Pairs with the barrier in mempool_alloc(). */
	smp_rmb();
	if (READ_ONCE(pool->reserve.curr_nr) < pool->reserve.min_nr ||
	    atomic_read(&stock->nr) >= STOCK_MAX) {
		mempool_free(object, &pool->reserve);
		return;
	}
	atomic_inc(&stock->nr);
	llist_add(object, &stock->free);
}

/* Nobody is in the pools any more. */
static void pool_drain(struct kc_pool_kind *pool)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kc_stock *stock = per_cpu_ptr(pool->stock, cpu);
		struct llist_node *node = llist_del_all(&stock->free);

		while (node) {
			struct llist_node *next = node->next;

			kmem_cache_free(pool->cache, node);
			node = next;
		}
		atomic_set(&stock->nr, 0);
	}
}

int kc_iopool_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_POOLS; i++) {
		struct kc_pool_kind *pool = &pools[i];

		pool->stock = alloc_percpu(struct kc_stock);
		pool->cache =
			kmem_cache_create(pool->name, pool->size, 0, 0, NULL);
		if (!pool->stock || !pool->cache) {
			kc_iopool_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void kc_iopool_exit(void)
{
	unsigned int i;

	for (i = 0; i < NR_POOLS; i++) {
		kmem_cache_destroy(pools[i].cache);
		free_percpu(pools[i].stock);
	}
}

/* ---- the reserve --------------------------------------------------------- */

/*
 * n pages in flight are at most n calls and n bios. Small buffers have their
 * vecs in the call, so a window has more than KC_CALL_VECS pages.
 */
static int reserved(unsigned int kind, unsigned long pages)
{
	return kind == POOL_WINDOWS ? 1 + pages / (KC_CALL_VECS + 1) : pages;
}

static int reserve_make(unsigned long pages)
{
	unsigned int i;
	int err;

	for (i = 0; i < NR_POOLS; i++) {
		err = mempool_init_slab_pool(
			&pools[i].reserve, reserved(i, pages), pools[i].cache);
		if (err)
			break;
	}
	while (err && i)
		mempool_exit(&pools[--i].reserve);
	return err;
}

static int reserve_resize(unsigned long pages)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < NR_POOLS && !err; i++)
		err = mempool_resize(&pools[i].reserve, reserved(i, pages));
	return err;
}

static void reserve_drop(void)
{
	unsigned int i;

	for (i = 0; i < NR_POOLS; i++) {
		pool_drain(&pools[i]);
		mempool_exit(&pools[i].reserve);
	}
}

int dm_io_get(unsigned int num_pages)
{
	unsigned long pages;
	int err = 0;

	if (!num_pages)
		return -EINVAL;
	mutex_lock(&reserve_lock);
	pages = reserve_pages + num_pages;
	if (pages > INT_MAX)
		err = -ENOMEM;
	else if (reserve_pages)
		err = reserve_resize(pages);
	else
		err = reserve_make(pages);
	if (!err)
		/* The pools are seen before what says that they are there. */
		smp_store_release(&reserve_pages, pages);
	else if (reserve_pages)
		reserve_resize(reserve_pages);
	mutex_unlock(&reserve_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dm_io_get);

/* In a state that no watchdog takes for a hang: a device may take long. */
static void wait_for_calls(void)
{
	struct rcu_synchronize sync;

	init_rcu_head_on_stack(&sync.head);
	init_completion(&sync.completion);
	call_srcu(&calls_srcu, &sync.head, wakeme_after_rcu);
	wait_for_completion_state(&sync.completion, TASK_IDLE);
	destroy_rcu_head_on_stack(&sync.head);
}

void dm_io_put(unsigned int num_pages)
{
	wait_for_calls();
	mutex_lock(&reserve_lock);
	if (!WARN_ON_ONCE(num_pages > reserve_pages)) {
		WRITE_ONCE(reserve_pages, reserve_pages - num_pages);
		if (reserve_pages) {
			reserve_resize(reserve_pages);
		} else if (num_pages) {
			wait_for_calls();
			reserve_drop();
		}
	}
	mutex_unlock(&reserve_lock);
}
EXPORT_SYMBOL_GPL(dm_io_put);

/* 0 and the pools stay until kc_iopool_leave(), or -EINVAL: no dm_io_get(). */
int kc_iopool_enter(int *epoch)
{
	*epoch = __srcu_read_lock(&calls_srcu);
	/* It is kept, or not, and given back by another: for sparse, none of it. */
	__release(&calls_srcu);
	/* Pairs with the release in dm_io_get(). */
	if (smp_load_acquire(&reserve_pages))
		return 0;
	kc_iopool_leave(*epoch);
	return -EINVAL;
}

/* Any context. */
void kc_iopool_leave(int epoch)
{
	__acquire(&calls_srcu);
	__srcu_read_unlock(&calls_srcu, epoch);
}

/* ---- objects: these wait for the reserve if they must; none fails -------- */

struct kc_call *kc_call_alloc(void)
{
	return pool_alloc(&pools[POOL_CALLS]);
}

void kc_call_free(struct kc_call *call)
{
	pool_free(&pools[POOL_CALLS], call);
}

struct kc_call_bio *kc_call_bio_alloc(void)
{
	return pool_alloc(&pools[POOL_BIOS]);
}

void kc_call_bio_free(struct kc_call_bio *cb)
{
	pool_free(&pools[POOL_BIOS], cb);
}

struct kc_window *kc_window_alloc(void)
{
	struct kc_window *window = pool_alloc(&pools[POOL_WINDOWS]);

	window->vecs = (struct bio_vec *)(window + 1);
	return window;
}

void kc_window_free(struct kc_window *window)
{
	pool_free(&pools[POOL_WINDOWS], window);
}
