/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Races on purpose: two things are brought together at a moment that a seed
 * chooses, again and again, and after every time all is as it should be.
 *
 *   KCOPYD_RACE_ROUNDS=N   how often, instead of some times
 *   KCOPYD_SEED=N          the first round has this seed, the next N + 1 ...
 *
 * A test that fails tells the seed of its round. What the kernel does at the
 * same time is not part of a seed: to see a failure again, give it many rounds
 * from there on.
 */
#ifndef _TESTS_VM_RACE_H
#define _TESTS_VM_RACE_H

#include <pthread.h>
#include <stdatomic.h>

#include "report.h"

/* As long as scripts/vm-tests-in-guest lets it. */
#define RACE_SUITE .fini = race_fini, .timeout = 24 * 3600

/*
 * Before the first round, with all that may hold the module open by now: so
 * many users it has after each round. @full, @slow: as of rig_scaled().
 */
void race_begin(unsigned int full, unsigned int slow);
/* The same where a round takes minutes: one, or of KCOPYD_RACE_ROUNDS a tenth. */
void race_begin_long(void);
/*
 * Whether there is another round, which begins. What the one before had is
 * given back: the module's users are as many as before, no job is left, no
 * reserve.
 */
bool race_goes_on(void);
/* After the only round of a test that has no more of them. */
void race_end(void);
/* How many rounds there were, also in the middle of one. */
unsigned int race_rounds(void);
/* Of this round; that of the next one is 1 more. */
uint64_t race_seed(void);
void race_fini(void);

/* The dice of this round, for the main thread only. */
unsigned int race_pick(unsigned int below);
bool race_one_in(unsigned int n);
/*
 * Some microseconds up to @most: mostly anywhere, but every fourth time a
 * fraction of that, since the first moments are the busiest.
 */
unsigned int race_moment(unsigned int most);
/* Precise, as a sleep is not. */
void race_wait_us(unsigned int us);
uint64_t race_now_us(void);

/**
 * struct rival - what a thread does beside the test
 * @thread: it
 * @act: asserts nothing, and leaves in @context what it found
 * @context: of @act
 * @delay_us: before it acts
 * @stop: it is to come to its end, if it does something again and again
 */
struct rival {
	pthread_t thread;
	void (*act)(struct rival *rival);
	void *context;
	unsigned int delay_us;
	atomic_bool stop;
};

void rival_start(struct rival *rival);
/* Waits for its end; @stop says so. */
void rival_end(struct rival *rival);

/* ---- what is raced with ---------------------------------------------------- */

/* Seeds of data. */
enum { RACE_SOURCE = 1, RACE_DEST = 11 };

/* All of the report's extents, by STATUS and EXTENTS of a job that is over. */
const struct report *race_report(uint64_t job);
/*
 * A job from the start of its devices, of whole MiB, is over; it copied, or wrote
 * zeroes. What is in no extent is new, what is in one is old or new, what is
 * behind its end is old. Returns how many sectors are in an extent.
 */
uint64_t race_expect_data(const struct report *report, unsigned int region,
			  const char *path, uint64_t old_seed);
/* Whoever wants it for himself gets it, now. */
void race_expect_free(const char *path);

#endif /* _TESTS_VM_RACE_H */
