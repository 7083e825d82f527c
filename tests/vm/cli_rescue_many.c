// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl copy --map to several destinations, each of which has a map. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl.h"
#include "spread.h"
#include "job.h"

TestSuite(cli_rescue_many, RIG_SUITE);

#define MAP "/tmp/kt-map"
#define MAP_OF(name) MAP ".kt-" name

#define RESCUE "copy", "--on-read-error=skip", "--map", MAP, "--chunk", "256K"

static const struct spread five = { .nr = 5, .sectors = 24 };

static void disks_create(unsigned int nr)
{
	char name[8], map[64];

	unlink(MAP);
	spread_create(&five);
	for (unsigned int i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		spread_dest(name);
		snprintf(map, sizeof(map), MAP_OF("%s"), name);
		unlink(map);
	}
}

/* What is written behind its first 2 MiB fails. */
static void weak_create(const char *behind)
{
	dm_create("weak",
		  "0 4096 linear %s 0\n"
		  "4096 28672 flakey %s 4096 0 60 1 error_writes",
		  behind, behind);
	unlink(MAP_OF("weak"));
}

static void expect_same_map(const char *a, const char *b)
{
	char *of_a = strdup(file_text(a));

	cr_assert_str_eq(of_a, file_text(b), "%s and %s", a, b);
	free(of_a);
}

static uint64_t bytes_of(struct json_object *document, unsigned int dest,
			 const char *state)
{
	return member_number(member(destination(document, dest), state,
				    json_type_object),
			     "bytes");
}

static uint64_t reads_of_source(void)
{
	char path[64];
	struct stat st;

	cr_assert_eq(stat(SPREAD_DISK, &st), 0, "%m");
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat",
		 major(st.st_rdev), minor(st.st_rdev));
	return strtoull(file_text(path), NULL, 10);
}

RIG_TEST(cli_rescue_many, three_are_written_and_the_source_is_read_once)
{
	const uint64_t bad = five.nr * five.sectors * SECTOR;
	struct json_object *document;
	uint64_t before, alone, three;

	disks_create(3);
	before = reads_of_source();
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", SPREAD_DISK, "/dev/kt-d0");
	alone = reads_of_source() - before;
	unlink(MAP);
	data_fill("/dev/kt-d0", SPREAD_DEST);
	before = reads_of_source();
	document = ctl_json_of(CTL_FAILED, RESCUE, "--json", SPREAD_DISK,
			       "/dev/kt-d0", "/dev/kt-d1", "/dev/kt-d2");
	three = reads_of_source() - before;
	/* libblkid has a look at the disk, more or less. */
	cr_assert_gt(alone, SPREAD_SIZE / (256 * KIB));
	cr_assert_leq(three, alone + alone / 4, "%lu reads, alone %lu", three,
		      alone);
	for (unsigned int i = 0; i < 3; i++) {
		cr_assert_eq(bytes_of(document, i, "bad"), bad);
		cr_assert_eq(bytes_of(document, i, "rescued"),
			     SPREAD_SIZE - bad);
	}
	json_object_put(document);
	spread_expect_rescued(&five, "/dev/kt-d0");
	spread_expect_rescued(&five, "/dev/kt-d1");
	spread_expect_rescued(&five, "/dev/kt-d2");
	expect_same_map(MAP_OF("d0"), MAP_OF("d1"));
	expect_same_map(MAP_OF("d0"), MAP_OF("d2"));
}

/* The others go on, and the summary says who did not. */
RIG_TEST(cli_rescue_many, one_that_fails_is_left_out)
{
	struct json_object *document;

	disks_create(3);
	weak_create("/dev/kt-d1");
	document = ctl_json_of(CTL_FAILED, RESCUE, "--json", SPREAD_DISK,
			       "/dev/kt-d0", "/dev/mapper/kt-weak",
			       "/dev/kt-d2");
	cr_assert_not(member_bool(destination(document, 0), "failed"));
	cr_assert(member_bool(destination(document, 1), "failed"));
	cr_assert_not(member_bool(destination(document, 2), "failed"));
	cr_assert_leq(bytes_of(document, 1, "rescued"), 4096 * SECTOR);
	json_object_put(document);
	spread_expect_rescued(&five, "/dev/kt-d0");
	spread_expect_rescued(&five, "/dev/kt-d2");
	expect_same_map(MAP_OF("d0"), MAP_OF("d2"));
}

/* What one has already is read for the other alone. */
RIG_TEST(cli_rescue_many, one_that_comes_later_gets_what_it_lacks)
{
	disks_create(2);
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--length=6M", SPREAD_DISK,
		   "/dev/kt-d0", "/dev/kt-d1");
	unlink(MAP_OF("d1"));
	data_fill("/dev/kt-d1", SPREAD_DEST);
	data_fill_range("/dev/kt-d0", 0, MIB, 77, 0);
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--force=signature",
		   "--reverse", SPREAD_DISK, "/dev/kt-d0", "/dev/kt-d1");
	spread_expect_rescued(&five, "/dev/kt-d1");
	/* Not written again. */
	data_expect("/dev/kt-d0", 0, MIB, 77, 0);
}

RIG_TEST(cli_rescue_many, all_good_is_complete_and_some_is_partial)
{
	disks_create(2);
	ctl_expect(CTL_COMPLETE, RESCUE, "--quiet", SPREAD_GOOD, "/dev/kt-d0",
		   "/dev/kt-d1");
	data_expect_equal(SPREAD_GOOD, "/dev/kt-d0");
	data_expect_equal(SPREAD_GOOD, "/dev/kt-d1");
	unlink(MAP_OF("d0"));
	weak_create("/dev/kt-d1");
	ctl_expect(CTL_PARTIAL, RESCUE, "--quiet", SPREAD_GOOD, "/dev/kt-d0",
		   "/dev/mapper/kt-weak");
	/* With "stop" it ends for both. */
	unlink(MAP_OF("d0"));
	unlink(MAP_OF("weak"));
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--on-write-error=stop",
		   "--reverse", SPREAD_GOOD, "/dev/kt-d0",
		   "/dev/mapper/kt-weak");
}

RIG_TEST(cli_rescue_many, names_that_would_share_a_map_are_refused)
{
	disks_create(2);
	cr_assert_eq(symlink("/dev/kt-d1", "/tmp/kt-d0"), 0, "%m");
	ctl_refused(CTL_USAGE, "/tmp/kt-d0", RESCUE, SPREAD_DISK, "/dev/kt-d0",
		    "/tmp/kt-d0");
	unlink("/tmp/kt-d0");
	data_expect_untouched("/dev/kt-d0", SPREAD_DEST);
}
