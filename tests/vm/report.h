/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a job says about itself, and whether the devices bear it out. */
#ifndef _TESTS_VM_REPORT_H
#define _TESTS_VM_REPORT_H

#include "job.h"

#define REPORT_EXTENTS 2100

/**
 * struct report - all that is to be known about a job that is over
 * @result: by its events
 * @status: by STATUS
 * @regions: likewise
 * @nr: of @extents
 * @extents: by EXTENTS
 */
struct report {
	struct job_result result;
	struct kcopyd_status status;
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	unsigned int nr;
	struct kcopyd_extent extents[REPORT_EXTENTS];
};

/* An extent, by its sectors. */
#define EXTENT(kind_, region_, first, count, error_) \
	((struct kcopyd_extent){                     \
		.offset = SECTOR * (first),          \
		.length = SECTOR * (count),          \
		.region = (region_),                 \
		.kind = KCOPYD_EXTENT_##kind_,       \
		.error = (error_),                   \
	})
#define BAD(region, first, count) EXTENT(BAD, region, first, count, -EIO)
#define UNTRIED(region, first, count) \
	EXTENT(UNTRIED, region, first, count, -EIO)
#define NOT_STARTED(region, first, count) \
	EXTENT(UNTRIED, region, first, count, -ECANCELED)
#define DIFFERS(region, first, count) \
	EXTENT(DIFFERS, region, first, count, -EILSEQ)

/*
 * From open to close, whatever comes of it. Of a job whose events can all be
 * kept, they must tell the same as STATUS and EXTENTS.
 */
const struct report *report_run(const struct job_plan *plan);
/* Of a job that was started through that descriptor, and is over or will be. */
const struct report *report_of(int kcopyd, uint64_t job);

/* These and no others, in this order. */
void report_expect_extents(const struct report *report,
			   const struct kcopyd_extent *extents,
			   unsigned int nr);
#define report_expect(report, ...)                                     \
	report_expect_extents(                                         \
		report, (const struct kcopyd_extent[]){ __VA_ARGS__ }, \
		ARRAY_SIZE(((const struct kcopyd_extent[]){ __VA_ARGS__ })))
#define report_expect_no_extents(report) report_expect_extents(report, NULL, 0)
void report_expect_result(const struct report *report, int code,
			  unsigned int read_err, uint64_t write_err,
			  uint64_t complete);

/**
 * report_expect_copy - every sector of a destination is as the report says
 * @report: of the job
 * @region: 1..n
 * @path: where to look at it
 * @copy: what was to be copied where
 *
 * What is in an extent of the source or of this destination is untouched, or
 * zeroes if bad sectors of the source are to be; all else is copied; nothing
 * outside of the range was written.
 */
void report_expect_copy(const struct report *report, unsigned int region,
			const char *path, const struct data_copy *copy);

#endif /* _TESTS_VM_REPORT_H */
