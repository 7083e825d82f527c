// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs that are left alone, and steered by others. */
#include <signal.h>
#include <sys/wait.h>

#include "caller.h"
#include "ctl.h"
#include "job.h"

TestSuite(cli_jobs, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 8
#define SIZE (SIZE_MIB * MIB)
#define SAID "/tmp/kt-said"

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

/* The number that "copy --detach --quiet" prints. */
static const char *detach(const char *const *args)
{
	static char number[32];
	struct run run = ctl_run_as(0, args);

	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	snprintf(number, sizeof(number), "%lu", strtoul(run.out, NULL, 10));
	cr_assert_gt(strtoul(number, NULL, 10), 0, "%s", run.out);
	run_free(&run);
	return number;
}

#define detach_copy(...)                                             \
	detach((const char *const[]){ "copy", "--detach", "--quiet", \
				      __VA_ARGS__, "/dev/kt-src",    \
				      "/dev/kt-d0", NULL })

static struct json_object *show(const char *job)
{
	return ctl_json_of(CTL_COMPLETE, "show", "--json", job);
}

static bool is_in_state(const char *job, const char *state)
{
	struct json_object *document = show(job);
	bool is = !strcmp(member_text(document, "state"), state);

	json_object_put(document);
	return is;
}

static bool has_failed(const char *job)
{
	struct json_object *document = show(job);
	bool has = member_number(document, "write_err");

	json_object_put(document);
	return has;
}

static uint64_t limit_of(const char *job)
{
	struct json_object *document = show(job);
	uint64_t rate =
		member_number(member(document, "limits", json_type_object),
			      "bytes_per_second");

	json_object_put(document);
	return rate;
}

static void wait_ok(const char *job)
{
	struct json_object *document;

	document = ctl_json_of(CTL_COMPLETE, "wait", "--json", job);
	cr_assert_str_eq(member_text(document, "state"), "done");
	cr_assert_str_eq(member_text(document, "result"), "complete");
	json_object_put(document);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(cli_jobs, a_detached_copy_goes_on_and_can_be_waited_for)
{
	struct json_object *document, *jobs, *job;
	char number[32];

	devices_create();
	document = ctl_json_of(CTL_COMPLETE, "copy", "--detach", "--json",
			       "--limit", "256K/s", "/dev/kt-src",
			       "/dev/kt-d0");
	cr_assert(member_bool(document, "detached"));
	snprintf(number, sizeof(number), "%lu", member_number(document, "job"));
	json_object_put(document);
	document = ctl_json_of(CTL_COMPLETE, "jobs", "--json");
	jobs = member(document, "jobs", json_type_array);
	job = json_object_array_get_idx(jobs,
					json_object_array_length(jobs) - 1);
	cr_assert_eq(member_number(job, "job"), strtoul(number, NULL, 10));
	cr_assert_not(member_bool(job, "draining"));
	member(job, "result", json_type_null);
	json_object_put(document);
	cr_assert_eq(limit_of(number), 256 * KIB);
	ctl_expect(CTL_COMPLETE, "limit", "--rate", "none", number);
	wait_ok(number);
	/* And once more, when it has long ended. */
	wait_ok(number);
}

RIG_TEST(cli_jobs, a_job_can_be_paused_limited_and_resumed)
{
	const char *job;
	struct run run;

	devices_create();
	job = detach_copy("--limit", "256K", "--chunk", "64K");
	ctl_expect(CTL_COMPLETE, "pause", job);
	rig_wait_for(is_in_state(job, "paused"), 30, "the pause");
	ctl_expect(CTL_COMPLETE, "limit", "--rate", "3M", job);
	cr_assert_eq(limit_of(job), 3 * MIB);
	ctl_expect(CTL_COMPLETE, "limit", "--percent", "90", "--depth", "2",
		   job);
	cr_assert_eq(limit_of(job), 3 * MIB);
	run = ctl_run("jobs");
	cr_assert_eq(run.status, CTL_COMPLETE);
	cr_assert_not_null(strstr(run.out, "paused"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "/dev/kt-d0"), "%s", run.out);
	run_free(&run);
	cr_assert(is_in_state(job, "paused"));
	ctl_expect(CTL_COMPLETE, "limit", "--rate", "none", job);
	ctl_expect(CTL_COMPLETE, "resume", job);
	wait_ok(job);
	/* Of one that is over it is not said that it does anything. */
	for (unsigned int i = 0; i < 2; i++) {
		run = ctl_run(i ? "pause" : "resume", job);
		cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
		cr_assert_not_null(strstr(run.out, "has ended"), "%s", run.out);
		run_free(&run);
	}
}

/* What the copy would have said. */
RIG_TEST(cli_jobs, waiting_says_what_came_of_the_job)
{
	struct run run;
	const char *job;

	devices_create();
	dm_create("bad", "0 4096 linear /dev/kt-d1 0\n"
			 "4096 8 error\n"
			 "4104 12280 linear /dev/kt-d1 4104\n");
	job = detach((const char *const[]){
		"copy", "--detach", "--quiet", "--force=signature",
		"/dev/kt-src", "/dev/kt-d0", "/dev/mapper/kt-bad", NULL });
	ctl_expect(CTL_PARTIAL, "wait", job);
	run = ctl_run("show", job);
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "/dev/kt-src"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "failed at byte 2"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "1 of 2 destinations complete"));
	run_free(&run);
	job = detach((const char *const[]){ "copy", "--detach", "--quiet",
					    "--force=signature", "/dev/kt-src",
					    "/dev/mapper/kt-bad", NULL });
	ctl_expect(CTL_FAILED, "wait", "--quiet", job);
	job = detach_copy("--limit", "512K", "--chunk", "64K");
	ctl_expect(CTL_COMPLETE, "cancel", job);
	run = run_any(getenv("KCOPYD_CTL"), "wait", job);
	cr_assert_eq(run.status, 130, "%d: %s", run.status, run.err);
	run_free(&run);
}

/* What it says on stderr goes to a file that is empty before. */
static pid_t start(const char *const *args)
{
	int err = open(SAID, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	pid_t pid;

	cr_assert_geq(err, 0, SAID ": %m");
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		dup2(err, STDERR_FILENO);
		close(STDOUT_FILENO);
		open("/dev/null", O_WRONLY);
		execv(getenv("KCOPYD_CTL"), (char *const *)args);
		_exit(127);
	}
	close(err);
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "status %#x", status);
	return WEXITSTATUS(status);
}

static const char *said(void)
{
	static char text[4096];
	FILE *file = fopen(SAID, "r");

	cr_assert_not_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}

/* Nothing of it is missing, but nobody knows that it is right. */
RIG_TEST(cli_jobs, what_is_not_read_back_to_its_end_is_not_verified)
{
	const struct test_disk_options options = { .mib = 8 };
	int caller = caller_open();
	const char *job;
	struct run run;

	test_disk_create_filled(caller, "src", options, SOURCE);
	test_disk_create_filled(caller, "d0", options, DEST);
	/* Nobody looks for a signature there. */
	test_disk_hold_range(caller, "d0", 1 << KCOPYD_TEST_READ, 9001, 1);
	job = detach_copy("--verify", "--depth", "1");
	test_disk_wait_held(caller, "d0", 1);
	/* It does not wait for ever. */
	ctl_expect(CTL_FAILED, "cancel", job);
	test_disk_release(caller, "d0", 0);
	rig_wait_for(is_in_state(job, "done"), 30, "the end");
	run = ctl_run("show", job);
	cr_assert_not_null(strstr(run.out, "not verified"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "0 of 1 destinations complete"),
			   "%s", run.out);
	run_free(&run);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(cli_jobs, who_is_tired_of_waiting_leaves_the_job_alone)
{
	const char *job;
	pid_t pid;

	devices_create();
	job = detach_copy("--limit", "256K", "--chunk", "64K");
	pid = start((const char *const[]){ "kcopyctl", "wait",
					   "--progress=always", job, NULL });
	rig_wait_for(strchr(said(), '%'), 30, "progress");
	kill(pid, SIGINT);
	cr_assert_eq(end_of(pid), 130);
	cr_assert_not_null(strstr(said(), "goes on"), "%s", said());
	cr_assert_not(is_in_state(job, "done"));
	ctl_expect(CTL_COMPLETE, "limit", "--rate", "none", job);
	wait_ok(job);
}

RIG_TEST(cli_jobs, a_signal_makes_a_line_of_progress)
{
	pid_t pid;

	devices_create();
	pid = start((const char *const[]){ "kcopyctl", "copy", "--limit", "2M",
					   "--chunk", "64K", "/dev/kt-src",
					   "/dev/kt-d0", NULL });
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	cr_assert_str_eq(said(), "");
	rig_sleep_ms(300);
	kill(pid, SIGUSR1);
	rig_wait_for(strchr(said(), '\n'), 30, "the line");
	cr_assert_not_null(strchr(said(), '%'), "%s", said());
	cr_assert_not_null(strstr(said(), "of 8.00 MiB"), "%s", said());
	cr_assert_eq(end_of(pid), CTL_COMPLETE);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(cli_jobs, several_jobs_are_steered_at_once)
{
	char first[32];
	const char *second;

	devices_create();
	snprintf(first, sizeof(first), "%s",
		 detach_copy("--limit", "256K", "--chunk", "64K"));
	second = detach((const char *const[]){
		"copy", "--detach", "--quiet", "--limit", "256K", "--chunk",
		"64K", "/dev/kt-src", "/dev/kt-d1", NULL });
	ctl_expect(CTL_COMPLETE, "pause", first, second);
	rig_wait_for(is_in_state(first, "paused") &&
			     is_in_state(second, "paused"),
		     30, "the pause");
	/* One that is there no more does not spare the other. */
	ctl_refused(CTL_ENVIRONMENT, "999999", "cancel", "999999", "888888");
	ctl_expect(CTL_COMPLETE, "cancel", first, second);
	cr_assert(is_in_state(first, "done"));
	cr_assert(is_in_state(second, "done"));
}

RIG_TEST(cli_jobs, what_is_no_job_is_refused)
{
	static const char *const verbs[] = { "show",  "wait",	"cancel",
					     "pause", "resume", "limit" };

	for (unsigned int i = 0; i < ARRAY_SIZE(verbs); i++) {
		const bool limits = !strcmp(verbs[i], "limit");
		const char *option = limits ? "--rate=1M" : "--";

		ctl_refused(CTL_ENVIRONMENT, "999999", verbs[i], option,
			    "999999");
		ctl_refused(CTL_USAGE, "seven", verbs[i], option, "seven");
		ctl_refused(CTL_USAGE, "job", verbs[i], option);
	}
	ctl_refused(CTL_USAGE, "--rate", "limit", "1");
	ctl_refused(CTL_USAGE, "--percent", "limit", "--percent", "101", "1");
	ctl_refused(CTL_USAGE, "unexpected", "jobs", "7");
}

/* As after a logout: who is told to ignore it is not stopped by it. */
RIG_TEST(cli_jobs, nohup_keeps_a_copy_going)
{
	pid_t pid;

	devices_create();
	signal(SIGHUP, SIG_IGN);
	pid = start((const char *const[]){ "kcopyctl", "copy", "--limit", "4M",
					   "--chunk", "64K", "/dev/kt-src",
					   "/dev/kt-d0", NULL });
	signal(SIGHUP, SIG_DFL);
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	kill(pid, SIGHUP);
	cr_assert_eq(end_of(pid), CTL_COMPLETE);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

/* A destination that was dropped before does not make it a failure. */
RIG_TEST(cli_jobs, who_is_interrupted_after_an_error_says_130)
{
	char job[32];
	pid_t pid;

	devices_create();
	dm_create("bad", "0 8 error\n8 16376 linear /dev/kt-d1 8\n");
	pid = start((const char *const[]){
		"kcopyctl", "copy", "--limit", "256K", "--chunk", "64K",
		"--force=signature", "/dev/kt-src", "/dev/kt-d0",
		"/dev/mapper/kt-bad", NULL });
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	snprintf(job, sizeof(job), "%lu", ctl_last_job());
	rig_wait_for(has_failed(job), 30, "the error");
	kill(pid, SIGINT);
	cr_assert_eq(end_of(pid), 130);
	cr_assert(is_in_state(job, "done"));
}
