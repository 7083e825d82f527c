/* SPDX-License-Identifier: GPL-2.0-only */
/* What observers are told of a job's requests, many at once (observe.c). */
#ifndef _KCOPYD_BATCH_H
#define _KCOPYD_BATCH_H

#include <linux/types.h>

struct kc_io;
struct kc_leg;
struct kcopyd_client;
struct kcopyd_job;

#define KC_BATCH_SLOTS 64
#define KC_BATCH_PLACES 64

/**
 * struct kc_batch - requests that observers have not been told of
 * @ios: how many; the rest has no meaning while there is none
 * @kind: they are all of one
 * @since: when the first of them was ready, ticks of the kind's clock, as all
 *	times here
 * @longest: of their legs, from when it was ready until it was accounted for
 * @sectors: of them all
 * @sector: the first of them all
 * @end: behind the last of them all
 * @lat: latencies, all added up
 * @least: latency
 * @most: latency
 * @queue: time from when they were ready until they were submitted, added up
 * @queue_most: of that
 * @job: whose, 0 = of small jobs
 * @client: whose
 * @device_sectors: size of the device
 * @dev: the device
 * @region: 0 the source, 1..n the destinations
 * @in_flight: of the region, or NULL
 * @places: a leg's bucket of heat each, or NULL where all are neighbours
 * @nr_places: of them
 * @bucket_sectors: of a bucket
 * @due: it is told after this leg
 * @scattered: they are no neighbours
 * @hist: how many in each slot
 */
struct kc_batch {
	unsigned int ios;
	u32 bucket_sectors;
	u64 kind;
	u64 since;
	u64 longest;
	u64 sectors;
	u64 sector;
	u64 end;
	u64 lat;
	u64 least;
	u64 most;
	u64 queue;
	u64 queue_most;
	u64 job;
	u64 client;
	u64 device_sectors;
	u32 dev;
	u32 region;
	const unsigned int *in_flight;
	u16 *places;
	u8 nr_places;
	bool due;
	bool scattered;
	u16 hist[KC_BATCH_SLOTS];
};

void kc_observe_round(struct kcopyd_job *job, struct kc_leg *leg,
		      const struct kc_io *first, bool all);
void kc_observe_failure(struct kcopyd_job *job, struct kc_leg *leg,
			struct kc_io *io, int error, bool refused);
void kc_observe_halt(struct kcopyd_job *job);
void kc_observe_idle(struct kcopyd_client *kc);

#endif /* _KCOPYD_BATCH_H */
