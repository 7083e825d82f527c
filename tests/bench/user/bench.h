/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the program share. A suite is a table of rows that several
 * peers do; who measures a row and what it is called is the suite's affair,
 * rounds, verdicts, tables and JSON are the same for all.
 */
#ifndef _TESTS_BENCH_H
#define _TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define BENCH_ROUNDS 3
#define BENCH_MAX_ROUNDS 5
#define BENCH_MAX_PEERS 6

/* Of the program. */
enum bench_exit {
	BENCH_HELD = 0, /* every target */
	BENCH_MISSED = 1, /* one at least */
	BENCH_FAILED = 2, /* it could not be measured */
};

struct copy;
struct devices;
struct json_object;

/**
 * struct bench_peer - who does the work
 * @name: in tables
 * @key: in JSON
 * @copy: copies, and gives the nanoseconds that it took, or 0 where this peer
 *	can't
 */
struct bench_peer {
	const char *name;
	const char *key;
	uint64_t (*copy)(const struct copy *copy,
			 const struct devices *devices);
};

/**
 * struct bench_row - a row of a suite, as its table shows it
 * @text: what is done, in columns under the suite's heading
 * @what: the same for programs, owned by the row
 * @gap: an empty line goes before it
 * @parts: that the figures may be divided by
 * @target: what is hoped for, 0 = nothing: no more than this ratio of ours to
 *	the suite's reference, or, in a suite without, no more than this figure
 */
struct bench_row {
	char text[64];
	struct json_object *what;
	bool gap;
	unsigned int parts;
	double target;
};

/**
 * struct bench_figure - a peer's rounds of a row
 * @best: the smallest
 * @median: what is compared; 0 = the peer doesn't do this row
 * @worst: the largest
 */
struct bench_figure {
	uint64_t best;
	uint64_t median;
	uint64_t worst;
};

struct bench_suite;

/**
 * struct bench_reference - by what ours is measured
 * @key: in JSON
 * @figure: for row i, out of the figures of its peers; 0 = nothing
 */
struct bench_reference {
	const char *key;
	double (*figure)(const struct bench_suite *suite, unsigned int i,
			 const struct bench_figure *figures);
};

/* judge.c: the first peer, or the best of all but us. */
extern const struct bench_reference bench_by_first;
extern const struct bench_reference bench_by_best;

/**
 * struct bench_suite - rows that the same peers do
 * @name: on the command line and in JSON
 * @title: over the table
 * @unit: of every figure
 * @heading: over the rows' texts, of the same width
 * @note: under the title, may be NULL
 * @peers: in the order of the columns; we are the last
 * @nr_peers: of them
 * @width: of a column
 * @reference: by what ours is measured, NULL = targets are figures
 * @part: what a part is called; ours is shown for one too; NULL = it isn't
 * @rounds: how often all is done, 0 = BENCH_ROUNDS
 * @on_request: measured only if it is named
 * @data: of the suite's own, what its rows are
 * @nr_rows: in the table
 * @begin: before the first row; may be NULL
 * @describe: what row i is
 * @measure: has a peer do row i once; 0 = not his; exits when it fails
 * @end: after the last row; may be NULL
 */
struct bench_suite {
	const char *name;
	const char *title;
	const char *unit;
	const char *heading;
	const char *note;
	const struct bench_peer *peers[BENCH_MAX_PEERS];
	unsigned int nr_peers;
	unsigned int width;
	const struct bench_reference *reference;
	const char *part;
	unsigned int rounds;
	bool on_request;
	const void *data;
	unsigned int nr_rows;
	void (*begin)(void);
	void (*describe)(const struct bench_suite *suite, unsigned int i,
			 struct bench_row *row);
	uint64_t (*measure)(const struct bench_suite *suite, unsigned int i,
			    const struct bench_peer *peer);
	void (*end)(void);
};

extern const struct bench_suite dm_io_suite;
extern const struct bench_suite copies_suite;
extern const struct bench_suite jobs_suite;
extern const struct bench_suite destinations_suite;
extern const struct bench_suite softirq_suite;
extern const struct bench_suite memory_suite;
extern const struct bench_suite latency_suite;
extern const struct bench_suite observation_suite;
extern const struct bench_suite wall_suite;

/**
 * struct bench_result - what came out of a row
 * @figures: in the order of the suite's peers
 * @ratio: of ours to the reference, 0 = there is none
 * @missed: there is a target, and it was not held
 */
struct bench_result {
	struct bench_figure figures[BENCH_MAX_PEERS];
	double ratio;
	bool missed;
};

static inline const struct bench_figure *
bench_ours(const struct bench_suite *suite, const struct bench_result *result)
{
	return &result->figures[suite->nr_peers - 1];
}

static inline unsigned int bench_rounds(const struct bench_suite *suite)
{
	return suite->rounds ? suite->rounds : BENCH_ROUNDS;
}

/* rounds.c */
void rounds_measure(const struct bench_suite *suite, unsigned int i,
		    struct bench_result *result);

/* judge.c */
void judge_row(const struct bench_suite *suite, unsigned int i,
	       const struct bench_row *row, struct bench_result *result);

/* table.c: printed as rows become known. */
void table_begin(const struct bench_suite *suite);
void table_row(const struct bench_suite *suite, const struct bench_row *row,
	       const struct bench_result *result);

/* json.c: a document's suites of the same name are replaced. */
struct json_object *json_document(const char *path);
struct json_object *json_suite(struct json_object *document,
			       const struct bench_suite *suite);
void json_row(struct json_object *list, const struct bench_suite *suite,
	      const struct bench_row *row, const struct bench_result *result);
int json_write(struct json_object *document, const char *path);

/* clock.c: where the machine's clock counts instructions, instructions. */
uint64_t clock_ns(void);

#endif /* _TESTS_BENCH_H */
