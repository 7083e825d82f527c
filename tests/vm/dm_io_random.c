// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random dm-io calls on devices with faults, each compared with a model: what
 * it returned, what is in memory, what is on the devices.
 *
 *   KCOPYD_RANDOM_REQUESTS=N   how many calls
 *   KCOPYD_SEED=N              the calls of that seed again, the very same
 *   KCOPYD_TELL=1              tell each before it is made, for when the
 *                              machine does not survive it
 */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "request.h"

/* The limit is that of scripts/vm-tests-in-guest, a long run has another. */
TestSuite(dm_io_random, .fini = rig_fini, .timeout = 24 * 3600);

#define LOOK_EVERY 50 /* requests: at all of all devices */

enum { PLAIN, TINY, HOLES, LARGE, LOOP, NR_DEVICES };

/**
 * struct tally - of what happened, to see that there was some of everything
 * @good: requests without any failure
 * @mistakes: requests that were refused
 * @in_flight: requests that were finished later
 * @refused: regions that got no I/O
 * @bad_reads: regions with bad sectors
 * @bad_writes: likewise
 */
struct tally {
	unsigned int good;
	unsigned int mistakes;
	unsigned int in_flight;
	unsigned int refused;
	unsigned int bad_reads;
	unsigned int bad_writes;
};

/**
 * struct walk - a walk through random requests
 * @seed: of all
 * @tell: each of them
 * @dice: for what is not part of a request
 * @maker: of the requests
 * @devices: that they are made on
 * @caller: /dev/kcopyd_test
 * @reserve: pages of its dm_io_get()
 * @taint: of the kernel when it began
 * @tally: so far
 */
struct walk {
	uint64_t seed;
	bool tell;
	struct dice dice;
	struct request_maker maker;
	struct model_device devices[NR_DEVICES];
	int caller;
	unsigned int reserve;
	unsigned long taint;
	struct tally tally;
};

/* ---- devices ------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	int fd = device_open(path, O_WRONLY);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text),
		     "%s=%s: %m", path, text);
	close(fd);
}

static void null_set(const char *name, const char *attribute, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/config/nullb/kt-%s/%s", name,
		 attribute);
	write_text(path, text);
}

/* It can discard only if it was told before it had power. */
static const char *null_create_with_discard(const char *name,
					    struct null_options options)
{
	const char *path = null_create(name, options);

	null_set(name, "power", "0");
	null_set(name, "discard", "1");
	null_set(name, "power", "1");
	return path;
}

static void null_set_bad(const char *name, char sign, uint64_t first,
			 uint64_t count)
{
	char range[64];

	snprintf(range, sizeof(range), "%c%lu-%lu", sign, first,
		 first + count - 1);
	null_set(name, "badblocks", range);
}

static void null_spoil(const char *name, struct model_device *device,
		       uint64_t first, uint64_t count)
{
	null_set_bad(name, '+', first, count);
	model_spoil(device, (struct model_bad){ .first = first,
						.count = count,
						.read = true,
						.write = true });
}

static void null_mend(const char *name, struct model_device *device)
{
	for (unsigned int i = 0; i < device->nr_bad; i++)
		null_set_bad(name, '-', device->bad[i].first,
			     device->bad[i].count);
	device->nr_bad = 0;
}

/* Discard, one request for almost everything. */
static void plain_open(struct model_device *device, struct dice *dice)
{
	const char *path = null_create_with_discard(
		"plain", (struct null_options){ .mib = 4 });

	model_open(device, path, NULL, REQUEST_FILLED + PLAIN);
	/*
	 * It looks at the first byte of each 512 in memory for whether they
	 * were discarded, though they may be of two sectors (since 6.19).
	 */
	device->dma_mask |= SECTOR - 1;
	null_spoil("plain", device, 1000 + roll(dice, 100), 1 + roll(dice, 9));
	null_spoil("plain", device, 5000 + roll(dice, 100), 1);
}

/*
 * Many small requests for everything, maybe without a gap in any; completed
 * by a timer. No discard, no zeroing.
 */
static void tiny_open(struct model_device *device, struct dice *dice)
{
	const struct null_options options = {
		.mib = 3,
		.max_sectors = 8 + roll(dice, 25),
		.latency_us = 20 + roll(dice, 200),
		.virt_boundary = one_in(dice, 2),
	};

	model_open(device, null_create("tiny", options), NULL,
		   REQUEST_FILLED + TINY);
	null_spoil("tiny", device, 2000 + roll(dice, 100), 1 + roll(dice, 9));
	null_spoil("tiny", device, 4400 + roll(dice, 100), 1 + roll(dice, 40));
}

/*
 * Several targets: two where all fails, one where only writes fail. What is
 * below them can be looked at, and never changes.
 */
static void holes_open(struct model_device *device, struct dice *dice)
{
	const struct null_options options = {
		.mib = 4,
		.max_sectors = 16 + roll(dice, 113),
	};
	const char *base = null_create_with_discard("base", options), *path;
	const struct model_bad bad[] = {
		{ 1000, 1 + roll(dice, 20), true, true },
		{ 3000, 1 + roll(dice, 50), false, true },
		{ 6000, 1, true, true },
	};
	const uint64_t ends[] = { bad[0].first + bad[0].count,
				  bad[1].first + bad[1].count,
				  bad[2].first + bad[2].count };

	path = dm_create("holes",
			 "0 1000 linear %s 0\n"
			 "1000 %lu error\n"
			 "%lu %lu linear %s %lu\n"
			 "3000 %lu flakey %s 3000 0 86400 1 error_writes\n"
			 "%lu %lu linear %s %lu\n"
			 "6000 %lu error\n"
			 "%lu %lu linear %s %lu\n",
			 base, bad[0].count, ends[0], 3000 - ends[0], base,
			 ends[0], bad[1].count, base, ends[1], 6000 - ends[1],
			 base, ends[1], bad[2].count, ends[2], 8192 - ends[2],
			 base, ends[2]);
	model_open(device, path, base, REQUEST_FILLED + HOLES);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		model_spoil(device, bad[i]);
}

#define SCSI_DRIVER "/sys/bus/pseudo/drivers/scsi_debug/"
#define SCSI_MODULE "/sys/module/scsi_debug/parameters/"

/* Some blocks can't be read. A cache, discard, zeroing, memory from anywhere. */
static void large_open(struct model_device *device, struct dice *dice)
{
	const uint64_t first = 300 + roll(dice, 10);
	char number[16];

	model_open(device, scsi_create(4, 4096, "lbpu=1"), NULL,
		   REQUEST_FILLED + LARGE);
	device->error = -ENODATA;
	snprintf(number, sizeof(number), "%lu", first);
	write_text(SCSI_MODULE "medium_error_start", number);
	write_text(SCSI_MODULE "medium_error_count", "3");
	write_text(SCSI_DRIVER "ndelay", "20000");
	write_text(SCSI_DRIVER "opts", "2");
	model_spoil(device, (struct model_bad){ .first = first * device->block,
						.count = 3 * device->block,
						.read = true });
}

static void large_mend(struct model_device *device)
{
	write_text(SCSI_DRIVER "opts", "0");
	device->nr_bad = 0;
}

/* Discard, and zeroing, but not in place: a file in memory can't. */
static void loop_open(struct model_device *device)
{
	model_open(device, loop_create(3), NULL, REQUEST_FILLED + LOOP);
	device->zeroes_in_place = false;
}

static void mend_all(struct walk *walk)
{
	null_mend("plain", &walk->devices[PLAIN]);
	null_mend("tiny", &walk->devices[TINY]);
	large_mend(&walk->devices[LARGE]);
}

/* ---- a walk -------------------------------------------------------------- */

static void walk_open(struct walk *walk, uint64_t seed)
{
	struct dice *dice = &walk->dice;

	*walk = (struct walk){
		.seed = seed,
		.tell = getenv("KCOPYD_TELL"),
		.dice.state = seed,
		.maker.dice.state = ~seed,
		.maker.devices = walk->devices,
		.maker.nr_devices = NR_DEVICES,
		.reserve = 1,
	};
	plain_open(&walk->devices[PLAIN], dice);
	tiny_open(&walk->devices[TINY], dice);
	holes_open(&walk->devices[HOLES], dice);
	large_open(&walk->devices[LARGE], dice);
	loop_open(&walk->devices[LOOP]);
	walk->caller = caller_open();
	cr_assert_eq(ioctl(walk->caller, KCOPYD_TEST_GET, 1), 0, "%m");
	walk->taint = rig_taint();
}

static void walk_close(struct walk *walk)
{
	close(walk->caller);
	for (unsigned int i = 0; i < NR_DEVICES; i++)
		model_close(&walk->devices[i]);
	devices_destroy();
}

/* Fails the test, if there is a problem. */
static void judge(const struct walk *walk, const struct request *rq,
		  const char *problem)
{
	if (problem)
		cr_assert_fail("seed %lu, request %u: %s (%s)", walk->seed,
			       rq->number, problem, request_describe(rq));
}

static const char *look_at_all(const struct walk *walk)
{
	for (unsigned int i = 0; i < NR_DEVICES; i++) {
		const struct model_device *device = &walk->devices[i];
		struct model_difference difference;

		if (!model_agrees(device, 0, device->sectors, &difference))
			return outcome_differs(device, &difference);
	}
	return rig_taint() == walk->taint ? NULL : "the kernel is tainted";
}

/* ---- a step: some requests at once --------------------------------------- */

static void submit(const struct walk *walk, struct request *rq)
{
	int ret;

	if (walk->tell)
		cr_log_info("%u: %s\n", rq->number, request_describe(rq));
	ret = caller_ioctl(walk->caller, KCOPYD_TEST_IO, &rq->args);
	judge(walk, rq, ret ? strerror(-ret) : NULL);
	rq->in_flight = rq->args.how & KCOPYD_TEST_IN_FLIGHT && !rq->args.ret;
}

static void finish(const struct walk *walk, struct request *rq)
{
	int ret;

	if (!rq->in_flight)
		return;
	ret = caller_ioctl(walk->caller, KCOPYD_TEST_IO_FINISH, &rq->args);
	judge(walk, rq, ret ? strerror(-ret) : NULL);
}

static void count_up(struct tally *tally, const struct request *rq)
{
	unsigned int tried = __builtin_popcountll(rq->tried);

	tally->in_flight += rq->in_flight;
	if (rq->mistake) {
		tally->mistakes++;
		return;
	}
	tally->good += !rq->failed;
	tally->refused += __builtin_popcountll(rq->failed) - tried;
	if (request_is_write(rq))
		tally->bad_writes += tried;
	else
		tally->bad_reads += tried;
}

/* Sometimes one is, for a while. */
static void change_read_only(struct walk *walk)
{
	struct dice *dice = &walk->dice;
	unsigned int next = roll(dice, NR_DEVICES);
	bool some = one_in(dice, 24);

	for (unsigned int i = 0; i < NR_DEVICES; i++) {
		struct model_device *device = &walk->devices[i];
		int on = device->read_only ? !one_in(dice, 4) :
					     some && i == next;

		if (on != device->read_only)
			cr_assert_eq(ioctl(device->fd, BLKROSET, &on), 0, "%m");
		device->read_only = on;
	}
}

/* Sometimes more, sometimes less, never none. */
static void change_reserve(struct walk *walk)
{
	struct dice *dice = &walk->dice;
	bool now = one_in(dice, 16), more = one_in(dice, 2);
	unsigned long pages = more ? 1 + roll(dice, 32) :
				     roll(dice, walk->reserve);

	if (!now || !pages)
		return;
	cr_assert_eq(ioctl(walk->caller,
			   more ? KCOPYD_TEST_GET : KCOPYD_TEST_PUT, pages),
		     0, "%m");
	walk->reserve += more ? pages : -pages;
}

/* Nothing is in flight before and after. */
static void step(struct walk *walk, unsigned int most)
{
	static struct request requests[REQUEST_MAX_AT_ONCE];
	struct request_maker *maker = &walk->maker;
	unsigned int nr = 2 + roll(&walk->dice, REQUEST_MAX_AT_ONCE - 1);
	bool several = one_in(&walk->dice, 5);

	if (!several)
		nr = 1;
	if (nr > most)
		nr = most;
	change_read_only(walk);
	maker->nr_taken = 0;
	for (unsigned int i = 0; i < nr; i++) {
		request_make(maker, &requests[i], several);
		change_reserve(walk);
		submit(walk, &requests[i]);
	}
	for (unsigned int i = 0; i < nr; i++)
		finish(walk, &requests[i]);
	for (unsigned int i = 0; i < nr; i++)
		judge(walk, &requests[i], outcome_check(&requests[i]));
	for (unsigned int i = 0; i < nr; i++)
		judge(walk, &requests[i], outcome_settle(&requests[i]));
	for (unsigned int i = 0; i < nr; i++)
		judge(walk, &requests[i], outcome_look(&requests[i]));
	if (maker->made / LOOK_EVERY != (maker->made - nr) / LOOK_EVERY)
		judge(walk, &requests[nr - 1], look_at_all(walk));
	for (unsigned int i = 0; i < nr; i++) {
		count_up(&walk->tally, &requests[i]);
		request_free(&requests[i]);
	}
}

static void steps(struct walk *walk, unsigned int requests)
{
	while (walk->maker.made < requests)
		step(walk, requests - walk->maker.made);
}

/* ---- the test ------------------------------------------------------------ */

RIG_TEST(dm_io_random, calls_do_what_a_model_says)
{
	const unsigned int nr =
		rig_number("KCOPYD_RANDOM_REQUESTS", rig_scaled(500, 200));
	static struct walk walk;
	const struct tally *tally = &walk.tally;
	const char *problem;

	walk_open(&walk, rig_number("KCOPYD_SEED", rig_any_seed()));
	cr_log_info("seed %lu, %u requests\n", walk.seed, nr);
	steps(&walk, nr);
	/* What could not be reached is what it was at first. */
	mend_all(&walk);
	problem = look_at_all(&walk);
	cr_assert_null(problem, "seed %lu, in the end: %s", walk.seed, problem);
	cr_log_info("requests: %u good, %u mistakes, %u in flight\n",
		    tally->good, tally->mistakes, tally->in_flight);
	cr_log_info("regions: %u refused, bad %u reads, %u writes\n",
		    tally->refused, tally->bad_reads, tally->bad_writes);
	cr_assert(nr < 200 || (tally->good && tally->mistakes &&
			       tally->in_flight && tally->refused &&
			       tally->bad_reads && tally->bad_writes),
		  "seed %lu: not some of everything", walk.seed);
	walk_close(&walk);
}

/* ---- that it can fail ---------------------------------------------------- */

/* Two times each, and all is as before. */

static void flip_a_bit(char *sector)
{
	sector[SECTOR - 1] ^= 0x10;
}

static void swap_with_another(char *sector)
{
	static char other[SECTOR];
	static bool is_made;
	char was[SECTOR];

	if (!is_made)
		data_make(other, SECTOR, 1, 7);
	is_made = true;
	memcpy(was, sector, SECTOR);
	memcpy(sector, other, SECTOR);
	memcpy(other, was, SECTOR);
}

/* Behind the model's back. */
static void spoil(const struct model_device *device, uint64_t sector,
		  void (*change)(char *sector))
{
	const ssize_t bytes = device->block * SECTOR;
	const uint64_t in_block = sector % device->block;
	const uint64_t at = (sector - in_block) * SECTOR;
	char *block = aligned_alloc(4096, 4096);

	cr_assert_eq(pread(device->direct, block, bytes, at), bytes, "%m");
	change(block + in_block * SECTOR);
	cr_assert_eq(pwrite(device->direct, block, bytes, at), bytes, "%m");
	free(block);
}

static void expect_named(const struct walk *walk,
			 const struct model_device *device, uint64_t sector,
			 void (*change)(char *sector))
{
	struct model_difference difference;

	spoil(device, sector, change);
	cr_assert_not(model_agrees(device, 0, device->sectors, &difference),
		      "%s, sector %lu: not seen", device->path, sector);
	cr_assert_eq(difference.error, 0);
	cr_assert_eq(difference.sector, sector, "%s: sector %lu, not %lu",
		     device->path, difference.sector, sector);
	cr_assert_not_null(look_at_all(walk));
	spoil(device, sector, change);
	cr_assert_null(look_at_all(walk));
}

RIG_TEST(dm_io_random, a_sector_that_is_not_the_models_is_named)
{
	static struct walk walk;

	walk_open(&walk, 1);
	steps(&walk, 60);
	cr_assert_null(look_at_all(&walk));
	for (unsigned int i = 0; i < NR_DEVICES; i++) {
		const struct model_device *device = &walk.devices[i];
		int off = 0;

		cr_assert_eq(ioctl(device->fd, BLKROSET, &off), 0, "%m");
		expect_named(&walk, device, 0, flip_a_bit);
		expect_named(&walk, device, 3333, flip_a_bit);
		expect_named(&walk, device, 3333, swap_with_another);
		expect_named(&walk, device, device->sectors - 1, flip_a_bit);
	}
	walk_close(&walk);
}

/* A request as it should be, @region of it made by hand. */
static struct request request_by_hand(struct walk *walk, uint32_t op,
				      struct model_device *device,
				      uint64_t first, uint64_t count)
{
	struct request rq = {
		.number = 1,
		.nr = 1,
		.meant = { { .fd = device->fd,
			     .sector = first,
			     .count = count } },
		.on = { device },
		.args = { .how = KCOPYD_TEST_EXTENDED,
			  .rw = op,
			  .nr_regions = 1,
			  .length = (count + 8) * SECTOR },
	};

	rq.args.regions = (uintptr_t)rq.meant;
	rq.buffer = malloc(rq.args.length);
	rq.sent = malloc(rq.args.length);
	cr_assert(rq.buffer && rq.sent);
	data_make(rq.buffer, rq.args.length, rq.number, 0);
	memcpy(rq.sent, rq.buffer, rq.args.length);
	rq.args.buffer = (uintptr_t)rq.buffer;
	outcome_forecast(&rq);
	submit(walk, &rq);
	return rq;
}

/* It is right, and with that change it is not. */
#define expect_seen(rq, change)                                             \
	do {                                                                \
		struct request wrong = *(rq);                               \
		cr_assert_null(outcome_check(rq), "%s", outcome_check(rq)); \
		wrong.change;                                               \
		cr_assert_not_null(outcome_check(&wrong), "not seen: %s",   \
				   #change);                                \
	} while (0)

#define expect_byte_seen(rq, at)                  \
	do {                                      \
		expect_seen(rq, buffer[at] ^= 1); \
		(rq)->buffer[at] ^= 1;            \
	} while (0)

static void expect_results_seen(struct request *rq)
{
	expect_seen(rq, args.ret -= 1);
	expect_seen(rq, args.callbacks += 1);
	expect_seen(rq, args.canary = 1);
	expect_seen(rq, args.error_bits ^= 1);
	expect_seen(rq, args.error_bits |= 2);
	expect_seen(rq, args.unsupported ^= 1);
	expect_seen(rq, args.errors[0] -= 1);
	expect_seen(rq, args.errors[1] = -EIO);
	expect_seen(rq, mistake = "none");
	/* Behind what is read; nothing of what is written. */
	expect_byte_seen(rq, rq->args.length - 1);
}

RIG_TEST(dm_io_random, a_wrong_outcome_is_seen)
{
	static struct walk walk;
	struct model_device *device = &walk.devices[PLAIN];
	struct request rq;

	walk_open(&walk, 2);
	rq = request_by_hand(&walk, KCOPYD_TEST_READ, device, 16, 8);
	expect_results_seen(&rq);
	expect_byte_seen(&rq, 0);
	expect_byte_seen(&rq, 8 * SECTOR - 1);
	expect_byte_seen(&rq, 8 * SECTOR);
	request_free(&rq);
	/* All of it is one bio, and zeroes. */
	rq = request_by_hand(&walk, KCOPYD_TEST_READ, device,
			     device->bad[0].first - 4, 8);
	cr_assert_eq(rq.failed, 1);
	expect_results_seen(&rq);
	expect_byte_seen(&rq, 0);
	expect_byte_seen(&rq, 4 * SECTOR);
	request_free(&rq);
	rq = request_by_hand(&walk, KCOPYD_TEST_WRITE, device, 16, 8);
	expect_results_seen(&rq);
	expect_byte_seen(&rq, 0);
	/* The model does not know of it yet; and it is not what it would be. */
	cr_assert_not_null(outcome_look(&rq));
	cr_assert_null(outcome_settle(&rq));
	cr_assert_null(outcome_look(&rq));
	rq.number = 2;
	cr_assert_null(outcome_settle(&rq));
	cr_assert_not_null(outcome_look(&rq));
	request_free(&rq);
	walk_close(&walk);
}

static void expect_not_settled(const struct request *rq, uint64_t sector)
{
	const struct model_sector data = { .seed = rq->number };
	struct model_difference difference;

	cr_assert_not(model_settle(rq->on[0], rq->meant[0].sector,
				   rq->meant[0].count, data, true,
				   &difference));
	cr_assert_eq(difference.sector, sector, "sector %lu, not %lu",
		     difference.sector, sector);
}

static void undo(char *sector)
{
	const uint64_t *words = (const uint64_t *)sector;

	/* The first write by hand was this sector's first. */
	data_make(sector, SECTOR, REQUEST_FILLED + HOLES, 2700 + words[1]);
}

/* Where other sectors are bad: old near to them, new elsewhere, no mixture. */
RIG_TEST(dm_io_random, what_a_failed_write_must_not_leave_is_seen)
{
	static struct walk walk;
	struct model_device *device = &walk.devices[HOLES];
	struct request rq;

	walk_open(&walk, 3);
	rq = request_by_hand(&walk, KCOPYD_TEST_WRITE, device, 2700, 301);
	cr_assert_eq(rq.failed, 1);
	cr_assert_null(outcome_check(&rq));
	spoil(device, 2999, flip_a_bit);
	expect_not_settled(&rq, 2999);
	spoil(device, 2999, flip_a_bit);
	cr_assert_null(outcome_settle(&rq));
	cr_assert_null(outcome_look(&rq));
	request_free(&rq);
	walk_close(&walk);

	walk_open(&walk, 3);
	rq = request_by_hand(&walk, KCOPYD_TEST_WRITE, device, 2700, 301);
	spoil(device, 2705, undo);
	expect_not_settled(&rq, 2705);
	request_free(&rq);
	walk_close(&walk);
}

/* ---- that it can be repeated --------------------------------------------- */

static uint64_t sum_of_requests(struct walk *walk, uint64_t seed)
{
	struct request_maker *maker = &walk->maker;
	uint64_t sum = 0;

	maker->dice.state = seed;
	maker->made = 0;
	for (unsigned int i = 0; i < 200; i++) {
		struct request rq;
		char *text;

		if (i % 4 == 0)
			maker->nr_taken = 0;
		request_make(maker, &rq, i / 4 % 2);
		text = request_describe(&rq);
		for (const char *c = text; *c; c++)
			sum = (sum ^ *c) * 0x100000001b3ULL;
		free(text);
		request_free(&rq);
	}
	return sum;
}

RIG_TEST(dm_io_random, a_seed_makes_the_same_requests_again)
{
	static struct walk walk;
	uint64_t sum;

	walk_open(&walk, 4);
	sum = sum_of_requests(&walk, 99);
	cr_assert_eq(sum_of_requests(&walk, 99), sum);
	cr_assert_neq(sum_of_requests(&walk, 100), sum);
	walk_close(&walk);
}
