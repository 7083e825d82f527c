// SPDX-License-Identifier: GPL-2.0-only
/* Our own kcopyd_copy(). */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/slab.h>

#include <kcopyd/kcopyd.h>

#include "internal.h"

#define RESERVE_PAGES 2048

/**
 * struct ours_copier - a client of ours
 * @copier: what others see of it
 * @copy: what is copied
 * @client: with its reserve
 */
struct ours_copier {
	struct bench_copier copier;
	const struct bench_copy *copy;
	struct kcopyd_client *client;
};

static struct ours_copier *ours_of(struct bench_copier *copier)
{
	return container_of(copier, struct ours_copier, copier);
}

static void notify(int read_err, unsigned int write_err, void *context)
{
	bench_job_done(context, read_err || write_err ? -EIO : 0);
}

static struct io_region region(const struct bench_copy *copy, unsigned int i,
			       sector_t sector)
{
	return (struct io_region){
		.bdev = copy->devices[i].bdev,
		.sector = sector,
		.count = copy->count,
	};
}

static int ours_submit(struct bench_copier *copier, sector_t sector,
		       struct bench_jobs *jobs)
{
	struct ours_copier *ours = ours_of(copier);
	const struct bench_copy *copy = ours->copy;
	struct io_region from = region(copy, 0, sector);
	struct io_region dests[KCOPYD_BENCH_MAX_DESTS];
	unsigned int i;

	for (i = 0; i < copy->nr_dests; i++)
		dests[i] = region(copy, 1 + i, sector);
	return kcopyd_copy(ours->client, &from, copy->nr_dests, dests, 0,
			   notify, jobs);
}

static void ours_destroy(struct bench_copier *copier)
{
	struct ours_copier *ours = ours_of(copier);

	kcopyd_client_destroy(ours->client);
	kfree(ours);
}

struct bench_copier *bench_ours_copier(const struct bench_copy *copy)
{
	struct ours_copier *ours = kzalloc(sizeof(*ours), GFP_KERNEL);
	int err;

	if (!ours)
		return ERR_PTR(-ENOMEM);
	ours->copier.submit = ours_submit;
	ours->copier.destroy = ours_destroy;
	ours->copy = copy;
	err = kcopyd_client_create(RESERVE_PAGES, &ours->client);
	if (err) {
		kfree(ours);
		return ERR_PTR(err);
	}
	return &ours->copier;
}
