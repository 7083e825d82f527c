/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel holds, to see whether it stays that way. */
#ifndef _TESTS_VM_GAUGE_H
#define _TESTS_VM_GAUGE_H

#include "rig.h"

/**
 * struct gauge_rows - rows of the maps of the statistics
 * @jobs: of them
 * @orphans: of regions, of which the job has none
 * @clients: of them
 * @devices: of them, each operation apart
 * @heat: of places on devices
 */
struct gauge_rows {
	uint64_t jobs;
	uint64_t orphans;
	uint64_t clients;
	uint64_t devices;
	uint64_t heat;
};

/**
 * struct gauge - what the kernel holds when nothing of ours is at work
 * @available: bytes: MemAvailable, and what is free of a processor
 * @slab: bytes: SUnreclaim
 * @percpu: bytes: Percpu
 * @vmalloc: bytes: VmallocUsed
 * @stacks: bytes: KernelStack
 * @kmalloc: bytes: objects in use of all kmalloc caches
 * @kmallocs: the largest of these caches
 * @objects: in use of our own caches, as far as the kernel lists them apart
 * @threads: rescuers of our workqueues
 * @users: of the module
 * @reserve: bytes that descriptors have in use
 * @rows: of the statistics
 */
struct gauge {
	uint64_t available;
	uint64_t slab;
	uint64_t percpu;
	uint64_t vmalloc;
	uint64_t stacks;
	uint64_t kmalloc;
	char kmallocs[1024];
	uint64_t objects;
	uint64_t threads;
	uint64_t users;
	uint64_t reserve;
	struct gauge_rows rows;
};

/* What is free, but kept for later, is given back. */
void gauge_settle(void);
/* Waits until no job is left; drops what is only cached. */
struct gauge gauge_read(void);
void gauge_tell(const char *when, const struct gauge *gauge);
/* Fails the test where more is held than before; says why so much is allowed. */
void gauge_expect_flat(const struct gauge *before, const struct gauge *after);

#endif /* _TESTS_VM_GAUGE_H */
