// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The safety ladder of kcopyctl copy, rung by rung: what it refuses, what it
 * says then, what overrides that and what does not; and that not a byte of a
 * destination has changed.
 */
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "job.h"

TestSuite(cli_ladder, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 2
#define DISK_MIB 4
#define SIZE (SIZE_MIB * MIB)
#define MOUNT_POINT "/tmp/kt-mount"
#define MAX_ARGS 12

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

/* "/dev/kt-disk0", with partitions of 1 MiB at half a MiB and at 2 MiB. */
static void disk_create(void)
{
	null_create("disk0", (struct null_options){ .mib = DISK_MIB });
	run_ok_input("label: dos\n1024,2048\n4096,2048\n", "sfdisk", "--quiet",
		     "--no-tell-kernel", "/dev/kt-disk0");
	run_ok("blockdev", "--rereadpt", "/dev/kt-disk0");
	cr_assert_eq(access("/dev/kt-disk0p2", F_OK), 0, "%m");
}

/* ---- a refusal ------------------------------------------------------------- */

/* What a refusal must say, each of them. */
#define SAID(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define ALL_FORCE "--force=signature,size,source-mounted"
#define BUT_SIGNATURE "--force=size,source-mounted"
#define BUT_SIZE "--force=signature,source-mounted"
#define BUT_SOURCE "--force=signature,size"

static void check_refusal(struct run *run, int code, const char *const *said)
{
	cr_assert_eq(run->status, code, "exit code %d, not %d: %s%s",
		     run->status, code, run->out, run->err);
	cr_assert_eq(run->out[0], 0, "on stdout: %s", run->out);
	for (; *said; said++)
		cr_assert_not_null(strstr(run->err, *said), "no '%s' in: %s",
				   *said, run->err);
	run_free(run);
}

/* First without, then with all the --force that does not help. */
static void expect_refused(int code, const char *force, const char *const *said,
			   const char *const *args)
{
	const char *all[MAX_ARGS + 3] = { "copy", force };
	struct run run;
	unsigned int i;

	for (i = 0; args[i]; i++) {
		cr_assert_lt(i, MAX_ARGS);
		all[i + 2] = args[i];
	}
	run = ctl_run_as(0, all);
	check_refusal(&run, code, said);
	all[1] = "copy";
	run = ctl_run_as(0, all + 1);
	check_refusal(&run, code, said);
}

#define refused(force, said, ...)                 \
	expect_refused(CTL_SAFETY, (force), said, \
		       (const char *const[]){ __VA_ARGS__, NULL })

static void mount_ext4(const char *path, unsigned long flags)
{
	mkdir(MOUNT_POINT, 0700);
	cr_assert_eq(mount(path, MOUNT_POINT, "ext4", flags,
			   flags & MS_RDONLY ? "noload" : NULL),
		     0, "%s: %m", path);
}

static void unmount(void)
{
	rig_wait_for(!umount(MOUNT_POINT), 20, "unmounting");
}

/* ---- in use ---------------------------------------------------------------- */

RIG_TEST(cli_ladder, what_is_mounted_is_refused_with_its_relatives)
{
	uint64_t sum;

	devices_create();
	disk_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p1");
	sum = data_sum("/dev/kt-disk0");
	mount_ext4("/dev/kt-disk0p1", MS_RDONLY);
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
	unmount();
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	/* Its neighbour is in nobody's way. */
	mount_ext4("/dev/kt-disk0p1", MS_RDONLY);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "/dev/kt-src",
		   "/dev/kt-disk0p2");
	unmount();
}

RIG_TEST(cli_ladder, a_partition_of_a_mounted_disk_is_refused)
{
	uint64_t sum;

	devices_create();
	disk_create();
	/* The kernel still knows the partitions. */
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0");
	mount_ext4("/dev/kt-disk0", MS_RDONLY);
	sum = data_sum("/dev/kt-disk0p2");
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p2: its disk /dev/kt-disk0 is mounted",
		     MOUNT_POINT, "unmount"),
		"--length=1M", "/dev/kt-src", "/dev/kt-disk0p2");
	cr_assert_eq(data_sum("/dev/kt-disk0p2"), sum);
	unmount();
}

/* A loop device over a part of that, from a MiB on; it stays valid. */
static const char *loop_over(const char *path, const char *offset)
{
	static char nodes[4][32];
	static unsigned int next;
	char *node = nodes[next++ % 4];
	struct run run;

	module_probe("loop", NULL);
	run = run_any("losetup", "--find", "--show", "--offset", offset, path);
	cr_assert_eq(run.status, 0, "%s", run.err);
	snprintf(node, sizeof(nodes[0]), "%.*s", (int)strcspn(run.out, "\n"),
		 run.out);
	run_free(&run);
	return node;
}

/* A loop device claims nothing of what is behind it. */
RIG_TEST(cli_ladder, what_is_behind_a_loop_device_is_looked_at)
{
	const char *loop, *const dm = "/dev/mapper/kt-over";
	uint64_t sum;

	devices_create();
	disk_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p1");
	mount_ext4("/dev/kt-disk0p1", 0);
	loop = loop_over("/dev/kt-disk0p1", "0");
	sum = data_sum("/dev/kt-disk0");
	refused(ALL_FORCE,
		SAID(loop, ": /dev/kt-disk0p1, which shares data with it,",
		     "mounted at " MOUNT_POINT),
		"--length=1M", "/dev/kt-src", loop);
	refused(BUT_SOURCE,
		SAID(loop,
		     "/dev/kt-disk0p1, which shares data with it, is mounted",
		     "source-mounted"),
		loop, "/dev/kt-d1");
	dm_create("over", "0 2048 linear %s 0\n", loop);
	refused(ALL_FORCE,
		SAID("/dev/kt-disk0p1, which shares data with it,",
		     "mounted at " MOUNT_POINT),
		"--length=1M", "/dev/kt-src", dm);
	cr_assert_eq(data_sum("/dev/kt-disk0"), sum);
	run_ok("dmsetup", "remove", "--retry", "kt-over");
	unmount();
	ctl_expect(CTL_COMPLETE, "copy", "--force=signature", "--length=1M",
		   "/dev/kt-src", loop);
	run_ok("losetup", "--detach", loop);
	dm_create("over", "0 64 linear /dev/kt-disk0p2 0\n");
	loop = loop_over("/dev/kt-disk0p2", "0");
	refused(ALL_FORCE,
		SAID(": /dev/kt-disk0p2, which shares data with it,",
		     "is a part of /dev/dm-", "kt-over"),
		"--length=64K", "/dev/kt-src", loop);
	run_ok("losetup", "--detach", loop);
}

RIG_TEST(cli_ladder, loop_devices_over_one_file_are_one)
{
	const char *first, *second, *beside;
	char over[128];

	devices_create();
	run_ok("truncate", "--size=8M", "/tmp/kt-file");
	first = loop_over("/tmp/kt-file", "0");
	second = loop_over("/tmp/kt-file", "4M");
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
	beside = loop_over("/tmp/kt-file", "0");
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

/* Who has something mounted where nobody else sees it. */
struct container {
	pid_t pid;
	int done;
};

static struct container container_mount(const char *device, unsigned long flags)
{
	int ready[2], done[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready) | pipe(done), 0, "%m");
	pid = fork();
	if (!pid) {
		mkdir(MOUNT_POINT, 0700);
		if (unshare(CLONE_NEWNS) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(device, MOUNT_POINT, "ext4", flags,
			  flags & MS_RDONLY ? "noload" : NULL))
			_exit(1);
		close(done[1]);
		_exit(write(ready[1], "", 1) != 1 || read(done[0], &byte, 1));
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "it was not mounted");
	close(ready[0]);
	close(done[0]);
	return (struct container){ pid, done[1] };
}

static void container_end(struct container container)
{
	int status;

	close(container.done);
	cr_assert_eq(waitpid(container.pid, &status, 0), container.pid);
	cr_assert_eq(status, 0);
}

/* As in a container: our own list of mounts does not have it. */
RIG_TEST(cli_ladder, what_is_mounted_out_of_sight_is_refused)
{
	struct container container;

	devices_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-d0");
	container = container_mount("/dev/kt-d0", MS_RDONLY);
	refused(ALL_FORCE, SAID("/dev/kt-d0 is in use", "/proc/*/mountinfo"),
		"/dev/kt-src", "/dev/kt-d0");
	container_end(container);
}

RIG_TEST(cli_ladder, so_is_a_source_that_is_mounted_there)
{
	struct container container;

	devices_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	container = container_mount("/dev/kt-src", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-src is in use", "torn",
		     "/proc/*/mountinfo", "--force=source-mounted"),
		"/dev/kt-src", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-src", "/dev/kt-d0");
	container_end(container);
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-d1");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

/* Writing to what is made of it would be writing to it. */
RIG_TEST(cli_ladder, a_source_that_the_destination_is_made_of_is_refused)
{
	struct run run;
	char *loop;
	uint64_t sum;

	devices_create();
	disk_create();
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

RIG_TEST(cli_ladder, swap_is_refused)
{
	struct run run, disk;

	devices_create();
	disk_create();
	run_ok("mkswap", "--quiet", "/dev/kt-disk0p1");
	run_ok("swapon", "/dev/kt-disk0p1");
	run = ctl_run("copy", ALL_FORCE, "--length=1M", "/dev/kt-src",
		      "/dev/kt-disk0p1");
	disk = ctl_run("copy", ALL_FORCE, "/dev/kt-src", "/dev/kt-disk0");
	/* Before anything can fail: it could not be taken down. */
	run_ok("swapoff", "/dev/kt-disk0p1");
	check_refusal(&run, CTL_SAFETY,
		      SAID("/dev/kt-disk0p1 is swap space in use",
			   "swapoff /dev/kt-disk0p1 first"));
	check_refusal(
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

RIG_TEST(cli_ladder, a_part_of_another_device_is_refused)
{
	const char *loop, *const dm = "/dev/mapper/kt-part";
	struct run run;

	devices_create();
	disk_create();
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

	devices_create();
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
	devices_create();
	disk_create();
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

	devices_create();
	refused(ALL_FORCE,
		SAID("/dev/kt-d0 is the same device as the source /dev/kt-d0",
		     "--dest-offset"),
		"--length=1M", "--dest-offset=512K", "/dev/kt-d0",
		"/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
	ctl_expect(CTL_COMPLETE, "copy", "--length=1M", "--dest-offset=1M",
		   "/dev/kt-d0", "/dev/kt-d0");
	data_expect("/dev/kt-d0", MIB, MIB, DEST, 0);
	disk_create();
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

	devices_create();
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

	devices_create();
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

	devices_create();
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
	expect_refused(CTL_USAGE, ALL_FORCE,
		       SAID("--dest-offset: 512", "4096", "/dev/kt-4kn"),
		       SAID("--dest-offset=512", "--length=4096", image,
			    "/dev/kt-4kn"));
	expect_refused(CTL_USAGE, ALL_FORCE,
		       SAID("--offset: 512", "4096", "/dev/kt-4kn"),
		       SAID("--offset=512", "--length=4096", "/dev/kt-4kn",
			    "/dev/kt-d0"));
	expect_refused(CTL_USAGE, ALL_FORCE,
		       SAID("--length: 512", "4096", "/dev/kt-4kn"),
		       SAID("--length=512", "/dev/kt-4kn", "/dev/kt-d0"));
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

	devices_create();
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

	devices_create();
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

/* ---- the source ------------------------------------------------------------ */

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

	mount_ext4(device, 0);
	file = fopen(MOUNT_POINT "/late", "r");
	cr_assert_not_null(file, "the copy does not have it: %m");
	cr_assert_not_null(fgets(text, sizeof(text), file));
	fclose(file);
	unmount();
	cr_assert_str_eq(text, "in time");
}

RIG_TEST(cli_ladder, a_source_that_is_mounted_for_writing_is_refused)
{
	devices_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	mount_ext4("/dev/kt-src", 0);
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
	unmount();
	expect_late("/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d1");
}

/* Longer than what is kept of it; what is kept is the name of something else. */
RIG_TEST(cli_ladder, what_is_mounted_at_a_long_path_is_written_out)
{
	char name[201], where[512], cut[256];

	devices_create();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(where, sizeof(where), "/tmp/%s", name);
	mkdir(where, 0755);
	snprintf(where, sizeof(where), "/tmp/%s/%s", name, name);
	snprintf(cut, sizeof(cut), "%.255s", where);
	mkdir(where, 0755);
	mkdir(cut, 0755);
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	mount_ext4("/dev/kt-src", 0);
	write_unsynced();
	cr_assert_eq(mount(MOUNT_POINT, where, NULL, MS_MOVE, NULL), 0, "%m");
	ctl_expect(CTL_COMPLETE, "copy", "--force=source-mounted",
		   "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(mount(where, MOUNT_POINT, NULL, MS_MOVE, NULL), 0, "%m");
	unmount();
	expect_late("/dev/kt-d0");
}

/* There need not be a folder of it. */
RIG_TEST(cli_ladder, what_is_mounted_on_a_file_only_is_written_out)
{
	devices_create();
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-src");
	mount_ext4("/dev/kt-src", 0);
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

RIG_TEST(cli_ladder, so_is_one_with_something_mounted_on_top)
{
	devices_create();
	disk_create();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	dm_create("lv", "0 2048 linear /dev/kt-disk0p1 0\n");
	run_ok("mkfs.ext4", "-q", "-F", "/dev/mapper/kt-lv");
	mount_ext4("/dev/mapper/kt-lv", 0);
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
	unmount();
	expect_late("/dev/kt-d0");
}

RIG_TEST(cli_ladder, a_source_disk_names_the_partition_that_is_mounted)
{
	devices_create();
	disk_create();
	null_create("d2", (struct null_options){ .mib = DISK_MIB });
	run_ok("mkfs.ext4", "-q", "-F", "/dev/kt-disk0p2");
	mount_ext4("/dev/kt-disk0p2", 0);
	refused(BUT_SOURCE,
		SAID("the source /dev/kt-disk0: its partition /dev/kt-disk0p2 is",
		     "mounted for writing at " MOUNT_POINT),
		"/dev/kt-disk0", "/dev/kt-d2");
	data_expect_zeroes("/dev/kt-d2", 0, DISK_MIB * MIB);
	unmount();
}

/* ---- a plan ---------------------------------------------------------------- */

RIG_TEST(cli_ladder, a_dry_run_shows_the_plan_and_changes_nothing)
{
	struct json_object *plan, *dest;
	struct run run;
	uint64_t sum;

	devices_create();
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
