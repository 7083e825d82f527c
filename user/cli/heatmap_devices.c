// SPDX-License-Identifier: GPL-2.0-or-later
/* All devices in short. */
#include <stdlib.h>
#include <string.h>
#include "cleanup.h"
#include "cli.h"
#include "heatmap.h"

/* A flush has no place, so it is not on any map. */
static void add_row(struct heat_cell *total, const struct kcopy_device_row *row)
{
	if (row->key.op == KCOPYD_OP_FLUSH)
		return;
	heat_cell_add(total, &(struct heat_cell){
				     .ios = row->stats.ios,
				     .errors = row->stats.errors,
				     .lat_sum_ns = row->stats.lat.sum_ns,
				     .lat_max_ns = row->stats.lat.max_ns,
			     });
}

/* Each request once, which the map does not tell of those in several buckets. */
static struct heat_cell total_of(const struct kcopy_heat *heat,
				 const struct kcopy_device_row *rows, size_t nr)
{
	struct heat_cell total = {};
	size_t i;

	for (i = 0; i < nr; i++) {
		if (rows[i].key.major == heat->major &&
		    rows[i].key.minor == heat->minor)
			add_row(&total, &rows[i]);
	}
	return total;
}

int heatmap_devices(struct kcopy_observer *observer,
		    const struct kcopy_heat *heat, size_t nr,
		    const struct heatmap_options *options,
		    const struct heat_text *text)
{
	AUTO_FREE struct heat_cell *totals = calloc(nr, sizeof(*totals));
	AUTO_FREE struct kcopy_device_row *rows = NULL;
	size_t nr_rows, i;
	int err;

	if (!totals) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	err = kcopy_observer_devices(observer, &rows, &nr_rows);
	if (err) {
		complain("reading the maps failed: %s", strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	for (i = 0; i < nr; i++)
		totals[i] = total_of(&heat[i], rows, nr_rows);
	if (!heat_text_devices(text, heat, totals, nr, options->what))
		return EXIT_COMPLETE;
	complain("out of memory");
	return EXIT_FAILED;
}
