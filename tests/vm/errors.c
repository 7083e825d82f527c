// SPDX-License-Identifier: GPL-2.0-or-later
/* Every failure has its bit and its place, and spoils nothing else. */
#include "job.h"

TestSuite(errors, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

/* The bad part of a device made by broken_create(), in bytes. */
#define BAD_OFFSET (MIB + 4 * KIB)
#define BAD_LENGTH (8 * KIB)
#define BAD_END (BAD_OFFSET + BAD_LENGTH)
#define SIZE_MIB 4
#define SIZE (SIZE_MIB * MIB)

static const char *device_create(const char *name, uint64_t seed)
{
	const char *path =
		null_create(name, (struct null_options){ .mib = SIZE_MIB });

	data_fill(path, seed);
	return path;
}

/* On top of /dev/kt-NAME: "/dev/mapper/kt-NAME-bad", bad in the middle. */
static const char *broken_create(const char *name)
{
	char full[32];

	snprintf(full, sizeof(full), "%s-bad", name);
	return dm_create(full,
			 "0 %llu linear /dev/kt-%s 0\n"
			 "%llu %llu error\n"
			 "%llu %llu linear /dev/kt-%s %llu\n",
			 BAD_OFFSET / SECTOR, name, BAD_OFFSET / SECTOR,
			 BAD_LENGTH / SECTOR, BAD_END / SECTOR,
			 (SIZE - BAD_END) / SECTOR, name, BAD_END / SECTOR);
}

/*
 * Nothing is lost silently: every bad byte is in an extent of that region.
 * What was not tried since the job stopped is named, too, and left out here.
 */
static void expect_extents_cover_bad(const struct kcopyd_extent *extents,
				     unsigned int nr, unsigned int region,
				     uint64_t slack)
{
	uint64_t at = BAD_OFFSET;

	cr_assert_gt(nr, 0);
	for (unsigned int i = 0; i < nr; i++) {
		const struct kcopyd_extent *extent = &extents[i];
		uint64_t end = extent->offset + extent->length;

		if (extent->kind == KCOPYD_EXTENT_UNTRIED)
			continue;
		cr_assert_eq(extent->region, region);
		cr_assert_eq(extent->kind, KCOPYD_EXTENT_BAD);
		cr_assert_eq(extent->error, -EIO);
		cr_assert_eq(extent->pad, 0);
		cr_assert_gt(extent->length, 0);
		cr_assert_geq(extent->offset + slack, BAD_OFFSET,
			      "extent at %llu is far from the bad sectors",
			      extent->offset);
		cr_assert_leq(end, BAD_END + slack);
		if (extent->offset <= at && end > at)
			at = end;
	}
	cr_assert_geq(at, BAD_END, "bad from %lu on, and not named", at);
}

/*
 * What the extents leave out is copied; what is in them is either not written
 * at all or copied, sector by sector; the bad sectors were not written.
 */
static void expect_copied_but_for(const char *path,
				  const struct kcopyd_extent *extents,
				  unsigned int nr)
{
	uint64_t at = 0;

	for (unsigned int i = 0; i <= nr; i++) {
		uint64_t end = i < nr ? extents[i].offset : SIZE;

		cr_assert_geq(end, at, "extents are not sorted");
		data_expect(path, at, end - at, SOURCE, at / SECTOR);
		if (i < nr)
			at = end + extents[i].length;
	}
	data_expect(path, BAD_OFFSET, BAD_LENGTH, DEST, BAD_OFFSET / SECTOR);
}

RIG_TEST(errors, a_failing_source_ends_the_job_and_is_named)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_extent extents[JOB_EXTENTS];
	struct kcopyd_status status;
	struct job_result result;
	int kcopyd = job_device_open(0);
	uint64_t job;

	device_create("src", SOURCE);
	device_create("dst", DEST);
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = broken_create("src"),
					.dests[0].path = "/dev/kt-dst",
					.length = SIZE,
				});
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(result.write_err, 0);
	cr_assert_eq(result.complete, 0);
	cr_assert_eq(result.regions[0].code, -EIO);
	cr_assert_gt(result.regions[0].errors, 0);
	cr_assert_eq(result.regions[1].errors, 0);
	expect_extents_cover_bad(result.extents, result.nr_extents, 0, MIB);

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	cr_assert_eq(status.state, KCOPYD_STATE_DONE);
	cr_assert_eq(status.code, -EIO);
	cr_assert_eq(status.read_err, 1);
	cr_assert_eq(status.write_err, 0);
	cr_assert_eq(status.complete, 0);
	cr_assert_eq(status.nr_extents,
		     job_extents(kcopyd, job, extents, JOB_EXTENTS));
	expect_extents_cover_bad(extents, status.nr_extents, 0, MIB);
	cr_assert_eq(regions[0].error, -EIO);
	cr_assert_eq(regions[1].error, 0);
	data_expect("/dev/kt-dst", BAD_OFFSET, BAD_LENGTH, DEST,
		    BAD_OFFSET / SECTOR);
	close(kcopyd);
}

static void skip_bad_source(uint32_t chunk, uint64_t slack)
{
	struct kcopyd_extent extents[JOB_EXTENTS];
	struct job_result result;
	int kcopyd = job_device_open(0);
	unsigned int nr;
	uint64_t job;

	device_create("src", SOURCE);
	device_create("dst", DEST);
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = broken_create("src"),
					.dests[0].path = "/dev/kt-dst",
					.length = SIZE,
					.chunk = chunk,
					.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
				});
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(result.write_err, 0);
	cr_assert_eq(result.complete, 0);
	nr = job_extents(kcopyd, job, extents, JOB_EXTENTS);
	expect_extents_cover_bad(extents, nr, 0, slack);
	expect_copied_but_for("/dev/kt-dst", extents, nr);
	cr_assert_eq(result.regions[0].bytes, result.regions[1].bytes);
	close(kcopyd);
}

RIG_TEST(errors, ignored_read_errors_leave_the_good_sectors_copied)
{
	skip_bad_source(0, MIB);
}

RIG_TEST(errors, small_chunks_name_the_bad_sectors_exactly)
{
	skip_bad_source(4096, 0);
}

static void three_dests(struct job_result *result, uint32_t flags)
{
	device_create("src", SOURCE);
	device_create("d0", DEST);
	device_create("d1", DEST);
	device_create("d2", DEST);
	*result = job_run(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" },
			   { .path = broken_create("d1") },
			   { .path = "/dev/kt-d2" } },
		.length = SIZE,
		.flags = flags,
	});
}

RIG_TEST(errors, a_failing_destination_has_its_bit_and_the_others_are_whole)
{
	struct job_result result;

	three_dests(&result, KCOPYD_SUBMIT_DETACH_FAILED);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0x2, "write_err %#lx", result.write_err);
	cr_assert_eq(result.complete, 0x5, "complete %#lx", result.complete);
	cr_assert_eq(result.regions[1].bytes, SIZE);
	cr_assert_eq(result.regions[2].code, -EIO);
	cr_assert_gt(result.regions[2].errors, 0);
	cr_assert_lt(result.regions[2].bytes, SIZE);
	cr_assert_eq(result.regions[3].bytes, SIZE);
	expect_extents_cover_bad(result.extents, result.nr_extents, 2, MIB);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect("/dev/kt-d1", BAD_OFFSET, BAD_LENGTH, DEST,
		    BAD_OFFSET / SECTOR);
}

RIG_TEST(errors, ignored_write_errors_leave_the_rest_written)
{
	struct job_result result;

	three_dests(&result, KCOPYD_SUBMIT_IGNORE_ERROR);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 0x2);
	cr_assert_eq(result.complete, 0x5);
	expect_extents_cover_bad(result.extents, result.nr_extents, 2, MIB);
	expect_copied_but_for("/dev/kt-d1", result.extents, result.nr_extents);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
}

/* Slow enough that the error is known long before the end. */
static const char *slow_source_create(unsigned int mib)
{
	const char *path = null_create(
		"src", (struct null_options){ .mib = mib, .latency_us = 500 });

	data_fill(path, SOURCE);
	return path;
}

RIG_TEST(errors, without_flags_the_first_failure_ends_the_job)
{
	unsigned int mib = rig_scaled(32, 16);
	struct job_result result;

	slow_source_create(mib);
	null_create("d0", (struct null_options){ .mib = mib });
	dm_create("d1", "0 %llu error", mib * MIB / SECTOR);
	result = job_run(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" },
			   { .path = "/dev/mapper/kt-d1" } },
		.length = mib * MIB,
		.chunk = 64 * KIB,
		.depth = 4,
	});
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0x2);
	cr_assert_eq(result.complete, 0);
	cr_assert_lt(result.regions[0].bytes, mib * MIB / 2,
		     "the source was read on and on");
	cr_assert_lt(result.regions[1].bytes, mib * MIB / 2);
	cr_assert_eq(result.regions[2].bytes, 0);
}

RIG_TEST(errors, when_all_destinations_failed_the_source_is_not_read_on)
{
	unsigned int mib = rig_scaled(32, 16);
	struct job_result result;

	slow_source_create(mib);
	dm_create("d0", "0 %llu error", mib * MIB / SECTOR);
	dm_create("d1", "0 %llu error", mib * MIB / SECTOR);
	result = job_run(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/mapper/kt-d0" },
			   { .path = "/dev/mapper/kt-d1" } },
		.length = mib * MIB,
		.chunk = 64 * KIB,
		.depth = 4,
		.flags = KCOPYD_SUBMIT_DETACH_FAILED,
	});
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 0x3);
	cr_assert_eq(result.complete, 0);
	cr_assert_lt(result.regions[0].bytes, mib * MIB / 2,
		     "the source was read on and on");
}

RIG_TEST(errors, the_last_sector_of_a_destination_can_fail)
{
	struct job_result result;

	device_create("src", SOURCE);
	device_create("dst", DEST);
	dm_create("tail",
		  "0 %llu linear /dev/kt-dst 0\n"
		  "%llu 1 error\n",
		  SIZE / SECTOR - 1, SIZE / SECTOR - 1);
	result = job_run(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/mapper/kt-tail",
		.length = SIZE,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
	});
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 0x1);
	cr_assert_eq(result.complete, 0);
	cr_assert_eq(result.nr_extents, 1);
	cr_assert_eq(result.extents[0].offset + result.extents[0].length, SIZE);
	data_expect("/dev/kt-dst", 0, result.extents[0].offset, SOURCE, 0);
}

/* Both at once, of which neither hides the other. */
RIG_TEST(errors, source_and_destination_can_fail_in_one_job)
{
	struct job_result result;

	device_create("src", SOURCE);
	device_create("d0", DEST);
	device_create("d1", DEST);
	dm_create("head",
		  "0 8 error\n"
		  "8 %llu linear /dev/kt-d1 8\n",
		  SIZE / SECTOR - 8);
	result = job_run(&(struct job_plan){
		.source.path = broken_create("src"),
		.dests = { { .path = "/dev/kt-d0" },
			   { .path = "/dev/mapper/kt-head" } },
		.length = SIZE,
		.chunk = 4096,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
	});
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(result.write_err, 0x2);
	cr_assert_eq(result.regions[0].bytes, SIZE - BAD_LENGTH);
	cr_assert_eq(result.regions[1].bytes, SIZE - BAD_LENGTH);
	cr_assert_eq(result.regions[2].bytes, SIZE - BAD_LENGTH - 4 * KIB);
	data_expect("/dev/kt-d1", 0, 4 * KIB, DEST, 0);
	data_expect("/dev/kt-d1", 4 * KIB, BAD_OFFSET - 4 * KIB, SOURCE, 8);
	data_expect("/dev/kt-d0", BAD_END, SIZE - BAD_END, SOURCE,
		    BAD_END / SECTOR);
}

/* A copy after a failed one on the same descriptor starts afresh. */
RIG_TEST(errors, the_next_job_is_not_touched_by_a_failed_one)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = SIZE,
	};
	struct job_result result;
	int kcopyd = job_device_open(0);

	device_create("src", SOURCE);
	device_create("dst", DEST);
	plan.source.path = broken_create("src");
	result = job_wait(kcopyd, job_start(kcopyd, &plan));
	cr_assert_eq(result.code, -EIO);
	plan.source.path = "/dev/kt-src";
	result = job_wait(kcopyd, job_start(kcopyd, &plan));
	job_expect_ok(&result, &plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	close(kcopyd);
}
