/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chunks, their legs and bios, the pool they are recycled in (chunk.c), and a
 * round of a leg's bios (round.c). They know nobody above them.
 */
#ifndef _KCOPYD_CHUNK_H
#define _KCOPYD_CHUNK_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/list.h>
#include <linux/llist.h>

#include <kcopyd/stats.h>

#include "bell.h"
#include "pages.h"

struct kcopyd_job;
struct kc_lane;

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
 * to be had, up to the size of the reserve or 1 MiB, and beyond that by the
 * first chunk of each lane; it keeps what it has.
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
			      const struct kc_chunk_want *want, bool first);
void kc_chunk_put(struct kc_pool *pool, struct kc_chunk *chunk);
void kc_chunk_mark(struct kc_chunk *chunk, u8 map, unsigned int from,
		   unsigned int sectors);
void kc_chunk_post(struct kc_pool *pool, struct kc_leg *leg);

/* A leg's bios. */

bool kc_leg_arm(struct kc_leg *leg, const struct kc_leg_target *target);
void kc_leg_arm_part(struct kc_leg *leg, const struct kc_leg_target *target,
		     struct kc_io *io, unsigned int from, unsigned int sectors);
void kc_leg_submit(struct kc_leg *leg);

#endif /* _KCOPYD_CHUNK_H */
