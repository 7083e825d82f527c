// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients and jobs of kcopyd.ko, through the in-kernel caller. */
#include "kcopyd_jobs.h"

/* Generous: the machine may be emulated, and full of checks. */
#define PATIENCE_MS 300000

uint32_t client_create(int caller, uint32_t pages)
{
	struct kcopyd_test_client args = { .pages = pages };
	int ret = caller_ioctl(caller, KCOPYD_TEST_CREATE, &args);

	cr_assert_eq(ret, 0, "%u pages: %s", pages, strerror(-ret));
	return args.client;
}

struct kcopyd_test_client client_destroy(int caller, uint32_t client)
{
	struct kcopyd_test_client args = { .client = client };

	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_DESTROY, &args), 0);
	return args;
}

/* ---- calls --------------------------------------------------------------- */

static void call_ok(int caller, unsigned long cmd, void *args, const char *what)
{
	int ret = caller_ioctl(caller, cmd, args);

	cr_assert_eq(ret, 0, "%s: %s", what, strerror(-ret));
}

int kjob_try(int caller, struct kcopyd_test_submit args,
	     const struct kcopyd_test_region *regions, uint32_t nr_dests,
	     struct kjob *job)
{
	args.regions = (uintptr_t)regions;
	args.nr_dests = nr_dests;
	call_ok(caller, KCOPYD_TEST_SUBMIT, &args, "submit");
	*job = (struct kjob){ .caller = caller, .number = args.job };
	return args.ret;
}

struct kjob kjob_start(int caller, struct kcopyd_test_submit args,
		       const struct kcopyd_test_region *regions,
		       uint32_t nr_dests)
{
	struct kjob job;
	int ret = kjob_try(caller, args, regions, nr_dests, &job);

	cr_assert_eq(ret, 0, "the job was refused: %s", strerror(-ret));
	return job;
}

struct kcopyd_test_result kjob_look(struct kjob job, unsigned int timeout_ms)
{
	struct kcopyd_test_result result = {
		.job = job.number,
		.timeout_ms = timeout_ms,
	};

	call_ok(job.caller, KCOPYD_TEST_RESULT, &result, "result");
	return result;
}

bool kjob_has_ended(struct kjob job)
{
	return kjob_look(job, 0).callbacks;
}

struct kcopyd_test_result kjob_wait(struct kjob job)
{
	struct kcopyd_test_result result = kjob_look(job, PATIENCE_MS);

	cr_assert_eq(result.callbacks, 1, "%u callbacks", result.callbacks);
	cr_assert_eq(result.context, KCOPYD_TEST_IN_TASK);
	return result;
}

void kjob_wait_ok(struct kjob job)
{
	struct kcopyd_test_result result = kjob_wait(job);

	cr_assert_eq(result.code, 0, "code %d", result.code);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0, "write_err %#llx", result.write_err);
}

static int steer(struct kjob job, unsigned int op, unsigned int timeout_ms,
		 struct kcopyd_test_limits limits)
{
	struct kcopyd_test_steer args = {
		.job = job.number,
		.op = op,
		.timeout_ms = timeout_ms,
		.limits = limits,
	};

	call_ok(job.caller, KCOPYD_TEST_STEER, &args, "steer");
	return args.ret;
}

int kjob_cancel(struct kjob job, unsigned int timeout_ms)
{
	return steer(job, KCOPYD_TEST_JOB_CANCEL, timeout_ms,
		     (struct kcopyd_test_limits){});
}

void kjob_pause(struct kjob job)
{
	steer(job, KCOPYD_TEST_JOB_PAUSE, 0, (struct kcopyd_test_limits){});
}

void kjob_resume(struct kjob job)
{
	steer(job, KCOPYD_TEST_JOB_RESUME, 0, (struct kcopyd_test_limits){});
}

int kjob_limit(struct kjob job, struct kcopyd_test_limits limits)
{
	return steer(job, KCOPYD_TEST_JOB_LIMIT, 0, limits);
}

void kjob_put(struct kjob job)
{
	steer(job, KCOPYD_TEST_JOB_PUT, 0, (struct kcopyd_test_limits){});
}

struct kcopyd_test_progress kjob_progress(struct kjob job)
{
	struct kcopyd_test_progress args = { .job = job.number };

	call_ok(job.caller, KCOPYD_TEST_PROGRESS, &args, "progress");
	return args;
}

void kjob_wait_state(struct kjob job, unsigned int state)
{
	rig_wait_for(kjob_progress(job).state == state, 60, "the job's state");
}

struct kcopyd_test_job_region kjob_region(struct kjob job, unsigned int region)
{
	struct kcopyd_test_job_region args = {
		.job = job.number,
		.region = region,
	};

	call_ok(job.caller, KCOPYD_TEST_REGION, &args, "region");
	return args;
}

uint64_t kjob_bytes(struct kjob job, unsigned int region)
{
	struct kcopyd_test_job_region args = kjob_region(job, region);

	cr_assert_eq(args.ret, 0, "region %u: %d", region, args.ret);
	return args.bytes;
}

struct kcopyd_test_extent kjob_extent(struct kjob job, unsigned int region,
				      unsigned int i)
{
	struct kcopyd_test_extent args = {
		.job = job.number,
		.region = region,
		.i = i,
	};

	call_ok(job.caller, KCOPYD_TEST_EXTENT, &args, "extent");
	return args;
}

/* ---- disks --------------------------------------------------------------- */

const char *kjob_path(unsigned int dest)
{
	static char path[32];

	snprintf(path, sizeof(path), "/dev/kt-d%u", dest);
	return path;
}

void kjob_disks(int caller, unsigned int nr_dests,
		struct test_disk_options options)
{
	data_fill(test_disk_create(caller, "src", options), KJOB_SOURCE);
	for (unsigned int i = 0; i < nr_dests; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%u", i);
		data_fill(test_disk_create(caller, name, options),
			  KJOB_DEST + i);
		test_disk_reset(caller, name, 0);
	}
	test_disk_reset(caller, "src", 0);
}

void kjob_regions(struct kcopyd_test_region *regions, unsigned int nr_dests,
		  unsigned int mib)
{
	regions[0] = caller_region("/dev/kt-src", 0, mib * MIB / SECTOR);
	for (unsigned int i = 0; i < nr_dests; i++)
		regions[1 + i] =
			caller_region(kjob_path(i), 0, mib * MIB / SECTOR);
}

uint64_t kjob_expect_cancelled(struct kjob job, unsigned int dest,
			       uint64_t sectors)
{
	struct kcopyd_test_job_region region = kjob_region(job, 1 + dest);
	const char *path = kjob_path(dest);
	uint64_t at = 0, untried = 0;

	cr_assert_eq(region.coarse, 0);
	for (unsigned int i = 0; i < region.nr_extents; i++) {
		struct kcopyd_test_extent extent =
			kjob_extent(job, 1 + dest, i);
		const struct kcopyd_test_error *error = &extent.error;

		cr_assert_eq(extent.ret, 0);
		cr_assert_eq(error->region, 1 + dest);
		cr_assert_eq(error->kind, KCOPYD_EXTENT_UNTRIED);
		cr_assert_eq(error->error, -ECANCELED, "%d", error->error);
		cr_assert_geq(error->first, at);
		data_expect(path, at * SECTOR, (error->first - at) * SECTOR,
			    KJOB_SOURCE, at);
		data_expect(path, error->first * SECTOR, error->count * SECTOR,
			    KJOB_DEST + dest, error->first);
		at = error->first + error->count;
		untried += error->count;
	}
	cr_assert_leq(at, sectors);
	data_expect(path, at * SECTOR, (sectors - at) * SECTOR, KJOB_SOURCE,
		    at);
	cr_assert_eq(region.bytes, (sectors - untried) * SECTOR,
		     "%llu bytes are said to be copied", region.bytes);
	return untried;
}

void kjob_small(int caller, uint32_t client, const char *dest,
		struct kcopyd_test_copy_result results[KJOB_SMALL])
{
	const struct kcopyd_test_region regions[] = {
		caller_region("/dev/kt-src", 0, KJOB_SMALL_SECTORS),
		caller_region(dest, 0, KJOB_SMALL_SECTORS),
	};
	struct kcopyd_test_copy args = {
		.client = client,
		.regions = (uintptr_t)regions,
		.nr_dests = 1,
		.nr_jobs = KJOB_SMALL,
		.stride = KJOB_SMALL_SECTORS,
		.results = (uintptr_t)results,
	};

	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_COPY, &args), 0);
}
