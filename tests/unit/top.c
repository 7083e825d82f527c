// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <json-c/json.h>
#include "cli/frame.h"
#include "cli/top.h"
#include "made_up.h"

static struct snapshot before, now;
static struct top_model model;
static char *text;

static void make(bool all)
{
	made_up_snapshots(&before, &now);
	cr_assert_eq(top_model_make(&model, &before, &now, all), 0);
}

static const char *draw(unsigned int width, unsigned int height,
			struct top_look look)
{
	struct frame frame = { .width = width, .height = height };
	size_t size;
	FILE *file = open_memstream(&text, &size);

	look.all = model.all;
	top_model_sort(&model, look.sort);
	top_draw(&frame, &model, &look);
	frame_print(&frame, file);
	frame_free(&frame);
	fclose(file);
	return text;
}

static const struct top_row *row_of(uint64_t job, unsigned int region)
{
	size_t i;

	for (i = 0; i < model.nr_rows; i++) {
		if (!model.rows[i].client && model.rows[i].number == job &&
		    model.rows[i].region == region)
			return &model.rows[i];
	}
	return NULL;
}

static void fini(void)
{
	free(text);
	text = NULL;
	top_model_free(&model);
}

TestSuite(top, .fini = fini);

Test(top, a_rate_is_what_came_in_the_interval)
{
	const struct top_row *row;

	make(false);
	row = row_of(7, 0);
	cr_assert_not_null(row);
	cr_expect_eq(row->flow.bytes_new, 200 * MIB);
	cr_expect_eq(row->flow.rate, 100 * MIB);
	cr_expect_eq(row->flow.requests_rate, 100);
	cr_expect_eq(row->flow.queue_ns, 5000);
	cr_expect_eq(row->flow.errors_new, 0);
	cr_expect_eq(row->in_flight, 4);
	cr_expect_eq(row_of(7, 2)->flow.errors_new, 7);
	cr_expect_eq(model.read_rate, 100 * MIB);
	cr_expect_eq(model.write_rate, 200 * MIB);
	cr_expect_eq(model.running, 1);
	cr_expect_eq(model.finished, 3);
}

Test(top, finished_jobs_and_idle_devices_are_there_on_demand)
{
	make(false);
	cr_expect_eq(model.nr_rows, 4, "three regions and a client");
	cr_expect_null(row_of(5, 0));
	cr_expect_eq(model.nr_devices, 3);
	top_model_free(&model);
	make(true);
	cr_expect_eq(model.nr_rows, 7);
	cr_assert_not_null(row_of(5, 0));
	cr_expect_eq(row_of(5, 0)->flow.rate, 0);
	cr_expect_eq(row_of(5, 0)->in_flight, 0);
	cr_expect_eq(model.nr_devices, 4);
}

Test(top, latency_is_that_of_the_interval)
{
	made_up_snapshots(&before, &now);
	/* All that is new was slow. */
	now.regions[2].stats.lat = before.regions[2].stats.lat;
	now.regions[2].stats.lat.hist[30] = 200;
	now.regions[2].stats.lat.max_ns = (2ULL << 30) - 1;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_geq(row_of(7, 0)->flow.p50_ns, 1ULL << 30);
	cr_expect_geq(row_of(7, 0)->flow.p99_ns, row_of(7, 0)->flow.p50_ns);
}

Test(top, latency_is_that_of_all_when_nothing_came)
{
	made_up_snapshots(&before, &now);
	now.regions[2] = before.regions[2];
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_eq(row_of(7, 0)->flow.rate, 0);
	cr_expect(row_of(7, 0)->flow.measured);
	cr_expect_eq(row_of(7, 0)->flow.p50_ns,
		     kcopy_percentile(&now.regions[2].stats.lat, 500));
}

Test(top, a_job_that_began_in_the_interval_has_its_whole_rate)
{
	made_up_snapshots(&before, &now);
	before.nr_regions = 2;
	before.nr_jobs = 1;
	now.jobs[1].stats.start_ns = before.time_ns + 1;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_eq(row_of(7, 0)->flow.rate, 150 * MIB);
}

Test(top, an_older_job_that_was_not_looked_at_has_no_rate_yet)
{
	made_up_snapshots(&before, &now);
	before.nr_regions = 2;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_eq(row_of(7, 0)->flow.rate, 0);
	cr_expect_eq(row_of(7, 0)->flow.bytes, 300 * MIB);
}

Test(top, nothing_is_new_in_the_first_look)
{
	made_up_snapshots(&before, &now);
	cr_assert_eq(top_model_make(&model, NULL, &now, false), 0);
	cr_expect_eq(model.interval_ns, 0);
	cr_expect_eq(row_of(7, 2)->flow.errors, 7);
	cr_expect_eq(row_of(7, 2)->flow.errors_new, 0);
	cr_expect_eq(model.write_rate, 0);
	cr_expect_not_null(
		strstr(draw(80, 0, (struct top_look){}), "by job, over -"));
}

/* Statistics that were unloaded and loaded in between. */
Test(top, counters_that_went_back_count_from_0)
{
	made_up_snapshots(&before, &now);
	before.devices[0].stats.bytes = 1 << 30;
	before.devices[0].stats.bytes *= 8;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_eq(model.devices[0].read.bytes_new, 1300 * MIB);
}

Test(top, in_flight_of_a_device_is_that_of_unfinished_jobs)
{
	made_up_snapshots(&before, &now);
	now.regions[0].stats.in_flight = 100;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_eq(model.devices[0].in_flight, 4);
}

Test(top, sorts_the_largest_first_and_equals_by_number)
{
	make(false);
	top_model_sort(&model, TOP_SORT_ERRORS);
	cr_expect_eq(model.rows[0].region, 2);
	cr_expect_eq(model.rows[1].region, 0);
	cr_expect_eq(model.rows[2].region, 1);
	cr_expect(model.rows[3].client);
	cr_expect_eq(model.devices[0].minor, 3);
	top_model_sort(&model, TOP_SORT_P99);
	cr_expect_eq(model.rows[0].region, 2, "its latency is the largest");
	top_model_sort(&model, TOP_SORT_IN_FLIGHT);
	cr_expect_eq(model.rows[0].region, 0);
	top_model_sort(&model, TOP_SORT_NAME);
	cr_expect_eq(model.rows[0].region, 0);
	cr_expect_eq(model.rows[2].region, 2);
	cr_expect_eq(model.devices[0].minor, 1);
}

Test(top, every_order_has_a_name_of_its_own)
{
	int i, j;

	for (i = 0; i < TOP_SORTS; i++)
		for (j = 0; j < i; j++)
			cr_expect_str_neq(top_sort_name(i), top_sort_name(j));
}

Test(top, draws_jobs_in_80_columns)
{
	make(false);
	cr_expect_str_eq(
		draw(80, 24, (struct top_look){}),
		"kcopyd: read 100 MiB/s, write 200 MiB/s; jobs: 1 running, 3 finished\n"
		"running jobs, by job, over 2.00 s\n"
		"   JOB REG S DEVICE         DONE       RATE  REQ/S INFL     P50     P99  ERRORS\n"
		"     7   0 R 4000:1        30.0%  100 MiB/s    100    4 1.57 ms 2.09 ms       0\n"
		"     7   1 R 4000:2        29.5%  100 MiB/s    100    2 3.15 ms 4.17 ms       0\n"
		"     7   2 R 4000:3        25.0%  100 MiB/s    100    0 6.29 ms 8.35 ms      7+\n"
		"    c9   - - small jobs        -  400 KiB/s    100    - 49.2 us 65.2 us       0\n");
}

Test(top, draws_devices_in_80_columns)
{
	make(false);
	cr_expect_str_eq(
		draw(80, 24, (struct top_look){ .devices = true }),
		"kcopyd: read 100 MiB/s, write 200 MiB/s; jobs: 1 running, 3 finished\n"
		"busy devices, by device, over 2.00 s\n"
		"DEVICE       READ/S     P50     P99  WRITE/S     P50     P99 REQ/S INFL  ERRORS\n"
		"4000:1      100 MiB 1.57 ms 2.09 ms      0 B       -       -   100    4       0\n"
		"4000:2          0 B       -       -  100 MiB 3.15 ms 4.17 ms   100    2       0\n"
		"4000:3          0 B       -       -  100 MiB 6.29 ms 8.35 ms   100    0      7+\n");
}

Test(top, draws_more_where_there_is_more_room)
{
	make(true);
	cr_expect_str_eq(
		draw(100, 24, (struct top_look){ .sort = TOP_SORT_RATE }),
		"kcopyd: read 100 MiB/s, write 200 MiB/s; jobs: 1 running, 3 finished\n"
		"all jobs, by rate, over 2.00 s\n"
		"   JOB REG S DEVICE         DONE       RATE  REQ/S INFL     P50     P99  ERRORS   QUEUE    BYTES\n"
		"     7   0 R 4000:1        30.0%  100 MiB/s    100    4 1.57 ms 2.09 ms       0 5.00 us  300 MiB\n"
		"     7   1 R 4000:2        29.5%  100 MiB/s    100    2 3.15 ms 4.17 ms       0 5.00 us  295 MiB\n"
		"     7   2 R 4000:3        25.0%  100 MiB/s    100    0 6.29 ms 8.35 ms      7+ 5.00 us  250 MiB\n"
		"    c9   - - small jobs        -  400 KiB/s    100    - 49.2 us 65.2 us       0       - 1.17 MiB\n"
		"     5   0 D 4000:1         100%      0 B/s      0    0 1.57 ms 2.09 ms       0 5.00 us 1000 MiB\n"
		"     5   1 D 4000:2         100%      0 B/s      0    0 3.15 ms 4.17 ms       0 5.00 us 1000 MiB\n"
		"    c4   - - small jobs        -      0 B/s      0    - 49.2 us 65.5 us       0       - 40.0 KiB\n");
}

Test(top, says_what_was_not_counted)
{
	made_up_snapshots(&before, &now);
	now.counters[KCOPYD_COUNTER_LOST_JOBS] = 3;
	now.misses = 12;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_not_null(
		strstr(draw(80, 24, (struct top_look){}),
		       "\nnot counted: 3 jobs, 12 direct requests\n"));
}

Test(top, says_how_many_rows_do_not_fit)
{
	make(true);
	draw(80, 6, (struct top_look){});
	cr_expect_not_null(strstr(text, "\n     5   1 D 4000:2 "));
	cr_expect_not_null(strstr(text, "\n5 more below (arrow keys)\n"));
	free(text);
	draw(80, 6, (struct top_look){ .first = 5 });
	cr_expect_not_null(strstr(text, "\n    c4 "));
	cr_expect_not_null(strstr(text, "\n    c9 "));
	cr_expect_null(strstr(text, "more below"));
}

Test(top, says_so_when_nothing_is_going_on)
{
	made_up_snapshots(&before, &now);
	now.nr_regions = 0;
	now.nr_clients = 0;
	cr_assert_eq(top_model_make(&model, &before, &now, false), 0);
	cr_expect_not_null(strstr(draw(80, 24, (struct top_look){}),
				  "\nnothing is going on\n"));
}

Test(top, says_how_large_the_terminal_must_be)
{
	make(false);
	cr_expect_str_eq(draw(20, 5, (struct top_look){}),
			 "needs 80x6, has 20x5\n");
	free(text);
	cr_expect_str_eq(draw(79, 24, (struct top_look){}),
			 "needs 80x6, has 79x24\n");
	free(text);
	cr_expect_str_eq(draw(3, 1, (struct top_look){}), "nee\n");
}

static void expect_fits(const char *frame, size_t width, size_t height)
{
	size_t lines = 0, len;

	for (; *frame; frame += len + 1, lines++) {
		len = strcspn(frame, "\n");
		cr_expect_leq(len, width, "%.*s", (int)len, frame);
	}
	cr_expect_leq(lines, height);
}

Test(top, fits_whatever_the_size_is)
{
	struct top_look look = {};
	unsigned int width;

	make(true);
	strcpy(model.rows[0].device,
	       "a-name-that-is-longer-than-any-other-one");
	strcpy(model.devices[0].device, "another-one-that-is-longer-still");
	for (width = 0; width < 300; width++) {
		look.devices = width % 2;
		expect_fits(draw(width, 6 + width % 5, look), width,
			    6 + width % 5);
		free(text);
	}
	draw(80, 24, (struct top_look){ .devices = true });
	cr_expect_not_null(strstr(text, "\nanother-on~ "), "%s", text);
	free(text);
	draw(200, 24, (struct top_look){});
	cr_expect_not_null(strstr(text, model.rows[0].device));
}

Test(top, help_fits_into_80x24)
{
	make(false);
	draw(80, 24, (struct top_look){ .help = true });
	expect_fits(text, 80, 24);
	cr_expect_not_null(strstr(text, "q            quit"));
	cr_expect_not_null(strstr(text, "QUEUE  mean time"), "the last line");
}

static struct json_object *get(struct json_object *object, const char *key,
			       enum json_type type)
{
	struct json_object *value;

	cr_assert(json_object_object_get_ex(object, key, &value), "no '%s'",
		  key);
	cr_expect_eq(json_object_get_type(value), type, "'%s'", key);
	return value;
}

static uint64_t number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(get(object, key, json_type_int));
}

Test(top, json_holds_what_the_model_does)
{
	struct json_object *document, *list, *object;

	make(false);
	document = top_json(&model);
	cr_expect_eq(number(document, "schema"), 1);
	cr_expect_eq(number(document, "interval_ns"), 2 * SEC);
	cr_expect_eq(number(document, "write_bytes_per_second"), 200 * MIB);
	list = get(document, "regions", json_type_array);
	cr_assert_eq(json_object_array_length(list), 3);
	object = json_object_array_get_idx(list, 2);
	cr_expect_eq(number(object, "job"), 7);
	cr_expect_eq(number(object, "region"), 2);
	cr_expect_eq(number(object, "bytes_per_second"), 100 * MIB);
	cr_expect_eq(number(object, "errors_new"), 7);
	cr_expect_eq(
		json_object_get_int(get(object, "last_error", json_type_int)),
		-EIO);
	get(json_object_array_get_idx(list, 0), "last_error", json_type_null);
	list = get(document, "clients", json_type_array);
	cr_assert_eq(json_object_array_length(list), 1);
	cr_expect_eq(number(json_object_array_get_idx(list, 0), "jobs_new"),
		     200);
	list = get(document, "devices", json_type_array);
	cr_assert_eq(json_object_array_length(list), 3);
	object = json_object_array_get_idx(list, 0);
	cr_expect_eq(number(object, "in_flight"), 4);
	cr_expect_eq(number(get(object, "read", json_type_object),
			    "bytes_per_second"),
		     100 * MIB);
	get(get(object, "write", json_type_object), "latency_p99_ns",
	    json_type_null);
	json_object_put(document);
}
