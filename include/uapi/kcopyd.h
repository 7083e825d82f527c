/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ABI of /dev/kcopyd, shared by the module and by user space.
 *
 * Every structure that an ioctl takes starts with its own size in bytes, as
 * the caller knew it. The sizes of this version are the first: none is shorter.
 * When one has grown, a shorter one will be completed with zeroes; a longer one
 * than the module's is accepted when what the module does not know is zero.
 * Unknown flags and padding that is not zero are refused. All offsets
 * and lengths are in bytes, all times in nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef _UAPI_KCOPYD_H
#define _UAPI_KCOPYD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KCOPYD_ABI_VERSION 1
#define KCOPYD_MAX_DESTS 64
#define KCOPYD_MAX_REGIONS (1 + KCOPYD_MAX_DESTS)

/* Bits of kcopyd_info.features. */
#define KCOPYD_FEATURE_DETACH (1ULL << 0) /* KCOPYD_SUBMIT_DETACH */
#define KCOPYD_FEATURE_EXTENTS (1ULL << 1) /* located errors */
#define KCOPYD_FEATURE_CONTROL (1ULL << 2) /* pause, resume, limit */
#define KCOPYD_FEATURE_RETRY (1ULL << 3) /* errors located by retries */
#define KCOPYD_FEATURE_ZERO (1ULL << 4) /* no source = zeroes */
#define KCOPYD_FEATURE_SPARSE (1ULL << 5) /* KCOPYD_SUBMIT_SPARSE */
#define KCOPYD_FEATURE_VERIFY (1ULL << 6) /* _VERIFY, _COMPARE */
#define KCOPYD_FEATURE_CHECKSUM (1ULL << 7) /* kcopyd_submit.checksum */
#define KCOPYD_FEATURE_FAIL_FAST (1ULL << 8) /* KCOPYD_SUBMIT_FAIL_FAST */

/**
 * struct kcopyd_info - what this module is (KCOPYD_IOC_INFO)
 * @size: sizeof(struct kcopyd_info), set by the caller
 * @abi: out: KCOPYD_ABI_VERSION of the module
 * @features: out: KCOPYD_FEATURE_* bits
 * @max_dests: out: most destinations of one job
 * @max_jobs: out: most unfinished jobs of all descriptors together
 * @max_memory: out: most bytes of reserve of all descriptors together
 * @jobs: out: unfinished jobs now, of everybody
 * @draining: out: jobs among them whose descriptor is closed
 * @memory: out: bytes of reserve in use now, of everybody
 */
struct kcopyd_info {
	__u32 size;
	__u32 abi;
	__u64 features;
	__u32 max_dests;
	__u32 max_jobs;
	__u64 max_memory;
	__u32 jobs;
	__u32 draining;
	__u64 memory;
};

/**
 * struct kcopyd_target - a device and where on it
 * @fd: descriptor of an open block device; it need only stay open for the
 *	call, the job pins what it needs
 * @pad: zero
 * @offset: first byte, a multiple of the device's logical block
 */
struct kcopyd_target {
	__s32 fd;
	__u32 pad;
	__u64 offset;
};

/* Bits of kcopyd_submit.flags. */
#define KCOPYD_SUBMIT_IGNORE_ERROR (1U << 0) /* go on after all errors */
#define KCOPYD_SUBMIT_WRITE_SEQ (1U << 1) /* ascending writes, no gaps */
#define KCOPYD_SUBMIT_DETACH_FAILED (1U << 2) /* drop what fails, go on */
#define KCOPYD_SUBMIT_NO_FLUSH (1U << 3) /* "done" without a cache flush */
#define KCOPYD_SUBMIT_DETACH (1U << 4) /* survives the descriptor */
#define KCOPYD_SUBMIT_SKIP_BAD (1U << 5) /* leave out what can't be read */
#define KCOPYD_SUBMIT_ZERO_BAD (1U << 6) /* zeroes for what can't be read */
#define KCOPYD_SUBMIT_KEEP_FAILED (1U << 7) /* write on to what fails */
#define KCOPYD_SUBMIT_SPARSE (1U << 8) /* zero runs become write-zeroes */
#define KCOPYD_SUBMIT_VERIFY (1U << 9) /* read back and compare */
#define KCOPYD_SUBMIT_COMPARE (1U << 10) /* only compare, write nothing */
#define KCOPYD_SUBMIT_RESET_ZONES (1U << 11) /* reset zones that hold data */
#define KCOPYD_SUBMIT_FAIL_FAST (1U << 12) /* reads are not repeated */
#define KCOPYD_SUBMIT_FLAGS 0x1fffU

/* How a request that failed is looked into (kcopyd_submit.retry). */
enum kcopyd_retry {
	KCOPYD_RETRY_NONE = 0, /* all of it counts as bad */
	KCOPYD_RETRY_EDGES, /* good blocks at both ends are found */
	KCOPYD_RETRY_BISECT, /* every good block is found */
};

/*
 * What becomes of a destination that holds up the others
 * (kcopyd_submit.on_slow). Where read errors are skipped the source is read
 * only once, so UNCOUPLE means WAIT there.
 */
enum kcopyd_on_slow {
	KCOPYD_SLOW_UNCOUPLE = 0, /* it goes on alone, reading for itself */
	KCOPYD_SLOW_WAIT, /* the others wait for it */
	KCOPYD_SLOW_DROP, /* it fails, with -ETIMEDOUT */
};

/* Checksum of the source (kcopyd_submit.checksum). */
enum kcopyd_checksum {
	KCOPYD_CHECKSUM_NONE = 0,
	KCOPYD_CHECKSUM_CRC32C, /* 4 bytes, little-endian */
	KCOPYD_CHECKSUM_XXH64, /* 8 bytes, little-endian, seed 0 */
	KCOPYD_CHECKSUM_SHA256, /* 32 bytes */
};

/*
 * Why a call was refused, beside the errno. The region says whom it is about:
 * 0 the source, 1..n the destinations, KCOPYD_REGION_NONE nobody in
 * particular.
 */
#define KCOPYD_REGION_NONE 0xffffffffU

enum kcopyd_reason {
	KCOPYD_REASON_NONE = 0,
	KCOPYD_REASON_FLAGS, /* unknown flag, or flags that exclude each other */
	KCOPYD_REASON_PAD, /* padding is not zero */
	KCOPYD_REASON_NR_DESTS, /* none, or more than KCOPYD_MAX_DESTS */
	KCOPYD_REASON_POINTER, /* unreadable memory */
	KCOPYD_REASON_OPTION, /* an option is out of range */
	KCOPYD_REASON_FD, /* no open file */
	KCOPYD_REASON_NOT_BLOCK, /* not a block device */
	KCOPYD_REASON_NOT_READABLE, /* not opened for reading */
	KCOPYD_REASON_NOT_WRITABLE, /* destination not opened for writing */
	KCOPYD_REASON_NOT_EXCLUSIVE, /* destination not opened with O_EXCL */
	KCOPYD_REASON_READ_ONLY, /* destination is read-only */
	KCOPYD_REASON_PERMISSION, /* not allowed to, or something objects */
	KCOPYD_REASON_UNALIGNED, /* offset or length, to the logical block */
	KCOPYD_REASON_TOO_SMALL, /* the range ends behind the device */
	KCOPYD_REASON_OVERLAP, /* two regions of this job share sectors */
	KCOPYD_REASON_OVERLAP_JOB, /* shares sectors with a running job */
	KCOPYD_REASON_WRITE_OUT, /* dirty page cache could not be written */
	KCOPYD_REASON_PAGE_CACHE, /* cached pages are in use and would not go */
	KCOPYD_REASON_RESERVE, /* reserve smaller than a logical block */
	KCOPYD_REASON_MAX_JOBS, /* module parameter max_jobs */
	KCOPYD_REASON_MAX_MEMORY, /* module parameter max_memory_mib */
	KCOPYD_REASON_NO_MEMORY, /* the kernel had none */
	KCOPYD_REASON_INTERRUPTED, /* a signal came */
	KCOPYD_REASON_CHECKSUM, /* the kernel does not have that algorithm */
	KCOPYD_REASON_MAX_CLIENTS, /* module parameter max_clients */
	KCOPYD_REASON_UNREAD, /* 256 results, or those of 1024 regions, unread */
};

/**
 * struct kcopyd_submit - start a copy (KCOPYD_IOC_SUBMIT)
 * @size: sizeof(struct kcopyd_submit)
 * @flags: KCOPYD_SUBMIT_*
 * @source: read from here; opened for reading; fd -1 and offset 0: write
 *	zeroes
 * @length: bytes to copy, a multiple of every device's logical block; 0 is a
 *	job that completes with success
 * @dests: address of an array of struct kcopyd_target; each opened for
 *	writing with O_EXCL (and reading, to verify); to compare only, for
 *	reading
 * @nr_dests: 1..KCOPYD_MAX_DESTS
 * @depth: chunks in flight, 0 = default
 * @chunk: bytes a chunk, 0 = default; a multiple of the logical blocks
 * @pad: zero
 * @memory: bytes of reserve for this descriptor, 0 = default; counts at the
 *	descriptor's first job and is ignored later
 * @cookie: comes back in events
 * @rate: bytes a second, 0 = no limit
 * @percent: of the time in which I/O may be in flight, 0 = 100; that of
 *	destinations that go apart does not count while the others go on
 * @retry: enum kcopyd_retry
 * @retry_budget: blocks of a region in a row that may fail before the rest is
 *	left untried, 0 = default (64), 0xffffffff = no limit
 * @on_slow: enum kcopyd_on_slow
 * @checksum: enum kcopyd_checksum
 * @ioprio: I/O priority as ioprio_set(2) takes it, 0 = the submitter's
 * @job: out: the job's number, unique since the module was loaded
 * @reason: out, also on failure: enum kcopyd_reason
 * @region: out, also on failure: the region that @reason concerns
 *
 * The page cache of the source range is written out, that of the destination
 * ranges written out and invalidated, before the call returns. It may sleep
 * for as long as that takes.
 *
 * Jobs of one descriptor share its reserve, and one that comes while the two
 * devices of all others are blocked waits with them: copies that have nothing
 * to do with each other are better made with descriptors of their own.
 *
 * Errors: -EINVAL, -EBADF, -ENOTBLK, -EBUSY, -EACCES, -EROFS, -ENOSPC (ends
 * behind the device), -ENOMEM, -EAGAIN (a limit), -EFAULT, -EIO, -EPERM (an
 * option that needs a privilege), -EOPNOTSUPP (a checksum that the kernel does
 * not have), -EINTR (a signal while it slept; no job was made).
 */
struct kcopyd_submit {
	__u32 size;
	__u32 flags;
	struct kcopyd_target source;
	__u64 length;
	__u64 dests;
	__u32 nr_dests;
	__u32 depth;
	__u32 chunk;
	__u32 pad;
	__u64 memory;
	__u64 cookie;
	__u64 rate;
	__u32 percent;
	__u32 retry;
	__u32 retry_budget;
	__u32 on_slow;
	__u32 checksum;
	__u32 ioprio;
	__u64 job;
	__u32 reason;
	__u32 region;
};

/**
 * struct kcopyd_cancel - stop a job (KCOPYD_IOC_CANCEL)
 * @size: sizeof(struct kcopyd_cancel)
 * @timeout_ms: how long to wait until none of its I/O is in flight
 * @job: which
 *
 * Returns 0 when the job has ended (also when it had before), -EINPROGRESS
 * when it is still draining, -ENOENT when there is no such job or it belongs
 * to somebody else, -EINTR after a signal (the cancel stands).
 */
struct kcopyd_cancel {
	__u32 size;
	__u32 timeout_ms;
	__u64 job;
};

enum kcopyd_control_op {
	KCOPYD_CONTROL_PAUSE = 1, /* start nothing more */
	KCOPYD_CONTROL_RESUME = 2, /* go on */
	KCOPYD_CONTROL_LIMIT = 3, /* @rate, @percent and @depth are set anew */
};

/**
 * struct kcopyd_control - steer a running job (KCOPYD_IOC_CONTROL)
 * @size: sizeof(struct kcopyd_control)
 * @op: enum kcopyd_control_op
 * @job: which
 * @rate: of LIMIT: bytes a second, 0 = no limit; like the others, zero for
 *	any other @op
 * @percent: of LIMIT: of the time, 0 = 100
 * @depth: of LIMIT: chunks in flight, 0 = default
 *
 * Returns 0 (also when the job has ended), -ENOENT when there is no such job
 * or it belongs to somebody else, -EINVAL.
 */
struct kcopyd_control {
	__u32 size;
	__u32 op;
	__u64 job;
	__u64 rate;
	__u32 percent;
	__u32 depth;
};

enum kcopyd_state {
	KCOPYD_STATE_QUEUED = 0, /* accepted, nothing in flight yet */
	KCOPYD_STATE_RUNNING,
	KCOPYD_STATE_FLUSHING, /* all written, caches of devices being flushed */
	KCOPYD_STATE_STOPPING, /* cancelled or failed, I/O still in flight */
	KCOPYD_STATE_DONE,
	KCOPYD_STATE_PAUSED, /* and nothing in flight */
	KCOPYD_STATE_VERIFYING, /* being read back and compared */
};

/* Bits of kcopyd_region_status.flags. */
#define KCOPYD_REGION_DETACHED (1U << 0) /* has left the job */
#define KCOPYD_REGION_UNCOUPLED (1U << 1) /* goes at a pace of its own */
#define KCOPYD_REGION_DIFFERS (1U << 2) /* from the source, in a comparison */

/**
 * struct kcopyd_region_status - one region of a job
 * @major: device
 * @minor: device
 * @offset: first byte of the region
 * @bytes: read (source) or written (destination) without error
 * @settled: bytes from the start up to which everything is either done or in
 *	an extent; from 0 again while it is read back
 * @errors: I/O requests that failed
 * @error: first -errno of a located error, 0 if none
 * @flags: KCOPYD_REGION_*
 * @pad: zero
 */
struct kcopyd_region_status {
	__u32 major;
	__u32 minor;
	__u64 offset;
	__u64 bytes;
	__u64 settled;
	__u32 errors;
	__s32 error;
	__u32 flags;
	__u32 pad;
};

/* Bits of kcopyd_status.flags. */
#define KCOPYD_STATUS_NEXT (1U << 0) /* in: the first visible job >= @job */
#define KCOPYD_STATUS_DRAINING (1U << 1) /* out: its descriptor is closed */
#define KCOPYD_STATUS_COARSE (1U << 2) /* out: extents cover good sectors */
#define KCOPYD_STATUS_CANCELLED (1U << 3) /* out: somebody wanted it to end */

/**
 * struct kcopyd_status - ask about a job (KCOPYD_IOC_STATUS)
 * @size: sizeof(struct kcopyd_status)
 * @flags: in: KCOPYD_STATUS_NEXT; out: the others
 * @job: which; out: its number
 * @cookie: out: as submitted
 * @state: out: enum kcopyd_state
 * @code: out: when done 0, -EIO or -ECANCELED
 * @read_err: out: 1 if any read of the source failed
 * @submit_flags: out: KCOPYD_SUBMIT_*
 * @write_err: out: bit i = destination i failed
 * @complete: out: bit i = destination i is written (compared) from first to last
 *	byte, and read back if that was asked for
 * @length: out: bytes a region
 * @submitted_ns: out: when
 * @done_ns: out: when, 0 while it runs
 * @uid: out: who submitted it
 * @pid: out: which process
 * @regions: in: address of an array of struct kcopyd_region_status, or 0
 * @nr_regions: in: its room; out: regions of the job (1 + destinations)
 * @nr_extents: out: error extents to be had
 * @rate: out: limit, bytes a second, 0 = none
 * @percent: out: limit, of the time; 100 if none was asked for
 * @depth: out: limit, chunks in flight; 8 if none was asked for
 * @checksum: out: enum kcopyd_checksum
 * @digest_len: out: bytes of @digest, when done
 * @digest: out: checksum of the source; bad sectors count as zeroes
 *
 * Running jobs and the last 256 finished ones can be asked for, by the
 * descriptor that submitted them, the same user, or with CAP_SYS_ADMIN.
 * -ENOENT otherwise.
 */
struct kcopyd_status {
	__u32 size;
	__u32 flags;
	__u64 job;
	__u64 cookie;
	__u32 state;
	__s32 code;
	__u32 read_err;
	__u32 submit_flags;
	__u64 write_err;
	__u64 complete;
	__u64 length;
	__u64 submitted_ns;
	__u64 done_ns;
	__u32 uid;
	__s32 pid;
	__u64 regions;
	__u32 nr_regions;
	__u32 nr_extents;
	__u64 rate;
	__u32 percent;
	__u32 depth;
	__u32 checksum;
	__u32 digest_len;
	__u8 digest[32];
};

enum kcopyd_extent_kind {
	KCOPYD_EXTENT_BAD = 1, /* tried, failed */
	KCOPYD_EXTENT_UNTRIED = 2, /* given up without an attempt */
	KCOPYD_EXTENT_DIFFERS = 3, /* read back, not what was read first */
};

/**
 * struct kcopyd_extent - where a region failed
 * @offset: bytes from the start of the region
 * @length: bytes
 * @region: 0 source, 1..n destinations
 * @kind: enum kcopyd_extent_kind
 * @error: -errno of the first failure in it
 * @pad: zero
 */
struct kcopyd_extent {
	__u64 offset;
	__u64 length;
	__u32 region;
	__u32 kind;
	__s32 error;
	__u32 pad;
};

/**
 * struct kcopyd_extents - fetch a job's error extents (KCOPYD_IOC_EXTENTS)
 * @size: sizeof(struct kcopyd_extents)
 * @nr: in: room; out: how many were written
 * @job: which
 * @cursor: in: number of the first wanted; out: of the next
 * @extents: address of an array of struct kcopyd_extent
 *
 * Sorted by region, then offset; stable once the job is done. Visible to
 * whom KCOPYD_IOC_STATUS would answer.
 */
struct kcopyd_extents {
	__u32 size;
	__u32 nr;
	__u64 job;
	__u64 cursor;
	__u64 extents;
};

enum kcopyd_event_type {
	KCOPYD_EVENT_EXTENT = 1, /* an error was located */
	KCOPYD_EVENT_STATE = 2, /* the job's state changed */
	KCOPYD_EVENT_REGION = 3, /* result of one region, just before DONE */
	KCOPYD_EVENT_DONE = 4, /* the job is over, its descriptors unpinned */
	KCOPYD_EVENT_DIGEST = 5, /* checksum of a part of the source */
};

/* Events were dropped before this one: ask KCOPYD_IOC_EXTENTS. */
#define KCOPYD_EVENT_OVERFLOW (1U << 0)

/**
 * struct kcopyd_event - what read() on /dev/kcopyd delivers, whole ones only
 * @type: enum kcopyd_event_type
 * @flags: KCOPYD_EVENT_OVERFLOW
 * @job: which
 * @cookie: as submitted
 * @time_ns: when it happened
 * @region: of EXTENT and REGION; DIGEST: which 16 bytes of the digest, from 0
 * @code: EXTENT, REGION: first -errno or 0; DONE: 0, -EIO or -ECANCELED;
 *	DIGEST: bytes of the source that it is of
 * @extent: of EXTENT
 * @extent.offset: bytes from the start of the region
 * @extent.length: bytes
 * @extent.kind: enum kcopyd_extent_kind
 * @extent.pad: zero
 * @state: of STATE
 * @state.state: enum kcopyd_state
 * @state.pad: zero
 * @region_result: of REGION
 * @region_result.bytes: read or written without error
 * @region_result.errors: requests that failed
 * @region_result.pad: zero
 * @digest: of DIGEST; they come in ascending order. None is dropped, the job
 *	waits until there is room; but not once it is cancelled: then the next
 *	event says KCOPYD_EVENT_OVERFLOW
 * @digest.offset: bytes from the start of the region
 * @digest.value: up to 16 bytes, then zeroes
 * @done: of DONE
 * @done.write_err: bit i = destination i failed
 * @done.complete: bit i = destination i is whole
 * @done.read_err: 1 if a read failed
 * @done.pad: zero
 */
struct kcopyd_event {
	__u32 type;
	__u32 flags;
	__u64 job;
	__u64 cookie;
	__u64 time_ns;
	__u32 region;
	__s32 code;
	union {
		struct {
			__u64 offset;
			__u64 length;
			__u32 kind;
			__u32 pad;
		} extent;
		struct {
			__u32 state;
			__u32 pad[5];
		} state;
		struct {
			__u64 bytes;
			__u32 errors;
			__u32 pad[3];
		} region_result;
		struct {
			__u64 offset;
			__u8 value[16];
		} digest;
		struct {
			__u64 write_err;
			__u64 complete;
			__u32 read_err;
			__u32 pad;
		} done;
	};
};

#define KCOPYD_IOC_MAGIC 0xC7
#define KCOPYD_IOC_INFO _IOWR(KCOPYD_IOC_MAGIC, 0, struct kcopyd_info)
#define KCOPYD_IOC_SUBMIT _IOWR(KCOPYD_IOC_MAGIC, 1, struct kcopyd_submit)
#define KCOPYD_IOC_CANCEL _IOW(KCOPYD_IOC_MAGIC, 2, struct kcopyd_cancel)
#define KCOPYD_IOC_STATUS _IOWR(KCOPYD_IOC_MAGIC, 3, struct kcopyd_status)
#define KCOPYD_IOC_EXTENTS _IOWR(KCOPYD_IOC_MAGIC, 4, struct kcopyd_extents)
#define KCOPYD_IOC_CONTROL _IOW(KCOPYD_IOC_MAGIC, 5, struct kcopyd_control)

#ifndef __cplusplus
_Static_assert(sizeof(struct kcopyd_info) == 48, "ABI");
_Static_assert(sizeof(struct kcopyd_target) == 16, "ABI");
_Static_assert(sizeof(struct kcopyd_submit) == 120, "ABI");
_Static_assert(sizeof(struct kcopyd_cancel) == 16, "ABI");
_Static_assert(sizeof(struct kcopyd_control) == 32, "ABI");
_Static_assert(sizeof(struct kcopyd_region_status) == 48, "ABI");
_Static_assert(sizeof(struct kcopyd_status) == 160, "ABI");
_Static_assert(sizeof(struct kcopyd_extent) == 32, "ABI");
_Static_assert(sizeof(struct kcopyd_extents) == 32, "ABI");
_Static_assert(sizeof(struct kcopyd_event) == 64, "ABI");
#endif

#endif /* _UAPI_KCOPYD_H */
