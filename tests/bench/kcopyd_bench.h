/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of /dev/kcopyd_bench, which measure work done in the kernel by
 * one of several peers. No ABI: the module and the program are built together.
 */
#ifndef _KCOPYD_BENCH_H
#define _KCOPYD_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KCOPYD_BENCH_MAX_REGIONS 4
#define KCOPYD_BENCH_MAX_BYTES (1 << 20)
#define KCOPYD_BENCH_MAX_DESTS 32
#define KCOPYD_BENCH_MAX_PIECES 64

/* Who does the work. */
enum kcopyd_bench_peer {
	KCOPYD_BENCH_INTREE = 0,
	KCOPYD_BENCH_OURS = 1,
	KCOPYD_BENCH_FLOOR = 2, /* copies only */
};

/* What a call's buffer is. */
enum kcopyd_bench_memory {
	KCOPYD_BENCH_PAGE_LIST = 0,
	KCOPYD_BENCH_BVEC = 1,
	KCOPYD_BENCH_VM = 2,
};

/**
 * struct kcopyd_bench_dm_io - many equal dm-io calls, one at a time
 * @peer: enum kcopyd_bench_peer
 * @memory: enum kcopyd_bench_memory
 * @contiguous: the pages are neighbours in memory, otherwise no two are
 * @write: or read
 * @async: with a callback that is waited for
 * @nr_regions: one for a read
 * @fds: the open devices, a region on each
 * @bytes: of each region and of the buffer, a multiple of the page size
 * @warm_up: calls before those that count
 * @calls: that count
 * @ns: out: nanoseconds that @calls took; where the machine's clock counts
 *	instructions, instructions
 */
struct kcopyd_bench_dm_io {
	__u32 peer;
	__u32 memory;
	__u32 contiguous;
	__u32 write;
	__u32 async;
	__u32 nr_regions;
	__s32 fds[KCOPYD_BENCH_MAX_REGIONS];
	__u32 bytes;
	__u32 warm_up;
	__u32 calls;
	__u32 pad;
	__u64 ns;
};

/**
 * struct kcopyd_bench_copy - many equal copies, some of them at a time
 * @peer: enum kcopyd_bench_peer
 * @nr_dests: of each job; the floor can do with none, and only reads then
 * @fds: the open devices, the source first
 * @in_flight: jobs at a time: who completes starts the next; 1 for the floor
 * @warm_up: jobs before those that count
 * @jobs: that count
 * @scattered: no job is followed by its neighbour on the device
 * @piece: for the floor: bytes of a request
 * @pieces: for the floor: of a job, at a time
 * @bytes: of a job
 * @ns: out: as of struct kcopyd_bench_dm_io
 */
struct kcopyd_bench_copy {
	__u32 peer;
	__u32 nr_dests;
	__s32 fds[1 + KCOPYD_BENCH_MAX_DESTS];
	__u32 in_flight;
	__u32 warm_up;
	__u32 jobs;
	__u32 scattered;
	__u32 piece;
	__u32 pieces;
	__u32 pad;
	__u64 bytes;
	__u64 ns;
};

#define KCOPYD_BENCH_DM_IO _IOWR('B', 0, struct kcopyd_bench_dm_io)
#define KCOPYD_BENCH_COPY _IOWR('B', 1, struct kcopyd_bench_copy)

#endif /* _KCOPYD_BENCH_H */
