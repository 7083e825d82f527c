// SPDX-License-Identifier: GPL-2.0-or-later
/* dm-io within the limits of a disk, and on one that fails as it is told. */
#include <sys/ioctl.h>

#include "../kmod/kcopyd_test_disk.h"
#include "call.h"

TestSuite(dm_io_limits, RIG_SUITE);

enum { LENGTH = 256 << 10, MOST_LENGTH = 1 << 20 };

#define DISK "disk"
#define PATH "/dev/kt-disk"

static void disk_create(int caller, struct kcopyd_test_disk disk)
{
	strcpy(disk.name, DISK);
	disk.mib = 4;
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_CREATE, &disk), 0, "%m");
	data_fill(PATH, SEED);
}

static void disk_reset(int caller)
{
	struct kcopyd_test_disk_reset reset = { .name = DISK };

	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_RESET, &reset), 0, "%m");
}

static struct kcopyd_test_disk_stats disk_stats(int caller)
{
	struct kcopyd_test_disk_stats stats = { .name = DISK };

	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_STATS, &stats), 0, "%m");
	cr_assert_eq(stats.violations, 0, "a request broke rules %#x",
		     stats.rules);
	return stats;
}

static void disk_fault(int caller, uint64_t first, uint64_t count, int error)
{
	struct kcopyd_test_disk_fault fault = {
		.name = DISK,
		.error = error,
		.first = first,
		.count = count,
	};

	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_FAULT, &fault), 0, "%m");
}

/**
 * struct shape - of a buffer
 * @offset: bytes into its first page
 * @pieces: most bytes of a bio_vec, 0 = pages
 * @unit: what lengths of bio_vecs are multiples of
 * @how: KCOPYD_TEST_CONTIGUOUS, KCOPYD_TEST_SWAPPED or 0
 */
struct shape {
	uint32_t offset;
	uint32_t pieces;
	uint32_t unit;
	uint32_t how;
};

static struct kcopyd_test_io shaped(unsigned int i, uint32_t rw,
				    struct kcopyd_test_region *region,
				    void *buffer, uint64_t length,
				    struct shape shape)
{
	struct kcopyd_test_io args =
		call_args(i, rw, region, 1, buffer, length);

	args.offset = shape.offset;
	args.pieces = shape.pieces;
	args.unit = shape.unit;
	args.seed = i + shape.offset;
	args.how = shape.how;
	return args;
}

/* Written and read back by each of the calls, within the limits. */
static void expect_whole(int caller, struct shape shape)
{
	char *buffer = malloc(LENGTH), *expected = malloc(LENGTH);
	struct kcopyd_test_region region =
		caller_region(PATH, 64, LENGTH / SECTOR);

	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args =
			shaped(i, OP_WRITE, &region, buffer, LENGTH, shape);

		data_fill_range(PATH, 0, MIB, SEED, 0);
		data_make(expected, LENGTH, DATA, i);
		memcpy(buffer, expected, LENGTH);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect(PATH, 0, 32 * KIB, SEED, 0);
		data_expect(PATH, 32 * KIB, LENGTH, DATA, i);
		data_expect(PATH, 32 * KIB + LENGTH, 32 * KIB, SEED,
			    64 + LENGTH / SECTOR);
		memset(buffer, 0, LENGTH);
		args = shaped(i, OP_READ, &region, buffer, LENGTH, shape);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		cr_assert_eq(memcmp(buffer, expected, LENGTH), 0, "%s",
			     call_name(i));
	}
	disk_stats(caller);
	close(region.fd);
	free(buffer);
	free(expected);
}

static void expect_refused(int caller, struct shape shape, const char *why)
{
	char *buffer = calloc(1, LENGTH);
	struct kcopyd_test_region region =
		caller_region(PATH, 64, LENGTH / SECTOR);

	disk_reset(caller);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args =
			shaped(i, OP_WRITE, &region, buffer, LENGTH, shape);

		call_expect_refused(caller, &args, i, why);
	}
	cr_assert_eq(disk_stats(caller).ops[KCOPYD_TEST_WRITE].requests, 0);
	close(region.fd);
	free(buffer);
}

RIG_TEST(dm_io_limits, one_segment_at_a_time_is_enough)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .max_segments = 1 });
	expect_whole(caller, (struct shape){});
	expect_whole(caller, (struct shape){ .offset = 512 });
	expect_whole(caller, (struct shape){ .pieces = 512 });
	close(caller);
}

RIG_TEST(dm_io_limits, small_segments_that_cross_no_boundary_are_enough)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){
				    .max_segments = 3,
				    .max_segment_size = 4096,
				    .seg_boundary = 8191,
				    .max_sectors = 24,
			    });
	expect_whole(caller, (struct shape){ .offset = 512 });
	expect_whole(caller, (struct shape){ .offset = 1024,
					     .how = KCOPYD_TEST_CONTIGUOUS });
	close(caller);
}

RIG_TEST(dm_io_limits, a_virtual_boundary_is_respected)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .virt_boundary = 4095,
						       .max_segments = 8 });
	expect_whole(caller, (struct shape){ .offset = 1024 });
	expect_whole(caller, (struct shape){ .pieces = 3072, .unit = 512 });
	close(caller);
}

RIG_TEST(dm_io_limits, any_offset_of_the_dma_alignment_is_taken)
{
	static const uint32_t offsets[] = { 4, 20, 508, 2044, 4092 };
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .dma_alignment = 3 });
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++)
		expect_whole(caller, (struct shape){ .offset = offsets[i] });
	close(caller);
}

RIG_TEST(dm_io_limits, bio_vecs_of_odd_lengths_are_taken)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .dma_alignment = 3 });
	expect_whole(caller, (struct shape){ .pieces = 1000, .unit = 4 });
	expect_whole(caller,
		     (struct shape){ .offset = 12, .pieces = 4092, .unit = 4 });
	expect_whole(caller, (struct shape){ .offset = 4, .pieces = 4 });
	close(caller);
}

RIG_TEST(dm_io_limits, an_offset_that_dma_can_not_reach_is_refused)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .dma_alignment = 511 });
	expect_refused(caller, (struct shape){ .offset = 4 }, "4 bytes");
	expect_refused(caller, (struct shape){ .offset = 1020 }, "1020 bytes");
	data_expect_untouched(PATH, SEED);
	close(caller);
}

RIG_TEST(dm_io_limits, an_offset_inside_a_dma_page_is_refused)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .dma_alignment = 4095 });
	expect_refused(caller, (struct shape){ .offset = 512 }, "512 bytes");
	expect_whole(caller, (struct shape){});
	close(caller);
}

/* The block layer would have a BUG there, or send what the disk can't take. */
RIG_TEST(dm_io_limits, a_block_in_more_pieces_than_segments_is_refused)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .block = 4096,
						       .max_segments = 1 });
	expect_refused(caller, (struct shape){ .offset = 512 },
		       "a block in two pages");
	data_expect_untouched(PATH, SEED);
	expect_whole(caller, (struct shape){});
	/* The same pages in a row are one piece. */
	expect_whole(caller, (struct shape){ .offset = 512,
					     .how = KCOPYD_TEST_CONTIGUOUS });
	close(caller);
}

RIG_TEST(dm_io_limits, a_block_in_two_pieces_fits_two_segments)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){ .block = 4096,
						       .max_segments = 2 });
	expect_whole(caller, (struct shape){ .offset = 512 });
	expect_whole(caller, (struct shape){ .offset = 3584 });
	close(caller);
}

/*
 * Regions of two disks, one with blocks of 4 KiB that wants @length; behind it
 * all comes in pieces that a window has no room for such a block of.
 */
static void expect_small_pieces(uint64_t length)
{
	struct kcopyd_test_disk other = {
		.name = "other",
		.mib = 1,
		.block = 4096,
		.dma_alignment = 3,
	};
	char *buffer = malloc(LENGTH);
	struct kcopyd_test_region regions[2];
	int caller = call_open();

	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_CREATE, &other), 0, "%m");
	disk_create(caller, (struct kcopyd_test_disk){ .dma_alignment = 3 });
	regions[0] = caller_region(PATH, 64, LENGTH / SECTOR);
	regions[1] = caller_region("/dev/kt-other", 0, length / SECTOR);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args =
			shaped(i, OP_WRITE, regions, buffer, LENGTH,
			       (struct shape){ .pieces = 8,
					       .how = KCOPYD_TEST_SWAPPED });

		if (args.memory != KCOPYD_TEST_BVEC)
			continue;
		args.nr_regions = 2;
		args.whole = length;
		data_make(buffer, LENGTH, DATA, i);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect(PATH, 32 * KIB, LENGTH, DATA, i);
		data_expect("/dev/kt-other", 0, length, DATA, i);
	}
	disk_stats(caller);
	close(regions[0].fd);
	close(regions[1].fd);
	close(caller);
	free(buffer);
}

RIG_TEST(dm_io_limits, blocks_of_a_region_that_wants_nothing_do_not_count)
{
	expect_small_pieces(0);
}

RIG_TEST(dm_io_limits, blocks_of_a_region_that_has_ended_do_not_count)
{
	expect_small_pieces(8 * KIB);
}

static uint64_t requests_of(int caller, unsigned int i, uint32_t how)
{
	char *buffer = malloc(MOST_LENGTH);
	struct kcopyd_test_region region =
		caller_region(PATH, 0, MOST_LENGTH / SECTOR);
	struct kcopyd_test_io args = shaped(i, OP_WRITE, &region, buffer,
					    MOST_LENGTH,
					    (struct shape){ .how = how });

	data_make(buffer, MOST_LENGTH, DATA, 0);
	disk_reset(caller);
	call_make(caller, &args);
	call_expect_bits(&args, i, 0);
	data_expect(PATH, 0, MOST_LENGTH, DATA, 0);
	close(region.fd);
	free(buffer);
	return disk_stats(caller).ops[KCOPYD_TEST_WRITE].requests;
}

RIG_TEST(dm_io_limits, contiguous_pages_are_one_segment)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){
				    .max_segments = 1,
				    .max_sectors = 128,
				    .max_segment_size = 65536,
				    .flags = KCOPYD_TEST_DISK_NO_MERGES,
			    });
	for (unsigned int i = 0; i < CALLS; i++) {
		uint64_t contiguous =
			requests_of(caller, i, KCOPYD_TEST_CONTIGUOUS);
		uint64_t scattered = requests_of(caller, i, 0);

		cr_assert_eq(contiguous, 16, "%s: %lu requests", call_name(i),
			     contiguous);
		/* (Some may be neighbours by chance.) */
		cr_assert_gt(scattered, 64, "%s: %lu requests", call_name(i),
			     scattered);
	}
	close(caller);
}

RIG_TEST(dm_io_limits, requests_are_as_large_as_the_disk_takes_them)
{
	int caller = call_open();

	disk_create(caller, (struct kcopyd_test_disk){
				    .max_segments = 64,
				    .max_sectors = 248,
				    .flags = KCOPYD_TEST_DISK_NO_MERGES,
			    });
	for (unsigned int i = 0; i < CALLS; i++)
		cr_assert_eq(requests_of(caller, i, 0), 9, "%s", call_name(i));
	close(caller);
}

/* ---- failing ------------------------------------------------------------- */

/* Held until it was submitted, so that the callback is the last bio's. */
static void call_held(int caller, struct kcopyd_test_io *args)
{
	struct kcopyd_test_disk_hold hold = { .name = DISK };
	struct kcopyd_test_disk_release release = { .name = DISK };

	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_HOLD, &hold), 0, "%m");
	args->how |= KCOPYD_TEST_IN_FLIGHT;
	call_make(caller, args);
	cr_assert_eq(args->ret, 0);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_RELEASE, &release), 0,
		     "%m");
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, args), 0);
}

/* A callback in an interrupt may not sleep, and zeroing there may not, too. */
RIG_TEST(dm_io_limits, a_read_that_fails_in_an_interrupt_is_zeroed)
{
	char *buffer = malloc(LENGTH), *expected = malloc(LENGTH);
	int caller = call_open();
	struct kcopyd_test_region region;

	disk_create(caller, (struct kcopyd_test_disk){
				    .max_sectors = 64,
				    .completion = KCOPYD_TEST_DISK_INTERRUPT,
				    .flags = KCOPYD_TEST_DISK_NO_MERGES,
			    });
	region = caller_region(PATH, 0, LENGTH / SECTOR);
	disk_fault(caller, 100, 1, EIO);
	/* Of eight requests the second one. */
	data_make(expected, LENGTH, SEED, 0);
	memset(expected + 64 * SECTOR, 0, 64 * SECTOR);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args =
			call_args(i, OP_READ, &region, 1, buffer, LENGTH);

		memset(buffer, 0xee, LENGTH);
		if (args.async)
			call_held(caller, &args);
		else
			call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		cr_assert_eq(memcmp(buffer, expected, LENGTH), 0, "%s",
			     call_name(i));
		if (args.async)
			cr_assert_eq(args.context, KCOPYD_TEST_IN_INTERRUPT);
	}
	close(caller);
	free(buffer);
	free(expected);
}

RIG_TEST(dm_io_limits, the_first_errno_is_the_devices_own)
{
	static const int errors[] = { EIO, ENODATA, ETIMEDOUT, ENOSPC, EILSEQ };
	char buffer[8 * KIB] = {};
	int caller = call_open();
	struct kcopyd_test_region region;

	disk_create(caller, (struct kcopyd_test_disk){});
	for (unsigned int e = 0; e < ARRAY_SIZE(errors); e++)
		disk_fault(caller, e * 16, 16, errors[e]);
	for (unsigned int e = 0; e < ARRAY_SIZE(errors); e++)
		for (uint32_t async = 0; async < 2; async++) {
			struct kcopyd_test_io args;

			region = caller_region(PATH, e * 16, 16);
			args = call_extended(KCOPYD_TEST_PAGE_LIST,
					     KCOPYD_TEST_WRITE, &region, 1,
					     buffer, sizeof(buffer));
			args.async = async;
			call_make(caller, &args);
			call_expect_bits(&args, async, 0x1);
			cr_assert_eq(args.errors[0], -errors[e], "%d, not %d",
				     args.errors[0], -errors[e]);
			cr_assert_eq(args.unsupported, 0);
			close(region.fd);
		}
	close(caller);
}

RIG_TEST(dm_io_limits, a_disk_that_is_pulled_out_has_its_bit)
{
	struct kcopyd_test_disk_hold hold = { .name = DISK };
	struct kcopyd_test_disk_gone gone = { .name = DISK };
	char buffer[64 * KIB];
	int caller = call_open();
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_io args;

	disk_create(caller, (struct kcopyd_test_disk){});
	call_device("b");
	regions[0] = caller_region(PATH, 0, sizeof(buffer) / SECTOR);
	regions[1] = caller_region("/dev/kt-b", 0, sizeof(buffer) / SECTOR);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_HOLD, &hold), 0, "%m");
	data_make(buffer, sizeof(buffer), DATA, 0);
	args = call_extended(KCOPYD_TEST_PAGE_LIST, KCOPYD_TEST_WRITE, regions,
			     2, buffer, sizeof(buffer));
	args.async = 1;
	args.how |= KCOPYD_TEST_IN_FLIGHT;
	call_make(caller, &args);
	cr_assert_eq(args.ret, 0);
	data_expect("/dev/kt-b", 0, sizeof(buffer), DATA, 0);
	cr_assert_gt(disk_stats(caller).held, 0);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_DISK_GONE, &gone), 0, "%m");
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &args), 0);
	call_expect_bits(&args, 1, 0x1);

	/* From now on there is no such device. */
	args = call_extended(KCOPYD_TEST_PAGE_LIST, KCOPYD_TEST_WRITE, regions,
			     2, buffer, sizeof(buffer));
	call_make(caller, &args);
	call_expect_bits(&args, 0, 0x1);
	cr_assert_eq(args.errors[0], -ENODEV, "%d", args.errors[0]);
	cr_assert_eq(args.errors[1], 0);
	close(caller);
}
