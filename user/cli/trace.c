// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl trace */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "trace.h"

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
/* So late at most a signal, or a loss with nothing after it, is noticed. */
#define POLL_MS 200
/* Events at a time, so that under a storm the rest gets its turn. */
#define AT_A_TIME 512
#define MAX_BUFFER (1ULL << 30)

static const char help[] =
	"Show what copies do, a line an event, as it happens.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl trace                      all events of all copies\n"
	"  kcopyctl trace --min-latency 100ms  only what is slow\n"
	"  kcopyctl trace --errors --json      only what fails, for a program\n"
	"  kcopyctl trace --device /dev/sdb --submit --duration 10s\n"
	"\n"
	"Options:\n"
	"      --job N             of this job alone; 0: direct dm-io calls\n"
	"      --device NODE       requests to this device alone\n"
	"      --min-latency TIME  requests that took at least so long\n"
	"      --errors            requests and jobs that failed\n"
	"      --events LIST       of job_submit, region, job_state, io_submit,\n"
	"                          io_done, throttle, job_done (all but io_submit)\n"
	"      --submit            io_submit, too: a request goes to its device\n"
	"  -n, --count N           end after so many events\n"
	"      --duration TIME     end after so long\n"
	"      --buffer SIZE       for events that are not shown yet (1M)\n"
	"  -J, --json              an object a line\n"
	"  -h, --help              this text\n"
	"\n"
	"TIME is in seconds since the trace began; in JSON time_ns is CLOCK_MONOTONIC.\n"
	"Queue is the wait in the engine, latency the time at the device. Words at the\n"
	"end: retry (a part of a request that failed), bisect (retried to find every\n"
	"bad block), verify (reads back), refused (the device does not offer it). Events for which\n"
	"there was no room are counted and told as lost. Filters work in the kernel.\n"
	"See kcopyd-tracepoints(7). Exit: 0 after --count or --duration, 130 after a\n"
	"signal, 4 no module or no permission, 5 nobody reads the output any more.\n";

struct options {
	struct kcopy_trace_filter filter;
	const char *device;
	uint64_t count; /* 0: no end */
	uint64_t duration_ns; /* 0: no end */
	bool submit;
	bool json;
	bool help;
};

enum {
	OPT_JOB = 256,
	OPT_DEVICE,
	OPT_MIN_LATENCY,
	OPT_ERRORS,
	OPT_EVENTS,
	OPT_SUBMIT,
	OPT_DURATION,
	OPT_BUFFER
};

/**
 * struct view - a trace that is being shown
 * @trace: the events
 * @form: how they are shown
 * @start_ns: when it began
 * @end_ns: when it ends; UINT64_MAX: it doesn't
 * @count: events to be shown
 * @shown: events that were
 * @batch: of these since the rest had its turn
 * @lost: events whose loss was told
 */
struct view {
	struct kcopy_trace *trace;
	const struct trace_form *form;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t count;
	uint64_t shown;
	unsigned int batch;
	uint64_t lost;
};

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/* Whoever ignores it, as nohup does, wants us to go on. */
static void catch_one(int number)
{
	struct sigaction action = { .sa_handler = on_signal }, old;

	if (!sigaction(number, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

/* Without SA_RESTART, so that a write to a full pipe ends, too. */
static void catch_signals(void)
{
	catch_one(SIGINT);
	catch_one(SIGTERM);
	catch_one(SIGHUP);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static int time_option(const char *name, const char *text, uint64_t *ns)
{
	int err = kcopy_parse_duration(text, ns);

	if (err == -ERANGE)
		return usage_error("%s: '%s' is too long", name, text);
	if (err || !*ns)
		return usage_error("%s: '%s' is not a time (as 20ms, 1s, 5m)",
				   name, text);
	return 0;
}

static int events_option(const char *list, uint32_t *types)
{
	struct word words[KCOPYD_TRACE_TYPES + 1] = {};
	AUTO_FREE char *text = strdup(list);
	char *word, *rest = text;
	int type, code = 0;

	for (type = 0; type < KCOPYD_TRACE_TYPES; type++)
		words[type] =
			(struct word){ kcopy_trace_type_string(type), type };
	while (!code && (word = strsep(&rest, ","))) {
		code = word_option("--events", word, words, &type);
		if (!code)
			*types |= 1U << type;
	}
	return code;
}

static int take_option(int opt, struct options *options)
{
	struct kcopy_trace_filter *filter = &options->filter;
	uint64_t size;
	int code;

	switch (opt) {
	case OPT_JOB:
		filter->by_job = true;
		return number_option("--job", optarg, 0, UINT64_MAX,
				     &filter->job);
	case OPT_DEVICE:
		filter->by_device = true;
		options->device = optarg;
		return 0;
	case OPT_MIN_LATENCY:
		return time_option("--min-latency", optarg,
				   &filter->min_latency_ns);
	case OPT_ERRORS:
		filter->errors = true;
		return 0;
	case OPT_EVENTS:
		return events_option(optarg, &filter->types);
	case OPT_SUBMIT:
		options->submit = true;
		return 0;
	case OPT_DURATION:
		return time_option("--duration", optarg, &options->duration_ns);
	case OPT_BUFFER:
		code = size_option("--buffer", optarg, &size);
		if (!code && (!size || size > MAX_BUFFER))
			return usage_error("--buffer: '%s' is not in 1..1G",
					   optarg);
		filter->buffer = size;
		return code;
	case 'n':
		return number_option("--count", optarg, 1, UINT64_MAX,
				     &options->count);
	case 'J':
		options->json = true;
		return 0;
	default:
		options->help = true;
		return 0;
	}
}

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "job", required_argument, NULL, OPT_JOB },
		{ "device", required_argument, NULL, OPT_DEVICE },
		{ "min-latency", required_argument, NULL, OPT_MIN_LATENCY },
		{ "errors", no_argument, NULL, OPT_ERRORS },
		{ "events", required_argument, NULL, OPT_EVENTS },
		{ "submit", no_argument, NULL, OPT_SUBMIT },
		{ "count", required_argument, NULL, 'n' },
		{ "duration", required_argument, NULL, OPT_DURATION },
		{ "buffer", required_argument, NULL, OPT_BUFFER },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code;

	while ((opt = next_option(argc, argv, ":n:Jh", longs)) != -1) {
		if (opt == '?' || opt == ':')
			return bad_option(opt, argv);
		code = take_option(opt, options);
		if (code || options->help)
			return code;
	}
	return no_operands(argc, argv);
}

static int find_device(struct options *options)
{
	struct kcopy_device *device;
	int err;

	if (!options->device)
		return 0;
	err = kcopy_device_probe(options->device, &device);
	if (err == -ENOTBLK) {
		complain("%s is not a block device", options->device);
		return EXIT_USAGE;
	}
	if (err) {
		complain("%s: %s", options->device, strerror(-err));
		return exit_of_errno(err);
	}
	options->filter.major = device->major;
	options->filter.minor = device->minor;
	kcopy_device_free(device);
	return 0;
}

/* --submit goes with what is shown anyway, or with what was chosen. */
static int complete_filter(struct options *options)
{
	static const struct kcopy_trace_filter everything;
	struct kcopy_trace_filter *filter = &options->filter;

	if (options->submit && !filter->types)
		filter->types = kcopy_trace_types(&everything);
	if (options->submit)
		filter->types |= 1U << KCOPYD_TRACE_IO_SUBMIT;
	if (!kcopy_trace_types(filter))
		return usage_error(
			"no event is left: --device, --min-latency and --errors take away those that they can't fit");
	return find_device(options);
}

static int show(const struct kcopyd_trace_event *event, void *context)
{
	struct view *view = context;

	view->form->event(event, view->start_ns);
	view->shown++;
	if (view->shown == view->count || ferror(stdout))
		return -ECANCELED;
	return ++view->batch < AT_A_TIME ? 0 : -EAGAIN;
}

static void show_losses(struct view *view)
{
	uint64_t lost;

	if (kcopy_trace_lost(view->trace, &lost) || lost <= view->lost)
		return;
	view->form->lost(lost - view->lost, lost);
	view->lost = lost;
}

/* Some events, and losses; negative: it is over. */
static int show_some(struct view *view)
{
	int got;

	view->batch = 0;
	got = kcopy_trace_read(view->trace, show, view);
	show_losses(view);
	fflush(stdout);
	return got == -EAGAIN && !ferror(stdout) ? (int)view->batch : got;
}

/* Until something happens; negative: nobody reads any more. */
static int wait_for_events(const struct view *view)
{
	struct pollfd fds[] = {
		{ .fd = kcopy_trace_fd(view->trace), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	const uint64_t now = now_ns();
	uint64_t ms = POLL_MS;

	if (now >= view->end_ns)
		return 0;
	if ((view->end_ns - now) / NSEC_PER_MSEC < ms)
		ms = (view->end_ns - now) / NSEC_PER_MSEC + 1;
	poll(fds, 2, ms);
	return fds[1].revents & (POLLERR | POLLHUP | POLLNVAL) ? -EPIPE : 0;
}

static int watch(struct view *view)
{
	int err;

	while (!signals && now_ns() < view->end_ns) {
		err = wait_for_events(view);
		if (!err)
			err = show_some(view);
		if (err < 0)
			return err;
	}
	/* What came before the end is shown, unless there is another signal. */
	kcopy_trace_stop(view->trace);
	do {
		err = show_some(view);
	} while (err > 0 && signals < 2);
	return err;
}

static int finish(struct view *view, int err)
{
	const bool unread = err == -EPIPE || ferror(stdout);

	kcopy_trace_stop(view->trace);
	if (signals && !unread) {
		view->form->end(view->shown, view->lost);
		return EXIT_INTERRUPTED;
	}
	if (unread) {
		if (!ferror(stdout))
			complain("nobody reads the output any more");
		return EXIT_FAILED;
	}
	if (err < 0 && err != -ECANCELED) {
		complain("reading events failed: %s", strerror(-err));
		return EXIT_FAILED;
	}
	view->form->end(view->shown, view->lost);
	return EXIT_COMPLETE;
}

static int run(const struct options *options)
{
	struct kcopy_explanation why;
	struct view view = {
		.form = options->json ? &trace_as_json : &trace_as_text,
		.count = options->count,
		.end_ns = UINT64_MAX,
		.start_ns = now_ns(),
	};
	int err, code;

	catch_signals();
	err = kcopy_trace_open(&options->filter, &view.trace, &why);
	if (err) {
		complain("%s", why.text);
		return EXIT_ENVIRONMENT;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (options->duration_ns < UINT64_MAX - view.start_ns &&
	    options->duration_ns)
		view.end_ns = now_ns() + options->duration_ns;
	view.form->begin(view.start_ns);
	code = finish(&view, watch(&view));
	kcopy_trace_close(view.trace);
	return code;
}

int verb_trace(int argc, char *argv[])
{
	struct options options = {};
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	code = complete_filter(&options);
	return code ? code : run(&options);
}
