// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures of what never happened. With KCOPYD_PICTURES=FOLDER they are left
 * there, to be looked at.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli/heat_history.h"
#include "cli/picture_file.h"
#include "made_heat.h"

#define PNG_SCALE 2

/* 1 TiB, of which an eighth is slow and a little is bad. */
static struct kcopy_heat *made_disk(void)
{
	struct kcopy_heat *heat = made_device(TIB);

	srand(1);
	for (size_t i = 0; i < 3400; i++)
		made_ios(heat, i, i + 1, 256, 900000 + rand() % 300000);
	for (size_t i = 1800; i < 2300; i++)
		made_ios(heat, i, i + 1, 256, 20000000 + rand() % 60000000);
	made_errors(heat, 2100, 2104, 3);
	made_errors(heat, 2900, 2901, 1);
	made_errors(heat, 2960, 2990, 40);
	return heat;
}

static char *read_all(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	char *text;
	struct stat st;

	cr_assert_not_null(file, "%s: %m", path);
	fstat(fileno(file), &st);
	text = calloc(1, st.st_size + 1);
	*size = fread(text, 1, st.st_size, file);
	cr_assert_eq(*size, (size_t)st.st_size);
	fclose(file);
	return text;
}

static void path_of(const char *name, const char *suffix, char *path)
{
	const char *folder = getenv("KCOPYD_PICTURES");

	snprintf(path, PATH_MAX, "%s/heat-%s.%s", folder ? folder : "/tmp",
		 name, suffix);
	if (!folder)
		snprintf(path, PATH_MAX, "/tmp/kcopyd-unit-%d-%s.%s", getpid(),
			 name, suffix);
}

static void forget(const char *path)
{
	if (!getenv("KCOPYD_PICTURES"))
		unlink(path);
}

static void expect_png(const char *path)
{
	size_t size;
	unsigned char *data = (unsigned char *)read_all(path, &size);

	cr_assert_gt(size, 1000);
	cr_expect_eq(memcmp(data, "\x89PNG\r\n\x1a\n", 8), 0);
	cr_expect_eq(data[18] << 8 | data[19], PNG_SCALE * HEAT_PICTURE_WIDTH);
	cr_expect_eq(data[22] << 8 | data[23], PNG_SCALE * HEAT_PICTURE_HEIGHT);
	cr_expect_eq(memcmp(data + size - 8, "IEND\xae\x42\x60\x82", 8), 0);
	free(data);
}

static void expect_svg(const char *path)
{
	char command[PATH_MAX + 64];
	size_t size;
	char *text = read_all(path, &size);

	cr_expect_not_null(strstr(text, "<svg "));
	cr_expect_not_null(strstr(text, "1000"));
	cr_expect_lt(size, 2000000, "%zu bytes", size);
	free(text);
	snprintf(command, sizeof(command),
		 "! command -v xmllint >/dev/null || xmllint --noout '%s'",
		 path);
	cr_expect_eq(system(command), 0);
}

static void draw(const char *name, const struct heat_picture *picture)
{
	struct picture_file file;
	char path[PATH_MAX];

	path_of(name, "png", path);
	cr_assert_eq(picture_file_open(&file, path, CANVAS_PNG), 0);
	cr_assert_eq(picture_file_finish(&file, picture), 0);
	expect_png(path);
	forget(path);
	path_of(name, "svg", path);
	cr_assert_eq(picture_file_open(&file, path, CANVAS_SVG), 0);
	cr_assert_eq(picture_file_finish(&file, picture), 0);
	expect_svg(path);
	forget(path);
}

static void draw_snapshot(const char *name, const char *title,
			  const struct kcopy_heat *heat, enum heat_what what)
{
	struct heat_grid grid;

	cr_assert_eq(heat_grid_init(&grid, heat, heat_square_columns(heat),
				    KCOPYD_HEAT_BUCKETS),
		     0);
	draw(name,
	     &(struct heat_picture){
		     .title = title,
		     .lines = { "EXAMPLE DISK 4000 S3ZAMPLE01, made up",
				"until 2026-11-21 14:40:03 +0000: made up" },
		     .what = what,
		     .grid = &grid });
	heat_grid_free(&grid);
}

Test(heat_picture, of_a_disk_with_a_slow_zone_and_errors)
{
	struct kcopy_heat *heat = made_disk();

	draw_snapshot("disk", "/dev/sdb: mean latency", heat, HEAT_MEAN);
	draw_snapshot("disk-errors", "/dev/sdb: errors", heat, HEAT_ERRORS);
	draw_snapshot("disk-ios", "/dev/sdb: requests", heat, HEAT_IOS);
	free(heat);
}

Test(heat_picture, of_small_devices)
{
	struct kcopy_heat *heat = made_device(64 * MIB);

	made_ios(heat, 0, 700, 16, 80000);
	made_ios(heat, 300, 400, 16, 2000000);
	made_errors(heat, 350, 351, 1);
	draw_snapshot("64MiB", "/dev/loop0: mean latency", heat, HEAT_MEAN);
	heat_blank(heat, 8, 16, 5 * 65536);
	made_ios(heat, 0, 3, 16, 80000);
	made_errors(heat, 1, 2, 1);
	draw_snapshot("5-buckets", "/dev/loop0: mean latency", heat, HEAT_MAX);
	heat_blank(heat, 8, 16, 512);
	made_ios(heat, 0, 1, 1, 80000);
	draw_snapshot("one-sector", "/dev/loop0: mean latency", heat,
		      HEAT_MEAN);
	free(heat);
}

/* With two decimals, and with the longest numbers that there may be. */
Test(heat_picture, of_extremes)
{
	char title[600];
	struct kcopy_heat *heat = made_device(1000204886016);

	made_ios(heat, 0, 4096, 100, 1000000);
	draw_snapshot("equal", "/dev/sdb: mean latency", heat, HEAT_MEAN);
	memset(title, 'W', sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';
	heat_blank(heat, 8, 16, 8 * 1024 * TIB);
	for (size_t i = 0; i < heat->nr_buckets; i++)
		made_ios(heat, i, i + 1, 4000000000U, 1 + i * i * i * 3);
	draw_snapshot("extremes", title, heat, HEAT_MAX);
	free(heat);
}

Test(heat_picture, of_nothing)
{
	struct kcopy_heat *heat = made_device(GIB);

	draw_snapshot("nothing", "/dev/sdb: mean latency", heat, HEAT_MEAN);
	draw_snapshot("no-errors", "/dev/sdb: errors", heat, HEAT_ERRORS);
	heat_blank(heat, 8, 16, 0);
	draw_snapshot("no-size", "/dev/sdb: mean latency", heat, HEAT_MEAN);
	free(heat);
}

static void draw_history(const char *name, const struct heat_history *history)
{
	draw(name, &(struct heat_picture){
			   .title = "/dev/sdb: mean latency",
			   .lines = { "EXAMPLE DISK 4000 S3ZAMPLE01, made up",
				      "from 2026-11-21 14:40:03 +0000" },
			   .grid = &history->grid,
			   .end_ns = history->end_ns });
}

/* A copy that goes over the disk, slower where the disk is slow. */
Test(heat_picture, over_time)
{
	struct kcopy_heat *heat = made_device(TIB);
	struct heat_history history;
	size_t at = 0;

	srand(1);
	cr_assert_eq(heat_history_init(&history, heat), 0);
	for (unsigned int i = 1; i <= 40; i++) {
		bool slow = at > 1800 && at < 2300;
		size_t to = at + (slow ? 40 : 160);

		memset(heat->buckets, 0, sizeof(heat->buckets));
		for (; at < to; at++)
			made_ios(heat, at, at + 1, 100,
				 (slow ? 40000000 : 900000) + rand() % 300000);
		if (at > 2900 && at < 3100)
			made_errors(heat, at - 9, at - 8, 3);
		heat_history_add(&history, heat, i * 2003000000ULL);
	}
	draw_history("time", &history);
	heat_history_free(&history);
	free(heat);
}

Test(heat_picture, over_a_moment)
{
	struct kcopy_heat *heat = made_device(64 * MIB);
	struct heat_history history;

	cr_assert_eq(heat_history_init(&history, heat), 0);
	made_ios(heat, 0, 100, 3, 90000);
	heat_history_add(&history, heat, 10123456);
	draw_history("moment", &history);
	heat_history_free(&history);
	free(heat);
}

static struct heat_grid no_cells;
static const struct heat_picture blank = { .title = "",
					   .lines = { "", "" },
					   .grid = &no_cells };

Test(heat_picture, file_is_there_only_when_it_is_whole)
{
	struct picture_file file;
	char path[PATH_MAX], *draft;

	path_of("draft", "png", path);
	unlink(path);
	cr_assert_eq(picture_file_open(&file, path, CANVAS_PNG), 0);
	draft = strdup(file.draft);
	cr_expect_eq(access(draft, F_OK), 0);
	cr_expect_neq(access(path, F_OK), 0);
	picture_file_close(&file);
	cr_expect_neq(access(draft, F_OK), 0);
	cr_expect_neq(access(path, F_OK), 0);
	free(draft);
	cr_assert_eq(picture_file_open(&file, path, CANVAS_PNG), 0);
	draft = strdup(file.draft);
	cr_assert_eq(picture_file_finish(&file, &blank), 0);
	cr_expect_neq(access(draft, F_OK), 0);
	cr_expect_eq(access(path, F_OK), 0);
	free(draft);
	unlink(path);
}

Test(heat_picture, what_cant_be_written_says_so)
{
	struct picture_file file;

	cr_expect_eq(picture_file_open(&file, "/nowhere/x.png", CANVAS_PNG), 5);
	cr_expect_eq(picture_file_open(&file, "/dev/null", CANVAS_PNG), 2);
	cr_expect_eq(picture_file_open(&file, "/tmp", CANVAS_SVG), 2);
	cr_assert_eq(access("/dev/null", F_OK), 0);
}

/* A disk that is full is noticed, not taken for a picture. */
Test(heat_picture, a_full_disk_is_an_error)
{
	FILE *full = fopen("/dev/full", "w");

	cr_assert_null(canvas_missing());
	setvbuf(full, NULL, _IONBF, 0);
	cr_expect_lt(heat_picture_draw(&blank, full, CANVAS_PNG), 0);
	cr_expect_lt(heat_picture_draw(&blank, full, CANVAS_SVG), 0);
	fclose(full);
}

/* A guest or a small server may have no font at all. */
Test(heat_picture, without_any_font_there_is_still_a_picture)
{
	struct kcopy_heat *heat = made_disk();
	FILE *config = fopen("/tmp/kcopyd-unit-fonts", "w");

	fputs("<?xml version=\"1.0\"?><fontconfig></fontconfig>\n", config);
	fclose(config);
	setenv("FONTCONFIG_FILE", "/tmp/kcopyd-unit-fonts", 1);
	draw_snapshot("no-font", "/dev/sdb: mean latency", heat, HEAT_MEAN);
	unlink("/tmp/kcopyd-unit-fonts");
	free(heat);
}
