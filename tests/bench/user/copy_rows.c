// SPDX-License-Identifier: GPL-2.0-or-later
/* Suites that are tables of copies. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "copy.h"
#include "devices.h"

/* Those of the row that was measured last, for the next of its kind. */
static struct devices devices;
static struct device_kind devices_kind;

static void provide_devices(const struct copy *copy)
{
	const struct device_kind *kind = &copy->kind;
	const unsigned int nr = 1 + copy->nr_dests;

	if (devices.nr >= nr && !memcmp(kind, &devices_kind, sizeof(*kind)))
		return;
	devices_destroy(&devices);
	devices_create(&devices, nr, kind);
	memcpy(&devices_kind, kind, sizeof(*kind));
}

void copy_rows_end(void)
{
	devices_destroy(&devices);
}

static void add(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *device_json(const struct device_kind *kind)
{
	static const char *const irqmodes[] = { "inline", "softirq", "timer" };
	struct json_object *object = json_object_new_object();

	add(object, "request_bytes", device_request_kib(kind) << 10);
	json_object_object_add(object, "completion",
			       json_object_new_string(irqmodes[kind->irqmode]));
	json_object_object_add(object, "memory_backed",
			       json_object_new_boolean(kind->memory_backed));
	if (kind->latency_ns)
		add(object, "latency_ns", kind->latency_ns);
	if (kind->queue_depth)
		add(object, "queue_depth", kind->queue_depth);
	if (kind->mbps)
		add(object, "mib_per_second", kind->mbps);
	return object;
}

static struct json_object *what(const struct copy *copy)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "device", device_json(&copy->kind));
	add(object, "destinations", copy->nr_dests);
	add(object, "bytes", copy->bytes);
	if (copy->jobs) {
		add(object, "jobs", copy->jobs);
		add(object, "in_flight", copy->in_flight);
		json_object_object_add(
			object, "scattered",
			json_object_new_boolean(copy->scattered));
	}
	return object;
}

static const struct copy_row *row_at(const struct bench_suite *suite,
				     unsigned int i)
{
	const struct copy_row *rows = suite->data;

	return &rows[i];
}

void copy_rows_describe(const struct bench_suite *suite, unsigned int i,
			struct bench_row *row)
{
	const struct copy_row *at = row_at(suite, i);

	snprintf(row->text, sizeof(row->text), "%s", at->text);
	row->what = what(&at->copy);
	row->gap = !i || at->gap;
	row->parts = at->copy.nr_dests;
	row->target = at->target;
}

uint64_t copy_rows_measure(const struct bench_suite *suite, unsigned int i,
			   const struct bench_peer *peer)
{
	const struct copy *copy = &row_at(suite, i)->copy;
	const uint64_t units = copy->jobs ? copy->jobs : copy->bytes >> 20;

	provide_devices(copy);
	return (peer->copy(copy, &devices) + units / 2) / units;
}

uint64_t copy_rows_elapsed(const struct bench_suite *suite, unsigned int i,
			   const struct bench_peer *peer)
{
	return (copy_rows_measure(suite, i, peer) * ELAPSED_MIB + 500) / 1000;
}
