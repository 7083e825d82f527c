// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kcopyctl copy --map, ended at any moment by a signal or by a power cut: what
 * the map says is rescued is on the destination, and who goes on comes to the
 * same end as if nothing had happened.
 */
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "damage.h"
#include "job.h"

TestSuite(cli_rescue_kill, RIG_SUITE);

enum { MEBIBYTES = 24, PLACES = 40, EXIT_INTERRUPTED = 130 };

#define MAP "/tmp/kt-map"
#define OTHER_MAP "/tmp/kt-other-map"
#define MOUNT "/tmp/kt-mnt"

/**
 * struct trial - a rescue that is ended again and again
 * @damage: of its source
 * @dest: to where
 * @map: where it is written down
 * @is_empty: nothing is on a destination at first
 * @seed: of when it is ended, and how
 * @full_ms: what takes it from begin to end
 * @ended: times it came to its end by itself
 * @most: bytes of which a map said, after an end that was early
 */
struct trial {
	struct damage damage;
	const char *dest;
	const char *map;
	bool is_empty;
	unsigned int seed;
	unsigned int full_ms;
	unsigned int ended;
	uint64_t most;
};

static unsigned int pick(struct trial *trial, unsigned int below)
{
	return rand_r(&trial->seed) % below;
}

/* ---- one rescue ------------------------------------------------------------------ */

static void rescue(const char *dest, const char *map)
{
	execl(getenv("KCOPYD_CTL"), "kcopyctl", "copy", "--on-read-error=skip",
	      "--map", map, "--quiet", "--force=signature", "--map-interval=1",
	      "--limit", "32M", DAMAGE_DISK, dest, NULL);
	_exit(127);
}

/* Not what the one who started the tests ignores. */
static pid_t start(const char *dest, const char *map)
{
	const pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	/* That it was interrupted is no news. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(126);
	rescue(dest, map);
	return 0;
}

/* Its exit status, or 128 + signal. */
static int wait_end(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* To the end, undisturbed; how long it takes is what the others go by. */
static void rescue_at_once(struct trial *trial)
{
	const uint64_t before = rig_now_ms();

	cr_assert_eq(wait_end(start("/dev/kt-d1", OTHER_MAP)), CTL_FAILED);
	trial->full_ms = rig_now_ms() - before;
	damage_expect_map(&trial->damage, OTHER_MAP);
}

/* Returns how many bytes were said to be rescued, and are. */
static uint64_t expect_claims(const struct trial *trial)
{
	static struct claims claims;

	if (access(trial->map, F_OK))
		return 0;
	claims_read(&claims, trial->map);
	claims_expect(&claims, trial->dest);
	return claims.bytes;
}

/* What is good is there, and what is bad is as in the other one. */
static void expect_end(struct trial *trial)
{
	damage_expect_map(&trial->damage, trial->map);
	expect_claims(trial);
	data_expect_equal(trial->dest, "/dev/kt-d1");
	trial->ended++;
}

/* The map, and what is known of the destination. */
static void forget(const struct trial *trial)
{
	if (unlink(trial->map))
		cr_assert_eq(errno, ENOENT, "%s: %m", trial->map);
	if (trial->is_empty)
		run_ok("blkdiscard", "--force", trial->dest);
	else
		data_fill(trial->dest, DAMAGE_DEST);
	data_flush(trial->dest);
}

static void trial_create(struct trial *trial, const char *dest, const char *map,
			 bool is_empty)
{
	*trial = (struct trial){
		.dest = dest,
		.map = map,
		.is_empty = is_empty,
		.seed = rig_number("KCOPYD_SEED", rig_any_seed()),
	};
	cr_log_info("seed %u", trial->seed);
	damage_make(&trial->damage, PLACES, MEBIBYTES, 512, trial->seed);
	damage_disk(&trial->damage, 512);
	null_create("d1", (struct null_options){ .mib = MEBIBYTES });
	if (!is_empty)
		data_fill("/dev/kt-d1", DAMAGE_DEST);
	unlink(OTHER_MAP);
	rescue_at_once(trial);
}

/* What was left is done, and the trial was one. */
static void trial_end(struct trial *trial, unsigned int kills)
{
	cr_assert_eq(wait_end(start(trial->dest, trial->map)), CTL_FAILED);
	expect_end(trial);
	cr_log_info(
		"%u times ended early, %u rescues; up to %lu bytes were safe by then",
		kills, trial->ended, trial->most);
	cr_assert_leq(trial->ended, kills + 1);
}

/* What was safe by then is; if that is all, it begins anew. */
static void go_on(struct trial *trial, int status)
{
	const uint64_t safe = expect_claims(trial);

	if (status == CTL_FAILED) {
		expect_end(trial);
		forget(trial);
	} else if (safe > trial->most) {
		trial->most = safe;
	}
}

/* ---- signals --------------------------------------------------------------------- */

static void kill_once(struct trial *trial)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGKILL, SIGHUP };
	const int sent = signals[pick(trial, ARRAY_SIZE(signals))];
	const pid_t pid = start(trial->dest, trial->map);
	int status;

	rig_sleep_ms(pick(trial, trial->full_ms));
	kill(pid, sent);
	status = wait_end(pid);
	/* Before it catches signals it dies of them as anybody. */
	cr_assert(status == EXIT_INTERRUPTED || status == CTL_FAILED ||
			  status == 128 + sent,
		  "status %d after signal %d", status, sent);
	go_on(trial, status);
}

RIG_TEST(cli_rescue_kill, who_is_killed_at_any_moment_comes_to_the_same_end)
{
	const unsigned int kills =
		rig_number("KCOPYD_RESCUE_KILLS", rig_scaled(8, 4));
	static struct trial trial;
	unsigned int i;

	trial_create(&trial, "/dev/kt-d0", MAP, false);
	damage_expect_rescued(&trial.damage, "/dev/kt-d1");
	null_create("d0", (struct null_options){ .mib = MEBIBYTES });
	forget(&trial);
	for (i = 0; i < kills || !trial.most; i++)
		kill_once(&trial);
	trial_end(&trial, i);
}

/* ---- power cuts -------------------------------------------------------------------- */

/*
 * Of a destination and of the disk with the map on it, each with a cache that
 * is lost. Above each is a dm device, through which it is cut from whoever uses
 * it: nothing more gets to the disk, and nobody has it open any longer.
 */
static const char *const disks[] = { "d0", "log" };

static void table_of(char table[96], const char *disk, bool works)
{
	const unsigned long long sectors = MEBIBYTES * MIB / SECTOR;

	if (works)
		snprintf(table, 96, "0 %llu linear /dev/kt-%s 0\n", sectors,
			 disk);
	else
		snprintf(table, 96, "0 %llu error\n", sectors);
}

static void disks_create(void)
{
	const struct null_options options = { .mib = MEBIBYTES,
					      .cache_mib = MEBIBYTES,
					      .discard = true };
	char table[96], name[32];

	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++) {
		null_create(disks[i], options);
		table_of(table, disks[i], true);
		snprintf(name, sizeof(name), "%s-cut", disks[i]);
		dm_create(name, "%s", table);
	}
	run_ok("mkfs.ext4", "-q", "/dev/mapper/kt-log-cut");
	mkdir(MOUNT, 0700);
}

static void log_mount(void)
{
	cr_assert_eq(mount("/dev/mapper/kt-log-cut", MOUNT, "ext4", 0, NULL), 0,
		     "%m");
}

static void disk_switch(const char *disk, bool works)
{
	char table[96], name[32];

	snprintf(name, sizeof(name), "%s-cut", disk);
	table_of(table, disk, works);
	dm_load(name, table);
	dm_resume(name);
}

/*
 * All at one moment is what no test can do. The destination first: the map then
 * says nothing of what would have been written in between, or it lies.
 */
static void power_off(void)
{
	dm_suspend("d0-cut");
	dm_suspend("log-cut");
	disk_switch("d0", false);
	disk_switch("log", false);
}

static void power_on(void)
{
	cr_assert_eq(umount(MOUNT), 0, "%m");
	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++) {
		null_cut_power(disks[i]);
		disk_switch(disks[i], true);
	}
	log_mount();
}

/* Or all of this would prove nothing. */
static void expect_that_caches_are_lost(const struct trial *trial)
{
	forget(trial);
	data_fill_range(trial->dest, MIB, MIB, DAMAGE_SOURCE, 0);
	power_off();
	power_on();
	data_expect_zeroes(trial->dest, 0, MEBIBYTES * MIB);
}

/* Its map says no more than is there. */
static void cut_in_the_middle(struct trial *trial)
{
	const pid_t pid = start(trial->dest, trial->map);

	rig_sleep_ms(pick(trial, trial->full_ms));
	power_off();
	kill(pid, SIGKILL);
	wait_end(pid);
	power_on();
	go_on(trial, EXIT_INTERRUPTED);
}

/* What it has written down before it ended stays written. */
static void cut_at_the_end(struct trial *trial)
{
	const pid_t pid = start(trial->dest, trial->map);
	static struct claims before, after;
	int status;

	rig_sleep_ms(pick(trial, trial->full_ms));
	kill(pid, SIGINT);
	status = wait_end(pid);
	if (!access(trial->map, F_OK))
		claims_read(&before, trial->map);
	power_off();
	power_on();
	if (status != 128 + SIGINT) {
		claims_read(&after, trial->map);
		cr_assert_eq(after.bytes, before.bytes);
	}
	go_on(trial, status);
}

RIG_TEST(cli_rescue_kill, what_the_map_says_survives_a_power_cut)
{
	const unsigned int cuts =
		rig_number("KCOPYD_RESCUE_KILLS", rig_scaled(2, 1));
	static struct trial trial;
	unsigned int i;

	trial_create(&trial, "/dev/mapper/kt-d0-cut", MOUNT "/map", true);
	disks_create();
	log_mount();
	expect_that_caches_are_lost(&trial);
	for (i = 0; i < cuts || !trial.most; i++)
		if (i % 2)
			cut_in_the_middle(&trial);
		else
			cut_at_the_end(&trial);
	trial_end(&trial, i);
	cr_assert_eq(umount(MOUNT), 0, "%m");
}
