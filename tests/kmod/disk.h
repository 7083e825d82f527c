/* SPDX-License-Identifier: GPL-2.0-only */
/* The test disk: its life in disk.c, its requests and its rules apart. */
#ifndef _KCOPYD_TEST_DISK_PRIVATE_H
#define _KCOPYD_TEST_DISK_PRIVATE_H

#include <linux/blk-mq.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "kcopyd_test_disk.h"

/**
 * struct disk_fault - requests that fail
 * @ops: bits 1 << KCOPYD_TEST_READ ...
 * @first: sector
 * @end: sector behind the last
 * @status: what they fail with
 * @times: how many more, 0 = any number
 * @no_more: the limit of the op becomes 0
 */
struct disk_fault {
	u32 ops;
	u64 first;
	u64 end;
	blk_status_t status;
	u32 times;
	bool no_more;
};

/**
 * struct test_disk - a disk in memory
 * @entry: in the list of all disks, under its mutex
 * @owner: the open file whose close destroys it
 * @args: limits and all, defaults filled in; constant
 * @sectors: its size
 * @store: what is on it. Requests that overlap are as careless here as on any
 *	disk; nothing protects it
 * @tags: of the requests
 * @gendisk: NULL until it is allocated
 * @completer: ends what is in @done
 * @lock: all that follows; taken in interrupts too
 * @done: requests to be ended by @completer
 * @held: requests to be released, the oldest first
 * @hold: which requests are to be held; no @ops = none
 * @gone: status of requests after the disk was pulled out
 * @disabled: bits of ops that it refused and whose limit is 0 now
 * @nr_faults: how many are used
 * @faults: the oldest first
 * @written: writes that completed and need a flush
 * @flushed: how many of @written a flush has covered
 * @ioprio: to be counted
 * @stats: counted
 */
struct test_disk {
	struct list_head entry;
	void *owner;
	struct kcopyd_test_disk args;
	u64 sectors;
	void *store;
	struct blk_mq_tag_set tags;
	struct gendisk *gendisk;
	struct irq_work completer;

	spinlock_t lock;
	struct list_head done;
	struct list_head held;
	struct disk_fault hold;
	blk_status_t gone;
	u32 disabled;
	unsigned int nr_faults;
	struct disk_fault faults[KCOPYD_TEST_DISK_MAX_FAULTS];
	u64 written;
	u64 flushed;
	unsigned int ioprio;
	struct kcopyd_test_disk_stats stats;
};

/**
 * struct disk_broken - the rules that a request breaks
 * @rules: KCOPYD_TEST_DISK_BAD_*
 * @segments: that it has
 */
struct disk_broken {
	u32 rules;
	unsigned int segments;
};

/* ---- disk_rules.c: any context ------------------------------------------- */

/* KCOPYD_TEST_READ ... KCOPYD_TEST_FLUSH, or -1. */
int disk_op(const struct request *rq);
struct disk_broken disk_check(const struct test_disk *disk, struct request *rq);

/* ---- disk_requests.c ----------------------------------------------------- */

extern const struct blk_mq_ops disk_mq_ops;
unsigned int disk_command_size(void);
void disk_requests_init(struct test_disk *disk);

/* -EINVAL: no status says that. */
int disk_status_of(u32 error, blk_status_t *status);

/* All of these may sleep, as those who call them do. */
int disk_fault_add(struct test_disk *disk,
		   const struct kcopyd_test_disk_fault *args);
void disk_faults_clear(struct test_disk *disk);
int disk_hold(struct test_disk *disk, const struct kcopyd_test_disk_hold *args);
int disk_release(struct test_disk *disk, struct kcopyd_test_disk_release *args);
int disk_gone(struct test_disk *disk, const struct kcopyd_test_disk_gone *args);
/* Fails what is held; nothing is held any more. */
void disk_let_go(struct test_disk *disk);
void disk_stats(struct test_disk *disk, struct kcopyd_test_disk_stats *stats);
void disk_stats_reset(struct test_disk *disk,
		      const struct kcopyd_test_disk_reset *args);

#endif /* _KCOPYD_TEST_DISK_PRIVATE_H */
