// SPDX-License-Identifier: GPL-2.0-or-later
/* dm-io calls through kcopyd_test.ko. */
#include <sys/ioctl.h>

#include "call.h"

/* Each of them in both forms. */
static const struct {
	const char *name;
	uint32_t memory;
	uint32_t async;
} calls[CALLS] = {
	{ "dm_io_sync", KCOPYD_TEST_PAGE_LIST, 0 },
	{ "dm_io_async", KCOPYD_TEST_PAGE_LIST, 1 },
	{ "dm_io_sync_bvec", KCOPYD_TEST_BVEC, 0 },
	{ "dm_io_async_bvec", KCOPYD_TEST_BVEC, 1 },
	{ "dm_io_sync_vm", KCOPYD_TEST_VM, 0 },
	{ "dm_io_async_vm", KCOPYD_TEST_VM, 1 },
};

const char *call_name(unsigned int i)
{
	return calls[i].name;
}

int call_open(void)
{
	int caller = caller_open();

	cr_assert_eq(ioctl(caller, KCOPYD_TEST_GET, 64), 0, "dm_io_get: %m");
	return caller;
}

void call_device(const char *name)
{
	data_fill(null_create(name, (struct null_options){ .mib = 4 }), SEED);
}

struct kcopyd_test_io call_args(unsigned int i, uint32_t rw,
				struct kcopyd_test_region *regions, uint32_t nr,
				void *buffer, uint64_t length)
{
	return (struct kcopyd_test_io){
		.memory = calls[i].memory,
		.async = calls[i].async,
		.rw = rw,
		.nr_regions = nr,
		.regions = (uintptr_t)regions,
		.buffer = (uintptr_t)buffer,
		.length = length,
	};
}

struct kcopyd_test_io call_extended(uint32_t memory, uint32_t op,
				    struct kcopyd_test_region *regions,
				    uint32_t nr, void *buffer, uint64_t length)
{
	return (struct kcopyd_test_io){
		.how = KCOPYD_TEST_EXTENDED,
		.memory = memory,
		.rw = op,
		.nr_regions = nr,
		.regions = (uintptr_t)regions,
		.buffer = (uintptr_t)buffer,
		.length = length,
	};
}

void call_make(int caller, struct kcopyd_test_io *args)
{
	int ret = caller_ioctl(caller, KCOPYD_TEST_IO, args);

	cr_assert_eq(ret, 0, "%s", strerror(-ret));
	cr_assert_eq(args->canary, 0, "memory around the buffer was changed");
	cr_assert_leq(args->callbacks, 1, "%u callbacks", args->callbacks);
}

void call_expect_bits(const struct kcopyd_test_io *args, unsigned int i,
		      uint64_t bits)
{
	if (args->async) {
		cr_assert_eq(args->ret, 0, "%s: %d", calls[i].name, args->ret);
		cr_assert_eq(args->callbacks, 1, "%s: %u callbacks",
			     calls[i].name, args->callbacks);
	} else {
		cr_assert_eq(args->ret, bits ? -EIO : 0, "%s: %d",
			     calls[i].name, args->ret);
	}
	cr_assert_eq(args->error_bits, bits, "%s: error bits %#llx, not %#lx",
		     calls[i].name, args->error_bits, bits);
}

void call_expect_refused(int caller, struct kcopyd_test_io *args,
			 unsigned int i, const char *why)
{
	call_make(caller, args);
	cr_assert_eq(args->ret, -EINVAL, "%s, %s: %d", calls[i].name, why,
		     args->ret);
	cr_assert_eq(args->callbacks, 0, "%s, %s: the callback ran",
		     calls[i].name, why);
}
