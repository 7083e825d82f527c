// SPDX-License-Identifier: GPL-2.0-or-later
/* Other people: children that give up root. */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "person.h"
#include "rig.h"

enum { NOT_BECOME = 126 };

static int keep_only(int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2] = {};

	if (capability >= 0) {
		sets[capability / 32].permitted = 1U << capability % 32;
		sets[capability / 32].effective = 1U << capability % 32;
	}
	return syscall(SYS_capset, &header, sets);
}

static bool become(struct person person)
{
	if (!person.uid)
		return true;
	return !setgroups(0, NULL) && !prctl(PR_SET_KEEPCAPS, 1) &&
	       !setresgid(person.group, person.group, person.group) &&
	       !setresuid(person.uid, person.uid, person.uid) &&
	       !keep_only(person.capability);
}

int person_does(struct person person, int (*act)(void *), void *context)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(become(person) ? act(context) : NOT_BECOME);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "status %#x", status);
	cr_assert_neq(WEXITSTATUS(status), NOT_BECOME);
	return WEXITSTATUS(status);
}
