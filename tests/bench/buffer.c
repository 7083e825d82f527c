// SPDX-License-Identifier: GPL-2.0-only
/* A buffer: pages that are neighbours in memory, or none of which is. */
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* All the odd ones, then all the even ones: nobody is followed by his next. */
static unsigned int scattered(unsigned int i, unsigned int nr)
{
	return i < nr / 2 ? 2 * i + 1 : 2 * (i - nr / 2);
}

static void fill(struct bench_buffer *buffer, bool contiguous)
{
	unsigned int i, nr = buffer->nr_pages;

	for (i = 0; i < nr; i++) {
		unsigned int at = contiguous ? i : scattered(i, nr);

		buffer->pages[i] =
			virt_to_page(buffer->memory + (size_t)at * PAGE_SIZE);
		bvec_set_page(&buffer->bvec[i], buffer->pages[i], PAGE_SIZE, 0);
	}
}

int bench_buffer_init(struct bench_buffer *buffer, size_t bytes,
		      bool contiguous)
{
	unsigned int nr = bytes / PAGE_SIZE;

	*buffer = (struct bench_buffer){ .nr_pages = nr };
	buffer->memory = alloc_pages_exact(bytes, GFP_KERNEL | __GFP_ZERO);
	buffer->pages = kcalloc(nr, sizeof(*buffer->pages), GFP_KERNEL);
	buffer->bvec = kcalloc(nr, sizeof(*buffer->bvec), GFP_KERNEL);
	if (!buffer->memory || !buffer->pages || !buffer->bvec)
		goto fail;
	fill(buffer, contiguous);
	buffer->vm = vmap(buffer->pages, nr, VM_MAP, PAGE_KERNEL);
	if (buffer->vm)
		return 0;
fail:
	bench_buffer_exit(buffer);
	return -ENOMEM;
}

void bench_buffer_exit(struct bench_buffer *buffer)
{
	vunmap(buffer->vm);
	kfree(buffer->bvec);
	kfree(buffer->pages);
	if (buffer->memory)
		free_pages_exact(buffer->memory,
				 (size_t)buffer->nr_pages * PAGE_SIZE);
}
