// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a descriptor has to tell: a bounded ring of events, and the results of
 * finished jobs. A result's place is the job's own, so that none is ever lost;
 * what the ring has no room for is flagged as an overflow and can still be asked for.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dev.h"
#include "internal.h"

#define RING_EVENTS 1024U

void kc_events_init(struct kc_events *events)
{
	*events = (struct kc_events){};
	mutex_init(&events->read_lock);
	spin_lock_init(&events->lock);
	INIT_LIST_HEAD(&events->done);
	init_waitqueue_head(&events->wait);
}

/* Before the first push. */
int kc_events_alloc(struct kc_events *events)
{
	if (!events->ring)
		events->ring = kvmalloc_array(
			RING_EVENTS, sizeof(*events->ring), GFP_KERNEL_ACCOUNT);
	return events->ring ? 0 : -ENOMEM;
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

/**
 * kc_events_push - tell of something
 * @events: of the descriptor
 * @event: copied
 *
 * Context: process, does not sleep.
 */
void kc_events_push(struct kc_events *events, const struct kcopyd_event *event)
{
	struct kcopyd_event *slot;

	spin_lock(&events->lock);
	if (events->head - events->tail == RING_EVENTS) {
		events->overflow = true;
	} else {
		slot = &events->ring[events->head++ % RING_EVENTS];
		*slot = *event;
		if (events->overflow)
			slot->flags |= KCOPYD_EVENT_OVERFLOW;
		events->overflow = false;
	}
	spin_unlock(&events->lock);
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
	list_add_tail(&dj->done_node, &events->done);
	spin_unlock(&events->lock);
	wake_up_interruptible(&events->wait);
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
 * the reader, who alone moves read_pos.
 */
static void result_event(const struct kc_events *events,
			 const struct kc_devjob *dj, struct kcopyd_event *event)
{
	const struct kc_region *region;

	*event = (struct kcopyd_event){
		.job = dj->id,
		.cookie = dj->cookie,
		.time_ns = dj->done_ns,
	};
	if (dj->read_pos < dj->nr_targets) {
		region = &dj->job->regions[dj->read_pos];
		event->type = KCOPYD_EVENT_REGION;
		event->region = dj->read_pos;
		event->code = region->error;
		event->region_result.bytes = region->bytes;
		event->region_result.errors = region->errors;
		return;
	}
	event->type = KCOPYD_EVENT_DONE;
	event->flags = events->overflow ? KCOPYD_EVENT_OVERFLOW : 0;
	event->region = KCOPYD_REGION_NONE;
	event->code = dj->result.code;
	event->done.write_err = dj->result.write_err;
	event->done.complete = dj->result.complete;
	event->done.read_err = dj->result.read_err;
}

/* The first unread event, left where it is. A job's result comes last. */
static bool peek_event(struct kc_events *events, struct kcopyd_event *event,
		       struct kc_devjob **dj)
{
	bool found = true;

	*dj = NULL;
	spin_lock(&events->lock);
	if (events->head != events->tail) {
		*event = events->ring[events->tail % RING_EVENTS];
	} else if (!list_empty(&events->done)) {
		*dj = list_first_entry(&events->done, struct kc_devjob,
				       done_node);
		result_event(events, *dj, event);
	} else {
		found = false;
	}
	spin_unlock(&events->lock);
	return found;
}

static void consume_event(struct kc_events *events, struct kc_devjob *dj)
{
	bool read = false;

	spin_lock(&events->lock);
	if (!dj) {
		events->tail++;
	} else if (dj->read_pos++ == dj->nr_targets) {
		list_del_init(&dj->done_node);
		events->overflow = false;
		read = true;
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
		consume_event(events, dj);
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
	return done;
}
