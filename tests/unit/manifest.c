// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <kcopyd/version.h>
#include "cli/manifest.h"

#define HEX16 "0123456789abcdef"
#define HEX HEX16 HEX16 HEX16 HEX16
#define MAGIC "# kcopyd manifest 1\n"

static struct manifest manifest;
static char text[256];

static const char *scan_bytes(const char *from, size_t len)
{
	FILE *file = fmemopen((void *)from, len, "r");
	const char *wrong;

	cr_assert_not_null(file);
	wrong = manifest_scan(&manifest, file);
	fclose(file);
	snprintf(text, sizeof(text), "%lu: %s", manifest.line,
		 wrong ? wrong : "fine");
	return wrong;
}

static const char *scan(const char *from)
{
	return scan_bytes(from, strlen(from));
}

/* The line that is wrong, and a word of why. */
static void expect_wrong(const char *from, unsigned int line, const char *word)
{
	cr_expect_not_null(scan(from), "nothing wrong in: %s", from);
	cr_expect_eq(manifest.line, line, "%s in: %s", text, from);
	cr_expect_not_null(strstr(text, word), "%s in: %s", text, from);
}

static bool says_the_same(const char *as, const char *other)
{
	struct manifest first;

	cr_assert_null(scan(as), "%s", text);
	first = manifest;
	cr_assert_null(scan(other), "%s", text);
	return manifest_same(&first, &manifest);
}

/* ---- what is read ------------------------------------------------------------- */

Test(manifest, is_read_piece_by_piece)
{
	static const char from[] = MAGIC "# a comment\n"
					 "\n"
					 "0 512 " HEX "\n"
					 "512 1536 unreadable\n"
					 " # another one\n"
					 "  2048\t 5   " HEX " \t\n"
					 "whole 2053 unreadable\n"
					 "# the end\n";
	FILE *file = fmemopen((void *)from, strlen(from), "r");
	struct manifest_piece piece;

	manifest_begin(&manifest, file);
	cr_assert(manifest_next(&manifest, &piece));
	cr_expect_eq(piece.offset, 0);
	cr_expect_eq(piece.length, 512);
	cr_expect(piece.readable);
	cr_expect_eq(piece.digest[0], 0x01);
	cr_expect_eq(piece.digest[31], 0xef);
	cr_assert(manifest_next(&manifest, &piece));
	cr_expect_eq(piece.offset, 512);
	cr_expect_eq(piece.length, 1536);
	cr_expect_not(piece.readable);
	cr_assert(manifest_next(&manifest, &piece));
	cr_expect_eq(piece.offset, 2048);
	cr_expect_eq(piece.length, 5);
	cr_expect_not(manifest_next(&manifest, &piece));
	cr_expect_null(manifest.wrong, "%s", manifest.wrong);
	cr_expect_eq(manifest.end, 2053);
	cr_expect_eq(manifest.pieces, 3);
	cr_expect_eq(manifest.unreadable, 1536);
	cr_expect_not(manifest.whole.readable);
	/* And stays at its end. */
	cr_expect_not(manifest_next(&manifest, &piece));
	cr_expect_null(manifest.wrong);
	fclose(file);
}

Test(manifest, is_told_from_another_of_the_same_size)
{
	static const char from[] = MAGIC "0 512 " HEX "\nwhole 512 " HEX "\n";
	static const char digest[] = MAGIC
		"0 512 f123456789abcdef" HEX16 HEX16 HEX16 "\nwhole 512 " HEX
		"\n";
	static const char gap[] = MAGIC
		"0 512 unreadable\nwhole 512 unreadable\n";

	cr_expect(says_the_same(from, from));
	cr_expect_not(says_the_same(from, digest));
	cr_expect_not(says_the_same(from, gap));
}

Test(manifest, may_lack_its_last_line_feed_or_have_those_of_dos)
{
	cr_expect_null(scan(MAGIC "0 512 " HEX "\nwhole 512 " HEX), "%s", text);
	cr_expect(manifest.whole.readable);
	cr_expect_eq(manifest.whole.digest[1], 0x23);
	cr_expect_null(scan("# kcopyd manifest 1\r\n"
			    "0 512 " HEX "\r\n"
			    "whole 512 " HEX "\r\n"),
		       "%s", text);
	cr_expect_null(scan(MAGIC "0 512 0123456789ABCDEF" HEX16 HEX16 HEX16
				  "\nwhole 512 " HEX),
		       "%s", text);
}

Test(manifest, goes_to_the_largest_size_that_a_file_can_have)
{
	cr_expect_null(scan(MAGIC "0 9223372036854775807 " HEX
				  "\nwhole 9223372036854775807 " HEX),
		       "%s", text);
	expect_wrong(MAGIC "0 9223372036854775808 " HEX "\n", 2, "length");
	expect_wrong(MAGIC "0 9223372036854775807 " HEX "\n"
			   "9223372036854775807 1 " HEX "\n",
		     3, "length");
	expect_wrong(MAGIC "0 18446744073709551615 " HEX "\n", 2, "length");
	expect_wrong(MAGIC "0 18446744073709551616 " HEX "\n", 2, "begin");
	expect_wrong(MAGIC "0 99999999999999999999999999 " HEX "\n", 2,
		     "begin");
}

/* ---- what is wrong ---------------------------------------------------------------- */

Test(manifest, begins_with_what_it_is)
{
	expect_wrong("\n", 1, "# kcopyd manifest 1");
	expect_wrong("0 512 " HEX "\n", 1, "# kcopyd manifest 1");
	expect_wrong("# Mapfile. Created by GNU ddrescue\n", 1,
		     "# kcopyd manifest 1");
	expect_wrong(" " MAGIC, 1, "# kcopyd manifest 1");
	expect_wrong("# kcopyd manifest", 1, "# kcopyd manifest 1");
	expect_wrong("# kcopyd manifest 2\n", 1, "version");
	expect_wrong("# kcopyd manifest 1.1\n", 1, "version");
	expect_wrong("# kcopyd manifest ", 1, "version");
}

Test(manifest, of_nothing_is_none)
{
	FILE *file = fopen("/dev/null", "r");

	cr_expect_str_eq(manifest_scan(&manifest, file),
			 "there is nothing in it");
	fclose(file);
	expect_wrong(MAGIC, 1, "ends");
	expect_wrong(MAGIC "# nothing\n", 2, "ends");
	expect_wrong(MAGIC "whole 0 " HEX "\n", 2, "no piece");
	expect_wrong(MAGIC "whole 0 unreadable\n", 2, "no piece");
}

Test(manifest, has_no_gap_and_no_overlap)
{
	expect_wrong(MAGIC "512 512 " HEX "\n", 2, "begin");
	expect_wrong(MAGIC "0 512 " HEX "\n1024 512 " HEX "\n", 3, "begin");
	expect_wrong(MAGIC "0 512 " HEX "\n511 512 " HEX "\n", 3, "begin");
	expect_wrong(MAGIC "0 512 " HEX "\n0 512 " HEX "\n", 3, "begin");
	expect_wrong(MAGIC "0 512 unreadable\n0 512 " HEX "\n", 3, "begin");
	expect_wrong(MAGIC "0 0 " HEX "\n", 2, "length");
	expect_wrong(MAGIC "0 512 " HEX "\n512 0 unreadable\n", 3, "length");
}

Test(manifest, has_numbers_that_are_plain)
{
	static const char *const lines[] = {
		"-1 512 " HEX,
		"+0 512 " HEX,
		"0x0 512 " HEX,
		"0 -512 " HEX,
		"0 512. " HEX,
		"0 512s " HEX,
		"0 1e3 " HEX,
		"0",
		"0 ",
		"unreadable",
		HEX,
		"0 " HEX,
		"whole512",
		"wholes 512 " HEX,
		"o 512 " HEX,
		"0,512," HEX,
		"\x80\xff 1 " HEX,
	};
	char from[256];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		snprintf(from, sizeof(from), MAGIC "%s\n", lines[i]);
		expect_wrong(from, 2, "");
	}
}

Test(manifest, has_digests_that_are_whole)
{
	static const char *const digests[] = {
		"",
		HEX16,
		HEX "0",
		HEX16 HEX16 HEX16 "0123456789abcde",
		HEX16 HEX16 HEX16 "0123456789abcdeg",
		HEX16 HEX16 HEX16 "0123456789abcde@",
		HEX16 HEX16 HEX16 "0123456789abcde`",
		HEX16 HEX16 HEX16 "0123456789abcd/:",
		"Unreadable",
		"unreadabl",
		"unreadable 1",
		HEX " x",
		"-",
	};
	char from[256];

	for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++) {
		snprintf(from, sizeof(from), MAGIC "0 512 %s\n", digests[i]);
		expect_wrong(from, 2, "64 hexadecimal digits");
		snprintf(from, sizeof(from),
			 MAGIC "0 512 " HEX "\nwhole 512 %s", digests[i]);
		expect_wrong(from, 3, "digest of the whole");
	}
}

Test(manifest, ends_with_a_whole_that_fits)
{
	expect_wrong(MAGIC "0 512 " HEX "\n", 2, "ends");
	expect_wrong(MAGIC "0 512 " HEX "\nwhole 513 " HEX "\n", 3, "long");
	expect_wrong(MAGIC "0 512 " HEX "\nwhole 0 " HEX "\n", 3, "long");
	expect_wrong(MAGIC "0 512 " HEX "\nwhole " HEX "\n", 3, "whole");
	expect_wrong(MAGIC "0 512 unreadable\nwhole 512 " HEX "\n", 3,
		     "not every piece");
	expect_wrong(MAGIC "0 512 " HEX "\nwhole 512 " HEX "\n512 512 " HEX, 4,
		     "behind");
	expect_wrong(MAGIC "0 512 " HEX "\nwhole 512 " HEX "\nwhole 512 " HEX,
		     4, "behind");
}

/* Wherever the end was lost: what is left is none. */
Test(manifest, that_is_cut_short_is_none)
{
	static const char all[] = MAGIC "0 512 " HEX "\n512 512 unreadable\n"
					"1024 1 " HEX "\nwhole 1025 unreadable";

	cr_expect_null(scan(all), "%s", text);
	for (size_t len = 1; len < strlen(all); len++)
		cr_expect_not_null(scan_bytes(all, len), "%zu bytes", len);
}

Test(manifest, with_a_zero_byte_is_none)
{
	static const char from[] = MAGIC "0 512 " HEX "\0\nwhole 512 " HEX "\n";

	cr_expect_not_null(scan_bytes(from, sizeof(from) - 1));
	cr_expect_str_eq(text, "2: there is a zero byte in it");
}

/* An endless line, too, and of whatever it is. */
Test(manifest, has_lines_of_a_bounded_length)
{
	char *from = malloc(100000);
	size_t len = strlen(MAGIC);

	memset(from, '#', 100000);
	memcpy(from, MAGIC, len);
	cr_expect_not_null(scan_bytes(from, 100000));
	cr_expect_str_eq(text, "2: the line is too long");
	memset(from, ' ', 100000);
	cr_expect_not_null(scan_bytes(from, 100000));
	cr_expect_str_eq(text, "1: the line is too long");
	memset(from + len, '#', 100000 - len);
	memcpy(from, MAGIC, len);
	from[len + 4000] = '\n';
	snprintf(from + len + 4001, 1000, "0 512 " HEX "\nwhole 512 " HEX);
	cr_expect_null(scan(from), "%s", text);
	free(from);
}

Test(manifest, that_can_not_be_read_is_wrong)
{
	FILE *file = fopen("/", "r");

	cr_assert_not_null(file);
	cr_expect_str_eq(manifest_scan(&manifest, file), "reading failed");
	fclose(file);
}

/* Whatever it is given it ends, and says why. */
Test(manifest, takes_any_bytes)
{
	static const char words[] = "0123456789 abcdef\n\t#unreadable whole\r";
	char from[400];

	srand(1);
	for (unsigned int i = 0; i < 20000; i++) {
		size_t len = strlen(MAGIC), more = rand() % 300;

		memcpy(from, MAGIC, len);
		while (more--)
			from[len++] =
				rand() % 20 ?
					words[rand() % (sizeof(words) - 1)] :
					rand();
		cr_assert_not_null(scan_bytes(from, len));
		cr_assert_geq(manifest.line, 1);
	}
}

/* ---- what is written ----------------------------------------------------------------- */

static char *print(const struct manifest_head *head,
		   const struct manifest_piece *pieces, size_t nr,
		   const struct manifest_piece *whole)
{
	char *all = NULL;
	size_t len, i;
	FILE *file = open_memstream(&all, &len);

	cr_assert_eq(manifest_print_head(file, head), 0);
	for (i = 0; i < nr; i++)
		cr_assert_eq(manifest_print_piece(file, &pieces[i]), 0);
	cr_assert_eq(manifest_print_whole(file, whole), 0);
	fclose(file);
	return all;
}

Test(manifest, that_was_written_is_read)
{
	const struct manifest_head head = { "/dev/sdb (Disk, 7)", 4096, 1537 };
	struct manifest_piece pieces[3] = {
		{ 0, 1024, true, {} },
		{ 1024, 512, false, {} },
		{ 1536, 1, true, { 0xff, 0x0a } },
	};
	const struct manifest_piece whole = { .length = 1537 };
	struct manifest_piece piece;
	unsigned int i;
	char *all;
	FILE *file;

	for (i = 0; i < MANIFEST_DIGEST; i++)
		pieces[0].digest[i] = 17 * i + 3;
	all = print(&head, pieces, 3, &whole);
	cr_expect_null(scan(all), "%s\n%s", text, all);
	cr_expect_eq(manifest.end, 1537);
	file = fmemopen(all, strlen(all), "r");
	manifest_begin(&manifest, file);
	for (i = 0; i < 3; i++) {
		cr_assert(manifest_next(&manifest, &piece));
		cr_expect_eq(piece.offset, pieces[i].offset);
		cr_expect_eq(piece.length, pieces[i].length);
		cr_expect_eq(piece.readable, pieces[i].readable);
		if (piece.readable)
			cr_expect_arr_eq(piece.digest, pieces[i].digest,
					 MANIFEST_DIGEST);
	}
	fclose(file);
	cr_expect_not_null(strstr(all, "/dev/sdb (Disk, 7)\n"));
	cr_expect_not_null(strstr(all, " 4096\n"));
	cr_expect_not_null(strstr(all, "\n1536 1 ff0a0000"));
	free(all);
}

/* Nobody writes lines of it by naming a file. */
Test(manifest, has_a_source_of_any_name)
{
	const struct manifest_head head = { "a\n0 1 unreadable\r\n\x1b[2J", 0,
					    1 };
	const struct manifest_piece piece = { 0, 1, true, {} };
	char *all = print(&head, &piece, 1, &piece);

	cr_expect_null(scan(all), "%s\n%s", text, all);
	cr_expect_eq(manifest.pieces, 1);
	cr_expect_null(strchr(all, '\x1b'));
	free(all);
}

Test(manifest, that_does_not_fit_is_an_error)
{
	const struct manifest_piece piece = { 0, 1, true, {} };
	FILE *file = fopen("/dev/full", "w");
	int err = 0;

	cr_assert_not_null(file);
	for (unsigned int i = 0; !err && i < 1000; i++)
		err = manifest_print_piece(file, &piece);
	cr_expect_eq(err, -ENOSPC);
	fclose(file);
}

static bool is_one(const char *from)
{
	FILE *file = fmemopen((void *)from, strlen(from), "r");
	bool is = manifest_is(file);

	fclose(file);
	return is;
}

Test(manifest, is_told_from_other_files)
{
	cr_expect(is_one(MAGIC));
	cr_expect(is_one("# kcopyd manifest 7\n"));
	cr_expect_not(is_one("# kcopyd"));
	cr_expect_not(is_one(
		"# Mapfile. Created by kcopyctl version " KCOPYD_VERSION "\n"));
}
