// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing that user space gets, by a call, an event, a record of a map or a
 * tracepoint, has an address of the kernel or what its memory held before.
 */
#include <bpf/bpf.h>
#include <glob.h>
#include <sys/ioctl.h>

#include <kcopyd/stats.h>

#include "caller.h"
#include "ctl.h"
#include "job.h"

TestSuite(secrets, RIG_SUITE);

enum { SOURCE = 17, DEST = 18, BAD_SECTOR = 1000 };
/* What the buffers hold before; the kernel must not leave it where zero is. */
#define OLD 0x77

/*
 * Addresses of memory, of the kernel's image and of modules. An errno beside a
 * small number looks like none of them.
 */
static bool is_address(uint64_t word)
{
	const uint32_t high = word >> 32;

	if (high == 0xffffffff)
		return (uint32_t)word >= 0x80000000 &&
		       (uint32_t)word < 0xffff0000;
	return high >= 0xffff8000 && high < 0xfffff000;
}

/*
 * What scripts/vm has the debug kernel fill memory with that is nobody's: freed
 * objects and their last bytes, the space between objects, freed pages, and
 * variables that were not written.
 */
static bool is_stale(uint32_t word)
{
	static const uint32_t patterns[] = { 0x6b6b6b6b, 0xa56b6b6b, 0x5a5a5a5a,
					     0xaaaaaaaa, 0xfefefefe };

	for (unsigned int i = 0; i < ARRAY_SIZE(patterns); i++)
		if (word == patterns[i])
			return true;
	return false;
}

static void expect_clean(const void *data, size_t size, const char *what)
{
	uint64_t word;
	uint32_t half;

	for (size_t at = 0; at + sizeof(word) <= size; at += sizeof(half)) {
		memcpy(&word, data + at, sizeof(word));
		cr_assert_not(is_address(word), "%s: %#lx at %zu", what, word,
			      at);
	}
	for (size_t at = 0; at + sizeof(half) <= size; at += sizeof(half)) {
		memcpy(&half, data + at, sizeof(half));
		cr_assert_not(is_stale(half), "%s: %#x at %zu", what, half, at);
	}
}

static void expect_zero(const void *data, size_t size, const char *what)
{
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(((const char *)data)[i], 0, "%s: byte %zu", what,
			     i);
}

static void expect_stale(const uint8_t *data, const char *what)
{
	uint32_t word;

	for (size_t at = 0; at < KCOPYD_TEST_STALE_SIZE; at += sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		cr_assert(is_stale(word), "%s: %#x at %zu", what, word, at);
	}
}

/*
 * Without that the others would find only what memory holds by chance. Debian's
 * kernels clear memory before anybody gets it.
 */
RIG_TEST(secrets, memory_that_is_nobodys_can_be_told)
{
	struct kcopyd_test_stale stale = {};
	int caller;

	if (!rig_on_debug_kernel())
		cr_skip_test("only the debug kernel marks it");
	caller = caller_open();
	cr_assert_eq(caller_ioctl(caller, KCOPYD_TEST_STALE, &stale), 0);
	expect_stale(stale.slab, "an object");
	expect_stale(stale.page, "a page");
	expect_stale(stale.stack, "a variable");
	close(caller);
}

#define EXPECT_ZERO(field, what) expect_zero(&(field), sizeof(field), what)

/* A job of all kinds of events: one bad sector, digests, two destinations. */
static uint64_t start_job(int kcopyd, int caller)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.dests[1].path = "/dev/kt-d1",
		.length = 4 * MIB,
		.flags = KCOPYD_SUBMIT_SKIP_BAD,
		.retry = KCOPYD_RETRY_BISECT,
		.checksum = KCOPYD_CHECKSUM_CRC32C,
	};

	test_disk_create_filled(caller, "src", (struct test_disk_options){},
				SOURCE);
	test_disk_create_filled(caller, "d0", (struct test_disk_options){},
				DEST);
	test_disk_create_filled(caller, "d1", (struct test_disk_options){},
				DEST);
	test_disk_bad(caller, "src", 1U << KCOPYD_TEST_READ, BAD_SECTOR, 1);
	return job_start(kcopyd, &plan);
}

static void expect_clean_event(const struct kcopyd_event *event)
{
	expect_clean(event, sizeof(*event), "an event");
	switch (event->type) {
	case KCOPYD_EVENT_EXTENT:
		EXPECT_ZERO(event->extent.pad, "an extent's event");
		break;
	case KCOPYD_EVENT_STATE:
		EXPECT_ZERO(event->state.pad, "a state's event");
		break;
	case KCOPYD_EVENT_REGION:
		EXPECT_ZERO(event->region_result.pad, "a region's event");
		break;
	case KCOPYD_EVENT_DIGEST:
		/* 4 bytes of 16 are used. */
		expect_zero(event->digest.value + 4, 12, "a digest's event");
		break;
	case KCOPYD_EVENT_DONE:
		EXPECT_ZERO(event->done.pad, "the last event");
		break;
	default:
		cr_assert_fail("an event of type %u", event->type);
	}
}

RIG_TEST(secrets, events_hold_what_they_say_and_nothing_else)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct kcopyd_event event;
	unsigned int seen = 0;

	start_job(kcopyd, caller);
	do {
		memset(&event, OLD, sizeof(event));
		cr_assert_eq(read(kcopyd, &event, sizeof(event)),
			     sizeof(event));
		expect_clean_event(&event);
		seen |= 1U << event.type;
	} while (event.type != KCOPYD_EVENT_DONE);
	/* All five of them. */
	cr_assert_eq(seen, 0x3e, "%#x", seen);
	close(kcopyd);
	close(caller);
}

static void expect_clean_status(int kcopyd, uint64_t job)
{
	struct kcopyd_region_status regions[3];
	struct kcopyd_status status = {
		.size = sizeof(status),
		.job = job,
		.nr_regions = 3,
	};

	memset((char *)&status + 16, OLD, sizeof(status) - 16);
	memset(regions, OLD, sizeof(regions));
	status.regions = (uintptr_t)regions;
	status.nr_regions = 3;
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_STATUS, &status), 0, "%m");
	expect_clean(&status, sizeof(status), "status");
	expect_zero(status.digest + status.digest_len,
		    sizeof(status.digest) - status.digest_len, "the digest");
	for (unsigned int i = 0; i < 3; i++) {
		expect_clean(&regions[i], sizeof(regions[i]), "a region");
		EXPECT_ZERO(regions[i].pad, "a region");
	}
}

static void expect_clean_extents(int kcopyd, uint64_t job)
{
	struct kcopyd_extent list[4];
	struct kcopyd_extents extents = {
		.size = sizeof(extents),
		.nr = 4,
		.job = job,
		.extents = (uintptr_t)list,
	};

	memset(list, OLD, sizeof(list));
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_EXTENTS, &extents), 0, "%m");
	cr_assert_gt(extents.nr, 0);
	for (unsigned int i = 0; i < extents.nr; i++) {
		expect_clean(&list[i], sizeof(list[i]), "an extent");
		EXPECT_ZERO(list[i].pad, "an extent");
	}
}

RIG_TEST(secrets, calls_tell_what_they_say_and_nothing_else)
{
	struct kcopyd_info info = { .size = sizeof(info) };
	int caller = caller_open(), kcopyd = job_device_open(0);
	uint64_t job;

	memset((char *)&info + 4, OLD, sizeof(info) - 4);
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_INFO, &info), 0, "%m");
	expect_clean(&info, sizeof(info), "info");
	cr_assert_eq(memchr((char *)&info + 4, OLD, sizeof(info) - 4), NULL);
	job = start_job(kcopyd, caller);
	expect_clean_status(kcopyd, job);
	job_wait(kcopyd, job);
	expect_clean_status(kcopyd, job);
	expect_clean_extents(kcopyd, job);
	close(kcopyd);
	close(caller);
}

static struct kcopyd_submit submit_to(const struct kcopyd_target *dest)
{
	return (struct kcopyd_submit){
		.size = sizeof(struct kcopyd_submit),
		.source.fd = device_open("/dev/kt-src", O_RDONLY),
		.length = 4 * MIB,
		.dests = (uintptr_t)dest,
		.nr_dests = 1,
		.rate = 64 * KIB,
		/* What is written over. */
		.job = ~0ULL,
		.reason = ~0U,
		.region = ~0U,
	};
}

/* But for its number, or why there is none, all is as it was. */
static void expect_answer(struct kcopyd_submit is, struct kcopyd_submit was)
{
	was.job = is.job;
	was.reason = is.reason;
	was.region = is.region;
	cr_assert_eq(memcmp(&is, &was, sizeof(is)), 0, "more was written");
	expect_clean(&is, sizeof(is), "a submission");
}

static uint64_t expect_clean_submission(int kcopyd,
					const struct kcopyd_target *dest)
{
	struct kcopyd_submit submit = submit_to(dest), was;

	/* Not one of its blocks. */
	submit.length++;
	was = submit;
	cr_assert_neq(ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit), 0);
	expect_answer(submit, was);
	cr_assert_eq(submit.reason, KCOPYD_REASON_UNALIGNED);
	cr_assert_eq(submit.job, 0);
	submit.length--;
	was = submit;
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit), 0, "%m");
	expect_answer(submit, was);
	cr_assert_eq(submit.reason, KCOPYD_REASON_NONE);
	close(submit.source.fd);
	return submit.job;
}

RIG_TEST(secrets, calls_write_their_answers_and_nothing_else)
{
	int caller = caller_open(), kcopyd = job_device_open(0);
	struct kcopyd_control control = {
		.size = sizeof(control),
		.op = KCOPYD_CONTROL_PAUSE,
	}, control_was;
	struct kcopyd_cancel cancel = {
		.size = sizeof(cancel),
		.timeout_ms = 20000,
	}, cancel_was;
	struct kcopyd_target dest = {};

	test_disk_create_filled(caller, "src", (struct test_disk_options){},
				SOURCE);
	test_disk_create_filled(caller, "d0", (struct test_disk_options){},
				DEST);
	dest.fd = device_open("/dev/kt-d0", O_RDWR | O_EXCL);
	control.job = expect_clean_submission(kcopyd, &dest);
	cancel.job = control.job;
	control_was = control;
	cancel_was = cancel;
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_CONTROL, &control), 0, "%m");
	cr_assert_eq(ioctl(kcopyd, KCOPYD_IOC_CANCEL, &cancel), 0, "%m");
	cr_assert_eq(memcmp(&control, &control_was, sizeof(control)), 0);
	cr_assert_eq(memcmp(&cancel, &cancel_was, sizeof(cancel)), 0);
	close(dest.fd);
	close(kcopyd);
	close(caller);
}

/* Links are pinned there, too. */
static bool is_map(int fd)
{
	char path[32], name[64] = {};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, name, sizeof(name) - 1) > 0 &&
	       strstr(name, "bpf-map");
}

/* Each value of one map; returns how many. */
static unsigned int expect_clean_map(const char *path)
{
	static char key[64], value[64 * KIB];
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(path);
	unsigned int nr = 0;

	cr_assert_geq(fd, 0, "%s: %m", path);
	if (!is_map(fd)) {
		close(fd);
		return 0;
	}
	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0, "%m");
	cr_assert_leq(info.key_size, sizeof(key));
	cr_assert_leq(info.value_size * (size_t)sysconf(_SC_NPROCESSORS_CONF),
		      sizeof(value));
	for (int end = bpf_map_get_next_key(fd, NULL, key); !end;
	     end = bpf_map_get_next_key(fd, key, key)) {
		memset(value, 0, sizeof(value));
		if (bpf_map_lookup_elem(fd, key, value))
			continue;
		expect_clean(key, info.key_size, path);
		expect_clean(value, sizeof(value), path);
		nr++;
	}
	close(fd);
	return nr;
}

RIG_TEST(secrets, maps_hold_nothing_of_the_kernels_memory)
{
	unsigned int records = 0;
	int caller, kcopyd;
	glob_t found;

	rig_one_processor();
	ctl_load();
	caller = caller_open();
	kcopyd = job_device_open(0);
	job_wait(kcopyd, start_job(kcopyd, caller));
	close(kcopyd);
	cr_assert_eq(glob(KCOPYD_PIN_DIR "/*", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		records += expect_clean_map(found.gl_pathv[i]);
	globfree(&found);
	close(caller);
	/* A job, three regions, devices, heat, counters at least. */
	cr_assert_gt(records, 10, "%u", records);
	ctl_unload();
}

/* "field:u32 dev; offset:24; size:4; signed:0;" of a plain number. */
static bool is_number(const char *field)
{
	static const char *const types[] = {
		"u64 ",		  "u32 ",
		"u16 ",		  "u8 ",
		"s64 ",		  "s32 ",
		"int ",		  "bool ",
		"__u64 ",	  "__u32 ",
		"__s32 ",	  "dev_t ",
		"sector_t ",	  "unsigned int ",
		"unsigned long ", "unsigned long long ",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		if (!strncmp(field, types[i], strlen(types[i])))
			return !strpbrk(field, "*[");
	return false;
}

static unsigned int number_behind(const char *line, const char *name)
{
	const char *found = strstr(line, name);

	cr_assert_not_null(found, "%s: no %s", line, name);
	return strtoul(found + strlen(name), NULL, 10);
}

/*
 * Numbers, and nothing between or behind them, where the ring would keep what
 * its memory held before.
 */
static unsigned int expect_numbers(const char *path)
{
	char *text = strdup(file_text(path)), *rest = text, *line;
	unsigned int nr = 0, end = 0;

	while ((line = strsep(&rest, "\n"))) {
		char *field = strstr(line, "field:");

		if (field) {
			cr_assert_eq(number_behind(line, "offset:"), end,
				     "%s: a hole before %s", path, line);
			end += number_behind(line, "size:");
		}
		if (field && !strstr(line, "common_")) {
			*strchr(field, ';') = 0;
			cr_assert(is_number(field + 6), "%s: %s", path, field);
			nr++;
		}
		/* Also not as a hash of it. */
		if (!strncmp(line, "print fmt", 9))
			cr_assert_null(strstr(line, "%p"), "%s: %s", path,
				       line);
	}
	cr_assert_eq(end % sizeof(uint64_t), 0, "%s: a hole at the end", path);
	free(text);
	return nr;
}

RIG_TEST(secrets, tracepoints_have_numbers_and_no_addresses)
{
	unsigned int fields = 0;
	glob_t found;

	cr_assert_eq(glob("/sys/kernel/tracing/events/kcopyd/*/format", 0, NULL,
			  &found),
		     0);
	cr_assert_geq(found.gl_pathc, 7);
	for (size_t i = 0; i < found.gl_pathc; i++)
		fields += expect_numbers(found.gl_pathv[i]);
	globfree(&found);
	cr_assert_gt(fields, 40, "%u", fields);
}
