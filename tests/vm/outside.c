// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What others see of copies: with the tools that any system has, by the very
 * recipes of kcopyd-tracepoints(7), which are read out of the page.
 */
#include <bpf/bpf.h>
#include <sys/mount.h>

#include <kcopyd/stats.h>

#include "ctl.h"

TestSuite(outside, RIG_SUITE);

#define SIZE_MIB 4
#define SIZE (SIZE_MIB * MIB)
#define SCRATCH "/tmp/kt-outside"
#define MAX_RECIPE 2048

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), 1);
	null_create("d0", options);
}

static const char *root(void)
{
	const char *path = getenv("KCOPYD_ROOT");

	cr_assert_not_null(path, "KCOPYD_ROOT is not set");
	return path;
}

/* ---- recipes -------------------------------------------------------------- */

static char *read_page(void)
{
	char path[512], *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/user/man/kcopyd-tracepoints.7.scd",
		 root());
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_gt(fread(text, 1, 65535, file), 0);
	fclose(file);
	return text;
}

/* On devices of ours, instead of some. */
static void put_devices(const char *text, char *recipe)
{
	static const struct {
		const char *name;
		const char *ours;
	} devices[] = { { "/dev/sda", "/dev/kt-src" },
			{ "/dev/sdb", "/dev/kt-d0" } };
	size_t len = 0;

	while (*text) {
		size_t i = 0;

		while (i < 2 && strncmp(text, devices[i].name, 8) != 0)
			i++;
		cr_assert_lt(len, MAX_RECIPE - 16);
		if (i < 2) {
			len += sprintf(recipe + len, "%s", devices[i].ours);
			text += 8;
		} else {
			recipe[len++] = *text++;
		}
	}
	recipe[len] = 0;
}

/* The block of the page that has this in it. */
static void find_recipe(const char *word, char *recipe)
{
	char *page = read_page(), *save = NULL;
	const char *block = strtok_r(page, "`", &save);
	bool inside = false;

	while (block && !(inside && strstr(block, word))) {
		block = strtok_r(NULL, "`", &save);
		inside = !inside;
	}
	cr_assert_not_null(block, "the page has no recipe with %s", word);
	put_devices(block, recipe);
	free(page);
}

/*
 * With our kcopyctl, in a folder of its own; must succeed. Without the folder of
 * the kernel's modules: perf looks at every file of it, each of them a question
 * to the host, and bpftrace would take what part of the headers is there. No
 * folder is twice in the path: bpftrace could not decide.
 */
static struct run run_recipe(const char *word, const char *folder)
{
	char recipe[MAX_RECIPE], script[MAX_RECIPE + 1024];
	struct run run;

	find_recipe(word, recipe);
	snprintf(
		script, sizeof(script),
		"set -e; mount -t tmpfs none /lib/modules\n"
		"mkdir -p %s; cd %s; PATH=%.*s:/usr/sbin:/usr/bin:/sbin:/bin\n%s",
		SCRATCH, folder,
		(int)(strrchr(getenv("KCOPYD_CTL"), '/') -
		      getenv("KCOPYD_CTL")),
		getenv("KCOPYD_CTL"), recipe);
	run = run_any("unshare", "--mount", "sh", "-c", script);
	cr_assert_eq(run.status, 0, "%s: status %d: %s%s", recipe, run.status,
		     run.out, run.err);
	return run;
}

/* perf looks for tracefs in one place, trace-cmd in another. */
static void mount_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", F_OK))
		cr_assert_eq(mount("tracefs", "/sys/kernel/tracing", "tracefs",
				   0, NULL),
			     0, "tracefs: %m");
}

/* ---- statistics, to compare with ------------------------------------------ */

/* A region of the last job, as "kcopyctl stats --json" has it. */
static struct json_object *region(struct json_object *document, unsigned int i)
{
	struct json_object *jobs = member(document, "jobs", json_type_array);
	struct json_object *job, *regions;

	cr_assert_eq(json_object_array_length(jobs), 1);
	job = json_object_array_get_idx(jobs, 0);
	regions = member(job, "regions", json_type_array);
	cr_assert_eq(json_object_array_length(regions), 2);
	return json_object_array_get_idx(regions, i);
}

static uint64_t last_job(void)
{
	struct json_object *document, *jobs;
	uint64_t job;

	document = ctl_json_of(CTL_COMPLETE, "stats", "--json", "--last", "1");
	jobs = member(document, "jobs", json_type_array);
	job = member_number(json_object_array_get_idx(jobs, 0), "job");
	json_object_put(document);
	return job;
}

/**
 * struct seen - what a tool saw of a region
 * @ios: reads or writes
 * @flushes: of them
 * @sectors: of them
 * @latency_ns: of them, without flushes
 */
struct seen {
	uint64_t ios;
	uint64_t flushes;
	uint64_t sectors;
	uint64_t latency_ns;
};

static void expect_seen(const struct seen seen[2])
{
	struct json_object *document =
		ctl_json_of(CTL_COMPLETE, "stats", "--json", "--last", "1");

	for (unsigned int i = 0; i < 2; i++) {
		struct json_object *stats = region(document, i);
		uint64_t latency_ns;

		cr_assert_eq(seen[i].sectors, SIZE / SECTOR,
			     "region %u: %lu sectors", i, seen[i].sectors);
		cr_assert_eq(seen[i].ios, member_number(stats, "ios"));
		cr_assert_eq(seen[i].flushes, member_number(stats, "flushes"));
		/* Each was rounded to nanoseconds, or some of them at once. */
		latency_ns = member_number(stats, "latency_sum_ns");
		cr_assert_leq(seen[i].latency_ns, latency_ns);
		cr_assert_geq(seen[i].latency_ns + seen[i].ios, latency_ns);
	}
	json_object_put(document);
}

/* The number behind "NAME=". */
static uint64_t field(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	cr_assert_not_null(at, "no %s in: %s", name, line);
	return strtoull(at + strlen(name), NULL, 0);
}

/* Lines of perf and of trace-cmd: the kernel prints them. */
static void read_events(char *text, struct seen seen[2])
{
	const uint64_t job = last_job();
	char *save = NULL, *line = strtok_r(text, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int i;

		if (!strstr(line, "kcopyd_io_done: "))
			continue;
		cr_assert_eq(field(line, "job="), job);
		cr_assert_eq(field(line, " error="), 0);
		i = field(line, " region=");
		cr_assert_lt(i, 2);
		if (field(line, " op=") == KCOPYD_OP_FLUSH) {
			seen[i].flushes++;
			continue;
		}
		cr_assert_eq(field(line, " op="),
			     i ? KCOPYD_OP_WRITE : KCOPYD_OP_READ);
		seen[i].ios++;
		seen[i].sectors += field(line, " sectors=");
		seen[i].latency_ns += field(line, " service_ns=");
	}
}

static void expect_events_of(const char *word)
{
	struct seen seen[2] = {};
	struct run run;

	mount_tracefs();
	ctl_load();
	devices_create();
	run = run_recipe(word, SCRATCH);
	read_events(run.out, seen);
	expect_seen(seen);
	run_free(&run);
	run_ok("rm", "-r", SCRATCH);
	ctl_unload();
}

RIG_TEST(outside, perf_sees_every_request)
{
	expect_events_of("perf record");
}

RIG_TEST(outside, trace_cmd_sees_every_request)
{
	expect_events_of("trace-cmd record");
}

/* Lines as "[128K, 256K)    12 |@@@@@@    |", or "[0]    3 |". */
static uint64_t sum_histograms(char *text)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	uint64_t sum = 0;

	for (; line; line = strtok_r(NULL, "\n", &save)) {
		const char *end = strpbrk(line, "])");

		if (*line == '[' && strchr(line, '|') && end)
			sum += strtoull(strchr(end, ' '), NULL, 10);
	}
	return sum;
}

RIG_TEST(outside, bpftrace_counts_every_request)
{
	struct json_object *document;
	uint64_t expected = 0;
	struct run run;

	mount_tracefs();
	ctl_load();
	devices_create();
	run = run_recipe("bpftrace -e", SCRATCH);
	document = ctl_json_of(CTL_COMPLETE, "stats", "--json", "--last", "1");
	for (unsigned int i = 0; i < 2; i++)
		expected += member_number(region(document, i), "ios") +
			    member_number(region(document, i), "flushes");
	cr_assert_gt(expected, 2);
	for (unsigned int op = KCOPYD_OP_READ; op <= KCOPYD_OP_FLUSH; op++) {
		char key[16];

		snprintf(key, sizeof(key), "@ns[%u]:", op);
		cr_assert_not_null(strstr(run.out, key), "%s", run.out);
	}
	cr_assert_eq(sum_histograms(run.out), expected);
	json_object_put(document);
	run_free(&run);
	run_ok("rm", "-r", SCRATCH);
	ctl_unload();
}

/* ---- the example ---------------------------------------------------------- */

/* The slowest request of a device, on whichever processor. */
static struct json_object *slowest(struct json_object *rows, unsigned int major,
				   unsigned int minor)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct json_object *key = member(row, "key", json_type_object);
		struct json_object *values =
			member(row, "values", json_type_array);

		if (member_number(key, "major") != major ||
		    member_number(key, "minor") != minor)
			continue;
		for (size_t j = 0; j < json_object_array_length(values); j++) {
			struct json_object *value =
				member(json_object_array_get_idx(values, j),
				       "value", json_type_object);

			if (!found ||
			    member_number(found, "latency_ns") <
				    member_number(value, "latency_ns"))
				found = value;
		}
	}
	cr_assert_not_null(found, "no row of %u:%u", major, minor);
	return found;
}

/* What the example says of a region's device, beside the statistics. */
static void expect_slowest(struct json_object *rows, struct json_object *stats,
			   unsigned int i)
{
	struct json_object *request = slowest(rows,
					      member_number(stats, "major"),
					      member_number(stats, "minor"));
	const uint64_t most = member_number(stats, "latency_max_ns");

	cr_assert_eq(member_number(request, "region"), i);
	cr_assert_eq(member_number(request, "error"), 0);
	if (member_number(request, "op") == KCOPYD_OP_FLUSH) {
		cr_assert_geq(member_number(request, "latency_ns"), most);
		return;
	}
	cr_assert_eq(member_number(request, "latency_ns"), most);
	cr_assert_eq(member_number(request, "op"),
		     i ? KCOPYD_OP_WRITE : KCOPYD_OP_READ);
	cr_assert_gt(member_number(request, "sectors"), 0);
	cr_assert_leq(member_number(request, "sector") +
			      member_number(request, "sectors"),
		      SIZE / SECTOR);
}

RIG_TEST(outside, the_example_finds_the_slowest_request)
{
	struct json_object *document, *rows;
	struct run run;

	ctl_load();
	devices_create();
	run = run_recipe("./attach", root());
	rows = json_tokener_parse(strstr(run.out, "[{") ?: "");
	cr_assert_not_null(rows, "no rows: %s", run.out);
	document = ctl_json_of(CTL_COMPLETE, "stats", "--json", "--last", "1");
	for (unsigned int i = 0; i < 2; i++)
		expect_slowest(rows, region(document, i), i);
	json_object_put(rows);
	json_object_put(document);
	run_free(&run);
	cr_assert_neq(access("/sys/fs/bpf/slowest", F_OK), 0);
	ctl_unload();
}

/* ---- bpftool -------------------------------------------------------------- */

static struct json_object *dump(const char *const *argv)
{
	struct run run = run_as(0, NULL, argv);
	struct json_object *json;

	cr_assert_eq(run.status, 0, "bpftool %s: %s%s", argv[2], run.out,
		     run.err);
	json = json_tokener_parse(run.out);
	cr_assert_not_null(json, "bpftool %s: not JSON: %s", argv[2], run.out);
	run_free(&run);
	return json;
}

#define bpftool_json(...) \
	dump((const char *const[]){ "bpftool", "-j", __VA_ARGS__, NULL })

static bool has_one(struct json_object *list, const char *key,
		    const char *value)
{
	struct json_object *found;

	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(
			    json_object_array_get_idx(list, i), key, &found) &&
		    !strcmp(json_object_get_string(found), value))
			return true;
	return false;
}

/* Names in lists are cut at 15 characters. */
RIG_TEST(outside, bpftool_lists_programs_and_links_by_name)
{
	static const char *const points[] = {
		"kcopyd_job_submit", "kcopyd_region",	"kcopyd_job_state",
		"kcopyd_io_batch",   "kcopyd_throttle", "kcopyd_job_done",
	};
	static const char *const names[] = {
		"stats_submit",	  "stats_region",   "stats_job_state",
		"stats_io_batch", "stats_throttle", "stats_job_done"
	};
	struct json_object *programs, *links;

	ctl_load();
	programs = bpftool_json("prog", "show");
	links = bpftool_json("link", "show");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		cr_assert(has_one(programs, "name", names[i]), "no %s",
			  names[i]);
		cr_assert(has_one(links, "tp_name", points[i]), "no %s",
			  points[i]);
	}
	json_object_put(programs);
	json_object_put(links);
	ctl_unload();
}

/* As BTF has it: fields by name, under "formatted". */
static struct json_object *first_value(struct json_object *rows)
{
	struct json_object *row, *value;

	cr_assert_gt(json_object_array_length(rows), 0);
	row = member(json_object_array_get_idx(rows, 0), "formatted",
		     json_type_object);
	cr_assert(json_object_object_get_ex(row, "value", &value));
	return value;
}

static void expect_fields(const char *pin, const char *const *fields)
{
	struct json_object *rows = bpftool_json("map", "dump", "pinned", pin);
	struct json_object *value = first_value(rows);

	for (; *fields; fields++)
		cr_assert(json_object_object_get_ex(value, *fields, NULL),
			  "%s: no field %s", pin, *fields);
	json_object_put(rows);
}

#define map_has(pin, ...) \
	expect_fields(pin, (const char *const[]){ __VA_ARGS__, NULL })

RIG_TEST(outside, bpftool_dumps_every_map_by_field)
{
	struct json_object *rows;

	ctl_load();
	devices_create();
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d0");
	map_has(KCOPYD_PIN_REGIONS, "major", "minor", "sector", "sectors",
		"ios", "bytes", "errors", "retries", "verifies", "zeroes",
		"last_errno", "flushes", "queue_sum_ns", "lat");
	map_has(KCOPYD_PIN_JOBS, "client", "nr_dests", "flags", "sectors",
		"state", "read_err", "write_err", "bytes_read", "bytes_written",
		"start_ns", "end_ns", "duration_ns", "throttles");
	map_has(KCOPYD_PIN_DEVICES, "ios", "bytes", "errors", "direct",
		"queue_sum_ns", "lat");
	map_has(KCOPYD_PIN_HEAT, "device_sectors", "bucket_sectors", "cells");
	rows = bpftool_json("map", "dump", "pinned", KCOPYD_PIN_COUNTERS);
	cr_assert_eq(json_object_array_length(rows), KCOPYD_COUNTERS);
	json_object_put(rows);
	rows = bpftool_json("map", "dump", "pinned", KCOPYD_PIN_CLIENTS);
	json_object_put(rows);
	ctl_unload();
}
