// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl wait */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "follow.h"
#include "service.h"

static const char help[] =
	"Wait until a job has ended, showing how far it is, and what came of it.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl wait 7       7 as 'kcopyctl jobs' numbers it\n"
	"  kcopyctl wait --quiet 7 && echo whole\n"
	"\n"
	"Options:\n"
	"      --progress=HOW   auto (a line, on a terminal), always, never,\n"
	"                       json (lines on stderr), fd:N (lines there)\n"
	"  -J, --json           the result as JSON\n"
	"  -q, --quiet          only errors\n"
	"  -h, --help           this text\n"
	"\n"
	"Interrupting ends the waiting, not the job. Exit: as the copy itself would\n"
	"have: 0 complete, 1 some destinations (or differences found), 5 none, 130\n"
	"cancelled (or the waiting was interrupted); 4 there is no such job or it is\n"
	"somebody else's.\n";

struct wait_options {
	struct display_options display;
	bool json;
	bool help;
};

static int wait_for(struct kcopy *kcopy, uint64_t job,
		    const struct wait_options *options)
{
	static struct outcome outcome;
	struct tracker tracker;
	int err, code, result;

	err = outcome_update(&outcome, kcopy, job);
	if (err == -ENOENT) {
		complain("there is no job %" PRIu64 ", or it is not yours",
			 job);
		return EXIT_ENVIRONMENT;
	}
	follow_catch_signals();
	tracker_init(&tracker, &options->display, outcome.status.length,
		     outcome_bytes(&outcome));
	code = follow(kcopy, job, false, &tracker, &outcome);
	if (code)
		return code;
	tracker_end(&tracker, job);
	result = outcome_code(&outcome);
	if (!options->display.quiet || options->json)
		code = outcome_report(&outcome, options->json);
	if (result)
		outcome_complain(&outcome);
	free(outcome.extents);
	return result ? result : code;
}

static int parse(int argc, char *argv[], struct wait_options *options)
{
	static const struct option longs[] = {
		{ "progress", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'J' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code = 0;

	while (!code && (opt = next_option(argc, argv, ":Jqh", longs)) != -1) {
		if (opt == 'p')
			code = progress_option(optarg, &options->display);
		else if (opt == 'J')
			options->json = true;
		else if (opt == 'q')
			options->display.quiet = true;
		else if (opt == 'h')
			options->help = true;
		else
			code = bad_option(opt, argv);
	}
	return code;
}

int verb_wait(int argc, char *argv[])
{
	struct wait_options options = { .display.fd = STDERR_FILENO };
	struct kcopy *kcopy;
	uint64_t job;
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	if (argc - optind != 1)
		return usage_error("name one job");
	code = job_operand(argv[optind], &job);
	if (!code)
		code = open_service(&kcopy);
	if (code)
		return code;
	code = wait_for(kcopy, job, &options);
	kcopy_close(kcopy);
	return code;
}
