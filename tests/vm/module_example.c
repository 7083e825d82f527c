// SPDX-License-Identifier: GPL-2.0-or-later
/* The example for authors of modules copies, and lets go of all it took. */
#include <libkcopy.h>
#include <sys/wait.h>

#include "rig.h"

static void example_fini(void)
{
	if (module_loaded("kcopy_mirror"))
		module_try_unload("kcopy_mirror");
	rig_fini();
}

TestSuite(module_example, .fini = example_fini, .timeout = 900);

enum { SOURCE = 1, DEST = 11 };

#define STEP (64 * MIB)
#define STATUS "/sys/module/kcopy_mirror/parameters/status"
#define STATE "/sys/module/kcopy_mirror/initstate"

static const struct null_options small = { .mib = 8 };

static struct run mirror_try(const char *source, const char *dests)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/example/kcopy_mirror.ko",
		 getenv("KCOPYD_BUILD"));
	cr_assert_eq(access(path, R_OK), 0, "%s: %m", path);
	return run_any("insmod", path, source, dests);
}

static void mirror_begin(const char *source, const char *dests)
{
	struct run run = mirror_try(source, dests);

	cr_assert_eq(run.status, 0, "%s", run.err);
	run_free(&run);
}

/* Nothing of it stays, and the destination is nobody's. */
static void mirror_expect_refused(const char *source, const char *dests,
				  const char *why)
{
	struct run run = mirror_try(source, dests);

	cr_assert_eq(run.status, 1);
	cr_assert_not_null(strstr(run.err, why), "%s", run.err);
	cr_assert_not(module_loaded("kcopy_mirror"));
	cr_assert_not(device_is_busy("/dev/kt-a"));
	run_free(&run);
}

static const char *mirror_end(void)
{
	rig_wait_for(strncmp(file_text(STATUS), "copying", 7), 60,
		     "the end of the copy");
	return file_text(STATUS);
}

RIG_TEST(module_example, it_copies_to_every_destination)
{
	data_fill(null_create("src", small), SOURCE);
	data_fill(null_create("a", (struct null_options){ .mib = 9 }), DEST);
	data_fill(null_create("b", small), DEST);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-a,/dev/kt-b");
	cr_assert_str_eq(mirror_end(), "complete\n");
	data_expect_equal("/dev/kt-src", "/dev/kt-b");
	data_expect_copy("/dev/kt-a", &(struct data_copy){
					      .seed = DEST,
					      .length = 8 * MIB,
					      .source_seed = SOURCE,
				      });
	module_unload("kcopy_mirror");
	cr_assert_not(device_is_busy("/dev/kt-a"));
	cr_assert_not(device_is_busy("/dev/kt-b"));
}

RIG_TEST(module_example, it_takes_more_than_one_step)
{
	const struct null_options large = { .mib = 130 };

	data_fill_range(null_create("src", large), 0, MIB, SOURCE, 0);
	data_fill_range("/dev/kt-src", STEP - MIB, 2 * MIB, SOURCE, 7);
	data_fill_range("/dev/kt-src", 129 * MIB, MIB, SOURCE, 9);
	null_create("a", large);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-a");
	cr_assert_str_eq(mirror_end(), "complete\n");
	data_expect("/dev/kt-a", 0, MIB, SOURCE, 0);
	data_expect("/dev/kt-a", STEP - MIB, 2 * MIB, SOURCE, 7);
	data_expect("/dev/kt-a", 129 * MIB, MIB, SOURCE, 9);
	module_unload("kcopy_mirror");
}

RIG_TEST(module_example, kcopyd_stays_as_long_as_it_does)
{
	struct kcopy_module info;

	data_fill(null_create("src", small), SOURCE);
	null_create("a", small);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-a");
	mirror_end();
	module_unload("kcopyd_test");
	cr_assert_eq(module_try_unload("kcopyd"), -EWOULDBLOCK);
	cr_assert_eq(kcopy_module_info(&info), 0);
	cr_assert_not_null(strstr(info.holders, "kcopy_mirror"), "%s",
			   info.holders);
	module_unload("kcopy_mirror");
	module_unload("kcopyd");
}

/* The step under way is held until the unloading has begun. */
RIG_TEST(module_example, unloading_ends_the_copy_behind_its_step)
{
	const struct null_options large = { .mib = 130 };
	int status;
	pid_t pid;

	data_fill_range(null_create("src", large), 0, MIB, SOURCE, 0);
	data_fill_range("/dev/kt-src", STEP, MIB, SOURCE, 7);
	null_create("a", large);
	dm_create("held", "0 266240 linear /dev/kt-a 0");
	dm_suspend("held");
	mirror_begin("source=/dev/kt-src", "dests=/dev/mapper/kt-held");
	cr_assert_str_eq(file_text(STATUS), "copying 0 of 266240 sectors\n");
	pid = fork();
	if (!pid)
		_exit(-module_try_unload("kcopy_mirror"));
	rig_wait_for(!strcmp(file_text(STATE), "going\n"), 60, "the unloading");
	dm_resume("held");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_assert_not(module_loaded("kcopy_mirror"));
	data_expect("/dev/kt-a", 0, MIB, SOURCE, 0);
	data_expect_zeroes("/dev/kt-a", STEP, 2 * MIB);
	cr_assert_not(device_is_busy("/dev/mapper/kt-held"));
}

RIG_TEST(module_example, it_says_which_destination_failed)
{
	data_fill(null_create("src", small), SOURCE);
	null_create("a", small);
	null_create("b", small);
	null_make_bad("b", 1000, 8);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-a,/dev/kt-b");
	cr_assert_str_eq(mirror_end(), "error -5, read_err 0, write_err 0x2\n");
	module_unload("kcopy_mirror");
}

RIG_TEST(module_example, it_says_that_the_source_failed)
{
	data_fill(null_create("src", small), SOURCE);
	null_make_bad("src", 1000, 8);
	null_create("a", small);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-a");
	cr_assert_str_eq(mirror_end(), "error -5, read_err 1, write_err 0x0\n");
	module_unload("kcopy_mirror");
}

RIG_TEST(module_example, it_refuses_what_can_not_be_copied)
{
	null_create("src", small);
	data_fill(null_create("a", small), DEST);
	null_create("short", (struct null_options){ .mib = 7 });
	mirror_expect_refused("source=/dev/kt-src", "dests=/dev/kt-a",
			      strerror(ENODATA));
	data_fill("/dev/kt-src", SOURCE);
	mirror_expect_refused("source=/dev/kt-src",
			      "dests=/dev/kt-a,/dev/kt-short",
			      strerror(ENOSPC));
	mirror_expect_refused("source=/dev/null", "dests=/dev/kt-a",
			      strerror(ENOTBLK));
	mirror_expect_refused("source=/dev/kt-none", "dests=/dev/kt-a",
			      strerror(ENXIO));
	null_make_bad("src", 0, 8);
	mirror_expect_refused("source=/dev/kt-src", "dests=/dev/kt-a",
			      strerror(EIO));
	data_expect_untouched("/dev/kt-a", DEST);
}

RIG_TEST(module_example, it_says_that_kcopyd_took_no_step)
{
	data_fill(null_create("src", small), SOURCE);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-src");
	cr_assert_str_eq(mirror_end(),
			 "error -22, read_err 0, write_err 0x0\n");
	module_unload("kcopy_mirror");
	data_expect_untouched("/dev/kt-src", SOURCE);
}

RIG_TEST(module_example, what_is_in_the_page_cache_is_copied)
{
	char *data = malloc(MIB);
	int fd;

	data_fill(null_create("src", small), SOURCE);
	null_create("a", small);
	data_make(data, MIB, SOURCE + 1, 0);
	fd = device_open("/dev/kt-src", O_RDWR);
	cr_assert_eq(pwrite(fd, data, MIB, 0), (ssize_t)MIB);
	mirror_begin("source=/dev/kt-src", "dests=/dev/kt-a");
	cr_assert_str_eq(mirror_end(), "complete\n");
	data_expect("/dev/kt-a", 0, MIB, SOURCE + 1, 0);
	module_unload("kcopy_mirror");
	close(fd);
	free(data);
}
