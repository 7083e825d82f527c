// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl, and what it says. */
#include "ctl.h"

#define MAX_ARGS 24

struct run ctl_run_as(unsigned int uid, const char *const *args)
{
	const char *argv[MAX_ARGS] = { getenv("KCOPYD_CTL") };
	struct run run;

	cr_assert_not_null(argv[0], "KCOPYD_CTL is not set");
	for (unsigned int i = 0; args[i]; i++) {
		cr_assert_lt(i, MAX_ARGS - 2);
		argv[i + 1] = args[i];
	}
	run = run_as(uid, NULL, argv);
	cr_assert_lt(run.status, 126, "kcopyctl %s: status %d: %s", args[0],
		     run.status, run.err);
	return run;
}

static void expect_code(const struct run *run, int code, const char *verb)
{
	cr_assert_eq(run->status, code,
		     "kcopyctl %s: exit code %d, not %d: %s%s", verb,
		     run->status, code, run->out, run->err);
}

void ctl_expect_as(unsigned int uid, int code, const char *const *args)
{
	struct run run = ctl_run_as(uid, args);

	expect_code(&run, code, args[0]);
	if (code)
		cr_assert_neq(run.err[0], 0, "kcopyctl %s gave no reason",
			      args[0]);
	run_free(&run);
}

void ctl_expect_refused(int code, const char *word, const char *const *args)
{
	struct run run = ctl_run_as(0, args);

	expect_code(&run, code, args[0]);
	cr_assert_eq(run.out[0], 0, "on stdout: %s", run.out);
	cr_assert_not_null(strstr(run.err, word), "no '%s' in: %s", word,
			   run.err);
	run_free(&run);
}

void ctl_load(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/kmod/kcopyd.ko",
		 getenv("KCOPYD_BUILD"));
	ctl_expect(CTL_COMPLETE, "load", "--module", path);
	cr_assert(module_loaded("kcopyd"));
}

void ctl_unload(void)
{
	module_unload("kcopyd_test");
	ctl_expect(CTL_COMPLETE, "unload");
	cr_assert_not(module_loaded("kcopyd"));
}

struct json_object *ctl_json(int code, const char *const *args)
{
	struct json_tokener *tokener = json_tokener_new();
	struct run run = ctl_run_as(0, args);
	struct json_object *document;
	size_t end;

	expect_code(&run, code, args[0]);
	document = json_tokener_parse_ex(tokener, run.out, strlen(run.out) + 1);
	cr_assert_not_null(document, "not JSON: %s", run.out);
	end = json_tokener_get_parse_end(tokener);
	end += strspn(run.out + end, "\n ");
	cr_assert_eq(run.out[end], 0, "behind the document: %s", run.out + end);
	cr_assert_eq(member_number(document, "schema"), 1);
	json_tokener_free(tokener);
	run_free(&run);
	return document;
}

struct json_object *member(struct json_object *object, const char *key,
			   enum json_type type)
{
	struct json_object *member;

	cr_assert(json_object_object_get_ex(object, key, &member),
		  "there is no '%s'", key);
	cr_assert_eq(json_object_get_type(member), type, "'%s' is %s", key,
		     json_object_to_json_string(member));
	return member;
}

uint64_t member_number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(member(object, key, json_type_int));
}

bool member_bool(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key, json_type_boolean));
}

const char *member_text(struct json_object *object, const char *key)
{
	return json_object_get_string(member(object, key, json_type_string));
}

struct json_object *destination(struct json_object *document, unsigned int i)
{
	struct json_object *list =
		member(document, "destinations", json_type_array);

	cr_assert_lt(i, json_object_array_length(list));
	return json_object_array_get_idx(list, i);
}

uint64_t ctl_last_job(void)
{
	struct json_object *document =
		ctl_json_of(CTL_COMPLETE, "jobs", "--json");
	struct json_object *jobs = member(document, "jobs", json_type_array);
	uint64_t job =
		member_number(json_object_array_get_idx(
				      jobs, json_object_array_length(jobs) - 1),
			      "job");

	json_object_put(document);
	return job;
}
