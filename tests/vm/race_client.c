// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a kernel client beside its callbacks, jobs and handles. */
#include "kcopyd_jobs.h"
#include "race.h"

TestSuite(race_client, RACE_SUITE);

enum {
	JOBS = 24,
	DESTS = 2,
	SLOT = 64, /* sectors of each disk for each job */
	SIZE_MIB = 1,
	MOST_US = 20000, /* all jobs are over by then, mostly */
};

/**
 * struct small - a job of a slot
 * @job: the job
 * @has_handle: it was not put, and there is one only
 * @resubmits: times that its callback submits it again
 */
struct small {
	struct kjob job;
	bool has_handle;
	unsigned int resubmits;
};

static struct kcopyd_test_region regions[1 + DESTS];

static void disks_create(int caller)
{
	kjob_disks(caller, DESTS,
		   (struct test_disk_options){
			   .mib = SIZE_MIB,
			   .completion = KCOPYD_TEST_DISK_INTERRUPT,
		   });
	regions[0] = caller_region("/dev/kt-src", 0, SLOT);
	for (unsigned int i = 0; i < DESTS; i++)
		regions[1 + i] = caller_region(kjob_path(i), 0, SLOT);
}

static void start(int caller, uint32_t client, struct small *small,
		  unsigned int number)
{
	struct kcopyd_test_submit args = {
		.client = client,
		.chunk = 8 << race_pick(4),
		.sleep_us = race_one_in(4) ? race_pick(500) : 0,
		.how = race_one_in(4) ? KCOPYD_TEST_PUT_EARLY : 0,
		.resubmit = race_one_in(4) ? race_pick(4) : 0,
	};

	for (unsigned int i = 0; i <= DESTS; i++)
		regions[i].sector = (uint64_t)number * SLOT;
	*small = (struct small){
		.job = kjob_start(caller, args, regions, DESTS),
		.has_handle = !args.how && !args.resubmit,
		.resubmits = args.resubmit,
	};
}

static void start_all(int caller, uint32_t client, struct small small[JOBS])
{
	for (unsigned int i = 0; i < JOBS; i++)
		start(caller, client, &small[i], i);
}

/* Whatever is on the disks is whole slots or nothing. */
static void expect_slots(unsigned int number, bool copied)
{
	const uint64_t at = (uint64_t)number * SLOT * SECTOR;

	for (unsigned int i = 0; i < DESTS; i++)
		data_expect(kjob_path(i), at, SLOT * SECTOR,
			    copied ? KJOB_SOURCE : KJOB_DEST + i,
			    (uint64_t)number * SLOT);
}

static void dests_fill(void)
{
	for (unsigned int i = 0; i < DESTS; i++)
		data_fill(kjob_path(i), KJOB_DEST + i);
}

static void expect_destroyed(const struct kcopyd_test_client *destroyed)
{
	cr_assert_eq(destroyed->missing, 0, "%u callbacks came later",
		     destroyed->missing);
	cr_assert_eq(destroyed->extra, 0);
	cr_assert_leq(destroyed->most_at_once, 1);
}

static void put_all(struct small small[JOBS])
{
	for (unsigned int i = 0; i < JOBS; i++)
		if (small[i].has_handle)
			kjob_put(small[i].job);
}

RIG_TEST(race_client, destroying_waits_for_every_callback_whenever_it_comes)
{
	int caller = caller_open();
	struct small small[JOBS];
	unsigned int unfinished = 0;

	disks_create(caller);
	race_begin(30, 8);
	while (race_goes_on()) {
		uint32_t client = client_create(caller, 1 + race_pick(64));
		const unsigned int moment = race_moment(MOST_US);
		struct kcopyd_test_client destroyed;

		start_all(caller, client, small);
		race_wait_us(moment);
		destroyed = client_destroy(caller, client);
		expect_destroyed(&destroyed);
		unfinished += destroyed.unfinished;
		for (unsigned int i = 0; i < JOBS; i++) {
			const struct kcopyd_test_result result =
				kjob_look(small[i].job, 0);

			cr_assert_eq(result.code, 0);
			cr_assert_eq(result.callbacks, 1 + small[i].resubmits);
			expect_slots(i, true);
		}
		put_all(small);
		dests_fill();
	}
	cr_log_info("%u callbacks were still to come", unfinished);
}

/* ---- handles --------------------------------------------------------------- */

/**
 * struct steering - of a client's jobs, by a rival
 * @small: the jobs
 * @caller: another descriptor would not know them
 * @seed: of what it does
 * @cancelled: bit i: job i was cancelled, maybe too late
 * @failed: calls that went wrong
 */
struct steering {
	struct small *small;
	int caller;
	unsigned int seed;
	uint32_t cancelled;
	unsigned int failed;
};

/* Only of those with a handle; none is left paused. */
static void steer_one(struct steering *steering, unsigned int i)
{
	struct kcopyd_test_steer args = {
		.job = steering->small[i].job.number,
	};

	switch (rand_r(&steering->seed) % 3) {
	case 0:
		args.op = KCOPYD_TEST_JOB_CANCEL;
		steering->cancelled |= 1U << i;
		break;
	case 1:
		args.op = KCOPYD_TEST_JOB_PAUSE;
		break;
	default:
		args.op = KCOPYD_TEST_JOB_LIMIT;
		args.limits.depth = 1 + rand_r(&steering->seed) % 4;
	}
	steering->failed +=
		!!caller_ioctl(steering->caller, KCOPYD_TEST_STEER, &args);
	args.op = KCOPYD_TEST_JOB_RESUME;
	steering->failed +=
		!!caller_ioctl(steering->caller, KCOPYD_TEST_STEER, &args);
}

static void steer(struct rival *rival)
{
	struct steering *steering = rival->context;

	while (!atomic_load(&rival->stop)) {
		const unsigned int i = rand_r(&steering->seed) % JOBS;

		if (steering->small[i].has_handle)
			steer_one(steering, i);
	}
}

/* A handle outlives its client, and is good for every call after it. */
RIG_TEST(race_client, handles_are_good_while_and_after_their_client_goes)
{
	int caller = caller_open();
	struct small small[JOBS];

	disks_create(caller);
	race_begin(20, 6);
	while (race_goes_on()) {
		uint32_t client = client_create(caller, 1 + race_pick(64));
		struct steering steering = { .small = small,
					     .caller = caller,
					     .seed = race_pick(1 << 30) };
		struct rival rival = { .act = steer, .context = &steering };
		struct kcopyd_test_client destroyed;
		const unsigned int moment = race_moment(MOST_US);

		start_all(caller, client, small);
		rival_start(&rival);
		race_wait_us(moment);
		destroyed = client_destroy(caller, client);
		race_wait_us(race_moment(2000));
		rival_end(&rival);
		expect_destroyed(&destroyed);
		cr_assert_eq(steering.failed, 0);
		for (unsigned int i = 0; i < JOBS; i++) {
			const int code = kjob_look(small[i].job, 0).code;

			if (!code)
				expect_slots(i, true);
			else
				cr_assert(code == -ECANCELED &&
					  steering.cancelled & 1U << i);
		}
		put_all(small);
		dests_fill();
	}
}

/* ---- a caller that dies ---------------------------------------------------- */

static void expect_old_or_new(unsigned int number)
{
	static char is[SLOT * SECTOR] __attribute__((aligned(4096)));
	static char source[SLOT * SECTOR], old[SLOT * SECTOR];
	const uint64_t first = (uint64_t)number * SLOT;

	data_make(source, sizeof(source), KJOB_SOURCE, first);
	for (unsigned int i = 0; i < DESTS; i++) {
		int fd = device_open(kjob_path(i), O_RDONLY | O_DIRECT);

		data_make(old, sizeof(old), KJOB_DEST + i, first);
		cr_assert_eq(pread(fd, is, sizeof(is), first * SECTOR),
			     (ssize_t)sizeof(is), "%m");
		close(fd);
		for (size_t at = 0; at < sizeof(is); at += SECTOR)
			cr_assert(!memcmp(is + at, source + at, SECTOR) ||
					  !memcmp(is + at, old + at, SECTOR),
				  "sector %llu is foreign",
				  first + at / SECTOR);
	}
}

/*
 * It cancels the jobs that it has handles of, destroys its clients and puts the
 * handles, with callbacks on their way.
 */
RIG_TEST(race_client, a_caller_can_close_at_any_moment)
{
	int disks = caller_open();
	struct small small[JOBS];

	disks_create(disks);
	race_begin(20, 6);
	while (race_goes_on()) {
		const unsigned int most = 1 + race_pick(JOBS);
		int caller = caller_open();
		uint32_t client = 0;
		uint64_t sum;

		for (unsigned int i = 0; i < most; i++) {
			if (i % 8 == 0)
				client = client_create(caller,
						       1 + race_pick(64));
			start(caller, client, &small[i], i);
		}
		race_wait_us(race_moment(MOST_US / 2));
		close(caller);
		sum = data_sum(kjob_path(0));
		for (unsigned int i = 0; i < JOBS; i++)
			if (i < most && small[i].has_handle)
				expect_old_or_new(i);
			else
				expect_slots(i, i < most);
		cr_assert_eq(data_sum(kjob_path(0)), sum,
			     "somebody still writes");
		dests_fill();
	}
}
