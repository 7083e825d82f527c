// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kcopyd: what an open descriptor can do.
 *
 * Lifetime. A kc_file counts its unfinished jobs. Closing cancels those that
 * are attached and waits for them, killably and not for ever. When none is
 * left the file and its client are freed at once; otherwise the file is an
 * orphan with a reference on the module, and the last job to finish hands it
 * to the reaper. Whether the closer or the last job frees it is decided under
 * kc_file.lock: the closer sets closed and looks at nr_jobs, a job lowers
 * nr_jobs and looks at closed, so exactly one of them sees both.
 */
#include <linux/atomic.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dev.h"
#include "devjob.h"
#include "events.h"
#include "memory.h"
#include "options.h"

#define FEATURES                                                               \
	(KCOPYD_FEATURE_DETACH | KCOPYD_FEATURE_EXTENTS |                      \
	 KCOPYD_FEATURE_CONTROL | KCOPYD_FEATURE_RETRY | KCOPYD_FEATURE_ZERO | \
	 KCOPYD_FEATURE_SPARSE | KCOPYD_FEATURE_VERIFY |                       \
	 KCOPYD_FEATURE_CHECKSUM | KCOPYD_FEATURE_FAIL_FAST)
/* Twice what a job takes, so that one that is uncoupled leaves the other half. */
#define MEMORY_DEFAULT (16UL << 20)
#define CLOSE_WAIT (30 * HZ)
/* Where no signal ends it. */
#define EXIT_WAIT (2 * HZ)
/* Bytes of a digest in an event, and events of a digest. */
#define DIGEST_PART \
	((unsigned int)sizeof_field(struct kcopyd_event, digest.value))
#define DIGEST_PARTS (KCOPYD_DIGEST_MAX / DIGEST_PART)

static unsigned int max_memory_mib = 256;
module_param(max_memory_mib, uint, 0644);
MODULE_PARM_DESC(max_memory_mib,
		 "reserve of all descriptors together at most, MiB (256)");
/* Each has a ring of events, workers and their rescuers beside its reserve. */
static unsigned int max_clients = 64;
module_param(max_clients, uint, 0644);
MODULE_PARM_DESC(max_clients,
		 "descriptors that have submitted a job at most (64)");

/**
 * struct kc_file - an open descriptor of /dev/kcopyd
 * @serial: number of the file, never used again
 * @submit_lock: serialises the making of the client
 * @client: made by the first job
 * @pages: reserve of @client, as charged
 * @events: what there is to tell
 * @lock: protects all that follows
 * @nr_jobs: not finished
 * @nr_attached: of these, they end with the descriptor
 * @closed: nobody has it open
 * @reap: frees an orphan
 */
struct kc_file {
	u64 serial;
	struct mutex submit_lock;
	struct kcopyd_client *client;
	unsigned long pages;
	struct kc_events events;
	spinlock_t lock;
	unsigned int nr_jobs;
	unsigned int nr_attached;
	bool closed;
	struct work_struct reap;
};

static atomic64_t last_serial;
/* What the limits are about, of all descriptors together. */
static DEFINE_SPINLOCK(limits_lock);
static unsigned long pages_in_use;
static unsigned int nr_clients;
static struct workqueue_struct *reaper;

/* What the engine tells. */

static void event_init(struct kcopyd_event *event, u32 type,
		       const struct kcopyd_job *job, const struct kc_devjob *dj)
{
	*event = (struct kcopyd_event){
		.type = type,
		.job = kcopyd_job_id(job),
		.cookie = dj->cookie,
		.time_ns = ktime_get_ns(),
		.region = KCOPYD_REGION_NONE,
	};
}

static void job_error(struct kcopyd_job *job, const struct kcopyd_error *error,
		      void *context)
{
	struct kc_devjob *dj = context;
	struct kcopyd_event event;

	event_init(&event, KCOPYD_EVENT_EXTENT, job, dj);
	event.region = error->region;
	event.code = error->error;
	event.extent.offset = (u64)error->first << SECTOR_SHIFT;
	event.extent.length = (u64)error->count << SECTOR_SHIFT;
	event.extent.kind = error->kind;
	kc_events_push(dj->events, &event);
}

static void job_state(struct kcopyd_job *job, unsigned int state, void *context)
{
	struct kc_devjob *dj = context;
	struct kcopyd_event event;

	/* Done is an event of its own. */
	if (state == KCOPYD_STATE_DONE)
		return;
	event_init(&event, KCOPYD_EVENT_STATE, job, dj);
	event.state.state = state;
	kc_events_push(dj->events, &event);
}

static void job_digest(struct kcopyd_job *job, sector_t first, sector_t count,
		       const u8 *digest, unsigned int len, void *context)
{
	struct kcopyd_event parts[DIGEST_PARTS];
	struct kc_devjob *dj = context;
	unsigned int i, nr = min(DIV_ROUND_UP(len, DIGEST_PART), DIGEST_PARTS);

	for (i = 0; i < nr; i++) {
		event_init(&parts[i], KCOPYD_EVENT_DIGEST, job, dj);
		parts[i].region = i;
		parts[i].code = count << SECTOR_SHIFT;
		parts[i].digest.offset = (u64)first << SECTOR_SHIFT;
		memcpy(parts[i].digest.value, digest + i * DIGEST_PART,
		       min(len - i * DIGEST_PART, DIGEST_PART));
	}
	kc_events_push_digest(dj, parts, nr);
}

static u64 job_finish(struct kcopyd_job *job, void *context)
{
	return kc_devjob_release_targets(context);
}

static bool is_attached(const struct kc_devjob *dj)
{
	return !(dj->flags & KCOPYD_SUBMIT_DETACH);
}

static void file_job_starts(struct kc_file *file, const struct kc_devjob *dj)
{
	spin_lock(&file->lock);
	file->nr_jobs++;
	file->nr_attached += is_attached(dj);
	spin_unlock(&file->lock);
}

/* A job has left its file, which may go with it. */
static void file_job_left(struct kc_file *file, bool attached)
{
	bool last;

	spin_lock(&file->lock);
	file->nr_attached -= attached;
	last = !--file->nr_jobs && file->closed;
	spin_unlock(&file->lock);
	if (last)
		queue_work(reaper, &file->reap);
}

static bool has_attached(struct kc_file *file)
{
	bool has;

	spin_lock(&file->lock);
	has = file->nr_attached;
	spin_unlock(&file->lock);
	return has;
}

static void job_done(struct kcopyd_job *job, const struct kcopyd_result *result,
		     void *context)
{
	struct kc_devjob *dj = context;
	struct kc_file *file = container_of(dj->events, struct kc_file, events);
	bool attached = is_attached(dj);

	kc_devjob_done(dj, result);
	/* The reader may drop the job from here on. */
	kc_events_push_result(&file->events, dj);
	file_job_left(file, attached);
	wake_up_all(&kc_devjob_wait);
}

static const struct kcopyd_job_ops job_ops = {
	.done = job_done,
	.error = job_error,
	.state = job_state,
	.finish = job_finish,
	.digest = job_digest,
};

/* Reading. */

static ssize_t kc_read(struct file *filp, char __user *buf, size_t count,
		       loff_t *pos)
{
	struct kc_file *file = filp->private_data;
	ssize_t done;
	int err;

	if (count < sizeof(struct kcopyd_event))
		return -EINVAL;
	for (;;) {
		done = kc_events_read(&file->events, buf, count);
		if (done)
			return done;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(
			file->events.wait, kc_events_pending(&file->events));
		if (err)
			return err;
	}
}

static __poll_t kc_poll(struct file *filp, poll_table *wait)
{
	struct kc_file *file = filp->private_data;

	poll_wait(filp, &file->events.wait, wait);
	return kc_events_pending(&file->events) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Submission. */

static u64 max_memory(void)
{
	return (u64)READ_ONCE(max_memory_mib) << 20;
}

/* Make room for another client, whoever else asks for some. */
static int charge_client(unsigned long pages, struct kc_refusal *why)
{
	const u64 max = max_memory() >> PAGE_SHIFT;
	u32 reason = KCOPYD_REASON_NONE;

	spin_lock(&limits_lock);
	if (nr_clients >= READ_ONCE(max_clients)) {
		reason = KCOPYD_REASON_MAX_CLIENTS;
	} else if (pages_in_use + (u64)pages > max) {
		reason = KCOPYD_REASON_MAX_MEMORY;
	} else {
		nr_clients++;
		pages_in_use += pages;
	}
	spin_unlock(&limits_lock);
	return reason ? kc_refuse(why, reason, -EAGAIN) : 0;
}

static void uncharge_client(unsigned long pages)
{
	spin_lock(&limits_lock);
	nr_clients--;
	pages_in_use -= pages;
	spin_unlock(&limits_lock);
}

/* Both or none: what counts in no limit is not to stay. */
static int make_client_and_ring(struct kc_file *file, unsigned long pages)
{
	struct kcopyd_client *kc;
	int err = kcopyd_client_create(pages, &kc);

	if (err)
		return err;
	err = kc_events_alloc(&file->events);
	if (err) {
		kcopyd_client_destroy(kc);
		return err;
	}
	file->client = kc;
	return 0;
}

static int make_client(struct kc_file *file, u64 memory, struct kc_refusal *why)
{
	unsigned long pages;
	int err;

	if (file->client)
		return 0;
	memory = memory ?: MEMORY_DEFAULT;
	if (memory < PAGE_SIZE || memory > (u64)UINT_MAX << PAGE_SHIFT)
		return kc_refuse(why, KCOPYD_REASON_OPTION, -EINVAL);
	pages = memory >> PAGE_SHIFT;
	err = charge_client(pages, why);
	if (err)
		return err;
	err = make_client_and_ring(file, pages);
	if (err) {
		uncharge_client(pages);
		return kc_refuse(why, KCOPYD_REASON_NO_MEMORY, err);
	}
	file->pages = pages;
	return 0;
}

/*
 * A logical block that is larger than the reserve can't be copied at all; to
 * be compared it is needed twice.
 */
static int check_reserve(struct kc_file *file, struct kc_devjob *dj,
			 struct kc_refusal *why)
{
	const u32 twice = KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_COMPARE;
	unsigned long room = file->pages << PAGE_SHIFT;
	const struct kc_target *target;
	unsigned int i;

	if (dj->flags & twice)
		room /= 2;
	for (i = 0; i < dj->nr_targets; i++) {
		target = &dj->targets[i];
		if (!target->use ||
		    bdev_logical_block_size(target->region.bdev) <= room)
			continue;
		why->region = i;
		return kc_refuse(why, KCOPYD_REASON_RESERVE, -EINVAL);
	}
	return 0;
}

static int start_job(struct kc_file *file, struct kc_devjob *dj,
		     struct kcopyd_submit *args, struct kc_refusal *why)
{
	int err;

	if (kc_events_are_neglected(&file->events))
		return kc_refuse(why, KCOPYD_REASON_UNREAD, -EAGAIN);
	if (mutex_lock_killable(&file->submit_lock))
		return kc_refuse(why, KCOPYD_REASON_INTERRUPTED, -EINTR);
	err = make_client(file, args->memory, why);
	mutex_unlock(&file->submit_lock);
	if (!err)
		err = check_reserve(file, dj, why);
	if (err)
		return err;
	err = kc_devjob_register(dj, why);
	if (err)
		return err;
	file_job_starts(file, dj);
	err = kc_devjob_start(dj, file->client, args, &job_ops, why);
	if (!err) {
		args->job = dj->id;
		return 0;
	}
	kc_devjob_unregister(dj);
	file_job_left(file, is_attached(dj));
	return err;
}

static int submit(struct kc_file *file, struct kcopyd_submit *args,
		  struct kc_refusal *why)
{
	struct kc_devjob *dj;
	int err = kc_options_check(args, why);

	if (err)
		return err;
	dj = kc_devjob_create(&file->events, &file->events.room, file->serial,
			      args);
	if (!dj)
		return kc_refuse(why, KCOPYD_REASON_NO_MEMORY, -ENOMEM);
	err = kc_devjob_get_targets(dj, args, why);
	if (!err)
		err = start_job(file, dj, args, why);
	kc_devjob_put(dj);
	return err;
}

/* The ioctls: structs that may grow, out fields also after a refusal. */

static int get_args(void *args, size_t size, const void __user *user,
		    size_t *user_size)
{
	u32 claimed;

	if (get_user(claimed, (const u32 __user *)user))
		return -EFAULT;
	if (claimed < size)
		return -EINVAL;
	if (claimed > PAGE_SIZE)
		return -E2BIG;
	*user_size = claimed;
	return copy_struct_from_user(args, size, user, claimed);
}

static int put_args(void __user *user, const void *args, size_t size)
{
	return copy_to_user(user, args, size) ? -EFAULT : 0;
}

static long ioctl_info(struct kc_file *file, void __user *user)
{
	struct kcopyd_info info;
	size_t size;
	int err = get_args(&info, sizeof(info), user, &size);

	if (err)
		return err;
	info.abi = KCOPYD_ABI_VERSION;
	info.features = FEATURES;
	info.max_dests = KCOPYD_MAX_DESTS;
	info.max_memory = max_memory();
	info.memory = (u64)READ_ONCE(pages_in_use) << PAGE_SHIFT;
	kc_devjob_fill_info(&info);
	return put_args(user, &info, sizeof(info));
}

static long ioctl_submit(struct kc_file *file, void __user *user)
{
	struct kc_refusal why = { .region = KCOPYD_REGION_NONE };
	struct kcopyd_submit args;
	size_t size;
	int err = get_args(&args, sizeof(args), user, &size);

	if (err)
		return err;
	args.job = 0;
	err = submit(file, &args, &why);
	args.reason = why.reason;
	args.region = why.region;
	/* A job that runs although the caller can't know is found by status. */
	return put_args(user, &args, sizeof(args)) ?: err;
}

static long ioctl_cancel(struct kc_file *file, void __user *user)
{
	struct kcopyd_cancel args;
	struct kc_devjob *dj;
	size_t size;
	long err = get_args(&args, sizeof(args), user, &size);

	if (err)
		return err;
	dj = kc_devjob_find(args.job, false, file->serial);
	if (!dj)
		return -ENOENT;
	kc_devjob_cancel(dj);
	err = wait_event_interruptible_timeout(
		kc_devjob_wait, kc_devjob_is_done(dj),
		msecs_to_jiffies(args.timeout_ms));
	kc_devjob_put(dj);
	if (err < 0)
		return -EINTR;
	return err ? 0 : -EINPROGRESS;
}

static long ioctl_control(struct kc_file *file, void __user *user)
{
	struct kcopyd_control args;
	struct kc_devjob *dj;
	size_t size;
	int err = get_args(&args, sizeof(args), user, &size);

	if (err)
		return err;
	dj = kc_devjob_find(args.job, false, file->serial);
	if (!dj)
		return -ENOENT;
	err = kc_options_control(&args, dj->job);
	kc_devjob_put(dj);
	return err;
}

static int put_regions(struct kc_devjob *dj, u64 regions, unsigned int room)
{
	struct kcopyd_region_status __user *user = u64_to_user_ptr(regions);
	struct kcopyd_region_status status;
	unsigned int i;

	if (!regions)
		return 0;
	for (i = 0; i < min(room, dj->nr_targets); i++) {
		kc_devjob_fill_region(dj, i, &status);
		if (copy_to_user(&user[i], &status, sizeof(status)))
			return -EFAULT;
	}
	return 0;
}

static long ioctl_status(struct kc_file *file, void __user *user)
{
	struct kcopyd_status args;
	struct kc_devjob *dj;
	u32 room;
	size_t size;
	int err = get_args(&args, sizeof(args), user, &size);

	if (err)
		return err;
	if (args.flags & ~KCOPYD_STATUS_NEXT)
		return -EINVAL;
	/* Of how many there are we are told next. */
	room = args.nr_regions;
	dj = kc_devjob_find(args.job, args.flags & KCOPYD_STATUS_NEXT,
			    file->serial);
	if (!dj)
		return -ENOENT;
	kc_devjob_fill_status(dj, &args);
	err = put_regions(dj, args.regions, room);
	kc_devjob_put(dj);
	return err ?: put_args(user, &args, sizeof(args));
}

static int put_extents(struct kc_devjob *dj, struct kcopyd_extents *args)
{
	struct kcopyd_extent __user *user = u64_to_user_ptr(args->extents);
	unsigned int room = args->nr;
	struct kcopyd_error error;

	args->nr = 0;
	while (args->nr < room &&
	       kc_devjob_error_at(dj, args->cursor, &error)) {
		const struct kcopyd_extent extent = {
			.offset = (u64)error.first << SECTOR_SHIFT,
			.length = (u64)error.count << SECTOR_SHIFT,
			.region = error.region,
			.kind = error.kind,
			.error = error.error,
		};

		if (copy_to_user(&user[args->nr], &extent, sizeof(extent)))
			return -EFAULT;
		args->nr++;
		args->cursor++;
	}
	return 0;
}

static long ioctl_extents(struct kc_file *file, void __user *user)
{
	struct kcopyd_extents args;
	struct kc_devjob *dj;
	size_t size;
	int err = get_args(&args, sizeof(args), user, &size);

	if (err)
		return err;
	dj = kc_devjob_find(args.job, false, file->serial);
	if (!dj)
		return -ENOENT;
	err = put_extents(dj, &args);
	kc_devjob_put(dj);
	return err ?: put_args(user, &args, sizeof(args));
}

/* The size in the number is that of the caller's headers, which may differ. */
static long kc_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct kc_file *file = filp->private_data;
	void __user *user = (void __user *)arg;

	if (_IOC_TYPE(cmd) != KCOPYD_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(KCOPYD_IOC_INFO):
		return ioctl_info(file, user);
	case _IOC_NR(KCOPYD_IOC_SUBMIT):
		return ioctl_submit(file, user);
	case _IOC_NR(KCOPYD_IOC_CANCEL):
		return ioctl_cancel(file, user);
	case _IOC_NR(KCOPYD_IOC_STATUS):
		return ioctl_status(file, user);
	case _IOC_NR(KCOPYD_IOC_EXTENTS):
		return ioctl_extents(file, user);
	case _IOC_NR(KCOPYD_IOC_CONTROL):
		return ioctl_control(file, user);
	default:
		return -ENOTTY;
	}
}

/* Coming and going of a descriptor. */

static void file_free(struct kc_file *file)
{
	if (file->client) {
		kcopyd_client_destroy(file->client);
		uncharge_client(file->pages);
	}
	kc_events_exit(&file->events);
	kfree(file);
}

/*
 * The module's exit waits for the reaper's workqueue, so that this may return
 * after it has dropped the last reference.
 */
static void file_reap(struct work_struct *work)
{
	file_free(container_of(work, struct kc_file, reap));
	module_put(THIS_MODULE);
}

static int kc_open(struct inode *inode, struct file *filp)
{
	struct kc_file *file = kzalloc(sizeof(*file), KC_GFP_ACCOUNT);

	if (!file)
		return -ENOMEM;
	file->serial = atomic64_inc_return(&last_serial);
	mutex_init(&file->submit_lock);
	kc_events_init(&file->events);
	spin_lock_init(&file->lock);
	INIT_WORK(&file->reap, file_reap);
	filp->private_data = file;
	return stream_open(inode, filp);
}

/*
 * A task on its way out takes no more signals, so a killable sleep is none for
 * it: whether it was killed is seen by its exit code, and if it was not, nobody
 * can do it any more. A kernel thread has the last reference to a file that was
 * on its way between sockets, or in an io_uring: it puts those of others as well.
 */
static unsigned long close_wait(void)
{
	if (current->flags & PF_KTHREAD)
		return 0;
	if (!(current->flags & PF_EXITING))
		return CLOSE_WAIT;
	return current->signal->group_exit_code & 0x7f ? 0 : EXIT_WAIT;
}

static int kc_release(struct inode *inode, struct file *filp)
{
	struct kc_file *file = filp->private_data;
	unsigned long wait = close_wait();
	bool orphan;

	kc_events_close(&file->events);
	kc_devjob_cancel_attached(file->serial);
	if (wait)
		wait_event_killable_timeout(kc_devjob_wait, !has_attached(file),
					    wait);
	kc_devjob_orphan(file->serial);
	spin_lock(&file->lock);
	file->closed = true;
	orphan = file->nr_jobs;
	if (orphan)
		__module_get(THIS_MODULE);
	spin_unlock(&file->lock);
	if (!orphan)
		file_free(file);
	return 0;
}

static const struct file_operations kc_fops = {
	.owner = THIS_MODULE,
	.open = kc_open,
	.release = kc_release,
	.read = kc_read,
	.poll = kc_poll,
	.unlocked_ioctl = kc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kc_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kcopyd",
	.fops = &kc_fops,
	.mode = 0600,
};

int kc_dev_init(void)
{
	int err;

	reaper = alloc_workqueue("kcopyd_reaper", WQ_UNBOUND, 0);
	if (!reaper)
		return -ENOMEM;
	err = misc_register(&kc_misc);
	if (err)
		destroy_workqueue(reaper);
	return err;
}

void kc_dev_exit(void)
{
	misc_deregister(&kc_misc);
	destroy_workqueue(reaper);
	kc_devjobs_exit();
}
