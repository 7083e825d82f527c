// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include "cli/extents.h"

static struct extents extents;

static void add(unsigned int region, uint64_t offset, uint64_t length,
		unsigned int kind)
{
	const struct kcopyd_extent extent = {
		.offset = offset,
		.length = length,
		.region = region,
		.kind = kind,
	};

	cr_assert_eq(extents_add(&extents, &extent), 0);
}

/* "1:0+10 1:20+10b", where b is for bad. */
static const char *all(void)
{
	static char text[4096];
	size_t len = 0;

	text[0] = 0;
	for (size_t i = 0; i < extents.nr; i++) {
		const struct kcopyd_extent *extent = &extents.list[i];

		len += snprintf(text + len, sizeof(text) - len,
				"%s%u:%llu+%llu%s", i ? " " : "",
				extent->region, extent->offset, extent->length,
				extent->kind == KCOPYD_EXTENT_BAD ? "b" : "");
	}
	return text;
}

static void end(void)
{
	extents_free(&extents);
}

TestSuite(extents, .fini = end);

#define DIFFERS KCOPYD_EXTENT_DIFFERS
#define BAD KCOPYD_EXTENT_BAD

Test(extents, are_in_order_however_they_come)
{
	add(1, 30, 10, DIFFERS);
	add(1, 0, 10, DIFFERS);
	add(1, 60, 10, DIFFERS);
	add(1, 50, 5, BAD);
	cr_expect_str_eq(all(), "1:0+10 1:30+10 1:50+5b 1:60+10");
}

Test(extents, become_one_with_their_neighbours)
{
	add(1, 0, 10, DIFFERS);
	add(1, 10, 10, DIFFERS);
	cr_expect_str_eq(all(), "1:0+20");
	add(1, 40, 10, DIFFERS);
	add(1, 30, 10, DIFFERS);
	cr_expect_str_eq(all(), "1:0+20 1:30+20");
	add(1, 20, 10, DIFFERS);
	cr_expect_str_eq(all(), "1:0+50");
}

Test(extents, of_another_kind_or_region_are_others)
{
	add(1, 0, 10, DIFFERS);
	add(1, 10, 10, BAD);
	add(1, 20, 10, DIFFERS);
	cr_expect_str_eq(all(), "1:0+10 1:10+10b 1:20+10");
	add(2, 30, 10, DIFFERS);
	add(2, 0, 10, DIFFERS);
	cr_expect_str_eq(all(), "1:0+10 1:10+10b 1:20+10 2:0+10 2:30+10");
}

Test(extents, may_be_many)
{
	for (unsigned int i = 0; i < 1000; i++)
		add(1, 20 * (999 - i), 10, DIFFERS);
	cr_expect_eq(extents.nr, 1000);
	for (unsigned int i = 0; i < 999; i++)
		add(1, 20 * i + 10, 10, DIFFERS);
	cr_expect_str_eq(all(), "1:0+19990");
}
