/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rescue: what can be read of a dying disk, the easy parts first, to one or
 * more destinations, each of which has a map. rescue.c runs the jobs,
 * rescue_range.c says of what, rescue_note.c puts into the maps what came of
 * each, rescue_map.c keeps these on the disk, rescue_trust.c says whether they
 * are believed, rescue_report.c tells the end.
 */
#ifndef _KCOPYCTL_RESCUE_H
#define _KCOPYCTL_RESCUE_H

#include "copy.h"
#include "follow.h"
#include "mapfile.h"

/**
 * struct rescue_dest - a destination
 * @map: what of the source is there
 * @path: of the map
 * @failed: nothing more is written to it
 * @unsure: what was written since it was last flushed may be lost
 */
struct rescue_dest {
	struct map map;
	char *path;
	bool failed;
	bool unsure;
};

/**
 * struct rescue_range - what is to be done next
 * @block: bytes of the source
 * @core: the part of these that is to be noted: it may end within a block
 * @dests: for whom, a bit each: all of it is as @block's status says there
 */
struct rescue_range {
	struct map_block block;
	struct map_block core;
	uint64_t dests;
};

/**
 * struct rescue_phase - one of the passes over the disk
 * @status: of what it works on
 * @retry: enum kcopyd_retry
 * @bad: what becomes of what failed
 * @untried: and of what was left out for that
 * @patient: the disk and its driver may take their time
 */
struct rescue_phase {
	char status;
	unsigned int retry;
	char bad;
	char untried;
	bool patient;
};

/**
 * struct rescue - all of it
 * @plan: devices and options
 * @kcopy: a handle
 * @dests: of the plan, in its order
 * @domain: what is to be rescued; without blocks: everything
 * @tracker: progress
 * @job: the last one
 * @outcome: of that
 * @begin: byte of the source
 * @end: likewise
 * @total: bytes that are wanted
 * @step: bytes of a job
 * @saved_ns: when the maps were written
 * @unsaved: bytes that were done since
 * @young: by its map on the disk one of @dests has nothing yet
 * @range: what the job that runs is for
 * @phase: what it works on
 * @stopped: a destination failed, and nothing is to be done without it
 * @fail_fast: the module has KCOPYD_SUBMIT_FAIL_FAST
 * @spoilt: the maps in memory are not to be trusted
 * @code: an exit code of what failed while a job ran
 */
struct rescue {
	struct plan *plan;
	struct kcopy *kcopy;
	struct rescue_dest dests[KCOPYD_MAX_DESTS];
	struct map domain;
	struct tracker tracker;
	uint64_t job;
	struct outcome *outcome;
	uint64_t begin;
	uint64_t end;
	uint64_t total;
	uint64_t step;
	uint64_t saved_ns;
	uint64_t unsaved;
	bool young;
	struct rescue_range range;
	const struct rescue_phase *phase;
	bool stopped;
	bool fail_fast;
	bool spoilt;
	int code;
};

/* rescue_range.c: the next of that status for somebody, from CURSOR on. */
bool rescue_next(const struct rescue *rescue, uint64_t cursor, char status,
		 struct rescue_range *range);

/* The last one before CURSOR. */
bool rescue_last(const struct rescue *rescue, uint64_t cursor, char status,
		 struct rescue_range *range);

/* Bytes of a status of a destination, as far as they are wanted. */
uint64_t rescue_bytes(const struct rescue *rescue, unsigned int dest,
		      char status, size_t *places);

/* Of the destination that has the least. */
uint64_t rescue_done(const struct rescue *rescue);

/* All that is wanted of one. */
bool rescue_complete(const struct rescue *rescue, unsigned int dest);

/* rescue_map.c: the name of a destination's own, or NULL without memory. */
char *rescue_map_path(const struct plan *plan, unsigned int dest);

/* As they are on the disk, or new; an exit code. */
int rescue_load(struct rescue *rescue);

/* All of them, now; an exit code. */
int rescue_save(struct rescue *rescue);

/* Or if it is time to; an exit code. */
int rescue_checkpoint(struct rescue *rescue);
bool rescue_checkpoint_due(const struct rescue *rescue);

/* Not now: at the next time. */
void rescue_checkpoint_missed(struct rescue *rescue);

void rescue_free(struct rescue *rescue);

int rescue_out_of_memory(void);

static inline bool rescue_range_is_for(uint64_t dests, unsigned int dest)
{
	return dests >> dest & 1;
}

/* rescue_note.c: of the regions of the job that runs, from 1 on. */
unsigned int rescue_dest_of(const struct rescue *rescue, unsigned int region);
unsigned int rescue_region_of(const struct rescue *rescue, unsigned int dest);

/* What the job has done so far; @dests are sure to keep it. An exit code. */
int rescue_note(struct rescue *rescue, uint64_t dests);

/* Which of these were flushed. */
uint64_t rescue_flush(struct rescue *rescue, uint64_t dests);

/* The job runs: put on the disk what is settled of it; an exit code. */
int rescue_look(struct rescue *rescue);

/* rescue_report.c: CODE is how it ended; an exit code. */
int rescue_report(const struct rescue *rescue, int code);

#endif /* _KCOPYCTL_RESCUE_H */
