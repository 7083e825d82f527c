// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan of a copy, shown by --dry-run. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include "cli.h"
#include "copy.h"
#include "table.h"

static uint64_t size_of(const struct plan_target *target)
{
	return target->device ? target->device->size : target->file_size;
}

static struct json_object *target_json(const struct plan_target *target)
{
	struct json_object *object;

	const struct kcopy_device *device = target->device;

	if (!target->path)
		return NULL;
	object = json_object_new_object();
	json_set_text(object, "path", target->path);
	json_set_text(object, "device", device ? device->node : NULL);
	json_set_text(object, "by_id", device ? device->by_id : NULL);
	json_set_text(object, "model", device ? device->model : NULL);
	json_set_text(object, "serial", device ? device->serial : NULL);
	json_set_u64(object, "size", size_of(target));
	if (device)
		json_set_u64(object, "logical_block", device->logical_block);
	else
		json_set_null(object, "logical_block");
	json_set_bool(object, "file", target->file);
	json_set_bool(object, "new", target->is_new);
	json_set_u64(object, "offset", target->offset);
	json_set_text(object, "found", target->found);
	return object;
}

static int print_json(const struct plan *plan)
{
	struct json_object *document = json_document();
	struct json_object *list = json_object_new_array();
	unsigned int i;

	json_set_bool(document, "dry_run", true);
	json_set_u64(document, "length", plan->length);
	json_object_object_add(document, "source", target_json(&plan->source));
	for (i = 0; i < plan->nr_dests; i++)
		json_object_array_add(list, target_json(&plan->dests[i]));
	json_object_object_add(document, "destinations", list);
	return json_print(document);
}

static const char *model_of(const struct plan_target *target)
{
	if (target->is_new)
		return "new file";
	return target->file ? "file" : target->device->model;
}

static void add_line(struct libscols_table *table, const char *role,
		     const struct plan_target *target)
{
	char size[KCOPY_FORMAT_MAX], offset[24];

	snprintf(offset, sizeof(offset), "%" PRIu64, target->offset);
	table_add(table,
		  (const char *[]){ role, target->path, model_of(target),
				    kcopy_format_size(size_of(target), size),
				    offset, target->found });
}

int plan_print(const struct plan *plan)
{
	static const char *const columns[] = {
		"ROLE", "DEVICE", "MODEL", ">SIZE", ">OFFSET", "WILL BE LOST",
	};
	char length[KCOPY_FORMAT_MAX];
	struct libscols_table *table;
	unsigned int i;

	if (plan->options->json)
		return print_json(plan);
	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	if (plan->source.path)
		add_line(table, "source", &plan->source);
	for (i = 0; i < plan->nr_dests; i++)
		add_line(table, "destination", &plan->dests[i]);
	table_print(table);
	printf("%s (%" PRIu64 " bytes) would be %s\n",
	       kcopy_format_size(plan->length, length), plan->length,
	       plan_done(plan));
	return EXIT_COMPLETE;
}
