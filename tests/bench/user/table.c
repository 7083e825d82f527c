// SPDX-License-Identifier: GPL-2.0-or-later
/* The table for people. */
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define PART_WIDTH 9
#define TARGET_WIDTH 9

/* 1234567 as "1 234 567", 0 as "-". */
static void print_figure(uint64_t figure, unsigned int width)
{
	char text[32], *at = text + sizeof(text);
	unsigned int digits = 0;

	*--at = 0;
	if (!figure)
		*--at = '-';
	for (; figure; figure /= 10) {
		if (digits && digits % 3 == 0)
			*--at = ' ';
		*--at = '0' + figure % 10;
		digits++;
	}
	printf(" %*s", (int)width - 1, at);
}

void table_begin(const struct bench_suite *suite)
{
	unsigned int peer;

	printf("%s: %s, median of %u rounds\n", suite->title, suite->unit,
	       bench_rounds(suite));
	if (suite->note)
		puts(suite->note);
	printf("\n%s", suite->heading);
	for (peer = 0; peer < suite->nr_peers; peer++)
		printf("%*s", (int)suite->width, suite->peers[peer]->name);
	if (suite->part)
		printf("%*s", PART_WIDTH, suite->part);
	puts(suite->reference ? "  ratio target" : "   target");
}

static void print_ratio(const struct bench_row *row,
			const struct bench_result *result)
{
	if (result->ratio)
		printf("%7.3f", result->ratio);
	else
		printf("%7s", "-");
	if (row->target)
		printf("%7.2f", row->target);
	else
		printf("%7s", "-");
}

static void print_verdict(const struct bench_suite *suite,
			  const struct bench_row *row,
			  const struct bench_result *result)
{
	if (suite->reference)
		print_ratio(row, result);
	else
		print_figure(row->target, TARGET_WIDTH);
	if (row->target)
		puts(result->missed ? " MISS" : " ok");
	else
		puts("");
}

void table_row(const struct bench_suite *suite, const struct bench_row *row,
	       const struct bench_result *result)
{
	unsigned int peer;

	if (row->gap)
		puts("");
	printf("%-*s", (int)strlen(suite->heading), row->text);
	for (peer = 0; peer < suite->nr_peers; peer++)
		print_figure(result->figures[peer].median, suite->width);
	if (suite->part)
		print_figure(bench_ours(suite, result)->median / row->parts,
			     PART_WIDTH);
	print_verdict(suite, row, result);
	fflush(stdout);
}
