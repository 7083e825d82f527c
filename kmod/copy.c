// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copy engine: a job is cut into chunks, several of which are in flight.
 *
 *                  kc_copy_step()
 *                        |
 *         +--------------+--------------+
 *         v                             v
 *     READ: leg 0                 FLUSH: a leg for each
 *         |                       destination that lives
 *         | all bad, or the job         |
 *         | stops: ---------------+     |
 *         v                       |     |
 *     WRITE: a leg for each       |     |
 *     destination that lives,     |     |
 *     but for the pieces that     |     |
 *     could not be read           |     |
 *         |                       |     |
 *         | last leg              |     | last leg
 *         v                       v     v
 *     the chunk is put: its memory, legs and bios serve the next
 *
 * A leg is one region's part of a chunk and has one bio for each piece. Bios
 * complete wherever they do; the last of a leg posts it to the client's
 * worker, and all decisions are made here, by that worker alone.
 */
#include <linux/blkdev.h>

#include "internal.h"
#include "trace.h"

static void error_located(struct kcopyd_job *job,
			  const struct kcopyd_error *error)
{
	kc_extents_add(&job->regions[error->region].extents, error);
	if (job->ops && job->ops->error)
		job->ops->error(job, error, job->context);
}

/* An error of a bio: count it, locate it, tell whoever listens. */
static void io_failed(struct kcopyd_job *job, struct kc_leg *leg,
		      struct kc_io *io, int errno)
{
	struct kc_region *region = &job->regions[leg->region];
	const struct kcopyd_error error = {
		.first = io->sector - region->sector,
		.count = io->sectors,
		.region = leg->region,
		.kind = KCOPYD_EXTENT_BAD,
		.error = errno,
	};

	WRITE_ONCE(region->errors, region->errors + 1);
	if (!region->error)
		WRITE_ONCE(region->error, errno);
	if (!io->sectors)
		return;
	error_located(job, &error);
}

static void trace_io(const struct kcopyd_job *job, const struct kc_leg *leg,
		     const struct kc_io *io, int errno)
{
	u64 queue_ns = 0, service_ns = 0;

	if (!trace_kcopyd_io_done_enabled())
		return;
	if (io->submit_ns) {
		queue_ns = io->submit_ns - leg->ready_ns;
		service_ns = io->done_ns - io->submit_ns;
	}
	trace_kcopyd_io_done(job->id, leg->region, leg->op,
			     job->regions[leg->region].bdev->bd_dev, io->sector,
			     io->sectors, queue_ns, service_ns, errno, 0);
}

/* Returns how many of the leg's bios failed. */
static unsigned int leg_account(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_region *region = &job->regions[leg->region];
	unsigned int failed = 0;
	u64 bytes = 0;
	struct kc_io *io;

	for (io = leg->ios; io; io = io->next) {
		int errno;

		if (!io->armed)
			continue;
		errno = blk_status_to_errno(io->bio.bi_status);
		trace_io(job, leg, io, errno);
		if (!errno) {
			bytes += (u64)io->sectors << SECTOR_SHIFT;
			continue;
		}
		failed++;
		if (leg->op == KCOPYD_OP_READ)
			leg->chunk->bad |= BIT_ULL(io->piece);
		io_failed(job, leg, io, errno);
	}
	WRITE_ONCE(region->bytes, region->bytes + bytes);
	return failed;
}

static void job_fail(struct kcopyd_job *job)
{
	set_bit(KC_JOB_FAILED, &job->stop);
	kc_job_set_state(job, KCOPYD_STATE_STOPPING);
}

static void read_failed(struct kcopyd_job *job)
{
	WRITE_ONCE(job->read_err, 1);
	if (!(job->flags & KCOPYD_IGNORE_ERROR))
		job_fail(job);
}

static void write_failed(struct kcopyd_job *job, unsigned int dest)
{
	WRITE_ONCE(job->write_err, job->write_err | BIT_ULL(dest));
	if (job->flags & KCOPYD_DETACH_FAILED) {
		job->live &= ~BIT_ULL(dest);
		if (!job->live)
			job_fail(job);
	} else if (!(job->flags & KCOPYD_IGNORE_ERROR)) {
		job_fail(job);
	}
}

/*
 * A device that cannot do its part as a whole does none of it. The block layer
 * would let a write to a read-only device pass.
 */
static int device_refuses(const struct kcopyd_job *job, unsigned int region)
{
	const struct kc_region *r = &job->regions[region];

	if (r->sector + job->count > bdev_nr_sectors(r->bdev))
		return -ENOSPC;
	return region && bdev_read_only(r->bdev) ? -EROFS : 0;
}

static void region_refused(struct kcopyd_job *job, unsigned int region,
			   int errno)
{
	struct kc_region *r = &job->regions[region];
	const struct kcopyd_error error = {
		.count = job->count,
		.region = region,
		.kind = KCOPYD_EXTENT_UNTRIED,
		.error = errno,
	};

	WRITE_ONCE(r->errors, r->errors + 1);
	WRITE_ONCE(r->error, errno);
	error_located(job, &error);
}

/* Before the first chunk. A source that is refused ends the job. */
static void check_devices(struct kcopyd_job *job)
{
	unsigned int i;
	int errno;

	for (i = 0; i <= job->nr_dests; i++) {
		errno = device_refuses(job, i);
		if (!errno)
			continue;
		region_refused(job, i, errno);
		if (i) {
			write_failed(job, i - 1);
			job->live &= ~BIT_ULL(i - 1);
		} else {
			read_failed(job);
			job_fail(job);
		}
	}
	if (!job->live)
		job_fail(job);
}

static bool leg_arm(struct kcopyd_job *job, struct kc_leg *leg,
		    enum kcopyd_op op)
{
	const struct kc_region *region = &job->regions[leg->region];
	const struct kc_leg_target target = {
		.bdev = region->bdev,
		.sector = region->sector + leg->chunk->first,
		.op = op,
		.ioprio = job->ioprio,
		.css = job->css,
	};

	return kc_leg_arm(leg, &target, leg->chunk->bad);
}

/*
 * Submit a leg to each destination that lives. One may complete before the
 * next is counted, but it is looked at by this worker, later.
 */
static void chunk_to_dests(struct kcopyd_job *job, struct kc_chunk *chunk,
			   enum kcopyd_op op)
{
	struct kc_leg *leg;

	for (leg = chunk->legs; leg; leg = leg->next) {
		if (!leg->region || !(job->live & BIT_ULL(leg->region - 1)))
			continue;
		if (!leg_arm(job, leg, op))
			continue;
		chunk->legs_left++;
		kc_dest_submit(leg);
	}
}

static void chunk_end(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	job->in_flight--;
	kc_chunk_put(chunk->pool, chunk);
}

static void read_done(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;

	if (leg_account(job, leg))
		read_failed(job);
	if (!kc_job_stopping(job))
		chunk_to_dests(job, chunk, KCOPYD_OP_WRITE);
	if (!chunk->legs_left)
		chunk_end(job, chunk);
}

static void write_done(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;

	if (leg_account(job, leg))
		write_failed(job, leg->region - 1);
	if (!--chunk->legs_left)
		chunk_end(job, chunk);
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

	if (leg->op == KCOPYD_OP_READ)
		read_done(job, leg);
	else
		write_done(job, leg);
	return job;
}

static struct kc_chunk *chunk_start(struct kcopyd_job *job,
				    unsigned int sectors)
{
	struct kc_chunk *chunk;

	chunk = kc_chunk_get(&job->client->pool, 1 + job->nr_dests, sectors,
			     job->piece_sectors, job->block_sectors);
	if (!chunk)
		return NULL;
	chunk->job = job;
	job->in_flight++;
	return chunk;
}

static enum kc_step start_read(struct kcopyd_job *job)
{
	sector_t left = job->count - job->main.next;
	struct kc_chunk *chunk;

	chunk = chunk_start(job, min_t(sector_t, left, job->chunk_sectors));
	if (!chunk)
		return KC_STEP_STARVED;
	if (!job->main.next)
		kc_job_set_state(job, KCOPYD_STATE_RUNNING);
	chunk->first = job->main.next;
	job->main.next += chunk->sectors;
	leg_arm(job, chunk->legs, KCOPYD_OP_READ);
	kc_leg_submit(chunk->legs);
	return KC_STEP_STARTED;
}

static enum kc_step start_flush(struct kcopyd_job *job)
{
	struct kc_chunk *chunk = chunk_start(job, 0);

	if (!chunk)
		return KC_STEP_STARVED;
	kc_job_set_state(job, KCOPYD_STATE_FLUSHING);
	job->flushed = true;
	chunk->first = 0;
	chunk_to_dests(job, chunk, KCOPYD_OP_FLUSH);
	return KC_STEP_STARTED;
}

/*
 * What was written is flushed even if the job failed, so that it can be built
 * upon; not if it was cancelled: somebody wants it to be over.
 */
static bool wants_flush(const struct kcopyd_job *job)
{
	return (job->flags & KCOPYD_FLUSH) && !job->flushed && job->live &&
	       job->main.next && !test_bit(KC_JOB_CANCELLED, &job->stop);
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
	if (!job->checked) {
		job->checked = true;
		check_devices(job);
	}
	if (!kc_job_stopping(job) && job->main.next < job->count)
		return job->in_flight < job->depth ? start_read(job) :
						     KC_STEP_WAIT;
	if (job->in_flight) {
		if (kc_job_stopping(job) && !job->flushed)
			kc_job_set_state(job, KCOPYD_STATE_STOPPING);
		return KC_STEP_WAIT;
	}
	return wants_flush(job) ? start_flush(job) : KC_STEP_ENDED;
}
