// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast a job may be: rate, share of time, depth. */
#include <time.h>

#include "kcopyd_jobs.h"

TestSuite(kcopyd_pace, RIG_SUITE);

enum {
	MIBS = 4,
	SECTORS = MIBS * 2048,
	PAGES = 512,
	SAMPLES = 2000,
	TRIES = 12
};

#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)
#define SECOND_NS 1000000000ULL

/* ---- measuring ----------------------------------------------------------- */

struct sample {
	uint64_t ns;
	uint64_t bytes;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* When the bytes were counted is known to a millisecond, or it is no sample. */
static struct sample sample_region(struct kjob job, unsigned int region)
{
	for (;;) {
		struct sample sample = { .ns = now_ns() };

		sample.bytes = kjob_bytes(job, region);
		if (now_ns() - sample.ns < SECOND_NS / 1000)
			return sample;
	}
}

static unsigned int sample_for(struct kjob job, unsigned int region,
			       unsigned int ms, struct sample *samples)
{
	uint64_t end = rig_now_ms() + ms;
	unsigned int nr = 0;

	while (rig_now_ms() < end) {
		cr_assert_lt(nr, SAMPLES);
		samples[nr++] = sample_region(job, region);
		rig_sleep_ms(5);
	}
	return nr;
}

/* Of any second in the samples: the slowest and the fastest, bytes a second. */
static void extremes(const struct sample *samples, unsigned int nr,
		     uint64_t *slowest, uint64_t *fastest)
{
	*slowest = UINT64_MAX;
	*fastest = 0;
	for (unsigned int i = 0, j = 0; i < nr; i++) {
		uint64_t rate;

		while (j < nr && samples[j].ns - samples[i].ns < SECOND_NS)
			j++;
		if (j == nr)
			break;
		rate = (samples[j].bytes - samples[i].bytes) * SECOND_NS /
		       (samples[j].ns - samples[i].ns);
		*slowest = rate < *slowest ? rate : *slowest;
		*fastest = rate > *fastest ? rate : *fastest;
	}
}

/*
 * Within 5 % in any second. Too fast is never excused; too slow may be the
 * machine's fault, but not again and again.
 */
static void expect_rate(struct kjob job, unsigned int region, uint64_t rate)
{
	static struct sample samples[SAMPLES];
	uint64_t slowest, fastest;

	for (unsigned int try = 0; try < TRIES; try++) {
		unsigned int nr = sample_for(job, region, 1300, samples);

		extremes(samples, nr, &slowest, &fastest);
		cr_log_info("%lu KiB/s: from %lu to %lu KiB/s\n", rate >> 10,
			    slowest >> 10, fastest >> 10);
		cr_assert_leq(fastest, rate * 21 / 20, "%lu bytes in a second",
			      fastest);
		cr_assert_not(kjob_has_ended(job), "nothing is left to copy");
		/* Without a whole second in the samples, it says nothing. */
		if (fastest && slowest >= rate * 19 / 20)
			return;
	}
	cr_assert_fail("%lu bytes in a second instead of %lu", slowest, rate);
}

static void null_devices(unsigned int mib, unsigned int nr_dests,
			 struct null_options options)
{
	options.mib = mib;
	null_create("src", options);
	data_fill_range("/dev/kt-src", 0, MIBS * MIB, KJOB_SOURCE, 0);
	for (unsigned int i = 0; i < nr_dests; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%u", i);
		null_create(name, options);
	}
}

static struct kjob start(int caller, struct kcopyd_test_submit args,
			 unsigned int nr_dests, unsigned int mib)
{
	struct kcopyd_test_region regions[4];

	kjob_regions(regions, nr_dests, mib);
	return kjob_start(caller, args, regions, nr_dests);
}

/* ---- rate ---------------------------------------------------------------- */

static void expect_any_second(uint64_t rate, unsigned int mib,
			      struct kcopyd_test_submit args,
			      unsigned int nr_dests)
{
	int caller = caller_open();
	struct kjob job;

	null_devices(mib, nr_dests, (struct null_options){});
	args.client = client_create(caller, PAGES);
	args.limits.rate = rate;
	job = start(caller, args, nr_dests, mib);
	rig_wait_for(kjob_bytes(job, 1), 30, "it has started");
	for (unsigned int i = 1; i <= nr_dests; i++)
		expect_rate(job, i, rate);
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	close(caller);
}

RIG_TEST(kcopyd_pace, one_mib_a_second_is_that_in_any_second)
{
	expect_any_second(MIB, 20, (struct kcopyd_test_submit){}, 1);
}

RIG_TEST(kcopyd_pace, eight_mib_a_second_are_that_in_any_second)
{
	expect_any_second(8 * MIB, 192, (struct kcopyd_test_submit){}, 1);
}

RIG_TEST(kcopyd_pace, an_odd_rate_is_that_in_any_second)
{
	expect_any_second(777777, 20, (struct kcopyd_test_submit){}, 1);
}

/* Many of them in each tick of the clock. */
RIG_TEST(kcopyd_pace, small_chunks_have_the_same_rate)
{
	expect_any_second(MIB, 20, (struct kcopyd_test_submit){ .chunk = 8 },
			  1);
}

RIG_TEST(kcopyd_pace, every_destination_has_the_rate)
{
	expect_any_second(MIB, 40, (struct kcopyd_test_submit){}, 2);
}

RIG_TEST(kcopyd_pace, zeroing_has_a_rate_too)
{
	expect_any_second(
		MIB, 8,
		(struct kcopyd_test_submit){ .null = KCOPYD_TEST_NULL_REGIONS },
		1);
}

static void expect_slices(uint64_t rate)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = { .limits.rate = rate };
	struct kcopyd_test_disk_stats stats;
	struct kjob job;

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = MIBS });
	args.client = client_create(caller, PAGES);
	job = start(caller, args, 1, MIBS);
	rig_wait_for(kjob_bytes(job, 1) >= MIB, 60, "a part of it");
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	stats = test_disk_stats(caller, "src");
	cr_assert_leq(stats.ops[KCOPYD_TEST_READ].most_sectors,
		      rate / SECTOR / 32);
	stats = test_disk_stats(caller, "d0");
	cr_assert_leq(stats.ops[KCOPYD_TEST_WRITE].most_sectors,
		      rate / SECTOR / 32);
	close(caller);
}

RIG_TEST(kcopyd_pace, no_request_takes_more_than_a_32nd_of_a_second)
{
	expect_slices(MIB);
}

RIG_TEST(kcopyd_pace, no_request_of_a_fast_job_does_either)
{
	expect_slices(4 * MIB);
}

RIG_TEST(kcopyd_pace, the_rate_can_be_changed_while_the_job_runs)
{
	static const uint64_t rates[] = { MIB, 8 * MIB, 2 * MIB };
	int caller = caller_open();
	struct kcopyd_test_submit args = { .limits.rate = 4 * MIB };
	struct kjob job;

	null_devices(240, 1, (struct null_options){});
	args.client = client_create(caller, PAGES);
	job = start(caller, args, 1, 240);
	for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
		struct kcopyd_test_limits limits = { .rate = rates[i] };

		cr_assert_eq(kjob_limit(job, limits), 0);
		cr_assert_eq(kjob_progress(job).limits.rate, rates[i]);
		/* What was started under the old one ends. */
		rig_sleep_ms(100);
		expect_rate(job, 1, rates[i]);
	}
	cr_assert_eq(kjob_limit(job, (struct kcopyd_test_limits){}), 0);
	kjob_wait_ok(job);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* A sector at 8 bytes a second takes a minute, which nobody has to wait for. */
RIG_TEST(kcopyd_pace, a_job_that_waits_gets_its_new_rate_at_once)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = { .limits.rate = 8 };
	struct kcopyd_test_limits limits = { .rate = 2 * MIB };
	uint64_t begin, took;
	struct kjob job;

	null_devices(MIBS, 1, (struct null_options){});
	args.client = client_create(caller, PAGES);
	job = start(caller, args, 1, MIBS);
	rig_wait_for(kjob_bytes(job, 1), 30, "the first sector");
	rig_sleep_ms(100);
	begin = rig_now_ms();
	cr_assert_eq(kjob_limit(job, limits), 0);
	kjob_wait_ok(job);
	took = rig_now_ms() - begin;
	cr_assert_geq(took, 1700, "%lu ms", took);
	cr_assert_leq(took, rig_scaled(4000, 10000), "%lu ms", took);
	close(caller);
}

/* Nothing is saved up: a pause is no licence to hurry afterwards. */
RIG_TEST(kcopyd_pace, a_resumed_job_does_not_make_up_for_its_pause)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = { .limits.rate = MIB };
	struct kjob job;

	null_devices(24, 1, (struct null_options){});
	args.client = client_create(caller, PAGES);
	job = start(caller, args, 1, 24);
	rig_wait_for(kjob_bytes(job, 1), 30, "it has started");
	kjob_pause(job);
	kjob_wait_state(job, KCOPYD_STATE_PAUSED);
	rig_sleep_ms(2000);
	kjob_resume(job);
	rig_wait_for(kjob_progress(job).state == KCOPYD_STATE_RUNNING, 30,
		     "it goes on");
	expect_rate(job, 1, MIB);
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	close(caller);
}

RIG_TEST(kcopyd_pace, a_paced_job_holds_up_no_other_of_its_client)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 16);
	struct kcopyd_test_submit args = { .client = client,
					   .limits.rate = 64 * KIB };
	struct kcopyd_test_region regions[2];
	uint64_t begin = rig_now_ms(), took;
	struct kjob paced;

	null_devices(MIBS, 2, (struct null_options){});
	paced = start(caller, args, 1, MIBS);
	rig_wait_for(kjob_bytes(paced, 1), 30, "the paced one has started");
	regions[0] = caller_region("/dev/kt-src", 0, SECTORS);
	regions[1] = caller_region("/dev/kt-d1", 0, SECTORS);
	args.limits.rate = 0;
	begin = rig_now_ms();
	for (unsigned int i = 0; i < 5; i++)
		kjob_wait_ok(kjob_start(caller, args, regions, 1));
	took = rig_now_ms() - begin;
	cr_assert_lt(took, rig_scaled(5000, 30000), "%lu ms", took);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	cr_assert_not(kjob_has_ended(paced));
	cr_assert_eq(kjob_cancel(paced, 60000), 0);
	close(caller);
}

RIG_TEST(kcopyd_pace, two_jobs_of_a_client_have_their_own_rates)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_submit args = { .client = client,
					   .limits.rate = MIB };
	struct kcopyd_test_region regions[2];
	struct kjob slow, fast;

	null_devices(96, 2, (struct null_options){});
	slow = start(caller, args, 1, 96);
	regions[0] = caller_region("/dev/kt-src", 0, 96 * MIB / SECTOR);
	regions[1] = caller_region("/dev/kt-d1", 0, 96 * MIB / SECTOR);
	args.limits.rate = 3 * MIB;
	fast = kjob_start(caller, args, regions, 1);
	rig_wait_for(kjob_bytes(slow, 1) && kjob_bytes(fast, 1), 30,
		     "both have started");
	expect_rate(slow, 1, MIB);
	expect_rate(fast, 1, 3 * MIB);
	cr_assert_eq(kjob_cancel(slow, 60000), 0);
	cr_assert_eq(kjob_cancel(fast, 60000), 0);
	close(caller);
}

/* ---- share of time ------------------------------------------------------- */

static uint64_t time_of(int caller, uint32_t client, unsigned int percent)
{
	struct kcopyd_test_submit args = {
		.client = client,
		.chunk = 64,
		.limits = { .percent = percent, .depth = 1 },
	};
	uint64_t begin = rig_now_ms();

	kjob_wait_ok(start(caller, args, 1, MIBS));
	return rig_now_ms() - begin;
}

/*
 * Requests take time of their own, so that the processor's does not matter. As
 * with rates, too much is never excused (@least: the job has I/O in flight for
 * no less than that), and too little not again and again.
 */
static void expect_percent(int caller, uint32_t client, unsigned int percent,
			   uint64_t *least)
{
	uint64_t alone, took, share;

	for (unsigned int try = 0; try < TRIES; try++) {
		alone = time_of(caller, client, 100);
		took = time_of(caller, client, percent);
		share = alone * 100 / took;
		cr_log_info("%u %%: %lu ms instead of %lu ms\n", percent, took,
			    alone);
		*least = alone < *least ? alone : *least;
		cr_assert_geq(took, *least * 100 * 10 / (percent * 12),
			      "%lu ms instead of %lu ms", took, *least);
		if (share >= percent * 8 / 10)
			return;
	}
	cr_assert_fail("%lu %% instead of %u %%", share, percent);
}

RIG_TEST(kcopyd_pace, percent_is_the_share_of_time_with_io_in_flight)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	uint64_t least = UINT64_MAX;

	null_devices(MIBS, 1, (struct null_options){ .latency_us = 4000 });
	expect_percent(caller, client, 50, &least);
	expect_percent(caller, client, 20, &least);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* ---- depth --------------------------------------------------------------- */

static void disks(int caller)
{
	kjob_disks(caller, 1,
		   (struct test_disk_options){ .mib = MIBS,
					       .no_merges = true });
}

/* In flight are reads or writes; none of either is left out. */
RIG_TEST(kcopyd_pace, never_more_chunks_than_the_depth_are_in_flight)
{
	static const unsigned int depths[] = { 1, 3, KCOPYD_MAX_DEPTH };
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES * 4);

	disks(caller);
	for (unsigned int i = 0; i < ARRAY_SIZE(depths); i++) {
		struct kcopyd_test_submit args = {
			.client = client,
			.chunk = 16,
			.limits.depth = depths[i],
		};
		struct kjob job;

		test_disk_reset(caller, "src", 0);
		test_disk_reset(caller, "d0", 0);
		test_disk_hold(caller, "src", READS);
		job = start(caller, args, 1, MIBS);
		test_disk_wait_held(caller, "src", depths[i]);
		rig_sleep_ms(100);
		cr_assert_eq(test_disk_stats(caller, "src").held, depths[i]);
		test_disk_hold(caller, "d0", WRITES);
		test_disk_release(caller, "src", 0);
		test_disk_wait_held(caller, "d0", depths[i]);
		rig_sleep_ms(100);
		cr_assert_eq(test_disk_stats(caller, "d0").held, depths[i]);
		cr_assert_eq(test_disk_stats(caller, "src").in_flight, 0);
		test_disk_release(caller, "d0", 0);
		kjob_wait_ok(job);
		cr_assert_leq(test_disk_stats(caller, "src").most_in_flight,
			      depths[i]);
		cr_assert_leq(test_disk_stats(caller, "d0").most_in_flight,
			      depths[i]);
	}
	close(caller);
}

RIG_TEST(kcopyd_pace, the_depth_can_be_changed_while_the_job_runs)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = { .chunk = 16, .limits.depth = 8 };
	struct kcopyd_test_limits limits = { .depth = 2 };
	struct kjob job;

	disks(caller);
	args.client = client_create(caller, PAGES);
	test_disk_hold(caller, "d0", WRITES);
	job = start(caller, args, 1, MIBS);
	test_disk_wait_held(caller, "d0", 8);
	cr_assert_eq(kjob_limit(job, limits), 0);
	test_disk_release_some(caller, "d0", 6, false, 0);
	test_disk_wait_held(caller, "d0", 2);
	rig_sleep_ms(100);
	cr_assert_eq(test_disk_stats(caller, "d0").held, 2);
	test_disk_release_some(caller, "d0", 1, false, 0);
	test_disk_wait_held(caller, "d0", 2);
	/* At the latest when the next one completes. */
	limits.depth = 12;
	cr_assert_eq(kjob_limit(job, limits), 0);
	test_disk_release_some(caller, "d0", 1, false, 0);
	test_disk_wait_held(caller, "d0", 12);
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(job);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* ---- nonsense ------------------------------------------------------------ */

RIG_TEST(kcopyd_pace, limits_that_make_no_sense_are_refused)
{
	static const struct kcopyd_test_limits wrong[] = {
		{ .percent = 101 },
		{ .percent = ~0U },
		{ .depth = KCOPYD_MAX_DEPTH + 1 },
		{ .depth = ~0U },
		{ .rate = MIB, .percent = 50, .depth = 100 },
	};
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, PAGES),
		.limits = { .rate = 8, .percent = 77, .depth = 3 },
	};
	struct kcopyd_test_limits limits;
	struct kjob job;

	disks(caller);
	job = start(caller, args, 1, MIBS);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct kcopyd_test_region regions[2];
		struct kjob none;

		cr_assert_eq(kjob_limit(job, wrong[i]), -EINVAL, "%u", i);
		args.limits = wrong[i];
		kjob_regions(regions, 1, MIBS);
		cr_assert_eq(kjob_try(caller, args, regions, 1, &none), -EINVAL,
			     "%u", i);
		cr_assert_eq(kjob_look(none, 0).callbacks, 0);
	}
	limits = kjob_progress(job).limits;
	cr_assert_eq(limits.rate, 8);
	cr_assert_eq(limits.percent, 77);
	cr_assert_eq(limits.depth, 3);
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	close(caller);
}
