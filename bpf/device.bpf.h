/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is counted by device. Several workers, and the interrupts of direct
 * dm-io calls, may count for one device at once: these rows need atomics.
 */
#ifndef _KCOPYD_DEVICE_BPF_H
#define _KCOPYD_DEVICE_BPF_H

#include "maps.bpf.h"

/* ---- devices ------------------------------------------------------------- */

static __noinline struct kcopyd_device_stats *
device_insert(const struct kcopyd_device_key *key)
{
	/* Who comes second takes the first one's. */
	insert_blank(&devices, key, BPF_NOEXIST);
	return bpf_map_lookup_elem(&devices, key);
}

static __always_inline struct kcopyd_device_stats *
device_of(const struct kcopyd_io_batch *batch)
{
	struct kcopyd_device_key key = {
		.major = DEV_MAJOR(batch->dev),
		.minor = DEV_MINOR(batch->dev),
		.op = batch->op,
	};
	struct kcopyd_device_stats *row = bpf_map_lookup_elem(&devices, &key);

	return row ? row : device_insert(&key);
}

static __always_inline void count_device(struct kcopyd_device_stats *row,
					 const struct kcopyd_io_batch *batch)
{
	__sync_fetch_and_add(&row->ios, batch->ios);
	__sync_fetch_and_add(&row->bytes, batch->bytes);
	if (batch->errors && !(batch->flags & KCOPYD_IO_REFUSED)) {
		__sync_fetch_and_add(&row->errors, batch->errors);
		row->last_errno = batch->error;
	}
	if (batch->flags & KCOPYD_IO_RETRY)
		__sync_fetch_and_add(&row->retries, batch->ios);
	if (batch->flags & KCOPYD_IO_VERIFY)
		__sync_fetch_and_add(&row->verifies, batch->ios);
	if (!batch->client)
		__sync_fetch_and_add(&row->direct, batch->ios);
	__sync_fetch_and_add(&row->queue_sum_ns, batch->queue_sum_ns);
	__sync_fetch_and_add(&row->lat.sum_ns, batch->lat_sum_ns);
	atomic_min(&row->lat.min_ns, batch->lat_min_ns);
	atomic_max(&row->lat.max_ns, batch->lat_max_ns);
}

/* ---- heat ---------------------------------------------------------------- */

/**
 * struct heating - a walk over the rows that a batch concerns
 * @key: of the row that is next
 * @device_sectors: of the device
 * @bucket_sectors: of a bucket
 * @bucket: the next one
 * @last: the last one
 * @ios: a bucket's share
 * @errors: likewise
 * @sum_ns: likewise
 * @max_ns: of them all
 * @places: buckets, in the kernel's memory: too many for the stack
 */
struct heating {
	struct kcopyd_heat_key key;
	__u64 device_sectors;
	__u64 bucket_sectors;
	__u64 bucket;
	__u64 last;
	__u32 ios;
	__u32 errors;
	__u64 sum_ns;
	__u64 max_ns;
	const __u16 *places;
};

static __always_inline void heat_size(struct kcopyd_heat_stats *row,
				      const struct heating *at)
{
	row->bucket_sectors = at->bucket_sectors;
	row->device_sectors = at->device_sectors;
}

static __noinline struct kcopyd_heat_stats *
heat_insert(const struct heating *at, __u64 flags)
{
	struct kcopyd_heat_stats *row;

	insert_blank(&heat, &at->key, flags);
	row = bpf_map_lookup_elem(&heat, &at->key);
	if (row)
		heat_size(row, at);
	return row;
}

/* A number may be that of another device by now, of another size. */
static __always_inline struct kcopyd_heat_stats *
heat_of(const struct heating *at)
{
	struct kcopyd_heat_stats *row = bpf_map_lookup_elem(&heat, &at->key);

	if (!row)
		return heat_insert(at, BPF_NOEXIST);
	if (row->device_sectors == at->device_sectors)
		return row;
	if (row->device_sectors)
		return heat_insert(at, BPF_ANY);
	/* Somebody is just inserting it, and writes the same. */
	heat_size(row, at);
	return row;
}

static __always_inline void heat_cell(struct kcopyd_heat_cell *cell,
				      const struct heating *at)
{
	__sync_fetch_and_add(&cell->ios, at->ios);
	__sync_fetch_and_add(&cell->lat_sum_ns, at->sum_ns);
	if (at->errors)
		__sync_fetch_and_add(&cell->errors, at->errors);
	if (at->max_ns > cell->lat_max_ns)
		atomic_max(&cell->lat_max_ns, at->max_ns);
}

static long heat_row(__u32 index, void *context)
{
	struct heating *at = context;
	struct kcopyd_heat_stats *row;
	__u64 from, to, i;

	(void)index;
	at->key.row = at->bucket / KCOPYD_HEAT_CELLS;
	from = at->bucket % KCOPYD_HEAT_CELLS;
	to = from + (at->last - at->bucket);
	at->bucket += KCOPYD_HEAT_CELLS - from;
	row = heat_of(at);
	if (!row) {
		count(KCOPYD_COUNTER_LOST_HEAT, at->ios);
		return 0;
	}
	for (i = from; i < KCOPYD_HEAT_CELLS && i <= to; i++) {
		/* An index, not a pointer that moves: it can be verified. */
		barrier_var(i);
		if (i < KCOPYD_HEAT_CELLS)
			heat_cell(&row->cells[i], at);
	}
	return 0;
}

static __always_inline void heat_range(struct heating *at,
				       const struct kcopyd_io_batch *batch)
{
	__u64 nr, rows;

	at->bucket = batch->sector / at->bucket_sectors;
	at->last = (batch->end - 1) / at->bucket_sectors;
	nr = at->last - at->bucket + 1;
	at->ios = (batch->ios + nr - 1) / nr;
	at->sum_ns = batch->lat_sum_ns / batch->ios * at->ios;
	rows = at->last / KCOPYD_HEAT_CELLS - at->bucket / KCOPYD_HEAT_CELLS +
	       1;
	bpf_loop(rows, heat_row, at, 0);
}

static long heat_place(__u32 index, void *context)
{
	struct heating *at = context;
	struct kcopyd_heat_stats *row;
	__u16 cell;

	if (bpf_probe_read_kernel(&cell, sizeof(cell), at->places + index))
		return 1;
	at->key.row = cell / KCOPYD_HEAT_CELLS;
	row = heat_of(at);
	if (row)
		heat_cell(&row->cells[cell % KCOPYD_HEAT_CELLS], at);
	else
		count(KCOPYD_COUNTER_LOST_HEAT, at->ios);
	return 0;
}

static __always_inline void heat_places(struct heating *at,
					const struct kcopyd_io_batch *batch)
{
	at->places = (const __u16 *)batch->places;
	at->ios = (batch->ios + batch->nr_places - 1) / batch->nr_places;
	at->sum_ns = batch->lat_sum_ns / batch->ios * at->ios;
	bpf_loop(batch->nr_places, heat_place, at, 0);
}

static __always_inline void count_heat(const struct kcopyd_io_batch *batch)
{
	struct heating at = {
		.key.major = DEV_MAJOR(batch->dev),
		.key.minor = DEV_MINOR(batch->dev),
		.device_sectors = batch->device_sectors,
		.bucket_sectors = batch->bucket_sectors,
		.max_ns = batch->lat_max_ns,
	};

	/* A flush has no place; a device may have lost its size. */
	if (batch->end <= batch->sector || batch->end > batch->device_sectors ||
	    !batch->ios || !batch->bucket_sectors)
		return;
	if (!(batch->flags & KCOPYD_IO_REFUSED))
		at.errors = batch->errors;
	if (batch->nr_places)
		heat_places(&at, batch);
	else
		heat_range(&at, batch);
}

#endif /* _KCOPYD_DEVICE_BPF_H */
