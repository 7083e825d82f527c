// SPDX-License-Identifier: GPL-2.0-or-later
/* What BPF can do in the running kernel. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "check.h"
#include "features.h"

/* Newer than the headers of most distributions. */
#define F_VTYPE_BTF_OBJ_FD (1U << 15)

/* For the probes of libbpf, which take a refusal for "there is none". */
static bool may_try(void)
{
	return has_capability(CAP_SYS_ADMIN) ||
	       (has_capability(CAP_BPF) && has_capability(CAP_PERFMON));
}

/*
 * Of a map for a module's struct_ops, with a descriptor of its types that is
 * none: a kernel that knows about it looks at that, others refuse the flag.
 */
static int probe_module_struct_ops(void)
{
	struct {
		union bpf_attr attr;
		char newer[64];
	} args;
	const size_t at = offsetof(union bpf_attr, map_extra) + sizeof(__u64);
	const __s32 none = -1;
	int fd;

	memset(&args, 0, sizeof(args));
	args.attr.map_type = BPF_MAP_TYPE_STRUCT_OPS;
	args.attr.key_size = sizeof(__u32);
	args.attr.value_size = sizeof(__u64);
	args.attr.max_entries = 1;
	args.attr.map_flags = F_VTYPE_BTF_OBJ_FD;
	args.attr.btf_vmlinux_value_type_id = 1;
	memcpy((char *)&args + at, &none, sizeof(none));
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &args, at + sizeof(none));
	if (fd >= 0) {
		close(fd);
		return 1;
	}
	return errno == EPERM ? -EPERM : errno == EBADF;
}

int feature_probe(enum feature feature)
{
	libbpf_print_fn_t print;
	int there = 0;

	if (!may_try())
		return -EPERM;
	print = libbpf_set_print(NULL);
	switch (feature) {
	case FEATURE_RAW_TRACEPOINT:
		there = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_RAW_TRACEPOINT,
						   NULL);
		break;
	case FEATURE_BPF_LOOP:
		there = libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT,
						BPF_FUNC_loop, NULL);
		break;
	case FEATURE_RING_BUFFER:
		there = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL);
		break;
	case FEATURE_STRUCT_OPS:
		there = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_STRUCT_OPS,
						   NULL);
		break;
	case FEATURE_MODULE_STRUCT_OPS:
		there = probe_module_struct_ops();
		break;
	}
	libbpf_set_print(print);
	return there;
}

const char *feature_text(enum feature feature)
{
	static const char *const words[] = {
		[FEATURE_RAW_TRACEPOINT] = "programs on raw tracepoints",
		[FEATURE_BPF_LOOP] = "loops in programs",
		[FEATURE_RING_BUFFER] = "ring buffers",
		[FEATURE_STRUCT_OPS] = "of the kernel itself only",
		[FEATURE_MODULE_STRUCT_OPS] = "of modules, too",
	};

	return words[feature];
}
