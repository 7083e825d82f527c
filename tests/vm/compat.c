// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls as a 32-bit program makes them: by the old gate into the kernel, with
 * everything below 4 GiB.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "job.h"

TestSuite(compat, RIG_SUITE);

enum { SOURCE = 3, DEST = 4 };
/* Numbers of 32-bit calls. */
enum { READ = 3, GETPID = 20, IOCTL = 54 };

static int call_32(int number, unsigned int a, unsigned int b, unsigned int c)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(number), "b"(a), "c"(b), "d"(c)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

/* Without the gate the child is killed. */
static void skip_without_gate(void)
{
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(call_32(GETPID, 0, 0, 0) == getpid() ? 0 : 1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		cr_skip_test("this kernel runs no 32-bit programs");
	cr_assert_eq(status, 0);
}

/* All that the calls are given, where they can reach it. */
struct below {
	struct kcopyd_info info;
	struct kcopyd_target dest;
	struct kcopyd_submit submit;
	struct kcopyd_event event;
	struct kcopyd_status status;
	struct kcopyd_region_status regions[2];
	struct kcopyd_extents extents;
	struct kcopyd_extent extent;
	struct kcopyd_control control;
	struct kcopyd_cancel cancel;
};

static struct below *below_4_gib(void)
{
	void *low = mmap(NULL, sizeof(struct below), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	cr_assert_neq(low, MAP_FAILED, "%m");
	cr_assert_lt((uintptr_t)low, 1ULL << 32);
	return low;
}

static int ioctl_32(int kcopyd, unsigned int cmd, void *args)
{
	return call_32(IOCTL, kcopyd, cmd, (uintptr_t)args);
}

static int wait_done_32(int kcopyd, struct below *low)
{
	do {
		cr_assert_eq(call_32(READ, kcopyd, (uintptr_t)&low->event,
				     sizeof(low->event)),
			     sizeof(low->event));
	} while (low->event.type != KCOPYD_EVENT_DONE);
	return low->event.code;
}

static void fill(struct below *low)
{
	*low = (struct below){
		.info.size = sizeof(low->info),
		.dest.fd = device_open("/dev/kt-dst", O_RDWR | O_EXCL),
		.submit = {
			.size = sizeof(low->submit),
			.source.fd = device_open("/dev/kt-src", O_RDONLY),
			.length = MIB,
			.dests = (uintptr_t)&low->dest,
			.nr_dests = 1,
			.cookie = 0x123456789abcdef0,
		},
		.status = {
			.size = sizeof(low->status),
			.regions = (uintptr_t)low->regions,
			.nr_regions = 2,
		},
		.extents = {
			.size = sizeof(low->extents),
			.extents = (uintptr_t)&low->extent,
			.nr = 1,
		},
		.control = {
			.size = sizeof(low->control),
			.op = KCOPYD_CONTROL_RESUME,
		},
		.cancel.size = sizeof(low->cancel),
	};
}

RIG_TEST(compat, a_32_bit_program_makes_every_call)
{
	int kcopyd = job_device_open(0);
	struct below *low = below_4_gib();

	skip_without_gate();
	data_fill(null_create("src", (struct null_options){ .mib = 1 }),
		  SOURCE);
	data_fill(null_create("dst", (struct null_options){ .mib = 1 }), DEST);
	fill(low);
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_INFO, &low->info), 0);
	cr_assert_eq(low->info.abi, KCOPYD_ABI_VERSION);
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_SUBMIT, &low->submit), 0);
	cr_assert_eq(wait_done_32(kcopyd, low), 0);
	cr_assert_eq(low->event.cookie, 0x123456789abcdef0);
	low->status.job = low->submit.job;
	low->extents.job = low->submit.job;
	low->control.job = low->submit.job;
	low->cancel.job = low->submit.job;
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_STATUS, &low->status), 0);
	cr_assert_eq(low->status.cookie, 0x123456789abcdef0);
	cr_assert_eq(low->regions[1].bytes, MIB);
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_EXTENTS, &low->extents), 0);
	cr_assert_eq(low->extents.nr, 0);
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_CONTROL, &low->control), 0);
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_CANCEL, &low->cancel), 0);
	close(low->dest.fd);
	data_expect_equal("/dev/kt-src", "/dev/kt-dst");
	close(kcopyd);
}

RIG_TEST(compat, a_32_bit_program_is_refused_like_any_other)
{
	int kcopyd = job_device_open(0);
	struct below *low = below_4_gib();

	skip_without_gate();
	null_create("src", (struct null_options){ .mib = 1 });
	data_fill(null_create("dst", (struct null_options){ .mib = 1 }), DEST);
	fill(low);
	low->submit.pad = 1;
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_SUBMIT, &low->submit),
		     -EINVAL);
	cr_assert_eq(low->submit.reason, KCOPYD_REASON_PAD);
	cr_assert_eq(ioctl_32(kcopyd, KCOPYD_IOC_INFO, (void *)0xfffff000UL),
		     -EFAULT);
	cr_assert_eq(ioctl_32(kcopyd, 0x1234, low), -ENOTTY);
	close(low->dest.fd);
	data_expect_untouched("/dev/kt-dst", DEST);
	close(kcopyd);
}
