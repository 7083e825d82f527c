// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of copy jobs, kept in maps that outlive whoever loaded this.
 *
 * Attached to the module's tracepoints as raw tracepoints, whose arguments
 * are scalars, or a record of include/kcopyd/stats.h: neither CO-RE nor type
 * information of the module is needed.
 *
 * Who writes what. All events of a job fire in process context: its batches in
 * the one worker that drains its client, its end in the client's notifier, when
 * nothing of it is in flight. So the sums in the rows of jobs, regions and
 * clients have one writer at a time and are exact without atomics. Devices, heat
 * and counters are everybody's.
 */
#include <stdbool.h>
#include "device.bpf.h"
#include "bits.bpf.h"
#include "maps.bpf.h"

SEC("raw_tp/kcopyd_job_submit")
int stats_submit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 job = ctx->args[0];
	struct kcopyd_job_stats row = {};

	if (ctx->args[3] & KCOPYD_SMALL_JOB)
		return 0;
	row.client = ctx->args[1];
	row.nr_dests = ctx->args[2];
	row.flags = ctx->args[3];
	row.sectors = ctx->args[4];
	row.state = KCOPYD_STATE_QUEUED;
	row.start_ns = bpf_ktime_get_ns();
	if (insert(&jobs, &job, &row, BPF_ANY))
		count(KCOPYD_COUNTER_LOST_JOBS, 1);
	return 0;
}

static __noinline void region_insert(const struct kcopyd_region_key *key,
				     struct bpf_raw_tracepoint_args *ctx)
{
	__u32 dev = ctx->args[2];
	struct kcopyd_region_stats row = {
		.major = DEV_MAJOR(dev),
		.minor = DEV_MINOR(dev),
		.sector = ctx->args[3],
		.sectors = ctx->args[4],
		.device_sectors = ctx->args[5],
	};

	if (insert(&regions, key, &row, BPF_ANY))
		count(KCOPYD_COUNTER_LOST_REGIONS, 1);
}

SEC("raw_tp/kcopyd_region")
int stats_region(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_region_key key = {
		.job = ctx->args[0],
		.region = ctx->args[1],
	};

	if (!(ctx->args[6] & KCOPYD_SMALL_JOB))
		region_insert(&key, ctx);
	return 0;
}

SEC("raw_tp/kcopyd_job_state")
int stats_job_state(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 job = ctx->args[0];
	struct kcopyd_job_stats *row;

	if (ctx->args[2] & KCOPYD_SMALL_JOB)
		return 0;
	row = bpf_map_lookup_elem(&jobs, &job);
	/* That it is done comes with its result. */
	if (row && ctx->args[1] != KCOPYD_STATE_DONE)
		row->state = ctx->args[1];
	return 0;
}

SEC("raw_tp/kcopyd_throttle")
int stats_throttle(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 job = ctx->args[0];
	struct kcopyd_job_stats *row;

	row = bpf_map_lookup_elem(&jobs, &job);
	if (row) {
		row->throttles++;
		row->throttle_ns += ctx->args[1];
	}
	return 0;
}

static __always_inline void count_latency(struct kcopyd_region_stats *row,
					  const struct kcopyd_io_batch *batch)
{
	if (!row->ios || batch->lat_min_ns < row->lat.min_ns)
		row->lat.min_ns = batch->lat_min_ns;
	if (batch->lat_max_ns > row->lat.max_ns)
		row->lat.max_ns = batch->lat_max_ns;
	row->lat.sum_ns += batch->lat_sum_ns;
	row->queue_sum_ns += batch->queue_sum_ns;
	if (batch->queue_max_ns > row->queue_max_ns)
		row->queue_max_ns = batch->queue_max_ns;
}

/* What came of them. Several of a kind have succeeded; an error is alone. */
static __always_inline void count_outcome(struct kcopyd_region_stats *row,
					  const struct kcopyd_io_batch *batch)
{
	if (batch->flags & KCOPYD_IO_REFUSED) {
		row->refused++;
	} else if (batch->errors) {
		row->errors += batch->errors;
		row->last_errno = batch->error;
	} else if (!(batch->flags & KCOPYD_IO_VERIFY)) {
		row->bytes += batch->bytes;
	}
}

/* A flush moves no data and takes its own time: no share in latencies. */
static __always_inline void count_region(struct kcopyd_region_stats *row,
					 const struct kcopyd_io_batch *batch)
{
	count_outcome(row, batch);
	row->in_flight = batch->in_flight;
	if (batch->op == KCOPYD_OP_FLUSH) {
		row->flushes += batch->ios;
		return;
	}
	count_latency(row, batch);
	row->ios += batch->ios;
	if (batch->flags & KCOPYD_IO_RETRY)
		row->retries += batch->ios;
	if (batch->flags & KCOPYD_IO_VERIFY)
		row->verifies += batch->ios;
	if (batch->op == KCOPYD_OP_ZERO)
		row->zeroes += batch->ios;
}

/* The bitset fills while the job runs: a watcher sees the first failure. */
static __always_inline void count_job(struct kcopyd_job_stats *row,
				      const struct kcopyd_io_batch *batch)
{
	const __u32 region = batch->region;

	if (batch->flags & KCOPYD_IO_REFUSED)
		return;
	if (batch->errors && region)
		row->write_err |= 1ULL << ((region - 1) & 63);
	else if (batch->errors)
		row->read_err = 1;
	else if (batch->flags & KCOPYD_IO_VERIFY)
		return;
	else if (batch->op == KCOPYD_OP_READ)
		row->bytes_read += batch->bytes;
	else
		row->bytes_written += batch->bytes;
}

/* The histograms of a region and of its device, where there are such rows. */
static __always_inline void count_slot(__u64 *region, __u64 *device, __u16 nr)
{
	if (!nr)
		return;
	if (region)
		*region += nr;
	if (device)
		__sync_fetch_and_add(device, nr);
}

#define SLOTS_A_LOOK 4

static __always_inline void count_slots(struct kcopyd_region_stats *region,
					struct kcopyd_device_stats *device,
					const struct kcopyd_io_batch *batch)
{
	int i, j;

#pragma unroll
	for (i = 0; i < KCOPYD_HIST_SLOTS; i += SLOTS_A_LOOK) {
		if (!*(const __u64 *)&batch->hist[i])
			continue;
#pragma unroll
		for (j = i; j < i + SLOTS_A_LOOK; j++)
			count_slot(region ? &region->lat.hist[j] : 0,
				   device ? &device->lat.hist[j] : 0,
				   batch->hist[j]);
	}
}

static __always_inline struct kcopyd_region_stats *
region_of(const struct kcopyd_io_batch *batch)
{
	struct kcopyd_region_key key = {
		.job = batch->job,
		.region = batch->region,
	};
	struct kcopyd_region_stats *row = bpf_map_lookup_elem(&regions, &key);

	if (!row)
		count(KCOPYD_COUNTER_LOST_IOS, batch->ios);
	return row;
}

SEC("raw_tp/kcopyd_io_batch")
int stats_io_batch(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_region_stats *region = 0;
	struct kcopyd_device_stats *device;
	struct kcopyd_io_batch batch;
	struct kcopyd_job_stats *job;

	if (bpf_probe_read_kernel(&batch, sizeof(batch), (void *)ctx->args[0]))
		return 0;
	/* Job 0, a direct dm-io call, may be anywhere, even in an interrupt. */
	if (batch.job && !(batch.flags & KCOPYD_SMALL_JOB)) {
		region = region_of(&batch);
		if (region)
			count_region(region, &batch);
		job = bpf_map_lookup_elem(&jobs, &batch.job);
		if (job)
			count_job(job, &batch);
	}
	device = device_of(&batch);
	if (device)
		count_device(device, &batch);
	else
		count(KCOPYD_COUNTER_LOST_DEVICES, batch.ios);
	/* A flush is none of a region's latencies. */
	count_slots(batch.op == KCOPYD_OP_FLUSH ? 0 : region, device, &batch);
	count_heat(&batch);
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

/* The end of a job that has rows of its own. */
static __always_inline void end_job(__u64 job,
				    struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_job_stats *row = bpf_map_lookup_elem(&jobs, &job);

	if (row) {
		row->read_err = ctx->args[1];
		row->write_err = ctx->args[2];
		row->duration_ns = ctx->args[4];
		row->end_ns = bpf_ktime_get_ns();
		row->state = KCOPYD_STATE_DONE;
	}
	remember(job);
}

static __noinline struct kcopyd_client_stats *client_insert(__u64 client)
{
	insert_blank(&clients, &client, BPF_NOEXIST);
	return bpf_map_lookup_elem(&clients, &client);
}

static __always_inline void count_time(struct kcopyd_latency *time, __u64 ns,
				       bool first)
{
	__u64 slot = log2_u64(ns);

	time->sum_ns += ns;
	if (first || ns < time->min_ns)
		time->min_ns = ns;
	if (ns > time->max_ns)
		time->max_ns = ns;
	/* Keep the bound a 64-bit one: the verifier of 6.1 needs it so. */
	barrier_var(slot);
	if (slot >= KCOPYD_HIST_SLOTS)
		slot = KCOPYD_HIST_SLOTS - 1;
	time->hist[slot]++;
}

/* The end of one that has none: one writer, the client's notifier. */
static __always_inline void count_client(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 client = ctx->args[5], write_err = ctx->args[2];
	struct kcopyd_client_stats *row;

	row = bpf_map_lookup_elem(&clients, &client);
	if (!row)
		row = client_insert(client);
	if (!row) {
		count(KCOPYD_COUNTER_LOST_CLIENTS, 1);
		return;
	}
	count_time(&row->time, ctx->args[4], !row->jobs);
	row->jobs++;
	row->bytes += ctx->args[3];
	row->last_ns = bpf_ktime_get_ns();
	if (!(__u32)ctx->args[1] && !write_err)
		return;
	row->failed++;
	row->read_errs += !!(__u32)ctx->args[1];
	row->write_errs += bits_u64(write_err);
}

SEC("raw_tp/kcopyd_job_done")
int stats_job_done(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[6] & KCOPYD_SMALL_JOB)
		count_client(ctx);
	else
		end_job(ctx->args[0], ctx);
	count(KCOPYD_COUNTER_FINISHED, 1);
	return 0;
}

/* As with jobs: those that are there keep their rows, and the last ones. */
SEC("raw_tp/kcopyd_client_destroy")
int stats_client_destroy(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 client = ctx->args[0], oldest;
	int i;

	if (!bpf_map_lookup_elem(&clients, &client))
		return 0;
	for (i = 0; i < PUSH_ATTEMPTS; i++) {
		if (!bpf_map_push_elem(&gone, &client, 0))
			return 0;
		if (!bpf_map_pop_elem(&gone, &oldest))
			bpf_map_delete_elem(&clients, &oldest);
	}
	bpf_map_delete_elem(&clients, &client);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
