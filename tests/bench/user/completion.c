// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies between devices that complete in a softirq, and between devices that
 * have memory.
 *
 * null_blk takes the softirq only where a queue serves several processors: the
 * machine that counts has one, and a second that is never switched on. There
 * the softirq runs in a thread of its own, and the processor is never idle
 * before the copy is done, so that time is still instructions.
 */
#include "bench.h"
#include "copy.h"

/* Targets are ratios to the best of the others. */
#define SOFTIRQ(kib, dests)                                                  \
	{                                                                    \
		.kind = { .request_kib = (kib), .irqmode = DEVICE_SOFTIRQ }, \
		.nr_dests = (dests), .bytes = 64 << 20                       \
	}

static const struct copy_row softirq_rows[] = {
	{ "124 KiB      1", false, 1.05, SOFTIRQ(124, 1) },
	{ "124 KiB      4", false, 1.05, SOFTIRQ(124, 4) },
	{ "1 MiB        1", true, 1.10, SOFTIRQ(1024, 1) },
	{ "1 MiB        4", false, 1.05, SOFTIRQ(1024, 4) },
};

const struct bench_suite softirq_suite = {
	.name = "softirq",
	.title = "copies, completed in a softirq",
	.unit = "instructions a MiB",
	.heading = "request  dests",
	.note = "ratio: ours to the best of the others",
	.peers = { &peer_intree, &peer_uring, &peer_ours },
	.nr_peers = 3,
	.width = 10,
	.reference = &bench_by_best,
	.data = softirq_rows,
	.nr_rows = ARRAY_SIZE(softirq_rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_measure,
	.end = copy_rows_end,
};

#define MEMORY(kib, dests)                             \
	{                                              \
		.kind = { .request_kib = (kib),        \
			  .size_mib = 16,              \
			  .memory_backed = true },     \
		.nr_dests = (dests), .bytes = 16 << 20 \
	}

static const struct copy_row memory_rows[] = {
	{ "124 KiB      1", false, 1.05, MEMORY(124, 1) },
	{ "124 KiB      4", false, 1.05, MEMORY(124, 4) },
	{ "1 MiB        1", true, 1.05, MEMORY(1024, 1) },
};

const struct bench_suite memory_suite = {
	.name = "memory",
	.title = "copies between devices with memory",
	.unit = "instructions a MiB",
	.heading = "request  dests",
	.note = "ratio: ours to the best of the others",
	.peers = { &peer_intree, &peer_uring, &peer_ours },
	.nr_peers = 3,
	.width = 10,
	.reference = &bench_by_best,
	.data = memory_rows,
	.nr_rows = ARRAY_SIZE(memory_rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_measure,
	.end = copy_rows_end,
};
