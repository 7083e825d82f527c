// SPDX-License-Identifier: GPL-2.0-or-later
/* The job of a copy: submitted, and followed unless it is left alone. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "copy.h"
#include "follow.h"
#include "service.h"

static int complain_refusal(const struct plan *plan, int err,
			    const struct kcopy_refusal *refusal)
{
	const char *text = kcopy_reason_string(refusal->reason);
	char name[512];

	if (refusal->reason == KCOPYD_REASON_NONE)
		complain("the module refused the job: %s", strerror(-err));
	else if (refusal->region > plan->nr_dests ||
		 !plan_region(plan, refusal->region)->device)
		complain("the module refused the job: %s", text);
	else
		complain("%s: %s",
			 kcopy_device_describe(
				 plan_region(plan, refusal->region)->device,
				 name, sizeof(name)),
			 text);
	return exit_of_refusal(refusal->reason, err);
}

/* The module has its own references from here on: ours would keep them open. */
static void close_devices(struct plan *plan)
{
	unsigned int i;

	if (plan->source.fd >= 0)
		close(plan->source.fd);
	plan->source.fd = -1;
	for (i = 0; i < plan->nr_dests; i++) {
		close(plan->dests[i].fd);
		plan->dests[i].fd = -1;
	}
}

static int submit(struct plan *plan, struct kcopy *kcopy, uint64_t *job)
{
	const struct copy_options *options = plan->options;
	struct kcopy_target dests[KCOPYD_MAX_DESTS];
	struct kcopy_request request = {
		.source = { plan->source.fd, plan->source.offset },
		.dests = dests,
		.nr_dests = plan->nr_dests,
		.flags = options->submit_flags,
		.length = plan->length,
		.limits = {
			.rate = options->rate,
			.percent = options->percent,
			.depth = options->depth,
		},
		.chunk = options->chunk,
		.retry = options->retry,
		.on_slow = options->on_slow,
		.checksum = options->checksum,
		.ioprio = options->ioprio,
		.memory = options->memory,
	};
	struct kcopy_refusal refusal;
	unsigned int i;
	int err;

	for (i = 0; i < plan->nr_dests; i++)
		dests[i] = (struct kcopy_target){ plan->dests[i].fd,
						  plan->dests[i].offset };
	err = kcopy_submit(kcopy, &request, job, &refusal);
	if (err)
		return complain_refusal(plan, err, &refusal);
	plan->started = true;
	close_devices(plan);
	return 0;
}

int copy_run(struct plan *plan, struct outcome *outcome)
{
	const struct copy_options *options = plan->options;
	struct kcopy *kcopy;
	uint64_t job;
	int code;

	code = open_service(&kcopy);
	if (code)
		return code;
	if (follow_interrupted()) {
		complain("interrupted: nothing was begun");
		code = EXIT_INTERRUPTED;
	} else {
		code = submit(plan, kcopy, &job);
	}
	if (!code && options->submit_flags & KCOPYD_SUBMIT_DETACH)
		outcome->status.job = job;
	else if (!code)
		code = follow(kcopy, job, true, &options->display, outcome);
	kcopy_close(kcopy);
	return code;
}
