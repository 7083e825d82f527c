/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms drawn with characters. */
#ifndef _KCOPYCTL_HIST_H
#define _KCOPYCTL_HIST_H

#include <stdio.h>
#include <libkcopy.h>

/* Draw latencies, from the first slot in use to its last. */
void hist_print(FILE *file, const struct kcopyd_latency *lat);

#endif /* _KCOPYCTL_HIST_H */
