// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <string.h>
#include "cli/stats.h"
#include "made_up.h"

static struct snapshot before, now;
static char *text;

static void init(void)
{
	made_up_snapshots(&before, &now);
}

static void fini(void)
{
	free(text);
	text = NULL;
}

TestSuite(stats_notes, .init = init, .fini = fini);

static const char *said(void (*say)(FILE *, const struct snapshot *),
			const struct snapshot *snapshot)
{
	size_t size;
	FILE *file;

	free(text);
	file = open_memstream(&text, &size);
	say(file, snapshot);
	fclose(file);
	return text;
}

Test(stats_notes, say_nothing_of_what_is_usual)
{
	cr_expect_str_eq(said(stats_job_notes, &before), "");
	cr_expect_str_eq(said(stats_device_notes, &before), "");
	cr_expect_str_eq(said(stats_losses, &before), "");
}

Test(stats_notes, are_a_line_a_region_and_a_line_a_job)
{
	now.regions[0].stats.verifies = 2;
	now.regions[3].stats.retries = 12;
	now.regions[3].stats.zeroes = 4;
	now.regions[3].stats.refused = 1;
	now.jobs[1].stats.throttles = 8;
	now.jobs[1].stats.throttle_ns = 1200000000;
	cr_expect_str_eq(
		said(stats_job_notes, &now),
		"job 5, region 0: 2 read back\n"
		"job 7, region 1: 12 retries, 4 write-zeroes, 1 refused by the device\n"
		"job 7, region 2: last error: Input/output error\n"
		"job 7: throttled 8 times, 1.20 s, write_err 0x2, failed regions: 2\n");
}

Test(stats_notes, of_devices_tell_the_operation)
{
	now.devices[0].stats.direct = 1;
	cr_expect_str_eq(
		said(stats_device_notes, &now),
		"4000:1, read: 1 of a dm-io call\n"
		"4000:3, write: 6 retries, last error: Input/output error\n");
}

Test(stats_notes, every_loss_is_told_with_an_advice)
{
	struct loss losses[SNAPSHOT_LOSSES];
	char number[32];

	for (unsigned int i = 0; i < KCOPYD_COUNTERS; i++)
		now.counters[i] = 1000 + i;
	now.misses = 2000;
	said(stats_losses, &now);
	snapshot_losses(&now, losses);
	for (size_t i = 0; i < SNAPSHOT_LOSSES; i++) {
		snprintf(number, sizeof(number), "not counted: %lu ",
			 losses[i].count);
		cr_expect_not_null(strstr(text, number), "no '%s' in\n%s",
				   number, text);
		cr_expect_gt(strlen(losses[i].advice), 0);
		cr_expect_not_null(strstr(text, losses[i].advice));
	}
}
