// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking at a device again and again. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cleanup.h"
#include "cli.h"
#include "heatmap.h"
#include "pace.h"

#define NSEC_PER_SEC 1000000000ULL

/**
 * struct watch - while it goes on
 * @before: the last look
 * @after: the newest one
 * @delta: between them
 * @start_ns: of the first look
 * @pace: of the looks
 */
struct watch {
	struct kcopy_observer *observer;
	const struct heat_text *text;
	struct heat_scale scale;
	struct kcopy_heat before;
	struct kcopy_heat after;
	struct kcopy_heat delta;
	uint64_t start_ns;
	struct pace pace;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Until the next look is due; false: a signal came. */
static bool wait_for_next(struct watch *watch)
{
	enum pace_event event;

	do {
		event = pace_wait(&watch->pace, -1, 0);
	} while (event == PACE_LOOK);
	return event == PACE_DUE;
}

/* A device without I/O yet stays as it was. */
static int look(struct watch *watch)
{
	AUTO_FREE struct kcopy_heat *all = NULL;
	struct kcopy_heat *heat = &watch->after;
	size_t nr, i;
	int err;

	err = kcopy_observer_heat(watch->observer, &all, &nr);
	if (err) {
		complain("reading the maps failed: %s", strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	for (i = 0; i < nr; i++) {
		if (all[i].major == heat->major && all[i].minor == heat->minor)
			*heat = all[i];
	}
	return EXIT_COMPLETE;
}

static void show(const struct watch *watch, uint64_t ns)
{
	struct heat_cell cells[KCOPYD_HEAT_BUCKETS];
	size_t columns = heat_text_columns(watch->text), nr;

	nr = heat_fold(&watch->delta,
		       heat_buckets_a_cell(&watch->delta, columns), cells);
	heat_text_line(watch->text, ns, cells, nr, &watch->scale);
}

static int sample(struct watch *watch, struct heat_history *history)
{
	uint64_t ns;
	int code;

	watch->before = watch->after;
	code = look(watch);
	if (code)
		return code;
	ns = now_ns() - watch->start_ns;
	heat_delta(&watch->before, &watch->after, &watch->delta);
	heat_history_add(history, &watch->delta, ns);
	show(watch, ns);
	return EXIT_COMPLETE;
}

static int put_head(const struct watch *watch,
		    const struct heat_subject *subject)
{
	struct heat_grid grid;

	if (heat_grid_init(&grid, &subject->heat,
			   heat_text_columns(watch->text), 1)) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	heat_text_head(watch->text, subject->name, &grid, &watch->scale);
	heat_grid_free(&grid);
	return EXIT_COMPLETE;
}

/* What is cut short by a signal is a row, too. */
static int run(struct watch *watch, const struct heatmap_options *options,
	       struct heat_history *history)
{
	bool goes_on = true;
	uint64_t i = 0;
	int code = EXIT_COMPLETE;

	while (!code && goes_on && !ferror(watch->text->file) &&
	       (!options->count || i < options->count)) {
		i++;
		goes_on = wait_for_next(watch);
		code = sample(watch, history);
	}
	if (!code && !goes_on && options->count && i < options->count)
		code = EXIT_INTERRUPTED;
	return code;
}

int heatmap_watch(struct kcopy_observer *observer,
		  const struct heat_subject *subject,
		  const struct heatmap_options *options,
		  const struct heat_text *text, struct heat_history *history)
{
	AUTO_FREE struct watch *watch = calloc(1, sizeof(*watch));
	int code;

	if (!watch || heat_history_init(history, &subject->heat)) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	watch->observer = observer;
	watch->text = text;
	watch->after = subject->heat;
	heat_scale_usual(&watch->scale, options->what);
	code = put_head(watch, subject);
	if (code)
		return code;
	watch->start_ns = now_ns();
	pace_init(&watch->pace, options->interval_ns, options->interval_ns);
	code = look(watch);
	return code ? code : run(watch, options, history);
}
