// SPDX-License-Identifier: GPL-2.0-only
/* What a request to the test disk may be like. */
#include <linux/blkdev.h>
#include <linux/bvec.h>

#include "disk.h"

int disk_op(const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return KCOPYD_TEST_READ;
	case REQ_OP_WRITE:
		return KCOPYD_TEST_WRITE;
	case REQ_OP_DISCARD:
		return KCOPYD_TEST_DISCARD;
	case REQ_OP_WRITE_ZEROES:
		return KCOPYD_TEST_WRITE_ZEROES;
	case REQ_OP_FLUSH:
		return KCOPYD_TEST_FLUSH;
	default:
		return -1;
	}
}

/*
 * Cut as blk_rq_map_sg() does it. What meets in memory but was added apart
 * stays apart, which is how the block layer counts, too.
 */
static unsigned int segments_of(const struct kcopyd_test_disk *args,
				phys_addr_t at, unsigned int length)
{
	const unsigned int longest = args->max_segment_size ?: UINT_MAX;
	unsigned int segments = 0;

	while (length) {
		/* Less one, since the mask may be all ones. */
		u64 room = args->seg_boundary - (at & args->seg_boundary);
		unsigned int step = min(length, longest);

		if (room < step)
			step = room + 1;
		at += step;
		length -= step;
		segments++;
	}
	return segments;
}

/*
 * Segments must meet at the boundary, unless they are neighbours in memory that
 * came with two bios: these are one segment.
 */
static bool gap_between(const struct kcopyd_test_disk *args, phys_addr_t end,
			phys_addr_t next, bool same_bio)
{
	if (!((end | next) & args->virt_boundary))
		return false;
	return same_bio || end != next;
}

static void check_data(const struct kcopyd_test_disk *args, struct request *rq,
		       struct disk_broken *broken)
{
	struct req_iterator iter;
	struct bio *before = NULL;
	phys_addr_t end = 0;
	struct bio_vec bvec;

	rq_for_each_bvec(bvec, rq, iter) {
		phys_addr_t at = page_to_phys(bvec.bv_page) + bvec.bv_offset;

		broken->segments += segments_of(args, at, bvec.bv_len);
		if ((at | bvec.bv_len) & args->dma_alignment)
			broken->rules |= KCOPYD_TEST_DISK_BAD_DMA_ALIGNMENT;
		if (before && gap_between(args, end, at, before == iter.bio))
			broken->rules |= KCOPYD_TEST_DISK_BAD_VIRT_BOUNDARY;
		before = iter.bio;
		end = at + bvec.bv_len;
	}
	if (broken->segments > args->max_segments)
		broken->rules |= KCOPYD_TEST_DISK_BAD_SEGMENTS;
	/* Told other limits, the kernel counts by them. */
	if (broken->segments > blk_rq_nr_phys_segments(rq) &&
	    !(args->flags & KCOPYD_TEST_DISK_SECRET))
		broken->rules |= KCOPYD_TEST_DISK_BAD_COUNT;
}

static unsigned int most_sectors(const struct kcopyd_test_disk *args, int op)
{
	switch (op) {
	case KCOPYD_TEST_READ:
	case KCOPYD_TEST_WRITE:
		return args->max_sectors;
	case KCOPYD_TEST_DISCARD:
		return args->max_discard_sectors;
	case KCOPYD_TEST_WRITE_ZEROES:
		return args->max_write_zeroes_sectors;
	default:
		return 0;
	}
}

static bool op_offered(const struct kcopyd_test_disk *args,
		       const struct request *rq, int op)
{
	if (rq->cmd_flags & REQ_FUA && !(args->flags & KCOPYD_TEST_DISK_FUA))
		return false;
	if (op == KCOPYD_TEST_FLUSH)
		return args->flags & KCOPYD_TEST_DISK_WRITE_CACHE;
	return most_sectors(args, op);
}

/* A limit that is 0 by now is no mistake of who was on the way before. */
struct disk_broken disk_check(const struct test_disk *disk, struct request *rq)
{
	const struct kcopyd_test_disk *args = &disk->args;
	const u64 at = blk_rq_pos(rq), sectors = blk_rq_sectors(rq);
	struct disk_broken broken = {};
	int op = disk_op(rq);

	if (!op_offered(args, rq, op))
		broken.rules |= KCOPYD_TEST_DISK_BAD_OP;
	if (op == KCOPYD_TEST_FLUSH)
		return broken;
	if (sectors > most_sectors(args, op))
		broken.rules |= KCOPYD_TEST_DISK_BAD_SECTORS;
	if ((at << SECTOR_SHIFT | blk_rq_bytes(rq)) & (args->block - 1) ||
	    !sectors)
		broken.rules |= KCOPYD_TEST_DISK_BAD_BLOCK;
	if (at > disk->sectors || sectors > disk->sectors - at)
		broken.rules |= KCOPYD_TEST_DISK_BAD_RANGE;
	if (op == KCOPYD_TEST_READ || op == KCOPYD_TEST_WRITE)
		check_data(args, rq, &broken);
	return broken;
}
