/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device or a file is told by, from boot to boot: a map says of which it
 * is, and is trusted with no other one. Kernel names and numbers are none of that.
 */
#ifndef _KCOPYCTL_IDENTITY_H
#define _KCOPYCTL_IDENTITY_H

#include <stddef.h>
#include "copy.h"

#define IDENTITY_MAX 512

/**
 * identity_of - one line of text that no other one has
 * @target: a device; or a file, that its path or descriptor still means
 * @buf: where to put it
 * @size: of that, IDENTITY_MAX is enough
 *
 * Return: @buf; "" if there is nothing that it could be told by.
 */
char *identity_of(const struct plan_target *target, char *buf, size_t size);

/* What all of these are missing that have none, in words. */
const char *identity_wanted(const struct plan_target *target);

#endif /* _KCOPYCTL_IDENTITY_H */
