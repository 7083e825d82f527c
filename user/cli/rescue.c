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

	if (!has_dest(dests, dest) || r->dests[dest].unsure)
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

/*
 * Bytes of the range. Only its core is noted: the margins that made whole blocks
 * of it may be there already, and if they can't be read they stay there.
 */
static int note_bytes(struct rescue *r, unsigned int dest, uint64_t from,
		      uint64_t to, char status)
{
	const struct map_block *core = &r->range.core;

	from = MAX(from + r->range.block.pos, core->pos);
	to = MIN(to + r->range.block.pos, core->pos + core->size);
	return from < to ?
		       map_set(&r->dests[dest].map, from, to - from, status) :
		       0;
}

/* And what a destination did not take is not there any more. */
static int note_lost(struct rescue *r, unsigned int dest,
		     const struct kcopyd_extent *extent)
{
	return map_set(&r->dests[dest].map, r->range.block.pos + extent->offset,
		       extent->length, r->phase->status);
}

/* What can't be read is so for everybody, and however far they are. */
static int note_extent(struct rescue *r, unsigned int dest, uint64_t known,
		       const struct kcopyd_extent *extent)
{
	uint64_t end = extent->offset + extent->length;

	if (extent->region)
		return dest_of(r, extent->region) == dest ?
			       note_lost(r, dest, extent) :
			       0;
	if (extent->kind != KCOPYD_EXTENT_BAD)
		end = MIN(end, known);
	return note_bytes(r, dest, extent->offset, end, status_of(r, extent));
}

/* It has failed, and nobody says where: as when others have written there. */
static bool failed_somewhere(const struct rescue *r, unsigned int dest)
{
	const struct outcome *outcome = r->outcome;
	unsigned int region = region_of(r, dest);
	size_t i;

	for (i = 0; i < outcome->nr_extents; i++)
		if (outcome->extents[i].region == region)
			return false;
	return outcome->regions[region].error;
}

static int note_dest(struct rescue *r, unsigned int dest, uint64_t dests)
{
	const struct outcome *outcome = r->outcome;
	uint64_t known = known_of(r, dest, dests);
	size_t i;
	int err;

	err = note_bytes(r, dest, 0, known, MAP_RESCUED);
	for (i = 0; !err && i < outcome->nr_extents; i++)
		err = note_extent(r, dest, known, &outcome->extents[i]);
	if (!err && failed_somewhere(r, dest))
		err = map_set(&r->dests[dest].map, r->range.block.pos,
			      r->range.block.size, r->phase->status);
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

/* ---- what is there for good --------------------------------------------------- */

/* An error is told once: what was lost then is not found by the next flush. */
static bool flush_dest(struct rescue *r, unsigned int dest)
{
	const struct plan_target *target = &r->plan->dests[dest];

	if (!fsync(target->fd))
		return true;
	if (!r->dests[dest].unsure)
		complain(
			"%s: flushing it failed: %s; what was written to it since the last time does not count",
			target->path, strerror(errno));
	r->dests[dest].unsure = true;
	r->dests[dest].failed = true;
	return false;
}

/* Those of the job that were. */
static uint64_t flush(struct rescue *r, uint64_t dests)
{
	uint64_t flushed = 0;
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++)
		if (has_dest(dests, i) && flush_dest(r, i))
			flushed |= 1ULL << i;
	return flushed;
}

/*
 * Those that can be asked while the job runs: whoever has left it or goes alone
 * could make the others wait, and of who has failed the extents may not be
 * complete yet.
 */
static uint64_t dests_without_trouble(const struct rescue *r)
{
	const struct kcopyd_region_status *region;
	uint64_t dests = r->range.dests;
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++) {
		if (!has_dest(dests, i))
			continue;
		region = &r->outcome->regions[region_of(r, i)];
		if (region->flags || region->errors || region->error)
			dests &= ~(1ULL << i);
	}
	return dests;
}

/* Since the extents were looked at, too. */
static bool is_coarse_by_now(const struct rescue *r)
{
	struct kcopyd_status status;

	return kcopy_status(r->kcopy, r->job, &status, NULL, 0) ||
	       status.flags & KCOPYD_STATUS_COARSE;
}

/*
 * What is settled was so before the flush, and what the source's extents say of
 * it does not change any more. Those of destinations may still become fewer as
 * they merge, so that one is missed; but there are none.
 */
static int take_checkpoint(struct rescue *r)
{
	const struct kcopyd_status *status = &r->outcome->status;
	int code;

	if (outcome_get(r->outcome, r->kcopy, r->job) ||
	    status->state == KCOPYD_STATE_DONE ||
	    status->state == KCOPYD_STATE_STOPPING || is_coarse_by_now(r)) {
		rescue_checkpoint_missed(r);
		return 0;
	}
	code = note(r, flush(r, dests_without_trouble(r)));
	return code ? code : rescue_save(r);
}

static bool on_tick(void *context)
{
	struct rescue *r = context;

	if (!r->code && rescue_checkpoint_due(r))
		r->code = take_checkpoint(r);
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
		dest = &r->dests[dest_of(r, i)];
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
		if (has_dest(r->range.dests, i))
			r->outcome->devices[region_of(r, i)] =
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
		if (has_dest(r->range.dests, i))
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
		dests = flush(r, dests);
	*again = is_coarse(r);
	if (*again)
		r->step = r->range.block.size / COARSE_PARTS;
	else if (!cut)
		set_step(r);
	r->unsaved += r->range.block.size;
	code = *again ? 0 : note(r, dests);
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
