/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A descriptor of user space as a region, its pin and its page cache (target.c).
 */
#ifndef _KCOPYD_TARGET_H
#define _KCOPYD_TARGET_H

#include <linux/fs.h>
#include <linux/types.h>

#include <kcopyd/dm_io.h>
#include <uapi/kcopyd.h>

#include "refusal.h"

/* What a target is for. */
#define KC_TARGET_READ 0x1U
#define KC_TARGET_WRITE 0x2U

/**
 * struct kc_target - a device that user space gave as a descriptor
 * @use: KC_TARGET_* bits; 0 = there is none, as the source of zeroes
 * @file: pinned until the job is over
 * @region: the range; its device lives as long as @file is pinned
 * @error: -errno if page cache would not go at the end
 */
struct kc_target {
	unsigned int use;
	struct file *file;
	struct io_region region;
	int error;
};

int kc_target_get(struct kc_target *target, const struct kcopyd_target *from,
		  u64 length, unsigned int use, struct kc_refusal *why);
void kc_target_put(struct kc_target *target);
int kc_target_write_out(struct kc_target *target, struct kc_refusal *why);
int kc_target_drop_cache(struct kc_target *target);

#endif /* _KCOPYD_TARGET_H */
