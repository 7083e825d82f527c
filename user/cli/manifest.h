/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manifest of a copy: a digest of each of its pieces, as text. It is read
 * and written piece by piece, so that its size does not matter.
 *
 *	# kcopyd manifest 1
 *	# any comment
 *	0 1048576 DIGEST
 *	1048576 1048576 unreadable
 *	whole 2097152 unreadable
 */
#ifndef _KCOPYCTL_MANIFEST_H
#define _KCOPYCTL_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MANIFEST_DIGEST 32
#define MANIFEST_MAGIC "# kcopyd manifest "
#define MANIFEST_VERSION "1"

/**
 * struct manifest_piece - bytes, and what is known of them
 * @offset: of the first, from the start of what was copied
 * @length: how many
 * @readable: there is a digest
 * @digest: SHA-256 of them
 */
struct manifest_piece {
	uint64_t offset;
	uint64_t length;
	bool readable;
	uint8_t digest[MANIFEST_DIGEST];
};

/**
 * struct manifest - the text while it is read
 * @file: from here
 * @line: number of the line that was read last
 * @end: of the pieces so far
 * @pieces: how many
 * @unreadable: bytes without a digest, of the pieces so far
 * @whole: all of it, once its line has been read
 * @sum: of the characters so far; tells a text that was changed by accident
 * @wrong: what is wrong with that line, in words, or NULL
 */
struct manifest {
	FILE *file;
	uint64_t line;
	uint64_t end;
	uint64_t pieces;
	uint64_t unreadable;
	struct manifest_piece whole;
	uint64_t sum;
	const char *wrong;
};

/* From the start of a file, which stays the caller's. */
void manifest_begin(struct manifest *manifest, FILE *file);

/*
 * The next piece, which begins where the one before ended. Returns false at the
 * end; then @wrong says whether that is a good one.
 */
bool manifest_next(struct manifest *manifest, struct manifest_piece *piece);

/* All pieces, for their sums and for what is wrong, which is returned. */
const char *manifest_scan(struct manifest *manifest, FILE *file);

/* Of two that were read to their ends: have they said the same? */
bool manifest_same(const struct manifest *a, const struct manifest *b);

/* Does it begin as one, of whatever version? */
bool manifest_is(FILE *file);

/**
 * struct manifest_head - what is said to people
 * @source: where the data is from
 * @offset: first byte there
 * @length: bytes
 */
struct manifest_head {
	const char *source;
	uint64_t offset;
	uint64_t length;
};

/* These return 0 or -errno. */
int manifest_print_head(FILE *file, const struct manifest_head *head);
int manifest_print_piece(FILE *file, const struct manifest_piece *piece);
int manifest_print_whole(FILE *file, const struct manifest_piece *whole);

#endif /* _KCOPYCTL_MANIFEST_H */
