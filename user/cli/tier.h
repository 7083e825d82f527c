/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of kcopyd works on a machine: one word for all checks. */
#ifndef _KCOPYCTL_TIER_H
#define _KCOPYCTL_TIER_H

#include "checks.h"

enum tier {
	TIER_NONE, /* no copy is possible */
	TIER_COPIES, /* copies, but no statistics */
	TIER_STATISTICS, /* both, but without the module's types */
	TIER_FULL, /* and with these */
	TIER_UNKNOWN, /* not to be found out without rights */
};

enum tier tier_of(const struct check *checks, size_t nr);

/* A stable word, and what it means. */
const char *tier_word(enum tier tier);
const char *tier_text(enum tier tier);

#endif /* _KCOPYCTL_TIER_H */
