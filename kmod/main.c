// SPDX-License-Identifier: GPL-2.0-only
/* Coming and going of the module, nothing else. */
#include <linux/init.h>
#include <linux/module.h>
#include <kcopyd/version.h>

#include "chunk.h"
#include "clock.h"
#include "dev.h"
#include "io.h"
#include "job.h"
#include "jobpool.h"
#include "zero.h"

static int __init kc_init(void)
{
	int err;

	kc_clock_init();
	err = kc_iopool_init();
	if (err)
		goto out;
	err = kc_zero_init();
	if (err)
		goto out_iopool;
	err = kc_chunk_caches_init();
	if (err)
		goto out_zero;
	err = kc_job_caches_init();
	if (err)
		goto out_chunk;
	err = kc_dev_init();
	if (err)
		goto out_job;
	return 0;

out_job:
	kc_job_caches_exit();
out_chunk:
	kc_chunk_caches_exit();
out_zero:
	kc_zero_exit();
out_iopool:
	kc_iopool_exit();
out:
	return err;
}

static void __exit kc_exit(void)
{
	kc_dev_exit();
	kc_job_caches_exit();
	kc_chunk_caches_exit();
	kc_zero_exit();
	kc_iopool_exit();
}

module_init(kc_init);
module_exit(kc_exit);

MODULE_DESCRIPTION("Block copy service: dm-io and kcopyd");
MODULE_AUTHOR("The kcopyd authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(KCOPYD_VERSION);
