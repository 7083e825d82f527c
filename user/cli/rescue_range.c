// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which range is next: one for which all that take part agree. Usually all do;
 * after a destination failed, or was given anew, some have more to be done than
 * others.
 */
#include <sys/param.h>
#include "rescue.h"

static uint64_t end_of(const struct map_block *block)
{
	return block->pos + block->size;
}

/* The part of it that is also in [from, to). */
static bool clip(struct map_block *block, uint64_t from, uint64_t to)
{
	uint64_t start = MAX(block->pos, from), end = MIN(end_of(block), to);

	if (start >= end)
		return false;
	block->pos = start;
	block->size = end - start;
	return true;
}

static bool next_of(const struct rescue *rescue, unsigned int dest,
		    uint64_t cursor, char status, struct map_block *range)
{
	const struct map *map = &rescue->dests[dest].map;
	struct map_block wanted;

	while (map_find(map, cursor, status, range)) {
		if (!clip(range, rescue->begin, rescue->end))
			return false;
		if (!rescue->domain.nr)
			return true;
		if (!map_find(&rescue->domain, range->pos, MAP_RESCUED,
			      &wanted))
			return false;
		if (clip(range, wanted.pos, end_of(&wanted)))
			return true;
		cursor = wanted.pos;
	}
	return false;
}

static bool last_of(const struct rescue *rescue, unsigned int dest,
		    uint64_t cursor, char status, struct map_block *range)
{
	const struct map *map = &rescue->dests[dest].map;
	struct map_block wanted;

	while (map_find_back(map, cursor, status, range)) {
		if (!clip(range, rescue->begin, rescue->end))
			return false;
		if (!rescue->domain.nr)
			return true;
		if (!map_find_back(&rescue->domain, end_of(range), MAP_RESCUED,
				   &wanted))
			return false;
		if (clip(range, wanted.pos, end_of(&wanted)))
			return true;
		cursor = end_of(&wanted);
	}
	return false;
}

/* Who begins later bounds those who begin first. */
static void join_next(struct rescue_range *range, const struct map_block *block,
		      unsigned int dest)
{
	struct map_block *all = &range->block;

	if (range->dests && block->pos > all->pos) {
		all->size = MIN(end_of(all), block->pos) - all->pos;
		return;
	}
	if (range->dests && block->pos == all->pos) {
		all->size = MIN(all->size, block->size);
		range->dests |= 1ULL << dest;
		return;
	}
	if (range->dests)
		all->size = MIN(end_of(block), all->pos) - block->pos;
	else
		all->size = block->size;
	all->pos = block->pos;
	all->status = block->status;
	range->dests = 1ULL << dest;
}

static void join_last(struct rescue_range *range, const struct map_block *block,
		      unsigned int dest)
{
	struct map_block *all = &range->block;
	uint64_t end = end_of(all), from;

	if (range->dests && end_of(block) < end) {
		from = MAX(all->pos, end_of(block));
	} else if (range->dests && end_of(block) == end) {
		from = MAX(all->pos, block->pos);
		range->dests |= 1ULL << dest;
	} else {
		from = range->dests ? MAX(block->pos, end) : block->pos;
		end = end_of(block);
		all->status = block->status;
		range->dests = 1ULL << dest;
	}
	all->pos = from;
	all->size = end - from;
}

bool rescue_next(const struct rescue *rescue, uint64_t cursor, char status,
		 struct rescue_range *range)
{
	struct map_block block;
	unsigned int i;

	range->dests = 0;
	for (i = 0; i < rescue->plan->nr_dests; i++)
		if (!rescue->dests[i].failed &&
		    next_of(rescue, i, cursor, status, &block))
			join_next(range, &block, i);
	return range->dests;
}

bool rescue_last(const struct rescue *rescue, uint64_t cursor, char status,
		 struct rescue_range *range)
{
	struct map_block block;
	unsigned int i;

	range->dests = 0;
	for (i = 0; i < rescue->plan->nr_dests; i++)
		if (!rescue->dests[i].failed &&
		    last_of(rescue, i, cursor, status, &block))
			join_last(range, &block, i);
	return range->dests;
}

uint64_t rescue_bytes(const struct rescue *rescue, unsigned int dest,
		      char status, size_t *places)
{
	uint64_t bytes = 0, cursor = rescue->begin;
	struct map_block range;
	size_t nr = 0;

	while (next_of(rescue, dest, cursor, status, &range)) {
		bytes += range.size;
		nr++;
		cursor = end_of(&range);
	}
	if (places)
		*places = nr;
	return bytes;
}

/* Those that failed hold nobody up; if all did, they count. */
uint64_t rescue_done(const struct rescue *rescue)
{
	uint64_t least = UINT64_MAX, bytes, most = 0;
	unsigned int i;

	for (i = 0; i < rescue->plan->nr_dests; i++) {
		bytes = rescue_bytes(rescue, i, MAP_RESCUED, NULL);
		if (!rescue->dests[i].failed)
			least = MIN(least, bytes);
		most = MAX(most, bytes);
	}
	return least == UINT64_MAX ? most : least;
}

bool rescue_complete(const struct rescue *rescue, unsigned int dest)
{
	return rescue_bytes(rescue, dest, MAP_RESCUED, NULL) == rescue->total;
}
