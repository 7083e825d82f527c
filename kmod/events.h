/* SPDX-License-Identifier: GPL-2.0-only */
/* What a descriptor has to tell (events.c). */
#ifndef _KCOPYD_EVENTS_H
#define _KCOPYD_EVENTS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <uapi/kcopyd.h>

struct kc_devjob;

/**
 * struct kc_events - unread events of a descriptor
 * @read_lock: one reader at a time
 * @wait: for events
 * @room: for digests: woken when there is more of it, or no use in waiting
 * @lock: protects all that follows
 * @ring: events
 * @head: where the next event goes, counted without end
 * @tail: the first unread one
 * @overflow: events were dropped and nobody was told
 * @closed: nobody will read any more
 * @done: finished jobs whose results have not been read
 * @nr_done: of them
 * @nr_regions: of these
 */
struct kc_events {
	struct mutex read_lock;
	wait_queue_head_t wait;
	wait_queue_head_t room;
	spinlock_t lock;
	struct kcopyd_event *ring;
	unsigned int head;
	unsigned int tail;
	bool overflow;
	bool closed;
	struct list_head done;
	unsigned int nr_done;
	unsigned int nr_regions;
};

void kc_events_init(struct kc_events *events);
int kc_events_alloc(struct kc_events *events);
void kc_events_close(struct kc_events *events);
void kc_events_exit(struct kc_events *events);
void kc_events_push(struct kc_events *events, const struct kcopyd_event *event);
void kc_events_push_digest(struct kc_devjob *dj,
			   const struct kcopyd_event *parts, unsigned int nr);
void kc_events_push_result(struct kc_events *events, struct kc_devjob *dj);
bool kc_events_are_neglected(struct kc_events *events);
bool kc_events_pending(struct kc_events *events);
ssize_t kc_events_read(struct kc_events *events, char __user *buf,
		       size_t count);

#endif /* _KCOPYD_EVENTS_H */
