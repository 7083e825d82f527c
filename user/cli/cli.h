/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs of kcopyctl share. A verb gets the arguments from its own
 * name on and returns an enum exit_code. Data goes to stdout, everything that
 * is said about it to stderr.
 */
#ifndef _KCOPYCTL_CLI_H
#define _KCOPYCTL_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include "exit.h"

struct json_object;
struct option;

#define JSON_SCHEMA 1

/* The verbs. */
int verb_cancel(int argc, char *argv[]);
int verb_copy(int argc, char *argv[]);
int verb_doctor(int argc, char *argv[]);
int verb_heatmap(int argc, char *argv[]);
int verb_jobs(int argc, char *argv[]);
int verb_limit(int argc, char *argv[]);
int verb_load(int argc, char *argv[]);
int verb_metrics(int argc, char *argv[]);
int verb_pause(int argc, char *argv[]);
int verb_resume(int argc, char *argv[]);
int verb_run(int argc, char *argv[]);
int verb_show(int argc, char *argv[]);
int verb_stats(int argc, char *argv[]);
int verb_status(int argc, char *argv[]);
int verb_top(int argc, char *argv[]);
int verb_trace(int argc, char *argv[]);
int verb_unload(int argc, char *argv[]);
int verb_verify(int argc, char *argv[]);
int verb_wait(int argc, char *argv[]);
int verb_zero(int argc, char *argv[]);

/* message.c: what is said on stderr, behind "kcopyctl: VERB: ". */
void set_verb(const char *name);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Complain and point at --help; returns EXIT_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * arguments.c: what getopt_long() said no to, in our words; returns EXIT_USAGE. OPT is '?'
 * or ':', which the option string must ask for.
 */
int bad_option(int opt, char *argv[]);

/**
 * struct view_options - how a verb is to show something
 * @json: as JSON
 * @all: and not just the last
 * @helped: the help was shown, which is all
 */
struct view_options {
	bool json;
	bool all;
	bool helped;
};

/*
 * getopt_long(3), through which every verb reads its options: shells ask here
 * which there are.
 */
int next_option(int argc, char *argv[], const char *letters,
		const struct option *longs);

/* -J, -h, and if the verb HAS_ALL -a; an exit code. */
int view_options(int argc, char *argv[], const char *help, bool has_all,
		 struct view_options *view);

/* Complain if there are operands, which a verb takes none of. */
int no_operands(int argc, char *argv[]);

/* A size or a number of an option; complains and returns EXIT_USAGE. */
int size_option(const char *name, const char *text, uint64_t *bytes);
int number_option(const char *name, const char *text, uint64_t min,
		  uint64_t max, uint64_t *value);

/* Bytes a second, with or without "/s". */
int rate_option(const char *name, const char *text, uint64_t *rate);

/**
 * struct word - a word that an option may have, and what it means
 * @word: NULL ends a list
 * @value: any
 */
struct word {
	const char *word;
	int value;
};

/* One word of a list; complains and returns EXIT_USAGE. */
int word_option(const char *name, const char *text, const struct word *words,
		int *value);

/* The number of a job. */
int job_operand(const char *text, uint64_t *job);

/* json.c: a document is built whole, then printed. */
struct json_object *json_document(void);
void json_set_u64(struct json_object *object, const char *key, uint64_t value);
void json_set_int(struct json_object *object, const char *key, int value);
void json_set_bool(struct json_object *object, const char *key, bool value);

/* NULL and "" are unknown: null. */
void json_set_text(struct json_object *object, const char *key,
		   const char *text);
void json_set_null(struct json_object *object, const char *key);

/* Print and free a document; an exit code. */
int json_print(struct json_object *document);

/* The same on a line of its own, as one of many. */
int json_print_line(struct json_object *document);

#endif /* _KCOPYCTL_CLI_H */
