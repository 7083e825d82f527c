// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm-io: regions become bios, bios become an error bitset.
 *
 * A call is split into bios region by region; each region gets the same data
 * through a cursor over page list, bio_vec array or vmalloc'd memory. The call
 * holds one count for itself while bios are submitted, so that completion runs
 * once, after the last bio, wherever that completes.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/vmalloc.h>

#include "internal.h"
#include "trace.h"

/*
 * Bios of up to so many vecs have them inline; larger ones take a table from
 * the slab or, when that is empty, from the reserve of the largest tables.
 */
#define IO_INLINE_VECS 4

/**
 * struct kc_call - a call in flight
 * @pending: bios, and one while they are being submitted
 * @error: bit i = region i failed
 * @fn: tells an asynchronous caller
 * @context: for @fn
 * @done: tells a synchronous one, instead of @fn
 * @vm: vmalloc'd memory being read into, or NULL
 * @vm_bytes: of it
 */
struct kc_call {
	atomic_t pending;
	unsigned long error;
	io_notify_fn fn;
	void *context;
	struct completion *done;
	void *vm;
	int vm_bytes;
};

/**
 * struct kc_call_bio - a bio of a call
 * @call: whose
 * @region: its bit
 * @sector: first, the bio's own iterator is consumed
 * @sectors: length
 * @submit_ns: 0 = nobody measures
 * @bio: last, its vecs follow
 */
struct kc_call_bio {
	struct kc_call *call;
	unsigned int region;
	sector_t sector;
	unsigned int sectors;
	u64 submit_ns;
	struct bio bio;
};

/**
 * struct kc_data - a cursor over a caller's buffer
 * @kind: where the pages come from
 * @pl: the list, or
 * @bvec: the array, or
 * @vm: the address
 * @offset: bytes used of the current page or vec
 */
struct kc_data {
	enum { KC_DATA_PAGES, KC_DATA_BVEC, KC_DATA_VM } kind;
	union {
		struct page_list *pl;
		struct bio_vec *bvec;
		char *vm;
	};
	unsigned int offset;
};

/* The reserve that dm_io_get() makes. */
static DEFINE_MUTEX(reserve_lock);
static unsigned long reserve_pages;
static struct bio_set bios;
static mempool_t calls;

static int reserve_make(unsigned long pages)
{
	int err;

	err = bioset_init(&bios, pages, offsetof(struct kc_call_bio, bio),
			  BIOSET_NEED_BVECS);
	if (err)
		return err;
	err = mempool_init_kmalloc_pool(&calls, pages, sizeof(struct kc_call));
	if (err)
		bioset_exit(&bios);
	return err;
}

/* n pages are at most n bios and n calls, and n / 5 large tables. */
static int reserve_resize(unsigned long pages)
{
	int err = mempool_resize(&bios.bio_pool, pages);

	if (!err)
		err = mempool_resize(&bios.bvec_pool,
				     max(1UL, pages / (IO_INLINE_VECS + 1)));
	if (!err)
		err = mempool_resize(&calls, pages);
	return err;
}

static void reserve_drop(void)
{
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
	else if (!reserve_pages)
		err = reserve_make(1);
	if (!err) {
		err = reserve_resize(pages);
		if (!err)
			WRITE_ONCE(reserve_pages, pages);
		else if (!reserve_pages)
			reserve_drop();
	}
	mutex_unlock(&reserve_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dm_io_get);

void dm_io_put(unsigned int num_pages)
{
	mutex_lock(&reserve_lock);
	if (!WARN_ON_ONCE(num_pages > reserve_pages)) {
		WRITE_ONCE(reserve_pages, reserve_pages - num_pages);
		if (!reserve_pages)
			reserve_drop();
		else
			reserve_resize(reserve_pages);
	}
	mutex_unlock(&reserve_lock);
}
EXPORT_SYMBOL_GPL(dm_io_put);

/* The data cursor. */

static void data_get(const struct kc_data *data, struct bio_vec *bv)
{
	switch (data->kind) {
	case KC_DATA_PAGES:
		bv->bv_page = data->pl->page;
		bv->bv_offset = data->offset;
		bv->bv_len = PAGE_SIZE - data->offset;
		break;
	case KC_DATA_BVEC:
		bv->bv_page = data->bvec->bv_page;
		bv->bv_offset = data->bvec->bv_offset + data->offset;
		bv->bv_len = data->bvec->bv_len - data->offset;
		break;
	case KC_DATA_VM:
		bv->bv_page = vmalloc_to_page(data->vm);
		bv->bv_offset = offset_in_page(data->vm);
		bv->bv_len = PAGE_SIZE - bv->bv_offset;
		break;
	}
}

static void data_advance(struct kc_data *data, unsigned int bytes)
{
	switch (data->kind) {
	case KC_DATA_PAGES:
		data->offset += bytes;
		if (data->offset == PAGE_SIZE) {
			data->pl = data->pl->next;
			data->offset = 0;
		}
		break;
	case KC_DATA_BVEC:
		data->offset += bytes;
		if (data->offset == data->bvec->bv_len) {
			data->bvec++;
			data->offset = 0;
		}
		break;
	case KC_DATA_VM:
		data->vm += bytes;
		break;
	}
}

static void data_advance_far(struct kc_data *data, u64 bytes)
{
	struct bio_vec bv;

	while (bytes) {
		data_get(data, &bv);
		bv.bv_len = min_t(u64, bv.bv_len, bytes);
		data_advance(data, bv.bv_len);
		bytes -= bv.bv_len;
	}
}

/* Completion. */

static void call_end(struct kc_call *call)
{
	io_notify_fn fn = call->fn;
	void *context = call->context;
	unsigned long error = call->error;

	if (call->vm)
		invalidate_kernel_vmap_range(call->vm, call->vm_bytes);
	if (call->done) {
		complete(call->done);
		return;
	}
	mempool_free(call, &calls);
	fn(error, context);
}

static void call_drop(struct kc_call *call)
{
	if (atomic_dec_and_test(&call->pending))
		call_end(call);
}

/* A failed read must not show what the memory held before. */
static void bio_zero(struct bio *bio)
{
	struct bvec_iter_all iter;
	struct bio_vec *bv;

	bio_for_each_segment_all(bv, bio, iter)
		memzero_bvec(bv);
}

/* Completion context, may be an interrupt. */
static void call_bio_end(struct bio *bio)
{
	struct kc_call_bio *cb = container_of(bio, struct kc_call_bio, bio);
	struct kc_call *call = cb->call;

	trace_kcopyd_io_done(0, cb->region, op_is_write(bio_op(bio)),
			     bio->bi_bdev->bd_dev, cb->sector, cb->sectors, 0,
			     cb->submit_ns ? ktime_get_ns() - cb->submit_ns : 0,
			     blk_status_to_errno(bio->bi_status), 0);
	if (bio->bi_status) {
		set_bit(cb->region, &call->error);
		if (bio_op(bio) == REQ_OP_READ)
			bio_zero(bio);
	}
	bio_put(bio);
	call_drop(call);
}

/* Submission. */

/* A bio must end at a logical block: take back what is behind the last one. */
static void bio_trim_to_block(struct bio *bio, unsigned int block)
{
	unsigned int excess = bio->bi_iter.bi_size & (block - 1);

	bio->bi_iter.bi_size -= excess;
	while (excess) {
		struct bio_vec *bv = &bio->bi_io_vec[bio->bi_vcnt - 1];
		unsigned int cut = min(excess, bv->bv_len);

		bv->bv_len -= cut;
		excess -= cut;
		if (!bv->bv_len)
			bio->bi_vcnt--;
	}
}

static void bio_fill(struct bio *bio, const struct kc_data *from, u64 bytes)
{
	struct kc_data data = *from;
	struct bio_vec bv;

	while (bytes) {
		data_get(&data, &bv);
		bv.bv_len = min_t(u64, bv.bv_len, bytes);
		if (!bio_add_page(bio, bv.bv_page, bv.bv_len, bv.bv_offset))
			break;
		data_advance(&data, bv.bv_len);
		bytes -= bv.bv_len;
	}
	bio_trim_to_block(bio, bdev_logical_block_size(bio->bi_bdev));
}

static void submit_one(struct kc_call *call, unsigned int region,
		       struct bio *bio)
{
	struct kc_call_bio *cb = container_of(bio, struct kc_call_bio, bio);

	cb->call = call;
	cb->region = region;
	cb->sector = bio->bi_iter.bi_sector;
	cb->sectors = bio_sectors(bio);
	cb->submit_ns = trace_kcopyd_io_done_enabled() ? ktime_get_ns() : 0;
	bio->bi_end_io = call_bio_end;
	atomic_inc(&call->pending);
	trace_kcopyd_io_submit(0, region, op_is_write(bio_op(bio)),
			       bio->bi_bdev->bd_dev, cb->sector, cb->sectors);
	submit_bio(bio);
}

static void submit_region(struct kc_call *call, unsigned int region,
			  const struct io_region *where, blk_opf_t opf,
			  struct kc_data data)
{
	u64 bytes = (u64)where->count << SECTOR_SHIFT;
	sector_t sector = where->sector;

	while (bytes) {
		u64 vecs = DIV_ROUND_UP_ULL(bytes, PAGE_SIZE) + 1;
		struct bio *bio;
		unsigned int size;

		bio = bio_alloc_bioset(where->bdev,
				       min_t(u64, vecs, BIO_MAX_VECS), opf,
				       GFP_NOIO, &bios);
		bio->bi_iter.bi_sector = sector;
		bio_fill(bio, &data, bytes);
		size = bio->bi_iter.bi_size;
		if (!size) {
			/* Crumbs: a whole bio of them is less than a block. */
			bio_put(bio);
			set_bit(region, &call->error);
			break;
		}
		submit_one(call, region, bio);
		data_advance_far(&data, size);
		sector += size >> SECTOR_SHIFT;
		bytes -= size;
	}
}

/* What is wrong with a device before any I/O is its own bit, no one else's. */
static bool device_refuses(const struct io_region *where, int rw)
{
	return where->sector + where->count > bdev_nr_sectors(where->bdev) ||
	       (rw == WRITE && bdev_read_only(where->bdev));
}

static void data_zero(struct kc_data data, u64 bytes)
{
	struct bio_vec bv;

	while (bytes) {
		data_get(&data, &bv);
		bv.bv_len = min_t(u64, bv.bv_len, bytes);
		memzero_bvec(&bv);
		data_advance(&data, bv.bv_len);
		bytes -= bv.bv_len;
	}
}

static void submit_regions(struct kc_call *call, unsigned int num_regions,
			   const struct io_region *where, int rw,
			   const struct kc_data *data)
{
	blk_opf_t opf = rw == WRITE ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE :
				      REQ_OP_READ;
	struct blk_plug plug;
	unsigned int i;

	blk_start_plug(&plug);
	for (i = 0; i < num_regions; i++) {
		if (!where[i].count)
			continue;
		if (!device_refuses(&where[i], rw)) {
			submit_region(call, i, &where[i], opf, *data);
			continue;
		}
		set_bit(i, &call->error);
		if (rw == READ)
			data_zero(*data, (u64)where[i].count << SECTOR_SHIFT);
	}
	blk_finish_plug(&plug);
	call_drop(call);
}

/* Checks: a caller's mistake is an errno before any I/O. */

static u64 longest_region(unsigned int num_regions,
			  const struct io_region *where)
{
	sector_t longest = 0;
	unsigned int i;

	for (i = 0; i < num_regions; i++)
		longest = max(longest, where[i].count);
	return (u64)longest << SECTOR_SHIFT;
}

/* All bits that a buffer's offsets may not have. */
static int check_regions(unsigned int num_regions,
			 const struct io_region *where, unsigned int *dma_mask)
{
	unsigned int i;

	*dma_mask = 0;
	for (i = 0; i < num_regions; i++) {
		const struct io_region *region = &where[i];

		if (!region->bdev)
			return -EINVAL;
		if (!IS_ALIGNED(region->sector | region->count,
				bdev_logical_block_size(region->bdev) >>
					SECTOR_SHIFT) ||
		    region->sector + region->count < region->sector)
			return -EINVAL;
		*dma_mask |= bdev_dma_alignment(region->bdev);
	}
	return 0;
}

static bool list_is_long_enough(const struct page_list *pl, unsigned int offset,
				u64 bytes)
{
	u64 have = 0;

	for (; pl && have < bytes + offset; pl = pl->next) {
		if (!pl->page)
			return false;
		have += PAGE_SIZE;
	}
	return have >= bytes + offset;
}

static bool vecs_are_aligned(const struct bio_vec *bv, u64 bytes,
			     unsigned int mask)
{
	for (; bytes; bv++) {
		if (!bv->bv_page || !bv->bv_len ||
		    (bv->bv_offset | bv->bv_len) & mask)
			return false;
		bytes -= min_t(u64, bytes, bv->bv_len);
	}
	return true;
}

static bool data_fits(const struct kc_data *data, u64 bytes, unsigned int mask)
{
	switch (data->kind) {
	case KC_DATA_PAGES:
		return data->offset < PAGE_SIZE && !(data->offset & mask) &&
		       list_is_long_enough(data->pl, data->offset, bytes);
	case KC_DATA_BVEC:
		return data->bvec && vecs_are_aligned(data->bvec, bytes, mask);
	case KC_DATA_VM:
		return is_vmalloc_addr(data->vm) &&
		       !((unsigned long)data->vm & mask);
	}
	return false;
}

static int check_call(unsigned int num_regions, const struct io_region *where,
		      int rw, const struct kc_data *data)
{
	unsigned int dma_mask;
	int err;

	if (!READ_ONCE(reserve_pages))
		return -EINVAL;
	if (!num_regions || num_regions > DM_IO_MAX_REGIONS || !where ||
	    (rw != READ && rw != WRITE) || (rw == READ && num_regions > 1))
		return -EINVAL;
	err = check_regions(num_regions, where, &dma_mask);
	if (err)
		return err;
	return data_fits(data, longest_region(num_regions, where), dma_mask) ?
		       0 :
		       -EINVAL;
}

static void call_init(struct kc_call *call, unsigned int num_regions,
		      const struct io_region *where, int rw,
		      const struct kc_data *data)
{
	*call = (struct kc_call){};
	atomic_set(&call->pending, 1);
	if (data->kind != KC_DATA_VM)
		return;
	call->vm_bytes = longest_region(num_regions, where);
	flush_kernel_vmap_range(data->vm, call->vm_bytes);
	if (rw == READ)
		call->vm = data->vm;
}

static int io_sync(unsigned int num_regions, struct io_region *where, int rw,
		   const struct kc_data *data, unsigned long *error_bits)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct kc_call call;
	int err = check_call(num_regions, where, rw, data);

	if (err)
		return err;
	call_init(&call, num_regions, where, rw, data);
	call.done = &done;
	submit_regions(&call, num_regions, where, rw, data);
	wait_for_completion_io(&done);
	if (error_bits)
		*error_bits = call.error;
	return call.error ? -EIO : 0;
}

static int io_async(unsigned int num_regions, struct io_region *where, int rw,
		    const struct kc_data *data, io_notify_fn fn, void *context)
{
	struct kc_call *call;
	int err = check_call(num_regions, where, rw, data);

	if (err)
		return err;
	if (!fn)
		return -EINVAL;
	call = mempool_alloc(&calls, GFP_NOIO);
	call_init(call, num_regions, where, rw, data);
	call->fn = fn;
	call->context = context;
	submit_regions(call, num_regions, where, rw, data);
	return 0;
}

/* The six classic calls. */

static struct kc_data data_pages(struct page_list *pl, unsigned int offset)
{
	return (struct kc_data){ .kind = KC_DATA_PAGES,
				 .pl = pl,
				 .offset = offset };
}

static struct kc_data data_bvec(struct bio_vec *bvec)
{
	return (struct kc_data){ .kind = KC_DATA_BVEC, .bvec = bvec };
}

static struct kc_data data_vm(void *vm)
{
	return (struct kc_data){ .kind = KC_DATA_VM, .vm = vm };
}

int dm_io_sync(unsigned int num_regions, struct io_region *where, int rw,
	       struct page_list *pl, unsigned int offset,
	       unsigned long *error_bits)
{
	const struct kc_data data = data_pages(pl, offset);

	return io_sync(num_regions, where, rw, &data, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync);

int dm_io_async(unsigned int num_regions, struct io_region *where, int rw,
		struct page_list *pl, unsigned int offset, io_notify_fn fn,
		void *context)
{
	const struct kc_data data = data_pages(pl, offset);

	return io_async(num_regions, where, rw, &data, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_async);

int dm_io_sync_bvec(unsigned int num_regions, struct io_region *where, int rw,
		    struct bio_vec *bvec, unsigned long *error_bits)
{
	const struct kc_data data = data_bvec(bvec);

	return io_sync(num_regions, where, rw, &data, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync_bvec);

int dm_io_async_bvec(unsigned int num_regions, struct io_region *where, int rw,
		     struct bio_vec *bvec, io_notify_fn fn, void *context)
{
	const struct kc_data data = data_bvec(bvec);

	return io_async(num_regions, where, rw, &data, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_async_bvec);

int dm_io_sync_vm(unsigned int num_regions, struct io_region *where, int rw,
		  void *vm, unsigned long *error_bits)
{
	const struct kc_data data = data_vm(vm);

	return io_sync(num_regions, where, rw, &data, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync_vm);

int dm_io_async_vm(unsigned int num_regions, struct io_region *where, int rw,
		   void *vm, io_notify_fn fn, void *context)
{
	const struct kc_data data = data_vm(vm);

	return io_async(num_regions, where, rw, &data, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_async_vm);
