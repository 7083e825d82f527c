// SPDX-License-Identifier: GPL-2.0-or-later
/* Processors that go and come, and memory that runs short, beside copies. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "race.h"

TestSuite(race_machine, RACE_SUITE);

#define PROCESSOR "/sys/devices/system/cpu/cpu1/online"
#define GROUPS "/sys/fs/cgroup"
#define GROUP GROUPS "/kt-small"

enum { SIZE_MIB = 8, COPIES = 4 };

static const struct job_plan plan = {
	.source.path = "/dev/kt-src",
	.dests = { { .path = "/dev/kt-d0" }, { .path = "/dev/kt-d1" } },
	.length = SIZE_MIB * MIB,
	.chunk = 128 * KIB,
	.checksum = KCOPYD_CHECKSUM_CRC32C,
};

static void dests_fill(void)
{
	data_fill(plan.dests[0].path, RACE_DEST);
	data_fill(plan.dests[1].path, RACE_DEST + 1);
}

static void disks_create(void)
{
	data_fill(null_create("src", (struct null_options){ .mib = SIZE_MIB }),
		  RACE_SOURCE);
	null_create("d0", (struct null_options){ .mib = SIZE_MIB });
	null_create("d1", (struct null_options){ .mib = SIZE_MIB,
						 .latency_us = 300 });
	dests_fill();
}

/* Of any kind. */
static void copy(void)
{
	struct job_plan any = plan;
	struct job_result result;

	any.flags = race_one_in(2) ? KCOPYD_SUBMIT_VERIFY : 0;
	any.depth = 1 + race_pick(8);
	any.chunk = (16 << race_pick(5)) * KIB;
	any.memory = race_one_in(2) ? 0 : MIB;
	result = job_run(&any);
	cr_assert_eq(result.code, 0, "code %d", result.code);
	cr_assert_eq(result.complete, 3);
	race_expect_free(plan.dests[0].path);
	data_expect_equal(plan.source.path, plan.dests[0].path);
	data_expect_equal(plan.source.path, plan.dests[1].path);
	dests_fill();
}

/* ---- processors ------------------------------------------------------------ */

/**
 * struct toggle - of a processor
 * @seed: of when
 * @error: errno of what went wrong
 * @times: it went
 */
struct toggle {
	unsigned int seed;
	int error;
	unsigned int times;
};

static void set_online(struct toggle *toggle, const char *online)
{
	int fd = open(PROCESSOR, O_WRONLY | O_CLOEXEC);

	/* Busy for a moment: it is tried again. */
	if (fd < 0 || (write(fd, online, 1) != 1 && errno != EBUSY))
		toggle->error = errno;
	close(fd);
}

static void toggle_on(struct rival *rival)
{
	struct toggle *toggle = rival->context;

	while (!atomic_load(&rival->stop)) {
		set_online(toggle, "0");
		race_wait_us(rand_r(&toggle->seed) % 20000);
		set_online(toggle, "1");
		race_wait_us(rand_r(&toggle->seed) % 20000);
		toggle->times++;
	}
}

RIG_TEST(race_machine, a_job_goes_on_while_processors_go_and_come)
{
	unsigned int times = 0;

	if (access(PROCESSOR, W_OK))
		cr_skip("there is no processor that could go");
	disks_create();
	race_begin(3, 1);
	while (race_goes_on()) {
		struct toggle toggle = { .seed = race_pick(1 << 30) };
		struct rival rival = { .act = toggle_on, .context = &toggle };

		rival_start(&rival);
		for (unsigned int i = 0; i < COPIES; i++)
			copy();
		rival_end(&rival);
		cr_assert_eq(toggle.error, 0, "%s", strerror(toggle.error));
		times += toggle.times;
	}
	cr_log_info("%u times gone", times);
	cr_assert_gt(times, 0);
}

/* ---- memory ---------------------------------------------------------------- */

/* Of what may be had without a fight so much is left. */
#define LEFT (96 * MIB)

static uint64_t available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * KIB;
}

/* Takes nearly all of it, gives a part back, and takes it again. */
static void hog_on(struct rival *rival)
{
	const uint64_t is = available();
	const uint64_t size = is > LEFT ? (is - LEFT) & ~(MIB - 1) : 0;
	char *memory = mmap(NULL, size ?: MIB, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned int seed = 1;
	uint64_t at = 0;

	if (memory == MAP_FAILED)
		return;
	while (!atomic_load(&rival->stop)) {
		if (available() > LEFT && at < size) {
			memset(memory + at, 1, MIB);
			at += MIB;
			continue;
		}
		if (at > 64 * MIB) {
			const uint64_t back = (1 + rand_r(&seed) % 32) * MIB;

			at -= back;
			madvise(memory + at, back, MADV_DONTNEED);
		}
		race_wait_us(1000);
	}
	munmap(memory, size ?: MIB);
}

static void drop_on(struct rival *rival)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	while (!atomic_load(&rival->stop)) {
		if (write(fd, "3", 1) != 1)
			break;
		race_wait_us(20000);
	}
	close(fd);
}

RIG_TEST(race_machine, a_job_goes_on_while_memory_runs_short)
{
	disks_create();
	race_begin(1, 1);
	while (race_goes_on()) {
		struct rival hog = { .act = hog_on };
		struct rival dropper = { .act = drop_on };

		rival_start(&hog);
		rival_start(&dropper);
		for (unsigned int i = 0; i < COPIES; i++)
			copy();
		rival_end(&dropper);
		rival_end(&hog);
	}
}

/* ---- a small group --------------------------------------------------------- */

static bool group_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 &&
		  write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static bool group_create(void)
{
	group_write(GROUPS "/cgroup.subtree_control", "+memory");
	return (!mkdir(GROUP, 0700) || errno == EEXIST) &&
	       group_write(GROUP "/memory.high", "20M");
}

/* The source through the page cache, again and again: it is never enough. */
static void read_on(struct rival *rival)
{
	int fd = open(plan.source.path, O_RDONLY | O_CLOEXEC);
	static char buffer[MIB];

	while (!atomic_load(&rival->stop))
		if (pread(fd, buffer, sizeof(buffer), 0) < 0 ||
		    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
			break;
	close(fd);
}

/* Its reserve of 16 MiB is charged to the group. */
RIG_TEST(race_machine, a_job_goes_on_in_a_group_that_is_out_of_memory)
{
	char pid[16];

	if (!group_create())
		cr_skip("there are no groups with a limit to memory");
	disks_create();
	snprintf(pid, sizeof(pid), "%d", getpid());
	race_begin(1, 1);
	cr_assert(group_write(GROUP "/cgroup.procs", pid), "%m");
	while (race_goes_on()) {
		struct rival reader = { .act = read_on };

		rival_start(&reader);
		for (unsigned int i = 0; i < COPIES; i++)
			copy();
		rival_end(&reader);
	}
	cr_assert(group_write(GROUPS "/cgroup.procs", pid), "%m");
	cr_assert_eq(rmdir(GROUP), 0, "%m");
}
