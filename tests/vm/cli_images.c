// SPDX-License-Identifier: GPL-2.0-or-later
/* Regular files as sources and destinations of kcopyctl. */
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "job.h"

TestSuite(cli_images, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 8
#define SIZE (SIZE_MIB * MIB)
#define FOLDER "/tmp/kt-images"
#define IMAGE FOLDER "/disk.img"
#define OTHER FOLDER "/other.img"

/* A file system of 64 MiB to put them on. */
static void begin(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	module_probe("loop", NULL);
	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	umount2(FOLDER, MNT_DETACH);
	mkdir(FOLDER, 0700);
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, "size=64m"), 0, "%m");
}

/* The kernel takes them down a moment after the last close. */
static void expect_detached(void)
{
	rig_wait_for(!loop_is_over("kt-images"), 20,
		     "the end of the loop devices");
}

static void end(void)
{
	expect_detached();
	/* The last who lets go of a file may do so a moment later. */
	rig_wait_for(!umount(FOLDER), 20, "unmounting");
}

static off_t size_of(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0, "%s: %m", path);
	return st.st_size;
}

static void expect_same(const char *image, const char *device)
{
	run_ok("cmp", "--bytes=8388608", image, device);
}

RIG_TEST(cli_images, a_disk_goes_into_a_new_file_and_back)
{
	struct json_object *document;

	begin();
	document = ctl_json_of(CTL_COMPLETE, "copy", "--json", "/dev/kt-src",
			       IMAGE);
	cr_assert_str_eq(member_text(json_object_array_get_idx(
					     member(document, "destinations",
						    json_type_array),
					     0),
				     "path"),
			 IMAGE);
	json_object_put(document);
	cr_assert_eq(size_of(IMAGE), SIZE);
	expect_same(IMAGE, "/dev/kt-src");
	expect_detached();
	ctl_expect(CTL_COMPLETE, "verify", "/dev/kt-src", IMAGE);
	ctl_expect(CTL_COMPLETE, "copy", IMAGE, "/dev/kt-d0", OTHER);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	expect_same(OTHER, "/dev/kt-src");
	end();
}

RIG_TEST(cli_images, what_a_file_holds_is_only_overwritten_by_force)
{
	begin();
	run_ok("truncate", "--size=12M", IMAGE);
	run_ok("mkfs.ext4", "-q", "-F", IMAGE);
	ctl_refused(CTL_SAFETY, "ext4", "copy", "/dev/kt-src", IMAGE);
	run_ok("truncate", "--size=1000", OTHER);
	ctl_refused(CTL_SAFETY, "a file of 1000 B", "copy", "/dev/kt-src",
		    OTHER);
	cr_assert_eq(size_of(OTHER), 1000);
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   IMAGE, OTHER);
	/* The longer one keeps its end, the shorter one has grown. */
	cr_assert_eq(size_of(IMAGE), 12 * MIB);
	cr_assert_eq(size_of(OTHER), SIZE);
	expect_same(IMAGE, "/dev/kt-src");
	expect_same(OTHER, "/dev/kt-src");
	end();
}

RIG_TEST(cli_images, no_tail_is_dropped)
{
	begin();
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", IMAGE);
	run_ok("truncate", "--size=-100", IMAGE);
	ctl_refused(CTL_USAGE, "truncate --size=%512", "copy", IMAGE,
		    "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--length", "4M", IMAGE, "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0, 4 * MIB, SOURCE, 0);
	data_expect("/dev/kt-d0", 4 * MIB, 4 * MIB, DEST, 4 * MIB / SECTOR);
	end();
}

RIG_TEST(cli_images, who_is_refused_finds_everything_as_it_was)
{
	begin();
	run_ok("truncate", "--size=1000", OTHER);
	ctl_expect(CTL_COMPLETE, "copy", "--dry-run", "/dev/kt-src", IMAGE);
	cr_assert_neq(access(IMAGE, F_OK), 0);
	/* The first one is there already when the second is refused. */
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d0");
	ctl_refused(CTL_SAFETY, "ext4", "copy", "/dev/kt-src", IMAGE,
		    "/dev/kt-d0");
	cr_assert_neq(access(IMAGE, F_OK), 0);
	modules_unload();
	ctl_refused(CTL_ENVIRONMENT, "load", "copy", "--force=signature",
		    "/dev/kt-src", IMAGE, OTHER);
	cr_assert_neq(access(IMAGE, F_OK), 0);
	cr_assert_eq(size_of(OTHER), 1000);
	module_load("kcopyd");
	ctl_refused(CTL_USAGE, "no such device", "copy", "/dev/kt-src",
		    "/dev/kt-sdx");
	cr_assert_neq(access("/dev/kt-sdx", F_OK), 0);
	ctl_refused(CTL_USAGE, "no such", "copy", FOLDER "/none", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, FOLDER, "copy", "/dev/kt-src", FOLDER);
	end();
}

RIG_TEST(cli_images, the_same_file_is_refused_by_any_name)
{
	char loop[64];
	struct run run;

	begin();
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", IMAGE);
	expect_detached();
	ctl_refused(CTL_SAFETY, "twice", "copy", "/dev/kt-src", OTHER, OTHER);
	cr_assert_neq(access(OTHER, F_OK), 0);
	cr_assert_eq(link(IMAGE, OTHER), 0, "%m");
	ctl_refused(CTL_SAFETY, "source itself", "copy", "--force=signature",
		    IMAGE, OTHER);
	ctl_refused(CTL_SAFETY, "twice", "copy", "--force=signature",
		    "/dev/kt-src", OTHER, FOLDER "/./disk.img");
	ctl_refused(CTL_SAFETY, "twice", "copy", "/dev/kt-src",
		    FOLDER "/new.img", FOLDER "/./new.img");
	cr_assert_neq(access(FOLDER "/new.img", F_OK), 0);
	expect_detached();
	run = run_any("losetup", "--find", "--show", IMAGE);
	cr_assert_eq(run.status, 0, "%s", run.err);
	snprintf(loop, sizeof(loop), "%.*s", (int)strcspn(run.out, "\n"),
		 run.out);
	run_free(&run);
	ctl_refused(CTL_SAFETY, loop, "copy", "--force=signature",
		    "/dev/kt-src", IMAGE);
	ctl_refused(CTL_SAFETY, "source-mounted", "copy", IMAGE, "/dev/kt-d0");
	ctl_refused(CTL_SAFETY, "is a destination", "copy",
		    "--force=source-mounted,signature", "--length", "1M",
		    "--dest-offset", "2M", IMAGE, loop);
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted", IMAGE,
		   "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	run_ok("losetup", "--detach", loop);
	end();
}

RIG_TEST(cli_images, a_full_file_system_fails_one_destination)
{
	struct json_object *document;

	begin();
	cr_assert_eq(umount(FOLDER), 0);
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, "size=4m"), 0, "%m");
	ctl_refused(CTL_SAFETY, "--force=size", "copy", "/dev/kt-src", IMAGE);
	cr_assert_neq(access(IMAGE, F_OK), 0);
	document = ctl_json_of(CTL_PARTIAL, "copy", "--json", "--force=size",
			       "/dev/kt-src", IMAGE, "/dev/kt-d0");
	cr_assert_eq(member_number(document, "write_err"), 1);
	json_object_put(document);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	end();
}

/* Each of the two would fit. */
RIG_TEST(cli_images, files_share_the_room_there_is)
{
	begin();
	cr_assert_eq(umount(FOLDER), 0);
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, "size=12m"), 0, "%m");
	ctl_expect(CTL_COMPLETE, "copy", "--dry-run", "/dev/kt-src", IMAGE);
	ctl_refused(CTL_SAFETY, "16.0 MiB are to be written", "copy",
		    "/dev/kt-src", IMAGE, OTHER);
	cr_assert_neq(access(IMAGE, F_OK), 0);
	cr_assert_neq(access(OTHER, F_OK), 0);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", IMAGE);
	/* What has its room already needs no more. */
	ctl_refused(CTL_SAFETY, "8.00 MiB are to be written", "copy",
		    "--force=signature", "/dev/kt-src", IMAGE, OTHER);
	end();
}

RIG_TEST(cli_images, holes_stay_holes_if_that_is_asked)
{
	struct stat st;

	begin();
	ctl_expect(CTL_COMPLETE, "zero", "--offset", "1M", "--length", "6M",
		   "/dev/kt-src");
	ctl_expect(CTL_COMPLETE, "copy", "--sparse", "/dev/kt-src", IMAGE);
	expect_same(IMAGE, "/dev/kt-src");
	cr_assert_eq(stat(IMAGE, &st), 0);
	cr_assert_leq(st.st_blocks * SECTOR, 3 * MIB, "%lu blocks",
		      st.st_blocks);
	ctl_expect(CTL_COMPLETE, "zero", "--force=signature", IMAGE);
	data_expect_zeroes("/dev/kt-src", MIB, 6 * MIB);
	ctl_expect(CTL_PARTIAL, "verify", "/dev/kt-src", IMAGE);
	end();
}

RIG_TEST(cli_images, nothing_is_left_of_who_was_killed)
{
	int status;
	pid_t pid;

	begin();
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		execl(getenv("KCOPYD_CTL"), "kcopyctl", "copy", "--quiet",
		      "--limit", "1M", "--chunk", "64K", "/dev/kt-src", IMAGE,
		      NULL);
		_exit(127);
	}
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	cr_assert(loop_is_over("kt-images"));
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	rig_wait_for(!job_info_now().jobs, 20, "the end of the job");
	end();
}

/* Whatever is forced: pages would come back from elsewhere. */
RIG_TEST(cli_images, swap_files_are_refused)
{
	struct run run;

	begin();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d0");
	cr_assert_eq(umount(FOLDER), 0, "%m");
	cr_assert_eq(mount("/dev/kt-d0", FOLDER, "ext4", 0, NULL), 0, "%m");
	run_ok("dd", "if=/dev/zero", "of=" IMAGE, "bs=64K", "count=32",
	       "status=none");
	chmod(IMAGE, 0600);
	run_ok("mkswap", "--quiet", IMAGE);
	run_ok("swapon", IMAGE);
	run = run_any(getenv("KCOPYD_CTL"), "zero", "--force=signature", IMAGE);
	run_ok("swapoff", IMAGE);
	cr_assert_eq(run.status, CTL_SAFETY, "%s%s", run.out, run.err);
	cr_assert_not_null(strstr(run.err, "swapoff"), "%s", run.err);
	run_free(&run);
	end();
}

/* As its blocks are: not all of 4096 bytes. */
RIG_TEST(cli_images, any_number_of_sectors_fits)
{
	begin();
	ctl_expect(CTL_COMPLETE, "copy", "--length", "1001s", "/dev/kt-src",
		   IMAGE);
	cr_assert_eq(size_of(IMAGE), 1001 * SECTOR);
	ctl_expect(CTL_COMPLETE, "copy", IMAGE, "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0, 1001 * SECTOR, SOURCE, 0);
	data_expect("/dev/kt-d0", 1001 * SECTOR, SIZE - 1001 * SECTOR, DEST,
		    1001);
	end();
}

/* The loop device is the job's as long as that lasts. */
RIG_TEST(cli_images, a_detached_job_keeps_its_file)
{
	struct run run;
	char job[32];

	begin();
	run = ctl_run("copy", "--detach", "--quiet", "--limit", "1M",
		      "/dev/kt-src", IMAGE);
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	snprintf(job, sizeof(job), "%lu", strtoul(run.out, NULL, 10));
	run_free(&run);
	run = ctl_run("jobs");
	cr_assert_not_null(strstr(run.out, " " IMAGE), "%s", run.out);
	run_free(&run);
	ctl_expect(CTL_COMPLETE, "limit", "--rate", "none", job);
	ctl_expect(CTL_COMPLETE, "wait", job);
	expect_detached();
	expect_same(IMAGE, "/dev/kt-src");
	end();
}
