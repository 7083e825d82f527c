/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture's file: whole when it is there. */
#ifndef _KCOPYCTL_PICTURE_FILE_H
#define _KCOPYCTL_PICTURE_FILE_H

#include "heat_picture.h"

/**
 * struct picture_file - one that is being made
 * @file: NULL when there is none
 * @format: of the picture
 * @path: where it will be
 * @draft: where it is until then, in the same folder
 */
struct picture_file {
	FILE *file;
	enum canvas_format format;
	char *path;
	char *draft;
};

/* Begin one, before work is put into it. Complain, or 0; an exit code. */
int picture_file_open(struct picture_file *file, const char *path,
		      enum canvas_format format);

/* Draw it and put it in its place. An exit code. */
int picture_file_finish(struct picture_file *file,
			const struct heat_picture *picture);

/* Of one that is not finished nothing is left. */
void picture_file_close(struct picture_file *file);

#endif /* _KCOPYCTL_PICTURE_FILE_H */
