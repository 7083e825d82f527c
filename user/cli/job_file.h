/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job in a file: what would be typed, a line for each option. The first line
 * that says something names the verb, the others are "OPTION" or
 * "OPTION = VALUE", with the long options of that verb, and "source = PATH" and
 * "destination = PATH". What comes behind a # at the start of a line is
 * a comment, blanks around a value are not its own.
 */
#ifndef _KCOPYCTL_JOB_FILE_H
#define _KCOPYCTL_JOB_FILE_H

#include <stdio.h>
#include "copy.h"

/**
 * struct job_file - a job as arguments
 * @argv: the verb, options, "--", the source, the destinations, NULL; all of it
 *	is freed by job_file_free()
 * @argc: how many
 * @task: what the verb is
 */
struct job_file {
	char **argv;
	int argc;
	enum copy_task task;
};

/**
 * job_file_parse - read a job
 * @file: to its end
 * @extra: options that come on top, at most @nr_extra
 * @nr_extra: how many
 * @job: where to put it; freed by the caller whatever happens
 * @line: where to put the line that is wrong
 *
 * Return: NULL, or what is wrong with that line. The options' values are not
 * looked at.
 */
const char *job_file_parse(FILE *file, char *const *extra, int nr_extra,
			   struct job_file *job, unsigned int *line);

void job_file_free(struct job_file *job);

/**
 * job_file_print - write a job down
 * @options: what was asked for
 * @plan: which devices that means: those that have one are given a name that
 *	stays the same
 * @file: where to
 *
 * Return: an exit code; what can't be written in a line has been told.
 */
int job_file_print(const struct copy_options *options, const struct plan *plan,
		   FILE *file);

/* By which of its names a device or file is written down there. */
const char *job_file_path(const struct plan *plan,
			  const struct plan_target *target);

#endif /* _KCOPYCTL_JOB_FILE_H */
