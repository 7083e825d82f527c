// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the test disk: counted, judged, maybe held, done, ended.
 *
 *   queue_rq -> [held] -> command_finish -> [done, interrupt] -> command_end
 *
 * 1. A request is judged when it comes and done when it is finished: until it
 *    is released, nothing of it is read or written.
 * 2. Who takes it from @held, under the lock, finishes it: a release, the loss
 *    of the disk or the timeout. The timeout asks @is_held, since the others
 *    move many requests at once to a list of their own.
 * 3. Nothing touches a request, or the disk for its sake, after it was ended or
 *    handed on for that: the disk may be destroyed from then on. What still
 *    runs in queue_rq is waited for by del_gendisk(), what runs in an ioctl
 *    keeps the disk by the mutex, and the interrupt by irq_work_sync().
 */
#include <linux/blkdev.h>
#include <linux/bvec.h>

#include "compat.h"
#include "disk.h"

/**
 * struct disk_command - the driver's part of a request
 * @entry: in @held or @done, or on the list of who took it from there
 * @is_held: it is in @held
 * @op: KCOPYD_TEST_READ ...
 * @status: what it will be ended with
 * @covers: of a flush: writes that had completed when it came
 */
struct disk_command {
	struct list_head entry;
	bool is_held;
	int op;
	blk_status_t status;
	u64 covers;
};

unsigned int disk_command_size(void)
{
	return sizeof(struct disk_command);
}

static struct disk_command *first_of(struct list_head *list)
{
	return list_first_entry_or_null(list, struct disk_command, entry);
}

static struct test_disk *disk_of(const struct request *rq)
{
	return rq->q->queuedata;
}

int disk_status_of(u32 error, blk_status_t *status)
{
	if (error > MAX_ERRNO)
		return -EINVAL;
	*status = errno_to_blk_status(-(int)error);
	return blk_status_to_errno(*status) == -(int)error ? 0 : -EINVAL;
}

/* ---- counting ------------------------------------------------------------ */

static u32 flags_of(const struct request *rq)
{
	static const struct {
		blk_opf_t kernel;
		u32 ours;
	} flags[] = {
		{ REQ_SYNC, KCOPYD_TEST_SYNC },
		{ REQ_FUA, KCOPYD_TEST_FUA },
		{ REQ_PREFLUSH, KCOPYD_TEST_PREFLUSH },
		{ REQ_IDLE, KCOPYD_TEST_IDLE },
		{ REQ_META, KCOPYD_TEST_META },
		{ REQ_NOUNMAP, KCOPYD_TEST_NOUNMAP },
		{ REQ_FAILFAST_MASK, KCOPYD_TEST_FAILFAST },
		{ REQ_NOWAIT, KCOPYD_TEST_NOWAIT },
		{ REQ_POLLED, KCOPYD_TEST_POLLED },
	};
	unsigned int i;
	u32 ours = 0;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (rq->cmd_flags & flags[i].kernel)
			ours |= flags[i].ours;
	return ours;
}

static void count_op(struct kcopyd_test_disk_op *op, struct request *rq,
		     unsigned int ioprio)
{
	u32 flags = flags_of(rq);

	op->flags_or |= flags;
	op->flags_and = op->requests ? op->flags_and & flags : flags;
	op->requests++;
	op->sectors += blk_rq_sectors(rq);
	op->most_sectors = max_t(u64, op->most_sectors, blk_rq_sectors(rq));
	op->sync += !!(flags & KCOPYD_TEST_SYNC);
	op->fua += !!(flags & KCOPYD_TEST_FUA);
	op->with_ioprio += req_get_ioprio(rq) == ioprio;
}

static void count_violation(struct kcopyd_test_disk_stats *stats,
			    struct request *rq, int op,
			    const struct disk_broken *broken)
{
	if (!stats->violations++) {
		stats->bad_sector = blk_rq_pos(rq);
		stats->bad_sectors = blk_rq_sectors(rq);
		stats->bad_op = op;
		stats->bad_segments = broken->segments;
	}
	stats->rules |= broken->rules;
}

static void count_arrival(struct test_disk *disk, struct request *rq, int op,
			  const struct disk_broken *broken)
{
	struct kcopyd_test_disk_stats *stats = &disk->stats;

	lockdep_assert_held(&disk->lock);
	if (op >= 0)
		count_op(&stats->ops[op], rq, disk->ioprio);
	if (broken->rules)
		count_violation(stats, rq, op, broken);
	stats->in_flight++;
	stats->most_in_flight = max(stats->most_in_flight, stats->in_flight);
}

/* Only what a flush is for. */
static void count_good_end(struct test_disk *disk, struct request *rq,
			   const struct disk_command *command)
{
	lockdep_assert_held(&disk->lock);
	if (!(disk->args.flags & KCOPYD_TEST_DISK_WRITE_CACHE))
		return;
	if (command->op == KCOPYD_TEST_FLUSH)
		disk->flushed = max(disk->flushed, command->covers);
	else if ((command->op == KCOPYD_TEST_WRITE ||
		  command->op == KCOPYD_TEST_WRITE_ZEROES) &&
		 !(rq->cmd_flags & REQ_FUA))
		disk->written++;
}

void disk_stats(struct test_disk *disk, struct kcopyd_test_disk_stats *stats)
{
	spin_lock_irq(&disk->lock);
	*stats = disk->stats;
	stats->unflushed = disk->written - disk->flushed;
	spin_unlock_irq(&disk->lock);
	memcpy(stats->name, disk->args.name, sizeof(stats->name));
}

void disk_stats_reset(struct test_disk *disk,
		      const struct kcopyd_test_disk_reset *args)
{
	spin_lock_irq(&disk->lock);
	disk->stats = (struct kcopyd_test_disk_stats){
		.in_flight = disk->stats.in_flight,
		.most_in_flight = disk->stats.in_flight,
		.held = disk->stats.held,
	};
	disk->ioprio = args->ioprio;
	spin_unlock_irq(&disk->lock);
}

/* ---- the end of a request ------------------------------------------------ */

static void transfer(struct test_disk *disk, struct request *rq)
{
	void *at = disk->store + (blk_rq_pos(rq) << SECTOR_SHIFT);
	struct req_iterator iter;
	struct bio_vec bvec;

	rq_for_each_segment(bvec, rq, iter) {
		if (rq_data_dir(rq) == WRITE)
			memcpy_from_bvec(at, &bvec);
		else
			memcpy_to_bvec(&bvec, at);
		at += bvec.bv_len;
	}
}

static void command_execute(struct test_disk *disk, struct request *rq, int op)
{
	void *at = disk->store + (blk_rq_pos(rq) << SECTOR_SHIFT);

	switch (op) {
	case KCOPYD_TEST_READ:
	case KCOPYD_TEST_WRITE:
		transfer(disk, rq);
		break;
	case KCOPYD_TEST_DISCARD:
		memset(at, KCOPYD_TEST_DISK_DISCARDED, blk_rq_bytes(rq));
		break;
	case KCOPYD_TEST_WRITE_ZEROES:
		memset(at, 0, blk_rq_bytes(rq));
		break;
	}
}

/* Any context. The request is the block layer's from here on. */
static void command_end(struct request *rq)
{
	struct disk_command *command = blk_mq_rq_to_pdu(rq);
	struct test_disk *disk = disk_of(rq);
	unsigned long flags;

	spin_lock_irqsave(&disk->lock, flags);
	disk->stats.in_flight--;
	if (!command->status)
		count_good_end(disk, rq, command);
	else if (command->op >= 0)
		disk->stats.ops[command->op].failed++;
	spin_unlock_irqrestore(&disk->lock, flags);
	/* Errors that a test wants are no news for the kernel's log. */
	if (command->status)
		rq->rq_flags |= RQF_QUIET;
	blk_mq_end_request(rq, command->status);
}

static void complete_done(struct irq_work *work)
{
	struct test_disk *disk =
		container_of(work, struct test_disk, completer);
	struct disk_command *command;
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&disk->lock, flags);
	list_splice_init(&disk->done, &done);
	spin_unlock_irqrestore(&disk->lock, flags);
	while ((command = first_of(&done))) {
		list_del(&command->entry);
		command_end(blk_mq_rq_from_pdu(command));
	}
}

/*
 * Queued under the lock, without which the interrupt could not have ended this
 * command: so the disk is still there.
 */
static void end_in_interrupt(struct test_disk *disk,
			     struct disk_command *command)
{
	unsigned long flags;

	spin_lock_irqsave(&disk->lock, flags);
	list_add_tail(&command->entry, &disk->done);
	irq_work_queue(&disk->completer);
	spin_unlock_irqrestore(&disk->lock, flags);
}

/* Does what the request asks for, if it is to go well, and ends it. */
static void command_finish(struct disk_command *command)
{
	struct request *rq = blk_mq_rq_from_pdu(command);
	struct test_disk *disk = disk_of(rq);

	if (!command->status)
		command_execute(disk, rq, command->op);
	switch (disk->args.completion) {
	case KCOPYD_TEST_DISK_SOFTIRQ:
		blk_mq_complete_request(rq);
		break;
	case KCOPYD_TEST_DISK_INTERRUPT:
		end_in_interrupt(disk, command);
		break;
	default:
		command_end(rq);
	}
}

/* ---- its beginning ------------------------------------------------------- */

/* A flush is for all sectors. */
static bool fault_fits(const struct disk_fault *fault, const struct request *rq,
		       int op)
{
	u64 first = blk_rq_pos(rq);

	if (op < 0 || !(fault->ops & 1U << op))
		return false;
	return op == KCOPYD_TEST_FLUSH ||
	       (first < fault->end &&
		fault->first < first + blk_rq_sectors(rq));
}

/* The others stay in their order. */
static void fault_remove(struct test_disk *disk, struct disk_fault *fault)
{
	struct disk_fault *end = disk->faults + disk->nr_faults--;

	memmove(fault, fault + 1, (end - fault - 1) * sizeof(*fault));
}

static void disable_op(struct test_disk *disk, int op)
{
	if (op == KCOPYD_TEST_DISCARD)
		kt_disable_discard(disk->gendisk->queue);
	else if (op == KCOPYD_TEST_WRITE_ZEROES)
		kt_disable_write_zeroes(disk->gendisk->queue);
	else
		return;
	disk->disabled |= 1U << op;
}

static blk_status_t fault_status(struct test_disk *disk,
				 const struct request *rq, int op)
{
	struct disk_fault *fault = disk->faults;
	blk_status_t status;

	for (; fault < disk->faults + disk->nr_faults; fault++)
		if (fault_fits(fault, rq, op))
			goto found;
	return BLK_STS_OK;
found:
	status = fault->status;
	disk->stats.faults++;
	if (fault->no_more)
		disable_op(disk, op);
	if (fault->times && !--fault->times)
		fault_remove(disk, fault);
	return status;
}

static blk_status_t judge(struct test_disk *disk, const struct request *rq,
			  int op, u32 broken_rules)
{
	lockdep_assert_held(&disk->lock);
	if (disk->gone)
		return disk->gone;
	if (broken_rules)
		return BLK_STS_IOERR;
	if (disk->disabled & 1U << op)
		return BLK_STS_NOTSUPP;
	return fault_status(disk, rq, op);
}

static bool hold_if_wanted(struct test_disk *disk, struct request *rq,
			   struct disk_command *command)
{
	lockdep_assert_held(&disk->lock);
	if (disk->gone || !fault_fits(&disk->hold, rq, command->op))
		return false;
	list_add_tail(&command->entry, &disk->held);
	command->is_held = true;
	disk->stats.held++;
	return true;
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx,
			     const struct blk_mq_queue_data *data)
{
	struct request *rq = data->rq;
	struct disk_command *command = blk_mq_rq_to_pdu(rq);
	struct test_disk *disk = disk_of(rq);
	struct disk_broken broken = disk_check(disk, rq);
	unsigned long flags;
	bool held;

	command->op = disk_op(rq);
	command->is_held = false;
	/* The timeout may look at it from here on. */
	blk_mq_start_request(rq);
	spin_lock_irqsave(&disk->lock, flags);
	count_arrival(disk, rq, command->op, &broken);
	command->covers = disk->written;
	command->status = judge(disk, rq, command->op, broken.rules);
	held = hold_if_wanted(disk, rq, command);
	spin_unlock_irqrestore(&disk->lock, flags);
	if (!held)
		command_finish(command);
	return BLK_STS_OK;
}

/* ---- holding ------------------------------------------------------------- */

static void unhold(struct test_disk *disk, struct disk_command *command,
		   struct list_head *to)
{
	lockdep_assert_held(&disk->lock);
	list_move_tail(&command->entry, to);
	command->is_held = false;
	disk->stats.held--;
}

/* Not under the lock. @status: BLK_STS_OK = what each has already. */
static void finish_all(struct list_head *list, blk_status_t status)
{
	struct disk_command *command;

	while ((command = first_of(list))) {
		list_del(&command->entry);
		if (status)
			command->status = status;
		command_finish(command);
	}
}

static enum blk_eh_timer_return timed_out(struct request *rq)
{
	struct disk_command *command = blk_mq_rq_to_pdu(rq);
	struct test_disk *disk = disk_of(rq);
	LIST_HEAD(taken);

	spin_lock_irq(&disk->lock);
	if (command->is_held)
		unhold(disk, command, &taken);
	spin_unlock_irq(&disk->lock);
	if (list_empty(&taken))
		return BLK_EH_RESET_TIMER;
	finish_all(&taken, BLK_STS_TIMEOUT);
	return BLK_EH_DONE;
}

/* @ops: 0 = all. @count: 0 = to the end, whatever the size is. */
static struct disk_fault sectors_of(u32 ops, u64 first, u64 count)
{
	return (struct disk_fault){
		.ops = ops ?: KCOPYD_TEST_DISK_ALL_OPS,
		.first = first,
		.end = count ? first + count : U64_MAX,
	};
}

int disk_hold(struct test_disk *disk, const struct kcopyd_test_disk_hold *args)
{
	if (args->ops & ~KCOPYD_TEST_DISK_ALL_OPS)
		return -EINVAL;
	spin_lock_irq(&disk->lock);
	disk->hold = sectors_of(args->ops, args->first, args->count);
	spin_unlock_irq(&disk->lock);
	return 0;
}

static struct disk_command *next_held(struct test_disk *disk, u32 flags)
{
	struct list_head *held = &disk->held;

	if (list_empty(held))
		return NULL;
	return list_entry(flags & KCOPYD_TEST_DISK_NEWEST ? held->prev :
							    held->next,
			  struct disk_command, entry);
}

int disk_release(struct test_disk *disk, struct kcopyd_test_disk_release *args)
{
	struct disk_command *command;
	blk_status_t status;
	LIST_HEAD(taken);

	if (disk_status_of(args->error, &status) ||
	    args->flags & ~KCOPYD_TEST_DISK_NEWEST)
		return -EINVAL;
	args->released = 0;
	spin_lock_irq(&disk->lock);
	if (!args->nr)
		disk->hold.ops = 0;
	while ((!args->nr || args->released < args->nr) &&
	       (command = next_held(disk, args->flags))) {
		unhold(disk, command, &taken);
		args->released++;
	}
	spin_unlock_irq(&disk->lock);
	finish_all(&taken, status);
	return 0;
}

void disk_let_go(struct test_disk *disk)
{
	struct kcopyd_test_disk_release all = { .error = EIO };

	disk_release(disk, &all);
}

/* ---- what the test decides ----------------------------------------------- */

int disk_fault_add(struct test_disk *disk,
		   const struct kcopyd_test_disk_fault *args)
{
	struct disk_fault fault =
		sectors_of(args->ops, args->first, args->count);
	int ret = 0;

	if (!args->error || disk_status_of(args->error, &fault.status) ||
	    args->ops & ~KCOPYD_TEST_DISK_ALL_OPS ||
	    args->flags & ~KCOPYD_TEST_DISK_NO_MORE)
		return -EINVAL;
	fault.times = args->times;
	fault.no_more = args->flags & KCOPYD_TEST_DISK_NO_MORE;
	spin_lock_irq(&disk->lock);
	if (disk->nr_faults < ARRAY_SIZE(disk->faults))
		disk->faults[disk->nr_faults++] = fault;
	else
		ret = -ENOSPC;
	spin_unlock_irq(&disk->lock);
	return ret;
}

void disk_faults_clear(struct test_disk *disk)
{
	spin_lock_irq(&disk->lock);
	disk->nr_faults = 0;
	spin_unlock_irq(&disk->lock);
}

/*
 * First the status, so that nobody is held or served any more, then the end of
 * those who are held, then the block layer's gate. None of this waits for I/O.
 */
int disk_gone(struct test_disk *disk, const struct kcopyd_test_disk_gone *args)
{
	struct kcopyd_test_disk_release all = { .error = args->error ?: EIO };
	blk_status_t status;

	if (disk_status_of(all.error, &status))
		return -EINVAL;
	spin_lock_irq(&disk->lock);
	disk->gone = status;
	spin_unlock_irq(&disk->lock);
	disk_release(disk, &all);
	blk_mark_disk_dead(disk->gendisk);
	/* Not every kernel does that. */
	set_capacity(disk->gendisk, 0);
	return 0;
}

void disk_requests_init(struct test_disk *disk)
{
	spin_lock_init(&disk->lock);
	INIT_LIST_HEAD(&disk->done);
	INIT_LIST_HEAD(&disk->held);
	init_irq_work(&disk->completer, complete_done);
}

const struct blk_mq_ops disk_mq_ops = {
	.queue_rq = queue_rq,
	.complete = command_end,
	.timeout = timed_out,
};
