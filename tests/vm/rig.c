// SPDX-License-Identifier: GPL-2.0-or-later
/* Around a test: leftovers of the one before, the kernel's log. */
#include <glob.h>
#include <time.h>

#include "rig.h"

/* Heads of the kernel's reports. */
static const char *const complaints[] = {
	"WARNING: ",
	"BUG: ",
	"BUG at ",
	"Oops: ",
	"KASAN: ",
	"UBSAN: ",
	"KFENCE: ",
	"ODEBUG: ",
	"refcount_t: ",
	"list_add corruption",
	"list_del corruption",
	"possible recursive locking",
	"possible circular locking",
	"inconsistent lock state",
	"bad unlock balance",
	"suspicious RCU usage",
	"scheduling while atomic",
	"sleeping function called from invalid context",
	"general protection fault",
	"NULL pointer dereference",
	"unable to handle page fault",
	"blocked for more than",
	"workqueue lockup",
	"soft lockup",
	"Bad page state",
	"Objects remaining",
	"Call Trace:",
};

static int kmsg = -1;

static void log_mark(void)
{
	char mark[256];
	int len;

	len = snprintf(mark, sizeof(mark), "kcopyd-test: %s/%s\n",
		       criterion_current_suite->name,
		       criterion_current_test->name);
	kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	cr_assert_geq(kmsg, 0, "/dev/kmsg: %m");
	cr_assert_eq(write(kmsg, mark, len), len);
	lseek(kmsg, 0, SEEK_END);
}

static bool is_complaint(const char *line)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(complaints); i++)
		if (strstr(line, complaints[i]))
			return true;
	return false;
}

/* The first complaint since the mark, in @record. */
static bool log_has_complaint(char *record, size_t size)
{
	for (;;) {
		ssize_t n = read(kmsg, record, size - 1);

		if (n < 0 && errno == EPIPE)
			continue;
		if (n < 0)
			return false;
		record[n] = 0;
		if (is_complaint(record))
			return true;
	}
}

/* Statistics hold the module. */
static void pins_remove(void)
{
	glob_t found;

	if (!glob("/sys/fs/bpf/kcopyd/*", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	rmdir("/sys/fs/bpf/kcopyd");
}

/* What can't go offline has no such file. */
static void processors_switch(const char *state)
{
	glob_t found;

	if (glob("/sys/devices/system/cpu/cpu[0-9]*/online", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_WRONLY);

		if (fd >= 0 && write(fd, state, 1) != 1)
			cr_log_info("%s: %m", found.gl_pathv[i]);
		close(fd);
	}
	globfree(&found);
}

void rig_one_processor(void)
{
	processors_switch("0");
	cr_assert_eq(sysconf(_SC_NPROCESSORS_ONLN), 1);
}

void rig_begin(void)
{
	log_mark();
	processors_switch("1");
	devices_destroy();
	pins_remove();
	module_load("kcopyd");
}

void rig_end(void)
{
	char record[8192];
	bool complained;

	devices_destroy();
	complained = log_has_complaint(record, sizeof(record));
	cr_assert_not(complained, "the kernel complained: %s", record);
}

void rig_fini(void)
{
	modprobe_enable();
	processors_switch("1");
	devices_destroy();
	pins_remove();
	close(kmsg);
}

bool rig_on_debug_kernel(void)
{
	const char *kernel = getenv("KCOPYD_KERNEL");

	return kernel && !strcmp(kernel, "debug");
}

unsigned int rig_scaled(unsigned int full, unsigned int slow)
{
	const char *wish = getenv("KCOPYD_SLOW");

	if (wish && !strcmp(wish, "1"))
		return slow;
	return rig_on_debug_kernel() ? slow : full;
}

uint64_t rig_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

void rig_sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

unsigned long rig_taint(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	unsigned long bits;

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%lu", &bits), 1);
	fclose(file);
	return bits;
}

uint64_t rig_number(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);
	uint64_t number;
	char *end;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	number = strtoull(text, &end, 0);
	cr_assert(!errno && !*end, "%s=%s is no number", variable, text);
	return number;
}

/* From the clock, and short enough to be told. */
uint64_t rig_any_seed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec * 1000000000ULL + now.tv_nsec) % 1000000007;
}
