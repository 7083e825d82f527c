// SPDX-License-Identifier: GPL-2.0-or-later
/* Processors that go and come, and memory that runs short, beside copies. */
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "call.h"
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
	atomic_uint times;
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
		atomic_fetch_add(&toggle->times, 1);
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

/* ---- processors, and calls of the kernel ----------------------------------- */

enum {
	IO_MIB = 4, /* of a disk that calls write to and read */
	IO_MOST = 64 * KIB,
	SMALL = 100, /* jobs of a client */
	SMALL_SECTORS = 8,
	CALLERS = 3,
	TIMES = 8, /* the processor goes, at least */
	ENOUGH = 10, /* calls on it, of each caller */
	CALLERS_S = 300,
};

/**
 * struct kernel_caller - who makes calls from a processor that goes
 * @caller: a /dev/kcopyd_test of his own: it makes one call at a time
 * @path: of his disk
 * @call: makes one and looks at what came of it; 0, an errno, or -1 for a wrong
 *	result
 * @seed: of what is called
 * @calls: that began on the processor that goes
 * @error: what @call returned
 */
struct kernel_caller {
	int caller;
	const char *path;
	int (*call)(struct kernel_caller *caller);
	unsigned int seed;
	atomic_uint calls;
	atomic_int error;
};

/* There is no such place for a while: then from another. */
static bool go_there(void)
{
	cpu_set_t there;

	CPU_ZERO(&there);
	CPU_SET(1, &there);
	sched_setaffinity(0, sizeof(there), &there);
	return sched_getcpu() == 1;
}

static void kernel_caller_run(struct rival *rival)
{
	struct kernel_caller *caller = rival->context;
	int error = 0;

	while (!atomic_load(&rival->stop) && !error) {
		const bool is_there = go_there();

		error = caller->call(caller);
		atomic_fetch_add(&caller->calls, is_there);
	}
	atomic_store(&caller->error, error);
}

/* One of the classic calls, sync or async. */
static int io_call(struct kernel_caller *caller, unsigned int i, uint32_t rw,
		   struct kcopyd_test_region region, void *buffer)
{
	struct kcopyd_test_io args =
		call_args(i, rw, &region, 1, buffer, region.count * SECTOR);

	if (caller_ioctl(caller->caller, KCOPYD_TEST_IO, &args))
		return errno;
	return args.ret || args.error_bits || args.canary ||
			       args.callbacks != args.async ?
		       -1 :
		       0;
}

/* Of any length at any place: what was written is read. */
static int write_and_read(struct kernel_caller *caller)
{
	static _Thread_local char written[IO_MOST], is[IO_MOST];
	const unsigned int most = IO_MOST / SECTOR;
	struct kcopyd_test_region region = {
		.fd = open(caller->path, O_RDWR | O_CLOEXEC),
		.sector =
			rand_r(&caller->seed) % (IO_MIB * MIB / SECTOR - most),
		.count = 1 + rand_r(&caller->seed) % most,
	};
	int error;

	data_make(written, region.count * SECTOR, caller->seed, region.sector);
	error = io_call(caller, rand_r(&caller->seed) % CALLS, OP_WRITE, region,
			written);
	error = error ?:
			io_call(caller, rand_r(&caller->seed) % CALLS, OP_READ,
				region, is);
	if (!error && memcmp(is, written, region.count * SECTOR))
		error = -1;
	close(region.fd);
	return error;
}

static int client_calls(struct kernel_caller *caller, uint32_t number)
{
	struct kcopyd_test_copy_result results[SMALL];
	struct kcopyd_test_region regions[] = {
		{ .fd = open("/dev/kt-from", O_RDWR | O_CLOEXEC),
		  .count = SMALL_SECTORS },
		{ .fd = open(caller->path, O_RDWR | O_CLOEXEC),
		  .count = SMALL_SECTORS },
	};
	struct kcopyd_test_copy copy = {
		.client = number,
		.regions = (uintptr_t)regions,
		.nr_dests = 1,
		.nr_jobs = SMALL,
		.stride = SMALL_SECTORS,
		.results = (uintptr_t)results,
	};
	int ret = caller_ioctl(caller->caller, KCOPYD_TEST_COPY, &copy);

	for (unsigned int i = 0; !ret && i < SMALL; i++)
		if (results[i].ret || results[i].callbacks != 1 ||
		    results[i].read_err || results[i].write_err)
			ret = 1;
	close(regions[0].fd);
	close(regions[1].fd);
	return -ret;
}

/* From the first call of a client to the end of it. */
static int client_copies(struct kernel_caller *caller)
{
	struct kcopyd_test_client client = {
		.pages = 1 + rand_r(&caller->seed) % 64,
	};
	int error = -caller_ioctl(caller->caller, KCOPYD_TEST_CREATE, &client);

	error = error ?: client_calls(caller, client.client);
	error = error ?:
			-caller_ioctl(caller->caller, KCOPYD_TEST_DESTROY,
				      &client);
	return error ? error : client.missing ? -1 : 0;
}

static const char *kernel_disk(int caller, const char *name, uint64_t seed)
{
	return test_disk_create_filled(
		caller, name,
		(struct test_disk_options){
			.mib = IO_MIB,
			.completion = KCOPYD_TEST_DISK_INTERRUPT,
		},
		seed);
}

static bool have_called(struct kernel_caller callers[CALLERS])
{
	bool enough = true;

	for (unsigned int i = 0; i < CALLERS; i++) {
		if (atomic_load(&callers[i].error))
			return true;
		if (atomic_load(&callers[i].calls) < ENOUGH)
			enough = false;
	}
	return enough;
}

/* What is kept for each processor is given and taken while one goes. */
RIG_TEST(race_machine, calls_and_clients_go_on_while_processors_go_and_come)
{
	struct kernel_caller callers[CALLERS] = {
		{ .path = "/dev/kt-io0", .call = write_and_read },
		{ .path = "/dev/kt-io1", .call = write_and_read },
		{ .path = "/dev/kt-to", .call = client_copies },
	};
	int disks = caller_open();

	if (access(PROCESSOR, W_OK))
		cr_skip("there is no processor that could go");
	kernel_disk(disks, "io0", RACE_DEST);
	kernel_disk(disks, "io1", RACE_DEST);
	kernel_disk(disks, "from", RACE_SOURCE);
	kernel_disk(disks, "to", RACE_DEST);
	for (unsigned int i = 0; i < CALLERS; i++)
		callers[i].caller = call_open();
	race_begin(2, 1);
	while (race_goes_on()) {
		struct toggle toggle = { .seed = race_pick(1 << 30) };
		struct rival toggler = { .act = toggle_on, .context = &toggle };
		struct rival rivals[CALLERS];

		rival_start(&toggler);
		for (unsigned int i = 0; i < CALLERS; i++) {
			callers[i].seed = race_pick(1 << 30);
			atomic_store(&callers[i].calls, 0);
			rivals[i] = (struct rival){ .act = kernel_caller_run,
						    .context = &callers[i] };
			rival_start(&rivals[i]);
		}
		rig_wait_for(toggle.error ||
				     (atomic_load(&toggle.times) >= TIMES &&
				      have_called(callers)),
			     CALLERS_S, "enough calls");
		for (unsigned int i = 0; i < CALLERS; i++) {
			rival_end(&rivals[i]);
			cr_log_info("%s: %u calls from there", callers[i].path,
				    atomic_load(&callers[i].calls));
			cr_assert_eq(atomic_load(&callers[i].error), 0,
				     "%s: %d", callers[i].path,
				     atomic_load(&callers[i].error));
		}
		rival_end(&toggler);
		cr_log_info("%u times gone", atomic_load(&toggle.times));
		cr_assert_eq(toggle.error, 0, "%s", strerror(toggle.error));
		data_expect("/dev/kt-to", 0, SMALL * SMALL_SECTORS * SECTOR,
			    RACE_SOURCE, 0);
	}
}

/* ---- memory ---------------------------------------------------------------- */

/* Of what may be had without a fight so much is left. */
#define LEFT (96 * MIB)
/* The emulation takes its time to fill the memory of a machine. */
enum { BIG_MIB = 512, SHORT_S = 900 };

/* What such a file has on the line of that name. */
static uint64_t figure(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	unsigned long value, found = 0;
	char line[128], is[64];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63[^: ]%*[: ]%lu", is, &value) == 2 &&
		    !strcmp(is, name))
			found = value;
	if (file)
		fclose(file);
	return found;
}

static uint64_t available(void)
{
	return figure("/proc/meminfo", "MemAvailable") * KIB;
}

/* Pages that were looked at, to take them from somebody. */
static uint64_t scanned(void)
{
	return figure("/proc/vmstat", "pgscan_kswapd") +
	       figure("/proc/vmstat", "pgscan_direct");
}

/**
 * struct hog - of memory
 * @seed: of how much it gives back
 * @is_full: there is no more to be had than is to be left
 * @error: errno of what went wrong
 */
struct hog {
	unsigned int seed;
	atomic_bool is_full;
	int error;
};

/*
 * Most of it comes in large steps, but of small pages: to make large ones the
 * kernel moves others about, for so long that the emulation takes it for stuck.
 */
#define LARGE (2 * MIB)
#define CHURNED (256 * MIB)

static bool hog_takes(struct hog *hog, char *from, uint64_t bytes)
{
	if (madvise(from, bytes, MADV_POPULATE_WRITE))
		hog->error = errno;
	return !hog->error;
}

/* Returns how much of @memory is taken. */
static uint64_t hog_fill(struct rival *rival, char *memory, uint64_t size)
{
	uint64_t at = 0;

	while (at < size && available() > LEFT + CHURNED &&
	       !atomic_load(&rival->stop) &&
	       hog_takes(rival->context, memory + at, LARGE))
		at += LARGE;
	return at;
}

/* Takes all but what is to be left, gives a part back, and takes it again. */
static void hog_churn(struct rival *rival, char *memory, uint64_t size)
{
	struct hog *hog = rival->context;
	uint64_t at = 0;

	while (!atomic_load(&rival->stop) && !hog->error) {
		if (available() > LEFT && at < size) {
			hog_takes(hog, memory + at, MIB);
			at += MIB;
			continue;
		}
		atomic_store(&hog->is_full, true);
		if (at > 64 * MIB) {
			const uint64_t back =
				(1 + rand_r(&hog->seed) % 32) * MIB;

			at -= back;
			madvise(memory + at, back, MADV_DONTNEED);
		}
		race_wait_us(1000);
	}
}

static void hog_on(struct rival *rival)
{
	struct hog *hog = rival->context;
	const uint64_t size = available() & ~(LARGE - 1);
	char *memory = mmap(NULL, size + LARGE + CHURNED,
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *at = (char *)(((uintptr_t)memory + LARGE - 1) & ~(LARGE - 1));

	if (memory == MAP_FAILED) {
		hog->error = errno;
		return;
	}
	madvise(memory, size + LARGE + CHURNED, MADV_NOHUGEPAGE);
	at += hog_fill(rival, at, size);
	hog_churn(rival, at, CHURNED);
	munmap(memory, size + LARGE + CHURNED);
}

/* What is cached besides pages: these are fought for. */
static void drop_on(struct rival *rival)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	while (!atomic_load(&rival->stop)) {
		if (write(fd, "2", 1) != 1)
			break;
		race_wait_us(20000);
	}
	close(fd);
}

/* More than there is memory for, through the page cache, without an end. */
static void read_on(struct rival *rival)
{
	int fd = open("/dev/kt-big", O_RDONLY | O_CLOEXEC);
	static char buffer[MIB];
	uint64_t at = 0;

	while (!atomic_load(&rival->stop)) {
		if (pread(fd, buffer, sizeof(buffer), at) < 0)
			break;
		at = (at + MIB) % (BIG_MIB * MIB);
	}
	close(fd);
}

/* Nothing is on it, so it takes no memory. */
static void big_create(void)
{
	null_create("big",
		    (struct null_options){ .mib = BIG_MIB, .block = 4096 });
}

RIG_TEST(race_machine, a_job_goes_on_while_memory_runs_short)
{
	disks_create();
	big_create();
	race_begin_long();
	while (race_goes_on()) {
		struct hog hog = { .seed = race_pick(1 << 30) };
		struct rival hogger = { .act = hog_on, .context = &hog };
		struct rival dropper = { .act = drop_on };
		struct rival reader = { .act = read_on };
		uint64_t before = scanned(), begin = rig_now_ms();

		rival_start(&hogger);
		rival_start(&dropper);
		rival_start(&reader);
		rig_wait_for(hog.error || atomic_load(&hog.is_full), SHORT_S,
			     "a memory that is nearly full");
		cr_log_info("full after %lu ms", rig_now_ms() - begin);
		rig_wait_for(hog.error || scanned() > before, SHORT_S,
			     "a fight for memory");
		cr_log_info("short after %lu ms", rig_now_ms() - begin);
		before = scanned();
		for (unsigned int i = 0; i < COPIES; i++)
			copy();
		cr_log_info("%lu pages were scanned beside the copies",
			    scanned() - before);
		cr_assert_gt(scanned(), before, "nobody fought for memory");
		rival_end(&reader);
		rival_end(&dropper);
		rival_end(&hogger);
		cr_assert_eq(hog.error, 0, "%s", strerror(hog.error));
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

/* How often it had more than it may. */
static uint64_t group_excesses(void)
{
	return figure(GROUP "/memory.events", "high");
}

/* Its reserve of 16 MiB is charged to the group. */
RIG_TEST(race_machine, a_job_goes_on_in_a_group_that_is_out_of_memory)
{
	char pid[16];

	if (!group_create())
		cr_skip("there are no groups with a limit to memory");
	disks_create();
	big_create();
	snprintf(pid, sizeof(pid), "%d", getpid());
	race_begin(1, 1);
	cr_assert(group_write(GROUP "/cgroup.procs", pid), "%m");
	while (race_goes_on()) {
		struct rival reader = { .act = read_on };
		uint64_t before = group_excesses();

		rival_start(&reader);
		rig_wait_for(group_excesses() > before, SHORT_S,
			     "a group that is out of memory");
		before = group_excesses();
		for (unsigned int i = 0; i < COPIES; i++)
			copy();
		cr_log_info("%lu times out of memory beside the copies",
			    group_excesses() - before);
		cr_assert_gt(group_excesses(), before, "it had enough");
		rival_end(&reader);
	}
	cr_assert(group_write(GROUPS "/cgroup.procs", pid), "%m");
	cr_assert_eq(rmdir(GROUP), 0, "%m");
}
