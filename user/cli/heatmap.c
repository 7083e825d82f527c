// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl heatmap */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "heatmap.h"
#include "observing.h"
#include "picture_file.h"

#define DEFAULT_WIDTH 80
#define TEXT_ROWS 16

static const char help[] =
	"Show what happened where on a device: latency, errors, requests.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl heatmap                       every device, a line each\n"
	"  kcopyctl heatmap /dev/sdb              one, from its start to its end\n"
	"  kcopyctl heatmap /dev/sdb --what=errors --png errors.png\n"
	"  kcopyctl heatmap /dev/sdb --interval 2s --svg copy.svg   until Ctrl-C\n"
	"\n"
	"Options:\n"
	"      --what WHAT      latency (mean, the default), max (latency), errors, ios\n"
	"      --max            the same as --what=max\n"
	"  -i, --interval TIME  from now on, a line for each interval (1s)\n"
	"  -n, --count N        so many intervals; without: until Ctrl-C\n"
	"  -d, --duration TIME  for so long\n"
	"      --svg FILE       draw a picture, too; with --interval one over time\n"
	"      --png FILE       likewise\n"
	"      --color WHEN     auto (on a terminal, without NO_COLOR), always, never\n"
	"  -J, --json           as JSON, every bucket that had I/O\n"
	"  -h, --help           this text\n"
	"\n"
	"DEVICE is any path to it, or MAJOR:MINOR. Without, and if there was I/O on\n"
	"one only, it is that one. A device has 4096 equal buckets, or fewer of 1 MiB;\n"
	"a cell shows several neighbours: sums are added, the greatest latency stays.\n"
	"A request counts in each bucket that it covers. JSON has all of them, by\n"
	"offset, in devices[].buckets; the list of devices counts each request once.\n"
	"Counted is from 'kcopyctl load' on. A greatest latency can't be told of an\n"
	"interval: with --interval the mean is shown instead. Exit 4: no statistics,\n"
	"or nothing was counted of this device; 130: ended before --count was.\n";

/* ---- pictures ----------------------------------------------------------- */

struct pictures {
	struct picture_file svg;
	struct picture_file png;
};

static int open_pictures(struct pictures *pictures,
			 const struct heatmap_options *options)
{
	int code = EXIT_COMPLETE;

	if (options->svg)
		code = picture_file_open(&pictures->svg, options->svg,
					 CANVAS_SVG);
	if (!code && options->png)
		code = picture_file_open(&pictures->png, options->png,
					 CANVAS_PNG);
	return code;
}

static void close_pictures(struct pictures *pictures)
{
	picture_file_close(&pictures->svg);
	picture_file_close(&pictures->png);
}

static int finish_pictures(struct pictures *pictures,
			   const struct heat_picture *picture)
{
	int code = picture_file_finish(&pictures->svg, picture);

	return code ? code : picture_file_finish(&pictures->png, picture);
}

static void time_text(time_t when, char *text, size_t size)
{
	struct tm local;

	localtime_r(&when, &local);
	strftime(text, size, "%Y-%m-%d %H:%M:%S %z", &local);
}

static unsigned int percent(size_t part, size_t all)
{
	return part ? (part * 100 + all - 1) / all : 0;
}

/* In cells: a request that covers several is counted in each. */
static void total_text(const struct heat_grid *grid, char *text, size_t size)
{
	char mean[KCOPY_FORMAT_MAX], max[KCOPY_FORMAT_MAX];
	size_t i, len, used = 0, failed = 0;
	struct heat_cell total = {};

	for (i = 0; i < grid->nr; i++) {
		heat_cell_add(&total, &grid->cells[i]);
		used += grid->cells[i].ios > 0;
		failed += grid->cells[i].errors > 0;
	}
	len = snprintf(text, size,
		       "I/O in %u %% of the cells, errors in %zu, mean %s",
		       percent(used, grid->nr), failed,
		       kcopy_format_time(heat_value(&total, HEAT_MEAN), mean));
	if (total.lat_max_ns && len < size)
		snprintf(text + len, size - len, ", greatest %s",
			 kcopy_format_time(total.lat_max_ns, max));
}

/* @when: words about the time. */
static int draw_pictures(struct pictures *pictures,
			 const struct heat_subject *subject,
			 const struct heat_grid *grid, enum heat_what what,
			 const uint64_t *end_ns, const char *when)
{
	char title[256], about[512], totals[256];
	char size[KCOPY_FORMAT_MAX], cell[KCOPY_FORMAT_MAX], total[192];

	snprintf(title, sizeof(title), "%s: %s", subject->name,
		 heat_what_text(what));
	snprintf(about, sizeof(about), "%s%s%s, a cell is %s", subject->about,
		 *subject->about ? ", " : "",
		 kcopy_format_size(grid->device_bytes, size),
		 kcopy_format_size(grid->cell_bytes, cell));
	total_text(grid, total, sizeof(total));
	snprintf(totals, sizeof(totals), "%.62s: %s", when, total);
	return finish_pictures(pictures, &(struct heat_picture){
						 .title = title,
						 .lines = { about, totals },
						 .what = what,
						 .grid = grid,
						 .end_ns = end_ns,
					 });
}

/* ---- the forms ---------------------------------------------------------- */

static unsigned int width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int number = columns ? atoi(columns) : 0;

	if (number > 0 && number < 10000)
		return number;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return DEFAULT_WIDTH;
	return size.ws_col;
}

static int out_of_memory(void)
{
	complain("out of memory");
	return EXIT_FAILED;
}

static int snapshot_pictures(const struct heat_subject *subject,
			     const struct heatmap_options *options,
			     struct pictures *pictures)
{
	const size_t columns = heat_square_columns(&subject->heat);
	char when[64], until[96];
	struct heat_grid grid;
	int code;

	if (heat_grid_init(&grid, &subject->heat, columns, KCOPYD_HEAT_BUCKETS))
		return out_of_memory();
	time_text(time(NULL), when, sizeof(when));
	snprintf(until, sizeof(until), "counted until %s", when);
	code = draw_pictures(pictures, subject, &grid, options->what, NULL,
			     until);
	heat_grid_free(&grid);
	return code;
}

static int snapshot(const struct heat_subject *subject,
		    const struct heatmap_options *options,
		    const struct heat_text *text, struct pictures *pictures)
{
	struct heat_grid grid;

	if (!options->json) {
		if (heat_grid_init(&grid, &subject->heat,
				   heat_text_columns(text), TEXT_ROWS))
			return out_of_memory();
		heat_text_grid(text, subject->name, &grid, options->what);
		heat_grid_free(&grid);
	}
	if (!options->svg && !options->png)
		return EXIT_COMPLETE;
	return snapshot_pictures(subject, options, pictures);
}

static int over_time(struct kcopy_observer *observer,
		     const struct heat_subject *subject,
		     struct heatmap_options *options,
		     const struct heat_text *text, struct pictures *pictures)
{
	struct heat_history history = {};
	char when[64], from[96];
	int code, drawn = EXIT_COMPLETE;

	if (options->what == HEAT_MAX) {
		complain(
			"the greatest latency of an interval can't be told: showing the mean");
		options->what = HEAT_MEAN;
	}
	time_text(time(NULL), when, sizeof(when));
	snprintf(from, sizeof(from), "from %s", when);
	code = heatmap_watch(observer, subject, options, text, &history);
	if ((!code || code == EXIT_INTERRUPTED) && history.grid.rows)
		drawn = draw_pictures(pictures, subject, &history.grid,
				      options->what, history.end_ns, from);
	heat_history_free(&history);
	return code ? code : drawn;
}

/* ---- the verb ----------------------------------------------------------- */

static int show_one(struct kcopy_observer *observer,
		    const struct kcopy_heat *heat, size_t nr,
		    struct heatmap_options *options,
		    const struct heat_text *text)
{
	AUTO_FREE struct heat_subject *subject = calloc(1, sizeof(*subject));
	struct pictures pictures = {};
	int code;

	if (!subject)
		return out_of_memory();
	code = heatmap_subject(subject, heat, nr, options);
	if (!code)
		code = open_pictures(&pictures, options);
	if (!code && options->interval_ns)
		code = over_time(observer, subject, options, text, &pictures);
	else if (!code)
		code = snapshot(subject, options, text, &pictures);
	if (!code && options->json)
		code = heatmap_json(observer, &subject->heat, 1);
	close_pictures(&pictures);
	return code;
}

static void complain_of_losses(struct kcopy_observer *observer)
{
	uint64_t counters[KCOPYD_COUNTERS];

	if (!kcopy_observer_counters(observer, counters) &&
	    counters[KCOPYD_COUNTER_LOST_HEAT])
		complain("not counted, since the map was full: %" PRIu64
			 " requests; 'kcopyctl unload' and 'load' begin anew",
			 counters[KCOPYD_COUNTER_LOST_HEAT]);
}

static int show(struct kcopy_observer *observer,
		struct heatmap_options *options)
{
	const struct heat_text text = { .file = stdout,
					.ink = options->ink,
					.width = width() };
	const bool all = !options->device && !options->interval_ns &&
			 !options->svg && !options->png;
	AUTO_FREE struct kcopy_heat *heat = NULL;
	size_t nr;
	int err;

	err = kcopy_observer_heat(observer, &heat, &nr);
	if (err) {
		complain("reading the maps failed: %s", strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	complain_of_losses(observer);
	if (all && options->json)
		return heatmap_json(observer, heat, nr);
	if (all && nr > 1)
		return heatmap_devices(observer, heat, nr, options, &text);
	return show_one(observer, heat, nr, options, &text);
}

int verb_heatmap(int argc, char *argv[])
{
	struct kcopy_observer *observer;
	struct heatmap_options options;
	int code;

	code = heatmap_parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	code = open_observer(&observer);
	if (code)
		return code;
	code = show(observer, &options);
	kcopy_observer_close(observer);
	return code;
}
