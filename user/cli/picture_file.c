// SPDX-License-Identifier: GPL-2.0-or-later
/* A picture's file: written beside its place, then moved there. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "picture_file.h"

static int complain_of(const char *path, int err)
{
	complain("%s: can't be written: %s", path, strerror(err));
	return EXIT_FAILED;
}

/* Behind a symbolic link, so that the link stays. */
static char *place_of(const char *path)
{
	char *place = realpath(path, NULL);

	return place || errno != ENOENT ? place : strdup(path);
}

/* As if open() had made it. */
static void set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

static int open_draft(struct picture_file *file)
{
	int fd;

	if (asprintf(&file->draft, "%s.XXXXXX", file->path) < 0) {
		file->draft = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(file->draft, O_CLOEXEC);
	if (fd < 0) {
		free(file->draft);
		file->draft = NULL;
		return -errno;
	}
	set_mode(fd);
	file->file = fdopen(fd, "w");
	if (file->file)
		return 0;
	close(fd);
	return -ENOMEM;
}

int picture_file_open(struct picture_file *file, const char *path,
		      enum canvas_format format)
{
	const char *missing = canvas_missing();
	struct stat st;
	int err;

	*file = (struct picture_file){ .format = format };
	if (missing) {
		complain(
			"pictures are drawn by cairo, which is not here: %s (Debian: install libcairo2)",
			missing);
		return EXIT_ENVIRONMENT;
	}
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return usage_error("%s is not a regular file", path);
	file->path = place_of(path);
	if (!file->path)
		return complain_of(path, errno);
	err = open_draft(file);
	if (!err)
		return EXIT_COMPLETE;
	complain_of(path, -err);
	picture_file_close(file);
	return EXIT_FAILED;
}

static int write_out(struct picture_file *file,
		     const struct heat_picture *picture)
{
	int err = heat_picture_draw(picture, file->file, file->format);

	if (!err && (fflush(file->file) || fsync(fileno(file->file))))
		err = -errno;
	if (fclose(file->file) && !err)
		err = -errno;
	file->file = NULL;
	if (!err && rename(file->draft, file->path))
		err = -errno;
	return err;
}

int picture_file_finish(struct picture_file *file,
			const struct heat_picture *picture)
{
	int err, code = EXIT_COMPLETE;

	if (!file->file)
		return EXIT_COMPLETE;
	err = write_out(file, picture);
	if (err) {
		code = complain_of(file->path, -err);
	} else {
		free(file->draft);
		file->draft = NULL;
	}
	picture_file_close(file);
	return code;
}

void picture_file_close(struct picture_file *file)
{
	if (file->file)
		fclose(file->file);
	if (file->draft)
		unlink(file->draft);
	free(file->draft);
	free(file->path);
	*file = (struct picture_file){};
}
