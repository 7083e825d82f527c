// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The maps of a rescue on the disk: FILE for one destination, FILE.NAME for
 * each of several. They are replaced as a whole, so that whenever this ends
 * there is one that can be gone on with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "command_line.h"
#include "map_header.h"
#include "rescue.h"
#include "text.h"
#include "textfile.h"

#define NSEC_PER_SEC 1000000000ULL
/* What is done again at most, after a crash. */
#define CHECKPOINT_SECONDS 30
/* As long as a map says nothing, --force=resume does not go on with it. */
#define CHECKPOINT_SECONDS_YOUNG 1
#define CHECKPOINT_BYTES (1ULL << 30)
/* What a map says of how it came to be; a line of it may not be endless. */
#define COMMAND_MAX 1000

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

int rescue_out_of_memory(void)
{
	complain("there is not enough memory for the map");
	return EXIT_ENVIRONMENT;
}

/* ---- reading ------------------------------------------------------------------ */

static int complain_map(const char *path, unsigned int line, const char *wrong)
{
	complain(
		"%s is no map: line %u: %s; name another file, or move it away",
		path, line, wrong);
	return EXIT_USAGE;
}

/* 0 without blocks if there is none. */
static int load(const char *path, struct map *map)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	const char *wrong;
	unsigned int line;

	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		complain("the map %s can't be read: %s", path, strerror(errno));
		return exit_of_errno(-errno);
	}
	wrong = map_parse(map, file, &line);
	if (!wrong)
		return 0;
	if (!ferror(file))
		return complain_map(path, line, wrong);
	complain("reading the map %s failed: %s; it is as it was", path,
		 strerror(errno));
	return EXIT_FAILED;
}

/* What the map says is there can't be where the file has just been made. */
static int check_file(const struct rescue *rescue, unsigned int dest)
{
	const struct plan_target *target = &rescue->plan->dests[dest];
	uint64_t old = target->made ? 0 : target->file_size;
	uint64_t from = rescue->plan->source.offset;
	struct map_block found;

	if (old > target->offset)
		from += old - target->offset;
	if ((!target->made && !target->grown_to) ||
	    !map_find(&rescue->dests[dest].map, from, MAP_RESCUED, &found))
		return 0;
	complain(
		"the map %s says that more was rescued than the file %s had: it is the map of another file, move it away",
		rescue->dests[dest].path, target->path);
	return EXIT_SAFETY;
}

static int check_size(const struct rescue *rescue, const char *path,
		      const struct map *map)
{
	const struct plan_target *source = &rescue->plan->source;
	uint64_t size = source->device->size;

	if (map_size(map) <= size)
		return 0;
	complain("the map %s is of %" PRIu64 " bytes, and %s has %" PRIu64
		 ": it is the map of another disk",
		 path, map_size(map), source->path, size);
	return EXIT_SAFETY;
}

static int load_map(const struct rescue *rescue, struct rescue_dest *dest)
{
	uint64_t size = rescue->plan->source.device->size;
	int code = load(dest->path, &dest->map);

	if (!code)
		code = check_size(rescue, dest->path, &dest->map);
	if (code)
		return code;
	if (!dest->map.nr ? map_init(&dest->map, size) :
			    map_grow(&dest->map, size))
		return rescue_out_of_memory();
	return 0;
}

static int load_domain(struct rescue *rescue)
{
	const char *path = rescue->plan->options->domain;
	int code = path ? load(path, &rescue->domain) : 0;

	if (code || !path)
		return code;
	if (!rescue->domain.nr) {
		complain("the domain map %s: there is no such file", path);
		return EXIT_USAGE;
	}
	return check_size(rescue, path, &rescue->domain);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

char *rescue_map_path(const struct plan *plan, unsigned int dest)
{
	const char *map = plan->options->map;
	char *path;

	if (plan->nr_dests == 1)
		return strdup(map);
	if (asprintf(&path, "%s.%s", map, name_of(plan->dests[dest].path)) < 0)
		return NULL;
	return path;
}

static int name_map(struct rescue *rescue, unsigned int dest)
{
	const struct plan *plan = rescue->plan;
	const char *map = plan->options->map;
	const char *name = name_of(plan->dests[dest].path);
	unsigned int i;

	for (i = 0; i < dest; i++)
		if (!strcmp(name, name_of(plan->dests[i].path)))
			return usage_error(
				"%s and %s would have the same map %s.%s: name one of them differently, by a link",
				plan->dests[i].path, plan->dests[dest].path,
				map, name);
	rescue->dests[dest].path = rescue_map_path(plan, dest);
	return rescue->dests[dest].path ? 0 : rescue_out_of_memory();
}

int rescue_load(struct rescue *rescue)
{
	unsigned int i;
	int code = 0;

	for (i = 0; !code && i < rescue->plan->nr_dests; i++) {
		code = name_map(rescue, i);
		if (!code)
			code = load_map(rescue, &rescue->dests[i]);
		if (!code)
			code = check_file(rescue, i);
	}
	if (!code && i > 1 && !access(rescue->plan->options->map, F_OK))
		complain(
			"there is a map %s; for several destinations the maps have names behind that, and it is not used",
			rescue->plan->options->map);
	return code ? code : load_domain(rescue);
}

/* ---- writing ------------------------------------------------------------------ */

static int save(const struct rescue *rescue, unsigned int i,
		const char *command)
{
	const struct rescue_dest *dest = &rescue->dests[i];
	struct map_header header;
	struct text text;
	FILE *file = text_open(&text);
	int code;

	if (!file)
		return rescue_out_of_memory();
	map_header_of(rescue->plan, i, &header);
	map_header_print(&header, file);
	map_print(&dest->map, file, command);
	/* Half a map would be worse than the one that is there. */
	if (text_close(file, &text))
		return rescue_out_of_memory();
	code = textfile_replace(dest->path, text.data, text.len);
	free(text.data);
	return code;
}

/* Has somebody nothing yet, by the maps in memory? */
static bool is_young(const struct rescue *rescue)
{
	struct map_block found;
	unsigned int i;

	for (i = 0; i < rescue->plan->nr_dests; i++)
		if (!rescue->dests[i].failed &&
		    !map_find(&rescue->dests[i].map, 0, MAP_RESCUED, &found))
			return true;
	return false;
}

int rescue_save(struct rescue *rescue)
{
	AUTO_FREE char *command = NULL;
	int code = 0, saved;
	unsigned int i;

	command = command_line(rescue->plan->options->argv, NULL);
	if (!command)
		return rescue_out_of_memory();
	command[strnlen(command, COMMAND_MAX)] = '\0';
	for (i = 0; i < rescue->plan->nr_dests; i++) {
		saved = save(rescue, i, command);
		if (!code)
			code = saved;
	}
	rescue->saved_ns = now_ns();
	rescue->unsaved = 0;
	rescue->young = is_young(rescue);
	return code;
}

bool rescue_checkpoint_due(const struct rescue *rescue)
{
	unsigned int seconds = rescue->plan->options->map_interval;

	if (!seconds)
		seconds = CHECKPOINT_SECONDS;
	if (rescue->young)
		seconds = CHECKPOINT_SECONDS_YOUNG;
	return rescue->unsaved >= CHECKPOINT_BYTES ||
	       now_ns() - rescue->saved_ns >= seconds * NSEC_PER_SEC;
}

void rescue_checkpoint_missed(struct rescue *rescue)
{
	rescue->saved_ns = now_ns();
}

int rescue_checkpoint(struct rescue *rescue)
{
	const bool begun = rescue->young && !is_young(rescue);

	return begun || rescue_checkpoint_due(rescue) ? rescue_save(rescue) : 0;
}

void rescue_free(struct rescue *rescue)
{
	unsigned int i;

	for (i = 0; i < rescue->plan->nr_dests; i++) {
		map_exit(&rescue->dests[i].map);
		free(rescue->dests[i].path);
	}
	map_exit(&rescue->domain);
}
