// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Large copies, by request limit and destinations: what they cost in
 * instructions, and what they take on a machine with two processors, where they
 * are larger still, so that a turn of somebody else's is only a part of it.
 */
#include "bench.h"
#include "copy.h"

#define COPY(kib, dests, mib)                                          \
	{                                                              \
		.kind = { .request_kib = (kib) }, .nr_dests = (dests), \
		.bytes = (mib) << 20                                   \
	}

/* Targets are instructions a MiB. */
static const struct copy_row rows[] = {
	{ "124 KiB      1", false, 63000, COPY(124, 1, 256) },
	{ "124 KiB      4", false, 158000, COPY(124, 4, 256) },
	{ "1 MiB        1", true, 10000, COPY(1024, 1, 256) },
	{ "1 MiB        4", false, 23000, COPY(1024, 4, 256) },
};

const struct bench_suite copies_suite = {
	.name = "copies",
	.title = "copies",
	.unit = "instructions a MiB",
	.heading = "request  dests",
	.peers = { &peer_intree, &peer_dd_1m, &peer_dd_16m, &peer_uring,
		   &peer_floor, &peer_ours },
	.nr_peers = 6,
	.width = 8,
	.data = rows,
	.nr_rows = ARRAY_SIZE(rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_measure,
	.end = copy_rows_end,
};

/* Targets are ratios to the best of the others. */
static const struct copy_row wall_rows[] = {
	{ "124 KiB      1", false, 1.05, COPY(124, 1, 1024) },
	{ "124 KiB      4", false, 1.05, COPY(124, 4, 1024) },
	{ "1 MiB        1", true, 1.05, COPY(1024, 1, 1024) },
	{ "1 MiB        4", false, 1.05, COPY(1024, 4, 1024) },
};

const struct bench_suite wall_suite = {
	.name = "wall",
	.title = "wall time on two processors",
	.unit = "us for 64 MiB",
	.heading = "request  dests",
	.note = "ratio: ours to the best of the others",
	.peers = { &peer_intree, &peer_dd_1m, &peer_dd_16m, &peer_uring,
		   &peer_ours },
	.nr_peers = 5,
	.width = 9,
	.reference = &bench_by_best,
	.rounds = 5,
	.on_request = true,
	.data = wall_rows,
	.nr_rows = ARRAY_SIZE(wall_rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_elapsed,
	.end = copy_rows_end,
};
