// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loop devices claim nothing and are linked with nothing: what is behind them,
 * and who has that, has to be found out.
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl.h"
#include "ladder.h"

TestSuite(cli_loop, RIG_SUITE);

static void disk_create(void)
{
	ladder_devices();
	ladder_disk();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p1");
}

RIG_TEST(cli_loop, what_is_mounted_out_of_sight_behind_one_is_no_destination)
{
	const char *loop, *const dm = "/dev/mapper/kt-over";
	struct hidden_mount hidden;
	uint64_t sum;

	disk_create();
	hidden = ladder_hidden_mount("/dev/kt-disk0p1", MS_RDONLY);
	loop = ladder_loop("/dev/kt-disk0p1", "0");
	sum = data_sum("/dev/kt-disk0");
	refused(ALL_FORCE,
		SAID(loop, ": /dev/kt-disk0p1, which shares data with it,",
		     "is in use", "/proc/*/mountinfo"),
		"--length=1M", "/dev/kt-src", loop);
	dm_create("over", "0 2048 linear %s 0\n", loop);
	refused(ALL_FORCE,
		SAID(": /dev/kt-disk0p1, which shares data with it, is in use"),
		"--length=1M", "/dev/kt-src", dm);
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	run_ok("dmsetup", "remove", "--retry", "kt-over");
	ladder_hidden_end(hidden);
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "--length=1M",
		   "/dev/kt-src", loop);
	run_ok("losetup", "--detach", loop);
}

/* It is a use, but none that keeps others from claiming the device. */
RIG_TEST(cli_loop, one_that_is_read_hides_nobody_who_writes_to_the_source)
{
	struct hidden_mount hidden;
	const char *loop;

	disk_create();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	hidden = ladder_hidden_mount("/dev/kt-disk0p1", 0);
	loop = ladder_loop("/dev/kt-disk0p1", "0");
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0p1 is in use", "torn",
		     "--force=source-mounted"),
		"--length=1M", "/dev/kt-disk0p1", "/dev/kt-d0");
	run_ok("losetup", "--detach", loop);
	loop = ladder_loop("/dev/kt-disk0", "0");
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0: its partition /dev/kt-disk0p1",
		     "is in use"),
		"/dev/kt-disk0", "/dev/kt-d2");
	run_ok("losetup", "--detach", loop);
	data_expect_untouched("/dev/kt-d0", DEST);
	ladder_hidden_end(hidden);
}

/* A node goes, or means something else where others look, but not its number. */
RIG_TEST(cli_loop, one_is_known_by_the_number_of_what_it_is_over)
{
	const char *loop;
	struct stat st;
	uint64_t sum;

	ladder_devices();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d0");
	cr_assert_eq(stat("/dev/kt-d0", &st), 0, "%m");
	cr_assert_eq(mknod("/tmp/kt-node", S_IFBLK | 0600, st.st_rdev), 0,
		     "%m");
	loop = ladder_loop("/tmp/kt-node", "0");
	unlink("/tmp/kt-node");
	ladder_mount(loop, MS_RDONLY);
	sum = data_sum("/dev/kt-d0");
	refused(ALL_FORCE,
		SAID("/dev/kt-d0: ", loop,
		     "which is built on it, is mounted at " MOUNT_POINT),
		"/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(data_sum("/dev/kt-d0"), sum);
	ladder_unmount();
	refused(ALL_FORCE, SAID("the source /dev/kt-d0 is a part of", loop),
		"--length=1M", "--dest-offset=1M", "/dev/kt-d0", loop);
	run_ok("losetup", "--detach", loop);
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "/dev/kt-src",
		   "/dev/kt-d0");
}

RIG_TEST(cli_loop, a_source_behind_one_is_not_written_through_another_way)
{
	const char *loop, *beside;

	ladder_devices();
	ladder_disk();
	loop = ladder_loop("/dev/kt-disk0p1", "0");
	beside = ladder_loop("/dev/kt-disk0p2", "0");
	dm_create("lv", "0 2048 linear /dev/kt-disk0p1 0\n");
	refused(ALL_FORCE, SAID("the source ", loop, "is a part of", "kt-lv"),
		"--length=512K", "--dest-offset=512K", loop,
		"/dev/mapper/kt-lv");
	data_expect_zeroes("/dev/kt-disk0p1", 0, MIB);
	/* Its neighbour is in nobody's way. */
	ctl_expect(CTL_COMPLETE, "copy", "--length=512K", beside,
		   "/dev/mapper/kt-lv");
	run_ok("dmsetup", "remove", "--retry", "kt-lv");
	run_ok("losetup", "--detach", loop);
	run_ok("losetup", "--detach", beside);
}

/* As a container has it, that was given the disk and not its partitions. */
RIG_TEST(cli_loop, a_partition_without_a_node_is_asked_for_with_its_disk)
{
	struct hidden_mount hidden;
	struct run run;

	disk_create();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	hidden = ladder_hidden_mount("/dev/kt-disk0p1", 0);
	run_ok("mv", "/dev/kt-disk0p1", "/dev/kt-away");
	run = ctl_run("copy", BUT_SOURCE, "/dev/kt-disk0", "/dev/kt-d2");
	run_ok("mv", "/dev/kt-away", "/dev/kt-disk0p1");
	ladder_check_refusal(&run, CTL_SAFETY,
			     SAID("the source /dev/kt-disk0", "is in use"));
	data_expect_zeroes("/dev/kt-d2", 0, DISK_MIB * MIB);
	ladder_hidden_end(hidden);
	run_ok("mv", "/dev/kt-disk0p1", "/dev/kt-away");
	run = ctl_run("copy", BUT_SOURCE, "/dev/kt-disk0", "/dev/kt-d2");
	run_ok("mv", "/dev/kt-away", "/dev/kt-disk0p1");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	run_free(&run);
	data_expect_equal("/dev/kt-disk0", "/dev/kt-d2");
}

/* The kernel keeps 63 bytes of it where they can be asked for. */
RIG_TEST(cli_loop, a_file_of_a_long_name_is_named_by_its_end)
{
	const char *first, *second;
	char folder[96], file[160];

	ladder_devices();
	snprintf(folder, sizeof(folder), "/tmp/kt-%070d", 0);
	mkdir(folder, 0700);
	snprintf(file, sizeof(file), "%s/kt-\033[31m\303\251", folder);
	run_ok("truncate", "--size=2M", file);
	first = ladder_loop(file, "0");
	second = ladder_loop(file, "1M");
	/* What a name would have the terminal do it does not. */
	refused(ALL_FORCE,
		SAID(first, ": ...000",
		     "/kt-?[31m\303\251, which shares data with it, is behind",
		     second),
		"--length=1M", "/dev/kt-src", first);
	run_ok("losetup", "--detach", first);
	run_ok("losetup", "--detach", second);
	unlink(file);
	rmdir(folder);
}
