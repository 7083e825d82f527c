// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small jobs, the diet of a snapshot: many, some in flight. Where they are
 * neighbours the block layer makes fewer, larger requests of small ones.
 */
#include "bench.h"
#include "copy.h"

#define JOBS(kib, nr, apart)                                       \
	{                                                          \
		.nr_dests = 1, .bytes = (kib) << 10, .jobs = (nr), \
		.in_flight = 16, .scattered = (apart)              \
	}

static const struct copy_row rows[] = {
	{ "512 KiB  in a row ", false, 0.13, JOBS(512, 256, false) },
	{ "64 KiB   in a row ", false, 0.25, JOBS(64, 1024, false) },
	{ "4 KiB    in a row ", false, 0.90, JOBS(4, 4096, false) },
	{ "512 KiB  scattered", true, 0.13, JOBS(512, 256, true) },
	{ "64 KiB   scattered", false, 0.25, JOBS(64, 1024, true) },
	{ "4 KiB    scattered", false, 0.90, JOBS(4, 4096, true) },
};

const struct bench_suite jobs_suite = {
	.name = "jobs",
	.title = "small jobs, 16 in flight",
	.unit = "instructions a job",
	.heading = "size     where    ",
	.peers = { &peer_intree, &peer_ours },
	.nr_peers = 2,
	.width = 10,
	.reference = &bench_by_first,
	.data = rows,
	.nr_rows = ARRAY_SIZE(rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_measure,
	.end = copy_rows_end,
};
