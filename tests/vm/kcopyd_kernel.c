// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyd_copy() and kcopyd_submit(), called by a module. */
#include "kcopyd_jobs.h"

TestSuite(kcopyd_kernel, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };
#define SIZE_MIB 4
#define SIZE (SIZE_MIB * MIB)
#define SECTORS (SIZE / SECTOR)

static void devices_create(unsigned int nr_dests)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	for (unsigned int i = 0; i < nr_dests; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%u", i);
		data_fill(null_create(name, options), DEST + i);
	}
}

/* All regions are whole devices, unless @regions says otherwise. */
static void whole_regions(struct kcopyd_test_region *regions,
			  unsigned int nr_dests)
{
	regions[0] = caller_region("/dev/kt-src", 0, SECTORS);
	for (unsigned int i = 0; i < nr_dests; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/kt-d%u", i);
		regions[1 + i] = caller_region(path, 0, SECTORS);
	}
}

/* One or more calls of kcopyd_copy(), waited for. */
static void copy(int caller, struct kcopyd_test_copy *args,
		 const struct kcopyd_test_region *regions, uint32_t nr_dests,
		 struct kcopyd_test_copy_result *results)
{
	int ret;

	args->regions = (uintptr_t)regions;
	args->nr_dests = nr_dests;
	args->results = (uintptr_t)results;
	args->nr_jobs = args->nr_jobs ?: 1;
	ret = caller_ioctl(caller, KCOPYD_TEST_COPY, args);
	cr_assert_eq(ret, 0, "%s", strerror(-ret));
}

static struct kcopyd_test_copy_result
copy_once(int caller, uint32_t client, uint32_t flags,
	  const struct kcopyd_test_region *regions, uint32_t nr_dests)
{
	struct kcopyd_test_copy args = { .client = client, .flags = flags };
	struct kcopyd_test_copy_result result;

	copy(caller, &args, regions, nr_dests, &result);
	if (!result.ret) {
		cr_assert_eq(result.callbacks, 1);
		cr_assert_eq(args.context, KCOPYD_TEST_IN_TASK);
	} else {
		cr_assert_eq(result.callbacks, 0);
	}
	return result;
}

static void expect_copied(const struct kcopyd_test_copy_result *result)
{
	cr_assert_eq(result->ret, 0, "%s", strerror(-result->ret));
	cr_assert_eq(result->callbacks, 1, "%u callbacks", result->callbacks);
	cr_assert_eq(result->read_err, 0);
	cr_assert_eq(result->write_err, 0, "write_err %#x", result->write_err);
}

RIG_TEST(kcopyd_kernel, one_to_one_is_whole)
{
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy_result result;
	int caller = caller_open();
	uint32_t client = client_create(caller, 256);

	devices_create(1);
	regions[0] = caller_region("/dev/kt-src", 3, 5000);
	regions[1] = caller_region("/dev/kt-d0", 10, 5000);
	result = copy_once(caller, client, 0, regions, 1);
	expect_copied(&result);
	data_expect_copy("/dev/kt-d0", &(struct data_copy){
					       .seed = DEST,
					       .offset = 10 * SECTOR,
					       .length = 5000 * SECTOR,
					       .source_seed = SOURCE,
					       .source_offset = 3 * SECTOR,
				       });
	data_expect_untouched("/dev/kt-src", SOURCE);
	client_destroy(caller, client);
	close(caller);
}

RIG_TEST(kcopyd_kernel, one_to_eight_is_whole)
{
	struct kcopyd_test_region regions[9];
	struct kcopyd_test_copy_result result;
	int caller = caller_open();
	uint32_t client = client_create(caller, 512);

	devices_create(8);
	whole_regions(regions, 8);
	result = copy_once(caller, client, 0, regions, 8);
	expect_copied(&result);
	for (unsigned int i = 0; i < 8; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/kt-d%u", i);
		data_expect_equal("/dev/kt-src", path);
	}
	close(caller);
}

RIG_TEST(kcopyd_kernel, thirty_two_destinations_are_the_most)
{
	struct kcopyd_test_region regions[34];
	struct kcopyd_test_copy_result result;
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);

	devices_create(1);
	regions[0] = caller_region("/dev/kt-src", 0, 16);
	for (unsigned int i = 0; i < 33; i++)
		regions[1 + i] = caller_region("/dev/kt-d0", 16 * i, 16);
	result = copy_once(caller, client, 0, regions, 33);
	cr_assert_eq(result.ret, -EINVAL);
	data_expect_untouched("/dev/kt-d0", DEST);
	result = copy_once(caller, client, 0, regions, 32);
	expect_copied(&result);
	for (unsigned int i = 0; i < 32; i++)
		data_expect("/dev/kt-d0", 16 * i * SECTOR, 16 * SECTOR, SOURCE,
			    0);
	data_expect("/dev/kt-d0", 512 * SECTOR, MIB, DEST, 512);
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_copy_of_no_sectors_completes_through_the_worker)
{
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy_result result;
	int caller = caller_open();
	uint32_t client = client_create(caller, 1);

	devices_create(1);
	regions[0] = caller_region("/dev/kt-src", 0, 0);
	regions[1] = caller_region("/dev/kt-d0", 0, 0);
	result = copy_once(caller, client, 0, regions, 1);
	expect_copied(&result);
	data_expect_untouched("/dev/kt-d0", DEST);
	close(caller);
}

RIG_TEST(kcopyd_kernel, one_page_completes_everything)
{
	struct kcopyd_test_region regions[3];
	struct kcopyd_test_copy_result result;
	int caller = caller_open();
	uint32_t client = client_create(caller, 1);

	devices_create(2);
	whole_regions(regions, 2);
	result = copy_once(caller, client, 0, regions, 2);
	expect_copied(&result);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_client_without_pages_is_refused)
{
	struct kcopyd_test_client args = { .pages = 0 };
	int caller = caller_open();

	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_CREATE, &args), -EINVAL);
	close(caller);
}

RIG_TEST(kcopyd_kernel, callbacks_run_once_and_never_two_at_once)
{
	unsigned int jobs = 200;
	struct kcopyd_test_copy_result *results =
		calloc(jobs, sizeof(*results));
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy args = {
		.nr_jobs = jobs,
		.stride = 40,
		.sleep_us = 1000,
	};
	int caller = caller_open();

	devices_create(1);
	args.client = client_create(caller, 64);
	regions[0] = caller_region("/dev/kt-src", 0, 40);
	regions[1] = caller_region("/dev/kt-d0", 0, 40);
	copy(caller, &args, regions, 1, results);
	for (unsigned int i = 0; i < jobs; i++)
		expect_copied(&results[i]);
	cr_assert_eq(args.most_at_once, 1, "%u callbacks at once",
		     args.most_at_once);
	cr_assert_eq(args.context, KCOPYD_TEST_IN_TASK);
	data_expect("/dev/kt-d0", 0, jobs * 40 * SECTOR, SOURCE, 0);
	data_expect("/dev/kt-d0", jobs * 40 * SECTOR,
		    (SECTORS - jobs * 40) * SECTOR, DEST, jobs * 40);
	client_destroy(caller, args.client);
	free(results);
	close(caller);
}

/* Two hundred of them share what is less than one of them wants. */
RIG_TEST(kcopyd_kernel, two_hundred_jobs_share_one_page)
{
	unsigned int jobs = 200;
	struct kcopyd_test_copy_result *results =
		calloc(jobs, sizeof(*results));
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy args = { .nr_jobs = jobs, .stride = 40 };
	int caller = caller_open();

	devices_create(1);
	args.client = client_create(caller, 1);
	regions[0] = caller_region("/dev/kt-src", 0, 40);
	regions[1] = caller_region("/dev/kt-d0", 0, 40);
	copy(caller, &args, regions, 1, results);
	for (unsigned int i = 0; i < jobs; i++)
		expect_copied(&results[i]);
	data_expect("/dev/kt-d0", 0, jobs * 40 * SECTOR, SOURCE, 0);
	free(results);
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_callback_may_submit)
{
	struct kcopyd_test_copy_result results[4];
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy args = {
		.nr_jobs = 4,
		.stride = 64,
		.resubmit = 50,
	};
	int caller = caller_open();

	devices_create(1);
	args.client = client_create(caller, 2);
	regions[0] = caller_region("/dev/kt-src", 0, 64);
	regions[1] = caller_region("/dev/kt-d0", 0, 64);
	copy(caller, &args, regions, 1, results);
	for (unsigned int i = 0; i < 4; i++) {
		cr_assert_eq(results[i].ret, 0);
		cr_assert_eq(results[i].callbacks, 51);
	}
	cr_assert_eq(args.most_at_once, 1);
	data_expect("/dev/kt-d0", 0, 256 * SECTOR, SOURCE, 0);
	close(caller);
}

RIG_TEST(kcopyd_kernel, destroy_waits_for_jobs_and_callbacks)
{
	struct kcopyd_test_copy_result results[64];
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy args = {
		.nr_jobs = 64,
		.stride = 128,
		.sleep_us = 2000,
		.how = KCOPYD_TEST_NO_WAIT,
	};
	struct kcopyd_test_client destroyed;
	int caller = caller_open();

	devices_create(1);
	args.client = client_create(caller, 32);
	regions[0] = caller_region("/dev/kt-src", 0, 128);
	regions[1] = caller_region("/dev/kt-d0", 0, 128);
	copy(caller, &args, regions, 1, results);
	destroyed = client_destroy(caller, args.client);
	cr_assert_gt(destroyed.unfinished, 0, "nothing was left to wait for");
	cr_assert_eq(destroyed.missing, 0, "%u callbacks came after destroy",
		     destroyed.missing);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

static void expect_refused(int caller, uint32_t client, uint32_t flags,
			   const struct kcopyd_test_region *regions,
			   uint32_t nr_dests, const char *why)
{
	struct kcopyd_test_copy_result result =
		copy_once(caller, client, flags, regions, nr_dests);

	cr_assert_eq(result.ret, -EINVAL, "%s: %d", why, result.ret);
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect_untouched("/dev/kt-d0", DEST);
}

RIG_TEST(kcopyd_kernel, wrong_regions_and_flags_are_refused)
{
	struct kcopyd_test_region regions[3], wrong[3];
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);

	devices_create(1);
	regions[0] = caller_region("/dev/kt-src", 0, 64);
	regions[1] = caller_region("/dev/kt-d0", 0, 64);
	regions[2] = caller_region("/dev/kt-d0", 64, 64);

	memcpy(wrong, regions, sizeof(wrong));
	wrong[2].count = 63;
	expect_refused(caller, client, 0, wrong, 2, "different counts");
	wrong[2].count = 0;
	expect_refused(caller, client, 0, wrong, 2, "a count of 0");
	memcpy(wrong, regions, sizeof(wrong));
	wrong[2].sector = 63;
	expect_refused(caller, client, 0, wrong, 2, "destinations overlap");
	memcpy(wrong, regions, sizeof(wrong));
	wrong[1] = caller_region("/dev/kt-src", 63, 64);
	expect_refused(caller, client, 0, wrong, 1, "overlap with the source");
	memcpy(wrong, regions, sizeof(wrong));
	wrong[1].sector = ~0ULL - 10;
	expect_refused(caller, client, 0, wrong, 1, "an overflow");
	expect_refused(caller, client, KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ,
		       regions, 2, "ignore-error and write-seq");
	expect_refused(caller, client, 0x80000000, regions, 2, "a flag");
	expect_refused(caller, client, 0, regions, 0, "no destination");
	memcpy(wrong, regions, sizeof(wrong));
	wrong[1].fd = -1;
	expect_refused(caller, client, 0, wrong, 2, "a NULL device");
	close(caller);
}

RIG_TEST(kcopyd_kernel, null_arguments_are_refused)
{
	static const uint32_t nulls[] = { KCOPYD_TEST_NULL_DESTS,
					  KCOPYD_TEST_NULL_FN };
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);

	devices_create(1);
	regions[0] = caller_region("/dev/kt-src", 0, 64);
	regions[1] = caller_region("/dev/kt-d0", 0, 64);
	for (unsigned int i = 0; i < ARRAY_SIZE(nulls); i++) {
		struct kcopyd_test_copy args = { .client = client,
						 .null = nulls[i] };
		struct kcopyd_test_copy_result result;

		copy(caller, &args, regions, 1, &result);
		cr_assert_eq(result.ret, -EINVAL, "%#x: %d", nulls[i],
			     result.ret);
		cr_assert_eq(result.callbacks, 0);
	}
	data_expect_untouched("/dev/kt-d0", DEST);
	close(caller);
}

/* The smallest reserve that holds such a block; less of it can't be had. */
RIG_TEST(kcopyd_kernel, one_page_is_enough_for_blocks_of_4096_bytes)
{
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy_result result;
	int caller = caller_open();
	uint32_t client = client_create(caller, 1);

	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB,
							    .block = 4096 }),
		  SOURCE);
	data_fill(null_create("d0", (struct null_options){ .mib = SIZE_MIB,
							   .block = 4096 }),
		  DEST);
	regions[0] = caller_region("/dev/kt-src", 8, 800);
	regions[1] = caller_region("/dev/kt-d0", 0, 800);
	result = copy_once(caller, client, 0, regions, 1);
	expect_copied(&result);
	data_expect("/dev/kt-d0", 0, 800 * SECTOR, SOURCE, 8);
	regions[0].sector = 9;
	result = copy_once(caller, client, 0, regions, 1);
	cr_assert_eq(result.ret, -EINVAL, "an unaligned sector: %d",
		     result.ret);
	close(caller);
}

/* On /dev/kt-NAME: 8 bad sectors, 1 MiB from the start. */
static void bad_create(const char *name)
{
	char full[32];

	snprintf(full, sizeof(full), "%s-bad", name);
	dm_create(full,
		  "0 2048 linear /dev/kt-%s 0\n"
		  "2048 8 error\n"
		  "2056 6136 linear /dev/kt-%s 2056\n",
		  name, name);
}

RIG_TEST(kcopyd_kernel, a_failing_source_is_read_err)
{
	struct kcopyd_test_copy_result result;
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);

	devices_create(1);
	bad_create("src");
	regions[0] = caller_region("/dev/mapper/kt-src-bad", 0, SECTORS);
	regions[1] = caller_region("/dev/kt-d0", 0, SECTORS);
	result = copy_once(caller, client, 0, regions, 1);
	cr_assert_eq(result.ret, 0);
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(result.write_err, 0);
	data_expect("/dev/kt-d0", MIB, 8 * SECTOR, DEST, 2048);

	result = copy_once(caller, client, KCOPYD_IGNORE_ERROR, regions, 1);
	cr_assert_eq(result.ret, 0);
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(result.write_err, 0);
	data_expect("/dev/kt-d0", MIB, 8 * SECTOR, DEST, 2048);
	data_expect("/dev/kt-d0", 3 * MIB, MIB, SOURCE, 3 * MIB / SECTOR);
	close(caller);
}

RIG_TEST(kcopyd_kernel, failing_destinations_have_their_bits)
{
	struct kcopyd_test_copy_result result;
	struct kcopyd_test_region regions[5];
	int caller = caller_open();
	uint32_t client = client_create(caller, 256);

	devices_create(4);
	bad_create("d1");
	bad_create("d3");
	whole_regions(regions, 4);
	regions[2] = caller_region("/dev/mapper/kt-d1-bad", 0, SECTORS);
	regions[4] = caller_region("/dev/mapper/kt-d3-bad", 0, SECTORS);
	result = copy_once(caller, client, KCOPYD_DETACH_FAILED, regions, 4);
	cr_assert_eq(result.ret, 0);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0xa, "write_err %#x", result.write_err);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d2");
	data_expect("/dev/kt-d1", MIB, 8 * SECTOR, DEST + 1, 2048);
	close(caller);
}

/* What only the kernel can ask for: user space is refused before. */
RIG_TEST(kcopyd_kernel, a_destination_that_is_too_small_has_its_bit)
{
	struct kcopyd_test_copy_result result;
	struct kcopyd_test_region regions[3];
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);

	devices_create(1);
	data_fill(null_create("small", (struct null_options){ .mib = 2 }),
		  DEST);
	regions[0] = caller_region("/dev/kt-src", 0, SECTORS);
	regions[1] = caller_region("/dev/kt-d0", 0, SECTORS);
	regions[2] = caller_region("/dev/kt-small", 0, SECTORS);
	result = copy_once(caller, client, KCOPYD_DETACH_FAILED, regions, 2);
	cr_assert_eq(result.ret, 0, "%s", strerror(-result.ret));
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0x2, "write_err %#x", result.write_err);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_source_that_is_too_small_is_read_err)
{
	struct kcopyd_test_copy_result result;
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);

	devices_create(1);
	null_create("small", (struct null_options){ .mib = 2 });
	regions[0] = caller_region("/dev/kt-small", 0, SECTORS);
	regions[1] = caller_region("/dev/kt-d0", 0, SECTORS);
	result = copy_once(caller, client, 0, regions, 1);
	cr_assert_eq(result.ret, 0, "%s", strerror(-result.ret));
	cr_assert_eq(result.read_err, 1);
	cr_assert_eq(result.write_err, 0);
	data_expect("/dev/kt-d0", 2 * MIB, 2 * MIB, DEST, 4096);
	close(caller);
}

/* ---- kcopyd_submit() ----------------------------------------------------- */

static struct kcopyd_test_result
submit_and_wait(int caller, struct kcopyd_test_submit args,
		const struct kcopyd_test_region *regions, uint32_t nr_dests)
{
	struct kjob job = kjob_start(caller, args, regions, nr_dests);
	struct kcopyd_test_result result = kjob_wait(job);

	cr_assert_eq(result.same_job, 1, "done() was told of another job");
	cr_assert_neq(result.id, 0);
	cr_assert_gt(result.ns, 0);
	return result;
}

RIG_TEST(kcopyd_kernel, a_submitted_job_tells_its_states_and_result)
{
	struct kcopyd_test_submit args = { .flags = KCOPYD_FLUSH };
	struct kcopyd_test_region regions[3];
	struct kcopyd_test_result result;
	int caller = caller_open();

	devices_create(2);
	whole_regions(regions, 2);
	args.client = client_create(caller, 64);
	result = submit_and_wait(caller, args, regions, 2);
	cr_assert_eq(result.code, 0);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0);
	cr_assert_eq(result.complete, 0x3);
	cr_assert_eq(result.nr_errors, 0);
	cr_assert_eq(result.nr_states, 3, "%u states", result.nr_states);
	cr_assert_eq(result.states[0], KCOPYD_STATE_RUNNING);
	cr_assert_eq(result.states[1], KCOPYD_STATE_FLUSHING);
	cr_assert_eq(result.states[2], KCOPYD_STATE_DONE);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_submitted_job_locates_its_errors)
{
	struct kcopyd_test_submit args = {
		.flags = KCOPYD_DETACH_FAILED,
		.chunk = 8,
	};
	struct kcopyd_test_region regions[3];
	struct kcopyd_test_result result;
	int caller = caller_open();

	devices_create(2);
	bad_create("d1");
	whole_regions(regions, 2);
	regions[2] = caller_region("/dev/mapper/kt-d1-bad", 0, SECTORS);
	args.client = client_create(caller, 64);
	result = submit_and_wait(caller, args, regions, 2);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 0x2);
	cr_assert_eq(result.complete, 0x1);
	cr_assert_geq(result.nr_errors, 2);
	cr_assert_eq(result.errors[0].region, 2);
	cr_assert_eq(result.errors[0].first, 2048);
	cr_assert_eq(result.errors[0].count, 8);
	cr_assert_eq(result.errors[0].error, -EIO);
	cr_assert_eq(result.errors[0].kind, KCOPYD_EXTENT_BAD);
	/* Then it left the job: the rest was not tried. */
	cr_assert_eq(result.errors[1].region, 2);
	cr_assert_gt(result.errors[1].first, 2048);
	cr_assert_eq(result.errors[1].first + result.errors[1].count, SECTORS);
	cr_assert_eq(result.errors[1].error, -EIO);
	cr_assert_eq(result.errors[1].kind, KCOPYD_EXTENT_UNTRIED);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_handle_may_be_put_before_the_job_is_done)
{
	struct kcopyd_test_submit args = { .how = KCOPYD_TEST_PUT_EARLY };
	struct kcopyd_test_region regions[2];
	int caller = caller_open();

	devices_create(1);
	whole_regions(regions, 1);
	args.client = client_create(caller, 64);
	cr_assert_eq(submit_and_wait(caller, args, regions, 1).code, 0);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_kernel, a_cancelled_job_is_done_once)
{
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t client = client_create(caller, 4);
	unsigned int cancelled = 0;

	devices_create(1);
	whole_regions(regions, 1);
	for (unsigned int i = 0; i < 20; i++) {
		struct kcopyd_test_submit args = {
			.client = client,
			.how = KCOPYD_TEST_CANCEL,
			.chunk = 8,
			.limits.depth = 1,
		};
		struct kcopyd_test_result result;

		if (i & 1)
			args.how |= KCOPYD_TEST_PUT_EARLY;
		result = submit_and_wait(caller, args, regions, 1);
		cr_assert(result.code == -ECANCELED || !result.code, "code %d",
			  result.code);
		cr_assert_eq(result.complete, !result.code);
		cr_assert_eq(result.write_err, 0);
		cancelled += result.code == -ECANCELED;
	}
	cr_assert_gt(cancelled, 0);
	client_destroy(caller, client);
	close(caller);
}

RIG_TEST(kcopyd_kernel, chunk_and_depth_out_of_range_are_refused)
{
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t client = client_create(caller, 4);
	const struct kcopyd_test_submit wrong[] = {
		{ .client = client, .limits.depth = 1U << 31 },
		{ .client = client, .chunk = 1U << 31 },
		{ .client = client, .flags = 1U << 31 },
	};

	devices_create(1);
	whole_regions(regions, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct kjob job;
		int ret = kjob_try(caller, wrong[i], regions, 1, &job);

		cr_assert_eq(ret, -EINVAL, "%u: %d", i, ret);
		cr_assert_eq(kjob_look(job, 0).callbacks, 0);
	}
	data_expect_untouched("/dev/kt-d0", DEST);
	close(caller);
}
