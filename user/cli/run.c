// SPDX-License-Identifier: GPL-2.0-or-later
/* The job of a copy: submitted, and followed unless it is left alone. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include "cli.h"
#include "copy.h"
#include "follow.h"
#include "service.h"

/* What the module calls region 1 is the first of those that take part. */
static unsigned int target_of(const struct plan *plan, uint64_t dests,
			      unsigned int region)
{
	unsigned int i;

	for (i = 0; region && i < plan->nr_dests; i++)
		if ((!dests || dests >> i & 1) && !--region)
			return i + 1;
	return region ? UINT_MAX : 0;
}

static int complain_refusal(struct plan *plan, uint64_t dests, int err,
			    const struct kcopy_refusal *refusal)
{
	const char *text = kcopy_reason_string(refusal->reason);
	unsigned int target = target_of(plan, dests, refusal->region);
	char name[512];

	plan->refused = target == UINT_MAX ? 0 : target;
	if (refusal->reason == KCOPYD_REASON_NONE)
		complain("the module refused the job: %s", strerror(-err));
	else if (target == UINT_MAX || !plan_region(plan, target)->device)
		complain("the module refused the job: %s", text);
	else
		complain(
			"%s: %s",
			kcopy_device_describe(plan_region(plan, target)->device,
					      name, sizeof(name)),
			text);
	return exit_of_refusal(refusal->reason, err);
}

static unsigned int put_dests(const struct plan *plan,
			      const struct copy_range *range,
			      struct kcopy_target *dests)
{
	unsigned int i, nr = 0;

	for (i = 0; i < plan->nr_dests; i++)
		if (!range->dests || range->dests >> i & 1)
			dests[nr++] =
				(struct kcopy_target){ plan->dests[i].fd,
						       plan->dests[i].offset +
							       range->from };
	return nr;
}

int copy_submit(struct plan *plan, struct kcopy *kcopy,
		const struct copy_range *range, uint64_t *job)
{
	const struct copy_options *options = plan->options;
	struct kcopy_target dests[KCOPYD_MAX_DESTS];
	struct kcopy_request request = {
		.source = { plan->source.fd,
			    plan->source.device ?
				    plan->source.offset + range->from :
				    0 },
		.dests = dests,
		.nr_dests = put_dests(plan, range, dests),
		.flags = options->submit_flags | range->flags,
		.length = range->length,
		.limits = {
			.rate = options->rate,
			.percent = options->percent,
			.depth = options->depth,
		},
		.chunk = options->chunk,
		.retry = range->retry,
		.retry_budget = range->retry_budget,
		.on_slow = options->on_slow,
		.checksum = options->checksum,
		.ioprio = options->ioprio,
		.memory = options->memory,
	};
	struct kcopy_refusal refusal;
	int err;

	err = kcopy_submit(kcopy, &request, job, &refusal);
	if (err)
		return complain_refusal(plan, range->dests, err, &refusal);
	plan->started = true;
	return 0;
}

static int copy_whole(struct plan *plan, struct kcopy *kcopy,
		      struct outcome *outcome)
{
	const struct copy_options *options = plan->options;
	const struct copy_range range = {
		.length = plan->length,
		.retry = options->retry,
	};
	struct tracker tracker;
	uint64_t job;
	int code;

	code = copy_submit(plan, kcopy, &range, &job);
	if (code)
		return code;
	/* The module has references of its own: ours would keep them open. */
	plan_close(plan);
	if (options->submit_flags & KCOPYD_SUBMIT_DETACH) {
		outcome->status.job = job;
		return 0;
	}
	tracker_init(&tracker, &options->display, plan->length, 0);
	code = follow(kcopy, job, true, &tracker, outcome);
	if (!code)
		tracker_end(&tracker, job);
	return code;
}

int copy_run(struct plan *plan, struct outcome *outcome)
{
	struct kcopy *kcopy;
	int code;

	code = open_service(&kcopy);
	if (code)
		return code;
	if (follow_interrupted()) {
		complain("interrupted: nothing was begun");
		code = EXIT_INTERRUPTED;
	} else {
		code = copy_whole(plan, kcopy, outcome);
	}
	kcopy_close(kcopy);
	return code;
}
