/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Names and records of the BPF maps: the one definition for bpf/ and user/.
 * Fixed width, explicit padding, so that 'bpftool map dump pinned' prints the
 * same fields everywhere. Times in nanoseconds, latency = time at the device
 * (from submission of a request until its completion).
 */
#ifndef _KCOPYD_STATS_H
#define _KCOPYD_STATS_H

#include <linux/types.h>

#define KCOPYD_PIN_DIR "/sys/fs/bpf/kcopyd"
#define KCOPYD_PIN_REGIONS KCOPYD_PIN_DIR "/regions"
#define KCOPYD_PIN_JOBS KCOPYD_PIN_DIR "/jobs"
#define KCOPYD_PIN_COUNTERS KCOPYD_PIN_DIR "/counters"
#define KCOPYD_PIN_FINISHED KCOPYD_PIN_DIR "/finished"

/* Finished jobs that keep their rows; older ones are deleted. */
#define KCOPYD_STATS_FINISHED 256
#define KCOPYD_STATS_MAX_JOBS 2048
#define KCOPYD_STATS_MAX_REGIONS 32768

/* Operations in tracepoints and records. */
enum kcopyd_op {
	KCOPYD_OP_READ = 0,
	KCOPYD_OP_WRITE = 1,
	KCOPYD_OP_FLUSH = 2,
	KCOPYD_OP_DISCARD = 3,
	KCOPYD_OP_ZERO = 4,
	KCOPYD_OP_OTHER = 5,
};

/* Bits of the flags of kcopyd_io_done. */
#define KCOPYD_IO_RETRY (1U << 0) /* a part of a request that failed */
#define KCOPYD_IO_VERIFY (1U << 1) /* reads back what was copied */
#define KCOPYD_IO_REFUSED (1U << 2) /* not offered: is done in another way */

/* Slot i counts latencies of 2^i .. 2^(i+1)-1 ns; the last takes the rest. */
#define KCOPYD_HIST_SLOTS 40

struct kcopyd_region_key {
	__u64 job;
	__u32 region; /* 0 the source, 1..n the destinations */
	__u32 pad;
};

struct kcopyd_region_stats {
	__u32 major;
	__u32 minor;
	__u64 sector; /* first, 512-byte units */
	__u64 sectors;
	__u64 ios; /* finished reads or writes, failed ones included */
	__u64 bytes; /* of those that succeeded */
	__u64 errors; /* of those that failed, and of failed flushes */
	__s32 last_errno; /* 0 or negative */
	__u32 flushes;
	__u64 lat_sum_ns;
	__u64 lat_min_ns;
	__u64 lat_max_ns;
	__u64 queue_sum_ns; /* waiting in the engine before submission */
	__u64 hist[KCOPYD_HIST_SLOTS];
};

struct kcopyd_job_stats {
	__u64 client;
	__u32 nr_dests;
	__u32 flags;
	__u64 sectors; /* a region */
	__u32 state; /* enum kcopyd_state */
	__u32 read_err; /* 1 if a read failed */
	__u64 write_err; /* bit i = destination i failed; while it runs, too */
	__u64 bytes_read;
	__u64 bytes_written; /* all destinations */
	__u64 start_ns; /* CLOCK_MONOTONIC */
	__u64 end_ns; /* 0 while it runs */
	__u64 duration_ns; /* of the finished job */
};

/* Keys of the counters map. */
enum kcopyd_counter {
	KCOPYD_COUNTER_LOST_REGIONS = 0, /* regions map full */
	KCOPYD_COUNTER_LOST_JOBS = 1, /* jobs map full */
	KCOPYD_COUNTER_LOST_IOS = 2, /* completions without a row */
	KCOPYD_COUNTER_FINISHED = 3, /* jobs finished since load */
	KCOPYD_COUNTERS = 4,
};

#ifndef __cplusplus
_Static_assert(sizeof(struct kcopyd_region_key) == 16, "map ABI");
_Static_assert(sizeof(struct kcopyd_region_stats) == 88 + 8 * KCOPYD_HIST_SLOTS,
	       "map ABI");
_Static_assert(sizeof(struct kcopyd_job_stats) == 80, "map ABI");
#endif

#endif /* _KCOPYD_STATS_H */
