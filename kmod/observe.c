// SPDX-License-Identifier: GPL-2.0-only
/*
 * What observers are told of requests that have completed.
 *
 * A tracer gets an event a request (kcopyd_io_done). Statistics could not be
 * had for two percent of a copy that way: what an event costs before it has
 * counted anything is more than that. So they get a batch (kcopyd_io_batch):
 * neighbours of one kind, counted by the worker. A batch is told
 *
 *  - when it is full, or 10 ms have passed since its first request could have
 *    been submitted, or its job comes to a halt,
 *  - before and after a request that failed, so that an error is seen at once
 *    and where it is,
 *  - before and after a leg that took much longer than those before it, so that
 *    a slow place is not lost among its neighbours,
 *  - before a request of another kind.
 *
 * While a device stands still, what it did in the last 10 ms before is not told
 * yet; a device whose requests take longer has each told at once.
 *
 * A region has a batch of its own. Those of a client's small jobs share some of
 * the client's, which are told before the last of these jobs ends.
 */
#include <linux/bitops.h>

#include "client.h"
#include "engine.h"
#include "observe.h"
#include "trace.h"

#define BATCH_IOS 2048
/* So much longer than any leg before it. */
#define OUTLIER_TIMES 4
/* What is further away is no neighbour. */
#define NEAR_SECTORS (64U << (20 - SECTOR_SHIFT))

static_assert(BATCH_IOS + KC_CHUNK_PIECES <= U16_MAX);
static_assert(KCOPYD_HIST_SLOTS <= KC_BATCH_SLOTS);

/* ---- kinds of requests ---------------------------------------------------- */

/* Those that a batch may have together: flags, operation and clock are equal. */
static u64 kind_make(u32 flags, u8 op, u8 clock)
{
	return flags | (u64)op << 32 | (u64)clock << 40;
}

static u32 kind_flags(u64 kind)
{
	return lower_32_bits(kind);
}

static u8 kind_op(u64 kind)
{
	return kind >> 32;
}

static u8 kind_clock(u64 kind)
{
	return kind >> 40;
}

static noinline u32 flags_of_unusual(const struct kcopyd_job *job,
				     const struct kc_leg *leg)
{
	u32 flags = job->small ? KCOPYD_SMALL_JOB : 0;

	/* And a second look, which the job's result does not count either. */
	if (kc_job_reads_back(job) || leg->chunk->again)
		flags |= KCOPYD_IO_VERIFY;
	if (leg->probe.io && !leg->probe.refused) {
		flags |= KCOPYD_IO_RETRY;
		if (job->retry == KCOPYD_RETRY_BISECT)
			flags |= KCOPYD_IO_BISECT;
	}
	return flags;
}

static u32 flags_of(const struct kcopyd_job *job, const struct kc_leg *leg)
{
	if (likely(job->phase == KC_PHASE_COPY && !job->small &&
		   !leg->probe.io))
		return 0;
	return flags_of_unusual(job, leg);
}

/* ---- batches -------------------------------------------------------------- */

static struct kc_batch *batch_of(struct kcopyd_job *job,
				 const struct kc_leg *leg)
{
	if (unlikely(job->small))
		return &job->client->batches[min(leg->region,
						 KC_CLIENT_BATCHES - 1U)];
	return &job->regions[leg->region].batch;
}

/* The slots that observers don't know go to the last one that they do. */
static void copy_slots(u16 *to, const u16 *from)
{
	unsigned int i;

	memcpy(to, from, KCOPYD_HIST_SLOTS * sizeof(*to));
	for (i = KCOPYD_HIST_SLOTS; i < KC_BATCH_SLOTS; i++)
		to[KCOPYD_HIST_SLOTS - 1] += from[i];
}

/* The clock went backwards, in a sleep of the whole machine maybe. */
static void drop_times(struct kc_batch *batch)
{
	batch->lat = 0;
	batch->least = 0;
	batch->most = 0;
	batch->queue = 0;
	batch->queue_most = 0;
}

static noinline void batch_tell(struct kc_batch *batch, int error)
{
	const u8 clock = kind_clock(batch->kind);
	struct kcopyd_io_batch told = {};

	if (unlikely((s64)batch->most < 0 || (s64)batch->queue_most < 0))
		drop_times(batch);
	told.job = batch->job;
	told.client = batch->client;
	told.sector = batch->sector;
	told.end = batch->end;
	told.device_sectors = batch->device_sectors;
	told.bytes = error ? 0 : batch->sectors << SECTOR_SHIFT;
	told.queue_sum_ns = kc_clock_ns(clock, batch->queue);
	told.queue_max_ns = kc_clock_ns(clock, batch->queue_most);
	told.lat_sum_ns = kc_clock_ns(clock, batch->lat);
	told.lat_min_ns = kc_clock_ns(clock, batch->least);
	told.lat_max_ns = kc_clock_ns(clock, batch->most);
	told.region = batch->region;
	told.op = kind_op(batch->kind);
	told.dev = batch->dev;
	told.flags = kind_flags(batch->kind);
	told.ios = batch->ios;
	told.errors = error ? 1 : 0;
	told.error = error;
	told.in_flight = batch->in_flight ? *batch->in_flight : 0;
	told.bucket_sectors = batch->bucket_sectors;
	copy_slots(told.hist, batch->hist);
	if (batch->scattered) {
		told.nr_places = batch->nr_places;
		told.places = (unsigned long)batch->places;
	}
	kc_trace(kcopyd_io_batch, &told);
	batch->ios = 0;
	kc_clock_check();
}

static u32 bucket_sectors(u64 device_sectors)
{
	return clamp_t(u64,
		       DIV_ROUND_UP_ULL(device_sectors, KCOPYD_HEAT_BUCKETS),
		       KCOPYD_HEAT_MIN_SECTORS, U32_MAX);
}

static noinline void batch_begin(struct kc_batch *batch, struct kcopyd_job *job,
				 const struct kc_leg *leg,
				 const struct kc_io *io, u64 kind)
{
	const struct kc_region *region = &job->regions[leg->region];
	struct kcopyd_client *kc = job->client;

	*batch = (struct kc_batch){
		.kind = kind,
		.since = leg->ready,
		.sector = io->sector,
		.end = io->sector,
		.least = U64_MAX,
		.client = kc->id,
		.device_sectors = bdev_nr_sectors(region->bdev),
		.dev = region->bdev->bd_dev,
		.region = leg->region,
	};
	batch->bucket_sectors = bucket_sectors(batch->device_sectors);
	if (job->small) {
		batch->places = kc->places[batch - kc->batches];
	} else {
		batch->job = job->id;
		batch->in_flight = &region->in_flight;
	}
}

/* Small jobs are all over their devices; lanes are in several places at once. */
static noinline bool is_near(const struct kc_batch *batch,
			     const struct kcopyd_job *job,
			     const struct kc_leg *leg, const struct kc_io *io)
{
	if (job->small)
		return batch->dev == job->regions[leg->region].bdev->bd_dev;
	return io->sector <= batch->end + NEAR_SECTORS &&
	       io->sector + NEAR_SECTORS >= batch->sector;
}

/* Does a leg that took so many ticks go with the others? */
static __always_inline bool batch_takes(const struct kc_batch *batch,
					const struct kcopyd_job *job,
					const struct kc_leg *leg,
					const struct kc_io *io, u64 kind,
					u64 took)
{
	if (!batch->ios || batch->kind != kind ||
	    took > batch->longest * OUTLIER_TIMES)
		return false;
	return likely(!job->strays) || is_near(batch, job, leg, io);
}

static noinline void batch_renew(struct kc_batch *batch, struct kcopyd_job *job,
				 const struct kc_leg *leg,
				 const struct kc_io *io, u64 kind, u64 took)
{
	bool outlier = false;

	if (batch->ios) {
		outlier = took > batch->longest * OUTLIER_TIMES;
		batch_tell(batch, 0);
	}
	batch_begin(batch, job, leg, io, kind);
	batch->longest = took;
	/* A paced job's next leg may be long in coming. */
	batch->due = outlier || READ_ONCE(job->paced);
}

/* Make room for requests of this kind, of a leg that took so many ticks. */
static __always_inline void batch_open(struct kc_batch *batch,
				       struct kcopyd_job *job,
				       const struct kc_leg *leg,
				       const struct kc_io *io, u32 flags,
				       u64 took)
{
	const u64 kind = kind_make(flags, io->op, leg->clock);

	if (unlikely(!batch_takes(batch, job, leg, io, kind, took)))
		batch_renew(batch, job, leg, io, kind, took);
}

static __always_inline void batch_extend(struct kc_batch *batch,
					 const struct kc_leg *leg,
					 const struct kc_io *first,
					 const struct kc_io *last)
{
	const u64 end = last->sector + last->sectors;
	const u64 queue = last->submit - leg->ready;

	if (batch->places) {
		batch->scattered |= first->sector != batch->end;
		batch->places[batch->nr_places++] =
			div_u64(first->sector, batch->bucket_sectors);
		batch->due |= batch->nr_places == KC_BATCH_PLACES;
	}
	if (unlikely(first->sector < batch->sector))
		batch->sector = first->sector;
	if (likely(end > batch->end))
		batch->end = end;
	if (unlikely(queue > batch->queue_most))
		batch->queue_most = queue;
}

/* fls64() would look for the case that no bit is set. */
static __always_inline unsigned int slot_of(u64 ns)
{
#if BITS_PER_LONG == 64
	return __fls(ns | 1);
#else
	return fls64(ns | 1) - 1;
#endif
}

static __always_inline void batch_count(struct kc_batch *batch, u64 ticks,
					u64 mult)
{
	batch->hist[slot_of(kc_clock_scale(ticks, mult))]++;
	if (unlikely(ticks < batch->least))
		batch->least = ticks;
	if (unlikely(ticks > batch->most))
		batch->most = ticks;
}

static __always_inline void batch_sum(struct kc_batch *batch,
				      const struct kc_leg *leg,
				      unsigned int ios, u64 sectors, u64 lat,
				      u64 submit)
{
	batch->ios += ios;
	batch->sectors += sectors;
	batch->lat += lat;
	batch->queue += submit - ios * leg->ready;
}

/*
 * All of a leg, all of one kind and all of them successful. This is what
 * observation costs: every instruction counts. That no latency is negative,
 * since the kernel saw no processor's counter behind another's, is checked once
 * a batch.
 */
static __always_inline void batch_all(struct kc_batch *batch,
				      const struct kc_leg *leg)
{
	const u64 mult = kc_clock_mult[leg->clock];
	const struct kc_io *io = leg->ios;
	u64 lat = 0, submit = 0;

	do {
		const u64 ticks = io->done - io->submit;

		batch_count(batch, ticks, mult);
		lat += ticks;
		submit += io->submit;
		io = io->next;
	} while (io);
	batch_sum(batch, leg, leg->chunk->nr_pieces, leg->chunk->sectors, lat,
		  submit);
	batch_extend(batch, leg, leg->ios, leg->last);
}

/*
 * Those from @first on that are of its kind, and successful.
 *
 * Return: the request behind them, or NULL.
 */
static noinline const struct kc_io *batch_some(struct kc_batch *batch,
					       const struct kc_leg *leg,
					       const struct kc_io *first)
{
	const u64 mult = kc_clock_mult[leg->clock];
	const struct kc_io *io, *last = first;
	u64 lat = 0, submit = 0, sectors = 0;
	unsigned int ios = 0;

	for (io = first; io; io = io->next) {
		const u64 ticks = io->done - io->submit;

		if (!io->armed || io->bio.bi_status)
			continue;
		if (io->op != first->op)
			break;
		batch_count(batch, ticks, mult);
		lat += ticks;
		submit += io->submit;
		sectors += io->sectors;
		ios++;
		last = io;
	}
	batch_sum(batch, leg, ios, sectors, lat, submit);
	batch_extend(batch, leg, first, last);
	return io;
}

static bool is_due(const struct kc_batch *batch, const struct kc_leg *leg,
		   u64 now)
{
	return batch->ios >= BATCH_IOS || batch->due ||
	       (s64)(now - batch->since) > (s64)kc_clock_10ms[leg->clock];
}

/* ---- what is told --------------------------------------------------------- */

static void trace_one(const struct kcopyd_job *job, const struct kc_leg *leg,
		      const struct kc_io *io, int error, u32 flags)
{
	kc_clock_check();
	kc_trace(
		kcopyd_io_done, job->id, leg->region, io->op,
		job->regions[leg->region].bdev->bd_dev, io->sector, io->sectors,
		kc_clock_ns(leg->clock,
			    kc_clock_between(leg->ready, io->submit)),
		kc_clock_ns(leg->clock, kc_clock_between(io->submit, io->done)),
		error, flags);
}

static noinline void trace_round(const struct kcopyd_job *job,
				 const struct kc_leg *leg, u32 flags)
{
	const struct kc_io *io;

	for (io = leg->ios; io; io = io->next)
		if (io->armed && !io->bio.bi_status)
			trace_one(job, leg, io, 0, flags);
}

/**
 * kc_observe_round - the bios of a round that succeeded were counted
 * @job: the job
 * @leg: measured; all that was in flight of it has completed
 * @first: the first bio that succeeded
 * @all: all that the leg has did, and it was all of the chunk
 *
 * Context: the client's worker.
 */
void kc_observe_round(struct kcopyd_job *job, struct kc_leg *leg,
		      const struct kc_io *first, bool all)
{
	struct kc_batch *batch = batch_of(job, leg);
	const u64 now = kc_clock_ticks(leg->clock);
	const u64 took = now - leg->ready;
	const u32 flags = flags_of(job, leg);

	if (trace_kcopyd_io_done_enabled())
		trace_round(job, leg, flags);
	if (!trace_kcopyd_io_batch_enabled())
		return;
	if (likely(all && !leg->chunk->map)) {
		batch_open(batch, job, leg, first, flags, took);
		batch_all(batch, leg);
	} else {
		do {
			batch_open(batch, job, leg, first, flags, took);
			first = batch_some(batch, leg, first);
		} while (first);
	}
	if (unlikely(took > batch->longest))
		batch->longest = took;
	if (is_due(batch, leg, now))
		batch_tell(batch, 0);
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
	const u64 ticks = kc_clock_between(io->submit, io->done);
	struct kc_batch *batch = batch_of(job, leg);
	u32 flags = flags_of(job, leg);

	if (refused)
		flags |= KCOPYD_IO_REFUSED;
	if (trace_kcopyd_io_done_enabled())
		trace_one(job, leg, io, error, flags);
	if (!trace_kcopyd_io_batch_enabled())
		return;
	if (batch->ios)
		batch_tell(batch, 0);
	batch_begin(batch, job, leg, io, kind_make(flags, io->op, leg->clock));
	batch->ios = 1;
	batch->lat = ticks;
	batch->queue = io->submit - leg->ready;
	batch_count(batch, ticks, kc_clock_mult[leg->clock]);
	batch_extend(batch, leg, io, io);
	batch_tell(batch, error);
}

/**
 * kc_observe_halt - nothing of a job is in flight, and nothing starts at once
 * @job: the job
 *
 * Context: the client's worker.
 */
void kc_observe_halt(struct kcopyd_job *job)
{
	unsigned int i;

	if (job->small)
		return;
	for (i = 0; i <= job->nr_dests; i++)
		if (job->regions[i].batch.ios)
			batch_tell(&job->regions[i].batch, 0);
}

/**
 * kc_observe_idle - a client has no small job any more
 * @kc: the client
 *
 * Context: the client's worker.
 */
void kc_observe_idle(struct kcopyd_client *kc)
{
	unsigned int i;

	for (i = 0; i < KC_CLIENT_BATCHES; i++)
		if (kc->batches[i].ios)
			batch_tell(&kc->batches[i], 0);
}

/* ---- direct calls of dm-io ------------------------------------------------ */

/**
 * kc_observe_call - a request of a direct dm-io call has completed
 * @seen: the request
 *
 * Context: any.
 */
void kc_observe_call(const struct kc_seen *seen)
{
	const u64 now = kc_clock_ticks(seen->clock);
	const u64 lat_ns =
		kc_clock_ns(seen->clock, kc_clock_between(seen->submit, now));
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
		.bucket_sectors = bucket_sectors(bdev_nr_sectors(seen->bdev)),
	};

	kc_clock_check();
	kc_trace(kcopyd_io_done, 0, seen->region, seen->op, batch.dev,
		 seen->sector, seen->sectors, 0, lat_ns, seen->error, 0);
	batch.hist[min(slot_of(lat_ns), KCOPYD_HIST_SLOTS - 1U)] = 1;
	kc_trace(kcopyd_io_batch, &batch);
}
