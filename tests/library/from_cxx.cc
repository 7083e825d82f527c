// SPDX-License-Identifier: GPL-2.0-or-later
// libkcopy used from C++: its structures made, its calls linked and run.
#include <libkcopy.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

static unsigned int failures;

static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	std::fprintf(stderr, "from_cxx: not so: %s\n", what);
	failures++;
}

static int count(const struct kcopyd_trace_event *event, void *context)
{
	(void)event;
	++*static_cast<unsigned int *>(context);
	return 0;
}

static void submit_without_devices(kcopy *service)
{
	kcopy_target dest = kcopy_target();
	kcopy_request request = kcopy_request();
	kcopy_refusal refusal = kcopy_refusal();
	uint64_t job = 0;

	request.dests = &dest;
	request.nr_dests = 1;
	request.limits.rate = 1 << 20;
	request.checksum = KCOPYD_CHECKSUM_SHA256;
	dest.fd = -1;
	expect(kcopy_submit(service, &request, &job, &refusal) < 0,
	       "a job without devices is refused");
}

int main()
{
	kcopyd_region_status regions[2] = {};
	kcopyd_status status = kcopyd_status();
	kcopyd_event event = kcopyd_event();
	kcopy_trace_filter filter = kcopy_trace_filter();
	kcopy_device *device = nullptr;
	kcopy *service = nullptr;
	kcopy_trace_fn fn = count;
	unsigned int counted = 0;
	char text[KCOPY_FORMAT_MAX];
	uint64_t bytes = 0;

	expect(!kcopy_parse_size("3M", &bytes) && bytes == 3 << 20,
	       "3M is 3 MiB");
	expect(!std::strcmp(kcopy_format_size(bytes, text), "3.00 MiB"),
	       "3 MiB is written so");
	status.nr_regions = 2;
	regions[1].bytes = 7;
	expect(kcopy_progress(&status, regions) == 7, "progress is counted");
	event.done.complete = 1;
	expect(event.extent.length == 1, "members of an event share memory");
	filter.types = 1U << KCOPYD_TRACE_JOB_DONE;
	expect(kcopy_trace_types(&filter) == filter.types, "a filter is kept");
	expect(!fn(nullptr, &counted) && counted == 1, "a callback is called");
	expect(kcopy_device_probe("/dev/null", &device) == -ENOTBLK,
	       "/dev/null is no block device");
	expect(!std::strcmp(kcopy_state_string(KCOPYD_STATE_DONE), "done"),
	       "states have words");
	if (!kcopy_open(&service)) {
		submit_without_devices(service);
		kcopy_close(service);
	}
	std::printf("%s\n", failures ? "failed" : "passed");
	return failures ? 1 : 0;
}
