/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast a job is (throttle.c). */
#ifndef _KCOPYD_PACE_H
#define _KCOPYD_PACE_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include <kcopyd/kcopyd.h>

struct kc_lane;
struct kcopyd_job;

/**
 * struct kc_pace - how fast a job is
 * @limits: as asked for; written by anybody, under @lock
 * @lock: of @limits
 * @slice: most sectors of a chunk
 * @next_ns: when the next chunk may be started
 * @next_rate: that it was reckoned with
 * @busy_ns: time with I/O in flight
 * @total_ns: time
 * @seen_ns: when these were brought up to date
 */
struct kc_pace {
	struct kcopyd_limits limits;
	spinlock_t lock;
	unsigned int slice;
	u64 next_ns;
	u64 next_rate;
	u64 busy_ns;
	u64 total_ns;
	u64 seen_ns;
};

void kc_pace_init(struct kcopyd_job *job, const struct kcopyd_limits *limits);
int kc_pace_check(const struct kcopyd_limits *limits);
void kc_pace_set(struct kcopyd_job *job, const struct kcopyd_limits *limits);
bool kc_pace_wait(struct kcopyd_job *job);
void kc_pace_start(struct kcopyd_job *job, struct kc_lane *lane,
		   unsigned int sectors);
void kc_pace_end(struct kcopyd_job *job, struct kc_lane *lane);

#endif /* _KCOPYD_PACE_H */
