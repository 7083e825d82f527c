/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What `kcopyctl trace` and kcopy_trace_read() get of each event: one of the
 * module's tracepoints, see kcopyd-tracepoints(7). The one definition for bpf/
 * and user/. A record lives as long as the ring buffer of one reader; it may
 * change with the version of the library.
 */
#ifndef _KCOPYD_TRACE_EVENT_H
#define _KCOPYD_TRACE_EVENT_H

#include <linux/types.h>

#include <kcopyd/stats.h>

/* Which tracepoint. */
enum kcopyd_trace_type {
	KCOPYD_TRACE_JOB_SUBMIT = 0,
	KCOPYD_TRACE_REGION = 1,
	KCOPYD_TRACE_JOB_STATE = 2,
	KCOPYD_TRACE_IO_SUBMIT = 3,
	KCOPYD_TRACE_IO_DONE = 4,
	KCOPYD_TRACE_THROTTLE = 5,
	KCOPYD_TRACE_JOB_DONE = 6,
	KCOPYD_TRACE_TYPES = 7,
};

/* Bits of the flags of job events, beside KCOPYD_SMALL_JOB. */
#define KCOPYD_JOB_IGNORE_ERROR 0x1U /* SKIP_BAD, and another one with it */
#define KCOPYD_JOB_WRITE_SEQ 0x2U /* ascending writes, without gaps */
#define KCOPYD_JOB_DETACH_FAILED 0x4U /* a failed destination is dropped */
#define KCOPYD_JOB_FLUSH 0x8U /* the destinations are flushed at the end */
#define KCOPYD_JOB_SKIP_BAD 0x10U /* what can't be read is left as it is */
#define KCOPYD_JOB_ZERO_BAD 0x20U /* what can't be read becomes zeroes */
#define KCOPYD_JOB_KEEP_FAILED 0x40U /* a failed destination is written on */
#define KCOPYD_JOB_SPARSE 0x80U /* runs of zeroes become write-zeroes */
#define KCOPYD_JOB_VERIFY 0x100U /* is read back and compared */
#define KCOPYD_JOB_COMPARE 0x200U /* is only compared, nothing is written */
#define KCOPYD_JOB_RESET_ZONES 0x400U /* zones that hold data are reset */
#define KCOPYD_JOB_FAIL_FAST 0x800U /* drivers do not repeat reads */

/**
 * struct kcopyd_trace_event - an event
 * @type: enum kcopyd_trace_type; says which of the following it has
 * @flags: of requests KCOPYD_IO_*, of jobs KCOPYD_JOB_*; KCOPYD_SMALL_JOB
 * @time_ns: when, CLOCK_MONOTONIC
 * @job: which; 0: a direct dm-io call
 * @submit: of JOB_SUBMIT
 * @submit.client: whose job it is
 * @submit.sectors: of each region, 512-byte units
 * @submit.nr_dests: destinations
 * @submit.pad: zero
 * @region: of REGION, one for each region behind JOB_SUBMIT
 * @region.sector: the first on the device
 * @region.sectors: of the region
 * @region.device_sectors: of the device
 * @region.region: 0 the source, 1..n the destinations
 * @region.major: of the device
 * @region.minor: of the device
 * @region.pad: zero
 * @state: of JOB_STATE
 * @state.state: enum kcopyd_state
 * @state.pad: zero
 * @io: of IO_SUBMIT and IO_DONE; before its end a request has no times
 * @io.sector: the first on the device
 * @io.queue_ns: it waited in the engine before it was submitted
 * @io.service_ns: from its submission to the device until its completion
 * @io.sectors: how many; 0: a flush
 * @io.region: 0 the source, 1..n the destinations; of direct calls from 0
 * @io.op: enum kcopyd_op
 * @io.major: of the device
 * @io.minor: of the device
 * @io.error: 0 or -errno
 * @throttle: of THROTTLE
 * @throttle.wait_ns: how long the job has to wait for its rate or duty
 * @done: of JOB_DONE
 * @done.write_err: bit i = destination i failed
 * @done.bytes: written, all destinations
 * @done.ns: how long it took
 * @done.client: whose it was
 * @done.read_err: 1 if a read failed
 * @done.pad: zero
 */
struct kcopyd_trace_event {
	__u32 type;
	__u32 flags;
	__u64 time_ns;
	__u64 job;
	union {
		struct {
			__u64 client;
			__u64 sectors;
			__u32 nr_dests;
			__u32 pad;
		} submit;
		struct {
			__u64 sector;
			__u64 sectors;
			__u64 device_sectors;
			__u32 region;
			__u32 major;
			__u32 minor;
			__u32 pad;
		} region;
		struct {
			__u32 state;
			__u32 pad;
		} state;
		struct {
			__u64 sector;
			__u64 queue_ns;
			__u64 service_ns;
			__u32 sectors;
			__u32 region;
			__u32 op;
			__u32 major;
			__u32 minor;
			__s32 error;
		} io;
		struct {
			__u64 wait_ns;
		} throttle;
		struct {
			__u64 write_err;
			__u64 bytes;
			__u64 ns;
			__u64 client;
			__u32 read_err;
			__u32 pad;
		} done;
	};
};

#ifndef __cplusplus
_Static_assert(sizeof(struct kcopyd_trace_event) == 72, "ring buffer ABI");
#endif

#endif /* _KCOPYD_TRACE_EVENT_H */
