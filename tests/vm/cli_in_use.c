// SPDX-License-Identifier: GPL-2.0-or-later
/* Destinations that somebody uses, or what is on them: no --force helps. */
#include <endian.h>
#include <sys/mount.h>

#include "ctl.h"
#include "ladder.h"

TestSuite(cli_in_use, RIG_SUITE);

RIG_TEST(cli_in_use, what_is_mounted_is_refused_with_its_relatives)
{
	uint64_t sum;

	ladder_devices();
	ladder_disk();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p1");
	sum = data_sum("/dev/kt-disk0");
	ladder_mount("/dev/kt-disk0p1", MS_RDONLY);
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1 is mounted at " MOUNT_POINT, "unmount"),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p1");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0: its partition /dev/kt-disk0p1 is mounted",
		     MOUNT_POINT, "unmount"),
		"/dev/kt-src", "/dev/kt-disk0");
	/* By another name, too. */
	cr_assert_eq(symlink("/dev/kt-disk0p1", "/tmp/kt-link"), 0, "%m");
	refused(ALL_FORCE, SAID("/tmp/kt-link (/dev/kt-disk0p1)", MOUNT_POINT),
		"--length=1M", "/dev/kt-src", "/tmp/kt-link");
	unlink("/tmp/kt-link");
	ladder_unmount();
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	/* Its neighbour is in nobody's way. */
	ladder_mount("/dev/kt-disk0p1", MS_RDONLY);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "/dev/kt-src",
		   "/dev/kt-disk0p2");
	ladder_unmount();
}

RIG_TEST(cli_in_use, a_partition_of_a_mounted_disk_is_refused)
{
	uint64_t sum;

	ladder_devices();
	ladder_disk();
	/* The kernel still knows the partitions. */
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0");
	ladder_mount("/dev/kt-disk0", MS_RDONLY);
	sum = data_sum("/dev/kt-disk0p2");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p2: its disk /dev/kt-disk0 is mounted",
		     MOUNT_POINT, "unmount"),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p2");
	cr_assert_eq(data_sum("/dev/kt-disk0p2"), sum);
	ladder_unmount();
}

/* A loop device claims nothing of what is behind it. */
RIG_TEST(cli_in_use, what_is_behind_a_loop_device_is_looked_at)
{
	const char *loop, *const dm = "/dev/mapper/kt-over";
	uint64_t sum;

	ladder_devices();
	ladder_disk();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p1");
	/* What is mounted for writing is written now and then. */
	ladder_mount("/dev/kt-disk0p1", MS_RDONLY);
	loop = ladder_loop("/dev/kt-disk0p1", "0");
	sum = data_sum("/dev/kt-disk0");
	refused(ALL_FORCE,
		SAID(loop, ": /dev/kt-disk0p1, which shares data with it,",
		     "mounted at " MOUNT_POINT),
		"--length=1M", "/dev/kt-src", loop);
	dm_create("over", "0 2048 linear %s 0\n", loop);
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1, which shares data with it,",
		     "mounted at " MOUNT_POINT),
		"--length=1M", "/dev/kt-src", dm);
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	run_ok("dmsetup", "remove", "--retry", "kt-over");
	ladder_unmount();
	ladder_mount("/dev/kt-disk0p1", 0);
	refused(BUT_SOURCE,
		SAID(loop,
		     "/dev/kt-disk0p1, which shares data with it, is mounted",
		     "source-mounted"),
		loop, "/dev/kt-d1");
	ladder_unmount();
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "--length=1M",
		   "/dev/kt-src", loop);
	run_ok("losetup", "--detach", loop);
	dm_create("over", "0 64 linear /dev/kt-disk0p2 0\n");
	loop = ladder_loop("/dev/kt-disk0p2", "0");
	refused(ALL_FORCE,
		SAID(": /dev/kt-disk0p2, which shares data with it,",
		     "is a part of /dev/dm-", "kt-over"),
		"--length=64K", "/dev/kt-src", loop);
	run_ok("losetup", "--detach", loop);
}

RIG_TEST(cli_in_use, loop_devices_over_one_file_are_one)
{
	const char *first, *second, *beside;
	char over[128];

	ladder_devices();
	run_ok("truncate", "--size=8M", "/tmp/kt-file");
	first = ladder_loop("/tmp/kt-file", "0");
	second = ladder_loop("/tmp/kt-file", "4M");
	snprintf(over, sizeof(over), "is behind %s: losetup --detach", second);
	refused(ALL_FORCE,
		SAID(first, ": /tmp/kt-file, which shares data with it", over),
		"--length=1M", "/dev/kt-src", first);
	refused(ALL_FORCE, SAID("is behind", first), "--length=1M", first,
		second);
	dm_create("over", "0 64 linear %s 0\n", second);
	refused(ALL_FORCE, SAID(second, "is a part of /dev/dm-", "kt-over"),
		"--length=1M", "/dev/kt-src", first);
	refused(ALL_FORCE, SAID("/tmp/kt-file is behind", "a destination"),
		"--length=32K", "/tmp/kt-file", "/dev/mapper/kt-over");
	run_ok("dmsetup", "remove", "--retry", "kt-over");
	run_ok("losetup", "--detach", first);
	/* Without its end, where the other one begins. */
	beside = ladder_loop("/tmp/kt-file", "0");
	run_ok("losetup", "--detach", beside);
	run_ok("losetup", "--sizelimit", "4M", beside, "/tmp/kt-file");
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "/dev/kt-src", beside);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", beside, second);
	run_ok("losetup", "--detach", beside);
	ctl_expect(CTL_COMPLETE, "verify", "--force=source-mounted",
		   "--length=2M", "/tmp/kt-file", second);
	run_ok("losetup", "--detach", second);
	unlink("/tmp/kt-file");
}

/* As in a container: our own list of mounts does not have it. */
RIG_TEST(cli_in_use, what_is_mounted_out_of_sight_is_refused)
{
	struct hidden_mount hidden;

	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d0");
	hidden = ladder_hidden_mount("/dev/kt-d0", MS_RDONLY);
	refused(ALL_FORCE, SAID("/dev/kt-d0 is in use", "/proc/*/mountinfo"),
		"/dev/kt-src", "/dev/kt-d0");
	ladder_hidden_end(hidden);
}

/* Writing to what is made of it would be writing to it. */
RIG_TEST(cli_in_use, a_source_that_the_destination_is_made_of_is_refused)
{
	struct run run;
	char *loop;
	uint64_t sum;

	ladder_devices();
	ladder_disk();
	sum = data_sum("/dev/kt-disk0");
	dm_create("lower", "0 2048 linear /dev/kt-disk0p1 0\n");
	dm_create("upper", "0 2048 linear /dev/mapper/kt-lower 0\n");
	refused(ALL_FORCE, SAID("the source /dev/kt-disk0p1 is a part of"),
		"--length=512K", "--dest-offset=512K", "/dev/kt-disk0p1",
		"/dev/mapper/kt-upper");
	refused(ALL_FORCE, SAID("the source /dev/kt-disk0 is a part of"),
		"--length=512K", "/dev/kt-disk0", "/dev/mapper/kt-upper");
	/* Its neighbour is in nobody's way. */
	ctl_expect(CTL_COMPLETE, "copy", "--dry-run", "/dev/kt-disk0p2",
		   "/dev/mapper/kt-upper");
	module_probe("loop", NULL);
	run = run_any("losetup", "--find", "--show", "/dev/kt-disk0p1");
	cr_assert_eq(run.status, 0, "%s", run.err);
	loop = run.out;
	loop[strcspn(loop, "\n")] = '\0';
	refused(ALL_FORCE,
		SAID("the source /dev/kt-disk0p1 is a part of", loop),
		"--length=512K", "--dest-offset=512K", "/dev/kt-disk0p1", loop);
	run_ok("losetup", "--detach", loop);
	run_free(&run);
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
}

RIG_TEST(cli_in_use, swap_is_refused)
{
	struct run run, disk;

	ladder_devices();
	ladder_disk();
	run_ok("mkswap", "--quiet", "/dev/kt-disk0p1");
	run_ok("swapon", "/dev/kt-disk0p1");
	run = ctl_run("copy", ALL_FORCE, "--length=1M", "/dev/kt-src",
		      "/dev/kt-disk0p1");
	disk = ctl_run("copy", ALL_FORCE, "/dev/kt-src", "/dev/kt-disk0");
	/* Before anything can fail: it could not be taken down. */
	run_ok("swapoff", "/dev/kt-disk0p1");
	ladder_check_refusal(&run, CTL_SAFETY,
			     SAID("/dev/kt-disk0p1 is swap space in use",
				  "swapoff /dev/kt-disk0p1 first"));
	ladder_check_refusal(
		&disk, CTL_SAFETY,
		SAID("/dev/kt-disk0: its partition /dev/kt-disk0p1 is swap",
		     "swapoff /dev/kt-disk0p1 first"));
	refused(BUT_SIGNATURE,
		SAID("/dev/kt-disk0p1 holds data: swap signature",
		     "--force=signature"),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p1");
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "--length=1M",
		   "/dev/kt-src", "/dev/kt-disk0p1");
}

RIG_TEST(cli_in_use, a_part_of_another_device_is_refused)
{
	const char *loop, *const dm = "/dev/mapper/kt-part";
	struct run run;

	ladder_devices();
	ladder_disk();
	module_probe("loop", NULL);
	dm_create("part", "0 64 linear /dev/kt-disk0p1 0\n");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1 is a part of /dev/dm-", "mapper/kt-part",
		     "dmsetup remove"),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p1");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0: its partition /dev/kt-disk0p1 is a part of",
		     "mapper/kt-part"),
		"/dev/kt-src", "/dev/kt-disk0");
	/* That device itself is nobody's. */
	ctl_expect(CTL_COMPLETE, "copy", "--length=64s", "/dev/kt-src", dm);
	data_expect(dm, 0, 64 * SECTOR, SOURCE, 0);
	run = run_any("losetup", "--find", "--show", "/dev/kt-d1");
	cr_assert_eq(run.status, 0, "%s", run.err);
	run.out[strcspn(run.out, "\n")] = 0;
	loop = run.out;
	refused(ALL_FORCE,
		SAID("/dev/kt-d1 is behind /dev/loop", "losetup --detach",
		     loop),
		"/dev/kt-src", "/dev/kt-d1");
	run_ok("losetup", "--detach", loop);
	run_free(&run);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
	md_create("d1");
	refused(ALL_FORCE,
		SAID("/dev/kt-d1 is a part of /dev/md_kt", "mdadm --stop"),
		"/dev/kt-src", "/dev/kt-d1");
	md_destroy();
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

/*
 * A table within the first partition of a disk, of a partition there of half a
 * MiB at a quarter: the kernel counts it among those of the disk.
 */
static void nest_partition(void)
{
	enum { AT_MAGIC = 0, AT_MAGIC_2 = 132, AT_NR = 138, AT_FIRST = 148 };
	const uint32_t magic = htole32(0x82564557);
	const uint32_t size = htole32(1024), offset = htole32(512);
	const uint16_t nr = htole16(1);
	char label[SECTOR] = {};
	int fd;

	run_ok_input("label: dos\n1024,2048,a5\n", "sfdisk", "--quiet",
		     "--no-tell-kernel", "/dev/kt-disk0");
	memcpy(label + AT_MAGIC, &magic, sizeof(magic));
	memcpy(label + AT_MAGIC_2, &magic, sizeof(magic));
	memcpy(label + AT_NR, &nr, sizeof(nr));
	memcpy(label + AT_FIRST, &size, sizeof(size));
	memcpy(label + AT_FIRST + 4, &offset, sizeof(offset));
	/* In use, by 4.2BSD. */
	label[AT_FIRST + 12] = 7;
	fd = device_open("/dev/kt-disk0", O_WRONLY);
	cr_assert_eq(pwrite(fd, label, SECTOR, 1025 * SECTOR), SECTOR, "%m");
	cr_assert_eq(fsync(fd), 0, "%m");
	close(fd);
	run_ok("blockdev", "--rereadpt", "/dev/kt-disk0");
}

/* Debian's kernels do, one with few drivers may not. */
static bool reads_nested_tables(void)
{
	if (access("/dev/kt-disk0p5", F_OK) == 0)
		return true;
	cr_assert(rig_on_debug_kernel(), "%m");
	return false;
}

RIG_TEST(cli_in_use, a_partition_within_another_is_a_part_of_it)
{
	uint64_t sum;

	ladder_devices();
	ladder_disk();
	nest_partition();
	if (!reads_nested_tables())
		cr_skip_test("the debug kernel reads no tables of BSD");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p5");
	ladder_mount("/dev/kt-disk0p5", MS_RDONLY);
	sum = data_sum("/dev/kt-disk0");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1: /dev/kt-disk0p5, which shares data with it,",
		     "is mounted at " MOUNT_POINT),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p1");
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	ladder_unmount();
}
