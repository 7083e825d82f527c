/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random jobs of /dev/kcopyd: what they are made on (job_disks.c), how one is
 * made (job_draw.c) and told (job_describe.c), what it may do (job_forecast.c),
 * what it said (job_outcome.c), what the devices hold (job_content.c), and what
 * kinds of jobs there were (job_tally.c).
 *
 * What is wrong is a text that is good until the next, NULL if nothing is.
 */
#ifndef _TESTS_VM_JOB_RANDOM_H
#define _TESTS_VM_JOB_RANDOM_H

#include "job.h"
#include "request.h"

#define JOB_MIB 4 /* size of a disk */
#define JOB_MAX_DESTS 6
#define JOB_MAX_REGIONS (1 + JOB_MAX_DESTS)
#define JOB_MAX_SECTORS (2 * MIB / SECTOR)
#define JOB_MAX_FAULTS 24
#define JOB_MAX_ACTIONS 4
#define JOB_AT_ONCE 4
#define JOB_UNLIMITED (~0U)

/* ---- job_disks.c --------------------------------------------------------- */

enum {
	JOB_PLAIN, /* large requests */
	JOB_LARGE, /* blocks of 4 KiB */
	JOB_TINY, /* small requests, completed by a timer */
	JOB_SWAPPED, /* dm linear, the halves of a disk exchanged */
	JOB_LATE, /* dm delay */
	JOB_FLAKY, /* the following may have bad sectors: a test disk */
	JOB_COARSE, /* likewise, with blocks of 4 KiB */
	JOB_SPLIT, /* dm linear over one, in two pieces */
	JOB_DISKS,
};

/* Bits of struct job_fault.ops. */
#define JOB_READ (1U << KCOPYD_TEST_READ)
#define JOB_WRITE (1U << KCOPYD_TEST_WRITE)
#define JOB_ZERO (1U << KCOPYD_TEST_WRITE_ZEROES)
#define JOB_FLUSH (1U << KCOPYD_TEST_FLUSH)

/**
 * struct job_disk - a disk
 * @model: what it holds
 * @test_disk: name of the test disk that is it, or below it; NULL = none
 * @caches: it has flushes to do, as a test disk
 * @fd: of it, with O_EXCL
 */
struct job_disk {
	struct model_device model;
	const char *test_disk;
	bool caches;
	int fd;
};

/**
 * struct job_fault - requests that fail
 * @disk: where
 * @first: sector
 * @count: of them
 * @ops: JOB_READ ...
 * @error: errno
 * @times: how often, 0 = always
 */
struct job_fault {
	unsigned int disk;
	uint64_t first;
	uint64_t count;
	uint32_t ops;
	int error;
	unsigned int times;
};

/**
 * struct job_disks - all disks
 * @disks: by JOB_PLAIN ...
 * @caller: /dev/kcopyd_test
 * @nr_faults: of @faults
 * @faults: at present
 */
struct job_disks {
	struct job_disk disks[JOB_DISKS];
	int caller;
	unsigned int nr_faults;
	struct job_fault faults[JOB_MAX_FAULTS];
};

void job_disks_open(struct job_disks *disks);
void job_disks_close(struct job_disks *disks);
bool job_disk_can_fail(const struct job_disks *disks, unsigned int disk);
void job_disks_spoil(struct job_disks *disks, const struct job_fault *fault);
void job_disks_mend(struct job_disks *disks);
/* New data, in part zeroes, with that seed; and the model knows. */
void job_disk_refresh(struct job_disk *disk, struct dice *dice, uint32_t seed,
		      uint64_t first, uint64_t count);
/* All of all disks, which must have no bad sectors, is as the models say. */
const char *job_disks_look(const struct job_disks *disks);

/* ---- job_draw.c ---------------------------------------------------------- */

enum job_action_kind {
	JOB_CANCEL,
	JOB_PAUSE,
	JOB_RESUME,
	JOB_LIMIT,
	JOB_CLOSE, /* its descriptor, which others may have, too */
};

/**
 * struct job_action - what is done to a job while it runs
 * @kind: what
 * @at_ms: when, after it was submitted
 * @rate: of JOB_LIMIT
 * @percent: likewise
 * @depth: likewise
 */
struct job_action {
	enum job_action_kind kind;
	unsigned int at_ms;
	uint64_t rate;
	unsigned int percent;
	unsigned int depth;
};

/**
 * struct job_range - sectors of a disk
 * @disk: which
 * @first: sector
 */
struct job_range {
	unsigned int disk;
	uint64_t first;
};

/**
 * struct random_job - a job
 * @number: from 1 on; seed of the data it is about to copy
 * @plan: as it is submitted
 * @has_source: else it is about zeroes
 * @nr: regions, the source included, whether there is one or not
 * @regions: where
 * @sectors: of each region
 * @block: sectors, the largest of all logical blocks
 * @descriptor: which of /dev/kcopyd
 * @nr_actions: of @actions
 * @actions: in the order of time
 * @next_action: the first that is still to be done
 * @started_ms: when it was submitted
 * @id: the job's number
 * @done: so said an event
 * @cancelled: was tried
 * @deserted: its descriptor was closed: nobody reads its events
 * @result: of events
 */
struct random_job {
	unsigned int number;
	struct job_plan plan;
	bool has_source;
	unsigned int nr;
	struct job_range regions[JOB_MAX_REGIONS];
	uint64_t sectors;
	uint64_t block;
	unsigned int descriptor;
	unsigned int nr_actions;
	struct job_action actions[JOB_MAX_ACTIONS];
	unsigned int next_action;
	uint64_t started_ms;
	uint64_t id;
	bool done;
	bool cancelled;
	bool deserted;
	struct job_result result;
};

static inline bool job_compares(const struct random_job *job)
{
	return job->plan.flags & KCOPYD_SUBMIT_COMPARE;
}

static inline bool job_verifies(const struct random_job *job)
{
	return job->plan.flags & KCOPYD_SUBMIT_VERIFY;
}

static inline bool job_skips_bad(const struct random_job *job)
{
	return job->plan.flags &
	       (KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_SKIP_BAD |
		KCOPYD_SUBMIT_ZERO_BAD);
}

static inline bool job_detaches(const struct random_job *job)
{
	return job->plan.flags & KCOPYD_SUBMIT_DETACH_FAILED;
}

static inline bool job_keeps(const struct random_job *job)
{
	return !job_detaches(job) &&
	       job->plan.flags &
		       (KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_KEEP_FAILED);
}

/* Sectors that a job at work reads or writes. */
struct job_taken {
	struct job_range range;
	uint64_t sectors;
	bool written;
};

/**
 * struct job_maker - makes one after the other, the same for the same dice
 * @dice: of all decisions
 * @disks: what they are made on
 * @made: jobs so far
 * @last: one that copied, to be compared
 * @nr_taken: of @taken; 0 when no job is at work any more
 * @taken: no job at work meets what another one writes
 */
struct job_maker {
	struct dice dice;
	struct job_disks *disks;
	unsigned int made;
	struct random_job last;
	unsigned int nr_taken;
	struct job_taken taken[JOB_AT_ONCE * JOB_MAX_REGIONS];
};

void job_draw(struct job_maker *maker, struct random_job *job);
/* Bad sectors where a job of the batch is about to be; all of them new. */
void job_draw_faults(struct job_maker *maker, const struct random_job *jobs,
		     unsigned int nr);

/* ---- job_describe.c ------------------------------------------------------ */

struct job_outcome;

/*
 * As "copy of 64 sectors, flags ...: plain 8 -> tiny 16, ...; cancel at 3 ms".
 * @outcome: also what it said; NULL, or of another job: it said nothing yet
 */
char *job_describe(const struct random_job *job, const struct job_disks *disks,
		   const struct job_outcome *outcome);
__attribute__((format(printf, 1, 2))) const char *
job_problem(const char *format, ...);

/* ---- job_forecast.c ------------------------------------------------------ */

/* Bits of struct job_region_forecast.sectors. */
#define JOB_MAY_FAIL 1 /* a request with it may fail */
#define JOB_MUST_FAIL 2 /* a request with it fails, whenever it comes */
#define JOB_DIFFERS 4 /* it is compared, and is another */

/**
 * struct job_region_forecast - what may happen to a region
 * @may_fail: some request may, or a difference is found
 * @may_lose: it may be given up, its device being gone or bad for long
 * @may_leave: it may be given up, the job going on
 * @flush_may_fail: then all of it is bad
 * @flush_must_fail: if it comes to that
 * @reading_may_fail: a source, or what is read back
 * @nr_errors: of @errors
 * @errors: errnos that a request may fail with
 * @sectors: JOB_MAY_FAIL ..., in units of what is looked into
 */
struct job_region_forecast {
	bool may_fail;
	bool may_lose;
	bool may_leave;
	bool flush_may_fail;
	bool flush_must_fail;
	bool reading_may_fail;
	unsigned int nr_errors;
	int errors[JOB_MAX_FAULTS];
	uint8_t sectors[JOB_MAX_SECTORS];
};

/**
 * struct job_forecast - what may happen to a job
 * @may_stop: before its end
 * @may_drop: destinations that are slow
 * @regions: each of them
 */
struct job_forecast {
	bool may_stop;
	bool may_drop;
	struct job_region_forecast regions[JOB_MAX_REGIONS];
};

void job_forecast(const struct random_job *job, const struct job_disks *disks,
		  struct job_forecast *forecast);

/* ---- job_outcome.c ------------------------------------------------------- */

#define JOB_MAX_EXTENTS 4096

/* What an extent says of a sector. */
enum job_found {
	JOB_GOOD = 0,
	JOB_BAD,
	JOB_UNTRIED, /* with an error of the device */
	JOB_STOPPED, /* untried, since the job ended */
	JOB_OTHER, /* differs */
};

/**
 * struct job_outcome - all that a finished job tells
 * @status: STATUS
 * @regions: likewise
 * @nr_extents: of @extents
 * @extents: EXTENTS
 * @found: the same by region and sector, enum job_found
 */
struct job_outcome {
	struct kcopyd_status status;
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	unsigned int nr_extents;
	struct kcopyd_extent extents[JOB_MAX_EXTENTS];
	uint8_t found[JOB_MAX_REGIONS][JOB_MAX_SECTORS];
};

void job_outcome_fetch(const struct random_job *job, int kcopyd,
		       struct job_outcome *outcome);
/* Whether it agrees with itself, and with the forecast. */
const char *job_outcome_check(const struct random_job *job,
			      const struct job_forecast *forecast,
			      struct job_outcome *outcome);
static inline bool job_is_coarse(const struct job_outcome *outcome)
{
	return outcome->status.flags & KCOPYD_STATUS_COARSE;
}

/* Whether some sector is of some kind, bits 1 << JOB_BAD ... */
bool job_outcome_has(const struct random_job *job,
		     const struct job_outcome *outcome, unsigned int region,
		     unsigned int kinds);

/* ---- job_content.c ------------------------------------------------------- */

/* The checksums, by what the model says of the source. */
const char *job_content_digests(const struct random_job *job,
				const struct job_disks *disks,
				const struct job_outcome *outcome);
/* The destinations, whose models take over what they hold now. */
const char *job_content_settle(const struct random_job *job,
			       struct job_disks *disks,
			       const struct job_outcome *outcome);
/* All regions, and around them, when all other jobs are settled. */
const char *job_content_look(const struct random_job *job,
			     const struct job_disks *disks);

/* ---- job_tally.c --------------------------------------------------------- */

enum job_kind {
	JOB_GOOD_END,
	JOB_FAILED,
	JOB_CANCELLED,
	JOB_EMPTY,
	JOB_COPY_ONE,
	JOB_COPY_SEVERAL,
	JOB_ZEROES,
	JOB_COMPARED_SAME,
	JOB_COMPARED_OTHER,
	JOB_VERIFIED,
	JOB_SPARSE,
	JOB_DIGEST,
	JOB_IN_ORDER,
	JOB_SKIPPED_BAD,
	JOB_ZEROED_BAD,
	JOB_BAD_NONE,
	JOB_BAD_EDGES,
	JOB_BAD_BISECT,
	JOB_MIDDLE_UNTRIED,
	JOB_BAD_SOURCE,
	JOB_BAD_DEST,
	JOB_LOST,
	JOB_KEPT_FAILED,
	JOB_LEFT_OTHERS,
	JOB_BAD_FLUSH,
	JOB_UNCOUPLED,
	JOB_DROPPED,
	JOB_PAUSED,
	JOB_DESERTED,
	JOB_OUTLIVED,
	JOB_KINDS,
};

/**
 * struct job_tally - what became of jobs, to see that there was all
 * @nr: by enum job_kind
 */
struct job_tally {
	unsigned int nr[JOB_KINDS];
};

void job_tally_add(struct job_tally *tally, const struct random_job *job,
		   const struct job_outcome *outcome);
/* Tells it in the log of the test. */
void job_tally_tell(const struct job_tally *tally);
/* What is missing that @jobs jobs should have shown; NULL = nothing. */
const char *job_tally_lacks(const struct job_tally *tally, unsigned int jobs);

#endif /* _TESTS_VM_JOB_RANDOM_H */
