// SPDX-License-Identifier: GPL-2.0-or-later
/* A job's state and outcome, for people and for programs. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include "cli.h"
#include "result.h"

bool bit(uint64_t bits, unsigned int i)
{
	return bits >> i & 1;
}

/* Of a comparison that is what was asked, and no failure. */
static bool found_differences(const struct kcopyd_status *status,
			      const struct kcopyd_region_status *regions)
{
	unsigned int i;

	if (!(status->submit_flags & KCOPYD_SUBMIT_COMPARE))
		return false;
	for (i = 1; i < status->nr_regions; i++)
		if (regions[i].flags & KCOPYD_REGION_DIFFERS)
			return true;
	return false;
}

int result_code(const struct kcopyd_status *status,
		const struct kcopyd_region_status *regions)
{
	if (status->code == -EIO &&
	    status->submit_flags & KCOPYD_SUBMIT_COMPARE)
		return found_differences(status, regions) ? EXIT_PARTIAL :
							    EXIT_FAILED;
	return exit_of_result(status->code, status->complete);
}

const char *result_word(const struct kcopyd_status *status,
			const struct kcopyd_region_status *regions)
{
	if (status->state != KCOPYD_STATE_DONE)
		return "-";
	switch (result_code(status, regions)) {
	case EXIT_COMPLETE:
		return status->submit_flags & KCOPYD_SUBMIT_COMPARE ?
			       "equal" :
			       "complete";
	case EXIT_PARTIAL:
		return found_differences(status, regions) ? "different" :
							    "partial";
	case EXIT_INTERRUPTED:
		return "cancelled";
	default:
		return "failed";
	}
}

static struct json_object *
region_json(unsigned int i, const struct kcopyd_region_status *region)
{
	struct json_object *object = json_object_new_object();
	char node[64];

	json_set_int(object, "region", i);
	/* A regular file that needed no loop device is none. */
	if (!region->major && !region->minor)
		json_set_null(object, "device");
	else
		json_set_text(object, "device",
			      kcopy_device_node(region->major, region->minor,
						node, sizeof(node)));
	json_set_u64(object, "major", region->major);
	json_set_u64(object, "minor", region->minor);
	json_set_u64(object, "offset", region->offset);
	json_set_u64(object, "bytes", region->bytes);
	json_set_u64(object, "errors", region->errors);
	if (region->error)
		json_set_int(object, "error", region->error);
	else
		json_set_null(object, "error");
	return object;
}

static struct json_object *
destinations_json(const struct kcopyd_status *status,
		  const struct kcopyd_region_status *regions)
{
	struct json_object *list = json_object_new_array();
	struct json_object *object;
	unsigned int i;

	for (i = 0; i + 1 < status->nr_regions; i++) {
		object = region_json(i + 1, &regions[i + 1]);
		json_set_bool(object, "failed", bit(status->write_err, i));
		json_set_bool(object, "complete", bit(status->complete, i));
		json_object_array_add(list, object);
	}
	return list;
}

char *digest_hex(const struct kcopyd_status *status, char *hex)
{
	size_t i;

	hex[0] = '\0';
	for (i = 0; i < status->digest_len; i++)
		sprintf(hex + 2 * i, "%02x", status->digest[i]);
	return hex;
}

/* What is not limited is null. */
static struct json_object *limits_json(const struct kcopyd_status *status)
{
	struct json_object *object = json_object_new_object();

	if (status->rate)
		json_set_u64(object, "bytes_per_second", status->rate);
	else
		json_set_null(object, "bytes_per_second");
	if (status->percent)
		json_set_u64(object, "percent", status->percent);
	else
		json_set_null(object, "percent");
	if (status->depth)
		json_set_u64(object, "depth", status->depth);
	else
		json_set_null(object, "depth");
	return object;
}

/* NULL: none was asked for. */
static struct json_object *checksum_json(const struct kcopyd_status *status)
{
	char hex[2 * sizeof(status->digest) + 1];
	struct json_object *object;

	if (!status->checksum)
		return NULL;
	object = json_object_new_object();
	json_set_text(object, "algorithm",
		      kcopy_checksum_string(status->checksum));
	json_set_text(object, "digest", digest_hex(status, hex));
	return object;
}

void job_json(struct json_object *object, const struct kcopyd_status *status,
	      const struct kcopyd_region_status *regions)
{
	bool done = status->state == KCOPYD_STATE_DONE;

	if (status->job)
		json_set_u64(object, "job", status->job);
	else
		json_set_null(object, "job");
	json_set_text(object, "state", kcopy_state_string(status->state));
	json_set_bool(object, "draining",
		      !done && status->flags & KCOPYD_STATUS_DRAINING);
	json_set_text(object, "result",
		      done ? result_word(status, regions) : NULL);
	if (done)
		json_set_int(object, "code", status->code);
	else
		json_set_null(object, "code");
	json_set_int(object, "read_err", status->read_err);
	json_set_u64(object, "write_err", status->write_err);
	json_set_u64(object, "complete", status->complete);
	json_set_u64(object, "length", status->length);
	json_set_u64(object, "submitted_ns", status->submitted_ns);
	if (done) {
		json_set_u64(object, "done_ns", status->done_ns);
		json_set_u64(object, "ns",
			     status->done_ns - status->submitted_ns);
	} else {
		json_set_null(object, "done_ns");
		json_set_null(object, "ns");
	}
	json_set_u64(object, "uid", status->uid);
	json_set_int(object, "pid", status->pid);
	json_set_bool(object, "extents_coarse",
		      status->flags & KCOPYD_STATUS_COARSE);
	json_object_object_add(object, "limits", limits_json(status));
	json_object_object_add(object, "checksum", checksum_json(status));
	json_object_object_add(object, "source",
			       regions[0].major || regions[0].minor ?
				       region_json(0, &regions[0]) :
				       NULL);
	json_object_object_add(object, "destinations",
			       destinations_json(status, regions));
}

struct json_object *extents_json(const struct kcopyd_extent *extents, size_t nr,
				 unsigned int region)
{
	struct json_object *list = json_object_new_array();
	struct json_object *object;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (extents[i].region != region)
			continue;
		object = json_object_new_object();
		json_set_u64(object, "offset", extents[i].offset);
		json_set_u64(object, "length", extents[i].length);
		json_set_text(object, "kind",
			      kcopy_kind_string(extents[i].kind));
		json_set_int(object, "error", extents[i].error);
		json_object_array_add(list, object);
	}
	return list;
}
