// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All there is to do, beside one another, for a long time: copies to one and
 * to several, zeroing, comparing, disks with faults, cancels and pauses,
 * kernel clients, kcopyctl and libkcopy, with statistics on. What is said to be
 * copied is compared, and in the end the kernel holds what it held before.
 *
 *   KCOPYD_SOAK_SECONDS=N   how long, instead of some seconds
 *   KCOPYD_SEED=N           the same load again
 */
#include <libkcopy.h>
#include <sys/wait.h>

#include "ctl.h"
#include "gauge.h"
#include "kcopyd_jobs.h"
#include "race.h"
#include "seen.h"

TestSuite(soak, RACE_SUITE);

enum {
	SIZE_MIB = 2,
	JOBS = 4, /* of /dev/kcopyd at once */
	DESTS = 2, /* of each of them */
	SMALL = 64, /* copies of a kernel client, at once */
	SMALL_SECTORS = 16,
	REMEMBERED = 256, /* finished jobs, which are there after a while */
};

static const struct null_options plain = { .mib = SIZE_MIB };

/* ---- disks ----------------------------------------------------------------- */

/* Sources: one that is good, one with bad places. */
#define GOOD "/dev/kt-src"
#define WORN "/dev/mapper/kt-bad"

/**
 * struct disk - a destination
 * @path: of it
 * @raw: what is below, and what it holds
 */
struct disk {
	char path[32];
	char raw[32];
};

/* Of every job: one that is plain or late, one that fails now and then. */
static struct disk disks[JOBS][DESTS];
/* Those of kcopyctl, of libkcopy, of the kernel client. */
static const char *const others[] = { "cli", "lib", "small" };

static void disk_fill(const struct disk *disk)
{
	data_fill(disk->raw, RACE_DEST);
}

static void disk_create(unsigned int job, unsigned int dest)
{
	const unsigned int sectors = SIZE_MIB * MIB / SECTOR;
	static const char *const tables[JOBS][DESTS] = {
		{ NULL, NULL },
		{ "0 %u delay /dev/kt-%s 0 3\n", NULL },
		{ NULL, "0 %u flakey /dev/kt-%s 0 1 1\n" },
		{ "0 %u linear /dev/kt-%s 0\n", "0 %u delay /dev/kt-%s 0 1\n" },
	};
	struct disk *disk = &disks[job][dest];
	char name[16], above[32], table[128];

	snprintf(name, sizeof(name), "d%u%u", job, dest);
	snprintf(disk->raw, sizeof(disk->raw), "%s", null_create(name, plain));
	snprintf(disk->path, sizeof(disk->path), "%s", disk->raw);
	if (tables[job][dest]) {
		snprintf(above, sizeof(above), "m%u%u", job, dest);
		/* Of the table above: which the compiler can't see. */
		snprintf(table, sizeof(table), tables[job][dest], sectors,
			 name);
		snprintf(disk->path, sizeof(disk->path), "%s",
			 dm_create(above, "%s", table));
	}
	disk_fill(disk);
}

static void disks_create(void)
{
	char path[32];

	data_fill(null_create("src", plain), RACE_SOURCE);
	dm_create("bad", "0 1000 linear " GOOD " 0\n"
			 "1000 8 error\n"
			 "1008 2000 linear " GOOD " 1008\n"
			 "3008 1 error\n"
			 "3009 1087 linear " GOOD " 3009\n");
	for (unsigned int i = 0; i < JOBS; i++)
		for (unsigned int j = 0; j < DESTS; j++)
			disk_create(i, j);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		null_create(others[i], plain);
		snprintf(path, sizeof(path), "/dev/kt-%s", others[i]);
		data_fill(path, RACE_DEST);
	}
}

/* ---- jobs of /dev/kcopyd --------------------------------------------------- */

/**
 * struct load - a job
 * @plan: of it
 * @kcopyd: its descriptor
 * @job: its number
 */
struct load {
	struct job_plan plan;
	int kcopyd;
	uint64_t job;
};

static unsigned int any(const unsigned int *values, unsigned int nr)
{
	return values[race_pick(nr)];
}

#define ANY(...)                                            \
	any((const unsigned int[]){ __VA_ARGS__ },          \
	    sizeof((const unsigned int[]){ __VA_ARGS__ }) / \
		    sizeof(unsigned int))

static void load_start(struct load *load, unsigned int number)
{
	const bool zero = race_one_in(8);

	*load = (struct load){
		.plan = {
			.source.path = race_one_in(4) ? WORN : GOOD,
			.source.fd = zero ? -1 : 0,
			.dests[0].path = disks[number][0].path,
			.length = SIZE_MIB * MIB,
			.flags = ANY(0, KCOPYD_SUBMIT_SPARSE,
				     KCOPYD_SUBMIT_VERIFY,
				     KCOPYD_SUBMIT_NO_FLUSH),
			.chunk = ANY(0, 16, 64, 256) * KIB,
			.depth = race_pick(8),
			.retry = race_pick(3),
			.on_slow = race_pick(2),
			.checksum = zero ? 0 : ANY(0, KCOPYD_CHECKSUM_CRC32C),
			.rate = ANY(0, 0, 8) * MIB,
			.memory = ANY(0, 1, 4) * MIB,
		},
		.kcopyd = job_device_open(0),
	};
	if (race_one_in(2))
		load->plan.dests[1].path = disks[number][1].path;
	load->plan.flags |= KCOPYD_SUBMIT_DETACH_FAILED;
	if (load->plan.on_slow == KCOPYD_SLOW_WAIT && race_one_in(2))
		load->plan.flags |= KCOPYD_SUBMIT_SKIP_BAD;
	load->job = job_start(load->kcopyd, &load->plan);
}

/* Any of them, so that one may be steered after its end. */
static void load_steer(const struct load *load)
{
	int ret = 0;

	switch (race_pick(8)) {
	case 0:
		ret = job_cancel(load->kcopyd, load->job, 0);
		break;
	case 1 ... 3:
		ret = job_pause(load->kcopyd, load->job);
		break;
	case 4:
		ret = job_limit(load->kcopyd, load->job, MIB + race_pick(MIB),
				race_pick(100), race_pick(8));
		break;
	default:
		ret = job_resume(load->kcopyd, load->job);
	}
	cr_assert(!ret || ret == -EINPROGRESS, "%d", ret);
}

static void expect_zeroed(const struct report *report, unsigned int region,
			  const struct disk *disk)
{
	if (report->status.complete & 1ULL << (region - 1))
		data_expect_zeroes(disk->raw, 0, SIZE_MIB * MIB);
}

/* Whatever became of it; says how many extents there were. */
static unsigned int load_end(struct load *load, unsigned int number)
{
	const bool zero = load->plan.source.fd == -1;
	const struct report *report;
	unsigned int nr;

	job_resume(load->kcopyd, load->job);
	job_limit(load->kcopyd, load->job, 0, 0, 0);
	report = report_of(load->kcopyd, load->job);
	close(load->kcopyd);
	nr = report->nr;
	for (unsigned int i = 0; i < DESTS && load->plan.dests[i].path; i++) {
		const struct disk *disk = &disks[number][i];

		race_expect_free(disk->path);
		if (zero)
			expect_zeroed(report, 1 + i, disk);
		else
			race_expect_data(report, 1 + i, disk->raw, RACE_DEST);
		disk_fill(disk);
	}
	free((void *)report);
	return nr;
}

/* ---- others, each in a thread or a process --------------------------------- */

/**
 * struct other - who copies in his own way, again and again
 * @path: where to
 * @caller: of the kernel client
 * @copies: that were made
 * @error: errno of what went wrong
 */
struct other {
	const char *path;
	int caller;
	unsigned int copies;
	int error;
};

/*
 * By libkcopy. Opened once: a process that is being started has a copy of each
 * descriptor for a moment, and a device that was just closed is not free then.
 */
static void library_on(struct rival *rival)
{
	struct other *other = rival->context;
	const struct kcopy_target dest = {
		.fd = open(other->path, O_RDWR | O_EXCL | O_CLOEXEC),
	};
	const struct kcopy_request request = {
		.source.fd = open(GOOD, O_RDONLY | O_CLOEXEC),
		.dests = &dest,
		.nr_dests = 1,
		.length = SIZE_MIB * MIB,
		.flags = KCOPYD_SUBMIT_VERIFY,
		.memory = MIB,
	};
	struct kcopyd_status status;
	struct kcopy *kcopy = NULL;
	uint64_t job;

	while (!atomic_load(&rival->stop) && !other->error) {
		int ret = kcopy_open(&kcopy);

		ret = ret ?: kcopy_submit(kcopy, &request, &job, NULL);
		ret = ret ?: kcopy_wait(kcopy, job, 300000, &status, NULL, 0);
		kcopy_close(kcopy);
		other->error = ret == 1 ? -status.code : -ret ?: ETIMEDOUT;
		other->copies++;
	}
	close(request.source.fd);
	close(dest.fd);
}

/* By an in-kernel client that comes and goes with it. */
static void client_on(struct rival *rival)
{
	struct other *other = rival->context;
	struct kcopyd_test_copy_result results[SMALL];
	struct kcopyd_test_region regions[] = {
		{ .fd = open(GOOD, O_RDWR | O_CLOEXEC),
		  .count = SMALL_SECTORS },
		{ .fd = open(other->path, O_RDWR | O_CLOEXEC),
		  .count = SMALL_SECTORS },
	};

	while (!atomic_load(&rival->stop) && !other->error) {
		struct kcopyd_test_client client = { .pages = 16 };
		struct kcopyd_test_copy copy = {
			.regions = (uintptr_t)regions,
			.nr_dests = 1,
			.nr_jobs = SMALL,
			.stride = SMALL_SECTORS,
			.results = (uintptr_t)results,
		};
		int ret = caller_ioctl(other->caller, KCOPYD_TEST_CREATE,
				       &client);

		copy.client = client.client;
		ret = ret   ?:
			      caller_ioctl(other->caller, KCOPYD_TEST_COPY,
					   &copy);
		ret = ret   ?:
			      caller_ioctl(other->caller, KCOPYD_TEST_DESTROY,
					   &client);
		for (unsigned int i = 0; !ret && i < SMALL; i++)
			if (results[i].ret || results[i].callbacks != 1 ||
			    results[i].read_err || results[i].write_err)
				ret = -EIO;
		other->error = -ret;
		other->copies += SMALL;
	}
	close(regions[0].fd);
	close(regions[1].fd);
}

/* By kcopyctl: copied, compared, zeroed, and looked at. */
static void command_run(void)
{
	switch (race_pick(5)) {
	case 0:
		ctl_expect(CTL_COMPLETE, "zero", "--quiet", "--force=signature",
			   "/dev/kt-cli");
		data_expect_zeroes("/dev/kt-cli", 0, SIZE_MIB * MIB);
		break;
	case 1:
		ctl_expect(CTL_COMPLETE, "stats");
		break;
	case 2:
		ctl_expect(CTL_COMPLETE, "jobs");
		break;
	default:
		ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--verify",
			   "--force=signature", GOOD, "/dev/kt-cli");
		data_expect_equal(GOOD, "/dev/kt-cli");
		ctl_expect(CTL_COMPLETE, "verify", "--quiet", GOOD,
			   "/dev/kt-cli");
	}
}

/* ---- all of it ------------------------------------------------------------- */

/**
 * struct soak - what was done
 * @batches: of jobs
 * @jobs: of /dev/kcopyd
 * @extents: of them
 * @copies: by libkcopy and by the kernel client
 */
struct soak {
	unsigned int batches;
	unsigned int jobs;
	unsigned int extents;
	unsigned int copies;
};

static void batch(struct soak *soak)
{
	struct load loads[JOBS];
	const unsigned int steps = race_pick(60);

	for (unsigned int i = 0; i < JOBS; i++)
		load_start(&loads[i], i);
	for (unsigned int i = 0; i < steps; i++) {
		load_steer(&loads[race_pick(JOBS)]);
		race_wait_us(race_moment(3000));
	}
	if (race_one_in(3))
		command_run();
	for (unsigned int i = 0; i < JOBS; i++)
		soak->extents += load_end(&loads[i], i);
	soak->jobs += JOBS;
	soak->batches++;
}

/* A part of it, which ends settled: nobody but us is there before and after. */
static void soak_for(struct soak *soak, uint64_t ms)
{
	const uint64_t end = rig_now_ms() + ms;
	int caller = caller_open();
	struct other library = { .path = "/dev/kt-lib" };
	struct other client = { .path = "/dev/kt-small", .caller = caller };
	struct rival rivals[] = {
		{ .act = library_on, .context = &library },
		{ .act = client_on, .context = &client },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rivals); i++)
		rival_start(&rivals[i]);
	while (rig_now_ms() < end && !library.error && !client.error)
		batch(soak);
	for (unsigned int i = 0; i < ARRAY_SIZE(rivals); i++)
		rival_end(&rivals[i]);
	cr_assert_eq(library.error, 0, "libkcopy: %s", strerror(library.error));
	cr_assert_eq(client.error, 0, "kernel client: %s",
		     strerror(client.error));
	close(caller);
	soak->copies += library.copies + client.copies;
	data_expect_equal(GOOD, "/dev/kt-lib");
	data_expect("/dev/kt-small", 0, SMALL * SMALL_SECTORS * SECTOR,
		    RACE_SOURCE, 0);
	data_expect_untouched(GOOD, RACE_SOURCE);
}

/* What is remembered of finished jobs is all there, and no growth later. */
static void fill_the_memory(void)
{
	int kcopyd = job_device_open(0);
	const struct job_plan plan = {
		.source.path = GOOD,
		.dests[0].path = "/dev/kt-lib",
		.dests[1].path = "/dev/kt-cli",
		.length = SECTOR,
		.memory = MIB,
		.flags = KCOPYD_SUBMIT_NO_FLUSH,
	};

	for (unsigned int i = 0; i < REMEMBERED; i++)
		cr_assert_eq(job_wait(kcopyd, job_start(kcopyd, &plan)).code,
			     0);
	close(kcopyd);
}

RIG_TEST(soak, all_of_it_for_long_leaves_nothing_behind)
{
	const uint64_t seconds = rig_number("KCOPYD_SOAK_SECONDS", 10);
	struct gauge before, after;
	struct soak soak = {};

	ctl_load();
	module_probe("dm-delay", NULL);
	module_probe("dm-flakey", NULL);
	module_load("kcopyd_test");
	disks_create();
	race_begin(1, 1);
	race_goes_on();
	fill_the_memory();
	/* All paths once, so that what is made once has been made. */
	soak_for(&soak, 1000 * (5 + seconds / 10));
	before = gauge_read();
	gauge_tell("before", &before);
	soak_for(&soak, 1000 * seconds);
	after = gauge_read();
	gauge_tell("after", &after);
	cr_log_info("%u batches, %u jobs, %u extents, %u other copies",
		    soak.batches, soak.jobs, soak.extents, soak.copies);
	cr_assert_gt(soak.extents, 0, "nothing has failed");
	gauge_expect_flat(&before, &after);
	seen_expect_no_losses();
	race_end();
	ctl_unload();
}
