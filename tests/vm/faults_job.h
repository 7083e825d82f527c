/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a job of which a test fails something. */
#ifndef _TESTS_VM_FAULTS_JOB_H
#define _TESTS_VM_FAULTS_JOB_H

#include "job.h"

/* As any descriptor can see it: what submitted the job may be closed. */
struct job_result faults_outcome(int kcopyd, uint64_t job);

/*
 * Closes its descriptor, and lets go what a test disk holds once the
 * close waits for it. Returns when that is over.
 */
void faults_close_held(int caller, int kcopyd, uint64_t job, const char *disk);

#endif /* _TESTS_VM_FAULTS_JOB_H */
