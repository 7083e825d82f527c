/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened where on a device, interval after interval. */
#ifndef _KCOPYCTL_HEAT_HISTORY_H
#define _KCOPYCTL_HEAT_HISTORY_H

#include "heat.h"

#define HEAT_HISTORY_COLUMNS 512
#define HEAT_HISTORY_ROWS 256

/**
 * struct heat_history - rows of cells, each of some time
 * @grid: a row is the whole device
 * @buckets_a_cell: of the device
 * @samples_a_row: so many are put together; doubled whenever there is no room
 * @samples: of the last row
 * @end_ns: when each row ends; the first one begins at 0
 */
struct heat_history {
	struct heat_grid grid;
	size_t buckets_a_cell;
	size_t samples_a_row;
	size_t samples;
	uint64_t end_ns[HEAT_HISTORY_ROWS];
};

/* For looks at a device like this one. 0 or -ENOMEM. */
int heat_history_init(struct heat_history *history,
		      const struct kcopy_heat *heat);
void heat_history_free(struct heat_history *history);

/* Add what happened until then. */
void heat_history_add(struct heat_history *history,
		      const struct kcopy_heat *delta, uint64_t end_ns);

#endif /* _KCOPYCTL_HEAT_HISTORY_H */
