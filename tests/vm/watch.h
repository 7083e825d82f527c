/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A "kcopyctl trace" that runs beside a test, and what it said. */
#ifndef _TESTS_VM_WATCH_H
#define _TESTS_VM_WATCH_H

#include <sys/types.h>

#include "ctl.h"

#define WATCH_KEYS 128

/**
 * struct watch - a trace
 * @pid: of the command
 * @out: what it writes to
 * @err: what it complains to
 * @events: after its end: one object a line, without "begin" and "end"
 * @nr: how many
 * @shown: what "end" says
 * @lost: what "end" says
 * @nr_keys: members that were seen
 * @keys: "EVENT.MEMBER" of each
 * @types: its type, which is the same in all lines
 */
struct watch {
	pid_t pid;
	int out;
	int err;
	struct json_object *events;
	size_t nr;
	uint64_t shown;
	uint64_t lost;
	unsigned int nr_keys;
	char keys[WATCH_KEYS][48];
	enum json_type types[WATCH_KEYS];
};

/* Starts "kcopyctl trace --json" with more words; returns when it listens. */
void watch_start_args(struct watch *watch, const char *const *args);
#define watch_start(watch, ...) \
	watch_start_args(watch, (const char *const[]){ __VA_ARGS__, NULL })
/* Its output goes to a pipe; returns the other end. */
int watch_start_piped(struct watch *watch);
/* It ends by itself, with that code. */
void watch_wait(struct watch *watch, int code);
/* Interrupts it, and reads what it said. */
void watch_end(struct watch *watch);
void watch_free(struct watch *watch);

struct json_object *watch_event(const struct watch *watch, size_t i);
bool event_is(struct json_object *event, const char *name);
bool event_has_flag(struct json_object *event, const char *flag);
/* How many events of that name, of one region unless that is -1. */
size_t watch_count(const struct watch *watch, const char *name, int region);
/* The sum of a member of these, but not of flushes. */
uint64_t watch_sum(const struct watch *watch, const char *name, int region,
		   const char *key);

#endif /* _TESTS_VM_WATCH_H */
