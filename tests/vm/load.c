// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading and unloading, by kcopyctl. */
#include <linux/types.h>

#include <kcopyd/stats.h>

#include "ctl.h"
#include "job.h"

TestSuite(load, RIG_SUITE);

enum { SOURCE = 1 };

RIG_TEST(load, load_and_unload_work_ten_times)
{
	unsigned int times = rig_scaled(10, 4);

	modules_unload();
	data_fill(null_create("src", (struct null_options){ .mib = 4 }),
		  SOURCE);
	null_create("dst", (struct null_options){ .mib = 4 });
	for (unsigned int i = 0; i < times; i++) {
		ctl_load();
		cr_assert_eq(access(KCOPYD_PIN_REGIONS, F_OK), 0, "%m");
		data_fill("/dev/kt-dst", 100 + i);
		job_run_ok(&(struct job_plan){
			.source.path = "/dev/kt-src",
			.dests[0].path = "/dev/kt-dst",
			.length = 4 * MIB,
		});
		data_expect_equal("/dev/kt-src", "/dev/kt-dst");
		ctl_unload();
		cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0);
		cr_assert_neq(access("/dev/kcopyd", F_OK), 0);
	}
}

RIG_TEST(load, without_bpf_there_are_no_pins)
{
	modules_unload();
	ctl_expect(CTL_COMPLETE, "load", "--no-bpf", "--module", module_file());
	cr_assert(module_loaded("kcopyd"));
	cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0);
	ctl_unload();
}

RIG_TEST(load, twice_is_no_error_and_changes_nothing)
{
	int kcopyd;

	ctl_load();
	kcopyd = job_device_open(0);
	ctl_load();
	cr_assert_eq(job_info(kcopyd).abi, KCOPYD_ABI_VERSION);
	close(kcopyd);
	ctl_unload();
	ctl_expect(CTL_COMPLETE, "unload");
}

RIG_TEST(load, a_file_that_is_not_there_is_named)
{
	modules_unload();
	ctl_refused(CTL_ENVIRONMENT, "/nowhere/kcopyd.ko", "load", "--module",
		    "/nowhere/kcopyd.ko");
	cr_assert_not(module_loaded("kcopyd"));
}

RIG_TEST(load, a_file_that_is_no_module_is_named)
{
	modules_unload();
	ctl_refused(CTL_ENVIRONMENT, "/proc/version", "load", "--module",
		    "/proc/version");
	cr_assert_not(module_loaded("kcopyd"));
}

RIG_TEST(load, only_root_can)
{
	modules_unload();
	ctl_expect_as(65534, CTL_ENVIRONMENT,
		      (const char *const[]){ "load", "--module", module_file(),
					     NULL });
	cr_assert_not(module_loaded("kcopyd"));
}

RIG_TEST(load, unload_is_refused_while_in_use_and_names_the_holder)
{
	char pid[16];
	int kcopyd;

	ctl_load();
	module_unload("kcopyd_test");
	kcopyd = job_device_open(0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	ctl_refused(CTL_ENVIRONMENT, pid, "unload", "--timeout", "200ms");
	cr_assert_eq(job_info(kcopyd).abi, KCOPYD_ABI_VERSION);
	close(kcopyd);
	ctl_unload();
}

RIG_TEST(load, status_tells_what_is_loaded)
{
	struct json_object *document, *module;

	modules_unload();
	document = ctl_json_of(CTL_COMPLETE, "status", "--json");
	module = member(document, "module", json_type_object);
	cr_assert_not(member_bool(module, "loaded"));
	member(document, "service", json_type_null);
	json_object_put(document);
	ctl_expect(CTL_COMPLETE, "status");

	ctl_load();
	document = ctl_json_of(CTL_COMPLETE, "status", "--json");
	module = member(document, "module", json_type_object);
	cr_assert(member_bool(module, "loaded"));
	cr_assert_str_eq(member_text(document, "statistics"), "attached");
	cr_assert_eq(
		member_number(member(document, "service", json_type_object),
			      "abi"),
		KCOPYD_ABI_VERSION);
	json_object_put(document);
	ctl_unload();
}

RIG_TEST(load, doctor_says_that_copying_can_work)
{
	struct json_object *document;

	ctl_load();
	document = ctl_json_of(CTL_COMPLETE, "doctor", "--json");
	cr_assert(member_bool(document, "copying_works"));
	cr_assert_gt(json_object_array_length(
			     member(document, "checks", json_type_array)),
		     3);
	json_object_put(document);
	ctl_unload();
}
