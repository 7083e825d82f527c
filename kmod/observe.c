// SPDX-License-Identifier: GPL-2.0-only
/*
 * What observers are told of requests that have completed.
 *
 * A tracer gets an event a request (kcopyd_io_done). Statistics could not be
 * had for two percent of a copy that way: what an event costs before it has
 * counted anything is more than that. So they get a batch (kcopyd_io_batch):
 * neighbours of one kind, counted by the region's own worker. A batch is told
 *
 *  - when it is full, or 10 ms old, or nothing of the region is in flight,
 *  - before and after a request that failed, so that an error is seen at once
 *    and where it is,
 *  - before and after a leg with an outlier, so that a slow place is not lost
 *    among its neighbours, and before a request of another kind.
 *
 * Before a job ends all its legs are over, and with them its batches. While a
 * device stands still, what it did in the last 10 ms before is not told yet.
 */
#include <linux/log2.h>

#include "internal.h"
#include "observe.h"
#include "trace.h"

#define BATCH_IOS 128
#define BATCH_NS (10 * NSEC_PER_MSEC)
/* More slots above the batch's than this: four to eight times as long. */
#define OUTLIER_SLOTS 2

static unsigned int slot_of(u64 ns)
{
	return min_t(unsigned int, ilog2(ns | 1), KCOPYD_HIST_SLOTS - 1);
}

static noinline void batch_tell(struct kc_region *region)
{
	struct kc_batch *batch = &region->batch;

	batch->io.in_flight = region->in_flight;
	trace_kcopyd_io_batch(&batch->io);
	batch->io.ios = 0;
	kc_clock_check();
}

static u32 kind_of(const struct kcopyd_job *job, const struct kc_leg *leg)
{
	u32 flags = job->small ? KCOPYD_SMALL_JOB : 0;

	if (kc_job_reads_back(job))
		flags |= KCOPYD_IO_VERIFY;
	if (leg->probe.io && !leg->probe.refused) {
		flags |= KCOPYD_IO_RETRY;
		if (job->retry == KCOPYD_RETRY_BISECT)
			flags |= KCOPYD_IO_BISECT;
	}
	return flags;
}

static void batch_begin(struct kcopyd_job *job, const struct kc_leg *leg,
			const struct kc_io *io, u32 flags)
{
	struct kc_region *region = &job->regions[leg->region];
	struct kc_batch *batch = &region->batch;

	batch->io = (struct kcopyd_io_batch){
		.job = job->id,
		.client = job->client->id,
		.sector = io->sector,
		.device_sectors = bdev_nr_sectors(region->bdev),
		.region = leg->region,
		.op = io->op,
		.dev = region->bdev->bd_dev,
		.flags = flags,
		.lat_min_ns = U64_MAX,
	};
	batch->since = io->done;
	batch->top = 0;
	batch->outlier = false;
}

static bool belongs(const struct kc_batch *batch, const struct kc_io *io,
		    u32 flags, unsigned int slot)
{
	return batch->io.op == io->op && batch->io.flags == flags &&
	       batch->io.ios < BATCH_IOS && slot <= batch->top + OUTLIER_SLOTS;
}

/* A batch that an outlier begins is not joined by what comes after its leg. */
static struct kc_batch *batch_for(struct kcopyd_job *job,
				  const struct kc_leg *leg,
				  const struct kc_io *io, u32 flags,
				  unsigned int slot)
{
	struct kc_region *region = &job->regions[leg->region];
	struct kc_batch *batch = &region->batch;
	bool outlier = false;

	if (likely(batch->io.ios)) {
		if (likely(belongs(batch, io, flags, slot)))
			return batch;
		outlier = slot > batch->top + OUTLIER_SLOTS;
		batch_tell(region);
	}
	batch_begin(job, leg, io, flags);
	batch->outlier = outlier;
	return batch;
}

static void batch_add(struct kc_batch *batch, const struct kc_io *io,
		      unsigned int slot, u64 queue_ns, u64 lat_ns)
{
	const u64 end = io->sector + io->sectors;

	batch->io.ios++;
	batch->io.hist[slot]++;
	batch->io.sector = min_t(u64, batch->io.sector, io->sector);
	batch->io.end = max(batch->io.end, end);
	batch->io.queue_sum_ns += queue_ns;
	batch->io.queue_max_ns = max(batch->io.queue_max_ns, queue_ns);
	batch->io.lat_sum_ns += lat_ns;
	batch->io.lat_min_ns = min(batch->io.lat_min_ns, lat_ns);
	batch->io.lat_max_ns = max(batch->io.lat_max_ns, lat_ns);
	batch->top = max_t(u8, batch->top, slot);
}

static noinline void trace_io(const struct kcopyd_job *job,
			      const struct kc_leg *leg, const struct kc_io *io,
			      int error, u32 flags, u64 queue_ns, u64 lat_ns)
{
	trace_kcopyd_io_done(job->id, leg->region, io->op,
			     job->regions[leg->region].bdev->bd_dev, io->sector,
			     io->sectors, queue_ns, lat_ns, error, flags);
}

static void observe(struct kcopyd_job *job, const struct kc_leg *leg,
		    const struct kc_io *io, int error, u32 flags)
{
	const u64 queue_ns = kc_clock_ns(leg->clock, leg->ready, io->submit);
	const u64 lat_ns = kc_clock_ns(leg->clock, io->submit, io->done);
	const unsigned int slot = slot_of(lat_ns);
	struct kc_batch *batch;

	if (trace_kcopyd_io_done_enabled())
		trace_io(job, leg, io, error, flags, queue_ns, lat_ns);
	if (!trace_kcopyd_io_batch_enabled())
		return;
	batch = batch_for(job, leg, io, flags, slot);
	batch_add(batch, io, slot, queue_ns, lat_ns);
}

/**
 * kc_observe_round - the bios of a round that succeeded were counted
 * @job: the job
 * @leg: measured; all that was in flight of it has completed
 *
 * Context: the client's worker.
 */
void kc_observe_round(struct kcopyd_job *job, struct kc_leg *leg)
{
	struct kc_region *region = &job->regions[leg->region];
	struct kc_batch *batch = &region->batch;
	const u32 flags = kind_of(job, leg);
	const struct kc_io *io, *last = NULL;

	for (io = leg->ios; io; io = io->next) {
		if (!io->armed || io->bio.bi_status)
			continue;
		observe(job, leg, io, 0, flags);
		batch->io.bytes += (u64)io->sectors << SECTOR_SHIFT;
		last = io;
	}
	if (!batch->io.ios || !last)
		return;
	if (!region->in_flight || batch->outlier ||
	    kc_clock_ns(leg->clock, batch->since, last->done) > BATCH_NS)
		batch_tell(region);
}

/**
 * kc_observe_failure - a bio failed
 * @job: the job
 * @leg: measured
 * @io: the bio's
 * @error: errno
 * @refused: it was write-zeroes, which are not offered
 *
 * Context: the client's worker.
 */
void kc_observe_failure(struct kcopyd_job *job, struct kc_leg *leg,
			struct kc_io *io, int error, bool refused)
{
	struct kc_region *region = &job->regions[leg->region];
	struct kc_batch *batch = &region->batch;
	u32 flags = kind_of(job, leg);

	if (refused)
		flags |= KCOPYD_IO_REFUSED;
	if (batch->io.ios)
		batch_tell(region);
	observe(job, leg, io, error, flags);
	if (!batch->io.ios)
		return;
	batch->io.error = error;
	batch->io.errors = 1;
	batch_tell(region);
}

/**
 * kc_observe_call - a request of a direct dm-io call has completed
 * @seen: the request
 *
 * Context: any.
 */
void kc_observe_call(const struct kc_seen *seen)
{
	const u64 lat_ns = kc_clock_ns(seen->clock, seen->submit,
				       kc_clock_ticks(seen->clock));
	struct kcopyd_io_batch batch = {
		.sector = seen->sector,
		.end = seen->sector + seen->sectors,
		.device_sectors = bdev_nr_sectors(seen->bdev),
		.bytes = seen->error ? 0 : (u64)seen->sectors << SECTOR_SHIFT,
		.lat_sum_ns = lat_ns,
		.lat_min_ns = lat_ns,
		.lat_max_ns = lat_ns,
		.region = seen->region,
		.op = seen->op,
		.dev = seen->bdev->bd_dev,
		.ios = 1,
		.errors = !!seen->error,
		.error = seen->error,
	};

	trace_kcopyd_io_done(0, seen->region, seen->op, batch.dev, seen->sector,
			     seen->sectors, 0, lat_ns, seen->error, 0);
	batch.hist[slot_of(lat_ns)] = 1;
	trace_kcopyd_io_batch(&batch);
}
