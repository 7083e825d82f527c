// SPDX-License-Identifier: GPL-2.0-or-later
/* Histograms drawn with characters. */
#include <inttypes.h>
#include <string.h>
#include "hist.h"

#define BAR_WIDTH 40

static void print_slot(FILE *file, unsigned int slot, uint64_t count,
		       uint64_t most)
{
	static const char bar[BAR_WIDTH + 1] =
		"########################################";
	char low[KCOPY_FORMAT_MAX], high[KCOPY_FORMAT_MAX] = "more";
	int width;

	/* What is there at all shows as one mark at least. */
	width = ((__uint128_t)count * BAR_WIDTH + most - 1) / most;
	kcopy_format_time(slot ? 1ULL << slot : 0, low);
	if (slot < KCOPYD_HIST_SLOTS - 1)
		kcopy_format_time(2ULL << slot, high);
	fprintf(file, "  %8s .. %-8s %10" PRIu64 " |%.*s\n", low, high, count,
		width, bar);
}

void hist_print(FILE *file, const struct kcopyd_latency *lat)
{
	int first = -1, last = -1, i;
	uint64_t most = 0;

	for (i = 0; i < KCOPYD_HIST_SLOTS; i++) {
		if (!lat->hist[i])
			continue;
		if (first < 0)
			first = i;
		last = i;
		if (lat->hist[i] > most)
			most = lat->hist[i];
	}
	if (first < 0) {
		fprintf(file, "  nothing measured\n");
		return;
	}
	for (i = first; i <= last; i++)
		print_slot(file, i, lat->hist[i], most);
}
