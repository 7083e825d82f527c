// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kcopyd_test: the calls that kcopyd.ko exports, as ioctls. A caller may
 * pass anything; what is wrong in it must be refused by the call under test,
 * not crash here.
 */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"
#include "kcopyd_test_disk.h"

unsigned int test_context(void)
{
	return in_task() ? KCOPYD_TEST_IN_TASK : KCOPYD_TEST_IN_INTERRUPT;
}

/* May sleep. Every file stays open until test_regions_destroy(). */
struct test_regions *test_regions_create(const void __user *from,
					 unsigned int nr)
{
	struct test_regions *regions;
	unsigned int i;

	if (nr > KCOPYD_TEST_MAX_REGIONS)
		return ERR_PTR(-E2BIG);
	regions = kzalloc(sizeof(*regions), GFP_KERNEL);
	if (!regions)
		return ERR_PTR(-ENOMEM);
	regions->nr = nr;
	/* One more, so that no region is still an address. */
	regions->files = kcalloc(nr + 1, sizeof(*regions->files), GFP_KERNEL);
	regions->regions =
		kcalloc(nr + 1, sizeof(*regions->regions), GFP_KERNEL);
	if (!regions->files || !regions->regions) {
		test_regions_destroy(regions);
		return ERR_PTR(-ENOMEM);
	}
	for (i = 0; i < nr; i++) {
		struct kcopyd_test_region region;
		struct inode *inode;
		int ret = -EFAULT;

		if (copy_from_user(&region, from + i * sizeof(region),
				   sizeof(region)))
			goto fail;
		regions->regions[i].sector = region.sector;
		regions->regions[i].count = region.count;
		if (region.fd == -1)
			continue;
		ret = -EBADF;
		regions->files[i] = fget(region.fd);
		if (!regions->files[i])
			goto fail;
		ret = -ENOTBLK;
		inode = regions->files[i]->f_mapping->host;
		if (!S_ISBLK(inode->i_mode))
			goto fail;
		regions->regions[i].bdev = I_BDEV(inode);
		continue;
fail:
		test_regions_destroy(regions);
		return ERR_PTR(ret);
	}
	return regions;
}

void test_regions_destroy(struct test_regions *regions)
{
	unsigned int i;

	for (i = 0; regions->files && i < regions->nr; i++)
		if (regions->files[i])
			fput(regions->files[i]);
	kfree(regions->files);
	kfree(regions->regions);
	kfree(regions);
}

static int test_get(struct test_caller *caller, unsigned long pages)
{
	int ret;

	if (pages > U32_MAX)
		return -EINVAL;
	ret = dm_io_get(pages);
	if (!ret)
		caller->got += pages;
	return ret;
}

static int test_put(struct test_caller *caller, unsigned long pages)
{
	if (pages > caller->got)
		return -EINVAL;
	dm_io_put(pages);
	caller->got -= pages;
	return 0;
}

static int test_leak(void)
{
	/* Not through a variable: a stack may keep it. */
	return kmalloc(1000, GFP_KERNEL) ? 0 : -ENOMEM;
}

/* What a mistake of kcopyd's could hand out: for the test that would see it. */
static int test_stale(struct kcopyd_test_stale *args)
{
	void *slab = kmalloc(sizeof(args->slab), GFP_KERNEL);
	void *page = (void *)__get_free_page(GFP_KERNEL);
	u8 stack[KCOPYD_TEST_STALE_SIZE];
	int ret = -ENOMEM;

	/* Else the compiler would see that nothing was written there. */
	barrier_data(stack);
	if (slab && page) {
		memcpy(args->slab, slab, sizeof(args->slab));
		memcpy(args->page, page, sizeof(args->page));
		memcpy(args->stack, stack, sizeof(args->stack));
		ret = 0;
	}
	free_page((unsigned long)page);
	kfree(slab);
	return ret;
}

union test_args {
	struct kcopyd_test_io io;
	struct kcopyd_test_starve starve;
	struct kcopyd_test_client client;
	struct kcopyd_test_copy copy;
	struct kcopyd_test_submit submit;
	struct kcopyd_test_starve_copy starve_copy;
	struct kcopyd_test_result result;
	struct kcopyd_test_steer steer;
	struct kcopyd_test_progress progress;
	struct kcopyd_test_job_region region;
	struct kcopyd_test_extent extent;
	struct kcopyd_test_hash hash;
	struct kcopyd_test_stale stale;
};

/* One at a time: the caller is locked. */
static int make_call(struct test_caller *caller, unsigned int cmd,
		     unsigned long arg, union test_args *args)
{
	lockdep_assert_held(&caller->lock);
	switch (cmd) {
	case KCOPYD_TEST_GET:
		return test_get(caller, arg);
	case KCOPYD_TEST_PUT:
		return test_put(caller, arg);
	case KCOPYD_TEST_IO:
		return test_dm_io(caller, &args->io);
	case KCOPYD_TEST_IO_FINISH:
		return test_dm_io_finish(caller, &args->io);
	case KCOPYD_TEST_STARVE:
		return test_starve(&args->starve);
	case KCOPYD_TEST_STARVE_COPY:
		return test_starve_copy(caller, &args->starve_copy);
	case KCOPYD_TEST_CREATE:
		return test_client_create(caller, &args->client);
	case KCOPYD_TEST_DESTROY:
		return test_client_destroy(caller, &args->client);
	case KCOPYD_TEST_COPY:
		return test_copy(caller, &args->copy);
	case KCOPYD_TEST_SUBMIT:
		return test_submit(caller, &args->submit);
	case KCOPYD_TEST_HASH:
		return test_hash(&args->hash);
	case KCOPYD_TEST_LEAK:
		return test_leak();
	case KCOPYD_TEST_STALE:
		return test_stale(&args->stale);
	default:
		return -ENOTTY;
	}
}

/* Any number at a time; -ENOTTY: it is none of these. */
static int make_job_call(struct test_caller *caller, unsigned int cmd,
			 union test_args *args)
{
	switch (cmd) {
	case KCOPYD_TEST_RESULT:
		return test_job_result(caller, &args->result);
	case KCOPYD_TEST_STEER:
		return test_job_steer(caller, &args->steer);
	case KCOPYD_TEST_PROGRESS:
		return test_job_progress(caller, &args->progress);
	case KCOPYD_TEST_REGION:
		return test_job_region(caller, &args->region);
	case KCOPYD_TEST_EXTENT:
		return test_job_extent(caller, &args->extent);
	default:
		return -ENOTTY;
	}
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct test_caller *caller = file->private_data;
	void __user *user = (void __user *)arg;
	size_t size = _IOC_SIZE(cmd);
	union test_args *args;
	long ret;

	if (_IOC_TYPE(cmd) == KCOPYD_TEST_DISK_MAGIC)
		return test_disk_ioctl(caller, cmd, user);
	if (size > sizeof(*args))
		return -ENOTTY;
	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	ret = -EFAULT;
	if (size && copy_from_user(args, user, size))
		goto out;
	ret = make_job_call(caller, cmd, args);
	if (ret == -ENOTTY) {
		mutex_lock(&caller->lock);
		ret = make_call(caller, cmd, arg, args);
		mutex_unlock(&caller->lock);
	}
	if (!ret && size && copy_to_user(user, args, size))
		ret = -EFAULT;
out:
	kfree(args);
	return ret;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_caller *caller;

	caller = kzalloc(sizeof(*caller), GFP_KERNEL);
	if (!caller)
		return -ENOMEM;
	mutex_init(&caller->lock);
	INIT_LIST_HEAD(&caller->in_flight);
	xa_init_flags(&caller->jobs, XA_FLAGS_ALLOC);
	file->private_data = caller;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_caller *caller = file->private_data;
	const struct kcopyd_test_hash works = {};
	struct kcopyd_test_client args = {};

	test_hash(&works);
	/* First of all, since they may hold what the rest waits for. */
	test_disks_destroy(caller);
	/* One that is paused would never end. */
	test_jobs_cancel(caller);
	for (; args.client < KCOPYD_TEST_MAX_CLIENTS; args.client++)
		test_client_destroy(caller, &args);
	test_jobs_destroy(caller);
	test_dm_io_finish_all(caller);
	if (caller->got)
		test_put(caller, caller->got);
	kfree(caller);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kcopyd_test",
	.fops = &test_fops,
	.mode = 0600,
};

static int __init test_init(void)
{
	int err = test_hash_init();

	if (err)
		return err;
	err = misc_register(&test_device);
	if (err)
		test_hash_exit();
	return err;
}
module_init(test_init);

static void __exit test_exit(void)
{
	misc_deregister(&test_device);
	test_hash_exit();
}
module_exit(test_exit);

MODULE_DESCRIPTION("In-kernel caller of kcopyd, for its tests");
MODULE_LICENSE("GPL");
