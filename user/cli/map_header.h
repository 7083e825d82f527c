/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a rescue's map: comments, of which ddrescue takes no notice, that
 * say what it is a map of. What ddrescue has written has none.
 */
#ifndef _KCOPYCTL_MAP_HEADER_H
#define _KCOPYCTL_MAP_HEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "identity.h"

/**
 * struct map_header - what a map is of
 * @dest: what its destination is told by, or ""
 * @source: likewise
 * @has_shift: whether it says @shift
 * @shift: bytes from a place on the source to where it is on the destination
 */
struct map_header {
	char dest[IDENTITY_MAX];
	char source[IDENTITY_MAX];
	bool has_shift;
	int64_t shift;
};

/* As one copy is to have it. */
void map_header_of(const struct plan *plan, unsigned int dest,
		   struct map_header *header);

/* Says nothing where there is no file, or none of ours. */
void map_header_read(const char *path, struct map_header *header);

void map_header_print(const struct map_header *header, FILE *file);

#endif /* _KCOPYCTL_MAP_HEADER_H */
