// SPDX-License-Identifier: GPL-2.0-or-later
/* The program bpftool: asked as root, so from the system's folders only. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpftool.h"
#include "cleanup.h"

/* On a busy machine with its files far away it may take its time. */
#define PATIENCE_MS 10000

static const char *find(void)
{
	static const char *const places[] = {
		"/usr/local/sbin/bpftool", "/usr/local/bin/bpftool",
		"/usr/sbin/bpftool",	   "/usr/bin/bpftool",
		"/sbin/bpftool",
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!access(places[i], X_OK))
			return places[i];
	}
	return NULL;
}

static int start(const char *path, int output, pid_t *pid)
{
	char *const argv[] = { "bpftool", "version", NULL };
	char *const environment[] = { "LC_ALL=C", NULL };
	posix_spawn_file_actions_t files;
	int err;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	err = posix_spawn(pid, path, &files, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

bool bpftool_version(char *version, size_t size)
{
	AUTO_FD int input = -1;
	const char *path = find();
	struct pollfd wait;
	ssize_t got = 0;
	int ends[2];
	pid_t pid;

	if (!path || pipe2(ends, O_CLOEXEC))
		return false;
	input = ends[0];
	if (start(path, ends[1], &pid)) {
		close(ends[1]);
		return false;
	}
	close(ends[1]);
	wait = (struct pollfd){ .fd = input, .events = POLLIN };
	if (poll(&wait, 1, PATIENCE_MS) > 0)
		got = read(input, version, size - 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	version[got > 0 ? got : 0] = '\0';
	version[strcspn(version, "\n")] = '\0';
	return *version;
}
