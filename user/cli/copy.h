/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of 'kcopyctl copy', 'zero' and 'verify', in the order in which they
 * run: options (what is asked for), plan (which devices and ranges), ladder
 * (what speaks against it), run (the job), report (what came of it).
 */
#ifndef _KCOPYCTL_COPY_H
#define _KCOPYCTL_COPY_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libkcopy.h>
#include "display.h"
#include "outcome.h"

enum copy_task {
	TASK_COPY,
	TASK_ZERO, /* there is no source */
	TASK_VERIFY, /* nothing is written */
};

/* What --force overrides, one bit each. */
#define FORCE_SIGNATURE (1U << 0)
#define FORCE_SOURCE_MOUNTED (1U << 1)
#define FORCE_SIZE (1U << 2)
#define FORCE_RESUME (1U << 3) /* data that the map says is from us */
#define FORCE_OTHER_SOURCE (1U << 4) /* the map's has another name now */

/**
 * struct copy_options - what is asked for
 * @task: which verb
 * @argv: the verb's arguments, its name first, NULL at the end
 * @source: path, or NULL
 * @dests: paths
 * @nr_dests: 1..KCOPYD_MAX_DESTS
 * @offset: of the source, bytes
 * @dest_offset: of every destination, bytes
 * @length: bytes, meaningful if @has_length; else the rest of the source, or of
 *	the destinations
 * @chunk: bytes, 0 = default
 * @depth: chunks in flight, 0 = default
 * @memory: bytes of reserve, 0 = default
 * @rate: bytes a second, 0 = no limit
 * @percent: of the time, 0 = 100
 * @retry: enum kcopyd_retry
 * @on_slow: enum kcopyd_on_slow
 * @checksum: enum kcopyd_checksum
 * @ioprio: as ioprio_set(2) takes it, 0 = ours
 * @map: path of a rescue's map, or NULL
 * @map_interval: seconds from one writing to the next, 0 = default
 * @domain: path of a map of what is to be rescued, or NULL
 * @manifest: path of a manifest that is to be written, or compared with, or NULL
 * @retries: of what is bad
 * @reverse: from the end to the beginning
 * @submit_flags: KCOPYD_SUBMIT_*
 * @save: path of a file that the job is written to instead of being run, or NULL
 * @force: FORCE_*
 * @display: how progress is shown
 */
struct copy_options {
	enum copy_task task;
	char *const *argv;
	const char *source;
	char *const *dests;
	unsigned int nr_dests;
	uint64_t offset;
	uint64_t dest_offset;
	uint64_t length;
	bool has_length;
	unsigned int chunk;
	unsigned int depth;
	uint64_t memory;
	uint64_t rate;
	unsigned int percent;
	unsigned int retry;
	unsigned int on_slow;
	unsigned int checksum;
	unsigned int ioprio;
	const char *map;
	unsigned int map_interval;
	const char *domain;
	const char *manifest;
	unsigned int retries;
	bool reverse;
	unsigned int submit_flags;
	const char *save;
	unsigned int force;
	struct display_options display;
	bool dry_run;
	bool json;
	bool help;
};

/**
 * struct plan_target - a device of the plan
 * @path: as given, or NULL
 * @device: what it is; NULL for the source of zeroes, and for a file that is to
 *	be written until the ladder has been climbed
 * @offset: first byte
 * @fd: open once the ladder has been climbed, or -1
 * @lock: keeps udev away, or -1
 * @found: what is on a destination and will be lost, or ""
 * @file: it is a regular file, or will be one
 * @file_dev: of that when it was found; of its folder if it is new
 * @file_ino: likewise
 * @file_size: of that when it was found
 * @is_new: there was none
 * @image: of the file that is written, or -1
 * @made: now there is one, by us
 * @grown_to: bytes that it was made longer to, or 0
 * @written: it is not as it was before
 * @complete: it has all that it was to have
 * @resumed: by its map some of it was written earlier, and it may hold data
 * @not_resumed: why --force=resume does not let it pass, or NULL
 * @doubt: why the map, by which some of it was written, may not be its own
 */
struct plan_target {
	const char *path;
	struct kcopy_device *device;
	uint64_t offset;
	int fd;
	int lock;
	char found[256];
	bool file;
	uint64_t file_dev;
	uint64_t file_ino;
	uint64_t file_size;
	bool is_new;
	int image;
	bool made;
	uint64_t grown_to;
	bool written;
	bool complete;
	bool resumed;
	const char *not_resumed;
	const char *doubt;
};

struct plan {
	const struct copy_options *options;
	struct plan_target source;
	struct plan_target dests[KCOPYD_MAX_DESTS];
	unsigned int nr_dests;
	uint64_t length;
	bool started; /* there is a job */
	unsigned int refused; /* target that the module wanted no job of, or 0 */
};

/* Each returns an exit code, and has complained if it is not 0. */
/* All that a verb has, COPY_OPTIONS_MAX at most, with an end. */
#define COPY_OPTIONS_MAX 40
void copy_options_of(enum copy_task task, struct option options[]);
bool copy_option_known(enum copy_task task, const char *name, bool *has_value);

int copy_parse(int argc, char *argv[], enum copy_task task,
	       struct copy_options *options);
int plan_make(const struct copy_options *options, struct plan *plan);
int plan_check(const struct plan *plan);
int plan_print(const struct plan *plan);
int ladder_climb(struct plan *plan);
int copy_run(struct plan *plan, struct outcome *outcome);

/**
 * struct copy_range - a part of a plan, that one job does
 * @from: first byte, from the start of the plan's range
 * @length: bytes
 * @dests: to which destinations, a bit each; 0 = all
 * @flags: KCOPYD_SUBMIT_*, beside those of the options
 * @retry: enum kcopyd_retry
 * @retry_budget: blocks in a row, 0 = default
 */
struct copy_range {
	uint64_t from;
	uint64_t length;
	uint64_t dests;
	unsigned int flags;
	unsigned int retry;
	unsigned int retry_budget;
};

/* Instead of copy_run(), with a map: says itself what came of it. */
int rescue_run(struct plan *plan, struct outcome *outcome);

/*
 * rescue_trust.c: whether its map is of this copy at all, and what it says of
 * what a destination holds; an exit code.
 */
int rescue_trust(struct plan *plan, unsigned int dest);

/* And whether a copy may go on with it, if it is only likely; an exit code. */
int rescue_doubt(const struct plan *plan, const struct plan_target *dest);

#define WHY_MAX_LEN 160
/* plan.c: a part of a refusal of a destination that holds data, or "". */
const char *why_not_resumed(const struct plan_target *dest, char *buf,
			    size_t size);

int copy_submit(struct plan *plan, struct kcopy *kcopy,
		const struct copy_range *range, uint64_t *job);

/* All of the above, one after the other. */
int copy_verb(int argc, char *argv[], enum copy_task task, const char *help);

/* custody.c: the destinations are ours from here on: udev does not look. */
int custody_take(struct plan *plan);
/* And again everybody's, who is told what they are now. */
void custody_return(struct plan *plan);

/* zones.c: can the range be written, as its zones are now? */
int zones_check(const struct plan *plan, const struct plan_target *dest);

/* table_fit.c: does the source's partition table suit the destinations? */
int table_fit_check(const struct plan *plan);

/* image.c: regular files. Is there one, or may there be, to write to? */
bool image_is(struct plan_target *target, bool to_be_written);
/* Where devices are, whether it is there or not. */
bool image_is_below_dev(const char *path);
/* A block device of one that is only read. */
int image_attach(struct plan_target *target);
/* By whatever names. */
bool image_same(const struct plan_target *a, const struct plan_target *b);
/* The rungs of one that is to be written, its making and its loop device. */
int image_climb(const struct plan *plan, struct plan_target *dest);
/* Whether others write to the source meanwhile. */
int image_check_source(const struct plan *plan);
/* There was no job: as if nothing had been asked. */
void image_undo(struct plan_target *dest);

/* "copied", "zeroed", "compared". */
const char *plan_done(const struct plan *plan);

/* The devices are known, and no longer open. */
void plan_close(struct plan *plan);

/* Closes the devices, too. */
void plan_destroy(struct plan *plan);

/* Region 0 is the source, 1..n the destinations. */
const struct plan_target *plan_region(const struct plan *plan,
				      unsigned int region);

#endif /* _KCOPYCTL_COPY_H */
