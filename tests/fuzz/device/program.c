// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs as text: a line a call, its name and arguments, "submit source=srca
 * dest=da:ro length=4096". A # begins a comment.
 */
#include "device.h"

static const char *const memories[NR_MEMORIES] = {
	"good", "tight", "misaligned", "private", "read-only",
	"half", "eof",	 "null",       "nowhere", "kernel",
};

/* ---- to text ------------------------------------------------------------------ */

static int print_thing(char *to, size_t room, uint64_t value)
{
	uint64_t mode = value >> THING_MODE_SHIFT;
	unsigned int i = thing_index(value);

	if (mode)
		return snprintf(to, room, "%s:%s", things[i].name,
				thing_modes[mode % NR_MODES]);
	return snprintf(to, room, "%s", things[i].name);
}

static int print_value(char *to, size_t room, enum kind kind, uint64_t value)
{
	if (kind == KIND_THING)
		return print_thing(to, room, value);
	if (kind == KIND_MEMORY)
		return snprintf(to, room, "%s", memories[value % NR_MEMORIES]);
	if (kind == KIND_GROW)
		return snprintf(to, room, "%ld", (long)value);
	if (kind == KIND_FLAGS || value > UINT32_MAX)
		return snprintf(to, room, "%#lx", value);
	return snprintf(to, room, "%lu", value);
}

static size_t print_call(const struct call *call, char *to, size_t room)
{
	const struct call_spec *spec = &call_specs[call->op];
	size_t n = snprintf(to, room, "%s", spec->name);

	for (unsigned int i = 0; i < CALL_ARGS; i++) {
		if (!spec->args[i].name || !call->args[i])
			continue;
		n += snprintf(to + n, room - n, " %s=", spec->args[i].name);
		n += print_value(to + n, room - n, spec->args[i].kind,
				 call->args[i]);
	}
	return n + snprintf(to + n, room - n, "\n");
}

size_t program_print(const struct program *program, char text[PROGRAM_TEXT])
{
	char line[1024];
	size_t n = 0, more;

	text[0] = 0;
	for (unsigned int i = 0; i < program->nr; i++) {
		more = print_call(&program->calls[i], line, sizeof(line));
		if (n + more >= PROGRAM_TEXT)
			break;
		memcpy(text + n, line, more + 1);
		n += more;
	}
	return n;
}

/* ---- from text ---------------------------------------------------------------- */

static bool parse_thing(const char *text, uint64_t *value)
{
	char name[32];
	const char *mode = strchr(text, ':');
	int thing;

	snprintf(name, sizeof(name), "%.*s",
		 (int)(mode ? mode - text : (long)strlen(text)), text);
	thing = thing_find(name);
	if (thing < 0)
		return false;
	*value = thing;
	if (!mode)
		return true;
	for (uint64_t i = 0; i < NR_MODES; i++)
		if (!strcmp(thing_modes[i], mode + 1)) {
			*value |= i << THING_MODE_SHIFT;
			return true;
		}
	return false;
}

static bool parse_memory(const char *text, uint64_t *value)
{
	for (uint64_t i = 0; i < NR_MEMORIES; i++)
		if (!strcmp(memories[i], text)) {
			*value = i;
			return true;
		}
	return false;
}

static bool parse_value(enum kind kind, const char *text, uint64_t *value)
{
	char *end;

	if (kind == KIND_THING)
		return parse_thing(text, value);
	if (kind == KIND_MEMORY)
		return parse_memory(text, value);
	*value = strtoull(text, &end, 0);
	return *text && !*end;
}

static bool parse_arg(struct call *call, char *word)
{
	const struct call_spec *spec = &call_specs[call->op];
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = 0;
	for (unsigned int i = 0; i < CALL_ARGS; i++)
		if (spec->args[i].name && !strcmp(spec->args[i].name, word))
			return parse_value(spec->args[i].kind, value,
					   &call->args[i]);
	return false;
}

static bool parse_name(struct call *call, const char *word)
{
	for (unsigned int op = 0; op < NR_OPS; op++)
		if (!strcmp(call_specs[op].name, word)) {
			call->op = op;
			return true;
		}
	return false;
}

static bool parse_call(struct call *call, char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	*call = (struct call){};
	if (!parse_name(call, word))
		return false;
	while ((word = strtok_r(NULL, " ", &rest)))
		if (!parse_arg(call, word))
			return false;
	return true;
}

const char *program_parse(struct program *program, char *text)
{
	static char bad[256];
	char *rest, *line;

	program->nr = 0;
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		line[strcspn(line, "#")] = 0;
		if (!line[strspn(line, " ")])
			continue;
		snprintf(bad, sizeof(bad), "%s", line);
		if (program->nr == PROGRAM_CALLS ||
		    !parse_call(&program->calls[program->nr], line))
			return bad;
		program->nr++;
	}
	return NULL;
}

void program_cut(struct program *program, unsigned int at)
{
	program->nr--;
	memmove(&program->calls[at], &program->calls[at + 1],
		(program->nr - at) * sizeof(program->calls[0]));
}
