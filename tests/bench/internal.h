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
struct file;
struct page;

/**
 * struct bench_device - a block device that the caller has open
 * @bdev: the device
 * @file: keeps it open
 */
struct bench_device {
	struct block_device *bdev;
	struct file *file;
};

int bench_devices_get(struct bench_device *devices, const s32 *fds,
		      unsigned int nr);
void bench_devices_put(struct bench_device *devices, unsigned int nr);

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
 * @devices: a region at the start of each
 * @sectors: of each region
 */
struct bench_dm_io {
	bool write;
	bool async;
	enum kcopyd_bench_memory memory;
	struct bench_buffer buffer;
	unsigned int nr_regions;
	struct bench_device devices[KCOPYD_BENCH_MAX_REGIONS];
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
 * struct bench_copy - equal copies, whoever makes them
 * @nr_dests: of each
 * @devices: the source first; a job is at the same place of each
 * @count: sectors of a job
 * @piece: bytes of a request, where the copier makes them itself
 * @pieces: of a job, in flight together, likewise
 */
struct bench_copy {
	unsigned int nr_dests;
	struct bench_device devices[1 + KCOPYD_BENCH_MAX_DESTS];
	sector_t count;
	unsigned int piece;
	unsigned int pieces;
};

struct bench_jobs;

/* What a copier calls when a job is over. It may submit the next one. */
void bench_job_done(struct bench_jobs *jobs, int err);

/**
 * struct bench_copier - who copies, ready for jobs; part of a peer's own
 * @submit: starts the job at @sector; 0 and bench_job_done() is called, from
 *	wherever, or -errno
 * @destroy: frees the copier, no job is left
 */
struct bench_copier {
	int (*submit)(struct bench_copier *copier, sector_t sector,
		      struct bench_jobs *jobs);
	void (*destroy)(struct bench_copier *copier);
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

/* Those who copy; @copy stays. A copier or ERR_PTR(). */
struct bench_copier *bench_intree_copier(const struct bench_copy *copy);
struct bench_copier *bench_ours_copier(const struct bench_copy *copy);
struct bench_copier *bench_floor_copier(const struct bench_copy *copy);

int bench_dm_io(struct kcopyd_bench_dm_io *args);
int bench_copy(struct kcopyd_bench_copy *args);

#endif /* _KCOPYD_BENCH_INTERNAL_H */
