/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device or file is compared with a manifest. */
#ifndef _KCOPYCTL_MANIFEST_COMPARE_H
#define _KCOPYCTL_MANIFEST_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "direct.h"
#include "extents.h"

struct manifest;
struct tracker;

/**
 * struct comparison - of one target
 * @manifest: its text, which is read from the start
 * @sums: what it said when it was read before
 * @direct: the target
 * @offset: where the copy begins on it
 * @region: number of the target in extents
 * @compared: bytes that were
 * @done: bytes that need not be looked at any more
 * @errors: requests that failed
 * @error: of the first of them, -errno; -EILSEQ when @differs was first
 * @differs: something does
 * @extents: what is not equal; those of other regions may be before
 */
struct comparison {
	FILE *manifest;
	const struct manifest *sums;
	struct direct direct;
	uint64_t offset;
	unsigned int region;
	uint64_t compared;
	uint64_t done;
	unsigned int errors;
	int error;
	bool differs;
	struct extents *extents;
};

/*
 * All pieces that have a digest, by several threads, with progress; until a
 * signal comes. 0 or -errno: -ESTALE when the manifest has changed, -ENOMEM.
 */
int manifest_compare(struct comparison *comparison, struct tracker *tracker);

#endif /* _KCOPYCTL_MANIFEST_COMPARE_H */
