/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _KCOPYCTL_SERVICE_H
#define _KCOPYCTL_SERVICE_H

struct kcopy;

/* Open /dev/kcopyd, or complain; an exit code. */
int open_service(struct kcopy **kcopy);

/* What -errno of kcopy_open() means, and what to do about it. */
const char *explain_service(int err);

#endif /* _KCOPYCTL_SERVICE_H */
