// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module: loaded or not, loading it, unloading it. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libkcopy.h>
#include "explain.h"
#include "kmod_auto.h"
#include "sysfs.h"

#define MODULE "kcopyd"
#define SYSFS_MODULE "/sys/module/" MODULE
#define RETRY_MS 50

static void list_holders(char *names, size_t size)
{
	AUTO_DIR DIR *dir = opendir(SYSFS_MODULE "/holders");
	struct dirent *entry;
	size_t len = 0;

	while (dir && (entry = readdir(dir)) && len < size) {
		if (*entry->d_name == '.')
			continue;
		len += snprintf(names + len, size - len, "%s%s", len ? " " : "",
				entry->d_name);
	}
}

int kcopy_module_info(struct kcopy_module *module)
{
	char state[32];
	uint64_t users;

	memset(module, 0, sizeof(*module));
	/* Neither one that comes nor one that goes. */
	if (kcopy_sysfs_read(SYSFS_MODULE, "initstate", state, sizeof(state)) ||
	    strcmp(state, "live") != 0)
		return 0;
	module->loaded = true;
	kcopy_sysfs_read(SYSFS_MODULE, "version", module->version,
			 sizeof(module->version));
	kcopy_sysfs_read(SYSFS_MODULE, "srcversion", module->srcversion,
			 sizeof(module->srcversion));
	if (!kcopy_sysfs_read_u64(SYSFS_MODULE, "refcnt", &users))
		module->users = users;
	list_holders(module->holders, sizeof(module->holders));
	return 0;
}

static int explain_load(struct kcopy_explanation *why, int err,
			const char *path)
{
	char disabled[8] = "0";

	kcopy_sysfs_read("/proc/sys/kernel", "modules_disabled", disabled,
			 sizeof(disabled));
	switch (err) {
	case -EPERM:
		if (geteuid())
			return kcopy_explain(
				why, err,
				"loading a module needs root (CAP_SYS_MODULE)");
		if (*disabled == '1')
			return kcopy_explain(
				why, err,
				"this kernel takes no more modules until it is booted again (kernel.modules_disabled is 1)");
		if (kcopy_locked_down())
			return kcopy_explain(
				why, err,
				"the kernel is locked down and takes only signed modules: sign %s and enrol the key (mokutil), or switch Secure Boot off",
				path);
		return kcopy_explain(
			why, err,
			"the kernel does not permit loading %s: CAP_SYS_MODULE is missing (a container?)",
			path);
	case -EKEYREJECTED:
	case -ENOKEY:
	case -EBADMSG:
		return kcopy_explain(
			why, err,
			"the kernel takes only modules signed with a key it knows (Secure Boot or module.sig_enforce): sign %s and enrol the key (mokutil)",
			path);
	case -ENOEXEC:
		return kcopy_explain(
			why, err,
			"the kernel does not take %s: it was built for another kernel; build it again for this one (the kernel log says more)",
			path);
	case -ENOENT:
		return kcopy_explain(
			why, err,
			"%s uses symbols that this kernel does not have: build it again for this kernel (the kernel log names them)",
			path);
	default:
		return kcopy_explain(
			why, err,
			"loading %s failed: %s (the kernel log may say more)",
			path, strerror(-err));
	}
}

int kcopy_module_load(const char *wanted, struct kcopy_explanation *why)
{
	AUTO(cleanup_kmod_module) struct kmod_module *module = NULL;
	AUTO(cleanup_kmod_ctx) struct kmod_ctx *ctx = NULL;
	AUTO_FREE char *path = NULL;
	struct kcopy_module info;
	int err;

	kcopy_explain(why, 0, "%s", "");
	kcopy_module_info(&info);
	if (info.loaded)
		return -EALREADY;
	err = kcopy_module_find(wanted, &path, why);
	if (err)
		return err;
	ctx = kmod_new_quiet();
	if (!ctx)
		return -ENOMEM;
	err = kmod_module_new_from_path(ctx, path, &module);
	if (!err)
		err = kmod_module_probe_insert_module(module, 0, NULL, NULL,
						      NULL, NULL);
	if (!err || err == -EEXIST)
		return 0;
	return explain_load(why, err, path);
}

static void sleep_ms(unsigned int ms)
{
	struct timespec time = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&time, NULL);
}

/* Links that were just unpinned let go of the module a moment later. */
static int remove_patiently(struct kmod_module *module, unsigned int timeout_ms)
{
	unsigned int waited = 0;
	int err;

	for (;;) {
		err = kmod_module_remove_module(module, KMOD_REMOVE_NOLOG);
		if ((err != -EAGAIN && err != -EBUSY) || waited >= timeout_ms)
			return err;
		sleep_ms(RETRY_MS);
		waited += RETRY_MS;
	}
}

int kcopy_module_unload(unsigned int timeout_ms, struct kcopy_explanation *why)
{
	AUTO(cleanup_kmod_module) struct kmod_module *module = NULL;
	AUTO(cleanup_kmod_ctx) struct kmod_ctx *ctx = kmod_new_quiet();
	int err;

	kcopy_explain(why, 0, "%s", "");
	if (!ctx || kmod_module_new_from_name(ctx, MODULE, &module))
		return -ENOMEM;
	err = remove_patiently(module, timeout_ms);
	switch (err) {
	case 0:
		return 0;
	case -EAGAIN:
	case -EBUSY:
		return kcopy_explain(why, -EBUSY, "the module is in use");
	case -ENOENT:
		return kcopy_explain(why, err, "the module is not loaded");
	case -EPERM:
		return kcopy_explain(
			why, err,
			"unloading a module needs root (CAP_SYS_MODULE)");
	default:
		return kcopy_explain(why, err,
				     "unloading the module failed: %s",
				     strerror(-err));
	}
}
