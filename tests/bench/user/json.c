// SPDX-License-Identifier: GPL-2.0-or-later
/* The same for programs. */
#include <err.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"

#define SCHEMA 1

static void set_text(struct json_object *object, const char *key,
		     const char *text)
{
	json_object_object_add(object, key,
			       text ? json_object_new_string(text) : NULL);
}

static void set_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *document_new(void)
{
	struct json_object *document = json_object_new_object();
	struct utsname name;

	uname(&name);
	json_object_object_add(document, "schema", json_object_new_int(SCHEMA));
	set_text(document, "kernel", name.release);
	json_object_object_add(document, "suites", json_object_new_array());
	return document;
}

/* A file that is there is added to: some suites want another machine. */
struct json_object *json_document(const char *path)
{
	struct json_object *document;

	if (!path || access(path, F_OK))
		return document_new();
	document = json_object_from_file(path);
	if (!json_object_object_get(document, "suites"))
		errx(BENCH_FAILED, "%s is not a file of mine", path);
	return document;
}

/* Zero is for what there isn't. */
static struct json_object *number_json(double number)
{
	char text[32];

	if (!number)
		return NULL;
	snprintf(text, sizeof(text), "%.4f", number);
	return json_object_new_double_s(number, text);
}

static void forget(struct json_object *suites, const char *name)
{
	size_t i = json_object_array_length(suites);

	while (i--) {
		struct json_object *suite =
			json_object_array_get_idx(suites, i);

		if (!strcmp(json_object_get_string(
				    json_object_object_get(suite, "name")),
			    name))
			json_object_array_del_idx(suites, i, 1);
	}
}

/* The list of rows. */
struct json_object *json_suite(struct json_object *document,
			       const struct bench_suite *suite)
{
	struct json_object *suites = json_object_object_get(document, "suites");
	struct json_object *object = json_object_new_object();
	struct json_object *rows = json_object_new_array();

	forget(suites, suite->name);
	set_text(object, "name", suite->name);
	set_text(object, "unit", suite->unit);
	set_u64(object, "rounds", bench_rounds(suite));
	set_text(object, "reference",
		 suite->reference ? suite->reference->key : NULL);
	json_object_object_add(object, "rows", rows);
	json_object_array_add(suites, object);
	return rows;
}

static struct json_object *figure_json(const struct bench_figure *figure)
{
	struct json_object *object;

	if (!figure->median)
		return NULL;
	object = json_object_new_object();
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
	struct json_object *held = NULL;
	unsigned int peer;

	for (peer = 0; peer < suite->nr_peers; peer++)
		json_object_object_add(peers, suite->peers[peer]->key,
				       figure_json(&result->figures[peer]));
	if (row->target)
		held = json_object_new_boolean(!result->missed);
	json_object_object_add(object, "what", json_object_get(row->what));
	json_object_object_add(object, "peers", peers);
	json_object_object_add(object, "ratio", number_json(result->ratio));
	json_object_object_add(object, "target", number_json(row->target));
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
