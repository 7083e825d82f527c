// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures copies of any peer: jobs, some of them in flight, each of which
 * starts the next one when it is done.
 */
#include <linux/atomic.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "internal.h"

/*
 * From one scattered job to the next, in places of their size. Prime, so that
 * it shares no factor with the number of places and visits all of them.
 */
#define STRIDE 7919

static struct bench_copier *(*const copiers[])(const struct bench_copy *) = {
	[KCOPYD_BENCH_INTREE] = bench_intree_copier,
	[KCOPYD_BENCH_OURS] = bench_ours_copier,
	[KCOPYD_BENCH_FLOOR] = bench_floor_copier,
};

/**
 * struct bench_jobs - jobs under way
 * @copier: who does them
 * @count: sectors of each
 * @places: that the devices have for such a job
 * @stride: places from one job to the next
 * @submitted: jobs ever, for the place of the next
 * @to_submit: jobs that nobody has taken yet
 * @to_end: jobs that are not over
 * @err: of any of them
 * @done: all are over
 */
struct bench_jobs {
	struct bench_copier *copier;
	sector_t count;
	sector_t places;
	unsigned int stride;
	atomic_t submitted;
	atomic_t to_submit;
	atomic_t to_end;
	int err;
	struct completion done;
};

static sector_t next_place(struct bench_jobs *jobs)
{
	u64 nr = (u64)(atomic_inc_return(&jobs->submitted) - 1) * jobs->stride;

	return do_div(nr, jobs->places) * jobs->count;
}

static void job_end(struct bench_jobs *jobs, int err)
{
	if (err)
		WRITE_ONCE(jobs->err, err);
	if (atomic_dec_and_test(&jobs->to_end))
		complete(&jobs->done);
}

static void submit_next(struct bench_jobs *jobs)
{
	struct bench_copier *copier = jobs->copier;

	while (atomic_dec_if_positive(&jobs->to_submit) >= 0) {
		int err = copier->submit(copier, next_place(jobs), jobs);

		if (!err)
			return;
		job_end(jobs, err);
	}
}

/* The jobs may be gone as soon as the last of them has ended. */
void bench_job_done(struct bench_jobs *jobs, int err)
{
	submit_next(jobs);
	job_end(jobs, err);
}

static int run(struct bench_jobs *jobs, unsigned int nr, unsigned int in_flight)
{
	if (!nr)
		return 0;
	atomic_set(&jobs->to_submit, nr);
	atomic_set(&jobs->to_end, nr);
	reinit_completion(&jobs->done);
	while (in_flight--)
		submit_next(jobs);
	wait_for_completion(&jobs->done);
	return jobs->err;
}

static int measure(struct bench_jobs *jobs, struct kcopyd_bench_copy *args)
{
	u64 start;
	int err;

	err = run(jobs, args->warm_up, args->in_flight);
	if (err)
		return err;
	start = ktime_get_ns();
	err = run(jobs, args->jobs, args->in_flight);
	args->ns = ktime_get_ns() - start;
	return err;
}

static sector_t places(const struct bench_copy *copy)
{
	u64 sectors = U64_MAX;
	unsigned int i;

	for (i = 0; i <= copy->nr_dests; i++)
		sectors = min_t(u64, sectors,
				bdev_nr_sectors(copy->devices[i].bdev));
	return div64_u64(sectors, copy->count);
}

static int prepare_and_measure(const struct bench_copy *copy,
			       struct kcopyd_bench_copy *args)
{
	struct bench_jobs jobs = {
		.count = copy->count,
		.places = places(copy),
		.stride = args->scattered ? STRIDE : 1,
	};
	int err;

	if (!jobs.places)
		return -ENOSPC;
	init_completion(&jobs.done);
	jobs.copier = copiers[args->peer](copy);
	if (IS_ERR(jobs.copier))
		return PTR_ERR(jobs.copier);
	err = measure(&jobs, args);
	jobs.copier->destroy(jobs.copier);
	return err;
}

/* The floor copies in its caller's context: jobs would nest. */
static bool args_are_valid(const struct kcopyd_bench_copy *args)
{
	if (args->peer >= ARRAY_SIZE(copiers) || !args->bytes ||
	    !IS_ALIGNED(args->bytes, SECTOR_SIZE) || !args->jobs ||
	    !args->in_flight || args->nr_dests > KCOPYD_BENCH_MAX_DESTS)
		return false;
	if (args->peer != KCOPYD_BENCH_FLOOR)
		return args->nr_dests;
	return args->jobs == 1 && !args->warm_up && args->piece &&
	       args->piece <= KCOPYD_BENCH_MAX_BYTES &&
	       IS_ALIGNED(args->piece, SECTOR_SIZE) && args->pieces &&
	       args->pieces <= KCOPYD_BENCH_MAX_PIECES;
}

int bench_copy(struct kcopyd_bench_copy *args)
{
	struct bench_copy *copy;
	int err;

	if (!args_are_valid(args))
		return -EINVAL;
	copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	copy->nr_dests = args->nr_dests;
	copy->count = args->bytes >> SECTOR_SHIFT;
	copy->piece = args->piece;
	copy->pieces = args->pieces;
	err = bench_devices_get(copy->devices, args->fds, 1 + copy->nr_dests);
	if (!err) {
		err = prepare_and_measure(copy, args);
		bench_devices_put(copy->devices, 1 + copy->nr_dests);
	}
	kfree(copy);
	return err;
}
