// SPDX-License-Identifier: GPL-2.0-or-later
/* dm_io_submit() and dm_io_submit_wait(): what the six calls can't do. */
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "call.h"

TestSuite(dm_io_extended, RIG_SUITE);

/* Kinds of memory, by their KCOPYD_TEST_ numbers. */
#define KINDS 4

static const char *const kinds[] = { "a page list", "bio_vecs", "mapped memory",
				     "kmalloc'd memory", "no memory" };

/* An extended call in one of its two forms. */
static struct kcopyd_test_io extended(uint32_t async, uint32_t memory,
				      uint32_t op,
				      struct kcopyd_test_region *regions,
				      uint32_t nr, void *buffer,
				      uint64_t length)
{
	struct kcopyd_test_io args =
		call_extended(memory, op, regions, nr, buffer, length);

	args.async = async;
	return args;
}

static struct kcopyd_test_io without_data(uint32_t async, uint32_t op,
					  struct kcopyd_test_region *regions,
					  uint32_t nr)
{
	return extended(async, KCOPYD_TEST_NO_MEMORY, op, regions, nr, NULL, 0);
}

/**
 * struct outcome - all that a call says, what is not named is 0
 * @failed: bits
 * @unsupported: bits
 * @errors: of each region
 */
struct outcome {
	uint64_t failed;
	uint64_t unsupported;
	int errors[64];
};

static void expect_outcome(const struct kcopyd_test_io *args,
			   const struct outcome *outcome)
{
	const char *form = args->async ? "async" : "sync";
	const char *kind = kinds[args->memory];
	int ret = outcome->failed && !args->async ? -EIO : 0;

	cr_assert_eq(args->ret, ret, "%s, %s: %d", kind, form, args->ret);
	cr_assert_eq(args->callbacks, args->async, "%s, %s: %u callbacks", kind,
		     form, args->callbacks);
	cr_assert_eq(args->error_bits, outcome->failed,
		     "%s, %s: failed %#llx, not %#lx", kind, form,
		     args->error_bits, outcome->failed);
	cr_assert_eq(args->unsupported, outcome->unsupported,
		     "%s, %s: unsupported %#llx, not %#lx", kind, form,
		     args->unsupported, outcome->unsupported);
	for (unsigned int r = 0; r < 64; r++)
		cr_assert_eq(args->errors[r], outcome->errors[r],
			     "%s, %s: region %u: %d, not %d", kind, form, r,
			     args->errors[r], outcome->errors[r]);
}

static void expect_success(const struct kcopyd_test_io *args)
{
	expect_outcome(args, &(struct outcome){});
}

static void make_and_expect_success(int caller, struct kcopyd_test_io *args)
{
	call_make(caller, args);
	expect_success(args);
}

static void expect_refused(int caller, struct kcopyd_test_io args,
			   const char *why)
{
	const char *form = args.async ? "async" : "sync";

	call_make(caller, &args);
	cr_assert_eq(args.ret, -EINVAL, "%s, %s, %s: %d", why,
		     kinds[args.memory], form, args.ret);
	cr_assert_eq(args.callbacks, 0, "%s, %s, %s: the callback ran", why,
		     kinds[args.memory], form);
}

static void expect_zeroed(const void *buffer, size_t length, const char *what)
{
	const char *bytes = buffer;

	cr_assert(!length ||
			  (!bytes[0] && !memcmp(bytes, bytes + 1, length - 1)),
		  "%s: not all zeroes", what);
}

/* ---- the disk of these tests, "a" ---------------------------------------- */

#define DISK "/dev/kt-a"

/* Everything, and in requests that are small and stay what they are. */
#define ABLE                                                                   \
	.write_cache = true, .fua = true, .no_merges = true, .max_sectors = 8, \
	.max_discard_sectors = 16, .max_write_zeroes_sectors = 24,             \
	.depth = 256

/* Filled, and nothing of that is counted. */
static void disk_create(int caller, struct test_disk_options options)
{
	test_disk_create(caller, "a", options);
	data_fill(DISK, SEED);
	test_disk_reset(caller, "a", 0);
}

static struct kcopyd_test_region disk_region(uint64_t sector, uint64_t count)
{
	return caller_region(DISK, sector, count);
}

static struct kcopyd_test_disk_op arrived(int caller, uint32_t op)
{
	return test_disk_stats(caller, "a").ops[op];
}

static void expect_arrived(int caller, uint64_t writes, uint64_t flushes)
{
	struct kcopyd_test_disk_stats stats = test_disk_stats(caller, "a");
	const struct kcopyd_test_disk_op *ops = stats.ops;

	cr_assert_eq(ops[KCOPYD_TEST_READ].requests, 0);
	cr_assert_eq(ops[KCOPYD_TEST_DISCARD].requests, 0);
	cr_assert_eq(ops[KCOPYD_TEST_WRITE_ZEROES].requests, 0);
	cr_assert_eq(ops[KCOPYD_TEST_WRITE].requests, writes, "%llu writes",
		     ops[KCOPYD_TEST_WRITE].requests);
	cr_assert_eq(ops[KCOPYD_TEST_FLUSH].requests, flushes, "%llu flushes",
		     ops[KCOPYD_TEST_FLUSH].requests);
}

/* No I/O at all, and nothing changed. */
static void expect_not_touched(int caller)
{
	expect_arrived(caller, 0, 0);
	data_expect_untouched(DISK, SEED);
}

/* ---- every kind of memory ------------------------------------------------ */

static const uint64_t lengths[] = { SECTOR, 4 * KIB + SECTOR, 64 * KIB,
				    MIB + SECTOR };
static const uint32_t offsets[] = { 0, 512, 3584 };

RIG_TEST(dm_io_extended, every_kind_of_memory_is_written)
{
	char *data = malloc(2 * MIB), *copy = malloc(2 * MIB);
	struct kcopyd_test_region region;
	int caller = call_open();
	unsigned int turn = 0;

	call_device("a");
	region = caller_region("/dev/kt-a", 3, 0);
	data_make(data, 2 * MIB, DATA, 0);
	memcpy(copy, data, 2 * MIB);
	for (unsigned int l = 0; l < ARRAY_SIZE(lengths); l++)
		for (uint32_t m = 0; m < KINDS * 2; m++)
			for (unsigned int o = 0; o < 3; o++, turn++) {
				uint64_t end = 3 * SECTOR + lengths[l];
				struct kcopyd_test_io args = extended(
					m & 1, m / 2, OP_WRITE, &region, 1,
					data + turn * SECTOR, lengths[l]);

				region.count = lengths[l] / SECTOR;
				args.offset = offsets[o];
				make_and_expect_success(caller, &args);
				data_expect("/dev/kt-a", 0, 3 * SECTOR, SEED,
					    0);
				data_expect("/dev/kt-a", 3 * SECTOR, lengths[l],
					    DATA, turn);
				data_expect("/dev/kt-a", end, 64 * KIB, SEED,
					    end / SECTOR);
			}
	cr_assert_eq(memcmp(data, copy, 2 * MIB), 0,
		     "a write changed its buffer");
	free(data);
	free(copy);
	close(caller);
}

RIG_TEST(dm_io_extended, every_kind_of_memory_is_read_into)
{
	char *buffer = malloc(2 * MIB), *expected = malloc(2 * MIB);
	struct kcopyd_test_region region;
	int caller = call_open();
	unsigned int turn = 0;

	call_device("a");
	data_make(expected, 2 * MIB, SEED, 0);
	region = caller_region("/dev/kt-a", 0, 0);
	for (unsigned int l = 0; l < ARRAY_SIZE(lengths); l++)
		for (uint32_t m = 0; m < KINDS * 2; m++)
			for (unsigned int o = 0; o < 3; o++, turn++) {
				struct kcopyd_test_io args =
					extended(m & 1, m / 2, OP_READ, &region,
						 1, buffer, lengths[l]);

				region.sector = turn;
				region.count = lengths[l] / SECTOR;
				args.offset = offsets[o];
				memset(buffer, 0xee, lengths[l]);
				make_and_expect_success(caller, &args);
				cr_assert_eq(
					memcmp(buffer, expected + turn * SECTOR,
					       lengths[l]),
					0, "%s, %lu bytes at %u", kinds[m / 2],
					lengths[l], offsets[o]);
			}
	data_expect_untouched("/dev/kt-a", SEED);
	free(buffer);
	free(expected);
	close(caller);
}

RIG_TEST(dm_io_extended, kmalloced_memory_goes_to_regions_of_all_lengths)
{
	struct kcopyd_test_region regions[4];
	char *data = malloc(2 * MIB);
	int caller = call_open();

	call_device("a");
	call_device("b");
	data_make(data, 2 * MIB, DATA, 0);
	for (uint32_t async = 0; async < 2; async++) {
		struct kcopyd_test_io args = extended(async, KCOPYD_TEST_KMEM,
						      OP_WRITE, regions, 4,
						      data, 2 * MIB);

		regions[0] = caller_region("/dev/kt-a", 1, 1);
		regions[1] = caller_region("/dev/kt-b", 9, 2 * MIB / SECTOR);
		regions[2] = caller_region("/dev/kt-a", 7, 0);
		regions[3] =
			caller_region("/dev/kt-a", 3, 2 * MIB / SECTOR - 1);
		args.offset = 1536;
		data_fill("/dev/kt-a", SEED);
		data_fill("/dev/kt-b", SEED);
		make_and_expect_success(caller, &args);
		data_expect("/dev/kt-a", 0, SECTOR, SEED, 0);
		data_expect("/dev/kt-a", SECTOR, SECTOR, DATA, 0);
		data_expect("/dev/kt-a", 2 * SECTOR, SECTOR, SEED, 2);
		data_expect("/dev/kt-a", 3 * SECTOR, 2 * MIB - SECTOR, DATA, 0);
		data_expect("/dev/kt-a", 2 * MIB + 2 * SECTOR, MIB, SEED,
			    2 * MIB / SECTOR + 2);
		data_expect_copy("/dev/kt-b", &(struct data_copy){
						      .seed = SEED,
						      .offset = 9 * SECTOR,
						      .length = 2 * MIB,
						      .source_seed = DATA,
					      });
	}
	free(data);
	close(caller);
}

/* ---- a caller's mistakes ------------------------------------------------- */

/* A read and a write, of every kind and form, to be spoilt in one way. */
#define GOOD_CALLS (KINDS * 4)

static struct kcopyd_test_io good_call(unsigned int i,
				       struct kcopyd_test_region *region,
				       void *buffer, uint64_t length)
{
	return extended(i & 1, i / 4, i >> 1 & 1, region, 1, buffer, length);
}

RIG_TEST(dm_io_extended, a_buffer_that_is_told_too_short_is_refused)
{
	struct kcopyd_test_region region;
	char buffer[8 * KIB];
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){});
	region = disk_region(0, 8);
	for (unsigned int i = 0; i < GOOD_CALLS; i++) {
		struct kcopyd_test_io args =
			good_call(i, &region, buffer, sizeof(buffer));

		const uint32_t untold[] = { 4097, 4608, 8191, 8192 };

		for (unsigned int u = 0; u < ARRAY_SIZE(untold); u++) {
			args.untold = untold[u];
			expect_refused(caller, args, "too short");
		}
	}
	expect_not_touched(caller);
	/* Exactly as long as the region is long enough. */
	data_make(buffer, sizeof(buffer), SEED, 0);
	for (unsigned int i = 0; i < GOOD_CALLS; i++) {
		struct kcopyd_test_io args =
			good_call(i, &region, buffer, sizeof(buffer));

		args.untold = 4096;
		make_and_expect_success(caller, &args);
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io_extended, a_buffer_must_be_told_as_long_as_the_longest_region)
{
	struct kcopyd_test_region regions[3];
	char buffer[8 * KIB] = {};
	int caller = call_open();

	call_device("a");
	regions[0] = caller_region("/dev/kt-a", 0, 8);
	regions[1] = caller_region("/dev/kt-a", 32, 16);
	regions[2] = caller_region("/dev/kt-a", 64, 1);
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		struct kcopyd_test_io args = extended(m & 1, m / 2, OP_WRITE,
						      regions, 3, buffer,
						      sizeof(buffer));

		args.untold = SECTOR;
		expect_refused(caller, args, "too short for the longest");
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io_extended, null_arguments_are_refused)
{
	struct kcopyd_test_region region, none = { .fd = -1, .count = 8 };
	char buffer[4 * KIB] = {};
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){});
	region = disk_region(0, 8);
	for (unsigned int i = 0; i < GOOD_CALLS; i++) {
		struct kcopyd_test_io args =
			good_call(i, &region, buffer, sizeof(buffer));

		args.null = KCOPYD_TEST_NULL_ARGS;
		expect_refused(caller, args, "NULL args");
		args.null = KCOPYD_TEST_NULL_REGIONS;
		expect_refused(caller, args, "NULL regions");
		args.null = KCOPYD_TEST_NULL_DATA;
		expect_refused(caller, args, "NULL data");
		args.null = 0;
		args.regions = (uintptr_t)&none;
		expect_refused(caller, args, "a NULL device");
		args.regions = (uintptr_t)&region;
		if (!args.async)
			continue;
		args.null = KCOPYD_TEST_NULL_RESULT;
		expect_refused(caller, args, "NULL result");
		args.null = KCOPYD_TEST_NULL_FN;
		expect_refused(caller, args, "NULL callback");
		args.null = KCOPYD_TEST_NULL_FN | KCOPYD_TEST_NULL_RESULT;
		expect_refused(caller, args, "NULL callback and result");
	}
	expect_not_touched(caller);
	close(caller);
}

RIG_TEST(dm_io_extended, who_waits_need_not_want_the_result)
{
	struct kcopyd_test_region regions[2];
	char buffer[4 * KIB];
	int caller = call_open();

	call_device("a");
	regions[0] = caller_region("/dev/kt-a", 0, 8);
	regions[1] = caller_region("/dev/kt-a", 1ULL << 40, 8);
	for (uint32_t m = 0; m < KINDS; m++) {
		struct kcopyd_test_io args = extended(
			0, m, OP_WRITE, regions, 1, buffer, sizeof(buffer));

		data_make(buffer, sizeof(buffer), DATA, m);
		args.null = KCOPYD_TEST_NULL_RESULT;
		call_make(caller, &args);
		cr_assert_eq(args.ret, 0, "%s: %d", kinds[m], args.ret);
		data_expect("/dev/kt-a", 0, 4 * KIB, DATA, m);
		args.nr_regions = 2;
		call_make(caller, &args);
		cr_assert_eq(args.ret, -EIO, "%s: %d", kinds[m], args.ret);
	}
	close(caller);
}

RIG_TEST(dm_io_extended, the_number_of_regions_is_checked)
{
	struct kcopyd_test_region regions[65];
	char buffer[4 * KIB] = {};
	int caller = call_open();
	struct kcopyd_test_io args;

	call_device("a");
	for (unsigned int r = 0; r < 65; r++)
		regions[r] = caller_region("/dev/kt-a", r * 16, 8);
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		args = extended(m & 1, m / 2, OP_WRITE, regions, 0, buffer,
				sizeof(buffer));
		expect_refused(caller, args, "no region");
		args.nr_regions = 65;
		expect_refused(caller, args, "65 regions");
		args.nr_regions = 2;
		args.rw = OP_READ;
		expect_refused(caller, args, "two regions to read");
	}
	for (uint32_t async = 0; async < 2; async++) {
		args = without_data(async, KCOPYD_TEST_DISCARD, regions, 0);
		expect_refused(caller, args, "no region to discard");
		args.nr_regions = 65;
		expect_refused(caller, args, "65 regions to discard");
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

/* The alignment of a null device is another one in newer kernels. */
RIG_TEST(dm_io_extended, memory_that_is_not_aligned_is_refused)
{
	const struct test_disk_options options = { .dma_alignment = 511 };
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = call_open();

	data_fill(test_disk_create(caller, "a", options), SEED);
	region = caller_region("/dev/kt-a", 0, 8);
	for (unsigned int i = 0; i < GOOD_CALLS; i++) {
		struct kcopyd_test_io args =
			good_call(i, &region, buffer, sizeof(buffer));

		args.offset = 1;
		expect_refused(caller, args, "an odd address");
		args.offset = 256;
		expect_refused(caller, args, "half of the device's alignment");
	}
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io_extended, without_a_get_calls_are_refused)
{
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = caller_open();

	call_device("a");
	region = caller_region("/dev/kt-a", 0, 8);
	for (unsigned int i = 0; i < GOOD_CALLS; i++)
		expect_refused(caller,
			       good_call(i, &region, buffer, sizeof(buffer)),
			       "no dm_io_get()");
	data_expect_untouched("/dev/kt-a", SEED);
	close(caller);
}

RIG_TEST(dm_io_extended, data_go_with_reads_and_writes_and_nothing_else)
{
	static const uint32_t extents[] = { KCOPYD_TEST_DISCARD,
					    KCOPYD_TEST_WRITE_ZEROES };
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(0, 8);
	for (uint32_t async = 0; async < 2; async++) {
		expect_refused(caller, without_data(async, OP_READ, &region, 1),
			       "a read without memory");
		expect_refused(caller,
			       without_data(async, OP_WRITE, &region, 1),
			       "a write without memory");
		for (unsigned int i = 0; i < KINDS * 2; i++)
			expect_refused(caller,
				       extended(async, i / 2, extents[i & 1],
						&region, 1, buffer,
						sizeof(buffer)),
				       "a discard or zeroes with data");
	}
	expect_not_touched(caller);
	close(caller);
}

/* ---- operations and their flags ------------------------------------------ */

/* With and without data, whatever an operation would want. */
static void expect_never(int caller, struct kcopyd_test_region *region,
			 uint32_t op, uint32_t flags, const char *why)
{
	char buffer[4 * KIB] = {};

	for (uint32_t m = 0; m <= KCOPYD_TEST_NO_MEMORY; m++)
		for (uint32_t async = 0; async < 2; async++) {
			bool none = m == KCOPYD_TEST_NO_MEMORY;
			struct kcopyd_test_io args =
				extended(async, m, op, region, 1, buffer,
					 none ? 0 : sizeof(buffer));

			args.flags = flags;
			expect_refused(caller, args, why);
		}
}

RIG_TEST(dm_io_extended, other_operations_are_refused)
{
	static const struct {
		uint32_t op;
		const char *name;
	} ops[] = {
		{ KCOPYD_TEST_FLUSH, "flush" },
		{ KCOPYD_TEST_ZONE_APPEND, "zone append" },
		{ KCOPYD_TEST_ZONE_RESET, "zone reset" },
		{ KCOPYD_TEST_SECURE_ERASE, "secure erase" },
		{ 77, "no operation at all" },
	};
	struct kcopyd_test_region region;
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(0, 8);
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		region.count = 8;
		expect_never(caller, &region, ops[i].op, 0, ops[i].name);
		region.count = 0;
		expect_never(caller, &region, ops[i].op, 0, ops[i].name);
	}
	expect_not_touched(caller);
	close(caller);
}

/* The rest of them is refused. */
#define FLAGS 9
#define HINTS                                                     \
	(KCOPYD_TEST_SYNC | KCOPYD_TEST_IDLE | KCOPYD_TEST_META | \
	 KCOPYD_TEST_FAILFAST)

static const struct {
	uint32_t op;
	uint32_t flags;
} takes[] = {
	{ KCOPYD_TEST_READ, HINTS },
	{ KCOPYD_TEST_WRITE, HINTS | KCOPYD_TEST_PREFLUSH | KCOPYD_TEST_FUA },
	{ KCOPYD_TEST_DISCARD, HINTS },
	{ KCOPYD_TEST_WRITE_ZEROES, HINTS | KCOPYD_TEST_NOUNMAP },
};

RIG_TEST(dm_io_extended, flags_that_an_operation_does_not_have_are_refused)
{
	struct kcopyd_test_region region;
	int caller = call_open();
	char why[64];

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(0, 8);
	for (unsigned int i = 0; i < ARRAY_SIZE(takes); i++)
		for (uint32_t flag = 1; flag < 1U << FLAGS; flag <<= 1) {
			if (takes[i].flags & flag)
				continue;
			snprintf(why, sizeof(why), "operation %u, flag %#x",
				 takes[i].op, flag);
			expect_never(caller, &region, takes[i].op, flag, why);
			expect_never(caller, &region, takes[i].op,
				     takes[i].flags | flag, why);
		}
	expect_not_touched(caller);
	close(caller);
}

/* Of a region that no operation can do in one request, nor in equal ones. */
enum { SPLIT = 1003 };

static bool has_data(uint32_t op)
{
	return op == KCOPYD_TEST_READ || op == KCOPYD_TEST_WRITE;
}

/* Some kind of memory, or none. */
static struct kcopyd_test_io split_call(uint32_t op, unsigned int turn,
					struct kcopyd_test_region *region,
					void *buffer)
{
	return has_data(op) ? extended(turn & 1, turn / 2 % KINDS, op, region,
				       1, buffer, SPLIT * SECTOR) :
			      without_data(turn & 1, op, region, 1);
}

/*
 * The block layer makes PREFLUSH a request of its own, and adds SYNC to what
 * it has to do with.
 */
static void expect_flags_arrive(int caller, uint32_t op, uint32_t flags,
				unsigned int turn,
				struct kcopyd_test_region *region, void *buffer)
{
	const uint32_t flush = KCOPYD_TEST_PREFLUSH | KCOPYD_TEST_FUA;
	const uint32_t added = flags & flush ? KCOPYD_TEST_SYNC : 0;
	const uint32_t kept = flags & ~KCOPYD_TEST_PREFLUSH;
	struct kcopyd_test_io args = split_call(op, turn, region, buffer);
	struct kcopyd_test_disk_op some;

	test_disk_reset(caller, "a", 0);
	args.flags = flags;
	make_and_expect_success(caller, &args);
	some = arrived(caller, op);
	cr_assert_gt(some.requests, 40, "it was not split");
	cr_assert_eq(some.sectors, SPLIT);
	cr_assert_eq(some.flags_and & kept, kept,
		     "operation %u, flags %#x: not all have them, but %#x", op,
		     flags, some.flags_and);
	cr_assert_eq(some.flags_or & ~(kept | added), 0,
		     "operation %u, flags %#x: some have %#x", op, flags,
		     some.flags_or);
	cr_assert_eq(arrived(caller, KCOPYD_TEST_FLUSH).requests > 0,
		     !!(flags & KCOPYD_TEST_PREFLUSH));
}

RIG_TEST(dm_io_extended, flags_reach_every_bio_and_no_others_do)
{
	struct kcopyd_test_region region;
	char *buffer = malloc(SPLIT * SECTOR);
	int caller = call_open();
	unsigned int turn = 0;

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(5, SPLIT);
	data_make(buffer, SPLIT * SECTOR, SEED, 5);
	for (unsigned int i = 0; i < ARRAY_SIZE(takes); i++) {
		const uint32_t all = takes[i].flags, op = takes[i].op;

		for (uint32_t flag = 1; flag < 1U << FLAGS; flag <<= 1) {
			if (!(all & flag))
				continue;
			expect_flags_arrive(caller, op, flag, turn++, &region,
					    buffer);
			expect_flags_arrive(caller, op, all & ~flag, turn++,
					    &region, buffer);
		}
		for (unsigned int form = 0; form < 2; form++, turn++) {
			expect_flags_arrive(caller, op, 0, turn, &region,
					    buffer);
			expect_flags_arrive(caller, op, all, turn, &region,
					    buffer);
		}
	}
	test_disk_expect_obeyed(caller, "a");
	free(buffer);
	close(caller);
}

static void expect_ioprio_arrives(int caller, unsigned int asked,
				  unsigned int expected,
				  struct kcopyd_test_region *region,
				  void *buffer)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(takes) * 2; i++) {
		const uint32_t op = takes[i / 2].op;
		struct kcopyd_test_io args = split_call(op, i, region, buffer);
		struct kcopyd_test_disk_op some;

		test_disk_reset(caller, "a", expected);
		args.ioprio = asked;
		make_and_expect_success(caller, &args);
		some = arrived(caller, op);
		cr_assert_gt(some.requests, 40, "it was not split");
		cr_assert_eq(some.with_ioprio, some.requests,
			     "operation %u: %llu of %llu have priority %#x", op,
			     some.with_ioprio, some.requests, expected);
	}
}

RIG_TEST(dm_io_extended, the_priority_reaches_every_bio)
{
	const unsigned int own = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6);
	const unsigned int idle = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0);
	const unsigned int high = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 2);
	struct kcopyd_test_region region;
	char *buffer = malloc(SPLIT * SECTOR);
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(5, SPLIT);
	data_make(buffer, SPLIT * SECTOR, SEED, 5);
	expect_ioprio_arrives(caller, idle, idle, &region, buffer);
	expect_ioprio_arrives(caller, high, high, &region, buffer);
	/* Without one it is the caller's own. */
	cr_assert_eq(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, own), 0,
		     "%m");
	expect_ioprio_arrives(caller, 0, own, &region, buffer);
	expect_ioprio_arrives(caller, high, high, &region, buffer);
	free(buffer);
	close(caller);
}

/* ---- flushes ------------------------------------------------------------- */

/* What writes is not looked at as long as a flush has not ended. */
RIG_TEST(dm_io_extended, every_bio_waits_for_the_flush_before_it)
{
	struct kcopyd_test_region region;
	char *buffer = malloc(SPLIT * SECTOR);
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(5, SPLIT);
	for (uint32_t m = 0; m < KINDS; m++) {
		struct kcopyd_test_io args = extended(
			1, m, OP_WRITE, &region, 1, buffer, SPLIT * SECTOR);
		struct kcopyd_test_io end = { .buffer = (uintptr_t)buffer,
					      .length = SPLIT * SECTOR };

		data_make(buffer, SPLIT * SECTOR, DATA, m);
		args.flags = KCOPYD_TEST_PREFLUSH;
		args.how |= KCOPYD_TEST_IN_FLIGHT;
		test_disk_reset(caller, "a", 0);
		test_disk_hold(caller, "a", 1U << KCOPYD_TEST_FLUSH);
		call_make(caller, &args);
		cr_assert_eq(args.ret, 0);
		test_disk_wait_held(caller, "a", 1);
		rig_sleep_ms(20);
		expect_arrived(caller, 0, 1);
		test_disk_release(caller, "a", 0);
		cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &end),
			     0);
		expect_success(&end);
		data_expect(DISK, 5 * SECTOR, SPLIT * SECTOR, DATA, m);
	}
	free(buffer);
	close(caller);
}

/* All kinds of memory, since there is nothing to be done with it. */
RIG_TEST(dm_io_extended, an_empty_flush_reaches_the_device)
{
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(0, 0);
	for (uint32_t m = 0; m <= KCOPYD_TEST_NO_MEMORY; m++)
		for (uint32_t i = 0; i < 4; i++) {
			bool none = m == KCOPYD_TEST_NO_MEMORY;
			struct kcopyd_test_io args =
				extended(i & 1, m, OP_WRITE, &region, 1, buffer,
					 none ? 0 : sizeof(buffer));

			args.flags = KCOPYD_TEST_PREFLUSH |
				     (i & 2 ? KCOPYD_TEST_FUA : 0);
			test_disk_reset(caller, "a", 0);
			make_and_expect_success(caller, &args);
			expect_arrived(caller, 0, 1);
		}
	data_expect_untouched(DISK, SEED);
	close(caller);
}

RIG_TEST(dm_io_extended, a_region_of_no_sectors_is_skipped)
{
	static const uint32_t flags[] = { 0, KCOPYD_TEST_FUA, HINTS };
	struct kcopyd_test_region region;
	char buffer[4 * KIB] = {};
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(8, 0);
	for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++)
		for (unsigned int i = 0; i < ARRAY_SIZE(takes) * KINDS * 2;
		     i++) {
			const uint32_t op = takes[i / KINDS / 2].op;
			struct kcopyd_test_io args =
				has_data(op) ?
					extended(i & 1, i / 2 % KINDS, op,
						 &region, 1, buffer,
						 sizeof(buffer)) :
					without_data(i & 1, op, &region, 1);

			args.flags = flags[f] & takes[i / KINDS / 2].flags;
			make_and_expect_success(caller, &args);
		}
	expect_not_touched(caller);
	close(caller);
}

/* Empty flushes beside a write, and one where no cache is. */
RIG_TEST(dm_io_extended, empty_flushes_go_along_with_writes)
{
	struct kcopyd_test_region regions[5];
	char buffer[4 * KIB];
	int caller = call_open(), on = 1, off = 0;

	disk_create(caller, (struct test_disk_options){ ABLE });
	test_disk_create(caller, "b",
			 (struct test_disk_options){ .write_cache = true });
	test_disk_create(caller, "c", (struct test_disk_options){});
	test_disk_create(caller, "ro",
			 (struct test_disk_options){ .write_cache = true });
	regions[0] = caller_region("/dev/kt-b", 0, 0);
	regions[1] = disk_region(8, 8);
	regions[2] = caller_region("/dev/kt-b", 100, 0);
	regions[3] = caller_region("/dev/kt-c", 0, 0);
	regions[4] = caller_region("/dev/kt-ro", 0, 0);
	cr_assert_eq(ioctl(regions[4].fd, BLKROSET, &on), 0, "%m");
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		struct kcopyd_test_io args = extended(m & 1, m / 2, OP_WRITE,
						      regions, 5, buffer,
						      sizeof(buffer));
		uint64_t flushes;

		data_make(buffer, sizeof(buffer), DATA, m);
		test_disk_reset(caller, "a", 0);
		test_disk_reset(caller, "b", 0);
		test_disk_reset(caller, "ro", 0);
		args.flags = KCOPYD_TEST_PREFLUSH;
		make_and_expect_success(caller, &args);
		expect_arrived(caller, 1, 1);
		/* Two that wait at a time may become one. */
		flushes = test_disk_stats(caller, "b")
				  .ops[KCOPYD_TEST_FLUSH]
				  .requests;
		cr_assert(flushes == 1 || flushes == 2, "%lu", flushes);
		cr_assert_eq(test_disk_stats(caller, "ro")
				     .ops[KCOPYD_TEST_FLUSH]
				     .requests,
			     1);
		data_expect(DISK, 4 * KIB, 4 * KIB, DATA, m);
	}
	cr_assert_eq(ioctl(regions[4].fd, BLKROSET, &off), 0, "%m");
	close(caller);
}

RIG_TEST(dm_io_extended, a_flush_that_fails_has_its_bit)
{
	struct kcopyd_test_region regions[2];
	char buffer[4 * KIB] = {};
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	test_disk_create(caller, "b",
			 (struct test_disk_options){ .write_cache = true });
	test_disk_fault(caller, "b",
			(struct kcopyd_test_disk_fault){
				.ops = 1U << KCOPYD_TEST_FLUSH, .error = EIO });
	regions[0] = disk_region(8, 8);
	regions[1] = caller_region("/dev/kt-b", 0, 0);
	for (uint32_t i = 0; i < 4; i++) {
		struct kcopyd_test_io args = extended(i & 1, KCOPYD_TEST_KMEM,
						      OP_WRITE, regions, 2,
						      buffer, sizeof(buffer));

		/* Empty, or before a write, which is not done then. */
		regions[1].count = i & 2 ? 8 : 0;
		args.flags = KCOPYD_TEST_PREFLUSH;
		call_make(caller, &args);
		expect_outcome(&args, &(struct outcome){
					      .failed = 0x2,
					      .errors = { 0, -EIO },
				      });
	}
	close(caller);
}

/* With FUA in the disk, and with flushes instead. */
RIG_TEST(dm_io_extended, what_is_written_with_fua_survives_a_power_cut)
{
	char *buffer = malloc(SPLIT * SECTOR);
	int caller = call_open();

	data_make(buffer, SPLIT * SECTOR, DATA, 0);
	for (uint32_t i = 0; i < KINDS * 4; i++) {
		struct kcopyd_test_region region;
		struct kcopyd_test_io args;

		disk_create(caller,
			    (struct test_disk_options){ .max_sectors = 8,
							.write_cache = true,
							.fua = i & 1 });
		region = disk_region(5, SPLIT);
		args = extended(i >> 1 & 1, i / 4, OP_WRITE, &region, 1, buffer,
				SPLIT * SECTOR);
		args.flags = KCOPYD_TEST_FUA | KCOPYD_TEST_PREFLUSH;
		make_and_expect_success(caller, &args);
		cr_assert_eq(test_disk_stats(caller, "a").unflushed, 0);
		/* And not without, until there is a flush. */
		args.flags = 0;
		make_and_expect_success(caller, &args);
		cr_assert_gt(test_disk_stats(caller, "a").unflushed, 0);
		region.count = 0;
		args.flags = KCOPYD_TEST_PREFLUSH;
		make_and_expect_success(caller, &args);
		cr_assert_eq(test_disk_stats(caller, "a").unflushed, 0);
		close(region.fd);
		test_disk_destroy(caller, "a");
	}
	free(buffer);
	close(caller);
}

/* ---- discard and zeroes -------------------------------------------------- */

/* What a disk makes of that, in its own words. */
static uint8_t extent_byte(uint32_t op)
{
	return op == KCOPYD_TEST_DISCARD ? KCOPYD_TEST_DISK_DISCARDED : 0;
}

static void expect_bytes(const char *path, uint64_t offset, uint64_t length,
			 uint8_t byte)
{
	int fd = device_open(path, O_RDONLY | O_DIRECT);
	uint8_t *buffer = aligned_alloc(4096, length);

	cr_assert_not_null(buffer);
	cr_assert_eq(pread(fd, buffer, length, offset), (ssize_t)length, "%m");
	for (uint64_t at = 0; at < length; at++)
		cr_assert_eq(buffer[at], byte, "%s: byte %lu is %#x, not %#x",
			     path, offset + at, buffer[at], byte);
	free(buffer);
	close(fd);
}

static const uint32_t extents[] = { KCOPYD_TEST_DISCARD,
				    KCOPYD_TEST_WRITE_ZEROES };

RIG_TEST(dm_io_extended, discard_and_zeroes_need_no_data)
{
	struct kcopyd_test_region regions[4];
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	test_disk_create(caller, "b", (struct test_disk_options){ ABLE });
	regions[0] = disk_region(64, 1);
	regions[1] = caller_region("/dev/kt-b", 0, SPLIT);
	regions[2] = disk_region(70, 0);
	regions[3] = disk_region(81, SPLIT);
	for (unsigned int i = 0; i < 4; i++) {
		const uint32_t op = extents[i / 2];
		const uint8_t byte = extent_byte(op);
		struct kcopyd_test_io args =
			without_data(i & 1, op, regions, 4);
		const uint64_t end = 81 + SPLIT;

		data_fill(DISK, SEED);
		data_fill("/dev/kt-b", SEED);
		test_disk_reset(caller, "a", 0);
		make_and_expect_success(caller, &args);
		data_expect(DISK, 0, 64 * SECTOR, SEED, 0);
		expect_bytes(DISK, 64 * SECTOR, SECTOR, byte);
		data_expect(DISK, 65 * SECTOR, 16 * SECTOR, SEED, 65);
		expect_bytes(DISK, 81 * SECTOR, SPLIT * SECTOR, byte);
		data_expect(DISK, end * SECTOR, 64 * KIB, SEED, end);
		expect_bytes("/dev/kt-b", 0, SPLIT * SECTOR, byte);
		data_expect("/dev/kt-b", SPLIT * SECTOR, 64 * KIB, SEED, SPLIT);
		cr_assert_eq(arrived(caller, op).sectors, SPLIT + 1);
	}
	test_disk_expect_obeyed(caller, "a");
	test_disk_expect_obeyed(caller, "b");
	close(caller);
}

/* The others of the call are not the worse for it. */
RIG_TEST(dm_io_extended, what_a_device_can_not_is_unsupported)
{
	struct kcopyd_test_region regions[3];
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){});
	test_disk_create(caller, "b", (struct test_disk_options){ ABLE });
	regions[0] = caller_region("/dev/kt-b", 8, 8);
	regions[1] = disk_region(0, 8);
	regions[2] = caller_region("/dev/kt-b", 32, 100);
	for (unsigned int i = 0; i < 4; i++) {
		const uint32_t op = extents[i / 2];
		struct kcopyd_test_io args =
			without_data(i & 1, op, regions, 3);

		data_fill("/dev/kt-b", SEED);
		call_make(caller, &args);
		expect_outcome(&args, &(struct outcome){
					      .failed = 0x2,
					      .unsupported = 0x2,
					      .errors = { 0, -EOPNOTSUPP },
				      });
		expect_bytes("/dev/kt-b", 4 * KIB, 4 * KIB, extent_byte(op));
		data_expect("/dev/kt-b", 8 * KIB, 8 * KIB, SEED, 16);
		expect_bytes("/dev/kt-b", 16 * KIB, 100 * SECTOR,
			     extent_byte(op));
	}
	expect_not_touched(caller);
	close(caller);
}

/* Of a disk that offers what it then fails to do. */
static const struct {
	uint32_t error;
	uint32_t flags;
	bool unsupported;
} refusals[] = {
	{ EREMOTEIO, KCOPYD_TEST_DISK_NO_MORE, true },
	{ EIO, KCOPYD_TEST_DISK_NO_MORE, true },
	{ EOPNOTSUPP, 0, true },
	{ EREMOTEIO, 0, false },
	{ EIO, 0, false },
};

/*
 * Once, in the middle. Where it is for good the region is one request: of what
 * is left of a bio that is being split the block layer makes one that is too
 * long, and its errno is another.
 */
static void expect_refusal(int caller, uint32_t op, uint32_t async,
			   unsigned int refusal)
{
	const bool for_good = refusals[refusal].flags;
	const int error = refusals[refusal].error;
	const uint64_t count = for_good ? 8 : SPLIT;
	struct kcopyd_test_region regions[3] = {
		caller_region("/dev/kt-b", 0, 8),
		disk_region(496, count),
		caller_region("/dev/kt-b", 8, 8),
	};
	struct kcopyd_test_io args = without_data(async, op, regions, 3);
	struct outcome outcome = {
		.failed = 0x2,
		.unsupported = refusals[refusal].unsupported ? 0x2 : 0,
		.errors = { 0, -error },
	};

	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){
				.ops = 1U << op,
				.error = error,
				.first = 500,
				.count = 1,
				.times = 1,
				.flags = refusals[refusal].flags });
	data_fill("/dev/kt-b", SEED);
	call_make(caller, &args);
	expect_outcome(&args, &outcome);
	data_expect(DISK, 500 * SECTOR, SECTOR, SEED, 500);
	expect_bytes("/dev/kt-b", 0, 8 * KIB, extent_byte(op));
	data_expect("/dev/kt-b", 8 * KIB, 8 * KIB, SEED, 16);

	/* And again: it is known by now, or was a passing trouble. */
	test_disk_reset(caller, "a", 0);
	call_make(caller, &args);
	if (for_good) {
		outcome.errors[1] = -EOPNOTSUPP;
		expect_outcome(&args, &outcome);
		expect_not_touched(caller);
	} else {
		expect_success(&args);
		expect_bytes(DISK, 496 * SECTOR, count * SECTOR,
			     extent_byte(op));
	}
	for (unsigned int r = 0; r < 3; r++)
		close(regions[r].fd);
}

RIG_TEST(dm_io_extended, what_a_device_refuses_when_asked_is_unsupported)
{
	int caller = call_open();

	test_disk_create(caller, "b", (struct test_disk_options){ ABLE });
	for (unsigned int i = 0; i < 4 * ARRAY_SIZE(refusals); i++) {
		disk_create(caller, (struct test_disk_options){ ABLE });
		expect_refusal(caller, extents[i & 1], i >> 1 & 1, i / 4);
		test_disk_destroy(caller, "a");
	}
	close(caller);
}

/*
 * More than 32 bits of bytes, and than a bio has. Data are where bios meet, at
 * both ends, and around the region. (A file in memory has
 * room for that, and its discarded bytes are zeroes.)
 */
static void expect_gigabytes_are_zeroed(uint32_t op)
{
	const uint64_t start = 3 * MIB, length = 9000 * MIB;
	const uint64_t end = start + length, bio = 4095 * MIB;
	const uint64_t inside[] = { start,
				    start + bio - 64 * KIB,
				    start + bio,
				    start + 4096 * MIB,
				    start + 2 * bio - 64 * KIB,
				    start + 2 * bio,
				    end - 64 * KIB };
	const uint64_t outside[] = { start - 64 * KIB, end };
	const char *path = loop_create(9008);
	struct kcopyd_test_region region =
		caller_region(path, start / SECTOR, length / SECTOR);
	int caller = call_open();

	for (uint32_t async = 0; async < 2; async++) {
		struct kcopyd_test_io args =
			without_data(async, op, &region, 1);

		for (unsigned int i = 0; i < ARRAY_SIZE(inside); i++)
			data_fill_range(path, inside[i], 64 * KIB, SEED, i);
		for (unsigned int i = 0; i < ARRAY_SIZE(outside); i++)
			data_fill_range(path, outside[i], 64 * KIB, SEED, i);
		make_and_expect_success(caller, &args);
		for (unsigned int i = 0; i < ARRAY_SIZE(inside); i++)
			expect_bytes(path, inside[i], 64 * KIB, 0);
		for (unsigned int i = 0; i < ARRAY_SIZE(outside); i++)
			data_expect(path, outside[i], 64 * KIB, SEED, i);
	}
	close(caller);
}

RIG_TEST(dm_io_extended, gigabytes_are_discarded)
{
	expect_gigabytes_are_zeroed(KCOPYD_TEST_DISCARD);
}

RIG_TEST(dm_io_extended, gigabytes_are_zeroed)
{
	expect_gigabytes_are_zeroed(KCOPYD_TEST_WRITE_ZEROES);
}

/* ---- what became of each region ------------------------------------------ */

/* Of a write: what is gone, what is too small, and so on. */
RIG_TEST(dm_io_extended, every_region_has_its_own_errno)
{
	enum { LENGTH = 64 << 10 };
	struct kcopyd_test_region regions[7];
	char *data = malloc(LENGTH);
	int caller = call_open(), on = 1, off = 0;

	disk_create(caller, (struct test_disk_options){});
	call_device("good");
	call_device("ro");
	test_disk_create(caller, "gone", (struct test_disk_options){});
	regions[0] = caller_region("/dev/kt-ro", 8, LENGTH / SECTOR);
	regions[1] = disk_region(4 * MIB / SECTOR - 127, LENGTH / SECTOR);
	regions[2] = caller_region("/dev/kt-good", 8, LENGTH / SECTOR);
	regions[3] = disk_region(1024, LENGTH / SECTOR);
	regions[4] = caller_region("/dev/kt-gone", 8, LENGTH / SECTOR);
	regions[5] = disk_region(1ULL << 50, LENGTH / SECTOR);
	regions[6] = caller_region("/dev/kt-good", MIB / SECTOR,
				   LENGTH / SECTOR / 2);
	cr_assert_eq(ioctl(regions[0].fd, BLKROSET, &on), 0, "%m");
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){ .ops = 1U << OP_WRITE,
							 .error = EILSEQ });
	test_disk_gone(caller, "gone");
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		struct kcopyd_test_io args = extended(m & 1, m / 2, OP_WRITE,
						      regions, 7, data, LENGTH);

		data_make(data, LENGTH, DATA, m);
		call_make(caller, &args);
		expect_outcome(&args,
			       &(struct outcome){
				       .failed = 0x3b,
				       .errors = { -EROFS, -ENOSPC, 0, -EILSEQ,
						   -ENODEV, -ENOSPC },
			       });
		data_expect("/dev/kt-good", 0, 4 * KIB, SEED, 0);
		data_expect("/dev/kt-good", 4 * KIB, LENGTH, DATA, m);
		data_expect("/dev/kt-good", MIB, LENGTH / 2, DATA, m);
		data_expect("/dev/kt-good", MIB + LENGTH / 2, MIB, SEED,
			    (MIB + LENGTH / 2) / SECTOR);
	}
	data_expect_untouched(DISK, SEED);
	data_expect_untouched("/dev/kt-ro", SEED);
	cr_assert_eq(ioctl(regions[0].fd, BLKROSET, &off), 0, "%m");
	free(data);
	close(caller);
}

RIG_TEST(dm_io_extended, every_region_has_its_own_errno_without_data_too)
{
	struct kcopyd_test_region regions[6];
	int caller = call_open(), on = 1, off = 0;

	disk_create(caller, (struct test_disk_options){ ABLE });
	test_disk_create(caller, "ro", (struct test_disk_options){ ABLE });
	test_disk_create(caller, "gone", (struct test_disk_options){ ABLE });
	call_device("b");
	regions[0] = disk_region(4 * MIB / SECTOR - 8, 16);
	regions[1] = caller_region("/dev/kt-ro", 8, 8);
	regions[2] = disk_region(16, 8);
	regions[3] = caller_region("/dev/kt-gone", 0, 8);
	regions[4] = caller_region("/dev/kt-b", 0, 8);
	regions[5] = disk_region(1024, 8);
	cr_assert_eq(ioctl(regions[1].fd, BLKROSET, &on), 0, "%m");
	test_disk_gone(caller, "gone");
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){
				.error = ENODATA, .first = 1024, .count = 8 });
	for (unsigned int i = 0; i < 4; i++) {
		const uint32_t op = extents[i / 2];
		struct kcopyd_test_io args =
			without_data(i & 1, op, regions, 6);

		data_fill_range(DISK, 0, 64 * KIB, SEED, 0);
		call_make(caller, &args);
		expect_outcome(&args,
			       &(struct outcome){
				       .failed = 0x3b,
				       .unsupported = 0x10,
				       .errors = { -ENOSPC, -EROFS, 0, -ENODEV,
						   -EOPNOTSUPP, -ENODATA },
			       });
		data_expect(DISK, 0, 8 * KIB, SEED, 0);
		expect_bytes(DISK, 8 * KIB, 4 * KIB, extent_byte(op));
		data_expect(DISK, 12 * KIB, 500 * KIB, SEED, 24);
	}
	data_expect_untouched("/dev/kt-b", SEED);
	cr_assert_eq(ioctl(regions[1].fd, BLKROSET, &off), 0, "%m");
	close(caller);
}

RIG_TEST(dm_io_extended, all_sixty_four_bits_are_told_apart)
{
	static const unsigned int bad[] = { 0, 31, 32, 33, 63 };
	struct kcopyd_test_region regions[64];
	struct outcome outcome = {};
	char buffer[4 * KIB];
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){});
	for (unsigned int r = 0; r < 64; r++)
		regions[r] = disk_region(r * 16, 8);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		test_disk_bad(caller, "a", 1U << OP_WRITE, bad[i] * 16, 1);
		outcome.failed |= 1ULL << bad[i];
		outcome.errors[bad[i]] = -EIO;
	}
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		struct kcopyd_test_io args = extended(m & 1, m / 2, OP_WRITE,
						      regions, 64, buffer,
						      sizeof(buffer));

		data_make(buffer, sizeof(buffer), DATA, m);
		call_make(caller, &args);
		expect_outcome(&args, &outcome);
		for (unsigned int r = 0; r < 64; r++)
			if (outcome.errors[r])
				data_expect(DISK, r * 8 * KIB, 4 * KIB, SEED,
					    r * 16);
			else
				data_expect(DISK, r * 8 * KIB, 4 * KIB, DATA,
					    m);
	}
	close(caller);
}

/* For every operation; one of them means that it can't. */
RIG_TEST(dm_io_extended, the_errno_is_what_the_device_said)
{
	static const int errors[] = { EIO,     ENOSPC, ENODATA,	  EREMOTEIO,
				      ENOLINK, EILSEQ, ENODEV,	  ETIMEDOUT,
				      EBADE,   ENOMEM, EOPNOTSUPP };
	struct kcopyd_test_region region;
	char *buffer = malloc(SPLIT * SECTOR);
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	region = disk_region(5, SPLIT);
	for (unsigned int i = 0; i < ARRAY_SIZE(errors) * 8; i++) {
		const int error = errors[i / 8];
		struct kcopyd_test_io args =
			split_call(takes[i / 2 % 4].op, i, &region, buffer);

		test_disk_fault(caller, "a",
				(struct kcopyd_test_disk_fault){ .error = error,
								 .first = 500,
								 .count = 1 });
		call_make(caller, &args);
		expect_outcome(&args,
			       &(struct outcome){
				       .failed = 0x1,
				       .unsupported = error == EOPNOTSUPP,
				       .errors = { -error },
			       });
		test_disk_clear_faults(caller, "a");
	}
	free(buffer);
	close(caller);
}

/* Whatever the order is in which bios end. */
RIG_TEST(dm_io_extended, the_first_errno_of_a_region_stays)
{
	struct kcopyd_test_region regions[2];
	char *buffer = malloc(SPLIT * SECTOR);
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){ ABLE });
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){ .ops = 1U << OP_WRITE |
								1U << OP_READ,
							 .error = ENODATA,
							 .first = 100,
							 .count = 1 });
	test_disk_fault(caller, "a",
			(struct kcopyd_test_disk_fault){ .ops = 1U << OP_WRITE |
								1U << OP_READ,
							 .error = EILSEQ,
							 .first = 900,
							 .count = 1 });
	regions[0] = disk_region(5, SPLIT);
	regions[1] = disk_region(2048, 8);
	for (unsigned int i = 0; i < KINDS * 4; i++) {
		const bool newest = i & 1;
		const uint32_t op = i >> 1 & 1;
		struct kcopyd_test_io end = { .buffer = (uintptr_t)buffer,
					      .length = SPLIT * SECTOR };
		struct kcopyd_test_io args = extended(1, i / 4, op, regions,
						      op == OP_WRITE ? 2 : 1,
						      buffer, SPLIT * SECTOR);
		unsigned int held;

		args.how |= KCOPYD_TEST_IN_FLIGHT;
		test_disk_hold(caller, "a", 1U << op);
		call_make(caller, &args);
		cr_assert_eq(args.ret, 0);
		held = test_disk_stats(caller, "a").held;
		cr_assert_gt(held, 100);
		test_disk_release_some(caller, "a", held, newest, 0);
		cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_IO_FINISH, &end),
			     0);
		expect_outcome(
			&end, &(struct outcome){
				      .failed = 0x1,
				      .errors = { newest ? -EILSEQ : -ENODATA },
			      });
		test_disk_release(caller, "a", 0);
	}
	free(buffer);
	close(caller);
}

/* ---- one of many bios ---------------------------------------------------- */

/* Bad sectors, and what a request has, so that one bio has them all. */
enum { BAD = 3001, BAD_COUNT = 5, REQUEST = 64 };

static void broken_disk_create(int caller, uint32_t op)
{
	disk_create(caller, (struct test_disk_options){ .max_sectors = REQUEST,
							.no_merges = true });
	test_disk_bad(caller, "a", 1U << op, BAD, BAD_COUNT);
}

RIG_TEST(dm_io_extended, one_failed_bio_of_many_fails_its_region_only)
{
	const uint64_t length = 2 * MIB, behind = BAD + BAD_COUNT + REQUEST;
	struct kcopyd_test_region regions[3];
	char *data = malloc(length);
	int caller = call_open();

	broken_disk_create(caller, OP_WRITE);
	call_device("b");
	call_device("c");
	regions[0] = caller_region("/dev/kt-b", 8, length / SECTOR);
	regions[1] = disk_region(0, length / SECTOR);
	regions[2] = caller_region("/dev/kt-c", 0, length / SECTOR);
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		struct kcopyd_test_io args = extended(m & 1, m / 2, OP_WRITE,
						      regions, 3, data, length);

		data_make(data, length, DATA, m);
		test_disk_reset(caller, "a", 0);
		args.offset = m & 1 ? 512 : 0;
		call_make(caller, &args);
		expect_outcome(&args, &(struct outcome){
					      .failed = 0x2,
					      .errors = { 0, -EIO },
				      });
		data_expect("/dev/kt-b", 4 * KIB, length, DATA, m);
		data_expect("/dev/kt-c", 0, length, DATA, m);
		/* All of its bios but one are written. */
		cr_assert_leq(arrived(caller, OP_WRITE).failed, 2);
		data_expect(DISK, 0, (BAD - REQUEST) * SECTOR, DATA, m);
		data_expect(DISK, BAD * SECTOR, BAD_COUNT * SECTOR, SEED, BAD);
		data_expect(DISK, behind * SECTOR, length - behind * SECTOR,
			    DATA, m + behind);
	}
	free(data);
	close(caller);
}

/* Sectors that were zeroed; all others are as they should be. */
static unsigned int count_zeroed(const char *buffer, const char *expected,
				 unsigned int sectors, unsigned int *first)
{
	unsigned int zeroed = 0;

	*first = 0;
	for (unsigned int i = 0; i < sectors; i++) {
		if (!memcmp(buffer + i * SECTOR, expected + i * SECTOR, SECTOR))
			continue;
		expect_zeroed(buffer + i * SECTOR, SECTOR, "a failed read");
		if (!zeroed++)
			*first = i;
	}
	return zeroed;
}

/* In one piece, which is that bio. */
RIG_TEST(dm_io_extended, a_failed_read_leaves_zeroes_and_the_rest_is_good)
{
	const unsigned int sectors = 2 * MIB / SECTOR, start = 3;
	const uint64_t length = sectors * SECTOR;
	char *buffer = malloc(length), *expected = malloc(length);
	struct kcopyd_test_region region;
	int caller = call_open();

	broken_disk_create(caller, OP_READ);
	region = disk_region(start, sectors);
	data_make(expected, length, SEED, start);
	for (uint32_t i = 0; i < KINDS * 6; i++) {
		const unsigned int shape = i % 3;
		struct kcopyd_test_io args = extended(
			i / 3 & 1, i / 6, OP_READ, &region, 1, buffer, length);
		unsigned int zeroed, first = 0;

		args.offset = shape * 512;
		args.pieces = shape ? 3584 : 0;
		args.unit = shape == 2 ? 512 : 0;
		args.seed = i;
		args.how |= shape == 1 ? KCOPYD_TEST_CONTIGUOUS : 0;
		memset(buffer, 0xee, length);
		call_make(caller, &args);
		expect_outcome(&args, &(struct outcome){
					      .failed = 0x1,
					      .errors = { -EIO },
				      });
		zeroed = count_zeroed(buffer, expected, sectors, &first);
		cr_assert_geq(zeroed, BAD_COUNT);
		cr_assert_leq(zeroed, 2 * REQUEST, "%u", zeroed);
		cr_assert_leq(first, BAD - start);
		expect_zeroed(buffer + first * SECTOR, zeroed * SECTOR,
			      kinds[args.memory]);
	}
	free(buffer);
	free(expected);
	close(caller);
}

/* A bio that no device gets to see. */
RIG_TEST(dm_io_extended, a_refused_read_is_zeroes_all_over)
{
	const uint64_t length = MIB + 3 * SECTOR;
	struct kcopyd_test_region behind, gone;
	char *buffer = malloc(length);
	int caller = call_open();

	disk_create(caller, (struct test_disk_options){});
	test_disk_create(caller, "gone", (struct test_disk_options){});
	behind = disk_region((4 * MIB - length) / SECTOR + 1, length / SECTOR);
	gone = caller_region("/dev/kt-gone", 0, length / SECTOR);
	test_disk_gone(caller, "gone");
	for (uint32_t i = 0; i < KINDS * 4; i++) {
		struct kcopyd_test_io args = extended(i & 1, i / 4, OP_READ,
						      i & 2 ? &gone : &behind,
						      1, buffer, length);

		args.offset = i & 1 ? 1024 : 0;
		memset(buffer, 0xee, length);
		call_make(caller, &args);
		expect_outcome(&args,
			       &(struct outcome){
				       .failed = 0x1,
				       .errors = { i & 2 ? -ENODEV : -ENOSPC },
			       });
		expect_zeroed(buffer, length, kinds[args.memory]);
	}
	expect_arrived(caller, 0, 0);
	free(buffer);
	close(caller);
}

RIG_TEST(dm_io_extended, what_is_read_only_can_be_read)
{
	struct kcopyd_test_region region;
	char buffer[4 * KIB], expected[4 * KIB];
	int caller = call_open(), on = 1, off = 0;

	call_device("a");
	region = caller_region("/dev/kt-a", 0, 8);
	data_make(expected, sizeof(expected), SEED, 0);
	cr_assert_eq(ioctl(region.fd, BLKROSET, &on), 0, "%m");
	for (uint32_t m = 0; m < KINDS * 2; m++) {
		struct kcopyd_test_io args = extended(m & 1, m / 2, OP_READ,
						      &region, 1, buffer,
						      sizeof(buffer));

		memset(buffer, 0xee, sizeof(buffer));
		make_and_expect_success(caller, &args);
		cr_assert_eq(memcmp(buffer, expected, sizeof(buffer)), 0);
	}
	cr_assert_eq(ioctl(region.fd, BLKROSET, &off), 0, "%m");
	close(caller);
}
