// SPDX-License-Identifier: GPL-2.0-or-later
/* read() and poll() on /dev/kcopyd. */
#include <poll.h>
#include <sys/mman.h>

#include "job.h"

TestSuite(events, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

static void devices_create(void)
{
	data_fill(null_create("src", (struct null_options){ .mib = 4 }),
		  SOURCE);
	data_fill(null_create("d0", (struct null_options){ .mib = 4 }), DEST);
	data_fill(null_create("d1", (struct null_options){ .mib = 4 }), DEST);
}

static const struct job_plan two_dests = {
	.source.path = "/dev/kt-src",
	.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
	.length = 3 * MIB + SECTOR,
	.cookie = 0x1234567890abcdefULL,
};

/* Blocks. */
static struct kcopyd_event event_read(int kcopyd)
{
	struct kcopyd_event event;

	cr_assert_eq(read(kcopyd, &event, sizeof(event)),
		     (ssize_t)sizeof(event), "%m");
	return event;
}

static bool readable(int kcopyd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = kcopyd, .events = POLLIN };

	return poll(&pollfd, 1, timeout_ms) == 1 && pollfd.revents & POLLIN;
}

RIG_TEST(events, regions_come_in_order_just_before_done)
{
	int kcopyd = job_device_open(0);
	struct kcopyd_event event;
	uint64_t job, before = 0;

	devices_create();
	job = job_start(kcopyd, &two_dests);
	do {
		event = event_read(kcopyd);
	} while (event.type == KCOPYD_EVENT_STATE);
	for (unsigned int i = 0; i < 3; i++) {
		cr_assert_eq(event.type, KCOPYD_EVENT_REGION, "type %u",
			     event.type);
		cr_assert_eq(event.flags, 0);
		cr_assert_eq(event.job, job);
		cr_assert_eq(event.cookie, two_dests.cookie);
		cr_assert_geq(event.time_ns, before);
		cr_assert_eq(event.region, i);
		cr_assert_eq(event.code, 0);
		cr_assert_eq(event.region_result.bytes, two_dests.length);
		cr_assert_eq(event.region_result.errors, 0);
		before = event.time_ns;
		event = event_read(kcopyd);
	}
	cr_assert_eq(event.type, KCOPYD_EVENT_DONE, "type %u", event.type);
	cr_assert_eq(event.job, job);
	cr_assert_eq(event.cookie, two_dests.cookie);
	cr_assert_eq(event.code, 0);
	cr_assert_eq(event.done.read_err, 0);
	cr_assert_eq(event.done.write_err, 0);
	cr_assert_eq(event.done.complete, 0x3);
	cr_assert_eq(event.done.pad, 0);
	cr_assert_not(readable(kcopyd, 0), "something after DONE");
	close(kcopyd);
}

RIG_TEST(events, several_fit_into_one_read)
{
	struct kcopyd_event events[16];
	int kcopyd = job_device_open(0);
	struct kcopyd_status status;
	unsigned int nr = 0;
	uint64_t job;
	ssize_t n;

	devices_create();
	job = job_start(kcopyd, &two_dests);
	do {
		cr_assert_eq(job_status(kcopyd, job, &status), 0);
	} while (status.state != KCOPYD_STATE_DONE);
	while (!nr || events[nr - 1].type != KCOPYD_EVENT_DONE) {
		n = read(kcopyd, &events[nr],
			 sizeof(events) - nr * sizeof(events[0]));
		cr_assert_gt(n, 0, "%m");
		cr_assert_eq(n % sizeof(events[0]), 0);
		nr += n / sizeof(events[0]);
	}
	cr_assert_geq(nr, 4);
	cr_assert_eq(events[nr - 4].type, KCOPYD_EVENT_REGION);
	close(kcopyd);
}

RIG_TEST(events, a_buffer_of_one_and_a_half_gets_one)
{
	struct kcopyd_event events[2];
	int kcopyd = job_device_open(0);

	devices_create();
	job_start(kcopyd, &two_dests);
	cr_assert_eq(read(kcopyd, events, sizeof(events) - 1),
		     (ssize_t)sizeof(events[0]));
	close(kcopyd);
}

RIG_TEST(events, a_buffer_too_short_for_one_is_refused_and_loses_none)
{
	struct kcopyd_event event;
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	devices_create();
	cr_assert_eq(read(kcopyd, &event, sizeof(event) - 1), -1);
	cr_assert_eq(errno, EINVAL, "%m");
	job = job_start(kcopyd, &two_dests);
	cr_assert(readable(kcopyd, 30000));
	cr_assert_eq(read(kcopyd, &event, sizeof(event) - 1), -1);
	cr_assert_eq(errno, EINVAL, "%m");
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &two_dests);
	close(kcopyd);
}

RIG_TEST(events, an_unwritable_buffer_loses_none)
{
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;
	void *buffer;

	buffer =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(buffer, MAP_FAILED);
	devices_create();
	job = job_start(kcopyd, &two_dests);
	cr_assert(readable(kcopyd, 30000));
	cr_assert_eq(read(kcopyd, buffer, sizeof(struct kcopyd_event)), -1);
	cr_assert_eq(errno, EFAULT, "%m");
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &two_dests);
	close(kcopyd);
}

RIG_TEST(events, without_any_nonblocking_read_says_eagain)
{
	struct kcopyd_event event;
	int kcopyd = job_device_open(O_NONBLOCK);
	struct job_result result;

	devices_create();
	cr_assert_eq(read(kcopyd, &event, sizeof(event)), -1);
	cr_assert_eq(errno, EAGAIN, "%m");
	cr_assert_not(readable(kcopyd, 0));
	result = job_wait(kcopyd, job_start(kcopyd, &two_dests));
	job_expect_ok(&result, &two_dests);
	cr_assert_eq(read(kcopyd, &event, sizeof(event)), -1);
	cr_assert_eq(errno, EAGAIN, "%m");
	cr_assert_not(readable(kcopyd, 0));
	close(kcopyd);
}

RIG_TEST(events, a_descriptor_sees_only_its_own_jobs)
{
	int kcopyd = job_device_open(0), other = job_device_open(O_NONBLOCK);
	struct kcopyd_event event;
	struct job_result result;

	devices_create();
	result = job_wait(kcopyd, job_start(kcopyd, &two_dests));
	job_expect_ok(&result, &two_dests);
	cr_assert_not(readable(other, 100));
	cr_assert_eq(read(other, &event, sizeof(event)), -1);
	cr_assert_eq(errno, EAGAIN, "%m");
	close(kcopyd);
	close(other);
}

RIG_TEST(events, errors_come_before_their_region)
{
	int kcopyd = job_device_open(0);
	struct kcopyd_event event;
	bool located = false;

	devices_create();
	dm_create("bad", "0 2048 linear /dev/kt-d0 0\n"
			 "2048 8 error\n"
			 "2056 6136 linear /dev/kt-d0 2056\n");
	job_start(kcopyd, &(struct job_plan){
				  .source.path = "/dev/kt-src",
				  .dests = { { .path = "/dev/kt-d1" },
					     { .path = "/dev/mapper/kt-bad" } },
				  .length = 4 * MIB,
				  .chunk = 4096,
				  .flags = KCOPYD_SUBMIT_DETACH_FAILED,
			  });
	for (event = event_read(kcopyd); event.type != KCOPYD_EVENT_DONE;
	     event = event_read(kcopyd)) {
		if (event.type == KCOPYD_EVENT_EXTENT) {
			cr_assert_eq(event.region, 2);
			cr_assert_eq(event.code, -EIO);
			cr_assert_eq(event.extent.kind, KCOPYD_EXTENT_BAD);
			cr_assert_eq(event.extent.offset, MIB);
			cr_assert_eq(event.extent.length, 4096);
			cr_assert_eq(event.extent.pad, 0);
			located = true;
		} else if (event.type == KCOPYD_EVENT_REGION) {
			cr_assert(located, "the result came before the error");
			cr_assert_eq(event.region_result.errors,
				     event.region == 2);
			cr_assert_eq(event.code, event.region == 2 ? -EIO : 0);
		}
	}
	cr_assert_eq(event.code, -EIO);
	cr_assert_eq(event.done.write_err, 0x2);
	cr_assert_eq(event.done.complete, 0x1);
	close(kcopyd);
}

/* The source with every other page bad, so many of them. */
static void holes_create(unsigned int holes)
{
	char *table = malloc(holes * 96), *at = table;

	cr_assert_not_null(table);
	for (unsigned int i = 0; i < holes; i++)
		at += sprintf(at, "%u 8 error\n%u 8 linear /dev/kt-src %u\n",
			      16 * i, 16 * i + 8, 16 * i + 8);
	dm_create("holes", "%s", table);
	free(table);
}

/*
 * More errors than a ring holds events or a job holds extents: the result
 * comes all the same, the reader is told that events are missing, and every
 * bad page is inside an extent, though good ones are, too.
 */
RIG_TEST(events, more_errors_than_fit_are_covered_and_said_to_be_coarse)
{
	enum { HOLES = 1200, MOST = 1024 };
	static struct kcopyd_extent extents[2 * MOST];
	const uint64_t length = HOLES * 8 * KIB;
	int kcopyd = job_device_open(0);
	struct kcopyd_event event;
	struct kcopyd_status status;
	bool overflow = false;
	unsigned int nr, i;
	uint64_t job;

	data_fill(null_create("src", (struct null_options){ .mib = 10 }),
		  SOURCE);
	data_fill(null_create("d0", (struct null_options){ .mib = 10 }), DEST);
	holes_create(HOLES);
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = "/dev/mapper/kt-holes",
					.dests[0].path = "/dev/kt-d0",
					.length = length,
					.chunk = 4096,
					.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
				});
	rig_wait_for(!job_info(kcopyd).jobs, 120, "the end of the job");
	do {
		event = event_read(kcopyd);
		overflow |= event.flags & KCOPYD_EVENT_OVERFLOW;
		if (event.type == KCOPYD_EVENT_REGION && !event.region)
			cr_assert_eq(event.region_result.errors, HOLES);
		if (event.type == KCOPYD_EVENT_REGION && event.region)
			cr_assert_eq(event.region_result.bytes, length / 2);
	} while (event.type != KCOPYD_EVENT_DONE);
	cr_assert(overflow, "nobody was told of the missing events");
	cr_assert_eq(event.code, -EIO);
	cr_assert_eq(event.done.read_err, 1);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.flags & KCOPYD_STATUS_COARSE, KCOPYD_STATUS_COARSE);
	nr = job_extents(kcopyd, job, extents, ARRAY_SIZE(extents));
	cr_assert_eq(nr, MOST);
	cr_assert_eq(nr, status.nr_extents);
	for (unsigned int hole = i = 0; hole < HOLES; hole++) {
		uint64_t at = hole * 8 * KIB;

		while (i < nr && extents[i].offset + extents[i].length <= at)
			i++;
		cr_assert_lt(i, nr, "the hole at %llu is missing",
			     (unsigned long long)at);
		cr_assert_leq(extents[i].offset, at);
		cr_assert_geq(extents[i].offset + extents[i].length,
			      at + 4 * KIB);
	}
	close(kcopyd);
}
