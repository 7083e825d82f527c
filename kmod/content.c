// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done with the data of chunks, apart from reading and writing it:
 * checksums, looking for zeroes, comparing. A work item a job, so that it goes
 * on beside the I/O of the job's other chunks.
 *
 * A checksum takes chunks in ascending order, so one that was read early is
 * held until those before it were read. All chunks of the main lane come here
 * then, unless the job stops; so when it stops, whoever keeps a chunk from
 * coming kicks the work, and what is held goes on without a checksum.
 */
#include <linux/blkdev.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "client.h"
#include "compat/hash.h"
#include "engine.h"
#include "memory.h"

/* Shorter runs of zeroes are written: a command of its own costs more. */
#define SPARSE_SECTORS (32U << (10 - SECTOR_SHIFT))

/**
 * struct kc_content - content work of a job
 * @job: whose
 * @work: does it
 * @queue: legs to be worked on, posted by the client's worker
 * @held: legs that came too early, by sector; the work's
 * @next: sector that the checksum has come to
 * @broken: not all of the source has been seen, or the algorithm failed
 * @hash: algorithm, NULL = no checksum
 * @whole: of the job
 * @part: of a chunk
 */
struct kc_content {
	struct kcopyd_job *job;
	struct work_struct work;
	struct llist_head queue;
	struct llist_node *held;
	sector_t next;
	bool broken;
	struct kc_hash *hash;
	struct kc_digest *whole;
	struct kc_digest *part;
};

static struct kc_leg *leg_of(struct llist_node *node)
{
	return container_of(node, struct kc_leg, post);
}

/* Address of a byte of a chunk's memory, and how many follow it there. */
static void *chunk_address(const struct kc_chunk *chunk, unsigned int byte,
			   unsigned int *left)
{
	const struct bio_vec *vec = chunk->vec;

	for (; byte >= vec->bv_len; vec++)
		byte -= vec->bv_len;
	*left = vec->bv_len - byte;
	return page_address(vec->bv_page) + byte;
}

/* ---- zeroes --------------------------------------------------------------- */

/* What could not be read is zeroes from here on. */
static void zero_bad(struct kc_chunk *chunk)
{
	unsigned int nr = DIV_ROUND_UP(chunk->sectors, chunk->block);
	unsigned int size = chunk->block << SECTOR_SHIFT, i;

	for_each_set_bit(i, chunk->bad, nr) {
		unsigned int at = i * size, end = at + size, left;

		while (at < end) {
			void *data = chunk_address(chunk, at, &left);

			left = min(left, end - at);
			memset(data, 0, left);
			at += left;
		}
	}
}

static bool is_zero(const struct kc_chunk *chunk, unsigned int at,
		    unsigned int end)
{
	unsigned int left;

	while (at < end) {
		const void *data = chunk_address(chunk, at, &left);

		left = min(left, end - at);
		if (memchr_inv(data, 0, left))
			return false;
		at += left;
	}
	return true;
}

/* Mark runs of zeroes that are worth it. */
static void find_zeroes(struct kc_chunk *chunk)
{
	unsigned int step = max_t(unsigned int, chunk->block, PAGE_SECTORS);
	unsigned int at, end, start = 0;

	for (at = 0; at < chunk->sectors; at = end) {
		bool zero;

		end = min(at + step, chunk->sectors);
		zero = is_zero(chunk, at << SECTOR_SHIFT, end << SECTOR_SHIFT);
		if (zero && end < chunk->sectors)
			continue;
		if (zero)
			at = end;
		if (at - start >= SPARSE_SECTORS || (at && !start && zero))
			kc_chunk_mark(chunk, KC_MAP_ZERO, start, at - start);
		start = end;
	}
}

/* ---- checksums ------------------------------------------------------------ */

static int hash_chunk(struct kc_digest *digest, const struct kc_chunk *chunk)
{
	unsigned int at = 0, end = chunk->sectors << SECTOR_SHIFT, left;
	int err = 0;

	while (!err && at < end) {
		const void *data = chunk_address(chunk, at, &left);

		left = min(left, end - at);
		err = kc_digest_add(digest, data, left);
		at += left;
	}
	return err;
}

static int hash_part(struct kc_digest *digest, const struct kc_chunk *chunk,
		     u8 *out)
{
	int err = kc_digest_begin(digest);

	if (!err)
		err = hash_chunk(digest, chunk);
	return err ? err : kc_digest_end(digest, out);
}

/* An algorithm in hardware may fail: then there is no checksum from here on. */
static void sum(struct kc_content *content, struct kc_chunk *chunk)
{
	struct kcopyd_job *job = content->job;
	u8 digest[KCOPYD_DIGEST_MAX] = {};

	content->next += chunk->sectors;
	if (hash_chunk(content->whole, chunk) ||
	    (content->part && hash_part(content->part, chunk, digest))) {
		content->broken = true;
		return;
	}
	if (content->part)
		job->ops->digest(job, chunk->first, chunk->sectors, digest,
				 kc_hash_size(content->hash), job->context);
}

/* ---- comparing ------------------------------------------------------------ */

static bool differs(const struct kc_chunk *chunk, unsigned int at,
		    unsigned int end, bool from_zeroes)
{
	unsigned int half = chunk->sectors << SECTOR_SHIFT, left, room;

	if (from_zeroes)
		return !is_zero(chunk, at, end);
	while (at < end) {
		const void *a = chunk_address(chunk, at, &left);
		const void *b = chunk_address(chunk, half + at, &room);

		left = min3(left, room, end - at);
		if (memcmp(a, b, left))
			return true;
		at += left;
	}
	return false;
}

/*
 * Zeroes were to take the place of what the source could not deliver. What is
 * not zero there need not be wrong: the source may have been read for this
 * destination. Nor what is zero right: coarse extents have good sectors amid
 * them, which a destination may have lost. But nobody knows.
 */
static void look_into_gaps(struct kcopyd_job *job, struct kc_chunk *chunk,
			   struct kc_region *region)
{
	unsigned int half = chunk->sectors << SECTOR_SHIFT;
	sector_t at = chunk->first, end = chunk->first + chunk->sectors;
	struct kc_extents *extents = &job->regions[0].extents;
	struct kcopyd_error gap;
	bool coarse;

	kc_extents_count(extents, &coarse);
	while (at < end && kc_extents_next(extents, at, end, &gap)) {
		unsigned int from = max(at, gap.first) - chunk->first, to;

		at = min(end, gap.first + gap.count);
		to = at - chunk->first;
		if (coarse || !is_zero(chunk, half + (from << SECTOR_SHIFT),
				       half + (to << SECTOR_SHIFT)))
			region->unread = true;
		kc_chunk_mark(chunk, KC_MAP_BAD, from, to - from);
	}
}

/*
 * Mark the blocks that a destination has otherwise. Those that the source or
 * that one can't deliver are marked as bad and left out.
 */
static void compare(struct kcopyd_job *job, struct kc_chunk *chunk)
{
	unsigned int nr = DIV_ROUND_UP(chunk->sectors, chunk->block), i;
	unsigned int size = chunk->block << SECTOR_SHIFT;
	bool from_zeroes = !job->regions[0].bdev;

	chunk->map &= ~KC_MAP_ZERO;
	for (i = 0; i < nr; i++) {
		if (chunk->map & KC_MAP_BAD && test_bit(i, chunk->bad))
			continue;
		if (differs(chunk, i * size, (i + 1) * size, from_zeroes))
			kc_chunk_mark(chunk, KC_MAP_ZERO, i * chunk->block,
				      chunk->block);
	}
}

/* ---- the work ------------------------------------------------------------- */

static void work_on(struct kc_content *content, struct kc_leg *leg)
{
	struct kcopyd_job *job = content->job;
	struct kc_chunk *chunk = leg->chunk;

	if (kc_job_verifies(job)) {
		if (job->flags & KCOPYD_ZERO_BAD)
			look_into_gaps(job, chunk, &job->regions[leg->region]);
		compare(job, chunk);
		return;
	}
	if (chunk->map & KC_MAP_BAD)
		zero_bad(chunk);
	if (content->hash && chunk->lane == &job->main && !content->broken)
		sum(content, chunk);
	if (chunk->map & KC_MAP_BAD && job->flags & KCOPYD_ZERO_BAD)
		chunk->map &= ~KC_MAP_BAD;
	if (job->flags & KCOPYD_SPARSE)
		find_zeroes(chunk);
}

static void hold(struct kc_content *content, struct kc_leg *leg)
{
	struct llist_node **link = &content->held;

	while (*link && leg_of(*link)->chunk->first < leg->chunk->first)
		link = &(*link)->next;
	leg->post.next = *link;
	*link = &leg->post;
}

static bool in_order(const struct kcopyd_job *job, const struct kc_leg *leg)
{
	return job->content->hash && !job->content->broken &&
	       !kc_job_verifies(job) && leg->chunk->lane == &job->main;
}

/* The next that can be worked on now, among those that are held. */
static struct kc_leg *next_held(struct kc_content *content)
{
	struct kc_leg *leg;

	if (!content->held)
		return NULL;
	leg = leg_of(content->held);
	if (in_order(content->job, leg) && leg->chunk->first != content->next) {
		if (!kc_job_stopping(content->job))
			return NULL;
		content->broken = true;
	}
	content->held = content->held->next;
	return leg;
}

static void content_work(struct work_struct *work)
{
	struct kc_content *content =
		container_of(work, struct kc_content, work);
	struct llist_node *posts;
	struct kc_leg *leg, *next;

	posts = llist_reverse_order(llist_del_all(&content->queue));
	llist_for_each_entry_safe(leg, next, posts, post)
		hold(content, leg);
	while ((leg = next_held(content))) {
		struct kc_pool *pool = leg->chunk->pool;

		work_on(content, leg);
		/* The job may end, but not before this work is flushed. */
		kc_chunk_post(pool, leg);
	}
}

/**
 * kc_content_queue - have a leg's data worked on
 * @job: the job
 * @leg: with its I/O done; comes back by kc_chunk_post(); NULL = one that was
 *	expected will not come, since the job stops
 *
 * Context: the client's worker.
 */
void kc_content_queue(struct kcopyd_job *job, struct kc_leg *leg)
{
	if (leg)
		llist_add(&leg->post, &job->content->queue);
	queue_work(job->client->submit_wq, &job->content->work);
}

/* Wait until the work is through; nothing of the job is in flight. */
void kc_content_flush(struct kcopyd_job *job)
{
	flush_work(&job->content->work);
}

/**
 * kc_content_digest - the checksum of the source
 * @job: done, with content work
 * @digest: room for KCOPYD_DIGEST_MAX bytes
 *
 * Return: its length, 0 if there is none.
 */
unsigned int kc_content_digest(struct kcopyd_job *job, u8 *digest)
{
	struct kc_content *content = job->content;

	if (!content->hash || content->broken || content->next != job->count)
		return 0;
	if (kc_digest_end(content->whole, digest)) {
		memset(digest, 0, KCOPYD_DIGEST_MAX);
		return 0;
	}
	return kc_hash_size(content->hash);
}

static const char *const algorithms[] = {
	[KCOPYD_CHECKSUM_CRC32C] = "crc32c",
	[KCOPYD_CHECKSUM_XXH64] = "xxhash64",
	[KCOPYD_CHECKSUM_SHA256] = "sha256",
};

/* A kernel client may be what memory waits for: its job does not fail. */
static gfp_t content_gfp(const struct kcopyd_job *job)
{
	return job->client->serves_users ? KC_GFP_ACCOUNT : GFP_KERNEL;
}

static int checksum_create(struct kc_content *content, unsigned int checksum)
{
	struct kcopyd_job *job = content->job;

	content->hash = kc_hash_create(algorithms[checksum]);
	if (IS_ERR(content->hash)) {
		int err = PTR_ERR(content->hash);

		content->hash = NULL;
		return err;
	}
	content->whole = kc_digest_create(content->hash, content_gfp(job));
	if (job->ops && job->ops->digest)
		content->part =
			kc_digest_create(content->hash, content_gfp(job));
	if (!content->whole || (job->ops && job->ops->digest && !content->part))
		return -ENOMEM;
	return 0;
}

/**
 * kc_content_create - get ready for content work
 * @job: with its flags and callbacks
 * @checksum: enum kcopyd_checksum
 *
 * Context: process, may sleep, also to load an algorithm.
 * Return: 0, -ENOMEM, -ENOENT if the kernel does not have the algorithm.
 */
int kc_content_create(struct kcopyd_job *job, unsigned int checksum)
{
	const unsigned int flags = KCOPYD_ZERO_BAD | KCOPYD_SPARSE |
				   KCOPYD_VERIFY | KCOPYD_COMPARE;
	struct kc_content *content;
	unsigned int noio;
	int err = 0;

	if (!checksum && !(job->flags & flags))
		return 0;
	noio = memalloc_noio_save();
	content = kzalloc(sizeof(*content), content_gfp(job));
	if (content) {
		content->job = job;
		init_llist_head(&content->queue);
		INIT_WORK(&content->work, content_work);
		job->content = content;
		if (checksum)
			err = checksum_create(content, checksum);
	}
	memalloc_noio_restore(noio);
	if (!content)
		return -ENOMEM;
	if (err)
		kc_content_destroy(job);
	return err;
}

/* The handle of a job may be the last to go, long after its client. */
void kc_content_destroy(struct kcopyd_job *job)
{
	struct kc_content *content = job->content;

	job->content = NULL;
	if (!content)
		return;
	kc_digest_destroy(content->whole);
	kc_digest_destroy(content->part);
	kc_hash_destroy(content->hash);
	kfree(content);
}
