// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "cli/follow.h"
#include "cli/manifest.h"
#include "cli/manifest_compare.h"

#define MAGIC "# kcopyd manifest 1\n"
/* Of "kcopyd", and of no bytes. */
#define DIGEST \
	"c2887e17c750520fb4486a6403b888af65289179c0b35b09d473f8ba6820c1b9"
#define OTHER "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct extents extents;
static struct comparison comparison;
static struct manifest sums;
/* Of this test alone: others run beside it. */
static char path[32];

static void begin(void)
{
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/kcopyd-unit-%d", getpid());
	file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs("kcopyd", file);
	fclose(file);
	comparison = (struct comparison){ .extents = &extents, .sums = &sums };
	cr_assert_eq(direct_open(&comparison.direct, path), 0);
}

static void end(void)
{
	direct_close(&comparison.direct);
	extents_free(&extents);
	unlink(path);
}

TestSuite(manifest_compare, .init = begin, .fini = end);

/* A text that says @first when it is read, and @second when it is used. */
static int compare(const char *first, const char *second)
{
	const struct display_options options = { .mode = PROGRESS_NEVER };
	struct tracker tracker;
	FILE *file;
	int err;

	file = fmemopen((void *)first, strlen(first), "r");
	cr_assert_null(manifest_scan(&sums, file));
	fclose(file);
	file = fmemopen((void *)second, strlen(second), "r");
	comparison.manifest = file;
	tracker_init(&tracker, &options, sums.end, 0);
	err = manifest_compare(&comparison, &tracker);
	tracker_end(&tracker, 0);
	fclose(file);
	return err;
}

Test(manifest_compare, finds_what_is_equal)
{
	static const char text[] = MAGIC "0 6 " DIGEST "\nwhole 6 " DIGEST "\n";

	cr_assert_eq(compare(text, text), 0);
	cr_expect_eq(comparison.error, 0);
	cr_expect_eq(comparison.compared, 6);
}

Test(manifest_compare, finds_what_differs)
{
	static const char text[] = MAGIC "0 6 " OTHER "\nwhole 6 " OTHER "\n";

	cr_assert_eq(compare(text, text), 0);
	cr_expect_eq(comparison.error, -EILSEQ);
	cr_expect(comparison.differs);
}

/* As good as the first, but another: it must not count for anything. */
Test(manifest_compare, takes_no_text_that_changed_since_it_was_read)
{
	static const char text[] = MAGIC "0 6 " DIGEST "\nwhole 6 " DIGEST "\n";
	static const char gap[] = MAGIC "0 6 unreadable\nwhole 6 unreadable\n";
	static const char other[] = MAGIC "0 6 " OTHER "\nwhole 6 " DIGEST "\n";

	cr_expect_eq(compare(text, gap), -ESTALE);
	cr_expect_eq(compare(text, other), -ESTALE);
	cr_expect_eq(compare(gap, text), -ESTALE);
}
