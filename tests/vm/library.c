// SPDX-License-Identifier: GPL-2.0-or-later
/* libkcopy passes on what it is given, and what it is told. */
#include <libkcopy.h>

#include "job.h"

TestSuite(library, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE (2 * MIB)

static struct kcopy *service;
static struct kcopy_target dest;
static struct kcopy_request request;

/* Writes to the destination wait until dm_resume("held"). */
static void request_create(void)
{
	const struct null_options options = { .mib = 2 };

	cr_assert_eq(kcopy_open(&service), 0);
	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("dst", options), DEST);
	dm_create("held", "0 4096 linear /dev/kt-dst 0");
	dest.fd = device_open("/dev/mapper/kt-held", O_RDWR | O_EXCL);
	dm_suspend("held");
	request = (struct kcopy_request){
		.source.fd = device_open("/dev/kt-src", O_RDONLY),
		.dests = &dest,
		.nr_dests = 1,
		.length = SIZE,
	};
}

static uint64_t submit(void)
{
	struct kcopy_refusal refusal;
	uint64_t job;
	int ret = kcopy_submit(service, &request, &job, &refusal);

	cr_assert_eq(ret, 0, "%s: %s", strerror(-ret),
		     kcopy_reason_string(refusal.reason));
	return job;
}

static void expect_refused(unsigned int reason)
{
	struct kcopy_refusal refusal;
	uint64_t job;

	cr_assert_lt(kcopy_submit(service, &request, &job, &refusal), 0);
	cr_assert_eq(refusal.reason, reason, "%s",
		     kcopy_reason_name(refusal.reason));
}

static struct kcopyd_status status_of(uint64_t job)
{
	struct kcopyd_status status;

	cr_assert_eq(kcopy_status(service, job, &status, NULL, 0), 0);
	return status;
}

static void service_end(uint64_t job)
{
	dm_resume("held");
	rig_wait_for(status_of(job).state == KCOPYD_STATE_DONE, 60,
		     "the end of the job");
	kcopy_close(service);
	close(request.source.fd);
	close(dest.fd);
}

RIG_TEST(library, limits_are_set_shown_and_changed)
{
	const struct kcopy_limits limits = { .rate = 3 * MIB,
					     .percent = 70,
					     .depth = 5 };
	const struct kcopy_limits none = {};
	struct kcopyd_status status;
	uint64_t job;

	request_create();
	request.limits =
		(struct kcopy_limits){ .rate = MIB, .percent = 50, .depth = 2 };
	job = submit();
	status = status_of(job);
	cr_assert_eq(status.rate, MIB);
	cr_assert_eq(status.percent, 50);
	cr_assert_eq(status.depth, 2);
	cr_assert_eq(kcopy_limit(service, job, &limits), 0);
	status = status_of(job);
	cr_assert_eq(status.rate, 3 * MIB);
	cr_assert_eq(status.percent, 70);
	cr_assert_eq(status.depth, 5);
	cr_assert_eq(kcopy_limit(service, job + 1000, &limits), -ENOENT);
	cr_assert_eq(kcopy_limit(service, job, &none), 0);
	cr_assert_eq(status_of(job).rate, 0);
	service_end(job);
}

/* Each with a value that only this option can be refused for. */
RIG_TEST(library, every_option_reaches_the_module)
{
	unsigned int *const options[] = {
		&request.limits.depth, &request.limits.percent,
		&request.chunk,	       &request.retry,
		&request.on_slow,      &request.checksum,
		&request.ioprio,
	};
	uint64_t job;

	request_create();
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
		cr_log_info("option %u", i);
		*options[i] = 0x10001;
		expect_refused(KCOPYD_REASON_OPTION);
		*options[i] = 0;
	}
	request.flags = ~KCOPYD_SUBMIT_FLAGS;
	expect_refused(KCOPYD_REASON_FLAGS);
	request.flags = KCOPYD_SUBMIT_SKIP_BAD;
	request.checksum = KCOPYD_CHECKSUM_SHA256;
	request.retry = KCOPYD_RETRY_BISECT;
	request.retry_budget = 3;
	request.cookie = 77;
	job = submit();
	cr_assert_eq(status_of(job).submit_flags, KCOPYD_SUBMIT_SKIP_BAD);
	cr_assert_eq(status_of(job).checksum, KCOPYD_CHECKSUM_SHA256);
	cr_assert_eq(status_of(job).cookie, 77);
	service_end(job);
}

RIG_TEST(library, without_a_source_zeroes_are_written)
{
	uint64_t job;

	request_create();
	close(request.source.fd);
	request.source.fd = -1;
	job = submit();
	dm_resume("held");
	rig_wait_for(status_of(job).state == KCOPYD_STATE_DONE, 60,
		     "the end of the job");
	cr_assert_eq(status_of(job).code, 0);
	cr_assert_eq(status_of(job).complete, 1);
	cr_assert_eq(data_matches("/dev/kt-dst", 0, SIZE, DEST, 0), 0);
	kcopy_close(service);
	close(dest.fd);
}

RIG_TEST(library, a_job_is_paused_and_resumed)
{
	uint64_t job;

	request_create();
	job = submit();
	cr_assert_eq(kcopy_pause(service, job + 1000), -ENOENT);
	cr_assert_eq(kcopy_resume(service, job + 1000), -ENOENT);
	cr_assert_eq(kcopy_pause(service, job), 0);
	dm_resume("held");
	/* It may have been through before it was paused. */
	rig_wait_for(status_of(job).state == KCOPYD_STATE_PAUSED ||
			     status_of(job).state == KCOPYD_STATE_DONE,
		     60, "the pause");
	cr_assert_eq(kcopy_resume(service, job), 0);
	rig_wait_for(status_of(job).state == KCOPYD_STATE_DONE, 60,
		     "the end of the job");
	cr_assert_eq(status_of(job).code, 0);
	cr_assert_eq(kcopy_pause(service, job), 0, "it has ended");
	cr_assert_eq(kcopy_resume(service, job), 0);
	kcopy_close(service);
	close(request.source.fd);
	close(dest.fd);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(library, a_job_is_waited_for_until_it_has_ended)
{
	struct kcopyd_region_status regions[2];
	struct kcopyd_status status;
	uint64_t job, start;

	request_create();
	job = submit();
	cr_assert_eq(kcopy_wait(service, job + 1000, 0, &status, NULL, 0),
		     -ENOENT);
	cr_assert_eq(kcopy_wait(service, job, 0, &status, regions, 2), 0);
	cr_assert_neq(status.state, KCOPYD_STATE_DONE);
	cr_assert_eq(kcopy_progress(&status, regions), 0);
	start = rig_now_ms();
	cr_assert_eq(kcopy_wait(service, job, 300, &status, regions, 2), 0);
	cr_assert_geq(rig_now_ms() - start, 290);
	close(request.source.fd);
	close(dest.fd);
	dm_resume("held");
	cr_assert_eq(kcopy_wait(service, job, -1, &status, regions, 2), 1);
	cr_assert_eq(status.state, KCOPYD_STATE_DONE);
	cr_assert_eq(status.code, 0);
	cr_assert_eq(kcopy_progress(&status, regions), SIZE);
	cr_assert_not(device_is_busy("/dev/mapper/kt-held"));
	cr_assert_eq(kcopy_wait(service, job, 0, &status, regions, 2), 1,
		     "it has ended before");
	kcopy_close(service);
}

/* It gets no events, and looks instead. */
RIG_TEST(library, a_job_of_another_handle_is_waited_for)
{
	struct kcopyd_status status;
	struct kcopy *other;
	uint64_t job;

	request_create();
	cr_assert_eq(kcopy_open(&other), 0);
	job = submit();
	cr_assert_eq(kcopy_wait(other, job, 10, &status, NULL, 0), 0);
	dm_resume("held");
	cr_assert_eq(kcopy_wait(other, job, 60000, &status, NULL, 0), 1);
	cr_assert_eq(status.code, 0);
	kcopy_close(other);
	service_end(job);
}

/* Its job would wait for them to be read. */
RIG_TEST(library, waiting_takes_the_digests_of_a_checksum)
{
	struct kcopyd_status status;
	uint64_t job;

	request_create();
	dm_resume("held");
	request.checksum = KCOPYD_CHECKSUM_SHA256;
	request.chunk = 4 * KIB;
	job = submit();
	cr_assert_eq(kcopy_wait(service, job, 60000, &status, NULL, 0), 1);
	cr_assert_eq(status.code, 0);
	cr_assert_eq(status.digest_len, 32);
	service_end(job);
}
