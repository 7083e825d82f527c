// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to jobs when whoever submitted them goes away. */
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "job.h"

TestSuite(close, RIG_SUITE);

enum { SOURCE = 1, DEST = 11, SIZE_MIB = 32 };

static const struct job_plan slow_plan = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE_MIB * MIB,
	.chunk = 64 * KIB,
	.depth = 2,
	.cookie = 7,
};

/* For slow_plan: it takes more than a second. */
static void slow_create(void)
{
	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  SOURCE);
	null_create("dst", (struct null_options){ .mib = SIZE_MIB,
						  .latency_us = 5000 });
}

/* A job, whose I/O to /dev/mapper/kt-held waits until dm_resume("held"). */
static uint64_t held_start(int kcopyd, uint32_t flags)
{
	data_fill(null_create("src", (struct null_options){ .mib = 8 }),
		  SOURCE);
	data_fill(null_create("dst", (struct null_options){ .mib = 8 }), DEST);
	dm_create("held", "0 16384 linear /dev/kt-dst 0");
	dm_suspend("held");
	return job_start(kcopyd, &(struct job_plan){
					 .source.path = "/dev/kt-src",
					 .dests[0].path = "/dev/mapper/kt-held",
					 .length = 8 * MIB,
					 .flags = flags,
				 });
}

/* Bytes that reached a region so far. */
static uint64_t region_bytes(int kcopyd, uint64_t job, unsigned int region)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;

	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	return regions[region].bytes;
}

static void expect_cancelled_and_quiet(uint64_t job, const char *dest)
{
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);
	uint64_t sum;

	cr_assert_eq(job_info(kcopyd).jobs, 0);
	cr_assert_eq(job_info(kcopyd).draining, 0);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.state, KCOPYD_STATE_DONE);
	cr_assert_eq(status.code, -ECANCELED);
	cr_assert_eq(status.read_err, 0);
	cr_assert_eq(status.write_err, 0);
	cr_assert_eq(status.complete, 0);
	cr_assert_lt(region_bytes(kcopyd, job, 1), status.length);
	cr_assert_not(device_is_busy(dest));
	sum = data_sum(dest);
	rig_sleep_ms(100);
	cr_assert_eq(data_sum(dest), sum, "somebody still writes");
	close(kcopyd);
}

RIG_TEST(close, closing_while_copying_ends_the_job)
{
	int kcopyd = job_device_open(0);
	uint64_t job, start;

	slow_create();
	job = job_start(kcopyd, &slow_plan);
	rig_wait_for(region_bytes(kcopyd, job, 1), 30, "first bytes");
	start = rig_now_ms();
	close(kcopyd);
	cr_assert_lt(rig_now_ms() - start, 10000);
	expect_cancelled_and_quiet(job, "/dev/kt-dst");
	data_expect_untouched("/dev/kt-src", SOURCE);
}

/*
 * A child, the only one to hold /dev/kcopyd: the descriptor is closed when it
 * dies, and not before.
 */
static pid_t holder_create(int kcopyd)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid)
		for (;;)
			pause();
	close(kcopyd);
	return pid;
}

static void holder_kill(pid_t pid, unsigned int seconds)
{
	int status;

	kill(pid, SIGKILL);
	rig_wait_for(waitpid(pid, &status, WNOHANG) == pid, seconds,
		     "death of a killed process");
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

RIG_TEST(close, kill_9_while_copying_ends_the_job)
{
	int kcopyd = job_device_open(0);
	uint64_t job;
	pid_t pid;

	slow_create();
	job = job_start(kcopyd, &slow_plan);
	rig_wait_for(region_bytes(kcopyd, job, 1), 30, "first bytes");
	pid = holder_create(kcopyd);
	holder_kill(pid, 5);
	/* The dead wait for nothing; what was in flight ends in a moment. */
	rig_wait_for(!job_info_now().jobs, 10, "the end of the job");
	expect_cancelled_and_quiet(job, "/dev/kt-dst");
}

static void expect_draining(uint64_t job)
{
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);

	cr_assert_eq(job_info(kcopyd).jobs, 1);
	cr_assert_eq(job_info(kcopyd).draining, 1);
	cr_assert_gt(job_info(kcopyd).memory, 0);
	/* The worker may not have heard of it yet. */
	rig_wait_for(!job_status(kcopyd, job, &status) &&
			     status.state == KCOPYD_STATE_STOPPING,
		     10, "the state of a stopping job");
	cr_assert_eq(status.flags & KCOPYD_STATUS_DRAINING,
		     KCOPYD_STATUS_DRAINING);
	cr_assert(device_is_busy("/dev/mapper/kt-held"));
	close(kcopyd);
	module_unload("kcopyd_test");
	rig_sleep_ms(50);
	cr_assert_eq(module_try_unload("kcopyd"), -EWOULDBLOCK,
		     "the module went away under a draining job");
}

static void expect_drained(uint64_t job)
{
	rig_wait_for(!job_info_now().jobs, 30, "the end of draining");
	cr_assert_eq(job_info_now().draining, 0);
	expect_cancelled_and_quiet(job, "/dev/mapper/kt-held");
	rig_wait_for(!job_info_now().memory, 30, "the return of the reserve");
	module_unload("kcopyd");
	cr_assert_not(module_loaded("kcopyd"));
	/* The bios that were held may have written; no others did. */
	module_load("kcopyd");
}

RIG_TEST(close, kill_9_with_a_suspended_destination_drains_after_resume)
{
	int kcopyd = job_device_open(0);
	uint64_t job = held_start(kcopyd, 0);
	pid_t pid;

	rig_wait_for(region_bytes(kcopyd, job, 0), 30, "the first reads");
	pid = holder_create(kcopyd);
	holder_kill(pid, 5);
	expect_draining(job);
	dm_resume("held");
	expect_drained(job);
}

static bool is_in_close(pid_t pid)
{
	char path[64];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	cr_assert_not_null(file, "%s: %m", path);
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number == SYS_close;
}

/* The only one to hold /dev/kcopyd. It closes that, or exits, when it is told. */
static pid_t last_holder_tell(int kcopyd, bool to_exit)
{
	int ours_is_closed[2];
	char none;
	pid_t pid;

	cr_assert_eq(pipe(ours_is_closed), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		close(ours_is_closed[1]);
		if (!read(ours_is_closed[0], &none, 1) && !to_exit)
			close(kcopyd);
		while (!to_exit)
			pause();
		_exit(0);
	}
	close(kcopyd);
	close(ours_is_closed[0]);
	close(ours_is_closed[1]);
	return pid;
}

/* Closing waits for what is in flight; a kill ends the wait. */
RIG_TEST(close, a_waiting_close_can_be_killed)
{
	int kcopyd = job_device_open(0);
	uint64_t job = held_start(kcopyd, 0);
	pid_t pid;

	rig_wait_for(region_bytes(kcopyd, job, 0), 30, "the first reads");
	pid = last_holder_tell(kcopyd, false);
	rig_wait_for(is_in_close(pid), 10, "the close of the child");
	holder_kill(pid, 5);
	expect_draining(job);
	dm_resume("held");
	expect_drained(job);
}

/* Nothing can end that wait: it is short. */
RIG_TEST(close, an_exit_is_not_held_up_for_long)
{
	int kcopyd = job_device_open(0), status;
	uint64_t job = held_start(kcopyd, 0), start;
	pid_t pid;

	rig_wait_for(region_bytes(kcopyd, job, 0), 30, "the first reads");
	start = rig_now_ms();
	pid = last_holder_tell(kcopyd, true);
	rig_wait_for(waitpid(pid, &status, WNOHANG) == pid, 15,
		     "the end of the child");
	cr_assert_eq(status, 0);
	cr_assert_geq(rig_now_ms() - start, 1000, "it waited for nothing");
	expect_draining(job);
	dm_resume("held");
	expect_drained(job);
}

/* A ring that has only a file: the kernel puts that when the ring goes. */
static int ring_with(int fd)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 1, &params);

	cr_assert_geq(ring, 0, "%m");
	cr_assert_eq(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES,
			     &fd, 1),
		     0, "%m");
	close(fd);
	return ring;
}

/* That has the files of all others to put as well. */
RIG_TEST(close, a_kernel_thread_waits_for_nothing)
{
	int kcopyd = job_device_open(0), pipe_ends[2], first, second;
	uint64_t job = held_start(kcopyd, 0), start;
	char none;

	rig_wait_for(region_bytes(kcopyd, job, 0), 30, "the first reads");
	cr_assert_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
	first = ring_with(kcopyd);
	second = ring_with(pipe_ends[1]);
	start = rig_now_ms();
	close(first);
	rig_sleep_ms(500);
	close(second);
	cr_assert_eq(read(pipe_ends[0], &none, 1), 0);
	cr_assert_lt(rig_now_ms() - start, 15000);
	close(pipe_ends[0]);
	rig_wait_for(job_info_now().draining, 20, "the close");
	expect_draining(job);
	dm_resume("held");
	expect_drained(job);
}

RIG_TEST(close, unload_is_refused_while_a_descriptor_is_open)
{
	int kcopyd;

	module_unload("kcopyd_test");
	kcopyd = job_device_open(0);
	cr_assert_eq(module_try_unload("kcopyd"), -EWOULDBLOCK);
	cr_assert_eq(job_info(kcopyd).abi, KCOPYD_ABI_VERSION);
	close(kcopyd);
	module_unload("kcopyd");
	cr_assert_not(module_loaded("kcopyd"));
}

RIG_TEST(close, a_detached_job_goes_on_after_close)
{
	struct job_plan plan = slow_plan;
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);
	uint64_t job;

	slow_create();
	plan.flags = KCOPYD_SUBMIT_DETACH;
	plan.chunk = 0;
	plan.depth = 0;
	job = job_start(kcopyd, &plan);
	close(kcopyd);
	rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
	kcopyd = job_device_open(0);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.code, 0);
	cr_assert_eq(status.complete, 1);
	cr_assert_eq(region_bytes(kcopyd, job, 1), plan.length);
	close(kcopyd);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(close, results_can_be_asked_for_after_close)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	data_fill(null_create("src", (struct null_options){ .mib = 4 }),
		  SOURCE);
	null_create("dst", (struct null_options){ .mib = 4 });
	job = job_start(kcopyd, &(struct job_plan){
					.source = { .path = "/dev/kt-src",
						    .offset = MIB },
					.dests[0] = { .path = "/dev/kt-dst",
						      .offset = 2 * MIB },
					.length = MIB,
					.cookie = 99,
				});
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, 0);
	close(kcopyd);
	kcopyd = job_device_open(0);
	cr_assert_eq(job_regions(kcopyd, job, &status, regions), 0);
	cr_assert_eq(status.job, job);
	cr_assert_eq(status.cookie, 99);
	cr_assert_eq(status.state, KCOPYD_STATE_DONE);
	cr_assert_eq(status.code, 0);
	cr_assert_eq(status.complete, 1);
	cr_assert_eq(status.length, MIB);
	cr_assert_eq(status.uid, getuid());
	cr_assert_eq(status.pid, getpid());
	cr_assert_gt(status.done_ns, status.submitted_ns);
	cr_assert_eq(status.nr_regions, 2);
	cr_assert_eq(status.nr_extents, 0);
	cr_assert_eq(regions[0].offset, MIB);
	cr_assert_eq(regions[0].bytes, MIB);
	cr_assert_eq(regions[1].offset, 2 * MIB);
	cr_assert_eq(regions[1].bytes, MIB);
	cr_assert_neq(regions[0].minor, regions[1].minor);
	close(kcopyd);
}

/* The first job that is visible from @job on, 0 if there is none. */
static uint64_t next_job(int kcopyd, uint64_t job)
{
	struct kcopyd_status status = {
		.size = sizeof(status),
		.flags = KCOPYD_STATUS_NEXT,
		.job = job,
	};

	if (!ioctl(kcopyd, KCOPYD_IOC_STATUS, &status))
		return status.job;
	cr_assert_eq(errno, ENOENT, "%m");
	return 0;
}

RIG_TEST(close, the_last_256_results_are_kept)
{
	enum { JOBS = 300, KEPT = 256 };
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);
	unsigned int kept = 0;
	uint64_t last = 0, next;

	null_create("src", (struct null_options){ .mib = 1 });
	null_create("dst", (struct null_options){ .mib = 1 });
	for (unsigned int i = 0; i < JOBS; i++) {
		last = job_start(kcopyd, &(struct job_plan){
						 .source.path = "/dev/kt-src",
						 .dests[0].path = "/dev/kt-dst",
					 });
		job_wait(kcopyd, last);
	}
	for (next = next_job(kcopyd, 1); next;
	     next = next_job(kcopyd, next + 1))
		kept++;
	cr_assert_eq(kept, KEPT, "%u jobs are kept", kept);
	cr_assert_eq(job_status(kcopyd, last, &status), 0);
	cr_assert_eq(job_status(kcopyd, last - KEPT + 1, &status), 0);
	cr_assert_eq(job_status(kcopyd, last - KEPT, &status), -ENOENT);
	close(kcopyd);
}

RIG_TEST(close, a_cancelled_job_ends_with_ecanceled)
{
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	slow_create();
	job = job_start(kcopyd, &slow_plan);
	rig_wait_for(region_bytes(kcopyd, job, 1), 30, "first bytes");
	cr_assert_eq(job_cancel(kcopyd, job, 30000), 0);
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -ECANCELED);
	cr_assert_eq(result.write_err, 0);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.complete, 0);
	cr_assert_eq(job_cancel(kcopyd, job, 0), 0, "it had ended before");
	cr_assert_eq(job_cancel(kcopyd, job + 1000, 0), -ENOENT);
	close(kcopyd);
	expect_cancelled_and_quiet(job, "/dev/kt-dst");
}

RIG_TEST(close, a_cancel_that_can_not_be_waited_for_says_so)
{
	int kcopyd = job_device_open(0);
	uint64_t job = held_start(kcopyd, 0);
	struct kcopyd_status status;
	struct job_result result;

	/* When a second chunk has been read, the first is being written. */
	rig_wait_for(region_bytes(kcopyd, job, 0) > MIB, 30, "two reads");
	cr_assert_eq(job_cancel(kcopyd, job, 100), -EINPROGRESS);
	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.state, KCOPYD_STATE_STOPPING, "state %u",
		     status.state);
	cr_assert_eq(status.flags & KCOPYD_STATUS_DRAINING, 0);
	dm_resume("held");
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -ECANCELED);
	close(kcopyd);
}

/* In a child, which gives root up. Each bit of its status is a failure. */
static int strangers_view(int kcopyd, uint64_t job)
{
	struct kcopyd_status status = { .size = sizeof(status), .job = job };
	struct kcopyd_status next = {
		.size = sizeof(next),
		.flags = KCOPYD_STATUS_NEXT,
		.job = 1,
	};
	struct kcopyd_extents extents = { .size = sizeof(extents), .job = job };
	int seen = 0;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 64;
	if (!ioctl(kcopyd, KCOPYD_IOC_STATUS, &status) || errno != ENOENT)
		seen |= 1;
	if (!ioctl(kcopyd, KCOPYD_IOC_STATUS, &next) || errno != ENOENT)
		seen |= 2;
	if (!ioctl(kcopyd, KCOPYD_IOC_EXTENTS, &extents) || errno != ENOENT)
		seen |= 4;
	if (job_cancel(kcopyd, job, 0) != -ENOENT)
		seen |= 8;
	if (job_pause(kcopyd, job) != -ENOENT ||
	    job_resume(kcopyd, job) != -ENOENT ||
	    job_limit(kcopyd, job, 1, 1, 1) != -ENOENT)
		seen |= 16;
	return seen;
}

RIG_TEST(close, strangers_see_and_steer_no_job_of_others)
{
	int kcopyd = job_device_open(0), other = job_device_open(0);
	struct job_result result;
	int status;
	uint64_t job;
	pid_t pid;

	slow_create();
	job = job_start(kcopyd, &slow_plan);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(strangers_view(other, job));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "seen: %#x", WEXITSTATUS(status));
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, 0, "a stranger stopped the job");
	close(kcopyd);
	close(other);
}
