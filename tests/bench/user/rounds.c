// SPDX-License-Identifier: GPL-2.0-or-later
/* A row, done in turn by all peers, several times over. */
#include <stdlib.h>

#include "bench.h"

static int compare(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a;
	const uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static struct bench_figure figure_of(uint64_t rounds[BENCH_ROUNDS])
{
	qsort(rounds, BENCH_ROUNDS, sizeof(*rounds), compare);
	return (struct bench_figure){
		.best = rounds[0],
		.median = rounds[BENCH_ROUNDS / 2],
		.worst = rounds[BENCH_ROUNDS - 1],
	};
}

/* In turn, so that whatever else the machine does is shared fairly. */
void rounds_measure(const struct bench_suite *suite, unsigned int i,
		    const struct bench_row *row, struct bench_result *result)
{
	uint64_t rounds[BENCH_MAX_PEERS][BENCH_ROUNDS];
	const struct bench_figure *figures = result->figures;
	unsigned int round, peer;

	for (round = 0; round < BENCH_ROUNDS; round++)
		for (peer = 0; peer < suite->nr_peers; peer++)
			rounds[peer][round] = suite->measure(i, peer);
	for (peer = 0; peer < suite->nr_peers; peer++)
		result->figures[peer] = figure_of(rounds[peer]);
	result->ratio = (double)figures[suite->ours].median /
			figures[suite->reference].median;
	result->missed = row->target && result->ratio > row->target;
}
