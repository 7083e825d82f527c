// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a program: in a process of its own, with threads and another one. */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "device.h"

static long (*const acts[NR_OPS])(const struct call *) = {
	[OP_OPEN] = act_open,	      [OP_CLOSE] = act_close,
	[OP_DUP] = act_dup,	      [OP_NONBLOCK] = act_nonblock,
	[OP_INFO] = ioctl_info,	      [OP_SUBMIT] = ioctl_submit,
	[OP_CANCEL] = ioctl_cancel,   [OP_CONTROL] = ioctl_control,
	[OP_STATUS] = ioctl_status,   [OP_EXTENTS] = ioctl_extents,
	[OP_IOCTL] = ioctl_other,     [OP_READ] = act_read,
	[OP_POLL] = act_poll,	      [OP_MMAP] = act_mmap,
	[OP_OTHER] = act_other,	      [OP_PASS] = act_pass,
	[OP_SLEEP] = act_sleep,	      [OP_SETTLE] = act_settle,
	[OP_USER] = act_user,	      [OP_SHUT] = act_shut,
	[OP_DIRTY] = act_dirty,	      [OP_SUSPEND] = act_suspend,
	[OP_READONLY] = act_readonly, [OP_PARAMETER] = act_parameter,
};

/**
 * struct part - calls of a program that are made one after the other
 * @lane: of the thread that makes them
 * @calls: the first one
 * @nr: of them
 */
struct part {
	struct lane *lane;
	const struct call *calls;
	unsigned int nr;
};

static struct part threads[LANE_FORKED];
static pthread_t thread_ids[LANE_FORKED];
static unsigned int nr_threads;
static pid_t forked;

static void run_part(const struct part *part);

static void *thread_main(void *context)
{
	const struct part *part = context;

	lane_enter(part->lane);
	run_part(part);
	return NULL;
}

/* Only the program itself starts any, and not more than there are lanes. */
static void thread_start(const struct call *calls, unsigned int nr)
{
	unsigned int i = LANE_THREAD + nr_threads;

	if (i >= LANE_FORKED)
		return;
	threads[i] = (struct part){ lane_get(i), calls, nr };
	if (!pthread_create(&thread_ids[i], NULL, thread_main, &threads[i]))
		nr_threads++;
}

static void fork_start(const struct call *calls, unsigned int nr)
{
	struct part part = { lane_get(LANE_FORKED), calls, nr };

	if (forked)
		return;
	forked = fork();
	if (forked)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	lane_enter(part.lane);
	run_part(&part);
	slots_close();
	_exit(0);
}

/* Returns how many of the calls behind it are somebody else's. */
static unsigned int run_others(const struct part *part, unsigned int i)
{
	const struct call *call = &part->calls[i];
	unsigned int left = part->nr - i - 1;
	unsigned int nr = call->args[A_CALLS] < left ? call->args[A_CALLS] :
						       left;

	if (part->lane->number != LANE_MAIN || !nr)
		return 0;
	if (call->op == OP_THREAD)
		thread_start(call + 1, nr);
	else
		fork_start(call + 1, nr);
	return nr;
}

static void run_part(const struct part *part)
{
	for (unsigned int i = 0; i < part->nr; i++) {
		const struct call *call = &part->calls[i];

		if (call->op == OP_THREAD || call->op == OP_FORK)
			i += run_others(part, i);
		else if (call->op == OP_TICK)
			lane_tick(call->args[A_TIME]);
		else
			lane_tell(part->lane, call, acts[call->op](call));
	}
}

static void wait_for_all(void)
{
	for (unsigned int i = 0; i < nr_threads; i++)
		pthread_join(thread_ids[LANE_THREAD + i], NULL);
	while (forked > 0 && waitpid(forked, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Descriptors are closed here and not by the exit, so that this is seen. */
void execute(const struct program *program)
{
	struct part all = { lane_get(LANE_MAIN), program->calls, program->nr };

	lane_enter(all.lane);
	run_part(&all);
	wait_for_all();
	slots_close();
	_exit(0);
}
