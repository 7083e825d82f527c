/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program bpftool. */
#ifndef _KCOPYCTL_BPFTOOL_H
#define _KCOPYCTL_BPFTOOL_H

#include <stdbool.h>
#include <stddef.h>

/* Its version, a line; whether there is one that answers. */
bool bpftool_version(char *version, size_t size);

#endif /* _KCOPYCTL_BPFTOOL_H */
