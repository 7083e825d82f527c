// SPDX-License-Identifier: GPL-2.0-or-later
/* One look at the maps after the other. */
#include "top.h"

/* Opened each time, so that statistics that are loaded anew are seen. */
static int read_now(struct top_watch *watch, bool all)
{
	struct kcopy_observer *observer;
	int err;

	err = kcopy_observer_open(&observer);
	if (err)
		return err;
	snapshot_free(&watch->now);
	err = snapshot_read(observer, all, &watch->now);
	kcopy_observer_close(observer);
	return err;
}

int top_watch_again(struct top_watch *watch, bool all)
{
	const bool known = watch->before.time_ns;
	int err;

	err = read_now(watch, all);
	if (err)
		return err;
	top_model_free(&watch->model);
	return top_model_make(&watch->model, known ? &watch->before : NULL,
			      &watch->now, all);
}

int top_watch_next(struct top_watch *watch, bool all)
{
	snapshot_free(&watch->before);
	watch->before = watch->now;
	watch->now = (struct snapshot){};
	return top_watch_again(watch, all);
}

void top_watch_free(struct top_watch *watch)
{
	snapshot_free(&watch->before);
	snapshot_free(&watch->now);
	top_model_free(&watch->model);
}
