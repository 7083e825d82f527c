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

/* By main(), when all of the job is gone. */
RIG_TEST(cli_job_file, that_nobody_could_be_told_is_said_as_by_the_verb)
{
	static const char said[] = "kcopyctl: copy: ";
	struct run run;

	disks_create();
	write_file(JOB, "copy\nsource = " SRC "\ndestination = " DST "\n");
	run = run_any("sh", "-c",
		      "\"$KCOPYD_CTL\" run --dry-run " JOB " >/dev/full");
	cr_assert_eq(run.status, CTL_FAILED, "%d: %s", run.status, run.err);
	cr_expect_eq(strncmp(run.err, said, strlen(said)), 0, "%s", run.err);
	run_free(&run);
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

/* It may be another disk by then; a name that somebody gave it is not. */
RIG_TEST(cli_job_file, a_kernel_name_is_saved_with_a_warning)
{
	struct run run;

	disks_create();
	dm_create("named", "0 32768 linear " DST " 0\n");
	run = ctl_run("copy", "--quiet", "--save", JOB, SRC,
		      "/dev/mapper/kt-named");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_expect_not_null(strstr(run.err, SRC), "%s", run.err);
	cr_expect_null(strstr(run.err, "kt-named"), "%s", run.err);
	run_free(&run);
	unlink(JOB);
	run = ctl_run("zero", "--quiet", "--save", JOB, "/dev/mapper/kt-named");
	cr_assert_eq(run.status, CTL_COMPLETE);
	cr_expect_str_eq(run.err, "");
	run_free(&run);
}

RIG_TEST(cli_job_file, what_could_not_be_resumed_is_not_saved_to_be)
{
	const char *disk;

	disks_create();
	disk = scsi_create(MIB_OF_DISK, 512, NULL);
	ctl_refused(CTL_SAFETY, DST, "copy", "--save", JOB,
		    "--on-read-error=skip", "--map", MAP, "--force=resume", SRC,
		    disk, DST);
	cr_expect_neq(access(JOB, F_OK), 0);
	ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--save", JOB,
		   "--on-read-error=skip", "--map", MAP, "--force=resume", SRC,
		   disk);
}

/* ---- gone on with ------------------------------------------------------------------ */

#define RESCUE(map, dest)                                        \
	"copy", "--quiet", "--on-read-error=skip", "--map", map, \
		"--force=resume", SRC, dest
#define HALF                                 \
	"0x00400000     ?               1\n" \
	"0x00000000  0x00400000  +\n"        \
	"0x00400000  0x00C00000  ?\n"
#define NOT_BEGUN                            \
	"0x00000000     ?               1\n" \
	"0x00000000  0x01000000  ?\n"
#define IMAGE "/tmp/kt.img"

/* A file system, so that what lies in its first blocks is somebody's data. */
static void source_create(void)
{
	disks_create();
	run_ok("mkfs.ext4", "-q", "-F", SRC);
}

/* The line by which our map names its destination: one is made and taken. */
static const char *identity_line(const char *dest)
{
	static char line[1024];
	FILE *file;

	unlink(MAP);
	ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--on-read-error=skip",
		   "--force=signature", "--map", MAP, SRC, dest);
	file = fopen(MAP, "r");
	cr_assert_not_null(file, "%m");
	cr_assert_not_null(fgets(line, sizeof(line), file));
	fclose(file);
	unlink(MAP);
	return strncmp(line, "# Destination: ", 15) ? "" : line;
}

static void write_map(const char *line, const char *map)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", line, map);
	write_file(MAP, text);
}

/* As if it had been cut short behind the first 4 MiB. */
static void cut_short(const char *dest)
{
	char of[128];

	snprintf(of, sizeof(of), "of=%s", dest);
	run_ok("dd", "if=/dev/zero", of, "bs=1M", "count=16", "conv=notrunc",
	       "status=none");
	run_ok("dd", "if=" SRC, of, "bs=1M", "count=4", "conv=notrunc",
	       "status=none");
}

RIG_TEST(cli_job_file, a_rescue_goes_on_over_what_it_wrote_itself)
{
	const char *dest, *line;
	char job[512];

	source_create();
	dest = scsi_create(MIB_OF_DISK, 512, NULL);
	line = identity_line(dest);
	cr_assert_str_neq(line, "");
	cut_short(dest);
	write_map(line, HALF);
	ctl_expect(CTL_SAFETY, "copy", "--on-read-error=skip", "--map", MAP,
		   SRC, dest);
	snprintf(job, sizeof(job),
		 "copy\non-read-error = skip\nmap = " MAP "\n"
		 "force = resume\nsource = " SRC "\ndestination = %s\n",
		 dest);
	write_file(JOB, job);
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
	data_expect_equal(SRC, dest);
	/* And then there is nothing left to be done. */
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
}

RIG_TEST(cli_job_file, a_rescue_into_a_file_goes_on)
{
	const char *line;

	source_create();
	module_probe("loop", NULL);
	unlink(IMAGE);
	line = identity_line(IMAGE);
	cr_assert_str_neq(line, "");
	cut_short(IMAGE);
	write_map(line, HALF);
	ctl_expect(CTL_COMPLETE, RESCUE(MAP, IMAGE));
	run_ok("cmp", SRC, IMAGE);
	/* One that has taken its place is another, with the same path. */
	run_ok("cp", IMAGE, IMAGE ".new");
	run_ok("mv", IMAGE ".new", IMAGE);
	write_map(line, HALF);
	ctl_expect(CTL_SAFETY, RESCUE(MAP, IMAGE));
	unlink(IMAGE);
}

/* What the map is of decides, and not what it says is there. */
RIG_TEST(cli_job_file, the_map_of_another_destination_lets_nothing_pass)
{
	char of_image[1024], of_disk[1024];
	const char *disk;
	uint64_t sum;

	source_create();
	module_probe("loop", NULL);
	unlink(IMAGE);
	snprintf(of_image, sizeof(of_image), "%s", identity_line(IMAGE));
	disk = scsi_create(MIB_OF_DISK, 512, NULL);
	snprintf(of_disk, sizeof(of_disk), "%s", identity_line(disk));
	sum = data_sum(disk);
	/* By ddrescue, or by hand: whose it is nobody knows. */
	write_map("", HALF);
	ctl_refused(CTL_SAFETY, "which destination", RESCUE(MAP, disk));
	write_map("# Destination: /dev/disk/by-id/ata-Another\n", HALF);
	ctl_refused(CTL_SAFETY, "another destination", RESCUE(MAP, disk));
	write_map(of_image, HALF);
	ctl_refused(CTL_SAFETY, "another destination", RESCUE(MAP, disk));
	cr_assert_eq(data_sum(disk), sum);
	write_map(of_disk, HALF);
	ctl_refused(CTL_SAFETY, "another destination", RESCUE(MAP, IMAGE));
	write_map("", HALF);
	ctl_refused(CTL_SAFETY, "which destination", RESCUE(MAP, IMAGE));
	/* It was meant. */
	ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--on-read-error=skip",
		   "--map", MAP, "--force=signature", SRC, disk);
	unlink(IMAGE);
}

/* It could be any other. */
RIG_TEST(cli_job_file, what_can_not_be_told_by_anything_is_not_resumed)
{
	source_create();
	cr_assert_str_eq(identity_line(DST), "");
	write_map("", HALF);
	ctl_refused(CTL_SAFETY, "--force=signature", RESCUE(MAP, DST));
	ctl_refused(CTL_SAFETY, "serial number", RESCUE(MAP, DST));
	write_map("# Destination: any\n", HALF);
	ctl_refused(CTL_SAFETY, "another destination", RESCUE(MAP, DST));
}

/* What it says when it is interrupted after a few MiB. */
static char *interrupted(void)
{
	struct run run;

	unlink(MAP);
	run = run_any("timeout", "--foreground", "--preserve-status",
		      "--signal=INT", "3", getenv("KCOPYD_CTL"), "copy",
		      "--quiet", "--limit=2M", "--on-read-error=skip", "--map",
		      MAP, SRC, DST);
	cr_assert_eq(run.status, 130, "%d: %s", run.status, run.err);
	return run.err;
}

/* As udev would. */
RIG_TEST(cli_job_file, what_an_interrupted_rescue_proposes_is_taken)
{
#define LINK "/dev/disk/by-id/ata-kt"
	char *said;

	source_create();
	said = interrupted();
	cr_expect_not_null(strstr(said, "--force=signature"), "%s", said);
	null_destroy("d0");
	null_create("d0", (struct null_options){ .mib = MIB_OF_DISK });
	run_ok("mkdir", "-p", "/dev/disk/by-id");
	run_ok("ln", "-sf", DST, LINK);
	said = interrupted();
	cr_expect_not_null(strstr(said, "--force=resume"), "%s", said);
	run_ok("grep", "-qx", "# Destination: " LINK, MAP);
	ctl_expect(CTL_COMPLETE, RESCUE(MAP, DST));
	data_expect_equal(SRC, DST);
	unlink(LINK);
}

RIG_TEST(cli_job_file, a_rescue_that_has_not_begun_overwrites_nothing)
{
	const char *dest, *line;

	source_create();
	dest = scsi_create(MIB_OF_DISK, 512, NULL);
	line = identity_line(dest);
	ctl_expect(CTL_SAFETY, RESCUE(MAP, dest));
	write_map(line, NOT_BEGUN);
	ctl_expect(CTL_SAFETY, RESCUE(MAP, dest));
	/* A map that is none lets nothing pass either. */
	write_map(line, "0x00000000     +\n");
	ctl_expect(CTL_SAFETY, RESCUE(MAP, dest));
	write_map(line, HALF);
	ctl_expect(CTL_COMPLETE, RESCUE(MAP, dest));
	data_expect_equal(SRC, dest);
}

RIG_TEST(cli_job_file, nothing_is_resumed_without_a_map)
{
	disks_create();
	ctl_expect(CTL_USAGE, "copy", "--force=resume", SRC, DST);
}
