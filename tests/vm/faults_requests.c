// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of which the first, the second... request fails in the block layer:
 * what is said to be copied is, and the rest is said not to be.
 */
#include "faults.h"
#include "job.h"

TestSuite(faults_requests, FAULTS_SUITE);

enum {
	SOURCE = 41,
	DEST = 42,
	DESTS = 2,
	PIECE = 64 << 10,
	LENGTH = 512 << 10
};

static const char *const disks[] = { "/dev/kt-src", "/dev/kt-d0",
				     "/dev/kt-d1" };

static void disks_create(void)
{
	const struct null_options options = {
		.mib = 1,
		.max_sectors = PIECE / SECTOR,
	};

	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
	null_create("d1", options);
	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++)
		faults_mark_disk(disks[i]);
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

/* What is not as it should be, is in an extent. */
static void expect_truth(int kcopyd, uint64_t job, unsigned int dest,
			 const struct job_result *result)
{
	struct kcopyd_extent extents[JOB_EXTENTS];
	unsigned int nr = job_extents(kcopyd, job, extents, JOB_EXTENTS);
	uint64_t at = 0, end;

	if (!(result->complete & 1U << dest))
		cr_assert_neq(result->code, 0);
	else if (!result->read_err)
		nr = 0;
	for (;; at = end) {
		at += data_matches(disks[1 + dest], at, LENGTH - at, SOURCE,
				   at / SECTOR);
		if (at == LENGTH)
			break;
		end = end_of_extent(extents, nr, dest, at);
		cr_assert_gt(end, at,
			     "%s: sector %llu is not what it should be",
			     disks[1 + dest], at / SECTOR);
	}
}

/*
 * One request after another fails, once each; returns how many of the jobs did
 * not copy everything to all.
 */
static unsigned int fail_requests(struct job_plan plan)
{
	unsigned int failed = 0;

	plan.source.path = disks[0];
	plan.dests[0].path = disks[1];
	plan.dests[1].path = disks[2];
	plan.length = LENGTH;
	plan.chunk = PIECE;
	each_fault(fault)
	{
		int kcopyd = job_device_open(0);
		struct job_result result;
		uint64_t job;

		data_fill(disks[1], DEST);
		data_fill(disks[2], DEST);
		/* All requests are as long as a piece. */
		faults_of_requests((fault.nr - 1) * PIECE, 1);
		job = job_start(kcopyd, &plan);
		result = job_wait(kcopyd, job);
		fault.hit = faults_stop();
		fault.hits += fault.hit;
		failed += result.code != 0;
		for (unsigned int dest = 0; dest < DESTS; dest++)
			expect_truth(kcopyd, job, dest, &result);
		if (!fault.hit)
			cr_assert_eq(result.code, 0);
		close(kcopyd);
	}
	return failed;
}

RIG_TEST(faults_requests, a_request_that_fails_is_never_taken_for_done)
{
	faults_begin();
	disks_create();
	cr_assert_gt(fail_requests((struct job_plan){}), 0);
}

RIG_TEST(faults_requests, a_destination_that_fails_leaves_the_other_one_right)
{
	faults_begin();
	disks_create();
	cr_assert_gt(fail_requests((struct job_plan){
			     .flags = KCOPYD_SUBMIT_DETACH_FAILED,
		     }),
		     0);
}

/* What fails once does not, when it is looked into. */
RIG_TEST(faults_requests, a_request_that_fails_once_is_made_up_for_by_a_retry)
{
	faults_begin();
	disks_create();
	fail_requests((struct job_plan){
		.flags = KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_KEEP_FAILED,
		.retry = KCOPYD_RETRY_BISECT,
	});
}

RIG_TEST(faults_requests, a_verifying_copy_is_never_wrong)
{
	faults_begin();
	disks_create();
	cr_assert_gt(
		fail_requests((struct job_plan){
			.flags = KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_ZERO_BAD,
		}),
		0);
}
