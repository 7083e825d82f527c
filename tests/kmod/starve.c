// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guarantees of dm_io_get() and of a client's reserve: memory is taken
 * until there is none, then calls are made for as many pages as were got, or
 * copies with what the client has.
 */
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "internal.h"

/* As a block driver under memory pressure would ask. */
#define STARVED_GFP (GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN)
/* Reclaim goes on in the background: so many failures in a row are the end. */
#define FAILURES 20
/* Large blocks first: there are many pages. */
#define HOG_ORDERS 10
/* At least: a little more than a slab, which is what somebody may wait for. */
#define GIVEN_PAGES 64

/**
 * struct hog - memory that nobody else shall have
 * @oom: gives some of it to those who can't be refused
 * @lock: for @pages
 * @pages: of each order, through their lru
 * @objects: of each power of two, the first word points to the next
 * @nr_pages: how much it is altogether, in pages; objects not counted
 */
struct hog {
	struct notifier_block oom;
	spinlock_t lock;
	struct list_head pages[HOG_ORDERS];
	void *objects[PAGE_SHIFT + 1];
	u64 nr_pages;
};

/* Somebody would be killed otherwise, as it is the test that runs. */
static int hog_give(struct notifier_block *oom, unsigned long unused,
		    void *context)
{
	struct hog *hog = container_of(oom, struct hog, oom);
	unsigned long given = 0, *freed = context;
	unsigned int order = 0;

	spin_lock(&hog->lock);
	while (order < HOG_ORDERS && given < GIVEN_PAGES) {
		struct page *page = list_first_entry_or_null(&hog->pages[order],
							     struct page, lru);

		if (!page) {
			order++;
			continue;
		}
		list_del(&page->lru);
		__free_pages(page, order);
		given += 1UL << order;
	}
	spin_unlock(&hog->lock);
	*freed += given;
	return NOTIFY_OK;
}

static void hog_init(struct hog *hog)
{
	unsigned int i;

	memset(hog, 0, sizeof(*hog));
	spin_lock_init(&hog->lock);
	for (i = 0; i < ARRAY_SIZE(hog->pages); i++)
		INIT_LIST_HEAD(&hog->pages[i]);
	hog->oom.notifier_call = hog_give;
	register_oom_notifier(&hog->oom);
}

static bool hog_page(struct hog *hog, unsigned int order)
{
	struct page *page = alloc_pages(STARVED_GFP, order);

	if (!page)
		return false;
	spin_lock(&hog->lock);
	list_add(&page->lru, &hog->pages[order]);
	spin_unlock(&hog->lock);
	hog->nr_pages += 1UL << order;
	return true;
}

static bool hog_object(struct hog *hog, unsigned int shift)
{
	void **object = kmalloc(1UL << shift, STARVED_GFP);

	if (!object)
		return false;
	*object = hog->objects[shift];
	hog->objects[shift] = object;
	return true;
}

/* Slabs have free objects when there is no page any more. */
static void hog_slabs(struct hog *hog)
{
	unsigned int shift;

	for (shift = 5; shift <= PAGE_SHIFT; shift++)
		while (hog_object(hog, shift))
			;
}

static void hog_all(struct hog *hog)
{
	unsigned int order, failures = 0;

	for (order = HOG_ORDERS - 1; order; order--)
		while (hog_page(hog, order))
			cond_resched();
	while (failures < FAILURES) {
		if (hog_page(hog, 0)) {
			failures = 0;
			continue;
		}
		hog_slabs(hog);
		failures++;
		usleep_range(100, 200);
	}
}

static void hog_free(struct hog *hog)
{
	struct page *page, *next;
	unsigned int i;

	unregister_oom_notifier(&hog->oom);
	for (i = 0; i < ARRAY_SIZE(hog->objects); i++)
		while (hog->objects[i]) {
			void **object = hog->objects[i];

			hog->objects[i] = *object;
			kfree(object);
		}
	for (i = 0; i < ARRAY_SIZE(hog->pages); i++)
		list_for_each_entry_safe(page, next, &hog->pages[i], lru) {
			list_del(&page->lru);
			__free_pages(page, i);
		}
}

/**
 * struct starving_batch - the calls
 * @left: calls that are not complete, and one while they are being made
 * @callbacks: how many came
 * @errors: their bits
 * @done: @left is 0
 * @nr_calls: how many there are
 * @nr_pages: of each
 * @list: the pages of all, in order
 */
struct starving_batch {
	atomic_t left;
	atomic_t callbacks;
	atomic_t errors;
	struct completion done;
	unsigned int nr_calls;
	unsigned int nr_pages;
	struct page_list list[];
};

static unsigned int batch_pages(const struct starving_batch *batch)
{
	return batch->nr_calls * batch->nr_pages;
}

static void batch_destroy(struct starving_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch_pages(batch); i++)
		if (batch->list[i].page)
			__free_page(batch->list[i].page);
	kvfree(batch);
}

static int batch_fill(struct starving_batch *batch, const void __user *from)
{
	unsigned int i;

	for (i = 0; i < batch_pages(batch); i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			return -ENOMEM;
		batch->list[i].page = page;
		if ((i + 1) % batch->nr_pages)
			batch->list[i].next = &batch->list[i + 1];
		if (copy_from_user(page_address(page), from + i * PAGE_SIZE,
				   PAGE_SIZE))
			return -EFAULT;
	}
	return 0;
}

static struct starving_batch *
batch_create(const struct kcopyd_test_starve *args)
{
	struct starving_batch *batch;
	int ret;

	batch = kvzalloc(struct_size(batch, list, args->nr_calls * args->pages),
			 GFP_KERNEL);
	if (!batch)
		return ERR_PTR(-ENOMEM);
	batch->nr_calls = args->nr_calls;
	batch->nr_pages = args->pages;
	atomic_set(&batch->left, 1);
	init_completion(&batch->done);
	ret = batch_fill(batch, u64_to_user_ptr(args->buffer));
	if (ret) {
		batch_destroy(batch);
		return ERR_PTR(ret);
	}
	return batch;
}

static void batch_drop(struct starving_batch *batch)
{
	if (atomic_dec_and_test(&batch->left))
		complete(&batch->done);
}

static void call_done(unsigned long error, void *context)
{
	struct starving_batch *batch = context;

	atomic_or(error, &batch->errors);
	atomic_inc(&batch->callbacks);
	batch_drop(batch);
}

static int batch_start(struct starving_batch *batch,
		       struct kcopyd_test_starve *args, struct io_region region)
{
	int ret = 0;

	for (; !ret && args->started < batch->nr_calls;) {
		atomic_inc(&batch->left);
		ret = dm_io_async(1, &region, WRITE,
				  &batch->list[args->started * args->pages], 0,
				  call_done, batch);
		if (ret)
			atomic_dec(&batch->left);
		else
			args->started++;
		region.sector += args->stride;
	}
	return ret;
}

/* What was reclaimed meanwhile is taken as well: the end is a failure. */
static void try_memory(struct hog *hog, struct starving_batch *batch,
		       struct kcopyd_test_starve *args)
{
	while (hog_page(hog, 0))
		args->got++;
	args->in_flight = args->started - atomic_read(&batch->callbacks);
}

int test_starve(struct kcopyd_test_starve *args)
{
	struct starving_batch *batch;
	struct io_region region;
	struct file *file;
	struct hog hog;
	int ret;

	if (args->nr_calls > KCOPYD_TEST_MAX_JOBS || !args->pages ||
	    args->pages > KCOPYD_TEST_MAX_JOBS)
		return -E2BIG;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	region.bdev = I_BDEV(file->f_mapping->host);
	region.sector = args->sector;
	region.count = args->pages * (PAGE_SIZE >> SECTOR_SHIFT);
	batch = batch_create(args);
	ret = PTR_ERR_OR_ZERO(batch);
	if (ret)
		goto out;
	hog_init(&hog);
	hog_all(&hog);
	args->hogged = hog.nr_pages;
	ret = batch_start(batch, args, region);
	try_memory(&hog, batch, args);
	batch_drop(batch);
	wait_for_completion(&batch->done);
	hog_free(&hog);
	args->callbacks = atomic_read(&batch->callbacks);
	args->error_bits = atomic_read(&batch->errors);
	batch_destroy(batch);
out:
	fput(file);
	return ret;
}

/* ---- kcopyd_copy() -------------------------------------------------------- */

/**
 * struct starving_copies - the calls
 * @left: calls that are not complete
 * @callbacks: how many came
 * @read_err: of all, or-ed
 * @write_err: likewise
 */
struct starving_copies {
	atomic_t left;
	atomic_t callbacks;
	atomic_t read_err;
	atomic_t write_err;
};

static void copy_done(int read_err, unsigned int write_err, void *context)
{
	struct starving_copies *copies = context;

	atomic_or(read_err, &copies->read_err);
	atomic_or(write_err, &copies->write_err);
	atomic_inc(&copies->callbacks);
	/* The last one: the other side may return. */
	atomic_dec(&copies->left);
}

static void copies_start(struct starving_copies *copies,
			 struct test_client *client,
			 struct test_regions *regions,
			 struct kcopyd_test_starve_copy *args)
{
	unsigned int job, i;

	for (job = 0; !args->ret && job < args->nr_jobs; job++) {
		atomic_inc(&copies->left);
		args->ret = kcopyd_copy(client->kc, &regions->regions[0],
					args->nr_dests, &regions->regions[1],
					args->flags, copy_done, copies);
		if (args->ret)
			atomic_dec(&copies->left);
		for (i = 0; i < regions->nr; i++)
			regions->regions[i].sector += args->stride;
	}
}

/* Until the copies are done. Whatever is given back is taken. */
static void copies_watch(struct starving_copies *copies, struct hog *hog,
			 struct kcopyd_test_starve_copy *args)
{
	while (atomic_read(&copies->left)) {
		if (hog_page(hog, 0)) {
			args->got++;
			continue;
		}
		args->failed++;
		hog_slabs(hog);
		usleep_range(1000, 2000);
	}
}

int test_starve_copy(struct test_caller *caller,
		     struct kcopyd_test_starve_copy *args)
{
	struct test_client *client = test_client_get(caller, args->client);
	struct starving_copies copies = {};
	struct test_regions *regions;
	struct hog hog;

	if (!client)
		return -ENOENT;
	if (args->nr_dests >= KCOPYD_TEST_MAX_REGIONS ||
	    args->nr_jobs > KCOPYD_TEST_MAX_JOBS)
		return -E2BIG;
	regions = test_regions_create(u64_to_user_ptr(args->regions),
				      args->nr_dests + 1);
	if (IS_ERR(regions))
		return PTR_ERR(regions);
	args->ret = 0;
	args->got = 0;
	args->failed = 0;
	hog_init(&hog);
	hog_all(&hog);
	args->hogged = hog.nr_pages;
	copies_start(&copies, client, regions, args);
	copies_watch(&copies, &hog, args);
	hog_free(&hog);
	args->callbacks = atomic_read(&copies.callbacks);
	args->read_err = atomic_read(&copies.read_err);
	args->write_err = atomic_read(&copies.write_err);
	/* The last callback may not have returned. */
	usleep_range(10000, 20000);
	test_regions_destroy(regions);
	return 0;
}
