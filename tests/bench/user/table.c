// SPDX-License-Identifier: GPL-2.0-or-later
/* The table for people. */
#include <stdio.h>
#include <string.h>

#include "bench.h"

/* 1234567 as "1 234 567". */
static void print_figure(uint64_t figure)
{
	char text[32], *at = text + sizeof(text);
	unsigned int digits = 0;

	*--at = 0;
	do {
		if (digits && digits % 3 == 0)
			*--at = ' ';
		*--at = '0' + figure % 10;
		digits++;
		figure /= 10;
	} while (figure);
	printf("%10s", at);
}

void table_begin(const struct bench_suite *suite)
{
	unsigned int peer;

	printf("%s: %s, median of %d rounds\n\n", suite->title, suite->unit,
	       BENCH_ROUNDS);
	printf("%s", suite->heading);
	for (peer = 0; peer < suite->nr_peers; peer++)
		printf("%10s", suite->peers[peer]);
	puts("  ratio  target");
}

static void print_target(const struct bench_row *row,
			 const struct bench_result *result)
{
	printf("%7.3f", result->ratio);
	if (row->target)
		printf("%8.2f %s\n", row->target,
		       result->missed ? "MISS" : "ok");
	else
		puts("       -");
}

void table_row(const struct bench_suite *suite, const struct bench_row *row,
	       const struct bench_result *result)
{
	unsigned int peer;

	if (row->gap)
		puts("");
	printf("%-*s", (int)strlen(suite->heading), row->text);
	for (peer = 0; peer < suite->nr_peers; peer++)
		print_figure(result->figures[peer].median);
	print_target(row, result);
	fflush(stdout);
}
