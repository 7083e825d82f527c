// SPDX-License-Identifier: GPL-2.0-or-later
/* The same clock that the module reads. */
#include <time.h>

#include "bench.h"

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}
