/* SPDX-License-Identifier: GPL-2.0-or-later */
/* null_blk devices, made for a suite or a row of it. */
#ifndef _TESTS_BENCH_DEVICES_H
#define _TESTS_BENCH_DEVICES_H

#include <stdbool.h>

#define DEVICES_MAX 33

/* null_blk's irqmode: when a request is completed. */
enum device_irqmode {
	DEVICE_INLINE = 0, /* before its submission returns */
	DEVICE_SOFTIRQ = 1,
	DEVICE_TIMER = 2, /* after the latency */
};

/**
 * struct device_kind - what sort of device; 0 = as null_blk has it
 * @request_kib: the largest request, by default 124 KiB
 * @irqmode: enum device_irqmode
 * @latency_ns: of a request, with DEVICE_TIMER
 * @queue_depth: requests that the device works on together
 * @mbps: bandwidth in MiB/s
 * @size_mib: of the device, by default DEVICE_SIZE_MIB
 * @memory_backed: keeps its data, or forgets them
 */
struct device_kind {
	unsigned int request_kib;
	unsigned int irqmode;
	unsigned int latency_ns;
	unsigned int queue_depth;
	unsigned int mbps;
	unsigned int size_mib;
	bool memory_backed;
};

#define DEVICE_SIZE_MIB 1024
#define DEVICE_REQUEST_KIB 124

static inline unsigned int device_request_kib(const struct device_kind *kind)
{
	return kind->request_kib ? kind->request_kib : DEVICE_REQUEST_KIB;
}

/**
 * struct devices - equal devices, opened for themselves alone, past the cache
 * @nr: of them
 * @first: number of the first one's node
 * @fds: of each
 */
struct devices {
	unsigned int nr;
	unsigned int first;
	int fds[DEVICES_MAX];
};

/* Both exit when they can't. */
void devices_create(struct devices *devices, unsigned int nr,
		    const struct device_kind *kind);
void devices_destroy(struct devices *devices);

#define DEVICE_NODE_MAX 32

/* The path of device i. */
void device_node(const struct devices *devices, unsigned int i,
		 char node[DEVICE_NODE_MAX]);

#endif /* _TESTS_BENCH_DEVICES_H */
