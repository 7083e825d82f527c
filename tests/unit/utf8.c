// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <stdlib.h>
#include "cli/utf8.h"

#define BAD "\xef\xbf\xbd"

TestSuite(utf8);

static void expect(const char *text, const char *wanted)
{
	char *clean = utf8_clean(text);

	cr_expect_str_eq(clean, wanted);
	free(clean);
}

Test(utf8, that_is_right_stays)
{
	expect("", "");
	expect("disk.img", "disk.img");
	expect("M\xc3\xbcll \xe2\x82\xac \xf0\x9f\x98\x80",
	       "M\xc3\xbcll \xe2\x82\xac \xf0\x9f\x98\x80");
	expect("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

Test(utf8, that_is_none_is_replaced_byte_by_byte)
{
	expect("M\xfcll", "M" BAD "ll");
	expect("\x80", BAD);
	/* Cut short, longer than it need be, a half of a pair, too large. */
	expect("\xe2\x82", BAD BAD);
	expect("\xe2\x82x", BAD BAD "x");
	expect("\xc0\xaf", BAD BAD);
	expect("\xe0\x80\xaf", BAD BAD BAD);
	expect("\xed\xa0\x80", BAD BAD BAD);
	expect("\xf4\x90\x80\x80", BAD BAD BAD BAD);
	expect("\xff\xfe", BAD BAD);
}
