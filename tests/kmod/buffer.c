// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the wanted kind for a dm-io call, with a canary before and behind
 * the buffer, filled from user space and copied back.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "internal.h"

#define CANARY 0x5c

/* Neighbours in the buffer are seldom neighbours in memory. */
static int alloc_scattered(struct test_buffer *buffer)
{
	unsigned int i;

	for (i = 0; i < buffer->nr_pages; i++) {
		unsigned int at = i & 1 ? i / 2 : buffer->nr_pages - 1 - i / 2;

		buffer->pages[at] = alloc_page(GFP_KERNEL);
		if (!buffer->pages[at])
			return -ENOMEM;
	}
	return 0;
}

static int alloc_contiguous(struct test_buffer *buffer)
{
	unsigned int i;

	buffer->exact =
		alloc_pages_exact(buffer->nr_pages * PAGE_SIZE, GFP_KERNEL);
	if (!buffer->exact)
		return -ENOMEM;
	for (i = 0; i < buffer->nr_pages; i++)
		buffer->pages[i] = virt_to_page(buffer->exact + i * PAGE_SIZE);
	return 0;
}

static int alloc_pages_of(struct test_buffer *buffer, bool contiguous)
{
	buffer->pages =
		kvcalloc(buffer->nr_pages, sizeof(*buffer->pages), GFP_KERNEL);
	if (!buffer->pages)
		return -ENOMEM;
	return contiguous ? alloc_contiguous(buffer) : alloc_scattered(buffer);
}

static int make_list(struct test_buffer *buffer, unsigned int short_pages)
{
	unsigned int nr = buffer->nr_pages - min(short_pages, buffer->nr_pages);
	unsigned int i;

	nr *= buffer->repeat;
	if (!nr)
		return 0;
	buffer->list = kvcalloc(nr, sizeof(*buffer->list), GFP_KERNEL);
	if (!buffer->list)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		buffer->list[i].page = buffer->pages[i % buffer->nr_pages];
		buffer->list[i].next = i + 1 < nr ? &buffer->list[i + 1] : NULL;
	}
	return 0;
}

static bool may_be_swapped(const struct kcopyd_test_io *args)
{
	return args->memory == KCOPYD_TEST_BVEC && args->pieces &&
	       args->pieces <= PAGE_SIZE / 2 && !args->unit && !args->offset &&
	       args->repeat <= 1 && !(args->whole % PAGE_SIZE) &&
	       !(PAGE_SIZE % (2 * args->pieces)) &&
	       !(args->length % (2 * args->pieces));
}

static void swap_vecs(struct test_buffer *buffer, unsigned int nr)
{
	unsigned int i;

	for (i = buffer->whole / PAGE_SIZE; i + 1 < nr; i += 2)
		swap(buffer->bvec[i], buffer->bvec[i + 1]);
}

/* Their lengths follow from the arguments alone. */
static int make_bvec(struct test_buffer *buffer,
		     const struct kcopyd_test_io *args)
{
	unsigned int most = args->pieces ?: PAGE_SIZE;
	unsigned int least = args->unit ?: most;
	size_t length = buffer->length * buffer->repeat;
	size_t done = 0, at = buffer->offset;
	struct rnd_state random;
	unsigned int i = 0;

	if (most < 4 || least < 4 || least > most || most > PAGE_SIZE)
		return -EINVAL;
	prandom_seed_state(&random, args->seed);
	buffer->bvec =
		kvcalloc(length / least + buffer->nr_pages * buffer->repeat + 1,
			 sizeof(*buffer->bvec), GFP_KERNEL);
	if (!buffer->bvec)
		return -ENOMEM;
	while (done < length) {
		size_t in_page = offset_in_page(at), piece = most, len;

		if (args->unit)
			piece = least * (1 + prandom_u32_state(&random) %
						     (most / least));
		if (done < args->whole)
			piece = PAGE_SIZE;
		len = min3(piece, PAGE_SIZE - in_page, length - done);
		bvec_set_page(&buffer->bvec[i++],
			      buffer->pages[at / PAGE_SIZE % buffer->nr_pages],
			      len, in_page);
		done += len;
		at += len;
	}
	if (buffer->swapped)
		swap_vecs(buffer, i);
	return 0;
}

/* One after the other in addresses, neighbours in memory if @contiguous. */
static int make_vm(struct test_buffer *buffer, bool contiguous)
{
	unsigned int i, nr = buffer->nr_pages * buffer->repeat;
	int ret = alloc_pages_of(buffer, contiguous);
	struct page **pages;

	if (ret || !nr)
		return ret;
	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		pages[i] = buffer->pages[i % buffer->nr_pages];
	buffer->vm = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return buffer->vm ? 0 : -ENOMEM;
}

static int make_kmem(struct test_buffer *buffer)
{
	buffer->kmem = kmalloc(max_t(size_t, buffer->nr_pages, 1) * PAGE_SIZE,
			       GFP_KERNEL | __GFP_NOWARN);
	return buffer->kmem ? 0 : -ENOMEM;
}

int test_buffer_init(struct test_buffer *buffer,
		     const struct kcopyd_test_io *args)
{
	bool contiguous = args->how & KCOPYD_TEST_CONTIGUOUS;
	int ret;

	buffer->memory = args->memory;
	buffer->offset = args->offset;
	buffer->length = args->length;
	buffer->repeat = args->repeat ?: 1;
	buffer->nr_pages = DIV_ROUND_UP(args->offset + args->length, PAGE_SIZE);
	if (args->how & KCOPYD_TEST_SWAPPED) {
		if (!may_be_swapped(args))
			return -EINVAL;
		buffer->swapped = args->pieces;
		buffer->whole = args->whole;
	}
	switch (args->memory) {
	case KCOPYD_TEST_NO_MEMORY:
		buffer->nr_pages = 0;
		return 0;
	case KCOPYD_TEST_VM:
		return make_vm(buffer, contiguous);
	case KCOPYD_TEST_KMEM:
		return make_kmem(buffer);
	default:
		ret = alloc_pages_of(buffer, contiguous);
		if (ret)
			return ret;
		return args->memory == KCOPYD_TEST_BVEC ?
			       make_bvec(buffer, args) :
			       make_list(buffer, args->short_pages);
	}
}

void test_buffer_exit(struct test_buffer *buffer)
{
	unsigned int i;

	if (buffer->vm)
		vunmap(buffer->vm);
	if (buffer->exact)
		free_pages_exact(buffer->exact, buffer->nr_pages * PAGE_SIZE);
	else
		for (i = 0; buffer->pages && i < buffer->nr_pages; i++)
			if (buffer->pages[i])
				__free_page(buffer->pages[i]);
	kvfree(buffer->pages);
	kvfree(buffer->list);
	kvfree(buffer->bvec);
	kfree(buffer->kmem);
}

static void *buffer_map(struct test_buffer *buffer, unsigned int page)
{
	return buffer->kmem ? buffer->kmem + page * PAGE_SIZE :
			      kmap_local_page(buffer->pages[page]);
}

static void buffer_unmap(struct test_buffer *buffer, void *address)
{
	if (!buffer->kmem)
		kunmap_local(address);
}

static void swap_pieces(const struct test_buffer *buffer, unsigned int page,
			char *p, size_t len)
{
	const size_t piece = buffer->swapped;
	size_t at, i;

	if (page < buffer->whole / PAGE_SIZE)
		return;
	for (at = 0; piece && at < len; at += 2 * piece)
		for (i = at; i < at + piece; i++)
			swap(p[i], p[i + piece]);
}

int test_buffer_fill(struct test_buffer *buffer, const void __user *from)
{
	size_t at = buffer->offset, end = buffer->offset + buffer->length;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < buffer->nr_pages; i++) {
		void *p = buffer_map(buffer, i);
		size_t stop = min_t(size_t, end, (i + 1) * PAGE_SIZE);

		memset(p, CANARY, PAGE_SIZE);
		if (copy_from_user(p + offset_in_page(at),
				   from + (at - buffer->offset), stop - at))
			ret = -EFAULT;
		swap_pieces(buffer, i, p, stop - at);
		at = stop;
		buffer_unmap(buffer, p);
	}
	return ret;
}

/* *@canary: 1 if memory around the buffer was changed. */
int test_buffer_copy_back(struct test_buffer *buffer, void __user *to,
			  u32 *canary)
{
	size_t at = buffer->offset, end = buffer->offset + buffer->length;
	unsigned int i;
	int ret = 0;

	*canary = 0;
	for (i = 0; i < buffer->nr_pages; i++) {
		void *p = buffer_map(buffer, i);
		size_t first = offset_in_page(at);
		size_t stop = min_t(size_t, end, (i + 1) * PAGE_SIZE);
		size_t len = stop - at;

		if (memchr_inv(p, CANARY, first) ||
		    memchr_inv(p + first + len, CANARY,
			       PAGE_SIZE - first - len))
			*canary = 1;
		swap_pieces(buffer, i, p, len);
		if (copy_to_user(to + (at - buffer->offset), p + first, len))
			ret = -EFAULT;
		at = stop;
		buffer_unmap(buffer, p);
	}
	return ret;
}
