/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/kcopyd (dev.c). */
#ifndef _KCOPYD_DEV_H
#define _KCOPYD_DEV_H

int kc_dev_init(void);
void kc_dev_exit(void);

#endif /* _KCOPYD_DEV_H */
