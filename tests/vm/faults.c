// SPDX-License-Identifier: GPL-2.0-or-later
/* Failures made by the kernel, by /proc/self/fail-nth and by debugfs. */
#include <glob.h>
#include <sys/syscall.h>

#include "faults.h"

#define DEBUGFS "/sys/kernel/debug/"
#define FAIL_NTH "/proc/thread-self/fail-nth"
#define MOST 1000000

static const char *const kinds[] = {
	"failslab",
	"fail_page_alloc",
	"fail_usercopy",
	"fail_make_request",
};

/* In kinds[]; the first ones are enum faults_memory. */
enum { PAGES = 1, REQUESTS = 3 };

/* Of kinds[]: bits of what faults_stop() looks at. */
static unsigned int running;

/* ---- attributes ---------------------------------------------------------- */

static bool attribute_try(const char *kind, const char *name, const char *value)
{
	char path[128];
	bool written;
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", kind, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd >= 0 &&
		  write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd >= 0)
		close(fd);
	return written;
}

static void attribute(const char *kind, const char *name, const char *value)
{
	cr_assert(attribute_try(kind, name, value), "%s/%s = %s: %m", kind,
		  name, value);
}

static void attribute_number(const char *kind, const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	attribute(kind, name, text);
}

static long attribute_get(const char *kind, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", kind, name);
	return strtol(file_text(path), NULL, 0);
}

/* As they are when nothing was asked for, and silent. */
static void attributes_reset(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		attribute_try(kinds[i], "probability", "0");
		attribute_try(kinds[i], "interval", "1");
		attribute_try(kinds[i], "times", "1");
		attribute_try(kinds[i], "space", "0");
		attribute_try(kinds[i], "verbose", "0");
		attribute_try(kinds[i], "task-filter", "N");
		attribute_try(kinds[i], "stacktrace-depth", "32");
		attribute_try(kinds[i], "require-start", "0");
		attribute_try(kinds[i], "require-end", "0xffffffffffffffff");
		attribute_try(kinds[i], "reject-start", "0");
		attribute_try(kinds[i], "reject-end", "0");
	}
	/* Also what may sleep, and single pages, as most allocations are. */
	attribute_try("failslab", "ignore-gfp-wait", "N");
	attribute_try("fail_page_alloc", "ignore-gfp-wait", "N");
	attribute_try("fail_page_alloc", "ignore-gfp-highmem", "N");
	attribute_try("fail_page_alloc", "min-order", "0");
}

static void disks_unmark(void)
{
	glob_t found;
	int fd;

	if (glob("/sys/block/*/make-it-fail", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		fd = open(found.gl_pathv[i], O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, "0", 1) != 1)
			cr_log_info("%s: %m", found.gl_pathv[i]);
		close(fd);
	}
	globfree(&found);
}

void faults_begin(void)
{
	if (access(FAIL_NTH, W_OK) || access(DEBUGFS "failslab", F_OK) ||
	    access(DEBUGFS "failslab/require-start", F_OK))
		cr_skip_test("this kernel makes no failures");
	attributes_reset();
}

void faults_fini(void)
{
	attributes_reset();
	disks_unmark();
	rig_fini();
}

/* ---- where --------------------------------------------------------------- */

static void limit(const char *what, unsigned long first, unsigned long end)
{
	char name[32], from[32], to[32];

	snprintf(from, sizeof(from), "%#lx", first);
	snprintf(to, sizeof(to), "%#lx", end);
	/* Requests are told apart by their disks. */
	for (unsigned int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s-end", what);
		attribute(kinds[i], name, to);
		snprintf(name, sizeof(name), "%s-start", what);
		attribute(kinds[i], name, from);
	}
}

/* Its code ends where the next one's begins. */
static void limit_to_function(const char *what, const char *function)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long address, first = 0, end = ~0UL;
	char line[512], name[256], type;

	cr_assert_not_null(symbols);
	while (!first && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%lx %c %255s", &address, &type, name) == 3 &&
		    !strcmp(name, function))
			first = address;
	cr_assert_neq(first, 0, "no address of %s", function);
	rewind(symbols);
	while (fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%lx", &address) == 1 && address > first &&
		    address < end)
			end = address;
	fclose(symbols);
	limit(what, first, end);
}

void faults_within(const char *function)
{
	limit_to_function("require", function);
}

void faults_not_within(const char *function)
{
	limit_to_function("reject", function);
}

void faults_within_module(const char *module)
{
	FILE *modules = fopen("/proc/modules", "re");
	unsigned long first = 0, size = 0;
	char line[1024], name[64];

	cr_assert_not_null(modules);
	while (!first && fgets(line, sizeof(line), modules))
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size,
			   &first) != 3 ||
		    strcmp(name, module))
			first = 0;
	fclose(modules);
	cr_assert_neq(first, 0, "the address of %s is not to be had", module);
	limit("require", first, first + size);
}

/* ---- by number ----------------------------------------------------------- */

static unsigned int step_after(const struct fault *fault)
{
	if (!fault->coarse && rig_number("KCOPYD_ALL_FAULTS", 0))
		return 1;
	return 1 + fault->nr / 4;
}

bool fault_advance(struct fault *fault)
{
	if (fault->nr && !fault->hit) {
		cr_assert_gt(fault->hits, 0, "nothing failed");
		cr_log_info("%u turns, fewer than %u places\n", fault->hits,
			    fault->nr);
		return false;
	}
	fault->nr += fault->nr ? step_after(fault) : 1;
	cr_assert_lt(fault->nr, MOST, "there is no end of what can fail");
	fault->hit = false;
	return true;
}

static int nth_open(void)
{
	return open(FAIL_NTH, O_RDWR | O_CLOEXEC);
}

static int nth = -1;

void fault_arm(const struct fault *fault)
{
	char text[16];

	if (nth < 0)
		nth = nth_open();
	cr_assert_geq(nth, 0, FAIL_NTH ": %m");
	snprintf(text, sizeof(text), "%u", fault->nr);
	cr_assert_gt(pwrite(nth, text, strlen(text), 0), 0, "%m");
}

/*
 * The look itself copies something to user space. When that is what fails, the
 * one in question did not come; the number is gone then.
 */
bool fault_disarm(struct fault *fault)
{
	const int err = errno;
	char left[16] = {};
	bool looked = pread(nth, left, sizeof(left) - 1, 0) > 0;

	if (pwrite(nth, "0", 1, 0) != 1 && pwrite(nth, "0", 1, 0) != 1)
		cr_assert_fail("failures can't be stopped: %m");
	fault->hit = looked && !strtoul(left, NULL, 10);
	fault->hits += fault->hit;
	errno = err;
	return fault->hit;
}

void fault_arm_for_good(unsigned int nr)
{
	int fd = nth_open();

	if (fd >= 0)
		dprintf(fd, "%u", nr);
	/* The descriptor goes with the exec(). */
}

bool fault_was_hit(pid_t pid, struct fault *fault)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	fault->hit = !strtoul(file_text(path), NULL, 10);
	fault->hits += fault->hit;
	return fault->hit;
}

/* ---- in a row ------------------------------------------------------------ */

static void start(unsigned int kind, unsigned int times)
{
	attribute_number(kinds[kind], "times", times);
	attribute_number(kinds[kind], "probability", 100);
	running |= 1U << kind;
}

void faults_of_memory(const char *module, enum faults_memory memory,
		      unsigned int times)
{
	if (module)
		faults_within_module(module);
	for (unsigned int kind = 0; kind < 2; kind++)
		if (memory & 1U << kind)
			start(kind, times);
}

void faults_of_pages(unsigned int order, unsigned int times)
{
	attribute_number(kinds[PAGES], "min-order", order);
	start(PAGES, times);
}

/* It fails where there is no more space than it has bytes. */
void faults_of_requests(uint64_t after, unsigned int times)
{
	attribute_number(kinds[REQUESTS], "space", after ? after + 1 : 0);
	start(REQUESTS, times);
}

void faults_mark_disk(const char *path)
{
	char attribute_path[256];
	int fd;

	snprintf(attribute_path, sizeof(attribute_path),
		 "/sys/class/block/%s/make-it-fail", strrchr(path, '/') + 1);
	fd = open(attribute_path, O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %m", attribute_path);
	cr_assert_eq(write(fd, "1", 1), 1, "%s: %m", attribute_path);
	close(fd);
}

/* Of all kinds that were started: how many did not come. */
static unsigned int left(void)
{
	unsigned int nr = 0;

	for (unsigned int kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		if (running & 1U << kind)
			nr += attribute_get(kinds[kind], "times");
	return nr;
}

bool faults_all_came(void)
{
	return !left();
}

unsigned int faults_so_many(unsigned int times)
{
	unsigned int asked = times * __builtin_popcount(running), nr;

	for (unsigned int kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		if (running & 1U << kind)
			attribute(kinds[kind], "probability", "0");
	nr = left();
	running = 0;
	attributes_reset();
	return asked - nr;
}

bool faults_stop(void)
{
	return !(faults_so_many(0));
}
