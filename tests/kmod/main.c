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

union test_args {
	struct kcopyd_test_io io;
	struct kcopyd_test_starve starve;
	struct kcopyd_test_client client;
	struct kcopyd_test_copy copy;
	struct kcopyd_test_submit submit;
};

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
	mutex_lock(&caller->lock);
	switch (cmd) {
	case KCOPYD_TEST_GET:
		ret = test_get(caller, arg);
		break;
	case KCOPYD_TEST_PUT:
		ret = test_put(caller, arg);
		break;
	case KCOPYD_TEST_IO:
		ret = test_dm_io(caller, &args->io);
		break;
	case KCOPYD_TEST_IO_FINISH:
		ret = test_dm_io_finish(caller, &args->io);
		break;
	case KCOPYD_TEST_STARVE:
		ret = test_starve(&args->starve);
		break;
	case KCOPYD_TEST_CREATE:
		ret = test_client_create(caller, &args->client);
		break;
	case KCOPYD_TEST_DESTROY:
		ret = test_client_destroy(caller, &args->client);
		break;
	case KCOPYD_TEST_COPY:
		ret = test_copy(caller, &args->copy);
		break;
	case KCOPYD_TEST_SUBMIT:
		ret = test_submit(caller, &args->submit);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&caller->lock);
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
	file->private_data = caller;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_caller *caller = file->private_data;
	struct kcopyd_test_client args = {};

	/* First of all, since they may hold what the rest waits for. */
	test_disks_destroy(caller);
	for (; args.client < KCOPYD_TEST_MAX_CLIENTS; args.client++)
		test_client_destroy(caller, &args);
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

module_misc_device(test_device);

MODULE_DESCRIPTION("In-kernel caller of kcopyd, for its tests");
MODULE_LICENSE("GPL");
