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
 * Bios complete wherever they do; the last of a leg posts it to the client's
 * worker, and all decisions are made here, by that worker alone.
 */
#include "engine.h"

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
	chunk->step = KC_CHUNK_WRITE;
	chunk_to_dests(job, chunk, KCOPYD_OP_WRITE);
	if (!chunk->pending)
		kc_lane_end(job, chunk);
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
		chunk->step = KC_CHUNK_WORK;
		kc_content_queue(job, chunk->legs);
	}
}

/* ---- completion ----------------------------------------------------------- */

static void chunk_impatient(struct kc_chunk *chunk, bool impatient)
{
	unsigned int *nr = &chunk->pool->impatient;

	if (chunk->impatient == impatient)
		return;
	chunk->impatient = impatient;
	WRITE_ONCE(*nr, impatient ? *nr + 1 : *nr - 1);
}

/* Not all of its legs were seen. */
static void chunk_waits(struct kcopyd_job *job, struct kc_chunk *chunk,
			unsigned int dest)
{
	/* All have completed, but some are still being posted: see leg_post. */
	if (!atomic_read(&chunk->out))
		chunk_impatient(chunk, true);
	if (job->uncoupled)
		kc_lane_served(job, chunk, dest);
}

static void leg_over(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;

	switch (chunk->step) {
	case KC_CHUNK_READ:
		if (kc_job_verifies(job))
			kc_verify_next(job, chunk, chunk->at);
		else
			chunk_was_read(job, chunk);
		break;
	case KC_CHUNK_READ_BACK:
		chunk->step = KC_CHUNK_COMPARE;
		kc_content_queue(job, leg);
		break;
	default:
		chunk->pending &= ~BIT_ULL(leg->region - 1);
		if (!chunk->pending)
			kc_lane_end(job, chunk);
		else
			chunk_waits(job, chunk, leg->region - 1);
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

	chunk_impatient(chunk, false);
	if (chunk->step == KC_CHUNK_WORK) {
		chunk_write(job, chunk);
	} else if (chunk->step == KC_CHUNK_COMPARE) {
		kc_verify_compared(job, leg);
	} else if (kc_leg_done(job, leg)) {
		if (leg->failed)
			kc_leg_failed(job, leg->region);
		leg_over(job, leg);
	}
	return job;
}

/* ---- starting ------------------------------------------------------------ */

static void chunk_go(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	if (kc_job_verifies(job)) {
		kc_verify_read(job, chunk, chunk->legs);
	} else if (job->regions[0].bdev) {
		chunk->step = KC_CHUNK_READ;
		kc_leg_start(job, chunk->legs, KCOPYD_OP_READ);
	} else {
		chunk_write(job, chunk);
	}
}

static enum kc_step lane_step(struct kcopyd_job *job, struct kc_lane *lane)
{
	struct kc_chunk *chunk;
	enum kc_step step;

	step = kc_lane_next(job, lane, &chunk);
	if (step != KC_STEP_STARTED)
		return step;
	kc_job_set_state(job, kc_job_verifies(job) ? KCOPYD_STATE_VERIFYING :
						     KCOPYD_STATE_RUNNING);
	chunk_go(job, chunk);
	return step;
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
		lane = kc_lane_at(job, job->turn);
		if (!lane)
			continue;
		step = lane_step(job, lane);
		/* Time is the job's: no other lane may start either. */
		if (step == KC_STEP_STARTED || step == KC_STEP_PARKED)
			return step;
		if (step != KC_STEP_WAIT)
			worst = step;
	}
	return worst;
}

static enum kc_step start_flush(struct kcopyd_job *job)
{
	const struct kc_chunk_want want = {
		.dests = job->live,
		.piece = job->piece_sectors,
		.block = job->block_sectors,
	};
	struct kc_chunk *chunk = kc_lane_start(job, &job->main, &want);
	struct kc_leg *leg;

	if (!chunk)
		return KC_STEP_STARVED;
	kc_job_set_state(job, KCOPYD_STATE_FLUSHING);
	chunk->step = KC_CHUNK_FLUSH;
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
 * is written all the same: that has no extent.
 */
static void lane_ends(struct kcopyd_job *job, unsigned int dest)
{
	struct kc_region *region = &job->regions[1 + dest];
	sector_t next = kc_lane_of(job, dest)->next;
	bool reads_back = kc_job_verifies(job);

	if (job->flags & KCOPYD_VERIFY && (!reads_back || next < job->count) &&
	    job->count)
		region->unread = true;
	if (!reads_back || job->flags & KCOPYD_COMPARE)
		kc_region_untried(job, 1 + dest, next, job->count - next,
				  -ECANCELED);
}

static void lanes_end(struct kcopyd_job *job)
{
	u64 dests;

	for (dests = job->live; dests; dests &= dests - 1)
		lane_ends(job, __ffs64(dests));
}

/* Cancelled before a flush that was asked for. */
static bool was_cut(const struct kcopyd_job *job)
{
	return kc_job_cancelled(job) && job->count &&
	       job->flags & KCOPYD_FLUSH && job->phase == KC_PHASE_COPY;
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
	u64 dests;

	WRITE_ONCE(job->regions[0].settled, 0);
	for (dests = job->live; dests; dests &= dests - 1)
		WRITE_ONCE(job->regions[1 + __ffs64(dests)].settled, 0);
	WRITE_ONCE(job->uncoupled, 0);
	kc_lane_init(&job->main, 0, job->live);
}

/* Nothing is in flight, and nothing to be started: on to the next phase. */
static enum kc_step next_phase(struct kcopyd_job *job)
{
	enum kc_step step;

	kc_observe_halt(job);
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
	kc_check_devices(job);
	if (job->flags & KCOPYD_COMPARE)
		job->phase = KC_PHASE_VERIFY;
}

/* What it waits for from here on, memory or time, is no pause. */
static void resumed(struct kcopyd_job *job)
{
	unsigned int state = KCOPYD_STATE_QUEUED;

	if (kc_job_verifies(job))
		state = KCOPYD_STATE_VERIFYING;
	else if (job->main.next)
		state = KCOPYD_STATE_RUNNING;
	kc_job_set_state(job, state);
}

static enum kc_step paused(struct kcopyd_job *job)
{
	if (job->in_flight)
		return KC_STEP_WAIT;
	kc_observe_halt(job);
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
		if (job->state == KCOPYD_STATE_PAUSED)
			resumed(job);
		if (kc_lanes_have_more(job))
			return lanes_step(job);
	}
	if (!job->in_flight)
		return next_phase(job);
	if (kc_job_stopping(job) && job->phase == KC_PHASE_COPY)
		kc_job_set_state(job, KCOPYD_STATE_STOPPING);
	return KC_STEP_WAIT;
}

/* ---- destinations that are slow ------------------------------------------- */

/**
 * kc_copy_tick - see whether a destination holds up the others
 * @job: a job that is watched
 *
 * Context: the client's worker, every KC_DEST_TICK_MS.
 */
void kc_copy_tick(struct kcopyd_job *job)
{
	u64 slow;

	if (job->phase != KC_PHASE_COPY || !kc_lane_has_more(job, &job->main))
		return;
	if (job->on_slow == KCOPYD_SLOW_WAIT)
		return;
	for (slow = kc_dest_sample(job); slow; slow &= slow - 1)
		if (job->on_slow == KCOPYD_SLOW_DROP)
			kc_drop_slow(job, __ffs64(slow));
		else
			kc_lane_uncouple(job, __ffs64(slow));
}
