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
		event = job_event(kcopyd);
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
		event = job_event(kcopyd);
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
	for (event = job_event(kcopyd); event.type != KCOPYD_EVENT_DONE;
	     event = job_event(kcopyd)) {
		if (event.type == KCOPYD_EVENT_EXTENT) {
			cr_assert_eq(event.region, 2);
			cr_assert_eq(event.code, -EIO);
			/* It has left the job: the rest is not tried. */
			if (event.extent.kind == KCOPYD_EXTENT_UNTRIED)
				continue;
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
		event = job_event(kcopyd);
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

/* ---- digests ------------------------------------------------------------- */

/* More digests than a ring holds events. */
enum { MANY = 1536, MANY_MIB = MANY * 4 / 1024 };

static const struct job_plan many_digests = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-d0",
	.length = MANY * 4 * KIB,
	.chunk = 4 * KIB,
	.checksum = KCOPYD_CHECKSUM_CRC32C,
};

static void many_create(void)
{
	const struct null_options options = { .mib = MANY_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST);
}

/* Bit by bit, as slow as it is plain. */
static uint32_t crc32c(const uint8_t *data, size_t length)
{
	uint32_t crc = ~0U;

	while (length--) {
		crc ^= *data++;
		for (unsigned int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* Of the source, as data_fill() left it. */
static uint32_t source_crc32c(uint64_t offset, uint64_t length)
{
	uint8_t *data = malloc(length);
	uint32_t crc;

	cr_assert_not_null(data);
	data_make(data, length, SOURCE, offset / SECTOR);
	crc = crc32c(data, length);
	free(data);
	return crc;
}

static void expect_crc32c(const uint8_t value[16], uint64_t offset,
			  uint64_t length)
{
	const uint32_t crc = source_crc32c(offset, length);
	const uint8_t expected[16] = { crc, crc >> 8, crc >> 16, crc >> 24 };

	cr_assert_eq(
		memcmp(value, expected, sizeof(expected)), 0,
		"the checksum of %lu bytes at %lu is %02x%02x%02x%02x, not %08x",
		length, offset, value[3], value[2], value[1], value[0], crc);
}

/*
 * Takes an event of a job with CRC32C; @at is where its digests have come to.
 * Returns false after DONE.
 */
static bool take_crc32c(struct job_result *result,
			const struct kcopyd_event *event, uint64_t *at)
{
	job_event_add(result, event);
	if (event->type != KCOPYD_EVENT_DIGEST)
		return event->type != KCOPYD_EVENT_DONE;
	cr_assert_eq(event->region, 0);
	cr_assert_eq(event->digest.offset, *at,
		     "a digest at %llu, after those up to %lu",
		     event->digest.offset, *at);
	cr_assert_gt(event->code, 0);
	expect_crc32c(event->digest.value, *at, event->code);
	*at += event->code;
	return true;
}

/* All that is left to be read of a job; returns where its digests end. */
static uint64_t read_crc32c(int kcopyd, uint64_t job, struct job_result *result)
{
	struct kcopyd_event event;
	uint64_t at = 0;

	*result = (struct job_result){};
	do {
		event = job_event(kcopyd);
	} while (event.job != job || take_crc32c(result, &event, &at));
	return at;
}

/* Until nothing of a running job moves for a second: it waits for a reader. */
static void wait_for_stall(int kcopyd, uint64_t job)
{
	uint64_t bytes = job_region(kcopyd, job, 1).bytes, since = rig_now_ms();

	while (rig_now_ms() - since < 1000) {
		uint64_t now;

		rig_sleep_ms(20);
		now = job_region(kcopyd, job, 1).bytes;
		if (now == bytes)
			continue;
		bytes = now;
		since = rig_now_ms();
	}
	cr_assert_neq(job_state(kcopyd, job), KCOPYD_STATE_DONE,
		      "it did not wait for a reader");
}

RIG_TEST(events, digests_come_in_order_and_cover_the_source)
{
	struct job_plan plan = two_dests;
	int kcopyd = job_device_open(0);
	struct kcopyd_status status;
	struct job_result result;
	uint64_t job;

	plan.chunk = 64 * KIB;
	plan.checksum = KCOPYD_CHECKSUM_CRC32C;
	devices_create();
	job = job_start(kcopyd, &plan);
	cr_assert_eq(read_crc32c(kcopyd, job, &result), plan.length);
	job_expect_ok(&result, &plan);
	cr_assert_geq(result.nr_digests, plan.length / plan.chunk);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.checksum, KCOPYD_CHECKSUM_CRC32C);
	cr_assert_eq(status.digest_len, 4);
	expect_crc32c(status.digest, 0, plan.length);
	close(kcopyd);
}

RIG_TEST(events, a_long_digest_comes_in_two_events)
{
	int kcopyd = job_device_open(0);
	struct kcopyd_status status;
	struct kcopyd_event event;
	unsigned int parts = 0;
	uint8_t value[32];
	uint64_t job;

	devices_create();
	/* Of a single chunk, so that its digest is that of the whole. */
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = "/dev/kt-src",
					.dests[0].path = "/dev/kt-d0",
					.length = 4 * KIB,
					.checksum = KCOPYD_CHECKSUM_SHA256,
				});
	for (event = job_event(kcopyd); event.type != KCOPYD_EVENT_DONE;
	     event = job_event(kcopyd)) {
		if (event.type != KCOPYD_EVENT_DIGEST)
			continue;
		cr_assert_lt(parts, 2);
		cr_assert_eq(event.job, job);
		cr_assert_eq(event.region, parts);
		cr_assert_eq(event.code, 4 * KIB);
		cr_assert_eq(event.digest.offset, 0);
		memcpy(&value[16 * parts++], event.digest.value, 16);
	}
	cr_assert_eq(parts, 2);
	cr_assert_eq(event.code, 0);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.digest_len, 32);
	cr_assert_eq(memcmp(status.digest, value, 32), 0);
	close(kcopyd);
}

RIG_TEST(events, no_digest_is_lost_when_the_reader_is_slow)
{
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	many_create();
	job = job_start(kcopyd, &many_digests);
	wait_for_stall(kcopyd, job);
	cr_assert_eq(read_crc32c(kcopyd, job, &result), many_digests.length);
	cr_assert_geq(result.nr_digests, MANY);
	cr_assert_not(result.overflow);
	job_expect_ok(&result, &many_digests);
	close(kcopyd);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

/*
 * A job that waits for its reader delays no other of the same descriptor, even
 * if it could use up all of its memory; and neither do the digests that come
 * after it what the other has to tell.
 */
RIG_TEST(events, a_digest_that_waits_delays_no_other_job)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d1",
		.length = MANY_MIB * MIB,
	};
	struct job_plan first = many_digests;
	struct job_result many = {}, other = {};
	int kcopyd = job_device_open(0);
	unsigned int digests_before = 0;
	uint64_t job, other_job, at = 0;
	struct kcopyd_event event;

	many_create();
	first.memory = 8 * first.chunk;
	job = job_start(kcopyd, &first);
	wait_for_stall(kcopyd, job);
	other_job = job_start(kcopyd, &plan);
	job_wait_state(kcopyd, other_job, KCOPYD_STATE_DONE);
	cr_assert_neq(job_state(kcopyd, job), KCOPYD_STATE_DONE);
	for (;;) {
		event = job_event(kcopyd);
		if (event.job == job) {
			if (!take_crc32c(&many, &event, &at))
				break;
			continue;
		}
		cr_assert_eq(event.job, other_job);
		job_event_add(&other, &event);
		if (event.type == KCOPYD_EVENT_DONE)
			digests_before = many.nr_digests;
	}
	job_expect_ok(&many, &many_digests);
	job_expect_ok(&other, &plan);
	cr_assert_not(many.overflow || other.overflow);
	cr_assert(job_was_in_state(&other, KCOPYD_STATE_RUNNING));
	cr_assert_geq(many.nr_digests, MANY);
	cr_assert_lt(digests_before, MANY);
	close(kcopyd);
}

RIG_TEST(events, cancelling_ends_the_wait_of_a_digest)
{
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job, end;

	many_create();
	job = job_start(kcopyd, &many_digests);
	wait_for_stall(kcopyd, job);
	/* Nobody reads. */
	cr_assert_eq(job_cancel(kcopyd, job, 30000), 0);
	end = read_crc32c(kcopyd, job, &result);
	cr_assert_eq(result.code, -ECANCELED);
	cr_assert_geq(result.nr_digests, 512);
	cr_assert_lt(end, many_digests.length);
	cr_assert(result.overflow, "nobody was told of the missing digests");
	close(kcopyd);
}

/* The state and code of a job whose descriptor is closed, once it is done. */
static struct kcopyd_status status_after_close(uint64_t job)
{
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);

	rig_wait_for(!job_info(kcopyd).jobs, 60, "the end of the job");
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.state, KCOPYD_STATE_DONE);
	/* The descriptor's memory, too. */
	rig_wait_for(!job_info(kcopyd).memory, 30, "the end of the client");
	close(kcopyd);
	return status;
}

RIG_TEST(events, closing_ends_the_wait_of_a_digest)
{
	int kcopyd = job_device_open(0);
	uint64_t job, start;

	many_create();
	job = job_start(kcopyd, &many_digests);
	wait_for_stall(kcopyd, job);
	start = rig_now_ms();
	close(kcopyd);
	cr_assert_lt(rig_now_ms() - start, 10000);
	cr_assert_eq(status_after_close(job).code, -ECANCELED);
	cr_assert_not(device_is_busy("/dev/kt-d0"));
}

RIG_TEST(events, a_detached_job_waits_for_no_reader_that_is_gone)
{
	struct job_plan plan = many_digests;
	int kcopyd = job_device_open(0);
	struct kcopyd_status status;
	uint64_t job;

	many_create();
	plan.flags = KCOPYD_SUBMIT_DETACH;
	job = job_start(kcopyd, &plan);
	wait_for_stall(kcopyd, job);
	close(kcopyd);
	status = status_after_close(job);
	cr_assert_eq(status.code, 0);
	cr_assert_eq(status.complete, 1);
	cr_assert_eq(status.digest_len, 4);
	expect_crc32c(status.digest, 0, plan.length);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}
