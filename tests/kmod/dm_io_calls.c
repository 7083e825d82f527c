// SPDX-License-Identifier: GPL-2.0-only
/* One dm-io call, classic or extended, waited for or left in flight. */
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "internal.h"

/**
 * struct test_io - all that a call needs; it owns it until its callback
 * @link: in the caller's list of those left in flight
 * @args: as user space gave them, and the results
 * @regions: where
 * @buffer: what
 * @extended: for dm_io_submit()
 * @result: of dm_io_submit()
 * @done: the callback ran
 * @callbacks: how often
 * @context: where
 * @error_bits: result of a classic call
 * @work: makes the call where reclaim would wait for it
 */
struct test_io {
	struct list_head link;
	struct kcopyd_test_io args;
	struct test_regions *regions;
	struct test_buffer buffer;
	struct dm_io_args extended;
	struct dm_io_result result;
	struct completion done;
	atomic_t callbacks;
	unsigned int context;
	unsigned long error_bits;
	struct work_struct work;
};

static void test_io_destroy(struct test_io *io)
{
	if (!IS_ERR_OR_NULL(io->regions))
		test_regions_destroy(io->regions);
	test_buffer_exit(&io->buffer);
	kfree(io);
}

/* Completion context, maybe an interrupt. */
static void callback(struct test_io *io)
{
	io->context |= test_context();
	if (atomic_inc_return(&io->callbacks) == 1)
		complete(&io->done);
}

static void classic_done(unsigned long error, void *context)
{
	struct test_io *io = context;

	io->error_bits = error;
	callback(io);
}

static void extended_done(struct dm_io_result *result, void *context)
{
	struct test_io *io = context;

	WARN_ON(result != &io->result);
	callback(io);
}

/* ---- classic ------------------------------------------------------------- */

static struct io_region *where_of(struct test_io *io)
{
	return io->args.null & KCOPYD_TEST_NULL_REGIONS ? NULL :
							  io->regions->regions;
}

/* NULL if the caller is to pass that. */
static void *data_of(struct test_io *io)
{
	const struct test_buffer *buffer = &io->buffer;

	if (io->args.null & KCOPYD_TEST_NULL_DATA)
		return NULL;
	switch (io->args.memory) {
	case KCOPYD_TEST_PAGE_LIST:
		return buffer->list;
	case KCOPYD_TEST_BVEC:
		return buffer->bvec;
	case KCOPYD_TEST_VM:
		return buffer->vm + buffer->offset;
	case KCOPYD_TEST_KMEM:
		return buffer->kmem + buffer->offset;
	default:
		return NULL;
	}
}

static int classic_sync(struct test_io *io)
{
	const struct kcopyd_test_io *args = &io->args;
	struct io_region *where = where_of(io);
	unsigned long *bits =
		args->null & KCOPYD_TEST_NULL_BITS ? NULL : &io->error_bits;

	switch (args->memory) {
	case KCOPYD_TEST_PAGE_LIST:
		return dm_io_sync(args->nr_regions, where, args->rw,
				  data_of(io), args->offset, bits);
	case KCOPYD_TEST_BVEC:
		return dm_io_sync_bvec(args->nr_regions, where, args->rw,
				       data_of(io), bits);
	default:
		return dm_io_sync_vm(args->nr_regions, where, args->rw,
				     data_of(io), bits);
	}
}

static int classic_async(struct test_io *io)
{
	const struct kcopyd_test_io *args = &io->args;
	struct io_region *where = where_of(io);
	io_notify_fn fn = args->null & KCOPYD_TEST_NULL_FN ? NULL :
							     classic_done;

	switch (args->memory) {
	case KCOPYD_TEST_PAGE_LIST:
		return dm_io_async(args->nr_regions, where, args->rw,
				   data_of(io), args->offset, fn, io);
	case KCOPYD_TEST_BVEC:
		return dm_io_async_bvec(args->nr_regions, where, args->rw,
					data_of(io), fn, io);
	default:
		return dm_io_async_vm(args->nr_regions, where, args->rw,
				      data_of(io), fn, io);
	}
}

/* ---- extended ------------------------------------------------------------ */

static const struct {
	u32 test;
	blk_opf_t flag;
} flags[] = {
	{ KCOPYD_TEST_SYNC, REQ_SYNC },
	{ KCOPYD_TEST_FUA, REQ_FUA },
	{ KCOPYD_TEST_PREFLUSH, REQ_PREFLUSH },
	{ KCOPYD_TEST_IDLE, REQ_IDLE },
	{ KCOPYD_TEST_META, REQ_META },
	{ KCOPYD_TEST_NOUNMAP, REQ_NOUNMAP },
	{ KCOPYD_TEST_FAILFAST, REQ_FAILFAST_DEV },
	{ KCOPYD_TEST_NOWAIT, REQ_NOWAIT },
	{ KCOPYD_TEST_POLLED, REQ_POLLED },
};

static blk_opf_t opf_of(const struct kcopyd_test_io *args)
{
	static const blk_opf_t ops[] = {
		[KCOPYD_TEST_READ] = REQ_OP_READ,
		[KCOPYD_TEST_WRITE] = REQ_OP_WRITE,
		[KCOPYD_TEST_DISCARD] = REQ_OP_DISCARD,
		[KCOPYD_TEST_WRITE_ZEROES] = REQ_OP_WRITE_ZEROES,
		[KCOPYD_TEST_FLUSH] = REQ_OP_FLUSH,
		[KCOPYD_TEST_ZONE_APPEND] = REQ_OP_ZONE_APPEND,
		[KCOPYD_TEST_ZONE_RESET] = REQ_OP_ZONE_RESET,
		[KCOPYD_TEST_SECURE_ERASE] = REQ_OP_SECURE_ERASE,
	};
	blk_opf_t opf = args->rw < ARRAY_SIZE(ops) ? ops[args->rw] :
						     REQ_OP_LAST;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (args->flags & flags[i].test)
			opf |= flags[i].flag;
	return opf;
}

static enum dm_io_memory memory_of(const struct kcopyd_test_io *args)
{
	static const enum dm_io_memory memories[] = {
		[KCOPYD_TEST_PAGE_LIST] = DM_IO_PAGE_LIST,
		[KCOPYD_TEST_BVEC] = DM_IO_BVEC,
		[KCOPYD_TEST_VM] = DM_IO_VM,
		[KCOPYD_TEST_KMEM] = DM_IO_KMEM,
		[KCOPYD_TEST_NO_MEMORY] = DM_IO_NO_MEMORY,
	};

	return memories[args->memory];
}

static void extended_args(struct test_io *io)
{
	const struct kcopyd_test_io *args = &io->args;

	io->extended = (struct dm_io_args){
		.opf = opf_of(args),
		.ioprio = args->ioprio,
		.buffer = {
			.memory = memory_of(args),
			.length = args->length * io->buffer.repeat -
				  args->untold,
			.vm = data_of(io),
		},
	};
	if (args->memory == KCOPYD_TEST_PAGE_LIST)
		io->extended.buffer.offset = args->offset;
}

static int extended_call(struct test_io *io)
{
	const struct kcopyd_test_io *args = &io->args;
	struct io_region *where = where_of(io);
	struct dm_io_result *result =
		args->null & KCOPYD_TEST_NULL_RESULT ? NULL : &io->result;
	const struct dm_io_args *extended =
		args->null & KCOPYD_TEST_NULL_ARGS ? NULL : &io->extended;

	extended_args(io);
	if (!args->async)
		return dm_io_submit_wait(extended, args->nr_regions, where,
					 result);
	return dm_io_submit(
		extended, args->nr_regions, where, result,
		args->null & KCOPYD_TEST_NULL_FN ? NULL : extended_done, io);
}

/* ---- making it ----------------------------------------------------------- */

static void make_call(struct test_io *io)
{
	struct kcopyd_test_io *args = &io->args;

	if (args->how & KCOPYD_TEST_EXTENDED)
		args->ret = extended_call(io);
	else if (args->async)
		args->ret = classic_async(io);
	else
		args->ret = classic_sync(io);
}

/* An allocation that may start I/O is a deadlock here, and lockdep says so. */
static void make_call_in_reclaim(struct work_struct *work)
{
	struct test_io *io = container_of(work, struct test_io, work);

	fs_reclaim_acquire(GFP_KERNEL);
	make_call(io);
	fs_reclaim_release(GFP_KERNEL);
}

static int make_call_from_work(struct test_io *io)
{
	struct workqueue_struct *wq;

	wq = alloc_workqueue("kcopyd_test", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!wq)
		return -ENOMEM;
	INIT_WORK(&io->work, make_call_in_reclaim);
	queue_work(wq, &io->work);
	destroy_workqueue(wq);
	return 0;
}

/* The memory is the call's until the callback: no way out before. */
static int test_io_finish(struct test_io *io, struct kcopyd_test_io *out)
{
	struct kcopyd_test_io *args = &io->args;

	if (args->async && !args->ret)
		wait_for_completion(&io->done);
	/* A second callback, or one after a refusal, may come late. */
	if (args->async)
		usleep_range(1000, 2000);
	args->callbacks = atomic_read(&io->callbacks);
	args->context = io->context;
	args->error_bits = io->error_bits;
	if (args->how & KCOPYD_TEST_EXTENDED) {
		args->error_bits = io->result.failed;
		args->unsupported = io->result.unsupported;
		memcpy(args->errors, io->result.error, sizeof(args->errors));
	}
	args->buffer = out->buffer;
	*out = *args;
	return test_buffer_copy_back(&io->buffer, u64_to_user_ptr(out->buffer),
				     &out->canary);
}

static int test_io_init(struct test_io *io, const struct kcopyd_test_io *args)
{
	int ret;

	INIT_LIST_HEAD(&io->link);
	init_completion(&io->done);
	io->args = *args;
	io->error_bits = ~0UL;
	memset(&io->result, 0xff, sizeof(io->result));
	io->regions = test_regions_create(u64_to_user_ptr(args->regions),
					  args->nr_regions);
	ret = PTR_ERR_OR_ZERO(io->regions);
	if (!ret)
		ret = test_buffer_init(&io->buffer, args);
	if (!ret)
		ret = test_buffer_fill(&io->buffer,
				       u64_to_user_ptr(args->buffer));
	return ret;
}

int test_dm_io(struct test_caller *caller, struct kcopyd_test_io *args)
{
	struct test_io *io;
	int ret;

	if (args->memory > KCOPYD_TEST_NO_MEMORY || args->offset >= PAGE_SIZE ||
	    args->length > KCOPYD_TEST_MAX_LENGTH)
		return -E2BIG;
	if (!(args->how & KCOPYD_TEST_EXTENDED) &&
	    args->memory > KCOPYD_TEST_VM)
		return -EINVAL;
	if (args->repeat > 1 &&
	    (args->offset || !IS_ALIGNED(args->length, PAGE_SIZE) ||
	     args->repeat > KCOPYD_TEST_MAX_REPEAT))
		return -EINVAL;
	io = kzalloc(sizeof(*io), GFP_KERNEL);
	if (!io)
		return -ENOMEM;
	ret = test_io_init(io, args);
	if (ret)
		goto out;
	if (args->how & KCOPYD_TEST_RECLAIM)
		ret = make_call_from_work(io);
	else
		make_call(io);
	if (ret)
		goto out;
	if (args->how & KCOPYD_TEST_IN_FLIGHT && args->async && !io->args.ret) {
		list_add_tail(&io->link, &caller->in_flight);
		args->ret = 0;
		return 0;
	}
	ret = test_io_finish(io, args);
out:
	test_io_destroy(io);
	return ret;
}

/* The oldest of those that were left in flight. */
int test_dm_io_finish(struct test_caller *caller, struct kcopyd_test_io *args)
{
	struct test_io *io = list_first_entry_or_null(&caller->in_flight,
						      struct test_io, link);
	int ret;

	if (!io)
		return -ENOENT;
	if (args->length < io->buffer.length)
		return -E2BIG;
	list_del(&io->link);
	ret = test_io_finish(io, args);
	test_io_destroy(io);
	return ret;
}

void test_dm_io_finish_all(struct test_caller *caller)
{
	struct test_io *io, *next;

	list_for_each_entry_safe(io, next, &caller->in_flight, link) {
		wait_for_completion(&io->done);
		list_del(&io->link);
		test_io_destroy(io);
	}
}
