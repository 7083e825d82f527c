// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs of zeroes in the source become commands; what comes out is the same. */
#include "caller.h"
#include "report.h"

TestSuite(sparse, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE (4 * MIB)
#define SECTORS (SIZE / SECTOR)

#define READS (1U << KCOPYD_TEST_READ)
#define ZEROES (1U << KCOPYD_TEST_WRITE_ZEROES)

static const struct job_plan plan_sparse = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE,
	.flags = KCOPYD_SUBMIT_SPARSE,
};

static void disk_create(int caller, const char *name, unsigned int max_zeroes,
			unsigned int block)
{
	const struct test_disk_options options = {
		.max_write_zeroes_sectors = max_zeroes,
		.block = block,
	};

	test_disk_create_filled(caller, name, options, DEST);
}

/* A source without zeroes, and a destination that can write them. */
static int disks_create(void)
{
	const struct test_disk_options options = {};
	int caller = caller_open();

	data_fill(test_disk_create(caller, "src", options), SOURCE);
	disk_create(caller, "dst", SECTORS, 512);
	return caller;
}

static void make_zeroes(uint64_t first, uint64_t count)
{
	const size_t bytes = count * SECTOR;
	int fd = device_open("/dev/kt-src", O_WRONLY | O_DIRECT);
	char *zeroes = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);

	memset(zeroes, 0, bytes);
	cr_assert_eq(pwrite(fd, zeroes, bytes, first * SECTOR), (ssize_t)bytes);
	free(zeroes);
	close(fd);
}

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

/* One copy, equal whatever was there; so many sectors by command. */
static void copy_sparse(int caller, uint64_t zeroes)
{
	job_run_ok(&plan_sparse);
	expect_sectors(caller, "dst", zeroes, SECTORS - zeroes);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(sparse, a_run_of_zeroes_is_no_data)
{
	int caller = disks_create();

	make_zeroes(1024, 512);
	copy_sparse(caller, 512);
}

RIG_TEST(sparse, a_source_of_zeroes_is_no_data_at_all)
{
	int caller = disks_create();

	make_zeroes(0, SECTORS);
	copy_sparse(caller, SECTORS);
}

RIG_TEST(sparse, a_source_without_zeroes_is_all_data)
{
	copy_sparse(disks_create(), 0);
}

RIG_TEST(sparse, data_and_zeroes_can_alternate)
{
	int caller = disks_create();

	for (unsigned int at = 0; at < SECTORS; at += 128)
		make_zeroes(at, 64);
	copy_sparse(caller, SECTORS / 2);
}

RIG_TEST(sparse, runs_shorter_than_32_kib_are_written)
{
	int caller = disks_create();

	for (unsigned int at = 0; at < SECTORS; at += 128)
		make_zeroes(at, 56);
	copy_sparse(caller, 0);
}

/* Found in steps of 4 KiB: the ends are data. */
RIG_TEST(sparse, runs_may_begin_and_end_anywhere)
{
	int caller = disks_create();

	make_zeroes(1025, 130);
	copy_sparse(caller, 120);
}

RIG_TEST(sparse, a_zero_at_the_end_of_a_chunk_is_found)
{
	int caller = disks_create();

	/* Around the end of the first MiB, and at the end of the device. */
	make_zeroes(2048 - 64, 128);
	make_zeroes(SECTORS - 64, 64);
	copy_sparse(caller, 192);
}

RIG_TEST(sparse, one_byte_is_no_zero)
{
	int caller = disks_create(), fd;
	char *block = aligned_alloc(4096, 4096);

	make_zeroes(1024, 512);
	fd = device_open("/dev/kt-src", O_WRONLY | O_DIRECT);
	memset(block, 0, 4096);
	block[4095] = 1;
	cr_assert_eq(pwrite(fd, block, 4096, (1024 + 256) * SECTOR), 4096);
	close(fd);
	copy_sparse(caller, 504);
}

RIG_TEST(sparse, a_destination_without_the_command_gets_data)
{
	struct job_plan plan = plan_sparse;
	int caller = disks_create();

	disk_create(caller, "d1", 0, 512);
	make_zeroes(1024, 512);
	plan.dests[0].path = "/dev/kt-d1";
	job_run_ok(&plan);
	expect_sectors(caller, "d1", 0, SECTORS);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(sparse, each_destination_gets_what_it_can)
{
	struct job_plan plan = plan_sparse;
	int caller = disks_create();

	disk_create(caller, "d1", 0, 512);
	disk_create(caller, "d2", 4096, 4096);
	make_zeroes(1024, 512);
	plan.dests[1].path = "/dev/kt-d1";
	plan.dests[2].path = "/dev/kt-d2";
	job_run_ok(&plan);
	expect_sectors(caller, "dst", 512, SECTORS - 512);
	expect_sectors(caller, "d1", 0, SECTORS);
	expect_sectors(caller, "d2", 512, SECTORS - 512);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
}

RIG_TEST(sparse, a_command_that_is_refused_becomes_data)
{
	int caller = disks_create();

	for (unsigned int at = 0; at < SECTORS; at += 1024)
		make_zeroes(at, 512);
	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROES,
				.error = EOPNOTSUPP,
				.times = 1,
				.flags = KCOPYD_TEST_DISK_NO_MORE,
			});
	job_run_ok(&plan_sparse);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(sparse, a_command_that_fails_is_located)
{
	struct job_plan plan = plan_sparse;
	int caller = disks_create();
	const struct report *report;

	make_zeroes(1024, 512);
	test_disk_bad(caller, "dst", ZEROES, 1100, 3);
	plan.flags |= KCOPYD_SUBMIT_KEEP_FAILED;
	plan.retry = KCOPYD_RETRY_BISECT;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(1, 1100, 3));
	cr_assert_eq(report->regions[1].bytes, SIZE - 3 * SECTOR);
	data_expect("/dev/kt-dst", 1100 * SECTOR, 3 * SECTOR, DEST, 1100);
	data_expect("/dev/kt-dst", 0, MIB / 2, SOURCE, 0);
}

/* A bad sector amid zeroes: neither data nor a command touches it. */
static const struct report *bad_amid_zeroes(uint32_t flags)
{
	struct job_plan plan = plan_sparse;
	int caller = disks_create();
	const struct report *report;

	make_zeroes(1024, 512);
	test_disk_bad(caller, "src", READS, 1200, 3);
	plan.flags |= flags;
	plan.retry = KCOPYD_RETRY_BISECT;
	report = report_run(&plan);
	cr_assert_eq(report->result.read_err, 1);
	report_expect(report, BAD(0, 1200, 3));
	test_disk_clear_faults(caller, "src");
	return report;
}

RIG_TEST(sparse, bad_sectors_amid_zeroes_are_left_out)
{
	bad_amid_zeroes(KCOPYD_SUBMIT_SKIP_BAD);
	data_expect("/dev/kt-dst", 1200 * SECTOR, 3 * SECTOR, DEST, 1200);
	/* All the rest is as it should be. */
	data_fill_range("/dev/kt-dst", 1200 * SECTOR, 3 * SECTOR, SOURCE, 0);
	data_fill_range("/dev/kt-src", 1200 * SECTOR, 3 * SECTOR, SOURCE, 0);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(sparse, bad_sectors_amid_zeroes_become_some)
{
	bad_amid_zeroes(KCOPYD_SUBMIT_ZERO_BAD);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(sparse, what_was_written_sparsely_is_verified)
{
	struct job_plan plan = plan_sparse;
	int caller = disks_create();

	make_zeroes(1024, 512);
	plan.flags |= KCOPYD_SUBMIT_VERIFY;
	job_run_ok(&plan);
	expect_sectors(caller, "dst", 512, SECTORS - 512);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(sparse, the_checksum_is_of_all_bytes)
{
	struct job_plan plan = plan_sparse;
	struct report sparse;

	disks_create();
	make_zeroes(1024, 512);
	plan.checksum = KCOPYD_CHECKSUM_SHA256;
	sparse = *report_run(&plan);
	plan.flags = 0;
	cr_assert_eq(sparse.status.digest_len, 32);
	cr_assert_eq(memcmp(sparse.status.digest,
			    report_run(&plan)->status.digest, 32),
		     0);
}

RIG_TEST(sparse, a_thin_disk_of_scsi_maps_data_only)
{
	struct job_plan plan = plan_sparse;
	char map[256] = "";
	FILE *file;

	disks_create();
	make_zeroes(1024, 512);
	plan.dests[0].path = scsi_create(4, 512, "lbpws=1");
	job_run_ok(&plan);
	file = fopen("/sys/bus/pseudo/drivers/scsi_debug/map", "re");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(map, sizeof(map), file));
	fclose(file);
	cr_assert_str_eq(map, "0-1023,1536-8191\n");
	data_expect_equal("/dev/kt-src", plan.dests[0].path);
}
