// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cli/display.h"

#define FILLER "{}\n"

static struct display display;
static struct progress progress;
static int ends[2];

/* JSON lines into a pipe that has no room any more. */
static void begin(void)
{
	struct display_options options = { .mode = PROGRESS_JSON };

	cr_assert_eq(pipe(ends), 0);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], FILLER, strlen(FILLER)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	options.fd = ends[1];
	display_init(&display, &options);
	progress_init(&progress, 4096);
	progress_add(&progress, 1, 4096);
}

TestSuite(display, .init = begin, .timeout = 60);

static unsigned int seconds_of(void (*show)(void))
{
	time_t began = time(NULL);

	show();
	return time(NULL) - began;
}

static void show_one(void)
{
	display_show(&display, &progress, 7, false);
}

static void show_last(void)
{
	display_show(&display, &progress, 7, true);
}

/* Reads later what there is; 0: the last line is that of the job. */
static int read_late(void)
{
	char *text = calloc(1, 1 << 20);
	size_t len = 0;
	ssize_t got;

	close(ends[1]);
	usleep(300000);
	while ((got = read(ends[0], text + len, 4096)) > 0)
		len += got;
	return !strstr(text, "\"job\":7") || text[len - 1] != '\n';
}

Test(display, has_its_last_line_read_by_who_is_late)
{
	int status;
	pid_t pid;

	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(read_late());
	show_last();
	close(ends[1]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

Test(display, waits_for_nobody_but_at_the_end_and_then_not_for_ever)
{
	cr_expect_leq(seconds_of(show_one), 1);
	cr_expect_leq(seconds_of(show_last), 20);
}

Test(display, does_not_wait_for_who_has_gone)
{
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	cr_expect_leq(seconds_of(show_last), 1);
}
