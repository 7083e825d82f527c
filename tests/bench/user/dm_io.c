// SPDX-License-Identifier: GPL-2.0-or-later
/* dm-io: one call at a time, ours beside the in-tree dm_io(). */
#include <err.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../kcopyd_bench.h"
#include "bench.h"

#define NODE "/dev/kcopyd_bench"

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

static int node = -1;
static int devices[NR_DEVICES];

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

static struct row row_at(unsigned int i)
{
	const unsigned int in_block = i % NR_IN_BLOCK;

	return (struct row){
		.block = &blocks[i / NR_IN_BLOCK],
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

static void describe(unsigned int i, struct bench_row *row)
{
	const struct row at = row_at(i);

	snprintf(row->text, sizeof(row->text), "%-6s  %-10s  %-4s  %-5s  %s %u",
		 at.block->size, at.block->pages, memories[at.memory],
		 at.async ? "async" : "sync", at.write ? "write" : "read",
		 at.regions);
	row->what = what(&at);
	row->gap = i % (NR_IN_BLOCK / ARRAY_SIZE(memories)) == 0;
	row->target = at.block->targets[at.memory];
}

static uint64_t measure(unsigned int i, unsigned int peer)
{
	const struct row row = row_at(i);
	struct kcopyd_bench_dm_io args = {
		.peer = peer,
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
		args.fds[region] = devices[row.write + region];
	if (ioctl(node, KCOPYD_BENCH_DM_IO, &args))
		err(BENCH_FAILED, "%s", NODE);
	return (args.ns + args.calls / 2) / args.calls;
}

static void begin(void)
{
	node = open(NODE, O_RDWR | O_CLOEXEC);
	if (node < 0)
		err(BENCH_FAILED, "%s", NODE);
	devices_create(devices, NR_DEVICES);
}

static void end(void)
{
	devices_destroy(devices, NR_DEVICES);
	close(node);
}

static const char *const peers[] = {
	[KCOPYD_BENCH_INTREE] = "in-tree",
	[KCOPYD_BENCH_OURS] = "ours",
};

static const char *const keys[] = {
	[KCOPYD_BENCH_INTREE] = "in_tree",
	[KCOPYD_BENCH_OURS] = "ours",
};

const struct bench_suite dm_io_suite = {
	.name = "dm_io",
	.title = "dm-io",
	.unit = "instructions a call",
	.heading = "size    pages       mem   call   regions",
	.peers = peers,
	.keys = keys,
	.nr_peers = ARRAY_SIZE(peers),
	.reference = KCOPYD_BENCH_INTREE,
	.ours = KCOPYD_BENCH_OURS,
	.nr_rows = ARRAY_SIZE(blocks) * NR_IN_BLOCK,
	.begin = begin,
	.describe = describe,
	.measure = measure,
	.end = end,
};
