/* SPDX-License-Identifier: GPL-2.0-only */
/* What observers are told of requests (observe.c), as dm-io sees it. */
#ifndef _KCOPYD_OBSERVE_H
#define _KCOPYD_OBSERVE_H

#include <linux/blkdev.h>
#include <linux/tracepoint-defs.h>

#include <kcopyd/stats.h>

#include "clock.h"

DECLARE_TRACEPOINT(kcopyd_io_done);
DECLARE_TRACEPOINT(kcopyd_io_batch);

/* The clock to measure with; KC_CLOCK_NONE while nobody wants to know. */
static inline u8 kc_observe_clock(void)
{
	if (tracepoint_enabled(kcopyd_io_done) ||
	    tracepoint_enabled(kcopyd_io_batch))
		return READ_ONCE(kc_clock_best);
	return KC_CLOCK_NONE;
}

/**
 * struct kc_seen - a request of a direct dm-io call that has completed
 * @bdev: device
 * @sector: first
 * @sectors: length, 0 = a flush
 * @region: its bit
 * @op: enum kcopyd_op
 * @clock: of the times
 * @submit: when it was submitted, ticks
 * @error: errno
 */
struct kc_seen {
	struct block_device *bdev;
	sector_t sector;
	u32 sectors;
	u32 region;
	u8 op;
	u8 clock;
	u64 submit;
	int error;
};

void kc_observe_call(const struct kc_seen *seen);

#endif /* _KCOPYD_OBSERVE_H */
