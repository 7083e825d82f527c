// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Destinations that can't keep up, beside others that can.
 *
 * Devices are larger than their memory: a small memory-backed one, listed over
 * and over by dm. What is written to it 16 times is the same each time, since
 * the source is made in the same way.
 */
#include <sys/ioctl.h>

#include "job.h"

TestSuite(slow, RIG_SUITE);

#define SOURCE 41
#define DEST 42
#define NR_FAST 3

/* 1 GiB; the debug kernel takes a tenth of the time for a tenth. */
static unsigned int repeats(void)
{
	return rig_scaled(16, 2);
}

static unsigned int lap_mib(void)
{
	return rig_scaled(64, 16);
}

static uint64_t size(void)
{
	return repeats() * lap_mib() * MIB;
}

/* The table of a device that lists another one over and over. */
static const char *laps_table(const char *target, const char *path,
			      const char *more)
{
	static char table[4096];
	unsigned long long sectors = lap_mib() * MIB / SECTOR;
	int at = 0;

	for (unsigned int i = 0; i < repeats(); i++)
		at += snprintf(table + at, sizeof(table) - at,
			       "%llu %llu %s %s 0%s\n", i * sectors, sectors,
			       target, path, more);
	return table;
}

static const char *laps_create(const char *name, uint64_t seed)
{
	char full[32];
	const char *path;

	path = null_create(name, (struct null_options){ .mib = lap_mib() });
	data_fill(path, seed);
	snprintf(full, sizeof(full), "%s-laps", name);
	return dm_create(full, "%s", laps_table("linear", path, ""));
}

/* Every request takes so long, though any number of them at once. */
static const char *delayed_create(const char *name, uint64_t seed,
				  unsigned int ms)
{
	char full[32], delay[16];
	const char *path;

	path = null_create(name, (struct null_options){ .mib = lap_mib() });
	data_fill(path, seed);
	snprintf(full, sizeof(full), "%s-laps", name);
	snprintf(delay, sizeof(delay), " %u", ms);
	module_probe("dm-delay", NULL);
	return dm_create(full, "%s", laps_table("delay", path, delay));
}

static void delay_change(const char *name, unsigned int ms)
{
	char full[32], path[32], delay[16];

	snprintf(full, sizeof(full), "kt-%s-laps", name);
	snprintf(path, sizeof(path), "/dev/kt-%s", name);
	snprintf(delay, sizeof(delay), " %u", ms);
	run_ok_input(laps_table("delay", path, delay), "dmsetup", "reload",
		     full);
	run_ok("dmsetup", "suspend", "--nolockfs", full);
	run_ok("dmsetup", "resume", full);
}

static void fast_create(struct job_plan *plan)
{
	static char paths[NR_FAST][64];
	char name[8];

	plan->source.path = strdup(laps_create("src", SOURCE));
	plan->length = size();
	for (unsigned int i = 0; i < NR_FAST; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		snprintf(paths[i], sizeof(paths[i]), "%s",
			 laps_create(name, DEST));
		plan->dests[i].path = paths[i];
	}
}

static bool fast_are_done(int kcopyd, uint64_t job)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	for (unsigned int i = 1; i <= NR_FAST; i++)
		if (regions[i].bytes < size())
			return false;
	return true;
}

static uint64_t bytes_of(int kcopyd, uint64_t job, unsigned int region)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	return regions[region].bytes;
}

/* Milliseconds until the fast ones have got all. */
static uint64_t time_of_fast(int kcopyd, const struct job_plan *plan,
			     uint64_t *job)
{
	uint64_t start = rig_now_ms();

	*job = job_start(kcopyd, plan);
	rig_wait_for(fast_are_done(kcopyd, *job), 120, "the fast ones");
	return rig_now_ms() - start;
}

/* The source may have been read more than once. */
static void expect_done(const struct job_result *result, unsigned int nr)
{
	cr_assert_eq(result->code, 0, "code %d", result->code);
	cr_assert_eq(result->read_err, 0);
	cr_assert_eq(result->write_err, 0);
	cr_assert_eq(result->complete, (1ULL << nr) - 1);
	for (unsigned int i = 1; i <= nr; i++)
		cr_assert_eq(result->regions[i].bytes, size());
}

static void expect_all_equal(const char *slow)
{
	data_expect_equal("/dev/kt-src", "/dev/kt-f0");
	data_expect_equal("/dev/kt-src", "/dev/kt-f1");
	data_expect_equal("/dev/kt-src", "/dev/kt-f2");
	data_expect_equal("/dev/kt-src", slow);
}

/*
 * The delay is chosen so that the slow one would need ten times as long, with
 * the whole window of 8 MiB in flight.
 */
RIG_TEST(slow, three_fast_ones_are_not_held_up_by_one_ten_times_slower)
{
	struct job_plan plan = { 0 };
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t alone, beside, job, slow_bytes;
	unsigned int ms;

	fast_create(&plan);
	alone = time_of_fast(kcopyd, &plan, &job);
	result = job_wait(kcopyd, job);
	expect_done(&result, NR_FAST);
	cr_assert_eq(result.regions[0].bytes, size(), "somebody was uncoupled");
	ms = 10 * alone * 8 * MIB / size();
	plan.dests[NR_FAST].path = delayed_create("slow", DEST, ms);
	beside = time_of_fast(kcopyd, &plan, &job);
	slow_bytes = bytes_of(kcopyd, job, 1 + NR_FAST);
	cr_log_info("alone %lu ms, beside a slow one (%u ms a request) %lu ms; "
		    "that one had %llu of %llu MiB\n",
		    alone, ms, beside, slow_bytes / MIB, size() / MIB);
	cr_assert_lt(slow_bytes, size() / 4, "it was not slow");
	cr_assert_leq(beside, alone * 11 / 10 + 50,
		      "%lu ms beside a slow one, %lu ms without", beside,
		      alone);
	delay_change("slow", 0);
	result = job_wait(kcopyd, job);
	expect_done(&result, NR_FAST + 1);
	expect_all_equal("/dev/kt-slow");
	close(kcopyd);
}

RIG_TEST(slow, a_blocked_one_holds_up_nobody)
{
	struct job_plan plan = { 0 };
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	fast_create(&plan);
	plan.dests[NR_FAST].path = laps_create("slow", DEST);
	dm_suspend("slow-laps");
	job = job_start(kcopyd, &plan);
	rig_wait_for(fast_are_done(kcopyd, job), 120, "the fast ones");
	cr_assert_eq(bytes_of(kcopyd, job, 1 + NR_FAST), 0);
	dm_resume("slow-laps");
	result = job_wait(kcopyd, job);
	expect_done(&result, NR_FAST + 1);
	expect_all_equal("/dev/kt-slow");
	close(kcopyd);
}
