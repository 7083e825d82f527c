// SPDX-License-Identifier: GPL-2.0-only
/* Which clock latencies are measured with. */
#include <linux/clocksource.h>
#include <linux/time64.h>

#include "clock.h"

/* A latency may be so long before its nanoseconds overflow. */
#define LONGEST_SEC 3600

u8 kc_clock_best = KC_CLOCK_KERNEL;
u32 kc_clock_mult;
u32 kc_clock_shift;

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
	clocks_calc_mult_shift(&kc_clock_mult, &kc_clock_shift, tsc_khz,
			       NSEC_PER_MSEC, LONGEST_SEC * MSEC_PER_SEC);
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
