/* SPDX-License-Identifier: GPL-2.0-only */
/* Jobs of /dev/kcopyd, running and remembered (devjob.c). */
#ifndef _KCOPYD_DEVJOB_H
#define _KCOPYD_DEVJOB_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#include <kcopyd/kcopyd.h>
#include <uapi/kcopyd.h>

#include "refusal.h"
#include "target.h"

struct kc_events;

/**
 * struct kc_devjob - a job of /dev/kcopyd
 * @ref: one of the registry, one of the run and then of the unread result, one
 *	a user
 * @node: in the registry
 * @done_node: in its file's list of results to be read
 * @events: of the file that submitted; not to be touched once @done
 * @room: of @events: whoever waits for some is to see that it was cancelled
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
	wait_queue_head_t *room;
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

struct kc_devjob *kc_devjob_create(struct kc_events *events,
				   wait_queue_head_t *room, u64 owner,
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

#endif /* _KCOPYD_DEVJOB_H */
