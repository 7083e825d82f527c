/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job is followed to its end, with progress and signals. */
#ifndef _KCOPYCTL_FOLLOW_H
#define _KCOPYCTL_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include "display.h"
#include "outcome.h"

/* From now on the first SIGINT, SIGTERM or SIGHUP only makes follow() end. */
void follow_catch_signals(void);

/* Whether one came. */
bool follow_interrupted(void);

/**
 * struct tracker - how progress is shown, of one job or several in a row
 * @progress: of all of them
 * @display: where
 * @base: bytes that were done before the job
 * @failed: destinations that failed before it
 * @tick: called often while it runs; false: it is to be cut short; or NULL
 * @context: of @tick
 */
struct tracker {
	struct progress progress;
	struct display display;
	uint64_t base;
	unsigned int failed;
	bool (*tick)(void *context);
	void *context;
};

/* @done of @total bytes are. */
void tracker_init(struct tracker *tracker,
		  const struct display_options *options, uint64_t total,
		  uint64_t done);

/* So many bytes of the job are done now; not every call is shown. */
void tracker_show(struct tracker *tracker, uint64_t job, uint64_t bytes);

/* The last that is shown; then the line is free for others. */
void tracker_end(struct tracker *tracker, uint64_t job);

/**
 * follow - until a job has ended, and let go of its devices
 * @kcopy: a handle
 * @job: its number
 * @mine: it was submitted by that handle: a signal cancels it; otherwise a
 *	signal only ends the waiting
 * @tracker: how progress is shown
 * @outcome: where to put what came of it; with extents to be freed
 *
 * Return: an exit code, EXIT_COMPLETE if @outcome is that of a job that is
 * over, whatever came of it; otherwise it has complained
 */
int follow(struct kcopy *kcopy, uint64_t job, bool mine,
	   struct tracker *tracker, struct outcome *outcome);

#endif /* _KCOPYCTL_FOLLOW_H */
