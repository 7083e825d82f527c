/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A clock for latencies: ticks, read where requests are submitted and where
 * they complete, and made nanoseconds of by who counts them. Where the
 * processor's own counter can be trusted a look at it costs three instructions,
 * which the kernel's clock does not come near.
 *
 * The choice of a clock is kept with what is measured, so that a measurement
 * never begins by one and ends by another, should the counter turn out to be
 * unstable.
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
	KC_CLOCKS,
};

/* Nanoseconds a tick, as a fixed-point number. */
#define KC_CLOCK_SHIFT 32

extern u8 kc_clock_best;
extern u64 kc_clock_mult[KC_CLOCKS];
extern u64 kc_clock_10ms[KC_CLOCKS];

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

/* The same put away, for who does not look at it now: in one instruction less. */
static __always_inline void kc_clock_stamp(u8 clock, u64 *at)
{
#ifdef CONFIG_X86_TSC
	if (likely(clock == KC_CLOCK_TSC)) {
		u32 *halves = (u32 *)at;

		asm volatile("rdtsc" : "=a"(halves[0]), "=d"(halves[1]));
		return;
	}
#endif
	*at = ktime_get_ns();
}

/* Two processors' counters may differ a little: no time is negative. */
static inline u64 kc_clock_between(u64 from, u64 to)
{
	return (s64)(to - from) < 0 ? 0 : to - from;
}

static inline u64 kc_clock_scale(u64 ticks, u64 mult)
{
	return mul_u64_u64_shr(ticks, mult, KC_CLOCK_SHIFT);
}

static inline u64 kc_clock_ns(u8 clock, u64 ticks)
{
	return kc_clock_scale(ticks, kc_clock_mult[clock]);
}

#endif /* _KCOPYD_CLOCK_H */
