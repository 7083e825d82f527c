// SPDX-License-Identifier: LGPL-2.1-or-later
/* Percentiles out of a log2 histogram. */
#include <libkcopy.h>

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

/* Where number RANK of COUNT lies in a slot, if they are spread evenly. */
static uint64_t interpolate(const struct kcopyd_latency *lat, unsigned int slot,
			    uint64_t rank, uint64_t count)
{
	uint64_t low = slot ? 1ULL << slot : 0;
	uint64_t high = slot == KCOPYD_HIST_SLOTS - 1 ? lat->max_ns :
							(2ULL << slot) - 1;

	low = clamp(low, lat->min_ns, lat->max_ns);
	high = clamp(high, low, lat->max_ns);
	return low + (uint64_t)((double)(high - low) * rank / count);
}

uint64_t kcopy_percentile(const struct kcopyd_latency *lat,
			  unsigned int per_mille)
{
	uint64_t total = 0, rank, below = 0;
	unsigned int slot;

	/* A row that is being written has them out of step with each other. */
	for (slot = 0; slot < KCOPYD_HIST_SLOTS; slot++)
		total += lat->hist[slot];
	if (!total)
		return 0;

	rank = ((__uint128_t)total * clamp(per_mille, 0, 1000) + 999) / 1000;
	rank = clamp(rank, 1, total);
	for (slot = 0; slot < KCOPYD_HIST_SLOTS - 1; slot++) {
		if (below + lat->hist[slot] >= rank)
			break;
		below += lat->hist[slot];
	}
	return interpolate(lat, slot, rank - below, lat->hist[slot]);
}
