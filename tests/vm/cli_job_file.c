// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl --save and run: a job that is written down, and run by name. */
#include <unistd.h>

#include "ctl.h"
#include "job.h"

TestSuite(cli_job_file, RIG_SUITE);

#define MIB_OF_DISK 16
#define SEED 7
#define SRC "/dev/kt-src"
#define DST "/dev/kt-d0"
#define JOB "/tmp/kt.job"
#define MAP "/tmp/kt.map"

static void disks_create(void)
{
	const struct null_options options = { .mib = MIB_OF_DISK };

	unlink(JOB);
	unlink(MAP);
	data_fill(null_create("src", options), SEED);
	null_create("d0", options);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s: %m", path);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
}

RIG_TEST(cli_job_file, what_is_saved_is_run_later)
{
	disks_create();
	ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--save", JOB, "--verify",
		   "--limit=1G", SRC, DST);
	data_expect_zeroes(DST, 0, MIB_OF_DISK * MIB);
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
	data_expect_equal(SRC, DST);
}

RIG_TEST(cli_job_file, a_dry_run_of_it_writes_nothing)
{
	disks_create();
	write_file(JOB, "copy\nsource = " SRC "\ndestination = " DST "\n");
	ctl_expect(CTL_COMPLETE, "run", "--dry-run", JOB);
	data_expect_zeroes(DST, 0, MIB_OF_DISK * MIB);
}

RIG_TEST(cli_job_file, tells_its_result_as_the_verb_does)
{
	struct json_object *document;

	disks_create();
	write_file(JOB, "copy\nsource = " SRC "\ndestination = " DST "\n");
	document = ctl_json_of(CTL_COMPLETE, "run", "--json", JOB);
	cr_expect(member_bool(destination(document, 0), "complete"));
	json_object_put(document);
	write_file(JOB, "verify\nsource = " SRC "\ndestination = " DST "\n");
	data_fill_range(DST, MIB, SECTOR, SEED + 1, 0);
	ctl_expect(CTL_PARTIAL, "run", "--quiet", JOB);
	write_file(JOB, "zero\ndestination = " DST "\n");
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
	data_expect_zeroes(DST, 0, MIB_OF_DISK * MIB);
}

/* Saved is only what could be run, and over nothing. */
RIG_TEST(cli_job_file, is_refused_as_the_copy_would_be)
{
	disks_create();
	ctl_refused(CTL_SAFETY, "", "copy", "--save", JOB, SRC, SRC);
	cr_expect_neq(access(JOB, F_OK), 0);
	write_file(JOB, "mine\n");
	ctl_expect(CTL_SAFETY, "copy", "--quiet", "--save", JOB, SRC, DST);
	cr_expect_str_eq(file_text(JOB), "mine\n");
	ctl_expect(CTL_USAGE, "run", JOB);
	run_ok("mkfs.ext4", "-q", "-F", DST);
	write_file(JOB, "copy\nsource = " SRC "\ndestination = " DST "\n");
	ctl_expect(CTL_SAFETY, "run", JOB);
}

/* ---- gone on with ------------------------------------------------------------------ */

#define RESCUE                                        \
	"copy\non-read-error = skip\nmap = " MAP "\n" \
	"force = resume\nsource = " SRC "\ndestination = " DST "\n"

/* As if it had been cut short behind the first 4 MiB. */
static void half_way(void)
{
	data_fill_range(DST, 0, 4 * MIB, SEED, 0);
	write_file(MAP, "0x00400000     ?               1\n"
			"0x00000000  0x00400000  +\n"
			"0x00400000  0x00C00000  ?\n");
}

RIG_TEST(cli_job_file, a_rescue_goes_on_over_what_it_wrote_itself)
{
	disks_create();
	/* What lies in the first blocks is taken for somebody's data. */
	run_ok("mkfs.ext4", "-q", "-F", SRC);
	run_ok("dd", "if=" SRC, "of=" DST, "bs=1M", "count=4", "oflag=direct",
	       "status=none");
	write_file(MAP, "0x00400000     ?               1\n"
			"0x00000000  0x00400000  +\n"
			"0x00400000  0x00C00000  ?\n");
	ctl_expect(CTL_SAFETY, "copy", "--on-read-error=skip", "--map", MAP,
		   SRC, DST);
	write_file(JOB, RESCUE);
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
	data_expect_equal(SRC, DST);
	/* And then there is nothing left to be done. */
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
}

RIG_TEST(cli_job_file, a_rescue_that_has_not_begun_overwrites_nothing)
{
	disks_create();
	run_ok("mkfs.ext4", "-q", "-F", DST);
	write_file(JOB, RESCUE);
	ctl_expect(CTL_SAFETY, "run", "--quiet", JOB);
	write_file(MAP, "0x00000000     ?               1\n"
			"0x00000000  0x01000000  ?\n");
	ctl_expect(CTL_SAFETY, "run", "--quiet", JOB);
	/* A map that is none lets nothing pass either. */
	write_file(MAP, "0x00000000     +\n");
	ctl_expect(CTL_SAFETY, "run", "--quiet", JOB);
	half_way();
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
	data_expect_equal(SRC, DST);
}

RIG_TEST(cli_job_file, nothing_is_resumed_without_a_map)
{
	disks_create();
	ctl_expect(CTL_USAGE, "copy", "--force=resume", SRC, DST);
}
