// SPDX-License-Identifier: GPL-2.0-only
/* Which clock latencies are measured with. */
#include <linux/time64.h>

#include "clock.h"

u8 kc_clock_best = KC_CLOCK_KERNEL;
u64 kc_clock_mult[KC_CLOCKS] = {
	[KC_CLOCK_KERNEL] = 1ULL << KC_CLOCK_SHIFT,
};

/* In ticks. */
u64 kc_clock_10ms[KC_CLOCKS] = {
	[KC_CLOCK_KERNEL] = 10 * NSEC_PER_MSEC,
};

/**
 * kc_clock_init - find out what the processor's counter is worth
 *
 * Context: before anything is measured.
 */
void kc_clock_init(void)
{
#ifdef CONFIG_X86_TSC
	if (!boot_cpu_has(X86_FEATURE_TSC) || check_tsc_unstable() || !tsc_khz)
		return;
	kc_clock_mult[KC_CLOCK_TSC] =
		div_u64((u64)NSEC_PER_MSEC << KC_CLOCK_SHIFT, tsc_khz);
	kc_clock_10ms[KC_CLOCK_TSC] = 10ULL * tsc_khz;
	WRITE_ONCE(kc_clock_best, KC_CLOCK_TSC);
#endif
}

/**
 * kc_clock_check - leave the processor's counter if it became unstable
 *
 * Context: any, now and then while something is measured.
 */
void kc_clock_check(void)
{
#ifdef CONFIG_X86_TSC
	if (kc_clock_best == KC_CLOCK_TSC && check_tsc_unstable())
		WRITE_ONCE(kc_clock_best, KC_CLOCK_KERNEL);
#endif
}
