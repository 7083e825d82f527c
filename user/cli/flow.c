// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes through a region or device: in total, and in an interval. */
#include "flow.h"

#define NSEC_PER_SEC 1000000000ULL

struct tally tally_of_region(const struct kcopyd_region_stats *stats)
{
	return (struct tally){
		.bytes = stats->bytes,
		.requests = stats->ios,
		.errors = stats->errors,
		.queue_sum_ns = stats->queue_sum_ns,
		.lat = stats->lat,
	};
}

struct tally tally_of_device(const struct kcopyd_device_stats *stats)
{
	return (struct tally){
		.bytes = stats->bytes,
		.requests = stats->ios,
		.errors = stats->errors,
		.queue_sum_ns = stats->queue_sum_ns,
		.lat = stats->lat,
	};
}

/* Of a client it is whole jobs that are counted. */
struct tally tally_of_client(const struct kcopyd_client_stats *stats)
{
	return (struct tally){
		.bytes = stats->bytes,
		.requests = stats->jobs,
		.errors = stats->failed,
		.lat = stats->time,
	};
}

static uint64_t measured(const struct kcopyd_latency *lat)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < KCOPYD_HIST_SLOTS; i++)
		total += lat->hist[i];
	return total;
}

static void add_latency(struct kcopyd_latency *sum,
			const struct kcopyd_latency *more)
{
	unsigned int i;

	if (!measured(more))
		return;
	if (!measured(sum) || more->min_ns < sum->min_ns)
		sum->min_ns = more->min_ns;
	if (more->max_ns > sum->max_ns)
		sum->max_ns = more->max_ns;
	sum->sum_ns += more->sum_ns;
	for (i = 0; i < KCOPYD_HIST_SLOTS; i++)
		sum->hist[i] += more->hist[i];
}

void tally_add(struct tally *sum, const struct tally *more)
{
	sum->bytes += more->bytes;
	sum->requests += more->requests;
	sum->errors += more->errors;
	sum->queue_sum_ns += more->queue_sum_ns;
	add_latency(&sum->lat, &more->lat);
}

/* Statistics that were loaded anew began at 0. */
static uint64_t since(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static uint64_t per_second(uint64_t amount, uint64_t ns)
{
	return ns ? ((__uint128_t)amount * NSEC_PER_SEC + ns / 2) / ns : 0;
}

/* The extremes of the interval are not known, but they are within those of all. */
static struct kcopyd_latency latency_since(const struct kcopyd_latency *before,
					   const struct kcopyd_latency *now)
{
	struct kcopyd_latency lat = { .min_ns = now->min_ns,
				      .max_ns = now->max_ns };
	unsigned int i;

	lat.sum_ns = since(before->sum_ns, now->sum_ns);
	for (i = 0; i < KCOPYD_HIST_SLOTS; i++)
		lat.hist[i] = since(before->hist[i], now->hist[i]);
	return lat;
}

static void set_times(struct flow *flow, const struct kcopyd_latency *lat,
		      uint64_t queue_sum_ns, uint64_t requests)
{
	flow->measured = measured(lat) > 0;
	flow->p50_ns = kcopy_percentile(lat, 500);
	flow->p99_ns = kcopy_percentile(lat, 990);
	flow->queue_ns = requests ? queue_sum_ns / requests : 0;
}

struct flow flow_between(const struct tally *before, const struct tally *now,
			 uint64_t interval_ns)
{
	struct flow flow = {
		.bytes = now->bytes,
		.requests = now->requests,
		.errors = now->errors,
	};
	struct kcopyd_latency lat;

	set_times(&flow, &now->lat, now->queue_sum_ns, now->requests);
	if (!before)
		return flow;
	flow.bytes_new = since(before->bytes, now->bytes);
	flow.requests_new = since(before->requests, now->requests);
	flow.errors_new = since(before->errors, now->errors);
	flow.rate = per_second(flow.bytes_new, interval_ns);
	flow.requests_rate = per_second(flow.requests_new, interval_ns);
	lat = latency_since(&before->lat, &now->lat);
	if (measured(&lat))
		set_times(&flow, &lat,
			  since(before->queue_sum_ns, now->queue_sum_ns),
			  flow.requests_new);
	return flow;
}
