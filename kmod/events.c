// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a descriptor has to tell: a bounded ring of events, and the results of
 * finished jobs. A result's place is the job's own, so that none is ever lost;
 * what the ring has no room for is flagged as an overflow and can still be
 * asked for.
 *
 * Digests can't be asked for later, so they wait for room, and their job with
 * them. Who ends the wait of kc_events_push_digest():
 *
 *  1. the reader, by making room;
 *  2. whoever cancels the job, with or without a reader;
 *  3. the closing of the descriptor, after which there is no reader, also for
 *     a job that is detached and goes on.
 *
 * Each changes what store_digest() looks at before it wakes @room, and a waiter
 * looks again after it has put itself on @room, so no wake-up is missed. The
 * descriptor closes its events before it waits for its jobs, so that it never
 * waits for a digest that waits for a reader. The events outlive the wait,
 * since a job whose callback runs is not done, and a file is not freed before
 * its jobs are.
 *
 * Digests leave a part of the ring to events that can't wait, and results are
 * read in their turn, however many digests come behind them.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "devjob.h"
#include "events.h"
#include "memory.h"

#define RING_EVENTS 1024U
#define RING_DIGESTS (RING_EVENTS / 4 * 3)
/* Results that wait for a reader, before no more jobs are accepted. */
#define UNREAD_MAX 256
/* And their regions: a result of many takes as much as a lot of small ones. */
#define UNREAD_REGIONS_MAX 1024

void kc_events_init(struct kc_events *events)
{
	*events = (struct kc_events){};
	mutex_init(&events->read_lock);
	spin_lock_init(&events->lock);
	INIT_LIST_HEAD(&events->done);
	init_waitqueue_head(&events->wait);
	init_waitqueue_head(&events->room);
}

/* Before the first push. */
int kc_events_alloc(struct kc_events *events)
{
	events->ring = kc_table_alloc(RING_EVENTS, sizeof(*events->ring));
	return events->ring ? 0 : -ENOMEM;
}

/* There is no reader any more: nobody may wait for one. */
void kc_events_close(struct kc_events *events)
{
	spin_lock(&events->lock);
	events->closed = true;
	spin_unlock(&events->lock);
	wake_up_all(&events->room);
}

void kc_events_exit(struct kc_events *events)
{
	struct kc_devjob *dj, *next;

	list_for_each_entry_safe(dj, next, &events->done, done_node) {
		list_del_init(&dj->done_node);
		kc_devjob_put(dj);
	}
	kvfree(events->ring);
}

static unsigned int ring_used(const struct kc_events *events)
{
	lockdep_assert_held(&events->lock);
	return events->head - events->tail;
}

static void ring_put(struct kc_events *events, const struct kcopyd_event *event)
{
	struct kcopyd_event *slot = &events->ring[events->head % RING_EVENTS];

	*slot = *event;
	if (events->overflow)
		slot->flags |= KCOPYD_EVENT_OVERFLOW;
	events->overflow = false;
	events->head++;
}

/**
 * kc_events_push - tell of something
 * @events: of the descriptor
 * @event: copied
 *
 * Context: process, does not sleep.
 */
void kc_events_push(struct kc_events *events, const struct kcopyd_event *event)
{
	spin_lock(&events->lock);
	if (ring_used(events) < RING_EVENTS)
		ring_put(events, event);
	else
		events->overflow = true;
	spin_unlock(&events->lock);
	wake_up_interruptible(&events->wait);
}

/*
 * Returns false when it has to wait. After a digest that was dropped none is
 * stored, so that what is read has no gaps.
 */
static bool store_digest(struct kc_devjob *dj, const struct kcopyd_event *parts,
			 unsigned int nr)
{
	struct kc_events *events = dj->events;
	bool stored = true;
	unsigned int i;

	spin_lock(&events->lock);
	if (events->closed || dj->digests_lost) {
		/* Nobody reads them. */
	} else if (ring_used(events) + nr <= RING_DIGESTS) {
		for (i = 0; i < nr; i++)
			ring_put(events, &parts[i]);
	} else if (READ_ONCE(dj->cancelled)) {
		dj->digests_lost = true;
		events->overflow = true;
	} else {
		stored = false;
	}
	spin_unlock(&events->lock);
	return stored;
}

/**
 * kc_events_push_digest - tell of a digest, once there is room
 * @dj: whose
 * @parts: events that it takes, copied, stored together
 * @nr: of them
 *
 * Context: process, sleeps. Returns early as said at the top of the file.
 */
void kc_events_push_digest(struct kc_devjob *dj,
			   const struct kcopyd_event *parts, unsigned int nr)
{
	struct kc_events *events = dj->events;

	/* Idle sleep: a reader may take as long as it likes. */
	wait_event_idle(events->room, store_digest(dj, parts, nr));
	wake_up_interruptible(&events->wait);
}

/**
 * kc_events_push_result - tell of a finished job
 * @events: of the descriptor
 * @dj: the job, with a reference that passes to @events
 */
void kc_events_push_result(struct kc_events *events, struct kc_devjob *dj)
{
	spin_lock(&events->lock);
	dj->read_after = events->head;
	list_add_tail(&dj->done_node, &events->done);
	events->nr_done++;
	events->nr_regions += dj->nr_targets;
	spin_unlock(&events->lock);
	wake_up_interruptible(&events->wait);
}

/* Nobody reads: another job would only add to that. */
bool kc_events_are_neglected(struct kc_events *events)
{
	bool neglected;

	spin_lock(&events->lock);
	neglected = events->nr_done >= UNREAD_MAX ||
		    events->nr_regions >= UNREAD_REGIONS_MAX;
	spin_unlock(&events->lock);
	return neglected;
}

bool kc_events_pending(struct kc_events *events)
{
	bool pending;

	spin_lock(&events->lock);
	pending = events->head != events->tail || !list_empty(&events->done);
	spin_unlock(&events->lock);
	return pending;
}

/*
 * The result of a job, as a row of events: one a region, then DONE. Called by
 * the reader, who alone moves read_pos and lets the job go.
 */
static void result_event(struct kc_devjob *dj, struct kcopyd_event *event)
{
	struct kcopyd_region_progress progress;

	*event = (struct kcopyd_event){
		.flags = event->flags,
		.job = dj->id,
		.cookie = dj->cookie,
		.time_ns = dj->done_ns,
	};
	if (dj->read_pos < dj->nr_targets) {
		kc_devjob_region(dj, dj->read_pos, &progress);
		event->type = KCOPYD_EVENT_REGION;
		event->region = dj->read_pos;
		event->code = progress.error;
		event->region_result.bytes = progress.bytes;
		event->region_result.errors = progress.errors;
		return;
	}
	event->type = KCOPYD_EVENT_DONE;
	event->region = KCOPYD_REGION_NONE;
	event->code = dj->result.code;
	event->done.write_err = dj->result.write_err;
	event->done.complete = dj->result.complete;
	event->done.read_err = dj->result.read_err;
}

/* The job whose result is next, or NULL: the next event is in the ring. */
static struct kc_devjob *next_result(struct kc_events *events)
{
	struct kc_devjob *dj = list_first_entry_or_null(
		&events->done, struct kc_devjob, done_node);

	/* Counted without end, so that the difference tells. */
	if (dj && (int)(events->tail - dj->read_after) < 0)
		return NULL;
	return dj;
}

/* The first unread event, left where it is. A result comes after its job's. */
static bool peek_event(struct kc_events *events, struct kcopyd_event *event,
		       struct kc_devjob **dj)
{
	bool found = true;

	spin_lock(&events->lock);
	*dj = next_result(events);
	if (*dj)
		event->flags = events->overflow ? KCOPYD_EVENT_OVERFLOW : 0;
	else if (ring_used(events))
		*event = events->ring[events->tail % RING_EVENTS];
	else
		found = false;
	spin_unlock(&events->lock);
	/* Asking the engine may sleep. */
	if (*dj)
		result_event(*dj, event);
	return found;
}

/*
 * A reader who was told of an overflow asks for what it missed after this, and
 * gets all that was dropped before.
 */
static void consume_event(struct kc_events *events, struct kc_devjob *dj,
			  const struct kcopyd_event *event)
{
	bool read = false;

	spin_lock(&events->lock);
	if (!dj) {
		events->tail++;
	} else {
		if (event->flags & KCOPYD_EVENT_OVERFLOW)
			events->overflow = false;
		read = dj->read_pos++ == dj->nr_targets;
		if (read) {
			list_del_init(&dj->done_node);
			events->nr_done--;
			events->nr_regions -= dj->nr_targets;
		}
	}
	spin_unlock(&events->lock);
	if (read)
		kc_devjob_put(dj);
}

static ssize_t read_locked(struct kc_events *events, char __user *buf,
			   size_t count)
{
	struct kcopyd_event event;
	struct kc_devjob *dj;
	ssize_t done = 0;

	while (count - done >= sizeof(event) &&
	       peek_event(events, &event, &dj)) {
		if (copy_to_user(buf + done, &event, sizeof(event)))
			return done ?: -EFAULT;
		consume_event(events, dj, &event);
		done += sizeof(event);
	}
	return done;
}

/**
 * kc_events_read - move events to user space, whole ones
 * @events: of the descriptor
 * @buf: where to
 * @count: bytes of room
 *
 * An event is consumed only after it has been copied; one reader at a time.
 *
 * Return: bytes, 0 if there was no event, -EFAULT.
 */
ssize_t kc_events_read(struct kc_events *events, char __user *buf, size_t count)
{
	ssize_t done;

	if (mutex_lock_interruptible(&events->read_lock))
		return -ERESTARTSYS;
	done = read_locked(events, buf, count);
	mutex_unlock(&events->read_lock);
	wake_up_all(&events->room);
	return done;
}
