/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random dm-io calls: how one is made (request.c), spoilt (mistake.c), and
 * what must become of it (outcome.c).
 */
#ifndef _TESTS_VM_REQUEST_H
#define _TESTS_VM_REQUEST_H

#include "caller.h"
#include "model.h"

#define REQUEST_MAX_REGIONS 64
#define REQUEST_MAX_AT_ONCE 8

/* Seeds of data: the number of the request, or this + that of the device. */
#define REQUEST_FILLED 1000000

/* ---- dice ---------------------------------------------------------------- */

struct dice {
	uint64_t state;
};

/* A number below @n, which is small; 0 if that is 0. */
uint64_t roll(struct dice *dice, uint64_t n);
bool one_in(struct dice *dice, uint64_t n);

/* ---- a request ----------------------------------------------------------- */

/**
 * struct request - a call
 * @number: from 1 on
 * @args: of the call, later its results
 * @nr: regions that are meant
 * @meant: the regions
 * @given: the same, unless that is the mistake
 * @on: the device of each
 * @buffer: what the call gets
 * @sent: what was in it before
 * @mistake: why it must be refused, or NULL
 * @in_flight: it was left there
 * @failed: bits of the regions that must fail
 * @unsupported: of them, those whose device can't do it
 * @tried: of them, those that get some I/O nevertheless
 * @errors: of each region
 */
struct request {
	unsigned int number;
	struct kcopyd_test_io args;
	unsigned int nr;
	struct kcopyd_test_region meant[REQUEST_MAX_REGIONS];
	struct kcopyd_test_region given[KCOPYD_TEST_MAX_REGIONS];
	struct model_device *on[REQUEST_MAX_REGIONS];
	char *buffer;
	char *sent;
	const char *mistake;
	bool in_flight;
	uint64_t failed;
	uint64_t unsupported;
	uint64_t tried;
	int errors[REQUEST_MAX_REGIONS];
};

static inline bool request_is_extended(const struct request *rq)
{
	return rq->args.how & KCOPYD_TEST_EXTENDED;
}

static inline bool request_is_write(const struct request *rq)
{
	return rq->args.rw != KCOPYD_TEST_READ;
}

static inline bool request_has_data(const struct request *rq)
{
	return rq->args.rw == KCOPYD_TEST_READ ||
	       rq->args.rw == KCOPYD_TEST_WRITE;
}

/* Of all its regions: most sectors; bits that no memory may have. */
uint64_t request_longest(const struct request *rq);
uint32_t request_dma_mask(const struct request *rq);

/* Sectors that some request at work has for itself. */
struct request_taken {
	const struct model_device *device;
	uint64_t first;
	uint64_t count;
};

/**
 * struct request_maker - makes one after the other, the same for the same dice
 * @dice: of all decisions
 * @devices: what they are made on
 * @nr_devices: of them
 * @made: requests so far
 * @nr_taken: of @taken; 0 when no request is at work any more
 * @taken: no two requests at work meet
 */
struct request_maker {
	struct dice dice;
	struct model_device *devices;
	unsigned int nr_devices;
	unsigned int made;
	unsigned int nr_taken;
	struct request_taken taken[REQUEST_MAX_AT_ONCE * REQUEST_MAX_REGIONS];
};

/* @beside: others are at work, and it is left in flight if it can be. */
void request_make(struct request_maker *maker, struct request *rq, bool beside);
void request_free(struct request *rq);
/* As "extended async write of bio_vecs ...: kt-plain 17+8, sda 32+8". */
char *request_describe(const struct request *rq);

/* ---- mistake.c ----------------------------------------------------------- */

/* Spoils it in one random way. */
void mistake_make(struct dice *dice, struct request *rq);

/* ---- outcome.c: what is wrong, as a text good until the next; or NULL ---- */

/* Says in the request what must become of it. */
void outcome_forecast(struct request *rq);
/* As far as the caller can see. */
const char *outcome_check(const struct request *rq);
/* On the devices, whose models take over what they hold now. */
const char *outcome_settle(const struct request *rq);
/* At all its regions, and around them, when all others are settled. */
const char *outcome_look(const struct request *rq);
const char *outcome_differs(const struct model_device *device,
			    const struct model_difference *difference);

#endif /* _TESTS_VM_REQUEST_H */
