// SPDX-License-Identifier: GPL-2.0-or-later
/* What a machine offers to statistics: one function a check. */
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <libkcopy.h>
#include "btf_section.h"
#include "check.h"
#include "checks_bpf.h"
#include "cleanup.h"
#include "features.h"

#define BPF_FS "/sys/fs/bpf"
#define TRACE_FS "/sys/kernel/tracing"
#define TRACE_EVENTS TRACE_FS "/events/kcopyd"
#define BTF_FOLDER "/sys/kernel/btf"
#define JIT "/proc/sys/net/core/bpf_jit_enable"

static const char no_rights[] = "unknown without rights";
static const char as_root[] = "run kcopyctl as root (sudo kcopyctl doctor)";

static void unknown(struct check *check)
{
	check_set(check, CHECK_UNKNOWN, "%s", no_rights);
	check_advise(check, as_root);
}

void check_tracepoints(struct check *check)
{
	struct statfs fs;

	if (!access(TRACE_EVENTS "/kcopyd_io_done", F_OK)) {
		check_set(check, CHECK_OK, TRACE_EVENTS);
	} else if (errno == EACCES) {
		unknown(check);
	} else if (statfs(TRACE_FS, &fs) || fs.f_type != TRACEFS_MAGIC) {
		check_set(
			check, CHECK_NOTE,
			"tracefs is not mounted: statistics need none, perf and trace-cmd do");
		check_advise(check, "mount -t tracefs tracefs " TRACE_FS);
	} else if (!module_loaded()) {
		check_set(check, CHECK_NOTE,
			  "unknown until the module is loaded");
	} else {
		check_set(check, CHECK_MISSING, "not seen in " TRACE_EVENTS);
		check_advise(
			check,
			"use a kernel with CONFIG_TRACEPOINTS and CONFIG_EVENT_TRACING");
	}
}

void check_bpf_fs(struct check *check)
{
	struct statfs fs;

	if (!statfs(BPF_FS, &fs) && fs.f_type == BPF_FS_MAGIC) {
		check_set(check, CHECK_OK, "mounted at " BPF_FS);
		return;
	}
	check_set(check, CHECK_MISSING, "not mounted: no statistics");
	check_advise(check, "mount -t bpf bpf " BPF_FS);
}

/* Of a feature that something can't do without. */
static void check_feature(struct check *check, enum feature feature,
			  enum check_state without, const char *loss)
{
	int there = feature_probe(feature);

	if (there > 0) {
		check_set(check, CHECK_OK, "%s", feature_text(feature));
	} else if (there == -EPERM) {
		unknown(check);
	} else if (there < 0) {
		check_set(check, CHECK_UNKNOWN, "unknown: %s",
			  strerror(-there));
	} else {
		check_set(check, without, "this kernel has none: %s", loss);
		check_advise(
			check,
			"use a kernel with CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS, 6.1 or newer");
	}
}

void check_raw_tracepoint(struct check *check)
{
	check_feature(check, FEATURE_RAW_TRACEPOINT, CHECK_MISSING,
		      "no statistics");
}

void check_bpf_loop(struct check *check)
{
	check_feature(check, FEATURE_BPF_LOOP, CHECK_MISSING, "no statistics");
}

void check_ring_buffer(struct check *check)
{
	check_feature(check, FEATURE_RING_BUFFER, CHECK_MISSING, "no traces");
}

/* A kernel that can do nothing else may have no such file. */
void check_bpf_jit(struct check *check)
{
	char enabled[16];

	if (read_line(JIT, enabled, sizeof(enabled))) {
		if (*enabled != '0') {
			check_set(check, CHECK_OK, "on (bpf_jit_enable %s)",
				  enabled);
			return;
		}
		check_set(check, CHECK_NOTE,
			  "off: statistics cost several times as much");
		check_advise(check, "sysctl net.core.bpf_jit_enable=1");
	} else if (!access(JIT, F_OK)) {
		unknown(check);
	} else {
		check_set(check, CHECK_NOTE, "this kernel has none");
	}
}

/* Every pin may be there, and yet be another version's. */
static void check_version(struct check *check)
{
	struct kcopy_observer *observer;
	int err = kcopy_observer_open(&observer);

	if (!err) {
		check_set(check, CHECK_OK,
			  "attached, pinned in " KCOPYD_PIN_DIR);
		kcopy_observer_close(observer);
	} else if (err == -EPROTO) {
		check_set(check, CHECK_MISSING,
			  "attached, but those of another version");
		check_advise(check, "kcopyctl unload, then kcopyctl load");
	} else if (err == -EACCES || err == -EPERM) {
		unknown(check);
	} else {
		check_set(check, CHECK_UNKNOWN, "unknown: %s", strerror(-err));
	}
}

void check_statistics(struct check *check)
{
	enum kcopy_observer_state state;
	int err = kcopy_observer_state(&state);

	if (err == -EACCES || err == -EPERM) {
		unknown(check);
	} else if (err) {
		check_set(check, CHECK_UNKNOWN, "unknown: %s", strerror(-err));
	} else if (state == KCOPY_OBSERVER_ATTACHED) {
		check_version(check);
	} else if (state == KCOPY_OBSERVER_STALE) {
		check_set(check, CHECK_MISSING,
			  "stale pins in " KCOPYD_PIN_DIR
			  ", of an interrupted load or unload");
		check_advise(
			check,
			"kcopyctl load, which replaces them, or kcopyctl unload");
	} else {
		check_set(check, CHECK_NOTE, "not attached");
		check_advise(check, "kcopyctl load");
	}
}

void check_kernel_btf(struct check *check)
{
	if (!access(BTF_FOLDER "/vmlinux", R_OK)) {
		check_set(check, CHECK_OK, BTF_FOLDER "/vmlinux");
		return;
	}
	check_set(check, CHECK_NOTE,
		  "none: statistics need none, module types do");
	check_advise(check, "use a kernel with CONFIG_DEBUG_INFO_BTF");
}

/* Whether the kernel takes it from any module. */
static bool any_module_btf(void)
{
	AUTO_DIR DIR *dir = opendir(BTF_FOLDER);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name != '.' && strcmp(entry->d_name, "vmlinux"))
			return true;
	}
	return false;
}

static void without_btf(struct check *check, const char *what)
{
	check_set(check, CHECK_NOTE, "%s: statistics need none", what);
	if (access(BTF_FOLDER "/vmlinux", R_OK))
		return;
	if (any_module_btf())
		check_advise(
			check,
			"build kcopyd.ko with the kernel's BTF (scripts/kernel-btf), load it anew");
	else
		check_advise(
			check,
			"build kcopyd.ko with the kernel's BTF (scripts/kernel-btf), for a kernel with CONFIG_DEBUG_INFO_BTF_MODULES");
}

void check_module_btf(struct check *check)
{
	AUTO_FREE char *path = NULL;
	int has;

	if (!access(BTF_FOLDER "/kcopyd", R_OK)) {
		check_set(check, CHECK_OK, BTF_FOLDER "/kcopyd");
		return;
	}
	if (module_loaded()) {
		without_btf(check, "the loaded module has none");
		return;
	}
	has = kcopy_module_find(NULL, &path, NULL) ? -ENOENT :
						     has_btf_section(path);
	if (has > 0)
		check_set(check, CHECK_OK, "in %s, not loaded", path);
	else if (!has)
		without_btf(check, "the module's file has none");
	else
		check_set(check, CHECK_UNKNOWN,
			  "unknown until the module is loaded");
}

void check_struct_ops(struct check *check)
{
	int core = feature_probe(FEATURE_STRUCT_OPS);
	int modules = feature_probe(FEATURE_MODULE_STRUCT_OPS);

	if (core == -EPERM) {
		unknown(check);
	} else if (core > 0 && modules > 0) {
		check_set(check, CHECK_OK, "%s",
			  feature_text(FEATURE_MODULE_STRUCT_OPS));
	} else {
		check_set(check, CHECK_NOTE, "%s: kcopyd has no use for them",
			  core > 0 ? feature_text(FEATURE_STRUCT_OPS) : "none");
	}
}
