// SPDX-License-Identifier: GPL-2.0-or-later
/* Ticks of an axis. */
#include <stddef.h>
#include "heat_axis.h"

#define US 1000ULL
#define MS 1000000ULL
#define SECOND 1000000000ULL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

struct heat_axis heat_axis_bytes(uint64_t span, unsigned int ticks)
{
	static const char *const names[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	struct heat_axis axis = { .step = 512, .unit = 1 };
	size_t i;

	while (axis.step < span / ticks)
		axis.step *= 2;
	for (i = 0; axis.unit * 1024 <= axis.step; i++)
		axis.unit *= 1024;
	axis.name = names[i];
	return axis;
}

/* Steps of clocks; above them days. */
struct heat_axis heat_axis_time(uint64_t span_ns, unsigned int ticks)
{
	static const unsigned int clock[] = { 1, 2, 5, 10, 15, 30 };
	static const unsigned int decimal[] = { 1,  2,	 5,   10, 20,
						50, 100, 200, 500 };
	static const struct {
		uint64_t unit;
		const char *name;
		const unsigned int *steps;
		size_t nr;
	} units[] = {
		{ US, "us", decimal, 9 },  { MS, "ms", decimal, 9 },
		{ SECOND, "s", clock, 6 }, { MINUTE, "min", clock, 6 },
		{ HOUR, "h", clock, 2 },
	};
	const uint64_t least = span_ns / ticks;
	struct heat_axis axis;
	size_t i, j;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		axis.unit = units[i].unit;
		axis.name = units[i].name;
		for (j = 0; j < units[i].nr; j++) {
			axis.step = units[i].steps[j] * axis.unit;
			if (axis.step >= least)
				return axis;
		}
	}
	while (axis.step < least)
		axis.step *= 2;
	return axis;
}
