/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs of /dev/kcopyd, by its ioctls. */
#ifndef _TESTS_VM_JOB_H
#define _TESTS_VM_JOB_H

#include <uapi/kcopyd.h>

#include "rig.h"

#define JOB_EXTENTS 64

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
 * struct job_plan - a copy
 * @source: from where
 * @length: bytes
 * @dests: to where; the first without a path ends the list
 * @flags: KCOPYD_SUBMIT_*
 * @chunk: bytes, 0 = default
 * @depth: 0 = default
 * @memory: bytes, 0 = default
 * @cookie: anything
 */
struct job_plan {
	struct job_place source;
	uint64_t length;
	struct job_place dests[8];
	uint32_t flags;
	uint32_t chunk;
	uint32_t depth;
	uint64_t memory;
	uint64_t cookie;
};

/**
 * struct job_result - all that the events of a job told
 * @code: of DONE
 * @read_err: of DONE
 * @write_err: of DONE
 * @complete: of DONE
 * @cookie: of DONE
 * @nr_regions: REGION events
 * @regions: what they said, by region
 * @nr_extents: EXTENT events
 * @extents: the first of them
 */
struct job_result {
	int code;
	unsigned int read_err;
	uint64_t write_err;
	uint64_t complete;
	uint64_t cookie;
	unsigned int nr_regions;
	struct {
		uint64_t bytes;
		uint32_t errors;
		int code;
	} regions[KCOPYD_MAX_REGIONS];
	unsigned int nr_extents;
	struct kcopyd_extent extents[JOB_EXTENTS];
};

/* /dev/kcopyd, with more flags for open(). */
int job_device_open(int flags);
/* Opens the devices, submits, closes them again. Returns the job. */
uint64_t job_start(int kcopyd, const struct job_plan *plan);
/* Reads events until that job is done. Events of others are lost. */
struct job_result job_wait(int kcopyd, uint64_t job);
/* From open to close; succeeds or fails, as it may. */
struct job_result job_run(const struct job_plan *plan);
/* job_run() that must succeed, of all destinations. */
void job_run_ok(const struct job_plan *plan);
void job_expect_ok(const struct job_result *result,
		   const struct job_plan *plan);

/* STATUS of a job; the errno as a negative number. */
int job_status(int kcopyd, uint64_t job, struct kcopyd_status *status);
/* STATUS with one record a region; @regions has room for all. */
int job_regions(int kcopyd, uint64_t job, struct kcopyd_status *status,
		struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS]);
/* Its extents, through EXTENTS; returns how many. */
unsigned int job_extents(int kcopyd, uint64_t job,
			 struct kcopyd_extent *extents, unsigned int room);
struct kcopyd_info job_info(int kcopyd);
/* INFO through a descriptor of its own. */
struct kcopyd_info job_info_now(void);

#endif /* _TESTS_VM_JOB_H */
