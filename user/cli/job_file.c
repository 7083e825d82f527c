// SPDX-License-Identifier: GPL-2.0-or-later
/* A job in a file. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "job_file.h"

#define BLANKS " \t\r\n"

static const char *const verbs[] = {
	[TASK_COPY] = "copy",
	[TASK_ZERO] = "zero",
	[TASK_VERIFY] = "verify",
};

#define NR_VERBS (sizeof(verbs) / sizeof(*verbs))

/* ---- reading ------------------------------------------------------------------ */

/* Words of our own, that are freed with it. */
struct words {
	char **word;
	int nr;
};

static void free_words(struct words *words)
{
	while (words->nr)
		free(words->word[--words->nr]);
	free(words->word);
	words->word = NULL;
}

/* A string that is the list's from here on; false without memory. */
static bool add(struct words *words, char *word)
{
	char **more = reallocarray(words->word, words->nr + 2, sizeof(word));

	if (more)
		words->word = more;
	if (!more || !word) {
		free(word);
		return false;
	}
	words->word[words->nr++] = word;
	words->word[words->nr] = NULL;
	return true;
}

static bool add_all(struct words *words, char *const *from, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!add(words, strdup(from[i])))
			return false;
	return true;
}

struct parser {
	struct job_file *job;
	bool has_verb;
	struct words options;
	struct words sources;
	struct words dests;
};

static const char no_memory[] = "there is not enough memory";

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len && strchr(BLANKS, text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

static const char *take_verb(struct parser *parser, const char *text)
{
	size_t i;

	for (i = 0; i < NR_VERBS; i++)
		if (!strcmp(text, verbs[i])) {
			parser->job->task = i;
			parser->has_verb = true;
			return NULL;
		}
	return "first there should be copy, zero or verify, alone in its line";
}

static char *as_argument(const char *name, const char *value)
{
	char *text;

	if (asprintf(&text, value ? "--%s=%s" : "--%s", name, value) < 0)
		return NULL;
	return text;
}

static const char *take_device(struct words *words, const char *value)
{
	if (!value || !*value)
		return "there is no path behind it";
	return add(words, strdup(value)) ? NULL : no_memory;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

/* A service that runs the file would be content with these, each time. */
static const char *const not_a_job[] = { "help", "dry-run", "save", NULL };

static const char *take_option(struct parser *parser, const char *name,
			       const char *value)
{
	bool has_value;

	if (!copy_option_known(parser->job->task, name, &has_value))
		return "the verb has no option of that name";
	if (is_one_of(name, not_a_job))
		return "with that option nothing would be done";
	if (has_value && (!value || !*value))
		return "the option wants a value: NAME = VALUE";
	if (!has_value && value)
		return "the option has no value: the name alone";
	return add(&parser->options, as_argument(name, value)) ? NULL :
								 no_memory;
}

static const char *take_line(struct parser *parser, char *text)
{
	char *equals, *value = NULL;

	text = trim(text);
	if (!*text || *text == '#')
		return NULL;
	if (!parser->has_verb)
		return take_verb(parser, text);
	equals = strchr(text, '=');
	if (equals) {
		*equals = '\0';
		value = trim(equals + 1);
	}
	text = trim(text);
	if (!strcmp(text, "source"))
		return parser->sources.nr ?
			       "there is a source already" :
			       take_device(&parser->sources, value);
	if (!strcmp(text, "destination"))
		return take_device(&parser->dests, value);
	return take_option(parser, text, value);
}

static const char *take_lines(struct parser *parser, FILE *file,
			      unsigned int *line)
{
	AUTO_FREE char *text = NULL;
	const char *wrong = NULL;
	size_t size = 0;
	ssize_t len;

	for (*line = 1; !wrong && (len = getline(&text, &size, file)) > 0;
	     ++*line) {
		if (strlen(text) != (size_t)len)
			return "there is a zero byte in it";
		wrong = take_line(parser, text);
		if (wrong)
			return wrong;
	}
	if (ferror(file))
		return "reading failed";
	return parser->has_verb ? NULL : "it says nothing";
}

/* The operands come last, whatever order the lines are in. */
static bool put_together(struct parser *parser, char *const *extra,
			 int nr_extra)
{
	struct job_file *job = parser->job;
	struct words all = {};
	bool done = add(&all, strdup(verbs[job->task])) &&
		    add_all(&all, parser->options.word, parser->options.nr) &&
		    add_all(&all, extra, nr_extra) && add(&all, strdup("--")) &&
		    add_all(&all, parser->sources.word, parser->sources.nr) &&
		    add_all(&all, parser->dests.word, parser->dests.nr);

	if (!done) {
		free_words(&all);
		return false;
	}
	job->argv = all.word;
	job->argc = all.nr;
	return true;
}

const char *job_file_parse(FILE *file, char *const *extra, int nr_extra,
			   struct job_file *job, unsigned int *line)
{
	struct parser parser = { .job = job };
	const char *wrong;

	*job = (struct job_file){};
	wrong = take_lines(&parser, file, line);
	if (!wrong && parser.sources.nr && job->task == TASK_ZERO)
		wrong = "zeroes have no source";
	if (!wrong && !put_together(&parser, extra, nr_extra))
		wrong = no_memory;
	free_words(&parser.options);
	free_words(&parser.sources);
	free_words(&parser.dests);
	return wrong;
}

void job_file_free(struct job_file *job)
{
	struct words words = { job->argv, job->argc };

	free_words(&words);
	*job = (struct job_file){};
}

/* ---- writing ------------------------------------------------------------------ */

static int print_line(FILE *file, const char *name, const char *value)
{
	size_t len = value ? strlen(value) : 0;

	if (len && (strpbrk(value, "\r\n") || strchr(BLANKS, value[0]) ||
		    strchr(BLANKS, value[len - 1])))
		return usage_error(
			"'%s' can't be in a job file: it has a line break, or a blank at an end",
			value);
	fprintf(file, value ? "%s = %s\n" : "%s\n", name, value);
	return 0;
}

/* Whoever runs it may be elsewhere. */
static int print_path(FILE *file, const char *name, const char *path)
{
	AUTO_FREE char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
	AUTO_FREE char *whole = NULL;

	if (*path == '/')
		return print_line(file, name, path);
	if (!folder || asprintf(&whole, "%s/%s", folder, path) < 0) {
		complain("where we are can't be found out: %s",
			 strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	return print_line(file, name, whole);
}

static int print_option(FILE *file, const char *name, const char *value)
{
	/* How it is told is for who runs it. */
	static const char *const left_out[] = { "save",	 "dry-run",  "json",
						"quiet", "progress", NULL };
	static const char *const paths[] = { "map", "domain", "manifest",
					     NULL };

	if (is_one_of(name, left_out))
		return 0;
	return is_one_of(name, paths) ? print_path(file, name, value) :
					print_line(file, name, value);
}

static int print_options(const struct copy_options *options, FILE *file)
{
	struct option longs[COPY_OPTIONS_MAX];
	int argc = 0, index, code = 0;

	while (options->argv[argc])
		argc++;
	copy_options_of(options->task, longs);
	optind = 0;
	for (index = -1; !code && getopt_long(argc, (char **)options->argv,
					      ":nJqh", longs, &index) != -1;
	     index = -1)
		if (index >= 0)
			code = print_option(file, longs[index].name, optarg);
	return code;
}

/*
 * A name that stays the same, from boot to boot. But not where a map is called
 * by the other one: of several destinations each has FILE.NAME.
 */
const char *job_file_path(const struct plan *plan,
			  const struct plan_target *target)
{
	const bool names_map = plan->options->map && plan->nr_dests > 1 &&
			       target != &plan->source;

	if (target->file || names_map || !target->device ||
	    !*target->device->by_id)
		return target->path;
	return target->device->by_id;
}

static int print_target(FILE *file, const char *name, const struct plan *plan,
			const struct plan_target *target)
{
	return print_path(file, name, job_file_path(plan, target));
}

int job_file_print(const struct copy_options *options, const struct plan *plan,
		   FILE *file)
{
	unsigned int i;
	int code;

	fprintf(file, "# A job for 'kcopyctl run'.\n%s\n",
		verbs[options->task]);
	code = print_options(options, file);
	if (!code && options->source)
		code = print_target(file, "source", plan, &plan->source);
	for (i = 0; !code && i < plan->nr_dests; i++)
		code = print_target(file, "destination", plan, &plan->dests[i]);
	return code;
}
