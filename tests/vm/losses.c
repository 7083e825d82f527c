// SPDX-License-Identifier: GPL-2.0-or-later
/* What the statistics could not count is counted, and told. */
#include <bpf/bpf.h>
#include <libkcopy.h>
#include <linux/types.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "call.h"
#include "ctl.h"
#include "job.h"
#include "kcopyd_jobs.h"
#include "seen.h"

TestSuite(losses, RIG_SUITE);

/* Keys that no job, device or client has. */
static void map_fill(const char *pin, size_t key_size, size_t value_size,
		     unsigned int nr)
{
	char key[32] = {}, *value = calloc(1, value_size);
	int fd = bpf_obj_get(pin);

	cr_assert_geq(fd, 0, "%s: %m", pin);
	memset(key, 0xff, key_size);
	for (unsigned int i = 0; i < nr; i++) {
		memcpy(key, &i, sizeof(i));
		cr_assert_eq(bpf_map_update_elem(fd, key, value, BPF_ANY), 0,
			     "%s: row %u: %m", pin, i);
	}
	close(fd);
	free(value);
}

static void fill_all_maps(void)
{
	map_fill(KCOPYD_PIN_JOBS, sizeof(uint64_t),
		 sizeof(struct kcopyd_job_stats), KCOPYD_STATS_MAX_JOBS);
	map_fill(KCOPYD_PIN_REGIONS, sizeof(struct kcopyd_region_key),
		 sizeof(struct kcopyd_region_stats), KCOPYD_STATS_MAX_REGIONS);
	map_fill(KCOPYD_PIN_DEVICES, sizeof(struct kcopyd_device_key),
		 sizeof(struct kcopyd_device_stats), KCOPYD_STATS_MAX_DEVICES);
	map_fill(KCOPYD_PIN_CLIENTS, sizeof(uint64_t),
		 sizeof(struct kcopyd_client_stats), KCOPYD_STATS_MAX_CLIENTS);
	map_fill(KCOPYD_PIN_HEAT, sizeof(struct kcopyd_heat_key),
		 sizeof(struct kcopyd_heat_stats), KCOPYD_HEAT_MAX_ROWS);
}

RIG_TEST(losses, what_full_maps_do_not_take_is_counted)
{
	int caller = caller_open();
	struct kcopyd_test_copy_result results[KJOB_SMALL];
	struct run run;

	ctl_load();
	kjob_disks(caller, 1, (struct test_disk_options){});
	fill_all_maps();
	kjob_small(caller, client_create(caller, 64), "/dev/kt-d0", results);
	close(caller);
	null_create("a", (struct null_options){ .mib = 4 });
	null_create("b", (struct null_options){ .mib = 4 });
	job_run_ok(&(struct job_plan){
		.source.path = "/dev/kt-a",
		.dests[0].path = "/dev/kt-b",
		.length = 4 * MIB,
	});
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_LOST_JOBS), 1);
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_LOST_REGIONS), 2);
	cr_assert_gt(seen_counter(KCOPYD_COUNTER_LOST_IOS), 0);
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_LOST_CLIENTS), KJOB_SMALL);
	cr_assert_gt(seen_counter(KCOPYD_COUNTER_LOST_DEVICES), 2 * KJOB_SMALL);
	cr_assert_gt(seen_counter(KCOPYD_COUNTER_LOST_HEAT), 0);
	cr_assert_eq(seen_counter(KCOPYD_COUNTER_FINISHED), KJOB_SMALL + 1);
	run = ctl_run("stats", "--last", "1");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "not counted"), "%s", run.out);
	run_free(&run);
}

/* ---- re-entry ------------------------------------------------------------- */

enum { LANES = 4, REQUESTS = 64 };

/**
 * struct lanes - processes that make calls, all of them requests of a page
 * @requests: that have completed
 * @failed: calls that did not do as told
 * @end: they are to leave
 */
struct lanes {
	atomic_ulong requests;
	atomic_ulong failed;
	atomic_bool end;
};

static void lane_run(struct lanes *lanes, int caller, const char *path)
{
	static char buffer[REQUESTS * 4096];
	struct kcopyd_test_region regions[REQUESTS];
	struct kcopyd_test_io args;

	regions[0] = caller_region(path, 0, 8);
	for (unsigned int i = 1; i < REQUESTS; i++) {
		regions[i] = regions[0];
		regions[i].sector = 8 * i;
	}
	while (!atomic_load(&lanes->end)) {
		args = call_args(0, OP_WRITE, regions, REQUESTS, buffer, 4096);
		if (caller_ioctl(caller, KCOPYD_TEST_IO, &args) ||
		    args.error_bits)
			atomic_fetch_add(&lanes->failed, 1);
		atomic_fetch_add(&lanes->requests, REQUESTS);
	}
}

/* Half of them on a disk whose interrupts end what it does. */
static struct lanes *lanes_start(pid_t pids[LANES])
{
	static const char *const paths[] = { "/dev/kt-task", "/dev/kt-timer" };
	struct lanes *lanes = mmap(NULL, sizeof(*lanes), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(lanes, MAP_FAILED);
	for (unsigned int i = 0; i < LANES; i++) {
		/* One makes one call at a time. */
		const int caller = call_open();

		pids[i] = fork();
		cr_assert_geq(pids[i], 0);
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			lane_run(lanes, caller, paths[i % 2]);
			_exit(0);
		}
		close(caller);
	}
	return lanes;
}

static uint64_t lanes_end(struct lanes *lanes, const pid_t pids[LANES])
{
	int status;

	atomic_store(&lanes->end, true);
	for (unsigned int i = 0; i < LANES; i++) {
		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert_eq(status, 0);
	}
	cr_assert_eq(atomic_load(&lanes->failed), 0);
	return atomic_load(&lanes->requests);
}

/*
 * The end of a request is told where it ends: in an interrupt, maybe while the
 * same processor is telling of another. BPF does not enter a program twice.
 */
RIG_TEST(losses, requests_that_end_while_another_is_counted_are_counted_as_lost)
{
	struct json_object *document;
	uint64_t requests, seen;
	struct lanes *lanes;
	pid_t pids[LANES];
	int caller;

	ctl_load();
	caller = caller_open();
	test_disk_create(caller, "task", (struct test_disk_options){});
	null_create("timer",
		    (struct null_options){ .mib = 4, .latency_us = 2000 });
	lanes = lanes_start(pids);
	rig_wait_for(seen_misses(), 60, "a loss");
	requests = lanes_end(lanes, pids);
	seen = seen_device("/dev/kt-task", KCOPYD_OP_WRITE).ios +
	       seen_device("/dev/kt-timer", KCOPYD_OP_WRITE).ios;
	cr_assert_eq(seen + seen_misses(), requests,
		     "%lu of %lu seen, %lu lost", seen, requests,
		     seen_misses());
	document = ctl_json_of(CTL_COMPLETE, "stats", "--json");
	cr_assert_eq(member_number(member(document, "lost", json_type_object),
				   "misses"),
		     seen_misses());
	json_object_put(document);
	close(caller);
}
