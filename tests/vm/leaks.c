// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that nobody knows any more, as kmemleak finds it, after all that the
 * suites before this one did: those of failures above all.
 */
#include <sys/ioctl.h>

#include "caller.h"

TestSuite(leaks, RIG_SUITE);

#define KMEMLEAK "/sys/kernel/debug/kmemleak"
/* Younger objects are not looked at. */
#define AGE_MS 6000

static void begin(void)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "scan=off", 8) != 8)
		cr_skip_test("kmemleak is not there, or off");
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
 * unloaded since: then only the address is left, in the range of modules.
 */
static bool is_ours(const char *line)
{
	return strstr(line, "[kcopyd") || strstr(line, "] 0xffffffffc");
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

RIG_TEST(leaks, everything_that_was_allocated_was_freed)
{
	char first[4096];
	unsigned int nr;

	begin();
	nr = find_leaks(first, sizeof(first));
	cr_assert_eq(nr, 0, "%u leaks, as\n%s", nr, first);
}

/* The proof that the one above would see it. */
RIG_TEST(leaks, the_search_finds_what_was_leaked)
{
	char first[4096];
	int caller;

	begin();
	kmemleak("clear");
	caller = caller_open();
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_eq(ioctl(caller, KCOPYD_TEST_LEAK), 0, "%m");
	close(caller);
	cr_assert_gt(find_leaks(first, sizeof(first)), 0);
	kmemleak("clear");
}
