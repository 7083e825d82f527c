// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands and what they say. */
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "rig.h"

/**
 * struct text - a growing string
 * @data: ends with a zero byte
 * @len: without it
 */
struct text {
	char *data;
	size_t len;
};

static bool text_read(struct text *text, int fd)
{
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	text->data = realloc(text->data, text->len + n + 1);
	cr_assert_not_null(text->data);
	memcpy(text->data + text->len, buffer, n);
	text->len += n;
	text->data[text->len] = 0;
	return true;
}

static void child(unsigned int uid, const char *const *argv, int in, int out,
		  int err)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
		    setresuid(uid, uid, uid)))
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "%s: %m\n", argv[0]);
	_exit(127);
}

/* A file in memory: it can't fill up as a pipe does. */
static int input_file(const char *input)
{
	int fd = input ? memfd_create("input", MFD_CLOEXEC) :
			 open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "input of a command: %m");
	if (!input)
		return fd;
	cr_assert_eq(write(fd, input, strlen(input)), (ssize_t)strlen(input));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int wait_status(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct run run_as(unsigned int uid, const char *input, const char *const *argv)
{
	struct text text[2] = { { strdup(""), 0 }, { strdup(""), 0 } };
	int in = input_file(input), out[2], err[2];
	struct pollfd polls[2];
	pid_t pid;

	cr_assert_not(pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC));
	fflush(NULL);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		child(uid, argv, in, out[1], err[1]);
	close(in);
	close(out[1]);
	close(err[1]);
	polls[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		poll(polls, 2, -1);
		for (int i = 0; i < 2; i++)
			if (polls[i].revents &&
			    !text_read(&text[i], polls[i].fd))
				polls[i].fd = -1;
	}
	close(out[0]);
	close(err[0]);
	return (struct run){ wait_status(pid), text[0].data, text[1].data };
}

void run_free(struct run *run)
{
	free(run->out);
	free(run->err);
}

void run_checked(const char *input, const char *const *argv)
{
	struct run run = run_as(0, input, argv);

	cr_assert_eq(run.status, 0, "%s %s: status %d: %s%s", argv[0],
		     argv[1] ?: "", run.status, run.out, run.err);
	run_free(&run);
}

const char *file_text(const char *path)
{
	static char text[64 * KIB];
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file, "%s: %m", path);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}
