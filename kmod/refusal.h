/* SPDX-License-Identifier: GPL-2.0-only */
/* Why user space is refused something. */
#ifndef _KCOPYD_REFUSAL_H
#define _KCOPYD_REFUSAL_H

#include <linux/types.h>

#include <uapi/kcopyd.h>

/**
 * struct kc_refusal - why something was refused
 * @reason: enum kcopyd_reason
 * @region: 0 the source, 1..n, KCOPYD_REGION_NONE
 */
struct kc_refusal {
	u32 reason;
	u32 region;
};

static inline int kc_refuse(struct kc_refusal *why, u32 reason, int err)
{
	why->reason = reason;
	return err;
}

#endif /* _KCOPYD_REFUSAL_H */
