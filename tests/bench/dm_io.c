// SPDX-License-Identifier: GPL-2.0-only
/* Measures dm-io calls of either peer. */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/printk.h>

#include "internal.h"

static const struct bench_peer *const peers[] = {
	[KCOPYD_BENCH_INTREE] = &bench_intree,
	[KCOPYD_BENCH_OURS] = &bench_ours,
};

static bool args_are_valid(const struct kcopyd_bench_dm_io *args)
{
	return args->peer < ARRAY_SIZE(peers) &&
	       args->memory <= KCOPYD_BENCH_VM && args->nr_regions &&
	       args->nr_regions <= KCOPYD_BENCH_MAX_REGIONS && args->bytes &&
	       args->bytes <= KCOPYD_BENCH_MAX_BYTES &&
	       IS_ALIGNED(args->bytes, PAGE_SIZE);
}

static int repeat(struct bench_run *run, unsigned int times)
{
	int err = 0;

	while (times-- && !err)
		err = run->call(run);
	return err;
}

/* Whoever is measured has all his memory and the caches before. */
static int measure(struct bench_run *run, struct kcopyd_bench_dm_io *args)
{
	u64 start;
	int err;

	err = repeat(run, args->warm_up);
	if (err)
		return err;
	start = ktime_get_ns();
	err = repeat(run, args->calls);
	args->ns = ktime_get_ns() - start;
	return err;
}

static int prepare_and_measure(const struct bench_dm_io *io,
			       struct kcopyd_bench_dm_io *args)
{
	const struct bench_peer *peer = peers[args->peer];
	struct bench_run *run = peer->dm_io(io);
	int err;

	if (IS_ERR(run))
		return PTR_ERR(run);
	err = measure(run, args);
	if (err)
		pr_err("kcopyd_bench: a call failed (%s): %d\n", peer->name,
		       err);
	run->destroy(run);
	return err;
}

int bench_dm_io(struct kcopyd_bench_dm_io *args)
{
	struct bench_dm_io io = {
		.write = args->write,
		.async = args->async,
		.memory = args->memory,
		.nr_regions = args->nr_regions,
		.sectors = args->bytes >> SECTOR_SHIFT,
	};
	int err;

	if (!args_are_valid(args))
		return -EINVAL;
	err = bench_devices_get(io.devices, args->fds, io.nr_regions);
	if (err)
		return err;
	err = bench_buffer_init(&io.buffer, args->bytes, args->contiguous);
	if (!err) {
		err = prepare_and_measure(&io, args);
		bench_buffer_exit(&io.buffer);
	}
	bench_devices_put(io.devices, io.nr_regions);
	return err;
}
