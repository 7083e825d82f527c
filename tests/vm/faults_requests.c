// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of which the first, the second... request fails in the block layer:
 * what is said to be copied is, and the rest is said not to be. Also where the
 * copy is cancelled, closed or paused just then; and jobs that are refused, as
 * what others have written can't be written out. Flushes: faults_flush.c.
 */
#include "caller.h"
#include "faults.h"
#include "faults_job.h"

TestSuite(faults_requests, FAULTS_SUITE);

enum {
	SOURCE = 41,
	DEST = 42,
	DESTS = 2,
	PIECE = 64 << 10,
	LENGTH = 512 << 10,
	DEPTH = 2
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

/* As they are before a copy. */
static void dests_fill(void)
{
	data_fill(disks[1], DEST);
	data_fill(disks[2], DEST);
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

		dests_fill();
		/* All requests are as long as a piece. */
		faults_of_requests((fault.nr - 1) * PIECE, 1);
		job = job_start(kcopyd, &plan);
		result = job_wait(kcopyd, job);
		fault.hit = faults_stop();
		fault.hits += fault.hit;
		failed += result.code != 0;
		for (unsigned int dest = 0; dest < DESTS; dest++)
			faults_expect_truth(kcopyd, job, &result, &plan, dest,
					    SOURCE);
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

/* ---- before the copy ------------------------------------------------------- */

/* The same bytes again, which only the page cache knows about. */
static int dirty(const char *path)
{
	int fd = device_open(path, O_RDWR);
	char *bytes = malloc(LENGTH);

	cr_assert_not_null(bytes);
	cr_assert_eq(pread(fd, bytes, LENGTH, 0), LENGTH, "%m");
	cr_assert_eq(pwrite(fd, bytes, LENGTH, 0), LENGTH, "%m");
	free(bytes);
	return fd;
}

/* What others have written is written out first; that fails, or the copy. */
static void fail_writing_out(unsigned int region)
{
	const struct job_plan plan = {
		.source.path = disks[0],
		.dests[0].path = disks[1],
		.dests[1].path = disks[2],
		.length = LENGTH,
		.chunk = PIECE,
	};
	unsigned int refused = 0;

	faults_begin();
	disks_create();
	each_fault(fault)
	{
		int kcopyd = job_device_open(0), fd, err;
		struct kcopyd_submit submit;

		dests_fill();
		fd = dirty(disks[region]);
		faults_of_requests((fault.nr - 1) * PIECE, 1);
		err = job_try_start(kcopyd, &plan, &submit);
		if (!err)
			job_wait(kcopyd, submit.job);
		fault.hit = faults_stop();
		fault.hits += fault.hit;
		if (err) {
			refused++;
			cr_assert(fault.hit);
			cr_assert_eq(err, -EIO, "%s", strerror(-err));
			cr_assert_eq(submit.reason, KCOPYD_REASON_WRITE_OUT);
			cr_assert_eq(submit.region, region);
			cr_assert_eq(submit.job, 0);
			data_expect(disks[DESTS], 0, LENGTH, DEST, 0);
		}
		close(fd);
		close(kcopyd);
		job_run_ok(&plan);
		data_expect(disks[DESTS], 0, LENGTH, SOURCE, 0);
	}
	cr_assert_gt(refused, 0);
}

RIG_TEST(faults_requests, a_source_that_cannot_be_written_out_is_not_copied)
{
	fail_writing_out(0);
}

RIG_TEST(faults_requests, nor_is_to_a_destination_that_cannot_be)
{
	fail_writing_out(1);
}

/* ---- that are steered meanwhile ------------------------------------------ */

/*
 * Does it to a job of which writes are held, lets them go, or fails them with
 * that error, and closes the job's descriptor.
 */
typedef void (*steer_fn)(int caller, int kcopyd, uint64_t job, int error);

static void held_disks_create(int caller)
{
	/* Bios are not merged, as they would be by a plug. */
	const struct test_disk_options options = {
		.mib = 1,
		.write_cache = true,
		.no_merges = true,
	};

	test_disk_create_filled(caller, "src", options, SOURCE);
	test_disk_create(caller, "d0", options);
	test_disk_create(caller, "d1", options);
	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++)
		faults_mark_disk(disks[i]);
}

static struct job_plan steered_plan(void)
{
	return (struct job_plan){
		.source.path = disks[0],
		.dests[0].path = disks[1],
		.dests[1].path = disks[2],
		.length = LENGTH,
		.chunk = PIECE,
		.depth = DEPTH,
		.on_slow = KCOPYD_SLOW_WAIT,
	};
}

/* Nothing of the job is left, and the disks are free for the next. */
static void expect_next_works(void)
{
	struct job_plan plan = steered_plan();

	cr_assert_eq(job_info_now().jobs, 0);
	cr_assert_eq(job_info_now().memory, 0);
	job_run_ok(&plan);
	for (unsigned int dest = 0; dest < DESTS; dest++)
		data_expect(disks[1 + dest], 0, LENGTH, SOURCE, 0);
}

/* Until the middle of the job, or until what is to fail did so before. */
static void wait_for_the_middle(int caller)
{
	rig_wait_for(faults_all_came() ||
			     test_disk_stats(caller, "d0").held == DEPTH,
		     60, "writes that are held");
}

static void fail_requests_of_steered(steer_fn steer, int code)
{
	struct job_plan plan = steered_plan();
	int caller = caller_open(), look = job_device_open(0);

	faults_begin();
	held_disks_create(caller);
	each_fault(fault)
	{
		int kcopyd = job_device_open(0);
		struct job_result result;
		uint64_t job;

		dests_fill();
		test_disk_hold(caller, "d0", 1U << KCOPYD_TEST_WRITE);
		faults_of_requests((fault.nr - 1) * PIECE, 1);
		job = job_start(kcopyd, &plan);
		wait_for_the_middle(caller);
		steer(caller, kcopyd, job, 0);
		result = faults_outcome(look, job);
		fault.hit = faults_stop();
		fault.hits += fault.hit;
		cr_assert_eq(fault.hit, result.read_err || result.write_err,
			     "request %u: read_err %u, write_err %#lx",
			     fault.nr, result.read_err, result.write_err);
		cr_assert_eq(result.code, fault.hit ? -EIO : code);
		for (unsigned int dest = 0; dest < DESTS; dest++)
			faults_expect_truth(look, job, &result, &plan, dest,
					    SOURCE);
		expect_next_works();
	}
	close(look);
	close(caller);
}

/* The failures come when the job has been told to end, or to stand still. */
static void fail_what_is_held(steer_fn steer)
{
	struct job_plan plan = steered_plan();
	int caller = caller_open(), look = job_device_open(0);
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	faults_begin();
	held_disks_create(caller);
	test_disk_hold(caller, "d0", 1U << KCOPYD_TEST_WRITE);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "d0", DEPTH);
	steer(caller, kcopyd, job, EIO);
	result = faults_outcome(look, job);
	cr_assert_eq(result.code, -EIO, "code %d", result.code);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 1, "write_err %#lx", result.write_err);
	cr_assert_eq(result.complete & 1, 0);
	for (unsigned int dest = 0; dest < DESTS; dest++)
		faults_expect_truth(look, job, &result, &plan, dest, SOURCE);
	expect_next_works();
	close(look);
	close(caller);
}

static void cancel(int caller, int kcopyd, uint64_t job, int error)
{
	const int ret = job_cancel(kcopyd, job, 0);

	cr_assert(!ret || ret == -EINPROGRESS, "%s", strerror(-ret));
	test_disk_release(caller, "d0", error);
	cr_assert_eq(job_cancel(kcopyd, job, 20000), 0);
	close(kcopyd);
}

RIG_TEST(faults_requests, a_request_that_fails_is_told_of_a_cancelled_copy)
{
	fail_requests_of_steered(cancel, -ECANCELED);
}

RIG_TEST(faults_requests, what_fails_after_a_cancel_is_told)
{
	fail_what_is_held(cancel);
}

static void close_it(int caller, int kcopyd, uint64_t job, int error)
{
	faults_close_held(caller, kcopyd, job, "d0", error);
}

RIG_TEST(faults_requests, a_request_that_fails_is_told_of_a_closed_copy)
{
	fail_requests_of_steered(close_it, -ECANCELED);
}

RIG_TEST(faults_requests, what_fails_after_a_close_is_told)
{
	fail_what_is_held(close_it);
}

static bool stands_still(int kcopyd, uint64_t job)
{
	const uint32_t state = job_state(kcopyd, job);

	return state == KCOPYD_STATE_PAUSED || state == KCOPYD_STATE_DONE;
}

/* What fails is in flight when it is paused, or comes after that. */
static void pause_and_resume(int caller, int kcopyd, uint64_t job, int error)
{
	cr_assert_eq(job_pause(kcopyd, job), 0);
	test_disk_release(caller, "d0", error);
	rig_wait_for(stands_still(kcopyd, job), 60, "the pause");
	cr_assert_eq(job_resume(kcopyd, job), 0);
	job_wait(kcopyd, job);
	close(kcopyd);
}

RIG_TEST(faults_requests, a_request_that_fails_is_told_of_a_paused_copy)
{
	fail_requests_of_steered(pause_and_resume, 0);
}

RIG_TEST(faults_requests, what_fails_after_a_pause_is_told)
{
	fail_what_is_held(pause_and_resume);
}
