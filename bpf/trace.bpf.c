// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream of events for one reader, who gets a record an event through a ring
 * buffer of its own. Filters are set before the programs are loaded: what the
 * reader does not want is never put into the ring, and the verifier cuts away
 * what it did not ask for. A program that has no event to give isn't loaded.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <kcopyd/trace_event.h>

/* dev_t as the kernel itself has it, not as user space encodes it. */
#define DEV_MAJOR(dev) ((dev) >> 20)
#define DEV_MINOR(dev) ((dev) & ((1U << 20) - 1))

/* What is wanted: of one job, of one device, that slow, failed. */
const volatile bool by_job;
const volatile bool by_device;
const volatile bool errors_only;
const volatile __u64 wanted_job;
const volatile __u32 wanted_device;
const volatile __u64 min_service_ns;

/* Events for which the ring had no room. */
__u64 lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline bool of_job(__u64 job)
{
	return !by_job || job == wanted_job;
}

static __always_inline bool of_device(__u32 dev)
{
	return !by_device || dev == wanted_device;
}

/* With a job's number, filled with zeroes; NULL when the ring is full. */
static __always_inline struct kcopyd_trace_event *
event_begin(enum kcopyd_trace_type type, __u64 job, __u32 flags)
{
	struct kcopyd_trace_event *event;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->type = type;
	event->flags = flags;
	event->time_ns = bpf_ktime_get_ns();
	event->job = job;
	return event;
}

SEC("raw_tp/kcopyd_job_submit")
int trace_job_submit(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;

	if (!of_job(ctx->args[0]))
		return 0;
	event = event_begin(KCOPYD_TRACE_JOB_SUBMIT, ctx->args[0],
			    ctx->args[3]);
	if (!event)
		return 0;
	event->submit.client = ctx->args[1];
	event->submit.nr_dests = ctx->args[2];
	event->submit.sectors = ctx->args[4];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/kcopyd_region")
int trace_region(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;
	__u32 dev = ctx->args[2];

	if (!of_job(ctx->args[0]) || !of_device(dev))
		return 0;
	event = event_begin(KCOPYD_TRACE_REGION, ctx->args[0], ctx->args[6]);
	if (!event)
		return 0;
	event->region.region = ctx->args[1];
	event->region.major = DEV_MAJOR(dev);
	event->region.minor = DEV_MINOR(dev);
	event->region.sector = ctx->args[3];
	event->region.sectors = ctx->args[4];
	event->region.device_sectors = ctx->args[5];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/kcopyd_job_state")
int trace_job_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;

	if (!of_job(ctx->args[0]))
		return 0;
	event = event_begin(KCOPYD_TRACE_JOB_STATE, ctx->args[0], ctx->args[2]);
	if (!event)
		return 0;
	event->state.state = ctx->args[1];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/kcopyd_io_submit")
int trace_io_submit(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;
	__u32 dev = ctx->args[3];

	if (!of_job(ctx->args[0]) || !of_device(dev))
		return 0;
	event = event_begin(KCOPYD_TRACE_IO_SUBMIT, ctx->args[0], 0);
	if (!event)
		return 0;
	event->io.region = ctx->args[1];
	event->io.op = ctx->args[2];
	event->io.major = DEV_MAJOR(dev);
	event->io.minor = DEV_MINOR(dev);
	event->io.sector = ctx->args[4];
	event->io.sectors = ctx->args[5];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* What the device does not offer is done in another way: no failure. */
static __always_inline bool failed(__s32 error, __u32 flags)
{
	return error && !(flags & KCOPYD_IO_REFUSED);
}

SEC("raw_tp/kcopyd_io_done")
int trace_io_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;
	__u32 dev = ctx->args[3];

	if (!of_job(ctx->args[0]) || !of_device(dev) ||
	    ctx->args[7] < min_service_ns)
		return 0;
	if (errors_only && !failed(ctx->args[8], ctx->args[9]))
		return 0;
	event = event_begin(KCOPYD_TRACE_IO_DONE, ctx->args[0], ctx->args[9]);
	if (!event)
		return 0;
	event->io.region = ctx->args[1];
	event->io.op = ctx->args[2];
	event->io.major = DEV_MAJOR(dev);
	event->io.minor = DEV_MINOR(dev);
	event->io.sector = ctx->args[4];
	event->io.sectors = ctx->args[5];
	event->io.queue_ns = ctx->args[6];
	event->io.service_ns = ctx->args[7];
	event->io.error = ctx->args[8];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/kcopyd_throttle")
int trace_throttle(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;

	if (!of_job(ctx->args[0]))
		return 0;
	event = event_begin(KCOPYD_TRACE_THROTTLE, ctx->args[0], 0);
	if (!event)
		return 0;
	event->throttle.wait_ns = ctx->args[1];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/kcopyd_job_done")
int trace_job_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct kcopyd_trace_event *event;
	__u64 write_err = ctx->args[2];
	__u32 read_err = ctx->args[1];

	if (!of_job(ctx->args[0]) || (errors_only && !read_err && !write_err))
		return 0;
	event = event_begin(KCOPYD_TRACE_JOB_DONE, ctx->args[0], ctx->args[6]);
	if (!event)
		return 0;
	event->done.read_err = read_err;
	event->done.write_err = write_err;
	event->done.bytes = ctx->args[3];
	event->done.ns = ctx->args[4];
	event->done.client = ctx->args[5];
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
