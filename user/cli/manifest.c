// SPDX-License-Identifier: GPL-2.0-or-later
/* The manifest of a copy, as text. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <kcopyd/version.h>
#include "cli.h"
#include "manifest.h"

#define LINE_MAX_LEN 4096
#define UNREADABLE "unreadable"
#define WHOLE "whole"
#define BLANKS " \t"
/* FNV-1a. */
#define SUM_BASIS 0xcbf29ce484222325
#define SUM_PRIME 0x100000001b3

/* ---- reading ------------------------------------------------------------------ */

static bool stop(struct manifest *manifest, const char *wrong)
{
	manifest->wrong = wrong;
	return false;
}

static int next_char(struct manifest *manifest)
{
	int c = getc_unlocked(manifest->file);

	if (c != EOF)
		manifest->sum = (manifest->sum ^ (uint8_t)c) * SUM_PRIME;
	return c;
}

/* Without its end; false when there is none, or @wrong. */
static bool next_line(struct manifest *manifest, char *text)
{
	size_t len = 0;
	int c;

	while ((c = next_char(manifest)) != EOF && c != '\n') {
		if (!len)
			manifest->line++;
		if (!c)
			return stop(manifest, "there is a zero byte in it");
		if (len + 1 == LINE_MAX_LEN)
			return stop(manifest, "the line is too long");
		text[len++] = c;
	}
	if (ferror(manifest->file))
		return stop(manifest, "reading failed");
	if (c == '\n' && !len)
		manifest->line++;
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	return len || c == '\n';
}

/* Up to the next blank; "" when there is none. */
static char *take_word(char **text)
{
	char *word = *text + strspn(*text, BLANKS);

	*text = word + strcspn(word, BLANKS);
	if (**text)
		*(*text)++ = '\0';
	return word;
}

/* Decimal digits and nothing else. */
static bool take_number(char **text, uint64_t *number)
{
	const char *word = take_word(text);

	if (!*word || word[strspn(word, "0123456789")])
		return false;
	errno = 0;
	*number = strtoull(word, NULL, 10);
	return !errno;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* All of its digits, or "unreadable". */
static bool take_digest(char **text, struct manifest_piece *piece)
{
	const char *word = take_word(text);
	size_t i;

	piece->readable = strcmp(word, UNREADABLE);
	if (!piece->readable)
		return true;
	if (strlen(word) != 2 * sizeof(piece->digest))
		return false;
	for (i = 0; i < sizeof(piece->digest); i++) {
		int high = digit(word[2 * i]), low = digit(word[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		piece->digest[i] = high << 4 | low;
	}
	return true;
}

/* "OFFSET LENGTH DIGEST" */
static bool parse_piece(struct manifest *manifest, char *text,
			struct manifest_piece *piece)
{
	if (!take_number(&text, &piece->offset) ||
	    !take_number(&text, &piece->length))
		return stop(
			manifest,
			"this should begin with the offset and the length of a piece, in bytes");
	if (!take_digest(&text, piece) || *take_word(&text))
		return stop(
			manifest,
			"behind the length there should be 64 hexadecimal digits, or '" UNREADABLE
			"'");
	if (piece->offset != manifest->end)
		return stop(
			manifest,
			"the piece does not begin where the one before ends");
	if (!piece->length || piece->length > INT64_MAX - piece->offset)
		return stop(manifest, "the length can't be");
	manifest->end += piece->length;
	manifest->pieces++;
	if (!piece->readable)
		manifest->unreadable += piece->length;
	return true;
}

/* "whole LENGTH DIGEST" */
static bool parse_whole(struct manifest *manifest, char *text)
{
	struct manifest_piece whole = {};

	take_word(&text);
	if (!take_number(&text, &whole.length) || !take_digest(&text, &whole) ||
	    *take_word(&text))
		return stop(
			manifest,
			"this should be the length and the digest of the whole");
	if (!manifest->pieces)
		return stop(manifest, "there is no piece before it");
	if (whole.length != manifest->end)
		return stop(manifest,
			    "the pieces before it are not that long together");
	if (whole.readable && manifest->unreadable)
		return stop(
			manifest,
			"it has a digest, and not every piece before it has");
	manifest->whole = whole;
	return true;
}

static bool is_whole(const char *text)
{
	const size_t len = strlen(WHOLE);

	text += strspn(text, BLANKS);
	return !strncmp(text, WHOLE, len) &&
	       (!text[len] || strchr(BLANKS, text[len]));
}

static bool says_nothing(const char *text)
{
	text += strspn(text, BLANKS);
	return !*text || *text == '#';
}

static bool parse_first(struct manifest *manifest, const char *text)
{
	const size_t len = strlen(MANIFEST_MAGIC);

	if (strncmp(text, MANIFEST_MAGIC, len))
		return stop(manifest,
			    "this should be '" MANIFEST_MAGIC MANIFEST_VERSION
			    "'");
	if (strcmp(text + len, MANIFEST_VERSION))
		return stop(
			manifest,
			"it is of a version that this program does not know");
	return true;
}

void manifest_begin(struct manifest *manifest, FILE *file)
{
	char text[LINE_MAX_LEN];

	*manifest = (struct manifest){ .file = file, .sum = SUM_BASIS };
	if (next_line(manifest, text))
		parse_first(manifest, text);
	else if (!manifest->wrong)
		stop(manifest, "there is nothing in it");
}

bool manifest_next(struct manifest *manifest, struct manifest_piece *piece)
{
	char text[LINE_MAX_LEN];

	while (!manifest->wrong && next_line(manifest, text)) {
		if (says_nothing(text))
			continue;
		if (manifest->whole.length)
			return stop(manifest,
				    "there is something behind the whole");
		if (!is_whole(text))
			return parse_piece(manifest, text, piece);
		parse_whole(manifest, text);
	}
	if (!manifest->wrong && !manifest->whole.length)
		stop(manifest, "it ends without the line of the whole");
	return false;
}

const char *manifest_scan(struct manifest *manifest, FILE *file)
{
	struct manifest_piece piece;

	manifest_begin(manifest, file);
	while (manifest_next(manifest, &piece))
		;
	return manifest->wrong;
}

bool manifest_same(const struct manifest *a, const struct manifest *b)
{
	return a->sum == b->sum && a->end == b->end && a->pieces == b->pieces;
}

bool manifest_is(FILE *file)
{
	char text[sizeof(MANIFEST_MAGIC) - 1];

	return fread(text, sizeof(text), 1, file) == 1 &&
	       !memcmp(text, MANIFEST_MAGIC, sizeof(text));
}

/* ---- writing ------------------------------------------------------------------ */

static int put_end(int put)
{
	return put < 0 ? -errno : 0;
}

/* A name may hold whatever a file's may: no line of its own. */
static void print_name(FILE *file, const char *name)
{
	for (; *name; name++)
		putc(iscntrl((unsigned char)*name) ? '?' : *name, file);
}

int manifest_print_head(FILE *file, const struct manifest_head *head)
{
	time_t now = time(NULL);
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fputs(MANIFEST_MAGIC MANIFEST_VERSION "\n# source:     ", file);
	print_name(file, head->source);
	return put_end(fprintf(
		file,
		"\n# from byte:  %" PRIu64 "\n# bytes:      %" PRIu64
		"\n# digests:    sha256\n# made:       %s by kcopyctl " KCOPYD_VERSION
		"\n# compare:    kcopyctl verify --manifest THIS-FILE TARGET\n"
		"# offset length digest\n",
		head->offset, head->length, when));
}

static int print_digest(FILE *file, const struct manifest_piece *piece)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * sizeof(piece->digest) + 2];
	size_t i;

	if (!piece->readable)
		return put_end(fputs(UNREADABLE "\n", file));
	for (i = 0; i < sizeof(piece->digest); i++) {
		text[2 * i] = digits[piece->digest[i] >> 4];
		text[2 * i + 1] = digits[piece->digest[i] & 15];
	}
	text[2 * i] = '\n';
	text[2 * i + 1] = '\0';
	return put_end(fputs(text, file));
}

int manifest_print_piece(FILE *file, const struct manifest_piece *piece)
{
	if (fprintf(file, "%" PRIu64 " %" PRIu64 " ", piece->offset,
		    piece->length) < 0)
		return -errno;
	return print_digest(file, piece);
}

int manifest_print_whole(FILE *file, const struct manifest_piece *whole)
{
	if (fprintf(file, WHOLE " %" PRIu64 " ", whole->length) < 0)
		return -errno;
	return print_digest(file, whole);
}
