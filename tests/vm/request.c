// SPDX-License-Identifier: GPL-2.0-or-later
/* A random dm-io call: where, what, from which memory. */
#include "request.h"

#define LONGEST_BITS 10 /* sectors of a region */

/* ---- dice ---------------------------------------------------------------- */

uint64_t roll(struct dice *dice, uint64_t n)
{
	uint64_t mix = dice->state += 0x9e3779b97f4a7c15ULL;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9ULL;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebULL;
	mix ^= mix >> 31;
	return n ? mix % n : 0;
}

bool one_in(struct dice *dice, uint64_t n)
{
	return !roll(dice, n);
}

/* ---- what it is like ----------------------------------------------------- */

uint64_t request_longest(const struct request *rq)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < rq->nr; i++)
		if (rq->meant[i].count > longest)
			longest = rq->meant[i].count;
	return longest;
}

uint32_t request_dma_mask(const struct request *rq)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; i < rq->nr; i++)
		mask |= rq->on[i]->dma_mask;
	return mask;
}

static void describe_memory(FILE *out, const struct kcopyd_test_io *args)
{
	static const char *const memories[] = { "a page list", "bio_vecs",
						"mapped memory",
						"kmalloc'd memory",
						"no memory" };

	fprintf(out, " of %s, %lld - %u bytes at %u", memories[args->memory],
		args->length, args->untold, args->offset);
	if (args->pieces)
		fprintf(out, " in %u/%u", args->pieces, args->unit);
	if (args->short_pages)
		fprintf(out, " without %u pages", args->short_pages);
	if (args->how & KCOPYD_TEST_CONTIGUOUS)
		fprintf(out, ", contiguous");
}

static void describe_regions(FILE *out, const struct request *rq)
{
	const unsigned int nr = rq->nr < 10 ? rq->nr : 10;

	for (unsigned int i = 0; i < nr; i++)
		fprintf(out, "%s %s %lld+%lld", i ? "," : ":",
			strrchr(rq->on[i]->path, '/') + 1, rq->meant[i].sector,
			rq->meant[i].count);
	if (rq->nr > nr)
		fprintf(out, " and %u more", rq->nr - nr);
}

char *request_describe(const struct request *rq)
{
	static const char *const ops[] = { "read", "write", "discard", "zero" };
	const struct kcopyd_test_io *args = &rq->args;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(out);
	fprintf(out, "%s %s %s",
		request_is_extended(rq) ? "extended" : "classic",
		args->async ? "async" : "sync",
		args->rw < ARRAY_SIZE(ops) ? ops[args->rw] : "nothing");
	describe_memory(out, args);
	if (args->how & KCOPYD_TEST_RECLAIM)
		fprintf(out, ", in reclaim");
	if (args->how & KCOPYD_TEST_IN_FLIGHT)
		fprintf(out, ", left in flight");
	fprintf(out, ", flags %#x, ioprio %#x", args->flags, args->ioprio);
	if (args->null)
		fprintf(out, ", null %#x", args->null);
	if (rq->mistake)
		fprintf(out, ", mistake: %s", rq->mistake);
	describe_regions(out, rq);
	fclose(out);
	return text;
}

/* ---- where --------------------------------------------------------------- */

/* Neighbours are kept apart, too: merged requests fail together. */
static bool is_free(const struct request_maker *maker,
		    const struct model_device *device, uint64_t first,
		    uint64_t count)
{
	for (unsigned int i = 0; i < maker->nr_taken; i++) {
		const struct request_taken *taken = &maker->taken[i];

		if (taken->device == device &&
		    first <= taken->first + taken->count &&
		    taken->first <= first + count)
			return false;
	}
	return true;
}

/* Mostly short, and very short where there are many. */
static uint64_t roll_count(struct dice *dice, const struct model_device *device,
			   bool many)
{
	uint64_t most = 1 << roll(dice, LONGEST_BITS + 1);
	uint64_t count = 1 + roll(dice, many ? 4 : most);

	return (count + device->block - 1) / device->block * device->block;
}

/* So that it has a bad sector. */
static uint64_t roll_first_bad(struct dice *dice,
			       const struct model_device *device,
			       uint64_t count)
{
	const struct model_bad *bad = &device->bad[roll(dice, device->nr_bad)];
	uint64_t end = bad->first + bad->count;
	uint64_t before = 1 + roll(dice, bad->count + count - 1);

	return before < end ? end - before : 0;
}

/* Sometimes on bad sectors, at the end, across or behind it. */
static uint64_t roll_first(struct dice *dice, const struct model_device *device,
			   uint64_t count)
{
	uint64_t kind = roll(dice, 24), first = roll(dice, device->sectors);

	if (kind < 4 && device->nr_bad)
		first = roll_first_bad(dice, device, count);
	else if (kind == 4)
		first = device->sectors - count;
	else if (kind == 5)
		first = device->sectors - roll(dice, count);
	else if (kind == 6)
		first += device->sectors;
	else if (kind == 7)
		first = 1ULL << 40;
	else if (first + count > device->sectors)
		first = device->sectors - count;
	return first - first % device->block;
}

/* Empty, too, if there is no room for it beside the others. */
static void region_make(struct request_maker *maker, struct request *rq,
			unsigned int i, bool many, bool empty)
{
	struct dice *dice = &maker->dice;
	struct model_device *device =
		&maker->devices[roll(dice, maker->nr_devices)];
	uint64_t count = roll_count(dice, device, many), first = 0;
	bool room = false;

	for (unsigned int turn = 0; !room && turn < 16; turn++) {
		first = roll_first(dice, device, count);
		room = is_free(maker, device, first, count);
	}
	if (!room || empty)
		count = 0;
	else
		maker->taken[maker->nr_taken++] =
			(struct request_taken){ device, first, count };
	rq->on[i] = device;
	rq->meant[i] = (struct kcopyd_test_region){
		.fd = device->fd,
		.sector = first,
		.count = count,
	};
}

static void regions_make(struct request_maker *maker, struct request *rq,
			 bool flush)
{
	struct dice *dice = &maker->dice;
	bool several = one_in(dice, 3), many = one_in(dice, 16);

	rq->nr = 1;
	if (request_is_write(rq) && several)
		rq->nr = many ? REQUEST_MAX_REGIONS : 2 + roll(dice, 7);
	for (unsigned int i = 0; i < rq->nr; i++)
		region_make(maker, rq, i, rq->nr == REQUEST_MAX_REGIONS,
			    one_in(dice, 24) || flush);
	memcpy(rq->given, rq->meant, sizeof(rq->meant));
	rq->args.regions = (uintptr_t)rq->given;
	rq->args.nr_regions = rq->nr;
}

/* ---- what ---------------------------------------------------------------- */

/* Returns whether it is to be an empty flush. */
static bool op_make(struct dice *dice, struct request *rq)
{
	uint64_t kind = roll(dice, 16);

	rq->args.how = one_in(dice, 2) ? KCOPYD_TEST_EXTENDED : 0;
	rq->args.async = one_in(dice, 2);
	rq->args.rw = kind < 6 ? KCOPYD_TEST_READ : KCOPYD_TEST_WRITE;
	if (!request_is_extended(rq))
		return false;
	if (kind == 11 || kind == 12)
		rq->args.rw = KCOPYD_TEST_DISCARD;
	else if (kind == 13 || kind == 14)
		rq->args.rw = KCOPYD_TEST_WRITE_ZEROES;
	return kind == 15;
}

static void flags_make(struct dice *dice, struct request *rq, bool flush,
		       bool beside)
{
	static const uint32_t any[] = { KCOPYD_TEST_SYNC, KCOPYD_TEST_IDLE,
					KCOPYD_TEST_META,
					KCOPYD_TEST_FAILFAST };
	const uint32_t op = rq->args.rw;
	uint32_t flags = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(any); i++)
		if (one_in(dice, 4))
			flags |= any[i];
	if (one_in(dice, 4))
		rq->args.ioprio = roll(dice, 4) << 13 | roll(dice, 8);
	if (one_in(dice, 6) && op == KCOPYD_TEST_WRITE)
		flags |= KCOPYD_TEST_FUA;
	if ((one_in(dice, 6) || flush) && op == KCOPYD_TEST_WRITE)
		flags |= KCOPYD_TEST_PREFLUSH;
	/* A driver may learn from that what it can't, too soon for others. */
	if (one_in(dice, 3) && op == KCOPYD_TEST_WRITE_ZEROES && !beside)
		flags |= KCOPYD_TEST_NOUNMAP;
	rq->args.flags = flags;
}

/* All of one length, or each of another. */
static void pieces_make(struct dice *dice, struct kcopyd_test_io *args,
			uint32_t align)
{
	static const uint32_t lengths[] = { 0, 512, 1024, 1536, 2048, 3584 };
	uint32_t unit = align < 128 ? 128 : align;

	args->seed = roll(dice, 1 << 30);
	args->pieces = lengths[roll(dice, ARRAY_SIZE(lengths))];
	if (one_in(dice, 2)) {
		args->unit = unit;
		args->pieces = unit * (1 + roll(dice, 4096 / unit));
	}
}

/* Anywhere that the devices take it, maybe more than is needed. */
static void memory_make(struct dice *dice, struct request *rq)
{
	struct kcopyd_test_io *args = &rq->args;
	uint64_t needed = request_longest(rq) * SECTOR;
	uint32_t align = request_dma_mask(rq) + 1;

	args->memory = roll(dice, request_is_extended(rq) ? 4 : 3);
	args->length = needed;
	if (one_in(dice, 4))
		args->length += roll(dice, 17) * SECTOR;
	args->untold = roll(dice, args->length - needed + 1);
	if (!request_is_extended(rq))
		args->untold = 0;
	args->offset = one_in(dice, 2) ? 0 : roll(dice, 4096);
	args->offset -= args->offset % align;
	if (args->memory == KCOPYD_TEST_BVEC)
		pieces_make(dice, args, align);
	if (one_in(dice, 3) && args->length)
		args->how |= KCOPYD_TEST_CONTIGUOUS;
}

static void data_make_for(struct request *rq)
{
	const uint64_t length = rq->args.length;

	rq->buffer = malloc(length + 1);
	rq->sent = malloc(length + 1);
	cr_assert(rq->buffer && rq->sent);
	if (request_is_write(rq))
		data_make(rq->buffer, length, rq->number, 0);
	else
		memset(rq->buffer, 0xee, length);
	memcpy(rq->sent, rq->buffer, length);
	rq->args.buffer = (uintptr_t)rq->buffer;
}

void request_make(struct request_maker *maker, struct request *rq, bool beside)
{
	struct dice *dice = &maker->dice;
	bool flush, mistake = one_in(dice, 12);

	*rq = (struct request){ .number = ++maker->made };
	flush = op_make(dice, rq);
	regions_make(maker, rq, flush);
	if (request_is_extended(rq))
		flags_make(dice, rq, flush, beside);
	rq->args.memory = KCOPYD_TEST_NO_MEMORY;
	if (request_has_data(rq) && !(flush && one_in(dice, 2)))
		memory_make(dice, rq);
	if (one_in(dice, 16))
		rq->args.how |= KCOPYD_TEST_RECLAIM;
	if (beside && rq->args.async)
		rq->args.how |= KCOPYD_TEST_IN_FLIGHT;
	/* Who waits need not want to know more. */
	if (one_in(dice, 16) && !rq->args.async)
		rq->args.null = KCOPYD_TEST_NULL_BITS | KCOPYD_TEST_NULL_RESULT;
	data_make_for(rq);
	outcome_forecast(rq);
	if (mistake)
		mistake_make(dice, rq);
}

void request_free(struct request *rq)
{
	free(rq->buffer);
	free(rq->sent);
}
