// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A job is followed to its end. Who has submitted it gets its events, and waits
 * for "done", with which the devices are nobody's again. Others ask for its
 * state, which says so at the same time.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "follow.h"

#define POLL_MS 100
#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MS 1000000ULL

struct follow {
	struct kcopy *kcopy;
	uint64_t job;
	bool mine;
	struct outcome *outcome;
	struct tracker *tracker;
	uint64_t looked_ns;
	unsigned int state;
	bool cancelled;
};

static volatile sig_atomic_t signals;

/*
 * The second one ends the program at once, by a signal: the module makes a
 * plain exit wait for I/O in flight, but not a killed process. A shell sees 130.
 */
static void on_signal(int number)
{
	static const char text[] = "\nkcopyctl: aborted\n";
	sigset_t mask;
	ssize_t put;

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

static volatile sig_atomic_t wants_line;

static void on_usr1(int number)
{
	(void)number;
	wants_line = 1;
}

/* Whoever ignores it, as nohup does, wants us to go on. */
static void catch_one(int number, const struct sigaction *action)
{
	struct sigaction old;

	if (!sigaction(number, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(number, action, NULL);
}

/* Without SA_RESTART, so that a submit that takes its time ends, too. */
void follow_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction usr1 = { .sa_handler = on_usr1,
				  .sa_flags = SA_RESTART };

	catch_one(SIGINT, &action);
	catch_one(SIGTERM, &action);
	catch_one(SIGHUP, &action);
	sigaction(SIGUSR1, &usr1, NULL);
}

bool follow_interrupted(void)
{
	return signals;
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* Reading back starts from the beginning: so does its progress. */
static void enter_state(struct follow *follow)
{
	const struct kcopyd_status *status = &follow->outcome->status;

	if (status->state == KCOPYD_STATE_VERIFYING &&
	    follow->state != KCOPYD_STATE_VERIFYING)
		progress_init(&follow->tracker->progress, status->length);
	follow->state = status->state;
	follow->tracker->progress.state = kcopy_state_string(status->state);
	follow->tracker->progress.failed =
		follow->tracker->failed +
		__builtin_popcountll(status->write_err);
}

static void find_lag(struct follow *follow)
{
	struct progress *progress = &follow->tracker->progress;
	unsigned int region = 0;
	char node[PATH_MAX];

	progress->lag = outcome_lag(follow->outcome, &region);
	snprintf(progress->slowest, sizeof(progress->slowest), "%s",
		 outcome_path(follow->outcome, region, node, sizeof(node)));
}

void tracker_show(struct tracker *tracker, uint64_t job, uint64_t bytes)
{
	progress_add(&tracker->progress, now_ns(), tracker->base + bytes);
	if (wants_line) {
		wants_line = 0;
		display_line(&tracker->display, &tracker->progress);
	}
	display_show(&tracker->display, &tracker->progress, job, false);
}

static void show(struct follow *follow)
{
	enter_state(follow);
	find_lag(follow);
	tracker_show(follow->tracker, follow->job,
		     outcome_bytes(follow->outcome));
}

/* Not after every event: a checksum makes many. */
static int look(struct follow *follow)
{
	int err;

	if (now_ns() - follow->looked_ns < POLL_MS * NSEC_PER_MS / 2)
		return 0;
	err = outcome_update(follow->outcome, follow->kcopy, follow->job);
	if (!err)
		show(follow);
	follow->looked_ns = now_ns();
	return err;
}

/* 1: it is over, 0: not yet; or -errno. */
static int next(struct follow *follow)
{
	struct kcopyd_event event;
	int got, err;

	if (!follow->mine) {
		err = look(follow);
		if (err || follow->state == KCOPYD_STATE_DONE)
			return err ? err : 1;
		usleep(POLL_MS * 1000);
		return 0;
	}
	got = kcopy_next_event(follow->kcopy, &event, POLL_MS);
	if (got < 0 && got != -EINTR)
		return got;
	if (got > 0 && event.job == follow->job) {
		if (follow->outcome->take_event)
			follow->outcome->take_event(&event,
						    follow->outcome->taker);
		if (event.type == KCOPYD_EVENT_DONE)
			return 1;
	}
	look(follow);
	return 0;
}

/* 0: goes on, to its end. */
static int on_interrupt(struct follow *follow)
{
	if (follow->cancelled)
		return 0;
	follow->cancelled = true;
	display_clear(&follow->tracker->display);
	if (!follow->mine) {
		complain("interrupted: job %" PRIu64
			 " goes on ('kcopyctl cancel %" PRIu64 "' stops it)",
			 follow->job, follow->job);
		return EXIT_INTERRUPTED;
	}
	complain(
		"interrupted: waiting for the I/O in flight (again: leave it to the kernel)");
	kcopy_cancel(follow->kcopy, follow->job, 0);
	return 0;
}

static void tick(struct follow *follow)
{
	struct tracker *tracker = follow->tracker;

	if (follow->cancelled || !tracker->tick ||
	    tracker->tick(tracker->context))
		return;
	follow->cancelled = true;
	kcopy_cancel(follow->kcopy, follow->job, 0);
}

static int watch(struct follow *follow)
{
	int got, code;

	do {
		code = signals ? on_interrupt(follow) : 0;
		if (code)
			return code;
		tick(follow);
		got = next(follow);
	} while (!got);
	if (got > 0)
		return 0;
	display_clear(&follow->tracker->display);
	complain("watching job %" PRIu64 " failed: %s", follow->job,
		 strerror(-got));
	return EXIT_FAILED;
}

void tracker_init(struct tracker *tracker,
		  const struct display_options *options, uint64_t total,
		  uint64_t done)
{
	*tracker = (struct tracker){};
	progress_init(&tracker->progress, total);
	display_init(&tracker->display, options);
	progress_add(&tracker->progress, now_ns(), done);
}

void tracker_end(struct tracker *tracker, uint64_t job)
{
	display_show(&tracker->display, &tracker->progress, job, true);
	display_clear(&tracker->display);
}

int follow(struct kcopy *kcopy, uint64_t job, bool mine,
	   struct tracker *tracker, struct outcome *outcome)
{
	struct follow follow = {
		.kcopy = kcopy,
		.job = job,
		.mine = mine,
		.tracker = tracker,
		.outcome = outcome,
	};
	int code, err;

	code = watch(&follow);
	if (code)
		return code;
	err = outcome_get(outcome, kcopy, job);
	if (!err)
		show(&follow);
	if (!err)
		return 0;
	display_clear(&tracker->display);
	complain("asking for the result of job %" PRIu64 " failed: %s", job,
		 strerror(-err));
	return EXIT_FAILED;
}
