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
	AT(kcopyd_submit, rate, 72);
	AT(kcopyd_submit, percent, 80);
	AT(kcopyd_submit, retry, 84);
	AT(kcopyd_submit, retry_budget, 88);
	AT(kcopyd_submit, on_slow, 92);
	AT(kcopyd_submit, checksum, 96);
	AT(kcopyd_submit, ioprio, 100);
	AT(kcopyd_submit, job, 104);
	AT(kcopyd_submit, reason, 112);
	AT(kcopyd_submit, region, 116);
	SIZE(kcopyd_submit, 120);
}

Test(abi, kcopyd_cancel_keeps_its_layout)
{
	AT(kcopyd_cancel, size, 0);
	AT(kcopyd_cancel, timeout_ms, 4);
	AT(kcopyd_cancel, job, 8);
	SIZE(kcopyd_cancel, 16);
}

Test(abi, kcopyd_control_keeps_its_layout)
{
	AT(kcopyd_control, size, 0);
	AT(kcopyd_control, op, 4);
	AT(kcopyd_control, job, 8);
	AT(kcopyd_control, rate, 16);
	AT(kcopyd_control, percent, 24);
	AT(kcopyd_control, depth, 28);
	SIZE(kcopyd_control, 32);
}

Test(abi, kcopyd_region_status_keeps_its_layout)
{
	AT(kcopyd_region_status, major, 0);
	AT(kcopyd_region_status, minor, 4);
	AT(kcopyd_region_status, offset, 8);
	AT(kcopyd_region_status, bytes, 16);
	AT(kcopyd_region_status, settled, 24);
	AT(kcopyd_region_status, errors, 32);
	AT(kcopyd_region_status, error, 36);
	AT(kcopyd_region_status, flags, 40);
	AT(kcopyd_region_status, pad, 44);
	SIZE(kcopyd_region_status, 48);
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
	AT(kcopyd_status, rate, 104);
	AT(kcopyd_status, percent, 112);
	AT(kcopyd_status, depth, 116);
	AT(kcopyd_status, checksum, 120);
	AT(kcopyd_status, digest_len, 124);
	AT(kcopyd_status, digest, 128);
	SIZE(kcopyd_status, 160);
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

Test(abi, kcopyd_latency_keeps_its_layout)
{
	AT(kcopyd_latency, sum_ns, 0);
	AT(kcopyd_latency, min_ns, 8);
	AT(kcopyd_latency, max_ns, 16);
	AT(kcopyd_latency, hist, 24);
	SIZE(kcopyd_latency, 344);
}

Test(abi, kcopyd_region_stats_keeps_its_layout)
{
	AT(kcopyd_region_stats, major, 0);
	AT(kcopyd_region_stats, minor, 4);
	AT(kcopyd_region_stats, sector, 8);
	AT(kcopyd_region_stats, sectors, 16);
	AT(kcopyd_region_stats, device_sectors, 24);
	AT(kcopyd_region_stats, ios, 32);
	AT(kcopyd_region_stats, bytes, 40);
	AT(kcopyd_region_stats, errors, 48);
	AT(kcopyd_region_stats, retries, 56);
	AT(kcopyd_region_stats, verifies, 64);
	AT(kcopyd_region_stats, zeroes, 72);
	AT(kcopyd_region_stats, last_errno, 80);
	AT(kcopyd_region_stats, flushes, 84);
	AT(kcopyd_region_stats, refused, 88);
	AT(kcopyd_region_stats, in_flight, 92);
	AT(kcopyd_region_stats, queue_sum_ns, 96);
	AT(kcopyd_region_stats, queue_max_ns, 104);
	AT(kcopyd_region_stats, lat, 112);
	SIZE(kcopyd_region_stats, 456);
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
	AT(kcopyd_job_stats, throttles, 80);
	AT(kcopyd_job_stats, throttle_ns, 88);
	SIZE(kcopyd_job_stats, 96);
}

Test(abi, kcopyd_device_stats_keeps_its_layout)
{
	AT(kcopyd_device_key, major, 0);
	AT(kcopyd_device_key, minor, 4);
	AT(kcopyd_device_key, op, 8);
	SIZE(kcopyd_device_key, 12);
	AT(kcopyd_device_stats, ios, 0);
	AT(kcopyd_device_stats, bytes, 8);
	AT(kcopyd_device_stats, errors, 16);
	AT(kcopyd_device_stats, retries, 24);
	AT(kcopyd_device_stats, verifies, 32);
	AT(kcopyd_device_stats, direct, 40);
	AT(kcopyd_device_stats, last_errno, 48);
	AT(kcopyd_device_stats, queue_sum_ns, 56);
	AT(kcopyd_device_stats, lat, 64);
	SIZE(kcopyd_device_stats, 408);
}

Test(abi, kcopyd_client_stats_keeps_its_layout)
{
	AT(kcopyd_client_stats, jobs, 0);
	AT(kcopyd_client_stats, failed, 8);
	AT(kcopyd_client_stats, bytes, 16);
	AT(kcopyd_client_stats, read_errs, 24);
	AT(kcopyd_client_stats, write_errs, 32);
	AT(kcopyd_client_stats, last_ns, 40);
	AT(kcopyd_client_stats, time, 48);
	SIZE(kcopyd_client_stats, 392);
}

Test(abi, kcopyd_heat_stats_keeps_its_layout)
{
	AT(kcopyd_heat_key, major, 0);
	AT(kcopyd_heat_key, minor, 4);
	AT(kcopyd_heat_key, row, 8);
	SIZE(kcopyd_heat_key, 12);
	AT(kcopyd_heat_cell, ios, 0);
	AT(kcopyd_heat_cell, errors, 4);
	AT(kcopyd_heat_cell, lat_sum_ns, 8);
	AT(kcopyd_heat_cell, lat_max_ns, 16);
	SIZE(kcopyd_heat_cell, 24);
	AT(kcopyd_heat_stats, device_sectors, 0);
	AT(kcopyd_heat_stats, bucket_sectors, 8);
	AT(kcopyd_heat_stats, cells, 16);
	SIZE(kcopyd_heat_stats, 1552);
}

Test(abi, kcopyd_io_batch_keeps_its_layout)
{
	AT(kcopyd_io_batch, job, 0);
	AT(kcopyd_io_batch, client, 8);
	AT(kcopyd_io_batch, sector, 16);
	AT(kcopyd_io_batch, end, 24);
	AT(kcopyd_io_batch, device_sectors, 32);
	AT(kcopyd_io_batch, bytes, 40);
	AT(kcopyd_io_batch, queue_sum_ns, 48);
	AT(kcopyd_io_batch, queue_max_ns, 56);
	AT(kcopyd_io_batch, lat_sum_ns, 64);
	AT(kcopyd_io_batch, lat_min_ns, 72);
	AT(kcopyd_io_batch, lat_max_ns, 80);
	AT(kcopyd_io_batch, region, 88);
	AT(kcopyd_io_batch, op, 92);
	AT(kcopyd_io_batch, dev, 96);
	AT(kcopyd_io_batch, flags, 100);
	AT(kcopyd_io_batch, ios, 104);
	AT(kcopyd_io_batch, errors, 108);
	AT(kcopyd_io_batch, error, 112);
	AT(kcopyd_io_batch, in_flight, 116);
	AT(kcopyd_io_batch, hist, 120);
	AT(kcopyd_io_batch, bucket_sectors, 200);
	AT(kcopyd_io_batch, nr_places, 204);
	AT(kcopyd_io_batch, places, 208);
	SIZE(kcopyd_io_batch, 216);
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
	AT(kcopyd_event, digest.offset, 40);
	AT(kcopyd_event, digest.value, 48);
	AT(kcopyd_event, done.write_err, 40);
	AT(kcopyd_event, done.complete, 48);
	AT(kcopyd_event, done.read_err, 56);
	AT(kcopyd_event, done.pad, 60);
	SIZE(kcopyd_event, 64);
}

Test(abi, ioctl_numbers_stay)
{
	cr_expect_eq(KCOPYD_IOC_INFO, 0xc030c700);
	cr_expect_eq(KCOPYD_IOC_SUBMIT, 0xc078c701);
	cr_expect_eq(KCOPYD_IOC_CANCEL, 0x4010c702);
	cr_expect_eq(KCOPYD_IOC_STATUS, 0xc0a0c703);
	cr_expect_eq(KCOPYD_IOC_EXTENTS, 0xc020c704);
	cr_expect_eq(KCOPYD_IOC_CONTROL, 0x4020c705);
}

Test(abi, numbers_of_flags_and_enums_stay)
{
	cr_expect_eq(KCOPYD_SUBMIT_IGNORE_ERROR, 0x1);
	cr_expect_eq(KCOPYD_SUBMIT_WRITE_SEQ, 0x2);
	cr_expect_eq(KCOPYD_SUBMIT_DETACH_FAILED, 0x4);
	cr_expect_eq(KCOPYD_SUBMIT_NO_FLUSH, 0x8);
	cr_expect_eq(KCOPYD_SUBMIT_DETACH, 0x10);
	cr_expect_eq(KCOPYD_SUBMIT_SKIP_BAD, 0x20);
	cr_expect_eq(KCOPYD_SUBMIT_ZERO_BAD, 0x40);
	cr_expect_eq(KCOPYD_SUBMIT_KEEP_FAILED, 0x80);
	cr_expect_eq(KCOPYD_SUBMIT_SPARSE, 0x100);
	cr_expect_eq(KCOPYD_SUBMIT_VERIFY, 0x200);
	cr_expect_eq(KCOPYD_SUBMIT_COMPARE, 0x400);
	cr_expect_eq(KCOPYD_SUBMIT_RESET_ZONES, 0x800);
	cr_expect_eq(KCOPYD_SUBMIT_FAIL_FAST, 0x1000);
	cr_expect_eq(KCOPYD_SUBMIT_FLAGS, 0x1fff);
	cr_expect_eq(KCOPYD_RETRY_BISECT, 2);
	cr_expect_eq(KCOPYD_SLOW_DROP, 2);
	cr_expect_eq(KCOPYD_CHECKSUM_SHA256, 3);
	cr_expect_eq(KCOPYD_CONTROL_LIMIT, 3);
	cr_expect_eq(KCOPYD_STATE_DONE, 4);
	cr_expect_eq(KCOPYD_STATE_VERIFYING, 6);
	cr_expect_eq(KCOPYD_EXTENT_DIFFERS, 3);
	cr_expect_eq(KCOPYD_EVENT_DIGEST, 5);
	cr_expect_eq(KCOPYD_REASON_CHECKSUM, 24);
	cr_expect_eq(KCOPYD_REASON_UNREAD, 26);
}

Test(abi, every_reason_has_a_name_and_a_text_of_its_own)
{
	unsigned int i, j;

	for (i = 0; i <= KCOPYD_REASON_UNREAD; i++) {
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
	cr_expect_str_eq(kcopy_reason_name(KCOPYD_REASON_UNREAD + 1),
			 "unknown");
	cr_expect_not_null(kcopy_reason_string(UINT32_MAX));
	cr_expect_str_eq(kcopy_state_string(KCOPYD_STATE_VERIFYING + 1),
			 "unknown");
	cr_expect_str_eq(kcopy_state_string(UINT32_MAX), "unknown");
	cr_expect_str_eq(kcopy_state_string(KCOPYD_STATE_DONE), "done");
	cr_expect_str_eq(kcopy_state_string(KCOPYD_STATE_PAUSED), "paused");
	cr_expect_str_eq(kcopy_state_string(KCOPYD_STATE_VERIFYING),
			 "verifying");
}

Test(abi, kinds_of_extents_have_words)
{
	cr_expect_str_eq(kcopy_kind_string(KCOPYD_EXTENT_BAD), "bad");
	cr_expect_str_eq(kcopy_kind_string(KCOPYD_EXTENT_UNTRIED), "untried");
	cr_expect_str_eq(kcopy_kind_string(KCOPYD_EXTENT_DIFFERS), "differs");
	cr_expect_str_eq(kcopy_kind_string(0), "unknown");
	cr_expect_str_eq(kcopy_kind_string(KCOPYD_EXTENT_DIFFERS + 1),
			 "unknown");
}

Test(abi, options_have_words)
{
	cr_expect_str_eq(kcopy_retry_string(KCOPYD_RETRY_NONE), "none");
	cr_expect_str_eq(kcopy_retry_string(KCOPYD_RETRY_EDGES), "edges");
	cr_expect_str_eq(kcopy_retry_string(KCOPYD_RETRY_BISECT), "bisect");
	cr_expect_str_eq(kcopy_retry_string(KCOPYD_RETRY_BISECT + 1),
			 "unknown");
	cr_expect_str_eq(kcopy_on_slow_string(KCOPYD_SLOW_UNCOUPLE),
			 "uncouple");
	cr_expect_str_eq(kcopy_on_slow_string(KCOPYD_SLOW_WAIT), "wait");
	cr_expect_str_eq(kcopy_on_slow_string(KCOPYD_SLOW_DROP), "drop");
	cr_expect_str_eq(kcopy_on_slow_string(KCOPYD_SLOW_DROP + 1), "unknown");
	cr_expect_str_eq(kcopy_checksum_string(KCOPYD_CHECKSUM_NONE), "none");
	cr_expect_str_eq(kcopy_checksum_string(KCOPYD_CHECKSUM_CRC32C),
			 "crc32c");
	cr_expect_str_eq(kcopy_checksum_string(KCOPYD_CHECKSUM_XXH64), "xxh64");
	cr_expect_str_eq(kcopy_checksum_string(KCOPYD_CHECKSUM_SHA256),
			 "sha256");
	cr_expect_str_eq(kcopy_checksum_string(KCOPYD_CHECKSUM_SHA256 + 1),
			 "unknown");
}
