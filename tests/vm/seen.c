// SPDX-License-Identifier: GPL-2.0-or-later
/* What the maps say, read as a program of a user's would. */
#include <libkcopy.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "rig.h"
#include "seen.h"

static struct kcopy_observer *observer_open(void)
{
	struct kcopy_observer *observer;
	int err = kcopy_observer_open(&observer);

	cr_assert_eq(err, 0, "%s", strerror(-err));
	return observer;
}

struct kcopyd_region_stats seen_region(uint64_t job, unsigned int region)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_region_stats stats;

	cr_assert_eq(kcopy_observer_region(observer, job, region, &stats), 0,
		     "no row of job %lu, region %u", job, region);
	kcopy_observer_close(observer);
	return stats;
}

struct kcopyd_job_stats seen_job(uint64_t job)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_job_stats stats;

	cr_assert_eq(kcopy_observer_job(observer, job, &stats), 0,
		     "no row of job %lu", job);
	kcopy_observer_close(observer);
	return stats;
}

static bool is_row_of(const struct kcopy_device_row *row, const struct stat *st,
		      unsigned int op)
{
	return row->key.major == major(st->st_rdev) &&
	       row->key.minor == minor(st->st_rdev) && row->key.op == op;
}

struct kcopyd_device_stats seen_device(const char *path, unsigned int op)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_device_stats stats = {};
	struct kcopy_device_row *rows;
	struct stat st;
	size_t nr;

	cr_assert_eq(stat(path, &st), 0, "%s: %m", path);
	cr_assert_eq(kcopy_observer_devices(observer, &rows, &nr), 0);
	for (size_t i = 0; i < nr; i++)
		if (is_row_of(&rows[i], &st, op))
			stats = rows[i].stats;
	free(rows);
	kcopy_observer_close(observer);
	return stats;
}

struct kcopyd_client_stats seen_client(void)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopyd_client_stats stats;
	struct kcopy_client_row *rows;
	size_t nr;

	cr_assert_eq(kcopy_observer_clients(observer, &rows, &nr), 0);
	cr_assert_eq(nr, 1, "%zu clients", nr);
	stats = rows[0].stats;
	free(rows);
	kcopy_observer_close(observer);
	return stats;
}

size_t seen_jobs(void)
{
	struct kcopy_observer *observer = observer_open();
	struct kcopy_job_row *rows;
	size_t nr;

	cr_assert_eq(kcopy_observer_jobs(observer, &rows, &nr), 0);
	free(rows);
	kcopy_observer_close(observer);
	return nr;
}

uint64_t seen_counter(enum kcopyd_counter counter)
{
	struct kcopy_observer *observer = observer_open();
	uint64_t counters[KCOPYD_COUNTERS];

	cr_assert_eq(kcopy_observer_counters(observer, counters), 0);
	kcopy_observer_close(observer);
	return counters[counter];
}

uint64_t seen_misses(void)
{
	uint64_t misses;

	cr_assert_eq(kcopy_observer_misses(&misses), 0);
	return misses;
}

void seen_expect_no_losses(void)
{
	static const enum kcopyd_counter lost[] = {
		KCOPYD_COUNTER_LOST_REGIONS, KCOPYD_COUNTER_LOST_JOBS,
		KCOPYD_COUNTER_LOST_IOS,     KCOPYD_COUNTER_LOST_DEVICES,
		KCOPYD_COUNTER_LOST_CLIENTS, KCOPYD_COUNTER_LOST_HEAT,
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(lost); i++)
		cr_assert_eq(seen_counter(lost[i]), 0, "counter %u", lost[i]);
	cr_assert_eq(seen_misses(), 0);
}

uint64_t seen_latencies(const struct kcopyd_latency *lat)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < KCOPYD_HIST_SLOTS; i++)
		sum += lat->hist[i];
	return sum;
}
