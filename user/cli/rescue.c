// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A rescue: what can be read of a dying disk, the easy parts first. Many jobs,
 * each of a range of which the same is known; a map says what has come of them
 * and is written as it goes. A range counts as rescued when its job has ended,
 * and with that flushed the destination: so whenever this ends, the map on the
 * disk promises no more than what is there.
 *
 *  1 what is untried, in large pieces; those that fail are not looked into
 *  2 of these, from both ends to the first bad block
 *  3 what is between, every block
 *  4 the bad blocks once more, as often as asked
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"
#include "follow.h"
#include "mapfile.h"
#include "service.h"
#include "table.h"
#include "textfile.h"

#define NSEC_PER_SEC 1000000000ULL
/* What is done again at most, after a crash. */
#define CHECKPOINT_NS (30 * NSEC_PER_SEC)
#define CHECKPOINT_BYTES (1ULL << 30)
/* A job is to be through before that, as fast as the last one was. */
#define JOB_SECONDS 15
#define JOB_LEAST (1ULL << 20)
#define JOB_FIRST (8ULL << 20)
#define COARSE_PARTS 4
#define COARSE_LEAST (64ULL << 10)

struct phase {
	char status; /* what it works on */
	unsigned int retry;
	char bad; /* what becomes of what failed */
	char untried; /* and of what was left out for that */
};

static const struct phase phases[] = {
	{ MAP_UNTRIED, KCOPYD_RETRY_NONE, MAP_UNTRIMMED, MAP_UNTRIED },
	{ MAP_UNTRIMMED, KCOPYD_RETRY_EDGES, MAP_BAD, MAP_UNSCRAPED },
	{ MAP_UNSCRAPED, KCOPYD_RETRY_BISECT, MAP_BAD, MAP_UNSCRAPED },
};

static const struct phase last = { MAP_BAD, KCOPYD_RETRY_BISECT, MAP_BAD,
				   MAP_BAD };

struct rescue {
	struct plan *plan;
	struct kcopy *kcopy;
	struct map map;
	struct map domain; /* without blocks: everything */
	struct tracker tracker;
	struct outcome *outcome; /* of the last job */
	uint64_t begin; /* bytes of the source */
	uint64_t end;
	uint64_t total; /* of these, in the domain */
	uint64_t step; /* bytes of a job */
	uint64_t saved_ns;
	uint64_t unsaved;
	bool dest_failed;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* ---- which range is next ------------------------------------------------------ */

static uint64_t end_of(const struct map_block *block)
{
	return block->pos + block->size;
}

/* The part of it that is also in [from, to). */
static bool clip(struct map_block *block, uint64_t from, uint64_t to)
{
	uint64_t start = MAX(block->pos, from), end = MIN(end_of(block), to);

	if (start >= end)
		return false;
	block->pos = start;
	block->size = end - start;
	return true;
}

static bool next_range(const struct rescue *r, uint64_t cursor, char status,
		       struct map_block *range)
{
	struct map_block wanted;

	while (map_find(&r->map, cursor, status, range)) {
		if (!clip(range, r->begin, r->end))
			return false;
		if (!r->domain.nr)
			return true;
		if (!map_find(&r->domain, range->pos, MAP_RESCUED, &wanted))
			return false;
		if (clip(range, wanted.pos, end_of(&wanted)))
			return true;
		cursor = wanted.pos;
	}
	return false;
}

static bool last_range(const struct rescue *r, uint64_t cursor, char status,
		       struct map_block *range)
{
	struct map_block wanted;

	while (map_find_back(&r->map, cursor, status, range)) {
		if (!clip(range, r->begin, r->end))
			return false;
		if (!r->domain.nr)
			return true;
		if (!map_find_back(&r->domain, end_of(range), MAP_RESCUED,
				   &wanted))
			return false;
		if (clip(range, wanted.pos, end_of(&wanted)))
			return true;
		cursor = end_of(&wanted);
	}
	return false;
}

/* Bytes of a status, as far as they are wanted. */
static uint64_t bytes_of(const struct rescue *r, char status, size_t *places)
{
	struct map_block range;
	uint64_t bytes = 0, cursor = r->begin;

	*places = 0;
	while (next_range(r, cursor, status, &range)) {
		bytes += range.size;
		(*places)++;
		cursor = end_of(&range);
	}
	return bytes;
}

static uint64_t bytes_rescued(const struct rescue *r)
{
	size_t places;

	return bytes_of(r, MAP_RESCUED, &places);
}

/* ---- the map on the disk -------------------------------------------------------- */

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
	return wrong ? complain_map(path, line, wrong) : 0;
}

static int out_of_memory(void)
{
	complain("there is not enough memory for the map");
	return EXIT_ENVIRONMENT;
}

static int load_map(struct rescue *r)
{
	const struct copy_options *options = r->plan->options;
	uint64_t size = r->plan->source.device->size;
	int code = load(options->map, &r->map);

	if (code)
		return code;
	if (map_size(&r->map) > size) {
		complain("the map %s is of %" PRIu64
			 " bytes, and %s has %" PRIu64
			 ": it is the map of another disk",
			 options->map, map_size(&r->map), r->plan->source.path,
			 size);
		return EXIT_SAFETY;
	}
	if (!r->map.nr ? map_init(&r->map, size) : map_grow(&r->map, size))
		return out_of_memory();
	return 0;
}

static int load_domain(struct rescue *r)
{
	const char *path = r->plan->options->domain;
	int code = path ? load(path, &r->domain) : 0;

	if (!code && path && !r->domain.nr) {
		complain("the domain map %s: there is no such file", path);
		code = EXIT_USAGE;
	}
	return code;
}

static int save(struct rescue *r)
{
	const struct plan *plan = r->plan;
	AUTO_FREE char *text = NULL;
	char command[1024];
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return out_of_memory();
	snprintf(command, sizeof(command), "kcopyctl copy --map %s %s %s",
		 plan->options->map, plan->source.path, plan->dests[0].path);
	map_print(&r->map, file, command);
	if (fclose(file))
		return out_of_memory();
	r->saved_ns = now_ns();
	r->unsaved = 0;
	return textfile_replace(plan->options->map, text, len);
}

static int checkpoint(struct rescue *r)
{
	if (r->unsaved < CHECKPOINT_BYTES &&
	    now_ns() - r->saved_ns < CHECKPOINT_NS)
		return 0;
	return save(r);
}

/* ---- a job ---------------------------------------------------------------------- */

/* Blocks that are not whole become so: programs that know bytes write maps. */
static void align(const struct rescue *r, struct map_block *range)
{
	const struct plan *plan = r->plan;
	uint64_t block = MAX(plan->source.device->logical_block,
			     plan->dests[0].device->logical_block);
	uint64_t from = range->pos - r->begin;
	uint64_t to = roundup(end_of(range) - r->begin, block);

	from -= from % block;
	range->pos = r->begin + from;
	range->size = MIN(to, plan->length) - from;
}

/* What a destination did not take is as if it had not been read. */
static char status_of(const struct phase *phase,
		      const struct kcopyd_extent *extent)
{
	if (extent->region)
		return phase->status;
	return extent->kind == KCOPYD_EXTENT_BAD ? phase->bad : phase->untried;
}

static int note(struct rescue *r, const struct phase *phase,
		const struct map_block *range)
{
	const struct outcome *outcome = r->outcome;
	int err = map_set(&r->map, range->pos, range->size, MAP_RESCUED);
	size_t i;

	for (i = 0; !err && i < outcome->nr_extents; i++) {
		const struct kcopyd_extent *extent = &outcome->extents[i];
		r->dest_failed |= extent->region &&
				  extent->kind == KCOPYD_EXTENT_BAD;
		err = map_set(&r->map, range->pos + extent->offset,
			      extent->length, status_of(phase, extent));
	}
	r->unsaved += range->size;
	return err ? out_of_memory() : 0;
}

/* So that it takes its time, and not more. */
static void set_step(struct rescue *r, uint64_t bytes)
{
	const struct kcopyd_status *status = &r->outcome->status;
	uint64_t ns = status->done_ns - status->submitted_ns;
	uint64_t step =
		ns ? (__uint128_t)bytes * JOB_SECONDS * NSEC_PER_SEC / ns :
		     CHECKPOINT_BYTES;

	r->step = MIN(MAX(step, JOB_LEAST), CHECKPOINT_BYTES);
}

/* More places failed than a job can name: then some of them cover good data. */
static bool is_coarse(const struct rescue *r, const struct map_block *range)
{
	return r->outcome->status.flags & KCOPYD_STATUS_COARSE &&
	       range->size / COARSE_PARTS >= COARSE_LEAST;
}

/* @again: it is to be done in smaller steps, and nothing is known of it yet. */
static int run_job(struct rescue *r, const struct phase *phase,
		   const struct map_block *range, bool *again)
{
	const struct copy_range part = {
		.from = range->pos - r->begin,
		.length = range->size,
		.retry = phase->retry,
		.retry_budget = UINT32_MAX,
	};
	uint64_t job;
	int code;

	code = copy_submit(r->plan, r->kcopy, &part, &job);
	if (code)
		return code;
	r->tracker.base = bytes_rescued(r);
	free(r->outcome->extents);
	r->outcome->extents = NULL;
	code = follow(r->kcopy, job, true, &r->tracker, r->outcome);
	if (code)
		return code;
	/* Of what was cut short nothing counts: it was not flushed. */
	if (r->outcome->status.code && follow_interrupted())
		return EXIT_INTERRUPTED;
	if (is_coarse(r, range)) {
		r->step = range->size / COARSE_PARTS;
		*again = true;
		return 0;
	}
	set_step(r, range->size);
	return note(r, phase, range);
}

/* From one end of the device to the other: what fails is not met again. */
static int run_phase(struct rescue *r, const struct phase *phase)
{
	const bool reverse = r->plan->options->reverse;
	uint64_t cursor = reverse ? r->end : r->begin;
	struct map_block range;
	int code = 0;

	r->map.state = phase->status;
	while (!code && !r->dest_failed &&
	       (reverse ? last_range(r, cursor, phase->status, &range) :
			  next_range(r, cursor, phase->status, &range))) {
		uint64_t size = MIN(range.size, r->step);
		bool again = false;

		if (reverse)
			range.pos += range.size - size;
		range.size = size;
		align(r, &range);
		r->map.pos = range.pos;
		code = run_job(r, phase, &range, &again);
		if (!again)
			cursor = reverse ? range.pos : end_of(&range);
		if (!code)
			code = checkpoint(r);
		if (!code && follow_interrupted())
			code = EXIT_INTERRUPTED;
	}
	return code;
}

static int run_phases(struct rescue *r)
{
	unsigned int i;
	int code = 0;

	for (i = 0; !code && i < sizeof(phases) / sizeof(*phases); i++)
		code = run_phase(r, &phases[i]);
	for (i = 0; !code && i < r->plan->options->retries; i++) {
		r->map.pass = i + 1;
		code = run_phase(r, &last);
	}
	if (!code && !r->dest_failed)
		r->map.state = MAP_RESCUED;
	return code;
}

/* ---- what came of it -------------------------------------------------------------- */

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

static int report_json(const struct rescue *r)
{
	struct json_object *document = json_document(), *part;
	size_t i, places;

	json_set_text(document, "map", r->plan->options->map);
	json_set_text(document, "source", r->plan->source.path);
	json_set_text(document, "destination", r->plan->dests[0].path);
	json_set_u64(document, "bytes", r->total);
	for (i = 0; i < NR_WORDS; i++) {
		part = json_object_new_object();
		json_set_u64(part, "bytes",
			     bytes_of(r, words[i].status, &places));
		json_set_u64(part, "places", places);
		json_object_object_add(document, words[i].key, part);
	}
	json_set_bool(document, "complete", bytes_rescued(r) == r->total);
	return json_print(document);
}

static int report_text(const struct rescue *r)
{
	static const char *const columns[] = { "STATE", ">BYTES", ">SIZE",
					       ">PLACES" };
	struct libscols_table *table;
	char bytes[24], size[KCOPY_FORMAT_MAX], nr[24];
	size_t i, places;
	uint64_t sum;

	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	for (i = 0; i < NR_WORDS; i++) {
		sum = bytes_of(r, words[i].status, &places);
		snprintf(bytes, sizeof(bytes), "%" PRIu64, sum);
		snprintf(nr, sizeof(nr), "%zu", places);
		if (sum)
			table_add(table,
				  (const char *[]){
					  words[i].text, bytes,
					  kcopy_format_size(sum, size), nr });
	}
	table_print(table);
	printf("map: %s\n", r->plan->options->map);
	return EXIT_COMPLETE;
}

static void say_why(const struct rescue *r, int code)
{
	const struct plan *plan = r->plan;
	char size[KCOPY_FORMAT_MAX];
	uint64_t missing = r->total - bytes_rescued(r);

	if (code == EXIT_INTERRUPTED)
		complain(
			"interrupted; it goes on where it was with: kcopyctl copy --on-read-error=skip --force=signature --map %s %s %s",
			plan->options->map, plan->source.path,
			plan->dests[0].path);
	else if (r->dest_failed)
		complain(
			"%s could not be written: nothing more was tried; with another destination and another map it begins anew",
			plan->dests[0].path);
	else if (!code && missing)
		complain("%s: %s could not be read", plan->source.path,
			 kcopy_format_size(missing, size));
}

static int report(const struct rescue *r, int code)
{
	const struct copy_options *options = r->plan->options;
	int printed = 0;

	if (options->json)
		printed = report_json(r);
	else if (!options->display.quiet)
		printed = report_text(r);
	say_why(r, code);
	if (code)
		return code;
	return bytes_rescued(r) == r->total ? printed : EXIT_FAILED;
}

/* ---- all of it ---------------------------------------------------------------------- */

static int prepare(struct rescue *r)
{
	const struct plan *plan = r->plan;
	size_t i, places;
	int code = load_map(r);

	if (!code)
		code = load_domain(r);
	if (code)
		return code;
	r->begin = plan->source.offset;
	r->end = r->begin + plan->length;
	r->step = JOB_FIRST;
	for (i = 0; i < NR_WORDS; i++)
		r->total += bytes_of(r, words[i].status, &places);
	/* At once: a map that can't be written is known before the work. */
	code = save(r);
	return code ? code : open_service(&r->kcopy);
}

static int rescue(struct rescue *r)
{
	int code, saved;

	tracker_init(&r->tracker, &r->plan->options->display, r->total,
		     bytes_rescued(r));
	code = run_phases(r);
	tracker_end(&r->tracker, r->outcome->status.job);
	saved = save(r);
	code = report(r, code);
	return code ? code : saved;
}

int rescue_run(struct plan *plan, struct outcome *outcome)
{
	struct rescue r = { .plan = plan, .outcome = outcome };
	int code = prepare(&r);

	if (!code)
		code = rescue(&r);
	kcopy_close(r.kcopy);
	plan_close(plan);
	map_exit(&r.map);
	map_exit(&r.domain);
	return code;
}
