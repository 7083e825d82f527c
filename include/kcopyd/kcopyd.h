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

/* Flags of a job. */
#define KCOPYD_IGNORE_ERROR 0x1U /* go on after errors, still report them */
#define KCOPYD_WRITE_SEQ 0x2U /* ascending writes; not with IGNORE_ERROR */
#define KCOPYD_DETACH_FAILED 0x4U /* a failed destination leaves the job */
#define KCOPYD_FLUSH 0x8U /* flush the destinations before completion */

/**
 * kcopyd_client_create - make a client with a reserve of pages
 * @num_pages: pages of the reserve, at least 1
 * @result: where to put the client
 *
 * All copying of the client's jobs is done with this memory: with one page
 * they complete as surely as with a thousand, only slower.
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
 * client. Both errors 0 means that every destination is complete.
 */
typedef void (*kcopyd_notify_fn)(int read_err, unsigned int write_err,
				 void *context);

/**
 * kcopyd_copy - copy a region to one or more others
 * @kc: the client
 * @from: the source; its device stays open until @fn has run
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
 * aligned, flags, reserve smaller than a logical block), -ENOMEM, and it does
 * not.
 */
int kcopyd_copy(struct kcopyd_client *kc, struct io_region *from,
		unsigned int num_dests, struct io_region *dests,
		unsigned int flags, kcopyd_notify_fn fn, void *context);

/**
 * struct kcopyd_result - how a job ended
 * @code: 0 all copied, -EIO something failed, -ECANCELED cancelled
 * @read_err: 1 if a read failed
 * @write_err: bit i = destination i failed
 * @complete: bit i = destination i was written from first to last sector
 * @ns: from submission to completion
 */
struct kcopyd_result {
	int code;
	int read_err;
	u64 write_err;
	u64 complete;
	u64 ns;
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
 */
struct kcopyd_job_ops {
	void (*done)(struct kcopyd_job *job, const struct kcopyd_result *result,
		     void *context);
	void (*error)(struct kcopyd_job *job, const struct kcopyd_error *error,
		      void *context);
	void (*state)(struct kcopyd_job *job, unsigned int state,
		      void *context);
	u64 (*finish)(struct kcopyd_job *job, void *context);
};

/**
 * struct kcopyd_request - an extended copy
 * @from: the source
 * @dests: the destinations
 * @num_dests: 1..KCOPYD_MAX_DESTS
 * @flags: KCOPYD_IGNORE_ERROR, _WRITE_SEQ, _DETACH_FAILED, _FLUSH
 * @chunk: sectors a chunk, 0 = default; a multiple of the logical blocks
 * @depth: chunks in flight, 0 = default
 * @ops: stays valid until the job's last reference is put
 * @context: for @ops
 *
 * I/O is charged to the submitter's cgroup and has its I/O priority.
 */
struct kcopyd_request {
	const struct io_region *from;
	const struct io_region *dests;
	unsigned int num_dests;
	unsigned int flags;
	unsigned int chunk;
	unsigned int depth;
	const struct kcopyd_job_ops *ops;
	void *context;
};

/**
 * kcopyd_submit - start an extended copy
 * @kc: the client
 * @request: what to do; need not stay
 * @job: where to put a handle with a reference for the caller, set before any
 *	callback can run; NULL = none wanted
 *
 * Context, return: as kcopyd_copy().
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
 * kcopyd_job_cancel - ask a job to stop
 * @job: the job
 *
 * No further chunk is started; what is in flight completes, then done() runs
 * with -ECANCELED (or with how it ended, when it was faster).
 *
 * Context: any.
 */
void kcopyd_job_cancel(struct kcopyd_job *job);

/**
 * kcopyd_job_put - drop a handle
 * @job: from kcopyd_submit(); not used afterwards
 *
 * Context: process.
 */
void kcopyd_job_put(struct kcopyd_job *job);

#endif /* _KCOPYD_KCOPYD_H */
