// SPDX-License-Identifier: GPL-2.0-or-later
/* A random job: what, where, with which options, and what is done to it. */
#include "job_random.h"

#define TRIES 40
#define LONGEST_CHUNK (MIB / SECTOR)
#define IOPRIO_BE (2 << 13) /* best effort, with a level from 0 on */

/* 1 .. 1 << @bits, and rather small. */
static uint64_t roll_size(struct dice *dice, unsigned int bits)
{
	unsigned int log = roll(dice, bits + 1);

	return 1 + roll(dice, 1ULL << log);
}

/* ---- where --------------------------------------------------------------- */

static uint64_t block_of(const struct job_maker *maker, unsigned int disk)
{
	return maker->disks->disks[disk].model.block;
}

static bool is_written(const struct random_job *job, unsigned int region)
{
	return region && !job_compares(job);
}

/*
 * Neighbours are kept apart, too: merged requests fail together. So do all that
 * only read, where they may fail.
 */
static bool is_free(const struct job_maker *maker, struct job_range range,
		    uint64_t sectors, bool written)
{
	for (unsigned int i = 0; i < maker->nr_taken; i++) {
		const struct job_taken *taken = &maker->taken[i];

		if (taken->range.disk == range.disk &&
		    (taken->written || written ||
		     job_disk_can_fail(maker->disks, range.disk)) &&
		    range.first <= taken->range.first + taken->sectors &&
		    taken->range.first <= range.first + sectors)
			return false;
	}
	return true;
}

/* The engine compares a device with itself, but not in the same place. */
static bool is_apart(const struct random_job *job, unsigned int nr,
		     struct job_range range)
{
	for (unsigned int i = !job->has_source; i < nr; i++) {
		const struct job_range *other = &job->regions[i];

		if (other->disk == range.disk &&
		    range.first <= other->first + job->sectors &&
		    other->first <= range.first + job->sectors)
			return false;
	}
	return true;
}

static bool place(struct job_maker *maker, struct random_job *job,
		  unsigned int region)
{
	struct job_range *range = &job->regions[region];
	const uint64_t room =
		maker->disks->disks[range->disk].model.sectors - job->sectors;

	for (unsigned int i = 0; i < TRIES; i++) {
		range->first =
			roll(&maker->dice, room / job->block + 1) * job->block;
		if (is_apart(job, region, *range) &&
		    is_free(maker, *range, job->sectors,
			    is_written(job, region)))
			return true;
	}
	return false;
}

static void take(struct job_maker *maker, const struct random_job *job)
{
	for (unsigned int i = !job->has_source; i < job->nr; i++)
		maker->taken[maker->nr_taken++] = (struct job_taken){
			.range = job->regions[i],
			.sectors = job->sectors,
			.written = is_written(job, i),
		};
}

/* Rather one that may fail. */
static unsigned int draw_disk(struct dice *dice)
{
	return one_in(dice, 3) ? JOB_FLAKY + roll(dice, JOB_DISKS - JOB_FLAKY) :
				 roll(dice, JOB_DISKS);
}

static void draw_disks(struct job_maker *maker, struct random_job *job)
{
	struct dice *dice = &maker->dice;

	job->nr = 2;
	if (one_in(dice, 2))
		job->nr += roll(dice, JOB_MAX_DESTS);
	job->block = 1;
	for (unsigned int i = !job->has_source; i < job->nr; i++) {
		uint64_t block;

		job->regions[i].disk = draw_disk(dice);
		block = block_of(maker, job->regions[i].disk);
		if (block > job->block)
			job->block = block;
	}
	job->sectors = job->block * roll_size(dice, 12);
	if (job->sectors > JOB_MAX_SECTORS)
		job->sectors = JOB_MAX_SECTORS;
	if (one_in(dice, 40))
		job->sectors = 0;
}

/* Shorter and shorter, until there is room for all. */
static void draw_places(struct job_maker *maker, struct random_job *job)
{
	unsigned int i = !job->has_source;

	while (i < job->nr) {
		if (place(maker, job, i)) {
			i++;
			continue;
		}
		i = !job->has_source;
		job->sectors = job->sectors / 2 / job->block * job->block;
	}
}

static bool repeat_last(struct job_maker *maker, struct random_job *job)
{
	const struct random_job *last = &maker->last;

	if (!last->sectors)
		return false;
	for (unsigned int i = !last->has_source; i < last->nr; i++)
		if (!is_free(maker, last->regions[i], last->sectors, false))
			return false;
	job->has_source = last->has_source;
	job->nr = last->nr;
	job->block = last->block;
	job->sectors = last->sectors;
	memcpy(job->regions, last->regions, sizeof(job->regions));
	return true;
}

/* ---- with which options -------------------------------------------------- */

/* See enum kcopyd_submit flags: some exclude others. */
static uint32_t without_conflicts(uint32_t flags, bool compares)
{
	const uint32_t skips = KCOPYD_SUBMIT_IGNORE_ERROR |
			       KCOPYD_SUBMIT_SKIP_BAD |
			       KCOPYD_SUBMIT_KEEP_FAILED;

	if (compares)
		flags = (flags | KCOPYD_SUBMIT_COMPARE) &
			~(KCOPYD_SUBMIT_SPARSE | KCOPYD_SUBMIT_ZERO_BAD |
			  KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_VERIFY);
	if (flags & KCOPYD_SUBMIT_DETACH_FAILED)
		flags &= ~KCOPYD_SUBMIT_KEEP_FAILED;
	if (flags & KCOPYD_SUBMIT_WRITE_SEQ)
		flags &= ~skips;
	return flags;
}

static uint32_t draw_flags(struct dice *dice, bool compares)
{
	static const struct {
		uint32_t flag;
		unsigned int one_in;
	} odds[] = {
		{ KCOPYD_SUBMIT_IGNORE_ERROR, 4 },
		{ KCOPYD_SUBMIT_WRITE_SEQ, 8 },
		{ KCOPYD_SUBMIT_DETACH_FAILED, 4 },
		{ KCOPYD_SUBMIT_NO_FLUSH, 2 },
		{ KCOPYD_SUBMIT_DETACH, 3 },
		{ KCOPYD_SUBMIT_SKIP_BAD, 3 },
		{ KCOPYD_SUBMIT_ZERO_BAD, 3 },
		{ KCOPYD_SUBMIT_KEEP_FAILED, 4 },
		{ KCOPYD_SUBMIT_SPARSE, 4 },
		{ KCOPYD_SUBMIT_VERIFY, 5 },
	};
	uint32_t flags = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(odds); i++)
		if (one_in(dice, odds[i].one_in))
			flags |= odds[i].flag;
	return without_conflicts(flags, compares);
}

static uint32_t draw_chunk(struct dice *dice, uint64_t block)
{
	uint64_t sectors = block * roll_size(dice, 11);

	if (one_in(dice, 2))
		return 0;
	return SECTOR * (sectors < LONGEST_CHUNK ? sectors : LONGEST_CHUNK);
}

static uint32_t draw_budget(struct dice *dice)
{
	switch (roll(dice, 4)) {
	case 0:
		return 1 + roll(dice, 8);
	case 1:
		return JOB_UNLIMITED;
	default:
		return 0;
	}
}

static uint32_t draw_depth(struct dice *dice)
{
	if (one_in(dice, 2))
		return 0;
	return one_in(dice, 10) ? 64 : 1 + roll(dice, 12);
}

/* All of it is to be done in a third of a second. */
static uint64_t draw_rate(struct dice *dice, const struct random_job *job)
{
	return job->sectors * SECTOR * (3 + roll(dice, 20)) + 64 * KIB;
}

static void draw_options(struct job_maker *maker, struct random_job *job,
			 bool compares)
{
	struct dice *dice = &maker->dice;
	struct job_plan *plan = &job->plan;

	plan->flags = draw_flags(dice, compares);
	plan->chunk = draw_chunk(dice, job->block);
	plan->depth = draw_depth(dice);
	plan->retry = roll(dice, 3);
	plan->retry_budget = draw_budget(dice);
	plan->on_slow = roll(dice, 3);
	if (one_in(dice, 12))
		plan->rate = draw_rate(dice, job);
	if (one_in(dice, 12))
		plan->percent = 30 + roll(dice, 70);
	if (one_in(dice, 3) && job->has_source && !compares)
		plan->checksum = KCOPYD_CHECKSUM_CRC32C;
	if (one_in(dice, 8))
		plan->ioprio = IOPRIO_BE | roll(dice, 8);
	plan->cookie = roll(dice, 1ULL << 40);
	/* It counts at the first job of a descriptor. */
	plan->memory = 16 * KIB * roll_size(dice, 8);
	if (one_in(dice, 3))
		plan->memory = 0;
}

/* Long enough that a slow destination is seen, beside others. */
static void draw_slow(struct job_maker *maker, struct random_job *job)
{
	static const unsigned int disks[] = { JOB_PLAIN, JOB_LATE, JOB_SWAPPED,
					      JOB_FLAKY };
	struct dice *dice = &maker->dice;
	struct job_plan *plan = &job->plan;

	job->has_source = true;
	job->nr = ARRAY_SIZE(disks) - roll(dice, 2);
	for (unsigned int i = 0; i < job->nr; i++)
		job->regions[i].disk = disks[i];
	job->block = 1;
	job->sectors = JOB_MAX_SECTORS;
	plan->flags &= ~(KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_SKIP_BAD |
			 KCOPYD_SUBMIT_ZERO_BAD | KCOPYD_SUBMIT_WRITE_SEQ);
	plan->chunk = 16 * KIB;
	plan->depth = 5 + roll(dice, 3);
	plan->memory = 0;
	plan->on_slow = one_in(dice, 3) ? KCOPYD_SLOW_DROP :
					  KCOPYD_SLOW_UNCOUPLE;
	plan->rate = 0;
	plan->percent = 0;
}

/* In the order of time; the close comes last, since it may wait. */
static void draw_steps(struct job_maker *maker, struct random_job *job)
{
	struct dice *dice = &maker->dice;
	unsigned int at_ms = roll(dice, 1ULL << roll(dice, 6));

	if (one_in(dice, 6)) {
		job->actions[job->nr_actions++] = (struct job_action){
			.kind = JOB_PAUSE,
			.at_ms = at_ms,
		};
		at_ms += roll(dice, 30);
		job->actions[job->nr_actions++] = (struct job_action){
			.kind = JOB_RESUME,
			.at_ms = at_ms,
		};
	}
	if (one_in(dice, 8)) {
		job->actions[job->nr_actions++] = (struct job_action){
			.kind = one_in(dice, 4) ? JOB_LIMIT : JOB_CANCEL,
			.at_ms = at_ms + roll(dice, 20),
			.rate = one_in(dice, 2) ? draw_rate(dice, job) : 0,
			.percent = one_in(dice, 2) ? 40 + roll(dice, 60) : 0,
			.depth = draw_depth(dice),
		};
	}
	if (one_in(dice, 12))
		job->actions[job->nr_actions++] = (struct job_action){
			.kind = JOB_CLOSE,
			.at_ms = at_ms + roll(dice, 20),
		};
}

static void draw_actions(struct job_maker *maker, struct random_job *job)
{
	draw_steps(maker, job);
	/* So that it lasts until then. */
	if (job->nr_actions && !one_in(&maker->dice, 3))
		job->plan.rate = draw_rate(&maker->dice, job);
}

/* ---- a job --------------------------------------------------------------- */

static struct job_place place_of(const struct job_maker *maker,
				 const struct job_range *range)
{
	const struct job_disk *disk = &maker->disks->disks[range->disk];

	return (struct job_place){
		.path = disk->model.path,
		.offset = range->first * SECTOR,
		.fd = disk->fd,
	};
}

static void plan_regions(const struct job_maker *maker, struct random_job *job)
{
	struct job_plan *plan = &job->plan;

	plan->source.fd = -1;
	if (job->has_source)
		plan->source = place_of(maker, &job->regions[0]);
	for (unsigned int i = 1; i < job->nr; i++)
		plan->dests[i - 1] = place_of(maker, &job->regions[i]);
	plan->length = job->sectors * SECTOR;
}

void job_draw(struct job_maker *maker, struct random_job *job)
{
	struct dice *dice = &maker->dice;
	bool compares = one_in(dice, 5), again = !one_in(dice, 6);

	*job = (struct random_job){
		.number = ++maker->made,
		.has_source = !one_in(dice, 8),
		.descriptor = roll(dice, JOB_AT_ONCE),
	};
	if (!compares || !again || !repeat_last(maker, job)) {
		draw_disks(maker, job);
		draw_options(maker, job, compares);
		if (!maker->nr_taken && !compares && one_in(dice, 16))
			draw_slow(maker, job);
		draw_places(maker, job);
	} else {
		draw_options(maker, job, compares);
	}
	draw_actions(maker, job);
	plan_regions(maker, job);
	take(maker, job);
	if (!compares)
		maker->last = *job;
}

/* ---- its bad sectors ----------------------------------------------------- */

static uint32_t draw_ops(struct dice *dice, bool reads)
{
	if (reads && !one_in(dice, 4))
		return JOB_READ;
	switch (roll(dice, 8)) {
	case 0:
		return JOB_ZERO;
	case 1:
		return JOB_FLUSH;
	case 2:
	case 3:
		return JOB_READ | JOB_WRITE | JOB_ZERO;
	case 4:
		return JOB_WRITE | JOB_ZERO;
	case 5:
		return JOB_WRITE;
	default:
		return JOB_READ;
	}
}

static bool is_inside(const struct random_job *job, unsigned int region,
		      uint64_t sector)
{
	return sector < job->regions[region].first + job->sectors;
}

static void spoil(struct job_maker *maker, const struct job_fault *fault)
{
	if (maker->disks->nr_faults < JOB_MAX_FAULTS)
		job_disks_spoil(maker->disks, fault);
}

static void draw_fault(struct job_maker *maker, const struct random_job *job,
		       unsigned int region)
{
	static const int errors[] = { EIO,	 EIO,	  EIO,
				      ENODATA,	 ENODATA, EREMOTEIO,
				      ETIMEDOUT, EILSEQ,  ENODEV };
	struct dice *dice = &maker->dice;
	struct job_fault fault = {
		.disk = job->regions[region].disk,
		.first = job->regions[region].first + roll(dice, job->sectors),
		.count = roll_size(dice, one_in(dice, 12) ? 12 : 7),
		.ops = draw_ops(dice, !is_written(job, region)),
		.error = errors[roll(dice, ARRAY_SIZE(errors))],
		.times = one_in(dice, 2) ? 1 + roll(dice, 4) : 0,
	};

	/* It can't write zeroes after all. */
	if (fault.ops == JOB_ZERO && one_in(dice, 2))
		fault.error = EOPNOTSUPP;
	spoil(maker, &fault);
	/* And again, with a good block between. */
	fault.first += fault.count + job->block;
	if (one_in(dice, 3) && is_inside(job, region, fault.first))
		spoil(maker, &fault);
}

void job_draw_faults(struct job_maker *maker, const struct random_job *jobs,
		     unsigned int nr)
{
	struct dice *dice = &maker->dice;

	for (unsigned int j = 0; j < nr; j++)
		for (unsigned int i = !jobs[j].has_source; i < jobs[j].nr;
		     i++) {
			unsigned int faults =
				one_in(dice, 2) * (1 + roll(dice, 3));

			if (!job_disk_can_fail(maker->disks,
					       jobs[j].regions[i].disk))
				continue;
			while (faults--)
				draw_fault(maker, &jobs[j], i);
		}
}
