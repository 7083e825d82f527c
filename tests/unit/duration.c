// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <libkcopy.h>

static void parses_to(const char *text, uint64_t expected)
{
	uint64_t ns = 0;

	cr_expect_eq(kcopy_parse_duration(text, &ns), 0, "'%s'", text);
	cr_expect_eq(ns, expected, "'%s' is %llu", text,
		     (unsigned long long)ns);
}

static void shows_clock(uint64_t ns, const char *expected)
{
	char buf[KCOPY_FORMAT_MAX];

	cr_expect_str_eq(kcopy_format_clock(ns, buf), expected);
}

static void shows_time(uint64_t ns, const char *expected)
{
	char buf[KCOPY_FORMAT_MAX];

	cr_expect_str_eq(kcopy_format_time(ns, buf), expected);
}

Test(duration, parses_every_unit)
{
	parses_to("7ns", 7);
	parses_to("7us", 7000);
	parses_to("7ms", 7000000);
	parses_to("7s", 7000000000);
	parses_to("7m", 420000000000);
	parses_to("7h", 25200000000000);
	parses_to("7d", 604800000000000);
}

Test(duration, takes_a_bare_number_as_seconds)
{
	parses_to("0", 0);
	parses_to("30", 30000000000);
}

Test(duration, refuses_what_is_no_duration)
{
	static const char *const texts[] = { "",    "s",    "-1s", "1.5s",
					     "1 s", "1min", "1S",  "1s2" };
	uint64_t ns;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_eq(kcopy_parse_duration(texts[i], &ns), -EINVAL,
			     "'%s'", texts[i]);
}

Test(duration, refuses_what_does_not_fit)
{
	uint64_t ns;

	cr_expect_eq(kcopy_parse_duration("18446744074s", &ns), -ERANGE);
	cr_expect_eq(kcopy_parse_duration("99999999999999999999", &ns),
		     -ERANGE);
}

Test(duration, shows_a_clock_rounded_up)
{
	shows_clock(0, "0:00:00");
	shows_clock(1, "0:00:01");
	shows_clock(83000000000, "0:01:23");
	shows_clock(3599000000001, "1:00:00");
	shows_clock(360000000000000, "100:00:00");
	shows_clock(UINT64_MAX, "5124095:34:34");
}

Test(duration, shows_times_in_the_unit_that_fits)
{
	shows_time(0, "0 ns");
	shows_time(999, "999 ns");
	shows_time(1000, "1.00 us");
	shows_time(12345, "12.3 us");
	shows_time(999999, "1.00 ms");
	shows_time(123000000, "123 ms");
	shows_time(3210000000, "3.21 s");
	shows_time(4000000000000, "4000 s");
}
