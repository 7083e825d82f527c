// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl trace shows what happens, all of it, and nothing else. */
#include <bpf/bpf.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <kcopyd/stats.h>

#include "call.h"
#include "job.h"
#include "watch.h"

TestSuite(trace, RIG_SUITE);

enum { SOURCE = 1 };

#define SIZE_MIB 8
#define SIZE (SIZE_MIB * MIB)

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
	null_create("d1", options);
}

static struct job_result run_job(const struct job_plan *plan, uint64_t *job)
{
	int kcopyd = job_device_open(0);
	struct job_result result;

	*job = job_start(kcopyd, plan);
	result = job_wait(kcopyd, *job);
	close(kcopyd);
	return result;
}

static unsigned int bpf_count(int (*next)(uint32_t, uint32_t *))
{
	unsigned int nr = 0;

	for (uint32_t id = 0; !next(id, &id); nr++)
		;
	return nr;
}

/* They are freed after a grace period. */
static void expect_programs(unsigned int nr)
{
	rig_wait_for(bpf_count(bpf_prog_get_next_id) == nr, 20, "the programs");
}

static struct kcopyd_region_stats region_stats(uint64_t job,
					       unsigned int region)
{
	struct kcopyd_region_key key = { .job = job, .region = region };
	struct kcopyd_region_stats stats;
	int fd = bpf_obj_get(KCOPYD_PIN_REGIONS);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_map_lookup_elem(fd, &key, &stats), 0);
	close(fd);
	return stats;
}

static size_t count_op(const struct watch *watch, int region, const char *op)
{
	size_t nr = 0;

	for (size_t i = 0; i < watch->nr; i++) {
		struct json_object *event = watch_event(watch, i);

		nr += event_is(event, "io_done") &&
		      member_number(event, "region") == (uint64_t)region &&
		      !strcmp(member_text(event, "op"), op);
	}
	return nr;
}

static bool is_device(struct json_object *event, const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	return member_number(event, "major") == major(st.st_rdev) &&
	       member_number(event, "minor") == minor(st.st_rdev);
}

/* What was rounded down @nr times and then added up, or once in a while. */
static void expect_rounded(uint64_t often, uint64_t rarely, uint64_t nr)
{
	cr_assert_leq(often, rarely);
	cr_assert_leq(rarely, often + nr, "%lu and %lu ns", often, rarely);
}

/* The statistics are made of other events: both must come to the same. */
static void expect_as_counted(const struct watch *watch, uint64_t job,
			      unsigned int region)
{
	struct kcopyd_region_stats stats = region_stats(job, region);

	cr_assert_eq(count_op(watch, region, region ? "write" : "read"),
		     stats.ios);
	cr_assert_eq(count_op(watch, region, "flush"), stats.flushes);
	cr_assert_eq(watch_count(watch, "io_submit", region),
		     stats.ios + stats.flushes);
	cr_assert_eq(watch_sum(watch, "io_done", region, "bytes"), stats.bytes);
	cr_assert_eq(watch_sum(watch, "io_submit", region, "bytes"),
		     stats.bytes);
	expect_rounded(watch_sum(watch, "io_done", region, "latency_ns"),
		       stats.lat.sum_ns, stats.ios);
	expect_rounded(watch_sum(watch, "io_done", region, "queue_ns"),
		       stats.queue_sum_ns, stats.ios);
}

static void expect_regions(const struct watch *watch)
{
	static const char *const paths[] = { "/dev/kt-src", "/dev/kt-d0",
					     "/dev/kt-d1" };
	unsigned int region = 0;

	for (size_t i = 0; i < watch->nr; i++) {
		struct json_object *event = watch_event(watch, i);

		if (!event_is(event, "region"))
			continue;
		cr_assert_eq(member_number(event, "region"), region);
		cr_assert(is_device(event, paths[region]));
		cr_assert_str_eq(member_text(event, "device"), paths[region]);
		cr_assert_eq(member_number(event, "device_bytes"), SIZE);
		region++;
	}
	cr_assert_eq(region, 3);
}

static void expect_job(const struct watch *watch, uint64_t job, uint64_t length)
{
	struct json_object *event = watch_event(watch, 0);

	cr_assert(event_is(event, "job_submit"));
	cr_assert_eq(member_number(event, "destinations"), 2);
	cr_assert_eq(member_number(event, "bytes"), length);
	cr_assert(event_has_flag(event, "flush"));
	for (size_t i = 0; i < watch->nr; i++)
		cr_assert_eq(member_number(watch_event(watch, i), "job"), job);
	event = watch_event(watch, watch->nr - 1);
	cr_assert(event_is(event, "job_done"));
	cr_assert_eq(member_number(event, "bytes"), 2 * length);
	cr_assert_eq(member_number(event, "read_err"), 0);
	cr_assert_eq(member_number(event, "write_err"), 0);
	cr_assert_gt(member_number(event, "ns"), 0);
}

RIG_TEST(trace, all_requests_of_a_copy_are_shown)
{
	struct job_plan plan = {
		.source = { .path = "/dev/kt-src", .offset = SECTOR },
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = 7 * MIB + SECTOR,
		.chunk = 64 * KIB,
	};
	struct job_result result;
	struct watch watch;
	uint64_t job;

	ctl_load();
	devices_create();
	watch_start(&watch, "--submit");
	result = run_job(&plan, &job);
	job_expect_ok(&result, &plan);
	watch_end(&watch);
	cr_assert_eq(watch.lost, 0);
	for (unsigned int region = 0; region < 3; region++)
		expect_as_counted(&watch, job, region);
	expect_regions(&watch);
	expect_job(&watch, job, plan.length);
	cr_assert_gt(watch_count(&watch, "job_state", -1), 1);
	watch_free(&watch);
	ctl_unload();
}

/* By the module alone; as text; and it ends when it has seen enough. */
RIG_TEST(trace, it_needs_no_statistics_and_leaves_nothing)
{
	const unsigned int programs = bpf_count(bpf_prog_get_next_id);
	const unsigned int links = bpf_count(bpf_link_get_next_id);
	struct watch watch;
	uint64_t job;

	cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0);
	devices_create();
	/* It ends before the job does. */
	rig_one_processor();
	watch_start(&watch, "--count", "10");
	run_job(&(struct job_plan){ .source.path = "/dev/kt-src",
				    .dests[0].path = "/dev/kt-d0",
				    .length = SIZE },
		&job);
	watch_wait(&watch, CTL_COMPLETE);
	cr_assert_eq(watch.shown, 10);
	cr_assert_eq(watch.nr, 10);
	watch_free(&watch);
	ctl_expect(CTL_COMPLETE, "trace", "--duration", "10ms");
	watch_start(&watch, NULL);
	cr_assert_gt(bpf_count(bpf_prog_get_next_id), programs);
	kill(watch.pid, SIGKILL);
	rig_wait_for(bpf_count(bpf_link_get_next_id) == links, 20, "the links");
	expect_programs(programs);
	cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0);
	modules_unload();
}

/* As after a logout. */
RIG_TEST(trace, nohup_keeps_it_going)
{
	struct watch watch;
	uint64_t job;

	ctl_load();
	devices_create();
	signal(SIGHUP, SIG_IGN);
	watch_start(&watch, "--events", "job_submit");
	signal(SIGHUP, SIG_DFL);
	kill(watch.pid, SIGHUP);
	run_job(&(struct job_plan){ .source.path = "/dev/kt-src",
				    .dests[0].path = "/dev/kt-d0",
				    .length = SIZE },
		&job);
	watch_end(&watch);
	cr_assert_eq(watch_count(&watch, "job_submit", -1), 1);
	watch_free(&watch);
	ctl_unload();
}

static void expect_programs_of(unsigned int nr, const char *const *args)
{
	const unsigned int before = bpf_count(bpf_prog_get_next_id);
	struct watch watch;

	watch_start_args(&watch, args);
	cr_assert_eq(bpf_count(bpf_prog_get_next_id), before + nr);
	watch_end(&watch);
	cr_assert_eq(watch.nr, 0);
	watch_free(&watch);
	expect_programs(before);
}

#define programs_of(nr, ...) \
	expect_programs_of(nr, (const char *const[]){ __VA_ARGS__, NULL })

RIG_TEST(trace, a_narrow_one_attaches_little)
{
	devices_create();
	programs_of(6, NULL);
	programs_of(7, "--submit");
	programs_of(3, "--submit", "--device", "/dev/kt-d0");
	programs_of(2, "--errors");
	programs_of(1, "--min-latency", "1ms");
	programs_of(1, "--events", "throttle");
}

/* The module may have been there for long. */
static uint64_t next_job(void)
{
	uint64_t job;

	cr_assert_eq(run_job(&(struct job_plan){ .source.path = "/dev/kt-src",
						 .dests[0].path = "/dev/kt-d1",
						 .length = SECTOR },
			     &job)
			     .code,
		     0);
	return job + 1;
}

/* One of three is slow; others may be, too, on a machine that has much to do. */
RIG_TEST(trace, filters_leave_only_what_is_wanted)
{
	const uint64_t least = 150 * 1000000ULL;
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/mapper/kt-slow" },
			   { .path = "/dev/kt-d1" } },
		.length = MIB,
		.chunk = 128 * KIB,
		.on_slow = KCOPYD_SLOW_WAIT,
		.flags = KCOPYD_SUBMIT_NO_FLUSH,
	};
	struct watch slow, device, other;
	uint64_t next, job, bytes = 0;
	char number[32];

	devices_create();
	dm_create("slow", "0 16384 delay /dev/kt-src 0 0 /dev/kt-d0 0 200");
	next = next_job();
	snprintf(number, sizeof(number), "%lu", next);
	watch_start(&slow, "--min-latency", "150ms");
	watch_start(&device, "--device", "/dev/kt-d1", "--job", number);
	snprintf(number, sizeof(number), "%lu", next + 77);
	watch_start(&other, "--job", number);
	cr_assert_eq(run_job(&plan, &job).code, 0);
	cr_assert_eq(job, next);
	watch_end(&slow);
	watch_end(&device);
	watch_end(&other);
	for (size_t i = 0; i < slow.nr; i++) {
		struct json_object *event = watch_event(&slow, i);

		cr_assert(event_is(event, "io_done"));
		cr_assert_geq(member_number(event, "latency_ns"), least);
		if (is_device(event, "/dev/mapper/kt-slow"))
			bytes += member_number(event, "bytes");
	}
	cr_assert_eq(bytes, MIB, "%lu of 1 MiB were seen to be slow", bytes);
	for (size_t i = 0; i < device.nr; i++)
		cr_assert(is_device(watch_event(&device, i), "/dev/kt-d1"));
	cr_assert_eq(watch_count(&device, "region", 2), 1);
	cr_assert_eq(watch_sum(&device, "io_done", 2, "bytes"), MIB);
	cr_assert_eq(other.nr, 0);
	watch_free(&slow);
	watch_free(&device);
	watch_free(&other);
}

/* /dev/mapper/kt-bad: one of the devices, with a bad sector at 1 MiB. */
static void bad_create(const char *path)
{
	dm_create("bad",
		  "0 2048 linear %s 0\n"
		  "2048 1 error\n"
		  "2049 14335 linear %s 2049\n",
		  path, path);
}

RIG_TEST(trace, only_errors_are_shown_if_that_is_wanted)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/mapper/kt-bad" },
			   { .path = "/dev/kt-d1" } },
		.length = 4 * MIB,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
	};
	struct job_result result;
	struct json_object *event;
	struct watch watch;
	uint64_t job;

	devices_create();
	bad_create("/dev/kt-d0");
	watch_start(&watch, "--errors");
	result = run_job(&plan, &job);
	watch_end(&watch);
	cr_assert_gt(result.regions[1].errors, 0);
	cr_assert_eq(watch.nr, result.regions[1].errors + 1);
	for (size_t i = 0; i + 1 < watch.nr; i++) {
		event = watch_event(&watch, i);
		cr_assert(event_is(event, "io_done"));
		cr_assert_eq(json_object_get_int64(
				     member(event, "error", json_type_int)),
			     -EIO);
		cr_assert_str_eq(member_text(event, "errno"), "EIO");
		cr_assert_eq(member_number(event, "region"), 1);
	}
	event = watch_event(&watch, watch.nr - 1);
	cr_assert(event_is(event, "job_done"));
	cr_assert_eq(member_number(event, "write_err"), 1);
	watch_free(&watch);
}

static size_t count_flag(const struct watch *watch, const char *flag)
{
	size_t nr = 0;

	for (size_t i = 0; i < watch->nr; i++)
		nr += event_has_flag(watch_event(watch, i), flag);
	return nr;
}

/* Down to the sector, which is told as the last one that fails. */
RIG_TEST(trace, retries_and_how_they_are_made_are_told)
{
	struct job_plan plan = {
		.source.path = "/dev/mapper/kt-bad",
		.dests[0].path = "/dev/kt-d0",
		.length = 2 * MIB,
		.chunk = 64 * KIB,
		.retry = KCOPYD_RETRY_EDGES,
		.flags = KCOPYD_SUBMIT_SKIP_BAD,
	};
	struct watch watch;
	size_t retries;
	uint64_t job;
	bool found = false;

	devices_create();
	bad_create("/dev/kt-src");
	watch_start(&watch, "--events", "io_done");
	cr_assert_eq(run_job(&plan, &job).read_err, 1);
	watch_end(&watch);
	cr_assert_gt(count_flag(&watch, "retry"), 0);
	cr_assert_eq(count_flag(&watch, "bisect"), 0);
	watch_free(&watch);

	plan.retry = KCOPYD_RETRY_BISECT;
	watch_start(&watch, "--events", "io_done");
	cr_assert_eq(run_job(&plan, &job).read_err, 1);
	watch_end(&watch);
	retries = count_flag(&watch, "retry");
	cr_assert_gt(retries, 0);
	cr_assert_lt(retries, watch.nr);
	cr_assert_eq(count_flag(&watch, "bisect"), retries);
	for (size_t i = 0; i < watch.nr; i++) {
		struct json_object *event = watch_event(&watch, i);

		if (member_number(event, "bytes") != SECTOR ||
		    member_number(event, "sector") != 2048)
			continue;
		cr_assert_str_eq(member_text(event, "errno"), "EIO");
		cr_assert(event_has_flag(event, "retry"));
		found = true;
	}
	cr_assert(found);
	watch_free(&watch);
}

RIG_TEST(trace, reading_back_is_told_from_reading)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 2 * MIB,
		.flags = KCOPYD_SUBMIT_VERIFY,
	};
	uint64_t job, verified = 0;
	struct watch watch;

	devices_create();
	watch_start(&watch, NULL);
	cr_assert_eq(run_job(&plan, &job).code, 0);
	watch_end(&watch);
	for (size_t i = 0; i < watch.nr; i++) {
		struct json_object *event = watch_event(&watch, i);

		if (!event_is(event, "io_done") ||
		    !event_has_flag(event, "verify"))
			continue;
		cr_assert_str_eq(member_text(event, "op"), "read");
		if (member_number(event, "region") == 1)
			verified += member_number(event, "bytes");
	}
	cr_assert_eq(verified, 2 * MIB);
	cr_assert_eq(count_op(&watch, 1, "flush"), 1);
	cr_assert(event_has_flag(watch_event(&watch, 0), "verify"));
	watch_free(&watch);
}

RIG_TEST(trace, a_job_that_is_throttled_says_for_how_long)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = MIB,
		.chunk = 64 * KIB,
		.rate = 2 * MIB,
	};
	struct watch watch;
	uint64_t job;

	devices_create();
	watch_start(&watch, "--events", "throttle");
	cr_assert_eq(run_job(&plan, &job).code, 0);
	watch_end(&watch);
	cr_assert_gt(watch.nr, 0);
	cr_assert_eq(watch_count(&watch, "throttle", -1), watch.nr);
	cr_assert_gt(watch_sum(&watch, "throttle", -1, "wait_ns"), 100000000);
	watch_free(&watch);
}

RIG_TEST(trace, direct_calls_are_job_0)
{
	struct kcopyd_test_region region;
	struct kcopyd_test_io args;
	char buffer[8192] = "";
	struct watch watch;
	int caller = call_open();

	call_device("a");
	region = caller_region("/dev/kt-a", 16, 16);
	args = call_args(0, OP_WRITE, &region, 1, buffer, sizeof(buffer));
	watch_start(&watch, "--job", "0", "--submit");
	call_make(caller, &args);
	call_expect_bits(&args, 0, 0);
	watch_end(&watch);
	cr_assert_eq(watch_sum(&watch, "io_done", 0, "bytes"), sizeof(buffer));
	cr_assert_eq(watch_sum(&watch, "io_submit", 0, "bytes"),
		     sizeof(buffer));
	cr_assert_eq(watch_sum(&watch, "io_done", 0, "queue_ns"), 0);
	cr_assert_eq(watch.nr, 2 * watch_count(&watch, "io_done", 0));
	watch_free(&watch);
	close(caller);
}

/* 2048 requests, and room for some 800 of them. */
RIG_TEST(trace, what_a_stopped_reader_loses_is_counted)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 4 * MIB,
		.chunk = 4 * KIB,
		.flags = KCOPYD_SUBMIT_NO_FLUSH,
	};
	struct watch watch;
	uint64_t job;

	devices_create();
	watch_start(&watch, "--events", "io_done", "--buffer", "64K");
	kill(watch.pid, SIGSTOP);
	cr_assert_eq(run_job(&plan, &job).code, 0);
	kill(watch.pid, SIGCONT);
	watch_end(&watch);
	cr_assert_gt(watch.lost, 0);
	cr_assert_gt(watch.shown, 100);
	cr_assert_eq(watch_sum(&watch, "lost", -1, "events"), watch.lost);
	cr_assert_eq(watch.shown + watch.lost, 2 * plan.length / plan.chunk,
		     "%lu shown, %lu lost", watch.shown, watch.lost);
	watch_free(&watch);
}

/* At once, and not with the next event, which may never come. */
RIG_TEST(trace, it_ends_when_nobody_reads_any_more)
{
	const unsigned int programs = bpf_count(bpf_prog_get_next_id);
	struct watch watch;
	int out = watch_start_piped(&watch);

	close(out);
	watch_wait(&watch, CTL_FAILED);
	expect_programs(programs);
}

RIG_TEST(trace, what_can_not_be_says_so)
{
	ctl_refused(CTL_USAGE, "io_dne", "trace", "--events", "io_dne");
	ctl_refused(CTL_USAGE, "event", "trace", "--events", "throttle",
		    "--errors");
	ctl_refused(CTL_USAGE, "/dev/null", "trace", "--device", "/dev/null");
	ctl_refused(CTL_USAGE, "--min-latency", "trace", "--min-latency",
		    "soon");
	ctl_refused(CTL_USAGE, "--count", "trace", "--count", "0");
	ctl_expect_as(65534, CTL_ENVIRONMENT,
		      (const char *const[]){ "trace", NULL });
	modules_unload();
	ctl_refused(CTL_ENVIRONMENT, "kcopyctl load", "trace");
}
