/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kcopyctl, and what it says. */
#ifndef _TESTS_VM_CTL_H
#define _TESTS_VM_CTL_H

#include <json-c/json.h>

#include "rig.h"

/* Exit codes of kcopyctl. */
enum {
	CTL_COMPLETE = 0,
	CTL_PARTIAL = 1,
	CTL_USAGE = 2,
	CTL_SAFETY = 3,
	CTL_ENVIRONMENT = 4,
	CTL_FAILED = 5,
};

/* Runs it with these arguments as user @uid, fails the test if it crashes. */
struct run ctl_run_as(unsigned int uid, const char *const *args);
#define ctl_run(...) ctl_run_as(0, (const char *const[]){ __VA_ARGS__, NULL })
/* Checks the exit code. */
void ctl_expect_as(unsigned int uid, int code, const char *const *args);
#define ctl_expect(code, ...) \
	ctl_expect_as(0, code, (const char *const[]){ __VA_ARGS__, NULL })
/* A refusal: that code, nothing on stdout, and on stderr this word. */
void ctl_expect_refused(int code, const char *word, const char *const *args);
#define ctl_refused(code, word, ...)   \
	ctl_expect_refused(code, word, \
			   (const char *const[]){ __VA_ARGS__, NULL })

/* "kcopyctl load", with the module from the build folder. */
void ctl_load(void);
/* "kcopyctl unload", after which there is no module. */
void ctl_unload(void);

/* A document of schema 1 that is all of stdout; json_object_put() it. */
struct json_object *ctl_json(int code, const char *const *args);
#define ctl_json_of(code, ...) \
	ctl_json(code, (const char *const[]){ __VA_ARGS__, NULL })
/* Members, which must be there and of that type. */
struct json_object *member(struct json_object *object, const char *key,
			   enum json_type type);
uint64_t member_number(struct json_object *object, const char *key);
bool member_bool(struct json_object *object, const char *key);
const char *member_text(struct json_object *object, const char *key);
/* What a job's document says of one, from 0. */
struct json_object *destination(struct json_object *document, unsigned int i);

/* The number of the job that was submitted last. */
uint64_t ctl_last_job(void);

#endif /* _TESTS_VM_CTL_H */
