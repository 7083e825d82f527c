/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kcopyd: copy a region of a block device to one or more others,
 * asynchronously, from a client's own reserve of memory.
 *
 * The calls of the classic kcopyd document under their classic names, and an
 * extended form beside them. Exported by kcopyd.ko to GPL modules.
 */
#ifndef _KCOPYD_KCOPYD_H
#define _KCOPYD_KCOPYD_H

#include <linux/types.h>
#include <kcopyd/dm_io.h>

struct cgroup_subsys_state;
struct kcopyd_client;
struct kcopyd_job;

/* Destinations of kcopyd_copy(); kcopyd_submit() takes KCOPYD_MAX_DESTS. */
#define KCOPYD_CLASSIC_MAX_DESTS 32

/*
 * Flags of a job. Without SKIP_BAD a read error ends the job. Without
 * DETACH_FAILED and KEEP_FAILED, which exclude each other, so does a write
 * error.
 */
#define KCOPYD_IGNORE_ERROR 0x1U /* SKIP_BAD, KEEP_FAILED or DETACH_FAILED */
#define KCOPYD_WRITE_SEQ 0x2U /* ascending writes, without gaps */
#define KCOPYD_DETACH_FAILED 0x4U /* a failed destination leaves the job */
#define KCOPYD_FLUSH 0x8U /* flush the destinations before completion */
#define KCOPYD_SKIP_BAD 0x10U /* what can't be read is left as it is */
#define KCOPYD_ZERO_BAD 0x20U /* what can't be read becomes zeroes */
#define KCOPYD_KEEP_FAILED 0x40U /* a failed destination is written on */
#define KCOPYD_SPARSE 0x80U /* runs of zeroes become write-zeroes */
#define KCOPYD_VERIFY 0x100U /* read back and compare, after a flush */
#define KCOPYD_COMPARE 0x200U /* only compare, write nothing */
#define KCOPYD_RESET_ZONES 0x400U /* reset sequential zones that hold data */
#define KCOPYD_FAIL_FAST 0x800U /* drivers do not repeat reads that failed */

/**
 * kcopyd_client_create - make a client with a reserve of pages
 * @num_pages: pages of the reserve, at least 1
 * @result: where to put the client
 *
 * All copying of the client's jobs is done with this memory: with one page
 * they complete as surely as with a thousand, only slower. A job whose devices
 * have larger logical blocks is refused, and one that reads back or compares if
 * two blocks do not fit.
 *
 * A device that blocks (frozen, suspended, out of tags) holds up no job for
 * others that is under way; but while all of a client's jobs read one device
 * and write one other, a job for other devices that comes when one of these
 * blocks waits with them. Devices that must not wait for each other should have
 * clients of their own.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL, -ENOMEM.
 */
int kcopyd_client_create(unsigned int num_pages, struct kcopyd_client **result);

/**
 * kcopyd_client_destroy - wait for a client's jobs and free it
 * @kc: the client; nobody submits to it any more
 *
 * Waits until all jobs are done and their callbacks have returned.
 *
 * Context: process, sleeps; not from a notify function of the same client.
 */
void kcopyd_client_destroy(struct kcopyd_client *kc);

/**
 * typedef kcopyd_notify_fn - completion of kcopyd_copy()
 * @read_err: 1 if a read of the source failed, else 0
 * @write_err: bit i = destination i failed
 * @context: as given to the call
 *
 * Runs once, in process context, never two at once for one client. It may
 * sleep (which delays only other notifies), may submit, must not destroy the
 * client. When there is no memory, one job of as many destinations as the one
 * that ended can be submitted all the same; more may wait.
 *
 * Both errors 0 means that every destination is complete.
 */
typedef void (*kcopyd_notify_fn)(int read_err, unsigned int write_err,
				 void *context);

/**
 * kcopyd_copy - copy a region to one or more others
 * @kc: the client
 * @from: the source; its device stays open until @fn has run; NULL = zeroes
 * @num_dests: destinations, 1..KCOPYD_CLASSIC_MAX_DESTS
 * @dests: the destinations, of the same count of sectors as @from
 * @flags: KCOPYD_IGNORE_ERROR, KCOPYD_WRITE_SEQ, KCOPYD_DETACH_FAILED
 * @fn: called when done; it may run before this returns
 * @context: for @fn
 *
 * The regions are copied at submission and need not stay. Without
 * KCOPYD_IGNORE_ERROR or KCOPYD_DETACH_FAILED the first failure ends the job.
 * Sectors that could not be read are written to no destination. The devices'
 * caches are not flushed.
 *
 * Context: process, may sleep for memory but never for I/O of the caller.
 * Return: 0 and @fn runs; -EINVAL (counts differ, regions overlap or are not
 * aligned, flags, reserve smaller than a logical block, or than two to verify
 * or compare), -ENOMEM, and it does not.
 */
int kcopyd_copy(struct kcopyd_client *kc, struct io_region *from,
		unsigned int num_dests, struct io_region *dests,
		unsigned int flags, kcopyd_notify_fn fn, void *context);

#define KCOPYD_DIGEST_MAX 32

/**
 * struct kcopyd_result - how a job ended
 * @code: 0 all copied, -EIO something failed, -ECANCELED cancelled
 * @read_err: 1 if a read failed
 * @write_err: bit i = destination i failed, or differs
 * @complete: bit i = destination i was written (compared) from first to last
 *	sector, and read back if that was asked for
 * @ns: from submission to completion
 * @digest_len: bytes of @digest; 0 if none was asked for, not everything was
 *	read, or the algorithm failed
 * @digest: checksum of the source; bad sectors count as zeroes
 */
struct kcopyd_result {
	int code;
	int read_err;
	u64 write_err;
	u64 complete;
	u64 ns;
	unsigned int digest_len;
	u8 digest[KCOPYD_DIGEST_MAX];
};

/**
 * struct kcopyd_error - a located error
 * @first: sector, counted from the start of the region
 * @count: sectors
 * @region: 0 the source, 1..n the destinations
 * @kind: enum kcopyd_extent_kind of <uapi/kcopyd.h>
 * @error: -errno
 */
struct kcopyd_error {
	sector_t first;
	sector_t count;
	unsigned int region;
	unsigned int kind;
	int error;
};

/**
 * struct kcopyd_job_ops - what a submitter wants to be told
 * @done: once, at the end; process context, as kcopyd_notify_fn
 * @error: an error was located; optional; process context, must not sleep long
 *	since the client's I/O waits for it
 * @state: the job's state (enum kcopyd_state) changed; optional; as @error
 * @finish: all I/O is over, @done is next; optional; process context, may
 *	sleep; returns a bitset of destinations that failed after all
 * @digest: the checksum of @count sectors from @first on, in ascending order
 *	and without gaps, until the algorithm fails; optional; process context,
 *	may sleep, which holds up this job alone
 */
struct kcopyd_job_ops {
	void (*done)(struct kcopyd_job *job, const struct kcopyd_result *result,
		     void *context);
	void (*error)(struct kcopyd_job *job, const struct kcopyd_error *error,
		      void *context);
	void (*state)(struct kcopyd_job *job, unsigned int state,
		      void *context);
	u64 (*finish)(struct kcopyd_job *job, void *context);
	void (*digest)(struct kcopyd_job *job, sector_t first, sector_t count,
		       const u8 *digest, unsigned int len, void *context);
};

/**
 * struct kcopyd_limits - how fast a job may be
 * @rate: bytes a second of the copy, however many destinations; 0 = no limit
 * @percent: of the time in which I/O of the job may be in flight; 0 = 100
 * @depth: chunks in flight, up to KCOPYD_MAX_DEPTH; 0 = default
 */
struct kcopyd_limits {
	u64 rate;
	unsigned int percent;
	unsigned int depth;
};

#define KCOPYD_MAX_DEPTH 64U

/**
 * struct kcopyd_request - an extended copy
 * @from: the source; NULL = zeroes
 * @dests: the destinations
 * @num_dests: 1..KCOPYD_MAX_DESTS
 * @flags: KCOPYD_IGNORE_ERROR ...
 * @chunk: sectors a chunk at most, 0 = default; a multiple of the logical
 *	blocks
 * @limits: how fast; kcopyd_job_limit() changes them
 * @retry: enum kcopyd_retry: how a failed request is looked into
 * @retry_budget: blocks of a region in a row that may fail before the rest of
 *	a request is left untried, and as many requests in a row before the
 *	region is given up; 0 = KCOPYD_RETRY_BUDGET, KCOPYD_RETRY_UNLIMITED
 * @on_slow: enum kcopyd_on_slow: what becomes of a destination that holds up
 *	the others
 * @checksum: enum kcopyd_checksum
 * @ioprio: I/O priority (IOPRIO_PRIO_VALUE()), 0 = the submitter's
 * @ops: stays valid until the job's last reference is put
 * @context: for @ops
 *
 * The enums are those of <uapi/kcopyd.h>. I/O is charged to the submitter's
 * cgroup.
 */
struct kcopyd_request {
	const struct io_region *from;
	const struct io_region *dests;
	unsigned int num_dests;
	unsigned int flags;
	unsigned int chunk;
	struct kcopyd_limits limits;
	unsigned int retry;
	unsigned int retry_budget;
	unsigned int on_slow;
	unsigned int checksum;
	unsigned short ioprio;
	const struct kcopyd_job_ops *ops;
	void *context;
};

#define KCOPYD_RETRY_BUDGET 64U
#define KCOPYD_RETRY_UNLIMITED (~0U)

/**
 * kcopyd_submit - start an extended copy
 * @kc: the client
 * @request: what to do; need not stay
 * @job: where to put a handle with a reference for the caller, set before any
 *	callback can run; NULL = none wanted
 *
 * Context, return: as kcopyd_copy(); -ENOENT if the kernel does not have the
 * checksum.
 */
int kcopyd_submit(struct kcopyd_client *kc,
		  const struct kcopyd_request *request,
		  struct kcopyd_job **job);

/**
 * kcopyd_job_id - the number of a job, as tracepoints and maps show it
 * @job: the job
 *
 * Context: any.
 * Return: unique since the module was loaded, never 0.
 */
u64 kcopyd_job_id(const struct kcopyd_job *job);

/**
 * kcopyd_job_cancel - stop a job
 * @job: the job
 * @timeout: jiffies to wait until none of its I/O is in flight; 0 = don't
 *
 * No further chunk is started; what is in flight completes, then done() runs
 * with -ECANCELED (or with how it ended, when it was faster). What was not
 * copied is in the destinations' extents. A paused job is cancelled, too.
 *
 * Context: any with @timeout 0, else process, not in a callback of the same
 * client.
 * Return: 0 if no I/O of the job is in flight and none will be, -EINPROGRESS
 * if it is still draining.
 */
int kcopyd_job_cancel(struct kcopyd_job *job, unsigned long timeout);

/**
 * kcopyd_job_pause - start no more I/O for a job until it is resumed
 * @job: the job
 *
 * What is in flight completes; the state is KCOPYD_STATE_PAUSED when it has.
 * Pausing twice is pausing once.
 *
 * Context: any.
 */
void kcopyd_job_pause(struct kcopyd_job *job);

/**
 * kcopyd_job_resume - let a paused job go on
 * @job: the job
 *
 * Context: any.
 */
void kcopyd_job_resume(struct kcopyd_job *job);

/**
 * kcopyd_job_limit - change how fast a job may be
 * @job: the job, which may be running
 * @limits: all of them
 *
 * Context: any.
 * Return: 0, -EINVAL.
 */
int kcopyd_job_limit(struct kcopyd_job *job,
		     const struct kcopyd_limits *limits);

/**
 * struct kcopyd_progress - where a job is
 * @state: enum kcopyd_state
 * @read_err: 1 if a read failed
 * @write_err: bit i = destination i failed
 * @live: bit i = destination i has not left the job
 * @uncoupled: bit i = destination i goes at a pace of its own
 * @limits: as they are
 */
struct kcopyd_progress {
	unsigned int state;
	int read_err;
	u64 write_err;
	u64 live;
	u64 uncoupled;
	struct kcopyd_limits limits;
};

/**
 * struct kcopyd_region_progress - where a region of a job is
 * @bytes: read or written (compared) without error
 * @settled: bytes from its start up to which everything is either written or
 *	in an extent; from 0 again while it is read back
 * @errors: requests that failed
 * @error: first -errno of a located error, 0 if there is none
 * @nr_extents: located errors
 * @coarse: some of them cover good sectors, since there were too many
 * @differs: from the source, in a comparison
 */
struct kcopyd_region_progress {
	u64 bytes;
	u64 settled;
	unsigned int errors;
	int error;
	unsigned int nr_extents;
	bool coarse;
	bool differs;
};

/**
 * kcopyd_job_progress - where is a job
 * @job: the job
 * @progress: to be filled
 *
 * The values are the latest, though not all of the same moment.
 *
 * Context: any.
 */
void kcopyd_job_progress(const struct kcopyd_job *job,
			 struct kcopyd_progress *progress);

/**
 * kcopyd_job_region - where is a region of a job
 * @job: the job
 * @region: 0 the source, 1..n the destinations
 * @progress: to be filled
 *
 * Context: process.
 * Return: 0, -EINVAL when there is no such region.
 */
int kcopyd_job_region(struct kcopyd_job *job, unsigned int region,
		      struct kcopyd_region_progress *progress);

/**
 * kcopyd_job_extent - a located error of a job
 * @job: the job
 * @region: 0 the source, 1..n the destinations
 * @i: number of the extent, ascending by sector
 * @error: to be filled
 *
 * Extents are merged and may change their numbers while the job runs.
 *
 * Context: process.
 * Return: 0, -ENOENT behind the last.
 */
int kcopyd_job_extent(struct kcopyd_job *job, unsigned int region,
		      unsigned int i, struct kcopyd_error *error);

/**
 * kcopyd_job_put - drop a handle
 * @job: from kcopyd_submit(); not used afterwards
 *
 * Context: process.
 */
void kcopyd_job_put(struct kcopyd_job *job);

#endif /* _KCOPYD_KCOPYD_H */
