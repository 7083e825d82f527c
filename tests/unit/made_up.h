/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two snapshots of statistics that nothing has counted, 2 s apart. */
#ifndef _TESTS_UNIT_MADE_UP_H
#define _TESTS_UNIT_MADE_UP_H

#include "cli/snapshot.h"

#define SEC 1000000000ULL
#define MIB (1ULL << 20)

/* No machine has such a device, so that its name is its numbers. */
#define MADE_UP_MAJOR 4000

/*
 * Job 7, running, copies 4000:1 to 4000:2 and, with new errors, to 4000:3. Job 5
 * has finished. Client 9 has done small jobs, client 4 did none of late. The
 * snapshots are valid until the next call.
 */
void made_up_snapshots(struct snapshot *before, struct snapshot *now);

#endif /* _TESTS_UNIT_MADE_UP_H */
