// SPDX-License-Identifier: GPL-2.0-or-later
/* What is copied is whole, and nothing else is touched. */
#include "job.h"

TestSuite(copy, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

/* A source and @nr destinations "d0", ..., all filled. */
static void pair_create(struct null_options options, unsigned int nr)
{
	data_fill(null_create("src", options), SOURCE);
	for (unsigned int i = 0; i < nr; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%u", i);
		data_fill(null_create(name, options), DEST + i);
	}
}

/* One copy between the first two, and what it did to both. */
static void copy_and_compare(struct job_plan plan)
{
	plan.source.path = "/dev/kt-src";
	plan.dests[0].path = "/dev/kt-d0";
	job_run_ok(&plan);
	data_expect_copy("/dev/kt-d0",
			 &(struct data_copy){
				 .seed = DEST,
				 .offset = plan.dests[0].offset,
				 .length = plan.length,
				 .source_seed = SOURCE,
				 .source_offset = plan.source.offset,
			 });
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(copy, one_sector_is_whole)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = SECTOR,
		.dests[0].offset = 3 * SECTOR,
		.length = SECTOR,
	});
}

RIG_TEST(copy, four_kib_are_whole)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = 4 * KIB,
		.dests[0].offset = 8 * KIB,
		.length = 4 * KIB,
	});
}

RIG_TEST(copy, one_mib_and_a_sector_are_whole)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){ .length = MIB + SECTOR });
}

RIG_TEST(copy, one_to_one_300_mib_is_whole)
{
	unsigned int mib = rig_scaled(300, 64);

	pair_create((struct null_options){ .mib = mib }, 1);
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = mib * MIB,
	});
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(copy, one_to_four_writes_all_four)
{
	unsigned int mib = rig_scaled(48, 6);
	struct job_plan plan = {
		.source = { .path = "/dev/kt-src", .offset = 64 * KIB },
		.dests = { { .path = "/dev/kt-d0", .offset = 64 * KIB },
			   { .path = "/dev/kt-d1" },
			   { .path = "/dev/kt-d2", .offset = MIB + SECTOR },
			   { .path = "/dev/kt-d3", .offset = SECTOR } },
		.length = (mib - 2) * MIB + 7 * SECTOR,
	};

	pair_create((struct null_options){ .mib = mib }, 4);
	job_run_ok(&plan);
	data_expect_untouched("/dev/kt-src", SOURCE);
	for (unsigned int i = 0; i < 4; i++)
		data_expect_copy(plan.dests[i].path,
				 &(struct data_copy){
					 .seed = DEST + i,
					 .offset = plan.dests[i].offset,
					 .length = plan.length,
					 .source_seed = SOURCE,
					 .source_offset = 64 * KIB,
				 });
}

RIG_TEST(copy, one_to_four_whole_devices_are_equal)
{
	unsigned int mib = rig_scaled(64, 6);

	pair_create((struct null_options){ .mib = mib }, 4);
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" },
			   { .path = "/dev/kt-d1" },
			   { .path = "/dev/kt-d2" },
			   { .path = "/dev/kt-d3" } },
		.length = mib * MIB,
	});
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
	data_expect_equal("/dev/kt-src", "/dev/kt-d3");
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(copy, odd_offsets_leave_the_bytes_around_alone)
{
	pair_create((struct null_options){ .mib = 16 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = 3 * MIB + 5 * SECTOR,
		.dests[0].offset = 7 * SECTOR,
		.length = 9 * MIB + 3 * SECTOR,
	});
}

RIG_TEST(copy, the_last_sector_of_a_device_is_copied)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = MIB,
		.dests[0].offset = 4 * MIB - SECTOR,
		.length = SECTOR,
	});
}

RIG_TEST(copy, a_device_of_an_odd_number_of_sectors_is_copied_to_its_end)
{
	const char *source, *dest;

	pair_create((struct null_options){ .mib = 4 }, 1);
	source = dm_create("odd-src", "0 4099 linear /dev/kt-src 0");
	dest = dm_create("odd-dst", "0 4099 linear /dev/kt-d0 1");
	job_run_ok(&(struct job_plan){
		.source.path = source,
		.dests[0].path = dest,
		.length = 4099 * SECTOR,
	});
	data_expect_equal(source, dest);
	data_expect_copy("/dev/kt-d0", &(struct data_copy){
					       .seed = DEST,
					       .offset = SECTOR,
					       .length = 4099 * SECTOR,
					       .source_seed = SOURCE,
				       });
}

RIG_TEST(copy, zero_length_completes_and_writes_nothing)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){ .length = 0 });
	data_expect_untouched("/dev/kt-d0", DEST);
}

RIG_TEST(copy, four_kib_logical_blocks_are_copied)
{
	pair_create((struct null_options){ .mib = 16, .block = 4096 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = 4 * KIB,
		.dests[0].offset = 12 * KIB,
		.length = 5 * MIB + 4 * KIB,
	});
}

RIG_TEST(copy, between_512_and_4096_byte_blocks_is_whole)
{
	pair_create((struct null_options){ .mib = 8 }, 0);
	data_fill(null_create("d0",
			      (struct null_options){ .mib = 8, .block = 4096 }),
		  DEST);
	copy_and_compare((struct job_plan){
		.source.offset = 4 * KIB,
		.dests[0].offset = 8 * KIB,
		.length = 3 * MIB + 4 * KIB,
	});
}

RIG_TEST(copy, small_requests_are_enough)
{
	pair_create((struct null_options){ .mib = 8, .max_sectors = 8 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = SECTOR,
		.dests[0].offset = 2 * SECTOR,
		.length = 6 * MIB + SECTOR,
	});
}

RIG_TEST(copy, large_requests_are_whole)
{
	pair_create((struct null_options){ .mib = 16, .max_sectors = 2048 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = 5 * SECTOR,
		.dests[0].offset = MIB,
		.length = 14 * MIB + 3 * SECTOR,
	});
}

RIG_TEST(copy, requests_of_different_size_meet)
{
	pair_create((struct null_options){ .mib = 8, .max_sectors = 2048 }, 0);
	data_fill(null_create("d0", (struct null_options){ .mib = 8,
							   .max_sectors = 24 }),
		  DEST);
	copy_and_compare((struct job_plan){
		.source.offset = SECTOR,
		.dests[0].offset = SECTOR,
		.length = 7 * MIB + 9 * SECTOR,
	});
}

RIG_TEST(copy, a_reserve_of_one_page_is_enough)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = SECTOR,
		.dests[0].offset = 4 * SECTOR,
		.length = 2 * MIB + SECTOR,
		.memory = 4096,
	});
}

RIG_TEST(copy, a_reserve_of_three_pages_is_enough_for_four_destinations)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" },
			   { .path = "/dev/kt-d1" },
			   { .path = "/dev/kt-d2" },
			   { .path = "/dev/kt-d3" } },
		.length = 4 * MIB,
		.memory = 3 * 4096,
	};

	pair_create((struct null_options){ .mib = 4 }, 4);
	job_run_ok(&plan);
	for (unsigned int i = 0; i < 4; i++)
		data_expect_equal("/dev/kt-src", plan.dests[i].path);
}

RIG_TEST(copy, chunk_and_depth_do_not_change_what_is_copied)
{
	static const struct {
		uint32_t chunk;
		uint32_t depth;
	} shapes[] = {
		{ 4096, 1 },	 { 4096, 16 }, { 64 * KIB, 1 },
		{ 12 * KIB, 5 }, { MIB, 1 },   { MIB, 4 },
	};

	pair_create((struct null_options){ .mib = 8 }, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		data_fill("/dev/kt-d0", DEST);
		copy_and_compare((struct job_plan){
			.source.offset = SECTOR,
			.dests[0].offset = 2 * SECTOR,
			.length = 4 * MIB + SECTOR,
			.chunk = shapes[i].chunk,
			.depth = shapes[i].depth,
		});
	}
}

RIG_TEST(copy, ascending_writes_are_whole)
{
	pair_create((struct null_options){ .mib = 16 }, 1);
	copy_and_compare((struct job_plan){
		.source.offset = SECTOR,
		.dests[0].offset = 2 * SECTOR,
		.length = 15 * MIB + SECTOR,
		.flags = KCOPYD_SUBMIT_WRITE_SEQ,
	});
}

RIG_TEST(copy, without_a_flush_is_whole)
{
	pair_create((struct null_options){ .mib = 4 }, 1);
	copy_and_compare((struct job_plan){
		.length = 2 * MIB,
		.flags = KCOPYD_SUBMIT_NO_FLUSH,
	});
}

RIG_TEST(copy, two_jobs_at_once_are_both_whole)
{
	unsigned int mib = rig_scaled(32, 8);
	int kcopyd = job_device_open(0), other = job_device_open(0);
	struct job_plan first = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = mib * MIB,
		.cookie = 0xfeed,
	}, second = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d1",
		.length = mib * MIB,
		.cookie = 0xbeef,
	};
	struct job_result result;
	uint64_t a, b;

	pair_create((struct null_options){ .mib = mib }, 2);
	a = job_start(kcopyd, &first);
	b = job_start(other, &second);
	cr_assert_neq(a, b);
	result = job_wait(other, b);
	job_expect_ok(&result, &second);
	result = job_wait(kcopyd, a);
	job_expect_ok(&result, &first);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(kcopyd);
	close(other);
}

/* All on one descriptor, so that they share one reserve. */
RIG_TEST(copy, many_jobs_share_a_small_reserve)
{
	enum { JOBS = 16 };
	int kcopyd = job_device_open(0), dest;
	unsigned int done = 0;

	pair_create((struct null_options){ .mib = JOBS }, 1);
	dest = device_open("/dev/kt-d0", O_RDWR | O_EXCL);
	for (unsigned int i = 0; i < JOBS; i++)
		job_start(kcopyd, &(struct job_plan){
					  .source = { .path = "/dev/kt-src",
						      .offset = i * MIB },
					  .dests[0] = { "", i * MIB, dest },
					  .length = MIB,
					  .memory = 16 * KIB,
				  });
	while (done < JOBS) {
		struct kcopyd_event event;

		cr_assert_eq(read(kcopyd, &event, sizeof(event)),
			     (ssize_t)sizeof(event));
		if (event.type != KCOPYD_EVENT_DONE)
			continue;
		cr_assert_eq(event.code, 0);
		done++;
	}
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(dest);
	close(kcopyd);
}

RIG_TEST(copy, within_one_disk_is_whole)
{
	struct job_plan plan = {
		.source = { .path = "/dev/kt-d0" },
		.dests[0] = { .path = "/dev/kt-d0", .offset = 2 * MIB },
		.length = 2 * MIB,
	};

	data_fill(null_create("d0", (struct null_options){ .mib = 5 }), DEST);
	job_run_ok(&plan);
	data_expect("/dev/kt-d0", 0, 2 * MIB, DEST, 0);
	data_expect("/dev/kt-d0", 2 * MIB, 2 * MIB, DEST, 0);
	data_expect("/dev/kt-d0", 4 * MIB, MIB, DEST, 4 * MIB / SECTOR);
}
