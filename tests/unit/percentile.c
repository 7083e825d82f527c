// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <libkcopy.h>

static void measure(struct kcopyd_latency *lat, uint64_t ns)
{
	unsigned int slot = ns ? 63 - __builtin_clzll(ns) : 0;

	if (slot >= KCOPYD_HIST_SLOTS)
		slot = KCOPYD_HIST_SLOTS - 1;
	if (!lat->max_ns || ns < lat->min_ns)
		lat->min_ns = ns;
	if (ns > lat->max_ns)
		lat->max_ns = ns;
	lat->hist[slot]++;
}

Test(percentile, of_nothing_is_zero)
{
	struct kcopyd_latency lat = {};

	cr_expect_eq(kcopy_percentile(&lat, 500), 0);
}

Test(percentile, of_one_value_is_that_value)
{
	struct kcopyd_latency lat = {};
	unsigned int p;

	measure(&lat, 5000);
	for (p = 0; p <= 1000; p += 10)
		cr_expect_eq(kcopy_percentile(&lat, p), 5000);
}

Test(percentile, lies_in_the_slot_of_its_rank)
{
	struct kcopyd_latency lat = {};
	uint64_t p50, p99, p999;
	int i;

	/* 990 of 1..2 us, 10 of 5 ms: the 990th is fast, the 991st slow. */
	for (i = 0; i < 990; i++)
		measure(&lat, 1024 + i);
	for (i = 0; i < 10; i++)
		measure(&lat, 5000000);
	p50 = kcopy_percentile(&lat, 500);
	p99 = kcopy_percentile(&lat, 990);
	p999 = kcopy_percentile(&lat, 999);
	cr_expect(p50 >= 1024 && p50 < 2048);
	cr_expect(p99 >= 1024 && p99 < 2048);
	cr_expect(p999 >= 4194304 && p999 <= 5000000);
}

Test(percentile, interpolates_within_a_slot)
{
	struct kcopyd_latency lat = {};
	uint64_t i, p;

	for (i = 0; i < 1024; i++)
		measure(&lat, 1024 + i);
	p = kcopy_percentile(&lat, 500);
	cr_expect(p > 1500 && p < 1572, "%llu", (unsigned long long)p);
}

Test(percentile, grows_with_the_rank)
{
	struct kcopyd_latency lat = {};
	uint64_t last = 0, value;
	unsigned int p, i;

	for (i = 0; i < 10000; i++)
		measure(&lat, i * 7919ULL % 100003);
	for (p = 0; p <= 1000; p++) {
		value = kcopy_percentile(&lat, p);
		cr_expect_geq(value, last);
		cr_expect_geq(value, lat.min_ns);
		cr_expect_leq(value, lat.max_ns);
		last = value;
	}
	cr_expect_eq(kcopy_percentile(&lat, 1000), lat.max_ns);
}

Test(percentile, bears_the_last_slot_and_too_large_ranks)
{
	struct kcopyd_latency lat = {};

	measure(&lat, UINT64_MAX);
	cr_expect_eq(kcopy_percentile(&lat, 5000), UINT64_MAX);
}
