// SPDX-License-Identifier: GPL-2.0-or-later
/* What shells are told could be typed next: of this machine, as it is now. */
#include "ctl.h"

TestSuite(cli_complete, RIG_SUITE);

static bool has_line(const char *text, const char *line)
{
	const size_t len = strlen(line);

	for (; (text = strstr(text, line)); text += len)
		if (text[len] == '\n')
			return true;
	return false;
}

/* Behind the verb; the last word is where the cursor is. */
static bool is_offered(const char *verb, const char *start, const char *word)
{
	struct run run = ctl_run("--complete", verb, start);
	bool found;

	cr_assert_eq(run.status, CTL_COMPLETE);
	found = has_line(run.out, word);
	run_free(&run);
	return found;
}

static void expect_nothing(const char *verb, const char *start)
{
	struct run run = ctl_run("--complete", verb, start);

	cr_assert_eq(run.status, CTL_COMPLETE);
	cr_assert_str_eq(run.out, "", "%s: %s", verb, run.out);
	run_free(&run);
}

static const char *start_job(const char *limit, char job[32])
{
	struct run run = ctl_run("copy", "--detach", "--quiet",
				 "--force=signature", "--limit", limit,
				 "/dev/kt-src", "/dev/kt-d0");

	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	snprintf(job, 32, "%lu", strtoul(run.out, NULL, 10));
	run_free(&run);
	return job;
}

RIG_TEST(cli_complete, jobs_are_offered_and_those_that_ended_only_to_be_seen)
{
	static const char *const steer[] = { "cancel", "pause", "resume",
					     "limit" };
	static const char *const look[] = { "show", "wait", "stats" };
	const struct null_options options = { .mib = 8 };
	char ended[32], running[32], value[64];

	data_fill(null_create("src", options), 1);
	null_create("d0", options);
	start_job("1G", ended);
	ctl_expect(CTL_COMPLETE, "wait", ended);
	start_job("64K", running);
	for (unsigned int i = 0; i < ARRAY_SIZE(look); i++) {
		cr_assert(is_offered(look[i], "", ended), "%s", look[i]);
		cr_assert(is_offered(look[i], "", running), "%s", look[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(steer); i++) {
		cr_assert_not(is_offered(steer[i], "", ended), "%s", steer[i]);
		cr_assert(is_offered(steer[i], "", running), "%s", steer[i]);
	}
	snprintf(value, sizeof(value), "--job=%s", running);
	cr_assert(is_offered("trace", "--job=", value));
	cr_assert_not(is_offered("wait", "x", running));
	/* To be asked is no reason to do it. */
	ctl_expect(CTL_COMPLETE, "cancel", running);
}

RIG_TEST(cli_complete, without_the_module_there_are_no_jobs_and_it_stays_away)
{
	modules_unload();
	expect_nothing("wait", "");
	expect_nothing("cancel", "");
	cr_assert(is_offered("load", "--no", "--no-bpf"));
	cr_assert_not(module_loaded("kcopyd"));
}

RIG_TEST(cli_complete, devices_that_hold_something_are_offered)
{
	module_probe("loop", NULL);
	null_create("src", (struct null_options){ .mib = 4 });
	loop_create(4);
	cr_assert(is_offered("copy", "/dev/", "/dev/kt-src"));
	cr_assert(is_offered("heatmap", "/dev/kt-", "/dev/kt-src"));
	cr_assert(is_offered("trace", "--device=", "--device=/dev/kt-src"));
	cr_assert(is_offered("copy", "", "/dev/loop0"));
	devices_destroy();
	cr_assert_not(is_offered("copy", "/dev/", "/dev/kt-src"));
	cr_assert_not(is_offered("copy", "", "/dev/loop0"));
}
