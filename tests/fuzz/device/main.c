// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz-device: makes up programs of calls to /dev/kcopyd and runs them.
 * scripts/fuzz-device-in-guest has made the disks, and starts it.
 */
#include <err.h>
#include <getopt.h>
#include <sys/stat.h>

#include "device.h"

#define TELL_EVERY_S 30

static const char usage[] =
	"usage: fuzz-device [--seconds N] [--seed N] --results FOLDER CORPUS...\n"
	"       fuzz-device [--times N] --results FOLDER --replay FILE...\n";

static const struct option longopts[] = {
	{ "seconds", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'S' },
	{ "results", required_argument, NULL, 'r' },
	{ "replay", no_argument, NULL, 'p' },
	{ "times", required_argument, NULL, 't' },
	{}
};

static struct {
	uint64_t seconds;
	uint64_t seed;
	uint64_t times;
	const char *results;
	bool replay;
} options = { .seconds = 60, .seed = 1, .times = 1 };

static const char *in_results(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", options.results, name);
	return path;
}

static int leave_finding(const struct program *program, const char *what)
{
	char text[PROGRAM_TEXT];
	FILE *file;

	program_print(program, text);
	printf("found: %s\nby this program:\n%s", what, text);
	file = fopen(in_results("found"), "we");
	if (!file)
		err(4, "%s", in_results("found"));
	fprintf(file, "# %s\n%s", what, text);
	fclose(file);
	return 1;
}

/* What no single program could be blamed for: one of the last did it. */
static int last_look(const struct program *program)
{
	const char *what = run_close();

	return what ? leave_finding(program, what) : 0;
}

static void tell(double since, const char *when)
{
	unsigned long calls = 0, good = 0;
	double seconds = now_s() - since;

	for (unsigned int i = 0; i < NR_OPS; i++) {
		calls += journal->calls[i];
		good += journal->good[i];
	}
	printf("%s %.0f s: %lu programs, %.1f a second; %lu calls, %lu good; ",
	       when, seconds, run_count(), run_count() / seconds, calls, good);
	printf("%u kept, %u places, %u edges\n", corpus_size(),
	       coverage_places(), corpus_edges());
	fflush(stdout);
}

static void tell_calls(void)
{
	for (unsigned int i = 0; i < NR_OPS; i++)
		if (journal->calls[i])
			printf("  %-10s %7lu calls, %7lu good\n",
			       call_specs[i].name, journal->calls[i],
			       journal->good[i]);
}

static int fuzz(char **folders)
{
	struct dice dice = { .state = options.seed };
	double start = now_s(), told = start;

	while (*folders && !corpus_problem())
		corpus_load(*folders++);
	tell(start, "corpus after");
	while (now_s() < start + options.seconds && !corpus_problem()) {
		corpus_work(&dice);
		if (now_s() > told + TELL_EVERY_S) {
			told = now_s();
			tell(start, "after");
		}
	}
	tell(start, "in all");
	tell_calls();
	corpus_save(in_results("corpus"));
	coverage_save(in_results("places"));
	if (corpus_problem())
		return leave_finding(corpus_last(), corpus_problem());
	return last_look(corpus_last());
}

static int replay(char **files)
{
	static char text[PROGRAM_TEXT];
	struct program program;
	const char *what;

	for (; *files; files++) {
		FILE *file = fopen(*files, "re");

		if (!file)
			err(4, "%s", *files);
		text[fread(text, 1, sizeof(text) - 1, file)] = 0;
		fclose(file);
		what = program_parse(&program, text);
		if (what)
			errx(4, "%s: not understood: %s", *files, what);
		printf("%s\n", *files);
		for (uint64_t i = 0; i < options.times; i++) {
			what = run_program(&program);
			if (what)
				return leave_finding(&program, what);
		}
	}
	return last_look(&program);
}

static void parse(int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		switch (o) {
		case 's':
			options.seconds = strtoull(optarg, NULL, 0);
			break;
		case 'S':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			options.times = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			options.results = optarg;
			break;
		case 'p':
			options.replay = true;
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	if (!options.results || optind == argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir(options.results, 0755);
	if (!compat_find())
		printf("no 32-bit calls: this kernel takes none\n");
	journal_create();
	lanes_create(options.replay);
	disks_open();
	service_reload();
	if (!coverage_open())
		printf("no coverage: this kernel or this module has no KCOV\n");
	kernel_log_open();
	run_open(options.results);
	if (options.replay)
		return replay(argv + optind);
	printf("seed %lu\n", options.seed);
	return fuzz(argv + optind);
}
