// SPDX-License-Identifier: GPL-2.0-only
/*
 * Located errors of a region: extents sorted by sector, no two of which share
 * any, neighbours of the same kind and errno merged. Bounded: when there is no
 * more room, a new one is merged with its nearer neighbour, good sectors between
 * them included, and the list says that it is coarse. An error is never left
 * out: the first place needs no memory.
 *
 * The source is read by each lane, in chunks of its own: what one has given up
 * another may have tried, before or afterwards. What was tried stands.
 */
#include <linux/atomic.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <uapi/kcopyd.h>

#include "extents.h"
#include "memory.h"

/*
 * Longer lists than that share what they may have: the result of a job waits for
 * its reader as long as that one likes. Without, they are coarse.
 */
#define OWN_ROOM 16U
#define SHARED_ROOM (32 * SZ_1M / sizeof(struct kcopyd_error))

static atomic_long_t shared = ATOMIC_LONG_INIT(0);

static bool share_take(unsigned int room)
{
	if (room <= OWN_ROOM ||
	    atomic_long_add_return(room, &shared) <= SHARED_ROOM)
		return true;
	atomic_long_sub(room, &shared);
	return false;
}

static void share_give(unsigned int room)
{
	if (room > OWN_ROOM)
		atomic_long_sub(room, &shared);
}

void kc_extents_init(struct kc_extents *extents)
{
	spin_lock_init(&extents->lock);
	extents->list = &extents->one;
	extents->nr = 0;
	extents->room = 1;
	extents->coarse = false;
}

void kc_extents_exit(struct kc_extents *extents)
{
	if (extents->list == &extents->one)
		return;
	share_give(extents->room);
	kfree(extents->list);
}

static sector_t end_of(const struct kcopyd_error *a)
{
	return a->first + a->count;
}

/* Are they one? @b does not start before @a. */
static bool joins(const struct kcopyd_error *a, const struct kcopyd_error *b)
{
	return a->kind == b->kind && a->error == b->error &&
	       end_of(a) >= b->first;
}

/* Sectors between them, or 0. */
static sector_t gap(const struct kcopyd_error *a, const struct kcopyd_error *b)
{
	return b->first > end_of(a) ? b->first - end_of(a) : 0;
}

static bool covers(const struct kcopyd_error *a, const struct kcopyd_error *b)
{
	return a->first <= b->first && end_of(a) >= end_of(b);
}

static void swallow(struct kcopyd_error *a, const struct kcopyd_error *b)
{
	sector_t end = max(end_of(a), end_of(b));

	a->first = min(a->first, b->first);
	a->count = end - a->first;
	if (b->kind == KCOPYD_EXTENT_BAD)
		a->kind = KCOPYD_EXTENT_BAD;
}

/* It says more of what it covers than it knew. */
static void widen(struct kc_extents *extents, unsigned int i,
		  const struct kcopyd_error *new)
{
	struct kcopyd_error *old = &extents->list[i];

	if (old->kind == KCOPYD_EXTENT_UNTRIED && new->kind != old->kind)
		extents->coarse = true;
	swallow(old, new);
}

static void remove_at(struct kc_extents *extents, unsigned int i)
{
	extents->nr--;
	memmove(&extents->list[i], &extents->list[i + 1],
		(extents->nr - i) * sizeof(*extents->list));
}

static void insert_at(struct kc_extents *extents, unsigned int i,
		      const struct kcopyd_error *new)
{
	memmove(&extents->list[i + 1], &extents->list[i],
		(extents->nr - i) * sizeof(*extents->list));
	extents->list[i] = *new;
	extents->nr++;
}

/* The list is full and @new belongs at @i: widen the nearer neighbour. */
static unsigned int coarsen(struct kc_extents *extents, unsigned int i,
			    const struct kcopyd_error *new)
{
	struct kcopyd_error *list = extents->list;

	extents->coarse = true;
	if (i == extents->nr ||
	    (i && gap(&list[i - 1], new) < gap(new, &list[i])))
		i--;
	swallow(&list[i], new);
	return i;
}

/*
 * A larger list to swap in, NULL when the present one has to do: there is
 * room, or it has its largest size, or others have it all, or there is no memory
 * now.
 */
static struct kcopyd_error *grown(const struct kc_extents *extents,
				  unsigned int *room)
{
	struct kcopyd_error *more;
	/* One that is cut in two by the new one takes two more places. */
	unsigned int need = extents->nr + (extents->nr ? 2 : 1);

	if (need <= extents->room || extents->room >= KC_EXTENTS_MAX)
		return NULL;
	*room = max(OWN_ROOM, extents->room * 8);
	if (!share_take(*room))
		return NULL;
	more = kmalloc_array(*room, sizeof(*more), KC_GFP_NOWAIT);
	if (!more)
		share_give(*room);
	return more;
}

/* What @i says of sectors that its neighbours speak of too, stands. */
static void separate(struct kc_extents *extents, unsigned int i)
{
	struct kcopyd_error *list = extents->list;

	if (i && end_of(&list[i - 1]) > list[i].first)
		list[i - 1].count = list[i].first - list[i - 1].first;
	if (i + 1 == extents->nr)
		return;
	if (joins(&list[i], &list[i + 1])) {
		swallow(&list[i], &list[i + 1]);
		remove_at(extents, i + 1);
	} else if (end_of(&list[i]) > list[i + 1].first) {
		list[i + 1].count = end_of(&list[i + 1]) - end_of(&list[i]);
		list[i + 1].first = end_of(&list[i]);
	}
}

/*
 * @new is somewhere in the one before @i, of which nobody has tried anything:
 * leave it the sectors on either side. Returns where @new belongs.
 */
static unsigned int make_way(struct kc_extents *extents, unsigned int i,
			     const struct kcopyd_error *new)
{
	struct kcopyd_error *before = &extents->list[i - 1], behind = *before;

	behind.first = end_of(new);
	behind.count = end_of(before) - behind.first;
	before->count = new->first - before->first;
	if (behind.count)
		insert_at(extents, i, &behind);
	if (!before->count)
		remove_at(extents, --i);
	return i;
}

static bool has_way(const struct kc_extents *extents, unsigned int i,
		    const struct kcopyd_error *new)
{
	return extents->list[i - 1].kind == KCOPYD_EXTENT_UNTRIED &&
	       new->kind != KCOPYD_EXTENT_UNTRIED &&
	       extents->nr + 2 <= extents->room;
}

static void put(struct kc_extents *extents, const struct kcopyd_error *new)
{
	unsigned int i = extents->nr;

	/* Errors come nearly in order: look from the end. */
	while (i && new->first < extents->list[i - 1].first)
		i--;
	/* What it covers as a whole, goes. */
	if (i && covers(new, &extents->list[i - 1]))
		remove_at(extents, --i);
	while (i < extents->nr && covers(new, &extents->list[i]))
		remove_at(extents, i);
	/* Or is covered: by a coarse one, by what another lane has given up. */
	if (i && covers(&extents->list[i - 1], new) && has_way(extents, i, new))
		i = make_way(extents, i, new);
	if (i && covers(&extents->list[i - 1], new))
		widen(extents, --i, new);
	else if (i && joins(&extents->list[i - 1], new))
		swallow(&extents->list[--i], new);
	else if (i < extents->nr && joins(new, &extents->list[i]))
		swallow(&extents->list[i], new);
	else if (extents->nr < extents->room)
		insert_at(extents, i, new);
	else
		i = coarsen(extents, i, new);
	separate(extents, i);
}

static void add(struct kc_extents *extents, const struct kcopyd_error *new)
{
	unsigned int room = 0, old_room = 0;
	struct kcopyd_error *old = NULL, *more = grown(extents, &room);

	spin_lock(&extents->lock);
	if (more) {
		memcpy(more, extents->list, extents->nr * sizeof(*more));
		if (extents->list != &extents->one)
			old = extents->list;
		old_room = extents->room;
		extents->list = more;
		extents->room = room;
	}
	put(extents, new);
	spin_unlock(&extents->lock);
	share_give(old_room);
	kfree(old);
}

/* Only that of it of which nothing is known yet. */
static void add_untried(struct kc_extents *extents,
			const struct kcopyd_error *new)
{
	struct kcopyd_error part = *new, known;
	sector_t at = new->first, end = end_of(new);

	while (at < end && kc_extents_next(extents, at, end, &known)) {
		part.first = at;
		part.count = known.first > at ? known.first - at : 0;
		if (part.count)
			add(extents, &part);
		at = end_of(&known);
	}
	part.first = at;
	part.count = end > at ? end - at : 0;
	if (part.count)
		add(extents, &part);
}

/**
 * kc_extents_add - remember an error
 * @extents: of the region
 * @new: the error
 *
 * Context: the client's worker; does not sleep.
 */
void kc_extents_add(struct kc_extents *extents, const struct kcopyd_error *new)
{
	if (new->kind == KCOPYD_EXTENT_UNTRIED)
		add_untried(extents, new);
	else
		add(extents, new);
}

unsigned int kc_extents_count(struct kc_extents *extents, bool *coarse)
{
	unsigned int nr;

	spin_lock(&extents->lock);
	nr = extents->nr;
	*coarse = extents->coarse;
	spin_unlock(&extents->lock);
	return nr;
}

bool kc_extents_at(struct kc_extents *extents, unsigned int i,
		   struct kcopyd_error *error)
{
	bool found;

	spin_lock(&extents->lock);
	found = i < extents->nr;
	if (found)
		*error = extents->list[i];
	spin_unlock(&extents->lock);
	return found;
}

/**
 * kc_extents_next - the first extent that shares sectors with a range
 * @extents: of the region
 * @from: first sector of the range
 * @to: its end
 * @error: to be filled
 */
bool kc_extents_next(struct kc_extents *extents, sector_t from, sector_t to,
		     struct kcopyd_error *error)
{
	unsigned int i;
	bool found = false;

	spin_lock(&extents->lock);
	for (i = 0; !found && i < extents->nr; i++) {
		*error = extents->list[i];
		found = end_of(error) > from && error->first < to;
	}
	spin_unlock(&extents->lock);
	return found;
}
