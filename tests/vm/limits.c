// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The limits of /dev/kcopyd, by which no user of it can exhaust the machine:
 * each says that it is reached, and how, and stands in nobody's way after.
 */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "gauge.h"
#include "job.h"
#include "race.h"

enum { SOURCE = 91, DEST = 92, SIZE_MIB = 2 };
#define SIZE (SIZE_MIB * MIB)
#define PARAMETERS "/sys/module/kcopyd/parameters/"
/* Results of a descriptor that may wait for a reader. */
#define UNREAD 256
/* And their regions. */
#define UNREAD_REGIONS 1024
/* Finished jobs that can be asked for. */
#define REMEMBERED 256

static const struct {
	const char *path;
	const char *value;
} defaults[] = {
	{ PARAMETERS "max_jobs", "256" },
	{ PARAMETERS "max_clients", "64" },
	{ PARAMETERS "max_memory_mib", "256" },
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %m", path);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text),
		     "%s: %m", path);
	close(fd);
}

static void suite_fini(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(defaults); i++)
		write_file(defaults[i].path, defaults[i].value);
	rig_fini();
}

TestSuite(limits, .fini = suite_fini, .timeout = 900);

static void disks_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("dst", options), DEST);
}

/* Of @length bytes; 0 = a job that is done at once. */
static struct job_plan plan_of(uint64_t length, uint64_t memory)
{
	return (struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-dst",
		.length = length,
		.memory = memory,
	};
}

static void expect_refused(int kcopyd, const struct job_plan *plan, int err,
			   uint32_t reason)
{
	struct kcopyd_submit submit;

	cr_assert_eq(job_try_start(kcopyd, plan, &submit), -err);
	cr_assert_eq(submit.reason, reason, "reason %u", submit.reason);
	cr_assert_eq(submit.region, KCOPYD_REGION_NONE);
	cr_assert_eq(submit.job, 0);
}

static void expect_works(int kcopyd, const struct job_plan *plan)
{
	struct job_result result = job_wait(kcopyd, job_start(kcopyd, plan));

	cr_assert_eq(result.code, 0);
}

/* What kcopyctl says then: the environment does not let it, and why. */
static void expect_command_refused(const char *word)
{
	ctl_refused(CTL_ENVIRONMENT, word, "copy", "/dev/kt-src",
		    "/dev/kt-dst");
	data_expect_untouched("/dev/kt-dst", DEST);
}

static void expect_command_works(void)
{
	ctl_expect(CTL_COMPLETE, "copy", "/dev/kt-src", "/dev/kt-dst");
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
}

RIG_TEST(limits, as_many_clients_as_allowed_and_no_more)
{
	const struct job_plan plan = plan_of(0, 4096);
	int clients[3], other = job_device_open(0);

	disks_create();
	write_file(PARAMETERS "max_clients", "3");
	for (unsigned int i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = job_device_open(0);
		expect_works(clients[i], &plan);
	}
	expect_refused(other, &plan, EAGAIN, KCOPYD_REASON_MAX_CLIENTS);
	expect_command_refused("max_clients");
	/* Who is in goes on, and nobody is kept from looking. */
	expect_works(clients[0], &plan);
	ctl_expect(CTL_COMPLETE, "status");
	close(clients[1]);
	expect_works(other, &plan);
	expect_refused(clients[1] = job_device_open(0), &plan, EAGAIN,
		       KCOPYD_REASON_MAX_CLIENTS);
	close(other);
	expect_command_works();
	cr_assert_eq(job_info(clients[0]).memory, 2 * 4096);
	close(clients[0]);
	close(clients[2]);
	cr_assert_eq(job_info(clients[1]).memory, 0);
	close(clients[1]);
}

/* A client outlives its descriptor for as long as a job of it runs. */
RIG_TEST(limits, a_client_counts_until_its_last_job_has_ended)
{
	struct job_plan plan = plan_of(SIZE, 4096);
	int kcopyd = job_device_open(0), other = job_device_open(0);

	disks_create();
	write_file(PARAMETERS "max_clients", "1");
	dm_create("held", "0 %llu linear /dev/kt-dst 0", SIZE / SECTOR);
	plan.dests[0].path = "/dev/mapper/kt-held";
	plan.flags = KCOPYD_SUBMIT_DETACH;
	dm_suspend("held");
	job_start(kcopyd, &plan);
	close(kcopyd);
	plan = plan_of(0, 4096);
	plan.dests[0].path = "/dev/kt-src";
	plan.source.path = NULL;
	plan.source.fd = -1;
	expect_refused(other, &plan, EAGAIN, KCOPYD_REASON_MAX_CLIENTS);
	dm_resume("held");
	rig_wait_for(!job_info(other).memory, 30, "the end of the client");
	expect_works(other, &plan);
	close(other);
}

RIG_TEST(limits, as_much_reserve_as_allowed_and_no_more)
{
	const struct job_plan half = plan_of(0, MIB),
			      more = plan_of(0, MIB + 4096),
			      all = plan_of(0, 1ULL << 40);
	int first = job_device_open(0), second = job_device_open(0);

	disks_create();
	write_file(PARAMETERS "max_memory_mib", "2");
	expect_works(first, &half);
	expect_refused(second, &more, EAGAIN, KCOPYD_REASON_MAX_MEMORY);
	expect_refused(second, &all, EAGAIN, KCOPYD_REASON_MAX_MEMORY);
	cr_assert_eq(job_info(second).memory, MIB);
	/* Its 16 MiB are more than there are at all. */
	expect_command_refused("max_memory_mib");
	expect_works(second, &half);
	cr_assert_eq(job_info(second).memory, 2 * MIB);
	close(first);
	close(second);
	write_file(PARAMETERS "max_memory_mib", "256");
	expect_command_works();
	cr_assert_eq(job_info_now().memory, 0);
}

/* A job of no length, of a new descriptor; 0 or the errno, and why. */
static int ask_for(uint64_t memory, int disk, uint32_t *reason)
{
	const struct kcopyd_target dest = { .fd = disk };
	struct kcopyd_submit submit = {
		.size = sizeof(submit),
		.source.fd = -1,
		.dests = (uintptr_t)&dest,
		.nr_dests = 1,
		.memory = memory,
	};
	int kcopyd = open("/dev/kcopyd", O_RDWR | O_CLOEXEC);
	int err = ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit) ? errno : 0;

	close(kcopyd);
	*reason = submit.reason;
	return err;
}

/**
 * struct greed - asks again and again for more than there is
 * @disk: to write to
 * @refused: for that, so many times
 * @odd: whatever else came of it
 */
struct greed {
	int disk;
	unsigned int refused;
	unsigned int odd;
};

static void ask_for_too_much(struct rival *rival)
{
	struct greed *greed = rival->context;
	uint32_t reason;

	while (!atomic_load(&rival->stop)) {
		if (ask_for(64 * MIB, greed->disk, &reason) == EAGAIN &&
		    reason == KCOPYD_REASON_MAX_MEMORY)
			greed->refused++;
		else
			greed->odd++;
	}
}

RIG_TEST(limits, who_is_refused_is_in_nobodys_way)
{
	const unsigned int rounds =
		rig_scaled(60, 8) * rig_number("KCOPYD_RACE_ROUNDS", 5);
	struct greed greed;
	struct rival rival = { .act = ask_for_too_much, .context = &greed };
	int disk, err = 0;
	uint32_t reason;

	disks_create();
	disk = device_open("/dev/kt-dst", O_RDWR | O_EXCL);
	greed = (struct greed){
		.disk = device_open("/dev/kt-src", O_RDWR | O_EXCL),
	};
	write_file(PARAMETERS "max_memory_mib", "2");
	rival_start(&rival);
	for (unsigned int i = 0; i < rounds && !err; i++)
		err = ask_for(MIB, disk, &reason);
	rival_end(&rival);
	close(greed.disk);
	close(disk);
	cr_assert_eq(err, 0, "%s, reason %u", strerror(err), reason);
	cr_assert_gt(greed.refused, rounds / 10);
	cr_assert_eq(greed.odd, 0, "%u not refused for that", greed.odd);
}

RIG_TEST(limits, kcopyctl_says_that_there_are_too_many_jobs)
{
	disks_create();
	write_file(PARAMETERS "max_jobs", "0");
	expect_command_refused("max_jobs");
	write_file(PARAMETERS "max_jobs", "1");
	expect_command_works();
}

/* The result of the oldest job: that of its regions, and that it is over. */
static void read_result(int kcopyd)
{
	while (job_event(kcopyd).type != KCOPYD_EVENT_DONE)
		;
}

RIG_TEST(limits, who_reads_no_results_can_not_go_on_submitting)
{
	const struct job_plan plan = plan_of(0, 4096);
	int kcopyd = job_device_open(0), other = job_device_open(0);
	struct kcopyd_submit submit;
	unsigned int started = 0;
	int ret;

	disks_create();
	do {
		ret = job_try_start(kcopyd, &plan, &submit);
		started += !ret;
		rig_wait_for(!job_info(kcopyd).jobs, 20, "the end of the job");
	} while (!ret && started < 2 * UNREAD);
	cr_assert_eq(ret, -EAGAIN, "%d after %u jobs", ret, started);
	cr_assert_eq(submit.reason, KCOPYD_REASON_UNREAD);
	cr_assert_eq(started, UNREAD);
	/* That is nobody else's concern. */
	expect_works(other, &plan);
	read_result(kcopyd);
	job_start(kcopyd, &plan);
	rig_wait_for(!job_info(kcopyd).jobs, 20, "the end of the job");
	expect_refused(kcopyd, &plan, EAGAIN, KCOPYD_REASON_UNREAD);
	/* No result was lost. */
	for (unsigned int i = 0; i < UNREAD; i++)
		read_result(kcopyd);
	expect_works(kcopyd, &plan);
	close(kcopyd);
	close(other);
}

/* As many as there can be, side by side on one disk. */
static void plan_many(struct job_plan *plan, int fd, uint64_t length)
{
	unsigned int i;

	plan->length = length;
	for (i = 0; i < KCOPYD_MAX_DESTS; i++)
		plan->dests[i] = (struct job_place){
			.path = "/dev/kt-dst",
			.offset = i * length,
			.fd = fd,
		};
}

/* The result of many regions takes as much as a lot of small ones. */
RIG_TEST(limits, few_results_of_many_regions_can_wait_for_a_reader)
{
	struct job_plan plan = { JOB_NO_SOURCE, .memory = 4096 };
	int kcopyd = job_device_open(0), fd;
	struct kcopyd_submit submit;
	unsigned int started = 0;
	int ret;

	disks_create();
	fd = open("/dev/kt-dst", O_RDWR | O_EXCL | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%m");
	plan_many(&plan, fd, 4096);
	do {
		ret = job_try_start(kcopyd, &plan, &submit);
		started += !ret;
		rig_wait_for(!job_info(kcopyd).jobs, 20, "the end of the job");
	} while (!ret && started < UNREAD);
	cr_assert_eq(ret, -EAGAIN, "%d after %u jobs", ret, started);
	cr_assert_eq(submit.reason, KCOPYD_REASON_UNREAD);
	cr_assert_eq(started, UNREAD_REGIONS / KCOPYD_MAX_REGIONS + 1);
	read_result(kcopyd);
	job_start(kcopyd, &plan);
	close(fd);
	close(kcopyd);
}

/* Every other sector has something, so that each is a place of its own. */
static void fill_every_other(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint64_t at;
	char *data;

	cr_assert_geq(fd, 0, "%m");
	data = calloc(1, size);
	cr_assert_not_null(data);
	for (at = 0; at < size; at += 2 * SECTOR)
		data[at] = 1;
	cr_assert_eq(pwrite(fd, data, size, 0), (ssize_t)size, "%m");
	cr_assert_eq(fsync(fd), 0, "%m");
	free(data);
	close(fd);
}

static bool is_coarse(int kcopyd, uint64_t job)
{
	struct kcopyd_status status;

	cr_assert_eq(job_status(kcopyd, job, &status), 0);
	cr_assert_eq(status.state, KCOPYD_STATE_DONE);
	return status.flags & KCOPYD_STATUS_COARSE;
}

/* What the kernel has that it can't give back. */
static uint64_t slab_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	uint64_t kib = 0;
	char line[128];

	cr_assert_not_null(file, "%m");
	while (!kib && fgets(line, sizeof(line), file))
		sscanf(line, "SUnreclaim: %lu", &kib);
	fclose(file);
	cr_assert_gt(kib, 0);
	return kib;
}

/* So that those before are forgotten. */
static void finish_many(void)
{
	const struct job_plan plan = plan_of(0, 4096);
	int kcopyd = job_device_open(0);

	for (unsigned int i = 0; i < REMEMBERED; i++)
		expect_works(kcopyd, &plan);
	close(kcopyd);
}

/* A full list is 32 KiB a region; 15 results of 64 regions a descriptor. */
RIG_TEST(limits, the_places_of_errors_do_not_take_all_memory)
{
	enum { JOBS = 15, DESCRIPTORS = 2 };
	const uint64_t length = 130 * KIB;
	struct job_plan plan = {
		JOB_NO_SOURCE,
		.flags = KCOPYD_SUBMIT_COMPARE | KCOPYD_SUBMIT_KEEP_FAILED,
	};
	int kcopyd[DESCRIPTORS], fd;
	uint64_t job, first = 0, before;

	disks_create();
	null_destroy("dst");
	null_create("dst", (struct null_options){ .mib = 9 });
	fill_every_other("/dev/kt-dst", 9 * MIB);
	fd = open("/dev/kt-dst", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%m");
	plan_many(&plan, fd, length);
	before = slab_kib();
	for (unsigned int i = 0; i < JOBS * DESCRIPTORS; i++) {
		if (i % JOBS == 0)
			kcopyd[i / JOBS] = job_device_open(0);
		job = job_start(kcopyd[i / JOBS], &plan);
		first = first ?: job;
		rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
	}
	cr_expect_lt(slab_kib(), before + 48 * 1024, "%lu KiB before, now %lu",
		     before, slab_kib());
	cr_expect_not(is_coarse(kcopyd[0], first));
	cr_expect(is_coarse(kcopyd[0], job));
	for (unsigned int i = 0; i < DESCRIPTORS; i++)
		close(kcopyd[i]);
	close(fd);
	finish_many();
	/* There is room again. */
	kcopyd[0] = job_device_open(0);
	fd = open("/dev/kt-dst", O_RDONLY | O_CLOEXEC);
	plan_many(&plan, fd, length);
	job = job_start(kcopyd[0], &plan);
	rig_wait_for(!job_info_now().jobs, 60, "the end of the job");
	cr_expect_not(is_coarse(kcopyd[0], job));
	close(fd);
	close(kcopyd[0]);
	finish_many();
}

/* ---- a memory cgroup ----------------------------------------------------- */

#define GROUPS "/tmp/kt-memory"
#define GROUP GROUPS "/kt"

/* What of our own is 2 MiB all of a sudden, or not, has no place in there. */
static void group_create(void)
{
	cr_assert_eq(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0, "%m");
	mkdir(GROUPS, 0755);
	cr_assert_eq(mount("none", GROUPS, "cgroup2", 0, NULL), 0, "%m");
	write_file(GROUPS "/cgroup.subtree_control", "+memory");
	cr_assert_eq(mkdir(GROUP, 0755), 0, "%m");
}

static void group_enter(const char *group)
{
	char path[64], pid[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(path, pid);
}

static void group_destroy(void)
{
	cr_assert_eq(rmdir(GROUP), 0, "%m");
	cr_assert_eq(umount2(GROUPS, MNT_DETACH), 0, "%m");
}

static uint64_t group_number(const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), GROUP "/%s", file);
	return strtoull(file_text(path), NULL, 10);
}

/* How often it was said: "oom_kill 0". */
static uint64_t group_event(const char *name)
{
	const char *at = strstr(file_text(GROUP "/memory.events"), name);

	cr_assert_not_null(at, "no %s", name);
	return strtoull(at + strlen(name), NULL, 10);
}

/* Pages of a reserve that are given back may be counted a little longer. */
static void expect_group_below(uint64_t bytes, const char *what)
{
	rig_wait_for(group_number("memory.current") < bytes, 30, what);
}

RIG_TEST(limits, a_reserve_is_charged_to_the_submitters_memory_cgroup)
{
	const struct job_plan plan = plan_of(0, 32 * MIB);
	int kcopyd = job_device_open(0);
	uint64_t before, within;

	disks_create();
	group_create();
	group_enter(GROUP);
	before = group_number("memory.current");
	expect_works(kcopyd, &plan);
	within = group_number("memory.current");
	close(kcopyd);
	group_enter(GROUPS);
	cr_log_info("%llu KiB\n", (within - before) / KIB);
	/* Each processor is charged for 256 KiB before it needs them. */
	cr_assert_geq(within, before + 31 * MIB);
	cr_assert_lt(within, before + 36 * MIB);
	expect_group_below(before + 4 * MIB, "the reserve goes");
	group_destroy();
}

/* It asks for more than its cgroup has, is told so, and lives. */
RIG_TEST(limits, what_a_memory_cgroup_does_not_have_is_refused)
{
	const struct job_plan large = plan_of(SIZE, 64 * MIB),
			      small = plan_of(SIZE, MIB);
	int kcopyd = job_device_open(0);
	uint64_t peak;

	disks_create();
	group_create();
	write_file(GROUP "/memory.max", "33554432");
	group_enter(GROUP);
	for (unsigned int i = 0; i < 3; i++)
		expect_refused(kcopyd, &large, ENOMEM, KCOPYD_REASON_NO_MEMORY);
	cr_assert_eq(job_info(kcopyd).memory, 0);
	expect_works(kcopyd, &small);
	close(kcopyd);
	group_enter(GROUPS);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	peak = group_number("memory.current");
	cr_assert_leq(peak, 32 * MIB);
	cr_assert_eq(group_event("oom_kill "), 0, "somebody was killed");
	cr_assert_gt(group_event("max "), 0, "the limit was never reached");
	expect_group_below(8 * MIB, "all of it goes");
	group_destroy();
}

/*
 * In use by the group, which nobody is in. That it may have no more makes the
 * kernel give back what each processor has charged in advance; the others do
 * so in their own time.
 */
static uint64_t group_in_use(void)
{
	uint64_t bytes = UINT64_MAX;

	group_enter(GROUPS);
	gauge_settle();
	write_file(GROUP "/memory.high", "0");
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t now = group_number("memory.current");

		bytes = now < bytes ? now : bytes;
		rig_sleep_ms(100);
	}
	write_file(GROUP "/memory.high", "max");
	group_enter(GROUP);
	return bytes;
}

/* Each with a reserve of its own, which is there or nearly so by then. */
static void expect_refused_often(unsigned int times, uint64_t memory, int err,
				 uint32_t reason)
{
	const struct job_plan plan = plan_of(SIZE, memory);

	for (unsigned int i = 0; i < times; i++) {
		int kcopyd = job_device_open(0);

		expect_refused(kcopyd, &plan, err, reason);
		close(kcopyd);
	}
}

static void expect_refusals(unsigned int times)
{
	write_file(GROUP "/memory.max", "4194304");
	expect_refused_often(times, 8 * MIB, ENOMEM, KCOPYD_REASON_NO_MEMORY);
	write_file(PARAMETERS "max_jobs", "0");
	expect_refused_often(times, MIB, EAGAIN, KCOPYD_REASON_MAX_JOBS);
	write_file(PARAMETERS "max_jobs", "256");
}

/*
 * Of pages, which kmemleak does not follow. One page of each refusal of a kind
 * would be twice what is allowed for.
 */
RIG_TEST(limits, who_is_refused_leaves_no_memory_behind)
{
	const unsigned int times = 96;
	uint64_t before, after;

	if (rig_scaled(0, 1))
		cr_skip_test("a group that is full takes the kernel too long");
	disks_create();
	group_create();
	group_enter(GROUP);
	/* What is made once has been made then. */
	expect_refusals(4);
	before = group_in_use();
	expect_refusals(times);
	after = group_in_use();
	group_enter(GROUPS);
	group_destroy();
	cr_log_info("%llu KiB, and %llu KiB before", after / KIB, before / KIB);
	cr_assert_lt(after, before + times * 4096 / 2, "%lu, and %lu before",
		     after, before);
}

enum { MANY_JOBS = 12, MANY_DESTS = KCOPYD_MAX_DESTS, PART = 256 << 10 };

/* A job to 64 ranges of a disk that is held, with 64 chunks in flight. */
static void start_wide_job(int kcopyd, int held, unsigned int number)
{
	struct job_plan plan = {
		JOB_NO_SOURCE, .length = PART, .chunk = PART / KCOPYD_MAX_DESTS,
		.depth = 64,   .memory = 4096, .on_slow = KCOPYD_SLOW_WAIT,
	};

	for (unsigned int i = 0; i < MANY_DESTS; i++) {
		plan.dests[i].path = "held";
		plan.dests[i].fd = held;
		plan.dests[i].offset =
			(uint64_t)(number * MANY_DESTS + i) * PART;
	}
	job_start(kcopyd, &plan);
}

/*
 * Without a source there is no memory in the chunks, so that the reserve does
 * not bound how many there are: 64 of each job, with a bio and more for each
 * destination, would be many times the reserve.
 */
RIG_TEST(limits, what_is_in_flight_is_charged_and_bounded)
{
	const unsigned int nr_jobs = rig_scaled(MANY_JOBS, MANY_JOBS / 3);
	const unsigned int mib = nr_jobs * MANY_DESTS * PART / MIB;
	int kcopyd = job_device_open(0), held;
	uint64_t before, one, all;

	null_create("large", (struct null_options){ .mib = mib });
	dm_create("held", "0 %llu linear /dev/kt-large 0", mib * MIB / SECTOR);
	held = device_open("/dev/mapper/kt-held", O_RDWR | O_EXCL);
	group_create();
	group_enter(GROUP);
	dm_suspend("held");
	before = group_number("memory.current");
	start_wide_job(kcopyd, held, 0);
	rig_sleep_ms(1000);
	one = group_number("memory.current");
	for (unsigned int i = 1; i < nr_jobs; i++)
		start_wide_job(kcopyd, held, i);
	rig_sleep_ms(3000);
	all = group_number("memory.current");
	dm_resume("held");
	rig_wait_for(!job_info(kcopyd).jobs, 300, "the end of all jobs");
	close(kcopyd);
	close(held);
	group_enter(GROUPS);
	cr_log_info("%llu KiB, then %llu KiB\n", (one - before) / KIB,
		    (all - before) / KIB);
	/* With the first it is nearly all that there may be, in 6.1 of more. */
	cr_assert_gt(one, before + 768 * KIB);
	cr_assert_lt(all, one + 2 * MIB);
	data_expect_zeroes("/dev/kt-large", 0, mib * MIB);
	expect_group_below(before + 2 * MIB, "all of it goes");
	group_destroy();
}
