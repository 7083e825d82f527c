// SPDX-License-Identifier: GPL-2.0-or-later
/* The same for programs. */
#include <json-c/json.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "bench.h"

#define SCHEMA 1

static void set_text(struct json_object *object, const char *key,
		     const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static void set_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

struct json_object *json_document(void)
{
	struct json_object *document = json_object_new_object();
	struct utsname name;

	uname(&name);
	json_object_object_add(document, "schema", json_object_new_int(SCHEMA));
	set_text(document, "kernel", name.release);
	json_object_object_add(document, "suites", json_object_new_array());
	return document;
}

static struct json_object *ratio_json(double ratio)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", ratio);
	return json_object_new_double_s(ratio, text);
}

/* The list of rows. */
struct json_object *json_suite(struct json_object *document,
			       const struct bench_suite *suite)
{
	struct json_object *object = json_object_new_object();
	struct json_object *rows = json_object_new_array();

	set_text(object, "name", suite->name);
	set_text(object, "unit", suite->unit);
	set_u64(object, "rounds", BENCH_ROUNDS);
	set_text(object, "reference", suite->keys[suite->reference]);
	json_object_object_add(object, "rows", rows);
	json_object_array_add(json_object_object_get(document, "suites"),
			      object);
	return rows;
}

static struct json_object *figure_json(const struct bench_figure *figure)
{
	struct json_object *object = json_object_new_object();

	set_u64(object, "best", figure->best);
	set_u64(object, "median", figure->median);
	set_u64(object, "worst", figure->worst);
	return object;
}

void json_row(struct json_object *list, const struct bench_suite *suite,
	      const struct bench_row *row, const struct bench_result *result)
{
	struct json_object *object = json_object_new_object();
	struct json_object *peers = json_object_new_object();
	struct json_object *target = NULL, *held = NULL;
	unsigned int peer;

	for (peer = 0; peer < suite->nr_peers; peer++)
		json_object_object_add(peers, suite->keys[peer],
				       figure_json(&result->figures[peer]));
	if (row->target) {
		target = ratio_json(row->target);
		held = json_object_new_boolean(!result->missed);
	}
	json_object_object_add(object, "what", json_object_get(row->what));
	json_object_object_add(object, "peers", peers);
	json_object_object_add(object, "ratio", ratio_json(result->ratio));
	json_object_object_add(object, "target", target);
	json_object_object_add(object, "held", held);
	json_object_array_add(list, object);
}

int json_write(struct json_object *document, const char *path)
{
	return json_object_to_file_ext(path, document,
				       JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE);
}
