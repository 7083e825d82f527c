// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources that somebody may write to while they are copied. */
#include <sys/mount.h>
#include <sys/stat.h>

#include "ctl.h"
#include "ladder.h"

TestSuite(cli_source, RIG_SUITE);

/* Something that only the page cache has. */
static void write_unsynced(void)
{
	FILE *file = fopen(MOUNT_POINT "/late", "w");

	cr_assert_not_null(file, "%m");
	fputs("in time", file);
	cr_assert_eq(fclose(file), 0);
}

static void expect_late(const char *device)
{
	char text[16] = "";
	FILE *file;

	ladder_mount(device, 0);
	file = fopen(MOUNT_POINT "/late", "r");
	cr_assert_not_null(file, "the copy does not have it: %m");
	cr_assert_not_null(fgets(text, sizeof(text), file));
	fclose(file);
	ladder_unmount();
	cr_assert_str_eq(text, "in time");
}

RIG_TEST(cli_source, a_source_that_is_mounted_for_writing_is_refused)
{
	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	ladder_mount("/dev/kt-src", 0);
	refused(BUT_SOURCE,
		SAID("/dev/kt-src is mounted for writing at " MOUNT_POINT,
		     "torn", "read-only", "--force=source-mounted"),
		"/dev/kt-src", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	write_unsynced();
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(mount(NULL, MOUNT_POINT, NULL, MS_REMOUNT | MS_RDONLY,
			   NULL),
		     0, "%m");
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d1");
	ladder_unmount();
	expect_late("/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

/* Longer than what is kept of it; what is kept is the name of something else. */
RIG_TEST(cli_source, what_is_mounted_at_a_long_path_is_written_out)
{
	char name[201], where[512], cut[256];

	ladder_devices();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(where, sizeof(where), "/tmp/%s", name);
	mkdir(where, 0755);
	snprintf(where, sizeof(where), "/tmp/%s/%s", name, name);
	snprintf(cut, sizeof(cut), "%.255s", where);
	mkdir(where, 0755);
	mkdir(cut, 0755);
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	ladder_mount("/dev/kt-src", 0);
	write_unsynced();
	cr_assert_eq(mount(MOUNT_POINT, where, NULL, MS_MOVE, NULL), 0, "%m");
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(mount(where, MOUNT_POINT, NULL, MS_MOVE, NULL), 0, "%m");
	ladder_unmount();
	expect_late("/dev/kt-d0");
}

/* There need not be a folder of it. */
RIG_TEST(cli_source, what_is_mounted_on_a_file_only_is_written_out)
{
	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	ladder_mount("/dev/kt-src", 0);
	write_unsynced();
	run_ok("touch", "/tmp/kt-late");
	cr_assert_eq(mount(MOUNT_POINT "/late", "/tmp/kt-late", NULL, MS_BIND,
			   NULL),
		     0, "%m");
	umount2(MOUNT_POINT, MNT_DETACH);
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(umount("/tmp/kt-late"), 0, "%m");
	expect_late("/dev/kt-d0");
}

RIG_TEST(cli_source, so_is_one_with_something_mounted_on_top)
{
	ladder_devices();
	ladder_disk();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	dm_create("lv", "0 2048 linear /dev/kt-disk0p1 0\n");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/mapper/kt-lv");
	ladder_mount("/dev/mapper/kt-lv", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0: /dev/dm-", "built on it",
		     MOUNT_POINT, "--force=source-mounted"),
		"/dev/kt-disk0", "/dev/kt-d2");
	refused(BUT_SOURCE, SAID("the source /dev/kt-disk0p1: /dev/dm-"),
		"/dev/kt-disk0p1", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	/* Its neighbour is not concerned. */
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-disk0p2", "/dev/kt-d1");
	/* As a destination it is all that. */
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1 is a part of", "mapper/kt-lv",
		     "which is built on it, is mounted at " MOUNT_POINT),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p1");
	write_unsynced();
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-disk0p1", "/dev/kt-d0");
	ladder_unmount();
	expect_late("/dev/kt-d0");
}

RIG_TEST(cli_source, a_source_disk_names_the_partition_that_is_mounted)
{
	ladder_devices();
	ladder_disk();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p2");
	ladder_mount("/dev/kt-disk0p2", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0: its partition /dev/kt-disk0p2 is",
		     "mounted for writing at " MOUNT_POINT),
		"/dev/kt-disk0", "/dev/kt-d2");
	data_expect_zeroes("/dev/kt-d2", 0, DISK_MIB * MIB);
	ladder_unmount();
}

RIG_TEST(cli_source, so_is_a_source_that_is_mounted_there)
{
	struct hidden_mount hidden;

	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	hidden = ladder_hidden_mount("/dev/kt-src", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-src is in use", "torn",
		     "/proc/*/mountinfo", "--force=source-mounted"),
		"/dev/kt-src", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-src", "/dev/kt-d0");
	ladder_hidden_end(hidden);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d1");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

/* What is known of one partition says nothing of the others. */
RIG_TEST(cli_source, so_is_a_disk_of_which_a_partition_is)
{
	struct hidden_mount hidden;

	ladder_devices();
	ladder_disk();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p1");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p2");
	ladder_mount("/dev/kt-disk0p1", MS_RDONLY);
	hidden = ladder_hidden_mount("/dev/kt-disk0p2", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0: its partition /dev/kt-disk0p2",
		     "is in use", "torn", "--force=source-mounted"),
		"/dev/kt-disk0", "/dev/kt-d2");
	data_expect_zeroes("/dev/kt-d2", 0, DISK_MIB * MIB);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-disk0p1", "/dev/kt-d0");
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-disk0", "/dev/kt-d2");
	ladder_hidden_end(hidden);
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-disk0",
		   "/dev/kt-d2");
	data_expect_equal("/dev/kt-disk0", "/dev/kt-d2");
	ladder_unmount();
}

RIG_TEST(cli_source, so_is_what_something_is_built_on_that_is_mounted_there)
{
	struct hidden_mount hidden;
	const char *loop;

	ladder_devices();
	ladder_disk();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	dm_create("lv", "0 2048 linear /dev/kt-disk0p1 0\n");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/mapper/kt-lv");
	hidden = ladder_hidden_mount("/dev/mapper/kt-lv", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0: /dev/dm-", "built on it",
		     "is in use", "--force=source-mounted"),
		"/dev/kt-disk0", "/dev/kt-d2");
	refused(BUT_SOURCE, SAID("the source /dev/kt-disk0p1: /dev/dm-"),
		"/dev/kt-disk0p1", "/dev/kt-d0");
	loop = ladder_loop("/dev/mapper/kt-lv", "0");
	refused(BUT_SOURCE,
		SAID(loop, ": /dev/dm-", "which shares data with it,",
		     "is in use"),
		loop, "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	run_ok("losetup", "--detach", loop);
	/* Its neighbour is not concerned. */
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-disk0p2", "/dev/kt-d1");
	ladder_hidden_end(hidden);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-disk0", "/dev/kt-d2");
	data_expect_equal("/dev/kt-disk0", "/dev/kt-d2");
}

/* What we claim ourselves is nobody else's. */
RIG_TEST(cli_source, parts_of_one_disk_are_copied_to_one_another)
{
	ladder_devices();
	ladder_disk();
	data_fill("/dev/kt-disk0p1", SOURCE);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-disk0p1", "/dev/kt-disk0p2");
	data_expect_equal("/dev/kt-disk0p1", "/dev/kt-disk0p2");
	ctl_expect(CTL_COMPLETE, "copy", "--length=512K", "--dest-offset=1M",
		   "/dev/kt-src", "/dev/kt-src");
	ctl_expect(CTL_COMPLETE, "copy", "--length=512K", "/dev/kt-disk0",
		   "/dev/kt-disk0p2");
}
