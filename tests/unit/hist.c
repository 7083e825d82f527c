// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "cli/hist.h"

/* What is drawn; free() it. */
static char *draw(const struct kcopyd_latency *lat)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	hist_print(file, lat);
	fclose(file);
	return text;
}

static unsigned int count(const char *text, char wanted)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += *text == wanted;
	return nr;
}

Test(hist, of_nothing_says_so)
{
	struct kcopyd_latency lat = {};
	char *text = draw(&lat);

	cr_expect_str_eq(text, "  nothing measured\n");
	free(text);
}

Test(hist, has_a_line_for_each_slot_between_the_first_and_last_in_use)
{
	struct kcopyd_latency lat = {};
	char *text;

	lat.hist[10] = 100;
	lat.hist[14] = 50;
	text = draw(&lat);
	cr_expect_eq(count(text, '\n'), 5);
	cr_expect_eq(count(text, '#'), 40 + 20);
	free(text);
}

Test(hist, shows_a_single_io_beside_millions)
{
	struct kcopyd_latency lat = {};
	char *text;

	lat.hist[0] = UINT64_MAX / 2;
	lat.hist[KCOPYD_HIST_SLOTS - 1] = 1;
	text = draw(&lat);
	cr_expect_eq(count(text, '#'), 40 + 1);
	free(text);
}
