// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: their state, and how one ends.
 */
#include <linux/export.h>
#include <linux/ktime.h>

#include "client.h"
#include "engine.h"
#include "trace.h"

static void regions_exit(struct kcopyd_job *job)
{
	unsigned int i;

	for (i = 0; i <= job->nr_dests; i++)
		kc_region_exit(&job->regions[i]);
}

static void job_free(struct kref *ref)
{
	struct kcopyd_job *job = container_of(ref, struct kcopyd_job, ref);

	regions_exit(job);
	/*
	 * A handle may outlive the client and its mempool, so an element is
	 * given back by the notifier (see job_drop_engine) or, when somebody
	 * else is last, to the cache that it came from.
	 */
	kc_job_free(NULL, job);
}

/**
 * kc_job_discard - free a job that was never posted
 * @job: the job
 * @pool: of its client
 */
void kc_job_discard(struct kcopyd_job *job, struct kc_job_pool *pool)
{
	kc_content_destroy(job);
	kc_blkcg_put(job->css);
	regions_exit(job);
	kc_job_free(pool, job);
}

/* The engine's reference, dropped while the client is sure to live. */
static void job_drop_engine(struct kcopyd_job *job, struct kcopyd_client *kc)
{
	if (!refcount_dec_and_test(&job->ref.refcount))
		return;
	regions_exit(job);
	kc_job_free(&kc->job_pool, job);
}

u64 kcopyd_job_id(const struct kcopyd_job *job)
{
	return job->id;
}
EXPORT_SYMBOL_GPL(kcopyd_job_id);

void kcopyd_job_put(struct kcopyd_job *job)
{
	kref_put(&job->ref, job_free);
}
EXPORT_SYMBOL_GPL(kcopyd_job_put);

static noinline void tell_state(const struct kcopyd_job *job,
				unsigned int state)
{
	kc_trace(kcopyd_job_state, job->id, state, kc_job_traced_flags(job));
}

void kc_job_set_state(struct kcopyd_job *job, unsigned int state)
{
	if (job->state == state)
		return;
	WRITE_ONCE(job->state, state);
	if (trace_kcopyd_job_state_enabled())
		tell_state(job, state);
	if (job->ops && job->ops->state)
		job->ops->state(job, state, job->context);
}

/* What was looked at, but not to the end of a doubt, is unread. */
static bool has_all(const struct kcopyd_job *job,
		    const struct kc_region *region)
{
	return region->bytes >> SECTOR_SHIFT == job->count &&
	       !region->extents.nr && !region->unread;
}

static u64 job_complete(const struct kcopyd_job *job)
{
	u64 complete = 0;
	unsigned int i;

	for (i = 0; i < job->nr_dests; i++)
		if (has_all(job, &job->regions[1 + i]) &&
		    !(job->write_err & BIT_ULL(i)))
			complete |= BIT_ULL(i);
	return complete;
}

static int job_code(const struct kcopyd_job *job)
{
	if (job->read_err || job->write_err)
		return -EIO;
	/* A cancel that came after the last chunk changed nothing. */
	if (job->cut || job_complete(job) != GENMASK_ULL(job->nr_dests - 1, 0))
		return -ECANCELED;
	return 0;
}

static u64 job_bytes_written(const struct kcopyd_job *job)
{
	u64 bytes = 0;
	unsigned int i;

	if (job->flags & KCOPYD_COMPARE)
		return 0;
	for (i = 1; i <= job->nr_dests; i++)
		bytes += job->regions[i].bytes;
	return bytes;
}

static void job_finish(struct kcopyd_job *job)
{
	if (job->queued)
		kc_dest_flush(job);
	if (job->content)
		kc_content_flush(job);
	if (job->ops && job->ops->finish)
		WRITE_ONCE(job->write_err,
			   job->write_err |
				   job->ops->finish(job, job->context));
	kc_blkcg_put(job->css);
	job->css = NULL;
}

static noinline void tell_done(const struct kcopyd_job *job, u64 ns)
{
	kc_trace(kcopyd_job_done, job->id, job->read_err, job->write_err,
		 job_bytes_written(job), ns, job->client->id,
		 kc_job_traced_flags(job));
}

/**
 * kc_job_notify - tell the submitter that a job is over
 * @job: nothing of it is in flight; not to be touched afterwards
 *
 * Context: the client's notifier; may sleep.
 */
void kc_job_notify(struct kcopyd_job *job)
{
	struct kcopyd_client *kc = job->client;
	kcopyd_notify_fn fn = job->fn;
	void *context = job->context;
	struct kcopyd_result result;

	job_finish(job);
	kc_job_set_state(job, KCOPYD_STATE_DONE);
	result = (struct kcopyd_result){
		.code = job_code(job),
		.read_err = job->read_err,
		.write_err = job->write_err,
		.complete = job_complete(job),
		.ns = ktime_get_ns() - job->start_ns,
	};
	if (job->content) {
		result.digest_len = kc_content_digest(job, result.digest);
		kc_content_destroy(job);
	}
	if (trace_kcopyd_job_done_enabled())
		tell_done(job, result.ns);
	set_bit(KC_JOB_ENDED, &job->stop);
	if (!fn) {
		job->ops->done(job, &result, context);
		job_drop_engine(job, kc);
		return;
	}
	/* First the memory: the callback may submit and want some. */
	job_drop_engine(job, kc);
	fn(result.read_err, lower_32_bits(result.write_err), context);
}
