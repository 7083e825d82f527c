/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KCOPYD_TEST_INTERNAL_H
#define _KCOPYD_TEST_INTERNAL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include <kcopyd/dm_io.h>
#include <kcopyd/kcopyd.h>
#include "kcopyd_test.h"

struct file;

/*
 * Regions as a call takes them, and the open files that keep their devices
 * there. Freed, and the files dropped, when the last I/O is done.
 */
struct test_regions {
	unsigned int nr;
	struct file **files;
	struct io_region *regions;
};

struct test_regions *test_regions_create(const void __user *from,
					 unsigned int nr);
void test_regions_destroy(struct test_regions *regions);

/**
 * struct test_buffer - memory for a dm-io call
 * @memory: enum kcopyd_test_memory
 * @offset: bytes before the buffer in its first page
 * @length: bytes of the buffer
 * @repeat: how often the call sees them
 * @swapped: bytes of pieces that have changed places in pairs, 0 = none have
 * @whole: bytes before those
 * @nr_pages: for both
 * @pages: of all kinds but kmalloc'd memory
 * @exact: the same pages, if they are neighbours
 * @list: of a page list
 * @bvec: of an array
 * @vm: address of mapped pages
 * @kmem: kmalloc'd
 */
struct test_buffer {
	u32 memory;
	size_t offset;
	size_t length;
	unsigned int repeat;
	unsigned int swapped;
	size_t whole;
	unsigned int nr_pages;
	struct page **pages;
	void *exact;
	struct page_list *list;
	struct bio_vec *bvec;
	void *vm;
	void *kmem;
};

int test_buffer_init(struct test_buffer *buffer,
		     const struct kcopyd_test_io *args);
void test_buffer_exit(struct test_buffer *buffer);
int test_buffer_fill(struct test_buffer *buffer, const void __user *from);
int test_buffer_copy_back(struct test_buffer *buffer, void __user *to,
			  u32 *canary);

/**
 * struct test_caller - one open /dev/kcopyd_test
 * @lock: one call at a time
 * @got: pages of dm_io_get() that were not put
 * @in_flight: dm-io calls that nobody has waited for
 * @clients: by their number
 * @jobs: struct test_job, by their number; they stay until the end
 */
struct test_caller {
	struct mutex lock;
	unsigned long got;
	struct list_head in_flight;
	struct test_client *clients[KCOPYD_TEST_MAX_CLIENTS];
	struct xarray jobs;
};

/**
 * struct test_client - a client and what its callbacks saw
 * @kc: the client
 * @running: callbacks running now
 * @most_at_once: most of them ever seen
 * @context: KCOPYD_TEST_IN_* of all
 * @unfinished: callbacks that must still come
 * @extra: callbacks that came once more
 * @batches: kcopyd_copy() that was left to test_client_destroy()
 */
struct test_client {
	struct kcopyd_client *kc;
	atomic_t running;
	atomic_t most_at_once;
	atomic_t context;
	atomic_t unfinished;
	atomic_t extra;
	struct list_head batches;
};

/* KCOPYD_TEST_IN_* of the caller. */
unsigned int test_context(void);

int test_dm_io(struct test_caller *caller, struct kcopyd_test_io *args);
int test_dm_io_finish(struct test_caller *caller, struct kcopyd_test_io *args);
void test_dm_io_finish_all(struct test_caller *caller);

int test_starve(struct kcopyd_test_starve *args);
int test_starve_copy(struct test_caller *caller,
		     struct kcopyd_test_starve_copy *args);

/* kcopyd_calls.c: clients and kcopyd_copy(). */
struct test_client *test_client_get(struct test_caller *caller, u32 number);
void test_callback_enter(struct test_client *client);
void test_callback_exit(struct test_client *client);
int test_client_create(struct test_caller *caller,
		       struct kcopyd_test_client *args);
int test_client_destroy(struct test_caller *caller,
			struct kcopyd_test_client *args);
int test_copy(struct test_caller *caller, struct kcopyd_test_copy *args);

/* kcopyd_jobs.c. All but the first: not under the caller's lock. */
int test_submit(struct test_caller *caller, struct kcopyd_test_submit *args);
int test_job_result(struct test_caller *caller,
		    struct kcopyd_test_result *args);
int test_job_steer(struct test_caller *caller, struct kcopyd_test_steer *args);
int test_job_progress(struct test_caller *caller,
		      struct kcopyd_test_progress *args);
int test_job_region(struct test_caller *caller,
		    struct kcopyd_test_job_region *args);
int test_job_extent(struct test_caller *caller,
		    struct kcopyd_test_extent *args);
void test_jobs_cancel(struct test_caller *caller);
void test_jobs_destroy(struct test_caller *caller);

/* The test disk. Both may sleep; not under the caller's lock. */
long test_disk_ioctl(struct test_caller *caller, unsigned int cmd,
		     void __user *user);
void test_disks_destroy(struct test_caller *caller);

/* hash.c */
int test_hash(const struct kcopyd_test_hash *args);
int test_hash_init(void);
void test_hash_exit(void);

#endif /* _KCOPYD_TEST_INTERNAL_H */
