// SPDX-License-Identifier: GPL-2.0-or-later
/* The head of a rescue's map: what it is a map of. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cleanup.h"
#include "map_header.h"

#define DEST "# Destination: "
#define SOURCE "# Source: "
#define SHIFT "# Shift: "

void map_header_of(const struct plan *plan, unsigned int dest,
		   struct map_header *header)
{
	identity_of(&plan->dests[dest], header->dest, sizeof(header->dest));
	identity_of(&plan->source, header->source, sizeof(header->source));
	header->has_shift = true;
	header->shift = plan->dests[dest].offset - plan->source.offset;
}

/* What is behind a word at the start of a line, or NULL. */
static const char *behind(const char *line, const char *word)
{
	const size_t len = strlen(word);

	return strncmp(line, word, len) ? NULL : line + len;
}

static void read_shift(const char *text, struct map_header *header)
{
	char *end;

	errno = 0;
	header->shift = strtoll(text, &end, 10);
	header->has_shift = !errno && end != text && !*end;
}

static void read_line_of(const char *line, struct map_header *header)
{
	const char *text;

	text = behind(line, DEST);
	if (text)
		snprintf(header->dest, sizeof(header->dest), "%s", text);
	text = behind(line, SOURCE);
	if (text)
		snprintf(header->source, sizeof(header->source), "%s", text);
	text = behind(line, SHIFT);
	if (text)
		read_shift(text, header);
}

void map_header_read(const char *path, struct map_header *header)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	AUTO_FREE char *line = NULL;
	size_t size = 0;

	*header = (struct map_header){};
	while (file && getline(&line, &size, file) > 0 && *line == '#') {
		line[strcspn(line, "\n")] = '\0';
		read_line_of(line, header);
	}
}

void map_header_print(const struct map_header *header, FILE *file)
{
	if (*header->dest)
		fprintf(file, DEST "%s\n", header->dest);
	if (*header->source)
		fprintf(file, SOURCE "%s\n", header->source);
	if (header->has_shift)
		fprintf(file, SHIFT "%" PRId64 "\n", header->shift);
}
