// SPDX-License-Identifier: GPL-2.0-or-later
/* What kcopyctl can do beside a plain copy: zero, verify, and how to copy. */
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "caller.h"
#include "ctl.h"
#include "job.h"

TestSuite(cli_tasks, RIG_SUITE);

enum { SOURCE = 1, DEST = 11, OTHER = 31 };

#define SIZE_MIB 8
#define SIZE (SIZE_MIB * MIB)

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

/* ---- zero ------------------------------------------------------------------ */

RIG_TEST(cli_tasks, zero_makes_devices_all_zeroes)
{
	struct json_object *document;

	devices_create();
	document = ctl_json_of(CTL_COMPLETE, "zero", "--json", "--verify",
			       "/dev/kt-d0", "/dev/kt-d1");
	cr_assert_str_eq(member_text(document, "result"), "complete");
	cr_assert_eq(member_number(document, "length"), SIZE);
	member(document, "source", json_type_null);
	cr_assert_str_eq(member_text(destination(document, 1), "path"),
			 "/dev/kt-d1");
	cr_assert_eq(member_number(destination(document, 1), "bytes"), SIZE);
	json_object_put(document);
	data_expect_zeroes("/dev/kt-d0", 0, SIZE);
	data_expect_zeroes("/dev/kt-d1", 0, SIZE);
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(cli_tasks, zero_leaves_what_is_beside_its_range)
{
	struct run run;

	devices_create();
	run = ctl_run("zero", "--offset", "1M", "--length", "513s",
		      "/dev/kt-d0");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "1 of 1 destinations complete"),
			   "%s", run.out);
	run_free(&run);
	data_expect("/dev/kt-d0", 0, MIB, DEST, 0);
	data_expect_zeroes("/dev/kt-d0", MIB, 513 * SECTOR);
	data_expect("/dev/kt-d0", MIB + 513 * SECTOR, SIZE - MIB - 513 * SECTOR,
		    DEST, MIB / SECTOR + 513);
}

RIG_TEST(cli_tasks, zero_is_as_careful_as_a_copy)
{
	devices_create();
	data_fill(null_create("big", (struct null_options){ .mib = 16 }),
		  OTHER);
	ctl_refused(CTL_USAGE, "--length", "zero", "/dev/kt-d0", "/dev/kt-big");
	ctl_refused(CTL_USAGE, "device", "zero");
	ctl_refused(CTL_USAGE, "--sparse", "zero", "--sparse", "/dev/kt-d0");
	ctl_refused(CTL_SAFETY, "twice", "zero", "/dev/kt-d0", "/dev/kt-d0");
	ctl_refused(CTL_SAFETY, "too small", "zero", "--length", "9M",
		    "/dev/kt-d0");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d1");
	ctl_refused(CTL_SAFETY, "ext4", "zero", "/dev/kt-d0", "/dev/kt-d1");
	ctl_expect(CTL_COMPLETE, "zero", "--dry-run", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	data_expect_untouched("/dev/kt-big", OTHER);
	ctl_expect(CTL_COMPLETE, "zero", "--force=signature", "/dev/kt-d0",
		   "/dev/kt-d1");
	data_expect_zeroes("/dev/kt-d1", 0, SIZE);
}

/* ---- verify ---------------------------------------------------------------- */

static void expect_extent(struct json_object *dest, unsigned int i,
			  uint64_t offset, uint64_t length)
{
	struct json_object *extent = json_object_array_get_idx(
		member(dest, "extents", json_type_array), i);

	cr_assert_eq(member_number(extent, "offset"), offset);
	cr_assert_eq(member_number(extent, "length"), length);
	cr_assert_str_eq(member_text(extent, "kind"), "differs");
}

RIG_TEST(cli_tasks, verify_finds_every_block_that_differs)
{
	struct json_object *document, *dest;
	uint64_t before;
	struct run run;

	devices_create();
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d0",
		   "/dev/kt-d1");
	ctl_expect(CTL_COMPLETE, "verify", "/dev/kt-src", "/dev/kt-d0",
		   "/dev/kt-d1");
	data_fill_range("/dev/kt-d1", 3 * MIB, SECTOR, OTHER, 0);
	data_fill_range("/dev/kt-d1", 5 * MIB, 3 * SECTOR, OTHER, 0);
	before = data_sum("/dev/kt-d1");
	document = ctl_json_of(CTL_PARTIAL, "verify", "--json", "/dev/kt-src",
			       "/dev/kt-d0", "/dev/kt-d1");
	cr_assert_str_eq(member_text(document, "result"), "different");
	dest = destination(document, 0);
	cr_assert_eq(json_object_array_length(
			     member(dest, "extents", json_type_array)),
		     0);
	dest = destination(document, 1);
	cr_assert_eq(json_object_array_length(
			     member(dest, "extents", json_type_array)),
		     2);
	expect_extent(dest, 0, 3 * MIB, SECTOR);
	expect_extent(dest, 1, 5 * MIB, 3 * SECTOR);
	json_object_put(document);
	run = ctl_run("verify", "/dev/kt-src", "/dev/kt-d1");
	cr_assert_eq(run.status, CTL_PARTIAL, "%s", run.err);
	cr_assert_not_null(strstr(run.out,
				  "differs at byte 3145728, 512 bytes"),
			   "%s", run.out);
	cr_assert_not_null(strstr(run.out, "different"), "%s", run.out);
	run_free(&run);
	cr_assert_eq(data_sum("/dev/kt-d1"), before);
	data_expect_untouched("/dev/kt-src", SOURCE);
}

/* A mounted one, too: nothing is written to it. */
RIG_TEST(cli_tasks, verify_takes_devices_in_use_and_says_what_it_can_not_read)
{
	struct json_object *document;

	devices_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   "/dev/kt-d0");
	mkdir("/tmp/kt-mount", 0700);
	cr_assert_eq(mount("/dev/kt-d0", "/tmp/kt-mount", "ext4", MS_RDONLY,
			   "noload"),
		     0, "mount: %m");
	ctl_expect(CTL_COMPLETE, "verify", "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(umount("/tmp/kt-mount"), 0);
	dm_create("bad", "0 4096 linear /dev/kt-d0 0\n"
			 "4096 8 error\n"
			 "4104 12280 linear /dev/kt-d0 4104\n");
	document = ctl_json_of(CTL_FAILED, "verify", "--json", "/dev/kt-src",
			       "/dev/mapper/kt-bad");
	cr_assert_str_eq(member_text(document, "result"), "failed");
	json_object_put(document);
	/* One that is equal makes the other no better. */
	ctl_expect(CTL_FAILED, "verify", "/dev/kt-src", "/dev/kt-d0",
		   "/dev/mapper/kt-bad");
	data_fill_range("/dev/kt-d0", 3 * MIB, SECTOR, OTHER, 0);
	ctl_expect(CTL_PARTIAL, "verify", "/dev/kt-src", "/dev/mapper/kt-bad");
}

/* A disk with checksums of its own has the kernel's word for differences. */
RIG_TEST(cli_tasks, verify_does_not_call_different_what_a_disk_calls_corrupt)
{
	const struct test_disk_options options = { .mib = SIZE_MIB };
	int caller = caller_open();
	struct run run;

	test_disk_create_filled(caller, "src", options, SOURCE);
	test_disk_create_filled(caller, "dst", options, SOURCE);
	test_disk_fault(
		caller, "dst",
		(struct kcopyd_test_disk_fault){ .ops = 1 << KCOPYD_TEST_READ,
						 .error = EILSEQ,
						 .first = 9001,
						 .count = 1 });
	run = ctl_run("verify", "/dev/kt-src", "/dev/kt-dst");
	cr_assert_eq(run.status, CTL_FAILED, "%s", run.out);
	cr_assert_null(strstr(run.out, "differ"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "the device calls it corrupt"), "%s",
			   run.out);
	run_free(&run);
}

/* ---- around a copy ---------------------------------------------------------- */

RIG_TEST(cli_tasks, a_disk_that_another_program_locks_is_refused)
{
	int fd;

	devices_create();
	fd = open("/dev/kt-d0", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(flock(fd, LOCK_SH), 0, "%m");
	ctl_refused(CTL_SAFETY, "locked", "copy", "/dev/kt-src", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	close(fd);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d0");
}

static int sysfs_has_partition(const char *disk)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s/%sp1", disk, disk);
	return !access(path, F_OK);
}

/* To both partitions at once, too: they have one lock. */
RIG_TEST(cli_tasks, the_partitions_of_the_copy_are_there_afterwards)
{
	devices_create();
	run_ok_input("2048,4096\n8192,4096\n", "sfdisk", "--quiet",
		     "--no-reread", "/dev/kt-src");
	cr_assert_not(sysfs_has_partition("kt-d0"));
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d0");
	cr_assert(sysfs_has_partition("kt-d0"));
	ctl_expect(CTL_COMPLETE, "zero", "/dev/kt-d0p1", "/dev/kt-d0p2");
	data_expect_zeroes("/dev/kt-d0", 2048 * SECTOR, 4096 * SECTOR);
	ctl_refused(CTL_SAFETY, "partition table", "zero", "/dev/kt-d0");
	ctl_expect(CTL_COMPLETE, "zero", "--force=signature", "/dev/kt-d0");
	cr_assert_not(sysfs_has_partition("kt-d0"));
}

RIG_TEST(cli_tasks, a_second_file_system_of_the_same_uuid_is_warned_of)
{
	struct run run;

	devices_create();
	run = ctl_run("copy", "/dev/kt-src", "/dev/kt-d0");
	cr_assert_str_eq(run.err, "");
	run_free(&run);
	run_ok("mkfs.ext4", "-q", "-F", "-U",
	       "12345678-1234-1234-1234-123456789abc", "/dev/kt-src");
	run = ctl_run("copy", "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.err,
				  "same UUID as /dev/kt-src, 12345678-"),
			   "%s", run.err);
	run_free(&run);
}

/* What the module could only call flags that exclude each other. */
RIG_TEST(cli_tasks, what_a_zoned_disk_can_not_do_is_named)
{
	devices_create();
	null_create("z",
		    (struct null_options){ .mib = SIZE_MIB, .zone_mib = 4 });
	ctl_refused(CTL_USAGE, "--on-read-error=zero", "copy",
		    "--on-read-error=skip", "/dev/kt-src", "/dev/kt-z");
	ctl_refused(CTL_USAGE, "--on-write-error=continue", "zero",
		    "--on-write-error=continue", "/dev/kt-z");
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-z");
	data_expect_equal("/dev/kt-src", "/dev/kt-z");
	ctl_refused(CTL_SAFETY, "--zone-reset", "copy", "/dev/kt-src",
		    "/dev/kt-z");
	ctl_expect(CTL_COMPLETE, "zero", "--zone-reset", "/dev/kt-z");
	data_expect_zeroes("/dev/kt-z", 0, SIZE);
}

/* ---- how to copy ------------------------------------------------------------ */

static void expect_sha256(struct json_object *document, const char *path)
{
	struct json_object *checksum =
		member(document, "checksum", json_type_object);
	struct run run = run_any("sha256sum", path);

	cr_assert_eq(run.status, 0, "%s", run.err);
	cr_assert_str_eq(member_text(checksum, "algorithm"), "sha256");
	cr_assert_eq(strlen(member_text(checksum, "digest")), 64);
	cr_assert_eq(strncmp(run.out, member_text(checksum, "digest"), 64), 0,
		     "%s", run.out);
	run_free(&run);
}

RIG_TEST(cli_tasks, a_copy_is_verified_and_has_a_checksum)
{
	struct json_object *document;
	struct run run;

	devices_create();
	document = ctl_json_of(CTL_COMPLETE, "copy", "--verify", "--json",
			       "--checksum=sha256", "--chunk", "64K",
			       "/dev/kt-src", "/dev/kt-d0", "/dev/kt-d1");
	expect_sha256(document, "/dev/kt-src");
	json_object_put(document);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
	run = ctl_run("copy", "--checksum=crc32c", "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "crc32c of the source: "), "%s",
			   run.out);
	run_free(&run);
}

RIG_TEST(cli_tasks, zeroes_of_the_source_are_zeroes_of_the_copy)
{
	devices_create();
	ctl_expect(CTL_COMPLETE, "zero", "--offset", "2M", "--length", "3M",
		   "/dev/kt-src");
	ctl_expect(CTL_COMPLETE, "copy", "--sparse", "/dev/kt-src",
		   "/dev/kt-d0");
	data_expect_zeroes("/dev/kt-d0", 2 * MIB, 3 * MIB);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

RIG_TEST(cli_tasks, what_can_not_be_read_is_zeroed_if_that_is_asked)
{
	struct json_object *document;

	devices_create();
	dm_create("bad", "0 4096 linear /dev/kt-src 0\n"
			 "4096 8 error\n"
			 "4104 12280 linear /dev/kt-src 4104\n");
	document = ctl_json_of(CTL_PARTIAL, "copy", "--json",
			       "--on-read-error=zero", "/dev/mapper/kt-bad",
			       "/dev/kt-d0");
	cr_assert_eq(member_number(document, "read_err"), 1);
	json_object_put(document);
	data_expect("/dev/kt-d0", 0, 2 * MIB, SOURCE, 0);
	data_expect_zeroes("/dev/kt-d0", 2 * MIB, 4 * KIB);
	data_expect("/dev/kt-d0", 2 * MIB + 4 * KIB, 6 * MIB - 4 * KIB, SOURCE,
		    4104);
}
