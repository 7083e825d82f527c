// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random jobs of /dev/kcopyd on disks with faults, some at a time, some of them
 * paused, limited or cancelled; each compared with a model: what it says became
 * of it, and what the disks hold.
 *
 *   KCOPYD_RANDOM_JOBS=N   how many jobs
 *   KCOPYD_SEED=N          the jobs of that seed again, the very same; though
 *                          not all that happens at the same time
 *   KCOPYD_TELL=1          tell each before it is submitted, for when the
 *                          machine does not survive it
 */
#include <poll.h>

#include "job_random.h"

/* The limit is that of scripts/vm-tests-in-guest, a long run has another. */
TestSuite(job_random, .fini = rig_fini, .timeout = 24 * 3600);

#define LOOK_EVERY 100 /* jobs: at all of all disks */
#define TICK_MS 2
#define PATIENCE_S 120

/**
 * struct walk - a walk through random jobs
 * @seed: of all
 * @tell: each of them
 * @dice: of what is not part of a job
 * @timing: of what comes as time goes by
 * @maker: of the jobs
 * @disks: that they are made on
 * @descriptors: of /dev/kcopyd; 0 = closed
 * @jobs: those at work
 * @nr: of them
 * @held: test disk that keeps requests, NULL = none
 * @hold_end_ms: until then
 * @outcome: of the job looked at last
 * @tally: so far
 */
struct walk {
	uint64_t seed;
	bool tell;
	struct dice dice;
	struct dice timing;
	struct job_maker maker;
	struct job_disks disks;
	int descriptors[JOB_AT_ONCE];
	struct random_job jobs[JOB_AT_ONCE];
	unsigned int nr;
	const char *held;
	uint64_t hold_end_ms;
	struct job_outcome outcome;
	struct job_tally tally;
};

static void walk_open(struct walk *walk, uint64_t seed)
{
	*walk = (struct walk){
		.seed = seed,
		.tell = getenv("KCOPYD_TELL"),
		.dice.state = seed,
		.timing.state = seed ^ 0x5555,
		.maker.dice.state = ~seed,
	};
	walk->maker.disks = &walk->disks;
	job_disks_open(&walk->disks);
}

static void descriptors_close(struct walk *walk)
{
	for (unsigned int i = 0; i < JOB_AT_ONCE; i++)
		if (walk->descriptors[i])
			close(walk->descriptors[i]);
	memset(walk->descriptors, 0, sizeof(walk->descriptors));
}

static void walk_close(struct walk *walk)
{
	descriptors_close(walk);
	job_disks_close(&walk->disks);
}

/* Fails the test, if there is a problem. */
static void judge(const struct walk *walk, const struct random_job *job,
		  const char *problem)
{
	if (problem)
		cr_assert_fail("seed %lu, job %u: %s (%s)", walk->seed,
			       job->number, problem,
			       job_describe(job, &walk->disks, &walk->outcome));
}

/* ---- while they run ------------------------------------------------------ */

static int descriptor_of(struct walk *walk, const struct random_job *job)
{
	int *fd = &walk->descriptors[job->descriptor];

	if (!*fd)
		*fd = job_device_open(O_NONBLOCK);
	return *fd;
}

static void tell(const struct walk *walk, const struct random_job *job)
{
	char *text = job_describe(job, &walk->disks, NULL);

	cr_log_info("%u: %s\n", job->number, text);
	free(text);
}

static void submit(struct walk *walk, struct random_job *job)
{
	struct kcopyd_submit args;
	int ret;

	if (walk->tell)
		tell(walk, job);
	ret = job_try_start(descriptor_of(walk, job), &job->plan, &args);
	if (ret)
		judge(walk, job,
		      job_problem("refused: %s, reason %u, region %d",
				  strerror(-ret), args.reason,
				  (int)args.region));
	job->id = args.job;
	job->started_ms = rig_now_ms();
}

static struct random_job *job_of(struct walk *walk, uint64_t id)
{
	for (unsigned int i = 0; i < walk->nr; i++)
		if (walk->jobs[i].id == id)
			return &walk->jobs[i];
	cr_assert_fail("seed %lu, up to job %u: an event of job %lu",
		       walk->seed, walk->maker.made, id);
	return NULL;
}

static void read_events(struct walk *walk, int kcopyd)
{
	struct kcopyd_event events[16];
	ssize_t bytes;

	while ((bytes = read(kcopyd, events, sizeof(events))) > 0)
		for (unsigned int i = 0; i < bytes / sizeof(*events); i++) {
			struct random_job *job = job_of(walk, events[i].job);

			judge(walk, job,
			      job->done ? "an event after its end" : NULL);
			job_event_add(&job->result, &events[i]);
			job->done = events[i].type == KCOPYD_EVENT_DONE;
		}
	cr_assert(bytes < 0 && errno == EAGAIN, "events: %m");
}

static void wait_events(struct walk *walk)
{
	struct pollfd polls[JOB_AT_ONCE];

	for (unsigned int i = 0; i < JOB_AT_ONCE; i++)
		polls[i] = (struct pollfd){
			.fd = walk->descriptors[i] ?: -1,
			.events = POLLIN,
		};
	cr_assert_geq(poll(polls, JOB_AT_ONCE, TICK_MS), 0, "poll: %m");
	for (unsigned int i = 0; i < JOB_AT_ONCE; i++)
		if (polls[i].revents)
			read_events(walk, polls[i].fd);
}

/* What would never go on by itself, the close would wait for. */
static void hold_end(struct walk *walk)
{
	if (walk->held)
		test_disk_release(walk->disks.caller, walk->held, 0);
	walk->held = NULL;
}

/* It cancels the jobs that are not detached, and waits for them. */
static void desert(struct walk *walk, unsigned int descriptor)
{
	int *fd = &walk->descriptors[descriptor];

	if (!*fd)
		return;
	hold_end(walk);
	for (unsigned int i = 0; i < walk->nr; i++) {
		struct random_job *job = &walk->jobs[i];

		if (job->descriptor != descriptor || job->done)
			continue;
		job->deserted = true;
		if (!(job->plan.flags & KCOPYD_SUBMIT_DETACH))
			job->cancelled = true;
	}
	close(*fd);
	*fd = 0;
}

static int act(struct walk *walk, struct random_job *job,
	       const struct job_action *action)
{
	int kcopyd = descriptor_of(walk, job);
	int ret;

	switch (action->kind) {
	case JOB_CANCEL:
		job->cancelled = true;
		ret = job_cancel(kcopyd, job->id, 0);
		return ret == -EINPROGRESS ? 0 : ret;
	case JOB_PAUSE:
		return job_pause(kcopyd, job->id);
	case JOB_RESUME:
		return job_resume(kcopyd, job->id);
	case JOB_CLOSE:
		desert(walk, job->descriptor);
		return 0;
	default:
		return job_limit(kcopyd, job->id, action->rate, action->percent,
				 action->depth);
	}
}

static void act_if_due(struct walk *walk, struct random_job *job)
{
	while (job->next_action < job->nr_actions) {
		const struct job_action *action =
			&job->actions[job->next_action];
		int ret;

		if (rig_now_ms() < job->started_ms + action->at_ms)
			return;
		job->next_action++;
		ret = act(walk, job, action);
		judge(walk, job, ret ? strerror(-ret) : NULL);
	}
}

static void hold_begin(struct walk *walk)
{
	static const uint32_t ops[] = { 0, JOB_READ, JOB_WRITE,
					JOB_WRITE | JOB_ZERO };
	struct dice *dice = &walk->dice;
	const struct job_disk *disk =
		&walk->disks.disks[JOB_FLAKY + roll(dice, 3)];

	walk->held = one_in(dice, 4) ? disk->test_disk : NULL;
	if (!walk->held)
		return;
	test_disk_hold(walk->disks.caller, walk->held,
		       ops[roll(dice, ARRAY_SIZE(ops))]);
	walk->hold_end_ms = rig_now_ms() + roll(dice, 1ULL << roll(dice, 10));
}

/* Some of what is held goes on, in another order; in the end all. */
static void hold_loosen(struct walk *walk)
{
	struct dice *dice = &walk->timing;
	unsigned int held;

	if (!walk->held)
		return;
	if (rig_now_ms() >= walk->hold_end_ms) {
		hold_end(walk);
		return;
	}
	held = test_disk_stats(walk->disks.caller, walk->held).held;
	test_disk_release_some(walk->disks.caller, walk->held,
			       roll(dice, held + 1), one_in(dice, 2), 0);
}

/* No event says so. */
static void see_deserted(struct walk *walk, struct random_job *job)
{
	if (job->deserted && !job->done)
		job->done = job_state(descriptor_of(walk, job), job->id) ==
			    KCOPYD_STATE_DONE;
}

static bool all_done(const struct walk *walk)
{
	for (unsigned int i = 0; i < walk->nr; i++)
		if (!walk->jobs[i].done)
			return false;
	return true;
}

static void run_all(struct walk *walk)
{
	const uint64_t end = rig_now_ms() + PATIENCE_S * 1000;

	while (!all_done(walk)) {
		wait_events(walk);
		for (unsigned int i = 0; i < walk->nr; i++) {
			struct random_job *job = &walk->jobs[i];

			act_if_due(walk, job);
			see_deserted(walk, job);
			if (rig_now_ms() >= end && !job->done)
				judge(walk, job, "it does not end");
		}
		hold_loosen(walk);
	}
	hold_end(walk);
}

/* ---- when they are done -------------------------------------------------- */

static void check_job(struct walk *walk, struct random_job *job)
{
	static struct job_forecast forecast;
	struct job_outcome *outcome = &walk->outcome;

	job_forecast(job, &walk->disks, &forecast);
	job_outcome_fetch(job, descriptor_of(walk, job), outcome);
	judge(walk, job, job_outcome_check(job, &forecast, outcome));
	judge(walk, job, job_content_digests(job, &walk->disks, outcome));
	judge(walk, job, job_content_settle(job, &walk->disks, outcome));
	job_tally_add(&walk->tally, job, outcome);
}

/* What is on the disks can be looked at when nothing of it is bad. */
static void check_all(struct walk *walk)
{
	struct job_disks *disks = &walk->disks;
	const struct job_disks spoilt = *disks;

	job_disks_mend(disks);
	/* They were bad while the jobs ran: models are asked, disks are not. */
	disks->nr_faults = spoilt.nr_faults;
	for (unsigned int i = 0; i < walk->nr; i++)
		check_job(walk, &walk->jobs[i]);
	for (unsigned int i = 0; i < walk->nr; i++)
		judge(walk, &walk->jobs[i],
		      job_content_look(&walk->jobs[i], disks));
	disks->nr_faults = 0;
}

/* ---- a step: some jobs at once ------------------------------------------- */

static void refresh(struct walk *walk, struct random_job *job)
{
	struct job_range *range = &job->regions[0];

	if (one_in(&walk->dice, 2) && job->has_source && !job_compares(job))
		job_disk_refresh(&walk->disks.disks[range->disk], &walk->dice,
				 job->number, range->first, job->sectors);
}

/* Nothing is in flight before and after. */
static void step(struct walk *walk, unsigned int most)
{
	unsigned int nr = 1 + roll(&walk->dice, JOB_AT_ONCE);

	walk->nr = nr < most ? nr : most;
	walk->maker.nr_taken = 0;
	for (unsigned int i = 0; i < walk->nr; i++) {
		job_draw(&walk->maker, &walk->jobs[i]);
		refresh(walk, &walk->jobs[i]);
	}
	job_draw_faults(&walk->maker, walk->jobs, walk->nr);
	hold_begin(walk);
	for (unsigned int i = 0; i < walk->nr; i++)
		submit(walk, &walk->jobs[i]);
	run_all(walk);
	check_all(walk);
	if (one_in(&walk->dice, 8))
		descriptors_close(walk);
}

static void steps(struct walk *walk, unsigned int jobs)
{
	struct job_maker *maker = &walk->maker;

	while (maker->made < jobs) {
		unsigned int before = maker->made / LOOK_EVERY;

		step(walk, jobs - maker->made);
		if (maker->made / LOOK_EVERY != before)
			judge(walk, &walk->jobs[walk->nr - 1],
			      job_disks_look(&walk->disks));
	}
}

/* ---- the test ------------------------------------------------------------ */

RIG_TEST(job_random, jobs_do_what_a_model_says)
{
	const unsigned int nr =
		rig_number("KCOPYD_RANDOM_JOBS", rig_scaled(300, 200));
	const unsigned long taint = rig_taint();
	static struct walk walk;
	const char *problem, *lack;

	walk_open(&walk, rig_number("KCOPYD_SEED", rig_any_seed()));
	cr_log_info("seed %lu, %u jobs\n", walk.seed, nr);
	steps(&walk, nr);
	job_tally_tell(&walk.tally);
	problem = job_disks_look(&walk.disks);
	cr_assert_null(problem, "seed %lu, in the end: %s", walk.seed, problem);
	cr_assert_eq(job_info_now().jobs, 0);
	descriptors_close(&walk);
	rig_wait_for(!job_info_now().memory, 30, "the return of the reserve");
	cr_assert_eq(rig_taint(), taint, "the kernel is tainted");
	lack = job_tally_lacks(&walk.tally, nr);
	cr_assert_null(lack, "seed %lu: no jobs of this kind: %s", walk.seed,
		       lack);
	walk_close(&walk);
}
