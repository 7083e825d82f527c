// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl that is killed at any moment, and two of them at one time. */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "ctl.h"
#include "race.h"

TestSuite(race_cli, RACE_SUITE);

enum { SIZE_MIB = 2, SECOND_SOURCE = 2 };
/* By its limit. */
enum { JOB_US = 250000 };

static const struct null_options slow = { .mib = SIZE_MIB, .latency_us = 500 };

/* What it takes undisturbed, in microseconds. */
static unsigned int full_us;

/* "kcopyctl copy" of these words, that takes longer than its start. */
static pid_t start(const char *const *words)
{
	const char *argv[12] = { "kcopyctl", "copy", "--quiet", "--limit=8M" };
	pid_t pid;

	for (unsigned int i = 0; words[i]; i++)
		argv[4 + i] = words[i];
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	/* That it was refused is no news. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(126);
	execv(getenv("KCOPYD_CTL"), (char *const *)argv);
	_exit(127);
}

#define START(...) start((const char *const[]){ __VA_ARGS__, NULL })

/* Its exit status, or 128 + signal. */
static int wait_end(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void disks_create(void)
{
	uint64_t begin;

	data_fill(null_create("src", slow), RACE_SOURCE);
	data_fill(null_create("src2", slow), SECOND_SOURCE);
	data_fill(null_create("d0", slow), RACE_DEST);
	null_create("d1", slow);
	begin = race_now_us();
	cr_assert_eq(wait_end(START("/dev/kt-src", "/dev/kt-d1")), 0);
	full_us = race_now_us() - begin;
	data_fill("/dev/kt-d1", RACE_DEST + 1);
}

/* The first job after that one, or 0 if there is none. */
static uint64_t job_after(uint64_t job)
{
	struct kcopyd_status status = {
		.size = sizeof(status),
		.flags = KCOPYD_STATUS_NEXT,
		.job = job + 1,
	};
	int kcopyd = job_device_open(0);
	int ret = ioctl(kcopyd, KCOPYD_IOC_STATUS, &status);

	cr_assert(!ret || errno == ENOENT, "%m");
	close(kcopyd);
	return ret ? 0 : status.job;
}

static uint64_t last_job(void)
{
	uint64_t job = 0, next;

	while ((next = job_after(job)))
		job = next;
	return job;
}

/*
 * Killed while @words are done; every second time when there is a job, since
 * most of the time is gone before. Returns the job, if there came to be one.
 */
static uint64_t kill_at_any_moment(const char *const *words, uint64_t *last)
{
	const bool has_job = race_seed() % 2;
	const unsigned int moment = race_moment(has_job ? JOB_US / 2 : full_us);
	const pid_t pid = start(words);
	uint64_t job;
	int status;

	if (has_job)
		rig_wait_for(job_after(*last), 60, "a job");
	race_wait_us(moment);
	kill(pid, SIGKILL);
	status = wait_end(pid);
	cr_assert(!status || status == 128 + SIGKILL, "status %d", status);
	job = job_after(*last);
	*last = job ?: *last;
	return job;
}

RIG_TEST(race_cli, one_that_is_killed_ends_its_job_and_can_be_followed)
{
	unsigned int jobs = 0, cancelled = 0;
	uint64_t last, job;

	disks_create();
	last = last_job();
	race_begin(6, 3);
	while (race_goes_on()) {
		job = kill_at_any_moment((const char *const[]){ "/dev/kt-src",
								"/dev/kt-d0",
								NULL },
					 &last);
		rig_wait_for(!job_info_now().jobs, 30, "the end of the job");
		race_expect_free("/dev/kt-d0");
		if (job) {
			const struct report *report = race_report(job);

			cr_assert(!report->status.code ||
				  report->status.code == -ECANCELED);
			cr_assert(!race_expect_data(report, 1, "/dev/kt-d0",
						    RACE_DEST) ||
				  report->status.code);
			cancelled += !!report->status.code;
		} else {
			data_expect_untouched("/dev/kt-d0", RACE_DEST);
		}
		jobs += !!job;
		cr_assert_eq(wait_end(START("/dev/kt-src", "/dev/kt-d0")), 0);
		last = last_job();
		data_expect_equal("/dev/kt-src", "/dev/kt-d0");
		data_fill("/dev/kt-d0", RACE_DEST);
	}
	cr_log_info("%u of %u had a job, %u were cancelled", jobs,
		    race_rounds(), cancelled);
	cr_assert(race_rounds() < 2 || cancelled, "always too late");
}

RIG_TEST(race_cli, a_detached_job_of_one_that_is_killed_goes_on)
{
	unsigned int jobs = 0;
	uint64_t last, job;

	disks_create();
	last = last_job();
	race_begin(6, 3);
	while (race_goes_on()) {
		job = kill_at_any_moment(
			(const char *const[]){ "--detach", "/dev/kt-src",
					       "/dev/kt-d0", NULL },
			&last);
		rig_wait_for(!job_info_now().jobs, 30, "the end of the job");
		race_expect_free("/dev/kt-d0");
		if (job) {
			cr_assert_eq(race_report(job)->status.code, 0);
			data_expect_equal("/dev/kt-src", "/dev/kt-d0");
		} else {
			data_expect_untouched("/dev/kt-d0", RACE_DEST);
		}
		jobs += !!job;
		data_fill("/dev/kt-d0", RACE_DEST);
	}
	cr_log_info("%u of %u had a job", jobs, race_rounds());
}

/* ---- two ------------------------------------------------------------------- */

/**
 * struct pair - two that were started within a moment
 * @first: how the one started first ended
 * @second: and the other
 */
struct pair {
	int first;
	int second;
};

static int check_code(int code)
{
	cr_assert(code == CTL_COMPLETE || code == CTL_SAFETY, "exit code %d",
		  code);
	return code;
}

static struct pair start_two(const char *const *one, const char *const *other)
{
	const unsigned int moment = race_moment(full_us / 4);
	const bool swap = race_one_in(2);
	struct pair pair;
	pid_t first, second;

	first = start(swap ? other : one);
	race_wait_us(moment);
	second = start(swap ? one : other);
	pair.first = check_code(wait_end(first));
	pair.second = check_code(wait_end(second));
	return swap ? (struct pair){ pair.second, pair.first } : pair;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool holds(const char *path, uint64_t seed)
{
	return data_matches(path, 0, SIZE_MIB * MIB, seed, 0) == SIZE_MIB * MIB;
}

/* Unless one was over before the other began, only one is let in. */
RIG_TEST(race_cli, two_to_one_disk_are_never_mixed)
{
	unsigned int refused = 0;

	disks_create();
	race_begin(5, 3);
	while (race_goes_on()) {
		const struct pair pair =
			start_two(WORDS("/dev/kt-src", "/dev/kt-d0"),
				  WORDS("/dev/kt-src2", "/dev/kt-d0"));

		cr_assert(!pair.first || !pair.second, "neither was let in");
		cr_assert((!pair.first && holds("/dev/kt-d0", RACE_SOURCE)) ||
				  (!pair.second &&
				   holds("/dev/kt-d0", SECOND_SOURCE)),
			  "exit codes %d and %d, and neither was copied",
			  pair.first, pair.second);
		race_expect_free("/dev/kt-d0");
		refused += pair.first || pair.second;
		data_fill("/dev/kt-d0", RACE_DEST);
	}
	cr_log_info("%u of %u times one was refused", refused, race_rounds());
}

RIG_TEST(race_cli, two_from_one_disk_are_both_let_in)
{
	disks_create();
	race_begin(4, 2);
	while (race_goes_on()) {
		const struct pair pair =
			start_two(WORDS("/dev/kt-src", "/dev/kt-d0"),
				  WORDS("/dev/kt-src", "/dev/kt-d1"));

		cr_assert(!pair.first && !pair.second, "%d and %d", pair.first,
			  pair.second);
		data_expect_equal("/dev/kt-src", "/dev/kt-d0");
		data_expect_equal("/dev/kt-src", "/dev/kt-d1");
		data_fill("/dev/kt-d0", RACE_DEST);
		data_fill("/dev/kt-d1", RACE_DEST + 1);
	}
}

/* What one writes the other does not read meanwhile. */
RIG_TEST(race_cli, nobody_reads_what_another_is_writing)
{
	unsigned int refused = 0;

	disks_create();
	race_begin(5, 3);
	while (race_goes_on()) {
		const struct pair pair =
			start_two(WORDS("/dev/kt-src", "/dev/kt-d0"),
				  WORDS("/dev/kt-d0", "/dev/kt-d1"));

		cr_assert(!pair.first || !pair.second, "neither was let in");
		data_expect_untouched("/dev/kt-d0",
				      pair.first ? RACE_DEST : RACE_SOURCE);
		cr_assert(holds("/dev/kt-d1", RACE_DEST + 1) ||
				  (!pair.second &&
				   (holds("/dev/kt-d1", RACE_DEST) ||
				    holds("/dev/kt-d1", RACE_SOURCE))),
			  "what was copied was half written");
		cr_assert(pair.second || !holds("/dev/kt-d1", RACE_DEST + 1));
		refused += pair.first || pair.second;
		data_fill("/dev/kt-d0", RACE_DEST);
		data_fill("/dev/kt-d1", RACE_DEST + 1);
	}
	cr_log_info("%u of %u times one was refused", refused, race_rounds());
}
