// SPDX-License-Identifier: GPL-2.0-or-later
/* What may happen to a random job, by its options and the faults of disks. */
#include "job_random.h"

#define DEFAULT_BUDGET 64 /* as KCOPYD_RETRY_BUDGET */

/* ---- sectors ------------------------------------------------------------- */

/* Requests that a region is done with. */
static uint32_t ops_of(const struct random_job *job, unsigned int region)
{
	uint32_t ops = JOB_WRITE;

	if (!region || job_compares(job))
		return JOB_READ;
	if (!job->has_source || job->plan.flags & KCOPYD_SUBMIT_SPARSE)
		ops |= JOB_ZERO;
	return job_verifies(job) ? ops | JOB_READ : ops;
}

/* Of them, those that all sectors need, one of them each. */
static uint32_t ops_needed(const struct random_job *job, unsigned int region)
{
	uint32_t ops = ops_of(job, region);

	return ops & JOB_WRITE ? ops & ~JOB_READ : ops;
}

/* What can't be done with sectors as such is done in another way. */
static bool is_refusal(const struct job_fault *fault)
{
	return fault->error == EOPNOTSUPP;
}

/*
 * Sectors that are bad as one: a block of the device's for a write; but what
 * can't be read is left out from what is done next, by blocks of all devices.
 */
static uint64_t unit_of(const struct random_job *job,
			const struct job_disks *disks, unsigned int region,
			uint32_t ops)
{
	if (ops & JOB_READ)
		return job->block;
	return disks->disks[job->regions[region].disk].model.block;
}

/* Sectors of a region, in units, that a fault has some of. */
static void mark(const struct random_job *job, const struct job_fault *fault,
		 unsigned int region, uint64_t unit, uint8_t bit,
		 struct job_region_forecast *forecast)
{
	const uint64_t start = job->regions[region].first;
	uint64_t first = fault->first, end = fault->first + fault->count;

	first = first > start ? first - start : 0;
	end = end > start ? end - start : 0;
	if (end > job->sectors)
		end = job->sectors;
	if (first >= end)
		return;
	for (uint64_t at = first - first % unit; at < end || at % unit; at++)
		forecast->sectors[at] |= bit;
}

static void mark_fault(const struct random_job *job,
		       const struct job_disks *disks,
		       const struct job_fault *fault, unsigned int region,
		       struct job_region_forecast *forecast)
{
	const uint32_t ops = fault->ops & ops_of(job, region);
	const uint32_t needed = ops_needed(job, region);

	if (!ops || is_refusal(fault))
		return;
	forecast->errors[forecast->nr_errors++] = -fault->error;
	forecast->reading_may_fail |= ops & JOB_READ;
	forecast->may_lose |= fault->error == ENODEV;
	mark(job, fault, region, unit_of(job, disks, region, ops), JOB_MAY_FAIL,
	     forecast);
	if (!fault->times && (ops & needed) == needed)
		mark(job, fault, region, unit_of(job, disks, region, needed),
		     JOB_MUST_FAIL, forecast);
}

static bool has_mark(const struct random_job *job,
		     const struct job_region_forecast *forecast, uint8_t bits)
{
	for (uint64_t at = 0; at < job->sectors; at++)
		if (forecast->sectors[at] & bits)
			return true;
	return false;
}

static bool flushes(const struct random_job *job)
{
	return !job_compares(job) &&
	       (job_verifies(job) ||
		!(job->plan.flags & KCOPYD_SUBMIT_NO_FLUSH));
}

static struct model_sector source_at(const struct random_job *job,
				     const struct job_disks *disks, uint64_t at)
{
	const struct job_range *range = &job->regions[0];

	if (!job->has_source)
		return (struct model_sector){};
	return disks->disks[range->disk].model.content[range->first + at];
}

/* They are found in whole blocks. */
static void mark_differences(const struct random_job *job,
			     const struct job_disks *disks, unsigned int region,
			     struct job_region_forecast *forecast)
{
	const struct job_range *range = &job->regions[region];
	const struct model_sector *is =
		&disks->disks[range->disk].model.content[range->first];

	for (uint64_t at = 0; at < job->sectors; at++) {
		struct model_sector should = source_at(job, disks, at);

		if (is[at].seed == should.seed &&
		    is[at].number == should.number)
			continue;
		forecast->sectors[at] |= JOB_DIFFERS;
	}
}

/* Counted low: some good ones between the bad would let more of them fail. */
static bool within_budget(const struct random_job *job,
			  const struct job_region_forecast *forecast)
{
	const unsigned int budget = job->plan.retry_budget ?: DEFAULT_BUDGET;
	unsigned int bad = 0;

	for (uint64_t at = 0; at < job->sectors; at++)
		bad += forecast->sectors[at] & JOB_MAY_FAIL;
	if (!bad || budget == JOB_UNLIMITED)
		return true;
	/* Any number of requests can be merged with a bad one. */
	if (job->plan.retry == KCOPYD_RETRY_NONE)
		return false;
	/* Each when it is copied, and when it is read back, twice. */
	return 3 * bad < budget;
}

static void forecast_region(const struct random_job *job,
			    const struct job_disks *disks, unsigned int region,
			    struct job_region_forecast *forecast)
{
	const unsigned int disk = job->regions[region].disk;

	*forecast = (struct job_region_forecast){};
	for (unsigned int i = 0; i < disks->nr_faults; i++) {
		const struct job_fault *fault = &disks->faults[i];

		if (fault->disk != disk)
			continue;
		mark_fault(job, disks, fault, region, forecast);
		if (!region || !(fault->ops & JOB_FLUSH) || !flushes(job))
			continue;
		forecast->flush_may_fail = true;
		forecast->flush_must_fail |= !fault->times &&
					     disks->disks[disk].caches;
	}
	forecast->may_lose |= !within_budget(job, forecast);
	if (region && job_compares(job))
		mark_differences(job, disks, region, forecast);
	forecast->may_fail =
		forecast->flush_may_fail ||
		has_mark(job, forecast, JOB_MAY_FAIL | JOB_DIFFERS);
	forecast->may_leave = forecast->may_fail &&
			      (forecast->may_lose || job_detaches(job));
}

/* ---- the job ------------------------------------------------------------- */

static bool may_stop(const struct random_job *job,
		     const struct job_forecast *forecast)
{
	const struct job_region_forecast *source = &forecast->regions[0];
	unsigned int failing = 0, leaving = 0;

	for (unsigned int i = 1; i < job->nr; i++) {
		failing += forecast->regions[i].may_fail;
		leaving += forecast->regions[i].may_leave;
	}
	if (job->cancelled)
		return true;
	if (source->may_fail && (!job_skips_bad(job) || source->may_lose))
		return true;
	if (failing && !job_detaches(job) && !job_keeps(job))
		return true;
	/* None is left; the last is not dropped for being slow. */
	return leaving == job->nr - 1 || (leaving && forecast->may_drop);
}

void job_forecast(const struct random_job *job, const struct job_disks *disks,
		  struct job_forecast *forecast)
{
	forecast->may_drop = job->plan.on_slow == KCOPYD_SLOW_DROP &&
			     job->nr > 2 && !job_compares(job);
	forecast->regions[0] = (struct job_region_forecast){};
	for (unsigned int i = !job->has_source; i < job->nr; i++)
		forecast_region(job, disks, i, &forecast->regions[i]);
	forecast->may_stop = may_stop(job, forecast);
}
