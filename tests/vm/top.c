// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl top: what it shows of copies that go on just now. */
#include <bpf/bpf.h>
#include <linux/types.h>
#include <signal.h>

#include <kcopyd/stats.h>

#include "ctl.h"
#include "job.h"
#include "kcopyd_jobs.h"
#include "terminal.h"

TestSuite(top, RIG_SUITE);

enum { SOURCE = 1 };

#define NSEC_PER_SEC 1000000000ULL

/* From "src" to "d0", for half a minute. */
static uint64_t start_slow_copy(int kcopyd)
{
	const struct null_options options = { .mib = 32 };

	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
	return job_start(kcopyd, &(struct job_plan){
					 .source.path = "/dev/kt-src",
					 .dests[0].path = "/dev/kt-d0",
					 .length = 32 * MIB,
					 .chunk = 64 * KIB,
					 .rate = MIB,
				 });
}

static void cancel_copy(int kcopyd, uint64_t job)
{
	cr_assert_eq(job_cancel(kcopyd, job, 10000), 0);
	close(kcopyd);
}

/* ---- frames -------------------------------------------------------------- */

/* A line is a document; the next one begins behind it. */
static struct json_object *next_frame(char **at)
{
	char *line = *at, *end = strchr(line, '\n');
	struct json_object *frame;

	cr_assert_not_null(end, "no whole line: '%s'", line);
	*end = 0;
	*at = end + 1;
	frame = json_tokener_parse(line);
	cr_assert_not_null(frame, "not JSON: %s", line);
	cr_assert_eq(member_number(frame, "schema"), 1);
	return frame;
}

static struct json_object *list_entry(struct json_object *frame,
				      const char *name, unsigned int i,
				      unsigned int nr)
{
	struct json_object *list = member(frame, name, json_type_array);

	cr_assert_eq(json_object_array_length(list), nr, "%s: %s", name,
		     json_object_to_json_string(list));
	return json_object_array_get_idx(list, i);
}

/* What it says of the interval is what it says of its bytes. */
static void expect_flow(struct json_object *flow, uint64_t interval)
{
	uint64_t bytes = member_number(flow, "bytes_new");
	uint64_t rate = member_number(flow, "bytes_per_second");

	cr_assert_gt(bytes, 0);
	cr_assert_eq(rate, (bytes * NSEC_PER_SEC + interval / 2) / interval);
	cr_assert_geq(member_number(flow, "bytes"), bytes);
	cr_assert_gt(member_number(flow, "ios_new"), 0);
	cr_assert_gt(member_number(flow, "ios"), 0);
	cr_assert_eq(member_number(flow, "errors"), 0);
	cr_assert_eq(member_number(flow, "errors_new"), 0);
	cr_assert_leq(member_number(flow, "latency_p50_ns"),
		      member_number(flow, "latency_p99_ns"));
	member_number(flow, "queue_mean_ns");
}

static void expect_frame(struct json_object *frame, uint64_t job)
{
	static const char *const names[] = { "kt-src", "kt-d0" };
	uint64_t interval = member_number(frame, "interval_ns");

	cr_assert_gt(interval, 0);
	cr_assert_eq(member_number(frame, "running"), 1);
	cr_assert_eq(member_number(frame, "finished"), 0);
	cr_assert_gt(member_number(frame, "read_bytes_per_second"), 0);
	cr_assert_gt(member_number(frame, "write_bytes_per_second"), 0);
	cr_assert_eq(member_number(member(frame, "lost", json_type_object),
				   "jobs_full"),
		     0);
	for (unsigned int i = 0; i < 2; i++) {
		struct json_object *region = list_entry(frame, "regions", i, 2);
		struct json_object *device = list_entry(frame, "devices", i, 2);

		cr_assert_eq(member_number(region, "job"), job);
		cr_assert_eq(member_number(region, "region"), i);
		cr_assert_str_eq(member_text(region, "state"), "running");
		cr_assert_str_eq(member_text(region, "device"), names[i]);
		cr_assert_eq(member_number(region, "size"), 32 * MIB);
		member(region, "last_error", json_type_null);
		member_number(region, "in_flight");
		expect_flow(region, interval);
		cr_assert_str_eq(member_text(device, "device"), names[i]);
		expect_flow(member(device, i ? "write" : "read",
				   json_type_object),
			    interval);
		expect_flow(member(device, "all", json_type_object), interval);
	}
}

RIG_TEST(top, json_lines_tell_the_rates_of_a_running_copy)
{
	struct json_object *frames[2];
	struct run run;
	uint64_t job;
	int kcopyd;
	char *at;

	ctl_load();
	kcopyd = job_device_open(0);
	job = start_slow_copy(kcopyd);
	run = ctl_run("top", "--json", "-n", "2", "-i", "500ms");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	at = run.out;
	for (unsigned int i = 0; i < 2; i++) {
		frames[i] = next_frame(&at);
		expect_frame(frames[i], job);
	}
	cr_assert_eq(*at, 0, "more than two lines: %s", at);
	cr_assert_gt(
		member_number(list_entry(frames[1], "regions", 1, 2), "bytes"),
		member_number(list_entry(frames[0], "regions", 1, 2), "bytes"));
	json_object_put(frames[0]);
	json_object_put(frames[1]);
	run_free(&run);
	cancel_copy(kcopyd, job);
	ctl_unload();
}

RIG_TEST(top, text_frames_are_apart_by_an_empty_line)
{
	char row[64], *second;
	struct run run;
	uint64_t job;
	int kcopyd;

	ctl_load();
	kcopyd = job_device_open(0);
	job = start_slow_copy(kcopyd);
	run = ctl_run("top", "-b", "-n2", "-i", "300ms", "-s", "rate");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	second = strstr(run.out, "\n\nkcopyd: read ");
	cr_assert_not_null(second, "%s", run.out);
	cr_assert_null(strstr(second + 2, "\n\n"), "%s", run.out);
	snprintf(row, sizeof(row), "\n%6lu   1 R kt-d0 ", job);
	cr_assert_not_null(strstr(second, row), "%s", run.out);
	second[1] = 0;
	cr_assert_not_null(strstr(run.out, row), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "running jobs, by rate, over "));
	cr_assert_not_null(strstr(run.out, "jobs: 1 running, 0 finished\n"));
	run_free(&run);
	cancel_copy(kcopyd, job);
	/* By now it is a finished one. */
	run = ctl_run("top", "-b", "-n1", "-i", "10ms");
	cr_assert_null(strstr(run.out, "kt-d0"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "\nnothing is going on\n"), "%s",
			   run.out);
	run_free(&run);
	run = ctl_run("top", "-b", "-n1", "-i", "10ms", "--all");
	snprintf(row, sizeof(row), "\n%6lu   1 D kt-d0 ", job);
	cr_assert_not_null(strstr(run.out, row), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "jobs: 0 running, 1 finished\n"));
	run_free(&run);
	ctl_unload();
}

RIG_TEST(top, small_jobs_of_a_kernel_client_are_a_row)
{
	enum { JOBS = 10, PAGES = 256 };
	struct json_object *frame, *client;
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_submit args = {};
	struct run run;
	int caller;
	char *at;

	ctl_load();
	caller = caller_open();
	args.client = client_create(caller, PAGES);
	kjob_disks(caller, 1, (struct test_disk_options){ .mib = 4 });
	for (unsigned int i = 0; i < JOBS; i++) {
		regions[0] = caller_region("/dev/kt-src", i * 8, 8);
		regions[1] = caller_region("/dev/kt-d0", i * 8, 8);
		kjob_wait_ok(kjob_start(caller, args, regions, 1));
	}
	client_destroy(caller, args.client);
	run = ctl_run("top", "--json", "--all", "-n1", "-i", "10ms");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	at = run.out;
	frame = next_frame(&at);
	client = list_entry(frame, "clients", 0, 1);
	cr_assert_eq(member_number(client, "jobs"), JOBS);
	cr_assert_eq(member_number(client, "bytes"), JOBS * 8 * SECTOR);
	cr_assert_eq(member_number(client, "failed"), 0);
	cr_assert_eq(member_number(client, "jobs_new"), 0);
	cr_assert_gt(member_number(client, "time_p99_ns"), 0);
	json_object_put(frame);
	run_free(&run);
	close(caller);
	devices_destroy();
	ctl_unload();
}

/* ---- the end of the output ----------------------------------------------- */

static struct run run_shell(const char *script)
{
	return run_any("bash", "-c", script, getenv("KCOPYD_CTL"));
}

RIG_TEST(top, a_closed_pipe_ends_it)
{
	struct run run;

	ctl_load();
	run = run_shell(
		"\"$0\" top -b -i 10ms | head -n 1; exit ${PIPESTATUS[0]}");
	cr_assert_eq(run.status, CTL_FAILED, "status %d", run.status);
	cr_assert_eq(strncmp(run.out, "kcopyd: read ", 13), 0, "%s", run.out);
	cr_assert_not_null(strstr(run.err, "standard output"), "%s", run.err);
	run_free(&run);
	/* Not only when it would write again. */
	run = run_shell("\"$0\" top --json -i 1h | :; exit ${PIPESTATUS[0]}");
	cr_assert_eq(run.status, CTL_FAILED, "status %d", run.status);
	run_free(&run);
	run = run_shell("\"$0\" top -b -i 10ms >/dev/full");
	cr_assert_eq(run.status, CTL_FAILED, "status %d", run.status);
	run_free(&run);
	ctl_unload();
}

RIG_TEST(top, a_signal_ends_it_with_130)
{
	struct run run;

	ctl_load();
	run = run_shell(
		"\"$0\" top -b -i 10ms >/tmp/kt-top & until [ -s /tmp/kt-top ]; do :; done; kill -TERM $!; wait $!");
	cr_assert_eq(run.status, 130, "status %d: %s", run.status, run.err);
	cr_assert_eq(run.err[0], 0, "%s", run.err);
	run_free(&run);
	ctl_unload();
}

/* ---- what it refuses ----------------------------------------------------- */

RIG_TEST(top, wrong_usage_says_2)
{
	ctl_refused(CTL_USAGE, "terminal", "top");
	ctl_refused(CTL_USAGE, "nonsense", "top", "-b", "-s", "nonsense");
	ctl_refused(CTL_USAGE, "--interval", "top", "-b", "-i", "0");
	ctl_refused(CTL_USAGE, "--interval", "top", "-b", "-i", "x");
	ctl_refused(CTL_USAGE, "--iterations", "top", "-b", "-n", "0");
	ctl_refused(CTL_USAGE, "unexpected", "top", "-b", "7");
}

RIG_TEST(top, without_statistics_it_says_4)
{
	uint32_t key = KCOPYD_COUNTER_VERSION;
	uint64_t version = KCOPYD_STATS_VERSION + 1;
	int fd;

	ctl_refused(CTL_ENVIRONMENT, "kcopyctl load", "top", "-b");
	ctl_load();
	ctl_expect_as(65534, CTL_ENVIRONMENT,
		      (const char *const[]){ "top", "-b", "-n1", NULL });
	fd = bpf_obj_get(KCOPYD_PIN_COUNTERS);
	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_map_update_elem(fd, &key, &version, BPF_ANY), 0);
	close(fd);
	ctl_refused(CTL_ENVIRONMENT, "another version", "top", "-b");
	ctl_unload();
}

/* ---- the terminal -------------------------------------------------------- */

RIG_TEST(top, the_terminal_shows_it_and_obeys_its_keys)
{
	struct terminal terminal;
	uint64_t job;
	char row[64];
	int kcopyd;

	ctl_load();
	kcopyd = job_device_open(0);
	job = start_slow_copy(kcopyd);
	snprintf(row, sizeof(row), "%6lu   1 R kt-d0 ", job);
	terminal_start(&terminal, 80, 24,
		       (const char *const[]){ "top", "-i", "200ms", NULL });
	terminal_wait_for(&terminal, row);
	cr_assert(terminal.alternate);
	cr_assert(terminal.hidden);
	cr_assert(terminal_shows(&terminal, "jobs: 1 running, 0 finished"));
	cr_assert(terminal_shows(&terminal, "running jobs, by job, over "));
	terminal_send(&terminal, "s");
	terminal_wait_for(&terminal, "running jobs, by rate, over ");
	terminal_send(&terminal, "f");
	terminal_wait_for(&terminal, "all jobs, by rate, over ");
	cr_assert(terminal_shows(&terminal, row));
	terminal_send(&terminal, "d");
	terminal_wait_for(&terminal, "all devices, by rate, over ");
	terminal_wait_without(&terminal, row);
	cr_assert(terminal_shows(&terminal, "kt-src  "));
	terminal_send(&terminal, "\th");
	terminal_wait_for(&terminal, "q            quit");
	terminal_send(&terminal, "h");
	terminal_wait_for(&terminal, row);
	terminal_send(&terminal, "q");
	cr_assert_eq(terminal_wait_end(&terminal), CTL_COMPLETE);
	cancel_copy(kcopyd, job);
	ctl_unload();
}

RIG_TEST(top, a_small_terminal_is_told_until_it_grows)
{
	struct terminal terminal;

	ctl_load();
	terminal_start(&terminal, 20, 5,
		       (const char *const[]){ "top", "-i", "1h", NULL });
	terminal_wait_for(&terminal, "needs 80x6, has 20x5");
	terminal_resize(&terminal, 80, 24);
	terminal_wait_for(&terminal, "nothing is going on");
	terminal_wait_without(&terminal, "needs");
	terminal_resize(&terminal, 79, 10);
	terminal_wait_for(&terminal, "needs 80x6, has 79x10");
	terminal_resize(&terminal, 130, 40);
	terminal_wait_for(&terminal, "  BYTES");
	terminal_send(&terminal, "q");
	cr_assert_eq(terminal_wait_end(&terminal), CTL_COMPLETE);
	ctl_unload();
}

RIG_TEST(top, a_signal_leaves_the_terminal_as_it_was)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct terminal terminal;

	ctl_load();
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		terminal_start(&terminal, 80, 24,
			       (const char *const[]){ "top", "-i", "1h",
						      NULL });
		terminal_wait_for(&terminal, "nothing is going on");
		if (signals[i] == SIGINT)
			terminal_send(&terminal, "\003");
		else
			kill(terminal.pid, signals[i]);
		cr_assert_eq(terminal_wait_end(&terminal), 130);
	}
	ctl_unload();
}

RIG_TEST(top, a_terminal_that_can_not_do_it_is_refused)
{
	static const char *const types[] = { "dumb", "nonsense" };
	struct terminal terminal;

	ctl_load();
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		terminal_start_as(&terminal, types[i], 130, 24,
				  (const char *const[]){ "top", NULL });
		cr_assert_eq(terminal_wait_end(&terminal), CTL_ENVIRONMENT);
		cr_assert(terminal_shows(&terminal, "set TERM, or take -b"));
	}
	ctl_unload();
}

/* Its end is told where it can be read. */
RIG_TEST(top, statistics_that_go_away_end_it)
{
	struct terminal terminal;

	ctl_load();
	terminal_start(&terminal, 80, 24,
		       (const char *const[]){ "top", "-i", "100ms", NULL });
	terminal_wait_for(&terminal, "nothing is going on");
	ctl_unload();
	cr_assert_eq(terminal_wait_end(&terminal), CTL_ENVIRONMENT);
	cr_assert(terminal_shows(&terminal, "'kcopyctl load'"));
}
