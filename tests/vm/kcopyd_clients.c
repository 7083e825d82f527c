// SPDX-License-Identifier: GPL-2.0-or-later
/* What the jobs of a client share: callbacks, its worker, its end. */
#include <pthread.h>

#include "kcopyd_jobs.h"

TestSuite(kcopyd_clients, RIG_SUITE);

enum { MIBS = 4, SECTORS = MIBS * 2048, CHUNK = 64, PAGES = 256 };

#define BYTES (SECTORS * SECTOR)
#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)
#define FLUSHES (1U << KCOPYD_TEST_FLUSH)

static void disks(int caller, unsigned int nr_dests)
{
	kjob_disks(caller, nr_dests,
		   (struct test_disk_options){ .mib = MIBS,
					       .no_merges = true });
}

/* From "src" to one of the others, from end to end. */
static struct kjob start(int caller, struct kcopyd_test_submit args,
			 unsigned int dest)
{
	const struct kcopyd_test_region regions[] = {
		caller_region("/dev/kt-src", 0, SECTORS),
		caller_region(kjob_path(dest), 0, SECTORS),
	};

	return kjob_start(caller, args, regions, 1);
}

/* ---- callbacks ----------------------------------------------------------- */

RIG_TEST(kcopyd_clients, callbacks_of_a_client_never_run_two_at_once)
{
	enum { JOBS = 100 };
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_submit args = { .client = client, .sleep_us = 2000 };
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_client destroyed;
	struct kjob jobs[JOBS];

	disks(caller, 1);
	for (unsigned int i = 0; i < JOBS; i++) {
		regions[0] = caller_region("/dev/kt-src", i * 8, 8);
		regions[1] = caller_region("/dev/kt-d0", i * 8, 8);
		jobs[i] = kjob_start(caller, args, regions, 1);
	}
	destroyed = client_destroy(caller, client);
	cr_assert_gt(destroyed.unfinished, 0);
	cr_assert_eq(destroyed.missing, 0);
	cr_assert_eq(destroyed.extra, 0);
	cr_assert_eq(destroyed.most_at_once, 1, "%u callbacks at once",
		     destroyed.most_at_once);
	for (unsigned int i = 0; i < JOBS; i++)
		kjob_wait_ok(jobs[i]);
	close(caller);
}

RIG_TEST(kcopyd_clients, a_callback_that_sleeps_delays_no_io)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 4);
	struct kcopyd_test_submit args = { .client = client };
	struct kcopyd_test_submit sleeper = {
		.client = client,
		.sleep_us = rig_scaled(3, 9) * 1000000,
	};
	struct kcopyd_test_region none[2];
	struct kjob sleeping, other;

	disks(caller, 1);
	none[0] = caller_region("/dev/kt-src", 0, 0);
	none[1] = caller_region("/dev/kt-d0", 0, 0);
	sleeping = kjob_start(caller, sleeper, none, 1);
	kjob_wait_state(sleeping, KCOPYD_STATE_DONE);
	other = start(caller, args, 0);
	rig_wait_for(kjob_bytes(other, 1) == BYTES, 30, "it is copied");
	/* No I/O is left, but it has to wait for its turn to say so. */
	cr_assert_eq(kjob_cancel(other, 1000), 0);
	cr_assert_not(kjob_has_ended(sleeping));
	cr_assert_not(kjob_has_ended(other));
	kjob_wait_ok(other);
	kjob_wait_ok(sleeping);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

RIG_TEST(kcopyd_clients, a_callback_that_sleeps_delays_no_other_client)
{
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, 4),
		.sleep_us = rig_scaled(3, 9) * 1000000,
	};
	struct kcopyd_test_region none[2];
	struct kjob sleeping;

	disks(caller, 1);
	none[0] = caller_region("/dev/kt-src", 0, 0);
	none[1] = caller_region("/dev/kt-d0", 0, 0);
	sleeping = kjob_start(caller, args, none, 1);
	kjob_wait_state(sleeping, KCOPYD_STATE_DONE);
	args.client = client_create(caller, 4);
	args.sleep_us = 0;
	kjob_wait_ok(start(caller, args, 0));
	cr_assert_not(kjob_has_ended(sleeping));
	kjob_wait_ok(sleeping);
	close(caller);
}

RIG_TEST(kcopyd_clients, a_callback_submits_the_next_a_thousand_times)
{
	enum { TIMES = 1000 };
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, 2),
		.resubmit = TIMES,
	};
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_client destroyed;
	struct kcopyd_test_result result;

	disks(caller, 1);
	regions[0] = caller_region("/dev/kt-src", 0, 8);
	regions[1] = caller_region("/dev/kt-d0", 0, 8);
	result = kjob_look(kjob_start(caller, args, regions, 1), 120000);
	cr_assert_eq(result.callbacks, 1 + TIMES, "%u callbacks",
		     result.callbacks);
	cr_assert_eq(result.resubmit_ret, 0);
	cr_assert_eq(result.code, 0);
	destroyed = client_destroy(caller, args.client);
	cr_assert_eq(destroyed.unfinished, 0);
	cr_assert_eq(destroyed.extra, 0);
	cr_assert_eq(destroyed.most_at_once, 1);
	close(caller);
}

RIG_TEST(kcopyd_clients, a_classic_callback_submits_the_next_a_thousand_times)
{
	enum { TIMES = 1000 };
	int caller = caller_open();
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_copy_result result;
	struct kcopyd_test_copy args = {
		.client = client_create(caller, 2),
		.regions = (uintptr_t)regions,
		.nr_dests = 1,
		.nr_jobs = 1,
		.resubmit = TIMES,
		.results = (uintptr_t)&result,
	};

	disks(caller, 1);
	regions[0] = caller_region("/dev/kt-src", 0, 8);
	regions[1] = caller_region("/dev/kt-d0", 0, 8);
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_COPY, &args), 0);
	cr_assert_eq(result.ret, 0);
	cr_assert_eq(result.callbacks, 1 + TIMES);
	cr_assert_eq(args.most_at_once, 1);
	close(caller);
}

/* ---- one job and another ------------------------------------------------- */

static const char *slow_device(const char *kind, unsigned int i,
			       unsigned int mib)
{
	char name[16];

	snprintf(name, sizeof(name), "%s%u", kind, i);
	return null_create(name, (struct null_options){ .mib = mib,
							.latency_us = 500 });
}

/* After its first sectors it waits, so that nobody has a start. */
static struct kjob start_and_wait(int caller, struct kcopyd_test_submit args,
				  unsigned int i, unsigned int mib)
{
	const struct kcopyd_test_region regions[] = {
		caller_region(slow_device("s", i, mib), 0, mib * MIB / SECTOR),
		caller_region(slow_device("d", i, mib), 0, mib * MIB / SECTOR),
	};
	struct kjob job;

	args.limits.rate = 8;
	job = kjob_start(caller, args, regions, 1);
	rig_wait_for(kjob_bytes(job, 1), 30, "its first sectors");
	return job;
}

static void note_bytes(const struct kjob *jobs, uint64_t bytes[2])
{
	for (unsigned int i = 0; i < 2; i++)
		bytes[i] = kjob_bytes(jobs[i], 1);
}

/*
 * What the slower did in percent of what the faster did, from when both run
 * without a limit until the first has ended. Who looks sleeps between: it must
 * not take a CPU from one of the two.
 */
static unsigned int slower_of_faster(const struct kjob *jobs)
{
	uint64_t first[2], last[2], low, high;

	note_bytes(jobs, first);
	while (!kjob_has_ended(jobs[0]) && !kjob_has_ended(jobs[1]))
		usleep(5000);
	note_bytes(jobs, last);
	low = last[0] - first[0];
	high = last[1] - first[1];
	if (low > high) {
		uint64_t swap = low;

		low = high;
		high = swap;
	}
	return high ? low * 100 / high : 0;
}

/* Both are let go at once. They are of one client, or of two. */
static unsigned int share_of_the_slower(unsigned int nr_clients,
					unsigned int pages, unsigned int mib,
					struct kcopyd_test_submit args)
{
	int caller = caller_open();
	struct kjob jobs[2];
	unsigned int share;

	for (unsigned int i = 0; i < 2; i++) {
		if (i < nr_clients)
			args.client = client_create(caller, pages);
		jobs[i] = start_and_wait(caller, args, i, mib);
	}
	for (unsigned int i = 0; i < 2; i++)
		cr_assert_eq(kjob_limit(jobs[i], args.limits), 0);
	share = slower_of_faster(jobs);
	kjob_wait_ok(jobs[0]);
	kjob_wait_ok(jobs[1]);
	for (unsigned int i = 0; i < 2; i++) {
		null_destroy(i ? "s1" : "s0");
		null_destroy(i ? "d1" : "d0");
	}
	close(caller);
	return share;
}

/* What else runs beside the machine may take from one of them, once. */
static void expect_fair(unsigned int nr_clients, unsigned int pages,
			struct kcopyd_test_submit args)
{
	unsigned int share = 0;

	for (unsigned int i = 0; i < 4 && share < rig_scaled(70, 50); i++) {
		share = share_of_the_slower(nr_clients, pages,
					    rig_scaled(128, 32), args);
		cr_log_info("the slower has %u %%\n", share);
	}
	cr_assert_geq(share, rig_scaled(70, 50), "the slower has only %u %%",
		      share);
}

RIG_TEST(kcopyd_clients, two_equal_jobs_end_together)
{
	expect_fair(1, PAGES, (struct kcopyd_test_submit){});
}

RIG_TEST(kcopyd_clients, two_equal_jobs_share_a_small_reserve)
{
	expect_fair(1, 16, (struct kcopyd_test_submit){});
}

RIG_TEST(kcopyd_clients, two_equal_jobs_share_a_large_reserve)
{
	expect_fair(1, 2048, (struct kcopyd_test_submit){ .limits.depth = 64 });
}

RIG_TEST(kcopyd_clients, jobs_of_two_clients_end_together)
{
	expect_fair(2, PAGES, (struct kcopyd_test_submit){});
}

static void expect_other_completes(int caller, uint32_t client,
				   struct kjob blocked)
{
	struct kcopyd_test_submit args = { .client = client };

	for (unsigned int i = 0; i < 3; i++) {
		struct kjob other = start(caller, args, 1);

		cr_assert(kjob_look(other, 30000).callbacks,
			  "a blocked disk held up another job");
		kjob_wait_ok(other);
	}
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	cr_assert_not(kjob_has_ended(blocked));
}

RIG_TEST(kcopyd_clients, a_disk_that_keeps_its_requests_blocks_no_other_job)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_submit args = { .client = client, .chunk = CHUNK };
	struct kjob blocked;

	disks(caller, 2);
	test_disk_hold(caller, "d0", WRITES);
	blocked = start(caller, args, 0);
	test_disk_wait_held(caller, "d0", 8);
	expect_other_completes(caller, client, blocked);
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(blocked);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* It can't even be submitted to: who tries sleeps. */
RIG_TEST(kcopyd_clients, a_disk_without_tags_blocks_no_job_that_runs)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_submit args = { .client = client, .chunk = CHUNK };
	struct kjob blocked, running;

	disks(caller, 2);
	test_disk_destroy(caller, "d0");
	data_fill(test_disk_create(
			  caller, "d0",
			  (struct test_disk_options){
				  .mib = MIBS, .depth = 2, .no_merges = true }),
		  KJOB_DEST);
	test_disk_hold(caller, "d0", WRITES);
	args.limits.rate = MIB / 4;
	running = start(caller, args, 1);
	args.limits.rate = 0;
	rig_wait_for(kjob_bytes(running, 1), 30, "it runs");
	blocked = start(caller, args, 0);
	test_disk_wait_held(caller, "d0", 2);
	rig_sleep_ms(200);
	cr_assert_eq(kjob_limit(running, (struct kcopyd_test_limits){}), 0);
	cr_assert(kjob_look(running, 30000).callbacks,
		  "a blocked disk held up another job");
	expect_other_completes(caller, client, blocked);
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(blocked);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* It can be cancelled all the same, when the disk is back. */
RIG_TEST(kcopyd_clients, a_job_on_a_disk_without_tags_can_be_cancelled)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, PAGES);
	struct kcopyd_test_submit args = { .client = client, .chunk = CHUNK };
	struct kjob job;

	kjob_disks(caller, 1,
		   (struct test_disk_options){
			   .mib = MIBS, .depth = 2, .no_merges = true });
	test_disk_hold(caller, "d0", WRITES);
	job = start(caller, args, 0);
	test_disk_wait_held(caller, "d0", 2);
	rig_sleep_ms(200);
	cr_assert_eq(kjob_cancel(job, 200), -EINPROGRESS);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(kjob_cancel(job, 60000), 0);
	cr_assert_eq(kjob_wait(job).code, -ECANCELED);
	kjob_expect_cancelled(job, 0, SECTORS);
	close(caller);
}

/* ---- the end of a client ------------------------------------------------- */

struct destroyer {
	pthread_t thread;
	int caller;
	struct kcopyd_test_client args;
	int ret;
	bool back;
};

static void *destroy(void *arg)
{
	struct destroyer *destroyer = arg;

	destroyer->ret = caller_ioctl(destroyer->caller, KCOPYD_TEST_DESTROY,
				      &destroyer->args);
	__atomic_store_n(&destroyer->back, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool is_back(struct destroyer *destroyer)
{
	return __atomic_load_n(&destroyer->back, __ATOMIC_SEQ_CST);
}

static void destroy_begin(struct destroyer *destroyer, int caller,
			  uint32_t client)
{
	*destroyer =
		(struct destroyer){ .caller = caller, .args.client = client };
	cr_assert_eq(pthread_create(&destroyer->thread, NULL, destroy,
				    destroyer),
		     0);
}

static void expect_destroy_waits(struct destroyer *destroyer)
{
	rig_sleep_ms(300);
	cr_assert_not(is_back(destroyer), "destroy did not wait");
}

static void expect_destroyed(struct destroyer *destroyer)
{
	rig_wait_for(is_back(destroyer), 60, "the client is destroyed");
	pthread_join(destroyer->thread, NULL);
	cr_assert_eq(destroyer->ret, 0);
	cr_assert_gt(destroyer->args.unfinished, 0);
	cr_assert_eq(destroyer->args.missing, 0);
	cr_assert_eq(destroyer->args.extra, 0);
	cr_assert_eq(destroyer->args.most_at_once, 1);
}

RIG_TEST(kcopyd_clients, destroy_waits_for_jobs_in_every_state)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);
	struct kcopyd_test_submit args = { .client = client, .chunk = CHUNK };
	struct kjob over, paused, paced, flushing, reading, writing;
	struct destroyer destroyer;

	kjob_disks(caller, 5,
		   (struct test_disk_options){ .mib = MIBS,
					       .write_cache = true,
					       .no_merges = true });
	test_disk_hold(caller, "d1", FLUSHES);
	test_disk_hold(caller, "d2", WRITES);
	args.limits.depth = 1;
	over = start(caller, args, 0);
	kjob_wait_ok(over);
	args.limits.rate = 8;
	paced = start(caller, args, 0);
	rig_wait_for(kjob_bytes(paced, 1), 30, "the paced one has started");
	paused = start(caller, args, 3);
	kjob_pause(paused);
	kjob_wait_state(paused, KCOPYD_STATE_PAUSED);
	args.limits.rate = 0;
	args.flags = KCOPYD_FLUSH;
	flushing = start(caller, args, 1);
	kjob_wait_state(flushing, KCOPYD_STATE_FLUSHING);
	args.flags = 0;
	writing = start(caller, args, 2);
	test_disk_wait_held(caller, "d2", 1);
	test_disk_hold(caller, "src", READS);
	reading = start(caller, args, 4);
	test_disk_wait_held(caller, "src", 1);

	destroy_begin(&destroyer, caller, client);
	expect_destroy_waits(&destroyer);
	test_disk_release(caller, "src", 0);
	kjob_wait_ok(reading);
	expect_destroy_waits(&destroyer);
	test_disk_release(caller, "d2", 0);
	kjob_wait_ok(writing);
	expect_destroy_waits(&destroyer);
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(flushing);
	expect_destroy_waits(&destroyer);
	cr_assert_eq(kjob_limit(paused, (struct kcopyd_test_limits){}), 0);
	kjob_resume(paused);
	kjob_wait_ok(paused);
	expect_destroy_waits(&destroyer);
	cr_assert_eq(kjob_cancel(paced, 30000), 0);
	cr_assert_eq(kjob_wait(paced).code, -ECANCELED);
	expect_destroyed(&destroyer);
	for (unsigned int i = 1; i < 5; i++)
		data_expect_equal("/dev/kt-src", kjob_path(i));
	close(caller);
}

RIG_TEST(kcopyd_clients, destroy_waits_for_a_callback_that_sleeps)
{
	int caller = caller_open();
	uint32_t client = client_create(caller, 64);
	struct kcopyd_test_submit args = { .client = client,
					   .sleep_us = 2000000 };
	uint64_t begin = rig_now_ms();
	struct kcopyd_test_client destroyed;
	struct kjob job;

	disks(caller, 1);
	job = start(caller, args, 0);
	begin = rig_now_ms();
	destroyed = client_destroy(caller, client);
	cr_assert_geq(rig_now_ms() - begin, 1900);
	cr_assert_eq(destroyed.unfinished, 1);
	cr_assert_eq(destroyed.missing, 0);
	kjob_wait_ok(job);
	close(caller);
}

RIG_TEST(kcopyd_clients, clients_come_and_go)
{
	int caller = caller_open();
	unsigned int rounds = rig_scaled(100, 30);

	disks(caller, 1);
	for (unsigned int i = 0; i < rounds; i++) {
		struct kcopyd_test_submit args = {
			.client = client_create(caller, 1 + i),
			.how = i % 3 ? 0 : KCOPYD_TEST_CANCEL,
		};
		struct kcopyd_test_client destroyed;
		struct kjob job = start(caller, args, 0);

		destroyed = client_destroy(caller, args.client);
		cr_assert_eq(destroyed.missing, 0);
		cr_assert_eq(destroyed.extra, 0);
		cr_assert_eq(kjob_wait(job).write_err, 0);
		kjob_put(job);
	}
	close(caller);
}
