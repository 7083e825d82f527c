// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The statistics in Prometheus' text formats. They differ in the metadata: a
 * family of counters has the name of its samples in the older format, and lacks
 * their "_total" in OpenMetrics; which also has units, infos and an end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "metrics.h"

#define LABELS_MAX 512
#define SECONDS_MAX 32

/**
 * struct writer - where to, and what
 * @file: where to
 * @format: in which
 * @name: of the family that is being written
 * @suffix: of its samples
 */
struct writer {
	FILE *file;
	enum metrics_format format;
	const char *name;
	const char *suffix;
};

/**
 * struct family - metrics of one name
 * @name: with its unit, without "_total" or "_info"
 * @type: of OpenMetrics
 * @unit: or NULL
 * @help: a sentence
 */
struct family {
	const char *name;
	const char *type;
	const char *unit;
	const char *help;
};

static const char *suffix_of(const char *type)
{
	if (!strcmp(type, "counter"))
		return "_total";
	return strcmp(type, "info") ? "" : "_info";
}

static void begin(struct writer *writer, const struct family *family)
{
	const bool open = writer->format == METRICS_OPENMETRICS;
	const char *type = family->type;
	const char *suffix = suffix_of(type);

	writer->name = family->name;
	writer->suffix = suffix;
	if (!open && !strcmp(type, "info"))
		type = "gauge";
	fprintf(writer->file, "# TYPE %s%s %s\n", family->name,
		open ? "" : suffix, type);
	if (open && family->unit)
		fprintf(writer->file, "# UNIT %s %s\n", family->name,
			family->unit);
	fprintf(writer->file, "# HELP %s%s %s\n", family->name,
		open ? "" : suffix, family->help);
}

static void put_name(const struct writer *writer, const char *suffix,
		     const char *labels)
{
	fprintf(writer->file, "%s%s", writer->name, suffix);
	if (*labels)
		fprintf(writer->file, "{%s}", labels);
	fputc(' ', writer->file);
}

static void put_u64(const struct writer *writer, const char *labels,
		    uint64_t value)
{
	put_name(writer, writer->suffix, labels);
	fprintf(writer->file, "%" PRIu64 "\n", value);
}

static char *seconds(uint64_t ns, char buf[SECONDS_MAX])
{
	const uint64_t second = 1000000000;

	snprintf(buf, SECONDS_MAX, "%" PRIu64 ".%09u", ns / second,
		 (unsigned int)(ns % second));
	return buf;
}

static void put_seconds(const struct writer *writer, const char *suffix,
			const char *labels, uint64_t ns)
{
	char text[SECONDS_MAX];

	put_name(writer, suffix, labels);
	fprintf(writer->file, "%s\n", seconds(ns, text));
}

/* ---- labels -------------------------------------------------------------- */

/* Append NAME="VALUE", what would end it escaped. */
static void add_label(char labels[LABELS_MAX], const char *name,
		      const char *value)
{
	size_t len = strlen(labels);

	len += snprintf(labels + len, LABELS_MAX - len, "%s%s=\"",
			len ? "," : "", name);
	for (; *value && len < LABELS_MAX - 4; value++) {
		if (*value == '\n' || *value == '"' || *value == '\\')
			labels[len++] = '\\';
		labels[len++] = *value == '\n' ? 'n' : *value;
	}
	snprintf(labels + len, LABELS_MAX - len, "\"");
}

static void device_labels(const struct kcopyd_device_key *key,
			  char labels[LABELS_MAX])
{
	char name[DEVICE_NAME_MAX];

	*labels = '\0';
	add_label(labels, "device", device_name(key->major, key->minor, name));
	add_label(labels, "op", kcopy_op_string(key->op));
}

static void number_label(const char *name, uint64_t number,
			 char labels[LABELS_MAX])
{
	char text[24];

	*labels = '\0';
	snprintf(text, sizeof(text), "%" PRIu64, number);
	add_label(labels, name, text);
}

/* ---- histograms ---------------------------------------------------------- */

/*
 * The upper end of a slot, 2^(i+1) - 1 ns, in seconds and in the one form that
 * Prometheus has for a number: "1.023e-06", "0.000131071". It is odd, so that
 * there is never a zero at its end.
 */
static void put_bound(unsigned int slot, char bound[SECONDS_MAX])
{
	const uint64_t ns = (2ULL << slot) - 1;
	char digits[24];
	int nr = snprintf(digits, sizeof(digits), "%" PRIu64, ns);

	if (nr < 6)
		snprintf(bound, SECONDS_MAX, "%c.%se-%02d", *digits, digits + 1,
			 10 - nr);
	else
		seconds(ns, bound);
}

static void put_bucket(const struct writer *writer, const char *labels,
		       const char *bound, uint64_t count)
{
	fprintf(writer->file, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n",
		writer->name, labels, bound, count);
}

static void put_histogram(const struct writer *writer, const char *labels,
			  const struct kcopyd_latency *lat)
{
	char bound[SECONDS_MAX];
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < KCOPYD_HIST_SLOTS; i++) {
		count += lat->hist[i];
		if (i < METRICS_FIRST_SLOT || i > METRICS_LAST_SLOT)
			continue;
		put_bound(i, bound);
		put_bucket(writer, labels, bound, count);
	}
	put_bucket(writer, labels, "+Inf", count);
	put_name(writer, "_count", labels);
	fprintf(writer->file, "%" PRIu64 "\n", count);
	put_seconds(writer, "_sum", labels, lat->sum_ns);
}

/* ---- families ------------------------------------------------------------ */

static void put_module(struct writer *writer, const struct kcopy_module *module)
{
	char labels[LABELS_MAX] = "";

	if (!module->loaded)
		return;
	begin(writer, &(struct family){ "kcopyd_module", "info", NULL,
					"The kernel module that is loaded." });
	add_label(labels, "version", module->version);
	add_label(labels, "srcversion", module->srcversion);
	put_u64(writer, labels, 1);
}

static void
put_device_counts(struct writer *writer, const struct snapshot *snapshot,
		  const struct family *family,
		  uint64_t (*count)(const struct kcopyd_device_stats *))
{
	char labels[LABELS_MAX];
	size_t i;

	begin(writer, family);
	for (i = 0; i < snapshot->nr_devices; i++) {
		device_labels(&snapshot->devices[i].key, labels);
		put_u64(writer, labels, count(&snapshot->devices[i].stats));
	}
}

static uint64_t device_ios(const struct kcopyd_device_stats *stats)
{
	return stats->ios;
}

static uint64_t device_bytes(const struct kcopyd_device_stats *stats)
{
	return stats->bytes;
}

static uint64_t device_errors(const struct kcopyd_device_stats *stats)
{
	return stats->errors;
}

static uint64_t device_retries(const struct kcopyd_device_stats *stats)
{
	return stats->retries;
}

static void put_device_times(struct writer *writer,
			     const struct snapshot *snapshot)
{
	char labels[LABELS_MAX];
	size_t i;

	begin(writer,
	      &(struct family){
		      "kcopyd_device_queue_seconds", "counter", "seconds",
		      "Time that requests waited before submission." });
	for (i = 0; i < snapshot->nr_devices; i++) {
		device_labels(&snapshot->devices[i].key, labels);
		put_seconds(writer, writer->suffix, labels,
			    snapshot->devices[i].stats.queue_sum_ns);
	}
	begin(writer,
	      &(struct family){
		      "kcopyd_device_latency_seconds", "histogram", "seconds",
		      "Time from a request's submission to its completion." });
	for (i = 0; i < snapshot->nr_devices; i++) {
		device_labels(&snapshot->devices[i].key, labels);
		put_histogram(writer, labels, &snapshot->devices[i].stats.lat);
	}
}

static void put_devices(struct writer *writer, const struct snapshot *snapshot)
{
	static const struct {
		struct family family;
		uint64_t (*count)(const struct kcopyd_device_stats *stats);
	} counts[] = {
		{ { "kcopyd_device_requests", "counter", NULL,
		    "Requests that have ended, failed ones included." },
		  device_ios },
		{ { "kcopyd_device_bytes", "counter", "bytes",
		    "Bytes of the requests that succeeded." },
		  device_bytes },
		{ { "kcopyd_device_errors", "counter", NULL,
		    "Requests that failed." },
		  device_errors },
		{ { "kcopyd_device_retries", "counter", NULL,
		    "Requests that were parts of failed ones." },
		  device_retries },
	};
	size_t i;

	if (!snapshot->nr_devices)
		return;
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		put_device_counts(writer, snapshot, &counts[i].family,
				  counts[i].count);
	put_device_times(writer, snapshot);
}

static uint64_t job_read(const struct kcopyd_job_stats *stats)
{
	return stats->bytes_read;
}

static uint64_t job_written(const struct kcopyd_job_stats *stats)
{
	return stats->bytes_written;
}

static uint64_t job_read_failed(const struct kcopyd_job_stats *stats)
{
	return stats->read_err ? 1 : 0;
}

static uint64_t job_failed_dests(const struct kcopyd_job_stats *stats)
{
	return __builtin_popcountll(stats->write_err);
}

/* Only of unfinished ones: each job is a series of its own, for ever. */
static void put_running(struct writer *writer, const struct snapshot *snapshot)
{
	static const struct {
		struct family family;
		uint64_t (*count)(const struct kcopyd_job_stats *stats);
	} counts[] = {
		{ { "kcopyd_job_read_bytes", "counter", "bytes",
		    "Bytes that an unfinished job has read." },
		  job_read },
		{ { "kcopyd_job_written_bytes", "counter", "bytes",
		    "Bytes that an unfinished job has written, all destinations." },
		  job_written },
		{ { "kcopyd_job_read_failed", "gauge", NULL,
		    "Whether a read of an unfinished job has failed." },
		  job_read_failed },
		{ { "kcopyd_job_failed_destinations", "gauge", NULL,
		    "Destinations of an unfinished job of which a request has failed." },
		  job_failed_dests },
	};
	const struct kcopy_job_row *row;
	char labels[LABELS_MAX];
	size_t i, j;

	if (!snapshot_running(snapshot))
		return;
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		begin(writer, &counts[i].family);
		for (j = 0; j < snapshot->nr_jobs; j++) {
			row = &snapshot->jobs[j];
			if (row->stats.state == KCOPYD_STATE_DONE)
				continue;
			number_label("job", row->job, labels);
			put_u64(writer, labels, counts[i].count(&row->stats));
		}
	}
}

static void put_jobs(struct writer *writer, const struct snapshot *snapshot)
{
	begin(writer, &(struct family){ "kcopyd_jobs_running", "gauge", NULL,
					"Jobs that are not finished." });
	put_u64(writer, "", snapshot_running(snapshot));
	begin(writer,
	      &(struct family){
		      "kcopyd_jobs_finished", "counter", NULL,
		      "Jobs that have finished, clients' small ones included." });
	put_u64(writer, "", snapshot->counters[KCOPYD_COUNTER_FINISHED]);
	put_running(writer, snapshot);
}

static uint64_t client_jobs(const struct kcopyd_client_stats *stats)
{
	return stats->jobs;
}

static uint64_t client_failed(const struct kcopyd_client_stats *stats)
{
	return stats->failed;
}

static uint64_t client_bytes(const struct kcopyd_client_stats *stats)
{
	return stats->bytes;
}

static void put_clients(struct writer *writer, const struct snapshot *snapshot)
{
	static const struct {
		struct family family;
		uint64_t (*count)(const struct kcopyd_client_stats *stats);
	} counts[] = {
		{ { "kcopyd_client_jobs", "counter", NULL,
		    "Finished jobs of a kernel client below 1 MiB." },
		  client_jobs },
		{ { "kcopyd_client_failed_jobs", "counter", NULL,
		    "Those of them that had an error." },
		  client_failed },
		{ { "kcopyd_client_written_bytes", "counter", "bytes",
		    "Bytes that they wrote, all destinations." },
		  client_bytes },
	};
	const struct kcopy_client_row *row;
	char labels[LABELS_MAX];
	size_t i, j;

	for (i = 0;
	     snapshot->nr_clients && i < sizeof(counts) / sizeof(*counts);
	     i++) {
		begin(writer, &counts[i].family);
		for (j = 0; j < snapshot->nr_clients; j++) {
			row = &snapshot->clients[j];
			number_label("client", row->client, labels);
			put_u64(writer, labels, counts[i].count(&row->stats));
		}
	}
}

static void put_losses(struct writer *writer, const struct snapshot *snapshot)
{
	struct loss losses[SNAPSHOT_LOSSES];
	char labels[LABELS_MAX];
	size_t i;

	snapshot_losses(snapshot, losses);
	begin(writer, &(struct family){ "kcopyd_lost_events", "counter", NULL,
					"What was not counted, and why." });
	for (i = 0; i < SNAPSHOT_LOSSES; i++) {
		*labels = '\0';
		add_label(labels, "reason", losses[i].name);
		put_u64(writer, labels, losses[i].count);
	}
}

void metrics_text(FILE *file, enum metrics_format format,
		  const struct snapshot *snapshot,
		  const struct kcopy_module *module)
{
	struct writer writer = { .file = file, .format = format };

	put_module(&writer, module);
	put_devices(&writer, snapshot);
	put_jobs(&writer, snapshot);
	put_clients(&writer, snapshot);
	put_losses(&writer, snapshot);
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", file);
}
