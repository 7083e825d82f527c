// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of kcopyd, and copies by the classic call.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

void test_callback_enter(struct test_client *client)
{
	int now = atomic_inc_return(&client->running);
	int most = atomic_read(&client->most_at_once);

	while (now > most &&
	       !atomic_try_cmpxchg(&client->most_at_once, &most, now))
		;
	atomic_or(test_context(), &client->context);
}

void test_callback_exit(struct test_client *client)
{
	atomic_dec(&client->running);
}

struct test_client *test_client_get(struct test_caller *caller, u32 number)
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

	test_callback_enter(client);
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
	test_callback_exit(client);
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
	struct test_client *client = test_client_get(caller, args->client);
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

/* ---- clients --------------------------------------------------------- */

int test_client_create(struct test_caller *caller,
		       struct kcopyd_test_client *args)
{
	struct test_client *client;
	int ret;

	for (args->client = 0; test_client_get(caller, args->client);
	     args->client++)
		;
	if (args->client == KCOPYD_TEST_MAX_CLIENTS)
		return -EMFILE;
	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	INIT_LIST_HEAD(&client->batches);
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
	struct test_client *client = test_client_get(caller, args->client);
	struct test_batch *batch, *next;

	if (!client)
		return -ENOENT;
	args->unfinished = atomic_read(&client->unfinished);
	kcopyd_client_destroy(client->kc);
	args->missing = atomic_read(&client->unfinished);
	args->extra = atomic_read(&client->extra);
	args->most_at_once = atomic_read(&client->most_at_once);
	caller->clients[args->client] = NULL;
	/* If callbacks are still to come, what they use is better leaked. */
	if (args->missing)
		return 0;
	list_for_each_entry_safe(batch, next, &client->batches, link)
		batch_destroy(batch);
	kfree(client);
	return 0;
}
