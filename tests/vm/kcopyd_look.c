// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs that are looked at: progress, regions, extents, handles. */
#include "kcopyd_jobs.h"

TestSuite(kcopyd_look, RIG_SUITE);

enum { MIBS = 4, SECTORS = MIBS * 2048, CHUNK = 64, DEPTH = 4, PAGES = 256 };

#define BYTES (SECTORS * SECTOR)
#define WRITES (1U << KCOPYD_TEST_WRITE)

static void disks(int caller, unsigned int nr_dests)
{
	kjob_disks(caller, nr_dests,
		   (struct test_disk_options){ .mib = MIBS,
					       .no_merges = true });
}

static struct kjob start(int caller, uint32_t client, unsigned int nr_dests,
			 struct kcopyd_test_submit args)
{
	struct kcopyd_test_region regions[4];

	kjob_regions(regions, nr_dests, MIBS);
	args.client = client;
	args.chunk = CHUNK;
	args.limits.depth = DEPTH;
	return kjob_start(caller, args, regions, nr_dests);
}

/* ---- numbers ------------------------------------------------------------- */

RIG_TEST(kcopyd_look, a_running_job_says_what_it_does)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_progress progress;
	struct kjob job;

	disks(caller, 2);
	test_disk_hold(caller, "d1", WRITES);
	job = start(caller, client, 2,
		    (struct kcopyd_test_submit){ .on_slow = KCOPYD_SLOW_WAIT });
	test_disk_wait_held(caller, "d1", DEPTH);
	rig_wait_for(kjob_bytes(job, 1) == DEPTH * CHUNK * SECTOR, 30,
		     "the other destination is written");
	progress = kjob_progress(job);
	cr_assert_eq(progress.state, KCOPYD_STATE_RUNNING);
	cr_assert_eq(progress.read_err, 0);
	cr_assert_eq(progress.write_err, 0);
	cr_assert_eq(progress.live, 0x3);
	cr_assert_eq(progress.uncoupled, 0);
	cr_assert_eq(progress.limits.rate, 0);
	cr_assert_eq(progress.limits.percent, 100);
	cr_assert_eq(progress.limits.depth, DEPTH);
	cr_assert_eq(kjob_bytes(job, 0), DEPTH * CHUNK * SECTOR);
	cr_assert_eq(kjob_bytes(job, 2), 0);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(job);
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
	cr_assert_eq(kjob_progress(job).live, 0x3);
	for (unsigned int i = 0; i < 3; i++) {
		struct kcopyd_test_job_region region = kjob_region(job, i);

		cr_assert_eq(region.ret, 0);
		cr_assert_eq(region.bytes, BYTES);
		cr_assert_eq(region.settled, BYTES);
		cr_assert_eq(region.errors, 0);
		cr_assert_eq(region.error, 0);
		cr_assert_eq(region.nr_extents, 0);
		cr_assert_eq(region.coarse, 0);
	}
	close(caller);
}

static void expect_no_such_regions(struct kjob job, unsigned int nr_regions)
{
	const unsigned int wrong[] = { nr_regions, nr_regions + 1, 65, 1U << 31,
				       ~0U };

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		cr_assert_eq(kjob_region(job, wrong[i]).ret, -EINVAL, "%u",
			     wrong[i]);
		cr_assert_eq(kjob_extent(job, wrong[i], 0).ret, -ENOENT, "%u",
			     wrong[i]);
	}
	for (unsigned int i = 0; i < nr_regions; i++) {
		cr_assert_eq(kjob_region(job, i).ret, 0);
		cr_assert_eq(kjob_extent(job, i, 0).ret, -ENOENT);
		cr_assert_eq(kjob_extent(job, i, ~0U).ret, -ENOENT);
	}
}

RIG_TEST(kcopyd_look, there_is_no_other_region_and_no_other_extent)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 2);
	test_disk_hold(caller, "d0", WRITES);
	job = start(caller, client, 2, (struct kcopyd_test_submit){});
	test_disk_wait_held(caller, "d0", DEPTH);
	expect_no_such_regions(job, 3);
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(job);
	expect_no_such_regions(job, 3);
	close(caller);
}

RIG_TEST(kcopyd_look, located_errors_are_seen_while_the_job_runs)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_job_region region;
	struct kcopyd_test_extent extent;
	struct kjob job;

	disks(caller, 1);
	test_disk_bad(caller, "d0", WRITES, CHUNK, 1);
	test_disk_hold_range(caller, "d0", WRITES, 2 * CHUNK, 0);
	job = start(caller, client, 1,
		    (struct kcopyd_test_submit){ .flags = KCOPYD_KEEP_FAILED });
	test_disk_wait_held(caller, "d0", DEPTH);
	region = kjob_region(job, 1);
	cr_assert_eq(region.bytes, CHUNK * SECTOR);
	cr_assert_eq(region.settled, 2 * CHUNK * SECTOR);
	cr_assert_eq(region.errors, 1);
	cr_assert_eq(region.error, -EIO);
	cr_assert_eq(region.nr_extents, 1);
	extent = kjob_extent(job, 1, 0);
	cr_assert_eq(extent.ret, 0);
	cr_assert_eq(extent.error.first, CHUNK);
	cr_assert_eq(extent.error.count, CHUNK);
	cr_assert_eq(extent.error.region, 1);
	cr_assert_eq(extent.error.kind, KCOPYD_EXTENT_BAD);
	cr_assert_eq(extent.error.error, -EIO);
	cr_assert_eq(kjob_extent(job, 1, 1).ret, -ENOENT);
	cr_assert_eq(kjob_progress(job).write_err, 1);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(kjob_wait(job).code, -EIO);
	close(caller);
}

/* ---- settled ------------------------------------------------------------- */

/* Up to there, it is on the destination; nothing is in an extent. */
static uint64_t expect_settled_is_true(struct kjob job, unsigned int dest,
				       uint64_t before)
{
	uint64_t settled = kjob_region(job, 1 + dest).settled;
	const char *path = kjob_path(dest);

	cr_assert_geq(settled, before, "settled went back to %lu", settled);
	cr_assert_leq(settled, BYTES);
	cr_assert_eq(data_matches(path, 0, settled, KJOB_SOURCE, 0), settled,
		     "%s: %lu bytes are called settled, but are not there",
		     path, settled);
	return settled;
}

static void release_up_to(int caller, const char *name, unsigned int nr,
			  bool newest_first)
{
	unsigned int held = test_disk_stats(caller, name).held;

	test_disk_release_some(caller, name, held < nr ? held : nr,
			       newest_first, 0);
}

/* The newest first, so that what is done is not what comes first. */
RIG_TEST(kcopyd_look, settled_is_what_is_on_the_destination_and_only_grows)
{
	static const char *const names[] = { "d0", "d1" };
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	uint64_t settled[2] = {};
	struct kjob job;

	disks(caller, 2);
	test_disk_hold(caller, "d0", WRITES);
	test_disk_hold(caller, "d1", WRITES);
	job = start(caller, client, 2,
		    (struct kcopyd_test_submit){ .on_slow = KCOPYD_SLOW_WAIT });
	for (unsigned int i = 0; settled[0] < BYTES / 2; i++) {
		cr_assert_lt(i, 1000);
		release_up_to(caller, names[i & 1], 1 + i % DEPTH, i % 5);
		settled[0] = expect_settled_is_true(job, 0, settled[0]);
		settled[1] = expect_settled_is_true(job, 1, settled[1]);
		rig_sleep_ms(2);
	}
	test_disk_release(caller, "d0", 0);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(job);
	cr_assert_eq(expect_settled_is_true(job, 0, settled[0]), BYTES);
	cr_assert_eq(expect_settled_is_true(job, 1, settled[1]), BYTES);
	close(caller);
}

/* Its first chunk is in flight for long, while it already goes its own way. */
RIG_TEST(kcopyd_look, settled_is_true_of_a_destination_that_was_uncoupled)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_limits slow = { .rate = MIB, .depth = DEPTH };
	struct kcopyd_test_region regions[3];
	uint64_t settled = 0;
	struct kjob job;

	disks(caller, 2);
	test_disk_hold_range(caller, "d1", WRITES, 0, 1);
	kjob_regions(regions, 2, MIBS);
	job = kjob_start(caller,
			 (struct kcopyd_test_submit){ .client = client,
						      .limits = slow },
			 regions, 2);
	rig_wait_for(kjob_progress(job).uncoupled == 2, 30, "it is uncoupled");
	cr_assert_eq(kjob_limit(job, (struct kcopyd_test_limits){}), 0);
	/* The first destination is complete; the other but for what is held. */
	rig_wait_for(kjob_bytes(job, 1) == BYTES, 60, "the first is copied");
	rig_sleep_ms(500);
	cr_assert_eq(test_disk_stats(caller, "d1").held, 1);
	settled = expect_settled_is_true(job, 1, settled);
	cr_assert_eq(settled, 0, "%lu settled", settled);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(job);
	cr_assert_eq(expect_settled_is_true(job, 1, settled), BYTES);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(caller);
}

/* ---- handles ------------------------------------------------------------- */

/* All that can be asked of a job, and what it said at its end. */
static void use_handle(struct kjob job, unsigned int nr_extents)
{
	struct kcopyd_test_limits limits = { .rate = 1, .percent = 1 };
	struct kcopyd_test_extent extent;

	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
	cr_assert_eq(kjob_region(job, 0).ret, 0);
	cr_assert_eq(kjob_region(job, 1).nr_extents, nr_extents);
	for (unsigned int i = 0; i < nr_extents; i++) {
		extent = kjob_extent(job, 1, i);
		cr_assert_eq(extent.ret, 0);
		cr_assert_eq(extent.error.kind, KCOPYD_EXTENT_UNTRIED);
	}
	cr_assert_eq(kjob_extent(job, 1, nr_extents).ret, -ENOENT);
	kjob_pause(job);
	kjob_resume(job);
	cr_assert_eq(kjob_limit(job, limits), 0);
	cr_assert_eq(kjob_cancel(job, 0), 0);
	cr_assert_eq(kjob_cancel(job, 1000), 0);
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
	cr_assert_eq(kjob_look(job, 0).callbacks, 1);
}

RIG_TEST(kcopyd_look, a_handle_is_good_after_its_client_was_destroyed)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob whole, cancelled;

	disks(caller, 1);
	whole = start(caller, client, 1, (struct kcopyd_test_submit){});
	kjob_wait_ok(whole);
	test_disk_hold(caller, "d0", WRITES);
	cancelled = start(caller, client, 1, (struct kcopyd_test_submit){});
	test_disk_wait_held(caller, "d0", DEPTH);
	cr_assert_eq(kjob_cancel(cancelled, 0), -EINPROGRESS);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(client_destroy(caller, client).missing, 0);
	use_handle(whole, 0);
	use_handle(cancelled, 1);
	/* Another client gets the memory of the first. */
	client = client_create(caller, PAGES);
	use_handle(whole, 0);
	use_handle(cancelled, 1);
	kjob_put(whole);
	kjob_put(cancelled);
	client_destroy(caller, client);
	close(caller);
}

/* Those of jobs with many destinations are made otherwise. */
RIG_TEST(kcopyd_look, a_handle_of_many_destinations_outlives_the_client_too)
{
	struct kcopyd_test_region regions[21];
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	regions[0] = caller_region("/dev/kt-src", 0, 64);
	for (unsigned int i = 0; i < 20; i++)
		regions[1 + i] = caller_region("/dev/kt-d0", i * 64, 64);
	job = kjob_start(caller,
			 (struct kcopyd_test_submit){ .client = client },
			 regions, 20);
	client_destroy(caller, client);
	kjob_wait_ok(job);
	use_handle(job, 0);
	kjob_put(job);
	close(caller);
}

RIG_TEST(kcopyd_look, every_job_has_a_number_of_its_own)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	uint64_t last = 0;

	disks(caller, 1);
	for (unsigned int i = 0; i < 20; i++) {
		struct kjob job =
			start(caller, client, 1, (struct kcopyd_test_submit){});
		uint64_t id = kjob_wait(job).id;

		cr_assert_gt(id, last);
		last = id;
	}
	close(caller);
}
