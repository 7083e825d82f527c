// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fails is looked into: which blocks are named, which are written all the
 * same, and when looking ends.
 *
 * Most tests copy 4 MiB between two test disks with bad sectors, in requests
 * of 64 KiB. A request that touches a bad sector fails whole, and nothing of
 * it is done.
 */
#include "caller.h"
#include "report.h"

TestSuite(retry, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

/* Regions. */
enum { SRC = 0, DST = 1 };

#define SIZE (4 * MIB)
#define SECTORS (SIZE / SECTOR)
#define CHUNK (64 * KIB)
#define CHUNK_SECTORS (CHUNK / SECTOR)
#define BUDGET 64

#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)

static const struct data_copy whole = {
	.seed = DEST,
	.length = SIZE,
	.source_seed = SOURCE,
};

static const struct job_plan plan_bisect = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = SIZE,
	.chunk = CHUNK,
	.retry = KCOPYD_RETRY_BISECT,
};

static void disk_create(int caller, const char *name, unsigned int block,
			uint64_t seed)
{
	const struct test_disk_options options = {
		.block = block,
		.no_merges = true,
	};

	test_disk_create_filled(caller, name, options, seed);
}

static int disks_create(unsigned int source_block, unsigned int dest_block)
{
	int caller = caller_open();

	disk_create(caller, "src", source_block, SOURCE);
	disk_create(caller, "dst", dest_block, DEST);
	return caller;
}

/**
 * struct scene - a copy with bad sectors, which goes on to its end
 * @region: SRC or DST: who has them
 * @block: logical block of the source, 0 = 512
 * @dest_block: of the destination, 0 = as @block
 * @retry: enum kcopyd_retry
 * @flags: KCOPYD_SUBMIT_*, beside SKIP_BAD and KEEP_FAILED
 * @bad: the first of count 0 ends them
 */
struct scene {
	unsigned int region;
	unsigned int block;
	unsigned int dest_block;
	uint32_t retry;
	uint32_t flags;
	struct {
		uint64_t first;
		uint64_t count;
	} bad[5];
};

/* Faults are gone when it returns, so that the disks can be looked at. */
static const struct report *scene_run(const struct scene *scene)
{
	int caller =
		disks_create(scene->block, scene->dest_block ?: scene->block);
	struct job_plan plan = plan_bisect;
	const struct report *report;

	plan.retry = scene->retry;
	plan.flags = scene->flags | KCOPYD_SUBMIT_SKIP_BAD |
		     KCOPYD_SUBMIT_KEEP_FAILED;
	for (unsigned int i = 0; scene->bad[i].count; i++)
		test_disk_bad(caller, scene->region == SRC ? "src" : "dst",
			      scene->region == SRC ? READS : WRITES,
			      scene->bad[i].first, scene->bad[i].count);
	report = report_run(&plan);
	test_disk_clear_faults(caller, "src");
	test_disk_clear_faults(caller, "dst");
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
	data_expect_untouched("/dev/kt-src", SOURCE);
	test_disk_expect_obeyed(caller, "src");
	test_disk_expect_obeyed(caller, "dst");
	close(caller);
	return report;
}

static uint64_t bytes_in(const struct report *report)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < report->nr; i++)
		bytes += report->extents[i].length;
	return bytes;
}

/* The extents, and nothing else, of the region that has bad sectors. */
static void expect_located(const struct scene *scene,
			   const struct kcopyd_extent *extents, unsigned int nr)
{
	const struct report *report = scene_run(scene);
	const bool read = scene->region == SRC;
	const bool zeroed = scene->flags & KCOPYD_SUBMIT_ZERO_BAD;

	/* With zeroes for what is bad, a destination is whole. */
	report_expect_result(report, -EIO, read, !read, zeroed);
	report_expect_extents(report, extents, nr);
	cr_assert_eq(report->regions[scene->region].error, -EIO);
	cr_assert_gt(report->regions[scene->region].errors, 0);
	cr_assert_eq(report->regions[!scene->region].error, 0);
	cr_assert_eq(report->regions[!scene->region].errors, 0);
	cr_assert_eq(report->regions[DST].bytes,
		     zeroed ? SIZE : SIZE - bytes_in(report));
	cr_assert_eq(report->regions[DST].settled, SIZE);
	cr_assert_eq(report->status.flags & KCOPYD_STATUS_COARSE, 0);
}

#define SCENE(...) (&(const struct scene){ __VA_ARGS__ })
#define located(scene, ...)                                           \
	expect_located(                                               \
		scene, (const struct kcopyd_extent[]){ __VA_ARGS__ }, \
		ARRAY_SIZE(((const struct kcopyd_extent[]){ __VA_ARGS__ })))

/* ---- bisect -------------------------------------------------------------- */

RIG_TEST(retry, bisect_names_a_bad_sector_of_the_source)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 1001, 1 } }),
		BAD(SRC, 1001, 1));
}

RIG_TEST(retry, bisect_names_a_bad_sector_of_a_destination)
{
	located(SCENE(.region = DST, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 1001, 1 } }),
		BAD(DST, 1001, 1));
}

RIG_TEST(retry, bisect_names_4_kib_blocks_of_the_source)
{
	located(SCENE(.region = SRC, .block = 4096,
		      .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 1003, 1 }, { 2048, 8 } }),
		BAD(SRC, 1000, 8), BAD(SRC, 2048, 8));
}

RIG_TEST(retry, bisect_names_4_kib_blocks_of_a_destination)
{
	located(SCENE(.region = DST, .block = 4096,
		      .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 1003, 1 }, { 2048, 8 } }),
		BAD(DST, 1000, 8), BAD(DST, 2048, 8));
}

/* A destination of 4 KiB blocks can't be given 3.5 of them. */
RIG_TEST(retry, what_larger_blocks_of_a_destination_lack_is_named_whole)
{
	located(SCENE(.region = SRC, .dest_block = 4096,
		      .retry = KCOPYD_RETRY_BISECT, .bad = { { 1003, 1 } }),
		BAD(SRC, 1000, 8));
}

RIG_TEST(retry, smaller_blocks_of_a_destination_are_named_exactly)
{
	located(SCENE(.region = DST, .block = 4096, .dest_block = 512,
		      .retry = KCOPYD_RETRY_BISECT, .bad = { { 1003, 1 } }),
		BAD(DST, 1003, 1));
}

RIG_TEST(retry, bisect_names_several_runs_of_one_request_of_the_source)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 256, 1 },
			       { 258, 3 },
			       { 300, 10 },
			       { 383, 1 } }),
		BAD(SRC, 256, 1), BAD(SRC, 258, 3), BAD(SRC, 300, 10),
		BAD(SRC, 383, 1));
}

RIG_TEST(retry, bisect_names_several_runs_of_one_request_of_a_destination)
{
	located(SCENE(.region = DST, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 256, 1 },
			       { 258, 3 },
			       { 300, 10 },
			       { 383, 1 } }),
		BAD(DST, 256, 1), BAD(DST, 258, 3), BAD(DST, 300, 10),
		BAD(DST, 383, 1));
}

RIG_TEST(retry, a_bad_run_across_requests_of_the_source_is_one_extent)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 2 * CHUNK_SECTORS - 5, 9 } }),
		BAD(SRC, 2 * CHUNK_SECTORS - 5, 9));
}

RIG_TEST(retry, a_bad_run_across_requests_of_a_destination_is_one_extent)
{
	located(SCENE(.region = DST, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 2 * CHUNK_SECTORS - 5, 9 } }),
		BAD(DST, 2 * CHUNK_SECTORS - 5, 9));
}

RIG_TEST(retry, the_ends_of_a_source_can_be_bad)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 0, 1 }, { SECTORS - 1, 1 } }),
		BAD(SRC, 0, 1), BAD(SRC, SECTORS - 1, 1));
}

RIG_TEST(retry, the_ends_of_a_destination_can_be_bad)
{
	located(SCENE(.region = DST, .retry = KCOPYD_RETRY_BISECT,
		      .bad = { { 0, 1 }, { SECTORS - 1, 1 } }),
		BAD(DST, 0, 1), BAD(DST, SECTORS - 1, 1));
}

/* Ranges begin anywhere, and extents count from there. */
RIG_TEST(retry, extents_count_from_the_start_of_their_region)
{
	const struct data_copy copy = {
		.seed = DEST,
		.offset = 7 * SECTOR,
		.length = MIB + SECTOR,
		.source_seed = SOURCE,
		.source_offset = 1000 * SECTOR,
	};
	struct job_plan plan = plan_bisect;
	const struct report *report;
	int caller = disks_create(0, 0);

	test_disk_bad(caller, "src", READS, 1100, 2);
	test_disk_bad(caller, "dst", WRITES, 507, 3);
	plan.source.offset = copy.source_offset;
	plan.dests[0].offset = copy.offset;
	plan.length = copy.length;
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 1, 0);
	report_expect(report, BAD(SRC, 100, 2), BAD(DST, 500, 3));
	report_expect_copy(report, DST, "/dev/kt-dst", &copy);
}

RIG_TEST(retry, runs_of_source_and_destination_overlap)
{
	struct job_plan plan = plan_bisect;
	const struct report *report;
	int caller = disks_create(0, 0);

	test_disk_bad(caller, "src", READS, 1000, 8);
	test_disk_bad(caller, "dst", WRITES, 1004, 8);
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_KEEP_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 1, 0);
	report_expect(report, BAD(SRC, 1000, 8), BAD(DST, 1008, 4));
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

/* ---- edges, none --------------------------------------------------------- */

RIG_TEST(retry, edges_leave_what_is_between_bad_ends_of_a_read_untried)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_EDGES,
		      .bad = { { 261, 1 }, { 300, 1 }, { 350, 2 } }),
		BAD(SRC, 261, 1), UNTRIED(SRC, 262, 89), BAD(SRC, 351, 1));
}

RIG_TEST(retry, edges_leave_what_is_between_bad_ends_of_a_write_untried)
{
	located(SCENE(.region = DST, .retry = KCOPYD_RETRY_EDGES,
		      .bad = { { 261, 1 }, { 300, 1 }, { 350, 2 } }),
		BAD(DST, 261, 1), UNTRIED(DST, 262, 89), BAD(DST, 351, 1));
}

RIG_TEST(retry, edges_of_one_bad_sector_leave_nothing_untried)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_EDGES,
		      .bad = { { 256, 1 }, { 511, 1 } }),
		BAD(SRC, 256, 1), BAD(SRC, 511, 1));
}

RIG_TEST(retry, without_retries_requests_of_the_source_are_bad_as_a_whole)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_NONE,
		      .bad = { { 300, 1 }, { 1023, 2 } }),
		BAD(SRC, 256, 128), BAD(SRC, 896, 256));
}

RIG_TEST(retry, without_retries_requests_of_a_destination_are_bad_as_a_whole)
{
	located(SCENE(.region = DST, .retry = KCOPYD_RETRY_NONE,
		      .bad = { { 300, 1 }, { 1023, 2 } }),
		BAD(DST, 256, 128), BAD(DST, 896, 256));
}

/* ---- zeroes for what is bad ---------------------------------------------- */

RIG_TEST(retry, bad_sectors_become_zeroes_if_that_is_wanted)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_BISECT,
		      .flags = KCOPYD_SUBMIT_ZERO_BAD,
		      .bad = { { 0, 1 }, { 1001, 3 }, { 4090, 30 } }),
		BAD(SRC, 0, 1), BAD(SRC, 1001, 3), BAD(SRC, 4090, 30));
}

RIG_TEST(retry, untried_sectors_become_zeroes_too)
{
	located(SCENE(.region = SRC, .retry = KCOPYD_RETRY_EDGES,
		      .flags = KCOPYD_SUBMIT_ZERO_BAD,
		      .bad = { { 261, 1 }, { 350, 2 } }),
		BAD(SRC, 261, 1), UNTRIED(SRC, 262, 89), BAD(SRC, 351, 1));
}

RIG_TEST(retry, larger_blocks_of_a_destination_are_zeroed_as_named)
{
	located(SCENE(.region = SRC, .dest_block = 4096,
		      .retry = KCOPYD_RETRY_BISECT,
		      .flags = KCOPYD_SUBMIT_ZERO_BAD, .bad = { { 1003, 1 } }),
		BAD(SRC, 1000, 8));
}

/* ---- failures that don't come again -------------------------------------- */

static void fail_once(const char *name, uint32_t ops, uint64_t first,
		      const struct job_plan *plan)
{
	int caller = disks_create(0, 0);
	const bool read = ops & READS;
	const struct report *report;

	test_disk_fault(caller, name,
			(struct kcopyd_test_disk_fault){
				.ops = ops,
				.error = EIO,
				.first = first,
				.count = 1,
				.times = 1,
			});
	report = report_run(plan);
	report_expect_result(report, 0, 0, 0, 1);
	report_expect_no_extents(report);
	cr_assert_eq(report->regions[!read].errors, 1);
	cr_assert_eq(report->regions[!read].error, 0);
	cr_assert_eq(report->regions[SRC].bytes, plan->length);
	cr_assert_eq(report->regions[DST].bytes, plan->length);
	cr_assert_eq(test_disk_stats(caller, name).faults, 1);
	data_expect("/dev/kt-dst", 0, plan->length, SOURCE, 0);
}

RIG_TEST(retry, a_read_that_fails_once_is_forgotten)
{
	fail_once("src", READS, 1000, &plan_bisect);
}

RIG_TEST(retry, a_write_that_fails_once_is_forgotten)
{
	fail_once("dst", WRITES, 1000, &plan_bisect);
}

RIG_TEST(retry, a_read_that_fails_once_is_forgotten_with_edges)
{
	struct job_plan plan = plan_bisect;

	plan.retry = KCOPYD_RETRY_EDGES;
	fail_once("src", READS, 1000, &plan);
}

RIG_TEST(retry, a_read_of_one_block_that_fails_once_is_forgotten)
{
	struct job_plan plan = plan_bisect;

	plan.length = SECTOR;
	fail_once("src", READS, 0, &plan);
}

RIG_TEST(retry, a_write_of_one_block_that_fails_once_is_forgotten)
{
	struct job_plan plan = plan_bisect;

	plan.length = SECTOR;
	fail_once("dst", WRITES, 0, &plan);
}

RIG_TEST(retry, without_retries_one_failure_is_enough)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	plan.retry = KCOPYD_RETRY_NONE;
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD;
	test_disk_fault(caller, "src",
			(struct kcopyd_test_disk_fault){ .ops = READS,
							 .error = EIO,
							 .first = 1000,
							 .count = 1,
							 .times = 1 });
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	report_expect(report, BAD(SRC, 896, 128));
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

/* ---- who goes on --------------------------------------------------------- */

/* Bad sectors of the source, later ones of the first of two destinations. */
static const struct report *two_dests_run(uint32_t flags)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	disk_create(caller, "d1", 0, DEST);
	test_disk_bad(caller, "src", READS, 1000, 1);
	test_disk_bad(caller, "dst", WRITES, 5000, 1);
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD | flags;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_copy(report, 1, "/dev/kt-dst", &whole);
	report_expect_copy(report, 2, "/dev/kt-d1", &whole);
	return report;
}

/* The request that holds sector 5000, and its end. */
#define AT_5000 (5000 / CHUNK_SECTORS * CHUNK_SECTORS)
#define BEHIND_5000 (AT_5000 + CHUNK_SECTORS)

RIG_TEST(retry, a_write_error_stops_a_job_that_skips_read_errors)
{
	const struct report *report = two_dests_run(0);

	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1000, 1), BAD(1, 5000, 1),
		      NOT_STARTED(1, BEHIND_5000, SECTORS - BEHIND_5000),
		      NOT_STARTED(2, BEHIND_5000, SECTORS - BEHIND_5000));
}

RIG_TEST(retry, a_failed_destination_leaves_a_job_that_skips_read_errors)
{
	const struct report *report =
		two_dests_run(KCOPYD_SUBMIT_DETACH_FAILED);

	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1000, 1), BAD(1, 5000, 1),
		      UNTRIED(1, BEHIND_5000, SECTORS - BEHIND_5000));
	cr_assert_eq(report->regions[1].flags, KCOPYD_REGION_DETACHED);
	cr_assert_eq(report->regions[2].flags, 0);
}

RIG_TEST(retry, a_failed_destination_is_kept_if_that_is_wanted)
{
	const struct report *report = two_dests_run(KCOPYD_SUBMIT_KEEP_FAILED);

	report_expect_result(report, -EIO, 1, 0x1, 0);
	report_expect(report, BAD(0, 1000, 1), BAD(1, 5000, 1));
	cr_assert_eq(report->regions[1].flags, 0);
	cr_assert_eq(report->regions[1].bytes, SIZE - 2 * SECTOR);
}

RIG_TEST(retry, what_a_stopped_job_has_not_copied_is_named)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	test_disk_bad(caller, "src", READS, 1000, 2);
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	report_expect(report, BAD(SRC, 1000, 2),
		      NOT_STARTED(DST, 896, SECTORS - 896));
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

/* With many requests in flight the order is anybody's guess, the sum is not. */
RIG_TEST(retry, all_that_a_stopped_job_has_not_copied_is_named)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	disk_create(caller, "d1", 0, DEST);
	test_disk_bad(caller, "dst", WRITES, 500, 1);
	plan.dests[1].path = "/dev/kt-d1";
	plan.retry = KCOPYD_RETRY_NONE;
	plan.depth = 16;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0);
	report_expect_copy(report, 1, "/dev/kt-dst", &whole);
	report_expect_copy(report, 2, "/dev/kt-d1", &whole);
}

RIG_TEST(retry, all_that_a_cancelled_job_has_not_copied_is_named)
{
	struct job_plan plan = plan_bisect;
	int kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job;

	disks_create(0, 0);
	plan.rate = MIB;
	job = job_start(kcopyd, &plan);
	job_wait_bytes(kcopyd, job, DST, CHUNK);
	job_cancel(kcopyd, job, 10 * 1000);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	cr_assert_eq(report->nr, 1);
	cr_assert_eq(report->extents[0].error, -ECANCELED);
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

/* ---- when looking ends --------------------------------------------------- */

/* Requests of the kind that arrived. */
static unsigned int requests(int caller, const char *name, unsigned int op)
{
	return test_disk_stats(caller, name).ops[op].requests;
}

RIG_TEST(retry, of_a_source_that_is_bad_from_the_middle_on_64_blocks_are_named)
{
	const unsigned int middle = SECTORS / 2 + 50;
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	test_disk_bad(caller, "src", READS, middle, 0);
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	report_expect(report, BAD(SRC, middle, BUDGET),
		      UNTRIED(SRC, middle + BUDGET, SECTORS - middle - BUDGET));
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

RIG_TEST(retry, of_a_destination_bad_from_the_middle_on_64_blocks_are_named)
{
	const unsigned int middle = SECTORS / 2 + 50;
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	test_disk_bad(caller, "dst", WRITES, middle, 0);
	plan.flags = KCOPYD_SUBMIT_KEEP_FAILED;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(DST, middle, BUDGET),
		      UNTRIED(DST, middle + BUDGET, SECTORS - middle - BUDGET));
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

RIG_TEST(retry, the_budget_can_be_chosen)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	test_disk_bad(caller, "src", READS, 300, 60);
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD;
	plan.retry_budget = 5;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect(report, BAD(SRC, 300, 5), UNTRIED(SRC, 305, 79));
	report_expect_copy(report, DST, "/dev/kt-dst", &whole);
}

RIG_TEST(retry, the_budget_is_of_failures_in_a_row)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	for (unsigned int i = 0; i < 4; i++)
		test_disk_bad(caller, "src", READS, 1000 + 10 * i, 4);
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD;
	plan.retry_budget = 5;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect(report, BAD(SRC, 1000, 4), BAD(SRC, 1010, 4),
		      BAD(SRC, 1020, 4), BAD(SRC, 1030, 4));
}

/* A source that fails everything, in requests of 16 KiB. */
RIG_TEST(retry, a_source_that_fails_everything_is_given_up)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;
	/* Two are looked into, BUDGET more are not. */
	const unsigned int given_up = (2 + BUDGET - 1) * 32;

	test_disk_reset(caller, "src", 0);
	test_disk_bad(caller, "src", READS, 0, 0);
	plan.flags = KCOPYD_SUBMIT_SKIP_BAD;
	plan.chunk = 16 * KIB;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	report_expect(report, BAD(SRC, 0, BUDGET),
		      UNTRIED(SRC, BUDGET, SECTORS - BUDGET),
		      NOT_STARTED(DST, given_up, SECTORS - given_up));
	data_expect_untouched("/dev/kt-dst", DEST);
	cr_assert_leq(requests(caller, "src", KCOPYD_TEST_READ), 200);
}

RIG_TEST(retry, a_destination_that_fails_everything_is_given_up)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;

	disk_create(caller, "d1", 0, DEST);
	test_disk_reset(caller, "dst", 0);
	test_disk_bad(caller, "dst", WRITES, 0, 0);
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_KEEP_FAILED;
	plan.chunk = 16 * KIB;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	cr_assert_eq(report->regions[1].bytes, 0);
	cr_assert_eq(report->regions[1].flags, KCOPYD_REGION_DETACHED);
	cr_assert_eq(bytes_in(report), SIZE);
	cr_assert_leq(requests(caller, "dst", KCOPYD_TEST_WRITE), 200);
	data_expect_untouched("/dev/kt-dst", DEST);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

RIG_TEST(retry, without_retries_a_disk_that_fails_everything_is_given_up)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0);
	const struct report *report;
	const unsigned int tried = BUDGET * 16;

	test_disk_reset(caller, "dst", 0);
	test_disk_bad(caller, "dst", WRITES, 0, 0);
	plan.flags = KCOPYD_SUBMIT_KEEP_FAILED;
	plan.retry = KCOPYD_RETRY_NONE;
	plan.chunk = 8 * KIB;
	plan.depth = 1;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 1, 0);
	report_expect(report, BAD(DST, 0, tried),
		      UNTRIED(DST, tried, SECTORS - tried));
	cr_assert_eq(requests(caller, "dst", KCOPYD_TEST_WRITE), BUDGET);
}

/*
 * 16 GiB of which everything fails, after 20 ms each: one request after the
 * other that would be half an hour, block by block a week.
 */
RIG_TEST(retry, a_slow_disk_that_fails_everything_costs_seconds)
{
	const unsigned long long sectors = 16ULL << 21;
	const uint64_t start = rig_now_ms();
	const struct report *report;

	module_probe("dm-delay", NULL);
	module_probe("dm-zero", NULL);
	dm_create("err", "0 %llu error", sectors);
	report = report_run(&(struct job_plan){
		.source.path = dm_create(
			"src", "0 %llu delay /dev/mapper/kt-err 0 20", sectors),
		.dests[0].path = dm_create("dst", "0 %llu zero", sectors),
		.length = sectors * SECTOR,
		.flags = KCOPYD_SUBMIT_SKIP_BAD,
		.retry = KCOPYD_RETRY_BISECT,
	});
	report_expect_result(report, -EIO, 1, 0, 0);
	cr_assert_lt(rig_now_ms() - start, 20 * 1000);
	cr_assert_eq(report->extents[0].kind, KCOPYD_EXTENT_BAD);
	cr_assert_eq(report->extents[1].kind, KCOPYD_EXTENT_UNTRIED);
}

/* ---- disks that are pulled ----------------------------------------------- */

/*
 * From a slow disk of SCSI, or to it, that goes away in the middle. Its
 * commands take 5 ms each: without giving up, bad blocks would be asked for
 * one by one.
 */
static const struct report *pull_scsi(bool source, uint32_t flags)
{
	const char *scsi = scsi_create(32, 512, "delay=0");
	const char *other =
		null_create("other", (struct null_options){ .mib = 32 });
	int kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job, start;

	scsi_delay_ms(5);
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = source ? scsi : other,
					.dests[0].path = source ? other : scsi,
					.length = 32 * MIB,
					.chunk = CHUNK,
					.retry = KCOPYD_RETRY_BISECT,
					.flags = flags,
				});
	job_wait_bytes(kcopyd, job, DST, MIB);
	start = rig_now_ms();
	scsi_delete(scsi);
	report = report_of(kcopyd, job);
	cr_assert_lt(rig_now_ms() - start, 10 * 1000);
	close(kcopyd);
	return report;
}

RIG_TEST(retry, a_source_that_is_pulled_costs_seconds)
{
	const struct report *report = pull_scsi(true, KCOPYD_SUBMIT_SKIP_BAD);

	report_expect_result(report, -EIO, 1, 0, 0);
	cr_assert_lt(report->regions[SRC].errors, 100);
	cr_assert_lt(report->regions[DST].bytes, 32 * MIB);
}

RIG_TEST(retry, a_destination_that_is_pulled_costs_seconds)
{
	const struct report *report =
		pull_scsi(false, KCOPYD_SUBMIT_KEEP_FAILED);

	report_expect_result(report, -EIO, 0, 1, 0);
	cr_assert_lt(report->regions[DST].errors, 100);
	cr_assert_eq(bytes_in(report), 32 * MIB - report->regions[DST].bytes);
}

/* With a write in flight, which fails with the disk. */
RIG_TEST(retry, what_a_pulled_destination_lacks_is_named)
{
	struct job_plan plan = plan_bisect;
	int caller = disks_create(0, 0), kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job;

	disk_create(caller, "d1", 0, DEST);
	plan.dests[1].path = "/dev/kt-d1";
	plan.flags = KCOPYD_SUBMIT_DETACH_FAILED;
	test_disk_hold_range(caller, "dst", WRITES, 1000, 1);
	job = job_start(kcopyd, &plan);
	test_disk_wait_held(caller, "dst", 1);
	test_disk_gone(caller, "dst");
	report = report_of(kcopyd, job);
	report_expect_result(report, -EIO, 0, 0x1, 0x2);
	cr_assert_eq(bytes_in(report), SIZE - report->regions[1].bytes);
	cr_assert_lt(report->regions[1].errors, 20);
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	close(kcopyd);
}

/* ---- more than can be kept ----------------------------------------------- */

/*
 * A device with a bad sector in every four, over and over: 33 times the same
 * 34 of them. Returns its length in bytes.
 */
#define LAPS 33
#define BAD_A_LAP 34
#define LAP (4 * BAD_A_LAP * SECTOR)

static uint64_t rotten_create(void)
{
	static char lap[8192], table[8192];
	int at = 0, end = 0;

	for (unsigned int i = 0; i < BAD_A_LAP; i++)
		at += snprintf(lap + at, sizeof(lap) - at,
			       "%u 3 linear /dev/kt-src %u\n%u 1 error\n",
			       4 * i, 4 * i, 4 * i + 3);
	for (unsigned int i = 0; i < LAPS; i++)
		end += snprintf(table + end, sizeof(table) - end,
				"%llu %llu linear /dev/mapper/kt-lap 0\n",
				i * LAP / SECTOR, LAP / SECTOR);
	dm_create("lap", "%s", lap);
	dm_create("rotten", "%s", table);
	return LAPS * LAP;
}

static bool is_named(const struct report *report, uint64_t sector)
{
	for (unsigned int i = 0; i < report->nr; i++)
		if (report->extents[i].offset <= sector * SECTOR &&
		    report->extents[i].offset + report->extents[i].length >
			    sector * SECTOR)
			return true;
	return false;
}

/* Every good sector is copied, named or not; every bad one is named. */
RIG_TEST(retry, more_bad_runs_than_can_be_kept_are_named_coarsely)
{
	const struct report *report;
	uint64_t length;

	data_fill(null_create("src", (struct null_options){ .mib = 4 }),
		  SOURCE);
	data_fill(null_create("dst", (struct null_options){ .mib = 4 }), DEST);
	length = rotten_create();
	report = report_run(&(struct job_plan){
		.source.path = "/dev/mapper/kt-rotten",
		.dests[0].path = "/dev/kt-dst",
		.length = length,
		.flags = KCOPYD_SUBMIT_SKIP_BAD,
		.retry = KCOPYD_RETRY_BISECT,
	});
	report_expect_result(report, -EIO, 1, 0, 0);
	cr_assert_eq(report->status.flags & KCOPYD_STATUS_COARSE,
		     KCOPYD_STATUS_COARSE);
	cr_assert_eq(report->nr, 1024);
	cr_assert_eq(report->regions[SRC].bytes, length / 4 * 3);
	for (uint64_t at = 0; at < length / SECTOR; at += 4) {
		data_expect("/dev/kt-dst", at * SECTOR, 3 * SECTOR, SOURCE,
			    at % (4 * BAD_A_LAP));
		data_expect("/dev/kt-dst", (at + 3) * SECTOR, SECTOR, DEST,
			    at + 3);
		cr_assert(is_named(report, at + 3), "%lu is not named", at + 3);
	}
}

/* Halves of 128 sectors would fail seven times. */
RIG_TEST(retry, few_failures_lead_to_a_bad_sector)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = CHUNK,
		.chunk = CHUNK,
		.retry = KCOPYD_RETRY_BISECT,
		.flags = KCOPYD_SUBMIT_SKIP_BAD,
	};
	int caller = disks_create(0, 0);
	struct job_result result;

	test_disk_bad(caller, "src", READS, 77, 1);
	result = job_run(&plan);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.nr_extents, 1);
	cr_assert_eq(result.extents[0].offset, 77 * SECTOR);
	cr_assert_eq(result.extents[0].length, SECTOR);
	/* The request, a part that had grown, and the sector. */
	cr_assert_eq(result.regions[0].errors, 3);
}

/* ---- patience ------------------------------------------------------------------ */

static uint64_t commands_of(const char *disk)
{
	char path[128], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/%s/device/iorequest_cnt",
		 strrchr(disk, '/') + 1);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_not_null(fgets(text, sizeof(text), file));
	fclose(file);
	return strtoull(text, NULL, 16);
}

/* Commands that the disk got for one request that always fails. */
static uint64_t commands_for(const char *disk, uint32_t flags)
{
	const struct job_plan plan = {
		.source.path = disk,
		.dests[0].path = "/dev/kt-dst",
		.length = CHUNK,
		.chunk = CHUNK,
		.retry = KCOPYD_RETRY_NONE,
		.flags = KCOPYD_SUBMIT_SKIP_BAD | flags,
	};
	uint64_t before = commands_of(disk);
	struct job_result result = job_run(&plan);

	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.read_err, 1);
	return commands_of(disk) - before;
}

/* Of what might get through the second time SCSI makes several attempts. */
RIG_TEST(retry, who_wants_it_fast_is_not_kept_waiting_by_the_driver)
{
	const char *disk = scsi_create(8, 512, "ndelay=1");
	uint64_t patient, fast;

	test_disk_create_filled(caller_open(), "dst",
				(struct test_disk_options){}, DEST);
	/* Every command has a transport error, which is one to be retried. */
	scsi_option("opts", 16);
	scsi_option("every_nth", 1);
	patient = commands_for(disk, 0);
	fast = commands_for(disk, KCOPYD_SUBMIT_FAIL_FAST);
	scsi_option("every_nth", 0);
	cr_assert_eq(fast, 1, "%lu commands", fast);
	cr_assert_gt(patient, fast);
}
