// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A rescue: what can be read of a dying disk, the easy parts first. Many jobs,
 * each of a range of which the same is known; a map says what has come of them
 * and is written as it goes. Data counts as rescued when its destination has
 * been flushed since: by the job when it ends, by us while it runs or when it
 * was cut short. So whenever this ends, the map on the disk promises no more
 * than what is there.
 *
 *  1 what is untried, in large pieces; those that fail are not looked into
 *  2 of these, from both ends to the first bad block
 *  3 what is between, every block
 *  4 the bad blocks once more, as often as asked
 */
#include <errno.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>
#include "cli.h"
#include "rescue.h"
#include "service.h"

#define NSEC_PER_SEC 1000000000ULL
/* A job is to be through before that, as fast as the last one was. */
#define JOB_SECONDS 15
#define JOB_LEAST (1ULL << 20)
#define JOB_FIRST (8ULL << 20)
#define JOB_MOST (1ULL << 30)
#define COARSE_PARTS 4
#define COARSE_LEAST (64ULL << 10)

struct rescue_phase {
	char status; /* what it works on */
	unsigned int retry;
	char bad; /* what becomes of what failed */
	char untried; /* and of what was left out for that */
	bool patient; /* the disk and its driver may take their time */
};

static const struct rescue_phase phases[] = {
	{ MAP_UNTRIED, KCOPYD_RETRY_NONE, MAP_UNTRIMMED, MAP_UNTRIED, false },
	{ MAP_UNTRIMMED, KCOPYD_RETRY_EDGES, MAP_BAD, MAP_UNSCRAPED, false },
	{ MAP_UNSCRAPED, KCOPYD_RETRY_BISECT, MAP_BAD, MAP_UNSCRAPED, false },
};

static const struct rescue_phase last = { MAP_BAD, KCOPYD_RETRY_BISECT, MAP_BAD,
					  MAP_BAD, true };

static bool has_dest(uint64_t dests, unsigned int i)
{
	return dests >> i & 1;
}

/* ---- what a job has done -------------------------------------------------------- */

/* The dest'th of those that take part is which of all? */
static unsigned int dest_of(const struct rescue *r, unsigned int region)
{
	uint64_t dests = r->range.dests;

	while (--region)
		dests &= dests - 1;
	return __builtin_ctzll(dests);
}

static unsigned int region_of(const struct rescue *r, unsigned int dest)
{
	return 1 + __builtin_popcountll(r->range.dests & ((1ULL << dest) - 1));
}

/*
 * How much of the range is known, from its start. @dests are those of which
 * what was written is on the disk for good.
 */
static uint64_t known_of(const struct rescue *r, unsigned int dest,
			 uint64_t dests)
{
	const struct outcome *outcome = r->outcome;

	if (!has_dest(dests, dest))
		return 0;
	if (outcome->status.state == KCOPYD_STATE_DONE)
		return r->range.block.size;
	return MIN(outcome->regions[region_of(r, dest)].settled,
		   r->range.block.size);
}

/* What a destination did not take is as if it had not been read. */
static char status_of(const struct rescue *r,
		      const struct kcopyd_extent *extent)
{
	if (extent->region)
		return r->phase->status;
	return extent->kind == KCOPYD_EXTENT_BAD ? r->phase->bad :
						   r->phase->untried;
}

/* What can't be read is so for everybody, and however far they are. */
static int note_extent(struct rescue *r, unsigned int dest, uint64_t known,
		       const struct kcopyd_extent *extent)
{
	uint64_t end = extent->offset + extent->length;

	if (extent->region && dest_of(r, extent->region) != dest)
		return 0;
	if (extent->region || extent->kind != KCOPYD_EXTENT_BAD)
		end = MIN(end, known);
	if (end <= extent->offset)
		return 0;
	return map_set(&r->dests[dest].map, r->range.block.pos + extent->offset,
		       end - extent->offset, status_of(r, extent));
}

static int note_dest(struct rescue *r, unsigned int dest, uint64_t dests)
{
	const struct outcome *outcome = r->outcome;
	uint64_t known = known_of(r, dest, dests);
	size_t i;
	int err;

	err = map_set(&r->dests[dest].map, r->range.block.pos, known,
		      MAP_RESCUED);
	for (i = 0; !err && i < outcome->nr_extents; i++)
		err = note_extent(r, dest, known, &outcome->extents[i]);
	return err;
}

static int note(struct rescue *r, uint64_t dests)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < r->plan->nr_dests; i++)
		if (has_dest(r->range.dests, i))
			err = note_dest(r, i, dests);
	if (!err)
		return 0;
	/* Half of it may be noted: no such map goes to the disk. */
	r->spoilt = true;
	return rescue_out_of_memory();
}

/* Those of the job on which all that is written now stays. */
static uint64_t flush(struct rescue *r, bool running)
{
	const struct outcome *outcome = r->outcome;
	uint64_t dests = r->range.dests;
	unsigned int i, flags;

	for (i = 0; i < r->plan->nr_dests; i++) {
		if (!has_dest(dests, i))
			continue;
		flags = outcome->regions[region_of(r, i)].flags;
		/* It would make the others wait as well. */
		if (running && flags & KCOPYD_REGION_UNCOUPLED)
			dests &= ~(1ULL << i);
		else if (fsync(r->plan->dests[i].fd))
			dests &= ~(1ULL << i);
	}
	return dests;
}

/* ---- while a job runs ------------------------------------------------------------- */

/*
 * What is settled was so before the flush. Of the extents there may be more by
 * then: they are looked at in the end.
 */
static bool on_tick(void *context)
{
	struct rescue *r = context;
	uint64_t dests;

	if (!rescue_checkpoint_due(r) || r->code)
		return !r->code;
	if (outcome_get(r->outcome, r->kcopy, r->job) ||
	    r->outcome->status.state == KCOPYD_STATE_DONE ||
	    r->outcome->status.flags & KCOPYD_STATUS_COARSE)
		return true;
	dests = flush(r, true);
	r->code = note(r, dests);
	if (!r->code)
		r->code = rescue_save(r);
	return !r->code;
}

/* ---- a job ---------------------------------------------------------------------- */

static uint64_t block_of(const struct rescue *r)
{
	const struct plan *plan = r->plan;
	uint64_t block = plan->source.device->logical_block;
	unsigned int i;

	for (i = 0; i < plan->nr_dests; i++)
		block = MAX(block, plan->dests[i].device->logical_block);
	return block;
}

/* Blocks that are not whole become so: programs that know bytes write maps. */
static void align(struct rescue *r)
{
	struct map_block *range = &r->range.block;
	uint64_t block = block_of(r);
	uint64_t from = range->pos - r->begin;
	uint64_t to = roundup(from + range->size, block);

	from -= from % block;
	range->pos = r->begin + from;
	range->size = MIN(to, r->plan->length) - from;
}

/* Who was written to, and who failed. */
static void look_at_dests(struct rescue *r)
{
	const struct outcome *outcome = r->outcome;
	const unsigned int flags = r->plan->options->submit_flags;
	struct rescue_dest *dest;
	unsigned int i;

	for (i = 1; i < outcome->status.nr_regions; i++) {
		dest = &r->dests[dest_of(r, i)];
		if (outcome->regions[i].bytes)
			r->plan->dests[dest_of(r, i)].written = true;
		if (outcome->regions[i].flags & KCOPYD_REGION_DETACHED)
			dest->failed = true;
		if (!outcome->regions[i].error)
			continue;
		if (!(flags & KCOPYD_SUBMIT_KEEP_FAILED))
			dest->failed = true;
		if (!(flags & (KCOPYD_SUBMIT_KEEP_FAILED |
			       KCOPYD_SUBMIT_DETACH_FAILED)))
			r->stopped = true;
	}
}

/* So that it takes its time, and not more. */
static void set_step(struct rescue *r)
{
	const struct kcopyd_status *status = &r->outcome->status;
	uint64_t ns = status->done_ns - status->submitted_ns;
	uint64_t step = JOB_MOST;

	if (ns)
		step = MIN((__uint128_t)r->range.block.size * JOB_SECONDS *
				   NSEC_PER_SEC / ns,
			   JOB_MOST);
	r->step = MAX(step, JOB_LEAST);
}

/* More places failed than a job can name: then some of them cover good data. */
static bool is_coarse(const struct rescue *r)
{
	return r->outcome->status.flags & KCOPYD_STATUS_COARSE &&
	       r->range.block.size / COARSE_PARTS >= COARSE_LEAST;
}

static unsigned int nr_failed(const struct rescue *r)
{
	unsigned int i, nr = 0;

	for (i = 0; i < r->plan->nr_dests; i++)
		nr += r->dests[i].failed;
	return nr;
}

/* The regions of the outcome are those that take part. */
static void set_devices(struct rescue *r)
{
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++)
		if (has_dest(r->range.dests, i))
			r->outcome->devices[region_of(r, i)] =
				r->plan->dests[i].device;
}

static int start_job(struct rescue *r)
{
	const struct copy_range part = {
		.from = r->range.block.pos - r->begin,
		.length = r->range.block.size,
		.dests = r->range.dests,
		.retry = r->phase->retry,
		.retry_budget = UINT32_MAX,
		.flags = r->phase->patient ? 0 : KCOPYD_SUBMIT_FAIL_FAST,
	};

	set_devices(r);
	r->tracker.base = rescue_done(r);
	r->tracker.failed = nr_failed(r);
	return copy_submit(r->plan, r->kcopy, &part, &r->job);
}

/* Somebody cancelled it: what it has done is flushed by nobody but us. */
static int end_early(struct rescue *r)
{
	int code = note(r, flush(r, false));

	if (!code)
		code = r->code;
	return code ? code : EXIT_INTERRUPTED;
}

/* @again: it is to be done in smaller steps, and nothing is known of it yet. */
static int run_job(struct rescue *r, bool *again)
{
	int code;

	code = start_job(r);
	if (!code)
		code = follow(r->kcopy, r->job, true, &r->tracker, r->outcome);
	if (code)
		return code;
	look_at_dests(r);
	if (r->outcome->status.code == -ECANCELED)
		return end_early(r);
	*again = is_coarse(r);
	if (*again) {
		r->step = r->range.block.size / COARSE_PARTS;
		return 0;
	}
	set_step(r);
	r->unsaved += r->range.block.size;
	return note(r, r->range.dests);
}

/* ---- one after the other ---------------------------------------------------------- */

static bool find_range(struct rescue *r, uint64_t cursor)
{
	struct map_block *block = &r->range.block;
	uint64_t size;

	if (r->plan->options->reverse ?
		    !rescue_last(r, cursor, r->phase->status, &r->range) :
		    !rescue_next(r, cursor, r->phase->status, &r->range))
		return false;
	size = MIN(block->size, r->step);
	if (r->plan->options->reverse)
		block->pos += block->size - size;
	block->size = size;
	align(r);
	return true;
}

static void set_state(struct rescue *r, char state, uint64_t pos)
{
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++) {
		r->dests[i].map.state = state;
		r->dests[i].map.pos = pos;
	}
}

/* From one end of the device to the other: what fails is not met again. */
static int run_phase(struct rescue *r, const struct rescue_phase *phase)
{
	const bool reverse = r->plan->options->reverse;
	const struct map_block *block = &r->range.block;
	uint64_t cursor = reverse ? r->end : r->begin;
	int code = 0;

	r->phase = phase;
	while (!code && !r->stopped && find_range(r, cursor)) {
		bool again = false;

		set_state(r, phase->status, block->pos);
		code = run_job(r, &again);
		if (!again)
			cursor = reverse ? block->pos :
					   block->pos + block->size;
		if (!code)
			code = r->code ? r->code : rescue_checkpoint(r);
		if (!code && follow_interrupted())
			code = EXIT_INTERRUPTED;
	}
	return code;
}

static void set_pass(struct rescue *r, unsigned int pass)
{
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++)
		r->dests[i].map.pass = pass;
}

static int run_phases(struct rescue *r)
{
	unsigned int i;
	int code = 0;

	for (i = 0; !code && i < sizeof(phases) / sizeof(*phases); i++)
		code = run_phase(r, &phases[i]);
	for (i = 0; !code && i < r->plan->options->retries; i++) {
		set_pass(r, i + 1);
		code = run_phase(r, &last);
	}
	if (code)
		return code;
	for (i = 0; !r->stopped && i < r->plan->nr_dests; i++)
		if (!r->dests[i].failed)
			r->dests[i].map.state = MAP_RESCUED;
	return 0;
}

/* ---- all of it ---------------------------------------------------------------------- */

static int prepare(struct rescue *r)
{
	static const char all[] = { MAP_RESCUED, MAP_BAD, MAP_UNTRIED,
				    MAP_UNTRIMMED, MAP_UNSCRAPED };
	int code = rescue_load(r);
	size_t i;

	if (code)
		return code;
	r->begin = r->plan->source.offset;
	r->end = r->begin + r->plan->length;
	r->step = JOB_FIRST;
	for (i = 0; i < sizeof(all); i++)
		r->total += rescue_bytes(r, 0, all[i], NULL);
	/* At once: a map that can't be written is known before the work. */
	code = rescue_save(r);
	return code ? code : open_service(&r->kcopy);
}

static int rescue(struct rescue *r)
{
	unsigned int i;
	int code, saved;

	tracker_init(&r->tracker, &r->plan->options->display, r->total,
		     rescue_done(r));
	r->tracker.tick = on_tick;
	r->tracker.context = r;
	code = run_phases(r);
	tracker_end(&r->tracker, r->job);
	saved = r->spoilt ? 0 : rescue_save(r);
	for (i = 0; i < r->plan->nr_dests; i++)
		r->plan->dests[i].complete = rescue_complete(r, i);
	code = rescue_report(r, code);
	return code ? code : saved;
}

int rescue_run(struct plan *plan, struct outcome *outcome)
{
	static struct rescue r;
	int code;

	r = (struct rescue){ .plan = plan, .outcome = outcome };
	code = prepare(&r);
	if (!code)
		code = rescue(&r);
	kcopy_close(r.kcopy);
	plan_close(plan);
	rescue_free(&r);
	return code;
}
