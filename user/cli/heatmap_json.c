// SPDX-License-Identifier: GPL-2.0-or-later
/* Heat as JSON. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include "cli.h"
#include "heatmap.h"

#define SECTOR 512ULL

static struct json_object *bucket_json(const struct kcopy_heat *heat, size_t i)
{
	const struct kcopyd_heat_cell *cell = &heat->buckets[i];
	struct json_object *object = json_object_new_object();

	json_set_u64(object, "offset", i * heat->bucket_sectors * SECTOR);
	json_set_u64(object, "ios", cell->ios);
	json_set_u64(object, "errors", cell->errors);
	if (cell->ios)
		json_set_u64(object, "mean_ns", cell->lat_sum_ns / cell->ios);
	else
		json_set_null(object, "mean_ns");
	json_set_u64(object, "max_ns", cell->lat_max_ns);
	return object;
}

static struct json_object *device_json(const struct kcopy_heat *heat)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	char node[64];
	size_t i;

	json_set_text(object, "device",
		      kcopy_device_node(heat->major, heat->minor, node,
					sizeof(node)));
	json_set_u64(object, "major", heat->major);
	json_set_u64(object, "minor", heat->minor);
	json_set_u64(object, "device_bytes", heat->device_sectors * SECTOR);
	json_set_u64(object, "bucket_bytes", heat->bucket_sectors * SECTOR);
	for (i = 0; i < heat->nr_buckets; i++) {
		if (heat->buckets[i].ios || heat->buckets[i].errors)
			json_object_array_add(list, bucket_json(heat, i));
	}
	json_object_object_add(object, "buckets", list);
	return object;
}

int heatmap_json(struct kcopy_observer *observer, const struct kcopy_heat *heat,
		 size_t nr)
{
	uint64_t counters[KCOPYD_COUNTERS];
	struct json_object *document, *list;
	size_t i;
	int err;

	err = kcopy_observer_counters(observer, counters);
	if (err) {
		complain("reading the maps failed: %s", strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	document = json_document();
	list = json_object_new_array();
	for (i = 0; i < nr; i++)
		json_object_array_add(list, device_json(&heat[i]));
	json_set_u64(document, "lost_ios", counters[KCOPYD_COUNTER_LOST_HEAT]);
	json_object_object_add(document, "devices", list);
	return json_print(document);
}
