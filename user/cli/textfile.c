// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that others read at any time: it is replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "textfile.h"

#define MODE 0644
#define FD_PATH_MAX 32

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

/**
 * struct draft - a file that is to take the place of another
 * @fd: itself
 * @name: beside the other; "" as long as it has none
 */
struct draft {
	int fd;
	char name[PATH_MAX];
};

/* The metrics' collector does not look for such names. */
static int put_name(const char *path, const char *tail, char name[PATH_MAX])
{
	return snprintf(name, PATH_MAX, "%s.%s", path, tail) >= PATH_MAX ?
		       -ENAMETOOLONG :
		       0;
}

static void path_of_fd(int fd, char path[FD_PATH_MAX])
{
	snprintf(path, FD_PATH_MAX, "/proc/self/fd/%d", fd);
}

/* Nothing is left of it, however we end. */
static int make_nameless(const char *path)
{
	AUTO_FREE char *copy = strdup(path);
	char name[FD_PATH_MAX];
	int fd;

	fd = copy ? open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) :
		    -1;
	if (fd < 0)
		return fd;
	path_of_fd(fd, name);
	if (!access(name, F_OK))
		return fd;
	close(fd);
	return -1;
}

/* Not every file system has files without names. */
static int make(const char *path, struct draft *draft)
{
	int err = put_name(path, "XXXXXX", draft->name);

	if (err)
		return err;
	draft->fd = make_nameless(path);
	if (draft->fd >= 0) {
		draft->name[0] = '\0';
		return 0;
	}
	draft->fd = mkostemp(draft->name, O_CLOEXEC);
	return draft->fd < 0 ? -errno : 0;
}

/* One that nobody has, as mkostemp() does. */
static int name(const char *path, struct draft *draft)
{
	char from[FD_PATH_MAX], tail[16];
	uint32_t number;
	int err;

	if (*draft->name)
		return 0;
	path_of_fd(draft->fd, from);
	do {
		if (getrandom(&number, sizeof(number), 0) < 0)
			return -errno;
		snprintf(tail, sizeof(tail), "%06x", number & 0xffffff);
		put_name(path, tail, draft->name);
		err = linkat(AT_FDCWD, from, AT_FDCWD, draft->name,
			     AT_SYMLINK_FOLLOW) ?
			      -errno :
			      0;
	} while (err == -EEXIST);
	if (err)
		draft->name[0] = '\0';
	return err;
}

static int fill(FILE *file, textfile_print_fn print, void *context)
{
	int err = print(file, context);

	if (!err &&
	    (fflush(file) || fchmod(fileno(file), MODE) || fsync(fileno(file))))
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

/* What has been made is not lost because its place is taken. */
static int keep(const char *path, const char *made, int code)
{
	complain("%s is as it was; what was to be there is in %s", path, made);
	return code;
}

/**
 * struct replacement - a text for the place of another
 * @print: prints it
 * @may: says last whether it may be put there, or NULL
 * @context: of both
 * @code: what @may has said
 */
struct replacement {
	textfile_print_fn print;
	textfile_may_fn may;
	void *context;
	int code;
};

/* It has a name for that moment only, or for good. */
static int put(struct replacement *replacement, const char *path,
	       struct draft *draft)
{
	int code = 0, err;

	if (replacement->may)
		code = replacement->may(path, replacement->context);
	err = name(path, draft);
	if (err)
		return err;
	if (!code)
		return rename(draft->name, path) ? -errno : 0;
	replacement->code = keep(path, draft->name, code);
	return 0;
}

static int replace(const char *path, struct replacement *replacement)
{
	AUTO_FILE FILE *file = NULL;
	struct draft draft;
	int err;

	err = make(path, &draft);
	if (err)
		return err;
	file = fdopen(draft.fd, "w");
	if (file) {
		err = fill(file, replacement->print, replacement->context);
	} else {
		err = -errno;
		close(draft.fd);
	}
	if (!err)
		err = put(replacement, path, &draft);
	if (err && *draft.name)
		unlink(draft.name);
	return err;
}

/* No signal may leave a new file behind. */
static void block_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, before);
}

/* To what is no file, which is for others to refuse, it leads nowhere. */
static bool leads_elsewhere(const char *path)
{
	struct stat st;

	if (lstat(path, &st) || !S_ISLNK(st.st_mode))
		return false;
	return stat(path, &st) || S_ISREG(st.st_mode);
}

/*
 * What a link means is replaced, and not the link: that can be there to have the
 * file on another disk. One that means nothing is an error.
 */
static int resolve(const char *path, char **real)
{
	*real = leads_elsewhere(path) ? realpath(path, NULL) : strdup(path);
	return *real ? 0 : -errno;
}

static int replace_and_sync(const char *path, struct replacement *replacement)
{
	AUTO_FREE char *real = NULL;
	sigset_t before;
	int code = 0, err;

	err = resolve(path, &real);
	if (err)
		return complain_write(path, err);
	block_signals(&before);
	err = replace(real, replacement);
	if (!err)
		code = complain_name(real, sync_name(real));
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (err)
		return complain_write(path, err);
	return replacement->code ? replacement->code : code;
}

int textfile_print(const char *path, textfile_print_fn print, void *context)
{
	struct replacement replacement = { .print = print, .context = context };
	int code = check_target(path);

	return code ? code : replace_and_sync(path, &replacement);
}

int textfile_print_if(const char *path, textfile_print_fn print,
		      textfile_may_fn may, void *context)
{
	struct replacement replacement = { print, may, context, 0 };

	return replace_and_sync(path, &replacement);
}

struct text {
	const char *text;
	size_t len;
};

static int print_text(FILE *file, void *context)
{
	const struct text *text = context;

	return fwrite(text->text, 1, text->len, file) < text->len ? -errno : 0;
}

int textfile_replace(const char *path, const char *text, size_t len)
{
	struct text whole = { text, len };

	return textfile_print(path, print_text, &whole);
}

static int scratch_beside(const char *path, FILE **scratch)
{
	struct draft draft;
	int err = make(path, &draft);

	if (err)
		return err;
	if (*draft.name)
		unlink(draft.name);
	*scratch = fdopen(draft.fd, "w+");
	if (*scratch)
		return 0;
	close(draft.fd);
	return -ENOMEM;
}

int textfile_scratch(const char *path, FILE **scratch)
{
	sigset_t before;
	int code, err;

	code = check_target(path);
	if (code)
		return code;
	block_signals(&before);
	err = scratch_beside(path, scratch);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err ? complain_write(path, err) : EXIT_COMPLETE;
}
