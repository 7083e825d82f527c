/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine offers to statistics. */
#ifndef _KCOPYCTL_CHECKS_BPF_H
#define _KCOPYCTL_CHECKS_BPF_H

struct check;

void check_tracepoints(struct check *check);
void check_bpf_fs(struct check *check);
void check_raw_tracepoint(struct check *check);
void check_bpf_loop(struct check *check);
void check_ring_buffer(struct check *check);
void check_bpf_jit(struct check *check);
void check_statistics(struct check *check);
void check_kernel_btf(struct check *check);
void check_module_btf(struct check *check);
void check_struct_ops(struct check *check);

#endif /* _KCOPYCTL_CHECKS_BPF_H */
