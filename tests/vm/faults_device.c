// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/kcopyd where the first, the second... allocation, or copy from or to
 * user space, fails: it is refused or works, and what comes after it works.
 */
#include <sys/ioctl.h>

#include "faults.h"
#include "job.h"

TestSuite(faults_device, FAULTS_SUITE);

enum { SOURCE = 61, DEST = 62, LENGTH = 256 << 10 };

static void disks_create(void)
{
	const struct null_options options = { .mib = 1 };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST);
}

/* ---- open and close ------------------------------------------------------ */

RIG_TEST(faults_device, an_open_that_fails_leaves_nothing)
{
	faults_begin();
	each_fault(fault)
	{
		int kcopyd, err;

		fault_arm(&fault);
		kcopyd = open("/dev/kcopyd", O_RDWR);
		err = errno;
		fault_disarm(&fault);
		if (kcopyd >= 0)
			close(kcopyd);
		else
			cr_assert(err == ENOMEM || err == EFAULT ||
					  err == ENFILE,
				  "%s", strerror(err));
		cr_assert(fault.hit || kcopyd >= 0);
	}
	modules_unload();
}

/* ---- submission ---------------------------------------------------------- */

/**
 * struct attempt - the devices of a submission, open
 * @kcopyd: /dev/kcopyd
 * @dests: places for all
 * @submit: names them
 */
struct attempt {
	int kcopyd;
	struct kcopyd_target dests[KCOPYD_MAX_DESTS];
	struct kcopyd_submit submit;
};

static void attempt_init(struct attempt *attempt, unsigned int nr_dests)
{
	*attempt = (struct attempt){
		.kcopyd = job_device_open(0),
		.submit = {
			.size = sizeof(attempt->submit),
			.source.fd = device_open("/dev/kt-src", O_RDONLY),
			.length = LENGTH / nr_dests,
			.dests = (uintptr_t)attempt->dests,
			.nr_dests = nr_dests,
			.memory = 128 * KIB,
		},
	};
	attempt->dests[0].fd = device_open("/dev/kt-d0", O_RDWR | O_EXCL);
	for (unsigned int i = 1; i < nr_dests; i++)
		attempt->dests[i] = (struct kcopyd_target){
			.fd = attempt->dests[0].fd,
			.offset = i * attempt->submit.length,
		};
}

static void attempt_exit(struct attempt *attempt)
{
	close(attempt->submit.source.fd);
	close(attempt->dests[0].fd);
	close(attempt->kcopyd);
}

static void expect_copied(const struct attempt *attempt)
{
	for (unsigned int i = 0; i < attempt->submit.nr_dests; i++)
		data_expect("/dev/kt-d0", attempt->dests[i].offset,
			    attempt->submit.length, SOURCE, 0);
}

static void expect_works(struct attempt *attempt)
{
	cr_assert_eq(ioctl(attempt->kcopyd, KCOPYD_IOC_SUBMIT,
			   &attempt->submit),
		     0, "%m, reason %u", attempt->submit.reason);
	cr_assert_eq(job_wait(attempt->kcopyd, attempt->submit.job).code, 0);
	expect_copied(attempt);
}

/* What is refused for want of memory says so; what can't be told can't. */
static void expect_explained(const struct kcopyd_submit *submit, int err)
{
	if (err == EFAULT)
		return;
	cr_assert(err == ENOMEM || err == EOPNOTSUPP, "%s, reason %u",
		  strerror(err), submit->reason);
	cr_assert(submit->reason == KCOPYD_REASON_NO_MEMORY ||
			  submit->reason == KCOPYD_REASON_WRITE_OUT ||
			  submit->reason == KCOPYD_REASON_CHECKSUM,
		  "%s, reason %u", strerror(err), submit->reason);
	cr_assert_eq(submit->job, 0);
}

/* A job that its submitter could not be told of runs all the same. */
static void expect_no_job(int kcopyd)
{
	rig_wait_for(!job_info(kcopyd).jobs, 30, "the end of what was started");
}

/* The same submission with each of its failures, and then without any. */
static void fail_submissions(unsigned int nr_dests, uint32_t flags,
			     uint32_t checksum)
{
	unsigned int refused = 0, last = 0;

	disks_create();
	each_fault(fault)
	{
		struct attempt attempt;
		int ret, err;

		data_fill("/dev/kt-d0", DEST);
		attempt_init(&attempt, nr_dests);
		attempt.submit.flags = flags;
		attempt.submit.checksum = checksum;
		fault_arm(&fault);
		ret = ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit);
		err = errno;
		fault_disarm(&fault);
		last = fault.nr;
		if (!ret) {
			cr_assert_eq(job_wait(attempt.kcopyd,
					      attempt.submit.job)
					     .code,
				     0);
			expect_copied(&attempt);
		} else {
			cr_assert(fault.hit, "%s without a cause",
				  strerror(err));
			expect_explained(&attempt.submit, err);
			expect_no_job(attempt.kcopyd);
			refused++;
			expect_works(&attempt);
		}
		attempt_exit(&attempt);
		cr_assert_eq(job_info_now().memory, 0);
	}
	cr_log_info("%u refused, of %u places\n", refused, last - 1);
	cr_assert_gt(refused, 0);
	modules_unload();
}

RIG_TEST(faults_device, a_submission_that_fails_leaves_nothing)
{
	faults_begin();
	fail_submissions(1, 0, 0);
}

RIG_TEST(faults_device, a_submission_to_64_that_fails_leaves_nothing)
{
	faults_begin();
	faults_within_module("kcopyd");
	fail_submissions(64, 0, 0);
}

RIG_TEST(faults_device, a_verifying_submission_that_fails_leaves_nothing)
{
	faults_begin();
	faults_within_module("kcopyd");
	fail_submissions(4, KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_SPARSE,
			 KCOPYD_CHECKSUM_SHA256);
}

/*
 * Results that nobody reads keep the memory of their jobs, more of them here
 * than what a client has set aside: who gets none is told so at once.
 */
RIG_TEST(faults_device, a_submission_waits_for_no_unread_result)
{
	enum { TIMES = 32, PATIENCE_MS = 20000 };
	struct attempt attempt;

	faults_begin();
	disks_create();
	attempt_init(&attempt, 1);
	attempt.submit.length = SECTOR;
	faults_within("job_submit");
	faults_of_memory(NULL, FAULTS_SLAB, TIMES);
	for (unsigned int i = 0; i < TIMES; i++) {
		const uint64_t start = rig_now_ms();
		int ret = ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT,
				&attempt.submit);

		cr_assert(ret && errno == ENOMEM, "%m");
		cr_assert_lt(rig_now_ms() - start, PATIENCE_MS);
		expect_explained(&attempt.submit, errno);
	}
	cr_assert(faults_stop(), "there were more of them");
	expect_no_job(attempt.kcopyd);
	attempt.submit.length = LENGTH;
	expect_works(&attempt);
	attempt_exit(&attempt);
	modules_unload();
}

/* ---- the other calls ----------------------------------------------------- */

static uint64_t start_slow_job(int kcopyd)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = LENGTH,
		.rate = 4096,
		.chunk = 4096,
	};

	return job_start(kcopyd, &plan);
}

enum { NR_CALLS = 7 };

/* Each of them about a job that runs; 0 or the errno. */
static int call(int kcopyd, unsigned int which, uint64_t job)
{
	static struct kcopyd_region_status regions[2];
	static struct kcopyd_extent list[2];
	struct kcopyd_info info = { .size = sizeof(info) };
	struct kcopyd_status status = {
		.size = sizeof(status),
		.job = job,
		.regions = (uintptr_t)regions,
		.nr_regions = 2,
	};
	struct kcopyd_extents extents = {
		.size = sizeof(extents),
		.job = job,
		.extents = (uintptr_t)list,
		.nr = 2,
	};
	struct kcopyd_control limit = {
		.size = sizeof(limit),
		.job = job,
		.op = KCOPYD_CONTROL_LIMIT,
		.rate = 4096,
	};
	struct kcopyd_control pause = {
		.size = sizeof(pause),
		.job = job,
		.op = KCOPYD_CONTROL_PAUSE,
	};
	struct kcopyd_control resume = {
		.size = sizeof(resume),
		.job = job,
		.op = KCOPYD_CONTROL_RESUME,
	};
	struct kcopyd_cancel cancel = {
		.size = sizeof(cancel),
		.job = job,
		.timeout_ms = 20000,
	};
	const struct {
		unsigned long cmd;
		void *args;
	} calls[NR_CALLS] = {
		{ KCOPYD_IOC_INFO, &info },
		{ KCOPYD_IOC_STATUS, &status },
		{ KCOPYD_IOC_EXTENTS, &extents },
		{ KCOPYD_IOC_CONTROL, &limit },
		{ KCOPYD_IOC_CONTROL, &pause },
		{ KCOPYD_IOC_CONTROL, &resume },
		{ KCOPYD_IOC_CANCEL, &cancel },
	};

	return ioctl(kcopyd, calls[which].cmd, calls[which].args) ? errno : 0;
}

RIG_TEST(faults_device, calls_that_fail_do_so_cleanly)
{
	int kcopyd = job_device_open(0);

	faults_begin();
	disks_create();
	for (unsigned int which = 0; which < NR_CALLS; which++) {
		each_fault(fault)
		{
			uint64_t job = start_slow_job(kcopyd);
			int err;

			fault_arm(&fault);
			err = call(kcopyd, which, job);
			fault_disarm(&fault);
			cr_assert(!err || (fault.hit && err == EFAULT),
				  "call %u, failure %u: %s", which, fault.nr,
				  strerror(err));
			cr_assert_eq(job_cancel(kcopyd, job, 20000), 0);
			cr_assert_eq(job_wait(kcopyd, job).code, -ECANCELED);
		}
	}
	close(kcopyd);
	modules_unload();
}

/* No event is lost or comes twice where a read fails. */
RIG_TEST(faults_device, a_read_that_fails_can_be_repeated)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = LENGTH,
	};
	unsigned int expected = 0;

	faults_begin();
	disks_create();
	each_fault(fault)
	{
		int kcopyd = job_device_open(O_NONBLOCK);
		struct kcopyd_event events[16];
		unsigned int nr = 0, failed = 0;
		ssize_t got;

		job_start(kcopyd, &plan);
		rig_wait_for(!job_info(kcopyd).jobs, 30, "the end of the job");
		fault_arm(&fault);
		got = read(kcopyd, events, sizeof(events));
		fault_disarm(&fault);
		while (got > 0 || (errno == EFAULT && !failed++)) {
			nr += got > 0 ? got / sizeof(events[0]) : 0;
			got = read(kcopyd, events + nr,
				   sizeof(events) - nr * sizeof(events[0]));
		}
		cr_assert_eq(events[nr - 1].type, KCOPYD_EVENT_DONE);
		expected = expected ?: nr;
		cr_assert_eq(nr, expected, "%u events, not %u", nr, expected);
		close(kcopyd);
	}
}

/* With a job that runs: it is cancelled and waited for. */
RIG_TEST(faults_device, a_close_does_all_of_its_work)
{
	faults_begin();
	disks_create();
	each_fault(fault)
	{
		int kcopyd = job_device_open(0);

		start_slow_job(kcopyd);
		fault_arm(&fault);
		close(kcopyd);
		fault_disarm(&fault);
		cr_assert_eq(job_info_now().jobs, 0);
		cr_assert_eq(job_info_now().memory, 0);
		/* Nobody may hold the disk any more. */
		data_fill("/dev/kt-d0", DEST);
	}
	modules_unload();
}
