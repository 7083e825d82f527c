/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test disk: ioctls of /dev/kcopyd_test that make a blk-mq disk in memory,
 * whose limits the test chooses, which checks and counts every request, and
 * which fails, keeps and loses them as told. No ABI: the module and the tests
 * are built together.
 *
 * Disks are known by name to every open /dev/kcopyd_test. They are destroyed
 * when the one that made them is closed, also where somebody still has the
 * disk open. The ioctls don't wait for those of kcopyd_test.h, so that a call
 * that waits for a disk can be helped through the same descriptor.
 *
 * What arrives is what blk-mq makes of bios. Of a disk with a write cache:
 * - an empty flush arrives as a FLUSH; several at a time may share one;
 * - a write with REQ_PREFLUSH arrives as a FLUSH, then as a WRITE that has lost
 *   that flag;
 * - a write with REQ_FUA arrives as it is, or, where the disk can't do FUA, as a
 *   WRITE that has lost that flag, then as a FLUSH;
 * - a write that has lost a flag has got REQ_SYNC instead.
 * Without a write cache no FLUSH arrives, and no flag of these.
 *
 * Requests are merged while the submitter's plug is not pulled, unless
 * KCOPYD_TEST_DISK_NO_MERGES. There is one queue and no scheduler.
 */
#ifndef _KCOPYD_TEST_DISK_H
#define _KCOPYD_TEST_DISK_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "kcopyd_test.h"

#define KCOPYD_TEST_DISK_NAME 16 /* with the final 0 */
#define KCOPYD_TEST_DISK_PREFIX "kt-"
#define KCOPYD_TEST_DISK_MAX_MIB 64
#define KCOPYD_TEST_DISK_MAX_DEPTH 1024
#define KCOPYD_TEST_DISK_MAX_FAULTS 32
/* KCOPYD_TEST_READ to KCOPYD_TEST_FLUSH */
#define KCOPYD_TEST_DISK_OPS 5
/* Of @ops, which are bits 1 << KCOPYD_TEST_READ ... */
#define KCOPYD_TEST_DISK_ALL_OPS ((1U << KCOPYD_TEST_DISK_OPS) - 1)
/* What discarded bytes hold, so that nobody takes a discard for zeroing. */
#define KCOPYD_TEST_DISK_DISCARDED 0xdd

/* Where a request is completed. */
enum kcopyd_test_disk_completion {
	/* By the submitter, before it returns; by RELEASE when it was held. */
	KCOPYD_TEST_DISK_INLINE = 0,
	/* With one processor: as INLINE. */
	KCOPYD_TEST_DISK_SOFTIRQ = 1,
	/* In a hard interrupt. */
	KCOPYD_TEST_DISK_INTERRUPT = 2,
};

/* Bits of kcopyd_test_disk.flags. */
#define KCOPYD_TEST_DISK_WRITE_CACHE (1U << 0)
#define KCOPYD_TEST_DISK_FUA (1U << 1) /* with a write cache only */
#define KCOPYD_TEST_DISK_NO_MERGES (1U << 2)
/*
 * The kernel is told generous limits instead of these, so that requests do
 * break them: it proves that the disk finds out.
 */
#define KCOPYD_TEST_DISK_SECRET (1U << 3)

/**
 * struct kcopyd_test_disk - a disk (KCOPYD_TEST_DISK_CREATE)
 * @name: letters, digits, '-' and '_'; the node is /dev/kt-NAME
 * @mib: size, at most KCOPYD_TEST_DISK_MAX_MIB; it reads as zeroes
 * @block: logical block in bytes: 512 (0) ... 4096
 * @max_sectors: of a read or write, at least 8, whole blocks; 0 = 2048
 * @max_segments: of a read or write, at most 65535; 0 = 128
 * @max_segment_size: bytes, at least 4096; 0 = 65536. With @virt_boundary it is
 *	unlimited and must be 0
 * @dma_alignment: mask of offset and length of a segment, at most 4095; 0 = 511.
 *	Below @block - 1, a block may lie in two pages, which the block layer
 *	can't send (6.12: EIO, 6.1: BUG) where @max_segments is 1
 * @depth: most requests in flight, at most KCOPYD_TEST_DISK_MAX_DEPTH; 0 = 128
 * @seg_boundary: mask that no segment crosses, at least 4095; 0 = 4 GiB - 1
 * @virt_boundary: mask where all segments but the first start and all but the
 *	last end, at most 4095; 0 = none
 * @max_discard_sectors: whole blocks; 0 = it can't discard
 * @max_write_zeroes_sectors: whole blocks; 0 = it can't write zeroes
 * @completion: enum kcopyd_test_disk_completion
 * @flags: KCOPYD_TEST_DISK_WRITE_CACHE ...
 * @hold_seconds: a request that is held for longer fails with ETIMEDOUT, so
 *	that a stuck test ends; 0 = 90
 *
 * -EINVAL: a limit that Linux doesn't allow; -EEXIST: the name is taken.
 */
struct kcopyd_test_disk {
	char name[KCOPYD_TEST_DISK_NAME];
	__u32 mib;
	__u32 block;
	__u32 max_sectors;
	__u32 max_segments;
	__u32 max_segment_size;
	__u32 dma_alignment;
	__u32 depth;
	__u32 completion;
	__u64 seg_boundary;
	__u64 virt_boundary;
	__u32 max_discard_sectors;
	__u32 max_write_zeroes_sectors;
	__u32 flags;
	__u32 hold_seconds;
};

/**
 * struct kcopyd_test_disk_name - which disk (KCOPYD_TEST_DISK_DESTROY,
 *	KCOPYD_TEST_DISK_CLEAR)
 * @name: of CREATE. DESTROY: empty = all disks, also those of others
 *
 * DESTROY fails what is held with EIO and then removes the disk. CLEAR removes
 * all faults; a limit that one has set to 0 stays 0.
 */
struct kcopyd_test_disk_name {
	char name[KCOPYD_TEST_DISK_NAME];
};

/* Bits of kcopyd_test_disk_fault.flags. */
/*
 * The limit of the failed discard or write-zeroes becomes 0, as drivers do it
 * when a disk refuses at run time. (Later requests that were on their way fail
 * with EOPNOTSUPP.)
 */
#define KCOPYD_TEST_DISK_NO_MORE (1U << 0)

/**
 * struct kcopyd_test_disk_fault - requests that fail (KCOPYD_TEST_DISK_FAULT)
 * @name: of the disk
 * @ops: bits 1 << KCOPYD_TEST_READ ..., 0 = all
 * @error: a positive errno of the block layer: EIO, ENOSPC, EOPNOTSUPP,
 *	EREMOTEIO (target), ENODATA (medium), ETIMEDOUT, ENOLINK (transport),
 *	EILSEQ (protection), ENODEV (offline) ...
 * @first: sector
 * @count: sectors, 0 = to the end of the disk
 * @times: how many requests fail, 0 = for ever
 * @flags: KCOPYD_TEST_DISK_NO_MORE
 *
 * A request that touches the sectors fails whole, and nothing of it is done.
 * The oldest fault that fits counts. Flushes have no sectors and touch all.
 * -ENOSPC: there are KCOPYD_TEST_DISK_MAX_FAULTS; those that have failed their
 * times are not counted.
 */
struct kcopyd_test_disk_fault {
	char name[KCOPYD_TEST_DISK_NAME];
	__u32 ops;
	__u32 error;
	__u64 first;
	__u64 count;
	__u32 times;
	__u32 flags;
};

/**
 * struct kcopyd_test_disk_hold - requests that stay in flight
 *	(KCOPYD_TEST_DISK_HOLD)
 * @name: of the disk
 * @ops: bits 1 << KCOPYD_TEST_READ ..., 0 = all
 * @pad: zero
 * @first: sector
 * @count: sectors, 0 = to the end of the disk
 *
 * From now on, until RELEASE. What is held is neither read nor written yet. A
 * later HOLD replaces the rule; what is held already stays.
 */
struct kcopyd_test_disk_hold {
	char name[KCOPYD_TEST_DISK_NAME];
	__u32 ops;
	__u32 pad;
	__u64 first;
	__u64 count;
};

/* Bits of kcopyd_test_disk_release.flags. */
#define KCOPYD_TEST_DISK_NEWEST (1U << 0) /* instead of the oldest first */

/**
 * struct kcopyd_test_disk_release - the end of a hold
 *	(KCOPYD_TEST_DISK_RELEASE)
 * @name: of the disk
 * @nr: release so many requests and go on holding; 0 = all, and hold no more
 * @error: errno they fail with, as of a fault; 0 = they are done now, or fail
 *	with what was their fate when they came
 * @flags: KCOPYD_TEST_DISK_NEWEST
 * @released: out: how many
 */
struct kcopyd_test_disk_release {
	char name[KCOPYD_TEST_DISK_NAME];
	__u32 nr;
	__u32 error;
	__u32 flags;
	__u32 released;
};

/**
 * struct kcopyd_test_disk_gone - the disk is pulled out
 *	(KCOPYD_TEST_DISK_GONE)
 * @name: of the disk
 * @error: errno that what is held, and what was on its way, fails with;
 *	0 = EIO. (The block layer fails the rest, with EIO.)
 * @pad: zero
 *
 * The size becomes 0. The disk must still be destroyed.
 */
struct kcopyd_test_disk_gone {
	char name[KCOPYD_TEST_DISK_NAME];
	__u32 error;
	__u32 pad;
};

/* Rules that a request broke. */
#define KCOPYD_TEST_DISK_BAD_SECTORS (1U << 0) /* more than the op may have */
/*
 * More segments than @max_segments, each data block of physically contiguous
 * memory being cut where @max_segment_size and @seg_boundary want it: that is
 * how these two show.
 */
#define KCOPYD_TEST_DISK_BAD_SEGMENTS (1U << 1)
/* More segments than the request says it has. */
#define KCOPYD_TEST_DISK_BAD_COUNT (1U << 2)
#define KCOPYD_TEST_DISK_BAD_VIRT_BOUNDARY (1U << 3)
#define KCOPYD_TEST_DISK_BAD_DMA_ALIGNMENT (1U << 4)
#define KCOPYD_TEST_DISK_BAD_BLOCK (1U << 5) /* no whole logical blocks */
#define KCOPYD_TEST_DISK_BAD_RANGE (1U << 6) /* beyond the end */
/* A discard, write-zeroes, flush or FUA that the disk never offered. */
#define KCOPYD_TEST_DISK_BAD_OP (1U << 7)

/**
 * struct kcopyd_test_disk_op - the requests of one kind
 * @requests: that arrived
 * @sectors: of them
 * @failed: of them, for whatever reason
 * @sync: with REQ_SYNC
 * @fua: with REQ_FUA
 * @with_ioprio: with that of the last RESET
 * @most_sectors: of one
 * @flags_or: KCOPYD_TEST_SYNC ... that any of them had
 * @flags_and: that all of them had; 0 if there was none
 */
struct kcopyd_test_disk_op {
	__u64 requests;
	__u64 sectors;
	__u64 failed;
	__u64 sync;
	__u64 fua;
	__u64 with_ioprio;
	__u64 most_sectors;
	__u32 flags_or;
	__u32 flags_and;
};

/**
 * struct kcopyd_test_disk_stats - what arrived since CREATE or RESET
 *	(KCOPYD_TEST_DISK_STATS)
 * @name: of the disk; the rest is out
 * @ops: by KCOPYD_TEST_READ ... KCOPYD_TEST_FLUSH; also what failed
 * @violations: requests that broke a rule; they failed with EIO
 * @rules: KCOPYD_TEST_DISK_BAD_* that were broken
 * @in_flight: requests, now
 * @most_in_flight: at a time
 * @held: of those in flight, now
 * @faults: requests that a fault has failed
 * @unflushed: writes and write-zeroes without FUA that have completed well and
 *	that no flush has covered, ever: what a power cut could lose. 0 on a disk
 *	without a write cache. RESET doesn't touch it
 * @bad_sector: of the first violation
 * @bad_sectors: its length
 * @bad_op: KCOPYD_TEST_READ ...
 * @bad_segments: how many it had
 */
struct kcopyd_test_disk_stats {
	char name[KCOPYD_TEST_DISK_NAME];
	struct kcopyd_test_disk_op ops[KCOPYD_TEST_DISK_OPS];
	__u64 violations;
	__u32 rules;
	__u32 in_flight;
	__u32 most_in_flight;
	__u32 held;
	__u64 faults;
	__u64 unflushed;
	__u64 bad_sector;
	__u64 bad_sectors;
	__u32 bad_op;
	__u32 bad_segments;
};

/**
 * struct kcopyd_test_disk_reset - the counting starts anew
 *	(KCOPYD_TEST_DISK_RESET)
 * @name: of the disk
 * @ioprio: what @with_ioprio counts from now on
 * @pad: zero
 */
struct kcopyd_test_disk_reset {
	char name[KCOPYD_TEST_DISK_NAME];
	__u32 ioprio;
	__u32 pad;
};

#define KCOPYD_TEST_DISK_MAGIC 0xC9
/* All: -ENOENT: there is no such disk. */
#define KCOPYD_TEST_DISK_CREATE \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 0, struct kcopyd_test_disk)
#define KCOPYD_TEST_DISK_DESTROY \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 1, struct kcopyd_test_disk_name)
#define KCOPYD_TEST_DISK_FAULT \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 2, struct kcopyd_test_disk_fault)
#define KCOPYD_TEST_DISK_CLEAR \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 3, struct kcopyd_test_disk_name)
#define KCOPYD_TEST_DISK_HOLD \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 4, struct kcopyd_test_disk_hold)
#define KCOPYD_TEST_DISK_RELEASE \
	_IOWR(KCOPYD_TEST_DISK_MAGIC, 5, struct kcopyd_test_disk_release)
#define KCOPYD_TEST_DISK_GONE \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 6, struct kcopyd_test_disk_gone)
#define KCOPYD_TEST_DISK_STATS \
	_IOWR(KCOPYD_TEST_DISK_MAGIC, 7, struct kcopyd_test_disk_stats)
#define KCOPYD_TEST_DISK_RESET \
	_IOW(KCOPYD_TEST_DISK_MAGIC, 8, struct kcopyd_test_disk_reset)

#endif /* _KCOPYD_TEST_DISK_H */
