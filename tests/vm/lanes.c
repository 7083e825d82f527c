// SPDX-License-Identifier: GPL-2.0-or-later
/* A destination that goes its own way reads the source by itself. */
#include "caller.h"
#include "ctl.h"
#include "report.h"
#include "seen.h"

TestSuite(lanes, RIG_SUITE);

enum { SOURCE = 31, DEST = 41, CHUNK = 128, SMALL = 48, BAD_AT = 1000 };

#define SIZE (4 * MIB)
#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)
/* So that a chunk is of so many sectors. */
#define RATE_OF(sectors) (128 * SECTOR * (sectors))

static bool goes_alone(int kcopyd, uint64_t job, unsigned int region)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	return regions[region].flags & KCOPYD_REGION_UNCOUPLED;
}

static uint64_t bytes_of(int kcopyd, uint64_t job, unsigned int region)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	return regions[region].bytes;
}

static void disks_create(int caller, unsigned int nr_dests)
{
	const struct test_disk_options options = { .no_merges = true };
	static const char *const names[] = { "d0", "d1", "d2" };

	test_disk_create_filled(caller, "src", options, SOURCE);
	for (unsigned int i = 0; i < nr_dests; i++)
		test_disk_create_filled(caller, names[i], options, DEST);
}

/*
 * The first chunk of the second destination is held until that one goes alone;
 * the first one has come to the bad place then, and waits there.
 */
static void let_second_follow(int caller, int kcopyd, uint64_t job)
{
	rig_wait_for(goes_alone(kcopyd, job, 2), 60, "it is uncoupled");
	test_disk_wait_held(caller, "src", 1);
	cr_assert_eq(job_limit(kcopyd, job, RATE_OF(SMALL), 0, 1), 0);
	test_disk_release(caller, "d1", 0);
}

static void meet_at_bad_place(int caller, int kcopyd, uint64_t job)
{
	let_second_follow(caller, kcopyd, job);
	test_disk_wait_held(caller, "src", 2);
}

/* Of the other's chunks, which are smaller. */
#define SMALL_FIRST (CHUNK + (BAD_AT - CHUNK) / SMALL * SMALL)

RIG_TEST(lanes, what_two_could_not_read_is_one_place)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = SIZE,
		.chunk = CHUNK * SECTOR,
		.depth = 1,
		.retry = KCOPYD_RETRY_NONE,
		.on_slow = KCOPYD_SLOW_UNCOUPLE,
	};
	const uint64_t nr = SIZE / SECTOR, main_first = 7 * CHUNK;
	int caller = caller_open(), kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job;

	disks_create(caller, 2);
	test_disk_bad(caller, "src", READS, BAD_AT, 1);
	test_disk_hold_range(caller, "src", READS, BAD_AT, 1);
	test_disk_hold_range(caller, "d1", WRITES, 0, 1);
	job = job_start(kcopyd, &plan);
	meet_at_bad_place(caller, kcopyd, job);
	test_disk_release(caller, "src", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 1, 0, 0);
	/* Of each chunk that failed, its own part and what came behind it. */
	cr_assert_eq(report->result.nr_extents, 2 * 3);
	report_expect(report,
		      BAD(0, main_first, SMALL_FIRST + SMALL - main_first),
		      NOT_STARTED(1, main_first, nr - main_first),
		      NOT_STARTED(2, SMALL_FIRST, nr - SMALL_FIRST));
	data_expect("/dev/kt-d0", 0, main_first * SECTOR, SOURCE, 0);
	data_expect("/dev/kt-d1", 0, SMALL_FIRST * SECTOR, SOURCE, 0);
	data_expect("/dev/kt-d1", SMALL_FIRST * SECTOR,
		    SIZE - SMALL_FIRST * SECTOR, DEST, SMALL_FIRST);
	close(kcopyd);
	close(caller);
}

/*
 * One looks at the bad places from either end and gives up what is between them,
 * where the other, whose chunks are smaller, finds another one. Both have begun
 * when the first of them ends the job.
 */
static uint64_t start_with_places(int caller, int kcopyd, unsigned int held)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = SIZE,
		.chunk = CHUNK * SECTOR,
		.depth = 1,
		.retry = KCOPYD_RETRY_EDGES,
		.on_slow = KCOPYD_SLOW_UNCOUPLE,
	};

	disks_create(caller, 2);
	test_disk_bad(caller, "src", READS, 945, 1);
	test_disk_bad(caller, "src", READS, 960, 1);
	test_disk_bad(caller, "src", READS, BAD_AT, 1);
	test_disk_hold_range(caller, "src", READS, held, 1);
	test_disk_hold_range(caller, "d1", WRITES, 0, 1);
	return job_start(kcopyd, &plan);
}

static unsigned int extents_of(int kcopyd, uint64_t job)
{
	struct kcopyd_status status;

	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	return status.nr_extents;
}

static void expect_places(int kcopyd, uint64_t job)
{
	const uint64_t nr = SIZE / SECTOR;

	report_expect(
		report_of(kcopyd, job), BAD(0, 945, 1), UNTRIED(0, 946, 14),
		BAD(0, 960, 1), UNTRIED(0, 961, 39), BAD(0, BAD_AT, 1),
		NOT_STARTED(1, 7 * CHUNK, nr - 7 * CHUNK),
		NOT_STARTED(2, SMALL_FIRST - SMALL, nr - SMALL_FIRST + SMALL));
}

/* Where the hold is, both read; it is not looked at again. */
RIG_TEST(lanes, what_one_gave_up_another_has_tried)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job = start_with_places(caller, kcopyd, 958);

	meet_at_bad_place(caller, kcopyd, job);
	test_disk_release_some(caller, "src", 1, false, 0);
	rig_wait_for(extents_of(kcopyd, job) >= 3, 60, "three extents");
	test_disk_release(caller, "src", 0);
	expect_places(kcopyd, job);
	close(kcopyd);
	close(caller);
}

/* Only one of them is held. */
RIG_TEST(lanes, what_one_tried_another_does_not_give_up)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job = start_with_places(caller, kcopyd, BAD_AT + 10);

	let_second_follow(caller, kcopyd, job);
	rig_wait_for(extents_of(kcopyd, job) >= 3, 60, "three extents");
	test_disk_release(caller, "src", 0);
	expect_places(kcopyd, job);
	close(kcopyd);
	close(caller);
}

/* Of three destinations two stop at once, and are uncoupled; one is through. */
static uint64_t start_with_two_held(int caller, int kcopyd,
				    const struct job_plan *plan)
{
	uint64_t job;

	disks_create(caller, 3);
	test_disk_hold(caller, "d1", WRITES);
	test_disk_hold(caller, "d2", WRITES);
	job = job_start(kcopyd, plan);
	rig_wait_for(goes_alone(kcopyd, job, 2) && goes_alone(kcopyd, job, 3),
		     60, "both are uncoupled");
	rig_wait_for(bytes_of(kcopyd, job, 1) == SIZE, 60,
		     "the one that was not held");
	return job;
}

/* Only one of them comes back. */
static void expect_one_goes_on(struct job_plan plan)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	job = start_with_two_held(caller, kcopyd, &plan);
	test_disk_release(caller, "d1", 0);
	rig_wait_for(bytes_of(kcopyd, job, 2) == SIZE, 60,
		     "the one that is held no longer");
	cr_assert_neq(bytes_of(kcopyd, job, 3), SIZE);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	test_disk_release(caller, "d2", 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
	close(kcopyd);
	close(caller);
}

static struct job_plan plan_for_three(void)
{
	return (struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" },
			   { .path = "/dev/kt-d1" },
			   { .path = "/dev/kt-d2" } },
		.length = SIZE,
		.chunk = CHUNK * SECTOR,
		.on_slow = KCOPYD_SLOW_UNCOUPLE,
	};
}

RIG_TEST(lanes, of_two_that_stopped_one_goes_on)
{
	expect_one_goes_on(plan_for_three());
}

RIG_TEST(lanes, of_two_that_stopped_one_goes_on_with_little_memory)
{
	struct job_plan plan = plan_for_three();

	plan.memory = 256 * KIB;
	expect_one_goes_on(plan);
}

RIG_TEST(lanes, of_two_that_stopped_one_goes_on_in_order)
{
	struct job_plan plan = plan_for_three();

	plan.flags = KCOPYD_SUBMIT_WRITE_SEQ;
	expect_one_goes_on(plan);
}

RIG_TEST(lanes, of_two_that_stopped_one_goes_on_with_a_share_of_the_time)
{
	struct job_plan plan = plan_for_three();

	plan.percent = 50;
	expect_one_goes_on(plan);
}

/* What is held all the time is not what the others have to rest from. */
RIG_TEST(lanes, a_share_of_the_time_is_not_used_up_by_who_stopped)
{
	struct job_plan plan = plan_for_three();
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	plan.dests[2].path = NULL;
	plan.percent = 50;
	disks_create(caller, 2);
	test_disk_hold(caller, "d1", WRITES);
	job = job_start(kcopyd, &plan);
	rig_wait_for(bytes_of(kcopyd, job, 1) == SIZE, 60,
		     "the one that is not held");
	test_disk_release(caller, "d1", 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(kcopyd);
	close(caller);
}

/* It is the job that waits for its limit, and not each of them. */
RIG_TEST(lanes, a_limit_is_waited_for_once)
{
	const struct job_plan plan = plan_for_three();
	struct kcopyd_job_stats seen;
	int caller, kcopyd;
	uint64_t job;

	ctl_load();
	caller = caller_open();
	kcopyd = job_device_open(0);
	job = start_with_two_held(caller, kcopyd, &plan);
	cr_assert_eq(job_limit(kcopyd, job, 2 * MIB, 0, 0), 0);
	test_disk_release(caller, "d1", 0);
	test_disk_release(caller, "d2", 0);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	seen = seen_job(job);
	cr_assert_gt(seen.throttle_ns, 1000000000);
	/* Before each chunk at most, which is a request of the source. */
	cr_assert_leq(seen.throttles, seen_region(job, 0).ios,
		      "%llu waits, %llu requests", seen.throttles,
		      seen_region(job, 0).ios);
	close(kcopyd);
	close(caller);
	ctl_unload();
}
