// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics as tables and histograms. */
#include <inttypes.h>
#include <stdio.h>
#include "cli.h"
#include "hist.h"
#include "stats.h"
#include "table.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The cells MEAN, P50, P99, MAX. */
struct times {
	const char *cell[4];
	char text[4][KCOPY_FORMAT_MAX];
};

static void put_times(const struct kcopyd_latency *lat, uint64_t measured,
		      struct times *times)
{
	const uint64_t ns[] = {
		measured ? lat->sum_ns / measured : 0,
		kcopy_percentile(lat, 500),
		kcopy_percentile(lat, 990),
		lat->max_ns,
	};
	size_t i;

	for (i = 0; i < COUNT(ns); i++)
		times->cell[i] =
			measured ? kcopy_format_time(ns[i], times->text[i]) :
				   "-";
}

static const char *mean(uint64_t sum_ns, uint64_t measured, char *buf)
{
	return measured ? kcopy_format_time(sum_ns / measured, buf) : "-";
}

#define NUMBER_MAX 24

static const char *number(uint64_t value, char buf[NUMBER_MAX])
{
	snprintf(buf, NUMBER_MAX, "%" PRIu64, value);
	return buf;
}

/* ---- jobs ---------------------------------------------------------------- */

static void add_region(struct libscols_table *table,
		       const struct region_row *row)
{
	const struct kcopyd_region_stats *stats = &row->stats;
	char num[4][NUMBER_MAX], name[DEVICE_NAME_MAX];
	char bytes[KCOPY_FORMAT_MAX], queue[KCOPY_FORMAT_MAX];
	struct times times;

	put_times(&stats->lat, stats->ios, &times);
	table_add(table,
		  (const char *[]){
			  number(row->job, num[0]), number(row->region, num[1]),
			  device_name(stats->major, stats->minor, name),
			  number(stats->ios, num[2]),
			  kcopy_format_size(stats->bytes, bytes),
			  mean(stats->queue_sum_ns, stats->ios, queue),
			  times.cell[0], times.cell[1], times.cell[2],
			  times.cell[3], number(stats->errors, num[3]) });
}

static void jobs_table(const struct snapshot *snapshot)
{
	static const char *const columns[] = {
		">JOB",	 ">REG", "DEVICE", ">IOS", ">BYTES",  ">QUEUE",
		">MEAN", ">P50", ">P99",   ">MAX", ">ERRORS",
	};
	struct libscols_table *table = table_create(columns, COUNT(columns));
	size_t i;

	for (i = 0; i < snapshot->nr_regions; i++)
		add_region(table, &snapshot->regions[i]);
	table_print(table);
}

static void jobs_hists(const struct snapshot *snapshot)
{
	const struct region_row *row;
	char name[DEVICE_NAME_MAX];
	size_t i;

	for (i = 0; i < snapshot->nr_regions; i++) {
		row = &snapshot->regions[i];
		printf("\njob %" PRIu64 ", region %u, %s: latency of %" PRIu64
		       " requests\n",
		       row->job, row->region,
		       device_name(row->stats.major, row->stats.minor, name),
		       (uint64_t)row->stats.ios);
		hist_print(stdout, &row->stats.lat);
	}
}

static void print_jobs(const struct snapshot *snapshot, bool hist)
{
	if (!snapshot->nr_jobs && snapshot->nr_clients)
		complain(
			"no copy of 1 MiB or more has been seen yet, '--clients' shows the smaller ones");
	else if (!snapshot->nr_jobs)
		complain("no copy has been seen yet");
	jobs_table(snapshot);
	stats_job_notes(stdout, snapshot);
	if (hist)
		jobs_hists(snapshot);
}

/* ---- devices ------------------------------------------------------------- */

static void add_device(struct libscols_table *table,
		       const struct kcopy_device_row *row)
{
	const struct kcopyd_device_stats *stats = &row->stats;
	char num[2][NUMBER_MAX], name[DEVICE_NAME_MAX];
	char bytes[KCOPY_FORMAT_MAX], queue[KCOPY_FORMAT_MAX];
	struct times times;

	put_times(&stats->lat, stats->ios, &times);
	table_add(table,
		  (const char *[]){
			  device_name(row->key.major, row->key.minor, name),
			  kcopy_op_string(row->key.op),
			  number(stats->ios, num[0]),
			  kcopy_format_size(stats->bytes, bytes),
			  mean(stats->queue_sum_ns, stats->ios, queue),
			  times.cell[0], times.cell[1], times.cell[2],
			  times.cell[3], number(stats->errors, num[1]) });
}

static void devices_table(const struct snapshot *snapshot)
{
	static const char *const columns[] = {
		"DEVICE", "OP",	  ">IOS", ">BYTES", ">QUEUE",
		">MEAN",  ">P50", ">P99", ">MAX",   ">ERRORS",
	};
	struct libscols_table *table = table_create(columns, COUNT(columns));
	size_t i;

	for (i = 0; i < snapshot->nr_devices; i++)
		add_device(table, &snapshot->devices[i]);
	table_print(table);
}

static void devices_hists(const struct snapshot *snapshot)
{
	const struct kcopy_device_row *row;
	char name[DEVICE_NAME_MAX];
	size_t i;

	for (i = 0; i < snapshot->nr_devices; i++) {
		row = &snapshot->devices[i];
		printf("\n%s, %s: latency of %" PRIu64 " requests\n",
		       device_name(row->key.major, row->key.minor, name),
		       kcopy_op_string(row->key.op), (uint64_t)row->stats.ios);
		hist_print(stdout, &row->stats.lat);
	}
}

static void print_devices(const struct snapshot *snapshot, bool hist)
{
	if (!snapshot->nr_devices)
		complain("no device has been copied from or to yet");
	devices_table(snapshot);
	stats_device_notes(stdout, snapshot);
	if (hist)
		devices_hists(snapshot);
}

/* ---- clients ------------------------------------------------------------- */

static void add_client(struct libscols_table *table,
		       const struct kcopy_client_row *row)
{
	const struct kcopyd_client_stats *stats = &row->stats;
	char bytes[KCOPY_FORMAT_MAX], num[5][NUMBER_MAX];
	struct times times;

	put_times(&stats->time, stats->jobs, &times);
	table_add(table,
		  (const char *[]){ number(row->client, num[0]),
				    number(stats->jobs, num[1]),
				    number(stats->failed, num[2]),
				    kcopy_format_size(stats->bytes, bytes),
				    times.cell[0], times.cell[1], times.cell[2],
				    times.cell[3],
				    number(stats->read_errs, num[3]),
				    number(stats->write_errs, num[4]) });
}

static void clients_table(const struct snapshot *snapshot)
{
	static const char *const columns[] = {
		">CLIENT", ">JOBS", ">FAILED", ">BYTES",    ">MEAN",
		">P50",	   ">P99",  ">MAX",    ">READ-ERR", ">WRITE-ERR",
	};
	struct libscols_table *table = table_create(columns, COUNT(columns));
	size_t i;

	for (i = 0; i < snapshot->nr_clients; i++)
		add_client(table, &snapshot->clients[i]);
	table_print(table);
}

static void clients_hists(const struct snapshot *snapshot)
{
	const struct kcopy_client_row *row;
	size_t i;

	for (i = 0; i < snapshot->nr_clients; i++) {
		row = &snapshot->clients[i];
		printf("\nclient %" PRIu64 ": time of %" PRIu64 " jobs\n",
		       row->client, (uint64_t)row->stats.jobs);
		hist_print(stdout, &row->stats.time);
	}
}

static void print_clients(const struct snapshot *snapshot, bool hist)
{
	if (!snapshot->nr_clients)
		complain("no kernel client has copied less than 1 MiB yet");
	clients_table(snapshot);
	if (hist)
		clients_hists(snapshot);
}

int stats_text(const struct snapshot *snapshot, const struct stats_look *look)
{
	if (look->devices)
		print_devices(snapshot, look->hist);
	if (look->devices && look->clients)
		putchar('\n');
	if (look->clients)
		print_clients(snapshot, look->hist);
	if (!look->devices && !look->clients)
		print_jobs(snapshot, look->hist);
	stats_losses(stdout, snapshot);
	return EXIT_COMPLETE;
}
