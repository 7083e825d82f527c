// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules: our own from the build folder, others through modprobe. */
#include <sys/syscall.h>

#include "rig.h"

#define MODPROBE "/proc/sys/kernel/modprobe"

static void module_path(char *path, size_t size, const char *name)
{
	const char *build = getenv("KCOPYD_BUILD");

	cr_assert_not_null(build, "KCOPYD_BUILD is not set");
	snprintf(path, size, "%s/%s/%s.ko", build,
		 strcmp(name, "kcopyd") ? "tests/kmod" : "kmod", name);
}

bool module_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

void module_load(const char *name)
{
	char path[512];
	int fd, ret;

	if (module_loaded(name))
		return;
	module_path(path, sizeof(path), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %m", path);
	ret = syscall(SYS_finit_module, fd, "", 0);
	cr_assert_eq(ret, 0, "loading %s: %m", path);
	close(fd);
}

int module_try_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* The last close of a descriptor drops its reference a moment later. */
void module_unload(const char *name)
{
	if (!module_loaded(name))
		return;
	rig_wait_for(!module_try_unload(name), 10, "unloading the module");
}

void modules_unload(void)
{
	module_unload("kcopyd_test");
	module_unload("kcopyd");
}

const char *module_file(void)
{
	static char path[512];

	module_path(path, sizeof(path), "kcopyd");
	return path;
}

void module_probe(const char *name, const char *options)
{
	if (!module_loaded(name))
		run_ok("modprobe", name, options);
}

bool crypto_has(const char *algorithm)
{
	char table[64 * KIB] = {};
	int fd, ret;

	fd = device_open("/proc/crypto", O_RDONLY);
	for (size_t at = 0;
	     (ret = read(fd, table + at, sizeof(table) - 1 - at)) > 0;)
		at += ret;
	close(fd);
	return strstr(table, algorithm);
}

/* What the kernel calls, while that is nothing. */
static char modprobe[256];

static void modprobe_set(const char *path)
{
	int fd = device_open(MODPROBE, O_WRONLY);

	cr_assert_eq(write(fd, path, strlen(path)), (ssize_t)strlen(path));
	close(fd);
}

void modprobe_disable(void)
{
	int fd = device_open(MODPROBE, O_RDONLY);

	cr_assert_gt(read(fd, modprobe, sizeof(modprobe) - 1), 0);
	close(fd);
	modprobe_set("/none");
}

void modprobe_enable(void)
{
	if (*modprobe)
		modprobe_set(modprobe);
	*modprobe = '\0';
}
