// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module's file: where it is, and whether it is for this kernel. */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <libkcopy.h>
#include "explain.h"
#include "kmod_auto.h"

/* What modinfo says behind @key; -ENODATA when it says nothing. */
static int read_info(const char *path, const char *key, char *text, size_t size)
{
	AUTO(cleanup_kmod_ctx) struct kmod_ctx *ctx = kmod_new_quiet();
	AUTO(cleanup_kmod_module) struct kmod_module *module = NULL;
	AUTO(cleanup_kmod_info) struct kmod_list *list = NULL;
	struct kmod_list *item;
	const char *value;
	int err;

	if (!ctx)
		return -ENOMEM;
	err = kmod_module_new_from_path(ctx, path, &module);
	if (err)
		return err;
	err = kmod_module_get_info(module, &list);
	if (err < 0)
		return err;
	kmod_list_foreach(item, list)
	{
		if (strcmp(kmod_module_info_get_key(item), key))
			continue;
		value = kmod_module_info_get_value(item);
		snprintf(text, size, "%s", value);
		return 0;
	}
	return -ENODATA;
}

/* The release it was built for: the first word of its vermagic. */
static int read_release(const char *path, char *release, size_t size)
{
	int err = read_info(path, "vermagic", release, size);

	if (!err)
		release[strcspn(release, " ")] = '\0';
	return err;
}

int kcopy_module_signer(const char *path, char *signer, size_t size)
{
	char id[32];
	int err = read_info(path, "signer", signer, size);

	if (!err && *signer)
		return 1;
	if (err && err != -ENODATA)
		return err;
	/* Some kinds of signature have no name, but all say what they are. */
	snprintf(signer, size, "%s", "");
	err = read_info(path, "sig_id", id, sizeof(id));
	return err == -ENODATA ? 0 : err ? err : 1;
}

/* 0 if a file is a module for this kernel, -ENOEXEC if it is for another. */
static int check_file(const char *path, struct kcopy_explanation *why)
{
	char release[128];
	struct utsname host;
	int err;

	if (access(path, R_OK))
		return kcopy_explain(why, -errno, "%s: %s", path,
				     strerror(errno));
	err = read_release(path, release, sizeof(release));
	if (err)
		return kcopy_explain(why, -ENOEXEC, "%s is not a kernel module",
				     path);
	uname(&host);
	if (strcmp(release, host.release))
		return kcopy_explain(
			why, -ENOEXEC,
			"%s is built for kernel %s, and %s is running: build it for that one (make modules)",
			path, release, host.release);
	return 0;
}

/* The first match of a pattern that is for this kernel, or NULL. */
static char *find_built(const char *pattern)
{
	char *path = NULL;
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found))
		return NULL;
	for (i = 0; !path && i < found.gl_pathc; i++) {
		if (!check_file(found.gl_pathv[i], NULL))
			path = realpath(found.gl_pathv[i], NULL);
	}
	globfree(&found);
	return path;
}

/*
 * The executable of a build is .build/user/kcopyctl. A module built for one
 * of the test kernels is .build/KERNEL/kmod/kcopyd.ko, one for the machine's
 * own is kmod/kcopyd.ko.
 */
static char *find_beside_executable(void)
{
	static const char *const patterns[] = { "%s/../*/kmod/kcopyd.ko",
						"%s/../../kmod/kcopyd.ko" };
	char exe[PATH_MAX], pattern[PATH_MAX + 32], *path;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t i;

	if (len < 0)
		return NULL;
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	/* Installed, there is nothing beside it but other people's folders. */
	if (strcmp(strrchr(exe, '/') ? strrchr(exe, '/') : "", "/user"))
		return NULL;
	for (i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		snprintf(pattern, sizeof(pattern), patterns[i], exe);
		path = find_built(pattern);
		if (path)
			return path;
	}
	return NULL;
}

static char *find_installed(void)
{
	AUTO(cleanup_kmod_ctx) struct kmod_ctx *ctx = kmod_new_quiet();
	AUTO(cleanup_kmod_module) struct kmod_module *module = NULL;
	AUTO(cleanup_kmod_list) struct kmod_list *list = NULL;
	const char *path;

	if (!ctx)
		return NULL;
	if (kmod_module_new_from_lookup(ctx, "kcopyd", &list) || !list)
		return NULL;
	module = kmod_module_get_module(list);
	path = kmod_module_get_path(module);
	return path ? strdup(path) : NULL;
}

int kcopy_module_find(const char *wanted, char **path,
		      struct kcopy_explanation *why)
{
	struct utsname host;
	int err;

	kcopy_explain(why, 0, "%s", "");
	if (!wanted) {
		wanted = getenv("KCOPYD_MODULE");
		if (wanted && !*wanted)
			wanted = NULL;
	}
	if (wanted) {
		err = check_file(wanted, why);
		if (err)
			return err;
		*path = realpath(wanted, NULL);
		return *path ? 0 : -errno;
	}
	*path = find_beside_executable();
	if (!*path)
		*path = find_installed();
	if (*path)
		return 0;
	uname(&host);
	return kcopy_explain(
		why, -ENOENT,
		"there is no kcopyd.ko for the running kernel %s: build it (make modules) and install it (make install), or name it (--module, KCOPYD_MODULE)",
		host.release);
}
