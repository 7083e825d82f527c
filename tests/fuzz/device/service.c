// SPDX-License-Identifier: GPL-2.0-or-later
/* The module: what is left of a program in it, unloading and loading it. */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "device.h"

#define PATIENCE_S 60
#define REFCOUNT "/sys/module/kcopyd/refcnt"

static void cancel_all(int node)
{
	struct kcopyd_status status = { .size = sizeof(status) };

	for (;;) {
		struct kcopyd_cancel cancel = { .size = sizeof(cancel) };

		status.flags = KCOPYD_STATUS_NEXT;
		status.regions = 0;
		status.nr_regions = 0;
		if (ioctl(node, KCOPYD_IOC_STATUS, &status))
			return;
		cancel.job = status.job++;
		if (status.state != KCOPYD_STATE_DONE)
			ioctl(node, KCOPYD_IOC_CANCEL, &cancel);
	}
}

static bool is_idle(int node, struct kcopyd_info *info)
{
	*info = (struct kcopyd_info){ .size = sizeof(*info) };
	if (ioctl(node, KCOPYD_IOC_INFO, info)) {
		problem("info: %s", strerror(errno));
		return true;
	}
	return !info->jobs && !info->memory;
}

static void wait_idle(int node)
{
	const double end = now_s() + PATIENCE_S;
	struct kcopyd_info info;

	if (is_idle(node, &info))
		return;
	cancel_all(node);
	while (!is_idle(node, &info)) {
		if (now_s() > end) {
			problem("%u jobs and %llu bytes are left after %u s",
				info.jobs, info.memory, PATIENCE_S);
			return;
		}
		usleep(2000);
	}
}

static int references(void)
{
	FILE *file = fopen(REFCOUNT, "re");
	int nr = -1;

	if (file && fscanf(file, "%d", &nr) != 1)
		nr = -1;
	if (file)
		fclose(file);
	return nr;
}

/* The last reference is dropped a moment after the last close. */
static void wait_unused(void)
{
	const double end = now_s() + 10;

	while (references() && now_s() < end)
		usleep(2000);
	if (references())
		problem("the module has %d references, and nobody uses it",
			references());
}

void service_drain(void)
{
	int node = open(NODE, O_RDWR | O_CLOEXEC);

	if (node < 0) {
		problem(NODE ": %s", strerror(errno));
		return;
	}
	wait_idle(node);
	close(node);
	wait_unused();
}

static int module_load(void)
{
	const char *path = getenv("KCOPYD_MODULE");
	int fd = open(path ?: "kcopyd.ko", O_RDONLY | O_CLOEXEC);
	int ret = syscall(SYS_finit_module, fd, "", 0);

	close(fd);
	return ret;
}

void service_reload(void)
{
	const double end = now_s() + 10;

	while (syscall(SYS_delete_module, "kcopyd", O_NONBLOCK)) {
		if (now_s() > end) {
			problem("the module can't be unloaded: %s",
				strerror(errno));
			return;
		}
		usleep(5000);
	}
	if (module_load())
		problem("the module can't be loaded again: %s",
			strerror(errno));
	coverage_rebase();
}
