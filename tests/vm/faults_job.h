/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a job of which a test fails something, and what it says. */
#ifndef _TESTS_VM_FAULTS_JOB_H
#define _TESTS_VM_FAULTS_JOB_H

#include "job.h"

/* As any descriptor can see it: what submitted the job may be closed. */
struct job_result faults_outcome(int kcopyd, uint64_t job);

/*
 * What that destination should have, with its own numbering, from a source of
 * that seed, and does not, is in an extent; all of it is there if it is said to
 * be complete.
 */
void faults_expect_truth(int kcopyd, uint64_t job,
			 const struct job_result *result,
			 const struct job_plan *plan, unsigned int dest,
			 uint64_t seed);

/*
 * Closes its descriptor, and when the close waits for it, lets go what a test
 * disk holds, or fails it with that error. Returns when that is over.
 */
void faults_close_held(int caller, int kcopyd, uint64_t job, const char *disk,
		       int error);

#endif /* _TESTS_VM_FAULTS_JOB_H */
