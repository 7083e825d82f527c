// SPDX-License-Identifier: GPL-2.0-or-later
/* Progress: how far, how fast, how long still. */
#include <stdio.h>
#include <string.h>
#include <libkcopy.h>
#include "cli.h"
#include "progress.h"

#define NSEC_PER_SEC 1000000000ULL
#define WINDOW_NS (5 * NSEC_PER_SEC)
#define LAG_LEAST (1ULL << 20)
#define LAG_MOST (64ULL << 20)
#define APART_NS (50 * 1000000ULL)

void progress_init(struct progress *progress, uint64_t total)
{
	*progress = (struct progress){ .total = total, .state = "running" };
}

void progress_add(struct progress *progress, uint64_t now_ns, uint64_t bytes)
{
	unsigned int last = (progress->nr - 1) % PROGRESS_SAMPLES;

	if (!progress->nr)
		progress->start_ns = now_ns;
	progress->now_ns = now_ns;
	progress->bytes = bytes;
	/* The first sample stays as it is: the beginning is one end of it. */
	if (progress->nr > 1 && now_ns - progress->times[last] < APART_NS)
		return;
	progress->times[progress->nr % PROGRESS_SAMPLES] = now_ns;
	progress->amounts[progress->nr % PROGRESS_SAMPLES] = bytes;
	progress->nr++;
}

/* The oldest sample that is within the window, or the last before it. */
static unsigned int window_start(const struct progress *progress)
{
	unsigned int first = progress->nr > PROGRESS_SAMPLES ?
				     progress->nr - PROGRESS_SAMPLES :
				     0;

	while (first + 1 < progress->nr &&
	       progress->now_ns - progress->times[first % PROGRESS_SAMPLES] >
		       WINDOW_NS)
		first++;
	return first % PROGRESS_SAMPLES;
}

uint64_t progress_rate(const struct progress *progress)
{
	unsigned int first;
	uint64_t ns, bytes;

	if (!progress->nr)
		return 0;
	first = window_start(progress);
	ns = progress->now_ns - progress->times[first];
	if (!ns || progress->bytes < progress->amounts[first])
		return 0;
	bytes = progress->bytes - progress->amounts[first];
	return (__uint128_t)bytes * NSEC_PER_SEC / ns;
}

bool progress_eta(const struct progress *progress, uint64_t *ns)
{
	uint64_t rate = progress_rate(progress);
	__uint128_t eta;

	if (!rate || progress->bytes > progress->total)
		return false;
	eta = (__uint128_t)(progress->total - progress->bytes) * NSEC_PER_SEC /
	      rate;
	if (eta > INT64_MAX)
		return false;
	*ns = eta;
	return true;
}

static unsigned int tenths_of_percent(const struct progress *progress)
{
	if (!progress->total || progress->bytes >= progress->total)
		return 1000;
	return (__uint128_t)progress->bytes * 1000 / progress->total;
}

static size_t append(char *buf, size_t len, size_t width, const char *part)
{
	size_t more = strlen(part);

	/* A part that does not fit is left out whole: no half numbers. */
	if (len + more > width || len + more >= PROGRESS_LINE_MAX)
		return len;
	memcpy(buf + len, part, more + 1);
	return len + more;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Chunks in flight are no lag worth telling. */
static bool is_lag_worth_telling(const struct progress *progress)
{
	uint64_t least = progress->total / 100;

	if (least > LAG_MOST)
		least = LAG_MOST;
	return progress->lag >= LAG_LEAST && progress->lag >= least;
}

char *progress_line(const struct progress *progress, size_t width, char *buf)
{
	char a[KCOPY_FORMAT_MAX], b[KCOPY_FORMAT_MAX], part[96];
	unsigned int tenths = tenths_of_percent(progress);
	size_t len = 0;
	uint64_t eta;

	buf[0] = '\0';
	snprintf(part, sizeof(part), "%3u.%u%%", tenths / 10, tenths % 10);
	len = append(buf, len, width, part);
	/* The parts in the order of their worth: the last fall off first. */
	snprintf(part, sizeof(part), "  %s",
		 kcopy_format_rate(progress_rate(progress), a));
	len = append(buf, len, width, part);
	snprintf(part, sizeof(part), "  ETA %s",
		 progress_eta(progress, &eta) ? kcopy_format_clock(eta, a) :
						"-:--:--");
	len = append(buf, len, width, part);
	if (progress->failed) {
		snprintf(part, sizeof(part), "  %u failed", progress->failed);
		len = append(buf, len, width, part);
	}
	if (is_lag_worth_telling(progress)) {
		snprintf(part, sizeof(part), "  %.40s %s behind",
			 name_of(progress->slowest),
			 kcopy_format_size(progress->lag, a));
		len = append(buf, len, width, part);
	}
	if (strcmp(progress->state, "running")) {
		snprintf(part, sizeof(part), "  %s", progress->state);
		len = append(buf, len, width, part);
	}
	snprintf(part, sizeof(part), "  %s of %s",
		 kcopy_format_size(progress->bytes, a),
		 kcopy_format_size(progress->total, b));
	append(buf, len, width, part);
	return buf;
}

struct json_object *progress_json(const struct progress *progress, uint64_t job)
{
	struct json_object *object = json_document();
	uint64_t eta;

	if (job)
		json_set_u64(object, "job", job);
	else
		json_set_null(object, "job");
	json_set_text(object, "state", progress->state);
	json_set_u64(object, "bytes", progress->bytes);
	json_set_u64(object, "total", progress->total);
	json_set_u64(object, "bytes_per_second", progress_rate(progress));
	json_set_u64(object, "elapsed_ns",
		     progress->now_ns - progress->start_ns);
	if (progress_eta(progress, &eta))
		json_set_u64(object, "eta_ns", eta);
	else
		json_set_null(object, "eta_ns");
	json_set_u64(object, "failed", progress->failed);
	json_set_u64(object, "lag_bytes", progress->lag);
	json_set_text(object, "slowest",
		      progress->lag ? progress->slowest : NULL);
	return object;
}
