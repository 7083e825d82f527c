// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks that go away under a job, in every state that it can be in: pulled out
 * of SCSI, switched off, replaced by errors in device-mapper, and one that
 * fails what it still has. The others of the job are whole, what is said of
 * the lost one is true, and nothing keeps it.
 */
#include <linux/dm-ioctl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "caller.h"
#include "race.h"

TestSuite(race_device, RACE_SUITE);

enum {
	SIZE_MIB = 2,
	BAD_SECTOR = 2048, /* of a source that is to be looked into */
	BAD_SECTORS = 8,
	PATIENCE_S = 60,
	MOMENT_US = 20000, /* before a job of these disks can be over */
};

/* Requests of a millisecond, so that a job has some 50 ms. */
#define LATENCY_US 1000
/* A quarter of a second for it. */
#define IN_TIME_RATE (8 * MIB)

/**
 * struct kind - of disks that can go
 * @name: of it
 * @create: makes it with SIZE_MIB, slow, filled; @bad: with sectors that can't
 *	be read
 * @remove: at once, whoever has it open
 * @destroy: what is left of it, with nobody who has it open
 * @look: where its content can still be looked at, or NULL
 */
struct kind {
	const char *name;
	const char *(*create)(uint64_t seed, bool bad);
	void (*remove)(const char *path);
	void (*destroy)(void);
	const char *look;
};

/* ---- null_blk -------------------------------------------------------------- */

static const struct null_options slow = { .mib = SIZE_MIB,
					  .latency_us = LATENCY_US };

static const char *null_make(uint64_t seed, bool bad)
{
	const char *path = null_create("victim", slow);

	data_fill(path, seed);
	if (bad)
		null_make_bad("victim", BAD_SECTOR, BAD_SECTORS);
	return path;
}

static void null_remove(const char *path)
{
	(void)path;
	null_power_off("victim");
}

static void null_end(void)
{
	null_destroy("victim");
}

/* ---- scsi_debug ------------------------------------------------------------ */

static const char *scsi_make(uint64_t seed, bool bad)
{
	const char *path = scsi_create(SIZE_MIB, 512, "delay=0");

	data_fill(path, seed);
	scsi_delay_ms(LATENCY_US / 1000);
	if (bad)
		scsi_make_bad(BAD_SECTOR, BAD_SECTORS);
	return path;
}

/* ---- device-mapper --------------------------------------------------------- */

enum { SECTORS = SIZE_MIB * MIB / SECTOR };

/* At once, unlike the tool that does the same. Returns 0 or an errno. */
static int dm_ioctl(unsigned long cmd, struct dm_ioctl *args, size_t size)
{
	int control = device_open("/dev/mapper/control", O_RDWR), error;

	args->version[0] = DM_VERSION_MAJOR;
	args->data_size = size;
	args->data_start = sizeof(*args);
	strcpy(args->name, "kt-victim");
	error = ioctl(control, cmd, args) ? errno : 0;
	close(control);
	return error;
}

/* What all of it is replaced by when it goes. */
static void dm_prepare_errors(void)
{
	struct {
		struct dm_ioctl head;
		struct dm_target_spec target;
		char no_parameters[8];
	} args = {
		.head.target_count = 1,
		.target = { .length = SECTORS, .target_type = "error" },
	};
	const int error = dm_ioctl(DM_TABLE_LOAD, &args.head, sizeof(args));

	cr_assert_eq(error, 0, "a table of errors: %s", strerror(error));
}

static const char *dm_make(uint64_t seed, bool bad)
{
	const char *path;

	data_fill(null_create("below", slow), seed);
	if (!bad)
		path = dm_create("victim", "0 %u linear /dev/kt-below 0\n",
				 SECTORS);
	else
		path = dm_create("victim",
				 "0 %u linear /dev/kt-below 0\n"
				 "%u %u error\n"
				 "%u %u linear /dev/kt-below %u\n",
				 BAD_SECTOR, BAD_SECTOR, BAD_SECTORS,
				 BAD_SECTOR + BAD_SECTORS,
				 SECTORS - BAD_SECTOR - BAD_SECTORS,
				 BAD_SECTOR + BAD_SECTORS);
	dm_prepare_errors();
	return path;
}

/*
 * As "dmsetup remove --force": whoever has it open has errors from now on, and
 * it stays for as long.
 */
static void dm_remove(const char *path)
{
	struct dm_ioctl replace = {
		.flags = DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG,
	};
	struct dm_ioctl remove = {};
	int error = dm_ioctl(DM_DEV_SUSPEND, &replace, sizeof(replace));

	cr_assert_eq(error, 0, "%s: %s", path, strerror(error));
	error = dm_ioctl(DM_DEV_REMOVE, &remove, sizeof(remove));
	cr_assert(!error || error == EBUSY, "%s: %s", path, strerror(error));
	if (!error)
		unlink(path);
}

static void dm_end(void)
{
	/* Maybe it is gone: the job had let go of it by then. */
	if (!access("/dev/mapper/kt-victim", F_OK))
		dm_destroy("victim");
	null_destroy("below");
}

/* ---- a disk of our own ----------------------------------------------------- */

static int caller;

static const char *own_make(uint64_t seed, bool bad)
{
	const char *path = test_disk_create(
		caller, "victim",
		(struct test_disk_options){
			.mib = SIZE_MIB,
			.completion = KCOPYD_TEST_DISK_INTERRUPT,
			.write_cache = true,
		});

	data_fill(path, seed);
	if (bad)
		test_disk_bad(caller, "victim", 1U << KCOPYD_TEST_READ,
			      BAD_SECTOR, BAD_SECTORS);
	return path;
}

static void own_remove(const char *path)
{
	(void)path;
	test_disk_gone(caller, "victim");
}

static void own_end(void)
{
	test_disk_destroy(caller, "victim");
}

static const struct kind kinds[] = {
	{ "null_blk", null_make, null_remove, null_end, NULL },
	{ "scsi_debug", scsi_make, scsi_delete, scsi_destroy, NULL },
	{ "device-mapper", dm_make, dm_remove, dm_end, "/dev/kt-below" },
	{ "a disk of our own", own_make, own_remove, own_end, NULL },
};

/* ---- a job that loses one of them ------------------------------------------ */

/**
 * struct loss - of a disk
 * @kind: of it
 * @path: of it
 * @is_source: it is read from, not written to
 * @is_bad: the source has bad sectors
 * @plan: of the job; with another destination as well
 * @kcopyd: the descriptor of the job
 * @job: the job
 * @was_missed: some of it was still to be read or written
 */
struct loss {
	const struct kind *kind;
	const char *path;
	bool is_source;
	bool is_bad;
	struct job_plan plan;
	int kcopyd;
	uint64_t job;
	bool was_missed;
};

#define OTHER "/dev/kt-other"

/* Of the two rounds of a kind one is in time, one is left to chance. */
static bool is_to_be_in_time(void)
{
	return race_seed() / ARRAY_SIZE(kinds) % 2;
}

/* @bad: the source, whatever is lost. */
static void loss_create_of(struct loss *loss, bool is_source, bool bad)
{
	const char *source = "/dev/kt-src";

	*loss = (struct loss){
		.kind = &kinds[race_seed() % ARRAY_SIZE(kinds)],
		.is_source = is_source,
		.is_bad = bad,
	};
	loss->path =
		loss->kind->create(loss->is_source ? RACE_SOURCE : RACE_DEST,
				   bad && loss->is_source);
	null_create("src", slow);
	null_create("other", slow);
	data_fill(source, RACE_SOURCE);
	data_fill(OTHER, RACE_DEST + 1);
	if (bad && !loss->is_source)
		null_make_bad("src", BAD_SECTOR, BAD_SECTORS);
	loss->plan = (struct job_plan){
		.source.path = loss->is_source ? loss->path : source,
		.dests[0].path = OTHER,
		.dests[1].path = loss->is_source ? NULL : loss->path,
		.length = SIZE_MIB * MIB,
		.chunk = 64 * KIB,
		.depth = 2,
		.rate = is_to_be_in_time() ? IN_TIME_RATE : 0,
		.flags = KCOPYD_SUBMIT_DETACH_FAILED,
	};
	loss->kcopyd = job_device_open(0);
}

static void loss_create(struct loss *loss, bool bad)
{
	loss_create_of(loss, race_one_in(2), bad);
}

static void start(struct loss *loss)
{
	loss->job = job_start(loss->kcopyd, &loss->plan);
}

static bool is_over(const struct loss *loss)
{
	return job_state(loss->kcopyd, loss->job) == KCOPYD_STATE_DONE;
}

/* Until that state, or its end; it may have been over before. */
static void reach(const struct loss *loss, uint32_t state)
{
	const uint64_t end = rig_now_ms() + 1000 * PATIENCE_S;
	uint32_t is;

	do {
		is = job_state(loss->kcopyd, loss->job);
		cr_assert_lt(rig_now_ms(), end, "state %u, not %u", is, state);
	} while (is != state && is != KCOPYD_STATE_DONE);
}

static void lose(struct loss *loss)
{
	race_wait_us(race_moment(3000));
	loss->kind->remove(loss->path);
}

/* The first failure, or somebody, wanted it to end before all was tried. */
static bool was_cut_short(const struct report *report)
{
	const uint32_t goes_on = KCOPYD_SUBMIT_DETACH_FAILED |
				 KCOPYD_SUBMIT_IGNORE_ERROR;

	return report->status.flags & KCOPYD_STATUS_CANCELLED ||
	       (report->status.code &&
		!(report->status.submit_flags & goes_on));
}

/* What was copied is right; without read errors nothing else is missing. */
static void expect_data(const struct loss *loss, const struct report *report)
{
	const uint64_t missing =
		race_expect_data(report, 1, OTHER, RACE_DEST + 1);

	race_expect_free(OTHER);
	/*
	 * What was written and then could not be read again, or was not flushed,
	 * is not complete.
	 */
	if (report->status.complete & 1)
		cr_assert_eq(missing, 0);
	else
		cr_assert(missing || was_cut_short(report) ||
			  report->status.submit_flags & KCOPYD_SUBMIT_VERIFY);
	if (loss->is_source)
		return;
	cr_assert(!missing || report->status.read_err || was_cut_short(report),
		  "%lu sectors of the other one are missing", missing);
	cr_assert_eq(report->status.write_err & 1, 0);
	if (loss->kind->look)
		race_expect_data(report, 2, loss->kind->look, RACE_DEST);
}

static void loss_destroy(struct loss *loss)
{
	close(loss->kcopyd);
	loss->kind->destroy();
	null_destroy("src");
	null_destroy("other");
}

/* More could not be read than is bad, or something not written. */
static bool was_missed(const struct loss *loss, const struct report *report)
{
	uint64_t unread = 0;

	if (!loss->is_source)
		return report->status.write_err & 2;
	for (unsigned int i = 0; i < report->nr; i++)
		if (!report->extents[i].region)
			unread += report->extents[i].length;
	return unread > (loss->is_bad ? BAD_SECTORS * SECTOR : 0);
}

/* It ends by itself, soon, and tells the truth; returns its code. */
static int expect_end(struct loss *loss)
{
	const struct report *report = report_of(loss->kcopyd, loss->job);
	const int code = report->status.code;

	cr_assert(!code || code == -EIO, "code %d", code);
	/* It lost the disk, or was faster. */
	cr_assert_eq(!code,
		     !report->status.read_err && !report->status.write_err);
	expect_data(loss, report);
	loss->was_missed = was_missed(loss, report);
	free((void *)report);
	loss_destroy(loss);
	return code;
}

/* ---- of every kind --------------------------------------------------------- */

/**
 * struct tally - of the disks of a kind
 * @rounds: they had
 * @in_time: they were lost before the job was done with them
 */
struct tally {
	unsigned int rounds;
	unsigned int in_time;
};

static struct tally tallies[ARRAY_SIZE(kinds)];

/* Every kind is to have two rounds, and may come too late for one of them. */
static void begin(void)
{
	caller = caller_open();
	race_begin(2 * ARRAY_SIZE(kinds), 2 * ARRAY_SIZE(kinds));
}

static void count(const struct loss *loss, bool in_time)
{
	struct tally *tally = &tallies[loss->kind - kinds];

	tally->rounds++;
	tally->in_time += in_time;
}

static void expect_in_time(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		cr_log_info("%s: %u of %u lost in time", kinds[i].name,
			    tallies[i].in_time, tallies[i].rounds);
		cr_assert(tallies[i].rounds < 2 || tallies[i].in_time,
			  "%s: always too late", kinds[i].name);
	}
}

static void lose_in_state(uint32_t state, uint64_t rate, uint32_t flags)
{
	begin();
	while (race_goes_on()) {
		struct loss loss;

		loss_create(&loss, false);
		loss.plan.rate = rate ?: loss.plan.rate;
		loss.plan.flags = flags;
		start(&loss);
		reach(&loss, state);
		lose(&loss);
		job_limit(loss.kcopyd, loss.job, 0, 0, 0);
		expect_end(&loss);
		count(&loss, loss.was_missed);
	}
	expect_in_time();
}

RIG_TEST(race_device, one_is_lost_while_a_job_copies)
{
	lose_in_state(KCOPYD_STATE_RUNNING, 0, KCOPYD_SUBMIT_DETACH_FAILED);
}

RIG_TEST(race_device, one_is_lost_and_its_job_ends)
{
	lose_in_state(KCOPYD_STATE_RUNNING, 0, 0);
}

RIG_TEST(race_device, one_is_lost_and_what_it_fails_is_ignored)
{
	lose_in_state(KCOPYD_STATE_RUNNING, 0, KCOPYD_SUBMIT_IGNORE_ERROR);
}

RIG_TEST(race_device, one_is_lost_while_a_job_waits_for_its_rate)
{
	lose_in_state(KCOPYD_STATE_RUNNING, 64 * KIB,
		      KCOPYD_SUBMIT_DETACH_FAILED);
}

RIG_TEST(race_device, one_is_lost_while_a_job_is_verified)
{
	lose_in_state(KCOPYD_STATE_VERIFYING, 0,
		      KCOPYD_SUBMIT_DETACH_FAILED | KCOPYD_SUBMIT_VERIFY);
}

/* One of those that zeroes are written to. */
RIG_TEST(race_device, one_is_lost_while_a_job_writes_zeroes)
{
	begin();
	while (race_goes_on()) {
		struct loss loss;

		loss_create_of(&loss, false, false);
		loss.plan.source = (struct job_place){ .fd = -1 };
		start(&loss);
		race_wait_us(race_moment(MOMENT_US));
		lose(&loss);
		expect_end(&loss);
		count(&loss, loss.was_missed);
	}
	expect_in_time();
}

/*
 * What can't be read is no difference, and nobody who lost it, or was lost, is
 * said to be the same.
 */
static void expect_compared(struct loss *loss)
{
	const struct report *report = report_of(loss->kcopyd, loss->job);
	const struct kcopyd_status *status = &report->status;

	cr_assert(!status->code || status->code == -EIO, "code %d",
		  status->code);
	cr_assert_eq(!status->code, !status->read_err && !status->write_err);
	for (unsigned int i = 0; i < status->nr_regions; i++)
		cr_assert_not(report->regions[i].flags & KCOPYD_REGION_DIFFERS);
	cr_assert_eq(status->complete & 1, !status->read_err);
	loss->was_missed = was_missed(loss, report);
	cr_assert_not(loss->was_missed && status->complete & 2);
	data_expect_untouched(OTHER, RACE_SOURCE);
	race_expect_free(OTHER);
	if (loss->kind->look)
		data_expect_untouched(loss->kind->look, RACE_SOURCE);
	free((void *)report);
	loss_destroy(loss);
}

RIG_TEST(race_device, one_is_lost_while_devices_are_compared)
{
	begin();
	while (race_goes_on()) {
		struct loss loss;

		loss_create(&loss, false);
		data_fill(OTHER, RACE_SOURCE);
		if (!loss.is_source)
			data_fill(loss.path, RACE_SOURCE);
		loss.plan.flags |= KCOPYD_SUBMIT_COMPARE;
		start(&loss);
		race_wait_us(race_moment(MOMENT_US));
		lose(&loss);
		expect_compared(&loss);
		count(&loss, loss.was_missed);
	}
	expect_in_time();
}

/* All of it is read, or written. */
static bool is_done_with(const struct loss *loss)
{
	return job_region(loss->kcopyd, loss->job, loss->is_source ? 1 : 2)
		       .bytes == loss->plan.length;
}

RIG_TEST(race_device, one_is_lost_while_a_job_is_paused)
{
	begin();
	while (race_goes_on()) {
		struct loss loss;
		bool is_needed;

		loss_create(&loss, false);
		start(&loss);
		race_wait_us(race_moment(MOMENT_US));
		cr_assert_eq(job_pause(loss.kcopyd, loss.job), 0);
		reach(&loss, KCOPYD_STATE_PAUSED);
		is_needed = !is_done_with(&loss);
		lose(&loss);
		cr_assert_eq(job_resume(loss.kcopyd, loss.job), 0);
		count(&loss, is_needed);
		cr_assert(expect_end(&loss) || !is_needed, "nobody missed it");
	}
	expect_in_time();
}

/* What is bad in the source is located meanwhile. */
RIG_TEST(race_device, one_is_lost_while_errors_are_located)
{
	begin();
	while (race_goes_on()) {
		struct loss loss;

		loss_create(&loss, true);
		loss.plan.flags |= KCOPYD_SUBMIT_SKIP_BAD;
		loss.plan.retry = KCOPYD_RETRY_BISECT;
		start(&loss);
		rig_wait_for(job_region(loss.kcopyd, loss.job, 0).errors ||
				     is_over(&loss),
			     PATIENCE_S, "a read error");
		lose(&loss);
		job_limit(loss.kcopyd, loss.job, 0, 0, 0);
		cr_assert_eq(expect_end(&loss), -EIO);
		count(&loss, loss.was_missed);
	}
	expect_in_time();
}

/* The first job of the descriptor has its only page. */
RIG_TEST(race_device, one_is_lost_while_a_job_is_queued)
{
	begin();
	while (race_goes_on()) {
		struct loss loss;
		uint64_t first;

		null_create("a", slow);
		test_disk_create(caller, "b", (struct test_disk_options){});
		loss_create(&loss, false);
		loss.plan.length = 128 * KIB;
		loss.plan.memory = sysconf(_SC_PAGESIZE);
		loss.plan.chunk = 0;
		test_disk_hold(caller, "b", 1U << KCOPYD_TEST_WRITE);
		first = job_start(loss.kcopyd,
				  &(struct job_plan){
					  .source.path = "/dev/kt-a",
					  .dests[0].path = "/dev/kt-b",
					  .length = 64 * KIB,
					  .memory = loss.plan.memory,
				  });
		test_disk_wait_held(caller, "b", 1);
		start(&loss);
		cr_assert_eq(job_state(loss.kcopyd, loss.job),
			     KCOPYD_STATE_QUEUED);
		lose(&loss);
		test_disk_release(caller, "b", 0);
		rig_wait_for(job_state(loss.kcopyd, first) == KCOPYD_STATE_DONE,
			     PATIENCE_S, "the end of the first job");
		cr_assert_eq(expect_end(&loss), -EIO, "nobody missed it");
		null_destroy("a");
		test_disk_destroy(caller, "b");
	}
}

/* ---- beside another one that is late --------------------------------------- */

/* A third destination of the job. */
static void late_create(struct loss *loss)
{
	test_disk_create(caller, "late",
			 (struct test_disk_options){ .mib = SIZE_MIB,
						     .write_cache = true });
	loss->plan.dests[loss->is_source ? 1 : 2].path = "/dev/kt-late";
}

static void late_destroy(void)
{
	test_disk_destroy(caller, "late");
}

/* It keeps its flush, and so does the lost one if it can. */
RIG_TEST(race_device, one_is_lost_while_a_job_is_flushed)
{
	begin();
	while (race_goes_on()) {
		bool keeps_flush;
		struct loss loss;
		int code;

		loss_create(&loss, false);
		late_create(&loss);
		keeps_flush = !loss.is_source && loss.kind->create == own_make;
		test_disk_hold(caller, "late", 1U << KCOPYD_TEST_FLUSH);
		if (keeps_flush)
			test_disk_hold(caller, "victim",
				       1U << KCOPYD_TEST_FLUSH);
		start(&loss);
		reach(&loss, KCOPYD_STATE_FLUSHING);
		if (keeps_flush)
			test_disk_wait_held(caller, "victim", 1);
		lose(&loss);
		cr_assert_eq(job_state(loss.kcopyd, loss.job),
			     KCOPYD_STATE_FLUSHING);
		test_disk_release(caller, "late", 0);
		code = expect_end(&loss);
		cr_assert(!code || !loss.is_source);
		cr_assert(code || !keeps_flush, "its flush was lost unseen");
		late_destroy();
	}
}

/*
 * From now on it keeps what is written, so that the job can't end; unless it is
 * over before.
 */
static bool late_holds(const struct loss *loss)
{
	test_disk_hold(caller, "late", 1U << KCOPYD_TEST_WRITE);
	rig_wait_for(test_disk_stats(caller, "late").held || is_over(loss),
		     PATIENCE_S, "a write");
	return !is_over(loss);
}

/* ---- with nobody who waits for it ------------------------------------------ */

/* Its descriptor was in a process that is dead. */
RIG_TEST(race_device, one_is_lost_while_a_job_drains)
{
	begin();
	while (race_goes_on()) {
		bool is_held = false;
		struct loss loss;
		int status;
		pid_t pid;

		loss_create(&loss, false);
		late_create(&loss);
		start(&loss);
		pid = fork();
		cr_assert_geq(pid, 0);
		if (!pid)
			for (;;)
				pause();
		race_wait_us(race_moment(MOMENT_US));
		if (is_to_be_in_time())
			is_held = late_holds(&loss);
		close(loss.kcopyd);
		kill(pid, SIGKILL);
		if (race_one_in(2))
			race_wait_us(race_moment(1000));
		loss.kind->remove(loss.path);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(!is_held || job_info_now().draining);
		count(&loss, job_info_now().jobs);
		test_disk_release(caller, "late", 0);
		rig_wait_for(!job_info_now().jobs, PATIENCE_S,
			     "the end of the job");
		expect_data(&loss, race_report(loss.job));
		loss.kcopyd = job_device_open(0);
		loss_destroy(&loss);
		late_destroy();
	}
	expect_in_time();
}

/* Both want it to end. */
RIG_TEST(race_device, one_is_lost_while_a_job_is_cancelled)
{
	begin();
	while (race_goes_on()) {
		const struct report *report;
		bool is_held = false;
		struct loss loss;
		int ret;

		loss_create(&loss, false);
		late_create(&loss);
		start(&loss);
		race_wait_us(race_moment(MOMENT_US));
		if (is_to_be_in_time())
			is_held = late_holds(&loss);
		ret = job_cancel(loss.kcopyd, loss.job, 0);
		cr_assert(ret == -EINPROGRESS || (!ret && !is_held), "%d", ret);
		race_wait_us(race_moment(is_held ? 3000 : 300));
		loss.kind->remove(loss.path);
		cr_assert(!is_held || !is_over(&loss));
		count(&loss, !is_over(&loss));
		test_disk_release(caller, "late", 0);
		report = report_of(loss.kcopyd, loss.job);
		expect_data(&loss, report);
		free((void *)report);
		loss_destroy(&loss);
		late_destroy();
	}
	expect_in_time();
}
