// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example to start from: the slowest request of each device, where it was
 * and whose. kcopyd-tracepoints(7) has the arguments of every tracepoint.
 *
 *   make bpf
 *   cd .build/bpf/examples
 *   ./attach slowest.bpf.o /sys/fs/bpf/slowest
 *   kcopyctl copy ...
 *   bpftool map dump pinned /sys/fs/bpf/slowest/slowest
 *   rm -r /sys/fs/bpf/slowest
 *
 * With bpftool 7.2 or newer instead of ./attach:
 *
 *   bpftool prog loadall slowest.bpf.o /sys/fs/bpf/slowest \
 *	pinmaps /sys/fs/bpf/slowest-maps autoattach
 *
 * It needs no kernel headers, no vmlinux.h and no type information of the
 * module, and loads on every kernel from 6.1: the arguments of a raw tracepoint
 * are an array of 64-bit numbers, one for each argument, in the order in which
 * the tracepoint has them.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Of kcopyd_io_done, in that order. */
enum { JOB, REGION, OP, DEV, SECTOR, SECTORS, QUEUE_NS, SERVICE_NS, ERROR };

/* Types with names: bpftool prints what is in the map field by field. */
struct device {
	__u32 major;
	__u32 minor;
};

struct request {
	__u64 latency_ns; /* at the device */
	__u64 queue_ns; /* before that, in the engine */
	__u64 job;
	__u64 sector; /* of the device, 512-byte units */
	__u32 sectors;
	__u32 region; /* 0 the source, 1 and on the destinations */
	__u32 op; /* 0 read, 1 write, 2 flush, 3 discard, 4 write-zeroes */
	__s32 error; /* 0 or -errno */
};

/*
 * Several devices complete requests at a time, on several processors. Each of
 * these has a row of its own, so that none has to wait for another; whoever
 * reads the map takes the slowest of them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct device);
	__type(value, struct request);
} slowest SEC(".maps");

SEC("raw_tp/kcopyd_io_done")
int slowest_io_done(struct bpf_raw_tracepoint_args *ctx)
{
	/* The kernel's own encoding of a device number, not that of stat(2). */
	const __u32 dev = ctx->args[DEV];
	const struct device device = {
		.major = dev >> 20,
		.minor = dev & ((1U << 20) - 1),
	};
	const struct request request = {
		.latency_ns = ctx->args[SERVICE_NS],
		.queue_ns = ctx->args[QUEUE_NS],
		.job = ctx->args[JOB],
		.sector = ctx->args[SECTOR],
		.sectors = ctx->args[SECTORS],
		.region = ctx->args[REGION],
		.op = ctx->args[OP],
		.error = ctx->args[ERROR],
	};
	struct request *row = bpf_map_lookup_elem(&slowest, &device);

	if (!row)
		bpf_map_update_elem(&slowest, &device, &request, BPF_ANY);
	else if (request.latency_ns > row->latency_ns)
		*row = request;
	return 0;
}

/* Most helpers are for programs of this licence only. */
char LICENSE[] SEC("license") = "GPL";
