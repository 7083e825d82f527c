// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include "cli/heat_axis.h"
#include "cli/heat_history.h"
#include "made_heat.h"

#define NEARLY 0.000001

Test(heat, a_device_has_at_most_4096_buckets_of_at_least_1_mib)
{
	struct kcopy_heat *heat = made_device(TIB);

	cr_expect_eq(heat->nr_buckets, 4096);
	cr_expect_eq(heat->bucket_sectors * 512, 256 * MIB);
	heat_blank(heat, 8, 0, 64 * MIB);
	cr_expect_eq(heat->nr_buckets, 64);
	cr_expect_eq(heat->bucket_sectors, 2048);
	heat_blank(heat, 8, 0, MIB + 512);
	cr_expect_eq(heat->nr_buckets, 2);
	heat_blank(heat, 8, 0, 0);
	cr_expect_eq(heat->nr_buckets, 0);
	heat_blank(heat, 8, 0, 1000204886016);
	cr_expect_leq(heat->nr_buckets, 4096);
	cr_expect_geq(heat->nr_buckets * heat->bucket_sectors * 512,
		      1000204886016);
	free(heat);
}

Test(heat, folding_adds_sums_and_keeps_the_greatest)
{
	struct kcopy_heat *heat = made_device(64 * MIB);
	struct heat_cell cells[1024];

	made_ios(heat, 4, 5, 10, 1000);
	made_ios(heat, 6, 7, 30, 3000);
	made_errors(heat, 7, 8, 2);
	cr_assert_eq(heat_fold(heat, 4, cells), 256);
	cr_expect_eq(cells[0].ios, 0);
	cr_expect_eq(cells[1].ios, 40);
	cr_expect_eq(cells[1].errors, 2);
	cr_expect_eq(cells[1].lat_sum_ns, 100000);
	cr_expect_eq(cells[1].lat_max_ns, 6000);
	cr_expect_eq(heat_value(&cells[1], HEAT_MEAN), 2500);
	cr_expect_eq(heat_value(&cells[1], HEAT_MAX), 6000);
	cr_expect_eq(heat_value(&cells[1], HEAT_ERRORS), 2);
	cr_expect_eq(heat_value(&cells[1], HEAT_IOS), 40);
	cr_expect_eq(made_total(heat).ios, 40);
	free(heat);
}

/* Whatever the number of cells, each bucket is in one of them. */
Test(heat, folding_loses_nothing)
{
	struct kcopy_heat *heat = made_device(64 * MIB - 3 * 65536);
	struct heat_cell cells[1024];

	made_ios(heat, 0, 1021, 1, 1000);
	for (size_t most = 1; most <= 1024; most++) {
		size_t nr =
			heat_fold(heat, heat_buckets_a_cell(heat, most), cells);
		uint64_t ios = 0;

		cr_assert_leq(nr, most);
		for (size_t i = 0; i < nr; i++) {
			cr_assert_gt(cells[i].ios, 0);
			ios += cells[i].ios;
		}
		cr_assert_eq(ios, 1021);
	}
	free(heat);
}

Test(heat, a_grid_has_no_more_cells_than_there_are_buckets)
{
	struct kcopy_heat *heat = made_device(5 * 65536);
	struct heat_grid grid;

	cr_assert_eq(heat_grid_init(&grid, heat, 64, 16), 0);
	cr_expect_eq(grid.columns, 5);
	cr_expect_eq(grid.rows, 1);
	cr_expect_eq(grid.cell_bytes, 65536);
	heat_grid_free(&grid);
	heat_blank(heat, 8, 16, TIB);
	cr_assert_eq(heat_grid_init(&grid, heat, 64, 16), 0);
	cr_expect_eq(grid.columns, 64);
	cr_expect_eq(grid.rows, 16);
	cr_expect_eq(grid.cell_bytes, GIB);
	heat_grid_free(&grid);
	heat_blank(heat, 8, 16, 0);
	cr_assert_eq(heat_grid_init(&grid, heat, 64, 16), 0);
	cr_expect_eq(grid.nr, 0);
	heat_grid_free(&grid);
	free(heat);
}

Test(heat, a_delta_is_what_happened_in_between)
{
	struct kcopy_heat *before = made_device(64 * MIB);
	struct kcopy_heat *after = made_device(64 * MIB);
	struct kcopy_heat *delta = made_device(0);

	made_ios(before, 0, 10, 5, 1000);
	made_ios(after, 0, 10, 5, 1000);
	made_ios(after, 3, 4, 2, 9000);
	made_errors(after, 3, 4, 1);
	heat_delta(before, after, delta);
	cr_expect_eq(made_total(delta).ios, 2);
	cr_expect_eq(delta->buckets[3].ios, 2);
	cr_expect_eq(delta->buckets[3].errors, 1);
	cr_expect_eq(delta->buckets[3].lat_sum_ns, 18000);
	cr_expect_eq(delta->buckets[3].lat_max_ns, 0);
	free(before);
	free(after);
	free(delta);
}

Test(heat, a_delta_survives_counters_that_go_round)
{
	struct kcopy_heat *before = made_device(64 * MIB);
	struct kcopy_heat *after = made_device(64 * MIB);

	before->buckets[0].ios = UINT32_MAX - 1;
	before->buckets[0].lat_sum_ns = 1000;
	after->buckets[0].ios = 3;
	after->buckets[0].lat_sum_ns = 6000;
	heat_delta(before, after, after);
	cr_expect_eq(after->buckets[0].ios, 5);
	cr_expect_eq(after->buckets[0].lat_sum_ns, 5000);
	free(before);
	free(after);
}

Test(heat, a_delta_of_what_was_counted_anew_is_all_of_it)
{
	struct kcopy_heat *before = made_device(64 * MIB);
	struct kcopy_heat *after = made_device(64 * MIB);

	made_ios(before, 0, 1, 100, 1000);
	made_ios(after, 0, 1, 7, 1000);
	heat_delta(before, after, after);
	cr_expect_eq(after->buckets[0].ios, 7);
	/* Another device with the same number. */
	heat_blank(after, 8, 16, 128 * MIB);
	made_ios(after, 0, 1, 300, 1000);
	heat_delta(before, after, after);
	cr_expect_eq(after->buckets[0].ios, 300);
	free(before);
	free(after);
}

/* ---- scale -------------------------------------------------------------- */

static struct heat_cell cell(uint64_t ios, uint64_t errors, uint64_t mean)
{
	return (struct heat_cell){ .ios = ios,
				   .errors = errors,
				   .lat_sum_ns = ios * mean,
				   .lat_max_ns = mean };
}

Test(heat, a_scale_ends_with_round_numbers_around_all_values)
{
	struct heat_cell cells[] = { cell(1, 0, 130000), cell(0, 0, 0),
				     cell(1, 0, 41000000) };
	struct heat_scale scale;

	heat_scale_init(&scale, HEAT_MEAN, cells, 3);
	cr_expect(scale.seen);
	cr_expect_eq(scale.low, 100000);
	cr_expect_eq(scale.high, 50000000);
	cr_expect_float_eq(heat_scale_place(&scale, 100000), 0, NEARLY);
	cr_expect_float_eq(heat_scale_place(&scale, 50000000), 1, NEARLY);
	cr_expect_float_eq(heat_scale_place(&scale, 0), 0, NEARLY);
	cr_expect_float_eq(heat_scale_place(&scale, UINT64_MAX), 1, NEARLY);
	cr_expect_float_eq(heat_scale_place(&scale, 2236068), 0.5, NEARLY);
}

Test(heat, equal_values_are_in_the_middle_of_their_scale)
{
	struct heat_cell same = cell(9, 0, 1000000);
	struct heat_scale scale;

	heat_scale_init(&scale, HEAT_MEAN, &same, 1);
	cr_expect_eq(scale.low, 500000);
	cr_expect_eq(scale.high, 2000000);
	cr_expect_float_eq(heat_scale_place(&scale, 1000000), 0.5, NEARLY);
	same = cell(1, 0, 1);
	heat_scale_init(&scale, HEAT_IOS, &same, 1);
	cr_expect_eq(scale.low, 1);
	cr_expect_geq(scale.high, 4);
}

/* Noise shall not have all the colours that there are. */
Test(heat, a_scale_of_any_value_is_sound)
{
	struct heat_scale scale;

	for (uint64_t value = 1; value < 1ULL << 60; value += value / 3 + 1) {
		struct heat_cell one = cell(1, 0, value);

		heat_scale_init(&scale, HEAT_MEAN, &one, 1);
		cr_assert_leq(scale.low, value);
		cr_assert_geq(scale.high, value);
		cr_assert_geq(scale.high / scale.low, 4);
		cr_assert_leq(scale.high / scale.low, 20);
	}
}

Test(heat, without_values_there_is_a_usual_scale)
{
	struct heat_cell none[] = { cell(0, 0, 0), cell(3, 3, 5) };
	struct heat_scale scale;

	heat_scale_init(&scale, HEAT_MEAN, none, 2);
	cr_expect_not(scale.seen);
	cr_expect_lt(scale.low, scale.high);
	heat_scale_init(&scale, HEAT_ERRORS, none, 1);
	cr_expect_not(scale.seen);
	heat_scale_init(&scale, HEAT_ERRORS, none, 2);
	cr_expect(scale.seen);
}

Test(heat, kinds_of_cells)
{
	struct heat_cell none = cell(0, 0, 0), good = cell(2, 0, 7),
			 bad = cell(2, 1, 7);

	cr_expect_eq(heat_kind(&none, HEAT_MEAN), HEAT_NONE);
	cr_expect_eq(heat_kind(&none, HEAT_ERRORS), HEAT_NONE);
	cr_expect_eq(heat_kind(&good, HEAT_MEAN), HEAT_VALUE);
	cr_expect_eq(heat_kind(&good, HEAT_ERRORS), HEAT_ZERO);
	cr_expect_eq(heat_kind(&bad, HEAT_MEAN), HEAT_FAILED);
	cr_expect_eq(heat_kind(&bad, HEAT_IOS), HEAT_FAILED);
	cr_expect_eq(heat_kind(&bad, HEAT_ERRORS), HEAT_VALUE);
}

Test(heat, colours_begin_dark_and_end_bright)
{
	unsigned int before = 0, light;

	cr_expect_eq(heat_colour(-1), 0x440154);
	cr_expect_eq(heat_colour(0), 0x440154);
	cr_expect_eq(heat_colour(0.5), 0x21918c);
	cr_expect_eq(heat_colour(1), 0xfde725);
	cr_expect_eq(heat_colour(2), 0xfde725);
	/* Lightness, roughly: it only grows. */
	for (unsigned int i = 0; i <= 64; i++) {
		uint32_t colour = heat_colour(i / 64.0);

		light = 30 * (colour >> 16) + 59 * (colour >> 8 & 0xff) +
			11 * (colour & 0xff);
		cr_assert_gt(light, before, "%u of 64", i);
		before = light;
	}
}

Test(heat, marks_are_1_2_5_10)
{
	static const uint64_t marks[] = { 1, 2, 5, 10, 20, 50, 100, 200 };
	char text[KCOPY_FORMAT_MAX];

	for (size_t i = 0; i + 1 < sizeof(marks) / sizeof(*marks); i++)
		cr_expect_eq(heat_next_mark(marks[i]), marks[i + 1]);
	cr_expect_str_eq(heat_mark_text(HEAT_MEAN, 500000, text), "500 us");
	cr_expect_str_eq(heat_mark_text(HEAT_MAX, 2000000000, text), "2 s");
	cr_expect_str_eq(heat_mark_text(HEAT_MEAN, 20, text), "20 ns");
	cr_expect_str_eq(heat_mark_text(HEAT_ERRORS, 2000, text), "2000");
}

/* ---- history ------------------------------------------------------------ */

Test(heat, a_history_has_a_row_for_each_sample)
{
	struct kcopy_heat *heat = made_device(TIB);
	struct heat_history history;

	cr_assert_eq(heat_history_init(&history, heat), 0);
	cr_expect_eq(history.grid.columns, HEAT_HISTORY_COLUMNS);
	made_ios(heat, 8, 16, 1, 1000);
	heat_history_add(&history, heat, 7);
	heat_history_add(&history, heat, 14);
	cr_expect_eq(history.grid.rows, 2);
	cr_expect_eq(history.grid.nr, 2 * HEAT_HISTORY_COLUMNS);
	cr_expect_eq(history.end_ns[0], 7);
	cr_expect_eq(history.end_ns[1], 14);
	cr_expect_eq(history.grid.cells[1].ios, 8);
	cr_expect_eq(history.grid.cells[HEAT_HISTORY_COLUMNS + 1].ios, 8);
	heat_history_free(&history);
	free(heat);
}

/* However long it takes, all of it is in the picture, in the right order. */
Test(heat, a_long_history_puts_rows_together)
{
	struct kcopy_heat *heat = made_device(64 * MIB);
	struct heat_history history;
	uint64_t ios = 0, before = 0;

	made_ios(heat, 0, 1, 1, 1000);
	cr_assert_eq(heat_history_init(&history, heat), 0);
	for (unsigned int i = 1; i <= 5000; i++)
		heat_history_add(&history, heat, i * 10);
	cr_expect_leq(history.grid.rows, HEAT_HISTORY_ROWS);
	cr_expect_gt(history.grid.rows, HEAT_HISTORY_ROWS / 2);
	for (size_t row = 0; row < history.grid.rows; row++) {
		uint64_t here =
			history.grid.cells[row * history.grid.columns].ios;

		cr_assert_eq(here * 10, history.end_ns[row] - before);
		before = history.end_ns[row];
		ios += here;
	}
	cr_expect_eq(ios, 5000);
	cr_expect_eq(before, 50000);
	heat_history_free(&history);
	free(heat);
}

/* ---- axes --------------------------------------------------------------- */

Test(heat, axes_have_few_ticks_at_powers_of_two)
{
	struct heat_axis axis = heat_axis_bytes(32 * GIB, 10);

	cr_expect_eq(axis.step, 4 * GIB);
	cr_expect_str_eq(axis.name, "GiB");
	axis = heat_axis_bytes(1536 * MIB, 10);
	cr_expect_eq(axis.step, 256 * MIB);
	cr_expect_eq(axis.unit, MIB);
	for (uint64_t span = 512; span < 1ULL << 60; span += span / 3) {
		axis = heat_axis_bytes(span, 10);
		cr_assert_geq(axis.step * 10, span - 10);
		cr_assert_leq(axis.unit, axis.step);
	}
}

Test(heat, axes_of_time_have_steps_of_a_clock)
{
	struct heat_axis axis = heat_axis_time(40000000000ULL, 10);

	cr_expect_eq(axis.step, 5000000000ULL);
	cr_expect_str_eq(axis.name, "s");
	axis = heat_axis_time(3600ULL * 1000000000, 10);
	cr_expect_eq(axis.step, 10ULL * 60 * 1000000000);
	cr_expect_str_eq(axis.name, "min");
	axis = heat_axis_time(10000000, 10);
	cr_expect_eq(axis.step, 1000000);
	cr_expect_str_eq(axis.name, "ms");
	for (uint64_t span = 1000; span < 1ULL << 58; span += span / 3) {
		axis = heat_axis_time(span, 10);
		cr_assert_geq(axis.step * 10, span - 10);
	}
}
