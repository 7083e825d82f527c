// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that nobody thought of: made up anew, or others changed. */
#include "device.h"

/* splitmix64, by Sebastiano Vigna; public domain. */
uint64_t roll(struct dice *dice, uint64_t sides)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return sides ? z % sides : z;
}

static bool one_in(struct dice *dice, unsigned int n)
{
	return !roll(dice, n);
}

/* ---- values ------------------------------------------------------------------- */

/* Around powers of two, since that is where counting goes wrong. */
static uint64_t any_number(struct dice *dice)
{
	uint64_t value = 1ULL << roll(dice, 64);

	switch (roll(dice, 5)) {
	case 0:
		return value;
	case 1:
		return value - 1 + roll(dice, 3);
	case 2:
		return -value;
	case 3:
		return roll(dice, 16);
	default:
		return roll(dice, 0) >> roll(dice, 64);
	}
}

/* Mostly such as fit on the disks. */
static uint64_t any_bytes(struct dice *dice)
{
	static const uint64_t usual[] = {
		0,	  512,	     4096,	    4 * KIB,   64 * KIB,
		64 * KIB, 128 * KIB, MIB - 4 * KIB, 256 * KIB, MIB,
	};

	switch (roll(dice, 12)) {
	case 0:
		return any_number(dice);
	case 1:
		return any_number(dice) & ~511ULL;
	case 2:
		return roll(dice, MIB);
	case 3:
	case 4:
		return roll(dice, MIB / 512) * 512;
	case 5:
	case 6:
		return roll(dice, MIB / 4096) * 4096;
	default:
		return usual[roll(dice, ARRAY_SIZE(usual))];
	}
}

static uint64_t any_thing(struct dice *dice)
{
	uint64_t value = roll(dice, nr_things);

	/* Most of what can be opened is no disk. */
	if (!(things[value].is & THING_DISK) && !one_in(dice, 4))
		value = roll(dice, nr_things);
	if (one_in(dice, 6))
		value |= roll(dice, NR_MODES) << THING_MODE_SHIFT;
	return value;
}

static uint64_t any_flags(struct dice *dice, uint64_t limit)
{
	uint64_t flags = 1ULL << roll(dice, 64 - __builtin_clzll(limit | 1));

	if (one_in(dice, 20))
		return roll(dice, 0) >> roll(dice, 64);
	if (one_in(dice, 3))
		flags |= roll(dice, 0) & roll(dice, 0) & roll(dice, 0);
	return flags & limit;
}

static uint64_t any_grow(struct dice *dice)
{
	static const int64_t usual[] = { 1, 8, 64, -1, -8, -4, 3000, 4096 };

	if (one_in(dice, 4))
		return any_number(dice);
	return usual[roll(dice, ARRAY_SIZE(usual))];
}

static uint64_t any_job(struct dice *dice)
{
	return one_in(dice, 8) ? any_number(dice) : roll(dice, 3);
}

static uint64_t any_value(const struct arg_spec *spec, struct dice *dice)
{
	switch (spec->kind) {
	case KIND_SLOT:
		return roll(dice, one_in(dice, 3) ? NR_SLOTS : 1);
	case KIND_THING:
		return any_thing(dice);
	case KIND_MEMORY:
		return roll(dice, NR_MEMORIES);
	case KIND_GROW:
		return any_grow(dice);
	case KIND_JOB:
		return any_job(dice);
	case KIND_BYTES:
		return any_bytes(dice);
	case KIND_FLAGS:
		return any_flags(dice, spec->limit);
	case KIND_CHOICE:
		return one_in(dice, 30) ? any_number(dice) :
					  roll(dice, spec->limit);
	case KIND_SWITCH:
		return roll(dice, 2);
	case KIND_FAIL:
		return roll(dice, 1ULL << roll(dice, 7));
	default:
		return any_number(dice);
	}
}

/* What is mostly left alone, so that calls get further than their checks. */
static unsigned int shyness(enum kind kind)
{
	switch (kind) {
	case KIND_RARE:
		return 60;
	case KIND_GROW:
	case KIND_MEMORY:
		return 25;
	case KIND_FAIL:
		return 30;
	case KIND_FLAGS:
		return 2;
	case KIND_SWITCH:
		return 2;
	default:
		return 1;
	}
}

/* ---- calls --------------------------------------------------------------------- */

static enum op any_op(struct dice *dice)
{
	unsigned int op, sum = 0;
	uint64_t at;

	for (op = 0; op < NR_OPS; op++)
		sum += call_specs[op].weight;
	at = roll(dice, sum);
	for (op = 0; at >= call_specs[op].weight; op++)
		at -= call_specs[op].weight;
	return op;
}

static uint64_t some_thing(struct dice *dice, unsigned int is,
			   unsigned int is_not)
{
	for (;;) {
		uint64_t i = roll(dice, nr_things);

		if ((things[i].is & is) == is && !(things[i].is & is_not))
			return i;
	}
}

/* One that has a chance: the rest is done by mutations. */
static void make_up_submit(struct call *call, struct dice *dice)
{
	uint64_t *args = call->args;

	args[SUBMIT_SOURCE] =
		one_in(dice, 5) ? 0 : some_thing(dice, THING_SOURCE, 0);
	args[SUBMIT_DEST] = some_thing(dice, THING_DISK, THING_SOURCE);
	args[SUBMIT_DEST2] = some_thing(dice, THING_DISK, THING_SOURCE);
	args[SUBMIT_NR] = one_in(dice, 8) ? roll(dice, 70) : 1 + roll(dice, 2);
	args[SUBMIT_LENGTH] = roll(dice, 64) * 4096;
	args[SUBMIT_FROM] = one_in(dice, 2) ? 0 : roll(dice, 64) * 4096;
	args[SUBMIT_AT] = one_in(dice, 2) ? 0 : roll(dice, 64) * 4096;
	args[SUBMIT_AT2] = one_in(dice, 2) ? 0 : roll(dice, 64) * 4096;
	args[SUBMIT_STEP] = args[SUBMIT_LENGTH];
	if (!args[SUBMIT_SOURCE])
		args[SUBMIT_FROM] = 0;
	if (one_in(dice, 2)) {
		args[SUBMIT_RATE] = 0;
		args[SUBMIT_PERCENT] = 0;
		args[SUBMIT_DEPTH] = 0;
		args[SUBMIT_RESERVE] = 0;
	}
	if (one_in(dice, 2)) {
		args[SUBMIT_CHUNK] = one_in(dice, 2) ? 4096 : 0;
		args[SUBMIT_CHECKSUM] = 0;
		args[SUBMIT_IOPRIO] = 0;
	}
}

static void make_up_call(struct call *call, struct dice *dice)
{
	const struct call_spec *spec;

	*call = (struct call){ .op = any_op(dice) };
	spec = &call_specs[call->op];
	for (unsigned int i = 0; i < CALL_ARGS; i++)
		if (spec->args[i].name &&
		    one_in(dice, shyness(spec->args[i].kind)))
			call->args[i] = any_value(&spec->args[i], dice);
	if (call->op == OP_SUBMIT)
		make_up_submit(call, dice);
}

void program_make_up(struct program *program, struct dice *dice)
{
	program->nr = 1 + roll(dice, 8);
	for (unsigned int i = 0; i < program->nr; i++)
		make_up_call(&program->calls[i], dice);
}

/* As it is written down, so that what is read again is the same. */
static uint64_t normal(enum kind kind, uint64_t value)
{
	switch (kind) {
	case KIND_SLOT:
		return value % NR_SLOTS;
	case KIND_SWITCH:
		return value & 1;
	case KIND_MEMORY:
		return value % NR_MEMORIES;
	case KIND_THING:
		return thing_index(value) |
		       (value >> THING_MODE_SHIFT) % NR_MODES
			       << THING_MODE_SHIFT;
	default:
		return value;
	}
}

/* ---- mutations ----------------------------------------------------------------- */

static void change_value(struct call *call, struct dice *dice)
{
	const struct call_spec *spec = &call_specs[call->op];
	unsigned int i;

	for (unsigned int tries = 0; tries < 100; tries++) {
		i = roll(dice, CALL_ARGS);
		if (spec->args[i].name)
			break;
	}
	if (!spec->args[i].name)
		return;
	switch (roll(dice, 6)) {
	case 0:
		call->args[i] = 0;
		break;
	case 1:
		call->args[i] ^= 1ULL << roll(dice, 64);
		break;
	case 2:
		call->args[i] += roll(dice, 3) * 512 - 512;
		break;
	default:
		call->args[i] = any_value(&spec->args[i], dice);
	}
	call->args[i] = normal(spec->args[i].kind, call->args[i]);
}

static void insert(struct program *program, unsigned int at,
		   const struct call *call)
{
	if (program->nr == PROGRAM_CALLS)
		return;
	memmove(&program->calls[at + 1], &program->calls[at],
		(program->nr - at) * sizeof(*call));
	program->calls[at] = *call;
	program->nr++;
}

static void insert_from(struct program *program, const struct program *other,
			struct dice *dice)
{
	unsigned int at = roll(dice, program->nr + 1);
	unsigned int from = roll(dice, other->nr);
	unsigned int nr = 1 + roll(dice, other->nr - from);

	while (nr--)
		insert(program, at, &other->calls[from + nr]);
}

static void mutate_once(struct program *program, const struct program *other,
			struct dice *dice)
{
	unsigned int at = roll(dice, program->nr);
	struct call call = program->calls[at];

	switch (roll(dice, 12)) {
	case 0:
	case 1:
		make_up_call(&call, dice);
		insert(program, roll(dice, program->nr + 1), &call);
		break;
	case 2:
		if (program->nr > 1)
			program_cut(program, at);
		break;
	case 3:
		insert(program, roll(dice, program->nr + 1), &call);
		break;
	case 4:
		insert_from(program, other, dice);
		break;
	case 5:
		program->calls[at] = program->calls[roll(dice, program->nr)];
		break;
	default:
		change_value(&program->calls[at], dice);
	}
}

void program_mutate(struct program *program, const struct program *other,
		    struct dice *dice)
{
	do
		mutate_once(program, other, dice);
	while (roll(dice, 3));
}
