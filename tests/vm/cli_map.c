// SPDX-License-Identifier: GPL-2.0-or-later
/* The map of a rescue, where there is no room for it. */
#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "job.h"

TestSuite(cli_map, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

/* The first job of a rescue is of 8 MiB. */
#define SIZE_MIB 12
#define FOLDER "/tmp/kt-maps"
#define MAP FOLDER "/map"
#define FILLER FOLDER "/filler"
#define RESCUE "copy", "--on-read-error=skip", "--map", MAP
#define DEVICES "/dev/kt-src", "/dev/kt-d0"

/* Two pages: a map, and the one that replaces it. */
static void begin(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	mkdir(FOLDER, 0700);
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, "size=8k"), 0, "%m");
}

static void fill_up(void)
{
	static const char page[4096];
	int fd = open(FILLER, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%m");
	while (write(fd, page, sizeof(page)) > 0)
		;
	cr_assert_eq(errno, ENOSPC, "%m");
	close(fd);
}

static unsigned int files(void)
{
	DIR *dir = opendir(FOLDER);
	struct dirent *entry;
	unsigned int nr = 0;

	cr_assert_not_null(dir, "%m");
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr;
}

static char *map_text(void)
{
	FILE *file = fopen(MAP, "r");
	char *text = calloc(1, 4096);

	cr_assert_not_null(file, MAP ": %m");
	cr_assert_not_null(text);
	cr_assert_gt(fread(text, 1, 4095, file), 0);
	fclose(file);
	return text;
}

RIG_TEST(cli_map, without_room_for_it_nothing_is_begun)
{
	struct run run;

	begin();
	fill_up();
	run = ctl_run(RESCUE, DEVICES);
	cr_assert_eq(run.status, CTL_FAILED, "%s", run.err);
	cr_assert_str_eq(run.out, "");
	cr_assert_not_null(strstr(run.err, MAP), "%s", run.err);
	cr_assert_not_null(strstr(run.err, "No space left"), "%s", run.err);
	cr_assert_not_null(strstr(run.err, "make room"), "%s", run.err);
	run_free(&run);
	data_expect_untouched("/dev/kt-d0", DEST);
	cr_assert_eq(files(), 1);
	cr_assert_eq(unlink(FILLER), 0);
	ctl_expect(CTL_COMPLETE, RESCUE, DEVICES);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

static pid_t begin_rescue(int err)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		dup2(err, STDERR_FILENO);
		execl(getenv("KCOPYD_CTL"), "kcopyctl", RESCUE, "--quiet",
		      "--limit=8M", DEVICES, NULL);
		_exit(127);
	}
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	return pid;
}

/* What the old one says is still so: it only knows less. */
RIG_TEST(cli_map, the_old_one_stays_when_there_is_room_no_more)
{
	char text[4096] = "", *before, *after;
	int ends[2], status;
	pid_t pid;

	begin();
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = begin_rescue(ends[1]);
	close(ends[1]);
	before = map_text();
	fill_up();
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_gt(read(ends[0], text, sizeof(text) - 1), 0);
	close(ends[0]);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == CTL_FAILED,
		  "status %#x: %s", status, text);
	cr_assert_not_null(strstr(text, MAP), "%s", text);
	cr_assert_not_null(strstr(text, "No space left"), "%s", text);
	after = map_text();
	cr_assert_str_eq(after, before);
	cr_assert_eq(files(), 2);
	/* And it can be gone on with. */
	cr_assert_eq(unlink(FILLER), 0);
	ctl_expect(CTL_COMPLETE, RESCUE, DEVICES);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	free(before);
	free(after);
}
