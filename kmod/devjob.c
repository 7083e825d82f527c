// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of /dev/kcopyd's jobs: those that run, of all descriptors, and
 * the last ones that finished.
 */
#include <linux/blkdev.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "client.h"
#include "devjob.h"
#include "job.h"
#include "memory.h"
#include "options.h"
#include "target.h"

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

struct kc_devjob *kc_devjob_create(struct kc_events *events,
				   wait_queue_head_t *room, u64 owner,
				   const struct kcopyd_submit *args)
{
	struct kc_devjob *dj = kzalloc(sizeof(*dj), KC_GFP_ACCOUNT);

	if (!dj)
		return NULL;
	kref_init(&dj->ref);
	INIT_LIST_HEAD(&dj->node);
	INIT_LIST_HEAD(&dj->done_node);
	dj->events = events;
	dj->room = room;
	dj->owner = owner;
	dj->cookie = args->cookie;
	dj->flags = args->flags;
	dj->checksum = args->checksum;
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

/* What is read back must be readable, what is only compared is not written. */
static unsigned int target_use(const struct kc_devjob *dj, unsigned int region)
{
	if (!region || dj->flags & KCOPYD_SUBMIT_COMPARE)
		return KC_TARGET_READ;
	if (dj->flags & KCOPYD_SUBMIT_VERIFY)
		return KC_TARGET_READ | KC_TARGET_WRITE;
	return KC_TARGET_WRITE;
}

static int get_target(struct kc_devjob *dj, const struct kcopyd_target *from,
		      struct kc_refusal *why)
{
	unsigned int i = dj->nr_targets;
	int err;

	why->region = i;
	err = kc_target_get(&dj->targets[i], from, dj->length,
			    target_use(dj, i), why);
	if (err)
		return err;
	dj->dev[i] = dj->targets[i].region.bdev->bd_dev;
	dj->nr_targets++;
	return 0;
}

/* No source is a target without a use: no device, no range, no pin. */
static int get_source(struct kc_devjob *dj, const struct kcopyd_target *from,
		      struct kc_refusal *why)
{
	if (from->fd != -1 || from->offset || from->pad)
		return get_target(dj, from, why);
	dj->nr_targets++;
	return 0;
}

static bool overlap(const struct kc_target *a, const struct kc_target *b)
{
	return a->use && b->use && kc_regions_overlap(&a->region, &b->region);
}

static int check_overlap(struct kc_devjob *dj, struct kc_refusal *why)
{
	unsigned int i, j;

	for (i = 1; i < dj->nr_targets; i++) {
		why->region = i;
		for (j = 0; j < i; j++)
			if (overlap(&dj->targets[i], &dj->targets[j]))
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

	err = get_source(dj, &args->source, why);
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
		for (j = 0; j < b->nr_targets; j++) {
			const struct kc_target *x = &a->targets[i];
			const struct kc_target *y = &b->targets[j];

			if ((x->use | y->use) & KC_TARGET_WRITE &&
			    overlap(x, y)) {
				*region = i;
				return true;
			}
		}
	return false;
}

static int registry_refuses(struct kc_devjob *dj, struct kc_refusal *why)
{
	struct kc_devjob *other;

	if (nr_running >= READ_ONCE(max_jobs))
		return kc_refuse(why, KCOPYD_REASON_MAX_JOBS, -EAGAIN);
	list_for_each_entry(other, &registry, node)
		if (!other->released && jobs_overlap(dj, other, &why->region))
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

static bool is_written(const struct kc_target *target)
{
	return target->use & KC_TARGET_WRITE;
}

/*
 * I/O goes past the page cache: what is dirty must be on the disk to be read,
 * and nothing that is cached may survive being overwritten.
 */
static int prepare_cache(struct kc_devjob *dj, struct kc_refusal *why)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < dj->nr_targets; i++) {
		struct kc_target *target = &dj->targets[i];

		why->region = i;
		err = kc_target_write_out(target, why);
		if (!err && is_written(target) && kc_target_drop_cache(target))
			err = kc_refuse(why, KCOPYD_REASON_PAGE_CACHE, -EBUSY);
	}
	if (!err)
		why->region = KCOPYD_REGION_NONE;
	return err;
}

/*
 * The engine doesn't say what it takes for invalid: look for what concerns
 * devices, since what needs no look at them has been checked before.
 */
static int explain_invalid(const struct kc_devjob *dj, struct kc_refusal *why)
{
	const bool conflict =
		kc_options_conflict(dj->flags | KCOPYD_SUBMIT_WRITE_SEQ);
	unsigned int i, block = SECTOR_SIZE;
	const struct kc_target *target;

	for (i = 0; i < dj->nr_targets; i++)
		if (dj->targets[i].use)
			block = max(block, bdev_logical_block_size(
						   dj->targets[i].region.bdev));
	for (i = 0; i < dj->nr_targets; i++) {
		target = &dj->targets[i];
		if (!target->use)
			continue;
		why->region = i;
		if (!IS_ALIGNED(target->region.sector, block >> SECTOR_SHIFT))
			return kc_refuse(why, KCOPYD_REASON_UNALIGNED, -EINVAL);
		if (is_written(target) && conflict &&
		    bdev_is_zoned(target->region.bdev))
			return kc_refuse(why, KCOPYD_REASON_FLAGS, -EINVAL);
	}
	why->region = KCOPYD_REGION_NONE;
	return kc_refuse(why, KCOPYD_REASON_OPTION, -EINVAL);
}

static int explain(const struct kc_devjob *dj, int err, struct kc_refusal *why)
{
	switch (err) {
	case -EINVAL:
		return explain_invalid(dj, why);
	case -ENOENT:
		return kc_refuse(why, KCOPYD_REASON_CHECKSUM, -EOPNOTSUPP);
	default:
		return kc_refuse(why, KCOPYD_REASON_NO_MEMORY, err);
	}
}

static int submit(struct kc_devjob *dj, struct kcopyd_client *kc,
		  const struct kcopyd_submit *args,
		  const struct kcopyd_job_ops *ops, struct kc_refusal *why)
{
	const struct kc_target *source = &dj->targets[0];
	unsigned int i, nr_dests = dj->nr_targets - 1;
	struct io_region *dests;
	struct kcopyd_request rq = {
		.from = source->use ? &source->region : NULL,
		.num_dests = nr_dests,
		.ops = ops,
		.context = dj,
	};
	int err;

	dests = kmalloc_array(nr_dests, sizeof(*dests), KC_GFP_ACCOUNT);
	if (!dests)
		return kc_refuse(why, KCOPYD_REASON_NO_MEMORY, -ENOMEM);
	for (i = 0; i < nr_dests; i++)
		dests[i] = dj->targets[1 + i].region;
	rq.dests = dests;
	kc_options_to_request(args, &rq);
	kc->serves_users = true;
	err = kcopyd_submit(kc, &rq, &dj->job);
	kfree(dests);
	return err ? explain(dj, err, why) : 0;
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
 * Its ranges are free before its pins go: what is not pinned may cease to
 * exist, and must not be compared with other jobs' devices any more.
 *
 * Return: bit i = pages of destination i would not go, and may be written over
 * the copy: it counts as failed.
 */
u64 kc_devjob_release_targets(struct kc_devjob *dj)
{
	struct kc_target *target;
	unsigned int i;
	u64 failed = 0;

	for (i = 1; i < dj->nr_targets; i++) {
		target = &dj->targets[i];
		if (!is_written(target))
			continue;
		WRITE_ONCE(target->error, kc_target_drop_cache(target));
		if (target->error)
			failed |= BIT_ULL(i - 1);
	}
	mutex_lock(&registry_lock);
	dj->released = true;
	mutex_unlock(&registry_lock);
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

/* A digest of it may be waiting for a reader, who need not be there. */
static void cancel(struct kc_devjob *dj)
{
	lockdep_assert_held(&registry_lock);
	WRITE_ONCE(dj->cancelled, true);
	wake_up_all(dj->room);
	kcopyd_job_cancel(dj->job, 0);
}

/**
 * kc_devjob_cancel - ask a job to stop
 * @dj: may be anybody's: its file lives for as long as it is not done
 */
void kc_devjob_cancel(struct kc_devjob *dj)
{
	mutex_lock(&registry_lock);
	if (!dj->done)
		cancel(dj);
	mutex_unlock(&registry_lock);
}

/* Its descriptor is being closed: what is attached to it ends. */
void kc_devjob_cancel_attached(u64 owner)
{
	struct kc_devjob *dj;

	mutex_lock(&registry_lock);
	list_for_each_entry(dj, &registry, node)
		if (is_attached(dj, owner))
			cancel(dj);
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

/**
 * kc_devjob_region - where a region of a job is
 * @dj: the job
 * @region: 0 the source, 1..n the destinations
 * @progress: to be filled
 *
 * To what the engine knows comes page cache that would not go.
 *
 * Context: process, may sleep.
 */
void kc_devjob_region(struct kc_devjob *dj, unsigned int region,
		      struct kcopyd_region_progress *progress)
{
	*progress = (struct kcopyd_region_progress){};
	kcopyd_job_region(dj->job, region, progress);
	if (!progress->error)
		progress->error = READ_ONCE(dj->targets[region].error);
}

/* The engine's "done" comes a little before the result. */
static u32 devjob_state(const struct kc_devjob *dj, u32 state)
{
	if (dj->done)
		return KCOPYD_STATE_DONE;
	return state == KCOPYD_STATE_DONE ? KCOPYD_STATE_STOPPING : state;
}

/* Returns their number. */
static unsigned int count_extents(struct kc_devjob *dj, bool *coarse)
{
	struct kcopyd_region_progress progress;
	unsigned int i, nr = 0;

	*coarse = false;
	for (i = 0; i < dj->nr_targets; i++) {
		kc_devjob_region(dj, i, &progress);
		nr += progress.nr_extents;
		*coarse |= progress.coarse;
	}
	return nr;
}

static void fill_progress(struct kcopyd_status *status,
			  const struct kcopyd_progress *progress)
{
	status->state = progress->state;
	status->read_err = progress->read_err;
	status->write_err = progress->write_err;
	status->rate = progress->limits.rate;
	status->percent = progress->limits.percent;
	status->depth = progress->limits.depth;
}

static void fill_result(struct kcopyd_status *status,
			const struct kcopyd_result *result)
{
	status->code = result->code;
	status->complete = result->complete;
	status->digest_len = result->digest_len;
	memcpy(status->digest, result->digest, sizeof(status->digest));
}

/*
 * Of a job that is not done the result is all zeroes. How many extents there
 * are is looked at last, as are the regions by the caller: of a job that is
 * said to be done they are final.
 */
void kc_devjob_fill_status(struct kc_devjob *dj, struct kcopyd_status *status)
{
	struct kcopyd_progress progress;
	bool coarse;

	BUILD_BUG_ON(sizeof(status->digest) != sizeof(dj->result.digest));
	mutex_lock(&registry_lock);
	kcopyd_job_progress(dj->job, &progress);
	fill_progress(status, &progress);
	fill_result(status, &dj->result);
	status->state = devjob_state(dj, progress.state);
	status->flags = READ_ONCE(dj->cancelled) ? KCOPYD_STATUS_CANCELLED : 0;
	if (dj->orphaned && !dj->done)
		status->flags |= KCOPYD_STATUS_DRAINING;
	status->job = dj->id;
	status->cookie = dj->cookie;
	status->submit_flags = dj->flags;
	status->checksum = dj->checksum;
	status->length = dj->length;
	status->submitted_ns = dj->submitted_ns;
	status->done_ns = dj->done_ns;
	status->uid = from_kuid_munged(current_user_ns(), dj->uid);
	status->pid = dj->pid;
	status->nr_regions = dj->nr_targets;
	mutex_unlock(&registry_lock);
	status->nr_extents = count_extents(dj, &coarse);
	if (coarse)
		status->flags |= KCOPYD_STATUS_COARSE;
}

static u32 region_flags(struct kc_devjob *dj, unsigned int region, bool differs)
{
	struct kcopyd_progress progress;
	u32 flags = 0;

	if (!region)
		return 0;
	kcopyd_job_progress(dj->job, &progress);
	if (!(progress.live & BIT_ULL(region - 1)))
		flags |= KCOPYD_REGION_DETACHED;
	if (progress.uncoupled & BIT_ULL(region - 1))
		flags |= KCOPYD_REGION_UNCOUPLED;
	if (differs)
		flags |= KCOPYD_REGION_DIFFERS;
	return flags;
}

void kc_devjob_fill_region(struct kc_devjob *dj, unsigned int region,
			   struct kcopyd_region_status *status)
{
	struct kcopyd_region_progress progress;

	kc_devjob_region(dj, region, &progress);
	*status = (struct kcopyd_region_status){
		.major = MAJOR(dj->dev[region]),
		.minor = MINOR(dj->dev[region]),
		.offset = dj->targets[region].region.sector << SECTOR_SHIFT,
		.bytes = progress.bytes,
		.settled = progress.settled,
		.errors = progress.errors,
		.error = progress.error,
		.flags = region_flags(dj, region, progress.differs),
	};
}

/* Error number @i of all regions, in the order of regions. */
bool kc_devjob_error_at(struct kc_devjob *dj, u64 i, struct kcopyd_error *error)
{
	struct kcopyd_region_progress progress;
	unsigned int r;

	for (r = 0; r < dj->nr_targets; r++) {
		kc_devjob_region(dj, r, &progress);
		if (i < progress.nr_extents)
			return !kcopyd_job_extent(dj->job, r, i, error);
		i -= progress.nr_extents;
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
