// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a module that uses kcopyd: on loading it begins to copy a device
 * to others, step by step, in the background.
 *
 *   modprobe kcopy_mirror source=/dev/sda dests=/dev/sdb,/dev/sdc
 *   cat /sys/module/kcopy_mirror/parameters/status
 *
 * The status is "copying DONE of ALL sectors", "complete" or why it ended.
 * Unloading ends the copy after the step that is under way. As long as this
 * module is loaded kcopyd can't be unloaded, since its symbols are in use.
 */
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mm.h>

#include <kcopyd/dm_io.h>
#include <kcopyd/kcopyd.h>

#define MAX_DESTS 8

/* Pages that the client copies with; more of them let more be in flight. */
#define RESERVE_PAGES 1024

/* What has been submitted can't be taken back, so it is no more than this. */
#define STEP_SECTORS (64ULL * SZ_1M / SECTOR_SIZE)

/**
 * struct mirror - the copy
 * @files: open devices: the source, the destinations
 * @nr_dests: destinations
 * @client: whose memory it is done with
 * @sectors: of the source
 * @done: sectors that have been copied
 * @stop: the module is to go: begin no further step
 * @ended: no step is under way, and none will be
 * @code: -EINPROGRESS, then how it ended
 * @read_err: as kcopyd said
 * @write_err: as kcopyd said
 *
 * From the first step to @ended it is the notify function's. Others only look.
 */
struct mirror {
	struct file *files[1 + MAX_DESTS];
	unsigned int nr_dests;
	struct kcopyd_client *client;
	sector_t sectors;
	sector_t done;
	bool stop;
	struct completion ended;
	int code;
	int read_err;
	unsigned int write_err;
};

static struct mirror mirror;

static char *source;
module_param(source, charp, 0444);
MODULE_PARM_DESC(source, "block device to copy from");

static char *dests[MAX_DESTS];
module_param_array(dests, charp, &mirror.nr_dests, 0444);
MODULE_PARM_DESC(dests, "block devices to copy to, separated by commas");

static struct block_device *bdev_of(struct file *file)
{
	return I_BDEV(file->f_mapping->host);
}

/* ---- the copy ------------------------------------------------------------- */

static void mirror_end(struct mirror *m, int code)
{
	WRITE_ONCE(m->code, code);
	complete(&m->ended);
}

/*
 * The copy goes past the page cache: what was read from a destination meanwhile
 * is old. And kcopyd_copy() does not flush the caches of devices.
 */
static int settle(struct mirror *m)
{
	unsigned int i;
	int err = 0;

	for (i = 1; i <= m->nr_dests && !err; i++) {
		invalidate_bdev(bdev_of(m->files[i]));
		err = blkdev_issue_flush(bdev_of(m->files[i]));
	}
	return err;
}

static void step_done(int read_err, unsigned int write_err, void *context);

/* The regions need not stay: they may be on the stack. */
static void step_begin(struct mirror *m)
{
	struct io_region from = {
		.bdev = bdev_of(m->files[0]),
		.sector = m->done,
		.count = min_t(sector_t, STEP_SECTORS, m->sectors - m->done),
	};
	struct io_region to[MAX_DESTS];
	unsigned int i;
	int err;

	for (i = 0; i < m->nr_dests; i++) {
		to[i] = from;
		to[i].bdev = bdev_of(m->files[1 + i]);
	}
	err = kcopyd_copy(m->client, &from, m->nr_dests, to, 0, step_done, m);
	if (err) /* and step_done() is not called */
		mirror_end(m, err);
}

/* A work item of kcopyd: it may sleep, and begin the next step itself. */
static void step_done(int read_err, unsigned int write_err, void *context)
{
	struct mirror *m = context;

	m->read_err = read_err;
	m->write_err = write_err;
	if (read_err || write_err) {
		mirror_end(m, -EIO);
		return;
	}
	WRITE_ONCE(m->done, m->done + min_t(sector_t, STEP_SECTORS,
					    m->sectors - m->done));
	if (m->done == m->sectors)
		mirror_end(m, settle(m));
	else if (READ_ONCE(m->stop))
		mirror_end(m, -ECANCELED);
	else
		step_begin(m);
}

/* ---- before and after ----------------------------------------------------- */

/* As if by a program: the same on every kernel. O_EXCL keeps mounts away. */
static struct file *device_open(const char *path, int flags)
{
	struct file *file = filp_open(path, flags | O_LARGEFILE, 0);
	int err = 0;

	if (IS_ERR(file))
		err = PTR_ERR(file);
	else if (!S_ISBLK(file_inode(file)->i_mode))
		err = -ENOTBLK;
	if (!err) /* what is dirty would be missed, or come over the copy later */
		err = sync_blockdev(bdev_of(file));
	if (!err)
		return file;
	pr_err("kcopy_mirror: %s: error %d\n", path, err);
	if (!IS_ERR(file))
		filp_close(file, NULL);
	/* insmod would take that one for a symbol that is missing */
	return ERR_PTR(err == -ENOENT ? -ENXIO : err);
}

static void devices_close(struct mirror *m)
{
	unsigned int i;

	for (i = 0; i <= m->nr_dests; i++)
		if (!IS_ERR_OR_NULL(m->files[i]))
			filp_close(m->files[i], NULL);
}

static int devices_open(struct mirror *m)
{
	unsigned int i;

	m->files[0] = device_open(source, O_RDONLY);
	if (IS_ERR(m->files[0]))
		return PTR_ERR(m->files[0]);
	m->sectors = bdev_nr_sectors(bdev_of(m->files[0]));
	for (i = 1; i <= m->nr_dests; i++) {
		m->files[i] = device_open(dests[i - 1], O_RDWR | O_EXCL);
		if (IS_ERR(m->files[i]))
			return PTR_ERR(m->files[i]);
		if (bdev_nr_sectors(bdev_of(m->files[i])) < m->sectors) {
			pr_err("kcopy_mirror: %s is too small\n", dests[i - 1]);
			return -ENOSPC;
		}
		invalidate_bdev(bdev_of(m->files[i]));
	}
	return 0;
}

/* Whoever makes calls of dm-io has asked for their memory before. */
static int read_first_page(struct block_device *bdev, struct page *page)
{
	struct page_list list = { .page = page };
	struct io_region where = {
		.bdev = bdev,
		.count = PAGE_SIZE / SECTOR_SIZE,
	};
	int err = dm_io_get(1);

	if (err)
		return err;
	err = dm_io_sync(1, &where, READ, &list, 0, NULL);
	dm_io_put(1);
	return err;
}

/* A source that is empty is more often a mistake than something to copy. */
static int source_check(struct mirror *m)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	err = read_first_page(bdev_of(m->files[0]), page);
	if (!err && !memchr_inv(page_address(page), 0, PAGE_SIZE))
		err = -ENODATA;
	if (err)
		pr_err("kcopy_mirror: %s: error %d in its first page\n", source,
		       err);
	__free_page(page);
	return err;
}

static int __init kcopy_mirror_init(void)
{
	struct mirror *m = &mirror;
	int err;

	if (!source || !m->nr_dests) {
		pr_err("kcopy_mirror: source= and dests= are needed\n");
		return -EINVAL;
	}
	init_completion(&m->ended);
	m->code = -EINPROGRESS;
	err = devices_open(m);
	if (err)
		goto out_close;
	err = source_check(m);
	if (err)
		goto out_close;
	err = kcopyd_client_create(RESERVE_PAGES, &m->client);
	if (err)
		goto out_close;
	step_begin(m);
	return 0;

out_close:
	devices_close(m);
	return err;
}

/* In this order: no more submissions, no client, no devices. */
static void __exit kcopy_mirror_exit(void)
{
	struct mirror *m = &mirror;

	WRITE_ONCE(m->stop, true);
	wait_for_completion(&m->ended);
	kcopyd_client_destroy(m->client);
	devices_close(m);
}

module_init(kcopy_mirror_init);
module_exit(kcopy_mirror_exit);

/* ---- how far it is -------------------------------------------------------- */

static int status_get(char *buffer, const struct kernel_param *param)
{
	const struct mirror *m = &mirror;
	int code = READ_ONCE(m->code);

	if (code == -EINPROGRESS)
		return sprintf(buffer, "copying %llu of %llu sectors\n",
			       (u64)READ_ONCE(m->done), (u64)m->sectors);
	if (!code)
		return sprintf(buffer, "complete\n");
	return sprintf(buffer, "error %d, read_err %d, write_err %#x\n", code,
		       m->read_err, m->write_err);
}

static int status_set(const char *value, const struct kernel_param *param)
{
	return -EPERM;
}

static const struct kernel_param_ops status_ops = {
	.get = status_get,
	.set = status_set,
};
module_param_cb(status, &status_ops, NULL, 0444);
MODULE_PARM_DESC(status, "how far it is, or how it ended; to be read");

MODULE_DESCRIPTION(
	"Example of a module that uses kcopyd: copies a device to others");
MODULE_AUTHOR("The kcopyd authors");
MODULE_LICENSE("GPL");
