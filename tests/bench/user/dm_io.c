// SPDX-License-Identifier: GPL-2.0-or-later
/* dm-io: one call at a time, ours beside the in-tree dm_io(). */
#include <json-c/json.h>
#include <stdio.h>

#include "../kcopyd_bench.h"
#include "bench.h"
#include "copy.h"
#include "devices.h"

/* Reads come from the first device, writes go to the others. */
#define NR_DEVICES (1 + KCOPYD_BENCH_MAX_REGIONS)

/**
 * struct block - rows that belong together: a size, and how its pages lie
 * @size: for the table
 * @pages: how they lie, for the table
 * @bytes: of each region
 * @contiguous: the pages are neighbours in memory
 * @calls: of a round
 * @targets: by memory, 0 = none
 */
struct block {
	const char *size;
	const char *pages;
	unsigned int bytes;
	bool contiguous;
	unsigned int calls;
	double targets[3];
};

static const struct block blocks[] = {
	{ "4 KiB", "one", 4 << 10, false, 512, { 0.95, 0.95, 0.95 } },
	{ "64 KiB", "scattered", 64 << 10, false, 128, {} },
	{ "1 MiB", "scattered", 1 << 20, false, 32, { 0.60, 0.60, 0.75 } },
	{ "1 MiB", "contiguous", 1 << 20, true, 32, {} },
};

static const char *const memories[] = {
	[KCOPYD_BENCH_PAGE_LIST] = "list",
	[KCOPYD_BENCH_BVEC] = "bvec",
	[KCOPYD_BENCH_VM] = "vm",
};

/* What is done to the devices. */
static const struct {
	bool write;
	unsigned int regions;
} ops[] = { { false, 1 }, { true, 1 }, { true, 4 } };

#define NR_OPS ARRAY_SIZE(ops)
#define NR_IN_BLOCK (ARRAY_SIZE(memories) * 2 * NR_OPS)

static struct devices devices;

/**
 * struct row - a row's place in all those tables
 * @block: size and pages
 * @memory: enum kcopyd_bench_memory
 * @async: or sync
 * @write: or read
 * @regions: of a call
 */
struct row {
	const struct block *block;
	unsigned int memory;
	bool async;
	bool write;
	unsigned int regions;
};

static struct row row_at(const struct bench_suite *suite, unsigned int i)
{
	const struct block *of_suite = suite->data;
	const unsigned int in_block = i % NR_IN_BLOCK;

	return (struct row){
		.block = &of_suite[i / NR_IN_BLOCK],
		.memory = in_block / (2 * NR_OPS),
		.async = in_block / NR_OPS % 2,
		.write = ops[in_block % NR_OPS].write,
		.regions = ops[in_block % NR_OPS].regions,
	};
}

static struct json_object *what(const struct row *row)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "bytes",
			       json_object_new_int(row->block->bytes));
	json_object_object_add(object, "contiguous",
			       json_object_new_boolean(row->block->contiguous));
	json_object_object_add(object, "memory",
			       json_object_new_string(memories[row->memory]));
	json_object_object_add(object, "async",
			       json_object_new_boolean(row->async));
	json_object_object_add(object, "op",
			       json_object_new_string(row->write ? "write" :
								   "read"));
	json_object_object_add(object, "regions",
			       json_object_new_int(row->regions));
	json_object_object_add(object, "calls",
			       json_object_new_int(row->block->calls));
	return object;
}

static void describe(const struct bench_suite *suite, unsigned int i,
		     struct bench_row *row)
{
	const struct row at = row_at(suite, i);

	snprintf(row->text, sizeof(row->text), "%-6s  %-10s  %-4s  %-5s  %s %u",
		 at.block->size, at.block->pages, memories[at.memory],
		 at.async ? "async" : "sync", at.write ? "write" : "read",
		 at.regions);
	row->what = what(&at);
	row->gap = i % (NR_IN_BLOCK / ARRAY_SIZE(memories)) == 0;
	row->target = at.block->targets[at.memory];
}

static uint64_t measure(const struct bench_suite *suite, unsigned int i,
			const struct bench_peer *peer)
{
	const struct row row = row_at(suite, i);
	struct kcopyd_bench_dm_io args = {
		.peer = peer == &peer_ours ? KCOPYD_BENCH_OURS :
					     KCOPYD_BENCH_INTREE,
		.memory = row.memory,
		.contiguous = row.block->contiguous,
		.write = row.write,
		.async = row.async,
		.nr_regions = row.regions,
		.bytes = row.block->bytes,
		.warm_up = row.block->calls / 4,
		.calls = row.block->calls,
	};
	unsigned int region;

	for (region = 0; region < row.regions; region++)
		args.fds[region] = devices.fds[row.write + region];
	module_ioctl(KCOPYD_BENCH_DM_IO, &args);
	return (args.ns + args.calls / 2) / args.calls;
}

static void begin(void)
{
	devices_create(&devices, NR_DEVICES, &(const struct device_kind){});
}

static void end(void)
{
	devices_destroy(&devices);
}

const struct bench_suite dm_io_suite = {
	.name = "dm_io",
	.title = "dm-io",
	.unit = "instructions a call",
	.heading = "size    pages       mem   call   regions",
	.peers = { &peer_intree, &peer_ours },
	.nr_peers = 2,
	.width = 10,
	.reference = &bench_by_first,
	.data = blocks,
	.nr_rows = ARRAY_SIZE(blocks) * NR_IN_BLOCK,
	.begin = begin,
	.describe = describe,
	.measure = measure,
	.end = end,
};
