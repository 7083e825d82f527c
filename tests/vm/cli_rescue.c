// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl copy --map: a dying disk, by and by. */
#include <signal.h>
#include <sys/wait.h>

#include "ctl.h"
#include "spread.h"
#include "job.h"

TestSuite(cli_rescue, RIG_SUITE);

enum { SOURCE = SPREAD_SOURCE, DEST = SPREAD_DEST };

#define SIZE_MIB SPREAD_MIB
#define SIZE SPREAD_SIZE
#define BAD SPREAD_DISK
#define MAP "/tmp/kt-map"
#define OTHER_MAP "/tmp/kt-other-map"
#define DOMAIN "/tmp/kt-domain"

#define RESCUE "copy", "--on-read-error=skip", "--map", MAP, "--chunk", "256K"

static void disk_create(const struct spread *damage)
{
	unlink(MAP);
	spread_create(damage);
	spread_dest("d0");
}

static void expect_rescued(const struct spread *damage)
{
	spread_expect_rescued(damage, "/dev/kt-d0");
}

static uint64_t bytes_of(struct json_object *document, const char *state)
{
	return member_number(member(destination(document, 0), state,
				    json_type_object),
			     "bytes");
}

static void expect_map(const char *words)
{
	FILE *file = fopen(MAP, "r");
	char line[256], all[4096] = "";
	size_t len = 0;

	cr_assert_not_null(file, MAP ": %m");
	while (fgets(line, sizeof(line), file))
		if (line[0] != '#')
			len += snprintf(all + len, sizeof(all) - len, "%s",
					line);
	fclose(file);
	cr_assert_str_eq(all, words);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s: %m", path);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
}

RIG_TEST(cli_rescue, a_good_disk_has_a_map_of_one_line)
{
	const struct null_options options = { .mib = SIZE_MIB };
	struct run run;

	unlink(MAP);
	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
	run = ctl_run(RESCUE, "/dev/kt-src", "/dev/kt-d0");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	/* Above all not that the old partition table could not go. */
	cr_assert_str_eq(run.err, "");
	run_free(&run);
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	/* The first job is of 8 MiB, the second of the rest. */
	expect_map("0x00800000     +               1\n"
		   "0x00000000  0x01000000  +\n");
	/* And nothing is left to be done. */
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=signature", "/dev/kt-src",
		   "/dev/kt-d0");
}

RIG_TEST(cli_rescue, every_good_block_is_rescued_and_every_bad_one_named)
{
	const struct spread damage = { .nr = 2, .sectors = 16 };
	struct json_object *document;

	disk_create(&damage);
	document = ctl_json_of(CTL_FAILED, RESCUE, "--json", BAD, "/dev/kt-d0");
	cr_assert_eq(bytes_of(document, "bad"), 2 * 16 * SECTOR);
	cr_assert_eq(bytes_of(document, "rescued"), SIZE - 2 * 16 * SECTOR);
	cr_assert_eq(bytes_of(document, "untried"), 0);
	cr_assert_eq(bytes_of(document, "untrimmed"), 0);
	cr_assert_eq(bytes_of(document, "unscraped"), 0);
	cr_assert_not(member_bool(document, "complete"));
	json_object_put(document);
	expect_rescued(&damage);
	/* The last that was looked into is between two blocks known as bad. */
	expect_map("0x00C00200     +               1\n"
		   "0x00000000  0x00400000  +\n"
		   "0x00400000  0x00002000  -\n"
		   "0x00402000  0x007FE000  +\n"
		   "0x00C00000  0x00002000  -\n"
		   "0x00C02000  0x003FE000  +\n");
}

RIG_TEST(cli_rescue, many_bad_places_backwards_and_retried)
{
	const struct spread damage = { .nr = 100, .sectors = 8 };
	struct json_object *document;

	disk_create(&damage);
	document = ctl_json_of(CTL_FAILED, RESCUE, "--json", "--reverse",
			       "--retries", "1", BAD, "/dev/kt-d0");
	cr_assert_eq(bytes_of(document, "bad"), 100 * 8 * SECTOR);
	cr_assert_eq(member_number(member(destination(document, 0), "bad",
					  json_type_object),
				   "places"),
		     100);
	json_object_put(document);
	expect_rescued(&damage);
}

/* What has become readable is rescued, the rest is not read again. */
RIG_TEST(cli_rescue, a_map_is_gone_on_with)
{
	const struct spread damage = { .nr = 2, .sectors = 16 };

	disk_create(&damage);
	write_file(MAP, "# by hand\n"
			"0 ? 1\n"
			"0 0x400000 +\n"
			"0x400000 0x2000 -\n"
			"0x402000 0x5FE000 ?\n"
			"0xA00000 0x600000 +\n");
	ctl_expect(CTL_FAILED, RESCUE, "--force=signature", BAD, "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0, 0x402000, DEST, 0);
	data_expect("/dev/kt-d0", 0x402000, 0x5fe000, SOURCE,
		    0x402000 / SECTOR);
	data_expect("/dev/kt-d0", 0xa00000, 0x600000, DEST, 0xa00000 / SECTOR);
	/* It was bad, and is good: by --retries only. */
	ctl_expect(CTL_COMPLETE, RESCUE, "--force=signature", "--retries", "1",
		   "/dev/kt-src", "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0x400000, 0x2000, SOURCE, 0x400000 / SECTOR);
	expect_map("0x00400000     +               1\n"
		   "0x00000000  0x01000000  +\n");
}

RIG_TEST(cli_rescue, only_what_is_in_the_domain_is_copied)
{
	const struct spread damage = { .nr = 2, .sectors = 16 };

	disk_create(&damage);
	write_file(DOMAIN, "0 + 1\n"
			   "0 0x100000 -\n"
			   "0x100000 0x100000 +\n"
			   "0x200000 0x100000 ?\n"
			   "0x300000 0x100000 +\n");
	ctl_expect(CTL_COMPLETE, RESCUE, "--domain", DOMAIN, BAD, "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0, MIB, DEST, 0);
	data_expect("/dev/kt-d0", MIB, MIB, SOURCE, MIB / SECTOR);
	data_expect("/dev/kt-d0", 2 * MIB, MIB, DEST, 2 * MIB / SECTOR);
	data_expect("/dev/kt-d0", 3 * MIB, MIB, SOURCE, 3 * MIB / SECTOR);
	data_expect("/dev/kt-d0", 4 * MIB, 12 * MIB, DEST, 4 * MIB / SECTOR);
	expect_map("0x00300000     +               1\n"
		   "0x00000000  0x00100000  ?\n"
		   "0x00100000  0x00100000  +\n"
		   "0x00200000  0x00100000  ?\n"
		   "0x00300000  0x00100000  +\n"
		   "0x00400000  0x00C00000  ?\n");
}

/* ---- beside GNU ddrescue ------------------------------------------------------ */

/*
 * Past the page cache: a newer kernel's reads many blocks at once, and where one
 * of them is bad it has none of them.
 */
#define DDRESCUE "ddrescue", "--force", "--quiet", "--idirect"

static char *bad_blocks(const char *map)
{
	struct run run = run_any("ddrescuelog", "--list-blocks=-",
				 "--block-size=512", map);

	cr_assert_eq(run.status, 0, "ddrescuelog: %s", run.err);
	return run.out;
}

/* Its log reader understands ours, and it finds nothing left to be done. */
RIG_TEST(cli_rescue, ddrescue_goes_on_with_our_map)
{
	const struct spread damage = { .nr = 5, .sectors = 24 };
	char *ours, *theirs;

	disk_create(&damage);
	null_create("d1", (struct null_options){ .mib = SIZE_MIB });
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", BAD, "/dev/kt-d0");
	ours = bad_blocks(MAP);
	unlink(OTHER_MAP);
	run_ok(DDRESCUE, BAD, "/dev/kt-d1", OTHER_MAP);
	theirs = bad_blocks(OTHER_MAP);
	cr_assert_str_eq(ours, theirs);
	data_expect("/dev/kt-d1", 0, spread_sector(&damage, 0) * SECTOR, SOURCE,
		    0);
	run_ok(DDRESCUE, BAD, "/dev/kt-d0", MAP);
	theirs = bad_blocks(MAP);
	cr_assert_str_eq(ours, theirs);
	expect_rescued(&damage);
}

RIG_TEST(cli_rescue, we_go_on_with_the_map_of_ddrescue)
{
	const struct spread damage = { .nr = 5, .sectors = 24 };
	char *ours, *theirs;

	disk_create(&damage);
	null_create("d1", (struct null_options){ .mib = SIZE_MIB });
	unlink(OTHER_MAP);
	run_ok(DDRESCUE, BAD, "/dev/kt-d1", OTHER_MAP);
	theirs = bad_blocks(OTHER_MAP);
	run_ok(DDRESCUE, "--no-trim", "--no-scrape", "--size=9MiB", BAD,
	       "/dev/kt-d0", MAP);
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--force=signature", BAD,
		   "/dev/kt-d0");
	ours = bad_blocks(MAP);
	cr_assert_str_eq(ours, theirs);
	expect_rescued(&damage);
}

/* ---- at any moment -------------------------------------------------------------- */

static pid_t rescue_start(const char *limit)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		execl(getenv("KCOPYD_CTL"), "kcopyctl", RESCUE, "--quiet",
		      "--force=signature", "--map-interval=2", "--limit", limit,
		      BAD, "/dev/kt-d0", NULL);
		_exit(127);
	}
	return pid;
}

/* Whenever it ends: the map says no more than what is there. */
RIG_TEST(cli_rescue, who_is_killed_goes_on_to_the_same_end)
{
	const struct spread damage = { .nr = 20, .sectors = 8 };
	unsigned int kills;
	int status;
	pid_t pid;

	disk_create(&damage);
	for (kills = 0; kills < rig_scaled(12, 4); kills++) {
		pid = rescue_start("32M");
		rig_sleep_ms(60 + 37 * kills);
		kill(pid, kills % 2 ? SIGKILL : SIGINT);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		rig_wait_for(!job_info_now().jobs, 20, "the end of the job");
	}
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--force=signature", BAD,
		   "/dev/kt-d0");
	expect_rescued(&damage);
}

/* All that the map claims to be rescued is there; how much that is. */
static uint64_t expect_claims(void)
{
	FILE *file = fopen(MAP, "r");
	uint64_t bytes = 0, pos, size;
	char line[256], status;

	cr_assert_not_null(file, MAP ": %m");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%li %li %c", &pos, &size, &status) != 3 ||
		    status != '+')
			continue;
		data_expect("/dev/kt-d0", pos, size, SOURCE, pos / SECTOR);
		bytes += size;
	}
	fclose(file);
	return bytes;
}

static void wait_for_copied(uint64_t bytes)
{
	rig_wait_for(data_matches("/dev/kt-d0", 0, bytes, SOURCE, 0) == bytes,
		     60, "the copied data");
}

/* It is not read again, though the job did not come to its end. */
RIG_TEST(cli_rescue, what_an_interrupted_job_has_done_counts)
{
	const struct spread damage = { .nr = 2, .sectors = 16 };
	int status;
	pid_t pid;

	disk_create(&damage);
	pid = rescue_start("1M");
	wait_for_copied(MIB);
	kill(pid, SIGINT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 130);
	cr_assert_geq(expect_claims(), MIB);
	data_fill_range("/dev/kt-d0", 0, MIB, 77, 0);
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--force=signature", BAD,
		   "/dev/kt-d0");
	data_expect("/dev/kt-d0", 0, MIB, 77, 0);
}

static uint64_t flushes_of(const char *disk)
{
	char path[64];
	uint64_t nr = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", disk);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s: %m", path);
	/* The sixteenth number. */
	for (unsigned int i = 0; i < 16; i++)
		cr_assert_eq(fscanf(file, "%lu", &nr), 1);
	fclose(file);
	return nr;
}

/*
 * The module does not flush a job that was cancelled, and calls it failed if it
 * has met a bad block before: what counts all the same is to be flushed by us.
 */
RIG_TEST(cli_rescue, what_counts_of_an_interrupted_job_is_flushed)
{
	const struct spread damage = { .nr = 16, .sectors = 8 };
	uint64_t before;
	int status;
	pid_t pid;

	disk_create(&damage);
	null_destroy("d0");
	data_fill(null_create("d0", (struct null_options){ .mib = SIZE_MIB,
							   .cache_mib = 64 }),
		  DEST);
	pid = rescue_start("1M");
	wait_for_copied(MIB / 4);
	before = flushes_of("kt-d0");
	rig_sleep_ms(1200);
	kill(pid, SIGINT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(WEXITSTATUS(status), 130, "%x", status);
	cr_assert_geq(expect_claims(), MIB / 4);
	cr_assert_gt(flushes_of("kt-d0"), before);
}

/* Of a job that takes longer than that a part is on record. */
RIG_TEST(cli_rescue, the_map_is_written_while_a_job_runs)
{
	const struct spread damage = { .nr = 2, .sectors = 16 };
	uint64_t now = 0, most = 0;
	int status;
	pid_t pid;

	disk_create(&damage);
	pid = rescue_start("128K");
	rig_wait_for(!access(MAP, F_OK), 20, "the map");
	rig_wait_for((now = expect_claims()) > 0, 60, "a map with something");
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status), "the job was over: %d", status);
	most = expect_claims();
	cr_assert_lt(most, 8 * MIB);
	rig_wait_for(!job_info_now().jobs, 20, "the end of the job");
	ctl_expect(CTL_FAILED, RESCUE, "--quiet", "--force=signature", BAD,
		   "/dev/kt-d0");
	expect_rescued(&damage);
}

/* How fast a disk is nobody knows, and what is resumed must have begun. */
RIG_TEST(cli_rescue, the_first_of_it_is_in_the_map_soon)
{
	const struct spread damage = { .nr = 2, .sectors = 16 };
	int status;
	pid_t pid;

	disk_create(&damage);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		execl(getenv("KCOPYD_CTL"), "kcopyctl", RESCUE, "--quiet",
		      "--limit=256K", BAD, "/dev/kt-d0", NULL);
		_exit(127);
	}
	rig_wait_for(!access(MAP, F_OK), 20, "the map");
	/* The first job takes 32 s, and the next map comes after 30 s. */
	rig_wait_for(expect_claims() > 0, 15, "a map with something");
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status), "the job was over: %d", status);
	cr_assert_gt(expect_claims(), 0);
	rig_wait_for(!job_info_now().jobs, 20, "the end of the job");
}

RIG_TEST(cli_rescue, what_can_not_be_is_refused_before_anything_is_written)
{
	const struct spread damage = { .nr = 1, .sectors = 8 };

	disk_create(&damage);
	ctl_refused(CTL_USAGE, "--on-read-error=skip", "copy", "--map", MAP,
		    BAD, "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "--map", "copy", "--retries", "1", BAD,
		    "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "--verify", RESCUE, "--verify", BAD,
		    "/dev/kt-d0");
	write_file(MAP, "0 ? 1\n0 0x1000 y\n");
	ctl_refused(CTL_USAGE, "line 2", RESCUE, BAD, "/dev/kt-d0");
	write_file(MAP, "0 ? 1\n0 0x100000000 ?\n");
	ctl_refused(CTL_SAFETY, "another disk", RESCUE, BAD, "/dev/kt-d0");
	unlink(MAP);
	ctl_refused(CTL_USAGE, "domain", RESCUE, "--domain", "/tmp/kt-none",
		    BAD, "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "/tmp/kt-none/map", "copy",
		    "--on-read-error=skip", "--map", "/tmp/kt-none/map", BAD,
		    "/dev/kt-d0");
	data_expect_untouched("/dev/kt-d0", DEST);
}
