// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The map's reader beside that of GNU ddrescue. What ours takes, ddrescue takes
 * too, and understands it the same way. What ddrescue takes and ours does not
 * is listed below: nobody writes it, so it is damage, and a guess at a damaged
 * map could name what was not rescued as rescued.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/mapfile.h"

#define CORPUS "tests/fuzz/corpus/mapfile"
#define TEXT_MAX 16384
#define GENERATED 150
#define MUTATED 350

TestSuite(mapfile_beside);

/**
 * struct text - a map that may be none
 * @bytes: also zeroes
 * @len: of them
 */
struct text {
	char bytes[TEXT_MAX];
	size_t len;
};

static unsigned int seed = 20240607;

static unsigned int pick(unsigned int below)
{
	return rand_r(&seed) % below;
}

/* ---- the two readers ---------------------------------------------------------- */

static const char *read_ours(const struct text *text, struct map *map)
{
	FILE *file = fmemopen((void *)text->bytes, text->len, "r");
	unsigned int line;
	const char *wrong;

	cr_assert_not_null(file);
	wrong = map_parse(map, file, &line);
	fclose(file);
	return wrong;
}

static void run_log(int in, int out)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    !freopen("/dev/null", "w", stderr))
		_exit(126);
	execlp("ddrescuelog", "ddrescuelog", "--change-types=?,?", "-", NULL);
	_exit(127);
}

/*
 * Nothing is changed: it writes what it has read, neighbours of one status
 * joined. False if it refuses, or finds no block.
 */
static bool read_theirs(const struct text *text, struct map *map)
{
	const int in = memfd_create("in", 0), out = memfd_create("out", 0);
	struct text written;
	int status;
	pid_t pid;

	cr_assert(in >= 0 && out >= 0);
	cr_assert_eq(pwrite(in, text->bytes, text->len, 0), (ssize_t)text->len);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		run_log(in, out);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 126);
	written.len = pread(out, written.bytes, TEXT_MAX, 0);
	cr_assert_lt(written.len, TEXT_MAX);
	close(in);
	close(out);
	if (WEXITSTATUS(status) || !written.len)
		return false;
	cr_assert_null(read_ours(&written, map), "%.*s", (int)written.len,
		       written.bytes);
	return true;
}

static void need_ddrescuelog(void)
{
	if (system("ddrescuelog --version >/dev/null 2>&1"))
		cr_skip_test("there is no ddrescuelog: scripts/setup check");
}

static void expect_same(const struct map *ours, const struct map *theirs,
			const struct text *text)
{
	bool same = ours->nr == theirs->nr && ours->pos == theirs->pos &&
		    ours->state == theirs->state && ours->pass == theirs->pass;

	for (size_t i = 0; same && i < ours->nr; i++)
		same = ours->blocks[i].size == theirs->blocks[i].size &&
		       ours->blocks[i].status == theirs->blocks[i].status;
	cr_assert(same, "it is understood otherwise: %.*s", (int)text->len,
		  text->bytes);
}

/* Whether both take it; must they? */
static bool compare(const struct text *text, bool must)
{
	struct map ours, theirs;
	const char *wrong = read_ours(text, &ours);

	cr_assert(!must || !wrong, "%s: %.*s", wrong, (int)text->len,
		  text->bytes);
	if (wrong)
		return false;
	cr_assert(read_theirs(text, &theirs),
		  "ddrescuelog does not take it: %.*s", (int)text->len,
		  text->bytes);
	expect_same(&ours, &theirs, text);
	map_exit(&ours);
	map_exit(&theirs);
	return true;
}

/* ---- maps ----------------------------------------------------------------------- */

static void add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	const size_t room = TEXT_MAX - text->len;
	va_list args;

	va_start(args, format);
	text->len += vsnprintf(text->bytes + text->len, room, format, args);
	va_end(args);
	cr_assert_lt(text->len, TEXT_MAX);
}

static const char *blanks(void)
{
	static const char *const some[] = { " ",  "  ", "\t",  "     ",
					    "\v", "\f", " \t", "\r " };

	return some[pick(8)];
}

static void add_number(struct text *text, unsigned long number)
{
	switch (pick(4)) {
	case 0:
		return add(text, "%lu", number);
	case 1:
		return add(text, "0%lo", number);
	case 2:
		return add(text, "0X%lx", number);
	default:
		return add(text, "0x%08lX", number);
	}
}

/* As ddrescue writes it if it is told to explain, or as somebody's editor. */
static void add_end(struct text *text)
{
	static const char *const ends[] = { "",	 "",   "",   "\r",
					    " ", "\t", " #", "\t#  1024B # -" };

	add(text, "%s\n", ends[pick(8)]);
	if (!pick(8))
		add(text, pick(2) ? "\n" : "# %u\n", pick(1000));
}

static void add_block(struct text *text, unsigned long pos, unsigned long size)
{
	add(text, "%s", pick(4) ? "" : blanks());
	add_number(text, pos);
	add(text, "%s", blanks());
	add_number(text, size);
	add(text, "%s%c", blanks(), "?*/-+"[pick(5)]);
	add_end(text);
}

static void generate(struct text *text)
{
	unsigned long pos = 0, size;
	unsigned int blocks = 1 + pick(40);

	text->len = 0;
	add(text, "%s", pick(2) ? "" : "# Mapfile.\n\n#\n");
	add_number(text, pick(1 << 30));
	add(text, "%s%c", blanks(), "?*/-+FG"[pick(7)]);
	if (pick(3))
		add(text, "%s%u", blanks(), 1 + pick(9));
	add_end(text);
	while (blocks--) {
		size = 1 + ((unsigned long)rand_r(&seed) >> pick(31)) *
				   (pick(4) ? 512 : 1);
		add_block(text, pos, size);
		pos += size;
	}
	/* Not every file has a line end in the end. */
	if (!pick(4))
		text->len--;
}

static void load(struct text *text, const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s: %m", path);
	text->len = fread(text->bytes, 1, TEXT_MAX, file);
	fclose(file);
}

static void insert(struct text *text, size_t at, const char *what, size_t len)
{
	if (text->len + len > TEXT_MAX / 2)
		return;
	memmove(text->bytes + at + len, text->bytes + at, text->len - at);
	memcpy(text->bytes + at, what, len);
	text->len += len;
}

static void cut(struct text *text, size_t at, size_t len)
{
	if (len > text->len - at)
		len = text->len - at;
	memmove(text->bytes + at, text->bytes + at + len, text->len - at - len);
	text->len -= len;
}

static void mutate(struct text *text)
{
	static const char *const words[] = {
		" ",	    "\n",      "#",  "0",   "+",    "-1",  "?",
		"0x",	    " #x",     "\r", "\t",  "9",    "F",   "\v",
		" 0 0 +\n", "0 1 -\n", "G",  " + ", "8000", "\n\n"
	};
	const char *word = words[pick(20)];
	const size_t at = pick(text->len);

	switch (pick(4)) {
	case 0:
		return insert(text, at, word, strlen(word));
	case 1:
		return cut(text, at, 1 + pick(6));
	case 2:
		text->bytes[at] = 1 + pick(126);
		return;
	default:
		text->bytes[at] = "0123456789? */-+#\n"[pick(18)];
	}
}

/* ---- the tests ------------------------------------------------------------------ */

static void each_of_corpus(void (*make)(struct text *text))
{
	DIR *dir = opendir(CORPUS);
	struct dirent *entry;
	static struct text text;
	unsigned int both = 0;

	cr_assert_not_null(dir, CORPUS ": %m");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		load(&text, entry->d_name);
		if (make)
			make(&text);
		both += text.len && compare(&text, false);
	}
	closedir(dir);
	cr_expect_gt(both, 0);
}

Test(mapfile_beside, the_corpus_is_understood_as_ddrescue_does)
{
	need_ddrescuelog();
	each_of_corpus(NULL);
}

Test(mapfile_beside, whatever_is_well_formed_is_taken_by_both)
{
	static struct text text;

	need_ddrescuelog();
	for (int i = 0; i < GENERATED; i++) {
		generate(&text);
		compare(&text, true);
	}
}

/* Some of them are still maps, and it is the same map for both. */
Test(mapfile_beside, what_is_damaged_is_not_taken_by_ours_alone)
{
	static struct text text;
	unsigned int both = 0;

	need_ddrescuelog();
	for (int i = 0; i < MUTATED; i++) {
		generate(&text);
		for (int j = 1 + pick(3); j && text.len; j--)
			mutate(&text);
		both += text.len && compare(&text, false);
	}
	cr_expect_gt(both, MUTATED / 20);
	cr_expect_lt(both, MUTATED);
	for (int i = 0; i < 5; i++)
		each_of_corpus(mutate);
}

/* The reasons are at the top of this file. */
Test(mapfile_beside, what_only_ddrescue_takes)
{
	static const char *const damaged[] = {
		"0 ? 1\n0 1 + 3\n", /* more on the line */
		"0 ? 1\n0 1 +#\n", /* no comment: no blank before it */
		"0 ? 1\n0 +1 +\n", /* signs */
		"0 ? 1\n0 1+\n", /* columns that have run together */
		"0 ?1\n0 1 +\n",
		"0 ? x\n0 1 +\n", /* passes that are none */
		"0 ? 1 2\n0 1 +\n",
		"0 ? 1\n0 0x8000000000000000 ?\n", /* more than can be */
		"0 ? 1\n0 1 ?\n1 0x7FFFFFFFFFFFFFFF ?\n",
	};
	static struct text text;
	struct map ours, theirs;

	need_ddrescuelog();
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		text.len = 0;
		add(&text, "%s", damaged[i]);
		cr_expect_not_null(read_ours(&text, &ours), "%s", damaged[i]);
		cr_expect(read_theirs(&text, &theirs), "%s", damaged[i]);
		map_exit(&theirs);
	}
}
