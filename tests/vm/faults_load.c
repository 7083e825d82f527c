// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading, unloading and kcopyctl where the first, the second... allocation
 * fails: all of it or nothing is there afterwards, and the next try works.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <kcopyd/stats.h>

#include "caller.h"
#include "ctl.h"
#include "faults.h"
#include "job.h"

TestSuite(faults_load, FAULTS_SUITE);

enum { SOURCE = 1, DEST = 2 };

/* Fails the test unless it was refused for memory, and nothing is there. */
static void expect_refused(int err)
{
	cr_assert_eq(err, ENOMEM, "%s", strerror(err));
	cr_assert_not(module_loaded("kcopyd"));
	cr_assert_neq(access("/dev/kcopyd", F_OK), 0);
}

/*
 * The module's own part of it. That a cache can't be made is told by a stack in
 * the kernel's log, as only what is broken should be: caches are left out, and
 * with them the ways out of a load that begin where one is not made. What these
 * take apart is taken apart by the failure of what comes after the caches, too.
 */
RIG_TEST(faults_load, a_load_that_fails_leaves_nothing)
{
	unsigned int refused = 0;
	int file, ret, err;

	faults_begin();
	faults_within("do_one_initcall");
	faults_not_within("__kmem_cache_create_args");
	modules_unload();
	file = device_open(module_file(), O_RDONLY);
	each_fault(fault)
	{
		fault_arm(&fault);
		ret = syscall(SYS_finit_module, file, "", 0);
		err = errno;
		fault_disarm(&fault);
		if (ret) {
			cr_assert(fault.hit);
			expect_refused(err);
			refused++;
			continue;
		}
		cr_assert_eq(job_info_now().jobs, 0);
		module_unload("kcopyd");
	}
	cr_log_info("%u loads failed\n", refused);
	cr_assert_gt(refused, 0);
	close(file);
}

/* The disk can't make zeroes itself: they come from the buffer for all. */
static void expect_zeroes(void)
{
	data_fill("/dev/kt-dst", DEST);
	job_run_ok(&(struct job_plan){
		JOB_NO_SOURCE,
		.dests[0].path = "/dev/kt-dst",
		.length = MIB,
	});
	data_expect_zeroes("/dev/kt-dst", 0, MIB);
}

/*
 * One failure makes the buffer of zeroes smaller, and no load fails. So all of
 * its sizes down to some order are failed in a row, in the end down to a page.
 * Only what is as large as that counts: it is they, as what comes before them
 * takes no pages but for its caches.
 */
RIG_TEST(faults_load, a_load_takes_the_zeroes_it_gets_and_fails_without_any)
{
	enum { LARGEST = 8 };
	int file, ret, err;

	faults_begin();
	null_create("dst", (struct null_options){ .mib = 1 });
	file = device_open(module_file(), O_RDONLY);
	for (int order = LARGEST; order >= 0; order--) {
		modules_unload();
		faults_within("do_one_initcall");
		faults_not_within("__kmem_cache_create_args");
		faults_of_pages(order, 1 + LARGEST - order);
		ret = syscall(SYS_finit_module, file, "", 0);
		err = errno;
		cr_assert(faults_stop(), "order %d: not all sizes failed",
			  order);
		if (order)
			cr_assert_eq(ret, 0, "order %d: %s", order,
				     strerror(err));
		else
			cr_assert_neq(ret, 0);
		if (ret)
			expect_refused(err);
		else
			expect_zeroes();
	}
	close(file);
	module_load("kcopyd");
	expect_zeroes();
}

RIG_TEST(faults_load, an_unload_that_fails_can_be_repeated)
{
	faults_begin();
	each_fault(fault)
	{
		int ret;

		module_load("kcopyd");
		close(job_device_open(0));
		/* The descriptor's reference goes a moment later. */
		rig_sleep_ms(200);
		fault_arm(&fault);
		ret = module_try_unload("kcopyd");
		fault_disarm(&fault);
		cr_assert(!ret || fault.hit, "%s", strerror(-ret));
		if (ret)
			module_unload("kcopyd");
		cr_assert_not(module_loaded("kcopyd"));
	}
}

/* ---- kcopyctl ------------------------------------------------------------ */

/* Runs it with one failure; returns its status. */
static int ctl_failing(struct fault *fault, const char *const *args)
{
	const char *argv[16] = { getenv("KCOPYD_CTL") };
	siginfo_t info;
	int status, null;
	pid_t pid;

	for (unsigned int i = 0; args[i]; i++)
		argv[1 + i] = args[i];
	fflush(NULL);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		fault_arm_for_good(fault->nr);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	cr_assert_eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	fault_was_hit(pid, fault);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "it died: %#x", status);
	cr_assert_lt(WEXITSTATUS(status), 126);
	return WEXITSTATUS(status);
}

/*
 * Of what it asks of BPF; the module is none of it and is loaded anyhow. That
 * pages can't be mapped the kernel tells by a stack: that is left out. libbpf
 * tries most of it twice, so that few failures are seen by the command.
 */
RIG_TEST(faults_load, what_fails_for_the_statistics_stops_no_copy)
{
	const char *const load[] = { "load", "--module", module_file(), NULL };
	unsigned int failed = 0;

	faults_begin();
	faults_within("__sys_bpf");
	faults_not_within("__vmalloc_node_range_noprof");
	data_fill(null_create("src", (struct null_options){ .mib = 1 }),
		  SOURCE);
	null_create("dst", (struct null_options){ .mib = 1 });
	each_fault_coarsely(fault)
	{
		int status;

		modules_unload();
		status = ctl_failing(&fault, load);
		cr_assert(!status || (fault.hit && status == CTL_ENVIRONMENT),
			  "status %d", status);
		failed += status != 0;
		cr_assert(module_loaded("kcopyd"));
		data_fill("/dev/kt-dst", DEST);
		job_run_ok(&(struct job_plan){
			.source.path = "/dev/kt-src",
			.dests[0].path = "/dev/kt-dst",
			.length = MIB,
		});
		data_expect_equal("/dev/kt-src", "/dev/kt-dst");
		/* It takes away what there is of it. */
		ctl_expect(CTL_COMPLETE, "unload");
		cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0);
		/* Of some 11,000: each is as good as the next. */
		if (!rig_number("KCOPYD_ALL_FAULTS", 0))
			fault.nr *= 8;
	}
	cr_log_info("%u loads failed\n", failed);
	ctl_load();
	ctl_unload();
}

/* The statistics take no memory to go. */
RIG_TEST(faults_load, the_command_unloads_what_failed_to_go_before)
{
	static const char *const unload[] = { "unload", NULL };
	unsigned int failed = 0;

	faults_begin();
	faults_within("__x64_sys_delete_module");
	each_fault_coarsely(fault)
	{
		int status;

		ctl_load();
		status = ctl_failing(&fault, unload);
		cr_assert(!status || (fault.hit && status == CTL_ENVIRONMENT),
			  "status %d", status);
		failed += status != 0;
		if (status)
			ctl_expect(CTL_COMPLETE, "unload");
		cr_assert_not(module_loaded("kcopyd"));
		cr_assert_neq(access(KCOPYD_PIN_DIR, F_OK), 0);
	}
	cr_log_info("%u unloads failed\n", failed);
}

/*
 * The library and the command see what a submission is refused for. Not on
 * null_blk, which has failures of its own, and tells of them in the log.
 */
RIG_TEST(faults_load, a_copy_that_gets_no_memory_fails_or_is_right)
{
	static const char *const copy[] = { "copy", "/dev/kt-src",
					    "/dev/kt-dst", NULL };
	const struct test_disk_options options = { .mib = 1 };
	unsigned int failed = 0;
	int caller = caller_open();

	faults_begin();
	faults_within_module("kcopyd");
	test_disk_create_filled(caller, "src", options, SOURCE);
	test_disk_create_filled(caller, "dst", options, DEST);
	each_fault(fault)
	{
		int status;

		data_fill("/dev/kt-dst", DEST);
		status = ctl_failing(&fault, copy);
		if (!status) {
			data_expect_equal("/dev/kt-src", "/dev/kt-dst");
		} else {
			cr_assert(fault.hit, "status %d", status);
			cr_assert(status == CTL_ENVIRONMENT ||
					  status == CTL_FAILED,
				  "status %d", status);
			failed++;
		}
		cr_assert_eq(job_info_now().jobs, 0);
		if (!rig_number("KCOPYD_ALL_FAULTS", 0))
			fault.nr += fault.nr / 2;
	}
	cr_log_info("%u copies failed\n", failed);
	cr_assert_gt(failed, 0);
	close(caller);
}
