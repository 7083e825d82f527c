/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KCOPYD_BITS_BPF_H
#define _KCOPYD_BITS_BPF_H

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

/* How many bits are set; without a loop, likewise */
static __always_inline __u32 bits_u64(__u64 v)
{
	v -= (v >> 1) & 0x5555555555555555;
	v = (v & 0x3333333333333333) + ((v >> 2) & 0x3333333333333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (v * 0x0101010101010101) >> 56;
}

#endif /* _KCOPYD_BITS_BPF_H */
