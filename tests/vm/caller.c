// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyd_test.ko, the in-kernel caller. */
#include <sys/ioctl.h>

#include "caller.h"

int caller_open(void)
{
	module_load("kcopyd_test");
	return device_open("/dev/kcopyd_test", O_RDWR);
}

int caller_ioctl(int caller, unsigned long cmd, void *args)
{
	return ioctl(caller, cmd, args) ? -errno : 0;
}

/* The descriptor is closed at the end of the test. */
struct kcopyd_test_region caller_region(const char *path, uint64_t sector,
					uint64_t count)
{
	return (struct kcopyd_test_region){
		.fd = path ? device_open(path, O_RDWR) : -1,
		.sector = sector,
		.count = count,
	};
}
