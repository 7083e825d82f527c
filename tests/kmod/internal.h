/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KCOPYD_TEST_INTERNAL_H
#define _KCOPYD_TEST_INTERNAL_H

#include <linux/mutex.h>

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
 * struct test_caller - one open /dev/kcopyd_test
 * @lock: one call at a time
 * @got: pages of dm_io_get() that were not put
 * @clients: by their number
 */
struct test_caller {
	struct mutex lock;
	unsigned long got;
	struct test_client *clients[KCOPYD_TEST_MAX_CLIENTS];
};

/* KCOPYD_TEST_IN_* of the caller. */
unsigned int test_context(void);

int test_dm_io(struct kcopyd_test_io *args);

int test_client_create(struct test_caller *caller,
		       struct kcopyd_test_client *args);
int test_client_destroy(struct test_caller *caller,
			struct kcopyd_test_client *args);
int test_copy(struct test_caller *caller, struct kcopyd_test_copy *args);
int test_submit(struct test_caller *caller, struct kcopyd_test_submit *args);

#endif /* _KCOPYD_TEST_INTERNAL_H */
