// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the maps say after a job, and while it runs: of what a destination has
 * taken only that counts with which it was flushed since.
 */
#include <errno.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>
#include "cli.h"
#include "rescue.h"

/* ---- what a job has done -------------------------------------------------------- */

/* The dest'th of those that take part is which of all? */
unsigned int rescue_dest_of(const struct rescue *r, unsigned int region)
{
	uint64_t dests = r->range.dests;

	while (--region)
		dests &= dests - 1;
	return __builtin_ctzll(dests);
}

unsigned int rescue_region_of(const struct rescue *r, unsigned int dest)
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

	if (!rescue_range_is_for(dests, dest) || r->dests[dest].unsure)
		return 0;
	if (outcome->status.state == KCOPYD_STATE_DONE)
		return r->range.block.size;
	return MIN(outcome->regions[rescue_region_of(r, dest)].settled,
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
		return rescue_dest_of(r, extent->region) == dest ?
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
	unsigned int region = rescue_region_of(r, dest);
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

int rescue_note(struct rescue *r, uint64_t dests)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < r->plan->nr_dests; i++)
		if (rescue_range_is_for(r->range.dests, i))
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
uint64_t rescue_flush(struct rescue *r, uint64_t dests)
{
	uint64_t flushed = 0;
	unsigned int i;

	for (i = 0; i < r->plan->nr_dests; i++)
		if (rescue_range_is_for(dests, i) && flush_dest(r, i))
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
		if (!rescue_range_is_for(dests, i))
			continue;
		region = &r->outcome->regions[rescue_region_of(r, i)];
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
int rescue_look(struct rescue *r)
{
	const struct kcopyd_status *status = &r->outcome->status;
	int code;

	if (outcome_get(r->outcome, r->kcopy, r->job) ||
	    status->state == KCOPYD_STATE_DONE ||
	    status->state == KCOPYD_STATE_STOPPING || is_coarse_by_now(r)) {
		rescue_checkpoint_missed(r);
		return 0;
	}
	code = rescue_note(r, rescue_flush(r, dests_without_trouble(r)));
	return code ? code : rescue_save(r);
}
