// SPDX-License-Identifier: GPL-2.0-or-later
/* The map of a rescue. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <libkcopy.h>
#include <kcopyd/version.h>
#include "cli.h"
#include "mapfile.h"

/* Without the comment, which may be as long as a command line is. */
#define LINE_MAX_LEN 256
#define BLANKS " \t\v\f\r"

int map_init(struct map *map, uint64_t size)
{
	*map = (struct map){ .state = MAP_UNTRIED, .pass = 1 };
	return map_grow(map, size);
}

void map_exit(struct map *map)
{
	free(map->blocks);
	*map = (struct map){};
}

uint64_t map_size(const struct map *map)
{
	const struct map_block *last;

	if (!map->nr)
		return 0;
	last = &map->blocks[map->nr - 1];
	return last->pos + last->size;
}

/* ---- changes ----------------------------------------------------------------- */

#define ROOM_LEAST 64
/* The range itself, what is left on both sides of it, and their neighbours. */
#define SPLICE_MOST 5

/* A block behind the others, or a part of the last one if that is alike. */
static void append(struct map_block *blocks, size_t *nr, uint64_t pos,
		   uint64_t size, char status)
{
	if (!size)
		return;
	if (*nr && blocks[*nr - 1].status == status)
		blocks[*nr - 1].size += size;
	else
		blocks[(*nr)++] = (struct map_block){ pos, size, status };
}

/* For @more blocks; twice as much as before, so that a million is no matter. */
static int make_room(struct map *map, size_t more)
{
	size_t room = map->room ? 2 * map->room : ROOM_LEAST;
	struct map_block *blocks;

	if (map->nr + more <= map->room)
		return 0;
	blocks = reallocarray(map->blocks, room, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	map->blocks = blocks;
	map->room = room;
	return 0;
}

/* The first that does not end before POS. */
static size_t index_of(const struct map *map, uint64_t pos)
{
	size_t low = 0, high = map->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct map_block *block = &map->blocks[middle];

		if (block->pos + block->size > pos)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int map_grow(struct map *map, uint64_t size)
{
	uint64_t end = map_size(map);

	if (size <= end)
		return 0;
	if (make_room(map, 1))
		return -ENOMEM;
	append(map->blocks, &map->nr, end, size - end, MAP_UNTRIED);
	return 0;
}

/* What was from FIRST up to END, which is not among it, is now these. */
static void splice(struct map *map, size_t first, size_t end,
		   const struct map_block *blocks, size_t nr)
{
	memmove(&map->blocks[first + nr], &map->blocks[end],
		(map->nr - end) * sizeof(*blocks));
	memcpy(&map->blocks[first], blocks, nr * sizeof(*blocks));
	map->nr += nr - (end - first);
}

/* Only those that the range touches change, and the neighbours they join. */
static void set(struct map *map, uint64_t pos, uint64_t end, char status)
{
	size_t first = index_of(map, pos), last = index_of(map, end - 1);
	const struct map_block head = map->blocks[first];
	const struct map_block tail = map->blocks[last];
	struct map_block blocks[SPLICE_MOST];
	size_t nr = 0;

	if (first)
		blocks[nr++] = map->blocks[--first];
	append(blocks, &nr, head.pos, pos - head.pos, head.status);
	append(blocks, &nr, pos, end - pos, status);
	append(blocks, &nr, end, tail.pos + tail.size - end, tail.status);
	if (++last < map->nr) {
		const struct map_block *next = &map->blocks[last++];

		append(blocks, &nr, next->pos, next->size, next->status);
	}
	splice(map, first, last, blocks, nr);
}

int map_set(struct map *map, uint64_t pos, uint64_t size, char status)
{
	uint64_t map_end = map_size(map);

	if (pos >= map_end || !size)
		return 0;
	/* In the worst case one block becomes three. */
	if (make_room(map, 2))
		return -ENOMEM;
	set(map, pos, size > map_end - pos ? map_end : pos + size, status);
	return 0;
}

/* ---- questions ---------------------------------------------------------------- */

bool map_find(const struct map *map, uint64_t pos, char status,
	      struct map_block *found)
{
	size_t i;

	for (i = index_of(map, pos); i < map->nr; i++) {
		if (map->blocks[i].status != status)
			continue;
		*found = map->blocks[i];
		if (found->pos < pos) {
			found->size -= pos - found->pos;
			found->pos = pos;
		}
		return true;
	}
	return false;
}

bool map_find_back(const struct map *map, uint64_t pos, char status,
		   struct map_block *found)
{
	size_t i = pos ? index_of(map, pos - 1) + 1 : 0;

	if (i > map->nr)
		i = map->nr;
	while (i--) {
		if (map->blocks[i].status != status)
			continue;
		*found = map->blocks[i];
		if (found->pos + found->size > pos)
			found->size = pos - found->pos;
		return true;
	}
	return false;
}

uint64_t map_bytes(const struct map *map, char status, size_t *nr)
{
	uint64_t bytes = 0;
	size_t i, blocks = 0;

	for (i = 0; i < map->nr; i++) {
		if (map->blocks[i].status != status)
			continue;
		bytes += map->blocks[i].size;
		blocks++;
	}
	if (nr)
		*nr = blocks;
	return bytes;
}

/* ---- text ---------------------------------------------------------------------- */

static bool is_status(char c)
{
	return c && strchr("?*/-+", c);
}

/* Filling and generating are what others do with a map. */
static bool is_state(char c)
{
	return c && strchr("?*/-+FG", c);
}

static bool is_blank(char c)
{
	return c && strchr(BLANKS, c);
}

static bool ends_word(char c)
{
	return !c || is_blank(c);
}

/* Digits and nothing else, and no more than a file can have bytes. */
static bool take_number(char **text, int base, uint64_t *number)
{
	char *end;

	*text += strspn(*text, BLANKS);
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*number = strtoull(*text, &end, base);
	if (errno || *number > INT64_MAX || !ends_word(*end))
		return false;
	*text = end;
	return true;
}

/* Decimal, octal or hexadecimal. */
static bool take_bytes(char **text, uint64_t *bytes)
{
	return take_number(text, 0, bytes);
}

static bool take_char(char **text, char *c)
{
	*text += strspn(*text, BLANKS);
	*c = **text;
	if (!*c)
		return false;
	(*text)++;
	return ends_word(**text);
}

static bool at_end(const char *text)
{
	return !text[strspn(text, BLANKS)];
}

/* "POS STATE [PASS]"; older programs have written no pass. */
static const char *parse_state(struct map *map, char *text)
{
	uint64_t pass = 1;

	if (!take_bytes(&text, &map->pos) || !take_char(&text, &map->state) ||
	    !is_state(map->state))
		return "this should say where the work stands, as '0x00001000 ? 1'";
	if (!at_end(text) && (!take_number(&text, 10, &pass) || !at_end(text) ||
			      !pass || pass > INT32_MAX))
		return "the number of the pass is none";
	map->pass = pass;
	return NULL;
}

static const char *add_block(struct map *map, const struct map_block *block)
{
	if (block->pos != map_size(map))
		return "the block does not begin where the one before ends";
	/* An empty disk has a map, too. */
	if (!block->size && !block->pos)
		return NULL;
	if (!block->size || block->size > INT64_MAX - block->pos)
		return "the size can't be";
	if (make_room(map, 1))
		return "there is not enough memory";
	append(map->blocks, &map->nr, block->pos, block->size, block->status);
	return NULL;
}

/* "POS SIZE STATUS" */
static const char *parse_block(struct map *map, char *text)
{
	struct map_block block;

	if (!take_bytes(&text, &block.pos) || !take_bytes(&text, &block.size) ||
	    !take_char(&text, &block.status) || !at_end(text))
		return "this should be a block, as '0x00000000 0x00001000 +'";
	if (!is_status(block.status))
		return "the status is none of ? * / - +";
	return add_block(map, &block);
}

/* A comment is the line, or begins behind a blank: ddrescue writes both. */
static bool begins_comment(int c, const char *text, size_t len)
{
	return c == '#' && (!len || is_blank(text[len - 1]));
}

/* Without its comment and its end. False at the end of the file. */
static bool next_line(FILE *file, char *text, const char **wrong)
{
	bool comment = false;
	size_t len = 0;
	int c;

	while ((c = getc(file)) != EOF && c != '\n') {
		comment = comment || begins_comment(c, text, len);
		if (comment)
			continue;
		if (!c)
			*wrong = "there is a zero byte: the file is damaged";
		else if (len + 1 == LINE_MAX_LEN)
			*wrong = "the line is too long";
		if (*wrong)
			return false;
		text[len++] = c;
	}
	text[len] = '\0';
	if (ferror(file))
		*wrong = "reading failed";
	return !*wrong && (c != EOF || len || comment);
}

const char *map_parse(struct map *map, FILE *file, unsigned int *line)
{
	const char *wrong = NULL;
	char text[LINE_MAX_LEN];
	bool has_state = false;

	*map = (struct map){};
	for (*line = 1; !wrong && next_line(file, text, &wrong); (*line)++) {
		if (at_end(text))
			continue;
		wrong = has_state ? parse_block(map, text) :
				    parse_state(map, text);
		has_state = true;
		if (wrong)
			break;
	}
	if (!wrong && !map->nr)
		wrong = "there is no block in it";
	if (wrong)
		map_exit(map);
	return wrong;
}

/* A path may have line ends in it: what follows would be read as the map. */
static void print_command(FILE *file, const char *command)
{
	fputs("# Command line: ", file);
	for (; *command; command++)
		putc(*command == '\n' || *command == '\r' ? '?' : *command,
		     file);
	putc('\n', file);
}

void map_print(const struct map *map, FILE *file, const char *command)
{
	size_t i;

	fputs("# Mapfile. Created by kcopyctl version " KCOPYD_VERSION "\n",
	      file);
	print_command(file, command);
	fprintf(file,
		"# current_pos  current_status  current_pass\n"
		"0x%08" PRIX64 "     %c               %u\n"
		"#      pos        size  status\n",
		map->pos, map->state, map->pass);
	for (i = 0; i < map->nr; i++)
		fprintf(file, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n",
			map->blocks[i].pos, map->blocks[i].size,
			map->blocks[i].status);
}
