/* SPDX-License-Identifier: GPL-2.0-only */
/* Who goes with whom, and what may be started for them (lane.c). */
#ifndef _KCOPYD_LANE_H
#define _KCOPYD_LANE_H

#include <linux/list.h>
#include <linux/types.h>

struct kc_chunk;
struct kc_chunk_want;
struct kcopyd_job;

/**
 * struct kc_lane - a walk through the sectors of a job
 * @chunks: in flight, ascending
 * @next: first sector that has not been started
 * @dests: bit i = destination i is served
 * @in_flight: chunks
 * @pages: of memory that they hold
 * @moved_ns: of a job with limits: when the last chunk ended, or the first one
 *	started
 */
struct kc_lane {
	struct list_head chunks;
	sector_t next;
	u64 dests;
	unsigned int in_flight;
	unsigned int pages;
	u64 moved_ns;
};

enum kc_step {
	KC_STEP_STARTED, /* a chunk went into flight; there may be more */
	KC_STEP_WAIT, /* nothing to start until one completes */
	KC_STEP_STARVED, /* no memory until some chunk completes */
	KC_STEP_PARKED, /* waits for time (job->wake_ns), or to be resumed */
	KC_STEP_ENDED, /* all done */
};

void kc_lane_init(struct kc_lane *lane, sector_t next, u64 dests);
struct kc_lane *kc_lane_of(struct kcopyd_job *job, unsigned int dest);
struct kc_lane *kc_lane_at(struct kcopyd_job *job, unsigned int i);
void kc_lane_uncouple(struct kcopyd_job *job, unsigned int dest);
void kc_lane_served(struct kcopyd_job *job, struct kc_chunk *chunk,
		    unsigned int dest);
bool kc_lanes_have_more(const struct kcopyd_job *job);
enum kc_step kc_lane_next(struct kcopyd_job *job, struct kc_lane *lane,
			  struct kc_chunk **chunk);
struct kc_chunk *kc_lane_start(struct kcopyd_job *job, struct kc_lane *lane,
			       const struct kc_chunk_want *want);
void kc_lane_end(struct kcopyd_job *job, struct kc_chunk *chunk);

#endif /* _KCOPYD_LANE_H */
