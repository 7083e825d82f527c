// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exported calls where the first, the second... allocation of the module
 * fails: an errno and nothing done, or all of it done.
 */
#include <sys/ioctl.h>

#include "call.h"
#include "faults.h"
#include "kcopyd_jobs.h"

TestSuite(faults_kernel, FAULTS_SUITE);

enum { LENGTH = 128 << 10, PAGES = 64 };

static void begin(void)
{
	faults_begin();
	faults_within_module("kcopyd");
}

RIG_TEST(faults_kernel, a_reserve_is_got_whole_or_not_at_all)
{
	unsigned int refused = 0;
	int caller = caller_open();

	begin();
	each_fault(fault)
	{
		int ret, err;

		fault_arm(&fault);
		ret = ioctl(caller, KCOPYD_TEST_GET, PAGES);
		err = errno;
		fault_disarm(&fault);
		if (ret) {
			cr_assert(fault.hit);
			cr_assert_eq(err, ENOMEM, "%s", strerror(err));
			refused++;
			cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, PAGES), 0);
		}
		cr_assert_eq(ioctl(caller, KCOPYD_TEST_PUT, PAGES), 0, "%m");
	}
	cr_assert_gt(refused, 0);
	close(caller);
}

/* Each of the six, with all that they ask for failing: the reserve is enough. */
RIG_TEST(faults_kernel, a_dm_io_call_makes_do_with_its_reserve)
{
	char *buffer = malloc(LENGTH), *expected = malloc(LENGTH);
	struct kcopyd_test_region region;
	int caller = call_open();

	begin();
	call_device("a");
	region = caller_region("/dev/kt-a", 8, LENGTH / SECTOR);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct kcopyd_test_io args;

		data_make(expected, LENGTH, DATA, i);
		memcpy(buffer, expected, LENGTH);
		/* Once, since the disk itself takes memory for what is new. */
		data_fill_range("/dev/kt-a", 0, MIB, SEED, 0);
		faults_of_memory("kcopyd", FAULTS_MEMORY, 1000);
		args = call_args(i, OP_WRITE, &region, 1, buffer, LENGTH);
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		memset(buffer, 0, LENGTH);
		args = call_args(i, OP_READ, &region, 1, buffer, LENGTH);
		call_make(caller, &args);
		faults_so_many(1000);
		call_expect_bits(&args, i, 0);
		cr_assert_eq(memcmp(buffer, expected, LENGTH), 0, "%s",
			     call_name(i));
		data_expect("/dev/kt-a", 4 * KIB, LENGTH, DATA, i);
	}
	close(region.fd);
	close(caller);
	free(buffer);
	free(expected);
}

RIG_TEST(faults_kernel, a_client_is_made_whole_or_not_at_all)
{
	unsigned int refused = 0;
	int caller = caller_open();

	begin();
	each_fault(fault)
	{
		struct kcopyd_test_client args = { .pages = PAGES };
		int ret;

		fault_arm(&fault);
		ret = caller_ioctl(caller, KCOPYD_TEST_CREATE, &args);
		fault_disarm(&fault);
		if (!ret) {
			client_destroy(caller, args.client);
			continue;
		}
		cr_assert(fault.hit);
		cr_assert_eq(ret, -ENOMEM, "%s", strerror(-ret));
		refused++;
	}
	cr_log_info("%u refused\n", refused);
	cr_assert_gt(refused, 0);
	close(caller);
}

static void fail_jobs(unsigned int nr_dests, struct kcopyd_test_submit args,
		      bool may_fail)
{
	struct kcopyd_test_region regions[5];
	unsigned int refused = 0;
	int caller = caller_open();

	begin();
	kjob_disks(caller, nr_dests, (struct test_disk_options){ .mib = 1 });
	kjob_regions(regions, nr_dests, 1);
	each_fault(fault)
	{
		struct kjob job;
		int ret;

		args.client = client_create(caller, PAGES);
		fault_arm(&fault);
		ret = kjob_try(caller, args, regions, nr_dests, &job);
		fault_disarm(&fault);
		if (ret) {
			cr_assert(may_fail && fault.hit);
			cr_assert_eq(ret, -ENOMEM, "%s", strerror(-ret));
			refused++;
			job = kjob_start(caller, args, regions, nr_dests);
		}
		kjob_wait_ok(job);
		for (unsigned int i = 0; i < nr_dests; i++)
			data_expect_equal("/dev/kt-src", kjob_path(i));
		kjob_put(job);
		client_destroy(caller, args.client);
	}
	if (may_fail)
		cr_assert_gt(refused, 0);
	close(caller);
}

/* A plain job is got from the client's own memory. */
RIG_TEST(faults_kernel, a_job_of_a_kernel_client_is_not_refused_for_memory)
{
	fail_jobs(1, (struct kcopyd_test_submit){}, false);
}

RIG_TEST(faults_kernel, a_verifying_job_is_submitted_whole_or_not_at_all)
{
	fail_jobs(4,
		  (struct kcopyd_test_submit){
			  .flags = KCOPYD_VERIFY | KCOPYD_SPARSE,
			  .checksum = KCOPYD_CHECKSUM_CRC32C,
		  },
		  true);
}

/* ---- callbacks ----------------------------------------------------------- */

/* As many as there is memory for when there is none. */
enum { AT_ONCE = 8, AGAIN = 3 };

/* Each submits again, and has not given its own memory back by then. */
static void expect_submitted_again(unsigned int nr_dests)
{
	struct kcopyd_test_region regions[3];
	struct kjob jobs[AT_ONCE];
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.resubmit = AGAIN,
	};

	begin();
	kjob_disks(caller, nr_dests, (struct test_disk_options){ .mib = 1 });
	for (unsigned int i = 0; i <= nr_dests; i++)
		regions[i] = caller_region(i ? kjob_path(i - 1) : "/dev/kt-src",
					   0, 8);
	test_disk_hold(caller, "src", 1U << KCOPYD_TEST_READ);
	faults_of_memory("kcopyd", FAULTS_SLAB, 1000000);
	for (unsigned int i = 0; i < AT_ONCE; i++)
		jobs[i] = kjob_start(caller, args, regions, nr_dests);
	/* The others wait behind the first. */
	test_disk_wait_held(caller, "src", 1);
	test_disk_release(caller, "src", 0);
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		struct kcopyd_test_result result = kjob_look(jobs[i], 20000);

		cr_assert_eq(result.callbacks, 1 + AGAIN,
			     "job %u: %u callbacks", i, result.callbacks);
		cr_assert_eq(result.resubmit_ret, 0);
		cr_assert_eq(result.code, 0);
	}
	cr_assert_gt(faults_so_many(1000000), 0, "nothing was asked for");
	close(caller);
}

RIG_TEST(faults_kernel, callbacks_submit_again_without_memory)
{
	expect_submitted_again(1);
}

RIG_TEST(faults_kernel, callbacks_submit_copies_to_two_without_memory)
{
	expect_submitted_again(2);
}
