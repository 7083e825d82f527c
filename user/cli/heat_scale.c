// SPDX-License-Identifier: GPL-2.0-or-later
/* From what happened to a colour. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "heat.h"

/* Less than that from end to end is noise, and shall not look dramatic. */
#define LEAST_SPAN 4

enum heat_kind heat_kind(const struct heat_cell *cell, enum heat_what what)
{
	if (!cell->ios && !cell->errors)
		return HEAT_NONE;
	if (cell->errors && what != HEAT_ERRORS)
		return HEAT_FAILED;
	return heat_value(cell, what) ? HEAT_VALUE : HEAT_ZERO;
}

uint64_t heat_next_mark(uint64_t mark)
{
	uint64_t power = 1;

	while (mark / power >= 10)
		power *= 10;
	return mark / power == 2 ? 5 * power : 2 * mark;
}

/* The greatest mark that is no more than a value. */
static uint64_t mark_below(uint64_t value)
{
	uint64_t mark = 1, next;

	while ((next = heat_next_mark(mark)) <= value && next > mark)
		mark = next;
	return mark;
}

static uint64_t mark_above(uint64_t value)
{
	uint64_t mark = mark_below(value);

	return mark < value ? heat_next_mark(mark) : mark;
}

void heat_scale_usual(struct heat_scale *scale, enum heat_what what)
{
	bool time = what == HEAT_MEAN || what == HEAT_MAX;

	*scale = (struct heat_scale){
		.what = what,
		.low = time ? 10000 : 1,
		.high = time ? 1000000000 : 10000,
	};
}

/* To both sides, so that equal values get the middle of the colours. */
static void widen(struct heat_scale *scale)
{
	while (scale->high / scale->low < LEAST_SPAN) {
		scale->low = mark_below(scale->low - 1);
		scale->high = heat_next_mark(scale->high);
	}
}

void heat_scale_init(struct heat_scale *scale, enum heat_what what,
		     const struct heat_cell *cells, size_t nr)
{
	uint64_t low = UINT64_MAX, high = 0, value;
	size_t i;

	heat_scale_usual(scale, what);
	for (i = 0; i < nr; i++) {
		value = heat_value(&cells[i], what);
		if (!value ||
		    (what != HEAT_ERRORS && cells[i].errors >= cells[i].ios))
			continue;
		low = value < low ? value : low;
		high = value > high ? value : high;
	}
	scale->seen = high;
	if (!scale->seen)
		return;
	scale->low = mark_below(low);
	scale->high = mark_above(high);
	widen(scale);
}

double heat_scale_place(const struct heat_scale *scale, uint64_t value)
{
	if (value <= scale->low)
		return 0;
	if (value >= scale->high)
		return 1;
	return log((double)value / scale->low) /
	       log((double)scale->high / scale->low);
}

/* Every eighth of the map that matplotlib's authors gave to the public. */
uint32_t heat_colour(double place)
{
	static const uint32_t viridis[] = { 0x440154, 0x472d7b, 0x3b528b,
					    0x2c728e, 0x21918c, 0x28ae80,
					    0x5ec962, 0xaddc30, 0xfde725 };
	const int last = sizeof(viridis) / sizeof(*viridis) - 1;
	int shift, from, to, at;
	uint32_t colour = 0;
	double part;

	place = (place < 0 ? 0 : place > 1 ? 1 : place) * last;
	at = place < last ? place : last - 1;
	part = place - at;
	for (shift = 0; shift <= 16; shift += 8) {
		from = viridis[at] >> shift & 0xff;
		to = viridis[at + 1] >> shift & 0xff;
		colour |= (uint32_t)(from + (to - from) * part + 0.5) << shift;
	}
	return colour;
}

const char *heat_what_text(enum heat_what what)
{
	static const char *const words[] = {
		[HEAT_MEAN] = "mean latency",
		[HEAT_MAX] = "greatest latency",
		[HEAT_ERRORS] = "errors",
		[HEAT_IOS] = "requests",
	};

	return words[what];
}

char *heat_value_text(enum heat_what what, uint64_t value, char *buf)
{
	if (what == HEAT_MEAN || what == HEAT_MAX)
		return kcopy_format_time(value, buf);
	snprintf(buf, KCOPY_FORMAT_MAX, "%" PRIu64, value);
	return buf;
}

char *heat_mark_text(enum heat_what what, uint64_t mark, char *buf)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	size_t i;

	if (what != HEAT_MEAN && what != HEAT_MAX)
		return heat_value_text(what, mark, buf);
	for (i = 0; mark >= 1000 && i < 3; i++)
		mark /= 1000;
	snprintf(buf, KCOPY_FORMAT_MAX, "%" PRIu64 " %s", mark, units[i]);
	return buf;
}
