// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Beside udev, which looks into a disk whenever somebody who could write to it
 * has closed it. Without the lock it has partitions open just when they are to
 * be taken away. The other tests run without it.
 */
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"

static void udev_stop(void)
{
	if (!run_any("pidof", "systemd-udevd").status)
		run_any("udevadm", "control", "--exit");
}

static void fini(void)
{
	udev_stop();
	rig_fini();
}

TestSuite(cli_udev, .fini = fini, .timeout = 900);

#define SIZE_MIB 16
#define ROUNDS 3
#define PART_UUID "6a3b1fc0-0000-4000-8000-00000000000"

static void udev_start(void)
{
	run_ok("/lib/systemd/systemd-udevd", "--daemon");
	run_ok("udevadm", "control", "--ping");
}

/* Two partitions, of which each disk has others. */
static void source_create(const char *name, const char *which)
{
	const struct null_options options = { .mib = SIZE_MIB };
	const char *path = null_create(name, options);
	char script[256];

	snprintf(script, sizeof(script),
		 "label: gpt\n"
		 "start=2048, size=4096, uuid=" PART_UUID "%s\n"
		 "start=8192, size=4096\n",
		 which);
	run_ok_input(script, "sfdisk", "--quiet", "--no-reread", "--no-tell",
		     path);
}

static bool link_is_there(const char *which)
{
	char path[128];

	snprintf(path, sizeof(path), "/dev/disk/by-partuuid/" PART_UUID "%s",
		 which);
	return !access(path, F_OK);
}

RIG_TEST(cli_udev, partitions_come_and_go_with_every_copy)
{
	const char *disk;
	struct run run;

	source_create("one", "1");
	source_create("two", "2");
	udev_start();
	disk = scsi_create(SIZE_MIB, 512, "ndelay=1");
	for (unsigned int i = 0; i < ROUNDS; i++) {
		run = ctl_run("copy", "--quiet", "--force=signature",
			      i % 2 ? "/dev/kt-one" : "/dev/kt-two", disk);
		cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
		cr_assert_null(strstr(run.err, "old partition table"), "%s",
			       run.err);
		run_free(&run);
	}
	run_ok("udevadm", "settle", "--timeout=60");
	cr_assert(link_is_there("2"));
	cr_assert_not(link_is_there("1"));
	data_expect_equal("/dev/kt-two", disk);
	scsi_destroy();
	udev_stop();
}

/* ---- who may --------------------------------------------------------------------- */

#define RULES "/etc/udev/rules.d/60-kcopyd-group.rules"

static void expect_node(gid_t group, mode_t mode)
{
	struct stat stat;

	cr_assert_eq(lstat("/dev/kcopyd", &stat), 0, "%m");
	cr_assert_eq(stat.st_uid, 0);
	cr_assert_eq(stat.st_gid, group, "%u", stat.st_gid);
	cr_assert_eq(stat.st_mode & 07777, mode, "%o", stat.st_mode);
}

/* A sample that an administrator may copy, and nothing that is there by itself. */
RIG_TEST(cli_udev, a_rule_gives_the_service_to_the_group_of_disks)
{
	const struct group *disk = getgrnam("disk");
	char rules[512];

	cr_assert_not_null(disk);
	snprintf(rules, sizeof(rules), "%s/user/system/60-kcopyd-group.rules",
		 getenv("KCOPYD_ROOT"));
	udev_start();
	run_ok("udevadm", "trigger", "--sysname-match=kcopyd", "--settle");
	expect_node(0, 0600);
	run_ok("mkdir", "-p", "/etc/udev/rules.d");
	run_ok("cp", rules, RULES);
	run_ok("udevadm", "control", "--reload");
	run_ok("udevadm", "trigger", "--sysname-match=kcopyd", "--settle");
	unlink(RULES);
	expect_node(disk->gr_gid, 0660);
}
