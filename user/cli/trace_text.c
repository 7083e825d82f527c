// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as lines for the eyes of a person. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "trace.h"

#define SECTOR 512ULL
#define NSEC_PER_SEC 1000000000ULL
#define DEV "/dev/"

static void text_begin(uint64_t start_ns)
{
	(void)start_ns;
	printf("%10s %4s %-8s %-7s %-7s %8s %8s %8s %8s\n", "TIME", "JOB",
	       "REGION", "OP", "DEVICE", "OFFSET", "SIZE", "QUEUE", "LATENCY");
}

static const char *short_node(unsigned int major, unsigned int minor,
			      uint64_t time_ns)
{
	const char *node = trace_node(major, minor, time_ns);

	return strncmp(node, DEV, strlen(DEV)) ? node : node + strlen(DEV);
}

/* Whose event it is. Direct calls have no source. */
static const char *region_text(uint64_t job, unsigned int region, char buf[16])
{
	if (!job)
		snprintf(buf, 16, "direct %u", region);
	else if (region)
		snprintf(buf, 16, "dest %u", region);
	else
		snprintf(buf, 16, "source");
	return buf;
}

static void print_error(int error, uint64_t sector)
{
	const char *name = strerrorname_np(-error);

	if (name)
		printf("  %s", name);
	else
		printf("  error %d", error);
	printf(" at sector %" PRIu64, sector);
}

static void print_io(const struct kcopyd_trace_event *event)
{
	const bool done = event->type == KCOPYD_TRACE_IO_DONE;
	const bool data = event->io.sectors;
	char offset[KCOPY_FORMAT_MAX], size[KCOPY_FORMAT_MAX];
	char queue[KCOPY_FORMAT_MAX], latency[KCOPY_FORMAT_MAX];
	char region[16], words[TRACE_WORDS_MAX];

	kcopy_format_size(event->io.sector * SECTOR, offset);
	kcopy_format_size(event->io.sectors * SECTOR, size);
	kcopy_format_time(event->io.queue_ns, queue);
	kcopy_format_time(event->io.service_ns, latency);
	printf("%-8s %-7s %-7s %8s %8s %8s %8s",
	       region_text(event->job, event->io.region, region),
	       kcopy_op_string(event->io.op),
	       short_node(event->io.major, event->io.minor, event->time_ns),
	       data ? offset : "-", data ? size : "-", done ? queue : "-",
	       done ? latency : "-");
	if (!done)
		printf("  submitted");
	if (event->io.error)
		print_error(event->io.error, event->io.sector);
	if (*trace_flag_words(event, words))
		printf("%s%s", event->io.error ? ", " : "  ", words);
}

static void print_submit(const struct kcopyd_trace_event *event)
{
	char size[KCOPY_FORMAT_MAX], words[TRACE_WORDS_MAX];

	trace_flag_words(event, words);
	printf("%-8s submitted: %s to %u %s, client %" PRIu64 "%s%s", "job",
	       kcopy_format_size(event->submit.sectors * SECTOR, size),
	       event->submit.nr_dests,
	       event->submit.nr_dests == 1 ? "destination" : "destinations",
	       (uint64_t)event->submit.client, *words ? "; " : "", words);
}

static void print_region(const struct kcopyd_trace_event *event)
{
	char sizes[3][KCOPY_FORMAT_MAX], region[16];

	printf("%-8s is %s: %s from %s on, of %s",
	       region_text(event->job, event->region.region, region),
	       trace_node(event->region.major, event->region.minor,
			  event->time_ns),
	       kcopy_format_size(event->region.sectors * SECTOR, sizes[0]),
	       kcopy_format_size(event->region.sector * SECTOR, sizes[1]),
	       kcopy_format_size(event->region.device_sectors * SECTOR,
				 sizes[2]));
}

static void print_done(const struct kcopyd_trace_event *event)
{
	char time[KCOPY_FORMAT_MAX], size[KCOPY_FORMAT_MAX];
	uint64_t bits = event->done.write_err;

	printf("%-8s done in %s: %s written", "job",
	       kcopy_format_time(event->done.ns, time),
	       kcopy_format_size(event->done.bytes, size));
	if (event->done.read_err)
		printf(", reads failed");
	if (bits)
		printf(", failed:");
	for (; bits; bits &= bits - 1)
		printf(" dest %d", __builtin_ctzll(bits) + 1);
}

static void text_event(const struct kcopyd_trace_event *event,
		       uint64_t start_ns)
{
	const uint64_t ns =
		event->time_ns > start_ns ? event->time_ns - start_ns : 0;
	char time[KCOPY_FORMAT_MAX];

	printf("%3" PRIu64 ".%06u %4" PRIu64 " ", (uint64_t)(ns / NSEC_PER_SEC),
	       (unsigned int)(ns % NSEC_PER_SEC / 1000), (uint64_t)event->job);
	switch (event->type) {
	case KCOPYD_TRACE_JOB_SUBMIT:
		print_submit(event);
		break;
	case KCOPYD_TRACE_REGION:
		print_region(event);
		break;
	case KCOPYD_TRACE_JOB_STATE:
		printf("%-8s %s", "job",
		       kcopy_state_string(event->state.state));
		break;
	case KCOPYD_TRACE_IO_SUBMIT:
	case KCOPYD_TRACE_IO_DONE:
		print_io(event);
		break;
	case KCOPYD_TRACE_THROTTLE:
		printf("%-8s throttled for %s", "job",
		       kcopy_format_time(event->throttle.wait_ns, time));
		break;
	case KCOPYD_TRACE_JOB_DONE:
		print_done(event);
		break;
	}
	putchar('\n');
}

static void text_lost(uint64_t lost, uint64_t total)
{
	complain("%" PRIu64 " events were lost here, %" PRIu64
		 " since the start: a larger --buffer or fewer events help",
		 lost, total);
}

static void text_end(uint64_t shown, uint64_t lost)
{
	fflush(stdout);
	complain("%" PRIu64 " events shown, %" PRIu64 " lost", shown, lost);
}

const struct trace_form trace_as_text = {
	.begin = text_begin,
	.event = text_event,
	.lost = text_lost,
	.end = text_end,
};
