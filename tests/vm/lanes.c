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
#define RATE_OF(sectors) ((sectors)*SECTOR * 128)

static bool goes_alone(int kcopyd, uint64_t job, unsigned int region)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	return regions[region].flags & KCOPYD_REGION_UNCOUPLED;
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
	const struct test_disk_options options = { .no_merges = true };
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

	test_disk_create_filled(caller, "src", options, SOURCE);
	test_disk_create_filled(caller, "d0", options, DEST);
	test_disk_create_filled(caller, "d1", options, DEST);
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
