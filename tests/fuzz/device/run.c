// SPDX-License-Identifier: GPL-2.0-or-later
/* A program from its start to the verdict. */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "device.h"

/* Longer than a program takes that waits for nothing it can't have. */
#define LIMIT_MS 4000
/* To be gone, once it was killed. */
#define PATIENCE_MS 60000
#define RELOAD_EVERY 400
#define LOOK_EVERY 100

/* The last programs, for when the machine does not survive: a slot each. */
#define LAST_SLOTS 8

static int last = -1;
static unsigned long runs;

double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/*
 * Written by a process of its own, since the file is not of this machine and
 * takes its time; the program is on its way before it runs.
 */
static void scribe(int file, int from)
{
	static char slot[PROGRAM_TEXT];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 0;; i = (i + 1) % LAST_SLOTS) {
		ssize_t n = read(from, slot, sizeof(slot));

		if (n <= 0)
			_exit(0);
		memset(slot + n, '\n', sizeof(slot) - n);
		if (pwrite(file, slot, sizeof(slot), i * sizeof(slot)) < 0)
			_exit(1);
	}
}

void run_open(const char *results)
{
	char path[512];
	int file, ends[2];

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		err(4, "subreaper");
	snprintf(path, sizeof(path), "%s/last", results);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0)
		err(4, "%s", path);
	if (pipe2(ends, O_DIRECT | O_CLOEXEC))
		err(4, "a pipe");
	if (!fork())
		scribe(file, ends[0]);
	close(file);
	close(ends[0]);
	last = ends[1];
}

unsigned long run_count(void)
{
	return runs;
}

/* As one packet of the pipe, which is no longer than a page. */
static void remember(const struct program *program)
{
	static char text[32 + PROGRAM_TEXT];
	size_t size = sprintf(text, "# %lu\n", runs);

	size += program_print(program, text + size);
	if (write(last, text, size < 4096 ? size : 4096) < 0)
		err(4, "the last programs");
}

static pid_t start(const struct program *program)
{
	pid_t pid = fork();

	if (pid < 0)
		err(4, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	execute(program);
	return 0;
}

static bool ends_within(pid_t pid, int ms)
{
	struct pollfd one = { .events = POLLIN };
	int ret;

	one.fd = syscall(SYS_pidfd_open, pid, 0);
	ret = poll(&one, 1, ms);
	close(one.fd);
	return ret > 0;
}

static void tell_blocked(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (write(fd, "w", 1) != 1)
		warn("sysrq");
	close(fd);
}

/* All that it has started has gone, too. */
static void reap_group(pid_t pid)
{
	const double end = now_s() + PATIENCE_MS / 1000;

	kill(-pid, SIGKILL);
	while (waitpid(-pid, NULL, WNOHANG) >= 0 && now_s() < end)
		usleep(1000);
	if (now_s() >= end) {
		tell_blocked();
		problem("a process that was killed is still there after %u s",
			PATIENCE_MS / 1000);
	}
}

static void supervise(pid_t pid)
{
	int status = 0;

	if (!ends_within(pid, LIMIT_MS)) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		/* What it has suspended it may be waiting for. */
		undo_all();
		if (!ends_within(pid, PATIENCE_MS)) {
			tell_blocked();
			problem("killed, and still there after %u s",
				PATIENCE_MS / 1000);
			return;
		}
	}
	waitpid(pid, &status, 0);
	/* A failure can also meet a signal's way to its handler. */
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
	    !(WTERMSIG(status) == SIGSEGV && journal->failing))
		problem("the program died of signal %d", WTERMSIG(status));
	reap_group(pid);
}

const char *run_program(const struct program *program)
{
	const char *complaint;

	remember(program);
	runs++;
	journal_clear();
	coverage_clear();
	supervise(start(program));
	undo_all();
	service_drain();
	disks_check();
	if (runs % LOOK_EVERY == 0)
		disks_check_all();
	if (runs % RELOAD_EVERY == 0)
		service_reload();
	complaint = kernel_log_complaint();
	if (complaint)
		problem("the kernel complains: %s", complaint);
	return journal->wrong ? journal->problem : NULL;
}

const char *run_close(void)
{
	const char *complaint;

	journal_clear();
	disks_check_all();
	service_reload();
	complaint = kernel_log_complaint();
	if (complaint)
		problem("the kernel complains: %s", complaint);
	return journal->wrong ? journal->problem : NULL;
}
