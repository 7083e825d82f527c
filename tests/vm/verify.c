// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was written is read back, and what is only to be compared is read:
 * differences are named to the block, and none is made up.
 *
 * A disk that corrupts data is made by holding its reads and writing to it
 * meanwhile.
 */
#include "caller.h"
#include "report.h"

TestSuite(verify, RIG_SUITE);

enum { SOURCE = 1, DEST = 11, OTHER = 21 };

#define SIZE (4 * MIB)
#define SECTORS (SIZE / SECTOR)
#define CHUNK (64 * KIB)
#define CHUNK_SECTORS (CHUNK / SECTOR)

#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)

static const struct job_plan plan_verify = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE,
	.chunk = CHUNK,
	.retry = KCOPYD_RETRY_BISECT,
	.flags = KCOPYD_SUBMIT_VERIFY,
};

static const struct job_plan plan_compare = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE,
	.chunk = CHUNK,
	.retry = KCOPYD_RETRY_BISECT,
	.flags = KCOPYD_SUBMIT_COMPARE,
};

static void disk_create(int caller, const char *name, unsigned int block,
			uint64_t seed)
{
	const struct test_disk_options options = {
		.block = block,
		.no_merges = true,
	};

	test_disk_create_filled(caller, name, options, seed);
}

/* A source, and a destination with that content. */
static int disks_create(unsigned int block, uint64_t seed)
{
	int caller = caller_open();

	disk_create(caller, "src", block, SOURCE);
	disk_create(caller, "dst", block, seed);
	return caller;
}

static uint64_t sectors(int caller, const char *name, unsigned int op)
{
	return test_disk_stats(caller, name).ops[op].sectors;
}

/* Other content than the source's, from that sector on. */
static void spoil(const char *path, uint64_t first, uint64_t count)
{
	data_fill_range(path, first * SECTOR, count * SECTOR, OTHER, first);
}

/* One byte, of what is the source's otherwise. */
static void spoil_byte(const char *path, uint64_t at)
{
	char *buffer = aligned_alloc(4096, 4096);
	int fd = device_open(path, O_WRONLY | O_DIRECT);

	data_make(buffer, 4096, SOURCE, at / 4096 * 8);
	buffer[at % 4096] ^= 0x10;
	cr_assert_eq(pwrite(fd, buffer, 4096, at / 4096 * 4096), 4096);
	close(fd);
	free(buffer);
}

/*
 * Starts a job and keeps the first look at those sectors of the destination
 * from happening.
 */
static uint64_t start_held(int kcopyd, int caller, const struct job_plan *plan,
			   uint64_t first)
{
	uint64_t job;

	test_disk_hold_range(caller, "dst", READS, first, 1);
	job = job_start(kcopyd, plan);
	test_disk_wait_held(caller, "dst", 1);
	return job;
}

/* ---- reading back -------------------------------------------------------- */

static void add_second(int caller, struct job_plan *plan)
{
	disk_create(caller, "d1", 0, DEST);
	plan->dests[1].path = "/dev/kt-d1";
}

RIG_TEST(verify, a_good_copy_is_read_back_from_first_to_last_byte)
{
	int caller = disks_create(0, DEST);

	job_run_ok(&plan_verify);
	cr_assert_eq(sectors(caller, "dst", KCOPYD_TEST_WRITE), SECTORS);
	cr_assert_eq(sectors(caller, "dst", KCOPYD_TEST_READ), SECTORS);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(verify, good_copies_to_several_are_read_back)
{
	int caller = disks_create(0, DEST);
	struct job_plan plan = plan_verify;

	disk_create(caller, "d1", 4096, DEST);
	plan.dests[1].path = "/dev/kt-d1";
	plan.dests[1].offset = MIB;
	plan.length = 2 * MIB + 4096;
	plan.source.offset = 4096;
	plan.dests[0].offset = 8192;
	job_run_ok(&plan);
	cr_assert_eq(sectors(caller, "d1", KCOPYD_TEST_READ),
		     plan.length / SECTOR);
	data_expect("/dev/kt-dst", 8192, plan.length, SOURCE, 8);
	data_expect("/dev/kt-d1", MIB, plan.length, SOURCE, 8);
}

RIG_TEST(verify, the_job_says_that_it_verifies)
{
	const struct report *report;

	disks_create(0, DEST);
	report = report_run(&plan_verify);
	report_expect_result(report, 0, 0, 0, 1);
	cr_assert(job_was_in_state(&report->result, KCOPYD_STATE_FLUSHING));
	cr_assert(job_was_in_state(&report->result, KCOPYD_STATE_VERIFYING));
	cr_assert_eq(report->regions[1].bytes, SIZE);
	cr_assert_eq(report->regions[0].bytes, SIZE);
}

/* Reading back before the flush would prove nothing. */
RIG_TEST(verify, what_is_read_back_was_flushed_before)
{
	const struct test_disk_options options = { .write_cache = true };
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	disk_create(caller, "src", 0, SOURCE);
	test_disk_create(caller, "dst", options);
	test_disk_hold(caller, "dst", READS);
	job = job_start(kcopyd, &plan_verify);
	rig_wait_for(test_disk_stats(caller, "dst").held, 30, "reading back");
	cr_assert_eq(test_disk_stats(caller, "dst").unflushed, 0);
	test_disk_release(caller, "dst", 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan_verify);
}

RIG_TEST(verify, sectors_that_a_disk_corrupts_are_named)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	add_second(caller, &plan);
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	job = start_held(kcopyd, caller, &plan, 1001);
	spoil("/dev/kt-dst", 1001, 3);
	spoil_byte("/dev/kt-dst", 1010 * SECTOR + 77);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	report_expect(report, DIFFERS(1, 1001, 3), DIFFERS(1, 1010, 1));
	cr_assert_eq(report->regions[1].error, -EILSEQ);
	cr_assert_eq(report->regions[1].flags, KCOPYD_REGION_DIFFERS);
	cr_assert_eq(report->regions[2].error, 0);
	cr_assert_eq(report->regions[2].flags, 0);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(verify, blocks_of_4_kib_that_a_disk_corrupts_are_named)
{
	int caller = disks_create(4096, DEST), kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job;

	job = start_held(kcopyd, caller, &plan_verify, 1000);
	spoil_byte("/dev/kt-dst", 1005 * SECTOR);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, DIFFERS(1, 1000, 8));
}

/* Whose content it is does not matter: the first look may have been wrong. */
RIG_TEST(verify, a_difference_that_goes_away_is_none)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	job = start_held(kcopyd, caller, &plan_verify, 1001);
	spoil("/dev/kt-dst", 1001, 3);
	test_disk_release_some(caller, "dst", 1, false, 0);
	/* The second look is held, too. */
	test_disk_wait_held(caller, "dst", 1);
	data_fill_range("/dev/kt-dst", 1001 * SECTOR, 3 * SECTOR, SOURCE, 1001);
	test_disk_release(caller, "dst", 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan_verify);
}

/* What nobody flushed is not what is on the disk. */
RIG_TEST(verify, reading_back_goes_past_the_page_cache)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	const struct report *report;
	char *buffer = malloc(8192);
	uint64_t job;
	int fd;

	job = start_held(kcopyd, caller, &plan_verify, 1001);
	spoil("/dev/kt-dst", 1001, 3);
	/* In the cache all is well. Whole pages, so that nothing is read. */
	fd = device_open("/dev/kt-dst", O_RDWR);
	test_disk_hold(caller, "dst", WRITES);
	data_make(buffer, 8192, SOURCE, 1000);
	cr_assert_eq(pwrite(fd, buffer, 8192, 1000 * SECTOR), 8192);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, DIFFERS(1, 1001, 3));
	close(fd);
	free(buffer);
}

RIG_TEST(verify, a_corrupting_destination_leaves_and_the_other_is_verified)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	add_second(caller, &plan);
	plan.flags |= KCOPYD_SUBMIT_DETACH_FAILED;
	job = start_held(kcopyd, caller, &plan, 5);
	spoil("/dev/kt-dst", 5, 1);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	/* It is written all the same. */
	report_expect(report, DIFFERS(1, 5, 1));
	cr_assert_eq(report->regions[1].flags,
		     KCOPYD_REGION_DETACHED | KCOPYD_REGION_DIFFERS);
	cr_assert_eq(sectors(caller, "d1", KCOPYD_TEST_READ), SECTORS);
}

/* Its bad block stays named, and the other is compared as it would be alone. */
RIG_TEST(verify, one_that_cannot_be_read_leaves_a_comparison_of_two)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	disk_create(caller, "d1", 0, SOURCE);
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags |= KCOPYD_SUBMIT_DETACH_FAILED;
	plan.depth = 1;
	test_disk_bad(caller, "dst", READS, 5, 1);
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	report_expect(report, BAD(1, 5, 1),
		      UNTRIED(1, CHUNK / SECTOR, SECTORS - CHUNK / SECTOR));
	cr_assert_eq(report->regions[2].bytes, SIZE);
}

RIG_TEST(verify, a_destination_that_cannot_be_read_back_is_named)
{
	int caller = disks_create(0, DEST);
	struct job_plan plan = plan_verify;
	const struct report *report;

	test_disk_bad(caller, "dst", READS, 1001, 2);
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, BAD(1, 1001, 2));
	test_disk_clear_faults(caller, "dst");
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(verify, a_source_that_fails_when_read_again_is_named)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	plan.flags |= KCOPYD_SUBMIT_SKIP_BAD;
	plan.depth = 1;
	job = start_held(kcopyd, caller, &plan, 5);
	test_disk_bad(caller, "src", READS, 1001, 2);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	/* All is written, but not all of it was compared. */
	report_expect_result(report, -EIO, 1, 0, 0);
	cr_assert_eq(report->regions[1].bytes, SIZE);
	report_expect(report, BAD(0, 1001, 2));
}

/* The one after it in the chunk was not compared with those sectors, either. */
RIG_TEST(verify, a_source_that_fails_when_read_again_leaves_nobody_complete)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	add_second(caller, &plan);
	plan.flags |= KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_KEEP_FAILED;
	job = start_held(kcopyd, caller, &plan, 1003);
	/* The first differs, so that there is a second look. */
	spoil("/dev/kt-dst", 1003, 1);
	test_disk_bad(caller, "src", READS, 1001, 1);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1001, 1), DIFFERS(1, 1003, 1));
}

RIG_TEST(verify, what_was_bad_before_is_not_compared)
{
	int caller = disks_create(0, DEST);
	struct job_plan plan = plan_verify;
	const struct report *report;

	test_disk_bad(caller, "src", READS, 1001, 2);
	test_disk_bad(caller, "dst", WRITES, 2000, 20);
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED | KCOPYD_SUBMIT_SKIP_BAD;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1001, 2), BAD(1, 2000, 20));
	report_expect_copy(report, 1, "/dev/kt-dst",
			   &(struct data_copy){ .seed = DEST,
						.length = SIZE,
						.source_seed = SOURCE });
}

RIG_TEST(verify, zeroes_for_what_is_bad_are_no_difference)
{
	int caller = disks_create(0, DEST);
	struct job_plan plan = plan_verify;
	const struct report *report;

	test_disk_bad(caller, "src", READS, 1001, 2);
	plan.flags |= KCOPYD_SUBMIT_ZERO_BAD;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 1);
	report_expect(report, BAD(0, 1001, 2));
}

/* A disk that lost those zeroes has something old there. */
RIG_TEST(verify, zeroes_for_what_is_bad_are_read_back)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	add_second(caller, &plan);
	test_disk_bad(caller, "src", READS, 1001, 2);
	plan.flags |= KCOPYD_SUBMIT_ZERO_BAD;
	job = start_held(kcopyd, caller, &plan, 1001);
	spoil("/dev/kt-dst", 1002, 1);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 1, 0, 0x2);
	report_expect(report, BAD(0, 1001, 2));
}

RIG_TEST(verify, zeroes_that_cannot_be_read_back_are_named)
{
	int caller = disks_create(0, DEST);
	struct job_plan plan = plan_verify;
	const struct report *report;

	test_disk_bad(caller, "src", READS, 1001, 2);
	test_disk_bad(caller, "dst", READS, 1002, 1);
	plan.flags |= KCOPYD_SUBMIT_ZERO_BAD | KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1001, 2), BAD(1, 1002, 1));
}

RIG_TEST(verify, one_that_is_cancelled_while_reading_back_says_so)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	/* Or all the rest is read meanwhile, and nothing left to be cancelled. */
	plan.depth = 1;
	job = start_held(kcopyd, caller, &plan, 5);
	cr_assert_eq(job_cancel(kcopyd, job, 0), -EINPROGRESS);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	cr_assert_eq(report->regions[1].bytes, SIZE);
	report_expect_no_extents(report);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

/* One whose other destination ends it all is not read back to its end. */
RIG_TEST(verify, how_far_reading_back_is_can_be_seen)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct job_plan plan = plan_verify;
	struct kcopyd_status status;
	struct job_result result;
	uint64_t job;

	plan.depth = 1;
	job = start_held(kcopyd, caller, &plan, 1001);
	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	cr_assert_eq(status.state, KCOPYD_STATE_VERIFYING);
	for (unsigned int i = 0; i < 2; i++) {
		cr_assert_eq(regions[i].settled, 896 * SECTOR, "%llu",
			     regions[i].settled);
		cr_assert_eq(regions[i].bytes, SIZE);
	}
	test_disk_release(caller, "dst", 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
}

RIG_TEST(verify, one_that_fails_while_reading_back_leaves_nobody_complete)
{
	int caller = disks_create(0, DEST), kcopyd = job_device_open(0);
	struct job_plan plan = plan_verify;
	const struct report *report;
	uint64_t job;

	add_second(caller, &plan);
	plan.depth = 1;
	job = start_held(kcopyd, caller, &plan, 5);
	spoil("/dev/kt-dst", 5, 1);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, DIFFERS(1, 5, 1));
	cr_assert_eq(report->regions[2].bytes, SIZE);
}

/* ---- comparing ----------------------------------------------------------- */

/* Nothing was written to it. */
static void expect_only_read(int caller, const char *name)
{
	struct kcopyd_test_disk_stats stats = test_disk_stats(caller, name);

	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE_ZEROES].requests, 0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_DISCARD].requests, 0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_FLUSH].requests, 0);
}

RIG_TEST(verify, equal_devices_compare_equal_and_are_not_written)
{
	int caller = disks_create(0, SOURCE);

	job_run_ok(&plan_compare);
	cr_assert_eq(sectors(caller, "dst", KCOPYD_TEST_READ), SECTORS);
	cr_assert_eq(sectors(caller, "src", KCOPYD_TEST_READ), SECTORS);
	expect_only_read(caller, "dst");
	expect_only_read(caller, "src");
}

RIG_TEST(verify, a_byte_in_the_last_sector_makes_a_difference)
{
	int caller = disks_create(0, SOURCE);
	const struct report *report;

	spoil_byte("/dev/kt-dst", SIZE - 1);
	test_disk_reset(caller, "dst", 0);
	report = report_run(&plan_compare);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, DIFFERS(1, SECTORS - 1, 1));
	expect_only_read(caller, "dst");
}

RIG_TEST(verify, ranges_are_compared_at_their_offsets)
{
	struct job_plan plan = plan_compare;

	disks_create(0, DEST);
	data_fill_range("/dev/kt-dst", 7 * SECTOR, MIB + SECTOR, SOURCE, 3);
	plan.source.offset = 3 * SECTOR;
	plan.dests[0].offset = 7 * SECTOR;
	plan.length = MIB + SECTOR;
	job_run_ok(&plan);
}

RIG_TEST(verify, several_are_compared_and_those_that_differ_are_named)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	disk_create(caller, "d1", 0, SOURCE);
	disk_create(caller, "d2", 4096, SOURCE);
	spoil("/dev/kt-d1", 100, 5);
	spoil("/dev/kt-d1", 7000, 1);
	spoil("/dev/kt-d2", 800, 8);
	plan.dests[1].path = "/dev/kt-d1";
	plan.dests[2].path = "/dev/kt-d2";
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x6, 0x1);
	/* To the block of the largest. */
	report_expect(report, DIFFERS(2, 96, 16), DIFFERS(2, 7000, 8),
		      DIFFERS(3, 800, 8));
	for (unsigned int i = 0; i < 4; i++)
		cr_assert_eq(report->regions[i].bytes, SIZE);
}

RIG_TEST(verify, a_difference_that_goes_away_while_comparing_is_none)
{
	int caller = disks_create(0, SOURCE), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	spoil("/dev/kt-dst", 1001, 3);
	job = start_held(kcopyd, caller, &plan_compare, 1001);
	test_disk_release_some(caller, "dst", 1, false, 0);
	/* The second look is held, too. */
	test_disk_wait_held(caller, "dst", 1);
	data_fill_range("/dev/kt-dst", 1001 * SECTOR, 3 * SECTOR, SOURCE, 1001);
	test_disk_release(caller, "dst", 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan_compare);
}

RIG_TEST(verify, read_only_devices_can_be_compared)
{
	disks_create(0, SOURCE);
	run_ok("blockdev", "--setro", "/dev/kt-dst");
	job_run_ok(&plan_compare);
}

RIG_TEST(verify, devices_that_others_hold_can_be_compared)
{
	int fd;

	disks_create(0, SOURCE);
	fd = device_open("/dev/kt-dst", O_RDWR | O_EXCL);
	job_run_ok(&plan_compare);
	close(fd);
}

/* What is only in the cache is written out first, and counts. */
RIG_TEST(verify, what_is_dirty_in_the_page_cache_is_compared)
{
	struct job_plan plan = plan_compare;
	const struct report *report;
	char *buffer = malloc(4096);
	int fd;

	disks_create(0, SOURCE);
	fd = device_open("/dev/kt-dst", O_RDWR);
	data_make(buffer, 4096, OTHER, 1000);
	cr_assert_eq(pwrite(fd, buffer, 4096, 1000 * SECTOR), 4096);
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, DIFFERS(1, 1000, 8));
	close(fd);
	free(buffer);
}

RIG_TEST(verify, a_bad_sector_of_the_source_is_left_out_of_a_comparison)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	spoil("/dev/kt-dst", 1001, 1);
	spoil("/dev/kt-dst", 1003, 1);
	test_disk_bad(caller, "src", READS, 1001, 1);
	plan.flags |= KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1001, 1), DIFFERS(1, 1003, 1));
}

RIG_TEST(verify, a_bad_sector_of_a_destination_is_left_out_of_a_comparison)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	spoil("/dev/kt-dst", 1003, 1);
	test_disk_bad(caller, "dst", READS, 1001, 1);
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, BAD(1, 1001, 1), DIFFERS(1, 1003, 1));
}

RIG_TEST(verify, a_bad_source_ends_a_comparison_that_does_not_skip)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	test_disk_bad(caller, "src", READS, 1001, 1);
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	report_expect(report, BAD(0, 1001, 1),
		      NOT_STARTED(1, 896, SECTORS - 896));
}

RIG_TEST(verify, what_a_stopped_comparison_has_not_seen_is_named)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	disk_create(caller, "d1", 0, SOURCE);
	spoil("/dev/kt-dst", 1001, 1);
	plan.dests[1].path = "/dev/kt-d1";
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, DIFFERS(1, 1001, 1),
		      NOT_STARTED(1, 1024, SECTORS - 1024),
		      NOT_STARTED(2, 896, SECTORS - 896));
}

RIG_TEST(verify, one_that_differs_leaves_and_the_other_is_compared)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	disk_create(caller, "d1", 0, SOURCE);
	spoil("/dev/kt-dst", 1001, 1);
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags |= KCOPYD_SUBMIT_DETACH_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	cr_assert_eq(report->extents[0].kind, KCOPYD_EXTENT_DIFFERS);
	cr_assert_eq(report->extents[0].offset, 1001 * SECTOR);
	cr_assert_eq(report->extents[0].length, SECTOR);
	cr_assert_eq(report->extents[report->nr - 1].kind,
		     KCOPYD_EXTENT_UNTRIED);
	cr_assert_eq(report->regions[2].bytes, SIZE);
}

RIG_TEST(verify, a_comparison_can_be_cancelled_and_names_the_rest)
{
	int caller = disks_create(0, SOURCE), kcopyd = job_device_open(0);
	struct job_plan plan = plan_compare;
	const struct report *report;
	uint64_t job;

	plan.depth = 1;
	job = start_held(kcopyd, caller, &plan, 1000);
	cr_assert_eq(job_cancel(kcopyd, job, 0), -EINPROGRESS);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	report_expect(report, NOT_STARTED(1, 1024, SECTORS - 1024));
}

/* It was seen to differ once, and is not looked at again. */
RIG_TEST(verify, what_differed_before_a_cancel_is_not_equal)
{
	int caller = disks_create(0, SOURCE), kcopyd = job_device_open(0);
	const unsigned int first = SECTORS - CHUNK_SECTORS;
	const struct report *report;
	uint64_t job;

	spoil("/dev/kt-dst", SECTORS - 1, 1);
	test_disk_hold_range(caller, "src", READS, SECTORS - 1, 1);
	job = job_start(kcopyd, &plan_compare);
	test_disk_wait_held(caller, "src", 1);
	test_disk_release_some(caller, "src", 1, false, 0);
	test_disk_wait_held(caller, "src", 1);
	cr_assert_eq(job_cancel(kcopyd, job, 0), -EINPROGRESS);
	test_disk_release(caller, "src", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	report_expect(report, NOT_STARTED(1, first, CHUNK_SECTORS));
}

/* What could be read once, and differed, is not equal for being lost then. */
RIG_TEST(verify, a_source_that_fails_at_the_second_look_equals_nothing)
{
	int caller = disks_create(0, SOURCE), kcopyd = job_device_open(0);
	struct job_plan plan = plan_compare;
	const struct report *report;
	uint64_t job;

	plan.flags |= KCOPYD_SUBMIT_SKIP_BAD;
	spoil("/dev/kt-dst", 1001, 1);
	test_disk_hold_range(caller, "src", READS, 1001, 1);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "src", 1);
	test_disk_release_some(caller, "src", 1, false, 0);
	test_disk_wait_held(caller, "src", 1);
	test_disk_bad(caller, "src", READS, 1001, 1);
	test_disk_release(caller, "src", EIO);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 1, 0, 0);
	report_expect(report, BAD(0, 1001, 1));
}

/* A disk with checksums of its own has the same word for its damages. */
RIG_TEST(verify, what_a_disk_calls_corrupt_is_no_difference)
{
	int caller = disks_create(0, SOURCE);
	struct job_plan plan = plan_compare;
	const struct report *report;

	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){ .ops = READS,
							 .error = EILSEQ,
							 .first = 1001,
							 .count = 1 });
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect(report, EXTENT(BAD, 1, 1001, 1, -EILSEQ));
	cr_assert_eq(report->regions[1].flags, 0);
	spoil("/dev/kt-dst", 2000, 1);
	report = report_run(&plan);
	report_expect(report, EXTENT(BAD, 1, 1001, 1, -EILSEQ),
		      DIFFERS(1, 2000, 1));
	cr_assert_eq(report->regions[1].flags, KCOPYD_REGION_DIFFERS);
}

/* With the smallest reserve that is accepted. */
RIG_TEST(verify, a_comparison_needs_little_memory)
{
	struct job_plan plan = plan_compare;

	disks_create(4096, SOURCE);
	plan.memory = 8192;
	plan.length = MIB;
	job_run_ok(&plan);
}
