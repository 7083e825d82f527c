/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs of /dev/kcopyd, by its ioctls. */
#ifndef _TESTS_VM_JOB_H
#define _TESTS_VM_JOB_H

#include <uapi/kcopyd.h>

#include "rig.h"

#define JOB_EXTENTS 64
#define JOB_STATES 32
#define JOB_DIGESTS 64

/* A source that there is none of: the job writes, or compares with, zeroes. */
#define JOB_NO_SOURCE .source.fd = -1

/**
 * struct job_place - where on which device
 * @path: device
 * @offset: bytes
 * @fd: an open descriptor of it; 0 = it is opened for the submission
 */
struct job_place {
	const char *path;
	uint64_t offset;
	int fd;
};

/**
 * struct job_plan - a copy; what is left zero has its default
 * @source: from where, or JOB_NO_SOURCE
 * @length: bytes
 * @dests: to where; the first without a path ends the list; opened as @flags
 *	ask for: for writing with O_EXCL, or for reading to be compared
 * @flags: KCOPYD_SUBMIT_*
 * @chunk: bytes
 * @depth: chunks in flight
 * @rate: bytes a second
 * @percent: of the time
 * @retry: enum kcopyd_retry
 * @retry_budget: blocks in a row
 * @on_slow: enum kcopyd_on_slow
 * @checksum: enum kcopyd_checksum
 * @ioprio: as ioprio_set(2)
 * @memory: bytes
 * @cookie: anything
 */
struct job_plan {
	struct job_place source;
	uint64_t length;
	struct job_place dests[KCOPYD_MAX_DESTS];
	uint32_t flags;
	uint32_t chunk;
	uint32_t depth;
	uint64_t rate;
	uint32_t percent;
	uint32_t retry;
	uint32_t retry_budget;
	uint32_t on_slow;
	uint32_t checksum;
	uint32_t ioprio;
	uint64_t memory;
	uint64_t cookie;
};

/**
 * struct job_digest - a checksum of a part of the source
 * @offset: bytes from the start of the region
 * @length: bytes
 * @value: all of its parts
 */
struct job_digest {
	uint64_t offset;
	uint64_t length;
	uint8_t value[32];
};

/**
 * struct job_result - all that the events of a job told
 * @code: of DONE
 * @read_err: of DONE
 * @write_err: of DONE
 * @complete: of DONE
 * @cookie: of DONE
 * @overflow: events were dropped
 * @nr_regions: REGION events
 * @regions: what they said, by region
 * @nr_extents: EXTENT events
 * @extents: the first of them
 * @nr_states: STATE events
 * @states: the first of them
 * @nr_digests: digests, however many events each took
 * @digests: the first of them
 */
struct job_result {
	int code;
	unsigned int read_err;
	uint64_t write_err;
	uint64_t complete;
	uint64_t cookie;
	bool overflow;
	unsigned int nr_regions;
	struct {
		uint64_t bytes;
		uint32_t errors;
		int code;
	} regions[KCOPYD_MAX_REGIONS];
	unsigned int nr_extents;
	struct kcopyd_extent extents[JOB_EXTENTS];
	unsigned int nr_states;
	uint32_t states[JOB_STATES];
	unsigned int nr_digests;
	struct job_digest digests[JOB_DIGESTS];
};

/* /dev/kcopyd, with more flags for open(). */
int job_device_open(int flags);
/*
 * Opens the devices, submits, closes them again; 0 or -errno. The reason and
 * the region of a refusal, or the job, are in @submit.
 */
int job_try_start(int kcopyd, const struct job_plan *plan,
		  struct kcopyd_submit *submit);
/* job_try_start() that must succeed. Returns the job. */
uint64_t job_start(int kcopyd, const struct job_plan *plan);
/* Adds what an event tells of its job. */
void job_event_add(struct job_result *result, const struct kcopyd_event *event);
/* Waits for an event, of any job of the descriptor. */
struct kcopyd_event job_event(int kcopyd);
/* Reads events until that job is done. Events of others are lost. */
struct job_result job_wait(int kcopyd, uint64_t job);
/* From open to close; succeeds or fails, as it may. */
struct job_result job_run(const struct job_plan *plan);
/* job_run() that must succeed, of all destinations. */
void job_run_ok(const struct job_plan *plan);
void job_expect_ok(const struct job_result *result,
		   const struct job_plan *plan);
/* Whether a STATE event told of it. */
bool job_was_in_state(const struct job_result *result, uint32_t state);

/* These return 0 or -errno. */
int job_pause(int kcopyd, uint64_t job);
int job_resume(int kcopyd, uint64_t job);
int job_limit(int kcopyd, uint64_t job, uint64_t rate, uint32_t percent,
	      uint32_t depth);
int job_cancel(int kcopyd, uint64_t job, unsigned int timeout_ms);

/* STATUS of a job; the errno as a negative number. */
int job_status(int kcopyd, uint64_t job, struct kcopyd_status *status);
/* STATUS with one record a region; @regions has room for all. */
int job_regions(int kcopyd, uint64_t job, struct kcopyd_status *status,
		struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS]);
/* One of its regions; must succeed. */
struct kcopyd_region_status job_region(int kcopyd, uint64_t job,
				       unsigned int region);
/* Where it is just now; must succeed. */
uint32_t job_state(int kcopyd, uint64_t job);
/* Polls until it is in that state; fails the test when it ends without. */
void job_wait_state(int kcopyd, uint64_t job, uint32_t state);
/* Polls until so many bytes of a region are done. */
void job_wait_bytes(int kcopyd, uint64_t job, unsigned int region,
		    uint64_t bytes);
/* Its extents, through EXTENTS; returns how many. */
unsigned int job_extents(int kcopyd, uint64_t job,
			 struct kcopyd_extent *extents, unsigned int room);
struct kcopyd_info job_info(int kcopyd);
/* INFO through a descriptor of its own. */
struct kcopyd_info job_info_now(void);

#endif /* _TESTS_VM_JOB_H */
