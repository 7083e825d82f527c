// SPDX-License-Identifier: GPL-2.0-or-later
/* Places on regions, in order. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "extents.h"

static bool joins(const struct kcopyd_extent *a, const struct kcopyd_extent *b)
{
	return a->region == b->region && a->kind == b->kind &&
	       a->error == b->error && a->offset + a->length == b->offset;
}

static void take_out(struct extents *extents, size_t i)
{
	extents->nr--;
	memmove(&extents->list[i], &extents->list[i + 1],
		(extents->nr - i) * sizeof(*extents->list));
}

static int make_room(struct extents *extents)
{
	size_t room = extents->room ? 2 * extents->room : 64;
	struct kcopyd_extent *list;

	if (extents->nr < extents->room)
		return 0;
	list = reallocarray(extents->list, room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	extents->list = list;
	extents->room = room;
	return 0;
}

/* They come almost in order, so its place is near the end. */
int extents_add(struct extents *extents, const struct kcopyd_extent *extent)
{
	struct kcopyd_extent *at;
	size_t i = extents->nr;

	if (make_room(extents))
		return -ENOMEM;
	while (i && extents->list[i - 1].region == extent->region &&
	       extents->list[i - 1].offset > extent->offset)
		i--;
	at = &extents->list[i];
	memmove(at + 1, at, (extents->nr - i) * sizeof(*at));
	*at = *extent;
	extents->nr++;
	if (i + 1 < extents->nr && joins(at, at + 1)) {
		at->length += at[1].length;
		take_out(extents, i + 1);
	}
	if (i && joins(at - 1, at)) {
		at[-1].length += at->length;
		take_out(extents, i);
	}
	return 0;
}

void extents_free(struct extents *extents)
{
	free(extents->list);
	*extents = (struct extents){};
}
