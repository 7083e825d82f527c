// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One image to eight disks at once, as in a workshop: of which one fails half
 * way, one is slow, and somebody gives up.
 */
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "job.h"

TestSuite(cli_imaging, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 2
#define SIZE (SIZE_MIB * MIB)
/* The disks are larger than the image. */
#define DISK_MIB 3
#define FOLDER "/tmp/kt-images"
#define IMAGE FOLDER "/disk.img"
#define OUT "/tmp/kt-out"
#define ERR "/tmp/kt-err"

#define NR_GOOD 6
#define BAD "/dev/mapper/kt-bad"
#define SLOW "/dev/mapper/kt-slow"
#define BAD_AT MIB
#define GOOD                                                                  \
	"/dev/kt-d0", "/dev/kt-d1", "/dev/kt-d2", "/dev/kt-d3", "/dev/kt-d4", \
		"/dev/kt-d5"
/* What one of them holds can't be read; the image is more than the memory. */
#define COPY "copy", "--force=signature", "--chunk=64K", "--memory=512K"

static const char *const disks[] = { GOOD, "/dev/kt-d6", "/dev/kt-d7" };

/* On d6 the one that fails, on d7 the one that is slow: it is suspended. */
static void begin(void)
{
	const unsigned int bad = BAD_AT / SECTOR, end = DISK_MIB * MIB / SECTOR;
	char name[8];

	module_probe("loop", NULL);
	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  SOURCE);
	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++) {
		snprintf(name, sizeof(name), "d%u", i);
		null_create(name, (struct null_options){ .mib = DISK_MIB });
		data_fill(disks[i], DEST + i);
	}
	dm_create("bad",
		  "0 %u linear /dev/kt-d6 0\n"
		  "%u 8 error\n"
		  "%u %u linear /dev/kt-d6 %u\n",
		  bad, bad, bad + 8, end - bad - 8, bad + 8);
	dm_create("slow", "0 %u linear /dev/kt-d7 0\n", end);
	mkdir(FOLDER, 0700);
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, "size=64m"), 0, "%m");
	run_ok("dd", "if=/dev/kt-src", "of=" IMAGE, "bs=1M", "status=none");
}

/* However it ended: nothing is left of it, and no disk is held. */
static void expect_nothing_left(void)
{
	cr_assert_eq(job_info_now().jobs, 0);
	rig_wait_for(!loop_is_over("kt-images"), 20,
		     "the end of the loop device");
	rig_wait_for(!umount(FOLDER), 20, "unmounting");
	for (unsigned int i = 0; i < NR_GOOD; i++)
		cr_assert_not(device_is_busy(disks[i]), "%s", disks[i]);
}

static void expect_rest_untouched(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++)
		data_expect(disks[i], SIZE, DISK_MIB * MIB - SIZE, DEST + i,
			    SIZE / SECTOR);
}

static void expect_good_ones(void)
{
	for (unsigned int i = 0; i < NR_GOOD; i++)
		data_expect(disks[i], 0, SIZE, SOURCE, 0);
}

/* ---- a copy beside the test ------------------------------------------------ */

static void redirect(const char *path, int to)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(126);
}

static pid_t begin_copy(const char *const *args)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		redirect(OUT, STDOUT_FILENO);
		redirect(ERR, STDERR_FILENO);
		execv(getenv("KCOPYD_CTL"), (char *const *)args);
		_exit(127);
	}
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	return pid;
}

#define start_copy(...)                                                  \
	begin_copy((const char *const[]){ "kcopyctl", COPY, __VA_ARGS__, \
					  IMAGE, GOOD, BAD, SLOW, NULL })

static int end_of(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void expect_said(const char *path, const char *words)
{
	cr_assert_not_null(strstr(file_text(path), words), "no '%s' in: %s",
			   words, file_text(path));
}

/* All of the good ones have all, while the slow one has nothing. */
static bool good_are_done(int kcopyd, uint64_t job)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	cr_assert_eq(regions[NR_GOOD + 2].bytes, 0);
	for (unsigned int i = 1; i <= NR_GOOD; i++)
		if (regions[i].bytes < SIZE)
			return false;
	return true;
}

static void wait_for_good(void)
{
	int kcopyd = job_device_open(0);
	uint64_t job = ctl_last_job();

	rig_wait_for(good_are_done(kcopyd, job), 120, "the good ones");
	close(kcopyd);
}

/* ---- what fails, what is slow ---------------------------------------------- */

RIG_TEST(cli_imaging, one_fails_and_one_is_slow_and_the_others_are_whole)
{
	struct json_object *document, *dest, *extent;
	pid_t pid;

	begin();
	dm_suspend("slow");
	pid = start_copy("--progress=never");
	wait_for_good();
	dm_resume("slow");
	cr_assert_eq(end_of(pid), CTL_PARTIAL, "%s", file_text(ERR));
	expect_said(OUT, BAD ": failed at byte 1048576, ");
	expect_said(OUT, "Input/output error");
	expect_said(OUT, "7 of 8 destinations complete");
	expect_said(ERR, BAD ": Input/output error");
	expect_good_ones();
	data_expect(SLOW, 0, SIZE, SOURCE, 0);
	data_expect("/dev/kt-d6", 0, BAD_AT, SOURCE, 0);
	/* Nobody is slow now. */
	document = ctl_json_of(CTL_PARTIAL, COPY, "--json", IMAGE, GOOD, BAD,
			       SLOW);
	cr_assert_str_eq(member_text(document, "result"), "partial");
	cr_assert_eq(member_number(document, "complete"), 0xbf);
	cr_assert_eq(member_number(document, "write_err"), 0x40);
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_eq(member_bool(destination(document, i), "complete"),
			     i != NR_GOOD);
	dest = destination(document, NR_GOOD);
	cr_assert_str_eq(member_text(dest, "path"), BAD);
	cr_assert_eq(json_object_get_int(member(dest, "error", json_type_int)),
		     -EIO);
	extent = json_object_array_get_idx(
		member(dest, "extents", json_type_array), 0);
	cr_assert_eq(member_number(extent, "offset"), BAD_AT);
	cr_assert_str_eq(member_text(extent, "kind"), "bad");
	json_object_put(document);
	expect_rest_untouched();
	expect_nothing_left();
}

RIG_TEST(cli_imaging, one_that_is_slow_is_dropped_if_that_is_asked)
{
	pid_t pid;

	begin();
	dm_suspend("slow");
	pid = start_copy("--on-slow=drop", "--progress=never");
	wait_for_good();
	dm_resume("slow");
	cr_assert_eq(end_of(pid), CTL_PARTIAL, "%s", file_text(ERR));
	expect_said(OUT, "6 of 8 destinations complete");
	expect_said(OUT, BAD ": failed at byte 1048576, ");
	expect_said(OUT, SLOW ": not tried at byte ");
	expect_good_ones();
	expect_rest_untouched();
	expect_nothing_left();
}

RIG_TEST(cli_imaging, the_first_error_stops_all_if_that_is_asked)
{
	struct json_object *document;

	begin();
	document = ctl_json_of(CTL_FAILED, COPY, "--on-write-error=stop",
			       "--json", IMAGE, GOOD, BAD, SLOW);
	cr_assert_str_eq(member_text(document, "result"), "failed");
	cr_assert_eq(member_number(document, "complete"), 0);
	cr_assert(member_bool(destination(document, NR_GOOD), "failed"));
	cr_assert_lt(member_number(destination(document, 0), "bytes"), SIZE);
	json_object_put(document);
	expect_rest_untouched();
	expect_nothing_left();
}

/* ---- who gives up ---------------------------------------------------------- */

RIG_TEST(cli_imaging, nothing_is_left_of_who_is_interrupted)
{
	pid_t pid;

	begin();
	pid = start_copy("--limit=256K");
	kill(pid, SIGINT);
	cr_assert_eq(end_of(pid), 130, "%s", file_text(ERR));
	expect_said(ERR, "interrupted");
	expect_said(OUT, "0 of 8 destinations complete");
	expect_rest_untouched();
	expect_nothing_left();
}

/* The kernel ends the job of who is no more. */
RIG_TEST(cli_imaging, nothing_is_left_of_who_is_killed)
{
	pid_t pid;

	begin();
	pid = start_copy("--limit=256K");
	kill(pid, SIGKILL);
	cr_assert_eq(end_of(pid), 128 + SIGKILL);
	rig_wait_for(!job_info_now().jobs, 30, "the end of the job");
	expect_rest_untouched();
	expect_nothing_left();
}

RIG_TEST(cli_imaging, one_that_is_refused_keeps_all_from_being_written)
{
	begin();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d5");
	ctl_refused(CTL_SAFETY, "/dev/kt-d5 holds data: ext4", "copy", IMAGE,
		    GOOD, SLOW);
	for (unsigned int i = 0; i < NR_GOOD - 1; i++)
		data_expect_untouched(disks[i], DEST + i);
	data_expect_untouched("/dev/kt-d7", DEST + 7);
	expect_nothing_left();
}

/* As on a live system: the upper layer is memory, which takes no direct I/O. */
RIG_TEST(cli_imaging, an_image_in_an_overlay_is_copied_and_written)
{
	begin();
	module_probe("overlay", NULL);
	mkdir(FOLDER "/lower", 0700);
	mkdir(FOLDER "/upper", 0700);
	mkdir(FOLDER "/work", 0700);
	mkdir(FOLDER "/live", 0700);
	cr_assert_eq(mount("kt", FOLDER "/live", "overlay", 0,
			   "lowerdir=" FOLDER "/lower,upperdir=" FOLDER
			   "/upper,workdir=" FOLDER "/work"),
		     0, "%m");
	run_ok("cp", IMAGE, FOLDER "/live/disk.img");
	ctl_expect(CTL_COMPLETE, "copy", FOLDER "/live/disk.img", "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0, SIZE, SOURCE, 0);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", FOLDER "/live/new.img");
	run_ok("cmp", FOLDER "/live/new.img", IMAGE);
	rig_wait_for(!loop_is_over("kt-images"), 20,
		     "the end of the loop devices");
	rig_wait_for(!umount(FOLDER "/live"), 20, "unmounting");
	expect_nothing_left();
}
