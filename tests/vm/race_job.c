// SPDX-License-Identifier: GPL-2.0-or-later
/* A job's end beside a cancel, a close, a pause or a limit. */
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "race.h"

TestSuite(race_job, RACE_SUITE);

enum { SIZE_MIB = 2, NR_DESTS = 2, STEERERS = 3, PATIENCE_MS = 60000 };

static const struct job_plan plan = {
	.source.path = "/dev/kt-src",
	.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
	.length = SIZE_MIB * MIB,
	.chunk = 64 * KIB,
	.depth = 4,
};

/* What the last one took that was not cancelled, in microseconds. */
static unsigned int full_us;

static void dests_fill(void)
{
	for (unsigned int i = 0; i < NR_DESTS; i++)
		data_fill(plan.dests[i].path, RACE_DEST + i);
}

/* Three disks: one at once, one whose interrupts come late. */
static void disks_create(void)
{
	uint64_t begin;

	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  RACE_SOURCE);
	null_create("d0", (struct null_options){ .mib = SIZE_MIB });
	null_create("d1", (struct null_options){ .mib = SIZE_MIB,
						 .latency_us = 100 });
	job_run_ok(&plan);
	begin = race_now_us();
	job_run_ok(&plan);
	full_us = race_now_us() - begin;
	dests_fill();
}

static void expect_free(void)
{
	for (unsigned int i = 0; i < NR_DESTS; i++)
		race_expect_free(plan.dests[i].path);
}

/* Whole, or cancelled; returns whether it was cancelled. */
static bool expect_end(const struct report *report)
{
	const bool cancelled = report->status.code == -ECANCELED;

	cr_assert(!report->status.code || cancelled, "code %d",
		  report->status.code);
	cr_assert_eq(report->status.read_err, 0);
	cr_assert_eq(report->status.write_err, 0);
	for (unsigned int i = 0; i < NR_DESTS; i++) {
		const uint64_t untried = race_expect_data(
			report, 1 + i, plan.dests[i].path, RACE_DEST + i);

		cr_assert_eq(report->regions[1 + i].bytes + untried * SECTOR,
			     plan.length, "bytes of destination %u", i);
		cr_assert_eq(report->status.complete >> i & 1, !untried);
		cr_assert(cancelled || !untried);
	}
	return cancelled;
}

/* ---- when the two met ------------------------------------------------------ */

/**
 * struct meeting - of the ends of jobs with what is to end them
 * @cancelled: jobs that were
 * @both: they were told to end before they had, and were whole
 * @late: they were told when they had ended
 */
struct meeting {
	unsigned int cancelled;
	unsigned int both;
	unsigned int late;
};

/* Anywhere in a job, or, every second time, where it is about to end. */
static unsigned int meeting_moment(void)
{
	if (race_one_in(2))
		return race_moment(full_us);
	return full_us - full_us / 8 + race_pick(full_us / 6 + 1);
}

/* A job has ended, and was told to at @told_us. */
static void meeting_add(struct meeting *meeting, const struct report *report,
			uint64_t told_us)
{
	const struct kcopyd_status *status = &report->status;

	if (expect_end(report)) {
		meeting->cancelled++;
		return;
	}
	full_us = (status->done_ns - status->submitted_ns) / 1000;
	if (told_us * 1000 < status->done_ns)
		meeting->both++;
	else
		meeting->late++;
}

/*
 * Who tells it to end before what it wrote is flushed has it cancelled, even if
 * all is written: only without that the last chunk decides.
 */
static struct job_plan meeting_plan(void)
{
	struct job_plan any = plan;

	any.flags = race_one_in(2) ? KCOPYD_SUBMIT_NO_FLUSH : 0;
	return any;
}

/* Few rounds may be of one kind all. */
static void meeting_end(const struct meeting *meeting)
{
	cr_log_info(
		"%u of %u were cancelled, %u were told before their end, %u after",
		meeting->cancelled, race_rounds(), meeting->both,
		meeting->late);
	if (race_rounds() < 20)
		return;
	cr_assert_gt(meeting->cancelled, 0, "always too late");
	cr_assert_lt(meeting->cancelled, race_rounds(), "always too early");
}

/**
 * struct call - on a job, by a rival
 * @kcopyd: the descriptor
 * @job: the job
 * @seed: of what it does
 * @timeout_ms: of a cancel
 * @begin_us: when it was called
 * @ret: what a call returned, unless 0
 * @calls: how many there were
 */
struct call {
	int kcopyd;
	uint64_t job;
	unsigned int seed;
	unsigned int timeout_ms;
	uint64_t begin_us;
	int ret;
	unsigned int calls;
};

/* ---- cancel ---------------------------------------------------------------- */

static void cancel(struct rival *rival)
{
	struct call *call = rival->context;

	call->begin_us = race_now_us();
	call->ret = job_cancel(call->kcopyd, call->job, call->timeout_ms);
}

RIG_TEST(race_job, a_cancel_at_any_moment_leaves_what_the_job_says)
{
	struct meeting meeting = {};
	const struct report *report;

	disks_create();
	race_begin(30, 10);
	while (race_goes_on()) {
		const struct job_plan any = meeting_plan();
		struct call call = { .kcopyd = job_device_open(0),
				     .timeout_ms =
					     race_one_in(2) ? 0 : PATIENCE_MS };
		struct rival rival = { .act = cancel,
				       .context = &call,
				       .delay_us = meeting_moment() };

		call.job = job_start(call.kcopyd, &any);
		rival_start(&rival);
		report = report_of(call.kcopyd, call.job);
		expect_free();
		rival_end(&rival);
		cr_assert(!call.ret || (call.ret == -EINPROGRESS &&
					!call.timeout_ms),
			  "%d", call.ret);
		meeting_add(&meeting, report, call.begin_us);
		free((void *)report);
		close(call.kcopyd);
		dests_fill();
	}
	meeting_end(&meeting);
}

/* ---- close ----------------------------------------------------------------- */

/* Until the job is over, or nothing more is to be had. */
static void read_on(struct rival *rival)
{
	struct call *call = rival->context;
	struct kcopyd_event event;
	struct pollfd pollfd = { .fd = call->kcopyd, .events = POLLIN };

	do {
		if (call->seed % 2)
			poll(&pollfd, 1, 10);
		if (read(call->kcopyd, &event, sizeof(event)) !=
		    (ssize_t)sizeof(event))
			return;
		call->calls++;
	} while (event.type != KCOPYD_EVENT_DONE);
}

/* Closed here, it stays open for as long as the other is in a call. */
RIG_TEST(race_job, a_close_at_any_moment_leaves_what_the_job_says)
{
	struct meeting meeting = {};
	const struct report *report;

	disks_create();
	race_begin(30, 10);
	while (race_goes_on()) {
		const struct job_plan any = meeting_plan();
		const bool is_read = race_one_in(2);
		struct call call = { .kcopyd = job_device_open(0),
				     .seed = race_pick(2) };
		struct rival rival = { .act = read_on, .context = &call };
		const unsigned int moment = meeting_moment();
		uint64_t told_us;

		call.job = job_start(call.kcopyd, &any);
		if (is_read)
			rival_start(&rival);
		race_wait_us(moment);
		told_us = race_now_us();
		close(call.kcopyd);
		if (is_read)
			rival_end(&rival);
		expect_free();
		report = race_report(call.job);
		meeting_add(&meeting, report, told_us);
		dests_fill();
	}
	meeting_end(&meeting);
}

/*
 * A killed holder waits for nothing: the last job frees what was its. It is
 * there before the job, which might end while it is made.
 */
RIG_TEST(race_job, a_kill_at_any_moment_leaves_what_the_job_says)
{
	struct meeting meeting = {};

	disks_create();
	race_begin(20, 6);
	while (race_goes_on()) {
		const struct job_plan any = meeting_plan();
		int kcopyd = job_device_open(0), status;
		/* Who is killed takes a while to go. */
		const unsigned int moment = race_one_in(2) ?
						    meeting_moment() :
						    race_moment(full_us / 4);
		pid_t pid = fork();
		uint64_t job, told_us;

		cr_assert_geq(pid, 0);
		if (!pid)
			for (;;)
				pause();
		job = job_start(kcopyd, &any);
		close(kcopyd);
		race_wait_us(moment);
		told_us = race_now_us();
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
		expect_free();
		meeting_add(&meeting, race_report(job), told_us);
		dests_fill();
	}
	meeting_end(&meeting);
}

/* ---- pause, limit ---------------------------------------------------------- */

/* It must be left as it runs best, whenever it stops. */
static void steer(struct rival *rival)
{
	struct call *call = rival->context;
	struct kcopyd_status status;

	while (!call->ret && !atomic_load(&rival->stop)) {
		switch (rand_r(&call->seed) % 4) {
		case 0:
			call->ret = job_pause(call->kcopyd, call->job);
			break;
		case 1:
			call->ret = job_limit(call->kcopyd, call->job,
					      1 + rand_r(&call->seed) % MIB,
					      1 + rand_r(&call->seed) % 100,
					      1 + rand_r(&call->seed) % 8);
			break;
		case 2:
			call->ret = job_limit(call->kcopyd, call->job, 0, 0, 0);
			break;
		default:
			call->ret =
				job_status(call->kcopyd, call->job, &status);
		}
		race_wait_us(rand_r(&call->seed) % 300);
		call->ret = call->ret ?: job_resume(call->kcopyd, call->job);
		call->calls++;
	}
	call->ret = call->ret ?: job_limit(call->kcopyd, call->job, 0, 0, 0);
}

RIG_TEST(race_job, a_job_that_is_steered_until_after_its_end_is_whole)
{
	unsigned int calls = 0;

	disks_create();
	race_begin(15, 5);
	while (race_goes_on()) {
		struct call call[STEERERS];
		struct rival rivals[STEERERS];
		const struct report *report;
		int kcopyd = job_device_open(0);
		uint64_t job = job_start(kcopyd, &plan);

		for (unsigned int i = 0; i < STEERERS; i++) {
			call[i] = (struct call){ .kcopyd = kcopyd,
						 .job = job,
						 .seed = race_pick(1 << 30) };
			rivals[i] = (struct rival){ .act = steer,
						    .context = &call[i] };
			rival_start(&rivals[i]);
		}
		for (unsigned int i = 1; i < STEERERS; i++) {
			race_wait_us(race_moment(full_us));
			rival_end(&rivals[i]);
		}
		report = report_of(kcopyd, job);
		expect_free();
		race_wait_us(race_moment(1000));
		rival_end(&rivals[0]);
		cr_assert_not(expect_end(report));
		free((void *)report);
		for (unsigned int i = 0; i < STEERERS; i++) {
			cr_assert_eq(call[i].ret, 0, "%d", call[i].ret);
			calls += call[i].calls;
		}
		close(kcopyd);
		dests_fill();
	}
	cr_log_info("%u calls", calls);
}

/*
 * A job that stands still has no timer: who resumes it wakes its worker, who is
 * about to sleep.
 */
RIG_TEST(race_job, no_resume_is_lost)
{
	const struct job_plan endless = {
		JOB_NO_SOURCE,	      .dests[0].path = "/dev/mapper/kt-endless",
		.length = 1ULL << 40, .flags = KCOPYD_SUBMIT_NO_FLUSH,
		.chunk = SECTOR,      .depth = 1,
	};

	module_probe("dm-zero", NULL);
	dm_create("endless", "0 %llu zero", endless.length / SECTOR);
	race_begin(5, 2);
	while (race_goes_on()) {
		int kcopyd = job_device_open(0);
		uint64_t job = job_start(kcopyd, &endless);

		for (unsigned int i = 0; i < 1000; i++) {
			cr_assert_eq(job_pause(kcopyd, job), 0);
			race_wait_us(race_moment(200));
			cr_assert_eq(job_resume(kcopyd, job), 0);
			rig_wait_for(job_state(kcopyd, job) ==
					     KCOPYD_STATE_RUNNING,
				     10, "the job goes on");
		}
		cr_assert_eq(job_cancel(kcopyd, job, 10000), 0);
		close(kcopyd);
	}
}

/* ---- one place ------------------------------------------------------------- */

enum { CROWD = 3, CROWD_SOURCE = 31, CROWD_MS = 200 };

/**
 * struct crowd - one of several that copy to the same place
 * @source: what nobody else copies
 * @dest: where all copy to
 * @copies: that were let in
 * @refused: those that were not
 * @error: errno of what else went wrong
 */
struct crowd {
	int source;
	int dest;
	unsigned int copies;
	unsigned int refused;
	int error;
};

static void crowd_on(struct rival *rival)
{
	struct crowd *crowd = rival->context;
	const struct kcopyd_target dest = { .fd = crowd->dest };
	int kcopyd = open("/dev/kcopyd", O_RDWR | O_CLOEXEC);
	struct kcopyd_event event;

	while (!atomic_load(&rival->stop) && !crowd->error) {
		struct kcopyd_submit submit = {
			.size = sizeof(submit),
			.source.fd = crowd->source,
			.dests = (uintptr_t)&dest,
			.nr_dests = 1,
			.length = SIZE_MIB * MIB,
			.memory = MIB,
		};

		if (ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit)) {
			if (errno != EBUSY ||
			    submit.reason != KCOPYD_REASON_OVERLAP_JOB)
				crowd->error = errno;
			crowd->refused++;
			continue;
		}
		do {
			if (read(kcopyd, &event, sizeof(event)) !=
			    (ssize_t)sizeof(event))
				crowd->error = errno;
		} while (event.type != KCOPYD_EVENT_DONE && !crowd->error);
		crowd->error = crowd->error ?: -event.code;
		crowd->copies++;
	}
	close(kcopyd);
}

RIG_TEST(race_job, several_to_one_place_are_never_mixed)
{
	unsigned int copies = 0, refused = 0, last;
	struct crowd crowd[CROWD];
	struct rival rivals[CROWD];
	char name[16], path[32];

	null_create("d0", (struct null_options){ .mib = SIZE_MIB });
	for (unsigned int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "src%u", i);
		snprintf(path, sizeof(path), "/dev/kt-src%u", i);
		null_create(name, (struct null_options){ .mib = SIZE_MIB });
		data_fill(path, CROWD_SOURCE + i);
	}
	race_begin(8, 3);
	while (race_goes_on()) {
		int dest = device_open("/dev/kt-d0", O_RDWR | O_EXCL);

		for (unsigned int i = 0; i < CROWD; i++) {
			snprintf(path, sizeof(path), "/dev/kt-src%u", i);
			crowd[i] = (struct crowd){
				.source = device_open(path, O_RDONLY),
				.dest = dest,
			};
			rivals[i] = (struct rival){ .act = crowd_on,
						    .context = &crowd[i] };
			rival_start(&rivals[i]);
		}
		race_wait_us(1000 * CROWD_MS + race_moment(20000));
		for (unsigned int i = 0; i < CROWD; i++) {
			rival_end(&rivals[i]);
			close(crowd[i].source);
			cr_assert_eq(crowd[i].error, 0, "%s",
				     strerror(crowd[i].error));
			copies += crowd[i].copies;
			refused += crowd[i].refused;
		}
		close(dest);
		for (last = 0; last < CROWD; last++)
			if (data_matches("/dev/kt-d0", 0, SIZE_MIB * MIB,
					 CROWD_SOURCE + last,
					 0) == SIZE_MIB * MIB)
				break;
		cr_assert_lt(last, CROWD, "the disk is of several");
		race_expect_free("/dev/kt-d0");
	}
	cr_log_info("%u copies, %u refused", copies, refused);
	cr_assert_gt(refused, 0);
}
