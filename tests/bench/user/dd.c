// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dd, past the page cache. What counts is its processor time: with devices that
 * complete a request at once it never sleeps, but for its program file, which
 * may be on the other side of a slow file system.
 */
#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "bench.h"
#include "copy.h"

extern char **environ;

static uint64_t timeval_ns(const struct timeval *time)
{
	return (time->tv_sec * UINT64_C(1000000) + time->tv_usec) * 1000;
}

static uint64_t run(char *const argv[])
{
	struct rusage usage;
	int status;
	pid_t pid;

	errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno)
		err(BENCH_FAILED, "%s", argv[0]);
	if (wait4(pid, &status, 0, &usage) != pid)
		err(BENCH_FAILED, "wait4");
	if (status)
		errx(BENCH_FAILED, "%s failed (%#x)", argv[0], status);
	return timeval_ns(&usage.ru_utime) + timeval_ns(&usage.ru_stime);
}

static uint64_t dd_copy(const struct copy *copy, const struct devices *devices,
			unsigned int block_mib)
{
	char node[2][DEVICE_NODE_MAX], from[64], to[64], bs[32], count[64];
	char *const argv[] = { "dd",
			       from,
			       to,
			       bs,
			       count,
			       "iflag=direct",
			       "oflag=direct",
			       "conv=notrunc",
			       "status=none",
			       NULL };

	if (copy->nr_dests != 1)
		return 0;
	device_node(devices, 0, node[0]);
	device_node(devices, 1, node[1]);
	snprintf(from, sizeof(from), "if=%s", node[0]);
	snprintf(to, sizeof(to), "of=%s", node[1]);
	snprintf(bs, sizeof(bs), "bs=%uM", block_mib);
	snprintf(count, sizeof(count), "count=%llu",
		 (unsigned long long)(copy->bytes >> 20) / block_mib);
	return run(argv);
}

static uint64_t dd_1m(const struct copy *copy, const struct devices *devices)
{
	return dd_copy(copy, devices, 1);
}

static uint64_t dd_16m(const struct copy *copy, const struct devices *devices)
{
	return dd_copy(copy, devices, 16);
}

const struct bench_peer peer_dd_1m = { "dd 1M", "dd_1m", dd_1m };
const struct bench_peer peer_dd_16m = { "dd 16M", "dd_16m", dd_16m };
