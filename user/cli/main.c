// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl: the table of verbs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kcopyd/version.h>
#include "cli.h"
#include "complete.h"

static const struct verb verbs[] = {
	{ "load", verb_load, "load the module and the BPF statistics",
	  OPERANDS_NONE },
	{ "unload", verb_unload, "unload both", OPERANDS_NONE },
	{ "status", verb_status, "what is loaded, which jobs there are",
	  OPERANDS_NONE },
	{ "doctor", verb_doctor, "what this machine offers, what is missing",
	  OPERANDS_NONE },
	{ "copy", verb_copy, "copy a block device to one or more others",
	  OPERANDS_DEVICES },
	{ "zero", verb_zero, "write zeroes to devices", OPERANDS_DEVICES },
	{ "verify", verb_verify, "compare devices with another",
	  OPERANDS_DEVICES },
	{ "run", verb_run, "run a job that was saved in a file",
	  OPERANDS_NONE },
	{ "jobs", verb_jobs, "which jobs there are, how far they are",
	  OPERANDS_NONE },
	{ "show", verb_show, "all about a job", OPERANDS_JOBS },
	{ "wait", verb_wait, "until jobs have ended, with progress",
	  OPERANDS_JOBS },
	{ "cancel", verb_cancel, "stop jobs", OPERANDS_RUNNING_JOBS },
	{ "pause", verb_pause, "let jobs start nothing more for now",
	  OPERANDS_RUNNING_JOBS },
	{ "resume", verb_resume, "let paused jobs go on",
	  OPERANDS_RUNNING_JOBS },
	{ "limit", verb_limit, "how fast a running job may be",
	  OPERANDS_RUNNING_JOBS },
	{ "stats", verb_stats, "I/O, latency and errors of each region",
	  OPERANDS_JOBS },
	{ "top", verb_top, "watch all copies and devices live", OPERANDS_NONE },
	{ "metrics", verb_metrics, "the statistics for Prometheus",
	  OPERANDS_NONE },
	{ "heatmap", verb_heatmap, "latency and errors by place on a device",
	  OPERANDS_DEVICES },
	{ "trace", verb_trace, "what copies do, a line an event",
	  OPERANDS_NONE },
};

#define NR_VERBS (sizeof(verbs) / sizeof(*verbs))

static int print_help(void)
{
	size_t i;

	puts("kcopyctl: copy block devices in the kernel, and watch it\n\n"
	     "  kcopyctl [VERB] [OPTION...]      no verb: status\n");
	for (i = 0; i < NR_VERBS; i++)
		printf("  %-8s %s\n", verbs[i].name, verbs[i].help);
	puts("\n  kcopyctl VERB --help   examples and options of a verb\n"
	     "  kcopyctl --version\n\n"
	     "Exit: 0 all done, 1 some destinations complete (verify: there are\n"
	     "differences), 2 usage,\n"
	     "3 refused for safety, 4 environment (module, kernel, rights),\n"
	     "5 failed, 130 interrupted.");
	return EXIT_COMPLETE;
}

static int run_verb(const char *name, int argc, char *argv[])
{
	size_t i;

	for (i = 0; i < NR_VERBS; i++) {
		if (strcmp(name, verbs[i].name))
			continue;
		set_verb(verbs[i].name);
		return verbs[i].run(argc, argv);
	}
	return usage_error("there is no verb '%s'", name);
}

static int run(int argc, char *argv[])
{
	if (argc < 2)
		return run_verb("status", argc, argv);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help"))
		return print_help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("kcopyctl " KCOPYD_VERSION);
		return EXIT_COMPLETE;
	}
	if (!strcmp(argv[1], "--complete"))
		return complete(verbs, NR_VERBS, argv + 2);
	return run_verb(argv[1], argc - 1, argv + 1);
}

/*
 * Of the standard descriptors none may be closed: a device that is opened
 * would take its place, and what is said be written to that. Nothing can be
 * written to what is read only, so that a closed standard output is told.
 */
static bool have_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest that is free, which is this one. */
		if (open("/dev/null", O_RDONLY) < 0)
			return false;
	}
	return true;
}

int main(int argc, char *argv[])
{
	bool unwritten;
	int code;

	if (!have_descriptors()) {
		complain(
			"standard input or output is closed, and /dev/null can't be opened in its place: %s",
			strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	/* A reader that has gone is an error to report, not a sudden death. */
	signal(SIGPIPE, SIG_IGN);
	code = run(argc, argv);
	unwritten = ferror(stdout);
	errno = 0;
	if ((fclose(stdout) || unwritten) && code != EXIT_INTERRUPTED) {
		complain("writing to standard output failed%s%s",
			 errno ? ": " : "", errno ? strerror(errno) : "");
		code = EXIT_FAILED;
	}
	return code;
}
