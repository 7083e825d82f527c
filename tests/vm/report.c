// SPDX-License-Identifier: GPL-2.0-or-later
/* What a job says about itself, and whether the devices bear it out. */
#include "report.h"

/* ---- extents ------------------------------------------------------------- */

static int compare_extents(const void *a, const void *b)
{
	const struct kcopyd_extent *x = a, *y = b;

	if (x->region != y->region)
		return x->region < y->region ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static uint64_t end_of(const struct kcopyd_extent *extent)
{
	return extent->offset + extent->length;
}

static bool joins(const struct kcopyd_extent *a, const struct kcopyd_extent *b)
{
	return a->region == b->region && a->kind == b->kind &&
	       a->error == b->error && end_of(a) >= b->offset;
}

static void join(struct kcopyd_extent *a, const struct kcopyd_extent *b)
{
	if (end_of(b) > end_of(a))
		a->length = end_of(b) - a->offset;
}

/*
 * Sorts and merges in place; returns how many are left. A place of the source
 * that was read for two destinations, each by itself, may have failed twice.
 */
static unsigned int merge(struct kcopyd_extent *extents, unsigned int nr)
{
	unsigned int left = 0;

	qsort(extents, nr, sizeof(*extents), compare_extents);
	for (unsigned int i = 0; i < nr; i++) {
		if (left && joins(&extents[left - 1], &extents[i]))
			join(&extents[left - 1], &extents[i]);
		else
			extents[left++] = extents[i];
	}
	return left;
}

/* Once bad, once untried: what was tried stands, wherever it lies. */
static bool contradicts(const struct kcopyd_extent *extents, unsigned int nr)
{
	for (unsigned int i = 1; i < nr; i++)
		if (extents[i].region == extents[i - 1].region &&
		    end_of(&extents[i - 1]) > extents[i].offset)
			return true;
	return false;
}

static void expect_same_extent(const struct kcopyd_extent *is,
			       const struct kcopyd_extent *wanted,
			       unsigned int i)
{
	cr_assert(
		is->region == wanted->region && is->kind == wanted->kind &&
			is->error == wanted->error &&
			is->offset == wanted->offset &&
			is->length == wanted->length,
		"extent %u: region %u, kind %u, errno %d, %llu sectors from %llu; wanted: region %u, kind %u, errno %d, %llu from %llu",
		i, is->region, is->kind, is->error, is->length / SECTOR,
		is->offset / SECTOR, wanted->region, wanted->kind,
		wanted->error, wanted->length / SECTOR,
		wanted->offset / SECTOR);
}

void report_expect_extents(const struct report *report,
			   const struct kcopyd_extent *extents, unsigned int nr)
{
	for (unsigned int i = 0; i < nr && i < report->nr; i++) {
		expect_same_extent(&report->extents[i], &extents[i], i);
		cr_assert_eq(report->extents[i].pad, 0);
	}
	cr_assert_eq(report->nr, nr, "%u extents instead of %u", report->nr,
		     nr);
}

/* ---- the report ---------------------------------------------------------- */

static void events_agree(const struct report *report)
{
	const struct job_result *result = &report->result;
	const struct kcopyd_status *status = &report->status;
	struct kcopyd_extent events[JOB_EXTENTS];
	struct report by_events = {};

	cr_assert_eq(status->state, KCOPYD_STATE_DONE);
	cr_assert_eq(result->code, status->code);
	cr_assert_eq(result->read_err, status->read_err);
	cr_assert_eq(result->write_err, status->write_err);
	cr_assert_eq(result->complete, status->complete);
	cr_assert_eq(report->nr, status->nr_extents);
	cr_assert_eq(result->nr_regions, status->nr_regions);
	for (unsigned int i = 0; i < status->nr_regions; i++) {
		cr_assert_eq(result->regions[i].bytes,
			     report->regions[i].bytes);
		cr_assert_eq(result->regions[i].errors,
			     report->regions[i].errors);
		cr_assert_eq(result->regions[i].code, report->regions[i].error);
	}
	if (result->nr_extents > JOB_EXTENTS || result->overflow)
		return;
	memcpy(events, result->extents, sizeof(events));
	by_events.nr = merge(events, result->nr_extents);
	if (contradicts(events, by_events.nr))
		return;
	memcpy(by_events.extents, events, by_events.nr * sizeof(*events));
	report_expect_extents(&by_events, report->extents, report->nr);
}

const struct report *report_of(int kcopyd, uint64_t job)
{
	struct report *report = calloc(1, sizeof(*report));

	cr_assert_not_null(report);
	report->result = job_wait(kcopyd, job);
	cr_assert_eq(job_regions(kcopyd, job, &report->status, report->regions),
		     0);
	report->nr = job_extents(kcopyd, job, report->extents, REPORT_EXTENTS);
	events_agree(report);
	return report;
}

const struct report *report_run(const struct job_plan *plan)
{
	int kcopyd = job_device_open(0);
	const struct report *report =
		report_of(kcopyd, job_start(kcopyd, plan));

	close(kcopyd);
	return report;
}

void report_expect_result(const struct report *report, int code,
			  unsigned int read_err, uint64_t write_err,
			  uint64_t complete)
{
	const struct job_result *result = &report->result;

	cr_assert_eq(result->code, code, "code %d", result->code);
	cr_assert_eq(result->read_err, read_err, "read_err %u",
		     result->read_err);
	cr_assert_eq(result->write_err, write_err, "write_err %#lx",
		     result->write_err);
	cr_assert_eq(result->complete, complete, "complete %#lx",
		     result->complete);
}

/* ---- the devices --------------------------------------------------------- */

static char *device_read(const char *path, uint64_t size)
{
	char *data = aligned_alloc(4096, size);
	int fd = device_open(path, O_RDONLY | O_DIRECT);

	cr_assert_not_null(data);
	for (uint64_t at = 0; at < size; at += MIB) {
		ssize_t step = size - at < MIB ? size - at : MIB;

		cr_assert_eq(pread(fd, data + at, step, at), step, "%s: %m",
			     path);
	}
	close(fd);
	return data;
}

/* What the extents leave out, in what the device should hold. */
static void take_out(const struct report *report, unsigned int region,
		     const struct data_copy *copy, char *wanted)
{
	const bool zeroes = report->status.submit_flags &
			    KCOPYD_SUBMIT_ZERO_BAD;

	for (unsigned int i = 0; i < report->nr; i++) {
		const struct kcopyd_extent *extent = &report->extents[i];
		const uint64_t at = copy->offset + extent->offset;

		if (extent->region && extent->region != region)
			continue;
		cr_assert_leq(extent->offset + extent->length, copy->length);
		if (!extent->region && zeroes)
			memset(wanted + at, 0, extent->length);
		else
			data_make(wanted + at, extent->length, copy->seed,
				  at / SECTOR);
	}
}

void report_expect_copy(const struct report *report, unsigned int region,
			const char *path, const struct data_copy *copy)
{
	const uint64_t size = device_size(path);
	char *wanted = malloc(size), *is = device_read(path, size);

	cr_assert_not_null(wanted);
	data_make(wanted, size, copy->seed, 0);
	data_make(wanted + copy->offset, copy->length, copy->source_seed,
		  copy->source_offset / SECTOR);
	take_out(report, region, copy, wanted);
	for (uint64_t at = 0; at < size; at += SECTOR)
		cr_assert_eq(memcmp(is + at, wanted + at, SECTOR), 0,
			     "%s: sector %llu is not as reported", path,
			     at / SECTOR);
	free(wanted);
	free(is);
}
