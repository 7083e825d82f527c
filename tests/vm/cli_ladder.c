// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The safety ladder of kcopyctl copy, rung by rung: what it refuses, what it
 * says then, what overrides that and what does not; and that not a byte of a
 * destination has changed. Who uses them is cli_in_use.c and cli_source.c.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "ladder.h"

TestSuite(cli_ladder, RIG_SUITE);

/* ---- what would be lost ---------------------------------------------------- */

static void expect_found(const char *found)
{
	const uint64_t sum = data_sum("/dev/kt-d0");

	refused(BUT_SIGNATURE,
		SAID("/dev/kt-d0 holds data: ", found, "--force=signature"),
		"/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(data_sum("/dev/kt-d0"), sum);
}

RIG_TEST(cli_ladder, what_a_device_holds_is_named)
{
	struct json_object *document;

	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "-L", "photos", "/dev/kt-d0");
	expect_found("ext4 file system labelled 'photos'");
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	/* A label is anybody's text: it must neither steer a terminal ... */
	run_ok("mkfs.ext4", "-q", "-F", "-L", "M\xfcll\033[1m", "/dev/kt-d0");
	expect_found("ext4 file system labelled 'M\xfcll?[1m'");
	/* ... nor spoil a document. */
	document = ctl_json_of(CTL_COMPLETE, "copy", "--dry-run", "--json",
			       "--force=signature", "/dev/kt-src",
			       "/dev/kt-d0");
	cr_assert_str_eq(member_text(destination(document, 0), "found"),
			 "ext4 file system labelled 'M\xef\xbf\xbdll?[1m'");
	json_object_put(document);
	run_ok_input("label: gpt\n2048,\n", "sfdisk", "--quiet",
		     "--no-tell-kernel", "/dev/kt-d0");
	expect_found("gpt partition table");
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   "/dev/kt-d0");
	run_ok_input("label: dos\n2048,\n", "sfdisk", "--quiet",
		     "--no-tell-kernel", "/dev/kt-d0");
	expect_found("dos partition table");
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
}

/* ---- room ------------------------------------------------------------------ */

RIG_TEST(cli_ladder, too_little_room_is_told_in_bytes)
{
	ladder_devices();
	ladder_disk();
	data_fill("/dev/kt-disk0p2", DEST + 2);
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p2 is too small", "2097152 bytes",
		     "1048576 bytes", "--length"),
		"/dev/kt-src", "/dev/kt-disk0p2");
	refused(ALL_FORCE,
		SAID("/dev/kt-d0 is too small", "2096640 bytes", "--length"),
		"--dest-offset=512", "/dev/kt-src", "/dev/kt-d0");
	refused(ALL_FORCE,
		SAID("/dev/kt-d0 is too small", "room for 0 B", "--length"),
		"--dest-offset=3M", "--length=512", "/dev/kt-src",
		"/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	data_expect_untouched("/dev/kt-disk0p2", DEST + 2);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "/dev/kt-src",
		   "/dev/kt-disk0p2");
	data_expect("/dev/kt-disk0p2", 0, MIB, SOURCE, 0);
	/* Nothing behind the range. */
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "/dev/kt-src",
		   "/dev/kt-d0");
	data_expect("/dev/kt-d0", MIB, SIZE - MIB, DEST, MIB / SECTOR);
}

RIG_TEST(cli_ladder, ranges_that_overlap_are_refused)
{
	uint64_t sum;

	ladder_devices();
	refused(ALL_FORCE,
		SAID("/dev/kt-d0 is the same device as the source /dev/kt-d0",
		     "--dest-offset"),
		"--length=1M", "--dest-offset=512K", "/dev/kt-d0",
		"/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "--dest-offset=1M",
		   "/dev/kt-d0", "/dev/kt-d0");
	data_expect("/dev/kt-d0", MIB, MIB, DEST, 0);
	ladder_disk();
	sum = data_sum("/dev/kt-disk0");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1 shares sectors with the source /dev/kt-disk0",
		     "same disk"),
		"--length=1M", "/dev/kt-disk0", "/dev/kt-disk0p1");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0 shares sectors with the source /dev/kt-disk0p2",
		     "same disk"),
		"--dest-offset=2560K", "/dev/kt-disk0p2", "/dev/kt-disk0");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1 shares sectors with the destination /dev/kt-disk0",
		     "same disk"),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0",
		"/dev/kt-disk0p1");
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	data_fill("/dev/kt-disk0p1", SOURCE);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-disk0p1", "/dev/kt-disk0p2");
	data_expect_equal("/dev/kt-disk0p1", "/dev/kt-disk0p2");
}

RIG_TEST(cli_ladder, a_device_is_the_same_by_any_name)
{
	struct stat st;

	ladder_devices();
	unlink("/dev/kt-node");
	unlink("/tmp/kt-link");
	cr_assert_eq(stat("/dev/kt-d0", &st), 0);
	cr_assert_eq(mknod("/dev/kt-node", S_IFBLK | 0600, st.st_rdev), 0);
	cr_assert_eq(symlink("/dev/kt-d0", "/tmp/kt-link"), 0);
	refused(ALL_FORCE,
		SAID("/dev/kt-node (/dev/kt-d0", "twice",
		     "the other time as /tmp/kt-link"),
		"/dev/kt-src", "/tmp/kt-link", "/dev/kt-node");
	refused(ALL_FORCE, SAID("/tmp/kt-link (/dev/kt-d0", "same device"),
		"/dev/kt-node", "/tmp/kt-link");
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/tmp/kt-link");
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	unlink("/dev/kt-node");
	unlink("/tmp/kt-link");
}

/* Who is told of one thing only comes back with the next. */
RIG_TEST(cli_ladder, all_that_is_wrong_is_told_at_once)
{
	int on = 1, off = 0, fd;

	ladder_devices();
	data_fill(null_create("small", (struct null_options){ .mib = 1 }),
		  DEST);
	fd = device_open("/dev/kt-d1", O_RDONLY);
	cr_assert_eq(ioctl(fd, BLKROSET, &on), 0, "%m");
	refused(ALL_FORCE,
		SAID("/dev/kt-d1 is read-only", "blockdev --setrw",
		     "/dev/kt-small is too small"),
		"/dev/kt-src", "/dev/kt-d0", "/dev/kt-d1", "/dev/kt-small");
	cr_assert_eq(ioctl(fd, BLKROSET, &off), 0, "%m");
	close(fd);
	dm_create("a", "0 8 linear /dev/kt-d1 0\n");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-small");
	refused(BUT_SIGNATURE,
		SAID("/dev/kt-d1 is a part of", "/dev/kt-small holds data"),
		"--length=512K", "/dev/kt-src", "/dev/kt-d0", "/dev/kt-d1",
		"/dev/kt-small");
	data_expect_untouched("/dev/kt-d0", DEST);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

/* ---- blocks and zones ------------------------------------------------------ */

RIG_TEST(cli_ladder, what_does_not_fit_into_blocks_of_4096_is_refused)
{
	const char *const image = "/tmp/kt-image";

	ladder_devices();
	module_probe("loop", NULL);
	data_fill(null_create("4kn", (struct null_options){ .mib = SIZE_MIB,
							    .block = 4096 }),
		  DEST);
	run_ok("dd", "if=/dev/kt-src", "of=/tmp/kt-image", "bs=512",
	       "count=2049", "status=none");
	refused(ALL_FORCE,
		SAID("/dev/kt-4kn has logical blocks of 4096 bytes",
		     "1049088 bytes", "--length 1048576 leaves the last 512"),
		image, "/dev/kt-4kn");
	ladder_expect_refused(CTL_USAGE, ALL_FORCE,
			      SAID("--dest-offset: 512", "4096", "/dev/kt-4kn"),
			      SAID("--dest-offset=512", "--length=4096", image,
				   "/dev/kt-4kn"));
	ladder_expect_refused(CTL_USAGE, ALL_FORCE,
			      SAID("--offset: 512", "4096", "/dev/kt-4kn"),
			      SAID("--offset=512", "--length=4096",
				   "/dev/kt-4kn", "/dev/kt-d0"));
	ladder_expect_refused(CTL_USAGE, ALL_FORCE,
			      SAID("--length: 512", "4096", "/dev/kt-4kn"),
			      SAID("--length=512", "/dev/kt-4kn",
				   "/dev/kt-d0"));
	data_expect_untouched("/dev/kt-4kn", DEST);
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1048576", image,
		   "/dev/kt-4kn");
	data_expect("/dev/kt-4kn", 0, MIB, SOURCE, 0);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-4kn", "/dev/kt-d0");
	data_expect_equal("/dev/kt-4kn", "/dev/kt-d0");
	unlink(image);
}

/* Of the same table: on a disk, in a file, on a disk with the other blocks. */
static void expect_unfit(const char *label)
{
	char script[64];

	snprintf(script, sizeof(script), "label: %s\n1024,2048\n", label);
	run_ok_input(script, "sfdisk", "--quiet", "--no-tell-kernel",
		     "/dev/kt-disk0");
	run_ok("dd", "if=/dev/kt-disk0", "of=/tmp/kt-image", "bs=1M",
	       "status=none");
	refused(BUT_SIZE,
		SAID("/dev/kt-4kn has logical blocks of 4096 bytes",
		     "/dev/kt-disk0 counts in blocks of 512", "--force=size"),
		"/dev/kt-disk0", "/dev/kt-4kn");
	refused(BUT_SIZE, SAID("/tmp/kt-image counts in blocks of 512"),
		"/tmp/kt-image", "/dev/kt-4kn");
	data_expect_untouched("/dev/kt-4kn", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--dry-run", "/dev/kt-disk0",
		   "/tmp/kt-other");
	/* It is the table that does not fit, not what is in a partition. */
	ctl_expect(CTL_COMPLETE, "copy", "--offset=512K", "--length=1M",
		   "/dev/kt-disk0", "/dev/kt-4kn");
	ctl_expect(CTL_COMPLETE, "copy", "--force=size", "/dev/kt-disk0",
		   "/dev/kt-4kn");
	data_expect_equal("/dev/kt-disk0", "/dev/kt-4kn");
	data_fill("/dev/kt-4kn", DEST);
	unlink("/tmp/kt-image");
}

RIG_TEST(cli_ladder, a_partition_table_of_other_blocks_is_refused)
{
	const struct null_options disk = { .mib = DISK_MIB };
	const struct null_options large = { .mib = DISK_MIB, .block = 4096 };

	module_probe("loop", NULL);
	data_fill(null_create("4kn", large), DEST);
	null_create("disk0", disk);
	expect_unfit("gpt");
	expect_unfit("dos");
	/* And the other way round. */
	run_ok_input("label: gpt\n128,256\n", "sfdisk", "--quiet",
		     "--no-tell-kernel", "/dev/kt-4kn");
	data_fill(null_create("d0", disk), DEST);
	refused(BUT_SIZE,
		SAID("/dev/kt-d0 has logical blocks of 512 bytes",
		     "/dev/kt-4kn counts in blocks of 4096"),
		"/dev/kt-4kn", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
}

/* 512e: larger blocks are only a matter of speed. */
RIG_TEST(cli_ladder, physical_blocks_are_no_reason_to_refuse)
{
	const char *disk;

	ladder_devices();
	disk = scsi_create(SIZE_MIB, 512, "physblk_exp=3");
	data_fill(disk, DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--offset=512", "--length=1001s",
		   "--dest-offset=1536", "/dev/kt-src", disk);
	data_expect_copy(disk, &(struct data_copy){
				       .seed = DEST,
				       .offset = 3 * SECTOR,
				       .length = 1001 * SECTOR,
				       .source_seed = SOURCE,
				       .source_offset = SECTOR,
			       });
}

RIG_TEST(cli_ladder, zones_that_hold_data_are_refused)
{
	const struct null_options zoned = { .mib = SIZE_MIB, .zone_mib = 1 };

	ladder_devices();
	null_create("z", zoned);
	data_fill_range("/dev/kt-z", MIB, 256 * KIB, DEST, 0);
	refused(ALL_FORCE,
		SAID("/dev/kt-z: its zone at byte 1048576 holds data",
		     "--zone-reset"),
		"/dev/kt-src", "/dev/kt-d0", "/dev/kt-z");
	/* What lies before the range is nobody's to reset. */
	refused(ALL_FORCE, SAID("/dev/kt-z: its zone", "write pointer"),
		"--zone-reset", "--length=256K", "--dest-offset=1536K",
		"/dev/kt-src", "/dev/kt-z");
	refused(ALL_FORCE, SAID("/dev/kt-z: its zone", "behind the end"),
		"--zone-reset", "--length=128K", "--dest-offset=1M",
		"/dev/kt-src", "/dev/kt-z");
	data_expect("/dev/kt-z", MIB, 256 * KIB, DEST, 0);
	data_expect_untouched("/dev/kt-d0", DEST);
	/* Where the write pointer is, it goes on. */
	ctl_expect(CTL_COMPLETE, "copy", "--dest-offset=1280K", "--length=256K",
		   "/dev/kt-src", "/dev/kt-z");
	data_expect("/dev/kt-z", MIB, 256 * KIB, DEST, 0);
	data_expect("/dev/kt-z", 1280 * KIB, 256 * KIB, SOURCE, 0);
	ctl_expect(CTL_COMPLETE, "copy", "--zone-reset", "/dev/kt-src",
		   "/dev/kt-z");
	data_expect_equal("/dev/kt-src", "/dev/kt-z");
}

/* ---- a plan ---------------------------------------------------------------- */

RIG_TEST(cli_ladder, a_dry_run_shows_the_plan_and_changes_nothing)
{
	struct json_object *plan, *dest;
	struct run run;
	uint64_t sum;

	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d1");
	sum = data_sum("/dev/kt-d1");
	plan = ctl_json_of(CTL_COMPLETE, "copy", "--dry-run", "--json",
			   "--force=signature", "--offset=512K", "--length=1M",
			   "--dest-offset=1M", "/dev/kt-src", "/dev/kt-d0",
			   "/dev/kt-d1");
	cr_assert(member_bool(plan, "dry_run"));
	cr_assert_eq(member_number(plan, "length"), MIB);
	dest = member(plan, "source", json_type_object);
	cr_assert_str_eq(member_text(dest, "path"), "/dev/kt-src");
	cr_assert_eq(member_number(dest, "offset"), MIB / 2);
	dest = destination(plan, 0);
	cr_assert_eq(member_number(dest, "offset"), MIB);
	cr_assert_eq(member_number(dest, "size"), SIZE);
	member(dest, "found", json_type_null);
	dest = destination(plan, 1);
	cr_assert_str_eq(member_text(dest, "found"), "ext4 file system");
	json_object_put(plan);
	run = ctl_run("copy", "--dry-run", "--force=signature", "/dev/kt-src",
		      "/dev/kt-d1");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_str_eq(run.err, "");
	cr_assert_not_null(strstr(run.out, "ext4 file system"), "%s", run.out);
	cr_assert_not_null(strstr(run.out, "(2097152 bytes) would be copied"),
			   "%s", run.out);
	run_free(&run);
	/* It refuses what the copy would. */
	refused(BUT_SIGNATURE, SAID("/dev/kt-d1 holds data"), "--dry-run",
		"/dev/kt-src", "/dev/kt-d0", "/dev/kt-d1");
	data_expect_untouched("/dev/kt-d0", DEST);
	cr_assert_eq(data_sum("/dev/kt-d1"), sum);
	cr_assert_eq(job_info_now().jobs, 0);
}
