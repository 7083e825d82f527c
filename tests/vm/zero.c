// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs without a source write zeroes: by commands of the device where it has
 * them, by data where not, and nobody can tell from the result.
 */
#include "caller.h"
#include "report.h"

TestSuite(zero, RIG_SUITE);

enum { DEST = 11, OTHER = 12 };

#define SIZE (4 * MIB)
#define SECTORS (SIZE / SECTOR)

#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)
#define ZEROES (1U << KCOPYD_TEST_WRITE_ZEROES)

static const struct job_plan plan_whole = {
	JOB_NO_SOURCE,
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE,
};

/* Some with the command, at most so many sectors of it. */
static void disk_create(int caller, const char *name, unsigned int max_zeroes)
{
	const struct test_disk_options options = {
		.max_write_zeroes_sectors = max_zeroes,
	};

	test_disk_create_filled(caller, name, options, DEST);
}

static int disk_alone(unsigned int max_zeroes)
{
	int caller = caller_open();

	disk_create(caller, "dst", max_zeroes);
	return caller;
}

/* The range, and not its neighbours. */
static void expect_zeroed(const char *path, uint64_t offset, uint64_t length)
{
	const uint64_t end = offset + length;

	data_expect(path, 0, offset, DEST, 0);
	data_expect_zeroes(path, offset, length);
	data_expect(path, end, device_size(path) - end, DEST, end / SECTOR);
}

static struct kcopyd_test_disk_op op_of(int caller, const char *name,
					unsigned int op)
{
	return test_disk_stats(caller, name).ops[op];
}

/* Sectors by command, and by data, since the disk was made. */
static void expect_sectors(int caller, const char *name, uint64_t zeroes,
			   uint64_t data)
{
	struct kcopyd_test_disk_stats stats = test_disk_stats(caller, name);

	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE_ZEROES].sectors, zeroes,
		     "%s: %llu sectors of write-zeroes", name,
		     stats.ops[KCOPYD_TEST_WRITE_ZEROES].sectors);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].sectors, data,
		     "%s: %llu sectors of data", name,
		     stats.ops[KCOPYD_TEST_WRITE].sectors);
	test_disk_expect_obeyed(caller, name);
}

/* ---- what is written ----------------------------------------------------- */

RIG_TEST(zero, a_device_without_the_command_is_written)
{
	int caller = disk_alone(0);

	job_run_ok(&plan_whole);
	expect_sectors(caller, "dst", 0, SECTORS);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

RIG_TEST(zero, a_device_with_the_command_sees_no_data)
{
	int caller = disk_alone(SECTORS);

	job_run_ok(&plan_whole);
	expect_sectors(caller, "dst", SECTORS, 0);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_WRITE_ZEROES).requests,
		     1);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

RIG_TEST(zero, commands_are_as_short_as_the_device_wants_them)
{
	int caller = disk_alone(100);

	job_run_ok(&plan_whole);
	expect_sectors(caller, "dst", SECTORS, 0);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

static void zero_range(unsigned int max_zeroes)
{
	const uint64_t offset = 13 * SECTOR, length = 2 * MIB + 5 * SECTOR;
	int caller = disk_alone(max_zeroes);
	struct job_plan plan = plan_whole;

	plan.dests[0].offset = offset;
	plan.length = length;
	job_run_ok(&plan);
	expect_sectors(caller, "dst", max_zeroes ? length / SECTOR : 0,
		       max_zeroes ? 0 : length / SECTOR);
	expect_zeroed("/dev/kt-dst", offset, length);
}

RIG_TEST(zero, neighbours_of_a_range_are_untouched_by_data)
{
	zero_range(0);
}

RIG_TEST(zero, neighbours_of_a_range_are_untouched_by_the_command)
{
	zero_range(SECTORS);
}

RIG_TEST(zero, one_sector_is_zeroed)
{
	struct job_plan plan = plan_whole;

	disk_alone(0);
	plan.dests[0].offset = SIZE - SECTOR;
	plan.length = SECTOR;
	job_run_ok(&plan);
	expect_zeroed("/dev/kt-dst", SIZE - SECTOR, SECTOR);
}

RIG_TEST(zero, devices_of_both_kinds_and_sizes_of_blocks_are_zeroed_together)
{
	const struct test_disk_options large = { .block = 4096 };
	int caller = disk_alone(SECTORS);
	struct job_plan plan = plan_whole;

	disk_create(caller, "d1", 0);
	data_fill(test_disk_create(caller, "d2", large), DEST);
	test_disk_reset(caller, "d2", 0);
	plan.dests[1].path = "/dev/kt-d1";
	plan.dests[2].path = "/dev/kt-d2";
	plan.dests[2].offset = MIB;
	plan.length = 3 * MIB;
	job_run_ok(&plan);
	expect_sectors(caller, "dst", 3 * MIB / SECTOR, 0);
	expect_sectors(caller, "d1", 0, 3 * MIB / SECTOR);
	expect_sectors(caller, "d2", 0, 3 * MIB / SECTOR);
	expect_zeroed("/dev/kt-dst", 0, 3 * MIB);
	expect_zeroed("/dev/kt-d1", 0, 3 * MIB);
	expect_zeroed("/dev/kt-d2", MIB, 3 * MIB);
}

RIG_TEST(zero, more_than_one_command_can_do_at_most_is_zeroed)
{
	const unsigned int mib = rig_scaled(64, 40);
	const struct test_disk_options options = {
		.mib = mib,
		.max_write_zeroes_sectors = mib * MIB / SECTOR,
	};
	int caller = caller_open();
	struct job_plan plan = plan_whole;

	test_disk_create(caller, "dst", options);
	data_fill_range("/dev/kt-dst", 31 * MIB, 2 * MIB, DEST, 0);
	test_disk_reset(caller, "dst", 0);
	plan.length = mib * MIB;
	job_run_ok(&plan);
	expect_sectors(caller, "dst", mib * MIB / SECTOR, 0);
	data_expect_zeroes("/dev/kt-dst", 31 * MIB, 2 * MIB);
}

/* What a thin disk of SCSI has mapped, as "0-8191" or "". */
static void scsi_map(char map[256])
{
	FILE *file = fopen("/sys/bus/pseudo/drivers/scsi_debug/map", "re");

	cr_assert_not_null(file);
	if (!fgets(map, 256, file))
		map[0] = 0;
	map[strcspn(map, "\n")] = 0;
	fclose(file);
}

RIG_TEST(zero, a_thin_disk_of_scsi_gives_the_memory_back)
{
	char map[256];
	const char *path = scsi_create(4, 512, "lbpws=1");

	data_fill(path, DEST);
	scsi_map(map);
	cr_assert_str_eq(map, "0-8191");
	job_run_ok(&(struct job_plan){
		JOB_NO_SOURCE, .dests[0] = { .path = path, .offset = MIB },
		.length = MIB });
	scsi_map(map);
	cr_assert_str_eq(map, "0-2047,4096-8191");
	expect_zeroed(path, MIB, MIB);
}

RIG_TEST(zero, a_flush_follows)
{
	const struct test_disk_options options = {
		.max_write_zeroes_sectors = SECTORS,
		.write_cache = true,
	};
	int caller = caller_open();

	test_disk_create(caller, "dst", options);
	job_run_ok(&plan_whole);
	cr_assert_eq(test_disk_stats(caller, "dst").unflushed, 0);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_FLUSH).requests, 1);
}

/* ---- refusals at run time ------------------------------------------------ */

/* The first command is refused like that, and there are no more. */
static int disk_refusing(unsigned int error)
{
	int caller = disk_alone(SECTORS);

	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROES,
				.error = error,
				.times = 1,
				.flags = KCOPYD_TEST_DISK_NO_MORE,
			});
	return caller;
}

/* Nobody learns of it: no errors, no bit. */
static void refused(unsigned int error)
{
	int caller = disk_refusing(error);

	job_run_ok(&plan_whole);
	cr_assert_eq(test_disk_stats(caller, "dst").faults, 1);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_WRITE).sectors, SECTORS);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

RIG_TEST(zero, a_command_that_is_not_supported_after_all_becomes_writes)
{
	refused(EOPNOTSUPP);
}

RIG_TEST(zero, a_command_that_fails_for_good_becomes_writes)
{
	refused(EREMOTEIO);
}

RIG_TEST(zero, a_refusal_below_device_mapper_becomes_writes)
{
	struct job_plan plan = plan_whole;
	int caller = disk_refusing(EREMOTEIO);

	plan.dests[0].path =
		dm_create("over", "0 %llu linear /dev/kt-dst 0", SECTORS);
	job_run_ok(&plan);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_WRITE).sectors, SECTORS);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
	dm_destroy("over");
}

RIG_TEST(zero, a_refusal_by_one_concerns_no_other)
{
	int caller = disk_refusing(EOPNOTSUPP);
	struct job_plan plan = plan_whole;

	disk_create(caller, "d1", SECTORS);
	plan.dests[1].path = "/dev/kt-d1";
	job_run_ok(&plan);
	expect_sectors(caller, "d1", SECTORS, 0);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
	data_expect_zeroes("/dev/kt-d1", 0, SIZE);
}

/* ---- failures ------------------------------------------------------------ */

static const struct report *zero_failing(uint32_t retry)
{
	struct job_plan plan = plan_whole;

	plan.flags = KCOPYD_SUBMIT_KEEP_FAILED;
	plan.retry = retry;
	return report_run(&plan);
}

/* All but these is zeroes. */
static void expect_zeroed_but(uint64_t first, uint64_t count)
{
	data_expect_zeroes("/dev/kt-dst", 0, first * SECTOR);
	data_expect("/dev/kt-dst", first * SECTOR, count * SECTOR, DEST, first);
	data_expect_zeroes("/dev/kt-dst", (first + count) * SECTOR,
			   (SECTORS - first - count) * SECTOR);
}

RIG_TEST(zero, bad_sectors_are_named_by_the_command)
{
	int caller = disk_alone(SECTORS);
	const struct report *report;

	test_disk_bad(caller, "dst", ZEROES, 3001, 2);
	report = zero_failing(KCOPYD_RETRY_BISECT);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(1, 3001, 2));
	cr_assert_eq(report->regions[1].bytes, SIZE - 2 * SECTOR);
	expect_sectors(caller, "dst",
		       op_of(caller, "dst", KCOPYD_TEST_WRITE_ZEROES).sectors,
		       0);
	expect_zeroed_but(3001, 2);
}

RIG_TEST(zero, bad_sectors_are_named_by_writes)
{
	int caller = disk_alone(0);
	const struct report *report;

	test_disk_bad(caller, "dst", WRITES, 3001, 2);
	report = zero_failing(KCOPYD_RETRY_BISECT);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(1, 3001, 2));
	cr_assert_eq(report->regions[1].bytes, SIZE - 2 * SECTOR);
	expect_zeroed_but(3001, 2);
}

RIG_TEST(zero, bad_sectors_are_named_by_writes_after_a_refusal)
{
	int caller = disk_refusing(EOPNOTSUPP);
	const struct report *report;

	test_disk_bad(caller, "dst", WRITES, 3001, 2);
	report = zero_failing(KCOPYD_RETRY_BISECT);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(1, 3001, 2));
	expect_zeroed_but(3001, 2);
}

/* The refusal comes while a failure is looked into. */
RIG_TEST(zero, a_refusal_after_a_failure_becomes_writes)
{
	int caller = disk_alone(SECTORS);
	const struct report *report;

	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROES, .error = EIO, .times = 1 });
	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROES,
				.error = EOPNOTSUPP,
				.times = 1,
				.flags = KCOPYD_TEST_DISK_NO_MORE,
			});
	report = zero_failing(KCOPYD_RETRY_BISECT);
	report_expect_result(report, 0, 0, 0, 1);
	report_expect_no_extents(report);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

RIG_TEST(zero, a_command_that_fails_once_is_forgotten)
{
	int caller = disk_alone(SECTORS);
	const struct report *report;

	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROES, .error = EIO, .times = 1 });
	report = zero_failing(KCOPYD_RETRY_BISECT);
	report_expect_result(report, 0, 0, 0, 1);
	report_expect_no_extents(report);
	cr_assert_eq(report->regions[1].errors, 1);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_WRITE).requests, 0);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

RIG_TEST(zero, a_failed_destination_leaves_and_the_other_is_zeroed)
{
	int caller = disk_alone(SECTORS);
	struct job_plan plan = plan_whole;
	const struct report *report;

	disk_create(caller, "d1", 0);
	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){ .ops = ZEROES,
							 .error = EIO });
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_DETACH_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	data_expect_untouched("/dev/kt-dst", DEST);
	data_expect_zeroes("/dev/kt-d1", 0, SIZE);
}

/* ---- steering ------------------------------------------------------------ */

RIG_TEST(zero, what_a_cancelled_job_has_not_zeroed_is_named_and_untouched)
{
	struct job_plan plan = plan_whole;
	int kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job, zeroed;

	disk_alone(SECTORS);
	plan.rate = MIB;
	job = job_start(kcopyd, &plan);
	job_wait_bytes(kcopyd, job, 1, MIB / 2);
	cr_assert_eq(job_cancel(kcopyd, job, 10 * 1000), 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	zeroed = report->regions[1].bytes;
	report_expect(report, NOT_STARTED(1, zeroed / SECTOR,
					  SECTORS - zeroed / SECTOR));
	expect_zeroed("/dev/kt-dst", 0, zeroed);
}

/*
 * 32 MiB go in one command; when that is refused they are many writes, of
 * which only the one in flight is waited for.
 */
RIG_TEST(zero, a_cancelled_job_does_not_write_on_after_a_refusal)
{
	const struct test_disk_options options = {
		.mib = 32,
		.max_write_zeroes_sectors = 32 * MIB / SECTOR,
	};
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_plan plan = plan_whole;
	const struct report *report;
	uint64_t job;

	test_disk_create(caller, "dst", options);
	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROES,
				.error = EOPNOTSUPP,
				.times = 1,
				.flags = KCOPYD_TEST_DISK_NO_MORE,
			});
	test_disk_hold(caller, "dst", WRITES);
	plan.length = 32 * MIB;
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "dst", 1);
	cr_assert_eq(job_cancel(kcopyd, job, 0), -EINPROGRESS);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_WRITE).requests, 1);
	report_expect(report, NOT_STARTED(1, 2048, 32 * 2048 - 2048));
}

RIG_TEST(zero, a_paused_job_goes_on_where_it_was)
{
	struct job_plan plan = plan_whole;
	int kcopyd = job_device_open(0), caller = disk_alone(SECTORS);
	struct job_result result;
	uint64_t job, sectors;

	plan.rate = MIB;
	job = job_start(kcopyd, &plan);
	job_wait_bytes(kcopyd, job, 1, MIB / 4);
	cr_assert_eq(job_pause(kcopyd, job), 0);
	job_wait_state(kcopyd, job, KCOPYD_STATE_PAUSED);
	sectors = op_of(caller, "dst", KCOPYD_TEST_WRITE_ZEROES).sectors;
	rig_sleep_ms(100);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_WRITE_ZEROES).sectors,
		     sectors);
	cr_assert_lt(sectors, SECTORS);
	cr_assert_eq(job_limit(kcopyd, job, 0, 0, 0), 0);
	cr_assert_eq(job_resume(kcopyd, job), 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	expect_sectors(caller, "dst", SECTORS, 0);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

/* ---- reading back -------------------------------------------------------- */

RIG_TEST(zero, zeroes_are_verified)
{
	int caller = disk_alone(SECTORS);
	struct job_plan plan = plan_whole;

	disk_create(caller, "d1", 0);
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_VERIFY;
	job_run_ok(&plan);
	cr_assert_eq(op_of(caller, "dst", KCOPYD_TEST_READ).sectors, SECTORS);
	cr_assert_eq(op_of(caller, "d1", KCOPYD_TEST_READ).sectors, SECTORS);
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
	data_expect_zeroes("/dev/kt-d1", 0, SIZE);
}

/* A disk that loses zeroes: they are written over before they are read back. */
RIG_TEST(zero, what_is_not_zero_when_read_back_is_named)
{
	int caller = disk_alone(SECTORS), kcopyd = job_device_open(0);
	struct job_plan plan = plan_whole;
	const struct report *report;
	uint64_t job;

	plan.flags = KCOPYD_SUBMIT_VERIFY;
	plan.depth = 1;
	test_disk_hold(caller, "dst", READS);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "dst", 1);
	data_fill_range("/dev/kt-dst", 1001 * SECTOR, 3 * SECTOR, OTHER, 0);
	test_disk_release(caller, "dst", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, DIFFERS(1, 1001, 3));
}

RIG_TEST(zero, devices_are_compared_with_zeroes)
{
	int caller = disk_alone(SECTORS);
	struct job_plan plan = plan_whole;
	const struct report *report;

	job_run_ok(&plan);
	test_disk_reset(caller, "dst", 0);
	plan.flags = KCOPYD_SUBMIT_COMPARE;
	job_run_ok(&plan);
	data_fill_range("/dev/kt-dst", SIZE - SECTOR, SECTOR, OTHER, 0);
	test_disk_reset(caller, "dst", 0);
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, DIFFERS(1, SECTORS - 1, 1));
	expect_sectors(caller, "dst", 0, 0);
}
