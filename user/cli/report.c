// SPDX-License-Identifier: GPL-2.0-or-later
/* What came of a job, or has so far, for each destination. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include "cli.h"
#include "outcome.h"
#include "result.h"
#include "table.h"

#define NSEC_PER_SEC 1000000000ULL
/* More of them say nothing to a person; --json has them all. */
#define EXTENTS_SHOWN 8

static bool is_over(const struct outcome *outcome)
{
	return outcome->status.state == KCOPYD_STATE_DONE;
}

static bool compares(const struct outcome *outcome)
{
	return outcome->status.submit_flags & KCOPYD_SUBMIT_COMPARE;
}

static uint64_t duration_ns(const struct outcome *outcome)
{
	struct timespec now;

	if (is_over(outcome))
		return outcome->status.done_ns - outcome->status.submitted_ns;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec -
	       outcome->status.submitted_ns;
}

static uint64_t rate(uint64_t bytes, uint64_t ns)
{
	return ns ? (__uint128_t)bytes * NSEC_PER_SEC / ns : 0;
}

static bool is_written(const struct outcome *outcome, unsigned int i)
{
	return outcome->regions[i + 1].bytes == outcome->status.length;
}

static const char *dest_word(const struct outcome *outcome, unsigned int i)
{
	const struct kcopyd_status *status = &outcome->status;

	if (outcome->regions[i + 1].flags & KCOPYD_REGION_DIFFERS)
		return "differs";
	if (bit(status->write_err, i))
		return "failed";
	if (bit(status->complete, i) && compares(outcome))
		return "equal";
	if (bit(status->complete, i))
		return status->read_err ? "gaps zeroed" : "complete";
	if (!is_over(outcome))
		return outcome->regions[i + 1].flags & KCOPYD_REGION_UNCOUPLED ?
			       "goes alone" :
			       "in work";
	if (is_written(outcome, i) &&
	    status->submit_flags & KCOPYD_SUBMIT_VERIFY)
		return "not verified";
	return status->read_err ? "has gaps" : "incomplete";
}

/* What the kernel says reads strangely where it is not about text. */
static const char *error_text(int error, bool differs)
{
	switch (error) {
	case 0:
		return "";
	case -EILSEQ:
		return differs ? "data differs" : "the device calls it corrupt";
	case -ENOTEMPTY:
		return "zones hold data (--zone-reset)";
	default:
		return strerror(-error);
	}
}

static const char *region_error_text(const struct kcopyd_region_status *region)
{
	return error_text(region->error, region->flags & KCOPYD_REGION_DIFFERS);
}

/* A comparison moves no bytes of its own: what counts is what differs. */
static uint64_t bytes_shown(const struct outcome *outcome, unsigned int region)
{
	uint64_t bytes = 0;
	size_t i;

	if (!compares(outcome))
		return outcome->regions[region].bytes;
	for (i = 0; i < outcome->nr_extents; i++)
		if (outcome->extents[i].region == region &&
		    outcome->extents[i].kind == KCOPYD_EXTENT_DIFFERS)
			bytes += outcome->extents[i].length;
	return bytes;
}

static void add_line(struct libscols_table *table,
		     const struct outcome *outcome, unsigned int i,
		     const char *result)
{
	const struct kcopyd_region_status *region = &outcome->regions[i];
	char bytes[KCOPY_FORMAT_MAX], errors[16], node[PATH_MAX];

	snprintf(errors, sizeof(errors), "%u", region->errors);
	table_add(table,
		  (const char *[]){
			  outcome_path(outcome, i, node, sizeof(node)), result,
			  kcopy_format_size(bytes_shown(outcome, i), bytes),
			  errors, region_error_text(region) });
}

static const char *bytes_column(const struct outcome *outcome)
{
	if (compares(outcome))
		return ">DIFFERENT";
	return outcome_has_source(outcome) ? ">COPIED" : ">ZEROED";
}

static void print_table(const struct outcome *outcome)
{
	const char *const columns[] = {
		"DEVICE",  "RESULT",	  bytes_column(outcome),
		">ERRORS", "FIRST ERROR",
	};
	const struct kcopyd_status *status = &outcome->status;
	struct libscols_table *table;
	unsigned int i;

	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	if (outcome_has_source(outcome))
		add_line(table, outcome, 0,
			 status->read_err ? "read errors" : "source");
	for (i = 0; i + 1 < status->nr_regions; i++)
		add_line(table, outcome, i + 1, dest_word(outcome, i));
	table_print(table);
}

static const char *extent_word(const struct kcopyd_extent *extent)
{
	switch (extent->kind) {
	case KCOPYD_EXTENT_UNTRIED:
		return "not tried";
	case KCOPYD_EXTENT_DIFFERS:
		return "differs";
	default:
		return "failed";
	}
}

static void print_extent(const struct outcome *outcome, const char *path,
			 const struct kcopyd_extent *extent)
{
	printf("%s: %s at byte %" PRIu64 ", %" PRIu64 " bytes", path,
	       extent_word(extent),
	       (uint64_t)(outcome->regions[extent->region].offset +
			  extent->offset),
	       (uint64_t)extent->length);
	if (extent->kind == KCOPYD_EXTENT_DIFFERS)
		putchar('\n');
	else
		printf(": %s\n", error_text(extent->error, false));
}

static void print_extents(const struct outcome *outcome, unsigned int region)
{
	const struct kcopyd_extent *extent;
	size_t i, nr = 0;
	const char *path;
	char node[PATH_MAX];

	path = outcome_path(outcome, region, node, sizeof(node));
	for (i = 0; i < outcome->nr_extents; i++) {
		extent = &outcome->extents[i];
		if (extent->region != region || nr++ >= EXTENTS_SHOWN)
			continue;
		print_extent(outcome, path, extent);
	}
	if (nr > EXTENTS_SHOWN)
		printf("%s: and %zu more such places (--json shows all)\n",
		       path, nr - EXTENTS_SHOWN);
}

static void print_digest(const struct outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	char hex[2 * sizeof(status->digest) + 1];

	if (status->digest_len)
		printf("%s of the source: %s\n",
		       kcopy_checksum_string(status->checksum),
		       digest_hex(status, hex));
}

/* A destination that went alone has read the source for itself. */
static uint64_t bytes_done(const struct outcome *outcome)
{
	return MIN(outcome_bytes(outcome), outcome->status.length);
}

static void print_summary(const struct outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	char done[KCOPY_FORMAT_MAX], length[KCOPY_FORMAT_MAX];
	char time[KCOPY_FORMAT_MAX], speed[KCOPY_FORMAT_MAX];
	uint64_t bytes = bytes_done(outcome);
	uint64_t ns = duration_ns(outcome);

	kcopy_format_size(bytes, done);
	kcopy_format_size(status->length, length);
	if (status->job)
		printf("job %" PRIu64 ": ", (uint64_t)status->job);
	printf("%s; %s",
	       is_over(outcome) ? result_word(status, outcome->regions) :
				  kcopy_state_string(status->state),
	       done);
	if (bytes != status->length)
		printf(" of %s", length);
	printf(" in %s, %s", kcopy_format_time(ns, time),
	       kcopy_format_rate(rate(bytes, ns), speed));
	if (is_over(outcome))
		printf("; %d of %u destinations %s",
		       __builtin_popcountll(status->complete &
					    ~status->write_err),
		       status->nr_regions - 1,
		       compares(outcome) ? "equal" : "complete");
	putchar('\n');
}

static int print_text(const struct outcome *outcome)
{
	unsigned int i;

	print_table(outcome);
	for (i = 0; i < outcome->status.nr_regions; i++)
		print_extents(outcome, i);
	if (outcome->status.flags & KCOPYD_STATUS_COARSE)
		puts("Too many places failed to remember each: these also cover good data.");
	print_digest(outcome);
	print_summary(outcome);
	return EXIT_COMPLETE;
}

/* The job as 'status' shows it, and the devices as the user named them. */
static void add_device(struct json_object *region,
		       const struct kcopy_device *device)
{
	json_set_text(region, "path", device ? device->path : NULL);
	json_set_text(region, "by_id", device ? device->by_id : NULL);
	json_set_text(region, "model", device ? device->model : NULL);
	json_set_text(region, "serial", device ? device->serial : NULL);
}

struct json_object *outcome_json(const struct outcome *outcome)
{
	struct json_object *document, *region, *list;
	unsigned int i;

	document = json_document();
	job_json(document, &outcome->status, outcome->regions);
	json_set_u64(document, "bytes_per_second",
		     rate(bytes_done(outcome), duration_ns(outcome)));
	list = json_object_object_get(document, "destinations");
	for (i = 0; i < outcome->status.nr_regions; i++) {
		region = i ? json_object_array_get_idx(list, i - 1) :
			     json_object_object_get(document, "source");
		if (!region)
			continue;
		add_device(region, outcome->devices[i]);
		json_object_object_add(region, "extents",
				       extents_json(outcome->extents,
						    outcome->nr_extents, i));
	}
	return document;
}

/* Whom to name first: the destination that failed, else the source. */
static unsigned int first_failed(const struct outcome *outcome)
{
	unsigned int i;

	for (i = 1; i < outcome->status.nr_regions; i++)
		if (outcome->regions[i].error)
			return i;
	return 0;
}

void outcome_complain(const struct outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	unsigned int region = first_failed(outcome);
	int error = outcome->regions[region].error;
	char node[PATH_MAX], job[32] = "";

	if (status->job)
		snprintf(job, sizeof(job), "job %" PRIu64 ": ",
			 (uint64_t)status->job);
	complain("%s%s, %d of %u destinations %s%s%s%s%s", job,
		 result_word(status, outcome->regions),
		 __builtin_popcountll(status->complete & ~status->write_err),
		 status->nr_regions - 1,
		 compares(outcome) ? "equal" : "complete", error ? "; " : "",
		 error ? outcome_path(outcome, region, node, sizeof(node)) : "",
		 error ? ": " : "",
		 region_error_text(&outcome->regions[region]));
}

int outcome_report(const struct outcome *outcome, bool json)
{
	return json ? json_print(outcome_json(outcome)) : print_text(outcome);
}
