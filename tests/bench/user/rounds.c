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

static struct bench_figure figure_of(uint64_t *rounds, unsigned int nr)
{
	qsort(rounds, nr, sizeof(*rounds), compare);
	return (struct bench_figure){
		.best = rounds[0],
		.median = rounds[nr / 2],
		.worst = rounds[nr - 1],
	};
}

/* In turn, so that whatever else the machine does is shared fairly. */
void rounds_measure(const struct bench_suite *suite, unsigned int i,
		    struct bench_result *result)
{
	uint64_t rounds[BENCH_MAX_PEERS][BENCH_MAX_ROUNDS];
	const unsigned int nr = bench_rounds(suite);
	unsigned int round, peer;

	for (round = 0; round < nr; round++)
		for (peer = 0; peer < suite->nr_peers; peer++)
			rounds[peer][round] =
				suite->measure(suite, i, suite->peers[peer]);
	for (peer = 0; peer < suite->nr_peers; peer++)
		result->figures[peer] = figure_of(rounds[peer], nr);
}
