// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <string.h>
#include "cli/tier.h"

/* A machine on which all is well. */
static const struct check good[] = {
	{ .name = "module" },	  { .name = "lockdown" },
	{ .name = "bpf_fs" },	  { .name = "raw_tracepoint" },
	{ .name = "bpf_loop" },	  { .name = "ring_buffer" },
	{ .name = "kernel_btf" }, { .name = "module_btf" },
	{ .name = "privilege" },  { .name = "something_else" },
};

#define NR (sizeof(good) / sizeof(*good))

/* Of that machine, if two of the checks were not so good. */
static const char *tier(const char *name, enum check_state state,
			const char *other, enum check_state other_state)
{
	struct check checks[NR];

	memcpy(checks, good, sizeof(good));
	for (size_t i = 0; i < NR; i++) {
		if (!strcmp(checks[i].name, name))
			checks[i].state = state;
		if (!strcmp(checks[i].name, other))
			checks[i].state = other_state;
	}
	return tier_word(tier_of(checks, NR));
}

static const char *tier_with(const char *name, enum check_state state)
{
	return tier(name, state, "", CHECK_OK);
}

Test(tier, is_full_when_all_is_there)
{
	cr_expect_str_eq(tier_with("", CHECK_OK), "full");
	cr_expect_str_eq(tier_with("something_else", CHECK_MISSING), "full");
}

Test(tier, is_statistics_without_types_or_ring_buffers)
{
	cr_expect_str_eq(tier_with("module_btf", CHECK_NOTE), "statistics");
	cr_expect_str_eq(tier_with("module_btf", CHECK_UNKNOWN), "statistics");
	cr_expect_str_eq(tier_with("kernel_btf", CHECK_NOTE), "statistics");
	cr_expect_str_eq(tier_with("ring_buffer", CHECK_MISSING), "statistics");
}

Test(tier, is_copies_without_what_statistics_need)
{
	cr_expect_str_eq(tier_with("bpf_fs", CHECK_MISSING), "copies");
	cr_expect_str_eq(tier_with("raw_tracepoint", CHECK_MISSING), "copies");
	cr_expect_str_eq(tier_with("bpf_loop", CHECK_MISSING), "copies");
	cr_expect_str_eq(tier_with("lockdown", CHECK_MISSING), "copies");
	cr_expect_str_eq(tier("raw_tracepoint", CHECK_UNKNOWN, "bpf_fs",
			      CHECK_MISSING),
			 "copies");
}

Test(tier, is_none_when_no_copy_is_possible)
{
	cr_expect_str_eq(tier_with("module", CHECK_FATAL), "none");
	cr_expect_str_eq(tier("module", CHECK_FATAL, "bpf_fs", CHECK_MISSING),
			 "none");
}

Test(tier, is_unknown_without_rights)
{
	cr_expect_str_eq(tier_with("raw_tracepoint", CHECK_UNKNOWN), "unknown");
	cr_expect_str_eq(tier("bpf_loop", CHECK_UNKNOWN, "module_btf",
			      CHECK_NOTE),
			 "unknown");
}

/* Nobody's lack of rights is no fault of the machine. */
Test(tier, is_not_none_for_who_may_not_look)
{
	cr_expect_str_eq(tier("raw_tracepoint", CHECK_UNKNOWN, "privilege",
			      CHECK_FATAL),
			 "unknown");
	cr_expect_str_eq(tier("raw_tracepoint", CHECK_UNKNOWN, "module",
			      CHECK_FATAL),
			 "none");
	cr_expect_str_eq(tier_with("privilege", CHECK_FATAL), "none");
}
