/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine offers: one check each. */
#ifndef _KCOPYCTL_CHECKS_H
#define _KCOPYCTL_CHECKS_H

#include <stddef.h>

enum check_state {
	CHECK_OK,
	CHECK_NOTE, /* worth knowing, nothing to mend */
	CHECK_MISSING, /* something works less well */
	CHECK_FATAL, /* no copy is possible */
	CHECK_UNKNOWN, /* not to be found out as things are */
};

/**
 * struct check - one of them
 * @name: a stable word
 * @state: what it means
 * @found: what was seen
 * @remedy: what to do, or ""
 */
struct check {
	const char *name;
	enum check_state state;
	char found[256];
	char remedy[1024];
};

#define CHECKS_MAX 24

/* Run all checks; how many there were. */
size_t checks_run(struct check checks[CHECKS_MAX]);

#endif /* _KCOPYCTL_CHECKS_H */
