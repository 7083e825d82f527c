// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chunks: memory, one leg for each region, one bio for each piece of a leg.
 *
 * Bios are initialised when they are allocated and reset when a chunk is put
 * back, so an idle one pins neither a device nor a cgroup.
 *
 * A chunk is got whole or not at all: nobody holds one part and waits for
 * another. The pool has from the start what one chunk needs, so a chunk can be
 * got whenever none is out; that is the guarantee of forward progress.
 *
 * It grows with what is in flight, but not without end: as many chunks as jobs
 * may have, with as many legs and pieces, would be far more than the reserve.
 */
#include <linux/bio.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <uapi/kcopyd.h>

#include "chunk.h"
#include "memory.h"

/* What a pool may have grown to beside a reserve of next to nothing. */
#define GROW_LEAST ((size_t)SZ_1M)

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
	init_llist_head(&pool->quiet);
	err = kc_reserve_init(&pool->reserve, nr_pages);
	if (err)
		return err;
	err = -ENOMEM;
	if (!pool_add_chunk(pool, KC_GFP_ACCOUNT))
		goto out;
	while (pool->nr_legs < KCOPYD_MAX_REGIONS)
		if (!pool_add_leg(pool, KC_GFP_ACCOUNT))
			goto out;
	while (pool->nr_ios < KCOPYD_MAX_REGIONS)
		if (!pool_add_io(pool, KC_GFP_ACCOUNT))
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

/*
 * Borrow memory for up to so many copies of @bytes.
 *
 * Return: bytes that a copy can have: a multiple of @block, or nothing.
 */
static unsigned int chunk_take_memory(struct kc_pool *pool,
				      struct kc_chunk *chunk,
				      unsigned int bytes, unsigned int copies,
				      unsigned int block)
{
	unsigned int got = 0, all = bytes * copies;

	while (got < all && chunk->nr_spans < KC_CHUNK_SPANS) {
		struct kc_span *span = &chunk->span[chunk->nr_spans];
		unsigned int pages;

		pages = kc_reserve_take(&pool->reserve,
					DIV_ROUND_UP(all - got, PAGE_SIZE),
					span);
		if (!pages)
			break;
		chunk->vec[chunk->nr_spans] = (struct bio_vec){
			.bv_page = span->run->page + span->first,
			.bv_len = pages << PAGE_SHIFT,
		};
		got += pages << PAGE_SHIFT;
		chunk->nr_spans++;
		chunk->pages += pages;
	}
	return rounddown(min(got, all) / copies, block);
}

static void chunk_give_memory(struct kc_pool *pool, struct kc_chunk *chunk)
{
	while (chunk->nr_spans)
		kc_reserve_give(&pool->reserve,
				&chunk->span[--chunk->nr_spans]);
	chunk->pages = 0;
}

static struct kc_leg **chunk_take_leg(struct kc_pool *pool,
				      struct kc_chunk *chunk,
				      struct kc_leg **link, unsigned int region)
{
	struct kc_leg *leg = pool->legs;
	struct kc_io **io_link = &leg->ios;
	unsigned int i;

	pool->legs = leg->next;
	leg->chunk = chunk;
	leg->region = region;
	for (i = 0; i < chunk->nr_pieces; i++) {
		struct kc_io *io = pool->ios;

		pool->ios = io->next;
		io->leg = leg;
		io->armed = false;
		io->failed = 0;
		*io_link = io;
		io_link = &io->next;
		leg->last = io;
	}
	*io_link = NULL;
	*link = leg;
	return &leg->next;
}

static void chunk_take_legs(struct kc_pool *pool, struct kc_chunk *chunk,
			    const struct kc_chunk_want *want,
			    unsigned int nr_legs)
{
	struct kc_leg **link = &chunk->legs;
	u64 dests;

	if (want->source)
		link = chunk_take_leg(pool, chunk, link, 0);
	for (dests = want->dests; dests; dests &= dests - 1)
		link = chunk_take_leg(pool, chunk, link, 1 + __ffs64(dests));
	*link = NULL;
	pool->nr_legs -= nr_legs;
	pool->nr_ios -= nr_legs * chunk->nr_pieces;
}

static bool pool_grow_by(struct kc_pool *pool, size_t size, bool beyond,
			 bool (*add)(struct kc_pool *pool, gfp_t gfp))
{
	const size_t most = max_t(size_t, GROW_LEAST,
				  (size_t)pool->reserve.nr_pages << PAGE_SHIFT);

	if (!beyond && pool->grown + size > most)
		return false;
	if (!add(pool, KC_GFP_NOWAIT))
		return false;
	pool->grown += size;
	return true;
}

/*
 * A lane's first chunk may go beyond what there should be, as far as it can't
 * do without: all the rest may be held by one destination that is blocked.
 */
static bool pool_grow(struct kc_pool *pool, unsigned int nr_legs,
		      unsigned int nr_ios, bool first)
{
	if (!pool->chunks &&
	    !pool_grow_by(pool, sizeof(struct kc_chunk), first, pool_add_chunk))
		return false;
	while (pool->nr_legs < nr_legs)
		if (!pool_grow_by(pool, sizeof(struct kc_leg), first,
				  pool_add_leg))
			return false;
	while (pool->nr_ios < nr_ios)
		if (!pool_grow_by(pool, sizeof(struct kc_io),
				  first && pool->nr_ios < nr_legs, pool_add_io))
			break;
	return pool->nr_ios >= nr_legs;
}

/* How long it is, by the memory that is to be had; 0 = none. */
static unsigned int chunk_size(struct kc_pool *pool, struct kc_chunk *chunk,
			       const struct kc_chunk_want *want)
{
	chunk->nr_spans = 0;
	chunk->pages = 0;
	if (!want->copies)
		return want->sectors;
	return chunk_take_memory(pool, chunk, want->sectors << SECTOR_SHIFT,
				 want->copies, want->block << SECTOR_SHIFT) >>
	       SECTOR_SHIFT;
}

/*
 * Cut it into pieces, a bio each; short of bios, pieces are longer and the
 * block layer splits. What has no memory goes in as many rounds as it takes.
 */
static void chunk_cut(struct kc_pool *pool, struct kc_chunk *chunk,
		      const struct kc_chunk_want *want, unsigned int nr_legs)
{
	unsigned int most =
		min(pool->nr_ios / nr_legs, (unsigned int)KC_CHUNK_PIECES);

	chunk->piece_sectors = want->piece;
	chunk->nr_pieces = 1;
	if (!want->copies)
		return;
	if (DIV_ROUND_UP(chunk->sectors, want->piece) > most)
		chunk->piece_sectors = round_up(
			DIV_ROUND_UP(chunk->sectors, most), want->block);
	chunk->nr_pieces = DIV_ROUND_UP(chunk->sectors, chunk->piece_sectors);
}

/**
 * kc_chunk_get - get a chunk with its memory, legs and bios
 * @pool: from here
 * @want: what it should be like
 * @first: the only one in flight of those that it is to go on with
 *
 * Context: the client's worker; does not sleep.
 * Return: the chunk, or NULL if it has to wait until another is put.
 */
struct kc_chunk *kc_chunk_get(struct kc_pool *pool,
			      const struct kc_chunk_want *want, bool first)
{
	unsigned int nr_legs = want->source + hweight64(want->dests);
	unsigned int pieces = 1;
	struct kc_chunk *chunk;

	if (want->copies)
		pieces = min(DIV_ROUND_UP(want->sectors, want->piece),
			     (unsigned int)KC_CHUNK_PIECES);
	if (!pool_grow(pool, nr_legs, nr_legs * pieces, first))
		return NULL;
	chunk = pool->chunks;
	chunk->sectors = chunk_size(pool, chunk, want);
	if (!chunk->sectors && want->sectors) {
		chunk_give_memory(pool, chunk);
		return NULL;
	}
	pool->chunks = chunk->next;
	chunk_cut(pool, chunk, want, nr_legs);
	chunk->pool = pool;
	chunk->block = want->block;
	chunk->dests = want->dests;
	chunk->map = want->copies || !want->sectors ? 0 : KC_MAP_ZEROES;
	chunk->again = false;
	chunk->impatient = false;
	atomic_set(&chunk->out, 0);
	chunk->pending = 0;
	chunk_take_legs(pool, chunk, want, nr_legs);
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

/**
 * kc_chunk_mark - note that blocks of a chunk are bad, or zeroes
 * @chunk: the chunk
 * @map: KC_MAP_BAD or KC_MAP_ZERO
 * @from: first sector in the chunk
 * @sectors: how many; blocks that are touched count whole
 */
void kc_chunk_mark(struct kc_chunk *chunk, u8 map, unsigned int from,
		   unsigned int sectors)
{
	unsigned long *bits = map == KC_MAP_BAD ? chunk->bad : chunk->zero;
	unsigned int first = from / chunk->block;

	if (!(chunk->map & map))
		bitmap_zero(bits, DIV_ROUND_UP(chunk->sectors, chunk->block));
	chunk->map |= map;
	bitmap_set(bits, first,
		   DIV_ROUND_UP(from + sectors, chunk->block) - first);
}

/**
 * kc_chunk_post - give a leg to the client's worker
 * @pool: of its chunk
 * @leg: not to be touched afterwards
 *
 * From here on the leg is the worker's, who may put the chunk and let the job
 * and the client end, hence RCU around the ring (see bell.h).
 *
 * Context: any.
 */
void kc_chunk_post(struct kc_pool *pool, struct kc_leg *leg)
{
	rcu_read_lock();
	if (llist_add(&leg->post, &pool->done))
		kc_bell_ring(pool->bell);
	rcu_read_unlock();
}
