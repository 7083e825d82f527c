// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments of heatmap. */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "heatmap.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL
#define LEAST_INTERVAL (10 * NSEC_PER_MSEC)
#define MOST_INTERVAL (24 * 3600ULL * NSEC_PER_SEC)

enum { OPT_WHAT = 256, OPT_MAX, OPT_COLOUR, OPT_SVG, OPT_PNG };

struct parsing {
	struct heatmap_options *options;
	uint64_t duration_ns;
	bool max;
};

static int parse_what(const char *text, struct heatmap_options *options)
{
	static const struct word words[] = {
		{ "latency", HEAT_MEAN }, { "mean", HEAT_MEAN },
		{ "max", HEAT_MAX },	  { "errors", HEAT_ERRORS },
		{ "ios", HEAT_IOS },	  {},
	};
	int what, code = word_option("--what", text, words, &what);

	if (!code)
		options->what = what;
	return code;
}

/* Colours that a terminal has are known from its environment only. */
static enum heat_ink terminal_ink(void)
{
	const char *has = getenv("COLORTERM");

	return has && (!strcmp(has, "truecolor") || !strcmp(has, "24bit")) ?
		       HEAT_INK_TRUE :
		       HEAT_INK_256;
}

static enum heat_ink automatic_ink(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if ((no_colour && *no_colour) || !isatty(STDOUT_FILENO) ||
	    (terminal && !strcmp(terminal, "dumb")))
		return HEAT_INK_NONE;
	return terminal_ink();
}

static int parse_colour(const char *text, struct heatmap_options *options)
{
	enum { AUTO, ALWAYS, NEVER };
	static const struct word words[] = {
		{ "auto", AUTO },
		{ "always", ALWAYS },
		{ "never", NEVER },
		{},
	};
	int when, code = word_option("--color", text, words, &when);

	if (code)
		return code;
	if (when == AUTO)
		options->ink = automatic_ink();
	else
		options->ink = when == ALWAYS ? terminal_ink() : HEAT_INK_NONE;
	return 0;
}

static int parse_time(const char *name, const char *text, uint64_t *ns)
{
	if (kcopy_parse_duration(text, ns))
		return usage_error("%s: '%s' is not a time (as 500ms, 2s, 1m)",
				   name, text);
	if (*ns < LEAST_INTERVAL)
		return usage_error("%s: %s is less than 10 ms", name, text);
	return 0;
}

static int parse_interval(const char *text, struct heatmap_options *options)
{
	int code = parse_time("--interval", text, &options->interval_ns);

	if (!code && options->interval_ns > MOST_INTERVAL)
		code = usage_error("--interval: %s is more than a day", text);
	return code;
}

static int parse_option(struct parsing *parsing, int opt, char *argv[])
{
	struct heatmap_options *options = parsing->options;

	switch (opt) {
	case OPT_WHAT:
		return parse_what(optarg, options);
	case OPT_MAX:
		parsing->max = true;
		return 0;
	case OPT_COLOUR:
		return parse_colour(optarg, options);
	case 'i':
		return parse_interval(optarg, options);
	case 'n':
		return number_option("--count", optarg, 1, UINT_MAX,
				     &options->count);
	case 'd':
		return parse_time("--duration", optarg, &parsing->duration_ns);
	case OPT_SVG:
		options->svg = optarg;
		return 0;
	case OPT_PNG:
		options->png = optarg;
		return 0;
	case 'J':
		options->json = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		return bad_option(opt, argv);
	}
}

/* What goes together, and what follows from what. */
static int conclude(const struct parsing *parsing)
{
	struct heatmap_options *options = parsing->options;
	bool over_time = options->interval_ns || options->count ||
			 parsing->duration_ns;

	if (parsing->max && options->what > HEAT_MAX)
		return usage_error("--max is for latency only");
	if (parsing->max)
		options->what = HEAT_MAX;
	if (options->count && parsing->duration_ns)
		return usage_error("give --count or --duration, not both");
	if (over_time && options->json)
		return usage_error(
			"--json shows what has happened so far, not over time");
	if (options->svg && options->png && !strcmp(options->svg, options->png))
		return usage_error("--svg and --png name the same file");
	if (over_time && !options->interval_ns)
		options->interval_ns = NSEC_PER_SEC;
	if (parsing->duration_ns)
		options->count =
			(parsing->duration_ns - 1) / options->interval_ns + 1;
	return 0;
}

int heatmap_parse(int argc, char *argv[], struct heatmap_options *options)
{
	static const struct option longs[] = {
		{ "what", required_argument, NULL, OPT_WHAT },
		{ "max", no_argument, NULL, OPT_MAX },
		{ "color", required_argument, NULL, OPT_COLOUR },
		{ "colour", required_argument, NULL, OPT_COLOUR },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "duration", required_argument, NULL, 'd' },
		{ "svg", required_argument, NULL, OPT_SVG },
		{ "png", required_argument, NULL, OPT_PNG },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct parsing parsing = { .options = options };
	int opt, code;

	*options = (struct heatmap_options){ .ink = automatic_ink() };
	while ((opt = next_option(argc, argv, ":i:n:d:Jh", longs)) != -1) {
		code = parse_option(&parsing, opt, argv);
		if (code || options->help)
			return code;
	}
	if (optind < argc)
		options->device = argv[optind++];
	code = no_operands(argc, argv);
	return code ? code : conclude(&parsing);
}
