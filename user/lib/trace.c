// SPDX-License-Identifier: LGPL-2.1-or-later
/* Traces: events of copies as they happen, through a ring buffer of our own. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libkcopy.h>
#include "trace.skel.h"
#include "cleanup.h"
#include "explain.h"
#include "refusal.h"

#define BIT(type) (1U << (type))
#define ALL_TYPES (BIT(KCOPYD_TRACE_TYPES) - 1)
#define IO_TYPES (BIT(KCOPYD_TRACE_IO_SUBMIT) | BIT(KCOPYD_TRACE_IO_DONE))

/**
 * struct kcopy_trace - an open trace
 * @skeleton: programs, attached until it is stopped, and maps
 * @ring: of the events
 * @fn: of the reading that is going on
 * @context: of the reading that is going on
 */
struct kcopy_trace {
	struct trace_bpf *skeleton;
	struct ring_buffer *ring;
	kcopy_trace_fn fn;
	void *context;
};

static void cleanup_trace(struct kcopy_trace **trace)
{
	kcopy_trace_close(*trace);
}

uint32_t kcopy_trace_types(const struct kcopy_trace_filter *filter)
{
	uint32_t types = filter->types;

	if (!types)
		types = ALL_TYPES & ~BIT(KCOPYD_TRACE_IO_SUBMIT);
	if (filter->by_device)
		types &= IO_TYPES | BIT(KCOPYD_TRACE_REGION);
	if (filter->min_latency_ns)
		types &= BIT(KCOPYD_TRACE_IO_DONE);
	if (filter->errors)
		types &= BIT(KCOPYD_TRACE_IO_DONE) | BIT(KCOPYD_TRACE_JOB_DONE);
	return types & ALL_TYPES;
}

/* The kernel takes powers of two that are pages. */
static uint32_t buffer_size(size_t wanted)
{
	uint32_t size = sysconf(_SC_PAGESIZE);

	if (!wanted)
		wanted = KCOPY_TRACE_BUFFER;
	while (size < wanted && size < 1U << 30)
		size *= 2;
	return size;
}

static void set_filter(struct trace_bpf *skeleton,
		       const struct kcopy_trace_filter *filter)
{
	skeleton->rodata->by_job = filter->by_job;
	skeleton->rodata->wanted_job = filter->job;
	skeleton->rodata->by_device = filter->by_device;
	skeleton->rodata->wanted_device = filter->major << 20 | filter->minor;
	skeleton->rodata->errors_only = filter->errors;
	skeleton->rodata->min_service_ns = filter->min_latency_ns;
}

/* A program is called "trace_" and as its type. */
static bool is_wanted(const struct bpf_program *prog, uint32_t types)
{
	const char *name = bpf_program__name(prog) + strlen("trace_");
	unsigned int i;

	for (i = 0; i < KCOPYD_TRACE_TYPES; i++) {
		if (!strcmp(name, kcopy_trace_type_string(i)))
			return types & BIT(i);
	}
	return false;
}

static int load(struct kcopy_trace *trace,
		const struct kcopy_trace_filter *filter)
{
	const uint32_t types = kcopy_trace_types(filter);
	struct trace_bpf *skeleton = trace_bpf__open();
	struct bpf_program *prog;
	int err;

	if (!skeleton)
		return -errno;
	trace->skeleton = skeleton;
	set_filter(skeleton, filter);
	bpf_object__for_each_program(prog, skeleton->obj)
		bpf_program__set_autoload(prog, is_wanted(prog, types));
	err = bpf_map__set_max_entries(skeleton->maps.events,
				       buffer_size(filter->buffer));
	return err ? err : trace_bpf__load(skeleton);
}

static int pass_on(void *context, void *data, size_t size)
{
	struct kcopy_trace *trace = context;

	return size < sizeof(struct kcopyd_trace_event) ?
		       0 :
		       trace->fn(data, trace->context);
}

/* First somebody who listens, then somebody who speaks. */
static int attach(struct kcopy_trace *trace)
{
	trace->ring =
		ring_buffer__new(bpf_map__fd(trace->skeleton->maps.events),
				 pass_on, trace, NULL);
	return trace->ring ? trace_bpf__attach(trace->skeleton) : -errno;
}

static int check_module(struct kcopy_explanation *why)
{
	struct kcopy_module module;
	int err = kcopy_module_info(&module);

	if (err)
		return kcopy_explain(why, err,
				     "asking about the module failed: %s",
				     strerror(-err));
	if (!module.loaded)
		return kcopy_explain(
			why, -ENOENT,
			"the module is not loaded: 'kcopyctl load' does it");
	return 0;
}

int kcopy_trace_open(const struct kcopy_trace_filter *filter,
		     struct kcopy_trace **result, struct kcopy_explanation *why)
{
	static const struct kcopy_trace_filter everything;
	AUTO(cleanup_trace) struct kcopy_trace *trace = NULL;
	libbpf_print_fn_t print;
	int err;

	kcopy_explain(why, 0, "%s", "");
	if (!filter)
		filter = &everything;
	if (!kcopy_trace_types(filter))
		return kcopy_explain(why, -EINVAL,
				     "no event fits all of what is asked for");
	err = check_module(why);
	if (err)
		return err;
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		return kcopy_explain(why, -ENOMEM, "out of memory");
	print = kcopy_note_complaints();
	err = load(trace, filter);
	if (!err)
		err = attach(trace);
	kcopy_complaints_noted(print);
	if (err)
		return kcopy_explain_bpf(why, err);
	*result = steal_pointer(&trace);
	return 0;
}

int kcopy_trace_fd(const struct kcopy_trace *trace)
{
	return ring_buffer__epoll_fd(trace->ring);
}

int kcopy_trace_read(struct kcopy_trace *trace, kcopy_trace_fn fn,
		     void *context)
{
	trace->fn = fn;
	trace->context = context;
	return ring_buffer__consume(trace->ring);
}

int kcopy_trace_lost(struct kcopy_trace *trace, uint64_t *lost)
{
	struct bpf_program *prog;
	uint64_t sum;

	sum = __atomic_load_n(&trace->skeleton->bss->lost, __ATOMIC_RELAXED);
	bpf_object__for_each_program(prog, trace->skeleton->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (!bpf_program__autoload(prog))
			continue;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			return -errno;
		sum += info.recursion_misses;
	}
	*lost = sum;
	return 0;
}

void kcopy_trace_stop(struct kcopy_trace *trace)
{
	trace_bpf__detach(trace->skeleton);
}

void kcopy_trace_close(struct kcopy_trace *trace)
{
	if (!trace)
		return;
	ring_buffer__free(trace->ring);
	trace_bpf__destroy(trace->skeleton);
	free(trace);
}
