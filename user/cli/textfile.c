// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that others read at any time: it is replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "textfile.h"

#define MODE 0644

static int complain_write(const char *path, int err)
{
	complain("%s can't be written: %s; it is as it was%s", path,
		 strerror(-err),
		 err == -ENOSPC || err == -EDQUOT ?
			 ": make room there, or name a file elsewhere" :
			 "");
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:
	case -ENAMETOOLONG:
		return EXIT_USAGE;
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return EXIT_ENVIRONMENT;
	default:
		return EXIT_FAILED;
	}
}

/* A rename would put a file in the place of /dev/null, too. */
static int check_target(const char *path)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return 0;
	return usage_error("%s is no regular file, which would be replaced",
			   path);
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t put;

	while (len) {
		put = write(fd, text, len);
		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			text += put;
			len -= put;
		}
	}
	return 0;
}

static int fill(int fd, const char *text, size_t len)
{
	int err = write_all(fd, text, len);

	if (!err && (fchmod(fd, MODE) || fsync(fd)))
		err = -errno;
	return err;
}

/* Without it a power cut could bring the old file back, minutes later. */
static int sync_name(const char *path)
{
	AUTO_FREE char *copy = strdup(path);
	AUTO_FD int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) ? -errno : 0;
}

static int complain_name(const char *path, int err)
{
	/* Who may write into a folder may not always look into it. */
	if (!err || err == -EACCES || err == -EINVAL)
		return EXIT_COMPLETE;
	complain("%s is written, but a power cut may undo that: %s", path,
		 strerror(-err));
	return EXIT_FAILED;
}

static int replace(const char *path, const char *text, size_t len)
{
	char made[PATH_MAX];
	AUTO_FD int fd = -1;
	int err;

	/* Not by the name that the collector looks for: it ends differently. */
	if (snprintf(made, sizeof(made), "%s.XXXXXX", path) >=
	    (int)sizeof(made))
		return -ENAMETOOLONG;
	fd = mkostemp(made, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fill(fd, text, len);
	if (!err && rename(made, path))
		err = -errno;
	if (err)
		unlink(made);
	return err;
}

int textfile_replace(const char *path, const char *text, size_t len)
{
	sigset_t all, before;
	int code, err;

	code = check_target(path);
	if (code)
		return code;
	/* No signal may leave the new file behind. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	err = replace(path, text, len);
	if (!err)
		code = complain_name(path, sync_name(path));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err ? complain_write(path, err) : code;
}
