/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that may be anything: names of files, labels of disks. */
#ifndef _KCOPYCTL_UTF8_H
#define _KCOPYCTL_UTF8_H

/* A copy in which each byte that is no UTF-8 is U+FFFD; free() it; or NULL. */
char *utf8_clean(const char *text);

#endif /* _KCOPYCTL_UTF8_H */
