/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroes to write from (zero.c). */
#ifndef _KCOPYD_ZERO_H
#define _KCOPYD_ZERO_H

#include <linux/bvec.h>

extern struct bio_vec kc_zero_vec[];

int kc_zero_init(void);
void kc_zero_exit(void);
unsigned int kc_zero_sectors(void);

#endif /* _KCOPYD_ZERO_H */
