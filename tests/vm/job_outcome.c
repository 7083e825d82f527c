// SPDX-License-Identifier: GPL-2.0-or-later
/* What a random job says became of it, and whether that can be. */
#include "job_random.h"

void job_outcome_fetch(const struct random_job *job, int kcopyd,
		       struct job_outcome *outcome)
{
	int ret = job_regions(kcopyd, job->id, &outcome->status,
			      outcome->regions);

	cr_assert_eq(ret, 0, "status of job %lu: %s", job->id, strerror(-ret));
	outcome->nr_extents =
		job_extents(kcopyd, job->id, outcome->extents, JOB_MAX_EXTENTS);
}

static const char *region_name(unsigned int region)
{
	static char text[24];

	snprintf(text, sizeof(text), region ? "region %u" : "source", region);
	return text;
}

/* ---- extents ------------------------------------------------------------- */

static enum job_found found_of(const struct kcopyd_extent *extent)
{
	switch (extent->kind) {
	case KCOPYD_EXTENT_BAD:
		return JOB_BAD;
	case KCOPYD_EXTENT_DIFFERS:
		return JOB_OTHER;
	default:
		return extent->error == -ECANCELED ? JOB_STOPPED : JOB_UNTRIED;
	}
}

static bool extent_is_valid(const struct random_job *job,
			    const struct kcopyd_extent *extent)
{
	const uint64_t length = job->plan.length;

	return extent->length && extent->offset % SECTOR == 0 &&
	       extent->length % SECTOR == 0 && extent->offset <= length &&
	       extent->length <= length - extent->offset &&
	       extent->region < job->nr &&
	       (extent->region || job->has_source) &&
	       extent->kind >= KCOPYD_EXTENT_BAD &&
	       extent->kind <= KCOPYD_EXTENT_DIFFERS && extent->error < 0 &&
	       !extent->pad;
}

static bool follows(const struct kcopyd_extent *a,
		    const struct kcopyd_extent *b)
{
	return b->region > a->region ||
	       (b->region == a->region && b->offset >= a->offset + a->length);
}

static const char *find_extents(const struct random_job *job,
				struct job_outcome *outcome)
{
	memset(outcome->found, 0, sizeof(outcome->found));
	if (outcome->status.nr_extents != outcome->nr_extents)
		return job_problem("%u extents, but %u are told",
				   outcome->nr_extents,
				   outcome->status.nr_extents);
	for (unsigned int i = 0; i < outcome->nr_extents; i++) {
		const struct kcopyd_extent *extent = &outcome->extents[i];

		if (!extent_is_valid(job, extent))
			return job_problem(
				"extent %u, %s, %llu+%llu, kind %u, error %d: invalid",
				i, region_name(extent->region), extent->offset,
				extent->length, extent->kind, extent->error);
		if (i && !follows(extent - 1, extent))
			return job_problem(
				"%s: extent %llu+%llu comes after %llu+%llu",
				region_name(extent->region), extent->offset,
				extent->length, extent[-1].offset,
				extent[-1].length);
		memset(&outcome->found[extent->region][extent->offset / SECTOR],
		       found_of(extent), extent->length / SECTOR);
	}
	return NULL;
}

/* What an event told stands, but for a flush that failed: it covers all. */
static const char *check_event_extent(const struct job_outcome *outcome,
				      const struct kcopyd_extent *extent)
{
	for (uint64_t at = 0; at < extent->length / SECTOR; at++) {
		enum job_found found =
			outcome->found[extent->region]
				      [extent->offset / SECTOR + at];

		if (found != found_of(extent) && found != JOB_BAD)
			return job_problem(
				"%s: %llu+%llu was kind %u, error %d, by its event",
				region_name(extent->region),
				extent->offset / SECTOR,
				extent->length / SECTOR, extent->kind,
				extent->error);
	}
	return NULL;
}

static const char *check_event_extents(const struct random_job *job,
				       const struct job_outcome *outcome)
{
	const struct job_result *result = &job->result;
	const char *problem = NULL;

	for (unsigned int i = 0;
	     !problem && i < result->nr_extents && i < JOB_EXTENTS; i++) {
		const struct kcopyd_extent *extent = &result->extents[i];

		if (!extent_is_valid(job, extent))
			return job_problem("event of an invalid extent, %u", i);
		problem = check_event_extent(outcome, extent);
	}
	return problem;
}

/* ---- that it agrees with itself ------------------------------------------ */

bool job_outcome_has(const struct random_job *job,
		     const struct job_outcome *outcome, unsigned int region,
		     unsigned int kinds)
{
	for (uint64_t at = 0; at < job->sectors; at++)
		if (kinds >> outcome->found[region][at] & 1)
			return true;
	return false;
}

static bool is_written(const struct random_job *job,
		       const struct job_outcome *outcome, unsigned int region)
{
	return outcome->regions[region].bytes == job->plan.length &&
	       !(outcome->status.write_err >> (region - 1) & 1);
}

/* Reading it back came to no end, for which there was a reason. */
static bool may_be_unread(const struct random_job *job,
			  const struct job_outcome *outcome)
{
	return job->plan.flags &
		       (KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_COMPARE) &&
	       outcome->status.code;
}

static bool is_complete_as_told(const struct random_job *job,
				const struct job_outcome *outcome,
				unsigned int region)
{
	const bool written = is_written(job, outcome, region);

	if (outcome->status.complete >> (region - 1) & 1)
		return written;
	return !written || may_be_unread(job, outcome);
}

static uint64_t all_dests(const struct random_job *job)
{
	return (1ULL << (job->nr - 1)) - 1;
}

/* Whether it was cancelled before its end is not seen in another way. */
static const char *check_code(const struct random_job *job,
			      const struct job_outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	const bool whole = status->complete == all_dests(job);
	int code = 0;

	if (status->read_err || status->write_err)
		code = -EIO;
	else if (!whole || (job->cancelled && status->code))
		code = -ECANCELED;
	if (status->code != code)
		return job_problem("code %d, not %d", status->code, code);
	if (code == -ECANCELED && !job->cancelled)
		return "nobody cancelled it, but it was";
	return NULL;
}

static const char *check_status(const struct random_job *job,
				const struct job_outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	const struct job_result *result = &job->result;

	if (status->state != KCOPYD_STATE_DONE)
		return job_problem("done, and in state %u", status->state);
	if (status->job != job->id || status->cookie != job->plan.cookie ||
	    status->submit_flags != job->plan.flags ||
	    status->length != job->plan.length || status->nr_regions != job->nr)
		return "its status is of something else";
	if (job->deserted)
		return check_code(job, outcome);
	if (result->code != status->code ||
	    result->read_err != status->read_err ||
	    result->write_err != status->write_err ||
	    result->complete != status->complete ||
	    result->cookie != status->cookie)
		return "its event is not as its status";
	if (status->read_err > 1 || status->write_err & ~all_dests(job))
		return job_problem("read_err %u, write_err %#llx",
				   status->read_err, status->write_err);
	return check_code(job, outcome);
}

static const char *check_event_region(const struct random_job *job,
				      const struct job_outcome *outcome,
				      unsigned int i)
{
	const struct kcopyd_region_status *region = &outcome->regions[i];

	if (job->deserted)
		return NULL;
	if (job->result.regions[i].bytes != region->bytes ||
	    job->result.regions[i].errors != region->errors ||
	    job->result.regions[i].code != region->error)
		return job_problem("%s: its event is not as its status",
				   region_name(i));
	return NULL;
}

static const char *check_bits(const struct random_job *job,
			      const struct job_outcome *outcome, unsigned int i)
{
	const struct kcopyd_region_status *region = &outcome->regions[i];
	const bool failed = job_outcome_has(job, outcome, i,
					    1 << JOB_BAD | 1 << JOB_UNTRIED |
						    1 << JOB_OTHER);
	const bool told = i ? outcome->status.write_err >> (i - 1) & 1 :
			      outcome->status.read_err;

	if (failed != told)
		return job_problem("%s: its error bit is %u", region_name(i),
				   told);
	if (failed != !!region->error || region->error > 0)
		return job_problem("%s: error %d", region_name(i),
				   region->error);
	if (job_outcome_has(job, outcome, i, 1 << JOB_BAD) && !region->errors)
		return job_problem("%s: bad sectors, but no errors",
				   region_name(i));
	if (region->flags & KCOPYD_REGION_DETACHED && !told)
		return job_problem("%s: detached without an error",
				   region_name(i));
	if (i && !is_complete_as_told(job, outcome, i))
		return job_problem("%s: complete %#llx, with %llu bytes",
				   region_name(i), outcome->status.complete,
				   region->bytes);
	return NULL;
}

/*
 * What is done can fail when it is read again, or flushed. Where two differ,
 * both are read once more.
 */
static bool may_fail_later(const struct random_job *job,
			   const struct job_forecast *forecast, unsigned int i)
{
	const struct job_region_forecast *region = &forecast->regions[i];

	if (job_compares(job))
		return region->may_fail || forecast->regions[0].may_fail;
	return region->flush_may_fail ||
	       (job_verifies(job) && (region->reading_may_fail ||
				      forecast->regions[0].reading_may_fail));
}

/* Those who read alone may be ahead of the one who finds it bad. */
static bool source_is_read_apart(const struct random_job *job,
				 const struct job_outcome *outcome)
{
	return outcome->status.read_err && !job_skips_bad(job) &&
	       !job_compares(job);
}

/* Each sector is done, or in an extent. */
static const char *check_bytes(const struct random_job *job,
			       const struct job_forecast *forecast,
			       const struct job_outcome *outcome,
			       unsigned int i)
{
	const bool zero_bad = job->plan.flags & KCOPYD_SUBMIT_ZERO_BAD;
	const uint64_t bytes = outcome->regions[i].bytes;
	uint64_t good = 0;

	for (uint64_t at = 0; at < job->sectors; at++) {
		enum job_found found = outcome->found[i][at];

		if (!zero_bad && !found)
			found = outcome->found[0][at];
		good += !found || found == JOB_OTHER;
	}
	if (may_fail_later(job, forecast, i) ||
			    source_is_read_apart(job, outcome) ?
		    bytes < good * SECTOR || bytes > job->plan.length :
		    bytes != good * SECTOR)
		return job_problem("region %u: %lu bytes, not %llu", i, bytes,
				   good * SECTOR);
	if (outcome->regions[i].settled != job->plan.length)
		return job_problem("region %u: settled up to %llu", i,
				   outcome->regions[i].settled);
	return NULL;
}

/* Nobody reads it but for all destinations together. */
static bool is_read_once(const struct random_job *job)
{
	return job->nr == 2 || job_skips_bad(job) || job_compares(job) ||
	       job->plan.on_slow != KCOPYD_SLOW_UNCOUPLE;
}

static const char *check_source_bytes(const struct random_job *job,
				      const struct job_forecast *forecast,
				      const struct job_outcome *outcome)
{
	const uint64_t bytes = outcome->regions[0].bytes;
	uint64_t good = 0;

	for (uint64_t at = 0; at < job->sectors; at++)
		good += !outcome->found[0][at];
	good *= SECTOR;
	if (!job->has_source)
		return bytes ? "nothing to read, and bytes read" : NULL;
	if (bytes > good && is_read_once(job) && !job_verifies(job) &&
	    !may_fail_later(job, forecast, 0))
		return job_problem("source: %lu bytes, more than %lu", bytes,
				   good);
	if (bytes < good && !forecast->may_stop)
		return job_problem("source: %lu bytes, less than %lu", bytes,
				   good);
	return NULL;
}

static const char *check_region(const struct random_job *job,
				const struct job_forecast *forecast,
				const struct job_outcome *outcome,
				unsigned int i)
{
	const char *problem = check_event_region(job, outcome, i);

	if (!problem)
		problem = check_bits(job, outcome, i);
	if (problem || job_is_coarse(outcome))
		return problem;
	return i ? check_bytes(job, forecast, outcome, i) :
		   check_source_bytes(job, forecast, outcome);
}

/* ---- that it could be so ------------------------------------------------- */

/* An error is one of the device's. */
static bool error_is_possible(const struct job_region_forecast *forecast,
			      int error)
{
	for (unsigned int i = 0; i < forecast->nr_errors; i++)
		if (forecast->errors[i] == error)
			return true;
	return false;
}

static const char *check_bad(const struct random_job *job,
			     const struct job_region_forecast *forecast,
			     const struct kcopyd_extent *extent)
{
	const uint64_t first = extent->offset / SECTOR;
	const uint64_t end = first + extent->length / SECTOR;
	bool some = false;

	if (forecast->flush_may_fail)
		return NULL;
	if (!error_is_possible(forecast, extent->error))
		return job_problem("%s: where does %d come from?",
				   region_name(extent->region), extent->error);
	for (uint64_t at = first; at < end; at++) {
		bool may = forecast->sectors[at] & JOB_MAY_FAIL;

		some |= may;
		if (!may && job->plan.retry != KCOPYD_RETRY_NONE)
			return job_problem("%s: sector %lu is good",
					   region_name(extent->region), at);
	}
	return some ? NULL :
		      job_problem("%s: all of %lu..%lu is good",
				  region_name(extent->region), first, end);
}

/* Both ends of a request were looked at, and found bad. */
static bool is_enclosed(const struct random_job *job,
			const struct job_outcome *outcome,
			const struct kcopyd_extent *extent)
{
	const uint8_t *found = outcome->found[extent->region];
	const uint64_t first = extent->offset / SECTOR;
	const uint64_t end = first + extent->length / SECTOR;

	return first && found[first - 1] && end < job->sectors && found[end];
}

static const char *check_untried(const struct random_job *job,
				 const struct job_forecast *forecast,
				 const struct job_outcome *outcome,
				 const struct kcopyd_extent *extent)
{
	const struct job_region_forecast *region =
		&forecast->regions[extent->region];

	if (found_of(extent) == JOB_STOPPED)
		return forecast->may_stop ? NULL :
					    "there was nothing to stop it";
	if (extent->error == -ETIMEDOUT && extent->region && forecast->may_drop)
		return NULL;
	if (!region->may_fail)
		return job_problem("%s: given up without an error",
				   region_name(extent->region));
	if (forecast->may_stop || region->may_leave)
		return NULL;
	if (job->plan.retry == KCOPYD_RETRY_EDGES &&
	    is_enclosed(job, outcome, extent))
		return NULL;
	return job_problem("%s: %llu+%llu untried without need",
			   region_name(extent->region), extent->offset,
			   extent->length);
}

static const char *check_differs(const struct random_job *job,
				 const struct job_region_forecast *forecast,
				 const struct kcopyd_extent *extent)
{
	const uint64_t first = extent->offset / SECTOR;
	const uint64_t end = first + extent->length / SECTOR;

	for (uint64_t at = first; at < end; at++) {
		uint64_t in_block = 0;

		at -= at % job->block;
		for (; in_block < job->block; in_block++)
			if (forecast->sectors[at + in_block] & JOB_DIFFERS)
				break;
		if (in_block == job->block)
			return job_problem("region %u: sector %lu is the same",
					   extent->region, at);
		at += job->block - 1;
	}
	return NULL;
}

static const char *check_extent(const struct random_job *job,
				const struct job_forecast *forecast,
				const struct job_outcome *outcome,
				const struct kcopyd_extent *extent)
{
	switch (extent->kind) {
	case KCOPYD_EXTENT_BAD:
		return check_bad(job, &forecast->regions[extent->region],
				 extent);
	case KCOPYD_EXTENT_DIFFERS:
		return check_differs(job, &forecast->regions[extent->region],
				     extent);
	default:
		return check_untried(job, forecast, outcome, extent);
	}
}

/* ---- that nothing is missed ---------------------------------------------- */

/* A sector that is in no extent of a destination's must have been done. */
static const char *check_named(const struct random_job *job,
			       const struct job_forecast *forecast,
			       const struct job_outcome *outcome,
			       unsigned int i, uint64_t at)
{
	const uint8_t is = forecast->regions[i].sectors[at];
	const bool left_out = outcome->found[0][at] &&
			      !(job->plan.flags & KCOPYD_SUBMIT_ZERO_BAD);

	if (outcome->found[i][at])
		return NULL;
	if (forecast->regions[0].sectors[at] & JOB_MUST_FAIL &&
	    !outcome->found[0][at])
		return job_problem("source: bad sector %lu is not named", at);
	if (is & JOB_MUST_FAIL && !left_out)
		return job_problem("region %u: bad sector %lu is not named", i,
				   at);
	if (is & JOB_DIFFERS && !left_out)
		return job_problem("region %u: sector %lu differs, not named",
				   i, at);
	return NULL;
}

static const char *check_missed(const struct random_job *job,
				const struct job_forecast *forecast,
				const struct job_outcome *outcome)
{
	const char *problem = NULL;

	for (unsigned int i = 1; !problem && i < job->nr; i++)
		for (uint64_t at = 0; !problem && at < job->sectors; at++)
			problem = check_named(job, forecast, outcome, i, at);
	return problem;
}

/* One that stays is flushed, unless nobody waits for that. */
static const char *check_flush(const struct random_job *job,
			       const struct job_forecast *forecast,
			       const struct job_outcome *outcome,
			       unsigned int i)
{
	if (!forecast->regions[i].flush_must_fail || job->cancelled ||
	    outcome->regions[i].flags & KCOPYD_REGION_DETACHED)
		return NULL;
	if (!job_outcome_has(job, outcome, i, ~(1U << JOB_BAD)))
		return NULL;
	return job_problem("region %u: that it was not flushed is not named",
			   i);
}

const char *job_outcome_check(const struct random_job *job,
			      const struct job_forecast *forecast,
			      struct job_outcome *outcome)
{
	const char *problem = find_extents(job, outcome);

	if (!problem)
		problem = check_event_extents(job, outcome);
	if (!problem)
		problem = check_status(job, outcome);
	for (unsigned int i = 0; !problem && i < job->nr; i++)
		problem = check_region(job, forecast, outcome, i);
	for (unsigned int i = 0;
	     !problem && i < outcome->nr_extents && !job_is_coarse(outcome);
	     i++)
		problem = check_extent(job, forecast, outcome,
				       &outcome->extents[i]);
	for (unsigned int i = 1; !problem && i < job->nr; i++)
		problem = check_flush(job, forecast, outcome, i);
	return problem ?: check_missed(job, forecast, outcome);
}
