// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of /dev/kcopyd's jobs: those that run, of all descriptors, and
 * the last ones that finished.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dev.h"
#include "internal.h"

#define DEVJOB_REMEMBERED 256

static unsigned int max_jobs = 256;
module_param(max_jobs, uint, 0644);
MODULE_PARM_DESC(max_jobs, "unfinished jobs of /dev/kcopyd at most (256)");

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);
static unsigned int nr_running;
static unsigned int nr_finished;

/* Woken whenever a job is done. */
DECLARE_WAIT_QUEUE_HEAD(kc_devjob_wait);

struct kc_devjob *kc_devjob_create(struct kc_file *file, u64 owner,
				   const struct kcopyd_submit *args)
{
	struct kc_devjob *dj = kzalloc(sizeof(*dj), GFP_KERNEL_ACCOUNT);

	if (!dj)
		return NULL;
	kref_init(&dj->ref);
	INIT_LIST_HEAD(&dj->node);
	INIT_LIST_HEAD(&dj->done_node);
	dj->file = file;
	dj->owner = owner;
	dj->cookie = args->cookie;
	dj->flags = args->flags;
	dj->length = args->length;
	dj->uid = current_fsuid();
	dj->pid = task_tgid_nr(current);
	return dj;
}

static void devjob_free(struct kref *ref)
{
	struct kc_devjob *dj = container_of(ref, struct kc_devjob, ref);
	unsigned int i;

	for (i = 0; i < dj->nr_targets; i++)
		kc_target_put(&dj->targets[i]);
	if (dj->job)
		kcopyd_job_put(dj->job);
	kfree(dj);
}

void kc_devjob_put(struct kc_devjob *dj)
{
	kref_put(&dj->ref, devjob_free);
}

static int get_target(struct kc_devjob *dj, const struct kcopyd_target *from,
		      struct kc_refusal *why)
{
	unsigned int i = dj->nr_targets;
	int err;

	why->region = i;
	err = kc_target_get(&dj->targets[i], from, dj->length, i, why);
	if (err)
		return err;
	dj->dev[i] = dj->targets[i].region.bdev->bd_dev;
	dj->nr_targets++;
	return 0;
}

static int check_overlap(struct kc_devjob *dj, struct kc_refusal *why)
{
	unsigned int i, j;

	for (i = 1; i < dj->nr_targets; i++) {
		why->region = i;
		for (j = 0; j < i; j++)
			if (kc_regions_overlap(&dj->targets[i].region,
					       &dj->targets[j].region))
				return kc_refuse(why, KCOPYD_REASON_OVERLAP,
						 -EINVAL);
	}
	return 0;
}

/**
 * kc_devjob_get_targets - pin and check what user space gave
 * @dj: the job
 * @args: of the ioctl
 * @why: reason and region of a refusal
 */
int kc_devjob_get_targets(struct kc_devjob *dj,
			  const struct kcopyd_submit *args,
			  struct kc_refusal *why)
{
	const struct kcopyd_target __user *dests = u64_to_user_ptr(args->dests);
	struct kcopyd_target from;
	unsigned int i;
	int err;

	err = get_target(dj, &args->source, why);
	for (i = 0; !err && i < args->nr_dests; i++) {
		if (copy_from_user(&from, &dests[i], sizeof(from))) {
			why->region = KCOPYD_REGION_NONE;
			return kc_refuse(why, KCOPYD_REASON_POINTER, -EFAULT);
		}
		err = get_target(dj, &from, why);
	}
	if (!err)
		err = check_overlap(dj, why);
	if (!err)
		why->region = KCOPYD_REGION_NONE;
	return err;
}

/* What one writes, the other neither writes nor reads. */
static bool jobs_overlap(const struct kc_devjob *a, const struct kc_devjob *b,
			 unsigned int *region)
{
	unsigned int i, j;

	for (i = 0; i < a->nr_targets; i++)
		for (j = 0; j < b->nr_targets; j++)
			if ((i || j) &&
			    kc_regions_overlap(&a->targets[i].region,
					       &b->targets[j].region)) {
				*region = i;
				return true;
			}
	return false;
}

static int registry_refuses(struct kc_devjob *dj, struct kc_refusal *why)
{
	struct kc_devjob *other;

	if (nr_running >= READ_ONCE(max_jobs))
		return kc_refuse(why, KCOPYD_REASON_MAX_JOBS, -EAGAIN);
	list_for_each_entry(other, &registry, node)
		if (!other->done && jobs_overlap(dj, other, &why->region))
			return kc_refuse(why, KCOPYD_REASON_OVERLAP_JOB,
					 -EBUSY);
	return 0;
}

/**
 * kc_devjob_register - reserve a job's place, and its ranges against others
 * @dj: with its targets
 * @why: reason and region of a refusal
 */
int kc_devjob_register(struct kc_devjob *dj, struct kc_refusal *why)
{
	int err;

	mutex_lock(&registry_lock);
	err = registry_refuses(dj, why);
	if (!err) {
		kref_get(&dj->ref);
		list_add_tail(&dj->node, &registry);
		nr_running++;
	}
	mutex_unlock(&registry_lock);
	return err;
}

/* Undo kc_devjob_register() of a job that could not be started. */
void kc_devjob_unregister(struct kc_devjob *dj)
{
	mutex_lock(&registry_lock);
	list_del_init(&dj->node);
	nr_running--;
	mutex_unlock(&registry_lock);
	kc_devjob_put(dj);
}

static int prepare_cache(struct kc_devjob *dj, struct kc_refusal *why)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < dj->nr_targets; i++) {
		why->region = i;
		err = kc_target_write_out(&dj->targets[i], why);
		if (!err && i && kc_target_drop_cache(&dj->targets[i]))
			err = kc_refuse(why, KCOPYD_REASON_PAGE_CACHE, -EBUSY);
	}
	if (!err)
		why->region = KCOPYD_REGION_NONE;
	return err;
}

static unsigned int engine_flags(u32 flags)
{
	unsigned int engine = 0;

	if (flags & KCOPYD_SUBMIT_IGNORE_ERROR)
		engine |= KCOPYD_IGNORE_ERROR;
	if (flags & KCOPYD_SUBMIT_WRITE_SEQ)
		engine |= KCOPYD_WRITE_SEQ;
	if (flags & KCOPYD_SUBMIT_DETACH_FAILED)
		engine |= KCOPYD_DETACH_FAILED;
	if (!(flags & KCOPYD_SUBMIT_NO_FLUSH))
		engine |= KCOPYD_FLUSH;
	return engine;
}

static int submit(struct kc_devjob *dj, struct kcopyd_client *kc,
		  const struct kcopyd_submit *args,
		  const struct kcopyd_job_ops *ops, struct kc_refusal *why)
{
	unsigned int i, nr_dests = dj->nr_targets - 1;
	struct io_region *dests;
	struct kcopyd_request rq = {
		.from = &dj->targets[0].region,
		.num_dests = nr_dests,
		.flags = engine_flags(args->flags),
		.chunk = args->chunk >> SECTOR_SHIFT,
		.limits.depth = args->depth,
		.ops = ops,
		.context = dj,
	};
	int err;

	dests = kmalloc_array(nr_dests, sizeof(*dests), GFP_KERNEL);
	if (!dests)
		return kc_refuse(why, KCOPYD_REASON_NO_MEMORY, -ENOMEM);
	for (i = 0; i < nr_dests; i++)
		dests[i] = dj->targets[1 + i].region;
	rq.dests = dests;
	err = kcopyd_submit(kc, &rq, &dj->job);
	kfree(dests);
	if (err == -EINVAL)
		return kc_refuse(why, KCOPYD_REASON_OPTION, err);
	return err ? kc_refuse(why, KCOPYD_REASON_NO_MEMORY, err) : 0;
}

/**
 * kc_devjob_start - prepare the page cache and submit the job to the engine
 * @dj: registered
 * @kc: does it
 * @args: of the ioctl
 * @ops: callbacks, with @dj as context
 * @why: reason and region of a refusal
 *
 * Context: process, sleeps for write-out.
 */
int kc_devjob_start(struct kc_devjob *dj, struct kcopyd_client *kc,
		    const struct kcopyd_submit *args,
		    const struct kcopyd_job_ops *ops, struct kc_refusal *why)
{
	int err = prepare_cache(dj, why);

	if (err)
		return err;
	dj->submitted_ns = ktime_get_ns();
	kref_get(&dj->ref);
	err = submit(dj, kc, args, ops, why);
	if (err) {
		kc_devjob_put(dj);
		return err;
	}
	mutex_lock(&registry_lock);
	dj->id = kcopyd_job_id(dj->job);
	mutex_unlock(&registry_lock);
	return 0;
}

/**
 * kc_devjob_release_targets - get rid of stale page cache, then of the pins
 * @dj: with no more I/O in flight
 *
 * Return: bit i = pages of destination i would not go, and may be written over
 * the copy: it counts as failed.
 */
u64 kc_devjob_release_targets(struct kc_devjob *dj)
{
	unsigned int i;
	u64 failed = 0;

	for (i = 1; i < dj->nr_targets; i++) {
		struct kc_region *region = &dj->job->regions[i];
		int err = kc_target_drop_cache(&dj->targets[i]);

		if (!err)
			continue;
		failed |= BIT_ULL(i - 1);
		if (!region->error)
			WRITE_ONCE(region->error, err);
	}
	for (i = 0; i < dj->nr_targets; i++)
		kc_target_put(&dj->targets[i]);
	return failed;
}

/* The oldest finished job, when there is one too many; its node is off. */
static struct kc_devjob *registry_oldest(void)
{
	struct kc_devjob *dj;

	if (nr_finished <= DEVJOB_REMEMBERED)
		return NULL;
	list_for_each_entry(dj, &registry, node) {
		if (!dj->done)
			continue;
		list_del_init(&dj->node);
		nr_finished--;
		return dj;
	}
	return NULL;
}

/**
 * kc_devjob_done - a job's result is in
 * @dj: the job
 * @result: the result
 *
 * From here on @dj's file may go away.
 */
void kc_devjob_done(struct kc_devjob *dj, const struct kcopyd_result *result)
{
	struct kc_devjob *oldest;

	mutex_lock(&registry_lock);
	dj->id = kcopyd_job_id(dj->job);
	dj->result = *result;
	dj->done_ns = ktime_get_ns();
	WRITE_ONCE(dj->done, true);
	nr_running--;
	nr_finished++;
	/* In order of completion, so that the first is the oldest. */
	list_move_tail(&dj->node, &registry);
	oldest = registry_oldest();
	mutex_unlock(&registry_lock);
	if (oldest)
		kc_devjob_put(oldest);
}

static bool is_visible(const struct kc_devjob *dj, u64 owner)
{
	return dj->owner == owner || uid_eq(dj->uid, current_fsuid()) ||
	       capable(CAP_SYS_ADMIN);
}

/**
 * kc_devjob_find - find a job that the caller may see
 * @id: its number, or
 * @next: the lowest number that is not below @id
 * @owner: number of the caller's file
 *
 * Return: the job with a reference, or NULL.
 */
struct kc_devjob *kc_devjob_find(u64 id, bool next, u64 owner)
{
	struct kc_devjob *dj, *found = NULL;

	mutex_lock(&registry_lock);
	list_for_each_entry(dj, &registry, node) {
		if (!dj->id || (next ? dj->id < id : dj->id != id))
			continue;
		if ((!found || dj->id < found->id) && is_visible(dj, owner))
			found = dj;
	}
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&registry_lock);
	return found;
}

/* Without the lock, since sleepers ask: whoever is woken looks again. */
bool kc_devjob_is_done(struct kc_devjob *dj)
{
	return READ_ONCE(dj->done);
}

static bool is_attached(const struct kc_devjob *dj, u64 owner)
{
	return dj->owner == owner && !dj->done && dj->job &&
	       !(dj->flags & KCOPYD_SUBMIT_DETACH);
}

/* Its descriptor is being closed: what is attached to it ends. */
void kc_devjob_cancel_attached(u64 owner)
{
	struct kc_devjob *dj;

	mutex_lock(&registry_lock);
	list_for_each_entry(dj, &registry, node)
		if (is_attached(dj, owner))
			kcopyd_job_cancel(dj->job, 0);
	mutex_unlock(&registry_lock);
}

/* Its descriptor is closed: what has not ended is shown as draining. */
void kc_devjob_orphan(u64 owner)
{
	struct kc_devjob *dj;

	mutex_lock(&registry_lock);
	list_for_each_entry(dj, &registry, node)
		if (is_attached(dj, owner))
			dj->orphaned = true;
	mutex_unlock(&registry_lock);
}

/*
 * The worker may not have come to see that the job was cancelled, and the
 * engine's "done" comes a little before the result.
 */
static u32 devjob_state(const struct kc_devjob *dj)
{
	u32 state = READ_ONCE(dj->job->state);

	if (dj->done)
		return KCOPYD_STATE_DONE;
	if (state == KCOPYD_STATE_DONE ||
	    (state != KCOPYD_STATE_FLUSHING && kc_job_stopping(dj->job)))
		return KCOPYD_STATE_STOPPING;
	return state;
}

void kc_devjob_fill_status(struct kc_devjob *dj, struct kcopyd_status *status)
{
	unsigned int i, nr_extents = 0;
	bool coarse, any_coarse = false;

	for (i = 0; i < dj->nr_targets; i++) {
		nr_extents +=
			kc_extents_count(&dj->job->regions[i].extents, &coarse);
		any_coarse |= coarse;
	}
	mutex_lock(&registry_lock);
	status->flags = 0;
	if (any_coarse)
		status->flags |= KCOPYD_STATUS_COARSE;
	if (dj->orphaned && !dj->done)
		status->flags |= KCOPYD_STATUS_DRAINING;
	status->job = dj->id;
	status->cookie = dj->cookie;
	status->state = devjob_state(dj);
	status->code = dj->result.code;
	status->read_err = READ_ONCE(dj->job->read_err);
	status->write_err = READ_ONCE(dj->job->write_err);
	status->complete = dj->result.complete;
	status->submit_flags = dj->flags;
	status->length = dj->length;
	status->submitted_ns = dj->submitted_ns;
	status->done_ns = dj->done_ns;
	status->uid = from_kuid_munged(current_user_ns(), dj->uid);
	status->pid = dj->pid;
	status->nr_regions = dj->nr_targets;
	status->nr_extents = nr_extents;
	mutex_unlock(&registry_lock);
}

void kc_devjob_fill_region(struct kc_devjob *dj, unsigned int region,
			   struct kcopyd_region_status *status)
{
	const struct kc_region *from = &dj->job->regions[region];

	*status = (struct kcopyd_region_status){
		.major = MAJOR(dj->dev[region]),
		.minor = MINOR(dj->dev[region]),
		.offset = from->sector << SECTOR_SHIFT,
		.bytes = READ_ONCE(from->bytes),
		.errors = READ_ONCE(from->errors),
		.error = READ_ONCE(from->error),
	};
}

/* Error number @i of all regions, in the order of regions. */
bool kc_devjob_error_at(struct kc_devjob *dj, u64 i, struct kcopyd_error *error)
{
	unsigned int r, nr;
	bool coarse;

	for (r = 0; r < dj->nr_targets; r++) {
		struct kc_extents *extents = &dj->job->regions[r].extents;

		nr = kc_extents_count(extents, &coarse);
		if (i < nr)
			return kc_extents_at(extents, i, error);
		i -= nr;
	}
	return false;
}

void kc_devjob_fill_info(struct kcopyd_info *info)
{
	struct kc_devjob *dj;

	mutex_lock(&registry_lock);
	info->max_jobs = READ_ONCE(max_jobs);
	info->jobs = nr_running;
	info->draining = 0;
	list_for_each_entry(dj, &registry, node)
		if (dj->orphaned && !dj->done)
			info->draining++;
	mutex_unlock(&registry_lock);
}

/* Nobody can submit any more, and nothing runs: forget what finished. */
void kc_devjobs_exit(void)
{
	struct kc_devjob *dj, *next;

	list_for_each_entry_safe(dj, next, &registry, node) {
		list_del_init(&dj->node);
		kc_devjob_put(dj);
	}
}
