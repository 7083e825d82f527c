/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has come of a job so far, told to people and to programs. The job of
 * number 0 is none of the module: it was done without.
 */
#ifndef _KCOPYCTL_OUTCOME_H
#define _KCOPYCTL_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libkcopy.h>

struct json_object;

/**
 * struct outcome - of a job
 * @status: of the job
 * @regions: of the job: the source, the destinations
 * @extents: error extents, sorted
 * @nr_extents: how many
 * @devices: what is known of each, as the user named it; NULL: only its number
 * @take_event: gets every event of the job as it comes; or NULL
 * @taker: for @take_event
 */
struct outcome {
	struct kcopyd_status status;
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_extent *extents;
	size_t nr_extents;
	const struct kcopy_device *devices[KCOPYD_MAX_REGIONS];
	void (*take_event)(const struct kcopyd_event *event, void *taker);
	void *taker;
};

/* Status and regions of a job as they are now; -errno. */
int outcome_update(struct outcome *outcome, struct kcopy *kcopy, uint64_t job);

/*
 * And the extents, in the place of those of before (or NULL); they are the
 * caller's to free. -errno.
 */
int outcome_get(struct outcome *outcome, struct kcopy *kcopy, uint64_t job);

/* Bytes that are done of the phase that it is in, by the slowest. */
uint64_t outcome_bytes(const struct outcome *outcome);

/*
 * How much the slowest destination is behind the fastest, and which it is;
 * those that have left do not count.
 */
uint64_t outcome_lag(const struct outcome *outcome, unsigned int *region);

/* Or it is zeroes that are written. */
bool outcome_has_source(const struct outcome *outcome);

/* A device as the user named it, or as the kernel does, then in NODE. */
const char *outcome_path(const struct outcome *outcome, unsigned int region,
			 char *node, size_t size);

/* What kcopyctl exits with: enum exit_code. Of a job that is over. */
int outcome_code(const struct outcome *outcome);

/* report.c: all about it; an exit code. */
int outcome_report(const struct outcome *outcome, bool json);

/* report.c: the same as a document, to be added to. */
struct json_object *outcome_json(const struct outcome *outcome);

/* report.c: in one line, to stderr, what was not as it should be. */
void outcome_complain(const struct outcome *outcome);

#endif /* _KCOPYCTL_OUTCOME_H */
