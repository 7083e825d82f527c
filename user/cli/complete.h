/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What could be typed next, for shells. Nothing is listed twice: the verbs' own
 * readers of options are called, and give away what they would take.
 */
#ifndef _KCOPYCTL_COMPLETE_H
#define _KCOPYCTL_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

struct option;
struct word;

/* What a verb's operands are. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_DEVICES, /* or files, which the shell knows */
	OPERANDS_JOBS,
	OPERANDS_RUNNING_JOBS,
};

/**
 * struct verb - of kcopyctl
 * @name: of it
 * @run: does it
 * @help: in a few words
 * @operands: what comes behind its options
 */
struct verb {
	const char *name;
	int (*run)(int argc, char *argv[]);
	const char *help;
	enum operands operands;
};

/**
 * complete - print what the last word could become, a line each
 * @verbs: all there are
 * @nr: of them
 * @words: what was typed behind "kcopyctl", the last one up to the cursor; NULL
 *	at the end
 *
 * Nothing is printed where anything could stand, as a size, or a file's name.
 * A line that ends with "=" is to be gone on with.
 *
 * Return: EXIT_COMPLETE.
 */
int complete(const struct verb *verbs, size_t nr, char *words[]);

/* Whether that is what is going on. */
bool completing(void);

/*
 * For next_option() and word_option(), if it is: print what fits of these. They
 * return only to read the value of an option.
 */
int complete_option(const struct option *longs);
void complete_word(const struct word *words) __attribute__((noreturn));

#endif /* _KCOPYCTL_COMPLETE_H */
