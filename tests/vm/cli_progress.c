// SPDX-License-Identifier: GPL-2.0-or-later
/* What kcopyctl says while a copy runs, to programs. */
#include "ctl.h"

TestSuite(cli_progress, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 16
#define SIZE (SIZE_MIB * MIB)

static void disks_create(void)
{
	const struct null_options fast = { .mib = SIZE_MIB };
	const struct null_options slow = {
		.mib = SIZE_MIB,
		.latency_us = 10000,
		.depth = 1,
	};

	data_fill(null_create("src", fast), SOURCE);
	null_create("d0", fast);
	null_create("d1", slow);
}

/* A document a line; the number of those in which the slow one is behind. */
static unsigned int count_lags(char *lines)
{
	struct json_object *line;
	unsigned int lags = 0;
	uint64_t bytes = 0;
	char *text, *rest;

	for (text = strtok_r(lines, "\n", &rest); text;
	     text = strtok_r(NULL, "\n", &rest)) {
		line = json_tokener_parse(text);
		cr_assert_not_null(line, "%s", text);
		cr_assert_geq(member_number(line, "bytes"), bytes, "%s", text);
		bytes = member_number(line, "bytes");
		if (member_number(line, "lag_bytes")) {
			cr_assert_str_eq(member_text(line, "slowest"),
					 "/dev/kt-d1");
			lags++;
		} else {
			member(line, "slowest", json_type_null);
		}
	}
	cr_assert_eq(bytes, SIZE);
	return lags;
}

RIG_TEST(cli_progress, names_the_destination_that_is_behind)
{
	struct run run;

	disks_create();
	run = ctl_run("copy", "--quiet", "--progress=json", "--chunk=256K",
		      "/dev/kt-src", "/dev/kt-d0", "/dev/kt-d1");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_gt(count_lags(run.err), 0);
	run_free(&run);
}
