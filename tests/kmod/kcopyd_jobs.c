// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs of kcopyd_submit(): submitted, steered and looked at while they run, and
 * after their client is gone.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/**
 * struct test_job - a job
 * @client: whose; gone when the client is
 * @job: handle with a reference, NULL = none was wanted, or it was put, or
 *	done() submits again, so that nobody else can have it
 * @submitted: as kcopyd_submit() has set it
 * @regions: the source before the destinations
 * @args: as user space gave them
 * @chained: done() submits, or has submitted, again
 * @result: for user space
 * @due: callbacks that must still come
 * @done: none must
 *
 * Stays until the caller is closed, so that a callback too many is counted and
 * not fatal.
 */
struct test_job {
	struct test_client *client;
	struct kcopyd_job *job;
	struct kcopyd_job *submitted;
	struct test_regions *regions;
	struct kcopyd_test_submit args;
	bool chained;
	struct kcopyd_test_result result;
	atomic_t due;
	struct completion done;
};

static void job_destroy(struct test_job *job)
{
	if (job->job)
		kcopyd_job_put(job->job);
	else if (job->chained && job->submitted)
		kcopyd_job_put(job->submitted);
	if (!IS_ERR_OR_NULL(job->regions))
		test_regions_destroy(job->regions);
	kvfree(job);
}

static struct kcopyd_limits limits_of(const struct kcopyd_test_limits *from)
{
	return (struct kcopyd_limits){
		.rate = from->rate,
		.percent = from->percent,
		.depth = from->depth,
	};
}

static struct kcopyd_test_limits limits_to(const struct kcopyd_limits *from)
{
	return (struct kcopyd_test_limits){
		.rate = from->rate,
		.percent = from->percent,
		.depth = from->depth,
	};
}

static struct kcopyd_test_error error_to(const struct kcopyd_error *from)
{
	return (struct kcopyd_test_error){
		.first = from->first,
		.count = from->count,
		.region = from->region,
		.kind = from->kind,
		.error = from->error,
	};
}

/* ---- callbacks ------------------------------------------------------------ */

static int submit_call(struct test_job *job);

/* Returns true when one more callback will come. */
static bool submit_again(struct test_job *job)
{
	if (!job->args.resubmit)
		return false;
	job->args.resubmit--;
	if (job->submitted)
		kcopyd_job_put(job->submitted);
	job->submitted = NULL;
	job->result.resubmit_ret = submit_call(job);
	return !job->result.resubmit_ret;
}

static void keep_result(struct test_job *job, struct kcopyd_job *told,
			const struct kcopyd_result *result)
{
	struct kcopyd_test_result *to = &job->result;

	to->context |= test_context();
	to->in_worker = in_task() && current->flags & PF_WQ_WORKER;
	to->same_job = told == job->submitted;
	to->id = kcopyd_job_id(told);
	to->code = result->code;
	to->read_err = result->read_err;
	to->write_err = result->write_err;
	to->complete = result->complete;
	to->ns = result->ns;
	to->digest_len = result->digest_len;
	memcpy(to->digest, result->digest, sizeof(to->digest));
}

static void job_done(struct kcopyd_job *told,
		     const struct kcopyd_result *result, void *context)
{
	struct test_job *job = context;
	struct test_client *client = job->client;

	test_callback_enter(client);
	if (atomic_dec_if_positive(&job->due) < 0)
		atomic_inc(&client->extra);
	keep_result(job, told, result);
	if (in_task() && job->args.sleep_us)
		usleep_range(job->args.sleep_us, job->args.sleep_us * 2);
	job->result.callbacks++;
	test_callback_exit(client);
	if (submit_again(job))
		return;
	atomic_dec(&client->unfinished);
	complete_all(&job->done);
}

static void job_error(struct kcopyd_job *told, const struct kcopyd_error *error,
		      void *context)
{
	struct test_job *job = context;
	struct kcopyd_test_result *to = &job->result;

	if (to->nr_errors < KCOPYD_TEST_MAX_ERRORS)
		to->errors[to->nr_errors] = error_to(error);
	to->nr_errors++;
	to->context |= test_context();
}

static void job_state(struct kcopyd_job *told, unsigned int state,
		      void *context)
{
	struct test_job *job = context;
	struct kcopyd_test_result *to = &job->result;

	if (to->nr_states < KCOPYD_TEST_MAX_STATES)
		to->states[to->nr_states] = state;
	to->nr_states++;
	to->context |= test_context();
}

static const struct kcopyd_job_ops job_ops = {
	.done = job_done,
	.error = job_error,
	.state = job_state,
};

static const struct kcopyd_job_ops job_ops_without_done = {
	.error = job_error,
	.state = job_state,
};

/* ---- submission ----------------------------------------------------------- */

/* May be called by job_done(). */
static int submit_call(struct test_job *job)
{
	const struct kcopyd_test_submit *args = &job->args;
	const struct io_region *regions = job->regions->regions;
	struct kcopyd_request request = {
		.from = regions,
		.dests = regions + 1,
		.num_dests = args->nr_dests,
		.flags = args->flags,
		.chunk = args->chunk,
		.limits = limits_of(&args->limits),
		.retry = args->retry,
		.retry_budget = args->retry_budget,
		.on_slow = args->on_slow,
		.checksum = args->checksum,
		.ioprio = args->ioprio,
		.ops = &job_ops,
		.context = job,
	};
	int ret;

	if (args->null & KCOPYD_TEST_NULL_REGIONS)
		request.from = NULL;
	if (args->null & KCOPYD_TEST_NULL_DESTS)
		request.dests = NULL;
	if (args->null & KCOPYD_TEST_NULL_FN)
		request.ops = &job_ops_without_done;
	if (args->null & KCOPYD_TEST_NULL_DATA)
		request.ops = NULL;
	atomic_inc(&job->due);
	ret = kcopyd_submit(
		job->client->kc,
		args->null & KCOPYD_TEST_NULL_ARGS ? NULL : &request,
		args->null & KCOPYD_TEST_NULL_RESULT ? NULL : &job->submitted);
	if (ret)
		atomic_dec(&job->due);
	return ret;
}

static void submit_steer(struct test_job *job)
{
	struct kcopyd_job *handle = job->submitted;

	if (!handle || job->chained)
		return;
	if (job->args.how & KCOPYD_TEST_PAUSE)
		kcopyd_job_pause(handle);
	if (job->args.how & KCOPYD_TEST_CANCEL)
		kcopyd_job_cancel(handle, 0);
	/* It is compared later, but nothing is called with it. */
	if (job->args.how & KCOPYD_TEST_PUT_EARLY)
		kcopyd_job_put(handle);
	else
		job->job = handle;
}

static struct test_job *job_create(struct test_client *client,
				   const struct kcopyd_test_submit *args)
{
	struct test_job *job = kvzalloc(sizeof(*job), GFP_KERNEL);
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);
	job->client = client;
	job->args = *args;
	job->chained = args->resubmit;
	init_completion(&job->done);
	job->regions = test_regions_create(u64_to_user_ptr(args->regions),
					   args->nr_dests + 1);
	ret = PTR_ERR_OR_ZERO(job->regions);
	if (!ret)
		return job;
	job_destroy(job);
	return ERR_PTR(ret);
}

int test_submit(struct test_caller *caller, struct kcopyd_test_submit *args)
{
	struct test_client *client = test_client_get(caller, args->client);
	struct test_job *job;
	int ret;

	if (!client)
		return -ENOENT;
	if (args->nr_dests >= KCOPYD_TEST_MAX_REGIONS ||
	    args->sleep_us > 10 * USEC_PER_SEC)
		return -E2BIG;
	job = job_create(client, args);
	if (IS_ERR(job))
		return PTR_ERR(job);
	ret = xa_alloc(&caller->jobs, &args->job, job, xa_limit_31b,
		       GFP_KERNEL);
	if (ret) {
		job_destroy(job);
		return ret;
	}
	atomic_inc(&client->unfinished);
	args->ret = submit_call(job);
	if (!args->ret) {
		submit_steer(job);
		return 0;
	}
	atomic_dec(&client->unfinished);
	complete_all(&job->done);
	return 0;
}

/* ---- jobs ----------------------------------------------------------------- */

static struct test_job *job_get(struct test_caller *caller, u32 number)
{
	struct test_job *job = xa_load(&caller->jobs, number);

	return job ?: ERR_PTR(-ENOENT);
}

/* One that has its handle. */
static struct test_job *job_get_handle(struct test_caller *caller, u32 number)
{
	struct test_job *job = job_get(caller, number);

	if (!IS_ERR(job) && !job->job)
		return ERR_PTR(-ENXIO);
	return job;
}

int test_job_result(struct test_caller *caller, struct kcopyd_test_result *args)
{
	struct test_job *job = job_get(caller, args->job);
	u32 number = args->job;
	long ret;

	if (IS_ERR(job))
		return PTR_ERR(job);
	ret = wait_for_completion_killable_timeout(
		&job->done, msecs_to_jiffies(args->timeout_ms));
	if (ret < 0)
		return ret;
	*args = job->result;
	args->job = number;
	return 0;
}

int test_job_steer(struct test_caller *caller, struct kcopyd_test_steer *args)
{
	struct test_job *job = job_get_handle(caller, args->job);
	struct kcopyd_limits limits = limits_of(&args->limits);
	struct kcopyd_job *handle;

	if (IS_ERR(job))
		return PTR_ERR(job);
	args->ret = 0;
	switch (args->op) {
	case KCOPYD_TEST_JOB_CANCEL:
		args->ret = kcopyd_job_cancel(
			job->job, msecs_to_jiffies(args->timeout_ms));
		return 0;
	case KCOPYD_TEST_JOB_PAUSE:
		kcopyd_job_pause(job->job);
		return 0;
	case KCOPYD_TEST_JOB_RESUME:
		kcopyd_job_resume(job->job);
		return 0;
	case KCOPYD_TEST_JOB_LIMIT:
		args->ret = kcopyd_job_limit(job->job, &limits);
		return 0;
	case KCOPYD_TEST_JOB_PUT:
		handle = xchg(&job->job, NULL);
		if (handle)
			kcopyd_job_put(handle);
		return 0;
	default:
		return -EINVAL;
	}
}

int test_job_progress(struct test_caller *caller,
		      struct kcopyd_test_progress *args)
{
	struct test_job *job = job_get_handle(caller, args->job);
	struct kcopyd_progress progress;

	if (IS_ERR(job))
		return PTR_ERR(job);
	kcopyd_job_progress(job->job, &progress);
	args->state = progress.state;
	args->read_err = progress.read_err;
	args->write_err = progress.write_err;
	args->live = progress.live;
	args->uncoupled = progress.uncoupled;
	args->limits = limits_to(&progress.limits);
	return 0;
}

int test_job_region(struct test_caller *caller,
		    struct kcopyd_test_job_region *args)
{
	struct test_job *job = job_get_handle(caller, args->job);
	struct kcopyd_region_progress progress = {};

	if (IS_ERR(job))
		return PTR_ERR(job);
	args->ret = kcopyd_job_region(job->job, args->region, &progress);
	args->bytes = progress.bytes;
	args->settled = progress.settled;
	args->errors = progress.errors;
	args->error = progress.error;
	args->nr_extents = progress.nr_extents;
	args->coarse = progress.coarse;
	return 0;
}

int test_job_extent(struct test_caller *caller, struct kcopyd_test_extent *args)
{
	struct test_job *job = job_get_handle(caller, args->job);
	struct kcopyd_error error = {};

	if (IS_ERR(job))
		return PTR_ERR(job);
	args->ret = kcopyd_job_extent(job->job, args->region, args->i, &error);
	args->error = error_to(&error);
	return 0;
}

/* ---- the end -------------------------------------------------------------- */

void test_jobs_cancel(struct test_caller *caller)
{
	unsigned long number;
	struct test_job *job;

	xa_for_each(&caller->jobs, number, job) {
		job->args.resubmit = 0;
		if (job->job)
			kcopyd_job_cancel(job->job, 0);
	}
}

/* After their clients: no callback is to come. */
void test_jobs_destroy(struct test_caller *caller)
{
	unsigned long number;
	struct test_job *job;

	xa_for_each(&caller->jobs, number, job)
		job_destroy(job);
	xa_destroy(&caller->jobs);
}
