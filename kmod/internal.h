/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private declarations, in the order of who knows whom: pages and chunks know
 * nobody above them, the engine (copy) walks legs, which look into errors; the
 * client drives the engine, the device submits jobs.
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
#include "memory.h"

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

/* zero.c: zeroes to write from. */

extern struct bio_vec kc_zero_vec[];

int kc_zero_init(void);
void kc_zero_exit(void);
unsigned int kc_zero_sectors(void);

/* chunk.c: chunks, their legs and bios; the pool they are recycled in. */

#define KC_CHUNK_SPANS 16
#define KC_CHUNK_PIECES 64
#define KC_CHUNK_MAX_SECTORS (1U << (20 - SECTOR_SHIFT))
/* A chunk without memory, of zeroes, can be longer. */
#define KC_ZERO_MAX_SECTORS (32U << (20 - SECTOR_SHIFT))

struct kc_chunk;
struct kc_leg;

/**
 * struct kc_io - one bio of a leg, built once, re-armed for each use
 * @leg: whose
 * @next: next of the leg, or of the free list
 * @sector: first sector on the device
 * @sectors: length
 * @from: first sector in the chunk
 * @op: enum kcopyd_op
 * @armed: takes part
 * @failed: errno that is still to be looked into, 0 = none
 * @submit: when it was submitted, by the leg's clock
 * @done: when it completed, likewise
 * @bio: last, it ends in a flexible array
 */
struct kc_io {
	struct kc_leg *leg;
	struct kc_io *next;
	sector_t sector;
	unsigned int sectors;
	unsigned int from;
	u8 op;
	bool armed;
	int failed;
	u64 submit;
	u64 done;
	struct bio bio;
};

/**
 * struct kc_probe - a look into a request that failed
 * @io: the request's, NULL = none is being looked into
 * @pos: sectors in the chunk: not looked into yet is @pos..@end
 * @end: likewise
 * @at: first of the part in flight
 * @size: of the part in flight
 * @suspect: what has failed and is not found yet lies before that (backward:
 *	behind it)
 * @op: enum kcopyd_op that the parts are done with
 * @backward: from the end towards the start
 * @refused: it did not fail: what was asked is not offered
 * @error: of the request
 */
struct kc_probe {
	struct kc_io *io;
	unsigned int pos;
	unsigned int end;
	unsigned int at;
	unsigned int size;
	unsigned int suspect;
	u8 op;
	bool backward;
	bool refused;
	int error;
};

/**
 * struct kc_leg - the part of a chunk that one region does
 * @post: in a list of completed legs, or a region's queue, or of content work
 * @next: next of the chunk, or of the free list
 * @chunk: whose
 * @ios: one for each piece
 * @last: of them
 * @pending: bios not completed, and one while they are being submitted
 * @armed: bios of the round, if it is measured
 * @region: 0 the source, 1..n the destinations
 * @op: enum kcopyd_op: what it does
 * @failed: an error was located
 * @pos: where the next round starts, sectors in the chunk
 * @clock: enum kc_clock, KC_CLOCK_NONE = nobody measures
 * @ready: when it could have been submitted, by that clock
 * @probe: of a request that failed
 */
struct kc_leg {
	struct llist_node post;
	struct kc_leg *next;
	struct kc_chunk *chunk;
	struct kc_io *ios;
	struct kc_io *last;
	atomic_t pending;
	unsigned int armed;
	unsigned int region;
	u8 op;
	bool failed;
	u8 clock;
	unsigned int pos;
	u64 ready;
	struct kc_probe probe;
};

/* What of a chunk is not plain data; chunks without all this are the rule. */
#define KC_MAP_BAD 0x1 /* kc_chunk.bad says which blocks could not be read */
#define KC_MAP_ZERO 0x2 /* kc_chunk.zero says which blocks are zeroes */
#define KC_MAP_ZEROES 0x4 /* all is zeroes, and there is no memory */

/* What a chunk is doing. */
enum kc_chunk_step {
	KC_CHUNK_READ,
	KC_CHUNK_WORK,
	KC_CHUNK_WRITE,
	KC_CHUNK_FLUSH,
	KC_CHUNK_READ_BACK,
	KC_CHUNK_COMPARE,
};

/**
 * struct kc_chunk - a slice of a job in flight
 * @next: in the free list
 * @node: in its lane, ascending
 * @pool: where it is recycled
 * @job: whose
 * @lane: whose
 * @first: first sector, from the start of the regions
 * @sectors: length
 * @piece_sectors: most of a bio
 * @nr_pieces: bios a leg
 * @block: unit of @bad and @zero, sectors
 * @dests: bit i = destination i is to be served
 * @step: enum kc_chunk_step
 * @again: it is compared for the second time
 * @impatient: counted in that of its pool
 * @map: KC_MAP_*
 * @legs: of region 0 unless there is no source; then one a destination
 * @at: of these, the destination to be compared next
 * @out: legs with I/O that has not completed
 * @pending: bit i = the leg of destination i is in flight
 * @pages: of memory
 * @nr_spans: of memory
 * @span: memory on loan
 * @vec: the same memory for bios
 * @bad: blocks that could not be read
 * @zero: blocks of zeroes
 */
struct kc_chunk {
	struct kc_chunk *next;
	struct list_head node;
	struct kc_pool *pool;
	struct kcopyd_job *job;
	struct kc_lane *lane;
	sector_t first;
	unsigned int sectors;
	unsigned int piece_sectors;
	unsigned int nr_pieces;
	unsigned int block;
	u64 dests;
	u8 step;
	u8 map;
	bool again;
	bool impatient;
	struct kc_leg *legs;
	struct kc_leg *at;
	atomic_t out;
	u64 pending;
	unsigned int pages;
	unsigned int nr_spans;
	struct kc_span span[KC_CHUNK_SPANS];
	struct bio_vec vec[KC_CHUNK_SPANS];
	DECLARE_BITMAP(bad, KC_CHUNK_MAX_SECTORS);
	DECLARE_BITMAP(zero, KC_CHUNK_MAX_SECTORS);
};

/**
 * struct kc_pool - what a client's chunks are made from
 * @chunks: free ones
 * @legs: free ones
 * @ios: free ones
 * @nr_legs: free
 * @nr_ios: free
 * @grown: bytes of all that came later
 * @reserve: the pages
 * @done: legs for the worker, posted by completions and by content work
 * @bell: rung for them
 * @quiet: completed legs of chunks that have others in flight: the bell is not
 *	rung for them
 * @due: some of these are to be looked at
 * @impatient: of how many chunks the last leg was seen, and another one not
 *
 * Holds from the start what one chunk with KCOPYD_MAX_DESTS destinations
 * needs, so that one chunk can always be in flight. It grows while memory is
 * to be had, up to the size of the reserve, and keeps what it has.
 */
struct kc_pool {
	struct kc_chunk *chunks;
	struct kc_leg *legs;
	struct kc_io *ios;
	unsigned int nr_legs;
	unsigned int nr_ios;
	size_t grown;
	struct kc_reserve reserve;
	struct llist_head done;
	struct kc_bell *bell;
	struct llist_head quiet;
	bool due;
	unsigned int impatient;
};

/**
 * struct kc_chunk_want - what a chunk should be like
 * @source: has a leg for region 0
 * @dests: bit i = has a leg for destination i
 * @sectors: length; less may be got where memory is short; 0 = no data
 * @piece: most sectors of a bio; a multiple of @block
 * @block: lengths are multiples of this
 * @copies: of @sectors in memory; 0 = none
 */
struct kc_chunk_want {
	bool source;
	u64 dests;
	unsigned int sectors;
	unsigned int piece;
	unsigned int block;
	unsigned int copies;
};

/**
 * struct kc_leg_target - where a leg goes
 * @bdev: device
 * @sector: on it, of the chunk's first sector
 * @op: enum kcopyd_op
 * @zeroes: runs of zeroes may go as write-zeroes
 * @second: the data is in the second copy of the chunk's memory
 * @opf: REQ_*, beside what the operation has
 * @ioprio: of the submitter
 * @css: block cgroup of the submitter
 */
struct kc_leg_target {
	struct block_device *bdev;
	sector_t sector;
	u8 op;
	bool zeroes;
	bool second;
	blk_opf_t opf;
	unsigned short ioprio;
	struct cgroup_subsys_state *css;
};

int kc_chunk_caches_init(void);
void kc_chunk_caches_exit(void);
int kc_pool_init(struct kc_pool *pool, unsigned int nr_pages,
		 struct kc_bell *bell);
void kc_pool_exit(struct kc_pool *pool);
struct kc_chunk *kc_chunk_get(struct kc_pool *pool,
			      const struct kc_chunk_want *want);
void kc_chunk_put(struct kc_pool *pool, struct kc_chunk *chunk);
void kc_chunk_mark(struct kc_chunk *chunk, u8 map, unsigned int from,
		   unsigned int sectors);
void kc_chunk_post(struct kc_pool *pool, struct kc_leg *leg);

/* round.c: a leg's bios. */

bool kc_leg_arm(struct kc_leg *leg, const struct kc_leg_target *target);
void kc_leg_arm_part(struct kc_leg *leg, const struct kc_leg_target *target,
		     struct kc_io *io, unsigned int from, unsigned int sectors);
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
bool kc_extents_next(struct kc_extents *extents, sector_t from, sector_t to,
		     struct kcopyd_error *error);

/* region.c: a region of a job, its errors and how often it may fail. */

/**
 * struct kc_lane - a walk through the sectors of a job
 * @chunks: in flight, ascending
 * @next: first sector that has not been started
 * @dests: bit i = destination i is served
 * @in_flight: chunks
 * @pages: of memory that they hold
 */
struct kc_lane {
	struct list_head chunks;
	sector_t next;
	u64 dests;
	unsigned int in_flight;
	unsigned int pages;
};

#define KC_BATCH_SLOTS 64

/**
 * struct kc_batch - requests that observers have not been told of (observe.c)
 * @ios: how many; the rest has no meaning while there is none
 * @kind: they are all of one
 * @since: when the first of them was ready, ticks of the kind's clock, as all
 *	times here
 * @longest: of their legs, from when it was ready until it was accounted for
 * @sectors: of them all
 * @sector: the first of them all
 * @end: behind the last of them all
 * @lat: latencies, all added up
 * @least: latency
 * @most: latency
 * @queue: time from when they were ready until they were submitted, added up
 * @queue_most: of that
 * @job: whose, 0 = of small jobs
 * @client: whose
 * @device_sectors: size of the device
 * @dev: the device
 * @region: 0 the source, 1..n the destinations
 * @in_flight: of the region, or NULL
 * @places: a leg's bucket of heat each, or NULL where all are neighbours
 * @nr_places: of them
 * @bucket_sectors: of a bucket
 * @due: it is told after this leg
 * @scattered: they are no neighbours
 * @hist: how many in each slot
 */
struct kc_batch {
	unsigned int ios;
	u32 bucket_sectors;
	u64 kind;
	u64 since;
	u64 longest;
	u64 sectors;
	u64 sector;
	u64 end;
	u64 lat;
	u64 least;
	u64 most;
	u64 queue;
	u64 queue_most;
	u64 job;
	u64 client;
	u64 device_sectors;
	u32 dev;
	u32 region;
	const unsigned int *in_flight;
	u16 *places;
	u8 nr_places;
	bool due;
	bool scattered;
	u16 hist[KC_BATCH_SLOTS];
};

/**
 * struct kc_region - one region of a job
 * @bdev: device; NULL for a source of zeroes
 * @sector: first
 * @block: logical block, sectors
 * @bytes: read or written without error; the worker writes, anybody reads
 * @settled: sectors up to which all is done or in an extent; likewise
 * @errors: requests that failed; likewise
 * @error: errno of the first located error; likewise
 * @refused: errno of a look at the device before the start
 * @lost: given up: nothing more is tried
 * @blocks: submitting to it has slept
 * @finished: a chunk has completed in the course of submission
 * @submitter: task that submits to it, of a job that is watched
 * @no_zeroes: write-zeroes was refused
 * @seq_zones: errors can't be looked into: writes can't be repeated
 * @bad_blocks: that failed since the last success
 * @bad_requests: likewise
 * @legs: in flight
 * @in_flight: measured requests, ready and not yet accounted for
 * @busy: samples that saw legs in flight
 * @extents: where errors were
 * @queue: legs to be submitted by @submit
 * @submit: submits them, so that one device's full queue delays no other
 * @lane: of a destination that was uncoupled
 * @batch: while somebody observes
 */
struct kc_region {
	struct block_device *bdev;
	sector_t sector;
	unsigned int block;
	u64 bytes;
	sector_t settled;
	unsigned int errors;
	int error;
	int refused;
	bool lost;
	bool blocks;
	bool finished;
	bool no_zeroes;
	bool seq_zones;
	unsigned int bad_blocks;
	unsigned int bad_requests;
	unsigned int legs;
	unsigned int in_flight;
	unsigned int busy;
	struct task_struct *submitter;
	struct kc_extents extents;
	struct llist_head queue;
	struct work_struct submit;
	struct kc_lane lane;
	struct kc_batch batch;
};

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

/**
 * struct kc_pace - how fast a job is (throttle.c)
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

struct kc_content;

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
 * @cut: it was cancelled before all was done that comes after the copying
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

void kc_region_init(struct kc_region *region, const struct io_region *from);
void kc_region_exit(struct kc_region *region);
void kc_region_located(struct kcopyd_job *job, struct kcopyd_error *error);
void kc_region_untried(struct kcopyd_job *job, unsigned int region,
		       sector_t first, sector_t count, int error);
void kc_region_request_failed(struct kcopyd_job *job, unsigned int region,
			      int error);
void kc_region_check_gone(struct kc_region *region, int error);
bool kc_region_spent(const struct kcopyd_job *job, unsigned int region);

/* observe.c: what observers are told. */

void kc_observe_round(struct kcopyd_job *job, struct kc_leg *leg,
		      const struct kc_io *first, bool all);
void kc_observe_failure(struct kcopyd_job *job, struct kc_leg *leg,
			struct kc_io *io, int error, bool refused);
void kc_observe_halt(struct kcopyd_job *job);
void kc_observe_idle(struct kcopyd_client *kc);

/* leg.c: what a leg goes through; retry.c: a look into what failed. */

bool kc_leg_start(struct kcopyd_job *job, struct kc_leg *leg,
		  enum kcopyd_op op);
bool kc_leg_done(struct kcopyd_job *job, struct kc_leg *leg);
bool kc_retry_start(struct kcopyd_job *job, struct kc_leg *leg,
		    struct kc_io *io);
bool kc_retry_done(struct kcopyd_job *job, struct kc_leg *leg, int error);

/* dest.c: getting legs to their device; destinations that are slow. */

#define KC_DEST_TICK_MS 4

void kc_dest_target(const struct kcopyd_job *job, const struct kc_leg *leg,
		    struct kc_leg_target *target);
void kc_dest_submit(struct kcopyd_job *job, struct kc_leg *leg);
void kc_dest_flush(struct kcopyd_job *job);

/* Does somebody have to look at a job's destinations now and then? */
static inline bool kc_dest_watched(const struct kcopyd_job *job)
{
	return job->nr_dests > 1;
}

u64 kc_dest_sample(struct kcopyd_job *job);

/* throttle.c: pacing. */

void kc_pace_init(struct kcopyd_job *job, const struct kcopyd_limits *limits);
int kc_pace_check(const struct kcopyd_limits *limits);
void kc_pace_set(struct kcopyd_job *job, const struct kcopyd_limits *limits);
bool kc_pace_wait(struct kcopyd_job *job);
void kc_pace_start(struct kcopyd_job *job, unsigned int sectors);
void kc_pace_idle(struct kcopyd_job *job);

/* zoned.c: sequential zones. */

int kc_zoned_check(const struct io_region *region, bool reset);
int kc_zoned_reset(const struct io_region *region);

/* content.c: what is done with data: checksums, zero runs, comparing. */

int kc_content_create(struct kcopyd_job *job, unsigned int checksum);
void kc_content_destroy(struct kcopyd_job *job);
void kc_content_queue(struct kcopyd_job *job, struct kc_leg *leg);
void kc_content_flush(struct kcopyd_job *job);
unsigned int kc_content_digest(struct kcopyd_job *job, u8 *digest);

/* jobpool.c: memory for jobs. */

/**
 * struct kc_job_pool - a client's
 * @small: for jobs of one destination
 * @large: for those of some
 * @lock: of the rest
 * @recycled: small ones, to be used again
 * @nr_recycled: of them
 */
struct kc_job_pool {
	mempool_t small;
	mempool_t large;
	spinlock_t lock;
	struct kcopyd_job *recycled;
	unsigned int nr_recycled;
};

int kc_job_caches_init(void);
void kc_job_caches_exit(void);
int kc_job_pool_init(struct kc_job_pool *pool);
void kc_job_pool_exit(struct kc_job_pool *pool);
struct kcopyd_job *kc_job_alloc(struct kc_job_pool *pool,
				unsigned int nr_dests);
struct kcopyd_job *kc_job_try_alloc(struct kc_job_pool *pool,
				    unsigned int nr_dests);
void kc_job_free(struct kc_job_pool *pool, struct kcopyd_job *job);

/* job.c: a job's life. */

void kc_job_discard(struct kcopyd_job *job, struct kc_job_pool *pool);
/* The flags that observers see. */
static inline u32 kc_job_traced_flags(const struct kcopyd_job *job)
{
	return job->flags | (job->small ? KCOPYD_SMALL_JOB : 0);
}

void kc_job_set_state(struct kcopyd_job *job, unsigned int state);
void kc_job_notify(struct kcopyd_job *job);

/* lane.c: who goes with whom, and what may be started for them. */

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
void kc_lane_leave_behind(struct kcopyd_job *job, struct kc_chunk *chunk);
bool kc_lane_has_more(const struct kcopyd_job *job, const struct kc_lane *lane);
bool kc_lanes_have_more(const struct kcopyd_job *job);
enum kc_step kc_lane_next(struct kcopyd_job *job, struct kc_lane *lane,
			  struct kc_chunk **chunk);
struct kc_chunk *kc_lane_start(struct kcopyd_job *job, struct kc_lane *lane,
			       const struct kc_chunk_want *want);
void kc_lane_end(struct kcopyd_job *job, struct kc_chunk *chunk);

/* failure.c: who goes, and whether the job does. */

bool kc_job_refused(const struct kcopyd_job *job);
void kc_check_devices(struct kcopyd_job *job);
void kc_leg_failed(struct kcopyd_job *job, unsigned int region);
void kc_write_failed(struct kcopyd_job *job, unsigned int dest);
void kc_drop_slow(struct kcopyd_job *job, unsigned int dest);

/* verify.c: reading back. */

void kc_verify_read(struct kcopyd_job *job, struct kc_chunk *chunk,
		    struct kc_leg *at);
void kc_verify_next(struct kcopyd_job *job, struct kc_chunk *chunk,
		    struct kc_leg *leg);
void kc_verify_compared(struct kcopyd_job *job, struct kc_leg *leg);

/* copy.c: the chunk state machine. */

enum kc_step kc_copy_step(struct kcopyd_job *job);
struct kcopyd_job *kc_copy_leg_done(struct kc_leg *leg);
void kc_copy_tick(struct kcopyd_job *job);

/* client.c: clients, their worker and notifier. */

/* The source's, and those of some destinations. */
#define KC_CLIENT_BATCHES 4
#define KC_BATCH_PLACES 64

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

/* submit.c: the public calls. */

bool kc_regions_overlap(const struct io_region *a, const struct io_region *b);

#endif /* _KCOPYD_INTERNAL_H */
