/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk with bad places, and what a rescue is to have made of it. */
#ifndef _TESTS_VM_SPREAD_H
#define _TESTS_VM_SPREAD_H

#include "rig.h"

#define SPREAD_MIB 16
#define SPREAD_SIZE (SPREAD_MIB * MIB)
/* The disk, and what lies behind it, which is good. */
#define SPREAD_DISK "/dev/mapper/kt-bad"
#define SPREAD_GOOD "/dev/kt-src"

/* Seeds. */
#define SPREAD_SOURCE 1
#define SPREAD_DEST 11

/**
 * struct spread - bad places that can't be read, equally far from each other
 * @nr: how many
 * @sectors: of each
 */
struct spread {
	unsigned int nr;
	unsigned int sectors;
};

uint64_t spread_sector(const struct spread *spread, unsigned int i);

/* The disk, filled. */
void spread_create(const struct spread *spread);

/* "/dev/kt-NAME" of that size, filled as destinations are. */
void spread_dest(const char *name);

/* All good sectors were copied there, of the bad ones none was written. */
void spread_expect_rescued(const struct spread *spread, const char *dest);

#endif /* _TESTS_VM_SPREAD_H */
