/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doing something at equal intervals, until a signal comes. */
#ifndef _KCOPYCTL_PACE_H
#define _KCOPYCTL_PACE_H

#include <signal.h>
#include <stdint.h>

enum pace_event {
	PACE_DUE, /* it is time */
	PACE_LOOK, /* there is input, or the terminal's size is another */
	PACE_GONE, /* nobody is at the other end of the descriptor */
	PACE_STOP, /* SIGINT, SIGTERM or SIGHUP */
};

struct pace {
	uint64_t interval_ns;
	uint64_t due_ns;
	sigset_t waiting; /* blocked while it waits */
};

/*
 * The first time is due after FIRST_NS. Signals are caught from here on, and
 * come while it waits and at no other time.
 */
void pace_init(struct pace *pace, uint64_t first_ns, uint64_t interval_ns);

/* Wait; FD is looked at for EVENTS as poll() knows them. */
enum pace_event pace_wait(struct pace *pace, int fd, short events);

#endif /* _KCOPYCTL_PACE_H */
