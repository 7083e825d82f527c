// SPDX-License-Identifier: GPL-2.0-or-later
/* What was once released is never laid out differently. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <libkcopy.h>

#define AT(type, field, offset) \
	cr_expect_eq(offsetof(struct type, field), offset, #type "." #field)
#define SIZE(type, size) cr_expect_eq(sizeof(struct type), size, #type)

Test(abi, kcopyd_info_keeps_its_layout)
{
	AT(kcopyd_info, size, 0);
	AT(kcopyd_info, abi, 4);
	AT(kcopyd_info, features, 8);
	AT(kcopyd_info, max_dests, 16);
	AT(kcopyd_info, max_jobs, 20);
	AT(kcopyd_info, max_memory, 24);
	AT(kcopyd_info, jobs, 32);
	AT(kcopyd_info, draining, 36);
	AT(kcopyd_info, memory, 40);
	SIZE(kcopyd_info, 48);
}

Test(abi, kcopyd_target_keeps_its_layout)
{
	AT(kcopyd_target, fd, 0);
	AT(kcopyd_target, pad, 4);
	AT(kcopyd_target, offset, 8);
	SIZE(kcopyd_target, 16);
}

Test(abi, kcopyd_submit_keeps_its_layout)
{
	AT(kcopyd_submit, size, 0);
	AT(kcopyd_submit, flags, 4);
	AT(kcopyd_submit, source, 8);
	AT(kcopyd_submit, length, 24);
	AT(kcopyd_submit, dests, 32);
	AT(kcopyd_submit, nr_dests, 40);
	AT(kcopyd_submit, depth, 44);
	AT(kcopyd_submit, chunk, 48);
	AT(kcopyd_submit, pad, 52);
	AT(kcopyd_submit, memory, 56);
	AT(kcopyd_submit, cookie, 64);
	AT(kcopyd_submit, job, 72);
	AT(kcopyd_submit, reason, 80);
	AT(kcopyd_submit, region, 84);
	SIZE(kcopyd_submit, 88);
}

Test(abi, kcopyd_cancel_keeps_its_layout)
{
	AT(kcopyd_cancel, size, 0);
	AT(kcopyd_cancel, timeout_ms, 4);
	AT(kcopyd_cancel, job, 8);
	SIZE(kcopyd_cancel, 16);
}

Test(abi, kcopyd_region_status_keeps_its_layout)
{
	AT(kcopyd_region_status, major, 0);
	AT(kcopyd_region_status, minor, 4);
	AT(kcopyd_region_status, offset, 8);
	AT(kcopyd_region_status, bytes, 16);
	AT(kcopyd_region_status, errors, 24);
	AT(kcopyd_region_status, error, 28);
	SIZE(kcopyd_region_status, 32);
}

Test(abi, kcopyd_status_keeps_its_layout)
{
	AT(kcopyd_status, size, 0);
	AT(kcopyd_status, flags, 4);
	AT(kcopyd_status, job, 8);
	AT(kcopyd_status, cookie, 16);
	AT(kcopyd_status, state, 24);
	AT(kcopyd_status, code, 28);
	AT(kcopyd_status, read_err, 32);
	AT(kcopyd_status, submit_flags, 36);
	AT(kcopyd_status, write_err, 40);
	AT(kcopyd_status, complete, 48);
	AT(kcopyd_status, length, 56);
	AT(kcopyd_status, submitted_ns, 64);
	AT(kcopyd_status, done_ns, 72);
	AT(kcopyd_status, uid, 80);
	AT(kcopyd_status, pid, 84);
	AT(kcopyd_status, regions, 88);
	AT(kcopyd_status, nr_regions, 96);
	AT(kcopyd_status, nr_extents, 100);
	SIZE(kcopyd_status, 104);
}

Test(abi, kcopyd_extent_keeps_its_layout)
{
	AT(kcopyd_extent, offset, 0);
	AT(kcopyd_extent, length, 8);
	AT(kcopyd_extent, region, 16);
	AT(kcopyd_extent, kind, 20);
	AT(kcopyd_extent, error, 24);
	AT(kcopyd_extent, pad, 28);
	SIZE(kcopyd_extent, 32);
}

Test(abi, kcopyd_extents_keeps_its_layout)
{
	AT(kcopyd_extents, size, 0);
	AT(kcopyd_extents, nr, 4);
	AT(kcopyd_extents, job, 8);
	AT(kcopyd_extents, cursor, 16);
	AT(kcopyd_extents, extents, 24);
	SIZE(kcopyd_extents, 32);
}

Test(abi, kcopyd_region_key_keeps_its_layout)
{
	AT(kcopyd_region_key, job, 0);
	AT(kcopyd_region_key, region, 8);
	AT(kcopyd_region_key, pad, 12);
	SIZE(kcopyd_region_key, 16);
}

Test(abi, kcopyd_region_stats_keeps_its_layout)
{
	AT(kcopyd_region_stats, major, 0);
	AT(kcopyd_region_stats, minor, 4);
	AT(kcopyd_region_stats, sector, 8);
	AT(kcopyd_region_stats, sectors, 16);
	AT(kcopyd_region_stats, ios, 24);
	AT(kcopyd_region_stats, bytes, 32);
	AT(kcopyd_region_stats, errors, 40);
	AT(kcopyd_region_stats, last_errno, 48);
	AT(kcopyd_region_stats, flushes, 52);
	AT(kcopyd_region_stats, lat_sum_ns, 56);
	AT(kcopyd_region_stats, lat_min_ns, 64);
	AT(kcopyd_region_stats, lat_max_ns, 72);
	AT(kcopyd_region_stats, queue_sum_ns, 80);
	AT(kcopyd_region_stats, hist, 88);
	SIZE(kcopyd_region_stats, 408);
}

Test(abi, kcopyd_job_stats_keeps_its_layout)
{
	AT(kcopyd_job_stats, client, 0);
	AT(kcopyd_job_stats, nr_dests, 8);
	AT(kcopyd_job_stats, flags, 12);
	AT(kcopyd_job_stats, sectors, 16);
	AT(kcopyd_job_stats, state, 24);
	AT(kcopyd_job_stats, read_err, 28);
	AT(kcopyd_job_stats, write_err, 32);
	AT(kcopyd_job_stats, bytes_read, 40);
	AT(kcopyd_job_stats, bytes_written, 48);
	AT(kcopyd_job_stats, start_ns, 56);
	AT(kcopyd_job_stats, end_ns, 64);
	AT(kcopyd_job_stats, duration_ns, 72);
	SIZE(kcopyd_job_stats, 80);
}

Test(abi, kcopyd_event_keeps_its_layout)
{
	AT(kcopyd_event, type, 0);
	AT(kcopyd_event, flags, 4);
	AT(kcopyd_event, job, 8);
	AT(kcopyd_event, cookie, 16);
	AT(kcopyd_event, time_ns, 24);
	AT(kcopyd_event, region, 32);
	AT(kcopyd_event, code, 36);
	AT(kcopyd_event, extent.offset, 40);
	AT(kcopyd_event, extent.length, 48);
	AT(kcopyd_event, extent.kind, 56);
	AT(kcopyd_event, extent.pad, 60);
	AT(kcopyd_event, state.state, 40);
	AT(kcopyd_event, state.pad, 44);
	AT(kcopyd_event, region_result.bytes, 40);
	AT(kcopyd_event, region_result.errors, 48);
	AT(kcopyd_event, region_result.pad, 52);
	AT(kcopyd_event, done.write_err, 40);
	AT(kcopyd_event, done.complete, 48);
	AT(kcopyd_event, done.read_err, 56);
	AT(kcopyd_event, done.pad, 60);
	SIZE(kcopyd_event, 64);
}

Test(abi, ioctl_numbers_stay)
{
	cr_expect_eq(KCOPYD_IOC_INFO, 0xc030c700);
	cr_expect_eq(KCOPYD_IOC_SUBMIT, 0xc058c701);
	cr_expect_eq(KCOPYD_IOC_CANCEL, 0x4010c702);
	cr_expect_eq(KCOPYD_IOC_STATUS, 0xc068c703);
	cr_expect_eq(KCOPYD_IOC_EXTENTS, 0xc020c704);
}

Test(abi, every_reason_has_a_name_and_a_text_of_its_own)
{
	unsigned int i, j;

	for (i = 0; i <= KCOPYD_REASON_INTERRUPTED; i++) {
		cr_expect_str_neq(kcopy_reason_name(i), "unknown");
		for (j = 0; j < i; j++) {
			cr_expect_str_neq(kcopy_reason_name(i),
					  kcopy_reason_name(j));
			cr_expect_str_neq(kcopy_reason_string(i),
					  kcopy_reason_string(j));
		}
	}
}

Test(abi, reasons_and_states_of_a_newer_module_are_borne)
{
	cr_expect_str_eq(kcopy_reason_name(KCOPYD_REASON_INTERRUPTED + 1),
			 "unknown");
	cr_expect_not_null(kcopy_reason_string(UINT32_MAX));
	cr_expect_str_eq(kcopy_state_string(KCOPYD_STATE_DONE + 1), "unknown");
	cr_expect_str_eq(kcopy_state_string(KCOPYD_STATE_DONE), "done");
}
