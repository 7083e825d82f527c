// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl cancel */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <libkcopy.h>
#include "cli.h"
#include "service.h"

#define TIMEOUT_MS 10000

static const char help[] =
	"Stop a copy: what is in flight is finished, nothing more is started.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl cancel 7     7 as 'kcopyctl status' numbers it\n"
	"\n"
	"Options:\n"
	"  -h, --help   this text\n"
	"\n"
	"Waits 10 seconds for the I/O in flight; then the job goes on draining by\n"
	"itself. Exit: 0 the job has ended (also when it had before), 4 there is no\n"
	"such job or it is somebody else's, 5 still draining.\n";

static int cancel(struct kcopy *kcopy, uint64_t job)
{
	int err = kcopy_cancel(kcopy, job, TIMEOUT_MS);

	switch (err) {
	case 0:
		printf("job %" PRIu64 ": ended\n", job);
		return EXIT_COMPLETE;
	case -ENOENT:
		complain("there is no job %" PRIu64 ", or it is not yours",
			 job);
		return EXIT_ENVIRONMENT;
	case -EINPROGRESS:
		complain("job %" PRIu64
			 " is cancelled, but a device still holds I/O of it",
			 job);
		return EXIT_FAILED;
	default:
		complain("cancelling job %" PRIu64 " failed: %s", job,
			 strerror(-err));
		return exit_of_errno(err);
	}
}

int verb_cancel(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' }, {}
	};
	struct kcopy *kcopy;
	uint64_t job;
	int opt, code;

	while ((opt = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (opt != 'h')
			return bad_option(opt, argv);
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	if (argc - optind != 1)
		return usage_error("name one job");
	code = number_option("JOB", argv[optind], 1, UINT64_MAX, &job);
	if (code)
		return code;
	code = open_service(&kcopy);
	if (code)
		return code;
	code = cancel(kcopy, job);
	kcopy_close(kcopy);
	return code;
}
