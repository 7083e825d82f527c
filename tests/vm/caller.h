/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kcopyd_test.ko, the in-kernel caller. */
#ifndef _TESTS_VM_CALLER_H
#define _TESTS_VM_CALLER_H

#include "../kmod/kcopyd_test.h"
#include "rig.h"

/* Loads the module first. */
int caller_open(void);
/* ioctl() of /dev/kcopyd_test; the errno as a negative number. */
int caller_ioctl(int caller, unsigned long cmd, void *args);
struct kcopyd_test_region caller_region(const char *path, uint64_t sector,
					uint64_t count);

#endif /* _TESTS_VM_CALLER_H */
