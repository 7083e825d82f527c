// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that nobody knows any more, as kmemleak finds it, after all that the
 * suites before this one did: those of failures above all. Suites run in the
 * order of their names, so this one's is the last.
 */
#include <sys/ioctl.h>

#include "caller.h"

TestSuite(zz_leaks, RIG_SUITE);

#define KMEMLEAK "/sys/kernel/debug/kmemleak"
/* Younger objects are not looked at. */
#define AGE_MS 6000
/* A stale pointer to one of them may be anywhere, but not to all. */
enum { LEAKED = 8 };

/* By whoever started the tests: no other kernel has kmemleak. */
static bool is_asked_for(void)
{
	return rig_number("KCOPYD_LEAKS", 0) && rig_on_debug_kernel();
}

/* It also turns itself off, when it has no memory left for what it notes. */
static void begin(void)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	const bool works = fd >= 0 && write(fd, "scan=off", 8) == 8;

	if (!works && !is_asked_for())
		cr_skip_test("kmemleak is not there, or off");
	cr_assert(works, "kmemleak is not there, or off: %m");
	close(fd);
}

static void kmemleak(const char *command)
{
	int fd = device_open(KMEMLEAK, O_WRONLY);

	cr_assert_eq(write(fd, command, strlen(command)),
		     (ssize_t)strlen(command), "%s: %m", command);
	close(fd);
}

/*
 * The modules' own functions, also where they were in a module that has been
 * unloaded since: then only the address is left, as nothing of the kernel
 * itself has it. Kernels differ in whether the address comes first anyway.
 */
static bool is_ours(const char *line)
{
	const char *end = strstr(line, ">] "),
		   *function = end ? end + 3 : line + strspn(line, " ");

	return strstr(function, "[kcopyd") ||
	       !strncmp(function, "0xffffffff", 10);
}

/* Of ours; the first is told. */
static unsigned int count_leaks(char *first, size_t size)
{
	FILE *file = fopen(KMEMLEAK, "re");
	char line[512], object[4096] = "";
	unsigned int nr = 0;
	bool ours = false;

	cr_assert_not_null(file);
	*first = 0;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "unreferenced object", 19)) {
			object[0] = 0;
			ours = false;
		}
		if (strlen(object) + strlen(line) < sizeof(object))
			strcat(object, line);
		if (!ours && is_ours(line)) {
			ours = true;
			nr++;
		}
		if (ours && nr == 1)
			snprintf(first, size, "%s", object);
	}
	fclose(file);
	return nr;
}

/* Twice, since what is on the move can be missed once. */
static unsigned int find_leaks(char *first, size_t size)
{
	rig_sleep_ms(AGE_MS);
	kmemleak("scan");
	rig_sleep_ms(AGE_MS);
	kmemleak("scan");
	return count_leaks(first, size);
}

RIG_TEST(zz_leaks, everything_that_was_allocated_was_freed)
{
	char first[4096];
	unsigned int nr;

	begin();
	nr = find_leaks(first, sizeof(first));
	cr_assert_eq(nr, 0, "%u leaks, as\n%s", nr, first);
}

/* What follows is the proof that the one above would see it. */
static void leak(void)
{
	int caller = caller_open();

	kmemleak("clear");
	for (unsigned int i = 0; i < LEAKED; i++)
		cr_assert_eq(ioctl(caller, KCOPYD_TEST_LEAK), 0, "%m");
	close(caller);
}

static void expect_found(void)
{
	char first[4096];
	unsigned int nr = find_leaks(first, sizeof(first));

	cr_log_info("%u of %u found, as\n%s", nr, LEAKED, first);
	kmemleak("clear");
	cr_assert_gt(nr, 0);
	cr_assert_leq(nr, LEAKED, "%u", nr);
}

RIG_TEST(zz_leaks, the_search_finds_what_was_leaked)
{
	begin();
	leak();
	expect_found();
}

RIG_TEST(zz_leaks, the_search_finds_what_an_unloaded_module_leaked)
{
	begin();
	leak();
	module_unload("kcopyd_test");
	expect_found();
}
