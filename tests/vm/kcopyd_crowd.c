// SPDX-License-Identifier: GPL-2.0-or-later
/* Many clients with many jobs, steered at random, and verified. */
#include <pthread.h>
#include <stdarg.h>

#include "kcopyd_jobs.h"

TestSuite(kcopyd_crowd, RIG_SUITE);

enum {
	MAX_CLIENTS = 16,
	MAX_JOBS = 64,
	NR_DISKS = 4, /* destinations */
	SLOT = 128, /* sectors of each disk for each job */
};

/**
 * struct crowd_job - one of a client
 * @job: the job
 * @first: sector of its slot, the same on all disks
 * @from: sector of the source
 * @count: sectors
 * @disks: bit i = disk i is a destination
 * @nr_dests: how many these are
 * @resumable: it may be paused
 */
struct crowd_job {
	struct kjob job;
	uint64_t first;
	uint64_t from;
	uint64_t count;
	unsigned int disks;
	unsigned int nr_dests;
	bool resumable;
};

/**
 * struct crowd_client - a client, its thread and its jobs
 * @number: among all
 * @seed: of what it does
 * @caller: its own, so that nobody waits for another's calls
 * @client: its number there
 * @nr_jobs: of them
 * @jobs: the jobs
 * @destroyed: what its end told
 * @steered: calls that steered
 * @error: what went wrong, empty = nothing
 */
struct crowd_client {
	pthread_t thread;
	unsigned int number;
	unsigned int seed;
	int caller;
	uint32_t client;
	unsigned int nr_jobs;
	struct crowd_job jobs[MAX_JOBS];
	struct kcopyd_test_client destroyed;
	unsigned int steered;
	char error[256];
};

static struct {
	int source;
	int disks[NR_DISKS];
	uint64_t sectors;
	struct crowd_client clients[MAX_CLIENTS];
} crowd;

static unsigned int dice(struct crowd_client *client, unsigned int sides)
{
	return rand_r(&client->seed) % sides;
}

/* An assertion in a thread would end no test: the first is kept. */
static void complain(struct crowd_client *client, const char *format, ...)
{
	va_list args;

	if (client->error[0])
		return;
	va_start(args, format);
	vsnprintf(client->error, sizeof(client->error), format, args);
	va_end(args);
}

static bool call(struct crowd_client *client, unsigned long cmd, void *args,
		 const char *what)
{
	int ret = caller_ioctl(client->caller, cmd, args);

	if (ret)
		complain(client, "%s: %s", what, strerror(-ret));
	return !ret;
}

/* ---- what a client does -------------------------------------------------- */

static void choose(struct crowd_client *client, struct crowd_job *job)
{
	unsigned int number = client->number * MAX_JOBS + (job - client->jobs);

	job->first = (uint64_t)number * SLOT;
	job->count = dice(client, 8) ? 1 + dice(client, SLOT) : 0;
	job->from = dice(client, crowd.sectors - SLOT);
	job->disks = 1 + dice(client, (1 << NR_DISKS) - 1);
	job->nr_dests = __builtin_popcount(job->disks);
}

static void submit(struct crowd_client *client, struct crowd_job *job)
{
	static const unsigned int chunks[] = { 0, 0, 8, 17, 64 };
	static const unsigned int flags[] = { 0, 0, KCOPYD_FLUSH,
					      KCOPYD_WRITE_SEQ, KCOPYD_SPARSE };
	struct kcopyd_test_region regions[1 + NR_DISKS];
	struct kcopyd_test_submit args = {
		.client = client->client,
		.regions = (uintptr_t)regions,
		.nr_dests = job->nr_dests,
		.flags = flags[dice(client, ARRAY_SIZE(flags))],
		.chunk = chunks[dice(client, ARRAY_SIZE(chunks))],
		.limits.rate = dice(client, 4) ? 0 : MIB,
		.limits.percent = dice(client, 8) ? 0 : 50,
		.limits.depth = dice(client, 5),
		.on_slow = dice(client, 2),
		.sleep_us = dice(client, 10) ? 0 : 500,
		.how = dice(client, 8) ? 0 : KCOPYD_TEST_PAUSE,
	};
	unsigned int region = 0;

	regions[region++] = (struct kcopyd_test_region){
		.fd = crowd.source,
		.sector = job->from,
		.count = job->count,
	};
	for (unsigned int i = 0; i < NR_DISKS; i++)
		if (job->disks & 1 << i)
			regions[region++] = (struct kcopyd_test_region){
				.fd = crowd.disks[i],
				.sector = job->first,
				.count = job->count,
			};
	if (call(client, KCOPYD_TEST_SUBMIT, &args, "submit") && args.ret)
		complain(client, "a job was refused: %d", args.ret);
	job->job.caller = client->caller;
	job->job.number = args.job;
}

static void steer_any(struct crowd_client *client, unsigned int nr_jobs)
{
	struct kcopyd_test_steer args = {
		.job = client->jobs[dice(client, nr_jobs)].job.number,
	};

	switch (dice(client, 12)) {
	case 0:
		args.op = KCOPYD_TEST_JOB_CANCEL;
		args.timeout_ms = dice(client, 2) ? 0 : dice(client, 20);
		break;
	case 1 ... 4:
		args.op = KCOPYD_TEST_JOB_PAUSE;
		break;
	case 5 ... 9:
		args.op = KCOPYD_TEST_JOB_RESUME;
		break;
	default:
		args.op = KCOPYD_TEST_JOB_LIMIT;
		args.limits.rate = dice(client, 2) ? 0 : 4 * MIB;
		args.limits.depth = dice(client, 4);
	}
	call(client, KCOPYD_TEST_STEER, &args, "steer");
	client->steered++;
}

static void steer(struct crowd_client *client, struct crowd_job *job,
		  unsigned int op)
{
	struct kcopyd_test_steer args = { .job = job->job.number, .op = op };

	call(client, KCOPYD_TEST_STEER, &args, "steer");
}

static bool has_ended(struct crowd_client *client, struct crowd_job *job)
{
	struct kcopyd_test_result result = { .job = job->job.number };

	call(client, KCOPYD_TEST_RESULT, &result, "result");
	return result.callbacks;
}

static unsigned int count_running(struct crowd_client *client)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < client->nr_jobs; i++)
		running += !has_ended(client, &client->jobs[i]);
	return running;
}

/* Half of the jobs are left to the end of the client. */
static void steer_for_a_while(struct crowd_client *client)
{
	while (count_running(client) > client->nr_jobs / 2 && !client->error[0])
		for (unsigned int i = 0; i < client->nr_jobs; i++)
			steer_any(client, client->nr_jobs);
	for (unsigned int i = 0; i < client->nr_jobs; i++)
		steer(client, &client->jobs[i], KCOPYD_TEST_JOB_RESUME);
}

static void *client_thread(void *arg)
{
	static const unsigned int pages[] = { 1, 3, 16, 64, 300 };
	struct crowd_client *client = arg;
	struct kcopyd_test_client args = {
		.pages = pages[client->number % ARRAY_SIZE(pages)],
	};

	if (!call(client, KCOPYD_TEST_CREATE, &args, "create"))
		return NULL;
	client->client = args.client;
	for (unsigned int i = 0; i < client->nr_jobs; i++) {
		choose(client, &client->jobs[i]);
		submit(client, &client->jobs[i]);
		steer_any(client, i + 1);
	}
	steer_for_a_while(client);
	client->destroyed.client = client->client;
	call(client, KCOPYD_TEST_DESTROY, &client->destroyed, "destroy");
	return NULL;
}

/* ---- what came of it ----------------------------------------------------- */

/* @from, @to: sectors of the job. */
static void expect_copied(const struct crowd_job *job, const char *path,
			  uint64_t from, uint64_t to)
{
	data_expect(path, (job->first + from) * SECTOR, (to - from) * SECTOR,
		    KJOB_SOURCE, job->from + from);
}

static void expect_old(const struct crowd_job *job, unsigned int disk,
		       uint64_t from, uint64_t to)
{
	data_expect(kjob_path(disk), (job->first + from) * SECTOR,
		    (to - from) * SECTOR, KJOB_DEST + disk, job->first + from);
}

static uint64_t expect_dest(const struct crowd_job *job, unsigned int region,
			    unsigned int disk)
{
	unsigned int nr = kjob_region(job->job, region).nr_extents;
	uint64_t at = 0, untried = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct kcopyd_test_error error =
			kjob_extent(job->job, region, i).error;

		cr_assert_eq(error.kind, KCOPYD_EXTENT_UNTRIED);
		cr_assert_eq(error.error, -ECANCELED);
		expect_copied(job, kjob_path(disk), at, error.first);
		at = error.first + error.count;
		expect_old(job, disk, error.first, at);
		untried += error.count;
	}
	cr_assert_leq(at, job->count);
	expect_copied(job, kjob_path(disk), at, job->count);
	expect_old(job, disk, job->count, SLOT);
	return untried;
}

static void verify_job(const struct crowd_job *job, unsigned int *cancelled)
{
	struct kcopyd_test_result result = kjob_look(job->job, 0);
	unsigned int region = 1;
	uint64_t untried = 0;

	cr_assert_eq(result.callbacks, 1, "%u callbacks", result.callbacks);
	cr_assert_eq(result.context, KCOPYD_TEST_IN_TASK);
	cr_assert(!result.code || result.code == -ECANCELED, "code %d",
		  result.code);
	cr_assert_eq(result.read_err, 0);
	cr_assert_eq(result.write_err, 0);
	for (unsigned int i = 0; i < NR_DISKS; i++)
		if (job->disks & 1 << i)
			untried += expect_dest(job, region++, i);
		else
			expect_old(job, i, 0, SLOT);
	if (!result.code)
		cr_assert_eq(untried, 0);
	*cancelled += !!result.code;
}

static void verify_client(const struct crowd_client *client,
			  unsigned int *cancelled)
{
	cr_assert_eq(client->error[0], 0, "client %u: %s", client->number,
		     client->error);
	cr_assert_eq(client->destroyed.missing, 0, "%u late callbacks",
		     client->destroyed.missing);
	cr_assert_eq(client->destroyed.extra, 0, "%u callbacks too many",
		     client->destroyed.extra);
	cr_assert_eq(client->destroyed.most_at_once, 1, "%u at once",
		     client->destroyed.most_at_once);
	for (unsigned int i = 0; i < client->nr_jobs; i++)
		verify_job(&client->jobs[i], cancelled);
}

static void disk_create(unsigned int i)
{
	static const unsigned int latencies[NR_DISKS] = { 0, 0, 200, 2000 };
	char name[16];

	snprintf(name, sizeof(name), "d%u", i);
	null_create(name, (struct null_options){
				  .mib = crowd.sectors * SECTOR / MIB,
				  .latency_us = latencies[i],
			  });
	data_fill(kjob_path(i), KJOB_DEST + i);
	crowd.disks[i] = device_open(kjob_path(i), O_RDWR);
}

static void disks_create(void)
{
	crowd.sectors = (uint64_t)MAX_CLIENTS * MAX_JOBS * SLOT;
	null_create("src", (struct null_options){ .mib = crowd.sectors *
							 SECTOR / MIB });
	data_fill("/dev/kt-src", KJOB_SOURCE);
	crowd.source = device_open("/dev/kt-src", O_RDWR);
	for (unsigned int i = 0; i < NR_DISKS; i++)
		disk_create(i);
}

static void clients_start(unsigned int nr_clients, unsigned int nr_jobs,
			  unsigned int seed)
{
	cr_log_info("seed %u\n", seed);
	for (unsigned int i = 0; i < nr_clients; i++) {
		struct crowd_client *client = &crowd.clients[i];

		client->number = i;
		client->seed = seed + i;
		client->nr_jobs = nr_jobs;
		client->caller = caller_open();
	}
	for (unsigned int i = 0; i < nr_clients; i++)
		cr_assert_eq(pthread_create(&crowd.clients[i].thread, NULL,
					    client_thread, &crowd.clients[i]),
			     0);
}

RIG_TEST(kcopyd_crowd, clients_with_many_jobs_steered_at_random_lose_nothing)
{
	const unsigned int nr_clients = rig_scaled(MAX_CLIENTS, 6);
	const unsigned int nr_jobs = rig_scaled(MAX_JOBS, 24);
	const char *wish = getenv("KCOPYD_SEED");
	unsigned int steered = 0, cancelled = 0;

	disks_create();
	clients_start(nr_clients, nr_jobs,
		      wish ? strtoul(wish, NULL, 0) :
			     (unsigned int)rig_now_ms());
	for (unsigned int i = 0; i < nr_clients; i++) {
		pthread_join(crowd.clients[i].thread, NULL);
		steered += crowd.clients[i].steered;
	}
	for (unsigned int i = 0; i < nr_clients; i++)
		verify_client(&crowd.clients[i], &cancelled);
	cr_log_info("%u calls steered, %u jobs were cancelled\n", steered,
		    cancelled);
	cr_assert_gt(cancelled, 0);
	cr_assert_lt(cancelled, nr_clients * nr_jobs);
	data_expect_untouched("/dev/kt-src", KJOB_SOURCE);
}
