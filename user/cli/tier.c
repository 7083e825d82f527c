// SPDX-License-Identifier: GPL-2.0-or-later
/* How much of kcopyd works on a machine. */
#include <stdbool.h>
#include <string.h>
#include "tier.h"

/* What statistics can't do without, and what the module's types need. */
static const char *const for_statistics[] = { "lockdown", "bpf_fs",
					      "raw_tracepoint", "bpf_loop" };
static const char *const for_types[] = { "ring_buffer", "kernel_btf",
					 "module_btf" };

static enum check_state state_of(const struct check *checks, size_t nr,
				 const char *name)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(checks[i].name, name))
			return checks[i].state;
	}
	return CHECK_UNKNOWN;
}

/* The worst of some: what is known to be missing counts first. */
static enum check_state worst_of(const struct check *checks, size_t nr,
				 const char *const names[], size_t nr_names)
{
	enum check_state worst = CHECK_OK, state;
	size_t i;

	for (i = 0; i < nr_names; i++) {
		state = state_of(checks, nr, names[i]);
		if (state != CHECK_OK && state != CHECK_UNKNOWN)
			return state;
		if (state == CHECK_UNKNOWN)
			worst = state;
	}
	return worst;
}

/* To who may not look, these say nothing about the machine. */
static bool about_rights(const char *name)
{
	return !strcmp(name, "privilege") || !strcmp(name, "service");
}

enum tier tier_of(const struct check *checks, size_t nr)
{
	const bool may_look = state_of(checks, nr, "raw_tracepoint") !=
			      CHECK_UNKNOWN;
	enum check_state worst;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (checks[i].state == CHECK_FATAL &&
		    (may_look || !about_rights(checks[i].name)))
			return TIER_NONE;
	}
	worst = worst_of(checks, nr, for_statistics,
			 sizeof(for_statistics) / sizeof(*for_statistics));
	if (worst != CHECK_OK)
		return worst == CHECK_UNKNOWN ? TIER_UNKNOWN : TIER_COPIES;
	worst = worst_of(checks, nr, for_types,
			 sizeof(for_types) / sizeof(*for_types));
	return worst == CHECK_OK ? TIER_FULL : TIER_STATISTICS;
}

const char *tier_word(enum tier tier)
{
	static const char *const words[] = {
		[TIER_NONE] = "none",
		[TIER_COPIES] = "copies",
		[TIER_STATISTICS] = "statistics",
		[TIER_FULL] = "full",
		[TIER_UNKNOWN] = "unknown",
	};

	return words[tier];
}

const char *tier_text(enum tier tier)
{
	static const char *const texts[] = {
		[TIER_NONE] = "no copy is possible",
		[TIER_COPIES] = "copies, but no statistics of them",
		[TIER_STATISTICS] =
			"copies and their statistics, without the module's types",
		[TIER_FULL] =
			"copies, and their statistics and traces with the module's types",
		[TIER_UNKNOWN] = "not to be found out without rights",
	};

	return texts[tier];
}
