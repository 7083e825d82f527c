/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm-io calls through kcopyd_test.ko, and what is expected of all of them. */
#ifndef _TESTS_VM_CALL_H
#define _TESTS_VM_CALL_H

#include "caller.h"

/* The six classic calls: page list, bio_vec array, vmalloc'd; sync, async. */
#define CALLS 6

/* What devices are filled with, and what is written to them. */
enum { SEED = 11, DATA = 21 };
enum { OP_READ, OP_WRITE };

const char *call_name(unsigned int i);

/* /dev/kcopyd_test, with a reserve. */
int call_open(void);
/* A null_blk device /dev/kt-NAME of 4 MiB, filled with SEED. */
void call_device(const char *name);

/* Arguments of call @i, or of the extended one with that memory. */
struct kcopyd_test_io call_args(unsigned int i, uint32_t rw,
				struct kcopyd_test_region *regions, uint32_t nr,
				void *buffer, uint64_t length);
struct kcopyd_test_io call_extended(uint32_t memory, uint32_t op,
				    struct kcopyd_test_region *regions,
				    uint32_t nr, void *buffer, uint64_t length);

/* Makes it; fails the test if memory was changed that was not to be. */
void call_make(int caller, struct kcopyd_test_io *args);
/* It was made, and these regions failed. */
void call_expect_bits(const struct kcopyd_test_io *args, unsigned int i,
		      uint64_t bits);
/* Makes it: it is a mistake, and nobody is called back. */
void call_expect_refused(int caller, struct kcopyd_test_io *args,
			 unsigned int i, const char *why);

#endif /* _TESTS_VM_CALL_H */
