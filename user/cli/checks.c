// SPDX-License-Identifier: GPL-2.0-or-later
/* What a machine offers: one function a check. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <libkcopy.h>
#include "checks.h"
#include "cleanup.h"
#include "service.h"

#define BPF_FS "/sys/fs/bpf"
#define TRACE_EVENTS "/sys/kernel/tracing/events/kcopyd"

__attribute__((format(printf, 3, 4))) static void
set(struct check *check, enum check_state state, const char *format, ...)
{
	va_list args;

	check->state = state;
	va_start(args, format);
	vsnprintf(check->found, sizeof(check->found), format, args);
	va_end(args);
}

static void advise(struct check *check, const char *remedy)
{
	snprintf(check->remedy, sizeof(check->remedy), "%s", remedy);
}

/* The first line of a file; whether there was one. */
static bool read_line(const char *path, char *buf, size_t size)
{
	AUTO_FILE FILE *file = fopen(path, "re");

	if (!file || !fgets(buf, size, file))
		return false;
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

static bool module_loaded(void)
{
	struct kcopy_module module;

	kcopy_module_info(&module);
	return module.loaded;
}

static bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(capability)].effective &
	       CAP_TO_MASK(capability);
}

static void check_privilege(struct check *check)
{
	static const struct {
		unsigned int number;
		const char *name;
	} wanted[] = { { CAP_SYS_MODULE, "CAP_SYS_MODULE" },
		       { CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
		       { CAP_BPF, "CAP_BPF" },
		       { CAP_PERFMON, "CAP_PERFMON" } };
	char missing[128] = "";
	size_t i, len = 0;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!has_capability(wanted[i].number))
			len += snprintf(missing + len, sizeof(missing) - len,
					" %s", wanted[i].name);
	}
	if (!len) {
		set(check, CHECK_OK, "every capability that is needed");
		return;
	}
	set(check,
	    module_loaded() || has_capability(CAP_SYS_MODULE) ? CHECK_MISSING :
								CHECK_FATAL,
	    "missing:%s", missing);
	advise(check, "run kcopyctl as root (sudo kcopyctl doctor)");
}

static void check_module(struct check *check)
{
	AUTO_FREE char *path = NULL;
	struct kcopy_explanation why;
	struct kcopy_module module;

	kcopy_module_info(&module);
	if (module.loaded) {
		set(check, CHECK_OK, "loaded, version %s", module.version);
	} else if (!kcopy_module_find(NULL, &path, &why)) {
		set(check, CHECK_OK, "not loaded, found %s", path);
		advise(check, "kcopyctl load");
	} else {
		set(check, CHECK_FATAL,
		    "not loaded, and none found for this kernel");
		advise(check, why.text);
	}
}

static void check_service(struct check *check)
{
	struct kcopy *kcopy;
	int err = kcopy_open(&kcopy);

	if (!err) {
		set(check, CHECK_OK, "/dev/kcopyd answers");
		kcopy_close(kcopy);
		return;
	}
	/* Not there yet is no fault: whether it can be is the module's line. */
	set(check, module_loaded() ? CHECK_FATAL : CHECK_NOTE, "%s",
	    strerror(-err));
	advise(check, explain_service(err));
}

static void check_signing(struct check *check)
{
	char enforce[8] = "", lockdown[128] = "";

	read_line("/sys/module/module/parameters/sig_enforce", enforce,
		  sizeof(enforce));
	read_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	if (*enforce != 'Y' && (!*lockdown || strstr(lockdown, "[none]"))) {
		set(check, CHECK_OK, "unsigned modules are taken");
		return;
	}
	/* A module that is loaded has passed. */
	set(check, module_loaded() ? CHECK_OK : CHECK_MISSING,
	    "only signed modules are taken (sig_enforce %s, lockdown %s)",
	    *enforce ? enforce : "unknown", *lockdown ? lockdown : "none");
	if (!module_loaded())
		advise(check,
		       "sign kcopyd.ko and enrol the key with mokutil, or switch Secure Boot off");
}

static void check_lockdown(struct check *check)
{
	char text[128];

	if (!read_line("/sys/kernel/security/lockdown", text, sizeof(text)))
		set(check, CHECK_OK, "this kernel has none");
	else if (strstr(text, "[confidentiality]"))
		set(check, CHECK_MISSING, "%s: BPF statistics are refused",
		    text);
	else
		set(check, CHECK_OK, "%s", text);
}

static void check_kernel_btf(struct check *check)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		set(check, CHECK_OK, "/sys/kernel/btf/vmlinux");
	else
		set(check, CHECK_NOTE,
		    "none: statistics need none, policies will");
}

static void check_module_btf(struct check *check)
{
	if (!access("/sys/kernel/btf/kcopyd", R_OK))
		set(check, CHECK_OK, "/sys/kernel/btf/kcopyd");
	else if (module_loaded())
		set(check, CHECK_NOTE,
		    "the module was built without: statistics need none");
	else
		set(check, CHECK_NOTE, "unknown until the module is loaded");
}

static void check_bpf_fs(struct check *check)
{
	struct statfs fs;

	if (!statfs(BPF_FS, &fs) && fs.f_type == BPF_FS_MAGIC) {
		set(check, CHECK_OK, "mounted at " BPF_FS);
		return;
	}
	set(check, CHECK_MISSING, "not mounted: no statistics");
	advise(check, "mount -t bpf bpf " BPF_FS);
}

static void check_tracepoints(struct check *check)
{
	if (!access(TRACE_EVENTS "/kcopyd_io_done", F_OK)) {
		set(check, CHECK_OK, TRACE_EVENTS);
	} else if (!module_loaded()) {
		set(check, CHECK_NOTE, "unknown until the module is loaded");
	} else {
		set(check, CHECK_MISSING, "not seen in " TRACE_EVENTS);
		advise(check, "mount -t tracefs tracefs /sys/kernel/tracing");
	}
}

static void check_statistics(struct check *check)
{
	enum kcopy_observer_state state;
	int err = kcopy_observer_state(&state);

	if (err)
		set(check, CHECK_NOTE, "unknown: %s", strerror(-err));
	else if (state == KCOPY_OBSERVER_ATTACHED)
		set(check, CHECK_OK, "attached, pinned in " KCOPYD_PIN_DIR);
	else
		set(check, CHECK_NOTE, "%s",
		    state == KCOPY_OBSERVER_STALE ? "stale pins" :
						    "not attached");
	if (!err && state != KCOPY_OBSERVER_ATTACHED)
		advise(check, "kcopyctl load");
}

static void check_libbpf(struct check *check)
{
	set(check, CHECK_OK, "%s", libbpf_version_string());
}

static void check_bpftool(struct check *check)
{
	/* sbin is not in everybody's PATH. */
	FILE *pipe = popen(
		"PATH=$PATH:/usr/sbin:/sbin bpftool version 2>/dev/null", "re");
	char line[128] = "";

	if (pipe) {
		if (!fgets(line, sizeof(line), pipe))
			line[0] = '\0';
		pclose(pipe);
	}
	line[strcspn(line, "\n")] = '\0';
	if (*line)
		set(check, CHECK_OK, "%s", line);
	else
		set(check, CHECK_NOTE,
		    "none: only for looking at maps by hand");
}

size_t checks_run(struct check checks[CHECKS_MAX])
{
	static const struct {
		const char *name;
		void (*run)(struct check *check);
	} all[] = {
		{ "privilege", check_privilege },
		{ "module", check_module },
		{ "service", check_service },
		{ "signing", check_signing },
		{ "lockdown", check_lockdown },
		{ "tracepoints", check_tracepoints },
		{ "bpf_fs", check_bpf_fs },
		{ "statistics", check_statistics },
		{ "kernel_btf", check_kernel_btf },
		{ "module_btf", check_module_btf },
		{ "libbpf", check_libbpf },
		{ "bpftool", check_bpftool },
	};
	size_t i, nr = sizeof(all) / sizeof(*all);

	_Static_assert(sizeof(all) / sizeof(*all) <= CHECKS_MAX, "room");
	for (i = 0; i < nr; i++) {
		checks[i] = (struct check){ .name = all[i].name };
		all[i].run(&checks[i]);
	}
	return nr;
}
