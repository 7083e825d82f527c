// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A saved job, which an administrator wrote by hand: what is taken of it are
 * arguments that the verb knows, and operands that no option can hide in.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "cli/job_file.h"
#include "must.h"

/* "--NAME" or "--NAME=VALUE" */
static void check_option(const struct job_file *job, const char *argument)
{
	char name[64];
	size_t len;
	bool has_value;

	must(!strncmp(argument, "--", 2));
	len = strcspn(argument + 2, "=");
	must(len && len < sizeof(name));
	memcpy(name, argument + 2, len);
	name[len] = '\0';
	/* It does something. */
	must(strcmp(name, "help") && strcmp(name, "dry-run") &&
	     strcmp(name, "save"));
	must(copy_option_known(job->task, name, &has_value));
	must(has_value == (argument[2 + len] == '='));
	must(!has_value || argument[2 + len + 1]);
}

static void check(const struct job_file *job)
{
	int i;

	must(job->argc >= 2 && !job->argv[job->argc]);
	for (i = 1; strcmp(job->argv[i], "--"); i++)
		check_option(job, job->argv[i]);
	while (++i < job->argc)
		must(*job->argv[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct job_file job;
	unsigned int line = 0;
	FILE *file;

	if (!size)
		return 0;
	file = fmemopen((void *)data, size, "r");
	must(file);
	if (job_file_parse(file, NULL, 0, &job, &line))
		must(!job.argv && line);
	else
		check(&job);
	job_file_free(&job);
	fclose(file);
	return 0;
}
