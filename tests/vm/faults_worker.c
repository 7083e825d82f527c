// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies whose workers get no memory: none at all, on disks that need none, so
 * that everything must be copied; or for a while not, on disks that need some.
 */
#include "caller.h"
#include "faults.h"
#include "faults_job.h"

TestSuite(faults_worker, FAULTS_SUITE);

enum {
	SOURCE = 31,
	DEST = 32,
	MOST = 1000000,
	MAX_DISKS = 8,
	RATE = 64 << 10,
	STEERED_RATE = 1 << 20
};

static const char *const names[] = { "d0", "d1", "d2", "d3",
				     "d4", "d5", "d6", "d7" };

static void test_disks_create(int caller, unsigned int nr_dests)
{
	const struct test_disk_options options = { .mib = 4 };

	test_disk_create_filled(caller, "src", options, SOURCE);
	for (unsigned int i = 0; i < nr_dests; i++)
		test_disk_create_filled(caller, names[i], options, DEST);
}

static struct job_plan plan_to(unsigned int nr_dests)
{
	static char paths[MAX_DISKS][16];
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.length = 4 * MIB,
		.chunk = 64 * KIB,
		/* Little, so that bios and chunks have to be added. */
		.memory = 256 * KIB,
		.depth = 64,
	};

	for (unsigned int i = 0; i < nr_dests; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/dev/kt-%s", names[i]);
		plan.dests[i].path = paths[i];
	}
	return plan;
}

/*
 * It stands still while the failures are switched on, and goes on with that
 * rate then.
 */
static uint64_t start_failing(int kcopyd, struct job_plan plan,
			      enum faults_memory memory, unsigned int times,
			      uint64_t rate)
{
	uint64_t job;

	plan.rate = RATE;
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_pause(kcopyd, job), 0);
	job_wait_state(kcopyd, job, KCOPYD_STATE_PAUSED);
	faults_of_memory("kcopyd", memory, times);
	cr_assert_eq(job_limit(kcopyd, job, rate, 0, 64), 0);
	cr_assert_eq(job_resume(kcopyd, job), 0);
	return job;
}

static struct job_result run_failing(int kcopyd, struct job_plan plan,
				     enum faults_memory memory,
				     unsigned int times, uint64_t *job)
{
	*job = start_failing(kcopyd, plan, memory, times, 0);
	return job_wait(kcopyd, *job);
}

static struct job_result run_without_memory(int kcopyd, struct job_plan plan,
					    uint64_t *job)
{
	return run_failing(kcopyd, plan, FAULTS_MEMORY, MOST, job);
}

static void expect_copied_without_memory(struct job_plan plan,
					 unsigned int nr_dests)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	test_disks_create(caller, nr_dests);
	result = run_without_memory(kcopyd, plan, &job);
	cr_assert_gt(faults_so_many(MOST), 0, "nothing was asked for");
	cr_assert_eq(result.code, 0);
	for (unsigned int i = 0; i < nr_dests; i++)
		data_expect_equal("/dev/kt-src", plan.dests[i].path);
	close(kcopyd);
	close(caller);
}

RIG_TEST(faults_worker, a_copy_needs_no_memory)
{
	faults_begin();
	expect_copied_without_memory(plan_to(1), 1);
}

RIG_TEST(faults_worker, a_copy_to_eight_needs_no_memory)
{
	faults_begin();
	expect_copied_without_memory(plan_to(8), 8);
}

RIG_TEST(faults_worker, a_verifying_copy_needs_no_memory)
{
	struct job_plan plan = plan_to(2);

	faults_begin();
	plan.flags = KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_SPARSE;
	plan.checksum = KCOPYD_CHECKSUM_SHA256;
	expect_copied_without_memory(plan, 2);
}

/* ---- steered without memory ---------------------------------------------- */

/* With its workers in the midst of it, asking for memory. */
static uint64_t start_steered(int kcopyd, const struct job_plan *plan)
{
	uint64_t job =
		start_failing(kcopyd, *plan, FAULTS_MEMORY, MOST, STEERED_RATE);

	job_wait_bytes(kcopyd, job, 1, 4 * plan->chunk);
	return job;
}

static void expect_asked(void)
{
	cr_assert_gt(faults_so_many(MOST), 0, "nothing was asked for");
}

RIG_TEST(faults_worker, without_memory_a_copy_is_paused_and_goes_on)
{
	struct job_plan plan = plan_to(2);
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job, bytes;

	faults_begin();
	test_disks_create(caller, 2);
	job = start_steered(kcopyd, &plan);
	cr_assert_eq(job_pause(kcopyd, job), 0);
	job_wait_state(kcopyd, job, KCOPYD_STATE_PAUSED);
	bytes = job_region(kcopyd, job, 1).bytes;
	cr_assert_lt(bytes, plan.length, "it was over");
	cr_assert_eq(job_limit(kcopyd, job, 0, 0, 64), 0);
	cr_assert_eq(job_region(kcopyd, job, 1).bytes, bytes);
	cr_assert_eq(job_resume(kcopyd, job), 0);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	expect_asked();
	for (unsigned int i = 0; i < 2; i++)
		data_expect_equal("/dev/kt-src", plan.dests[i].path);
	close(kcopyd);
	close(caller);
}

RIG_TEST(faults_worker, without_memory_a_copy_is_cancelled)
{
	struct job_plan plan = plan_to(2);
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	faults_begin();
	test_disks_create(caller, 2);
	job = start_steered(kcopyd, &plan);
	cr_assert_eq(job_cancel(kcopyd, job, 20000), 0);
	expect_asked();
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -ECANCELED);
	cr_assert_eq(result.complete, 0);
	for (unsigned int i = 0; i < 2; i++)
		faults_expect_truth(kcopyd, job, &result, &plan, i, SOURCE);
	cr_assert_eq(job_info(kcopyd).jobs, 0);
	close(kcopyd);
	close(caller);
}

RIG_TEST(faults_worker, without_memory_a_close_ends_a_copy)
{
	struct job_plan plan = plan_to(2);
	int caller = caller_open(), look = job_device_open(0), kcopyd;
	struct job_result result;
	uint64_t job;

	faults_begin();
	test_disks_create(caller, 2);
	kcopyd = job_device_open(0);
	job = start_steered(kcopyd, &plan);
	close(kcopyd);
	expect_asked();
	cr_assert_eq(job_info(look).jobs, 0);
	cr_assert_eq(job_info(look).memory, 0);
	result = faults_outcome(look, job);
	cr_assert_eq(result.code, -ECANCELED);
	for (unsigned int i = 0; i < 2; i++)
		faults_expect_truth(look, job, &result, &plan, i, SOURCE);
	close(look);
	close(caller);
}

/* ---- errors without memory ----------------------------------------------- */

/* Without memory for their places they are joined, and that is said. */
RIG_TEST(faults_worker, errors_without_memory_are_coarse_but_never_missing)
{
	struct job_plan plan = plan_to(1);
	struct kcopyd_extent extents[8];
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct kcopyd_status status;
	struct job_result result;
	unsigned int nr;
	uint64_t job;

	faults_begin();
	test_disks_create(caller, 1);
	for (unsigned int i = 0; i < 8; i++)
		test_disk_bad(caller, "src", 1U << KCOPYD_TEST_READ,
			      1024 + i * 512, 1);
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD;
	plan.retry = KCOPYD_RETRY_BISECT;
	result = run_without_memory(kcopyd, plan, &job);
	cr_assert_gt(faults_so_many(MOST), 0, "nothing was asked for");
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert(status.flags & KCOPYD_STATUS_COARSE);
	nr = job_extents(kcopyd, job, extents, ARRAY_SIZE(extents));
	cr_assert_eq(nr, 1);
	cr_assert_eq(extents[0].region, 0);
	cr_assert_eq(extents[0].offset, 1024 * SECTOR);
	cr_assert_eq(extents[0].length, (7 * 512 + 1) * SECTOR);
	data_expect("/dev/kt-d0", 0, 1024 * SECTOR, SOURCE, 0);
	close(kcopyd);
	close(caller);
}

/* A chunk of zeroes in the place of what was written. */
static void lose_chunk(const char *path, uint64_t at)
{
	char *zeroes = aligned_alloc(4096, 64 * KIB);
	int fd = device_open(path, O_WRONLY | O_DIRECT);

	memset(zeroes, 0, 64 * KIB);
	cr_assert_eq(pwrite(fd, zeroes, 64 * KIB, at), 64 * KIB);
	close(fd);
	free(zeroes);
}

/*
 * Places that are joined have good sectors amid them, and those that the disk
 * has lost are not the zeroes that take the place of what is bad.
 */
RIG_TEST(faults_worker, what_coarse_errors_cover_is_not_taken_for_verified)
{
	const uint64_t last_chunk = 4 * MIB - 64 * KIB;
	struct job_plan plan = plan_to(1);
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct kcopyd_status status;
	struct job_result result;
	uint64_t job;

	faults_begin();
	test_disks_create(caller, 1);
	test_disk_bad(caller, "src", 1U << KCOPYD_TEST_READ,
		      last_chunk / SECTOR, 1);
	test_disk_bad(caller, "src", 1U << KCOPYD_TEST_READ,
		      4 * MIB / SECTOR - 1, 1);
	test_disk_hold_range(caller, "d0", 1U << KCOPYD_TEST_READ,
			     last_chunk / SECTOR, 1);
	plan.flags = KCOPYD_SUBMIT_ZERO_BAD | KCOPYD_SUBMIT_VERIFY;
	plan.retry = KCOPYD_RETRY_BISECT;
	job = start_failing(kcopyd, plan, FAULTS_MEMORY, MOST, 0);
	test_disk_wait_held(caller, "d0", 1);
	expect_asked();
	lose_chunk("/dev/kt-d0", last_chunk);
	test_disk_release(caller, "d0", 0);
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert(status.flags & KCOPYD_STATUS_COARSE);
	cr_assert_eq(result.complete, 0);
	close(kcopyd);
	close(caller);
}

/*
 * A disk that needs memory for what is written may fail, and is said to. What
 * fails is the first, the first two... of all that the workers ask for, until
 * they ask for no more; to ask they have to go on.
 */
static void fail_the_first(enum faults_memory memory)
{
	const struct null_options options = { .mib = 1, .no_merges = true };
	struct job_plan plan = plan_to(2);
	unsigned int failed = 0;

	plan.length = MIB;
	plan.flags = KCOPYD_SUBMIT_IGNORE_ERROR;
	faults_begin();
	data_fill(null_create("src", options), SOURCE);
	each_fault_coarsely(fault)
	{
		int kcopyd = job_device_open(0);
		struct job_result result;
		uint64_t job;

		null_create("d0", options);
		null_create("d1", options);
		result = run_failing(kcopyd, plan, memory, fault.nr, &job);
		fault.hit = faults_stop();
		fault.hits += fault.hit;
		failed += result.code != 0;
		for (unsigned int i = 0; i < 2; i++)
			faults_expect_truth(kcopyd, job, &result, &plan, i,
					    SOURCE);
		close(kcopyd);
		null_destroy("d0");
		null_destroy("d1");
	}
	cr_log_info("%u copies failed\n", failed);
	cr_assert_gt(failed, 0);
}

RIG_TEST(faults_worker, objects_that_are_not_had_spoil_nothing)
{
	fail_the_first(FAULTS_SLAB);
}

RIG_TEST(faults_worker, pages_that_are_not_had_spoil_nothing)
{
	fail_the_first(FAULTS_PAGES);
}

RIG_TEST(faults_worker, memory_that_is_not_had_spoils_nothing)
{
	fail_the_first(FAULTS_MEMORY);
}
