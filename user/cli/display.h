/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where progress is shown, and how. */
#ifndef _KCOPYCTL_DISPLAY_H
#define _KCOPYCTL_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include "copy.h"
#include "progress.h"

struct display {
	bool json;
	bool line; /* in place, on a terminal */
	bool plain; /* a line a second, on what is none */
	int fd;
	uint64_t last_ns;
	unsigned int shown; /* columns in use of the line */
};

void display_init(struct display *display, const struct copy_options *options);

/* Show it, if it is time; FINAL: in any case. */
void display_show(struct display *display, const struct progress *progress,
		  uint64_t job, bool final);

/* Take the line away, before something else is said. */
void display_clear(struct display *display);

#endif /* _KCOPYCTL_DISPLAY_H */
