/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the module share. Our headers and the kernel's define the
 * same names, so nothing here uses either: each peer makes its own of it.
 */
#ifndef _KCOPYD_BENCH_INTERNAL_H
#define _KCOPYD_BENCH_INTERNAL_H

#include <linux/types.h>

#include "kcopyd_bench.h"

struct bio_vec;
struct block_device;
struct page;

/**
 * struct bench_buffer - the same pages in every form that a call takes
 * @nr_pages: of it
 * @memory: where they are
 * @pages: in the buffer's order
 * @bvec: a vec each, in that order
 * @vm: mapped in that order
 */
struct bench_buffer {
	unsigned int nr_pages;
	void *memory;
	struct page **pages;
	struct bio_vec *bvec;
	void *vm;
};

int bench_buffer_init(struct bench_buffer *buffer, size_t bytes,
		      bool contiguous);
void bench_buffer_exit(struct bench_buffer *buffer);

/**
 * struct bench_dm_io - a dm-io call, whoever makes it
 * @write: or read
 * @async: with a callback that is waited for
 * @memory: which form of @buffer
 * @buffer: the data
 * @nr_regions: one for a read
 * @bdevs: a region at the start of each
 * @sectors: of each region
 */
struct bench_dm_io {
	bool write;
	bool async;
	enum kcopyd_bench_memory memory;
	struct bench_buffer buffer;
	unsigned int nr_regions;
	struct block_device *bdevs[KCOPYD_BENCH_MAX_REGIONS];
	sector_t sectors;
};

/**
 * struct bench_run - a call that is ready to be made; part of a peer's own
 * @call: makes it once and waits for its end; 0 or -errno. This is measured
 * @destroy: frees the run
 */
struct bench_run {
	int (*call)(struct bench_run *run);
	void (*destroy)(struct bench_run *run);
};

/**
 * struct bench_peer - somebody who does I/O
 * @name: for messages
 * @dm_io: gets all ready that a caller makes once; a run or ERR_PTR()
 */
struct bench_peer {
	const char *name;
	struct bench_run *(*dm_io)(const struct bench_dm_io *io);
};

extern const struct bench_peer bench_intree;
extern const struct bench_peer bench_ours;

int bench_dm_io(struct kcopyd_bench_dm_io *args);

#endif /* _KCOPYD_BENCH_INTERNAL_H */
