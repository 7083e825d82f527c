// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that kcopyctl has a reason not to touch, and what it says then. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "ladder.h"

#define MAX_ARGS 12

void ladder_devices(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

/* "/dev/kt-disk0", with partitions of 1 MiB at half a MiB and at 2 MiB. */
void ladder_disk(void)
{
	null_create("disk0", (struct null_options){ .mib = DISK_MIB });
	run_ok_input("label: dos\n1024,2048\n4096,2048\n", "sfdisk", "--quiet",
		     "--no-tell-kernel", "/dev/kt-disk0");
	run_ok("blockdev", "--rereadpt", "/dev/kt-disk0");
	cr_assert_eq(access("/dev/kt-disk0p2", F_OK), 0, "%m");
}

void ladder_check_refusal(struct run *run, int code, const char *const *said)
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
void ladder_expect_refused(int code, const char *force, const char *const *said,
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
	ladder_check_refusal(&run, code, said);
	all[1] = "copy";
	run = ctl_run_as(0, all + 1);
	ladder_check_refusal(&run, code, said);
}

void ladder_mount(const char *path, unsigned long flags)
{
	mkdir(MOUNT_POINT, 0700);
	cr_assert_eq(mount(path, MOUNT_POINT, "ext4", flags,
			   flags & MS_RDONLY ? "noload" : NULL),
		     0, "%s: %m", path);
}

void ladder_unmount(void)
{
	rig_wait_for(!umount(MOUNT_POINT), 20, "unmounting");
}

/* A loop device over a part of that, from a MiB on; it stays valid. */
const char *ladder_loop(const char *path, const char *offset)
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

struct hidden_mount ladder_hidden_mount(const char *device, unsigned long flags)
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
	return (struct hidden_mount){ pid, done[1] };
}

void ladder_hidden_end(struct hidden_mount hidden)
{
	int status;

	close(hidden.done);
	cr_assert_eq(waitpid(hidden.pid, &status, 0), hidden.pid);
	cr_assert_eq(status, 0);
}
