// SPDX-License-Identifier: GPL-2.0-or-later
/* The test disk of kcopyd_test.ko. */
#include "caller.h"

#define NODE "/dev/" KCOPYD_TEST_DISK_PREFIX

/* Every struct begins with the name. */
static int control(int caller, unsigned long cmd, const char *name, void *args)
{
	size_t length = strlen(name);

	cr_assert_lt(length, KCOPYD_TEST_DISK_NAME, "%s: too long", name);
	memcpy(args, name, length + 1);
	return caller_ioctl(caller, cmd, args);
}

static void control_ok(int caller, unsigned long cmd, const char *name,
		       void *args, const char *what)
{
	int ret = control(caller, cmd, name, args);

	cr_assert_eq(ret, 0, "test disk %s: %s: %s", name, what,
		     strerror(-ret));
}

/*
 * Where it is slow, as on a kernel full of checks, writeback throttling lets
 * hardly a write in: who holds one would wait for the next for ever.
 */
static void throttle_nothing(const char *name)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/sys/block/kt-%s/queue/wbt_lat_usec",
		 name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	cr_assert_eq(write(fd, "0", 1), 1, "%s: %m", path);
	close(fd);
}

const char *test_disk_create(int caller, const char *name,
			     struct test_disk_options options)
{
	struct kcopyd_test_disk args = {
		.mib = options.mib ?: 4,
		.block = options.block,
		.max_sectors = options.max_sectors,
		.max_segments = options.max_segments,
		.max_segment_size = options.max_segment_size,
		.dma_alignment = options.dma_alignment,
		.seg_boundary = options.seg_boundary,
		.virt_boundary = options.virt_boundary,
		.depth = options.depth,
		.completion = options.completion,
		.max_discard_sectors = options.max_discard_sectors,
		.max_write_zeroes_sectors = options.max_write_zeroes_sectors,
		.hold_seconds = options.hold_seconds,
	};
	char path[64];

	if (options.write_cache)
		args.flags |= KCOPYD_TEST_DISK_WRITE_CACHE;
	if (options.fua)
		args.flags |= KCOPYD_TEST_DISK_FUA;
	if (options.no_merges)
		args.flags |= KCOPYD_TEST_DISK_NO_MERGES;
	if (options.secret)
		args.flags |= KCOPYD_TEST_DISK_SECRET;
	control_ok(caller, KCOPYD_TEST_DISK_CREATE, name, &args, "create");
	throttle_nothing(name);
	snprintf(path, sizeof(path), NODE "%s", name);
	/* devtmpfs makes it before the disk is there. */
	cr_assert_not(access(path, F_OK), "%s: %m", path);
	return strdup(path);
}

const char *test_disk_create_filled(int caller, const char *name,
				    struct test_disk_options options,
				    uint64_t seed)
{
	const char *path = test_disk_create(caller, name, options);

	data_fill(path, seed);
	test_disk_reset(caller, name, 0);
	return path;
}

void test_disk_destroy(int caller, const char *name)
{
	struct kcopyd_test_disk_name args = {};

	control_ok(caller, KCOPYD_TEST_DISK_DESTROY, name, &args, "destroy");
}

void test_disks_destroy(void)
{
	struct kcopyd_test_disk_name args = {};
	int caller;

	if (!module_loaded("kcopyd_test"))
		return;
	caller = caller_open();
	control_ok(caller, KCOPYD_TEST_DISK_DESTROY, "", &args, "destroy");
	close(caller);
}

void test_disk_fault(int caller, const char *name,
		     struct kcopyd_test_disk_fault fault)
{
	control_ok(caller, KCOPYD_TEST_DISK_FAULT, name, &fault, "fault");
}

void test_disk_bad(int caller, const char *name, uint32_t ops, uint64_t first,
		   uint64_t count)
{
	test_disk_fault(caller, name,
			(struct kcopyd_test_disk_fault){
				.ops = ops,
				.error = EIO,
				.first = first,
				.count = count,
			});
}

void test_disk_clear_faults(int caller, const char *name)
{
	struct kcopyd_test_disk_name args = {};

	control_ok(caller, KCOPYD_TEST_DISK_CLEAR, name, &args, "clear");
}

void test_disk_hold(int caller, const char *name, uint32_t ops)
{
	test_disk_hold_range(caller, name, ops, 0, 0);
}

void test_disk_hold_range(int caller, const char *name, uint32_t ops,
			  uint64_t first, uint64_t count)
{
	struct kcopyd_test_disk_hold args = {
		.ops = ops,
		.first = first,
		.count = count,
	};

	control_ok(caller, KCOPYD_TEST_DISK_HOLD, name, &args, "hold");
}

void test_disk_wait_held(int caller, const char *name, unsigned int nr)
{
	rig_wait_for(test_disk_stats(caller, name).held == nr, 30,
		     "requests are held");
}

void test_disk_release(int caller, const char *name, int error)
{
	struct kcopyd_test_disk_release args = { .error = error };

	control_ok(caller, KCOPYD_TEST_DISK_RELEASE, name, &args, "release");
}

void test_disk_release_some(int caller, const char *name, unsigned int nr,
			    bool newest_first, int error)
{
	struct kcopyd_test_disk_release args = {
		.nr = nr,
		.error = error,
		.flags = newest_first ? KCOPYD_TEST_DISK_NEWEST : 0,
	};

	/* 0 would be all. */
	if (!nr)
		return;
	control_ok(caller, KCOPYD_TEST_DISK_RELEASE, name, &args, "release");
	cr_assert_eq(args.released, nr, "test disk %s held only %u", name,
		     args.released);
}

void test_disk_gone(int caller, const char *name)
{
	struct kcopyd_test_disk_gone args = {};

	control_ok(caller, KCOPYD_TEST_DISK_GONE, name, &args, "gone");
}

struct kcopyd_test_disk_stats test_disk_stats(int caller, const char *name)
{
	struct kcopyd_test_disk_stats stats = {};

	control_ok(caller, KCOPYD_TEST_DISK_STATS, name, &stats, "stats");
	return stats;
}

void test_disk_reset(int caller, const char *name, unsigned int ioprio)
{
	struct kcopyd_test_disk_reset args = { .ioprio = ioprio };

	control_ok(caller, KCOPYD_TEST_DISK_RESET, name, &args, "reset");
}

void test_disk_expect_obeyed(int caller, const char *name)
{
	struct kcopyd_test_disk_stats stats = test_disk_stats(caller, name);

	cr_assert_eq(
		stats.violations, 0,
		"test disk %s: %llu requests broke rules %#x; the first: op %u, %llu sectors from %llu, %u segments",
		name, stats.violations, stats.rules, stats.bad_op,
		stats.bad_sectors, stats.bad_sector, stats.bad_segments);
}
