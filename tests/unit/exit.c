// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <libkcopy.h>
#include "cli/exit.h"

Test(exit_code, is_0_when_all_is_copied)
{
	cr_expect_eq(exit_of_result(0, 3), 0);
}

Test(exit_code, is_1_when_some_destination_is_complete)
{
	cr_expect_eq(exit_of_result(-EIO, 2), 1);
}

Test(exit_code, is_5_when_none_is_complete)
{
	cr_expect_eq(exit_of_result(-EIO, 0), 5);
}

Test(exit_code, is_130_when_cancelled)
{
	cr_expect_eq(exit_of_result(-ECANCELED, 0), 130);
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_INTERRUPTED, -EINTR), 130);
}

Test(exit_code, is_3_for_refusals_that_protect_data)
{
	static const unsigned int reasons[] = {
		KCOPYD_REASON_NOT_EXCLUSIVE, KCOPYD_REASON_READ_ONLY,
		KCOPYD_REASON_TOO_SMALL,     KCOPYD_REASON_OVERLAP,
		KCOPYD_REASON_OVERLAP_JOB,   KCOPYD_REASON_UNALIGNED,
		KCOPYD_REASON_PAGE_CACHE,
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		cr_expect_eq(exit_of_refusal(reasons[i], -EINVAL), 3);
	cr_expect_eq(exit_of_errno(-EBUSY), 3);
	cr_expect_eq(exit_of_errno(-EROFS), 3);
}

Test(exit_code, is_4_for_what_the_machine_lacks)
{
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_MAX_JOBS, -EAGAIN), 4);
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_MAX_CLIENTS, -EAGAIN), 4);
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_UNREAD, -EAGAIN), 4);
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_NO_MEMORY, -ENOMEM), 4);
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_CHECKSUM, -EOPNOTSUPP), 4);
	cr_expect_eq(exit_of_errno(-EACCES), 4);
	cr_expect_eq(exit_of_errno(-EPERM), 4);
}

Test(exit_code, is_2_for_bad_arguments)
{
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_OPTION, -EINVAL), 2);
	cr_expect_eq(exit_of_refusal(KCOPYD_REASON_NR_DESTS, -EINVAL), 2);
	cr_expect_eq(exit_of_errno(-ENOTBLK), 2);
	cr_expect_eq(exit_of_errno(-ENOENT), 2);
}

Test(exit_code, is_never_0_for_a_refusal)
{
	unsigned int reason;

	for (reason = 0; reason <= KCOPYD_REASON_UNREAD + 1; reason++)
		cr_expect_neq(exit_of_refusal(reason, -EIO), 0);
}
