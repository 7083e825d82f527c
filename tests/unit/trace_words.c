// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <kcopyd/trace_event.h>
#include <uapi/kcopyd.h>
#include "../../user/cli/trace.h"

static void says(unsigned int type, uint32_t flags, const char *expected)
{
	struct kcopyd_trace_event event = { .type = type, .flags = flags };
	char words[TRACE_WORDS_MAX];

	cr_expect_str_eq(trace_flag_words(&event, words), expected);
}

Test(trace_words, flags_of_requests_and_of_jobs_are_told_apart)
{
	says(KCOPYD_TRACE_IO_DONE, 0, "");
	says(KCOPYD_TRACE_IO_DONE, KCOPYD_IO_RETRY | KCOPYD_IO_BISECT,
	     "retry, bisect");
	says(KCOPYD_TRACE_IO_DONE, KCOPYD_IO_VERIFY | KCOPYD_SMALL_JOB,
	     "verify, small");
	says(KCOPYD_TRACE_IO_DONE, KCOPYD_IO_REFUSED, "refused");
	says(KCOPYD_TRACE_JOB_SUBMIT, KCOPYD_JOB_IGNORE_ERROR, "ignore-error");
	says(KCOPYD_TRACE_JOB_DONE, KCOPYD_JOB_FLUSH | KCOPYD_JOB_VERIFY,
	     "flush, verify");
	says(KCOPYD_TRACE_JOB_STATE, KCOPYD_JOB_RESET_ZONES, "reset-zones");
	says(KCOPYD_TRACE_JOB_STATE, KCOPYD_JOB_FAIL_FAST, "fail-fast");
}

Test(trace_words, all_flags_at_once_have_room)
{
	says(KCOPYD_TRACE_JOB_SUBMIT, UINT32_MAX,
	     "ignore-error, write-seq, detach-failed, flush, skip-bad, zero-bad, keep-failed, sparse, verify, compare, reset-zones, fail-fast, small");
	says(KCOPYD_TRACE_IO_DONE, UINT32_MAX,
	     "retry, verify, refused, bisect, small");
}

Test(trace_words, every_type_and_operation_has_a_name)
{
	unsigned int i;

	for (i = 0; i < KCOPYD_TRACE_TYPES; i++)
		cr_expect_str_neq(kcopy_trace_type_string(i), "unknown");
	cr_expect_str_eq(kcopy_trace_type_string(i), "unknown");
	for (i = 0; i <= KCOPYD_OP_OTHER; i++)
		cr_expect_str_neq(kcopy_op_string(i), "unknown");
	cr_expect_str_eq(kcopy_op_string(i), "unknown");
}

Test(trace_words, filters_leave_types_that_can_fit)
{
	const uint32_t done = 1U << KCOPYD_TRACE_IO_DONE;
	const uint32_t ended = 1U << KCOPYD_TRACE_JOB_DONE;
	const uint32_t region = 1U << KCOPYD_TRACE_REGION;
	const uint32_t submit = 1U << KCOPYD_TRACE_IO_SUBMIT;
	struct kcopy_trace_filter filter = {};

	cr_expect_eq(kcopy_trace_types(&filter), 0x7f & ~submit);
	filter.errors = true;
	cr_expect_eq(kcopy_trace_types(&filter), done | ended);
	filter.by_device = true;
	cr_expect_eq(kcopy_trace_types(&filter), done);
	filter.errors = false;
	cr_expect_eq(kcopy_trace_types(&filter), done | region);
	filter.types = submit | ended;
	cr_expect_eq(kcopy_trace_types(&filter), submit);
	filter.min_latency_ns = 1;
	cr_expect_eq(kcopy_trace_types(&filter), 0);
	filter.types = UINT32_MAX;
	cr_expect_eq(kcopy_trace_types(&filter), done);
}

Test(trace_words, a_gone_device_is_a_number)
{
	cr_expect_str_eq(trace_node(4095, 77, 1), "4095:77");
	cr_expect_str_eq(trace_node(4095, 77, 2), "4095:77");
}
