/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private declarations of /dev/kcopyd: descriptors as regions, what is asked
 * for, the registry of jobs, events. It knows the engine by its exported calls.
 */
#ifndef _KCOPYD_DEV_H
#define _KCOPYD_DEV_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <kcopyd/kcopyd.h>
#include <uapi/kcopyd.h>

/* target.c: a descriptor as a region, its pin and its page cache. */

/* What a target is for. */
#define KC_TARGET_READ 0x1U
#define KC_TARGET_WRITE 0x2U

/**
 * struct kc_target - a device that user space gave as a descriptor
 * @use: KC_TARGET_* bits; 0 = there is none, as the source of zeroes
 * @file: pinned until the job is over
 * @region: the range; its device lives as long as @file is pinned
 * @error: -errno if page cache would not go at the end
 */
struct kc_target {
	unsigned int use;
	struct file *file;
	struct io_region region;
	int error;
};

/**
 * struct kc_refusal - why something was refused
 * @reason: enum kcopyd_reason
 * @region: 0 the source, 1..n, KCOPYD_REGION_NONE
 */
struct kc_refusal {
	u32 reason;
	u32 region;
};

static inline int kc_refuse(struct kc_refusal *why, u32 reason, int err)
{
	why->reason = reason;
	return err;
}

int kc_target_get(struct kc_target *target, const struct kcopyd_target *from,
		  u64 length, unsigned int use, struct kc_refusal *why);
void kc_target_put(struct kc_target *target);
int kc_target_write_out(struct kc_target *target, struct kc_refusal *why);
int kc_target_drop_cache(struct kc_target *target);

/* options.c: what is asked for, in the terms of the ABI and of the engine. */

bool kc_options_conflict(u32 flags);
int kc_options_check(const struct kcopyd_submit *args, struct kc_refusal *why);
void kc_options_to_request(const struct kcopyd_submit *args,
			   struct kcopyd_request *rq);
int kc_options_control(const struct kcopyd_control *args,
		       struct kcopyd_job *job);

/* devjob.c: jobs of /dev/kcopyd, running and remembered. */

struct kc_events;

/**
 * struct kc_devjob - a job of /dev/kcopyd
 * @ref: one of the registry, one of the run and then of the unread result, one
 *	a user
 * @node: in the registry
 * @done_node: in its file's list of results to be read
 * @events: of the file that submitted; not to be touched once @done
 * @owner: number of that file
 * @orphaned: its file was closed and it was cancelled
 * @cancelled: somebody wants it to end
 * @released: nothing of it is in flight, its ranges are free, its pins gone
 * @job: the engine's, a handle
 * @id: of @job, 0 before it is submitted
 * @cookie: as submitted
 * @flags: KCOPYD_SUBMIT_*
 * @checksum: enum kcopyd_checksum
 * @uid: submitter
 * @pid: submitter
 * @done: the result is in
 * @result: when done
 * @length: bytes a region
 * @submitted_ns: when
 * @done_ns: when
 * @read_pos: events of the result that have been read
 * @read_after: the result is read after what was told before this place
 * @digests_lost: some of them were dropped, so that all that follow are
 * @nr_targets: source and destinations
 * @dev: their device numbers
 * @targets: pins
 *
 * What changes is protected by the registry's lock, but for @done_node,
 * @read_pos, @read_after and @digests_lost, which @events protects.
 */
struct kc_devjob {
	struct kref ref;
	struct list_head node;
	struct list_head done_node;
	struct kc_events *events;
	u64 owner;
	bool orphaned;
	bool cancelled;
	bool released;
	struct kcopyd_job *job;
	u64 id;
	u64 cookie;
	u32 flags;
	u32 checksum;
	kuid_t uid;
	pid_t pid;
	bool done;
	struct kcopyd_result result;
	u64 length;
	u64 submitted_ns;
	u64 done_ns;
	unsigned int read_pos;
	unsigned int read_after;
	bool digests_lost;
	unsigned int nr_targets;
	dev_t dev[KCOPYD_MAX_REGIONS];
	struct kc_target targets[KCOPYD_MAX_REGIONS];
};

struct kc_devjob *kc_devjob_create(struct kc_events *events, u64 owner,
				   const struct kcopyd_submit *args);
void kc_devjob_put(struct kc_devjob *dj);
int kc_devjob_get_targets(struct kc_devjob *dj,
			  const struct kcopyd_submit *args,
			  struct kc_refusal *why);
int kc_devjob_register(struct kc_devjob *dj, struct kc_refusal *why);
void kc_devjob_unregister(struct kc_devjob *dj);
int kc_devjob_start(struct kc_devjob *dj, struct kcopyd_client *kc,
		    const struct kcopyd_submit *args,
		    const struct kcopyd_job_ops *ops, struct kc_refusal *why);
u64 kc_devjob_release_targets(struct kc_devjob *dj);
void kc_devjob_done(struct kc_devjob *dj, const struct kcopyd_result *result);
struct kc_devjob *kc_devjob_find(u64 id, bool next, u64 owner);
bool kc_devjob_is_done(struct kc_devjob *dj);
void kc_devjob_cancel(struct kc_devjob *dj);
void kc_devjob_cancel_attached(u64 owner);
void kc_devjob_orphan(u64 owner);
void kc_devjob_fill_status(struct kc_devjob *dj, struct kcopyd_status *status);
void kc_devjob_region(struct kc_devjob *dj, unsigned int region,
		      struct kcopyd_region_progress *progress);
void kc_devjob_fill_region(struct kc_devjob *dj, unsigned int region,
			   struct kcopyd_region_status *status);
bool kc_devjob_error_at(struct kc_devjob *dj, u64 i,
			struct kcopyd_error *error);
void kc_devjob_fill_info(struct kcopyd_info *info);
void kc_devjobs_exit(void);
extern wait_queue_head_t kc_devjob_wait;

/* events.c: what a descriptor has to tell. */

/**
 * struct kc_events - unread events of a descriptor
 * @read_lock: one reader at a time
 * @wait: for events
 * @room: for digests: woken when there is more of it, or no use in waiting
 * @lock: protects all that follows
 * @ring: events
 * @head: where the next event goes, counted without end
 * @tail: the first unread one
 * @overflow: events were dropped and nobody was told
 * @closed: nobody will read any more
 * @done: finished jobs whose results have not been read
 * @nr_done: of them
 */
struct kc_events {
	struct mutex read_lock;
	wait_queue_head_t wait;
	wait_queue_head_t room;
	spinlock_t lock;
	struct kcopyd_event *ring;
	unsigned int head;
	unsigned int tail;
	bool overflow;
	bool closed;
	struct list_head done;
	unsigned int nr_done;
};

void kc_events_init(struct kc_events *events);
int kc_events_alloc(struct kc_events *events);
void kc_events_close(struct kc_events *events);
void kc_events_exit(struct kc_events *events);
void kc_events_push(struct kc_events *events, const struct kcopyd_event *event);
void kc_events_push_digest(struct kc_devjob *dj,
			   const struct kcopyd_event *parts, unsigned int nr);
void kc_events_push_result(struct kc_events *events, struct kc_devjob *dj);
bool kc_events_are_neglected(struct kc_events *events);
bool kc_events_pending(struct kc_events *events);
ssize_t kc_events_read(struct kc_events *events, char __user *buf,
		       size_t count);

/* dev.c */

int kc_dev_init(void);
void kc_dev_exit(void);

#endif /* _KCOPYD_DEV_H */
