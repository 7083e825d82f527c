// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a leg goes through: rounds of bios until its part of the chunk is done,
 * and between them a look into each request that failed.
 *
 *      kc_leg_start() ---> round in flight <-----------------+
 *                               |                            |
 *                        kc_leg_done()                       | more to do
 *                               |                            |
 *                     failed? --+--> retry.c: parts of the --+
 *                               |    request in flight
 *                               v
 *                           it is over
 *
 * One round is the rule. More are needed where blocks are left out, or where a
 * chunk without memory is written.
 */
#include <linux/blkdev.h>

#include "engine.h"

/* Returns false when there was nothing (more) to submit. */
static bool submit_round(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_leg_target target;

	kc_dest_target(job, leg, &target);
	if (!kc_leg_arm(leg, &target))
		return false;
	kc_dest_submit(job, leg);
	return true;
}

/**
 * kc_leg_start - start a region's part of a chunk
 * @job: the job
 * @leg: of one of its chunks
 * @op: what to do
 *
 * Context: the client's worker.
 * Return: true if the leg is in flight, and kc_leg_done() will be called.
 */
bool kc_leg_start(struct kcopyd_job *job, struct kc_leg *leg, enum kcopyd_op op)
{
	leg->op = op;
	leg->pos = 0;
	leg->failed = false;
	leg->probe.io = NULL;
	if (!submit_round(job, leg))
		return false;
	job->regions[leg->region].legs++;
	return true;
}

/* Write-zeroes can be refused when it is tried: no failure of the device. */
static bool zeroes_refused(struct kc_region *region, const struct kc_io *io,
			   int error)
{
	if (io->op != KCOPYD_OP_ZERO)
		return false;
	if (error != -EOPNOTSUPP && bdev_write_zeroes_sectors(region->bdev))
		return false;
	region->no_zeroes = true;
	return true;
}

static void io_failed(struct kcopyd_job *job, struct kc_leg *leg,
		      struct kc_io *io, int error)
{
	struct kc_region *region = &job->regions[leg->region];
	bool refused = zeroes_refused(region, io, error);

	io->failed = error;
	if (!refused)
		WRITE_ONCE(region->errors, region->errors + 1);
	if (leg->clock)
		kc_observe_failure(job, leg, io, error, refused);
}

/* The bios of a round: what was done, what failed. */
static void round_account(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_region *region = &job->regions[leg->region];
	const struct kc_io *first = NULL;
	unsigned int done = 0;
	u64 bytes = 0;
	struct kc_io *io;

	if (leg->clock)
		region->in_flight -= leg->armed;
	for (io = leg->ios; io; io = io->next) {
		int error;

		if (!io->armed)
			continue;
		error = blk_status_to_errno(io->bio.bi_status);
		if (error) {
			io_failed(job, leg, io, error);
			continue;
		}
		first = first ?: io;
		done++;
		bytes += (u64)io->sectors << SECTOR_SHIFT;
	}
	if (first && leg->clock)
		kc_observe_round(job, leg, first,
				 done == leg->chunk->nr_pieces &&
					 !leg->probe.io);
	if (!bytes)
		return;
	region->bad_blocks = 0;
	region->bad_requests = 0;
	/* And once. */
	if (!kc_job_reads_back(job) && !leg->chunk->again)
		WRITE_ONCE(region->bytes, region->bytes + bytes);
}

/* A failed flush has no sectors: the whole region may be lost. */
static bool flush_done(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kcopyd_error error = {
		.count = job->count,
		.region = leg->region,
		.kind = KCOPYD_EXTENT_BAD,
		.error = leg->ios->failed,
	};

	if (error.error) {
		leg->failed = true;
		kc_region_located(job, &error);
	}
	return true;
}

/* Look into the failed requests of the last round, one after the other. */
static bool look_into_failures(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_io *io;

	for (io = leg->ios; io; io = io->next)
		if (io->failed && kc_retry_start(job, leg, io))
			return true;
	return false;
}

/* The rest of the chunk is not tried: the device is lost, or nobody waits. */
static void give_up(struct kcopyd_job *job, struct kc_leg *leg)
{
	const struct kc_region *region = &job->regions[leg->region];
	struct kc_chunk *chunk = leg->chunk;
	unsigned int left = chunk->sectors - leg->pos;

	if (leg->op == KCOPYD_OP_READ)
		kc_chunk_mark(chunk, KC_MAP_BAD, leg->pos, left);
	kc_region_untried(job, leg->region, chunk->first + leg->pos, left,
			  region->lost ? region->error : -ECANCELED);
	leg->failed |= region->lost;
}

/* Without a command for zeroes, a chunk of them can be many writes. */
static bool is_unwanted(const struct kcopyd_job *job, const struct kc_leg *leg)
{
	return leg->op == KCOPYD_OP_WRITE && kc_job_cancelled(job);
}

static bool leg_goes_on(struct kcopyd_job *job, struct kc_leg *leg)
{
	if (look_into_failures(job, leg))
		return true;
	if (leg->pos == leg->chunk->sectors)
		return false;
	if (!job->regions[leg->region].lost && !is_unwanted(job, leg))
		return submit_round(job, leg);
	give_up(job, leg);
	return false;
}

/**
 * kc_leg_done - take the results of what a leg had in flight, and go on
 * @job: the job
 * @leg: posted by its last completion
 *
 * Context: the client's worker.
 * Return: true when the leg is over; then @leg->failed tells whether errors
 * were located, and what could not be read is marked in the chunk. False when
 * it is in flight again.
 */
bool kc_leg_done(struct kcopyd_job *job, struct kc_leg *leg)
{
	round_account(job, leg);
	if (leg->op == KCOPYD_OP_FLUSH)
		goto over;
	if (leg->probe.io) {
		int error = leg->probe.io->failed;

		leg->probe.io->failed = 0;
		if (kc_retry_done(job, leg, error))
			return false;
	}
	if (leg_goes_on(job, leg))
		return false;
over:
	job->regions[leg->region].legs--;
	return leg->op == KCOPYD_OP_FLUSH ? flush_done(job, leg) : true;
}
