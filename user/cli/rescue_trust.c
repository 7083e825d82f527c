// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a map is to be believed: it decides what is not copied any more, and
 * what may be written over. It has to be of this source, of this destination,
 * and of this place on it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cleanup.h"
#include "cli.h"
#include "map_header.h"
#include "rescue.h"

enum claim { NO_CLAIM, CLAIM, UNREADABLE };

/* One that can't be read says nothing here: rescue_load() complains of it. */
static enum claim claim_of(const char *path)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	struct map_block found;
	struct map map = {};
	enum claim claim;
	unsigned int line;

	if (!file)
		return errno == ENOENT ? NO_CLAIM : UNREADABLE;
	if (map_parse(&map, file, &line))
		claim = UNREADABLE;
	else
		claim = map_find(&map, 0, MAP_RESCUED, &found) ? CLAIM :
								 NO_CLAIM;
	map_exit(&map);
	return claim;
}

/* Kernel names change from boot to boot, and a map belongs to one disk. */
static int check_dest(const struct plan_target *dest, const char *path,
		      const struct map_header *theirs,
		      const struct map_header *ours)
{
	if (dest->file || !*theirs->dest || !strcmp(theirs->dest, ours->dest))
		return 0;
	complain(
		"the map %s is of the destination %s, which is another destination than %s%s%s: name the right one, or another map",
		path, theirs->dest, dest->path, *ours->dest ? ", " : "",
		ours->dest);
	return EXIT_SAFETY;
}

/* A disk can be taken out of its case and be called otherwise from then on. */
static int check_source(const struct plan *plan, const char *path,
			const struct map_header *theirs,
			const struct map_header *ours)
{
	if (!*theirs->source || !strcmp(theirs->source, ours->source) ||
	    plan->options->force & FORCE_OTHER_SOURCE)
		return 0;
	complain(
		"the map %s is of the source %s, and %s is %s: what is missing would come from another disk; name the right one, or another map; --force=other-source if it is the same disk by another name",
		path, theirs->source, plan->source.path,
		*ours->source ? ours->source : "nothing that can be told");
	return EXIT_SAFETY;
}

/* By ddrescue everything has the same place, unless it was told otherwise. */
static int check_shift(const struct plan *plan, const char *path,
		       const struct map_header *theirs,
		       const struct map_header *ours)
{
	if (theirs->shift == ours->shift ||
	    (!theirs->has_shift && plan->options->force & FORCE_SIGNATURE))
		return 0;
	if (theirs->has_shift)
		complain(
			"by the map %s, what is at byte 0 of the source is at byte %" PRId64
			" of the destination, by --offset and --dest-offset at byte %" PRId64
			": what was copied before would be overwritten, or counted where it is not; give the offsets of the first time, or another map",
			path, theirs->shift, ours->shift);
	else
		complain(
			"the map %s does not say that what it has copied is %" PRId64
			" bytes away from its place on the source, as by --offset and --dest-offset; --force=signature believes that it is, and overwrites what is there",
			path, ours->shift);
	return EXIT_SAFETY;
}

/* NULL if it is of that destination without doubt. */
static const char *why_not_its_map(const struct plan_target *dest,
				   const struct map_header *theirs,
				   const struct map_header *ours)
{
	if (!*ours->dest)
		return identity_wanted(dest);
	if (!*theirs->dest)
		return "the map does not say which destination it is of";
	return strcmp(theirs->dest, ours->dest) ?
		       "the map is of another destination" :
		       NULL;
}

static void set_trust(const struct plan *plan, struct plan_target *dest,
		      const char *why)
{
	if (!(plan->options->force & FORCE_RESUME))
		return;
	dest->not_resumed = why;
	dest->resumed = !why;
}

static int check(const struct plan *plan, struct plan_target *dest,
		 unsigned int i, const char *path)
{
	const enum claim claim = claim_of(path);
	struct map_header theirs, ours;
	int code;

	map_header_read(path, &theirs);
	map_header_of(plan, i, &ours);
	code = check_dest(dest, path, &theirs, &ours);
	if (code)
		return code;
	if (claim != CLAIM) {
		set_trust(plan, dest,
			  claim == UNREADABLE ?
				  "the map can't be read" :
				  "by the map nothing was copied to it yet");
		return 0;
	}
	code = check_source(plan, path, &theirs, &ours);
	if (!code)
		code = check_shift(plan, path, &theirs, &ours);
	dest->doubt = why_not_its_map(dest, &theirs, &ours);
	set_trust(plan, dest, dest->doubt);
	return code;
}

int rescue_trust(struct plan *plan, unsigned int dest)
{
	AUTO_FREE char *path = NULL;

	if (!plan->options->map)
		return 0;
	path = rescue_map_path(plan, dest);
	return path ? check(plan, &plan->dests[dest], dest, path) :
		      rescue_out_of_memory();
}

int rescue_doubt(const struct plan *plan, const struct plan_target *dest)
{
	if (!dest->doubt || plan->options->force & FORCE_SIGNATURE)
		return 0;
	complain(
		"%s: by the map a part was copied to it, and nothing proves that it was this one: %s; --force=signature goes on, and overwrites what is there",
		dest->path, dest->doubt);
	return EXIT_SAFETY;
}
