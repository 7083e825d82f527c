// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rounds: a leg's bios, made ready, submitted, and posted when they are back.
 *
 * Arming gives a bio a device and a window of the chunk's bio_vec table;
 * nothing walks pages. What does not fit into the bios that a leg has comes in
 * its next round.
 */
#include <linux/bio.h>
#include <linux/blk-cgroup.h>

#include "engine.h"
#include "observe.h"
#include "zero.h"
#include "trace.h"

/*
 * The worker need not be woken for each leg of a chunk, only for the last: the
 * chunk does not end before. Others are posted quietly; what one of them still
 * has to do, another round or a look into a failure, waits for the next ring or
 * tick. So is what completes while
 * its region is being submitted to, in the same context: once at the end is
 * enough (region_work), or at the next tick if the device lets it wait.
 *
 * The last leg is the one that finds @out at 0, though one that found it at 1
 * may still be on its way into the list. If the worker sees the last one first
 * the chunk makes it impatient, until that other one was seen: it looks at the
 * list once more before it sleeps, with a barrier between; here the post, a full
 * barrier, comes before the look at impatient. So one of them sees the other.
 */
static void leg_post(struct kc_leg *leg)
{
	struct kc_chunk *chunk = leg->chunk;
	struct kc_pool *pool = chunk->pool;
	struct kc_region *region =
		READ_ONCE(chunk->job->regions[leg->region].via);
	bool at_once = in_task() && READ_ONCE(region->submitter) == current;
	bool last = atomic_dec_and_test(&chunk->out);

	if (last && !at_once) {
		kc_chunk_post(pool, leg);
		return;
	}
	/* The submitter's own, in this context. */
	if (last)
		region->finished = true;
	rcu_read_lock();
	llist_add(&leg->post, &pool->quiet);
	if (READ_ONCE(pool->impatient))
		kc_bell_ring(pool->bell);
	rcu_read_unlock();
}

/* The last of a leg's bios, or its submitter, posts it to the worker. */
static void leg_drop(struct kc_leg *leg)
{
	if (atomic_dec_and_test(&leg->pending))
		leg_post(leg);
}

/* Completion context, may be an interrupt. */
static void io_end(struct bio *bio)
{
	struct kc_io *io = container_of(bio, struct kc_io, bio);

	leg_drop(io->leg);
}

/* The same while somebody observes, by one clock or the other. */
static void io_end_by_tsc(struct bio *bio)
{
	struct kc_io *io = container_of(bio, struct kc_io, bio);

	kc_clock_stamp(KC_CLOCK_TSC, &io->done);
	leg_drop(io->leg);
}

static void io_end_by_kernel(struct bio *bio)
{
	struct kc_io *io = container_of(bio, struct kc_io, bio);

	kc_clock_stamp(KC_CLOCK_KERNEL, &io->done);
	leg_drop(io->leg);
}

static blk_opf_t op_flags(u8 op)
{
	switch (op) {
	case KCOPYD_OP_READ:
		return REQ_OP_READ;
	case KCOPYD_OP_FLUSH:
		return REQ_OP_WRITE | REQ_PREFLUSH;
	case KCOPYD_OP_ZERO:
		return REQ_OP_WRITE_ZEROES;
	default:
		/* Somebody waits for it: write-back throttling must not. */
		return REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;
	}
}

static void io_arm(struct kc_io *io, const struct kc_leg_target *target, u8 op,
		   const struct bio_vec *vec, const struct bvec_iter *iter)
{
	struct bio *bio = &io->bio;

	io->sector = iter->bi_sector;
	io->sectors = iter->bi_size >> SECTOR_SHIFT;
	io->op = op;
	io->armed = true;
	/* Used before, since the chunk was got. */
	if (bio->bi_bdev)
		bio_reset(bio, NULL, 0);
	bio->bi_bdev = target->bdev;
	bio->bi_opf = op_flags(op) | target->opf;
	bio->bi_ioprio = target->ioprio;
	bio->bi_iter = *iter;
	bio->bi_end_io = io_end;
	if (iter->bi_size && op != KCOPYD_OP_ZERO) {
		bio->bi_io_vec = (struct bio_vec *)vec;
		/* The table is the chunk's: like a clone's, it is not walked. */
		bio_set_flag(bio, BIO_CLONED);
	}
	bio_associate_blkg_from_css(bio, target->css);
}

/* Move a window of a table to where the next one starts. */
static void iter_next(struct bvec_iter *iter, const struct bio_vec *vec)
{
	unsigned int left = iter->bi_size;

	iter->bi_sector += left >> SECTOR_SHIFT;
	left += iter->bi_bvec_done;
	while (left && left >= vec[iter->bi_idx].bv_len)
		left -= vec[iter->bi_idx++].bv_len;
	iter->bi_bvec_done = left;
}

/* The rule: all of a chunk, a bio a piece. */
static unsigned int arm_all(struct kc_leg *leg,
			    const struct kc_leg_target *target)
{
	struct kc_chunk *chunk = leg->chunk;
	struct bvec_iter iter = { .bi_sector = target->sector };
	struct kc_io *io;

	for (io = leg->ios; io; io = io->next) {
		iter.bi_size =
			min(chunk->sectors - leg->pos, chunk->piece_sectors)
			<< SECTOR_SHIFT;
		io->from = leg->pos;
		leg->pos += iter.bi_size >> SECTOR_SHIFT;
		io_arm(io, target, target->op, chunk->vec, &iter);
		iter_next(&iter, chunk->vec);
	}
	return chunk->nr_pieces;
}

/* A window of the chunk's memory, or of the zeroes. */
static void arm_part(struct kc_leg *leg, const struct kc_leg_target *target,
		     struct kc_io *io, u8 op, unsigned int from,
		     unsigned int sectors)
{
	struct kc_chunk *chunk = leg->chunk;
	const struct bio_vec *vec = chunk->vec;
	struct bvec_iter iter = {};

	if (op == KCOPYD_OP_ZERO) {
		;
	} else if (chunk->map & KC_MAP_ZEROES) {
		vec = kc_zero_vec;
	} else {
		iter.bi_size = (from + (target->second ? chunk->sectors : 0))
			       << SECTOR_SHIFT;
		iter_next(&iter, vec);
	}
	iter.bi_sector = target->sector + from;
	iter.bi_size = sectors << SECTOR_SHIFT;
	io->from = from;
	io_arm(io, target, op, vec, &iter);
}

/*
 * A run of blocks that are of one kind, from leg->pos on.
 *
 * Return: its length in sectors; 0 at the end.
 */
static unsigned int next_run(const struct kc_leg *leg, bool zeroes, bool *bad,
			     bool *zero)
{
	const struct kc_chunk *chunk = leg->chunk;
	unsigned int nr = DIV_ROUND_UP(chunk->sectors, chunk->block);
	unsigned int first = leg->pos / chunk->block, end = nr;

	*bad = chunk->map & KC_MAP_BAD && test_bit(first, chunk->bad);
	*zero = !*bad && zeroes &&
		(chunk->map & KC_MAP_ZEROES ||
		 (chunk->map & KC_MAP_ZERO && test_bit(first, chunk->zero)));
	if (*bad) {
		end = find_next_zero_bit(chunk->bad, nr, first);
	} else {
		if (chunk->map & KC_MAP_BAD)
			end = find_next_bit(chunk->bad, nr, first);
		if (chunk->map & KC_MAP_ZERO && zeroes)
			end = *zero ? find_next_zero_bit(chunk->zero, end,
							 first) :
				      find_next_bit(chunk->zero, end, first);
	}
	return min(end * chunk->block, chunk->sectors) - leg->pos;
}

/* As many runs as there are bios; what is bad is left out. */
static unsigned int arm_runs(struct kc_leg *leg,
			     const struct kc_leg_target *target)
{
	struct kc_chunk *chunk = leg->chunk;
	struct kc_io *io = leg->ios;
	unsigned int armed = 0;

	while (io && leg->pos < chunk->sectors) {
		bool bad, zero;
		unsigned int len = next_run(leg, target->zeroes, &bad, &zero);

		if (!bad) {
			if (!zero && target->op != KCOPYD_OP_FLUSH)
				len = min(len, chunk->piece_sectors);
			arm_part(leg, target, io,
				 zero ? KCOPYD_OP_ZERO : target->op, leg->pos,
				 len);
			io = io->next;
			armed++;
		}
		leg->pos += len;
	}
	for (; io; io = io->next)
		io->armed = false;
	return armed;
}

static void leg_ready(struct kc_leg *leg, unsigned int armed)
{
	/* One more, the submitter's: the leg stays until he is through. */
	atomic_set(&leg->pending, armed + 1);
	if (armed)
		atomic_inc(&leg->chunk->out);
	if (leg->clock) {
		leg->armed = armed;
		leg->chunk->job->regions[leg->region].in_flight += armed;
		leg->ready = kc_clock_ticks(leg->clock);
	}
}

/* A bio without data. */
static unsigned int arm_empty(struct kc_leg *leg,
			      const struct kc_leg_target *target)
{
	const struct bvec_iter iter = {};

	leg->ios->from = 0;
	io_arm(leg->ios, target, target->op, NULL, &iter);
	return 1;
}

/**
 * kc_leg_arm - make a leg's bios ready for a round
 * @leg: the leg; the round starts at @leg->pos, which moves on
 * @target: what to do, and where
 *
 * Return: true if there is anything to submit.
 */
bool kc_leg_arm(struct kc_leg *leg, const struct kc_leg_target *target)
{
	struct kc_chunk *chunk = leg->chunk;
	unsigned int armed;

	leg->clock = kc_observe_clock();
	if (!chunk->sectors)
		armed = arm_empty(leg, target);
	else if (chunk->map || target->second)
		armed = arm_runs(leg, target);
	else
		armed = arm_all(leg, target);
	leg_ready(leg, armed);
	return armed;
}

/**
 * kc_leg_arm_part - make one of a leg's bios ready for a part of the chunk
 * @leg: the leg; nothing of it is in flight
 * @target: what to do, and where
 * @io: the bio
 * @from: first sector in the chunk
 * @sectors: how many
 */
void kc_leg_arm_part(struct kc_leg *leg, const struct kc_leg_target *target,
		     struct kc_io *io, unsigned int from, unsigned int sectors)
{
	struct kc_io *other;

	leg->clock = kc_observe_clock();
	for (other = leg->ios; other; other = other->next)
		other->armed = false;
	arm_part(leg, target, io, target->op, from, sectors);
	/* Merged with a bad block's request, a good one would fail with it. */
	io->bio.bi_opf |= REQ_NOMERGE;
	leg_ready(leg, 1);
}

/* Out of the way of who is not watched. */
static noinline void tell_submit(const struct kc_leg *leg,
				 const struct kc_io *io)
{
	kc_trace(kcopyd_io_submit, leg->chunk->job->id, leg->region, io->op,
		 io->bio.bi_bdev->bd_dev, io->sector, io->sectors);
}

/* Made into a loop for each clock: who does not measure does not ask. */
static __always_inline void submit_all(struct kc_leg *leg, u8 clock)
{
	struct kc_io *io;

	for (io = leg->ios; io; io = io->next) {
		if (!io->armed)
			continue;
		if (trace_kcopyd_io_submit_enabled())
			tell_submit(leg, io);
		if (clock) {
			io->bio.bi_end_io = clock == KC_CLOCK_TSC ?
						    io_end_by_tsc :
						    io_end_by_kernel;
			kc_clock_stamp(clock, &io->submit);
		}
		submit_bio(&io->bio);
	}
}

/**
 * kc_leg_submit - submit a leg's armed bios, in ascending order
 * @leg: not to be touched afterwards
 *
 * Context: process; sleeps while the device's queue is full.
 */
void kc_leg_submit(struct kc_leg *leg)
{
	switch (leg->clock) {
	case KC_CLOCK_NONE:
		submit_all(leg, KC_CLOCK_NONE);
		break;
	case KC_CLOCK_TSC:
		submit_all(leg, KC_CLOCK_TSC);
		break;
	default:
		submit_all(leg, KC_CLOCK_KERNEL);
	}
	leg_drop(leg);
}
