// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of random jobs, by kinds, so that none is missing unseen. */
#include "job_random.h"

/* @from: that many jobs are as good as sure to show it. */
static const struct {
	const char *name;
	unsigned int from;
} kinds[JOB_KINDS] = {
	[JOB_GOOD_END] = { "good", 50 },
	[JOB_FAILED] = { "failed", 50 },
	[JOB_CANCELLED] = { "cancelled", 200 },
	[JOB_EMPTY] = { "empty", 1000 },
	[JOB_COPY_ONE] = { "good copies to one", 100 },
	[JOB_COPY_SEVERAL] = { "to several", 150 },
	[JOB_ZEROES] = { "of zeroes", 300 },
	[JOB_COMPARED_SAME] = { "compared: same", 600 },
	[JOB_COMPARED_OTHER] = { "other", 200 },
	[JOB_VERIFIED] = { "verified", 200 },
	[JOB_SPARSE] = { "sparse", 200 },
	[JOB_DIGEST] = { "with a digest", 150 },
	[JOB_IN_ORDER] = { "in order", 500 },
	[JOB_SKIPPED_BAD] = { "bad sources skipped", 300 },
	[JOB_ZEROED_BAD] = { "made zeroes", 600 },
	[JOB_BAD_NONE] = { "bad, retry none", 200 },
	[JOB_BAD_EDGES] = { "edges", 200 },
	[JOB_BAD_BISECT] = { "bisect", 200 },
	[JOB_MIDDLE_UNTRIED] = { "untried between edges", 500 },
	[JOB_BAD_SOURCE] = { "bad source", 200 },
	[JOB_BAD_DEST] = { "bad destination", 100 },
	[JOB_LOST] = { "given up", 500 },
	[JOB_KEPT_FAILED] = { "kept though failed", 300 },
	[JOB_LEFT_OTHERS] = { "left to others", 300 },
	[JOB_BAD_FLUSH] = { "bad flush", 1000 },
	[JOB_UNCOUPLED] = { "uncoupled", 2000 },
	[JOB_DROPPED] = { "dropped", 2000 },
	[JOB_PAUSED] = { "paused", 300 },
	[JOB_DESERTED] = { "closed", 500 },
	[JOB_OUTLIVED] = { "detached, closed", 1000 },
};

static bool dest_has(const struct random_job *job,
		     const struct job_outcome *outcome, unsigned int kind)
{
	for (unsigned int i = 1; i < job->nr; i++)
		if (job_outcome_has(job, outcome, i, 1U << kind))
			return true;
	return false;
}

static bool has(const struct random_job *job, const struct job_outcome *outcome,
		unsigned int kind)
{
	return job_outcome_has(job, outcome, 0, 1U << kind) ||
	       dest_has(job, outcome, kind);
}

static void count(struct job_tally *tally, enum job_kind kind, bool is)
{
	tally->nr[kind] += is;
}

static void count_ends(struct job_tally *tally, const struct random_job *job,
		       const struct kcopyd_status *status)
{
	count(tally, JOB_GOOD_END, !status->code);
	count(tally, JOB_FAILED, status->code == -EIO);
	count(tally, JOB_CANCELLED, status->code == -ECANCELED);
	count(tally, JOB_EMPTY, !job->sectors);
	count(tally, JOB_DIGEST, status->digest_len);
	count(tally, JOB_PAUSED,
	      job_was_in_state(&job->result, KCOPYD_STATE_PAUSED));
	count(tally, JOB_DESERTED, job->deserted && status->code == -ECANCELED);
	count(tally, JOB_OUTLIVED,
	      job->deserted && status->submit_flags & KCOPYD_SUBMIT_DETACH &&
		      status->code != -ECANCELED);
}

static void count_good(struct job_tally *tally, const struct random_job *job)
{
	const uint32_t flags = job->plan.flags;

	if (job_compares(job)) {
		count(tally, JOB_COMPARED_SAME, true);
		return;
	}
	count(tally, JOB_ZEROES, !job->has_source);
	count(tally, JOB_COPY_ONE, job->has_source && job->nr == 2);
	count(tally, JOB_COPY_SEVERAL, job->has_source && job->nr > 2);
	count(tally, JOB_VERIFIED, flags & KCOPYD_SUBMIT_VERIFY);
	count(tally, JOB_SPARSE, flags & KCOPYD_SUBMIT_SPARSE);
	count(tally, JOB_IN_ORDER, flags & KCOPYD_SUBMIT_WRITE_SEQ);
}

static void count_errors(struct job_tally *tally, const struct random_job *job,
			 const struct job_outcome *outcome)
{
	const bool zero_bad = job->plan.flags & KCOPYD_SUBMIT_ZERO_BAD;
	const bool bad_source = job_outcome_has(job, outcome, 0, 1 << JOB_BAD);
	const bool bad_dest = dest_has(job, outcome, JOB_BAD);
	const bool untried = has(job, outcome, JOB_UNTRIED);
	const bool edges = job->plan.retry == KCOPYD_RETRY_EDGES;

	count(tally, JOB_COMPARED_OTHER, dest_has(job, outcome, JOB_OTHER));
	count(tally, JOB_BAD_SOURCE, bad_source);
	count(tally, JOB_BAD_DEST, bad_dest);
	count(tally, JOB_SKIPPED_BAD,
	      bad_source && job_skips_bad(job) && !zero_bad);
	count(tally, JOB_ZEROED_BAD,
	      bad_source && zero_bad && outcome->status.complete);
	if (bad_source || bad_dest)
		count(tally, JOB_BAD_NONE + job->plan.retry, true);
	count(tally, JOB_MIDDLE_UNTRIED,
	      untried && edges && !job_detaches(job));
	count(tally, JOB_LOST, untried && !edges && !job_detaches(job));
	count(tally, JOB_KEPT_FAILED, bad_dest && job_keeps(job));
}

static bool is_whole(const struct random_job *job,
		     const struct job_outcome *outcome, unsigned int region,
		     unsigned int kind)
{
	return job->sectors &&
	       !job_outcome_has(job, outcome, region, ~(1U << kind));
}

static void count_region(struct job_tally *tally, const struct random_job *job,
			 const struct job_outcome *outcome, unsigned int i)
{
	const struct kcopyd_region_status *region = &outcome->regions[i];
	const bool detached = region->flags & KCOPYD_REGION_DETACHED;

	count(tally, JOB_UNCOUPLED, region->flags & KCOPYD_REGION_UNCOUPLED);
	count(tally, JOB_LEFT_OTHERS, detached && outcome->status.complete);
	count(tally, JOB_DROPPED,
	      detached && region->error == -ETIMEDOUT && !region->errors);
	count(tally, JOB_BAD_FLUSH,
	      is_whole(job, outcome, i, JOB_BAD) && !job_compares(job) &&
		      region->bytes == job->plan.length);
}

void job_tally_add(struct job_tally *tally, const struct random_job *job,
		   const struct job_outcome *outcome)
{
	count_ends(tally, job, &outcome->status);
	if (!outcome->status.code && job->sectors)
		count_good(tally, job);
	count_errors(tally, job, outcome);
	for (unsigned int i = 1; i < job->nr; i++)
		count_region(tally, job, outcome, i);
}

void job_tally_tell(const struct job_tally *tally)
{
	char line[128] = "";

	for (unsigned int i = 0; i < JOB_KINDS; i++) {
		const size_t at = strlen(line);

		snprintf(line + at, sizeof(line) - at, "%u %s, ", tally->nr[i],
			 kinds[i].name);
		if (strlen(line) < 60 && i + 1 < JOB_KINDS)
			continue;
		cr_log_info("%.*s\n", (int)strlen(line) - 2, line);
		*line = 0;
	}
}

/* Who is slow shows only where others are fast. */
static bool is_expected(enum job_kind kind, unsigned int jobs)
{
	if (kind == JOB_UNCOUPLED || kind == JOB_DROPPED)
		jobs = rig_scaled(jobs, 0);
	return jobs >= kinds[kind].from;
}

const char *job_tally_lacks(const struct job_tally *tally, unsigned int jobs)
{
	for (unsigned int i = 0; i < JOB_KINDS; i++)
		if (is_expected(i, jobs) && !tally->nr[i])
			return kinds[i].name;
	return NULL;
}
