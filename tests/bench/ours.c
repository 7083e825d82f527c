// SPDX-License-Identifier: GPL-2.0-only
/* Our own calls. */
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/slab.h>

#include <kcopyd/dm_io.h>

#include "internal.h"

/**
 * struct ours - a dm-io call of ours
 * @run: what others see of it
 * @rw: READ or WRITE
 * @nr_regions: in @where
 * @where: the regions
 * @reserve: pages of the dm_io_get()
 * @list: the data, or
 * @bvec: the data, or
 * @vm: the data
 * @done: the callback ran
 * @error_bits: of the call
 */
struct ours {
	struct bench_run run;
	int rw;
	unsigned int nr_regions;
	struct io_region where[KCOPYD_BENCH_MAX_REGIONS];
	unsigned int reserve;
	struct page_list *list;
	struct bio_vec *bvec;
	void *vm;
	struct completion done;
	unsigned long error_bits;
};

static struct ours *ours_of(struct bench_run *run)
{
	return container_of(run, struct ours, run);
}

static int sync_list(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	return dm_io_sync(ours->nr_regions, ours->where, ours->rw, ours->list,
			  0, &ours->error_bits);
}

static int sync_bvec(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	return dm_io_sync_bvec(ours->nr_regions, ours->where, ours->rw,
			       ours->bvec, &ours->error_bits);
}

static int sync_vm(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	return dm_io_sync_vm(ours->nr_regions, ours->where, ours->rw, ours->vm,
			     &ours->error_bits);
}

/* Completion context. */
static void notify(unsigned long error, void *context)
{
	struct ours *ours = context;

	ours->error_bits = error;
	complete(&ours->done);
}

static int wait(struct ours *ours, int err)
{
	if (err)
		return err;
	wait_for_completion(&ours->done);
	return ours->error_bits ? -EIO : 0;
}

static int async_list(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	reinit_completion(&ours->done);
	return wait(ours, dm_io_async(ours->nr_regions, ours->where, ours->rw,
				      ours->list, 0, notify, ours));
}

static int async_bvec(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	reinit_completion(&ours->done);
	return wait(ours, dm_io_async_bvec(ours->nr_regions, ours->where,
					   ours->rw, ours->bvec, notify, ours));
}

static int async_vm(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	reinit_completion(&ours->done);
	return wait(ours, dm_io_async_vm(ours->nr_regions, ours->where,
					 ours->rw, ours->vm, notify, ours));
}

static int (*const calls[][2])(struct bench_run *run) = {
	[KCOPYD_BENCH_PAGE_LIST] = { sync_list, async_list },
	[KCOPYD_BENCH_BVEC] = { sync_bvec, async_bvec },
	[KCOPYD_BENCH_VM] = { sync_vm, async_vm },
};

static struct page_list *list_create(const struct bench_buffer *buffer)
{
	struct page_list *list;
	unsigned int i;

	list = kcalloc(buffer->nr_pages, sizeof(*list), GFP_KERNEL);
	if (!list)
		return NULL;
	for (i = 0; i < buffer->nr_pages; i++) {
		list[i].page = buffer->pages[i];
		list[i].next = i + 1 < buffer->nr_pages ? &list[i + 1] : NULL;
	}
	return list;
}

static void ours_free(struct ours *ours)
{
	kfree(ours->list);
	kfree(ours);
}

static void ours_destroy(struct bench_run *run)
{
	struct ours *ours = ours_of(run);

	dm_io_put(ours->reserve);
	ours_free(ours);
}

static struct bench_run *ours_dm_io(const struct bench_dm_io *io)
{
	struct ours *ours = kzalloc(sizeof(*ours), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	if (!ours)
		return ERR_PTR(-ENOMEM);
	ours->run.call = calls[io->memory][io->async];
	ours->run.destroy = ours_destroy;
	ours->rw = io->write ? WRITE : READ;
	ours->nr_regions = io->nr_regions;
	for (i = 0; i < io->nr_regions; i++)
		ours->where[i] =
			(struct io_region){ .bdev = io->devices[i].bdev,
					    .count = io->sectors };
	init_completion(&ours->done);
	ours->bvec = io->buffer.bvec;
	ours->vm = io->buffer.vm;
	ours->list = list_create(&io->buffer);
	if (!ours->list)
		goto fail;
	ours->reserve = io->buffer.nr_pages * io->nr_regions;
	err = dm_io_get(ours->reserve);
	if (err)
		goto fail;
	return &ours->run;
fail:
	ours_free(ours);
	return ERR_PTR(err);
}

const struct bench_peer bench_ours = {
	.name = "ours",
	.dm_io = ours_dm_io,
};
