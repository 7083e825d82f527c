// SPDX-License-Identifier: GPL-2.0-or-later
/* That the test disk tells its limits to the kernel and watches over them. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "call.h"

TestSuite(test_disk_limits, RIG_SUITE);

enum { PAGE = 4096, BUFFER_LENGTH = 1 << 20 };

/* Page-aligned, with room for a page before. */
static char *buffer_alloc(void)
{
	char *buffer = aligned_alloc(PAGE, BUFFER_LENGTH + PAGE);

	cr_assert_not_null(buffer);
	return buffer;
}

static int disk_open(int caller, struct test_disk_options options)
{
	return device_open(test_disk_create(caller, "a", options),
			   O_RDWR | O_DIRECT);
}

/* ---- obeyed -------------------------------------------------------------- */

static const struct {
	const char *name;
	struct test_disk_options options;
} limits[] = {
	{ "none", {} },
	{ "max_sectors", { .max_sectors = 8 } },
	{ "large max_sectors", { .max_sectors = 4096, .max_segments = 1024 } },
	{ "one segment", { .max_segments = 1 } },
	{ "one segment of a page",
	  { .max_segments = 1, .max_segment_size = 4096 } },
	{ "odd segment size", { .max_segments = 3, .max_segment_size = 5120 } },
	{ "seg_boundary", { .max_segments = 2, .seg_boundary = 8191 } },
	{ "virt_boundary", { .virt_boundary = 4095 } },
	{ "virt_boundary, two segments",
	  { .virt_boundary = 4095, .max_segments = 2 } },
	{ "dma_alignment of a page", { .dma_alignment = 4095 } },
	{ "dma_alignment of a word", { .dma_alignment = 3 } },
	{ "large blocks", { .block = 4096, .max_sectors = 24 } },
	{ "large blocks, one segment",
	  { .block = 4096,
	    .max_segments = 1,
	    .max_sectors = 16,
	    .dma_alignment = 4095 } },
	{ "a depth of one", { .depth = 1, .max_sectors = 8 } },
	{ "depth and interrupts",
	  { .depth = 1024, .max_sectors = 8, .completion = 2 } },
};

/* Vectors of many lengths, none of which the disk forbids for good. */
static unsigned int cut(char *buffer, size_t length, struct iovec *vecs,
			size_t unit)
{
	unsigned int nr = 0;

	for (size_t at = 0, step; at < length; at += step, nr++) {
		step = (1 + nr * 7 % 13) * unit;
		if (step > length - at)
			step = length - at;
		vecs[nr] = (struct iovec){ buffer + at, step };
	}
	return nr;
}

/* Out of and into memory that begins as badly as the disk allows. */
static void expect_obeyed(int caller, int fd, unsigned int i)
{
	const struct test_disk_options *options = &limits[i].options;
	const size_t unit = options->block ?: SECTOR;
	const size_t shift = options->dma_alignment == 4095 ? 4096 :
			     options->dma_alignment	    ? 4 :
							      512;
	char *memory = buffer_alloc();
	char *again = buffer_alloc();
	char *buffer = memory + shift;
	/* A vector is a buffer of its own, and must begin well, too. */
	struct iovec vecs[BUFFER_LENGTH / SECTOR];
	const size_t step = options->dma_alignment == 4095 ? 4096 : unit;
	ssize_t n;

	data_make(buffer, BUFFER_LENGTH, DATA, 8);
	n = pwritev(fd, vecs, cut(buffer, BUFFER_LENGTH, vecs, step),
		    8 * SECTOR);
	cr_assert_eq(n, BUFFER_LENGTH, "%s: %ld %m", limits[i].name, n);
	test_disk_expect_obeyed(caller, "a");
	n = pread(fd, again + shift, BUFFER_LENGTH, 8 * SECTOR);
	cr_assert_eq(n, BUFFER_LENGTH, "%s: %ld %m", limits[i].name, n);
	test_disk_expect_obeyed(caller, "a");
	cr_assert_eq(memcmp(buffer, again + shift, BUFFER_LENGTH), 0, "%s",
		     limits[i].name);
	data_expect("/dev/kt-a", 8 * SECTOR, BUFFER_LENGTH, DATA, 8);
	free(memory);
	free(again);
}

RIG_TEST(test_disk_limits, limits_are_obeyed_by_direct_io)
{
	int caller = caller_open();

	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++) {
		struct kcopyd_test_disk_op *writes;
		struct kcopyd_test_disk_stats stats;
		unsigned int most = limits[i].options.max_sectors ?: 2048;
		int fd = disk_open(caller, limits[i].options);

		expect_obeyed(caller, fd, i);
		stats = test_disk_stats(caller, "a");
		writes = &stats.ops[KCOPYD_TEST_WRITE];
		cr_assert_eq(writes->sectors, BUFFER_LENGTH / SECTOR);
		cr_assert_geq(writes->requests, BUFFER_LENGTH / SECTOR / most,
			      "%s", limits[i].name);
		if (limits[i].options.depth)
			cr_assert_leq(stats.most_in_flight,
				      limits[i].options.depth);
		close(fd);
		test_disk_destroy(caller, "a");
	}
	close(caller);
}

/* ---- broken -------------------------------------------------------------- */

static const struct {
	const char *name;
	struct test_disk_options options;
	uint32_t rules;
	/* Of the write that breaks them; @shift: of the buffer, in a page. */
	size_t shift;
	size_t length;
	uint64_t sector;
} broken[] = {
	{ .name = "max_sectors",
	  .options.max_sectors = 8,
	  .rules = KCOPYD_TEST_DISK_BAD_SECTORS,
	  .length = 4608 },
	{ .name = "one segment",
	  .options.max_segments = 1,
	  .rules = KCOPYD_TEST_DISK_BAD_SEGMENTS,
	  .shift = 512,
	  .length = 256 * KIB },
	{ .name = "segment size",
	  .options = { .max_segments = 64, .max_segment_size = 4096 },
	  .rules = KCOPYD_TEST_DISK_BAD_SEGMENTS,
	  .length = 260 * KIB },
	{ .name = "seg_boundary",
	  .options = { .max_segments = 64, .seg_boundary = 4095 },
	  .rules = KCOPYD_TEST_DISK_BAD_SEGMENTS,
	  .shift = 512,
	  .length = 256 * KIB },
	{ .name = "dma_alignment",
	  .options.dma_alignment = 4095,
	  .rules = KCOPYD_TEST_DISK_BAD_DMA_ALIGNMENT,
	  .shift = 512,
	  .length = 4096 },
	{ .name = "large blocks, length",
	  .options.block = 4096,
	  .rules = KCOPYD_TEST_DISK_BAD_BLOCK,
	  .length = 512 },
	{ .name = "large blocks, sector",
	  .options.block = 4096,
	  .rules = KCOPYD_TEST_DISK_BAD_BLOCK,
	  .length = 4096,
	  .sector = 1 },
};

RIG_TEST(test_disk_limits, a_request_that_breaks_a_rule_is_found_and_fails)
{
	char *buffer = buffer_alloc();
	int caller = caller_open();

	data_make(buffer, BUFFER_LENGTH, DATA, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(broken); i++) {
		struct test_disk_options options = broken[i].options;
		struct kcopyd_test_disk_stats stats;
		ssize_t n;
		int fd;

		options.secret = true;
		test_disk_create(caller, "a", options);
		fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT);
		n = pwrite(fd, buffer + broken[i].shift, broken[i].length,
			   broken[i].sector * SECTOR);
		cr_assert_eq(n, -1, "%s: the write went well", broken[i].name);
		cr_assert_eq(errno, EIO, "%s: %m", broken[i].name);
		stats = test_disk_stats(caller, "a");
		cr_assert_eq(stats.violations, 1, "%s: %llu violations",
			     broken[i].name, stats.violations);
		cr_assert_eq(stats.rules, broken[i].rules, "%s: rules %#x",
			     broken[i].name, stats.rules);
		cr_assert_eq(stats.bad_sector, broken[i].sector);
		cr_assert_eq(stats.bad_sectors, broken[i].length / SECTOR);
		cr_assert_eq(stats.ops[KCOPYD_TEST_WRITE].failed, 1);
		close(fd);
		test_disk_destroy(caller, "a");
	}
	free(buffer);
	close(caller);
}

/* Two vectors that meet in the middle of a page, not neighbours in memory. */
RIG_TEST(test_disk_limits, a_gap_at_the_virtual_boundary_is_found)
{
	char *buffer = buffer_alloc();
	struct iovec vecs[] = { { buffer, 512 },
				{ buffer + 2 * PAGE + 512, 512 } };
	struct test_disk_options options = { .virt_boundary = 4095 };
	struct kcopyd_test_disk_stats stats;
	int caller = caller_open(), fd;

	memset(buffer, 1, 4 * PAGE);
	options.secret = true;
	test_disk_create(caller, "a", options);
	fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT);
	cr_assert_eq(pwritev(fd, vecs, 2, 0), -1);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.rules, KCOPYD_TEST_DISK_BAD_VIRT_BOUNDARY, "%#x",
		     stats.rules);
	close(fd);
	test_disk_destroy(caller, "a");

	/* The same, and the kernel knows. */
	options.secret = false;
	test_disk_create(caller, "a", options);
	fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT);
	cr_assert_eq(pwritev(fd, vecs, 2, 0), 1024, "%m");
	test_disk_expect_obeyed(caller, "a");
	cr_assert_eq(
		test_disk_stats(caller, "a").ops[KCOPYD_TEST_WRITE].requests,
		2);
	close(fd);
	close(caller);
	free(buffer);
}

RIG_TEST(test_disk_limits, operations_that_were_not_offered_are_found)
{
	int caller = caller_open(), fd;
	uint64_t range[2] = { 0, PAGE };
	struct kcopyd_test_disk_stats stats;

	test_disk_create(caller, "a",
			 (struct test_disk_options){ .secret = true });
	fd = device_open("/dev/kt-a", O_RDWR | O_DIRECT);
	cr_assert_eq(fsync(fd), -1);
	cr_assert_eq(errno, EIO, "%m");
	cr_assert_eq(ioctl(fd, BLKDISCARD, range), -1);
	stats = test_disk_stats(caller, "a");
	cr_assert_eq(stats.violations, 2);
	cr_assert_neq(stats.rules & KCOPYD_TEST_DISK_BAD_OP, 0);
	cr_assert_eq(stats.ops[KCOPYD_TEST_FLUSH].failed, 1);
	cr_assert_eq(stats.ops[KCOPYD_TEST_DISCARD].failed, 1);
	close(fd);
	close(caller);
}

/* ---- refused ------------------------------------------------------------- */

static int create_raw(int caller, struct kcopyd_test_disk args)
{
	strcpy(args.name, "a");
	return caller_ioctl(caller, KCOPYD_TEST_DISK_CREATE, &args);
}

RIG_TEST(test_disk_limits, limits_that_linux_has_not_are_refused)
{
	static const struct kcopyd_test_disk wrong[] = {
		{ .mib = 0 },
		{ .mib = 65 },
		{ .mib = 1, .block = 256 },
		{ .mib = 1, .block = 1536 },
		{ .mib = 1, .block = 8192 },
		{ .mib = 1, .max_sectors = 7 },
		{ .mib = 1, .max_sectors = 12, .block = 4096 },
		{ .mib = 1, .max_segments = 65536 },
		{ .mib = 1, .max_segment_size = 2048 },
		{ .mib = 1, .max_segment_size = 4096, .virt_boundary = 4095 },
		{ .mib = 1, .dma_alignment = 512 },
		{ .mib = 1, .dma_alignment = 8191 },
		{ .mib = 1, .seg_boundary = 2047 },
		{ .mib = 1, .virt_boundary = 8191 },
		{ .mib = 1, .depth = 1025 },
		{ .mib = 1, .completion = 3 },
		{ .mib = 1, .flags = KCOPYD_TEST_DISK_FUA },
		{ .mib = 1, .flags = 1U << 31 },
	};
	int caller = caller_open();

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_assert_eq(create_raw(caller, wrong[i]), -EINVAL, "%u", i);
	test_disk_create(caller, "a", (struct test_disk_options){});
	cr_assert_eq(create_raw(caller, (struct kcopyd_test_disk){ .mib = 1 }),
		     -EEXIST);
	close(caller);
}
