/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of /dev/kcopyd_test, which let a test in user space make every
 * call that kcopyd.ko exports, rightly and wrongly. No ABI: the module and
 * the tests are built together.
 */
#ifndef _KCOPYD_TEST_H
#define _KCOPYD_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KCOPYD_TEST_MAX_REGIONS 128 /* more than the calls take */
#define KCOPYD_TEST_MAX_LENGTH (16 << 20)
#define KCOPYD_TEST_MAX_REPEAT 1024
#define KCOPYD_TEST_MAX_CLIENTS 32
#define KCOPYD_TEST_MAX_JOBS 1024
#define KCOPYD_TEST_MAX_ERRORS 16
#define KCOPYD_TEST_MAX_STATES 8
#define KCOPYD_TEST_MAX_DIGEST 32

/* Arguments of a call that are to be NULL. */
#define KCOPYD_TEST_NULL_REGIONS (1U << 0) /* where, from */
#define KCOPYD_TEST_NULL_DATA (1U << 1)
#define KCOPYD_TEST_NULL_FN (1U << 2)
#define KCOPYD_TEST_NULL_BITS (1U << 3)
#define KCOPYD_TEST_NULL_DESTS (1U << 4)
#define KCOPYD_TEST_NULL_RESULT (1U << 5)
#define KCOPYD_TEST_NULL_ARGS (1U << 6)

/**
 * struct kcopyd_test_region - a region of an open block device
 * @fd: the device, or -1 for a region whose bdev is NULL
 * @pad: zero
 * @sector: first sector, 512 bytes each
 * @count: sectors
 */
struct kcopyd_test_region {
	__s32 fd;
	__u32 pad;
	__u64 sector;
	__u64 count;
};

enum kcopyd_test_memory {
	KCOPYD_TEST_PAGE_LIST = 0,
	KCOPYD_TEST_BVEC = 1,
	KCOPYD_TEST_VM = 2,
	KCOPYD_TEST_KMEM = 3, /* extended calls only, as the next */
	KCOPYD_TEST_NO_MEMORY = 4,
};

/* What an extended call is to do, whatever the kernel's numbers for it are. */
enum kcopyd_test_op {
	KCOPYD_TEST_READ = 0,
	KCOPYD_TEST_WRITE = 1,
	KCOPYD_TEST_DISCARD = 2,
	KCOPYD_TEST_WRITE_ZEROES = 3,
	KCOPYD_TEST_FLUSH = 4, /* refused, as all that follow */
	KCOPYD_TEST_ZONE_APPEND = 5,
	KCOPYD_TEST_ZONE_RESET = 6,
	KCOPYD_TEST_SECURE_ERASE = 7,
};

#define KCOPYD_TEST_SYNC (1U << 0)
#define KCOPYD_TEST_FUA (1U << 1)
#define KCOPYD_TEST_PREFLUSH (1U << 2)
#define KCOPYD_TEST_IDLE (1U << 3)
#define KCOPYD_TEST_META (1U << 4)
#define KCOPYD_TEST_NOUNMAP (1U << 5)
#define KCOPYD_TEST_FAILFAST (1U << 6)
#define KCOPYD_TEST_NOWAIT (1U << 7) /* refused, as all that follow */
#define KCOPYD_TEST_POLLED (1U << 8)

/* Bits of kcopyd_test_io.how. */
#define KCOPYD_TEST_EXTENDED (1U << 0) /* dm_io_submit(), dm_io_submit_wait() */
/*
 * From a WQ_MEM_RECLAIM work item that memory reclaim waits for, as far as
 * lockdep is told.
 */
#define KCOPYD_TEST_RECLAIM (1U << 1)
/* Pages that are neighbours, not scattered ones. */
#define KCOPYD_TEST_CONTIGUOUS (1U << 2)
/* Asynchronous calls: leave it in flight; KCOPYD_TEST_IO_FINISH ends it. */
#define KCOPYD_TEST_IN_FLIGHT (1U << 3)
/*
 * bvec only, of @pieces that fill pages in pairs, @offset and @unit 0: the two
 * of a pair have changed places in memory, so no two are neighbours.
 */
#define KCOPYD_TEST_SWAPPED (1U << 4)

/* Contexts in which a callback ran. */
#define KCOPYD_TEST_IN_TASK (1U << 0)
#define KCOPYD_TEST_IN_INTERRUPT (1U << 1)

/**
 * struct kcopyd_test_io - one dm-io call (KCOPYD_TEST_IO)
 * @memory: enum kcopyd_test_memory
 * @async: 0 = the sync call
 * @rw: classic: handed on as it is; extended: enum kcopyd_test_op
 * @nr_regions: handed on as it is, at most KCOPYD_TEST_MAX_REGIONS
 * @regions: address of that many struct kcopyd_test_region
 * @offset: bytes into the first page, below PAGE_SIZE
 * @null: KCOPYD_TEST_NULL_*
 * @buffer: copied into kernel memory before the call and back after it
 * @length: bytes of it
 * @short_pages: so many pages are missing at the end of the page list
 * @pieces: bvec only: pages are cut into bio_vecs of at most so many bytes, 0 =
 *	whole pages
 * @unit: bvec only: lengths of bio_vecs are any multiple of so many bytes up to
 *	@pieces, 0 = all are @pieces
 * @seed: for the lengths
 * @how: KCOPYD_TEST_EXTENDED ...
 * @flags: extended only: KCOPYD_TEST_SYNC ...
 * @ioprio: extended only
 * @untold: extended only: bytes by which the call is told less than @length
 * @repeat: the call's buffer is so many times this one, one behind the other;
 *	0 and 1 = once. Not kmalloc'd memory; whole pages without an offset
 * @whole: bvec only: so many bytes at the start come in whole pages, and are
 *	not swapped
 * @ret: out: what the call returned
 * @callbacks: out: how often the callback ran
 * @context: out: KCOPYD_TEST_IN_*
 * @canary: out: 1 if memory around the buffer was changed
 * @error_bits: out: all ones if nobody set them
 * @unsupported: out: extended only, likewise
 * @errors: out: extended only, errno of each region
 */
struct kcopyd_test_io {
	__u32 memory;
	__u32 async;
	__u32 rw;
	__u32 nr_regions;
	__u64 regions;
	__u32 offset;
	__u32 null;
	__u64 buffer;
	__u64 length;
	__u32 short_pages;
	__u32 pieces;
	__u32 unit;
	__u32 seed;
	__u32 how;
	__u32 flags;
	__u32 ioprio;
	__u32 untold;
	__u32 repeat;
	__u32 whole;
	__s32 ret;
	__u32 callbacks;
	__u32 context;
	__u32 canary;
	__u64 error_bits;
	__u64 unsupported;
	__s32 errors[64];
};

/**
 * struct kcopyd_test_starve - calls while there is no memory
 *	(KCOPYD_TEST_STARVE)
 * @fd: the device; it must keep I/O in flight for some seconds
 * @nr_calls: of dm_io_async()
 * @pages: of each call; @nr_calls * @pages must have been got
 * @sector: of the first
 * @stride: sectors from call to call
 * @buffer: @nr_calls * @pages pages to be written
 * @hogged: out: pages taken until an allocation failed
 * @started: out: calls that had returned when memory was tried again
 * @in_flight: out: of them, not complete after that allocation had failed
 * @got: out: allocations that went well while all were in flight, before the
 *	one that failed; the memory was taken, too
 * @callbacks: out: in the end
 * @error_bits: out: of all calls, or-ed
 */
struct kcopyd_test_starve {
	__s32 fd;
	__u32 nr_calls;
	__u64 sector;
	__u64 stride;
	__u64 buffer;
	__u64 hogged;
	__u32 started;
	__u32 in_flight;
	__u64 got;
	__u32 callbacks;
	__u32 pages;
	__u64 error_bits;
};

/**
 * struct kcopyd_test_client - a client of kcopyd
 * @pages: CREATE: in: of the reserve
 * @client: CREATE: out, DESTROY: in: its number
 * @unfinished: DESTROY: out: callbacks still to come when it was called
 * @missing: DESTROY: out: callbacks still to come when it had returned
 * @extra: DESTROY: out: callbacks that came more than once
 * @most_at_once: DESTROY: out: most callbacks seen running at one time
 */
struct kcopyd_test_client {
	__u32 pages;
	__u32 client;
	__u32 unfinished;
	__u32 missing;
	__u32 extra;
	__u32 most_at_once;
};

/* Bits of kcopyd_test_copy.how. */
#define KCOPYD_TEST_NO_WAIT (1U << 0) /* leave it to DESTROY */

/**
 * struct kcopyd_test_copy_result - of one kcopyd_copy()
 * @ret: what the call returned
 * @callbacks: how often the callback ran
 * @read_err: of the last callback
 * @write_err: of the last callback
 */
struct kcopyd_test_copy_result {
	__s32 ret;
	__u32 callbacks;
	__s32 read_err;
	__u32 write_err;
};

/**
 * struct kcopyd_test_copy - calls of kcopyd_copy() (KCOPYD_TEST_COPY)
 * @client: from CREATE
 * @flags: handed on as they are
 * @nr_dests: handed on as it is, below KCOPYD_TEST_MAX_REGIONS
 * @null: KCOPYD_TEST_NULL_*
 * @regions: address of 1 + @nr_dests regions, the source first
 * @nr_jobs: calls to make, one after the other without waiting
 * @how: KCOPYD_TEST_NO_WAIT
 * @stride: sectors by which all regions move on from job to job
 * @sleep_us: how long every callback sleeps
 * @resubmit: callbacks of each job that submit it once more
 * @results: address of @nr_jobs struct kcopyd_test_copy_result
 * @most_at_once: out: most callbacks seen running at one time
 * @context: out: KCOPYD_TEST_IN_* of all callbacks
 */
struct kcopyd_test_copy {
	__u32 client;
	__u32 flags;
	__u32 nr_dests;
	__u32 null;
	__u64 regions;
	__u32 nr_jobs;
	__u32 how;
	__u64 stride;
	__u32 sleep_us;
	__u32 resubmit;
	__u64 results;
	__u32 most_at_once;
	__u32 context;
};

/**
 * struct kcopyd_test_starve_copy - copies while there is no memory
 *	(KCOPYD_TEST_STARVE_COPY)
 * @client: from CREATE
 * @flags: handed on as they are
 * @nr_dests: of each copy
 * @nr_jobs: calls of kcopyd_copy(), made when there is no memory any more
 * @regions: address of 1 + @nr_dests regions, the source first
 * @stride: sectors by which all regions move on from job to job
 * @hogged: out: pages taken until an allocation failed
 * @got: out: pages that could be taken while the copies ran; they were
 * @failed: out: allocations that failed while the copies ran
 * @callbacks: out: in the end
 * @read_err: out: of all copies, or-ed
 * @write_err: out: likewise
 * @ret: out: of the call that was refused
 */
struct kcopyd_test_starve_copy {
	__u32 client;
	__u32 flags;
	__u32 nr_dests;
	__u32 nr_jobs;
	__u64 regions;
	__u64 stride;
	__u64 hogged;
	__u64 got;
	__u64 failed;
	__u32 callbacks;
	__u32 read_err;
	__u32 write_err;
	__s32 ret;
};

/* ---- kcopyd_submit() and its jobs ----------------------------------------- */

struct kcopyd_test_limits {
	__u64 rate;
	__u32 percent;
	__u32 depth;
};

/* Bits of kcopyd_test_submit.how. */
#define KCOPYD_TEST_CANCEL (1U << 1) /* right after it was submitted */
#define KCOPYD_TEST_PUT_EARLY (1U << 2) /* the handle, at once */
#define KCOPYD_TEST_PAUSE (1U << 3) /* right after it was submitted */

/**
 * struct kcopyd_test_submit - one kcopyd_submit() (KCOPYD_TEST_SUBMIT)
 * @client: from CREATE
 * @flags: handed on as they are
 * @regions: address of 1 + @nr_dests regions, the source first
 * @nr_dests: handed on as it is, below KCOPYD_TEST_MAX_REGIONS
 * @chunk: sectors, handed on as it is
 * @limits: handed on as they are
 * @retry: handed on as it is, as the four that follow
 * @retry_budget: likewise
 * @on_slow: likewise
 * @checksum: likewise
 * @ioprio: likewise
 * @null: KCOPYD_TEST_NULL_REGIONS: no source; _DESTS; _FN: ops without done();
 *	_DATA: no ops; _ARGS: no request; _RESULT: no handle wanted
 * @how: KCOPYD_TEST_CANCEL ...
 * @sleep_us: how long done() sleeps
 * @resubmit: times that done() submits the same once more
 * @ret: out: what the call returned
 * @job: out: its number here, if that was 0; good until the caller is closed
 */
struct kcopyd_test_submit {
	__u32 client;
	__u32 flags;
	__u64 regions;
	__u32 nr_dests;
	__u32 chunk;
	struct kcopyd_test_limits limits;
	__u32 retry;
	__u32 retry_budget;
	__u32 on_slow;
	__u32 checksum;
	__u32 ioprio;
	__u32 null;
	__u32 how;
	__u32 sleep_us;
	__u32 resubmit;
	__s32 ret;
	__u32 job;
	__u32 pad;
};

/*
 * The calls about a job do not wait for those above, nor for each other. With
 * its handle gone, -ENXIO.
 */

struct kcopyd_test_error {
	__u64 first; /* sector */
	__u64 count;
	__u32 region;
	__u32 kind;
	__s32 error;
	__u32 pad;
};

/**
 * struct kcopyd_test_result - how a job ended (KCOPYD_TEST_RESULT)
 * @job: from SUBMIT
 * @timeout_ms: wait for its (last) callback, for so long
 * @callbacks: out: how often done() has returned
 * @context: out: KCOPYD_TEST_IN_* of all callbacks
 * @same_job: out: 1 if done() was given the job that submit had returned
 * @nr_errors: out: calls of error(); the first of them are kept
 * @nr_states: out: calls of state(); the first of them are kept
 * @resubmit_ret: out: of the last submission by done()
 * @id: out: kcopyd_job_id()
 * @code: out: as struct kcopyd_result, as those that follow
 * @read_err: out
 * @write_err: out
 * @complete: out
 * @ns: out
 * @digest_len: out
 * @in_worker: out: 1 if the last callback ran in a kworker
 * @digest: out
 * @errors: out
 * @states: out
 */
struct kcopyd_test_result {
	__u32 job;
	__u32 timeout_ms;
	__u32 callbacks;
	__u32 context;
	__u32 same_job;
	__u32 nr_errors;
	__u32 nr_states;
	__s32 resubmit_ret;
	__u64 id;
	__s32 code;
	__s32 read_err;
	__u64 write_err;
	__u64 complete;
	__u64 ns;
	__u32 digest_len;
	__u32 in_worker;
	__u8 digest[KCOPYD_TEST_MAX_DIGEST];
	struct kcopyd_test_error errors[KCOPYD_TEST_MAX_ERRORS];
	__u32 states[KCOPYD_TEST_MAX_STATES];
};

enum kcopyd_test_steer_op {
	KCOPYD_TEST_JOB_CANCEL = 0,
	KCOPYD_TEST_JOB_PAUSE = 1,
	KCOPYD_TEST_JOB_RESUME = 2,
	KCOPYD_TEST_JOB_LIMIT = 3,
	KCOPYD_TEST_JOB_PUT = 4,
};

/**
 * struct kcopyd_test_steer - steer a job (KCOPYD_TEST_STEER)
 * @job: from SUBMIT
 * @op: enum kcopyd_test_steer_op
 * @timeout_ms: of CANCEL
 * @ret: out: what the call returned, if it returns anything
 * @limits: of LIMIT
 */
struct kcopyd_test_steer {
	__u32 job;
	__u32 op;
	__u32 timeout_ms;
	__s32 ret;
	struct kcopyd_test_limits limits;
};

/**
 * struct kcopyd_test_progress - kcopyd_job_progress() (KCOPYD_TEST_PROGRESS)
 * @job: from SUBMIT
 * @state: out, as all that follow
 * @read_err: as struct kcopyd_progress
 * @pad: zero
 * @write_err: likewise
 * @live: likewise
 * @uncoupled: likewise
 * @limits: likewise
 */
struct kcopyd_test_progress {
	__u32 job;
	__u32 state;
	__s32 read_err;
	__u32 pad;
	__u64 write_err;
	__u64 live;
	__u64 uncoupled;
	struct kcopyd_test_limits limits;
};

/**
 * struct kcopyd_test_job_region - kcopyd_job_region() (KCOPYD_TEST_REGION)
 * @job: from SUBMIT
 * @region: handed on as it is
 * @ret: out: what the call returned
 * @errors: out: as struct kcopyd_region_progress, as those that follow
 * @bytes: out
 * @settled: out
 * @error: out
 * @nr_extents: out
 * @coarse: out
 * @pad: zero
 */
struct kcopyd_test_job_region {
	__u32 job;
	__u32 region;
	__s32 ret;
	__u32 errors;
	__u64 bytes;
	__u64 settled;
	__s32 error;
	__u32 nr_extents;
	__u32 coarse;
	__u32 pad;
};

/**
 * struct kcopyd_test_extent - kcopyd_job_extent() (KCOPYD_TEST_EXTENT)
 * @job: from SUBMIT
 * @region: handed on as it is
 * @i: handed on as it is
 * @ret: out: what the call returned
 * @error: out
 */
struct kcopyd_test_extent {
	__u32 job;
	__u32 region;
	__u32 i;
	__s32 ret;
	struct kcopyd_test_error error;
};

/* Which call of the algorithm of xxh64 fails. */
enum kcopyd_test_hash_call {
	KCOPYD_TEST_HASH_WORKS = 0,
	KCOPYD_TEST_HASH_INIT = 1,
	KCOPYD_TEST_HASH_UPDATE = 2,
	KCOPYD_TEST_HASH_FINAL = 3,
};

/**
 * struct kcopyd_test_hash - what is to become of checksums
 * @fails: enum kcopyd_test_hash_call; until the next call of this, or until the
 *	caller closes
 * @after: so many of those calls work before
 */
struct kcopyd_test_hash {
	__u32 fails;
	__u32 after;
};

#define KCOPYD_TEST_STALE_SIZE 64

/**
 * struct kcopyd_test_stale - what memory held before it was somebody's
 * @slab: out: of kmalloc()
 * @page: out: of alloc_page()
 * @stack: out: of a variable
 */
struct kcopyd_test_stale {
	__u8 slab[KCOPYD_TEST_STALE_SIZE];
	__u8 page[KCOPYD_TEST_STALE_SIZE];
	__u8 stack[KCOPYD_TEST_STALE_SIZE];
};

#define KCOPYD_TEST_MAGIC 0xC8
/* The argument is the number of pages itself. */
#define KCOPYD_TEST_GET _IO(KCOPYD_TEST_MAGIC, 0)
#define KCOPYD_TEST_PUT _IO(KCOPYD_TEST_MAGIC, 1)
#define KCOPYD_TEST_IO _IOWR(KCOPYD_TEST_MAGIC, 2, struct kcopyd_test_io)
#define KCOPYD_TEST_CREATE \
	_IOWR(KCOPYD_TEST_MAGIC, 3, struct kcopyd_test_client)
#define KCOPYD_TEST_DESTROY \
	_IOWR(KCOPYD_TEST_MAGIC, 4, struct kcopyd_test_client)
#define KCOPYD_TEST_COPY _IOWR(KCOPYD_TEST_MAGIC, 5, struct kcopyd_test_copy)
#define KCOPYD_TEST_SUBMIT \
	_IOWR(KCOPYD_TEST_MAGIC, 6, struct kcopyd_test_submit)
#define KCOPYD_TEST_STARVE \
	_IOWR(KCOPYD_TEST_MAGIC, 7, struct kcopyd_test_starve)
/* @buffer and @length are given anew; the rest is out. -ENOENT: none left. */
#define KCOPYD_TEST_IO_FINISH _IOWR(KCOPYD_TEST_MAGIC, 8, struct kcopyd_test_io)
#define KCOPYD_TEST_RESULT \
	_IOWR(KCOPYD_TEST_MAGIC, 9, struct kcopyd_test_result)
#define KCOPYD_TEST_STEER _IOWR(KCOPYD_TEST_MAGIC, 10, struct kcopyd_test_steer)
#define KCOPYD_TEST_PROGRESS \
	_IOWR(KCOPYD_TEST_MAGIC, 11, struct kcopyd_test_progress)
#define KCOPYD_TEST_REGION \
	_IOWR(KCOPYD_TEST_MAGIC, 12, struct kcopyd_test_job_region)
#define KCOPYD_TEST_EXTENT \
	_IOWR(KCOPYD_TEST_MAGIC, 13, struct kcopyd_test_extent)
#define KCOPYD_TEST_STARVE_COPY \
	_IOWR(KCOPYD_TEST_MAGIC, 14, struct kcopyd_test_starve_copy)
#define KCOPYD_TEST_HASH _IOWR(KCOPYD_TEST_MAGIC, 15, struct kcopyd_test_hash)
/* Some memory that nobody will know any more. */
#define KCOPYD_TEST_LEAK _IO(KCOPYD_TEST_MAGIC, 16)
#define KCOPYD_TEST_STALE _IOR(KCOPYD_TEST_MAGIC, 17, struct kcopyd_test_stale)

#endif /* _KCOPYD_TEST_H */
