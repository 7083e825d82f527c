// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: what the block layer alone costs. A bare loop over pieces that
 * each are one request: read it, write it to every destination. Memory and
 * bios are made before, nothing is tracked, an error ends it all.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "internal.h"

/**
 * struct piece - memory of a request and its way through the loop
 * @floor: its loop
 * @node: in the loop's @completed
 * @sector: of the devices
 * @memory: contiguous
 * @bytes: of @memory this time
 * @writing: or reading
 * @left: bios in flight
 * @bios: the read, then the writes
 * @vecs: of each bio
 */
struct piece {
	struct floor *floor;
	struct llist_node node;
	sector_t sector;
	void *memory;
	unsigned int bytes;
	bool writing;
	atomic_t left;
	struct bio *bios;
	struct bio_vec *vecs;
};

/**
 * struct floor - the loop
 * @copier: what others see of it
 * @copy: what is copied
 * @completed: pieces that have been read, or written everywhere
 * @wait: until there are some
 * @next: sector to read
 * @end: of the job
 * @in_flight: pieces
 * @err: of any bio
 * @pieces: as many as @copy says
 */
struct floor {
	struct bench_copier copier;
	const struct bench_copy *copy;
	struct llist_head completed;
	wait_queue_head_t wait;
	sector_t next;
	sector_t end;
	unsigned int in_flight;
	int err;
	struct piece pieces[];
};

/* Completion context, or in the midst of the submission. */
static void end_io(struct bio *bio)
{
	struct piece *piece = bio->bi_private;
	struct floor *floor = piece->floor;

	if (bio->bi_status)
		WRITE_ONCE(floor->err, blk_status_to_errno(bio->bi_status));
	if (!atomic_dec_and_test(&piece->left))
		return;
	if (llist_add(&piece->node, &floor->completed) &&
	    wq_has_sleeper(&floor->wait))
		wake_up(&floor->wait);
}

static void submit(struct piece *piece, unsigned int i, blk_opf_t opf)
{
	const struct bench_copy *copy = piece->floor->copy;
	struct bio *bio = &piece->bios[i];

	bio_init(bio, copy->devices[i].bdev, &piece->vecs[i], 1, opf);
	__bio_add_page(bio, virt_to_page(piece->memory), piece->bytes, 0);
	bio->bi_iter.bi_sector = piece->sector;
	bio->bi_private = piece;
	bio->bi_end_io = end_io;
	submit_bio(bio);
}

static void read_next(struct piece *piece)
{
	struct floor *floor = piece->floor;
	sector_t left = floor->end - floor->next;

	piece->sector = floor->next;
	piece->bytes =
		min_t(u64, floor->copy->piece, (u64)left << SECTOR_SHIFT);
	piece->writing = false;
	floor->next += piece->bytes >> SECTOR_SHIFT;
	floor->in_flight++;
	atomic_set(&piece->left, 1);
	submit(piece, 0, REQ_OP_READ);
}

/* With the flags that ours have, so that devices do the same work. */
static void write_all(struct piece *piece)
{
	unsigned int i, nr = piece->floor->copy->nr_dests;

	piece->writing = true;
	atomic_set(&piece->left, nr);
	for (i = 1; i <= nr; i++)
		submit(piece, i, REQ_OP_WRITE | REQ_SYNC | REQ_IDLE);
}

static void go_on(struct piece *piece)
{
	struct floor *floor = piece->floor;

	if (!piece->writing && floor->copy->nr_dests && !floor->err) {
		write_all(piece);
		return;
	}
	floor->in_flight--;
	if (floor->next < floor->end && !floor->err)
		read_next(piece);
}

static void loop(struct floor *floor)
{
	while (floor->in_flight) {
		struct piece *piece, *next;
		struct llist_node *list;

		wait_event(floor->wait, !llist_empty(&floor->completed));
		list = llist_reverse_order(llist_del_all(&floor->completed));
		llist_for_each_entry_safe(piece, next, list, node)
			go_on(piece);
	}
}

static int floor_submit(struct bench_copier *copier, sector_t sector,
			struct bench_jobs *jobs)
{
	struct floor *floor = container_of(copier, struct floor, copier);
	unsigned int i;

	floor->next = sector;
	floor->end = sector + floor->copy->count;
	for (i = 0; i < floor->copy->pieces && floor->next < floor->end; i++)
		read_next(&floor->pieces[i]);
	loop(floor);
	bench_job_done(jobs, floor->err);
	return 0;
}

static void piece_exit(struct piece *piece, const struct bench_copy *copy)
{
	kfree(piece->bios);
	kfree(piece->vecs);
	if (piece->memory)
		free_pages_exact(piece->memory, copy->piece);
}

static int piece_init(struct piece *piece, struct floor *floor)
{
	const unsigned int nr = 1 + floor->copy->nr_dests;

	piece->floor = floor;
	piece->bios = kcalloc(nr, sizeof(*piece->bios), GFP_KERNEL);
	piece->vecs = kcalloc(nr, sizeof(*piece->vecs), GFP_KERNEL);
	piece->memory = alloc_pages_exact(floor->copy->piece, GFP_KERNEL);
	return piece->bios && piece->vecs && piece->memory ? 0 : -ENOMEM;
}

static void floor_destroy(struct bench_copier *copier)
{
	struct floor *floor = container_of(copier, struct floor, copier);
	unsigned int i;

	for (i = 0; i < floor->copy->pieces; i++)
		piece_exit(&floor->pieces[i], floor->copy);
	kfree(floor);
}

struct bench_copier *bench_floor_copier(const struct bench_copy *copy)
{
	struct floor *floor;
	unsigned int i;

	floor = kzalloc(struct_size(floor, pieces, copy->pieces), GFP_KERNEL);
	if (!floor)
		return ERR_PTR(-ENOMEM);
	floor->copier.submit = floor_submit;
	floor->copier.destroy = floor_destroy;
	floor->copy = copy;
	init_llist_head(&floor->completed);
	init_waitqueue_head(&floor->wait);
	for (i = 0; i < copy->pieces; i++)
		if (piece_init(&floor->pieces[i], floor)) {
			floor_destroy(&floor->copier);
			return ERR_PTR(-ENOMEM);
		}
	return &floor->copier;
}
