// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rest of the system has to say: suspend, and a cgroup's limits. */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "job.h"

TestSuite(system, RIG_SUITE);

#define SOURCE 51
#define DEST 52

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text),
		     "%s: %s", path, strerror(errno));
	close(fd);
}

static void disks_create(unsigned int mib)
{
	data_fill(null_create("src", (struct null_options){ .mib = mib }),
		  SOURCE);
	data_fill(null_create("dst", (struct null_options){ .mib = mib }),
		  DEST);
}

static uint64_t bytes_written(int kcopyd, uint64_t job)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	return regions[1].bytes;
}

/* ---- suspend -------------------------------------------------------------- */

#define RATE (8 * MIB)
#define FROZEN_S 3

/*
 * Everything is frozen as for suspend and goes on after some seconds, which the
 * kernel counts by spinning: in an emulated machine they may be short ones.
 */
static void freeze_the_system(void)
{
	char seconds[8];

	snprintf(seconds, sizeof(seconds), "%u", FROZEN_S);
	write_file("/sys/module/suspend/parameters/pm_test_delay", seconds);
	write_file("/sys/power/pm_test", "freezer");
	write_file("/sys/power/state", "freeze");
	write_file("/sys/power/pm_test", "none");
}

static void skip_if_it_cannot_be_frozen(void)
{
	if (access("/sys/power/pm_test", W_OK))
		cr_skip_test("this kernel can't be suspended as a test");
}

RIG_TEST(system, a_job_pauses_while_the_system_is_suspended)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = 128 * MIB,
		.rate = RATE,
	};
	int kcopyd = job_device_open(0);
	uint64_t job, before, after, start;
	struct job_result result;

	skip_if_it_cannot_be_frozen();
	disks_create(128);
	job = job_start(kcopyd, &plan);
	rig_wait_for(bytes_written(kcopyd, job), 30, "the first bytes");
	before = bytes_written(kcopyd, job);
	start = rig_now_ms();
	freeze_the_system();
	after = bytes_written(kcopyd, job);
	start = rig_now_ms() - start;
	cr_assert_geq(start, FROZEN_S * 1000ULL / 3, "it was not suspended");
	cr_assert_leq(after - before, RATE * start / 1000 / 2,
		      "%lu KiB in %lu ms, most of which it was suspended",
		      (after - before) / 1024, start);
	rig_wait_for(bytes_written(kcopyd, job) > after, 30, "it to go on");
	cr_assert_eq(job_limit(kcopyd, job, 0, 0, 0), 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	close(kcopyd);
}

/* It would have ended long before, and never had to wait for anything. */
RIG_TEST(system, a_job_without_a_rate_pauses_too)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = 512 * MIB,
		.chunk = 4 * KIB,
		.depth = 1,
	};
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	skip_if_it_cannot_be_frozen();
	disks_create(512);
	job = job_start(kcopyd, &plan);
	rig_wait_for(bytes_written(kcopyd, job), 30, "the first bytes");
	freeze_the_system();
	cr_assert_neq(job_state(kcopyd, job), KCOPYD_STATE_DONE,
		      "it did not pause");
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	close(kcopyd);
}

/* Its reader may be frozen before it. */
RIG_TEST(system, a_job_that_waits_for_its_reader_holds_up_no_suspend)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = MIB,
		.chunk = SECTOR,
		.checksum = KCOPYD_CHECKSUM_CRC32C,
	};
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	skip_if_it_cannot_be_frozen();
	disks_create(1);
	job = job_start(kcopyd, &plan);
	rig_sleep_ms(500);
	cr_assert_neq(job_state(kcopyd, job), KCOPYD_STATE_DONE);
	freeze_the_system();
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	cr_assert_eq(result.nr_digests, MIB / SECTOR);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	close(kcopyd);
}

/* ---- cgroups -------------------------------------------------------------- */

#define GROUPS "/tmp/kt-cgroup"
#define GROUP GROUPS "/kt"
#define GROUP_MIB_PER_S 8

static void group_create(void)
{
	mkdir(GROUPS, 0755);
	cr_assert_eq(mount("none", GROUPS, "cgroup2", 0, NULL), 0, "%s",
		     strerror(errno));
	write_file(GROUPS "/cgroup.subtree_control", "+io");
	cr_assert_eq(mkdir(GROUP, 0755), 0, "%s", strerror(errno));
}

static void group_enter(const char *group)
{
	char path[64], pid[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(path, pid);
}

static void group_limit_writes(const char *disk, unsigned int mib_per_s)
{
	char limit[64];
	struct stat st;

	cr_assert_eq(stat(disk, &st), 0);
	snprintf(limit, sizeof(limit), "%u:%u wbps=%llu", major(st.st_rdev),
		 minor(st.st_rdev), mib_per_s * MIB);
	write_file(GROUP "/io.max", limit);
}

static void group_destroy(void)
{
	group_enter(GROUPS);
	cr_assert_eq(rmdir(GROUP), 0, "%s", strerror(errno));
	cr_assert_eq(umount2(GROUPS, MNT_DETACH), 0);
}

static uint64_t time_of_copy(unsigned int mib)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = mib * MIB,
	};
	uint64_t start = rig_now_ms();

	job_run_ok(&plan);
	return rig_now_ms() - start;
}

RIG_TEST(system, the_submitters_cgroup_limits_the_copy)
{
	uint64_t outside, inside;

	disks_create(32);
	group_create();
	group_limit_writes("/dev/kt-dst", GROUP_MIB_PER_S);
	outside = time_of_copy(32);
	group_enter(GROUP);
	inside = time_of_copy(32);
	group_destroy();
	cr_log_info("32 MiB outside %lu ms, inside %lu ms\n", outside, inside);
	/* The first slice of a limit may pass at once. */
	cr_assert_gt(inside, 32 * 1000 / GROUP_MIB_PER_S * 3 / 4,
		     "%lu ms in a cgroup of %u MiB/s", inside, GROUP_MIB_PER_S);
	cr_assert_lt(outside, inside / 2,
		     "%lu ms outside the cgroup, %lu ms inside", outside,
		     inside);
}
