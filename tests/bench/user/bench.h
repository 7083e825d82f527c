/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the program share. A suite is a table of rows that several
 * peers do; who measures a row and what it is called is the suite's affair,
 * rounds, ratios, tables and JSON are the same for all.
 */
#ifndef _TESTS_BENCH_H
#define _TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define BENCH_ROUNDS 3
#define BENCH_MAX_PEERS 5

/* Of the program. */
enum bench_exit {
	BENCH_HELD = 0, /* every target */
	BENCH_MISSED = 1, /* one at least */
	BENCH_FAILED = 2, /* it could not be measured */
};

struct json_object;

/**
 * struct bench_row - a row of a suite, as its table shows it
 * @text: what is done, in columns under the suite's heading
 * @what: the same for programs, owned by the row
 * @gap: an empty line goes before it
 * @target: the ratio of ours to the reference that is hoped for, 0 = none
 */
struct bench_row {
	char text[64];
	struct json_object *what;
	bool gap;
	double target;
};

/**
 * struct bench_suite - rows that the same peers do
 * @name: in JSON
 * @title: over the table
 * @unit: of every figure
 * @heading: over the rows' texts, of the same width
 * @peers: their names in the table, in the order of the columns
 * @keys: their names in JSON
 * @nr_peers: of both
 * @reference: the peer whom ours is measured by
 * @ours: we
 * @nr_rows: in the table
 * @begin: before the first row; may be NULL
 * @describe: what row i is
 * @measure: has a peer do row i once; exits when that fails
 * @end: after the last row; may be NULL
 */
struct bench_suite {
	const char *name;
	const char *title;
	const char *unit;
	const char *heading;
	const char *const *peers;
	const char *const *keys;
	unsigned int nr_peers;
	unsigned int reference;
	unsigned int ours;
	unsigned int nr_rows;
	void (*begin)(void);
	void (*describe)(unsigned int i, struct bench_row *row);
	uint64_t (*measure)(unsigned int i, unsigned int peer);
	void (*end)(void);
};

extern const struct bench_suite dm_io_suite;

/**
 * struct bench_figure - a peer's rounds of a row
 * @best: the smallest
 * @median: what is compared
 * @worst: the largest
 */
struct bench_figure {
	uint64_t best;
	uint64_t median;
	uint64_t worst;
};

/**
 * struct bench_result - what came out of a row
 * @figures: in the order of the suite's peers
 * @ratio: of ours to the reference
 * @missed: there is a target, and the ratio is above it
 */
struct bench_result {
	struct bench_figure figures[BENCH_MAX_PEERS];
	double ratio;
	bool missed;
};

/* rounds.c */
void rounds_measure(const struct bench_suite *suite, unsigned int i,
		    const struct bench_row *row, struct bench_result *result);

/* table.c: printed as rows become known. */
void table_begin(const struct bench_suite *suite);
void table_row(const struct bench_suite *suite, const struct bench_row *row,
	       const struct bench_result *result);

/* json.c */
struct json_object *json_document(void);
struct json_object *json_suite(struct json_object *document,
			       const struct bench_suite *suite);
void json_row(struct json_object *list, const struct bench_suite *suite,
	      const struct bench_row *row, const struct bench_result *result);
int json_write(struct json_object *document, const char *path);

/* devices.c: null_blk without memory, completing at once. */
#define DEVICES_MAX 5

/* Creates so many and opens them into @fds; exits when it can't. */
void devices_create(int *fds, unsigned int nr);
void devices_destroy(int *fds, unsigned int nr);

#endif /* _TESTS_BENCH_H */
