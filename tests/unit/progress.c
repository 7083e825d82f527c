// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <libkcopy.h>
#include "cli/progress.h"

#define SEC 1000000000ULL
#define MIB (1ULL << 20)

static struct progress progress;
static char line[PROGRESS_LINE_MAX];

/* A copy of 1000 MiB that does 100 MiB each second. */
static void run_for(unsigned int seconds)
{
	unsigned int i;

	progress_init(&progress, 1000 * MIB);
	for (i = 0; i <= 10 * seconds; i++)
		progress_add(&progress, 5 * SEC + i * SEC / 10, i * 10 * MIB);
}

Test(progress, shows_percent_rate_eta_and_bytes)
{
	run_for(4);
	cr_expect_str_eq(progress_line(&progress, 80, line),
			 " 40.0%  100 MiB/s  ETA 0:00:06  400 MiB of 1000 MiB");
}

Test(progress, leaves_out_what_does_not_fit_in_whole_parts)
{
	size_t width;

	run_for(4);
	cr_expect_str_eq(progress_line(&progress, 31, line),
			 " 40.0%  100 MiB/s  ETA 0:00:06");
	cr_expect_str_eq(progress_line(&progress, 20, line),
			 " 40.0%  100 MiB/s");
	cr_expect_str_eq(progress_line(&progress, 6, line), " 40.0%");
	cr_expect_str_eq(progress_line(&progress, 0, line), "");
	for (width = 0; width < 120; width++)
		cr_expect_leq(strlen(progress_line(&progress, width, line)),
			      width);
}

Test(progress, names_the_destination_that_is_behind)
{
	run_for(4);
	strcpy(progress.slowest, "/dev/disk/by-id/ata-X");
	/* A hundredth, or 64 MiB if that is less. */
	progress.lag = 9 * MIB;
	cr_expect_null(strstr(progress_line(&progress, 80, line), "behind"));
	progress.lag = 10 * MIB;
	cr_expect_str_eq(
		progress_line(&progress, 80, line),
		" 40.0%  100 MiB/s  ETA 0:00:06  ata-X 10.0 MiB behind  400 MiB of 1000 MiB");
	progress.total = 100000 * MIB;
	progress.lag = 64 * MIB;
	cr_expect_not_null(strstr(progress_line(&progress, 80, line),
				  "ata-X 64.0 MiB behind"));
	progress.total = 10 * MIB;
	progress.lag = MIB - 1;
	cr_expect_null(strstr(progress_line(&progress, 80, line), "behind"));
}

Test(progress, knows_no_eta_before_anything_moved)
{
	progress_init(&progress, 10 * MIB);
	progress_add(&progress, SEC, 0);
	progress_add(&progress, 3 * SEC, 0);
	cr_expect_str_eq(progress_line(&progress, 80, line),
			 "  0.0%  0 B/s  ETA -:--:--  0 B of 10.0 MiB");
}

Test(progress, is_complete_when_there_is_nothing_to_do)
{
	progress_init(&progress, 0);
	progress_add(&progress, SEC, 0);
	cr_expect_eq(strncmp(progress_line(&progress, 80, line), "100.0%", 6),
		     0);
}

Test(progress, rounds_percent_down_until_the_last_byte)
{
	progress_init(&progress, 1ULL << 60);
	progress_add(&progress, SEC, 0);
	progress_add(&progress, 2 * SEC, (1ULL << 60) - 1);
	cr_expect_eq(strncmp(progress_line(&progress, 80, line), " 99.9%", 6),
		     0);
}

Test(progress, tells_failed_destinations_and_states)
{
	run_for(1);
	progress.failed = 2;
	progress.state = "flushing";
	cr_expect_not_null(strstr(progress_line(&progress, 120, line),
				  "  2 failed  flushing  "));
}

Test(progress, rate_is_that_of_the_recent_past)
{
	unsigned int i;

	run_for(4);
	/* From here on, ten times slower: after the window only that counts. */
	for (i = 1; i <= 100; i++)
		progress_add(&progress, 9 * SEC + i * SEC / 10,
			     400 * MIB + i * MIB);
	cr_expect_eq(progress_rate(&progress), 10 * MIB);
}

Test(progress, falls_to_nothing_when_the_copy_stalls)
{
	unsigned int i;

	run_for(4);
	for (i = 1; i <= 100; i++)
		progress_add(&progress, 9 * SEC + i * SEC / 10, 400 * MIB);
	cr_expect_eq(progress_rate(&progress), 0);
}

Test(progress, bears_samples_at_the_same_instant)
{
	progress_init(&progress, 100);
	progress_add(&progress, SEC, 0);
	progress_add(&progress, SEC, 50);
	cr_expect_eq(progress_rate(&progress), 0);
}

static uint64_t number(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	cr_expect(json_object_is_type(value, json_type_int), "'%s'", key);
	return json_object_get_uint64(value);
}

Test(progress, as_json_has_integers)
{
	struct json_object *object;

	run_for(4);
	object = progress_json(&progress, 7);
	cr_expect_eq(number(object, "schema"), 1);
	cr_expect_eq(number(object, "job"), 7);
	cr_expect_eq(number(object, "bytes"), 400 * MIB);
	cr_expect_eq(number(object, "total"), 1000 * MIB);
	cr_expect_eq(number(object, "bytes_per_second"), 100 * MIB);
	cr_expect_eq(number(object, "elapsed_ns"), 4 * SEC);
	cr_expect_eq(number(object, "eta_ns"), 6 * SEC);
	json_object_put(object);
}

Test(progress, as_json_has_null_for_an_unknown_eta)
{
	struct json_object *object, *value;

	progress_init(&progress, 10);
	progress_add(&progress, SEC, 0);
	object = progress_json(&progress, 7);
	cr_expect(json_object_object_get_ex(object, "eta_ns", &value));
	cr_expect_null(value);
	json_object_put(object);
}
