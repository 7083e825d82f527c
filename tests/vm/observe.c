// SPDX-License-Identifier: GPL-2.0-or-later
/* What was observed of jobs is what they did, whoever did it and at any pace. */
#include <bpf/bpf.h>
#include <libkcopy.h>
#include <linux/types.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "call.h"
#include "ctl.h"
#include "job.h"
#include "kcopyd_jobs.h"
#include "seen.h"

/* What must hold on any kernel, and what is the programs' own affair. */
TestSuite(observe, RIG_SUITE);
TestSuite(observe_rows, RIG_SUITE);

#define MS 1000000ULL

/* ---- latencies ------------------------------------------------------------ */

/* On one side of a copy; the other side and the source are not late. */
RIG_TEST(observe_rows, a_delay_shows_in_its_region_and_slot)
{
	struct job_plan plan = {
		.source.path =
			null_create("src", (struct null_options){ .mib = 8 }),
		.dests = { { .path = null_create(
				     "d0",
				     (struct null_options){ .mib = 8 }) } },
		.length = 8 * MIB,
		.depth = 2,
		/* Who goes alone reads the source once more. */
		.on_slow = KCOPYD_SLOW_WAIT,
	};
	struct kcopyd_region_stats late, other, source;
	struct job_result result;
	int kcopyd;
	uint64_t job, median, early = 0;

	ctl_load();
	null_create("d1", (struct null_options){ .mib = 8 });
	module_probe("dm-delay", NULL);
	dm_create("late", "0 16384 delay /dev/kt-d1 0 20\n");
	plan.dests[1].path = "/dev/mapper/kt-late";
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	source = seen_region(job, 0);
	other = seen_region(job, 1);
	late = seen_region(job, 2);
	/*
	 * 20 ms are in the slot from 16.8. The disk counts ticks, and of a busy
	 * host's late ones many come at once: some requests are early by ours.
	 */
	for (unsigned int i = 0; i < 23; i++)
		early += late.lat.hist[i];
	cr_assert_lt(4 * early, late.ios, "%lu of %llu in less than 8.4 ms",
		     early, late.ios);
	median = kcopy_percentile(&late.lat, 500);
	cr_assert_geq(median, 8 * MS, "%lu ns", median);
	cr_assert_lt(kcopy_percentile(&other.lat, 500), median);
	cr_assert_lt(kcopy_percentile(&source.lat, 500), median);
	close(kcopyd);
	ctl_unload();
}

/* A disk with one tag: what could not be submitted yet has waited in ours. */
RIG_TEST(observe_rows, waiting_to_be_submitted_is_no_latency_of_the_device)
{
	int caller = caller_open();
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = 4 * MIB,
		.chunk = 64 * KIB,
		.on_slow = KCOPYD_SLOW_WAIT,
	};
	struct kcopyd_region_stats held, other;
	int kcopyd;
	uint64_t job;

	ctl_load();
	test_disk_create(caller, "src", (struct test_disk_options){});
	test_disk_create(caller, "d0",
			 (struct test_disk_options){ .depth = 1,
						     .no_merges = true });
	test_disk_create(caller, "d1", (struct test_disk_options){});
	test_disk_hold(caller, "d0", 1 << KCOPYD_TEST_WRITE);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "d0", 1);
	rig_sleep_ms(400);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	held = seen_region(job, 1);
	other = seen_region(job, 2);
	cr_assert_geq(held.lat.max_ns, 300 * MS, "%llu ns", held.lat.max_ns);
	cr_assert_geq(held.queue_max_ns, 300 * MS, "%llu ns",
		      held.queue_max_ns);
	cr_assert_geq(held.queue_sum_ns, held.queue_max_ns);
	cr_assert_lt(other.queue_max_ns, 300 * MS, "%llu ns",
		     other.queue_max_ns);
	close(kcopyd);
	close(caller);
	ctl_unload();
}

/* ---- totals --------------------------------------------------------------- */

enum { CROWD = 16 };

static const char *crowd_path(unsigned int i)
{
	static char path[32];

	snprintf(path, sizeof(path), "/dev/kt-d%u", i);
	return path;
}

static void crowd_devices(unsigned int mib)
{
	char name[16];

	null_create("src", (struct null_options){ .mib = mib });
	for (unsigned int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		null_create(name, (struct null_options){ .mib = mib });
	}
}

static uint64_t expect_seen(uint64_t job, const struct job_result *result)
{
	const struct kcopyd_job_stats seen = seen_job(job);

	for (unsigned int i = 0; i < 2; i++) {
		const struct kcopyd_region_stats region = seen_region(job, i);

		cr_assert_eq(region.bytes, result->regions[i].bytes);
		cr_assert_eq(region.errors, 0);
		cr_assert_eq(seen_latencies(&region.lat), region.ios);
		cr_assert_eq(region.in_flight, 0);
	}
	cr_assert_eq(seen.bytes_read, result->regions[0].bytes);
	cr_assert_eq(seen.bytes_written, result->regions[1].bytes);
	cr_assert_eq(seen.state, KCOPYD_STATE_DONE);
	return seen.bytes_read;
}

RIG_TEST(observe, what_16_jobs_did_at_once_is_counted_exactly)
{
	const unsigned int mib = rig_scaled(32, 8);
	struct job_result result;
	uint64_t jobs[CROWD], total = 0;
	int fds[CROWD];

	ctl_load();
	crowd_devices(mib);
	for (unsigned int i = 0; i < CROWD; i++) {
		fds[i] = job_device_open(0);
		jobs[i] = job_start(fds[i],
				    &(struct job_plan){
					    .source.path = "/dev/kt-src",
					    .dests[0].path = crowd_path(i),
					    .length = mib * MIB - i * SECTOR,
					    .chunk = i % 2 ? 8 * KIB : 0,
					    .memory = 4 * MIB,
				    });
	}
	for (unsigned int i = 0; i < CROWD; i++) {
		result = job_wait(fds[i], jobs[i]);
		cr_assert_eq(result.code, 0);
		total += expect_seen(jobs[i], &result);
		cr_assert_eq(seen_device(crowd_path(i), KCOPYD_OP_WRITE).bytes,
			     result.regions[1].bytes);
		cr_assert_eq(seen_device(crowd_path(i), KCOPYD_OP_FLUSH).ios,
			     1);
		close(fds[i]);
	}
	cr_assert_eq(seen_device("/dev/kt-src", KCOPYD_OP_READ).bytes, total);
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_FINISHED), CROWD);
	seen_expect_no_losses();
	ctl_unload();
}

/* Many come and go, and one that is there all the time keeps its rows. */
RIG_TEST(observe, many_short_jobs_leave_a_long_one)
{
	const unsigned int nr =
		rig_number("KCOPYD_SHORT_JOBS", rig_scaled(2000, 400));
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 4 * MIB,
		.rate = SECTOR,
	};
	int source = -1, dest = -1, kcopyd, other;
	uint64_t lasting, job = 0;

	ctl_load();
	null_create("src", (struct null_options){ .mib = 4 });
	null_create("d0", (struct null_options){ .mib = 4 });
	null_create("d1", (struct null_options){ .mib = 4 });
	kcopyd = job_device_open(0);
	other = job_device_open(0);
	lasting = job_start(kcopyd, &plan);
	source = open("/dev/kt-src", O_RDONLY | O_CLOEXEC);
	dest = open("/dev/kt-d1", O_RDWR | O_EXCL | O_CLOEXEC);
	plan = (struct job_plan){ .source.fd = source,
				  .dests[0] = { .path = "/dev/kt-d1",
						.fd = dest },
				  .length = SECTOR,
				  .flags = KCOPYD_SUBMIT_NO_FLUSH };
	for (unsigned int i = 0; i < nr; i++) {
		job = job_start(other, &plan);
		cr_assert_eq(job_wait(other, job).code, 0);
	}
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_FINISHED), nr);
	cr_assert_eq(seen_jobs(), KCOPYD_STATS_FINISHED + 1);
	cr_assert_neq(seen_job(lasting).state, KCOPYD_STATE_DONE);
	seen_region(lasting, 0);
	seen_region(lasting, 1);
	cr_assert_eq(seen_region(job, 1).bytes, SECTOR);
	cr_assert_eq(seen_device("/dev/kt-d1", KCOPYD_OP_WRITE).ios, nr);
	seen_expect_no_losses();
	cr_assert_eq(job_cancel(kcopyd, lasting, 10000), 0);
	cr_assert_eq(job_wait(kcopyd, lasting).code, -ECANCELED);
	close(source);
	close(dest);
	close(kcopyd);
	close(other);
	ctl_unload();
}

/* ---- kinds of requests ---------------------------------------------------- */

RIG_TEST(observe, retries_and_reading_back_are_told_apart)
{
	int caller = caller_open();
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 4 * MIB,
		.retry = KCOPYD_RETRY_BISECT,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_VERIFY,
	};
	struct kcopyd_region_stats seen;
	struct kcopyd_device_stats reads, writes;
	struct job_result result;
	int kcopyd;
	uint64_t job;

	ctl_load();
	test_disk_create(caller, "src", (struct test_disk_options){});
	test_disk_create(caller, "d0", (struct test_disk_options){});
	test_disk_bad(caller, "d0", 1 << KCOPYD_TEST_WRITE, 1000, 1);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.write_err, 1);
	seen = seen_region(job, 1);
	reads = seen_device("/dev/kt-d0", KCOPYD_OP_READ);
	writes = seen_device("/dev/kt-d0", KCOPYD_OP_WRITE);
	cr_assert_eq(seen.bytes, result.regions[1].bytes);
	cr_assert_eq(seen.errors, result.regions[1].errors);
	cr_assert_gt(seen.retries, 0);
	cr_assert_gt(seen.verifies, 0);
	cr_assert_eq(seen.retries, writes.retries + reads.retries);
	cr_assert_eq(seen.verifies, reads.verifies);
	cr_assert_eq(seen.ios, reads.ios + writes.ios);
	cr_assert_eq(seen.errors, reads.errors + writes.errors);
	cr_assert_eq(seen_latencies(&seen.lat), seen.ios);
	cr_assert_eq(seen_region(job, 0).retries, 0);
	seen_expect_no_losses();
	close(kcopyd);
	close(caller);
	ctl_unload();
}

RIG_TEST(observe_rows, a_comparison_has_written_nothing)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = 4 * MIB,
		.flags = KCOPYD_SUBMIT_COMPARE,
	};
	struct kcopyd_job_stats seen;
	int kcopyd;
	uint64_t job;

	ctl_load();
	data_fill(null_create("src", (struct null_options){ .mib = 4 }), 1);
	data_fill(null_create("dst", (struct null_options){ .mib = 4 }), 1);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	seen = seen_job(job);
	cr_assert_eq(seen.bytes_read, 8 * MIB, "%llu", seen.bytes_read);
	cr_assert_eq(seen.bytes_written, 0, "%llu", seen.bytes_written);
	cr_assert_eq(seen_region(job, 1).bytes, 4 * MIB);
	close(kcopyd);
	ctl_unload();
}

RIG_TEST(observe_rows, zeroes_and_throttling_are_counted)
{
	struct job_plan plan = {
		JOB_NO_SOURCE,
		.dests[0].path = "/dev/kt-z",
		.length = 4 * MIB,
	};
	int caller = caller_open();
	struct kcopyd_job_stats seen;
	int kcopyd;
	uint64_t job;

	ctl_load();
	test_disk_create(caller, "z",
			 (struct test_disk_options){ .max_write_zeroes_sectors =
							     512 });
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	cr_assert_eq(seen_region(job, 1).zeroes, seen_region(job, 1).ios);
	cr_assert_eq(seen_device("/dev/kt-z", KCOPYD_OP_ZERO).bytes, 4 * MIB);
	cr_assert_eq(seen_job(job).throttles, 0);
	plan.rate = 8 * MIB;
	plan.chunk = 256 * KIB;
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	seen = seen_job(job);
	cr_assert_gt(seen.throttles, 0);
	cr_assert_gt(seen.throttle_ns, 100 * MS, "%llu ns", seen.throttle_ns);
	close(kcopyd);
	close(caller);
	ctl_unload();
}

/* The bit of the one that failed, while the other one is still held up. */
RIG_TEST(observe_rows, error_bits_appear_while_the_job_runs)
{
	int caller = caller_open();
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = 4 * MIB,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
	};
	int kcopyd;
	uint64_t job;

	ctl_load();
	test_disk_create(caller, "src", (struct test_disk_options){});
	test_disk_create(caller, "d0", (struct test_disk_options){});
	test_disk_create(caller, "d1", (struct test_disk_options){});
	test_disk_bad(caller, "d1", 1 << KCOPYD_TEST_WRITE, 0, 8);
	test_disk_hold(caller, "d0", 1 << KCOPYD_TEST_WRITE);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	rig_wait_for(seen_job(job).write_err == 0x2, 30, "the second's bit");
	cr_assert_eq(seen_job(job).state, KCOPYD_STATE_RUNNING);
	cr_assert_eq(seen_job(job).end_ns, 0);
	cr_assert_gt(seen_region(job, 2).errors, 0);
	cr_assert_eq(seen_region(job, 2).last_errno, -EIO);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(job_wait(kcopyd, job).write_err, 0x2);
	cr_assert_eq(seen_job(job).write_err, 0x2);
	close(kcopyd);
	close(caller);
	ctl_unload();
}

/* What fails is told at once, and how much is in flight without it. */
RIG_TEST(observe, what_is_in_flight_is_told_while_it_is)
{
	int caller = caller_open();
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 4 * MIB,
		.chunk = 64 * KIB,
		.depth = 4,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
	};
	int kcopyd;
	uint64_t job;

	ctl_load();
	kjob_disks(caller, 1, (struct test_disk_options){ .no_merges = true });
	test_disk_hold(caller, "d0", 1 << KCOPYD_TEST_WRITE);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "d0", 4);
	test_disk_release_some(caller, "d0", 1, false, EIO);
	rig_wait_for(seen_region(job, 1).errors, 30, "the error");
	cr_assert_eq(seen_region(job, 1).in_flight, 3);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(job_wait(kcopyd, job).write_err, 1);
	cr_assert_eq(seen_region(job, 0).in_flight, 0);
	cr_assert_eq(seen_region(job, 1).in_flight, 0);
	cr_assert_eq(seen_region(job, 1).errors, 1);
	close(kcopyd);
	close(caller);
	ctl_unload();
}

/* ---- who has no job of its own to be seen --------------------------------- */

static void expect_small_ios(const char *path, unsigned int op)
{
	const struct kcopyd_device_stats seen = seen_device(path, op);

	cr_assert_eq(seen.ios, KJOB_SMALL, "%s: %llu", path, seen.ios);
	cr_assert_eq(seen.bytes, KJOB_SMALL * KJOB_SMALL_SECTORS * SECTOR);
	cr_assert_eq(seen.direct, 0);
	cr_assert_eq(seen_latencies(&seen.lat), KJOB_SMALL);
}

RIG_TEST(observe, small_jobs_of_a_kernel_client_are_counted_together)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[KJOB_SMALL];
	struct kcopyd_client_stats seen;
	uint32_t client;

	ctl_load();
	kjob_disks(caller, 1, (struct test_disk_options){});
	client = client_create(caller, 64);
	kjob_small(caller, client, "/dev/kt-d0", results);
	for (unsigned int i = 0; i < KJOB_SMALL; i++)
		cr_assert_eq(results[i].write_err, 0);
	cr_assert_eq(seen_jobs(), 0);
	seen = seen_client();
	cr_assert_eq(seen.jobs, KJOB_SMALL);
	cr_assert_eq(seen.bytes, KJOB_SMALL * KJOB_SMALL_SECTORS * SECTOR);
	cr_assert_eq(seen.failed, 0);
	cr_assert_eq(seen_latencies(&seen.time), KJOB_SMALL);
	cr_assert_leq(seen.time.min_ns, seen.time.max_ns);
	expect_small_ios("/dev/kt-src", KCOPYD_OP_READ);
	expect_small_ios("/dev/kt-d0", KCOPYD_OP_WRITE);
	/* Who has gone is still there to be seen. */
	client_destroy(caller, client);
	cr_assert_eq(seen_client().jobs, KJOB_SMALL);
	seen_expect_no_losses();
	close(caller);
}

RIG_TEST(observe, small_jobs_are_told_while_a_large_one_lasts)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[KJOB_SMALL];
	struct kcopyd_test_submit args = {};
	struct kcopyd_test_region regions[2];
	struct kjob large;

	ctl_load();
	kjob_disks(caller, 2, (struct test_disk_options){});
	args.client = client_create(caller, 512);
	test_disk_hold(caller, "d1", 1 << KCOPYD_TEST_WRITE);
	regions[0] = caller_region("/dev/kt-src", 0, 4 * MIB / SECTOR);
	regions[1] = caller_region("/dev/kt-d1", 0, 4 * MIB / SECTOR);
	large = kjob_start(caller, args, regions, 1);
	rig_wait_for(test_disk_stats(caller, "d1").held, 30, "the large one");
	kjob_small(caller, args.client, "/dev/kt-d0", results);
	expect_small_ios("/dev/kt-d0", KCOPYD_OP_WRITE);
	cr_assert_not(kjob_has_ended(large));
	test_disk_release(caller, "d1", 0);
	kjob_wait_ok(large);
	close(caller);
}

RIG_TEST(observe_rows, failed_small_jobs_are_counted_with_their_client)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[KJOB_SMALL];
	struct kcopyd_client_stats seen;
	unsigned int failed = 0;

	ctl_load();
	/* Neighbours that were merged would fail with it. */
	kjob_disks(caller, 1, (struct test_disk_options){ .no_merges = true });
	test_disk_bad(caller, "d0", 1 << KCOPYD_TEST_WRITE, 80, 16);
	kjob_small(caller, client_create(caller, 64), "/dev/kt-d0", results);
	for (unsigned int i = 0; i < KJOB_SMALL; i++)
		failed += !!results[i].write_err;
	seen = seen_client();
	cr_assert_eq(failed, 2, "%u failed", failed);
	cr_assert_eq(seen.jobs, KJOB_SMALL);
	cr_assert_eq(seen.failed, failed);
	cr_assert_eq(seen.write_errs, failed);
	cr_assert_eq(seen.read_errs, 0);
	cr_assert_gt(seen_device("/dev/kt-d0", KCOPYD_OP_WRITE).errors, 0);
	seen_expect_no_losses();
	close(caller);
}

/* From 1 MiB on it is worth rows of its own. */
RIG_TEST(observe_rows, a_large_job_of_a_kernel_client_has_rows)
{
	int caller = caller_open();
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_submit args = {};

	ctl_load();
	kjob_disks(caller, 1, (struct test_disk_options){});
	args.client = client_create(caller, 64);
	kjob_regions(regions, 1, 1);
	kjob_wait_ok(kjob_start(caller, args, regions, 1));
	cr_assert_eq(seen_jobs(), 1);
	cr_assert_eq(seen_device("/dev/kt-d0", KCOPYD_OP_WRITE).bytes, MIB);
	close(caller);
}

RIG_TEST(observe, direct_calls_are_counted_by_device)
{
	static char buffer[64 * KIB];
	struct kcopyd_test_region region;
	struct kcopyd_test_io args;
	struct kcopyd_device_stats reads, writes;
	int caller;

	ctl_load();
	caller = call_open();
	call_device("a");
	region = caller_region("/dev/kt-a", 0, sizeof(buffer) / SECTOR);
	for (unsigned int i = 0; i < CALLS; i++) {
		args = call_args(i, OP_WRITE, &region, 1, buffer,
				 sizeof(buffer));
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
		args = call_args(i, OP_READ, &region, 1, buffer,
				 sizeof(buffer));
		call_make(caller, &args);
		call_expect_bits(&args, i, 0);
	}
	reads = seen_device("/dev/kt-a", KCOPYD_OP_READ);
	writes = seen_device("/dev/kt-a", KCOPYD_OP_WRITE);
	cr_assert_eq(reads.bytes, CALLS * sizeof(buffer));
	cr_assert_eq(writes.bytes, CALLS * sizeof(buffer));
	cr_assert_eq(reads.direct, reads.ios);
	cr_assert_eq(writes.direct, writes.ios);
	cr_assert_eq(seen_latencies(&reads.lat), reads.ios);
	cr_assert_eq(seen_jobs(), 0);
	seen_expect_no_losses();
	close(caller);
}

/* ---- versions ------------------------------------------------------------- */

static void set_version(uint64_t version)
{
	uint32_t key = KCOPYD_COUNTER_VERSION;
	int fd = bpf_obj_get(KCOPYD_PIN_COUNTERS);

	cr_assert_eq(bpf_map_update_elem(fd, &key, &version, BPF_ANY), 0, "%m");
	close(fd);
}

RIG_TEST(observe_rows, statistics_of_another_version_are_refused)
{
	ctl_load();
	ctl_expect(CTL_COMPLETE, "stats");
	set_version(KCOPYD_STATS_VERSION + 1);
	ctl_refused(CTL_ENVIRONMENT, "another version", "stats");
	ctl_refused(CTL_ENVIRONMENT, "another version", "metrics");
	set_version(KCOPYD_STATS_VERSION);
	ctl_expect(CTL_COMPLETE, "stats");
	/* One that did not have this map yet. */
	cr_assert_eq(unlink(KCOPYD_PIN_HEAT), 0, "%m");
	ctl_refused(CTL_ENVIRONMENT, "another version", "stats");
	ctl_unload();
}

enum { HELD = 4 };

/* A job that was there before them is not counted, and that is told. */
RIG_TEST(observe_rows, statistics_can_come_and_go_while_a_job_runs)
{
	int caller = caller_open();
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 4 * MIB,
		.chunk = 4 * KIB,
		.depth = HELD,
	};
	int kcopyd = job_device_open(0);
	uint64_t job;

	test_disk_create_filled(caller, "src", (struct test_disk_options){},
				KJOB_SOURCE);
	test_disk_create(caller, "d0",
			 (struct test_disk_options){ .no_merges = true });
	test_disk_hold_range(caller, "d0", 1 << KCOPYD_TEST_WRITE, 4096, 4096);
	job = job_start(kcopyd, &plan);
	/*
	 * All that is left is held: what emulates a processor does not bear
	 * that code is patched which another processor runs.
	 */
	test_disk_wait_held(caller, "d0", HELD);
	ctl_expect(CTL_COMPLETE, "load");
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_FINISHED), 1);
	cr_assert_eq(seen_jobs(), 0);
	cr_assert_gt(seen_counter(KCOPYD_COUNTER_LOST_IOS), 0);
	test_disk_hold_range(caller, "d0", 1 << KCOPYD_TEST_WRITE, 4096, 4096);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "d0", HELD);
	cr_assert_eq(kcopy_observer_unload(), 0);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(kcopyd);
	close(caller);
}
