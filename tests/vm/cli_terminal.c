// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A copy and whoever watches it: on a terminal, which may be resized, stopped
 * or closed, and into files and pipes, which may be full, closed or unread.
 */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "ctl.h"
#include "job.h"
#include "terminal.h"

TestSuite(cli_terminal, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 4
#define SIZE (SIZE_MIB * MIB)
#define OUT "/tmp/kt-out"
#define ERR "/tmp/kt-err"
#define DEVICES "/dev/kt-src", "/dev/kt-d0"
/* Long enough to be met, until somebody lifts it. */
#define SLOWLY "--limit=512K", "--chunk=64K"

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
}

static void expect_copied(void)
{
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

static void wait_for_start(void)
{
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
}

/* Nobody's job, nobody's device. */
static void expect_nothing_left(void)
{
	int fd = device_open("/dev/kt-d0", O_RDONLY);

	rig_wait_for(!job_info_now().jobs, 30, "the end of the job");
	rig_wait_for(!flock(fd, LOCK_EX | LOCK_NB), 30, "the lock");
	close(fd);
	rig_wait_for(!device_is_busy("/dev/kt-d0"), 30, "the device");
}

static const char *last_job(void)
{
	static char number[32];
	struct json_object *document =
		ctl_json_of(CTL_COMPLETE, "jobs", "--json");
	struct json_object *jobs = member(document, "jobs", json_type_array);

	snprintf(
		number, sizeof(number), "%lu",
		member_number(json_object_array_get_idx(
				      jobs, json_object_array_length(jobs) - 1),
			      "job"));
	json_object_put(document);
	return number;
}

static void let_it_run(void)
{
	ctl_expect(CTL_COMPLETE, "limit", "--rate=none", last_job());
}

/* ---- on a terminal --------------------------------------------------------- */

static void start(struct terminal *terminal, unsigned int cols,
		  const char *const *args)
{
	terminal_start(terminal, cols, 24, args);
	terminal_wait_for(terminal, "%  ");
}

#define start_copy(terminal, cols, ...)                                    \
	start((terminal), (cols),                                          \
	      (const char *const[]){ "copy", SLOWLY, __VA_ARGS__, DEVICES, \
				     NULL })

static bool is_blank(const struct terminal *terminal, unsigned int row)
{
	return !terminal->screen[row][strspn(terminal->screen[row], " ")];
}

RIG_TEST(cli_terminal, a_line_of_progress_is_drawn_and_taken_away)
{
	struct terminal terminal;

	devices_create();
	start_copy(&terminal, 80, "--force=signature");
	terminal_wait_for(&terminal, "ETA 0:");
	terminal_wait_for(&terminal, "of 4.00 MiB");
	cr_assert(is_blank(&terminal, 1));
	/* Only when asked: a whole line, that stays. */
	kill(terminal.pid, SIGUSR1);
	rig_sleep_ms(20);
	let_it_run();
	cr_assert_eq(terminal_wait_end(&terminal), CTL_COMPLETE);
	cr_assert(terminal_shows(&terminal, "1 of 1 destinations complete"));
	cr_assert_not(is_blank(&terminal, 0));
	expect_copied();
	expect_nothing_left();
}

RIG_TEST(cli_terminal, nothing_is_left_of_the_line_of_progress)
{
	struct terminal terminal;

	devices_create();
	start_copy(&terminal, 80, "--force=signature");
	let_it_run();
	cr_assert_eq(terminal_wait_end(&terminal), CTL_COMPLETE);
	cr_assert_not(terminal_shows(&terminal, "ETA"));
	cr_assert_not(terminal_shows(&terminal, "100.0%"));
	cr_assert_eq(strncmp(terminal.screen[0], "DEVICE", 6), 0, "%s",
		     terminal.screen[0]);
}

RIG_TEST(cli_terminal, the_line_stays_within_the_width)
{
	struct terminal terminal;

	devices_create();
	start_copy(&terminal, 40, "--force=signature");
	terminal_wait_for(&terminal, "ETA");
	cr_assert(is_blank(&terminal, 1));
	terminal_resize(&terminal, 16, 24);
	terminal_wait_for(&terminal, "%");
	cr_assert(is_blank(&terminal, 1));
	terminal_resize(&terminal, 100, 24);
	terminal_wait_for(&terminal, "of 4.00 MiB");
	terminal_resize(&terminal, 16, 24);
	kill(terminal.pid, SIGINT);
	cr_assert_eq(terminal_wait_end(&terminal), 130);
	cr_assert_eq(strncmp(terminal.screen[0], "kcopyctl: copy:", 15), 0,
		     "%s", terminal.screen[0]);
	expect_nothing_left();
}

RIG_TEST(cli_terminal, interrupted_once_it_says_how_to_go_on)
{
	struct terminal terminal;

	devices_create();
	start_copy(&terminal, 130, "--force=signature");
	terminal_send(&terminal, "\003");
	cr_assert_eq(terminal_wait_end(&terminal), 130);
	cr_assert(terminal_shows(&terminal, "waiting for the I/O in flight"));
	cr_assert(terminal_shows(&terminal, "cancelled"));
	cr_assert(terminal_shows(&terminal, "begins it anew"));
	cr_assert(terminal_shows(&terminal, "--map FILE"));
	expect_nothing_left();
}

/* The I/O in flight goes on in the kernel, which nobody waits for. */
RIG_TEST(cli_terminal, interrupted_twice_it_ends_at_once)
{
	struct terminal terminal;
	int status;

	devices_create();
	dm_create("stuck", "0 %llu linear /dev/kt-d0 0\n", SIZE / SECTOR);
	dm_suspend("stuck");
	terminal_start(&terminal, 130, 24,
		       (const char *const[]){ "copy", "--force=signature",
					      "/dev/kt-src",
					      "/dev/mapper/kt-stuck", NULL });
	terminal_wait_for(&terminal, "0.0%");
	terminal_send(&terminal, "\003");
	terminal_wait_for(&terminal, "again: leave it to the kernel");
	cr_assert_eq(waitpid(terminal.pid, &status, WNOHANG), 0);
	terminal_send(&terminal, "\003");
	cr_assert_eq(waitpid(terminal.pid, &status, 0), terminal.pid);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT,
		  "status %#x", status);
	terminal_wait_for(&terminal, "aborted");
	dm_resume("stuck");
	rig_wait_for(!job_info_now().jobs, 30, "the end of the job");
	rig_wait_for(!device_is_busy("/dev/mapper/kt-stuck"), 30, "the device");
}

/* Meanwhile the kernel goes on: it is only nobody there to watch it. */
RIG_TEST(cli_terminal, stopped_and_continued_it_comes_to_its_end)
{
	struct terminal terminal;

	devices_create();
	setenv("PS1", "$ ", 1);
	terminal_start_program(&terminal, "/bin/bash", "dumb", 130, 24,
			       (const char *const[]){ "--norc", "--noprofile",
						      "-i", NULL });
	terminal_wait_for(&terminal, "$ ");
	terminal_send(
		&terminal,
		"$KCOPYD_CTL copy --limit=512K --chunk=64K /dev/kt-src /dev/kt-d0\n");
	terminal_wait_for(&terminal, "ETA");
	terminal_send(&terminal, "\032");
	terminal_wait_for(&terminal, "Stopped");
	let_it_run();
	rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
	expect_copied();
	terminal_send(&terminal, "fg\n");
	terminal_wait_for(&terminal, "1 of 1 destinations complete");
	terminal_send(&terminal, "echo status=$?\n");
	terminal_wait_for(&terminal, "status=0");
	terminal_send(&terminal, "exit\n");
	cr_assert_eq(terminal_wait_end(&terminal), 0);
	expect_nothing_left();
}

RIG_TEST(cli_terminal, a_terminal_that_is_closed_ends_the_copy)
{
	struct terminal terminal;
	int status;

	devices_create();
	start_copy(&terminal, 80, "--force=signature");
	close(terminal.master);
	close(terminal.slave);
	cr_assert_eq(waitpid(terminal.pid, &status, 0), terminal.pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status %#x",
		  status);
	expect_nothing_left();
}

/* Ctrl-S: who does not want to see anything now does not stop the work. */
RIG_TEST(cli_terminal, output_that_is_stopped_does_not_keep_the_devices)
{
	struct terminal terminal;

	devices_create();
	start_copy(&terminal, 80, "--force=signature");
	terminal_send(&terminal, "\023");
	let_it_run();
	expect_nothing_left();
	expect_copied();
	terminal_send(&terminal, "\021");
	cr_assert_eq(terminal_wait_end(&terminal), CTL_COMPLETE);
	cr_assert(terminal_shows(&terminal, "1 of 1 destinations complete"));
}

/* ---- into files and pipes -------------------------------------------------- */

/* No descriptor for what is -1: it is closed. */
struct outlets {
	int out;
	int err;
	int more; /* is 9 for kcopyctl */
};

static void connect(int fd, int to)
{
	if (fd < 0)
		close(to);
	else if (dup2(fd, to) < 0)
		_exit(126);
}

static pid_t spawn(struct outlets outlets, const char *const *args)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		connect(outlets.out, STDOUT_FILENO);
		connect(outlets.err, STDERR_FILENO);
		connect(outlets.more, 9);
		execv(getenv("KCOPYD_CTL"), (char *const *)args);
		_exit(127);
	}
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "status %#x", status);
	return WEXITSTATUS(status);
}

static int file_of(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%s: %m", path);
	return fd;
}

static void expect_said(const char *words)
{
	cr_assert_not_null(strstr(file_text(ERR), words), "no '%s' in: %s",
			   words, file_text(ERR));
}

#define ARGS(...) ((const char *const[]){ "kcopyctl", __VA_ARGS__, NULL })

/* The copy is whole, which is said where it can be. */
static void expect_untold(int out, const char *const *args)
{
	struct outlets outlets = { out, file_of(ERR), -1 };

	cr_assert_eq(end_of(spawn(outlets, args)), CTL_FAILED, "%s",
		     file_text(ERR));
	close(outlets.err);
	expect_said("complete, 1 of 1 destinations complete");
	expect_said("writing to standard output failed");
	expect_copied();
}

RIG_TEST(cli_terminal, a_report_that_can_not_be_written_is_no_lost_copy)
{
	int full = device_open("/dev/full", O_WRONLY), ends[2];

	devices_create();
	expect_untold(full, ARGS("copy", DEVICES));
	expect_said("No space left on device");
	expect_untold(full, ARGS("copy", "--json", DEVICES));
	expect_untold(-1, ARGS("copy", DEVICES));
	/* As of "| head -0". */
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	expect_untold(ends[1], ARGS("copy", DEVICES));
	expect_said("Broken pipe");
	close(ends[1]);
	close(full);
}

RIG_TEST(cli_terminal, who_reads_one_line_only_gets_that)
{
	struct run run;

	devices_create();
	run = run_any("/bin/bash", "-o", "pipefail", "-c",
		      "\"$KCOPYD_CTL\" copy /dev/kt-src /dev/kt-d0 | head -1");
	cr_assert_eq(run.status, 0, "%s", run.err);
	cr_assert_eq(strncmp(run.out, "DEVICE", 6), 0, "%s", run.out);
	run_free(&run);
	expect_copied();
}

/* Else nobody could find it again. */
RIG_TEST(cli_terminal, the_number_of_a_detached_job_is_not_lost)
{
	struct outlets outlets = { device_open("/dev/full", O_WRONLY),
				   file_of(ERR), -1 };
	char words[64];

	devices_create();
	cr_assert_eq(end_of(spawn(outlets,
				  ARGS("copy", "--detach", SLOWLY, DEVICES))),
		     CTL_FAILED);
	snprintf(words, sizeof(words), "job %s was started, and goes on",
		 last_job());
	expect_said(words);
	let_it_run();
	ctl_expect(CTL_COMPLETE, "wait", last_job());
	expect_copied();
	close(outlets.out);
	close(outlets.err);
}

/* A device that is opened must not become standard error. */
RIG_TEST(cli_terminal, what_is_said_into_closed_descriptors_reaches_no_device)
{
	const struct outlets closed = { -1, -1, -1 };
	const struct outlets err_closed = { file_of(OUT), -1, -1 };
	uint64_t sum;

	devices_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d0");
	sum = data_sum("/dev/kt-d0");
	cr_assert_eq(end_of(spawn(err_closed, ARGS("copy", DEVICES))),
		     CTL_SAFETY);
	cr_assert_eq(end_of(spawn(closed, ARGS("copy", DEVICES))), CTL_SAFETY);
	sync();
	cr_assert_eq(data_sum("/dev/kt-d0"), sum, "it was written to");
	cr_assert_eq(end_of(spawn(closed, ARGS("copy", "--force=signature",
					       "--progress=always", DEVICES))),
		     CTL_FAILED);
	sync();
	expect_copied();
	cr_assert_eq(end_of(spawn(closed, ARGS("copy", "--quiet", DEVICES))),
		     CTL_COMPLETE);
	data_expect_untouched("/dev/kt-src", SOURCE);
	close(err_closed.out);
}

/* ---- progress for programs ------------------------------------------------- */

static void pipe_fill(int fd)
{
	static const char page[4096];

	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	cr_assert_eq(errno, EAGAIN, "%m");
	cr_assert_eq(fcntl(fd, F_SETFL, 0), 0);
}

RIG_TEST(cli_terminal, progress_that_nobody_reads_holds_up_nothing)
{
	struct outlets outlets = { file_of(OUT), file_of(ERR), -1 };
	int ends[2], none[2];

	devices_create();
	cr_assert_eq(pipe2(ends, O_CLOEXEC) | pipe2(none, O_CLOEXEC), 0);
	pipe_fill(ends[1]);
	outlets.more = ends[1];
	cr_assert_eq(end_of(spawn(outlets,
				  ARGS("copy", "--progress=fd:9", DEVICES))),
		     CTL_COMPLETE);
	expect_copied();
	close(none[0]);
	outlets.more = none[1];
	cr_assert_eq(end_of(spawn(outlets,
				  ARGS("copy", "--progress=fd:9", DEVICES))),
		     CTL_COMPLETE);
	cr_assert_str_eq(file_text(ERR), "");
	close(ends[0]);
	close(ends[1]);
	close(none[1]);
	close(outlets.out);
	close(outlets.err);
}

RIG_TEST(cli_terminal, progress_for_programs_is_whole_lines_to_the_end)
{
	struct outlets outlets = { file_of(OUT), file_of(ERR),
				   file_of("/tmp/kt-progress") };
	struct json_object *line = NULL;
	char *text, *rest = NULL, *word;
	pid_t pid;

	devices_create();
	pid = spawn(outlets, ARGS("copy", "--progress=fd:9", SLOWLY, DEVICES));
	wait_for_start();
	rig_wait_for(*file_text("/tmp/kt-progress"), 60, "progress");
	let_it_run();
	cr_assert_eq(end_of(pid), CTL_COMPLETE);
	text = strdup(file_text("/tmp/kt-progress"));
	for (word = strtok_r(text, "\n", &rest); word;
	     word = strtok_r(NULL, "\n", &rest)) {
		json_object_put(line);
		line = json_tokener_parse(word);
		cr_assert_not_null(line, "no JSON: %s", word);
		cr_assert_eq(member_number(line, "total"), SIZE);
	}
	cr_assert_eq(member_number(line, "bytes"), SIZE);
	json_object_put(line);
	free(text);
	close(outlets.out);
	close(outlets.err);
	close(outlets.more);
}

/* ---- signals from others --------------------------------------------------- */

RIG_TEST(cli_terminal, who_is_terminated_ends_cleanly)
{
	struct outlets outlets = { file_of(OUT), file_of(ERR), -1 };
	pid_t pid;

	devices_create();
	pid = spawn(outlets, ARGS("copy", SLOWLY, DEVICES));
	wait_for_start();
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), 130);
	expect_said("interrupted");
	expect_nothing_left();
	close(outlets.out);
	close(outlets.err);
}
