// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The examples of the manual pages, read out of their sources and run as they
 * stand there, but on devices of ours. An example is a line of a literal block
 * that begins with a prompt: "# " for root, "$ " for anybody. It must exit with
 * 0, or with what the comment at its end tells: "# exits with 5". The lines of a
 * block are run by one shell, one after the other; what they copy must arrive. A
 * line that ends with a backslash goes on in the next one.
 */
#include <glob.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <libkcopy.h>

#include "ctl.h"

TestSuite(manuals, RIG_SUITE);

/* What the pages name, and what it is here: null_create() gives such names. */
static const struct {
	const char *named;
	const char *ours;
} substitutes[] = {
	{ "/dev/sd", "/dev/kt-sd" },
};

/* Sources by what they hold; the bad one can't be read in its middle. */
enum { SOURCE = 1, BAD = 5, DEST = 11 };

static const struct {
	const char *path;
	unsigned int seed;
} sources[] = {
	{ "/dev/kt-sda", SOURCE },
	{ "/dev/kt-sde", BAD },
	/* All images of the pages are made from the first. */
	{ "disk.img", SOURCE },
};

/* What is not run, and why. */
static const char *const left_out[] = {
	/* Needs a terminal and somebody who types q; see the suite terminal. */
	"kcopyctl top",
};

/* Pages with examples; what is not here is refused by a test of its own. */
static const char *const pages[] = {
	"kcopyctl.8",	   "kcopyctl-copy.8",	"kcopyctl-jobs.8",
	"kcopyctl-load.8", "kcopyctl-stats.8",	"kcopyctl-trace.8",
	"kcopyctl-zero.8", "kcopyctl-verify.8", "kcopyd.4",
	"kcopyd.7",	   "kcopyctl-run.8",	"kcopyctl-json.7",
};

#define SIZE_MIB 8
#define SIZE (SIZE_MIB * MIB)
#define BAD_SECTOR 8192
#define BAD_SECTORS 8
#define SCRATCH "/tmp/kt-manuals"
#define FOLDER SCRATCH "/folder"
#define NOBODY "65534"
#define PREAMBLE            \
	"set -o pipefail\n" \
	"cd " FOLDER "\n"   \
	"fail() { echo \"line $1: status $2\" >&2; exit 1; }\n"
#define MAX_PAGE 65536
#define MAX_LINE 512
#define MAX_SCRIPT 8192
#define MAX_EXAMPLES 16

/**
 * struct example - a line that is to be run
 * @command: without prompt and comment, on our devices
 * @status: that it is to exit with
 * @by_anybody: and not by root
 */
struct example {
	char command[MAX_LINE];
	int status;
	bool by_anybody;
};

/**
 * struct block - examples that belong together
 * @page: that they are on
 * @examples: in their order
 * @nr: how many
 */
struct block {
	const char *page;
	struct example examples[MAX_EXAMPLES];
	unsigned int nr;
};

/* ---- reading ----------------------------------------------------------------- */

/* The backslash is twice in the source, for scdoc. */
static void join_lines(char *text)
{
	while ((text = strstr(text, "\\\\\n")))
		memset(text, ' ', 3);
}

static char *read_source(const char *path)
{
	char *text = calloc(1, MAX_PAGE);
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_lt(fread(text, 1, MAX_PAGE, file), MAX_PAGE, "%s", path);
	fclose(file);
	join_lines(text);
	return text;
}

static const char *source_of(const char *page)
{
	static char path[512];

	cr_assert_not_null(getenv("KCOPYD_ROOT"), "KCOPYD_ROOT is not set");
	snprintf(path, sizeof(path), "%s/user/man/%s.scd",
		 getenv("KCOPYD_ROOT"), page);
	return path;
}

static void put_devices(const char *line, char *command)
{
	size_t len = 0, i;

	while (*line) {
		for (i = 0; i < ARRAY_SIZE(substitutes); i++)
			if (!strncmp(line, substitutes[i].named,
				     strlen(substitutes[i].named)))
				break;
		cr_assert_lt(len, MAX_LINE - 32);
		if (i == ARRAY_SIZE(substitutes)) {
			command[len++] = *line++;
			continue;
		}
		len += sprintf(command + len, "%s", substitutes[i].ours);
		line += strlen(substitutes[i].named);
	}
	command[len] = 0;
}

static bool is_example(const char *line)
{
	return (line[0] == '#' || line[0] == '$') && line[1] == ' ';
}

static bool is_left_out(const char *command)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		if (!strcmp(command, left_out[i]))
			return true;
	return false;
}

static void add_example(struct block *block, const char *line)
{
	static const char says[] = "# exits with ";
	struct example *example = &block->examples[block->nr];
	char *comment;

	if (is_left_out(line + 2))
		return;
	cr_assert_lt(++block->nr, MAX_EXAMPLES);
	example->by_anybody = *line == '$';
	example->status = 0;
	put_devices(line + 2, example->command);
	comment = strstr(example->command, says);
	if (comment) {
		example->status = atoi(comment + strlen(says));
		*comment = 0;
	}
}

/* ---- devices ----------------------------------------------------------------- */

/* As udev does for disks, which are told by it. */
static void link_create(const char *name)
{
	char path[64], link[64];

	snprintf(path, sizeof(path), "/dev/kt-%s", name);
	snprintf(link, sizeof(link), "/dev/disk/by-id/ata-kt-%s", name);
	run_ok("mkdir", "-p", "/dev/disk/by-id");
	run_ok("ln", "-sf", path, link);
}

static void devices_create(void)
{
	static const char *const names[] = { "sda", "sdb", "sdc", "sde" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		null_create(names[i], (struct null_options){ .mib = SIZE_MIB });
		link_create(names[i]);
	}
	data_fill("/dev/kt-sda", SOURCE);
	data_fill("/dev/kt-sde", BAD);
	null_make_bad("sde", BAD_SECTOR, BAD_SECTORS);
}

static void scratch_create(void)
{
	umount2(SCRATCH, MNT_DETACH);
	mkdir(SCRATCH, 0755);
	cr_assert_eq(mount("kt", SCRATCH, "tmpfs", 0, "size=128m,mode=0755"), 0,
		     "%m");
	run_ok("install", "-D", getenv("KCOPYD_CTL"), SCRATCH "/bin/kcopyctl");
}

static bool mentions(const struct block *block, const char *words)
{
	for (unsigned int i = 0; i < block->nr; i++)
		if (strstr(block->examples[i].command, words))
			return true;
	return false;
}

/* As somebody finds it who begins to read, or who has loaded all. */
static void prepare(const struct block *block)
{
	data_fill("/dev/kt-sdb", DEST);
	data_fill("/dev/kt-sdc", DEST + 1);
	run_ok("rm", "-rf", FOLDER);
	mkdir(FOLDER, 0755);
	run_ok("cp", getenv("KCOPYD_MODULE"), FOLDER "/kcopyd.ko");
	module_unload("kcopyd_test");
	ctl_load();
	if (mentions(block, "kcopyctl load"))
		ctl_unload();
}

/* ---- running ----------------------------------------------------------------- */

/* A file, since no quoting is as its author meant it twice. */
static void write_command(const char *path, const char *command)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s: %m", path);
	fprintf(file, "set -o pipefail\n%s\n", command);
	cr_assert_eq(fclose(file), 0);
}

static size_t put_example(char *script, const struct example *example,
			  unsigned int i)
{
	char path[64];
	size_t len;

	if (!example->by_anybody) {
		len = sprintf(script, "%s\n", example->command);
	} else {
		snprintf(path, sizeof(path), SCRATCH "/bin/%u", i);
		write_command(path, example->command);
		len = sprintf(script,
			      "setpriv --reuid=" NOBODY " --regid=" NOBODY
			      " --clear-groups bash %s\n",
			      path);
	}
	return len + sprintf(script + len,
			     "s=$?; [ $s -eq %d ] || fail %u $s\n",
			     example->status, i + 1);
}

static void run_block(const struct block *block)
{
	char script[MAX_SCRIPT];
	struct run run;
	size_t len;

	len = sprintf(script,
		      PREAMBLE "PATH=" SCRATCH "/bin:$PATH:/usr/sbin:/sbin\n");
	for (unsigned int i = 0; i < block->nr; i++) {
		cr_assert_lt(len, MAX_SCRIPT - 2 * MAX_LINE);
		len += put_example(script + len, &block->examples[i], i);
	}
	run = run_any("bash", "-c", script);
	cr_assert_eq(run.status, 0, "%s: %s...: %s%s", block->page,
		     block->examples[0].command, run.out, run.err);
	run_free(&run);
}

/* ---- what has arrived ---------------------------------------------------------- */

/**
 * struct wish - what a destination should hold in the end
 * @seed: 0: zeroes
 * @from: first byte at the source
 * @to: first byte of the destination
 * @length: bytes
 * @is_there: it was copied to
 */
struct wish {
	unsigned int seed;
	uint64_t from;
	uint64_t to;
	uint64_t length;
	bool is_there;
};

static uint64_t size_behind(const char *command, const char *option,
			    uint64_t otherwise)
{
	const char *at = strstr(command, option);
	char text[16];
	uint64_t size;

	if (!at || sscanf(at + strlen(option), " %15[^ ]", text) != 1)
		return otherwise;
	cr_assert_eq(kcopy_parse_size(text, &size), 0, "%s", command);
	return size;
}

static const char *next_operand(char **rest)
{
	char *word;

	while ((word = strtok_r(NULL, "\n ()\"", rest)))
		if (!strncmp(word, "/dev/kt-", 8) || !strcmp(word, "disk.img"))
			return word;
	return NULL;
}

static unsigned int seed_of(const char *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(source, sources[i].path))
			return sources[i].seed;
	cr_assert_fail("nobody knows what %s holds", source);
	return 0;
}

/* "sdb" and "sdc" are what is copied to; of files the next copy tells. */
static struct wish *wish_for(struct wish wishes[2], const char *dest)
{
	return !strcmp(dest, "/dev/kt-sdb") ? &wishes[0] :
	       !strcmp(dest, "/dev/kt-sdc") ? &wishes[1] :
					      NULL;
}

static void wish(struct wish wishes[2], const char *command)
{
	char words[MAX_LINE], *rest = NULL;
	struct wish what = {
		.from = size_behind(command, "--offset", 0),
		.to = size_behind(command, "--dest-offset", 0),
		.length = size_behind(command, "--length", SIZE),
		.is_there = true,
	};
	const char *operand;

	snprintf(words, sizeof(words), "%s", command);
	strtok_r(words, " ", &rest);
	if (strstr(command, "kcopyctl copy"))
		what.seed = seed_of(next_operand(&rest));
	while ((operand = next_operand(&rest)))
		if (wish_for(wishes, operand))
			*wish_for(wishes, operand) = what;
}

static void expect_data(const char *path, const struct wish *wish)
{
	const uint64_t bad = BAD_SECTOR * SECTOR;
	const uint64_t behind = bad + BAD_SECTORS * SECTOR;

	if (!wish->seed)
		return data_expect_zeroes(path, wish->to, wish->length);
	if (wish->seed != BAD)
		return data_expect(path, wish->to, wish->length, wish->seed,
				   wish->from / SECTOR);
	data_expect(path, 0, bad, BAD, 0);
	data_expect(path, behind, SIZE - behind, BAD, behind / SECTOR);
}

/* Returns how many devices were looked at. */
static unsigned int expect_arrived(const struct block *block)
{
	struct wish wishes[2] = {};

	if (mentions(block, "kcopyctl cancel"))
		return 0;
	for (unsigned int i = 0; i < block->nr; i++) {
		const char *command = block->examples[i].command;

		if (!strstr(command, "--dry-run") &&
		    (strstr(command, "kcopyctl copy") ||
		     strstr(command, "kcopyctl zero")))
			wish(wishes, command);
	}
	if (wishes[0].is_there)
		expect_data("/dev/kt-sdb", &wishes[0]);
	if (wishes[1].is_there)
		expect_data("/dev/kt-sdc", &wishes[1]);
	return wishes[0].is_there + wishes[1].is_there;
}

/* ---- pages ------------------------------------------------------------------- */

/**
 * struct tally - what was done for a page
 * @examples: that were run
 * @arrived: devices that were seen to hold what they should
 */
struct tally {
	unsigned int examples;
	unsigned int arrived;
};

static void finish_block(struct block *block, struct tally *tally)
{
	if (!block->nr)
		return;
	prepare(block);
	run_block(block);
	tally->examples += block->nr;
	tally->arrived += expect_arrived(block);
	block->nr = 0;
}

static struct tally run_page(const char *page)
{
	char *text = read_source(source_of(page)), *save = NULL, *line;
	struct block block = { .page = page };
	struct tally tally = {};
	bool inside = false;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "```", 3)) {
			finish_block(&block, &tally);
			inside = !inside;
		} else if (inside && is_example(line)) {
			add_example(&block, line);
		}
	}
	free(text);
	return tally;
}

static void begin(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/kmod/kcopyd.ko",
		 getenv("KCOPYD_BUILD"));
	setenv("KCOPYD_MODULE", path, 1);
	module_probe("loop", NULL);
	/* Traces and statistics come and go while jobs run. */
	rig_one_processor();
	scratch_create();
	devices_create();
}

static void end(void)
{
	umount2(SCRATCH, MNT_DETACH);
	if (module_loaded("kcopyd"))
		ctl_unload();
}

/* @least: examples at least, so that none are lost by a change of the form. */
static void expect_page(const char *page, unsigned int least, bool copies)
{
	struct tally tally;

	begin();
	tally = run_page(page);
	cr_assert_geq(tally.examples, least, "%s: %u", page, tally.examples);
	cr_assert_eq(tally.arrived > 0, copies, "%s: %u", page, tally.arrived);
	end();
}

RIG_TEST(manuals, the_examples_of_kcopyctl_work)
{
	expect_page("kcopyctl.8", 8, true);
}

RIG_TEST(manuals, the_examples_of_copy_work)
{
	expect_page("kcopyctl-copy.8", 18, true);
}

RIG_TEST(manuals, the_examples_of_jobs_work)
{
	expect_page("kcopyctl-jobs.8", 17, true);
}

RIG_TEST(manuals, the_examples_of_load_work)
{
	expect_page("kcopyctl-load.8", 10, false);
}

RIG_TEST(manuals, the_examples_of_stats_work)
{
	expect_page("kcopyctl-stats.8", 18, true);
}

RIG_TEST(manuals, the_examples_of_trace_work)
{
	expect_page("kcopyctl-trace.8", 8, false);
}

RIG_TEST(manuals, the_examples_of_json_work)
{
	expect_page("kcopyctl-json.7", 2, true);
}

RIG_TEST(manuals, the_examples_of_run_work)
{
	expect_page("kcopyctl-run.8", 6, true);
}

RIG_TEST(manuals, the_examples_of_zero_work)
{
	expect_page("kcopyctl-zero.8", 4, true);
}

RIG_TEST(manuals, the_examples_of_verify_work)
{
	expect_page("kcopyctl-verify.8", 6, true);
}

RIG_TEST(manuals, the_examples_of_the_device_work)
{
	expect_page("kcopyd.4", 2, false);
}

RIG_TEST(manuals, the_examples_of_the_overview_work)
{
	expect_page("kcopyd.7", 9, true);
}

/* ---- none is forgotten --------------------------------------------------------- */

static bool has_examples(const char *path)
{
	char *text = read_source(path), *save = NULL, *line;
	bool inside = false, found = false;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "```", 3))
			inside = !inside;
		found |= inside && is_example(line);
	}
	free(text);
	return found;
}

static bool is_run(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (!strcmp(path, source_of(pages[i])))
			return true;
	return false;
}

RIG_TEST(manuals, no_page_with_examples_is_left_out)
{
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s", source_of("*"));
	cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "%s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		cr_assert_eq(has_examples(found.gl_pathv[i]),
			     is_run(found.gl_pathv[i]), "%s",
			     found.gl_pathv[i]);
	globfree(&found);
}
