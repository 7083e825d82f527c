// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kcopyctl copy --map beside GNU ddrescue: the same disk with many bad places,
 * the same bytes, the same map. What each of them cost is told.
 *
 * The kernel has more ways to make a disk bad: dm-dust is in no kernel of
 * Debian, and what scsi_debug can be told through debugfs knows no sectors.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl.h"
#include "damage.h"

TestSuite(cli_rescue_disks, RIG_SUITE);

enum { MEBIBYTES = 32, SEED = 4711 };

#define OURS "/tmp/kt-ours"
#define THEIRS "/tmp/kt-theirs"

/**
 * struct cost - of one rescue, or up to a moment
 * @reads: requests that reached the disk
 * @failed: of these
 * @ms: by the clock
 * @cpu_ms: of the commands
 * @machine_ms: of all processors, the kernel's threads too
 */
struct cost {
	uint64_t reads;
	uint64_t failed;
	uint64_t ms;
	uint64_t cpu_ms;
	uint64_t machine_ms;
};

/**
 * struct trial - one disk, two rescuers
 * @disk: bad
 * @block: bytes
 * @reverse: from its end
 * @failures: what counts those that failed, NULL if nothing does
 */
struct trial {
	const char *disk;
	unsigned int block;
	bool reverse;
	uint64_t (*failures)(const char *disk);
};

/* ---- what it costs -------------------------------------------------------------- */

static uint64_t sys_number(const char *path, const char *attribute,
			   const char *format)
{
	unsigned long number;
	char name[128];
	struct stat st;
	FILE *file;

	cr_assert_eq(stat(path, &st), 0, "%s: %m", path);
	snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/%s",
		 major(st.st_rdev), minor(st.st_rdev), attribute);
	file = fopen(name, "re");
	cr_assert_not_null(file, "%s: %m", name);
	cr_assert_eq(fscanf(file, format, &number), 1, "%s", name);
	fclose(file);
	return number;
}

static uint64_t reads_of(const char *disk)
{
	return sys_number(disk, "stat", "%lu");
}

/* What did not go on to the disk below; an error target counts nothing. */
static uint64_t errors_of_dm(const char *disk)
{
	return reads_of(disk) - reads_of("/dev/kt-src");
}

static uint64_t errors_of_scsi(const char *disk)
{
	return sys_number(disk, "device/ioerr_cnt", "%lx");
}

static uint64_t tv_ms(const struct timeval *time)
{
	return time->tv_sec * 1000ULL + time->tv_usec / 1000;
}

/* All but idle and waiting, in ticks of 10 ms. */
static uint64_t machine_ms(void)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long t[7];

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu", &t[0],
			    &t[1], &t[2], &t[3], &t[4], &t[5], &t[6]),
		     7);
	fclose(file);
	return (t[0] + t[1] + t[2] + t[5] + t[6]) * 10;
}

static struct cost cost_until_now(const struct trial *trial)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (struct cost){
		.reads = reads_of(trial->disk),
		.failed = trial->failures ? trial->failures(trial->disk) : 0,
		.ms = rig_now_ms(),
		.cpu_ms = tv_ms(&usage.ru_utime) + tv_ms(&usage.ru_stime),
		.machine_ms = machine_ms(),
	};
}

static struct cost cost_since(const struct trial *trial,
			      const struct cost *before)
{
	const struct cost now = cost_until_now(trial);

	return (struct cost){
		.reads = now.reads - before->reads,
		.failed = now.failed - before->failed,
		.ms = now.ms - before->ms,
		.cpu_ms = now.cpu_ms - before->cpu_ms,
		.machine_ms = now.machine_ms - before->machine_ms,
	};
}

static void tell(const char *who, const struct trial *trial,
		 const struct cost *cost)
{
	char failed[24] = "unknown";

	if (trial->failures)
		snprintf(failed, sizeof(failed), "%lu", cost->failed);
	cr_log_info(
		"%-8s %6lu reads, failed: %s; %lu ms, CPU %lu ms, of the machine %lu ms",
		who, cost->reads, failed, cost->ms, cost->cpu_ms,
		cost->machine_ms);
}

/* ---- the two of them -------------------------------------------------------------- */

static struct cost rescue_ours(const struct trial *trial)
{
	const struct cost before = cost_until_now(trial);

	unlink(OURS);
	/* The last word is left out if it is NULL. */
	ctl_expect(CTL_FAILED, "copy", "--on-read-error=skip", "--map", OURS,
		   "--quiet", trial->disk, "/dev/kt-d0",
		   trial->reverse ? "--reverse" : NULL);
	return cost_since(trial, &before);
}

static struct cost rescue_theirs(const struct trial *trial)
{
	const struct cost before = cost_until_now(trial);
	char sector[32];

	unlink(THEIRS);
	snprintf(sector, sizeof(sector), "--sector-size=%u", trial->block);
	run_ok("ddrescue", "--force", "--quiet", "--idirect", sector,
	       trial->disk, "/dev/kt-d1", THEIRS,
	       trial->reverse ? "--reverse" : NULL);
	return cost_since(trial, &before);
}

static void dests_create(unsigned int mib, unsigned int block)
{
	const struct null_options options = { .mib = mib, .block = block };

	data_fill(null_create("d0", options), DAMAGE_DEST);
	data_fill(null_create("d1", options), DAMAGE_DEST);
}

/* Both of them know the truth. */
static void compare(const struct trial *trial, const struct damage *damage)
{
	struct cost ours, theirs;

	dests_create(damage->sectors * SECTOR / MIB, trial->block);
	ours = rescue_ours(trial);
	theirs = rescue_theirs(trial);
	tell("kcopyctl", trial, &ours);
	tell("ddrescue", trial, &theirs);
	cr_expect_leq(2 * ours.reads, 3 * theirs.reads);
	damage_expect_map(damage, OURS);
	damage_expect_map(damage, THEIRS);
	damage_expect_rescued(damage, "/dev/kt-d0");
	data_expect_equal("/dev/kt-d0", "/dev/kt-d1");
}

/* ---- disks ------------------------------------------------------------------------ */

/* As many as asked for, or what does not take long. */
static unsigned int places(unsigned int full)
{
	return rig_number("KCOPYD_BAD_PLACES", rig_scaled(full, 40));
}

static void compare_dm(unsigned int full, unsigned int block, bool reverse)
{
	static struct damage damage;
	const struct trial trial = { .disk = DAMAGE_DISK,
				     .block = block,
				     .reverse = reverse,
				     .failures = errors_of_dm };

	damage_make(&damage, places(full), MEBIBYTES, block, SEED);
	damage_disk(&damage, block);
	compare(&trial, &damage);
}

RIG_TEST(cli_rescue_disks, two_hundred_bad_places)
{
	compare_dm(DAMAGE_PLACES, 512, false);
}

RIG_TEST(cli_rescue_disks, many_bad_places_from_the_end)
{
	compare_dm(60, 512, true);
}

RIG_TEST(cli_rescue_disks, many_bad_places_of_a_disk_of_large_blocks)
{
	compare_dm(60, 4096, false);
}

/* A driver of requests: what a merged one asks for fails as a whole. */
RIG_TEST(cli_rescue_disks, many_bad_places_of_null_blk)
{
	static struct damage damage;
	const struct trial trial = { .disk = "/dev/kt-src", .block = 512 };

	damage_make(&damage, places(60), MEBIBYTES, 512, SEED);
	data_fill(null_create("src", (struct null_options){ .mib = MEBIBYTES }),
		  DAMAGE_SOURCE);
	for (unsigned int i = 0; i < damage.nr; i++)
		null_make_bad("src", damage.places[i].sector,
			      damage.places[i].sectors);
	compare(&trial, &damage);
}

/* A SCSI disk says where it is bad: what is before that counts as read. */
RIG_TEST(cli_rescue_disks, a_bad_place_of_a_scsi_disk)
{
	static struct damage damage = { .sectors = 16 * MIB / SECTOR,
					.nr = 1,
					.places = { { 9001, 61 } } };
	const char *disk = scsi_create(16, 512, "delay=0");
	const struct trial trial = { .disk = disk,
				     .block = 512,
				     .failures = errors_of_scsi };

	data_fill(disk, DAMAGE_SOURCE);
	scsi_make_bad(9001, 61);
	compare(&trial, &damage);
}
