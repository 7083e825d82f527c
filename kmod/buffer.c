// SPDX-License-Identifier: GPL-2.0-only
/*
 * A caller's buffer: page list, bio_vec array, vmalloc'd or kmalloc'd memory.
 * It is checked, and gathered once, a window of vecs at a time, for the bios
 * of all regions. Memory that is physically contiguous becomes one vec.
 */
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "io.h"

/* The next piece of it, or no page where the buffer has ended. */
static void data_get(const struct kc_data *data, struct bio_vec *bv)
{
	bv->bv_len = PAGE_SIZE;
	switch (data->memory) {
	case DM_IO_PAGE_LIST:
		bv->bv_page = data->pl ? data->pl->page : NULL;
		bv->bv_offset = data->offset;
		bv->bv_len -= data->offset;
		break;
	case DM_IO_BVEC:
		bv->bv_page = data->bvec->bv_page;
		bv->bv_offset = data->bvec->bv_offset + data->offset;
		bv->bv_len = data->bvec->bv_len - data->offset;
		break;
	case DM_IO_VM:
		bv->bv_page = vmalloc_to_page(data->address);
		bv->bv_offset = offset_in_page(data->address);
		bv->bv_len -= bv->bv_offset;
		break;
	case DM_IO_KMEM:
		bv->bv_page = virt_to_page(data->address);
		bv->bv_offset = offset_in_page(data->address);
		bv->bv_len = KC_WINDOW_BYTES;
		break;
	case DM_IO_NO_MEMORY:
		bv->bv_page = NULL;
		break;
	}
}

static void data_advance(struct kc_data *data, unsigned int bytes)
{
	switch (data->memory) {
	case DM_IO_PAGE_LIST:
		data->offset += bytes;
		if (data->offset == PAGE_SIZE) {
			data->pl = data->pl->next;
			data->offset = 0;
		}
		break;
	case DM_IO_BVEC:
		data->offset += bytes;
		if (data->offset == data->bvec->bv_len) {
			data->bvec++;
			data->offset = 0;
		}
		break;
	case DM_IO_VM:
	case DM_IO_KMEM:
		data->address += bytes;
		break;
	case DM_IO_NO_MEMORY:
		break;
	}
}

/* ---- what a buffer must be like ------------------------------------------ */

static u64 pages_of(unsigned int offset, u64 bytes)
{
	return DIV_ROUND_UP_ULL(offset + bytes, PAGE_SIZE);
}

/* One window's worth is seen by gathering it, before any I/O. */
static bool list_is_long_enough(const struct page_list *pl, u64 pages)
{
	if (pages <= KC_WINDOW_VECS)
		return pl;
	for (; pages; pages--, pl = pl->next)
		if (!pl || !pl->page)
			return false;
	return true;
}

/* Counts the vecs; their last may be longer than what is used of it. */
static bool check_vecs(struct kc_data *data, u64 bytes, unsigned int dma_mask,
		       unsigned int block)
{
	const struct bio_vec *bv = data->bvec;
	unsigned int bits = 0, lengths = 0;

	while (bytes) {
		unsigned int len = min_t(u64, bv->bv_len, bytes);

		if (!len || !bv->bv_page)
			return false;
		lengths |= len;
		bits |= bv->bv_offset | len;
		bytes -= len;
		bv++;
	}
	data->vecs = bv - data->bvec;
	data->ragged = lengths & (block - 1);
	return !(bits & dma_mask);
}

static bool vm_is_mapped(const char *address, u64 bytes)
{
	return is_vmalloc_addr(address) &&
	       (offset_in_page(address) + bytes <= PAGE_SIZE ||
		is_vmalloc_addr(address + bytes - 1));
}

static bool kmem_is_valid(const char *address, u64 bytes)
{
	return virt_addr_valid(address) && virt_addr_valid(address + bytes - 1);
}

/**
 * kc_data_init - start a walk, if the buffer is one
 * @data: the walk
 * @buffer: the caller's
 * @bytes: how much of it is used, at least 1
 * @dma_mask: bits that no start and no length of memory may have
 * @block: the largest logical block, in bytes
 *
 * Return: false if the caller made a mistake.
 */
bool kc_data_init(struct kc_data *data, const struct dm_io_buffer *buffer,
		  u64 bytes, unsigned int dma_mask, unsigned int block)
{
	unsigned long address = (unsigned long)buffer->vm;

	data->memory = buffer->memory;
	data->offset = buffer->offset;
	data->address = buffer->vm;
	if (buffer->length < bytes || !buffer->vm)
		return false;
	if (buffer->memory == DM_IO_PAGE_LIST) {
		data->vecs = pages_of(buffer->offset, bytes);
		data->ragged = buffer->offset & (block - 1);
		return buffer->offset < PAGE_SIZE &&
		       !(buffer->offset & dma_mask) &&
		       list_is_long_enough(data->pl, data->vecs);
	}
	if (buffer->offset)
		return false;
	switch (buffer->memory) {
	case DM_IO_BVEC:
		return check_vecs(data, bytes, dma_mask, block);
	case DM_IO_VM:
		data->vecs = pages_of(offset_in_page(address), bytes);
		data->ragged = address & (block - 1);
		return !(address & dma_mask) &&
		       vm_is_mapped(data->address, bytes);
	case DM_IO_KMEM:
		data->vecs = DIV_ROUND_UP_ULL(bytes, KC_WINDOW_BYTES);
		data->ragged = address & (block - 1);
		return !(address & dma_mask) &&
		       kmem_is_valid(data->address, bytes);
	default:
		return false;
	}
}

static phys_addr_t start_of(const struct bio_vec *bv)
{
	return page_to_phys(bv->bv_page) + bv->bv_offset;
}

/**
 * kc_data_suits - can a device take each logical block of a buffer as it is?
 * @data: at the start of the buffer
 * @bytes: how much of it is used
 * @limits: the device's
 *
 * Requests are cut at logical blocks, so a block of more pieces than the
 * device takes segments, or with a gap that it can't bridge, fits into none.
 * Only ragged buffers have such blocks.
 */
bool kc_data_suits(const struct kc_data *data, u64 bytes,
		   const struct queue_limits *limits)
{
	const unsigned int most =
		min_t(unsigned int, limits->max_segments, KC_WINDOW_VECS);
	const unsigned int mask = limits->logical_block_size - 1;
	unsigned int in_block = 0, pieces = 0;
	struct kc_data walk = *data;
	phys_addr_t end = 0;

	while (bytes) {
		struct bio_vec bv;

		data_get(&walk, &bv);
		if (!bv.bv_page)
			return false;
		/* Boundaries are looked at page by page. */
		bv.bv_len =
			min_t(u64, bytes,
			      min_t(unsigned int, bv.bv_len,
				    PAGE_SIZE - offset_in_page(bv.bv_offset)));
		if (!in_block) {
			pieces = 1;
		} else if (start_of(&bv) != end ||
			   !(end & limits->seg_boundary_mask)) {
			if ((start_of(&bv) | end) & limits->virt_boundary_mask)
				return false;
			if (++pieces > most)
				return false;
		}
		if (in_block + bv.bv_len > mask)
			pieces = 1;
		in_block = (in_block + bv.bv_len) & mask;
		end = start_of(&bv) + bv.bv_len;
		data_advance(&walk, bv.bv_len);
		bytes -= bv.bv_len;
	}
	return true;
}

/* ---- gathering ----------------------------------------------------------- */

/**
 * struct kc_fill - the end of a window that is being filled
 * @last: the last vec; before the first it is the one before it
 * @end: the last that there is room for
 * @page: what would be the same vec as @last: this page, NULL = nothing,
 * @offset: from this byte
 */
struct kc_fill {
	struct bio_vec *last;
	struct bio_vec *end;
	struct page *page;
	unsigned int offset;
};

static __always_inline void fill_begin(struct kc_fill *fill,
				       struct kc_window *window,
				       unsigned int max_vecs)
{
	fill->last = window->vecs - 1;
	fill->end = fill->last + max_vecs;
	fill->page = NULL;
	fill->offset = 0;
}

/*
 * Neighbours among page structs are neighbours in memory, but for the edges
 * of sections in some configurations. And a device's own page is never one
 * vec with another.
 */
static bool may_join(const struct bio_vec *last, struct page *page,
		     unsigned int offset)
{
	return start_of(last) + last->bv_len == page_to_phys(page) + offset &&
	       !is_zone_device_page(page) &&
	       !is_zone_device_page(last->bv_page);
}

/* False when there is no room. */
static __always_inline bool fill_add(struct kc_fill *fill, struct page *page,
				     unsigned int len, unsigned int offset)
{
	const unsigned int end = offset + len;

	if (page == fill->page && offset == fill->offset &&
	    may_join(fill->last, page, offset)) {
		fill->last->bv_len += len;
	} else {
		if (fill->last == fill->end)
			return false;
		bvec_set_page(++fill->last, page, len, offset);
	}
	fill->page = page + (end >> PAGE_SHIFT);
	fill->offset = offset_in_page(end);
	return true;
}

static __always_inline void fill_end(const struct kc_fill *fill,
				     struct kc_window *window)
{
	window->nr = fill->last + 1 - window->vecs;
}

/* These return what is left of @bytes where the window is full. */

static unsigned int gather_pages(struct kc_data *data, struct kc_window *window,
				 unsigned int max_vecs, unsigned int bytes)
{
	unsigned int offset = data->offset;
	struct page_list *pl = data->pl;
	struct kc_fill fill;

	fill_begin(&fill, window, max_vecs);
	while (bytes && pl && pl->page) {
		unsigned int len =
			min_t(unsigned int, PAGE_SIZE - offset, bytes);

		if (!fill_add(&fill, pl->page, len, offset))
			break;
		bytes -= len;
		offset += len;
		if (offset == PAGE_SIZE) {
			pl = pl->next;
			offset = 0;
		}
	}
	data->offset = offset;
	data->pl = pl;
	fill_end(&fill, window);
	return bytes;
}

static unsigned int gather_bvec(struct kc_data *data, struct kc_window *window,
				unsigned int max_vecs, unsigned int bytes)
{
	unsigned int offset = data->offset;
	struct bio_vec *bv = data->bvec;
	struct kc_fill fill;

	fill_begin(&fill, window, max_vecs);
	while (bytes) {
		unsigned int len = min(bv->bv_len - offset, bytes);

		if (!fill_add(&fill, bv->bv_page, len, bv->bv_offset + offset))
			break;
		bytes -= len;
		offset += len;
		if (offset == bv->bv_len) {
			bv++;
			offset = 0;
		}
	}
	data->offset = offset;
	data->bvec = bv;
	fill_end(&fill, window);
	return bytes;
}

static unsigned int gather_vm(struct kc_data *data, struct kc_window *window,
			      unsigned int max_vecs, unsigned int bytes)
{
	char *address = data->address;
	struct kc_fill fill;

	fill_begin(&fill, window, max_vecs);
	while (bytes) {
		unsigned int offset = offset_in_page(address);
		unsigned int len =
			min_t(unsigned int, PAGE_SIZE - offset, bytes);
		struct page *page = vmalloc_to_page(address);

		if (!page || !fill_add(&fill, page, len, offset))
			break;
		bytes -= len;
		address += len;
	}
	data->address = address;
	fill_end(&fill, window);
	return bytes;
}

static unsigned int gather_kmem(struct kc_data *data, struct kc_window *window,
				unsigned int bytes)
{
	bvec_set_page(window->vecs, virt_to_page(data->address), bytes,
		      offset_in_page(data->address));
	window->nr = 1;
	data->address += bytes;
	return 0;
}

static unsigned int gather(struct kc_data *data, struct kc_window *window,
			   unsigned int max_vecs, unsigned int bytes)
{
	switch (data->memory) {
	case DM_IO_PAGE_LIST:
		return gather_pages(data, window, max_vecs, bytes);
	case DM_IO_BVEC:
		return gather_bvec(data, window, max_vecs, bytes);
	case DM_IO_VM:
		return gather_vm(data, window, max_vecs, bytes);
	case DM_IO_KMEM:
		return gather_kmem(data, window, bytes);
	default:
		return bytes;
	}
}

static noinline void data_skip(struct kc_data *data, unsigned int bytes)
{
	struct bio_vec bv;

	while (bytes) {
		data_get(data, &bv);
		/* So much was gathered before: it does not end here. */
		if (!bv.bv_page)
			return;
		bv.bv_len = min(bv.bv_len, bytes);
		data_advance(data, bv.bv_len);
		bytes -= bv.bv_len;
	}
}

static noinline void window_cut(struct kc_window *window, unsigned int excess)
{
	window->bytes -= excess;
	while (excess) {
		struct bio_vec *last = &window->vecs[window->nr - 1];
		unsigned int cut = min(excess, last->bv_len);

		last->bv_len -= cut;
		excess -= cut;
		if (!last->bv_len)
			window->nr--;
	}
}

/**
 * kc_data_gather - make the next window of a buffer
 * @data: the walk, moved on
 * @window: to be filled
 * @max_vecs: it has room for
 * @bytes: still to come
 * @block: the largest logical block, in bytes
 *
 * Return: bytes gathered, whole blocks unless it is all that was to come; 0
 * where the buffer has a hole.
 */
unsigned int kc_data_gather(struct kc_data *data, struct kc_window *window,
			    unsigned int max_vecs, u64 bytes,
			    unsigned int block)
{
	const unsigned int most = min_t(u64, bytes, KC_WINDOW_BYTES);
	const unsigned int offset = data->offset;
	/* Of the union: all its members are addresses. */
	char *const address = data->address;
	unsigned int left, excess;

	left = gather(data, window, max_vecs, most);
	/* Neither through nor full: it ends here. */
	if (left && window->nr < max_vecs)
		return 0;
	window->bytes = most - left;
	/* Only the last one may end inside a block, of some other region. */
	excess = window->bytes & (block - 1);
	if (unlikely(excess && window->bytes < bytes)) {
		window_cut(window, excess);
		data->offset = offset;
		data->address = address;
		data_skip(data, window->bytes);
	}
	return window->bytes;
}

/* A failed read must not show what the memory held before. Any context. */
void kc_window_zero(const struct bio_vec *vecs, struct bvec_iter iter)
{
	while (iter.bi_size) {
		struct bio_vec bv = bvec_iter_bvec(vecs, iter);

		memzero_bvec(&bv);
		bvec_iter_advance_single(vecs, &iter, bv.bv_len);
	}
}
