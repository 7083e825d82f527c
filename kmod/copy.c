// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copy engine: a job is cut into chunks, several of which are in flight.
 *
 *   QUEUED -> COPY -> FLUSH -> VERIFY -> END          phases, each if asked for
 *
 *   a chunk while copying                    while verifying
 *
 *     READ: leg 0                              READ: leg 0
 *       |   (none for zeroes)                    |
 *     WORK: checksum, zero runs                READ_BACK: a destination's leg
 *       |   (if asked for)                       |             ^
 *     WRITE: a leg for each                    COMPARE         | next one
 *       |    destination that lives,             |-------------+
 *       |    bad blocks left out                 | differs: all again, once
 *       v                                        v
 *     the chunk is put: its memory, legs and bios serve the next
 *
 * Chunks belong to lanes. The main lane serves all destinations that keep up;
 * one that was uncoupled has a lane of its own, with reads of its own.
 *
 * How much memory? A lane without a chunk in flight takes what there is;
 * another chunk only if the lane then holds no more than seven times of what
 * is left. So any number of lanes and jobs get something, and one alone seven
 * eighths of the reserve, without anybody's counting.
 *
 * Bios complete wherever they do; the last of a leg posts it to the client's
 * worker, and all decisions are made here, by that worker alone.
 */
#include <linux/blkdev.h>

#include "internal.h"
#include "trace.h"

/* A chunk that was made smaller is worth it from so many pages on. */
#define SMALLER_PAGES 16

enum chunk_step {
	CHUNK_READ,
	CHUNK_WORK,
	CHUNK_WRITE,
	CHUNK_FLUSH,
	CHUNK_READ_BACK,
	CHUNK_COMPARE,
};

/* ---- failures: who goes, and whether the job does ------------------------- */

static void job_fail(struct kcopyd_job *job)
{
	set_bit(KC_JOB_FAILED, &job->stop);
	kc_job_set_state(job, KCOPYD_STATE_STOPPING);
}

static struct kc_lane *lane_of(struct kcopyd_job *job, unsigned int dest)
{
	return job->uncoupled & BIT_ULL(dest) ? &job->regions[1 + dest].lane :
						&job->main;
}

/*
 * A destination leaves: what was not started for it never will be. What is in
 * flight goes on; chunks that come to be written later leave it out and say so.
 */
static void detach(struct kcopyd_job *job, unsigned int dest, int error)
{
	struct kc_lane *lane = lane_of(job, dest);

	if (!(job->live & BIT_ULL(dest)))
		return;
	WRITE_ONCE(job->live, job->live & ~BIT_ULL(dest));
	lane->dests &= ~BIT_ULL(dest);
	if (job->phase == KC_PHASE_COPY)
		kc_region_untried(job, 1 + dest, lane->next,
				  job->count - lane->next, error);
	if (!job->live)
		job_fail(job);
}

static void read_failed(struct kcopyd_job *job)
{
	struct kc_region *source = &job->regions[0];

	WRITE_ONCE(job->read_err, 1);
	if (kc_job_stopping(job))
		return;
	if (source->lost)
		kc_region_untried(job, 0, job->main.next,
				  job->count - job->main.next, source->error);
	if (source->lost || !(job->flags & KCOPYD_SKIP_BAD))
		job_fail(job);
}

static void write_failed(struct kcopyd_job *job, unsigned int dest)
{
	struct kc_region *region = &job->regions[1 + dest];

	WRITE_ONCE(job->write_err, job->write_err | BIT_ULL(dest));
	if (job->flags & KCOPYD_DETACH_FAILED || region->lost)
		detach(job, dest, region->error);
	if (!(job->flags & (KCOPYD_DETACH_FAILED | KCOPYD_KEEP_FAILED)))
		job_fail(job);
}

static void leg_failed(struct kcopyd_job *job, unsigned int region)
{
	if (region)
		write_failed(job, region - 1);
	else
		read_failed(job);
}

/* ---- before the start ----------------------------------------------------- */

/*
 * A device that cannot do its part as a whole does none of it. The block layer
 * would let a write to a read-only device pass.
 */
static int device_refuses(const struct kcopyd_job *job, unsigned int region)
{
	const struct kc_region *r = &job->regions[region];

	if (!r->bdev)
		return 0;
	if (r->sector + job->count > bdev_nr_sectors(r->bdev))
		return -ENOSPC;
	if (region && bdev_read_only(r->bdev) && !(job->flags & KCOPYD_COMPARE))
		return -EROFS;
	return r->refused;
}

static void region_refused(struct kcopyd_job *job, unsigned int region,
			   int error)
{
	struct kc_region *r = &job->regions[region];

	WRITE_ONCE(r->errors, r->errors + 1);
	WRITE_ONCE(r->error, error);
	r->lost = true;
	leg_failed(job, region);
}

/* Before the first chunk. A source that is refused ends the job. */
static void check_devices(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++) {
		int error = device_refuses(job, i);

		if (error)
			region_refused(job, i, error);
	}
}

/* ---- lanes ---------------------------------------------------------------- */

static sector_t first_pending(const struct kc_lane *lane, u64 dest,
			      sector_t before)
{
	const struct kc_chunk *chunk;

	list_for_each_entry(chunk, &lane->chunks, node)
		if (chunk->dests & dest)
			return min(before, chunk->first);
	return before;
}

/*
 * A destination that was uncoupled may still be served by chunks of the main
 * lane, and of others that adopted some of these.
 */
static sector_t settled_apart(struct kcopyd_job *job, unsigned int dest)
{
	u64 bit = BIT_ULL(dest), lanes;
	sector_t settled;

	settled = kc_lane_settled(&job->regions[1 + dest].lane);
	settled = first_pending(&job->main, bit, settled);
	for (lanes = job->uncoupled & ~bit; lanes; lanes &= lanes - 1)
		settled = first_pending(&job->regions[1 + __ffs64(lanes)].lane,
					bit, settled);
	return settled;
}

/* What is settled is known to readers; chunks end in any order. */
static void lane_settle(struct kcopyd_job *job, struct kc_lane *lane)
{
	sector_t settled = kc_lane_settled(lane);
	u64 dests;

	if (lane == &job->main)
		WRITE_ONCE(job->regions[0].settled, settled);
	for (dests = lane->dests; dests; dests &= dests - 1) {
		unsigned int dest = __ffs64(dests);

		if (lane != &job->main)
			settled = settled_apart(job, dest);
		WRITE_ONCE(job->regions[1 + dest].settled, settled);
	}
}

static void chunk_end(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	struct kc_lane *lane = chunk->lane;

	if (READ_ONCE(job->paced) && job->in_flight == 1)
		kc_pace_idle(job);
	job->in_flight--;
	lane->in_flight--;
	lane->pages -= chunk->pages;
	list_del(&chunk->node);
	if (chunk->step == CHUNK_WRITE || job->flags & KCOPYD_COMPARE)
		lane_settle(job, lane);
	kc_chunk_put(chunk->pool, chunk);
}

static struct kc_chunk *chunk_start(struct kcopyd_job *job,
				    struct kc_lane *lane,
				    const struct kc_chunk_want *want)
{
	struct kc_chunk *chunk = kc_chunk_get(&job->client->pool, want);

	if (!chunk)
		return NULL;
	chunk->job = job;
	chunk->lane = lane;
	chunk->first = lane->next;
	lane->next += chunk->sectors;
	lane->pages += chunk->pages;
	lane->in_flight++;
	list_add_tail(&chunk->node, &lane->chunks);
	job->in_flight++;
	return chunk;
}

static bool can_write_zeroes(const struct kcopyd_job *job, u64 dests)
{
	for (; dests; dests &= dests - 1) {
		const struct kc_region *region =
			&job->regions[1 + __ffs64(dests)];

		if (region->no_zeroes ||
		    !bdev_write_zeroes_sectors(region->bdev))
			return false;
	}
	return true;
}

/* What the next chunk of a lane should be like. */
static void lane_want(const struct kcopyd_job *job, const struct kc_lane *lane,
		      struct kc_chunk_want *want)
{
	sector_t left = job->count - lane->next;
	unsigned int most = job->chunk_sectors;
	bool verifies = kc_job_verifies(job);

	want->source = job->regions[0].bdev;
	want->dests = lane->dests;
	want->piece = job->piece_sectors;
	want->block = job->block_sectors;
	want->copies = verifies && want->source ? 2 : 1;
	if (!want->source && !verifies) {
		want->copies = 0;
		want->piece = min(want->piece, kc_zero_sectors());
		if (can_write_zeroes(job, lane->dests))
			most = KC_ZERO_MAX_SECTORS;
	}
	most = min(most, READ_ONCE(job->pace.slice));
	want->sectors = min_t(sector_t, left, most);
}

/* See above: leave something for others, rather by a smaller chunk. */
static bool may_take(const struct kcopyd_job *job, const struct kc_lane *lane,
		     struct kc_chunk_want *want)
{
	unsigned int free = job->client->pool.reserve.nr_free;
	unsigned int pages =
		DIV_ROUND_UP(want->sectors * want->copies, PAGE_SECTORS);
	unsigned int most;

	if (!lane->in_flight)
		return true;
	if (pages <= free && lane->pages + pages <= 7 * (free - pages))
		return true;
	most = lane->pages < 7 * free ? (7 * free - lane->pages) / 8 : 0;
	if (most < SMALLER_PAGES)
		return false;
	most = most * PAGE_SECTORS / want->copies;
	if (most >= want->sectors)
		return true;
	want->sectors = rounddown(most, want->piece) ?:
				rounddown(most, want->block);
	return want->sectors;
}

static bool lane_has_more(const struct kcopyd_job *job,
			  const struct kc_lane *lane)
{
	return lane->dests && lane->next < job->count;
}

/*
 * Lanes beside the main one keep little in flight while that one goes on:
 * their devices are slow, and it needs the memory.
 */
static bool lane_waits(const struct kcopyd_job *job, const struct kc_lane *lane)
{
	unsigned int depth = READ_ONCE(job->pace.limits.depth);

	if (job->flags & KCOPYD_WRITE_SEQ)
		depth = 1;
	else if (lane != &job->main && lane_has_more(job, &job->main))
		depth = max(depth / 4, 1U);
	return lane->in_flight >= depth;
}

/* ---- a chunk's way -------------------------------------------------------- */

/*
 * Start a leg for each destination that lives. One may complete before the
 * next is counted, but it is looked at by this worker, later.
 */
static void chunk_to_dests(struct kcopyd_job *job, struct kc_chunk *chunk,
			   enum kcopyd_op op)
{
	struct kc_leg *leg;

	for (leg = chunk->legs; leg; leg = leg->next) {
		struct kc_region *region = &job->regions[leg->region];

		if (!leg->region)
			continue;
		if (!(job->live & BIT_ULL(leg->region - 1)) ||
		    kc_job_stopping(job)) {
			kc_region_untried(job, leg->region, chunk->first,
					  chunk->sectors,
					  region->error ?: -ECANCELED);
			continue;
		}
		if (kc_leg_start(job, leg, op))
			chunk->pending |= BIT_ULL(leg->region - 1);
	}
}

static void chunk_write(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	chunk->step = CHUNK_WRITE;
	chunk_to_dests(job, chunk, KCOPYD_OP_WRITE);
	if (!chunk->pending)
		chunk_end(job, chunk);
}

static bool chunk_wants_work(const struct kcopyd_job *job,
			     const struct kc_chunk *chunk)
{
	if (!job->content)
		return false;
	return job->flags & KCOPYD_SPARSE || job->checksum ||
	       chunk->map & KC_MAP_BAD;
}

static void chunk_was_read(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	if (!chunk_wants_work(job, chunk)) {
		chunk_write(job, chunk);
	} else if (kc_job_stopping(job)) {
		kc_content_queue(job, NULL);
		chunk_write(job, chunk);
	} else {
		chunk->step = CHUNK_WORK;
		kc_content_queue(job, chunk->legs);
	}
}

/* ---- reading back --------------------------------------------------------- */

/* Known errors of a region are not found a second time. */
static void mark_known(struct kcopyd_job *job, struct kc_chunk *chunk,
		       unsigned int region)
{
	struct kc_extents *extents = &job->regions[region].extents;
	sector_t at = chunk->first, end = chunk->first + chunk->sectors;
	struct kcopyd_error known;

	while (at < end && kc_extents_next(extents, at, end, &known)) {
		sector_t from = max(at, known.first);

		at = min(end, known.first + known.count);
		kc_chunk_mark(chunk, KC_MAP_BAD, from - chunk->first,
			      at - from);
	}
}

/*
 * The next destination that lives. What it is known to lack is left out, for
 * this destination alone: the map is built anew each time.
 */
static void read_back_next(struct kcopyd_job *job, struct kc_chunk *chunk,
			   struct kc_leg *leg)
{
	chunk->step = CHUNK_READ_BACK;
	for (; leg; leg = leg->next) {
		if (!leg->region || !(job->live & BIT_ULL(leg->region - 1)))
			continue;
		if (kc_job_stopping(job))
			break;
		chunk->map = 0;
		mark_known(job, chunk, 0);
		mark_known(job, chunk, leg->region);
		if (kc_leg_start(job, leg, KCOPYD_OP_READ))
			return;
	}
	chunk_end(job, chunk);
}

/* Read the source, then compare with the destinations from leg @at on. */
static void verify_read(struct kcopyd_job *job, struct kc_chunk *chunk,
			struct kc_leg *at)
{
	chunk->step = CHUNK_READ;
	chunk->at = at;
	chunk->map = 0;
	mark_known(job, chunk, 0);
	if (!chunk->legs->region &&
	    kc_leg_start(job, chunk->legs, KCOPYD_OP_READ))
		return;
	read_back_next(job, chunk, at);
}

static void locate_differences(struct kcopyd_job *job, struct kc_chunk *chunk,
			       unsigned int region)
{
	unsigned int nr = DIV_ROUND_UP(chunk->sectors, chunk->block);
	unsigned long start, end;

	for_each_set_bitrange(start, end, chunk->zero, nr) {
		struct kcopyd_error error = {
			.first = chunk->first + start * chunk->block,
			.count = (end - start) * chunk->block,
			.region = region,
			.kind = KCOPYD_EXTENT_DIFFERS,
			.error = -EILSEQ,
		};

		kc_region_located(job, &error);
	}
}

/* The verdict on a difference comes only after a second look at both. */
static void compared(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;

	if (chunk->map & KC_MAP_ZERO && !chunk->again) {
		chunk->again = true;
		verify_read(job, chunk, leg);
		return;
	}
	chunk->again = false;
	if (chunk->map & KC_MAP_ZERO) {
		locate_differences(job, chunk, leg->region);
		write_failed(job, leg->region - 1);
	}
	read_back_next(job, chunk, leg->next);
}

/* ---- chunks of those that are slow ---------------------------------------- */

static void lane_adopt(struct kc_lane *lane, struct kc_chunk *chunk)
{
	struct kc_lane *from = chunk->lane;
	struct kc_chunk *next;

	from->in_flight--;
	from->pages -= chunk->pages;
	list_del(&chunk->node);
	lane->in_flight++;
	lane->pages += chunk->pages;
	chunk->lane = lane;
	list_for_each_entry(next, &lane->chunks, node)
		if (next->first > chunk->first)
			break;
	list_add_tail(&chunk->node, &next->node);
}

/*
 * A chunk of the main lane that only uncoupled destinations have yet to write
 * is theirs now: the main lane has room for another.
 */
static void leave_behind(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	if (chunk->lane != &job->main || chunk->step != CHUNK_WRITE ||
	    chunk->pending & ~job->uncoupled)
		return;
	lane_adopt(&job->regions[1 + __ffs64(chunk->pending)].lane, chunk);
	lane_settle(job, &job->main);
}

/* ---- completion ----------------------------------------------------------- */

static void leg_over(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;

	switch (chunk->step) {
	case CHUNK_READ:
		if (kc_job_verifies(job))
			read_back_next(job, chunk, chunk->at);
		else
			chunk_was_read(job, chunk);
		break;
	case CHUNK_READ_BACK:
		chunk->step = CHUNK_COMPARE;
		kc_content_queue(job, leg);
		break;
	default:
		chunk->pending &= ~BIT_ULL(leg->region - 1);
		if (!chunk->pending)
			chunk_end(job, chunk);
		else if (job->uncoupled)
			leave_behind(job, chunk);
	}
}

/**
 * kc_copy_leg_done - take a completed leg's results and go on with its chunk
 * @leg: not to be touched afterwards
 *
 * Context: the client's worker.
 * Return: the job, which may be able to start another chunk, or have ended.
 */
struct kcopyd_job *kc_copy_leg_done(struct kc_leg *leg)
{
	struct kcopyd_job *job = leg->chunk->job;
	struct kc_chunk *chunk = leg->chunk;

	if (chunk->step == CHUNK_WORK) {
		chunk_write(job, chunk);
	} else if (chunk->step == CHUNK_COMPARE) {
		compared(job, leg);
	} else if (kc_leg_done(job, leg)) {
		if (leg->failed)
			leg_failed(job, leg->region);
		leg_over(job, leg);
	}
	return job;
}

/* ---- starting ------------------------------------------------------------- */

static void chunk_go(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	if (kc_job_verifies(job)) {
		verify_read(job, chunk, chunk->legs);
	} else if (job->regions[0].bdev) {
		chunk->step = CHUNK_READ;
		kc_leg_start(job, chunk->legs, KCOPYD_OP_READ);
	} else {
		chunk_write(job, chunk);
	}
}

static enum kc_step lane_step(struct kcopyd_job *job, struct kc_lane *lane)
{
	struct kc_chunk_want want;
	struct kc_chunk *chunk;

	if (!lane_has_more(job, lane) || lane_waits(job, lane))
		return KC_STEP_WAIT;
	lane_want(job, lane, &want);
	if (!may_take(job, lane, &want))
		return KC_STEP_WAIT;
	if (READ_ONCE(job->paced) && kc_pace_wait(job))
		return KC_STEP_PARKED;
	chunk = chunk_start(job, lane, &want);
	if (!chunk)
		return KC_STEP_STARVED;
	if (READ_ONCE(job->paced))
		kc_pace_start(job, chunk->sectors);
	kc_job_set_state(job, kc_job_verifies(job) ? KCOPYD_STATE_VERIFYING :
						     KCOPYD_STATE_RUNNING);
	chunk_go(job, chunk);
	return KC_STEP_STARTED;
}

/* Lane number @i: 0 the main one, then those of uncoupled destinations. */
static struct kc_lane *lane_at(struct kcopyd_job *job, unsigned int i)
{
	if (!i)
		return &job->main;
	return job->uncoupled & BIT_ULL(i - 1) ? &job->regions[i].lane : NULL;
}

/* Start a chunk of the next lane that can, in turn. */
static enum kc_step lanes_step(struct kcopyd_job *job)
{
	enum kc_step step, worst = KC_STEP_WAIT;
	unsigned int i;

	if (!job->uncoupled)
		return lane_step(job, &job->main);
	for (i = 0; i <= job->nr_dests; i++) {
		struct kc_lane *lane;

		job->turn = job->turn < job->nr_dests ? job->turn + 1 : 0;
		lane = lane_at(job, job->turn);
		if (!lane)
			continue;
		step = lane_step(job, lane);
		if (step == KC_STEP_STARTED)
			return step;
		if (step != KC_STEP_WAIT)
			worst = step;
	}
	return worst;
}

static bool lanes_have_more(struct kcopyd_job *job)
{
	u64 dests;

	if (lane_has_more(job, &job->main))
		return true;
	for (dests = job->uncoupled; dests; dests &= dests - 1)
		if (lane_has_more(job, &job->regions[1 + __ffs64(dests)].lane))
			return true;
	return false;
}

static enum kc_step start_flush(struct kcopyd_job *job)
{
	const struct kc_chunk_want want = {
		.dests = job->live,
		.piece = job->piece_sectors,
		.block = job->block_sectors,
	};
	struct kc_chunk *chunk = chunk_start(job, &job->main, &want);
	struct kc_leg *leg;

	if (!chunk)
		return KC_STEP_STARVED;
	kc_job_set_state(job, KCOPYD_STATE_FLUSHING);
	chunk->step = CHUNK_FLUSH;
	for (leg = chunk->legs; leg; leg = leg->next)
		if (kc_leg_start(job, leg, KCOPYD_OP_FLUSH))
			chunk->pending |= BIT_ULL(leg->region - 1);
	return KC_STEP_STARTED;
}

/* ---- phases --------------------------------------------------------------- */

/*
 * What was written is flushed even if the job failed, so that it can be built
 * upon; not if it was cancelled: somebody wants it to be over.
 */
static bool wants_flush(const struct kcopyd_job *job)
{
	return job->flags & KCOPYD_FLUSH && job->live && job->main.next &&
	       !kc_job_cancelled(job);
}

static bool wants_verify(const struct kcopyd_job *job)
{
	return job->flags & (KCOPYD_VERIFY | KCOPYD_COMPARE) && job->live &&
	       job->count && !kc_job_stopping(job);
}

/*
 * What was not started never will be. A copy that was not read back to its end
 * is written all the same.
 */
static void lanes_end(struct kcopyd_job *job)
{
	u64 dests;

	if (job->phase == KC_PHASE_VERIFY && !(job->flags & KCOPYD_COMPARE))
		return;
	for (dests = job->live; dests; dests &= dests - 1) {
		unsigned int dest = __ffs64(dests);
		struct kc_lane *lane = lane_of(job, dest);

		kc_region_untried(job, 1 + dest, lane->next,
				  job->count - lane->next, -ECANCELED);
	}
}

/* Cancelled before a flush or reading back that was asked for. */
static bool was_cut(const struct kcopyd_job *job)
{
	if (!kc_job_cancelled(job) || !job->count)
		return false;
	return job->flags & (KCOPYD_VERIFY | KCOPYD_COMPARE) ||
	       (job->flags & KCOPYD_FLUSH && job->phase == KC_PHASE_COPY);
}

static enum kc_step ended(struct kcopyd_job *job)
{
	unsigned int i;

	job->cut = was_cut(job);
	lanes_end(job);
	for (i = 1; i <= job->nr_dests; i++)
		WRITE_ONCE(job->regions[i].settled, job->count);
	job->phase = KC_PHASE_END;
	return KC_STEP_ENDED;
}

static void verify_starts(struct kcopyd_job *job)
{
	WRITE_ONCE(job->uncoupled, 0);
	kc_lane_init(&job->main, 0, job->live);
}

/* Nothing is in flight, and nothing to be started: on to the next phase. */
static enum kc_step next_phase(struct kcopyd_job *job)
{
	enum kc_step step;

	switch (job->phase) {
	case KC_PHASE_COPY:
		if (wants_flush(job)) {
			step = start_flush(job);
			if (step == KC_STEP_STARVED)
				return step;
			job->phase = KC_PHASE_FLUSH;
			return step;
		}
		fallthrough;
	case KC_PHASE_FLUSH:
		if (wants_verify(job)) {
			job->phase = KC_PHASE_VERIFY;
			verify_starts(job);
			return lanes_step(job);
		}
		fallthrough;
	default:
		return ended(job);
	}
}

static void start(struct kcopyd_job *job)
{
	job->checked = true;
	check_devices(job);
	if (job->flags & KCOPYD_COMPARE)
		job->phase = KC_PHASE_VERIFY;
}

static enum kc_step paused(struct kcopyd_job *job)
{
	if (job->in_flight)
		return KC_STEP_WAIT;
	kc_job_set_state(job, KCOPYD_STATE_PAUSED);
	job->wake_ns = U64_MAX;
	return KC_STEP_PARKED;
}

/**
 * kc_copy_step - start the next chunk of a job
 * @job: the job
 *
 * Context: the client's worker. Sleeps while the source's queue is full.
 * Return: enum kc_step
 */
enum kc_step kc_copy_step(struct kcopyd_job *job)
{
	if (!job->checked)
		start(job);
	if (!kc_job_stopping(job)) {
		if (test_bit(KC_JOB_PAUSED, &job->stop))
			return paused(job);
		if (lanes_have_more(job))
			return lanes_step(job);
	}
	if (!job->in_flight)
		return next_phase(job);
	if (kc_job_stopping(job) && job->phase == KC_PHASE_COPY)
		kc_job_set_state(job, KCOPYD_STATE_STOPPING);
	return KC_STEP_WAIT;
}

/* ---- destinations that are slow ------------------------------------------- */

static void uncouple(struct kcopyd_job *job, unsigned int dest)
{
	struct kc_chunk *chunk, *next;

	kc_lane_init(&job->regions[1 + dest].lane, job->main.next,
		     BIT_ULL(dest));
	job->main.dests &= ~BIT_ULL(dest);
	WRITE_ONCE(job->uncoupled, job->uncoupled | BIT_ULL(dest));
	list_for_each_entry_safe(chunk, next, &job->main.chunks, node)
		leave_behind(job, chunk);
}

static void drop_slow(struct kcopyd_job *job, unsigned int dest)
{
	WRITE_ONCE(job->write_err, job->write_err | BIT_ULL(dest));
	detach(job, dest, -ETIMEDOUT);
}

/**
 * kc_copy_tick - see whether a destination holds up the others
 * @job: a job that is watched
 *
 * Context: the client's worker, every KC_DEST_TICK_MS.
 */
void kc_copy_tick(struct kcopyd_job *job)
{
	u64 slow;

	if (job->phase != KC_PHASE_COPY || !lane_has_more(job, &job->main))
		return;
	for (slow = kc_dest_sample(job); slow; slow &= slow - 1)
		if (job->on_slow == KCOPYD_SLOW_DROP)
			drop_slow(job, __ffs64(slow));
		else
			uncouple(job, __ffs64(slow));
}
