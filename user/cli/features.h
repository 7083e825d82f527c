/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What BPF can do in the running kernel: found out by trying. */
#ifndef _KCOPYCTL_FEATURES_H
#define _KCOPYCTL_FEATURES_H

enum feature {
	FEATURE_RAW_TRACEPOINT,
	FEATURE_BPF_LOOP,
	FEATURE_RING_BUFFER,
	FEATURE_STRUCT_OPS, /* of the kernel itself */
	FEATURE_MODULE_STRUCT_OPS,
};

/* 1 if it is there, 0 if not; -EPERM without the right to try, -errno. */
int feature_probe(enum feature feature);

/* What it is, in words. */
const char *feature_text(enum feature feature);

#endif /* _KCOPYCTL_FEATURES_H */
