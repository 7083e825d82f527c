// SPDX-License-Identifier: GPL-2.0-or-later
/* Random jobs in words. */
#include <stdarg.h>

#include "job_random.h"

const char *job_problem(const char *format, ...)
{
	static char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static void describe_flags(FILE *out, uint32_t flags)
{
	static const char *const names[] = {
		"ignore-error", "write-seq", "detach-failed", "no-flush",
		"detach",	"skip-bad",  "zero-bad",      "keep-failed",
		"sparse",	"verify",    "compare",	      "reset-zones",
		"fail-fast",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (flags >> i & 1)
			fprintf(out, " %s", names[i]);
}

static void describe_options(FILE *out, const struct job_plan *plan)
{
	static const char *const retries[] = { "none", "edges", "bisect" };
	static const char *const slow[] = { "uncouple", "wait", "drop" };

	fprintf(out, ", retry %s", retries[plan->retry]);
	if (plan->retry_budget)
		fprintf(out, " budget %u", plan->retry_budget);
	fprintf(out, ", on-slow %s", slow[plan->on_slow]);
	if (plan->chunk)
		fprintf(out, ", chunk %u", plan->chunk);
	if (plan->depth)
		fprintf(out, ", depth %u", plan->depth);
	if (plan->memory)
		fprintf(out, ", memory %lu", plan->memory);
	if (plan->rate)
		fprintf(out, ", rate %lu", plan->rate);
	if (plan->percent)
		fprintf(out, ", percent %u", plan->percent);
	if (plan->checksum)
		fprintf(out, ", checksum");
	if (plan->ioprio)
		fprintf(out, ", ioprio %#x", plan->ioprio);
}

static void describe_regions(FILE *out, const struct random_job *job,
			     const struct job_disks *disks)
{
	for (unsigned int i = !job->has_source; i < job->nr; i++) {
		const struct job_range *range = &job->regions[i];

		fprintf(out, "%s%s %lu",
			i == 1 ? " -> " :
			i      ? ", " :
				 ": ",
			strrchr(disks->disks[range->disk].model.path, '/') + 1,
			range->first);
	}
}

static void describe_actions(FILE *out, const struct random_job *job)
{
	static const char *const names[] = { "cancel", "pause", "resume",
					     "limit", "close" };

	fprintf(out, "; descriptor %u", job->descriptor);
	for (unsigned int i = 0; i < job->nr_actions; i++) {
		const struct job_action *action = &job->actions[i];

		fprintf(out, "; %s at %u ms", names[action->kind],
			action->at_ms);
		if (action->kind == JOB_LIMIT)
			fprintf(out, " to %lu/%u/%u", action->rate,
				action->percent, action->depth);
	}
}

/* What it said became of it, if it was asked already. */
static void describe_outcome(FILE *out, const struct job_outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;

	fprintf(out, "; code %d, read_err %u, write_err %#llx, complete %#llx",
		status->code, status->read_err, status->write_err,
		status->complete);
	for (unsigned int i = 0; i < status->nr_regions; i++)
		fprintf(out, ", %llu bytes", outcome->regions[i].bytes);
	for (unsigned int i = 0; i < outcome->nr_extents; i++) {
		const struct kcopyd_extent *extent = &outcome->extents[i];

		fprintf(out, "; region %u kind %u %llu+%llu error %d",
			extent->region, extent->kind, extent->offset / SECTOR,
			extent->length / SECTOR, extent->error);
	}
}

/* Those of others on the same disks may matter, too. */
static void describe_faults(FILE *out, const struct job_disks *disks)
{
	for (unsigned int i = 0; i < disks->nr_faults; i++) {
		const struct job_fault *fault = &disks->faults[i];

		fprintf(out, "; %s %lu+%lu: ops %#x fail",
			strrchr(disks->disks[fault->disk].model.path, '/') + 1,
			fault->first, fault->count, fault->ops);
		if (fault->times)
			fprintf(out, " %u times", fault->times);
		fprintf(out, ", errno %d", fault->error);
	}
}

char *job_describe(const struct random_job *job, const struct job_disks *disks,
		   const struct job_outcome *outcome)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(out);
	fprintf(out, "%s of %lu sectors, flags",
		job_compares(job) ? "compare" :
		job->has_source	  ? "copy" :
				    "zero",
		job->sectors);
	describe_flags(out, job->plan.flags);
	describe_options(out, &job->plan);
	describe_regions(out, job, disks);
	describe_actions(out, job);
	describe_faults(out, disks);
	if (outcome && outcome->status.job == job->id)
		describe_outcome(out, outcome);
	fclose(out);
	return text;
}
