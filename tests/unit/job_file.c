// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/exit.h"
#include "cli/job_file.h"

static struct job_file job;
static char said[4096];

static const char *parse_with(const char *text, size_t len, char *const *extra,
			      int nr_extra)
{
	FILE *file = fmemopen((void *)text, len, "r");
	unsigned int line;
	const char *wrong;

	job_file_free(&job);
	wrong = job_file_parse(file, extra, nr_extra, &job, &line);
	fclose(file);
	if (wrong)
		snprintf(said, sizeof(said), "%u: %s", line, wrong);
	return wrong;
}

static const char *parse(const char *text)
{
	return parse_with(text, strlen(text), NULL, 0);
}

/* The arguments, a bar between. */
static const char *arguments(void)
{
	size_t len = 0;
	int i;

	said[0] = '\0';
	for (i = 0; i < job.argc; i++)
		len += snprintf(said + len, sizeof(said) - len, "%s%s",
				i ? "|" : "", job.argv[i]);
	return said;
}

static void end(void)
{
	job_file_free(&job);
}

TestSuite(job_file, .fini = end);

Test(job_file, becomes_the_arguments_of_its_verb)
{
	cr_assert_null(parse("# a comment\n\ncopy\n"
			     "destination = /dev/b\n"
			     "verify\n"
			     "  source=/dev/a \t\n"
			     "limit =50M\r\n"
			     "destination = /dev/c"),
		       "%s", said);
	cr_expect_str_eq(arguments(),
			 "copy|--verify|--limit=50M|--|/dev/a|/dev/b|/dev/c");
	cr_expect_eq(job.task, TASK_COPY);
	cr_expect_null(job.argv[job.argc]);
}

Test(job_file, takes_further_options_before_the_operands)
{
	static char *const extra[] = { "--dry-run", "--json" };
	static const char text[] = "zero\ndestination = --json\n";

	cr_assert_null(parse_with(text, strlen(text), extra, 2), "%s", said);
	cr_expect_str_eq(arguments(), "zero|--dry-run|--json|--|--json");
}

Test(job_file, keeps_what_is_within_a_value)
{
	cr_assert_null(parse("copy\nsource = /dev/my = disk # 1\n"), "%s",
		       said);
	cr_expect_str_eq(arguments(), "copy|--|/dev/my = disk # 1");
}

Test(job_file, that_is_wrong_is_wrong_in_a_line)
{
	static const struct {
		const char *text;
		unsigned int line;
	} wrong[] = {
		{ "", 1 },
		{ "# nothing\n", 2 },
		{ "\nclone\n", 2 },
		{ "copy /dev/a /dev/b\n", 1 },
		{ "copy\nfoo = bar\n", 2 },
		{ "copy\nlimi = 1M\n", 2 },
		{ "copy\n\nlimit\n", 3 },
		{ "copy\nlimit =\n", 2 },
		{ "copy\nverify = yes\n", 2 },
		{ "copy\nsource\n", 2 },
		{ "copy\ndestination =\t\n", 2 },
		{ "copy\nsource = a\nsource = b\n", 3 },
		{ "copy\n= a\n", 2 },
		{ "verify\nsparse\n", 2 },
		{ "zero\nmap = a\n", 2 },
		{ "copy\nhelp\n", 2 },
		{ "zero\nverify\ndry-run\n", 3 },
		{ "verify\nsave = a\n", 2 },
		{ "zero\nsource = a\n", 3 },
	};
	unsigned int line;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		cr_assert_not_null(parse(wrong[i].text), "%s", wrong[i].text);
		cr_expect_null(job.argv);
		line = strtoul(said, NULL, 10);
		cr_expect_eq(line, wrong[i].line, "%s: %s", wrong[i].text,
			     said);
	}
}

Test(job_file, has_no_zero_bytes)
{
	static const char text[] = "copy\nsource = a\0b\n";

	cr_expect_not_null(parse_with(text, sizeof(text) - 1, NULL, 0));
}

/* ---- written ------------------------------------------------------------------ */

static struct copy_options options;
static struct plan plan;
static bool has_links;

/* The text for these arguments, or NULL. */
static char *print(char *const *argv)
{
	struct kcopy_device device = { .by_id = "/dev/disk/by-id/ata-A" };
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	int argc = 0, code;

	while (argv[argc])
		argc++;
	cr_assert_eq(copy_parse(argc, (char **)argv, TASK_COPY, &options), 0);
	plan.options = &options;
	plan.source.path = options.source;
	plan.source.device = &device;
	if (has_links)
		plan.dests[0].device = &device;
	plan.nr_dests = options.nr_dests;
	for (unsigned int i = 0; i < plan.nr_dests; i++)
		plan.dests[i].path = options.dests[i];
	code = job_file_print(&options, &plan, file);
	fclose(file);
	if (code) {
		free(text);
		return NULL;
	}
	return text;
}

#define ARGS(...) ((char *[]){ "copy", __VA_ARGS__, NULL })

Test(job_file, is_written_as_it_is_read)
{
	char *text = print(ARGS("-q", "--save=x", "--verify", "/dev/sda",
				"--limit", "50M", "--progress=never",
				"/dev/sdb", "/tmp/an image"));

	cr_assert_not_null(text);
	cr_assert_null(parse(text), "%s", said);
	cr_expect_str_eq(
		arguments(),
		"copy|--verify|--limit=50M|--|/dev/disk/by-id/ata-A|/dev/sdb|/tmp/an image");
	free(text);
}

Test(job_file, names_files_by_their_whole_path)
{
	char *text, *here = getcwd(NULL, 0), wanted[8192];

	text = print(ARGS("--save=x", "--on-read-error=skip", "--map=a.map",
			  "/dev/sda", "disk.img"));
	cr_assert_not_null(text);
	cr_assert_null(parse(text), "%s", said);
	snprintf(
		wanted, sizeof(wanted),
		"copy|--on-read-error=skip|--map=%s/a.map|--|/dev/disk/by-id/ata-A|%s/disk.img",
		here, here);
	cr_expect_str_eq(arguments(), wanted);
	free(text);
	free(here);
}

/* /dev/sdb has a link, too. */
static void expect_destinations(const char *wanted, char *const *argv)
{
	char *text, *dests;

	has_links = true;
	text = print(argv);
	cr_assert_not_null(text);
	cr_assert_null(parse(text), "%s", said);
	dests = strstr(arguments(), "--|/dev/disk/by-id/ata-A|");
	cr_assert_not_null(dests, "%s", said);
	cr_expect_str_eq(dests + strlen("--|/dev/disk/by-id/ata-A|"), wanted);
	free(text);
}

Test(job_file, names_a_destination_so_that_its_map_is_found)
{
	expect_destinations("/dev/disk/by-id/ata-A",
			    ARGS("--save=x", "--on-read-error=skip",
				 "--map=/a.map", "/dev/sda", "/dev/sdb"));
	expect_destinations("/dev/disk/by-id/ata-A|/dev/sdc",
			    ARGS("--save=x", "/dev/sda", "/dev/sdb",
				 "/dev/sdc"));
	/* a.map.sdb and a.map.sdc are theirs. */
	expect_destinations("/dev/sdb|/dev/sdc",
			    ARGS("--save=x", "--on-read-error=skip",
				 "--map=/a.map", "/dev/sda", "/dev/sdb",
				 "/dev/sdc"));
}

Test(job_file, is_not_written_of_what_no_line_can_hold)
{
	cr_expect_null(print(ARGS("--save=x", "/dev/sda", "/tmp/two\nlines")));
	cr_expect_null(print(ARGS("--save=x", "/dev/sda", "/tmp/blank ")));
	cr_expect_null(print(ARGS("--save=x", "--on-read-error=skip", "--map",
				  "/tmp/ ", "/dev/sda", "/dev/sdb")));
}
