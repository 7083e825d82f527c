// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mistakes of a dm-io caller, each enough for -EINVAL, nothing done and nobody
 * called back. A function makes one, or returns false: not in such a request.
 */
#include "request.h"

/* ---- regions ------------------------------------------------------------- */

static bool wrong_number(struct dice *dice, struct request *rq)
{
	const unsigned int most = KCOPYD_TEST_MAX_REGIONS;

	for (unsigned int i = rq->nr; i < most; i++)
		rq->given[i] = rq->meant[0];
	rq->args.nr_regions = one_in(dice, 3) ? 0 : 65 + roll(dice, most - 64);
	return true;
}

static bool several_to_read(struct dice *dice, struct request *rq)
{
	rq->given[1] = rq->meant[0];
	rq->given[1].count = one_in(dice, 2) ? rq->meant[0].count : 0;
	rq->args.nr_regions = 2;
	return !request_is_write(rq);
}

static bool null_device(struct dice *dice, struct request *rq)
{
	rq->given[roll(dice, rq->nr)].fd = -1;
	return true;
}

/* Some region that is not empty; false if all are. */
static bool roll_region(struct dice *dice, struct request *rq, unsigned int *i)
{
	*i = roll(dice, rq->nr);
	for (unsigned int turn = 0; turn < rq->nr; turn++) {
		if (rq->meant[*i].count)
			return true;
		*i = (*i + 1) % rq->nr;
	}
	return false;
}

static bool sector_misaligned(struct dice *dice, struct request *rq)
{
	unsigned int i;

	if (!roll_region(dice, rq, &i) || rq->on[i]->block == 1)
		return false;
	rq->given[i].sector += 1 + roll(dice, rq->on[i]->block - 1);
	return true;
}

static bool count_misaligned(struct dice *dice, struct request *rq)
{
	unsigned int i;

	if (!roll_region(dice, rq, &i) || rq->on[i]->block == 1)
		return false;
	rq->given[i].count -= 1 + roll(dice, rq->on[i]->block - 1);
	return true;
}

/* It goes on at sector 0. */
static bool range_overflows(struct dice *dice, struct request *rq)
{
	uint64_t behind, blocks;
	unsigned int i;

	if (!roll_region(dice, rq, &i))
		return false;
	blocks = rq->meant[i].count / rq->on[i]->block;
	behind = roll(dice, blocks) * rq->on[i]->block;
	rq->given[i].sector = behind - rq->meant[i].count;
	return true;
}

/* In bytes. */
static bool count_overflows(struct dice *dice, struct request *rq)
{
	unsigned int i;

	if (!roll_region(dice, rq, &i))
		return false;
	rq->given[i].sector = 0;
	rq->given[i].count = 1ULL << (55 + roll(dice, 8));
	return true;
}

/* ---- memory -------------------------------------------------------------- */

static bool needs_memory(const struct request *rq)
{
	return request_has_data(rq) && request_longest(rq);
}

static bool offset_misaligned(struct dice *dice, struct request *rq)
{
	uint32_t mask = request_dma_mask(rq);

	rq->args.offset -= rq->args.offset & mask;
	rq->args.offset += 1 + roll(dice, mask);
	return needs_memory(rq) && mask;
}

static bool list_too_short(struct dice *dice, struct request *rq)
{
	uint64_t end = rq->args.offset + request_longest(rq) * SECTOR;
	uint64_t needed = (end + 4095) / 4096;
	uint64_t there = (rq->args.offset + rq->args.length + 4095) / 4096;

	rq->args.short_pages = there - needed + 1 + roll(dice, needed);
	return needs_memory(rq) && rq->args.memory == KCOPYD_TEST_PAGE_LIST;
}

static bool told_too_short(struct dice *dice, struct request *rq)
{
	uint64_t needed = request_longest(rq) * SECTOR;

	rq->args.untold = rq->args.length - needed + 1 + roll(dice, needed);
	return request_is_extended(rq) && needs_memory(rq);
}

/* None where there must be some, or some where there must be none. */
static bool wrong_memory(struct dice *dice, struct request *rq)
{
	uint32_t some = roll(dice, KCOPYD_TEST_NO_MEMORY);

	rq->args.memory = needs_memory(rq) ? KCOPYD_TEST_NO_MEMORY : some;
	return request_is_extended(rq) &&
	       (needs_memory(rq) || !request_has_data(rq));
}

/* ---- what is to be done -------------------------------------------------- */

static bool flag_of_no_call(struct dice *dice, struct request *rq)
{
	rq->args.flags |= one_in(dice, 2) ? KCOPYD_TEST_NOWAIT :
					    KCOPYD_TEST_POLLED;
	return request_is_extended(rq);
}

static bool flag_of_another_operation(struct dice *dice, struct request *rq)
{
	switch (rq->args.rw) {
	case KCOPYD_TEST_WRITE:
		rq->args.flags |= KCOPYD_TEST_NOUNMAP;
		break;
	case KCOPYD_TEST_WRITE_ZEROES:
		rq->args.flags |= one_in(dice, 2) ? KCOPYD_TEST_FUA :
						    KCOPYD_TEST_PREFLUSH;
		break;
	default:
		rq->args.flags |= KCOPYD_TEST_FUA << roll(dice, 2);
		if (one_in(dice, 3))
			rq->args.flags |= KCOPYD_TEST_NOUNMAP;
	}
	return request_is_extended(rq);
}

static bool no_operation(struct dice *dice, struct request *rq)
{
	rq->args.rw = request_is_extended(rq) ?
			      KCOPYD_TEST_FLUSH + roll(dice, 5) :
			      2 + roll(dice, 3);
	return true;
}

static bool null_argument(struct dice *dice, struct request *rq)
{
	static const uint32_t nulls[] = { KCOPYD_TEST_NULL_REGIONS,
					  KCOPYD_TEST_NULL_DATA,
					  KCOPYD_TEST_NULL_FN,
					  KCOPYD_TEST_NULL_RESULT,
					  KCOPYD_TEST_NULL_ARGS };
	uint32_t null = nulls[roll(dice, ARRAY_SIZE(nulls))];

	rq->args.null |= null;
	switch (null) {
	case KCOPYD_TEST_NULL_DATA:
		return needs_memory(rq);
	case KCOPYD_TEST_NULL_FN:
		return rq->args.async;
	case KCOPYD_TEST_NULL_RESULT:
		return rq->args.async && request_is_extended(rq);
	case KCOPYD_TEST_NULL_ARGS:
		return request_is_extended(rq);
	default:
		return true;
	}
}

static const struct {
	const char *name;
	bool (*make)(struct dice *dice, struct request *rq);
} mistakes[] = {
	{ "a wrong number of regions", wrong_number },
	{ "several regions to read", several_to_read },
	{ "a NULL device", null_device },
	{ "a misaligned sector", sector_misaligned },
	{ "a misaligned count", count_misaligned },
	{ "a range that overflows", range_overflows },
	{ "a count that overflows", count_overflows },
	{ "a misaligned offset", offset_misaligned },
	{ "a page list too short", list_too_short },
	{ "told too short", told_too_short },
	{ "the wrong memory", wrong_memory },
	{ "a flag that no call takes", flag_of_no_call },
	{ "a flag of another operation", flag_of_another_operation },
	{ "no operation", no_operation },
	{ "a NULL argument", null_argument },
};

/* From a random one on the first that it can have. */
void mistake_make(struct dice *dice, struct request *rq)
{
	const struct request good = *rq;
	unsigned int m = roll(dice, ARRAY_SIZE(mistakes));

	while (!mistakes[m].make(dice, rq)) {
		*rq = good;
		m = (m + 1) % ARRAY_SIZE(mistakes);
	}
	rq->mistake = mistakes[m].name;
}
