/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's state and outcome, for people and for programs. */
#ifndef _KCOPYCTL_RESULT_H
#define _KCOPYCTL_RESULT_H

#include <stddef.h>
#include <libkcopy.h>

struct json_object;

/* What kcopyctl exits with: enum exit_code. Of a job that is over. */
int result_code(const struct kcopyd_status *status,
		const struct kcopyd_region_status *regions);

/*
 * "complete", "partial", "failed", "cancelled"; of a comparison "equal",
 * "different"; "-" while it runs.
 */
const char *result_word(const struct kcopyd_status *status,
			const struct kcopyd_region_status *regions);

/* The checksum in hexadecimal; HEX has room for two digits a byte, and a 0. */
char *digest_hex(const struct kcopyd_status *status, char *hex);

/* Whether bit I of a bitset is set. */
bool bit(uint64_t bits, unsigned int i);

/* Put a job into an object, with "source" and "destinations" in it. */
void job_json(struct json_object *object, const struct kcopyd_status *status,
	      const struct kcopyd_region_status *regions);

/* Those of a region's extents among all of a job's, as a list. */
struct json_object *extents_json(const struct kcopyd_extent *extents, size_t nr,
				 unsigned int region);

#endif /* _KCOPYCTL_RESULT_H */
