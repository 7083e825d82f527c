// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread of a program, and what it has for itself. */
#include <err.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "device.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* So that no call of a program waits for longer. */
#define TICK_US 10000

static struct lane lanes[NR_LANES];
static _Thread_local struct lane *current;
static _Thread_local timer_t timer;
static _Thread_local bool has_timer;
static _Thread_local int fail_file = -1;

void lanes_create(bool tell)
{
	for (unsigned int i = 0; i < NR_LANES; i++)
		lanes[i] = (struct lane){
			.number = i,
			.memory = memory_create(),
			.more = memory_create(),
			.tell = tell,
		};
}

struct lane *lane_get(unsigned int number)
{
	return &lanes[number];
}

struct lane *lane_current(void)
{
	return current;
}

static void on_tick(int number)
{
	(void)number;
}

static void timer_open(void)
{
	struct sigaction action = { .sa_handler = on_tick };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
		.sigev_notify_thread_id = syscall(SYS_gettid),
	};

	sigaction(SIGUSR1, &action, NULL);
	has_timer = !timer_create(CLOCK_MONOTONIC, &event, &timer);
}

void lane_tick(uint64_t us)
{
	struct itimerspec when = {};

	us = us < 500 ? 500 : us > 200000 ? 200000 : us;
	when.it_interval.tv_nsec = us * 1000;
	when.it_value = when.it_interval;
	if (has_timer)
		timer_settime(timer, 0, &when, NULL);
}

void lane_enter(struct lane *lane)
{
	current = lane;
	timer_open();
	lane_tick(TICK_US);
	coverage_enter(lane->number);
}

void lane_tell(const struct lane *lane, const struct call *call, long ret)
{
	struct program one = { .nr = 1, .calls = { *call } };
	char text[PROGRAM_TEXT];

	journal->calls[call->op]++;
	if (ret >= 0)
		journal->good[call->op]++;
	if (!lane->tell)
		return;
	text[program_print(&one, text) - 1] = 0;
	printf("  %u: %s -> %ld%s%s\n", lane->number, text, ret,
	       ret < 0 ? " " : "", ret < 0 ? strerror(-ret) : "");
	fflush(stdout);
}

void lane_fail(uint64_t nth)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lu", nth % 1024);

	if (fail_file < 0)
		fail_file =
			open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_file < 0)
		return;
	if (nth)
		journal->failing = true;
	/* What takes it back may fail of it, and it is gone with that. */
	if (write(fail_file, text, n) != n && nth)
		problem("fail-nth: %s", strerror(errno));
}
