// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a row's target was held. */
#include "bench.h"

static double first(const struct bench_suite *suite, unsigned int i,
		    const struct bench_figure *figures)
{
	(void)suite;
	(void)i;
	return figures[0].median;
}

static double best(const struct bench_suite *suite, unsigned int i,
		   const struct bench_figure *figures)
{
	uint64_t least = 0;
	unsigned int peer;

	(void)i;
	for (peer = 0; peer < suite->nr_peers - 1; peer++) {
		const uint64_t figure = figures[peer].median;

		if (figure && (!least || figure < least))
			least = figure;
	}
	return least;
}

const struct bench_reference bench_by_first = { "first", first };
const struct bench_reference bench_by_best = { "best", best };

void judge_row(const struct bench_suite *suite, unsigned int i,
	       const struct bench_row *row, struct bench_result *result)
{
	const double ours = bench_ours(suite, result)->median;
	double reference;

	if (!suite->reference) {
		result->missed = row->target && ours > row->target;
		return;
	}
	reference = suite->reference->figure(suite, i, result->figures);
	result->ratio = reference ? ours / reference : 0;
	result->missed = row->target && result->ratio > row->target;
}
