/* SPDX-License-Identifier: GPL-2.0-only */
/* Located errors of a region (extents.c). */
#ifndef _KCOPYD_EXTENTS_H
#define _KCOPYD_EXTENTS_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include <kcopyd/kcopyd.h>

#define KC_EXTENTS_MAX 1024

/**
 * struct kc_extents - sorted, merged errors of a region
 * @lock: the worker writes, anybody reads
 * @list: @one, or allocated when that is not enough
 * @nr: in use
 * @room: in @list
 * @coarse: it was full: some extents cover good sectors, too
 * @one: the first
 */
struct kc_extents {
	spinlock_t lock;
	struct kcopyd_error *list;
	unsigned int nr;
	unsigned int room;
	bool coarse;
	struct kcopyd_error one;
};

void kc_extents_init(struct kc_extents *extents);
void kc_extents_exit(struct kc_extents *extents);
void kc_extents_add(struct kc_extents *extents, const struct kcopyd_error *new);
unsigned int kc_extents_count(struct kc_extents *extents, bool *coarse);
bool kc_extents_at(struct kc_extents *extents, unsigned int i,
		   struct kcopyd_error *error);
bool kc_extents_next(struct kc_extents *extents, sector_t from, sector_t to,
		     struct kcopyd_error *error);

#endif /* _KCOPYD_EXTENTS_H */
