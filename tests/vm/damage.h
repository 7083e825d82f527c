/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk with bad places, and the map of what was rescued of it. */
#ifndef _TESTS_VM_DAMAGE_H
#define _TESTS_VM_DAMAGE_H

#include "rig.h"

#define DAMAGE_PLACES 200
/* What the disk and a destination are filled with. */
#define DAMAGE_SOURCE 1
#define DAMAGE_DEST 11
#define DAMAGE_DISK "/dev/mapper/kt-bad"

/**
 * struct damage - what is bad
 * @sectors: of the disk
 * @nr: how many places
 * @places: ascending; they may touch each other
 */
struct damage {
	uint64_t sectors;
	unsigned int nr;
	struct {
		uint64_t sector;
		uint64_t sectors;
	} places[DAMAGE_PLACES];
};

/*
 * @nr places of up to 64 sectors, whole blocks of so many bytes, anywhere on a
 * disk of @mib: the first and the last block of it too, some that touch and
 * some with one good block between them.
 */
void damage_make(struct damage *damage, unsigned int nr, unsigned int mib,
		 unsigned int block, uint64_t seed);
/* DAMAGE_DISK: /dev/kt-src, filled, with holes. */
void damage_disk(const struct damage *damage, unsigned int block);
/* Good sectors came from the source, bad ones were never written. */
void damage_expect_rescued(const struct damage *damage, const char *path);
/* A map says of all that it is bad or rescued, and of what. */
void damage_expect_map(const struct damage *damage, const char *map);

/**
 * struct claims - what a map says was rescued
 * @nr: ranges
 * @bytes: in all
 * @ranges: bytes
 */
struct claims {
	size_t nr;
	uint64_t bytes;
	struct {
		uint64_t pos;
		uint64_t size;
	} ranges[2 * DAMAGE_PLACES + 2];
};

/* Of a map that GNU ddrescue must be able to read. */
void claims_read(struct claims *claims, const char *map);
/* All of it is on the destination. */
void claims_expect(const struct claims *claims, const char *path);

#endif /* _TESTS_VM_DAMAGE_H */
