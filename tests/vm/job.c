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

static unsigned int plan_dests(const struct job_plan *plan)
{
	unsigned int nr = 0;

	while (nr < ARRAY_SIZE(plan->dests) && plan->dests[nr].path)
		nr++;
	return nr;
}

int job_try_start(int kcopyd, const struct job_plan *plan,
		  struct kcopyd_submit *submit)
{
	const bool compare = plan->flags & KCOPYD_SUBMIT_COMPARE;
	struct kcopyd_target dests[ARRAY_SIZE(plan->dests)] = {};
	int ret;

	*submit = (struct kcopyd_submit){
		.size = sizeof(*submit),
		.flags = plan->flags,
		.length = plan->length,
		.dests = (uintptr_t)dests,
		.nr_dests = plan_dests(plan),
		.depth = plan->depth,
		.chunk = plan->chunk,
		.memory = plan->memory,
		.cookie = plan->cookie,
		.rate = plan->rate,
		.percent = plan->percent,
		.retry = plan->retry,
		.retry_budget = plan->retry_budget,
		.on_slow = plan->on_slow,
		.checksum = plan->checksum,
		.ioprio = plan->ioprio,
	};
	submit->source = place_open(&plan->source, O_RDONLY);
	for (unsigned int i = 0; i < submit->nr_dests; i++)
		dests[i] = place_open(&plan->dests[i],
				      compare ? O_RDONLY : O_RDWR | O_EXCL);
	ret = ioctl(kcopyd, KCOPYD_IOC_SUBMIT, submit) ? -errno : 0;
	for (unsigned int i = 0; i < submit->nr_dests; i++)
		place_close(&plan->dests[i], dests[i].fd);
	place_close(&plan->source, submit->source.fd);
	return ret;
}

uint64_t job_start(int kcopyd, const struct job_plan *plan)
{
	struct kcopyd_submit submit;
	int ret = job_try_start(kcopyd, plan, &submit);

	cr_assert_eq(ret, 0, "submit: %s, reason %u, region %d", strerror(-ret),
		     submit.reason, (int)submit.region);
	cr_assert_neq(submit.job, 0);
	return submit.job;
}

static void digest_add(struct job_result *result,
		       const struct kcopyd_event *event)
{
	struct job_digest *digest;

	cr_assert_lt(event->region, 2);
	/* Its parts come one after the other. */
	result->nr_digests += !event->region;
	if (result->nr_digests > JOB_DIGESTS)
		return;
	digest = &result->digests[result->nr_digests - 1];
	digest->offset = event->digest.offset;
	digest->length = event->code;
	memcpy(&digest->value[16 * event->region], event->digest.value, 16);
}

static void extent_add(struct job_result *result,
		       const struct kcopyd_event *event)
{
	if (result->nr_extents < JOB_EXTENTS)
		result->extents[result->nr_extents] = (struct kcopyd_extent){
			.offset = event->extent.offset,
			.length = event->extent.length,
			.region = event->region,
			.kind = event->extent.kind,
			.error = event->code,
		};
	result->nr_extents++;
}

void job_event_add(struct job_result *result, const struct kcopyd_event *event)
{
	result->overflow |= event->flags & KCOPYD_EVENT_OVERFLOW;
	switch (event->type) {
	case KCOPYD_EVENT_EXTENT:
		extent_add(result, event);
		break;
	case KCOPYD_EVENT_STATE:
		if (result->nr_states < JOB_STATES)
			result->states[result->nr_states] = event->state.state;
		result->nr_states++;
		break;
	case KCOPYD_EVENT_DIGEST:
		digest_add(result, event);
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

struct kcopyd_event job_event(int kcopyd)
{
	struct pollfd pollfd = { .fd = kcopyd, .events = POLLIN };
	struct kcopyd_event event;

	cr_assert_eq(poll(&pollfd, 1, 300 * 1000), 1, "no event in 300 s");
	cr_assert_eq(read(kcopyd, &event, sizeof(event)),
		     (ssize_t)sizeof(event), "event: %m");
	return event;
}

struct job_result job_wait(int kcopyd, uint64_t job)
{
	struct job_result result = {};
	struct kcopyd_event event;

	do {
		event = job_event(kcopyd);
		if (event.job == job)
			job_event_add(&result, &event);
	} while (event.type != KCOPYD_EVENT_DONE || event.job != job);
	return result;
}

bool job_was_in_state(const struct job_result *result, uint32_t state)
{
	for (unsigned int i = 0; i < result->nr_states && i < JOB_STATES; i++)
		if (result->states[i] == state)
			return true;
	return false;
}

struct job_result job_run(const struct job_plan *plan)
{
	int kcopyd = job_device_open(0);
	struct job_result result = job_wait(kcopyd, job_start(kcopyd, plan));

	close(kcopyd);
	return result;
}

/* For a destination that was slow, and goes alone, the source is read again. */
static uint64_t most_of(const struct job_plan *plan, unsigned int region)
{
	const bool again = !region && plan->on_slow == KCOPYD_SLOW_UNCOUPLE;

	return plan->length * (again ? plan_dests(plan) : 1);
}

void job_expect_ok(const struct job_result *result, const struct job_plan *plan)
{
	const unsigned int nr = plan_dests(plan);

	cr_assert_eq(result->code, 0, "code %d", result->code);
	cr_assert_eq(result->read_err, 0);
	cr_assert_eq(result->write_err, 0, "write_err %#lx", result->write_err);
	cr_assert_eq(result->complete, (1ULL << nr) - 1, "complete %#lx",
		     result->complete);
	cr_assert_eq(result->cookie, plan->cookie);
	cr_assert_eq(result->nr_extents, 0);
	cr_assert_eq(result->nr_regions, nr + 1);
	for (unsigned int i = plan->source.fd == -1; i <= nr; i++) {
		const uint64_t bytes = result->regions[i].bytes;

		cr_assert(bytes >= plan->length && bytes <= most_of(plan, i),
			  "region %u: %lu bytes", i, bytes);
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

struct kcopyd_region_status job_region(int kcopyd, uint64_t job,
				       unsigned int region)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;
	int ret = job_regions(kcopyd, job, &status, regions);

	cr_assert_eq(ret, 0, "job %lu: %s", job, strerror(-ret));
	cr_assert_lt(region, status.nr_regions);
	return regions[region];
}

uint32_t job_state(int kcopyd, uint64_t job)
{
	struct kcopyd_status status;
	int ret = job_status(kcopyd, job, &status);

	cr_assert_eq(ret, 0, "job %lu: %s", job, strerror(-ret));
	return status.state;
}

void job_wait_state(int kcopyd, uint64_t job, uint32_t state)
{
	const uint64_t end = rig_now_ms() + 60 * 1000;
	uint32_t is = job_state(kcopyd, job);

	while (is != state) {
		cr_assert_neq(is, KCOPYD_STATE_DONE,
			      "job %lu ended without state %u", job, state);
		cr_assert_lt(rig_now_ms(), end,
			     "job %lu is in state %u, not %u", job, is, state);
		rig_sleep_ms(5);
		is = job_state(kcopyd, job);
	}
}

void job_wait_bytes(int kcopyd, uint64_t job, unsigned int region,
		    uint64_t bytes)
{
	rig_wait_for(job_region(kcopyd, job, region).bytes >= bytes, 60,
		     "bytes of a job");
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

static int control(int kcopyd, struct kcopyd_control args)
{
	args.size = sizeof(args);
	return ioctl(kcopyd, KCOPYD_IOC_CONTROL, &args) ? -errno : 0;
}

int job_pause(int kcopyd, uint64_t job)
{
	return control(kcopyd, (struct kcopyd_control){
				       .op = KCOPYD_CONTROL_PAUSE,
				       .job = job,
			       });
}

int job_resume(int kcopyd, uint64_t job)
{
	return control(kcopyd, (struct kcopyd_control){
				       .op = KCOPYD_CONTROL_RESUME,
				       .job = job,
			       });
}

int job_limit(int kcopyd, uint64_t job, uint64_t rate, uint32_t percent,
	      uint32_t depth)
{
	return control(kcopyd, (struct kcopyd_control){
				       .op = KCOPYD_CONTROL_LIMIT,
				       .job = job,
				       .rate = rate,
				       .percent = percent,
				       .depth = depth,
			       });
}

int job_cancel(int kcopyd, uint64_t job, unsigned int timeout_ms)
{
	struct kcopyd_cancel args = {
		.size = sizeof(args),
		.timeout_ms = timeout_ms,
		.job = job,
	};

	return ioctl(kcopyd, KCOPYD_IOC_CANCEL, &args) ? -errno : 0;
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
