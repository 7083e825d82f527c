// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own dm_kcopyd_copy(), of dm-mod.ko. */
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/dm-kcopyd.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * struct intree_copier - a client of the kernel's
 * @copier: what others see of it
 * @copy: what is copied
 * @client: with a reserve as it comes; it takes more memory as it needs it
 */
struct intree_copier {
	struct bench_copier copier;
	const struct bench_copy *copy;
	struct dm_kcopyd_client *client;
};

static struct intree_copier *intree_of(struct bench_copier *copier)
{
	return container_of(copier, struct intree_copier, copier);
}

static void notify(int read_err, unsigned long write_err, void *context)
{
	bench_job_done(context, read_err || write_err ? -EIO : 0);
}

static struct dm_io_region region(const struct bench_copy *copy, unsigned int i,
				  sector_t sector)
{
	return (struct dm_io_region){
		.bdev = copy->devices[i].bdev,
		.sector = sector,
		.count = copy->count,
	};
}

static int intree_submit(struct bench_copier *copier, sector_t sector,
			 struct bench_jobs *jobs)
{
	struct intree_copier *intree = intree_of(copier);
	const struct bench_copy *copy = intree->copy;
	struct dm_io_region from = region(copy, 0, sector);
	struct dm_io_region dests[DM_KCOPYD_MAX_REGIONS];
	unsigned int i;

	for (i = 0; i < copy->nr_dests; i++)
		dests[i] = region(copy, 1 + i, sector);
	dm_kcopyd_copy(intree->client, &from, copy->nr_dests, dests, 0, notify,
		       jobs);
	return 0;
}

static void intree_destroy(struct bench_copier *copier)
{
	struct intree_copier *intree = intree_of(copier);

	dm_kcopyd_client_destroy(intree->client);
	kfree(intree);
}

struct bench_copier *bench_intree_copier(const struct bench_copy *copy)
{
	struct intree_copier *intree;
	int err;

	if (copy->nr_dests > DM_KCOPYD_MAX_REGIONS)
		return ERR_PTR(-EINVAL);
	intree = kzalloc(sizeof(*intree), GFP_KERNEL);
	if (!intree)
		return ERR_PTR(-ENOMEM);
	intree->copier.submit = intree_submit;
	intree->copier.destroy = intree_destroy;
	intree->copy = copy;
	intree->client = dm_kcopyd_client_create(NULL);
	if (IS_ERR(intree->client)) {
		err = PTR_ERR(intree->client);
		kfree(intree);
		return ERR_PTR(err);
	}
	return &intree->copier;
}
