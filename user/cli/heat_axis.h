/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ticks of an axis: how far apart, in which unit. */
#ifndef _KCOPYCTL_HEAT_AXIS_H
#define _KCOPYCTL_HEAT_AXIS_H

#include <stdint.h>

/**
 * struct heat_axis - ticks that are easy to read
 * @step: from tick to tick, bytes or ns
 * @unit: bytes or ns
 * @name: of the unit
 */
struct heat_axis {
	uint64_t step;
	uint64_t unit;
	const char *name;
};

/* At most about so many ticks over such a span. */
struct heat_axis heat_axis_bytes(uint64_t span, unsigned int ticks);
struct heat_axis heat_axis_time(uint64_t span_ns, unsigned int ticks);

#endif /* _KCOPYCTL_HEAT_AXIS_H */
