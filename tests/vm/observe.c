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

/* What must hold on any kernel, and what is the programs' own affair. */
TestSuite(observe, RIG_SUITE);
TestSuite(observe_rows, RIG_SUITE);

#define MS 1000000ULL

/* ---- what the maps say ---------------------------------------------------- */

static struct kcopy_observer *observer_open(void)
{
	struct kcopy_observer *observer;
	int err = kcopy_observer_open(&observer);

	cr_assert_eq(err, 0, "%s", strerror(-err));
	return observer;
}

static struct kcopyd_region_stats region_seen(uint64_t job, unsigned int region)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_region_stats stats;

	cr_assert_eq(kcopy_observer_region(observer, job, region, &stats), 0,
		     "no row of job %lu, region %u", job, region);
	kcopy_observer_close(observer);
	return stats;
}

static struct kcopyd_job_stats job_seen(uint64_t job)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_job_stats stats;

	cr_assert_eq(kcopy_observer_job(observer, job, &stats), 0,
		     "no row of job %lu", job);
	kcopy_observer_close(observer);
	return stats;
}

static bool is_row_of(const struct kcopy_device_row *row, const struct stat *st,
		      unsigned int op)
{
	return row->key.major == major(st->st_rdev) &&
	       row->key.minor == minor(st->st_rdev) && row->key.op == op;
}

/* All zeroes if there is no row. */
static struct kcopyd_device_stats device_seen(const char *path, unsigned int op)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_device_stats stats = {};
	struct kcopy_device_row *rows;
	struct stat st;
	size_t nr;

	cr_assert_eq(stat(path, &st), 0, "%s: %m", path);
	cr_assert_eq(kcopy_observer_devices(observer, &rows, &nr), 0);
	for (size_t i = 0; i < nr; i++)
		if (is_row_of(&rows[i], &st, op))
			stats = rows[i].stats;
	free(rows);
	kcopy_observer_close(observer);
	return stats;
}

/* The only client that has a row. */
static struct kcopyd_client_stats client_seen(void)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_client_stats stats;
	struct kcopy_client_row *rows;
	size_t nr;

	cr_assert_eq(kcopy_observer_clients(observer, &rows, &nr), 0);
	cr_assert_eq(nr, 1, "%zu clients", nr);
	stats = rows[0].stats;
	free(rows);
	kcopy_observer_close(observer);
	return stats;
}

static size_t jobs_seen(void)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopy_job_row *rows;
	size_t nr;

	cr_assert_eq(kcopy_observer_jobs(observer, &rows, &nr), 0);
	free(rows);
	kcopy_observer_close(observer);
	return nr;
}

static uint64_t counter_seen(enum kcopyd_counter counter)
{
	struct kcopy_observer *observer = observer_open();
	uint64_t counters[KCOPYD_COUNTERS];

	cr_assert_eq(kcopy_observer_counters(observer, counters), 0);
	kcopy_observer_close(observer);
	return counters[counter];
}

static void expect_no_losses(void)
{
	static const enum kcopyd_counter lost[] = {
		KCOPYD_COUNTER_LOST_REGIONS, KCOPYD_COUNTER_LOST_JOBS,
		KCOPYD_COUNTER_LOST_IOS,     KCOPYD_COUNTER_LOST_DEVICES,
		KCOPYD_COUNTER_LOST_CLIENTS, KCOPYD_COUNTER_LOST_HEAT,
	};
	uint64_t misses;

	for (unsigned int i = 0; i < ARRAY_SIZE(lost); i++)
		cr_assert_eq(counter_seen(lost[i]), 0, "counter %u", lost[i]);
	cr_assert_eq(kcopy_observer_misses(&misses), 0);
	cr_assert_eq(misses, 0, "%lu misses", misses);
}

static uint64_t counted(const struct kcopyd_latency *lat)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < KCOPYD_HIST_SLOTS; i++)
		sum += lat->hist[i];
	return sum;
}

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
	};
	struct kcopyd_region_stats late, other, source;
	struct job_result result;
	int kcopyd;
	uint64_t job, early = 0;

	ctl_load();
	null_create("d1", (struct null_options){ .mib = 8 });
	module_probe("dm-delay", NULL);
	dm_create("late", "0 16384 delay /dev/kt-d1 0 5\n");
	plan.dests[1].path = "/dev/mapper/kt-late";
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	source = region_seen(job, 0);
	other = region_seen(job, 1);
	late = region_seen(job, 2);
	/* Five milliseconds are in the slot from 4.2; ticks make them 4. */
	for (unsigned int i = 0; i < 21; i++)
		early += late.lat.hist[i];
	cr_assert_eq(early, 0, "%lu of %llu in less than 2.1 ms", early,
		     late.ios);
	cr_assert_geq(late.lat.min_ns, 3 * MS, "%llu ns", late.lat.min_ns);
	cr_assert_lt(kcopy_percentile(&other.lat, 500), late.lat.min_ns);
	cr_assert_lt(kcopy_percentile(&source.lat, 500), late.lat.min_ns);
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
	held = region_seen(job, 1);
	other = region_seen(job, 2);
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
	const struct kcopyd_job_stats seen = job_seen(job);

	for (unsigned int i = 0; i < 2; i++) {
		const struct kcopyd_region_stats region = region_seen(job, i);

		cr_assert_eq(region.bytes, result->regions[i].bytes);
		cr_assert_eq(region.errors, 0);
		cr_assert_eq(counted(&region.lat), region.ios);
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
		cr_assert_eq(device_seen(crowd_path(i), KCOPYD_OP_WRITE).bytes,
			     result.regions[1].bytes);
		cr_assert_eq(device_seen(crowd_path(i), KCOPYD_OP_FLUSH).ios,
			     1);
		close(fds[i]);
	}
	cr_assert_eq(device_seen("/dev/kt-src", KCOPYD_OP_READ).bytes, total);
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_FINISHED), CROWD);
	expect_no_losses();
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
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_FINISHED), nr);
	cr_assert_eq(jobs_seen(), KCOPYD_STATS_FINISHED + 1);
	cr_assert_neq(job_seen(lasting).state, KCOPYD_STATE_DONE);
	region_seen(lasting, 0);
	region_seen(lasting, 1);
	cr_assert_eq(region_seen(job, 1).bytes, SECTOR);
	cr_assert_eq(device_seen("/dev/kt-d1", KCOPYD_OP_WRITE).ios, nr);
	expect_no_losses();
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
	seen = region_seen(job, 1);
	reads = device_seen("/dev/kt-d0", KCOPYD_OP_READ);
	writes = device_seen("/dev/kt-d0", KCOPYD_OP_WRITE);
	cr_assert_eq(seen.bytes, result.regions[1].bytes);
	cr_assert_eq(seen.errors, result.regions[1].errors);
	cr_assert_gt(seen.retries, 0);
	cr_assert_gt(seen.verifies, 0);
	cr_assert_eq(seen.retries, writes.retries + reads.retries);
	cr_assert_eq(seen.verifies, reads.verifies);
	cr_assert_eq(seen.ios, reads.ios + writes.ios);
	cr_assert_eq(seen.errors, reads.errors + writes.errors);
	cr_assert_eq(counted(&seen.lat), seen.ios);
	cr_assert_eq(region_seen(job, 0).retries, 0);
	expect_no_losses();
	close(kcopyd);
	close(caller);
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
	cr_assert_eq(region_seen(job, 1).zeroes, region_seen(job, 1).ios);
	cr_assert_eq(device_seen("/dev/kt-z", KCOPYD_OP_ZERO).bytes, 4 * MIB);
	cr_assert_eq(job_seen(job).throttles, 0);
	plan.rate = 8 * MIB;
	plan.chunk = 256 * KIB;
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	seen = job_seen(job);
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
	rig_wait_for(job_seen(job).write_err == 0x2, 30, "the second's bit");
	cr_assert_eq(job_seen(job).state, KCOPYD_STATE_RUNNING);
	cr_assert_eq(job_seen(job).end_ns, 0);
	cr_assert_gt(region_seen(job, 2).errors, 0);
	cr_assert_eq(region_seen(job, 2).last_errno, -EIO);
	test_disk_release(caller, "d0", 0);
	cr_assert_eq(job_wait(kcopyd, job).write_err, 0x2);
	cr_assert_eq(job_seen(job).write_err, 0x2);
	close(kcopyd);
	close(caller);
	ctl_unload();
}

/* ---- who has no job of its own to be seen --------------------------------- */

enum { SMALL_JOBS = 300, SMALL_SECTORS = 8 };

static void small_jobs(int caller, uint32_t client, const char *dest,
		       struct kcopyd_test_copy_result *results)
{
	const struct kcopyd_test_region regions[] = {
		caller_region("/dev/kt-src", 0, SMALL_SECTORS),
		caller_region(dest, 0, SMALL_SECTORS),
	};
	struct kcopyd_test_copy args = {
		.client = client,
		.regions = (uintptr_t)regions,
		.nr_dests = 1,
		.nr_jobs = SMALL_JOBS,
		.stride = SMALL_SECTORS,
		.results = (uintptr_t)results,
	};

	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_COPY, &args), 0);
}

static void expect_small_ios(const char *path, unsigned int op)
{
	const struct kcopyd_device_stats seen = device_seen(path, op);

	cr_assert_eq(seen.ios, SMALL_JOBS, "%s: %llu", path, seen.ios);
	cr_assert_eq(seen.bytes, SMALL_JOBS * SMALL_SECTORS * SECTOR);
	cr_assert_eq(seen.direct, 0);
	cr_assert_eq(counted(&seen.lat), SMALL_JOBS);
}

RIG_TEST(observe, small_jobs_of_a_kernel_client_are_counted_together)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[SMALL_JOBS];
	struct kcopyd_client_stats seen;
	uint32_t client;

	ctl_load();
	kjob_disks(caller, 1, (struct test_disk_options){});
	client = client_create(caller, 64);
	small_jobs(caller, client, "/dev/kt-d0", results);
	for (unsigned int i = 0; i < SMALL_JOBS; i++)
		cr_assert_eq(results[i].write_err, 0);
	cr_assert_eq(jobs_seen(), 0);
	seen = client_seen();
	cr_assert_eq(seen.jobs, SMALL_JOBS);
	cr_assert_eq(seen.bytes, SMALL_JOBS * SMALL_SECTORS * SECTOR);
	cr_assert_eq(seen.failed, 0);
	cr_assert_eq(counted(&seen.time), SMALL_JOBS);
	cr_assert_leq(seen.time.min_ns, seen.time.max_ns);
	expect_small_ios("/dev/kt-src", KCOPYD_OP_READ);
	expect_small_ios("/dev/kt-d0", KCOPYD_OP_WRITE);
	/* Who has gone is still there to be seen. */
	client_destroy(caller, client);
	cr_assert_eq(client_seen().jobs, SMALL_JOBS);
	expect_no_losses();
	close(caller);
}

RIG_TEST(observe_rows, failed_small_jobs_are_counted_with_their_client)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[SMALL_JOBS];
	struct kcopyd_client_stats seen;
	unsigned int failed = 0;

	ctl_load();
	/* Neighbours that were merged would fail with it. */
	kjob_disks(caller, 1, (struct test_disk_options){ .no_merges = true });
	test_disk_bad(caller, "d0", 1 << KCOPYD_TEST_WRITE, 80, 16);
	small_jobs(caller, client_create(caller, 64), "/dev/kt-d0", results);
	for (unsigned int i = 0; i < SMALL_JOBS; i++)
		failed += !!results[i].write_err;
	seen = client_seen();
	cr_assert_eq(failed, 2, "%u failed", failed);
	cr_assert_eq(seen.jobs, SMALL_JOBS);
	cr_assert_eq(seen.failed, failed);
	cr_assert_eq(seen.write_errs, failed);
	cr_assert_eq(seen.read_errs, 0);
	cr_assert_gt(device_seen("/dev/kt-d0", KCOPYD_OP_WRITE).errors, 0);
	expect_no_losses();
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
	cr_assert_eq(jobs_seen(), 1);
	cr_assert_eq(device_seen("/dev/kt-d0", KCOPYD_OP_WRITE).bytes, MIB);
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
	reads = device_seen("/dev/kt-a", KCOPYD_OP_READ);
	writes = device_seen("/dev/kt-a", KCOPYD_OP_WRITE);
	cr_assert_eq(reads.bytes, CALLS * sizeof(buffer));
	cr_assert_eq(writes.bytes, CALLS * sizeof(buffer));
	cr_assert_eq(reads.direct, reads.ios);
	cr_assert_eq(writes.direct, writes.ios);
	cr_assert_eq(counted(&reads.lat), reads.ios);
	cr_assert_eq(jobs_seen(), 0);
	expect_no_losses();
	close(caller);
}

/* ---- losses --------------------------------------------------------------- */

/* Keys that no job, device or client has. */
static void map_fill(const char *pin, size_t key_size, size_t value_size,
		     unsigned int nr)
{
	char key[32] = {}, *value = calloc(1, value_size);
	int fd = bpf_obj_get(pin);

	cr_assert_geq(fd, 0, "%s: %m", pin);
	memset(key, 0xff, key_size);
	for (unsigned int i = 0; i < nr; i++) {
		memcpy(key, &i, sizeof(i));
		cr_assert_eq(bpf_map_update_elem(fd, key, value, BPF_ANY), 0,
			     "%s: row %u: %m", pin, i);
	}
	close(fd);
	free(value);
}

static void fill_all_maps(void)
{
	map_fill(KCOPYD_PIN_JOBS, sizeof(uint64_t),
		 sizeof(struct kcopyd_job_stats), KCOPYD_STATS_MAX_JOBS);
	map_fill(KCOPYD_PIN_REGIONS, sizeof(struct kcopyd_region_key),
		 sizeof(struct kcopyd_region_stats), KCOPYD_STATS_MAX_REGIONS);
	map_fill(KCOPYD_PIN_DEVICES, sizeof(struct kcopyd_device_key),
		 sizeof(struct kcopyd_device_stats), KCOPYD_STATS_MAX_DEVICES);
	map_fill(KCOPYD_PIN_CLIENTS, sizeof(uint64_t),
		 sizeof(struct kcopyd_client_stats), KCOPYD_STATS_MAX_CLIENTS);
	map_fill(KCOPYD_PIN_HEAT, sizeof(struct kcopyd_heat_key),
		 sizeof(struct kcopyd_heat_stats), KCOPYD_HEAT_MAX_ROWS);
}

RIG_TEST(observe_rows, what_full_maps_do_not_take_is_counted)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[SMALL_JOBS];
	struct run run;

	ctl_load();
	kjob_disks(caller, 1, (struct test_disk_options){});
	fill_all_maps();
	small_jobs(caller, client_create(caller, 64), "/dev/kt-d0", results);
	close(caller);
	null_create("a", (struct null_options){ .mib = 4 });
	null_create("b", (struct null_options){ .mib = 4 });
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-a",
		.dests[0].path = "/dev/kt-b",
		.length = 4 * MIB,
	});
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_LOST_JOBS), 1);
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_LOST_REGIONS), 2);
	cr_assert_gt(counter_seen(KCOPYD_COUNTER_LOST_IOS), 0);
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_LOST_CLIENTS), SMALL_JOBS);
	cr_assert_gt(counter_seen(KCOPYD_COUNTER_LOST_DEVICES), 2 * SMALL_JOBS);
	cr_assert_gt(counter_seen(KCOPYD_COUNTER_LOST_HEAT), 0);
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_FINISHED), SMALL_JOBS + 1);
	run = ctl_run("stats", "--last", "1");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "not counted"), "%s", run.out);
	run_free(&run);
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
	cr_assert_eq(counter_seen(KCOPYD_COUNTER_FINISHED), 1);
	cr_assert_eq(jobs_seen(), 0);
	cr_assert_gt(counter_seen(KCOPYD_COUNTER_LOST_IOS), 0);
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
