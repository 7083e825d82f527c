/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's state and outcome, for people and for programs. */
#ifndef _KCOPYCTL_RESULT_H
#define _KCOPYCTL_RESULT_H

#include <stddef.h>
#include <libkcopy.h>

struct json_object;

/* "complete", "partial", "failed", "cancelled"; "-" while it runs. */
const char *result_word(const struct kcopyd_status *status);

/* Whether bit I of a bitset is set. */
bool bit(uint64_t bits, unsigned int i);

/* Put a job into an object, with "source" and "destinations" in it. */
void job_json(struct json_object *object, const struct kcopyd_status *status,
	      const struct kcopyd_region_status *regions);

/* Those of a region's extents among all of a job's, as a list. */
struct json_object *extents_json(const struct kcopyd_extent *extents, size_t nr,
				 unsigned int region);

#endif /* _KCOPYCTL_RESULT_H */
