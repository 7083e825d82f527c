// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "cli/text.h"

TestSuite(text);

Test(text, is_what_was_printed)
{
	struct text text;
	FILE *file = text_open(&text);
	size_t i;

	cr_assert_not_null(file);
	for (i = 0; i < 100000; i++)
		fprintf(file, "%zu\n", i);
	cr_assert_eq(text_close(file, &text), 0);
	cr_expect_eq(text.len, 588890);
	cr_expect_eq(strlen(text.data), text.len);
	cr_expect_eq(strncmp(text.data, "0\n1\n", 4), 0);
	cr_expect_str_eq(text.data + text.len - 6, "99999\n");
	free(text.data);
	file = text_open(&text);
	cr_assert_eq(text_close(file, &text), 0);
	cr_expect_str_eq(text.data, "");
	free(text.data);
}

/* The sanitizer's memory is without bounds, and can't do without that. */
#ifdef __SANITIZE_ADDRESS__
#define UNBOUNDED true
#else
#define UNBOUNDED false
#endif

/* A map that is cut off must not take the place of a whole one. */
Test(text, that_does_not_fit_is_none, .disabled = UNBOUNDED)
{
	const struct rlimit limit = { 256 << 20, 256 << 20 };
	struct text text;
	FILE *file = text_open(&text);
	size_t i;

	cr_assert_not_null(file);
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	for (i = 0; i < 300 << 10; i++)
		fprintf(file, "%1023zu\n", i);
	cr_expect_eq(text_close(file, &text), -ENOMEM);
	cr_expect_null(text.data);
}
