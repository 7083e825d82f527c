/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Names and records of the BPF maps: the one definition for kmod/, bpf/ and
 * user/. Fixed width, explicit padding, so that 'bpftool map dump pinned' prints
 * the same fields everywhere. Times in nanoseconds; latency = time at the device
 * (from submission of a request until its completion), queue = before that, in
 * the engine, from when the request could have been submitted.
 *
 * Of a direct dm-io call only its device's rows tell. A kernel client's job of
 * less than 1 MiB is counted in its client's row and in those of its devices; it
 * has no row of its own.
 */
#ifndef _KCOPYD_STATS_H
#define _KCOPYD_STATS_H

#include <linux/types.h>

#define KCOPYD_PIN_DIR "/sys/fs/bpf/kcopyd"
#define KCOPYD_PIN_REGIONS KCOPYD_PIN_DIR "/regions"
#define KCOPYD_PIN_JOBS KCOPYD_PIN_DIR "/jobs"
#define KCOPYD_PIN_DEVICES KCOPYD_PIN_DIR "/devices"
#define KCOPYD_PIN_CLIENTS KCOPYD_PIN_DIR "/clients"
#define KCOPYD_PIN_HEAT KCOPYD_PIN_DIR "/heat"
#define KCOPYD_PIN_COUNTERS KCOPYD_PIN_DIR "/counters"
#define KCOPYD_PIN_FINISHED KCOPYD_PIN_DIR "/finished"

/* Counts up with each change of a record that is not an appended counter. */
#define KCOPYD_STATS_VERSION 2

/* Finished jobs that keep their rows; older ones are deleted. */
#define KCOPYD_STATS_FINISHED 256
#define KCOPYD_STATS_MAX_JOBS 2048
#define KCOPYD_STATS_MAX_REGIONS 32768
/* A row for each device and operation. */
#define KCOPYD_STATS_MAX_DEVICES 1024
/* Clients that are gone and keep their rows, and all clients. */
#define KCOPYD_STATS_GONE_CLIENTS 256
#define KCOPYD_STATS_MAX_CLIENTS 1024

/* Operations in tracepoints and records. */
enum kcopyd_op {
	KCOPYD_OP_READ = 0,
	KCOPYD_OP_WRITE = 1,
	KCOPYD_OP_FLUSH = 2,
	KCOPYD_OP_DISCARD = 3,
	KCOPYD_OP_ZERO = 4,
	KCOPYD_OP_OTHER = 5,
};

/* Bits of the flags of kcopyd_io_done and kcopyd_io_batch. */
#define KCOPYD_IO_RETRY (1U << 0) /* a part of a request that failed */
#define KCOPYD_IO_VERIFY (1U << 1) /* reads back what was copied */
#define KCOPYD_IO_REFUSED (1U << 2) /* not offered: is done in another way */
#define KCOPYD_IO_BISECT (1U << 3) /* retry for every bad block */
/* Of these, and of the flags of job events: a kernel client's, below 1 MiB. */
#define KCOPYD_SMALL_JOB (1U << 31)

/* Slot i counts latencies of 2^i .. 2^(i+1)-1 ns; the last takes the rest. */
#define KCOPYD_HIST_SLOTS 40

struct kcopyd_latency {
	__u64 sum_ns;
	__u64 min_ns; /* 0 if there was none yet, too */
	__u64 max_ns;
	__u64 hist[KCOPYD_HIST_SLOTS];
};

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
	__u64 device_sectors;
	__u64 ios; /* finished reads, writes and write-zeroes; failed ones, too */
	__u64 bytes; /* of those that succeeded; not of what was read back */
	__u64 errors; /* of those that failed, and of failed flushes */
	__u64 retries; /* of the ios: parts of requests that had failed */
	__u64 verifies; /* of the ios: read back what was copied */
	__u64 zeroes; /* of the ios: write-zeroes */
	__s32 last_errno; /* 0 or negative */
	__u32 flushes;
	__u32 refused; /* of the ios: write-zeroes that the device can't do */
	__u32 in_flight; /* requests, when the last ones were counted */
	__u64 queue_sum_ns; /* waiting in the engine before submission */
	__u64 queue_max_ns;
	struct kcopyd_latency lat; /* of the ios */
};

struct kcopyd_job_stats {
	__u64 client;
	__u32 nr_dests;
	__u32 flags;
	__u64 sectors; /* a region */
	__u32 state; /* enum kcopyd_state */
	__u32 read_err; /* 1 if a read failed; see below */
	/*
	 * Bit i = destination i failed. While the job runs: a request of it did,
	 * though it may have been made good since; then as the job says.
	 */
	__u64 write_err;
	__u64 bytes_read; /* of a comparison: of destinations, too */
	__u64 bytes_written; /* all destinations */
	__u64 start_ns; /* CLOCK_MONOTONIC */
	__u64 end_ns; /* 0 while it runs */
	__u64 duration_ns; /* of the finished job */
	__u64 throttles; /* times that it had to wait for its rate or duty */
	__u64 throttle_ns; /* that it was told to wait */
};

struct kcopyd_device_key {
	__u32 major;
	__u32 minor;
	__u32 op; /* enum kcopyd_op */
};

/* What jobs, and direct dm-io calls, did to a device. */
struct kcopyd_device_stats {
	__u64 ios; /* finished, failed ones included */
	__u64 bytes; /* of those that succeeded */
	__u64 errors;
	__u64 retries; /* of the ios: parts of requests that had failed */
	__u64 verifies; /* of the ios: read back what was copied */
	__u64 direct; /* of the ios: of dm-io calls */
	__s32 last_errno; /* 0 or negative */
	__u32 pad;
	__u64 queue_sum_ns;
	struct kcopyd_latency lat;
};

/* A client's jobs that have no rows of their own. */
struct kcopyd_client_stats {
	__u64 jobs; /* finished */
	__u64 failed; /* of these, with any error */
	__u64 bytes; /* written, all destinations */
	__u64 read_errs; /* jobs whose read failed */
	__u64 write_errs; /* destinations that failed */
	__u64 last_ns; /* CLOCK_MONOTONIC, end of the last one */
	struct kcopyd_latency time; /* of whole jobs */
};

/*
 * A device's extent in equal buckets: bucket b is the sectors from b *
 * bucket_sectors on. A row has so many neighbours that one look finds all that
 * a few requests concern.
 */
#define KCOPYD_HEAT_BUCKETS 4096
#define KCOPYD_HEAT_CELLS 64
#define KCOPYD_HEAT_MAX_DEVICES 64
#define KCOPYD_HEAT_MAX_ROWS \
	(KCOPYD_HEAT_MAX_DEVICES * (KCOPYD_HEAT_BUCKETS / KCOPYD_HEAT_CELLS))
/* A smaller device than 4 GiB has fewer buckets, of 1 MiB. */
#define KCOPYD_HEAT_MIN_SECTORS 2048

struct kcopyd_heat_key {
	__u32 major;
	__u32 minor;
	__u32 row; /* of buckets row * KCOPYD_HEAT_CELLS and on */
};

/*
 * Requests that were counted together share their latency among the buckets
 * that they cover: a run of neighbours of at most 10 ms, with no outlier among
 * them. Each bucket that a request touches counts it, and a failed one, too: a
 * failure that is looked into counts in all of its buckets, then where its parts
 * fail.
 */
struct kcopyd_heat_cell {
	__u32 ios;
	__u32 errors;
	__u64 lat_sum_ns; /* of the ios */
	__u64 lat_max_ns;
};

struct kcopyd_heat_stats {
	__u64 device_sectors;
	__u64 bucket_sectors;
	struct kcopyd_heat_cell cells[KCOPYD_HEAT_CELLS];
};

/*
 * What the tracepoint kcopyd_io_batch points to: requests of one region, of one
 * kind, that were found complete one after the other. As a raw tracepoint's
 * argument it is in the kernel's memory: bpf_probe_read_kernel().
 */
struct kcopyd_io_batch {
	__u64 job; /* 0: of small jobs, or a direct dm-io call */
	__u64 client; /* 0: a direct dm-io call */
	__u64 sector; /* the first of them all, on the device */
	__u64 end; /* behind the last of them all */
	__u64 device_sectors;
	__u64 bytes; /* of those that succeeded */
	__u64 queue_sum_ns;
	__u64 queue_max_ns;
	__u64 lat_sum_ns;
	__u64 lat_min_ns;
	__u64 lat_max_ns;
	__u32 region;
	__u32 op; /* enum kcopyd_op */
	__u32 dev; /* as the kernel has it: major << 20 | minor */
	__u32 flags; /* KCOPYD_IO_*, KCOPYD_SMALL_JOB */
	__u32 ios;
	__u32 errors; /* all of them, or none */
	__s32 error;
	__u32 in_flight; /* requests of the region that are not counted yet */
	__u16 hist[KCOPYD_HIST_SLOTS];
	__u32 bucket_sectors; /* of heat */
	__u32 nr_places; /* 0: they are neighbours, from sector to end */
	/* Address of so many __u16: the buckets of requests that are none. */
	__u64 places;
};

/* Keys of the counters map. */
enum kcopyd_counter {
	KCOPYD_COUNTER_LOST_REGIONS = 0, /* regions map full */
	KCOPYD_COUNTER_LOST_JOBS = 1, /* jobs map full */
	KCOPYD_COUNTER_LOST_IOS = 2, /* completions without a region's row */
	KCOPYD_COUNTER_FINISHED = 3, /* jobs finished since load */
	KCOPYD_COUNTER_VERSION =
		4, /* KCOPYD_STATS_VERSION, set by the loader */
	KCOPYD_COUNTER_LOST_DEVICES = 5, /* completions: devices map full */
	KCOPYD_COUNTER_LOST_CLIENTS = 6, /* jobs: clients map full */
	KCOPYD_COUNTER_LOST_HEAT = 7, /* about so many completions: heat full */
	KCOPYD_COUNTERS = 8,
};

#ifndef __cplusplus
_Static_assert(sizeof(struct kcopyd_latency) == 24 + 8 * KCOPYD_HIST_SLOTS,
	       "map ABI");
_Static_assert(sizeof(struct kcopyd_region_key) == 16, "map ABI");
_Static_assert(sizeof(struct kcopyd_region_stats) ==
		       112 + sizeof(struct kcopyd_latency),
	       "map ABI");
_Static_assert(sizeof(struct kcopyd_job_stats) == 96, "map ABI");
_Static_assert(sizeof(struct kcopyd_device_key) == 12, "map ABI");
_Static_assert(sizeof(struct kcopyd_device_stats) ==
		       64 + sizeof(struct kcopyd_latency),
	       "map ABI");
_Static_assert(sizeof(struct kcopyd_client_stats) ==
		       48 + sizeof(struct kcopyd_latency),
	       "map ABI");
_Static_assert(sizeof(struct kcopyd_heat_key) == 12, "map ABI");
_Static_assert(sizeof(struct kcopyd_heat_stats) == 16 + 24 * KCOPYD_HEAT_CELLS,
	       "map ABI");
_Static_assert(sizeof(struct kcopyd_io_batch) == 136 + 2 * KCOPYD_HIST_SLOTS,
	       "tracepoint ABI");
#endif

#endif /* _KCOPYD_STATS_H */
