// SPDX-License-Identifier: GPL-2.0-or-later
/* What the BPF maps say is what was copied. */
#include <bpf/bpf.h>
#include <linux/types.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <kcopyd/stats.h>

#include "caller.h"
#include "ctl.h"
#include "job.h"
#include "kcopyd_jobs.h"

TestSuite(stats, RIG_SUITE);

enum { SOURCE = 1, DEST = 11 };

static int map_open(const char *pin)
{
	int fd = bpf_obj_get(pin);

	cr_assert_geq(fd, 0, "%s: %m", pin);
	return fd;
}

static struct kcopyd_region_stats region_stats(uint64_t job,
					       unsigned int region)
{
	struct kcopyd_region_key key = { .job = job, .region = region };
	struct kcopyd_region_stats stats;
	int fd = map_open(KCOPYD_PIN_REGIONS);

	cr_assert_eq(bpf_map_lookup_elem(fd, &key, &stats), 0,
		     "no row of job %lu, region %u", job, region);
	close(fd);
	return stats;
}

static struct kcopyd_job_stats job_stats(uint64_t job)
{
	struct kcopyd_job_stats stats;
	int fd = map_open(KCOPYD_PIN_JOBS);

	cr_assert_eq(bpf_map_lookup_elem(fd, &job, &stats), 0,
		     "no row of job %lu", job);
	close(fd);
	return stats;
}

static unsigned int map_count(const char *pin, size_t key_size)
{
	char key[64];
	unsigned int nr = 0;
	int fd = map_open(pin);
	int err = bpf_map_get_next_key(fd, NULL, key);

	cr_assert_leq(key_size, sizeof(key));
	for (; !err; nr++)
		err = bpf_map_get_next_key(fd, key, key);
	close(fd);
	return nr;
}

static void expect_no_losses(void)
{
	int fd = map_open(KCOPYD_PIN_COUNTERS);

	for (uint32_t i = 0; i < KCOPYD_COUNTER_FINISHED; i++) {
		uint64_t value;

		cr_assert_eq(bpf_map_lookup_elem(fd, &i, &value), 0);
		cr_assert_eq(value, 0, "counter %u is %lu", i, value);
	}
	close(fd);
}

/* What any row must hold, whatever happened. */
static void expect_consistent(const struct kcopyd_region_stats *stats)
{
	uint64_t counted = 0;

	for (unsigned int i = 0; i < KCOPYD_HIST_SLOTS; i++)
		counted += stats->lat.hist[i];
	cr_assert_gt(stats->ios, 0);
	cr_assert_eq(counted, stats->ios, "%lu in the histogram, of %llu",
		     counted, stats->ios);
	cr_assert_leq(stats->lat.min_ns, stats->lat.max_ns);
	cr_assert_geq(stats->lat.sum_ns, stats->ios * stats->lat.min_ns);
	cr_assert_leq(stats->lat.sum_ns, stats->ios * stats->lat.max_ns);
}

/* A row and what the job itself said of its region. */
static void expect_region(uint64_t job, unsigned int region,
			  const struct job_result *result,
			  const struct job_place *place, uint64_t length)
{
	struct kcopyd_region_stats stats = region_stats(job, region);
	struct stat st;

	expect_consistent(&stats);
	cr_assert_eq(stat(place->path, &st), 0);
	cr_assert_eq(stats.major, major(st.st_rdev));
	cr_assert_eq(stats.minor, minor(st.st_rdev));
	cr_assert_eq(stats.sector, place->offset / SECTOR);
	cr_assert_eq(stats.sectors, length / SECTOR);
	cr_assert_eq(stats.bytes, result->regions[region].bytes,
		     "region %u: %llu bytes in the map, %lu copied", region,
		     stats.bytes, result->regions[region].bytes);
	cr_assert_eq(stats.errors, result->regions[region].errors);
	cr_assert_eq(stats.last_errno, result->regions[region].code);
	cr_assert_geq(stats.ios, stats.errors);
}

static void expect_job(uint64_t job, const struct job_plan *plan,
		       const struct job_result *result)
{
	struct kcopyd_job_stats stats = job_stats(job);
	uint64_t written = 0;
	unsigned int nr = 0;

	expect_region(job, 0, result, &plan->source, plan->length);
	for (; nr < ARRAY_SIZE(plan->dests) && plan->dests[nr].path; nr++) {
		expect_region(job, nr + 1, result, &plan->dests[nr],
			      plan->length);
		written += result->regions[nr + 1].bytes;
	}
	cr_assert_eq(stats.nr_dests, nr);
	cr_assert_eq(stats.sectors, plan->length / SECTOR);
	cr_assert_eq(stats.state, KCOPYD_STATE_DONE, "state %u", stats.state);
	cr_assert_eq(stats.read_err, result->read_err);
	cr_assert_eq(stats.write_err, result->write_err);
	cr_assert_eq(stats.bytes_read, result->regions[0].bytes);
	cr_assert_eq(stats.bytes_written, written);
	cr_assert_gt(stats.duration_ns, 0);
	cr_assert_gt(stats.end_ns, stats.start_ns);
}

static void devices_create(unsigned int mib)
{
	data_fill(null_create("src", (struct null_options){ .mib = mib }),
		  SOURCE);
	null_create("d0", (struct null_options){ .mib = mib });
	null_create("d1", (struct null_options){ .mib = mib });
}

RIG_TEST(stats, totals_equal_what_was_copied)
{
	struct job_plan plan = {
		.source = { .path = "/dev/kt-src", .offset = 5 * SECTOR },
		.dests = { { .path = "/dev/kt-d0", .offset = MIB },
			   { .path = "/dev/kt-d1" } },
		.length = 9 * MIB + SECTOR,
	};
	struct job_result result;
	int kcopyd;
	uint64_t job;

	ctl_load();
	devices_create(16);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	result = job_wait(kcopyd, job);
	job_expect_ok(&result, &plan);
	expect_job(job, &plan, &result);
	cr_assert_eq(region_stats(job, 0).flushes, 0);
	cr_assert_eq(region_stats(job, 1).flushes, 1);
	cr_assert_eq(region_stats(job, 2).flushes, 1);
	expect_no_losses();
	close(kcopyd);
	ctl_unload();
}

RIG_TEST(stats, errors_are_counted_where_they_happen)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests = { { .path = "/dev/mapper/kt-bad" },
			   { .path = "/dev/kt-d1" } },
		.length = 4 * MIB,
		.flags = KCOPYD_SUBMIT_IGNORE_ERROR,
	};
	struct job_result result;
	int kcopyd;
	uint64_t job;

	ctl_load();
	devices_create(4);
	dm_create("bad", "0 2048 linear /dev/kt-d0 0\n"
			 "2048 1024 error\n"
			 "3072 5120 linear /dev/kt-d0 3072\n");
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	result = job_wait(kcopyd, job);
	cr_assert_eq(result.write_err, 0x1);
	expect_job(job, &plan, &result);
	cr_assert_gt(region_stats(job, 1).errors, 0);
	cr_assert_eq(region_stats(job, 1).last_errno, -EIO);
	cr_assert_lt(region_stats(job, 1).bytes, 4 * MIB);
	cr_assert_eq(region_stats(job, 2).errors, 0);
	cr_assert_eq(job_stats(job).write_err, 0x1);
	expect_no_losses();
	close(kcopyd);
	ctl_unload();
}

RIG_TEST(stats, two_jobs_at_once_are_counted_exactly)
{
	struct job_plan first = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 15 * MIB,
		.chunk = 4096,
	}, second = {
		.source = { .path = "/dev/kt-src", .offset = MIB },
		.dests[0].path = "/dev/kt-d1",
		.length = 14 * MIB + SECTOR,
		.chunk = 8192,
	};
	struct job_result result;
	int kcopyd, other;
	uint64_t a, b;

	ctl_load();
	devices_create(16);
	kcopyd = job_device_open(0);
	other = job_device_open(0);
	a = job_start(kcopyd, &first);
	b = job_start(other, &second);
	result = job_wait(kcopyd, a);
	job_expect_ok(&result, &first);
	expect_job(a, &first, &result);
	cr_assert_eq(region_stats(a, 0).ios, 15 * MIB / 4096);
	cr_assert_eq(region_stats(a, 1).ios, 15 * MIB / 4096);
	result = job_wait(other, b);
	job_expect_ok(&result, &second);
	expect_job(b, &second, &result);
	cr_assert_eq(region_stats(b, 1).ios, 14 * MIB / 8192 + 1);
	expect_no_losses();
	close(kcopyd);
	close(other);
	ctl_unload();
}

/* After 300 jobs the rows of the last 256 are there, no more and no fewer. */
RIG_TEST(stats, rows_of_the_last_256_jobs_are_kept)
{
	enum { JOBS = 300 };
	uint64_t last = 0;
	int kcopyd;

	ctl_load();
	devices_create(4);
	kcopyd = job_device_open(0);
	for (unsigned int i = 0; i < JOBS; i++) {
		last = job_start(kcopyd, &(struct job_plan){
						 .source.path = "/dev/kt-src",
						 .dests[0].path = "/dev/kt-d0",
						 .length = SECTOR * (i + 1),
					 });
		cr_assert_eq(job_wait(kcopyd, last).code, 0);
	}
	cr_assert_eq(map_count(KCOPYD_PIN_JOBS, sizeof(uint64_t)),
		     KCOPYD_STATS_FINISHED);
	cr_assert_eq(map_count(KCOPYD_PIN_REGIONS,
			       sizeof(struct kcopyd_region_key)),
		     2 * KCOPYD_STATS_FINISHED);
	cr_assert_eq(region_stats(last, 1).bytes, JOBS * SECTOR);
	cr_assert_eq(region_stats(last - KCOPYD_STATS_FINISHED + 1, 0).bytes,
		     (JOBS - KCOPYD_STATS_FINISHED + 1) * SECTOR);
	expect_no_losses();
	close(kcopyd);
	ctl_unload();
}

RIG_TEST(stats, the_command_prints_what_the_maps_hold)
{
	struct json_object *document, *jobs, *regions, *object;
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 3 * MIB,
	};
	struct kcopyd_region_stats stats;
	int kcopyd;
	uint64_t job;

	ctl_load();
	devices_create(4);
	kcopyd = job_device_open(0);
	job = job_start(kcopyd, &plan);
	cr_assert_eq(job_wait(kcopyd, job).code, 0);
	close(kcopyd);
	document = ctl_json_of(CTL_COMPLETE, "stats", "--json");
	jobs = member(document, "jobs", json_type_array);
	cr_assert_eq(json_object_array_length(jobs), 1);
	object = json_object_array_get_idx(jobs, 0);
	cr_assert_eq(member_number(object, "job"), job);
	cr_assert_eq(member_number(object, "bytes_written"), 3 * MIB);
	cr_assert_eq(member_number(object, "write_err"), 0);
	regions = member(object, "regions", json_type_array);
	cr_assert_eq(json_object_array_length(regions), 2);
	for (unsigned int i = 0; i < 2; i++) {
		object = json_object_array_get_idx(regions, i);
		stats = region_stats(job, i);
		cr_assert_eq(member_number(object, "region"), i);
		cr_assert_eq(member_number(object, "bytes"), 3 * MIB);
		cr_assert_eq(member_number(object, "ios"), stats.ios);
		cr_assert_eq(member_number(object, "errors"), 0);
		cr_assert_eq(member_number(object, "minor"), stats.minor);
		cr_assert_eq(member_number(object, "latency_max_ns"),
			     stats.lat.max_ns);
		cr_assert_eq(member_number(object, "latency_min_ns"),
			     stats.lat.min_ns);
	}
	json_object_put(document);
	ctl_expect(CTL_COMPLETE, "stats");
	ctl_unload();
}

/* Fields by name: the maps are typed. */
RIG_TEST(stats, bpftool_prints_fields)
{
	struct run run;
	int kcopyd;

	ctl_load();
	devices_create(4);
	kcopyd = job_device_open(0);
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 2 * MIB,
	});
	close(kcopyd);
	run = run_any("bpftool", "map", "dump", "pinned", KCOPYD_PIN_REGIONS);
	cr_assert_eq(run.status, 0, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "\"bytes\": 2097152"), "%s",
			   run.out);
	cr_assert_not_null(strstr(run.out, "\"sum_ns\": "), "%s", run.out);
	run_free(&run);
	run = run_any("bpftool", "map", "dump", "pinned", KCOPYD_PIN_JOBS);
	cr_assert_not_null(strstr(run.out, "\"bytes_written\": 2097152"), "%s",
			   run.out);
	run_free(&run);
	ctl_unload();
}

/* How many links or programs there are. */
static unsigned int bpf_count(int (*next)(uint32_t, uint32_t *))
{
	unsigned int nr = 0;

	for (uint32_t id = 0; !next(id, &id); nr++)
		;
	return nr;
}

RIG_TEST(stats, unload_removes_every_pin_and_link)
{
	unsigned int links = bpf_count(bpf_link_get_next_id);
	unsigned int programs = bpf_count(bpf_prog_get_next_id);
	unsigned int maps = bpf_count(bpf_map_get_next_id);

	ctl_load();
	cr_assert_gt(bpf_count(bpf_link_get_next_id), links);
	cr_assert_gt(bpf_count(bpf_prog_get_next_id), programs);
	cr_assert_gt(bpf_count(bpf_map_get_next_id), maps);
	cr_assert_eq(access(KCOPYD_PIN_REGIONS, F_OK), 0);
	ctl_unload();
	cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0, "the pins are left");
	/* They are freed after a grace period. */
	rig_wait_for(bpf_count(bpf_link_get_next_id) == links, 10, "the links");
	rig_wait_for(bpf_count(bpf_prog_get_next_id) == programs, 10,
		     "the programs");
	rig_wait_for(bpf_count(bpf_map_get_next_id) == maps, 10, "the maps");
}

/* The only entry of a list of which these numbers are those. */
static struct json_object *entry_with(struct json_object *document,
				      const char *list, const char *op,
				      const char *key, uint64_t value)
{
	struct json_object *all = member(document, list, json_type_array);
	struct json_object *found = NULL, *entry;

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		entry = json_object_array_get_idx(all, i);
		if (member_number(entry, key) != value ||
		    (op && strcmp(member_text(entry, "op"), op)))
			continue;
		cr_assert_null(found, "two in %s of %s %lu", list, key, value);
		found = entry;
	}
	cr_assert_not_null(found, "none in %s of %s %lu", list, key, value);
	return found;
}

static void expect_device_printed(struct json_object *document,
				  const char *path, uint32_t op,
				  const char *word)
{
	struct kcopyd_device_key key = { .op = op };
	struct kcopyd_device_stats stats;
	int fd = map_open(KCOPYD_PIN_DEVICES);
	struct json_object *device;
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	key.major = major(st.st_rdev);
	key.minor = minor(st.st_rdev);
	cr_assert_eq(bpf_map_lookup_elem(fd, &key, &stats), 0, "%s", path);
	close(fd);
	device = entry_with(document, "devices", word, "minor", key.minor);
	cr_assert_str_eq(member_text(device, "device"), path);
	cr_assert_eq(member_number(device, "major"), key.major);
	cr_assert_eq(member_number(device, "ios"), stats.ios);
	cr_assert_eq(member_number(device, "bytes"), stats.bytes);
	cr_assert_eq(member_number(device, "verifies"), stats.verifies);
	cr_assert_eq(member_number(device, "direct"), 0);
	cr_assert_eq(member_number(device, "latency_max_ns"), stats.lat.max_ns);
	cr_assert_eq(member_number(device, "queue_sum_ns"), stats.queue_sum_ns);
}

/* Read back, held to a rate: more than the usual columns. */
RIG_TEST(stats, the_command_tells_of_devices_and_what_is_rare)
{
	struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = 3 * MIB,
		.flags = KCOPYD_SUBMIT_VERIFY,
		.rate = 8 * MIB,
	};
	struct json_object *document, *job;
	struct kcopyd_region_stats stats;
	uint64_t number;
	int kcopyd;

	ctl_load();
	devices_create(4);
	kcopyd = job_device_open(0);
	number = job_start(kcopyd, &plan);
	cr_assert_eq(job_wait(kcopyd, number).code, 0);
	close(kcopyd);
	stats = region_stats(number, 1);
	document = ctl_json_of(CTL_COMPLETE, "stats", "--json");
	expect_device_printed(document, "/dev/kt-src", KCOPYD_OP_READ, "read");
	expect_device_printed(document, "/dev/kt-d0", KCOPYD_OP_WRITE, "write");
	expect_device_printed(document, "/dev/kt-d0", KCOPYD_OP_READ, "read");
	job = entry_with(document, "jobs", NULL, "job", number);
	cr_assert_gt(member_number(job, "throttles"), 0);
	cr_assert_eq(member_number(job, "throttles"),
		     job_stats(number).throttles);
	cr_assert_eq(member_number(job, "throttle_ns"),
		     job_stats(number).throttle_ns);
	job = entry_with(job, "regions", NULL, "region", 1);
	cr_assert_gt(member_number(job, "verifies"), 0);
	cr_assert_eq(member_number(job, "verifies"), stats.verifies);
	cr_assert_eq(member_number(job, "device_sectors"), 4 * MIB / SECTOR);
	cr_assert_eq(member_number(job, "in_flight"), 0);
	cr_assert_eq(member_number(job, "queue_max_ns"), stats.queue_max_ns);
	json_object_put(document);
	ctl_expect(CTL_COMPLETE, "stats", "--devices", "--clients", "--hist");
	ctl_refused(CTL_USAGE, "all jobs", "stats", "--devices", "1");
	ctl_unload();
}

RIG_TEST(stats, the_command_tells_of_clients)
{
	enum { JOBS = 10, PAGES = 256 };
	struct json_object *document, *client;
	struct kcopyd_test_region regions[2];
	struct kcopyd_test_submit args = {};
	struct run run;
	int caller;

	ctl_load();
	caller = caller_open();
	args.client = client_create(caller, PAGES);
	kjob_disks(caller, 1, (struct test_disk_options){ .mib = 4 });
	for (unsigned int i = 0; i < JOBS; i++) {
		regions[0] = caller_region("/dev/kt-src", i * 8, 8);
		regions[1] = caller_region("/dev/kt-d0", i * 8, 8);
		kjob_wait_ok(kjob_start(caller, args, regions, 1));
	}
	client_destroy(caller, args.client);
	document = ctl_json_of(CTL_COMPLETE, "stats", "--json");
	cr_assert_eq(json_object_array_length(
			     member(document, "jobs", json_type_array)),
		     0);
	client = entry_with(document, "clients", NULL, "jobs", JOBS);
	cr_assert_eq(member_number(client, "bytes"), JOBS * 8 * SECTOR);
	cr_assert_eq(member_number(client, "failed"), 0);
	cr_assert_geq(member_number(client, "time_sum_ns"),
		      JOBS * member_number(client, "time_min_ns"));
	json_object_put(document);
	run = ctl_run("stats", "--clients", "--hist");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_str_eq(run.err, "");
	cr_assert_not_null(strstr(run.out, ": time of 10 jobs\n"), "%s",
			   run.out);
	run_free(&run);
	close(caller);
	devices_destroy();
	ctl_unload();
}
