/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures made by the kernel: of allocations, of copies from and to user
 * space, of requests. Only the debug kernel can make any.
 *
 * A test fails the first, the second... of what something does, until there is
 * none left to fail. By default it leaves out some of those that come late; with
 * KCOPYD_ALL_FAULTS=1 it takes them all, but for loops that are coarse.
 */
#ifndef _TESTS_VM_FAULTS_H
#define _TESTS_VM_FAULTS_H

#include "rig.h"

#define FAULTS_SUITE .fini = faults_fini, .timeout = 3000

/**
 * struct fault - which of a row is to fail
 * @nr: 1 = the first
 * @coarse: there are too many, or a turn is too long, for all of them
 * @hit: it did, the last time
 * @hits: so many did
 */
struct fault {
	unsigned int nr;
	bool coarse;
	bool hit;
	unsigned int hits;
};

/*
 * Body of a loop: between fault_arm() and fault_disarm() the one whose turn it
 * is fails. Fails the test if none ever did. In the last turn none does any
 * more.
 */
#define each_fault(fault) for (struct fault fault = {}; fault_advance(&fault);)
/* In steps that grow with the number: some 50 turns for a million. */
#define each_fault_coarsely(fault) \
	for (struct fault fault = { .coarse = true }; fault_advance(&fault);)
bool fault_advance(struct fault *fault);

/*
 * What fails: allocations and copies that the calling thread makes. Nothing of
 * what comes in between may be asserted on before the disarming.
 */
void fault_arm(const struct fault *fault);
/* Returns whether it came to that. */
bool fault_disarm(struct fault *fault);
/* For a process that is to be started: the calling one, across exec(). */
void fault_arm_for_good(unsigned int nr);
/* Of a process that has ended and was not waited for yet. */
bool fault_was_hit(pid_t pid, struct fault *fault);

/* Where no failures can be made the test is skipped. Undone by the next. */
void faults_begin(void);
void faults_fini(void);
/*
 * Only what has that function, or a function of that module, as a caller; and
 * nothing that has that one.
 */
void faults_within(const char *function);
void faults_not_within(const char *function);
void faults_within_module(const char *module);

enum faults_memory {
	FAULTS_SLAB = 1 << 0,
	FAULTS_PAGES = 1 << 1,
	FAULTS_MEMORY = FAULTS_SLAB | FAULTS_PAGES
};

/*
 * What fails, the first @times of them: allocations that any thread makes
 * within that module, or where it was limited to if that is NULL, so many of
 * each kind; or requests to some devices, after those of so many bytes
 * together.
 */
void faults_of_memory(const char *module, enum faults_memory memory,
		      unsigned int times);
/* Only of pages, and of so many in one piece: 1 << @order, or more. */
void faults_of_pages(unsigned int order, unsigned int times);
void faults_of_requests(uint64_t after, unsigned int times);
/* Its requests may fail. */
void faults_mark_disk(const char *path);
bool faults_all_came(void);
/* No more; returns whether all of them came. */
bool faults_stop(void);
/* No more; returns how many came, of @times of each kind. */
unsigned int faults_so_many(unsigned int times);

#endif /* _TESTS_VM_FAULTS_H */
