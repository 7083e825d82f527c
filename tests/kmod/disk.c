// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test disk: made and destroyed, found by name.
 *
 * One mutex is held by each ioctl from beginning to end. None of them waits for
 * I/O but the destruction, which has let go of all that was held before, so
 * that nobody's ioctl is needed for it to end.
 */
#include <linux/blkdev.h>
#include <linux/ctype.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "disk.h"
#include "internal.h"

#define MIB_SECTORS (1U << (20 - SECTOR_SHIFT))

static DEFINE_MUTEX(disks_lock);
static LIST_HEAD(disks);

static const struct block_device_operations disk_fops = {
	.owner = THIS_MODULE,
};

/* ---- arguments ----------------------------------------------------------- */

static bool name_valid(const char name[KCOPYD_TEST_DISK_NAME])
{
	size_t i, length = strnlen(name, KCOPYD_TEST_DISK_NAME);

	for (i = 0; i < length; i++)
		if (!isalnum(name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return length && length < KCOPYD_TEST_DISK_NAME;
}

static bool mask_valid(u64 mask)
{
	return !(mask & (mask + 1));
}

static void args_complete(struct kcopyd_test_disk *args)
{
	args->block = args->block ?: SECTOR_SIZE;
	args->max_sectors = args->max_sectors ?: 2048;
	args->max_segments = args->max_segments ?: 128;
	if (!args->virt_boundary)
		args->max_segment_size = args->max_segment_size ?: 65536;
	args->dma_alignment = args->dma_alignment ?: SECTOR_SIZE - 1;
	args->depth = args->depth ?: 128;
	args->seg_boundary = args->seg_boundary ?: U32_MAX;
	args->hold_seconds = args->hold_seconds ?: 90;
}

/* What the block layer would warn of or change. */
static bool limits_valid(const struct kcopyd_test_disk *args)
{
	u32 block = args->block >> SECTOR_SHIFT;

	return args->block >= SECTOR_SIZE && args->block <= PAGE_SIZE &&
	       is_power_of_2(args->block) &&
	       args->max_sectors >= PAGE_SIZE >> SECTOR_SHIFT &&
	       args->max_sectors % block == 0 &&
	       args->max_segments <= USHRT_MAX &&
	       (args->virt_boundary ? !args->max_segment_size :
				      args->max_segment_size >= PAGE_SIZE) &&
	       mask_valid(args->dma_alignment) &&
	       args->dma_alignment < PAGE_SIZE &&
	       mask_valid(args->seg_boundary) &&
	       args->seg_boundary >= PAGE_SIZE - 1 &&
	       mask_valid(args->virt_boundary) &&
	       args->virt_boundary < PAGE_SIZE &&
	       args->max_discard_sectors % block == 0 &&
	       args->max_write_zeroes_sectors % block == 0;
}

static bool args_valid(const struct kcopyd_test_disk *args)
{
	const u32 flags = KCOPYD_TEST_DISK_WRITE_CACHE | KCOPYD_TEST_DISK_FUA |
			  KCOPYD_TEST_DISK_NO_MERGES | KCOPYD_TEST_DISK_SECRET;

	return name_valid(args->name) && args->mib &&
	       args->mib <= KCOPYD_TEST_DISK_MAX_MIB &&
	       args->depth <= KCOPYD_TEST_DISK_MAX_DEPTH &&
	       args->completion <= KCOPYD_TEST_DISK_INTERRUPT &&
	       !(args->flags & ~flags) &&
	       (args->flags & KCOPYD_TEST_DISK_WRITE_CACHE ||
		!(args->flags & KCOPYD_TEST_DISK_FUA)) &&
	       args->hold_seconds <= 3600 && limits_valid(args);
}

/* As if it could do everything. */
static struct kcopyd_test_disk generous(const struct kcopyd_test_disk *args)
{
	struct kcopyd_test_disk told = *args;

	told.block = SECTOR_SIZE;
	told.max_sectors = 4096;
	told.max_segments = USHRT_MAX;
	told.max_segment_size = UINT_MAX;
	told.dma_alignment = 3;
	told.seg_boundary = ULONG_MAX;
	told.virt_boundary = 0;
	told.max_discard_sectors = args->mib * MIB_SECTORS;
	told.max_write_zeroes_sectors = args->mib * MIB_SECTORS;
	told.flags |= KCOPYD_TEST_DISK_WRITE_CACHE | KCOPYD_TEST_DISK_FUA;
	return told;
}

/* ---- life ---------------------------------------------------------------- */

static struct test_disk *disk_find(const char *name)
{
	struct test_disk *disk;

	lockdep_assert_held(&disks_lock);
	list_for_each_entry(disk, &disks, entry)
		if (!strncmp(disk->args.name, name, KCOPYD_TEST_DISK_NAME))
			return disk;
	return NULL;
}

static int tags_init(struct test_disk *disk)
{
	disk->tags.ops = &disk_mq_ops;
	disk->tags.nr_hw_queues = 1;
	disk->tags.queue_depth = disk->args.depth;
	disk->tags.numa_node = NUMA_NO_NODE;
	disk->tags.cmd_size = disk_command_size();
	disk->tags.timeout = disk->args.hold_seconds * HZ;
	disk->tags.flags = BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	return blk_mq_alloc_tag_set(&disk->tags);
}

static int gendisk_create(struct test_disk *disk)
{
	struct kcopyd_test_disk told = disk->args;
	struct gendisk *gendisk;
	int ret;

	if (told.flags & KCOPYD_TEST_DISK_SECRET)
		told = generous(&told);
	gendisk = kt_alloc_disk(&disk->tags, &told, disk);
	if (IS_ERR(gendisk))
		return PTR_ERR(gendisk);
	disk->gendisk = gendisk;
	gendisk->fops = &disk_fops;
	/* No partitions, so nobody reads before the test does. */
	gendisk->flags |= GENHD_FL_NO_PART;
	snprintf(gendisk->disk_name, sizeof(gendisk->disk_name),
		 KCOPYD_TEST_DISK_PREFIX "%s", disk->args.name);
	set_capacity(gendisk, disk->sectors);
	if (disk->args.flags & KCOPYD_TEST_DISK_NO_MERGES)
		set_bit(QUEUE_FLAG_NOMERGES, &gendisk->queue->queue_flags);
	ret = add_disk(gendisk);
	if (ret)
		put_disk(gendisk);
	return ret;
}

static int disk_create(void *owner, const struct kcopyd_test_disk *wanted)
{
	struct test_disk *disk;
	int ret;

	lockdep_assert_held(&disks_lock);
	disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	if (!disk)
		return -ENOMEM;
	disk->owner = owner;
	disk->args = *wanted;
	args_complete(&disk->args);
	ret = -EINVAL;
	if (!args_valid(&disk->args))
		goto free_disk;
	ret = -EEXIST;
	if (disk_find(disk->args.name))
		goto free_disk;
	disk->sectors = disk->args.mib * MIB_SECTORS;
	disk_requests_init(disk);
	ret = -ENOMEM;
	disk->store = vzalloc(disk->sectors << SECTOR_SHIFT);
	if (!disk->store)
		goto free_disk;
	ret = tags_init(disk);
	if (ret)
		goto free_store;
	ret = gendisk_create(disk);
	if (ret)
		goto free_tags;
	list_add_tail(&disk->entry, &disks);
	return 0;

free_tags:
	blk_mq_free_tag_set(&disk->tags);
free_store:
	vfree(disk->store);
free_disk:
	kfree(disk);
	return ret;
}

/*
 * Somebody may have it open, and keep the gendisk and its queue; but when
 * del_gendisk() returns, no request is left and none will come, so that nothing
 * of ours is needed any more. The name stays taken until then.
 */
static void disk_destroy(struct test_disk *disk)
{
	lockdep_assert_held(&disks_lock);
	disk_let_go(disk);
	del_gendisk(disk->gendisk);
	/* An interrupt may still be about to leave. */
	irq_work_sync(&disk->completer);
	put_disk(disk->gendisk);
	blk_mq_free_tag_set(&disk->tags);
	list_del(&disk->entry);
	vfree(disk->store);
	kfree(disk);
}

/* @owner: NULL = whoever. */
static void disks_destroy(const void *owner)
{
	struct test_disk *disk, *next;

	lockdep_assert_held(&disks_lock);
	list_for_each_entry_safe(disk, next, &disks, entry)
		if (!owner || disk->owner == owner)
			disk_destroy(disk);
}

void test_disks_destroy(struct test_caller *caller)
{
	mutex_lock(&disks_lock);
	disks_destroy(caller);
	mutex_unlock(&disks_lock);
}

/* ---- ioctls -------------------------------------------------------------- */

union disk_args {
	char name[KCOPYD_TEST_DISK_NAME]; /* what all begin with */
	struct kcopyd_test_disk disk;
	struct kcopyd_test_disk_fault fault;
	struct kcopyd_test_disk_hold hold;
	struct kcopyd_test_disk_release release;
	struct kcopyd_test_disk_gone gone;
	struct kcopyd_test_disk_stats stats;
	struct kcopyd_test_disk_reset reset;
};

static int disk_control(struct test_disk *disk, unsigned int cmd,
			union disk_args *args)
{
	switch (cmd) {
	case KCOPYD_TEST_DISK_DESTROY:
		disk_destroy(disk);
		return 0;
	case KCOPYD_TEST_DISK_FAULT:
		return disk_fault_add(disk, &args->fault);
	case KCOPYD_TEST_DISK_CLEAR:
		disk_faults_clear(disk);
		return 0;
	case KCOPYD_TEST_DISK_HOLD:
		return disk_hold(disk, &args->hold);
	case KCOPYD_TEST_DISK_RELEASE:
		return disk_release(disk, &args->release);
	case KCOPYD_TEST_DISK_GONE:
		return disk_gone(disk, &args->gone);
	case KCOPYD_TEST_DISK_STATS:
		disk_stats(disk, &args->stats);
		return 0;
	case KCOPYD_TEST_DISK_RESET:
		disk_stats_reset(disk, &args->reset);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int disks_control(void *owner, unsigned int cmd, union disk_args *args)
{
	struct test_disk *disk;

	lockdep_assert_held(&disks_lock);
	if (cmd == KCOPYD_TEST_DISK_CREATE)
		return disk_create(owner, &args->disk);
	if (cmd == KCOPYD_TEST_DISK_DESTROY && !args->name[0]) {
		disks_destroy(NULL);
		return 0;
	}
	disk = disk_find(args->name);
	return disk ? disk_control(disk, cmd, args) : -ENOENT;
}

long test_disk_ioctl(struct test_caller *caller, unsigned int cmd,
		     void __user *user)
{
	size_t size = _IOC_SIZE(cmd);
	union disk_args *args;
	long ret = -EFAULT;

	if (size > sizeof(*args))
		return -ENOTTY;
	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	if (copy_from_user(args, user, size))
		goto out;
	mutex_lock(&disks_lock);
	ret = disks_control(caller, cmd, args);
	mutex_unlock(&disks_lock);
	if (!ret && _IOC_DIR(cmd) & _IOC_READ && copy_to_user(user, args, size))
		ret = -EFAULT;
out:
	kfree(args);
	return ret;
}
