// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks of device-mapper that are suspended under a job, at any moment. */
#include <linux/dm-ioctl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "race.h"

TestSuite(race_suspend, RACE_SUITE);

enum { SIZE_MIB = 2 };

static const struct null_options slow = { .mib = SIZE_MIB, .latency_us = 500 };

static const struct job_plan plan = {
	.source.path = "/dev/mapper/kt-from",
	.dests = { { .path = "/dev/mapper/kt-to" },
		   { .path = "/dev/kt-other" } },
	.length = SIZE_MIB * MIB,
	.chunk = 64 * KIB,
	.depth = 2,
};

/* What it takes undisturbed, in microseconds. */
static unsigned int full_us;

static void dests_fill(void)
{
	data_fill("/dev/kt-dst", RACE_DEST);
	data_fill("/dev/kt-other", RACE_DEST + 1);
}

static void disks_create(void)
{
	const unsigned int sectors = SIZE_MIB * MIB / SECTOR;
	uint64_t begin;

	data_fill(null_create("src", slow), RACE_SOURCE);
	null_create("dst", slow);
	null_create("other", slow);
	dm_create("from", "0 %u linear /dev/kt-src 0\n", sectors);
	dm_create("to", "0 %u linear /dev/kt-dst 0\n", sectors);
	job_run_ok(&plan);
	begin = race_now_us();
	job_run_ok(&plan);
	full_us = race_now_us() - begin;
	dests_fill();
}

/**
 * struct swing - a disk that is suspended and resumed
 * @name: of it
 * @seed: of when
 * @control: of device-mapper
 * @error: errno of what went wrong
 * @times: it was suspended
 */
struct swing {
	const char *name;
	unsigned int seed;
	int control;
	int error;
	unsigned int times;
};

/* At once, unlike the tool that does the same. */
static void switch_to(struct swing *swing, unsigned int flags)
{
	struct dm_ioctl args = {
		.version = { DM_VERSION_MAJOR, 0, 0 },
		.data_size = sizeof(args),
		.data_start = sizeof(args),
		.flags = flags,
	};

	strcpy(args.name, swing->name);
	if (ioctl(swing->control, DM_DEV_SUSPEND, &args))
		swing->error = errno;
}

/* In any of the ways it can be done. */
static void suspend(struct swing *swing)
{
	const unsigned int flags = rand_r(&swing->seed);

	switch_to(swing, DM_SUSPEND_FLAG |
				 (flags & 4 ? DM_SKIP_LOCKFS_FLAG : 0) |
				 (flags & 8 ? DM_NOFLUSH_FLAG : 0));
	swing->times++;
}

static void resume(struct swing *swing)
{
	switch_to(swing, 0);
}

static struct swing swing_create(const char *name)
{
	return (struct swing){
		.name = name,
		.seed = race_pick(1 << 30),
		.control = device_open("/dev/mapper/control", O_RDWR),
	};
}

static void swing_destroy(struct swing *swing)
{
	close(swing->control);
	cr_assert_eq(swing->error, 0, "%s: %s", swing->name,
		     strerror(swing->error));
}

static void swing_on(struct rival *rival)
{
	struct swing *swing = rival->context;

	while (!atomic_load(&rival->stop)) {
		suspend(swing);
		race_wait_us(rand_r(&swing->seed) % 3000);
		resume(swing);
		race_wait_us(rand_r(&swing->seed) % 8000);
	}
}

RIG_TEST(race_suspend, a_job_whose_disks_are_suspended_again_and_again_is_whole)
{
	unsigned int times = 0;

	disks_create();
	race_begin(8, 4);
	while (race_goes_on()) {
		struct swing swings[] = { swing_create("kt-from"),
					  swing_create("kt-to") };
		struct rival rivals[ARRAY_SIZE(swings)];
		struct job_plan verified = plan;
		int kcopyd = job_device_open(0);
		const struct report *report;

		if (race_one_in(2))
			verified.flags = KCOPYD_SUBMIT_VERIFY;
		for (unsigned int i = 0; i < ARRAY_SIZE(swings); i++) {
			rivals[i] = (struct rival){ .act = swing_on,
						    .context = &swings[i] };
			rival_start(&rivals[i]);
		}
		report = report_of(kcopyd, job_start(kcopyd, &verified));
		race_expect_free(plan.dests[1].path);
		for (unsigned int i = 0; i < ARRAY_SIZE(swings); i++) {
			rival_end(&rivals[i]);
			times += swings[i].times;
			swing_destroy(&swings[i]);
		}
		race_expect_free(plan.dests[0].path);
		cr_assert_eq(report->status.code, 0);
		cr_assert_eq(report->status.complete, 3);
		for (unsigned int i = 0; i < 2; i++)
			race_expect_data(report, 1 + i, plan.dests[i].path,
					 RACE_DEST + i);
		free((void *)report);
		close(kcopyd);
		dests_fill();
	}
	cr_log_info("%u times suspended", times);
	cr_assert_gt(times, race_rounds());
}

/*
 * What is in no extent is there, when nothing is held any more. Returns whether
 * it was cancelled.
 */
static bool expect_end(const struct report *report)
{
	const int code = report->status.code;

	cr_assert(!code || code == -ECANCELED, "code %d", code);
	for (unsigned int i = 0; i < 2; i++) {
		race_expect_free(plan.dests[i].path);
		cr_assert_eq(
			report->regions[1 + i].bytes +
				SECTOR * race_expect_data(report, 1 + i,
							  plan.dests[i].path,
							  RACE_DEST + i),
			plan.length);
	}
	return code;
}

RIG_TEST(race_suspend, a_cancel_beside_a_suspend_ends_after_the_resume)
{
	unsigned int stuck = 0, cancelled = 0;

	disks_create();
	race_begin(15, 6);
	while (race_goes_on()) {
		struct swing swing =
			swing_create(race_one_in(2) ? "kt-from" : "kt-to");
		const unsigned int timeout = race_pick(20);
		int kcopyd = job_device_open(0), ret;
		const struct report *report;
		uint64_t job;

		job = job_start(kcopyd, &plan);
		race_wait_us(race_moment(full_us));
		suspend(&swing);
		race_wait_us(race_moment(2000));
		ret = job_cancel(kcopyd, job, timeout);
		cr_assert(!ret || ret == -EINPROGRESS, "%d", ret);
		stuck += !!ret;
		resume(&swing);
		report = report_of(kcopyd, job);
		swing_destroy(&swing);
		cancelled += expect_end(report);
		free((void *)report);
		close(kcopyd);
		dests_fill();
	}
	cr_log_info("%u of %u were cancelled, %u not before the resume",
		    cancelled, race_rounds(), stuck);
	cr_assert_gt(stuck, 0, "the suspended disk was in nobody's way");
}

/* Who dies does not wait, what is left drains. */
RIG_TEST(race_suspend,
	 a_kill_beside_a_suspend_leaves_what_ends_after_the_resume)
{
	unsigned int drained = 0;

	disks_create();
	race_begin(15, 6);
	while (race_goes_on()) {
		struct swing swing =
			swing_create(race_one_in(2) ? "kt-from" : "kt-to");
		int kcopyd = job_device_open(0), status;
		uint64_t job = job_start(kcopyd, &plan);
		pid_t pid = fork();

		cr_assert_geq(pid, 0);
		if (!pid)
			for (;;)
				pause();
		close(kcopyd);
		race_wait_us(race_moment(full_us));
		if (race_one_in(2))
			kill(pid, SIGKILL);
		suspend(&swing);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		race_wait_us(race_moment(2000));
		drained += job_info_now().draining;
		resume(&swing);
		rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
		swing_destroy(&swing);
		expect_end(race_report(job));
		dests_fill();
	}
	cr_log_info("%u of %u drained", drained, race_rounds());
	cr_assert_gt(drained, 0, "the suspended disk was in nobody's way");
}
