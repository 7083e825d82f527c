/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies, those who make them, and tables of them. */
#ifndef _TESTS_BENCH_COPY_H
#define _TESTS_BENCH_COPY_H

#include <stdint.h>

#include "bench.h"
#include "devices.h"

/**
 * struct copy - a large copy, or many small ones
 * @kind: of all devices
 * @nr_dests: destinations
 * @bytes: of the copy, or of each job
 * @jobs: how many small copies, 0 = it is a large one
 * @in_flight: jobs at a time
 * @scattered: no job is followed by its neighbour, so that nothing is merged
 */
struct copy {
	struct device_kind kind;
	unsigned int nr_dests;
	uint64_t bytes;
	unsigned int jobs;
	unsigned int in_flight;
	bool scattered;
};

/* module.c: in the kernel. */
extern const struct bench_peer peer_intree;
extern const struct bench_peer peer_ours;
extern const struct bench_peer peer_floor;
/* What reading the source alone takes. */
extern const struct bench_peer peer_read;
/* dd.c */
extern const struct bench_peer peer_dd_1m;
extern const struct bench_peer peer_dd_16m;
/* uring.c */
extern const struct bench_peer peer_uring;

/* module.c: an ioctl of the module; exits when it fails. */
void module_ioctl(unsigned long request, void *args);

/**
 * struct copy_row - a row of a suite whose data are such rows
 * @text: for the table
 * @gap: an empty line goes before it
 * @target: as of struct bench_row
 * @copy: that is measured
 */
struct copy_row {
	const char *text;
	bool gap;
	double target;
	struct copy copy;
};

/* copy_rows.c: such a suite's functions; nanoseconds, by the MiB or the job. */
void copy_rows_describe(const struct bench_suite *suite, unsigned int i,
			struct bench_row *row);
uint64_t copy_rows_measure(const struct bench_suite *suite, unsigned int i,
			   const struct bench_peer *peer);
/* Microseconds for ELAPSED_MIB of a copy. */
#define ELAPSED_MIB 64
uint64_t copy_rows_elapsed(const struct bench_suite *suite, unsigned int i,
			   const struct bench_peer *peer);
void copy_rows_end(void);

#endif /* _TESTS_BENCH_COPY_H */
