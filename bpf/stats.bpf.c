// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of copy jobs, kept in maps that outlive whoever loaded this.
 *
 * Attached to the module's tracepoints as raw tracepoints, whose arguments
 * are scalars: neither CO-RE nor type information of the module is needed.
 *
 * Who writes what. All events of a job fire in process context, its io_done
 * and job_done in the one worker that drains its client. So a row's sums have
 * one writer at a time and are exact without atomics. The one exception is a
 * job's state, which a cancelling thread may change: it has a field of its own
 * that no sum shares. Only the counters are everybody's.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <kcopyd/stats.h>
#include <uapi/kcopyd.h>
#include "log2.bpf.h"

#define SECTOR_SHIFT 9
/* dev_t as the kernel itself has it, not as user space encodes it. */
#define DEV_MINOR_BITS 20

#define ENOMEM 12

/*
 * Rows are allocated as they are needed: all of them at once would be 16 MiB.
 * Each CPU has a small stock of free rows, refilled from an interrupt that
 * comes right after one was taken; a job with many regions can outrun it.
 */
#define INSERT_ATTEMPTS 16
#define PUSH_ATTEMPTS 8

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_STATS_MAX_REGIONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct kcopyd_region_key);
	__type(value, struct kcopyd_region_stats);
} regions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_STATS_MAX_JOBS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct kcopyd_job_stats);
} jobs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KCOPYD_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* The finished jobs that still have rows, oldest first. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, KCOPYD_STATS_FINISHED);
	__type(value, __u64);
} finished SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline long insert(void *map, const void *key, const void *row)
{
	long err = 0;
	int i;

	for (i = 0; i < INSERT_ATTEMPTS; i++) {
		err = bpf_map_update_elem(map, key, row, BPF_ANY);
		if (err != -ENOMEM)
			break;
	}
	return err;
}

SEC("raw_tp/kcopyd_job_submit")
int stats_submit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 job = ctx->args[0];
	struct kcopyd_job_stats row = {
		.client = ctx->args[1],
		.nr_dests = ctx->args[2],
		.flags = ctx->args[3],
		.sectors = ctx->args[4],
		.state = KCOPYD_STATE_QUEUED,
		.start_ns = bpf_ktime_get_ns(),
	};

	if (job && insert(&jobs, &job, &row))
		count(KCOPYD_COUNTER_LOST_JOBS);
	return 0;
}

SEC("raw_tp/kcopyd_region")
int stats_region(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 dev = ctx->args[2];
	struct kcopyd_region_key key = {
		.job = ctx->args[0],
		.region = ctx->args[1],
	};
	struct kcopyd_region_stats row = {
		.major = dev >> DEV_MINOR_BITS,
		.minor = dev & ((1U << DEV_MINOR_BITS) - 1),
		.sector = ctx->args[3],
		.sectors = ctx->args[4],
	};

	if (key.job && insert(&regions, &key, &row))
		count(KCOPYD_COUNTER_LOST_REGIONS);
	return 0;
}

SEC("raw_tp/kcopyd_job_state")
int stats_job_state(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 job = ctx->args[0];
	struct kcopyd_job_stats *row;

	row = bpf_map_lookup_elem(&jobs, &job);
	if (row)
		row->state = ctx->args[1];
	return 0;
}

static __always_inline void count_latency(struct kcopyd_region_stats *row,
					  __u64 ns)
{
	__u64 slot = log2_u64(ns);

	row->lat_sum_ns += ns;
	if (!row->ios || ns < row->lat_min_ns)
		row->lat_min_ns = ns;
	if (ns > row->lat_max_ns)
		row->lat_max_ns = ns;
	/* Keep the bound a 64-bit one: the verifier of 6.1 needs it so. */
	barrier_var(slot);
	if (slot >= KCOPYD_HIST_SLOTS)
		slot = KCOPYD_HIST_SLOTS - 1;
	row->hist[slot]++;
	row->ios++;
}

/* A flush moves no data and takes its own time: no share in latencies. */
static __always_inline void count_io(struct kcopyd_region_stats *row,
				     struct bpf_raw_tracepoint_args *ctx,
				     __u32 op, __u64 bytes, int error)
{
	if (op == KCOPYD_OP_FLUSH) {
		row->flushes++;
	} else {
		row->queue_sum_ns += ctx->args[6];
		count_latency(row, ctx->args[7]);
	}
	if (error) {
		row->errors++;
		row->last_errno = error;
	} else {
		row->bytes += bytes;
	}
}

/* The bitset fills while the job runs: a watcher sees the first failure. */
static __always_inline void count_job(struct kcopyd_job_stats *row,
				      __u32 region, __u64 bytes, int error)
{
	if (region == 0) {
		if (error)
			row->read_err = 1;
		else
			row->bytes_read += bytes;
	} else {
		if (error)
			row->write_err |= 1ULL << ((region - 1) & 63);
		else
			row->bytes_written += bytes;
	}
}

SEC("raw_tp/kcopyd_io_done")
int stats_io_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_region_key key = {
		.job = ctx->args[0],
		.region = ctx->args[1],
	};
	__u32 op = ctx->args[2];
	__u64 bytes = (__u64)(__u32)ctx->args[5] << SECTOR_SHIFT;
	int error = ctx->args[8];
	__u32 flags = ctx->args[9];
	struct kcopyd_region_stats *region;
	struct kcopyd_job_stats *job;

	/* Job 0, a direct dm-io call, may be anywhere, even in an interrupt. */
	if (!key.job)
		return 0;
	if (flags & KCOPYD_IO_REFUSED)
		error = 0;
	if (op == KCOPYD_OP_FLUSH ||
	    flags & (KCOPYD_IO_REFUSED | KCOPYD_IO_VERIFY))
		bytes = 0;

	region = bpf_map_lookup_elem(&regions, &key);
	if (region)
		count_io(region, ctx, op, bytes, error);
	else
		count(KCOPYD_COUNTER_LOST_IOS);

	job = bpf_map_lookup_elem(&jobs, &key.job);
	if (job)
		count_job(job, key.region, bytes, error);
	return 0;
}

static __noinline int forget(__u64 job)
{
	struct kcopyd_job_stats *row = bpf_map_lookup_elem(&jobs, &job);
	__u32 last = row ? row->nr_dests : KCOPYD_MAX_DESTS;
	struct kcopyd_region_key key = { .job = job };
	__u32 i;

	/* The key is in memory: the verifier counts only what is not. */
	for (i = 0; i < KCOPYD_MAX_REGIONS; i++) {
		if (i > last)
			break;
		key.region = i;
		bpf_map_delete_elem(&regions, &key);
	}
	return bpf_map_delete_elem(&jobs, &job);
}

/* Another worker may take the room that was just made: make some more. */
static __always_inline void remember(__u64 job)
{
	__u64 oldest;
	int i;

	for (i = 0; i < PUSH_ATTEMPTS; i++) {
		if (!bpf_map_push_elem(&finished, &job, 0))
			return;
		if (!bpf_map_pop_elem(&finished, &oldest))
			forget(oldest);
	}
	forget(job);
}

SEC("raw_tp/kcopyd_job_done")
int stats_job_done(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 job = ctx->args[0];
	struct kcopyd_job_stats *row;

	if (!job)
		return 0;
	row = bpf_map_lookup_elem(&jobs, &job);
	if (row) {
		row->read_err = ctx->args[1];
		row->write_err = ctx->args[2];
		row->duration_ns = ctx->args[4];
		row->end_ns = bpf_ktime_get_ns();
		row->state = KCOPYD_STATE_DONE;
	}
	count(KCOPYD_COUNTER_FINISHED);
	remember(job);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
