// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A manifest: text that somebody else wrote. What is taken has its pieces one
 * behind the other, and written again and read again it says the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/manifest.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *open_text(const void *text, size_t len)
{
	FILE *file = fmemopen((void *)text, len, "r");

	must(file);
	return file;
}

/* Piece by piece it says what manifest_scan() says of them all. */
static void check_pieces(const struct manifest *all, FILE *file, FILE *copy)
{
	const struct manifest_head head = { .source = "?", .length = all->end };
	struct manifest_piece piece;
	struct manifest manifest;
	uint64_t end = 0, pieces = 0, unreadable = 0;

	must(!manifest_print_head(copy, &head));
	rewind(file);
	manifest_begin(&manifest, file);
	while (manifest_next(&manifest, &piece)) {
		must(piece.offset == end && piece.length);
		end += piece.length;
		must(end > piece.offset);
		pieces++;
		unreadable += piece.readable ? 0 : piece.length;
		must(!manifest_print_piece(copy, &piece));
	}
	must(!manifest.wrong);
	must(end == all->end && pieces == all->pieces);
	must(unreadable == all->unreadable);
	must(!manifest_print_whole(copy, &all->whole));
}

static void check_again(const struct manifest *all, const char *text,
			size_t len)
{
	FILE *file = open_text(text, len);
	struct manifest again;

	must(!manifest_scan(&again, file));
	must(again.end == all->end && again.unreadable == all->unreadable);
	must(again.whole.readable == all->whole.readable);
	must(!all->whole.readable ||
	     !memcmp(again.whole.digest, all->whole.digest, MANIFEST_DIGEST));
	fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file, *copy;
	struct manifest all;
	char *text = NULL;
	size_t len;

	if (!size)
		return 0;
	file = open_text(data, size);
	if (manifest_scan(&all, file)) {
		must(all.line);
		fclose(file);
		return 0;
	}
	copy = open_memstream(&text, &len);
	must(copy);
	check_pieces(&all, file, copy);
	must(!fclose(copy));
	fclose(file);
	check_again(&all, text, len);
	free(text);
	return 0;
}
