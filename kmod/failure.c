// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a failure means for its region and for the job: who goes, and whether
 * the job does.
 */
#include <linux/blkdev.h>

#include "engine.h"

static void job_fail(struct kcopyd_job *job)
{
	set_bit(KC_JOB_FAILED, &job->stop);
	kc_job_set_state(job, KCOPYD_STATE_STOPPING);
}

/*
 * A destination leaves: what was not started for it never will be. What is in
 * flight goes on; chunks that come to be written later leave it out and say so.
 */
static void detach(struct kcopyd_job *job, unsigned int dest, int error)
{
	struct kc_lane *lane;

	if (!(job->live & BIT_ULL(dest)))
		return;
	WRITE_ONCE(job->live, job->live & ~BIT_ULL(dest));
	if (job->phase == KC_PHASE_COPY && !(job->uncoupled & BIT_ULL(dest)))
		kc_lane_uncouple(job, dest);
	lane = kc_lane_of(job, dest);
	lane->dests &= ~BIT_ULL(dest);
	if (job->phase == KC_PHASE_COPY || job->flags & KCOPYD_COMPARE)
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

/**
 * kc_write_failed - a destination could not be written, or differs
 * @job: the job
 * @dest: the destination; its region knows the error
 *
 * Context: the client's worker.
 */
void kc_write_failed(struct kcopyd_job *job, unsigned int dest)
{
	struct kc_region *region = &job->regions[1 + dest];

	WRITE_ONCE(job->write_err, job->write_err | BIT_ULL(dest));
	if (job->flags & KCOPYD_DETACH_FAILED || region->lost)
		detach(job, dest, region->error);
	if (!(job->flags & (KCOPYD_DETACH_FAILED | KCOPYD_KEEP_FAILED)))
		job_fail(job);
}

/**
 * kc_leg_failed - a region failed in some way
 * @job: the job
 * @region: 0 = the source; it knows the error
 *
 * Context: the client's worker.
 */
void kc_leg_failed(struct kcopyd_job *job, unsigned int region)
{
	if (region)
		kc_write_failed(job, region - 1);
	else
		read_failed(job);
}

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

/**
 * kc_job_refused - would it end before its first chunk?
 * @job: one that was not started
 *
 * Return: true if kc_check_devices() would end it
 */
bool kc_job_refused(const struct kcopyd_job *job)
{
	u64 refused = 0;
	unsigned int i;

	if (device_refuses(job, 0))
		return true;
	for (i = 1; i <= job->nr_dests; i++)
		if (device_refuses(job, i))
			refused |= BIT_ULL(i - 1);
	if (job->flags & (KCOPYD_DETACH_FAILED | KCOPYD_KEEP_FAILED))
		return refused == job->live;
	return refused;
}

static void region_refused(struct kcopyd_job *job, unsigned int region,
			   int error)
{
	struct kc_region *r = &job->regions[region];

	WRITE_ONCE(r->errors, r->errors + 1);
	WRITE_ONCE(r->error, error);
	r->lost = true;
	kc_leg_failed(job, region);
}

/**
 * kc_check_devices - refuse what cannot be done at all
 * @job: before its first chunk; a source that is refused ends it
 *
 * Context: the client's worker.
 */
void kc_check_devices(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++) {
		int error = device_refuses(job, i);

		if (error)
			region_refused(job, i, error);
	}
}

/**
 * kc_drop_slow - a destination was too slow, and is to go
 * @job: the job
 * @dest: the destination
 *
 * Context: the client's worker.
 */
void kc_drop_slow(struct kcopyd_job *job, unsigned int dest)
{
	WRITE_ONCE(job->write_err, job->write_err | BIT_ULL(dest));
	detach(job, dest, -ETIMEDOUT);
}
