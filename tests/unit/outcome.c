// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include "cli/exit.h"
#include "cli/outcome.h"
#include "cli/result.h"

static struct outcome now;

/* To two destinations, of which the second is behind. */
static void copy_runs(void)
{
	now = (struct outcome){
		.status = {
			.state = KCOPYD_STATE_RUNNING,
			.length = 1000,
			.nr_regions = 3,
		},
		.regions = {
			{ .major = 8, .bytes = 900, .settled = 800 },
			{ .major = 8, .minor = 1, .bytes = 700, .settled = 500 },
			{ .major = 8, .minor = 2, .bytes = 600, .settled = 550 },
		},
	};
}

TestSuite(outcome, .init = copy_runs);

static void ends(int code, uint64_t complete, uint64_t write_err)
{
	now.status.state = KCOPYD_STATE_DONE;
	now.status.code = code;
	now.status.complete = complete;
	now.status.write_err = write_err;
}

Test(outcome, is_as_far_as_the_slowest)
{
	cr_expect_eq(outcome_bytes(&now), 600);
}

Test(outcome, waits_for_nobody_who_has_left)
{
	now.regions[2].flags = KCOPYD_REGION_DETACHED;
	cr_expect_eq(outcome_bytes(&now), 700);
	now.regions[1].flags = KCOPYD_REGION_DETACHED;
	cr_expect_eq(outcome_bytes(&now), 900);
}

Test(outcome, of_reading_back_is_what_is_settled)
{
	now.status.state = KCOPYD_STATE_VERIFYING;
	cr_expect_eq(outcome_bytes(&now), 500);
	now.status.state = KCOPYD_STATE_RUNNING;
	now.status.submit_flags = KCOPYD_SUBMIT_COMPARE;
	cr_expect_eq(outcome_bytes(&now), 500);
	/* What was not read then never will be. */
	now.status.state = KCOPYD_STATE_DONE;
	cr_expect_eq(outcome_bytes(&now), 600);
}

Test(outcome, has_the_code_of_the_copy)
{
	ends(0, 3, 0);
	cr_expect_eq(outcome_code(&now), EXIT_COMPLETE);
	cr_expect_str_eq(result_word(&now.status, now.regions), "complete");
	ends(-EIO, 1, 2);
	cr_expect_eq(outcome_code(&now), EXIT_PARTIAL);
	ends(-EIO, 0, 3);
	cr_expect_eq(outcome_code(&now), EXIT_FAILED);
	ends(-ECANCELED, 0, 0);
	cr_expect_eq(outcome_code(&now), EXIT_INTERRUPTED);
}

/* Differences are what a comparison is for; a copy that differs has failed. */
Test(outcome, of_a_comparison_tells_differences_from_failures)
{
	now.status.submit_flags = KCOPYD_SUBMIT_COMPARE;
	ends(0, 3, 0);
	cr_expect_str_eq(result_word(&now.status, now.regions), "equal");
	now.regions[2].flags = KCOPYD_REGION_DIFFERS;
	ends(-EIO, 3, 2);
	cr_expect_eq(outcome_code(&now), EXIT_PARTIAL);
	cr_expect_str_eq(result_word(&now.status, now.regions), "different");
	ends(-EIO, 0, 3);
	cr_expect_eq(outcome_code(&now), EXIT_PARTIAL);
	now.status.submit_flags = 0;
	cr_expect_eq(outcome_code(&now), EXIT_FAILED);
	now.status.submit_flags = KCOPYD_SUBMIT_COMPARE;
	now.regions[2].flags = 0;
	/* As a device says that its data is not what it was. */
	now.regions[2].error = -EILSEQ;
	cr_expect_eq(outcome_code(&now), EXIT_FAILED);
}

Test(outcome, shows_a_checksum_in_hexadecimal)
{
	char hex[2 * sizeof(now.status.digest) + 1];

	cr_expect_str_eq(digest_hex(&now.status, hex), "");
	now.status.digest_len = 4;
	memcpy(now.status.digest, "\x00\x7f\xa0\xff", 4);
	cr_expect_str_eq(digest_hex(&now.status, hex), "007fa0ff");
}
