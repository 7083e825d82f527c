// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of a job: its errors, and how often it may fail.
 *
 * A region that fails and fails is given up in two steps, so that a disk which
 * was pulled costs seconds and not hours. When job->budget blocks in a row
 * have failed, requests are no longer looked into: what fails stays untried as
 * a whole. When as many requests in a row have failed, or the device is gone,
 * the region is lost and nothing more is tried. One success starts it all
 * over.
 */
#include <linux/blkdev.h>

#include "job.h"

void kc_region_init(struct kc_region *region, const struct io_region *from)
{
	memset(region, 0, offsetof(struct kc_region, extents));
	kc_extents_init(&region->extents);
	region->via = region;
	region->batch.ios = 0;
	if (!from)
		return;
	region->bdev = from->bdev;
	region->sector = from->sector;
	region->block = bdev_logical_block_size(from->bdev) >> SECTOR_SHIFT;
}

void kc_region_exit(struct kc_region *region)
{
	kc_extents_exit(&region->extents);
}

/**
 * kc_region_located - remember an error, tell whoever listens
 * @job: the job
 * @error: the error; its region must be set
 *
 * Context: the client's worker.
 */
void kc_region_located(struct kcopyd_job *job, struct kcopyd_error *error)
{
	struct kc_region *region = &job->regions[error->region];

	/* That a job stops is no error of the region. */
	if (!region->error && error->error != -ECANCELED)
		WRITE_ONCE(region->error, error->error);
	kc_extents_add(&region->extents, error);
	if (job->ops && job->ops->error)
		job->ops->error(job, error, job->context);
}

/**
 * kc_region_untried - sectors that are given up without an attempt
 * @job: the job
 * @region: 0 the source, 1..n the destinations
 * @first: first sector in the region
 * @count: sectors; may be 0
 * @error: why
 *
 * Context: the client's worker.
 */
void kc_region_untried(struct kcopyd_job *job, unsigned int region,
		       sector_t first, sector_t count, int error)
{
	struct kcopyd_error untried = {
		.first = first,
		.count = count,
		.region = region,
		.kind = KCOPYD_EXTENT_UNTRIED,
		.error = error,
	};

	if (count)
		kc_region_located(job, &untried);
}

/**
 * kc_region_spent - has a region failed so often that it is not looked into?
 * @job: the job
 * @region: 0 the source, 1..n the destinations
 */
bool kc_region_spent(const struct kcopyd_job *job, unsigned int region)
{
	const struct kc_region *r = &job->regions[region];

	return r->lost || r->bad_blocks >= job->budget;
}

/**
 * kc_region_check_gone - is an error one that will never go away?
 * @region: the region
 * @error: errno of its device
 *
 * Context: the client's worker.
 */
void kc_region_check_gone(struct kc_region *region, int error)
{
	if (error == -ENODEV || error == -ENXIO ||
	    test_bit(GD_DEAD, &region->bdev->bd_disk->state))
		region->lost = true;
}

/**
 * kc_region_request_failed - count a request that failed
 * @job: the job
 * @region: 0 the source, 1..n the destinations
 * @error: its errno
 *
 * Context: the client's worker.
 */
void kc_region_request_failed(struct kcopyd_job *job, unsigned int region,
			      int error)
{
	struct kc_region *r = &job->regions[region];
	bool spent = job->retry == KCOPYD_RETRY_NONE ||
		     r->bad_blocks >= job->budget;

	if (spent && ++r->bad_requests >= job->budget)
		r->lost = true;
	kc_region_check_gone(r, error);
}
