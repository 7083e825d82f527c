// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs of /dev/kcopyd, by its ioctls. */
#include <poll.h>
#include <sys/ioctl.h>

#include "job.h"

int job_device_open(int flags)
{
	return device_open("/dev/kcopyd", O_RDWR | flags);
}

static struct kcopyd_target place_open(const struct job_place *place, int flags)
{
	return (struct kcopyd_target){
		.fd = place->fd ?: device_open(place->path, flags),
		.offset = place->offset,
	};
}

static void place_close(const struct job_place *place, int fd)
{
	if (!place->fd)
		close(fd);
}

uint64_t job_start(int kcopyd, const struct job_plan *plan)
{
	struct kcopyd_target dests[ARRAY_SIZE(plan->dests)] = {};
	struct kcopyd_submit submit = {
		.size = sizeof(submit),
		.flags = plan->flags,
		.length = plan->length,
		.dests = (uintptr_t)dests,
		.depth = plan->depth,
		.chunk = plan->chunk,
		.memory = plan->memory,
		.cookie = plan->cookie,
	};
	int ret;

	submit.source = place_open(&plan->source, O_RDONLY);
	for (unsigned int i = 0;
	     i < ARRAY_SIZE(plan->dests) && plan->dests[i].path; i++) {
		dests[i] = place_open(&plan->dests[i], O_RDWR | O_EXCL);
		submit.nr_dests++;
	}
	ret = ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit);
	cr_assert_eq(ret, 0, "submit: %m, reason %u, region %d", submit.reason,
		     (int)submit.region);
	cr_assert_neq(submit.job, 0);
	for (unsigned int i = 0; i < submit.nr_dests; i++)
		place_close(&plan->dests[i], dests[i].fd);
	place_close(&plan->source, submit.source.fd);
	return submit.job;
}

static void event_add(struct job_result *result,
		      const struct kcopyd_event *event)
{
	switch (event->type) {
	case KCOPYD_EVENT_EXTENT:
		if (result->nr_extents < JOB_EXTENTS)
			result->extents[result->nr_extents] =
				(struct kcopyd_extent){
					.offset = event->extent.offset,
					.length = event->extent.length,
					.region = event->region,
					.kind = event->extent.kind,
					.error = event->code,
				};
		result->nr_extents++;
		break;
	case KCOPYD_EVENT_REGION:
		cr_assert_lt(event->region, KCOPYD_MAX_REGIONS);
		result->regions[event->region].bytes =
			event->region_result.bytes;
		result->regions[event->region].errors =
			event->region_result.errors;
		result->regions[event->region].code = event->code;
		result->nr_regions++;
		break;
	case KCOPYD_EVENT_DONE:
		result->code = event->code;
		result->read_err = event->done.read_err;
		result->write_err = event->done.write_err;
		result->complete = event->done.complete;
		result->cookie = event->cookie;
		break;
	}
}

struct job_result job_wait(int kcopyd, uint64_t job)
{
	struct pollfd pollfd = { .fd = kcopyd, .events = POLLIN };
	struct job_result result = {};
	struct kcopyd_event event;

	do {
		cr_assert_eq(poll(&pollfd, 1, 300 * 1000), 1,
			     "job %lu: no event in 300 s", job);
		cr_assert_eq(read(kcopyd, &event, sizeof(event)),
			     (ssize_t)sizeof(event), "event: %m");
		if (event.job == job)
			event_add(&result, &event);
	} while (event.type != KCOPYD_EVENT_DONE || event.job != job);
	return result;
}

struct job_result job_run(const struct job_plan *plan)
{
	int kcopyd = job_device_open(0);
	struct job_result result = job_wait(kcopyd, job_start(kcopyd, plan));

	close(kcopyd);
	return result;
}

void job_expect_ok(const struct job_result *result, const struct job_plan *plan)
{
	unsigned int nr = 0;

	while (nr < ARRAY_SIZE(plan->dests) && plan->dests[nr].path)
		nr++;
	cr_assert_eq(result->code, 0, "code %d", result->code);
	cr_assert_eq(result->read_err, 0);
	cr_assert_eq(result->write_err, 0, "write_err %#lx", result->write_err);
	cr_assert_eq(result->complete, (1ULL << nr) - 1, "complete %#lx",
		     result->complete);
	cr_assert_eq(result->cookie, plan->cookie);
	cr_assert_eq(result->nr_extents, 0);
	cr_assert_eq(result->nr_regions, nr + 1);
	for (unsigned int i = 0; i <= nr; i++) {
		cr_assert_eq(result->regions[i].bytes, plan->length,
			     "region %u: %lu bytes", i,
			     result->regions[i].bytes);
		cr_assert_eq(result->regions[i].errors, 0);
		cr_assert_eq(result->regions[i].code, 0);
	}
}

void job_run_ok(const struct job_plan *plan)
{
	struct job_result result = job_run(plan);

	job_expect_ok(&result, plan);
}

int job_regions(int kcopyd, uint64_t job, struct kcopyd_status *status,
		struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS])
{
	*status = (struct kcopyd_status){
		.size = sizeof(*status),
		.job = job,
		.regions = (uintptr_t)regions,
		.nr_regions = regions ? KCOPYD_MAX_REGIONS : 0,
	};
	return ioctl(kcopyd, KCOPYD_IOC_STATUS, status) ? -errno : 0;
}

int job_status(int kcopyd, uint64_t job, struct kcopyd_status *status)
{
	return job_regions(kcopyd, job, status, NULL);
}

unsigned int job_extents(int kcopyd, uint64_t job,
			 struct kcopyd_extent *extents, unsigned int room)
{
	struct kcopyd_extents request = { .size = sizeof(request), .job = job };

	/* Not all at once, so that the cursor has to work. */
	do {
		request.nr =
			room - request.cursor < 50 ? room - request.cursor : 50;
		request.extents = (uintptr_t)&extents[request.cursor];
		cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_EXTENTS, &request), 0,
			     "extents of job %lu: %m", job);
	} while (request.nr);
	cr_assert_leq(request.cursor, room);
	return request.cursor;
}

struct kcopyd_info job_info(int kcopyd)
{
	struct kcopyd_info info = { .size = sizeof(info) };

	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_INFO, &info), 0, "info: %m");
	return info;
}

struct kcopyd_info job_info_now(void)
{
	int kcopyd = job_device_open(0);
	struct kcopyd_info info = job_info(kcopyd);

	close(kcopyd);
	return info;
}
