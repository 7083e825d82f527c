// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The judge of the kernel's log: what it lets pass, no VM test can fail on.
 * The tests run in the project's folder.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>

/* The exit status of scripts/splat for a log. */
static int verdict(const char *log)
{
	FILE *splat = popen("scripts/splat - >/dev/null 2>&1", "w");
	int status;

	cr_assert_not_null(splat);
	fputs(log, splat);
	status = pclose(splat);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define START "[    9.0] kcopyd-vm: start\n"

Test(splat, finds_what_the_kernel_complains_with)
{
	static const char *const complaints[] = {
		"WARNING: CPU: 1 PID: 90 at mm/slab_common.c:107 f+0xb2/0x530",
		"BUG: KASAN: slab-use-after-free in kc_leg_submit+0x1/0x2",
		"BUG: kernel NULL pointer dereference, address: 0000000000000010",
		"Oops: 0000 [#1] PREEMPT SMP",
		"WARNING: possible circular locking dependency detected",
		"BUG: sleeping function called from invalid context at f.c:1",
		"BUG: scheduling while atomic: kworker/0:1/9/0x00000002",
		"INFO: task kcopyctl:77 blocked for more than 120 seconds.",
		"watchdog: BUG: soft lockup - CPU#0 stuck for 26s!",
		"UBSAN: array-index-out-of-bounds in f.c:1:2",
		"refcount_t: underflow; use-after-free.",
		"list_del corruption. prev->next should be 1, but was 2.",
		"general protection fault, probably for non-canonical address",
		"kernel BUG at kmod/f.c:1!",
	};
	char log[512];

	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++) {
		snprintf(log, sizeof(log), START "[   10.5] %s\n",
			 complaints[i]);
		cr_expect_eq(verdict(log), 1, "missed: %s", complaints[i]);
	}
}

Test(splat, lets_the_usual_pass)
{
	cr_assert_eq(
		verdict(START
			"[   10.1] kcopyd: loading out-of-tree module taints kernel.\n"
			"[   10.2] I/O error, dev dm-0, sector 8 op 0x0:(READ)\n"
			"[   10.3] EXT4-fs (vda): mounted filesystem r/w\n"
			"[   10.4] clocksource: Long readout interval\n"
			"[   10.5] kmemleak: 3 new suspected memory leaks\n"),
		0);
}

Test(splat, does_not_blame_the_boot_on_us)
{
	cr_assert_eq(verdict("[    1.0] WARNING: CPU: 0 PID: 1 at f.c:1\n" START
			     "[   10.1] all is well\n"),
		     0);
}
