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
#include <linux/err.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/ioprio.h>

#include <kcopyd/stats.h>

#include "io.h"
#include "observe.h"
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

static void call_destroy(struct kc_call *call)
{
	int epoch = call->epoch;

	kc_call_free(call);
	kc_iopool_leave(epoch);
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
	/* Who waits ends the call himself. */
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
	if (window && refcount_dec_and_test(&window->users))
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

static noinline void observe(const struct kc_call_bio *cb)
{
	kc_observe_call(&(struct kc_seen){
		.bdev = cb->bdev,
		.sector = cb->iter.bi_sector,
		.sectors = cb->iter.bi_size >> SECTOR_SHIFT,
		.region = cb->region,
		.op = op_of(cb),
		.clock = cb->clock,
		.submit = cb->submit,
		.error = blk_status_to_errno(cb->bio.bi_status),
	});
}

/* Completion context, may be an interrupt. */
static void call_bio_end(struct bio *bio)
{
	struct kc_call_bio *cb = container_of(bio, struct kc_call_bio, bio);
	struct kc_window *window = cb->window;
	struct kc_call *call = cb->call;

	if (cb->clock)
		observe(cb);
	if (bio->bi_status) {
		if (bio_op(bio) == REQ_OP_READ)
			kc_window_zero(bio->bi_io_vec, cb->iter);
		call_fail(call, cb->region, blk_status_to_errno(bio->bi_status),
			  is_unsupported(bio));
	}
	bio_uninit(bio);
	if (cb != &call->first)
		kc_call_bio_free(cb);
	window_drop(window);
	call_drop(call);
}

/* ---- submission ---------------------------------------------------------- */

static struct kc_call_bio *call_bio_get(struct kc_call *call,
					struct block_device *bdev)
{
	struct kc_call_bio *cb = &call->first;

	if (call->first_used)
		cb = kc_call_bio_alloc();
	call->first_used = true;
	bio_init(&cb->bio, bdev, NULL, 0, call->opf);
	return cb;
}

static void submit_one(struct kc_call *call, unsigned int region,
		       struct kc_call_bio *cb)
{
	struct bio *bio = &cb->bio;

	cb->call = call;
	cb->region = region;
	cb->bdev = bio->bi_bdev;
	cb->iter = bio->bi_iter;
	bio->bi_ioprio = call->ioprio;
	bio->bi_end_io = call_bio_end;
	atomic_inc(&call->pending);
	cb->clock = kc_observe_clock();
	if (cb->clock)
		cb->submit = kc_clock_ticks(cb->clock);
	kc_trace(kcopyd_io_submit, 0, region, op_of(cb), bio->bi_bdev->bd_dev,
		 cb->iter.bi_sector, cb->iter.bi_size >> SECTOR_SHIFT);
	submit_bio(bio);
}

/**
 * struct kc_cut - where the next bio starts in a window
 * @sector: on the device
 * @vec: of the window
 * @done: bytes of that vec that are in earlier bios
 */
struct kc_cut {
	sector_t sector;
	unsigned int vec;
	unsigned int done;
};

/*
 * A bio of the next @bytes. Its vecs are those of the window. Where it starts
 * or ends inside one, it must look like a clone: nobody may take its vecs for
 * the whole of it. Otherwise it is as good as any, and a single page is spared
 * the search for a place to split it.
 */
static void cut_bio(struct bio *bio, const struct kc_window *window,
		    struct kc_cut *cut, unsigned int bytes)
{
	const struct bio_vec *vecs = window->vecs;
	unsigned int end = cut->vec, rest = cut->done + bytes;

	bio->bi_io_vec = &window->vecs[cut->vec];
	bio->bi_iter.bi_sector = cut->sector;
	bio->bi_iter.bi_size = bytes;
	bio->bi_iter.bi_bvec_done = cut->done;
	while (rest && rest >= vecs[end].bv_len)
		rest -= vecs[end++].bv_len;
	if (cut->done || rest)
		bio_set_flag(bio, BIO_CLONED);
	else
		bio->bi_vcnt = end - cut->vec;
	cut->sector += bytes >> SECTOR_SHIFT;
	cut->vec = end;
	cut->done = rest;
}

static void submit_cut(struct kc_call *call, unsigned int region,
		       struct block_device *bdev, struct kc_window *window,
		       struct kc_cut *cut, unsigned int bytes)
{
	struct kc_call_bio *cb = call_bio_get(call, bdev);

	cut_bio(&cb->bio, window, cut, bytes);
	cb->window = NULL;
	if (window != &call->window) {
		cb->window = window;
		refcount_inc(&window->users);
	}
	submit_one(call, region, cb);
}

/* One request of the device, so that nobody has to split the bio. */
static unsigned int request_bytes(struct block_device *bdev)
{
	u64 bytes = (u64)queue_max_sectors(bdev_get_queue(bdev))
		    << SECTOR_SHIFT;

	return round_down(min_t(u64, bytes, KC_WINDOW_BYTES),
			  bdev_logical_block_size(bdev));
}

/* Several bios for one device go to it in a batch. */
static noinline void submit_batch(struct kc_call *call, unsigned int region,
				  struct block_device *bdev,
				  struct kc_window *window, struct kc_cut *cut,
				  unsigned int left, unsigned int most)
{
	struct blk_plug plug;

	blk_start_plug(&plug);
	while (left) {
		unsigned int bytes = min(left, most);

		submit_cut(call, region, bdev, window, cut, bytes);
		left -= bytes;
	}
	blk_finish_plug(&plug);
}

static void submit_window(struct kc_call *call, unsigned int region,
			  const struct io_region *where,
			  struct kc_window *window, u64 first)
{
	const unsigned int most = request_bytes(where->bdev);
	struct kc_cut cut = {
		.sector = where->sector + (first >> SECTOR_SHIFT),
	};
	unsigned int bytes = min_t(u64, window->bytes,
				   ((u64)where->count << SECTOR_SHIFT) - first);

	if (bytes <= most)
		submit_cut(call, region, where->bdev, window, &cut, bytes);
	else
		submit_batch(call, region, where->bdev, window, &cut, bytes,
			     most);
}

/* Operations without data; a flush has no sectors either. */
static void submit_extent(struct kc_call *call, unsigned int region,
			  const struct io_region *where)
{
	sector_t sector = where->sector, left = where->count;

	do {
		sector_t sectors = min_t(sector_t, left, KC_EXTENT_SECTORS);
		struct kc_call_bio *cb = call_bio_get(call, where->bdev);

		cb->window = NULL;
		cb->bio.bi_iter.bi_sector = sector;
		cb->bio.bi_iter.bi_size = sectors << SECTOR_SHIFT;
		submit_one(call, region, cb);
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
 * @data: at the start of the buffer
 */
struct kc_plan {
	u64 bytes;
	unsigned int dma_mask;
	unsigned int block;
	struct kc_data data;
};

static bool has_data(blk_opf_t opf)
{
	return (opf & REQ_OP_MASK) == REQ_OP_READ ||
	       (opf & REQ_OP_MASK) == REQ_OP_WRITE;
}

/*
 * A small buffer has its vecs in the call itself, where there is room for one
 * window: few vecs of very long pieces need several.
 */
static struct kc_window *window_get(struct kc_call *call,
				    const struct kc_plan *plan,
				    unsigned int *max_vecs)
{
	struct kc_window *window = &call->window;

	if (plan->data.vecs <= KC_CALL_VECS && plan->bytes <= KC_WINDOW_BYTES) {
		*max_vecs = KC_CALL_VECS;
		window->vecs = call->small;
		return window;
	}
	*max_vecs = KC_WINDOW_VECS;
	window = kc_window_alloc();
	refcount_set(&window->users, 1);
	return window;
}

static void window_put(struct kc_call *call, struct kc_window *window)
{
	if (window != &call->window)
		window_drop(window);
}

/*
 * The largest logical block of the regions that want more than @first bytes: in
 * many small pieces there may be no room in a window for that of another.
 */
static unsigned int block_behind(unsigned int num_regions,
				 const struct io_region *where, u64 first)
{
	unsigned int block = SECTOR_SIZE, i;

	for (i = 0; i < num_regions; i++)
		if ((u64)where[i].count << SECTOR_SHIFT > first)
			block = max(block,
				    bdev_logical_block_size(where[i].bdev));
	return block;
}

static struct kc_window *window_next(struct kc_call *call, struct kc_plan *plan,
				     unsigned int num_regions,
				     const struct io_region *where, u64 first)
{
	unsigned int max_vecs;
	struct kc_window *window = window_get(call, plan, &max_vecs);
	unsigned int block = plan->data.ragged ?
				     block_behind(num_regions, where, first) :
				     plan->block;

	if (kc_data_gather(&plan->data, window, max_vecs, plan->bytes - first,
			   block))
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
		window = window_next(call, plan, num_regions, where, first);
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
		if (!kc_data_suits(&plan->data,
				   (u64)where[i].count << SECTOR_SHIFT,
				   &bdev_get_queue(where[i].bdev)->limits))
			return false;
	return true;
}

static bool plan_make(struct kc_plan *plan, const struct dm_io_args *args,
		      unsigned int num_regions, const struct io_region *where)
{
	if (!num_regions || num_regions > DM_IO_MAX_REGIONS || !where)
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

/* Submits all and drops the call, which may be gone then. */
static void call_submit(struct kc_call *call, struct kc_plan *plan,
			unsigned int num_regions, const struct io_region *where,
			struct kc_window *window)
{
	u64 todo = regions_to_do(call, num_regions, where);

	if (window)
		submit_data(call, num_regions, where, todo, plan, window);
	if (!window || call->opf & REQ_PREFLUSH)
		submit_without_data(call, num_regions, where, todo, window);
	call_drop(call);
}

/*
 * The first window belongs to the checks: that a short page list is too short
 * is seen here. *@window is NULL for an operation without data.
 */
static int call_prepare(struct kc_call *call, struct kc_plan *plan,
			unsigned int num_regions, const struct io_region *where,
			struct kc_window **window)
{
	*window = NULL;
	if (!has_data(call->opf) || !plan->bytes)
		return 0;
	*window = window_next(call, plan, num_regions, where, 0);
	return *window ? 0 : -EINVAL;
}

/* A call that is prepared, or an error. */
static struct kc_call *
call_make(const struct dm_io_args *args, unsigned int num_regions,
	  const struct io_region *where, struct dm_io_result *result,
	  struct kc_plan *plan, struct kc_window **window)
{
	struct kc_call *call;
	int err, epoch;

	err = kc_iopool_enter(&epoch);
	if (err)
		return ERR_PTR(err);
	if (!plan_make(plan, args, num_regions, where)) {
		kc_iopool_leave(epoch);
		return ERR_PTR(-EINVAL);
	}
	call = kc_call_alloc();
	call->epoch = epoch;
	call_init(call, args, plan, result);
	err = call_prepare(call, plan, num_regions, where, window);
	if (err) {
		call_destroy(call);
		return ERR_PTR(err);
	}
	return call;
}

static int call_wait(const struct dm_io_args *args, unsigned int num_regions,
		     const struct io_region *where, struct dm_io_result *result,
		     unsigned long *error_bits)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct kc_window *window;
	struct kc_call *call;
	struct kc_plan plan;
	unsigned long failed;

	call = call_make(args, num_regions, where, result, &plan, &window);
	if (IS_ERR(call))
		return PTR_ERR(call);
	call->done = &done;
	call_submit(call, &plan, num_regions, where, window);
	wait_for_completion_io(&done);
	failed = atomic64_read(&call->failed);
	call_destroy(call);
	if (error_bits)
		*error_bits = failed;
	return failed ? -EIO : 0;
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

	if (!notify && !fn)
		return -EINVAL;
	call = call_make(args, num_regions, where, result, &plan, &window);
	if (IS_ERR(call))
		return PTR_ERR(call);
	call->notify = notify;
	call->fn = fn;
	call->context = context;
	call_submit(call, &plan, num_regions, where, window);
	return 0;
}

/* ---- the extended calls -------------------------------------------------- */

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

int dm_io_submit_wait(const struct dm_io_args *args, unsigned int num_regions,
		      const struct io_region *where,
		      struct dm_io_result *result)
{
	if (!args || !opf_is_valid(args->opf))
		return -EINVAL;
	return call_wait(args, num_regions, where, result, NULL);
}
EXPORT_SYMBOL_GPL(dm_io_submit_wait);

int dm_io_submit(const struct dm_io_args *args, unsigned int num_regions,
		 const struct io_region *where, struct dm_io_result *result,
		 dm_io_done_fn fn, void *context)
{
	if (!args || !result || !opf_is_valid(args->opf))
		return -EINVAL;
	return call_start(args, num_regions, where, result, NULL, fn, context);
}
EXPORT_SYMBOL_GPL(dm_io_submit);

/* ---- the six classic calls ----------------------------------------------- */

/* The buffer's length is the caller's word. */
static struct dm_io_args classic_args(int rw, enum dm_io_memory memory,
				      void *address, unsigned int offset)
{
	return (struct dm_io_args){
		.opf = rw == WRITE ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE :
				     REQ_OP_READ,
		.buffer = {
			.memory = memory,
			.offset = offset,
			.length = KC_LENGTH_TRUSTED,
			.vm = address,
		},
	};
}

static bool classic_is_valid(unsigned int num_regions, int rw)
{
	return (rw == READ || rw == WRITE) && num_regions <= BITS_PER_LONG;
}

int dm_io_sync(unsigned int num_regions, struct io_region *where, int rw,
	       struct page_list *pl, unsigned int offset,
	       unsigned long *error_bits)
{
	const struct dm_io_args args =
		classic_args(rw, DM_IO_PAGE_LIST, pl, offset);

	if (!classic_is_valid(num_regions, rw))
		return -EINVAL;
	return call_wait(&args, num_regions, where, NULL, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync);

int dm_io_async(unsigned int num_regions, struct io_region *where, int rw,
		struct page_list *pl, unsigned int offset, io_notify_fn fn,
		void *context)
{
	const struct dm_io_args args =
		classic_args(rw, DM_IO_PAGE_LIST, pl, offset);

	if (!classic_is_valid(num_regions, rw))
		return -EINVAL;
	return call_start(&args, num_regions, where, NULL, fn, NULL, context);
}
EXPORT_SYMBOL_GPL(dm_io_async);

int dm_io_sync_bvec(unsigned int num_regions, struct io_region *where, int rw,
		    struct bio_vec *bvec, unsigned long *error_bits)
{
	const struct dm_io_args args = classic_args(rw, DM_IO_BVEC, bvec, 0);

	if (!classic_is_valid(num_regions, rw))
		return -EINVAL;
	return call_wait(&args, num_regions, where, NULL, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync_bvec);

int dm_io_async_bvec(unsigned int num_regions, struct io_region *where, int rw,
		     struct bio_vec *bvec, io_notify_fn fn, void *context)
{
	const struct dm_io_args args = classic_args(rw, DM_IO_BVEC, bvec, 0);

	if (!classic_is_valid(num_regions, rw))
		return -EINVAL;
	return call_start(&args, num_regions, where, NULL, fn, NULL, context);
}
EXPORT_SYMBOL_GPL(dm_io_async_bvec);

int dm_io_sync_vm(unsigned int num_regions, struct io_region *where, int rw,
		  void *data, unsigned long *error_bits)
{
	const struct dm_io_args args = classic_args(rw, DM_IO_VM, data, 0);

	if (!classic_is_valid(num_regions, rw))
		return -EINVAL;
	return call_wait(&args, num_regions, where, NULL, error_bits);
}
EXPORT_SYMBOL_GPL(dm_io_sync_vm);

int dm_io_async_vm(unsigned int num_regions, struct io_region *where, int rw,
		   void *data, io_notify_fn fn, void *context)
{
	const struct dm_io_args args = classic_args(rw, DM_IO_VM, data, 0);

	if (!classic_is_valid(num_regions, rw))
		return -EINVAL;
	return call_start(&args, num_regions, where, NULL, fn, NULL, context);
}
EXPORT_SYMBOL_GPL(dm_io_async_vm);
