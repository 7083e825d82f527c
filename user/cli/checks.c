// SPDX-License-Identifier: GPL-2.0-or-later
/* What a machine offers: one function a check. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <kcopyd/version.h>
#include <libkcopy.h>
#include "bpftool.h"
#include "check.h"
#include "checks_bpf.h"
#include "checks_signing.h"
#include "cleanup.h"
#include "service.h"

static void check_privilege(struct check *check)
{
	static const struct {
		unsigned int number;
		const char *name;
	} wanted[] = { { CAP_SYS_MODULE, "CAP_SYS_MODULE (load)" },
		       { CAP_SYS_ADMIN, "CAP_SYS_ADMIN (pins)" },
		       { CAP_BPF, "CAP_BPF (statistics)" },
		       { CAP_PERFMON, "CAP_PERFMON (statistics)" } };
	char missing[128] = "";
	size_t i, len = 0;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!has_capability(wanted[i].number))
			len += snprintf(missing + len, sizeof(missing) - len,
					"%s %s", len ? "," : "",
					wanted[i].name);
	}
	if (!len) {
		check_set(check, CHECK_OK, "every capability that is needed");
		return;
	}
	check_set(check,
		  module_loaded() || has_capability(CAP_SYS_MODULE) ?
			  CHECK_MISSING :
			  CHECK_FATAL,
		  "missing:%s", missing);
	check_advise(check, "run kcopyctl as root (sudo kcopyctl doctor)");
}

/* After an upgrade the old one stays until somebody lets go of it. */
static void check_version(struct check *check,
			  const struct kcopy_module *module)
{
	if (!strcmp(module->version, KCOPYD_VERSION)) {
		check_set(check, CHECK_OK, "loaded, version %s",
			  module->version);
		return;
	}
	check_set(check, CHECK_NOTE,
		  "loaded, version %s; this kcopyctl is " KCOPYD_VERSION,
		  module->version);
	check_advise(
		check,
		"when no job runs: kcopyctl unload, kcopyctl load takes the one that is installed");
}

static void check_module(struct check *check)
{
	AUTO_FREE char *path = NULL;
	struct kcopy_explanation why;
	struct kcopy_module module;

	kcopy_module_info(&module);
	if (module.loaded) {
		check_version(check, &module);
	} else if (!kcopy_module_find(NULL, &path, &why)) {
		check_set(check, CHECK_OK, "not loaded, found %s", path);
		check_advise(check, "kcopyctl load");
	} else {
		check_set(check, CHECK_FATAL,
			  "not loaded, and none found for this kernel");
		check_advise(check, why.text);
	}
}

static void check_service(struct check *check)
{
	struct kcopy *kcopy;
	int err = kcopy_open(&kcopy);

	if (!err) {
		check_set(check, CHECK_OK, "/dev/kcopyd answers");
		kcopy_close(kcopy);
		return;
	}
	/* Not there yet is no fault: whether it can be is the module's line. */
	check_set(check, module_loaded() ? CHECK_FATAL : CHECK_NOTE, "%s",
		  strerror(-err));
	check_advise(check, explain_service(err));
}

static void check_lockdown(struct check *check)
{
	char text[128];

	if (!read_line("/sys/kernel/security/lockdown", text, sizeof(text)))
		check_set(check, CHECK_OK, "this kernel has none");
	else if (strstr(text, "[confidentiality]"))
		check_set(check, CHECK_MISSING,
			  "%s: BPF statistics are refused", text);
	else
		check_set(check, CHECK_OK, "%s", text);
}

static void check_bpftool(struct check *check)
{
	char version[128];

	if (bpftool_version(version, sizeof(version)))
		check_set(check, CHECK_OK, "%s", version);
	else
		check_set(check, CHECK_NOTE,
			  "none: only for looking at maps by hand");
}

static void check_libbpf(struct check *check)
{
	check_set(check, CHECK_OK, "%s", libbpf_version_string());
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
		{ "raw_tracepoint", check_raw_tracepoint },
		{ "bpf_loop", check_bpf_loop },
		{ "ring_buffer", check_ring_buffer },
		{ "bpf_jit", check_bpf_jit },
		{ "statistics", check_statistics },
		{ "kernel_btf", check_kernel_btf },
		{ "module_btf", check_module_btf },
		{ "struct_ops", check_struct_ops },
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
