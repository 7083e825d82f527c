// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Destinations with zones. null_blk refuses a write that is not at its zone's
 * write pointer, so a copy that succeeds was written in order.
 */
#include <linux/blkzoned.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "caller.h"
#include "report.h"

TestSuite(zoned, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define ZONE (4 * MIB)
#define ZONE_SECTORS (ZONE / SECTOR)
#define SIZE (4 * ZONE)
#define SECTORS (SIZE / SECTOR)

/* ---- devices ------------------------------------------------------------- */

static void attribute(const char *name, const char *key, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/config/nullb/kt-%s/%s", name,
		 key);
	fd = device_open(path, O_WRONLY);
	cr_assert_eq(write(fd, value, strlen(value)), (ssize_t)strlen(value),
		     "%s: %m", path);
	close(fd);
}

/* Four zones of 4 MiB; some are conventional, some have so many MiB only. */
static void zoned_configure(const char *name, const char *conventional,
			    const char *capacity_mib)
{
	char dir[64];

	module_probe("null_blk", "nr_devices=0");
	snprintf(dir, sizeof(dir), "/sys/kernel/config/nullb/kt-%s", name);
	cr_assert_eq(mkdir(dir, 0700), 0, "%s: %m", dir);
	attribute(name, "size", "16");
	attribute(name, "memory_backed", "1");
	attribute(name, "blocksize", "512");
	attribute(name, "zoned", "1");
	attribute(name, "zone_size", "4");
	attribute(name, "zone_capacity", capacity_mib);
	attribute(name, "zone_nr_conv", conventional);
}

static void zoned_create(const char *name, const char *conventional,
			 const char *capacity_mib)
{
	zoned_configure(name, conventional, capacity_mib);
	attribute(name, "power", "1");
}

/* Each request takes 30 ms. */
static void zoned_create_slow(const char *name)
{
	zoned_configure(name, "0", "4");
	attribute(name, "irqmode", "2");
	attribute(name, "completion_nsec", "30000000");
	attribute(name, "power", "1");
}

static void source_create(void)
{
	data_fill(null_create("src", (struct null_options){ .mib = 16 }),
		  SOURCE);
}

static void disks_create(void)
{
	source_create();
	zoned_create("dst", "0", "4");
}

/* Bytes behind the start of a zone; of a full one, its capacity. */
static uint64_t written(const char *path, unsigned int zone)
{
	union {
		struct blk_zone_report head;
		char room[sizeof(struct blk_zone_report) +
			  sizeof(struct blk_zone)];
	} report = { .head = { .sector = zone * ZONE_SECTORS, .nr_zones = 1 } };
	const struct blk_zone *state = report.head.zones;
	int fd = device_open(path, O_RDONLY);

	cr_assert_eq(ioctl(fd, BLKREPORTZONE, &report), 0, "%s: %m", path);
	cr_assert_eq(report.head.nr_zones, 1);
	close(fd);
	if (state->cond == BLK_ZONE_COND_FULL)
		return ZONE;
	return (state->wp - state->start) * SECTOR;
}

/* The first bytes of a zone, which must be empty. */
static void zone_fill(const char *path, unsigned int zone, uint64_t length)
{
	data_fill_range(path, zone * ZONE, length, DEST, zone * ZONE_SECTORS);
}

static const struct job_plan plan_whole = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE,
};

/* ---- copies -------------------------------------------------------------- */

RIG_TEST(zoned, a_copy_over_several_zones_is_whole)
{
	disks_create();
	job_run_ok(&plan_whole);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	for (unsigned int i = 0; i < 4; i++)
		cr_assert_eq(written("/dev/kt-dst", i), ZONE);
}

RIG_TEST(zoned, a_copy_in_odd_chunks_is_whole)
{
	struct job_plan plan = plan_whole;

	disks_create();
	plan.chunk = 100 * KIB;
	plan.depth = 16;
	plan.length = 2 * ZONE + 7 * SECTOR;
	job_run_ok(&plan);
	data_expect("/dev/kt-dst", 0, plan.length, SOURCE, 0);
	cr_assert_eq(written("/dev/kt-dst", 2), 7 * SECTOR);
}

RIG_TEST(zoned, conventional_and_sequential_zones_are_written)
{
	source_create();
	zoned_create("dst", "2", "4");
	/* What a conventional zone holds is in nobody's way. */
	zone_fill("/dev/kt-dst", 1, ZONE);
	job_run_ok(&plan_whole);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(zoned, a_copy_from_zones_to_zones_is_whole)
{
	struct job_plan plan = plan_whole;

	disks_create();
	zoned_create("d1", "1", "4");
	job_run_ok(&plan);
	plan.source.path = "/dev/kt-dst";
	plan.dests[0].path = "/dev/kt-d1";
	job_run_ok(&plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(zoned, beside_others_a_copy_is_whole)
{
	struct job_plan plan = plan_whole;

	disks_create();
	null_create("d1", (struct null_options){ .mib = 16 });
	zoned_create("d2", "0", "4");
	plan.dests[1].path = "/dev/kt-d1";
	plan.dests[2].path = "/dev/kt-d2";
	job_run_ok(&plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
}

/*
 * Zeroes go in many requests a chunk, one after the other: that of the next
 * chunk must not come between, though a lane of its own begins with it.
 */
RIG_TEST(zoned, two_that_are_slow_go_alone_and_are_written_in_order)
{
	struct job_plan plan = plan_whole;
	const struct report *report;

	zoned_create_slow("dst");
	zoned_create_slow("d2");
	data_fill(null_create("d1", (struct null_options){ .mib = 16 }), DEST);
	plan.source = (struct job_place){ .fd = -1 };
	plan.dests[1].path = "/dev/kt-d2";
	plan.dests[2].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_DETACH_FAILED;
	report = report_run(&plan);
	report_expect_no_extents(report);
	report_expect_result(report, 0, 0, 0, 0x7);
	cr_assert_eq(report->regions[1].flags, KCOPYD_REGION_UNCOUPLED);
	cr_assert_eq(report->regions[2].flags, KCOPYD_REGION_UNCOUPLED);
	for (unsigned int i = 0; i < 4; i++) {
		cr_assert_eq(written("/dev/kt-dst", i), ZONE);
		cr_assert_eq(written("/dev/kt-d2", i), ZONE);
	}
	data_expect_equal("/dev/kt-d1", "/dev/kt-dst");
	data_expect_equal("/dev/kt-d1", "/dev/kt-d2");
}

RIG_TEST(zoned, a_copy_is_verified)
{
	struct job_plan plan = plan_whole;

	disks_create();
	plan.flags = KCOPYD_SUBMIT_VERIFY;
	job_run_ok(&plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(zoned, zones_are_compared_where_they_hold_data)
{
	struct job_plan plan = plan_whole;

	disks_create();
	job_run_ok(&plan);
	plan.flags = KCOPYD_SUBMIT_COMPARE;
	job_run_ok(&plan);
}

/* As data, since a gap would end all writing to a zone. */
RIG_TEST(zoned, a_sparse_copy_is_whole)
{
	struct job_plan plan = plan_whole;
	char *zeroes = aligned_alloc(4096, MIB);
	int fd;

	disks_create();
	fd = device_open("/dev/kt-src", O_WRONLY | O_DIRECT);
	memset(zeroes, 0, MIB);
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_eq(pwrite(fd, zeroes, 64 * KIB,
				    2 * i * MIB + 128 * KIB),
			     (ssize_t)(64 * KIB));
	close(fd);
	plan.flags = KCOPYD_SUBMIT_SPARSE;
	job_run_ok(&plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(zoned, zones_can_be_zeroed)
{
	struct job_plan plan = plan_whole;

	disks_create();
	plan.source = (struct job_place){ .fd = -1 };
	plan.flags = KCOPYD_SUBMIT_VERIFY;
	job_run_ok(&plan);
	for (unsigned int i = 0; i < 4; i++)
		cr_assert_eq(written("/dev/kt-dst", i), ZONE);
}

/* Left out they would be a gap. */
RIG_TEST(zoned, bad_sectors_of_the_source_become_zeroes)
{
	struct job_plan plan = plan_whole;
	const struct report *report;
	const unsigned long long bad = 3 * ZONE_SECTORS - 2;

	disks_create();
	plan.source.path = dm_create("bad",
				     "0 %llu linear /dev/kt-src 0\n"
				     "%llu 5 error\n"
				     "%llu %llu linear /dev/kt-src %llu\n",
				     bad, bad, bad + 5, SECTORS - bad - 5,
				     bad + 5);
	plan.flags = KCOPYD_SUBMIT_ZERO_BAD;
	plan.retry = KCOPYD_RETRY_BISECT;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 1);
	report_expect(report, BAD(0, bad, 5));
	report_expect_copy(report, 1, "/dev/kt-dst",
			   &(struct data_copy){ .seed = DEST,
						.length = SIZE,
						.source_seed = SOURCE });
}

/* ---- zones that hold data ------------------------------------------------ */

/* The zoned destination of two is refused whole, for that reason. */
static void expect_refused(struct job_plan plan, int error)
{
	const struct report *report;

	null_create("d1", (struct null_options){ .mib = 16 });
	plan.dests[1].path = "/dev/kt-d1";
	plan.dests[1].offset = plan.dests[0].offset;
	plan.flags |= KCOPYD_SUBMIT_DETACH_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	report_expect(report,
		      EXTENT(UNTRIED, 1, 0, plan.length / SECTOR, error));
	cr_assert_eq(report->regions[1].error, error);
	cr_assert_eq(report->regions[1].bytes, 0);
	data_expect("/dev/kt-d1", plan.dests[1].offset, plan.length, SOURCE,
		    plan.source.offset / SECTOR);
}

RIG_TEST(zoned, a_zone_that_holds_data_is_refused_and_others_are_written)
{
	disks_create();
	zone_fill("/dev/kt-dst", 2, MIB);
	expect_refused(plan_whole, -ENOTEMPTY);
	cr_assert_eq(written("/dev/kt-dst", 0), 0);
	cr_assert_eq(written("/dev/kt-dst", 2), MIB);
}

RIG_TEST(zoned, one_that_is_refused_ends_a_job_that_drops_nobody)
{
	const struct report *report;

	disks_create();
	zone_fill("/dev/kt-dst", 2, MIB);
	report = report_run(&plan_whole);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, EXTENT(UNTRIED, 1, 0, SECTORS, -ENOTEMPTY));
}

RIG_TEST(zoned, zones_are_reset_if_that_is_wanted)
{
	struct job_plan plan = plan_whole;

	disks_create();
	zone_fill("/dev/kt-dst", 0, MIB);
	zone_fill("/dev/kt-dst", 2, ZONE);
	plan.flags = KCOPYD_SUBMIT_RESET_ZONES;
	job_run_ok(&plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(zoned, zones_outside_of_the_range_are_not_reset)
{
	struct job_plan plan = plan_whole;

	disks_create();
	for (unsigned int i = 0; i < 4; i++)
		zone_fill("/dev/kt-dst", i, MIB);
	plan.dests[0].offset = ZONE;
	plan.length = 2 * ZONE;
	plan.flags = KCOPYD_SUBMIT_RESET_ZONES;
	job_run_ok(&plan);
	data_expect("/dev/kt-dst", 0, MIB, DEST, 0);
	data_expect("/dev/kt-dst", ZONE, 2 * ZONE, SOURCE, 0);
	data_expect("/dev/kt-dst", 3 * ZONE, MIB, DEST, 3 * ZONE_SECTORS);
	cr_assert_eq(written("/dev/kt-dst", 0), MIB);
	cr_assert_eq(written("/dev/kt-dst", 3), MIB);
}

RIG_TEST(zoned, a_zone_with_data_behind_the_range_is_not_reset)
{
	struct job_plan plan = plan_whole;

	disks_create();
	zone_fill("/dev/kt-dst", 0, MIB);
	zone_fill("/dev/kt-dst", 1, MIB + SECTOR);
	plan.length = ZONE + MIB;
	plan.flags = KCOPYD_SUBMIT_RESET_ZONES;
	expect_refused(plan, -ENOTEMPTY);
	/* Nor is any other. */
	cr_assert_eq(written("/dev/kt-dst", 0), MIB);
	cr_assert_eq(written("/dev/kt-dst", 1), MIB + SECTOR);
}

RIG_TEST(zoned, nothing_is_reset_for_a_job_that_cannot_begin)
{
	struct job_plan plan = plan_whole;
	const struct report *report;

	disks_create();
	zoned_create("d2", "0", "4");
	zone_fill("/dev/kt-dst", 0, MIB);
	zone_fill("/dev/kt-d2", 1, MIB + SECTOR);
	plan.dests[1].path = "/dev/kt-d2";
	plan.length = ZONE + MIB;
	plan.flags = KCOPYD_SUBMIT_RESET_ZONES;
	report = report_run(&plan);
	cr_assert_eq(report->result.write_err, 0x2);
	cr_assert_eq(report->result.complete, 0);
	data_expect("/dev/kt-dst", 0, MIB, DEST, 0);
	cr_assert_eq(written("/dev/kt-dst", 0), MIB);
}

RIG_TEST(zoned, a_zone_with_data_inside_the_range_is_reset)
{
	struct job_plan plan = plan_whole;

	disks_create();
	zone_fill("/dev/kt-dst", 1, MIB);
	plan.length = ZONE + MIB;
	plan.flags = KCOPYD_SUBMIT_RESET_ZONES;
	job_run_ok(&plan);
	data_expect("/dev/kt-dst", 0, plan.length, SOURCE, 0);
	cr_assert_eq(written("/dev/kt-dst", 1), MIB);
}

/* ---- where a copy begins and ends ---------------------------------------- */

RIG_TEST(zoned, a_copy_goes_on_at_a_write_pointer)
{
	struct job_plan plan = plan_whole;

	disks_create();
	zone_fill("/dev/kt-dst", 1, MIB);
	plan.dests[0].offset = ZONE + MIB;
	plan.length = ZONE;
	job_run_ok(&plan);
	data_expect("/dev/kt-dst", ZONE, MIB, DEST, ZONE_SECTORS);
	data_expect("/dev/kt-dst", ZONE + MIB, ZONE, SOURCE, 0);
}

RIG_TEST(zoned, a_copy_does_not_begin_behind_a_write_pointer)
{
	struct job_plan plan = plan_whole;

	disks_create();
	plan.dests[0].offset = ZONE + MIB;
	plan.length = MIB;
	expect_refused(plan, -ENOTEMPTY);
}

/* Resetting would lose what is before it. */
RIG_TEST(zoned, a_copy_does_not_begin_before_a_write_pointer)
{
	struct job_plan plan = plan_whole;

	disks_create();
	zone_fill("/dev/kt-dst", 1, 2 * MIB);
	plan.dests[0].offset = ZONE + MIB;
	plan.length = 2 * MIB;
	plan.flags = KCOPYD_SUBMIT_RESET_ZONES;
	expect_refused(plan, -ENOTEMPTY);
	data_expect("/dev/kt-dst", ZONE, 2 * MIB, DEST, ZONE_SECTORS);
}

RIG_TEST(zoned, what_a_zone_has_no_room_for_is_refused)
{
	source_create();
	zoned_create("dst", "0", "3");
	expect_refused(plan_whole, -ENOSPC);
	cr_assert_eq(written("/dev/kt-dst", 0), 0);
}

RIG_TEST(zoned, a_copy_that_ends_with_the_capacity_is_whole)
{
	struct job_plan plan = plan_whole;

	source_create();
	zoned_create("dst", "0", "3");
	plan.dests[0].offset = ZONE;
	plan.length = 3 * MIB;
	job_run_ok(&plan);
	data_expect("/dev/kt-dst", ZONE, 3 * MIB, SOURCE, 0);
}

/* ---- failures ------------------------------------------------------------ */

static void expect_no_submission(uint32_t flags)
{
	struct job_plan plan = plan_whole;
	int kcopyd = job_device_open(0);
	struct kcopyd_submit submit;

	disks_create();
	plan.flags = flags;
	cr_assert_eq(job_try_start(kcopyd, &plan, &submit), -EINVAL);
	cr_assert_eq(submit.reason, KCOPYD_REASON_FLAGS);
	cr_assert_eq(submit.region, 1);
}

RIG_TEST(zoned, errors_cannot_be_ignored)
{
	expect_no_submission(KCOPYD_SUBMIT_IGNORE_ERROR);
}

RIG_TEST(zoned, bad_sectors_cannot_be_left_out)
{
	expect_no_submission(KCOPYD_SUBMIT_SKIP_BAD);
}

RIG_TEST(zoned, a_failed_destination_cannot_be_kept)
{
	expect_no_submission(KCOPYD_SUBMIT_KEEP_FAILED);
}

/* Zone 1 has a bad block; requests of 64 KiB. */
static struct job_plan plan_with_bad_block(void)
{
	struct job_plan plan = plan_whole;

	disks_create();
	attribute("dst", "badblocks", "+9001-9001");
	plan.chunk = 64 * KIB;
	plan.retry = KCOPYD_RETRY_BISECT;
	return plan;
}

/* The first half would be behind the write pointer by then, or before it. */
RIG_TEST(zoned, a_failed_write_is_not_looked_into)
{
	struct job_plan plan = plan_with_bad_block();
	const unsigned int first = 9001 / 128 * 128;
	const struct report *report = report_run(&plan);

	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(1, first, 128),
		      NOT_STARTED(1, first + 128, SECTORS - first - 128));
	cr_assert_eq(report->regions[1].errors, 1);
	data_expect("/dev/kt-dst", 0, first * SECTOR, SOURCE, 0);
}

RIG_TEST(zoned, one_that_fails_leaves_and_the_other_is_written)
{
	struct job_plan plan = plan_with_bad_block();
	const struct report *report;

	null_create("d1", (struct null_options){ .mib = 16 });
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_DETACH_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	cr_assert_eq(report->extents[0].kind, KCOPYD_EXTENT_BAD);
	cr_assert_eq(report->extents[0].length, 64 * KIB);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}
