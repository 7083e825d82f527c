// SPDX-License-Identifier: GPL-2.0-or-later
/* The library's examples do what they say, with the library as installed. */
#include <inttypes.h>
#include <libkcopy.h>

#include "ctl.h"

TestSuite(examples, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE (8 * MIB)

static const struct null_options small = { .mib = 8 };

/* In the folder that the runner names, or where they were built. */
static const char *example_path(const char *name)
{
	static char path[512];
	const char *folder = getenv("KCOPYD_EXAMPLES");
	const char *root = getenv("KCOPYD_ROOT");

	if (folder) {
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		return path;
	}
	cr_assert_not_null(root, "neither KCOPYD_EXAMPLES nor KCOPYD_ROOT");
	snprintf(path, sizeof(path), "%s/.build/stage/usr/lib", root);
	setenv("LD_LIBRARY_PATH", path, 1);
	snprintf(path, sizeof(path), "%s/.build/examples/%s", root, name);
	return path;
}

/* Its exit status is looked at; @said: a word on stdout, @complained: stderr. */
static void expect(const struct run *run, int status, const char *said,
		   const char *complained)
{
	cr_assert_eq(run->status, status, "status %d: %s%s", run->status,
		     run->out, run->err);
	cr_assert(!said || strstr(run->out, said), "no '%s' in: %s", said,
		  run->out);
	cr_assert(!complained || strstr(run->err, complained), "no '%s' in: %s",
		  complained, run->err);
}

#define example(name, status, said, complained, ...)                        \
	do {                                                                \
		struct run run_ = run_any(example_path(name), __VA_ARGS__); \
		expect(&run_, status, said, complained);                    \
		run_free(&run_);                                            \
	} while (0)

RIG_TEST(examples, copy_to_many_copies_to_every_destination)
{
	const char *loop = loop_create(8);
	const char *scsi = scsi_create(8, 512, "");

	data_fill(null_create("src", small), SOURCE);
	data_fill(null_create("dst", small), DEST);
	data_fill(scsi, DEST + 1);
	data_fill(loop, DEST + 2);
	example("copy_to_many", 0, "/dev/kt-dst: complete", "of 8.00 MiB, done",
		"/dev/kt-src", "/dev/kt-dst", scsi, loop);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	data_expect_equal("/dev/kt-src", scsi);
	data_expect_equal("/dev/kt-src", loop);
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(examples, copy_to_many_names_what_failed_and_finishes_the_rest)
{
	data_fill(null_create("src", small), SOURCE);
	null_create("bad", small);
	null_make_bad("bad", 1000, 8);
	null_create("good", small);
	example("copy_to_many", 1, "/dev/kt-good: complete",
		"/dev/kt-bad: ", "/dev/kt-src", "/dev/kt-bad", "/dev/kt-good");
	data_expect_equal("/dev/kt-src", "/dev/kt-good");
}

RIG_TEST(examples, copy_to_many_says_that_the_source_is_bad)
{
	null_create("src", small);
	null_make_bad("src", 1000, 8);
	null_create("dst", small);
	example("copy_to_many", 1, NULL, "/dev/kt-src: Input/output error",
		"/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(examples, copy_to_many_begins_nothing_that_does_not_fit)
{
	data_fill(null_create("src", small), SOURCE);
	data_fill(null_create("dst", small), DEST);
	data_fill(null_create("short", (struct null_options){ .mib = 7 }),
		  DEST);
	example("copy_to_many", 1, NULL, "/dev/kt-short: smaller",
		"/dev/kt-src", "/dev/kt-dst", "/dev/kt-short");
	data_expect_untouched("/dev/kt-dst", DEST);
	data_expect_untouched("/dev/kt-short", DEST);
}

RIG_TEST(examples, copy_to_many_overwrites_only_if_told_to)
{
	uint64_t sum;

	data_fill(null_create("src", small), SOURCE);
	null_create("dst", small);
	run_ok("mkfs.ext4", "-q", "/dev/kt-dst");
	sum = data_sum("/dev/kt-dst");
	example("copy_to_many", 1, NULL, "/dev/kt-dst: has ext4", "/dev/kt-src",
		"/dev/kt-dst");
	cr_assert_eq(data_sum("/dev/kt-dst"), sum);
	example("copy_to_many", 0, "/dev/kt-dst: complete", NULL, "-f",
		"/dev/kt-src", "/dev/kt-dst");
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(examples, copy_to_many_overwrites_nothing_unseen)
{
	data_fill(null_create("src", small), SOURCE);
	data_fill(null_create("good", small), DEST);
	data_fill(null_create("bad", small), DEST);
	null_make_bad("bad", 0, 8);
	example("copy_to_many", 1, NULL, "/dev/kt-bad: can't be read",
		"/dev/kt-src", "/dev/kt-good", "/dev/kt-bad");
	data_expect_untouched("/dev/kt-good", DEST);
	example("copy_to_many", 1, "/dev/kt-good: complete",
		"/dev/kt-bad: ", "-f", "/dev/kt-src", "/dev/kt-good",
		"/dev/kt-bad");
}

RIG_TEST(examples, copy_to_many_says_why_the_module_refuses)
{
	data_fill(null_create("src", small), SOURCE);
	example("copy_to_many", 1, NULL,
		kcopy_reason_string(KCOPYD_REASON_OVERLAP), "/dev/kt-src",
		"/dev/kt-src");
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(examples, without_the_module_they_say_where_to_look)
{
	null_create("src", small);
	null_create("dst", small);
	modules_unload();
	example("copy_to_many", 1, NULL, "kcopyctl doctor", "/dev/kt-src",
		"/dev/kt-dst");
	example("zero_device", 1, NULL, "kcopyctl doctor", "/dev/kt-dst");
	example("follow_statistics", 1, NULL, "kcopyctl load", "1");
}

RIG_TEST(examples, zero_device_leaves_only_zeroes)
{
	data_fill(null_create("dst", small), DEST);
	example("zero_device", 0, "/dev/kt-dst: 8.00 MiB", NULL, "/dev/kt-dst");
	data_expect_zeroes("/dev/kt-dst", 0, SIZE);
}

RIG_TEST(examples, zero_device_says_who_uses_the_device)
{
	data_fill(null_create("dst", small), DEST);
	dm_create("user", "0 16384 linear /dev/kt-dst 0");
	example("zero_device", 1, NULL, "/dev/kt-dst is used: part of",
		"/dev/kt-dst");
	data_expect_untouched("/dev/kt-dst", DEST);
}

RIG_TEST(examples, zero_device_says_that_the_device_fails)
{
	null_create("dst", small);
	null_make_bad("dst", 1000, 8);
	example("zero_device", 1, NULL, "/dev/kt-dst: Input/output error",
		"/dev/kt-dst");
}

/* Slow enough to be seen running, and fast enough to have begun. */
static uint64_t slow_copy_submit(struct kcopy *service)
{
	struct kcopyd_region_status regions[2];
	struct kcopyd_status status;
	struct kcopy_target dest = {
		.fd = device_open("/dev/kt-dst", O_RDWR | O_EXCL),
	};
	const struct kcopy_request request = {
		.source.fd = device_open("/dev/kt-src", O_RDONLY),
		.dests = &dest,
		.nr_dests = 1,
		.length = SIZE,
		.limits.rate = MIB / 8,
		.chunk = 64 * KIB,
	};
	uint64_t job;

	cr_assert_eq(kcopy_submit(service, &request, &job, NULL), 0);
	rig_wait_for(!kcopy_status(service, job, &status, regions, 2) &&
			     kcopy_progress(&status, regions),
		     60, "the first chunk");
	close(dest.fd);
	close(request.source.fd);
	return job;
}

/* One of its lines begins with that. */
static bool has_row(const char *out, uint64_t job, const char *word,
		    const char *node)
{
	char start[128];

	snprintf(start, sizeof(start), "\n%5" PRIu64 " %-4s %s ", job, word,
		 node);
	return strstr(out, start);
}

RIG_TEST(examples, follow_statistics_shows_a_running_copy)
{
	struct kcopy *service;
	struct run run;
	uint64_t job;

	modules_unload();
	ctl_load();
	data_fill(null_create("src", small), SOURCE);
	null_create("dst", small);
	cr_assert_eq(kcopy_open(&service), 0);
	job = slow_copy_submit(service);
	run = run_any(example_path("follow_statistics"), "0", "1");
	expect(&run, 0, NULL, NULL);
	cr_assert(has_row(run.out, job, "from", "/dev/kt-src"), "%s", run.out);
	cr_assert(has_row(run.out, job, "to", "/dev/kt-dst"), "%s", run.out);
	cr_assert_null(strstr(run.out, "no copy is running"));
	run_free(&run);
	kcopy_close(service);
	example("follow_statistics", 0, "no copy is running", NULL, "0", "2");
	ctl_unload();
}
