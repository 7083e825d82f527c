// SPDX-License-Identifier: GPL-2.0-or-later
/* The peers in the kernel, whom kcopyd_bench.ko has do their work. */
#include <err.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../kcopyd_bench.h"
#include "bench.h"
#include "copy.h"

#define NODE "/dev/kcopyd_bench"

/* Of the in-tree kcopyd. */
#define INTREE_MAX_DESTS 8

/* Requests of the bare loop in flight, as MiB: enough for any queue here. */
#define FLOOR_MIB 4

void module_ioctl(unsigned long request, void *args)
{
	static int node = -1;

	if (node < 0)
		node = open(NODE, O_RDWR | O_CLOEXEC);
	if (node < 0 || ioctl(node, request, args))
		err(BENCH_FAILED, "%s", NODE);
}

/* Of several jobs the first ones warm the caches up. */
static void set_jobs(struct kcopyd_bench_copy *args, const struct copy *copy)
{
	args->in_flight = 1;
	args->jobs = 1;
	if (copy->jobs) {
		args->in_flight = copy->in_flight;
		args->jobs = copy->jobs;
		args->scattered = copy->scattered;
		args->warm_up = copy->jobs / 8;
	}
}

static uint64_t kernel_copy(unsigned int peer, unsigned int nr_dests,
			    const struct copy *copy,
			    const struct devices *devices)
{
	const unsigned int request_kib = device_request_kib(&copy->kind);
	struct kcopyd_bench_copy args = {
		.peer = peer,
		.nr_dests = nr_dests,
		.piece = request_kib << 10,
		.pieces = FLOOR_MIB * 1024 / request_kib,
		.bytes = copy->bytes,
	};
	unsigned int i;

	for (i = 0; i <= nr_dests; i++)
		args.fds[i] = devices->fds[i];
	set_jobs(&args, copy);
	module_ioctl(KCOPYD_BENCH_COPY, &args);
	return args.ns;
}

static uint64_t intree_copy(const struct copy *copy,
			    const struct devices *devices)
{
	if (copy->nr_dests > INTREE_MAX_DESTS)
		return 0;
	return kernel_copy(KCOPYD_BENCH_INTREE, copy->nr_dests, copy, devices);
}

static uint64_t ours_copy(const struct copy *copy,
			  const struct devices *devices)
{
	return kernel_copy(KCOPYD_BENCH_OURS, copy->nr_dests, copy, devices);
}

static uint64_t floor_copy(const struct copy *copy,
			   const struct devices *devices)
{
	return kernel_copy(KCOPYD_BENCH_FLOOR, copy->nr_dests, copy, devices);
}

static uint64_t read_only(const struct copy *copy,
			  const struct devices *devices)
{
	return kernel_copy(KCOPYD_BENCH_FLOOR, 0, copy, devices);
}

const struct bench_peer peer_intree = { "in-tree", "in_tree", intree_copy };
const struct bench_peer peer_ours = { "ours", "ours", ours_copy };
const struct bench_peer peer_floor = { "floor", "floor", floor_copy };
const struct bench_peer peer_read = { "read", "read", read_only };
