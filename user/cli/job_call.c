// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs that do one thing to every job that is named. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "job_call.h"
#include "service.h"

static int say(uint64_t job, const char *done, int err)
{
	switch (err) {
	case 0:
		printf("job %" PRIu64 ": %s\n", job, done);
		return EXIT_COMPLETE;
	case -ENOENT:
		complain("there is no job %" PRIu64 ", or it is not yours",
			 job);
		return EXIT_ENVIRONMENT;
	case -EINPROGRESS:
		complain(
			"job %" PRIu64
			" is cancelled, but a device still holds I/O of it, see 'kcopyctl show'",
			job);
		return EXIT_FAILED;
	default:
		complain("job %" PRIu64 ": %s", job, strerror(-err));
		return exit_of_errno(err);
	}
}

/* Nothing is done as long as a word is no job. */
static int check_operands(int argc, char *argv[])
{
	uint64_t job;
	int i, code = 0;

	if (optind >= argc)
		return usage_error("name at least one job");
	for (i = optind; !code && i < argc; i++)
		code = job_operand(argv[i], &job);
	return code;
}

/* What is done to one that has ended does nothing. */
static const char *what_was_done(struct kcopy *kcopy, uint64_t job,
				 const char *done)
{
	struct kcopyd_status status;

	if (!kcopy_status(kcopy, job, &status, NULL, 0) &&
	    status.state == KCOPYD_STATE_DONE)
		return "has ended";
	return done;
}

int job_calls(int argc, char *argv[], const char *done, job_call_fn fn,
	      void *context)
{
	struct kcopy *kcopy;
	const char *word;
	uint64_t job;
	int code, first, i;

	first = check_operands(argc, argv);
	if (!first)
		first = open_service(&kcopy);
	if (first)
		return first;
	for (i = optind; i < argc; i++) {
		job_operand(argv[i], &job);
		word = what_was_done(kcopy, job, done);
		code = say(job, word, fn(kcopy, job, context));
		if (!first)
			first = code;
	}
	kcopy_close(kcopy);
	return first;
}

int job_verb(int argc, char *argv[], const char *help, const char *done,
	     job_call_fn fn)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' }, {}
	};
	int opt;

	while ((opt = next_option(argc, argv, ":h", longs)) != -1) {
		if (opt != 'h')
			return bad_option(opt, argv);
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	return job_calls(argc, argv, done, fn, NULL);
}
