// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One to many destinations. The cost must be linear: none of many may cost more
 * than one of eight does, give or take a little.
 */
#include "bench.h"
#include "copy.h"

#define YARDSTICK 8
#define TARGET 1.10

#define COPY(dests)                                    \
	{                                              \
		.nr_dests = (dests), .bytes = 64 << 20 \
	}

static const struct copy_row rows[] = {
	{ "    1", false, 0, COPY(1) },
	{ "    2", false, 0, COPY(2) },
	{ "    4", false, 0, COPY(4) },
	{ "    8", false, 0, COPY(YARDSTICK) },
	{ "   16", false, TARGET, COPY(16) },
	{ "   32", false, TARGET, COPY(32) },
};

/* What so many would cost at the price of those in the yardstick's row. */
static double linear(const struct bench_suite *suite, unsigned int i,
		     const struct bench_figure *figures)
{
	static double each;

	if (rows[i].copy.nr_dests == YARDSTICK)
		each = (double)figures[suite->nr_peers - 1].median / YARDSTICK;
	return each * rows[i].copy.nr_dests;
}

static const struct bench_reference by_linear = { "linear", linear };

const struct bench_suite destinations_suite = {
	.name = "destinations",
	.title = "destinations, requests of 124 KiB",
	.unit = "instructions a MiB",
	.heading = "dests",
	.note = "ratio: a destination of ours to one of 8",
	.peers = { &peer_intree, &peer_floor, &peer_ours },
	.nr_peers = 3,
	.width = 10,
	.reference = &by_linear,
	.part = "a dest.",
	.data = rows,
	.nr_rows = ARRAY_SIZE(rows),
	.describe = copy_rows_describe,
	.measure = copy_rows_measure,
	.end = copy_rows_end,
};
