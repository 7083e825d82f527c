// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space asks for beside the devices: checked, with a reason for what
 * makes no sense, and put into the engine's terms.
 */
#include <linux/blkdev.h>
#include <linux/capability.h>
#include <linux/ioprio.h>

#include "options.h"

#define NOT_IN_ORDER (KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_KEEP_FAILED)
#define NOT_COMPARED                                           \
	(KCOPYD_SUBMIT_SPARSE | KCOPYD_SUBMIT_ZERO_BAD |       \
	 KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_RESET_ZONES | \
	 KCOPYD_SUBMIT_VERIFY)

static const struct {
	u32 submit;
	unsigned int engine;
} flag_map[] = {
	{ KCOPYD_SUBMIT_IGNORE_ERROR, KCOPYD_IGNORE_ERROR },
	{ KCOPYD_SUBMIT_WRITE_SEQ, KCOPYD_WRITE_SEQ },
	{ KCOPYD_SUBMIT_DETACH_FAILED, KCOPYD_DETACH_FAILED },
	{ KCOPYD_SUBMIT_SKIP_BAD, KCOPYD_SKIP_BAD },
	{ KCOPYD_SUBMIT_ZERO_BAD, KCOPYD_ZERO_BAD | KCOPYD_SKIP_BAD },
	{ KCOPYD_SUBMIT_KEEP_FAILED, KCOPYD_KEEP_FAILED },
	{ KCOPYD_SUBMIT_SPARSE, KCOPYD_SPARSE },
	{ KCOPYD_SUBMIT_VERIFY, KCOPYD_VERIFY },
	{ KCOPYD_SUBMIT_COMPARE, KCOPYD_COMPARE },
	{ KCOPYD_SUBMIT_RESET_ZONES, KCOPYD_RESET_ZONES },
	{ KCOPYD_SUBMIT_FAIL_FAST, KCOPYD_FAIL_FAST },
};

/**
 * kc_options_conflict - do flags exclude each other
 * @flags: KCOPYD_SUBMIT_*
 *
 * Writes in order leave no gaps, so that nothing may be left out: neither what
 * could not be written, nor what could not be read.
 */
bool kc_options_conflict(u32 flags)
{
	if (flags & KCOPYD_SUBMIT_WRITE_SEQ &&
	    (flags & NOT_IN_ORDER || (flags & KCOPYD_SUBMIT_SKIP_BAD &&
				      !(flags & KCOPYD_SUBMIT_ZERO_BAD))))
		return true;
	if (flags & KCOPYD_SUBMIT_DETACH_FAILED &&
	    flags & KCOPYD_SUBMIT_KEEP_FAILED)
		return true;
	return flags & KCOPYD_SUBMIT_COMPARE && flags & NOT_COMPARED;
}

/* As ioprio_set(2) takes it, and from whom: 0, -EINVAL, -EPERM. */
static int check_ioprio(u32 ioprio)
{
	if (!ioprio)
		return 0;
	if (ioprio > U16_MAX || !ioprio_valid(ioprio))
		return -EINVAL;
	if (IOPRIO_PRIO_CLASS(ioprio) == IOPRIO_CLASS_RT &&
	    !capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
		return -EPERM;
	return 0;
}

/* Of what is read to be copied, and of nothing else. */
static bool checksum_valid(const struct kcopyd_submit *args)
{
	if (!args->checksum)
		return true;
	return args->checksum <= KCOPYD_CHECKSUM_SHA256 &&
	       args->source.fd != -1 && !(args->flags & KCOPYD_SUBMIT_COMPARE);
}

static bool options_valid(const struct kcopyd_submit *args)
{
	return IS_ALIGNED(args->chunk, SECTOR_SIZE) &&
	       args->depth <= KCOPYD_MAX_DEPTH && args->percent <= 100 &&
	       args->retry <= KCOPYD_RETRY_BISECT &&
	       args->on_slow <= KCOPYD_SLOW_DROP && checksum_valid(args);
}

/**
 * kc_options_check - look at what needs no device to be seen as nonsense
 * @args: of the ioctl
 * @why: reason of a refusal
 */
int kc_options_check(const struct kcopyd_submit *args, struct kc_refusal *why)
{
	int err;

	if (args->flags & ~KCOPYD_SUBMIT_FLAGS ||
	    kc_options_conflict(args->flags))
		return kc_refuse(why, KCOPYD_REASON_FLAGS, -EINVAL);
	if (args->pad)
		return kc_refuse(why, KCOPYD_REASON_PAD, -EINVAL);
	if (!args->nr_dests || args->nr_dests > KCOPYD_MAX_DESTS)
		return kc_refuse(why, KCOPYD_REASON_NR_DESTS, -EINVAL);
	if (!options_valid(args))
		return kc_refuse(why, KCOPYD_REASON_OPTION, -EINVAL);
	err = check_ioprio(args->ioprio);
	if (err == -EPERM)
		return kc_refuse(why, KCOPYD_REASON_PERMISSION, err);
	return err ? kc_refuse(why, KCOPYD_REASON_OPTION, err) : 0;
}

static unsigned int engine_flags(u32 flags)
{
	unsigned int i, engine = 0;

	for (i = 0; i < ARRAY_SIZE(flag_map); i++)
		if (flags & flag_map[i].submit)
			engine |= flag_map[i].engine;
	/* Where nothing is written there is nothing to be flushed. */
	if (!(flags & (KCOPYD_SUBMIT_NO_FLUSH | KCOPYD_SUBMIT_COMPARE)))
		engine |= KCOPYD_FLUSH;
	return engine;
}

/**
 * kc_options_to_request - put options into the engine's terms
 * @args: of the ioctl, checked
 * @rq: its regions and callbacks are left alone
 */
void kc_options_to_request(const struct kcopyd_submit *args,
			   struct kcopyd_request *rq)
{
	rq->flags = engine_flags(args->flags);
	rq->chunk = args->chunk >> SECTOR_SHIFT;
	rq->limits = (struct kcopyd_limits){
		.rate = args->rate,
		.percent = args->percent,
		.depth = args->depth,
	};
	rq->retry = args->retry;
	rq->retry_budget = args->retry_budget;
	rq->on_slow = args->on_slow;
	rq->checksum = args->checksum;
	rq->ioprio = args->ioprio;
}

/**
 * kc_options_control - steer a job
 * @args: of the ioctl
 * @job: the job, running or not
 *
 * Return: 0, -EINVAL.
 */
int kc_options_control(const struct kcopyd_control *args,
		       struct kcopyd_job *job)
{
	const struct kcopyd_limits limits = {
		.rate = args->rate,
		.percent = args->percent,
		.depth = args->depth,
	};

	if (args->op == KCOPYD_CONTROL_LIMIT)
		return kcopyd_job_limit(job, &limits);
	if (args->rate || args->percent || args->depth)
		return -EINVAL;
	if (args->op == KCOPYD_CONTROL_PAUSE)
		kcopyd_job_pause(job);
	else if (args->op == KCOPYD_CONTROL_RESUME)
		kcopyd_job_resume(job);
	else
		return -EINVAL;
	return 0;
}
