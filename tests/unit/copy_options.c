// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/copy.h"

#define MAX_WORDS 80

static struct copy_options options;

/* Parse words up to NULL as if typed behind a verb. */
static int parse_as(enum copy_task task, const char *word, ...)
{
	static char *argv[MAX_WORDS];
	va_list args;
	int argc = 0;

	argv[argc++] = (char *)"verb";
	va_start(args, word);
	for (; word; word = va_arg(args, const char *))
		argv[argc++] = strdup(word);
	va_end(args);
	argv[argc] = NULL;
	return copy_parse(argc, argv, task, &options);
}

#define parse(...) parse_as(TASK_COPY, __VA_ARGS__)

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
	cr_expect_eq(options.display.mode, PROGRESS_AUTO);
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
		     KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_DETACH_FAILED);
	cr_assert_eq(parse("--on-read-error=zero", "--on-write-error=continue",
			   "a", "b", NULL),
		     0);
	cr_expect_eq(options.submit_flags,
		     KCOPYD_SUBMIT_ZERO_BAD | KCOPYD_SUBMIT_KEEP_FAILED);
	cr_assert_eq(parse("--sparse", "--verify", "--zone-reset", "--detach",
			   "a", "b", NULL),
		     0);
	cr_expect_eq(options.submit_flags,
		     KCOPYD_SUBMIT_SPARSE | KCOPYD_SUBMIT_VERIFY |
			     KCOPYD_SUBMIT_RESET_ZONES | KCOPYD_SUBMIT_DETACH |
			     KCOPYD_SUBMIT_DETACH_FAILED);
}

/* The last word counts, as everywhere. */
Test(copy_options, can_be_repeated)
{
	cr_assert_eq(parse("--on-read-error=skip", "--on-read-error=stop",
			   "--on-write-error=continue", "--on-write-error=drop",
			   "a", "b", NULL),
		     0);
	cr_expect_eq(options.submit_flags, KCOPYD_SUBMIT_DETACH_FAILED);
}

Test(copy_options, look_into_errors_if_the_rest_is_wanted)
{
	cr_assert_eq(parse("a", "b", NULL), 0);
	cr_expect_eq(options.retry, KCOPYD_RETRY_NONE);
	cr_assert_eq(parse("--on-read-error=skip", "a", "b", NULL), 0);
	cr_expect_eq(options.retry, KCOPYD_RETRY_BISECT);
	cr_assert_eq(parse("--on-write-error=continue", "a", "b", NULL), 0);
	cr_expect_eq(options.retry, KCOPYD_RETRY_BISECT);
	cr_assert_eq(parse("--on-read-error=skip", "--retry=edges", "a", "b",
			   NULL),
		     0);
	cr_expect_eq(options.retry, KCOPYD_RETRY_EDGES);
}

Test(copy_options, say_how_fast)
{
	cr_assert_eq(parse("--limit=10M/s", "--percent", "30",
			   "--ioprio=best-effort:6", "--on-slow=drop", "a", "b",
			   NULL),
		     0);
	cr_expect_eq(options.rate, 10 << 20);
	cr_expect_eq(options.percent, 30);
	cr_expect_eq(options.ioprio, 2 << 13 | 6);
	cr_expect_eq(options.on_slow, KCOPYD_SLOW_DROP);
	cr_assert_eq(parse("--limit=10M", "--ioprio=idle", "a", "b", NULL), 0);
	cr_expect_eq(options.rate, 10 << 20);
	cr_expect_eq(options.ioprio, 3 << 13);
	cr_assert_eq(parse("--ioprio=best-effort", "a", "b", NULL), 0);
	cr_expect_eq(options.ioprio, 2 << 13 | 4);
	cr_expect_eq(parse("--limit=fast", "a", "b", NULL), 2);
	cr_expect_eq(parse("--limit=/s", "a", "b", NULL), 2);
	cr_expect_eq(parse("--percent=0", "a", "b", NULL), 2);
	cr_expect_eq(parse("--percent=101", "a", "b", NULL), 2);
	cr_expect_eq(parse("--ioprio=idle:1", "a", "b", NULL), 2);
	cr_expect_eq(parse("--ioprio=best-effort:8", "a", "b", NULL), 2);
	cr_expect_eq(parse("--ioprio=best", "a", "b", NULL), 2);
	cr_expect_eq(parse("--on-slow=hurry", "a", "b", NULL), 2);
}

Test(copy_options, know_checksums)
{
	cr_assert_eq(parse("a", "b", NULL), 0);
	cr_expect_eq(options.checksum, KCOPYD_CHECKSUM_NONE);
	cr_assert_eq(parse("--checksum=sha256", "a", "b", NULL), 0);
	cr_expect_eq(options.checksum, KCOPYD_CHECKSUM_SHA256);
	cr_expect_eq(parse("--checksum=md5", "a", "b", NULL), 2);
	cr_expect_eq(parse("--checksum=crc32c", "--detach", "a", "b", NULL), 2);
}

Test(copy_options, of_a_rescue_need_a_map)
{
	cr_expect_eq(parse("--on-read-error=skip", "--map=m",
			   "--map-interval=0", "a", "b", NULL),
		     2);
	cr_expect_eq(parse("--map-interval=5", "a", "b", NULL), 2);
	cr_expect_eq(parse("--on-read-error=skip", "--map=m",
			   "--map-interval=5", "a", "b", NULL),
		     0);
	cr_expect_eq(options.map_interval, 5);
	cr_assert_eq(parse("--on-read-error=skip", "--map=m", "--domain", "d",
			   "--retries=3", "--reverse", "a", "b", NULL),
		     0);
	cr_expect_str_eq(options.map, "m");
	cr_expect_str_eq(options.domain, "d");
	cr_expect_eq(options.retries, 3);
	cr_expect(options.reverse);
	cr_expect_eq(parse("--map=m", "a", "b", NULL), 2);
	cr_expect_eq(parse("--on-read-error=zero", "--map=m", "a", "b", NULL),
		     2);
	cr_expect_eq(parse("--on-read-error=skip", "--map=m", "a", "b", "c",
			   NULL),
		     0);
	cr_expect_eq(options.nr_dests, 2);
	cr_expect_eq(parse("--on-read-error=skip", "--map=m", "--detach", "a",
			   "b", NULL),
		     2);
	cr_expect_eq(parse("--on-read-error=skip", "--reverse", "a", "b", NULL),
		     2);
	cr_expect_eq(parse("--on-read-error=skip", "--map=m", "--retries=-1",
			   "a", "b", NULL),
		     2);
}

Test(copy_options, of_zeroing_need_no_source)
{
	cr_assert_eq(parse_as(TASK_ZERO, "--offset=1M", "a", NULL), 0);
	cr_expect_null(options.source);
	cr_expect_eq(options.nr_dests, 1);
	cr_expect_eq(options.dest_offset, 1 << 20);
	cr_expect_eq(parse_as(TASK_ZERO, NULL), 2);
	cr_expect_eq(parse_as(TASK_ZERO, "--checksum=crc32c", "a", NULL), 2);
	cr_expect_eq(parse_as(TASK_ZERO, "--dest-offset=1M", "a", NULL), 2);
}

Test(copy_options, of_comparing_find_all_and_write_nothing)
{
	cr_assert_eq(parse_as(TASK_VERIFY, "a", "b", NULL), 0);
	cr_expect_eq(options.submit_flags, KCOPYD_SUBMIT_COMPARE |
						   KCOPYD_SUBMIT_SKIP_BAD |
						   KCOPYD_SUBMIT_KEEP_FAILED);
	cr_expect_eq(options.retry, KCOPYD_RETRY_BISECT);
	cr_expect_eq(parse_as(TASK_VERIFY, "--sparse", "a", "b", NULL), 2);
	cr_expect_eq(parse_as(TASK_VERIFY, "--on-write-error=drop", "a", "b",
			      NULL),
		     2);
}

Test(copy_options, name_each_thing_that_is_forced)
{
	cr_assert_eq(parse("--force=signature", "a", "b", NULL), 0);
	cr_expect_eq(options.force, FORCE_SIGNATURE);
	cr_assert_eq(parse("--force=source-mounted,signature", "a", "b", NULL),
		     0);
	cr_expect_eq(options.force, FORCE_SIGNATURE | FORCE_SOURCE_MOUNTED);
	cr_assert_eq(parse("--on-read-error=skip", "--map=m",
			   "--force=other-source,resume", "a", "b", NULL),
		     0);
	cr_expect_eq(options.force, FORCE_OTHER_SOURCE | FORCE_RESUME);
	cr_expect_eq(parse("--force=other-source", "a", "b", NULL), 2);
	cr_expect_eq(parse("--force=all", "a", "b", NULL), 2);
	cr_expect_eq(parse("--force=", "a", "b", NULL), 2);
	cr_expect_eq(parse("--force=mounted", "a", "b", NULL), 2);
}

Test(copy_options, choose_how_progress_is_shown)
{
	cr_assert_eq(parse("--progress=json", "a", "b", NULL), 0);
	cr_expect_eq(options.display.mode, PROGRESS_JSON);
	cr_expect_eq(options.display.fd, STDERR_FILENO);
	cr_assert_eq(parse("--progress=fd:1", "a", "b", NULL), 0);
	cr_expect_eq(options.display.mode, PROGRESS_JSON);
	cr_expect_eq(options.display.fd, 1);
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
	cr_expect_eq(
		copy_parse(KCOPYD_MAX_DESTS + 3, argv, TASK_COPY, &options), 2);
	argv[KCOPYD_MAX_DESTS + 2] = NULL;
	cr_expect_eq(
		copy_parse(KCOPYD_MAX_DESTS + 2, argv, TASK_COPY, &options), 0);
	cr_expect_eq(options.nr_dests, KCOPYD_MAX_DESTS);
}

Test(copy_options, of_a_manifest_imply_what_it_takes)
{
	cr_assert_eq(parse("--manifest", "m", "a", "b", NULL), 0);
	cr_expect_str_eq(options.manifest, "m");
	cr_expect_eq(options.checksum, KCOPYD_CHECKSUM_SHA256);
	cr_expect_eq(options.chunk, 1 << 20);
	cr_assert_eq(parse("--chunk=64K", "--checksum=sha256", "--manifest=m",
			   "a", "b", NULL),
		     0);
	cr_expect_eq(options.chunk, 65536);
	cr_assert_eq(parse("a", "b", NULL), 0);
	cr_expect_eq(options.checksum, KCOPYD_CHECKSUM_NONE);
	cr_expect_eq(options.chunk, 0);
	cr_expect_eq(parse("--manifest=m", "--checksum=xxh64", "a", "b", NULL),
		     EXIT_USAGE);
	cr_expect_eq(parse("--manifest=m", "--detach", "a", "b", NULL),
		     EXIT_USAGE);
	cr_expect_eq(parse("--manifest=m", "--map=n", "--on-read-error=skip",
			   "a", "b", NULL),
		     EXIT_USAGE);
	cr_expect_eq(parse("a", "b", "--manifest", NULL), EXIT_USAGE);
	cr_expect_eq(parse_as(TASK_ZERO, "--manifest=m", "a", NULL),
		     EXIT_USAGE);
}

Test(copy_options, of_a_check_have_no_source)
{
	cr_assert_eq(parse_as(TASK_VERIFY, "--manifest=m", "a", "b", NULL), 0);
	cr_expect_null(options.source);
	cr_expect_eq(options.nr_dests, 2);
	cr_expect_str_eq(options.dests[0], "a");
	cr_assert_eq(parse_as(TASK_VERIFY, "--offset=1M", "--manifest=m",
			      "--progress=json", "-Jq", "a", NULL),
		     0);
	cr_expect_eq(options.dest_offset, 1 << 20);
	cr_assert_eq(parse_as(TASK_VERIFY, "--dest-offset=3", "--manifest=m",
			      "a", NULL),
		     0);
	cr_expect_eq(options.dest_offset, 3);
	cr_expect_eq(parse_as(TASK_VERIFY, "--manifest=m", NULL), EXIT_USAGE);
	cr_expect_eq(parse_as(TASK_VERIFY, "--offset=1", "--dest-offset=1",
			      "--manifest=m", "a", NULL),
		     EXIT_USAGE);
	cr_expect_eq(parse_as(TASK_VERIFY, "--offset=8E", "--manifest=m", "a",
			      NULL),
		     EXIT_USAGE);
}

Test(copy_options, of_a_comparison_in_the_module_do_not_go_with_a_manifest)
{
	static const char *const others[] = {
		"--length=1M",
		"--chunk=64K",
		"--depth=2",
		"--memory=1M",
		"--limit=1M",
		"--percent=5",
		"--ioprio=idle",
		"--on-slow=wait",
		"--retry=none",
		"--detach",
		"--force=source-mounted",
		"--dry-run",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		cr_expect_eq(parse_as(TASK_VERIFY, "--manifest=m",
				      strdup(others[i]), "a", NULL),
			     EXIT_USAGE, "%s", others[i]);
		cr_expect_eq(parse_as(TASK_VERIFY, strdup(others[i]),
				      "--manifest=m", "a", "b", NULL),
			     EXIT_USAGE, "%s", others[i]);
	}
}
