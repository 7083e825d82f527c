// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asks for much has no more turns than others: neither of the processors,
 * nor of the kernel's threads.
 */
#include <dirent.h>

#include "caller.h"
#include "report.h"

TestSuite(turns, RIG_SUITE);

enum { DEST = 11, LAPS = 32, LAP_MIB = 64 };

#define LAP_SECTORS (LAP_MIB * MIB / SECTOR)
#define WATCHDOG "/proc/sys/kernel/watchdog_thresh"

static void write_word(const char *path, const char *word)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s: %m", path);
	fputs(word, file);
	cr_assert_eq(fclose(file), 0, "%s: %m", path);
}

/* A small disk with a write cache, over and over. */
static void laps_create(int caller)
{
	const struct test_disk_options options = {
		.mib = LAP_MIB,
		.write_cache = true,
		.max_write_zeroes_sectors = LAP_SECTORS,
	};
	char table[4096];
	int at = 0;

	test_disk_create(caller, "dst", options);
	for (unsigned int i = 0; i < LAPS; i++)
		at += snprintf(table + at, sizeof(table) - at,
			       "%llu %llu linear /dev/kt-dst 0\n",
			       i * LAP_SECTORS, LAP_SECTORS);
	dm_create("laps", "%s", table);
}

/*
 * What could not be flushed is lost, all of it, and none is read back: millions
 * of chunks, each of which is over at once. The kernel says "soft lockup" of
 * whoever keeps a processor for two seconds.
 */
RIG_TEST(turns, a_job_with_nothing_left_to_read_gives_way)
{
	const struct job_plan plan = {
		JOB_NO_SOURCE,
		.dests[0].path = "/dev/mapper/kt-laps",
		.length = rig_scaled(LAPS, 2) * LAP_MIB * MIB,
		.flags = KCOPYD_SUBMIT_KEEP_FAILED | KCOPYD_SUBMIT_VERIFY,
		.chunk = SECTOR,
	};
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t start;

	laps_create(caller);
	test_disk_fault(caller, "dst",
			(struct kcopyd_test_disk_fault){
				.ops = 1U << KCOPYD_TEST_FLUSH,
				.error = EIO,
			});
	write_word(WATCHDOG, "1");
	start = rig_now_ms();
	result = job_wait(kcopyd, job_start(kcopyd, &plan));
	cr_log_info("%llu ms", (unsigned long long)(rig_now_ms() - start));
	write_word(WATCHDOG, "10");
	cr_expect_eq(result.code, -EIO);
	cr_expect_eq(result.write_err, 1);
	cr_expect_eq(result.complete, 0);
	close(kcopyd);
	close(caller);
}

/* Threads of the kernel that work for anybody. */
static unsigned int nr_workers(void)
{
	DIR *dir = opendir("/proc");
	char path[300], name[32];
	struct dirent *entry;
	unsigned int nr = 0;
	FILE *file;

	cr_assert_not_null(dir, "%m");
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) &&
		    !strncmp(name, "kworker/u", strlen("kworker/u")))
			nr++;
		fclose(file);
	}
	closedir(dir);
	return nr;
}

/* A job's destinations side by side, and the jobs behind one another. */
static struct job_plan plan_of(int fd, unsigned int job)
{
	const uint64_t length = 64 * KIB;
	struct job_plan plan = { JOB_NO_SOURCE, .length = length };

	for (unsigned int i = 0; i < KCOPYD_MAX_DESTS; i++)
		plan.dests[i] = (struct job_place){
			.path = "/dev/kt-full",
			.offset = (job * KCOPYD_MAX_DESTS + i) * length,
			.fd = fd,
		};
	return plan;
}

/*
 * Whoever submits to a disk that has no room for another request sleeps there.
 * One for each of 64 destinations on it would be 512 here, which is as many as
 * one client may have on 6.12: its jobs on other disks would not be submitted at all.
 */
RIG_TEST(turns, a_full_disk_takes_one_thread_of_a_job)
{
	enum { JOBS = 8, DEPTH = 1 };
	const struct test_disk_options options = { .mib = 40, .depth = DEPTH };
	const struct job_plan other = {
		JOB_NO_SOURCE,
		.dests[0].path = "/dev/kt-other",
		.length = MIB,
	};
	int caller = caller_open(), kcopyd = job_device_open(0), fd;
	struct kcopyd_status status;
	unsigned int before, during;
	uint64_t jobs[JOBS];
	struct job_plan plan;

	test_disk_create(caller, "full", options);
	data_fill(null_create("other", (struct null_options){ .mib = 1 }),
		  DEST);
	fd = open("/dev/kt-full", O_RDWR | O_EXCL | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%m");
	before = nr_workers();
	test_disk_hold(caller, "full", 1U << KCOPYD_TEST_WRITE);
	for (unsigned int i = 0; i < JOBS; i++) {
		plan = plan_of(fd, i);
		jobs[i] = job_start(kcopyd, &plan);
	}
	test_disk_wait_held(caller, "full", DEPTH);
	rig_sleep_ms(2000);
	during = nr_workers();
	cr_assert_eq(job_wait(kcopyd, job_start(kcopyd, &other)).code, 0);
	cr_assert_geq(job_info(kcopyd).jobs, JOBS, "the disk was not full");
	test_disk_release(caller, "full", 0);
	rig_wait_for(!job_info(kcopyd).jobs, 60, "the end of all jobs");
	for (unsigned int i = 0; i < JOBS; i++) {
		cr_assert_eq(job_status(kcopyd, jobs[i], &status), 0);
		cr_assert_eq(status.code, 0);
	}
	cr_expect_lt(during, before + 4 * JOBS, "%u, then %u", before, during);
	data_expect_zeroes("/dev/kt-other", 0, MIB);
	close(fd);
	close(kcopyd);
	close(caller);
}
