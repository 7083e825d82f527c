// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl top */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>
#include "cli.h"
#include "frame.h"
#include "observing.h"
#include "pace.h"
#include "top.h"

#define NSEC_PER_SEC 1000000000ULL
#define MIN_INTERVAL_NS 10000000ULL
#define MAX_INTERVAL_NS (86400 * NSEC_PER_SEC)
#define BATCH_WIDTH 80

static const char help[] =
	"Watch all copies live: rates, latency, errors of each region or device.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl top                      on the terminal, q ends it, h helps\n"
	"  kcopyctl top --devices -s p99     devices, the slowest first\n"
	"  kcopyctl top -b -n 10 -i 5s >log  ten frames of text, 5 seconds each\n"
	"  kcopyctl top --json | jq -c '.regions[] | select(.errors_new > 0)'\n"
	"\n"
	"Options:\n"
	"  -a, --all             finished jobs and idle devices, too\n"
	"  -d, --devices         a row a device, not a row a region of a job\n"
	"  -s, --sort NAME       job (or device), rate, requests, p50, p99, errors,\n"
	"                        inflight (job)\n"
	"  -i, --interval TIME   between two frames, 10ms..1d (1s)\n"
	"  -n, --iterations N    end after so many frames\n"
	"  -b, --batch           plain text on stdout, an empty line between frames\n"
	"  -J, --json            JSON on stdout, a line a frame\n"
	"  -h, --help            this text\n"
	"\n"
	"Keys: q quit, d or Tab jobs or devices, f running or all, s next order,\n"
	"arrows, PgUp and PgDn more of them, h help. Rates are those of the last interval, and so are P50 and P99, or of\n"
	"all so far when there was nothing in it. NO_COLOR is honoured.\n"
	"Exit: 0 q or the last frame, 4 no statistics, 5 nobody reads the output,\n"
	"130 a signal.\n";

struct options {
	struct top_look look;
	uint64_t iterations; /* 0: no end */
	bool batch;
	bool json;
	bool help;
};

static int interval_option(const char *text, uint64_t *ns)
{
	if (kcopy_parse_duration(text, ns))
		return usage_error(
			"--interval: '%s' is not a time (as 500ms, 2s, 1m)",
			text);
	if (*ns < MIN_INTERVAL_NS || *ns > MAX_INTERVAL_NS)
		return usage_error("--interval: %s is not in 10ms..1d", text);
	return 0;
}

static int sort_option(const char *text, enum top_sort *sort)
{
	struct word words[TOP_SORTS + 2] = { { "device", TOP_SORT_NAME } };
	int i, found, code;

	for (i = 0; i < TOP_SORTS; i++)
		words[i + 1] = (struct word){ top_sort_name(i), i };
	code = word_option("--sort", text, words, &found);
	if (!code)
		*sort = found;
	return code;
}

static int set_option(int opt, char *argv[], struct options *options)
{
	switch (opt) {
	case 'a':
		options->look.all = true;
		return 0;
	case 'd':
		options->look.devices = true;
		return 0;
	case 's':
		return sort_option(optarg, &options->look.sort);
	case 'i':
		return interval_option(optarg, &options->look.interval_ns);
	case 'n':
		return number_option("--iterations", optarg, 1, UINT64_MAX,
				     &options->iterations);
	case 'b':
		options->batch = true;
		return 0;
	case 'J':
		options->json = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		return bad_option(opt, argv);
	}
}

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "devices", no_argument, NULL, 'd' },
		{ "sort", required_argument, NULL, 's' },
		{ "interval", required_argument, NULL, 'i' },
		{ "iterations", required_argument, NULL, 'n' },
		{ "batch", no_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code = 0;

	while (!code && !options->help &&
	       (opt = next_option(argc, argv, ":ads:i:n:bJh", longs)) != -1)
		code = set_option(opt, argv, options);
	return code || options->help ? code : no_operands(argc, argv);
}

static void print_text(const struct options *options,
		       const struct top_model *model, bool first)
{
	struct frame frame = { .width = BATCH_WIDTH };

	top_draw(&frame, model, &options->look);
	if (!first)
		putchar('\n');
	frame_print(&frame, stdout);
	frame_free(&frame);
}

/* Whole frames, and each at once; what can't be written ends it. */
static int print(const struct options *options, struct top_model *model,
		 bool first)
{
	int code = EXIT_COMPLETE;

	top_model_sort(model, options->look.sort);
	if (options->json)
		code = json_print_line(top_json(model));
	else
		print_text(options, model, first);
	return fflush(stdout) ? EXIT_FAILED : code;
}

static int batch(const struct options *options, struct top_watch *watch)
{
	const struct top_look *look = &options->look;
	struct pace pace;
	uint64_t shown = 0;
	int err, code = 0;

	pace_init(&pace, look->interval_ns, look->interval_ns);
	err = top_watch_next(watch, look->all);
	while (!err && !code &&
	       (!options->iterations || shown < options->iterations)) {
		switch (pace_wait(&pace, STDOUT_FILENO, 0)) {
		case PACE_STOP:
			return EXIT_INTERRUPTED;
		case PACE_LOOK:
			continue;
		default:
			/* A reader that has gone shows when it is written to. */
			err = top_watch_next(watch, look->all);
			if (!err)
				code = print(options, &watch->model, !shown++);
		}
	}
	return err ? complain_observer(err) : code;
}

static int on_terminal(struct options *options)
{
	struct kcopy_observer *observer;
	int code;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return usage_error(
			"standard %s is not a terminal: -b prints text, --json JSON",
			isatty(STDOUT_FILENO) ? "input" : "output");
	/* Before the screen is taken, so that what is wrong can be read. */
	code = open_observer(&observer);
	if (code)
		return code;
	kcopy_observer_close(observer);
	return top_screen(&options->look, options->iterations);
}

int verb_top(int argc, char *argv[])
{
	struct options options = { .look.interval_ns = NSEC_PER_SEC };
	struct top_watch watch = {};
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	if (!options.batch && !options.json)
		return on_terminal(&options);
	code = batch(&options, &watch);
	top_watch_free(&watch);
	return code;
}
