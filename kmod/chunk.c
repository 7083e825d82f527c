// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chunks: memory, one leg for each region, one bio for each piece of a leg.
 *
 * Bios are initialised when they are allocated and reset when a chunk is put
 * back, so an idle one pins neither a device nor a cgroup. Arming gives it a
 * device and a window of the chunk's bio_vec table; nothing walks pages.
 *
 * A chunk is got whole or not at all: nobody holds one part and waits for
 * another. The pool has from the start what one chunk needs, so a chunk can be
 * got whenever none is out; that is the guarantee of forward progress.
 */
#include <linux/bio.h>
#include <linux/blk-cgroup.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

static struct kmem_cache *io_cache;
static struct kmem_cache *leg_cache;
static struct kmem_cache *chunk_cache;

int kc_chunk_caches_init(void)
{
	io_cache = kmem_cache_create("kc_io", sizeof(struct kc_io), 0,
				     SLAB_HWCACHE_ALIGN, NULL);
	leg_cache =
		kmem_cache_create("kc_leg", sizeof(struct kc_leg), 0, 0, NULL);
	chunk_cache = kmem_cache_create("kc_chunk", sizeof(struct kc_chunk), 0,
					0, NULL);
	if (io_cache && leg_cache && chunk_cache)
		return 0;
	kc_chunk_caches_exit();
	return -ENOMEM;
}

void kc_chunk_caches_exit(void)
{
	kmem_cache_destroy(chunk_cache);
	kmem_cache_destroy(leg_cache);
	kmem_cache_destroy(io_cache);
}

static bool pool_add_chunk(struct kc_pool *pool, gfp_t gfp)
{
	struct kc_chunk *chunk = kmem_cache_alloc(chunk_cache, gfp);

	if (!chunk)
		return false;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	return true;
}

static bool pool_add_leg(struct kc_pool *pool, gfp_t gfp)
{
	struct kc_leg *leg = kmem_cache_alloc(leg_cache, gfp);

	if (!leg)
		return false;
	leg->next = pool->legs;
	pool->legs = leg;
	pool->nr_legs++;
	return true;
}

static bool pool_add_io(struct kc_pool *pool, gfp_t gfp)
{
	struct kc_io *io = kmem_cache_alloc(io_cache, gfp);

	if (!io)
		return false;
	bio_init(&io->bio, NULL, NULL, 0, 0);
	io->next = pool->ios;
	pool->ios = io;
	pool->nr_ios++;
	return true;
}

int kc_pool_init(struct kc_pool *pool, unsigned int nr_pages,
		 struct kc_bell *bell)
{
	int err;

	*pool = (struct kc_pool){ .bell = bell };
	init_llist_head(&pool->done);
	err = kc_reserve_init(&pool->reserve, nr_pages);
	if (err)
		return err;
	err = -ENOMEM;
	if (!pool_add_chunk(pool, GFP_KERNEL_ACCOUNT))
		goto out;
	while (pool->nr_legs < KCOPYD_MAX_REGIONS)
		if (!pool_add_leg(pool, GFP_KERNEL_ACCOUNT))
			goto out;
	while (pool->nr_ios < KCOPYD_MAX_REGIONS)
		if (!pool_add_io(pool, GFP_KERNEL_ACCOUNT))
			goto out;
	return 0;

out:
	kc_pool_exit(pool);
	return err;
}

void kc_pool_exit(struct kc_pool *pool)
{
	while (pool->chunks) {
		struct kc_chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		kmem_cache_free(chunk_cache, chunk);
	}
	while (pool->legs) {
		struct kc_leg *leg = pool->legs;

		pool->legs = leg->next;
		kmem_cache_free(leg_cache, leg);
	}
	while (pool->ios) {
		struct kc_io *io = pool->ios;

		pool->ios = io->next;
		bio_uninit(&io->bio);
		kmem_cache_free(io_cache, io);
	}
	kc_reserve_exit(&pool->reserve);
}

/* Borrow up to @bytes; what was got is a multiple of @block, or nothing. */
static unsigned int chunk_take_memory(struct kc_pool *pool,
				      struct kc_chunk *chunk,
				      unsigned int bytes, unsigned int block)
{
	unsigned int got = 0;

	chunk->nr_spans = 0;
	while (got < bytes && chunk->nr_spans < KC_CHUNK_SPANS) {
		struct kc_span *span = &chunk->span[chunk->nr_spans];
		unsigned int pages;

		pages = kc_reserve_take(&pool->reserve,
					DIV_ROUND_UP(bytes - got, PAGE_SIZE),
					span);
		if (!pages)
			break;
		chunk->vec[chunk->nr_spans] = (struct bio_vec){
			.bv_page = nth_page(span->run->page, span->first),
			.bv_len = pages << PAGE_SHIFT,
		};
		got += pages << PAGE_SHIFT;
		chunk->nr_spans++;
	}
	return rounddown(min(got, bytes), block);
}

static void chunk_give_memory(struct kc_pool *pool, struct kc_chunk *chunk)
{
	while (chunk->nr_spans)
		kc_reserve_give(&pool->reserve,
				&chunk->span[--chunk->nr_spans]);
}

static void chunk_take_legs(struct kc_pool *pool, struct kc_chunk *chunk,
			    unsigned int nr_legs)
{
	struct kc_leg **link = &chunk->legs;
	unsigned int region, i;

	for (region = 0; region < nr_legs; region++) {
		struct kc_leg *leg = pool->legs;
		struct kc_io **io_link = &leg->ios;

		pool->legs = leg->next;
		leg->chunk = chunk;
		leg->region = region;
		for (i = 0; i < chunk->nr_pieces; i++) {
			struct kc_io *io = pool->ios;

			pool->ios = io->next;
			io->leg = leg;
			io->piece = i;
			io->armed = false;
			*io_link = io;
			io_link = &io->next;
		}
		*io_link = NULL;
		*link = leg;
		link = &leg->next;
	}
	*link = NULL;
	pool->nr_legs -= nr_legs;
	pool->nr_ios -= nr_legs * chunk->nr_pieces;
}

static bool pool_grow(struct kc_pool *pool, unsigned int nr_legs,
		      unsigned int nr_ios)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;

	if (!pool->chunks && !pool_add_chunk(pool, gfp))
		return false;
	while (pool->nr_legs < nr_legs)
		if (!pool_add_leg(pool, gfp))
			return false;
	while (pool->nr_ios < nr_ios)
		if (!pool_add_io(pool, gfp))
			break;
	return pool->nr_ios >= nr_legs;
}

/**
 * kc_chunk_get - get a chunk with its memory, legs and bios
 * @pool: from here
 * @nr_legs: regions
 * @sectors: length wanted; less may be got; 0 for a chunk that carries no data
 * @piece_sectors: most a bio should carry; a multiple of @block_sectors
 * @block_sectors: lengths are multiples of this
 *
 * Context: the client's worker; does not sleep.
 * Return: the chunk, or NULL if it has to wait until another is put.
 */
struct kc_chunk *kc_chunk_get(struct kc_pool *pool, unsigned int nr_legs,
			      unsigned int sectors, unsigned int piece_sectors,
			      unsigned int block_sectors)
{
	unsigned int pieces = 1, most;
	struct kc_chunk *chunk;

	if (sectors)
		pieces = min(DIV_ROUND_UP(sectors, piece_sectors),
			     (unsigned int)KC_CHUNK_PIECES);
	if (!pool_grow(pool, nr_legs, nr_legs * pieces))
		return NULL;
	chunk = pool->chunks;
	chunk->nr_spans = 0;
	if (sectors) {
		sectors = chunk_take_memory(pool, chunk,
					    sectors << SECTOR_SHIFT,
					    block_sectors << SECTOR_SHIFT) >>
			  SECTOR_SHIFT;
		if (!sectors) {
			chunk_give_memory(pool, chunk);
			return NULL;
		}
		/* Short of bios, pieces are longer and the block layer splits. */
		most = min(pool->nr_ios / nr_legs,
			   (unsigned int)KC_CHUNK_PIECES);
		if (DIV_ROUND_UP(sectors, piece_sectors) > most)
			piece_sectors = round_up(DIV_ROUND_UP(sectors, most),
						 block_sectors);
		pieces = DIV_ROUND_UP(sectors, piece_sectors);
	}
	pool->chunks = chunk->next;
	chunk->sectors = sectors;
	chunk->piece_sectors = piece_sectors;
	chunk->nr_pieces = pieces;
	chunk->pool = pool;
	chunk->bad = 0;
	chunk->legs_left = 0;
	chunk_take_legs(pool, chunk, nr_legs);
	return chunk;
}

static void leg_put(struct kc_pool *pool, struct kc_leg *leg)
{
	while (leg->ios) {
		struct kc_io *io = leg->ios;

		leg->ios = io->next;
		if (io->bio.bi_bdev)
			bio_reset(&io->bio, NULL, 0);
		io->next = pool->ios;
		pool->ios = io;
		pool->nr_ios++;
	}
	leg->next = pool->legs;
	pool->legs = leg;
	pool->nr_legs++;
}

void kc_chunk_put(struct kc_pool *pool, struct kc_chunk *chunk)
{
	while (chunk->legs) {
		struct kc_leg *leg = chunk->legs;

		chunk->legs = leg->next;
		leg_put(pool, leg);
	}
	chunk_give_memory(pool, chunk);
	chunk->next = pool->chunks;
	pool->chunks = chunk;
}

/*
 * The last of a leg's bios, or its submitter, posts it to the worker; from
 * there on it is the worker's, who may put the chunk and let the job and the
 * client end, hence RCU around the ring (see bell.h).
 */
static void leg_drop(struct kc_leg *leg)
{
	struct kc_pool *pool = leg->chunk->pool;

	if (!atomic_dec_and_test(&leg->pending))
		return;
	rcu_read_lock();
	if (llist_add(&leg->post, &pool->done))
		kc_bell_ring(pool->bell);
	rcu_read_unlock();
}

/* Completion context, may be an interrupt. */
static void kc_io_end(struct bio *bio)
{
	struct kc_io *io = container_of(bio, struct kc_io, bio);

	if (io->submit_ns)
		io->done_ns = ktime_get_ns();
	leg_drop(io->leg);
}

static blk_opf_t op_flags(enum kcopyd_op op)
{
	switch (op) {
	case KCOPYD_OP_READ:
		return REQ_OP_READ;
	case KCOPYD_OP_FLUSH:
		return REQ_OP_WRITE | REQ_PREFLUSH;
	default:
		/* Somebody waits for it: write-back throttling must not. */
		return REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;
	}
}

static void io_arm(struct kc_io *io, const struct kc_leg_target *target,
		   const struct bvec_iter *iter)
{
	struct bio *bio = &io->bio;

	io->sector = iter->bi_sector;
	io->sectors = iter->bi_size >> SECTOR_SHIFT;
	io->submit_ns = 0;
	bio->bi_bdev = target->bdev;
	bio->bi_opf = op_flags(target->op);
	bio->bi_ioprio = target->ioprio;
	bio->bi_iter = *iter;
	bio->bi_end_io = kc_io_end;
	if (iter->bi_size) {
		bio->bi_io_vec = io->leg->chunk->vec;
		/* The table is the chunk's: like a clone's, it is not walked. */
		bio_set_flag(bio, BIO_CLONED);
	}
	bio_associate_blkg_from_css(bio, target->css);
}

/* Move a window of the chunk's table to where the next one starts. */
static void iter_next(struct bvec_iter *iter, const struct kc_chunk *chunk)
{
	unsigned int left = iter->bi_size;

	iter->bi_sector += left >> SECTOR_SHIFT;
	left += iter->bi_bvec_done;
	while (left && left >= chunk->vec[iter->bi_idx].bv_len)
		left -= chunk->vec[iter->bi_idx++].bv_len;
	iter->bi_bvec_done = left;
}

/**
 * kc_leg_arm - make a leg's bios ready
 * @leg: the leg
 * @target: what to do, and where
 * @skip: bit i = piece i sits this one out
 *
 * Return: true if there is anything to submit.
 */
bool kc_leg_arm(struct kc_leg *leg, const struct kc_leg_target *target,
		u64 skip)
{
	struct kc_chunk *chunk = leg->chunk;
	struct bvec_iter iter = { .bi_sector = target->sector };
	unsigned int left = chunk->sectors;
	unsigned int armed = 0;
	struct kc_io *io;

	for (io = leg->ios; io; io = io->next) {
		unsigned int sectors = min(left, chunk->piece_sectors);

		iter.bi_size = sectors << SECTOR_SHIFT;
		io->armed = !(skip & BIT_ULL(io->piece));
		if (io->armed) {
			io_arm(io, target, &iter);
			armed++;
		}
		iter_next(&iter, chunk);
		left -= sectors;
	}
	leg->op = target->op;
	/* One more, the submitter's: the leg stays until he is through. */
	atomic_set(&leg->pending, armed + 1);
	leg->ready_ns = trace_kcopyd_io_done_enabled() ? ktime_get_ns() : 0;
	return armed;
}

/**
 * kc_leg_submit - submit a leg's armed bios, in ascending order
 * @leg: not to be touched afterwards
 *
 * Context: process; sleeps while the device's queue is full.
 */
void kc_leg_submit(struct kc_leg *leg)
{
	struct kc_io *io;

	for (io = leg->ios; io; io = io->next) {
		if (!io->armed)
			continue;
		trace_kcopyd_io_submit(leg->chunk->job->id, leg->region,
				       leg->op, io->bio.bi_bdev->bd_dev,
				       io->sector, io->sectors);
		if (leg->ready_ns)
			io->submit_ns = ktime_get_ns();
		submit_bio(&io->bio);
	}
	leg_drop(leg);
}
