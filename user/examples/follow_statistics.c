// SPDX-License-Identifier: MIT
/*
 * Show what the running copies do to their devices, as BPF programs count it.
 *
 *   follow_statistics [SECONDS [TIMES]]
 *
 * Every so many seconds (1), so many times (for ever). Copies do not notice;
 * 'kcopyctl load' attaches the programs, and they count from then on.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libkcopy.h>

#define NSEC_PER_SEC 1000000000ULL

/* By the clock of the records. */
static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static void show_region(const struct kcopy_job_row *job, unsigned int region,
			const struct kcopyd_region_stats *stats)
{
	double seconds =
		(double)(now_ns() - job->stats.start_ns) / NSEC_PER_SEC;
	char node[64], bytes[KCOPY_FORMAT_MAX], rate[KCOPY_FORMAT_MAX];
	char median[KCOPY_FORMAT_MAX], high[KCOPY_FORMAT_MAX];

	kcopy_device_node(stats->major, stats->minor, node, sizeof(node));
	kcopy_format_size(stats->bytes, bytes);
	kcopy_format_rate(seconds > 0 ? stats->bytes / seconds : 0, rate);
	kcopy_format_time(kcopy_percentile(&stats->lat, 500), median);
	kcopy_format_time(kcopy_percentile(&stats->lat, 990), high);
	printf("%5" PRIu64 " %-4s %-14s %10s %12s %9s %9s %6" PRIu64 "\n",
	       job->job, region ? "to" : "from", node, bytes, rate, median,
	       high, (uint64_t)stats->errors);
}

/* A region that has not begun has no row yet; nor has a source of zeroes. */
static int show_job(struct kcopy_observer *observer,
		    const struct kcopy_job_row *job)
{
	struct kcopyd_region_stats stats;
	unsigned int i;
	int err;

	for (i = 0; i <= job->stats.nr_dests; i++) {
		err = kcopy_observer_region(observer, job->job, i, &stats);
		if (!err)
			show_region(job, i, &stats);
		else if (err != -ENOENT)
			return err;
	}
	return 0;
}

static int show(struct kcopy_observer *observer)
{
	struct kcopy_job_row *jobs;
	size_t i, nr, running = 0;
	int err;

	err = kcopy_observer_jobs(observer, &jobs, &nr);
	if (err)
		return err;
	printf("%5s %-4s %-14s %10s %12s %9s %9s %6s\n", "job", "", "device",
	       "bytes", "rate", "median", "99 %", "errors");
	for (i = 0; i < nr && !err; i++) {
		if (jobs[i].stats.end_ns)
			continue;
		err = show_job(observer, &jobs[i]);
		running++;
	}
	if (!running)
		printf("no copy is running\n");
	fflush(stdout);
	free(jobs);
	return err;
}

static bool parse(const char *text, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return !errno && end != text && !*end && *text != '-';
}

int main(int argc, char *argv[])
{
	unsigned long seconds = 1, times = 0, i;
	struct kcopy_observer *observer;
	int err;

	if (argc > 3 || (argc > 1 && !parse(argv[1], &seconds)) ||
	    (argc > 2 && !parse(argv[2], &times))) {
		fprintf(stderr, "usage: follow_statistics [SECONDS [TIMES]]\n");
		return 2;
	}
	err = kcopy_observer_open(&observer);
	if (err) {
		fprintf(stderr, "follow_statistics: %s: %s\n", KCOPYD_PIN_DIR,
			strerror(-err));
		fprintf(stderr, "'kcopyctl load' attaches the statistics.\n");
		return EXIT_FAILURE;
	}
	for (i = 0; !err && (!times || i < times); i++) {
		if (i)
			sleep(seconds);
		err = show(observer);
	}
	kcopy_observer_close(observer);
	if (err)
		fprintf(stderr, "follow_statistics: %s\n", strerror(-err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
