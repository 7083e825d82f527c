// SPDX-License-Identifier: GPL-2.0-or-later
/* dm-io on every kind of device, and on devices that fail or vanish. */
#include <sys/ioctl.h>

#include "call.h"

TestSuite(dm_io_devices, RIG_SUITE);

enum { LENGTH = (1 << 20) + (64 << 10) };

static void write_with(int caller, unsigned int i, const char *path,
		       uint64_t at, uint32_t offset)
{
	struct kcopyd_test_region region =
		caller_region(path, at / SECTOR, LENGTH / SECTOR);
	char *buffer = malloc(LENGTH);
	struct kcopyd_test_io args =
		call_args(i, OP_WRITE, &region, 1, buffer, LENGTH);

	data_make(buffer, LENGTH, DATA, i);
	args.offset = offset;
	call_make(caller, &args);
	call_expect_bits(&args, i, 0);
	free(buffer);
	close(region.fd);
}

static void expect_read(int caller, unsigned int i, const char *path,
			uint64_t at, uint32_t offset)
{
	struct kcopyd_test_region region =
		caller_region(path, at / SECTOR, LENGTH / SECTOR);
	char *buffer = calloc(1, LENGTH), *expected = malloc(LENGTH);
	struct kcopyd_test_io args =
		call_args(i, OP_READ, &region, 1, buffer, LENGTH);

	data_make(expected, LENGTH, DATA, i);
	args.offset = offset;
	call_make(caller, &args);
	call_expect_bits(&args, i, 0);
	cr_assert_eq(memcmp(buffer, expected, LENGTH), 0, "%s from %s",
		     call_name(i), path);
	free(buffer);
	free(expected);
	close(region.fd);
}

/* All six calls, both ways, with a buffer that starts inside a page. */
static void expect_works(const char *path, uint32_t offset)
{
	const uint64_t at = 16 * KIB;
	int caller = call_open();

	for (unsigned int i = 0; i < CALLS; i++) {
		data_fill_range(path, 0, 2 * MIB, SEED, 0);
		write_with(caller, i, path, at, offset);
		data_expect(path, 0, at, SEED, 0);
		data_expect(path, at, LENGTH, DATA, i);
		data_expect(path, at + LENGTH, 2 * MIB - at - LENGTH, SEED,
			    (at + LENGTH) / SECTOR);
		expect_read(caller, i, path, at, offset);
	}
	close(caller);
}

RIG_TEST(dm_io_devices, calls_work_on_virtio_blk)
{
	const char *disk = getenv("KCOPYD_VIRTIO_DISK");

	cr_assert_not_null(disk, "KCOPYD_VIRTIO_DISK does not name a disk");
	module_probe("virtio_blk", NULL);
	rig_wait_for(!access(disk, F_OK), 30, disk);
	expect_works(disk, 512);
}

RIG_TEST(dm_io_devices, calls_work_on_null_blk)
{
	expect_works(null_create("a", (struct null_options){ .mib = 4 }), 512);
}

/* (Its memory keeps a block only if it is read in the pieces it came in.) */
RIG_TEST(dm_io_devices, calls_work_on_null_blk_with_large_blocks)
{
	expect_works(null_create("a", (struct null_options){ .mib = 4,
							     .block = 4096 }),
		     0);
}

RIG_TEST(dm_io_devices, calls_work_on_null_blk_with_tiny_requests)
{
	expect_works(null_create("a",
				 (struct null_options){ .mib = 4,
							.max_sectors = 8 }),
		     512);
}

RIG_TEST(dm_io_devices, calls_work_on_null_blk_with_a_virtual_boundary)
{
	expect_works(null_create("a",
				 (struct null_options){
					 .mib = 4, .virt_boundary = true }),
		     512);
}

RIG_TEST(dm_io_devices, calls_work_on_scsi)
{
	expect_works(scsi_create(8, 512, NULL), 512);
}

RIG_TEST(dm_io_devices, calls_work_on_scsi_with_large_blocks)
{
	expect_works(scsi_create(8, 4096, NULL), 512);
}

RIG_TEST(dm_io_devices, calls_work_on_a_partition)
{
	char path[80];

	snprintf(path, sizeof(path), "%s1", scsi_create(8, 512, "num_parts=1"));
	rig_wait_for(!access(path, F_OK), 30, path);
	expect_works(path, 512);
}

RIG_TEST(dm_io_devices, calls_work_on_a_loop_device)
{
	expect_works(loop_create(4), 512);
}

RIG_TEST(dm_io_devices, calls_work_on_stacked_dm_devices)
{
	call_device("a");
	call_device("b");
	dm_create("stripes", "0 8192 striped 2 16 /dev/kt-a 0 /dev/kt-b 0");
	dm_create("top", "0 1001 linear /dev/mapper/kt-stripes 24\n"
			 "1001 7000 linear /dev/mapper/kt-stripes 1025");
	expect_works("/dev/mapper/kt-top", 512);
}

/* ---- zoned --------------------------------------------------------------- */

static struct kcopyd_test_region zone_region(uint64_t at, uint64_t bytes)
{
	return caller_region("/dev/kt-zoned", at / SECTOR, bytes / SECTOR);
}

static void zoned_create(void)
{
	null_create("zoned", (struct null_options){ .mib = 64, .zone_mib = 8 });
}

/* The second call of them starts where the first has ended. */
RIG_TEST(dm_io_devices, zones_are_written_in_order)
{
	enum { STEP = 1 << 20 };
	char *buffer = malloc(STEP);
	int caller = call_open();

	zoned_create();
	for (unsigned int i = 0; i < CALLS; i++)
		for (unsigned int step = 0; step < 4; step++) {
			uint64_t at = i * 8 * MIB + step * STEP;
			struct kcopyd_test_region region =
				zone_region(at, STEP);
			struct kcopyd_test_io args = call_args(
				i, OP_WRITE, &region, 1, buffer, STEP);

			data_make(buffer, STEP, DATA, at / SECTOR);
			call_make(caller, &args);
			call_expect_bits(&args, i, 0);
			close(region.fd);
		}
	for (unsigned int i = 0; i < CALLS; i++)
		data_expect("/dev/kt-zoned", i * 8 * MIB, 4 * STEP, DATA,
			    i * 8 * MIB / SECTOR);
	free(buffer);
	close(caller);
}

RIG_TEST(dm_io_devices, a_write_that_is_out_of_order_has_its_bit)
{
	char buffer[64 * KIB];
	int caller = call_open();

	zoned_create();
	call_device("a");
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_region regions[] = {
			zone_region(MIB, sizeof(buffer)),
			caller_region("/dev/kt-a", 0, sizeof(buffer) / SECTOR),
		};
		struct kcopyd_test_io args = call_args(i, OP_WRITE, regions, 2,
						       buffer, sizeof(buffer));

		data_fill("/dev/kt-a", SEED);
		data_make(buffer, sizeof(buffer), DATA, 0);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		data_expect("/dev/kt-a", 0, sizeof(buffer), DATA, 0);
	}
	close(caller);
}

RIG_TEST(dm_io_devices, zone_append_is_refused)
{
	char buffer[64 * KIB] = {};
	int caller = call_open();
	struct kcopyd_test_region region;

	zoned_create();
	region = zone_region(0, sizeof(buffer));
	for (uint32_t async = 0; async < 2; async++) {
		struct kcopyd_test_io args = call_extended(
			KCOPYD_TEST_PAGE_LIST, KCOPYD_TEST_ZONE_APPEND, &region,
			1, buffer, sizeof(buffer));

		args.async = async;
		call_expect_refused(caller, &args, async, "zone append");
	}
	close(caller);
}

/* ---- failing and vanishing ----------------------------------------------- */

static void start(int caller, struct kcopyd_test_region *regions, uint32_t nr,
		  char *buffer, size_t length)
{
	struct kcopyd_test_io args =
		call_args(1, OP_WRITE, regions, nr, buffer, length);

	args.how = KCOPYD_TEST_IN_FLIGHT;
	data_make(buffer, length, DATA, 0);
	call_make(caller, &args);
	cr_assert_eq(args.ret, 0);
}

static uint64_t finish(int caller, char *buffer, size_t length)
{
	struct kcopyd_test_io args = { .buffer = (uintptr_t)buffer,
				       .length = length };

	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &args), 0);
	cr_assert_eq(args.callbacks, 1);
	return args.error_bits;
}

RIG_TEST(dm_io_devices, a_call_waits_for_a_suspended_device)
{
	char buffer[64 * KIB];
	int caller = call_open();
	struct kcopyd_test_region regions[2];

	call_device("a");
	call_device("b");
	dm_create("slow", "0 8192 linear /dev/kt-a 0");
	regions[0] = caller_region("/dev/mapper/kt-slow", 0,
				   sizeof(buffer) / SECTOR);
	regions[1] = caller_region("/dev/kt-b", 0, sizeof(buffer) / SECTOR);
	dm_suspend("slow");
	start(caller, regions, 2, buffer, sizeof(buffer));
	/* The other one is written, this one is not. */
	data_expect("/dev/kt-b", 0, sizeof(buffer), DATA, 0);
	data_expect_untouched("/dev/kt-a", SEED);
	dm_resume("slow");
	cr_assert_eq(finish(caller, buffer, sizeof(buffer)), 0);
	data_expect("/dev/kt-a", 0, sizeof(buffer), DATA, 0);
	close(caller);
}

/* As `dmsetup remove --force` does it: what waited fails. */
RIG_TEST(dm_io_devices, a_device_that_becomes_an_error_has_its_bit)
{
	char buffer[64 * KIB];
	int caller = call_open();
	struct kcopyd_test_region regions[2];

	call_device("a");
	call_device("b");
	dm_create("slow", "0 8192 linear /dev/kt-a 0");
	regions[0] = caller_region("/dev/kt-b", 0, sizeof(buffer) / SECTOR);
	regions[1] = caller_region("/dev/mapper/kt-slow", 0,
				   sizeof(buffer) / SECTOR);
	dm_suspend("slow");
	start(caller, regions, 2, buffer, sizeof(buffer));
	run_ok_input("0 8192 error\n", "dmsetup", "load", "kt-slow");
	dm_resume("slow");
	cr_assert_eq(finish(caller, buffer, sizeof(buffer)), 0x2);
	data_expect("/dev/kt-b", 0, sizeof(buffer), DATA, 0);
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

/* What it had in flight may have been done; what comes later is not. */
RIG_TEST(dm_io_devices, a_disk_that_is_removed_in_flight_has_its_bit)
{
	const char *path = scsi_create(8, 512, NULL);
	char buffer[256 * KIB];
	int caller = call_open();
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_io args;

	call_device("b");
	scsi_delay_ms(300);
	regions[0] = caller_region(path, 0, sizeof(buffer) / SECTOR);
	regions[1] = caller_region("/dev/kt-b", 0, sizeof(buffer) / SECTOR);
	start(caller, regions, 2, buffer, sizeof(buffer));
	scsi_delete(path);
	cr_assert_eq(finish(caller, buffer, sizeof(buffer)) & ~0x1ULL, 0);
	data_expect("/dev/kt-b", 0, sizeof(buffer), DATA, 0);
	for (unsigned int i = 0; i < CALLS; i++) {
		data_fill("/dev/kt-b", SEED);
		data_make(buffer, sizeof(buffer), DATA, i);
		args = call_args(i, OP_WRITE, regions, 2, buffer,
				 sizeof(buffer));
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		data_expect("/dev/kt-b", 0, sizeof(buffer), DATA, i);
		memset(buffer, 0xee, sizeof(buffer));
		args = call_args(i, OP_READ, regions, 1, buffer,
				 sizeof(buffer));
		call_make(caller, &args);
		call_expect_bits(&args, i, 0x1);
		for (unsigned int at = 0; at < sizeof(buffer); at++)
			cr_assert_eq(buffer[at], 0, "byte %u was not zeroed",
				     at);
	}
	close(caller);
}

/* ---- gigabytes ----------------------------------------------------------- */

/*
 * The buffer is the same memory many times over. Most of it goes where no
 * memory is needed; what comes last is kept.
 */
static void expect_length_works(unsigned int call, unsigned int repeat)
{
	enum { BUFFER = 16 << 20 };
	const uint64_t last = (uint64_t)BUFFER * (repeat - 1);
	char *buffer = malloc(BUFFER), *expected = malloc(BUFFER);
	struct kcopyd_test_region region;
	int caller = call_open();
	struct kcopyd_test_io args;

	null_create("a", (struct null_options){ .mib = 16 });
	dm_create("large", "0 %llu zero\n%llu 32768 linear /dev/kt-a 0\n",
		  last / SECTOR, last / SECTOR);
	region = caller_region("/dev/mapper/kt-large", 0,
			       (last + BUFFER) / SECTOR);
	data_make(expected, BUFFER, DATA, 0);
	memcpy(buffer, expected, BUFFER);
	args = call_args(call, OP_WRITE, &region, 1, buffer, BUFFER);
	args.repeat = repeat;
	call_make(caller, &args);
	call_expect_bits(&args, call, 0);
	data_expect("/dev/kt-a", 0, BUFFER, DATA, 0);

	/* All parts are read into the same memory: the last one stays. */
	memset(buffer, 0xee, BUFFER);
	args = call_args(call + 1, OP_READ, &region, 1, buffer, BUFFER);
	args.repeat = repeat;
	call_make(caller, &args);
	call_expect_bits(&args, call + 1, 0);
	cr_assert_eq(memcmp(buffer, expected, BUFFER), 0, "%s",
		     call_name(call + 1));
	free(buffer);
	free(expected);
	close(caller);
}

/* More bytes than 32 bits can count, where that doesn't take minutes. */
RIG_TEST(dm_io_devices, gigabytes_from_a_page_list_are_whole)
{
	expect_length_works(0, rig_scaled(257, 9));
}

RIG_TEST(dm_io_devices, gigabytes_from_bio_vecs_are_whole)
{
	expect_length_works(2, rig_scaled(257, 9));
}

/* (No more can be mapped than the machine has memory.) */
RIG_TEST(dm_io_devices, a_gigabyte_of_mapped_memory_is_whole)
{
	expect_length_works(4, rig_scaled(65, 9));
}
