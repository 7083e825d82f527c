// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl metrics */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "cleanup.h"
#include "cli.h"
#include "metrics.h"
#include "observing.h"
#include "text.h"
#include "textfile.h"

static const char help[] =
	"Print the statistics as metrics for Prometheus.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl metrics\n"
	"  kcopyctl metrics --textfile /var/lib/prometheus/node-exporter/kcopyd.prom\n"
	"\n"
	"Options:\n"
	"  -t, --textfile FILE   replace FILE as a whole, for node_exporter's textfile\n"
	"                        collector; run it from a timer\n"
	"  -f, --format FORMAT   openmetrics (on stdout), prometheus (in a file)\n"
	"  -h, --help            this text\n"
	"\n"
	"The collector reads the text format 0.0.4 only, in which the names of counters\n"
	"are declared differently; so one text can't be both. The samples are the same.\n"
	"A job has metrics of its own until it has finished: each number is a series.\n"
	"Exit: 4 no statistics or no right to write FILE, which is then as it was.\n";

struct options {
	const char *textfile;
	enum metrics_format format;
	bool format_given;
	bool help;
};

static int format_option(const char *text, struct options *options)
{
	static const struct word words[] = {
		{ "openmetrics", METRICS_OPENMETRICS },
		{ "prometheus", METRICS_PROMETHEUS },
		{},
	};
	int format, code = word_option("--format", text, words, &format);

	options->format_given = true;
	if (!code)
		options->format = format;
	return code;
}

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "textfile", required_argument, NULL, 't' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt, code;

	while ((opt = next_option(argc, argv, ":t:f:h", longs)) != -1) {
		switch (opt) {
		case 't':
			options->textfile = optarg;
			break;
		case 'f':
			code = format_option(optarg, options);
			if (code)
				return code;
			break;
		case 'h':
			options->help = true;
			return 0;
		default:
			return bad_option(opt, argv);
		}
	}
	if (options->textfile && !options->format_given)
		options->format = METRICS_PROMETHEUS;
	return no_operands(argc, argv);
}

static int take_snapshot(struct snapshot *snapshot)
{
	struct kcopy_observer *observer;
	int code, err;

	code = open_observer(&observer);
	if (code)
		return code;
	err = snapshot_read(observer, false, snapshot);
	kcopy_observer_close(observer);
	return err ? complain_observer(err) : EXIT_COMPLETE;
}

/* Made whole before it is written: half of it is worse than nothing. */
static int print(const struct options *options, const struct snapshot *snapshot)
{
	struct kcopy_module module;
	struct text text;
	FILE *file = text_open(&text);
	int code = EXIT_COMPLETE;

	kcopy_module_info(&module);
	if (file)
		metrics_text(file, options->format, snapshot, &module);
	if (!file || text_close(file, &text)) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (options->textfile)
		code = textfile_replace(options->textfile, text.data, text.len);
	else
		fwrite(text.data, 1, text.len, stdout);
	free(text.data);
	return code;
}

int verb_metrics(int argc, char *argv[])
{
	struct options options = {};
	struct snapshot snapshot = {};
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	code = take_snapshot(&snapshot);
	if (!code)
		code = print(&options, &snapshot);
	snapshot_free(&snapshot);
	return code;
}
