/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device is made of: LVM, RAID, multipath, loop devices. */
#ifndef _KCOPYCTL_BUILT_ON_H
#define _KCOPYCTL_BUILT_ON_H

#include <stdbool.h>
#include <libkcopy.h>

/**
 * built_on - would writing to one device write to another?
 * @upper: which is written
 * @lower: another; the disk that it is on, its partitions, and what it is over as
 *	a loop device count as well
 *
 * Return: whether @upper is made of it, over however many others.
 */
bool built_on(const struct kcopy_device *upper,
	      const struct kcopy_device *lower);

#endif /* _KCOPYCTL_BUILT_ON_H */
