// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs that are cancelled, paused and resumed while they are somewhere. */
#include "kcopyd_jobs.h"

TestSuite(kcopyd_steer, RIG_SUITE);

enum { MIBS = 4, SECTORS = MIBS * 2048, CHUNK = 64, DEPTH = 2, PAGES = 256 };

#define WRITES (1U << KCOPYD_TEST_WRITE)
#define READS (1U << KCOPYD_TEST_READ)

/* Chunks of CHUNK sectors, a request each, DEPTH of them in flight. */
static struct kcopyd_test_submit small_chunks(uint32_t client)
{
	return (struct kcopyd_test_submit){
		.client = client,
		.chunk = CHUNK,
		.limits.depth = DEPTH,
	};
}

static struct kjob start(int caller, uint32_t client)
{
	struct kcopyd_test_region regions[2];

	kjob_regions(regions, 1, MIBS);
	return kjob_start(caller, small_chunks(client), regions, 1);
}

static void disks(int caller, unsigned int nr_dests)
{
	kjob_disks(caller, nr_dests,
		   (struct test_disk_options){ .mib = MIBS,
					       .no_merges = true });
}

/* Its writes are in flight until they are released. */
static struct kjob start_and_hold(int caller, uint32_t client)
{
	struct kjob job;

	test_disk_hold(caller, "d0", WRITES);
	job = start(caller, client);
	test_disk_wait_held(caller, "d0", DEPTH);
	return job;
}

/* Of a client with one page, it has that page. */
static struct kjob start_on_d1_and_hold(int caller, uint32_t client)
{
	struct kcopyd_test_region regions[2];
	struct kjob job;

	test_disk_hold(caller, "d1", WRITES);
	kjob_regions(regions, 1, MIBS);
	regions[1] = caller_region("/dev/kt-d1", 0, SECTORS);
	job = kjob_start(caller, small_chunks(client), regions, 1);
	test_disk_wait_held(caller, "d1", 1);
	return job;
}

/* So slow that it waits for a minute after its first sectors. */
static struct kjob start_and_crawl(int caller, uint32_t client)
{
	struct kcopyd_test_submit args = { .client = client, .limits.rate = 8 };
	struct kcopyd_test_region regions[2];
	struct kjob job;

	kjob_regions(regions, 1, MIBS);
	job = kjob_start(caller, args, regions, 1);
	rig_wait_for(kjob_bytes(job, 1), 30, "the first sectors");
	return job;
}

static void expect_cancelled(struct kjob job)
{
	struct kcopyd_test_result result = kjob_wait(job);

	cr_assert_eq(result.code, -ECANCELED, "code %d", result.code);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0);
	cr_assert_eq(result.complete, 0);
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
}

/* Without waiting for anything but the worker. */
static void expect_cancelled_at_once(struct kjob job)
{
	uint64_t begin = rig_now_ms(), took;

	cr_assert_eq(kjob_cancel(job, 60000), 0);
	took = rig_now_ms() - begin;
	cr_assert_lt(took, rig_scaled(2000, 10000), "it took %lu ms", took);
	expect_cancelled(job);
}

/* ---- cancel -------------------------------------------------------------- */

RIG_TEST(kcopyd_steer, cancel_returns_0_only_with_no_write_in_flight)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	uint64_t begin;
	struct kjob job;

	disks(caller, 1);
	job = start_and_hold(caller, client);
	cr_assert_eq(kjob_cancel(job, 0), -EINPROGRESS);
	begin = rig_now_ms();
	cr_assert_eq(kjob_cancel(job, 300), -EINPROGRESS);
	cr_assert_geq(rig_now_ms() - begin, 290, "it did not wait");
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_STOPPING);
	cr_assert_not(kjob_has_ended(job));
	test_disk_release_some(caller, "d0", 1, false, 0);
	cr_assert_eq(kjob_cancel(job, 300), -EINPROGRESS);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	expect_cancelled(job);
	/* What was in flight is copied, and nothing else. */
	cr_assert_eq(kjob_expect_cancelled(job, 0, SECTORS),
		     SECTORS - DEPTH * CHUNK);
	close(caller);
}

RIG_TEST(kcopyd_steer, cancel_returns_0_only_with_no_read_in_flight)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	test_disk_hold(caller, "src", READS);
	job = start(caller, client);
	test_disk_wait_held(caller, "src", DEPTH);
	cr_assert_eq(kjob_cancel(job, 100), -EINPROGRESS);
	cr_assert_not(kjob_has_ended(job));
	test_disk_release(caller, "src", 0);
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	expect_cancelled(job);
	cr_assert_eq(kjob_expect_cancelled(job, 0, SECTORS), SECTORS);
	cr_assert_eq(
		test_disk_stats(caller, "d0").ops[KCOPYD_TEST_WRITE].requests,
		0);
	close(caller);
}

/* Also while nobody waits: the one who asks later hears of it. */
RIG_TEST(kcopyd_steer, cancel_returns_0_when_the_last_request_has_failed)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_result result;
	struct kjob job;

	disks(caller, 1);
	job = start_and_hold(caller, client);
	cr_assert_eq(kjob_cancel(job, 0), -EINPROGRESS);
	test_disk_release(caller, "d0", EIO);
	result = kjob_wait(job);
	cr_assert_eq(kjob_cancel(job, 0), 0);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 1);
	data_expect_untouched("/dev/kt-d0", KJOB_DEST);
	close(caller);
}

/* With a page for two jobs, the second has to wait for it. */
RIG_TEST(kcopyd_steer, a_queued_job_is_cancelled_at_once)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 1);
	struct kjob first, queued;

	disks(caller, 2);
	first = start_on_d1_and_hold(caller, client);
	queued = start(caller, client);
	rig_sleep_ms(100);
	cr_assert_eq(kjob_progress(queued).state, KCOPYD_STATE_QUEUED);
	expect_cancelled_at_once(queued);
	cr_assert_eq(kjob_expect_cancelled(queued, 0, SECTORS), SECTORS);
	cr_assert_not(kjob_has_ended(first));
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(first);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(caller);
}

RIG_TEST(kcopyd_steer, a_paused_job_is_cancelled_at_once)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	job = start_and_hold(caller, client);
	kjob_pause(job);
	test_disk_release(caller, "d0", 0);
	kjob_wait_state(job, KCOPYD_STATE_PAUSED);
	expect_cancelled_at_once(job);
	cr_assert_eq(kjob_expect_cancelled(job, 0, SECTORS),
		     SECTORS - DEPTH * CHUNK);
	close(caller);
}

RIG_TEST(kcopyd_steer, a_job_that_waits_for_its_rate_is_cancelled_at_once)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	job = start_and_crawl(caller, client);
	expect_cancelled_at_once(job);
	cr_assert_lt(kjob_expect_cancelled(job, 0, SECTORS), SECTORS);
	close(caller);
}

/* Wherever it is when it is cancelled: every sector is accounted for. */
RIG_TEST(kcopyd_steer, what_a_cancel_left_out_is_in_the_extents)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	unsigned int rounds = rig_scaled(20, 6), cancelled = 0;
	struct kcopyd_test_region regions[4];

	disks(caller, 3);
	kjob_regions(regions, 3, MIBS);
	for (unsigned int i = 0; i < rounds; i++) {
		struct kjob job =
			kjob_start(caller, small_chunks(client), regions, 3);
		uint64_t until = i * SECTORS * SECTOR / rounds;

		while (kjob_bytes(job, 1) < until && !kjob_has_ended(job))
			;
		cr_assert_eq(kjob_cancel(job, 60000), 0);
		cancelled += kjob_wait(job).code == -ECANCELED;
		for (unsigned int d = 0; d < 3; d++) {
			kjob_expect_cancelled(job, d, SECTORS);
			data_fill(kjob_path(d), KJOB_DEST + d);
		}
	}
	cr_assert_gt(cancelled, rounds / 2, "%u were cancelled", cancelled);
	close(caller);
}

RIG_TEST(kcopyd_steer, a_cancel_after_the_end_changes_nothing)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_job_region region;
	struct kjob job;

	disks(caller, 1);
	job = start(caller, client);
	kjob_wait_ok(job);
	cr_assert_eq(kjob_cancel(job, 0), 0);
	cr_assert_eq(kjob_cancel(job, 1000), 0);
	rig_sleep_ms(100);
	kjob_wait_ok(job);
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
	region = kjob_region(job, 1);
	cr_assert_eq(region.bytes, SECTORS * SECTOR);
	cr_assert_eq(region.nr_extents, 0);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_steer, a_cancel_leaves_the_clients_other_jobs_alone)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_region regions[2];
	struct kjob job, other;

	disks(caller, 2);
	job = start_and_hold(caller, client);
	kjob_regions(regions, 1, MIBS);
	regions[1] = caller_region("/dev/kt-d1", 0, SECTORS);
	test_disk_hold(caller, "d1", WRITES);
	other = kjob_start(caller, small_chunks(client), regions, 1);
	cr_assert_eq(kjob_cancel(job, 0), -EINPROGRESS);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(other);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	test_disk_release(caller, "d0", 0);
	expect_cancelled(job);
	close(caller);
}

/* ---- pause --------------------------------------------------------------- */

static uint64_t requests(int caller, const char *name)
{
	struct kcopyd_test_disk_stats stats = test_disk_stats(caller, name);

	return stats.ops[KCOPYD_TEST_READ].requests +
	       stats.ops[KCOPYD_TEST_WRITE].requests;
}

/* For a while, neither the job nor the disks do anything. */
static void expect_still(struct kjob job)
{
	uint64_t bytes = kjob_bytes(job, 1);
	uint64_t read = requests(job.caller, "src");
	uint64_t written = requests(job.caller, "d0");

	for (unsigned int i = 0; i < 10; i++) {
		rig_sleep_ms(50);
		cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_PAUSED);
		cr_assert_eq(kjob_bytes(job, 1), bytes);
		cr_assert_eq(requests(job.caller, "src"), read);
		cr_assert_eq(requests(job.caller, "d0"), written);
	}
}

RIG_TEST(kcopyd_steer, a_paused_job_starts_no_more_io_until_it_is_resumed)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	job = start_and_hold(caller, client);
	kjob_pause(job);
	rig_sleep_ms(100);
	cr_assert_neq(kjob_progress(job).state, KCOPYD_STATE_PAUSED,
		      "it is called paused with I/O in flight");
	test_disk_release(caller, "d0", 0);
	kjob_wait_state(job, KCOPYD_STATE_PAUSED);
	cr_assert_eq(kjob_bytes(job, 1), DEPTH * CHUNK * SECTOR);
	expect_still(job);
	kjob_resume(job);
	kjob_wait_ok(job);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_steer, pausing_twice_is_pausing_once)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	job = start_and_hold(caller, client);
	kjob_pause(job);
	kjob_pause(job);
	test_disk_release(caller, "d0", 0);
	kjob_wait_state(job, KCOPYD_STATE_PAUSED);
	kjob_pause(job);
	expect_still(job);
	kjob_resume(job);
	kjob_wait_ok(job);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_steer, a_resume_without_a_pause_changes_nothing)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	job = start_and_hold(caller, client);
	kjob_resume(job);
	kjob_resume(job);
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(job);
	kjob_resume(job);
	kjob_pause(job);
	cr_assert_eq(kjob_progress(job).state, KCOPYD_STATE_DONE);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* It has no memory yet, and is paused before it can get any. */
RIG_TEST(kcopyd_steer, a_job_can_be_paused_before_it_starts)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 1);
	struct kjob first, queued;

	disks(caller, 2);
	first = start_on_d1_and_hold(caller, client);
	queued = start(caller, client);
	kjob_pause(queued);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(first);
	kjob_wait_state(queued, KCOPYD_STATE_PAUSED);
	cr_assert_eq(kjob_bytes(queued, 0), 0);
	expect_still(queued);
	kjob_resume(queued);
	kjob_wait_ok(queued);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_steer, a_job_is_paused_with_its_last_chunks_in_flight)
{
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	test_disk_hold(caller, "d0", WRITES);
	regions[0] = caller_region("/dev/kt-src", 0, DEPTH * CHUNK);
	regions[1] = caller_region("/dev/kt-d0", 0, DEPTH * CHUNK);
	job = kjob_start(caller, small_chunks(client), regions, 1);
	test_disk_wait_held(caller, "d0", DEPTH);
	kjob_pause(job);
	test_disk_release(caller, "d0", 0);
	kjob_wait_state(job, KCOPYD_STATE_PAUSED);
	expect_still(job);
	cr_assert_not(kjob_has_ended(job));
	kjob_resume(job);
	kjob_wait_ok(job);
	close(caller);
}

/* What it waits for, a pause or time, is what the state says. */
RIG_TEST(kcopyd_steer, a_resumed_job_is_not_called_paused_while_it_is_paced)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kjob job;

	disks(caller, 1);
	job = start_and_crawl(caller, client);
	kjob_pause(job);
	kjob_wait_state(job, KCOPYD_STATE_PAUSED);
	expect_still(job);
	kjob_resume(job);
	rig_wait_for(kjob_progress(job).state == KCOPYD_STATE_RUNNING, 5,
		     "it is running again");
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	close(caller);
}

/* Not even of the reserve, where it is one page. */
RIG_TEST(kcopyd_steer, a_paused_job_holds_up_no_other_of_its_client)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 1);
	struct kcopyd_test_region regions[2];
	struct kjob paused, other;

	disks(caller, 2);
	test_disk_hold(caller, "d0", WRITES);
	paused = start(caller, client);
	test_disk_wait_held(caller, "d0", 1);
	kjob_pause(paused);
	test_disk_release(caller, "d0", 0);
	kjob_wait_state(paused, KCOPYD_STATE_PAUSED);
	kjob_regions(regions, 1, MIBS);
	regions[1] = caller_region("/dev/kt-d1", 0, SECTORS);
	other = kjob_start(caller, small_chunks(client), regions, 1);
	kjob_wait_ok(other);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	expect_still(paused);
	kjob_resume(paused);
	kjob_wait_ok(paused);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* Slow enough for many pauses, which come wherever it is. */
RIG_TEST(kcopyd_steer, a_job_that_is_paused_again_and_again_is_whole)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.chunk = 16,
		.limits.rate = 8 * MIB,
	};
	struct kcopyd_test_region regions[2];
	unsigned int pauses = 0;
	struct kjob job;

	disks(caller, 1);
	kjob_regions(regions, 1, MIBS);
	job = kjob_start(caller, args, regions, 1);
	while (!kjob_has_ended(job)) {
		kjob_pause(job);
		if (pauses % 4 == 1)
			rig_sleep_ms(1);
		kjob_resume(job);
		if (pauses % 4 == 2)
			rig_sleep_ms(1);
		pauses++;
	}
	kjob_wait_ok(job);
	cr_assert_gt(pauses, 20, "%u pauses", pauses);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}
