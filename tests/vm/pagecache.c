// SPDX-License-Identifier: GPL-2.0-or-later
/* A copy and the page cache of its devices: neither loses to the other. */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "job.h"

TestSuite(pagecache, RIG_SUITE);

enum { SOURCE = 1, DEST = 11, DIRTY = 21 };

#define MOUNT_POINT "/tmp/kt-mount"

/* Buffered, and not synced: the descriptor stays open to keep it cached. */
static int write_cached(const char *path, uint64_t offset, uint64_t length,
			uint64_t seed, uint64_t sector)
{
	int fd = device_open(path, O_RDWR);
	void *buffer = malloc(length);

	cr_assert_not_null(buffer);
	data_make(buffer, length, seed, sector);
	cr_assert_eq(pwrite(fd, buffer, length, offset), (ssize_t)length);
	free(buffer);
	return fd;
}

static void expect_cached(int fd, uint64_t offset, uint64_t length,
			  uint64_t seed, uint64_t sector)
{
	char *expected = malloc(length), *found = malloc(length);

	cr_assert(expected && found);
	data_make(expected, length, seed, sector);
	cr_assert_eq(pread(fd, found, length, offset), (ssize_t)length);
	cr_assert_eq(memcmp(found, expected, length), 0,
		     "what is read through the page cache is not on the disk");
	free(expected);
	free(found);
}

static void devices_create(unsigned int mib)
{
	data_fill(null_create("src", (struct null_options){ .mib = mib }),
		  SOURCE);
	data_fill(null_create("dst", (struct null_options){ .mib = mib }),
		  DEST);
}

static const struct job_plan whole_8_mib = {
	.source.path = "/dev/kt-src",
	.dests[0].path = "/dev/kt-dst",
	.length = 8 * MIB,
};

RIG_TEST(pagecache, dirty_pages_of_a_destination_do_not_come_back)
{
	int fd;

	devices_create(8);
	fd = write_cached("/dev/kt-dst", 0, 8 * MIB, DIRTY, 0);
	job_run_ok(&whole_8_mib);
	fsync(fd);
	close(fd);
	data_drop_caches();
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(pagecache, a_destination_read_before_shows_the_copy_after)
{
	int fd;

	devices_create(8);
	fd = device_open("/dev/kt-dst", O_RDONLY);
	expect_cached(fd, 0, 8 * MIB, DEST, 0);
	job_run_ok(&whole_8_mib);
	expect_cached(fd, 0, 8 * MIB, SOURCE, 0);
	close(fd);
}

RIG_TEST(pagecache, dirty_pages_of_the_source_are_copied)
{
	int fd;

	devices_create(8);
	fd = write_cached("/dev/kt-src", MIB, 4 * MIB, DIRTY, 5);
	job_run_ok(&whole_8_mib);
	data_expect("/dev/kt-dst", 0, MIB, SOURCE, 0);
	data_expect("/dev/kt-dst", MIB, 4 * MIB, DIRTY, 5);
	data_expect("/dev/kt-dst", 5 * MIB, 3 * MIB, SOURCE, 5 * MIB / SECTOR);
	close(fd);
}

/* A page of eight sectors, dirty as a whole, of which the copy takes one. */
RIG_TEST(pagecache, dirty_bytes_beside_the_range_in_its_page_are_kept)
{
	int fd;

	devices_create(8);
	fd = write_cached("/dev/kt-dst", 0, 64 * KIB, DIRTY, 0);
	job_run_ok(&(struct job_plan){
		.source = { .path = "/dev/kt-src", .offset = SECTOR },
		.dests[0] = { .path = "/dev/kt-dst", .offset = 19 * SECTOR },
		.length = SECTOR,
	});
	fsync(fd);
	close(fd);
	data_drop_caches();
	data_expect("/dev/kt-dst", 0, 19 * SECTOR, DIRTY, 0);
	data_expect("/dev/kt-dst", 19 * SECTOR, SECTOR, SOURCE, 1);
	data_expect("/dev/kt-dst", 20 * SECTOR, 64 * KIB - 20 * SECTOR, DIRTY,
		    20);
	data_expect("/dev/kt-dst", 64 * KIB, 8 * MIB - 64 * KIB, DEST, 128);
}

static bool is_cached(int fd, uint64_t offset)
{
	unsigned char resident = 0;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, offset);

	cr_assert_neq(page, MAP_FAILED, "%m");
	cr_assert_eq(mincore(page, 4096, &resident), 0, "%m");
	cr_assert_eq(munmap(page, 4096), 0);
	return resident & 1;
}

/* What is compared is what somebody reading would see; it is only read. */
RIG_TEST(pagecache, dirty_pages_are_compared_and_stay_cached)
{
	struct job_plan plan = whole_8_mib;
	int src, dst;

	devices_create(8);
	src = write_cached("/dev/kt-src", 0, 8 * MIB, DIRTY, 0);
	dst = write_cached("/dev/kt-dst", 0, 8 * MIB, DIRTY, 0);
	plan.flags = KCOPYD_SUBMIT_COMPARE;
	job_run_ok(&plan);
	cr_assert(is_cached(src, 4 * MIB));
	cr_assert(is_cached(dst, 4 * MIB));
	close(src);
	close(dst);
	data_expect("/dev/kt-dst", 0, 8 * MIB, DIRTY, 0);
}

/* What is cached while the copy runs is stale when it is done. */
RIG_TEST(pagecache, pages_read_while_copying_are_gone_at_done)
{
	unsigned int mib = rig_scaled(32, 8);
	int kcopyd = job_device_open(0), fd;
	void *buffer = malloc(MIB);
	struct job_result result;
	uint64_t job;

	cr_assert_not_null(buffer);
	data_fill(null_create("src",
			      (struct null_options){ .mib = mib,
						     .latency_us = 300 }),
		  SOURCE);
	data_fill(null_create("dst", (struct null_options){ .mib = mib }),
		  DEST);
	fd = device_open("/dev/kt-dst", O_RDONLY);
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = "/dev/kt-src",
					.dests[0].path = "/dev/kt-dst",
					.length = mib * MIB,
					.chunk = 64 * KIB,
					.depth = 2,
				});
	/* From behind, where the copy has not been yet. */
	for (unsigned int i = mib; i-- > 0;)
		cr_assert_eq(pread(fd, buffer, MIB, i * MIB), (ssize_t)MIB);
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, 0);
	expect_cached(fd, 0, mib * MIB, SOURCE, 0);
	free(buffer);
	close(fd);
	close(kcopyd);
}

/*
 * A page that somebody dirtied while the copy ran would be written over it
 * later: the copy can't be trusted, and says so everywhere.
 */
RIG_TEST(pagecache, a_destination_dirtied_by_others_fails)
{
	struct job_plan plan = whole_8_mib;
	int kcopyd = job_device_open(0), fd;
	struct job_result result;
	uint64_t job;

	devices_create(8);
	plan.dests[0].path = dm_create("held", "0 16384 linear /dev/kt-dst 0");
	dm_suspend("held");
	job = job_start(kcopyd, &plan);
	fd = write_cached(plan.dests[0].path, MIB, 64 * KIB, DIRTY, 0);
	dm_resume("held");
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, -EIO);
	cr_assert_eq(result.write_err, 0x1);
	cr_assert_eq(result.complete, 0);
	cr_assert_eq(result.regions[0].code, 0);
	cr_assert_eq(result.regions[1].code, -EBUSY);
	cr_assert_eq(result.regions[1].bytes, plan.length);
	cr_assert_eq(job_region(kcopyd, job, 1).error, -EBUSY);
	cr_assert_eq(job_region(kcopyd, job, 0).error, 0);
	close(fd);
	close(kcopyd);
}

static void file_write(const char *path, uint64_t seed)
{
	char buffer[64 * KIB];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%s: %m", path);
	data_make(buffer, sizeof(buffer), seed, 0);
	cr_assert_eq(write(fd, buffer, sizeof(buffer)),
		     (ssize_t)sizeof(buffer));
	close(fd);
}

static void file_expect(const char *path, uint64_t seed)
{
	char buffer[64 * KIB], expected[64 * KIB];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %m", path);
	data_make(expected, sizeof(expected), seed, 0);
	cr_assert_eq(read(fd, buffer, sizeof(buffer)), (ssize_t)sizeof(buffer));
	cr_assert_eq(memcmp(buffer, expected, sizeof(buffer)), 0, "%s", path);
	close(fd);
}

static void file_system_create(const char *device)
{
	run_ok("mkfs.ext4", "-q", "-F", "-O", "^has_journal", device);
	mkdir(MOUNT_POINT, 0700);
	cr_assert_eq(mount(device, MOUNT_POINT, "ext4", 0, NULL), 0, "%m");
	file_write(MOUNT_POINT "/a", 31);
	file_write(MOUNT_POINT "/b", 32);
	cr_assert_eq(umount(MOUNT_POINT), 0, "%m");
}

/*
 * The descriptors are closed right after the submission, so nobody but the
 * job holds the destination: when "done" can be read, nobody does.
 */
RIG_TEST(pagecache, mounting_at_once_after_done_works_200_times)
{
	unsigned int times = rig_scaled(200, 40);
	int kcopyd = job_device_open(0);

	devices_create(4);
	file_system_create("/dev/kt-src");
	for (unsigned int i = 0; i < times; i++) {
		struct job_plan plan = {
			.source.path = "/dev/kt-src",
			.dests[0].path = "/dev/kt-dst",
			.length = 4 * MIB,
		};
		struct job_result result =
			job_wait(kcopyd, job_start(kcopyd, &plan));

		cr_assert_eq(mount("/dev/kt-dst", MOUNT_POINT, "ext4", 0, NULL),
			     0, "time %u: %m", i);
		job_expect_ok(&result, &plan);
		file_expect(MOUNT_POINT "/a", 31);
		file_expect(MOUNT_POINT "/b", 32);
		/* So that the next copy has something to overwrite. */
		file_write(MOUNT_POINT "/a", 33 + i);
		cr_assert_eq(umount(MOUNT_POINT), 0, "%m");
	}
	run_ok("e2fsck", "-fn", "/dev/kt-src");
	close(kcopyd);
}

RIG_TEST(pagecache, descriptors_are_let_go_before_done)
{
	int kcopyd = job_device_open(0);
	uint64_t job;

	devices_create(8);
	for (unsigned int i = 0; i < 20; i++) {
		job = job_start(kcopyd, &whole_8_mib);
		job_wait(kcopyd, job);
		cr_assert_not(device_is_busy("/dev/kt-dst"), "time %u", i);
	}
	close(kcopyd);
}

RIG_TEST(pagecache, a_running_job_keeps_its_destination_to_itself)
{
	int kcopyd = job_device_open(0);
	struct job_result result;
	uint64_t job;

	devices_create(8);
	dm_create("slow", "0 16384 linear /dev/kt-dst 0");
	dm_suspend("slow");
	job = job_start(kcopyd, &(struct job_plan){
					.source.path = "/dev/kt-src",
					.dests[0].path = "/dev/mapper/kt-slow",
					.length = 8 * MIB,
				});
	cr_assert(device_is_busy("/dev/mapper/kt-slow"));
	dm_resume("slow");
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.code, 0);
	cr_assert_not(device_is_busy("/dev/mapper/kt-slow"));
	close(kcopyd);
}
