// SPDX-License-Identifier: LGPL-2.1-or-later
/* The service: jobs through /dev/kcopyd. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <libkcopy.h>
#include "cleanup.h"

#define SERVICE_PATH "/dev/kcopyd"
#define EXTENTS_AT_ONCE 1024

struct kcopy {
	int fd;
};

static int call(const struct kcopy *kcopy, unsigned long request, void *arg)
{
	return ioctl(kcopy->fd, request, arg) < 0 ? -errno : 0;
}

int kcopy_open(struct kcopy **result)
{
	struct kcopyd_info info;
	struct kcopy *kcopy;
	int err;

	kcopy = calloc(1, sizeof(*kcopy));
	if (!kcopy)
		return -ENOMEM;
	kcopy->fd = open(SERVICE_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (kcopy->fd < 0) {
		err = -errno;
		goto out_free;
	}
	err = kcopy_info(kcopy, &info);
	if (!err && info.abi != KCOPYD_ABI_VERSION)
		err = -EPROTO;
	if (err)
		goto out_close;
	*result = kcopy;
	return 0;

out_close:
	close(kcopy->fd);
out_free:
	free(kcopy);
	return err;
}

void kcopy_close(struct kcopy *kcopy)
{
	if (!kcopy)
		return;
	close(kcopy->fd);
	free(kcopy);
}

int kcopy_fd(const struct kcopy *kcopy)
{
	return kcopy->fd;
}

int kcopy_info(struct kcopy *kcopy, struct kcopyd_info *info)
{
	*info = (struct kcopyd_info){ .size = sizeof(*info) };
	return call(kcopy, KCOPYD_IOC_INFO, info);
}

static struct kcopyd_target to_target(const struct kcopy_target *target)
{
	return (struct kcopyd_target){
		.fd = target->fd,
		.offset = target->offset,
	};
}

int kcopy_submit(struct kcopy *kcopy, const struct kcopy_request *request,
		 uint64_t *job, struct kcopy_refusal *refusal)
{
	AUTO_FREE struct kcopyd_target *dests = NULL;
	struct kcopyd_submit submit = {
		.size = sizeof(submit),
		.flags = request->flags,
		.source = to_target(&request->source),
		.length = request->length,
		.nr_dests = request->nr_dests,
		.depth = request->limits.depth,
		.chunk = request->chunk,
		.memory = request->memory,
		.cookie = request->cookie,
		.rate = request->limits.rate,
		.percent = request->limits.percent,
		.retry = request->retry,
		.retry_budget = request->retry_budget,
		.on_slow = request->on_slow,
		.checksum = request->checksum,
		.ioprio = request->ioprio,
		.region = KCOPYD_REGION_NONE,
	};
	unsigned int i;
	int err;

	if (refusal)
		*refusal = (struct kcopy_refusal){
			.region = KCOPYD_REGION_NONE,
		};
	dests = calloc(request->nr_dests ? request->nr_dests : 1,
		       sizeof(*dests));
	if (!dests)
		return -ENOMEM;
	for (i = 0; i < request->nr_dests; i++)
		dests[i] = to_target(&request->dests[i]);
	submit.dests = (uintptr_t)dests;

	err = call(kcopy, KCOPYD_IOC_SUBMIT, &submit);
	if (refusal) {
		refusal->reason = submit.reason;
		refusal->region = submit.region;
	}
	if (!err)
		*job = submit.job;
	return err;
}

int kcopy_cancel(struct kcopy *kcopy, uint64_t job, unsigned int timeout_ms)
{
	struct kcopyd_cancel cancel = {
		.size = sizeof(cancel),
		.timeout_ms = timeout_ms,
		.job = job,
	};

	return call(kcopy, KCOPYD_IOC_CANCEL, &cancel);
}

static int control(struct kcopy *kcopy, uint64_t job, unsigned int op,
		   const struct kcopy_limits *limits)
{
	struct kcopyd_control control = {
		.size = sizeof(control),
		.op = op,
		.job = job,
		.rate = limits->rate,
		.percent = limits->percent,
		.depth = limits->depth,
	};

	return call(kcopy, KCOPYD_IOC_CONTROL, &control);
}

int kcopy_pause(struct kcopy *kcopy, uint64_t job)
{
	return control(kcopy, job, KCOPYD_CONTROL_PAUSE,
		       &(struct kcopy_limits){});
}

int kcopy_resume(struct kcopy *kcopy, uint64_t job)
{
	return control(kcopy, job, KCOPYD_CONTROL_RESUME,
		       &(struct kcopy_limits){});
}

int kcopy_limit(struct kcopy *kcopy, uint64_t job,
		const struct kcopy_limits *limits)
{
	return control(kcopy, job, KCOPYD_CONTROL_LIMIT, limits);
}

static int get_status(struct kcopy *kcopy, uint64_t job, unsigned int flags,
		      struct kcopyd_status *status,
		      struct kcopyd_region_status *regions,
		      unsigned int nr_regions)
{
	*status = (struct kcopyd_status){
		.size = sizeof(*status),
		.flags = flags,
		.job = job,
		.regions = (uintptr_t)regions,
		.nr_regions = regions ? nr_regions : 0,
	};
	return call(kcopy, KCOPYD_IOC_STATUS, status);
}

int kcopy_status(struct kcopy *kcopy, uint64_t job,
		 struct kcopyd_status *status,
		 struct kcopyd_region_status *regions, unsigned int nr_regions)
{
	return get_status(kcopy, job, 0, status, regions, nr_regions);
}

int kcopy_next_job(struct kcopy *kcopy, uint64_t from,
		   struct kcopyd_status *status,
		   struct kcopyd_region_status *regions,
		   unsigned int nr_regions)
{
	return get_status(kcopy, from, KCOPYD_STATUS_NEXT, status, regions,
			  nr_regions);
}

int kcopy_extents(struct kcopy *kcopy, uint64_t job,
		  struct kcopyd_extent **result, size_t *nr)
{
	AUTO_FREE struct kcopyd_extent *extents = NULL;
	struct kcopyd_extents request = { .job = job };
	struct kcopyd_extent *more;
	size_t got = 0;
	int err;

	do {
		more = reallocarray(extents, got + EXTENTS_AT_ONCE,
				    sizeof(*extents));
		if (!more)
			return -ENOMEM;
		extents = more;
		memset(extents + got, 0, EXTENTS_AT_ONCE * sizeof(*extents));
		request.size = sizeof(request);
		request.nr = EXTENTS_AT_ONCE;
		request.extents = (uintptr_t)(extents + got);
		err = call(kcopy, KCOPYD_IOC_EXTENTS, &request);
		if (err)
			return err;
		got += request.nr;
	} while (request.nr == EXTENTS_AT_ONCE);

	*result = steal_pointer(&extents);
	*nr = got;
	return 0;
}

int kcopy_next_event(struct kcopy *kcopy, struct kcopyd_event *event,
		     int timeout_ms)
{
	struct pollfd pfd = { .fd = kcopy->fd, .events = POLLIN };
	ssize_t got;
	int n;

	n = poll(&pfd, 1, timeout_ms);
	if (n < 0)
		return -errno;
	if (!n)
		return 0;
	got = read(kcopy->fd, event, sizeof(*event));
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	return got == sizeof(*event) ? 1 : -EIO;
}
