/* SPDX-License-Identifier: GPL-2.0-only */
/* How memory is asked for on behalf of user space. */
#ifndef _KCOPYD_MEMORY_H
#define _KCOPYD_MEMORY_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/*
 * Charged to the memory cgroup. What does not fit fails: nobody, the asking
 * process included, is killed for it, and whoever asked is told.
 */
#define KC_GFP_ACCOUNT (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* The same where sleeping is out of the question, and there is another way. */
#define KC_GFP_NOWAIT (GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

/*
 * A table, of zeroes, for kvfree(). Not kvmalloc(): told to try hard, it would
 * try hard for contiguous memory, at the cost of everybody's cache, before it
 * takes pages as they are.
 */
static inline void *kc_table_alloc(size_t nr, size_t size)
{
	const size_t bytes = array_size(nr, size);

	if (bytes <= PAGE_SIZE)
		return kzalloc(bytes, KC_GFP_ACCOUNT);
	return __vmalloc(bytes, KC_GFP_ACCOUNT | __GFP_ZERO);
}

#endif /* _KCOPYD_MEMORY_H */
