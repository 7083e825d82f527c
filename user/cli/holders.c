// SPDX-License-Identifier: GPL-2.0-or-later
/* Who keeps the module from being unloaded. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "cli.h"
#include "holders.h"

#define SERVICE_PATH "/dev/kcopyd"

/* Our own descriptor would hold the module too: ask, and close at once. */
static void get_info(struct kcopyd_info *info)
{
	struct kcopy *kcopy;

	*info = (struct kcopyd_info){};
	if (kcopy_open(&kcopy))
		return;
	if (kcopy_info(kcopy, info))
		*info = (struct kcopyd_info){};
	kcopy_close(kcopy);
}

unsigned int unfinished_jobs(void)
{
	struct kcopyd_info info;

	get_info(&info);
	return info.jobs;
}

static unsigned int complain_jobs(void)
{
	struct kcopyd_info info;

	get_info(&info);
	if (info.jobs)
		complain(
			"unfinished jobs: %u, draining after their program ended: %u (see 'kcopyctl status', 'kcopyctl cancel')",
			info.jobs, info.draining);
	return info.jobs;
}

static bool has_service_open(const char *pid)
{
	AUTO_DIR DIR *dir = NULL;
	char folder[64], path[512], target[sizeof(SERVICE_PATH) + 1];
	struct dirent *entry;
	ssize_t len;

	snprintf(folder, sizeof(folder), "/proc/%.20s/fd", pid);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		if (!strcmp(target, SERVICE_PATH))
			return true;
	}
	return false;
}

static void complain_process(const char *pid)
{
	AUTO_FILE FILE *file = NULL;
	char path[64], name[64] = "";

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, sizeof(name), file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	complain("process %s (%s) has " SERVICE_PATH " open", pid, name);
}

static unsigned int complain_processes(void)
{
	AUTO_DIR DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned int nr = 0;

	while (dir && (entry = readdir(dir))) {
		/* One that we inherited is not worth telling. */
		if (*entry->d_name < '0' || *entry->d_name > '9' ||
		    strtol(entry->d_name, NULL, 10) == getpid() ||
		    !has_service_open(entry->d_name))
			continue;
		complain_process(entry->d_name);
		nr++;
	}
	return nr;
}

void complain_holders(void)
{
	unsigned int named = complain_jobs() + complain_processes();
	struct kcopy_module module;

	kcopy_module_info(&module);
	if (*module.holders)
		complain("used by the modules: %s", module.holders);
	else if (!named)
		complain(
			"references that belong to no process: %d (a BPF program on its tracepoints? see 'bpftool link')",
			module.users);
}
