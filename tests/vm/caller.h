/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kcopyd_test.ko, the in-kernel caller. */
#ifndef _TESTS_VM_CALLER_H
#define _TESTS_VM_CALLER_H

#include "../kmod/kcopyd_test.h"
#include "../kmod/kcopyd_test_disk.h"
#include "rig.h"

/* Loads the module first. */
int caller_open(void);
/* ioctl() of /dev/kcopyd_test; the errno as a negative number. */
int caller_ioctl(int caller, unsigned long cmd, void *args);
struct kcopyd_test_region caller_region(const char *path, uint64_t sector,
					uint64_t count);

/* ---- test_disk.c: disks whose limits and faults a test chooses ----------- */

/**
 * struct test_disk_options - of a test disk; all of them 0 or false by default
 * @mib: size, 0 = 4
 * @block: logical block in bytes, 0 = 512
 * @max_sectors: most sectors of a read or write, 0 = 2048
 * @max_segments: of a read or write, 0 = 128
 * @max_segment_size: bytes, 0 = 64 KiB, or no limit with a @virt_boundary
 * @dma_alignment: mask, 0 = 511
 * @seg_boundary: mask, 0 = 4 GiB - 1
 * @virt_boundary: mask, 0 = none
 * @depth: requests in flight, 0 = 128
 * @completion: enum kcopyd_test_disk_completion, 0 = inline
 * @max_discard_sectors: 0 = it can't discard
 * @max_write_zeroes_sectors: 0 = it can't write zeroes
 * @hold_seconds: what is held for longer times out, 0 = 90
 * @write_cache: flushes arrive
 * @fua: FUA arrives; with a write cache
 * @no_merges: of requests
 * @secret: the kernel is not told the limits, so that it breaks them
 */
struct test_disk_options {
	unsigned int mib;
	unsigned int block;
	unsigned int max_sectors;
	unsigned int max_segments;
	unsigned int max_segment_size;
	unsigned int dma_alignment;
	uint64_t seg_boundary;
	uint64_t virt_boundary;
	unsigned int depth;
	unsigned int completion;
	unsigned int max_discard_sectors;
	unsigned int max_write_zeroes_sectors;
	unsigned int hold_seconds;
	bool write_cache;
	bool fua;
	bool no_merges;
	bool secret;
};

/*
 * Returns the path, "/dev/kt-NAME"; it stays valid. The disk goes when @caller
 * is closed. Any open caller will do for the others.
 */
const char *test_disk_create(int caller, const char *name,
			     struct test_disk_options options);
/* With data of that seed (data_make), and nothing counted. */
const char *test_disk_create_filled(int caller, const char *name,
				    struct test_disk_options options,
				    uint64_t seed);
void test_disk_destroy(int caller, const char *name);
/* All there are, whoever made them. */
void test_disks_destroy(void);

/* @name of @fault is filled in. */
void test_disk_fault(int caller, const char *name,
		     struct kcopyd_test_disk_fault fault);
/* Blocks that fail with EIO. */
void test_disk_bad(int caller, const char *name, uint32_t ops, uint64_t first,
		   uint64_t count);
void test_disk_clear_faults(int caller, const char *name);

/* From now on; @ops: bits 1 << KCOPYD_TEST_READ ..., 0 = all. */
void test_disk_hold(int caller, const char *name, uint32_t ops);
void test_disk_hold_range(int caller, const char *name, uint32_t ops,
			  uint64_t first, uint64_t count);
/* Until exactly so many are held. */
void test_disk_wait_held(int caller, const char *name, unsigned int nr);
/* All of them, and no more are held; @error: errno they fail with, 0 = none. */
void test_disk_release(int caller, const char *name, int error);
/* Some of them; others are still held. */
void test_disk_release_some(int caller, const char *name, unsigned int nr,
			    bool newest_first, int error);
/* It is pulled out; what it held fails with EIO. */
void test_disk_gone(int caller, const char *name);

struct kcopyd_test_disk_stats test_disk_stats(int caller, const char *name);
/* From now on; @ioprio: to be counted. */
void test_disk_reset(int caller, const char *name, unsigned int ioprio);
/* Fails the test, and says how, if a request broke a rule. */
void test_disk_expect_obeyed(int caller, const char *name);

#endif /* _TESTS_VM_CALLER_H */
