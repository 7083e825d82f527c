/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the kernel does not take BPF programs. */
#ifndef _KCOPY_REFUSAL_H
#define _KCOPY_REFUSAL_H

#include <bpf/libbpf.h>
#include <libkcopy.h>

/*
 * From here on what libbpf has to say is noted and not printed, until the other
 * gets what this returns. The process has one way to print it, so other threads
 * wait in between.
 */
libbpf_print_fn_t kcopy_note_complaints(void);
void kcopy_complaints_noted(libbpf_print_fn_t print);

/* What -errno of loading or attaching programs means; returns it. */
int kcopy_explain_bpf(struct kcopy_explanation *why, int err);

#endif /* _KCOPY_REFUSAL_H */
