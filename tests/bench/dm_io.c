// SPDX-License-Identifier: GPL-2.0-only
/* Measures dm-io calls of either peer. */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
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

static void files_put(struct file **files, unsigned int nr)
{
	while (nr--)
		fput(files[nr]);
}

/* The files keep the devices there. */
static int files_get(struct file **files, struct bench_dm_io *io,
		     const s32 *fds)
{
	unsigned int i;

	for (i = 0; i < io->nr_regions; i++) {
		struct inode *inode;

		files[i] = fget(fds[i]);
		if (!files[i]) {
			files_put(files, i);
			return -EBADF;
		}
		inode = files[i]->f_mapping->host;
		if (!S_ISBLK(inode->i_mode)) {
			files_put(files, i + 1);
			return -ENOTBLK;
		}
		io->bdevs[i] = I_BDEV(inode);
	}
	return 0;
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
	struct file *files[KCOPYD_BENCH_MAX_REGIONS];
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
	err = files_get(files, &io, args->fds);
	if (err)
		return err;
	err = bench_buffer_init(&io.buffer, args->bytes, args->contiguous);
	if (!err) {
		err = prepare_and_measure(&io, args);
		bench_buffer_exit(&io.buffer);
	}
	files_put(files, io.nr_regions);
	return err;
}
