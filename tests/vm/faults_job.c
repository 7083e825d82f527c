// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a job of which a test fails something, and what it says. */
#include <signal.h>
#include <sys/wait.h>

#include "caller.h"
#include "faults_job.h"

struct job_result faults_outcome(int kcopyd, uint64_t job)
{
	struct kcopyd_status status;

	rig_wait_for(job_state(kcopyd, job) == KCOPYD_STATE_DONE, 60,
		     "the end of the job");
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	return (struct job_result){
		.code = status.code,
		.read_err = status.read_err,
		.write_err = status.write_err,
		.complete = status.complete,
	};
}

/* Where the extent ends, of the source or of that destination; @at if none. */
static uint64_t end_of_extent(const struct kcopyd_extent *extents,
			      unsigned int nr, unsigned int dest, uint64_t at)
{
	for (unsigned int i = 0; i < nr; i++)
		if ((!extents[i].region || extents[i].region == 1 + dest) &&
		    at >= extents[i].offset &&
		    at < extents[i].offset + extents[i].length)
			return extents[i].offset + extents[i].length;
	return at;
}

void faults_expect_truth(int kcopyd, uint64_t job,
			 const struct job_result *result,
			 const struct job_plan *plan, unsigned int dest,
			 uint64_t seed)
{
	const char *path = plan->dests[dest].path;
	struct kcopyd_extent extents[JOB_EXTENTS];
	unsigned int nr = job_extents(kcopyd, job, extents, JOB_EXTENTS);
	uint64_t at = 0, end;

	if (!(result->complete & 1U << dest))
		cr_assert_neq(result->code, 0);
	else if (!result->read_err)
		nr = 0;
	for (;; at = end) {
		at += data_matches(path, at, plan->length - at, seed,
				   at / SECTOR);
		if (at == plan->length)
			break;
		end = end_of_extent(extents, nr, dest, at);
		cr_assert_gt(end, at,
			     "%s: sector %llu is not what it should be", path,
			     at / SECTOR);
	}
}

static bool is_ending(int kcopyd, uint64_t job)
{
	struct kcopyd_status status;

	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	/* A failure may have ended it before. */
	return status.flags & KCOPYD_STATUS_CANCELLED ||
	       status.state == KCOPYD_STATE_DONE;
}

/*
 * By a child, as a close waits for the job's end. It begins when the child is
 * the only one to have it open.
 */
void faults_close_held(int caller, int kcopyd, uint64_t job, const char *disk,
		       int error)
{
	int status, look = job_device_open(0);
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		raise(SIGSTOP);
		_exit(close(kcopyd));
	}
	cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	close(kcopyd);
	cr_assert_eq(kill(pid, SIGCONT), 0);
	rig_wait_for(is_ending(look, job), 20, "a close");
	test_disk_release(caller, disk, error);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	close(look);
}
