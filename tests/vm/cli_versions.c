// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After an upgrade: a kcopyctl of another version meets the module that was
 * loaded before, perhaps with a job running. It must say so, ask nothing of the
 * module, and leave the job alone.
 */
#include "ctl.h"
#include "job.h"

TestSuite(cli_versions, RIG_SUITE);

#define MIB_OF_DISK 16
#define SRC "/dev/kt-src"
#define DST "/dev/kt-d0"
#define LEN_OF_PATH 512

/* The same program, but for the version of the ABI that it speaks. */
static const char *other(const char *which)
{
	static char path[LEN_OF_PATH];

	snprintf(path, sizeof(path), "%s-%s", getenv("KCOPYD_CTL"), which);
	cr_assert_eq(access(path, X_OK), 0, "%s: %m", path);
	return path;
}

static void expect_refused(const char *which, const char *verb,
			   const char *operand)
{
	struct run run = run_any(other(which), verb, operand);

	cr_assert_eq(run.status, CTL_ENVIRONMENT, "%s: %d: %s", verb,
		     run.status, run.err);
	cr_assert_str_eq(run.out, "", "%s", verb);
	cr_assert_not_null(strstr(run.err, "kcopyctl unload"), "%s: %s", verb,
			   run.err);
	run_free(&run);
}

static void disks_create(void)
{
	const struct null_options options = { .mib = MIB_OF_DISK };

	data_fill(null_create("src", options), 1);
	null_create("d0", options);
}

static void expect_job_left_alone(const char *which)
{
	char number[32];
	uint64_t job;

	disks_create();
	ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--detach", "--limit=4M",
		   SRC, DST);
	job = ctl_last_job();
	snprintf(number, sizeof(number), "%lu", job);
	expect_refused(which, "jobs", "--json");
	expect_refused(which, "show", number);
	expect_refused(which, "cancel", number);
	expect_refused(which, "pause", number);
	ctl_expect(CTL_COMPLETE, "limit", "--rate=none", number);
	ctl_expect(CTL_COMPLETE, "wait", "--quiet", number);
	data_expect_equal(SRC, DST);
}

RIG_TEST(cli_versions, an_earlier_one_leaves_a_job_of_the_module_alone)
{
	expect_job_left_alone("earlier");
}

RIG_TEST(cli_versions, a_later_one_leaves_a_job_of_the_module_alone)
{
	expect_job_left_alone("later");
}

static void expect_no_copy(const char *which)
{
	struct run run;

	run = run_any(other(which), "copy", "--quiet", SRC, DST);
	cr_assert_eq(run.status, CTL_ENVIRONMENT, "%s", run.err);
	run_free(&run);
	data_expect_zeroes(DST, 0, MIB_OF_DISK * MIB);
}

RIG_TEST(cli_versions, no_other_one_copies)
{
	disks_create();
	expect_no_copy("earlier");
	expect_no_copy("later");
}

/* The way out: the module can be taken away, and the right one be loaded. */
RIG_TEST(cli_versions, any_of_them_unloads_the_module)
{
	struct run run;

	ctl_load();
	module_unload("kcopyd_test");
	run = run_any(other("later"), "unload");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	run_free(&run);
	cr_assert_not(module_loaded("kcopyd"));
}
