/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the kernel takes the module: Secure Boot, lockdown, keys. */
#ifndef _KCOPYCTL_CHECKS_SIGNING_H
#define _KCOPYCTL_CHECKS_SIGNING_H

struct check;

void check_signing(struct check *check);

/* Of a module in a file, where only signed ones are taken; WHY is that so. */
void check_signer(struct check *check, const char *path, const char *why);

#endif /* _KCOPYCTL_CHECKS_SIGNING_H */
