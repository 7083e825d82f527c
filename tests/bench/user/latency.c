// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Elapsed time of copies between devices that are as slow as each other: reads
 * and writes overlap, so that a copy takes about as long as reading alone.
 *
 * Time spent asleep until a device's timer fires is the device's, exactly; what
 * the processor does meanwhile costs no time, the rest a nanosecond an
 * instruction.
 */
#include "bench.h"
#include "copy.h"

#define TARGET 1.15

/* A millisecond, for so many requests at a time: about 1 GiB/s. */
#define WAITING(kib, depth, dests)                     \
	{                                              \
		.kind = { .request_kib = (kib),        \
			  .irqmode = DEVICE_TIMER,     \
			  .latency_ns = 1000000,       \
			  .queue_depth = (depth) },    \
		.nr_dests = (dests), .bytes = 64 << 20 \
	}

/* A bandwidth, and a short way there. */
#define NARROW(kib, mib_s, dests)                      \
	{                                              \
		.kind = { .request_kib = (kib),        \
			  .irqmode = DEVICE_TIMER,     \
			  .latency_ns = 100000,        \
			  .mbps = (mib_s) },           \
		.nr_dests = (dests), .bytes = 64 << 20 \
	}

static const struct copy_row rows[] = {
	{ "124 KiB  1 ms x 8       1", false, TARGET, WAITING(124, 8, 1) },
	{ "124 KiB  1 ms x 8       4", false, TARGET, WAITING(124, 8, 4) },
	{ "1 MiB    1 ms x 1       1", false, TARGET, WAITING(1024, 1, 1) },
	{ "124 KiB  100 MiB/s      1", false, TARGET, NARROW(124, 100, 1) },
};

const struct bench_suite latency_suite = {
	.name = "latency",
	.title = "copies between slow devices",
	.unit = "elapsed us for 64 MiB",
	.heading = "request  device     dests",
	.note = "ratio: ours to reading one of them",
	.peers = { &peer_read, &peer_intree, &peer_uring, &peer_ours },
	.nr_peers = 4,
	.width = 9,
	.reference = &bench_by_first,
	.data = rows,
	.nr_rows = ARRAY_SIZE(rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_elapsed,
	.end = copy_rows_end,
};
