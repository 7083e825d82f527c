// SPDX-License-Identifier: GPL-2.0-or-later
/* What has come of a rescue, for each destination. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include "cleanup.h"
#include "cli.h"
#include "command_line.h"
#include "identity.h"
#include "rescue.h"
#include "table.h"

static const struct {
	char status;
	const char *text;
	const char *key;
} words[] = {
	{ MAP_RESCUED, "rescued", "rescued" },
	{ MAP_BAD, "bad", "bad" },
	{ MAP_UNTRIED, "not tried", "untried" },
	{ MAP_UNTRIMMED, "failed, edges not looked for", "untrimmed" },
	{ MAP_UNSCRAPED, "failed, inside not looked at", "unscraped" },
};

#define NR_WORDS (sizeof(words) / sizeof(*words))

static unsigned int nr_complete(const struct rescue *rescue)
{
	unsigned int i, nr = 0;

	for (i = 0; i < rescue->plan->nr_dests; i++)
		nr += rescue_complete(rescue, i);
	return nr;
}

/* ---- for programs ------------------------------------------------------------ */

static struct json_object *dest_json(const struct rescue *rescue,
				     unsigned int dest)
{
	struct json_object *object = json_object_new_object(), *part;
	size_t i, places;

	json_set_text(object, "destination", rescue->plan->dests[dest].path);
	json_set_text(object, "map", rescue->dests[dest].path);
	for (i = 0; i < NR_WORDS; i++) {
		part = json_object_new_object();
		json_set_u64(part, "bytes",
			     rescue_bytes(rescue, dest, words[i].status,
					  &places));
		json_set_u64(part, "places", places);
		json_object_object_add(object, words[i].key, part);
	}
	json_set_bool(object, "failed", rescue->dests[dest].failed);
	json_set_bool(object, "complete", rescue_complete(rescue, dest));
	return object;
}

static int report_json(const struct rescue *rescue)
{
	const unsigned int nr = rescue->plan->nr_dests;
	struct json_object *document = json_document(), *list;
	unsigned int i;

	json_set_text(document, "source", rescue->plan->source.path);
	json_set_u64(document, "bytes", rescue->total);
	list = json_object_new_array();
	for (i = 0; i < nr; i++)
		json_object_array_add(list, dest_json(rescue, i));
	json_object_object_add(document, "destinations", list);
	json_set_bool(document, "complete", nr_complete(rescue) == nr);
	return json_print(document);
}

/* ---- for people -------------------------------------------------------------- */

static void print_dest(const struct rescue *rescue, unsigned int dest)
{
	static const char *const columns[] = { "STATE", ">BYTES", ">SIZE",
					       ">PLACES" };
	struct libscols_table *table;
	char bytes[24], size[KCOPY_FORMAT_MAX], nr[24];
	size_t i, places;
	uint64_t sum;

	if (rescue->plan->nr_dests > 1)
		printf("%s%s:\n", rescue->plan->dests[dest].path,
		       rescue->dests[dest].failed ? ", which failed" : "");
	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	for (i = 0; i < NR_WORDS; i++) {
		sum = rescue_bytes(rescue, dest, words[i].status, &places);
		snprintf(bytes, sizeof(bytes), "%" PRIu64, sum);
		snprintf(nr, sizeof(nr), "%zu", places);
		if (sum)
			table_add(table,
				  (const char *[]){
					  words[i].text, bytes,
					  kcopy_format_size(sum, size), nr });
	}
	table_print(table);
	printf("map: %s\n", rescue->dests[dest].path);
}

static int report_text(const struct rescue *rescue)
{
	unsigned int i;

	for (i = 0; i < rescue->plan->nr_dests; i++)
		print_dest(rescue, i);
	return EXIT_COMPLETE;
}

/* Its map will be trusted: it says whose it is, and that it has begun. */
static bool can_be_resumed(const struct rescue *rescue, unsigned int dest)
{
	char identity[IDENTITY_MAX];
	struct map_block found;

	return rescue->dests[dest].failed ||
	       (map_find(&rescue->dests[dest].map, 0, MAP_RESCUED, &found) &&
		*identity_of(&rescue->plan->dests[dest], identity,
			     sizeof(identity)));
}

/* What has been written there is known as data by now; NULL: it is told. */
static const char *option_to_resume(const struct rescue *rescue)
{
	const struct copy_options *options = rescue->plan->options;
	unsigned int i;

	if (options->force & FORCE_SIGNATURE)
		return NULL;
	for (i = 0; i < rescue->plan->nr_dests; i++)
		if (!can_be_resumed(rescue, i))
			return "--force=signature";
	return options->force & FORCE_RESUME ? NULL : "--force=resume";
}

static void say_how_to_resume(const struct rescue *rescue)
{
	AUTO_FREE char *command = command_line(rescue->plan->options->argv,
					       option_to_resume(rescue));

	complain("interrupted; it goes on where it was with: %s",
		 command ? command : "the same command");
}

static void say_who_failed(const struct rescue *rescue)
{
	unsigned int i;

	for (i = 0; i < rescue->plan->nr_dests; i++)
		if (rescue->dests[i].failed)
			complain(
				"%s failed, or was dropped: nothing more was written to it; another destination with another map begins anew",
				rescue->plan->dests[i].path);
}

/* Where somebody could take it: by the one that has the most. */
static uint64_t bytes_missing(const struct rescue *rescue)
{
	uint64_t least = UINT64_MAX, missing;
	unsigned int i;

	for (i = 0; i < rescue->plan->nr_dests; i++) {
		missing = rescue->total -
			  rescue_bytes(rescue, i, MAP_RESCUED, NULL);
		if (!rescue->dests[i].failed && missing < least)
			least = missing;
	}
	return least == UINT64_MAX ? 0 : least;
}

static void say_why(const struct rescue *rescue, int code)
{
	char size[KCOPY_FORMAT_MAX];
	uint64_t missing = bytes_missing(rescue);

	say_who_failed(rescue);
	if (code == EXIT_INTERRUPTED)
		say_how_to_resume(rescue);
	else if (!code && !rescue->stopped && missing)
		complain("%s: %s could not be read", rescue->plan->source.path,
			 kcopy_format_size(missing, size));
}

int rescue_report(const struct rescue *rescue, int code)
{
	const struct copy_options *options = rescue->plan->options;
	unsigned int complete = nr_complete(rescue);
	int printed = 0;

	if (options->json)
		printed = report_json(rescue);
	else if (!options->display.quiet)
		printed = report_text(rescue);
	say_why(rescue, code);
	if (code)
		return code;
	if (complete == rescue->plan->nr_dests)
		return printed;
	return complete ? EXIT_PARTIAL : EXIT_FAILED;
}
