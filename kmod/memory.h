/* SPDX-License-Identifier: GPL-2.0-only */
/* How memory is asked for on behalf of user space. */
#ifndef _KCOPYD_MEMORY_H
#define _KCOPYD_MEMORY_H

#include <linux/gfp.h>

/*
 * Charged to the memory cgroup. What does not fit fails: nobody, the asking
 * process included, is killed for it, and whoever asked is told.
 */
#define KC_GFP_ACCOUNT (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* The same where sleeping is out of the question, and there is another way. */
#define KC_GFP_NOWAIT (GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

#endif /* _KCOPYD_MEMORY_H */
