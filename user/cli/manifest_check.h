/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 'kcopyctl verify --manifest': without a source, and without the module. */
#ifndef _KCOPYCTL_MANIFEST_CHECK_H
#define _KCOPYCTL_MANIFEST_CHECK_H

struct copy_options;

/* All of it; an exit code. */
int manifest_check(const struct copy_options *options);

#endif /* _KCOPYCTL_MANIFEST_CHECK_H */
