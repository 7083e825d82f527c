/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels, in one place, included before each file.
 * What can be probed as an API is; nothing else tests a version.
 */
#ifndef _KCOPYD_COMPAT_H
#define _KCOPYD_COMPAT_H

#include <linux/blkdev.h>
#include <linux/cgroup.h>
#include <linux/kconfig.h>
#include <linux/memcontrol.h>
#include <linux/preempt.h>

/*
 * The block cgroup of the current task, with a reference, or NULL where the
 * kernel has none.
 */
static inline struct cgroup_subsys_state *kc_current_blkcg_get(void)
{
#ifdef CONFIG_BLK_CGROUP
	return task_get_css(current, io_cgrp_id);
#else
	return NULL;
#endif
}

static inline void kc_blkcg_put(struct cgroup_subsys_state *css)
{
#ifdef CONFIG_BLK_CGROUP
	css_put(css);
#endif
}

/*
 * The memory cgroup of the current task, with a reference (mem_cgroup_put), or
 * NULL where the kernel has none.
 */
static inline struct mem_cgroup *kc_current_memcg_get(void)
{
#ifdef CONFIG_MEMCG
	return mem_cgroup_from_css(task_get_css(current, memory_cgrp_id));
#else
	return NULL;
#endif
}

/*
 * Seeks take time: of a queue's flags the one that was kept is the opposite,
 * before there were features.
 */
static inline bool kc_bdev_rot(struct block_device *bdev)
{
#ifdef BLK_FEAT_ROTATIONAL
	return bdev_get_queue(bdev)->limits.features & BLK_FEAT_ROTATIONAL;
#else
	return !bdev_nonrot(bdev);
#endif
}

/*
 * Call a tracepoint, by its name and arguments. BPF does not enter a program
 * twice on a processor, so nothing is lost of what is told outside interrupts
 * as long as who tells is not preempted. Kernels saw to that themselves, until
 * those whose tracepoints are under SRCU.
 */
#define kc_trace(name, ...)                        \
	do {                                       \
		if (trace_##name##_enabled()) {    \
			preempt_disable_notrace(); \
			trace_##name(__VA_ARGS__); \
			preempt_enable_notrace();  \
		}                                  \
	} while (0)

#endif /* _KCOPYD_COMPAT_H */
