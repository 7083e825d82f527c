/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KCOPYD_LOG2_BPF_H
#define _KCOPYD_LOG2_BPF_H

#include <linux/types.h>

/* floor(log2(v)), 0 for 0; without a branch, since the verifier follows each */
static __always_inline __u32 log2_u64(__u64 v)
{
	__u32 log = 0, shift;

	shift = (v > 0xffffffff) << 5;
	v >>= shift;
	log |= shift;
	shift = (v > 0xffff) << 4;
	v >>= shift;
	log |= shift;
	shift = (v > 0xff) << 3;
	v >>= shift;
	log |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	log |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	log |= shift;
	return log | (v >> 1);
}

#endif /* _KCOPYD_LOG2_BPF_H */
