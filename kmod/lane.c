// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lanes: who goes with whom, and what may be started for them.
 *
 * Chunks belong to lanes. The main lane serves all destinations that keep up;
 * one that was uncoupled has a lane of its own, with reads of its own.
 *
 * How much memory? A lane without a chunk in flight takes what there is, or
 * beside the main one half of that, since it may stop with it; another chunk
 * only if the lane then holds no more than seven times of what is left. So any
 * number of lanes and jobs get something, and one alone seven eighths of the
 * reserve, without anybody's counting. Chunks themselves, with
 * legs and bios, are bounded too (chunk.c), but for the first one of a lane.
 *
 * All of this is the client's worker's.
 */
#include <linux/blkdev.h>

#include "client.h"
#include "engine.h"
#include "zero.h"

/* A chunk that was made smaller is worth it from so many pages on. */
#define SMALLER_PAGES 16

/**
 * kc_lane_init - a lane without chunks
 * @lane: the lane
 * @next: sector that it goes on from, from the start of the regions
 * @dests: bit i = it serves destination i
 */
void kc_lane_init(struct kc_lane *lane, sector_t next, u64 dests)
{
	INIT_LIST_HEAD(&lane->chunks);
	lane->next = next;
	lane->dests = dests;
	lane->in_flight = 0;
	lane->pages = 0;
	lane->moved_ns = 0;
}

/* Sectors up to which nothing of a lane is in flight. */
static sector_t lane_settled(const struct kc_lane *lane)
{
	if (list_empty(&lane->chunks))
		return lane->next;
	return list_first_entry(&lane->chunks, struct kc_chunk, node)->first;
}

/**
 * kc_lane_of - the lane that serves a destination
 * @job: the job
 * @dest: the destination
 *
 * Context: the client's worker.
 */
struct kc_lane *kc_lane_of(struct kcopyd_job *job, unsigned int dest)
{
	return job->uncoupled & BIT_ULL(dest) ? &job->regions[1 + dest].lane :
						&job->main;
}

/**
 * kc_lane_at - a lane by its number
 * @job: the job
 * @i: 0 = the main one; 1 + n = that of destination n
 *
 * Context: the client's worker.
 * Return: the lane, or NULL if the destination is not uncoupled
 */
struct kc_lane *kc_lane_at(struct kcopyd_job *job, unsigned int i)
{
	if (!i)
		return &job->main;
	return job->uncoupled & BIT_ULL(i - 1) ? &job->regions[i].lane : NULL;
}

/* From its writes on, a chunk is through with each whose leg is over. */
static bool has_to_serve(const struct kc_chunk *chunk, u64 dest)
{
	return dest &
	       (chunk->step == KC_CHUNK_WRITE ? chunk->pending : chunk->dests);
}

static sector_t first_pending(const struct kc_lane *lane, u64 dest,
			      sector_t before)
{
	const struct kc_chunk *chunk;

	list_for_each_entry(chunk, &lane->chunks, node)
		if (has_to_serve(chunk, dest))
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

	settled = lane_settled(&job->regions[1 + dest].lane);
	settled = first_pending(&job->main, bit, settled);
	for (lanes = job->uncoupled & ~bit; lanes; lanes &= lanes - 1)
		settled = first_pending(&job->regions[1 + __ffs64(lanes)].lane,
					bit, settled);
	return settled;
}

/* What is settled is known to readers; chunks end in any order. */
static void lane_settle(struct kcopyd_job *job, struct kc_lane *lane)
{
	sector_t settled = lane_settled(lane);
	u64 dests;

	/* The extents before it first. */
	smp_wmb();
	if (lane == &job->main)
		WRITE_ONCE(job->regions[0].settled, settled);
	for (dests = lane->dests; dests; dests &= dests - 1) {
		unsigned int dest = __ffs64(dests);

		if (lane != &job->main)
			settled = settled_apart(job, dest);
		WRITE_ONCE(job->regions[1 + dest].settled, settled);
	}
}

static void lane_adopt(struct kc_lane *lane, struct kc_chunk *chunk)
{
	struct kc_lane *from = chunk->lane;
	struct kc_chunk *next;

	if (READ_ONCE(chunk->job->paced))
		kc_pace_end(chunk->job, from);
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

/* Does nobody whose lane it is have to write it any more? */
static bool is_through(const struct kcopyd_job *job,
		       const struct kc_chunk *chunk)
{
	if (chunk->lane == &job->main)
		return !(chunk->pending & ~job->uncoupled);
	return !(chunk->pending & chunk->lane->dests);
}

/*
 * A chunk that only destinations of other lanes have yet to write is theirs
 * from now on: its lane has room for another. So the main lane is not held up
 * by who was uncoupled, nor one of these by another.
 */
static void leave_behind(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	struct kc_lane *from = chunk->lane, *to;

	if (chunk->step != KC_CHUNK_WRITE || !chunk->pending ||
	    !is_through(job, chunk))
		return;
	to = &job->regions[1 + __ffs64(chunk->pending)].lane;
	if (to == from)
		return;
	lane_adopt(to, chunk);
	lane_settle(job, from);
}

/**
 * kc_lane_served - a chunk was written to a destination, or it was flushed
 * @job: in which somebody was uncoupled
 * @chunk: others have yet to write it
 * @dest: the destination
 *
 * Context: the client's worker.
 */
void kc_lane_served(struct kcopyd_job *job, struct kc_chunk *chunk,
		    unsigned int dest)
{
	if (chunk->step != KC_CHUNK_WRITE)
		return;
	leave_behind(job, chunk);
	if (job->uncoupled & BIT_ULL(dest))
		lane_settle(job, &job->regions[1 + dest].lane);
}

/**
 * kc_lane_uncouple - give a destination a lane of its own
 * @job: while copying
 * @dest: one that is served by the main lane
 *
 * It goes on from where the main lane is; chunks in flight still serve it.
 *
 * Context: the client's worker.
 */
void kc_lane_uncouple(struct kcopyd_job *job, unsigned int dest)
{
	struct kc_chunk *chunk, *next;

	kc_lane_init(&job->regions[1 + dest].lane, job->main.next,
		     BIT_ULL(dest));
	job->main.dests &= ~BIT_ULL(dest);
	WRITE_ONCE(job->uncoupled, job->uncoupled | BIT_ULL(dest));
	job->strays = true;
	list_for_each_entry_safe(chunk, next, &job->main.chunks, node)
		leave_behind(job, chunk);
}

/* ---- what is started ------------------------------------------------------ */

/**
 * kc_lane_end - put a chunk that has nothing left to do
 * @job: the job
 * @chunk: not to be touched afterwards
 *
 * Context: the client's worker.
 */
void kc_lane_end(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	struct kc_lane *lane = chunk->lane;

	if (READ_ONCE(job->paced))
		kc_pace_end(job, lane);
	job->in_flight--;
	lane->in_flight--;
	lane->pages -= chunk->pages;
	list_del(&chunk->node);
	if (chunk->step == KC_CHUNK_WRITE || kc_job_verifies(job))
		lane_settle(job, lane);
	kc_chunk_put(chunk->pool, chunk);
}

/**
 * kc_lane_start - put a chunk at the end of a lane
 * @job: the job
 * @lane: one of its lanes
 * @want: what the chunk is to be like
 *
 * Context: the client's worker.
 * Return: the chunk, for kc_lane_end; NULL without memory
 */
struct kc_chunk *kc_lane_start(struct kcopyd_job *job, struct kc_lane *lane,
			       const struct kc_chunk_want *want)
{
	struct kc_chunk *chunk =
		kc_chunk_get(&job->client->pool, want, !lane->in_flight);

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

static bool fit_into(struct kc_chunk_want *want, unsigned int pages)
{
	unsigned int most;

	if (!want->copies)
		return true;
	most = pages * PAGE_SECTORS / want->copies;
	if (most >= want->sectors)
		return true;
	most = rounddown(most, want->piece) ?: rounddown(most, want->block);
	if (!most)
		return false;
	want->sectors = most;
	return true;
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
		return !job->in_flight || fit_into(want, free / 2) ||
		       lane == &job->main || !kc_lane_has_more(job, &job->main);
	if (pages <= free && lane->pages + pages <= 7 * (free - pages))
		return true;
	most = lane->pages < 7 * free ? (7 * free - lane->pages) / 8 : 0;
	if (most < SMALLER_PAGES)
		return false;
	return fit_into(want, most);
}

/*
 * Is a chunk in flight that serves the lane's destinations? One that was
 * uncoupled is also served by chunks of other lanes.
 */
static bool serves_still(struct kcopyd_job *job, const struct kc_lane *lane)
{
	if (lane == &job->main)
		return lane->in_flight;
	return settled_apart(job, __ffs64(lane->dests)) < lane->next;
}

/*
 * Lanes beside the main one keep little in flight while that one goes on:
 * their devices are slow, and it needs the memory.
 */
static bool lane_waits(struct kcopyd_job *job, const struct kc_lane *lane)
{
	unsigned int depth = READ_ONCE(job->pace.limits.depth);

	if (job->flags & KCOPYD_WRITE_SEQ)
		return serves_still(job, lane);
	if (lane != &job->main && kc_lane_has_more(job, &job->main))
		depth = max(depth / 4, 1U);
	return lane->in_flight >= depth;
}

bool kc_lanes_have_more(const struct kcopyd_job *job)
{
	u64 dests;

	if (kc_lane_has_more(job, &job->main))
		return true;
	for (dests = job->uncoupled; dests; dests &= dests - 1)
		if (kc_lane_has_more(job,
				     &job->regions[1 + __ffs64(dests)].lane))
			return true;
	return false;
}

/**
 * kc_lane_next - start the next chunk of a lane
 * @job: the job
 * @lane: one of its lanes
 * @chunk: where the chunk goes, if it was started; nothing of it is in flight
 *
 * Context: the client's worker.
 * Return: enum kc_step, but for KC_STEP_ENDED
 */
enum kc_step kc_lane_next(struct kcopyd_job *job, struct kc_lane *lane,
			  struct kc_chunk **chunk)
{
	struct kc_chunk_want want;

	if (!kc_lane_has_more(job, lane) || lane_waits(job, lane))
		return KC_STEP_WAIT;
	lane_want(job, lane, &want);
	/* Also when another job gives some back. */
	if (!may_take(job, lane, &want))
		return KC_STEP_STARVED;
	if (READ_ONCE(job->paced) && kc_pace_wait(job))
		return KC_STEP_PARKED;
	*chunk = kc_lane_start(job, lane, &want);
	if (!*chunk)
		return KC_STEP_STARVED;
	if (READ_ONCE(job->paced))
		kc_pace_start(job, lane, (*chunk)->sectors);
	return KC_STEP_STARTED;
}
