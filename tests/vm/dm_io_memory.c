// SPDX-License-Identifier: GPL-2.0-or-later
/* The reserve of dm_io_get(), and what its put waits for. */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "call.h"

TestSuite(dm_io_memory, RIG_SUITE);

/* MANY: newer kernels keep hundreds of free objects of each slab. */
enum { IN_FLIGHT_PAGES = 240, MANY = 600, PAGE = 4096 };

/*
 * Makes calls for all these pages while there is no memory, with a reserve for
 * @got of them. The device keeps what it got for a while, and allocates
 * nothing, since it has been written before. No two calls are neighbours that
 * could be merged. Returns how many were in flight when there was no memory.
 */
static uint32_t starve(uint32_t nr_calls, uint32_t pages, uint32_t got,
		       unsigned int latency_ms)
{
	const uint32_t total = nr_calls * pages, stride = 2 * 8 * pages;
	char *buffer = malloc(total * PAGE);
	struct kcopyd_test_starve args = {
		.nr_calls = nr_calls,
		.pages = pages,
		.stride = stride,
		.buffer = (uintptr_t)buffer,
	};
	int caller = caller_open();

	data_fill_range(null_create("a",
				    (struct null_options){
					    .mib = 16,
					    .depth = 1024,
					    /* A bio a page. */
					    .max_sectors = 8,
					    .latency_us = latency_ms * 1000,
				    }),
			0, nr_calls * stride * SECTOR, SEED, 0);
	data_make(buffer, total * PAGE, DATA, 0);
	args.fd = device_open("/dev/kt-a", O_RDWR);
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, got), 0, "%m");
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_STARVE, &args), 0);
	cr_log_info("%llu pages taken, then %llu more; %u of %u in flight\n",
		    args.hogged, args.got, args.in_flight, nr_calls);
	cr_assert_gt(args.hogged, 1000);
	cr_assert_eq(args.started, nr_calls);
	cr_assert_eq(args.callbacks, nr_calls);
	cr_assert_eq(args.error_bits, 0);
	for (uint32_t i = 0; i < nr_calls; i += nr_calls / 4)
		data_expect("/dev/kt-a", i * stride * SECTOR, pages * PAGE,
			    DATA, i * pages * 8);
	close(args.fd);
	close(caller);
	free(buffer);
	return args.in_flight;
}

RIG_TEST(dm_io_memory, got_pages_are_in_flight_one_by_one_without_any_memory)
{
	uint32_t in_flight = starve(IN_FLIGHT_PAGES, 1, IN_FLIGHT_PAGES,
				    rig_scaled(500, 1500));

	cr_assert_eq(in_flight, IN_FLIGHT_PAGES);
}

RIG_TEST(dm_io_memory, got_pages_are_in_flight_in_large_calls_without_memory)
{
	uint32_t in_flight = starve(IN_FLIGHT_PAGES / 24, 24, IN_FLIGHT_PAGES,
				    rig_scaled(500, 1500));

	cr_assert_eq(in_flight, IN_FLIGHT_PAGES / 24);
}

/* What the two above prove: without the reserve it does not work. */
RIG_TEST(dm_io_memory, calls_beyond_the_got_pages_wait_without_memory)
{
	const unsigned int latency_ms = rig_scaled(500, 1500);

	cr_assert_eq(starve(MANY, 1, MANY, latency_ms), MANY);
	devices_destroy();
	cr_assert_lt(starve(MANY, 1, 64, latency_ms), MANY);
}

/* Also where a call itself needs many times what is left. */
RIG_TEST(dm_io_memory, one_got_page_is_enough_for_a_large_call_without_memory)
{
	starve(4, 60, 1, 50);
}

/* A call on a suspended device is in flight until it is resumed. */
static void leave_in_flight(int caller, char *buffer)
{
	struct kcopyd_test_region region;
	struct kcopyd_test_io args;

	dm_create("slow", "0 8192 linear /dev/kt-a 0");
	region = caller_region("/dev/mapper/kt-slow", 0, 8);
	dm_suspend("slow");
	data_make(buffer, PAGE, DATA, 7);
	args = call_args(1, OP_WRITE, &region, 1, buffer, PAGE);
	args.how = KCOPYD_TEST_IN_FLIGHT;
	call_make(caller, &args);
	cr_assert_eq(args.ret, 0);
	close(region.fd);
}

static pid_t put_in_child(int caller, unsigned long pages)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(ioctl(caller, KCOPYD_TEST_PUT, pages) ? 1 : 0);
	return pid;
}

static void expect_put_waits(pid_t pid)
{
	for (int i = 0; i < 10; i++) {
		cr_assert_eq(waitpid(pid, NULL, WNOHANG), 0,
			     "the put did not wait for the call");
		rig_sleep_ms(30);
	}
}

static void expect_put_done(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

static void expect_finished(int caller, char *buffer)
{
	struct kcopyd_test_io args = { .buffer = (uintptr_t)buffer,
				       .length = PAGE };

	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &args), 0);
	cr_assert_eq(args.callbacks, 1);
	cr_assert_eq(args.error_bits, 0);
	data_expect("/dev/kt-a", 0, PAGE, DATA, 7);
}

/* So that a module which has done its put can't be called back any more. */
RIG_TEST(dm_io_memory, a_put_waits_for_calls_that_were_made_before)
{
	int caller = call_open(), other = call_open();
	char buffer[PAGE];
	pid_t pid;

	call_device("a");
	leave_in_flight(caller, buffer);
	pid = put_in_child(other, 64);
	expect_put_waits(pid);
	dm_resume("slow");
	expect_put_done(pid);
	expect_finished(caller, buffer);
	close(caller);
	close(other);
}

RIG_TEST(dm_io_memory, the_last_put_waits_even_for_calls_without_a_right)
{
	int caller = caller_open(), other = call_open();
	struct kcopyd_test_region region;
	struct kcopyd_test_io args;
	char buffer[PAGE];
	pid_t pid;

	call_device("a");
	/* The get is the other's. */
	leave_in_flight(caller, buffer);
	pid = put_in_child(other, 64);
	expect_put_waits(pid);
	dm_resume("slow");
	expect_put_done(pid);
	expect_finished(caller, buffer);
	region = caller_region("/dev/kt-a", 0, 8);
	args = call_args(1, OP_WRITE, &region, 1, buffer, PAGE);
	call_expect_refused(caller, &args, 1, "after the last put");
	close(caller);
	close(other);
}

/* More than was got: they wait for memory, but not for each other. */
RIG_TEST(dm_io_memory, more_calls_than_pages_got_complete)
{
	enum { NR = 64 };
	int caller = caller_open();
	struct kcopyd_test_region region;
	char buffer[PAGE];

	call_device("a");
	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, 1), 0);
	for (unsigned int i = 0; i < NR; i++) {
		struct kcopyd_test_io args;

		region = caller_region("/dev/kt-a", i * 8, 8);
		args = call_args(1, OP_WRITE, &region, 1, buffer, PAGE);
		args.how = KCOPYD_TEST_IN_FLIGHT;
		data_make(buffer, PAGE, DATA, i * 8);
		call_make(caller, &args);
		cr_assert_eq(args.ret, 0);
		close(region.fd);
	}
	for (unsigned int i = 0; i < NR; i++) {
		struct kcopyd_test_io args = { .buffer = (uintptr_t)buffer,
					       .length = PAGE };

		cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &args),
			     0);
		cr_assert_eq(args.callbacks, 1);
		cr_assert_eq(args.error_bits, 0);
	}
	data_expect("/dev/kt-a", 0, NR * PAGE, DATA, 0);
	close(caller);
}

/* The debug kernel knows whether an allocation there could start I/O. */
RIG_TEST(dm_io_memory, calls_are_right_where_memory_reclaim_waits_for_them)
{
	enum { LENGTH = 512 << 10 };
	char *buffer = malloc(LENGTH), *expected = malloc(LENGTH);
	int caller = call_open();
	struct kcopyd_test_region regions[2];

	call_device("a");
	call_device("b");
	regions[0] = caller_region("/dev/kt-a", 8, LENGTH / SECTOR);
	regions[1] = caller_region("/dev/kt-b", 0, LENGTH / SECTOR);
	data_make(expected, LENGTH, DATA, 0);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args;

		memcpy(buffer, expected, LENGTH);
		args = call_args(i, OP_WRITE, regions, 2, buffer, LENGTH);
		args.how = KCOPYD_TEST_RECLAIM;
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		data_expect("/dev/kt-a", 4 * KIB, LENGTH, DATA, 0);
		data_expect("/dev/kt-b", 0, LENGTH, DATA, 0);
		memset(buffer, 0, LENGTH);
		args = call_args(i, OP_READ, regions, 1, buffer, LENGTH);
		args.how = KCOPYD_TEST_RECLAIM;
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		cr_assert_eq(memcmp(buffer, expected, LENGTH), 0, "%s",
			     call_name(i));
		data_fill("/dev/kt-a", SEED);
		data_fill("/dev/kt-b", SEED);
	}
	free(buffer);
	free(expected);
	close(caller);
}
