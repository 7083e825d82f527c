// SPDX-License-Identifier: GPL-2.0-only
/*
 * A look into a request that failed: it is done again in parts, until every bad
 * block is named (bisect), or the first from either end (edges). What succeeds
 * this time is good. A failure that does not come again leaves no trace but in
 * the count.
 *
 * A part that fails can take a dying disk seconds, one that succeeds takes next
 * to nothing. So parts shrink much when one fails, and do not grow before what
 * failed has been found: a few failures lead to a bad block, where halves would
 * take one for each power of two. Only of the request itself it need not be
 * true that something in it is bad: it may have been merged with others.
 *
 *        |<-------------- request -------------->|
 *        pos                                    end
 *         |..good..|at.. size ..|....................|
 *
 * forward: parts start at pos, which moves up; backward: they end at end,
 * which moves down.
 */
#include <linux/blkdev.h>

#include "engine.h"

/* How much smaller the parts of what failed are. */
#define PARTS 64

static void located(struct kcopyd_job *job, struct kc_leg *leg,
		    unsigned int from, unsigned int sectors, unsigned int kind)
{
	struct kcopyd_error error = {
		.first = leg->chunk->first + from,
		.count = sectors,
		.region = leg->region,
		.kind = kind,
		.error = leg->probe.error,
	};

	if (!sectors)
		return;
	leg->failed = true;
	/* What can't be read is written nowhere, or not compared. */
	if (leg->op == KCOPYD_OP_READ)
		kc_chunk_mark(leg->chunk, KC_MAP_BAD, from, sectors);
	kc_region_located(job, &error);
}

/* The rest of the request is not looked into. */
static void give_up(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_probe *probe = &leg->probe;

	located(job, leg, probe->pos, probe->end - probe->pos,
		KCOPYD_EXTENT_UNTRIED);
	probe->pos = probe->end;
}

/* The job was cancelled: the rest of the request is not written. */
static void abandon(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_probe *probe = &leg->probe;

	kc_region_untried(job, leg->region, leg->chunk->first + probe->pos,
			  probe->end - probe->pos, -ECANCELED);
	probe->pos = probe->end;
}

/*
 * What can't be read is left out of what is written or compared, in blocks that
 * suit all devices; so it is named in these.
 */
static unsigned int smallest(const struct kcopyd_job *job,
			     const struct kc_leg *leg)
{
	if (leg->op == KCOPYD_OP_READ)
		return job->block_sectors;
	return job->regions[leg->region].block;
}

static bool submit_part(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_probe *probe = &leg->probe;
	struct kc_leg_target target;

	if (leg->op == KCOPYD_OP_WRITE && kc_job_cancelled(job))
		abandon(job, leg);
	if (probe->pos == probe->end) {
		probe->io = NULL;
		return false;
	}
	probe->size = min(probe->size, probe->end - probe->pos);
	probe->at = probe->backward ? probe->end - probe->size : probe->pos;
	kc_dest_target(job, leg, &target);
	target.op = probe->op;
	/* What is called bad was tried as well as can be. */
	if (probe->size <= smallest(job, leg))
		target.opf = 0;
	kc_leg_arm_part(leg, &target, probe->io, probe->at, probe->size);
	kc_dest_submit(job, leg);
	return true;
}

static unsigned int part_of(const struct kcopyd_job *job,
			    const struct kc_leg *leg, unsigned int sectors)
{
	unsigned int block = smallest(job, leg);

	return max(round_up(sectors / PARTS, block), block);
}

static bool is_suspect(const struct kc_probe *probe)
{
	return probe->backward ? probe->end > probe->suspect :
				 probe->pos < probe->suspect;
}

static void clear_suspect(struct kc_probe *probe)
{
	probe->suspect = probe->backward ? probe->end : probe->pos;
}

/**
 * kc_retry_start - start to look into a request that failed
 * @job: the job
 * @leg: nothing of it is in flight
 * @io: the request, one of the leg's; @io->failed is its errno
 *
 * Context: the client's worker.
 * Return: true if a part is in flight; false if the verdict stands.
 */
bool kc_retry_start(struct kcopyd_job *job, struct kc_leg *leg,
		    struct kc_io *io)
{
	struct kc_region *region = &job->regions[leg->region];
	bool refused = io->op == KCOPYD_OP_ZERO && region->no_zeroes;

	leg->probe = (struct kc_probe){
		.io = io,
		.pos = io->from,
		.end = io->from + io->sectors,
		.suspect = io->from,
		.op = refused ? KCOPYD_OP_WRITE : io->op,
		.refused = refused,
		.error = io->failed,
	};
	io->failed = 0;
	if (refused) {
		leg->probe.size = leg->chunk->piece_sectors;
		return submit_part(job, leg);
	}
	kc_region_request_failed(job, leg->region, leg->probe.error);
	if (job->retry == KCOPYD_RETRY_NONE || region->seq_zones) {
		region->bad_blocks++;
		located(job, leg, io->from, io->sectors, KCOPYD_EXTENT_BAD);
		leg->probe.pos = leg->probe.end;
	} else if (kc_region_spent(job, leg->region) || kc_job_cancelled(job)) {
		give_up(job, leg);
	}
	leg->probe.size = part_of(job, leg, io->sectors);
	return submit_part(job, leg);
}

static void pass_by(struct kc_probe *probe)
{
	if (probe->backward)
		probe->end -= probe->size;
	else
		probe->pos += probe->size;
}

static void part_is_bad(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_region *region = &job->regions[leg->region];
	struct kc_probe *probe = &leg->probe;

	region->bad_blocks++;
	located(job, leg, probe->at, probe->size, KCOPYD_EXTENT_BAD);
	pass_by(probe);
	if (job->retry == KCOPYD_RETRY_EDGES) {
		if (probe->backward)
			give_up(job, leg);
		probe->backward = true;
		probe->size = part_of(job, leg, probe->end - probe->pos);
	}
	clear_suspect(probe);
}

static bool parts_can_be_smaller(const struct kcopyd_job *job,
				 const struct kc_leg *leg)
{
	const struct kc_region *region = &job->regions[leg->region];

	return job->retry != KCOPYD_RETRY_NONE && !region->seq_zones &&
	       leg->probe.size > smallest(job, leg);
}

static void part_failed(struct kcopyd_job *job, struct kc_leg *leg, int error)
{
	struct kc_probe *probe = &leg->probe;

	probe->error = error;
	probe->refused = false;
	if (parts_can_be_smaller(job, leg)) {
		probe->suspect =
			probe->at + (probe->backward ? 0 : probe->size);
		probe->size = part_of(job, leg, probe->size);
	} else {
		part_is_bad(job, leg);
	}
	kc_region_check_gone(&job->regions[leg->region], error);
	if (kc_region_spent(job, leg->region) || kc_job_cancelled(job))
		give_up(job, leg);
}

/**
 * kc_retry_done - a part of a request that failed was done again
 * @job: the job
 * @leg: its leg
 * @error: errno of the part, 0 = it succeeded
 *
 * Context: the client's worker.
 * Return: true if the next part is in flight; false when the request has been
 * looked into.
 */
bool kc_retry_done(struct kcopyd_job *job, struct kc_leg *leg, int error)
{
	struct kc_probe *probe = &leg->probe;
	bool refused = probe->op == KCOPYD_OP_ZERO &&
		       job->regions[leg->region].no_zeroes;

	if (error && refused) {
		probe->op = KCOPYD_OP_WRITE;
		probe->size = min(probe->size, leg->chunk->piece_sectors);
	} else if (error) {
		part_failed(job, leg, error);
	} else {
		pass_by(probe);
		if (!is_suspect(probe))
			probe->size =
				min(probe->size * 2, leg->chunk->piece_sectors);
	}
	return submit_part(job, leg);
}
