// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl unload */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <libkcopy.h>
#include "cli.h"
#include "holders.h"

#define DEFAULT_TIMEOUT_MS 5000
#define POLL_MS 50

static const char help[] =
	"Detach the BPF statistics, remove their pins, unload the module.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl unload\n"
	"  kcopyctl unload --timeout 1m     wait longer for jobs that are draining\n"
	"\n"
	"Options:\n"
	"  -t, --timeout TIME  how long to try while the module is in use (5s)\n"
	"  -h, --help          this text\n"
	"\n"
	"A module in use is never forced out: what holds it is named, exit code 4.\n"
	"While jobs run or drain, the statistics stay; otherwise they are gone even\n"
	"if something else holds the module, or kcopyd.ko has another ABI.\n";

struct options {
	unsigned int timeout_ms;
	bool help;
};

static int parse_timeout(const char *text, unsigned int *ms)
{
	uint64_t ns;

	if (kcopy_parse_duration(text, &ns) || ns / 1000000 > INT32_MAX)
		return usage_error(
			"--timeout: '%s' is not a time (as 500ms, 10s, 2m)",
			text);
	*ms = ns / 1000000;
	return 0;
}

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code;

	while ((opt = next_option(argc, argv, ":t:h", longs)) != -1) {
		switch (opt) {
		case 't':
			code = parse_timeout(optarg, &options->timeout_ms);
			if (code)
				return code;
			break;
		case 'h':
			options->help = true;
			return 0;
		default:
			return bad_option(opt, argv);
		}
	}
	return no_operands(argc, argv);
}

static void sleep_ms(unsigned int ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000L };

	nanosleep(&time, NULL);
}

/* Whoever watches a copy shall not lose sight of it by a refused unload. */
static bool jobs_end(unsigned int timeout_ms)
{
	unsigned int waited;

	for (waited = 0; unfinished_jobs(); waited += POLL_MS) {
		if (waited >= timeout_ms)
			return false;
		sleep_ms(POLL_MS);
	}
	return true;
}

static int unload_module(unsigned int timeout_ms)
{
	struct kcopy_explanation why;
	int err = kcopy_module_unload(timeout_ms, &why);

	if (!err || err == -ENOENT) {
		printf("module: %s\n", err ? "was not loaded" : "unloaded");
		return EXIT_COMPLETE;
	}
	complain("%s", why.text);
	if (err == -EBUSY)
		complain_holders();
	return EXIT_ENVIRONMENT;
}

int verb_unload(int argc, char *argv[])
{
	struct options options = { .timeout_ms = DEFAULT_TIMEOUT_MS };
	int err;

	err = parse(argc, argv, &options);
	if (err)
		return err;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}

	if (!jobs_end(options.timeout_ms)) {
		complain("the module is in use");
		complain_holders();
		return EXIT_ENVIRONMENT;
	}
	err = kcopy_observer_unload();
	if (err) {
		complain("removing the pins in " KCOPYD_PIN_DIR " failed: %s",
			 strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	return unload_module(options.timeout_ms);
}
