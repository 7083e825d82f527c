// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl run */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "cleanup.h"
#include "cli.h"
#include "job_file.h"

static const char help[] =
	"Run a job that was saved in a file.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl copy --save disk.job /dev/sdb /dev/sdc    check it, and save it\n"
	"  kcopyctl run disk.job\n"
	"  kcopyctl run --dry-run disk.job                    what it would do\n"
	"  systemctl start kcopyctl@disk                      /etc/kcopyd/disk.job\n"
	"\n"
	"Options:\n"
	"  -n, --dry-run        check everything, show the plan, do nothing\n"
	"      --progress=HOW   auto, always, never, json or fd:N, as 'copy' has it\n"
	"  -J, --json           the result as JSON\n"
	"  -q, --quiet          only errors\n"
	"  -h, --help           this text\n"
	"\n"
	"The file names a verb (copy, zero or verify), and then, a line each, its\n"
	"options as NAME or NAME = VALUE, source = PATH and destination = PATH:\n"
	"\n"
	"  copy\n"
	"  source = /dev/disk/by-id/ata-OLD\n"
	"  destination = /dev/disk/by-id/ata-NEW\n"
	"  on-read-error = skip\n"
	"  map = disk.map\n"
	"  force = resume\n"
	"\n"
	"It is checked as if it had been typed. With a map and force = resume it goes\n"
	"on where it was, however it ended. Exit codes are those of the verb.\n";

struct run_options {
	char *extra[8];
	int nr_extra;
	char *progress; /* one of these, ours to free */
	bool help;
};

static int add_progress(struct run_options *options, const char *how)
{
	if (options->progress)
		return usage_error("--progress: once is enough");
	if (asprintf(&options->progress, "--progress=%s", how) < 0) {
		options->progress = NULL;
		complain("there is not enough memory");
		return EXIT_ENVIRONMENT;
	}
	options->extra[options->nr_extra++] = options->progress;
	return 0;
}

/* Each at most once: more of the same says nothing more. */
static void add_flag(struct run_options *options, char *flag)
{
	int i;

	for (i = 0; i < options->nr_extra; i++)
		if (!strcmp(options->extra[i], flag))
			return;
	options->extra[options->nr_extra++] = flag;
}

static int parse(int argc, char *argv[], struct run_options *options)
{
	static const struct option longs[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ "progress", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'J' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code = 0;

	while (!code && (opt = next_option(argc, argv, ":nJqh", longs)) != -1) {
		switch (opt) {
		case 'n':
			add_flag(options, "--dry-run");
			break;
		case 'J':
			add_flag(options, "--json");
			break;
		case 'q':
			add_flag(options, "--quiet");
			break;
		case 'p':
			code = add_progress(options, optarg);
			break;
		case 'h':
			options->help = true;
			return 0;
		default:
			return bad_option(opt, argv);
		}
	}
	if (!code && argc - optind != 1)
		code = usage_error("name one file with a job");
	return code;
}

static int read_job(const char *path, const struct run_options *options,
		    struct job_file *job)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	const char *wrong;
	unsigned int line;

	if (!file) {
		complain("the job %s can't be read: %s", path, strerror(errno));
		return exit_of_errno(-errno);
	}
	wrong = job_file_parse(file, options->extra, options->nr_extra, job,
			       &line);
	if (!wrong)
		return 0;
	complain("the job %s: line %u: %s", path, line, wrong);
	return EXIT_USAGE;
}

static int run(struct job_file *job)
{
	/* Complaints may still come when the job's own words are freed. */
	switch (job->task) {
	case TASK_ZERO:
		set_verb("zero");
		return verb_zero(job->argc, job->argv);
	case TASK_VERIFY:
		set_verb("verify");
		return verb_verify(job->argc, job->argv);
	default:
		set_verb("copy");
		return verb_copy(job->argc, job->argv);
	}
}

int verb_run(int argc, char *argv[])
{
	struct run_options options = {};
	struct job_file job = {};
	int code = parse(argc, argv, &options);

	if (!code && options.help)
		fputs(help, stdout);
	else if (!code)
		code = read_job(argv[optind], &options, &job);
	if (job.argv)
		code = run(&job);
	job_file_free(&job);
	free(options.progress);
	return code;
}
