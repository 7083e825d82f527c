// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What statistics cost: our copies with the BPF programs attached, by the same
 * without. They are loaded anew for every figure, so that making the first rows
 * counts, too, as it does for whoever has just loaded them.
 */
#include <err.h>
#include <libkcopy.h>
#include <unistd.h>

#include "bench.h"
#include "copy.h"

/* What loading leaves to be freed is no cost of the copy that comes next. */
#define SETTLE_US 500000

static void attach(void)
{
	struct kcopy_explanation why;

	if (kcopy_observer_load(&why))
		errx(BENCH_FAILED, "%s", why.text);
	usleep(SETTLE_US);
}

static void detach(void)
{
	if (kcopy_observer_unload())
		errx(BENCH_FAILED, "the statistics can't be unloaded");
	usleep(SETTLE_US);
}

static uint64_t observed_copy(const struct copy *copy,
			      const struct devices *devices)
{
	uint64_t ns;

	attach();
	ns = peer_ours.copy(copy, devices);
	detach();
	return ns;
}

static const struct bench_peer peer_observed = { "observed", "observed",
						 observed_copy };

#define COPY(kib, dests)                                               \
	{                                                              \
		.kind = { .request_kib = (kib) }, .nr_dests = (dests), \
		.bytes = 1 << 30                                       \
	}
#define JOBS(kib, nr, apart)                                       \
	{                                                          \
		.nr_dests = 1, .bytes = (kib) << 10, .jobs = (nr), \
		.in_flight = 16, .scattered = (apart)              \
	}

/* Targets are ratios; of a MiB for a copy, of a job for many. */
static const struct copy_row rows[] = {
	{ "copy  124 KiB      1", false, 1.02, COPY(124, 1) },
	{ "copy  124 KiB      4", false, 1.02, COPY(124, 4) },
	{ "copy  1 MiB        1", false, 0, COPY(1024, 1) },
	{ "copy  1 MiB        4", false, 0, COPY(1024, 4) },
	{ "jobs  4 KiB   in a row", true, 1.25, JOBS(4, 4096, false) },
	{ "jobs  4 KiB   scattered", false, 1.25, JOBS(4, 4096, true) },
	{ "jobs  64 KiB  in a row", false, 1.25, JOBS(64, 1024, false) },
};

const struct bench_suite observation_suite = {
	.name = "observation",
	.title = "what statistics cost",
	.unit = "instructions a MiB of a copy, or a small job",
	.heading = "                       ",
	.note = "ratio: with the BPF programs to without",
	.peers = { &peer_ours, &peer_observed },
	.nr_peers = 2,
	.width = 10,
	.reference = &bench_by_first,
	.data = rows,
	.nr_rows = ARRAY_SIZE(rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_measure,
	.end = copy_rows_end,
};
