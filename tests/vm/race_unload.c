// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's end beside those who open it, read, poll and submit. */
#include <poll.h>
#include <sys/ioctl.h>

#include "race.h"

TestSuite(race_unload, RACE_SUITE);

enum { USERS = 2, SIZE_MIB = 1, ROUND_MS = 400 };

/**
 * struct user - of the module, who does not care whether it is there
 * @number: of its disks
 * @seed: of what it does
 * @opened: how often there was a module
 * @missed: how often there was its node only, because it went or came
 * @copied: how many copies were made
 * @wrong: first errno that must not be, or -1 for an outcome that must not be
 */
struct user {
	unsigned int number;
	unsigned int seed;
	unsigned int opened;
	unsigned int missed;
	unsigned int copied;
	int wrong;
};

static char dest_paths[USERS][32];

static void disks_create(void)
{
	char name[16];

	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  RACE_SOURCE);
	for (unsigned int i = 0; i < USERS; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		null_create(name, (struct null_options){ .mib = SIZE_MIB });
		snprintf(dest_paths[i], sizeof(dest_paths[i]), "/dev/kt-%s",
			 name);
		data_fill(dest_paths[i], RACE_DEST + i);
	}
}

/* A copy, read to its end or left in the middle. */
static void user_copies(struct user *user, int kcopyd)
{
	const struct kcopyd_target dest = {
		.fd = open(dest_paths[user->number],
			   O_RDWR | O_EXCL | O_CLOEXEC),
	};
	struct kcopyd_submit submit = {
		.size = sizeof(submit),
		.source.fd = open("/dev/kt-src", O_RDONLY | O_CLOEXEC),
		.dests = (uintptr_t)&dest,
		.nr_dests = 1,
		.length = SIZE_MIB * MIB,
	};
	struct pollfd pollfd = { .fd = kcopyd, .events = POLLIN };
	struct kcopyd_event event = {};

	if (ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit))
		user->wrong = user->wrong ?: errno;
	close(submit.source.fd);
	close(dest.fd);
	if (user->wrong || rand_r(&user->seed) % 4 == 0)
		return;
	while (event.type != KCOPYD_EVENT_DONE)
		if (poll(&pollfd, 1, 60000) != 1 ||
		    read(kcopyd, &event, sizeof(event)) != sizeof(event))
			event.type = KCOPYD_EVENT_DONE, event.code = -ETIMEDOUT;
	if (event.code)
		user->wrong = -1;
	else
		user->copied++;
}

static void user_calls(struct user *user, int kcopyd)
{
	struct kcopyd_info info = { .size = sizeof(info) };
	struct pollfd pollfd = { .fd = kcopyd, .events = POLLIN };
	struct kcopyd_event event;

	switch (rand_r(&user->seed) % 4) {
	case 0:
		if (ioctl(kcopyd, KCOPYD_IOC_INFO, &info))
			user->wrong = errno;
		break;
	case 1:
		if (poll(&pollfd, 1, rand_r(&user->seed) % 2))
			user->wrong = -1;
		break;
	case 2:
		if (read(kcopyd, &event, sizeof(event)) != -1 ||
		    errno != EAGAIN)
			user->wrong = -1;
		break;
	default:
		user_copies(user, kcopyd);
	}
}

/* Its node is not there, or is and the module goes or comes. */
static void user_run(struct rival *rival)
{
	struct user *user = rival->context;

	while (!atomic_load(&rival->stop) && !user->wrong) {
		int kcopyd =
			open("/dev/kcopyd", O_RDWR | O_NONBLOCK | O_CLOEXEC);

		if (kcopyd < 0) {
			if (errno != ENOENT && errno != ENODEV &&
			    errno != ENXIO)
				user->wrong = errno;
			user->missed += errno != ENOENT;
			continue;
		}
		user->opened++;
		user_calls(user, kcopyd);
		close(kcopyd);
		race_wait_us(rand_r(&user->seed) % 500);
	}
}

/* Returns how often it went; @refused: how often it did not. */
static unsigned int unload_for_a_while(unsigned int *refused)
{
	const uint64_t end = rig_now_ms() + ROUND_MS;
	unsigned int unloaded = 0;
	int ret;

	while (rig_now_ms() < end) {
		ret = module_try_unload("kcopyd");
		cr_assert(!ret || ret == -EWOULDBLOCK, "%d", ret);
		race_wait_us(race_moment(300));
		if (!ret)
			module_load("kcopyd");
		unloaded += !ret;
		*refused += !!ret;
	}
	return unloaded;
}

RIG_TEST(race_unload, the_module_goes_only_when_nobody_has_it_open)
{
	unsigned int unloaded = 0, refused = 0, opened = 0, missed = 0;
	unsigned int copied = 0;

	module_unload("kcopyd_test");
	disks_create();
	race_begin(8, 4);
	while (race_goes_on()) {
		struct user users[USERS];
		struct rival rivals[USERS];

		for (unsigned int i = 0; i < USERS; i++) {
			users[i] = (struct user){ .number = i,
						  .seed = race_pick(1 << 30) };
			rivals[i] = (struct rival){ .act = user_run,
						    .context = &users[i] };
			rival_start(&rivals[i]);
		}
		unloaded += unload_for_a_while(&refused);
		for (unsigned int i = 0; i < USERS; i++) {
			rival_end(&rivals[i]);
			cr_assert_eq(users[i].wrong, 0, "%d", users[i].wrong);
			opened += users[i].opened;
			missed += users[i].missed;
			copied += users[i].copied;
			race_expect_free(dest_paths[i]);
			if (users[i].copied)
				data_expect_equal("/dev/kt-src", dest_paths[i]);
		}
	}
	cr_log_info("%u times unloaded, %u times refused", unloaded, refused);
	cr_log_info(
		"%u times opened, %u times too late or too early, %u copies",
		opened, missed, copied);
	cr_assert_gt(unloaded, 0);
	cr_assert_gt(opened, 0);
}

/* The last job frees its descriptor, and the module with that. */
RIG_TEST(race_unload, the_module_goes_when_the_last_detached_job_has_ended)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = SIZE_MIB * MIB,
		.flags = KCOPYD_SUBMIT_DETACH,
		.chunk = 64 * KIB,
	};
	unsigned int refused = 0;

	module_unload("kcopyd_test");
	disks_create();
	race_begin(15, 6);
	while (race_goes_on()) {
		const uint64_t end = rig_now_ms() + 60000;
		int kcopyd = job_device_open(0), ret;

		job_start(kcopyd, &plan);
		race_wait_us(race_moment(3000));
		close(kcopyd);
		while ((ret = module_try_unload("kcopyd"))) {
			cr_assert_eq(ret, -EWOULDBLOCK, "%d", ret);
			cr_assert_lt(rig_now_ms(), end);
			refused++;
		}
		/* It is gone, so the job was over. */
		race_expect_free("/dev/kt-d0");
		data_expect_equal("/dev/kt-src", "/dev/kt-d0");
		data_fill("/dev/kt-d0", RACE_DEST);
		module_load("kcopyd");
	}
	cr_log_info("%u times refused", refused);
	cr_assert_gt(refused, 0);
}
