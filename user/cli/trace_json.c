// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as JSON, an object a line. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "trace.h"

#define SECTOR 512ULL

static struct json_object *object_begin(const char *event)
{
	struct json_object *object = json_document();

	json_set_text(object, "event", event);
	return object;
}

static void print(struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text)
		puts(text);
	json_object_put(object);
}

static void set_device(struct json_object *object, unsigned int major,
		       unsigned int minor, uint64_t time_ns)
{
	json_set_text(object, "device", trace_node(major, minor, time_ns));
	json_set_u64(object, "major", major);
	json_set_u64(object, "minor", minor);
}

static void set_submit(struct json_object *object,
		       const struct kcopyd_trace_event *event)
{
	json_set_u64(object, "client", event->submit.client);
	json_set_u64(object, "destinations", event->submit.nr_dests);
	json_set_u64(object, "bytes", event->submit.sectors * SECTOR);
}

static void set_region(struct json_object *object,
		       const struct kcopyd_trace_event *event)
{
	json_set_u64(object, "region", event->region.region);
	set_device(object, event->region.major, event->region.minor,
		   event->time_ns);
	json_set_u64(object, "sector", event->region.sector);
	json_set_u64(object, "bytes", event->region.sectors * SECTOR);
	json_set_u64(object, "device_bytes",
		     event->region.device_sectors * SECTOR);
}

static void set_io(struct json_object *object,
		   const struct kcopyd_trace_event *event)
{
	json_set_u64(object, "region", event->io.region);
	json_set_text(object, "op", kcopy_op_string(event->io.op));
	set_device(object, event->io.major, event->io.minor, event->time_ns);
	json_set_u64(object, "sector", event->io.sector);
	json_set_u64(object, "bytes", event->io.sectors * SECTOR);
	if (event->type != KCOPYD_TRACE_IO_DONE)
		return;
	json_set_u64(object, "queue_ns", event->io.queue_ns);
	json_set_u64(object, "latency_ns", event->io.service_ns);
	json_set_int(object, "error", event->io.error);
	json_set_text(object, "errno",
		      event->io.error ? strerrorname_np(-event->io.error) :
					NULL);
}

static void set_done(struct json_object *object,
		     const struct kcopyd_trace_event *event)
{
	json_set_u64(object, "client", event->done.client);
	json_set_u64(object, "read_err", event->done.read_err);
	json_set_u64(object, "write_err", event->done.write_err);
	json_set_u64(object, "bytes", event->done.bytes);
	json_set_u64(object, "ns", event->done.ns);
}

static void set_flags(struct json_object *object,
		      const struct kcopyd_trace_event *event)
{
	struct json_object *list = json_object_new_array();
	const char *word;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		word = trace_flag_word(event->type, bit);
		if (word && event->flags & 1U << bit)
			json_object_array_add(list,
					      json_object_new_string(word));
	}
	json_object_object_add(object, "flags", list);
}

static void json_begin(uint64_t start_ns)
{
	struct json_object *object = object_begin("begin");

	json_set_u64(object, "time_ns", start_ns);
	print(object);
}

static void json_event(const struct kcopyd_trace_event *event,
		       uint64_t start_ns)
{
	struct json_object *object =
		object_begin(kcopy_trace_type_string(event->type));

	(void)start_ns;
	json_set_u64(object, "time_ns", event->time_ns);
	json_set_u64(object, "job", event->job);
	switch (event->type) {
	case KCOPYD_TRACE_JOB_SUBMIT:
		set_submit(object, event);
		break;
	case KCOPYD_TRACE_REGION:
		set_region(object, event);
		break;
	case KCOPYD_TRACE_JOB_STATE:
		json_set_text(object, "state",
			      kcopy_state_string(event->state.state));
		break;
	case KCOPYD_TRACE_IO_SUBMIT:
	case KCOPYD_TRACE_IO_DONE:
		set_io(object, event);
		break;
	case KCOPYD_TRACE_THROTTLE:
		json_set_u64(object, "wait_ns", event->throttle.wait_ns);
		break;
	case KCOPYD_TRACE_JOB_DONE:
		set_done(object, event);
		break;
	}
	set_flags(object, event);
	print(object);
}

static void json_lost(uint64_t lost, uint64_t total)
{
	struct json_object *object = object_begin("lost");

	json_set_u64(object, "events", lost);
	json_set_u64(object, "total", total);
	print(object);
}

static void json_end(uint64_t shown, uint64_t lost)
{
	struct json_object *object = object_begin("end");

	json_set_u64(object, "shown", shown);
	json_set_u64(object, "lost", lost);
	print(object);
}

const struct trace_form trace_as_json = {
	.begin = json_begin,
	.event = json_event,
	.lost = json_lost,
	.end = json_end,
};
