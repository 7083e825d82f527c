/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statistics in Prometheus' text formats. */
#ifndef _KCOPYCTL_METRICS_H
#define _KCOPYCTL_METRICS_H

#include <stdio.h>
#include "snapshot.h"

enum metrics_format {
	METRICS_OPENMETRICS, /* 1.0 */
	METRICS_PROMETHEUS, /* 0.0.4, which the textfile collector reads */
};

/* Latencies above the first and below the last of these slots are told apart. */
#define METRICS_FIRST_SLOT 9
#define METRICS_LAST_SLOT 34

/* Write all metrics; MODULE need not be loaded. */
void metrics_text(FILE *file, enum metrics_format format,
		  const struct snapshot *snapshot,
		  const struct kcopy_module *module);

#endif /* _KCOPYCTL_METRICS_H */
