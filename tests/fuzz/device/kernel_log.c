// SPDX-License-Identifier: GPL-2.0-or-later
/* Complaints of the kernel, to be blamed on a program; scripts/splat has all. */
#include "device.h"

static const char *const heads[] = {
	"WARNING: ",
	"BUG: ",
	"BUG at ",
	"Oops: ",
	"KASAN: ",
	"UBSAN: ",
	"refcount_t: ",
	"ODEBUG: ",
	"list_add corruption",
	"Call Trace:",
	"list_del corruption",
	"blocked for more",
	"general protection fault",
};

static int kmsg = -1;

void kernel_log_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kmsg, 0, SEEK_END);
}

const char *kernel_log_complaint(void)
{
	static char record[8192];
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		record[n < 0 ? 0 : n] = 0;
		for (unsigned int i = 0; i < ARRAY_SIZE(heads); i++)
			if (strstr(record, heads[i]))
				return record;
	}
	return NULL;
}
