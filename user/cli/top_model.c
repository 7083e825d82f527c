// SPDX-License-Identifier: GPL-2.0-or-later
/* What the live view shows: the difference of two snapshots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "top.h"

static const char *const sort_names[TOP_SORTS] = {
	[TOP_SORT_NAME] = "job",
	[TOP_SORT_RATE] = "rate",
	[TOP_SORT_REQUESTS] = "requests",
	[TOP_SORT_P50] = "p50",
	[TOP_SORT_P99] = "p99",
	[TOP_SORT_ERRORS] = "errors",
	[TOP_SORT_IN_FLIGHT] = "inflight",
};

const char *top_sort_name(enum top_sort sort)
{
	return sort_names[sort];
}

/* ---- rows of jobs and clients -------------------------------------------- */

static const struct tally nothing;

/* What it was before; what has come up since was nothing; else unknown. */
static const struct tally *before_job(const struct snapshot *before,
				      const struct region_row *row,
				      const struct kcopyd_job_stats *job,
				      struct tally *tally)
{
	const struct kcopyd_region_stats *stats;

	if (!before)
		return NULL;
	stats = snapshot_region(before, row->job, row->region);
	if (stats) {
		*tally = tally_of_region(stats);
		return tally;
	}
	return job->start_ns >= before->time_ns ? &nothing : NULL;
}

static void set_region(struct top_model *model, struct top_row *row,
		       const struct snapshot *before,
		       const struct region_row *region,
		       const struct kcopyd_job_stats *job)
{
	const struct tally now = tally_of_region(&region->stats);
	const struct tally *from;
	struct tally tally;

	*row = (struct top_row){
		.number = region->job,
		.region = region->region,
		.state = job->state,
		.major = region->stats.major,
		.minor = region->stats.minor,
		.size = region->stats.sectors * 512,
		.last_errno = region->stats.last_errno,
	};
	if (job->state != KCOPYD_STATE_DONE)
		row->in_flight = region->stats.in_flight;
	device_name(row->major, row->minor, row->device);
	from = before_job(before, region, job, &tally);
	row->flow = flow_between(from, &now, model->interval_ns);
}

static void add_regions(struct top_model *model, const struct snapshot *before,
			const struct snapshot *now)
{
	const struct kcopyd_job_stats *job;
	size_t i;

	for (i = 0; i < now->nr_regions; i++) {
		job = snapshot_job(now, now->regions[i].job);
		if (!job || (!model->all && job->state == KCOPYD_STATE_DONE))
			continue;
		set_region(model, &model->rows[model->nr_rows++], before,
			   &now->regions[i], job);
	}
}

static void add_client(struct top_model *model, const struct snapshot *before,
		       const struct kcopy_client_row *client)
{
	struct top_row *row = &model->rows[model->nr_rows];
	const struct tally now = tally_of_client(&client->stats);
	const struct kcopyd_client_stats *stats;
	struct tally from = {};

	stats = before ? snapshot_client(before, client->client) : NULL;
	if (stats)
		from = tally_of_client(stats);
	*row = (struct top_row){ .client = true, .number = client->client };
	row->flow =
		flow_between(before ? &from : NULL, &now, model->interval_ns);
	model->nr_rows += model->all || row->flow.requests_new;
}

static int make_rows(struct top_model *model, const struct snapshot *before,
		     const struct snapshot *now)
{
	size_t i;

	model->rows = calloc(now->nr_regions + now->nr_clients + 1,
			     sizeof(*model->rows));
	if (!model->rows)
		return -ENOMEM;
	add_regions(model, before, now);
	for (i = 0; i < now->nr_clients; i++)
		add_client(model, before, &now->clients[i]);
	return 0;
}

/* ---- devices ------------------------------------------------------------- */

enum direction { READS, WRITES, ALL, DIRECTIONS };

static enum direction direction_of(uint32_t op)
{
	switch (op) {
	case KCOPYD_OP_READ:
		return READS;
	case KCOPYD_OP_WRITE:
	case KCOPYD_OP_ZERO:
		return WRITES;
	default:
		return ALL;
	}
}

static void add_tally(struct tally sums[DIRECTIONS], uint32_t op,
		      const struct kcopyd_device_stats *stats)
{
	const struct tally tally = tally_of_device(stats);
	enum direction direction = direction_of(op);

	tally_add(&sums[ALL], &tally);
	if (direction != ALL)
		tally_add(&sums[direction], &tally);
}

static uint64_t device_in_flight(const struct top_device *device,
				 const struct snapshot *now)
{
	const struct kcopyd_region_stats *stats;
	const struct kcopyd_job_stats *job;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < now->nr_regions; i++) {
		stats = &now->regions[i].stats;
		if (stats->major != device->major ||
		    stats->minor != device->minor)
			continue;
		job = snapshot_job(now, now->regions[i].job);
		if (job && job->state != KCOPYD_STATE_DONE)
			sum += stats->in_flight;
	}
	return sum;
}

/* The rows of one device, which are neighbours; returns how many. */
static size_t set_device(struct top_model *model, struct top_device *device,
			 const struct snapshot *before,
			 const struct snapshot *now, size_t first)
{
	const struct kcopy_device_row *rows = &now->devices[first];
	struct tally from[DIRECTIONS] = {}, to[DIRECTIONS] = {};
	const struct kcopyd_device_stats *stats;
	size_t i;

	*device = (struct top_device){ .major = rows->key.major,
				       .minor = rows->key.minor };
	for (i = 0; first + i < now->nr_devices &&
		    rows[i].key.major == device->major &&
		    rows[i].key.minor == device->minor;
	     i++) {
		add_tally(to, rows[i].key.op, &rows[i].stats);
		if (rows[i].stats.last_errno)
			device->last_errno = rows[i].stats.last_errno;
		stats = before ? snapshot_device(before, &rows[i].key) : NULL;
		if (stats)
			add_tally(from, rows[i].key.op, stats);
	}
	device_name(device->major, device->minor, device->device);
	device->in_flight = device_in_flight(device, now);
	device->read = flow_between(before ? &from[READS] : NULL, &to[READS],
				    model->interval_ns);
	device->write = flow_between(before ? &from[WRITES] : NULL, &to[WRITES],
				     model->interval_ns);
	device->all = flow_between(before ? &from[ALL] : NULL, &to[ALL],
				   model->interval_ns);
	return i;
}

static int make_devices(struct top_model *model, const struct snapshot *before,
			const struct snapshot *now)
{
	struct top_device *device;
	size_t i = 0;

	model->devices = calloc(now->nr_devices + 1, sizeof(*model->devices));
	if (!model->devices)
		return -ENOMEM;
	while (i < now->nr_devices) {
		device = &model->devices[model->nr_devices];
		i += set_device(model, device, before, now, i);
		model->read_rate += device->read.rate;
		model->write_rate += device->write.rate;
		model->nr_devices += model->all || device->in_flight ||
				     device->all.requests_new ||
				     device->all.errors_new;
	}
	return 0;
}

int top_model_make(struct top_model *model, const struct snapshot *before,
		   const struct snapshot *now, bool all)
{
	int err;

	*model = (struct top_model){
		.time_ns = now->time_ns,
		.interval_ns = before ? now->time_ns - before->time_ns : 0,
		.all = all,
		.running = snapshot_running(now),
		.finished = now->counters[KCOPYD_COUNTER_FINISHED],
	};
	snapshot_losses(now, model->losses);
	err = make_rows(model, before, now);
	return err ? err : make_devices(model, before, now);
}

void top_model_free(struct top_model *model)
{
	free(model->rows);
	free(model->devices);
	*model = (struct top_model){};
}

/* ---- order --------------------------------------------------------------- */

/* What is larger comes first; the order by name decides between equals. */
static uint64_t flow_weight(const struct flow *flow, enum top_sort sort)
{
	switch (sort) {
	case TOP_SORT_RATE:
		return flow->rate;
	case TOP_SORT_REQUESTS:
		return flow->requests_rate;
	case TOP_SORT_P50:
		return flow->p50_ns;
	case TOP_SORT_P99:
		return flow->p99_ns;
	case TOP_SORT_ERRORS:
		return flow->errors | (flow->errors_new ? 1ULL << 63 : 0);
	default:
		return 0;
	}
}

static uint64_t row_weight(const struct top_row *row, enum top_sort sort)
{
	return sort == TOP_SORT_IN_FLIGHT ? row->in_flight :
					    flow_weight(&row->flow, sort);
}

static uint64_t device_weight(const struct top_device *device,
			      enum top_sort sort)
{
	uint64_t read = flow_weight(&device->read, sort);
	uint64_t write = flow_weight(&device->write, sort);

	switch (sort) {
	case TOP_SORT_IN_FLIGHT:
		return device->in_flight;
	case TOP_SORT_RATE:
		return read + write;
	case TOP_SORT_REQUESTS:
	case TOP_SORT_ERRORS:
		return flow_weight(&device->all, sort);
	default:
		return read > write ? read : write;
	}
}

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	enum top_sort sort = *(enum top_sort *)arg;
	int order = by_number(row_weight(y, sort), row_weight(x, sort));

	if (!order)
		order = x->client - y->client;
	if (!order)
		order = by_number(x->number, y->number);
	return order ? order : by_number(x->region, y->region);
}

static int compare_devices(const void *a, const void *b, void *arg)
{
	const struct top_device *x = a, *y = b;
	enum top_sort sort = *(enum top_sort *)arg;
	int order = by_number(device_weight(y, sort), device_weight(x, sort));

	if (!order)
		order = by_number(x->major, y->major);
	return order ? order : by_number(x->minor, y->minor);
}

void top_model_sort(struct top_model *model, enum top_sort sort)
{
	qsort_r(model->rows, model->nr_rows, sizeof(*model->rows), compare_rows,
		&sort);
	qsort_r(model->devices, model->nr_devices, sizeof(*model->devices),
		compare_devices, &sort);
}
