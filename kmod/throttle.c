// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pacing: how fast a job may be.
 *
 * Rate: a chunk of n bytes takes n/rate of a time line that never lies more
 * than a burst behind the clock, so that what a late timer missed is made up
 * for, and no more. A slice is 1/128 s and the burst 1/40 s: of any second,
 * with a slice more or less in flight, that is within 5 %. What is made up for
 * may be merged, which is no more than four slices, 1/32 s.
 *
 * Percent: of the time, I/O may be in flight. Both times are halved when they
 * reach a second, so that the past is forgotten.
 *
 * Paced jobs wait in a list of their client and hold nothing: completions are
 * taken as ever.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "client.h"
#include "job.h"
#include "trace.h"

#define SLICES (128U)
#define BURST_NS (NSEC_PER_SEC / 40)
#define DEFAULT_DEPTH 8U

int kc_pace_check(const struct kcopyd_limits *limits)
{
	return limits->percent > 100 || limits->depth > KCOPYD_MAX_DEPTH ?
		       -EINVAL :
		       0;
}

/* Most sectors of a chunk, so that a slice is short. */
static unsigned int slice_sectors(const struct kcopyd_job *job, u64 rate)
{
	u64 slice = div_u64(rate, SLICES) >> SECTOR_SHIFT;

	if (!rate || slice > UINT_MAX)
		return UINT_MAX;
	return max_t(unsigned int, rounddown((u32)slice, job->block_sectors),
		     job->block_sectors);
}

static void set_limits(struct kcopyd_job *job,
		       const struct kcopyd_limits *limits)
{
	struct kc_pace *pace = &job->pace;

	pace->limits.percent = limits->percent ?: 100;
	pace->limits.depth = limits->depth ?: DEFAULT_DEPTH;
	pace->limits.rate = limits->rate;
	WRITE_ONCE(pace->slice, slice_sectors(job, limits->rate));
	WRITE_ONCE(job->paced, limits->rate || pace->limits.percent < 100);
}

/**
 * kc_pace_init - set a job's first limits
 * @job: with its sizes; nobody knows it yet
 * @limits: checked
 */
void kc_pace_init(struct kcopyd_job *job, const struct kcopyd_limits *limits)
{
	spin_lock_init(&job->pace.lock);
	set_limits(job, limits);
}

/**
 * kc_pace_set - set a job's limits
 * @job: may be running
 * @limits: checked
 *
 * Context: any.
 */
void kc_pace_set(struct kcopyd_job *job, const struct kcopyd_limits *limits)
{
	unsigned long flags;

	spin_lock_irqsave(&job->pace.lock, flags);
	set_limits(job, limits);
	spin_unlock_irqrestore(&job->pace.lock, flags);
}

static struct kcopyd_limits limits_of(struct kc_pace *pace)
{
	struct kcopyd_limits limits;
	unsigned long flags;

	spin_lock_irqsave(&pace->lock, flags);
	limits = pace->limits;
	spin_unlock_irqrestore(&pace->lock, flags);
	return limits;
}

/* Chunks that take longer than that may never come to an end. */
#define STILL_NS NSEC_PER_SEC

static bool moves(const struct kc_lane *lane, u64 now)
{
	return lane->in_flight && now - lane->moved_ns < STILL_NS;
}

/*
 * Of a job whose destinations go apart. As long as the main lane has more, it is
 * by that one's rests that the time is shared, for the others may be in flight
 * all the time. Whoever stands still does not count, if others would wait for
 * ever; if nobody waits, it does, as it is what the job does.
 */
static bool is_busy_apart(struct kcopyd_job *job, u64 now)
{
	struct kc_lane *lane;
	bool waits = false;
	unsigned int i;

	if (moves(&job->main, now))
		return true;
	if (!job->main.in_flight && kc_lane_has_more(job, &job->main))
		return false;
	for (i = 1; i <= job->nr_dests; i++) {
		lane = kc_lane_at(job, i);
		if (lane && moves(lane, now))
			return true;
		waits |= lane && !lane->in_flight &&
			 kc_lane_has_more(job, lane);
	}
	return job->in_flight && !waits;
}

static bool is_busy(struct kcopyd_job *job, u64 now)
{
	return job->uncoupled ? is_busy_apart(job, now) : job->main.in_flight;
}

/* Bring the shares of time up to date. */
static void clock_times(struct kcopyd_job *job, u64 now)
{
	struct kc_pace *pace = &job->pace;
	u64 passed = now - pace->seen_ns;

	if (!pace->seen_ns)
		passed = 0;
	pace->seen_ns = now;
	pace->total_ns += passed;
	if (is_busy(job, now))
		pace->busy_ns += passed;
	while (pace->total_ns > NSEC_PER_SEC) {
		pace->total_ns /= 2;
		pace->busy_ns /= 2;
	}
}

/* What the last chunk still has to wait at the old rate, at a new one. */
static void follow_rate(struct kc_pace *pace, u64 rate, u64 now)
{
	u64 left = pace->next_ns > now ? pace->next_ns - now : 0;

	if (rate == pace->next_rate)
		return;
	if (left)
		pace->next_ns = now;
	if (left && rate)
		pace->next_ns += div64_u64(left * pace->next_rate, rate);
	pace->next_rate = rate;
}

/* When the job has rested for long enough. */
static u64 rested_ns(const struct kc_pace *pace, unsigned int percent, u64 now)
{
	u64 due = div_u64(pace->busy_ns * 100, percent);

	return due > pace->total_ns ? now + due - pace->total_ns : 0;
}

/**
 * kc_pace_wait - must a job wait before its next chunk?
 * @job: paced; its wake_ns is set if so
 *
 * Context: the client's worker.
 */
bool kc_pace_wait(struct kcopyd_job *job)
{
	struct kc_pace *pace = &job->pace;
	struct kcopyd_limits limits;
	u64 now, wake = 0;

	limits = limits_of(pace);
	now = ktime_get_ns();
	clock_times(job, now);
	follow_rate(pace, limits.rate, now);
	if (limits.rate)
		wake = pace->next_ns;
	if (limits.percent < 100)
		wake = max(wake, rested_ns(pace, limits.percent, now));
	if (wake <= now)
		return false;
	/* It may be asked again before, as something else has changed. */
	if (wake != job->wake_ns)
		kc_trace(kcopyd_throttle, job->id, wake - now);
	job->wake_ns = wake;
	return true;
}

/**
 * kc_pace_start - a chunk is started
 * @job: paced
 * @lane: of the chunk, which is counted
 * @sectors: of the chunk
 *
 * By the rate that kc_pace_wait() went by: one that was set since is followed
 * from the next chunk on, which knows then by which this one was reckoned.
 *
 * Context: the client's worker.
 */
void kc_pace_start(struct kcopyd_job *job, struct kc_lane *lane,
		   unsigned int sectors)
{
	struct kc_pace *pace = &job->pace;
	u64 now = ktime_get_ns();

	if (pace->next_rate)
		pace->next_ns =
			max(pace->next_ns, now - BURST_NS) +
			div64_u64((u64)sectors * SECTOR_SIZE * NSEC_PER_SEC,
				  pace->next_rate);
	clock_times(job, now);
	if (lane->in_flight == 1)
		lane->moved_ns = now;
}

/**
 * kc_pace_end - a chunk is over, or goes to another lane
 * @job: paced
 * @lane: of the chunk, which is still counted
 *
 * Context: the client's worker.
 */
void kc_pace_end(struct kcopyd_job *job, struct kc_lane *lane)
{
	lane->moved_ns = ktime_get_ns();
	clock_times(job, lane->moved_ns);
}
