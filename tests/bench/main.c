// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kcopyd_bench: the same work done by ours and by others, in the kernel,
 * and how long it took.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "internal.h"

static long dm_io_ioctl(void __user *user)
{
	struct kcopyd_bench_dm_io args;
	int err;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	err = bench_dm_io(&args);
	if (err)
		return err;
	return copy_to_user(user, &args, sizeof(args)) ? -EFAULT : 0;
}

static long copy_ioctl(void __user *user)
{
	struct kcopyd_bench_copy args;
	int err;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	err = bench_copy(&args);
	if (err)
		return err;
	return copy_to_user(user, &args, sizeof(args)) ? -EFAULT : 0;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KCOPYD_BENCH_DM_IO:
		return dm_io_ioctl(user);
	case KCOPYD_BENCH_COPY:
		return copy_ioctl(user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice bench_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kcopyd_bench",
	.fops = &bench_fops,
	.mode = 0600,
};

module_misc_device(bench_device);

MODULE_DESCRIPTION("Measures kcopyd beside its peers");
MODULE_LICENSE("GPL");
