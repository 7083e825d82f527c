// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics as JSON. */
#include <json-c/json.h>
#include "cli.h"
#include "stats.h"

/* A latency, unknown as long as there was no I/O. */
static void set_latency(struct json_object *object, const char *key,
			const struct kcopyd_region_stats *stats, uint64_t ns)
{
	if (stats->ios)
		json_set_u64(object, key, ns);
	else
		json_set_null(object, key);
}

/* The slots in use: from this many ns, below that many, so often. */
static struct json_object *hist_json(const struct kcopyd_region_stats *stats)
{
	struct json_object *list = json_object_new_array();
	struct json_object *slot;
	unsigned int i;

	for (i = 0; i < KCOPYD_HIST_SLOTS; i++) {
		if (!stats->lat.hist[i])
			continue;
		slot = json_object_new_object();
		json_set_u64(slot, "from_ns", i ? 1ULL << i : 0);
		if (i < KCOPYD_HIST_SLOTS - 1)
			json_set_u64(slot, "below_ns", 2ULL << i);
		else
			json_set_null(slot, "below_ns");
		json_set_u64(slot, "count", stats->lat.hist[i]);
		json_object_array_add(list, slot);
	}
	return list;
}

struct json_object *stats_region_json(unsigned int region,
				      const struct kcopyd_region_stats *stats)
{
	struct json_object *object = json_object_new_object();
	uint64_t ios = stats->ios ? stats->ios : 1;
	char node[64];

	json_set_int(object, "region", region);
	json_set_text(object, "device",
		      kcopy_device_node(stats->major, stats->minor, node,
					sizeof(node)));
	json_set_u64(object, "major", stats->major);
	json_set_u64(object, "minor", stats->minor);
	json_set_u64(object, "sector", stats->sector);
	json_set_u64(object, "sectors", stats->sectors);
	json_set_u64(object, "ios", stats->ios);
	json_set_u64(object, "bytes", stats->bytes);
	json_set_u64(object, "errors", stats->errors);
	if (stats->last_errno)
		json_set_int(object, "last_error", stats->last_errno);
	else
		json_set_null(object, "last_error");
	json_set_u64(object, "flushes", stats->flushes);
	set_latency(object, "latency_min_ns", stats, stats->lat.min_ns);
	set_latency(object, "latency_mean_ns", stats, stats->lat.sum_ns / ios);
	set_latency(object, "latency_p50_ns", stats,
		    kcopy_percentile(&stats->lat, 500));
	set_latency(object, "latency_p99_ns", stats,
		    kcopy_percentile(&stats->lat, 990));
	set_latency(object, "latency_max_ns", stats, stats->lat.max_ns);
	json_set_u64(object, "latency_sum_ns", stats->lat.sum_ns);
	json_set_u64(object, "queue_sum_ns", stats->queue_sum_ns);
	json_object_object_add(object, "histogram", hist_json(stats));
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
	return object;
}

static struct json_object *regions_json(const struct stats_view *view,
					const struct kcopy_job_row *row)
{
	struct json_object *list = json_object_new_array();
	struct kcopyd_region_stats stats;
	unsigned int i;

	for (i = 0; i <= row->stats.nr_dests; i++) {
		if (!kcopy_observer_region(view->observer, row->job, i, &stats))
			json_object_array_add(list,
					      stats_region_json(i, &stats));
	}
	return list;
}

int stats_json(const struct stats_view *view)
{
	struct json_object *document = json_document();
	struct json_object *list = json_object_new_array();
	struct json_object *lost = json_object_new_object();
	struct json_object *job;
	size_t i;

	for (i = 0; i < view->nr_jobs; i++) {
		job = stats_job_json(&view->jobs[i]);
		json_object_object_add(job, "regions",
				       regions_json(view, &view->jobs[i]));
		json_object_array_add(list, job);
	}
	json_set_u64(lost, "jobs", view->counters[KCOPYD_COUNTER_LOST_JOBS]);
	json_set_u64(lost, "regions",
		     view->counters[KCOPYD_COUNTER_LOST_REGIONS]);
	json_set_u64(lost, "ios", view->counters[KCOPYD_COUNTER_LOST_IOS]);
	json_set_u64(document, "finished",
		     view->counters[KCOPYD_COUNTER_FINISHED]);
	json_object_object_add(document, "lost", lost);
	json_object_object_add(document, "jobs", list);
	return json_print(document);
}
