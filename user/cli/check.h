/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one check is made of. */
#ifndef _KCOPYCTL_CHECK_H
#define _KCOPYCTL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include "checks.h"

__attribute__((format(printf, 3, 4))) void
check_set(struct check *check, enum check_state state, const char *format, ...);
void check_advise(struct check *check, const char *remedy);

/* The first line of a file; whether there was one. */
bool read_line(const char *path, char *buf, size_t size);

bool module_loaded(void);

/* CAP_*, in effect. */
bool has_capability(unsigned int capability);

#endif /* _KCOPYCTL_CHECK_H */
