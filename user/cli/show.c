// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl show */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "outcome.h"
#include "service.h"

static const char help[] =
	"Show a job: each device, what was done, what failed and where.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl show 7                 7 as 'kcopyctl jobs' numbers it\n"
	"  kcopyctl show --json 7 | jq '.destinations[].extents'\n"
	"\n"
	"Options:\n"
	"  -J, --json   as JSON, with every place that failed\n"
	"  -h, --help   this text\n"
	"\n"
	"A job that has ended can be seen until 256 others have. Exit: 0 it was shown,\n"
	"whatever came of it; 4 there is no such job or it is somebody else's.\n";

static int show(struct kcopy *kcopy, uint64_t job, bool json)
{
	static struct outcome outcome;
	int err, code;

	err = outcome_get(&outcome, kcopy, job);
	if (err == -ENOENT) {
		complain("there is no job %" PRIu64 ", or it is not yours",
			 job);
		return EXIT_ENVIRONMENT;
	}
	if (err) {
		complain("asking for job %" PRIu64 " failed: %s", job,
			 strerror(-err));
		return exit_of_errno(err);
	}
	code = outcome_report(&outcome, json);
	free(outcome.extents);
	return code;
}

int verb_show(int argc, char *argv[])
{
	struct view_options view;
	struct kcopy *kcopy;
	uint64_t job;
	int code;

	code = view_options(argc, argv, help, false, &view);
	if (code || view.helped)
		return code;
	if (argc - optind != 1)
		return usage_error("name one job");
	code = job_operand(argv[optind], &job);
	if (!code)
		code = open_service(&kcopy);
	if (code)
		return code;
	code = show(kcopy, job, view.json);
	kcopy_close(kcopy);
	return code;
}
