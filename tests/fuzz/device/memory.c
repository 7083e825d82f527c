// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for calls: an area is a file in memory, seen through several mappings,
 * each followed by a page that nobody may touch.
 */
#include <err.h>
#include <sys/mman.h>

#include "device.h"

#define GUARD 4096
#define NOWHERE ((void *)0x10000)
#define KERNEL ((void *)0xffff888000001000ULL)

struct memory_area {
	uint8_t *shared;
	uint8_t *read_only;
	uint8_t *private;
	uint8_t *eof; /* one page of it is there, the next is not */
};

/* Below 4 GiB, for 32-bit calls. */
static uint8_t *view(int fd, int prot, int flags, size_t size)
{
	uint8_t *at = mmap(NULL, size + GUARD, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (at == MAP_FAILED ||
	    mmap(at, size, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
		err(4, "memory for calls");
	return at;
}

static int file_of(size_t size)
{
	int fd = memfd_create("area", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		err(4, "memory for calls");
	return fd;
}

struct memory_area *memory_create(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct memory_area *area = calloc(1, sizeof(*area));
	int fd = file_of(MEMORY_ROOM), page = file_of(4096);

	if (!area)
		err(4, "memory for calls");
	area->shared = view(fd, rw, MAP_SHARED, MEMORY_ROOM);
	area->read_only = view(fd, PROT_READ, MAP_SHARED, MEMORY_ROOM);
	area->private = view(fd, rw, MAP_PRIVATE, MEMORY_ROOM);
	area->eof = view(page, rw, MAP_SHARED, 2 * 4096);
	close(fd);
	close(page);
	return area;
}

/* Where it is; with room in front of it for a canary, too. */
static uint8_t *place(struct memory_area *area, enum memory kind, size_t size)
{
	uint8_t *end = area->shared + MEMORY_ROOM;

	switch (kind) {
	case MEMORY_TIGHT:
		return end - size;
	case MEMORY_MISALIGNED:
		return area->shared + 4095;
	case MEMORY_PRIVATE:
		return area->private + 4096;
	case MEMORY_HALF:
		return end - size / 2;
	case MEMORY_END_OF_FILE:
		return area->eof + 4096 - (size < 8192 ? size / 2 : 4096);
	default:
		return area->shared + 4096;
	}
}

static void *nowhere(enum memory kind)
{
	switch (kind) {
	case MEMORY_NOWHERE:
		return NOWHERE;
	case MEMORY_KERNEL:
		return KERNEL;
	default:
		return NULL;
	}
}

static void fill(struct spot *spot, bool more)
{
	memset(spot->mine, MEMORY_FILL, spot->room);
	if (more)
		memset(spot->mine + spot->room, MEMORY_FILL, 64);
	spot->mine[-1] = MEMORY_FILL;
}

void memory_spot(struct memory_area *area, uint64_t kind, size_t size,
		 struct spot *spot)
{
	kind %= NR_MEMORIES;
	if (size > MEMORY_ROOM / 2)
		size = MEMORY_ROOM / 2;
	*spot = (struct spot){
		.room = size,
		.size = size,
		.faults = kind >= MEMORY_READ_ONLY,
	};
	if (kind >= MEMORY_NULL) {
		spot->room = 0;
		spot->given = nowhere(kind);
		return;
	}
	spot->mine = place(area, kind, size);
	spot->given = spot->mine;
	if (kind == MEMORY_READ_ONLY)
		spot->given = area->read_only + 4096;
	else if (kind == MEMORY_HALF)
		spot->room = size / 2;
	else if (kind == MEMORY_END_OF_FILE)
		spot->room = area->eof + 4096 - spot->mine;
	fill(spot, !spot->faults && kind != MEMORY_TIGHT);
}

void spot_put(struct spot *spot, const void *data, size_t size)
{
	if (spot->mine)
		memcpy(spot->mine, data, size < spot->room ? size : spot->room);
}

void spot_get(const struct spot *spot, void *data, size_t size)
{
	if (spot->mine)
		memcpy(data, spot->mine, size < spot->room ? size : spot->room);
}

bool spot_untouched(const struct spot *spot, size_t from)
{
	size_t end = spot->room;

	if (!spot->mine)
		return true;
	if (!spot->faults && (uintptr_t)(spot->mine + end) % 4096)
		end += 64;
	for (size_t i = from; i < end; i++)
		if (spot->mine[i] != MEMORY_FILL)
			return false;
	return spot->mine[-1] == MEMORY_FILL;
}
