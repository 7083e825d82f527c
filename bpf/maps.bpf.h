/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of the statistics, and what all of them need. */
#ifndef _KCOPYD_MAPS_BPF_H
#define _KCOPYD_MAPS_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <kcopyd/stats.h>
#include <uapi/kcopyd.h>

#define SECTOR_SHIFT 9
/* dev_t as the kernel itself has it, not as user space encodes it. */
#define DEV_MAJOR(dev) ((dev) >> 20)
#define DEV_MINOR(dev) ((dev) & ((1U << 20) - 1))

#define ENOMEM 12

/*
 * Rows are allocated as they are needed: all of them at once would be 18 MiB.
 * Each CPU has a small stock of free rows, refilled from an interrupt that
 * comes right after one was taken; a job with many regions can outrun it. The
 * 6 MiB of heat are there from the start: a copy needs a new row every so often.
 */
#define INSERT_ATTEMPTS 16
#define PUSH_ATTEMPTS 8

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_STATS_MAX_REGIONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct kcopyd_region_key);
	__type(value, struct kcopyd_region_stats);
} regions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_STATS_MAX_JOBS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct kcopyd_job_stats);
} jobs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_STATS_MAX_DEVICES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct kcopyd_device_key);
	__type(value, struct kcopyd_device_stats);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_STATS_MAX_CLIENTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct kcopyd_client_stats);
} clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KCOPYD_HEAT_MAX_ROWS);
	__type(key, struct kcopyd_heat_key);
	__type(value, struct kcopyd_heat_stats);
} heat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KCOPYD_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* The finished jobs that still have rows, oldest first. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, KCOPYD_STATS_FINISHED);
	__type(value, __u64);
} finished SEC(".maps");

/* The clients that are gone and still have a row, likewise. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, KCOPYD_STATS_GONE_CLIENTS);
	__type(value, __u64);
} gone SEC(".maps");

/* Zeroes, as many as any row has, which are too many for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kcopyd_heat_stats);
} blank SEC(".maps");

static __always_inline void count(__u32 counter, __u64 nr)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, nr);
}

static __always_inline long insert(void *map, const void *key, const void *row,
				   __u64 flags)
{
	long err = 0;
	int i;

	for (i = 0; i < INSERT_ATTEMPTS; i++) {
		err = bpf_map_update_elem(map, key, row, flags);
		if (err != -ENOMEM)
			break;
	}
	return err;
}

static __always_inline void insert_blank(void *map, const void *key,
					 __u64 flags)
{
	__u32 zero = 0;
	void *row = bpf_map_lookup_elem(&blank, &zero);

	if (row)
		insert(map, key, row, flags);
}

/* Of rows that several may write at once. */
static __always_inline void atomic_max(__u64 *most, __u64 value)
{
	__u64 old;
	int i;

	for (i = 0; i < 4; i++) {
		old = *most;
		if (value <= old ||
		    __sync_val_compare_and_swap(most, old, value) == old)
			break;
	}
}

/* 0 is none yet. */
static __always_inline void atomic_min(__u64 *least, __u64 value)
{
	__u64 old;
	int i;

	for (i = 0; i < 4; i++) {
		old = *least;
		if ((old && value >= old) ||
		    __sync_val_compare_and_swap(least, old, value) == old)
			break;
	}
}

#endif /* _KCOPYD_MAPS_BPF_H */
