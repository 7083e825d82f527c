// SPDX-License-Identifier: GPL-2.0-or-later
/* Doing something at equal intervals, until a signal comes. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>
#include "pace.h"

#define NSEC_PER_SEC 1000000000ULL

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* A signal between two looks at it would be slept over otherwise. */
static void catch_signals(sigset_t *waiting)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal }, old;
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGWINCH);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		/* Whoever ignores it, as nohup does, wants us to go on. */
		sigaction(numbers[i], NULL, &old);
		if (old.sa_handler == SIG_IGN)
			continue;
		sigaction(numbers[i], &action, NULL);
		sigaddset(&blocked, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, waiting);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigdelset(waiting, numbers[i]);
	sigdelset(waiting, SIGWINCH);
}

void pace_init(struct pace *pace, uint64_t first_ns, uint64_t interval_ns)
{
	pace->interval_ns = interval_ns;
	pace->due_ns = now_ns() + first_ns;
	catch_signals(&pace->waiting);
}

/* Who was late does not catch up: the next interval is a whole one. */
static void advance(struct pace *pace, uint64_t now)
{
	pace->due_ns += pace->interval_ns;
	if (pace->due_ns <= now)
		pace->due_ns = now + pace->interval_ns;
}

enum pace_event pace_wait(struct pace *pace, int fd, short events)
{
	struct pollfd poll = { .fd = fd, .events = events };
	uint64_t now = now_ns(), left;
	struct timespec time;
	int got;

	left = pace->due_ns > now ? pace->due_ns - now : 0;
	time.tv_sec = left / NSEC_PER_SEC;
	time.tv_nsec = left % NSEC_PER_SEC;
	got = ppoll(&poll, 1, &time, &pace->waiting);
	if (stopped)
		return PACE_STOP;
	if (got < 0)
		return PACE_LOOK;
	if (poll.revents & (POLLERR | POLLHUP | POLLNVAL))
		return PACE_GONE;
	if (poll.revents)
		return PACE_LOOK;
	advance(pace, now_ns());
	return PACE_DUE;
}
