// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/copy.h"

#define MAX_WORDS 80

static struct copy_options options;

/* Parse words up to NULL as if typed behind "copy". */
static int parse(const char *word, ...)
{
	static char *argv[MAX_WORDS];
	va_list args;
	int argc = 0;

	argv[argc++] = (char *)"copy";
	va_start(args, word);
	for (; word; word = va_arg(args, const char *))
		argv[argc++] = strdup(word);
	va_end(args);
	argv[argc] = NULL;
	return copy_parse(argc, argv, &options);
}

TestSuite(copy_options, .init = cr_redirect_stderr);

Test(copy_options, take_a_source_and_destinations)
{
	cr_assert_eq(parse("/dev/a", "/dev/b", "/dev/c", NULL), 0);
	cr_expect_str_eq(options.source, "/dev/a");
	cr_expect_eq(options.nr_dests, 2);
	cr_expect_str_eq(options.dests[0], "/dev/b");
	cr_expect_str_eq(options.dests[1], "/dev/c");
}

Test(copy_options, drop_what_fails_and_flush_by_default)
{
	cr_assert_eq(parse("a", "b", NULL), 0);
	cr_expect_eq(options.submit_flags, KCOPYD_SUBMIT_DETACH_FAILED);
	cr_expect_eq(options.force, 0);
	cr_expect_not(options.has_length);
	cr_expect_eq(options.progress, PROGRESS_AUTO);
}

Test(copy_options, know_sizes)
{
	cr_assert_eq(parse("--offset", "1M", "--dest-offset=8s", "--length",
			   "0", "--chunk=64K", "--depth", "3", "--memory=8M",
			   "a", "b", NULL),
		     0);
	cr_expect_eq(options.offset, 1 << 20);
	cr_expect_eq(options.dest_offset, 4096);
	cr_expect(options.has_length);
	cr_expect_eq(options.length, 0);
	cr_expect_eq(options.chunk, 65536);
	cr_expect_eq(options.depth, 3);
	cr_expect_eq(options.memory, 8 << 20);
}

Test(copy_options, become_flags_of_the_module)
{
	cr_assert_eq(
		parse("--no-sync", "--on-write-error=stop", "a", "b", NULL), 0);
	cr_expect_eq(options.submit_flags, KCOPYD_SUBMIT_NO_FLUSH);
	cr_assert_eq(parse("--on-read-error=skip", "a", "b", NULL), 0);
	cr_expect_eq(options.submit_flags,
		     KCOPYD_SUBMIT_IGNORE_ERROR | KCOPYD_SUBMIT_DETACH_FAILED);
	cr_assert_eq(parse("--on-read-error=skip", "--on-write-error=continue",
			   "a", "b", NULL),
		     0);
	cr_expect_eq(options.submit_flags, KCOPYD_SUBMIT_IGNORE_ERROR);
}

Test(copy_options, that_the_module_can_not_tell_apart_are_refused)
{
	cr_expect_eq(parse("--on-write-error=continue", "a", "b", NULL), 2);
	cr_expect_eq(parse("--on-read-error=skip", "--on-write-error=stop", "a",
			   "b", NULL),
		     2);
}

Test(copy_options, name_each_thing_that_is_forced)
{
	cr_assert_eq(parse("--force=signature", "a", "b", NULL), 0);
	cr_expect_eq(options.force, FORCE_SIGNATURE);
	cr_assert_eq(parse("--force=source-mounted,signature", "a", "b", NULL),
		     0);
	cr_expect_eq(options.force, FORCE_SIGNATURE | FORCE_SOURCE_MOUNTED);
	cr_expect_eq(parse("--force=all", "a", "b", NULL), 2);
	cr_expect_eq(parse("--force=", "a", "b", NULL), 2);
	cr_expect_eq(parse("--force=mounted", "a", "b", NULL), 2);
}

Test(copy_options, choose_how_progress_is_shown)
{
	cr_assert_eq(parse("--progress=json", "a", "b", NULL), 0);
	cr_expect_eq(options.progress, PROGRESS_JSON);
	cr_expect_eq(options.progress_fd, STDERR_FILENO);
	cr_assert_eq(parse("--progress=fd:1", "a", "b", NULL), 0);
	cr_expect_eq(options.progress, PROGRESS_JSON);
	cr_expect_eq(options.progress_fd, 1);
	cr_expect_eq(parse("--progress=fd:999", "a", "b", NULL), 2);
	cr_expect_eq(parse("--progress=fd:-1", "a", "b", NULL), 2);
	cr_expect_eq(parse("--progress=yes", "a", "b", NULL), 2);
}

Test(copy_options, that_make_no_sense_are_usage_errors)
{
	cr_expect_eq(parse(NULL), 2);
	cr_expect_eq(parse("a", NULL), 2);
	cr_expect_eq(parse("--nonsense", "a", "b", NULL), 2);
	cr_expect_eq(parse("-x", "a", "b", NULL), 2);
	cr_expect_eq(parse("a", "b", "--offset", NULL), 2);
	cr_expect_eq(parse("--offset=1x", "a", "b", NULL), 2);
	cr_expect_eq(parse("--length=-5", "a", "b", NULL), 2);
	cr_expect_eq(parse("--depth=0", "a", "b", NULL), 2);
	cr_expect_eq(parse("--depth=99999999999", "a", "b", NULL), 2);
	cr_expect_eq(parse("--chunk=0", "a", "b", NULL), 2);
	cr_expect_eq(parse("--chunk=4G", "a", "b", NULL), 2);
	cr_expect_eq(parse("--on-read-error=ignore", "a", "b", NULL), 2);
}

Test(copy_options, take_no_more_than_64_destinations)
{
	char name[] = "d";
	char *argv[KCOPYD_MAX_DESTS + 4];
	int i;

	for (i = 0; i < KCOPYD_MAX_DESTS + 3; i++)
		argv[i] = name;
	argv[i] = NULL;
	cr_expect_eq(copy_parse(KCOPYD_MAX_DESTS + 3, argv, &options), 2);
	argv[KCOPYD_MAX_DESTS + 2] = NULL;
	cr_expect_eq(copy_parse(KCOPYD_MAX_DESTS + 2, argv, &options), 0);
	cr_expect_eq(options.nr_dests, KCOPYD_MAX_DESTS);
}
