/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of block devices: what each sector holds, which sectors are bad,
 * what a device can do. A test keeps it in step with what it does to the
 * devices, and the model tells where they differ.
 */
#ifndef _TESTS_VM_MODEL_H
#define _TESTS_VM_MODEL_H

#include "rig.h"

#define MODEL_MAX_BAD 4

/**
 * struct model_sector - what a sector holds
 * @seed: as data_make() was given it, 0 = zeroes
 * @number: likewise
 */
struct model_sector {
	uint32_t seed;
	uint32_t number;
};

/**
 * struct model_bad - sectors that can't be read, or written, or both
 * @first: whole logical blocks
 * @count: likewise
 * @read: a request with one of them fails if it reads
 * @write: or if it writes, zeroes or discards; none of them ever changes
 */
struct model_bad {
	uint64_t first;
	uint64_t count;
	bool read;
	bool write;
};

/**
 * struct model_device - a device
 * @path: that calls are made on
 * @fd: of it
 * @direct: likewise, past the page cache
 * @raw: where its content is looked at: @direct, or what is below it
 * @sectors: its size
 * @block: sectors of a logical block
 * @dma_mask: bits that no start and no length of memory may have
 * @most: sectors of a request
 * @read_only: at present
 * @discards: discarded sectors are zeroes
 * @zeroes: it can write zeroes
 * @zeroes_in_place: also where it may not give the memory back
 * @error: what a bad sector costs
 * @nr_bad: of @bad
 * @bad: not overlapping
 * @content: of each sector
 */
struct model_device {
	const char *path;
	int fd;
	int direct;
	int raw;
	uint64_t sectors;
	uint64_t block;
	uint32_t dma_mask;
	uint64_t most;
	bool read_only;
	bool discards;
	bool zeroes;
	bool zeroes_in_place;
	int error;
	unsigned int nr_bad;
	struct model_bad bad[MODEL_MAX_BAD];
	struct model_sector *content;
};

/**
 * struct model_difference - a sector that is not what it should be
 * @sector: which
 * @expected: what it should hold
 * @found: what the first words of the sector say; not for sure whose it is
 * @error: errno if it could not be looked at, 0 = @found is valid
 */
struct model_difference {
	uint64_t sector;
	struct model_sector expected;
	struct model_sector found;
	int error;
};

/*
 * Opens @path and fills it with data of that seed. @raw: below it, the same
 * sectors with no bad ones; NULL if there is none.
 */
void model_open(struct model_device *device, const char *path, const char *raw,
		uint32_t seed);
void model_close(struct model_device *device);
/* Some drivers learn from a refusal of their device what it can't do. */
void model_refresh(struct model_device *device);
/* They are bad from now on, and a look at the device proves it. */
void model_spoil(struct model_device *device, struct model_bad bad);

/* Whether such a request has a bad sector. */
bool model_is_bad(const struct model_device *device, uint64_t first,
		  uint64_t count, bool write);
/* Whether a request could have this sector and a bad one. */
bool model_is_near_bad(const struct model_device *device, uint64_t sector,
		       bool write);

/* A buffer holds it. */
bool model_holds(const void *buffer, struct model_sector sector);
/* A range was written with data from there on. */
void model_write(struct model_device *device, uint64_t first, uint64_t count,
		 struct model_sector data);
/*
 * The range was to be written with @data, but some request failed. Looks what
 * was, and takes that over; false if this can't be: a sector is neither old
 * nor new, a bad one is new, or an old one @whole away from all bad ones.
 */
bool model_settle(struct model_device *device, uint64_t first, uint64_t count,
		  struct model_sector data, bool whole,
		  struct model_difference *difference);
/* Looks at whole blocks around the range, as far as they can be read. */
bool model_agrees(const struct model_device *device, uint64_t first,
		  uint64_t count, struct model_difference *difference);

#endif /* _TESTS_VM_MODEL_H */
