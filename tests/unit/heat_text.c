// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <string.h>
#include "cli/heat_text.h"
#include "made_heat.h"

/* 1 GiB: fast, then slow, then failing; nothing at its end. */
static struct kcopy_heat *made_disk(void)
{
	struct kcopy_heat *heat = made_device(GIB);

	made_ios(heat, 0, 2048, 4, 100000);
	made_ios(heat, 2048, 3072, 4, 20000000);
	made_ios(heat, 3072, 3200, 1, 900);
	made_errors(heat, 3072, 3200, 1);
	return heat;
}

/* What is drawn of a device; free() it. */
static char *draw(const struct kcopy_heat *heat, enum heat_what what,
		  enum heat_ink ink, unsigned int width, size_t rows)
{
	struct heat_text text = { .ink = ink, .width = width };
	struct heat_grid grid;
	char *drawn = NULL;
	size_t size;

	text.file = open_memstream(&drawn, &size);
	cr_assert_eq(
		heat_grid_init(&grid, heat, heat_text_columns(&text), rows), 0);
	heat_text_grid(&text, "/dev/sdb", &grid, what);
	heat_grid_free(&grid);
	fclose(text.file);
	return drawn;
}

static void expect_drawn(char *drawn, const char *wanted)
{
	cr_expect_str_eq(drawn, wanted, "\n%s", drawn);
	free(drawn);
}

Test(heat_text, latency_is_a_ramp_of_characters)
{
	struct kcopy_heat *heat = made_disk();

	expect_drawn(draw(heat, HEAT_MEAN, HEAT_INK_NONE, 48, 4),
		     "/dev/sdb, 1.00 GiB, a cell is 8.00 MiB\n"
		     "       0 B |::::::::::::::::::::::::::::::::|\n"
		     "   256 MiB |::::::::::::::::::::::::::::::::|\n"
		     "   512 MiB |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		     "   768 MiB |XXXX                            |\n"
		     "mean latency: 100 us :-=+*#%@ 20 ms, log scale\n"
		     "X errors   blank: no I/O\n");
	free(heat);
}

Test(heat_text, errors_have_their_own_view)
{
	struct kcopy_heat *heat = made_disk();

	made_errors(heat, 0, 32, 3);
	expect_drawn(draw(heat, HEAT_ERRORS, HEAT_INK_NONE, 48, 4),
		     "/dev/sdb, 1.00 GiB, a cell is 8.00 MiB\n"
		     "       0 B |@...............................|\n"
		     "   256 MiB |................................|\n"
		     "   512 MiB |................................|\n"
		     "   768 MiB |====                            |\n"
		     "errors: 20 :-=+*#%@ 100, log scale\n"
		     ". no error   blank: no I/O\n");
	free(heat);
}

Test(heat_text, a_tiny_device_has_a_short_row)
{
	struct kcopy_heat *heat = made_device(5 * 65536);

	made_ios(heat, 0, 2, 1, 1000000);
	made_ios(heat, 4, 5, 1, 1000000);
	expect_drawn(draw(heat, HEAT_MAX, HEAT_INK_NONE, 80, 16),
		     "/dev/sdb, 320 KiB, a cell is 64.0 KiB\n"
		     "       0 B |++  +|\n"
		     "greatest latency: 1 ms :-=+*#%@ 5 ms, log scale\n"
		     "X errors   blank: no I/O\n");
	free(heat);
}

Test(heat_text, lines_fit_any_terminal)
{
	static const unsigned int widths[] = { 40, 60, 79, 80, 100, 132, 200 };
	struct kcopy_heat *heat = made_disk();

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		char *drawn =
			draw(heat, HEAT_MEAN, HEAT_INK_NONE, widths[i], 16);
		char *save, *line = strtok_r(drawn, "\n", &save);

		/* The legend may be longer, and is broken. */
		for (; line && strncmp(line, "mean", 4);
		     line = strtok_r(NULL, "\n", &save))
			cr_expect_leq(strlen(line), widths[i], "%u: %s",
				      widths[i], line);
		free(drawn);
	}
	free(heat);
}

static unsigned int count(const char *text, const char *wanted)
{
	unsigned int nr = 0;

	for (; (text = strstr(text, wanted)); text += strlen(wanted))
		nr++;
	return nr;
}

Test(heat_text, colours_are_backgrounds_and_errors_have_characters)
{
	struct kcopy_heat *heat = made_disk();
	char *drawn = draw(heat, HEAT_MEAN, HEAT_INK_256, 48, 4);

	/* 128 cells, of which 96 have I/O, and 24 + 1 in the legend. */
	cr_expect_eq(count(drawn, "\033[48;5;"), 96 + 24);
	cr_expect_eq(count(drawn, "\033[1;97;41mX"), 4 + 1);
	cr_expect_eq(count(drawn, "\033[0m"), 96 + 24 + 5);
	cr_expect_null(strchr(drawn, '@'));
	free(drawn);
	drawn = draw(heat, HEAT_MEAN, HEAT_INK_TRUE, 48, 4);
	cr_expect_eq(count(drawn, "\033[48;2;"), 96 + 24);
	free(drawn);
	drawn = draw(heat, HEAT_MEAN, HEAT_INK_NONE, 48, 4);
	cr_expect_null(strchr(drawn, '\033'));
	free(drawn);
	free(heat);
}

Test(heat_text, several_devices_have_a_line_each)
{
	struct kcopy_heat *heat = calloc(2, sizeof(*heat));
	struct kcopy_heat *disk = made_disk();
	const struct heat_cell totals[] = { { 1000, 12, 4000000, 9000 },
					    { 7, 0, 700, 200 } };
	struct heat_text text = { .width = 80 };
	char *drawn = NULL;
	size_t size;

	heat[0] = *disk;
	heat[0].major = 4000;
	heat_blank(&heat[1], 4000, 17, 64 * MIB);
	made_ios(&heat[1], 0, 1024, 1, 100000);
	text.file = open_memstream(&drawn, &size);
	cr_assert_eq(heat_text_devices(&text, heat, totals, 2, HEAT_MEAN), 0);
	fclose(text.file);
	expect_drawn(
		drawn,
		"DEVICE              SIZE        IOS  ERRORS      MEAN     MAX  FROM START TO END\n"
		"4000:16         1.00 GiB       1000      12   4.00 us 9.00 us |::::::::@@@@X   |\n"
		"4000:17         64.0 MiB          7       0    100 ns  200 ns |::::::::::::::::|\n"
		"mean latency: 100 us :-=+*#%@ 20 ms, log scale\n"
		"X errors   blank: no I/O\n");
	free(heat);
	free(disk);
}

/* As small ones are counted, there may be more than the map has whole ones. */
Test(heat_text, of_many_devices_none_is_left_out)
{
	enum { MANY = KCOPYD_HEAT_MAX_DEVICES + 20 };
	struct kcopy_heat *heat = calloc(MANY, sizeof(*heat));
	struct heat_cell *totals = calloc(MANY, sizeof(*totals));
	struct heat_text text = { .width = 80 };
	char *drawn = NULL;
	size_t size;

	for (unsigned int i = 0; i < MANY; i++)
		heat_blank(&heat[i], 4000, i, 64 * MIB);
	text.file = open_memstream(&drawn, &size);
	cr_assert_eq(heat_text_devices(&text, heat, totals, MANY, HEAT_MEAN),
		     0);
	fclose(text.file);
	cr_expect_not_null(strstr(drawn, "4000:83 "));
	free(drawn);
	free(totals);
	free(heat);
}

Test(heat_text, over_time_there_is_a_line_for_each_interval)
{
	struct kcopy_heat *heat = made_disk();
	struct heat_text text = { .width = 48 };
	struct heat_cell cells[32];
	struct heat_scale scale;
	struct heat_grid grid;
	char *drawn = NULL;
	size_t size;

	heat_scale_usual(&scale, HEAT_MEAN);
	cr_assert_eq(heat_grid_init(&grid, heat, 32, 1), 0);
	heat_fold(heat, 128, cells);
	text.file = open_memstream(&drawn, &size);
	heat_text_head(&text, "/dev/sdb", &grid, &scale);
	heat_text_line(&text, 1000000000, cells, 32, &scale);
	heat_text_line(&text, 61040000000, cells, 32, &scale);
	fclose(text.file);
	expect_drawn(drawn, "/dev/sdb, 1.00 GiB, a cell is 32.0 MiB\n"
			    "mean latency: 10 us :-=+*#%@ 1 s, log scale\n"
			    "X errors   blank: no I/O\n"
			    "      time |0                       1.00 GiB|\n"
			    "     1.0 s |----------------########X       |\n"
			    "    61.0 s |----------------########X       |\n");
	heat_grid_free(&grid);
	free(heat);
}
