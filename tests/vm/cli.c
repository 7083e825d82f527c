// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl copy: exit codes, JSON, and what it refuses. */
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "caller.h"
#include "ctl.h"
#include "job.h"

TestSuite(cli, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 8
#define SIZE (SIZE_MIB * MIB)
#define MOUNT_POINT "/tmp/kt-mount"

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

static void expect_nothing_written(void)
{
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect_untouched("/dev/kt-d0", DEST);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

RIG_TEST(cli, a_copy_to_two_says_0_and_tells_both_in_json)
{
	struct json_object *document;

	devices_create();
	document = ctl_json_of(CTL_COMPLETE, "copy", "--json", "/dev/kt-src",
			       "/dev/kt-d0", "/dev/kt-d1");
	cr_assert_str_eq(member_text(document, "result"), "complete");
	cr_assert_eq(member_number(document, "code"), 0);
	cr_assert_eq(member_number(document, "read_err"), 0);
	cr_assert_eq(member_number(document, "write_err"), 0);
	cr_assert_eq(member_number(document, "complete"), 3);
	cr_assert_eq(member_number(document, "length"), SIZE);
	for (unsigned int i = 0; i < 2; i++) {
		struct json_object *dest = destination(document, i);

		cr_assert_str_eq(member_text(dest, "path"),
				 i ? "/dev/kt-d1" : "/dev/kt-d0");
		cr_assert(member_bool(dest, "complete"));
		cr_assert_not(member_bool(dest, "failed"));
		cr_assert_eq(member_number(dest, "bytes"), SIZE);
		member(dest, "error", json_type_null);
	}
	json_object_put(document);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(cli, a_range_goes_where_it_should)
{
	devices_create();
	ctl_expect(CTL_COMPLETE, "copy", "--offset", "1MiB", "--length", "513s",
		   "--dest-offset", "3s", "/dev/kt-src", "/dev/kt-d0");
	data_expect_copy("/dev/kt-d0", &(struct data_copy){
					       .seed = DEST,
					       .offset = 3 * SECTOR,
					       .length = 513 * SECTOR,
					       .source_seed = SOURCE,
					       .source_offset = MIB,
				       });
}

/* On /dev/kt-d0: "/dev/mapper/kt-bad", with bad sectors in the middle. */
static void bad_create(void)
{
	dm_create("bad", "0 4096 linear /dev/kt-d0 0\n"
			 "4096 8 error\n"
			 "4104 12280 linear /dev/kt-d0 4104\n");
}

RIG_TEST(cli, a_failing_destination_says_1_and_is_named)
{
	struct json_object *document, *dest;

	devices_create();
	bad_create();
	/* By force, since what it holds can't be looked at. */
	document = ctl_json_of(CTL_PARTIAL, "copy", "--json",
			       "--force=signature", "/dev/kt-src",
			       "/dev/mapper/kt-bad", "/dev/kt-d1");
	cr_assert_eq(member_number(document, "write_err"), 1);
	cr_assert_eq(member_number(document, "complete"), 2);
	dest = destination(document, 0);
	cr_assert_str_eq(member_text(dest, "path"), "/dev/mapper/kt-bad");
	cr_assert(member_bool(dest, "failed"));
	cr_assert_not(member_bool(dest, "complete"));
	cr_assert_gt(member_number(dest, "errors"), 0);
	cr_assert_gt(json_object_array_length(
			     member(dest, "extents", json_type_array)),
		     0);
	cr_assert(member_bool(destination(document, 1), "complete"));
	json_object_put(document);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(cli, a_checksum_that_could_not_be_computed_says_5)
{
	struct kcopyd_test_hash hash = { .fails = KCOPYD_TEST_HASH_UPDATE };
	struct json_object *document;
	int caller = caller_open();

	devices_create();
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_HASH, &hash), 0);
	document = ctl_json_of(CTL_FAILED, "copy", "--json", "--checksum=xxh64",
			       "/dev/kt-src", "/dev/kt-d0");
	cr_assert_str_eq(member_text(document, "result"), "complete");
	member(member(document, "checksum", json_type_object), "digest",
	       json_type_null);
	json_object_put(document);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	hash.fails = KCOPYD_TEST_HASH_WORKS;
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_HASH, &hash), 0);
	ctl_expect(CTL_COMPLETE, "copy", "--checksum=xxh64", "/dev/kt-src",
		   "/dev/kt-d1");
	ctl_expect(CTL_COMPLETE, "copy", "--checksum=xxh64", "--length=0",
		   "/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(cli, when_no_destination_is_complete_it_says_5)
{
	struct json_object *document;

	devices_create();
	bad_create();
	ctl_refused(CTL_SAFETY, "/dev/mapper/kt-bad", "copy", "/dev/kt-src",
		    "/dev/mapper/kt-bad");
	document = ctl_json_of(CTL_FAILED, "copy", "--json",
			       "--force=signature", "/dev/kt-src",
			       "/dev/mapper/kt-bad");
	cr_assert_eq(member_number(document, "complete"), 0);
	json_object_put(document);
}

RIG_TEST(cli, what_can_be_read_of_a_failing_source_is_copied)
{
	struct json_object *document, *extents, *extent;
	uint64_t from, to;

	devices_create();
	dm_create("bad", "0 4096 linear /dev/kt-src 0\n"
			 "4096 8 error\n"
			 "4104 12280 linear /dev/kt-src 4104\n");
	document = ctl_json_of(CTL_FAILED, "copy", "--json",
			       "--on-read-error=skip", "--chunk", "4K",
			       "/dev/mapper/kt-bad", "/dev/kt-d0");
	cr_assert_eq(member_number(document, "read_err"), 1);
	extents = member(member(document, "source", json_type_object),
			 "extents", json_type_array);
	cr_assert_eq(json_object_array_length(extents), 1);
	extent = json_object_array_get_idx(extents, 0);
	from = member_number(extent, "offset");
	to = from + member_number(extent, "length");
	cr_assert_eq(from, 4096 * SECTOR);
	cr_assert_eq(to, 4104 * SECTOR);
	json_object_put(document);
	data_expect("/dev/kt-d0", 0, from, SOURCE, 0);
	data_expect("/dev/kt-d0", from, to - from, DEST, from / SECTOR);
	data_expect("/dev/kt-d0", to, SIZE - to, SOURCE, to / SECTOR);
}

RIG_TEST(cli, wrong_usage_says_2)
{
	devices_create();
	ctl_refused(CTL_USAGE, "--nonsense", "copy", "--nonsense",
		    "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "nonsense", "nonsense");
	ctl_refused(CTL_USAGE, "copy", "copy");
	ctl_refused(CTL_USAGE, "copy", "copy", "/dev/kt-src");
	ctl_refused(CTL_USAGE, "12potatoes", "copy", "--length", "12potatoes",
		    "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "100", "copy", "--length", "100", "/dev/kt-src",
		    "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "--offset", "copy", "--offset", "1", "--length",
		    "512", "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "--length", "copy", "--length", "1G",
		    "/dev/kt-src", "/dev/kt-d0");
	expect_nothing_written();
}

RIG_TEST(cli, what_is_no_block_device_says_2)
{
	devices_create();
	ctl_refused(CTL_USAGE, "/dev/zero", "copy", "/dev/zero", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "/proc is neither", "copy", "/dev/kt-src",
		    "/proc");
	cr_assert_eq(mkfifo("/tmp/kt-fifo", 0600), 0, "%m");
	ctl_refused(CTL_USAGE, "/tmp/kt-fifo", "copy", "/tmp/kt-fifo",
		    "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "/tmp/kt-fifo", "copy", "/dev/kt-src",
		    "/tmp/kt-fifo");
	unlink("/tmp/kt-fifo");
	ctl_refused(CTL_USAGE, "/dev/kt-none", "copy", "/dev/kt-src",
		    "/dev/kt-none");
	expect_nothing_written();
}

RIG_TEST(cli, a_destination_that_is_too_small_says_3)
{
	devices_create();
	data_fill(null_create("small", (struct null_options){ .mib = 4 }),
		  DEST);
	ctl_refused(CTL_SAFETY, "/dev/kt-small", "copy", "/dev/kt-src",
		    "/dev/kt-d0", "/dev/kt-small");
	expect_nothing_written();
	data_expect_untouched("/dev/kt-small", DEST);
}

RIG_TEST(cli, overlap_says_3)
{
	devices_create();
	ctl_refused(CTL_SAFETY, "/dev/kt-src", "copy", "/dev/kt-src",
		    "/dev/kt-src");
	ctl_refused(CTL_SAFETY, "/dev/kt-d0", "copy", "/dev/kt-src",
		    "/dev/kt-d0", "/dev/kt-d0");
	expect_nothing_written();
}

RIG_TEST(cli, a_read_only_destination_says_3)
{
	int on = 1, off = 0, fd;

	devices_create();
	fd = device_open("/dev/kt-d1", O_RDONLY);
	cr_assert_eq(ioctl(fd, BLKROSET, &on), 0, "%m");
	ctl_refused(CTL_SAFETY, "/dev/kt-d1", "copy", "/dev/kt-src",
		    "/dev/kt-d0", "/dev/kt-d1");
	cr_assert_eq(ioctl(fd, BLKROSET, &off), 0, "%m");
	close(fd);
	expect_nothing_written();
}

RIG_TEST(cli, a_destination_in_use_says_3)
{
	int holder;

	devices_create();
	holder = device_open("/dev/kt-d1", O_RDONLY | O_EXCL);
	ctl_refused(CTL_SAFETY, "/dev/kt-d1", "copy", "/dev/kt-src",
		    "/dev/kt-d1");
	close(holder);
	dm_create("on-d0", "0 100 linear /dev/kt-d0 0");
	ctl_refused(CTL_SAFETY, "/dev/kt-d0", "copy", "/dev/kt-src",
		    "/dev/kt-d0");
	expect_nothing_written();
}

RIG_TEST(cli, a_mounted_destination_says_3_whatever_the_options)
{
	const char *path;
	uint64_t sum;

	devices_create();
	path = null_create("fs", (struct null_options){ .mib = SIZE_MIB });
	run_ok("mkfs.ext4", "-q", "-F", path);
	mkdir(MOUNT_POINT, 0700);
	/* Or it would fill in its tables itself, some time later. */
	cr_assert_eq(mount(path, MOUNT_POINT, "ext4", 0, "noinit_itable"), 0,
		     "%m");
	sync();
	sum = data_sum(path);
	ctl_refused(CTL_SAFETY, MOUNT_POINT, "copy", "/dev/kt-src", path);
	ctl_refused(CTL_SAFETY, MOUNT_POINT, "copy", "--force=signature",
		    "/dev/kt-src", path);
	cr_assert_eq(data_sum(path), sum, "the mounted device was written");
	/* Mounted for writing, it is no good source either. */
	ctl_refused(CTL_SAFETY, MOUNT_POINT, "copy", path, "/dev/kt-d0");
	cr_assert_eq(umount(MOUNT_POINT), 0, "%m");
	expect_nothing_written();
}

RIG_TEST(cli, a_file_system_is_only_overwritten_by_force)
{
	const char *path;
	uint64_t sum;

	devices_create();
	path = null_create("fs", (struct null_options){ .mib = SIZE_MIB });
	run_ok("mkfs.ext4", "-q", "-F", path);
	sum = data_sum(path);
	ctl_refused(CTL_SAFETY, "ext4", "copy", "/dev/kt-src", path);
	cr_assert_eq(data_sum(path), sum);
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   path);
	data_expect_equal("/dev/kt-src", path);
}

RIG_TEST(cli, a_dry_run_writes_nothing)
{
	devices_create();
	ctl_expect(CTL_COMPLETE, "copy", "--dry-run", "/dev/kt-src",
		   "/dev/kt-d0");
	expect_nothing_written();
}

RIG_TEST(cli, without_the_module_it_says_4)
{
	devices_create();
	modules_unload();
	ctl_refused(CTL_ENVIRONMENT, "kcopyctl load", "copy", "/dev/kt-src",
		    "/dev/kt-d0");
	expect_nothing_written();
	module_load("kcopyd");
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(cli, without_privilege_it_says_4)
{
	devices_create();
	ctl_expect_as(65534, CTL_ENVIRONMENT,
		      (const char *const[]){ "copy", "/dev/kt-src",
					     "/dev/kt-d0", NULL });
	/* With the devices, but not with /dev/kcopyd. */
	chmod("/dev/kt-src", 0666);
	chmod("/dev/kt-d0", 0666);
	ctl_expect_as(65534, CTL_ENVIRONMENT,
		      (const char *const[]){ "copy", "/dev/kt-src",
					     "/dev/kt-d0", NULL });
	expect_nothing_written();
}

RIG_TEST(cli, help_and_version_say_0)
{
	static const char *const verbs[] = {
		"load",	 "unload", "status",  "doctor",	 "copy",
		"zero",	 "verify", "run",     "jobs",	 "show",
		"wait",	 "cancel", "pause",   "resume",	 "limit",
		"stats", "top",	   "metrics", "heatmap", "trace",
	};

	ctl_expect(CTL_COMPLETE, "--help");
	ctl_expect(CTL_COMPLETE, "--version");
	for (unsigned int i = 0; i < ARRAY_SIZE(verbs); i++) {
		struct run run = ctl_run(verbs[i], "--help");

		cr_assert_eq(run.status, 0);
		cr_assert_not_null(strstr(run.out, "Examples:"));
		run_free(&run);
	}
}

/* A device that is opened would take the place of a descriptor. */
RIG_TEST(cli, a_closed_descriptor_that_nothing_can_be_put_in_place_of_says_4)
{
#define WITHOUT_DEV "mount -t tmpfs kt /dev && exec \"$KCOPYD_CTL\" --version"
	struct run run;

	run = run_any("unshare", "-m", "sh", "-c", WITHOUT_DEV " <&-");
	cr_assert_eq(run.status, CTL_ENVIRONMENT, "%d: %s", run.status,
		     run.err);
	cr_assert_not_null(strstr(run.err, "/dev/null"), "%s", run.err);
	cr_assert_str_eq(run.out, "");
	run_free(&run);
	run = run_any("unshare", "-m", "sh", "-c", WITHOUT_DEV " 2>&-");
	cr_assert_eq(run.status, CTL_ENVIRONMENT);
	run_free(&run);
	/* Where none is closed it is not needed. */
	run = run_any("unshare", "-m", "sh", "-c", WITHOUT_DEV);
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	run_free(&run);
}

/* Ctrl-C: the job ends with the command. */
RIG_TEST(cli, an_interrupted_copy_says_130)
{
	struct json_object *document, *jobs, *job;
	int status;
	pid_t pid;

	data_fill(null_create("src", (struct null_options){ .mib = 32 }),
		  SOURCE);
	null_create("d0",
		    (struct null_options){ .mib = 32, .latency_us = 50000 });
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		execl(getenv("KCOPYD_CTL"), "kcopyctl", "copy", "--quiet",
		      "--chunk", "64K", "--depth", "1", "/dev/kt-src",
		      "/dev/kt-d0", NULL);
		_exit(127);
	}
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	kill(pid, SIGINT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status %#x",
		  status);
	cr_assert_eq(job_info_now().jobs, 0);
	document = ctl_json_of(CTL_COMPLETE, "status", "--json");
	jobs = member(document, "jobs", json_type_array);
	cr_assert_gt(json_object_array_length(jobs), 0);
	job = json_object_array_get_idx(jobs,
					json_object_array_length(jobs) - 1);
	cr_assert_str_eq(member_text(job, "result"), "cancelled");
	json_object_put(document);
}
