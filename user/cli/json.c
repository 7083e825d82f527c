// SPDX-License-Identifier: GPL-2.0-or-later
/* Documents for programs: bytes and ns are integers, unknown is null. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "cleanup.h"
#include "cli.h"
#include "utf8.h"

struct json_object *json_document(void)
{
	struct json_object *document = json_object_new_object();

	json_set_int(document, "schema", JSON_SCHEMA);
	return document;
}

void json_set_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void json_set_int(struct json_object *object, const char *key, int value)
{
	json_object_object_add(object, key, json_object_new_int(value));
}

void json_set_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

/* A byte that is no UTF-8 would make all of the document invalid. */
void json_set_text(struct json_object *object, const char *key,
		   const char *text)
{
	AUTO_FREE char *clean = text && *text ? utf8_clean(text) : NULL;

	json_object_object_add(object, key,
			       clean ? json_object_new_string(clean) : NULL);
}

void json_set_null(struct json_object *object, const char *key)
{
	json_object_object_add(object, key, NULL);
}

static int print(struct json_object *document, int flags)
{
	const char *text;
	int code = EXIT_COMPLETE;

	text = json_object_to_json_string_ext(
		document, flags | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text) {
		complain("out of memory");
		code = EXIT_FAILED;
	} else {
		puts(text);
	}
	json_object_put(document);
	return code;
}

int json_print(struct json_object *document)
{
	return print(document,
		     JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

int json_print_line(struct json_object *document)
{
	return print(document, JSON_C_TO_STRING_PLAIN);
}
