// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own calls, of dm-mod.ko. */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/dm-io.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

/**
 * struct intree - a dm_io() of the kernel's
 * @run: what others see of it
 * @request: the call; dm_io() only reads it
 * @nr_regions: in @where
 * @where: the regions
 * @list: the data, or
 * @bio: carries the data's vecs, is not itself submitted
 * @done: the callback ran
 * @error_bits: of the call
 */
struct intree {
	struct bench_run run;
	struct dm_io_request request;
	unsigned int nr_regions;
	struct dm_io_region where[KCOPYD_BENCH_MAX_REGIONS];
	struct page_list *list;
	struct bio bio;
	struct completion done;
	unsigned long error_bits;
};

static struct intree *intree_of(struct bench_run *run)
{
	return container_of(run, struct intree, run);
}

static int call(struct intree *intree)
{
	return kb_dm_io(&intree->request, intree->nr_regions, intree->where,
			&intree->error_bits);
}

static int call_sync(struct bench_run *run)
{
	return call(intree_of(run));
}

/* Completion context. */
static void KB_NOTIFY(notify, unsigned long error, void *context)
{
	struct intree *intree = context;

	intree->error_bits = error;
	complete(&intree->done);
}

static int call_async(struct bench_run *run)
{
	struct intree *intree = intree_of(run);
	int err;

	reinit_completion(&intree->done);
	err = call(intree);
	if (err)
		return err;
	wait_for_completion(&intree->done);
	return intree->error_bits ? -EIO : 0;
}

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

/* Not with bio_add_page(), which would join pages: the call gets vecs as are. */
static void carry_vecs(struct intree *intree, const struct bench_buffer *buffer)
{
	bio_init(&intree->bio, NULL, buffer->bvec, buffer->nr_pages,
		 REQ_OP_WRITE);
	intree->bio.bi_vcnt = buffer->nr_pages;
	intree->bio.bi_iter.bi_size = buffer->nr_pages * PAGE_SIZE;
}

static void set_memory(struct intree *intree, const struct bench_dm_io *io)
{
	struct dm_io_memory *mem = &intree->request.mem;

	switch (io->memory) {
	case KCOPYD_BENCH_PAGE_LIST:
		mem->type = DM_IO_PAGE_LIST;
		mem->ptr.pl = intree->list;
		break;
	case KCOPYD_BENCH_BVEC:
		carry_vecs(intree, &io->buffer);
		mem->type = DM_IO_BIO;
		mem->ptr.bio = &intree->bio;
		break;
	case KCOPYD_BENCH_VM:
		mem->type = DM_IO_VMA;
		mem->ptr.vma = io->buffer.vm;
		break;
	}
}

/* Writes have the flags that ours have, so that devices do the same work. */
static void set_request(struct intree *intree, const struct bench_dm_io *io)
{
	struct dm_io_request *request = &intree->request;

	request->bi_opf = io->write ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE :
				      REQ_OP_READ;
	if (io->async) {
		request->notify.fn = notify;
		request->notify.context = intree;
	}
	set_memory(intree, io);
}

static void intree_destroy(struct bench_run *run)
{
	struct intree *intree = intree_of(run);

	if (!IS_ERR_OR_NULL(intree->request.client))
		dm_io_client_destroy(intree->request.client);
	kfree(intree->list);
	kfree(intree);
}

static struct bench_run *intree_dm_io(const struct bench_dm_io *io)
{
	struct intree *intree = kzalloc(sizeof(*intree), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	if (!intree)
		return ERR_PTR(-ENOMEM);
	intree->run.call = io->async ? call_async : call_sync;
	intree->run.destroy = intree_destroy;
	intree->nr_regions = io->nr_regions;
	for (i = 0; i < io->nr_regions; i++)
		intree->where[i] = (struct dm_io_region){
			.bdev = io->devices[i].bdev,
			.count = io->sectors,
		};
	init_completion(&intree->done);
	intree->list = list_create(&io->buffer);
	if (!intree->list)
		goto fail;
	intree->request.client = dm_io_client_create();
	err = PTR_ERR_OR_ZERO(intree->request.client);
	if (err)
		goto fail;
	set_request(intree, io);
	return &intree->run;
fail:
	intree_destroy(&intree->run);
	return ERR_PTR(err);
}

const struct bench_peer bench_intree = {
	.name = "in-tree",
	.dm_io = intree_dm_io,
};
