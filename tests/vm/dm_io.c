// SPDX-License-Identifier: GPL-2.0-or-later
/* The six dm-io calls, made by a module. */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "call.h"

TestSuite(dm_io, RIG_SUITE);

/* With a buffer that starts @offset bytes into its first page. */
static void write_and_compare(unsigned int i, uint32_t offset, uint64_t length,
			      uint32_t pieces)
{
	struct kcopyd_test_region region;
	int caller = call_open();
	struct kcopyd_test_io args;
	void *buffer = malloc(length);

	cr_assert_not_null(buffer);
	data_fill("/dev/kt-a", SEED);
	region = caller_region("/dev/kt-a", 3, length / SECTOR);
	data_make(buffer, length, DATA, 100);
	args = call_args(i, OP_WRITE, &region, 1, buffer, length);
	args.offset = offset;
	args.pieces = pieces;
	call_make(caller, &args);
	call_expect_bits(&args, i, 0);
	data_expect_copy("/dev/kt-a", &(struct data_copy){
					      .seed = SEED,
					      .offset = 3 * SECTOR,
					      .length = length,
					      .source_seed = DATA,
					      .source_offset = 100 * SECTOR,
				      });
	free(buffer);
	close(region.fd);
	close(caller);
}

static void read_and_compare(unsigned int i, uint32_t offset, uint64_t length,
			     uint32_t pieces)
{
	struct kcopyd_test_region region;
	int caller = call_open();
	struct kcopyd_test_io args;
	char *buffer = calloc(1, length), *expected = malloc(length);

	cr_assert(buffer && expected);
	region = caller_region("/dev/kt-a", 5, length / SECTOR);
	args = call_args(i, OP_READ, &region, 1, buffer, length);
	args.offset = offset;
	args.pieces = pieces;
	call_make(caller, &args);
	call_expect_bits(&args, i, 0);
	data_make(expected, length, SEED, 5);
	cr_assert_eq(memcmp(buffer, expected, length), 0, "%s: %lu bytes at %u",
		     call_name(i), length, offset);
	free(buffer);
	free(expected);
	close(region.fd);
	close(caller);
}

static const uint64_t lengths[] = { SECTOR, 4 * KIB, 64 * KIB + SECTOR,
				    2 * MIB };

RIG_TEST(dm_io, all_six_calls_write)
{
	call_device("a");
	for (unsigned int i = 0; i < CALLS; i++)
		for (unsigned int l = 0; l < ARRAY_SIZE(lengths); l++)
			write_and_compare(i, 0, lengths[l], 0);
}

RIG_TEST(dm_io, all_six_calls_read)
{
	call_device("a");
	for (unsigned int i = 0; i < CALLS; i++)
		for (unsigned int l = 0; l < ARRAY_SIZE(lengths); l++)
			read_and_compare(i, 0, lengths[l], 0);
}

RIG_TEST(dm_io, the_offset_counts_into_the_first_page)
{
	call_device("a");
	for (unsigned int i = 0; i < CALLS; i++) {
		write_and_compare(i, 512, 64 * KIB, 0);
		write_and_compare(i, 3584, 8 * KIB, 0);
		data_fill("/dev/kt-a", SEED);
		read_and_compare(i, 512, 64 * KIB, 0);
		read_and_compare(i, 3584, 8 * KIB, 0);
		read_and_compare(i, 1024, SECTOR, 0);
	}
}

RIG_TEST(dm_io, pieces_of_pages_are_put_together)
{
	call_device("a");
	write_and_compare(2, 512, MIB, 1024);
	write_and_compare(3, 0, 96 * KIB, 512);
	data_fill("/dev/kt-a", SEED);
	read_and_compare(2, 0, MIB, 512);
	read_and_compare(3, 1024, 96 * KIB, 1024);
}

RIG_TEST(dm_io, small_requests_are_whole)
{
	data_fill(null_create("a", (struct null_options){ .mib = 4,
							  .max_sectors = 8 }),
		  SEED);
	for (unsigned int i = 0; i < CALLS; i++)
		read_and_compare(i, 0, MIB, 0);
}

/* (null_blk writes behind its page when a block comes in two pieces.) */
RIG_TEST(dm_io, blocks_that_cross_from_page_to_page_are_whole)
{
	const char *path = scsi_create(8, 4096, NULL);
	int caller = call_open();
	char buffer[64 * KIB], expected[64 * KIB];

	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region region =
			caller_region(path, 8 * i, sizeof(buffer) / SECTOR);
		struct kcopyd_test_io args = call_args(i, OP_WRITE, &region, 1,
						       buffer, sizeof(buffer));

		data_fill(path, SEED);
		data_make(buffer, sizeof(buffer), DATA, i);
		args.offset = 512;
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect_copy(path, &(struct data_copy){
					       .seed = SEED,
					       .offset = 4 * KIB * i,
					       .length = sizeof(buffer),
					       .source_seed = DATA,
					       .source_offset = i * SECTOR,
				       });
		args.rw = OP_READ;
		args.offset = 1536;
		memset(buffer, 0, sizeof(buffer));
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_make(expected, sizeof(expected), DATA, i);
		cr_assert_eq(memcmp(buffer, expected, sizeof(buffer)), 0, "%s",
			     call_name(i));
	}
	close(caller);
}

RIG_TEST(dm_io, several_regions_get_the_same_data)
{
	enum { LENGTH = 128 * 1024 };
	char *buffer = malloc(LENGTH);
	int caller = call_open();

	call_device("a");
	call_device("b");
	data_make(buffer, LENGTH, DATA, 0);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region regions[] = {
			caller_region("/dev/kt-a", 8, LENGTH / SECTOR),
			caller_region("/dev/kt-b", 0, LENGTH / SECTOR),
			caller_region("/dev/kt-a", 4096, LENGTH / SECTOR / 2),
		};
		struct kcopyd_test_io args =
			call_args(i, OP_WRITE, regions, 3, buffer, LENGTH);

		data_fill("/dev/kt-a", SEED);
		data_fill("/dev/kt-b", SEED);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect("/dev/kt-a", 0, 4 * KIB, SEED, 0);
		data_expect("/dev/kt-a", 4 * KIB, LENGTH, DATA, 0);
		data_expect("/dev/kt-b", 0, LENGTH, DATA, 0);
		data_expect("/dev/kt-b", LENGTH, MIB, SEED, LENGTH / SECTOR);
		data_expect("/dev/kt-a", 2 * MIB, LENGTH / 2, DATA, 0);
		data_expect("/dev/kt-a", 2 * MIB + LENGTH / 2, MIB, SEED,
			    (2 * MIB + LENGTH / 2) / SECTOR);
	}
	free(buffer);
	close(caller);
}

RIG_TEST(dm_io, sixty_four_regions_are_written)
{
	struct kcopyd_test_region regions[64];
	char buffer[4 * KIB];
	int caller = call_open();

	call_device("a");
	for (unsigned int r = 0; r < 64; r++)
		regions[r] = caller_region("/dev/kt-a", r * 16, 8);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args = call_args(i, OP_WRITE, regions, 64,
						       buffer, sizeof(buffer));

		data_make(buffer, sizeof(buffer), DATA, i);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		for (unsigned int r = 0; r < 64; r++) {
			data_expect("/dev/kt-a", r * 8 * KIB, 4 * KIB, DATA, i);
			data_expect("/dev/kt-a", r * 8 * KIB + 4 * KIB, 4 * KIB,
				    SEED, r * 16 + 8);
		}
	}
	close(caller);
}

/* Only the wrong argument is what each of them is refused for. */
RIG_TEST(dm_io, wrong_arguments_are_refused_before_any_io)
{
	struct kcopyd_test_region regions[65];
	char buffer[8 * KIB] = {};
	int caller = call_open();

	call_device("a");
	for (unsigned int r = 0; r < 65; r++)
		regions[r] = caller_region("/dev/kt-a", r * 16, 16);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io plain = call_args(i, OP_WRITE, regions, 1,
							buffer, sizeof(buffer));
		struct kcopyd_test_region wrong[2] = { regions[0], regions[1] };
		struct kcopyd_test_io args;

		args = plain;
		args.nr_regions = 2;
		args.rw = OP_READ;
		call_expect_refused(caller, &args, i, "two regions to read");
		args = plain;
		args.nr_regions = 0;
		call_expect_refused(caller, &args, i, "no region");
		args = plain;
		args.nr_regions = 65;
		call_expect_refused(caller, &args, i, "65 regions");
		args = plain;
		args.null = KCOPYD_TEST_NULL_REGIONS;
		call_expect_refused(caller, &args, i, "NULL regions");
		args = plain;
		args.null = KCOPYD_TEST_NULL_DATA;
		call_expect_refused(caller, &args, i, "NULL data");
		args = plain;
		args.regions = (uintptr_t)wrong;
		args.nr_regions = 2;
		wrong[1].fd = -1;
		call_expect_refused(caller, &args, i, "a NULL device");
		args = plain;
		args.rw = 77;
		call_expect_refused(caller, &args, i, "an unknown operation");
		args = plain;
		args.null = KCOPYD_TEST_NULL_FN;
		if (args.async)
			call_expect_refused(caller, &args, i, "NULL callback");
		args = plain;
		args.offset = 1;
		call_expect_refused(caller, &args, i, "an odd offset");
		args = plain;
		args.short_pages = 1;
		if (args.memory == KCOPYD_TEST_PAGE_LIST)
			call_expect_refused(caller, &args, i,
					    "a short page list");
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io, what_fits_no_logical_block_is_refused)
{
	char buffer[8 * KIB] = {};
	int caller = call_open();

	data_fill(null_create("a",
			      (struct null_options){ .mib = 4, .block = 4096 }),
		  SEED);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region region =
			caller_region("/dev/kt-a", 1, 8);
		struct kcopyd_test_io args = call_args(i, OP_WRITE, &region, 1,
						       buffer, sizeof(buffer));

		call_expect_refused(caller, &args, i,
				    "a sector inside a block");
		region.sector = 0;
		region.count = 9;
		call_expect_refused(caller, &args, i, "a count of half blocks");
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io, without_a_get_calls_are_refused)
{
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = caller_open();

	call_device("a");
	region = caller_region("/dev/kt-a", 0, 8);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args = call_args(i, OP_WRITE, &region, 1,
						       buffer, sizeof(buffer));

		call_expect_refused(caller, &args, i, "no dm_io_get()");
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io, the_last_put_ends_the_reserve)
{
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = caller_open(), other = caller_open();
	struct kcopyd_test_io args;

	call_device("a");
	region = caller_region("/dev/kt-a", 0, 8);
	args = call_args(0, OP_READ, &region, 1, buffer, sizeof(buffer));
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, 1), 0);
	cr_assert_eq(ioctl(other, KCOPYD_TEST_GET, 200), 0);
	call_make(caller, &args);
	call_expect_bits(&args, 0, 0);
	cr_assert_eq(ioctl(other, KCOPYD_TEST_PUT, 200), 0);
	call_make(caller, &args);
	call_expect_bits(&args, 0, 0);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_PUT, 1), 0);
	call_expect_refused(caller, &args, 0, "after the last put");
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, 0), -1);
	cr_assert_eq(errno, EINVAL, "get of no page: %m");
	close(caller);
	close(other);
}

RIG_TEST(dm_io, one_page_of_reserve_is_enough_for_a_large_call)
{
	char *buffer = malloc(2 * MIB);
	struct kcopyd_test_region region;
	int caller = caller_open();

	cr_assert_not_null(buffer);
	call_device("a");
	region = caller_region("/dev/kt-a", 0, 2 * MIB / SECTOR);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, 1), 0);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args =
			call_args(i, OP_WRITE, &region, 1, buffer, 2 * MIB);

		data_make(buffer, 2 * MIB, DATA, i);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect("/dev/kt-a", 0, 2 * MIB, DATA, i);
	}
	free(buffer);
	close(caller);
}

RIG_TEST(dm_io, a_region_of_no_sectors_is_skipped)
{
	char buffer[4 * KIB];
	int caller = call_open();

	call_device("a");
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region regions[] = {
			caller_region("/dev/kt-a", 0, 0),
			caller_region("/dev/kt-a", 16, 8),
			caller_region("/dev/kt-a", 32, 0),
		};
		struct kcopyd_test_io args = call_args(i, OP_WRITE, regions, 3,
						       buffer, sizeof(buffer));

		data_fill("/dev/kt-a", SEED);
		data_make(buffer, sizeof(buffer), DATA, 0);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect("/dev/kt-a", 0, 8 * KIB, SEED, 0);
		data_expect("/dev/kt-a", 8 * KIB, 4 * KIB, DATA, 0);
		data_expect("/dev/kt-a", 12 * KIB, MIB, SEED, 24);

		/* All of them: nothing to do, and done. */
		args.nr_regions = 1;
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
	}
	close(caller);
}

/* Region 1 fails, and no other. */
static void expect_only_region_1_fails(const char *bad, uint64_t sector)
{
	char buffer[64 * KIB];
	int caller = call_open();

	call_device("a");
	call_device("c");
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region regions[] = {
			caller_region("/dev/kt-a", 0, sizeof(buffer) / SECTOR),
			caller_region(bad, sector, sizeof(buffer) / SECTOR),
			caller_region("/dev/kt-c", 8, sizeof(buffer) / SECTOR),
		};
		struct kcopyd_test_io args = call_args(i, OP_WRITE, regions, 3,
						       buffer, sizeof(buffer));

		data_fill("/dev/kt-a", SEED);
		data_fill("/dev/kt-c", SEED);
		data_make(buffer, sizeof(buffer), DATA, 0);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x2);
		data_expect("/dev/kt-a", 0, sizeof(buffer), DATA, 0);
		data_expect("/dev/kt-c", 4 * KIB, sizeof(buffer), DATA, 0);
		args.null = KCOPYD_TEST_NULL_BITS;
		if (!args.async) {
			call_make(caller, &args);
			cr_assert_eq(args.ret, -EIO);
		}
		for (unsigned int r = 0; r < 3; r++)
			close(regions[r].fd);
	}
	close(caller);
}

RIG_TEST(dm_io, a_failing_region_has_its_bit_and_the_others_are_written)
{
	/* Bad in its last part only: a bit is set by any bio of a region. */
	call_device("b");
	dm_create("bad", "0 120 linear /dev/kt-b 0\n120 1000 error\n");
	expect_only_region_1_fails("/dev/mapper/kt-bad", 0);
}

RIG_TEST(dm_io, a_region_behind_the_end_has_its_bit_and_the_others_are_written)
{
	call_device("b");
	expect_only_region_1_fails("/dev/kt-b", 4 * MIB / SECTOR - 8);
	data_expect_untouched("/dev/kt-b", SEED);
}

RIG_TEST(dm_io, a_region_far_behind_the_end_has_its_bit)
{
	call_device("b");
	expect_only_region_1_fails("/dev/kt-b", 1ULL << 50);
	data_expect_untouched("/dev/kt-b", SEED);
}

RIG_TEST(dm_io, a_read_only_region_has_its_bit_and_the_others_are_written)
{
	int caller = call_open(), on = 1, off = 0, fd;
	char buffer[4 * KIB];

	call_device("a");
	call_device("b");
	/* Opened before, since it can't be for writing later. */
	dm_create("ro", "0 8192 linear /dev/kt-b 0");
	fd = device_open("/dev/mapper/kt-ro", O_RDWR);
	cr_assert_eq(ioctl(fd, BLKROSET, &on), 0, "%m");
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region regions[] = {
			{ .fd = fd, .sector = 0, .count = 8 },
			caller_region("/dev/kt-a", 8 * i, 8),
		};
		struct kcopyd_test_io args = call_args(i, OP_WRITE, regions, 2,
						       buffer, sizeof(buffer));

		data_make(buffer, sizeof(buffer), DATA, i);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		data_expect("/dev/kt-a", i * 4 * KIB, 4 * KIB, DATA, i);
	}
	data_expect_untouched("/dev/kt-b", SEED);
	cr_assert_eq(ioctl(fd, BLKROSET, &off), 0, "%m");
	close(fd);
	close(caller);
}

/* The bad sectors are in the middle of several bios, or at the end of one. */
RIG_TEST(dm_io, a_failed_read_leaves_zeroes_and_no_stale_memory)
{
	enum { LENGTH = 2 << 20 };
	char *buffer = malloc(LENGTH), *expected = malloc(LENGTH);
	int caller = call_open();
	struct kcopyd_test_region region;

	cr_assert(buffer && expected);
	call_device("a");
	dm_create("bad", "0 3000 linear /dev/kt-a 0\n"
			 "3000 8 error\n"
			 "3008 5184 linear /dev/kt-a 3008\n");
	region = caller_region("/dev/mapper/kt-bad", 0, LENGTH / SECTOR);
	data_make(expected, LENGTH, SEED, 0);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args =
			call_args(i, OP_READ, &region, 1, buffer, LENGTH);
		bool zero_seen = false;

		memset(buffer, 0xee, LENGTH);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		for (unsigned int s = 0; s < LENGTH / SECTOR; s++) {
			char *sector = buffer + s * SECTOR;
			bool good =
				!memcmp(sector, expected + s * SECTOR, SECTOR);
			bool zero = !sector[0] &&
				    !memcmp(sector, sector + 1, SECTOR - 1);

			cr_assert(good || zero,
				  "%s: sector %u is neither read nor zeroed",
				  call_name(i), s);
			cr_assert(zero || s < 3000 || s >= 3008);
			zero_seen |= zero;
		}
		cr_assert(zero_seen);
	}
	free(buffer);
	free(expected);
	close(caller);
}

RIG_TEST(dm_io, a_read_behind_the_end_leaves_zeroes)
{
	char buffer[8 * KIB];
	int caller = call_open();
	struct kcopyd_test_region region;

	call_device("a");
	region = caller_region("/dev/kt-a", 4 * MIB / SECTOR - 8, 16);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args = call_args(i, OP_READ, &region, 1,
						       buffer, sizeof(buffer));

		memset(buffer, 0xee, sizeof(buffer));
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		for (unsigned int at = 4 * KIB; at < sizeof(buffer); at++)
			cr_assert_eq(buffer[at], 0, "%s: byte %u", call_name(i),
				     at);
	}
	close(caller);
}
