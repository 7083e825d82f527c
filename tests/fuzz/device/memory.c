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

/* Room in front for a canary, too. */
static void place(struct memory_area *area, enum memory kind, size_t size,
		  struct spot *spot)
{
	uint8_t *end = area->shared + MEMORY_ROOM;

	switch (kind) {
	case MEMORY_TIGHT:
		spot->given = spot->mine = end - size;
		break;
	case MEMORY_MISALIGNED:
		spot->given = spot->mine = area->shared + 4095;
		break;
	case MEMORY_PRIVATE:
		spot->given = spot->mine = area->private + 4096;
		break;
	case MEMORY_READ_ONLY:
		spot->given = area->read_only + 4096;
		spot->mine = area->shared + 4096;
		break;
	case MEMORY_HALF:
		spot->given = spot->mine = end - size / 2;
		spot->room = size / 2;
		break;
	case MEMORY_END_OF_FILE:
		spot->given = spot->mine =
			area->eof + 4096 - (size < 8192 ? size / 2 : 4096);
		spot->room = area->eof + 4096 - spot->mine;
		break;
	default:
		spot->given = spot->mine = area->shared + 4096;
	}
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
	if (kind == MEMORY_NULL || kind == MEMORY_NOWHERE ||
	    kind == MEMORY_KERNEL) {
		spot->room = 0;
		spot->given = kind == MEMORY_NULL    ? NULL :
			      kind == MEMORY_NOWHERE ? NOWHERE :
						       KERNEL;
		return;
	}
	place(area, kind, size, spot);
	memset(spot->mine, MEMORY_FILL, spot->room);
	/* What is behind, too, where there is something. */
	if (kind != MEMORY_TIGHT && kind != MEMORY_HALF &&
	    kind != MEMORY_END_OF_FILE)
		memset(spot->mine + spot->room, MEMORY_FILL, 64);
	spot->mine[-1] = MEMORY_FILL;
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
