// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waiting for a job's end, and how far it is until then. */
#include <errno.h>
#include <time.h>
#include <libkcopy.h>

#define MSEC_PER_SEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL

/* How often the state is looked at of a job whose events others get. */
#define LOOK_MS 100

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * MSEC_PER_SEC + time.tv_nsec / NSEC_PER_MSEC;
}

/* Until that time, or the event that says that the job is over. */
static int take_events(struct kcopy *kcopy, uint64_t job, uint64_t end)
{
	struct kcopyd_event event;
	uint64_t now;
	int got;

	while ((now = now_ms()) < end) {
		got = kcopy_next_event(kcopy, &event, end - now);
		if (got < 0)
			return got;
		if (got && event.job == job && event.type == KCOPYD_EVENT_DONE)
			break;
	}
	return 0;
}

int kcopy_wait(struct kcopy *kcopy, uint64_t job, int timeout_ms,
	       struct kcopyd_status *status,
	       struct kcopyd_region_status *regions, unsigned int nr_regions)
{
	uint64_t now = now_ms();
	uint64_t end = timeout_ms < 0 ? UINT64_MAX : now + timeout_ms;
	int err;

	for (;;) {
		err = kcopy_status(kcopy, job, status, regions, nr_regions);
		if (err)
			return err;
		if (status->state == KCOPYD_STATE_DONE)
			return 1;
		now = now_ms();
		if (now >= end)
			return 0;
		if (end - now > LOOK_MS)
			err = take_events(kcopy, job, now + LOOK_MS);
		else
			err = take_events(kcopy, job, end);
		if (err)
			return err;
	}
}

/*
 * Reading back moves no bytes of the copy: how far it is, is what is settled. In
 * the end all is, whether it was read or not.
 */
uint64_t kcopy_region_progress(const struct kcopyd_status *status,
			       const struct kcopyd_region_status *region)
{
	if (status->state == KCOPYD_STATE_VERIFYING ||
	    (status->submit_flags & KCOPYD_SUBMIT_COMPARE &&
	     status->state != KCOPYD_STATE_DONE))
		return region->settled;
	return region->bytes;
}

uint64_t kcopy_progress(const struct kcopyd_status *status,
			const struct kcopyd_region_status *regions)
{
	uint64_t least = UINT64_MAX, bytes;
	unsigned int i;

	for (i = 1; i < status->nr_regions; i++) {
		if (regions[i].flags & KCOPYD_REGION_DETACHED)
			continue;
		bytes = kcopy_region_progress(status, &regions[i]);
		if (bytes < least)
			least = bytes;
	}
	if (least == UINT64_MAX)
		return kcopy_region_progress(status, &regions[0]);
	return least;
}
