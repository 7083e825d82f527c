// SPDX-License-Identifier: GPL-2.0-or-later
/* The program's descriptors of the node. */
#include "device.h"

/* 0 = never opened, -1 = closed: descriptor 0 is taken. */
static atomic_int slots[NR_SLOTS];

static atomic_int *slot_of(uint64_t slot)
{
	return &slots[slot % NR_SLOTS];
}

int slot_fd(uint64_t slot)
{
	atomic_int *at = slot_of(slot);
	int fd = atomic_load(at), none = 0;

	if (fd)
		return fd;
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (atomic_compare_exchange_strong(at, &none, fd))
		return fd;
	close(fd);
	return none;
}

/* Its number stays taken: another thread may be about to use it. */
void replace_with_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, fd);
		close(null);
	}
}

void slot_put(uint64_t slot, int fd)
{
	int old = atomic_exchange(slot_of(slot), fd);

	if (old > 0)
		replace_with_null(old);
}

void slots_close(void)
{
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		slot_put(i, -1);
}
