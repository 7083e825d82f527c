// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of kcopyd and their jobs, classic and extended.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/**
 * struct test_client - a client and what its callbacks saw
 * @kc: the client
 * @running: callbacks running now
 * @most_at_once: most of them ever seen
 * @context: KCOPYD_TEST_IN_* of all
 * @unfinished: callbacks that must still come
 * @batches: those that were left to test_client_destroy()
 * @submits: the same of kcopyd_submit()
 */
struct test_client {
	struct kcopyd_client *kc;
	atomic_t running;
	atomic_t most_at_once;
	atomic_t context;
	atomic_t unfinished;
	struct list_head batches;
	struct list_head submits;
};

static void callback_enter(struct test_client *client)
{
	int now = atomic_inc_return(&client->running);
	int most = atomic_read(&client->most_at_once);

	while (now > most &&
	       !atomic_try_cmpxchg(&client->most_at_once, &most, now))
		;
	atomic_or(test_context(), &client->context);
}

static void callback_exit(struct test_client *client)
{
	atomic_dec(&client->running);
}

static struct test_client *client_get(struct test_caller *caller, u32 number)
{
	if (number >= KCOPYD_TEST_MAX_CLIENTS)
		return NULL;
	return caller->clients[number];
}

/* ---- kcopyd_copy() --------------------------------------------------- */

struct test_batch;

struct test_copy_job {
	struct test_batch *batch;
	unsigned int number;
	unsigned int resubmit;
	struct kcopyd_test_copy_result result;
};

/**
 * struct test_batch - several calls, one behind the other
 * @client: whose
 * @link: in the client's batches
 * @regions: of the first, the source before the destinations
 * @args: as user space gave them
 * @left: jobs whose last callback is to come, and one for the submitter
 * @done: @left is 0
 * @jobs: one a call
 */
struct test_batch {
	struct test_client *client;
	struct list_head link;
	struct test_regions *regions;
	struct kcopyd_test_copy args;
	atomic_t left;
	struct completion done;
	struct test_copy_job jobs[];
};

static void batch_destroy(struct test_batch *batch)
{
	if (!IS_ERR_OR_NULL(batch->regions))
		test_regions_destroy(batch->regions);
	kvfree(batch);
}

static void copy_notify(int read_err, unsigned int write_err, void *context);

/* May be called by copy_notify(). */
static int copy_call(struct test_copy_job *job)
{
	struct test_batch *batch = job->batch;
	const struct kcopyd_test_copy *args = &batch->args;
	unsigned int nr = batch->regions->nr, i;
	struct io_region *regions;
	int ret;

	regions = kmemdup(batch->regions->regions, nr * sizeof(*regions),
			  GFP_KERNEL);
	if (!regions)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		regions[i].sector += job->number * args->stride;
	ret = kcopyd_copy(
		batch->client->kc,
		args->null & KCOPYD_TEST_NULL_REGIONS ? NULL : regions,
		args->nr_dests,
		args->null & KCOPYD_TEST_NULL_DESTS ? NULL : regions + 1,
		args->flags,
		args->null & KCOPYD_TEST_NULL_FN ? NULL : copy_notify, job);
	/* They were the call's only until it came back. */
	memset(regions, 0xff, nr * sizeof(*regions));
	kfree(regions);
	return ret;
}

static void job_over(struct test_copy_job *job)
{
	struct test_batch *batch = job->batch;

	atomic_dec(&batch->client->unfinished);
	if (atomic_dec_and_test(&batch->left))
		complete(&batch->done);
}

static void copy_notify(int read_err, unsigned int write_err, void *context)
{
	struct test_copy_job *job = context;
	struct test_client *client = job->batch->client;
	bool again;

	callback_enter(client);
	job->result.callbacks++;
	job->result.read_err = read_err;
	job->result.write_err = write_err;
	if (in_task() && job->batch->args.sleep_us)
		usleep_range(job->batch->args.sleep_us,
			     job->batch->args.sleep_us * 2);
	again = job->resubmit;
	if (again) {
		job->resubmit--;
		job->result.ret = copy_call(job);
		again = !job->result.ret;
	}
	callback_exit(client);
	if (!again)
		job_over(job);
}

static int copy_results(struct test_batch *batch, struct kcopyd_test_copy *args)
{
	struct kcopyd_test_copy_result __user *results =
		u64_to_user_ptr(args->results);
	unsigned int i;

	for (i = 0; i < args->nr_jobs; i++)
		if (copy_to_user(&results[i], &batch->jobs[i].result,
				 sizeof(*results)))
			return -EFAULT;
	return 0;
}

static void copy_submit_all(struct test_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->args.nr_jobs; i++) {
		struct test_copy_job *job = &batch->jobs[i];
		int ret;

		job->batch = batch;
		job->number = i;
		job->resubmit = batch->args.resubmit;
		atomic_inc(&batch->left);
		atomic_inc(&batch->client->unfinished);
		ret = copy_call(job);
		if (ret) {
			job->result.ret = ret;
			job_over(job);
		}
	}
	if (atomic_dec_and_test(&batch->left))
		complete(&batch->done);
}

int test_copy(struct test_caller *caller, struct kcopyd_test_copy *args)
{
	struct test_client *client = client_get(caller, args->client);
	struct test_batch *batch;
	int ret;

	if (!client)
		return -ENOENT;
	if (args->nr_jobs > KCOPYD_TEST_MAX_JOBS ||
	    args->nr_dests >= KCOPYD_TEST_MAX_REGIONS ||
	    args->sleep_us > USEC_PER_SEC)
		return -E2BIG;
	batch = kvzalloc(struct_size(batch, jobs, args->nr_jobs), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	batch->client = client;
	batch->args = *args;
	atomic_set(&batch->left, 1);
	init_completion(&batch->done);
	batch->regions = test_regions_create(u64_to_user_ptr(args->regions),
					     args->nr_dests + 1);
	ret = PTR_ERR_OR_ZERO(batch->regions);
	if (ret)
		goto out;
	copy_submit_all(batch);
	if (args->how & KCOPYD_TEST_NO_WAIT) {
		list_add_tail(&batch->link, &client->batches);
		return 0;
	}
	/* The client's memory holds the batch until the last callback. */
	ret = wait_for_completion_killable(&batch->done);
	if (ret) {
		list_add_tail(&batch->link, &client->batches);
		return ret;
	}
	/* A callback too many may come late. */
	usleep_range(1000, 2000);
	args->most_at_once = atomic_read(&client->most_at_once);
	args->context = atomic_read(&client->context);
	ret = copy_results(batch, args);
out:
	batch_destroy(batch);
	return ret;
}

/* ---- kcopyd_submit() ------------------------------------------------- */

struct test_submit_job {
	struct test_client *client;
	struct test_regions *regions;
	struct kcopyd_job *job;
	struct completion done;
	struct list_head link;
	struct kcopyd_test_submit args;
};

static void submit_done(struct kcopyd_job *job,
			const struct kcopyd_result *result, void *context)
{
	struct test_submit_job *submit = context;
	struct test_client *client = submit->client;

	callback_enter(client);
	submit->args.context |= test_context();
	submit->args.same_job = job == submit->job;
	submit->args.job = kcopyd_job_id(job);
	submit->args.code = result->code;
	submit->args.read_err = result->read_err;
	submit->args.write_err = result->write_err;
	submit->args.complete = result->complete;
	submit->args.ns = result->ns;
	submit->args.callbacks++;
	callback_exit(client);
	atomic_dec(&client->unfinished);
	complete(&submit->done);
}

static void submit_error(struct kcopyd_job *job,
			 const struct kcopyd_error *error, void *context)
{
	struct kcopyd_test_submit *args =
		&((struct test_submit_job *)context)->args;

	if (args->nr_errors < KCOPYD_TEST_MAX_ERRORS)
		args->errors[args->nr_errors] = (struct kcopyd_test_error){
			.first = error->first,
			.count = error->count,
			.region = error->region,
			.kind = error->kind,
			.error = error->error,
		};
	args->nr_errors++;
	args->context |= test_context();
}

static void submit_state(struct kcopyd_job *job, unsigned int state,
			 void *context)
{
	struct kcopyd_test_submit *args =
		&((struct test_submit_job *)context)->args;

	if (args->nr_states < KCOPYD_TEST_MAX_STATES)
		args->states[args->nr_states] = state;
	args->nr_states++;
	args->context |= test_context();
}

static const struct kcopyd_job_ops submit_ops = {
	.done = submit_done,
	.error = submit_error,
	.state = submit_state,
};

static void submit_destroy(struct test_submit_job *submit)
{
	if (!IS_ERR_OR_NULL(submit->regions))
		test_regions_destroy(submit->regions);
	kvfree(submit);
}

static int submit_call(struct test_submit_job *submit)
{
	struct kcopyd_request request = {
		.from = &submit->regions->regions[0],
		.dests = &submit->regions->regions[1],
		.num_dests = submit->args.nr_dests,
		.flags = submit->args.flags,
		.chunk = submit->args.chunk,
		.limits.depth = submit->args.depth,
		.ops = &submit_ops,
		.context = submit,
	};
	struct test_client *client = submit->client;
	int ret;

	atomic_inc(&client->unfinished);
	ret = kcopyd_submit(client->kc, &request, &submit->job);
	if (ret)
		atomic_dec(&client->unfinished);
	return ret;
}

int test_submit(struct test_caller *caller, struct kcopyd_test_submit *args)
{
	struct test_client *client = client_get(caller, args->client);
	struct test_submit_job *submit;
	int ret;

	if (!client)
		return -ENOENT;
	if (args->nr_dests >= KCOPYD_TEST_MAX_REGIONS)
		return -E2BIG;
	submit = kvzalloc(sizeof(*submit), GFP_KERNEL);
	if (!submit)
		return -ENOMEM;
	submit->client = client;
	init_completion(&submit->done);
	submit->args = *args;
	submit->args.callbacks = 0;
	submit->args.context = 0;
	submit->args.nr_errors = 0;
	submit->args.nr_states = 0;
	submit->regions = test_regions_create(u64_to_user_ptr(args->regions),
					      args->nr_dests + 1);
	ret = PTR_ERR_OR_ZERO(submit->regions);
	if (ret)
		goto out;
	submit->args.ret = submit_call(submit);
	if (submit->args.ret)
		goto copy_out;
	if (args->how & KCOPYD_TEST_CANCEL)
		kcopyd_job_cancel(submit->job, 0);
	if (args->how & KCOPYD_TEST_PUT_EARLY)
		kcopyd_job_put(submit->job);
	ret = wait_for_completion_killable(&submit->done);
	if (!(args->how & KCOPYD_TEST_PUT_EARLY))
		kcopyd_job_put(submit->job);
	if (ret) {
		/* Its callback comes before the client is destroyed. */
		list_add_tail(&submit->link, &client->submits);
		return ret;
	}
copy_out:
	/* A callback too many may come late. */
	usleep_range(1000, 2000);
	*args = submit->args;
out:
	submit_destroy(submit);
	return ret;
}

/* ---- clients --------------------------------------------------------- */

int test_client_create(struct test_caller *caller,
		       struct kcopyd_test_client *args)
{
	struct test_client *client;
	int ret;

	for (args->client = 0; client_get(caller, args->client); args->client++)
		;
	if (args->client == KCOPYD_TEST_MAX_CLIENTS)
		return -EMFILE;
	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	INIT_LIST_HEAD(&client->batches);
	INIT_LIST_HEAD(&client->submits);
	ret = kcopyd_client_create(args->pages, &client->kc);
	if (ret)
		kfree(client);
	else
		caller->clients[args->client] = client;
	return ret;
}

int test_client_destroy(struct test_caller *caller,
			struct kcopyd_test_client *args)
{
	struct test_client *client = client_get(caller, args->client);
	struct test_submit_job *submit, *next_submit;
	struct test_batch *batch, *next;

	if (!client)
		return -ENOENT;
	args->unfinished = atomic_read(&client->unfinished);
	kcopyd_client_destroy(client->kc);
	args->missing = atomic_read(&client->unfinished);
	caller->clients[args->client] = NULL;
	/* If callbacks are still to come, what they use is better leaked. */
	if (args->missing)
		return 0;
	list_for_each_entry_safe(batch, next, &client->batches, link)
		batch_destroy(batch);
	list_for_each_entry_safe(submit, next_submit, &client->submits, link)
		submit_destroy(submit);
	kfree(client);
	return 0;
}
