// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kcopyctl --complete WORD...: what could be typed next, for shells. It is not
 * in the help, since nobody types it.
 *
 * A verb is called as if it were to do its work. Its first question is for the
 * next option, next_option(), which ends here: either the options are printed,
 * and the process is over, or the option in question is handed out with a value
 * that is empty. Then its reader either asks for words, word_option(), which are
 * printed, or says no to the value, or asks for another option; all are the end.
 * Should a verb ever read its options in another way, it sees --help.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libkcopy.h>
#include "cleanup.h"
#include "cli.h"
#include "complete.h"

#define BLOCK_DEVICES "/sys/class/block"

/**
 * struct question - what a verb is asked
 * @verb: which
 * @start: what is there of the word that is looked for
 * @before: what stands before that in the same word, as "--force=signature,"
 * @option: as it was typed, without dashes, if the word is its value; or NULL
 * @is_option: the word is an option
 * @handed_out: the option's value is being read
 */
static struct question {
	const struct verb *verb;
	const char *start;
	const char *before;
	char *option;
	bool is_option;
	bool handed_out;
} question;

bool completing(void)
{
	return question.verb;
}

static void __attribute__((noreturn)) done(void)
{
	exit(fflush(stdout) ? EXIT_FAILED : EXIT_COMPLETE);
}

static void offer(const char *word, const char *after)
{
	if (!strncmp(word, question.start, strlen(question.start)))
		printf("%s%s%s\n", question.before, word, after);
}

/* ---- operands --------------------------------------------------------------- */

/* An empty one, as a loop device of no file, is nothing to copy. */
static bool has_size(const char *name)
{
	char path[512];
	AUTO_FILE FILE *file = NULL;
	uint64_t sectors;

	snprintf(path, sizeof(path), BLOCK_DEVICES "/%s/size", name);
	file = fopen(path, "r");
	return file && fscanf(file, "%" SCNu64, &sectors) == 1 && sectors;
}

static void offer_devices(void)
{
	AUTO_DIR DIR *dir = opendir(BLOCK_DEVICES);
	struct dirent *entry;
	char path[512], *c;

	while (dir && (entry = readdir(dir))) {
		if (!has_size(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		/* A slash in a device's name is none in that of a folder. */
		for (c = path; *c; c++)
			if (*c == '!')
				*c = '/';
		offer(path, "");
	}
}

static void offer_jobs(bool running)
{
	struct kcopyd_status status;
	struct kcopy *kcopy;
	char number[24];
	uint64_t next = 0;

	if (kcopy_open(&kcopy))
		return;
	while (!kcopy_next_job(kcopy, next, &status, NULL, 0)) {
		next = status.job + 1;
		if (running && status.state == KCOPYD_STATE_DONE)
			continue;
		snprintf(number, sizeof(number), "%" PRIu64,
			 (uint64_t)status.job);
		offer(number, "");
	}
	kcopy_close(kcopy);
}

static void offer_operands(enum operands operands)
{
	switch (operands) {
	case OPERANDS_DEVICES:
		offer_devices();
		break;
	case OPERANDS_JOBS:
	case OPERANDS_RUNNING_JOBS:
		offer_jobs(operands == OPERANDS_RUNNING_JOBS);
		break;
	default:
		break;
	}
}

/* ---- options ---------------------------------------------------------------- */

static void offer_options(const struct option *longs)
{
	char word[64];

	for (; longs->name; longs++) {
		snprintf(word, sizeof(word), "--%s", longs->name);
		offer(word, longs->has_arg ? "=" : "");
	}
}

static const struct option *find_option(const struct option *longs)
{
	const char *name = question.option;

	for (; longs->name; longs++)
		if (!strcmp(longs->name, name) ||
		    (longs->val == name[0] && !name[1]))
			return longs;
	return NULL;
}

/* What is no word of a list, and still known. */
static bool offer_value(const char *option)
{
	if (!strcmp(option, "device"))
		offer_devices();
	else if (!strcmp(option, "job"))
		offer_jobs(false);
	else
		return false;
	return true;
}

int complete_option(const struct option *longs)
{
	const struct option *found = NULL;

	if (question.handed_out)
		done();
	if (question.is_option) {
		offer_options(longs);
		done();
	}
	if (question.option)
		found = find_option(longs);
	if (!found || !found->has_arg) {
		offer_operands(question.verb->operands);
		done();
	}
	if (offer_value(found->name))
		done();
	question.handed_out = true;
	optarg = "";
	return found->val;
}

void complete_word(const struct word *words)
{
	for (; words->word; words++)
		offer(words->word, "");
	done();
}

/* ---- the question ------------------------------------------------------------- */

/* Of a list the last word; what is before stays as it is. */
static void split_value(const char *word, const char *value)
{
	const char *comma = strrchr(value, ',');
	static char before[512];

	question.start = comma ? comma + 1 : value;
	snprintf(before, sizeof(before), "%.*s", (int)(question.start - word),
		 word);
	question.before = before;
}

static void ask(const char *last, const char *word)
{
	const char *equals = strchr(word, '=');

	question.start = word;
	question.before = "";
	if (!strncmp(word, "--", 2) && equals) {
		question.option = strndup(word + 2, equals - word - 2);
		split_value(word, equals + 1);
	} else if (word[0] == '-') {
		question.is_option = true;
	} else if (last && last[0] == '-' && !strchr(last, '=')) {
		question.option = strdup(last + strspn(last, "-"));
		split_value(word, word);
	}
}

static int complete_verb(const struct verb *verb, char *words[])
{
	char *argv[3] = { (char *)verb->name, "--help" };
	const char *last = NULL;
	bool ended = false;

	for (; words[1]; words++) {
		last = words[0];
		ended |= !strcmp(last, "--");
	}
	question.verb = verb;
	ask(ended ? NULL : last, words[0]);
	if (ended) {
		question.start = words[0];
		question.before = "";
		offer_operands(verb->operands);
		return EXIT_COMPLETE;
	}
	verb->run(2, argv);
	return EXIT_COMPLETE;
}

int complete(const struct verb *verbs, size_t nr, char *words[])
{
	size_t i;

	question.start = words[0] ? words[0] : "";
	question.before = "";
	if (words[0] && words[1]) {
		for (i = 0; i < nr; i++)
			if (!strcmp(verbs[i].name, words[0]))
				return complete_verb(&verbs[i], words + 1);
		return EXIT_COMPLETE;
	}
	for (i = 0; i < nr; i++)
		offer(verbs[i].name, "");
	offer("--help", "");
	offer("--version", "");
	return EXIT_COMPLETE;
}
