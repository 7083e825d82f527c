// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All there is to do, beside one another, for a long time: copies to one and
 * to several, zeroing, comparing, disks with faults, cancels and pauses,
 * kernel clients, kcopyctl and libkcopy, with statistics on. What is said to be
 * copied is compared each time, and was not there before; what is said not to
 * be must have a reason. In the end the kernel holds what it held before.
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

/* Sources: one that is good, one with the same but for bad places. */
#define GOOD "/dev/kt-src"
#define WORN "/dev/mapper/kt-bad"

/* Sectors of it. */
static const struct {
	unsigned int first;
	unsigned int count;
} bad_places[] = { { 1000, 8 }, { 3008, 1 } };

/*
 * Who copies to the same place again and again takes them in turn: else it
 * would hold what it should whatever was written.
 */
static const struct {
	const char *path;
	uint64_t seed;
} sources[] = { { GOOD, RACE_SOURCE }, { "/dev/kt-alt", RACE_SOURCE + 1 } };

/**
 * struct disk - a destination
 * @path: of it
 * @raw: what is below, and what it holds
 * @fails: now and then
 */
struct disk {
	char path[32];
	char raw[32];
	bool fails;
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
	disk->fails = tables[job][dest] && strstr(tables[job][dest], "flakey");
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

static void worn_create(void)
{
	char table[512];
	unsigned int at = 0;
	size_t len = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_places); i++) {
		const unsigned int first = bad_places[i].first;

		len += snprintf(table + len, sizeof(table) - len,
				"%u %u linear " GOOD " %u\n%u %u error\n", at,
				first - at, at, first, bad_places[i].count);
		at = first + bad_places[i].count;
	}
	dm_create("bad", "%s%u %llu linear " GOOD " %u\n", table, at,
		  SIZE_MIB * MIB / SECTOR - at, at);
}

static void disks_create(void)
{
	char path[32];

	data_fill(null_create("src", plain), sources[0].seed);
	data_fill(null_create("alt", plain), sources[1].seed);
	worn_create();
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
 * @cancelled: before its end, or after
 */
struct load {
	struct job_plan plan;
	int kcopyd;
	uint64_t job;
	bool cancelled;
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
static void load_steer(struct load *load)
{
	int ret = 0;

	switch (race_pick(8)) {
	case 0:
		load->cancelled = true;
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

static bool is_of_zeroes(const struct load *load)
{
	return load->plan.source.fd == -1;
}

static bool reads_worn(const struct load *load)
{
	return !is_of_zeroes(load) && !strcmp(load->plan.source.path, WORN);
}

/* It may have ended before all of it was tried. */
static bool may_stop(const struct load *load)
{
	return load->cancelled ||
	       (reads_worn(load) &&
		!(load->plan.flags & KCOPYD_SUBMIT_SKIP_BAD));
}

static bool is_at_bad_place(const struct kcopyd_extent *extent)
{
	const uint64_t first = extent->offset / SECTOR,
		       end = first + extent->length / SECTOR;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_places); i++)
		if (first < bad_places[i].first + bad_places[i].count &&
		    bad_places[i].first < end)
			return true;
	return false;
}

/* Between the bad ends of a place nothing may have been tried. */
static bool has_reason(const struct load *load, unsigned int number,
		       const struct kcopyd_extent *extent)
{
	const unsigned int region = extent->region;

	if (extent->kind == KCOPYD_EXTENT_DIFFERS)
		return false;
	if (region && disks[number][region - 1].fails)
		return true;
	if (!region && reads_worn(load) && is_at_bad_place(extent))
		return true;
	return extent->kind == KCOPYD_EXTENT_UNTRIED && may_stop(load);
}

static void expect_reasons(const struct load *load, unsigned int number,
			   const struct report *report)
{
	for (unsigned int i = 0; i < report->nr; i++) {
		const struct kcopyd_extent *extent = &report->extents[i];

		cr_assert(
			has_reason(load, number, extent),
			"region %u: kind %u, errno %d, %llu sectors from %llu; flags %#x",
			extent->region, extent->kind, extent->error,
			extent->length / SECTOR, extent->offset / SECTOR,
			load->plan.flags);
	}
}

/* Sectors that a destination may lack: all that is bad, or all of its chunks. */
static uint64_t most_excepted(const struct load *load, const struct disk *disk)
{
	uint64_t bad = 0;

	if (disk->fails || may_stop(load))
		return SIZE_MIB * MIB / SECTOR;
	if (!reads_worn(load))
		return 0;
	if (load->plan.retry == KCOPYD_RETRY_NONE)
		return ARRAY_SIZE(bad_places) *
		       (load->plan.chunk ?: SIZE_MIB * MIB) / SECTOR;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_places); i++)
		bad += bad_places[i].count;
	return bad;
}

/* What is in no extent; returns how many sectors are in one. */
static uint64_t expect_zeroed(const struct report *report, unsigned int region,
			      const struct disk *disk)
{
	const uint64_t nr = SIZE_MIB * MIB / SECTOR;
	char *excepted = calloc(1, nr + 1);
	uint64_t left = 0, first = 0;

	for (unsigned int i = 0; i < report->nr; i++)
		if (!report->extents[i].region ||
		    report->extents[i].region == region)
			memset(excepted + report->extents[i].offset / SECTOR, 1,
			       report->extents[i].length / SECTOR);
	excepted[nr] = 1;
	for (uint64_t i = 0; i <= nr; i++) {
		if (!excepted[i])
			continue;
		if (first < i)
			data_expect_zeroes(disk->raw, first * SECTOR,
					   (i - first) * SECTOR);
		first = i + 1;
		left++;
	}
	free(excepted);
	return left - 1;
}

/* All that must be there is there, and it is said so. */
static void expect_written(const struct load *load, const struct report *report,
			   unsigned int region, const struct disk *disk)
{
	const bool complete = report->status.complete & 1ULL << (region - 1);
	const uint64_t most = most_excepted(load, disk);
	uint64_t excepted;

	if (is_of_zeroes(load))
		excepted = expect_zeroed(report, region, disk);
	else
		excepted =
			race_expect_data(report, region, disk->raw, RACE_DEST);
	cr_assert_leq(excepted, most, "%s: %lu sectors are missing", disk->path,
		      excepted);
	cr_assert(!complete || !excepted, "%s: complete, but %lu sectors",
		  disk->path, excepted);
	cr_assert(complete || most, "%s: not complete, code %d", disk->path,
		  report->status.code);
}

/* Whatever became of it; says how many extents there were. */
static unsigned int load_end(struct load *load, unsigned int number)
{
	const struct report *report;
	unsigned int nr;

	job_resume(load->kcopyd, load->job);
	job_limit(load->kcopyd, load->job, 0, 0, 0);
	report = report_of(load->kcopyd, load->job);
	close(load->kcopyd);
	nr = report->nr;
	expect_reasons(load, number, report);
	for (unsigned int i = 0; i < DESTS && load->plan.dests[i].path; i++) {
		const struct disk *disk = &disks[number][i];

		race_expect_free(disk->path);
		expect_written(load, report, 1 + i, disk);
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
 * What is there, from the start, is of that seed: 0, or an errno. For threads,
 * which must not fail the test by themselves.
 */
static int compare(int fd, uint64_t length, uint64_t seed)
{
	char *is = aligned_alloc(4096, length), *wanted = malloc(length);
	int err = 0;

	data_make(wanted, length, seed, 0);
	if (pread(fd, is, length, 0) != (ssize_t)length)
		err = EIO;
	else if (memcmp(is, wanted, length))
		err = EILSEQ;
	free(wanted);
	free(is);
	return err;
}

static int library_copy(const struct kcopy_request *request)
{
	struct kcopyd_status status;
	struct kcopy *kcopy = NULL;
	uint64_t job;
	int ret = kcopy_open(&kcopy);

	ret = ret ?: kcopy_submit(kcopy, request, &job, NULL);
	ret = ret ?: kcopy_wait(kcopy, job, 300000, &status, NULL, 0);
	kcopy_close(kcopy);
	return ret == 1 ? -status.code : -ret ?: ETIMEDOUT;
}

/*
 * By libkcopy. Opened once: a process that is being started has a copy of each
 * descriptor for a moment, and a device that was just closed is not free then.
 */
static void library_on(struct rival *rival)
{
	struct other *other = rival->context;
	const struct kcopy_target dest = {
		.fd = open(other->path, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC),
	};
	struct kcopy_request request = {
		.dests = &dest,
		.nr_dests = 1,
		.length = SIZE_MIB * MIB,
		.flags = KCOPYD_SUBMIT_VERIFY,
		.memory = MIB,
	};
	int from[ARRAY_SIZE(sources)];

	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++)
		from[i] = open(sources[i].path, O_RDONLY | O_CLOEXEC);
	while (!atomic_load(&rival->stop) && !other->error) {
		const unsigned int turn = other->copies % ARRAY_SIZE(sources);

		request.source.fd = from[turn];
		other->error = library_copy(&request);
		if (!other->error)
			other->error = compare(dest.fd, request.length,
					       sources[turn].seed);
		other->copies++;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++)
		close(from[i]);
	close(dest.fd);
}

/* So many at once, by a client that is there for them only. */
static int client_copy(const struct other *other,
		       const struct kcopyd_test_region *regions)
{
	struct kcopyd_test_copy_result results[SMALL];
	struct kcopyd_test_client client = { .pages = 16 };
	struct kcopyd_test_copy copy = {
		.regions = (uintptr_t)regions,
		.nr_dests = 1,
		.nr_jobs = SMALL,
		.stride = SMALL_SECTORS,
		.results = (uintptr_t)results,
	};
	int ret = caller_ioctl(other->caller, KCOPYD_TEST_CREATE, &client);

	copy.client = client.client;
	ret = ret ?: caller_ioctl(other->caller, KCOPYD_TEST_COPY, &copy);
	ret = ret ?: caller_ioctl(other->caller, KCOPYD_TEST_DESTROY, &client);
	for (unsigned int i = 0; !ret && i < SMALL; i++)
		if (results[i].ret || results[i].callbacks != 1 ||
		    results[i].read_err || results[i].write_err)
			ret = -EIO;
	return -ret;
}

/* By an in-kernel client that comes and goes with it. */
static void client_on(struct rival *rival)
{
	struct other *other = rival->context;
	struct kcopyd_test_region regions[ARRAY_SIZE(sources)][2];
	const int dest = open(other->path, O_RDWR | O_DIRECT | O_CLOEXEC);

	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		regions[i][0] = (struct kcopyd_test_region){
			.fd = open(sources[i].path, O_RDWR | O_CLOEXEC),
			.count = SMALL_SECTORS,
		};
		regions[i][1] = (struct kcopyd_test_region){
			.fd = dest,
			.count = SMALL_SECTORS,
		};
	}
	while (!atomic_load(&rival->stop) && !other->error) {
		const unsigned int turn =
			other->copies / SMALL % ARRAY_SIZE(sources);

		other->error = client_copy(other, regions[turn]);
		if (!other->error)
			other->error = compare(dest,
					       SMALL * SMALL_SECTORS * SECTOR,
					       sources[turn].seed);
		other->copies += SMALL;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++)
		close(regions[i][0].fd);
	close(dest);
}

/* By kcopyctl: copied, compared, zeroed, and looked at. */
static void command_run(void)
{
	static unsigned int turn;
	const char *source = sources[turn % ARRAY_SIZE(sources)].path;

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
		turn++;
		ctl_expect(CTL_COMPLETE, "copy", "--quiet", "--verify",
			   "--force=signature", source, "/dev/kt-cli");
		data_expect_equal(source, "/dev/kt-cli");
		ctl_expect(CTL_COMPLETE, "verify", "--quiet", source,
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
	/* Behind what the kernel client writes to, and the sources. */
	data_expect("/dev/kt-small", SMALL * SMALL_SECTORS * SECTOR,
		    SIZE_MIB * MIB - SMALL * SMALL_SECTORS * SECTOR, RACE_DEST,
		    SMALL * SMALL_SECTORS);
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++)
		data_expect_untouched(sources[i].path, sources[i].seed);
}

/*
 * All that is remembered of finished jobs, and the same each time: what others
 * take depends on how many destinations and errors they had.
 */
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
	fill_the_memory();
	before = gauge_read();
	gauge_tell("before", &before);
	soak_for(&soak, 1000 * seconds);
	fill_the_memory();
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
