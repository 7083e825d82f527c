// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics as JSON. */
#include <json-c/json.h>
#include "cli.h"
#include "stats.h"

/* A time, unknown as long as there was nothing to measure. */
static void set_time(struct json_object *object, const char *prefix,
		     const char *key, uint64_t measured, uint64_t ns)
{
	char name[40];

	snprintf(name, sizeof(name), "%s_%s_ns", prefix, key);
	if (measured)
		json_set_u64(object, name, ns);
	else
		json_set_null(object, name);
}

static uint64_t mean(uint64_t sum, uint64_t measured)
{
	return measured ? sum / measured : 0;
}

static void set_times(struct json_object *object, const char *prefix,
		      const struct kcopyd_latency *lat, uint64_t measured)
{
	char name[40];

	set_time(object, prefix, "min", measured, lat->min_ns);
	set_time(object, prefix, "mean", measured, mean(lat->sum_ns, measured));
	set_time(object, prefix, "p50", measured, kcopy_percentile(lat, 500));
	set_time(object, prefix, "p99", measured, kcopy_percentile(lat, 990));
	set_time(object, prefix, "max", measured, lat->max_ns);
	snprintf(name, sizeof(name), "%s_sum_ns", prefix);
	json_set_u64(object, name, lat->sum_ns);
}

/* The slots in use: from this many ns, below that many, so often. */
static struct json_object *hist_json(const struct kcopyd_latency *lat)
{
	struct json_object *list = json_object_new_array();
	struct json_object *slot;
	unsigned int i;

	for (i = 0; i < KCOPYD_HIST_SLOTS; i++) {
		if (!lat->hist[i])
			continue;
		slot = json_object_new_object();
		json_set_u64(slot, "from_ns", i ? 1ULL << i : 0);
		if (i < KCOPYD_HIST_SLOTS - 1)
			json_set_u64(slot, "below_ns", 2ULL << i);
		else
			json_set_null(slot, "below_ns");
		json_set_u64(slot, "count", lat->hist[i]);
		json_object_array_add(list, slot);
	}
	return list;
}

static void set_device(struct json_object *object, uint32_t major,
		       uint32_t minor)
{
	char node[64];

	json_set_text(object, "device",
		      kcopy_device_node(major, minor, node, sizeof(node)));
	json_set_u64(object, "major", major);
	json_set_u64(object, "minor", minor);
}

static void set_errors(struct json_object *object, uint64_t errors,
		       int last_errno)
{
	json_set_u64(object, "errors", errors);
	if (last_errno)
		json_set_int(object, "last_error", last_errno);
	else
		json_set_null(object, "last_error");
}

struct json_object *stats_region_json(unsigned int region,
				      const struct kcopyd_region_stats *stats)
{
	struct json_object *object = json_object_new_object();

	json_set_int(object, "region", region);
	set_device(object, stats->major, stats->minor);
	json_set_u64(object, "sector", stats->sector);
	json_set_u64(object, "sectors", stats->sectors);
	json_set_u64(object, "device_sectors", stats->device_sectors);
	json_set_u64(object, "ios", stats->ios);
	json_set_u64(object, "bytes", stats->bytes);
	set_errors(object, stats->errors, stats->last_errno);
	json_set_u64(object, "flushes", stats->flushes);
	json_set_u64(object, "retries", stats->retries);
	json_set_u64(object, "verifies", stats->verifies);
	json_set_u64(object, "zeroes", stats->zeroes);
	json_set_u64(object, "refused", stats->refused);
	json_set_u64(object, "in_flight", stats->in_flight);
	set_times(object, "latency", &stats->lat, stats->ios);
	set_time(object, "queue", "mean", stats->ios,
		 mean(stats->queue_sum_ns, stats->ios));
	set_time(object, "queue", "max", stats->ios, stats->queue_max_ns);
	json_set_u64(object, "queue_sum_ns", stats->queue_sum_ns);
	json_object_object_add(object, "histogram", hist_json(&stats->lat));
	return object;
}

static struct json_object *device_json(const struct kcopy_device_row *row)
{
	const struct kcopyd_device_stats *stats = &row->stats;
	struct json_object *object = json_object_new_object();

	set_device(object, row->key.major, row->key.minor);
	json_set_text(object, "op", kcopy_op_string(row->key.op));
	json_set_u64(object, "ios", stats->ios);
	json_set_u64(object, "bytes", stats->bytes);
	set_errors(object, stats->errors, stats->last_errno);
	json_set_u64(object, "retries", stats->retries);
	json_set_u64(object, "verifies", stats->verifies);
	json_set_u64(object, "direct", stats->direct);
	set_times(object, "latency", &stats->lat, stats->ios);
	set_time(object, "queue", "mean", stats->ios,
		 mean(stats->queue_sum_ns, stats->ios));
	json_set_u64(object, "queue_sum_ns", stats->queue_sum_ns);
	json_object_object_add(object, "histogram", hist_json(&stats->lat));
	return object;
}

static struct json_object *client_json(const struct kcopy_client_row *row)
{
	const struct kcopyd_client_stats *stats = &row->stats;
	struct json_object *object = json_object_new_object();

	json_set_u64(object, "client", row->client);
	json_set_u64(object, "jobs", stats->jobs);
	json_set_u64(object, "failed", stats->failed);
	json_set_u64(object, "bytes", stats->bytes);
	json_set_u64(object, "read_errs", stats->read_errs);
	json_set_u64(object, "write_errs", stats->write_errs);
	json_set_u64(object, "last_ns", stats->last_ns);
	set_times(object, "time", &stats->time, stats->jobs);
	json_object_object_add(object, "histogram", hist_json(&stats->time));
	return object;
}

struct json_object *stats_job_json(const struct kcopy_job_row *row)
{
	const struct kcopyd_job_stats *stats = &row->stats;
	bool done = stats->state == KCOPYD_STATE_DONE;
	struct json_object *object = json_object_new_object();

	json_set_u64(object, "job", row->job);
	json_set_u64(object, "client", stats->client);
	json_set_text(object, "state", kcopy_state_string(stats->state));
	json_set_u64(object, "flags", stats->flags);
	json_set_u64(object, "sectors", stats->sectors);
	json_set_int(object, "read_err", stats->read_err);
	json_set_u64(object, "write_err", stats->write_err);
	json_set_u64(object, "bytes_read", stats->bytes_read);
	json_set_u64(object, "bytes_written", stats->bytes_written);
	json_set_u64(object, "start_ns", stats->start_ns);
	if (done) {
		json_set_u64(object, "end_ns", stats->end_ns);
		json_set_u64(object, "ns", stats->duration_ns);
	} else {
		json_set_null(object, "end_ns");
		json_set_null(object, "ns");
	}
	json_set_u64(object, "throttles", stats->throttles);
	json_set_u64(object, "throttle_ns", stats->throttle_ns);
	return object;
}

/* Regions are sorted as the jobs are: *NEXT is where those of this one begin. */
static struct json_object *regions_json(const struct snapshot *snapshot,
					uint64_t job, size_t *next)
{
	struct json_object *list = json_object_new_array();
	const struct region_row *row;

	for (; *next < snapshot->nr_regions; ++*next) {
		row = &snapshot->regions[*next];
		if (row->job != job)
			break;
		json_object_array_add(list, stats_region_json(row->region,
							      &row->stats));
	}
	return list;
}

static struct json_object *jobs_json(const struct snapshot *snapshot)
{
	struct json_object *list = json_object_new_array();
	const struct kcopy_job_row *row;
	struct json_object *job;
	size_t i, region = 0;

	for (i = 0; i < snapshot->nr_jobs; i++) {
		row = &snapshot->jobs[i];
		job = stats_job_json(row);
		json_object_object_add(job, "regions",
				       regions_json(snapshot, row->job,
						    &region));
		json_object_array_add(list, job);
	}
	return list;
}

static struct json_object *losses_json(const struct snapshot *snapshot)
{
	static const struct {
		const char *key;
		enum kcopyd_counter counter;
	} losses[] = {
		{ "jobs", KCOPYD_COUNTER_LOST_JOBS },
		{ "regions", KCOPYD_COUNTER_LOST_REGIONS },
		{ "ios", KCOPYD_COUNTER_LOST_IOS },
		{ "devices", KCOPYD_COUNTER_LOST_DEVICES },
		{ "clients", KCOPYD_COUNTER_LOST_CLIENTS },
		{ "heat", KCOPYD_COUNTER_LOST_HEAT },
	};
	struct json_object *object = json_object_new_object();
	size_t i;

	for (i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		json_set_u64(object, losses[i].key,
			     snapshot->counters[losses[i].counter]);
	json_set_u64(object, "misses", snapshot->misses);
	return object;
}

struct json_object *stats_document(const struct snapshot *snapshot)
{
	struct json_object *document = json_document();
	struct json_object *devices = json_object_new_array();
	struct json_object *clients = json_object_new_array();
	size_t i;

	for (i = 0; i < snapshot->nr_devices; i++)
		json_object_array_add(devices,
				      device_json(&snapshot->devices[i]));
	for (i = 0; i < snapshot->nr_clients; i++)
		json_object_array_add(clients,
				      client_json(&snapshot->clients[i]));
	json_set_u64(document, "finished",
		     snapshot->counters[KCOPYD_COUNTER_FINISHED]);
	json_object_object_add(document, "lost", losses_json(snapshot));
	json_object_object_add(document, "jobs", jobs_json(snapshot));
	json_object_object_add(document, "devices", devices);
	json_object_object_add(document, "clients", clients);
	return document;
}

int stats_json(const struct snapshot *snapshot)
{
	return json_print(stats_document(snapshot));
}
