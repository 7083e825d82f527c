// SPDX-License-Identifier: GPL-2.0-or-later
/* Rounds of a race, its dice, rivals, and what must hold after each round. */
#include <sys/ioctl.h>
#include <time.h>

#include "race.h"
#include "request.h"

static struct {
	uint64_t seed;
	unsigned int round;
	unsigned int rounds;
	int users;
	bool runs;
	struct dice dice;
} race;

/* ---- rounds ---------------------------------------------------------------- */

static int module_users(void)
{
	return atoi(file_text("/sys/module/kcopyd/refcnt"));
}

static void begin(unsigned int rounds)
{
	race.seed = rig_number("KCOPYD_SEED", rig_any_seed());
	race.rounds = rounds;
	race.users = module_users();
	race.runs = true;
	cr_log_info("%u rounds from seed %lu on", race.rounds, race.seed);
}

void race_begin(unsigned int full, unsigned int slow)
{
	begin(rig_number("KCOPYD_RACE_ROUNDS", rig_scaled(full, slow)));
}

void race_begin_long(void)
{
	begin((rig_number("KCOPYD_RACE_ROUNDS", 1) + 9) / 10);
}

/* A worker may be on its way out. */
static void expect_settled(void)
{
	struct kcopyd_info info;

	rig_wait_for(module_users() == race.users, 60,
		     "as many users of the module as before");
	rig_wait_for((info = job_info_now(), !info.jobs && !info.memory), 60,
		     "no jobs and no reserve in use");
	cr_assert_eq(info.draining, 0);
}

bool race_goes_on(void)
{
	if (race.round)
		expect_settled();
	race.runs = race.round < race.rounds;
	race.dice.state = race.seed + race.round;
	race.round += race.runs;
	return race.runs;
}

void race_end(void)
{
	expect_settled();
	race.runs = false;
}

unsigned int race_rounds(void)
{
	return race.round;
}

uint64_t race_seed(void)
{
	return race.seed + race.round - 1;
}

/* Here also when the test has failed, and only then in the middle of a round. */
void race_fini(void)
{
	if (race.runs && race.round)
		cr_log_info("round %u failed: KCOPYD_SEED=%lu", race.round,
			    race_seed());
	rig_fini();
}

/* ---- dice and time --------------------------------------------------------- */

unsigned int race_pick(unsigned int below)
{
	return roll(&race.dice, below);
}

bool race_one_in(unsigned int n)
{
	return one_in(&race.dice, n);
}

unsigned int race_moment(unsigned int most)
{
	return race_pick((race_one_in(4) ? most / 16 : most) + 1);
}

uint64_t race_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

void race_wait_us(unsigned int us)
{
	const uint64_t end = race_now_us() + us;

	if (us > 2000)
		usleep(us - 1000);
	while (race_now_us() < end)
		;
}

/* ---- rivals ---------------------------------------------------------------- */

static void *rival_run(void *data)
{
	struct rival *rival = data;

	race_wait_us(rival->delay_us);
	rival->act(rival);
	return NULL;
}

void rival_start(struct rival *rival)
{
	atomic_store(&rival->stop, false);
	cr_assert_eq(pthread_create(&rival->thread, NULL, rival_run, rival), 0);
}

void rival_end(struct rival *rival)
{
	atomic_store(&rival->stop, true);
	pthread_join(rival->thread, NULL);
}

/* ---- what is left ---------------------------------------------------------- */

const struct report *race_report(uint64_t job)
{
	static struct report report;
	int kcopyd = job_device_open(0);

	cr_assert_eq(job_regions(kcopyd, job, &report.status, report.regions),
		     0, "job %lu is not known", job);
	cr_assert_eq(report.status.state, KCOPYD_STATE_DONE);
	report.nr = job_extents(kcopyd, job, report.extents, REPORT_EXTENTS);
	close(kcopyd);
	return &report;
}

enum { NEW, OLD, OLD_OR_NEW };

/* Of each sector what it may hold; returns how many are in extents. */
static uint64_t classify(const struct report *report, unsigned int region,
			 char *sectors, uint64_t nr)
{
	const uint64_t length = report->status.length / SECTOR;
	uint64_t excepted = 0;

	memset(sectors, OLD, nr);
	memset(sectors, NEW, length);
	for (unsigned int i = 0; i < report->nr; i++) {
		const struct kcopyd_extent *extent = &report->extents[i];

		if (extent->region && extent->region != region)
			continue;
		cr_assert_leq(extent->offset + extent->length, length * SECTOR);
		memset(sectors + extent->offset / SECTOR, OLD_OR_NEW,
		       extent->length / SECTOR);
	}
	for (uint64_t i = 0; i < length; i++)
		excepted += sectors[i] == OLD_OR_NEW;
	return excepted;
}

static bool holds(const char *is, uint64_t seed, uint64_t sector)
{
	char wanted[SECTOR];

	data_make(wanted, SECTOR, seed, sector);
	return !memcmp(is, wanted, SECTOR);
}

/* A job without a source writes zeroes. */
static bool holds_source(const struct report *report, const char *is,
			 uint64_t sector)
{
	static const char zeroes[SECTOR];

	if (report->regions[0].major)
		return holds(is, RACE_SOURCE, sector);
	return !memcmp(is, zeroes, SECTOR);
}

static void expect_sector(const struct report *report, const char *path,
			  const char *is, uint64_t sector, int what,
			  uint64_t old_seed)
{
	const bool is_old = holds(is, old_seed, sector);
	const bool is_new = !is_old && holds_source(report, is, sector);

	if ((is_old && what != NEW) || (is_new && what != OLD))
		return;
	cr_assert_fail("%s: sector %lu of job %llu (code %d) is %s", path,
		       sector, report->status.job, report->status.code,
		       is_old ? "not copied" :
		       is_new ? "copied" :
				"foreign");
}

uint64_t race_expect_data(const struct report *report, unsigned int region,
			  const char *path, uint64_t old_seed)
{
	const uint64_t nr = device_size(path) / SECTOR;
	char *sectors = malloc(nr), *step = aligned_alloc(4096, MIB);
	uint64_t excepted = classify(report, region, sectors, nr);
	int fd = device_open(path, O_RDONLY | O_DIRECT);

	for (uint64_t i = 0; i < nr; i++) {
		const uint64_t in_step = i * SECTOR % MIB;

		if (!in_step)
			cr_assert_eq(pread(fd, step, MIB, i * SECTOR),
				     (ssize_t)MIB, "%s: %m", path);
		expect_sector(report, path, step + in_step, i, sectors[i],
			      old_seed);
	}
	close(fd);
	free(step);
	free(sectors);
	return excepted;
}

void race_expect_free(const char *path)
{
	int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %m, although the job is done", path);
	close(fd);
}
