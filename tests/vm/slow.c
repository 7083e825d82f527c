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

/* Regions @from..@to have so many bytes. */
static bool are_done(int kcopyd, uint64_t job, unsigned int from,
		     unsigned int to, uint64_t bytes)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	for (unsigned int i = from; i <= to; i++)
		if (regions[i].bytes < bytes)
			return false;
	return true;
}

static bool fast_are_done(int kcopyd, uint64_t job)
{
	return are_done(kcopyd, job, 1, NR_FAST, size());
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

static uint64_t time_alone(int kcopyd, const struct job_plan *plan)
{
	struct job_result result;
	uint64_t job, alone;

	alone = time_of_fast(kcopyd, plan, &job);
	result = job_wait(kcopyd, job);
	expect_done(&result, NR_FAST);
	cr_assert_eq(result.regions[0].bytes, size(), "somebody was uncoupled");
	return alone;
}

/* The slow one is let go as soon as the fast ones have all. */
static uint64_t time_beside(int kcopyd, const struct job_plan *plan)
{
	uint64_t job, beside, slow_bytes;
	struct job_result result;

	beside = time_of_fast(kcopyd, plan, &job);
	slow_bytes = bytes_of(kcopyd, job, 1 + NR_FAST);
	cr_assert_lt(slow_bytes, size() / 4, "it was not slow");
	delay_change("slow", 0);
	result = job_wait(kcopyd, job);
	expect_done(&result, NR_FAST + 1);
	return beside;
}

/* Tenths; the debug kernel is not there to be fast. */
static bool is_held_up(uint64_t alone, uint64_t beside)
{
	return beside > alone * rig_scaled(11, 20) / 10;
}

/*
 * The delay is chosen so that the slow one would need ten times as long, with
 * the whole window of 8 MiB in flight. Both times are taken anew while the
 * machine under the test may have been busy with something else.
 */
RIG_TEST(slow, three_fast_ones_are_not_held_up_by_one_ten_times_slower)
{
	struct job_plan plan = { 0 }, with_slow;
	int kcopyd = job_device_open(0);
	uint64_t alone = 0, beside = 0;
	unsigned int ms;

	fast_create(&plan);
	with_slow = plan;
	with_slow.dests[NR_FAST].path = delayed_create("slow", DEST, 0);
	for (unsigned int turn = 0; turn < 10; turn++) {
		alone = time_alone(kcopyd, &plan);
		ms = 10 * alone * 8 * MIB / size();
		delay_change("slow", ms);
		beside = time_beside(kcopyd, &with_slow);
		cr_log_info("%lu ms, beside a slow one %lu ms\n", alone,
			    beside);
		if (!is_held_up(alone, beside))
			break;
	}
	cr_assert_not(is_held_up(alone, beside),
		      "%lu ms beside a slow one, %lu ms without", beside,
		      alone);
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

/*
 * What it has in flight, for 64 in little pieces, is all that the client may
 * have beside its pages.
 */
RIG_TEST(slow, a_blocked_one_holds_up_nobody_where_little_is_to_be_had)
{
	struct job_plan plan = {
		JOB_NO_SOURCE, .length = MIB, .chunk = 4096,
		.depth = 64,   .memory = MIB,
	};
	int kcopyd = job_device_open(0), wide;
	struct job_result result;
	uint64_t job;

	null_create("wide", (struct null_options){ .mib = KCOPYD_MAX_DESTS });
	null_create("one", (struct null_options){ .mib = 1 });
	data_fill("/dev/kt-wide", DEST);
	data_fill("/dev/kt-one", DEST);
	plan.dests[0].path =
		dm_create("held", "0 %llu linear /dev/kt-one 0", MIB / SECTOR);
	wide = device_open("/dev/kt-wide", O_RDWR | O_EXCL);
	for (unsigned int i = 1; i < KCOPYD_MAX_DESTS; i++)
		plan.dests[i] = (struct job_place){ .path = "wide",
						    .fd = wide,
						    .offset = i * MIB };
	dm_suspend("held");
	job = job_start(kcopyd, &plan);
	rig_wait_for(are_done(kcopyd, job, 2, KCOPYD_MAX_DESTS, MIB), 120,
		     "the others");
	cr_assert_eq(bytes_of(kcopyd, job, 1), 0);
	dm_resume("held");
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, 0);
	data_expect_zeroes("/dev/kt-one", 0, MIB);
	data_expect_zeroes("/dev/kt-wide", MIB, (KCOPYD_MAX_DESTS - 1) * MIB);
	data_expect("/dev/kt-wide", 0, MIB, DEST, 0);
	close(wide);
	close(kcopyd);
}

/* Blocked for long enough that everybody has seen it. */
static uint64_t start_beside_blocked(int kcopyd, struct job_plan *plan)
{
	fast_create(plan);
	plan->dests[NR_FAST].path = laps_create("slow", DEST);
	dm_suspend("slow-laps");
	return job_start(kcopyd, plan);
}

RIG_TEST(slow, a_slow_one_is_dropped_when_asked)
{
	struct job_plan plan = { .on_slow = KCOPYD_SLOW_DROP };
	int kcopyd = job_device_open(0);
	uint64_t job = start_beside_blocked(kcopyd, &plan), untried = 0;
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;
	struct job_result result;

	rig_wait_for(fast_are_done(kcopyd, job), 120, "the fast ones");
	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	cr_assert_eq(regions[1 + NR_FAST].flags, KCOPYD_REGION_DETACHED);
	cr_assert_eq(status.write_err, 1 << NR_FAST);
	dm_resume("slow-laps");
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 1 << NR_FAST);
	cr_assert_eq(result.complete, (1 << NR_FAST) - 1);
	cr_assert_eq(result.regions[1 + NR_FAST].code, -ETIMEDOUT);
	cr_assert_eq(result.regions[0].bytes, size());
	for (unsigned int i = 0; i < result.nr_extents; i++) {
		cr_assert_eq(result.extents[i].region, 1 + NR_FAST);
		cr_assert_eq(result.extents[i].kind, KCOPYD_EXTENT_UNTRIED);
		cr_assert_eq(result.extents[i].error, -ETIMEDOUT);
		untried += result.extents[i].length;
	}
	/* What it got and what it was not given are all there is. */
	cr_assert_eq(result.regions[1 + NR_FAST].bytes + untried, size());
	data_expect_equal("/dev/kt-src", "/dev/kt-f0");
	close(kcopyd);
}

static uint64_t most_of_fast(int kcopyd, uint64_t job)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;
	uint64_t most = 0;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	for (unsigned int i = 1; i <= NR_FAST; i++)
		if (regions[i].bytes > most)
			most = regions[i].bytes;
	return most;
}

/* The others get no further than what may be in flight. */
static void expect_all_wait(struct job_plan *plan)
{
	int kcopyd = job_device_open(0);
	uint64_t job = start_beside_blocked(kcopyd, plan);
	struct job_result result;

	rig_sleep_ms(rig_scaled(1500, 5000));
	cr_assert_leq(most_of_fast(kcopyd, job), 16 * MIB);
	dm_resume("slow-laps");
	result = job_wait(kcopyd, job);
	expect_done(&result, NR_FAST + 1);
	cr_assert_eq(result.regions[0].bytes, size(),
		     "the source was read more than once");
	expect_all_equal("/dev/kt-slow");
	close(kcopyd);
}

RIG_TEST(slow, the_others_wait_when_asked)
{
	struct job_plan plan = { .on_slow = KCOPYD_SLOW_WAIT };

	expect_all_wait(&plan);
}

RIG_TEST(slow, a_source_whose_errors_are_skipped_is_read_once)
{
	struct job_plan plan = { .flags = KCOPYD_SUBMIT_SKIP_BAD };

	expect_all_wait(&plan);
}

/* The devices complete within the submission: the worker never waits. */
RIG_TEST(slow, a_paced_job_goes_on_beside_one_that_has_no_limit)
{
	struct job_plan busy = { 0 }, paced;
	int kcopyd = job_device_open(0);
	uint64_t last = size() - lap_mib() * MIB, job, other, start;
	const uint64_t rate = 8 * MIB;

	busy.source.path = strdup(laps_create("src", SOURCE));
	busy.dests[0].path = laps_create("f0", DEST);
	/* Once for both: it is opened exclusively. */
	busy.dests[0].fd = device_open(busy.dests[0].path, O_RDWR | O_EXCL);
	paced = busy;
	busy.length = last;
	paced.source.offset = last;
	paced.dests[0].offset = last;
	paced.length = lap_mib() * MIB;
	paced.rate = rate;
	job = job_start(kcopyd, &busy);
	start = rig_now_ms();
	other = job_start(kcopyd, &paced);
	rig_wait_for(job_state(kcopyd, job) == KCOPYD_STATE_DONE, 120,
		     "the end of the other");
	start = rig_now_ms() - start;
	cr_log_info("%lu KiB in %lu ms\n", bytes_of(kcopyd, other, 1) >> 10,
		    start);
	/* Half of it, but for the time of its start. */
	if (start > 250)
		cr_assert_geq(bytes_of(kcopyd, other, 1),
			      rate * (start - 250) / 1000 / 2);
	cr_assert_eq(job_limit(kcopyd, other, 0, 0, 0), 0);
	job_wait(kcopyd, other);
	data_expect_equal("/dev/kt-src", "/dev/kt-f0");
	close(kcopyd);
}
