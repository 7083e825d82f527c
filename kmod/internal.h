/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private declarations, in the order of who knows whom: pages and chunks know
 * nobody above them, the engine (copy) knows jobs, the client drives the
 * engine, the device submits jobs.
 *
 * Ownership in one paragraph: each client has one worker. Everything of a
 * running job that is not marked otherwise (its cursor, its chunks, the
 * client's pools and reserve) is touched by that worker alone, so it has no
 * lock. Others reach the worker through lock-free lists and a bell: submitters
 * post jobs, completions post legs.
 */
#ifndef _KCOPYD_INTERNAL_H
#define _KCOPYD_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <kcopyd/dm_io.h>
#include <kcopyd/kcopyd.h>
#include <kcopyd/stats.h>
#include <uapi/kcopyd.h>

#include "bell.h"

/* pages.c: a client's reserve of physically contiguous runs. */

#define KC_RUN_MAX_ORDER 8
#define KC_RUN_MAX_PAGES (1U << KC_RUN_MAX_ORDER)

/**
 * struct kc_run - physically contiguous pages, parts of which are lent
 * @page: the first, of a compound page if @order > 0
 * @order: 1 << @order pages
 * @free: pages not lent
 * @used: bit i = page i is lent
 */
struct kc_run {
	struct page *page;
	unsigned int order;
	unsigned int free;
	DECLARE_BITMAP(used, KC_RUN_MAX_PAGES);
};

/**
 * struct kc_reserve - pages of a client, allocated once
 * @runs: ends where the memory was got from
 * @nr_runs: of them
 * @nr_pages: altogether
 * @nr_free: not lent
 */
struct kc_reserve {
	struct kc_run *runs;
	unsigned int nr_runs;
	unsigned int nr_pages;
	unsigned int nr_free;
};

/**
 * struct kc_span - contiguous pages on loan from a run
 * @run: whose
 * @first: page in the run
 * @pages: how many
 */
struct kc_span {
	struct kc_run *run;
	u16 first;
	u16 pages;
};

int kc_reserve_init(struct kc_reserve *reserve, unsigned int nr_pages);
void kc_reserve_exit(struct kc_reserve *reserve);
unsigned int kc_reserve_take(struct kc_reserve *reserve, unsigned int want,
			     struct kc_span *span);
void kc_reserve_give(struct kc_reserve *reserve, const struct kc_span *span);

/* chunk.c: chunks, their legs and bios; the pool they are recycled in. */

#define KC_CHUNK_SPANS 16
#define KC_CHUNK_PIECES 64
#define KC_CHUNK_MAX_SECTORS (1U << (20 - SECTOR_SHIFT))

struct kc_chunk;
struct kc_leg;

/**
 * struct kc_io - one bio of a leg, built once, re-armed for each use
 * @leg: whose
 * @next: next of the leg, or of the free list
 * @sector: first sector on the device
 * @sectors: length
 * @piece: which piece of the chunk
 * @armed: takes part
 * @submit_ns: when it was submitted, 0 = nobody measures
 * @done_ns: when it completed
 * @bio: last, it ends in a flexible array
 */
struct kc_io {
	struct kc_leg *leg;
	struct kc_io *next;
	sector_t sector;
	unsigned int sectors;
	unsigned int piece;
	bool armed;
	u64 submit_ns;
	u64 done_ns;
	struct bio bio;
};

/**
 * struct kc_leg - the part of a chunk that one region does
 * @post: in the pool's list of completed legs, or a destination's queue
 * @next: next of the chunk, or of the free list
 * @chunk: whose
 * @ios: one for each piece
 * @pending: bios not completed, and one while they are being submitted
 * @region: 0 the source, 1..n the destinations
 * @op: what it does
 * @ready_ns: when it could have been submitted, 0 = nobody measures
 */
struct kc_leg {
	struct llist_node post;
	struct kc_leg *next;
	struct kc_chunk *chunk;
	struct kc_io *ios;
	atomic_t pending;
	unsigned int region;
	enum kcopyd_op op;
	u64 ready_ns;
};

/**
 * struct kc_chunk - a slice of a job in flight
 * @next: in the free list
 * @pool: where it is recycled
 * @job: whose
 * @first: first sector, from the start of the regions
 * @sectors: length
 * @piece_sectors: length of a piece, one bio each; the last may be shorter
 * @nr_pieces: of them
 * @bad: bit i = piece i could not be read
 * @legs: the first, of region 0; then one for each destination
 * @legs_left: being written
 * @nr_spans: of memory; 0 for a flush
 * @span: memory on loan
 * @vec: the same memory for bios
 */
struct kc_chunk {
	struct kc_chunk *next;
	struct kc_pool *pool;
	struct kcopyd_job *job;
	sector_t first;
	unsigned int sectors;
	unsigned int piece_sectors;
	unsigned int nr_pieces;
	u64 bad;
	struct kc_leg *legs;
	unsigned int legs_left;
	unsigned int nr_spans;
	struct kc_span span[KC_CHUNK_SPANS];
	struct bio_vec vec[KC_CHUNK_SPANS];
};

/**
 * struct kc_pool - what a client's chunks are made from
 * @chunks: free ones
 * @legs: free ones
 * @ios: free ones
 * @nr_legs: free
 * @nr_ios: free
 * @reserve: the pages
 * @done: completed legs, posted by completions
 * @bell: rung for them
 *
 * Holds from the start what one chunk with KCOPYD_MAX_DESTS destinations
 * needs, so that one chunk can always be in flight. It grows while memory is
 * to be had and keeps what it has.
 */
struct kc_pool {
	struct kc_chunk *chunks;
	struct kc_leg *legs;
	struct kc_io *ios;
	unsigned int nr_legs;
	unsigned int nr_ios;
	struct kc_reserve reserve;
	struct llist_head done;
	struct kc_bell *bell;
};

/**
 * struct kc_leg_target - where a leg goes
 * @bdev: device
 * @sector: on it, of the chunk's first sector
 * @op: operation
 * @ioprio: of the submitter
 * @css: block cgroup of the submitter
 */
struct kc_leg_target {
	struct block_device *bdev;
	sector_t sector;
	enum kcopyd_op op;
	unsigned short ioprio;
	struct cgroup_subsys_state *css;
};

int kc_chunk_caches_init(void);
void kc_chunk_caches_exit(void);
int kc_pool_init(struct kc_pool *pool, unsigned int nr_pages,
		 struct kc_bell *bell);
void kc_pool_exit(struct kc_pool *pool);
struct kc_chunk *kc_chunk_get(struct kc_pool *pool, unsigned int nr_legs,
			      unsigned int sectors, unsigned int piece_sectors,
			      unsigned int block_sectors);
void kc_chunk_put(struct kc_pool *pool, struct kc_chunk *chunk);
bool kc_leg_arm(struct kc_leg *leg, const struct kc_leg_target *target,
		u64 skip);
void kc_leg_submit(struct kc_leg *leg);

/* extents.c: located errors of a region. */

#define KC_EXTENTS_MAX 1024

/**
 * struct kc_extents - sorted, merged errors of a region
 * @lock: the worker writes, anybody reads
 * @list: @one, or allocated when that is not enough
 * @nr: in use
 * @room: in @list
 * @coarse: it was full: some extents cover good sectors, too
 * @one: the first
 */
struct kc_extents {
	spinlock_t lock;
	struct kcopyd_error *list;
	unsigned int nr;
	unsigned int room;
	bool coarse;
	struct kcopyd_error one;
};

void kc_extents_init(struct kc_extents *extents);
void kc_extents_exit(struct kc_extents *extents);
void kc_extents_add(struct kc_extents *extents, const struct kcopyd_error *new);
unsigned int kc_extents_count(struct kc_extents *extents, bool *coarse);
bool kc_extents_at(struct kc_extents *extents, unsigned int i,
		   struct kcopyd_error *error);

/* job.c: a job and its regions. */

/**
 * struct kc_cursor - a walk through the sectors of a job
 * @next: first sector that has not been started
 */
struct kc_cursor {
	sector_t next;
};

/**
 * struct kc_region - one region of a job
 * @bdev: device
 * @sector: first
 * @bytes: read or written without error; the worker writes, anybody reads
 * @errors: bios that failed; likewise
 * @error: the first of their errnos; likewise
 * @extents: where they were
 * @queue: legs to be submitted by @submit (jobs of several destinations)
 * @submit: submits them, so that one device's full queue delays no other
 */
struct kc_region {
	struct block_device *bdev;
	sector_t sector;
	u64 bytes;
	unsigned int errors;
	int error;
	struct kc_extents extents;
	struct llist_head queue;
	struct work_struct submit;
};

/* Bits of kcopyd_job.stop. */
#define KC_JOB_CANCELLED 0 /* anybody */
#define KC_JOB_FAILED 1 /* the worker */
#define KC_JOB_ENDED 2 /* the notifier: the client may go away */

/**
 * struct kcopyd_job - a copy
 * @client: whose; not to be touched once KC_JOB_ENDED is set
 * @ref: one of the engine until the callback has returned, one a handle
 * @id: unique since the module was loaded
 * @node: in the client's list of jobs that may start chunks
 * @post: in the client's list of new, later of ended jobs
 * @fn: classic callback, or
 * @ops: the extended ones
 * @context: for either
 * @css: block cgroup to be charged
 * @ioprio: of the submitter
 * @flags: KCOPYD_IGNORE_ERROR ...
 * @nr_dests: of them
 * @count: sectors a region
 * @chunk_sectors: most of a chunk
 * @piece_sectors: most of a bio, by the devices' limits
 * @block_sectors: the largest logical block
 * @depth: most chunks in flight
 * @in_flight: chunks
 * @state: enum kcopyd_state; the worker and, last, the notifier write
 * @checked: the devices were looked at
 * @flushed: the flush was started
 * @stop: KC_JOB_* bits, atomic
 * @live: bit i = destination i is still written
 * @read_err: a read failed
 * @write_err: bit i = destination i failed
 * @main: where the copy is
 * @start_ns: submitted
 * @regions: the source, then the destinations
 */
struct kcopyd_job {
	struct kcopyd_client *client;
	struct kref ref;
	u64 id;
	struct list_head node;
	struct llist_node post;
	kcopyd_notify_fn fn;
	const struct kcopyd_job_ops *ops;
	void *context;
	struct cgroup_subsys_state *css;
	unsigned short ioprio;
	unsigned int flags;
	unsigned int nr_dests;
	sector_t count;
	unsigned int chunk_sectors;
	unsigned int piece_sectors;
	unsigned int block_sectors;
	unsigned int depth;
	unsigned int in_flight;
	unsigned int state;
	bool checked;
	bool flushed;
	unsigned long stop;
	u64 live;
	u32 read_err;
	u64 write_err;
	struct kc_cursor main;
	u64 start_ns;
	struct kc_region regions[];
};

static inline bool kc_job_stopping(const struct kcopyd_job *job)
{
	return READ_ONCE(job->stop) &
	       (BIT(KC_JOB_CANCELLED) | BIT(KC_JOB_FAILED));
}

int kc_job_caches_init(void);
void kc_job_caches_exit(void);
int kc_job_pool_init(mempool_t *pool);
struct kcopyd_job *kc_job_alloc(mempool_t *pool, unsigned int nr_dests);
void kc_job_set_state(struct kcopyd_job *job, unsigned int state);
void kc_job_notify(struct kcopyd_job *job);

/* dest.c: getting a destination's legs to its device. */

void kc_dest_init(struct kc_region *region);
void kc_dest_submit(struct kc_leg *leg);
void kc_dest_flush(struct kc_region *region);

/* copy.c: the chunk state machine. */

enum kc_step {
	KC_STEP_STARTED, /* a chunk went into flight; there may be more */
	KC_STEP_WAIT, /* nothing to start until one completes */
	KC_STEP_STARVED, /* no memory until some chunk completes */
	KC_STEP_ENDED, /* all done */
};

enum kc_step kc_copy_step(struct kcopyd_job *job);
struct kcopyd_job *kc_copy_leg_done(struct kc_leg *leg);

/* client.c: clients, their worker and notifier. */

/**
 * struct kcopyd_client - a reserve and the jobs that are done with it
 * @id: for tracepoints
 * @io_wq: for the worker
 * @submit_wq: for the destinations' submission, which may block for long
 * @notify_wq: for callbacks, which may sleep
 * @bell: wakes the worker
 * @new_jobs: posted by submitters
 * @rescan: a job that waits was cancelled
 * @jobs: that may start chunks
 * @pool: their memory
 * @job_pool: of struct kcopyd_job
 * @notifier: wakes the notifier
 * @ended: jobs for it
 * @nr_jobs: submitted and not yet notified
 * @destroyq: waits for none
 */
struct kcopyd_client {
	u64 id;
	struct workqueue_struct *io_wq;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *notify_wq;
	struct kc_bell bell;
	struct llist_head new_jobs;
	atomic_t rescan;
	struct list_head jobs;
	struct kc_pool pool;
	mempool_t job_pool;
	struct kc_bell notifier;
	struct llist_head ended;
	atomic_t nr_jobs;
	wait_queue_head_t destroyq;
};

void kc_client_post(struct kcopyd_client *kc, struct kcopyd_job *job);
void kc_client_rescan(struct kcopyd_client *kc);

/* submit.c: the public calls. */

bool kc_regions_overlap(const struct io_region *a, const struct io_region *b);

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

/* dev.c */

int kc_dev_init(void);
void kc_dev_exit(void);

#endif /* _KCOPYD_INTERNAL_H */
