// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "cli/mapfile.h"

#define SIZE 1000

static struct map map;
static char text[4096];

static const char *parse(const char *from)
{
	FILE *file = fmemopen((void *)from, strlen(from), "r");
	unsigned int line;
	const char *wrong;

	map_exit(&map);
	wrong = map_parse(&map, file, &line);
	fclose(file);
	snprintf(text, sizeof(text), "%u: %s", line, wrong ? wrong : "fine");
	return wrong;
}

/* "0+100 100-50 ..." */
static const char *blocks(void)
{
	size_t len = 0;

	text[0] = 0;
	for (size_t i = 0; i < map.nr; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%lu%c%lu",
				i ? " " : "", map.blocks[i].pos,
				map.blocks[i].status, map.blocks[i].size);
	return text;
}

static void begin(void)
{
	cr_assert_eq(map_init(&map, SIZE), 0);
}

static void end(void)
{
	map_exit(&map);
}

TestSuite(mapfile, .init = begin, .fini = end);

Test(mapfile, begins_with_nothing_tried)
{
	cr_expect_str_eq(blocks(), "0?1000");
	cr_expect_eq(map_size(&map), SIZE);
}

Test(mapfile, knows_what_was_set_last)
{
	map_set(&map, 100, 50, MAP_RESCUED);
	cr_expect_str_eq(blocks(), "0?100 100+50 150?850");
	map_set(&map, 120, 10, MAP_BAD);
	cr_expect_str_eq(blocks(), "0?100 100+20 120-10 130+20 150?850");
	map_set(&map, 90, 100, MAP_RESCUED);
	cr_expect_str_eq(blocks(), "0?90 90+100 190?810");
	map_set(&map, 0, 1000, MAP_UNSCRAPED);
	cr_expect_str_eq(blocks(), "0/1000");
}

Test(mapfile, joins_neighbours)
{
	map_set(&map, 100, 50, MAP_RESCUED);
	map_set(&map, 150, 50, MAP_RESCUED);
	map_set(&map, 50, 50, MAP_RESCUED);
	cr_expect_str_eq(blocks(), "0?50 50+150 200?800");
	map_set(&map, 0, 50, MAP_RESCUED);
	map_set(&map, 200, 800, MAP_RESCUED);
	cr_expect_str_eq(blocks(), "0+1000");
}

Test(mapfile, ends_where_the_device_does)
{
	map_set(&map, 900, 500, MAP_BAD);
	cr_expect_str_eq(blocks(), "0?900 900-100");
	map_set(&map, 1000, 500, MAP_BAD);
	map_set(&map, UINT64_MAX, 500, MAP_BAD);
	map_set(&map, 10, 0, MAP_BAD);
	cr_expect_str_eq(blocks(), "0?900 900-100");
	map_grow(&map, 1200);
	cr_expect_str_eq(blocks(), "0?900 900-100 1000?200");
	map_grow(&map, 1500);
	cr_expect_str_eq(blocks(), "0?900 900-100 1000?500");
	map_grow(&map, 100);
	cr_expect_eq(map_size(&map), 1500);
}

Test(mapfile, finds_forwards_and_backwards)
{
	struct map_block found;

	map_set(&map, 100, 50, MAP_BAD);
	map_set(&map, 300, 50, MAP_BAD);
	cr_assert(map_find(&map, 0, MAP_BAD, &found));
	cr_expect(found.pos == 100 && found.size == 50);
	cr_assert(map_find(&map, 120, MAP_BAD, &found));
	cr_expect(found.pos == 120 && found.size == 30);
	cr_assert(map_find(&map, 150, MAP_BAD, &found));
	cr_expect(found.pos == 300 && found.size == 50);
	cr_expect_not(map_find(&map, 350, MAP_BAD, &found));
	cr_expect_not(map_find(&map, 0, MAP_UNTRIMMED, &found));
	cr_assert(map_find_back(&map, SIZE, MAP_BAD, &found));
	cr_expect(found.pos == 300 && found.size == 50);
	cr_assert(map_find_back(&map, 320, MAP_BAD, &found));
	cr_expect(found.pos == 300 && found.size == 20);
	cr_assert(map_find_back(&map, 300, MAP_BAD, &found));
	cr_expect(found.pos == 100 && found.size == 50);
	cr_expect_not(map_find_back(&map, 100, MAP_BAD, &found));
	cr_expect_not(map_find_back(&map, 0, MAP_UNTRIED, &found));
}

Test(mapfile, counts)
{
	size_t nr;

	map_set(&map, 100, 50, MAP_BAD);
	map_set(&map, 300, 50, MAP_BAD);
	cr_expect_eq(map_bytes(&map, MAP_BAD, &nr), 100);
	cr_expect_eq(nr, 2);
	cr_expect_eq(map_bytes(&map, MAP_UNTRIED, &nr), 900);
	cr_expect_eq(nr, 3);
}

/* As ddrescue 1.27 writes it. */
Test(mapfile, reads_what_ddrescue_writes)
{
	cr_assert_null(parse("# Mapfile. Created by GNU ddrescue version 1.27\n"
			     "# Command line: ddrescue a b c\n"
			     "# Start time:   2026-01-01 00:00:00\n"
			     "# Trimming failed blocks... (forwards)\n"
			     "# current_pos  current_status  current_pass\n"
			     "0x00120000     *               1\n"
			     "#      pos        size  status\n"
			     "0x00000000  0x00117000  +\n"
			     "0x00117000  0x00000200  -\n"
			     "0x00117200  0x00009000  /\n"
			     "0x00120200  0x00000E00  *\n"
			     "0x00121000  0x00010000  ?\n"),
		       "%s", text);
	cr_expect_eq(map.nr, 5);
	cr_expect_eq(map.pos, 0x120000);
	cr_expect_eq(map.state, '*');
	cr_expect_eq(map.pass, 1);
	cr_expect_eq(map_size(&map), 0x131000);
	cr_expect_eq(map.blocks[3].status, MAP_UNTRIMMED);
}

Test(mapfile, reads_what_is_older_or_was_written_by_hand)
{
	cr_assert_null(parse("0 ?\n0 512 +\n\n512 01000 -\r\n  # no\n1024 1 ?"),
		       "%s", text);
	cr_expect_str_eq(blocks(), "0+512 512-512 1024?1");
	cr_expect_eq(map.pass, 1);
}

/* ddrescue --annotate-mapfile; a command line may be longer than a path. */
Test(mapfile, reads_comments_behind_blocks_and_long_ones)
{
	char long_one[9000];

	cr_assert_null(parse("0x00000200     +               2\t#  512B\n"
			     "0 512 +\t#  0B  512B\n"
			     "512 512 - # 0 0 x\n"),
		       "%s", text);
	cr_expect_str_eq(blocks(), "0+512 512-512");
	cr_expect_eq(map.pass, 2);
	memset(long_one, 'x', sizeof(long_one));
	long_one[0] = '#';
	strcpy(long_one + 8000, "\n0 ? 1\n0 1 +\n");
	cr_assert_null(parse(long_one), "%s", text);
	cr_expect_str_eq(blocks(), "0+1");
	long_one[0] = 'x';
	cr_expect_not_null(parse(long_one));
	cr_expect_str_eq(text, "1: the line is too long");
}

/* What a crash leaves of a file on some file systems. */
Test(mapfile, does_not_take_zeroes_for_the_end)
{
	static const char cut[] = "0 ? 1\n0 512 +\n\0\0\0\0\0\0\0\0";
	FILE *file = fmemopen((void *)cut, sizeof(cut), "r");
	unsigned int line;

	map_exit(&map);
	cr_expect_not_null(map_parse(&map, file, &line));
	cr_expect_eq(line, 3);
	fclose(file);
}

Test(mapfile, takes_the_map_of_an_empty_disk_for_none)
{
	cr_expect_not_null(parse("0 ? 1\n0 0 ?\n"));
	cr_expect_str_eq(text, "3: there is no block in it");
	cr_assert_null(parse("0 ? 1\n0 0 ?\n0 512 +\n"), "%s", text);
	cr_expect_str_eq(blocks(), "0+512");
}

Test(mapfile, says_what_it_can_not_read)
{
	static const struct {
		const char *text;
		const char *where;
	} wrong[] = {
		{ "", "1: there is no block" },
		{ "# nothing\n", "2: there is no block" },
		{ "0 ? 1\n", "2: there is no block" },
		{ "0 x 1\n0 1 +\n", "1: this should say" },
		{ "0\n0 1 +\n", "1: this should say" },
		{ "0 ? x\n0 1 +\n", "1: the number of the pass" },
		{ "0 ? 0\n0 1 +\n", "1: the number of the pass" },
		{ "0 ? 0x1\n0 1 +\n", "1: the number of the pass" },
		{ "0x8000000000000000 ? 1\n0 1 +\n", "1: this should say" },
		{ "0 ? 1\n0 1\n", "2: this should be a block" },
		{ "0 ? 1\n0 1 + 3\n", "2: this should be a block" },
		{ "0 ? 1\n0 1 x\n", "2: the status" },
		{ "0 ? 1\n0 -1 +\n", "2: this should be a block" },
		{ "0 ? 1\n0 1 +\n2 1 +\n", "3: the block does not begin" },
		{ "0 ? 1\n0 2 +\n1 1 +\n", "3: the block does not begin" },
		{ "0 ? 1\n5 2 +\n", "2: the block does not begin" },
		{ "0 ? 1\n0 1 +\n1 0 +\n", "3: the size" },
		{ "0 ? 1\n0 0x7FFFFFFFFFFFFFFF +\n0x7FFFFFFFFFFFFFFF 1 +\n",
		  "3: the size" },
		{ "0 ? 1\n0 0x8000000000000000 +\n", "2: this should be" },
		{ "0 ? 1\n0 99999999999999999999 +\n", "2: this should be" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (wrong[i].text[0])
			cr_expect_not_null(parse(wrong[i].text), "'%s'",
					   wrong[i].text);
		else
			continue;
		cr_expect_eq(strncmp(text, wrong[i].where,
				     strlen(wrong[i].where)),
			     0, "'%s': %s", wrong[i].text, text);
		cr_expect_null(map.blocks);
	}
}

/* A file may be called so. */
Test(mapfile, is_not_changed_by_a_line_end_in_the_command)
{
	char *written = NULL;
	size_t len;
	FILE *file = open_memstream(&written, &len);

	map_print(&map, file, "copy 'a\n0 + 1\r\n0 1000 +\n' b");
	fclose(file);
	cr_assert_null(parse(written), "%s\n%s", text, written);
	cr_expect_str_eq(blocks(), "0?1000");
	free(written);
}

Test(mapfile, is_read_as_it_was_written)
{
	char *written = NULL;
	size_t len;
	FILE *file;

	map_set(&map, 100, 50, MAP_BAD);
	map_set(&map, 300, 50, MAP_RESCUED);
	map_set(&map, 400, 600, MAP_UNSCRAPED);
	map.pos = 333;
	map.state = MAP_UNSCRAPED;
	map.pass = 2;
	file = open_memstream(&written, &len);
	map_print(&map, file, "copy a b");
	fclose(file);
	cr_assert_null(parse(written), "%s\n%s", text, written);
	cr_expect_str_eq(blocks(),
			 "0?100 100-50 150?150 300+50 350?50 400/600");
	cr_expect_eq(map.pos, 333);
	cr_expect_eq(map.state, MAP_UNSCRAPED);
	cr_expect_eq(map.pass, 2);
	free(written);
}

/* Beside a plain array, byte by byte. */
Test(mapfile, is_what_a_plain_model_says)
{
	static const char all[] = "?*/-+";
	char model[SIZE];
	unsigned int seed = 12345;

	memset(model, '?', SIZE);
	for (int step = 0; step < 3000; step++) {
		size_t pos = rand_r(&seed) % SIZE;
		size_t size = rand_r(&seed) % 60;
		char status = all[rand_r(&seed) % 5];
		size_t at = 0;

		if (size > SIZE - pos)
			size = SIZE - pos;
		memset(model + pos, status, size);
		cr_assert_eq(map_set(&map, pos, size, status), 0);
		for (size_t i = 0; i < map.nr; i++) {
			const struct map_block *block = &map.blocks[i];

			cr_assert_eq(block->pos, at);
			cr_assert(!i || block->status != block[-1].status);
			for (size_t j = 0; j < block->size; j++)
				cr_assert_eq(model[at + j], block->status);
			at += block->size;
		}
		cr_assert_eq(at, SIZE);
	}
}

/* A disk with very many bad places: in any order, beside a plain array. */
Test(mapfile, has_any_number_of_blocks)
{
	enum { BLOCKS = 20000 };
	static char model[BLOCKS];
	unsigned int seed = 54321;
	struct map many;
	size_t at = 0;

	memset(model, MAP_UNTRIED, BLOCKS);
	cr_assert_eq(map_init(&many, BLOCKS), 0);
	for (int step = 0; step < 2 * BLOCKS; step++) {
		size_t pos = rand_r(&seed) % BLOCKS;
		char status = step % 3 ? MAP_BAD : MAP_RESCUED;

		model[pos] = status;
		cr_assert_eq(map_set(&many, pos, 1, status), 0);
	}
	cr_assert_gt(many.nr, BLOCKS / 4);
	for (size_t i = 0; i < many.nr; i++) {
		const struct map_block *block = &many.blocks[i];

		cr_assert_eq(block->pos, at);
		cr_assert(!i || block->status != block[-1].status);
		for (size_t j = 0; j < block->size; j++)
			cr_assert_eq(model[at + j], block->status);
		at += block->size;
	}
	cr_assert_eq(at, BLOCKS);
	map_exit(&many);
}
