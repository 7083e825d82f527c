// SPDX-License-Identifier: GPL-2.0-or-later
/* What came of a copy, for each destination. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include "cli.h"
#include "copy.h"
#include "result.h"
#include "table.h"

#define NSEC_PER_SEC 1000000000ULL
/* More of them say nothing to a person; --json has them all. */
#define EXTENTS_SHOWN 8

static uint64_t duration_ns(const struct kcopyd_status *status)
{
	return status->done_ns - status->submitted_ns;
}

static uint64_t rate(uint64_t bytes, uint64_t ns)
{
	return ns ? (__uint128_t)bytes * NSEC_PER_SEC / ns : 0;
}

static const char *dest_word(const struct kcopyd_status *status, unsigned int i)
{
	if (bit(status->complete, i))
		return "complete";
	if (bit(status->write_err, i))
		return "failed";
	return status->read_err && status->submit_flags &
					   KCOPYD_SUBMIT_IGNORE_ERROR ?
		       "has gaps" :
		       "incomplete";
}

/* What the kernel says for data that is not the same reads strangely. */
static const char *error_text(int error)
{
	if (!error)
		return "";
	return error == -EILSEQ ? "data differs" : strerror(-error);
}

static void add_line(struct libscols_table *table, const char *path,
		     const char *result,
		     const struct kcopyd_region_status *region)
{
	char bytes[KCOPY_FORMAT_MAX], errors[16];

	snprintf(errors, sizeof(errors), "%u", region->errors);
	table_add(table,
		  (const char *[]){ path, result,
				    kcopy_format_size(region->bytes, bytes),
				    errors, error_text(region->error) });
}

static void print_table(const struct plan *plan,
			const struct copy_result *result)
{
	static const char *const columns[] = {
		"DEVICE", "RESULT", ">COPIED", ">ERRORS", "FIRST ERROR",
	};
	const struct kcopyd_status *status = &result->status;
	struct libscols_table *table;
	unsigned int i;

	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	add_line(table, plan->source.device->path,
		 status->read_err ? "read errors" : "source",
		 &result->regions[0]);
	for (i = 0; i < plan->nr_dests; i++)
		add_line(table, plan->dests[i].device->path,
			 dest_word(status, i), &result->regions[i + 1]);
	table_print(table);
}

static void print_extent(const struct plan_target *target,
			 const struct kcopyd_extent *extent)
{
	printf("%s: %s at byte %" PRIu64 ", %" PRIu64 " bytes: %s\n",
	       target->device->path,
	       extent->kind == KCOPYD_EXTENT_UNTRIED ? "not tried" : "failed",
	       target->offset + (uint64_t)extent->offset,
	       (uint64_t)extent->length, error_text(extent->error));
}

static void print_extents(const struct plan *plan,
			  const struct copy_result *result, unsigned int region)
{
	const struct plan_target *target = plan_region(plan, region);
	const struct kcopyd_extent *extent;
	size_t i, nr = 0;

	for (i = 0; i < result->nr_extents; i++) {
		extent = &result->extents[i];
		if (extent->region != region || nr++ >= EXTENTS_SHOWN)
			continue;
		print_extent(target, extent);
	}
	if (nr > EXTENTS_SHOWN)
		printf("%s: and %zu more such places (--json shows all)\n",
		       target->device->path, nr - EXTENTS_SHOWN);
}

/* A destination that went alone has read the source for itself. */
static uint64_t bytes_copied(const struct plan *plan,
			     const struct copy_result *result)
{
	return MIN(result->regions[0].bytes, plan->length);
}

static void print_summary(const struct plan *plan,
			  const struct copy_result *result)
{
	const struct kcopyd_status *status = &result->status;
	char read[KCOPY_FORMAT_MAX], length[KCOPY_FORMAT_MAX];
	char time[KCOPY_FORMAT_MAX], speed[KCOPY_FORMAT_MAX];
	uint64_t bytes = bytes_copied(plan, result);

	kcopy_format_size(bytes, read);
	kcopy_format_size(plan->length, length);
	printf("job %" PRIu64 ": %s; %s", (uint64_t)status->job,
	       result_word(status), read);
	if (bytes != plan->length)
		printf(" of %s", length);
	printf(" in %s, %s; %d of %u destinations complete\n",
	       kcopy_format_time(duration_ns(status), time),
	       kcopy_format_rate(rate(bytes, duration_ns(status)), speed),
	       __builtin_popcountll(status->complete), plan->nr_dests);
}

static int print_text(const struct plan *plan, const struct copy_result *result)
{
	unsigned int i;

	print_table(plan, result);
	for (i = 0; i <= plan->nr_dests; i++)
		print_extents(plan, result, i);
	if (result->status.flags & KCOPYD_STATUS_COARSE)
		puts("Too many places failed to remember each: these also cover good data.");
	print_summary(plan, result);
	return EXIT_COMPLETE;
}

/* The job as 'status' shows it, and the devices as the user named them. */
static void add_device(struct json_object *region,
		       const struct plan_target *target)
{
	json_set_text(region, "path", target->device->path);
	json_set_text(region, "by_id", target->device->by_id);
	json_set_text(region, "model", target->device->model);
	json_set_text(region, "serial", target->device->serial);
}

static int print_json(const struct plan *plan, const struct copy_result *result)
{
	const struct kcopyd_status *status = &result->status;
	struct json_object *document, *region, *list;
	unsigned int i;

	document = json_document();
	job_json(document, status, result->regions);
	json_set_u64(document, "bytes_per_second",
		     rate(bytes_copied(plan, result), duration_ns(status)));
	list = json_object_object_get(document, "destinations");
	for (i = 0; i <= plan->nr_dests; i++) {
		region = i ? json_object_array_get_idx(list, i - 1) :
			     json_object_object_get(document, "source");
		add_device(region, plan_region(plan, i));
		json_object_object_add(region, "extents",
				       extents_json(result->extents,
						    result->nr_extents, i));
	}
	return json_print(document);
}

int copy_report(const struct plan *plan, const struct copy_result *result)
{
	return plan->options->json ? print_json(plan, result) :
				     print_text(plan, result);
}
