// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench: what work costs ours and its peers, on this machine, now.
 *
 * Figures are the nanoseconds of a machine whose clock counts instructions;
 * scripts/bench starts one. Both modules are loaded before.
 *
 * On such a machine only what keeps the processor busy is a cost. Whoever
 * sleeps until a timer fires lets the clock leap there, so that tables about
 * waiting show elapsed time, which is then as repeatable as the others.
 */
#include <err.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const struct bench_suite *const suites[] = {
	&dm_io_suite,	     &copies_suite,	 &jobs_suite,
	&destinations_suite, &softirq_suite,	 &memory_suite,
	&latency_suite,	     &observation_suite, &wall_suite,
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

/**
 * struct arguments - of the command line
 * @json: the file, or NULL
 * @names: of suites, NULL after the last; none = all but those on request
 */
struct arguments {
	const char *json;
	char *const *names;
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

		suite->describe(suite, i, &row);
		rounds_measure(suite, i, &result);
		judge_row(suite, i, &row, &result);
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
	unsigned int i;

	fputs("bench [--json FILE] [TABLE...]\n\n"
	      "  --json FILE  the same as JSON, added to a file that is there\n"
	      "  --help\n\n"
	      "Tables (* only if named):\n",
	      to);
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		fprintf(to, "%c %-12s  %s\n", suites[i]->on_request ? '*' : ' ',
			suites[i]->name, suites[i]->title);
	fputs("\nExit: 0 all targets held, 1 some were missed, 2 not measured.\n",
	      to);
}

static bool is_named(const struct bench_suite *suite, char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, suite->name))
			return true;
	return false;
}

static bool is_wanted(const struct bench_suite *suite, char *const *names)
{
	return *names ? is_named(suite, names) : !suite->on_request;
}

static void check_names(char *const *names)
{
	for (; *names; names++) {
		unsigned int i = 0;

		while (i < ARRAY_SIZE(suites) &&
		       strcmp(*names, suites[i]->name))
			i++;
		if (i < ARRAY_SIZE(suites))
			continue;
		fprintf(stderr, "bench: no table is called '%s'\n\n", *names);
		usage(stderr);
		exit(BENCH_FAILED);
	}
}

static struct arguments parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	struct arguments arguments = {};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case 'j':
			arguments.json = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(BENCH_HELD);
		default:
			usage(stderr);
			exit(BENCH_FAILED);
		}
	}
	arguments.names = argv + optind;
	check_names(arguments.names);
	return arguments;
}

int main(int argc, char **argv)
{
	const struct arguments arguments = parse(argc, argv);
	struct json_object *document = json_document(arguments.json);
	struct tally tally = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		if (is_wanted(suites[i], arguments.names))
			suite_run(suites[i], document, &tally);
	printf("%u targets, %u missed\n", tally.rows, tally.missed);
	if (arguments.json && json_write(document, arguments.json))
		errx(BENCH_FAILED, "%s: %s", arguments.json,
		     json_util_get_last_err());
	json_object_put(document);
	return tally.missed ? BENCH_MISSED : BENCH_HELD;
}
