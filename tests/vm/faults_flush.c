// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of which a flush fails in the block layer, after all was written: the
 * destination has all of it, and a power cut could lose it. So it is not said
 * to be complete, also where the copy is steered meanwhile.
 */
#include "caller.h"
#include "faults.h"
#include "faults_job.h"

TestSuite(faults_flush, FAULTS_SUITE);

enum {
	SOURCE = 51,
	DESTS = 2,
	BOTH = (1 << DESTS) - 1,
	PIECE = 64 << 10,
	PIECES = 8,
	LENGTH = PIECES * PIECE
};

static const char *const names[DESTS] = { "d0", "d1" };
static const char *const disks[DESTS] = { "/dev/kt-d0", "/dev/kt-d1" };

/* Those whose bits are set fail. */
static void disks_create(int caller, unsigned int failing)
{
	const struct test_disk_options options = {
		.mib = 1,
		.write_cache = true,
		.no_merges = true,
	};

	test_disk_create_filled(caller, "src", options, SOURCE);
	for (unsigned int i = 0; i < DESTS; i++) {
		test_disk_create(caller, names[i], options);
		if (failing & 1U << i)
			faults_mark_disk(disks[i]);
	}
}

static void disks_destroy(int caller)
{
	test_disk_destroy(caller, "src");
	for (unsigned int i = 0; i < DESTS; i++)
		test_disk_destroy(caller, names[i]);
}

static struct job_plan plan_with(uint32_t flags)
{
	return (struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = disks[0],
		.dests[1].path = disks[1],
		.length = LENGTH,
		.chunk = PIECE,
		.depth = PIECES,
		.on_slow = KCOPYD_SLOW_WAIT,
		.flags = flags,
	};
}

/*
 * All has been read and is being written when the failures begin: the flushes
 * are what is asked for next.
 */
static uint64_t start(int caller, int kcopyd, uint32_t flags,
		      unsigned int failing)
{
	struct job_plan plan = plan_with(flags);
	uint64_t job;

	for (unsigned int i = 0; i < DESTS; i++)
		test_disk_hold(caller, names[i], 1U << KCOPYD_TEST_WRITE);
	job = job_start(kcopyd, &plan);
	for (unsigned int i = 0; i < DESTS; i++)
		test_disk_wait_held(caller, names[i], PIECES);
	faults_of_requests(0, __builtin_popcount(failing));
	return job;
}

/* Of a destination that failed: all of it, once. */
static void expect_lost(int kcopyd, uint64_t job, unsigned int failing)
{
	struct kcopyd_extent extents[JOB_EXTENTS];
	unsigned int nr = job_extents(kcopyd, job, extents, JOB_EXTENTS);
	unsigned int at = 0;

	cr_assert_eq(nr, (unsigned int)__builtin_popcount(failing),
		     "%u extents", nr);
	for (unsigned int i = 0; i < DESTS; i++) {
		if (!(failing & 1U << i))
			continue;
		cr_assert_eq(extents[at].region, 1 + i);
		cr_assert_eq(extents[at].kind, KCOPYD_EXTENT_BAD);
		cr_assert_eq(extents[at].error, -EIO);
		cr_assert_eq(extents[at].offset, 0);
		cr_assert_eq(extents[at].length, LENGTH);
		at++;
	}
}

static void expect_next_works(int caller)
{
	struct job_plan plan = plan_with(0);

	cr_assert_eq(job_info_now().jobs, 0);
	cr_assert_eq(job_info_now().memory, 0);
	job_run_ok(&plan);
	for (unsigned int i = 0; i < DESTS; i++)
		cr_assert_eq(test_disk_stats(caller, names[i]).unflushed, 0);
}

/* Whose flush failed, and nobody else, is not complete; it has the data. */
static void expect_said(int caller, uint64_t job, unsigned int failing)
{
	int look = job_device_open(0);
	struct job_result result = faults_outcome(look, job);

	cr_assert(faults_stop(), "not all flushes were asked for");
	cr_assert_eq(result.code, -EIO, "code %d", result.code);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, failing, "write_err %#lx",
		     result.write_err);
	cr_assert_eq(result.complete, BOTH & ~failing, "complete %#lx",
		     result.complete);
	expect_lost(look, job, failing);
	close(look);
	for (unsigned int i = 0; i < DESTS; i++) {
		const bool fails = failing & 1U << i;

		cr_assert_eq(test_disk_stats(caller, names[i]).unflushed != 0,
			     fails);
		data_expect(disks[i], 0, LENGTH, SOURCE, 0);
	}
	expect_next_works(caller);
}

static void writes_go_on(int caller)
{
	for (unsigned int i = 0; i < DESTS; i++)
		test_disk_release(caller, names[i], 0);
}

static void fail_flushes(uint32_t flags)
{
	int caller = caller_open();

	faults_begin();
	for (unsigned int failing = 1; failing <= BOTH; failing++) {
		int kcopyd = job_device_open(0);
		uint64_t job;

		disks_create(caller, failing);
		job = start(caller, kcopyd, flags, failing);
		writes_go_on(caller);
		job_wait(kcopyd, job);
		close(kcopyd);
		expect_said(caller, job, failing);
		disks_destroy(caller);
	}
	close(caller);
}

RIG_TEST(faults_flush, a_destination_whose_flush_fails_is_not_complete)
{
	fail_flushes(0);
}

RIG_TEST(faults_flush, a_flush_that_fails_leaves_the_other_one_complete)
{
	fail_flushes(KCOPYD_SUBMIT_DETACH_FAILED);
}

/* What is read back later is right: it is lost all the same. */
RIG_TEST(faults_flush, a_flush_that_fails_is_not_made_up_for_by_verifying)
{
	fail_flushes(KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_DETACH_FAILED);
}

RIG_TEST(faults_flush, a_flush_that_fails_is_told_where_errors_are_skipped)
{
	fail_flushes(KCOPYD_SUBMIT_IGNORE_ERROR);
}

/* ---- that are steered meanwhile ------------------------------------------ */

enum { FAILS = 1 << 0 };

/* The first one's flush has failed, the other one's is held. */
static uint64_t start_held_flush(int caller, int kcopyd)
{
	uint64_t job;

	disks_create(caller, FAILS);
	job = start(caller, kcopyd, 0, FAILS);
	test_disk_release(caller, "d0", 0);
	rig_wait_for(!test_disk_stats(caller, "d0").in_flight, 30, "writes");
	test_disk_hold(caller, "d1", 1U << KCOPYD_TEST_FLUSH);
	test_disk_release_some(caller, "d1", PIECES, false, 0);
	test_disk_wait_held(caller, "d1", 1);
	cr_assert(faults_all_came());
	return job;
}

RIG_TEST(faults_flush, a_flush_that_fails_is_told_of_a_cancelled_copy)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job;

	faults_begin();
	job = start_held_flush(caller, kcopyd);
	cr_assert_eq(job_cancel(kcopyd, job, 0), -EINPROGRESS);
	test_disk_release(caller, "d1", 0);
	cr_assert_eq(job_cancel(kcopyd, job, 20000), 0);
	close(kcopyd);
	expect_said(caller, job, FAILS);
	close(caller);
}

RIG_TEST(faults_flush, a_flush_that_fails_is_told_of_a_closed_copy)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job;

	faults_begin();
	job = start_held_flush(caller, kcopyd);
	faults_close_held(caller, kcopyd, job, "d1", 0);
	expect_said(caller, job, FAILS);
	close(caller);
}

RIG_TEST(faults_flush, a_flush_that_fails_is_told_of_a_paused_copy)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job;

	faults_begin();
	job = start_held_flush(caller, kcopyd);
	cr_assert_eq(job_pause(kcopyd, job), 0);
	test_disk_release(caller, "d1", 0);
	cr_assert_eq(job_resume(kcopyd, job), 0);
	job_wait(kcopyd, job);
	close(kcopyd);
	expect_said(caller, job, FAILS);
	close(caller);
}
