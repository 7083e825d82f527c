/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where progress is shown, and how. */
#ifndef _KCOPYCTL_DISPLAY_H
#define _KCOPYCTL_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include "progress.h"

enum progress_mode {
	PROGRESS_AUTO, /* a line on stderr, if that is a terminal */
	PROGRESS_NEVER,
	PROGRESS_ALWAYS, /* also if it is none */
	PROGRESS_JSON, /* JSON lines on a descriptor */
};

/**
 * struct display_options - what is asked for
 * @mode: how to show it
 * @fd: where to, for PROGRESS_JSON
 * @quiet: not at all, unless it is asked for outright
 */
struct display_options {
	enum progress_mode mode;
	int fd;
	bool quiet;
};

/* The value of --progress; complains and returns EXIT_USAGE. */
int progress_option(const char *text, struct display_options *options);

struct display {
	bool json;
	bool line; /* in place, on a terminal */
	bool plain; /* a line a second, on what is none */
	int fd;
	uint64_t last_ns;
	unsigned int shown; /* columns in use of the line */
};

void display_init(struct display *display,
		  const struct display_options *options);

/* Show it, if it is time; FINAL: in any case. */
void display_show(struct display *display, const struct progress *progress,
		  uint64_t job, bool final);

/* A line of its own on stderr, whatever else is shown. */
void display_line(struct display *display, const struct progress *progress);

/* Take the line away, before something else is said. */
void display_clear(struct display *display);

#endif /* _KCOPYCTL_DISPLAY_H */
