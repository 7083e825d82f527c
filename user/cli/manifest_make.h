/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest of a copy is made: the job's digests are kept as they come. */
#ifndef _KCOPYCTL_MANIFEST_MAKE_H
#define _KCOPYCTL_MANIFEST_MAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "manifest.h"

struct kcopyd_event;
struct outcome;
struct plan;

/**
 * struct manifest_maker - a manifest that there is not yet
 * @plan: of the copy
 * @scratch: the pieces so far; NULL: no manifest is wanted
 * @piece: the next one, as far as it has come
 * @end: of the pieces
 * @err: of @scratch, -errno
 * @written: now there is one
 */
struct manifest_maker {
	const struct plan *plan;
	FILE *scratch;
	struct manifest_piece piece;
	uint64_t end;
	int err;
	bool written;
};

/* Before the copy: can it be written? An exit code; it has complained. */
int manifest_make_begin(struct manifest_maker *maker, const struct plan *plan);

/* An event of the job; as outcome.h has it. */
void manifest_make_take(const struct kcopyd_event *event, void *maker);

/* The job is over: the file, if it is worth it. An exit code. */
int manifest_make_end(struct manifest_maker *maker,
		      const struct outcome *outcome);

/* Whether there was an end or not. */
void manifest_make_drop(struct manifest_maker *maker);

#endif /* _KCOPYCTL_MANIFEST_MAKE_H */
