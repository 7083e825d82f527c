// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The time after which no further test begins: KCOPYD_TESTS_END, in seconds
 * from the start of this machine. What is left out is told as a number of its
 * own, so that nobody takes it for tests that passed.
 */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <criterion/internal/ordered-set.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct criterion_test_set *tests;
static time_t end;

ReportHook(PRE_ALL)(struct criterion_test_set *set)
{
	const char *seconds = getenv("KCOPYD_TESTS_END");

	tests = set;
	if (seconds && *seconds)
		end = strtol(seconds, NULL, 10);
}

static bool is_over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return end && now.tv_sec >= end;
}

/*
 * Leave out the tests of a suite that have not begun: those behind the one
 * that is on, which is found by its name, or all. Returns how many.
 */
static size_t leave_out(struct criterion_suite_set *suite, const char *on_now)
{
	struct criterion_test *test;
	bool begun = !on_now;
	size_t count = 0;

	FOREACH_SET(test, suite->tests)
	{
		if (begun && !test->data->disabled) {
			test->data->disabled = true;
			count++;
		}
		begun = begun || !strcmp(test->name, on_now);
	}
	return count;
}

static void leave_out_all_behind(const struct criterion_test *last)
{
	struct criterion_suite_set *suite;
	bool begun = false;
	size_t count = 0;

	FOREACH_SET(suite, tests->suites)
	{
		bool here = !strcmp(suite->suite.name, last->category);

		if (begun || here)
			count += leave_out(suite, here ? last->name : NULL);
		begun = begun || here;
	}
	if (count)
		printf("[TIME] %zu tests left out after %s::%s\n", count,
		       last->category, last->name);
	fflush(stdout);
}

ReportHook(PRE_TEST)(struct criterion_test *test)
{
	if (is_over()) {
		end = 0;
		leave_out_all_behind(test);
	}
}
