/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes through a region or device: in total, and in an interval. */
#ifndef _KCOPYCTL_FLOW_H
#define _KCOPYCTL_FLOW_H

#include <stdbool.h>
#include <libkcopy.h>

/**
 * struct tally - what a record counts
 * @bytes: of requests that succeeded
 * @requests: finished ones
 * @errors: of them
 * @queue_sum_ns: that they waited before
 * @lat: that they took
 */
struct tally {
	uint64_t bytes;
	uint64_t requests;
	uint64_t errors;
	uint64_t queue_sum_ns;
	struct kcopyd_latency lat;
};

/**
 * struct flow - a tally, and what came to it in an interval
 * @bytes: in total
 * @requests: in total
 * @errors: in total
 * @bytes_new: in the interval
 * @requests_new: in the interval
 * @errors_new: in the interval
 * @rate: bytes a second
 * @requests_rate: requests a second
 * @measured: whether there is any latency
 * @p50_ns: of the interval, of all when there was none in it
 * @p99_ns: as @p50_ns
 * @queue_ns: mean, as @p50_ns
 */
struct flow {
	uint64_t bytes;
	uint64_t requests;
	uint64_t errors;
	uint64_t bytes_new;
	uint64_t requests_new;
	uint64_t errors_new;
	uint64_t rate;
	uint64_t requests_rate;
	bool measured;
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t queue_ns;
};

struct tally tally_of_region(const struct kcopyd_region_stats *stats);
struct tally tally_of_device(const struct kcopyd_device_stats *stats);
struct tally tally_of_client(const struct kcopyd_client_stats *stats);
void tally_add(struct tally *sum, const struct tally *more);

/*
 * BEFORE is what it was at the start of the interval; NULL: that is not known,
 * and nothing is said of the interval.
 */
struct flow flow_between(const struct tally *before, const struct tally *now,
			 uint64_t interval_ns);

#endif /* _KCOPYCTL_FLOW_H */
