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

static const struct rescue_phase phases[] = {
	{ MAP_UNTRIED, KCOPYD_RETRY_NONE, MAP_UNTRIMMED, MAP_UNTRIED, false },
	{ MAP_UNTRIMMED, KCOPYD_RETRY_EDGES, MAP_BAD, MAP_UNSCRAPED, false },
	{ MAP_UNSCRAPED, KCOPYD_RETRY_BISECT, MAP_BAD, MAP_UNSCRAPED, false },
};

static const struct rescue_phase last = { MAP_BAD, KCOPYD_RETRY_BISECT, MAP_BAD,
					  MAP_BAD, true };

static bool on_tick(void *context)
{
	struct rescue *r = context;

	if (!r->code && rescue_checkpoint_due(r))
		r->code = rescue_look(r);
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

	r->range.core = *range;
	from -= from % block;
	range->pos = r->begin + from;
	range->size = MIN(to, r->plan->length) - from;
}

/* Which was asked for, and stops nobody. */
static bool is_dropped_as_slow(const struct rescue *r, unsigned int region)
{
	const struct kcopyd_region_status *status =
		&r->outcome->regions[region];

	return r->plan->options->on_slow == KCOPYD_SLOW_DROP &&
	       status->flags & KCOPYD_REGION_DETACHED &&
	       status->error == -ETIMEDOUT;
}

static bool keeps_failed(const struct rescue *r)
{
	return r->plan->options->submit_flags & KCOPYD_SUBMIT_KEEP_FAILED;
}

static bool stops_with_one(const struct rescue *r)
{
	return !(r->plan->options->submit_flags &
		 (KCOPYD_SUBMIT_KEEP_FAILED | KCOPYD_SUBMIT_DETACH_FAILED));
}

static void find_failed(struct rescue *r)
{
	const struct outcome *outcome = r->outcome;
	struct rescue_dest *dest;
	unsigned int i;

	for (i = 1; i < outcome->status.nr_regions; i++) {
		dest = &r->dests[rescue_dest_of(r, i)];
		if (outcome->regions[i].flags & KCOPYD_REGION_DETACHED ||
		    (outcome->regions[i].error && !keeps_failed(r)))
			dest->failed = true;
		if (outcome->regions[i].error && stops_with_one(r) &&
		    !is_dropped_as_slow(r, i))
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
	       r->range.block.size / COARSE_PARTS >= block_of(r);
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
		if (rescue_range_is_for(r->range.dests, i))
			r->outcome->devices[rescue_region_of(r, i)] =
				r->plan->dests[i].device;
}

static int start_job(struct rescue *r)
{
	const bool patient = r->phase->patient || !r->fail_fast;
	const struct copy_range part = {
		.from = r->range.block.pos - r->begin,
		.length = r->range.block.size,
		.dests = r->range.dests,
		.retry = r->phase->retry,
		.retry_budget = UINT32_MAX,
		.flags = patient ? 0 : KCOPYD_SUBMIT_FAIL_FAST,
	};

	set_devices(r);
	r->tracker.base = rescue_done(r);
	r->tracker.failed = nr_failed(r);
	r->plan->refused = 0;
	return copy_submit(r->plan, r->kcopy, &part, &r->job);
}

/* The others can go on without a destination that was pulled, for instance. */
static bool can_do_without(struct rescue *r)
{
	if (!r->plan->refused || stops_with_one(r))
		return false;
	r->dests[r->plan->refused - 1].failed = true;
	return true;
}

static void note_written(struct rescue *r)
{
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++)
		if (rescue_range_is_for(r->range.dests, i))
			r->plan->dests[i].written = true;
}

/*
 * At the end of a job that has met no error and was not cancelled the module
 * has flushed all destinations.
 */
static int end_job(struct rescue *r, bool *again)
{
	const struct kcopyd_status *status = &r->outcome->status;
	uint64_t dests = r->range.dests;
	bool cut = status->flags & KCOPYD_STATUS_CANCELLED;
	int code;

	if (status->code)
		dests = rescue_flush(r, dests);
	*again = is_coarse(r);
	if (*again)
		r->step = r->range.block.size / COARSE_PARTS;
	else if (!cut)
		set_step(r);
	r->unsaved += r->range.block.size;
	code = *again ? 0 : rescue_note(r, dests);
	if (!code && cut)
		code = r->code ? r->code : EXIT_INTERRUPTED;
	return code;
}

/* @again: it is to be done in smaller steps, or for others. */
static int run_job(struct rescue *r, bool *again)
{
	int code;

	code = start_job(r);
	if (code && can_do_without(r)) {
		*again = true;
		return 0;
	}
	if (code)
		return code;
	note_written(r);
	code = follow(r->kcopy, r->job, true, &r->tracker, r->outcome);
	if (code)
		return code;
	find_failed(r);
	return end_job(r, again);
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
	const struct map_block *done = &r->range.core;
	uint64_t cursor = reverse ? r->end : r->begin;
	int code = 0;

	r->phase = phase;
	while (!code && !r->stopped && find_range(r, cursor)) {
		bool again = false;

		set_state(r, phase->status, done->pos);
		code = run_job(r, &again);
		if (!again)
			cursor = reverse ? done->pos : done->pos + done->size;
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

static bool is_finished(const struct rescue *r, unsigned int dest)
{
	return rescue_bytes(r, dest, MAP_RESCUED, NULL) +
		       rescue_bytes(r, dest, MAP_BAD, NULL) ==
	       r->total;
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
	for (i = 0; i < r->plan->nr_dests; i++)
		if (is_finished(r, i))
			r->dests[i].map.state = MAP_RESCUED;
	return 0;
}

/* ---- all of it ---------------------------------------------------------------------- */

static int open_kcopy(struct rescue *r)
{
	struct kcopyd_info info;
	int code = open_service(&r->kcopy);

	if (!code && !kcopy_info(r->kcopy, &info))
		r->fail_fast = info.features & KCOPYD_FEATURE_FAIL_FAST;
	return code;
}

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
	if (!r->total && r->plan->options->domain)
		return usage_error(
			"--domain: in %s there is no + within what is to be copied",
			r->plan->options->domain);
	/* At once: a map that can't be written is known before the work. */
	code = rescue_save(r);
	return code ? code : open_kcopy(r);
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
