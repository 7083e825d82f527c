// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli/exit.h"
#include "cli/metrics.h"
#include "cli/textfile.h"
#include "made_up.h"

static struct kcopy_module module;
static struct snapshot before, now;
static char folder[64], path[96];
static char *text;

static void init(void)
{
	module = (struct kcopy_module){
		.loaded = true,
		.version = "1.2.3",
		.srcversion = "ABC",
	};
	made_up_snapshots(&before, &now);
}

static void fini(void)
{
	free(text);
	text = NULL;
	if (*folder) {
		unlink(path);
		rmdir(folder);
		*folder = '\0';
	}
}

TestSuite(metrics, .init = init, .fini = fini);

static const char *make(enum metrics_format format)
{
	size_t size;
	FILE *file;

	free(text);
	file = open_memstream(&text, &size);
	metrics_text(file, format, &now, &module);
	fclose(file);
	return text;
}

static void expect_line(const char *line)
{
	const char *at = strstr(text, line);

	cr_expect(at && (at == text || at[-1] == '\n') &&
			  at[strlen(line)] == '\n',
		  "no line '%s' in\n%s", line, text);
}

/* Nothing but few jobs and losses, to be read whole. */
static void leave_little(void)
{
	now.nr_devices = 0;
	now.nr_clients = 0;
}

Test(metrics, openmetrics_names_families_without_their_suffix)
{
	leave_little();
	cr_expect_str_eq(
		make(METRICS_OPENMETRICS),
		"# TYPE kcopyd_module info\n"
		"# HELP kcopyd_module The kernel module that is loaded.\n"
		"kcopyd_module_info{version=\"1.2.3\",srcversion=\"ABC\"} 1\n"
		"# TYPE kcopyd_jobs_running gauge\n"
		"# HELP kcopyd_jobs_running Jobs that are not finished.\n"
		"kcopyd_jobs_running 1\n"
		"# TYPE kcopyd_jobs_finished counter\n"
		"# HELP kcopyd_jobs_finished Jobs that have finished, clients' small ones included.\n"
		"kcopyd_jobs_finished_total 3\n"
		"# TYPE kcopyd_job_read_bytes counter\n"
		"# UNIT kcopyd_job_read_bytes bytes\n"
		"# HELP kcopyd_job_read_bytes Bytes that an unfinished job has read.\n"
		"kcopyd_job_read_bytes_total{job=\"7\"} 314572800\n"
		"# TYPE kcopyd_job_written_bytes counter\n"
		"# UNIT kcopyd_job_written_bytes bytes\n"
		"# HELP kcopyd_job_written_bytes Bytes that an unfinished job has written, all destinations.\n"
		"kcopyd_job_written_bytes_total{job=\"7\"} 629145600\n"
		"# TYPE kcopyd_job_read_failed gauge\n"
		"# HELP kcopyd_job_read_failed Whether a read of an unfinished job has failed.\n"
		"kcopyd_job_read_failed{job=\"7\"} 0\n"
		"# TYPE kcopyd_job_failed_destinations gauge\n"
		"# HELP kcopyd_job_failed_destinations Destinations of an unfinished job of which a request has failed.\n"
		"kcopyd_job_failed_destinations{job=\"7\"} 1\n"
		"# TYPE kcopyd_lost_events counter\n"
		"# HELP kcopyd_lost_events What was not counted, and why.\n"
		"kcopyd_lost_events_total{reason=\"jobs_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"regions_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"no_region\"} 0\n"
		"kcopyd_lost_events_total{reason=\"devices_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"clients_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"heat_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"reentry\"} 0\n"
		"# EOF\n");
}

Test(metrics, prometheus_names_families_as_their_samples)
{
	leave_little();
	now.nr_jobs = 1;
	now.misses = 11;
	cr_expect_str_eq(
		make(METRICS_PROMETHEUS),
		"# TYPE kcopyd_module_info gauge\n"
		"# HELP kcopyd_module_info The kernel module that is loaded.\n"
		"kcopyd_module_info{version=\"1.2.3\",srcversion=\"ABC\"} 1\n"
		"# TYPE kcopyd_jobs_running gauge\n"
		"# HELP kcopyd_jobs_running Jobs that are not finished.\n"
		"kcopyd_jobs_running 0\n"
		"# TYPE kcopyd_jobs_finished_total counter\n"
		"# HELP kcopyd_jobs_finished_total Jobs that have finished, clients' small ones included.\n"
		"kcopyd_jobs_finished_total 3\n"
		"# TYPE kcopyd_lost_events_total counter\n"
		"# HELP kcopyd_lost_events_total What was not counted, and why.\n"
		"kcopyd_lost_events_total{reason=\"jobs_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"regions_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"no_region\"} 0\n"
		"kcopyd_lost_events_total{reason=\"devices_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"clients_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"heat_full\"} 0\n"
		"kcopyd_lost_events_total{reason=\"reentry\"} 11\n");
}

Test(metrics, devices_are_told_apart_by_operation)
{
	make(METRICS_OPENMETRICS);
	expect_line(
		"kcopyd_device_requests_total{device=\"4000:1\",op=\"read\"} 1300");
	expect_line(
		"kcopyd_device_bytes_total{device=\"4000:3\",op=\"write\"} 262144000");
	expect_line(
		"kcopyd_device_requests_total{device=\"4000:2\",op=\"flush\"} 0");
	expect_line(
		"kcopyd_device_errors_total{device=\"4000:3\",op=\"write\"} 7");
	expect_line(
		"kcopyd_device_retries_total{device=\"4000:3\",op=\"write\"} 6");
	expect_line(
		"kcopyd_device_queue_seconds_total{device=\"4000:1\",op=\"read\"} 0.006500000");
	expect_line("kcopyd_client_jobs_total{client=\"9\"} 300");
	expect_line("kcopyd_client_written_bytes_total{client=\"9\"} 1228800");
}

#define BUCKET \
	"kcopyd_device_latency_seconds_bucket{device=\"4000:1\",op=\"read\",le="

/* A bound belongs to its bucket, and slots end 1 ns before a power of two. */
Test(metrics, buckets_of_latency_add_up)
{
	struct kcopyd_latency *lat = &now.devices[0].stats.lat;

	*lat = (struct kcopyd_latency){ .sum_ns = 1234567890123 };
	lat->hist[0] = 1;
	lat->hist[9] = 2;
	lat->hist[10] = 3;
	lat->hist[16] = 4;
	lat->hist[34] = 5;
	lat->hist[39] = 6;
	make(METRICS_OPENMETRICS);
	expect_line(BUCKET "\"1.023e-06\"} 3");
	expect_line(BUCKET "\"2.047e-06\"} 6");
	expect_line(BUCKET "\"6.5535e-05\"} 6");
	expect_line(BUCKET "\"0.000131071\"} 10");
	expect_line(BUCKET "\"17.179869183\"} 10");
	expect_line(BUCKET "\"34.359738367\"} 15");
	expect_line(BUCKET "\"+Inf\"} 21");
	expect_line(
		"kcopyd_device_latency_seconds_count{device=\"4000:1\",op=\"read\"} 21");
	expect_line(
		"kcopyd_device_latency_seconds_sum{device=\"4000:1\",op=\"read\"} 1234.567890123");
}

Test(metrics, labels_are_escaped)
{
	strcpy(module.version, "a\\b\"c\nd");
	make(METRICS_OPENMETRICS);
	expect_line(
		"kcopyd_module_info{version=\"a\\\\b\\\"c\\nd\",srcversion=\"ABC\"} 1");
}

Test(metrics, a_module_that_is_not_loaded_has_no_version)
{
	module.loaded = false;
	cr_expect_null(strstr(make(METRICS_OPENMETRICS), "kcopyd_module"));
}

/* ---- what a strict reader says ------------------------------------------- */

static void make_path(void)
{
	strcpy(folder, "/tmp/kcopyd-unit-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/kcopyd.prom", folder);
}

/* By the reference client library: whether its parser takes it, whole. */
static void expect_parses(const char *parser)
{
	static const char script[] =
		"/usr/bin/python3 -c '\n"
		"from prometheus_client.%s import text_fd_to_metric_families\n"
		"families = text_fd_to_metric_families(open(\"%s\"))\n"
		"assert sum(len(family.samples) for family in families) > 150'";
	char command[512];

	if (system("/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null"))
		cr_skip_test("python3-prometheus-client is not installed");
	make_path();
	cr_assert_eq(textfile_replace(path, text, strlen(text)), 0);
	snprintf(command, sizeof(command), script, parser, path);
	cr_expect_eq(system(command), 0, "it is no such text:\n%s", text);
}

Test(metrics, openmetrics_is_what_its_parser_takes)
{
	strcpy(module.version, "a\\b\"c\nd");
	make(METRICS_OPENMETRICS);
	expect_parses("openmetrics.parser");
}

Test(metrics, prometheus_is_what_its_parser_takes)
{
	strcpy(module.version, "a\\b\"c\nd");
	make(METRICS_PROMETHEUS);
	expect_parses("parser");
}

/* ---- the file ------------------------------------------------------------ */

static unsigned int files_in_folder(void)
{
	struct dirent **names;
	int nr = scandir(folder, &names, NULL, NULL);

	cr_assert_geq(nr, 2);
	for (int i = 0; i < nr; i++)
		free(names[i]);
	free(names);
	return nr - 2;
}

static void expect_holds(const char *expected)
{
	char buf[64] = "";
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file);
	cr_expect_eq(fread(buf, 1, sizeof(buf) - 1, file), strlen(expected));
	cr_expect_str_eq(buf, expected);
	fclose(file);
}

Test(metrics, a_textfile_is_replaced_as_a_whole)
{
	struct stat st, old;
	FILE *file;

	make_path();
	umask(077);
	cr_assert_eq(textfile_replace(path, "first\n", 6), 0);
	expect_holds("first\n");
	cr_assert_eq(stat(path, &old), 0);
	cr_expect_eq(old.st_mode & 07777, 0644);
	file = fopen(path, "r");
	cr_assert_eq(textfile_replace(path, "second\n", 7), 0);
	expect_holds("second\n");
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_neq(st.st_ino, old.st_ino, "a reader would see half of each");
	cr_expect_eq(fgetc(file), 'f');
	fclose(file);
	cr_expect_eq(files_in_folder(), 1);
}

Test(metrics, a_textfile_that_can_not_be_written_leaves_nothing)
{
	char inner[128];

	make_path();
	cr_redirect_stderr();
	snprintf(inner, sizeof(inner), "%s/none/kcopyd.prom", folder);
	cr_expect_eq(textfile_replace(inner, "x", 1), EXIT_USAGE);
	cr_expect_eq(textfile_replace(folder, "x", 1), EXIT_USAGE);
	cr_expect_eq(textfile_replace("/dev/null", "x", 1), EXIT_USAGE);
	cr_expect_eq(textfile_replace("/proc/kcopyd.prom", "x", 1), EXIT_USAGE);
	cr_expect_eq(files_in_folder(), 0);
}

/* Of what is written last, too: no place on the device, here: no more than 4 KiB. */
Test(metrics, a_full_device_leaves_the_old_textfile)
{
	static char large[1 << 16];
	struct rlimit limit = { 4096, 4096 };

	make_path();
	cr_redirect_stderr();
	cr_assert_eq(textfile_replace(path, "first\n", 6), 0);
	memset(large, 'x', sizeof(large));
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(textfile_replace(path, large, sizeof(large)), EXIT_FAILED);
	expect_holds("first\n");
	cr_expect_eq(files_in_folder(), 1);
}
