// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench: what work costs ours and its peers, on this machine, now.
 *
 * Figures are the nanoseconds of a machine whose clock counts instructions;
 * scripts/bench starts one. Both modules are loaded before.
 */
#include <err.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static const struct bench_suite *const suites[] = {
	&dm_io_suite,
};

/**
 * struct tally - of all suites
 * @rows: with a target
 * @missed: of them
 */
struct tally {
	unsigned int rows;
	unsigned int missed;
};

static void suite_run(const struct bench_suite *suite,
		      struct json_object *document, struct tally *tally)
{
	struct json_object *list = json_suite(document, suite);
	unsigned int i;

	if (suite->begin)
		suite->begin();
	table_begin(suite);
	for (i = 0; i < suite->nr_rows; i++) {
		struct bench_result result = {};
		struct bench_row row = {};

		suite->describe(i, &row);
		rounds_measure(suite, i, &row, &result);
		table_row(suite, &row, &result);
		json_row(list, suite, &row, &result);
		json_object_put(row.what);
		tally->rows += row.target > 0;
		tally->missed += result.missed;
	}
	if (suite->end)
		suite->end();
	puts("");
}

static void usage(FILE *to)
{
	fputs("bench [--json FILE]\n\n"
	      "  --json FILE  the same as JSON\n"
	      "  --help\n\n"
	      "Exit: 0 all targets held, 1 some were missed, 2 not measured.\n",
	      to);
}

/* The file for JSON, or NULL. */
static const char *parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *json = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case 'j':
			json = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(BENCH_HELD);
		default:
			usage(stderr);
			exit(BENCH_FAILED);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(BENCH_FAILED);
	}
	return json;
}

int main(int argc, char **argv)
{
	const char *json = parse(argc, argv);
	struct json_object *document = json_document();
	struct tally tally = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		suite_run(suites[i], document, &tally);
	printf("%u targets, %u missed\n", tally.rows, tally.missed);
	if (json && json_write(document, json))
		errx(BENCH_FAILED, "%s: %s", json, json_util_get_last_err());
	json_object_put(document);
	return tally.missed ? BENCH_MISSED : BENCH_HELD;
}
