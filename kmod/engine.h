/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a running job goes through, in the order of who knows whom: the copy
 * walks legs, which look into errors; the client drives it.
 *
 * Ownership in one paragraph: each client has one worker. Everything of a
 * running job that is not marked otherwise (its cursor, its chunks, the
 * client's pools and reserve) is touched by that worker alone, so it has no
 * lock. Others reach the worker through lock-free lists and a bell: submitters
 * post jobs, completions post legs.
 */
#ifndef _KCOPYD_ENGINE_H
#define _KCOPYD_ENGINE_H

#include <linux/types.h>

#include <kcopyd/stats.h>

#include "chunk.h"
#include "job.h"

/* leg.c: what a leg goes through; retry.c: a look into what failed. */

bool kc_leg_start(struct kcopyd_job *job, struct kc_leg *leg,
		  enum kcopyd_op op);
bool kc_leg_done(struct kcopyd_job *job, struct kc_leg *leg);
bool kc_retry_start(struct kcopyd_job *job, struct kc_leg *leg,
		    struct kc_io *io);
bool kc_retry_done(struct kcopyd_job *job, struct kc_leg *leg, int error);

/* dest.c: getting legs to their device; destinations that are slow. */

#define KC_DEST_TICK_MS 4

void kc_dest_target(const struct kcopyd_job *job, const struct kc_leg *leg,
		    struct kc_leg_target *target);
void kc_dest_submit(struct kcopyd_job *job, struct kc_leg *leg);
void kc_dest_flush(struct kcopyd_job *job);

/* Does somebody have to look at a job's destinations now and then? */
static inline bool kc_dest_watched(const struct kcopyd_job *job)
{
	return job->nr_dests > 1;
}

u64 kc_dest_sample(struct kcopyd_job *job);

/* zoned.c: sequential zones. */

int kc_zoned_check(const struct io_region *region, bool reset);
int kc_zoned_reset(const struct io_region *region);

/* content.c: what is done with data: checksums, zero runs, comparing. */

int kc_content_create(struct kcopyd_job *job, unsigned int checksum);
void kc_content_destroy(struct kcopyd_job *job);
void kc_content_queue(struct kcopyd_job *job, struct kc_leg *leg);
void kc_content_flush(struct kcopyd_job *job);
unsigned int kc_content_digest(struct kcopyd_job *job, u8 *digest);

/* failure.c: who goes, and whether the job does. */

bool kc_job_refused(const struct kcopyd_job *job);
void kc_check_devices(struct kcopyd_job *job);
void kc_leg_failed(struct kcopyd_job *job, unsigned int region);
void kc_write_failed(struct kcopyd_job *job, unsigned int dest);
void kc_drop_slow(struct kcopyd_job *job, unsigned int dest);

/* verify.c: reading back. */

void kc_verify_read(struct kcopyd_job *job, struct kc_chunk *chunk,
		    struct kc_leg *at);
void kc_verify_next(struct kcopyd_job *job, struct kc_chunk *chunk,
		    struct kc_leg *leg);
void kc_verify_compared(struct kcopyd_job *job, struct kc_leg *leg);

/* copy.c: the chunk state machine. */

enum kc_step kc_copy_step(struct kcopyd_job *job);
struct kcopyd_job *kc_copy_leg_done(struct kc_leg *leg);
void kc_copy_tick(struct kcopyd_job *job);

#endif /* _KCOPYD_ENGINE_H */
