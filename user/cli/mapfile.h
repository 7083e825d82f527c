/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of a rescue: what of a device is rescued, what is not yet tried, what
 * is bad. In memory, and as the text that GNU ddrescue reads and writes.
 */
#ifndef _KCOPYCTL_MAPFILE_H
#define _KCOPYCTL_MAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What is known of a block; the characters are those of the text. */
enum map_status {
	MAP_UNTRIED = '?',
	MAP_UNTRIMMED = '*', /* failed as a whole, edges not looked for */
	MAP_UNSCRAPED = '/', /* edges are known, inside not looked at */
	MAP_BAD = '-',
	MAP_RESCUED = '+',
};

/**
 * struct map_block - bytes of which the same is known
 * @pos: first
 * @size: how many
 * @status: enum map_status
 */
struct map_block {
	uint64_t pos;
	uint64_t size;
	char status;
};

/**
 * struct map - all of a device
 * @blocks: ascending, without gaps, neighbours differ
 * @nr: how many
 * @room: for so many
 * @pos: where the work stands
 * @state: what is being done, a character of the text: '?' '*' '/' '-' or '+'
 * @pass: of that, from 1
 */
struct map {
	struct map_block *blocks;
	size_t nr;
	size_t room;
	uint64_t pos;
	char state;
	unsigned int pass;
};

/* One block that is untried; -ENOMEM. */
int map_init(struct map *map, uint64_t size);
void map_exit(struct map *map);

/* Where it ends. */
uint64_t map_size(const struct map *map);

/*
 * What is known of a range from now on; what is outside of the map is left out.
 * -ENOMEM, and nothing has changed.
 */
int map_set(struct map *map, uint64_t pos, uint64_t size, char status);

/* Longer by what is untried, or -ENOMEM. */
int map_grow(struct map *map, uint64_t size);

/* The first part of a block of that status from POS on. */
bool map_find(const struct map *map, uint64_t pos, char status,
	      struct map_block *found);

/* The last one before POS. */
bool map_find_back(const struct map *map, uint64_t pos, char status,
		   struct map_block *found);

/* Bytes of that status, and in how many blocks. */
uint64_t map_bytes(const struct map *map, char status, size_t *nr);

/**
 * map_parse - read the text
 * @map: where to put it; map_exit() it
 * @file: from here
 * @line: where to put the number of the line that is wrong
 *
 * Return: NULL, or what is wrong, in words.
 */
const char *map_parse(struct map *map, FILE *file, unsigned int *line);

/* Write the text, COMMAND in its head. */
void map_print(const struct map *map, FILE *file, const char *command);

#endif /* _KCOPYCTL_MAPFILE_H */
