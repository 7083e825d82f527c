// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include "cli/checks.h"
#include "cli/checks_signing.h"

/* "Not signed" would send somebody to sign what is signed. */
Test(checks_signing, what_can_not_be_read_is_not_called_unsigned)
{
	struct check check = {};

	check_signer(&check, "/nowhere/kcopyd.ko", "lockdown");
	cr_assert_eq(check.state, CHECK_UNKNOWN, "%s", check.found);
	cr_expect_not_null(strstr(check.found, strerror(ENOENT)), "%s",
			   check.found);
	cr_expect_str_eq(check.remedy, "");
}
