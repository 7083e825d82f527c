// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The map of a rescue: text that somebody else wrote, and changes and questions
 * in any order. The input is read as a text, and then as a list of calls that a
 * plain array of characters, one a byte, is asked beside the map.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include "cli/mapfile.h"
#include "must.h"

static const char statuses[] = { MAP_UNTRIED, MAP_UNTRIMMED, MAP_UNSCRAPED,
				 MAP_BAD, MAP_RESCUED };

/* Ascending, without gaps, neighbours differ; and all bytes have a status. */
static void check_structure(const struct map *map)
{
	uint64_t at = 0, bytes = 0;
	size_t i, nr, blocks = 0;

	for (i = 0; i < map->nr; i++) {
		const struct map_block *block = &map->blocks[i];

		must(block->pos == at && block->size);
		must(memchr(statuses, block->status, sizeof(statuses)));
		must(!i || block->status != block[-1].status);
		at += block->size;
		must(at > block->pos);
	}
	must(map_size(map) == at);
	for (i = 0; i < sizeof(statuses); i++) {
		bytes += map_bytes(map, statuses[i], &nr);
		blocks += nr;
	}
	must(bytes == at && blocks == map->nr);
}

/* ---- as a text ---------------------------------------------------------------- */

static const char *parse(struct map *map, const void *text, size_t len)
{
	FILE *file = fmemopen((void *)text, len, "r");
	unsigned int line = 0;
	const char *wrong;

	must(file);
	wrong = map_parse(map, file, &line);
	must(line);
	fclose(file);
	return wrong;
}

static void expect_same(const struct map *a, const struct map *b)
{
	size_t i;

	must(a->pos == b->pos && a->state == b->state && a->pass == b->pass);
	must(a->nr == b->nr);
	for (i = 0; i < a->nr; i++)
		must(a->blocks[i].size == b->blocks[i].size &&
		     a->blocks[i].status == b->blocks[i].status);
}

/* Whatever is in the command: what was written is read as it was. */
static void write_and_read(const struct map *map, const char *command)
{
	struct map again;
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	must(file);
	map_print(map, file, command);
	must(!fclose(file));
	must(!parse(&again, text, len));
	check_structure(&again);
	expect_same(map, &again);
	map_exit(&again);
	free(text);
}

/* Every block of one status is found from both ends. */
static void walk(const struct map *map, char status)
{
	uint64_t cursor = 0, forwards = 0, backwards = 0;
	struct map_block found;

	while (map_find(map, cursor, status, &found)) {
		must(found.size && found.pos >= cursor);
		forwards += found.size;
		cursor = found.pos + found.size;
	}
	cursor = map_size(map);
	while (map_find_back(map, cursor, status, &found)) {
		must(found.size && found.pos + found.size <= cursor);
		backwards += found.size;
		cursor = found.pos;
	}
	must(forwards == backwards && forwards == map_bytes(map, status, NULL));
}

static void read_text(const uint8_t *data, size_t size)
{
	char *command = strndup((const char *)data, size);
	struct map map;
	size_t i;

	must(command);
	if (parse(&map, data, size)) {
		must(!map.blocks && !map.nr);
	} else {
		must(map.nr);
		check_structure(&map);
		write_and_read(&map, command);
		for (i = 0; i < sizeof(statuses); i++)
			walk(&map, statuses[i]);
		map_exit(&map);
	}
	free(command);
}

/* ---- as calls, beside a model --------------------------------------------------- */

#define MODEL_MAX 512
/* Two bytes each for where and how much, one for what. */
#define CALL_SIZE 5

/**
 * struct model - what the map should be
 * @bytes: a status each
 * @size: how many
 */
struct model {
	char bytes[MODEL_MAX];
	size_t size;
};

static void compare(const struct map *map, const struct model *model)
{
	size_t i, j;

	check_structure(map);
	must(map_size(map) == model->size);
	for (i = 0; i < map->nr; i++)
		for (j = 0; j < map->blocks[i].size; j++)
			must(model->bytes[map->blocks[i].pos + j] ==
			     map->blocks[i].status);
}

static void set(struct map *map, struct model *model, size_t pos, size_t size,
		char status)
{
	must(!map_set(map, pos, size, status));
	if (pos < model->size)
		memset(model->bytes + pos, status,
		       MIN(size, model->size - pos));
	compare(map, model);
}

static void grow(struct map *map, struct model *model, size_t size)
{
	size = MIN(size, MODEL_MAX);
	must(!map_grow(map, size));
	if (size > model->size) {
		memset(model->bytes + model->size, MAP_UNTRIED,
		       size - model->size);
		model->size = size;
	}
	compare(map, model);
}

static void find(const struct map *map, const struct model *model, size_t pos,
		 char status)
{
	size_t from = pos, to;
	struct map_block found;

	while (from < model->size && model->bytes[from] != status)
		from++;
	for (to = from; to < model->size && model->bytes[to] == status;)
		to++;
	if (!map_find(map, pos, status, &found))
		must(from >= model->size);
	else
		must(found.pos == from && found.size == to - from &&
		     found.status == status);
}

static void find_back(const struct map *map, const struct model *model,
		      size_t pos, char status)
{
	size_t to = MIN(pos, model->size), from;
	struct map_block found;

	while (to && model->bytes[to - 1] != status)
		to--;
	for (from = to; from && model->bytes[from - 1] == status;)
		from--;
	if (!map_find_back(map, pos, status, &found))
		must(!to);
	else
		must(found.pos == from && found.size == to - from &&
		     found.status == status);
}

static void call(struct map *map, struct model *model, const uint8_t *data)
{
	const size_t pos = (data[0] | data[1] << 8) % (MODEL_MAX + 64);
	const size_t size = (data[2] | data[3] << 8) % (MODEL_MAX / 4);
	const char status = statuses[data[4] / 8 % sizeof(statuses)];

	switch (data[4] % 8) {
	case 0:
		return grow(map, model, pos);
	case 1:
		return find(map, model, pos, status);
	case 2:
		return find_back(map, model, pos, status);
	default:
		return set(map, model, pos, size, status);
	}
}

static void make_calls(const uint8_t *data, size_t size)
{
	static struct model model;
	struct map map;

	model.size = 0;
	must(!map_init(&map, 0));
	grow(&map, &model, MODEL_MAX / 2);
	for (; size >= CALL_SIZE; data += CALL_SIZE, size -= CALL_SIZE)
		call(&map, &model, data);
	write_and_read(&map, "");
	map_exit(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	read_text(data, size);
	make_calls(data, size);
	return 0;
}
