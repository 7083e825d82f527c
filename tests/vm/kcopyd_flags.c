// SPDX-License-Identifier: GPL-2.0-or-later
/* What a copy may be asked for, what it may not, and what reaches the disk. */
#include <linux/ioprio.h>
#include <sys/syscall.h>

#include "kcopyd_jobs.h"

TestSuite(kcopyd_flags, RIG_SUITE);

enum { MIBS = 4, SECTORS = MIBS * 2048, PAGES = 256 };

#define BYTES (SECTORS * SECTOR)
#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)
#define FLUSHES (1U << KCOPYD_TEST_FLUSH)

static struct kcopyd_test_disk_op counted(int caller, const char *name,
					  unsigned int op)
{
	return test_disk_stats(caller, name).ops[op];
}

/* kcopyd_copy(), waited for. */
static struct kcopyd_test_copy_result
classic(int caller, struct kcopyd_test_copy args,
	const struct kcopyd_test_region *regions, uint32_t nr_dests)
{
	struct kcopyd_test_copy_result result;

	args.regions = (uintptr_t)regions;
	args.nr_dests = nr_dests;
	args.results = (uintptr_t)&result;
	args.nr_jobs = 1;
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_COPY, &args), 0);
	cr_assert_eq(result.callbacks, !result.ret);
	return result;
}

static void expect_copied(struct kcopyd_test_copy_result result)
{
	cr_assert_eq(result.ret, 0, "%d", result.ret);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0, "write_err %#x", result.write_err);
}

static void expect_zeroes(const char *path, uint64_t offset, uint64_t length)
{
	char *data = malloc(length);
	int fd = device_open(path, O_RDONLY);

	data_drop_caches();
	cr_assert_eq(pread(fd, data, length, offset), (ssize_t)length);
	for (uint64_t i = 0; i < length; i++)
		cr_assert_eq(data[i], 0, "%s: byte %lu", path, offset + i);
	close(fd);
	free(data);
}

/* ---- zeroing ------------------------------------------------------------- */

static void zero_all_but_the_ends(int caller, const char *name)
{
	struct kcopyd_test_copy args = {
		.client = client_create(caller, 1),
		.null = KCOPYD_TEST_NULL_REGIONS,
	};
	struct kcopyd_test_region regions[2] = { { .fd = -1 } };
	char path[32];

	snprintf(path, sizeof(path), "/dev/kt-%s", name);
	regions[1] = caller_region(path, 8, SECTORS - 16);
	expect_copied(classic(caller, args, regions, 1));
	expect_zeroes(path, 8 * SECTOR, (SECTORS - 16) * SECTOR);
	data_expect(path, 0, 8 * SECTOR, KJOB_DEST, 0);
	data_expect(path, (SECTORS - 8) * SECTOR, 8 * SECTOR, KJOB_DEST,
		    SECTORS - 8);
}

RIG_TEST(kcopyd_flags, a_null_source_is_zeroes_that_are_written)
{
	int caller = caller_open();

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	zero_all_but_the_ends(caller, "d0");
	cr_assert_eq(counted(caller, "d0", KCOPYD_TEST_WRITE).sectors,
		     SECTORS - 16);
	test_disk_expect_obeyed(caller, "d0");
	close(caller);
}

RIG_TEST(kcopyd_flags, a_null_source_is_write_zeroes_where_there_is_such)
{
	int caller = caller_open();

	kjob_disks(caller, 1,
		   (struct test_disk_options){
			   .mib = MIBS,
			   .max_write_zeroes_sectors = 512,
		   });
	zero_all_but_the_ends(caller, "d0");
	cr_assert_eq(counted(caller, "d0", KCOPYD_TEST_WRITE).requests, 0);
	cr_assert_eq(counted(caller, "d0", KCOPYD_TEST_WRITE_ZEROES).sectors,
		     SECTORS - 16);
	test_disk_expect_obeyed(caller, "d0");
	close(caller);
}

RIG_TEST(kcopyd_flags, write_zeroes_that_are_refused_become_writes)
{
	int caller = caller_open();

	kjob_disks(caller, 1,
		   (struct test_disk_options){
			   .mib = MIBS,
			   .max_write_zeroes_sectors = 512,
		   });
	test_disk_fault(caller, "d0",
			(struct kcopyd_test_disk_fault){
				.ops = 1U << KCOPYD_TEST_WRITE_ZEROES,
				.error = EOPNOTSUPP,
				.first = SECTORS / 2,
				.flags = KCOPYD_TEST_DISK_NO_MORE,
			});
	zero_all_but_the_ends(caller, "d0");
	cr_assert_gt(counted(caller, "d0", KCOPYD_TEST_WRITE).sectors, 0);
	close(caller);
}

RIG_TEST(kcopyd_flags, several_destinations_are_zeroed_each_as_it_can)
{
	struct kcopyd_test_region regions[3] = { { .fd = -1 } };
	struct kcopyd_test_copy args = { .null = KCOPYD_TEST_NULL_REGIONS };
	int caller = caller_open();

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	data_fill(test_disk_create(caller, "d1",
				   (struct test_disk_options){
					   .mib = MIBS,
					   .max_write_zeroes_sectors = 512,
				   }),
		  KJOB_DEST + 1);
	args.client = client_create(caller, 4);
	regions[1] = caller_region("/dev/kt-d0", 0, SECTORS);
	regions[2] = caller_region("/dev/kt-d1", 0, SECTORS);
	expect_copied(classic(caller, args, regions, 2));
	expect_zeroes("/dev/kt-d0", 0, BYTES);
	expect_zeroes("/dev/kt-d1", 0, BYTES);
	cr_assert_gt(counted(caller, "d1", KCOPYD_TEST_WRITE_ZEROES).requests,
		     0);
	close(caller);
}

/* ---- how many ------------------------------------------------------------ */

/* Regions of 16 sectors on d0, one behind the other. */
static void many_regions(struct kcopyd_test_region *regions, unsigned int nr)
{
	regions[0] = caller_region("/dev/kt-src", 0, 16);
	for (unsigned int i = 0; i < nr; i++)
		regions[1 + i] = caller_region("/dev/kt-d0", 16 * i, 16);
}

static void expect_many(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		data_expect("/dev/kt-d0", 16 * i * SECTOR, 16 * SECTOR,
			    KJOB_SOURCE, 0);
	data_expect("/dev/kt-d0", 16 * nr * SECTOR, MIB, KJOB_DEST, 16 * nr);
}

RIG_TEST(kcopyd_flags, the_classic_call_takes_32_destinations_and_no_33)
{
	struct kcopyd_test_region regions[34];
	struct kcopyd_test_copy args = {};
	int caller = caller_open();

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	args.client = client_create(caller, PAGES);
	many_regions(regions, 33);
	cr_assert_eq(classic(caller, args, regions, 33).ret, -EINVAL);
	data_expect_untouched("/dev/kt-d0", KJOB_DEST);
	expect_copied(classic(caller, args, regions, 32));
	expect_many(32);
	close(caller);
}

RIG_TEST(kcopyd_flags, the_extended_call_takes_64_destinations_and_no_65)
{
	struct kcopyd_test_region regions[66];
	struct kcopyd_test_submit args = {};
	struct kcopyd_test_result result;
	int caller = caller_open();
	struct kjob job;

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	args.client = client_create(caller, PAGES);
	many_regions(regions, 65);
	cr_assert_eq(kjob_try(caller, args, regions, 65, &job), -EINVAL);
	cr_assert_eq(kjob_try(caller, args, regions, 0, &job), -EINVAL);
	data_expect_untouched("/dev/kt-d0", KJOB_DEST);
	result = kjob_wait(kjob_start(caller, args, regions, 64));
	cr_assert_eq(result.code, 0);
	cr_assert_eq(result.complete, ~0ULL);
	expect_many(64);
	close(caller);
}

/* The 64th has the last bit. */
RIG_TEST(kcopyd_flags, each_of_64_destinations_has_its_own_bit)
{
	static const unsigned int bad[] = { 0, 31, 32, 63 };
	struct kcopyd_test_region regions[65];
	struct kcopyd_test_submit args = { .flags = KCOPYD_DETACH_FAILED };
	struct kcopyd_test_result result;
	int caller = caller_open();
	uint64_t bits = 0;

	kjob_disks(caller, 1,
		   (struct test_disk_options){ .mib = MIBS,
					       .no_merges = true });
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		bits |= 1ULL << bad[i];
		test_disk_bad(caller, "d0", WRITES, 16 * bad[i], 16);
	}
	args.client = client_create(caller, PAGES);
	many_regions(regions, 64);
	result = kjob_wait(kjob_start(caller, args, regions, 64));
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, bits, "%#llx", result.write_err);
	cr_assert_eq(result.complete, ~bits, "%#llx", result.complete);
	close(caller);
}

RIG_TEST(kcopyd_flags, no_sectors_are_copied_by_the_worker)
{
	struct kcopyd_test_region regions[3];
	struct kcopyd_test_submit args = {};
	struct kcopyd_test_result result;
	int caller = caller_open();
	struct kjob job;

	kjob_disks(caller, 2, (struct test_disk_options){ .mib = MIBS });
	args.client = client_create(caller, 1);
	regions[0] = caller_region("/dev/kt-src", 5, 0);
	regions[1] = caller_region("/dev/kt-d0", 0, 0);
	regions[2] = caller_region("/dev/kt-d1", 9, 0);
	job = kjob_start(caller, args, regions, 2);
	result = kjob_wait(job);
	cr_assert_eq(result.code, 0);
	cr_assert_eq(result.complete, 0x3);
	cr_assert_eq(result.in_worker, 1);
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
	cr_assert_eq(counted(caller, "src", KCOPYD_TEST_READ).requests, 0);
	cr_assert_eq(counted(caller, "d0", KCOPYD_TEST_WRITE).requests, 0);
	/* Nor with flags. */
	args.flags = KCOPYD_VERIFY | KCOPYD_SPARSE;
	args.client = client_create(caller, 16);
	kjob_wait_ok(kjob_start(caller, args, regions, 2));
	close(caller);
}

/* ---- nonsense ------------------------------------------------------------ */

static void expect_refused(int caller, struct kcopyd_test_submit args,
			   const char *what)
{
	struct kcopyd_test_region regions[3];
	struct kjob job;
	int ret;

	kjob_regions(regions, 2, MIBS);
	ret = kjob_try(caller, args, regions, 2, &job);
	cr_assert_eq(ret, -EINVAL, "%s: %d", what, ret);
	cr_assert_eq(kjob_look(job, 100).callbacks, 0, "%s: a callback", what);
	for (unsigned int i = 0; i < 3; i++)
		close(regions[i].fd);
}

RIG_TEST(kcopyd_flags, flags_that_exclude_each_other_are_refused)
{
	static const uint32_t wrong[] = {
		0x1000,
		1U << 31,
		KCOPYD_DETACH_FAILED | KCOPYD_KEEP_FAILED,
		KCOPYD_WRITE_SEQ | KCOPYD_IGNORE_ERROR,
		KCOPYD_WRITE_SEQ | KCOPYD_IGNORE_ERROR | KCOPYD_DETACH_FAILED,
		KCOPYD_WRITE_SEQ | KCOPYD_KEEP_FAILED,
		KCOPYD_WRITE_SEQ | KCOPYD_SKIP_BAD,
		KCOPYD_COMPARE | KCOPYD_WRITE_SEQ,
		KCOPYD_COMPARE | KCOPYD_ZERO_BAD,
		KCOPYD_COMPARE | KCOPYD_SPARSE,
		KCOPYD_COMPARE | KCOPYD_VERIFY,
		KCOPYD_COMPARE | KCOPYD_RESET_ZONES,
	};
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);

	kjob_disks(caller, 2, (struct test_disk_options){ .mib = MIBS });
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		char what[32];

		snprintf(what, sizeof(what), "flags %#x", wrong[i]);
		expect_refused(caller,
			       (struct kcopyd_test_submit){
				       .client = client,
				       .flags = wrong[i],
			       },
			       what);
	}
	data_expect_untouched("/dev/kt-d0", KJOB_DEST);
	data_expect_untouched("/dev/kt-d1", KJOB_DEST + 1);
	close(caller);
}

/* The classic call has no more than the classic flags. */
RIG_TEST(kcopyd_flags, the_classic_call_refuses_the_flags_of_the_extended)
{
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	struct kcopyd_test_copy args = {
		.client = client_create(caller, PAGES),
	};

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	kjob_regions(regions, 1, MIBS);
	for (args.flags = KCOPYD_FLUSH; args.flags; args.flags <<= 1)
		cr_assert_eq(classic(caller, args, regions, 1).ret, -EINVAL,
			     "%#x", args.flags);
	args.flags = KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ;
	cr_assert_eq(classic(caller, args, regions, 1).ret, -EINVAL);
	data_expect_untouched("/dev/kt-d0", KJOB_DEST);
	close(caller);
}

RIG_TEST(kcopyd_flags, options_that_make_no_sense_are_refused)
{
	static const struct {
		const char *what;
		struct kcopyd_test_submit args;
	} wrong[] = {
		{ "a chunk above 1 MiB", { .chunk = 2049 } },
		{ "a huge chunk", { .chunk = ~0U } },
		{ "a retry", { .retry = KCOPYD_RETRY_BISECT + 1 } },
		{ "an on_slow", { .on_slow = KCOPYD_SLOW_DROP + 1 } },
		{ "a checksum", { .checksum = KCOPYD_CHECKSUM_SHA256 + 1 } },
		{ "a checksum of nothing",
		  { .checksum = KCOPYD_CHECKSUM_CRC32C,
		    .null = KCOPYD_TEST_NULL_REGIONS } },
		{ "a checksum while comparing",
		  { .checksum = KCOPYD_CHECKSUM_CRC32C,
		    .flags = KCOPYD_COMPARE } },
		{ "no destinations", { .null = KCOPYD_TEST_NULL_DESTS } },
		{ "no done()", { .null = KCOPYD_TEST_NULL_FN } },
		{ "no ops", { .null = KCOPYD_TEST_NULL_DATA } },
		{ "no request", { .null = KCOPYD_TEST_NULL_ARGS } },
		{ "an I/O priority class", { .ioprio = 4 << 13 } },
	};
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);

	kjob_disks(caller, 2, (struct test_disk_options){ .mib = MIBS });
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct kcopyd_test_submit args = wrong[i].args;

		args.client = client;
		expect_refused(caller, args, wrong[i].what);
	}
	data_expect_untouched("/dev/kt-d0", KJOB_DEST);
	data_expect_untouched("/dev/kt-d1", KJOB_DEST + 1);
	close(caller);
}

RIG_TEST(kcopyd_flags, a_chunk_that_is_no_multiple_of_the_blocks_is_refused)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);

	kjob_disks(caller, 2,
		   (struct test_disk_options){ .mib = MIBS, .block = 4096 });
	expect_refused(caller,
		       (struct kcopyd_test_submit){ .client = client,
						    .chunk = 12 },
		       "a block and a half");
	expect_refused(caller,
		       (struct kcopyd_test_submit){ .client = client,
						    .chunk = 1 },
		       "a sector");
	close(caller);
}

RIG_TEST(kcopyd_flags, nobody_need_take_the_handle)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.null = KCOPYD_TEST_NULL_RESULT,
	};
	struct kcopyd_test_region regions[2];

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	kjob_regions(regions, 1, MIBS);
	kjob_wait_ok(kjob_start(caller, args, regions, 1));
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* ---- priority and hints -------------------------------------------------- */

static unsigned int ioprio(unsigned int class, unsigned int level)
{
	return class << 13 | level;
}

static void expect_ioprio(int caller, uint32_t client, unsigned int asked,
			  unsigned int expected)
{
	struct kcopyd_test_submit args = { .client = client, .ioprio = asked };
	struct kcopyd_test_region regions[3];
	static const char *const names[] = { "src", "d0", "d1" };

	for (unsigned int i = 0; i < 3; i++)
		test_disk_reset(caller, names[i], expected);
	kjob_regions(regions, 2, MIBS);
	kjob_wait_ok(kjob_start(caller, args, regions, 2));
	for (unsigned int i = 0; i < 3; i++) {
		struct kcopyd_test_disk_op op =
			counted(caller, names[i],
				i ? KCOPYD_TEST_WRITE : KCOPYD_TEST_READ);

		cr_assert_gt(op.requests, 0);
		cr_assert_eq(op.with_ioprio, op.requests,
			     "%s: %llu of %llu requests", names[i],
			     op.with_ioprio, op.requests);
		close(regions[i].fd);
	}
}

RIG_TEST(kcopyd_flags, the_io_priority_is_as_asked_or_the_submitters)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);

	kjob_disks(caller, 2, (struct test_disk_options){ .mib = MIBS });
	expect_ioprio(caller, client, ioprio(2, 1), ioprio(2, 1));
	expect_ioprio(caller, client, ioprio(3, 0), ioprio(3, 0));
	cr_assert_eq(syscall(SYS_ioprio_set, 1, 0, ioprio(2, 6)), 0, "%m");
	expect_ioprio(caller, client, 0, ioprio(2, 6));
	expect_ioprio(caller, client, ioprio(1, 3), ioprio(1, 3));
	close(caller);
}

/* Somebody waits for them; write-back throttling must not. */
RIG_TEST(kcopyd_flags, all_writes_carry_sync_and_idle)
{
	const uint32_t flags = KCOPYD_TEST_SYNC | KCOPYD_TEST_IDLE;
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_region regions[3];

	kjob_disks(caller, 2, (struct test_disk_options){ .mib = MIBS });
	kjob_regions(regions, 2, MIBS);
	expect_copied(classic(caller,
			      (struct kcopyd_test_copy){ .client = client },
			      regions, 2));
	for (unsigned int i = 0; i < 2; i++) {
		struct kcopyd_test_disk_op op =
			counted(caller, i ? "d1" : "d0", KCOPYD_TEST_WRITE);

		cr_assert_gt(op.requests, 0);
		cr_assert_eq(op.flags_and, flags, "%#x", op.flags_and);
		cr_assert_eq(op.flags_or, flags, "%#x", op.flags_or);
	}
	cr_assert_eq(counted(caller, "src", KCOPYD_TEST_READ).flags_or, 0);
	close(caller);
}

/* ---- flushing ------------------------------------------------------------ */

static void cached_disks(int caller)
{
	kjob_disks(caller, 2,
		   (struct test_disk_options){ .mib = MIBS,
					       .write_cache = true });
	/* What filled them is no concern of the copy. */
	for (unsigned int i = 0; i < 2; i++) {
		int fd = device_open(kjob_path(i), O_RDWR);

		cr_assert_eq(fsync(fd), 0, "%m");
		close(fd);
		test_disk_reset(caller, i ? "d1" : "d0", 0);
	}
	cr_assert_eq(test_disk_stats(caller, "d0").unflushed, 0);
}

RIG_TEST(kcopyd_flags, each_destination_is_flushed_after_its_last_write)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.flags = KCOPYD_FLUSH,
	};
	struct kcopyd_test_region regions[3];
	struct kjob job;

	cached_disks(caller);
	kjob_regions(regions, 2, MIBS);
	test_disk_hold(caller, "d0", FLUSHES);
	job = kjob_start(caller, args, regions, 2);
	test_disk_wait_held(caller, "d0", 1);
	/* All is written, and the other one flushed, but it is not over. */
	cr_assert_eq(counted(caller, "d0", KCOPYD_TEST_WRITE).sectors, SECTORS);
	rig_wait_for(counted(caller, "d1", KCOPYD_TEST_FLUSH).requests, 30,
		     "a flush of the other destination");
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_FLUSHING);
	rig_sleep_ms(200);
	cr_assert_not(kjob_has_ended(job));
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(job);
	for (unsigned int i = 0; i < 2; i++) {
		const char *name = i ? "d1" : "d0";

		cr_assert_eq(counted(caller, name, KCOPYD_TEST_FLUSH).requests,
			     1);
		cr_assert_eq(counted(caller, name, KCOPYD_TEST_WRITE).sectors,
			     SECTORS);
		cr_assert_eq(test_disk_stats(caller, name).unflushed, 0);
	}
	cr_assert_eq(counted(caller, "src", KCOPYD_TEST_FLUSH).requests, 0);
	close(caller);
}

RIG_TEST(kcopyd_flags, nothing_is_flushed_that_was_not_asked_for)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_submit args = { .client = client };
	struct kcopyd_test_region regions[3];

	cached_disks(caller);
	kjob_regions(regions, 2, MIBS);
	kjob_wait_ok(kjob_start(caller, args, regions, 2));
	expect_copied(classic(caller,
			      (struct kcopyd_test_copy){ .client = client },
			      regions, 2));
	for (unsigned int i = 0; i < 2; i++) {
		const char *name = i ? "d1" : "d0";
		struct kcopyd_test_disk_op op =
			counted(caller, name, KCOPYD_TEST_WRITE);

		cr_assert_eq(counted(caller, name, KCOPYD_TEST_FLUSH).requests,
			     0);
		cr_assert_eq(op.fua, 0);
		cr_assert_eq(test_disk_stats(caller, name).unflushed,
			     op.requests);
	}
	close(caller);
}

RIG_TEST(kcopyd_flags, zeroes_are_flushed_too)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.flags = KCOPYD_FLUSH,
		.null = KCOPYD_TEST_NULL_REGIONS,
	};
	struct kcopyd_test_region regions[3];

	cached_disks(caller);
	kjob_regions(regions, 2, MIBS);
	kjob_wait_ok(kjob_start(caller, args, regions, 2));
	cr_assert_eq(test_disk_stats(caller, "d0").unflushed, 0);
	cr_assert_eq(test_disk_stats(caller, "d1").unflushed, 0);
	expect_zeroes("/dev/kt-d0", 0, BYTES);
	close(caller);
}

/* Otherwise it would be the disk's cache that is compared. */
RIG_TEST(kcopyd_flags, verifying_flushes_before_it_reads_back)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.flags = KCOPYD_VERIFY,
	};
	struct kcopyd_test_region regions[3];
	struct kjob job;

	cached_disks(caller);
	kjob_regions(regions, 2, MIBS);
	test_disk_hold(caller, "d1", FLUSHES);
	job = kjob_start(caller, args, regions, 2);
	test_disk_wait_held(caller, "d1", 1);
	rig_sleep_ms(100);
	cr_assert_eq(counted(caller, "d1", KCOPYD_TEST_READ).requests, 0);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(job);
	cr_assert_eq(counted(caller, "d1", KCOPYD_TEST_READ).sectors, SECTORS);
	close(caller);
}

RIG_TEST(kcopyd_flags, a_flush_that_fails_is_its_destinations_error)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.flags = KCOPYD_FLUSH | KCOPYD_DETACH_FAILED,
	};
	struct kcopyd_test_region regions[3];
	struct kcopyd_test_result result;

	cached_disks(caller);
	test_disk_fault(caller, "d1",
			(struct kcopyd_test_disk_fault){ .ops = FLUSHES,
							 .error = EIO });
	kjob_regions(regions, 2, MIBS);
	result = kjob_wait(kjob_start(caller, args, regions, 2));
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 0x2);
	cr_assert_eq(result.complete, 0x1);
	close(caller);
}
