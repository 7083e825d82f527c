// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include "made_up.h"

static struct kcopy_job_row jobs[2][2];
static struct region_row regions[2][5];
static struct kcopy_device_row devices[2][5];
static struct kcopy_client_row clients[2][2];

/* Requests of 2^SLOT ns and on. */
static void measure(struct kcopyd_latency *lat, unsigned int slot,
		    uint64_t requests)
{
	const uint64_t low = 1ULL << slot, high = (2ULL << slot) - 1;

	lat->hist[slot] += requests;
	lat->sum_ns += requests * low;
	if (!lat->min_ns || low < lat->min_ns)
		lat->min_ns = low;
	if (high > lat->max_ns)
		lat->max_ns = high;
}

static void make_job(struct kcopy_job_row *row, uint64_t job, uint32_t state)
{
	*row = (struct kcopy_job_row){
		.job = job,
		.stats = { .client = 1,
			   .nr_dests = job == 7 ? 2 : 1,
			   .sectors = 1000 * MIB / 512,
			   .state = state,
			   .start_ns = job * SEC },
	};
	if (state != KCOPYD_STATE_DONE)
		return;
	row->stats.end_ns = 6 * SEC;
	row->stats.duration_ns = SEC;
}

static void make_region(struct region_row *row, uint64_t job,
			unsigned int region, uint64_t mib)
{
	*row = (struct region_row){
		.job = job,
		.region = region,
		.stats = { .major = MADE_UP_MAJOR,
			   .minor = region + 1,
			   .sectors = 1000 * MIB / 512,
			   .ios = mib,
			   .bytes = mib * MIB,
			   .queue_sum_ns = mib * 5000 },
	};
	measure(&row->stats.lat, 20 + region, mib);
}

static void make_device(struct kcopy_device_row *row, unsigned int minor,
			uint32_t op, uint64_t mib)
{
	*row = (struct kcopy_device_row){
		.key = { MADE_UP_MAJOR, minor, op },
		.stats = { .ios = mib,
			   .bytes = mib * MIB,
			   .queue_sum_ns = mib * 5000 },
	};
	measure(&row->stats.lat, 19 + minor, mib);
}

static void make_client(struct kcopy_client_row *row, uint64_t client,
			uint64_t done)
{
	*row = (struct kcopy_client_row){
		.client = client,
		.stats = { .jobs = done, .bytes = done * 4096 },
	};
	measure(&row->stats.time, 15, done);
}

/* After so many MiB of job 7. */
static void make(unsigned int i, uint64_t mib, struct snapshot *snapshot)
{
	make_job(&jobs[i][0], 5, KCOPYD_STATE_DONE);
	make_job(&jobs[i][1], 7, KCOPYD_STATE_RUNNING);
	jobs[i][1].stats.bytes_read = mib * MIB;
	jobs[i][1].stats.bytes_written = 2 * mib * MIB;
	make_region(&regions[i][0], 5, 0, 1000);
	make_region(&regions[i][1], 5, 1, 1000);
	make_region(&regions[i][2], 7, 0, mib);
	make_region(&regions[i][3], 7, 1, mib - 5);
	make_region(&regions[i][4], 7, 2, mib - 50);
	regions[i][2].stats.in_flight = 4;
	regions[i][3].stats.in_flight = 2;
	make_device(&devices[i][0], 1, KCOPYD_OP_READ, 1000 + mib);
	make_device(&devices[i][1], 2, KCOPYD_OP_WRITE, 1000 + mib - 5);
	make_device(&devices[i][2], 2, KCOPYD_OP_FLUSH, 0);
	make_device(&devices[i][3], 3, KCOPYD_OP_WRITE, mib - 50);
	make_device(&devices[i][4], 5, KCOPYD_OP_READ, 10);
	make_client(&clients[i][0], 4, 10);
	make_client(&clients[i][1], 9, mib);
	*snapshot = (struct snapshot){
		.jobs = jobs[i],
		.nr_jobs = 2,
		.regions = regions[i],
		.nr_regions = 5,
		.devices = devices[i],
		.nr_devices = 5,
		.clients = clients[i],
		.nr_clients = 2,
	};
	snapshot->counters[KCOPYD_COUNTER_FINISHED] = 3;
}

void made_up_snapshots(struct snapshot *before, struct snapshot *now)
{
	make(0, 100, before);
	make(1, 300, now);
	before->time_ns = 10 * SEC;
	now->time_ns = 12 * SEC;
	jobs[1][1].stats.write_err = 2;
	regions[1][4].stats.errors = 7;
	regions[1][4].stats.last_errno = -EIO;
	devices[1][3].stats.errors = 7;
	devices[1][3].stats.retries = 6;
	devices[1][3].stats.last_errno = -EIO;
}
