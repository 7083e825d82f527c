// SPDX-License-Identifier: GPL-2.0-or-later
/* That the test disk keeps data, fails, holds and vanishes as told. */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"

TestSuite(test_disk, RIG_SUITE);

enum { BLOCK = 4096 };
enum {
	READS = 1 << KCOPYD_TEST_READ,
	WRITES = 1 << KCOPYD_TEST_WRITE,
	DISCARDS = 1 << KCOPYD_TEST_DISCARD,
	ZEROINGS = 1 << KCOPYD_TEST_WRITE_ZEROES,
	FLUSHES = 1 << KCOPYD_TEST_FLUSH,
};

/* ---- I/O of user space --------------------------------------------------- */

static char *buffer_alloc(size_t length)
{
	char *buffer = aligned_alloc(4096, length);

	cr_assert_not_null(buffer);
	return buffer;
}

/* Direct writes of one block; 0 or the errno. */
static int block_write(int fd, uint64_t sector, uint64_t seed)
{
	char *buffer = buffer_alloc(BLOCK);
	ssize_t n;

	data_make(buffer, BLOCK, seed, sector);
	n = pwrite(fd, buffer, BLOCK, sector * SECTOR);
	free(buffer);
	return n == BLOCK ? 0 : errno;
}

static int block_read(int fd, uint64_t sector)
{
	char *buffer = buffer_alloc(BLOCK);
	ssize_t n = pread(fd, buffer, BLOCK, sector * SECTOR);

	free(buffer);
	return n == BLOCK ? 0 : errno;
}

static void expect_block(uint64_t sector, uint64_t seed)
{
	data_expect("/dev/kt-a", sector * SECTOR, BLOCK, seed, sector);
}

/* Writes a block; the errno is the exit status. */
static pid_t write_in_child(uint64_t sector, uint64_t seed)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		int fd = open("/dev/kt-a", O_RDWR | O_DIRECT);

		_exit(fd < 0 ? 255 : block_write(fd, sector, seed));
	}
	return pid;
}

static int child_error(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool child_runs(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static uint64_t queue_limit(const char *name)
{
	char path[128];
	uint64_t value;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/kt-a/queue/%s", name);
	file = fopen(path, "re");
	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_eq(fscanf(file, "%lu", &value), 1);
	fclose(file);
	return value;
}

/* A disk "a", filled; nothing of that is counted. */
static int disk_open(int caller, struct test_disk_options options)
{
	const char *path = test_disk_create(caller, "a", options);

	data_fill(path, SEED);
	test_disk_reset(caller, "a", 0);
	return device_open(path, O_RDWR | O_DIRECT);
}

/* ---- data ---------------------------------------------------------------- */

static const char *const completions[] = { "inline", "softirq", "interrupt" };

static void expect_keeps_data(unsigned int completion, unsigned int block)
{
	int caller = caller_open(), fd;
	struct kcopyd_test_disk_stats stats;

	fd = disk_open(caller, (struct test_disk_options){
				       .mib = 8,
				       .block = block,
				       .completion = completion,
			       });
	cr_assert_eq(device_size("/dev/kt-a"), 8 * MIB);
	data_expect_untouched("/dev/kt-a", SEED);
	cr_assert_eq(block_write(fd, 80, DATA), 0);
	data_expect("/dev/kt-a", 0, 80 * SECTOR, SEED, 0);
	expect_block(80, DATA);
	data_expect("/dev/kt-a", 88 * SECTOR, 8 * MIB - 88 * SECTOR, SEED, 88);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 1);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].sectors, 8);
	cr_assert_eq(stats.ops[KCOPYD_TEST_READ].sectors, 2 * 8 * MIB / SECTOR);
	cr_assert_eq(stats.in_flight, 0, "%s", completions[completion]);
	test_disk_expect_obeyed(caller, "a");
	close(fd);
	test_disk_destroy(caller, "a");
	cr_assert(access("/dev/kt-a", F_OK), "the disk is still there");
	close(caller);
}

RIG_TEST(test_disk, data_written_is_read_back)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(completions); i++) {
		expect_keeps_data(i, 0);
		expect_keeps_data(i, 4096);
	}
}

RIG_TEST(test_disk, a_new_disk_reads_as_zeroes_and_was_never_asked)
{
	int caller = caller_open(), fd;
	char *buffer = buffer_alloc(MIB), *zeroes = calloc(1, MIB);
	struct kcopyd_test_disk_stats stats;

	test_disk_create(caller, "a", (struct test_disk_options){ .mib = 1 });
	stats = test_disk_stats(caller, "a");
	for (unsigned int i = 0; i < KCOPYD_TEST_DISK_OPS; i++)
		cr_assert_eq(stats.ops[i].requests, 0, "op %u", i);
	fd = device_open("/dev/kt-a", O_RDONLY | O_DIRECT);
	cr_assert_eq(read(fd, buffer, MIB), (ssize_t)MIB, "%m");
	cr_assert_eq(memcmp(buffer, zeroes, MIB), 0);
	close(fd);
	close(caller);
	free(buffer);
	free(zeroes);
}

/* The context in which a callback of dm-io runs, after the call returned. */
static uint32_t callback_context(int caller)
{
	char buffer[BLOCK];
	struct kcopyd_test_region region =
		caller_region("/dev/kt-a", 0, BLOCK / SECTOR);
	struct kcopyd_test_io args =
		call_args(1, OP_WRITE, &region, 1, buffer, BLOCK);

	args.how = KCOPYD_TEST_IN_FLIGHT;
	data_make(buffer, BLOCK, DATA, 0);
	test_disk_hold(caller, "a", WRITES);
	call_make(caller, &args);
	test_disk_wait_held(caller, "a", 1);
	test_disk_release(caller, "a", 0);
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &args), 0);
	cr_assert_eq(args.callbacks, 1);
	cr_assert_eq(args.error_bits, 0);
	close(region.fd);
	expect_block(0, DATA);
	return args.context;
}

RIG_TEST(test_disk, a_disk_completes_where_it_was_told_to)
{
	int caller = call_open();

	for (unsigned int i = 0; i < ARRAY_SIZE(completions); i++) {
		uint32_t expected = i == KCOPYD_TEST_DISK_INLINE ?
					    KCOPYD_TEST_IN_TASK :
					    KCOPYD_TEST_IN_INTERRUPT;

		test_disk_create(caller, "a",
				 (struct test_disk_options){ .completion = i });
		cr_assert_eq(callback_context(caller), expected, "%s",
			     completions[i]);
		test_disk_destroy(caller, "a");
	}
	close(caller);
}

/* ---- faults -------------------------------------------------------------- */

RIG_TEST(test_disk, a_fault_fails_exactly_the_requests_that_touch_it)
{
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});

	/* One sector within a block. */
	test_disk_bad(caller, "a", WRITES, 101, 1);
	cr_assert_eq(block_write(fd, 88, DATA), 0);
	cr_assert_eq(block_write(fd, 96, DATA), EIO);
	cr_assert_eq(block_write(fd, 93, DATA), 0);
	cr_assert_eq(block_write(fd, 94, DATA + 1), EIO);
	cr_assert_eq(block_write(fd, 101, DATA), EIO);
	cr_assert_eq(block_write(fd, 102, DATA), 0);
	cr_assert_eq(block_read(fd, 96), 0);
	data_expect("/dev/kt-a", 0, 88 * SECTOR, SEED, 0);
	data_expect("/dev/kt-a", 88 * SECTOR, 13 * SECTOR, DATA, 88);
	data_expect("/dev/kt-a", 101 * SECTOR, SECTOR, SEED, 101);
	data_expect("/dev/kt-a", 102 * SECTOR, BLOCK, DATA, 102);
	data_expect("/dev/kt-a", 110 * SECTOR, BLOCK, SEED, 110);
	cr_assert_eq(test_disk_stats(caller, "a").faults, 3);
	cr_assert_eq(test_disk_stats(caller, "a").ops[KCOPYD_TEST_WRITE].failed,
		     3);
	test_disk_clear_faults(caller, "a");
	cr_assert_eq(block_write(fd, 96, DATA), 0);
	expect_block(96, DATA);
	test_disk_expect_obeyed(caller, "a");
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, a_fault_lasts_as_many_times_as_told)
{
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});

	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){ .error = ENODATA,
							 .times = 2 });
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){
				.ops = READS, .error = ENOSPC, .times = 1 });
	cr_assert_eq(block_read(fd, 0), ENODATA);
	cr_assert_eq(block_write(fd, 1000, DATA), ENODATA);
	cr_assert_eq(block_write(fd, 1000, DATA), 0);
	cr_assert_eq(block_read(fd, 0), ENOSPC);
	cr_assert_eq(block_read(fd, 0), 0);
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, a_fault_has_the_error_it_was_given)
{
	static const int errors[] = { EIO,     ENOSPC,	  EOPNOTSUPP, EREMOTEIO,
				      ENODATA, ETIMEDOUT, ENOLINK,    EILSEQ,
				      ENODEV,  EBADE,	  ENOMEM };
	struct kcopyd_test_disk_fault wrong = { .name = "a", .error = ENOENT };
	int caller = caller_open();
	int fd = disk_open(caller,
			   (struct test_disk_options){ .completion = 2 });

	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		int error;

		test_disk_fault(caller, "a",
				(struct kcopyd_test_disk_fault){
					.error = errors[i],
					.times = 1,
				});
		error = block_write(fd, 0, DATA);
		cr_assert_eq(error, errors[i], "%s, not %s", strerror(error),
			     strerror(errors[i]));
	}
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_DISK_FAULT, &wrong),
		     -EINVAL);
	data_expect_untouched("/dev/kt-a", SEED);
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, a_full_table_of_faults_takes_no_more)
{
	struct kcopyd_test_disk_fault fault = {
		.name = "a",
		.error = EIO,
		.count = 1,
		.times = 1,
	};
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});

	for (unsigned int i = 0; i < KCOPYD_TEST_DISK_MAX_FAULTS; i++) {
		fault.first = i * 8;
		test_disk_fault(caller, "a", fault);
	}
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_DISK_FAULT, &fault),
		     -ENOSPC);
	/* In another order than they came. */
	for (unsigned int i = 0; i < KCOPYD_TEST_DISK_MAX_FAULTS; i++)
		cr_assert_eq(block_write(fd, (i * 5 % 32) * 8, DATA), EIO);
	cr_assert_eq(block_write(fd, 0, DATA), 0);
	test_disk_fault(caller, "a", fault);
	close(fd);
	close(caller);
}

/* ---- what is held -------------------------------------------------------- */

enum { HELD = 8 };

static void start_children(int caller, pid_t *pids)
{
	/* One after the other, so that the order is known. */
	for (unsigned int i = 0; i < HELD; i++) {
		pids[i] = write_in_child(i * 16, DATA);
		test_disk_wait_held(caller, "a", i + 1);
	}
}

static void expect_held(unsigned int completion)
{
	int caller = caller_open();
	int fd = disk_open(
		caller, (struct test_disk_options){ .completion = completion });
	struct kcopyd_test_disk_stats stats;
	pid_t pids[HELD];

	test_disk_hold(caller, "a", WRITES);
	start_children(caller, pids);
	rig_sleep_ms(200);
	for (unsigned int i = 0; i < HELD; i++)
		cr_assert(child_runs(pids[i]), "%u", i);
	/* Reads are not held, and see nothing of it. */
	data_expect_untouched("/dev/kt-a", SEED);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.in_flight, HELD);
	cr_assert_geq(stats.most_in_flight, HELD);

	test_disk_release_some(caller, "a", 3, false, 0);
	test_disk_release_some(caller, "a", 1, true, 0);
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_eq(child_error(pids[i]), 0, "%u", i);
	cr_assert_eq(child_error(pids[7]), 0);
	for (unsigned int i = 3; i < 7; i++)
		cr_assert(child_runs(pids[i]), "%u", i);
	test_disk_release_some(caller, "a", 1, false, ENOSPC);
	cr_assert_eq(child_error(pids[3]), ENOSPC);
	test_disk_release(caller, "a", 0);
	for (unsigned int i = 4; i < 7; i++)
		cr_assert_eq(child_error(pids[i]), 0, "%u", i);
	for (unsigned int i = 0; i < HELD; i++)
		expect_block(i * 16, i == 3 ? SEED : DATA);
	/* And none is held any more. */
	cr_assert_eq(block_write(fd, 0, DATA + 1), 0);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.in_flight, 0);
	cr_assert_eq(stats.held, 0);
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, held_requests_stay_in_flight_until_they_are_released)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(completions); i++)
		expect_held(i);
}

RIG_TEST(test_disk, a_hold_of_some_sectors_leaves_the_others_alone)
{
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});
	pid_t pid;

	test_disk_hold_range(caller, "a", 0, 100, 1);
	cr_assert_eq(block_write(fd, 92, DATA), 0);
	cr_assert_eq(block_write(fd, 101, DATA), 0);
	pid = write_in_child(96, DATA);
	test_disk_wait_held(caller, "a", 1);
	test_disk_release(caller, "a", EREMOTEIO);
	cr_assert_eq(child_error(pid), EREMOTEIO);
	close(fd);
	close(caller);
}

/* What a fault says when it comes holds when it goes. */
RIG_TEST(test_disk, a_held_request_fails_as_it_was_to_when_it_came)
{
	int caller = caller_open();
	pid_t pid;

	close(disk_open(caller, (struct test_disk_options){}));
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){
				.ops = WRITES, .error = ENODATA, .times = 1 });
	test_disk_hold(caller, "a", 0);
	pid = write_in_child(0, DATA);
	test_disk_wait_held(caller, "a", 1);
	test_disk_clear_faults(caller, "a");
	test_disk_release(caller, "a", 0);
	cr_assert_eq(child_error(pid), ENODATA);
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(test_disk, what_is_held_for_too_long_times_out)
{
	int caller = caller_open();
	struct kcopyd_test_disk_stats stats;
	pid_t pid;

	close(disk_open(caller,
			(struct test_disk_options){ .hold_seconds = 1 }));
	test_disk_hold(caller, "a", WRITES);
	pid = write_in_child(0, DATA);
	cr_assert_eq(child_error(pid), ETIMEDOUT);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.held, 0);
	cr_assert_eq(stats.in_flight, 0);
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(test_disk, as_many_as_the_depth_are_held_and_the_others_wait)
{
	int caller = caller_open();
	struct kcopyd_test_disk_stats stats;
	pid_t pids[HELD];

	close(disk_open(caller, (struct test_disk_options){ .depth = 3 }));
	test_disk_hold(caller, "a", WRITES);
	for (unsigned int i = 0; i < HELD; i++)
		pids[i] = write_in_child(i * 16, DATA);
	test_disk_wait_held(caller, "a", 3);
	rig_sleep_ms(200);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 3);
	test_disk_release(caller, "a", 0);
	for (unsigned int i = 0; i < HELD; i++)
		cr_assert_eq(child_error(pids[i]), 0, "%u", i);
	close(caller);
}

RIG_TEST(test_disk, a_thousand_requests_are_held_at_once)
{
	enum { NR = KCOPYD_TEST_DISK_MAX_DEPTH };
	int caller = call_open();
	char buffer[SECTOR];
	struct kcopyd_test_region region;

	test_disk_create(caller, "a",
			 (struct test_disk_options){ .depth = NR });
	test_disk_hold(caller, "a", 0);
	region = caller_region("/dev/kt-a", 0, 1);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, NR), 0, "%m");
	for (unsigned int i = 0; i < NR; i++, region.sector++) {
		struct kcopyd_test_io args =
			call_args(1, OP_WRITE, &region, 1, buffer, SECTOR);

		args.how = KCOPYD_TEST_IN_FLIGHT;
		data_make(buffer, SECTOR, DATA, i);
		call_make(caller, &args);
	}
	test_disk_wait_held(caller, "a", NR);
	cr_assert_eq(test_disk_stats(caller, "a").most_in_flight, NR);
	test_disk_release(caller, "a", 0);
	data_expect("/dev/kt-a", 0, NR * SECTOR, DATA, 0);
	for (unsigned int i = 0; i < NR; i++) {
		struct kcopyd_test_io args = { .buffer = (uintptr_t)buffer,
					       .length = SECTOR };

		cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &args),
			     0);
		cr_assert_eq(args.error_bits, 0);
	}
	test_disk_expect_obeyed(caller, "a");
	close(region.fd);
	close(caller);
}

/* ---- the end of a disk --------------------------------------------------- */

RIG_TEST(test_disk, a_disk_that_is_gone_fails_all_and_can_be_destroyed)
{
	int caller = caller_open();
	int fd = disk_open(caller,
			   (struct test_disk_options){ .completion = 2 });
	pid_t pids[HELD];

	test_disk_hold(caller, "a", 0);
	start_children(caller, pids);
	test_disk_gone(caller, "a");
	for (unsigned int i = 0; i < HELD; i++)
		cr_assert_eq(child_error(pids[i]), EIO, "%u", i);
	cr_assert_eq(lseek(fd, 0, SEEK_END), 0, "it has a size");
	cr_assert_neq(block_read(fd, 0), 0);
	cr_assert_neq(block_write(fd, 0, DATA), 0);
	cr_assert_eq(test_disk_stats(caller, "a").in_flight, 0);
	test_disk_destroy(caller, "a");
	cr_assert_neq(block_write(fd, 0, DATA), 0);
	close(fd);
	/* The name is free. */
	fd = disk_open(caller, (struct test_disk_options){});
	cr_assert_eq(block_write(fd, 0, DATA), 0);
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, a_disk_in_use_with_held_requests_can_be_destroyed)
{
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});
	pid_t pids[HELD];

	test_disk_hold(caller, "a", 0);
	start_children(caller, pids);
	test_disk_destroy(caller, "a");
	for (unsigned int i = 0; i < HELD; i++)
		cr_assert_eq(child_error(pids[i]), EIO, "%u", i);
	cr_assert_neq(block_read(fd, 0), 0);
	cr_assert(access("/dev/kt-a", F_OK));
	close(fd);
	close(caller);
}

/* Writes and reads until an error. The caller is not to stay open there. */
static pid_t busy_child(int caller, unsigned int seed)
{
	pid_t pid = fork();
	int fd, error = 0;

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	close(caller);
	fd = open("/dev/kt-a", O_RDWR | O_DIRECT);
	while (fd >= 0 && !error) {
		seed = seed * 1103515245 + 12345;
		error = block_write(fd, seed >> 16 & 0xff8, seed);
		if (!error)
			error = block_read(fd, seed >> 16 & 0xff8);
	}
	_exit(0);
}

static void busy_round(unsigned int completion, unsigned int round)
{
	pid_t pids[HELD];
	int caller = caller_open();

	test_disk_create(caller, "a",
			 (struct test_disk_options){ .completion = completion,
						     .depth = 6 });
	for (unsigned int i = 0; i < HELD; i++)
		pids[i] = busy_child(caller, round * HELD + i);
	rig_sleep_ms(30);
	for (unsigned int i = 0; i < 10; i++) {
		test_disk_hold(caller, "a", i % 2 ? 0 : READS);
		test_disk_wait_held(caller, "a", 6);
		test_disk_release_some(caller, "a", 2, i % 3, 0);
		if (i % 4)
			test_disk_release(caller, "a", 0);
	}
	test_disk_expect_obeyed(caller, "a");
	/* Some of them in the middle of it, some with requests held. */
	if (round % 2)
		test_disk_hold(caller, "a", WRITES);
	if (round % 3 == 0)
		test_disk_gone(caller, "a");
	if (round % 3 != 1)
		test_disk_destroy(caller, "a");
	close(caller);
	for (unsigned int i = 0; i < HELD; i++)
		cr_assert_eq(child_error(pids[i]), 0);
}

/* What it must survive: the debug kernel looks on. */
RIG_TEST(test_disk, a_busy_disk_can_be_destroyed_at_any_time)
{
	for (unsigned int round = 0; round < rig_scaled(12, 6); round++)
		for (unsigned int i = 0; i < ARRAY_SIZE(completions); i++)
			busy_round(i, round);
}

static int caller_open_elsewhere(void)
{
	int caller = caller_open();

	test_disk_create(caller, "b", (struct test_disk_options){});
	return caller;
}

RIG_TEST(test_disk, closing_the_caller_destroys_its_disks_and_no_other)
{
	int caller = caller_open(), other = caller_open_elsewhere();
	int fd = disk_open(caller, (struct test_disk_options){});

	/* Any caller can use it. */
	cr_assert_eq(test_disk_stats(other, "a").violations, 0);
	close(caller);
	cr_assert(access("/dev/kt-a", F_OK));
	cr_assert_not(access("/dev/kt-b", F_OK));
	cr_assert_neq(block_read(fd, 0), 0);
	close(fd);
	test_disks_destroy();
	cr_assert(access("/dev/kt-b", F_OK));
	close(other);
	module_unload("kcopyd_test");
}

/* Not even a call that waits for one keeps a caller from being closed. */
RIG_TEST(test_disk, the_death_of_a_caller_ends_its_calls_in_flight)
{
	char buffer[BLOCK];
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		int caller = call_open();
		struct kcopyd_test_region region;
		struct kcopyd_test_io args;

		test_disk_create(caller, "a", (struct test_disk_options){});
		test_disk_hold(caller, "a", 0);
		region = caller_region("/dev/kt-a", 0, BLOCK / SECTOR);
		args = call_args(1, OP_WRITE, &region, 1, buffer, BLOCK);
		args.how = KCOPYD_TEST_IN_FLIGHT;
		call_make(caller, &args);
		test_disk_wait_held(caller, "a", 1);
		_exit(0);
	}
	cr_assert_eq(child_error(pid), 0);
	cr_assert(access("/dev/kt-a", F_OK));
}

/* ---- flags and durability ------------------------------------------------ */

RIG_TEST(test_disk, flushes_and_fua_are_seen_with_a_write_cache)
{
	int caller = caller_open(), fd, sync_fd;
	struct kcopyd_test_disk_stats stats;

	fd = disk_open(caller, (struct test_disk_options){ .write_cache = true,
							   .fua = true });
	cr_assert_eq(fsync(fd), 0, "%m");
	test_disk_reset(caller, "a", 0);
	cr_assert_eq(test_disk_stats(caller, "a").unflushed, 0);
	cr_assert_eq(block_write(fd, 0, DATA), 0);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].fua, 0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_FLUSH].requests, 0);
	cr_assert_eq(stats.unflushed, 1);
	cr_assert_eq(fsync(fd), 0, "%m");
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_FLUSH].requests, 1);
	cr_assert_eq(stats.unflushed, 0);

	sync_fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT | O_DSYNC);
	cr_assert_eq(block_write(sync_fd, 8, DATA), 0);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 2);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].fua, 1);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].sync, 2);
	cr_assert_neq(stats.ops[KCOPYD_TEST_WRITE].flags_or & KCOPYD_TEST_FUA,
		      0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].flags_and & KCOPYD_TEST_FUA,
		     0);
	cr_assert_eq(stats.unflushed, 0);
	test_disk_expect_obeyed(caller, "a");
	close(sync_fd);
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, fua_becomes_a_flush_where_the_disk_has_only_a_cache)
{
	int caller = caller_open(), fd;
	struct kcopyd_test_disk_stats stats;

	test_disk_create(caller, "a",
			 (struct test_disk_options){ .write_cache = true });
	fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT | O_DSYNC);
	cr_assert_eq(block_write(fd, 8, DATA), 0);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 1);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].fua, 0);
	cr_assert_geq(stats.ops[KCOPYD_TEST_FLUSH].requests, 1);
	cr_assert_eq(stats.unflushed, 0);
	/* One that fails covers nothing. */
	close(fd);
	fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT);
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){ .ops = FLUSHES,
							 .error = EIO,
							 .first = 8,
							 .count = 8,
							 .times = 1 });
	cr_assert_eq(block_write(fd, 8, DATA), 0);
	cr_assert_eq(fsync(fd), -1);
	cr_assert_eq(test_disk_stats(caller, "a").unflushed, 1);
	cr_assert_eq(fsync(fd), 0);
	cr_assert_eq(test_disk_stats(caller, "a").unflushed, 0);
	test_disk_expect_obeyed(caller, "a");
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, without_a_write_cache_no_flush_arrives)
{
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});
	int sync_fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT | O_DSYNC);
	struct kcopyd_test_disk_stats stats;

	cr_assert_eq(block_write(sync_fd, 8, DATA), 0);
	cr_assert_eq(fsync(fd), 0);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 1);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].fua, 0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_FLUSH].requests, 0);
	cr_assert_eq(stats.unflushed, 0);
	test_disk_expect_obeyed(caller, "a");
	close(sync_fd);
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, priorities_and_flags_are_counted)
{
	const unsigned int ioprio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6);
	const uint32_t flags = KCOPYD_TEST_SYNC | KCOPYD_TEST_IDLE;
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){});
	struct kcopyd_test_disk_op *writes;
	struct kcopyd_test_disk_stats stats;

	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].flags_and, 0);
	test_disk_reset(caller, "a", ioprio);
	cr_assert_eq(block_write(fd, 0, DATA), 0);
	cr_assert_eq(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, ioprio), 0,
		     "%m");
	cr_assert_eq(block_write(fd, 0, DATA), 0);
	cr_assert_eq(block_write(fd, 8, DATA), 0);
	stats = test_disk_stats(caller, "a");
	writes = &stats.ops[KCOPYD_TEST_WRITE];
	cr_assert_eq(writes->requests, 3);
	cr_assert_eq(writes->with_ioprio, 2, "%llu", writes->with_ioprio);
	cr_assert_eq(writes->sync, 3);
	cr_assert_eq(writes->flags_or, flags, "%#x", writes->flags_or);
	cr_assert_eq(writes->flags_and, flags, "%#x", writes->flags_and);
	close(fd);
	close(caller);
}

/* ---- discard and zeroing ------------------------------------------------- */

static int zero(int fd, int mode)
{
	return fallocate(fd, mode, 64 * KIB, 64 * KIB) ? errno : 0;
}

static void expect_zeroed(int fd)
{
	char *buffer = buffer_alloc(64 * KIB), *zeroes = calloc(1, 64 * KIB);

	cr_assert_eq(pread(fd, buffer, 64 * KIB, 64 * KIB), 64 * (int)KIB);
	cr_assert_eq(memcmp(buffer, zeroes, 64 * KIB), 0, "not zeroes");
	data_expect("/dev/kt-a", 0, 64 * KIB, SEED, 0);
	data_expect("/dev/kt-a", 128 * KIB, 64 * KIB, SEED, 256);
	free(buffer);
	free(zeroes);
}

RIG_TEST(test_disk, zeroes_are_written_and_split_by_the_limit)
{
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){
					   .max_write_zeroes_sectors = 24 });
	struct kcopyd_test_disk_stats stats;

	cr_assert_eq(zero(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE), 0,
		     "%m");
	expect_zeroed(fd);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE_ZEROES].sectors, 128);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE_ZEROES].requests, 6);
	cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].requests, 0);
	test_disk_expect_obeyed(caller, "a");
	close(fd);
	close(caller);
}

RIG_TEST(test_disk, a_refusal_can_end_write_zeroes_for_good)
{
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){
					   .max_write_zeroes_sectors = 2048 });
	struct kcopyd_test_disk_op *zeroings, *writes;
	struct kcopyd_test_disk_stats stats;

	cr_assert_eq(queue_limit("write_zeroes_max_bytes"), MIB);
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){
				.ops = ZEROINGS,
				.error = EREMOTEIO,
				.times = 1,
				.flags = KCOPYD_TEST_DISK_NO_MORE });
	cr_assert_neq(zero(fd, punch), 0);
	data_expect_untouched("/dev/kt-a", SEED);
	cr_assert_eq(queue_limit("write_zeroes_max_bytes"), 0);
	cr_assert_eq(zero(fd, punch), EOPNOTSUPP, "%m");
	/* This one has a way round. */
	cr_assert_eq(zero(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE), 0);
	expect_zeroed(fd);
	stats = test_disk_stats(caller, "a");
	zeroings = &stats.ops[KCOPYD_TEST_WRITE_ZEROES];
	writes = &stats.ops[KCOPYD_TEST_WRITE];
	cr_assert_eq(zeroings->requests, 1);
	cr_assert_eq(zeroings->failed, 1);
	cr_assert_eq(writes->sectors, 128);
	test_disk_expect_obeyed(caller, "a");
	close(fd);
	close(caller);
}

/* It must not be taken for zeroing. */
RIG_TEST(test_disk, discarded_blocks_hold_something_else)
{
	uint64_t range[2] = { 64 * KIB, 64 * KIB };
	char *buffer = buffer_alloc(64 * KIB), *expected = malloc(64 * KIB);
	int caller = caller_open();
	int fd = disk_open(caller, (struct test_disk_options){
					   .max_discard_sectors = 64 });
	struct kcopyd_test_disk_stats stats;

	cr_assert_eq(ioctl(fd, BLKDISCARD, range), 0, "%m");
	memset(expected, KCOPYD_TEST_DISK_DISCARDED, 64 * KIB);
	cr_assert_eq(pread(fd, buffer, 64 * KIB, 64 * KIB), 64 * (int)KIB);
	cr_assert_eq(memcmp(buffer, expected, 64 * KIB), 0);
	data_expect("/dev/kt-a", 0, 64 * KIB, SEED, 0);
	data_expect("/dev/kt-a", 128 * KIB, 64 * KIB, SEED, 256);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.ops[KCOPYD_TEST_DISCARD].requests, 2);
	cr_assert_eq(stats.ops[KCOPYD_TEST_DISCARD].sectors, 128);
	test_disk_expect_obeyed(caller, "a");

	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){
				.ops = DISCARDS,
				.error = EREMOTEIO,
				.times = 1,
				.flags = KCOPYD_TEST_DISK_NO_MORE });
	/* (Of several requests the last error counts, and not this one.) */
	range[1] = 32 * KIB;
	cr_assert_eq(ioctl(fd, BLKDISCARD, range), -1);
	cr_assert_eq(errno, EREMOTEIO, "%m");
	cr_assert_eq(queue_limit("discard_max_bytes"), 0);
	close(fd);
	close(caller);
	free(buffer);
	free(expected);
}
