// SPDX-License-Identifier: GPL-2.0-only
/*
 * One dm-io call: memory of the wanted kind, with a canary before and behind
 * the buffer, filled from user space and copied back.
 */
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "internal.h"

#define CANARY 0x5c

/* All that a call needs; an asynchronous one owns it until its callback. */
struct test_io {
	struct test_regions *regions;
	size_t offset;
	size_t length;
	unsigned int nr_pages;
	struct page **pages;
	struct page_list *list;
	struct bio_vec *bvec;
	void *vm;
	struct completion done;
	atomic_t callbacks;
	unsigned int context;
	unsigned long error_bits;
};

static void test_io_free(struct test_io *io)
{
	unsigned int i;

	if (!IS_ERR_OR_NULL(io->regions))
		test_regions_destroy(io->regions);
	for (i = 0; io->pages && i < io->nr_pages; i++)
		if (io->pages[i])
			__free_page(io->pages[i]);
	kvfree(io->pages);
	kvfree(io->list);
	kvfree(io->bvec);
	vfree(io->vm);
	kfree(io);
}

/* Neighbours in the buffer are seldom neighbours in memory. */
static int alloc_scattered(struct test_io *io)
{
	unsigned int i;

	io->pages = kvcalloc(io->nr_pages, sizeof(*io->pages), GFP_KERNEL);
	if (!io->pages)
		return -ENOMEM;
	for (i = 0; i < io->nr_pages; i++) {
		unsigned int at = i & 1 ? i / 2 : io->nr_pages - 1 - i / 2;

		io->pages[at] = alloc_page(GFP_KERNEL);
		if (!io->pages[at])
			return -ENOMEM;
	}
	return 0;
}

static int make_list(struct test_io *io, unsigned int short_pages)
{
	unsigned int nr = io->nr_pages - min(short_pages, io->nr_pages);
	unsigned int i;

	if (!nr)
		return 0;
	io->list = kvcalloc(nr, sizeof(*io->list), GFP_KERNEL);
	if (!io->list)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		io->list[i].page = io->pages[i];
		io->list[i].next = i + 1 < nr ? &io->list[i + 1] : NULL;
	}
	return 0;
}

static int make_bvec(struct test_io *io, unsigned int pieces)
{
	size_t done = 0, at = io->offset;
	unsigned int i = 0;

	if (!pieces || pieces > PAGE_SIZE)
		pieces = PAGE_SIZE;
	if (pieces < SECTOR_SIZE)
		return -EINVAL;
	io->bvec = kvcalloc(io->length / pieces + io->nr_pages + 1,
			    sizeof(*io->bvec), GFP_KERNEL);
	if (!io->bvec)
		return -ENOMEM;
	while (done < io->length) {
		size_t in_page = offset_in_page(at);
		size_t len = min3((size_t)pieces, PAGE_SIZE - in_page,
				  io->length - done);

		io->bvec[i].bv_page = io->pages[at / PAGE_SIZE];
		io->bvec[i].bv_offset = in_page;
		io->bvec[i].bv_len = len;
		i++;
		done += len;
		at += len;
	}
	return 0;
}

static int test_io_alloc(struct test_io *io, const struct kcopyd_test_io *args)
{
	int ret;

	io->nr_pages = DIV_ROUND_UP(io->offset + io->length, PAGE_SIZE);
	if (args->memory == KCOPYD_TEST_VM) {
		io->vm = vmalloc(max_t(size_t, io->nr_pages, 1) * PAGE_SIZE);
		return io->vm ? 0 : -ENOMEM;
	}
	ret = alloc_scattered(io);
	if (ret)
		return ret;
	if (args->memory == KCOPYD_TEST_PAGE_LIST)
		return make_list(io, args->short_pages);
	return make_bvec(io, args->pieces);
}

static void *test_io_map(struct test_io *io, unsigned int page)
{
	return io->vm ? io->vm + page * PAGE_SIZE :
			kmap_local_page(io->pages[page]);
}

static void test_io_unmap(struct test_io *io, void *address)
{
	if (!io->vm)
		kunmap_local(address);
}

static int fill(struct test_io *io, const void __user *from)
{
	size_t at = io->offset, end = io->offset + io->length;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < io->nr_pages; i++) {
		void *p = test_io_map(io, i);
		size_t stop = min_t(size_t, end, (i + 1) * PAGE_SIZE);

		memset(p, CANARY, PAGE_SIZE);
		if (copy_from_user(p + offset_in_page(at),
				   from + (at - io->offset), stop - at))
			ret = -EFAULT;
		at = stop;
		test_io_unmap(io, p);
	}
	return ret;
}

static int copy_back(struct test_io *io, void __user *to, u32 *canary)
{
	size_t at = io->offset, end = io->offset + io->length;
	unsigned int i;
	int ret = 0;

	*canary = 0;
	for (i = 0; i < io->nr_pages; i++) {
		void *p = test_io_map(io, i);
		size_t first = offset_in_page(at);
		size_t stop = min_t(size_t, end, (i + 1) * PAGE_SIZE);
		size_t len = stop - at;

		if (memchr_inv(p, CANARY, first) ||
		    memchr_inv(p + first + len, CANARY,
			       PAGE_SIZE - first - len))
			*canary = 1;
		if (copy_to_user(to + (at - io->offset), p + first, len))
			ret = -EFAULT;
		at = stop;
		test_io_unmap(io, p);
	}
	return ret;
}

/* Completion context, maybe an interrupt. */
static void test_io_done(unsigned long error, void *context)
{
	struct test_io *io = context;

	io->context |= test_context();
	io->error_bits = error;
	if (atomic_inc_return(&io->callbacks) == 1)
		complete(&io->done);
}

static int call_sync(struct test_io *io, const struct kcopyd_test_io *args)
{
	struct io_region *where = args->null & KCOPYD_TEST_NULL_REGIONS ?
					  NULL :
					  io->regions->regions;
	unsigned long *bits =
		args->null & KCOPYD_TEST_NULL_BITS ? NULL : &io->error_bits;
	bool null = args->null & KCOPYD_TEST_NULL_DATA;

	switch (args->memory) {
	case KCOPYD_TEST_PAGE_LIST:
		return dm_io_sync(args->nr_regions, where, args->rw,
				  null ? NULL : io->list, io->offset, bits);
	case KCOPYD_TEST_BVEC:
		return dm_io_sync_bvec(args->nr_regions, where, args->rw,
				       null ? NULL : io->bvec, bits);
	default:
		return dm_io_sync_vm(args->nr_regions, where, args->rw,
				     null ? NULL : io->vm + io->offset, bits);
	}
}

static int call_async(struct test_io *io, const struct kcopyd_test_io *args)
{
	struct io_region *where = args->null & KCOPYD_TEST_NULL_REGIONS ?
					  NULL :
					  io->regions->regions;
	io_notify_fn fn = args->null & KCOPYD_TEST_NULL_FN ? NULL :
							     test_io_done;
	bool null = args->null & KCOPYD_TEST_NULL_DATA;

	switch (args->memory) {
	case KCOPYD_TEST_PAGE_LIST:
		return dm_io_async(args->nr_regions, where, args->rw,
				   null ? NULL : io->list, io->offset, fn, io);
	case KCOPYD_TEST_BVEC:
		return dm_io_async_bvec(args->nr_regions, where, args->rw,
					null ? NULL : io->bvec, fn, io);
	default:
		return dm_io_async_vm(args->nr_regions, where, args->rw,
				      null ? NULL : io->vm + io->offset, fn,
				      io);
	}
}

static int run_async(struct test_io *io, const struct kcopyd_test_io *args)
{
	int ret = call_async(io, args);

	/* The memory is the call's until the callback: no way out before. */
	if (!ret)
		wait_for_completion(&io->done);
	/* A second callback, or one after a refusal, may come late. */
	usleep_range(1000, 2000);
	return ret;
}

int test_dm_io(struct kcopyd_test_io *args)
{
	struct test_io *io;
	int ret;

	if (args->memory > KCOPYD_TEST_VM || args->offset >= PAGE_SIZE ||
	    args->length > KCOPYD_TEST_MAX_LENGTH)
		return -E2BIG;
	io = kzalloc(sizeof(*io), GFP_KERNEL);
	if (!io)
		return -ENOMEM;
	init_completion(&io->done);
	io->offset = args->offset;
	io->length = args->length;
	io->error_bits = ~0UL;
	io->regions = test_regions_create(u64_to_user_ptr(args->regions),
					  args->nr_regions);
	ret = PTR_ERR_OR_ZERO(io->regions);
	if (ret)
		goto out;
	ret = test_io_alloc(io, args);
	if (ret)
		goto out;
	ret = fill(io, u64_to_user_ptr(args->buffer));
	if (ret)
		goto out;
	args->ret = args->async ? run_async(io, args) : call_sync(io, args);
	args->callbacks = atomic_read(&io->callbacks);
	args->context = io->context;
	args->error_bits = io->error_bits;
	ret = copy_back(io, u64_to_user_ptr(args->buffer), &args->canary);
out:
	test_io_free(io);
	return ret;
}
