// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of dm_io_get(), and the life of it.
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
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/rcupdate_wait.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "io.h"

DEFINE_STATIC_SRCU(calls_srcu);

static DEFINE_MUTEX(reserve_lock);
static unsigned long reserve_pages;
static struct bio_set bios;
static mempool_t calls;
static mempool_t windows;

static struct kmem_cache *call_cache;
static struct kmem_cache *window_cache;

int kc_iopool_init(void)
{
	call_cache = kmem_cache_create("kc_io_call", sizeof(struct kc_call), 0,
				       SLAB_HWCACHE_ALIGN, NULL);
	window_cache = kmem_cache_create("kc_io_window",
					 sizeof(struct kc_window) +
						 KC_WINDOW_VECS *
							 sizeof(struct bio_vec),
					 0, 0, NULL);
	if (call_cache && window_cache)
		return 0;
	kc_iopool_exit();
	return -ENOMEM;
}

void kc_iopool_exit(void)
{
	kmem_cache_destroy(window_cache);
	kmem_cache_destroy(call_cache);
}

/*
 * n pages in flight are at most n calls and n bios. Small buffers have their
 * vecs in the call, so a window has more than KC_CALL_VECS pages.
 */
static unsigned long windows_for(unsigned long pages)
{
	return 1 + pages / (KC_CALL_VECS + 1);
}

static int reserve_make(unsigned long pages)
{
	int err;

	err = bioset_init(&bios, pages, offsetof(struct kc_call_bio, bio), 0);
	if (err)
		return err;
	err = mempool_init_slab_pool(&calls, pages, call_cache);
	if (err)
		goto out_bios;
	err = mempool_init_slab_pool(&windows, windows_for(pages),
				     window_cache);
	if (err)
		goto out_calls;
	return 0;

out_calls:
	mempool_exit(&calls);
out_bios:
	bioset_exit(&bios);
	return err;
}

static int reserve_resize(unsigned long pages)
{
	int err = mempool_resize(&bios.bio_pool, pages);

	if (!err)
		err = mempool_resize(&calls, pages);
	if (!err)
		err = mempool_resize(&windows, windows_for(pages));
	return err;
}

static void reserve_drop(void)
{
	mempool_exit(&windows);
	mempool_exit(&calls);
	bioset_exit(&bios);
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
	/* The pools are seen before the number that says that they are there. */
	if (!err)
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
	if (smp_load_acquire(&reserve_pages))
		return 0;
	__srcu_read_unlock(&calls_srcu, *epoch);
	return -EINVAL;
}

/* Any context. */
void kc_iopool_leave(int epoch)
{
	__srcu_read_unlock(&calls_srcu, epoch);
}

/* These wait for calls in flight to give something back; none fails. */

struct kc_call *kc_call_alloc(void)
{
	return mempool_alloc(&calls, GFP_NOIO);
}

void kc_call_free(struct kc_call *call)
{
	mempool_free(call, &calls);
}

struct kc_window *kc_window_alloc(void)
{
	struct kc_window *window = mempool_alloc(&windows, GFP_NOIO);

	window->vecs = (struct bio_vec *)(window + 1);
	return window;
}

void kc_window_free(struct kc_window *window)
{
	mempool_free(window, &windows);
}

struct kc_call_bio *kc_call_bio_alloc(struct block_device *bdev, blk_opf_t opf)
{
	struct bio *bio = bio_alloc_bioset(bdev, 0, opf, GFP_NOIO, &bios);

	return container_of(bio, struct kc_call_bio, bio);
}
