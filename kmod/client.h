/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients, their worker and notifier (client.c). */
#ifndef _KCOPYD_CLIENT_H
#define _KCOPYD_CLIENT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <kcopyd/kcopyd.h>

#include "batch.h"
#include "bell.h"
#include "chunk.h"
#include "job.h"
#include "jobpool.h"

/* The source's, and those of some destinations. */
#define KC_CLIENT_BATCHES 4

/**
 * struct kcopyd_client - a reserve and the jobs that are done with it
 * @id: for tracepoints
 * @serves_users: its jobs come from user space
 * @memcg: of who made it: charged with what the worker needs
 * @io_wq: for the worker
 * @submit_wq: for submission that may block for long, for content work
 * @notify_wq: for callbacks, which may sleep
 * @bell: wakes the worker
 * @new_jobs: posted by submitters
 * @rescan: a job was cancelled, resumed or got other limits
 * @jobs: that may start chunks
 * @waiting: that wait for time, or to be resumed
 * @watched: that have destinations which could be slow
 * @nr_active: jobs that the worker knows
 * @nr_small: of them, small ones
 * @source: device that all active jobs read, unless @mixed
 * @dest: device that they write
 * @mixed: active jobs have different devices
 * @tick: looks after @waiting and @watched
 * @ticked: it did
 * @pool: their memory
 * @job_pool: of struct kcopyd_job
 * @notifier: wakes the notifier
 * @ended: jobs for it
 * @nr_jobs: submitted and not yet notified
 * @destroyq: waits for none
 * @batches: of small jobs, while somebody observes
 * @places: theirs
 */
struct kcopyd_client {
	u64 id;
	bool serves_users;
	struct mem_cgroup *memcg;
	struct workqueue_struct *io_wq;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *notify_wq;
	struct kc_bell bell;
	struct llist_head new_jobs;
	atomic_t rescan;
	struct list_head jobs;
	struct list_head waiting;
	struct list_head watched;
	unsigned int nr_active;
	unsigned int nr_small;
	struct block_device *source;
	struct block_device *dest;
	bool mixed;
	struct timer_list tick;
	atomic_t ticked;
	struct kc_pool pool;
	struct kc_job_pool job_pool;
	struct kc_bell notifier;
	struct llist_head ended;
	atomic_t nr_jobs;
	wait_queue_head_t destroyq;
	struct kc_batch batches[KC_CLIENT_BATCHES];
	u16 places[KC_CLIENT_BATCHES][KC_BATCH_PLACES];
};

void kc_client_post(struct kcopyd_client *kc, struct kcopyd_job *job);
void kc_client_repost(struct kcopyd_job *job);
void kc_client_rescan(struct kcopyd_client *kc);

#endif /* _KCOPYD_CLIENT_H */
