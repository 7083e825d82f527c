/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private declarations of /dev/kcopyd: descriptors as regions, the registry
 * of jobs, events. It knows the engine by its exported calls.
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

/**
 * struct kc_target - a device that user space gave as a descriptor
 * @file: pinned until the job is over
 * @region: the range
 */
struct kc_target {
	struct file *file;
	struct io_region region;
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
		  u64 length, bool write, struct kc_refusal *why);
void kc_target_put(struct kc_target *target);
int kc_target_write_out(struct kc_target *target, struct kc_refusal *why);
int kc_target_drop_cache(struct kc_target *target);

/* devjob.c: jobs of /dev/kcopyd, running and remembered. */

struct kc_file;

/**
 * struct kc_devjob - a job of /dev/kcopyd
 * @ref: one of the registry, one of the run and then of the unread result, one
 *	a user
 * @node: in the registry
 * @done_node: in its file's list of results to be read
 * @file: who submitted; not to be touched once @done
 * @owner: number of that file
 * @orphaned: its file was closed and it was cancelled
 * @job: the engine's, a handle
 * @id: of @job, 0 before it is submitted
 * @cookie: as submitted
 * @flags: KCOPYD_SUBMIT_*
 * @uid: submitter
 * @pid: submitter
 * @done: the result is in
 * @result: when done
 * @length: bytes a region
 * @submitted_ns: when
 * @done_ns: when
 * @read_pos: events of the result that have been read
 * @nr_targets: source and destinations
 * @dev: their device numbers
 * @targets: pins
 *
 * What changes is protected by the registry's lock, but for @done_node and
 * @read_pos, which are the file's.
 */
struct kc_devjob {
	struct kref ref;
	struct list_head node;
	struct list_head done_node;
	struct kc_file *file;
	u64 owner;
	bool orphaned;
	struct kcopyd_job *job;
	u64 id;
	u64 cookie;
	u32 flags;
	kuid_t uid;
	pid_t pid;
	bool done;
	struct kcopyd_result result;
	u64 length;
	u64 submitted_ns;
	u64 done_ns;
	unsigned int read_pos;
	unsigned int nr_targets;
	dev_t dev[KCOPYD_MAX_REGIONS];
	struct kc_target targets[KCOPYD_MAX_REGIONS];
};

struct kc_devjob *kc_devjob_create(struct kc_file *file, u64 owner,
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
void kc_devjob_cancel_attached(u64 owner);
void kc_devjob_orphan(u64 owner);
void kc_devjob_fill_status(struct kc_devjob *dj, struct kcopyd_status *status);
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
 * @lock: protects all that follows
 * @ring: events
 * @head: where the next event goes, counted without end
 * @tail: the first unread one
 * @overflow: events were dropped and nobody was told
 * @done: finished jobs whose results have not been read
 */
struct kc_events {
	struct mutex read_lock;
	wait_queue_head_t wait;
	spinlock_t lock;
	struct kcopyd_event *ring;
	unsigned int head;
	unsigned int tail;
	bool overflow;
	struct list_head done;
};

void kc_events_init(struct kc_events *events);
int kc_events_alloc(struct kc_events *events);
void kc_events_exit(struct kc_events *events);
void kc_events_push(struct kc_events *events, const struct kcopyd_event *event);
void kc_events_push_result(struct kc_events *events, struct kc_devjob *dj);
bool kc_events_pending(struct kc_events *events);
ssize_t kc_events_read(struct kc_events *events, char __user *buf,
		       size_t count);

#endif /* _KCOPYD_DEV_H */
