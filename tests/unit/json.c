// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <errno.h>
#include <json-c/json.h>
#include <libkcopy.h>
#include "cli/cli.h"
#include "cli/result.h"
#include "cli/stats.h"
#include "made_up.h"

static struct kcopyd_status status;
static struct kcopyd_region_status regions[3];

/* Two destinations, of which the first failed. */
static void finished_job(void)
{
	status = (struct kcopyd_status){
		.job = 7,
		.state = KCOPYD_STATE_DONE,
		.code = -EIO,
		.write_err = 1,
		.complete = 2,
		.length = 1 << 20,
		.submitted_ns = 1000,
		.done_ns = 5000,
		.nr_regions = 3,
	};
	memset(regions, 0, sizeof(regions));
	regions[1].error = -EIO;
	regions[1].errors = 3;
	regions[2].bytes = 1 << 20;
}

static struct json_object *get(struct json_object *object, const char *key)
{
	struct json_object *value;

	cr_assert(json_object_object_get_ex(object, key, &value), "no '%s'",
		  key);
	return value;
}

static uint64_t number(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key);

	cr_expect(json_object_is_type(value, json_type_int), "'%s'", key);
	return json_object_get_uint64(value);
}

Test(json, documents_carry_their_schema)
{
	struct json_object *document = json_document();

	cr_expect_eq(number(document, "schema"), 1);
	json_object_put(document);
}

Test(json, unknown_text_is_null)
{
	struct json_object *object = json_object_new_object();

	json_set_text(object, "a", NULL);
	json_set_text(object, "b", "");
	json_set_text(object, "c", "x");
	cr_expect_null(get(object, "a"));
	cr_expect_null(get(object, "b"));
	cr_expect_str_eq(json_object_get_string(get(object, "c")), "x");
	json_object_put(object);
}

Test(json, keeps_all_64_bits_of_a_number)
{
	struct json_object *object = json_object_new_object();

	json_set_u64(object, "bits", UINT64_MAX);
	cr_expect_str_eq(json_object_to_json_string_ext(object, 0),
			 "{\"bits\":18446744073709551615}");
	json_object_put(object);
}

Test(json, job_has_bitsets_and_a_result_for_each_destination)
{
	struct json_object *job, *list, *dest;

	finished_job();
	job = json_object_new_object();
	job_json(job, &status, regions);
	cr_expect_eq(number(job, "job"), 7);
	cr_expect_eq(number(job, "write_err"), 1);
	cr_expect_eq(number(job, "complete"), 2);
	cr_expect_eq(number(job, "ns"), 4000);
	cr_expect_str_eq(json_object_get_string(get(job, "result")), "partial");
	list = get(job, "destinations");
	cr_assert_eq(json_object_array_length(list), 2);
	dest = json_object_array_get_idx(list, 0);
	cr_expect_eq(number(dest, "region"), 1);
	cr_expect(json_object_get_boolean(get(dest, "failed")));
	cr_expect_eq(json_object_get_int(get(dest, "error")), -EIO);
	dest = json_object_array_get_idx(list, 1);
	cr_expect(json_object_get_boolean(get(dest, "complete")));
	cr_expect_eq(number(dest, "bytes"), 1 << 20);
	cr_expect_null(get(dest, "error"));
	json_object_put(job);
}

Test(json, running_job_has_no_result_yet)
{
	struct json_object *job;

	finished_job();
	status.state = KCOPYD_STATE_RUNNING;
	status.done_ns = 0;
	job = json_object_new_object();
	job_json(job, &status, regions);
	cr_expect_null(get(job, "result"));
	cr_expect_null(get(job, "code"));
	cr_expect_null(get(job, "done_ns"));
	cr_expect_null(get(job, "ns"));
	json_object_put(job);
}

Test(json, extents_are_those_of_the_region)
{
	const struct kcopyd_extent extents[] = {
		{ .region = 0, .offset = 0, .length = 512 },
		{ .region = 2,
		  .offset = 4096,
		  .length = 1024,
		  .kind = KCOPYD_EXTENT_UNTRIED,
		  .error = -EIO },
	};
	struct json_object *list = extents_json(extents, 2, 2), *extent;

	cr_assert_eq(json_object_array_length(list), 1);
	extent = json_object_array_get_idx(list, 0);
	cr_expect_eq(number(extent, "offset"), 4096);
	cr_expect_eq(number(extent, "length"), 1024);
	cr_expect_str_eq(json_object_get_string(get(extent, "kind")),
			 "untried");
	json_object_put(list);
}

Test(json, statistics_without_io_have_no_latency)
{
	struct kcopyd_region_stats stats = {};
	struct json_object *region = stats_region_json(1, &stats);

	cr_expect_eq(number(region, "ios"), 0);
	cr_expect_null(get(region, "latency_min_ns"));
	cr_expect_null(get(region, "latency_p99_ns"));
	cr_expect_null(get(region, "queue_mean_ns"));
	cr_expect_null(get(region, "queue_max_ns"));
	cr_expect_null(get(region, "last_error"));
	cr_expect_eq(json_object_array_length(get(region, "histogram")), 0);
	json_object_put(region);
}

Test(json, statistics_show_the_slots_in_use)
{
	struct kcopyd_region_stats stats = {
		.ios = 3,
		.lat = { .min_ns = 1024, .max_ns = 1100, .sum_ns = 3150 },
	};
	struct json_object *region, *slot;

	stats.lat.hist[10] = 3;
	region = stats_region_json(0, &stats);
	cr_expect_eq(number(region, "latency_mean_ns"), 1050);
	cr_assert_eq(json_object_array_length(get(region, "histogram")), 1);
	slot = json_object_array_get_idx(get(region, "histogram"), 0);
	cr_expect_eq(number(slot, "from_ns"), 1024);
	cr_expect_eq(number(slot, "below_ns"), 2048);
	cr_expect_eq(number(slot, "count"), 3);
	json_object_put(region);
}

Test(json, statistics_of_a_region_are_all_there)
{
	struct kcopyd_region_stats stats = {
		.device_sectors = 4096,
		.ios = 9,
		.retries = 4,
		.verifies = 3,
		.zeroes = 2,
		.refused = 1,
		.in_flight = 5,
		.queue_sum_ns = 900,
		.queue_max_ns = 500,
	};
	struct json_object *region = stats_region_json(1, &stats);

	cr_expect_eq(number(region, "device_sectors"), 4096);
	cr_expect_eq(number(region, "retries"), 4);
	cr_expect_eq(number(region, "verifies"), 3);
	cr_expect_eq(number(region, "zeroes"), 2);
	cr_expect_eq(number(region, "refused"), 1);
	cr_expect_eq(number(region, "in_flight"), 5);
	cr_expect_eq(number(region, "queue_sum_ns"), 900);
	cr_expect_eq(number(region, "queue_mean_ns"), 100);
	cr_expect_eq(number(region, "queue_max_ns"), 500);
	json_object_put(region);
}

Test(json, statistics_of_a_job_tell_its_throttling)
{
	const struct kcopy_job_row row = {
		.job = 7,
		.stats = { .throttles = 8, .throttle_ns = 1200 },
	};
	struct json_object *job = stats_job_json(&row);

	cr_expect_eq(number(job, "throttles"), 8);
	cr_expect_eq(number(job, "throttle_ns"), 1200);
	json_object_put(job);
}

static struct json_object *entry(struct json_object *object, const char *key,
				 size_t i, size_t of)
{
	struct json_object *list = get(object, key);

	cr_assert_eq(json_object_array_length(list), of, "'%s'", key);
	return json_object_array_get_idx(list, i);
}

Test(json, regions_are_those_of_their_job)
{
	struct snapshot before, now;
	struct json_object *document, *job;

	made_up_snapshots(&before, &now);
	document = stats_document(&now);
	job = entry(document, "jobs", 0, 2);
	cr_expect_eq(number(job, "job"), 5);
	cr_expect_eq(number(entry(job, "regions", 1, 2), "bytes"), 1000 * MIB);
	job = entry(document, "jobs", 1, 2);
	cr_expect_eq(number(job, "job"), 7);
	cr_expect_eq(number(entry(job, "regions", 2, 3), "region"), 2);
	cr_expect_eq(number(entry(job, "regions", 2, 3), "bytes"), 250 * MIB);
	json_object_put(document);
}

Test(json, devices_have_a_row_for_each_operation)
{
	struct snapshot before, now;
	struct json_object *document, *device;

	made_up_snapshots(&before, &now);
	document = stats_document(&now);
	device = entry(document, "devices", 3, 5);
	cr_expect_str_eq(json_object_get_string(get(device, "device")),
			 "4000:3");
	cr_expect_eq(number(device, "major"), MADE_UP_MAJOR);
	cr_expect_eq(number(device, "minor"), 3);
	cr_expect_str_eq(json_object_get_string(get(device, "op")), "write");
	cr_expect_eq(number(device, "ios"), 250);
	cr_expect_eq(number(device, "errors"), 7);
	cr_expect_eq(json_object_get_int(get(device, "last_error")), -EIO);
	cr_expect_eq(number(device, "retries"), 6);
	cr_expect_eq(number(device, "verifies"), 0);
	cr_expect_eq(number(device, "direct"), 0);
	cr_expect_eq(number(device, "queue_sum_ns"), 250 * 5000);
	cr_expect_eq(number(device, "queue_mean_ns"), 5000);
	cr_expect_eq(number(device, "latency_min_ns"), 1 << 22);
	cr_expect_eq(number(entry(device, "histogram", 0, 1), "count"), 250);
	/* Of flushes that there were none of. */
	device = entry(document, "devices", 2, 5);
	cr_expect_str_eq(json_object_get_string(get(device, "op")), "flush");
	cr_expect_null(get(device, "last_error"));
	cr_expect_null(get(device, "latency_mean_ns"));
	json_object_put(document);
}

Test(json, clients_have_times_of_whole_jobs)
{
	struct snapshot before, now;
	struct json_object *document, *client;

	made_up_snapshots(&before, &now);
	now.clients[0].stats.failed = 3;
	now.clients[0].stats.read_errs = 1;
	now.clients[0].stats.write_errs = 2;
	document = stats_document(&now);
	client = entry(document, "clients", 0, 2);
	cr_expect_eq(number(client, "client"), 4);
	cr_expect_eq(number(client, "jobs"), 10);
	cr_expect_eq(number(client, "failed"), 3);
	cr_expect_eq(number(client, "read_errs"), 1);
	cr_expect_eq(number(client, "write_errs"), 2);
	cr_expect_eq(number(client, "bytes"), 10 * 4096);
	cr_expect_eq(number(client, "time_mean_ns"), 1 << 15);
	cr_expect_eq(number(client, "time_max_ns"), (2 << 15) - 1);
	cr_expect_eq(number(entry(client, "histogram", 0, 1), "count"), 10);
	json_object_put(document);
}

Test(json, every_loss_has_a_key)
{
	static const char *const keys[] = { "jobs",    "regions", "ios",
					    "devices", "clients", "heat",
					    "misses" };
	struct snapshot now = {
		.counters = { [KCOPYD_COUNTER_LOST_JOBS] = 1,
			      [KCOPYD_COUNTER_LOST_REGIONS] = 2,
			      [KCOPYD_COUNTER_LOST_IOS] = 3,
			      [KCOPYD_COUNTER_LOST_DEVICES] = 4,
			      [KCOPYD_COUNTER_LOST_CLIENTS] = 5,
			      [KCOPYD_COUNTER_LOST_HEAT] = 6 },
		.misses = 7,
	};
	struct json_object *document = stats_document(&now);

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cr_expect_eq(number(get(document, "lost"), keys[i]), i + 1,
			     "'%s'", keys[i]);
	json_object_put(document);
}
