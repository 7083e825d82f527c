/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A clock for latencies: ticks, read where requests are submitted and where
 * they complete, and made nanoseconds of once, by who counts them. Where the
 * processor's own counter can be trusted a look at it costs three instructions,
 * which the kernel's clock does not come near.
 *
 * The choice of a clock is kept with what is measured, so that a measurement never
 * begins by one and ends by another, should the counter turn out to be unstable.
 */
#ifndef _KCOPYD_CLOCK_H
#define _KCOPYD_CLOCK_H

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/types.h>

#ifdef CONFIG_X86_TSC
#include <asm/tsc.h>
#endif

enum kc_clock {
	KC_CLOCK_NONE, /* nobody measures */
	KC_CLOCK_KERNEL,
	KC_CLOCK_TSC,
};

extern u8 kc_clock_best;
extern u32 kc_clock_mult;
extern u32 kc_clock_shift;

void kc_clock_init(void);
void kc_clock_check(void);

static inline u64 kc_clock_ticks(u8 clock)
{
#ifdef CONFIG_X86_TSC
	if (likely(clock == KC_CLOCK_TSC))
		return rdtsc();
#endif
	return ktime_get_ns();
}

/* Two processors' counters may differ a little: no time is negative. */
static inline u64 kc_clock_ns(u8 clock, u64 from, u64 to)
{
	u64 ticks = (s64)(to - from) < 0 ? 0 : to - from;

	if (likely(clock == KC_CLOCK_TSC))
		return mul_u64_u32_shr(ticks, kc_clock_mult, kc_clock_shift);
	return ticks;
}

#endif /* _KCOPYD_CLOCK_H */
