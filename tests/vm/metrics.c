// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl metrics: the maps as text for Prometheus. */
#include <bpf/bpf.h>
#include <linux/types.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <kcopyd/stats.h>

#include "ctl.h"
#include "job.h"

TestSuite(metrics, RIG_SUITE);

enum { SOURCE = 1 };

#define FOLDER "/tmp/kt-metrics"
#define PYTHON "/usr/bin/python3"
#define CLIENT "/usr/lib/python3/dist-packages/prometheus_client"

static void devices_create(unsigned int mib)
{
	const struct null_options options = { .mib = mib };

	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
	null_create("d1", options);
}

static struct kcopyd_device_stats device_stats(const char *path, uint32_t op)
{
	struct kcopyd_device_stats stats;
	struct kcopyd_device_key key = { .op = op };
	struct stat st;
	int fd = bpf_obj_get(KCOPYD_PIN_DEVICES);

	cr_assert_geq(fd, 0);
	cr_assert_eq(stat(path, &st), 0);
	key.major = major(st.st_rdev);
	key.minor = minor(st.st_rdev);
	cr_assert_eq(bpf_map_lookup_elem(fd, &key, &stats), 0,
		     "no row of %s, operation %u", path, op);
	close(fd);
	return stats;
}

/* A line that is NAME{device=,op=} VALUE. */
static void expect_sample(const char *text, const char *name,
			  const char *device, const char *op, const char *value)
{
	char line[256];

	snprintf(line, sizeof(line), "\n%s{device=\"%s\",op=\"%s\"} %s\n", name,
		 device, op, value);
	cr_assert_not_null(strstr(text, line), "no line '%s' in\n%s", line + 1,
			   text);
}

static void expect_count(const char *text, const char *name, const char *device,
			 const char *op, uint64_t value)
{
	char number[32];

	snprintf(number, sizeof(number), "%lu", value);
	expect_sample(text, name, device, op, number);
}

static void expect_seconds(const char *text, const char *name,
			   const char *device, const char *op, uint64_t ns)
{
	char number[32];

	snprintf(number, sizeof(number), "%lu.%09lu", ns / 1000000000,
		 ns % 1000000000);
	expect_sample(text, name, device, op, number);
}

static void expect_device(const char *text, const char *device, uint32_t number)
{
	static const char *const ops[] = { "read", "write", "flush" };
	struct kcopyd_device_stats stats;
	const char *op = ops[number];
	char path[32];

	snprintf(path, sizeof(path), "/dev/%s", device);
	stats = device_stats(path, number);
	expect_count(text, "kcopyd_device_requests_total", device, op,
		     stats.ios);
	expect_count(text, "kcopyd_device_bytes_total", device, op,
		     stats.bytes);
	expect_count(text, "kcopyd_device_errors_total", device, op,
		     stats.errors);
	expect_count(text, "kcopyd_device_retries_total", device, op,
		     stats.retries);
	expect_seconds(text, "kcopyd_device_queue_seconds_total", device, op,
		       stats.queue_sum_ns);
	expect_count(text, "kcopyd_device_latency_seconds_count", device, op,
		     stats.ios);
	expect_seconds(text, "kcopyd_device_latency_seconds_sum", device, op,
		       stats.lat.sum_ns);
}

RIG_TEST(metrics, are_what_the_maps_hold)
{
	struct run run;

	ctl_load();
	devices_create(4);
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = 3 * MIB,
	});
	run = ctl_run("metrics");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	expect_device(run.out, "kt-src", KCOPYD_OP_READ);
	expect_device(run.out, "kt-d0", KCOPYD_OP_WRITE);
	expect_device(run.out, "kt-d1", KCOPYD_OP_WRITE);
	expect_device(run.out, "kt-d1", KCOPYD_OP_FLUSH);
	expect_count(run.out, "kcopyd_device_bytes_total", "kt-d1", "write",
		     3 * MIB);
	cr_assert_not_null(strstr(run.out, "\nkcopyd_jobs_running 0\n"));
	cr_assert_not_null(strstr(run.out, "\nkcopyd_jobs_finished_total 1\n"));
	cr_assert_not_null(strstr(
		run.out, "\nkcopyd_lost_events_total{reason=\"reentry\"} 0\n"));
	cr_assert_null(strstr(run.out, "{job="), "a finished job is a series");
	cr_assert_str_eq(run.out + strlen(run.out) - 6, "# EOF\n");
	run_free(&run);
	ctl_unload();
}

RIG_TEST(metrics, an_unfinished_job_has_its_own)
{
	char line[128];
	struct run run;
	uint64_t job;
	int kcopyd;

	ctl_load();
	devices_create(32);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = "/dev/kt-src",
					.dests[0].path = "/dev/kt-d0",
					.length = 32 * MIB,
					.rate = MIB,
				});
	run = ctl_run("metrics");
	cr_assert_not_null(strstr(run.out, "\nkcopyd_jobs_running 1\n"));
	snprintf(line, sizeof(line),
		 "\nkcopyd_job_read_failed{job=\"%lu\"} 0\n", job);
	cr_assert_not_null(strstr(run.out, line), "%s", run.out);
	snprintf(line, sizeof(line),
		 "\nkcopyd_job_written_bytes_total{job=\"%lu\"} ", job);
	cr_assert_not_null(strstr(run.out, line), "%s", run.out);
	run_free(&run);
	cr_assert_eq(job_cancel(kcopyd, job, 10000), 0);
	close(kcopyd);
	ctl_unload();
}

/* The parsers of the reference client library have the last word. */
RIG_TEST(metrics, both_formats_are_what_their_parsers_take)
{
	/* Its package would load a web server: seconds, where it is slow. */
	static const char check[] =
		"import sys, types\n"
		"package = types.ModuleType('prometheus_client')\n"
		"package.__path__ = ['" CLIENT "']\n"
		"sys.modules['prometheus_client'] = package\n"
		"from prometheus_client.parser import text_fd_to_metric_families as a\n"
		"from prometheus_client.openmetrics.parser import text_fd_to_metric_families as b\n"
		"one, two = ({(s.name, *sorted(s.labels.items())): s.value for f in parse(open(file))\n"
		"  for s in f.samples} for parse, file in zip((a, b), sys.argv[1:]))\n"
		"assert one == two, set(one.items()) ^ set(two.items())\n"
		"assert len(one) > 100, one\n";
	struct run run;

	if (access(CLIENT, F_OK))
		cr_skip_test("python3-prometheus-client is not installed");
	ctl_load();
	devices_create(4);
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
		.length = 3 * MIB,
	});
	run_ok("mkdir", "-p", FOLDER);
	ctl_expect(CTL_COMPLETE, "metrics", "-t", FOLDER "/kcopyd.prom");
	ctl_expect(CTL_COMPLETE, "metrics", "-t", FOLDER "/kcopyd.om", "-f",
		   "openmetrics");
	run = run_any(PYTHON, "-I", "-S", "-c", check, FOLDER "/kcopyd.prom",
		      FOLDER "/kcopyd.om");
	cr_assert_eq(run.status, 0, "%s", run.err);
	run_free(&run);
	run_ok("rm", "-r", FOLDER);
	ctl_unload();
}

RIG_TEST(metrics, what_can_not_be_written_is_said)
{
	struct run run;

	ctl_refused(CTL_USAGE, "--format", "metrics", "-f", "xml");
	ctl_refused(CTL_ENVIRONMENT, "kcopyctl load", "metrics");
	ctl_load();
	ctl_refused(CTL_USAGE, "/nowhere/x.prom", "metrics", "-t",
		    "/nowhere/x.prom");
	ctl_refused(CTL_USAGE, "/dev/null", "metrics", "-t", "/dev/null");
	cr_assert_eq(access("/dev/null", W_OK), 0);
	run = run_any("bash", "-c", "\"$0\" metrics >/dev/full",
		      getenv("KCOPYD_CTL"));
	cr_assert_eq(run.status, CTL_FAILED, "status %d", run.status);
	cr_assert_not_null(strstr(run.err, "standard output"), "%s", run.err);
	run_free(&run);
	ctl_expect_as(65534, CTL_ENVIRONMENT,
		      (const char *const[]){ "metrics", NULL });
	ctl_unload();
}
