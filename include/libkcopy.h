/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkcopy: the user side of kcopyd.ko.
 *
 *  - the service: copies between block devices, through /dev/kcopyd
 *  - the observer: BPF statistics of every copy, in pinned maps
 *  - traces: events of copies as they happen, for one reader
 *  - the module: finding, loading and unloading kcopyd.ko
 *  - devices: what a block device is, who uses it, opening it safely
 *  - sizes and times, to and from text
 *
 * Conventions. Calls that can fail return 0 or -errno. Offsets, lengths and
 * sizes are in bytes, times in nanoseconds, unless a name says otherwise.
 * Nothing is printed. A handle may be used by one thread at a time; different
 * handles are independent. What a call allocates for the caller is freed with
 * free(), unless a call of its own is named. Descriptors are close-on-exec.
 */
#ifndef _LIBKCOPY_H
#define _LIBKCOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unions of the module's records have members without a type of their own. */
#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnested-anon-types"
#endif
#include <uapi/kcopyd.h>
#include <kcopyd/stats.h>
#include <kcopyd/trace_event.h>
#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic pop
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct kcopy_explanation - why a call failed, in words
 * @text: one sentence or two, without a line break: what was tried, what came
 *	of it, what to do; empty after success
 */
struct kcopy_explanation {
	char text[1024];
};

/* ---- the service -------------------------------------------------------- */

struct kcopy;

/**
 * kcopy_open - open /dev/kcopyd
 * @kcopy: where to put the handle
 *
 * Return: 0; -ENOENT or -ENXIO when the module is not loaded, -EACCES without
 * the right to use it, -EPROTO when the module speaks another ABI, -ENOMEM.
 */
int kcopy_open(struct kcopy **kcopy);

/**
 * kcopy_close - close a handle
 * @kcopy: from kcopy_open(), or NULL
 *
 * Cancels its unfinished jobs, unless submitted with KCOPYD_SUBMIT_DETACH,
 * and waits for their I/O, at most 30 s; when the process exits without it, at
 * most 2 s.
 */
void kcopy_close(struct kcopy *kcopy);

/**
 * kcopy_fd - the descriptor, for poll(): readable when there is an event
 * @kcopy: a handle, which goes on owning the descriptor
 *
 * Return: the descriptor.
 */
int kcopy_fd(const struct kcopy *kcopy);

/**
 * kcopy_info - what the module is, and its limits
 * @kcopy: a handle
 * @info: where to put it; @size is filled in by the call
 *
 * Return: 0 or -errno.
 */
int kcopy_info(struct kcopy *kcopy, struct kcopyd_info *info);

/**
 * struct kcopy_target - a device and where on it
 * @fd: an open block device; need not stay open after kcopy_submit()
 * @offset: first byte, a multiple of the device's logical block
 */
struct kcopy_target {
	int fd;
	uint64_t offset;
};

/**
 * struct kcopy_limits - how fast a job may be
 * @rate: bytes a second of the copy, however many destinations; 0 = no limit
 * @percent: of the time in which I/O of the job may be in flight; 0 = 100
 * @depth: chunks in flight, 0 = default
 */
struct kcopy_limits {
	uint64_t rate;
	unsigned int percent;
	unsigned int depth;
};

/**
 * struct kcopy_request - a copy; what is left zero has its default
 * @source: opened for reading; fd -1 and offset 0: no source, zeroes
 * @dests: array of @nr_dests, each opened for writing with O_EXCL, and for
 *	reading with KCOPYD_SUBMIT_VERIFY; with KCOPYD_SUBMIT_COMPARE for
 *	reading only
 * @nr_dests: 1..KCOPYD_MAX_DESTS
 * @flags: KCOPYD_SUBMIT_*
 * @length: bytes, a multiple of every device's logical block
 * @limits: how fast; kcopy_limit() changes them
 * @chunk: bytes a chunk, 0 = default
 * @retry: enum kcopyd_retry: how a failed request is looked into
 * @retry_budget: blocks of a region in a row that may fail before the rest is
 *	left untried, 0 = default, UINT32_MAX = no end
 * @on_slow: enum kcopyd_on_slow: what becomes of a destination that holds up
 *	the others
 * @checksum: enum kcopyd_checksum: of the source; comes back in the status, and
 *	of each part in KCOPYD_EVENT_DIGEST, which have to be read
 * @ioprio: I/O priority as ioprio_set(2) takes it, 0 = the caller's
 * @memory: bytes of reserve, 0 = default; the handle's first job decides
 * @cookie: comes back in events and status
 */
struct kcopy_request {
	struct kcopy_target source;
	const struct kcopy_target *dests;
	unsigned int nr_dests;
	unsigned int flags;
	uint64_t length;
	struct kcopy_limits limits;
	unsigned int chunk;
	unsigned int retry;
	unsigned int retry_budget;
	unsigned int on_slow;
	unsigned int checksum;
	unsigned int ioprio;
	uint64_t memory;
	uint64_t cookie;
};

/**
 * struct kcopy_refusal - why the module did not take a request
 * @reason: enum kcopyd_reason; KCOPYD_REASON_NONE when it did not say
 * @region: 0 the source, 1..n the destinations, or KCOPYD_REGION_NONE
 */
struct kcopy_refusal {
	unsigned int reason;
	unsigned int region;
};

/**
 * kcopy_submit - start a copy
 * @kcopy: a handle
 * @request: what to do; need not stay
 * @job: where to put the job's number
 * @refusal: where to put why it was refused; may be NULL
 *
 * Writes out the page cache of all ranges first, so it may take a while. With
 * a checksum the job waits while its digests are not read.
 *
 * Return: 0 or -errno, see KCOPYD_IOC_SUBMIT; -EINTR after a signal.
 */
int kcopy_submit(struct kcopy *kcopy, const struct kcopy_request *request,
		 uint64_t *job, struct kcopy_refusal *refusal);

/**
 * kcopy_cancel - stop a job
 * @kcopy: a handle
 * @job: which
 * @timeout_ms: how long to wait for its I/O in flight, milliseconds
 *
 * Return: 0 when it has ended, -EINPROGRESS when it is still draining,
 * -ENOENT, -EINTR.
 */
int kcopy_cancel(struct kcopy *kcopy, uint64_t job, unsigned int timeout_ms);

/**
 * kcopy_pause - let a job start no more I/O until it is resumed
 * @kcopy: a handle; any that belongs to the same user will do
 * @job: which
 *
 * What is in flight completes; then its state is KCOPYD_STATE_PAUSED. Pausing
 * twice is pausing once.
 *
 * Return: 0, also when it has ended; -ENOENT.
 */
int kcopy_pause(struct kcopy *kcopy, uint64_t job);

/**
 * kcopy_resume - let a paused job go on
 * @kcopy: as kcopy_pause()
 * @job: which
 *
 * Return: 0, also when it was not paused or has ended; -ENOENT.
 */
int kcopy_resume(struct kcopy *kcopy, uint64_t job);

/**
 * kcopy_limit - change how fast a job may be
 * @kcopy: as kcopy_pause()
 * @job: which
 * @limits: all of them are set anew, as in struct kcopy_request
 *
 * Return: 0, also when it has ended; -ENOENT, -EINVAL.
 */
int kcopy_limit(struct kcopy *kcopy, uint64_t job,
		const struct kcopy_limits *limits);

/**
 * kcopy_status - ask about a job
 * @kcopy: a handle; any that belongs to the same user will do
 * @job: which
 * @status: where to put the answer
 * @regions: where to put the regions' state, or NULL
 * @nr_regions: room in @regions; KCOPYD_MAX_REGIONS is always enough.
 *	@status->nr_regions tells how many the job has
 *
 * Return: 0, -ENOENT.
 */
int kcopy_status(struct kcopy *kcopy, uint64_t job,
		 struct kcopyd_status *status,
		 struct kcopyd_region_status *regions, unsigned int nr_regions);

/**
 * kcopy_next_job - walk the jobs that may be seen, oldest first
 * @kcopy: a handle
 * @from: the lowest number of interest: 0, then the last one's number + 1
 * @status: as kcopy_status(); @status->job is the number
 * @regions: as kcopy_status()
 * @nr_regions: as kcopy_status()
 *
 * Return: 0, -ENOENT when there are no more.
 */
int kcopy_next_job(struct kcopy *kcopy, uint64_t from,
		   struct kcopyd_status *status,
		   struct kcopyd_region_status *regions,
		   unsigned int nr_regions);

/**
 * kcopy_extents - where a job failed
 * @kcopy: a handle
 * @job: which
 * @extents: where to put an array, sorted by region and offset; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOENT, -ENOMEM.
 */
int kcopy_extents(struct kcopy *kcopy, uint64_t job,
		  struct kcopyd_extent **extents, size_t *nr);

/**
 * kcopy_next_event - wait for an event of the handle's jobs
 * @kcopy: a handle
 * @event: where to put it
 * @timeout_ms: milliseconds, 0 = do not wait, -1 = for ever
 *
 * Return: 1 with an event, 0 after the time, -EINTR after a signal, -errno.
 */
int kcopy_next_event(struct kcopy *kcopy, struct kcopyd_event *event,
		     int timeout_ms);

/**
 * kcopy_wait - wait until a job has ended
 * @kcopy: a handle; any that belongs to the same user will do
 * @job: which
 * @timeout_ms: milliseconds, 0 = only look, -1 = for ever
 * @status: where to put how it ended, or where it is
 * @regions: as kcopy_status()
 * @nr_regions: as kcopy_status()
 *
 * Then the devices are nobody's again. The events of all jobs of the handle are
 * taken meanwhile, digests, too: who wants them calls kcopy_next_event(). With
 * a short time, in a loop, it makes a progress display.
 *
 * Return: 1 when it has ended, however; 0 after the time, -EINTR after a
 * signal, -ENOENT when there is no such job, -errno. All but -errno other than
 * -EINTR fill @status and @regions.
 */
int kcopy_wait(struct kcopy *kcopy, uint64_t job, int timeout_ms,
	       struct kcopyd_status *status,
	       struct kcopyd_region_status *regions, unsigned int nr_regions);

/**
 * kcopy_region_progress - how far a region is
 * @status: of the job
 * @region: one of its regions
 *
 * What could not be copied does not count, so that it ends at the job's length
 * only if everything was. When all of it is read back and compared, which comes
 * after the copy, it begins at 0 again.
 *
 * Return: bytes.
 */
uint64_t kcopy_region_progress(const struct kcopyd_status *status,
			       const struct kcopyd_region_status *region);

/**
 * kcopy_progress - how far a job is
 * @status: of the job
 * @regions: all of them, @status->nr_regions
 *
 * Return: bytes, as kcopy_region_progress(), of the slowest destination that
 * has not left the job; of the source when all have.
 */
uint64_t kcopy_progress(const struct kcopyd_status *status,
			const struct kcopyd_region_status *regions);

/**
 * kcopy_reason_string - a reason in words
 * @reason: enum kcopyd_reason
 *
 * Return: half a sentence that fits behind a device's name; never NULL.
 */
const char *kcopy_reason_string(unsigned int reason);

/**
 * kcopy_reason_name - a reason as a stable word for programs
 * @reason: enum kcopyd_reason
 *
 * Return: for example "too_small"; "unknown" for one of a newer module.
 */
const char *kcopy_reason_name(unsigned int reason);

/**
 * kcopy_state_string - a job's state as a word
 * @state: enum kcopyd_state
 *
 * Return: for example "running"; "unknown" for one of a newer module.
 */
const char *kcopy_state_string(unsigned int state);

/**
 * kcopy_kind_string - the kind of an extent as a word
 * @kind: enum kcopyd_extent_kind
 *
 * Return: "bad", "untried", "differs"; "unknown" for one of a newer module.
 */
const char *kcopy_kind_string(unsigned int kind);

/**
 * kcopy_retry_string - how failed requests are looked into, as a word
 * @retry: enum kcopyd_retry
 *
 * Return: "none", "edges", "bisect"; "unknown" for one of a newer module.
 */
const char *kcopy_retry_string(unsigned int retry);

/**
 * kcopy_on_slow_string - what becomes of slow destinations, as a word
 * @on_slow: enum kcopyd_on_slow
 *
 * Return: "uncouple", "wait", "drop"; "unknown" for one of a newer module.
 */
const char *kcopy_on_slow_string(unsigned int on_slow);

/**
 * kcopy_checksum_string - a checksum's algorithm as a word
 * @checksum: enum kcopyd_checksum
 *
 * Return: "none", "crc32c", "xxh64", "sha256"; "unknown" for one of a newer
 * module.
 */
const char *kcopy_checksum_string(unsigned int checksum);

/* ---- the observer ------------------------------------------------------- */

enum kcopy_observer_state {
	KCOPY_OBSERVER_ABSENT, /* nothing pinned */
	KCOPY_OBSERVER_ATTACHED, /* every map and link is pinned */
	KCOPY_OBSERVER_STALE, /* some are: an interrupted load or unload */
};

/**
 * kcopy_observer_state - are the statistics attached?
 * @state: where to put the answer
 *
 * Return: 0; -EACCES without the right to look, -errno.
 */
int kcopy_observer_state(enum kcopy_observer_state *state);

/**
 * kcopy_observer_load - load the BPF programs, attach and pin them
 * @why: where to put an explanation; may be NULL
 *
 * The module must be loaded. Maps and links are pinned in KCOPYD_PIN_DIR and
 * stay when the caller ends; the links keep the module from being unloaded.
 * Stale pins are replaced. All or nothing.
 *
 * Return: 0; -EALREADY when attached; -ENOENT when the module is not loaded,
 * -EPERM, -ENOTDIR when there is no BPF file system, -errno.
 */
int kcopy_observer_load(struct kcopy_explanation *why);

/**
 * kcopy_observer_unload - detach, and remove every pin and their folder
 *
 * The statistics are lost. The kernel lets go of the module a moment later.
 *
 * Return: 0, also when nothing was there; -errno.
 */
int kcopy_observer_unload(void);

struct kcopy_observer;

/**
 * kcopy_observer_open - open the pinned maps
 * @observer: where to put the handle
 *
 * Return: 0; -ENOENT when they are not loaded, -EACCES or -EPERM, -EPROTO when
 * they are of another version, -ENOMEM.
 */
int kcopy_observer_open(struct kcopy_observer **observer);

/**
 * kcopy_observer_close - close a handle
 * @observer: from kcopy_observer_open(), or NULL
 */
void kcopy_observer_close(struct kcopy_observer *observer);

/**
 * struct kcopy_job_row - a row of the map of jobs
 * @job: number
 * @stats: the record
 */
struct kcopy_job_row {
	uint64_t job;
	struct kcopyd_job_stats stats;
};

/**
 * kcopy_observer_jobs - read the rows of all jobs
 * @observer: a handle
 * @rows: where to put an array, sorted by number; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOMEM, -errno.
 */
int kcopy_observer_jobs(struct kcopy_observer *observer,
			struct kcopy_job_row **rows, size_t *nr);

/**
 * kcopy_observer_job - read the row of one job
 * @observer: a handle
 * @job: which
 * @stats: where to put the record
 *
 * Return: 0, -ENOENT, -errno.
 */
int kcopy_observer_job(struct kcopy_observer *observer, uint64_t job,
		       struct kcopyd_job_stats *stats);

/**
 * kcopy_observer_region - read the row of one region
 * @observer: a handle
 * @job: which job
 * @region: 0 the source, 1..n the destinations
 * @stats: where to put the record
 *
 * Return: 0, -ENOENT, -errno.
 */
int kcopy_observer_region(struct kcopy_observer *observer, uint64_t job,
			  unsigned int region,
			  struct kcopyd_region_stats *stats);

/**
 * kcopy_observer_counters - read the losses and other totals
 * @observer: a handle
 * @counters: where to put them, by enum kcopyd_counter
 *
 * Return: 0, -errno.
 */
int kcopy_observer_counters(struct kcopy_observer *observer,
			    uint64_t counters[KCOPYD_COUNTERS]);

/**
 * struct kcopy_device_row - a row of the map of devices
 * @key: device and operation
 * @stats: the record
 */
struct kcopy_device_row {
	struct kcopyd_device_key key;
	struct kcopyd_device_stats stats;
};

/**
 * kcopy_observer_devices - read the rows of all devices
 * @observer: a handle
 * @rows: where to put an array, sorted by device and operation; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOMEM, -errno.
 */
int kcopy_observer_devices(struct kcopy_observer *observer,
			   struct kcopy_device_row **rows, size_t *nr);

/**
 * struct kcopy_client_row - a row of the map of clients
 * @client: number
 * @stats: the record
 */
struct kcopy_client_row {
	uint64_t client;
	struct kcopyd_client_stats stats;
};

/**
 * kcopy_observer_clients - read the rows of all clients
 * @observer: a handle
 * @rows: where to put an array, sorted by number; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOMEM, -errno.
 */
int kcopy_observer_clients(struct kcopy_observer *observer,
			   struct kcopy_client_row **rows, size_t *nr);

/**
 * struct kcopy_heat - what happened where on a device
 * @major: of the device
 * @minor: of the device
 * @device_sectors: its size
 * @bucket_sectors: of a bucket; the last one may be shorter
 * @nr_buckets: at most KCOPYD_HEAT_BUCKETS
 * @buckets: from the start of the device; zeroes where nothing happened
 */
struct kcopy_heat {
	uint32_t major;
	uint32_t minor;
	uint64_t device_sectors;
	uint64_t bucket_sectors;
	size_t nr_buckets;
	struct kcopyd_heat_cell buckets[KCOPYD_HEAT_BUCKETS];
};

/**
 * kcopy_observer_heat - read the heat of all devices
 * @observer: a handle
 * @heat: where to put an array, sorted by device; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOMEM, -errno.
 */
int kcopy_observer_heat(struct kcopy_observer *observer,
			struct kcopy_heat **heat, size_t *nr);

/**
 * kcopy_observer_misses - how many events were lost to re-entry
 * @misses: where to put it
 *
 * A direct dm-io call can complete in an interrupt of the very program that is
 * counting another one's completion; the kernel then leaves it out. Nothing of
 * a copy job is ever lost in this way.
 *
 * Return: 0, -ENOENT when nothing is pinned, -errno.
 */
int kcopy_observer_misses(uint64_t *misses);

/**
 * kcopy_percentile - a percentile of the latencies in a record
 * @lat: the latencies
 * @per_mille: 500 is the median, 990 the 99th percentile
 *
 * Interpolated within a slot of the histogram, and never outside of what was
 * measured: the error is below the width of the slot.
 *
 * Return: nanoseconds; 0 when nothing was measured.
 */
uint64_t kcopy_percentile(const struct kcopyd_latency *lat,
			  unsigned int per_mille);

/* ---- traces ------------------------------------------------------------- */

struct kcopy_trace;

#define KCOPY_TRACE_BUFFER (1024UL * 1024)

/**
 * struct kcopy_trace_filter - which events are wanted; all zero: the default
 * @types: bit t = those of enum kcopyd_trace_type t; 0: all but IO_SUBMIT
 * @by_job: only those of @job
 * @job: which; 0: direct dm-io calls
 * @by_device: only requests and regions of a device
 * @major: of this device
 * @minor: of this device
 * @errors: only requests and jobs that failed
 * @min_latency_ns: only finished requests that took at least so long at their
 *	device; 0: no matter
 * @buffer: bytes of the ring buffer, rounded up to what the kernel takes; 0:
 *	KCOPY_TRACE_BUFFER
 *
 * An event must fit all of it. Those that can't, as the state of a job when
 * only a device is wanted, cost nothing: their tracepoints are left alone.
 */
struct kcopy_trace_filter {
	uint32_t types;
	bool by_job;
	uint64_t job;
	bool by_device;
	unsigned int major;
	unsigned int minor;
	bool errors;
	uint64_t min_latency_ns;
	size_t buffer;
};

/**
 * kcopy_trace_types - the types that a filter lets through
 * @filter: the filter
 *
 * Return: bits of enum kcopyd_trace_type; 0: it would show nothing.
 */
uint32_t kcopy_trace_types(const struct kcopy_trace_filter *filter);

/**
 * kcopy_trace_open - listen to events
 * @filter: which, or NULL for the default
 * @trace: where to put the handle
 * @why: where to put an explanation; may be NULL
 *
 * The module must be loaded; the observer need not be. It stays loaded as long
 * as the trace is open. Nothing is pinned: all of it is gone with the process.
 *
 * Return: 0; -ENOENT when the module is not loaded, -EINVAL when the filter
 * lets nothing through, -EPERM or -EACCES, -ENOMEM, -errno.
 */
int kcopy_trace_open(const struct kcopy_trace_filter *filter,
		     struct kcopy_trace **trace, struct kcopy_explanation *why);

/**
 * kcopy_trace_fd - the descriptor to poll
 * @trace: a handle
 *
 * Return: a descriptor that is readable when there are events; not the caller's
 * to close.
 */
int kcopy_trace_fd(const struct kcopy_trace *trace);

/**
 * typedef kcopy_trace_fn - takes an event
 * @event: the event, for as long as the call lasts
 * @context: the caller's
 *
 * Return: 0 to go on; anything negative ends the reading behind this event.
 */
typedef int (*kcopy_trace_fn)(const struct kcopyd_trace_event *event,
			      void *context);

/**
 * kcopy_trace_read - take the events that are there
 * @trace: a handle
 * @fn: is called for each of them, in the order in which they happened on a
 *	processor; times of different ones may be out of order by a little
 * @context: for @fn
 *
 * Does not wait. While events come as fast as @fn takes them this goes on.
 *
 * Return: how many there were; what @fn returned if that was negative.
 */
int kcopy_trace_read(struct kcopy_trace *trace, kcopy_trace_fn fn,
		     void *context);

/**
 * kcopy_trace_lost - how many events were lost until now
 * @trace: a handle
 * @lost: where to put it
 *
 * Lost are events for which the buffer had no room, and those of a direct dm-io
 * call that completes in an interrupt of the very program that is telling of
 * another one. Of the latter the kernel does not say whether they were wanted.
 *
 * Return: 0, -errno.
 */
int kcopy_trace_lost(struct kcopy_trace *trace, uint64_t *lost);

/**
 * kcopy_trace_stop - listen to no more events
 * @trace: a handle
 *
 * Those that came before can still be read.
 */
void kcopy_trace_stop(struct kcopy_trace *trace);

/**
 * kcopy_trace_close - stop, and free the handle
 * @trace: from kcopy_trace_open(), or NULL
 */
void kcopy_trace_close(struct kcopy_trace *trace);

/**
 * kcopy_trace_type_string - a type of event as a word
 * @type: enum kcopyd_trace_type
 *
 * Return: the tracepoint without its "kcopyd_", for example "io_done";
 * "unknown" for another one.
 */
const char *kcopy_trace_type_string(unsigned int type);

/**
 * kcopy_op_string - an operation as a word
 * @op: enum kcopyd_op
 *
 * Return: for example "read"; "unknown" for one of a newer module.
 */
const char *kcopy_op_string(unsigned int op);

/* ---- the module --------------------------------------------------------- */

/**
 * struct kcopy_module - the loaded module
 * @loaded: whether it is; the rest is empty or 0 otherwise
 * @version: its version
 * @srcversion: checksum of its sources
 * @users: references from jobs, descriptors, BPF links and other modules
 * @holders: names of the modules that use it, separated by a space
 */
struct kcopy_module {
	bool loaded;
	char version[64];
	char srcversion[64];
	int users;
	char holders[256];
};

/**
 * kcopy_module_info - ask about the loaded module
 * @module: where to put the answer
 *
 * Return: 0, -errno.
 */
int kcopy_module_info(struct kcopy_module *module);

/**
 * kcopy_module_find - find the module file that load would take
 * @wanted: a file to take and no other, or NULL: then $KCOPYD_MODULE, the
 *	build folders beside the executable, and the kernel's own module folder
 *	are searched, in this order, for one built for the running kernel
 * @path: where to put the file; free() it
 * @why: where to put an explanation; may be NULL
 *
 * Return: 0; -ENOENT when there is none, -ENOEXEC when it is for another
 * kernel, -errno.
 */
int kcopy_module_find(const char *wanted, char **path,
		      struct kcopy_explanation *why);

/**
 * kcopy_module_signer - who signed a module file
 * @path: of the file, as kcopy_module_find() tells it
 * @signer: where to put the name, "" if there is none
 * @size: room
 *
 * Whether the kernel knows the key is not looked at.
 *
 * Return: 1 when it is signed, 0 when not, -errno.
 */
int kcopy_module_signer(const char *path, char *signer, size_t size);

/**
 * kcopy_module_load - load the module
 * @wanted: as kcopy_module_find()
 * @why: where to put an explanation; may be NULL
 *
 * Return: 0; -EALREADY when it is loaded; as kcopy_module_find(); -EPERM,
 * -EKEYREJECTED when only signed modules are taken, -errno.
 */
int kcopy_module_load(const char *wanted, struct kcopy_explanation *why);

/**
 * kcopy_module_unload - unload the module, patiently
 * @timeout_ms: how long to try while it is in use, milliseconds
 * @why: where to put an explanation; may be NULL
 *
 * Return: 0; -ENOENT when it is not loaded, -EBUSY when it stayed in use,
 * -EPERM, -errno.
 */
int kcopy_module_unload(unsigned int timeout_ms, struct kcopy_explanation *why);

/* ---- devices ------------------------------------------------------------ */

/**
 * struct kcopy_device - a block device
 * @path: as given; of an image, that of the file
 * @node: the kernel's node, as /dev/sdb1
 * @by_id: its link in /dev/disk/by-id, or ""
 * @model: or ""
 * @serial: or ""
 * @major: number
 * @minor: number
 * @disk_major: number of the whole disk, its own when it is no partition
 * @disk_minor: number
 * @start: where it begins on the whole disk, bytes
 * @size: bytes
 * @logical_block: bytes
 * @read_only: whether the kernel refuses to write
 * @partition: whether it is one
 * @zoned: whether its zones, or some, can only be written in order
 * @image: whether it is a loop device that kcopy_device_attach() made
 * @loop: of an image: the descriptor that keeps the loop device; else -1
 */
struct kcopy_device {
	char *path;
	char *node;
	char *by_id;
	char *model;
	char *serial;
	unsigned int major;
	unsigned int minor;
	unsigned int disk_major;
	unsigned int disk_minor;
	uint64_t start;
	uint64_t size;
	uint32_t logical_block;
	bool read_only;
	bool partition;
	bool zoned;
	bool image;
	int loop;
};

/**
 * kcopy_device_probe - find out what a block device is, without opening it
 * @path: its path
 * @device: where to put the answer; kcopy_device_free() it
 *
 * Return: 0; -ENOTBLK when it is no block device, -ENXIO when the kernel has
 * no such device, -ENOENT, -EACCES, -ENOMEM.
 */
int kcopy_device_probe(const char *path, struct kcopy_device **device);

/**
 * kcopy_device_attach - make a block device of a regular file
 * @fd: of the file, open for what is to be done with it; need not stay
 * @path: of the file, for the eyes of a person
 * @block: logical block, 512, or 0 = that of the device behind the file
 * @read_only: it is only to be read
 * @device: where to put the device; kcopy_device_free() it
 *
 * A loop device of its own, with direct I/O where the file system has it. It
 * goes, whatever happens, when nobody has it open any more: not before a job
 * on it has ended. A tail of the file that is shorter than 512 bytes is no part
 * of it. With a block smaller than that of the device behind the file the page
 * cache is used.
 *
 * Return: 0; -EINVAL when it is no regular file, -ENXIO when the kernel has no
 * loop devices, -EACCES, -EPERM, -ENOMEM, -errno.
 */
int kcopy_device_attach(int fd, const char *path, unsigned int block,
			bool read_only, struct kcopy_device **device);

/**
 * kcopy_device_free - free an answer
 * @device: from kcopy_device_probe() or _attach(), or NULL
 */
void kcopy_device_free(struct kcopy_device *device);

/**
 * kcopy_device_describe - a device for the eyes of a person
 * @device: which
 * @buf: where to put it: path, and in brackets the link, model and serial
 *	number as far as known
 * @size: room
 *
 * Return: @buf.
 */
char *kcopy_device_describe(const struct kcopy_device *device, char *buf,
			    size_t size);

/**
 * kcopy_device_node - the node of a device number
 * @major: number
 * @minor: number
 * @buf: where to put it: "/dev/sdb", or "8:16" when the device has gone
 * @size: room
 *
 * Return: @buf.
 */
char *kcopy_device_node(unsigned int major, unsigned int minor, char *buf,
			size_t size);

/**
 * kcopy_device_file - the file behind a loop device
 * @major: number
 * @minor: number
 * @buf: where to put its path, as the kernel knows it
 * @size: room
 *
 * Return: @buf, or NULL when it is no loop device, or none any more.
 */
char *kcopy_device_file(unsigned int major, unsigned int minor, char *buf,
			size_t size);

/**
 * kcopy_device_behind - the block device behind a loop device
 * @major: number
 * @minor: number
 * @behind_major: where to put its number
 * @behind_minor: likewise
 *
 * Return: 1; 0 when it is no loop device, or is over a file; -errno.
 */
int kcopy_device_behind(unsigned int major, unsigned int minor,
			unsigned int *behind_major, unsigned int *behind_minor);

/**
 * kcopy_device_open_source - open a device to read from
 * @device: which
 *
 * Return: a descriptor, -errno; -ESTALE when the path leads elsewhere by now.
 */
int kcopy_device_open_source(const struct kcopy_device *device);

/**
 * kcopy_device_open_dest - open a device to write to, alone
 * @device: which
 *
 * Return: a descriptor; -EBUSY when somebody uses the device, -EROFS, -errno;
 * -ESTALE when the path leads elsewhere by now.
 */
int kcopy_device_open_dest(const struct kcopy_device *device);

enum kcopy_use_kind {
	KCOPY_USE_MOUNT, /* mounted */
	KCOPY_USE_SWAP, /* swap space */
	KCOPY_USE_HOLDER, /* part of a dm, md or similar device */
	KCOPY_USE_LOOP, /* behind a loop device */
	KCOPY_USE_CLAIM, /* of kcopy_device_claimed(): somebody's, of O_EXCL */
};

/**
 * struct kcopy_use - a use of a device, a partition on it, or what is built on it
 * @kind: enum kcopy_use_kind
 * @node: the device or partition that is used
 * @by: mount point or device that uses it; "" for swap and claims
 * @writable: whether it may be written through this use
 * @built: @node is neither the device nor its partition or disk, but built on
 *	those: LVM, RAID, a loop device
 * @below: @node, a device or the name of a file, shares data with the device, as
 *	a loop device is over it
 */
struct kcopy_use {
	enum kcopy_use_kind kind;
	char node[64];
	char by[256];
	bool writable;
	bool built;
	bool below;
};

/**
 * kcopy_device_uses - who uses a device
 * @device: which; partitions on it, and the disk it is on, count, and mounts
 *	and swap also where they are of what is built on it; what is behind loop
 *	devices that it is or is made of counts like itself
 * @uses: where to put an array; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOMEM, -errno.
 */
int kcopy_device_uses(const struct kcopy_device *device,
		      struct kcopy_use **uses, size_t *nr);

/**
 * kcopy_device_claimed - has somebody a device who is named nowhere?
 * @device: which; all counts that counts for kcopy_device_uses()
 * @uses: what that one found
 * @nr: of them
 * @claim: where to put what was found, a KCOPY_USE_CLAIM
 *
 * Mounts of other mount namespaces, file systems of several disks, and programs
 * that opened it with O_EXCL are in no table. What may be claimed is opened with
 * O_EXCL for a moment; what cannot be is tried again for half a second. A
 * partition that cannot be opened for another reason, as where it has no node, is
 * asked for with its disk.
 *
 * Return: 1, or 0 when nobody has; -ENOMEM; -errno when it could not be found
 * out of the device or partition that is named in @claim, if one is.
 */
int kcopy_device_claimed(const struct kcopy_device *device,
			 const struct kcopy_use *uses, size_t nr,
			 struct kcopy_use *claim);

/**
 * kcopy_file_uses - who uses a regular file as if it were a disk
 * @fd: of the file
 * @uses: where to put an array of KCOPY_USE_LOOP and _SWAP; free() it
 * @nr: where to put its length
 *
 * Return: 0, -ENOMEM, -errno.
 */
int kcopy_file_uses(int fd, struct kcopy_use **uses, size_t *nr);

/**
 * kcopy_device_signature - what is on a device, by libblkid
 * @fd: the open device
 * @what: where to put it, as "ext4 file system labelled 'home'"
 * @size: room
 *
 * Return: 1 when something was found, 0 when not, -errno.
 */
int kcopy_device_signature(int fd, char *what, size_t size);

/**
 * kcopy_device_table - in which blocks a partition table counts
 * @fd: the open device or file
 * @block: where to put their size, bytes; 0 = the table does not say, and means
 *	those of the disk
 *
 * On a disk with other logical blocks the partitions are not found.
 *
 * Return: 1 when there is a table, 0 when not, -errno.
 */
int kcopy_device_table(int fd, unsigned int *block);

/**
 * kcopy_device_uuid - by which name the system knows what is on a device
 * @fd: the open device
 * @uuid: where to put the UUID of its file system, or else of its partition
 *	table
 * @size: room
 *
 * Return: 1 when there is one, 0 when not, -errno.
 */
int kcopy_device_uuid(int fd, char *uuid, size_t size);

/* ---- sizes and times ---------------------------------------------------- */

/**
 * kcopy_parse_size - read a size
 * @text: digits and perhaps a unit: B, s (sectors of 512), K M G T P E or KiB
 *	MiB... (powers of 1024), KB MB GB... (powers of 1000)
 * @bytes: where to put it
 *
 * Return: 0; -EINVAL when it is no size, -ERANGE when it does not fit.
 */
int kcopy_parse_size(const char *text, uint64_t *bytes);

/**
 * kcopy_parse_duration - read a duration
 * @text: digits and perhaps a unit: ns, us, ms, s (the default), m, h, d
 * @ns: where to put it
 *
 * Return: 0; -EINVAL when it is no duration, -ERANGE when it does not fit.
 */
int kcopy_parse_duration(const char *text, uint64_t *ns);

/* Room that is enough for every kcopy_format_ call. */
#define KCOPY_FORMAT_MAX 32

/**
 * kcopy_format_size - "1.50 GiB", "512 B"
 * @bytes: the size
 * @buf: room for KCOPY_FORMAT_MAX
 *
 * Return: @buf.
 */
char *kcopy_format_size(uint64_t bytes, char *buf);

/**
 * kcopy_format_rate - "1.50 GiB/s"
 * @bytes_per_second: the rate
 * @buf: room for KCOPY_FORMAT_MAX
 *
 * Return: @buf.
 */
char *kcopy_format_rate(uint64_t bytes_per_second, char *buf);

/**
 * kcopy_format_clock - "0:01:23", hours, minutes and seconds
 * @ns: the duration, rounded up to seconds
 * @buf: room for KCOPY_FORMAT_MAX
 *
 * Return: @buf.
 */
char *kcopy_format_clock(uint64_t ns, char *buf);

/**
 * kcopy_format_time - "12.3 us": three digits and the unit that fits
 * @ns: the duration
 * @buf: room for KCOPY_FORMAT_MAX
 *
 * Return: @buf.
 */
char *kcopy_format_time(uint64_t ns, char *buf);

#ifdef __cplusplus
}
#endif

#endif /* _LIBKCOPY_H */
