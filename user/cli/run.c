// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The job of a copy: submitted, watched, cancelled if need be, until the
 * module says that it is done and has let go of the devices.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "copy.h"
#include "display.h"
#include "result.h"
#include "service.h"

#define POLL_MS 100
#define NSEC_PER_SEC 1000000000ULL

struct run {
	struct plan *plan;
	struct copy_result *result;
	struct kcopy *kcopy;
	uint64_t job;
	struct progress progress;
	struct display display;
	bool cancelled;
};

static volatile sig_atomic_t signals;

/*
 * The second one ends the program at once, by a signal: the module makes a
 * plain exit wait for I/O in flight, but not a killed process. A shell sees 130.
 */
static void on_signal(int number)
{
	static const char text[] = "\nkcopyctl: copy: aborted\n";
	ssize_t put;

	sigset_t mask;

	(void)number;
	if (!signals++)
		return;
	put = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)put;
	signal(SIGINT, SIG_DFL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	raise(SIGINT);
}

/* Without SA_RESTART, so that a submit that takes its time ends, too. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static int complain_refusal(const struct plan *plan, int err,
			    const struct kcopy_refusal *refusal)
{
	const char *text = kcopy_reason_string(refusal->reason);
	char name[512];

	if (refusal->reason == KCOPYD_REASON_NONE)
		complain("the module refused the copy: %s", strerror(-err));
	else if (refusal->region > plan->nr_dests)
		complain("the module refused the copy: %s", text);
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

	close(plan->source.fd);
	plan->source.fd = -1;
	for (i = 0; i < plan->nr_dests; i++) {
		close(plan->dests[i].fd);
		plan->dests[i].fd = -1;
	}
}

static int submit(struct run *run)
{
	struct plan *plan = run->plan;
	struct kcopy_target dests[KCOPYD_MAX_DESTS];
	struct kcopy_request request = {
		.source = { plan->source.fd, plan->source.offset },
		.dests = dests,
		.nr_dests = plan->nr_dests,
		.flags = plan->options->submit_flags,
		.length = plan->length,
		.limits.depth = plan->options->depth,
		.chunk = plan->options->chunk,
		.memory = plan->options->memory,
	};
	struct kcopy_refusal refusal;
	unsigned int i;
	int err;

	for (i = 0; i < plan->nr_dests; i++)
		dests[i] = (struct kcopy_target){ plan->dests[i].fd,
						  plan->dests[i].offset };
	err = kcopy_submit(run->kcopy, &request, &run->job, &refusal);
	if (err)
		return complain_refusal(plan, err, &refusal);
	close_devices(plan);
	return 0;
}

static int update_status(struct run *run)
{
	return kcopy_status(run->kcopy, run->job, &run->result->status,
			    run->result->regions, KCOPYD_MAX_REGIONS);
}

/* As far as the slowest of those that have not failed. */
static uint64_t bytes_done(const struct copy_result *result)
{
	uint64_t least = UINT64_MAX;
	unsigned int i;

	for (i = 0; i + 1 < result->status.nr_regions; i++) {
		if (!bit(result->status.write_err, i) &&
		    result->regions[i + 1].bytes < least)
			least = result->regions[i + 1].bytes;
	}
	return least == UINT64_MAX ? result->regions[0].bytes : least;
}

static void show_progress(struct run *run, bool final)
{
	const struct kcopyd_status *status = &run->result->status;

	run->progress.state = kcopy_state_string(status->state);
	run->progress.failed = __builtin_popcountll(status->write_err);
	progress_add(&run->progress, now_ns(), bytes_done(run->result));
	display_show(&run->display, &run->progress, run->job, final);
}

static void cancel(struct run *run)
{
	run->cancelled = true;
	display_clear(&run->display);
	complain(
		"interrupted: waiting for the I/O in flight (again: leave it to the kernel)");
	kcopy_cancel(run->kcopy, run->job, 0);
}

/* Until its "done": only then are the devices nobody's. */
static int watch(struct run *run)
{
	struct kcopyd_event event;
	int got;

	for (;;) {
		if (signals && !run->cancelled)
			cancel(run);
		got = kcopy_next_event(run->kcopy, &event, POLL_MS);
		if (got < 0 && got != -EINTR) {
			display_clear(&run->display);
			complain("reading events failed: %s", strerror(-got));
			return EXIT_FAILED;
		}
		if (got > 0 && event.type == KCOPYD_EVENT_DONE &&
		    event.job == run->job)
			return 0;
		if (!update_status(run))
			show_progress(run, false);
	}
}

static int collect(struct run *run)
{
	struct copy_result *result = run->result;
	int err = update_status(run);

	if (!err)
		err = kcopy_extents(run->kcopy, run->job, &result->extents,
				    &result->nr_extents);
	if (!err)
		show_progress(run, true);
	display_clear(&run->display);
	if (err) {
		complain("asking for the result of job %" PRIu64 " failed: %s",
			 run->job, strerror(-err));
		return EXIT_FAILED;
	}
	return exit_of_result(result->status.code, result->status.complete);
}

int copy_run(struct plan *plan, struct copy_result *result)
{
	struct run run = { .plan = plan, .result = result };
	int code;

	*result = (struct copy_result){};
	code = open_service(&run.kcopy);
	if (code)
		return code;
	catch_signals();
	code = submit(&run);
	if (!code) {
		progress_init(&run.progress, plan->length);
		progress_add(&run.progress, now_ns(), 0);
		display_init(&run.display, plan->options);
		code = watch(&run);
		if (!code)
			code = collect(&run);
	}
	kcopy_close(run.kcopy);
	return code;
}
