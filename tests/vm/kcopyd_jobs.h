/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients and jobs of kcopyd.ko, through the in-kernel caller. */
#ifndef _TESTS_VM_KCOPYD_JOBS_H
#define _TESTS_VM_KCOPYD_JOBS_H

#include <uapi/kcopyd.h>

#include "caller.h"

/* Of <kcopyd/kcopyd.h>, which is for the kernel only. */
#define KCOPYD_IGNORE_ERROR 0x1U
#define KCOPYD_WRITE_SEQ 0x2U
#define KCOPYD_DETACH_FAILED 0x4U
#define KCOPYD_FLUSH 0x8U
#define KCOPYD_SKIP_BAD 0x10U
#define KCOPYD_ZERO_BAD 0x20U
#define KCOPYD_KEEP_FAILED 0x40U
#define KCOPYD_SPARSE 0x80U
#define KCOPYD_VERIFY 0x100U
#define KCOPYD_COMPARE 0x200U
#define KCOPYD_RESET_ZONES 0x400U
#define KCOPYD_FAIL_FAST 0x800U
#define KCOPYD_MAX_DEPTH 64U

/* Seeds of the devices that kjob_disks() makes. */
#define KJOB_SOURCE 1
#define KJOB_DEST 11

uint32_t client_create(int caller, uint32_t pages);
struct kcopyd_test_client client_destroy(int caller, uint32_t client);

/**
 * struct kjob - a job of kcopyd_submit()
 * @caller: the open /dev/kcopyd_test
 * @number: of the job there
 */
struct kjob {
	int caller;
	uint32_t number;
};

/* What kcopyd_submit() returned; @job is good if that was 0. */
int kjob_try(int caller, struct kcopyd_test_submit args,
	     const struct kcopyd_test_region *regions, uint32_t nr_dests,
	     struct kjob *job);
/* Fails the test if the job is refused. */
struct kjob kjob_start(int caller, struct kcopyd_test_submit args,
		       const struct kcopyd_test_region *regions,
		       uint32_t nr_dests);
/* Fails the test unless done() came, once and where it should. */
struct kcopyd_test_result kjob_wait(struct kjob job);
/* kjob_wait() for a job that has copied everything. */
void kjob_wait_ok(struct kjob job);
/* As it is now; a time to wait until done() came. */
struct kcopyd_test_result kjob_look(struct kjob job, unsigned int timeout_ms);
bool kjob_has_ended(struct kjob job);

int kjob_cancel(struct kjob job, unsigned int timeout_ms);
void kjob_pause(struct kjob job);
void kjob_resume(struct kjob job);
int kjob_limit(struct kjob job, struct kcopyd_test_limits limits);
void kjob_put(struct kjob job);

struct kcopyd_test_progress kjob_progress(struct kjob job);
void kjob_wait_state(struct kjob job, unsigned int state);
/* These two: what the call returned is in @ret. */
struct kcopyd_test_job_region kjob_region(struct kjob job, unsigned int region);
struct kcopyd_test_extent kjob_extent(struct kjob job, unsigned int region,
				      unsigned int i);
/* Bytes of a region that must be there. */
uint64_t kjob_bytes(struct kjob job, unsigned int region);

/*
 * "src" and "d0", "d1", ...: test disks of one kind, filled with KJOB_SOURCE
 * and KJOB_DEST + i.
 */
void kjob_disks(int caller, unsigned int nr_dests,
		struct test_disk_options options);
/* These devices from end to end, @mib each. */
void kjob_regions(struct kcopyd_test_region *regions, unsigned int nr_dests,
		  unsigned int mib);
/* Where destination @dest is: "/dev/kt-dDEST". Good until the next call. */
const char *kjob_path(unsigned int dest);

/*
 * A job over whole disks of kjob_disks() was cancelled: what is in its extents,
 * all of them untried, was left alone; what is not, was copied. Returns how
 * many sectors were not.
 */
uint64_t kjob_expect_cancelled(struct kjob job, unsigned int dest,
			       uint64_t sectors);

/* Jobs of that many sectors from "src" to @dest, one after the other of each. */
#define KJOB_SMALL 300
#define KJOB_SMALL_SECTORS 8

void kjob_small(int caller, uint32_t client, const char *dest,
		struct kcopyd_test_copy_result results[KJOB_SMALL]);

#endif /* _TESTS_VM_KCOPYD_JOBS_H */
