// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl heatmap: it shows what happened where it happened. */
#include <bpf/bpf.h>
#include <linux/types.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <kcopyd/stats.h>

#include "ctl.h"
#include "job.h"

TestSuite(heatmap, RIG_SUITE);

#define SIZE_MIB 256
#define BUCKET (KCOPYD_HEAT_MIN_SECTORS * SECTOR)
#define DELAY_MS 20
#define DISK "/dev/mapper/kt-heat"
#define PNG "/tmp/kt-heat.png"
#define SVG "/tmp/kt-heat.svg"

/* Fast to 128 MiB, late to 192, failing to 208, fast to its end at 256. */
static void disk_create(void)
{
	null_create("src", (struct null_options){ .mib = SIZE_MIB });
	null_create("d0", (struct null_options){ .mib = SIZE_MIB });
	module_probe("dm-delay", NULL);
	dm_create(
		"heat",
		"0 262144 linear /dev/kt-d0 0\n"
		"262144 131072 delay /dev/kt-d0 262144 0 /dev/kt-d0 262144 %u\n"
		"393216 32768 error\n"
		"425984 98304 linear /dev/kt-d0 425984\n",
		DELAY_MS);
}

/* A request a bucket, to the last 16 MiB; however many in a row fail. */
static void disk_write(void)
{
	struct job_result result = job_run(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = DISK,
		.length = 240 * MIB,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
		.retry_budget = UINT32_MAX,
		.chunk = BUCKET,
	});

	cr_assert_eq(result.write_err, 1);
}

static void begin(void)
{
	ctl_load();
	disk_create();
}

static void end(void)
{
	devices_destroy();
	ctl_unload();
	unlink(PNG);
	unlink(SVG);
}

struct bucket {
	uint64_t ios;
	uint64_t errors;
	uint64_t mean_ns;
};

/* What "heatmap --json" tells of the only device of @document. */
static void buckets_of(struct json_object *document, struct bucket *buckets)
{
	struct json_object *list = member(document, "devices", json_type_array);
	struct json_object *device = json_object_array_get_idx(list, 0);
	struct stat st;

	cr_assert_eq(json_object_array_length(list), 1);
	cr_assert_eq(stat(DISK, &st), 0);
	member_text(device, "device");
	cr_assert_eq(member_number(device, "major"), major(st.st_rdev));
	cr_assert_eq(member_number(device, "minor"), minor(st.st_rdev));
	cr_assert_eq(member_number(device, "device_bytes"), SIZE_MIB * MIB);
	cr_assert_eq(member_number(device, "bucket_bytes"), BUCKET);
	list = member(device, "buckets", json_type_array);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *object = json_object_array_get_idx(list, i);
		uint64_t offset = member_number(object, "offset");
		struct bucket *bucket = &buckets[offset / BUCKET];

		cr_assert_eq(offset % BUCKET, 0);
		cr_assert_lt(offset, SIZE_MIB * MIB);
		bucket->ios = member_number(object, "ios");
		bucket->errors = member_number(object, "errors");
		bucket->mean_ns = member_number(object, "mean_ns");
		cr_assert_geq(member_number(object, "max_ns"), bucket->mean_ns);
	}
}

static uint64_t mean_ms(const struct bucket *buckets, unsigned int from,
			unsigned int to)
{
	uint64_t sum = 0;

	for (size_t i = from; i < to; i++)
		sum += buckets[i].mean_ns;
	return sum / (to - from) / 1000000;
}

RIG_TEST(heatmap, tells_where_it_was_slow_and_where_it_failed)
{
	struct bucket buckets[SIZE_MIB * MIB / BUCKET] = {};
	struct json_object *document;
	uint64_t slow;

	begin();
	disk_write();
	document = ctl_json_of(CTL_COMPLETE, "heatmap", DISK, "--json");
	cr_assert_eq(member_number(document, "lost_ios"), 0);
	buckets_of(document, buckets);
	json_object_put(document);
	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++) {
		if (i >= 240)
			cr_assert_eq(buckets[i].ios, 0, "bucket %zu", i);
		else
			cr_assert_gt(buckets[i].ios, 0, "bucket %zu", i);
		if (i >= 192 && i < 208)
			cr_assert_gt(buckets[i].errors, 0, "bucket %zu", i);
		else
			cr_assert_eq(buckets[i].errors, 0, "bucket %zu", i);
	}
	/*
	 * Those that were counted together share, so not at the borders; and a
	 * delay in ticks of the kernel may be one of them short.
	 */
	slow = mean_ms(buckets, 144, 176);
	cr_assert_geq(slow, DELAY_MS - 10, "%lu ms", slow);
	cr_assert_lt(mean_ms(buckets, 16, 112), slow);
	end();
}

static void expect_starts(const char *path, const char *text)
{
	char start[64] = "";
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_gt(fread(start, 1, sizeof(start) - 1, file), 0);
	fclose(file);
	cr_assert_eq(strncmp(start, text, strlen(text)), 0, "%s", path);
	unlink(path);
}

static unsigned int count(const char *text, const char *wanted)
{
	unsigned int nr = 0;

	for (; (text = strstr(text, wanted)); text += strlen(wanted))
		nr++;
	return nr;
}

/* Without DEVICE: a line each; with it: rows. Never a colour into a pipe. */
RIG_TEST(heatmap, draws_text_and_pictures)
{
	struct run run;

	begin();
	disk_write();
	run = ctl_run("heatmap", DISK, "--png", PNG, "--svg", SVG);
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_null(strchr(run.out, '\033'));
	/* 256 cells in rows of 64, a sixteenth of them failing. */
	cr_assert_eq(count(run.out, "iB |") + count(run.out, " B |"), 4, "%s",
		     run.out);
	cr_assert_not_null(strstr(run.out, "|XXXXXXXXXXXXXXXX"), "%s", run.out);
	run_free(&run);
	expect_starts(PNG, "\x89PNG\r\n\x1a\n");
	expect_starts(SVG, "<?xml");
	run = ctl_run("heatmap");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_eq(count(run.out, "256 MiB"), 2, "%s", run.out);
	cr_assert_eq(count(run.out, "X"), 3, "%s", run.out);
	run_free(&run);
	ctl_refused(CTL_USAGE, "name the device", "heatmap", "--png", PNG);
	cr_assert_neq(access(PNG, F_OK), 0);
	end();
}

/* All that a command writes to a terminal; @status: how it ended. */
static char *run_in_terminal(const char *const *argv, int *status)
{
	char *text = calloc(1, 1 << 20);
	struct winsize size = { .ws_col = 80, .ws_row = 24 };
	size_t len = 0;
	ssize_t got;
	int fd;
	pid_t pid = forkpty(&fd, NULL, NULL, &size);

	cr_assert_geq(pid, 0);
	if (!pid) {
		execv(getenv("KCOPYD_CTL"), (char *const *)argv);
		_exit(127);
	}
	/* EIO tells of the end. */
	while ((got = read(fd, text + len, (1 << 20) - 1 - len)) > 0)
		len += got;
	close(fd);
	cr_assert_eq(waitpid(pid, status, 0), pid);
	return text;
}

RIG_TEST(heatmap, has_colours_on_a_terminal_unless_no_color_is_set)
{
	static const char *const args[] = { "kcopyctl", "heatmap", DISK, NULL };
	int status;
	char *text;

	begin();
	disk_write();
	setenv("TERM", "xterm-256color", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	unsetenv("COLUMNS");
	text = run_in_terminal(args, &status);
	cr_assert_eq(status, 0, "%s", text);
	cr_assert_gt(count(text, "\033[48;5;"), 128);
	cr_assert_gt(count(text, "\033[1;97;41mX"), 8);
	free(text);
	setenv("NO_COLOR", "1", 1);
	text = run_in_terminal(args, &status);
	cr_assert_eq(status, 0, "%s", text);
	cr_assert_eq(count(text, "\033"), 0);
	free(text);
	end();
}

/* A device may be watched before anything happens on it. */
RIG_TEST(heatmap, over_time_shows_what_happens_meanwhile)
{
	static const char *const out = "/tmp/kt-heat.txt";
	char text[65536] = "";
	int status, fd;
	pid_t pid;

	begin();
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDOUT_FILENO);
		execl(getenv("KCOPYD_CTL"), "kcopyctl", "heatmap", DISK,
		      "--interval", "100ms", "--png", PNG, NULL);
		_exit(127);
	}
	fd = -1;
	rig_wait_for((fd = open(out, O_RDONLY)) >= 0, 60, "the output");
	rig_wait_for(pread(fd, text, sizeof(text) - 1, 0) > 0 &&
			     count(text, " s |") >= 1,
		     60, "a first line");
	disk_write();
	rig_wait_for(pread(fd, text, sizeof(text) - 1, 0) > 0 &&
			     strchr(text, '%') && count(text, "X") >= 1 + 3,
		     60, "what was late, and the errors");
	kill(pid, SIGINT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x",
		  status);
	close(fd);
	unlink(out);
	expect_starts(PNG, "\x89PNG\r\n\x1a\n");
	end();
}

RIG_TEST(heatmap, over_time_ends_after_its_count)
{
	struct run run;

	begin();
	run = ctl_run("heatmap", DISK, "--interval", "20ms", "--count", "3",
		      "--max");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_eq(count(run.out, " s |"), 3, "%s", run.out);
	cr_assert_not_null(strstr(run.err, "mean"), "%s", run.err);
	run_free(&run);
	run = ctl_run("heatmap", DISK, "--interval", "20ms", "--duration",
		      "90ms");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_eq(count(run.out, " s |"), 5, "%s", run.out);
	run_free(&run);
	end();
}

/* As if another version had attached them. */
static void change_version(void)
{
	uint32_t key = KCOPYD_COUNTER_VERSION;
	uint64_t value = KCOPYD_STATS_VERSION + 1;
	int fd = bpf_obj_get(KCOPYD_PIN_COUNTERS);

	cr_assert_geq(fd, 0, "%m");
	cr_assert_eq(bpf_map_update_elem(fd, &key, &value, 0), 0, "%m");
	close(fd);
}

RIG_TEST(heatmap, says_what_is_wrong)
{
	struct run run;

	begin();
	ctl_refused(CTL_ENVIRONMENT, DISK, "heatmap", DISK);
	ctl_refused(CTL_ENVIRONMENT, "no I/O", "heatmap");
	disk_write();
	ctl_refused(CTL_USAGE, "/dev/zero", "heatmap", "/dev/zero");
	ctl_refused(CTL_USAGE, "/dev/kt-none", "heatmap", "/dev/kt-none");
	ctl_refused(CTL_ENVIRONMENT, "4095:1", "heatmap", "4095:1");
	ctl_refused(CTL_USAGE, "heat", "heatmap", DISK, "--what=heat");
	ctl_refused(CTL_USAGE, "--json", "heatmap", DISK, "--json", "-n1");
	ctl_refused(CTL_USAGE, "1ms", "heatmap", DISK, "--interval=1ms");
	ctl_refused(CTL_FAILED, "/nowhere/a.png", "heatmap", DISK, "--png",
		    "/nowhere/a.png");
	ctl_refused(CTL_USAGE, "/dev/full", "heatmap", DISK, "--svg",
		    "/dev/full");
	run = run_any("sh", "-c",
		      "\"$KCOPYD_CTL\" heatmap " DISK
		      " -i 10ms -n 100000 >/dev/full");
	cr_assert_eq(run.status, CTL_FAILED, "%d: %s", run.status, run.err);
	run_free(&run);
	change_version();
	ctl_refused(CTL_ENVIRONMENT, "another version", "heatmap", DISK);
	devices_destroy();
	ctl_unload();
	ctl_refused(CTL_ENVIRONMENT, "kcopyctl load", "heatmap");
}
