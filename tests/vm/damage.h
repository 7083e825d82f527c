/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk with bad places, and what a rescue is to have made of it. */
#ifndef _TESTS_VM_DAMAGE_H
#define _TESTS_VM_DAMAGE_H

#include "rig.h"

#define DAMAGE_MIB 16
#define DAMAGE_SIZE (DAMAGE_MIB * MIB)
/* The disk, and what lies behind it, which is good. */
#define DAMAGED "/dev/mapper/kt-bad"
#define DAMAGE_GOOD "/dev/kt-src"

/* Seeds. */
#define DAMAGE_SOURCE 1
#define DAMAGE_DEST 11

/**
 * struct damage - places that can't be read, equally far from each other
 * @nr: how many
 * @sectors: of each
 */
struct damage {
	unsigned int nr;
	unsigned int sectors;
};

uint64_t damage_sector(const struct damage *damage, unsigned int i);

/* The disk, filled. */
void damage_create(const struct damage *damage);

/* "/dev/kt-NAME" of that size, filled as destinations are. */
void damage_dest(const char *name);

/* All good sectors were copied there, of the bad ones none was written. */
void damage_expect_rescued(const struct damage *damage, const char *dest);

#endif /* _TESTS_VM_DAMAGE_H */
