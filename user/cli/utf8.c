// SPDX-License-Identifier: GPL-2.0-or-later
/* Text that may be anything: names of files, labels of disks. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* What begins with @first: how many bytes, and the least that needs so many. */
static size_t length_of(unsigned char first, uint32_t *code, uint32_t *least)
{
	static const struct {
		unsigned char mask, mark;
		uint32_t least;
	} kinds[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if ((first & kinds[i].mask) != kinds[i].mark)
			continue;
		*code = first & ~kinds[i].mask;
		*least = kinds[i].least;
		return i + 1;
	}
	return 0;
}

/* The length of the character at @text, or 0. */
static size_t character(const char *text)
{
	uint32_t code, least;
	size_t i, length = length_of(*text, &code, &least);

	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (!length || code < least || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

char *utf8_clean(const char *text)
{
	char *clean = malloc(strlen(text) * strlen(REPLACEMENT) + 1);
	char *to = clean;
	size_t length;

	while (clean && *text) {
		length = character(text);
		if (length)
			to = mempcpy(to, text, length);
		else
			to = stpcpy(to, REPLACEMENT);
		text += length ? length : 1;
	}
	if (clean)
		*to = '\0';
	return clean;
}
