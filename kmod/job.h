/* SPDX-License-Identifier: GPL-2.0-only */
/* A job, its life (job.c) and its submission (submit.c). */
#ifndef _KCOPYD_JOB_H
#define _KCOPYD_JOB_H

#include <linux/bits.h>
#include <linux/blk_types.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include <kcopyd/kcopyd.h>
#include <kcopyd/stats.h>
#include <uapi/kcopyd.h>

#include "lane.h"
#include "pace.h"
#include "region.h"

/* Bits of kcopyd_job.stop. */
#define KC_JOB_CANCELLED 0 /* anybody */
#define KC_JOB_FAILED 1 /* the worker */
#define KC_JOB_QUIET 2 /* the worker: nothing in flight any more */
#define KC_JOB_ENDED 3 /* the notifier: the client may go away */
#define KC_JOB_PAUSED 4 /* anybody */

/* What a job goes through. */
enum kc_phase {
	KC_PHASE_COPY,
	KC_PHASE_FLUSH,
	KC_PHASE_VERIFY,
	KC_PHASE_END,
};

struct kc_content;
struct kc_job_pool;

/**
 * struct kcopyd_job - a copy
 * @recycled: next of the free ones
 * @client: whose; not to be touched once KC_JOB_ENDED is set
 * @ref: one of the engine until the callback has returned, one a handle
 * @id: unique since the module was loaded
 * @node: in the client's list of jobs that may start chunks, or of those that
 *	wait for time or to be resumed
 * @watch: in the client's list of jobs with destinations that could be slow
 * @post: in the client's list of new, later of ended jobs
 * @fn: classic callback, or
 * @ops: the extended ones
 * @context: for either
 * @css: block cgroup to be charged
 * @read_opf: REQ_* of reads of the source
 * @ioprio: of the submitter, or as asked
 * @flags: KCOPYD_*
 * @nr_dests: of them
 * @count: sectors a region
 * @chunk_sectors: most of a chunk
 * @piece_sectors: most of a bio, by the devices' limits
 * @block_sectors: the largest logical block
 * @in_flight: chunks
 * @retry: enum kcopyd_retry
 * @budget: failures in a row, see struct kcopyd_request
 * @on_slow: enum kcopyd_on_slow
 * @checksum: enum kcopyd_checksum
 * @state: enum kcopyd_state; the worker and, last, the notifier write
 * @phase: enum kc_phase
 * @small: a kernel client's, below 1 MiB: observers see its client instead
 * @strays: what completes one after the other need not be neighbours
 * @checked: the devices were looked at
 * @paced: has had a limit
 * @queued: legs went through regions' queues
 * @cut: it was cancelled before a flush that was asked for
 * @stop: KC_JOB_* bits, atomic
 * @live: bit i = destination i has not left the job
 * @uncoupled: bit i = destination i has a lane of its own
 * @read_err: a read failed
 * @write_err: bit i = destination i failed
 * @samples: of how busy the regions are
 * @sampled_from: when the first of them was taken
 * @turn: lane that was served last, 0 = @main
 * @main: where the copy is
 * @pace: how fast it is
 * @wake_ns: when it can go on, if it waits for time
 * @wants_prepare: @prepare comes before the start
 * @prepare: looks at zones
 * @content: checksums, zero runs, comparing; NULL = nothing of that
 * @start_ns: submitted
 * @regions: the source, then the destinations
 */
struct kcopyd_job {
	struct kcopyd_job *recycled;
	struct kcopyd_client *client;
	struct kref ref;
	u64 id;
	struct list_head node;
	struct list_head watch;
	struct llist_node post;
	kcopyd_notify_fn fn;
	const struct kcopyd_job_ops *ops;
	void *context;
	struct cgroup_subsys_state *css;
	blk_opf_t read_opf;
	unsigned short ioprio;
	unsigned int flags;
	unsigned int nr_dests;
	sector_t count;
	unsigned int chunk_sectors;
	unsigned int piece_sectors;
	unsigned int block_sectors;
	unsigned int in_flight;
	u8 retry;
	u8 on_slow;
	u8 checksum;
	u8 phase;
	bool small;
	bool strays;
	bool checked;
	bool paced;
	bool queued;
	bool cut;
	unsigned int budget;
	unsigned int state;
	unsigned long stop;
	u64 live;
	u64 uncoupled;
	u32 read_err;
	u64 write_err;
	unsigned int samples;
	unsigned int turn;
	u64 sampled_from;
	struct kc_lane main;
	struct kc_pace pace;
	u64 wake_ns;
	bool wants_prepare;
	struct work_struct prepare;
	struct kc_content *content;
	u64 start_ns;
	struct kc_region regions[];
};

static inline bool kc_job_stopping(const struct kcopyd_job *job)
{
	return READ_ONCE(job->stop) &
	       (BIT(KC_JOB_CANCELLED) | BIT(KC_JOB_FAILED));
}

static inline bool kc_job_cancelled(const struct kcopyd_job *job)
{
	return test_bit(KC_JOB_CANCELLED, &job->stop);
}

static inline bool kc_lane_has_more(const struct kcopyd_job *job,
				    const struct kc_lane *lane)
{
	return lane->dests && lane->next < job->count;
}

/* Is this leg's I/O part of reading back, not of copying? */
static inline bool kc_job_verifies(const struct kcopyd_job *job)
{
	return job->phase == KC_PHASE_VERIFY;
}

/* What is read back counts only where that is all that is done. */
static inline bool kc_job_reads_back(const struct kcopyd_job *job)
{
	return kc_job_verifies(job) && !(job->flags & KCOPYD_COMPARE);
}

/* The flags that observers see. */
static inline u32 kc_job_traced_flags(const struct kcopyd_job *job)
{
	return job->flags | (job->small ? KCOPYD_SMALL_JOB : 0);
}

void kc_job_set_state(struct kcopyd_job *job, unsigned int state);
void kc_job_notify(struct kcopyd_job *job);
void kc_job_discard(struct kcopyd_job *job, struct kc_job_pool *pool);
bool kc_regions_overlap(const struct io_region *a, const struct io_region *b);

#endif /* _KCOPYD_JOB_H */
