// SPDX-License-Identifier: GPL-2.0-or-later
/* A destination that goes its own way reads the source by itself. */
#include "caller.h"
#include "report.h"

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
 * the first one has come to the bad place then, and waits there for the other.
 */
static void meet_at_bad_place(int caller, int kcopyd, uint64_t job)
{
	rig_wait_for(goes_alone(kcopyd, job, 2), 60, "it is uncoupled");
	test_disk_wait_held(caller, "src", 1);
	cr_assert_eq(job_limit(kcopyd, job, RATE_OF(SMALL), 0, 1), 0);
	test_disk_release(caller, "d1", 0);
	test_disk_wait_held(caller, "src", 2);
	test_disk_release(caller, "src", 0);
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

/* Both stop at once, and only one of them comes back. */
static void expect_one_goes_on(struct job_plan plan)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	disks_create(caller, 3);
	test_disk_hold(caller, "d1", WRITES);
	test_disk_hold(caller, "d2", WRITES);
	job = job_start(kcopyd, &plan);
	rig_wait_for(goes_alone(kcopyd, job, 2) && goes_alone(kcopyd, job, 3),
		     60, "both are uncoupled");
	rig_wait_for(bytes_of(kcopyd, job, 1) == SIZE, 60,
		     "the one that was not held");
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
