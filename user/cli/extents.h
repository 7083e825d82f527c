/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places on regions, in order; neighbours of a kind are one. */
#ifndef _KCOPYCTL_EXTENTS_H
#define _KCOPYCTL_EXTENTS_H

#include <stddef.h>
#include <libkcopy.h>

/**
 * struct extents - places, as kcopy_extents() gives them
 * @list: sorted by region, then offset
 * @nr: how many
 * @room: of @list
 */
struct extents {
	struct kcopyd_extent *list;
	size_t nr;
	size_t room;
};

/* One more, that none overlaps, behind the regions before its; -ENOMEM. */
int extents_add(struct extents *extents, const struct kcopyd_extent *extent);
void extents_free(struct extents *extents);

#endif /* _KCOPYCTL_EXTENTS_H */
