// SPDX-License-Identifier: GPL-2.0-or-later
/* What /dev/kcopyd refuses, why it says so, and that it writes nothing then. */
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "job.h"

TestSuite(abi, RIG_SUITE);

enum { SOURCE = 1, DEST = 11, SIZE_MIB = 2 };
#define SIZE (SIZE_MIB * MIB)

/**
 * struct attempt - a submission that would work, before a test spoils it
 * @kcopyd: /dev/kcopyd
 * @dests: two, on devices of their own
 * @submit: names the source and @dests
 */
struct attempt {
	int kcopyd;
	struct kcopyd_target dests[2];
	struct kcopyd_submit submit;
};

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

static void attempt_init(struct attempt *attempt)
{
	*attempt = (struct attempt){ .kcopyd = job_device_open(0) };
	devices_create();
	attempt->submit = (struct kcopyd_submit){
		.size = sizeof(attempt->submit),
		.source.fd = device_open("/dev/kt-src", O_RDONLY),
		.length = SIZE,
		.dests = (uintptr_t)attempt->dests,
		.nr_dests = 2,
	};
	attempt->dests[0].fd = device_open("/dev/kt-d0", O_RDWR | O_EXCL);
	attempt->dests[1].fd = device_open("/dev/kt-d1", O_RDWR | O_EXCL);
}

/* Replaces a descriptor by one that was opened otherwise. */
static void reopen(int *fd, const char *path, int flags)
{
	close(*fd);
	*fd = device_open(path, flags);
}

static void expect_nothing_written(void)
{
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect_untouched("/dev/kt-d0", DEST);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

static void expect_refused(struct attempt *attempt, int err,
			   unsigned int reason, unsigned int region)
{
	struct kcopyd_submit *submit = &attempt->submit;
	int ret;

	submit->job = 1234;
	submit->reason = 4321;
	submit->region = 4321;
	errno = 0;
	ret = ioctl(attempt->kcopyd, KCOPYD_IOC_SUBMIT, submit);
	cr_assert_eq(ret, -1, "it was accepted");
	cr_assert_eq(errno, err, "%m, expected %s", strerror(err));
	cr_assert_eq(submit->reason, reason, "reason %u, expected %u",
		     submit->reason, reason);
	cr_assert_eq(submit->region, region, "region %d, expected %d",
		     (int)submit->region, (int)region);
	cr_assert_eq(submit->job, 0);
	cr_assert_eq(job_info(attempt->kcopyd).jobs, 0);
	expect_nothing_written();
}

static void expect_accepted(struct attempt *attempt)
{
	struct kcopyd_submit *submit = &attempt->submit;
	struct job_result result;

	cr_assert_eq(ioctl(attempt->kcopyd, KCOPYD_IOC_SUBMIT, submit), 0,
		     "%m, reason %u, region %d", submit->reason,
		     (int)submit->region);
	cr_assert_eq(submit->reason, KCOPYD_REASON_NONE);
	result = job_wait(attempt->kcopyd, submit->job);
	cr_assert_eq(result.code, 0);
}

/* The baseline of all that follows: nothing but the spoiled part is wrong. */
RIG_TEST(abi, the_attempt_that_the_others_spoil_works)
{
	struct attempt attempt;

	attempt_init(&attempt);
	expect_accepted(&attempt);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

/* ---- structs ------------------------------------------------------------- */

RIG_TEST(abi, info_tells_version_and_limits)
{
	int kcopyd = job_device_open(0);
	struct kcopyd_info info = job_info(kcopyd);

	cr_assert_eq(info.size, sizeof(info));
	cr_assert_eq(info.abi, KCOPYD_ABI_VERSION);
	cr_assert_eq(info.max_dests, KCOPYD_MAX_DESTS);
	cr_assert_gt(info.max_jobs, 0);
	cr_assert_gt(info.max_memory, 0);
	cr_assert_eq(info.jobs, 0);
	cr_assert_eq(info.draining, 0);
	cr_assert_eq(info.features,
		     KCOPYD_FEATURE_DETACH | KCOPYD_FEATURE_EXTENTS |
			     KCOPYD_FEATURE_CONTROL | KCOPYD_FEATURE_RETRY |
			     KCOPYD_FEATURE_ZERO | KCOPYD_FEATURE_SPARSE |
			     KCOPYD_FEATURE_VERIFY | KCOPYD_FEATURE_CHECKSUM |
			     KCOPYD_FEATURE_FAIL_FAST);
	close(kcopyd);
}

static const struct {
	const char *name;
	unsigned long cmd;
	size_t size;
} calls[] = {
	{ "info", KCOPYD_IOC_INFO, sizeof(struct kcopyd_info) },
	{ "submit", KCOPYD_IOC_SUBMIT, sizeof(struct kcopyd_submit) },
	{ "cancel", KCOPYD_IOC_CANCEL, sizeof(struct kcopyd_cancel) },
	{ "status", KCOPYD_IOC_STATUS, sizeof(struct kcopyd_status) },
	{ "extents", KCOPYD_IOC_EXTENTS, sizeof(struct kcopyd_extents) },
	{ "control", KCOPYD_IOC_CONTROL, sizeof(struct kcopyd_control) },
};

/* A struct of zeroes but for its size and, maybe, a byte far behind. */
static int call_sized(int kcopyd, unsigned int call, uint32_t size, size_t set)
{
	char *args = calloc(1, 16384);
	int err;

	cr_assert_not_null(args);
	memcpy(args, &size, sizeof(size));
	if (set)
		args[set] = 1;
	errno = 0;
	ioctl(kcopyd, calls[call].cmd, args);
	err = errno;
	free(args);
	return err;
}

RIG_TEST(abi, structs_shorter_than_the_first_version_are_refused)
{
	int kcopyd = job_device_open(0);

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		cr_assert_eq(call_sized(kcopyd, i, 0, 0), EINVAL, "%s",
			     calls[i].name);
		cr_assert_eq(call_sized(kcopyd, i, 4, 0), EINVAL, "%s",
			     calls[i].name);
		cr_assert_eq(call_sized(kcopyd, i, calls[i].size - 1, 0),
			     EINVAL, "%s", calls[i].name);
	}
	close(kcopyd);
}

RIG_TEST(abi, longer_structs_with_an_unknown_tail_are_refused)
{
	int kcopyd = job_device_open(0);

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		size_t size = calls[i].size;

		cr_assert_eq(call_sized(kcopyd, i, size + 8, size), E2BIG, "%s",
			     calls[i].name);
		cr_assert_eq(call_sized(kcopyd, i, size + 8, size + 7), E2BIG,
			     "%s", calls[i].name);
		cr_assert_eq(call_sized(kcopyd, i, 1 << 30, 0), E2BIG, "%s",
			     calls[i].name);
	}
	close(kcopyd);
}

RIG_TEST(abi, a_longer_struct_with_a_tail_of_zeroes_works)
{
	struct {
		struct kcopyd_info info;
		uint64_t unknown[4];
	} longer = { .info.size = sizeof(longer) };
	int kcopyd = job_device_open(0);

	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_INFO, &longer), 0, "%m");
	cr_assert_eq(longer.info.abi, KCOPYD_ABI_VERSION);
	for (unsigned int i = 0; i < 4; i++)
		cr_assert_eq(longer.unknown[i], 0);
	close(kcopyd);
}

RIG_TEST(abi, bad_pointers_are_efault)
{
	int kcopyd = job_device_open(0);

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		errno = 0;
		cr_assert_eq(ioctl(kcopyd, calls[i].cmd, NULL), -1);
		cr_assert_eq(errno, EFAULT, "%s: %m", calls[i].name);
		errno = 0;
		cr_assert_eq(ioctl(kcopyd, calls[i].cmd, ~0xfffUL), -1);
		cr_assert_eq(errno, EFAULT, "%s: %m", calls[i].name);
	}
	close(kcopyd);
}

/* The size is readable, the rest is not. */
RIG_TEST(abi, a_struct_that_ends_in_an_unmapped_page_is_efault)
{
	int kcopyd = job_device_open(0);
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(page, MAP_FAILED);
	cr_assert_eq(munmap(page + 4096, 4096), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t size = calls[i].size;
		char *args = page + 4096 - 8;

		memcpy(args, &size, sizeof(size));
		errno = 0;
		cr_assert_eq(ioctl(kcopyd, calls[i].cmd, args), -1);
		cr_assert_eq(errno, EFAULT, "%s: %m", calls[i].name);
	}
	close(kcopyd);
}

RIG_TEST(abi, unknown_calls_are_enotty)
{
	int kcopyd = job_device_open(0);
	char args[256] = {};

	cr_assert_eq(ioctl(kcopyd, _IOWR(KCOPYD_IOC_MAGIC, 200, char[64]),
			   args),
		     -1);
	cr_assert_eq(errno, ENOTTY, "%m");
	cr_assert_eq(ioctl(kcopyd, BLKGETSIZE64, args), -1);
	cr_assert_eq(errno, ENOTTY, "%m");
	close(kcopyd);
}

RIG_TEST(abi, writing_to_the_device_is_refused)
{
	int kcopyd = job_device_open(0);

	cr_assert_eq(write(kcopyd, "x", 1), -1);
	close(kcopyd);
}

RIG_TEST(abi, jobs_that_never_were_are_enoent)
{
	struct kcopyd_extents extents = { .size = sizeof(extents),
					  .job = 1ULL << 60 };
	struct kcopyd_cancel cancel = { .size = sizeof(cancel), .job = 0 };
	struct kcopyd_status status;
	int kcopyd = job_device_open(0);

	cr_assert_eq(job_status(kcopyd, 0, &status), -ENOENT);
	cr_assert_eq(job_status(kcopyd, ~0ULL, &status), -ENOENT);
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_EXTENTS, &extents), -1);
	cr_assert_eq(errno, ENOENT, "%m");
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_CANCEL, &cancel), -1);
	cr_assert_eq(errno, ENOENT, "%m");
	cr_assert_eq(job_pause(kcopyd, 0), -ENOENT);
	cr_assert_eq(job_resume(kcopyd, ~0ULL), -ENOENT);
	cr_assert_eq(job_limit(kcopyd, 1ULL << 60, 1, 1, 1), -ENOENT);
	close(kcopyd);
}

RIG_TEST(abi, status_refuses_unknown_flags)
{
	struct kcopyd_status status = { .size = sizeof(status), .flags = 0x80 };
	int kcopyd = job_device_open(0);

	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_STATUS, &status), -1);
	cr_assert_eq(errno, EINVAL, "%m");
	close(kcopyd);
}

RIG_TEST(abi, status_fills_only_the_room_it_was_given)
{
	struct kcopyd_region_status regions[3];
	struct kcopyd_status status = {
		.size = sizeof(status),
		.regions = (uintptr_t)regions,
		.nr_regions = 2,
	};
	struct attempt attempt;

	attempt_init(&attempt);
	expect_accepted(&attempt);
	memset(regions, 0x77, sizeof(regions));
	status.job = attempt.submit.job;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_STATUS, &status), 0);
	cr_assert_eq(status.nr_regions, 3);
	cr_assert_eq(regions[1].bytes, SIZE);
	cr_assert_eq(regions[1].settled, SIZE);
	cr_assert_eq(regions[1].flags, 0);
	cr_assert_eq(regions[1].pad, 0);
	cr_assert_eq(regions[2].bytes, 0x7777777777777777ULL);
	status.regions = 8;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_STATUS, &status), -1);
	cr_assert_eq(errno, EFAULT, "%m");
}

/* ---- arguments of a submission ------------------------------------------- */

RIG_TEST(abi, unknown_flags_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (KCOPYD_SUBMIT_FLAGS & 1U << bit)
			continue;
		attempt.submit.flags = 1U << bit;
		expect_refused(&attempt, EINVAL, KCOPYD_REASON_FLAGS,
			       KCOPYD_REGION_NONE);
	}
}

RIG_TEST(abi, flags_that_exclude_each_other_are_refused)
{
	static const uint32_t excluding[] = {
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_IGNORE_ERROR,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_KEEP_FAILED,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_SKIP_BAD,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_ZERO_BAD |
			KCOPYD_SUBMIT_IGNORE_ERROR,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_ZERO_BAD |
			KCOPYD_SUBMIT_KEEP_FAILED,
		KCOPYD_SUBMIT_DETACH_FAILED | KCOPYD_SUBMIT_KEEP_FAILED,
		KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_SPARSE,
		KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_ZERO_BAD,
		KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_WRITE_SEQ,
		KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_RESET_ZONES,
		KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_VERIFY,
		KCOPYD_SUBMIT_FLAGS,
	};
	struct attempt attempt;

	attempt_init(&attempt);
	for (unsigned int i = 0; i < ARRAY_SIZE(excluding); i++) {
		attempt.submit.flags = excluding[i];
		expect_refused(&attempt, EINVAL, KCOPYD_REASON_FLAGS,
			       KCOPYD_REGION_NONE);
	}
}

RIG_TEST(abi, flags_that_go_together_are_accepted)
{
	static const uint32_t matching[] = {
		KCOPYD_SUBMIT_IGNORE_ERROR,
		KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_DETACH_FAILED,
		KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_KEEP_FAILED,
		KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_DETACH_FAILED,
		KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_KEEP_FAILED,
		KCOPYD_SUBMIT_ZERO_BAD,
		KCOPYD_SUBMIT_ZERO_BAD | KCOPYD_SUBMIT_SKIP_BAD,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_ZERO_BAD,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_ZERO_BAD |
			KCOPYD_SUBMIT_SKIP_BAD,
		KCOPYD_SUBMIT_WRITE_SEQ | KCOPYD_SUBMIT_DETACH_FAILED,
		KCOPYD_SUBMIT_SPARSE,
		KCOPYD_SUBMIT_VERIFY,
		KCOPYD_SUBMIT_VERIFY | KCOPYD_SUBMIT_SPARSE |
			KCOPYD_SUBMIT_ZERO_BAD,
		KCOPYD_SUBMIT_RESET_ZONES,
		KCOPYD_SUBMIT_FAIL_FAST,
		KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_FAIL_FAST,
		KCOPYD_SUBMIT_NO_FLUSH | KCOPYD_SUBMIT_DETACH,
	};
	struct attempt attempt;

	attempt_init(&attempt);
	for (unsigned int i = 0; i < ARRAY_SIZE(matching); i++) {
		attempt.submit.flags = matching[i];
		expect_accepted(&attempt);
	}
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(abi, padding_that_is_not_zero_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.pad = 1;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_PAD, KCOPYD_REGION_NONE);
	attempt.submit.pad = 0;
	attempt.submit.source.pad = 1;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_PAD, 0);
	attempt.submit.source.fd = -1;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_PAD, 0);
	attempt.submit.source.pad = 0;
	attempt.dests[1].pad = 0x80000000;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_PAD, 2);
}

RIG_TEST(abi, no_destination_and_65_are_refused)
{
	static struct kcopyd_target many[KCOPYD_MAX_DESTS + 1];
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.nr_dests = 0;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_NR_DESTS,
		       KCOPYD_REGION_NONE);
	attempt.submit.dests = (uintptr_t)many;
	attempt.submit.nr_dests = KCOPYD_MAX_DESTS + 1;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_NR_DESTS,
		       KCOPYD_REGION_NONE);
	attempt.submit.nr_dests = ~0U;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_NR_DESTS,
		       KCOPYD_REGION_NONE);
}

/* 64 ranges of one disk, each a destination. */
RIG_TEST(abi, sixty_four_destinations_are_accepted)
{
	static struct kcopyd_target many[KCOPYD_MAX_DESTS];
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.dests = (uintptr_t)many;
	attempt.submit.nr_dests = KCOPYD_MAX_DESTS;
	attempt.submit.length = SIZE / KCOPYD_MAX_DESTS;
	for (unsigned int i = 0; i < KCOPYD_MAX_DESTS; i++) {
		many[i].fd = attempt.dests[0].fd;
		many[i].offset = i * attempt.submit.length;
	}
	expect_accepted(&attempt);
	for (unsigned int i = 0; i < KCOPYD_MAX_DESTS; i++)
		data_expect("/dev/kt-d0", many[i].offset, attempt.submit.length,
			    SOURCE, 0);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

RIG_TEST(abi, a_bad_pointer_to_the_destinations_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.dests = 0;
	expect_refused(&attempt, EFAULT, KCOPYD_REASON_POINTER,
		       KCOPYD_REGION_NONE);
	attempt.submit.dests = ~0ULL - 4095;
	expect_refused(&attempt, EFAULT, KCOPYD_REASON_POINTER,
		       KCOPYD_REGION_NONE);
}

RIG_TEST(abi, options_out_of_range_are_refused)
{
	struct attempt attempt;
	const struct {
		const char *name;
		uint32_t *field;
		uint32_t value;
	} wrong[] = {
		{ "chunk", &attempt.submit.chunk, 1 },
		{ "chunk", &attempt.submit.chunk, 1U << 30 },
		{ "depth", &attempt.submit.depth, 65 },
		{ "depth", &attempt.submit.depth, ~0U },
		{ "percent", &attempt.submit.percent, 101 },
		{ "percent", &attempt.submit.percent, ~0U },
		{ "retry", &attempt.submit.retry, KCOPYD_RETRY_BISECT + 1 },
		{ "retry", &attempt.submit.retry, ~0U },
		{ "on_slow", &attempt.submit.on_slow, KCOPYD_SLOW_DROP + 1 },
		{ "on_slow", &attempt.submit.on_slow, ~0U },
		{ "checksum", &attempt.submit.checksum,
		  KCOPYD_CHECKSUM_SHA256 + 1 },
		{ "checksum", &attempt.submit.checksum, ~0U },
		{ "ioprio", &attempt.submit.ioprio, 0x10000 },
		/* A level without a class, and classes that there are none of. */
		{ "ioprio", &attempt.submit.ioprio, 4 },
		{ "ioprio", &attempt.submit.ioprio, 4 << 13 },
		{ "ioprio", &attempt.submit.ioprio, 7 << 13 },
	};

	attempt_init(&attempt);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		cr_log_info("%s = %u", wrong[i].name, wrong[i].value);
		*wrong[i].field = wrong[i].value;
		expect_refused(&attempt, EINVAL, KCOPYD_REASON_OPTION,
			       KCOPYD_REGION_NONE);
		*wrong[i].field = 0;
	}
	/* The reserve last: it is made by the first job that gets that far. */
	attempt.submit.memory = 1;
	close(attempt.kcopyd);
	attempt.kcopyd = job_device_open(0);
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OPTION,
		       KCOPYD_REGION_NONE);
}

RIG_TEST(abi, options_in_range_are_accepted)
{
	struct attempt attempt;
	const struct {
		uint32_t *field;
		uint32_t value;
	} right[] = {
		{ &attempt.submit.depth, 64 },
		{ &attempt.submit.percent, 100 },
		{ &attempt.submit.retry, KCOPYD_RETRY_EDGES },
		{ &attempt.submit.retry, KCOPYD_RETRY_BISECT },
		{ &attempt.submit.retry_budget, 1 },
		{ &attempt.submit.retry_budget, ~0U },
		{ &attempt.submit.on_slow, KCOPYD_SLOW_WAIT },
		{ &attempt.submit.on_slow, KCOPYD_SLOW_DROP },
		{ &attempt.submit.checksum, KCOPYD_CHECKSUM_CRC32C },
		{ &attempt.submit.checksum, KCOPYD_CHECKSUM_SHA256 },
		{ &attempt.submit.ioprio,
		  IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 0) },
		{ &attempt.submit.ioprio,
		  IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7) },
		{ &attempt.submit.ioprio,
		  IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0) },
	};

	attempt_init(&attempt);
	for (unsigned int i = 0; i < ARRAY_SIZE(right); i++) {
		*right[i].field = right[i].value;
		expect_accepted(&attempt);
		*right[i].field = 0;
	}
	attempt.submit.rate = 1ULL << 40;
	expect_accepted(&attempt);
	attempt.submit.rate = ~0ULL;
	expect_accepted(&attempt);
}

RIG_TEST(abi, a_checksum_of_nothing_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.checksum = KCOPYD_CHECKSUM_CRC32C;
	attempt.submit.flags = KCOPYD_SUBMIT_COMPARE;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OPTION,
		       KCOPYD_REGION_NONE);
	attempt.submit.flags = 0;
	attempt.submit.source.fd = -1;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OPTION,
		       KCOPYD_REGION_NONE);
}

/* Gives root up; the status is the number of what went wrong. */
static int unprivileged_real_time(struct attempt *attempt)
{
	struct kcopyd_submit *submit = &attempt->submit;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	submit->ioprio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 0);
	if (!ioctl(attempt->kcopyd, KCOPYD_IOC_SUBMIT, submit))
		return 2;
	if (errno != EPERM)
		return 3;
	return submit->reason == KCOPYD_REASON_PERMISSION ? 0 : 4;
}

RIG_TEST(abi, real_time_priority_needs_a_privilege)
{
	struct attempt attempt;
	int status;
	pid_t pid;

	attempt_init(&attempt);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(unprivileged_real_time(&attempt));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "%#x", status);
	expect_nothing_written();
}

/*
 * Without its modules a hash is not to be had. What has been loaded before goes
 * away if nobody uses it; where the hash is built in there is nothing to see.
 */
RIG_TEST(abi, a_checksum_that_the_kernel_does_not_have_is_refused)
{
	static const char *const modules[] = { "crc32c_intel", "crc32c_generic",
					       "crc32c_cryptoapi", "crc32c" };
	struct attempt attempt;
	int ret;

	attempt_init(&attempt);
	for (unsigned int i = 0; i < sizeof(modules) / sizeof(*modules); i++)
		module_try_unload(modules[i]);
	if (crypto_has("crc32c"))
		cr_skip_test("crc32c can't be taken away");
	modprobe_disable();
	attempt.submit.checksum = KCOPYD_CHECKSUM_CRC32C;
	ret = ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit);
	modprobe_enable();
	cr_assert_eq(ret, -1, "it was accepted");
	cr_assert_eq(attempt.submit.reason, KCOPYD_REASON_CHECKSUM);
	cr_assert_eq(attempt.submit.region, KCOPYD_REGION_NONE);
	expect_nothing_written();
	/* It stands in nobody's way. */
	attempt.submit.checksum = KCOPYD_CHECKSUM_SHA256;
	expect_accepted(&attempt);
}

RIG_TEST(abi, verifying_takes_memory_for_two_blocks)
{
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.dests[1].fd);
	null_create("4k",
		    (struct null_options){ .mib = SIZE_MIB, .block = 4096 });
	attempt.dests[1].fd = device_open("/dev/kt-4k", O_RDWR | O_EXCL);
	attempt.submit.memory = 4096;
	attempt.submit.flags = KCOPYD_SUBMIT_VERIFY;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_RESERVE, 2);
	attempt.submit.flags = 0;
	expect_accepted(&attempt);
	data_expect_equal("/dev/kt-src", "/dev/kt-4k");
}

RIG_TEST(abi, more_memory_than_allowed_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.memory = job_info(attempt.kcopyd).max_memory + 4096;
	expect_refused(&attempt, EAGAIN, KCOPYD_REASON_MAX_MEMORY,
		       KCOPYD_REGION_NONE);
	cr_assert_eq(job_info(attempt.kcopyd).memory, 0);
	attempt.submit.memory = 0;
	expect_accepted(&attempt);
}

/* ---- devices ------------------------------------------------------------- */

RIG_TEST(abi, descriptors_that_are_not_open_are_refused)
{
	struct attempt attempt;
	int fd;

	attempt_init(&attempt);
	fd = attempt.submit.source.fd;
	attempt.submit.source.fd = 9999;
	expect_refused(&attempt, EBADF, KCOPYD_REASON_FD, 0);
	attempt.submit.source.fd = -2;
	expect_refused(&attempt, EBADF, KCOPYD_REASON_FD, 0);
	/* No source is one without an offset. */
	attempt.submit.source.fd = -1;
	attempt.submit.source.offset = SECTOR;
	expect_refused(&attempt, EBADF, KCOPYD_REASON_FD, 0);
	attempt.submit.source.offset = 0;
	attempt.submit.source.fd = fd;
	attempt.dests[1].fd = 9999;
	expect_refused(&attempt, EBADF, KCOPYD_REASON_FD, 2);
}

static void expect_zeroes(const char *path)
{
	static const char zeroes[64 * KIB];
	static char buffer[64 * KIB];
	int fd = device_open(path, O_RDONLY);
	uint64_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		cr_assert_eq(memcmp(buffer, zeroes, got), 0,
			     "%s: not all zeroes at %lu", path, at);
		at += got;
	}
	cr_assert_eq(got, 0, "%s: %m", path);
	close(fd);
}

RIG_TEST(abi, no_source_is_zeroes)
{
	struct kcopyd_region_status source;
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.submit.source.fd);
	attempt.submit.source.fd = -1;
	attempt.submit.length = SIZE + SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 1);
	attempt.submit.length = SIZE;
	expect_accepted(&attempt);
	expect_zeroes("/dev/kt-d0");
	expect_zeroes("/dev/kt-d1");
	source = job_region(attempt.kcopyd, attempt.submit.job, 0);
	cr_assert_eq(source.major, 0);
	cr_assert_eq(source.minor, 0);
	cr_assert_eq(source.offset, 0);
	cr_assert_eq(source.errors, 0);
	cr_assert_eq(source.error, 0);
	cr_assert_eq(source.flags, 0);
}

RIG_TEST(abi, what_is_not_a_block_device_is_refused)
{
	struct attempt attempt;
	int fd;

	attempt_init(&attempt);
	fd = attempt.submit.source.fd;
	attempt.submit.source.fd = device_open("/dev/zero", O_RDONLY);
	expect_refused(&attempt, ENOTBLK, KCOPYD_REASON_NOT_BLOCK, 0);
	close(attempt.submit.source.fd);
	attempt.submit.source.fd = fd;
	close(attempt.dests[0].fd);
	attempt.dests[0].fd = memfd_create("file", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(attempt.dests[0].fd, SIZE), 0);
	expect_refused(&attempt, ENOTBLK, KCOPYD_REASON_NOT_BLOCK, 1);
	close(attempt.dests[0].fd);
	attempt.dests[0].fd = attempt.kcopyd;
	expect_refused(&attempt, ENOTBLK, KCOPYD_REASON_NOT_BLOCK, 1);
}

RIG_TEST(abi, a_source_not_opened_for_reading_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	reopen(&attempt.submit.source.fd, "/dev/kt-src", O_WRONLY);
	expect_refused(&attempt, EBADF, KCOPYD_REASON_NOT_READABLE, 0);
}

RIG_TEST(abi, a_destination_not_opened_for_writing_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	reopen(&attempt.dests[1].fd, "/dev/kt-d1", O_RDONLY | O_EXCL);
	expect_refused(&attempt, EBADF, KCOPYD_REASON_NOT_WRITABLE, 2);
}

RIG_TEST(abi, a_destination_opened_without_o_excl_is_refused)
{
	struct attempt attempt;
	int holder;

	attempt_init(&attempt);
	reopen(&attempt.dests[0].fd, "/dev/kt-d0", O_RDWR);
	expect_refused(&attempt, EBUSY, KCOPYD_REASON_NOT_EXCLUSIVE, 1);
	/* That somebody else has it exclusively makes it no better. */
	holder = device_open("/dev/kt-d0", O_RDWR | O_EXCL);
	expect_refused(&attempt, EBUSY, KCOPYD_REASON_NOT_EXCLUSIVE, 1);
	close(holder);
}

RIG_TEST(abi, a_destination_opened_for_writing_only_is_accepted)
{
	struct attempt attempt;

	attempt_init(&attempt);
	reopen(&attempt.dests[0].fd, "/dev/kt-d0", O_WRONLY | O_EXCL);
	expect_accepted(&attempt);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(abi, verifying_needs_readable_destinations)
{
	struct attempt attempt;

	attempt_init(&attempt);
	reopen(&attempt.dests[1].fd, "/dev/kt-d1", O_WRONLY | O_EXCL);
	attempt.submit.flags = KCOPYD_SUBMIT_VERIFY;
	expect_refused(&attempt, EBADF, KCOPYD_REASON_NOT_READABLE, 2);
	/* Reading alone is not enough either. */
	reopen(&attempt.dests[1].fd, "/dev/kt-d1", O_RDONLY | O_EXCL);
	expect_refused(&attempt, EBADF, KCOPYD_REASON_NOT_WRITABLE, 2);
	reopen(&attempt.dests[1].fd, "/dev/kt-d1", O_RDWR);
	expect_refused(&attempt, EBUSY, KCOPYD_REASON_NOT_EXCLUSIVE, 2);
	reopen(&attempt.dests[1].fd, "/dev/kt-d1", O_RDWR | O_EXCL);
	expect_accepted(&attempt);
}

RIG_TEST(abi, comparing_needs_destinations_to_be_readable_and_no_more)
{
	struct attempt attempt;
	int on = 1, off = 0;

	attempt_init(&attempt);
	data_fill("/dev/kt-d0", SOURCE);
	data_fill("/dev/kt-d1", SOURCE);
	reopen(&attempt.dests[0].fd, "/dev/kt-d0", O_RDONLY);
	reopen(&attempt.dests[1].fd, "/dev/kt-d1", O_RDONLY);
	cr_assert_eq(ioctl(attempt.dests[1].fd, BLKROSET, &on), 0, "%m");
	attempt.submit.flags = KCOPYD_SUBMIT_COMPARE;
	expect_accepted(&attempt);
	cr_assert_eq(ioctl(attempt.dests[1].fd, BLKROSET, &off), 0, "%m");
	data_fill("/dev/kt-d0", DEST);
	data_fill("/dev/kt-d1", DEST + 1);
	reopen(&attempt.dests[0].fd, "/dev/kt-d0", O_WRONLY);
	expect_refused(&attempt, EBADF, KCOPYD_REASON_NOT_READABLE, 1);
}

RIG_TEST(abi, comparing_says_what_differs_and_writes_nothing)
{
	struct attempt attempt;
	struct job_result result;

	attempt_init(&attempt);
	data_fill("/dev/kt-d0", SOURCE);
	data_fill("/dev/kt-d1", SOURCE);
	data_fill_range("/dev/kt-d1", MIB, SECTOR, DEST, 0);
	attempt.submit.flags = KCOPYD_SUBMIT_COMPARE |
			       KCOPYD_SUBMIT_KEEP_FAILED;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     0, "%m");
	result = job_wait(attempt.kcopyd, attempt.submit.job);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0x2);
	cr_assert_eq(result.complete, 0x1);
	cr_assert_gt(result.nr_extents, 0);
	for (unsigned int i = 0; i < result.nr_extents; i++) {
		cr_assert_eq(result.extents[i].region, 2);
		cr_assert_eq(result.extents[i].kind, KCOPYD_EXTENT_DIFFERS);
		cr_assert_leq(result.extents[i].offset, MIB);
		cr_assert_geq(result.extents[i].offset +
				      result.extents[i].length,
			      MIB + SECTOR);
	}
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect_untouched("/dev/kt-d0", SOURCE);
	data_expect("/dev/kt-d1", MIB, SECTOR, DEST, 0);
}

RIG_TEST(abi, a_read_only_destination_is_refused)
{
	struct attempt attempt;
	int on = 1, off = 0;

	attempt_init(&attempt);
	cr_assert_eq(ioctl(attempt.dests[1].fd, BLKROSET, &on), 0, "%m");
	expect_refused(&attempt, EROFS, KCOPYD_REASON_READ_ONLY, 2);
	cr_assert_eq(ioctl(attempt.dests[1].fd, BLKROSET, &off), 0, "%m");
	expect_accepted(&attempt);
}

RIG_TEST(abi, unaligned_offsets_and_lengths_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.length = SECTOR + 1;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 0);
	attempt.submit.length = SECTOR;
	attempt.submit.source.offset = 256;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 0);
	attempt.submit.source.offset = 0;
	attempt.dests[1].offset = 511;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 2);
}

RIG_TEST(abi, what_fits_no_4096_byte_block_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.dests[1].fd);
	data_fill(null_create("4k", (struct null_options){ .mib = SIZE_MIB,
							   .block = 4096 }),
		  DEST);
	attempt.dests[1].fd = device_open("/dev/kt-4k", O_RDWR | O_EXCL);
	attempt.submit.length = 4096 + SECTOR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 2);
	attempt.submit.length = 4096;
	attempt.dests[1].offset = SECTOR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 2);
	data_expect_untouched("/dev/kt-4k", DEST);
}

/* A range need not fit the blocks of its own device alone. */
RIG_TEST(abi, what_fits_not_the_largest_block_is_named)
{
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.dests[1].fd);
	data_fill(null_create("4k", (struct null_options){ .mib = SIZE_MIB,
							   .block = 4096 }),
		  DEST);
	attempt.dests[1].fd = device_open("/dev/kt-4k", O_RDWR | O_EXCL);
	attempt.submit.length = 4096;
	attempt.submit.source.offset = SECTOR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 0);
	attempt.submit.source.offset = 4096;
	attempt.dests[0].offset = 3 * SECTOR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_UNALIGNED, 1);
	data_expect_untouched("/dev/kt-4k", DEST);
}

RIG_TEST(abi, flags_that_do_not_suit_zones_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.dests[1].fd);
	null_create("zoned", (struct null_options){ .mib = 4, .zone_mib = 1 });
	attempt.dests[1].fd = device_open("/dev/kt-zoned", O_RDWR | O_EXCL);
	attempt.submit.flags = KCOPYD_SUBMIT_IGNORE_ERROR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_FLAGS, 2);
	attempt.submit.flags = KCOPYD_SUBMIT_SKIP_BAD;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_FLAGS, 2);
	attempt.submit.flags = KCOPYD_SUBMIT_ZERO_BAD;
	expect_accepted(&attempt);
}

RIG_TEST(abi, ranges_that_end_behind_their_device_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.submit.source.offset = SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 0);
	attempt.submit.source.offset = 0;
	attempt.dests[0].offset = SIZE - SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 1);
	attempt.dests[0].offset = 0;
	attempt.submit.length = SIZE + SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 0);
}

RIG_TEST(abi, sums_that_overflow_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	attempt.dests[1].offset = 0ULL - SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 2);
	attempt.dests[1].offset = 0ULL - SIZE;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 2);
	attempt.dests[1].offset = 0;
	attempt.submit.length = 0ULL - SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 0);
	attempt.submit.source.offset = SECTOR;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 0);
	attempt.submit.length = 1ULL << 63;
	attempt.submit.source.offset = 1ULL << 63;
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 0);
}

RIG_TEST(abi, a_smaller_destination_is_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.dests[1].fd);
	data_fill(null_create("small", (struct null_options){ .mib = 1 }),
		  DEST);
	attempt.dests[1].fd = device_open("/dev/kt-small", O_RDWR | O_EXCL);
	expect_refused(&attempt, ENOSPC, KCOPYD_REASON_TOO_SMALL, 2);
	data_expect_untouched("/dev/kt-small", DEST);
}

RIG_TEST(abi, source_and_destination_that_overlap_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	reopen(&attempt.submit.source.fd, "/dev/kt-d1", O_RDONLY);
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OVERLAP, 2);
	attempt.submit.length = MIB;
	attempt.dests[1].offset = MIB - SECTOR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OVERLAP, 2);
	/* Side by side is no overlap. */
	attempt.dests[1].offset = MIB;
	expect_accepted(&attempt);
	data_expect("/dev/kt-d1", MIB, MIB, DEST + 1, 0);
}

RIG_TEST(abi, destinations_that_overlap_are_refused)
{
	struct attempt attempt;

	attempt_init(&attempt);
	close(attempt.dests[1].fd);
	attempt.dests[1].fd = attempt.dests[0].fd;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OVERLAP, 2);
	attempt.submit.length = MIB;
	attempt.dests[0].offset = SECTOR;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OVERLAP, 2);
}

static void partition_add(int fd, int number, uint64_t start, uint64_t length)
{
	struct blkpg_partition part = {
		.start = start,
		.length = length,
		.pno = number,
	};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_ADD_PARTITION,
		.datalen = sizeof(part),
		.data = &part,
	};

	cr_assert_eq(ioctl(fd, BLKPG, &arg), 0, "adding a partition: %m");
}

RIG_TEST(abi, a_partition_and_its_disk_can_overlap)
{
	struct attempt attempt;

	attempt_init(&attempt);
	partition_add(attempt.submit.source.fd, 1, MIB, 512 * KIB);
	close(attempt.dests[1].fd);
	attempt.dests[1].fd = device_open("/dev/kt-src1", O_RDWR | O_EXCL);
	attempt.submit.length = 256 * KIB;
	/* The partition's second half is at 1.25 MiB of the disk. */
	attempt.dests[1].offset = 256 * KIB;
	attempt.submit.source.offset = MIB + 511 * KIB;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OVERLAP, 2);
	attempt.submit.source.offset = MIB + 1 * KIB;
	expect_refused(&attempt, EINVAL, KCOPYD_REASON_OVERLAP, 2);
	attempt.submit.source.offset = MIB;
	expect_accepted(&attempt);
	data_expect("/dev/kt-src", MIB + 256 * KIB, 256 * KIB, SOURCE,
		    MIB / SECTOR);
	close(attempt.dests[1].fd);
}

/* I/O to the first destination waits until dm_resume("held"). */
static int hold_first_dest(struct attempt *attempt)
{
	close(attempt->dests[0].fd);
	dm_create("held", "0 4096 linear /dev/kt-d0 0");
	attempt->dests[0].fd =
		device_open("/dev/mapper/kt-held", O_RDWR | O_EXCL);
	dm_suspend("held");
	return attempt->dests[0].fd;
}

RIG_TEST(abi, ranges_of_a_running_job_are_refused_to_others)
{
	struct attempt attempt;
	struct job_result result;
	int src, held;
	uint64_t job;

	attempt_init(&attempt);
	held = hold_first_dest(&attempt);
	attempt.submit.nr_dests = 1;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     0, "%m");
	job = attempt.submit.job;

	/* As destination, in part. */
	attempt.submit.length = MIB;
	attempt.dests[0].offset = MIB;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     -1);
	cr_assert_eq(errno, EBUSY, "%m");
	cr_assert_eq(attempt.submit.reason, KCOPYD_REASON_OVERLAP_JOB);
	cr_assert_eq(attempt.submit.region, 1);
	/* As source. */
	src = attempt.submit.source.fd;
	attempt.submit.source.fd = device_open("/dev/mapper/kt-held", O_RDONLY);
	attempt.dests[0].fd = attempt.dests[1].fd;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     -1);
	cr_assert_eq(errno, EBUSY, "%m");
	cr_assert_eq(attempt.submit.reason, KCOPYD_REASON_OVERLAP_JOB);
	cr_assert_eq(attempt.submit.region, 0);
	/* Its source may be read by others. */
	close(attempt.submit.source.fd);
	attempt.submit.source.fd = src;
	attempt.submit.length = SIZE;
	attempt.dests[0].offset = 0;
	expect_accepted(&attempt);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");

	dm_resume("held");
	result = job_wait(attempt.kcopyd, job);
	cr_assert_eq(result.code, 0);
	close(held);
	close(attempt.submit.source.fd);
}

/* I/O to the source waits until dm_resume("held"). */
static void hold_source(struct attempt *attempt)
{
	close(attempt->submit.source.fd);
	dm_create("held", "0 4096 linear /dev/kt-src 0");
	attempt->submit.source.fd =
		device_open("/dev/mapper/kt-held", O_RDONLY);
	dm_suspend("held");
}

RIG_TEST(abi, ranges_that_are_compared_may_be_read_and_not_be_written)
{
	struct attempt attempt;
	struct job_plan plan = {
		.source.path = "/dev/kt-d0",
		.dests[0].path = "/dev/kt-d1",
		.length = MIB,
	};
	struct kcopyd_submit submit;
	struct job_result result;

	attempt_init(&attempt);
	data_fill("/dev/kt-d0", SOURCE);
	close(attempt.dests[1].fd);
	reopen(&attempt.dests[0].fd, "/dev/kt-d0", O_RDONLY);
	hold_source(&attempt);
	attempt.submit.nr_dests = 1;
	attempt.submit.flags = KCOPYD_SUBMIT_COMPARE;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     0, "%m");

	/* Others copy from there, and compare it. */
	result = job_run(&plan);
	job_expect_ok(&result, &plan);
	plan.dests[0].path = "/dev/kt-src";
	plan.flags = KCOPYD_SUBMIT_COMPARE;
	result = job_run(&plan);
	job_expect_ok(&result, &plan);
	/* Nobody copies to there. */
	plan.source.path = "/dev/kt-d1";
	plan.dests[0] = (struct job_place){ "/dev/kt-d0", MIB, 0 };
	plan.flags = 0;
	cr_assert_eq(job_try_start(attempt.kcopyd, &plan, &submit), -EBUSY);
	cr_assert_eq(submit.reason, KCOPYD_REASON_OVERLAP_JOB);
	cr_assert_eq(submit.region, 1);

	dm_resume("held");
	result = job_wait(attempt.kcopyd, attempt.submit.job);
	cr_assert_eq(result.code, 0);
	cr_assert_eq(job_try_start(attempt.kcopyd, &plan, &submit), 0);
	job_wait(attempt.kcopyd, submit.job);
	close(attempt.submit.source.fd);
}

RIG_TEST(abi, ranges_that_are_written_may_not_be_compared)
{
	struct attempt attempt;
	struct job_plan plan = {
		.source.path = "/dev/kt-d1",
		.dests[0].path = "/dev/mapper/kt-held",
		.length = MIB,
		.flags = KCOPYD_SUBMIT_COMPARE,
	};
	struct kcopyd_submit submit;
	int held;

	attempt_init(&attempt);
	held = hold_first_dest(&attempt);
	attempt.submit.nr_dests = 1;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     0, "%m");
	cr_assert_eq(job_try_start(attempt.kcopyd, &plan, &submit), -EBUSY);
	cr_assert_eq(submit.reason, KCOPYD_REASON_OVERLAP_JOB);
	cr_assert_eq(submit.region, 1);
	dm_resume("held");
	cr_assert_eq(job_wait(attempt.kcopyd, attempt.submit.job).code, 0);
	close(held);
}

RIG_TEST(abi, as_many_jobs_as_allowed_and_no_more)
{
	struct attempt attempt;
	unsigned int max, started = 0;
	int held;

	attempt_init(&attempt);
	max = job_info(attempt.kcopyd).max_jobs;
	held = hold_first_dest(&attempt);
	attempt.submit.nr_dests = 1;
	attempt.submit.length = SECTOR;
	for (;; started++) {
		attempt.dests[0].offset = started * SECTOR;
		if (ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit))
			break;
	}
	cr_assert_eq(errno, EAGAIN, "%m");
	cr_assert_eq(attempt.submit.reason, KCOPYD_REASON_MAX_JOBS);
	cr_assert_eq(attempt.submit.region, KCOPYD_REGION_NONE);
	cr_assert_eq(started, max);
	cr_assert_eq(job_info(attempt.kcopyd).jobs, max);
	dm_resume("held");
	rig_wait_for(!job_info(attempt.kcopyd).jobs, 60, "the end of all jobs");
	for (unsigned int i = 0; i < started; i++)
		data_expect("/dev/kt-d0", i * SECTOR, SECTOR, SOURCE, 0);
	data_expect("/dev/kt-d0", started * SECTOR, SECTOR, DEST, started);
	close(held);
}

/* ---- steering ------------------------------------------------------------ */

static int control(int kcopyd, uint64_t job, uint32_t op)
{
	struct kcopyd_control args = {
		.size = sizeof(args),
		.op = op,
		.job = job,
	};

	return ioctl(kcopyd, KCOPYD_IOC_CONTROL, &args) ? -errno : 0;
}

RIG_TEST(abi, jobs_that_have_ended_can_be_steered_in_vain)
{
	struct attempt attempt;
	uint64_t job;

	attempt_init(&attempt);
	expect_accepted(&attempt);
	job = attempt.submit.job;
	cr_assert_eq(job_pause(attempt.kcopyd, job), 0);
	cr_assert_eq(job_state(attempt.kcopyd, job), KCOPYD_STATE_DONE);
	cr_assert_eq(job_resume(attempt.kcopyd, job), 0);
	cr_assert_eq(job_limit(attempt.kcopyd, job, MIB, 50, 2), 0);
	cr_assert_eq(job_cancel(attempt.kcopyd, job, 0), 0);
	/* Even when the descriptor that submitted them is closed. */
	close(attempt.kcopyd);
	attempt.kcopyd = job_device_open(0);
	rig_wait_for(!job_info(attempt.kcopyd).memory, 30,
		     "the end of the client");
	cr_assert_eq(job_pause(attempt.kcopyd, job), 0);
	cr_assert_eq(job_resume(attempt.kcopyd, job), 0);
	cr_assert_eq(job_limit(attempt.kcopyd, job, MIB, 50, 2), 0);
	cr_assert_eq(job_cancel(attempt.kcopyd, job, 0), 0);
	cr_assert_eq(job_region(attempt.kcopyd, job, 1).bytes, SIZE);
}

RIG_TEST(abi, nonsense_is_no_way_to_steer_a_job)
{
	struct kcopyd_control args;
	struct attempt attempt;
	uint64_t job;

	attempt_init(&attempt);
	expect_accepted(&attempt);
	job = attempt.submit.job;
	cr_assert_eq(control(attempt.kcopyd, job, 0), -EINVAL);
	cr_assert_eq(control(attempt.kcopyd, job, KCOPYD_CONTROL_LIMIT + 1),
		     -EINVAL);
	cr_assert_eq(control(attempt.kcopyd, job, ~0U), -EINVAL);
	cr_assert_eq(job_limit(attempt.kcopyd, job, 0, 101, 0), -EINVAL);
	cr_assert_eq(job_limit(attempt.kcopyd, job, 0, ~0U, 0), -EINVAL);
	cr_assert_eq(job_limit(attempt.kcopyd, job, 0, 0, 65), -EINVAL);
	cr_assert_eq(job_limit(attempt.kcopyd, job, 0, 0, ~0U), -EINVAL);
	/* Limits belong to LIMIT. */
	for (uint32_t op = KCOPYD_CONTROL_PAUSE; op <= KCOPYD_CONTROL_RESUME;
	     op++) {
		args = (struct kcopyd_control){
			.size = sizeof(args),
			.op = op,
			.job = job,
			.rate = 1,
		};
		cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_CONTROL, &args),
			     -1);
		cr_assert_eq(errno, EINVAL, "%m");
		args.rate = 0;
		args.depth = 1;
		cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_CONTROL, &args),
			     -1);
		cr_assert_eq(errno, EINVAL, "%m");
	}
}

static void expect_limits(int kcopyd, uint64_t job, uint64_t rate,
			  uint32_t percent, uint32_t depth)
{
	struct kcopyd_status status;

	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.rate, rate, "rate %llu", status.rate);
	cr_assert_eq(status.percent, percent, "percent %u", status.percent);
	cr_assert_eq(status.depth, depth, "depth %u", status.depth);
}

RIG_TEST(abi, limits_of_a_running_job_are_shown_and_changed)
{
	struct attempt attempt;
	struct kcopyd_status status;
	struct job_result result;
	uint64_t job;
	int held;

	attempt_init(&attempt);
	held = hold_first_dest(&attempt);
	attempt.submit.nr_dests = 1;
	attempt.submit.rate = 100 * MIB;
	attempt.submit.percent = 90;
	attempt.submit.depth = 3;
	attempt.submit.checksum = KCOPYD_CHECKSUM_CRC32C;
	cr_assert_eq(ioctl(attempt.kcopyd, KCOPYD_IOC_SUBMIT, &attempt.submit),
		     0, "%m");
	job = attempt.submit.job;
	expect_limits(attempt.kcopyd, job, 100 * MIB, 90, 3);
	cr_assert_eq(job_status(attempt.kcopyd, job, &status), 0);
	cr_assert_eq(status.checksum, KCOPYD_CHECKSUM_CRC32C);
	cr_assert_eq(status.digest_len, 0);
	cr_assert_eq(job_limit(attempt.kcopyd, job, 200 * MIB, 80, 7), 0);
	expect_limits(attempt.kcopyd, job, 200 * MIB, 80, 7);
	/* What is refused changes nothing. */
	cr_assert_eq(job_limit(attempt.kcopyd, job, 1, 101, 1), -EINVAL);
	expect_limits(attempt.kcopyd, job, 200 * MIB, 80, 7);
	dm_resume("held");
	result = job_wait(attempt.kcopyd, job);
	cr_assert_eq(result.code, 0);
	close(held);
}

RIG_TEST(abi, a_paused_job_says_so_and_goes_on_when_resumed)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-slow",
		.length = SIZE,
		.chunk = 4 * KIB,
		.depth = 1,
	};
	int kcopyd = job_device_open(0), other = job_device_open(0);
	struct job_result result;
	uint64_t job, bytes;

	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  SOURCE);
	null_create("slow", (struct null_options){ .mib = SIZE_MIB,
						   .latency_us = 10000 });
	job = job_start(kcopyd, &plan);
	job_wait_bytes(kcopyd, job, 1, 1);
	/* Any descriptor of the same user will do. */
	cr_assert_eq(job_pause(other, job), 0);
	cr_assert_eq(job_pause(kcopyd, job), 0, "twice is once");
	job_wait_state(kcopyd, job, KCOPYD_STATE_PAUSED);
	bytes = job_region(kcopyd, job, 1).bytes;
	rig_sleep_ms(200);
	cr_assert_eq(job_region(kcopyd, job, 1).bytes, bytes);
	cr_assert_lt(bytes, plan.length);
	cr_assert_eq(job_resume(other, job), 0);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	cr_assert(job_was_in_state(&result, KCOPYD_STATE_PAUSED));
	close(kcopyd);
	close(other);
	data_expect_equal("/dev/kt-src", "/dev/kt-slow");
}

RIG_TEST(abi, a_paused_job_is_cancelled_too)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-slow",
		.length = SIZE,
		.chunk = 4 * KIB,
		.depth = 1,
	};
	int kcopyd = job_device_open(0);
	uint64_t job;

	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  SOURCE);
	null_create("slow", (struct null_options){ .mib = SIZE_MIB,
						   .latency_us = 10000 });
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_pause(kcopyd, job), 0);
	job_wait_state(kcopyd, job, KCOPYD_STATE_PAUSED);
	cr_assert_eq(job_cancel(kcopyd, job, 30000), 0);
	cr_assert_eq(job_wait(kcopyd, job).code, -ECANCELED);
	close(kcopyd);
}
