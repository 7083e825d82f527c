/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _KCOPY_EXPLAIN_H
#define _KCOPY_EXPLAIN_H

#include <libkcopy.h>

/* Fill in WHY, if the caller wants it; returns ERR, so that it ends a path. */
int kcopy_explain(struct kcopy_explanation *why, int err, const char *format,
		  ...) __attribute__((format(printf, 3, 4)));

/* Whether the kernel is locked down against what unsigned code may do. */
bool kcopy_locked_down(void);

#endif /* _KCOPY_EXPLAIN_H */
