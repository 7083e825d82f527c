// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <libkcopy.h>

static void parses_to(const char *text, uint64_t expected)
{
	uint64_t bytes = 0;

	cr_expect_eq(kcopy_parse_size(text, &bytes), 0, "'%s'", text);
	cr_expect_eq(bytes, expected, "'%s' is %llu", text,
		     (unsigned long long)bytes);
}

static void is_refused(const char *text, int err)
{
	uint64_t bytes = 77;

	cr_expect_eq(kcopy_parse_size(text, &bytes), err, "'%s'", text);
	cr_expect_eq(bytes, 77, "'%s' leaves the result alone", text);
}

static void formats_to(uint64_t bytes, const char *expected)
{
	char buf[KCOPY_FORMAT_MAX];

	cr_expect_str_eq(kcopy_format_size(bytes, buf), expected);
}

Test(size, parses_plain_bytes)
{
	parses_to("0", 0);
	parses_to("4096", 4096);
	parses_to("17B", 17);
	parses_to("18446744073709551615", UINT64_MAX);
}

Test(size, parses_sectors)
{
	parses_to("1s", 512);
	parses_to("2048s", 1 << 20);
}

Test(size, parses_binary_suffixes)
{
	parses_to("1k", 1024);
	parses_to("1K", 1024);
	parses_to("4KiB", 4096);
	parses_to("1M", 1 << 20);
	parses_to("3GiB", 3ULL << 30);
	parses_to("2T", 2ULL << 40);
	parses_to("1P", 1ULL << 50);
	parses_to("15E", 15ULL << 60);
}

Test(size, parses_decimal_suffixes)
{
	parses_to("1KB", 1000);
	parses_to("5MB", 5000000);
	parses_to("1EB", 1000000000000000000ULL);
}

Test(size, refuses_what_is_no_size)
{
	static const char *const texts[] = { "",    " 1",    "1 ",   "+1",
					     "-1",  "M",     "1.5G", "0x10",
					     "1Q",  "1KiBs", "1Ki",  "1iB",
					     "1MM", "1 M",   "1ss",  "\xff" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		is_refused(texts[i], -EINVAL);
}

Test(size, refuses_what_does_not_fit)
{
	is_refused("18446744073709551616", -ERANGE);
	is_refused("99999999999999999999999", -ERANGE);
	is_refused("16E", -ERANGE);
	is_refused("36028797018963968s", -ERANGE);
}

Test(size, formats_with_three_digits)
{
	formats_to(0, "0 B");
	formats_to(1023, "1023 B");
	formats_to(1024, "1.00 KiB");
	formats_to(1536, "1.50 KiB");
	formats_to(10 * 1024, "10.0 KiB");
	formats_to(100 * 1024, "100 KiB");
	formats_to(3ULL << 29, "1.50 GiB");
	formats_to(UINT64_MAX, "16.0 EiB");
}

Test(size, rounds_up_into_the_next_unit)
{
	formats_to(1024 * 1024 - 1, "1.00 MiB");
	formats_to((1ULL << 30) - 1, "1.00 GiB");
	formats_to(10 * 1024 - 1, "10.0 KiB");
}

Test(size, formats_rates)
{
	char buf[KCOPY_FORMAT_MAX];

	cr_expect_str_eq(kcopy_format_rate(512 << 20, buf), "512 MiB/s");
	cr_expect_str_eq(kcopy_format_rate(0, buf), "0 B/s");
	cr_expect_str_eq(kcopy_format_rate(UINT64_MAX, buf), "16.0 EiB/s");
}
