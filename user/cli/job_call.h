/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs that do one thing to every job that is named. */
#ifndef _KCOPYCTL_JOB_CALL_H
#define _KCOPYCTL_JOB_CALL_H

#include <stdint.h>
#include <libkcopy.h>

/* Do it to a job; 0 or -errno. */
typedef int (*job_call_fn)(struct kcopy *kcopy, uint64_t job, void *context);

/**
 * job_calls - do it to the jobs that are named from @argv[optind] on
 * @argc: of the verb
 * @argv: of the verb
 * @done: what is said of each when it went well, "paused"
 * @fn: does it
 * @context: for @fn
 *
 * All are tried. Return: an exit code, of the first that failed.
 */
int job_calls(int argc, char *argv[], const char *done, job_call_fn fn,
	      void *context);

/* A verb that has no option but --help. */
int job_verb(int argc, char *argv[], const char *help, const char *done,
	     job_call_fn fn);

#endif /* _KCOPYCTL_JOB_CALL_H */
