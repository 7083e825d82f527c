// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading back: the source, then one destination after the other, compared
 * block by block. See copy.c for a chunk's way.
 */
#include "engine.h"

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
 * A destination is not compared with this chunk, but for blocks of it that are
 * known to be bad. That of a copy is written all the same, so has no extent.
 */
static void not_compared(struct kcopyd_job *job, const struct kc_chunk *chunk,
			 const struct kc_leg *leg)
{
	struct kc_region *region = &job->regions[leg->region];
	sector_t at = chunk->first, end = chunk->first + chunk->sectors;
	int error = region->error ?: -ECANCELED;
	struct kcopyd_error known;

	region->unread = true;
	if (!(job->flags & KCOPYD_COMPARE))
		return;
	while (at < end && kc_extents_next(&region->extents, at, end, &known)) {
		if (known.first > at)
			kc_region_untried(job, leg->region, at,
					  known.first - at, error);
		at = min(end, known.first + known.count);
	}
	kc_region_untried(job, leg->region, at, end - at, error);
}

/*
 * Where the source is bad a destination may have zeroes, which are looked for
 * (content.c). Otherwise there is nothing that it could be compared with.
 */
static void leave_out_gaps(struct kcopyd_job *job, struct kc_chunk *chunk,
			   unsigned int region)
{
	if (job->flags & KCOPYD_ZERO_BAD)
		return;
	mark_known(job, chunk, 0);
	if (chunk->map & KC_MAP_BAD)
		job->regions[region].unread = true;
}

/* There is nothing to compare some of the destinations from @leg on with. */
static void not_all_compared(struct kcopyd_job *job, const struct kc_leg *leg)
{
	for (; leg; leg = leg->next)
		if (leg->region)
			job->regions[leg->region].unread = true;
}

/**
 * kc_verify_next - read back the next destination that lives
 * @job: the job
 * @chunk: with the source's data; ends when there is none
 * @leg: from this destination's on, may be NULL
 *
 * What it is known to lack is left out, for this destination alone: the map is
 * built anew each time.
 *
 * Context: the client's worker.
 */
void kc_verify_next(struct kcopyd_job *job, struct kc_chunk *chunk,
		    struct kc_leg *leg)
{
	if (!chunk->legs->region && chunk->legs->failed)
		not_all_compared(job, leg);
	chunk->step = KC_CHUNK_READ_BACK;
	/* A second look is at one destination: the next gets a first one. */
	for (; leg; leg = leg->next, chunk->again = false) {
		if (!leg->region)
			continue;
		if (!(job->live & BIT_ULL(leg->region - 1)) ||
		    kc_job_stopping(job)) {
			not_compared(job, chunk, leg);
			continue;
		}
		chunk->map = 0;
		leave_out_gaps(job, chunk, leg->region);
		mark_known(job, chunk, leg->region);
		if (kc_leg_start(job, leg, KCOPYD_OP_READ))
			return;
	}
	kc_lane_end(job, chunk);
}

/**
 * kc_verify_read - read the source, to compare it with destinations
 * @job: the job
 * @chunk: the chunk
 * @at: from this destination's leg on
 *
 * Context: the client's worker.
 */
void kc_verify_read(struct kcopyd_job *job, struct kc_chunk *chunk,
		    struct kc_leg *at)
{
	chunk->step = KC_CHUNK_READ;
	chunk->at = at;
	chunk->map = 0;
	mark_known(job, chunk, 0);
	if (!chunk->legs->region &&
	    kc_leg_start(job, chunk->legs, KCOPYD_OP_READ))
		return;
	kc_verify_next(job, chunk, at);
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
	WRITE_ONCE(job->regions[region].differs, true);
	kc_write_failed(job, region - 1);
}

/**
 * kc_verify_compared - go on after a destination was compared
 * @job: the job
 * @leg: the destination's; differences are marked in its chunk
 *
 * The verdict on a difference comes only after a second look at both.
 *
 * Context: the client's worker.
 */
void kc_verify_compared(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;

	if (chunk->map & KC_MAP_ZERO && !chunk->again) {
		chunk->again = true;
		kc_verify_read(job, chunk, leg);
		return;
	}
	chunk->again = false;
	if (chunk->map & KC_MAP_ZERO)
		locate_differences(job, chunk, leg->region);
	kc_verify_next(job, chunk, leg->next);
}
