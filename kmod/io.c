// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm-io: regions become bios, bios become an error bitset.
 *
 * The buffer is gathered once, window by window; the bios of all regions share
 * a window's vecs, each with its own iterator, and are cut to what the device
 * takes as one request. The call holds one count for itself while bios are
 * submitted, so that it ends once, after the last bio, wherever that ends.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/ioprio.h>

#include <kcopyd/stats.h>

#include "io.h"
#include "trace.h"

/* Most sectors of a bio without data: whole MiB that its size can say. */
#define KC_EXTENT_SECTORS (((UINT_MAX >> SECTOR_SHIFT) >> 11) << 11)

#define KC_IO_FLAGS                                                    \
	(REQ_SYNC | REQ_IDLE | REQ_META | REQ_PRIO | REQ_RAHEAD |      \
	 REQ_BACKGROUND | REQ_FAILFAST_MASK | REQ_PREFLUSH | REQ_FUA | \
	 REQ_NOUNMAP)

/* ---- completion ---------------------------------------------------------- */

static void call_fail(struct kc_call *call, unsigned int region, int err,
		      bool unsupported)
{
	if (call->result)
		cmpxchg(&call->result->error[region], 0, err);
	if (unsupported)
		atomic64_or(BIT_ULL(region), &call->unsupported);
	atomic64_or(BIT_ULL(region), &call->failed);
}

static void vmap_range_flush(char *address, u64 bytes)
{
	for (; bytes > SZ_1G; address += SZ_1G, bytes -= SZ_1G)
		flush_kernel_vmap_range(address, SZ_1G);
	flush_kernel_vmap_range(address, bytes);
}

static void vmap_range_invalidate(char *address, u64 bytes)
{
	for (; bytes > SZ_1G; address += SZ_1G, bytes -= SZ_1G)
		invalidate_kernel_vmap_range(address, SZ_1G);
	invalidate_kernel_vmap_range(address, bytes);
}

/* The callback runs inside the pools' epoch, see iopool.c. */
static void call_tell(struct kc_call *call)
{
	const unsigned long failed = atomic64_read(&call->failed);
	struct dm_io_result *result = call->result;
	io_notify_fn notify = call->notify;
	dm_io_done_fn fn = call->fn;
	void *context = call->context;
	int epoch = call->epoch;

	kc_call_free(call);
	if (notify)
		notify(failed, context);
	else
		fn(result, context);
	kc_iopool_leave(epoch);
}

static void call_end(struct kc_call *call)
{
	if (call->vm)
		vmap_range_invalidate(call->vm, call->vm_bytes);
	if (call->result) {
		call->result->failed = atomic64_read(&call->failed);
		call->result->unsupported = atomic64_read(&call->unsupported);
	}
	/* A waiting caller's call is on his stack: gone once he is told. */
	if (call->done)
		complete(call->done);
	else
		call_tell(call);
}

static void call_drop(struct kc_call *call)
{
	if (atomic_dec_and_test(&call->pending))
		call_end(call);
}

static void window_drop(struct kc_window *window)
{
	if (window && atomic_dec_and_test(&window->users))
		kc_window_free(window);
}

/* Of trace and statistics. */
static u32 op_of(const struct kc_call_bio *cb)
{
	switch (bio_op(&cb->bio)) {
	case REQ_OP_READ:
		return KCOPYD_OP_READ;
	case REQ_OP_DISCARD:
		return KCOPYD_OP_DISCARD;
	case REQ_OP_WRITE_ZEROES:
		return KCOPYD_OP_ZERO;
	default:
		return cb->iter.bi_size ? KCOPYD_OP_WRITE : KCOPYD_OP_FLUSH;
	}
}

/* A driver whose device refuses an operation sets the limit to 0, too. */
static bool is_unsupported(const struct bio *bio)
{
	if (bio->bi_status == BLK_STS_NOTSUPP)
		return true;
	switch (bio_op(bio)) {
	case REQ_OP_DISCARD:
		return !bdev_max_discard_sectors(bio->bi_bdev);
	case REQ_OP_WRITE_ZEROES:
		return !bdev_write_zeroes_sectors(bio->bi_bdev);
	default:
		return false;
	}
}

static void trace_done(const struct kc_call_bio *cb)
{
	trace_kcopyd_io_done(0, cb->region, op_of(cb), cb->bio.bi_bdev->bd_dev,
			     cb->iter.bi_sector,
			     cb->iter.bi_size >> SECTOR_SHIFT, 0,
			     cb->submit_ns ? ktime_get_ns() - cb->submit_ns : 0,
			     blk_status_to_errno(cb->bio.bi_status), 0);
}

/* Completion context, may be an interrupt. */
static void call_bio_end(struct bio *bio)
{
	struct kc_call_bio *cb = container_of(bio, struct kc_call_bio, bio);
	struct kc_window *window = cb->window;
	struct kc_call *call = cb->call;

	if (trace_kcopyd_io_done_enabled())
		trace_done(cb);
	if (bio->bi_status) {
		if (bio_op(bio) == REQ_OP_READ)
			kc_window_zero(bio->bi_io_vec, cb->iter);
		call_fail(call, cb->region, blk_status_to_errno(bio->bi_status),
			  is_unsupported(bio));
	}
	if (cb == &call->first)
		bio_uninit(bio);
	else
		bio_put(bio);
	window_drop(window);
	call_drop(call);
}

/* ---- submission ---------------------------------------------------------- */

static struct kc_call_bio *call_bio_get(struct kc_call *call,
					struct block_device *bdev)
{
	struct kc_call_bio *cb = &call->first;

	if (call->first_used)
		return kc_call_bio_alloc(bdev, call->opf);
	call->first_used = true;
	bio_init(&cb->bio, bdev, NULL, 0, call->opf);
	return cb;
}

/* With the vecs of a window, or NULL for an operation without data. */
static void submit_one(struct kc_call *call, unsigned int region,
		       struct block_device *bdev, struct kc_window *window,
		       const struct bvec_iter *iter)
{
	struct kc_call_bio *cb = call_bio_get(call, bdev);
	struct bio *bio = &cb->bio;

	cb->call = call;
	cb->region = region;
	cb->iter = *iter;
	cb->window = NULL;
	bio->bi_iter = *iter;
	bio->bi_ioprio = call->ioprio;
	bio->bi_end_io = call_bio_end;
	if (window) {
		bio->bi_io_vec = window->vecs;
		/* They are not this bio's own to change. */
		bio_set_flag(bio, BIO_CLONED);
		if (window != &call->window) {
			cb->window = window;
			atomic_inc(&window->users);
		}
	}
	atomic_inc(&call->pending);
	cb->submit_ns = trace_kcopyd_io_done_enabled() ? ktime_get_ns() : 0;
	if (trace_kcopyd_io_submit_enabled())
		trace_kcopyd_io_submit(0, region, op_of(cb), bdev->bd_dev,
				       iter->bi_sector,
				       iter->bi_size >> SECTOR_SHIFT);
	submit_bio(bio);
}

/* One request of the device, so that nobody has to split the bio. */
static unsigned int request_bytes(struct block_device *bdev)
{
	u64 bytes = (u64)queue_max_sectors(bdev_get_queue(bdev))
		    << SECTOR_SHIFT;

	return round_down(min_t(u64, bytes, KC_WINDOW_BYTES),
			  bdev_logical_block_size(bdev));
}

static void submit_window(struct kc_call *call, unsigned int region,
			  const struct io_region *where,
			  struct kc_window *window, u64 first)
{
	const u64 left = ((u64)where->count << SECTOR_SHIFT) - first;
	const unsigned int most = request_bytes(where->bdev);
	struct bvec_iter iter = {
		.bi_sector = where->sector + (first >> SECTOR_SHIFT),
		.bi_size = min_t(u64, left, window->bytes),
	};

	while (iter.bi_size) {
		struct bvec_iter one = iter;

		one.bi_size = min(iter.bi_size, most);
		submit_one(call, region, where->bdev, window, &one);
		iter.bi_sector += one.bi_size >> SECTOR_SHIFT;
		bvec_iter_advance(window->vecs, &iter, one.bi_size);
	}
}

/* Operations without data; a flush has no sectors either. */
static void submit_extent(struct kc_call *call, unsigned int region,
			  const struct io_region *where)
{
	sector_t sector = where->sector, left = where->count;

	do {
		sector_t sectors = min_t(sector_t, left, KC_EXTENT_SECTORS);
		struct bvec_iter iter = {
			.bi_sector = sector,
			.bi_size = sectors << SECTOR_SHIFT,
		};

		submit_one(call, region, where->bdev, NULL, &iter);
		sector += sectors;
		left -= sectors;
	} while (left);
}

/* ---- what is wrong with a device is its own bit -------------------------- */

static bool op_unsupported(struct block_device *bdev, blk_opf_t opf)
{
	switch (opf & REQ_OP_MASK) {
	case REQ_OP_DISCARD:
		return !bdev_max_discard_sectors(bdev);
	case REQ_OP_WRITE_ZEROES:
		return !bdev_write_zeroes_sectors(bdev);
	default:
		return false;
	}
}

/* Before any I/O. 0, or why this region gets none. */
static int device_refuses(const struct io_region *where, blk_opf_t opf)
{
	sector_t size = bdev_nr_sectors(where->bdev);

	if (!size)
		return -ENODEV;
	if (where->count > size || where->sector > size - where->count)
		return -ENOSPC;
	if (op_is_write(opf) && bdev_read_only(where->bdev) && where->count)
		return -EROFS;
	if (op_unsupported(where->bdev, opf))
		return -EOPNOTSUPP;
	return 0;
}

static bool is_empty_flush(const struct io_region *where, blk_opf_t opf)
{
	return !where->count && opf & REQ_PREFLUSH;
}

/* Regions that are skipped or refused leave the set that is returned. */
static u64 regions_to_do(struct kc_call *call, unsigned int num_regions,
			 const struct io_region *where)
{
	u64 todo = 0;
	unsigned int i;

	for (i = 0; i < num_regions; i++) {
		int err;

		if (!where[i].count && !is_empty_flush(&where[i], call->opf))
			continue;
		err = device_refuses(&where[i], call->opf);
		if (err)
			call_fail(call, i, err, err == -EOPNOTSUPP);
		else
			todo |= BIT_ULL(i);
	}
	return todo;
}

/* ---- a call -------------------------------------------------------------- */

/**
 * struct kc_plan - what was found when the arguments were checked
 * @bytes: of the longest region
 * @dma_mask: of all devices
 * @block: the largest logical block, bytes
 * @bios: there will be several
 * @data: at the start of the buffer
 */
struct kc_plan {
	u64 bytes;
	unsigned int dma_mask;
	unsigned int block;
	bool bios;
	struct kc_data data;
};

static bool has_data(blk_opf_t opf)
{
	return (opf & REQ_OP_MASK) == REQ_OP_READ ||
	       (opf & REQ_OP_MASK) == REQ_OP_WRITE;
}

/* A small buffer has its vecs in the call itself. */
static struct kc_window *window_get(struct kc_call *call,
				    const struct kc_data *data,
				    unsigned int *max_vecs)
{
	struct kc_window *window = &call->window;

	if (data->vecs <= KC_CALL_VECS) {
		*max_vecs = KC_CALL_VECS;
		window->vecs = call->small;
		return window;
	}
	*max_vecs = KC_WINDOW_VECS;
	window = kc_window_alloc();
	atomic_set(&window->users, 1);
	return window;
}

static void window_put(struct kc_call *call, struct kc_window *window)
{
	if (window != &call->window)
		window_drop(window);
}

static struct kc_window *window_next(struct kc_call *call, struct kc_plan *plan,
				     u64 left)
{
	unsigned int max_vecs;
	struct kc_window *window = window_get(call, &plan->data, &max_vecs);

	if (kc_data_gather(&plan->data, window, max_vecs, left, plan->block))
		return window;
	window_put(call, window);
	return NULL;
}

static void zero_window(const struct kc_window *window)
{
	struct bvec_iter iter = { .bi_size = window->bytes };

	kc_window_zero(window->vecs, iter);
}

/* The one region of a read that its device refused is zeroes all over. */
static void submit_to_all(struct kc_call *call, unsigned int num_regions,
			  const struct io_region *where, u64 todo,
			  struct kc_window *window, u64 first)
{
	unsigned int i;

	if (!todo && (call->opf & REQ_OP_MASK) == REQ_OP_READ)
		zero_window(window);
	for (i = 0; i < num_regions; i++)
		if (todo & BIT_ULL(i) &&
		    (u64)where[i].count << SECTOR_SHIFT > first)
			submit_window(call, i, &where[i], window, first);
}

/* Memory that is not there costs every region that still wanted some of it. */
static void fail_behind(struct kc_call *call, unsigned int num_regions,
			const struct io_region *where, u64 first)
{
	unsigned int i;

	for (i = 0; i < num_regions; i++)
		if ((u64)where[i].count << SECTOR_SHIFT > first)
			call_fail(call, i, -EFAULT, false);
}

static void submit_data(struct kc_call *call, unsigned int num_regions,
			const struct io_region *where, u64 todo,
			struct kc_plan *plan, struct kc_window *window)
{
	u64 first = 0;

	for (;;) {
		submit_to_all(call, num_regions, where, todo, window, first);
		first += window->bytes;
		window_put(call, window);
		if (first == plan->bytes)
			return;
		window = window_next(call, plan, plan->bytes - first);
		if (!window) {
			fail_behind(call, num_regions, where, first);
			return;
		}
	}
}

/* All regions of an operation without data, otherwise the empty flushes. */
static void submit_without_data(struct kc_call *call, unsigned int num_regions,
				const struct io_region *where, u64 todo,
				bool flushes_only)
{
	unsigned int i;

	for (i = 0; i < num_regions; i++)
		if (todo & BIT_ULL(i) && !(flushes_only && where[i].count))
			submit_extent(call, i, &where[i]);
}

/* ---- checks: a caller's mistake is an errno before any I/O --------------- */

static bool opf_is_valid(blk_opf_t opf)
{
	const blk_opf_t flags = opf & ~(blk_opf_t)REQ_OP_MASK;

	if (flags & ~KC_IO_FLAGS)
		return false;
	switch (opf & REQ_OP_MASK) {
	case REQ_OP_READ:
	case REQ_OP_DISCARD:
		return !(flags & (REQ_PREFLUSH | REQ_FUA | REQ_NOUNMAP));
	case REQ_OP_WRITE:
		return !(flags & REQ_NOUNMAP);
	case REQ_OP_WRITE_ZEROES:
		return !(flags & (REQ_PREFLUSH | REQ_FUA));
	default:
		return false;
	}
}

static bool region_is_valid(const struct io_region *where)
{
	unsigned int mask;

	if (!where->bdev)
		return false;
	mask = (bdev_logical_block_size(where->bdev) >> SECTOR_SHIFT) - 1;
	return !where->count || (!((where->sector | where->count) & mask) &&
				 where->sector + where->count > where->sector &&
				 where->count <= U64_MAX >> SECTOR_SHIFT);
}

static bool plan_regions(struct kc_plan *plan, unsigned int num_regions,
			 const struct io_region *where)
{
	sector_t longest = 0;
	unsigned int i;

	plan->dma_mask = 0;
	plan->block = SECTOR_SIZE;
	for (i = 0; i < num_regions; i++) {
		if (!region_is_valid(&where[i]))
			return false;
		longest = max(longest, where[i].count);
		plan->dma_mask |= bdev_dma_alignment(where[i].bdev);
		plan->block = max(plan->block,
				  bdev_logical_block_size(where[i].bdev));
	}
	plan->bytes = (u64)longest << SECTOR_SHIFT;
	plan->bios = num_regions > 1 ||
		     plan->bytes > request_bytes(where->bdev);
	return true;
}

static bool plan_data(struct kc_plan *plan, const struct dm_io_buffer *buffer,
		      unsigned int num_regions, const struct io_region *where)
{
	unsigned int i;

	if (!kc_data_init(&plan->data, buffer, plan->bytes, plan->dma_mask,
			  plan->block))
		return false;
	for (i = 0; plan->data.ragged && i < num_regions; i++)
		if (!kc_data_suits(&plan->data, plan->bytes,
				   &bdev_get_queue(where[i].bdev)->limits))
			return false;
	return true;
}

static bool plan_make(struct kc_plan *plan, const struct dm_io_args *args,
		      unsigned int num_regions, const struct io_region *where)
{
	if (!num_regions || num_regions > DM_IO_MAX_REGIONS || !where ||
	    !opf_is_valid(args->opf))
		return false;
	if ((args->opf & REQ_OP_MASK) == REQ_OP_READ && num_regions > 1)
		return false;
	if (!plan_regions(plan, num_regions, where))
		return false;
	if (!has_data(args->opf))
		return args->buffer.memory == DM_IO_NO_MEMORY;
	return !plan->bytes ||
	       plan_data(plan, &args->buffer, num_regions, where);
}

/* ---- from the arguments to the end --------------------------------------- */

static void call_init(struct kc_call *call, const struct dm_io_args *args,
		      const struct kc_plan *plan, struct dm_io_result *result)
{
	atomic_set(&call->pending, 1);
	call->opf = args->opf;
	call->ioprio = args->ioprio;
	atomic64_set(&call->failed, 0);
	atomic64_set(&call->unsupported, 0);
	call->result = result;
	if (result)
		memset(result, 0, sizeof(*result));
	call->done = NULL;
	call->notify = NULL;
	call->first_used = false;
	call->vm = NULL;
	if (args->buffer.memory != DM_IO_VM)
		return;
	vmap_range_flush(args->buffer.vm, plan->bytes);
	if ((args->opf & REQ_OP_MASK) == REQ_OP_READ) {
		call->vm = args->buffer.vm;
		call->vm_bytes = plan->bytes;
	}
}

/*
 * Submits all and drops the call, which may be gone then. A single bio goes
 * straight to the device, several go in a batch.
 */
static void call_submit(struct kc_call *call, struct kc_plan *plan,
			unsigned int num_regions, const struct io_region *where,
			struct kc_window *window)
{
	u64 todo = regions_to_do(call, num_regions, where);
	struct blk_plug plug;

	if (plan->bios)
		blk_start_plug(&plug);
	if (window)
		submit_data(call, num_regions, where, todo, plan, window);
	submit_without_data(call, num_regions, where, todo, window);
	if (plan->bios)
		blk_finish_plug(&plug);
	call_drop(call);
}

/*
 * The first window belongs to the checks: that a short page list is too short
 * is seen here. *@window is NULL for an operation without data.
 */
static int call_prepare(struct kc_call *call, struct kc_plan *plan,
			struct kc_window **window)
{
	*window = NULL;
	if (!has_data(call->opf) || !plan->bytes)
		return 0;
	*window = window_next(call, plan, plan->bytes);
	return *window ? 0 : -EINVAL;
}

static int call_wait(const struct dm_io_args *args, unsigned int num_regions,
		     const struct io_region *where, struct dm_io_result *result,
		     unsigned long *error_bits)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct kc_window *window;
	struct kc_call call;
	struct kc_plan plan;
	int err;

	err = kc_iopool_enter(&call.epoch);
	if (err)
		return err;
	err = -EINVAL;
	if (!plan_make(&plan, args, num_regions, where))
		goto out;
	call_init(&call, args, &plan, result);
	call.done = &done;
	err = call_prepare(&call, &plan, &window);
	if (err)
		goto out;
	call_submit(&call, &plan, num_regions, where, window);
	wait_for_completion_io(&done);
	if (error_bits)
		*error_bits = atomic64_read(&call.failed);
	if (atomic64_read(&call.failed))
		err = -EIO;
out:
	kc_iopool_leave(call.epoch);
	return err;
}

/* One of @notify and @fn. */
static int call_start(const struct dm_io_args *args, unsigned int num_regions,
		      const struct io_region *where,
		      struct dm_io_result *result, io_notify_fn notify,
		      dm_io_done_fn fn, void *context)
{
	struct kc_window *window;
	struct kc_call *call;
	struct kc_plan plan;
	int err, epoch;

	err = kc_iopool_enter(&epoch);
	if (err)
		return err;
	err = -EINVAL;
	if ((!notify && !fn) || !plan_make(&plan, args, num_regions, where))
		goto out;
	call = kc_call_alloc();
	call->epoch = epoch;
	call_init(call, args, &plan, result);
	call->notify = notify;
	call->fn = fn;
	call->context = context;
	err = call_prepare(call, &plan, &window);
	if (err) {
		kc_call_free(call);
		goto out;
	}
	call_submit(call, &plan, num_regions, where, window);
	return 0;
out:
	kc_iopool_leave(epoch);
	return err;
}

/* ---- the extended calls -------------------------------------------------- */

int dm_io_submit_wait(const struct dm_io_args *args, unsigned int num_regions,
		      const struct io_region *where,
		      struct dm_io_result *result)
{
	if (!args)
		return -EINVAL;
	return call_wait(args, num_regions, where, result, NULL);
}
EXPORT_SYMBOL_GPL(dm_io_submit_wait);

int dm_io_submit(const struct dm_io_args *args, unsigned int num_regions,
		 const struct io_region *where, struct dm_io_result *result,
		 dm_io_done_fn fn, void *context)
{
	if (!args || !result)
		return -EINVAL;
	return call_start(args, num_regions, where, result, NULL, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_submit);

/* ---- the six classic calls ----------------------------------------------- */

static int classic_sync(unsigned int num_regions, struct io_region *where,
			int rw, const struct dm_io_buffer *buffer,
			unsigned long *error_bits)
{
	const struct dm_io_args args = {
		.opf = rw == WRITE ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE :
				     REQ_OP_READ,
		.buffer = *buffer,
	};

	if ((rw != READ && rw != WRITE) || num_regions > BITS_PER_LONG)
		return -EINVAL;
	return call_wait(&args, num_regions, where, NULL, error_bits);
}

static int classic_async(unsigned int num_regions, struct io_region *where,
			 int rw, const struct dm_io_buffer *buffer,
			 io_notify_fn fn, void *context)
{
	const struct dm_io_args args = {
		.opf = rw == WRITE ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE :
				     REQ_OP_READ,
		.buffer = *buffer,
	};

	if ((rw != READ && rw != WRITE) || num_regions > BITS_PER_LONG)
		return -EINVAL;
	return call_start(&args, num_regions, where, NULL, fn, NULL, context);
}

static struct dm_io_buffer buffer_pages(struct page_list *pl,
					unsigned int offset)
{
	return (struct dm_io_buffer){ .memory = DM_IO_PAGE_LIST,
				      .offset = offset,
				      .length = KC_LENGTH_TRUSTED,
				      .pl = pl };
}

static struct dm_io_buffer buffer_bvec(struct bio_vec *bvec)
{
	return (struct dm_io_buffer){ .memory = DM_IO_BVEC,
				      .length = KC_LENGTH_TRUSTED,
				      .bvec = bvec };
}

static struct dm_io_buffer buffer_vm(void *vm)
{
	return (struct dm_io_buffer){ .memory = DM_IO_VM,
				      .length = KC_LENGTH_TRUSTED,
				      .vm = vm };
}

int dm_io_sync(unsigned int num_regions, struct io_region *where, int rw,
	       struct page_list *pl, unsigned int offset,
	       unsigned long *error_bits)
{
	const struct dm_io_buffer buffer = buffer_pages(pl, offset);

	return classic_sync(num_regions, where, rw, &buffer, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync);

int dm_io_async(unsigned int num_regions, struct io_region *where, int rw,
		struct page_list *pl, unsigned int offset, io_notify_fn fn,
		void *context)
{
	const struct dm_io_buffer buffer = buffer_pages(pl, offset);

	return classic_async(num_regions, where, rw, &buffer, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_async);

int dm_io_sync_bvec(unsigned int num_regions, struct io_region *where, int rw,
		    struct bio_vec *bvec, unsigned long *error_bits)
{
	const struct dm_io_buffer buffer = buffer_bvec(bvec);

	return classic_sync(num_regions, where, rw, &buffer, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync_bvec);

int dm_io_async_bvec(unsigned int num_regions, struct io_region *where, int rw,
		     struct bio_vec *bvec, io_notify_fn fn, void *context)
{
	const struct dm_io_buffer buffer = buffer_bvec(bvec);

	return classic_async(num_regions, where, rw, &buffer, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_async_bvec);

int dm_io_sync_vm(unsigned int num_regions, struct io_region *where, int rw,
		  void *data, unsigned long *error_bits)
{
	const struct dm_io_buffer buffer = buffer_vm(data);

	return classic_sync(num_regions, where, rw, &buffer, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync_vm);

int dm_io_async_vm(unsigned int num_regions, struct io_region *where, int rw,
		   void *data, io_notify_fn fn, void *context)
{
	const struct dm_io_buffer buffer = buffer_vm(data);

	return classic_async(num_regions, where, rw, &buffer, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_async_vm);
