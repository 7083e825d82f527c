// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs that reach the most: kept, made smaller, mixed and changed. */
#include <dirent.h>
#include <err.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "device.h"

#define CORPUS_MOST 2000
/* Runs that making a program smaller may take. */
#define SHRINK_RUNS 16
/* A program is changed that often before another one is. */
#define ROUNDS 4

struct entry {
	struct program program;
	struct coverage coverage;
};

/* Shared, so that it is not copied with every process that is made. */
static struct entry *entries;
static unsigned int nr;
static struct coverage reached;
static struct program current;
static const char *wrong;

unsigned int corpus_size(void)
{
	return nr;
}

unsigned int corpus_edges(void)
{
	return reached.nr;
}

const struct program *corpus_last(void)
{
	return &current;
}

const char *corpus_problem(void)
{
	return wrong;
}

static bool run(const struct program *program, struct coverage *coverage)
{
	current = *program;
	wrong = run_program(&current);
	coverage_collect(coverage);
	return !wrong;
}

static void add(const struct program *program, const struct coverage *coverage)
{
	if (nr == CORPUS_MOST)
		return;
	entries[nr].program = *program;
	entries[nr].coverage = *coverage;
	nr++;
	coverage_add(&reached, coverage);
}

/* ---- new ones -------------------------------------------------------------------- */

/* What of @coverage is new, as far as it comes again. */
static bool is_news(const struct program *program, struct coverage *coverage)
{
	struct coverage again;

	if (!coverage_new(coverage, &reached))
		return false;
	if (!run(program, &again))
		return false;
	for (unsigned int i = 0; i < sizeof(again.edges); i++)
		coverage->edges[i] &= again.edges[i] & ~reached.edges[i];
	return coverage_new(coverage, &reached);
}

static bool still(const struct program *program, const struct coverage *news)
{
	struct coverage coverage;

	return run(program, &coverage) && !coverage_new(news, &coverage);
}

static void shrink(struct program *program, const struct coverage *news)
{
	unsigned int budget = SHRINK_RUNS;
	struct program less;

	for (unsigned int i = program->nr; i-- && program->nr > 1;) {
		less = *program;
		program_cut(&less, i);
		if (budget && budget-- && still(&less, news))
			*program = less;
		if (wrong)
			return;
	}
	for (unsigned int i = 0; i < program->nr; i++)
		for (unsigned int j = 0; j < CALL_ARGS && budget; j++) {
			if (!program->calls[i].args[j])
				continue;
			less = *program;
			less.calls[i].args[j] = 0;
			budget--;
			if (still(&less, news))
				*program = less;
			if (wrong)
				return;
		}
}

static void consider(struct program *program)
{
	struct coverage coverage;

	if (!run(program, &coverage) || !is_news(program, &coverage))
		return;
	shrink(program, &coverage);
	if (!wrong && run(program, &coverage))
		add(program, &coverage);
}

/* Those that came last are the least explored. */
static const struct program *any(struct dice *dice)
{
	unsigned int i = roll(dice, nr);

	if (roll(dice, 2) && nr > 16)
		i = nr - 1 - roll(dice, 16);
	return &entries[i].program;
}

void corpus_work(struct dice *dice)
{
	static struct program program;

	if (!nr || !roll(dice, 12)) {
		program_make_up(&program, dice);
		consider(&program);
		return;
	}
	program = *any(dice);
	for (unsigned int i = 0; i < ROUNDS && !wrong; i++) {
		program_mutate(&program, any(dice), dice);
		consider(&program);
	}
}

/* ---- files ----------------------------------------------------------------------- */

static void load_one(const char *path)
{
	static char text[PROGRAM_TEXT];
	struct coverage coverage;
	struct program program;
	FILE *file = fopen(path, "re");
	const char *bad;

	if (!file)
		err(4, "%s", path);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	bad = program_parse(&program, text);
	if (bad)
		errx(4, "%s: not understood: %s", path, bad);
	if (program.nr && run(&program, &coverage))
		add(&program, &coverage);
}

void corpus_load(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);
	char path[512];

	if (!entries)
		entries = mmap(NULL, CORPUS_MOST * sizeof(*entries),
			       PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (entries == MAP_FAILED)
		err(4, "memory for programs");
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && !wrong)
			load_one(path);
	}
}

static void save_one(const struct program *program, const char *folder)
{
	char text[PROGRAM_TEXT], path[512];
	size_t size = program_print(program, text);
	uint64_t hash = 0xcbf29ce484222325ULL;
	FILE *file;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3ULL;
	snprintf(path, sizeof(path), "%s/%012lx", folder, hash >> 16);
	file = fopen(path, "we");
	if (!file || fwrite(text, 1, size, file) != size || fclose(file))
		warn("%s", path);
}

/* The one that adds the most, again and again. */
void corpus_save(const char *folder)
{
	static struct coverage covered;

	mkdir(folder, 0755);
	for (;;) {
		unsigned int best = 0, most = 0;

		for (unsigned int i = 0; i < nr; i++) {
			unsigned int more =
				coverage_new(&entries[i].coverage, &covered);

			if (more > most) {
				most = more;
				best = i;
			}
		}
		if (!most)
			return;
		coverage_add(&covered, &entries[best].coverage);
		save_one(&entries[best].program, folder);
	}
}
