// SPDX-License-Identifier: GPL-2.0-or-later
/* The live view as JSON. */
#include <json-c/json.h>
#include "cli.h"
#include "top.h"

static void set_time(struct json_object *object, const char *key,
		     const struct flow *flow, uint64_t ns)
{
	if (flow->measured)
		json_set_u64(object, key, ns);
	else
		json_set_null(object, key);
}

static void set_flow(struct json_object *object, const struct flow *flow)
{
	json_set_u64(object, "bytes", flow->bytes);
	json_set_u64(object, "bytes_new", flow->bytes_new);
	json_set_u64(object, "bytes_per_second", flow->rate);
	json_set_u64(object, "ios", flow->requests);
	json_set_u64(object, "ios_new", flow->requests_new);
	json_set_u64(object, "ios_per_second", flow->requests_rate);
	json_set_u64(object, "errors", flow->errors);
	json_set_u64(object, "errors_new", flow->errors_new);
	set_time(object, "latency_p50_ns", flow, flow->p50_ns);
	set_time(object, "latency_p99_ns", flow, flow->p99_ns);
	set_time(object, "queue_mean_ns", flow, flow->queue_ns);
}

static void set_device(struct json_object *object, const char *name,
		       uint32_t major, uint32_t minor, int last_errno)
{
	json_set_text(object, "device", name);
	json_set_u64(object, "major", major);
	json_set_u64(object, "minor", minor);
	if (last_errno)
		json_set_int(object, "last_error", last_errno);
	else
		json_set_null(object, "last_error");
}

static struct json_object *region_json(const struct top_row *row)
{
	struct json_object *object = json_object_new_object();

	json_set_u64(object, "job", row->number);
	json_set_u64(object, "region", row->region);
	json_set_text(object, "state", kcopy_state_string(row->state));
	set_device(object, row->device, row->major, row->minor,
		   row->last_errno);
	json_set_u64(object, "size", row->size);
	json_set_u64(object, "in_flight", row->in_flight);
	set_flow(object, &row->flow);
	return object;
}

static struct json_object *client_json(const struct top_row *row)
{
	const struct flow *flow = &row->flow;
	struct json_object *object = json_object_new_object();

	json_set_u64(object, "client", row->number);
	json_set_u64(object, "bytes", flow->bytes);
	json_set_u64(object, "bytes_new", flow->bytes_new);
	json_set_u64(object, "bytes_per_second", flow->rate);
	json_set_u64(object, "jobs", flow->requests);
	json_set_u64(object, "jobs_new", flow->requests_new);
	json_set_u64(object, "jobs_per_second", flow->requests_rate);
	json_set_u64(object, "failed", flow->errors);
	json_set_u64(object, "failed_new", flow->errors_new);
	set_time(object, "time_p50_ns", flow, flow->p50_ns);
	set_time(object, "time_p99_ns", flow, flow->p99_ns);
	return object;
}

static struct json_object *device_json(const struct top_device *device)
{
	static const char *const names[] = { "read", "write", "all" };
	const struct flow *flows[] = { &device->read, &device->write,
				       &device->all };
	struct json_object *object = json_object_new_object();
	struct json_object *part;
	size_t i;

	set_device(object, device->device, device->major, device->minor,
		   device->last_errno);
	json_set_u64(object, "in_flight", device->in_flight);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		part = json_object_new_object();
		set_flow(part, flows[i]);
		json_object_object_add(object, names[i], part);
	}
	return object;
}

static struct json_object *losses_json(const struct top_model *model)
{
	struct json_object *object = json_object_new_object();
	size_t i;

	for (i = 0; i < SNAPSHOT_LOSSES; i++)
		json_set_u64(object, model->losses[i].name,
			     model->losses[i].count);
	return object;
}

static void add_lists(struct json_object *document,
		      const struct top_model *model)
{
	struct json_object *regions = json_object_new_array();
	struct json_object *clients = json_object_new_array();
	struct json_object *devices = json_object_new_array();
	const struct top_row *row;
	size_t i;

	for (i = 0; i < model->nr_rows; i++) {
		row = &model->rows[i];
		if (row->client)
			json_object_array_add(clients, client_json(row));
		else
			json_object_array_add(regions, region_json(row));
	}
	for (i = 0; i < model->nr_devices; i++)
		json_object_array_add(devices, device_json(&model->devices[i]));
	json_object_object_add(document, "regions", regions);
	json_object_object_add(document, "clients", clients);
	json_object_object_add(document, "devices", devices);
}

struct json_object *top_json(const struct top_model *model)
{
	struct json_object *document = json_document();

	json_set_u64(document, "time_ns", model->time_ns);
	json_set_u64(document, "interval_ns", model->interval_ns);
	json_set_u64(document, "running", model->running);
	json_set_u64(document, "finished", model->finished);
	json_set_u64(document, "read_bytes_per_second", model->read_rate);
	json_set_u64(document, "write_bytes_per_second", model->write_rate);
	json_object_object_add(document, "lost", losses_json(model));
	add_lists(document, model);
	return document;
}
