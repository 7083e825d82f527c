/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints. Arguments are fixed-width scalars, at most 12, so that a
 * BPF program reads them without type information of this module. Fields are
 * appended, never changed, and leave no hole, in which the ring would hand out
 * what its memory held before. Region 0 is the source, 1..n the destinations; a
 * direct dm-io call has job 0 and counts its regions from 0.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kcopyd

#if !defined(_KCOPYD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KCOPYD_TRACE_H

#include <linux/tracepoint.h>

#include <kcopyd/stats.h>

TRACE_EVENT(kcopyd_job_submit,
	TP_PROTO(u64 job, u64 client, u32 nr_dests, u32 flags, u64 sectors),
	TP_ARGS(job, client, nr_dests, flags, sectors),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, client)
		__field(u64, sectors)
		__field(u32, nr_dests)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->client = client;
		__entry->sectors = sectors;
		__entry->nr_dests = nr_dests;
		__entry->flags = flags;
	),
	TP_printk("job=%llu client=%llu dests=%u flags=0x%x sectors=%llu",
		  __entry->job, __entry->client, __entry->nr_dests,
		  __entry->flags, __entry->sectors)
);

TRACE_EVENT(kcopyd_region,
	TP_PROTO(u64 job, u32 region, u32 dev, u64 sector, u64 sectors,
		 u64 device_sectors, u32 flags, u32 nr_regions),
	TP_ARGS(job, region, dev, sector, sectors, device_sectors, flags,
		nr_regions),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, sector)
		__field(u64, sectors)
		__field(u64, device_sectors)
		__field(u32, region)
		__field(u32, dev)
		__field(u32, flags)
		__field(u32, nr_regions)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->sector = sector;
		__entry->sectors = sectors;
		__entry->device_sectors = device_sectors;
		__entry->region = region;
		__entry->dev = dev;
		__entry->flags = flags;
		__entry->nr_regions = nr_regions;
	),
	TP_printk("job=%llu region=%u dev=%u:%u sector=%llu sectors=%llu device_sectors=%llu flags=0x%x nr_regions=%u",
		  __entry->job, __entry->region, MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->sector, __entry->sectors,
		  __entry->device_sectors, __entry->flags,
		  __entry->nr_regions)
);

TRACE_EVENT(kcopyd_job_state,
	TP_PROTO(u64 job, u32 state, u32 flags),
	TP_ARGS(job, state, flags),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u32, state)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->state = state;
		__entry->flags = flags;
	),
	TP_printk("job=%llu state=%u flags=0x%x", __entry->job,
		  __entry->state, __entry->flags)
);

TRACE_EVENT(kcopyd_io_submit,
	TP_PROTO(u64 job, u32 region, u32 op, u32 dev, u64 sector, u32 sectors),
	TP_ARGS(job, region, op, dev, sector, sectors),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, sector)
		__field(u32, region)
		__field(u32, op)
		__field(u32, dev)
		__field(u32, sectors)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->sector = sector;
		__entry->region = region;
		__entry->op = op;
		__entry->dev = dev;
		__entry->sectors = sectors;
	),
	TP_printk("job=%llu region=%u op=%u dev=%u:%u sector=%llu sectors=%u",
		  __entry->job, __entry->region, __entry->op,
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->sector,
		  __entry->sectors)
);

TRACE_EVENT(kcopyd_io_done,
	TP_PROTO(u64 job, u32 region, u32 op, u32 dev, u64 sector, u32 sectors,
		 u64 queue_ns, u64 service_ns, int error, u32 flags),
	TP_ARGS(job, region, op, dev, sector, sectors, queue_ns, service_ns,
		error, flags),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, sector)
		__field(u64, queue_ns)
		__field(u64, service_ns)
		__field(u32, region)
		__field(u32, op)
		__field(u32, dev)
		__field(u32, sectors)
		__field(int, error)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->sector = sector;
		__entry->queue_ns = queue_ns;
		__entry->service_ns = service_ns;
		__entry->region = region;
		__entry->op = op;
		__entry->dev = dev;
		__entry->sectors = sectors;
		__entry->error = error;
		__entry->flags = flags;
	),
	TP_printk("job=%llu region=%u op=%u dev=%u:%u sector=%llu sectors=%u queue_ns=%llu service_ns=%llu error=%d flags=0x%x",
		  __entry->job, __entry->region, __entry->op,
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->sector,
		  __entry->sectors, __entry->queue_ns, __entry->service_ns,
		  __entry->error, __entry->flags)
);

/* The one argument that is no scalar: a record of fixed-width fields. */
TRACE_EVENT(kcopyd_io_batch,
	TP_PROTO(const struct kcopyd_io_batch *batch),
	TP_ARGS(batch),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, sector)
		__field(u64, sectors)
		__field(u64, bytes)
		__field(u64, queue_sum_ns)
		__field(u64, lat_sum_ns)
		__field(u64, lat_max_ns)
		__field(u32, region)
		__field(u32, op)
		__field(u32, dev)
		__field(u32, ios)
		__field(int, error)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->job = batch->job;
		__entry->sector = batch->sector;
		__entry->sectors = batch->end - batch->sector;
		__entry->bytes = batch->bytes;
		__entry->queue_sum_ns = batch->queue_sum_ns;
		__entry->lat_sum_ns = batch->lat_sum_ns;
		__entry->lat_max_ns = batch->lat_max_ns;
		__entry->region = batch->region;
		__entry->op = batch->op;
		__entry->dev = batch->dev;
		__entry->ios = batch->ios;
		__entry->error = batch->error;
		__entry->flags = batch->flags;
	),
	TP_printk("job=%llu region=%u op=%u dev=%u:%u sector=%llu sectors=%llu ios=%u bytes=%llu queue_sum_ns=%llu lat_sum_ns=%llu lat_max_ns=%llu error=%d flags=0x%x",
		  __entry->job, __entry->region, __entry->op,
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->sector,
		  __entry->sectors, __entry->ios, __entry->bytes,
		  __entry->queue_sum_ns, __entry->lat_sum_ns,
		  __entry->lat_max_ns, __entry->error, __entry->flags)
);

TRACE_EVENT(kcopyd_throttle,
	TP_PROTO(u64 job, u64 wait_ns),
	TP_ARGS(job, wait_ns),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, wait_ns)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->wait_ns = wait_ns;
	),
	TP_printk("job=%llu wait_ns=%llu", __entry->job, __entry->wait_ns)
);

TRACE_EVENT(kcopyd_job_done,
	TP_PROTO(u64 job, u32 read_err, u64 write_err, u64 bytes, u64 ns,
		 u64 client, u32 flags),
	TP_ARGS(job, read_err, write_err, bytes, ns, client, flags),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, write_err)
		__field(u64, bytes)
		__field(u64, ns)
		__field(u64, client)
		__field(u32, read_err)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->job = job;
		__entry->write_err = write_err;
		__entry->bytes = bytes;
		__entry->ns = ns;
		__entry->client = client;
		__entry->read_err = read_err;
		__entry->flags = flags;
	),
	TP_printk("job=%llu read_err=%u write_err=0x%llx bytes=%llu ns=%llu client=%llu flags=0x%x",
		  __entry->job, __entry->read_err, __entry->write_err,
		  __entry->bytes, __entry->ns, __entry->client, __entry->flags)
);

TRACE_EVENT(kcopyd_client_destroy,
	TP_PROTO(u64 client),
	TP_ARGS(client),
	TP_STRUCT__entry(
		__field(u64, client)
	),
	TP_fast_assign(
		__entry->client = client;
	),
	TP_printk("client=%llu", __entry->client)
);

#endif /* _KCOPYD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
