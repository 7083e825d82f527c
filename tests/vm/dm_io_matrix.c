// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dm-io puts every byte where it belongs: all calls, kinds and shapes of
 * memory, lengths, numbers of regions.
 */
#include "call.h"

TestSuite(dm_io_matrix, RIG_SUITE);

#define LONGEST (2 * MIB)
/* Not touched by a call, on either side of its regions. */
#define MARGIN (64 * KIB)
/* Where one region starts, in blocks: no multiple of anything. */
#define FIRST 37

/* Ascending, so that what is behind a region was in none before. */
static const uint64_t lengths[] = { SECTOR,   4 * KIB,	    4 * KIB + SECTOR,
				    64 * KIB, MIB - SECTOR, LONGEST };

/* ---- shapes of memory ---------------------------------------------------- */

static const uint32_t offsets[] = { 0, 512, 2048, 3584 };

/* Of bio_vecs: whole pages, a sector each, irregular. */
static const struct {
	uint32_t pieces;
	uint32_t unit;
} cuts[] = { { 0, 0 }, { 512, 0 }, { 4096, 512 } };

/* Neighbours or not, sync or async, and where in the page it starts. */
#define SHAPES (2 * 2 * ARRAY_SIZE(offsets))

static unsigned int shapes_of(uint32_t memory)
{
	return memory == KCOPYD_TEST_BVEC ? SHAPES * ARRAY_SIZE(cuts) : SHAPES;
}

/* Which of the six calls shape @n of a memory is for. */
static unsigned int shape_call(uint32_t memory, unsigned int n)
{
	return 2 * memory + (n >> 1 & 1);
}

static struct kcopyd_test_io shape_args(uint32_t memory, unsigned int n,
					uint32_t rw,
					struct kcopyd_test_region *regions,
					uint32_t nr, void *buffer,
					uint64_t length)
{
	struct kcopyd_test_io args = call_args(shape_call(memory, n), rw,
					       regions, nr, buffer, length);

	args.how = n & 1 ? KCOPYD_TEST_CONTIGUOUS : 0;
	args.offset = offsets[n >> 2 & 3];
	args.pieces = cuts[n / SHAPES].pieces;
	args.unit = cuts[n / SHAPES].unit;
	args.seed = n;
	return args;
}

/* ---- one region ---------------------------------------------------------- */

/* Sectors from 0 on, as many as any shape takes, and a copy of them. */
struct source {
	char *data;
	char *copy;
	size_t size;
};

static struct source source_make(uint64_t seed)
{
	struct source source = { .size = LONGEST + MIB };

	source.data = malloc(source.size);
	source.copy = malloc(source.size);
	cr_assert(source.data && source.copy);
	data_make(source.data, source.size, seed, 0);
	memcpy(source.copy, source.data, source.size);
	return source;
}

static void source_free(struct source *source)
{
	cr_assert_eq(memcmp(source->data, source->copy, source->size), 0,
		     "a write changed its buffer");
	free(source->data);
	free(source->copy);
}

/**
 * struct bench - a device, and what of the matrix is tried on it
 * @path: the device
 * @block: lengths are multiples of so many bytes
 * @nr_lengths: the shortest ones
 * @step: from shape to shape; others for each length
 */
struct bench {
	const char *path;
	uint64_t block;
	unsigned int nr_lengths;
	unsigned int step;
};

/* Each shape writes other data, so that what is old is seen. */
static void expect_written(const struct bench *bench, uint64_t length,
			   uint64_t data)
{
	const uint64_t at = FIRST * bench->block, end = at + length;

	data_expect(bench->path, 0, at, SEED, 0);
	data_expect(bench->path, at, length, DATA, data);
	data_expect(bench->path, end, MARGIN, SEED, end / SECTOR);
}

static void write_shapes(int caller, const struct bench *bench, uint32_t memory,
			 unsigned int l, struct source *source)
{
	struct kcopyd_test_region region =
		caller_region(bench->path, FIRST * bench->block / SECTOR,
			      lengths[l] / SECTOR);

	for (unsigned int n = l % bench->step; n < shapes_of(memory);
	     n += bench->step) {
		struct kcopyd_test_io args =
			shape_args(memory, n, OP_WRITE, &region, 1,
				   source->data + n * SECTOR, lengths[l]);

		call_make(caller, &args);
		call_expect_bits(&args, shape_call(memory, n), 0);
		expect_written(bench, lengths[l], n);
	}
	close(region.fd);
}

static void expect_writes_are_whole(const struct bench *bench, uint32_t memory)
{
	struct source source = source_make(DATA);
	int caller = call_open();

	data_fill(bench->path, SEED);
	for (unsigned int l = 0; l < bench->nr_lengths; l++)
		if (lengths[l] % bench->block == 0)
			write_shapes(caller, bench, memory, l, &source);
	source_free(&source);
	close(caller);
}

static void read_shapes(int caller, const struct bench *bench, uint32_t memory,
			unsigned int l, const struct source *expected)
{
	struct kcopyd_test_region region =
		caller_region(bench->path, 0, lengths[l] / SECTOR);
	char *buffer = malloc(lengths[l]);

	for (unsigned int n = l % bench->step; n < shapes_of(memory);
	     n += bench->step) {
		const uint64_t at = (FIRST + n) * bench->block;
		struct kcopyd_test_io args = shape_args(
			memory, n, OP_READ, &region, 1, buffer, lengths[l]);

		region.sector = at / SECTOR;
		memset(buffer, 0xee, lengths[l]);
		call_make(caller, &args);
		call_expect_bits(&args, shape_call(memory, n), 0);
		cr_assert_eq(memcmp(buffer, expected->data + at, lengths[l]), 0,
			     "%s, shape %u, %lu bytes",
			     call_name(shape_call(memory, n)), n, lengths[l]);
	}
	free(buffer);
	close(region.fd);
}

static void expect_reads_are_whole(const struct bench *bench, uint32_t memory)
{
	struct source expected = source_make(SEED);
	int caller = call_open();

	data_fill(bench->path, SEED);
	for (unsigned int l = 0; l < bench->nr_lengths; l++)
		if (lengths[l] % bench->block == 0)
			read_shapes(caller, bench, memory, l, &expected);
	data_expect_untouched(bench->path, SEED);
	source_free(&expected);
	close(caller);
}

/* All lengths. */
static struct bench plain_bench(void)
{
	return (struct bench){
		.path = null_create("a", (struct null_options){ .mib = 3 }),
		.block = SECTOR,
		.nr_lengths = ARRAY_SIZE(lengths),
		.step = rig_scaled(1, 3),
	};
}

RIG_TEST(dm_io_matrix, writes_of_page_lists_of_every_shape_are_whole)
{
	const struct bench bench = plain_bench();

	expect_writes_are_whole(&bench, KCOPYD_TEST_PAGE_LIST);
}

RIG_TEST(dm_io_matrix, writes_of_bio_vecs_of_every_shape_are_whole)
{
	const struct bench bench = plain_bench();

	expect_writes_are_whole(&bench, KCOPYD_TEST_BVEC);
}

RIG_TEST(dm_io_matrix, writes_of_mapped_memory_of_every_shape_are_whole)
{
	const struct bench bench = plain_bench();

	expect_writes_are_whole(&bench, KCOPYD_TEST_VM);
}

RIG_TEST(dm_io_matrix, reads_into_page_lists_of_every_shape_are_whole)
{
	const struct bench bench = plain_bench();

	expect_reads_are_whole(&bench, KCOPYD_TEST_PAGE_LIST);
}

RIG_TEST(dm_io_matrix, reads_into_bio_vecs_of_every_shape_are_whole)
{
	const struct bench bench = plain_bench();

	expect_reads_are_whole(&bench, KCOPYD_TEST_BVEC);
}

RIG_TEST(dm_io_matrix, reads_into_mapped_memory_of_every_shape_are_whole)
{
	const struct bench bench = plain_bench();

	expect_reads_are_whole(&bench, KCOPYD_TEST_VM);
}

/* Requests end at other places than pieces, pages and regions do. */
static struct bench tiny_bench(void)
{
	return (struct bench){
		.path = null_create("a",
				    (struct null_options){ .mib = 3,
							   .max_sectors = 9 }),
		.block = SECTOR,
		.nr_lengths = 4,
		.step = rig_scaled(1, 3),
	};
}

RIG_TEST(dm_io_matrix, writes_in_tiny_requests_are_whole)
{
	const struct bench bench = tiny_bench();

	for (uint32_t m = 0; m < CALLS / 2; m++)
		expect_writes_are_whole(&bench, m);
}

RIG_TEST(dm_io_matrix, reads_in_tiny_requests_are_whole)
{
	const struct bench bench = tiny_bench();

	for (uint32_t m = 0; m < CALLS / 2; m++)
		expect_reads_are_whole(&bench, m);
}

/* Pages, pieces and windows end inside blocks, requests don't. */
static struct bench large_block_bench(int caller)
{
	return (struct bench){
		.path = test_disk_create(
			caller, "a",
			(struct test_disk_options){ .block = 4096 }),
		.block = 4096,
		.nr_lengths = ARRAY_SIZE(lengths),
		.step = rig_scaled(3, 5),
	};
}

RIG_TEST(dm_io_matrix, writes_of_large_blocks_are_whole)
{
	int caller = caller_open();
	const struct bench bench = large_block_bench(caller);

	for (uint32_t m = 0; m < CALLS / 2; m++)
		expect_writes_are_whole(&bench, m);
	test_disk_expect_obeyed(caller, "a");
	close(caller);
}

RIG_TEST(dm_io_matrix, reads_of_large_blocks_are_whole)
{
	int caller = caller_open();
	const struct bench bench = large_block_bench(caller);

	for (uint32_t m = 0; m < CALLS / 2; m++)
		expect_reads_are_whole(&bench, m);
	test_disk_expect_obeyed(caller, "a");
	close(caller);
}

/* ---- several regions ----------------------------------------------------- */

#define MAX_DEVICES 4
#define MAX_REGIONS 64

/* Devices that are written to, and the regions of a call on them. */
struct field {
	unsigned int nr_devices;
	const char *path[MAX_DEVICES];
	int fd[MAX_DEVICES];
	uint64_t end[MAX_DEVICES];
	unsigned int nr_regions;
	struct kcopyd_test_region regions[MAX_REGIONS];
};

static void field_add_device(struct field *field, const char *path)
{
	field->path[field->nr_devices] = path;
	field->fd[field->nr_devices++] = device_open(path, O_RDWR);
}

static void field_create(struct field *field, unsigned int nr_devices,
			 unsigned int mib)
{
	memset(field, 0, sizeof(*field));
	for (unsigned int d = 0; d < nr_devices; d++) {
		const char name[] = { 'a' + d, 0 };

		field_add_device(
			field,
			null_create(name, (struct null_options){ .mib = mib }));
	}
}

static void field_destroy(struct field *field)
{
	for (unsigned int d = 0; d < field->nr_devices; d++) {
		const char name[] = { 'a' + d, 0 };

		close(field->fd[d]);
		null_destroy(name);
	}
}

/* Behind all others of that device, with a gap of so many sectors. */
static void field_add_region(struct field *field, unsigned int device,
			     uint64_t gap, uint64_t count)
{
	field->regions[field->nr_regions++] = (struct kcopyd_test_region){
		.fd = field->fd[device],
		.sector = field->end[device] + gap,
		.count = count,
	};
	field->end[device] += gap + count;
}

/* What no region has, in bytes. */
typedef void gap_fn(const char *path, uint64_t offset, uint64_t length,
		    uint64_t seed, uint64_t sector);

static void field_walk_gaps(const struct field *field, gap_fn *gap)
{
	for (unsigned int d = 0; d < field->nr_devices; d++) {
		uint64_t at = 0;

		for (unsigned int r = 0; r < field->nr_regions; r++) {
			const struct kcopyd_test_region *region =
				&field->regions[r];

			if (region->fd != field->fd[d] || !region->count)
				continue;
			gap(field->path[d], at * SECTOR,
			    (region->sector - at) * SECTOR, SEED, at);
			at = region->sector + region->count;
		}
		gap(field->path[d], at * SECTOR, MARGIN, SEED, at);
	}
}

/* Every region has the data, and what is between them is as it was. */
static void field_expect(const struct field *field, uint64_t data)
{
	field_walk_gaps(field, data_expect);
	for (unsigned int r = 0; r < field->nr_regions; r++) {
		const struct kcopyd_test_region *region = &field->regions[r];
		unsigned int d = 0;

		while (field->fd[d] != region->fd)
			d++;
		data_expect(field->path[d], region->sector * SECTOR,
			    region->count * SECTOR, DATA, data);
	}
}

/* Other data for each shape and form. */
static void field_write_shape(int caller, const struct field *field,
			      struct source *source, uint64_t length,
			      uint32_t memory, unsigned int n)
{
	struct kcopyd_test_io args = shape_args(
		memory, n, OP_WRITE,
		(struct kcopyd_test_region *)field->regions, field->nr_regions,
		source->data + n * SECTOR, length);

	call_make(caller, &args);
	call_expect_bits(&args, shape_call(memory, n), 0);
	field_expect(field, n);
}

/* Once with each of the six calls: all shapes come up as the field changes. */
static void field_write(const struct field *field, struct source *source,
			uint64_t length, unsigned int turn)
{
	int caller = call_open();

	field_walk_gaps(field, data_fill_range);
	for (uint32_t m = 0; m < CALLS / 2; m++) {
		unsigned int n = (7 * turn + 5 * m) % shapes_of(m);

		field_write_shape(caller, field, source, length, m, n);
		field_write_shape(caller, field, source, length, m, n ^ 2);
	}
	close(caller);
}

/* Alike in length, dealt out to the devices in turn. */
static void field_create_even(struct field *field, unsigned int nr,
			      unsigned int devices, uint64_t length)
{
	field_create(field, devices,
		     (nr / devices * (length + 8 * SECTOR) + MARGIN) / MIB + 1);
	for (unsigned int r = 0; r < nr; r++)
		field_add_region(field, r % devices, 1 + r % 7,
				 length / SECTOR);
}

static void expect_regions_are_whole(unsigned int nr, unsigned int devices,
				     unsigned int nr_lengths)
{
	struct source source = source_make(DATA);
	struct field field;

	for (unsigned int l = 0; l < nr_lengths; l++) {
		field_create_even(&field, nr, devices, lengths[l]);
		field_write(&field, &source, lengths[l], l);
		field_destroy(&field);
	}
	source_free(&source);
}

RIG_TEST(dm_io_matrix, writes_to_2_regions_of_one_device_are_whole)
{
	expect_regions_are_whole(2, 1, rig_scaled(6, 5));
}

RIG_TEST(dm_io_matrix, writes_to_2_devices_are_whole)
{
	expect_regions_are_whole(2, 2, rig_scaled(6, 5));
}

RIG_TEST(dm_io_matrix, writes_to_8_regions_of_one_device_are_whole)
{
	expect_regions_are_whole(8, 1, rig_scaled(5, 4));
}

RIG_TEST(dm_io_matrix, writes_to_8_regions_on_4_devices_are_whole)
{
	expect_regions_are_whole(8, 4, rig_scaled(6, 4));
}

RIG_TEST(dm_io_matrix, writes_to_64_regions_of_one_device_are_whole)
{
	expect_regions_are_whole(64, 1, rig_scaled(4, 3));
}

RIG_TEST(dm_io_matrix, writes_to_64_regions_on_4_devices_are_whole)
{
	expect_regions_are_whole(64, 4, rig_scaled(4, 3));
}

RIG_TEST(dm_io_matrix, writes_to_64_large_regions_are_whole)
{
	const uint64_t length = rig_scaled(1024, 256) * KIB - SECTOR;
	struct source source = source_make(DATA);
	int caller = call_open();
	struct field field;

	field_create_even(&field, 64, 4, length);
	field_walk_gaps(&field, data_fill_range);
	field_write_shape(caller, &field, &source, length,
			  KCOPYD_TEST_PAGE_LIST, 6);
	field_write_shape(caller, &field, &source, length, KCOPYD_TEST_BVEC,
			  40);
	source_free(&source);
	close(caller);
}

/* In sectors: long and short ones in every order, some with nothing to do. */
static uint64_t uneven(unsigned int r, uint64_t longest)
{
	const uint64_t counts[] = { longest / 2, 1,
				    longest,	 longest - 1,
				    0,		 longest - longest / 3,
				    longest,	 longest / 2 + 1 };

	return counts[r % ARRAY_SIZE(counts)];
}

static void expect_uneven_regions_are_whole(unsigned int nr,
					    unsigned int devices,
					    uint64_t longest)
{
	const uint64_t all = nr / devices * (longest + 8 * SECTOR) + MARGIN;
	struct source source = source_make(DATA);
	struct field field;

	field_create(&field, devices, all / MIB + 1);
	for (unsigned int r = 0; r < nr; r++)
		field_add_region(&field, r * 3 % devices, 1 + r % 5,
				 uneven(r, longest / SECTOR));
	field_write(&field, &source, longest, nr);
	field_destroy(&field);
	source_free(&source);
}

RIG_TEST(dm_io_matrix, a_shorter_region_gets_the_start_of_the_data)
{
	expect_uneven_regions_are_whole(8, 1, 4 * KIB + SECTOR);
	expect_uneven_regions_are_whole(8, 4, 64 * KIB);
	expect_uneven_regions_are_whole(8, 2, rig_scaled(2, 1) * MIB);
	expect_uneven_regions_are_whole(64, 4, 128 * KIB);
}

/* The longest may be any of them. */
RIG_TEST(dm_io_matrix, the_longest_region_may_be_the_first_or_the_last)
{
	struct source source = source_make(DATA);
	const uint64_t longest = MIB + 4 * KIB;
	struct field field;

	for (unsigned int which = 0; which < 3; which++) {
		field_create(&field, 2, 6);
		for (unsigned int r = 0; r < 3; r++)
			field_add_region(&field, r % 2, 3,
					 r == which ? longest / SECTOR :
						      1 + 16 * r);
		field_write(&field, &source, longest, which);
		field_destroy(&field);
	}
	source_free(&source);
}

/* A buffer may be longer than all of them, and its rest goes nowhere. */
RIG_TEST(dm_io_matrix, the_rest_of_a_long_buffer_is_left_out)
{
	struct source source = source_make(DATA);
	struct field field;

	field_create(&field, 2, 3);
	field_add_region(&field, 0, 3, 9);
	field_add_region(&field, 1, 1, 2 * 130);
	field_add_region(&field, 0, 2, 2 * 64);
	field_write(&field, &source, MIB, 1);
	field_destroy(&field);
	source_free(&source);
}

/* ---- devices that differ ------------------------------------------------- */

RIG_TEST(dm_io_matrix, devices_of_different_request_sizes_get_the_same_data)
{
	static const unsigned int max_sectors[MAX_DEVICES] = { 0, 8, 9, 64 };
	struct source source = source_make(DATA);
	struct field field = {};

	for (unsigned int d = 0; d < MAX_DEVICES; d++) {
		const char name[] = { 'a' + d, 0 };

		field_add_device(
			&field,
			null_create(name,
				    (struct null_options){
					    .mib = 4,
					    .max_sectors = max_sectors[d] }));
	}
	for (unsigned int r = 0; r < 8; r++)
		field_add_region(&field, r % MAX_DEVICES, 1 + r,
				 (r < 4 ? MIB : 64 * KIB) / SECTOR - r);
	field_write(&field, &source, MIB, 3);
	source_free(&source);
}

/*
 * A disk of 4096-byte blocks beside one of 512: whatever is cut for one of them
 * is cut for both.
 */
static void expect_mixed_blocks_are_whole(uint64_t large, uint64_t small)
{
	struct source source = source_make(DATA);
	struct field field = {};
	int caller = caller_open();

	field_add_device(&field, test_disk_create(caller, "a",
						  (struct test_disk_options){
							  .block = 4096 }));
	field_add_device(&field,
			 null_create("b", (struct null_options){ .mib = 6 }));
	field_add_region(&field, 1, 3, small / SECTOR);
	field_add_region(&field, 0, 8, large / SECTOR);
	field_add_region(&field, 1, 5, small / SECTOR);
	for (unsigned int turn = 0; turn < 6; turn += 5)
		field_write(&field, &source, large > small ? large : small,
			    turn);
	test_disk_expect_obeyed(caller, "a");
	source_free(&source);
	close(caller);
}

RIG_TEST(dm_io_matrix, large_and_small_blocks_get_the_same_data)
{
	expect_mixed_blocks_are_whole(MIB + 8 * KIB, MIB + 8 * KIB);
}

RIG_TEST(dm_io_matrix, large_blocks_may_be_more_than_small_ones)
{
	expect_mixed_blocks_are_whole(MIB + 64 * KIB, MIB + SECTOR);
}

RIG_TEST(dm_io_matrix, small_blocks_may_be_more_than_large_ones)
{
	expect_mixed_blocks_are_whole(64 * KIB, 64 * KIB + SECTOR);
}

RIG_TEST(dm_io_matrix, many_small_blocks_may_be_more_than_large_ones)
{
	expect_mixed_blocks_are_whole(MIB, MIB + 12 * KIB + SECTOR);
}

RIG_TEST(dm_io_matrix, less_than_a_large_block_may_go_to_small_ones)
{
	expect_mixed_blocks_are_whole(0, SECTOR);
}
