// SPDX-License-Identifier: GPL-2.0-or-later
/* A client's reserve: enough when there is no other memory, and nothing more. */
#include <sys/stat.h>

#include "kcopyd_jobs.h"

TestSuite(kcopyd_memory, RIG_SUITE);

enum { PAGES = 256, PAGE = 4096 };

#define WRITES (1U << KCOPYD_TEST_WRITE)

/* ---- one page ------------------------------------------------------------ */

RIG_TEST(kcopyd_memory, one_page_copies_64_mib)
{
	const unsigned int mib = rig_scaled(64, 16);
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, 1),
	};

	kjob_disks(caller, 1, (struct test_disk_options){ .mib = mib });
	kjob_regions(regions, 1, mib);
	kjob_wait_ok(kjob_start(caller, args, regions, 1));
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	close(caller);
}

/* All that takes memory: the two copies of verifying, the checksum. */
RIG_TEST(kcopyd_memory, one_page_verifies_too)
{
	struct kcopyd_test_region regions[4];
	int caller = caller_open();
	struct kcopyd_test_submit args = {
		.client = client_create(caller, 1),
		.flags = KCOPYD_VERIFY | KCOPYD_SPARSE,
	};

	kjob_disks(caller, 3, (struct test_disk_options){ .mib = 4 });
	kjob_regions(regions, 3, 4);
	kjob_wait_ok(kjob_start(caller, args, regions, 3));
	for (unsigned int i = 0; i < 3; i++)
		data_expect_equal("/dev/kt-src", kjob_path(i));
	close(caller);
}

/* What fits into it once, for two that are compared. */
RIG_TEST(kcopyd_memory, a_reserve_below_two_blocks_can_not_compare)
{
	static const uint32_t flags[] = { KCOPYD_VERIFY, KCOPYD_COMPARE };
	struct kcopyd_test_region regions[2];
	int caller = caller_open();
	uint32_t one = client_create(caller, 1), two = client_create(caller, 2);

	kjob_disks(caller, 1,
		   (struct test_disk_options){ .mib = 4, .block = 4096 });
	kjob_regions(regions, 1, 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		struct kcopyd_test_submit args = {
			.client = one,
			.flags = flags[i],
		};
		struct kjob job;

		cr_assert_eq(kjob_try(caller, args, regions, 1, &job), -EINVAL);
		cr_assert_eq(kjob_look(job, 100).callbacks, 0);
		args.client = two;
		kjob_wait_ok(kjob_start(caller, args, regions, 1));
		data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	}
	close(caller);
}

/* ---- no memory ----------------------------------------------------------- */

static void starve(unsigned int pages, unsigned int nr_dests,
		   unsigned int nr_jobs, unsigned int mib)
{
	struct kcopyd_test_region regions[9];
	int caller = caller_open();
	const uint64_t sectors = mib * MIB / SECTOR / nr_jobs;
	struct kcopyd_test_starve_copy args = {
		.client = client_create(caller, pages),
		.nr_dests = nr_dests,
		.nr_jobs = nr_jobs,
		.regions = (uintptr_t)regions,
		.stride = sectors,
	};

	/* Their memory is their own, all of it. */
	kjob_disks(caller, nr_dests, (struct test_disk_options){ .mib = mib });
	kjob_regions(regions, nr_dests, mib);
	for (unsigned int i = 0; i <= nr_dests; i++)
		regions[i].count = sectors;
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_STARVE_COPY, &args), 0);
	cr_log_info("%llu pages taken, then %llu more; %llu failures\n",
		    args.hogged, args.got, args.failed);
	cr_assert_eq(args.ret, 0);
	cr_assert_eq(args.callbacks, nr_jobs);
	cr_assert_eq(args.read_err, 0);
	cr_assert_eq(args.write_err, 0);
	cr_assert_gt(args.hogged, 1000);
	cr_assert_gt(args.failed, 0, "there was memory all the time");
	for (unsigned int i = 0; i < nr_dests; i++)
		data_expect_equal("/dev/kt-src", kjob_path(i));
	close(caller);
}

RIG_TEST(kcopyd_memory, a_client_of_one_page_needs_no_other_memory)
{
	starve(1, 1, 1, rig_scaled(32, 8));
}

RIG_TEST(kcopyd_memory, several_destinations_need_no_other_memory)
{
	starve(8, 4, 1, rig_scaled(16, 4));
}

RIG_TEST(kcopyd_memory, small_jobs_need_no_other_memory)
{
	starve(4, 1, rig_scaled(256, 128), 4);
}

RIG_TEST(kcopyd_memory, a_large_reserve_needs_no_other_memory)
{
	starve(1024, 4, 4, rig_scaled(64, 8));
}

/* ---- the steady state ---------------------------------------------------- */

#define TRACING "/sys/kernel/tracing/instances/kcopyd-test"

static void trace_write(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), TRACING "/%s", name);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %m", path);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text),
		     "%s: %s: %m", path, text);
	close(fd);
}

/* Where the module is, and where it ends. */
static void module_range(const char *name, uint64_t *first, uint64_t *end)
{
	FILE *modules = fopen("/proc/modules", "re");
	char line[1024], found[64];
	uint64_t size;

	cr_assert_not_null(modules);
	*first = 0;
	while (!*first && fgets(line, sizeof(line), modules))
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", found, &size,
			   first) != 3 ||
		    strcmp(found, name))
			*first = 0;
	fclose(modules);
	cr_assert_neq(*first, 0, "the address of %s is not to be had", name);
	*end = *first + size;
}

/* Allocations by the module's functions: which one it is, the tracer says. */
static const char *const by_site[] = { "kmem/kmalloc",
				       "kmem/kmem_cache_alloc" };

static void trace_begin(void)
{
	uint64_t first, end;
	char text[128], name[64];

	module_range("kcopyd", &first, &end);
	if (mkdir(TRACING, 0700))
		cr_assert_eq(errno, EEXIST, "%s: %m", TRACING);
	trace_write("tracing_on", "0");
	trace_write("trace", "");
	snprintf(text, sizeof(text), "call_site >= 0x%lx && call_site < 0x%lx",
		 first, end);
	for (unsigned int i = 0; i < ARRAY_SIZE(by_site); i++) {
		snprintf(name, sizeof(name), "events/%s/filter", by_site[i]);
		trace_write(name, text);
		snprintf(name, sizeof(name), "events/%s/enable", by_site[i]);
		trace_write(name, "1");
	}
	/* Pages don't say who asked for them, so the whole way is kept. */
	trace_write("options/sym-offset", "1");
	trace_write("events/kmem/mm_page_alloc/trigger", "stacktrace");
	trace_write("events/kmem/mm_page_alloc/enable", "1");
	trace_write("tracing_on", "1");
}

static void trace_end(void)
{
	trace_write("tracing_on", "0");
	trace_write("events/enable", "0");
	trace_write("events/kmem/mm_page_alloc/trigger", "!stacktrace");
}

static bool is_by_site(const char *line)
{
	return strstr(line, ": kmalloc: ") ||
	       strstr(line, ": kmem_cache_alloc: ");
}

/* A line of a stack, which is that of an allocation of pages. */
static bool is_in_stack(const char *line)
{
	return !strncmp(line, " => ", 4) && strstr(line, "[kcopyd]");
}

/* Of the module; an @example of those there are. */
struct allocations {
	unsigned int objects;
	unsigned int pages;
	char example[256];
};

static struct allocations trace_count(void)
{
	FILE *trace = fopen(TRACING "/trace", "re");
	struct allocations found = {};
	char line[1024];

	cr_assert_not_null(trace);
	while (fgets(line, sizeof(line), trace)) {
		if (is_by_site(line))
			found.objects++;
		else if (is_in_stack(line))
			found.pages++;
		else
			continue;
		snprintf(found.example, sizeof(found.example), "%.255s", line);
	}
	fclose(trace);
	return found;
}

/* The second half: everything that can be in flight has been. */
static void expect_no_allocation(struct kcopyd_test_submit args,
				 unsigned int nr_dests)
{
	const unsigned int mib = rig_scaled(32, 8);
	struct kcopyd_test_region regions[5];
	int caller = caller_open();
	struct allocations found;
	struct kjob job;

	kjob_disks(caller, nr_dests,
		   (struct test_disk_options){ .mib = mib, .no_merges = true });
	kjob_regions(regions, nr_dests, mib);
	args.client = client_create(caller, PAGES);
	args.on_slow = KCOPYD_SLOW_WAIT;
	test_disk_hold_range(caller, "d0", WRITES, (mib / 2 + 1) * MIB / SECTOR,
			     0);
	job = kjob_start(caller, args, regions, nr_dests);
	rig_wait_for(kjob_bytes(job, 1) >= mib * MIB / 2, 60, "half of it");
	rig_sleep_ms(200);
	trace_begin();
	test_disk_release(caller, "d0", 0);
	kjob_wait_ok(job);
	trace_end();
	cr_assert_eq(kjob_bytes(job, nr_dests), mib * MIB);
	found = trace_count();
	cr_assert_eq(found.objects + found.pages, 0, "allocations, as %s",
		     found.example);
	close(caller);
}

RIG_TEST(kcopyd_memory, a_copy_allocates_nothing_once_it_runs)
{
	expect_no_allocation((struct kcopyd_test_submit){}, 1);
}

RIG_TEST(kcopyd_memory, a_copy_to_several_allocates_nothing_once_it_runs)
{
	expect_no_allocation((struct kcopyd_test_submit){ .chunk = 64 }, 4);
}

RIG_TEST(kcopyd_memory, a_sparse_copy_allocates_nothing_once_it_runs)
{
	expect_no_allocation(
		(struct kcopyd_test_submit){ .flags = KCOPYD_SPARSE,
					     .checksum =
						     KCOPYD_CHECKSUM_CRC32C },
		1);
}

/* The proof that the three above would see one. */
RIG_TEST(kcopyd_memory, the_start_of_a_client_is_seen_to_allocate)
{
	int caller = caller_open();
	struct allocations found;

	trace_begin();
	client_destroy(caller, client_create(caller, PAGES));
	trace_end();
	found = trace_count();
	cr_assert_gt(found.objects, 10);
	cr_assert_gt(found.pages, 0);
	close(caller);
}
