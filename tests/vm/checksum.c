// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checksums of the source, against implementations that share nothing with the
 * kernel's: sha256sum, and two short ones below.
 */
#include <sys/stat.h>

#include "caller.h"
#include "report.h"

TestSuite(checksum, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE (4 * MIB)
#define SECTORS (SIZE / SECTOR)

#define READS (1U << KCOPYD_TEST_READ)
#define WRITES (1U << KCOPYD_TEST_WRITE)

/* ---- independent implementations ----------------------------------------- */

static uint32_t crc32c(const uint8_t *data, size_t size)
{
	uint32_t table[256], crc = ~0U;

	for (unsigned int i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^
				   (table[i] & 1 ? 0x82f63b78U : 0);
	}
	for (size_t i = 0; i < size; i++)
		crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
	return ~crc;
}

#define XXH_1 0x9e3779b185ebca87ULL
#define XXH_2 0xc2b2ae3d27d4eb4fULL
#define XXH_3 0x165667b19e3779f9ULL
#define XXH_4 0x85ebca77c2b2ae63ULL
#define XXH_5 0x27d4eb2f165667c5ULL

static uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t xxh_round(uint64_t lane, uint64_t word)
{
	return rotate(lane + word * XXH_2, 31) * XXH_1;
}

/* As the specification describes it; of multiples of 32 bytes. */
static uint64_t xxh64(const void *data, size_t size)
{
	static const unsigned int turns[] = { 1, 7, 12, 18 };
	uint64_t lanes[4] = { XXH_1 + XXH_2, XXH_2, 0, -XXH_1 };
	const uint64_t *words = data;
	uint64_t hash = size ? 0 : XXH_5;

	for (size_t i = 0; i < size / 8; i++)
		lanes[i % 4] = xxh_round(lanes[i % 4], words[i]);
	for (unsigned int i = 0; size && i < 4; i++)
		hash += rotate(lanes[i], turns[i]);
	for (unsigned int i = 0; size && i < 4; i++)
		hash = (hash ^ xxh_round(0, lanes[i])) * XXH_1 + XXH_4;
	hash += size;
	hash = (hash ^ hash >> 33) * XXH_2;
	hash = (hash ^ hash >> 29) * XXH_3;
	return hash ^ hash >> 32;
}

#define SHA_FILE "/tmp/kt-checksum"

static void sha256(const void *data, size_t size, uint8_t digest[32])
{
	int fd = device_open(SHA_FILE, O_WRONLY | O_CREAT | O_TRUNC);
	struct run run;

	fchmod(fd, 0600);
	cr_assert_eq(write(fd, data, size), (ssize_t)size, "%m");
	close(fd);
	run = run_any("sha256sum", SHA_FILE);
	cr_assert_eq(run.status, 0);
	for (unsigned int i = 0; i < 32; i++)
		if (sscanf(&run.out[2 * i], "%2hhx", &digest[i]) != 1)
			cr_assert_fail("sha256sum says %s", run.out);
	run_free(&run);
	unlink(SHA_FILE);
}

static unsigned int digest_len(unsigned int checksum)
{
	static const unsigned int len[] = {
		[KCOPYD_CHECKSUM_CRC32C] = 4,
		[KCOPYD_CHECKSUM_XXH64] = 8,
		[KCOPYD_CHECKSUM_SHA256] = 32,
	};

	return len[checksum];
}

static void expect_digest(unsigned int checksum, const uint8_t is[32],
			  const void *data, size_t size)
{
	uint8_t digest[32] = {};
	uint64_t value;

	if (checksum == KCOPYD_CHECKSUM_SHA256) {
		sha256(data, size, digest);
	} else {
		value = checksum == KCOPYD_CHECKSUM_CRC32C ?
				crc32c(data, size) :
				xxh64(data, size);
		memcpy(digest, &value, digest_len(checksum));
	}
	cr_assert_eq(memcmp(is, digest, sizeof(digest)), 0,
		     "checksum %u of %zu bytes is wrong", checksum, size);
}

RIG_TEST(checksum, the_tests_compute_what_the_specifications_say)
{
	static const uint8_t abc[] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
		0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
		0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};
	uint8_t digest[32];

	cr_assert_eq(crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
	cr_assert_eq(xxh64("", 0), 0xef46db3751d8e999ULL);
	sha256("abc", 3, digest);
	cr_assert_eq(memcmp(digest, abc, 32), 0);
}

/* ---- copies -------------------------------------------------------------- */

static int disks_create(void)
{
	const struct test_disk_options options = { .no_merges = true };
	int caller = caller_open();

	data_fill(test_disk_create(caller, "src", options), SOURCE);
	data_fill(test_disk_create(caller, "dst", options), DEST);
	test_disk_reset(caller, "src", 0);
	return caller;
}

static struct job_plan plan_of(unsigned int checksum, uint64_t length)
{
	return (struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = length,
		.checksum = checksum,
	};
}

/* What the range of the source holds. */
static char *content_of(const struct job_plan *plan)
{
	char *content = malloc(plan->length);

	cr_assert_not_null(content);
	data_make(content, plan->length, SOURCE, plan->source.offset / SECTOR);
	return content;
}

/* The parts make up the range, in order. */
static void expect_parts(const struct job_plan *plan,
			 const struct job_result *result, const char *content)
{
	uint64_t at = 0;

	cr_assert_leq(result->nr_digests, JOB_DIGESTS);
	for (unsigned int i = 0; i < result->nr_digests; i++) {
		const struct job_digest *part = &result->digests[i];

		cr_assert_eq(part->offset, at);
		cr_assert_leq(part->offset + part->length, plan->length);
		if (plan->chunk)
			cr_assert_leq(part->length, plan->chunk);
		expect_digest(plan->checksum, part->value, content + at,
			      part->length);
		at += part->length;
	}
	cr_assert_eq(at, plan->length);
}

static void expect_sums(const struct job_plan *plan,
			const struct report *report, const char *content)
{
	const struct kcopyd_status *status = &report->status;

	cr_assert_eq(status->checksum, plan->checksum);
	cr_assert_eq(status->digest_len, digest_len(plan->checksum));
	expect_digest(plan->checksum, status->digest, content, plan->length);
	expect_parts(plan, &report->result, content);
}

/* All of a copy that must go well. */
static void copy_and_sum(const struct job_plan *plan)
{
	const struct report *report = report_run(plan);
	char *content = content_of(plan);

	job_expect_ok(&report->result, plan);
	expect_sums(plan, report, content);
	data_expect("/dev/kt-dst", plan->dests[0].offset, plan->length, SOURCE,
		    plan->source.offset / SECTOR);
	free(content);
}

RIG_TEST(checksum, crc32c_of_a_device)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_CRC32C, SIZE);

	disks_create();
	copy_and_sum(&plan);
}

RIG_TEST(checksum, xxh64_of_a_device)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_XXH64, SIZE);

	disks_create();
	copy_and_sum(&plan);
}

/* Nor is there that of the tests, which would stand in for it. */
RIG_TEST(checksum, xxh64_needs_no_algorithm_of_the_crypto_api)
{
	const struct null_options options = { .mib = SIZE / MIB };
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_XXH64, SIZE);

	module_unload("kcopyd_test");
	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("dst", options), DEST);
	module_try_unload("xxhash_generic");
	if (crypto_has("xxhash64"))
		cr_skip_test("xxhash64 can't be taken away");
	modprobe_disable();
	copy_and_sum(&plan);
	cr_assert_not(crypto_has("xxhash64"));
}

RIG_TEST(checksum, sha256_of_a_device)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, SIZE);

	disks_create();
	copy_and_sum(&plan);
}

RIG_TEST(checksum, of_one_sector)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, SECTOR);

	disks_create();
	plan.source.offset = SIZE - SECTOR;
	copy_and_sum(&plan);
}

RIG_TEST(checksum, of_a_range_that_is_no_multiple_of_the_chunk)
{
	struct job_plan plan =
		plan_of(KCOPYD_CHECKSUM_SHA256, 2 * MIB + 5 * SECTOR);

	disks_create();
	plan.source.offset = 3 * SECTOR;
	plan.dests[0].offset = 17 * SECTOR;
	plan.chunk = 56 * KIB;
	copy_and_sum(&plan);
}

RIG_TEST(checksum, with_little_memory)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_CRC32C, 64 * KIB);

	disks_create();
	plan.memory = 4096;
	copy_and_sum(&plan);
}

/* The first chunk comes last, and those behind it wait for it. */
RIG_TEST(checksum, of_chunks_that_are_read_out_of_order)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, SIZE);
	int caller = disks_create(), kcopyd = job_device_open(0);
	const struct report *report;
	char *content;
	uint64_t job;

	plan.chunk = 128 * KIB;
	plan.depth = 8;
	test_disk_hold_range(caller, "src", READS, 0, 1);
	job = job_start(kcopyd, &plan);
	rig_wait_for(
		test_disk_stats(caller, "src").ops[KCOPYD_TEST_READ].requests >=
			4,
		30, "reading ahead");
	test_disk_release(caller, "src", 0);
	report = report_of(kcopyd, job);
	job_expect_ok(&report->result, &plan);
	content = content_of(&plan);
	expect_sums(&plan, report, content);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

/* It reads the source for itself, which is not summed up again. */
RIG_TEST(checksum, beside_a_destination_that_goes_alone)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_CRC32C, SIZE);
	const struct test_disk_options options = {};
	int caller = disks_create(), kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job;

	plan.dests[1].path = test_disk_create(caller, "d1", options);
	plan.chunk = 64 * KIB;
	test_disk_hold(caller, "d1", WRITES);
	job = job_start(kcopyd, &plan);
	rig_wait_for(job_region(kcopyd, job, 2).flags ==
			     KCOPYD_REGION_UNCOUPLED,
		     30, "uncoupling");
	test_disk_release(caller, "d1", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, 0, 0, 0, 0x3);
	expect_sums(&plan, report, content_of(&plan));
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

/* Two events each, of which half an MiB is 1,024. */
RIG_TEST(checksum, of_more_chunks_than_events_can_be_kept)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, MIB / 2);
	int kcopyd = job_device_open(0);
	const struct report *report;
	char *content;
	uint64_t job;

	disks_create();
	plan.chunk = SECTOR;
	job = job_start(kcopyd, &plan);
	rig_sleep_ms(300);
	cr_assert_neq(job_state(kcopyd, job), KCOPYD_STATE_DONE);
	report = report_of(kcopyd, job);
	job_expect_ok(&report->result, &plan);
	cr_assert_eq(report->result.nr_digests, 1024);
	cr_assert_not(report->result.overflow);
	content = content_of(&plan);
	expect_digest(plan.checksum, report->status.digest, content,
		      plan.length);
}

/* ---- failures ------------------------------------------------------------ */

static void source_break(int caller, uint64_t first, uint64_t count)
{
	test_disk_bad(caller, "src", READS, first, count);
}

static void bad_count_as_zeroes(uint32_t flags)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, SIZE);
	int caller = disks_create();
	const struct report *report;
	char *content;

	source_break(caller, 1001, 3);
	source_break(caller, SECTORS - 1, 1);
	plan.flags = flags;
	plan.retry = KCOPYD_RETRY_BISECT;
	report = report_run(&plan);
	cr_assert_eq(report->result.read_err, 1);
	report_expect(report, BAD(0, 1001, 3), BAD(0, SECTORS - 1, 1));
	content = content_of(&plan);
	memset(content + 1001 * SECTOR, 0, 3 * SECTOR);
	memset(content + SIZE - SECTOR, 0, SECTOR);
	expect_sums(&plan, report, content);
	test_disk_clear_faults(caller, "src");
	report_expect_copy(report, 1, "/dev/kt-dst",
			   &(struct data_copy){ .seed = DEST,
						.length = SIZE,
						.source_seed = SOURCE });
}

RIG_TEST(checksum, bad_sectors_that_are_left_out_count_as_zeroes)
{
	bad_count_as_zeroes(KCOPYD_SUBMIT_SKIP_BAD);
}

RIG_TEST(checksum, bad_sectors_that_become_zeroes_count_as_such)
{
	bad_count_as_zeroes(KCOPYD_SUBMIT_ZERO_BAD);
}

RIG_TEST(checksum, there_is_none_when_the_job_stops)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_CRC32C, SIZE);
	const struct report *report;

	source_break(disks_create(), 1001, 1);
	plan.chunk = 64 * KIB;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	cr_assert_eq(report->status.digest_len, 0);
	cr_assert_lt(report->result.nr_digests, SIZE / plan.chunk);
}

RIG_TEST(checksum, there_is_none_when_the_last_chunk_is_bad)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_CRC32C, SIZE);
	const struct report *report;

	source_break(disks_create(), SECTORS - 1, 1);
	report = report_run(&plan);
	report_expect_result(report, -EIO, 1, 0, 0);
	cr_assert_eq(report->status.digest_len, 0);
}

/* Chunks that wait for an earlier one must not wait for ever. */
RIG_TEST(checksum, a_job_that_is_cancelled_while_chunks_wait_ends)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_CRC32C, SIZE);
	int caller = disks_create(), kcopyd = job_device_open(0);
	const struct report *report;
	uint64_t job;

	plan.chunk = 64 * KIB;
	test_disk_hold_range(caller, "src", READS, 0, 1);
	job = job_start(kcopyd, &plan);
	rig_wait_for(
		test_disk_stats(caller, "src").ops[KCOPYD_TEST_READ].requests >=
			4,
		30, "reading ahead");
	cr_assert_eq(job_cancel(kcopyd, job, 0), -EINPROGRESS);
	test_disk_release(caller, "src", 0);
	report = report_of(kcopyd, job);
	report_expect_result(report, -ECANCELED, 0, 0, 0);
	cr_assert_eq(report->status.digest_len, 0);
}

/* The copy is as good, and no digest is told that is none. */
static void expect_none(unsigned int fails, unsigned int after)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_XXH64, SIZE);
	struct kcopyd_test_hash hash = { .fails = fails, .after = after };
	const uint8_t zeroes[32] = {};
	int caller = disks_create();
	const struct report *report;
	char *content;

	plan.chunk = 256 * KIB;
	content = content_of(&plan);
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_HASH, &hash), 0);
	report = report_run(&plan);
	job_expect_ok(&report->result, &plan);
	cr_assert_eq(report->status.digest_len, 0);
	cr_assert_eq(memcmp(report->status.digest, zeroes, sizeof(zeroes)), 0);
	cr_assert_lt(report->result.nr_digests, SIZE / plan.chunk);
	for (unsigned int i = 0; i < report->result.nr_digests; i++) {
		const struct job_digest *part = &report->result.digests[i];

		cr_assert_eq(part->offset, i * plan.chunk);
		expect_digest(plan.checksum, part->value,
			      content + part->offset, part->length);
	}
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	free(content);
}

/* Those of the whole and of the part at the start of the job work. */
RIG_TEST(checksum, there_is_none_when_the_algorithm_does_not_begin)
{
	expect_none(KCOPYD_TEST_HASH_INIT, 2);
}

RIG_TEST(checksum, there_is_none_when_the_algorithm_takes_no_data)
{
	expect_none(KCOPYD_TEST_HASH_UPDATE, 0);
}

RIG_TEST(checksum, there_is_none_when_the_algorithm_fails_midway)
{
	expect_none(KCOPYD_TEST_HASH_UPDATE, 9);
}

RIG_TEST(checksum, there_is_none_when_the_algorithm_does_not_end)
{
	expect_none(KCOPYD_TEST_HASH_FINAL, 3);
}

RIG_TEST(checksum, a_failed_destination_does_not_spoil_it)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, SIZE);
	const struct report *report;
	char *content;

	disks_create();
	dm_create("err", "0 %llu error", SECTORS);
	plan.dests[1].path = "/dev/mapper/kt-err";
	plan.flags = KCOPYD_SUBMIT_DETACH_FAILED;
	report = report_run(&plan);
	report_expect_result(report, -EIO, 0, 0x2, 0x1);
	content = content_of(&plan);
	expect_sums(&plan, report, content);
}

RIG_TEST(checksum, with_verify_it_is_of_what_was_read_first)
{
	struct job_plan plan = plan_of(KCOPYD_CHECKSUM_SHA256, SIZE);

	disks_create();
	plan.flags = KCOPYD_SUBMIT_VERIFY;
	copy_and_sum(&plan);
}
