// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl copy --map: a map is believed of its own source and destination only. */
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"

TestSuite(cli_trust, RIG_SUITE);

enum { SOURCE = 1, OTHER = 2, DEST = 11 };

#define SIZE_MIB 16
#define SIZE (SIZE_MIB * MIB)
#define PART (4 * MIB)
#define MAP "/tmp/kt-map"
#define DOMAIN "/tmp/kt-domain"
#define IMAGE "/tmp/kt-image"
#define JOB "/tmp/kt-job"
#define SRC "/dev/kt-src"
#define DST "/dev/kt-d0"
#define BY_ID "/dev/disk/by-id/"
#define RESCUE "copy", "--quiet", "--on-read-error=skip", "--map", MAP
/* The first 4 MiB are there. */
#define BEGUN                                \
	"0x00400000     ?               1\n" \
	"0x00000000  0x00400000  +\n"        \
	"0x00400000  0x00C00000  ?\n"

/* As udev names a disk that has a number of its own. */
static void set_link(const char *name, const char *device)
{
	char path[128];

	run_ok("mkdir", "-p", BY_ID);
	snprintf(path, sizeof(path), BY_ID "%s", name);
	run_ok("ln", "-sfn", device, path);
}

static void remove_links(void)
{
	run_ok("sh", "-c", "rm -f " BY_ID "*kt-*");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s: %m", path);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
}

/* None of it looks like data to anybody. */
static void disks_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	unlink(MAP);
	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	remove_links();
}

static void begin_rescue(const char *source, const char *dest)
{
	ctl_expect(CTL_COMPLETE, RESCUE, "--length=4M", source, dest);
	data_expect(dest, 0, PART, SOURCE, 0);
}

/* ---- of a place on the destination ------------------------------------------------ */

RIG_TEST(cli_trust, what_was_copied_is_not_written_over_by_other_offsets)
{
	disks_create();
	set_link("ata-kt-dest", DST);
	begin_rescue(SRC, DST);
	ctl_refused(CTL_SAFETY, "--dest-offset", RESCUE, "--force=signature",
		    "--offset=4M", "--length=4M", SRC, DST);
	ctl_refused(CTL_SAFETY, "--dest-offset", RESCUE, "--force=resume",
		    "--dest-offset=4M", "--length=4M", SRC, DST);
	data_expect(DST, 0, PART, SOURCE, 0);
	data_expect(DST, PART, SIZE - PART, DEST, PART / SECTOR);
	/* Both at once is another part of the same. */
	ctl_expect(CTL_COMPLETE, RESCUE, "--offset=12M", "--dest-offset=12M",
		   SRC, DST);
	data_expect(DST, PART, 2 * PART, DEST, PART / SECTOR);
	ctl_expect(CTL_COMPLETE, RESCUE, SRC, DST);
	data_expect_equal(SRC, DST);
	remove_links();
}

/* Where a map of ddrescue's has put it, it does not say. */
RIG_TEST(cli_trust, without_a_word_of_it_every_place_is_as_on_the_source)
{
	disks_create();
	set_link("ata-kt-dest", DST);
	write_file(MAP, "# Destination: " BY_ID "ata-kt-dest\n" BEGUN);
	ctl_refused(CTL_SAFETY, "does not say", RESCUE, "--dest-offset=4M",
		    "--length=8M", SRC, DST);
	data_expect_untouched(DST, DEST);
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=signature",
		   "--dest-offset=4M", "--length=8M", SRC, DST);
	data_expect(DST, 2 * PART, PART, SOURCE, PART / SECTOR);
	data_expect(DST, 0, 2 * PART, DEST, 0);
	remove_links();
}

/* ---- of a source ------------------------------------------------------------------ */

RIG_TEST(cli_trust, two_sources_are_not_mixed)
{
	disks_create();
	data_fill(null_create("other",
			      (struct null_options){ .mib = SIZE_MIB }),
		  OTHER);
	set_link("ata-kt-dest", DST);
	set_link("ata-kt-source", SRC);
	set_link("ata-kt-other", "/dev/kt-other");
	begin_rescue(SRC, DST);
	run_ok("grep", "-qx", "# Source: " BY_ID "ata-kt-source", MAP);
	ctl_refused(CTL_SAFETY, "--force=other-source", RESCUE,
		    "--force=signature,resume", "/dev/kt-other", DST);
	data_expect(DST, PART, SIZE - PART, DEST, PART / SECTOR);
	/* Who says so has it, and it is the map's from then on. */
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=other-source",
		   "/dev/kt-other", DST);
	data_expect(DST, 0, PART, SOURCE, 0);
	data_expect(DST, PART, SIZE - PART, OTHER, PART / SECTOR);
	run_ok("grep", "-qx", "# Source: " BY_ID "ata-kt-other", MAP);
	remove_links();
}

/* A file is told by when it was made, and not by its path. */
RIG_TEST(cli_trust, an_image_in_the_place_of_another_is_another_source)
{
	disks_create();
	module_probe("loop", NULL);
	set_link("ata-kt-dest", DST);
	run_ok("dd", "if=" SRC, "of=" IMAGE, "bs=1M", "status=none");
	begin_rescue(IMAGE, DST);
	run_ok("cp", IMAGE, IMAGE ".new");
	run_ok("mv", IMAGE ".new", IMAGE);
	ctl_refused(CTL_SAFETY, "--force=other-source", RESCUE, IMAGE, DST);
	data_expect(DST, PART, SIZE - PART, DEST, PART / SECTOR);
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=other-source", IMAGE, DST);
	data_expect_equal(SRC, DST);
	/* It is the map's from then on. */
	ctl_expect(CTL_COMPLETE, RESCUE, IMAGE, DST);
	unlink(IMAGE);
	remove_links();
}

/* What was saved says so again, as if it were given. */
RIG_TEST(cli_trust, a_saved_job_has_no_more_trust_than_was_given_to_it)
{
	disks_create();
	set_link("ata-kt-dest", DST);
	set_link("ata-kt-source", SRC);
	begin_rescue(SRC, DST);
	unlink(JOB);
	ctl_expect(CTL_COMPLETE, RESCUE, "--save", JOB, SRC, DST);
	set_link("ata-kt-usb", SRC);
	run_ok("rm", BY_ID "ata-kt-source");
	ctl_refused(CTL_SAFETY, "--force=other-source", RESCUE, SRC, DST);
	unlink(JOB);
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=other-source", "--save", JOB,
		   SRC, DST);
	data_expect(DST, PART, SIZE - PART, DEST, PART / SECTOR);
	ctl_expect(CTL_COMPLETE, "run", "--quiet", JOB);
	data_expect_equal(SRC, DST);
	run_ok("grep", "-qx", "# Source: " BY_ID "ata-kt-usb", MAP);
	unlink(JOB);
	remove_links();
}

/* ---- of a destination -------------------------------------------------------------- */

static void volume_create(const char *uuid, const char *disk)
{
	char table[128];

	snprintf(table, sizeof(table), "0 %u linear /dev/%s 0",
		 (unsigned int)(SIZE / SECTOR), disk);
	run_ok("dmsetup", "create", "kt-lv", "--uuid", uuid, "--table", table);
	rig_wait_for(!access("/dev/mapper/kt-lv", F_OK), 20, "the volume");
	set_link("dm-name-kt-lv", "/dev/mapper/kt-lv");
}

static void volume_remove(void)
{
	remove_links();
	dm_destroy("lv");
}

RIG_TEST(cli_trust, a_volume_made_anew_by_the_same_name_is_another)
{
	disks_create();
	data_fill(null_create("d1", (struct null_options){ .mib = SIZE_MIB }),
		  DEST);
	volume_create("LVM-kt-one", "kt-d0");
	begin_rescue(SRC, "/dev/mapper/kt-lv");
	volume_remove();
	volume_create("LVM-kt-two", "kt-d1");
	ctl_refused(CTL_SAFETY, "another destination", RESCUE, "--force=resume",
		    SRC, "/dev/mapper/kt-lv");
	data_expect_untouched("/dev/kt-d1", DEST);
	volume_remove();
	volume_create("LVM-kt-one", "kt-d0");
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=resume", SRC,
		   "/dev/mapper/kt-lv");
	volume_remove();
	data_expect_equal(SRC, DST);
}

/* People name arrays as they name volumes; so far they are told by udev's links. */
RIG_TEST(cli_trust, an_array_made_anew_by_the_same_name_is_another)
{
	disks_create();
	set_link("md-name-kt-a", DST);
	ctl_expect(CTL_COMPLETE, RESCUE, "--length=4M", SRC, DST);
	ctl_refused(CTL_SAFETY, "UUID", RESCUE, "--force=resume", SRC, DST);
	unlink(MAP);
	set_link("md-uuid-kt-one", DST);
	begin_rescue(SRC, DST);
	run_ok("grep", "-qx", "# Destination: " BY_ID "md-uuid-kt-one", MAP);
	run_ok("mv", BY_ID "md-uuid-kt-one", BY_ID "md-uuid-kt-two");
	ctl_refused(CTL_SAFETY, "another destination", RESCUE, "--force=resume",
		    SRC, DST);
	data_expect(DST, PART, SIZE - PART, DEST, PART / SECTOR);
	run_ok("mv", BY_ID "md-uuid-kt-two", BY_ID "md-uuid-kt-one");
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=resume", SRC, DST);
	data_expect_equal(SRC, DST);
	remove_links();
}

static void partition_at(const char *start)
{
	char table[64];

	snprintf(table, sizeof(table), "label: dos\n%s,20480\n", start);
	run_ok_input(table, "sfdisk", "--quiet", "--no-tell-kernel", "--force",
		     DST);
	run_ok("blockdev", "--rereadpt", DST);
	rig_wait_for(!access(DST "p1", F_OK), 20, "the partition");
	set_link("ata-kt-dest-part1", DST "p1");
}

RIG_TEST(cli_trust, a_partition_that_begins_elsewhere_is_another)
{
	uint64_t sum;

	disks_create();
	partition_at("2048");
	begin_rescue(SRC, DST "p1");
	partition_at("4096");
	sum = data_sum(DST);
	ctl_refused(CTL_SAFETY, "another destination", RESCUE, "--force=resume",
		    "--length=8M", SRC, DST "p1");
	cr_assert_eq(data_sum(DST), sum);
	partition_at("2048");
	ctl_expect(CTL_COMPLETE, RESCUE, "--length=8M", SRC, DST "p1");
	data_expect(DST "p1", 0, 2 * PART, SOURCE, 0);
	remove_links();
}

/* An empty disk in the place of the one that has the first half. */
RIG_TEST(cli_trust, what_can_not_be_told_has_nothing_even_if_it_is_empty)
{
	static const char *const forces[] = { "--force=size",
					      "--force=resume" };
	size_t i;

	disks_create();
	write_file(MAP, BEGUN);
	for (i = 0; i < sizeof(forces) / sizeof(*forces); i++)
		ctl_refused(CTL_SAFETY, "--force=signature", RESCUE, forces[i],
			    SRC, DST);
	data_expect_untouched(DST, DEST);
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=signature", SRC, DST);
	data_expect(DST, 0, PART, DEST, 0);
	data_expect(DST, PART, SIZE - PART, SOURCE, PART / SECTOR);
}

/* ---- and what is no such map -------------------------------------------------------- */

RIG_TEST(cli_trust, a_domain_without_anything_is_no_success)
{
	disks_create();
	write_file(DOMAIN, "0 ? 1\n0 0x01000000 ?\n");
	ctl_refused(CTL_USAGE, DOMAIN, RESCUE, "--domain", DOMAIN, SRC, DST);
	write_file(DOMAIN, "0 ? 1\n0 0x00400000 +\n0x00400000 0x00C00000 ?\n");
	ctl_refused(CTL_USAGE, DOMAIN, RESCUE, "--domain", DOMAIN,
		    "--offset=8M", "--dest-offset=8M", SRC, DST);
	write_file(DOMAIN, "0 ? 1\n0 0x100000000 +\n");
	ctl_refused(CTL_SAFETY, "another disk", RESCUE, "--domain", DOMAIN, SRC,
		    DST);
	data_expect_untouched(DST, DEST);
}

RIG_TEST(cli_trust, a_length_of_nothing_claims_nothing)
{
	disks_create();
	set_link("ata-kt-dest", DST);
	ctl_expect(CTL_COMPLETE, RESCUE, "--length=0", SRC, DST);
	data_expect_untouched(DST, DEST);
	ctl_expect(CTL_COMPLETE, RESCUE, SRC, DST);
	data_expect_equal(SRC, DST);
	remove_links();
}

RIG_TEST(cli_trust, a_map_that_can_not_be_read_is_not_called_wrong)
{
	disks_create();
	cr_assert_eq(mkdir(MAP, 0700), 0, "%m");
	ctl_refused(CTL_FAILED, "reading the map", RESCUE, SRC, DST);
	ctl_refused(CTL_FAILED, "reading the map", RESCUE, "--force=resume",
		    SRC, DST);
	cr_assert_eq(rmdir(MAP), 0);
	data_expect_untouched(DST, DEST);
}
